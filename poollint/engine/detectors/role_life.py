"""How long connections live, said of roles: kept or not, renewed or not, looked after, ended with the program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.detectors.role_pools import (
    LONGEST_ANSWER,
    SHORTEST_ANSWER,
    UNIT_WORDS,
    is_javascript,
    is_throwaway,
)
from poollint.engine.hits import Hit, RuleContext, says
from poollint.knowledge.poolers import in_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting

SOON = 60  # seconds: a pool that is idle for less than that is between two requests
_SIGNAL = re.compile(r"\bprocess\.(?:on|once)\(\s*['\"](SIGTERM|SIGINT)['\"]")
_ENDERS = {"mongodb": "close", "ioredis": "quit", "prisma": "$disconnect", "knex": "destroy", "sequelize": "close"}


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _written(block: Block, role: str) -> Setting | None:
    """The setting of a role, if somebody wrote a value that is known."""
    setting = block.by_role(role)
    return setting if setting is not None and setting.origin != "default" and setting.value is not UNKNOWN else None


def keepalive_off(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A client that was told to use no connection twice."""
    if is_throwaway(block) or (block.facts.get("uses") or {}).get("kept") is False:
        return
    off, count = _written(block, "reuse_off"), _written(block, "reuse")
    if off is not None and off.value is True:
        yield Hit(off, {"setting": off.key, "raw": off.raw})
    elif count is not None and (count.value is False or (_number(count.value) and count.value == 0)):
        yield Hit(count, {"setting": count.key, "raw": count.raw})


def unbounded_connect(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """The limit on the time that connecting may take, taken away."""
    setting = _written(block, "connect_timeout")
    if setting is not None and setting.value == UNLIMITED and not is_throwaway(block):
        yield Hit(setting, {"setting": setting.key, "raw": setting.raw})


def outlives_proxy(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool that renews nothing by itself, behind a proxy that ends connections."""
    life, idle = block.by_role("max_lifetime"), block.by_role("idle_timeout")
    if life is None or block.by_role("validation") is not None or is_throwaway(block):
        return
    if any(each is not None and (each.value is UNKNOWN or each.value != UNLIMITED) for each in (life, idle)):
        return
    place = _written(block, "url") or block.settings.get("host")
    proxy = in_text(_text(block, place)) if place is not None else None
    if proxy is not None and proxy.idle:
        yield Hit(place, {"life": life.key})


def _text(block: Block, setting: Setting) -> str:
    """What a setting says, the parts that are open left out."""
    if isinstance(setting.value, str):
        return setting.value
    return str((block.facts.get("shapes") or {}).get(setting.name, ""))


def leak_detection_off(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A 0 where the search for connections that are not given back could be."""
    setting = _written(block, "leak_detection")
    if setting is None or "leak" not in setting.name.lower() or is_throwaway(block):
        return
    if re.search("[1-9]", setting.raw):
        return  # switched off all the same, for another reason, which has a rule of its own
    if setting.value == UNLIMITED or (_number(setting.value) and setting.value == 0):
        yield Hit(setting, {"setting": setting.key, "raw": setting.raw})


def runs_empty(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool that a short pause empties."""
    least, idle = _written(block, "min_idle"), _written(block, "idle_timeout")
    if least is None or idle is None or is_throwaway(block) or is_javascript(block) or block.facts.get("in_handler"):
        return
    if _number(least.value) and least.value == 0 and _number(idle.value) and 0 < idle.value < SOON:
        yield Hit(least, {"least": least.key, "raw": least.raw, "idle": idle.key, "idle_raw": idle.raw})


def open_at_exit(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A program that ends itself on a signal and leaves its only user's pool open."""
    name = block.name
    forgotten = (block.facts.get("uses") or {}).get("left_open")
    if forgotten is not None and not is_throwaway(block):
        yield Hit(block, {"name": name, "function": forgotten.function, "other": forgotten.other}, "lifespan")
    if (
        not is_javascript(block)
        or is_throwaway(block)
        or block.facts.get("scope") != "module"
        or not name.isidentifier()
    ):
        return
    text = block.place.source.text
    signal = _SIGNAL.search(text) if says(_SIGNAL, text) and says(r"process\.exit", text) else None
    if signal is None:
        return
    word = re.escape(name)
    mentions = len(re.findall(rf"(?<![\w$.]){word}(?![\w$])", text))
    calls = len(re.findall(rf"(?<![\w$.]){word}\s*\.\s*\w+\s*[(`]", text))
    declared = len(re.findall(rf"(?<!export )\b(?:const|let|var)\s+{word}\s*=", text))
    ended = re.search(rf"(?<![\w$.]){word}\s*\.\s*(?:end|close|destroy|quit|disconnect|\$disconnect|drain)\s*\(", text)
    if declared == 1 and mentions == calls + declared and not ended:
        yield Hit(block, {"name": name, "signal": signal[1], "ender": _ENDERS.get(block.system, "end")})


CLIENT_TIMES = ("connect_timeout", "read_timeout")
FORGET = 0.001  # seconds: a call that nobody wants the answer of
SHORTEST_CACHE = 0.01  # seconds: a cache may be given up on sooner than a service


def client_unit(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A client's time that only makes sense in another unit."""
    for role in CLIENT_TIMES if not is_throwaway(block) else ():
        setting = _written(block, role)
        if setting is None or setting.spec is None or not _number(setting.value) or setting.value == UNLIMITED:
            continue
        value, unit = setting.value, setting.spec.unit
        part = block.spec.role if block.spec is not None else ""
        if value == FORGET and part == "http_call":
            continue
        if unit == "ms" and 0 < value <= (SHORTEST_CACHE if part == "redis_client" else SHORTEST_ANSWER):
            number, better, other, span = value * 1000, value * 1_000_000, "s", f"{value * 1000:g} ms"
        elif unit == "s" and value >= LONGEST_ANSWER and value % 1000 == 0:
            number, better, other, span = value, value / 1000, "ms", f"{value / 3600:.1f} hours"
        else:
            continue
        words = {"unit": UNIT_WORDS[unit], "other": UNIT_WORDS[other], "span": span}
        yield Hit(setting, {"setting": setting.key, "number": f"{number:g}", "better": f"{better:g}", **words})
