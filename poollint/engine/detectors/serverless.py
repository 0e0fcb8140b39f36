"""Functions that come in hundreds: each instance has connections of its own, unless a proxy stands between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.hits import Hit, RuleContext, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block


def without_proxy(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Functions that are given the address of a database itself."""
    instances = block.facts.get("instances")
    if instances is UNKNOWN:
        return
    if instances is not None and instances <= ctx.options["threshold"]:
        return
    many = instances if instances is not None else ctx.config["account_concurrency"]
    direct = block.facts.get("direct") or ()
    if direct:
        first = direct[0]
        values = {"name": first.name, "database": first.what, "instances": many}
        yield Hit(first.place, values, "" if instances is None else "limited")


def pool_in_function(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A pool of several connections in an instance that serves one request at a time."""
    for each in block.facts.get("pools") or ():
        if each.number > ctx.options["threshold"]:
            yield Hit(each.place, {"name": each.name, "number": each.number, "what": each.what})


def borrow_beyond_function(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """The function has long been ended when the proxy gives up."""
    group, timeout = block.links.get("proxy"), block.settings.get("timeout")
    if group is None or timeout is None or not known(timeout.value):
        return
    borrow = group.settings.get("ConnectionBorrowTimeout")
    if borrow is None or not known(borrow.value) or borrow.value < timeout.value:
        return
    wait = "for ever" if borrow.value == UNLIMITED else f"for {borrow.value} s"
    values = {"borrow": wait, "function": block.name, "timeout": timeout.value}
    yield Hit(borrow, values, related=((timeout, "the function is ended after this time"),))


def proxy_values(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Numbers that RDS Proxy does not take."""
    for setting in block.settings.values():
        spec, value = setting.spec, setting.value
        if spec is None or not known(value) or isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        least, most = spec.get("min"), spec.get("max")
        if value != UNLIMITED and least is not None and most is not None and not least <= value <= most:
            yield Hit(setting, {"setting": setting.key, "raw": setting.raw, "least": least, "most": most})
    idle, size = block.settings.get("MaxIdleConnectionsPercent"), block.settings.get("MaxConnectionsPercent")
    if idle is not None and size is not None and known(idle.value, size.value) and size.value < idle.value <= 100:
        yield Hit(idle, {"idle": idle.value, "size": size.value}, "above")
