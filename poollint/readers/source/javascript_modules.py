"""Names across the files of a JavaScript project: constants and objects that one module exports and another imports.

Only text is read, of files that an import names by a relative path or by an alias of tsconfig.json; nothing is run.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.files import FileError
from poollint.formats.source_code import EXTENSIONS, FAMILIES, parse
from poollint.readers.source.folders import text_at
from poollint.readers.source.values import Entry, Folded, Table

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.files import Files
    from poollint.readers.source.javascript_folding import Folding
    from poollint.source import Place

MAX_MODULE = 256 * 1024
KEPT_MODULES = 100  # parsed at a time: files of one folder mostly import the same few
MAX_HOPS = 4
MAX_LEVELS = 8
MAX_NAMES = 200
_ENDINGS = (".ts", ".tsx", ".js", ".mjs", ".cjs", ".mts", ".cts", ".jsx")
# TypeScript names the file that will be there after compilation
_COMPILED = {".js": (".ts", ".tsx"), ".mjs": (".mts",), ".cjs": (".cts",)}
_CONFIGS = ("tsconfig.json", "jsconfig.json", "tsconfig.base.json")
DEFAULT, EVERYTHING, REQUIRED = "default", "*", "="


class Modules:
    """The modules of the projects of a run; those used last are kept parsed."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._parsed: dict[str, Folding | None] = {}  # the one used last is the last
        self._aliases: dict[str, list[tuple[str, str]]] = {}
        self._found: dict[tuple[str, str], str] = {}
        self.hops = 0  # how many files a value that is being told has come through

    def open(self, path: str, name: str) -> Folding | None:
        """The file that the module at ``path`` imports under a name; None for a package or a missing file."""
        folder = posixpath.dirname(path.replace("\\", "/"))
        key = (folder, name)
        if key not in self._found:
            self._found[key] = self._look(folder, name)
        found = self._found[key]
        return self._parse(found) if found and found != posixpath.normpath(path.replace("\\", "/")) else None

    def _look(self, folder: str, name: str) -> str:
        if name.startswith("."):
            return self._file(posixpath.normpath(posixpath.join(folder, name)))
        for start, target in self._aliases_of(folder):
            if name.startswith(start):
                found = self._file(posixpath.normpath(posixpath.join(target, name[len(start) :])))
                if found:
                    return found
        return ""

    def _file(self, base: str) -> str:
        stem, ending = posixpath.splitext(base)
        exact = [base] if ending in _ENDINGS else []
        compiled = [stem + each for each in _COMPILED.get(ending, ())]
        added = [base + each for each in _ENDINGS]
        inside = [posixpath.join(base, "index" + each) for each in _ENDINGS]
        return next((each for each in (*exact, *compiled, *added, *inside) if self.files.kind(each) == "file"), "")

    def _aliases_of(self, folder: str) -> list[tuple[str, str]]:
        """(beginning of a name, folder that it stands for), from the nearest tsconfig.json."""
        if folder not in self._aliases:
            self._aliases[folder] = self._read_aliases(folder)
        return self._aliases[folder]

    def _read_aliases(self, folder: str) -> list[tuple[str, str]]:
        for _ in range(MAX_LEVELS):
            for name in _CONFIGS:
                text = text_at(self.files, posixpath.join(folder, name))
                if text is not None:
                    found = _paths(text, folder)
                    if found:
                        return found
            above = posixpath.dirname(folder)
            if above == folder or self.files.kind(posixpath.join(folder or ".", ".git")) in ("dir", "file"):
                break
            folder = above
        return []

    def _parse(self, path: str) -> Folding | None:
        file = self._parsed.pop(path) if path in self._parsed else self._load(path)
        self._parsed[path] = file
        if len(self._parsed) > KEPT_MODULES:
            del self._parsed[next(iter(self._parsed))]
        return file

    def _load(self, path: str) -> Folding | None:
        from poollint.readers.source.javascript import JavascriptFile

        language = EXTENSIONS.get(posixpath.splitext(path)[1], "")
        if FAMILIES.get(language) != "javascript":
            return None
        try:
            source = self.files.load(path)
            if len(source.text) > MAX_MODULE:
                return None
            file = JavascriptFile(parse(source, language))
        except (FileError, RecursionError):
            return None
        file.modules = self
        return file


def _paths(text: str, folder: str) -> list[tuple[str, str]]:
    """``paths`` of a tsconfig.json, as far as each stands for one folder: ``"@/*": ["src/*"]``."""
    import json

    text = re.sub(r"(?m)(?:^|(?<=[\s{,\[]))//[^\n]*$|/\*[^*]*\*/(?=\s)", "", text)
    try:
        data = json.loads(re.sub(r",(\s*[}\]])", r"\1", text))
    except (ValueError, RecursionError):
        return []
    options = data.get("compilerOptions") if isinstance(data, dict) else None
    if not isinstance(options, dict):
        return []
    base, paths = options.get("baseUrl", "."), options.get("paths")
    if not isinstance(base, str):
        return []
    root = posixpath.join(folder, base)
    found = []
    for alias, targets in paths.items() if isinstance(paths, dict) else ():
        if isinstance(targets, list) and len(targets) == 1 and isinstance(targets[0], str) and alias.endswith("/*"):
            if targets[0].endswith("/*"):
                found.append((alias[:-1], posixpath.join(root, targets[0][:-1])))
        elif isinstance(targets, list) and len(targets) == 1 and isinstance(targets[0], str) and "*" not in alias:
            found.append((alias, posixpath.join(root, targets[0])))
    if "baseUrl" in options:
        found.append(("", root))
    return found


