"""The syntax of a PgBouncer connection string: ``key=value`` pairs between spaces.

[databases], [users] and [peers] hold such strings. Only the space separates: a tab belongs to the value it touches. A
value in single quotes may hold spaces, with two quotes for one; the character behind its closing quote is swallowed,
whatever it is.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Pair(NamedTuple):
    """One ``key=value``. Offsets count in the string; a quoted value's span holds its quotes, ``value`` does not.

    ``swallowed`` is the character behind a closing quote that the program skips (empty: a space or the end).
    ``gap`` tells that blanks stand between the equals sign and the value.
    """

    key: str
    key_start: int
    key_end: int
    value: str
    value_start: int
    value_end: int
    quoted: bool
    swallowed: str
    gap: bool


class ConnstrError(NamedTuple):
    """Where the program gives up: ``no-equals``, ``no-key``, ``unterminated`` or ``empty``."""

    kind: str
    start: int
    end: int


_PAIR = re.compile(r" *([^= ]*) *(?:(=)( *)(?:'([^']*(?:''[^']*)*)(')?|([^ ]*)))?")


def parse_connstr(text: str) -> tuple[list[Pair], ConnstrError | None]:
    """The pairs up to the first syntax error, and that error. Linear; never raises."""
    pairs: list[Pair] = []
    at, size = 0, len(text)
    while at < size:
        match = _PAIR.match(text, at)
        assert match is not None
        start, end = match.span(1)
        if match[2] is None:
            if start == size:
                break
            return pairs, ConnstrError("no-equals", start, end)
        if start == end:
            return pairs, ConnstrError("no-key", start, min(start + 1, size))
        quoted = match[6] is None
        if quoted:
            value_start, value_end, value = match.start(4) - 1, match.end(), match[4].replace("''", "'")
            if match[5] is None:
                return pairs, ConnstrError("unterminated", value_start, size)
        else:
            value_start, value_end, value = match.start(6), match.end(6), match[6]
        if not value:
            return pairs, ConnstrError("empty", start, value_end)
        after = text[value_end : value_end + 1]
        pairs.append(
            Pair(
                match[1],
                start,
                end,
                value,
                value_start,
                value_end,
                quoted,
                after if after != " " else "",
                bool(match[3]),
            )
        )
        at = value_end + 1
    return pairs, None
