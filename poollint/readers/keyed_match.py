"""Keys to blocks: a catalogue's ``[[found]]`` tables decide which keys of a settings file are whose settings.

A table::

    [[found]]
    format = "spring"                         # spring (Spring Boot's application files: documents, profiles, relaxed names,
                                              # placeholders, and the same keys as variables), quarkus (%profile. before
                                              # keys), hocon, properties, yaml, json, toml, ini, env (variables)
    files = ["config/db.json"]                # globs of base names, or of ends of paths (spring, quarkus have theirs)
    content = '(?m)^ +driverClass:'           # or by what stands in them (yaml, json, toml, hocon), whatever their names are
    prefix = "spring.data.redis.*.pool"       # the keys above the settings; * is any one part and names the block, "" none;
                                              # a list of several
    skip = ["default"]                        # names of blocks that are none: an anchor that others are merged from
    section = "app:*"                         # ini: the sections, a glob
    kind = "pool"                             # the kind of block (default: the catalogue's first)
    relaxed = true                            # max-size, max_size and maxSize are one name (spring: always)
    rename = { "threads.max" = "maxThreads" } # keys below the prefix that the catalogue has another name for
    also = { "app.timeout" = "timeout" }      # settings that stand elsewhere in the file, by their whole keys
    env = "ACME_POOL_"                        # how the variables begin that set the same, in .env files, Compose files and
                                              # manifests: ACME_POOL_MAX_SIZE;
                                              # or a table of names: { DB_POOL_MAX = "maxSize" }
    require = ["dialect"]                     # only where these settings are written; a table: where they have these values
    absent = ["type"]                         # only where these are not written, here or out of sight
    unless = { enabled = false }              # not where a setting has this value
    open = true                               # unknown keys below the prefix are none of our business here
    any_key = true                            # any key below the prefix makes the block, also one that is not known
    build = ["spring-boot-starter-web"]       # not in projects whose build file (pom.xml, Gradle) names none of these
    unless_build = ["spring-boot-starter-jersey"]  # nor in those where it names one of these
    partial = true                            # more may be set elsewhere: what is not written is unknown
    installed = true                          # only in projects that have the system's package, in a version that is told
    facts = { cluster = true }                # what this form tells by itself

A value is read by the setting's type. A duration is a number in the setting's unit, unless its ``parser`` says more:
"spring" takes 500ms, 30s and PT30S, too, "quarkus" 30S, 5M and PT30S, "lightbend" 30 seconds, 0.5m and 1 hour,
"dropwizard" 30 seconds, 5 min and 1 hour, and no number without a unit.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, Block, Setting
from poollint.knowledge.keyed import canonical, founds_at, variables_of
from poollint.readers import keyed
from poollint.readers.base import Reading
from poollint.readers.source.folders import build_names
from poollint.readers.source.match import UNITS, decode, raw_text
from poollint.readers.source.values import Entry, Folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from poollint.knowledge.catalogue import Catalogue, KindSpec, SettingSpec
    from poollint.readers.base import ReadContext
    from poollint.readers.keyed import KeyedEntry
    from poollint.source import Source
    from poollint.versions import Version

_TEST = re.compile(r"(?:^|/)(?:tests?|__tests__|e2e|it|[a-z]\w*Tests?)/|-(?:test|it|e2e)\.\w+$")
_TRIALS = frozenset(("test", "tests", "dev", "development", "local"))  # profiles whose missing bounds harm nobody
_PROFILE_FILE = re.compile(r"(?:application|bootstrap)-([^/]+)\.\w+$")
INCLUDE = re.compile(r"(?m)^[ \t]*include\b")


def _plural(units: dict[str, float]) -> dict[str, float]:
    return {word + end: seconds for word, seconds in units.items() for end in ("", "s")}


_TRUE, _FALSE = frozenset(("true", "yes", "on")), frozenset(("false", "no", "off"))
_SIMPLE = re.compile(r"([+-]?\d+)([a-zA-Z]{0,2})")
_SUFFIXES = {"": 0.001, "ns": 1e-9, "us": 1e-6, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_ISO = re.compile(r"(?i)([+-]?)P(?:([+-]?\d+)D)?(?:T(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:\.\d*)?)S)?)?")
_WORDS = re.compile(r"([+-]?\d+(?:\.\d*)?)\s*([^\W\d_]+)")
_LONG_UNITS = {
    "nanosecond": 1e-9,
    "microsecond": 1e-6,
    "millisecond": 0.001,
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
}
# the units of libraries that have words for them; each long one is taken with and without an s at its end
_WORD_UNITS = {
    "dropwizard": {**_SUFFIXES, "min": 60, "mins": 60, **_plural(_LONG_UNITS)},
    "lightbend": {**_SUFFIXES, **_plural({"nano": 1e-9, "micro": 1e-6, "milli": 0.001, **_LONG_UNITS})},
}
_QUARKUS = re.compile(r"(?i)(?=\d)(?:(\d+)D)?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")


class KeyedFound:
    """One ``[[found]]`` table of a keyed format."""

    __slots__ = (
        "absent", "also", "any_key", "begins", "build", "env", "facts", "form", "installed", "kind", "names", "open",
        "partial", "prefixes", "relaxed", "rename", "require", "section", "skip", "spec", "system", "unless", "unless_build",
    )  # fmt: skip

    def __init__(self, system: str, table: Mapping[str, Any], catalogue: Catalogue) -> None:
        self.system = system
        self.form: str = table["format"]
        self.kind: str = table.get("kind") or next(iter(catalogue.kinds))
        self.spec: KindSpec = catalogue.kinds[self.kind]
        self.relaxed = bool(table.get("relaxed", self.form == "spring"))
        self.section: str = table.get("section", "")
        self.require: list[str] | dict[str, Any] = table.get("require", [])
        self.skip: list[str] = table.get("skip", [])
        self.absent: list[str] = table.get("absent", [])
        self.unless: dict[str, Any] = table.get("unless", {})
        self.open = bool(table.get("open", False))
        self.any_key = bool(table.get("any_key", False))
        self.build: list[str] = table.get("build", [])
        self.unless_build: list[str] = table.get("unless_build", [])
        self.installed = bool(table.get("installed", False))
        self.partial = bool(table.get("partial", False))
        self.facts: dict[str, Any] = table.get("facts", {})
        self.env: str | dict[str, str] = table.get("env", "")
        self.begins = variables_of(table)[0]
        self.rename: dict[str, str] = table.get("rename", {})
        prefix = table.get("prefix", "")
        self.prefixes = [self._parts(each) for each in ([prefix] if isinstance(prefix, str) else prefix)]
        self.also = {self._parts(key): name for key, name in table.get("also", {}).items()}
        keys = {name: name for name in self.spec.settings if name not in self.rename.values()} | self.spec.aliases
        self.names = {self._parts(key): name for key, name in (keys | self.rename).items()}

    def _parts(self, key: str) -> tuple[str, ...]:
        return self.shape(tuple(key.split("."))) if key else ()

    def shape(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """A path as names are compared."""
        if self.relaxed:
            return tuple(canonical(part) for part in path)
        return tuple(part.lower() for part in path) if self.form == "ini" else path

    def below(self, path: tuple[str, ...]) -> tuple[tuple[str, ...], str, tuple[str, ...]] | None:
        """(what stands above, name of the block, what is left) of a key below a prefix."""
        shaped = self.shape(path)
        found = None
        for prefix in self.prefixes:
            size = len(prefix)
            if len(path) > size and all(want in ("*", part) for want, part in zip(prefix, shaped, strict=False)):
                named = [part for want, part in zip(prefix, path, strict=False) if want == "*"]
                one = shaped[:size], ".".join(part.strip('"') for part in named), path[size:]
                if shaped[size:] in self.names:
                    return one
                found = found or one
        return found

    def fits(self, block: Block) -> bool:
        """Whether what is written makes a block of this table."""
        if not all(name in block.settings for name in self.require) or (self.installed and block.target is None):
            return False
        wanted = self.require if isinstance(self.require, dict) else {}
        if any(block.settings[name].value != value for name, value in wanted.items()):
            return False
        if self.absent and (not block.complete or any(name in block.settings for name in self.absent)):
            return False
        return not any(
            name in block.settings and block.settings[name].value in (value, UNKNOWN)
            for name, value in self.unless.items()
        )

    def variables(self) -> dict[str, str]:
        """Variable -> setting: as the table says, or as Spring Boot names them."""
        if isinstance(self.env, dict):
            return self.env
        found: dict[str, str] = {}
        for parts, name in self.names.items():
            for begin in self.begins:
                if self.form == "spring":
                    found[begin + "_".join(parts).upper()] = name
                    kebab = "_".join(_snake(part) for part in self._written(name))
                    found[begin + kebab] = name
                elif self.form == "quarkus":
                    found[begin + "_".join(_snake(part) for part in parts)] = name
                else:  # by the name of the file's key, and by the setting's own
                    found[begin + "_".join(_snake(part) for part in self._written(name))] = name
                    found.setdefault(begin + _snake(name), name)
        return found

    def _written(self, name: str) -> list[str]:
        """The parts of a setting's key as the catalogue writes them."""
        key = next((key for key, real in self.rename.items() if real == name), name)
        return key.split(".")


