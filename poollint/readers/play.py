"""HikariCP's pools in the application.conf of Play: ``db.NAME.hikaricp`` and ``play.db.prototype.hikaricp``.

Play reads HikariCP's names, takes times with their units, and has defaults of its own: no keep-alive, and a start without
the database.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import Block, Problem
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
START = "initializationFailTimeout"  # a plain number of milliseconds
_OWN_DEFAULTS = {"keepaliveTime": 0, START: -1}
_TRUTHS = (frozenset(("true", "yes", "on")), frozenset(("false", "no", "off")))
ENDLESS = "infinite"
_MAY_BE_ENDLESS = frozenset(("connectionTimeout", "idleTimeout", "maxLifetime", "leakDetectionThreshold"))
_WHOLE = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"([+-]?\d{1,15}(?:\.\d{0,15})?(?:[eE]\d)?)[dDfF]?")


def read_play(source: Source, context: ReadContext) -> Reading:
    """The pools of a text in HOCON; none of a broken one."""
    written, bare = keyed.hocon(source)
    groups: dict[tuple[str, ...], list[KeyedEntry]] = {}
    for entry in written:
        above = _above(entry.path)
        if above:
            groups.setdefault(above, []).append(entry)
    reading = Reading()
    if groups and bare:
        reading.problems.append(Problem("bare-colon", bare[0], values={"what": bare[0].text}))
    drivers = drivers_of(context.catalogue, context.catalogue_of, context.target_of)
    unknown = keyed.open_paths(written)
    for above, entries in groups.items():
        if not any(len(entry.path) > len(above) + 1 for entry in entries):
            continue  # a data source without a word on its pool
        whole = INCLUDE.search(source.text) is None and not keyed.is_open((*above, SECTION), unknown)
        block = _block(context, above, entries, groups.get(PROTOTYPE, []), whole=whole)
        reading.blocks.append(block)
        connection = of_pool(block, drivers, _driver_properties(entries, above), sure=block.complete)
        if connection is not None:
            reading.blocks.append(connection)
    return reading


def _above(path: tuple[str, ...]) -> tuple[str, ...]:
    """What stands above the section of a pool, for the keys of its data source; empty for other keys."""
    size = 2 if path[0] == "db" else 3 if path[:3] == PROTOTYPE else 0
    rest = path[size:] if size else ()
    wanted = rest[:1] == (SECTION,) if len(rest) > 1 else len(rest) == 1 and rest[0] in _BESIDE
    return path[:size] if wanted else ()


def _block(
    context: ReadContext, above: tuple[str, ...], entries: list[KeyedEntry], base: list[KeyedEntry], *, whole: bool
) -> Block:
    """The pool of a data source, which takes from the prototype of all what it does not say itself."""
    spec = context.catalogue.kinds["pool"]
    name = ".".join((*above, SECTION))
    first = next(entry for entry in entries if len(entry.path) > len(above) + 1)
    block = Block("hikaricp", "pool", name, first.key_place, spec=spec, path=name, target=context.target)
    block.complete = above != PROTOTYPE and whole
    block.facts.update(form="hocon", prefix=name, profile="")
    checker = Checker(block, spring=True)
    checker.truths = _TRUTHS
    raws = {raw.name: raw for raw in _raws(block, spec, above, entries)}
    for raw in _raws(None, spec, PROTOTYPE, base) if above != PROTOTYPE else ():
        raws.setdefault(raw.name, raw._replace(inherited=True))
    for own, number in _OWN_DEFAULTS.items():
        raws.setdefault(own, Raw(own, str(number), block.place, block.place, own, number, inherited=True))
    checker.fill(list(raws.values()))
    checker.words()
    for own in _OWN_DEFAULTS:
        if raws[own].place is block.place:
            block.settings[own].origin = "default"
    return block


def _raws(block: Block | None, spec: KindSpec, above: tuple[str, ...], entries: list[KeyedEntry]) -> Iterator[Raw]:
    for entry in entries:
        rest = entry.path[len(above) :]
        if len(rest) == 1:
            yield Raw(_BESIDE[rest[0]], entry.text, entry.place, entry.key_place, rest[0])
        elif len(rest) == 2 and rest[1] in spec.settings:
            raw = _raw(spec, rest[1], entry)
            if raw.text is None and entry.text is not None and block is not None:
                values = {"setting": rest[1], "raw": entry.text}
                block.problem("play-time", entry.place, setting=rest[1], values=values)
            yield raw
        elif len(rest) == 2 and rest[1] != "dataSource" and block is not None:
            meant = meant_name(rest[1], spec, block.target)
            kind = "play-unknown" if meant else "play-foreign"
            block.problem(kind, entry.key_place, values={"setting": rest[1], "meant": meant})


def _raw(spec: KindSpec, name: str, entry: KeyedEntry) -> Raw:
    """A setting as Lightbend's library reads it: times with units, and whole numbers of what Java takes for a number."""
    text, number, kind = entry.text, None, spec.settings[name].type
    if text == ENDLESS and name in _MAY_BE_ENDLESS:
        number = 0
    elif text is not None and kind in ("int", "duration") and not _WHOLE.fullmatch(text):
        seconds = seconds_of(text, "lightbend") if kind == "duration" and name != START else None
        plain = _NUMBER.fullmatch(text) if seconds is None else None
        number = round(seconds * 1000) if seconds is not None else int(float(plain[1])) if plain is not None else None
        text = text if number is not None or kind == "int" or name == START else None
    return Raw(name, text, entry.place, entry.key_place, name, number)


def _driver_properties(entries: list[KeyedEntry], above: tuple[str, ...]) -> Iterator[Property]:
    for entry in entries:
        rest = entry.path[len(above) :]
        if len(rest) > 2 and rest[1] == "dataSource":
            yield Property(".".join(rest[2:]), entry.text, entry.place, entry.key_place)
