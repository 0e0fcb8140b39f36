"""schema.prisma to blocks: one a datasource, one a generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, Block, Setting
from poollint.formats.prisma_schema import parse
from poollint.readers.base import Reading

if TYPE_CHECKING:
    from poollint.readers.base import ReadContext
    from poollint.source import Source


def read(source: Source, context: ReadContext) -> Reading:
    reading = Reading()
    for each in parse(source):
        spec = context.catalogue.kind(each.kind)
        block = Block("prisma", each.kind, each.name, each.place, spec=spec, target=context.target)
        for pair in each.pairs:
            found = spec.settings.get(pair.key)
            if found is None:
                continue
            open_value = bool(pair.env) or pair.text.startswith("[")
            block.settings[pair.key] = Setting(
                pair.key,
                UNKNOWN if open_value else pair.text,
                pair.text,
                place=pair.place,
                key_place=pair.key_place,
                spec=found,
            )
        reading.blocks.append(block)
    return reading
