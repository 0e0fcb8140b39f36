"""``poollint check`` without its option parser: what runs on every commit imports no more than it needs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from poollint.cli.errors import (
    EXIT_CLEAN,
    EXIT_FINDINGS,
    EXIT_INTERNAL,
    EXIT_UNREAD,
    EXIT_USAGE,
    counted,
    fail,
    say,
    unwritable,
)
from poollint.findings import SEVERITIES

if TYPE_CHECKING:
    from poollint import api
    from poollint.cli.progress import Progress


NAMELESS = "<stdin>"


def run_check(paths: tuple[str, ...], options: dict[str, Any]) -> int:
    """Check and report; the exit status. CommandError for wrong usage and configuration."""
    from poollint.config import ConfigError

    try:
        return _check(paths, options)
    except ConfigError as error:
        fail(str(error), EXIT_USAGE)


def _check(paths: tuple[str, ...], options: dict[str, Any]) -> int:
    from poollint import api
    from poollint.cli.common import make_options
    from poollint.config import CliChoice, check_choice
    from poollint.files import DiskFiles

    _check_usage(paths, options)
    choice = CliChoice(
        _words(options["select"]) or None,
        _words(options["ignore"]),
        _words(options["extend_select"]),
        True if options["preview"] else None,
    )
    run_options = make_options(
        options["as_system"], options["targets"], options["config_path"], isolated=options["isolated"], cli=choice
    )
    reports = _formats(options["formats"], options["output"])
    session = api.Session(run_options, DiskFiles())
    config = session.config_for("." if paths == ("-",) else paths[0])
    warnings = config.warnings
    if choice.select or choice.ignore or choice.extend_select:
        warnings = [*warnings, *check_choice(choice, session.known())]
    for each in warnings:
        say(f"warning: {each}")
    session.files.max_size = config.max_file_size  # type: ignore[attr-defined]
    if options["show_files"]:
        return _show_files(session, paths)
    marks = Marks(session, options, config, paths)
    if options["fix"] or options["diff"]:
        from poollint.cli.fixing import run_fixes

        return run_fixes(session, paths, options, reports, marks)
    result = _run(session, paths, options)
    return finish(session, result, paths, options, reports, marks)


def _check_usage(paths: tuple[str, ...], options: dict[str, Any]) -> None:
    """Options that mean nothing together end the command before anything is read."""
    if "-" in paths and len(paths) > 1:
        fail("`-` (standard input) cannot be mixed with other paths")
    if options["unsafe_fixes"] and not (options["fix"] or options["diff"]):
        fail("--unsafe-fixes goes with --fix or --diff")
    for name in ("write_baseline", "prune_baseline"):
        flag = "--" + name.replace("_", "-")
        if options[name] and options["since"]:
            fail(f"{flag} needs every finding, and --since leaves some out")
        if options[name] and options["diff"]:
            fail(f"{flag} writes, and --diff writes nothing")
    if options["write_baseline"] and options["prune_baseline"]:
        fail("--write-baseline records the findings anew: there is nothing to prune")


def _words(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _formats(texts: tuple[str, ...], output: str | None) -> list[tuple[str, str]]:
    """(format, file or "") of each report wanted."""
    from poollint.config import closest
    from poollint.reports import FORMATS

    wanted = [
        (name, target or output or "") for name, _, target in (text.partition("=") for text in texts or ("text",))
    ]
    for name, _ in wanted:
        if name not in FORMATS:
            fail(f"--format {name}: no such format{closest(name, FORMATS)}; there are {', '.join(FORMATS)}")
    if len({target for _, target in wanted}) < len(wanted):
        fail("--format: two reports would go to one place; name a file for one of them: --format json=report.json")
    return wanted


def _run(session: api.Session, paths: tuple[str, ...], options: dict[str, Any]) -> api.Result:
    from poollint import api
    from poollint.config import ConfigError

    if "-" in paths:
        return _run_stdin(session, options["stdin_filename"])
    watched = _watch(session, options)
    try:
        return api.check_with(session, paths, options["jobs"])
    except ConfigError as error:
        fail(str(error))
    finally:
        if watched is not None:
            watched.clear()


def _watch(session: api.Session, options: dict[str, Any]) -> Progress | None:
    """Show how far the run is, where somebody watches."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    from poollint.cli.progress import Progress, wanted

    if not wanted(options):
        return None
    session.progress = watched = Progress()
    return watched


def _run_stdin(session: api.Session, name: str | None) -> api.Result:
    from poollint import api

    path, found = load_stdin(session, name)
    if isinstance(found, api.UnreadFile):
        return api.Result([], [found], [])
    readings, unread = session.read_all([(path, *each) for each in found])
    findings = session.check(readings)
    return api.Result(findings, unread + session.failures, readings)


def load_stdin(session: api.Session, name: str | None) -> tuple[str, list[tuple[str, bool]] | api.UnreadFile]:
    """Put standard input among the session's files: its path, and what it is, or why it cannot be checked."""
    from poollint import api
    from poollint.files import MemoryFiles
    from poollint.source import Source

    path = name or NAMELESS
    most: int = session.files.max_size  # type: ignore[attr-defined]
    data = sys.stdin.buffer.read(most + 1)
    if len(data) > most:
        return path, api.UnreadFile(path, f"is longer than {most / 1048576:.3g} MiB (max-file-size)", "error")
    source = Source.from_bytes(path, data)
    session.files = MemoryFiles({path: source.text}, beneath=session.files)
    found = [(session.options.as_system, True)] if session.options.as_system else []
    found = found or api.recognise_all(session, path, source.text)
    if not found:
        message = "is of no system that poollint knows; --stdin-filename NAME or --as SYSTEM says what it is"
        return path, api.UnreadFile(path, message, "warning", "foreign")
    return path, found


