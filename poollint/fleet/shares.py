"""What each pool of a database should have: its part of the connections, and of what the database can run at once."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from poollint.fleet.model import once
from poollint.fleet.sums import is_exact, of_proxy
from poollint.sizing import budget, capacity
from poollint.sizing.deadlock import deadlock_floor

if TYPE_CHECKING:
    from poollint.fleet.model import Database, Service


class Shares(NamedTuple):
    """Recommended connections of one pool, by service; ``whole`` is what they are shares of."""

    whole: int
    pools: dict[str, int]


@once
def by_budget(database: Database) -> Shares | None:
    """Shares of the usable connections that poolers leave; a pool of 0 where there are more pools than connections.

    None when the limit, or who holds connections, is not known well enough to divide.
    """
    usable = database.usable
    if usable is None or not database.services or not is_exact(database):
        return None
    rest = usable - sum(of_proxy(proxy).least for proxy in database.proxies)
    if rest < 1:
        return None
    try:
        found = budget.share_by_weight(rest, _holders(database, rollout=True))
    except ValueError:
        return None  # the floors alone are above the budget
    return Shares(rest, {share.name: share.pool for share in found})


@once
def by_capacity(database: Database) -> Shares | None:
    """Shares of the transactions that the database's cores can usefully run at once; at least one for each pool."""
    able = able_of(database)
    if able is None or not database.services or database.proxies or not is_exact(database):
        return None
    try:
        found = budget.share_by_weight(able, _holders(database, rollout=False))
    except ValueError:
        return None
    return Shares(able, {share.name: max(1, share.pool) for share in found})


@once
def able_of(database: Database) -> int | None:
    """What the cores can run at once: by wait and compute of the one service that tells them, else 2 × cores + spindles."""
    cores = database.block.value("cores")
    if cores is None:
        return None
    users = database.services + [each for proxy in database.proxies for each in proxy.clients]
    times = [(each.block.value("wait"), each.block.value("compute")) for each in users]
    spindles = int(database.block.value("spindles") or 0)
    if len(times) == 1 and times[0][1] and times[0][0] is not None:
        from poollint.sizing.answer import answer
        from poollint.sizing.inputs import Inputs

        with suppress(ValueError):
            return answer(Inputs(cores=cores, spindles=spindles, wait=times[0][0], compute=times[0][1])).capacity
    return capacity.cores_and_spindles(cores, spindles)


def floor_of(service: Service) -> int:
    """What one pool needs so that its threads cannot wait for each other for ever."""
    threads = service.block.value("threads")
    return deadlock_floor(threads, service.block.value("connections_per_thread") or 1) if threads else 1


def load_of(service: Service) -> float | None:
    """Connections that a service keeps busy on average: rate × hold; None when it does not tell them."""
    rate, hold = service.block.value("rate"), service.block.value("hold")
    if hold is None and service.block.value("compute") is not None and service.block.value("wait") is not None:
        hold = service.block.value("compute") + service.block.value("wait")
    return rate * hold if rate is not None and hold is not None else None


def _holders(database: Database, *, rollout: bool) -> list[budget.Service]:
    return [
        _holder(each, weight, rollout=rollout)
        for each, weight in zip(database.services, _weights(database), strict=True)
    ]


def _holder(service: Service, weight: float, *, rollout: bool) -> budget.Service:
    copies = service.copies
    holders = (copies.most if rollout else copies.steady) * service.pool_count
    floor = floor_of(service)
    if floor == 1:
        floor = 0  # a share below one is worth saying, not refusing
    return budget.Service(service.name, weight, holders, floor, service.block.value("max_per_process"))


def _weights(database: Database) -> list[float]:
    """As told, where all are; else the load where every service tells it; else the number of pools."""
    told = [each.block.value("weight") for each in database.services]
    if all(each is not None for each in told):
        return [float(each) for each in told]
    loads = [load_of(each) for each in database.services]
    if all(loads):
        return [float(load or 0) for load in loads]
    return [float(each.copies.steady * each.pool_count) for each in database.services]
