"""Which source files may construct a pool: those that hold a word or name a module which every construction needs.

The tables of the client libraries give the words. A file is looked through as bytes, and nothing of it is parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# the languages that name their modules in quotes, with what may stand before the name
QUOTED = {"javascript": ("", "node:"), "go": ("",)}
QUOTES = (b'"', b"'", b"`")


def triggers(systems: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Language family -> the ``words`` and the ``modules`` (in quotes) of which a file must hold one."""
    found: dict[str, dict[str, set[str]]] = {}
    for system in systems.values():
        for table in system["found"]:
            family = table.get("language")
            if family:
                kind, words = _needed(table, family)
                found.setdefault(family, {"words": set(), "modules": set()})[kind].update(words)
    return {family: {kind: sorted(words) for kind, words in table.items()} for family, table in found.items()}


def _needed(table: Mapping[str, Any], family: str) -> tuple[str, list[str]]:
    """What every construction of a table needs to have in its file."""
    if _listed(table, "trigger"):
        return "words", _listed(table, "trigger")
    modules = [module for module in _listed(table, "module") if module]
    if family in QUOTED and modules and not table.get("local"):
        return "modules", modules
    return "words", _listed(table, "construct")


def _listed(table: Mapping[str, Any], key: str) -> list[str]:
    value = table.get(key, [])
    return [value] if isinstance(value, str) else list(value)


class Trigger:
    """Tells of a file's bytes whether it is worth to be parsed."""

    __slots__ = ("_strange", "_words")

    def __init__(self, family: str, table: Mapping[str, list[str]]) -> None:
        words = table.get("words", ())
        # where a word is part of another, it alone is looked for
        self._words = [word.encode() for word in words if not any(other in word for other in words if other != word)]
        names = [before + name for name in table.get("modules", ()) for before in QUOTED.get(family, ("",))]
        self._strange = frozenset(name.encode() for name in names).isdisjoint

    def holds(self, data: bytes) -> bool:
        """Whether a word or a module in quotes stands in it."""
        for word in self._words:
            if word in data:
                return True
        # what stands between two quotes is a whole part of the text split at them: faster than any expression
        return any(quote in data and not self._strange(data.split(quote)) for quote in QUOTES)
