"""Serverless functions: every concurrent execution is a process with a pool of its own."""

from __future__ import annotations

from typing import NamedTuple

from poollint.sizing.budget import Fleet, connections_needed, largest_fleet
from poollint.sizing.rounding import positive


class Functions(NamedTuple):
    """A function fleet against a limit: what it takes at its peak without a proxy, and how many executions fit."""

    connections: int
    fits: bool
    largest_concurrency: int
    per_function: int


def without_proxy(concurrency: int, pool: int, usable: int) -> Functions:
    """Concurrency × pool against the usable connections. More than 1 for each function is never of use to it alone.

    Source: arithmetic; the platforms freeze idle executions with their connections open (AWS Lambda, Azure, Google).
    """
    positive(concurrency, "concurrency")
    positive(pool, "pool")
    taken = connections_needed(Fleet(concurrency), pool)
    return Functions(taken, taken <= usable, largest_fleet(usable, pool), 1)


def behind_proxy(capacity: int, usable: int) -> int:
    """The proxy's pool: capacity, never more than what is usable; each function keeps one connection to the proxy."""
    return min(int(positive(capacity, "capacity")), usable)
