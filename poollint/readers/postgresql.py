"""postgresql.conf with its includes and postgresql.auto.conf as one block, ``server``."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, Block, Edit, Fix, Problem, Setting
from poollint.files import FileError
from poollint.formats.postgresql_conf import Entry, SyntaxProblem, Tree, parse
from poollint.knowledge.catalogue import SettingSpec
from poollint.readers.base import Reading
from poollint.readers.postgresql_decode import decode
from poollint.source import Place, Source, bytes_of
from poollint.versions import Version, parse_version

if TYPE_CHECKING:
    from poollint.knowledge.catalogue import Catalogue, KindSpec
    from poollint.readers.base import ReadContext

MAX_DEPTH = 10
MAX_ERRORS = 100
MAX_STEPS = 1_000_000
MAX_FILES = 2_000
MAX_GUESSES = 50
BOM = "\ufeff"
AUTO_CONF = "postgresql.auto.conf"
_OLDEST_SUPPORTED: Version = (14,)
_FOREIGN = re.compile(r"^[ \t]*(?:<[A-Za-z/!]|\[\[|[^#'\n]*\{[ \t\r]*$)", re.MULTILINE)
_GLOB = re.compile(r"([*?\[])")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class Line(NamedTuple):
    """One setting as the server reads it: includes resolved; ``auto`` when ALTER SYSTEM wrote it."""

    entry: Entry
    source: Source
    auto: bool
    conditional: bool


class Frame(NamedTuple):
    """A file being read: how deep, and through which files it was reached."""

    source: Source
    depth: int
    stack: tuple[str, ...]
    auto: bool = False


def read(source: Source, context: ReadContext) -> Reading:
    """The whole configuration that a server started with this file would have."""
    return _Reader(source, context).run()


class _Reader:
    def __init__(self, source: Source, context: ReadContext) -> None:
        self.source = source
        self.context = context
        self.target = context.target
        self.kind: KindSpec = context.catalogue.kind("server")
        self.parameters = Parameters(context.catalogue)
        self.reading = Reading()
        self.lines: list[Line] = []
        self.trees: dict[str, Tree] = {}
        self.complete = True
        self.steps = self.walks = self.guesses = 0
        self.block = Block("postgresql", "server", "", Place(source, 0, 0), spec=self.kind, target=context.target)

    def run(self) -> Reading:
        tree = self.tree(self.source)
        if self.is_foreign(tree):
            self.problem("foreign-file", self.source, *_first_line(self.source))
            return self.reading
        self.walk(Frame(self.source, 0, (posixpath.normpath(self.source.path),)))
        self.walk_auto_conf()
        entries = tree.entries
        if entries:
            self.block.place = Place(self.source, entries[0].start, entries[0].value_end)
        last = {line.entry.name.translate(_LOWER): number for number, line in enumerate(self.lines)}
        for number, line in enumerate(self.lines):
            # The server looks only at the last line of a name, so an earlier one may say anything.
            self.apply(line, judged=line.conditional or last[line.entry.name.translate(_LOWER)] == number)
        self.block.complete = self.block.facts["complete"] = self.complete
        self.block.facts["templated"] = any(tree.templated for tree in self.trees.values())
        self.reading.blocks.append(self.block)
        return self.reading

    # Files

    def tree(self, source: Source) -> Tree:
        found = self.trees.get(source.path)
        if found is None:
            found = self.trees[source.path] = parse(source)
        return found

    def is_foreign(self, tree: Tree) -> bool:
        """Another program's file of the same name: no line is PostgreSQL's, and some have another grammar's shape."""
        if not tree.errors or tree.templated:
            return False
        if any(entry.is_include or self.spec(entry.name) is not None for entry in tree.entries):
            return False
        return _FOREIGN.search(self.source.text) is not None

    def walk(self, frame: Frame) -> None:
        """The lines of a file in reading order, those of its includes in between."""
        tree = self.tree(frame.source)
        self.walks += 1
        errors = 0
        for node in tree.nodes:
            self.steps += 1
            if self.steps > MAX_STEPS or self.walks > MAX_FILES:
                self.complete = False
                return
            if isinstance(node, SyntaxProblem):
                errors += 1
                if errors <= MAX_ERRORS:
                    self.syntax_error(node, frame.source)
            elif node.is_include:
                self.include(node, frame)
            else:
                self.lines.append(Line(node, frame.source, frame.auto, tree.conditional))

    def walk_auto_conf(self) -> None:
        """What ALTER SYSTEM wrote stands beside the file and is read after it."""
        folder, name = posixpath.split(self.source.path)
        path = posixpath.join(folder, AUTO_CONF)
        if name == AUTO_CONF or self.context.files.kind(path) != "file":
            return
        try:
            source = self.context.files.load(path)
        except FileError:
            return
        self.reading.included[path] = source
        self.walk(Frame(source, 0, (posixpath.normpath(path),), auto=True))

    def include(self, entry: Entry, frame: Frame) -> None:
        word = entry.name.translate(_LOWER)
        if entry.raw is None:
            self.complete = False
        elif not entry.raw.strip(" \t\r\n"):
            kind = "empty-include-dir" if word == "include_dir" else "empty-include"
            self.include_problem(entry, frame.source, kind)
        elif word == "include_dir":
            self.include_dir(entry, entry.raw, frame)
        else:
            self.include_file(entry, entry.raw, frame)

    def include_file(self, entry: Entry, name: str, frame: Frame) -> None:
        path = posixpath.join(posixpath.dirname(frame.source.path), name)
        where = posixpath.normpath(path)
        if where in frame.stack:
            self.include_problem(entry, frame.source, "recursive-include")
        elif frame.depth + 1 > MAX_DEPTH:
            self.include_problem(entry, frame.source, "deep-include")
        else:
            try:
                included = self.context.files.load(path)
            except FileError as error:
                self.unread(entry, name, frame.source, error)
                return
            self.reading.included[path] = included
            self.walk(Frame(included, frame.depth + 1, (*frame.stack, where), frame.auto))

    def unread(self, entry: Entry, name: str, source: Source, error: FileError) -> None:
        """An absolute path is another machine's and may exist there; a relative one is missing there too."""
        if error.kind == "missing" and not name.startswith("/"):
            if entry.name.translate(_LOWER) != "include_if_exists":
                self.include_problem(entry, source, "missing-include")
        elif error.kind == "directory":
            self.include_problem(entry, source, "directory-include")
        else:
            self.complete = False

    def include_dir(self, entry: Entry, name: str, frame: Frame) -> None:
        folder = posixpath.join(posixpath.dirname(frame.source.path), name)
        files = self.context.files
        kind = files.kind(folder)
        if kind != "dir":
            if kind == "unknown" or (kind == "missing" and name.startswith("/")):
                self.complete = False
            else:
                self.include_problem(entry, frame.source, "missing-include-dir")
            return
        found = files.glob(posixpath.join(_GLOB.sub(r"[\1]", folder), "*.conf"))
        names = [posixpath.basename(path) for path in found if files.kind(path) == "file"]
        for each in sorted(names, key=bytes_of):
            self.include_file(entry, posixpath.join(name, each), frame)

    # Problems

    def problem(self, kind: str, source: Source, start: int, end: int, **more: Any) -> None:
        (self.block.problems if kind != "foreign-file" else self.reading.problems).append(
            Problem(kind, Place(source, start, end), **more)
        )

    def include_problem(self, entry: Entry, source: Source, kind: str) -> None:
        values = {"word": entry.name.translate(_LOWER), "name": entry.raw or ""}
        self.problem(kind, source, entry.value_start, entry.value_end, values=values)

    def syntax_error(self, node: SyntaxProblem, source: Source) -> None:
        text, start = source.text, node.start
        line_start = text.rfind("\n", 0, start) + 1
        if line_start == 0 and text.startswith(BOM):
            self.byte_order_mark(source, "the first line")
            return
        line_end = text.find("\n", start)
        behind = text[node.end : line_end if line_end >= 0 else len(text)]
        before = text[line_start:start]
        kind, more = _syntax_case(node, before + text[start : start + 200].partition("\n")[0], before)
        fix = _syntax_fix(kind, Place(source, start, node.end), before, behind)
        if not node.near:
            start = line_start + len(before) - len(before.lstrip(" \t\r"))
        values = {"near": node.near[:40], **more}
        self.problem(kind, source, start, node.end, values=values, fix=fix)

    def byte_order_mark(self, source: Source, name: str) -> None:
        fix = _removal("remove the byte order mark", source, 0, 1)
        self.problem("byte-order-mark", source, 0, 1, values={"name": name}, fix=fix)

    # Settings

    def spec(self, name: str) -> SettingSpec | None:
        """What some release knows by this name; an old name finds what it stands for."""
        lower = name.translate(_LOWER)
        return self.kind.settings.get(self.kind.aliases.get(lower, lower)) or self.parameters.get(lower)

    def apply(self, line: Line, *, judged: bool) -> None:
        entry, source = line.entry, line.source
        spec = self.spec(entry.name)
        if spec is None:
            if "." not in entry.name:
                self.unknown(entry, source)
            return
        if judged and not self.accepts(spec, line):
            return
        place = Place(source, entry.value_start, entry.value_end)
        value: Any = UNKNOWN
        if entry.raw is not None:
            value, faults = decode(spec, entry.raw, self.target)
            for kind, words in faults if judged else ():
                values = {"raw": entry.raw, **words}
                self.problem(kind, source, place.start, place.end, setting=entry.name, values=values)
        key_place = Place(source, entry.start, entry.end)
        setting = Setting(
            spec.name, value, entry.raw or "", place=place, key_place=key_place, key=entry.name, spec=spec
        )
        self.keep(setting, line)

    def keep(self, setting: Setting, line: Line) -> None:
        """The last line of a name wins; one that a template may drop leaves the value open."""
        earlier = self.block.settings.pop(setting.name, None)
        if earlier is not None:
            if line.conditional and earlier.value is not setting.value and not _same(earlier, setting):
                setting.value = UNKNOWN
            elif not line.conditional:
                self.overruled(earlier, setting, line)
        self.block.settings[setting.name] = setting

    def overruled(self, earlier: Setting, later: Setting, line: Line) -> None:
        """A line without effect: said twice in one file, or set again by ALTER SYSTEM."""
        before, after = earlier.place, later.place
        assert before is not None
        assert after is not None
        if before.source is after.source:
            kind = "repeated-parameter" if _same(earlier, later) else "duplicate-parameter"
        elif line.auto and not _same(earlier, later):
            kind = "overridden-parameter"
        else:
            return
        number = after.source.position(after.start)[0]
        values = {"raw": earlier.raw, "later": later.raw, "line": number, "file": posixpath.basename(after.source.path)}
        key = earlier.key_place or before
        self.problem(
            kind,
            before.source,
            key.start,
            before.end,
            setting=earlier.key,
            values=values,
            related=((after, f"{later.key} = {later.raw} holds"),),
        )

    def unknown(self, entry: Entry, source: Source) -> None:
        if entry.start == 0 and entry.name.startswith(BOM):
            self.byte_order_mark(source, entry.name[1:])
            return
        self.guesses += 1
        names = [*self.kind.settings, *self.parameters.specs] if self.guesses <= MAX_GUESSES else []
        close = nearest(entry.name.translate(_LOWER)[:100], names)
        if not close and self.target is not None and self.target >= (19,):
            return  # a release of which not every parameter is known yet
        kind = "misspelt-parameter" if close else "unknown-parameter"
        name = Place(source, entry.start, entry.start + len(entry.name))
        plain = bool(close) and name.text == entry.name
        fix = Fix(f"write {close}", (Edit(name, close),), safe=False) if plain else None  # a guess, if a good one
        self.problem(kind, source, entry.start, entry.end, setting=entry.name, values={"close": close}, fix=fix)

    def accepts(self, spec: SettingSpec, line: Line) -> bool:
        """Whether a file may set the parameter at all in the target's release."""
        if not line.conditional and not self.available(spec, line.entry, line.source):
            return False
        if spec.type == "internal":
            self.problem("fixed-parameter", line.source, line.entry.start, line.entry.end, setting=line.entry.name)
            return False
        return True

    def available(self, spec: SettingSpec, entry: Entry, source: Source) -> bool:
        """Whether the target's release has the parameter; without a target only names long gone are refused."""
        since, until = spec.get("since"), spec.get("until")
        place = (source, entry.start, entry.end)
        if since and self.target is not None and self.target < parse_version(since):
            self.problem("newer-parameter", *place, setting=entry.name, values={"release": since})
            return False
        if not until:
            return True
        values = {"release": until, "replacement": spec.get("replacement", "")}
        kind = "removed-parameter-replaced" if values["replacement"] else "removed-parameter"
        if self.target is None:
            if parse_version(until) > _OLDEST_SUPPORTED:
                return True
            kind = kind.replace("removed", "abandoned")
        elif self.target < parse_version(until):
            return True
        self.problem(kind, *place, setting=entry.name, values=values)
        return False


