"""The findings of a file beneath its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.reports.concise import words
from poollint.reports.excerpt import clean
from poollint.reports.text import statistics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.reports.base import Report


def render(report: Report) -> Iterator[str]:
    findings = report.shown()
    width = max((len(f"{each.line}:{each.column}") for each in findings), default=0)
    path = None
    for finding in findings:
        if finding.path != path:
            yield ("\n" if path is not None else "") + clean(finding.path) + "\n"
            path = finding.path
        place = f"{finding.line}:{finding.column}"
        yield f"  {place:<{width}}  {words(finding)}\n"
    if report.look.statistics:
        yield from statistics(report)
