"""``poollint completion``: the shell's completion script."""

from __future__ import annotations

import click

from poollint.cli.errors import EXIT_CLEAN
from poollint.cli.main import cli


@click.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script of SHELL.

    \b
    poollint completion bash > ~/.local/share/bash-completion/completions/poollint
    poollint completion zsh > ~/.zfunc/_poollint      with ~/.zfunc in fpath before compinit
    poollint completion fish > ~/.config/fish/completions/poollint.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "poollint", "_POOLLINT_COMPLETE").source())
    return EXIT_CLEAN
