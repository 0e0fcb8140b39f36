"""Names across the files of a Python project: constants, settings objects, functions that a module hands on.

Only text is read, of files below the project's root; nothing is imported or run. A name that two places could mean is
unknown.
"""

from __future__ import annotations

import os
import posixpath
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from poollint.files import DiskFiles, FileError
from poollint.formats.source_code import MAX_SOURCE, parse
from poollint.readers.source.values import Entry, Folded, Ref, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tree_sitter import Node

    from poollint.files import Files
    from poollint.readers.source.python import PythonFile

MAX_LEVELS = 8
MAX_HOPS = 6
KEPT_MODULES = 100  # parsed at a time: files of one folder mostly import the same few
ROOTS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "manage.py")


class Modules:
    """The Python modules of the projects of a run; those used last are kept parsed.

    ``foreign`` are the first parts of names that are libraries, which are never looked for in the project.
    """

    def __init__(self, files: Files, foreign: Iterable[str] = ()) -> None:
        self.files = files
        self._foreign = frozenset(foreign) | sys.stdlib_module_names
        self._found: dict[tuple[str, str], str] = {}
        self._parsed: dict[str, PythonFile | None] = {}  # the one used last is the last
        self._roots: dict[str, tuple[str, ...]] = {}

    def find(self, path: str, module: str) -> PythonFile | None:
        """The file of a module as the file at ``path`` imports it; None when there is none, or more than one."""
        if module.strip(".").partition(".")[0] in self._foreign and not module.startswith("."):
            return None
        folder = posixpath.dirname(path.replace("\\", "/"))
        key = (folder, module)
        if key not in self._found:
            self._found[key] = self._look(folder, module)
        found = self._found[key]
        return self._parse(found) if found and found != posixpath.normpath(path.replace("\\", "/")) else None

    def _look(self, folder: str, module: str) -> str:
        """The path of a module's file; empty when there is none, or more than one."""
        name = module.lstrip(".")
        dots = len(module) - len(name)
        if dots:
            for _ in range(dots - 1):
                folder = posixpath.dirname(folder) if folder else ".."
            folders: Iterable[str] = (folder,)
        else:
            folders = dict.fromkeys((*self._above(folder), *self._around(folder, name.partition(".")[0])))
        below = name.replace(".", "/")
        found = []
        for each in folders:
            start = posixpath.join(each, below) if below else each
            for candidate in (start + ".py", posixpath.join(start, "__init__.py")):
                if (below or candidate.endswith("__init__.py")) and self.files.kind(candidate) == "file":
                    found.append(candidate)
                    break
        return posixpath.normpath(found[0]) if len(found) == 1 else ""

    def _around(self, folder: str, name: str) -> list[str]:
        """The folder that holds the folder ``name`` which a file stands in: its modules import each other by that name."""
        current = os.path.abspath(folder).replace("\\", "/") if isinstance(self.files, DiskFiles) else folder
        for _ in range(MAX_LEVELS):
            above, base = posixpath.split(current)
            if base == name:
                return [above]
            if above == current:
                break
            current = above
        return []

    def _above(self, folder: str) -> tuple[str, ...]:
        """The folders that imports may start from: the file's own and those above it, up to the project's root."""
        known = self._roots.get(folder)
        if known is not None:
            return known
        absolute = os.path.abspath(folder).replace("\\", "/") if isinstance(self.files, DiskFiles) else folder
        folders: list[str] = []
        waiting: list[str] = []  # counted only when a root is met further up
        for _ in range(MAX_LEVELS):
            waiting.append(absolute)
            rooted = any(
                self.files.kind(posixpath.join(absolute, name)) not in ("missing", "unknown") for name in ROOTS
            )
            package = self.files.kind(posixpath.join(absolute, "__init__.py")) == "file"
            if rooted or package or not folders:
                folders += waiting
                waiting = []
            above = posixpath.dirname(absolute)
            if above == absolute or self.files.kind(posixpath.join(absolute, ".git")) in ("dir", "file"):
                break
            if package and not rooted:
                waiting = []
                folders.append(above)  # a package is imported by the folder that holds it
            absolute = above
        self._roots[folder] = tuple(dict.fromkeys(folders))
        return self._roots[folder]

    def _parse(self, path: str) -> PythonFile | None:
        file = self._parsed.pop(path) if path in self._parsed else self._load(path)
        self._parsed[path] = file
        if len(self._parsed) > KEPT_MODULES:
            del self._parsed[next(iter(self._parsed))]
        return file

    def _load(self, path: str) -> PythonFile | None:
        from poollint.readers.source.python import PythonFile

        try:
            source = self.files.load(path)
            if len(source.text) > MAX_SOURCE:
                return None
            file = PythonFile(parse(source, "python"))
        except (FileError, RecursionError):
            return None
        file.modules = self
        return file


