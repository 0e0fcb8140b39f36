"""Which source files may construct a pool: those that hold a word which every construction needs.

The pages of the client libraries give the words; a file is looked through as bytes, and nothing of it is parsed.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from poollint.formats.source_code import EXTENSIONS, FAMILIES, MAX_SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping


class SourceFiles:
    """Tells which source files may construct a pool: by extension, then by a word that every construction needs."""

    __slots__ = ("_regexes", "_words", "triggers")

    def __init__(self, triggers: Mapping[str, str]) -> None:
        self.triggers = triggers
        self._words: dict[str, list[bytes] | None] = {}
        self._regexes: dict[str, re.Pattern[bytes]] = {}

    def language(self, path: str) -> str:
        """The language of a file by its extension, when there is anything to look for in it; else empty."""
        if not self.triggers:
            return ""
        language = EXTENSIONS.get(os.path.splitext(path)[1], "")
        return language if language and FAMILIES[language] in self.triggers else ""

    def wanted(self, path: str, language: str) -> bool:
        """Whether the file holds a trigger. OSError when it cannot be read."""
        family = FAMILIES[language]
        regex = self._regexes.get(family)
        if regex is None:
            regex = self._regexes[family] = re.compile(self.triggers[family].encode())
            self._words[family] = _plain_words(self.triggers[family])
        with open(path, "rb") as handle:
            data = handle.read(MAX_SOURCE)
        words = self._words[family]
        if words is not None and not any(word in data for word in words):
            return False  # looking for one word after the other is much faster than for any of them
        return regex.search(data) is not None


def _plain_words(pattern: str) -> list[bytes] | None:
    """The words of an alternation of plain words; None when a part of it is more than a word."""
    words = [re.sub(r"\\([^\w\s]| )", r"\1", part.replace(r"\b", "")) for part in pattern.split("|")]
    if any(re.escape(word) != part.replace(r"\b", "") for word, part in zip(words, pattern.split("|"), strict=True)):
        return None
    return [word.encode() for word in words]
