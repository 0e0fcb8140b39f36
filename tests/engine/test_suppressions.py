"""Suppressions in comments: found, applied, and judged themselves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.engine.suppressions import (
    EXPIRED,
    FORBIDDEN,
    UNEXPLAINED,
    UNKNOWN,
    UNUSED,
    Directive,
    SuppressionPolicy,
    apply_suppressions,
    find_suppressions,
)
from poollint.findings import EditText, Finding, FixText, Suppression
from poollint.source import Source

if TYPE_CHECKING:
    from poollint.blocks import Problem

RULES = {"NGX001": {"NGX001"}, "NGX002": {"NGX002"}, "closed": {"NGX001"}, "nginx": {"NGX001", "NGX002"}}
TODAY = date(2026, 11, 21)


def finding(code: str = "NGX001", line: int = 1, end_line: int = 0, path: str = "a.conf") -> Finding:
    return Finding(
        code=code, name="x", severity="warning", effect="risk", topic="reuse", message="m", help="", path=path,
        line=line, column=1, end_line=end_line or line, end_column=2, system="nginx", block="", setting="", key="",
        help_url="", fingerprint="",
    )  # fmt: skip


def word(problem: Problem) -> Finding:
    source = problem.place.source
    line, column = source.position(problem.place.start)
    fix = None
    if problem.fix is not None:
        edits = [EditText(source.path, edit.place.start, edit.place.end, edit.text) for edit in problem.fix.edits]
        fix = FixText(problem.fix.title, problem.fix.safe, tuple(edits))
    told = " ".join(f"{key}={value}" for key, value in problem.values.items() if key != "directive")
    made = finding(problem.kind, line, path=source.path)
    return made._replace(column=column, message=told, fix=fix)


def find(text: str, comments: tuple[str, ...] = ("#",), *, trailing: bool = True) -> list[Directive]:
    return find_suppressions(Source("a.conf", text), comments, trailing)


def run(text: str, *findings: Finding, policy: SuppressionPolicy | None = None) -> list[Finding]:
    return apply_suppressions(
        findings,
        {"a.conf": find(text)},
        TODAY,
        RULES.get,
        lambda _: policy or SuppressionPolicy(),
        word=word,
    )


def fixed(text: str, made: Finding) -> str:
    assert made.fix is not None
    for edit in made.fix.edits:
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def fixed_from_behind(text: str, made: Finding) -> str:
    assert made.fix is not None
    for edit in sorted(made.fix.edits, key=lambda each: -each.start):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class TestFind:
    @pytest.mark.parametrize(
        ("text", "target", "selectors", "reason"),
        [
            ("a 1; # poollint: ignore[NGX001] -- why\n", 1, ("NGX001",), "why"),
            ("a 1;# poollint: ignore[NGX001]\n", 1, ("NGX001",), ""),
            ("x {# poollint: ignore[NGX001]\n", 1, ("NGX001",), ""),
            ("# poollint: ignore[NGX001, closed] -- why\na 1;\n", 2, ("NGX001", "closed"), "why"),
            ("## poollint:ignore[NGX001] why not\n\n# more\n\ta 1;\n", 4, ("NGX001",), "why not"),
            ("# note # poollint: ignore -- a -- b\r\na 1;\r\n", 2, (), "a -- b"),
            ("# poollint: ignore\n", 1, (), ""),
            ("a\n# poollint: ignore-file[NGX001] -- why\n", None, ("NGX001",), "why"),
            ("{# poollint: ignore[NGX001] -- why #}\na 1;\n", 2, ("NGX001",), "why"),
        ],
    )
    def test_forms(self, text: str, target: int | None, selectors: tuple[str, ...], reason: str) -> None:
        [found] = find(text)
        assert (found.target, found.selectors, found.reason, found.error) == (target, selectors, reason, "")

    @pytest.mark.parametrize(
        "text",
        [
            "poollint: ignore[NGX001]\n",
            "a '#poollint: ignore[NGX001]';\n",
            "a b#poollint: ignore[NGX001];\n",
            "# about poollint: ignore[NGX001]\n",
            "a 1; # see poollint: ignore[NGX001]\n",
        ],
    )
    def test_what_is_none(self, text: str) -> None:
        assert find(text) == []

    def test_where_no_comment_may_stand_behind_a_value(self) -> None:
        assert find("a = 1 # poollint: ignore\n", ("#", ";"), trailing=False) == []
        assert len(find(" ; poollint: ignore\na = 1\n", ("#", ";"), trailing=False)) == 1

    def test_other_leaders(self) -> None:
        [found] = find("x = 1 // poollint: ignore[NGX001] -- a\n", ("//", "#"))
        assert found.reason == "a"
        [found] = find("/* poollint: ignore[NGX001] -- a */\nx\n", ("//", "/*"))
        assert (found.reason, found.target) == ("a", 2)

    @pytest.mark.parametrize(
        ("text", "reason", "until"),
        [
            ("# poollint: ignore[NGX001] -- why until=2026-12-31", "why", date(2026, 12, 31)),
            ("# poollint: ignore[NGX001] until=2026-12-31 -- why", "why", date(2026, 12, 31)),
            ("# poollint: ignore[NGX001] until=2026-12-31", "", date(2026, 12, 31)),
        ],
    )
    def test_until(self, text: str, reason: str, until: date) -> None:
        [found] = find(text)
        assert (found.reason, found.until, found.error) == (reason, until, "")

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("# poollint: ignroe[NGX001]", "'ignroe' is none of ignore, ignore-file, ignore-start, ignore-end"),
            ("# poollint: ignore[]", "no rule stands in the brackets"),
            ("# poollint: ignore NGX001", "rules stand in brackets, as in ignore[RULE], and a reason behind --"),
            ("# poollint: ignore[NGX001", "rules stand in brackets, as in ignore[RULE], and a reason behind --"),
            ("# poollint: ignore[NGX001] until=soon", "'soon' is no date such as 2027-01-31"),
            ("# poollint: ignore[NGX001] until=2026-02-30", "'2026-02-30' is no date such as 2027-01-31"),
        ],
    )
    def test_what_cannot_be_used(self, text: str, error: str) -> None:
        [found] = find(text)
        assert found.error == error

    @given(
        st.lists(st.sampled_from(["poollint:", " ignore", "[", "]", "NGX001", "#", "\n", "until=", "é", "--", "\r"]))
    )
    def test_never_raises_and_stays_inside(self, parts: list[str]) -> None:
        text = "".join(parts)
        for found in find(text):
            assert 0 <= found.start <= found.end <= len(text)
            assert found.place.text.strip() == found.place.text


class TestApply:
    def test_same_line_and_next_line_and_nothing_else(self) -> None:
        text = "a; # poollint: ignore[NGX001] -- w\n# poollint: ignore[closed]\nb;\nc;\n"
        made = run(text, finding(line=1), finding(line=3), finding("NGX002", line=3), finding(line=4))
        assert [each.suppressed for each in made] == [
            Suppression("inline", "w", 1),
            Suppression("inline", "", 2),
            None,
            None,
        ]

    def test_a_finding_of_several_lines(self) -> None:
        made = run("a\n b; # poollint: ignore[NGX001]\n", finding(line=1, end_line=2))
        assert made[0].suppressed is not None

    def test_a_group_a_bare_one_and_the_file(self) -> None:
        assert run("a # poollint: ignore[nginx]\n", finding("NGX002"))[0].suppressed is not None
        assert run("a # poollint: ignore -- w\n", finding("NGX002"))[0].suppressed is not None
        made = run("\n# poollint: ignore-file[NGX001] -- w\n", finding(line=9))
        assert made[-1].suppressed == Suppression("file", "w", 2)

    def test_a_stretch_of_lines(self) -> None:
        text = (
            "a\n# poollint: ignore-start[NGX001] -- why\nb\n\nc\n# poollint: ignore-end[NGX001]\nd\n"
            "# poollint: ignore-start\ne\n# poollint: ignore-end\n"
        )
        at = {line: [finding(line=line), finding("NGX002", line)] for line in (1, 3, 5, 7, 9)}
        found = run(text, *(each for listed in at.values() for each in listed), finding(line=1, end_line=3))
        marked = {(each.code, each.line, each.end_line) for each in found if each.suppressed is not None}
        nine = {("NGX001", 9, 9), ("NGX002", 9, 9)}
        assert marked == {("NGX001", 3, 3), ("NGX001", 5, 5), ("NGX001", 1, 3)} | nine
        assert {each.suppressed.reason for each in found if each.suppressed is not None} == {"why", ""}

    def test_stretches_within_each_other(self) -> None:
        start, end = "# poollint: ignore-start[{}]\n", "# poollint: ignore-end[{}]\n"
        one, two = "NGX001", "NGX002"
        text = start.format(one) + "a\n" + start.format(two) + "b\n" + end.format(one) + "c\n" + end.format(two)
        found = run(text, *(finding(code, line) for code in (one, two) for line in (2, 4, 6)))
        assert [(each.code, each.line) for each in found if each.suppressed] == [(one, 2), (one, 4), (two, 4), (two, 6)]

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("# poollint: ignore-start[NGX001]\na\n", "no ignore-end of the same rules follows"),
            ("a\n# poollint: ignore-end[NGX001]\n", "no ignore-start of the same rules stands before it"),
            ("# poollint: ignore-start\na\n# poollint: ignore-end[NGX001]\n", "no ignore-"),
        ],
    )
    def test_half_a_stretch_suppresses_nothing(self, text: str, error: str) -> None:
        found = run(text, finding(line=2))
        assert [each.code for each in found if each.suppressed] == []
        broken = [each for each in found if each.code == UNKNOWN]
        assert broken
        assert all(error in each.message for each in broken)
        assert "poollint" not in fixed(text, broken[-1]) or len(broken) > 1

    def test_an_unused_stretch_goes_at_both_ends(self) -> None:
        text = "# poollint: ignore-start[NGX001, NGX002] -- why\na\n# poollint: ignore-end[NGX001, NGX002]\nb\n"
        [half] = [each for each in run(text, finding(line=2)) if each.code == UNUSED]
        assert fixed_from_behind(text, half) == text.replace("NGX001, NGX002", "NGX001")
        [last] = run(text.replace(", NGX002", ""))
        assert fixed_from_behind(text.replace(", NGX002", ""), last) == "a\nb\n"

    def test_other_files_are_not_touched(self) -> None:
        made = run("# poollint: ignore-file\n", finding(path="b.conf"), finding())
        assert [each.suppressed is None for each in made] == [False, True]

    def test_unused_ones_with_their_fix(self) -> None:
        text = "a; # poollint: ignore[NGX001, NGX002] -- w\n  # poollint: ignore[NGX002]\nb;\n"
        made = run(text, finding(line=1))
        unused = [each for each in made if each.code == UNUSED]
        assert [(each.line, each.column, each.message) for each in unused] == [
            (1, 4, "rule=NGX002"),
            (2, 3, "rule=NGX002"),
        ]
        assert fixed(text, unused[0]).startswith("a; # poollint: ignore[NGX001] -- w\n")
        assert fixed(text, unused[1]).endswith("-- w\nb;\n")
        [bare] = run("a; # poollint: ignore\r\nb;\r\n")
        assert bare.message == "rule=every rule"
        assert fixed("a; # poollint: ignore\r\nb;\r\n", bare) == "a;\r\nb;\r\n"

    def test_only_rules_that_ran_can_be_unused(self) -> None:
        text = "a; # poollint: ignore[NGX001, NGX002]\nb; # poollint: ignore[nginx]\nc; # poollint: ignore\n"
        made = run(text, policy=SuppressionPolicy(ran={"NGX002"}, complete=False))
        assert [(each.line, each.message) for each in made] == [(1, "rule=NGX002")]

    def test_unknown_rules_leave_the_others_in_force(self) -> None:
        text = "a; # poollint: ignore[NGX001, NGX01]\n"
        first, second = run(text, finding())
        assert {first.code, second.code} == {"NGX001", UNKNOWN}
        unknown = second if second.code == UNKNOWN else first
        assert unknown.message == "error='NGX01' is no rule rule=NGX01"
        assert fixed(text, unknown) == "a; # poollint: ignore[NGX001]\n"

    def test_expired_ones_suppress_no_more(self) -> None:
        made = run("a; # poollint: ignore[NGX001] until=2026-11-20\n", finding())
        assert [(each.code, each.suppressed) for each in made] == [("NGX001", None), (EXPIRED, None)]
        made = run("a; # poollint: ignore[NGX001] until=2026-11-21\n", finding())
        assert [each.suppressed is None for each in made] == [False]

    def test_broken_ones_suppress_nothing(self) -> None:
        made = run("a; # poollint: ignore NGX001\n", finding())
        assert [(each.code, each.suppressed) for each in made] == [("NGX001", None), (UNKNOWN, None)]

    def test_a_reason_may_be_required(self) -> None:
        policy = SuppressionPolicy(require_reason=True)
        made = run("a; # poollint: ignore[NGX001]\n", finding(), policy=policy)
        assert [each.code for each in made] == ["NGX001", UNEXPLAINED]
        assert made[0].suppressed is not None
        assert len(run("a; # poollint: ignore[NGX001] -- w\n", finding(), policy=policy)) == 1

    def test_comments_may_be_forbidden(self) -> None:
        made = run("a; # poollint: ignore[NGX001]\n", finding(), policy=SuppressionPolicy(allow_inline=False))
        assert [(each.code, each.suppressed) for each in made] == [("NGX001", None), (FORBIDDEN, None)]


BLOCKS = ("//", "/*")


@pytest.mark.parametrize(
    ("text", "target", "cut"),
    [
        ("a();\n  /* poollint: ignore[NGX001] -- why */\nb();\n", 3, "a();\nb();\n"),
        ("/** poollint: ignore[NGX001] -- why */\r\nb();\r\n", 2, "b();\r\n"),
        ("b(); /* poollint: ignore[NGX001] -- why */\n", 1, "b();\n"),
        ("b(); /* poollint: ignore[NGX001] -- why */ c();\n", 1, "b(); c();\n"),
        ("/* poollint: ignore[NGX001] -- why */ b();\n", 1, "b();\n"),
        ("/* poollint: ignore[NGX001] -- why\n   and more */\n// x\nb();\n", 4, "// x\nb();\n"),
        ("<a>\n  {/* poollint: ignore[NGX001] -- why */}\n  <b/>\n", 3, "<a>\n  <b/>\n"),
        ("f(() => {/* poollint: ignore[NGX001] -- why */\n", 1, "f(() => {\n"),
    ],
)
def test_a_comment_between_two_marks(text: str, target: int, cut: str) -> None:
    [found] = find(text, BLOCKS)
    assert (found.selectors, found.reason, found.error, found.target) == (("NGX001",), "why", "", target)
    assert text[: found.start] + text[found.end :] == cut


def test_a_comment_that_never_ends_is_none() -> None:
    assert find("/* poollint: ignore[NGX001]\nb();\n", BLOCKS) == []
    assert find("/* x\n * poollint: ignore[NGX001]\n */\nb();\n", BLOCKS) == []


def test_a_stretch_between_two_block_comments() -> None:
    text = "/* poollint: ignore-start[NGX001] -- why */\na();\n/* poollint: ignore-end[NGX001] */\nb();\n"
    [found] = find(text, BLOCKS)
    assert (found.target, found.last, found.error) == (1, 3, "")
