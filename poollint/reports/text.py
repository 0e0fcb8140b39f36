"""Text for people: the line with its span, what the program does, the way out, related places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.findings import EFFECT_WORDS
from poollint.reports.base import by_rule, link
from poollint.reports.excerpt import clean, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding
    from poollint.reports.base import Look, Report

_COLOURS = {"error": "1;31", "warning": "1;33", "info": "1;36", "path": "1", "frame": "34", "help": "32", "dim": "2"}


def render(report: Report) -> Iterator[str]:
    look = report.look
    for number, finding in enumerate(report.shown()):
        if number:
            yield "\n"
        yield from (line + "\n" for line in lines(finding, look))
    if look.statistics:
        yield from statistics(report)


def lines(finding: Finding, look: Look) -> Iterator[str]:
    """One finding, line by line."""
    paint = _painter(look)
    code = f"{finding.severity}[{finding.code}]"
    if look.links and link(finding):
        code = f"\x1b]8;;{link(finding)}\x1b\\{code}\x1b]8;;\x1b\\"
    place = f"{clean(finding.path)}:{finding.line}:{finding.column}"
    yield f"{paint('path', place)}: {paint(finding.severity, code)} {finding.name}"
    margin = " " * len(str(finding.line))
    bar = paint("frame", "|")
    if finding.source_line and finding.column <= len(finding.source_line) + 1:
        shown, marks = _span(finding, look)
        yield f"{margin} {bar}"
        yield f"{paint('frame', str(finding.line))} {bar} {shown}"
        yield f"{margin} {bar} {marks[: len(marks) - len(marks.lstrip())]}{paint(finding.severity, marks.lstrip())}"
    dash = paint("frame", "=")
    yield f"{margin} {dash} {clean(finding.message)}"
    if finding.help:
        yield f"{margin} {dash} {paint('help', 'help')}: {clean(finding.help)}"
    for related in finding.related:
        where = f"{clean(related.path)}:{related.line}:{related.column}: " if related.path else ""
        yield f"{margin} {dash} {paint('frame', 'see')}: {where}{clean(related.message)}"
    if finding.effect != "advice":
        yield f"{margin} {dash} {paint('dim', f'effect: {finding.effect}, {EFFECT_WORDS[finding.effect]}')}"
    if finding.suppressed is not None:
        yield f"{margin} {dash} {paint('dim', suppressed(finding))}"


def suppressed(finding: Finding) -> str:
    """``suppressed by the comment in line 3: why``."""
    assert finding.suppressed is not None
    kind, reason, line = finding.suppressed
    by = "the baseline" if kind == "baseline" else f"the comment in line {line}"
    return f"suppressed by {by}" + (f": {clean(reason)}" if reason else "")


def _span(finding: Finding, look: Look) -> tuple[str, str]:
    line = finding.source_line
    several = finding.end_line > finding.line
    end = len(line.rstrip()) + 1 if several else finding.end_column
    shown, marks = excerpt(line, finding.column, end, look.width)
    return shown, f"{marks} ... to line {finding.end_line}" if several else marks


def statistics(report: Report) -> Iterator[str]:
    """How often each rule was found."""
    rows = by_rule(each for each in report.findings if each.suppressed is None)
    if rows and report.shown():
        yield "\n"
    width = max((len(str(number)) for number, _ in rows), default=0)
    for number, finding in rows:
        yield f"{number:{width}}  {finding.severity:<7}  {finding.code}  {finding.name}\n"


def _painter(look: Look) -> _Painter:
    return _Painter(look.colour)


class _Painter:
    """Wraps words in colours, or leaves them."""

    __slots__ = ("colour",)

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if self.colour else text
