"""Worked examples and published tables of the queueing formulas, and what must hold for all inputs."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.sizing import demand

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(("rate", "hold", "busy"), [(10_000, 0.010, 100), (500, 0.020, 10), (200, 0.005, 1.0)])
def test_little(rate: float, hold: float, busy: float) -> None:
    assert demand.little(rate, hold) == pytest.approx(busy)


def test_users_who_think() -> None:
    assert demand.rate_of_users(1000, 4.99, 0.010) == pytest.approx(200)


@pytest.mark.parametrize(
    ("servers", "load", "chance"),
    [(10, 8, "0.4092"), (14, 10, "0.1741"), (110, 100, "0.2370"), (3, 2, "0.4444"), (2, 1, "0.3333")],
)
def test_erlang_c(servers: int, load: float, chance: str) -> None:
    assert f"{demand.erlang_c(servers, load):.4f}" == chance


@pytest.mark.parametrize(
    # Erlang B tables: the load at which so many lines lose so large a share
    ("servers", "load", "lost"),
    [(1, 0.0101, 0.01), (5, 1.36, 0.01), (10, 4.46, 0.01), (20, 12.0, 0.01), (50, 37.9, 0.01), (100, 84.1, 0.01),
     (10, 6.22, 0.05), (20, 15.2, 0.05), (100, 95.2, 0.05)],
)  # fmt: skip
def test_erlang_b_table(servers: int, load: float, lost: float) -> None:
    assert demand.erlang_b(servers, load) == pytest.approx(lost, rel=0.03)


@pytest.mark.parametrize(
    ("rate", "hold", "percentile", "target", "pool"),
    [
        (500, 0.020, 0.95, 0.005, 15),
        (500, 0.020, 0.99, 0.005, 17),
        (500, 0.020, 0.99, 0.010, 15),
        (10_000, 0.010, 0.99, 0.005, 108),
        (10_000, 0.010, 0.99, 0.001, 118),
        (50, 0.100, 0.95, 0.020, 9),
        (200, 0.050, 0.99, 0.010, 17),
    ],
)
def test_pool_for_a_wait(rate: float, hold: float, percentile: float, target: float, pool: int) -> None:
    assert demand.pool_for_wait(rate, hold, percentile, target) == pool


@pytest.mark.parametrize(
    ("pool", "rate", "hold", "percentile", "milliseconds"),
    [
        (15, 500, 0.020, 0.95, "2.85"),
        (14, 500, 0.020, 0.95, "6.24"),
        (17, 500, 0.020, 0.99, "3.22"),
        (15, 500, 0.020, 0.99, "9.29"),
        (17, 200, 0.050, 0.99, "8.05"),
        (16, 200, 0.050, 0.99, "14.55"),
    ],
)
def test_wait_quantile(pool: int, rate: float, hold: float, percentile: float, milliseconds: str) -> None:
    assert f"{demand.wait_quantile(pool, rate, hold, percentile) * 1000:.2f}" == milliseconds


@pytest.mark.parametrize(("hold_scv", "pool"), [(0, 15), (1, 17), (4, 18)])
def test_variability_of_hold_times(hold_scv: float, pool: int) -> None:
    factor = demand.allen_cunneen_factor(1, hold_scv)
    assert demand.pool_for_wait(500, 0.020, 0.99, 0.005, factor) == pool


def test_mean_waits() -> None:
    assert f"{demand.mean_wait(12, 500, 0.020) * 1000:.2f}" == "4.49"
    assert f"{demand.sakasegawa_wait(12, 500, 0.020) * 1000:.2f}" == "4.74"
    assert f"{demand.mean_wait(12, 500, 0.020, demand.allen_cunneen_factor(1, 4)) * 1000:.2f}" == "11.23"
    assert f"{demand.kingman_wait(8, 0.100):.3f}" == "0.400"


def test_variability_from_percentiles() -> None:
    assert f"{demand.scv_from_percentiles(8, 40):.2f}" == "1.60"
    assert demand.scv_from_percentiles(8, 8) == 0


@pytest.mark.parametrize(("beta", "chance"), [(0.5, "0.5045"), (1, "0.2234"), (1.5, "0.0847"), (2, "0.0269")])
def test_halfin_whitt(beta: float, chance: str) -> None:
    assert f"{demand.halfin_whitt_chance(beta):.4f}" == chance


@pytest.mark.parametrize(("chance", "beta"), [(0.20, "1.062"), (0.05, "1.740"), (0.01, "2.375")])
def test_margin_for_a_chance(chance: float, beta: str) -> None:
    assert f"{demand.beta_for_chance(chance):.3f}" == beta


def test_square_root_staffing() -> None:
    assert demand.square_root_staffing(100, 1) == 110
    assert demand.square_root_staffing(10, 1) == 14
    assert 10 * demand.square_root_staffing(100 / 10, 1) == 140


def test_threads_that_hold_a_connection_for_part_of_the_time() -> None:
    assert demand.pool_for_threads(200, 0.2, 0) == 40
    assert demand.pool_for_threads(200, 0.2, 1.64) == 50
    assert demand.useful_threads(10, 0.2) == pytest.approx(50)
    assert demand.pool_for_threads(4, 1.0) == 4


@given(st.integers(1, 300), st.floats(0.01, 0.99))
def test_more_servers_wait_less_and_more_load_waits_more(servers: int, busy: float) -> None:
    load = servers * busy
    chance = demand.erlang_c(servers, load)
    assert 0 <= demand.erlang_b(servers, load) <= chance <= 1
    assert demand.erlang_c(servers + 1, load) <= chance
    assert demand.erlang_c(servers, load * 0.9) <= chance


@given(st.floats(0.1, 2000), st.floats(0.0001, 0.5), st.floats(0.5, 0.999), st.floats(0, 0.2))
def test_the_pool_for_a_wait_is_the_smallest(rate: float, hold: float, percentile: float, target: float) -> None:
    pool = demand.pool_for_wait(rate, hold, percentile, target)
    assert demand.wait_quantile(pool, rate, hold, percentile) <= target * (1 + 1e-9)
    if pool - 1 > rate * hold * (1 + 1e-9):
        assert demand.wait_quantile(pool - 1, rate, hold, percentile) > target * (1 - 1e-9)


@given(st.integers(1, 100), st.floats(0.05, 0.98), st.floats(0.5, 0.999))
def test_the_quantile_is_the_inverse_of_the_tail(pool: int, busy: float, percentile: float) -> None:
    rate = pool * busy
    wait = demand.wait_quantile(pool, rate, 1.0, percentile)
    beyond = demand.chance_to_wait_longer(wait, pool, rate, 1.0)
    assert beyond == pytest.approx(1 - percentile, rel=1e-6) or (wait == 0 and beyond <= 1 - percentile)


@given(st.floats(1, 400), st.integers(1, 20), st.floats(0.1, 3))
def test_many_small_pools_take_more_than_one_large(load: float, parts: int, beta: float) -> None:
    assert parts * demand.square_root_staffing(load / parts, beta) >= ceil(load + beta * sqrt(load) - 1e-6)


def test_nothing_to_do_needs_no_wait() -> None:
    assert demand.mean_wait(1, 0, 1) == demand.wait_quantile(1, 0, 1, 0.99) == 0
    assert demand.chance_to_wait_longer(1, 1, 0, 1) == 0
    assert demand.pool_for_wait(0, 1, 0.99, 0.1) == 1


def test_impossible_inputs_are_refused() -> None:
    refused: list[Callable[[], object]] = [
        lambda: demand.erlang_c(10, 10),
        lambda: demand.erlang_b(-1, 1),
        lambda: demand.little(-1, 1),
        lambda: demand.wait_quantile(9, 500, 0.020, 0.99),
        lambda: demand.pool_for_wait(500, 0.020, 1.0, 0.005),
        lambda: demand.pool_for_wait(500, 0.020, 0.99, -0.1),
        lambda: demand.pool_for_wait(1e12, 1.0, 0.99, 0.1),
        lambda: demand.beta_for_chance(0),
        lambda: demand.scv_from_percentiles(10, 5),
        lambda: demand.pool_for_threads(10, 1.5),
    ]
    for call in refused:
        with pytest.raises(ValueError, match=r"must|cannot carry|below|no pool"):
            call()
