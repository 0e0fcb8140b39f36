"""MySQL's option files (my.cnf): groups in brackets, ``name = value`` with dashes or underscores, names alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.source import Place

if TYPE_CHECKING:
    from poollint.source import Source

_LINE = re.compile(
    r"(?m)^[ \t]*(?:\[(?P<group>[^\]\n]*)\]"
    r"|(?P<name>[A-Za-z][\w-]*)[ \t]*(?:=[ \t]*(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s#]+)?)?)[ \t]*(?:#[^\n]*)?$"
)


class Option(NamedTuple):
    """``name`` with underscores; ``text`` without quotes, empty where the name stands alone."""

    group: str
    name: str
    key_place: Place
    text: str
    place: Place


def parse(source: Source) -> list[Option]:
    """The options in the order of the text; what stands before any group belongs to none and is left out."""
    options = []
    group = ""
    for match in _LINE.finditer(source.text):
        if match["group"] is not None:
            group = match["group"].strip()
        elif group:
            key_place = Place(source, match.start("name"), match.end("name"))
            given = match["value"] or ""
            place = Place(source, match.start("value"), match.end("value")) if given else key_place
            text = given[1:-1] if given[:1] in ("'", '"') else given
            options.append(Option(group, match["name"].replace("-", "_").lower(), key_place, text, place))
    return options
