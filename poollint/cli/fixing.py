"""``poollint check --fix`` and ``--diff``."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from poollint.cli.checking import NAMELESS, finish
from poollint.cli.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_INTERNAL, EXIT_UNREAD, say
from poollint.fixes import Fixer, FixError, diff, encoded, write

if TYPE_CHECKING:
    from poollint import api
    from poollint.cli.checking import Marks
    from poollint.findings import Finding
    from poollint.fixes import Outcome

STDIN = ("-",)


def run_fixes(
    session: api.Session,
    paths: tuple[str, ...],
    options: dict[str, Any],
    reports: list[tuple[str, str]],
    marks: Marks,
) -> int:
    """Fix, write or show it, report what remains; the exit status."""
    candidates, passed = _candidates(session, paths, options["stdin_filename"])
    first: set[tuple[str, str, str]] | None = None

    def wanted(findings: list[Finding]) -> list[Finding]:
        """Those that were shown before anything moved: what a baseline or --since leaves out stays as it is."""
        nonlocal first
        if first is None:
            result = fixer.result(findings)
            first = {fixer.identity(each) for each in marks.mark(result) if each.suppressed is None}
        return [each for each in findings if fixer.identity(each) in first]

    within = [_root(path) for path in paths] + [marks.config.root]
    if paths == STDIN:
        within = [options["stdin_filename"] or NAMELESS]  # the files that it includes are not ours to write
    fixer = Fixer(session, candidates, unsafe=options["unsafe_fixes"], mark=wanted, within=within)
    outcome = fixer.run()
    outcome.result.unread[:0] = passed
    _tell(outcome, options)
    if options["diff"]:
        return _show(outcome)
    if paths == STDIN:
        return _filter(session, outcome, options, reports, marks)
    written = _write(outcome)
    status = finish(session, outcome.result, paths, options, reports, marks)
    return status if written or status == EXIT_INTERNAL else EXIT_UNREAD


def _root(path: str) -> str:
    """The folder that a named path allows to be changed."""
    return path if os.path.isdir(path) else os.path.dirname(os.path.abspath(path))


def _candidates(
    session: api.Session, paths: tuple[str, ...], stdin_name: str | None
) -> tuple[list[tuple[str, str, bool]], list[api.UnreadFile]]:
    """(path, system, named) of each file to check, and the files passed over."""
    from poollint import api
    from poollint.cli.checking import load_stdin

    if paths == STDIN:
        path, found = load_stdin(session, stdin_name)
        return ([], [found]) if isinstance(found, api.UnreadFile) else ([(path, *each) for each in found], [])
    discovered = api.discover_with(session, paths)
    return [(each.path, each.system, each.named) for each in discovered.candidates], [
        api.UnreadFile(*problem) for problem in discovered.problems
    ]


def _tell(outcome: Outcome, options: dict[str, Any]) -> None:
    for finding, reason in outcome.refused:
        say(f"{finding.path}:{finding.line}: the fix of {finding.code} ({finding.name}) is left out: {reason}")
    if options["verbose"]:
        for finding in outcome.fixed:
            title = finding.fix.title if finding.fix is not None else ""
            say(f"{finding.path}:{finding.line}: {finding.code} ({finding.name}): {title}")
    if outcome.fixed and not options["quiet"]:
        done = "would fix" if options["diff"] else "fixed"
        many = "" if len(outcome.fixed) == 1 else "s"
        files = f"{len(outcome.changed)} file" + ("" if len(outcome.changed) == 1 else "s")
        say(f"{done} {len(outcome.fixed)} finding{many} in {files}")


def _show(outcome: Outcome) -> int:
    """The changes as a patch on standard output."""
    out = sys.stdout.buffer
    for changed in outcome.changed:
        for line in diff(changed):
            out.write(encoded(line))
    out.flush()
    for each in outcome.result.unread:
        if each.failed:
            say(f"{each.path}: {each.message}")
    if any(each.failed for each in outcome.result.unread):
        return EXIT_UNREAD
    return EXIT_FINDINGS if outcome.changed else EXIT_CLEAN


def _filter(
    session: api.Session, outcome: Outcome, options: dict[str, Any], reports: list[tuple[str, str]], marks: Marks
) -> int:
    """Standard input, fixed, on standard output; the report goes to standard error."""
    given = session.files.load(options["stdin_filename"] or NAMELESS).text
    text = outcome.changed[0].after if outcome.changed else given
    sys.stdout.buffer.write(encoded(text))
    sys.stdout.buffer.flush()
    with contextlib.redirect_stdout(sys.stderr):
        return finish(session, outcome.result, STDIN, options, reports, marks)


def _write(outcome: Outcome) -> bool:
    """Write every changed file; whether all could be."""
    done = True
    for changed in outcome.changed:
        try:
            write(changed)
        except FixError as error:  # noqa: PERF203 - one file that cannot be written must not keep the others
            say(f"{changed.path}: {error}")
            done = False
    return done
