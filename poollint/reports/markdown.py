"""Markdown for a job's summary or a comment: a table of the findings of each file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.reports.base import link, summary, utf8
from poollint.reports.excerpt import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding
    from poollint.reports.base import Report

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def render(report: Report) -> Iterator[str]:
    yield f"### poollint: {summary(report) or 'no findings'}\n"
    path = None
    for finding in report.shown():
        if finding.path != path:
            path = finding.path
            yield f"\n**{_text(path)}**\n\n| line | rule | what the program does |\n|--:|---|---|\n"
        yield f"| {finding.line} | {_rule(finding)} | {_words(finding)} |\n"
    unread = [each for each in report.unread if each.named]
    if unread:
        yield "\nNot read:\n\n"
        yield from (f"- {_text(each.path)}: {_text(each.message)}\n" for each in unread)


def _rule(finding: Finding) -> str:
    name = f"{finding.code} {finding.name}"
    return f"{finding.severity} " + (f"[{name}]({link(finding)})" if link(finding) else name)


def _words(finding: Finding) -> str:
    words = _text(finding.message) + (f"<br>{_text(finding.help)}" if finding.help else "")
    return f"{words}<br>(suppressed)" if finding.suppressed is not None else words


def _text(text: str) -> str:
    """Words that Markdown leaves as they are."""
    return _SPECIAL.sub(r"\\\1", utf8(clean(text)).replace("\n", " "))
