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
    r"|(?P<comment>(?:#|//)[^\n]*)|(?P<long>/\*)|<<-?[ \t]*(?P<document>\w+)"
    r"|(?P<open>[{\[(])|(?P<close>[}\])])",
    re.M,
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
    match = _TOKEN.search(source.text)
    while match is not None:
        if match["resource"]:
            if depth == 0 and match["type"] in types:
                place = Place(source, match.start("type") - 1, match.end("name") + 1)
                current = Resource(match["type"], match["name"], place, [])
                resources.append(current)
            depth += 1
        elif match["attribute"]:
            if depth == 1 and current is not None:
                current.attributes.append(_attribute(source, match))
        elif match["open"]:
            depth += 1
        elif match["close"]:
            depth = max(depth - 1, 0)
            current = current if depth else None
        at = _end(source.text, match)
        match = _TOKEN.search(source.text, at) if at is not None else None
    return resources


def _end(text: str, match: re.Match[str]) -> int | None:
    """Where a token ends; None where it never does."""
    if match["long"]:
        end = text.find("*/", match.end())
        return end + 2 if end >= 0 else None
    if match["document"]:
        last = re.compile(rf"^[ \t]*{match['document']}\b", re.M).search(text, match.end())
        return last.end() if last is not None else None
    return match.end()


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
