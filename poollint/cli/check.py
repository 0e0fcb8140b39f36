"""``poollint check``: its options. What it does stands in ``poollint.cli.checking``, which needs no click."""

from __future__ import annotations

from typing import Any

import click

from poollint.cli import words
from poollint.cli.checking import run_check
from poollint.cli.main import STATUSES
from poollint.reports import FORMATS

LEVELS = ("error", "warning", "info", "never")


RULES = words.one_of(words.rules, many=True)


@click.command(short_help="Check files and folders.", epilog=STATUSES)
@click.argument("paths", nargs=-1, metavar="[PATHS]...", shell_complete=words.files)
@click.option(
    "--as",
    "as_system",
    metavar="SYSTEM",
    shell_complete=words.one_of(words.systems),
    help="Read the named files as this system's, whatever their names.",
)
@click.option("--stdin-filename", metavar="NAME", help="The name of what comes in on standard input (path `-`).")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    shell_complete=words.one_of(words.formats),
    help=f"{', '.join(FORMATS)}; may be repeated, with a FILE for all but one.  [default: text]",
)
@click.option(
    "--output", metavar="FILE", shell_complete=words.files, help="Write the report to FILE instead of standard output."
)
@click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    shell_complete=RULES,
    help="Only these: codes and their beginnings, names, systems, topics, effects, ALL; several with commas.",
)
@click.option("--ignore", multiple=True, metavar="RULES", shell_complete=RULES, help="Not these.")
@click.option("--extend-select", multiple=True, metavar="RULES", shell_complete=RULES, help="These too.")
@click.option("--fail-on", type=click.Choice(LEVELS), help="Exit 1 from this severity on. [default: warning]")
@click.option("--min-severity", type=click.Choice(("error", "warning", "info")), help="Show from this severity on.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="SYSTEM=VERSION",
    shell_complete=words.one_of(words.systems, behind="="),
    help="Check for this version; may be repeated.",
)
@click.option(
    "--config", "config_path", metavar="FILE", shell_complete=words.files, help="Use this configuration file."
)
@click.option("--isolated", is_flag=True, help="Ignore every configuration file.")
@click.option("--fix", is_flag=True, help="Apply the safe fixes; what remains is reported and decides the exit status.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: those too that may change what runs.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, as a patch; write nothing. Exit 1 if any.")
@click.option("--since", metavar="REV", help="Only what the lines changed since this revision of git bring.")
@click.option("--baseline", metavar="FILE", shell_complete=words.files, help="Findings recorded in FILE do not count.")
@click.option("--write-baseline", metavar="FILE", shell_complete=words.files, help="Record today's findings in FILE.")
@click.option("--prune-baseline", is_flag=True, help="Drop from the baseline what is found no more.")
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Use N processes on a large tree. [default: one a core]"
)
@click.option("--statistics", is_flag=True, help="Count the findings by rule.")
@click.option("--show-suppressed", is_flag=True, help="Show suppressed findings too.")
@click.option("--show-files", is_flag=True, help="List the files that would be checked, and as what; check nothing.")
@click.option("--skip-foreign", is_flag=True, help="Pass over named files of no known system in silence (for hooks).")
@click.option("--preview", is_flag=True, help="Use preview rules.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 even when there are findings.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
@click.option("-v", "--verbose", is_flag=True, help="Say which files were checked and which were passed over.")
def check(paths: tuple[str, ...], **options: Any) -> int:
    """Check PATHS (files and folders; default: this directory) and report what is wrong.

    \b
    poollint check
    poollint check --target nginx=1.22 deploy/nginx
    poollint check --select PGB --fail-on error pgbouncer.ini
    poollint check --fix                         mend what can be mended safely
    poollint check --since origin/main           what this branch brings
    cat snippet.conf | poollint check - --stdin-filename nginx.conf

    A line `poollint: ignore[RULE] -- reason` in a comment suppresses a finding there.
    """
    return run_check(paths or (".",), options)
