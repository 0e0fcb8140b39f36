"""``poollint check`` without its option parser: what runs on every commit imports no more than it needs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from poollint.cli.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_INTERNAL, EXIT_UNREAD, EXIT_USAGE, fail, say
from poollint.findings import SEVERITIES

if TYPE_CHECKING:
    from poollint import api


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
    if choice.select or choice.ignore or choice.extend_select:
        check_choice(choice, session.known())
    config = session.config_for("." if paths == ("-",) else paths[0])
    session.files.max_size = config.max_file_size  # type: ignore[attr-defined]
    if options["show_files"]:
        return _show_files(session, paths)
    result = _run(session, paths, options["stdin_filename"])
    return _finish(session, result, options, reports, config)


def _words(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _formats(texts: tuple[str, ...], output: str | None) -> list[tuple[str, str]]:
    """(format, file or "") of each report wanted."""
    from poollint.api import did_you_mean
    from poollint.reports import FORMATS

    wanted = [
        (name, target or output or "") for name, _, target in (text.partition("=") for text in texts or ("text",))
    ]
    for name, _ in wanted:
        if name not in FORMATS:
            fail(f"--format {name}: no such format{did_you_mean(name, FORMATS)}; there are {', '.join(FORMATS)}")
    if len({target for _, target in wanted}) < len(wanted):
        fail("--format: two reports would go to one place; name a file for one of them: --format json=report.json")
    return wanted


def _run(session: api.Session, paths: tuple[str, ...], stdin_name: str | None) -> api.Result:
    from poollint import api
    from poollint.config import ConfigError

    if "-" in paths:
        if len(paths) > 1:
            fail("`-` (standard input) cannot be mixed with other paths")
        return _run_stdin(session, stdin_name)
    try:
        return api.check_with(session, paths)
    except ConfigError as error:
        fail(str(error))


def _run_stdin(session: api.Session, name: str | None) -> api.Result:
    from poollint import api
    from poollint.files import MemoryFiles
    from poollint.source import Source

    path = name or "<stdin>"
    source = Source.from_bytes(path, sys.stdin.buffer.read(session.files.max_size + 1))  # type: ignore[attr-defined]
    session.files = MemoryFiles({path: source.text}, beneath=session.files)
    found = (session.options.as_system, True) if session.options.as_system else None
    found = found or api.recognise_text(session, path, source.text)
    if found is None:
        message = "is of no system that poollint knows; --stdin-filename NAME or --as SYSTEM says what it is"
        return api.Result([], [api.UnreadFile(path, message, "warning")], [])
    reading = session.read(source, found[0], named=found[1])
    return api.Result(session.check([reading]), [], [reading])


def _show_files(session: api.Session, paths: tuple[str, ...]) -> int:
    from poollint import api

    found = api.discover_with(session, paths)
    for each in found.candidates:
        sys.stdout.write(f"{each.path}: {each.system} ({each.reason})\n")
    for problem in found.problems:
        say(f"{problem.path}: {problem.message}")
    return EXIT_CLEAN if found.candidates else EXIT_UNREAD


def _finish(
    session: api.Session, result: api.Result, options: dict[str, Any], reports: list[tuple[str, str]], config: Any
) -> int:
    """Baseline, reports, exit status."""
    from poollint import reports as rendering

    min_severity = options["min_severity"] or config.min_severity
    fail_on = options["fail_on"] or config.fail_on
    known = _baselined(session, result, options, config)
    if known is None:
        return EXIT_CLEAN
    shown = [f for f in known if SEVERITIES.index(f.severity) >= SEVERITIES.index(min_severity)]
    for each in result.unread:
        if each.severity != "note" or options["verbose"]:
            say(f"{each.path}: {each.message}")
    if options["verbose"]:
        for reading in result.files:
            say(f"checked {reading.path} as {reading.system}")
    rendering.write_all(session, result, shown, reports, options)
    if any(each.severity == "internal" for each in result.unread):
        return EXIT_INTERNAL
    if any(each.failed for each in result.unread):
        return EXIT_UNREAD
    if not result.files:
        say("nothing to check: no file here is of a system that poollint knows")
        return EXIT_UNREAD
    if options["exit_zero"] or fail_on == "never":
        return EXIT_CLEAN
    level = SEVERITIES.index(fail_on)
    counted = (f for f in shown if f.suppressed is None)
    return EXIT_FINDINGS if any(SEVERITIES.index(f.severity) >= level for f in counted) else EXIT_CLEAN


def _baselined(session: api.Session, result: api.Result, options: dict[str, Any], config: Any) -> list[Any] | None:
    """The findings with those of the baseline marked; None when a baseline was written instead."""
    path = options["baseline"] or config.baseline
    if options["write_baseline"]:
        from poollint.engine.baseline import write_baseline

        count = write_baseline(options["write_baseline"], result.findings)
        say(f"recorded {count} findings in {options['write_baseline']}")
        return None
    if not path:
        return result.findings
    from poollint.engine.baseline import apply_baseline, read_baseline

    checked = [each.path for each in result.files]
    ran = _asked(session, config) if session.options.cli else None
    marked, gone = apply_baseline(result.findings, read_baseline(path), path, checked=checked, ran=ran)
    for line in gone:
        say(f"{path}: gone: {line}")
    return marked


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
