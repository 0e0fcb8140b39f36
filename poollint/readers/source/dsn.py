"""The parameters of a connection string that stands in source code: a URL's query, or PostgreSQL's ``key=value`` words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.values import Entry, Folded
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OPEN = "\0"
_UNITS = {"ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 6e10, "h": 3.6e12}
_DIGITS = re.compile(r"[+-]?\d{1,15}")
_DECIMAL = re.compile(r"[+-]?\d{1,15}\.\d{1,15}")
_PART = re.compile(r"(\d{1,12}(?:\.\d{0,9})?|\.\d{1,9})(ns|us|µs|μs|ms|s|m|h)")
_DURATION = re.compile(rf"[+-]?(?:{_PART.pattern})+")
_WORD = re.compile(r"(?P<key>[A-Za-z_]\w*)\s*=\s*(?P<value>'(?:[^'\\]|\\.)*'|[^\s']*)")
_PAIR = re.compile(r"(?P<key>[^=&]+)=(?P<value>[^&]*)")


def parameters_of(folded: Folded, read: Callable[[str], Any] | None = None) -> dict[str, Entry] | None:
    """Parameter -> its value as ``read`` has it (``number_of`` by itself), placed where it stands in the literal; None when
    some may be out of sight."""
    read = read or number_of
    if folded.env:
        return None
    text = folded.value if isinstance(folded.value, str) else folded.shape
    if not text:
        return {} if folded.value == "" else None
    found = {}
    for key, value in pairs(text):
        if _OPEN in key:
            return None
        key_place, place = _placed(folded.place, key, value)
        found[key] = Entry(key_place, Folded(UNKNOWN if _OPEN in value else read(value), place))
    return None if _hides(text) else found


def number_of(text: str) -> int | str:
    """Digits as a number, a duration as Go writes it (``1h30m``) in nanoseconds, anything else as it stands."""
    if _DIGITS.fullmatch(text):
        return int(text)
    if not _DURATION.fullmatch(text):
        return text
    total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    return int(-total if text.startswith("-") else total)


def plain_value(text: str) -> int | float | bool | str:
    """A parameter of a URL that a library reads by the option's type: a number, a truth value, else a text."""
    if _DIGITS.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return {"true": True, "false": False}.get(text.lower(), text)


def pairs(text: str) -> Iterator[tuple[str, str]]:
    if "://" in text:
        query = text.partition("?")[2]
        for match in _PAIR.finditer(query):
            yield match["key"], match["value"]
        return
    for match in _WORD.finditer(text):
        yield match["key"], match["value"].strip("'")


def _hides(text: str) -> bool:
    """Whether an open part of the text may bring parameters of its own: one that is no single value."""
    if _OPEN not in text:
        return False
    if "://" in text:
        where, mark, query = text.partition("?")
        if not mark:  # the last part may hold a query of its own
            return where.endswith(_OPEN) and where.count("/") < 3
        return any("=" not in part for part in query.split("&") if _OPEN in part)
    rest = _WORD.sub(lambda match: "" if _OPEN not in match["key"] else _OPEN, text)
    return _OPEN in rest


def _placed(place: Place, key: str, value: str) -> tuple[Place, Place]:
    """The parameter's name and value inside the literal; no more than a point where its text is put together from
    several, since what stands there may hold a password."""
    whole = place.text
    if whole.isidentifier():
        return place, place
    at = whole.find(f"{key}={value}")
    known = at >= 0
    if not known:
        at = whole.find(f"{key}=")
    if at < 0:
        point = Place(place.source, place.start, place.start)
        return point, point
    middle = place.start + at + len(key) + 1
    name = Place(place.source, place.start + at, middle - 1)
    return name, Place(place.source, middle, middle + (len(value) if known else 0))
