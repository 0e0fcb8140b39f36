"""Terraform: the plain attributes of resources, ``resource "TYPE" "NAME" { key = value … }``.

Blocks and maps inside of a resource are passed over, and so is what stands in comments and texts of several lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Container

    from poollint.source import Source

_TOKEN = re.compile(
    r"(?P<resource>^[ \t]*resource[ \t]+\"(?P<type>\w+)\"[ \t]+\"(?P<name>[\w-]+)\"[ \t]*\{)"
    r"|(?P<attribute>^[ \t]*(?P<key>\w+)[ \t]*=[ \t]*(?P<value>\"[^\"\\\n$]*\"|[\w.]+)[ \t]*(?=$|#|//))"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<comment>(?:#|//)[^\n]*|/\*.*?\*/)"
    r"|(?P<document><<-?[ \t]*(?P<end>\w+)[^\n]*\n.*?^[ \t]*(?P=end)\b)"
    r"|(?P<open>[{\[(])|(?P<close>[}\])])",
    re.M | re.S,
)


class Attribute(NamedTuple):
    """``text`` is the value without quotes; ``plain`` tells that it is a literal: a text, a number, true or false."""

    key: str
    key_place: Place
    text: str
    place: Place
    plain: bool


class Resource(NamedTuple):
    type: str
    name: str
    place: Place
    attributes: list[Attribute]


def parse(source: Source, types: Container[str]) -> list[Resource]:
    """The resources of some types in the order of the text."""
    resources: list[Resource] = []
    current: Resource | None = None
    depth = 0
    for match in _TOKEN.finditer(source.text):
        kind = match.lastgroup
        if match["resource"]:
            if depth == 0 and match["type"] in types:
                place = Place(source, match.start("type") - 1, match.end("name") + 1)
                current = Resource(match["type"], match["name"], place, [])
                resources.append(current)
            depth += 1
        elif match["attribute"]:
            if depth == 1 and current is not None:
                current.attributes.append(_attribute(source, match))
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(depth - 1, 0)
            current = current if depth else None
    return resources


def _attribute(source: Source, match: re.Match[str]) -> Attribute:
    value = match["value"]
    is_text = value.startswith('"')
    return Attribute(
        match["key"],
        Place(source, match.start("key"), match.end("key")),
        value[1:-1] if is_text else value,
        Place(source, match.start("value"), match.end("value")),
        is_text or value in ("true", "false") or value.isdigit(),
    )
