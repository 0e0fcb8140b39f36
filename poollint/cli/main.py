"""The ``poollint`` group: its commands are imported when they are called."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import click

from poollint import __version__

EXIT_CLEAN, EXIT_FINDINGS, EXIT_USAGE, EXIT_UNREAD, EXIT_INTERNAL = range(5)

COMMANDS = {
    "check": ("poollint.cli.check", "check"),
    "size": ("poollint.cli.size", "size"),
    "explain": ("poollint.cli.explain", "explain"),
    "rules": ("poollint.cli.rules", "rules"),
    "show": ("poollint.cli.show", "show"),
    "config": ("poollint.cli.config", "config"),
    "completion": ("poollint.cli.completion", "completion"),
}


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
            from poollint.api import did_you_mean

            hint = did_you_mean(args[0], COMMANDS)
            if not hint and os.path.exists(args[0]):
                hint = f"; to check files: poollint check {args[0]}"
            raise click.UsageError(f"no command {args[0]!r}{hint}", ctx) from None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 clean, 1 findings, 2 wrong usage or configuration, 3 nothing to check or an unreadable "
    "file, 4 an internal error.",
)
@click.version_option(__version__, "-V", "--version", message="poollint %(version)s")
def cli() -> None:
    """Check connection pools, keep-alive and timeouts where they are configured.

    \b
    poollint check                     this directory and all below it
    poollint check deploy/ nginx.conf  these
    poollint explain PGB048            why a rule exists and what to do
    poollint size --cores 8            how many connections?
    """


class Abort(click.ClickException):
    """An error of one line with an exit status of ours."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.exit_code = status  # type: ignore[misc]

    def show(self, file: Any = None) -> None:
        click.echo(f"poollint: {self.message}", file=file or sys.stderr, err=True)


def fail(message: str, status: int = EXIT_USAGE) -> NoReturn:
    raise Abort(message, status)


def run() -> int:
    """Run the command line; its exit status."""
    try:
        status = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        click.echo("poollint: interrupted", err=True)
        return 130
    except click.UsageError as error:
        error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # the reader left: nobody wants the rest, and the interpreter must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_CLEAN
    except OSError as error:
        click.echo(f"poollint: {error}", err=True)
        return EXIT_INTERNAL
    except Exception as error:  # the last resort: a line and a status, not a traceback
        return _internal_error(error)
    return status if isinstance(status, int) else EXIT_CLEAN


def _internal_error(error: Exception) -> int:
    from poollint.knowledge.catalogue import CatalogueError
    from poollint.knowledge.pages import PageError

    if isinstance(error, (CatalogueError, PageError)):
        click.echo(f"poollint: {error}", err=True)
        return EXIT_USAGE
    if os.environ.get("POOLLINT_TRACEBACK"):
        raise error
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    click.echo(
        f"poollint: internal error: {type(error).__name__}: {error} "
        f"({os.path.basename(last.filename)}:{last.lineno}); POOLLINT_TRACEBACK=1 shows more",
        err=True,
    )
    return EXIT_INTERNAL
