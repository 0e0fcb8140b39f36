"""Memory: what connections cost a PostgreSQL server. All figures in bytes.

Never count RSS: it holds the shared buffers that a backend has touched, again for every backend. Private memory and
page tables are what one more connection takes.
"""

from __future__ import annotations

from poollint.sizing.rounding import not_negative

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

PER_CONNECTION = {"idle": 2 * MIB, "warm": 5 * MIB, "pessimistic": 10_000_000}
"""Planning figures: a backend that has run a few queries, one that has seen many relations, and the vendors' 10 MB.

Measured on PostgreSQL 15 with SCRAM: 1.3 MiB fresh, 1.5 after an indexed query, 2.9 after catalogue queries, 5.1
after a scan of 700 MB of shared buffers with 4 KiB pages. A. Freund, 2020: below 2 MiB with huge pages.
"""

PAGE = 4 * KIB
PAGE_TABLE_ENTRY = 8


def idle_memory(connections: int, each: int = PER_CONNECTION["idle"]) -> int:
    """Memory of connections that do nothing: n × each."""
    return int(not_negative(connections, "connections")) * int(not_negative(each, "memory of a connection"))


def page_tables(touched: int) -> float:
    """Page tables of one backend that has touched so much of the shared buffers, without huge pages."""
    return not_negative(touched, "touched memory") / PAGE * PAGE_TABLE_ENTRY


def busy_memory(active: int, work_mem: int, nodes: int = 2, hash_mem_multiplier: float = 2.0) -> float:
    """Worst case of queries at work: active × sort and hash nodes × work_mem × hash_mem_multiplier (2 since version
    15).

    Source: PostgreSQL manual, Resource Consumption.
    """
    for value, name in ((active, "active"), (work_mem, "work_mem"), (nodes, "nodes")):
        not_negative(value, name)
    return active * nodes * work_mem * not_negative(hash_mem_multiplier, "hash_mem_multiplier")
