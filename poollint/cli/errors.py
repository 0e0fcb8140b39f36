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


def say(message: str) -> None:
    """A line on standard error, where everything goes that is no result."""
    sys.stderr.write(f"poollint: {message}\n")
