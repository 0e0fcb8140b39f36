"""JSON: one object, one line a finding within it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from poollint.reports.base import PLURALS, by_rule, utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding
    from poollint.reports.base import Report

VERSION = 1


def render(report: Report) -> Iterator[str]:
    yield f'{{"version": {VERSION}, "summary": {json.dumps(_summary(report))}, "findings": ['
    separator = "\n"
    for finding in report.shown():
        yield separator + json.dumps(as_dict(finding))
        separator = ",\n"
    yield "\n]}\n" if separator != "\n" else "]}\n"


def _summary(report: Report) -> dict[str, Any]:
    counts = {PLURALS[name]: number for name, number in report.counts().items()}
    found: dict[str, Any] = {"files": len(report.files), **counts, "suppressed": report.suppressed()}
    found["unread"] = [{"path": utf8(each.path), "message": utf8(each.message)} for each in report.unread if each.named]
    if report.look.statistics:
        rows = by_rule(each for each in report.findings if each.suppressed is None)
        found["rules"] = {finding.code: number for number, finding in rows}
    return found


def as_dict(finding: Finding) -> dict[str, Any]:
    """A finding as JSON has it."""
    fix = finding.fix
    return {
        "rule": finding.code,
        "name": finding.name,
        "severity": finding.severity,
        "effect": finding.effect,
        "topic": finding.topic,
        "message": utf8(finding.message),
        "help": utf8(finding.help),
        "path": utf8(finding.path),
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "system": finding.system,
        "block": utf8(finding.block),
        "setting": utf8(finding.setting),
        "help_url": finding.help_url,
        "fix": None
        if fix is None
        else {
            "title": utf8(fix.title),
            "safe": fix.safe,
            "edits": [{**each._asdict(), "path": utf8(each.path), "text": utf8(each.text)} for each in fix.edits],
        },
        "related": [
            {**each._asdict(), "path": utf8(each.path), "message": utf8(each.message)} for each in finding.related
        ],
        "fingerprint": finding.fingerprint,
        "suppressed": None if finding.suppressed is None else _suppressed(finding),
    }


def _suppressed(finding: Finding) -> dict[str, Any]:
    assert finding.suppressed is not None
    return {**finding.suppressed._asdict(), "reason": utf8(finding.suppressed.reason)}
