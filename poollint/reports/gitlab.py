"""GitLab Code Quality: an array of issues with unique, stable fingerprints."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from poollint.reports.base import link, utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding
    from poollint.reports.base import Report

LEVELS = {"error": "critical", "warning": "major", "info": "info"}


def render(report: Report) -> Iterator[str]:
    seen: dict[str, int] = {}
    yield "["
    separator = "\n"
    for finding in report.shown():
        if finding.suppressed is not None:
            continue
        count = seen[finding.fingerprint] = seen.get(finding.fingerprint, 0) + 1
        yield separator + json.dumps(_issue(finding, count))
        separator = ",\n"
    yield "\n]\n" if seen else "]\n"


def _issue(finding: Finding, count: int) -> dict[str, Any]:
    path = os.path.relpath(finding.path) if os.path.isabs(finding.path) else os.path.normpath(finding.path)
    return {
        "type": "issue",
        "check_name": finding.code,
        "description": utf8(f"{finding.name}: {finding.message}"),
        "content": {"body": utf8("\n\n".join(part for part in (finding.help, link(finding)) if part))},
        "categories": ["Bug Risk" if finding.effect in ("refused", "misread", "ignored") else "Performance"],
        "severity": LEVELS[finding.severity],
        "fingerprint": finding.fingerprint + (f"-{count}" if count > 1 else ""),
        "location": {
            "path": utf8(path.replace(os.sep, "/")),
            "lines": {"begin": max(finding.line, 1), "end": max(finding.end_line, 1)},
        },
    }
