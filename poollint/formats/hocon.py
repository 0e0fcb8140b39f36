"""HOCON, the configuration language of Play, Slick and Akka, as flat entries that keep the place of every key and value.

A text whose braces or quotes do not match has no entries. Lists are no single values; an optional substitution
(``${?X}``) leaves what stands above it, any other keeps the value open. Never raises; time grows with the text alone.
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
    """``included``: further files are named, which are not followed."""

    entries: list[Entry]
    included: bool


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
        return Hocon([], parser.included)
    return Hocon(list(parser.entries.values()), parser.included)


def _tokens(text: str, start: int) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text, start):
        kind = match.lastgroup or "bad"
        if kind == "bad":
            raise _BrokenError
        if kind != "comment":
            yield _Token(match[kind] if kind == "mark" else kind, match[0], match.start(), match.end())


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.entries: dict[tuple[str, ...], Entry] = {}
        self.included = False
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
            parts.append(token)  # a colon or = inside of a value is lenient: Lightbend's library wants quotes
            self.at += 1
        while parts and parts[-1].kind == "space":
            parts.pop()
        if not parts and not listed:
            raise _BrokenError
        if listed:
            self.entries.pop(path, None)
            return
        self._note(path, parts, key_place)

    def _note(self, path: tuple[str, ...], parts: list[_Token], key_place: Place) -> None:
        references = [each for each in parts if each.kind == "reference"]
        if len(parts) == 1 and references and parts[0].text.startswith("${?"):
            return  # what stands above it holds where the variable is not set
        self.entries.pop(path, None)  # the last one counts, and stands last
        if len(parts) == 1 and parts[0].text == "null":
            return
        text = None if references else "".join(_said(each) for each in parts)
        self.entries[path] = Entry(path, text, key_place, Place(self.source, parts[0].start, parts[-1].end))

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
