"""HikariCP's pools in files of keys: hikari.properties, and Spring Boot's application files.

In a file of HikariCP's own every key must be a setting. In Spring Boot's the pools stand below prefixes, names are relaxed,
and documents with a profile add to the ones without.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, Block, Problem
from poollint.formats.properties import parse
from poollint.readers.base import Reading
from poollint.readers.hikaricp_names import DATA_SOURCE, TEMPLATE, setting_of, unknown
from poollint.readers.hikaricp_validate import Checker, Raw
from poollint.source import Place, bytes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from poollint.formats.properties import Entry
    from poollint.knowledge.catalogue import Catalogue, KindSpec
    from poollint.readers.base import ReadContext
    from poollint.readers.hikaricp_xml import Given
    from poollint.readers.jdbc import Property
    from poollint.readers.keyed import KeyedEntry
    from poollint.readers.source.values import Call
    from poollint.source import Source
    from poollint.versions import Version

JSON_VARIABLE = "SPRING_APPLICATION_JSON"
_SPRING_NAME = re.compile(r"(?:application|bootstrap)(?:-[^/]*)?\.(?:properties|ya?ml)$")
_SPRING_TEXT = re.compile(r"(?m)^spring(?:\.datasource(?:\.[\w.-]+)?)?:")
_ARGUMENT = re.compile(
    r"(?<![\w.-])(?:-D|--)(?P<key>spring\.datasource\.[\w.-]+)="
    r"(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<bare>[^\s\"',\]\\]+))"
)
# problems of a file that is surely handed to HikariCP as it is
_OF_OWN_FILES = frozenset(
    "unknown-name foreign-name unknown-url name-too-new name-removed no-source byte-order-mark".split()
)


def read(source: Source, context: ReadContext) -> Reading:
    """The pools of a file."""
    base = os.path.basename(source.path)
    if base.endswith(".conf"):
        from poollint.readers.play import read_play

        return read_play(source, context)
    if base.endswith(".xml"):
        from poollint.readers.hikaricp_xml import read_xml

        return read_xml(source, context)
    is_yaml = base.endswith((".yml", ".yaml"))
    if is_yaml and not base.startswith("values") and _SPRING_TEXT.search(source.text):  # a chart has keys of its own
        from poollint.readers.spring import read_spring

        return read_spring(source, context)
    if not _SPRING_NAME.search(base) and not base.endswith(".properties"):
        reading = _read_arguments(source, context)
        if "SPRING_DATASOURCE_" in source.text or JSON_VARIABLE in source.text:
            found = _read_environment(source, context)
            reading.blocks += found.blocks
            reading.problems += found.problems
        return reading
    is_spring = _SPRING_NAME.search(base) or base.endswith((".yml", ".yaml")) or "\nspring." in "\n" + source.text
    if is_spring and not _is_raw(source):
        from poollint.readers.spring import read_spring

        return read_spring(source, context)
    return _read_properties(source, context)


def finish(
    block: Block, call: Call, catalogue_of: Callable[[str], Catalogue], target_of: Callable[[str], Version | None]
) -> list[Block]:
    """HikariCP's own judgement of a pool in source code, and the connection that its JDBC URL asks for."""
    from poollint.readers.hikaricp_validate import check_source
    from poollint.readers.jdbc_pools import drivers_of, of_source
    from poollint.readers.source.values import Table

    check_source(block)
    given = call.positional[0].value if call.positional and call.callee.endswith("HikariConfig") else None
    if isinstance(given, Table) and given.complete:
        sure = ((name, entry.key_place) for name, entry in given.entries.items() if entry.value.value is not UNKNOWN)
        check_properties(block, sure)
    beside = driver_properties(given.entries.items()) if isinstance(given, Table) else []
    connection = of_source(block, drivers_of(catalogue_of(block.system), catalogue_of, target_of), beside)
    return [] if connection is None else [connection]


