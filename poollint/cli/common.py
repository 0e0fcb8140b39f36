"""What several commands share: their options as a run's, with errors worded for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint import api
from poollint.cli.errors import fail
from poollint.files import DiskFiles
from poollint.knowledge.index import knowledge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poollint.config import CliChoice
    from poollint.knowledge.index import Knowledge


def make_options(
    as_system: str | None,
    targets: Sequence[str],
    config_path: str | None,
    *,
    isolated: bool = False,
    cli: CliChoice | None = None,
) -> api.Options:
    """Checked options; wrong words end the command with their closest match."""
    systems = knowledge().systems
    if as_system not in (None, "", *systems) or any(each.partition("=")[0] not in systems for each in targets):
        systems = knowledge_here(api.Options(config_path=config_path or "", isolated=isolated)).systems
    if as_system and as_system not in systems:
        from poollint.config import closest

        near = closest(as_system, systems)
        fail(f"--as {as_system}: no such system{near or '; there are ' + ', '.join(systems)}")
    try:
        versions = api.parse_targets(targets, systems)
    except ValueError as error:
        fail(f"--target {error}")
    return api.Options(
        config_path=config_path or "", isolated=isolated, targets=versions, as_system=as_system or "", cli=cli
    )


def knowledge_here(options: api.Options) -> Knowledge:
    """The knowledge with the user's own rules that the configuration of this directory names."""
    from poollint.config import ConfigError

    session = api.Session(options, DiskFiles())
    try:
        session.config_for(".")
    except ConfigError as error:
        fail(str(error))
    return session.knowledge


def read_paths(paths: Sequence[str], options: api.Options) -> tuple[list[api.FileReading], list[api.UnreadFile]]:
    from poollint.config import ConfigError

    session = api.Session(options, DiskFiles())
    try:
        found = api.discover_with(session, paths)
        readings, unread = session.read_all((each.path, each.system, each.named) for each in found.candidates)
    except ConfigError as error:
        fail(str(error))
    return readings, [api.UnreadFile(*problem) for problem in found.problems] + unread
