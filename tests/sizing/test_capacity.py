"""Worked examples of the capacity formulas, and what must hold for all inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.sizing import capacity
from poollint.sizing.deadlock import deadlock_floor
from poollint.sizing.rounding import down, up

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(("cores", "spindles", "size"), [(4, 1, 9), (8, 0, 16), (16, 0, 32), (2, 0, 4), (4, 0, 8)])
def test_cores_and_spindles(cores: int, spindles: int, size: int) -> None:
    assert capacity.cores_and_spindles(cores, spindles) == size


def test_hyper_threads_are_not_cores() -> None:
    r6i_xlarge, r6g_xlarge = capacity.physical_cores(4, 2), capacity.physical_cores(4, 1)
    assert (capacity.cores_and_spindles(r6i_xlarge), capacity.cores_and_spindles(r6g_xlarge)) == (4, 8)


def test_linear_rule() -> None:
    assert capacity.linear_rule(8, 2, 1) == 17
    assert capacity.linear_rule(8, 4) == 32
    assert capacity.linear_rule(1.5, 2) == 3


@pytest.mark.parametrize(
    ("cores", "utilisation", "wait", "compute", "size"),
    [(4, 1, 50, 5, 44), (8, 0.8, 9, 1, 64), (4, 0.9, 100, 10, 40), (2, 1, 0, 5, 2), (4, 1, 0.045, 0.005, 40)],
)
def test_utilisation_target(cores: int, utilisation: float, wait: float, compute: float, size: int) -> None:
    assert capacity.utilisation_target(cores, wait, compute, utilisation) == size


@pytest.mark.parametrize(
    ("wait", "goetz", "share", "sizes"),
    [
        (0, 4, "1.000", (4, 4, 4)),
        (1, 8, "0.890", (9, 10, 12)),
        (4, 20, "0.895", (21, 23, 27)),
        (9, 40, "0.912", (40, 44, 50)),
    ],
)
def test_closed_model(wait: float, goetz: int, share: str, sizes: tuple[int, int, int]) -> None:
    assert capacity.utilisation_target(4, wait, 1) == goetz
    assert f"{capacity.closed_throughput(goetz, 4, 1, wait) / 4:.3f}" == share
    assert tuple(capacity.pool_for_share(4, 1, wait, target) for target in (0.90, 0.95, 0.99)) == sizes


def test_one_connection_computes_and_waits_in_turn() -> None:
    assert capacity.closed_throughput(1, 4, 2, 8) == pytest.approx(1 / 10)


def test_thousands_of_connections_do_not_overflow() -> None:
    assert capacity.closed_throughput(5000, 64, 0.001, 0.5) == pytest.approx(5000 / 0.501, rel=0.01)
    assert capacity.closed_throughput(20000, 4, 1, 9) == pytest.approx(4)
    assert capacity.pool_for_share(64, 1e-5, 10.0) == pytest.approx(64e6, rel=0.06)


times = st.floats(0.001, 1000)
core_counts = st.integers(1, 32)


@given(core_counts, times, st.floats(0, 1000), st.integers(1, 80))
def test_throughput_never_falls_with_the_pool_nor_passes_the_ceiling(
    cores: int, compute: float, wait: float, pool: int
) -> None:
    here = capacity.closed_throughput(pool, cores, compute, wait)
    more = capacity.closed_throughput(pool + 1, cores, compute, wait)
    assert here <= more * (1 + 1e-9)
    assert more <= capacity.ceiling(cores, compute) * (1 + 1e-9)
    assert here <= pool / (compute + wait) * (1 + 1e-9)


@given(core_counts, times, st.floats(0.5, 0.99))
def test_the_pool_for_a_share_is_the_smallest(cores: int, wait: float, share: float) -> None:
    pool = capacity.pool_for_share(cores, 1, min(wait, 50), share)
    ceiling = capacity.ceiling(cores, 1)
    assert capacity.closed_throughput(pool, cores, 1, min(wait, 50)) >= share * ceiling * (1 - 1e-9)
    assert pool == 1 or capacity.closed_throughput(pool - 1, cores, 1, min(wait, 50)) < share * ceiling


@pytest.mark.parametrize(("threads", "each", "size"), [(3, 4, 10), (8, 3, 17), (200, 2, 201), (10, 1, 1)])
def test_deadlock_floor(threads: int, each: int, size: int) -> None:
    assert deadlock_floor(threads, each) == size


def test_needed_cores_and_the_rate_that_is_possible() -> None:
    assert capacity.cores_needed(10_000, 0.010) == pytest.approx(100)
    assert capacity.highest_rate(20, 0.010) == pytest.approx(2000)


def test_a_share_of_the_whole() -> None:
    assert capacity.whole_share(23, 10) == 2
    assert capacity.whole_share(9, 100) == 0


@given(st.integers(0, 10_000_000))
def test_rounding_leaves_whole_numbers_alone(number: int) -> None:
    dusty = number * 1.1 / 1.1
    assert up(dusty) == down(dusty) == number


def test_impossible_inputs_are_refused() -> None:
    refused: list[Callable[[], object]] = [
        lambda: capacity.cores_and_spindles(0),
        lambda: capacity.cores_and_spindles(4, -1),
        lambda: capacity.utilisation_target(4, 1, 0),
        lambda: capacity.utilisation_target(4, 1, 1, 1.2),
        lambda: capacity.closed_throughput(0, 4, 1, 1),
        lambda: capacity.pool_for_share(4, 1, 1, 1.0),
        lambda: capacity.ceiling(float("nan"), 1),
        lambda: deadlock_floor(0, 1),
        lambda: deadlock_floor(1, 0),
    ]
    for call in refused:
        with pytest.raises(ValueError, match=r"must|at least"):
            call()
