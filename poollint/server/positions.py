"""Offsets of a text as an editor counts: lines and code units from 0."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\n|\r")


class Spot(NamedTuple):
    line: int
    character: int


class Lines:
    """The lines of a text as the protocol divides them: at LF, CR LF and CR.

    ``encoding`` is what a client counts in: ``utf-16`` unless both sides agreed on ``utf-8`` or ``utf-32``.
    """

    __slots__ = ("_starts", "encoding", "text")

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text
        self.encoding = encoding
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def spot(self, offset: int) -> Spot:
        """Where a character offset is; one outside the text is at its nearer end."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._starts, offset) - 1
        return Spot(line, self._units(self.text[self._starts[line] : offset]))

    def offset(self, line: int, character: int) -> int:
        """The character offset of a spot; behind the end of a line is its end, in the middle of a pair its start."""
        if line < 0:
            return 0
        if line >= len(self._starts):
            return len(self.text)
        start = self._starts[line]
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)
        text = self.text[start:end].rstrip("\r\n")
        if text.isascii() or self.encoding == "utf-32":
            return start + min(max(character, 0), len(text))
        units = 0
        for at, sign in enumerate(text):
            units += self._units(sign)
            if units > character:
                return start + at
        return start + len(text)

    def _units(self, text: str) -> int:
        if text.isascii() or self.encoding == "utf-32":
            return len(text)
        if self.encoding == "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
