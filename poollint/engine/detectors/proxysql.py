"""ProxySQL: variables that are not taken over, times in the wrong unit, statements that change nothing yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.hits import Hit, RuleContext, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block

# names that older files, and hearsay, have for variables
_MEANT = {
    "ping_interval_server": "ping_interval_server_msec",
    "max_connection_pool_size": "free_connections_pct",
    "connection_max_age": "connection_max_age_ms",
    "idle_timeout": "wait_timeout",
    "multiplex": "multiplexing",
}
# below these seconds a time was meant to be one of seconds
_SECONDS = {"wait_timeout": 60, "connection_max_age_ms": 10, "max_transaction_idle_time": 5, "max_transaction_time": 5}


def out_of_range(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Numbers that the proxy does not take over."""
    for setting in block.settings.values():
        spec = setting.spec
        if spec is None or setting.value is UNKNOWN or spec.get("max") is None:
            continue
        number = int(setting.raw)
        if not spec.raw["min"] <= number <= spec.raw["max"]:
            values = {"setting": setting.key, "raw": setting.raw, "least": spec.raw["min"], "most": spec.raw["max"]}
            yield Hit(setting, values)


def unknown_variable(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Names that are close to a variable's, or known to be none."""
    for setting in block.facts.get("unknown") or ():
        meant = _MEANT.get(setting.name) or _closest(setting.name, block)
        if meant:
            yield Hit(setting.key_place, {"name": setting.name, "meant": meant})


def _closest(name: str, block: Block) -> str:
    import difflib

    names = list(block.spec.settings) if block.spec is not None else []
    found = difflib.get_close_matches(name, names, 1, 0.9)
    return found[0] if found else ""


def seconds(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A time in milliseconds that only makes sense in seconds."""
    for name, least in _SECONDS.items():
        setting = block.settings.get(name)
        if setting is None or not known(setting.value) or setting.value == UNLIMITED or not 0 < setting.value < least:
            continue
        if setting.spec is not None and int(setting.raw) >= setting.spec.raw["min"]:
            yield Hit(setting, {"setting": setting.key, "raw": setting.raw, "span": f"{setting.value:g} s"})


def not_loaded(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Variables that are set by statements, and not taken over, not kept, or only so after a restart."""
    facts = block.facts
    if not facts.get("statements"):
        return
    if not facts["loaded"] and not (facts["saved"] and facts["restarted"]):
        yield Hit(block, {}, "runtime" if not facts["saved"] else "disk")
        return
    if not facts["saved"]:
        yield Hit(block, {}, "lost")
    fixed = [each for each in block.settings.values() if each.spec is not None and each.spec.get("restart")]
    if fixed and not facts["restarted"]:
        yield Hit(fixed[0], {"setting": fixed[0].key}, "restart")
