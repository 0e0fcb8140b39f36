"""Exit statuses, and the error that ends a command with one line."""

from __future__ import annotations

import sys
from typing import NoReturn

EXIT_CLEAN, EXIT_FINDINGS, EXIT_USAGE, EXIT_UNREAD, EXIT_INTERNAL = range(5)


class CommandError(Exception):
    """What ends a command: a line for standard error and an exit status."""

    def __init__(self, message: str, status: int = EXIT_USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def fail(message: str, status: int = EXIT_USAGE) -> NoReturn:
    raise CommandError(message, status)


def unwritable(error: OSError, path: str = "") -> NoReturn:
    """End the command over a file that cannot be written; what names no file is nothing of the sort."""
    name = error.filename or path
    if not name or isinstance(error, BrokenPipeError):
        raise error
    fail(f"{name}: cannot be written: {error.strerror or error}")


def counted(number: int, what: str) -> str:
    """``1 file``, ``2 files``; ``entry`` becomes ``entries``."""
    many = what if number == 1 else f"{what.removesuffix('y')}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {many}"


def say(message: str) -> None:
    """A line on standard error, where everything goes that is no result."""
    sys.stderr.write(f"poollint: {message}\n")
