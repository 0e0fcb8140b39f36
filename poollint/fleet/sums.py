"""What a fleet may open: connections of services, poolers and databases, each as a number and as the sum behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from poollint.blocks import UNKNOWN, Block, Setting
from poollint.fleet.model import count, once, told
from poollint.sizing.poolers import proxy_limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poollint.fleet.model import Database, Proxy, Service

Places = tuple[tuple[Setting | Block, str], ...]


class Demand(NamedTuple):
    """At least ``least`` connections, exactly as many where ``exact``; ``text`` is the sum, ``places`` where it is from."""

    name: str
    least: int
    exact: bool
    text: str
    places: Places = ()


NOTHING = Demand("", 0, False, "")


def of_service(service: Service) -> Demand:
    """Every pool of every process full, at the worst moment of a rollout."""
    copies = service.copies
    each, exact, text, places = _one_process(service)
    if not each:
        return NOTHING._replace(name=service.name)
    block = service.block
    place = told(block, "max_instances") or told(block, "instances") or block
    places = (*places, (place, f"{service.name}: {copies.text or 'one process'}"))
    if copies.workers is not None:
        places = (*places, (copies.workers, f"{service.name}: processes of one instance"))
    whole = " × ".join(part for part in (copies.text, text) if part)
    return Demand(service.name, copies.most * each, exact and copies.exact, whole, places)


def _one_process(service: Service) -> tuple[int, bool, str, Places]:
    """(connections, whether exact, text, places) of one process."""
    pools = service.pools
    if not pools:
        if service.told_pool is None or not service.known:
            return 0, False, "", ()
        one = service.told_pool + service.overflow
        text = f"({service.told_pool} + {service.overflow})" if service.overflow else str(one)
        many = f"{service.pool_count} pools × " if service.pool_count > 1 else ""
        written = service.block.settings["pool"]
        return one * service.pool_count, True, many + text, ((written, f"{service.name}: the pool"),)
    exact = service.known and all(pool.exact for pool in pools)
    places: Places = tuple(
        (setting, f"{service.name}: {setting.key}") for pool in pools for setting in _written(pool.settings)
    )
    if len(pools) == 1:
        many = f"{service.pool_count} pools × " if service.pool_count > 1 else ""
        places = places or ((pools[0].block, f"{service.name}: the pool, at its default"),)
        return pools[0].least * service.pool_count, exact, many + pools[0].text, places
    told_count = count(service.block.value("pools"))
    if told_count is not None and told_count < len(pools):
        pools = sorted(pools, key=lambda pool: -pool.least)[:told_count]
    inner = " + ".join(pool.text.strip("()") for pool in pools)
    return sum(pool.least for pool in pools), exact, f"({inner})", places


def _written(settings: Iterable[Setting]) -> list[Setting]:
    return [setting for setting in settings if setting.place is not None]


def of_proxy(proxy: Proxy) -> Demand:
    """What a pooler may open to its database, over all its processes."""
    database = proxy.database
    percent = count(proxy.block.value("max_connections_percent"))
    if percent is not None and database is not None and database.limit is not None:
        most = proxy_limit(database.limit, percent)
        place = proxy.block.settings["max_connections_percent"]
        return Demand(proxy.name, most, True, f"{percent} % of {database.limit}", ((place, proxy.name),))
    pool = told(proxy.block, "pool")
    many = f"{proxy.instances} processes × " if proxy.instances > 1 else ""
    if len(proxy.mains) == 1:
        each, exact, text, places = _of_pgbouncer(proxy, proxy.mains[0])
        return Demand(proxy.name, each * proxy.instances, exact, many + text, places)
    if pool is None:
        return NOTHING._replace(name=proxy.name)
    users = count(proxy.block.value("users")) or 1
    roles = f"{users} users × " if users > 1 else ""
    text = f"{many}{roles}{pool.value}"
    return Demand(proxy.name, proxy.instances * users * pool.value, True, text, ((pool, f"{proxy.name}: its pool"),))


def _of_pgbouncer(proxy: Proxy, main: Block) -> tuple[int, bool, str, Places]:
    """(connections, whether exact, text, places) of one process: a pool for each database and user, within its cap."""
    caps = [holder.value("max_user_connections") for holder in (main, *main.links["users"])]
    if any(cap is UNKNOWN or count(cap) is not None for cap in caps):
        return 0, False, "", ()  # a cap for each user, over all databases, is not summed up here
    users = count(proxy.block.value("users")) or 1
    terms: list[str] = []
    total, exact = 0, bool(main.facts.get("complete"))
    places: dict[int, tuple[Setting | Block, str]] = {}
    for database in main.links["databases"]:
        size, extra = count(database.value("pool_size")), database.value("reserve_pool_size")
        if size is None or extra is UNKNOWN or database.value("max_db_connections") is UNKNOWN:
            exact = False
            continue
        exact = exact and not database.facts.get("star")
        reserve = count(extra) or 0
        roles = users if database.value("user") is None else 1
        most, text = (size + reserve) * roles, f"({size} + {reserve})" if reserve else str(size)
        text = f"{roles} users × {text}" if roles > 1 else text
        cap = count(database.value("max_db_connections"))
        if cap is not None and cap < most:
            most, text = cap, str(cap)
        total += most
        terms.append(text)
        setting = database.settings.get("pool_size") or main.settings.get("default_pool_size")
        if setting is not None and setting.place is not None:
            places[setting.place.start] = (setting, f"{proxy.name}: {setting.key}")
    if not terms:
        return 0, False, "", ()
    same = len(set(terms)) == 1
    text = (f"{len(terms)} databases × " if len(terms) > 1 else "") + terms[0] if same else f"({' + '.join(terms)})"
    return total, exact, text, tuple(places.values()) or ((main, f"{proxy.name}: default_pool_size"),)


def client_limit(proxy: Proxy) -> tuple[int | None, Setting | Block]:
    """How many clients one process of a pooler takes, and where that stands."""
    written = told(proxy.block, "max_clients")
    if written is not None:
        return written.value, written
    if len(proxy.mains) == 1:
        setting = proxy.mains[0].get("max_client_conn")
        if setting is not None:
            return count(setting.value), setting if setting.place is not None else proxy.mains[0]
    return None, proxy.block


@once
def of_database(database: Database) -> list[Demand]:
    """What each service without a pooler, and each pooler, may open to a database."""
    found = [of_proxy(proxy) for proxy in database.proxies] + [of_service(service) for service in database.services]
    return [each for each in found if each.least]


def total_of(demands: Iterable[Demand]) -> tuple[str, int, Places]:
    """(sum as text, sum, places) of several demands, the largest first."""
    listed = sorted(demands, key=lambda each: -each.least)
    if len(listed) == 1:
        return listed[0].text, listed[0].least, listed[0].places
    text = " + ".join(f"{each.name} {each.text}" for each in listed)
    return text, sum(each.least for each in listed), tuple(place for each in listed for place in each.places)


@once
def is_exact(database: Database) -> bool:
    """Whether everything that connects to a database is known, so that a sum is more than a lower bound."""
    demands = [of_proxy(each) for each in database.proxies] + [of_service(each) for each in database.services]
    return bool(demands) and all(each.exact for each in demands)


@once
def total(database: Database) -> tuple[str, int, Places]:
    """The sum of everything that connects to a database."""
    found = of_database(database)
    return total_of(found) if found else ("", 0, ())
