"""Poolers: PgBouncer and RDS Proxy between the clients and the database."""

from __future__ import annotations

from typing import NamedTuple

from poollint.sizing.rounding import down, not_negative, positive, up

SPARE_DESCRIPTORS = 100
"""What a service manager's limit should leave above the computed descriptors."""

ROOM_ABOVE_MAXIMUM = 1.3
"""AWS advises MaxConnectionsPercent at least 30 % above the recent maximum use."""


class Bouncers(NamedTuple):
    """What multiplies a PgBouncer's pools: processes, databases, and users of each database."""

    processes: int = 1
    databases: int = 1
    users: int = 1

    @property
    def pools(self) -> int:
        """Server pools altogether: one for each process, database and user."""
        return self.processes * self.databases * self.users


def server_connections(bouncers: Bouncers, pool: int, reserve: int = 0, max_db_connections: int = 0) -> int:
    """The most connections that PgBouncer opens to the server: pools × (pool size + reserve).

    ``max_db_connections`` (0: no limit) caps each database of each process. Source: PgBouncer, config.md.
    """
    per_database = bouncers.users * (pool + reserve)
    if max_db_connections:
        per_database = min(per_database, max_db_connections)
    return bouncers.processes * bouncers.databases * per_database


def default_pool_size(usable: int, bouncers: Bouncers, reserve: int = 0, direct: int = 0) -> int:
    """The pool size that fits: (usable - direct clients) ÷ pools, rounded down, less the reserve; 0 when none fits."""
    rest = not_negative(usable, "usable connections") - not_negative(direct, "direct clients")
    return max(0, down(rest / positive(bouncers.pools, "pools")) - reserve)


def file_descriptors(max_client_conn: int, pool: int, bouncers: Bouncers, *, forced_user: bool = False) -> int:
    """Descriptors of one process: max_client_conn + pool × databases × users; with one forced user, × databases alone.

    Source: PgBouncer, config.md, under max_client_conn. A few more are taken by listeners and logs.
    """
    users = 1 if forced_user else bouncers.users
    return max_client_conn + pool * bouncers.databases * users


def descriptor_limit(descriptors: int) -> int:
    """LimitNOFILE for so many descriptors."""
    return descriptors + SPARE_DESCRIPTORS


def proxy_limit(max_connections: int, percent: float, pinned: int = 0) -> int:
    """Connections that an RDS Proxy may multiplex: max_connections × MaxConnectionsPercent, rounded down, less pinned
    ones.

    The proxy keeps a few of them for itself. Source: Amazon RDS User Guide, RDS Proxy connections.
    """
    if not 1 <= percent <= 100:
        raise ValueError(f"MaxConnectionsPercent must be 1 to 100, not {percent:g}")
    return max(0, down(max_connections * percent / 100) - pinned)


def proxy_percent(recent_maximum: int, max_connections: int) -> int:
    """MaxConnectionsPercent for a recent maximum use: 30 % above it, rounded up, 100 at most."""
    positive(max_connections, "max_connections")
    wanted = up(not_negative(recent_maximum, "the recent maximum") * ROOM_ABOVE_MAXIMUM / max_connections * 100)
    return max(1, min(100, wanted))
