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
    if as_system and as_system not in systems:
        fail(f"--as {as_system}: no such system{api.did_you_mean(as_system, systems)}; there are {', '.join(systems)}")
    try:
        versions = api.parse_targets(targets, systems)
    except ValueError as error:
        fail(f"--target {error}")
    return api.Options(
        config_path=config_path or "", isolated=isolated, targets=versions, as_system=as_system or "", cli=cli
    )


def read_paths(paths: Sequence[str], options: api.Options) -> tuple[list[api.FileReading], list[api.UnreadFile]]:
    from poollint.config import ConfigError

    session = api.Session(options, DiskFiles())
    try:
        found = api.discover_with(session, paths)
        readings, unread = session.read_all((each.path, each.system, each.named) for each in found.candidates)
    except ConfigError as error:
        fail(str(error))
    return readings, [api.UnreadFile(*problem) for problem in found.problems] + unread
