"""Worked examples of fleet budgets, and what must hold for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.sizing.budget import (
    Fleet,
    Service,
    connections_needed,
    largest_fleet,
    pool_per_holder,
    share_by_weight,
    surge_replicas,
    usable_connections,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(("replicas", "surge", "extra"), [(10, 0.25, 3), (3, 0.25, 1), (10, 1, 1), (100, 0.07, 7)])
def test_surge(replicas: int, surge: float, extra: int) -> None:
    assert surge_replicas(replicas, surge) == extra


@pytest.mark.parametrize(
    ("limit", "reserved", "headroom", "replicas", "processes", "holders", "pool"),
    [(500, 13, 0, 100, 1, 125, 3), (200, 10, 0, 20, 4, 100, 1), (500, 10, 0.1, 10, 1, 13, 33)],
)
def test_pool_of_a_fleet(
    limit: int, reserved: int, headroom: float, replicas: int, processes: int, holders: int, pool: int
) -> None:
    fleet = Fleet(replicas, processes, surge=surge_replicas(replicas, 0.25))
    assert fleet.holders == holders
    assert pool_per_holder(usable_connections(limit, reserved, headroom), fleet) == pool


def test_explosions() -> None:
    assert connections_needed(Fleet(100), 20) == 2000
    assert connections_needed(Fleet(1000), 10) == 10_000
    assert connections_needed(Fleet(1000), 1) == 1000
    assert connections_needed(Fleet(4, processes=2, surge=1), 5, overflow=10) == 150
    assert pool_per_holder(97, Fleet(100)) == 0
    assert largest_fleet(487, 20) == 24


def test_terminating_replicas_hold_connections_too() -> None:
    fleet = Fleet(10, 2, 1, surge=3, terminating=10)
    assert (fleet.steady, fleet.holders) == (20, 46)


def pools(budget: int, services: list[Service]) -> dict[str, int]:
    return {share.name: share.pool for share in share_by_weight(budget, services)}


def test_services_by_plain_weights() -> None:
    services = [Service("api", 3, 20), Service("worker", 1, 10), Service("cron", 1, 2)]
    assert pools(190, services) == {"api": 5, "worker": 4, "cron": 20}


def test_services_by_erlangs() -> None:
    shares = share_by_weight(190, [Service("api", 8, 20), Service("worker", 1.5, 10), Service("cron", 0.1, 2)])
    assert [(share.pool, share.connections) for share in shares] == [(7, 140), (3, 30), (1, 2)]
    assert 190 - sum(share.connections for share in shares) == 18


def test_a_cap_leaves_the_rest_to_the_others() -> None:
    services = [Service("api", 3, 20), Service("worker", 1, 10), Service("cron", 1, 2, cap=2)]
    assert pools(190, services) == {"api": 7, "worker": 4, "cron": 2}


def test_floors_come_first() -> None:
    services = [Service("api", 9, 10), Service("batch", 1, 2, floor=10)]
    assert pools(100, services) == {"api": 8, "batch": 10}
    with pytest.raises(ValueError, match="floors alone take api 10 × 20 = 200 of a budget of 100"):
        share_by_weight(100, [Service("api", 1, 10, floor=20)])


service_lists = st.lists(
    st.tuples(st.floats(0.01, 100), st.integers(1, 50), st.integers(0, 3), st.none() | st.integers(3, 40)),
    min_size=1,
    max_size=6,
).map(lambda rows: [Service(f"s{index}", *row) for index, row in enumerate(rows)])


@given(st.integers(1, 5000), service_lists)
def test_shares_never_pass_the_budget_and_keep_their_bounds(budget: int, services: list[Service]) -> None:
    if sum(service.floor * service.holders for service in services) > budget:
        with pytest.raises(ValueError, match="floors"):
            share_by_weight(budget, services)
        return
    shares = share_by_weight(budget, services)
    assert sum(share.connections for share in shares) <= budget
    for service, share in zip(services, shares, strict=True):
        assert share.connections == share.pool * service.holders
        assert service.floor <= share.pool
        assert service.cap is None or share.pool <= service.cap


@given(st.integers(1, 2000), st.lists(st.floats(0.01, 50), min_size=1, max_size=8))
def test_single_processes_share_the_budget_to_the_last_connection(budget: int, weights: list[float]) -> None:
    shares = share_by_weight(budget, [Service(f"s{index}", weight, 1) for index, weight in enumerate(weights)])
    assert sum(share.pool for share in shares) == budget
    for weight, share in zip(weights, shares, strict=True):
        assert abs(share.pool - budget * weight / sum(weights)) < 1 + 1e-6


@given(st.integers(1, 5000), st.integers(1, 200), st.integers(1, 8), st.floats(0, 1))
def test_the_pool_of_a_fleet_fits(usable: int, replicas: int, processes: int, surge: float) -> None:
    fleet = Fleet(replicas, processes, surge=surge_replicas(replicas, surge))
    pool = pool_per_holder(usable, fleet)
    assert connections_needed(fleet, pool) <= usable < connections_needed(fleet, pool + 1)


def test_impossible_inputs_are_refused() -> None:
    refused: list[Callable[[], object]] = [
        lambda: usable_connections(100, 100),
        lambda: usable_connections(100, 3, 1.0),
        lambda: usable_connections(0),
        lambda: surge_replicas(10, -1),
        lambda: share_by_weight(10, []),
        lambda: share_by_weight(10, [Service("a", 1, 1), Service("a", 1, 1)]),
        lambda: share_by_weight(10, [Service("a", 0, 1)]),
        lambda: share_by_weight(10, [Service("a", 1, 1, floor=4, cap=3)]),
    ]
    for call in refused:
        with pytest.raises(ValueError, match=r"must|leave none|no service|same name|below its floor"):
            call()
