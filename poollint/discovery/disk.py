"""What the disk says of a path before anything is read: a regular file or not, text or not, and how it begins.

Of a file the first 64 KiB are read at most, and a FIFO or a device is never waited for.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = 64 * 1024
_TO_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x7fELF", "an ELF program"),
    (b"\x89PNG", "a PNG image"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)


def slashes(path: str) -> str:
    return path.replace(os.sep, "/") if os.sep != "/" else path


def unfit(path: str) -> str | None:
    """Why a path is no file that could be read; never opens what might block."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if os.path.islink(path):
            return f"is a dangling link to {os.readlink(path)}"
        return error.strerror or str(error)
    except ValueError as error:  # a NUL in the path
        return str(error)
    if stat.S_ISREG(mode):
        return None
    for test, name in (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return f"is {name}, not a regular file"
    return "is not a regular file"


def opened(path: str) -> int:
    """A file descriptor to read from, which never blocks."""
    return os.open(path, _TO_READ)


def head_of(path: str, size: int = HEAD) -> bytes:
    """The first bytes of a file; a FIFO that took its place meanwhile does not block."""
    handle = opened(path)
    try:
        return os.read(handle, size)
    finally:
        os.close(handle)


def text_of(path: str) -> str:
    """The beginning of a file as text; empty for a binary file."""
    head = head_of(path)
    return "" if binary_kind(head) else head.decode("utf-8", "surrogateescape")


def once(read: Callable[[str], str], path: str) -> Callable[[], str]:
    """``read`` of a path, called at most once."""
    held: list[str] = []

    def text() -> str:
        if not held:
            held.append(read(path))
        return held[0]

    return text


def binary_kind(head: bytes) -> str:
    """What a file is whose beginning is no text, such as ``gzip``; empty for text (which may hold a stray NUL)."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if b"\0" not in head:
        return ""
    odd = sum(1 for byte in head if byte < 32 and byte not in (7, 8, 9, 10, 12, 13, 27))
    return "binary" if odd * 10 > len(head) else ""
