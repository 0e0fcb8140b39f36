"""Reading files for the readers: the real file system, or texts held in memory.

Includes are followed through here alone, so that bounds, errors and tests have one place. Paths are strings with ``/``.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
from fnmatch import translate
from typing import Protocol

from poollint.source import Source

MAX_FILE_SIZE = 64 * 1024 * 1024


class FileError(Exception):
    """A file that cannot be read; ``str()`` says why in one line, ``kind`` is a word for tests and reports."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Files(Protocol):
    """What a reader may ask of the world."""

    def load(self, path: str) -> Source:
        """The text of a file. FileError when it is missing, a directory, unreadable, too large, no regular file."""

    def glob(self, pattern: str) -> list[str]:
        """The paths that match a glob(3) pattern (no ``**``; a leading dot must be matched literally), sorted."""

    def kind(self, path: str) -> str:
        """``file``, ``dir``, ``other``, ``missing``, or ``unknown`` where nobody can tell."""


class DiskFiles:
    """The file system, each file read once."""

    def __init__(self, max_size: int = MAX_FILE_SIZE) -> None:
        self.max_size = max_size
        self._cache: dict[str, Source] = {}

    def load(self, path: str) -> Source:
        found = self._cache.get(path)
        if found is None:
            found = self._cache[path] = Source.from_bytes(path, self.read_bytes(path))
        return found

    def holds(self, source: Source) -> bool:
        """Whether a text is a file's as it was read here."""
        return self._cache.get(source.path) is source

    def read_bytes(self, path: str) -> bytes:
        """FileError for what is no readable regular file of a sane size; never blocks on a FIFO or device."""
        try:
            status = os.stat(path)
        except ValueError:  # a NUL or half a character, which no name holds
            raise FileError("missing", "No such file or directory") from None
        except OSError as error:
            if os.path.islink(path):
                raise FileError("missing", f"dangling link to {os.readlink(path)}") from None
            raise FileError("missing", _reason(error)) from None
        if stat.S_ISDIR(status.st_mode):
            raise FileError("directory", "is a directory")
        if not stat.S_ISREG(status.st_mode):
            raise FileError("special", "is not a regular file")
        if status.st_size > self.max_size:
            size = f"{status.st_size / 1048576:.0f} MiB"
            raise FileError(
                "too-large", f"is {size}; files over {self.max_size // 1048576} MiB are not read (max-file-size)"
            )
        try:
            with open(path, "rb") as handle:
                return handle.read()
        except OSError as error:
            raise FileError("unreadable", _reason(error)) from None

    def glob(self, pattern: str) -> list[str]:
        import glob

        return sorted(glob.glob(pattern))

    def kind(self, path: str) -> str:
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            return "missing"
        return "dir" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"


class MemoryFiles:
    """Texts by path, for examples and ``check_text``; ``beneath`` (the disk, say) is asked for what is not here.

    When the texts are not ``complete``, a path that is not here is no missing file but one that nobody can know: its
    kind is ``unknown``, and ``load`` raises FileError of that kind.
    """

    def __init__(self, texts: dict[str, str], beneath: Files | None = None, *, complete: bool = True) -> None:
        self.texts = {posixpath.normpath(path): text for path, text in texts.items()}
        self.beneath = beneath
        self.complete = complete

    def load(self, path: str) -> Source:
        text = self.texts.get(posixpath.normpath(path))
        if text is not None:
            return Source(path, text)
        if self.beneath is not None:
            return self.beneath.load(path)
        if self.kind(path) == "dir":
            raise FileError("directory", "is a directory")
        if not self.complete:
            raise FileError("unknown", "is not among the given texts")
        raise FileError("missing", "No such file or directory")

    def glob(self, pattern: str) -> list[str]:
        wanted = [re.compile(translate(part)) for part in posixpath.normpath(pattern).split("/")]
        hidden = [part.startswith(".") for part in posixpath.normpath(pattern).split("/")]
        found = []
        for path in self.texts:
            parts = path.split("/")
            if len(parts) == len(wanted) and all(
                shape.match(part) and (dot or not part.startswith("."))
                for shape, part, dot in zip(wanted, parts, hidden, strict=True)
            ):
                found.append(path)
        if self.beneath is not None:
            found += [path for path in self.beneath.glob(pattern) if path not in self.texts]
        return sorted(found)

    def kind(self, path: str) -> str:
        wanted = posixpath.normpath(path)
        if wanted in self.texts:
            return "file"
        if any(name.startswith(wanted + "/") for name in self.texts):
            return "dir"
        if self.beneath is not None:
            return self.beneath.kind(path)
        return "missing" if self.complete else "unknown"


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
