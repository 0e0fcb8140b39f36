"""JUnit XML: a suite a file, a failed case a finding, a passed case a clean file.

The form is that of the schema of Jenkins' xUnit plugin, which knows no file or line of a case: the class is the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.reports.base import link
from poollint.reports.text import suppressed
from poollint.reports.xml import HEAD, escaped, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding
    from poollint.reports.base import Report, Unread


def render(report: Report) -> Iterator[str]:
    found: dict[str, list[Finding]] = {path: [] for path in sorted(report.files)}
    for finding in report.shown():
        found.setdefault(finding.path, []).append(finding)
    unread = [each for each in report.unread if each.named]
    tests = sum(len(each) or 1 for each in found.values()) + len(unread)
    failures = sum(report.counts().values())
    yield HEAD
    yield tag("testsuites", {"name": "poollint", "tests": tests, "failures": failures, "errors": len(unread)}) + "\n"
    for path, findings in found.items():
        yield from _suite(path, findings)
    for each in unread:
        yield from _unread(each)
    yield "</testsuites>\n"


def _suite(path: str, findings: list[Finding]) -> Iterator[str]:
    skipped = sum(1 for each in findings if each.suppressed is not None)
    counts = {"tests": len(findings) or 1, "failures": len(findings) - skipped, "errors": 0, "skipped": skipped}
    yield "  " + tag("testsuite", {"name": path, **counts}) + "\n"
    if not findings:
        yield "    " + tag("testcase", {"name": "poollint", "classname": path}, close=True) + "\n"
    for finding in findings:
        name = f"{finding.code} {finding.name} line {finding.line}"
        yield "    " + tag("testcase", {"name": name, "classname": path}) + "\n"
        if finding.suppressed is not None:
            yield "      " + tag("skipped", {"message": suppressed(finding)}, close=True) + "\n"
        else:
            place = f"{finding.path}:{finding.line}:{finding.column}"
            body = "\n".join(part for part in (place, finding.message, finding.help, link(finding)) if part)
            yield (
                "      "
                + tag("failure", {"message": finding.message, "type": finding.severity})
                + escaped(body)
                + "</failure>\n"
            )
        yield "    </testcase>\n"
    yield "  </testsuite>\n"


def _unread(each: Unread) -> Iterator[str]:
    yield "  " + tag("testsuite", {"name": each.path, "tests": 1, "failures": 0, "errors": 1, "skipped": 0}) + "\n"
    yield "    " + tag("testcase", {"name": "poollint", "classname": each.path}) + "\n"
    yield "      " + tag("error", {"message": each.message, "type": "unread"}, close=True) + "\n"
    yield "    </testcase>\n  </testsuite>\n"