def _json_entries(entry: KeyedEntry) -> list[KeyedEntry]:
    """The keys of SPRING_APPLICATION_JSON, each at its own place where the text stands in the file as it is."""
    from poollint.formats.embedded import only
    from poollint.readers.keyed import of_yaml

    place, text = entry.place, entry.text or ""
    at = place.source.text.find(text, place.start, place.end + 1) if text.lstrip().startswith("{") else -1
    return of_yaml(only(place.source, at, at + len(text))).entries if at >= 0 else []


def _read_environment(source: Source, context: ReadContext) -> Reading:
    """The pools of a file of variables: each container's own in a Compose file or a manifest of Kubernetes."""
    from poollint.readers.jdbc_pools import drivers_of, lowered_properties, of_variables
    from poollint.readers.keyed import environments, variables_of
    from poollint.readers.spring import of_environment, read_entries

    groups = environments(source) if source.path.endswith((".yml", ".yaml")) else [list(variables_of(source))]
    drivers = drivers_of(context.catalogue, context.catalogue_of, context.target_of)
    reading = Reading()
    for entries in groups:
        pools = list(of_environment(entries, context.catalogue, context.target))
        connection = of_variables(entries, pools[0] if pools else None, drivers)
        reading.blocks += [*pools, *([connection] if connection is not None else [])]
        exact = context.catalogue.parameters.get("exact_names", {})
        reading.problems += lowered_properties(entries, connection, exact)
        for entry in entries:
            if entry.path == (JSON_VARIABLE,):
                reading.blocks += read_entries(source, _json_entries(entry), context)
    return reading


def _read_arguments(source: Source, context: ReadContext) -> Reading:
    """The pools that arguments of a command set: ``-Dspring.datasource.hikari.NAME=…`` and ``--spring.…``."""
    from poollint.readers.keyed import KeyedEntry, substituted
    from poollint.readers.spring import read_entries

    groups: list[list[KeyedEntry]] = []
    last = -2
    for match in _ARGUMENT.finditer(source.text):
        line = source.position(match.start())[0]
        if source.line_text(line).lstrip().startswith("#"):
            continue
        group = next(name for name in ("double", "single", "bare") if match[name] is not None)
        place = Place(source, match.start(group), match.end(group))
        key_place = Place(source, match.start("key"), match.end("key"))
        if line - last > 1:
            groups.append([])
        last = line
        groups[-1].append(KeyedEntry(tuple(match["key"].split(".")), substituted(match[group]), place, key_place))
    reading = Reading()
    for entries in groups:
        reading.blocks += read_entries(source, entries, context)
    return reading


def _is_raw(source: Source) -> bool:
    """A file of HikariCP's own, whatever else was put into it: a key without any prefix is its own."""
    if _SPRING_NAME.search(os.path.basename(source.path)) or source.path.endswith((".yml", ".yaml")):
        return False
    return (
        re.search(r"(?m)^[ \t\f]*(?:jdbcUrl|dataSourceClassName|maximumPoolSize)[ \t\f]*[=:]", source.text) is not None
    )


def _read_properties(source: Source, context: ReadContext) -> Reading:
    reading = Reading()
    found = parse(source)
    if found.errors:
        at = found.errors[0]
        reading.problems.append(Problem("malformed-escape", Place(source, at, at + 2)))
        return reading
    start = found.entries[0].key_start if found.entries else 0
    hibernate = list(_of_hibernate(source, found.entries))
    if hibernate:
        from poollint.readers.hikaricp_xml import of_hibernate

        return Reading([of_hibernate(context, hibernate)])
    spec = context.catalogue.kinds["pool"]
    end = found.entries[0].key_end if found.entries else 0
    block = Block("hikaricp", "pool", "", Place(source, start, end), spec=spec, path="pool", target=context.target)
    block.facts.update(form="properties", prefix="", profile="")
    if source.text.startswith("\ufeff") and found.entries:
        block.problem("byte-order-mark", Place(source, 0, 1), values={"key": found.entries[0].key.lstrip("\ufeff")})
    checker = Checker(block, spring=False)
    entries = _RawFile(source, block, spec).entries(found.entries)
    checker.fill(entries)
    checker.sources()
    checker.words()
    if checker.no_source() and not any(problem.kind == "unknown-url" for problem in block.problems):
        block.problem("no-source", block.place)
    if not context.named:  # a program of one's own may read further keys from it
        block.problems = [problem for problem in block.problems if problem.kind not in _OF_OWN_FILES]
    reading.blocks.append(block)
    from poollint.readers.jdbc_pools import drivers_of, of_pool

    drivers = drivers_of(context.catalogue, context.catalogue_of, context.target_of)
    sure = not checker.written.get("dataSourceClassName")
    connection = of_pool(block, drivers, _driver_properties(source, found.entries), sure=sure)
    if connection is not None and sure:
        reading.blocks.append(connection)
    return reading


