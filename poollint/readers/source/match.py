"""Calls to blocks: a catalogue's ``[[found]]`` tables decide which call is a pool and what its arguments mean.

A table::

    [[found]]
    language = "python"                       # python, javascript (TypeScript too), java (Kotlin too), go
    module = ["sqlalchemy"]                   # where the name is imported from; submodules are named in full
    construct = ["create_engine"]             # the functions or classes there
    kind = "pool"                             # the kind of block (default: the catalogue's first)
    options = "keywords"                      # keyword arguments; a number: the argument that holds the options;
                                              # "positional": by position alone; "none": only what is set later
    positional = ["url"]                      # the names of positional arguments
    nested = { limits = "" }                  # options whose own keys are settings, under a prefix
    rename = { timeout = "pool_timeout" }     # other spellings here than in the catalogue
    setters = "set"                           # methods of the result that set options: setMaximumPoolSize(10)
    facts = { asynchronous = true }           # what this form tells by itself
    local = true                              # also when imported from a module of the project itself
    open = true                               # unknown options are none of our business here
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED, Block, Setting
from poollint.readers.source.values import Call, Entry, Folded, Made, Ref, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poollint.knowledge.catalogue import Catalogue, KindSpec, SettingSpec
    from poollint.versions import Version

UNITS = {"ms": 0.001, "s": 1, "us": 1e-6, "ns": 1e-9, "min": 60, "h": 3600, "d": 86400}
MAX_NESTING = 6


class Found:
    """One ``[[found]]`` table of a source language."""

    __slots__ = (
        "constructs",
        "facts",
        "kind",
        "local",
        "modules",
        "nested",
        "open",
        "options",
        "positional",
        "rename",
        "setters",
        "system",
    )

    def __init__(self, system: str, table: Mapping[str, Any], kind: str) -> None:
        self.system = system
        self.modules = _listed(table.get("module", ""))
        self.constructs = _listed(table["construct"])
        self.kind: str = table.get("kind", kind)
        self.options: str | int = table.get("options", "keywords")
        self.positional: list[str] = table.get("positional", [])
        self.nested: dict[str, str] = table.get("nested", {})
        self.rename: dict[str, str] = table.get("rename", {})
        self.setters: str = table.get("setters", "")
        self.facts: dict[str, Any] = table.get("facts", {})
        self.local = bool(table.get("local", False))
        self.open = bool(table.get("open", False))

    def names(self) -> list[str]:
        """The canonical names of what it constructs."""
        return [f"{module}.{name}" if module else name for module in self.modules for name in self.constructs]


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


class Finder:
    """The found tables of a language by canonical name."""

    def __init__(self, founds: Iterable[Found]) -> None:
        self.by_name: dict[str, list[Found]] = {}
        self.local: dict[str, list[Found]] = {}
        for found in founds:
            for name in found.names():
                self.by_name.setdefault(name, []).append(found)
            if found.local:
                for name in found.constructs:
                    self.local.setdefault(name, []).append(found)

    def of(self, callee: str) -> list[Found]:
        found = self.by_name.get(callee)
        if found is not None:
            return found
        module, _, name = callee.rpartition(".")
        local = self.local.get(name)
        return local if local and is_local(module) else []


def is_local(module: str) -> bool:
    """Whether a module is the project's own, as far as its name tells (a relative import)."""
    return module.startswith((".", "/", "@/", "~/"))


def block_of(call: Call, found: Found, catalogue: Catalogue, target: Version | None) -> Block:
    """The block that a call configures: settings decoded by the catalogue, facts of the place."""
    spec = catalogue.kinds[found.kind]
    block = Block(catalogue.name, found.kind, call.name, call.place, spec=spec, path=_path(call, found), target=target)
    block.facts.update(_facts(call))
    block.facts.update(found.facts)
    block.facts["construct"] = call.callee.rpartition(".")[2]
    filler = _Filler(block, spec, found)
    if call.broken:
        block.complete = False
        return block
    block.complete = call.complete
    for at, value in enumerate(call.positional):
        if at == found.options:
            filler.table(value, "")
        elif at < len(found.positional):
            filler.entry(found.positional[at], Entry(value.place, value), by_name=False)
    if found.options == "keywords":
        for name, entry in call.named.items():
            filler.entry(name, entry)
    for name, entry in call.later.items():
        filler.entry(name, entry)
    if call.touched:
        block.complete = False
    return block


