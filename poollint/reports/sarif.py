"""SARIF 2.1.0, as code scanning reads it: rules with their pages, regions, fingerprints, suppressions, fixes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from poollint.reports.base import link, order, utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding, FixText
    from poollint.reports.base import Report, RuleText

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
BASE = "%SRCROOT%"


def render(report: Report) -> Iterator[str]:
    findings = sorted(report.findings, key=order)
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.code, finding)
    codes = sorted(first)
    index = {code: at for at, code in enumerate(codes)}
    driver = {
        "name": "poollint",
        "version": report.version,
        "rules": [_rule(first[code], report.rule(code)) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {BASE: {"description": {"text": "the directory that poollint was started in"}}},
        "invocations": [_invocation(report)],
        "results": [_result(each, index[each.code]) for each in findings],
    }
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(finding: Finding, page: RuleText | None) -> dict[str, Any]:
    words = finding.name.replace("-", " ")
    rule: dict[str, Any] = {
        "id": finding.code,
        "name": finding.name,
        "shortDescription": {"text": words},
        "defaultConfiguration": {"level": LEVELS[page.severity if page is not None else finding.severity]},
        "properties": {"tags": [tag for tag in (finding.system, finding.topic, finding.effect) if tag]},
    }
    if link(finding):
        rule["helpUri"] = link(finding)
    if page is not None:
        rule["help"] = {"text": utf8(page.text), "markdown": utf8(page.text)}
    return rule


def _invocation(report: Report) -> dict[str, Any]:
    unread = [each for each in report.unread if each.named]
    notes = [
        {
            "level": "error",
            "message": {"text": utf8(f"{each.path}: {each.message}")},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(each.path)}}],
        }
        for each in unread
    ]
    return {"executionSuccessful": not unread, "toolExecutionNotifications": notes}


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    text = "\n".join(part for part in (finding.message, finding.help) if part)
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": utf8(text)},
        "locations": [_location(finding)],
        "partialFingerprints": {"poollint/v1": finding.fingerprint},
    }
    if finding.related:
        result["relatedLocations"] = [
            _place(each.path or finding.path, {"startLine": each.line, "startColumn": each.column}, each.message)
            for each in finding.related
            if each.line > 0
        ]
    if finding.suppressed is not None:
        kind = "external" if finding.suppressed.kind == "baseline" else "inSource"
        reason = finding.suppressed.reason
        result["suppressions"] = [{"kind": kind, **({"justification": utf8(reason)} if reason else {})}]
    if finding.fix is not None:
        result["fixes"] = [_fix(finding.fix)]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    region: dict[str, Any] = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }
    if finding.source_line and finding.line == finding.end_line:
        region["snippet"] = {"text": utf8(finding.source_line[finding.column - 1 : finding.end_column - 1])}
    place = _place(finding.path, region)
    if finding.key:
        place["logicalLocations"] = [{"fullyQualifiedName": utf8(finding.key), "kind": "member"}]
    return place


def _place(path: str, region: dict[str, Any], message: str = "") -> dict[str, Any]:
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": _artifact(path), "region": region}}
    if message:
        place["message"] = {"text": utf8(message)}
    return place


def _fix(fix: FixText) -> dict[str, Any]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        region = {"charOffset": edit.start, "charLength": edit.end - edit.start}
        change = {"deletedRegion": region, "insertedContent": {"text": utf8(edit.text)}}
        changes.setdefault(edit.path, []).append(change)
    return {
        "description": {"text": utf8(fix.title)},
        "artifactChanges": [
            {"artifactLocation": _artifact(path), "replacements": replacements}
            for path, replacements in changes.items()
        ],
    }


def _artifact(path: str) -> dict[str, str]:
    """A path beneath the working directory relative to it, any other as a file URI."""
    from urllib.parse import quote

    relative = os.path.relpath(path) if os.path.isabs(path) else os.path.normpath(path)
    if relative.startswith(os.pardir):
        absolute = os.path.abspath(path).replace(os.sep, "/")
        return {"uri": "file://" + quote(utf8(absolute if absolute.startswith("/") else "/" + absolute))}
    return {"uri": quote(utf8(relative.replace(os.sep, "/"))), "uriBaseId": BASE}
