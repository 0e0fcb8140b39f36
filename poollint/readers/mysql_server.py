"""my.cnf to a block: what the groups that the server reads say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, Block, Setting
from poollint.formats.option_file import parse
from poollint.readers.base import Reading

if TYPE_CHECKING:
    from poollint.readers.base import ReadContext
    from poollint.source import Source

_GROUP = re.compile(r"mysqld(?:-\d[\d.]*)?|server|mariadbd?(?:-\d[\d.]*)?")


def read(source: Source, context: ReadContext) -> Reading:
    """One block for a file that has such a group; of a name that is said twice, the last counts."""
    options = [each for each in parse(source) if _GROUP.fullmatch(each.group)]
    if not options:
        return Reading()
    spec = context.catalogue.kinds["server"]
    block = Block(context.catalogue.name, "server", "", options[0].key_place, spec=spec, target=context.target)
    for option in options:
        name = option.name.removeprefix("loose_")
        found = spec.settings.get(name)
        if found is not None:
            value = int(option.text) if option.text.isascii() and option.text.isdigit() else UNKNOWN
            block.settings[name] = Setting(
                name, value, option.text, place=option.place, key_place=option.key_place, key=option.name, spec=found
            )
    return Reading([block])