def _snake(name: str) -> str:
    return re.sub(r"[-.]", "_", re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name)).upper()


def read(source: Source, context: ReadContext) -> Reading:
    """The blocks of a settings file by the tables that look into it. Never raises on any text."""
    blocks: list[Block] = []
    documents: dict[str, list[_Document]] = {}
    profiles: dict[str, list[KeyedEntry]] = {}
    tables, in_variables = founds_at(context.systems, source.path.replace("\\", "/"), source.text)
    variables = _variables(source) if in_variables else []
    for system, table in tables:
        found = KeyedFound(system, table, context.catalogue_of(system))
        if found.build and build_names(context.files, source.path, found.build) is False:
            continue
        if found.unless_build and build_names(context.files, source.path, found.unless_build):
            continue
        reader = _Reader(source, found, context.target_of(system))
        reader.partial = reader.partial or (context.inside and found.form == "spring")
        if in_variables:
            for entries in variables:
                blocks += reader.of_variables(entries)
            continue
        if found.form not in documents:
            documents[found.form] = documents_of(source, found.form)
            if found.form in ("spring", "quarkus"):
                profiles[found.form] = keyed.of_profiles(source, context.files)
        blocks += reader.blocks(documents[found.form], profiles.get(found.form, []))
    return Reading(blocks)


