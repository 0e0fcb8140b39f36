"""poollint as a library: texts and paths in, findings out.

``check_text`` and ``check_paths`` keep no state between calls, never print, and return picklable values, so that they can
be mapped over many files by several processes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.configured import Options
from poollint.files import DiskFiles, MemoryFiles
from poollint.session import FileReading, Session, UnreadFile
from poollint.targets import parse_targets
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poollint.config import Config
    from poollint.discovery.walk import Discovered
    from poollint.engine.judge import Policy
    from poollint.findings import Finding
    from poollint.knowledge.index import Knowledge

__all__ = [
    "FileReading", "Options", "Result", "Session", "UnreadFile", "check_paths", "check_text", "check_texts", "check_with",
    "discover_with", "parse_targets", "recognise_all",
]  # fmt: skip

ENOUGH = 300  # entries that one process looks at before others are asked for help


class Result(NamedTuple):
    """A whole run: findings in order of place, files that could not be read, and the readings for ``show``."""

    findings: list[Finding]
    unread: list[UnreadFile]
    files: list[FileReading]


def recognise_all(session: Session, path: str, text: str) -> list[tuple[str, bool]]:
    """(system, whether by name) of a text, by configuration, name, then content; several where they share the file."""
    from poollint.discovery.recognition import recognise

    found = recognise(path, text, session.knowledge.systems, session.config_for(path).files)
    if not found and session.knowledge.triggers:
        from poollint.formats.source_code import EXTENSIONS, FAMILIES

        language = EXTENSIONS.get(os.path.splitext(path)[1], "")
        if language and FAMILIES[language] in session.knowledge.triggers:
            return [(language, False)]
    return found


def check_text(
    text: str,
    path: str = "<text>",
    *,
    config: Config | None = None,
    system: str = "",
    targets: Mapping[str, str] | None = None,
    others: Mapping[str, str] | None = None,
) -> list[Finding]:
    """The findings of one text, as if it stood at ``path``.

    ``system`` names what it is (else name and content tell; a text that is nobody's has no findings); ``others`` holds
    further files by path that it may include. Nothing is read from the disk. ConfigError, ValueError for bad arguments.
    """
    return check_texts(
        {path: text, **(others or {})}, config=config, system=system, targets=targets, only=path
    ).findings


def check_texts(
    texts: Mapping[str, str],
    *,
    config: Config | None = None,
    system: str = "",
    targets: Mapping[str, str] | None = None,
    only: str = "",
    complete: bool = False,
    policy: Policy | None = None,
    known: Knowledge | None = None,
    extra_cards: tuple[Mapping[str, Any], ...] = (),
) -> Result:
    """``check_text`` for several files that belong together; ``complete`` when no other file exists."""
    session = Session(
        Options(
            config=config,
            isolated=config is None,
            as_system=system,
            targets={name: parse_version(version) for name, version in (targets or {}).items()},
            policy=policy,
            extra_cards=extra_cards,
        ),
        MemoryFiles(dict(texts), complete=complete),
        known=known,
    )
    candidates = []
    for path, text in texts.items():
        if only and path != only:
            continue
        if only and system:
            found = [(system, True)]
        else:
            found = recognise_all(session, path, text)
            if not found and system and _reads_files(session, system):
                found = [(system, False)]
        candidates += [(path, *each) for each in found]
    readings, unread = session.read_all(candidates)
    findings = session.check(readings)
    return Result(findings, unread + session.failures, readings)


def _reads_files(session: Session, system: str) -> bool:
    """Whether a system has files of its own; a client library stands in source code alone."""
    return "format" in session.knowledge.systems.get(system, {})


def check_paths(paths: Sequence[str], *, options: Options | None = None, jobs: int | None = 1) -> Result:
    """Check files and folders as the command does. ConfigError for a bad configuration; nothing is printed.

    ``jobs``: how many processes a large tree may take (None: one a core).
    """
    return check_with(Session(options or Options(), DiskFiles()), paths, jobs)


def discover_with(session: Session, paths: Sequence[str], jobs: int | None = 1) -> Discovered:
    """The files to check beneath ``paths``; those of a large run are read ahead by ``jobs`` processes (None: all cores)."""
    walk = session.walk(paths)
    if jobs != 1:
        steps = list(walk.steps)
        walk.run(ENOUGH)
        if walk.steps:
            from poollint.parallel.ahead import go_ahead

            session.ahead = go_ahead(session, walk, jobs, steps)
    walk.finish(session.progress)
    return walk.discovered()


def check_with(session: Session, paths: Sequence[str], jobs: int | None = 1) -> Result:
    """``check_paths`` within a session that is already set up."""
    found = discover_with(session, paths, jobs)
    readings, unread = session.read_all((each.path, each.system, each.named) for each in found.candidates)
    unread = [UnreadFile(*problem) for problem in found.problems] + unread
    readings += session.fleet_readings(readings, paths)
    findings = session.check(readings)
    return Result(findings, unread + session.failures, readings)
