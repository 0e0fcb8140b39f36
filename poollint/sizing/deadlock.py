"""Deadlock floor: the pool below which threads can wait for each other for ever."""

from __future__ import annotations


def deadlock_floor(threads: int, connections_per_thread: int) -> int:
    """``threads × (connections_per_thread - 1) + 1``: a hard minimum for one pool, not a recommendation.

    It matters where a thread asks the same pool for a second connection while it holds the first: nested transactions,
    ID generators, lazy loading outside the transaction. With asynchronous code or virtual threads the number of
    threads is the number of requests under way; then only an acquire timeout helps.

    Source: HikariCP wiki, About Pool Sizing, on pool locking.
    """
    if threads < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    if connections_per_thread < 1:
        raise ValueError(f"connections per thread must be at least 1, not {connections_per_thread}")
    return threads * (connections_per_thread - 1) + 1
