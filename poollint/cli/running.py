"""Runs a command so that whatever happens ends in a line and a status, never in a traceback."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from poollint.cli.errors import EXIT_CLEAN, EXIT_INTERNAL, EXIT_USAGE, CommandError, say

if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130


def guarded(command: Callable[[], int]) -> int:
    """The status of a command."""
    try:
        status = command()
        sys.stdout.flush()
    except CommandError as error:
        say(error.message)
        return error.status
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # the reader left: nobody wants the rest, and the interpreter must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_CLEAN
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
        return EXIT_INTERNAL
    except Exception as error:
        return _internal_error(error)
    return status


def _internal_error(error: Exception) -> int:
    from poollint.knowledge.catalogue import CatalogueError
    from poollint.knowledge.pages import PageError

    if isinstance(error, (CatalogueError, PageError)):
        say(str(error))
        return EXIT_USAGE
    if os.environ.get("POOLLINT_TRACEBACK"):
        raise error
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    say(
        f"internal error: {type(error).__name__}: {error} ({os.path.basename(last.filename)}:{last.lineno}); "
        "POOLLINT_TRACEBACK=1 shows more"
    )
    return EXIT_INTERNAL
