"""Throughput and wait against the pool size: the points of a plot, and the plot in a terminal."""

from __future__ import annotations

from typing import NamedTuple

from poollint.sizing import capacity, demand, scalability
from poollint.sizing.inputs import Inputs, completed
from poollint.sizing.units import number, show_seconds

BAR = 40
_EIGHTHS = " ▏▎▍▌▋▊▉"


class CurvePoint(NamedTuple):
    """One pool size for all: throughput at full load, and the wait at the given load (infinite: overloaded)."""

    connections: int
    throughput: float | None
    wait: float | None


def curve(given: Inputs, recommended: int, growth: float = 1.35) -> list[CurvePoint]:
    """Sizes around the recommended one, each ``growth`` times the last, with what the inputs let know of them.

    Empty when that is nothing.
    """
    inputs, _ = completed(given)
    enough = len({point.connections for point in inputs.points}) >= scalability.FEWEST_POINTS
    law = scalability.fit(list(inputs.points)) if enough else None
    if law is None and (inputs.cores is None or inputs.compute is None or inputs.wait is None) and inputs.rate is None:
        return []
    return [
        CurvePoint(size, _throughput(inputs, law, size), _wait(inputs, size))
        for size in _sizes(inputs, recommended, growth)
    ]


def _sizes(inputs: Inputs, recommended: int, growth: float) -> list[int]:
    widest = max([3 * recommended, *(point.connections for point in inputs.points)])
    sizes, size = {1, recommended}, 1.0
    while size < widest:
        size *= growth
        sizes.add(min(widest, round(size)))
    return sorted(sizes)


def _throughput(inputs: Inputs, law: scalability.Fit | None, size: int) -> float | None:
    if law is not None:
        return law.throughput(size)
    if inputs.cores is None or inputs.compute is None or inputs.wait is None:
        return None
    return capacity.closed_throughput(size, inputs.cores, inputs.compute, inputs.wait)


def _wait(inputs: Inputs, size: int) -> float | None:
    if inputs.rate is None or inputs.hold is None:
        return None
    if size <= inputs.rate * inputs.hold:
        return float("inf")
    return demand.wait_quantile(size, inputs.rate, inputs.hold, inputs.percentile, inputs.variability)


def in_terminal(points: list[CurvePoint], recommended: int, percentile: float) -> str:
    """Bars of throughput and a column of waits, the recommended size marked."""
    best = max((point.throughput or 0 for point in points), default=0)
    rows = [f"{'connections':>13}  {'throughput per second':<{BAR + 9}}" if best else f"{'connections':>13}"]
    if any(point.wait is not None for point in points):
        rows[0] += f"  p{number(percentile * 100)} wait"
    for point in points:
        row = f"{'→' if point.connections == recommended else ' '} {point.connections:>11}"
        if point.throughput is not None:
            row += f"  {_bar(point.throughput / best):<{BAR}} {number(point.throughput):>8}"
        if point.wait is not None:
            row += f"  {show_seconds(point.wait)}"
        rows.append(row)
    return "\n".join(row.rstrip() for row in rows)


def _bar(part: float) -> str:
    whole, rest = divmod(round(part * BAR * 8), 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")
