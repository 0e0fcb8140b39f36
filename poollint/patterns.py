"""Patterns of paths as .gitignore has them, by pathspec; imported only where there are patterns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pathspec import GitIgnoreSpec

if TYPE_CHECKING:
    from collections.abc import Iterable


class Patterns:
    """The lines of an ignore file, or of an option of the configuration: the last one that matches decides."""

    __slots__ = ("_lines", "_spec")

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = [line for line in lines if line.strip() and not line.startswith("#") and _is_pattern(line)]
        self._spec: Any = GitIgnoreSpec.from_lines(self._lines)

    def verdict(self, path: str) -> bool | None:
        """What is said of a path: True: matched, False: matched by a line with ``!``, None: nothing.

        A folder ends in ``/``.
        """
        found: bool | None = self._spec.check_file(path).include
        return found

    def holds(self, path: str) -> bool:
        """Whether a path, or a folder that it stands in, is matched."""
        return bool(self._spec.match_file(path))

    def __bool__(self) -> bool:
        return bool(self._lines)


def _is_pattern(line: str) -> bool:
    """Whether a line can be compiled: git, too, matches nothing with one such as ``!`` or ``[z-a]``."""
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True
