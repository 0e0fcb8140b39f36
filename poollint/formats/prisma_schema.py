"""schema.prisma: the blocks that say how the database is reached, and how the client is made.

``datasource NAME { key = value … }`` and ``generator NAME { … }``; everything else (models, enums, types) is passed over.
Values are texts in quotes, ``env("X")``, words, or lists in brackets. ``//`` begins a comment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.source import Place

if TYPE_CHECKING:
    from poollint.source import Source

_BLOCK = re.compile(r"^[ \t]*(datasource|generator)[ \t]+(\w+)[ \t]*\{(?P<body>[^}]*)\}", re.M)
_PAIR = re.compile(
    r"""^[ \t]*(?P<key>\w+)[ \t]*=[ \t]*"""
    r"""(?P<value>"(?:[^"\\\n]|\\.)*"|env\([ \t]*"(?P<env>[^"\n]*)"[ \t]*\)|\[[^\]]*\]|[^\s/]+)""",
    re.M,
)


class Pair(NamedTuple):
    """``key = value``: ``text`` is the value without quotes, ``env`` the variable that holds it."""

    key: str
    key_place: Place
    text: str
    place: Place
    env: str


class SchemaBlock(NamedTuple):
    kind: str
    name: str
    place: Place
    pairs: list[Pair]


def parse(source: Source) -> list[SchemaBlock]:
    """The datasource and generator blocks in the order of the text."""
    return [_block(source, match) for match in _BLOCK.finditer(source.text)]


def _block(source: Source, match: re.Match[str]) -> SchemaBlock:
    pairs = []
    for pair in _PAIR.finditer(source.text, match.start("body"), match.end("body")):
        text = pair["value"]
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        pairs.append(
            Pair(
                pair["key"],
                Place(source, pair.start("key"), pair.end("key")),
                text,
                Place(source, pair.start("value"), pair.end("value")),
                pair["env"] or "",
            )
        )
    return SchemaBlock(match[1], match[2], Place(source, match.start(1), match.end(2)), pairs)
