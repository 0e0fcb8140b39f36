"""The lines of a TOML text, for messages about its keys: the parser of TOML tells values alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEAD = re.compile(r"\s*(\[\[?)([^\]\n]+)\]\]?\s*(?:#.*)?$")
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_PARTS = re.compile(r"""[\w-]+|"([^"\n]*)"|'([^'\n]*)'""")
Path = tuple[str | int, ...]


class Lines:
    """On which line of a TOML text each key stands."""

    def __init__(self, text: str, prefix: Path) -> None:
        self.lines = text.split("\n")
        self.prefix = prefix
        self._found: dict[Path, int] | None = None

    def of(self, path: Path) -> int | None:
        """The line of a key, or of the nearest table around it; None when neither can be told."""
        found = self._found
        if found is None:
            found = self._found = self._scan()
        path = (*self.prefix, *path)
        while len(path) > len(self.prefix):
            if path in found:
                return found[path]
            path = path[:-1]
        return found.get(path)

    def of_item(self, path: Path, item: str) -> int | None:
        """The line of one text within the array of a key."""
        start = self.of(path)
        if start is None:
            return None
        quoted = (f'"{item}"', f"'{item}'")
        for number in range(start, min(start + 500, len(self.lines) + 1)):
            if any(text in self.lines[number - 1] for text in quoted):
                return number
        return start

    def _scan(self) -> dict[Path, int]:
        found: dict[Path, int] = {}
        counts: dict[Path, int] = {}
        table: Path = ()
        for number, line in enumerate(self.lines, 1):
            head = _HEAD.match(line)
            if head is not None:
                table = _indexed(_split(head[2]), counts)
                if head[1] == "[[":
                    count = counts[table] = counts.get(table, -1) + 1
                    table = (*table, count)
                for length in range(1, len(table) + 1):
                    found.setdefault(table[:length], number)
                continue
            key = _KEY.match(line)
            if key is not None:
                found.setdefault((*table, *_split(key[1])), number)
        return found


def _split(dotted: str) -> Path:
    return tuple(
        match[0] if match[1] is None and match[2] is None else match[1] if match[1] is not None else match[2]
        for match in _PARTS.finditer(dotted)
    )


def _indexed(path: Path, counts: Mapping[Path, int]) -> Path:
    """``overrides.severity`` behind the second ``[[overrides]]`` is ``overrides``, 1, ``severity``."""
    for length in range(len(path) - 1, 0, -1):
        if path[:length] in counts:
            return (*path[:length], counts[path[:length]], *path[length:])
    return path
