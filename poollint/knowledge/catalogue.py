"""``rules/SYSTEM/settings.toml`` as objects: what a system accepts, and where its settings stand.

The file's form::

    [system]            name, title, docs, newest (version), format, reader, files (globs), content (regexes), ...
    [options.NAME]      what the user may tell about this system in poollint.toml under [SYSTEM]
    [settings.NAME]     a setting of every kind of block, or of the kinds that its `contexts` name
    [kinds.KIND]        title; facts and links: names that the reader computes, each with a sentence
    [kinds.KIND.settings.NAME]   a setting of that kind of block
    [[found]]           where its settings stand: in source code (language: see poollint.readers.source.match), in files of
                        keys (format: see poollint.readers.keyed_match), on command lines (command: see
                        poollint.readers.commands)
    [parameters]        further names that the software accepts, in a form that the system's reader knows

A setting's ``faults`` tell what the program does with values that it should not get: a table of zero, negative, text, nan,
fraction to [effect, words]. ``only = { type = ["postgres"] }``: its default holds where another setting has such a value.

A key that is not known here is refused when the file is loaded.
"""

from __future__ import annotations

from typing import Any

from poollint.blocks import UNKNOWN, UNLIMITED, Setting
from poollint.versions import Version, in_range, parse_version

SETTING_KEYS = frozenset(
    "type unit default defaults parser zero negative min max sane enum since deprecated removed replacement role "
    "contexts args multiple restart sticky note aliases doc source grammar inherit hint default_raw edition "
    "backports secret null false unlimited zero_since faults only".split()
)
SYSTEM_KEYS = frozenset(
    "name title docs newest oldest format reader files content comments trailing_comments help case_sensitive "
    "packages shares content_files embeds engine finish".split()
)
KIND_KEYS = frozenset(
    "title facts links settings inherits doc role lacks accepts unknown unknown_from confused ignore_case".split()
)


FOUND_KEYS = frozenset(
    "language module construct kind options positional nested rename setters facts local open trigger format files prefix "
    "relaxed section env also partial absent skip unless command flags variables note require given installed "
    "any_key build unless_build content alone query query_wins handed".split()
)
FOUND_FORMS = ("language", "format", "command")


# facts that every block of a source file has: see poollint.readers.source.match
SOURCE_FACTS = frozenset(
    "scope function handler in_handler in_loop guarded returned yielded as_context decorators callee construct in_test "
    "in_script uses unknown_options other_options from_environment text_values unset_values choices objects "
    "packages timed broken".split()
)


class CatalogueError(Exception):
    """A settings.toml says something that the catalogue has no word for."""


class SettingSpec:
    """One setting: type, unit, default by version, bounds, versions, role. ``raw`` is the table as written."""

    __slots__ = ("_defaults", "_unknown", "default", "name", "raw", "role", "type", "unit")

    def __init__(self, name: str, raw: dict[str, Any]) -> None:
        self.name = name
        self.raw = raw
        self.type: str = raw.get("type", "string")
        self.unit: str = raw.get("unit", "")
        self.role: str = raw.get("role", "")
        self.default: Any = self._decode(raw.get("default"))
        self._defaults: dict[Version | None, Setting] = {}
        self._unknown: Setting | None = None

    def _decode(self, value: Any) -> Any:
        if value in ("unlimited", "forever"):
            return UNLIMITED
        if value == 0 and not isinstance(value, bool) and self.raw.get("zero") in ("unlimited", "forever"):
            return UNLIMITED
        return value

    def default_for(self, target: Version | None) -> Any:
        """The default value of a version (None: the newest)."""
        if target is not None:
            for bounds, value in self.raw.get("defaults", {}).items():
                if in_range(target, bounds):
                    return self._decode(value)
        return self.default

    def default_setting(self, target: Version | None) -> Setting:
        found = self._defaults.get(target)
        if found is None:
            value = self.default_for(target)
            raw = self.raw.get("default_raw") or ("" if value is None or isinstance(value, bool) else str(value))
            found = self._defaults[target] = Setting(self.name, value, raw, origin="default", spec=self)
        return found

    def unknown_setting(self) -> Setting:
        """The setting as it stands where it may be set out of sight."""
        if self._unknown is None:
            self._unknown = Setting(self.name, UNKNOWN, "", origin="default", spec=self)
        return self._unknown

    def get(self, key: str, default: Any = None) -> Any:
        return self.raw.get(key, default)

    def since(self) -> Version | None:
        text = self.raw.get("since")
        return parse_version(text) if text else None

    def __repr__(self) -> str:
        return f"SettingSpec({self.name})"


