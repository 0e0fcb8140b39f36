"""Which source files are parsed: by extension, then by a word that every construction of a pool needs."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from poollint.discovery.disk import opened
from poollint.formats.source_code import EXTENSIONS, FAMILIES, MAX_SOURCE
from poollint.knowledge.triggers import Trigger

if TYPE_CHECKING:
    from collections.abc import Mapping


class SourceFiles:
    """Tells which source files may construct a pool."""

    __slots__ = ("_languages", "_triggers")

    def __init__(self, triggers: Mapping[str, Mapping[str, Any]]) -> None:
        self._triggers = {family: Trigger(family, table) for family, table in triggers.items()}
        self._languages = {
            ending: language for ending, language in EXTENSIONS.items() if FAMILIES[language] in self._triggers
        }

    def language(self, path: str) -> str:
        """The language of a file by its extension, when there is anything to look for in it; else empty."""
        dot = path.rfind(".")
        return self._languages.get(path[dot:], "") if dot >= 0 else ""

    def wanted(self, path: str, language: str) -> bool:
        """Whether the file is a regular one that holds a trigger. OSError when it cannot be read."""
        handle = opened(path)
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return False
            data = os.read(handle, min(status.st_size, MAX_SOURCE))
        finally:
            os.close(handle)
        return self._triggers[FAMILIES[language]].holds(data)
