"""Reviewdog Diagnostic Format, one JSON object. Its columns count bytes of UTF-8 from 1."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from poollint.reports.base import link, utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding
    from poollint.reports.base import Report

SEVERITIES = {"error": "ERROR", "warning": "WARNING", "info": "INFO"}


def render(report: Report) -> Iterator[str]:
    diagnostics = [_diagnostic(each) for each in report.shown() if each.suppressed is None]
    yield json.dumps({"source": {"name": "poollint"}, "diagnostics": diagnostics}, indent=1) + "\n"


def _diagnostic(finding: Finding) -> dict[str, Any]:
    code = {"value": finding.code}
    if link(finding):
        code["url"] = link(finding)
    several = finding.end_line > finding.line
    end: dict[str, int] = {"line": finding.end_line}
    if not several:
        end["column"] = _bytes(finding, finding.end_column)
    told: dict[str, Any] = {
        "message": utf8("\n".join(part for part in (finding.message, finding.help) if part)),
        "location": {
            "path": utf8(finding.path),
            "range": {"start": {"line": finding.line, "column": _bytes(finding, finding.column)}, "end": end},
        },
        "severity": SEVERITIES[finding.severity],
        "code": code,
    }
    if finding.related:
        told["relatedLocations"] = [
            {
                "message": utf8(each.message),
                "location": {"path": utf8(each.path or finding.path), "range": {"start": {"line": each.line}}},
            }
            for each in finding.related
            if each.line > 0
        ]
    return told


def _bytes(finding: Finding, column: int) -> int:
    """The column in bytes of UTF-8."""
    return len(finding.source_line[: column - 1].encode("utf-8", "replace")) + 1 if finding.source_line else column
