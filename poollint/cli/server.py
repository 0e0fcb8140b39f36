"""``poollint server``: for editors."""

from __future__ import annotations

import os
import sys

import click

from poollint.cli.errors import EXIT_CLEAN, fail


@click.command(short_help="Serve an editor (Language Server Protocol).")
@click.option("--stdio", is_flag=True, help="Speak over standard input and output; the only way, and the default.")
def server(stdio: bool) -> int:  # noqa: ARG001 - editors pass it to every server
    """Serve an editor over the Language Server Protocol: findings as one types, what a setting means, fixes.

    Editors start it; it needs pygls: pip install 'poollint[lsp]'.
    """
    from importlib.util import find_spec

    if find_spec("pygls") is None:
        fail("the editor server needs pygls: pip install 'poollint[lsp]'")
    import gc

    from poollint.server.app import make_server

    gc.enable()  # unlike a check, it lives for days
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "wb")  # the server closes it when the editor leaves
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that nothing else is ever written into it
    make_server().start_io(sys.stdin.buffer, channel)
    return EXIT_CLEAN