def _show_files(session: api.Session, paths: tuple[str, ...]) -> int:
    from poollint import api

    found = api.discover_with(session, paths)
    for each in found.candidates:
        sys.stdout.write(f"{each.path}: {each.system} ({each.reason})\n")
    for problem in found.problems:
        say(f"{problem.path}: {problem.message}")
    return EXIT_CLEAN if found.candidates else EXIT_UNREAD


class Marks:
    """What is shown of a check's findings: not those of a baseline, not those from before ``--since``, not the minor."""

    def __init__(self, session: api.Session, options: dict[str, Any], config: Any, paths: tuple[str, ...]) -> None:
        self.session = session
        self.options = options
        self.config = config
        self.path: str = options["baseline"] or config.baseline or ""
        self.gone: list[Any] = []
        self._lowest = SEVERITIES.index(options["min_severity"] or config.min_severity)
        self._entries: Any = None
        self._changes: Any = None
        if options["prune_baseline"] and not self.path:
            fail("--prune-baseline needs a baseline: --baseline FILE, or baseline in the configuration")
        if options["since"]:
            from poollint.changes import since

            self._changes = since(options["since"], paths)

    def mark(self, result: api.Result) -> list[Any]:
        """The findings to show, those of the baseline marked as such."""
        findings: list[Any] = self._baselined(result)
        if self._changes is not None:
            from poollint.changes import introduced

            findings = introduced(findings, self._changes)
        return [each for each in findings if SEVERITIES.index(each.severity) >= self._lowest]

    def _baselined(self, result: api.Result) -> list[Any]:
        if not self.path or self.options["write_baseline"]:
            return result.findings
        from poollint.engine.baseline import apply_baseline, read_baseline

        if self._entries is None:
            self._entries = read_baseline(self.path)
        checked = [path for each in result.files for path in (each.path, *each.reading.included)]
        ran = _asked(self.session, self.config) if self.session.options.cli else None
        marked, self.gone = apply_baseline(result.findings, self._entries, self.path, checked=checked, ran=ran)
        return marked

    def tell_gone(self) -> None:
        """Name what the baseline holds in vain, and drop it where that is asked."""
        for line in self.gone:
            say(f"{self.path}: gone: {line}")
        if self.options["prune_baseline"]:
            from poollint.engine.baseline import prune_baseline

            left = prune_baseline(self.path, self.gone) if self.gone else len(self._entries or ())
            say(f"{self.path}: dropped {counted(len(self.gone), 'entry')}, {left} left")


def finish(
    session: api.Session,
    result: api.Result,
    paths: tuple[str, ...],
    options: dict[str, Any],
    reports: list[tuple[str, str]],
    marks: Marks,
) -> int:
    """Baseline, reports, exit status."""
    from poollint import reports as rendering

    if options["write_baseline"]:
        from poollint.engine.baseline import write_baseline

        count = write_baseline(options["write_baseline"], result.findings)
        _tell_files(result, options)
        say(f"recorded {counted(count, 'finding')} in {options['write_baseline']}")
        return _unread_status(result, paths, options) or EXIT_CLEAN
    shown = marks.mark(result)
    marks.tell_gone()
    _tell_files(result, options)
    try:
        rendering.write_all(session, result, shown, reports, options)
    except OSError as error:
        unwritable(error)
    status = _unread_status(result, paths, options)
    fail_on = options["fail_on"] or marks.config.fail_on
    if status is not None:
        return status
    if options["exit_zero"] or fail_on == "never":
        return EXIT_CLEAN
    level = SEVERITIES.index(fail_on)
    failing = any(SEVERITIES.index(each.severity) >= level for each in shown if each.suppressed is None)
    return EXIT_FINDINGS if failing else EXIT_CLEAN


def _tell_files(result: api.Result, options: dict[str, Any]) -> None:
    """What was passed over; with -v also in the usual cases, and what was checked."""
    verbose = options["verbose"]
    for each in result.unread:
        usual = each.severity == "note" or (each.kind == "foreign" and options["skip_foreign"])
        if verbose or not usual:
            say(f"{each.path}: {each.message}")
    for reading in result.files if verbose else ():
        say(f"checked {reading.path} as {reading.system}" + ("" if reading.reading.blocks else ": no pool in it"))


def _unread_status(result: api.Result, paths: tuple[str, ...], options: dict[str, Any]) -> int | None:
    """The status of a run that did not read all that it should have; None when it did."""
    if any(each.severity == "internal" for each in result.unread):
        return EXIT_INTERNAL
    if any(each.failed for each in result.unread):
        return EXIT_UNREAD
    if result.files:
        return None
    kinds = ("excluded", "foreign", "unsupported") if options["skip_foreign"] else ("excluded",)
    meant = {each.path for each in result.unread if each.kind in kinds}
    if meant and len(meant) >= len(set(paths)):
        return EXIT_CLEAN  # a hook names what it is given; all of it is left out on purpose
    if any(each.kind == "unsupported" for each in result.unread):
        say("nothing was checked: what was found here needs more to be installed")
    else:
        say("nothing to check: no file here, of those that are not excluded, is of a system that poollint knows")
    return EXIT_UNREAD


def _asked(session: api.Session, config: Any) -> set[str]:
    """The codes of the rules that the command line leaves in the run: what was not asked is not gone."""
    from poollint.config import CliChoice, selection_for

    active = selection_for(config, config.root, session.options.cli or CliChoice()).active
    return {
        brief["code"]
        for brief in session.knowledge.rules.values()
        if active(
            brief["code"],
            brief["name"],
            brief["system"],
            brief["topic"],
            brief["preview"],
            effect=brief.get("effect", ""),
            aliases=brief["aliases"],
        )[0]
    }
