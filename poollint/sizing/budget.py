"""Budget: how many connections may each process own so that the sum never passes the limit?"""

from __future__ import annotations

from typing import NamedTuple

from poollint.sizing.rounding import DUST, down, not_negative, positive, up


class Fleet(NamedTuple):
    """Who holds pools: replicas (the autoscaler's maximum, if there is one), each with processes, each with pools.

    ``surge`` counts the extra replicas of a rollout, ``terminating`` the old ones that still hold connections
    meanwhile: Kubernetes does not count these in maxSurge (KEP-3973), so with slow shutdowns it can be all of them.
    """

    replicas: int
    processes: int = 1
    pools: int = 1
    surge: int = 0
    terminating: int = 0

    @property
    def steady(self) -> int:
        """Pools between rollouts."""
        return self.replicas * self.processes * self.pools

    @property
    def holders(self) -> int:
        """Pools at the worst moment of a rollout."""
        return (self.replicas + self.surge + self.terminating) * self.processes * self.pools


def surge_replicas(replicas: int, surge: float) -> int:
    """Extra replicas during a rollout: an int is their number, a float a share, rounded up as Kubernetes does."""
    positive(replicas, "replicas")
    not_negative(surge, "surge")
    return up(replicas * surge) if isinstance(surge, float) else int(surge)


def usable_connections(max_connections: int, reserved: int = 0, headroom: float = 0.0) -> int:
    """What the fleet may use: the limit, less what is reserved, less a share of headroom; rounded down.

    Reserved: PostgreSQL's superuser_reserved_connections (3) and reserved_connections, monitoring, migrations, backups,
    the cloud's own automation. Source: PostgreSQL manual, Connections and Authentication.
    """
    positive(max_connections, "max_connections")
    if not_negative(reserved, "reserved") >= max_connections:
        raise ValueError(f"{reserved} reserved of {max_connections} connections leave none for the application")
    if not 0 <= headroom < 1:
        raise ValueError(f"headroom must be 0 % or more and below 100 %, not {headroom * 100:g} %")
    return down((max_connections - reserved) * (1 - headroom))


def pool_per_holder(usable: float, fleet: Fleet) -> int:
    """Connections for each pool of the fleet, rounded down. 0: not possible without a pooler or fewer processes.

    Source: Kubernetes API reference, RollingUpdateDeployment; the arithmetic is a division.
    """
    return down(usable / positive(fleet.holders, "holders"))


def connections_needed(fleet: Fleet, pool: int, overflow: int = 0) -> int:
    """What the fleet takes when every pool is full at the worst moment, overflow included."""
    return fleet.holders * (pool + overflow)


def largest_fleet(usable: int, per_replica: int) -> int:
    """Replicas (surge included) that fit under the limit when each may take this many connections."""
    return down(usable / positive(per_replica, "connections per replica"))


class Service(NamedTuple):
    """One of several that share a database: its weight (best: its erlangs), its pools, and bounds for one pool."""

    name: str
    weight: float
    holders: int
    floor: int = 0
    cap: int | None = None


class Share(NamedTuple):
    """A service's part: the size of each of its pools, and what they take together."""

    name: str
    pool: int
    connections: int


def share_by_weight(budget: int, services: list[Service]) -> list[Share]:
    """Divides a budget over services in proportion to their weights, by largest remainder; never above the budget.

    Each pool is the whole part of its share; what is left goes, one connection for each pool of a service, to the
    services in order of the largest remainder, while it fits. Floors are met first, caps never passed; what a bounded
    service does not take is shared among the others.
    """
    _check_services(budget, services)
    fixed: dict[str, int] = {}
    while True:
        exact = _proportional(budget, services, fixed)
        newly = _out_of_bounds(services, exact, fixed)
        if not newly:
            break
        fixed.update(newly)
    pools = fixed | {name: down(pool) for name, pool in exact.items()}
    left = budget - sum(pools[service.name] * service.holders for service in services)
    open_services = [service for service in services if service.name not in fixed]
    open_services.sort(key=lambda service: pools[service.name] - exact[service.name])
    for service in open_services:
        fits = service.holders <= left and (service.cap is None or pools[service.name] < service.cap)
        if fits and exact[service.name] - pools[service.name] > -DUST:
            pools[service.name] += 1
            left -= service.holders
    return [Share(service.name, pools[service.name], pools[service.name] * service.holders) for service in services]


def _check_services(budget: int, services: list[Service]) -> None:
    if not services:
        raise ValueError("no service to share the budget among")
    for service in services:
        positive(service.weight, f"the weight of {service.name}")
        positive(service.holders, f"the pools of {service.name}")
        if service.cap is not None and service.cap < service.floor:
            raise ValueError(f"{service.name}: at most {service.cap} per pool is below its floor of {service.floor}")
    if len({service.name for service in services}) < len(services):
        raise ValueError("two services have the same name")
    floors = sum(service.floor * service.holders for service in services)
    if floors > budget:
        terms = " + ".join(f"{s.name} {s.holders} × {s.floor}" for s in services if s.floor)
        raise ValueError(f"the floors alone take {terms} = {floors} of a budget of {budget}")


def _proportional(budget: int, services: list[Service], fixed: dict[str, int]) -> dict[str, float]:
    """Each open service's pool before rounding, after the fixed ones have taken theirs."""
    rest = budget - sum(fixed.get(service.name, 0) * service.holders for service in services)
    weight = sum(service.weight for service in services if service.name not in fixed)
    return {s.name: rest * s.weight / weight / s.holders for s in services if s.name not in fixed}


def _out_of_bounds(services: list[Service], exact: dict[str, float], fixed: dict[str, int]) -> dict[str, int]:
    """Services to hold at their bound; floors go first, for a raised one takes from the rest what a cap may free."""
    below = {s.name: s.floor for s in services if s.name not in fixed and exact[s.name] < s.floor}
    if below:
        return below
    return {s.name: s.cap for s in services if s.name not in fixed and s.cap is not None and exact[s.name] > s.cap}
