"""HOCON, the configuration language of Play, Slick and Akka, as flat entries that keep the place of every key and value.

A text whose braces or quotes do not match has no entries. Lists are no single values. A substitution gets what the same
text says, a value or all that stands below a key; an optional one (``${?X}``) of anything else leaves what stands above
it, any other keeps the value open. Never raises; time grows with the text alone.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.source import Source

MAX_DEPTH = 40
MAX_COPIES = 20_000  # values that substitutions of whole objects put in other places
ROUNDS = 3  # an object may be made of one that is made of another
_TOKEN = re.compile(
    r"(?P<space>[^\S\n]+)|(?P<line>\n)|(?P<comment>(?:\#|//)[^\n]*)"
    r'|(?P<triple>"{3}.*?"{3,})|(?P<quoted>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<reference>\$\{\??[^{}\n]*\})|(?P<mark>\+=|[{}\[\],:=])"
    r'|(?P<plain>(?:(?!//)[^\s"${}\[\],:=#+]|\+(?!=))+)|(?P<bad>.)',
    re.S,
)


class Entry(NamedTuple):
    """``text``: the value without its quotes; None where it is a list or only the running program knows it."""

    path: tuple[str, ...]
    text: str | None
    key_place: Place
    place: Place


class Hocon(NamedTuple):
    """``included``: further files are named, which are not followed. ``bare``: the colons and equals signs in values that
    want quotes; Lightbend's library refuses the text."""

    entries: list[Entry]
    included: bool
    bare: list[Place]


class _BrokenError(Exception):
    """A text that is no HOCON."""


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def parse(source: Source) -> Hocon:
    """The values of a text by their full paths; where a path stands twice, the last one."""
    parser = _Parser(source)
    try:
        parser.run()
    except _BrokenError:
        return Hocon([], parser.included, [])
    parser.substitute()
    return Hocon(list(parser.entries.values()), parser.included, parser.bare)


def _tokens(text: str, start: int) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text, start):
        kind = match.lastgroup or "bad"
        if kind == "bad":
            raise _BrokenError
        if kind != "comment":
            yield _Token(match[kind] if kind == "mark" else kind, match[0], match.start(), match.end())