class KindSpec:
    """One kind of block: its settings by name, its roles, and the facts and links that its reader computes.

    ``accepts`` are further option names that the program takes and that no rule speaks of; ``unknown`` tells what it
    does with any other: "ignored", "refused", "warned", or, by prefix of the name, a table of these (""; "open" where
    we do not know them all, "confused" where we know
    those of ``confused`` alone), from the release ``unknown_from``. ``confused`` maps names that belong elsewhere to the one
    that was meant. ``folded`` are the known names in small letters, where the program does not tell capitals apart.
    ``lacks`` says of roles that rules ask for and that no setting here has, what stands in their place. ``engine``: the
    database that it leads to, where that is one alone; "none" for what is no connection. ``newest``: the release of the
    system that is taken where nobody said which one runs.
    """

    __slots__ = (
        "accepts",
        "aliases",
        "confused",
        "engine",
        "facts",
        "folded",
        "lacks",
        "links",
        "name",
        "newest",
        "role",
        "roles",
        "settings",
        "title",
        "unknown",
        "unknown_from",
    )

    def __init__(
        self, name: str, raw: dict[str, Any], shared: dict[str, SettingSpec], system: dict[str, Any] | None = None
    ) -> None:
        self.name = name
        system = system or {}
        self.engine: str = system.get("engine", "")
        self.newest: Version | None = parse_version(system["newest"]) if "newest" in system else None
        self.title: str = raw.get("title", name)
        self.role: str = raw.get("role", "")
        self.lacks: dict[str, str] = raw.get("lacks", {})
        self.facts: dict[str, str] = raw.get("facts", {})
        self.links: dict[str, str] = raw.get("links", {})
        self.accepts = frozenset(raw.get("accepts", ()))
        unknown = raw.get("unknown", "open")
        self.unknown: dict[str, str] = {"": unknown} if isinstance(unknown, str) else unknown
        self.unknown_from: str = raw.get("unknown_from", "")
        self.confused: dict[str, str] = raw.get("confused", {})
        self.settings: dict[str, SettingSpec] = {
            key: spec for key, spec in shared.items() if name in spec.raw.get("contexts", (name,))
        }
        for key, table in raw.get("settings", {}).items():
            self.settings[key] = SettingSpec(key, table)
        self.roles: dict[str, tuple[str, ...]] = {}
        self.aliases: dict[str, str] = {}
        for key, spec in self.settings.items():
            if spec.role:
                self.roles[spec.role] = (*self.roles.get(spec.role, ()), key)
            for alias in spec.raw.get("aliases", ()):
                self.aliases[alias] = key
        known = (*self.settings, *self.accepts) if raw.get("ignore_case") else ()
        self.folded = {each.lower(): each for each in known}


class Catalogue:
    """A system's settings.toml."""

    __slots__ = ("docs", "found", "kinds", "name", "newest", "options", "parameters", "system", "title")

    def __init__(self, data: dict[str, Any], where: str = "settings.toml") -> None:
        check_keys(data, where)
        self.system: dict[str, Any] = data["system"]
        self.name: str = self.system["name"]
        self.title: str = self.system["title"]
        self.docs: str = self.system.get("docs", "")
        self.newest: Version | None = parse_version(self.system["newest"]) if "newest" in self.system else None
        self.found: list[dict[str, Any]] = data.get("found", [])
        self.options: dict[str, dict[str, Any]] = {
            name.replace("-", "_"): table for name, table in data.get("options", {}).items()
        }
        self.parameters: dict[str, Any] = data.get("parameters", {})
        shared = {key: SettingSpec(key, table) for key, table in data.get("settings", {}).items()}
        kinds = data.get("kinds") or {"pool": {}}
        self.kinds = {name: KindSpec(name, raw, shared, self.system) for name, raw in kinds.items()}
        _check_founds(self.found, self.kinds, where)

    def kind(self, name: str) -> KindSpec:
        return self.kinds[name]


