"""The syntax of pgbouncer.ini: sections, ``key = value`` lines, ``%include`` lines.

As in the program: blanks before an item mean nothing, a section header ends at its bracket, a value runs to the end
of its line, comments stand on their own lines, and the text ends at the first NUL byte. Where the program stops at a
syntax error, the tree holds an error node and goes on with the next line. Lines that only a template engine can read
are nodes of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from poollint.source import Source

SPACE = " \t\r\n\v\f"
BOM = "\ufeff"


class Section(NamedTuple):
    """``[name]``; ``start`` and ``end`` enclose the brackets."""

    name: str
    start: int
    end: int


class Entry(NamedTuple):
    """``key = value``; ``key_start`` to ``key_end`` is the key without its quotes, the value is trimmed."""

    key: str
    key_start: int
    key_end: int
    value: str
    value_start: int
    value_end: int
    quoted: bool


class Include(NamedTuple):
    """``%include path``; ``start`` is the percent sign, ``path_start`` to ``end`` the path."""

    path: str
    start: int
    path_start: int
    end: int


class Template(NamedTuple):
    """A line that a template engine replaces; ``control`` when it holds a statement (``{% if %}``)."""

    start: int
    end: int
    control: bool


class Error(NamedTuple):
    """A line that the program cannot read: ``kind`` says in what way."""

    kind: str
    start: int
    end: int


Node = Section | Entry | Include | Template | Error


class Tree(NamedTuple):
    """``nul`` is the offset of the first NUL byte, where the program stops reading; -1 without one."""

    nodes: list[Node]
    nul: int


_ITEM = re.compile(
    r"[ \t\r\n\v\f]*"
    r"(?:"
    r"(?P<end>\Z)"
    r"|(?P<comment>[#;][^\n]*)"
    r"|%include[ \t]+(?P<path>[^\n]*)"
    r"|\[(?P<section>[^\]\n]*)\]"
    r"|(?P<key>[A-Za-z0-9_.*-]*)[ \t]*=[ \t]*(?P<value>[^\n]*)"
    r"|'(?P<qkey>[^']+)'[ \t]*=[ \t]*(?P<qvalue>[^\n]*)"
    r"|(?P<bad>[^\n]+)"
    r")"
)
TEMPLATE = re.compile(
    r"\{\{|\{%|\{#|\$\{|<%|%\([A-Za-z_]\w*\)s|(?<![\w$])\$[A-Z_][A-Z0-9_]*\b|__[A-Z][A-Z0-9_]*__|@[A-Z][A-Z0-9_]+@"
)
_CONTROL = re.compile(r"\{%|\{#|<%(?!=)|\{\{-?\s*(?:if|else|end|range|with|#|/|/\*)")
_KEYLIKE = re.compile(r"[A-Za-z0-9_.*-]+[ \t]*(?P<colon>:)?")


def parse(source: Source) -> Tree:
    """The tree of a text; never raises, in linear time."""
    text = source.text
    nul = text.find("\0")
    if nul >= 0:
        text = text[:nul]
    nodes: list[Node] = []
    match_at = _ITEM.match
    at, size = 0, len(text)
    if text.startswith(BOM):
        nodes.append(Error("bom", 0, 1))
        at = 1
    while at < size:
        match = match_at(text, at)
        assert match is not None
        kind = match.lastgroup
        if kind == "value":
            nodes.append(_entry(match, "key", "value", quoted=False))
        elif kind == "section":
            nodes.append(Section(match["section"], match.start("section") - 1, match.end()))
        elif kind == "path":
            path = match["path"].rstrip(SPACE)
            begin = match.start("path")
            nodes.append(Include(path, text.rindex("%include", 0, begin), begin, begin + len(path)))
        elif kind == "qvalue":
            nodes.append(_entry(match, "qkey", "qvalue", quoted=True))
        elif kind == "bad":
            nodes.append(_bad(match))
        at = match.end()
    return Tree(nodes, nul)


def _entry(match: re.Match[str], key: str, value: str, *, quoted: bool) -> Entry:
    trimmed = match[value].rstrip(SPACE)
    begin = match.start(value)
    return Entry(match[key], match.start(key), match.end(key), trimmed, begin, begin + len(trimmed), quoted)


def _bad(match: re.Match[str]) -> Node:
    line = match["bad"].rstrip(SPACE)
    start = match.start("bad")
    end = start + len(line)
    if TEMPLATE.search(line):
        return Template(start, end, _CONTROL.search(line) is not None)
    return Error(_error_kind(line), start, end)


def _error_kind(line: str) -> str:
    """What is wrong with a line that no rule of the grammar reads."""
    for kind, starts in (
        ("comment-marker", ("//", "--", "/*")),
        ("section", ("[",)),
        ("include", ("%",)),
        ("double-quoted-key", ('"',)),
        ("quoted-key", ("'",)),
    ):
        if line.startswith(starts):
            return kind
    match = _KEYLIKE.match(line)
    if match is None:
        return "character"
    if match["colon"]:
        return "colon"
    return "no-equals" if match.end() == len(line) or "=" not in line else "character"
