"""The syntax of Apache httpd's configuration: one directive a line, sections in angle brackets.

As in the program: a backslash at the end of a line joins the next one (in a comment too), ``#`` opens a comment only as
the first character of a line, the first word is the directive's name in any case, a word may stand in quotes, and a
section ends at the closing tag that stands alone at the start of a line. ``parse`` gives the directives in the order of
the text, each with the section that holds it. Bodies that are no configuration of their own (macros, embedded code) are
not looked into. Lines that only a template engine can read are nodes of their own.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from poollint.source import Source

SPACE = " \t\r\n\v\f"
BOM = "\ufeff"
_LINE = re.compile(r"[^\n]*")
_WORD = re.compile(
    r"[ \t\r\n\v\f]*"
    r"(?:\"(?P<double>(?:[^\"\\]|\\[\"\\]|\\(?![\"\\]))*)\"?"
    r"|'(?P<single>(?:[^'\\]|\\['\\]|\\(?!['\\]))*)'?"
    r"|(?P<bare>(?:\{\{[^}]{0,200}\}\}|\{%[^%]{0,200}%\}|<%[^%]{0,200}%>|[^ \t\r\n\v\f])+))"
)
_ESCAPED = {"double": re.compile(r"\\([\"\\])"), "single": re.compile(r"\\(['\\])"), "bare": re.compile(r"\\(\\)")}
OPAQUE = frozenset(("macro", "perl", "lua"))
TEMPLATE = re.compile(
    r"\$\{[^{}]*\}|\{\{|\{%|\{#|<%|<\?|#\{|@@?[A-Za-z_]\w*@@?|%[A-Za-z_]\w*%|%\([A-Za-z_]\w*\)s|__[A-Z][A-Z0-9_]*__"
    r"|(?<![\w$%])\{[A-Za-z_]\w*\}|\[\[|\]\]|(?<![\w$])\$\(?[A-Z_][A-Z0-9_]+\b"
)
_TEMPLATE_LINE = re.compile(r"\{\{|\{%|\{#|<%|<\?|@@?[A-Za-z_]\w*@@?|%[A-Za-z_]\w*%|\[\[|#\{|__[A-Z]|\$\{")
_CONTROL = re.compile(r"\{%|<%(?!=)|<\?|\{\{-?\s*(?:if|else|end|range|with|#|/|\^)")
_BRACKETS = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>", "<?": "?>"}


class Word(NamedTuple):
    """One argument: its value without quotes, and where it stands with them."""

    value: str
    start: int
    end: int
    quoted: bool


class Directive:
    """One directive or the opening tag of a section.

    ``name`` is as written, without ``<``; ``parent`` the section that holds it; ``end`` the end of its last word.
    For a section ``close`` is the offset of its closing tag, -1 when it has none.
    """

    __slots__ = ("args_end", "args_start", "close", "end", "name", "parent", "section", "start", "template", "words")

    def __init__(self, name: str, start: int, end: int, words: list[Word], parent: Directive | None, *, section: bool):
        self.name = name
        self.start = start
        self.end = end
        self.words = words
        self.parent = parent
        self.section = section
        self.close = -1
        self.template = False
        self.args_start = words[0].start if words else end
        self.args_end = words[-1].end if words else end

    @property
    def lower(self) -> str:
        return self.name.lower()

    def __repr__(self) -> str:
        return f"Directive({self.name!r}, {[word.value for word in self.words]!r})"


class Fault(NamedTuple):
    """A line that the program refuses for its form alone. ``name`` is the tag's, ``other`` the one that it meets."""

    kind: str
    start: int
    end: int
    name: str = ""
    other: Directive | None = None


class Tree(NamedTuple):
    """``directives`` in the order of the text. ``control`` when a template engine's statements choose among the lines;
    ``macros`` when macros may open or close sections."""

    directives: list[Directive]
    faults: list[Fault]
    control: bool
    macros: bool


