"""``poollint show``: what was understood of a file."""

from __future__ import annotations

from typing import Any

import click

from poollint.cli import words
from poollint.cli.errors import EXIT_UNREAD, fail


@click.command(short_help="Show the blocks and effective settings that were understood.")
@click.argument("paths", nargs=-1, required=True, metavar="FILE...", shell_complete=words.files)
@click.option(
    "--as",
    "as_system",
    metavar="SYSTEM",
    shell_complete=words.one_of(words.systems),
    help="Read the files as this system's, whatever their names say.",
)
@click.option("--target", "targets", multiple=True, metavar="SYSTEM=VERSION", help="Defaults of this version.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--config", "config_path", metavar="FILE", shell_complete=words.files, help="Use this configuration file."
)
@click.option("--isolated", is_flag=True, help="Ignore every configuration file.")
@click.option("--all", "everything", is_flag=True, help="In text, list the settings that are at their default too.")
def show(
    paths: tuple[str, ...],
    as_system: str | None,
    targets: tuple[str, ...],
    form: str,
    config_path: str | None,
    isolated: bool,
    everything: bool,
) -> int:
    """Show what was understood of FILE: blocks, effective settings with their origin, facts.

    \b
    poollint show pgbouncer.ini
    poollint show --target nginx=1.22 --format json /etc/nginx/nginx.conf
    """
    from poollint.cli.common import make_options, read_paths

    options = make_options(as_system, targets, config_path, isolated=isolated)
    readings, unread = read_paths(paths, options)
    for each in unread:
        if each.severity != "note":
            click.echo(f"poollint: {each.path}: {each.message}", err=True)
    from poollint.reports import show as view

    if form == "json":
        import json

        click.echo(json.dumps(view.as_json(readings), indent=2, ensure_ascii=True))
    else:
        _write_text(view, readings, everything=everything)
    if not readings:
        fail("nothing to show: no file here is of a system that poollint knows", EXIT_UNREAD)
    return EXIT_UNREAD if any(each.failed for each in unread) else 0


def _write_text(view: Any, readings: Any, *, everything: bool) -> None:
    for line in view.as_text(readings, everything=everything):
        click.echo(line)
