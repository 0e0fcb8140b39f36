"""Scalability: what measured points (connections, throughput) say about the best size.

The Universal Scalability Law X(n) = γn ÷ (1 + σ(n-1) + κn(n-1)): γ is the throughput of one connection, σ contention
(work that must wait its turn), κ coherency (work that grows with every pair). It has no sharp knee, as a database whose
CPU is the bottleneck has; so what was measured has a say beside what was fitted, and both errors of the fit are shown.

Source: N. J. Gunther, Guerrilla Capacity Planning, Springer 2007, doi:10.1007/978-3-540-31010-5.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from poollint.sizing.capacity import GOOD_SHARE

FEWEST_POINTS = 4


class Point(NamedTuple):
    """One measurement: so many connections at work, so many transactions per second."""

    connections: int
    throughput: float


class NotPastKneeError(ValueError):
    """The points end before the throughput levels off: a peak beyond them would be a guess."""


class Fit(NamedTuple):
    """A fitted law and how far it is from the points: R², and the largest residual as a share of the best one."""

    sigma: float
    kappa: float
    gamma: float
    r_squared: float
    largest_residual: float

    def throughput(self, connections: float) -> float:
        """Throughput that the law gives for so many connections."""
        return self.gamma * _relative(connections, self.sigma, self.kappa)

    @property
    def peak(self) -> float | None:
        """The number of connections with the highest throughput; None when it only levels off (κ = 0)."""
        if self.kappa <= 0:
            return None
        return max(1.0, sqrt(max(0.0, 1 - self.sigma) / self.kappa))

    @property
    def best_size(self) -> int | None:
        """The whole number beside the peak with the higher throughput."""
        if self.peak is None:
            return None
        lower = int(self.peak)
        return lower if self.throughput(lower) >= self.throughput(lower + 1) else lower + 1

    @property
    def best_throughput(self) -> float:
        """Throughput at the peak, or the level that it tends to; infinite for a straight line."""
        if self.best_size is not None:
            return self.throughput(self.best_size)
        return self.gamma / self.sigma if self.sigma > 0 else float("inf")

    def size_for_share(self, target: float = GOOD_SHARE) -> int:
        """The smallest number of connections with this share of the best throughput."""
        if not 0 < target < 1:
            raise ValueError(f"the share of the best throughput must be between 0 and 1, not {target:g}")
        wanted = target * self.best_throughput
        if wanted == float("inf"):
            raise NotPastKneeError("the throughput grows in proportion to the connections: measure more of them")
        low, high = 0, self.best_size or 1
        while self.throughput(high) < wanted:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.throughput(middle) < wanted else (low, middle)
        return high


def fit(points: list[Point]) -> Fit:
    """Least squares on the throughput, with σ ≥ 0 and κ ≥ 0. ValueError for fewer than four sizes."""
    _check(points)
    candidates = [_fit_with(points, free) for free in ((True, True), (True, False), (False, True), (False, False))]
    errors, gamma, sigma, kappa = min(found for found in candidates if found is not None)
    mean = sum(point.throughput for point in points) / len(points)
    spread = sum((point.throughput - mean) ** 2 for point in points)
    residual = max(abs(p.throughput - gamma * _relative(p.connections, sigma, kappa)) for p in points)
    highest = max(point.throughput for point in points)
    return Fit(sigma, kappa, gamma, 1 - errors / spread if spread else 1.0, residual / highest)


class Measured(NamedTuple):
    """The size that measured points recommend, the law fitted to them, and the throughput to expect."""

    size: int
    throughput: float
    fit: Fit
    plateau: tuple[int, int]


def recommend(points: list[Point], target: float = GOOD_SHARE) -> Measured:
    """The size for this share of the best throughput, from points that reach past the knee.
     It is the fitted law's size, held inside the plateau: the sizes whose measured throughput (the median of its repeats)
    has the wanted share of the best one. So a knee that is sharper than the law can draw is not passed over.
    NotPastKneeError when the throughput still grows at the last point.
    """
    law = fit(points)
    merged = _medians(points)
    best = max(point.throughput for point in merged)
    good = [point.connections for point in merged if point.throughput >= target * best]
    first, last = good[0], good[-1]
    if merged[-1].throughput >= best and law.size_for_share(target) > merged[-1].connections:
        raise NotPastKneeError(
            f"the throughput still grows at {merged[-1].connections} connections, the most that was measured: "
            "measure larger sizes, until it levels off"
        )
    size = min(max(law.size_for_share(target), first), last)
    return Measured(size, _between(merged, size), law, (first, last))


def _check(points: list[Point]) -> None:
    for point in points:
        if point.connections < 1 or not 0 < point.throughput < float("inf"):
            raise ValueError(
                f"no measurement: {point.connections} connections with a throughput of {point.throughput:g}"
            )
    sizes = {point.connections for point in points}
    if len(sizes) < FEWEST_POINTS:
        raise ValueError(f"a fit needs {FEWEST_POINTS} different sizes, better six or more; there are {len(sizes)}")


def _relative(n: float, sigma: float, kappa: float) -> float:
    return n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


def _errors(points: list[Point], gamma: float, sigma: float, kappa: float) -> float:
    return sum((p.throughput - gamma * _relative(p.connections, sigma, kappa)) ** 2 for p in points)


def _fit_with(points: list[Point], free: tuple[bool, bool]) -> tuple[float, float, float, float] | None:
    """(sum of squares, γ, σ, κ) with σ and κ free or 0, by Levenberg-Marquardt; None where one comes out below 0."""
    values = [max(p.throughput / p.connections for p in points), 0.02 * free[0], 0.0005 * free[1]]
    active = [0, *(index + 1 for index in (0, 1) if free[index])]
    errors = _errors(points, *values)
    damping = 1e-3
    for _ in range(500):
        step = _step(points, values, active, damping)
        tried = list(values)
        for index, change in zip(active, step, strict=True):
            tried[index] += change
        new_errors = _errors(points, *tried) if tried[0] > 0 and _defined(points, tried) else float("inf")
        if new_errors < errors:
            done = errors - new_errors <= 1e-15 * errors
            values, errors, damping = tried, new_errors, damping / 5
            if done:
                break
        else:
            damping *= 5
            if damping > 1e18:
                break
    if min(values[1], values[2]) < -1e-12:
        return None
    return errors, values[0], max(0.0, values[1]), max(0.0, values[2])


def _defined(points: list[Point], values: list[float]) -> bool:
    _, sigma, kappa = values
    return all(1 + (sigma + kappa * p.connections) * (p.connections - 1) > 1e-9 for p in points)


def _step(points: list[Point], values: list[float], active: list[int], damping: float) -> list[float]:
    """One damped Gauss-Newton step for the active ones of γ, σ, κ."""
    gamma, sigma, kappa = values
    size = len(active)
    normal = [[0.0] * (size + 1) for _ in range(size)]
    for n, throughput in points:
        relative = _relative(n, sigma, kappa)
        by_sigma = -gamma * relative * relative * (n - 1) / n
        slopes = (relative, by_sigma, by_sigma * n)
        residual = throughput - gamma * relative
        for row, left in enumerate(active):
            normal[row][size] += slopes[left] * residual
            for column, right in enumerate(active):
                normal[row][column] += slopes[left] * slopes[right]
    for index in range(size):
        normal[index][index] *= 1 + damping
        normal[index][index] += 1e-300
    return _solve(normal)


def _solve(rows: list[list[float]]) -> list[float]:
    """Gaussian elimination with pivoting; the right side is each row's last number."""
    size = len(rows)
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        if rows[column][column] == 0:
            return [0.0] * size
        for row in range(column + 1, size):
            factor = rows[row][column] / rows[column][column]
            for index in range(column, size + 1):
                rows[row][index] -= factor * rows[column][index]
    result = [0.0] * size
    for row in reversed(range(size)):
        known = sum(rows[row][index] * result[index] for index in range(row + 1, size))
        result[row] = (rows[row][size] - known) / rows[row][row]
    return result


def _medians(points: list[Point]) -> list[Point]:
    """One point a size, in order: the median of its repeats."""
    merged = []
    for size in sorted({point.connections for point in points}):
        values = sorted(point.throughput for point in points if point.connections == size)
        middle = len(values) // 2
        merged.append(Point(size, (values[middle] + values[-1 - middle]) / 2))
    return merged


def _between(points: list[Point], size: int) -> float:
    """The throughput at a size by straight lines between the points."""
    for left, right in pairwise(points):
        if left.connections <= size <= right.connections:
            part = (size - left.connections) / (right.connections - left.connections)
            return left.throughput + part * (right.throughput - left.throughput)
    return points[-1].throughput if size >= points[-1].connections else points[0].throughput
