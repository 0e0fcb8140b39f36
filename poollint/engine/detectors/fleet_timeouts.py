"""Timeouts of poollint.toml's fleet that do not nest: idle times, and who gives up first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.hits import Hit
from poollint.fleet import times
from poollint.fleet.model import Balancer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block
    from poollint.engine.hits import RuleContext
    from poollint.fleet.model import Front, Pool, Proxy, Service
    from poollint.fleet.times import Time

MARGIN = 15
#: pools that notice a connection which the server closed only when they use it
BLIND = frozenset(("sqlalchemy", "flask-sqlalchemy", "psycopg2", "psycopg-pool", "aiomysql"))


def _node(block: Block) -> Service | Proxy:
    fleet = block.links["fleet"]
    found: Service | Proxy = (fleet.services if block.kind == "service" else fleet.proxies)[block.name]
    return found


def keep_alive(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A server that closes idle connections before the one who reuses them does."""
    node = _node(block)
    for front in node.fronts:
        idle = times.idle_of(front)
        for keep in times.keep_alives(node) if idle is not None else ():
            if idle is not None and keep.seconds <= idle.seconds:
                values = {
                    "name": keep.name,
                    "keep": keep.text,
                    "server": node.name,
                    "front": front.name,
                    "idle": idle.text,
                    "wanted": f"{_wanted(front, idle):g}",
                    "answer": _answer(front),
                }
                yield Hit(
                    keep.at, values, related=((idle.at, f"{front.name}: {idle.name}"), (block, "who is behind it"))
                )


def _wanted(front: Front, idle: Time) -> float:
    profile = times.profile_of(front) if isinstance(front, Balancer) else None
    if profile is not None and profile.idle == idle.seconds:
        return profile.wanted
    return idle.seconds + MARGIN


def _answer(front: Front) -> str:
    profile = times.profile_of(front) if isinstance(front, Balancer) else None
    return f" (its clients get {profile.answer})" if profile is not None and profile.answer else ""


def gives_up_first(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A caller that gives up while the one it called goes on."""
    node, fleet = _node(block), block.links["fleet"]
    own = times.request_of(node)
    if own is None:
        return
    for front in node.fronts:
        yield from _pair(front.name, times.request_of(front), node.name, own)
    if block.kind != "service":
        return
    for name in block.value("calls") or ():
        yield from _pair(node.name, own, name, times.request_of(fleet.services[name]))
    service: Service = fleet.services[block.name]
    for pool in service.pools:
        yield from _acquire(service, pool, own)
    if service.proxy is not None:
        yield from _callee(service, own, times.pooler_wait(service.proxy), service.proxy.name, "queue")
    if service.database is not None:
        yield from _callee(service, own, times.statement_of(service.database), service.database.name, "statement")


def _pair(caller: str, short: Time | None, callee: str, long: Time | None) -> Iterator[Hit]:
    if short is None or long is None or short.seconds >= long.seconds:
        return
    values = {"caller": caller, "short": short.text, "callee": callee, "long": long.text}
    yield Hit(long.at, values, related=((short.at, f"{caller} gives up"),))


def _acquire(service: Service, pool: Pool, own: Time) -> Iterator[Hit]:
    wait = times.time_of(pool.block.by_role("acquire_timeout"), pool.block)
    if wait is not None and wait.seconds >= own.seconds:
        values = {"name": wait.name, "caller": service.name, "short": own.text, "long": wait.text}
        yield Hit(wait.at, values, "acquire", ((own.at, f"{service.name} gives up"),))


def _callee(service: Service, own: Time, long: Time | None, callee: str, case: str) -> Iterator[Hit]:
    if long is not None and long.seconds > own.seconds:
        values = {"name": long.name, "caller": service.name, "short": own.text, "callee": callee, "long": long.text}
        yield Hit(long.at, values, case, ((own.at, f"{service.name} gives up"),))


def stale(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Pools that keep connections longer than the database, or the pooler, lets them be idle."""
    node, fleet = _node(block), block.links["fleet"]
    if block.kind == "proxy":
        yield from _stale_pooler(fleet.proxies[node.name])
        return
    for part in fleet.services[node.name].parts:
        yield from _stale(part)


def _stale(service: Service) -> Iterator[Hit]:
    limit, name = None, ""
    if service.proxy is not None:
        limit, name = times.pooler_idle(service.proxy), service.proxy.name
    elif service.database is not None:
        limit, name = times.database_idle(service.database), service.database.name
    for pool in service.pools if limit is not None else ():
        kept = _kept(pool)
        if limit is None or kept is None or kept < limit.seconds:
            continue
        life = pool.block.by_role("max_lifetime")
        written = f"{life.key} = {life.raw}" if life is not None and life.place is not None else "no connection expires"
        values = {"written": written, "limit": limit.text, "server": name, "service": service.name}
        at = life if life is not None and life.place is not None else pool.block
        yield Hit(at, values, related=((limit.at, f"{name}: {limit.name}"), (service.block, "the service")))


def _kept(pool: Pool) -> float | None:
    """How long a pool may keep a connection that nobody uses; None where it tests connections, or nobody knows."""
    block = pool.block
    if block.system not in BLIND or not block.complete or not pool.settings:
        return None
    test = block.by_role("validation")
    if test is not None and (test.value is UNKNOWN or test.value not in (False, None)):
        return None
    life = block.by_role("max_lifetime")
    if life is None or life.value is None:
        return UNLIMITED
    return None if life.value is UNKNOWN or not isinstance(life.value, (int, float)) else float(life.value)


def _stale_pooler(proxy: Proxy) -> Iterator[Hit]:
    """PgBouncer and a limit that the database's table tells (one in its postgresql.conf has a page of PgBouncer's own)."""
    if proxy.database is None or len(proxy.mains) != 1 or "idle_timeout" not in proxy.database.block.settings:
        return
    main, limit = proxy.mains[0], times.database_idle(proxy.database)
    keeps = main.get("server_idle_timeout")
    if limit is None or keeps is None or keeps.value is UNKNOWN or not isinstance(keeps.value, (int, float)):
        return
    if keeps.value >= limit.seconds:
        written = f"{keeps.key} = {keeps.raw}"
        values = {"written": written, "limit": limit.text, "server": proxy.database.name, "service": proxy.name}
        at = keeps if keeps.place is not None else main
        yield Hit(
            at, values, "pooler", ((limit.at, f"{proxy.database.name}: {limit.name}"), (proxy.block, "the pooler"))
        )
