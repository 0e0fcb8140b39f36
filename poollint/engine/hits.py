"""What a detector yields: places and the values for the page's message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from poollint.blocks import Block, Fix, Setting
    from poollint.source import Place
    from poollint.versions import Version


class Hit(NamedTuple):
    """One finding to be: where (a setting of the block, a setting, a block, a place; None: the card's ``at``),
    ``values`` for the message, ``case`` the name of the card's ``[[case]]`` that words it."""

    at: str | Setting | Block | Place | None = None
    values: Mapping[str, Any] | None = None
    case: str = ""
    related: tuple[tuple[Setting | Block | Place, str], ...] = ()
    fix: Fix | None = None


class RuleContext:
    """What a detector may look at beside its block.

    ``options`` are the rule's thresholds, ``config`` the options of the block's system, ``target`` its version as the
    user named it (None: not told), ``blocks`` every block of the run.
    """

    __slots__ = ("blocks", "config", "options", "target")

    def __init__(
        self,
        blocks: list[Block],
        *,
        options: Mapping[str, Any],
        config: Mapping[str, Any],
        target: Version | None,
    ) -> None:
        self.blocks = blocks
        self.options = options
        self.config = config
        self.target = target

    def of(self, system: str, kind: str | None = None) -> list[Block]:
        """The run's blocks of a system, and of one kind of it when named."""
        return [block for block in self.blocks if block.system == system and kind in (None, block.kind)]


if TYPE_CHECKING:
    Detector = Callable[[Block, RuleContext], Iterable[Hit]]
