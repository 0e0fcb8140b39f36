"""HikariCP's pools in the application.conf of Play: ``db.NAME.hikaricp`` and ``play.db.prototype.hikaricp``.

Play reads HikariCP's names, takes times with their units, and has defaults of its own: no keep-alive, and a start without
the database.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import Block
from poollint.readers import keyed
from poollint.readers.base import Reading
from poollint.readers.hikaricp_names import meant_name
from poollint.readers.hikaricp_validate import Checker, Raw
from poollint.readers.jdbc import Property
from poollint.readers.jdbc_pools import drivers_of, of_pool
from poollint.readers.keyed_match import INCLUDE, seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.knowledge.catalogue import KindSpec
    from poollint.readers.base import ReadContext
    from poollint.readers.keyed import KeyedEntry
    from poollint.source import Source

SECTION = "hikaricp"
PROTOTYPE = ("play", "db", "prototype")
_BESIDE = {"url": "jdbcUrl", "driver": "driverClassName", "username": "username", "password": "password"}
_OWN_DEFAULTS = {"keepaliveTime": 0, "initializationFailTimeout": -1}


def read_play(source: Source, context: ReadContext) -> Reading:
    """The pools of a text in HOCON; none of a broken one."""
    groups: dict[tuple[str, ...], list[KeyedEntry]] = {}
    for entry in keyed.of_hocon(source):
        above = _above(entry.path)
        if above:
            groups.setdefault(above, []).append(entry)
    reading = Reading()
    drivers = drivers_of(context.catalogue, context.catalogue_of, context.target_of)
    for above, entries in groups.items():
        if not any(len(entry.path) > len(above) + 1 for entry in entries):
            continue  # a data source without a word on its pool
        block = _block(source, context, above, entries)
        reading.blocks.append(block)
        connection = of_pool(block, drivers, _driver_properties(entries, above), sure=block.complete)
        if connection is not None:
            reading.blocks.append(connection)
    return reading


def _above(path: tuple[str, ...]) -> tuple[str, ...]:
    """What stands above the section of a pool, for the keys of its data source; empty for other keys."""
    size = 2 if path[0] == "db" else 3 if path[:3] == PROTOTYPE else 0
    wanted = size and len(path) > size and (path[size] == SECTION or (len(path) == size + 1 and path[size] in _BESIDE))
    return path[:size] if wanted else ()


def _block(source: Source, context: ReadContext, above: tuple[str, ...], entries: list[KeyedEntry]) -> Block:
    spec = context.catalogue.kinds["pool"]
    name = ".".join((*above, SECTION))
    first = next(entry for entry in entries if len(entry.path) > len(above) + 1)
    block = Block("hikaricp", "pool", name, first.key_place, spec=spec, path=name, target=context.target)
    block.complete = above != PROTOTYPE and INCLUDE.search(source.text) is None
    block.facts.update(form="hocon", prefix=name, profile="")
    checker = Checker(block, spring=True)
    raws = {raw.name: raw for raw in _raws(block, spec, above, entries)}
    for own, number in _OWN_DEFAULTS.items():
        raws.setdefault(own, Raw(own, str(number), block.place, block.place, own, number, inherited=True))
    checker.fill(list(raws.values()))
    checker.words()
    for own in _OWN_DEFAULTS:
        if raws[own].inherited:
            block.settings[own].origin = "default"
    return block


def _raws(block: Block, spec: KindSpec, above: tuple[str, ...], entries: list[KeyedEntry]) -> Iterator[Raw]:
    for entry in entries:
        rest = entry.path[len(above) :]
        if len(rest) == 1:
            yield Raw(_BESIDE[rest[0]], entry.text, entry.place, entry.key_place, rest[0])
        elif len(rest) == 2 and rest[1] in spec.settings:
            yield _raw(spec, rest[1], entry)
        elif len(rest) == 2 and rest[1] != "dataSource":
            meant = meant_name(rest[1], spec, block.target)
            kind = "play-unknown" if meant else "play-foreign"
            block.problem(kind, entry.key_place, values={"setting": rest[1], "meant": meant})


def _raw(spec: KindSpec, name: str, entry: KeyedEntry) -> Raw:
    text, number = entry.text, None
    if spec.settings[name].type == "duration" and text is not None and not re.fullmatch(r"[+-]?\d+", text):
        seconds = seconds_of(text, "words")
        text, number = (None, None) if seconds is None else (text, round(seconds * 1000))
    return Raw(name, text, entry.place, entry.key_place, name, number)


def _driver_properties(entries: list[KeyedEntry], above: tuple[str, ...]) -> Iterator[Property]:
    for entry in entries:
        rest = entry.path[len(above) :]
        if len(rest) > 2 and rest[1] == "dataSource":
            yield Property(".".join(rest[2:]), entry.text, entry.place, entry.key_place)