class Exports:
    """What a file hands on to those that import it, by name."""

    def __init__(self, file: Folding) -> None:
        self.file = file
        self.named: dict[str, Node] = {}  # export const x = ..., exports.x = ..., export default ...
        self.aliases: dict[str, str] = {}  # export { a as b }
        self.again: dict[str, tuple[str, str]] = {}  # export { a as b } from './m'
        self.stars: list[str] = []
        self.doubtful: set[str] = set()
        self._busy: set[str] = set()  # modules may import each other
        for node in file.tree.root.named_children:
            if node.type == "export_statement":
                self._statement(node)
            elif node.type == "expression_statement" and node.named_children:
                self._assignment(node.named_children[0])

    def _put(self, name: str, node: Node | None) -> None:
        if node is None or name in self.named:
            self.doubtful.add(name)
        else:
            self.named[name] = node

    def _statement(self, node: Node) -> None:
        text = self.file.tree.text
        source = node.child_by_field_name("source")
        module = text(source).strip("'\"")
        for child in node.named_children:
            if child.type == "export_clause":
                for each in child.named_children:
                    name = text(each.child_by_field_name("name"))
                    alias = text(each.child_by_field_name("alias")) or name
                    if module:
                        self.again[alias] = (module, name)
                    else:
                        self.aliases[alias] = name
            elif child.type in ("lexical_declaration", "variable_declaration"):
                for each in child.named_children:
                    name_node = each.child_by_field_name("name")
                    if name_node is not None and name_node.type == "identifier":
                        self._put(text(name_node), name_node)
            elif child.type in ("enum_declaration", "class_declaration", "function_declaration"):
                name_node = child.child_by_field_name("name")
                is_default = any(each.type == "default" for each in node.children)
                self._put(DEFAULT if is_default else text(name_node), name_node)
        if source is not None and any(child.type == "*" for child in node.children):
            self.stars.append(module)
        value = node.child_by_field_name("value")
        if value is not None:
            self._put(DEFAULT, value)

    def _assignment(self, node: Node) -> None:
        if node.type != "assignment_expression":
            return
        left, right = self.file.tree.text(node.child_by_field_name("left")), node.child_by_field_name("right")
        if left in ("module.exports", "exports"):
            self._put(REQUIRED, right)
            return
        match = re.fullmatch(r"(?:module\.)?exports\.(\w+)", left)
        if match:
            self._put(match[1], right)

    def value(self, name: str, hops: int = 0) -> Folded | None:
        """What an import of a name gives; None when that cannot be told."""
        if hops > MAX_HOPS or name in self.doubtful or name in self._busy:
            return None
        self._busy.add(name)
        try:
            return self._value(name, hops)
        finally:
            self._busy.discard(name)

    def _value(self, name: str, hops: int) -> Folded | None:
        if name == REQUIRED:
            return self._required(hops)
        if name == EVERYTHING or (name == DEFAULT and DEFAULT not in self.named and DEFAULT not in self.aliases):
            return self._required(hops) if name == EVERYTHING or REQUIRED in self.named else None
        node = self.named.get(name)
        if node is not None:
            return self.file.fold(node)
        if name in self.aliases:
            return self.file.fold_global(self.aliases[name])
        if name in self.again:
            module, real = self.again[name]
            return self._from(module, real, hops)
        if REQUIRED in self.named:
            whole = self.file.fold(self.named[REQUIRED])
            entry = whole.value.entries.get(name) if isinstance(whole.value, Table) else None
            return entry.value if entry is not None else None
        found = [each for each in (self._from(module, name, hops) for module in self.stars) if each is not None]
        return found[0] if len(found) == 1 else None

    def _from(self, module: str, name: str, hops: int) -> Folded | None:
        modules = self.file.modules
        other = modules.open(self.file.tree.source.path, module) if modules is not None else None
        return other.exports().value(name, hops + 1) if other is not None else None

    def _required(self, hops: int) -> Folded | None:
        """The module as a whole: what module.exports holds, or all exported names as an object."""
        if REQUIRED in self.named:
            return self.file.fold(self.named[REQUIRED])
        place = self.file.tree.place(self.file.tree.root)
        table = Table()
        table.complete = not self.stars
        for name in (*self.named, *self.aliases, *self.again)[:MAX_NAMES]:
            found = self.value(name, hops + 1)
            table.entries[name] = Entry(place, found if found is not None else Folded(UNKNOWN, place))
        return Folded(table, place) if table.entries else None


def brought(folded: Folded, place: Place) -> Folded:
    """A value of another file as it stands where this one uses it: findings about it are found there."""
    return folded._replace(value=_brought_value(folded.value, place))


def _brought_value(value: Any, place: Place) -> Any:
    if not isinstance(value, Table):
        return value
    made = Table()
    made.complete, made.broken = value.complete, value.broken
    for key, entry in value.entries.items():
        inner = entry.value._replace(value=_brought_value(entry.value.value, place), shared=place)
        made.entries[key] = Entry(place, inner)
    return made
