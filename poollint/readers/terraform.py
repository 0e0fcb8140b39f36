"""Terraform to blocks: one for each load balancer of AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, Block, Setting
from poollint.formats.terraform import parse
from poollint.readers.base import Reading

if TYPE_CHECKING:
    from typing import Any

    from poollint.readers.base import ReadContext
    from poollint.source import Source

_TYPES = ("aws_lb", "aws_alb")


def read(source: Source, context: ReadContext) -> Reading:
    reading = Reading()
    spec = context.catalogue.kinds["balancer"]
    for resource in parse(source, _TYPES):
        block = Block(
            context.catalogue.name, "balancer", resource.name, resource.place, spec=spec, target=context.target
        )
        for given in resource.attributes:
            found = spec.settings.get(given.key)
            if found is None:
                continue
            value: Any = given.text if given.plain else UNKNOWN
            if found.type == "duration" and value is not UNKNOWN:
                value = int(given.text) if given.text.isdigit() else UNKNOWN
            block.settings[given.key] = Setting(
                given.key, value, given.text, place=given.place, key_place=given.key_place, spec=found
            )
        reading.blocks.append(block)
    return reading
