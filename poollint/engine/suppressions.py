"""Suppressions in comments: ``poollint: ignore[RULE, …] -- reason until=YYYY-MM-DD``, and what is wrong with them.

A comment behind a value suppresses on its own line, a comment on a line of its own on the next line that is no comment,
``ignore-file`` in the whole file, ``ignore-start`` on every line down to the next ``ignore-end`` of the same rules. Without
``[RULE, …]`` every rule is meant. In code ``/* … */`` is such a comment, too, and ``{/* … */}`` in JSX.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.blocks import Edit, Fix, Problem
from poollint.findings import Suppression
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date

    from poollint.findings import Finding
    from poollint.source import Source

MARK = "poollint:"
WORDS = ("ignore", "ignore-file", "ignore-start", "ignore-end")
UNUSED = "unused-suppression"
UNKNOWN = "unknown-suppression"
EXPIRED = "expired-suppression"
UNEXPLAINED = "unexplained-suppression"
FORBIDDEN = "inline-suppression"

_DIRECTIVE = re.compile(r"poollint:[ \t]*(?P<word>[\w-]*)[ \t]*(?:\[(?P<rules>[^\]\n]*)\])?(?P<rest>[^\n]*)")
_UNTIL = re.compile(r"(?:^|\s)until\s*=\s*(\S+)")
_TEMPLATE = "{#"
_CLOSERS = ("*/", "-->", "#}", "%>")
_BLOCK, _BLOCK_END = "/*", "*/"
_LONGEST = 4096  # signs of a comment that is looked through for its end


class Directive:
    """One suppression. ``start`` to ``end`` is the comment to cut when it goes.

    It holds for the lines from ``target`` to ``last``; of a stretch of lines ``partner`` is the comment that ends it.
    ``error`` says why it cannot be used. ``selectors`` is empty for all rules; ``rules_place`` is the text between the
    brackets. ``used`` collects the selectors that suppressed something.
    """

    __slots__ = (
        "end",
        "error",
        "last",
        "line",
        "partner",
        "reason",
        "rules_place",
        "selectors",
        "source",
        "start",
        "target",
        "until",
        "used",
        "word",
    )

    def __init__(self, source: Source, line: int, start: int, end: int) -> None:
        self.source = source
        self.line = line
        self.start = start
        self.end = end
        self.target: int | None = line  # None: the whole file
        self.last: int | None = None  # None: the target alone
        self.partner: Directive | None = None
        self.word = ""
        self.selectors: tuple[str, ...] = ()
        self.rules_place: Place | None = None
        self.reason = ""
        self.until: date | None = None
        self.error = ""
        self.used: set[str] = set()

    @property
    def place(self) -> Place:
        """The comment itself, without the blanks and the line end around it."""
        text = self.source.text[self.start : self.end]
        start = self.start + len(text) - len(text.lstrip())
        return Place(self.source, start, start + len(text.strip()))

    def holds_for(self, finding: Finding) -> bool:
        if self.target is None:
            return True
        return finding.line <= (self.target if self.last is None else self.last) and self.target <= finding.end_line

    def __repr__(self) -> str:
        return f"Directive(line {self.line}, {self.selectors or 'all'}, {self.error or 'ok'})"


class SuppressionPolicy(NamedTuple):
    """What the configuration says of suppressions in a file.

    ``ran``: the codes of the rules that were asked there, None for all; ``complete``: no usual rule was left out;
    ``locked``: codes that no comment may suppress.
    """

    require_reason: bool = False
    allow_inline: bool = True
    ran: Collection[str] | None = None
    complete: bool = True
    locked: Collection[str] = ()


def find_suppressions(source: Source, comments: Sequence[str], trailing: bool) -> list[Directive]:
    """The suppressions of a text whose comments begin with one of ``comments``."""
    text = source.text
    at = text.find(MARK)
    if at < 0 or not comments:
        return []
    found = []
    while at >= 0:
        line, _ = source.position(at)
        directive = _directive(source, line, at, comments, trailing)
        if directive is not None:
            found.append(directive)
        at = text.find(MARK, at + len(MARK))
    return _paired(found)


def _paired(directives: list[Directive]) -> list[Directive]:
    """The directives with each ``ignore-start`` joined to its ``ignore-end``; one without the other is an error."""
    waiting: list[Directive] = []
    kept = []
    for each in directives:
        if each.word == "ignore-end" and not each.error:
            start = next((one for one in reversed(waiting) if one.selectors == each.selectors), None)
            if start is not None:
                waiting.remove(start)
                start.partner, start.last = each, each.line
                continue
            each.error = "no ignore-start of the same rules stands before it"
        elif each.word == "ignore-start" and not each.error:
            waiting.append(each)
        kept.append(each)
    for each in waiting:
        each.error = "no ignore-end of the same rules follows"
    return kept


def _directive(source: Source, line: int, at: int, comments: Sequence[str], trailing: bool) -> Directive | None:
    """The suppression at an offset, when it stands at the beginning of a comment."""
    text = source.text
    first = source.line_start(line)
    before = text[first:at].rstrip()
    if before.endswith("**"):
        before = before.rstrip("*") + "*"
    own = before.lstrip().startswith((*comments, _TEMPLATE))
    leader = (
        _TEMPLATE if before.strip() == _TEMPLATE else next((each for each in comments if before.endswith(each)), "")
    )
    if not leader:
        return None
    if leader == _BLOCK:
        return _block_directive(source, line, at, comments)
    code = before.removesuffix(leader).rstrip(leader[-1] + "!").rstrip()
    if not own and (not trailing or not (before[len(code) :][:1].isspace() or code[-1:] in (";", "{", "}"))):
        return None
    match = _DIRECTIVE.match(text, at)
    assert match is not None
    end = match.end() - (1 if match[0].endswith("\r") else 0)
    start = first + len(code)
    if own and not code:
        start, end = first, min(match.end() + 1, len(text))
    directive = Directive(source, line, start, end)
    if own:
        directive.target = _next_line(source, line, (*comments, _TEMPLATE))
    _fill(directive, match)
    return directive


def _block_directive(source: Source, line: int, at: int, comments: Sequence[str]) -> Directive | None:
    """The suppression at the beginning of a ``/* … */``, which may end in a later line; in JSX braces stand around it."""
    text = source.text
    begin, close = text.rfind("/", 0, at), text.find(_BLOCK_END, at, at + _LONGEST)
    if close < 0:
        return None
    end = close + len(_BLOCK_END)
    last, _ = source.position(close)
    before = text[source.line_start(line) : begin].strip()
    after = text[end : source.line_start(last) + len(source.line_text(last))].strip()
    match = _DIRECTIVE.match(text, at, close)
    assert match is not None
    if (before, after) in (("", ""), ("{", "}")):
        start = source.line_start(line)
        stop = text.find("\n", end)
        directive = Directive(source, line, start, stop + 1 if stop >= 0 else len(text))
        directive.target = _next_line(source, last, (*comments, _TEMPLATE))
        directive.target = line if directive.target == last else directive.target
    else:
        directive = Directive(source, line, begin, end)
        while text[directive.start - 1 : directive.start] in (" ", "\t"):
            directive.start -= 1
        if not before:  # code follows in the line
            directive.start = begin
            while text[directive.end : directive.end + 1] in (" ", "\t"):
                directive.end += 1
    _fill(directive, match)
    return directive


def _next_line(source: Source, line: int, comments: tuple[str, ...]) -> int:
    """The next line that holds more than a comment; the line itself when there is none."""
    for number in range(line + 1, source.line_count() + 1):
        text = source.line_text(number).strip()
        if not text:
            continue
        if not text.startswith(comments) or (text.startswith(_BLOCK) and not text.endswith(_BLOCK_END)):
            return number
    return line


def _fill(directive: Directive, match: re.Match[str]) -> None:
    """Rules, reason and date out of what the comment says."""
    word, rules, rest = match["word"], match["rules"], match["rest"].strip()
    for closer in _CLOSERS:
        rest = rest.removesuffix(closer).rstrip()
    directive.word = word
    if word not in WORDS:
        directive.error = f"{word!r} is none of {', '.join(WORDS)}"
        return
    if word in ("ignore-start", "ignore-end"):
        directive.target = directive.line
    if word == "ignore-file":
        directive.target = None
    if rules is not None:
        directive.rules_place = Place(directive.source, match.start("rules"), match.end("rules"))
        directive.selectors = tuple(each.strip() for each in rules.split(",") if each.strip())
        if not directive.selectors:
            directive.error = "no rule stands in the brackets"
    until = _UNTIL.search(rest)
    if until is not None:
        rest = (rest[: until.start()] + rest[until.end() :]).strip()
        directive.until = _date(until[1])
        if directive.until is None:
            directive.error = f"{until[1]!r} is no date such as 2027-01-31"
    if rules is None and rest and not rest.startswith("--"):
        directive.error = "rules stand in brackets, as in ignore[RULE], and a reason behind --"
    directive.reason = rest.removeprefix("--").strip()


def _date(text: str) -> date | None:
    from datetime import date

    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def apply_suppressions(
    findings: Sequence[Finding],
    directives: Mapping[str, Sequence[Directive]],
    today: date | None,
    resolve: Callable[[str], Collection[str] | None],
    policy: Callable[[str], SuppressionPolicy],
    *,
    word: Callable[[Problem], Finding | None],
) -> list[Finding]:
    """The findings, those that a directive holds for marked, and one more for each directive that is not in order.

    ``resolve`` gives the codes that a selector names, None for an unknown one; ``policy`` what holds in a file;
    ``word`` makes the finding of a problem, or None where its rule is not active.
    """
    problems: list[Problem] = []
    live: dict[str, list[tuple[Directive, list[tuple[str, Collection[str] | None]]]]] = {}
    for path, listed in directives.items():
        rules = policy(path)
        for directive in listed:
            if not rules.allow_inline:
                problems.append(
                    _problem(
                        FORBIDDEN,
                        directive,
                        fix=_without(directive),
                        why="the configuration allows none in files (allow-inline = false)",
                    )
                )
                continue
            if rules.require_reason and not directive.reason and not directive.error:
                problems.append(_problem(UNEXPLAINED, directive))
            codes = _unlocked(directive, _codes(directive, resolve, problems), rules.locked, problems)
            if directive.error:
                problems.append(_problem(UNKNOWN, directive, error=directive.error, fix=_without(directive)))
            elif today is not None and directive.until is not None and directive.until < today:
                values = {"until": directive.until.isoformat()}
                problems.append(_problem(EXPIRED, directive, fix=_without(directive), **values))
            else:
                live.setdefault(path, []).append((directive, codes))
    locked = {path: policy(path).locked for path in live}
    marked = [
        finding if finding.code in locked.get(finding.path, ()) else _marked(finding, live.get(finding.path, ()))
        for finding in findings
    ]
    for path, entries in live.items():
        for directive, codes in entries:
            problems += _unused(directive, codes, policy(path))
    worded = (word(problem) for problem in problems)
    marked += [finding for finding in worded if finding is not None]
    return sorted(marked, key=lambda found: (found.path, found.line, found.column, found.code))


def _codes(
    directive: Directive, resolve: Callable[[str], Collection[str] | None], problems: list[Problem]
) -> list[tuple[str, Collection[str] | None]]:
    """Each selector with the codes it names (None: every code); unknown ones become problems."""
    if not directive.selectors:
        return [("", None)]
    found: list[tuple[str, Collection[str] | None]] = []
    for selector in directive.selectors:
        codes = resolve(selector)
        if codes is None:
            error = f"{selector!r} is no rule"
            problems.append(_problem(UNKNOWN, directive, error=error, rule=selector, fix=_without(directive, selector)))
        else:
            found.append((selector, codes))
    return found


def _unlocked(
    directive: Directive,
    codes: list[tuple[str, Collection[str] | None]],
    locked: Collection[str],
    problems: list[Problem],
) -> list[tuple[str, Collection[str] | None]]:
    """The selectors without those that name nothing but rules which no comment may suppress: these become problems."""
    if not locked:
        return codes
    left = []
    for selector, named in codes:
        if named and set(named) <= set(locked):
            why = f"no comment may suppress {selector} here (never-suppress)"
            problems.append(_problem(FORBIDDEN, directive, fix=_without(directive, selector), why=why))
        else:
            left.append((selector, named))
    return left


def _marked(finding: Finding, entries: Sequence[tuple[Directive, list[tuple[str, Collection[str] | None]]]]) -> Finding:
    """The finding as the first directive that holds for it leaves it; every one that does counts as used."""
    suppressed = finding.suppressed
    for directive, codes in entries:
        if not directive.holds_for(finding):
            continue
        for selector, named in codes:
            if named is None or finding.code in named:
                directive.used.add(selector)
                if suppressed is None:
                    kind = "file" if directive.target is None else "inline"
                    suppressed = Suppression(kind, directive.reason, directive.line)
    return finding if suppressed is finding.suppressed else finding._replace(suppressed=suppressed)


def _unused(
    directive: Directive, codes: list[tuple[str, Collection[str] | None]], policy: SuppressionPolicy
) -> Iterator[Problem]:
    """A problem for each selector that suppressed nothing, if all the rules that it names were asked in this run."""
    for selector, named in codes:
        asked = policy.complete if named is None else policy.ran is None or set(named) <= set(policy.ran)
        if asked and selector not in directive.used:
            yield _problem(UNUSED, directive, rule=selector or "every rule", fix=_without(directive, selector))


def _problem(kind: str, directive: Directive, *, fix: Fix | None = None, **values: str) -> Problem:
    return Problem(kind, directive.place, values={"directive": directive.place.text, **values}, fix=fix)


def _without(directive: Directive, selector: str = "") -> Fix:
    """The comment without one of its rules, or gone when that is its only one; so is the one that ends its stretch."""
    left = [each for each in directive.selectors if each != selector]
    both = (directive, *([directive.partner] if directive.partner is not None else []))
    places = [each.rules_place for each in both]
    if selector and left and all(places):
        edits = tuple(Edit(place, ", ".join(left)) for place in places if place is not None)
        return Fix(f"remove {selector}", edits)
    title = "remove the comment" if len(both) == 1 else "remove both comments"
    return Fix(title, tuple(Edit(Place(each.source, each.start, each.end), "") for each in both))
