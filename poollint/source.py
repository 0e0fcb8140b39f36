"""A file's text and its positions.

Offsets count characters of the decoded text from 0; lines and columns count from 1. A line ends at LF only, as
PgBouncer, nginx, Apache and PostgreSQL count them; a CR before the LF belongs to its line.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

TEXT_ENCODING = "utf-8"


def bytes_of(text: str) -> bytes:
    """The bytes that a stretch of a source was read from.

    An editor may also send half a pair of surrogates, which no file holds: it counts as its three bytes.
    """
    try:
        return text.encode(TEXT_ENCODING, "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(TEXT_ENCODING, "surrogatepass")


class Source:
    """One text under the name that findings show.

    ``text`` is what the bytes decode to as UTF-8; bytes that are no UTF-8 become lone surrogates (``surrogateescape``),
    so that nothing is lost and every offset still points at the byte it came from. A BOM stays: the programs that
    refuse it must be seen to refuse it.
    """

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] | None = None

    @classmethod
    def from_bytes(cls, path: str, data: bytes) -> Source:
        return cls(path, data.decode(TEXT_ENCODING, "surrogateescape"))

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            starts = [0]
            find = self.text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character offset."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        """The text of a line (from 1) without its line end; empty when there is no such line."""
        starts = self._line_starts()
        if not 1 <= line <= len(starts):
            return ""
        end = starts[line] - 1 if line < len(starts) else len(self.text)
        return self.text[starts[line - 1] : end].rstrip("\r")

    def line_count(self) -> int:
        return len(self._line_starts())

    def line_start(self, line: int) -> int:
        """The offset at which a line (from 1) begins."""
        return self._line_starts()[line - 1]

    def __repr__(self) -> str:
        return f"Source({self.path!r}, {len(self.text)} characters)"


class Place(NamedTuple):
    """A stretch of a source: ``start`` inclusive, ``end`` exclusive, as offsets."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]
