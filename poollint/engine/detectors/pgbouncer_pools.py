"""Sizes that do not nest: pools, caps, clients, files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.detectors.pgbouncer_start import since, whole, written
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block
    from poollint.engine.hits import RuleContext

#: (the cap, what should fit under it, how the page words it) by kind of block
CAPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "main": (
        ("max_db_connections", "default_pool_size", "below"),
        ("max_user_connections", "default_pool_size", "below"),
        ("max_db_client_connections", "max_db_connections", "below"),
        ("max_user_client_connections", "max_user_connections", "below"),
        ("max_client_conn", "max_db_client_connections", "clients"),
        ("max_client_conn", "max_user_client_connections", "clients"),
    ),
    "database": (
        ("max_db_connections", "pool_size", "below"),
        ("max_db_client_connections", "max_db_connections", "below"),
    ),
    "user": (
        ("max_user_connections", "pool_size", "below"),
        ("max_user_client_connections", "max_user_connections", "below"),
    ),
}


def finite(block: Block, name: str) -> Any:
    """A positive number of connections; None where there is no limit, or none that can be known."""
    value = block.value(name)
    return value if whole(value) and value > 0 else None


def stated(block: Block, *names: str) -> bool:
    """Whether somebody wrote every one of these settings, here or where they are inherited from."""
    found = [block.get(name) for name in names]
    return all(setting is not None and setting.origin != "default" for setting in found)


def here(block: Block, *names: str) -> str:
    """The first of these settings that the block itself writes; empty when it writes none."""
    return next((name for name in names if written(block, name) is not None), "")


def known_users(main: Block, ctx: RuleContext) -> int | None:
    """How many roles log in through a pool without user=: as told, or as the auth_file lists; None: not known."""
    told = ctx.config.get("users") or 0
    if told > 0:
        return int(told)
    files = main.links.get("auth_files") or []
    if files and main.value("auth_user") is None and files[0].facts.get("users"):
        return len(set(files[0].facts["users"]))
    return None


def cap_conflict(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A cap below what it should hold: the smaller number rules, and the rest is never reached."""
    for small, large, case in CAPS[block.kind]:
        if not here(block, large, small) or not stated(block, small, large):
            continue
        cap, size = finite(block, small), finite(block, large)
        if cap is not None and size is not None and cap < size:
            yield Hit(
                here(block, large, small), {"cap": small, "capped": cap, "size": large, "wanted": size}, case=case
            )
    if block.kind != "user":
        size_name = "default_pool_size" if block.kind == "main" else "pool_size"
        yield from _dead_reserve(block, size_name, "reserve_pool_size", "max_db_connections")


def _dead_reserve(block: Block, size: str, reserve: str, cap: str) -> Iterator[Hit]:
    """A reserve that the cap leaves no room for."""
    at = here(block, reserve, cap)
    pool, extra, limit = finite(block, size), finite(block, reserve), finite(block, cap)
    if at and stated(block, reserve, cap) and pool and extra and limit and limit == pool:
        yield Hit(at, {"extra": extra, "limit": limit, "pool": pool, "size": size}, case="reserve")


def min_pool(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A minimum above the pool's size or its cap."""
    least = finite(block, "min_pool_size")
    if least is None:
        return
    size_name = "default_pool_size" if block.kind == "main" else "pool_size"
    size = finite(block, size_name)
    at = here(block, "min_pool_size")
    if at and size is not None and least > size:
        yield Hit(at, {"least": least, "name": size_name, "size": size})
        return
    cap = finite(block, "max_db_connections")
    if at and cap is not None and least > cap:
        case = "cap" if since(ctx.target, 1, 18) else "cap-loop"
        yield Hit(at, {"least": least, "name": "max_db_connections", "size": cap}, case=case)


def reserve_inert(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A reserve pool that no client ever waits long enough for."""
    main = block if block.kind == "main" else block.links["main"]
    at = here(block, "reserve_pool_size")
    extra = finite(block, "reserve_pool_size")
    timeout = main.value("reserve_pool_timeout")
    if not at or extra is None or not whole(timeout):
        return
    wait = block.value("query_wait_timeout") if block.kind == "database" else main.value("query_wait_timeout")
    if timeout == 0:
        yield Hit(at, {}, case="off")
    elif whole(wait) and 0 < wait <= timeout:
        yield Hit(at, {"timeout": timeout, "wait": wait}, case="late")


def client_limit(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Fewer clients than server connections, or none at all."""
    limit = block.value("max_client_conn")
    if not whole(limit):
        return
    if limit <= 0:
        yield Hit("max_client_conn", {}, case="nobody")
        return
    holders = [(block, "default_pool_size")]
    holders += [(each, "pool_size") for each in (*block.links["databases"], *block.links["users"])]
    for holder, name in holders:
        setting = written(holder, name)
        size = finite(holder, name)
        if setting is not None and size is not None and size > limit:
            case = "default" if written(block, "max_client_conn") is None else "below"
            yield Hit(setting, {"size": size, "limit": limit, "name": setting.key}, case=case)
            return


def session_overcommit(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Many more clients than a session pool can serve at a time."""
    setting = written(block, "max_client_conn")
    if setting is None or block.facts.get("shared_pools") is not False or not block.facts["complete"]:
        return
    capacity = 0
    users = known_users(block, ctx)
    for database in block.links["databases"]:
        size, extra = finite(database, "pool_size"), database.value("reserve_pool_size")
        if size is None or not whole(extra) or database.value("pool_mode") != "session":
            return
        forced = database.value("user") is not None
        if not forced and users is None and (database.facts["star"] or block.value("auth_user") is not None):
            return
        capacity += (size + max(0, extra)) * (1 if forced else users or 1)
    clients = setting.value
    if capacity and whole(clients) and clients > ctx.options["factor"] * capacity:
        yield Hit(setting, {"clients": clients, "capacity": capacity})


def unbounded(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """The * entry without any cap: one pool for each database that a client names, and each user."""
    main = block.links["main"]
    if not block.facts["star"] or not block.complete or not main.facts["complete"]:
        return
    caps = (block.value("max_db_connections"), main.value("max_user_connections"))
    if any(cap is UNKNOWN for cap in caps) or any(whole(cap) and cap > 0 for cap in caps):
        return
    if written(block, "dbname") is not None and written(block, "user") is not None:
        return
    size = block.value("pool_size")
    if whole(size) and size > 0:
        yield Hit(block, {"size": size})


def fd_limit(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """More sockets than the process may open."""
    limit = ctx.config.get("nofile") or 0
    clients = block.value("max_client_conn")
    if limit <= 0 or not whole(clients) or clients <= 0 or not block.facts["complete"]:
        return
    users = known_users(block, ctx) or 1
    servers = 0
    for database in block.links["databases"]:
        size = finite(database, "pool_size")
        if size is None and database.value("pool_size") is not UNLIMITED:
            return
        if size is not None and not database.facts["star"]:
            servers += size * (1 if database.value("user") is not None else users)
    needed = clients + 10 + servers + 2
    if needed > limit:
        values = {"clients": clients, "servers": servers, "needed": needed, "limit": limit}
        yield Hit("max_client_conn" if written(block, "max_client_conn") else block, values)
