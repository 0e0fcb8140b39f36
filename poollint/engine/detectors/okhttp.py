"""OkHttp: answers that nothing bounds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.hits import Hit, RuleContext, says

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block

_STREAMS = re.compile(
    r"WebSocket|EventSource|ServerSentEvent|\bSse|\bSSE\b|event-stream|[Ss]tream(?:ing|ed)\b|\b[Gg]rpc"
)


def read_without_end(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A read timeout of 0, where nothing else bounds the call and nothing in the file is silent by its nature."""
    setting = block.settings.get("readTimeout")
    if setting is None or setting.value is UNKNOWN or setting.value != UNLIMITED or block.facts.get("in_test"):
        return
    others = (block.value("callTimeout"), block.value("pingInterval"))
    if any(value is UNKNOWN or value != UNLIMITED for value in others):
        return
    if not says(_STREAMS, block.place.source.text):
        yield Hit(setting, {"setting": setting.key, "raw": setting.raw})
