"""Edits of nginx statements: a line behind another, a statement taken away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import Edit, Fix
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

# The rest of a statement up to its semicolon; quotes, escapes, ${name} and comments may hold any sign.
_REST = re.compile(
    r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\$\{\w*\}|\\.|(?<=\s)\#[^\n]*\n|[^;{}"'\\])*;""", re.DOTALL
)
_TEMPLATE_SIGNS = ("{{", "{%", "<%", "%>")


def statement_end(place: Place) -> int | None:
    """The offset behind the semicolon of the statement that a place belongs to; None where it cannot be seen."""
    match = _REST.match(place.source.text, place.end)
    if place.text.endswith(";"):
        return place.end
    if match is None or any(sign in match[0] for sign in _TEMPLATE_SIGNS):
        return None
    return match.end()


def insert_after(place: Place, *statements: str) -> Edit | None:
    """The edit that puts statements behind the one at ``place``: on lines of their own where it has one."""
    end = statement_end(place)
    if end is None:
        return None
    text = place.source.text
    line_start = text.rfind("\n", 0, place.start) + 1
    before = text[line_start : place.start]
    indent = before[: len(before) - len(before.lstrip())]
    own_line = not any(sign in before for sign in "{};#")
    ending = "\r\n" if text[:end].endswith("\r\n") or "\r\n" in text[line_start : end + 2] else "\n"
    glue = ending + indent if own_line else " "
    return Edit(Place(place.source, end, end), "".join(glue + statement for statement in statements))


def removal(key: Place, value: Place) -> Edit | None:
    """The edit that takes away a statement from its name to its semicolon, with its line when it is alone there."""
    end = statement_end(value)
    if end is None or key.source is not value.source:
        return None
    text, start = key.source.text, key.start
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end + 1
    if not text[line_start:start].strip() and not text[end:line_end].strip():
        start, end = line_start, line_end
    return Edit(Place(key.source, start, end), "")


def reuse_fix(title: str, edits: Iterable[Edit | None]) -> Fix | None:
    """One fix of several edits, or none when one of them is not possible. It changes what the backend sees: unsafe."""
    kept: dict[tuple[str, int, int, str], Edit] = {}
    for edit in edits:
        if edit is None:
            return None
        kept[edit.place.source.path, edit.place.start, edit.place.end, edit.text] = edit
    return Fix(title, tuple(kept.values()), safe=False) if kept else None