def _variables(source: Source) -> list[list[KeyedEntry]]:
    """The variables of each program that a file speaks of."""
    if source.path.endswith((".yml", ".yaml")):
        return list(keyed.environments(source))
    return [list(keyed.variables_of(source))]


class _Document(NamedTuple):
    entries: list[KeyedEntry]
    profile: str


def documents_of(source: Source, form: str) -> list[_Document]:
    """The entries of a file, by the conditions under which they hold; the ones that always hold first."""
    entries = _entries(source, form)
    if form == "quarkus":
        return _by_profile(entries)
    numbers: dict[int, list[KeyedEntry]] = {}
    for entry in entries:
        numbers.setdefault(entry.document, []).append(entry)
    if form == "spring":
        return [_Document(each, keyed.condition(each)) for each in numbers.values()]
    return [_Document(each, "") for each in numbers.values()]


def _by_profile(entries: list[KeyedEntry]) -> list[_Document]:
    """Quarkus: ``%dev.`` before a key makes it one of that profile."""
    found: dict[str, list[KeyedEntry]] = {"": []}
    for entry in entries:
        profile = entry.path[0][1:].strip('"') if entry.path[0].startswith("%") else ""
        found.setdefault(profile, []).append(entry._replace(path=entry.path[1:]) if profile else entry)
    return [_Document(each, profile) for profile, each in found.items() if each]


def _entries(source: Source, form: str) -> list[KeyedEntry]:
    if form in ("yaml", "json") or source.path.endswith((".yml", ".yaml")):
        return keyed.of_yaml(source, spring=form in ("spring", "quarkus")).entries
    if form == "toml":
        return keyed.of_toml(source)
    if form == "ini":
        return keyed.of_ini(source)
    if form == "hocon":
        return keyed.of_hocon(source)
    return keyed.of_properties(source, spring=form in ("spring", "quarkus")).entries


class _Group(NamedTuple):
    """The entries of one block, each with what is left of its path; ``above``: the section and the keys above them."""

    above: tuple[str, ...]
    name: str
    entries: list[tuple[KeyedEntry, tuple[str, ...]]]


