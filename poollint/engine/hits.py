"""What a detector yields: places and the values for the page's message."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from poollint.blocks import Block, Fix, Setting
    from poollint.source import Place
    from poollint.versions import Version


def known(*values: Any) -> bool:
    """Whether every value can be judged: neither UNKNOWN nor absent (None)."""
    return all(value is not UNKNOWN and value is not None for value in values)


@lru_cache(maxsize=64)
def says(pattern: str | re.Pattern[str], text: str) -> bool:
    """Whether a pattern is found in the text of a file; looked for once a file, however many blocks ask."""
    return re.search(pattern, text) is not None


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

    __slots__ = ("_run", "config", "options", "target")

    def __init__(
        self,
        run: Run,
        *,
        options: Mapping[str, Any],
        config: Mapping[str, Any],
        target: Version | None,
    ) -> None:
        self._run = run
        self.options = options
        self.config = config
        self.target = target

    @property
    def blocks(self) -> list[Block]:
        return self._run.blocks

    def of(self, system: str, kind: str) -> list[Block]:
        """The run's blocks of one kind of a system, in reading order."""
        return self._run.by_kind.get((system, kind), [])

    @property
    def memo(self) -> dict[Any, Any]:
        """A place to keep, for the length of a run, what several calls of a detector would compute again."""
        return self._run.memo


class Run:
    """Every block of a run, and the same by (system, kind)."""

    __slots__ = ("blocks", "by_kind", "memo")

    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = blocks
        self.by_kind: dict[tuple[str, str], list[Block]] = {}
        self.memo: dict[Any, Any] = {}
        for block in blocks:
            self.by_kind.setdefault((block.system, block.kind), []).append(block)


if TYPE_CHECKING:
    Detector = Callable[[Block, RuleContext], Iterable[Hit]]
