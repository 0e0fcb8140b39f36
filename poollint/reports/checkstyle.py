"""Checkstyle XML: files with their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.reports.xml import HEAD, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.reports.base import Report


def render(report: Report) -> Iterator[str]:
    yield HEAD + '<checkstyle version="4.3">\n'
    path = None
    for finding in report.shown():
        if finding.suppressed is not None:
            continue
        if finding.path != path:
            yield ("  </file>\n" if path is not None else "") + "  " + tag("file", {"name": finding.path}) + "\n"
            path = finding.path
        message = " ".join(part for part in (finding.message, finding.help) if part)
        told = {
            "line": finding.line,
            "column": finding.column,
            "severity": finding.severity,
            "message": message,
            "source": f"poollint.{finding.system or 'any'}.{finding.code}",
        }
        yield "    " + tag("error", told, close=True) + "\n"
    yield ("  </file>\n" if path is not None else "") + "</checkstyle>\n"
