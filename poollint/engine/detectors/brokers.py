"""Connections to message brokers: amqplib and kafkajs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN
from poollint.engine.hits import Hit, RuleContext, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block

_OFF = re.compile(r"[?&]heartbeat=0(?=&|$)")
_NAMELESS = ("", "function", "arrow", "lambda", "func")
_IN_URL = ("heartbeat", "channelMax", "frameMax")


def per_request(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A connection that a request handler opens for itself alone."""
    facts = block.facts
    if facts.get("in_test") or facts.get("guarded"):
        return
    if facts.get("handler") in ("route", "lambda", "export", "view") or facts.get("in_loop"):
        name = facts.get("function", "")
        where = name if name.isidentifier() and name not in _NAMELESS else "a handler"
        where = where if facts.get("handler") else "a loop"
        yield Hit(block, {"construct": facts.get("construct", ""), "where": where})


def heartbeat_off(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A connection whose end nobody notices."""
    url = block.settings.get("url")
    if url is None or block.facts.get("in_test"):
        return
    text = url.value if isinstance(url.value, str) else (block.facts.get("shapes") or {}).get("url", "")
    if _OFF.search(text):
        yield Hit(url, {})


def lost_options(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Options of the connection that stand among those of the socket."""
    for name in _IN_URL:
        setting = block.settings.get(name)
        if setting is not None and setting.value is not None:
            yield Hit(setting.key_place or setting, {"setting": name, "raw": setting.raw})


def heartbeat_order(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A consumer that is taken for dead between two of its heartbeats."""
    beat, session = block.get("heartbeatInterval"), block.get("sessionTimeout")
    if beat is None or session is None or not known(beat.value, session.value):
        return
    if "default" in (beat.origin, session.origin) and beat.origin == session.origin:
        return
    if not isinstance(beat.value, (int, float)) or not isinstance(session.value, (int, float)):
        return
    if beat.value >= session.value:
        first = beat if beat.origin != "default" else session
        yield Hit(first, {"beat": f"{beat.value:g} s", "session": f"{session.value:g} s"})


def unenforced(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Requests to a broker that nothing ends."""
    setting = block.settings.get("enforceRequestTimeout")
    if setting is not None and setting.value is not UNKNOWN and setting.value is False:
        yield Hit(setting, {})
