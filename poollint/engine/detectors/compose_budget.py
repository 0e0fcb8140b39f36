"""Pools that the variables of a Compose file set, added up against the limit of the database in the same file."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from poollint.blocks import UNLIMITED
from poollint.engine.hits import Hit, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.engine.hits import RuleContext


def pools_over_limit(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """More pooled connections than the server takes, from the services whose variables name it."""
    limit, reserved = block.value("max_connections"), block.value("superuser_reserved_connections")
    services = block.facts.get("services") or ()
    if not known(limit, reserved) or not services:
        return
    named = re.compile(rf"(?:@|//){re.escape(block.name)}(?=[:/?]|$)")
    sizes = _sizes(ctx).get(block.place.source.path, {}).values()
    parts = [
        (service.copies, size.value, size)
        for service in services
        if any(named.search(text) for text in service.texts)
        for size in sizes
        if _stands_in(size, service.starts)
    ]
    total = sum(copies * size for copies, size, _ in parts)
    if not parts or total <= limit - reserved:
        return
    words = " + ".join(f"{copies} × {size}" if copies > 1 else str(size) for copies, size, _ in parts)
    at = max(parts, key=lambda part: part[0] * part[1])[2]
    share = (limit - reserved) // sum(copies for copies, _, _ in parts)
    values = {
        "sum": words if "+" not in words and "×" not in words else f"{words} = {total}",
        "usable": limit - reserved,
    }
    yield Hit(
        at, {**values, "limit": limit, "share": share}, related=((block.settings["max_connections"], "the limit"),)
    )


def _stands_in(setting: Setting, starts: tuple[int, ...]) -> bool:
    """Whether one of the places is the setting's value, or lies in the text that holds it (``NAME=value``)."""
    if setting.place is None:
        return False
    at = bisect_left(starts, setting.place.start)
    return at < len(starts) and starts[at] <= setting.place.end


def _sizes(ctx: RuleContext) -> dict[str, dict[int, Setting]]:
    """The sizes that variables set, by file and place: a variable that services share by a merge stands once."""
    if "sizes by variables" not in ctx.memo:
        found: dict[str, dict[int, Setting]] = {}
        for pool in ctx.blocks:
            size = pool.by_role("size") if pool.facts.get("form") == "env" else None
            if size is None or size.place is None or size.origin != "explicit":
                continue
            if isinstance(size.value, int) and 0 < size.value < UNLIMITED:
                found.setdefault(size.place.source.path, {})[size.place.start] = size
        ctx.memo["sizes by variables"] = found
    sizes: dict[str, dict[int, Setting]] = ctx.memo["sizes by variables"]
    return sizes
