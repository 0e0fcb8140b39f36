"""A configuration's tables read like a file: one reading for each file that some of them stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.config import matches
from poollint.fleet.blocks import fleet_blocks
from poollint.fleet.model import build
from poollint.readers.base import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poollint.blocks import Block
    from poollint.config import Config
    from poollint.knowledge.catalogue import Catalogue
    from poollint.source import Source


def read_fleet(config: Config, catalogue: Catalogue, blocks: Iterable[Block]) -> list[tuple[Source, Reading]]:
    """The tables as blocks, joined with the ``blocks`` of the files that the configuration holds for."""
    tables = fleet_blocks(config.fleet, catalogue)
    build(tables, blocks, lambda patterns, path: matches(patterns, config.relative(path)))
    found: dict[str, tuple[Source, Reading]] = {}
    for table in tables:
        source = table.place.source
        found.setdefault(source.path, (source, Reading()))[1].blocks.append(table)
    return list(found.values())
