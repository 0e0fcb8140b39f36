"""Reports: each format a module with ``render(report) -> pieces of text``, imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poollint.reports.base import Report, RuleText

FORMATS = {
    "text": "the line with its span, the consequence and the way out",
    "concise": "one line a finding",
    "grouped": "one line a finding, beneath its file",
    "json": "one JSON object",
    "jsonl": "one JSON object a line",
    "sarif": "SARIF 2.1.0, for code scanning",
    "github": "annotations in GitHub Actions",
    "gitlab": "GitLab Code Quality",
    "junit": "JUnit XML",
    "checkstyle": "Checkstyle XML",
    "rdjson": "Reviewdog Diagnostic Format",
    "markdown": "tables in Markdown, for a job's summary",
}
FOR_PEOPLE = ("text", "concise", "grouped")


def render(name: str, report: Report) -> Iterator[str]:
    """A report in a format of ``FORMATS``, piece by piece."""
    import importlib

    pieces: Iterator[str] = importlib.import_module(f"poollint.reports.{name}").render(report)
    return pieces


def write_all(
    session: Any, result: Any, findings: Sequence[Any], reports: Sequence[tuple[str, str]], options: dict[str, Any]
) -> None:
    """Write each (format, file) for a run; an empty file name is standard output. The summary goes to standard error.

    ``findings`` are those to show, ``options`` the command's: color, statistics, show_suppressed, quiet.
    """
    import sys

    if not findings and all(name in FOR_PEOPLE and not target for name, target in reports):
        return  # a clean run says nothing

    from poollint import __version__
    from poollint.reports.base import Report, Unread, fixable, summary

    report = Report(
        findings,
        files=list(dict.fromkeys(each.path for each in result.files)),
        unread=[Unread(each.path, each.message, each.failed) for each in result.unread],
        rule=lambda code: page_of(session, code),
        version=__version__,
    )
    for name, target in sorted(reports, key=lambda each: not each[1]):  # files first: a reader of the rest may leave
        if target:
            _write_file(target, render(name, report._replace(look=_look(options))))
            continue
        out = sys.stdout
        if hasattr(out, "reconfigure"):
            out.reconfigure(errors="backslashreplace")
        out.writelines(render(name, report._replace(look=_look(options, out))))
    told = summary(report)
    if told and not options.get("quiet") and any(name in FOR_PEOPLE for name, _ in reports):
        sys.stdout.flush()
        gap = "\n" if ("text", "") in [tuple(each) for each in reports] else ""
        more = fixable(report)
        sys.stderr.write(f"{gap}{told}\n{more}\n" if more else f"{gap}{told}\n")


def _look(options: dict[str, Any], out: Any = None) -> Any:
    import contextlib
    import os

    from poollint.reports.base import Look, wants_colour

    terminal = out is not None and out.isatty()
    colour = out is not None and wants_colour(options.get("color", "auto"), os.environ, terminal=terminal)
    width = 200
    if terminal:
        with contextlib.suppress(OSError):
            width = max(os.get_terminal_size(out.fileno()).columns - 8, 40)
    return Look(
        colour=colour,
        links=colour and terminal,
        width=width,
        statistics=bool(options.get("statistics")),
        show_suppressed=bool(options.get("show_suppressed")),
    )


def _write_file(path: str, pieces: Iterator[str]) -> None:
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as handle:
        handle.writelines(pieces)


def page_of(session: Any, code: str) -> RuleText | None:
    """The page of a rule, for reports that carry it."""
    from poollint.findings import SEVERITY_OF_EFFECT
    from poollint.reports.base import RuleText

    for brief in session.knowledge.rules.values():
        if brief["code"] != code:
            continue
        try:
            with open(session.knowledge.page_path(brief), encoding="utf-8") as handle:
                text = handle.read()
        except OSError:
            return None
        severity = brief.get("severity") or SEVERITY_OF_EFFECT[brief["effect"]]
        tags = (brief["system"], brief["topic"], brief["effect"])
        return RuleText(code, brief["name"], severity, tags, text, "")
    return None