def check_keys(data: dict[str, Any], where: str) -> None:
    """CatalogueError, with the line and the table's name, for what is missing and for a key that nothing would read."""
    system = data.get("system")
    for key in ("name", "title"):
        if not isinstance(system, dict) or not isinstance(system.get(key), str):
            raise CatalogueError(f"{_at(where, '[system]')}: [system] needs {key}, a text")
    _refuse_unknown(data["system"], SYSTEM_KEYS, where, "[system]")
    for number, table in enumerate(data.get("found", [])):
        _refuse_unknown(table, FOUND_KEYS, where, "[[found]]", number)
    for name, raw in data.get("settings", {}).items():
        _refuse_unknown(raw, SETTING_KEYS, where, f"[settings.{name}]")
    for kind, raw in data.get("kinds", {}).items():
        _refuse_unknown(raw, KIND_KEYS, where, f"[kinds.{kind}]")
        for name, table in raw.get("settings", {}).items():
            _refuse_unknown(table, SETTING_KEYS, where, f"[kinds.{kind}.settings.{name}]")


def _refuse_unknown(table: dict[str, Any], known: frozenset[str], where: str, head: str, number: int = 0) -> None:
    for key in table:
        if key not in known:
            from poollint.knowledge.keyed import closest

            raise CatalogueError(f"{_at(where, head, number, key)}: {head}: unknown key {key!r}{closest(key, known)}")


def _check_founds(founds: list[dict[str, Any]], kinds: dict[str, KindSpec], where: str) -> None:
    for number, table in enumerate(founds):
        forms = [form for form in FOUND_FORMS if form in table]
        if len(forms) != 1:
            said = f"has {' and '.join(forms)}" if forms else "says no place"
            raise CatalogueError(
                f"{_at(where, '[[found]]', number)}: [[found]] {said}: one of {', '.join(FOUND_FORMS)} is needed"
            )
        if forms == ["format"]:
            from poollint.knowledge.keyed import faults

            for fault in faults(table, kinds):
                raise CatalogueError(f"{_at(where, '[[found]]', number, fault.word)}: [[found]]: {fault.message}")
        elif forms == ["language"] and "construct" not in table:
            raise CatalogueError(f"{_at(where, '[[found]]', number)}: [[found]] needs construct beside language")
        elif table.get("kind", next(iter(kinds))) not in kinds:
            from poollint.knowledge.keyed import closest

            kind = table["kind"]
            raise CatalogueError(
                f"{_at(where, '[[found]]', number, 'kind')}: [[found]]: there is no kind {kind!r}{closest(kind, kinds)}"
            )


def _at(where: str, head: str, number: int = 0, word: str = "") -> str:
    """``settings.toml:12`` for a word of the table with that head, the ``number``-th one of its kind."""
    import re

    try:
        with open(where, encoding="utf-8", errors="replace") as handle:
            lines = handle.read().split("\n")
    except OSError:
        return where
    inner = head.strip("[]").rpartition(".")[2]
    plain = [at for at, line in enumerate(lines) if line.strip().startswith(head)]
    found = plain or [at for at, line in enumerate(lines) if re.match(rf'\s*"?{re.escape(inner)}"?\s*=\s*\{{', line)]
    if number >= len(found):
        return where
    start = found[number]
    for at in range(start, len(lines)):
        if at > start and lines[at].lstrip().startswith("["):
            break
        if word and re.search(rf'(?<![\w-])"?{re.escape(word)}"?(?![\w-])', lines[at]):
            return f"{where}:{at + 1}"
    return f"{where}:{start + 1}"
