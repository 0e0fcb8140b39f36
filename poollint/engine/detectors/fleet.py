"""Sums over the fleet of poollint.toml: pools against limits, clients against poolers, load against pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.engine.hits import Hit
from poollint.fleet import shares, sums
from poollint.fleet.model import count, told
from poollint.sizing.poolers import Bouncers, default_pool_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block
    from poollint.engine.hits import RuleContext
    from poollint.fleet.model import Database, Pool, Proxy, Service

MOST_PLACES = 12


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def above_limit(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """More connections than the database takes."""
    database: Database = block.links["fleet"].databases[block.name]
    usable, (text, total, places) = database.usable, sums.total(database)
    if usable is None or total <= usable:
        return
    values = {
        "least": "" if sums.is_exact(database) else "at least ",
        "sum": text,
        "total": _number(total),
        "usable": _number(usable),
        "kept": database.kept,
        "way": _way_out(database),
    }
    if database.limit_at is not block and told(block, "max_connections") is None:
        places = ((database.limit_at, "the server's limit"), *places)
    yield Hit(told(block, "max_connections") or block, values, related=places[:MOST_PLACES])


def _way_out(database: Database) -> str:
    """The numbers that would fit, or that none do."""
    if database.proxies:
        poolers = " and ".join(proxy.name for proxy in database.proxies)
        return f"smaller pools in {poolers}, or a higher limit"
    found = shares.by_budget(database)
    if found is None:
        return "smaller pools, fewer processes, or a pooler between"
    if min(found.pools.values()) < 1:
        holders = sum(each.copies.most * each.pool_count for each in database.services)
        return (
            f"{_number(holders)} pools cannot share {_number(found.whole)} connections: put a pooler in transaction "
            "mode between, or run fewer processes"
        )
    parts = [f"{size} for each pool of {name}" for name, size in sorted(found.pools.items())]
    return f"these would fit: {', '.join(parts)}; or put a pooler in transaction mode between"


def above_share(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool that is larger than its part of the database, which all of them together ask too much of."""
    fleet = block.links["fleet"]
    if block.kind == "proxy":
        yield from _pooler_share(fleet.proxies[block.name])
        return
    for part in fleet.services[block.name].parts:
        yield from _share(part)


def _share(service: Service) -> Iterator[Hit]:
    database = service.database
    if database is None or service.proxy is not None or not sums.is_exact(database):
        return
    text, total, _ = sums.total(database)
    budget, able = shares.by_budget(database), shares.by_capacity(database)
    if budget is not None and budget.pools[service.name] > 0 and total > (database.usable or total):
        limit = {"sum": text, "total": _number(total), "kept": database.kept, "cores_note": ""}
        if able is not None and able.pools[service.name] < budget.pools[service.name]:
            cores = _number(database.block.value("cores"))
            limit["cores_note"] = (
                f", or {able.pools[service.name]} if all are busy at once: {cores} cores run about "
                f"{able.whole} transactions"
            )
        yield from _pools(service, budget, database, limit, "")
    elif able is not None and total > able.whole:
        limit = {"sum": text, "total": _number(total), "cores": _number(database.block.value("cores"))}
        yield from _pools(service, able, database, limit, "capacity")


def _pools(
    service: Service, found: shares.Shares, database: Database, values: dict[str, Any], case: str
) -> Iterator[Hit]:
    share = max(found.pools[service.name], shares.floor_of(service))
    pools: list[Pool | None] = [*service.pools] or [None]
    for pool in pools:
        size = pool.least if pool is not None else (service.told_pool or 0) + service.overflow
        if size <= share:
            continue
        setting = told(service.block, "pool") if pool is None else next(iter(pool.settings), None)
        names = _names(service, pool)
        more = {
            **values,
            "names": names,
            "size": size,
            "share": share,
            "service": service.name,
            "database": database.name,
            "whole": _number(found.whole),
            "pools": _number(service.copies.most * service.pool_count),
        }
        place = setting if setting is not None and setting.place is not None else pool.block if pool else service.block
        related = ((service.block, "the service"), (database.block, "its database"))
        yield Hit(place, more, case, related)


def _names(service: Service, pool: Pool | None) -> str:
    if pool is None:
        return "pool + overflow" if service.overflow else "pool"
    return " + ".join(setting.key for setting in pool.settings) or "the pool"


