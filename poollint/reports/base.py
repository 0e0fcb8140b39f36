"""What every report is given, and what several of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from poollint.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from poollint.findings import Finding

PLURALS = {"error": "errors", "warning": "warnings", "info": "info"}


class Unread(NamedTuple):
    """A file that was not checked, and why; ``named`` when the caller asked for it by name."""

    path: str
    message: str
    named: bool


class RuleText(NamedTuple):
    """What stands about a rule on its page; ``text`` is Markdown."""

    code: str
    name: str
    severity: str
    tags: tuple[str, ...]
    text: str
    url: str


class Look(NamedTuple):
    """How a report for people looks."""

    colour: bool = False
    links: bool = False
    width: int = 200
    statistics: bool = False
    show_suppressed: bool = False


class Report(NamedTuple):
    """A run as reports see it. ``files`` are the files checked; ``rule`` gives the page of a rule by its code."""

    findings: Sequence[Finding]
    files: Sequence[str] = ()
    unread: Sequence[Unread] = ()
    look: Look = Look()
    rule: Callable[[str], RuleText | None] = lambda _: None
    version: str = ""

    def shown(self) -> list[Finding]:
        """The findings in order of place, suppressed ones only where they are asked for."""
        keep = self.look.show_suppressed
        return sorted((each for each in self.findings if keep or each.suppressed is None), key=order)

    def counts(self) -> dict[str, int]:
        """How many findings that are not suppressed have each severity, the worst first."""
        counts: dict[str, int] = dict.fromkeys(reversed(SEVERITIES), 0)
        for each in self.findings:
            if each.suppressed is None:
                counts[each.severity] += 1
        return counts

    def suppressed(self) -> int:
        return sum(1 for each in self.findings if each.suppressed is not None)


def order(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line, finding.column, finding.code


def link(finding: Finding) -> str:
    """The address of the rule's page where the documentation stands on a server (``docs-url``); else empty."""
    return finding.help_url if "://" in finding.help_url else ""


def plural(number: int, word: str, words: str = "") -> str:
    """``1 error``, ``3 errors``."""
    return f"{number} {word if number == 1 else words or word + 's'}"


def summary(report: Report) -> str:
    """``3 errors, 1 warning in 2 files``; empty for a clean run."""
    counts = report.counts()
    parts = [plural(number, name, PLURALS[name]) for name, number in counts.items() if number]
    suppressed = report.suppressed()
    if not parts:
        return ""
    files = {each.path for each in report.findings if each.suppressed is None}
    more = f" ({suppressed} suppressed)" if suppressed else ""
    return f"{', '.join(parts)} in {plural(len(files), 'file')}{more}"


def fixable(report: Report) -> str:
    """``3 fixable with --fix, 2 more with --unsafe-fixes``; empty when none is."""
    fixes = [each.fix for each in report.findings if each.fix is not None and each.suppressed is None]
    safe = sum(fix.safe for fix in fixes)
    unsafe = len(fixes) - safe
    parts = [f"{safe} fixable with --fix"] if safe else []
    if unsafe:
        parts.append(f"{unsafe} more with --unsafe-fixes" if safe else f"{unsafe} fixable with --fix --unsafe-fixes")
    return ", ".join(parts)


def by_rule(findings: Iterable[Finding]) -> list[tuple[int, Finding]]:
    """How often each rule was found, the most frequent first, with one finding of it."""
    counts: dict[str, int] = {}
    first: dict[str, Finding] = {}
    for each in findings:
        counts[each.code] = counts.get(each.code, 0) + 1
        first.setdefault(each.code, each)
    return [(counts[code], first[code]) for code in sorted(counts, key=lambda code: (-counts[code], code))]


def utf8(text: str) -> str:
    """The text with what UTF-8 cannot hold (a file's undecodable bytes) replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def wants_colour(choice: str, environ: Mapping[str, str], *, terminal: bool) -> bool:
    """``--color`` first, then NO_COLOR and FORCE_COLOR, then whether it is a terminal that knows colours."""
    if choice in ("always", "never"):
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    forced = environ.get("FORCE_COLOR")
    if forced is not None:
        return forced not in ("", "0", "false")
    return terminal and environ.get("TERM") != "dumb"