class _Reader:
    """Reads the blocks of one table from one file."""

    def __init__(self, source: Source, found: KeyedFound, target: Version | None) -> None:
        self.source = source
        self.found = found
        self.target = target
        match = _PROFILE_FILE.search(source.path) if found.form in ("spring", "quarkus") else None
        self.profile = match[1] if match is not None else ""
        self.partial = found.partial or (found.form == "hocon" and INCLUDE.search(source.text) is not None)

    def blocks(self, documents: list[_Document], profiles: list[KeyedEntry]) -> Iterator[Block]:
        """The blocks of a file; what only files of ``profiles`` beside it write is unknown in it."""
        base: dict[tuple[str, ...], dict[str, Setting]] = {}
        around: dict[str, Setting] = {}
        for document in documents:
            unknown = keyed.open_paths(document.entries) if self.found.form == "hocon" else set()
            elsewhere = {name: setting.inherited() for name, setting in around.items()}
            elsewhere.update(self._elsewhere(document.entries))
            if not document.profile:
                around.update(elsewhere)
            for group in self._groups(document.entries):
                block = self._block(group, document.profile or self.profile)
                before = {name: setting.inherited() for name, setting in base.get(group.above, {}).items()}
                written = self._written(block, group.entries)
                if not document.profile:
                    base[group.above] = {**before, **written}
                if keyed.is_open(group.above[1:], unknown):
                    block.complete = False
                block.settings = {**before, **written, **elsewhere}
                if not document.profile:
                    self._leave_open(block, group, profiles)
                seen = written or block.facts.get("unknown_options") or self.found.any_key
                if seen and self.found.fits(block):
                    yield block

    def _leave_open(self, block: Block, group: _Group, profiles: list[KeyedEntry]) -> None:
        for entry in profiles:
            found = self.found.below(entry.path)
            same = found is not None and found[0] == group.above[1:]
            name = self.found.names.get(self.found.shape(found[2]), "") if found is not None and same else ""
            name = name or self.found.also.get(self.found.shape(entry.path), "")
            if name and name not in block.settings:
                spec = self.found.spec.settings[name]
                block.settings[name] = Setting(name, UNKNOWN, "", origin="inherited", spec=spec)

    def _groups(self, entries: list[KeyedEntry]) -> list[_Group]:
        groups: dict[tuple[str, ...], _Group] = {}
        for entry in entries:
            path, section = entry.path, ""
            if self.found.form == "ini":
                section, path = path[0], path[1:]
                if self.found.section and not fnmatchcase(section, self.found.section):
                    continue
            found = self.found.below(path)
            if found is not None and found[1] not in self.found.skip:
                above, name, rest = found
                group = groups.setdefault((section, *above), _Group((section, *above), name or section, []))
                group.entries.append((entry, rest))
        return list(groups.values())

    def _block(self, group: _Group, profile: str) -> Block:
        found = self.found
        first = group.entries[0][0]
        path = " ".join(part for part in (found.kind, ".".join(group.above).strip("."), profile) if part)
        place = first.key_place
        block = Block(found.system, found.kind, group.name, place, spec=found.spec, path=path, target=self.target)
        block.complete = not (self.profile or self.partial)
        test = _TEST.search("/" + self.source.path.replace("\\", "/")) is not None
        block.facts.update(
            form=found.form,
            profile=profile,
            in_test=test or profile in _TRIALS or group.name in _TRIALS,
            in_script=False,
            **found.facts,
        )
        return block

    def _written(self, block: Block, entries: list[tuple[KeyedEntry, tuple[str, ...]]]) -> dict[str, Setting]:
        written: dict[str, Setting] = {}
        for entry, rest in entries:
            name = self.found.names.get(self.found.shape(rest), "")
            if not name:
                self._unknown(block, entry, rest)
                continue
            setting = self._setting(name, ".".join(rest), entry)
            before = written.get(name)
            if setting is None:
                continue
            if before is not None and before.key != setting.key:
                setting.value = UNKNOWN  # two spellings: which of them wins is not for us to say
            written[name] = setting
        return written

    def _unknown(self, block: Block, entry: KeyedEntry, rest: tuple[str, ...]) -> None:
        spec, name = self.found.spec, ".".join(rest)
        told = len(rest) == 1 or any(prefix and name.startswith(prefix) for prefix in spec.unknown)
        if self.found.open or not told or "[" in name or "*" in name:
            return
        accepted = {self.found.shape(tuple(each.split("."))) for each in spec.accepts}
        if self.found.shape(rest) not in accepted:
            value = Folded(UNKNOWN if entry.text is None else entry.text, entry.place)
            block.facts.setdefault("unknown_options", {})[name] = Entry(entry.key_place, value)

    def _setting(self, name: str, key: str, entry: KeyedEntry) -> Setting | None:
        spec = self.found.spec.settings[name]
        if entry.plain and entry.text in ("", "~", "null", "Null", "NULL"):
            return None  # the default stays
        value = value_of(spec, entry)
        raw = raw_text(Folded(value, entry.place))
        return Setting(name, value, raw, place=entry.place, key_place=entry.key_place, key=key, spec=spec)

    def _elsewhere(self, entries: list[KeyedEntry]) -> dict[str, Setting]:
        found: dict[str, Setting] = {}
        for entry in entries if self.found.also else ():
            name = self.found.also.get(self.found.shape(entry.path))
            setting = self._setting(name, ".".join(entry.path), entry) if name else None
            if name and setting is not None:
                found[name] = setting
        return found

    def of_variables(self, entries: list[KeyedEntry]) -> Iterator[Block]:
        """The block that variables of the environment set; the rest of it is out of sight."""
        names = self.found.variables()
        written: dict[str, Setting] = {}
        for entry in entries:
            name = names.get(entry.path[0])
            setting = self._setting(name, entry.path[0], entry) if name and entry.text != "" else None
            if name and setting is not None:
                written[name] = setting
        if not written:
            return
        first = next(iter(written.values()))
        place = first.key_place
        assert place is not None
        found = self.found
        path = f"{found.kind} environment"
        block = Block(found.system, found.kind, "environment", place, spec=found.spec, path=path, target=self.target)
        block.complete = found.form == "env" and not found.partial and isinstance(found.env, dict)
        block.settings = written
        block.facts.update(form="env", profile="", in_test=False, in_script=False, **found.facts)
        if found.fits(block):
            yield block


