"""Connections and answers that are taken in Python, Java and Kotlin and do not come back on every way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.engine.hits import Hit, RuleContext
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block


def not_given_back(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """What some way out of its function keeps: told at the way out, where that is a return or a throw."""
    uses = block.facts.get("uses") or {}
    given, out = uses.get("given"), uses.get("out")
    if block.facts.get("in_test") or block.facts.get("in_script") or "pool" not in uses:
        return
    values = {"name": block.name, "pool": uses["pool"], "back": uses.get("back", "")}
    taken = ((block, f"{block.name} is taken here"),)
    if given == "never":
        yield Hit(block, values, "closed" if uses.get("closed") else "never")
    elif given == "some" and isinstance(out, Place):
        yield Hit(out, values, "some", related=taken)
    elif given == "throw" and isinstance(out, Place):
        yield Hit(block, values, "throw", related=((out, "an exception here passes it by"),))


def left_to_collector(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A connection of SQLAlchemy that nothing closes while its transaction is open."""
    uses = block.facts.get("uses") or {}
    if uses.get("given") == "never" and not (block.facts.get("in_test") or block.facts.get("in_script")):
        yield Hit(block, {"name": block.name, "pool": uses["pool"]}, "async" if uses.get("awaited") else "")


def stream_kept(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """An answer whose body some way out leaves where it is."""
    uses = block.facts.get("uses") or {}
    if uses.get("library") != "requests":
        yield from not_given_back(block, ctx)
    elif not (block.facts.get("in_test") or block.facts.get("in_script")):
        yield Hit(block, {"name": block.name, "pool": uses["pool"]}, "requests")
