"""A settings file that is Python: the names that its module assigns are the settings (``gunicorn.conf.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.formats.source_code import MAX_SOURCE, parse
from poollint.readers.base import Reading
from poollint.readers.source.match import Found, block_of
from poollint.readers.source.python import PythonFile

if TYPE_CHECKING:
    from poollint.readers.base import ReadContext
    from poollint.source import Source


def read(source: Source, context: ReadContext) -> Reading:
    """One block: the module's names as settings of the catalogue's first kind."""
    catalogue = context.catalogue
    kind = next(iter(catalogue.kinds))
    if len(source.text) > MAX_SOURCE:
        return Reading()
    try:
        file = PythonFile(parse(source, "python"))
    except RecursionError:
        return Reading()
    found = Found(catalogue.name, {"construct": [], "kind": kind}, kind)
    block = block_of(file.assignments(), found, catalogue, context.target)
    block.path = kind
    block.facts = {
        name: block.facts[name]
        for name in ("unknown_options", "text_values", "from_environment", "choices")
        if name in block.facts
    }
    block.facts["source_kind"] = "settings"
    return Reading([block])