def value_of(spec: SettingSpec, entry: KeyedEntry) -> Any:
    """The value of an entry in the catalogue's type and unit; a text that is of another type stays as it is."""
    text = entry.text
    if text is None:
        return UNKNOWN
    text = text.strip()
    if spec.type == "bool":
        lower = text.lower()
        return True if lower in _TRUE else False if lower in _FALSE else text
    if spec.type not in ("int", "float", "duration", "size"):
        return text
    needs_unit = spec.get("parser") == "dropwizard"
    if spec.type == "duration" and spec.get("parser") and (needs_unit or not re.fullmatch(r"[+-]?\d+", text)):
        seconds = seconds_of(text, spec.get("parser"))
        if seconds is None:
            return text
        return decode(spec, Folded(round(seconds / UNITS.get(spec.unit, 1), 9), entry.place))
    number = _number(text, spec, plain=entry.plain)
    return text if number is None else decode(spec, Folded(number, entry.place))


def _number(text: str, spec: SettingSpec, *, plain: bool) -> int | float | None:
    if plain:
        whole, _ = keyed.yaml_number(text)
        if whole is not None:
            return whole
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    if spec.type != "int" and re.fullmatch(r"[+-]?\d{1,18}\.\d{0,18}", text):
        return float(text)
    return None


def seconds_of(text: str, parser: str) -> float | None:
    """A duration with a unit as Spring Boot, Quarkus, Dropwizard or Lightbend's library reads it; None for no duration."""
    if parser in _WORD_UNITS:
        words = _WORDS.fullmatch(text.strip())
        unit = _WORD_UNITS[parser].get(words[2]) if words is not None else None
        if words is None or unit is None or (parser == "dropwizard" and not words[1].isdigit()):
            return None
        return float(words[1]) * unit
    simple = _SIMPLE.fullmatch(text) if parser == "spring" else None
    if simple is not None and simple[2].lower() in _SUFFIXES:
        return int(simple[1]) * _SUFFIXES[simple[2].lower()]
    quarkus = _QUARKUS.fullmatch(text) if parser == "quarkus" else None
    if parser == "quarkus" and re.fullmatch(r"\d+ms", text):
        return int(text[:-2]) / 1000
    if quarkus is not None:
        return _sum(quarkus.groups())
    iso = _ISO.fullmatch(text)
    if iso is None or text[-1:] in "PTpt":
        return None
    return _sum(iso.groups()[1:]) * (-1 if iso[1] == "-" else 1)


def _sum(parts: tuple[str | None, ...]) -> float:
    return sum(float(part) * unit for part, unit in zip(parts, (86400, 3600, 60, 1), strict=True) if part)
