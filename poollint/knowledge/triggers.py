"""Which source files may construct a pool: those that hold a word or name a module which every construction needs.

The tables of the client libraries give the words. A file is looked through as bytes, and nothing of it is parsed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# the languages that name their modules in quotes, with what may stand before the name
QUOTED = {"javascript": ("", "node:"), "go": ("",)}
QUOTES = (b'"', b"'", b"`")
SHORTEST = 4
_NPM = re.compile(r"npm:/?((?:@[^/@]+/)?[^/@]+)(?:@[^/]*)?(/.*)?")


def module_name(text: str) -> str:
    """The name of a module without what Node and Deno may write around it: ``node:http``, ``npm:mysql2@3/promise``."""
    match = _NPM.fullmatch(text)
    return match[1] + (match[2] or "") if match is not None else text.removeprefix("node:")


def triggers(systems: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Language family -> ``words`` and ``modules`` (in quotes), of which a file must hold one, arranged to be found fast:
    ``after`` has what follows a first word that many share, ``stems`` the others by the longest part that several share."""
    found: dict[str, dict[str, set[str]]] = {}
    for system in systems.values():
        for table in system["found"]:
            family = table.get("language")
            if family:
                kind, words = _needed(table, family)
                found.setdefault(family, {"words": set(), "modules": set()})[kind].update(words)
    return {
        family: {"words": sorted(table["words"]), "modules": sorted(table["modules"]), **arranged(table["words"])}
        for family, table in sorted(found.items())
    }


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


def arranged(words: Iterable[str]) -> dict[str, Any]:
    """Words as ``Trigger`` looks for them: most files have none of a part that several share, and so none of them."""
    every = set(words)
    # the files with a word are among those with a part of it
    left = sorted(word for word in every if not any(other in word for other in every if other != word))
    after: dict[str, list[str]] = {}
    for word in left:
        first, blank, rest = word.partition(" ")
        if first and rest and not _overlaps(rest, first + blank):
            after.setdefault(first + blank, []).append(rest)
    after = {first: rests for first, rests in after.items() if len(rests) > 1}
    led = {first + rest for first, rests in after.items() for rest in rests}
    left = [word for word in left if word not in led]
    return {"after": after, "stems": _stems(left)}


def _overlaps(rest: str, first: str) -> bool:
    """Whether what follows holds another first word, or its end may be the beginning of one."""
    return first in rest or any(first.startswith(rest[at:]) for at in range(len(rest)))


def _stems(left: list[str]) -> list[tuple[str, list[str]]]:
    shared: dict[str, set[str]] = {}
    for word in left:
        for start in range(len(word)):
            for end in range(start + SHORTEST, len(word) + 1):
                shared.setdefault(word[start:end], set()).add(word)
    found = []
    for stem in sorted(shared, key=lambda each: (-len(each), each)):
        mine = sorted(shared[stem].intersection(left))
        if len(mine) > 1:
            found.append((stem, mine))
            left = [word for word in left if word not in mine]
    return [*found, *((word, [word]) for word in left)]


class Trigger:
    """Tells of a file's bytes whether it is worth to be parsed."""

    __slots__ = ("_after", "_modules", "_npm", "_stems")

    def __init__(self, family: str, table: Mapping[str, Any]) -> None:
        if "stems" not in table:
            table = {**table, **arranged(table.get("words", ()))}
        self._stems = [(stem.encode(), tuple(word.encode() for word in words)) for stem, words in table["stems"]]
        self._after = [
            (first.encode(), tuple(each.encode() for each in rests)) for first, rests in table["after"].items()
        ]
        names = [before + name for name in table.get("modules", ()) for before in QUOTED.get(family, ("",))]
        self._modules = frozenset(name.encode() for name in names)
        self._npm = family == "javascript"

    def holds(self, data: bytes) -> bool:
        """Whether a word or a module in quotes stands in it."""
        for first, rests in self._after:
            for part in data.split(first)[1:]:
                if part.startswith(rests):
                    return True
        for stem, words in self._stems:
            if stem in data:
                for word in words:
                    if word in data:
                        return True
        if self._modules:
            # what stands between two quotes is a whole part of the text split at them: faster than any expression
            strange = self._modules.isdisjoint
            for quote in QUOTES:
                if quote in data and not strange(data.split(quote)):
                    return True
        return self._npm and b"npm:" in data and self._holds_npm(data)

    def _holds_npm(self, data: bytes) -> bool:
        """Whether one of the modules is imported as Deno names those of npm."""
        return any(
            module_name(part.decode("utf-8", "replace")).encode() in self._modules
            for quote in QUOTES
            for part in data.split(quote)
            if part.startswith(b"npm:") and len(part) < 250
        )
