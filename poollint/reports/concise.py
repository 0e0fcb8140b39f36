"""One line a finding: ``path:line:column: error[CODE] name: message``, as editors and grep like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.reports.excerpt import clean
from poollint.reports.text import statistics, suppressed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding
    from poollint.reports.base import Report


def render(report: Report) -> Iterator[str]:
    for finding in report.shown():
        yield f"{clean(finding.path)}:{finding.line}:{finding.column}: {words(finding)}\n"
    if report.look.statistics:
        yield from statistics(report)


def words(finding: Finding) -> str:
    more = f" ({suppressed(finding)})" if finding.suppressed is not None else ""
    return f"{finding.severity}[{finding.code}] {finding.name}: {clean(finding.message)}{more}"
