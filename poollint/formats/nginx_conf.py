"""nginx.conf: statements with their places, as nginx itself cuts them.

``parse(source)`` never raises. One regular expression takes a whole statement at a time; what it does not take is
walked token by token, and what nginx refuses there becomes an error of the tree. Arguments stay text until asked for.
Template tags (Jinja, ERB, Go templates) are blanked out at equal length before, so that every offset stays true.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from poollint.source import bytes_of

if TYPE_CHECKING:
    from poollint.source import Source

BUFFER = 4096  # bytes of one token or comment that nginx can hold
MAX_ERRORS = 20  # nginx stops at the first; more than a few help nobody
HOLE = "\ue000"  # stands for each character of a template expression

_WS = r"[ \t\r\n]"
_COMMENT = r"\#[^\n]*(?:\n|\Z)"
_SKIP = rf"{_WS}*(?:{_COMMENT}{_WS}*)*"
_GAP = rf"{_WS}+(?:{_COMMENT}{_WS}*)*"
_REST = r"[^ \t\r\n;{\\$]*(?:(?:\\.|\$\{*(?!\{))[^ \t\r\n;{\\$]*)*"
_BARE = rf"""(?:[^ \t\r\n;{{}}\#"'\\$]|\\.|\$\{{*(?!\{{)){_REST}"""
_QUOTED = r""""[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*'"""
_TOKEN = rf"(?:{_BARE}(?=[ \t\r\n;{{])|(?:{_QUOTED})(?:(?=[ \t\r\n;{{])|\){_REST}(?=[ \t\r\n;{{])))"
_PLAIN = r"""[^;{}#"'\\$]*(?:\$[^;{}#"'\\$]+)*"""

# A statement in two shapes (nothing special in it; anything), a closing brace, the end, or a byte that fits nowhere.
_STATEMENT = re.compile(
    rf"{_SKIP}(?:(\}})|([A-Za-z_][A-Za-z0-9_]*)(?=[ \t\r\n;{{]){_PLAIN}([;{{])"
    rf"|({_TOKEN})(?:{_GAP}{_TOKEN}){{0,50}}(?:{_GAP})?([;{{])|\Z|([^ \t\r\n]))",
    re.DOTALL,
)
_PIECE = re.compile(
    rf"({_WS}+)|(\#[^\n]*\n?)|([;{{}}])|({_QUOTED})|({_BARE})|(.)",
    re.DOTALL,
)
_RUN = re.compile(rf"(?:{_GAP}{_TOKEN}){{10,2000}}", re.DOTALL)
_SPECIAL = re.compile(r"""["'\\#)]""")
_WORD = re.compile(r"[^ \t\r\n]+")
_ESCAPE = re.compile(r"""\\(["'\\trn])""")
_ESCAPED = {'"': '"', "'": "'", "\\": "\\", "t": "\t", "r": "\r", "n": "\n"}
_LUA = re.compile(
    r"""--\[(=*)\[.*?(?:\]\1\]|\Z)|--[^\n]*|\[(=*)\[.*?(?:\]\2\]|\Z)|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|[{}]""",
    re.DOTALL,
)


class Word(NamedTuple):
    """One argument: its value, unquoted and unescaped, its place, and whether it was quoted."""

    value: str
    start: int
    end: int
    quoted: bool


class SyntaxFault(NamedTuple):
    """What nginx would refuse while it cuts the text; ``what`` is a short sentence."""

    what: str
    start: int
    end: int


class Node:
    """One statement. ``start`` to ``stop`` is its name, ``end`` the place of its ``;`` or ``{``.

    ``children`` is None for a simple statement; ``zone`` tells conditional template parts from each other (0: none).
    """

    __slots__ = ("children", "end", "name", "start", "stop", "zone")

    def __init__(self, name: str, start: int, stop: int, end: int) -> None:
        self.name = name
        self.start = start
        self.stop = stop
        self.end = end
        self.children: list[Node] | None = None
        self.zone = 0

    def __repr__(self) -> str:
        return f"Node({self.name!r} at {self.start})"


class Tree:
    """The statements of a file.

    ``text`` is the source's text with template tags blanked out (the very text where there are none). ``holes`` are the
    offsets at which a template puts in statements of its own; ``shaky`` when its conditional parts do not nest with the
    braces, so that no level can be trusted.
    """

    __slots__ = ("errors", "holes", "nodes", "shaky", "source", "templated", "text")

    def __init__(self, source: Source, text: str, *, templated: bool) -> None:
        self.source = source
        self.text = text
        self.templated = templated
        self.shaky = False
        self.nodes: list[Node] = []
        self.errors: list[SyntaxFault] = []
        self.holes: list[int] = []

    def args(self, node: Node) -> list[str]:
        """The arguments as nginx sees them: unquoted, unescaped."""
        raw = self.text[node.stop : node.end]
        if _SPECIAL.search(raw) is None and not raw.startswith("}"):  # a brace on a quoted name is no argument
            return _WORD.findall(raw)
        return [word.value for word in self.words(node)]

    def words(self, node: Node) -> list[Word]:
        """The arguments with their places."""
        found: list[Word] = []
        for match in _PIECE.finditer(self.text, node.stop, node.end):
            group = match.lastindex
            if group == 4:
                found.append(Word(unescape(match[0][1:-1]), match.start(), match.end(), quoted=True))
            elif group is not None and group >= 5:
                found.append(Word(unescape(match[0]), match.start(), match.end(), quoted=False))
        return found


def unescape(text: str) -> str:
    """The text of a token as nginx stores it."""
    return _ESCAPE.sub(lambda match: _ESCAPED[match[1]], text) if "\\" in text else text


def parse(source: Source) -> Tree:
    """The statements of ``source``; faults are errors of the tree."""
    text = source.text
    zones: list[int] = []
    holes: list[int] = []
    templated = False
    if "{{" in text or "{%" in text or "<%" in text or _LINE_TAG.search(text) is not None:
        text, zones, holes = _blank(text)
        templated = text is not source.text
    tree = Tree(source, text, templated=templated)
    tree.holes = holes
    _Parser(tree).run()
    if templated:
        tree.shaky = bool(tree.errors)
        tree.errors = []
        if zones:
            _mark_zones(tree.nodes, zones)
    return tree


class _Parser:
    """The walk over a text; apart from the tree so that a tree stays small."""

    __slots__ = ("errors", "level", "names", "open", "stack", "text", "tree")

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.text = tree.text
        self.errors = tree.errors
        self.names: dict[str, str] = {}
        self.stack: list[list[Node]] = []
        self.open: list[Node] = []
        self.level = tree.nodes

    def run(self) -> None:
        at: int | None = 0
        while at is not None and len(self.errors) < MAX_ERRORS:
            at = self._statements(at)
        if self.open:
            node = self.open[-1]
            self._fault(f'"{node.name}" has no closing "}}" before the end of the file', node.start, node.stop)

    def _statements(self, at: int) -> int | None:
        """Take statements from ``at`` on; the offset at which to go on, or None at the end."""
        names = self.names
        level, stack, opened = self.level, self.stack, self.open
        text = self.text
        for match in _STATEMENT.finditer(text, at):
            group = match.lastindex
            end = match.end()
            if end - match.start() > 1000:
                self._lengths(match.start(), end)
            if group == 3 or group == 5:  # noqa: PLR1714 - twice as fast as a tuple
                start, stop = match.span(group - 1)
                name = match[group - 1]
                if group == 5 and name[0] in "\"'\\":
                    name = _bare_name(name)
                name = names.setdefault(name, name)
                node = Node(name, start, stop, end - 1)
                level.append(node)
                if text[end - 1] == "{":
                    opened.append(node)
                    stack.append(level)
                    node.children = self.level = level = []
                    if name.endswith("_by_lua_block"):
                        return self._lua(end)
            elif group == 1:
                if stack:
                    self.level = level = stack.pop()
                    opened.pop()
                else:
                    self._fault('unexpected "}"', end - 1, end)
            elif group == 6:
                return self._slowly(end - 1)
        return None

    def _lua(self, at: int) -> int:
        """Skip the Lua of a block that has just been opened."""
        depth = 1
        for match in _LUA.finditer(self.text, at):
            if match[0] == "{":
                depth += 1
            elif match[0] == "}":
                depth -= 1
                if depth == 0:
                    return match.start()
        return len(self.text)

    def _slowly(self, at: int) -> int | None:
        """Take one statement token by token, from a place where the fast expression found no whole one."""
        text = self.text
        first: tuple[int, int] | None = None
        after_quote = False
        run = 0  # tokens since nothing was wrong: long runs are skipped at once
        match = _PIECE.match(text, at)
        while match is not None:
            group = match.lastindex
            start, at = match.span()
            if group == 1 or (group == 2 and not after_quote):
                after_quote = False
            elif group == 3 and text[start] != "}":
                if first is None:
                    self._fault(f'unexpected "{text[start]}"', start, at)
                    first = (start, start)
                return self._finish(first, start)
            elif group == 3 and not after_quote:
                if first is not None:
                    self._fault('unexpected "}"; the statement before it lacks its ";"', *first)
                    self._add(first, start)
                return start
            else:
                if after_quote and text[start] != ")":
                    self._fault(f'unexpected "{text[start]}" after a closing quote', start, start + 1)
                if group == 6 and text[start] in "\"'":
                    self._unclosed(start, first)
                    return None
                if first is None:
                    first = (start, at)
                after_quote = group == 4
                run += 1
            skipped = _RUN.match(text, at) if run > 20 else None
            match = _PIECE.match(text, at if skipped is None else skipped.end())
            after_quote = after_quote and skipped is None
        if first is not None:
            self._fault('unexpected end of file: a ";" or "}" is missing', *first)
            self._add(first, at)
        return None

    def _unclosed(self, start: int, first: tuple[int, int] | None) -> None:
        """A quote that nothing closes swallows the rest of the file."""
        if len(self.text) - start > BUFFER:
            self._fault(f"too long parameter: the quote {self.text[start]} is probably not closed", start, start + 1)
        else:
            self._fault(f"unexpected end of file: the quote {self.text[start]} is not closed", start, start + 1)
        if first is not None:
            self._add(first, len(self.text))

    def _finish(self, first: tuple[int, int], end: int) -> int:
        node = self._add(first, end)
        if self.text[end] == "{":
            self.open.append(node)
            self.stack.append(self.level)
            node.children = self.level = []
        elif not node.name:
            self.level.pop()
        return end + 1

    def _add(self, first: tuple[int, int], end: int) -> Node:
        node = Node(_bare_name(self.text[first[0] : first[1]]), first[0], first[1], end)
        self.level.append(node)
        return node

    def _fault(self, what: str, start: int, end: int) -> None:
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(SyntaxFault(what, start, end))

    def _lengths(self, start: int, end: int) -> None:
        """Fault the tokens and comments that do not fit nginx's buffer."""
        for match in _PIECE.finditer(self.text, start, end):
            length = match.end() - match.start()
            if match.lastindex == 1 or length <= BUFFER // 4:
                continue
            size = len(bytes_of(match[0]))
            if match.lastindex == 4:
                size -= 1  # the opening quote is not kept, the closing one must be seen
            elif match.lastindex == 2:
                size -= match[0].endswith("\n")
            if size >= BUFFER:
                kind = "comment" if match.lastindex == 2 else "parameter"
                self._fault(
                    f"too long {kind}: nginx reads at most {BUFFER - 1} bytes", match.start(), match.start() + 40
                )


def _bare_name(name: str) -> str:
    if name[:1] in ('"', "'") and len(name) > 1:
        quote = name[0]
        return unescape(name[1 : name.rindex(quote)] if name.rindex(quote) else name[1:])
    return unescape(name)


# Templates

# No tag runs over the opening of another one: so that a text full of openings still takes linear time.
_TAG = re.compile(
    r"(?P<comment>\{\#[^#{]*(?:(?:\#(?!\})|\{(?!\#))[^#{]*)*\#\}|<%\#[^%<]*(?:(?:%(?!>)|<(?!%))[^%<]*)*%>)"
    r"|(?P<print><%-?=[^%<]*(?:(?:%(?!>)|<(?!%))[^%<]*)*%>)"
    r"|(?P<word>\{%[^%{]*(?:(?:%(?!\})|\{(?!%))[^%{]*)*%\}|<%[^%<]*(?:(?:%(?!>)|<(?!%))[^%<]*)*%>)"
    r"|(?P<both>\{\{[^{}]*(?:(?:\{(?!\{)|\}(?!\}))[^{}]*)*\}\})"
    r"|(?P<line>(?m:^[ \t]*(?:\$\{[A-Za-z_]\w*\}|\$[A-Z][A-Z0-9_]*|%\w+%|@\w+@)[ \t\r]*$))",
)
_LINE_TAG = re.compile(r"(?m)^[ \t]*(?:\$\{[A-Za-z_]\w*\}|\$[A-Z][A-Z0-9_]*|%\w+%|@\w+@)[ \t\r]*$")
_JINJA_OPEN = frozenset(
    ("if", "for", "macro", "block", "filter", "call", "raw", "with", "autoescape", "foreach", "section", "unless")
)
_GO_BOUNDS = {"end": "close", "else": "middle", "#": "open", "/": "close", "^": "middle"}  # Handlebars and Mustache too
_GO_OPEN = frozenset(("if", "range", "with", "define", "block"))
_FIRST = re.compile(r"[^\w$}]*([\w$}]*)")
_VISIBLE = re.compile(r"[^\r\n]")


def _blank(text: str) -> tuple[str, list[int], list[int]]:
    """The text with template tags blanked; where conditional parts begin and end; where statements may be put in.

    Boundaries are offsets; the zone of an offset is the number of boundaries before it, made one number for a pair.
    """
    pieces: list[str] = []
    holes: list[int] = []
    zones = _Zones()
    last = 0
    for match in _TAG.finditer(text):
        tag = match[0]
        pieces.append(text[last : match.start()])
        last = match.end()
        kind = match.lastgroup
        role = _role(tag, kind or "")
        if role == "print" and not _alone(text, match.start(), match.end()):
            pieces.append(HOLE * len(tag))
            continue
        if role == "print":
            holes.append(match.start())
        elif role in ("open", "close", "middle"):
            zones.add(role, match.start())
        pieces.append(_VISIBLE.sub(" ", tag))
    if not last:
        return text, [], []
    pieces.append(text[last:])
    return "".join(pieces), zones.marks, holes


class _Zones:
    """Conditional parts as a flat list: offset, zone, offset, zone …; a zone ends where its parent's number returns."""

    __slots__ = ("count", "marks", "stack")

    def __init__(self) -> None:
        self.marks: list[int] = []
        self.stack: list[int] = [0]
        self.count = 0

    def add(self, role: str, at: int) -> None:
        if role in ("close", "middle") and len(self.stack) > 1:
            self.stack.pop()
        if role in ("open", "middle"):
            self.count += 1
            self.stack.append(self.count)
        self.marks += (at, self.stack[-1])


def _role(tag: str, kind: str) -> str:
    """What a tag does: print, open, close, middle, or nothing."""
    if kind in ("print", "line"):
        return "print"
    if kind == "comment":
        return ""
    inner = tag[2:-2].strip("-~+= \t\r\n")
    match = _FIRST.match(inner)
    word = match[1] if match is not None else ""
    if kind == "both":
        return _go_role(word, inner)
    if tag.startswith("{%"):
        return _jinja_role(word, inner)
    return _ruby_role(word, inner)


def _go_role(word: str, inner: str) -> str:
    if inner.startswith(("/*", "!")) or (word.startswith("$") and ":=" in inner):
        return ""
    if word in _GO_OPEN and inner[0] not in "#/^":
        return "open"
    return _GO_BOUNDS.get(inner[:1]) or _GO_BOUNDS.get(word, "print")


def _jinja_role(word: str, inner: str) -> str:
    if word.startswith("end"):
        return "close"
    if word in ("else", "elif", "elseif", "elsif"):
        return "middle"
    if word in _JINJA_OPEN or (word == "set" and "=" not in inner):
        return "open"
    return "print" if word in ("include", "extends", "import") else ""


def _ruby_role(word: str, inner: str) -> str:
    if word.startswith("}") or word == "end":
        return "middle" if inner.endswith("{") else "close"
    if word in ("else", "elsif", "when"):
        return "middle"
    if word in ("if", "unless", "for", "while", "case", "begin", "until") or inner.endswith(("{", "do", "|")):
        return "open"
    return ""


def _alone(text: str, start: int, end: int) -> bool:
    """Whether a tag has its line for itself, so that it stands for statements and not for a word."""
    before = text.rfind("\n", 0, start) + 1
    after = text.find("\n", end)
    if text[before:start].strip() or text[end : after if after >= 0 else len(text)].strip():
        return False
    previous = text[:before].rstrip()[-1:] if before < BUFFER else text[before - BUFFER : before].rstrip()[-1:]
    return previous in ("", ";", "{", "}") or "#" in text[text.rfind("\n", 0, max(before - 1, 0)) + 1 : before]


def _mark_zones(nodes: list[Node], marks: list[int]) -> None:
    """Give every node the number of the conditional part it stands in."""
    offsets = marks[::2]
    numbers = marks[1::2]
    pending = [nodes]
    while pending:
        for node in pending.pop():
            index = bisect_right(offsets, node.start) - 1
            if index >= 0:
                node.zone = numbers[index]
            if node.children:
                pending.append(node.children)
