"""What JDBC URLs ask of their drivers: waits without a bound, units, servers behind a pooler."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.hits import Hit, RuleContext, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting

SECONDS = {"s": 1.0, "ms": 0.001}
WORDS = {"s": "seconds", "ms": "milliseconds"}
DAY = 86400
_STATEMENT_TIMEOUT = re.compile(
    r"(?i)\bstatement_timeout\s*(?:=|\bto\b)\s*(?P<quote>['\"]?)(?P<number>\d{1,9})\s*(?P<unit>ms|s|min|h)?\s*(?P=quote)(?![\w.])"
)
_PG_UNITS = {"": 0.001, "ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}


def _serves(block: Block) -> bool:
    """Whether a connection goes to another machine, outside of tests and of what developers run."""
    facts = block.facts
    return bool(facts.get("network")) and not facts.get("in_test") and not facts.get("in_development")


def no_read_timeout(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Nothing bounds the wait for an answer of the server."""
    setting = block.by_role("read_timeout")
    if setting is None or setting.value is UNKNOWN or setting.value != UNLIMITED or not _serves(block):
        return
    if setting.origin == "default" and block.facts.get("pooled") != "hikaricp":
        return  # pools such as Druid bring bounds of their own
    unit = setting.spec.unit if setting.spec is not None else "ms"
    better = f"{setting.name}={60 if unit == 's' else 60000}"
    yield Hit(
        block if setting.origin == "default" else setting,
        {"setting": setting.name, "raw": setting.raw, "better": better, "unit": WORDS[unit]},
        "absent" if setting.origin == "default" else "",
    )


def timeout_unit(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A time that only makes sense in the unit of another driver."""
    for role in ("read_timeout", "connect_timeout", "login_timeout"):
        setting = block.by_role(role)
        if setting is None or setting.origin == "default" or setting.spec is None or not known(setting.value):
            continue
        value, unit = setting.value, setting.spec.unit
        if isinstance(value, (int, float)) and _implausible(value, unit, role):
            other = "ms" if unit == "s" else "s"
            number = round(value / SECONDS[unit])
            better = number // 1000 if unit == "s" else number * 1000
            values = {"setting": setting.key, "raw": setting.raw, "span": span(value)}
            yield Hit(setting, {**values, "unit": WORDS[unit], "other": WORDS[other], "better": better})


def _implausible(seconds: float, unit: str, role: str) -> bool:
    if unit == "ms":
        return 0 < seconds < (1 if role == "read_timeout" else 0.13)
    if seconds == UNLIMITED or seconds % 1000:
        return False
    if role != "read_timeout":
        return seconds >= 1000
    return seconds > 3600 and (seconds % 3600 != 0 or seconds > DAY)


def span(seconds: float) -> str:
    """A stretch of time in words."""
    if seconds < 1:
        return f"{seconds * 1000:g} ms"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 2 * DAY else f"{seconds / DAY:.0f} days"


def no_connect_timeout(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """The connection is left to the patience of the operating system."""
    setting = block.by_role("connect_timeout")
    if setting is None or setting.value is UNKNOWN or setting.value != UNLIMITED or not _serves(block):
        return
    if setting.origin == "default" and block.facts.get("pooled") != "hikaricp":
        return
    yield Hit(block if setting.origin == "default" else setting, {"setting": setting.name})


def short_read_timeout(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A bound for reads that ordinary statements exceed."""
    setting = block.by_role("read_timeout")
    if setting is None or setting.origin == "default" or not known(setting.value) or block.facts.get("in_test"):
        return
    if setting.spec is None or _implausible(setting.value, setting.spec.unit, "read_timeout"):
        return
    bound = _statement_bound(block)
    values = {"setting": setting.key, "raw": setting.raw, "span": f"{setting.value:g} s"}
    if bound is not None and 0 < setting.value <= bound[0]:
        other, seconds = bound[1], bound[0]
        better = f"{(seconds * 1.5) / SECONDS[setting.spec.unit]:.0f}"
        more = {"bound": f"{seconds:g} s", "where": other.key, "better": better}
        yield Hit(setting, {**values, **more}, "below-statement", related=((other, "the bound of statements"),))
    elif 0 < setting.value < ctx.options["threshold"]:
        yield Hit(setting, values)


def _statement_bound(block: Block) -> tuple[float, Setting] | None:
    """The seconds after which the server itself ends a statement, and the setting that says so."""
    own = block.by_role("statement_timeout")
    if own is not None and own.origin != "default" and known(own.value):
        return (own.value, own) if 0 < own.value < UNLIMITED else None
    pool = block.links.get("pool")
    for setting in (block.get("options"), pool.get("connectionInitSql") if pool is not None else None):
        match = _STATEMENT_TIMEOUT.search(setting.value) if setting and isinstance(setting.value, str) else None
        if setting is not None and match is not None and int(match["number"]):
            return int(match["number"]) * _PG_UNITS[(match["unit"] or "").lower()], setting
    return None


def prepared_statements(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Statements that are prepared on one server connection, and looked for on another."""
    setting, mode = block.get("prepareThreshold"), block.get("preferQueryMode")
    if setting is None or mode is None or not known(setting.value, mode.value) or not block.facts.get("pooler"):
        return
    if setting.value == 0 or mode.value == "simple" or block.facts.get("in_test"):
        return
    for pooler in ctx.of("pgbouncer", "main"):
        kept = pooler.value("max_prepared_statements")
        if not known(kept) or kept != 0 or pooler.value("pool_mode") == "session":
            return  # the pooler of this repository keeps them, or need not
    yield Hit(setting if setting.origin != "default" else block, {"setting": setting.key})


def auto_reconnect(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A driver that reconnects on its own below a pool that replaces connections."""
    setting: Setting | None = block.by_role("auto_reconnect")
    if setting is not None and setting.value is True and not block.facts.get("in_test"):
        yield Hit(setting, {"setting": setting.key})