_FOR_OTHERS = re.compile(r"^(?:Base|Abstract)|(?:Base|Mixin|Protocol)$")  # classes that others are derived from


class Owner(NamedTuple):
    """The class behind an expression, the call that made the instance, and the files of both."""

    file: PythonFile
    node: Node
    call: Node | None
    caller: PythonFile


class Names:
    """What the imported names of one file mean elsewhere in the project."""

    def __init__(self, file: PythonFile) -> None:
        self.file = file
        self.origins: dict[str, set[tuple[str, str]]] = {}
        self.stars: list[str] = []

    def note(self, alias: str, module: str, name: str = "") -> None:
        self.origins.setdefault(alias, set()).add((module, name))

    def seek(self, names: Sequence[str], hops: int = 0) -> tuple[PythonFile, list[str]] | None:
        """The project's file that a dotted name leads to, and what of the name is left; None when it leads nowhere."""
        modules, origins = self.file.modules, self.origins.get(names[0], set())
        if modules is None or len(origins) != 1 or hops > MAX_HOPS:
            return None
        module, name = next(iter(origins))
        path, rest = self.file.tree.source.path, list(names[1:])
        if name:
            package = modules.find(path, module)
            if package is not None and package.names.knows(name):
                return package, [name, *rest]
            module = module + name if module.endswith(".") else f"{module}.{name}"
        while len(rest) > 1 and modules.find(path, f"{module}.{rest[0]}") is not None:
            module = f"{module}.{rest.pop(0)}"
        found = modules.find(path, module)
        return (found, rest) if found is not None and rest else None

    def knows(self, name: str) -> bool:
        """Whether the module itself gives the name a meaning."""
        root = self.file.tree.root.id
        return (root, name) in self.file.assigned or name in self.origins or name in self.file.defined

    def value(self, names: Sequence[str], depth: int, hops: int = 0) -> Folded | None:
        """What a dotted name of this file's imports folds to; None when it is nothing of the project's that is known."""
        led = self.seek(names, hops)
        if led is None:
            return None
        file, rest = led
        return file.names.own(rest, depth, hops + 1)

    def own(self, names: Sequence[str], depth: int, hops: int = 0) -> Folded | None:
        """What a dotted name of this module's own level folds to."""
        name = names[0]
        if (self.file.tree.root.id, name) not in self.file.assigned and name not in self.file.defined:
            if name in self.origins:
                found = self.value(names, depth, hops)
                return found or (self._library(names) if len(names) == 1 else None)
            return self.starred(names, depth, hops)
        if len(names) == 1:
            return self._constant(name, depth)
        owner = self.owner_of(names[:-1], hops)
        return field(owner, names[-1], depth, hops) if owner is not None else None

    def _library(self, names: Sequence[str]) -> Folded | None:
        found = self.file.imports.get(names[0], "")
        module = found.partition(".")[0]
        return Folded(Ref(found), self.file.tree.place(self.file.tree.root)) if module == "sqlalchemy" else None

    def starred(self, names: Sequence[str], depth: int, hops: int = 0) -> Folded | None:
        """A name that a ``from … import *`` gives; unknown when a later star is of a module that is not in sight."""
        modules = self.file.modules
        if modules is None or hops > MAX_HOPS:
            return None
        for module in reversed(self.stars):
            found = modules.find(self.file.tree.source.path, module)
            if found is None:
                return None
            if found.names.knows(names[0]):
                return found.names.own(names, depth, hops + 1)
            if found.names.stars:
                return found.names.starred(names, depth, hops + 1)
        return None

    def _constant(self, name: str, depth: int) -> Folded | None:
        file = self.file
        node = file.sole_at_root(name)
        if node is None:
            return None
        folded = file.fold(node, depth)
        if isinstance(folded.value, Table):
            folded = folded._replace(value=file.mutated_everywhere(name, folded.value, depth))
        elif not folded.known and not folded.env and not folded.shape:
            return None
        return folded

    # Settings objects

    def owner_of(self, names: Sequence[str], hops: int = 0) -> Owner | None:
        """The class behind a name of this module's own level: the class itself, an instance, a function's result."""
        if hops > MAX_HOPS:
            return None
        if len(names) > 1:
            outer = self.owner_of(names[:-1], hops + 1)
            return _inner_owner(outer, names[-1], hops + 1) if outer is not None else None
        name, file = names[0], self.file
        if name in file.classes and (file.tree.root.id, name) not in file.assigned:
            return Owner(file, file.classes[name], None, file)
        if name in self.origins and (file.tree.root.id, name) not in file.assigned:
            led = self.seek(names, hops)
            return led[0].names.owner_of(led[1], hops + 1) if led is not None else None
        node = file.sole_at_root(name)
        return self.owner(node, hops + 1) if node is not None else None

    def owner(self, node: Node, hops: int = 0) -> Owner | None:
        """The class behind an expression: ``settings``, ``Settings()``, ``get_settings()``, ``config.settings``."""
        if hops > MAX_HOPS:
            return None
        if node.type == "call":
            return self._made(node, hops)
        names = dotted(self.file, node)
        if not names or self.file.is_local_to_function(node, names[0]):
            return None
        if len(names) > 1 and names[0] in self.origins:
            led = self.seek(names, hops)
            return led[0].names.owner_of(led[1], hops + 1) if led is not None else None
        return self.owner_of(names, hops)

    def own_class(self, node: Node) -> Owner | None:
        """The class around ``self`` or ``cls`` in one of its methods, where its fields are what the class body says.

        That is a plain class: derived from nothing and nothing from it, without decorators, with no field set by its name.
        """
        file, name = self.file, self.file.tree.text(node)
        if name not in ("self", "cls") or node.type != "identifier":
            return None
        function = file.enclosing_function(node)
        around = function.parent if function is not None else None
        while around is not None and around.type not in ("class_definition", "function_definition", "module"):
            around = around.parent
        if function is None or around is None or around.type != "class_definition":
            return None
        of = file.tree.text(around.child_by_field_name("name"))
        derives = around.child_by_field_name("superclasses") is not None or _FOR_OTHERS.search(of) is not None
        decorated = around.parent is not None and around.parent.type == "decorated_definition"
        if derives or decorated or of not in file.classes or file.classes[of].id != around.id:
            return None
        derived = rf"\bclass\s+\w+\([^)]*\b{re.escape(of)}\b|\bsetattr\(|__dict__|__getattr"
        return Owner(file, around, None, file) if re.search(derived, file.tree.source.text) is None else None

    def sets_field(self, name: str) -> bool:
        """Whether the file assigns to a field of that name, of whatever it is."""
        return re.search(rf"\.{re.escape(name)}\s*(?::[^=\n]+)?=(?!=)", self.file.tree.source.text) is not None

    def _made(self, node: Node, hops: int) -> Owner | None:
        function = node.child_by_field_name("function")
        names = dotted(self.file, function) if function is not None else []
        if not names:
            return None
        file: PythonFile | None = self.file
        if names[0] in self.origins:
            led = self.seek(names, hops)
            file, names = led if led is not None else (None, [])
        if file is None or len(names) != 1:
            return None
        if names[0] in file.classes:
            return Owner(file, file.classes[names[0]], node, self.file)
        given = file.returned_by(names[0])
        if given is not None:
            return file.names.owner(given, hops + 1)
        if names[0] in file.names.origins:
            led = file.names.seek(names, hops)
            if led is not None and len(led[1]) == 1 and led[1][0] in led[0].classes:
                return Owner(led[0], led[0].classes[led[1][0]], node, self.file)
        return None

    def construct(self, names: Sequence[str], hops: int = 0) -> str:
        """The library's own name of something that a module of the project only hands on."""
        led = self.seek(names, hops)
        if led is None or len(led[1]) != 1:
            return ""
        file, (name,) = led[0], led[1]
        if (file.tree.root.id, name) in file.assigned or name in file.defined:
            return ""
        return file.names.construct([name], hops + 1) or file.imports.get(name, "")


