"""postgresql.conf: ``name [=] value  # comment``, one setting a line.

The tokens are those of PostgreSQL's own lexer, so that what it refuses is an error here and nothing else is. A line
that a template engine will rewrite before PostgreSQL sees it is never an error; its value is not known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from poollint.source import Source

_LETTER = r"A-Za-z_\x80-\U0010ffff"

_TOKEN = re.compile(
    rf"""
      (?P<blank>   (?: [ \t\r]+ | \#[^\n]* )+ )
    | (?P<end>     \n | \Z )
    | (?P<word>    [{_LETTER}][{_LETTER}0-9.:/-]* )
    | (?P<real>    [-+]?[0-9]*\.[0-9]*(?:[eE][-+]?[0-9]+)? )
    | (?P<integer> [-+]?(?:0x[0-9a-fA-F]+|[0-9]+)[a-zA-Z]* )
    | (?P<string>  '[^'\\\n]*(?:(?:\\[^\n]|'')[^'\\\n]*)*' )
    | (?P<equals>  = )
    | (?P<error>   [^\n] )
    """,
    re.VERBOSE,
)
_SKIP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_NAME = re.compile(rf"[{_LETTER}][{_LETTER}0-9]*(?:\.[{_LETTER}][{_LETTER}0-9]*)?")
_ESCAPE = re.compile(r"''|\\([0-7]{1,3}|[^\n])")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

_MARK = re.compile(r"\{\{|\{%|<%|\$\{|%\(\w+\)[sd]")
_BARE_MARK = re.compile(
    r"\$[A-Za-z_]\w*|@[A-Za-z_]\w*@|%%?[A-Za-z_]\w*%%?|__[A-Z0-9_]+__(?=[ \t\r]*(?:#|$))", re.MULTILINE
)
_CLOSERS = {"{{": "}}", "{%": "%}", "<%": "%>", "{#": "#}"}
_SETTING_HEAD = re.compile(rf"([{_LETTER}][{_LETTER}0-9.]*)[ \t]*(?:=[ \t]*|(?<=[ \t]))")

INCLUDES = frozenset({"include", "include_if_exists", "include_dir"})


class Entry(NamedTuple):
    """One setting or include: ``raw`` is the value without its quotes, None where a template will write it.

    ``start`` and ``end`` hold the name, ``value_start`` and ``value_end`` the value with its quotes, ``comment`` the
    text behind it from its ``#`` on.
    """

    name: str
    raw: str | None
    start: int
    end: int
    value_start: int
    value_end: int
    comment: str = ""

    @property
    def is_include(self) -> bool:
        return self.name.lower() in INCLUDES


class SyntaxProblem(NamedTuple):
    """A line that PostgreSQL refuses, at the token it stops at; ``near`` is empty at the end of the line."""

    start: int
    end: int
    near: str
    reason: str


class Tree(NamedTuple):
    """``nodes`` in the order of the text. ``templated``: some line is a template's; ``conditional``: a template decides
    which lines there are."""

    nodes: list[Entry | SyntaxProblem]
    templated: bool
    conditional: bool

    @property
    def entries(self) -> list[Entry]:
        return [node for node in self.nodes if isinstance(node, Entry)]

    @property
    def errors(self) -> list[SyntaxProblem]:
        return [node for node in self.nodes if isinstance(node, SyntaxProblem)]


def parse(source: Source) -> Tree:
    """Every line of the text as an entry or a problem."""
    return _Parser(source.text).run()


class _Parser:
    __slots__ = ("conditional", "nodes", "templated", "text", "unclosed")

    def __init__(self, text: str) -> None:
        self.text = text
        self.nodes: list[Entry | SyntaxProblem] = []
        self.templated = False
        self.conditional = False
        self.unclosed: set[str] = set()

    def run(self) -> Tree:
        text, at, size = self.text, 0, len(self.text)
        # Without such a character no line can be a template's, and no line needs a second look.
        suspicious = any(mark in text for mark in ("{{", "{%", "{#", "<%", "${", "%(", "$", "@", "__", "%"))
        while True:
            at = _SKIP.match(text, at).end()  # type: ignore[union-attr]
            if at >= size:
                return Tree(self.nodes, self.templated, self.conditional)
            at = (suspicious and self._template(at)) or self._line(at)

    def _template(self, start: int) -> int:
        """Where a line ends that a template writes; 0 when this line is none."""
        text = self.text
        end = _line_end(text, start)
        line = text[start:end]
        if line.startswith("{#"):
            self.templated = True
            return self._close(line, end)
        mark = _MARK.search(line)
        if mark is None:
            return self._bare_template(start, end)
        if _is_comment_before(line, mark.start()):
            return 0
        self.templated = True
        if "{%" in line or re.search(r"<%(?!=)", line):
            self.conditional = True
        last = self._close(line, end)
        self._templated_setting(start, last)
        return last

    def _close(self, line: str, end: int) -> int:
        """The end of the line on which the last tag of ``line``, which ends at ``end``, is closed."""
        for opener, closer in _CLOSERS.items():
            at = line.rfind(opener)
            if at < 0 or opener in self.unclosed or line.find(closer, at) >= 0:
                continue
            found = self.text.find(closer, end)
            if found >= 0:
                return _line_end(self.text, found)
            self.unclosed.add(opener)
        return end

    def _bare_template(self, start: int, end: int) -> int:
        """``port = $PORT`` and ``port = @PORT@``: nothing that PostgreSQL could read, so another program's to fill."""
        head = _SETTING_HEAD.match(self.text, start, end)
        if head is None or _BARE_MARK.match(self.text, head.end(), end) is None:
            return 0
        self.templated = True
        self._templated_setting(start, end)
        return end

    def _templated_setting(self, start: int, end: int) -> None:
        head = _SETTING_HEAD.match(self.text, start, end)
        if head is not None:
            value_end = head.end() + len(self.text[head.end() : end].rstrip())
            self.nodes.append(Entry(head[1], None, start, head.end(1), head.end(), value_end))

    def _line(self, start: int) -> int:
        """One line by the tokens; where the next begins."""
        text = self.text
        kinds: list[tuple[str, int, int]] = []
        at = start
        comment = ""
        while len(kinds) < 5:
            match = _TOKEN.match(text, at)
            assert match is not None
            kind = match.lastgroup or "error"
            at = match.end()
            if kind == "blank":
                found = match[0].find("#")
                comment = match[0][found:] if found >= 0 else ""
                continue
            kinds.append((kind, match.start(), at))
            if kind == "end":
                break
        node = self._entry(kinds, comment)
        self.nodes.append(node)
        if isinstance(node, Entry):
            return at
        return _line_end(text, node.start)

    def _entry(self, tokens: list[tuple[str, int, int]], comment: str) -> Entry | SyntaxProblem:
        text = self.text
        kind, start, end = tokens[0]
        if kind != "word" or _NAME.fullmatch(text, start, end) is None:
            return self._refused(tokens[0], "name")
        rest = tokens[1:]
        if rest[0][0] == "equals":
            rest = rest[1:]
        kind, value_start, value_end = rest[0]
        if kind not in ("word", "real", "integer", "string") or (kind == "word" and self._is_qualified(rest[0])):
            return self._refused(rest[0], "value")
        if rest[1][0] != "end":
            return self._refused(rest[1], "junk")
        raw = text[value_start:value_end]
        if kind == "string":
            raw = unquote(raw)
        return Entry(text[start:end], raw, start, end, value_start, value_end, comment)

    def _is_qualified(self, token: tuple[str, int, int]) -> bool:
        """``extra.conf``: the lexer takes it for a name with a dot, which is no value."""
        _, start, end = token
        dotted = _NAME.fullmatch(self.text, start, end)
        return dotted is not None and "." in dotted[0]

    def _refused(self, token: tuple[str, int, int], reason: str) -> SyntaxProblem:
        kind, start, end = token
        if kind == "end":
            return SyntaxProblem(start, start, "", reason)
        return SyntaxProblem(start, end, self.text[start:end], reason)


def unquote(text: str) -> str:
    """The value of a quoted string, quotes and escapes resolved."""
    inner = text[1:-1]
    if "\\" not in inner and "''" not in inner:
        return inner
    return _ESCAPE.sub(_unescape, inner)


def _unescape(match: re.Match[str]) -> str:
    escaped = match[1]
    if escaped is None:
        return "'"
    if escaped[0] in "01234567":
        return chr(int(escaped, 8) & 0xFF)
    return _ESCAPED.get(escaped, escaped)


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _is_comment_before(line: str, offset: int) -> bool:
    """Whether a comment begins before ``offset`` of a line; a # inside quotes begins none."""
    at = line.find("#", 0, offset)
    return at >= 0 and line.count("'", 0, at) % 2 == 0