def _pooler_share(proxy: Proxy) -> Iterator[Hit]:
    """PgBouncer's pools against what the database has for them."""
    database = proxy.database
    if database is None or database.usable is None or len(database.proxies) > 1 or len(proxy.mains) != 1:
        return
    demand, direct = sums.of_proxy(proxy), [sums.of_service(each) for each in database.services]
    if not demand.exact or not all(each.exact for each in direct):
        return
    taken = sum(each.least for each in direct)
    main = proxy.mains[0]
    entries = main.links["databases"]
    capped = any(count(each.value("max_db_connections")) is not None for each in entries)
    if capped or demand.least + taken <= database.usable:
        return
    bouncers = Bouncers(proxy.instances, len(entries), count(proxy.block.value("users")) or 1)
    reserve = max((count(each.value("reserve_pool_size")) or 0 for each in entries), default=0)
    share = default_pool_size(database.usable, bouncers, reserve, min(taken, database.usable))
    if share < 1:
        return
    values = {
        "sum": demand.text + (f" + {_number(taken)} direct" if taken else ""),
        "total": _number(demand.least + taken),
        "kept": database.kept,
        "usable": _number(database.usable),
        "share": share,
        "database": database.name,
    }
    related = ((proxy.block, "the pooler"), (database.block, "its database"))
    yield Hit(demand.places[0][0], values, "pooler", related)


def clients_above_pooler(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """More clients than a pooler takes, or than its session pools serve at a time."""
    proxy: Proxy = block.links["fleet"].proxies[block.name]
    demands = [found for each in proxy.clients if (found := sums.of_service(each)).least]
    if not demands:
        return
    text, total, places = sums.total_of(demands)
    least = "" if all(sums.of_service(each).exact for each in proxy.clients) else "at least "
    limit, at = sums.client_limit(proxy)
    many = f"{proxy.instances} processes × " if proxy.instances > 1 else ""
    values = {"least": least, "sum": text, "total": _number(total), "proxy": proxy.name}
    if limit is not None and total > limit * proxy.instances:
        more = {"limit": f"{many}{limit}", "wanted": _number(-(-total // proxy.instances))}
        related = ((block, "the pooler"), *places)
        yield Hit(at, {**values, **more}, related=related[:MOST_PLACES])
    elif len(proxy.mains) == 1 and proxy.mains[0].facts.get("shared_pools") is False:
        server = sums.of_proxy(proxy)
        if server.exact and total > server.least:
            more = {"server": server.text, "servers": _number(server.least)}
            related = (*server.places, *places)
            at = proxy.mains[0].settings.get("pool_mode") or block
            yield Hit(at, {**values, **more}, "session", related[:MOST_PLACES])


def below_load(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Pools that cannot carry the load that the table tells."""
    service: Service = block.links["fleet"].services[block.name]
    load, demand = shares.load_of(service), sums.of_service(service)
    if load is None or not demand.exact or service.copies.steady < 1:
        return
    steady = demand.least * service.copies.steady // service.copies.most
    if load < steady:
        return
    pools = service.copies.steady * service.pool_count
    values = {
        "rate": _number(block.value("rate")),
        "load": _number(load),
        "steady": _number(steady),
        "need": int(load / pools) + 1,
        "service": service.name,
        "hold": _time(load / block.value("rate")),
    }
    yield Hit(told(block, "rate"), values, related=demand.places[:MOST_PLACES])


def _time(seconds: float) -> str:
    from poollint.sizing.units import show_seconds

    return show_seconds(seconds)


def load_above_cores(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A load whose computing alone keeps more cores busy than there are."""
    database: Database = block.links["fleet"].databases[block.name]
    cores = block.value("cores")
    users = database.services + [each for proxy in database.proxies for each in proxy.clients]
    parts = [(each, each.block.value("rate"), each.block.value("compute")) for each in users]
    known = [(each, rate, compute) for each, rate, compute in parts if rate and compute]
    needed = sum(rate * compute for _, rate, compute in known)
    if cores is None or not known or needed <= cores:
        return
    names = len(known) > 1
    text = " + ".join(
        (f"{each.name} " if names else "") + f"{_number(rate)}/s × {_time(compute)}" for each, rate, compute in known
    )
    values = {"sum": text, "needed": f"{needed:g}", "cores": f"{cores:g}"}
    related = tuple((each.block.settings["rate"], f"{each.name}: its load") for each, _, _ in known)
    yield Hit(told(block, "cores"), values, related=related)


def deadlock(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Threads that each hold a connection and wait for another."""
    service: Service = block.links["fleet"].services[block.name]
    threads, each = block.value("threads"), block.value("connections_per_thread") or 1
    floor = shares.floor_of(service)
    if threads is None or each < 2:
        return
    for pool in service.pools:
        if pool.exact and pool.least < floor and pool.settings:
            values = {
                "names": _names(service, pool),
                "size": pool.least,
                "threads": threads,
                "each": each,
                "floor": floor,
            }
            place = pool.settings[0] if pool.settings[0].place is not None else pool.block
            yield Hit(place, values, related=((block, "the service"),))
    if not service.pools and service.told_pool is not None and service.told_pool + service.overflow < floor:
        size = service.told_pool + service.overflow
        values = {"names": _names(service, None), "size": size, "threads": threads, "each": each, "floor": floor}
        yield Hit(told(block, "pool"), values)
