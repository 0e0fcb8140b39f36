"""The tables of a configuration as blocks of the system ``fleet``, so that pages judge them like any other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNLIMITED, Block, Setting
from poollint.source import Place, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poollint.fleet.tables import At, Entry, Table
    from poollint.knowledge.catalogue import Catalogue, SettingSpec

_VALUE = re.compile(r"""\s*=\s*("[^"\n]*"|'[^'\n]*'|\[[^\]\n]*\]?|[^#,}\n]*[^#,}\s])""")


def fleet_blocks(tables: Mapping[tuple[str, str], Table], catalogue: Catalogue) -> list[Block]:
    """A block for each table, in the order of the configuration."""
    sources: dict[str, Source] = {}
    found = []
    for table in tables.values():
        spec = catalogue.kind(table.kind)
        place = _line(table.at, sources)
        block = Block("fleet", table.kind, table.name, place, spec=spec, path=f"{table.kind}.{table.name}")
        for name, entry in table.entries.items():
            block.settings[name] = _setting(name, entry, spec.settings[name], sources)
        found.append(block)
    return found


def _setting(name: str, entry: Entry, spec: SettingSpec, sources: dict[str, Source]) -> Setting:
    line = _line(entry.at, sources)
    key = re.search(rf"(?<![\w-])[\"']?{re.escape(entry.key)}[\"']?(?![\w-])", line.text)
    value = entry.value
    if value == 0 and spec.get("zero"):
        value = UNLIMITED
    if key is None:
        return Setting(name, value, str(entry.value), place=line, key=entry.key, spec=spec)
    key_place = Place(line.source, line.start + key.start(), line.start + key.end())
    written = _VALUE.match(line.text, key.end())
    place = line if written is None else Place(line.source, line.start + written.start(1), line.start + written.end(1))
    raw = str(entry.value) if written is None else written[1].strip("\"'")
    return Setting(name, value, raw, place=place, key_place=key_place, key=entry.key, spec=spec)


def _line(at: At, sources: dict[str, Source]) -> Place:
    """The stretch of a line between its blanks; the first line where nobody knows which."""
    source = sources.get(at.path)
    if source is None:
        source = sources[at.path] = Source(at.path, at.text)
    number = at.line or 1
    text = source.line_text(number)
    start = source.line_start(number) + len(text) - len(text.lstrip())
    return Place(source, start, max(start, source.line_start(number) + len(text.rstrip())))
