"""The syntax of proxysql.cnf (libconfig) and of the statements of ProxySQL's admin interface.

Both are cut by one expression each. What cannot be read is passed over: a missing comma or semicolon means nothing to
libconfig, and a statement that is none of ours ends at its semicolon.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from poollint.source import Source

MAX_TEXT = 4 * 1024 * 1024


class Entry(NamedTuple):
    """``name = value`` at the places of both; ``text`` is the value without its quotes."""

    name: str
    name_start: int
    name_end: int
    text: str
    start: int
    end: int
    quoted: bool


class Group(NamedTuple):
    """``{ … }`` and what stands in it; ``name`` is that of the setting that it belongs to, on every level."""

    name: str
    start: int
    entries: list[Entry]


class Statement(NamedTuple):
    """One statement: its words and values, each with its place; no blanks, no comments."""

    tokens: list[Token]
    start: int
    end: int


class Token(NamedTuple):
    text: str
    start: int
    end: int
    quoted: bool


_ITEM = re.compile(
    r"(?:#|//)[^\n]*|/\*.*?(?:\*/|\Z)|@include[^\n]*"
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<open>[{(\[])|(?P<close>[})\]])"
    r"|(?P<name>[A-Za-z*][\w*-]*)[ \t\r\n]*[:=]"
    r'|(?P<value>[^\s{}()\[\],;#"]+)'
    r"|\s+|.",
    re.S,
)
_STATEMENT_ITEM = re.compile(
    r"--[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z)"
    r"|(?P<string>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<word>[\w.@-]+)|(?P<sign>[=(),;*])|\s+|.",
    re.S,
)


def groups(source: Source) -> list[Group]:
    """Every ``{ … }`` of a cnf file that holds settings, in the order of the text."""
    found: list[Group] = []
    levels: list[tuple[str, Group | None]] = []
    name: re.Match[str] | None = None
    for match in _ITEM.finditer(source.text[:MAX_TEXT]):
        kind = match.lastgroup
        if kind == "name":
            name = match
        elif kind == "open":
            above = levels[-1][0] if levels else ""
            title = name["name"] if name is not None else above
            group = Group(title, match.start(), []) if match[0] == "{" else None
            if group is not None:
                found.append(group)
            levels.append((title, group))
            name = None
        elif kind == "close":
            if levels:
                levels.pop()
            name = None
        elif kind in ("string", "value") and name is not None:
            holder = levels[-1][1] if levels else None
            if holder is not None:
                holder.entries.append(_entry(name, match, kind))
            name = None
    return found


def _entry(name: re.Match[str], match: re.Match[str], kind: str) -> Entry:
    start, end = name.span("name")
    text = match[0][1:-1] if kind == "string" else match[0]
    return Entry(name["name"], start, end, text, match.start(), match.end(), kind == "string")


def statements(source: Source) -> list[Statement]:
    """The statements of a text, comments left out."""
    found: list[Statement] = []
    tokens: list[Token] = []
    for match in _STATEMENT_ITEM.finditer(source.text[:MAX_TEXT]):
        kind = match.lastgroup
        if match[0] == ";":
            if tokens:
                found.append(Statement(tokens, tokens[0].start, tokens[-1].end))
            tokens = []
        elif kind is not None:
            quoted = kind == "string"
            text = match[0][1:-1] if quoted else match[0]
            tokens.append(Token(text, match.start(), match.end(), quoted))
    if tokens:
        found.append(Statement(tokens, tokens[0].start, tokens[-1].end))
    return found
