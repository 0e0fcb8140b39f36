"""Pools of HikariCP in Spring Boot's application files and in its variables of the environment.

A pool is a prefix that ends in ``hikari``, or a group of keys that has a ``jdbc-url`` and a name that only HikariCP uses. A
document with a profile is judged together with the documents without one; what it does not write itself is inherited.
A file for one profile alone is judged with the file of all profiles beside it; without one its pools are not complete.
"""

from __future__ import annotations

import posixpath
import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from poollint.blocks import Block, Problem
from poollint.files import FileError
from poollint.knowledge.keyed import canonical
from poollint.readers import keyed, spring_checks
from poollint.readers.base import Reading
from poollint.readers.hikaricp_names import DRIVER_PREFIXES, ENV_PREFIX, exists, meant_name
from poollint.readers.hikaricp_validate import Checker, Raw
from poollint.readers.jdbc_pools import MICRONAUT, SpringConnections, drivers_of
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poollint.knowledge.catalogue import Catalogue, KindSpec
    from poollint.readers.base import ReadContext
    from poollint.readers.keyed import KeyedEntry
    from poollint.source import Source
    from poollint.versions import Version

MAIN = ("spring", "datasource", "hikari")
_MAPS = ("datasourceproperties", "healthcheckproperties")
_OBJECTS = frozenset(
    "datasource metricregistry healthcheckregistry metricstrackerfactory scheduledexecutor threadfactory credentials "
    "credentialsprovider exceptionoverride".split()
)
# prefixes whose hikari section belongs to other programs
_FOREIGN = frozenset("dynamic hibernate play slick db shardingsphere seata".split())
_OWN_NAMES = frozenset(
    "maximumpoolsize leakdetectionthreshold keepalivetime initializationfailtimeout connectiontestquery "
    "isolateinternalqueries allowpoolsuspension".split()
)
# Boot's own keys below spring.datasource never name these
_POOL_WORDS = frozenset(
    "maximumpoolsize minimumidle connectiontimeout idletimeout maxlifetime leakdetectionthreshold keepalivetime "
    "maxactive maxidle minidle initialsize maxwait testonborrow testwhileidle validationquery maxtotal maxwaitmillis "
    "timebetweenevictionrunsmillis minevictableidletimemillis".split()
)
_NAMED = re.compile(r"[\"']?\$\{([A-Za-z][\w-]*(?:\.[\w-]+)+)\}[\"']?")
_SURE = re.compile(r"-?[0-9]+|true|false")
# others add to what a file of that name says, as those of one profile do
_WHOLE_FILE = re.compile(r"(?:^|/)(?:application|bootstrap)\.\w+$")


class _Document(NamedTuple):
    entries: list[KeyedEntry]
    profile: str


def read_spring(source: Source, context: ReadContext) -> Reading:
    """The pools of an application file, document by document."""
    reading = Reading()
    if not any(word in source.text for word in ("ikari", "atasource", "jdbc")):
        return reading
    is_yaml = source.path.endswith((".yml", ".yaml"))
    found = keyed.of_yaml(source) if is_yaml else keyed.of_properties(source)
    complete = not context.inside and _WHOLE_FILE.search(source.path) is not None
    reader = _Reader(source, context.catalogue, context.target, complete=complete)
    reader.learn(found.entries if complete else ())
    documents = [_document(entries) for entries in _by_document(found.entries)]
    base: dict[tuple[str, ...], dict[str, Raw]] = {}
    whole = reader.complete
    if not whole:
        reader.complete = _read_base(source, context, base)
    drivers = drivers_of(context.catalogue, context.catalogue_of, context.target_of)
    boot = context.target_of("spring-boot")
    connections = SpringConnections(drivers, complete=whole)
    profiles = keyed.of_profiles(source, context.files) if whole else []
    reader.elsewhere = reader.names_in(profiles)
    for document in documents:
        pools = list(reader.pools(document, base))
        reading.blocks += pools
        reading.blocks += connections.of_document(document.entries, document.profile, pools)
        reading.problems += reader.misplaced(document)
        reading.problems += spring_checks.check(document.entries, boot)
    if found.repeated:  # what of the two would count means nothing in a file that is refused
        for block in reading.blocks:
            block.problems = [each for each in block.problems if each.kind != "repeated"]
    if whole:
        reading.problems += spring_checks.broken_promise([*found.entries, *profiles], len(found.entries))
    if found.broken is not None and spring_checks.is_no_yaml(source.text):
        at = min(found.broken.start, max(len(source.text) - 1, 0))
        reading.problems.append(Problem("no-yaml", Place(source, at, at), values={"why": found.broken.message}))
    for key, place in found.repeated:
        if canonical(key) in reader.names or canonical(key) in ("hikari", "datasource"):
            reading.problems.append(Problem("repeated-yaml", place, values={"setting": key}))
    return reading