class _Logical:
    """A line with its continuations: the joined text, and where each piece of it stands in the source."""

    __slots__ = ("end", "pieces", "starts", "text")

    def __init__(self, text: str, starts: list[int], pieces: list[int], end: int) -> None:
        self.text = text
        self.starts = starts  # offsets in the source at which the pieces begin
        self.pieces = pieces  # the same within the joined text
        self.end = end

    def at(self, offset: int) -> int:
        if len(self.starts) == 1:
            return self.starts[0] + offset
        index = bisect_right(self.pieces, offset) - 1
        return self.starts[index] + offset - self.pieces[index]

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.at(start), self.at(end - 1) + 1 if end > start else self.at(start)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.size = len(text)
        self.directives: list[Directive] = []
        self.faults: list[Fault] = []
        self.open: list[Directive] = []
        self.control = "{%" in text
        self.macros = False
        self._unclosed: set[str] = set()

    def run(self) -> Tree:
        at = 1 if self.text.startswith(BOM) else 0
        while at < self.size:
            line = self.logical(at)
            at = line.end
            stripped = line.text.lstrip(SPACE)
            if not stripped or (stripped[0] == "#" and not stripped.startswith("#{")):
                continue
            if _TEMPLATE_LINE.match(stripped):
                at = self.template(line, stripped, at)
                continue
            directive = self.line(line)
            if directive is not None and directive.section and directive.lower in OPAQUE:
                at = self.skip_opaque(directive, at)
        for section in self.open:
            if not section.template:
                self.faults.append(Fault("unclosed-section", section.start, section.end, section.name))
        return Tree(self.directives, self.faults, self.control, self.macros)

    def logical(self, at: int) -> _Logical:
        """The line at an offset, joined with those that a backslash before the line end adds."""
        starts, pieces, texts, length = [at], [0], [], 0
        while True:
            match = _LINE.match(self.text, at)
            assert match is not None
            piece, end = match[0], match.end()
            if end >= self.size:
                texts.append(piece)
                return _Logical("".join(texts), starts, pieces, self.size)
            bare = piece.removesuffix("\r")
            if not bare.endswith("\\"):
                texts.append(piece)
                return _Logical("".join(texts), starts, pieces, end + 1)
            bare = bare[:-1]
            texts.append(bare)
            length += len(bare)
            at = end + 1
            if not bare:
                starts[-1] = at
            else:
                starts.append(at)
                pieces.append(length)

    def template(self, line: _Logical, stripped: str, at: int) -> int:
        """Take a line of a template engine; give the offset behind its last line."""
        if _CONTROL.match(stripped):
            self.control = True
        opener = stripped[:2]
        closer = _BRACKETS.get(opener, "")
        if closer and closer not in stripped and closer not in self._unclosed:
            found = self.text.find(closer, at)
            if found < 0:
                self._unclosed.add(closer)
            else:
                end = self.text.find("\n", found)
                at = self.size if end < 0 else end + 1
        start, end = line.span(*_trimmed(line.text))
        node = Directive(stripped[:40], start, end, [], self.open[-1] if self.open else None, section=False)
        node.template = True
        self.directives.append(node)
        return at

    def line(self, line: _Logical) -> Directive | None:
        nul = line.text.find("\0")
        if nul >= 0:
            line.text = line.text[:nul]
        begin, stop = _trimmed(line.text)
        text = line.text[:stop]
        match = _WORD.match(text, begin)
        if match is None:
            return None
        name = _value(match)
        if not name:
            return None
        start, end = line.span(begin, match.end())
        if name[0] != "<":
            words = _words(line, text, match.end())
            last = words[-1].end if words else end
            return self.add(Directive(name, start, last, words, self.parent(), section=False))
        if name.startswith("</"):
            self.close(name, start, end)
            return None
        words = _words(line, text, match.end())
        tag = name[1:]
        if line.text[stop - 1] == ">":
            tag, words = _without_bracket(tag, words)
        else:
            self.faults.append(Fault("missing-bracket", start, line.span(begin, stop)[1], tag))
        directive = Directive(tag, start, words[-1].end if words else end, words, self.parent(), section=True)
        self.add(directive)
        self.open.append(directive)
        return directive

    def parent(self) -> Directive | None:
        return self.open[-1] if self.open else None

    def add(self, directive: Directive) -> Directive:
        if directive.lower == "use":
            self.macros = True
        self.directives.append(directive)
        return directive

    def close(self, name: str, start: int, end: int) -> None:
        """A closing tag: it ends the innermost section, or the one that it names further out."""
        tag = name[2:]
        if not tag.endswith(">"):
            self.faults.append(Fault("close-bracket", start, end, tag))
        else:
            tag = tag[:-1]
        if not self.open:
            self.faults.append(Fault("unmatched-close", start, end, tag))
            return
        inner = self.open[-1]
        if inner.lower != tag.lower():
            self.faults.append(Fault("mismatched-close", start, end, tag, inner))
            outer = next((index for index, each in enumerate(self.open[-50:]) if each.lower == tag.lower()), None)
            if outer is None:
                return
            del self.open[max(len(self.open) - 50, 0) + outer + 1 :]
        self.open.pop().close = start

    def skip_opaque(self, directive: Directive, at: int) -> int:
        """The offset behind the closing tag of a section whose body is another language's."""
        self.macros = self.macros or directive.lower == "macro"
        name = re.escape(directive.lower)
        depth = 1
        for match in re.compile(rf"(?im)^[ \t]*<(/?){name}\b[^\n]*$").finditer(self.text, at):
            depth += -1 if match[1] else 1
            if depth == 0:
                self.open.pop()
                directive.close = match.start()
                return min(match.end() + 1, self.size)
        return self.size


def parse(source: Source) -> Tree:
    """The directives of a text; never raises, in linear time."""
    return _Parser(source.text).run()


def _trimmed(text: str) -> tuple[int, int]:
    """Where the text begins and ends without the blanks around it."""
    begin = len(text) - len(text.lstrip(SPACE))
    return begin, max(begin, len(text.rstrip(SPACE)))


def _value(match: re.Match[str]) -> str:
    group = match.lastgroup
    assert group is not None
    value = match[group]
    return _ESCAPED[group].sub(r"\1", value) if "\\" in value else value


def _words(line: _Logical, text: str, at: int) -> list[Word]:
    words = []
    size = len(text)
    while at < size:
        match = _WORD.match(text, at)
        if match is None:
            break
        group = match.lastgroup
        assert group is not None
        start = match.start(group) - (group != "bare")
        place = line.span(start, match.end())
        words.append(Word(_value(match), place[0], place[1], group != "bare"))
        at = match.end()
    return words


def _without_bracket(tag: str, words: list[Word]) -> tuple[str, list[Word]]:
    """The tag and its arguments without the ``>`` that ends the line."""
    if not words:
        return tag[:-1], words
    last = words[-1]
    if last.quoted or not last.value.endswith(">"):
        return tag, words
    value = last.value[:-1]
    if not value:
        return tag, words[:-1]
    return tag, [*words[:-1], Word(value, last.start, last.end - 1, quoted=False)]
