"""Servers of HTTP, said of their role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import Setting
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block
    from poollint.engine.hits import RuleContext

OWN_PAGES = frozenset(("gunicorn", "uvicorn", "hypercorn"))


def below_front(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Idle connections closed before what stands in front gives them up."""
    told = ctx.config.get("front")
    if not told or block.system in OWN_PAGES:
        return
    from poollint.fleet.times import keep_alive
    from poollint.knowledge.balancers import front

    profile, keep = front(told), keep_alive(block)
    if profile is None or profile.idle is None or keep is None or keep.seconds > profile.idle:
        return
    values = {
        "name": keep.name,
        "keep": keep.text,
        "idle": f"{profile.idle:g}",
        "title": profile.title,
        "wanted": f"{profile.wanted:g}",
        "answer": f", and its clients get {profile.answer}" if profile.answer else "",
    }
    yield Hit(keep.at, values, "written" if isinstance(keep.at, Setting) else "default")