def _read_base(source: Source, context: ReadContext, base: dict[tuple[str, ...], dict[str, Raw]]) -> bool:
    """Fill in what the file beside a profile's own, application.yml or .properties, says for every profile.

    False where there is none, so that the rest of the pools stays out of sight.
    """
    folder, name = posixpath.split(source.path.replace("\\", "/"))
    stem = posixpath.join(folder, name.partition("-")[0])
    seen = False
    if not name.startswith(("application-", "bootstrap-")):
        return False
    for ending in ("yaml", "yml", "properties"):  # the last one wins
        path = f"{stem}.{ending}"
        if context.files.kind(path) != "file":
            continue
        try:
            beside = context.files.load(path)
        except FileError:
            return False
        found = keyed.of_properties(beside) if ending == "properties" else keyed.of_yaml(beside)
        reader = _Reader(beside, context.catalogue, context.target, complete=True)
        for document in map(_document, _by_document(found.entries)):
            if not document.profile:
                seen = True
                deque(reader.pools(document, base), 0)
    return seen


def read_entries(source: Source, entries: list[KeyedEntry], context: ReadContext) -> Iterator[Block]:
    """The pools of keys that stand elsewhere than in an application file, which may set more."""
    reader = _Reader(source, context.catalogue, context.target, complete=False)
    drivers = drivers_of(context.catalogue, context.catalogue_of, context.target_of)
    pools = list(reader.pools(_Document(entries, ""), {}))
    yield from pools
    yield from SpringConnections(drivers, complete=False).of_document(entries, "", pools)


def _by_document(entries: Iterable[KeyedEntry]) -> list[list[KeyedEntry]]:
    found: dict[int, list[KeyedEntry]] = {}
    for entry in entries:
        found.setdefault(entry.document, []).append(entry)
    return list(found.values())


def _document(entries: list[KeyedEntry]) -> _Document:
    return _Document(entries, keyed.condition(entries))