def dotted(file: PythonFile, node: Node) -> list[str]:
    """The parts of ``a.b.c``; empty for anything else."""
    parts: list[str] = []
    current: Node | None = node
    while current is not None and current.type == "attribute":
        parts.append(file.tree.text(current.child_by_field_name("attribute")))
        current = current.child_by_field_name("object")
    if current is None or current.type != "identifier":
        return []
    parts.append(file.tree.text(current))
    return parts[::-1]


def _inner_owner(outer: Owner, name: str, hops: int) -> Owner | None:
    """The class of a field that holds settings of its own."""
    found = _field_node(outer, name, hops)
    if found is None:
        return None
    file, right = found
    if right.type == "call" and file.tree.text(right.child_by_field_name("function")).endswith("Field"):
        factory = re.search(r"default_factory\s*=\s*(\w+)", file.tree.text(right))
        return file.names.owner_of([factory[1]], hops + 1) if factory else None
    return file.names.owner(right, hops + 1) if right.type == "call" else None


def field(owner: Owner, name: str, depth: int, hops: int = 0) -> Folded | None:
    """The value of a field; what the environment may set counts as the default of a variable."""
    if owner.call is not None:
        given = owner.caller.keywords_of(owner.call, depth)
        if not given.complete or (owner.caller.positional_of(owner.call)):
            return None
        if name in given.entries:
            return given.entries[name].value
    found = _field_node(owner, name, hops)
    if found is None:
        return None
    file, right = found
    variable = name.upper()
    folded: Folded | None
    if right.type == "call" and file.tree.text(right.child_by_field_name("function")).endswith("Field"):
        options = file.keywords_of(right, depth).entries
        positional = file.positional_of(right)
        folded = file.fold(positional[0], depth) if positional else None
        if folded is None and "default" in options:
            folded = options["default"].value
        alias = next((options[key].value.value for key in ("validation_alias", "alias", "env") if key in options), None)
        variable = alias if isinstance(alias, str) else variable
    else:
        folded = file.fold(right, depth)
    if folded is None or not folded.known or isinstance(folded.value, (list, Ref)) or hasattr(folded.value, "call"):
        return None
    from_environment = is_settings(owner, hops)
    if isinstance(folded.value, Table):
        changed = rf"\b{re.escape(name)}\s*(?:\[|\.(?:update|pop|setdefault|clear)\(|\|=)"
        doubtful = from_environment or owner.call is not None or re.search(changed, file.tree.source.text)
        return None if doubtful else folded
    return folded._replace(env=folded.env or variable, text=False) if from_environment else folded


