"""Files of ``java.util.Properties`` as entries that keep the place of every key and value.

The grammar is that of ``Properties.load``: ``#`` and ``!`` begin comments at the start of a line only, the first ``=``,
``:`` or blank ends a key, a backslash at the end of a line joins it with the next, blanks at the end of a value belong to
it. Never raises; an escape that Java refuses is noted, since it makes the whole file unreadable.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.source import Source

# a line with those that a backslash at its end joins to it; an even number of backslashes joins nothing
_LOGICAL = re.compile(r"(?:[^\\\r\n]|\\(?:\r\n|[\s\S]|\Z))+")
_KEY = re.compile(r"(?:[^\\=: \t\f\r\n]|\\(?:\r\n[ \t\f]*|[\r\n][ \t\f]*|[^\r\n]|\Z))*")
_BLANK = re.compile(r"(?:[ \t\f]|\\(?:\r\n|[\r\n]))*")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(\r\n|[\r\n])[ \t\f]*|([\s\S])|\Z)")
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_DOCUMENT = re.compile(r"[#!]---[ \t]*\Z")


class Entry(NamedTuple):
    """One property: decoded key and value, the offsets of both, and the number of its document."""

    key: str
    value: str
    key_start: int
    key_end: int
    start: int
    end: int
    document: int = 0


class Properties(NamedTuple):
    """``errors``: offsets of malformed ``\\u`` escapes."""

    entries: list[Entry]
    errors: list[int]


def parse(source: Source, *, documents: bool = False) -> Properties:
    """The properties of a text; with ``documents``, ``#---`` lines begin a new document, as Spring Boot has it."""
    found = Properties([], [])
    number = 0
    before = ""
    for start, end in _lines(source.text):
        text = source.text[start:end]
        if text[:1] in ("#", "!"):
            at_line_start = start == 0 or source.text[start - 1] in "\r\n"
            following = source.text[end : end + 3].lstrip("\r\n")[:1]
            if documents and at_line_start and _DOCUMENT.match(text) and text[0] not in (before, following):
                number += 1
            before = text[0]
            continue
        before = ""
        found.entries.append(_entry(source.text, start, end, number, found.errors))
    return found


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """The stretches of the logical lines that are not blank, blanks before them left out; comments join nothing."""
    at, size = 0, len(text)
    while at < size:
        if text[at] in " \t\f\r\n":
            at += 1
            continue
        if text[at] in "#!":
            end = at
            while end < size and text[end] not in "\r\n":
                end += 1
        else:
            match = _LOGICAL.match(text, at)
            end = match.end() if match is not None else at + 1
        yield at, end
        at = end


def _entry(text: str, start: int, end: int, number: int, errors: list[int]) -> Entry:
    key = _KEY.match(text, start, end)
    key_end = key.end() if key is not None else start
    value = _skip(text, key_end, end)
    if value < end and text[value] in "=:":
        value = _skip(text, value + 1, end)
    return Entry(
        _decoded(text, start, key_end, errors),
        _decoded(text, value, end, errors),
        start,
        key_end,
        value,
        end,
        number,
    )


def _skip(text: str, at: int, end: int) -> int:
    found = _BLANK.match(text, at, end)
    return found.end() if found is not None else at


def _decoded(text: str, start: int, end: int, errors: list[int]) -> str:
    part = text[start:end]
    if "\\" not in part:
        return part

    def put(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        if match[2]:
            return ""
        letter = match[3] or ""
        if letter == "u":
            errors.append(start + match.start())
        return _LETTERS.get(letter, letter)

    return _ESCAPE.sub(put, part)