class Parameters:
    """The parameters outside the catalogue proper, from its ``[parameters]`` lines, made when first asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.aliases: dict[str, str] = catalogue.parameters.get("aliases", {})
        self._text: str = catalogue.parameters.get("known", "")
        self._rows: dict[str, list[str]] | None = None
        self._made: dict[str, SettingSpec] = {}

    @property
    def specs(self) -> dict[str, list[str]]:
        if self._rows is None:
            rows = [row.split() for row in self._text.splitlines() if row]
            self._rows = {row[0].translate(_LOWER): row for row in rows}
        return self._rows

    def get(self, lower: str) -> SettingSpec | None:
        made = self._made.get(lower)
        if made is None:
            row = self.specs.get(lower)
            if row is None and lower in self.aliases:
                row = self.specs.get(self.aliases[lower])
            if row is None:
                return None
            made = self._made[lower] = SettingSpec(row[0], _row_table(row))
        return made


_ROW_TYPES = {"real": "float"}


def _row_table(row: list[str]) -> dict[str, Any]:
    table: dict[str, Any] = {"type": _ROW_TYPES.get(row[1], row[1])}
    plain = []
    for word in row[2:]:
        key, equals, value = word.partition("=")
        if equals:
            table[key] = value
        else:
            plain.append(word)
    if row[1] == "enum" and plain:
        table["enum"] = plain[0].replace("~", " ").split(",")
        return table
    if plain and plain[0][-1].isalpha():
        table["unit"] = plain.pop(0)
    if len(plain) == 2:
        number = float if row[1] == "real" else int
        table["min"], table["max"] = number(plain[0]), number(plain[1])
    return table


def _same(one: Setting, other: Setting) -> bool:
    if one.value is UNKNOWN or other.value is UNKNOWN:
        return one.raw == other.raw and bool(one.raw)
    return bool(one.value == other.value)


def _removal(title: str, source: Source, start: int, end: int) -> Fix:
    return Fix(title, (Edit(Place(source, start, end), ""),))


def _first_line(source: Source) -> tuple[int, int]:
    end = source.text.find("\n")
    return 0, len(source.text) if end < 0 else end


def _syntax_fix(kind: str, place: Place, before: str, behind: str) -> Fix | None:
    """What was plainly meant by a line that PostgreSQL refuses at a place."""
    source, start = place.source, place.start
    rest = behind.partition("#")[0].rstrip()
    if kind == "syntax-semicolon" and not rest.strip():
        return _removal("remove the semicolon", source, start, place.end)
    if kind == "syntax-comment" and not before.strip():
        double = source.text[start : start + 2] in ("//", "--")
        return Fix("write #", (Edit(Place(source, start, start + 2 if double else start), "#"),))
    if kind == "syntax-colon" and not before.strip() and rest.strip():
        return Fix("write =", (Edit(Place(source, place.end - 1, place.end), " ="),))
    value = re.match(r"[ \t]*[\w.]+(?:[ \t]*=[ \t]*|[ \t]+)(\S.*)?$", before)
    if kind not in ("syntax-quotes-needed", "syntax-double-quotes") or value is None:
        return None
    begin = start - len(value[1] or "")
    end = place.end + len(rest)
    whole = source.text[begin:end]
    if kind == "syntax-double-quotes":
        if not re.fullmatch(r"\"[^\"'\\]*\"", whole):
            return None
        return Fix("use single quotes", (Edit(Place(source, begin, end), f"'{whole[1:-1]}'"),))
    if re.search(r"['\"\\;]", whole):
        return None
    return Fix("put it in quotes", (Edit(Place(source, begin, end), f"'{whole}'"),))


_HEADER = re.compile(r"\[[^\]]*\]")


_AT_VALUE = {";": "syntax-semicolon", "'": "syntax-unterminated", '"': "syntax-double-quotes"}


def _syntax_case(node: SyntaxProblem, line: str, before: str) -> tuple[str, dict[str, str]]:
    """Which of the usual slips this is, and the words that its message needs."""
    near, text = node.near, line.strip()
    if node.reason == "name":
        return _name_case(near, text)
    words = before.partition("=")[0].split()
    name = words[0] if words else ""
    if not near:
        return "syntax-empty", {"name": name or text.rstrip("= \t")}
    return _AT_VALUE.get(near, "syntax-quotes-needed"), {"name": name}


def _name_case(near: str, text: str) -> tuple[str, dict[str, str]]:
    """A line that does not begin with a name."""
    if near.endswith(":"):
        return "syntax-colon", {"name": near[:-1]}
    if near == "[" and _HEADER.match(text):
        return "syntax-section", {}
    if near in (";", "-", "/"):
        return "syntax-comment", {"sign": text[:2] if text.startswith(("//", "--")) else near}
    return "syntax-name", {}


def nearest(word: str, names: list[str]) -> str:
    """The name at most two edits away, the closest first; empty when there is none."""
    best, least = "", 3
    limit = 2 if len(word) > 5 else 1
    for name in names:
        if abs(len(name) - len(word)) <= limit and name != word:
            distance = edit_distance(word, name, min(least, limit + 1))
            if distance < least and distance <= limit:
                best, least = name, distance
    return best


def edit_distance(one: str, other: str, enough: int) -> int:
    """Insertions, deletions, replacements and swaps between two words; at most ``enough`` is told."""
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        current = [i]
        for j, right in enumerate(other, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) >= enough:
            return enough
        before, previous = previous, current
    return min(previous[-1], enough)
