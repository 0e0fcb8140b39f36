"""The engine that ``engine_from_config`` makes of a dict: its texts converted as SQLAlchemy converts them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN
from poollint.readers.source.match import Found, block_of, raw_text
from poollint.readers.source.values import Call, Entry, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from poollint.blocks import Block
    from poollint.knowledge.catalogue import Catalogue
    from poollint.versions import Version

NUMBERS = ("pool_size", "max_overflow", "pool_timeout", "pool_recycle")
_NUMBER = re.compile(r"\s*[-+]?\d+\s*")
_WORDS = {True: frozenset("true yes on y t 1".split()), False: frozenset("false no off n f 0".split())}
_FORM = {"construct": "create_engine", "positional": ["url"], "nested": {"connect_args": "connect_args."}}


def finish(
    block: Block,
    call: Call,
    catalogue_of: Callable[[str], Catalogue],
    target_of: Callable[[str], Version | None],
) -> Iterator[Block]:
    """The engine of a call whose dict and prefix are known; nothing for any other block."""
    given = _given(call) if block.kind == "from_config" else None
    if given is None:
        return
    table, prefix = given
    made = Call(call.callee, call.place)
    made.name, made.scope, made.used = call.name, call.scope, call.used
    made.complete, made.broken = call.complete and table.complete, call.broken or table.broken
    for key, entry in table.entries.items():
        name = key[len(prefix) :]
        if not key.startswith(prefix) or not name:
            continue
        made.named[name] = _converted(name, entry)
        text = entry.value.value if name in NUMBERS and not entry.value.env else None
        if isinstance(text, str) and not _NUMBER.fullmatch(text):
            where = entry.value.shared or entry.value.place
            block.problem("ini-number", where, setting=key, values={"raw": raw_text(entry.value)})
    made.named.update({name: entry for name, entry in call.named.items() if name not in ("configuration", "prefix")})
    form = {**_FORM, "facts": {"asynchronous": call.callee.endswith(".async_engine_from_config")}}
    yield block_of(made, Found(block.system, form, "engine"), catalogue_of(block.system), target_of(block.system))


def _given(call: Call) -> tuple[Table, str] | None:
    """(the dict, the beginning of the keys that count), where both are known."""
    first = call.positional[0] if call.positional else call.named.get("configuration")
    second = call.positional[1] if len(call.positional) > 1 else call.named.get("prefix")
    table = first.value if isinstance(first, Entry) else first
    prefix = second.value if isinstance(second, Entry) else second
    if table is None or not isinstance(table.value, Table):
        return None
    if prefix is None:
        return (table.value, "sqlalchemy.") if call.complete else None
    return (table.value, prefix.value) if isinstance(prefix.value, str) and not prefix.env else None


def _converted(name: str, entry: Entry) -> Entry:
    """A number or a word for ``echo`` that is given as text, as the engine gets it; everything else stays what it is."""
    folded = entry.value
    if name in NUMBERS:
        value = folded.value
        if isinstance(value, str):
            value = int(value) if _NUMBER.fullmatch(value) else UNKNOWN
        return entry._replace(value=folded._replace(value=value, text=False))
    if name in ("echo", "echo_pool") and isinstance(folded.value, str):
        word = folded.value.strip().lower()
        value = next((each for each, words in _WORDS.items() if word in words), folded.value)
        return entry._replace(value=folded._replace(value=value, text=False))
    return entry
