"""Patterns of paths as .gitignore has them.

The usual ones (a name, an ending, a path from the root) are compared as text; the rest becomes a regular expression. A
library for this takes longer to import than a whole check takes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_WILD = frozenset("*?[\\")
_PART = re.compile(r"\\(.)|(\*+)|(\?)|\[([!^]?)(\]?(?:\\.|[^]\\])*)\]|([^\\*?[]+|.)", re.DOTALL)


class Pattern:
    """One line. ``test`` tells of a path and its last name whether it speaks of them."""

    __slots__ = ("keeps", "only_folders", "test")

    def __init__(self, line: str) -> None:
        self.keeps = line.startswith("!")
        body = line[1:] if self.keeps else line
        self.only_folders = body.endswith("/")
        self.test = _test(body[:-1] if self.only_folders else body)


def _test(body: str) -> Callable[[str, str], bool]:
    """A test of (path, its last name) for a pattern without ``!`` and the ``/`` at its end."""
    anchored = "/" in body
    plain = body.removeprefix("/")
    if not _WILD & set(plain):
        if anchored:
            return lambda path, _: path == plain
        return lambda _, name: name == plain
    ending = plain[1:]
    if not anchored and plain.startswith("*") and ending and not _WILD & set(ending):
        return lambda _, name: name.endswith(ending)
    regex = re.compile(_regex(plain if anchored else "**/" + plain))
    return lambda path, _: regex.fullmatch(path) is not None


def _regex(body: str) -> str:
    """``a/**/b*`` as a regular expression of whole paths."""
    text = ""
    parts = body.split("/")
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            text += "(?s:.+)" if last else "(?:(?s:.+)/)?"
        else:
            text += _PART.sub(_translated, part) + ("" if last else "/")
    return text


def _translated(match: re.Match[str]) -> str:
    escaped, stars, one, negated, members, other = match.groups()
    if escaped is not None:
        return re.escape(escaped)
    if stars:
        return "[^/]*"
    if one:
        return "[^/]"
    if members is not None:
        inner = re.sub(r"\\(.)|([\[&~|^\]])", lambda found: "\\" + (found[1] or found[2]), members)
        return f"(?!/)[{'^' if negated else ''}{inner}]"
    return re.escape(other)


class Patterns:
    """The lines of an ignore file, or of an option of the configuration: the last one that matches decides."""

    __slots__ = ("_patterns",)

    def __init__(self, lines: Iterable[str]) -> None:
        self._patterns: list[Pattern] = []
        for line in lines:
            body = _trimmed(line)
            if not body or body.startswith("#") or not body.lstrip("!").strip("/"):
                continue
            try:
                self._patterns.insert(0, Pattern(body))
            except re.error:  # such as a range the wrong way round: git, too, matches nothing with it
                continue

    def verdict(self, path: str) -> bool | None:
        """What is said of this very path: True: matched, False: matched by a line with ``!``, None: nothing.

        A folder ends in ``/``. What stands in a folder that is matched is the caller's to know: it goes with it.
        """
        folder = path.endswith("/")
        path = path.rstrip("/")
        name = path.rpartition("/")[2]
        for pattern in self._patterns:
            if (folder or not pattern.only_folders) and pattern.test(path, name):
                return not pattern.keeps
        return None

    def holds(self, path: str) -> bool:
        """Whether a path, or a folder that it stands in, is matched."""
        at = path.find("/")
        while 0 <= at < len(path) - 1:
            if self.verdict(path[: at + 1]):
                return True
            at = path.find("/", at + 1)
        return bool(self.verdict(path))

    def __bool__(self) -> bool:
        return bool(self._patterns)


def _trimmed(line: str) -> str:
    """A line without its end and the blanks before it, unless the last one is escaped."""
    line = line.rstrip("\r\n")
    stripped = line.rstrip(" \t")
    escapes = len(stripped) - len(stripped.rstrip("\\"))
    return stripped + " " if escapes % 2 and len(line) > len(stripped) else stripped
