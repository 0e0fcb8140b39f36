"""Fixes: what is changed, what is not, and what becomes of the file."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint import api
from poollint.config import parse_config
from poollint.engine.examples import CONFIG_FILE, ExamplePolicy, folders
from poollint.files import DiskFiles, MemoryFiles
from poollint.findings import EditText, Finding, FixText
from poollint.fixes import Changed, Fixer, FixError, Outcome, apply_edits, diff, encoded, fits, write
from poollint.knowledge.build import pages
from poollint.knowledge.index import knowledge, rules_root
from poollint.knowledge.pages import NO_FIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from poollint.knowledge.pages import Example, Page

HEAD = "[databases]\napp = host=/tmp\n[pgbouncer]\nlisten_addr =\nauth_file = /etc/pgbouncer/userlist.txt\n"


def fix_texts(texts: Mapping[str, str], *, unsafe: bool = False, system: str = "", **options: Any) -> Outcome:
    """Fix texts in memory."""
    session = api.Session(
        api.Options(isolated="config" not in options, as_system=system, **options),
        MemoryFiles(dict(texts), complete=True),
    )
    candidates = []
    for path, text in texts.items():
        found = api.recognise_all(session, path, text)
        if found or "format" in session.knowledge.systems.get(system, {}):
            candidates.append((path, *(found[0] if found else (system, False))))
    return Fixer(session, candidates, unsafe=unsafe).run()


def after(texts: Mapping[str, str], outcome: Outcome) -> dict[str, str]:
    return {**texts, **{each.path: each.after for each in outcome.changed}}


# Edits


def edit(start: int, end: int, text: str, path: str = "a") -> EditText:
    return EditText(path, start, end, text)


def test_edits_apply_together() -> None:
    assert apply_edits("abcdef", [edit(4, 5, "X"), edit(0, 1, ""), edit(2, 2, "--")]) == "bc--dXf".replace(
        "c--", "--c", 1
    )
    assert apply_edits("a = 1\r\nb\r\n", [edit(5, 5, "\nc = 2")]) == "a = 1\r\nc = 2\r\nb\r\n"
    assert apply_edits("abc", [edit(0, 1, "x"), edit(0, 1, "x", "./a")]) == "xbc"


@given(
    st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.text(max_size=3)), max_size=6)
)
def test_what_fits_never_overlaps(text: str, wanted: list[tuple[int, int, str]]) -> None:
    taken: list[EditText] = []
    for first, second, new in wanted:
        start, end = sorted((min(first, len(text)), min(second, len(text))))
        fix = FixText("", True, (edit(start, end, new.replace("\n", "")),))
        if fits(fix, taken, str):
            taken += fix.edits
    kept = sorted(set(taken), key=lambda each: (each.start, each.end))
    assert all(one.end < two.start for one, two in itertools.pairwise(kept))
    expected = text
    for each in reversed(kept):
        expected = expected[: each.start] + each.text + expected[each.end :]
    assert apply_edits(text, taken) == expected


@given(st.binary(max_size=60))
def test_bytes_outlive_the_way_through_text(data: bytes) -> None:
    from poollint.source import Source

    assert encoded(Source.from_bytes("a", data).text) == data


@given(st.text(alphabet="ab\n\r\x0c\u2028", max_size=30), st.text(alphabet="ab\n\r\x0c\u2028", max_size=30))
def test_a_diff_is_one_that_patch_takes(before: str, now: str) -> None:
    if before == now:
        assert list(diff(Changed("f", before, now))) == []
        return
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "f").write_bytes(encoded(before))
        patch = encoded("".join(diff(Changed("f", before, now))))
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": folder}
        subprocess.run(
            ["git", "apply", "-p0", "--unidiff-zero", "--whitespace=nowarn"],
            cwd=folder, input=patch, check=True, env=environment,
        )  # fmt: skip
        assert Path(folder, "f").read_bytes() == encoded(now)


# The loop


def test_a_fix_changes_its_value_alone() -> None:
    text = "\ufeff" + HEAD.replace("\n", "\r\n") + "# caf\udce9\r\nquery_timeout = 5min\r\nserver_lifetime=1h"
    outcome = fix_texts({"pgbouncer.ini": text})
    assert after({}, outcome) == {
        "pgbouncer.ini": text[1:].replace("5min", "300").replace("1h", "3600"),
    }
    assert [each.code for each in outcome.fixed].count("PGB009") == 2
    assert outcome.refused == []
    assert not [each for each in outcome.result.findings if each.severity == "error"]


def test_suppressed_findings_stay() -> None:
    text = HEAD + "; poollint: ignore[invalid-time] -- the template's\nquery_timeout = 5min\n"
    assert fix_texts({"pgbouncer.ini": text}).changed == []


def test_an_unused_suppression_goes() -> None:
    text = HEAD + "; poollint: ignore[invalid-time] -- long gone\nquery_timeout = 300\n"
    assert after({}, fix_texts({"pgbouncer.ini": text})) == {"pgbouncer.ini": HEAD + "query_timeout = 300\n"}


def test_included_files_are_fixed_in_their_own_file() -> None:
    texts = {"pgbouncer.ini": HEAD + "%include more.ini\n", "more.ini": "query_timeout = 5min\n"}
    assert after({}, fix_texts(texts)) == {"more.ini": "query_timeout = 300\n"}


class Scripted(Fixer):
    """A fixer whose checks are scripted: each marker in the text is a finding with its fix."""

    def __init__(self, text: str, rules: dict[str, tuple[str, str]], *, unsafe: bool = True) -> None:
        session = api.Session(api.Options(isolated=True), MemoryFiles({"a.conf": text}, complete=True))
        super().__init__(session, [("a.conf", "nginx", True)], unsafe=unsafe)
        self.rules = rules

    def check(self) -> api.Result:
        result = super().check()
        text = result.files[0].source.text
        findings = []
        for marker, (new, severity) in self.rules.items():
            at = text.find(marker)
            if at >= 0:
                fix = FixText(f"{marker} to {new}", True, (EditText("a.conf", at, at + len(marker), new),))
                findings.append(
                    Finding(
                        marker, marker, severity, "risk", "size", marker, "", "a.conf", 1, at + 1, 1, at + 2,  # type: ignore[arg-type]
                        "nginx", "", "", marker, "", "", (), fix,
                    )
                )  # fmt: skip
        return result._replace(findings=findings)


def test_fixes_that_meet_go_in_passes() -> None:
    outcome = Scripted("# AB\n", {"A": ("x", "warning"), "AB": ("AC", "warning"), "C": ("", "info")}).run()
    assert [each.after for each in outcome.changed] == ["# xB\n"]
    chain = Scripted("# A\n", {"A": ("B", "info"), "B": ("C", "info"), "C": ("D", "info")}).run()
    assert [each.after for each in chain.changed] == ["# D\n"]
    assert len(chain.fixed) == 3


def test_a_fix_that_brings_an_error_is_left_out() -> None:
    outcome = Scripted("# A C\n", {"A": ("B", "warning"), "B": ("B", "error"), "C": ("D", "warning")}).run()
    assert [each.after for each in outcome.changed] == ["# A D\n"]
    [(finding, reason)] = outcome.refused
    assert finding.code == "A"
    assert reason.startswith("it would bring another error: a.conf:1: B")


def test_a_fix_that_does_not_help_is_left_out() -> None:
    outcome = Scripted("# A\n", {"A": ("AA", "warning")}).run()
    assert (outcome.changed, outcome.fixed) == ([], [])
    assert [reason for _, reason in outcome.refused] == ["its finding would stay"]


def test_fixes_do_not_run_in_circles() -> None:
    outcome = Scripted("# A\n", {"A": ("B", "info"), "B": ("A", "info")}).run()
    assert [each.after for each in outcome.changed] == ["# B\n"]
    assert [reason for _, reason in outcome.refused] == ["it undoes another fix"]


# Files


def test_writing_keeps_mode_and_links(tmp_path: Path) -> None:
    target = tmp_path / "real.conf"
    target.write_bytes(b"a\r\n\xe9")
    target.chmod(0o640)
    (tmp_path / "link.conf").symlink_to("real.conf")
    text = "a\r\n\udce9"
    write(Changed(str(tmp_path / "link.conf"), text, text + "b"))
    assert target.read_bytes() == b"a\r\n\xe9b"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert (tmp_path / "link.conf").is_symlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.conf", "real.conf"]


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    target = tmp_path / "a.conf"
    target.write_bytes(b"new")
    with pytest.raises(FixError, match="changed meanwhile"):
        write(Changed(str(target), "old", "older"))
    assert target.read_bytes() == b"new"


def test_a_full_disk_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.conf"
    target.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FixError, match="No space left"):
        write(Changed(str(target), "old", "new"))
    assert [each.name for each in tmp_path.iterdir()] == ["a.conf"]
    assert target.read_bytes() == b"old"


def test_links_and_their_targets_are_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real.ini").write_text("query_timeout = 5min\n")
    (tmp_path / "link.ini").symlink_to("real.ini")
    (tmp_path / "pgbouncer.ini").write_text(HEAD + "%include link.ini\n")
    session = api.Session(api.Options(isolated=True), DiskFiles())
    outcome = Fixer(session, [("pgbouncer.ini", "pgbouncer", True)], within=["."]).run()
    assert [each.path for each in outcome.changed] == ["link.ini"]
    outcome = Fixer(session, [("pgbouncer.ini", "pgbouncer", True)], within=["elsewhere"]).run()
    assert outcome.changed == []
    assert "outside" in outcome.refused[0].reason


# Every page


def bad_examples() -> Iterator[tuple[Page, Example]]:
    for folder in folders(rules_root()):
        name = os.path.basename(folder)
        system = next((s for s, shape in knowledge().systems.items() if shape["folder"] == name), "")
        for page in pages(folder, system):
            yield from ((page, example) for example in page.examples if example.section == "Bad")


EXAMPLES = list(bad_examples())


# fixes after which a program starts that refused before, so that more of what it does comes to light
UNCOVERED = {"PGB003": {"PGB030"}, "GUN011": {"GUN008"}}


class Shown:
    """A bad example of a page with what its rule finds in it."""

    def __init__(self, page: Page, example: Example) -> None:
        self.page = page
        self.code = page.card["code"]
        self.where = f"{page.path}:{example.line}"
        self.texts = {name: text for name, text in example.files.items() if name != CONFIG_FILE}
        self.options: dict[str, Any] = {"policy": ExamplePolicy(None)}
        if CONFIG_FILE in example.files:
            known = api.Session(api.Options(isolated=True), MemoryFiles({})).known()
            config = parse_config(example.files[CONFIG_FILE], known=known)
            self.options = {"policy": ExamplePolicy(config), "config": config}
        self.all = api.check_texts(
            self.texts,
            system=page.system,
            complete=True,
            config=self.options.get("config"),
            policy=self.options["policy"],
        ).findings
        self.mine = [each for each in self.all if each.code == self.code]

    def fixed(self, texts: Mapping[str, str], *, unsafe: bool) -> Outcome:
        return fix_texts(texts, unsafe=unsafe, system=self.page.system, **self.options)


@pytest.fixture(scope="module")
def shown() -> list[Shown]:
    return [Shown(page, example) for page, example in EXAMPLES]


def test_every_page_has_a_fix_or_says_why_not(shown: list[Shown]) -> None:
    """``no_fix`` in the card, or in a case; what is only advice may go without either."""
    lacking: dict[str, bool] = {}
    for each in shown:
        lacks = any(finding.fix is None and finding.effect != "advice" for finding in each.mine)
        lacking[each.page.path] = lacks or lacking.get(each.page.path, False)
    unanswered = []
    for page in {each.page.path: each.page for each in shown}.values():
        cases = page.card.get("case", [])
        said = any(table.get("no_fix") for table in (page.card, *cases))
        if lacking[page.path] and not said:
            unanswered.append(f"{page.path}: a fix, or no_fix = one of {', '.join(NO_FIX)}")
    assert unanswered == []


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_fixes_of_every_page(shown: list[Shown], unsafe: bool) -> None:
    fixed = set()
    for each in shown:
        fixable = [finding for finding in each.mine if finding.fix is not None and (unsafe or finding.fix.safe)]
        if not fixable:
            continue
        fixed.add(each.page.path)
        outcome = each.fixed(each.texts, unsafe=unsafe)
        assert outcome.refused == [], each.where
        left = [finding for finding in outcome.result.findings if finding.code == each.code]
        assert len(left) == len(each.mine) - len(fixable), each.where
        was = {finding.code for finding in each.all}
        came = {finding.code for finding in outcome.result.findings if finding.severity != "info"} - was
        assert came <= UNCOVERED.get(each.code, set()), each.where
        assert outcome.result.unread == [], each.where
        again = each.fixed(after(each.texts, outcome), unsafe=unsafe)
        assert again.changed == [], each.where
    assert len(fixed) > (150 if unsafe else 50)


# Configurations of others


SYSTEMS = (
    "pgbouncer", "postgresql", "nginx", "apache", "spring", "gunicorn", "prisma", "sqlalchemy-ini", "compose-k8s",
)  # fmt: skip


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_fixes_of_configurations_in_the_wild(shared: Path, tmp_path: Path, system: str, unsafe: bool) -> None:
    tree = tmp_path / system
    shutil.copytree(shared / "corpus" / system, tree, symlinks=True)
    session = api.Session(api.Options(isolated=True), DiskFiles())
    found = api.discover_with(session, [str(tree)])
    candidates = [(each.path, each.system, each.named) for each in found.candidates]
    outcome = Fixer(session, candidates, unsafe=unsafe, within=[str(tree)]).run()
    assert [f"{each.finding.path}: {each.reason}" for each in outcome.refused if "outside" not in each.reason] == []
    fixable = [each for each in outcome.result.findings if each.fix is not None and (unsafe or each.fix.safe)]
    assert [each for each in fixable if each.suppressed is None] == []
    for each in outcome.changed:
        write(each)
    again = Fixer(
        api.Session(api.Options(isolated=True), DiskFiles()), candidates, unsafe=unsafe, within=[str(tree)]
    ).run()
    assert [each.path for each in again.changed] == []
