"""What would change an answer most: each input a quarter lower and higher, all else as it was."""

from __future__ import annotations

from typing import Any, NamedTuple

from poollint.sizing.answer import Answer, answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poollint.sizing.inputs import Inputs

TITLES = {
    "cores": "cores",
    "compute": "compute time",
    "wait": "wait time",
    "hold": "hold time",
    "rate": "rate",
    "users": "users",
    "target": "wanted wait",
    "replicas": "instances",
    "processes": "processes",
    "max_connections": "max_connections",
    "threads": "threads",
}
WHOLE = frozenset({"replicas", "processes", "max_connections", "threads"})
STEP = 0.25


class Change(NamedTuple):
    """An input and the totals with it a quarter lower and higher; None where that is impossible or refused."""

    name: str
    lower: int | None
    higher: int | None
    spread: int


def sensitivity(given: Inputs, found: Answer) -> list[Change]:
    """The inputs that move the total, the one that moves it most first."""
    changes = []
    for name, title in TITLES.items():
        value = getattr(given, name)
        if not value or (name in ("processes", "replicas") and value == 1):
            continue
        lower, higher = (_total(given, name, value * factor) for factor in (1 - STEP, 1 + STEP))
        spread = max(abs((total or 0) - found.verdict.total) for total in (lower, higher))
        if spread:
            changes.append(Change(title, lower, higher, spread))
    changes.sort(key=lambda change: -change.spread)
    return changes


def _total(given: Inputs, name: str, value: float) -> int | None:
    changed: dict[str, Any] = {name: max(1, round(value)) if name in WHOLE else value}
    try:
        verdict = answer(given._replace(**changed)).verdict
    except ValueError:
        return None
    return verdict.total if verdict.possible else None
