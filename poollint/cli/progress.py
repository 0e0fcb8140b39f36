"""How far a long run is, for somebody who watches a terminal; gone before anything else is written."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DELAY = 1.0  # seconds before anything is shown
PAUSE = 0.1  # between two looks
_ERASE = "\r\x1b[K"


def wanted(options: Mapping[str, object]) -> bool:
    """Whether somebody watches: a terminal, no --quiet, no CI (which may well give its jobs a terminal)."""
    return (
        not options["quiet"] and not os.environ.get("CI") and os.environ.get("TERM") != "dumb" and sys.stderr.isatty()
    )


class Progress:
    """Call it with how many files are done, and of how many (0: nobody knows yet)."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._next = clock() + DELAY
        self._shown = False

    def __call__(self, done: int, of: int) -> None:
        now = self._clock()
        if now < self._next:
            return
        self._next = now + PAUSE
        text = f"checked {done} of {of} files" if of else f"looked at {done} files"
        self._write(f"{_ERASE}{text} ")
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            self._shown = False
            self._write(_ERASE)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._next = float("inf")  # nobody watches any more
