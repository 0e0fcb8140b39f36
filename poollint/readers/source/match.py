"""Calls to blocks: a catalogue's ``[[found]]`` tables decide which call is a pool and what its arguments mean.

A table::

    [[found]]
    language = "python"                       # python, javascript (TypeScript too), java (Kotlin too), go
    module = ["sqlalchemy"]                   # where the name is imported from; submodules are named in full
    construct = ["create_engine"]             # the functions or classes there
    kind = "pool"                             # the kind of block (default: the catalogue's first)
    options = "keywords"                      # keyword arguments; a number: the argument that holds the options;
                                              # a list of numbers: the last of these arguments that is an object;
                                              # "positional": by position alone; "none": only what is set later
    positional = ["url"]                      # the names of positional arguments
    nested = { limits = "" }                  # options whose own keys are settings, under a prefix
    rename = { timeout = "pool_timeout" }     # other spellings here than in the catalogue
    setters = "set"                           # methods of the result that set options: setMaximumPoolSize(10);
                                              # "=": its fields do, config.keep_alive_timeout = 75 (Python)
    facts = { asynchronous = true }           # what this form tells by itself
    local = true                              # also when imported from a module of the project itself
    open = true                               # unknown options are none of our business here
    require = ["client"]                      # only where these options are written
    query = true                              # the query of the URL sets options, too; what is given beside it goes first;
                                              # or the names of the options that are such a URL: ["uri"]
    query_wins = true                         # ... unless the library lets the URL go first
    given = ["com.zaxxer.hikari.HikariConfig"]  # no block where it is given one of these, which is a block itself
    alone = false                             # a single argument is the options only where it is an object literal
    handed = true                             # also what a method sets on one that is its parameter (Java, Kotlin)
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED, Block, Setting
from poollint.readers.source.dsn import parameters_of, plain_value
from poollint.readers.source.values import Call, Elapsed, Entry, Folded, Made, Ref, Table
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poollint.knowledge.catalogue import Catalogue, KindSpec, SettingSpec
    from poollint.versions import Version

UNITS = {"ms": 0.001, "s": 1, "us": 1e-6, "ns": 1e-9, "min": 60, "h": 3600, "d": 86400}
MAX_NESTING = 6
MEASURED = frozenset(("int", "float", "duration", "size", "bool"))  # types whose values are no names
# files whose pools serve a test or one run by hand, by the names that people give them
_TEST = re.compile(
    r"(?:^|/)(?:tests?\d*|\.semgrep|__tests__|__mocks__|__fixtures__|__e2e__|step_definitions|features/support|specs?|e2e|cypress|benchmarks?|bench)/"
    r"|(?:^|/)[\w.-]+-tests?(?:-(?:utils|helpers))?/"
    r"|(?:^|/)(?:test[_-][^/]*|conftest|[^/]*_test|[^/]*[-.](?:tests?|spec|e2e|bench))\.\w+$"
    r"|(?:^|/)(?:vitest|jest|playwright|cypress)[.\w-]*\.\w+$|(?:^|/)(?:[^/]*Tests?|Test[A-Z][^/]*|[^/]*(?:IT|TestCase))\.(?:java|kt)$"
    r"|(?:^|/)src/(?:\w*Tests?|test\w*|it|jmh)/"
)
_SCRIPT = re.compile(
    r"(?:^|/)\.?[\w-]*(?:scripts?|bin|seeds?|seeders|migrations?|tools|examples?)/|(?:^|/)[^/]*(?:seed|migrate)[^/]*\.\w+$"
)


class Found:
    """One ``[[found]]`` table of a source language."""

    __slots__ = (
        "alone",
        "constructs",
        "facts",
        "given",
        "handed",
        "kind",
        "local",
        "modules",
        "nested",
        "open",
        "options",
        "positional",
        "query",
        "query_wins",
        "rename",
        "require",
        "setters",
        "system",
    )

    def __init__(self, system: str, table: Mapping[str, Any], kind: str) -> None:
        self.system = system
        self.modules = _listed(table.get("module", ""))
        self.constructs = _listed(table["construct"])
        self.kind: str = table.get("kind", kind)
        self.options: str | int | list[int] = table.get("options", "keywords")
        self.positional: list[str] = table.get("positional", [])
        self.nested: dict[str, str] = table.get("nested", {})
        self.rename: dict[str, str] = table.get("rename", {})
        self.setters: str = table.get("setters", "")
        self.facts: dict[str, Any] = table.get("facts", {})
        self.local = bool(table.get("local", False))
        self.require: list[str] = table.get("require", [])
        self.given: list[str] = table.get("given", [])
        self.query: bool | list[str] = table.get("query", False)
        self.query_wins = bool(table.get("query_wins", False))
        self.handed = bool(table.get("handed", False))
        self.open = bool(table.get("open", False))
        self.alone = bool(table.get("alone", True))

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
        self.last_parts = frozenset(name.rpartition(".")[2] for name in self.by_name)
        self.first_parts = frozenset(name.partition(".")[0] for name in self.by_name)

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
    module, _, name = call.callee.rpartition(".")
    block.facts.setdefault("construct", module.rpartition("/")[2] if name == "default" else name)
    filler = _Filler(block, spec, found)
    if call.broken:
        block.complete = False
        block.facts["broken"] = True
        return block
    block.complete = call.complete
    options_at = _options_at(call, found)
    for at, value in enumerate(call.positional):
        if at == options_at and filler.links and isinstance(value.value, str):
            filler.entry(filler.links[0], Entry(value.place, value), by_name=False)
        elif at == options_at:
            filler.table(value, "")
        elif at < len(found.positional):
            filler.entry(found.positional[at], Entry(value.place, value), by_name=False)
    if found.options == "keywords":
        for name, entry in call.named.items():
            filler.entry(name, entry)
    for name, entry in call.later.items():
        filler.entry(name, entry)
    filler.read_query()
    if call.touched:
        block.complete = False
    _limit_defaults(block, spec)
    return block


def _limit_defaults(block: Block, spec: KindSpec) -> None:
    """A default that holds only beside a certain value of another setting is unknown elsewhere."""
    for name, setting in spec.settings.items():
        only = setting.get("only")
        if only and name not in block.settings:
            for other, values in only.items():
                if block.value(other) not in values:
                    block.settings[name] = setting.unknown_setting()


def _path(call: Call, found: Found) -> str:
    where = ".".join((*reversed(call.scope.classes), *reversed(call.scope.functions), call.name or found.kind))
    return f"{call.callee.rpartition('.')[2]} {where}"


def _facts(call: Call) -> dict[str, Any]:
    scope = call.scope
    path = _relative(call.place.source.path)
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
        "in_test": bool(_TEST.search(path) or call.used.get("in_test")),
        "in_script": bool(_SCRIPT.search(path)),
        **({"uses": call.used} if call.used else {}),
    }


def _relative(path: str) -> str:
    """A path below the current directory as seen from there, so that folders above it say nothing."""
    if os.path.isabs(path):
        here = os.getcwd() + os.sep
        path = path[len(here) :] if path.startswith(here) else os.path.join(*path.split(os.sep)[-3:])
    return path.replace("\\", "/")


def _options_at(call: Call, found: Found) -> int:
    """Which argument holds the options: a number as it stands, or, of several, the last one that is an object.

    -1 when every candidate is a text (a URL), so that no option is given.
    """
    if isinstance(found.options, int):
        return found.options
    if not isinstance(found.options, list):
        return -1
    given = [at for at in found.options if at < len(call.positional)]
    if not found.alone and len(call.positional) == 1 and not isinstance(call.positional[0].value, Table):
        return -1
    for at in reversed(given):
        if isinstance(call.positional[at].value, (Table, Made)):
            return int(at)
    open_ones = [
        at
        for at in given
        if call.positional[at].value is UNKNOWN and not (call.positional[at].text or call.positional[at].plain)
    ]
    return int(open_ones[-1]) if open_ones else -1


class _Filler:
    """Puts options into a block, each decoded by its spec."""

    def __init__(self, block: Block, spec: KindSpec, found: Found) -> None:
        self.block = block
        self.spec = spec
        self.found = found
        self.links = spec.roles.get("url", ()) if found.query is True else tuple(found.query or ())
        self.url: Folded | None = None

    def read_query(self) -> None:
        """The options in the query of the URL, if there is one; a URL that is open may hold any."""
        if self.url is None:
            return
        parameters = parameters_of(self.url, plain_value)
        if parameters is None or (self.url.value is UNKNOWN and not self.url.shape):
            self.block.facts["open_query"] = True
            return
        text = self.url.value if isinstance(self.url.value, str) else self.url.shape
        given = dict(self.block.settings)
        for name, entry in parameters.items() if "://" in text else ():
            self.entry(name, entry, by_name=False)
        if not self.found.query_wins:
            self.block.settings.update(given)

    def table(self, value: Folded, prefix: str, depth: int = 0) -> None:
        """The options of an object; one that is not a literal hides what it holds."""
        table = value.choices[0].value if value.plain and len(value.choices) == 1 else value.value
        if isinstance(table, Made) and table.call.named:
            for name, entry in table.call.named.items():
                self.entry(prefix + name, entry, depth=depth, key=name)
            self.block.complete = self.block.complete and table.call.complete
            if prefix:  # what its constructor leaves out has the constructor's defaults
                self.hide(prefix)
            return
        if not isinstance(table, Table) or table.broken:
            if isinstance(table, Table):
                self.block.facts["broken"] = True
            if table is not None:
                self.hide(prefix)
            return
        for name, entry in table.entries.items():
            self.entry(prefix + name, entry, depth=depth, key=name)
        if not table.complete:
            self.hide(prefix)

    def is_plain_zero(self, spec: SettingSpec, folded: Folded) -> bool:
        """Whether a 0 is just that in the target version, which gives it no meaning of its own yet."""
        since, target = spec.get("zero_since"), self.block.target
        return bool(since and target is not None and folded.value == 0 and target < parse_version(since))

    def hide(self, prefix: str) -> None:
        """The options below a prefix may be set out of sight."""
        if not prefix:
            self.block.complete = False
        for name, spec in self.spec.settings.items():
            if prefix and name.startswith(prefix) and name not in self.block.settings:
                self.block.settings[name] = spec.unknown_setting()

    def entry(self, name: str, entry: Entry, *, by_name: bool = True, depth: int = 0, key: str = "") -> None:
        """One option under the name that the program knows it by."""
        nested = self.found.nested.get(name)
        plain = name in self.spec.settings and entry.value.known and not isinstance(entry.value.value, (Table, Made))
        if nested is not None and depth < MAX_NESTING and not plain:
            if isinstance(entry.value.value, Table) and entry.value.value.complete and not entry.value.value.entries:
                self.block.facts.setdefault("empty_options", {})[name] = entry
            self.table(entry.value, nested, depth + 1)
            return
        real = self.found.rename.get(name) or self.spec.aliases.get(name, name)
        real = self.spec.folded.get(real.lower(), real)
        if real in self.links:
            self.url = entry.value
        setting_spec = self.spec.settings.get(real)
        if setting_spec is None:
            if real in self.spec.accepts:
                self.block.facts.setdefault("other_options", {})[name] = entry
            elif not self.found.open and by_name:
                self.block.facts.setdefault("unknown_options", {})[name] = entry
            return
        folded = entry.value
        if any(isinstance(each.value, Elapsed) for each in (folded, *folded.choices)):
            self.block.facts.setdefault("timed", set()).add(real)
        setting = Setting(
            real,
            folded.value if self.is_plain_zero(setting_spec, folded) else decode(setting_spec, folded),
            raw_text(folded),
            origin="inherited" if folded.shared is not None else "explicit",
            place=folded.shared or folded.place,
            key_place=folded.shared or entry.key_place,
            key=key or name,
            spec=setting_spec,
        )
        self.block.settings[real] = setting
        self.note(real, setting_spec, folded)

    def note(self, real: str, spec: SettingSpec, folded: Folded) -> None:
        """What a value tells beside itself: the object that it is, the variable it is from, the choices there are."""
        if isinstance(folded.value, (Table, Made, Ref)):
            self.block.facts.setdefault("objects", {})[real] = folded.value
        if folded.env:
            self.block.facts.setdefault("from_environment", {})[real] = folded.env
        if folded.text:
            self.block.facts.setdefault("text_values", {})[real] = folded.env
        if folded.divided:
            self.block.facts.setdefault("divided", set()).add(real)
        if folded.unset:
            self.block.facts.setdefault("unset_values", {})[real] = folded.env
        if folded.shape:
            self.block.facts.setdefault("shapes", {})[real] = without_login(folded.shape)
        if folded.choices:
            choices = tuple(decode(spec, each) for each in folded.choices)
            self.block.facts.setdefault("choices", {})[real] = choices


def without_login(text: str) -> str:
    """A URL without the name and the password in it: nothing that is kept may hold them."""
    return re.sub(r"(://)[^@/]*@", r"\1@", text)


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
    if isinstance(value, Elapsed):
        meaning = spec.get("zero") if value.seconds == 0 else spec.get("negative") if value.seconds < 0 else ""
        return UNLIMITED if meaning in ("unlimited", "forever") else value.seconds
    if isinstance(value, Ref):
        return value.name if spec.type not in MEASURED else UNKNOWN
    if isinstance(value, list):
        return tuple(each.value for each in value)
    if value is None:
        return _special(spec.get("null"), None, spec)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _special(spec.get("false"), value, spec) if value is False else value
    meaning = spec.get("zero") if value == 0 else spec.get("negative") if value < 0 else ""
    if value == spec.get("unlimited") or meaning in ("unlimited", "forever"):
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