class _Reader:
    def __init__(self, source: Source, catalogue: Catalogue, target: Version | None, *, complete: bool) -> None:
        self.source = source
        self.spec: KindSpec = catalogue.kinds["pool"]
        self.target = target
        self.complete = complete
        self.names = {name.lower(): name for name in self.spec.settings}
        self.told: dict[str, str | None] = {}
        self.elsewhere: dict[tuple[str, ...], set[str]] = {}  # what files of profiles write of each pool

    def names_in(self, entries: Iterable[KeyedEntry]) -> dict[tuple[str, ...], set[str]]:
        """The settings of each pool that entries write."""
        found: dict[tuple[str, ...], set[str]] = {}
        for entry in entries:
            prefix = self._prefix(entry.path)
            name = self.names.get(canonical(entry.path[-1])) if len(entry.path) == len(prefix) + 1 else None
            if prefix and name:
                found.setdefault(prefix, set()).add(name)
        return found

    def pools(self, document: _Document, base: dict[tuple[str, ...], dict[str, Raw]]) -> Iterator[Block]:
        groups: dict[tuple[str, ...], list[KeyedEntry]] = {}
        for entry in document.entries:
            prefix = self._prefix(entry.path)
            if prefix:
                groups.setdefault(prefix, []).append(entry)
        groups.update(self._custom(document.entries, groups))
        for prefix, entries in groups.items():
            block = self._block(prefix, entries, document.profile)
            written = self._written(block, prefix, entries)
            inherited = {name: raw._replace(inherited=True) for name, raw in base.get(prefix, {}).items()}
            merged = {**inherited, **{raw.name: raw for raw in written}}
            if not document.profile:
                base[prefix] = {**base.get(prefix, {}), **{raw.name: raw for raw in written}}
            if not merged and not block.problems:
                continue
            for name in sorted(self.elsewhere.get(prefix, ())) if not document.profile else ():
                merged.setdefault(name, Raw(name, None, block.place, block.place, name, inherited=True))
            checker = Checker(block, spring=True)
            checker.fill(list(merged.values()))
            checker.words()
            yield block

    def _prefix(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """The prefix of a pool that a key belongs to; empty for none."""
        parts = tuple(canonical(part) for part in path)
        for at, part in enumerate(parts[:-1]):
            if part == "hikari":
                outer = parts[:at]
                if not outer or _FOREIGN & set(outer) or "quarkus" in outer or "micronaut" in outer:
                    return ()
                return parts[: at + 1]
        return ()

    def _custom(
        self, entries: list[KeyedEntry], known: dict[tuple[str, ...], list[KeyedEntry]]
    ) -> dict[tuple[str, ...], list[KeyedEntry]]:
        """Groups that a data source of the user's own is bound to: a jdbc-url beside names of HikariCP's.

        Micronaut's ``datasources.NAME`` may say url, too.
        """
        groups: dict[tuple[str, ...], list[KeyedEntry]] = {}
        for entry in entries:
            parts = tuple(canonical(part) for part in entry.path)
            if len(parts) > 1 and not _FOREIGN & set(parts) and parts[:-1] not in known:
                groups.setdefault(parts[:-1], []).append(entry)
        return {
            prefix: group
            for prefix, group in groups.items()
            if (leaves := {canonical(each.path[-1]) for each in group}) & _OWN_NAMES
            and ("jdbcurl" in leaves or self._is_named(prefix, leaves, groups))
        }

    @staticmethod
    def _is_named(prefix: tuple[str, ...], leaves: set[str], groups: dict[tuple[str, ...], list[KeyedEntry]]) -> bool:
        """Whether a group's name tells that it is a pool: Micronaut's datasources, and the section of a pool that Spring
        Boot's manual lets an own bean bind beside the URL."""
        if prefix[0] == MICRONAUT and len(prefix) == 2:
            return "url" in leaves
        outer = {canonical(each.path[-1]) for each in groups.get(prefix[:-1], ())}
        return prefix[-1] == "configuration" and prefix[:-1] != MAIN[:2] and "url" in outer

    def _block(self, prefix: tuple[str, ...], entries: list[KeyedEntry], profile: str) -> Block:
        name = ".".join(prefix)
        path = f"{name} ({profile})" if profile else name
        block = Block("hikaricp", "pool", name, entries[0].key_place, spec=self.spec, path=path, target=self.target)
        block.complete = self.complete
        block.facts.update(form="spring", prefix=name, profile=profile)
        return block

    def _written(self, block: Block, prefix: tuple[str, ...], entries: list[KeyedEntry]) -> list[Raw]:
        found: dict[str, tuple[Raw, bool]] = {}
        for entry in entries:
            rest = entry.path[len(prefix) :]
            if len(rest) != 1:
                continue
            name = self.names.get(canonical(rest[0]), "")
            if not name or not exists(self.spec, name, self.target):
                if prefix == MAIN:
                    self._unknown(block, rest[0], name, entry.key_place)
                continue
            raw = self._raw(block, name, rest[0], entry)
            if raw is None:
                continue
            kebab = rest[0] == _kebab(name)
            before = found.get(name)
            if before is not None and before[0].key != rest[0]:
                loser, winner = (raw, before[0]) if before[1] and not kebab else (before[0], raw)
                self._respelled(block, loser, winner)
                found[name] = (winner, before[1] or kebab)
                continue
            if before is not None:
                line = self.source.position(entry.key_place.start)[0]
                block.problem("repeated", before[0].key_place, values={"setting": rest[0], "line": line})
            found[name] = (raw, kebab)
        return [raw for raw, _ in found.values()]

    def _respelled(self, block: Block, loser: Raw, winner: Raw) -> None:
        line = self.source.position(winner.key_place.start)[0]
        if winner.key == _kebab(winner.name):  # else the order decides, in a way that is not documented
            values = {"setting": loser.key, "other": winner.key, "line": line}
            block.problem("repeated-spelling", loser.key_place, setting=loser.name, values=values)

    def learn(self, entries: Iterable[KeyedEntry]) -> None:
        """The values that a placeholder may name: those of keys that stand once, in a document for every profile."""
        for entry in entries:
            key = ".".join(canonical(part) for part in entry.path)
            self.told[key] = entry.text if key not in self.told and entry.document == 0 else None

    def _text(self, entry: KeyedEntry, kind: str) -> str | None:
        """What stands for a value, a placeholder for another key of the file included."""
        reference = _NAMED.fullmatch(entry.place.text) if entry.text is None else None
        if reference is None or kind == "string":
            return entry.text
        return self.told.get(".".join(canonical(part) for part in reference[1].split(".")))

    def _raw(self, block: Block, name: str, key: str, entry: KeyedEntry) -> Raw | None:
        kind = self.spec.settings[name].type
        number = None
        text = self._text(entry, kind)
        if block.name.startswith("datasources.") and kind != "string" and not _SURE.fullmatch(text or ""):
            text = None  # Micronaut has conversions of its own
        if entry.plain and entry.text is not None:
            if entry.text in ("", "~", "null", "Null", "NULL"):
                # the default stays; a placeholder is there to be filled
                return Raw(name, None, entry.place, entry.key_place, key) if "${" in entry.place.text else None
            if kind in ("int", "duration"):
                number, words = keyed.yaml_number(entry.text)
                if words:
                    values = {"setting": key, "raw": entry.text, "result": number, "what": words}
                    block.problem("yaml-number", entry.place, setting=name, values=values)
        return Raw(name, text, entry.place, entry.key_place, key, number)

    def _unknown(self, block: Block, key: str, name: str, place: Place) -> None:
        leaf = canonical(key)
        if leaf in _OBJECTS or leaf in _MAPS or "[" in key or "*" in key:
            return
        if name:
            block.problem("spring-version", place, setting=name, values={"setting": key})
            return
        meant = meant_name(key, self.spec, self.target)
        kind = "spring-url" if leaf == "url" else "spring-unknown" if meant else "spring-foreign"
        block.problem(kind, place, values={"setting": key, "meant": _kebab(meant)})

    def misplaced(self, document: _Document) -> Iterator[Problem]:
        """Settings of a pool that stand beside its section, where Spring Boot's own pool does not get them."""
        if not spring_checks.binds_by_boot(spring_checks.shape(document.entries)):
            return
        for entry in document.entries:
            parts = tuple(canonical(part) for part in entry.path)
            if len(parts) == 3 and parts[:2] == MAIN[:2] and parts[2] in _POOL_WORDS:
                meant = meant_name(entry.path[2], self.spec, self.target)
                help_ = (
                    f"spring.datasource.hikari.{_kebab(meant)}" if meant else "a setting of spring.datasource.hikari"
                )
                yield Problem("spring-level", entry.key_place, values={"setting": entry.path[2], "better": help_})


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"-\1", name).lower()


