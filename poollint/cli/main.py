"""The ``poollint`` group: its commands are imported when they are called."""

from __future__ import annotations

import os
from typing import Any

import click

from poollint import __version__
from poollint.cli.errors import EXIT_CLEAN, EXIT_USAGE
from poollint.cli.running import guarded

COMMANDS = {
    "check": ("poollint.cli.check", "check"),
    "size": ("poollint.cli.size", "size"),
    "explain": ("poollint.cli.explain", "explain"),
    "rules": ("poollint.cli.rules", "rules"),
    "show": ("poollint.cli.show", "show"),
    "config": ("poollint.cli.config", "config"),
    "init": ("poollint.cli.init", "init"),
    "server": ("poollint.cli.server", "server"),
    "completion": ("poollint.cli.completion", "completion"),
}

STATUSES = (
    "Exit status: 0 clean, 1 findings, 2 wrong usage or configuration, 3 nothing to check or a named file that "
    "cannot be read, 4 an internal error."
)


class LazyGroup(click.Group):
    """Commands by name, each imported only when it is called or its help is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        import importlib

        found = COMMANDS.get(cmd_name)
        if found is None:
            return None
        command: click.Command = getattr(importlib.import_module(found[0]), found[1])
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from poollint.config import closest

            hint = closest(args[0], COMMANDS)
            if not hint and os.path.exists(args[0]):
                hint = f"; to check files: poollint check {args[0]}"
            raise click.UsageError(f"no command {args[0]!r}{hint}", ctx) from None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=STATUSES,
)
@click.version_option(__version__, "-V", "--version", message="poollint %(version)s")
def cli() -> None:
    """Check connection pools, keep-alive and timeouts where they are configured.

    \b
    poollint check                     this directory and all below it
    poollint check deploy/ nginx.conf  these
    poollint explain PGB048            why a rule exists and what to do
    poollint size --cores 8            how many connections?
    poollint init                      write a commented poollint.toml
    """


def run() -> int:
    """Run the command line; its exit status."""
    return guarded(_run)


def _run() -> int:
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        error.show()
        return error.exit_code if isinstance(error, click.FileError) else EXIT_USAGE
    return status if isinstance(status, int) else EXIT_CLEAN
