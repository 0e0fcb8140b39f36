"""Repairs that several readers offer: what was plainly meant, in the words of the format."""

from __future__ import annotations

import re

from poollint.blocks import Edit, Fix
from poollint.source import Place

MILLISECONDS = {"ms": 1, "s": 1000, "sec": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000}


def comment_above(place: Place, kept: str, *, safe: bool = True) -> Fix | None:
    """The value alone, and the comment that stood behind it on a line of its own above; ``place`` is both of them."""
    text, source = place.text, place.source
    comment = text[len(kept) :].strip()
    line = source.text.rfind("\n", 0, place.start) + 1
    if not kept or not text.startswith(kept) or comment[:1] not in ("#", ";"):
        return None
    before = source.text[line : place.start]
    indent = before[: len(before) - len(before.lstrip())]
    edits = (Edit(Place(source, line, line), f"{indent}{comment}\n"), Edit(place, kept))
    return Fix("move the comment to a line of its own", edits, safe=safe)


def plain_milliseconds(text: str) -> str:
    """The number of milliseconds that a text such as ``30_000``, ``30s`` or ``30000 `` plainly means; else empty."""
    match = re.fullmatch(r"\s*([0-9]+(?:_[0-9]+)*)\s*([lL]|ms|s|sec|m|min|h)?\s*", text)
    if match is None or len(match[1]) > 15:
        return ""
    number = int(match[1].replace("_", ""))
    return str(number * MILLISECONDS.get((match[2] or "").lower(), 1))
