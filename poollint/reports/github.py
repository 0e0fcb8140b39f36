"""Workflow commands of GitHub Actions: an annotation a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.reports.base import link, utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding
    from poollint.reports.base import Report

LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report) -> Iterator[str]:
    for finding in report.shown():
        if finding.suppressed is None:
            yield _command(finding) + "\n"


def _command(finding: Finding) -> str:
    values: dict[str, str | int] = {"file": finding.path, "line": finding.line, "endLine": finding.end_line}
    if finding.line == finding.end_line:  # columns of a span over several lines are refused
        values |= {"col": finding.column, "endColumn": finding.end_column}
    values["title"] = f"{finding.code} {finding.name}"
    told = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in values.items())
    message = "\n".join(part for part in (finding.message, finding.help, link(finding)) if part)
    return f"::{LEVELS[finding.severity]} {told}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """Percent signs, line ends and ``more`` as %XX."""
    for sign in "%\r\n" + more:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return utf8(text)
