"""What ignore files keep out of a walk: ``.gitignore`` and ``.poollintignore`` at every level of a repository.

The nearest file that speaks of a path decides, and in it the last line that does;
``.git/info/exclude`` speaks where none of them does.
"""

from __future__ import annotations

import os

IGNORE_FILES = (".gitignore", ".poollintignore")


class Ignores:
    """The rules of one ignore file, above those of the directories further up."""

    __slots__ = ("base", "further_up", "patterns")

    def __init__(self, base: str, lines: list[str], further_up: Ignores | None) -> None:
        from poollint.patterns import Patterns

        self.base = base
        self.patterns = Patterns(lines)
        self.further_up = further_up

    @classmethod
    def of(cls, folder: str, name: str, above: Ignores | None) -> Ignores | None:
        """With the rules of a folder's ignore file added; one that cannot be read adds none."""
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="surrogateescape") as handle:
                lines = handle.read().split("\n")
        except OSError:
            return above
        found = cls(os.path.abspath(folder), lines, above)
        return found if found.patterns else above

    @classmethod
    def above(cls, top: str) -> Ignores | None:
        """The rules that the folders above ``top`` have, from the root of its repository."""
        folders = []
        folder = os.path.abspath(top)
        while not os.path.exists(os.path.join(folder, ".git")):
            parent = os.path.dirname(folder)
            if parent == folder:
                return None  # no repository: only what stands beneath counts
            folder = parent
            folders.append(folder)
        found = None
        exclude = os.path.join(folder, ".git", "info", "exclude")
        if os.path.isfile(exclude):
            found = cls.of(folder, os.path.join(".git", "info", "exclude"), None)
        for each in reversed(folders):
            for name in IGNORE_FILES:
                if os.path.isfile(os.path.join(each, name)):
                    found = cls.of(each, name, found)
        return found

    def ignored(self, path: str, *, is_dir: bool = False) -> bool:
        """Whether an absolute path is ignored: the nearest file that speaks of it decides, in it the last line."""
        level: Ignores | None = self
        while level is not None:
            start = len(level.base) + (not level.base.endswith(os.sep))
            inside = path[start:].replace(os.sep, "/") + ("/" if is_dir else "")
            verdict = level.patterns.verdict(inside)
            if verdict is not None:
                return verdict
            level = level.further_up
        return False
