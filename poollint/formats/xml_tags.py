"""The tags of an XML text, with the places of their attributes and of the text behind them.

Comments and CDATA hold no tags. Entities of values are resolved as far as XML itself names them. Never raises; linear time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TAGS = 20_000
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[?!][^<>]*>"
    r"|<(?P<close>/?)(?P<name>[A-Za-z_][\w:.-]*)(?P<rest>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"(?P<name>[A-Za-z_][\w:.-]*)\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')")
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class Attribute(NamedTuple):
    """``start`` and ``end`` are the offsets of the value, ``key_start`` that of the name."""

    name: str
    value: str
    key_start: int
    start: int
    end: int


class Tag(NamedTuple):
    """``text`` is what follows the tag up to the next one, at ``text_start``; ``depth`` counts the open tags around it."""

    name: str
    closes: bool
    empty: bool
    attributes: tuple[Attribute, ...]
    start: int
    end: int
    depth: int
    text: str

    def get(self, name: str) -> Attribute | None:
        return next((each for each in self.attributes if each.name == name), None)


def tags(text: str) -> Iterator[Tag]:
    """The tags in their order; a closing tag has the depth of the one that it closes."""
    depth = 0
    for count, match in enumerate(_TAG.finditer(text)):
        if count > MAX_TAGS:
            return
        if match["name"] is None:
            continue
        closes, empty = bool(match["close"]), match["rest"].endswith("/")
        depth -= closes
        following = text.find("<", match.end())
        inner = text[match.end() : following] if following >= 0 else ""
        found = tuple(_attributes(match["rest"], match.start("rest")))
        yield Tag(match["name"], closes, empty, found, match.start(), match.end(), depth, unescaped(inner))
        depth += not closes and not empty


def _attributes(text: str, at: int) -> Iterator[Attribute]:
    for match in _ATTRIBUTE.finditer(text):
        group = "double" if match["double"] is not None else "single"
        yield Attribute(
            match["name"],
            unescaped(match[group]),
            at + match.start("name"),
            at + match.start(group),
            at + match.end(group),
        )


def unescaped(text: str) -> str:
    """A text with XML's own entities resolved."""

    def sign(match: re.Match[str]) -> str:
        code = int(match[2]) if match[2] else int(match[3], 16) if match[3] else 0
        return _NAMED[match[1]] if match[1] else chr(code) if code < 0x110000 else match[0]

    return _ENTITY.sub(sign, text) if "&" in text else text