def _path(call: Call, found: Found) -> str:
    where = ".".join((*reversed(call.scope.classes), *reversed(call.scope.functions), call.name or found.kind))
    return f"{call.callee.rpartition('.')[2]} {where}"


def _facts(call: Call) -> dict[str, Any]:
    scope = call.scope
    return {
        "scope": "function" if scope.functions else "class" if scope.classes else "module",
        "function": scope.functions[0] if scope.functions else "",
        "handler": scope.handler,
        "in_handler": bool(scope.handler),
        "in_loop": scope.in_loop,
        "guarded": scope.guarded,
        "returned": scope.returned,
        "yielded": scope.yielded,
        "as_context": scope.as_context,
        "decorators": scope.decorators,
        "callee": call.callee,
    }


class _Filler:
    """Puts options into a block, each decoded by its spec."""

    def __init__(self, block: Block, spec: KindSpec, found: Found) -> None:
        self.block = block
        self.spec = spec
        self.found = found

    def table(self, value: Folded, prefix: str, depth: int = 0) -> None:
        """The options of an object; one that is not a literal hides what it holds."""
        table = value.value
        if isinstance(table, Made) and table.call.named:
            for name, entry in table.call.named.items():
                self.entry(prefix + name, entry, depth=depth)
            self.block.complete = self.block.complete and table.call.complete
            return
        if not isinstance(table, Table) or table.broken:
            if table is not None:
                self.block.complete = False
            return
        if not table.complete:
            self.block.complete = False
        for name, entry in table.entries.items():
            self.entry(prefix + name, entry, depth=depth)

    def entry(self, name: str, entry: Entry, *, by_name: bool = True, depth: int = 0) -> None:
        """One option under the name that the program knows it by."""
        nested = self.found.nested.get(name)
        if nested is not None and depth < MAX_NESTING:
            self.table(entry.value, nested, depth + 1)
            return
        real = self.found.rename.get(name) or self.spec.aliases.get(name, name)
        setting_spec = self.spec.settings.get(real)
        if setting_spec is None:
            if not self.found.open and by_name:
                self.block.facts.setdefault("unknown_options", {})[name] = entry
            return
        folded = entry.value
        setting = Setting(
            real,
            decode(setting_spec, folded),
            raw_text(folded),
            place=folded.place,
            key_place=entry.key_place,
            key=name,
            spec=setting_spec,
        )
        self.block.settings[real] = setting
        if folded.env:
            self.block.facts.setdefault("from_environment", {})[real] = folded.env
        if folded.text:
            self.block.facts.setdefault("text_values", {})[real] = folded.env


def raw_text(folded: Folded) -> str:
    """The value as it is written, on one line."""
    text = " ".join(folded.place.text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def decode(spec: SettingSpec, folded: Folded) -> Any:
    """A folded value in the catalogue's type and unit; UNKNOWN where it cannot be known.

    A value of another type than the spec's stays as it is (a rule judges it): a string for a number, say.
    """
    value = folded.value
    if value is UNKNOWN or isinstance(value, (Table, Made)):
        return UNKNOWN
    if isinstance(value, Ref):
        return value.name
    if isinstance(value, list):
        return tuple(each.value for each in value)
    if value is None:
        return _special(spec.get("null"), None, spec)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _special(spec.get("false"), value, spec) if value is False else value
    if value == 0 and spec.get("zero") in ("unlimited", "forever"):
        return UNLIMITED
    if value < 0 and spec.get("negative") in ("unlimited", "forever"):
        return UNLIMITED
    if spec.type == "duration":
        factor = UNITS.get(spec.unit, 1)
        return value if factor == 1 else round(value * factor, 9)
    return value


def _special(meaning: Any, value: Any, spec: SettingSpec) -> Any:
    if meaning in ("unlimited", "forever"):
        return UNLIMITED
    if meaning == "default":
        return spec.default
    return value