def _of_hibernate(source: Source, entries: list[Entry]) -> Iterator[Given]:
    """What a file of Hibernate's properties hands on to its pool."""
    from poollint.readers.hikaricp_xml import HIBERNATE, Given

    for entry in {each.key: each for each in entries if each.key.startswith(HIBERNATE)}.values():
        text = None if TEMPLATE.search(entry.value) else entry.value
        place = Place(source, entry.start, entry.end)
        yield Given(entry.key[len(HIBERNATE) :], text, place, Place(source, entry.key_start, entry.key_end))


def _driver_properties(source: Source, entries: list[Entry]) -> Iterator[Property]:
    """What stands behind ``dataSource.`` for the driver."""
    from poollint.readers.jdbc import Property

    for entry in entries:
        if entry.key.startswith(DATA_SOURCE):
            text = None if TEMPLATE.search(entry.value) else entry.value
            name = entry.key[len(DATA_SOURCE) :]
            place = Place(source, entry.start, entry.end)
            yield Property(name, text, place, Place(source, entry.key_start, entry.key_end))


class _RawFile:
    """The keys of HikariCP's own file: each must be the name of a setter."""

    def __init__(self, source: Source, block: Block, spec: KindSpec) -> None:
        self.source = source
        self.block = block
        self.spec = spec

    def entries(self, written: list[Entry]) -> list[Raw]:
        last = {self.setting(entry.key) or entry.key: entry for entry in written}
        found = []
        unsure: set[str] = set()  # two keys of one setting: their order is that of a hash table
        for entry in written:
            place = Place(self.source, entry.start, entry.end)
            key_place = Place(self.source, entry.key_start, entry.key_end)
            name = self.setting(entry.key)
            winner = last[name or entry.key]
            if winner is not entry:
                line = self.source.position(winner.key_start)[0]
                same = winner.key == entry.key
                values = {"setting": entry.key, "line": line, "other": winner.key}
                self.block.problem("repeated" if same else "repeated-capital", key_place, setting=name, values=values)
                if same:
                    continue  # the program never sees it
                unsure.add(name)
            if entry.key.startswith(DATA_SOURCE):
                continue
            if not name:
                if not entry.key.startswith("\ufeff"):
                    unknown(self.block, entry.key, key_place, "file")
                continue
            text = None if name in unsure or TEMPLATE.search(entry.value) else entry.value
            if text is not None and not text.isascii() and place.text == text:
                java = bytes_of(text).decode("latin-1")
                self.block.problem("not-latin", place, setting=name, values={"setting": entry.key, "result": java})
                text = java
            found.append(Raw(name, text, place, key_place, entry.key))
        return found

    def setting(self, key: str) -> str:
        return setting_of(key, self.spec, self.block.target)


def driver_properties(entries: Iterable[tuple[str, Any]]) -> list[Property]:
    """What a Properties object holds for the driver."""
    from poollint.readers.jdbc import Property

    return [
        Property(
            key[len(DATA_SOURCE) :],
            entry.value.value if isinstance(entry.value.value, str) else None,
            entry.value.place,
            entry.key_place,
        )
        for key, entry in entries
        if key.startswith(DATA_SOURCE) and entry.key_place is not None
    ]


def check_properties(block: Block, entries: Iterable[tuple[str, Place | None]]) -> None:
    """The keys of a Properties object that a configuration is made of."""
    for key, place in entries:
        if block.spec is None or place is None or key.startswith(DATA_SOURCE):
            continue
        if not setting_of(key, block.spec, block.target):
            unknown(block, key, place, "properties")