def _field_node(owner: Owner, name: str, hops: int) -> tuple[PythonFile, Node] | None:
    """The right side of the only assignment to a field, in the class or the one that it inherits from."""
    if hops > MAX_HOPS:
        return None
    file = owner.file
    values = file.assigned.get((owner.node.id, name), [])
    text = file.tree.text(owner.node)
    plain = re.escape(name)
    of = re.escape(file.tree.text(owner.node.child_by_field_name("name")))
    if re.search(rf"(?m)^\s*{of}\.{plain}\s*=(?!=)", file.tree.source.text):
        return None
    if re.search(rf"\bself\.{plain}\b[^=\n]*=(?!=)|validator\([^)]*[\"']{plain}[\"']|def {plain}\b", text):
        return None
    if len(values) == 1 and values[0].type == "assignment":
        right = values[0].child_by_field_name("right")
        return (file, right) if right is not None else None
    if values:
        return None
    for base in _bases(owner):
        outer = file.names.owner(base, hops + 1)
        found = _field_node(outer, name, hops + 1) if outer is not None else None
        if found is not None:
            return found
    return None


def _bases(owner: Owner) -> list[Node]:
    bases = owner.node.child_by_field_name("superclasses")
    return [each for each in bases.named_children if each.type in ("identifier", "attribute")] if bases else []


def is_settings(owner: Owner, hops: int = 0) -> bool:
    """Whether a class takes its values from the environment, as pydantic's settings do."""
    for base in _bases(owner):
        name = owner.file.tree.text(base).rpartition(".")[2]
        outer = owner.file.names.owner(base, hops + 1) if hops < MAX_HOPS else None
        if name == "BaseSettings" or (is_settings(outer, hops + 1) if outer is not None else name.endswith("Settings")):
            return True
    return False


def shared(table: Table, file: PythonFile, node: Node) -> Table:
    """A table of another module, whose entries are told at the place that uses it."""
    place = file.tree.place(node)
    made = Table()
    made.complete, made.broken = table.complete, table.broken
    for name, entry in table.entries.items():
        value = entry.value
        inner = shared(value.value, file, node) if isinstance(value.value, Table) else value.value
        made.entries[name] = Entry(place, value._replace(value=inner, place=place, shared=place))
    return made