def of_environment(entries: Iterable[KeyedEntry], catalogue: Catalogue, target: Version | None) -> Iterator[Block]:
    """The pool that variables such as SPRING_DATASOURCE_HIKARI_MAXIMUMPOOLSIZE set; the rest of it is out of sight."""
    spec = catalogue.kinds["pool"]
    names = {canonical(name): name for name in spec.settings}
    found: list[Raw] = []
    unknown: list[KeyedEntry] = []
    for entry in entries:
        variable = entry.path[0]
        if not variable.startswith(ENV_PREFIX):
            continue
        leaf = variable[len(ENV_PREFIX) :]
        name = names.get(canonical(leaf), "")
        if name and leaf in (name.upper(), _kebab(name).upper(), _kebab(name).replace("-", "_").upper()):
            if entry.text != "":
                found.append(Raw(name, entry.text, entry.place, entry.key_place, variable))
        elif not variable.startswith(DRIVER_PREFIXES) and "-" not in leaf:
            unknown.append(entry)
    if not found and not unknown:
        return
    place = found[0].key_place if found else unknown[0].key_place
    block = Block("hikaricp", "pool", "environment", place, spec=spec, path=f"{ENV_PREFIX}*", target=target)
    block.complete = False
    block.facts.update(form="env", prefix=ENV_PREFIX, profile="")
    checker = Checker(block, spring=True)
    checker.fill(found)
    checker.words()
    for entry in unknown:
        leaf = entry.path[0][len(ENV_PREFIX) :]
        meant = meant_name(leaf, spec, target)
        kind = "spring-unknown" if meant else "spring-foreign"
        block.problem(kind, entry.key_place, values={"setting": entry.path[0], "meant": ENV_PREFIX + meant.upper()})
    yield block
