"""The Universal Scalability Law: published and synthetic points, refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.sizing.scalability import Fit, NotPastKneeError, Point, fit, recommend

# SPEC SDM91, as published with the R package usl
SDM91 = [
    Point(1, 64.9),
    Point(18, 995.9),
    Point(36, 1652.4),
    Point(72, 1853.2),
    Point(108, 1828.9),
    Point(144, 1775.0),
    Point(216, 1702.2),
]


def law(gamma: float, sigma: float, kappa: float, sizes: list[int]) -> list[Point]:
    exact = Fit(sigma, kappa, gamma, 1, 0)
    return [Point(size, exact.throughput(size)) for size in sizes]


def test_published_points() -> None:
    found = fit(SDM91)
    assert f"{found.sigma:.7f} {found.kappa:.9f} {found.gamma:.4f}" == "0.0277285 0.000104365 89.9952"
    assert f"{found.r_squared:.5f}" == "0.98956"
    assert found.peak == pytest.approx(96.5, abs=0.05)
    assert found.best_size == 97


def test_published_points_recommend_a_size_on_their_plateau() -> None:
    found = recommend(SDM91)
    assert found.plateau == (72, 144)
    assert 72 <= found.size <= 108
    assert found.throughput >= 0.95 * 1853.2


def test_synthetic_points_are_recovered() -> None:
    found = fit(law(1000, 0.03, 0.0005, [1, 2, 4, 8, 16, 32, 64]))
    assert (found.gamma, found.sigma, found.kappa) == pytest.approx((1000, 0.03, 0.0005))
    assert f"{found.peak:.2f}" == "44.05"
    assert found.r_squared == pytest.approx(1)


def test_without_coherency_there_is_no_peak() -> None:
    found = fit(law(100, 0.1, 0, [1, 2, 4, 8, 16, 64, 256]))
    assert found.kappa == pytest.approx(0, abs=1e-9)
    assert found.size_for_share(0.95) == pytest.approx(171, abs=1)


def test_points_that_still_grow_are_refused() -> None:
    with pytest.raises(NotPastKneeError, match="still grows at 16 connections"):
        recommend(law(1000, 0.01, 0.0001, [1, 2, 4, 8, 16]))
    with pytest.raises(NotPastKneeError, match="measure"):
        recommend([Point(n, 10.0 * n) for n in (1, 2, 4, 8)])


def test_a_sharp_knee_is_taken_from_the_points() -> None:
    points = [Point(n, 100.0 * min(n, 8)) for n in (1, 2, 4, 8, 16, 32)]
    found = recommend(points)
    assert found.plateau == (8, 32)
    assert 8 <= found.size <= 32
    assert found.throughput == 800


def test_repeats_count_by_their_median() -> None:
    points = [point for point in SDM91 for _ in range(2)] + [Point(36, 9000.0)]
    assert recommend(points).plateau[1] == 144


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (SDM91[:3], "needs 4 different sizes"),
        ([*SDM91[:3], SDM91[0]], "there are 3"),
        ([Point(0, 5.0), *SDM91], "no measurement"),
        ([Point(1, -5.0), *SDM91], "no measurement"),
    ],
)
def test_too_little_is_refused(points: list[Point], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        fit(points)


@given(st.floats(1, 1e5), st.floats(0.0, 0.5), st.floats(1e-5, 0.01))
def test_every_law_is_recovered(gamma: float, sigma: float, kappa: float) -> None:
    found = fit(law(gamma, sigma, kappa, [1, 2, 4, 8, 16, 32, 64, 128]))
    assert found.r_squared > 0.999999
    assert found.gamma == pytest.approx(gamma, rel=1e-3)


@given(st.lists(st.floats(1, 1000), min_size=6, max_size=6))
def test_any_points_give_a_law_with_positive_parts(rates: list[float]) -> None:
    found = fit([Point(2**index, rate) for index, rate in enumerate(rates)])
    assert found.sigma >= 0
    assert found.kappa >= 0
    assert found.gamma > 0