class _Base(NamedTuple):
    """A substitution of what may be a whole object: where it goes, what it names, and where it stands."""

    path: tuple[str, ...]
    name: tuple[str, ...]
    key_place: Place
    place: Place
    optional: bool


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.entries: dict[tuple[str, ...], Entry] = {}
        self.included = False
        self.bare: list[Place] = []
        self.bases: list[_Base] = []
        self.open: dict[tuple[str, ...], list[_Token]] = {}  # values with substitutions in them
        self.tokens: list[_Token] = []
        self.at = 0

    def run(self) -> None:
        text = self.source.text
        self.tokens = [*_tokens(text, 1 if text.startswith("\ufeff") else 0), _Token("end", "", len(text), len(text))]
        above: list[tuple[str, ...]] = [()]
        self._blanks()
        braced = self._take("{")
        while True:
            self._blanks(",")
            if self._take("end"):
                if len(above) > 1 or braced:
                    raise _BrokenError
                return
            if self._take("}"):
                above.pop()
                if not above:
                    self._blanks()
                    if not braced or not self._take("end"):
                        raise _BrokenError
                    return
                continue
            self._field(above)

    def _peek(self) -> _Token:
        return self.tokens[self.at]

    def _take(self, kind: str) -> bool:
        if self.tokens[self.at].kind == kind:
            self.at += 1
            return True
        return False

    def _blanks(self, *more: str) -> None:
        while self.tokens[self.at].kind in ("space", "line", *more):
            self.at += 1

    def _field(self, above: list[tuple[str, ...]]) -> None:
        parts = self._until((":", "=", "+=", "{"))
        if not parts:
            raise _BrokenError
        if parts[0].text == "include" and len(parts) > 1:
            self.included = True
            return
        if self._peek().kind in ("line", "end", ",", "}", "[", "]"):
            raise _BrokenError
        path = (*above[-1], *_path(parts))
        key_place = Place(self.source, parts[0].start, parts[-1].end)
        adds = self._peek().kind == "+="
        if self._peek().kind != "{":
            self.at += 1
            self._blanks()
        self._value(above, path, key_place, adds=adds)

    def _until(self, marks: tuple[str, ...]) -> list[_Token]:
        """The tokens of a key, or of an include, up to a mark or the end of the line; blanks around them left out."""
        found: list[_Token] = []
        while (token := self._peek()).kind not in (*marks, "line", "end", ",", "}", "[", "]"):
            found.append(token)
            self.at += 1
        while found and found[-1].kind == "space":
            found.pop()
        return found

    def _value(self, above: list[tuple[str, ...]], path: tuple[str, ...], key_place: Place, *, adds: bool) -> None:
        parts: list[_Token] = []
        listed = adds
        while True:
            token = self._peek()
            if token.kind == "{":
                if any(each.kind not in ("reference", "space") for each in parts):
                    raise _BrokenError
                self._extend(path, parts, key_place)
                self.at += 1
                above.append(path)
                if len(above) > MAX_DEPTH:
                    raise _BrokenError
                return
            if token.kind == "[":
                self._list()
                listed = True
                continue
            if token.kind in ("line", "end", ",", "}"):
                break
            if token.kind in ("]", "+="):
                raise _BrokenError
            if token.kind in (":", "="):
                self.bare.append(Place(self.source, token.start, token.end))
            parts.append(token)
            self.at += 1
        while parts and parts[-1].kind == "space":
            parts.pop()
        if not parts and not listed:
            raise _BrokenError
        if listed:
            self.entries.pop(path, None)
            return
        self._note(path, parts, key_place)

    def _extend(self, path: tuple[str, ...], parts: list[_Token], key_place: Place) -> None:
        for each in parts:
            if each.kind == "reference":
                place = Place(self.source, each.start, each.end)
                self.bases.append(_Base(path, _named(each), key_place, place, each.text.startswith("${?")))

    def _note(self, path: tuple[str, ...], parts: list[_Token], key_place: Place) -> None:
        references = [each for each in parts if each.kind == "reference"]
        if references and all(each.kind in ("reference", "space") for each in parts):
            self._extend(path, parts, key_place)
        if len(parts) == 1 and references and parts[0].text.startswith("${?"):
            return  # what stands above it holds where the variable is not set
        self.entries.pop(path, None)  # the last one counts, and stands last
        self.open.pop(path, None)
        if len(parts) == 1 and parts[0].text == "null":
            return
        if references:
            self.open[path] = parts
        text = None if references else "".join(_said(each) for each in parts)
        self.entries[path] = Entry(path, text, key_place, Place(self.source, parts[0].start, parts[-1].end))

    def substitute(self) -> None:
        """Fill in what substitutions name, as far as this text says it."""
        self._fill()
        copies = 0
        for again in range(ROUNDS if self.bases else 0):
            below = self._below({base.name for base in self.bases})
            before = len(self.entries)
            for base in self.bases:
                inner = below.get(base.name, [])
                copies += len(inner)
                if base.path == base.name:
                    continue
                if copies > MAX_COPIES or not self._copy(base, inner, first=again == 0):
                    self._leave_open(base)
            if again == ROUNDS - 1 and len(self.entries) > before:  # a longer chain than we follow
                for base in self.bases:
                    self._leave_open(base)
        self._fill()

    def _leave_open(self, base: _Base) -> None:
        self.entries.setdefault(base.path, Entry(base.path, None, base.key_place, base.place))

    def _below(self, names: set[tuple[str, ...]]) -> dict[tuple[str, ...], list[Entry]]:
        found: dict[tuple[str, ...], list[Entry]] = {}
        for path, entry in self.entries.items():
            for size in range(1, len(path)):
                if path[:size] in names:
                    found.setdefault(path[:size], []).append(entry)
        return found

    def _fill(self) -> None:
        for path, parts in list(self.open.items()) if not self.included else ():
            text = self._joined(path, parts)
            if text is not None and path in self.entries:
                self.entries[path] = self.entries[path]._replace(text=text)
                del self.open[path]

    def _joined(self, path: tuple[str, ...], parts: list[_Token]) -> str | None:
        found = []
        for part in parts:
            if part.kind == "reference":
                named = _named(part)
                entry = self.entries.get(named) if named != path else None
                if entry is None or entry.text is None:
                    return None
                found.append(entry.text)
            else:
                found.append(_said(part))
        return "".join(found)

    def _copy(self, base: _Base, inner: list[Entry], *, first: bool) -> bool:
        """Put what stands below a name below another; False where it is not known what stands there."""
        size = len(base.name)
        if base.path[:size] == base.name or base.name[: len(base.path)] == base.path:
            return False
        for each in inner:
            path = (*base.path, *each.path[size:])
            before = self.entries.get(path)
            if before is None or (first and before.key_place.start < base.place.start):
                self.entries[path] = each._replace(path=path)
        if inner and base.path in self.open:
            del self.entries[base.path], self.open[base.path]
        return bool(inner) or base.name in self.entries or (base.optional and not self.included)

    def _list(self) -> None:
        depth = 0
        while True:
            token = self._peek()
            if token.kind == "end":
                raise _BrokenError
            self.at += 1
            depth += (token.kind in ("[", "{")) - (token.kind in ("]", "}"))
            if depth == 0:
                return


def _said(token: _Token) -> str:
    if token.kind == "triple":
        return token.text[3:-3]
    if token.kind != "quoted":
        return token.text
    try:
        return str(json.loads(token.text))
    except ValueError:
        raise _BrokenError from None


def _named(token: _Token) -> tuple[str, ...]:
    """The path that a substitution names."""
    inner = token.text[2:-1].removeprefix("?").strip()
    return tuple(each.strip().strip('"') for each in inner.split("."))


def _path(parts: list[_Token]) -> tuple[str, ...]:
    """``a.b."c.d"`` as its parts."""
    found = [""]
    for part in parts:
        if part.kind in ("quoted", "triple"):
            found[-1] += _said(part)
            continue
        first, *rest = part.text.split(".")
        found[-1] += first
        found += rest
    return tuple(each.strip() for each in found)
