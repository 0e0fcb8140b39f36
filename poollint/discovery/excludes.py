"""What ``exclude`` and ``extend-exclude`` of the configuration keep out, of a walk and of the files that are named.

What poollint excludes by itself keeps out only what a walk meets: a file that the user names is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.config import DEFAULT_EXCLUDE, matches, shown
from poollint.discovery.globs import is_plain

if TYPE_CHECKING:
    from poollint.config import Config


class Excluder:
    """``exclude`` and ``extend-exclude``; plain names are looked up at once."""

    __slots__ = ("config", "names", "own_names", "own_patterns", "patterns")

    def __init__(self, config: Config) -> None:
        self.config = config
        # what poollint excludes by itself does not keep out a file that the user names
        own = config.extend_exclude if config.exclude is DEFAULT_EXCLUDE else (*config.exclude, *config.extend_exclude)
        self.names, self.patterns = _split((*config.exclude, *config.extend_exclude))
        self.own_names, self.own_patterns = _split(own)

    def of(self, base: str, path: str) -> bool:
        """Whether an entry of a walked directory is excluded; a directory's path ends in ``/``."""
        if base in self.names and (base in self.own_names or path.endswith("/")):
            return True  # by itself poollint excludes folders alone: .env may be a file
        if not self.patterns:
            return False
        inside = self.config.relative(path) + ("/" if path.endswith("/") else "")
        return matches(self.patterns, inside)

    def of_named(self, path: str) -> str:
        """What of the user's own patterns excludes a named file, for a message; empty: nothing."""
        if not self.own_names and not self.own_patterns:
            return ""
        inside = self.config.relative(path)
        if inside.startswith("../"):
            return ""
        where = shown(self.config.path) if self.config.path else "the configuration"
        for part in inside.split("/"):
            if part in self.own_names:
                return f"{part!r} in {where}"
        if not self.own_patterns or not matches(self.own_patterns, inside):
            return ""
        for pattern in self.own_patterns:
            if not pattern.startswith("!") and matches((pattern,), inside):
                return f"{pattern!r} in {where}"
        return where


def excluded_by(config: Config, path: str) -> str:
    """What of the user's own patterns keeps a file out, for a message; empty: nothing."""
    return Excluder(config).of_named(path)


def _split(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Plain names, and the patterns that need more; with a negation among them the order counts, so all do."""
    if any(pattern.startswith("!") for pattern in patterns):
        return frozenset(), patterns
    plain = frozenset(pattern for pattern in patterns if is_plain(pattern) and not set(pattern) & set("/\\ "))
    return plain, tuple(pattern for pattern in patterns if pattern not in plain)
