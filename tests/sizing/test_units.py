"""Quantities as people write them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.sizing import units

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (units.duration, "45ms", 0.045),
        (units.duration, "1.5 s", 1.5),
        (units.duration, "250us", 0.00025),
        (units.duration, "250µs", 0.00025),
        (units.duration, "2min", 120.0),
        (units.duration, "0", 0.0),
        (units.rate, "1200/s", 1200.0),
        (units.rate, "72k/min", 1200.0),
        (units.rate, "1,200 tps", 1200.0),
        (units.rate, "3600/h", 1.0),
        (units.rate, "60 rpm", 1.0),
        (units.share, "25%", 0.25),
        (units.share, "0.25", 0.25),
        (units.count_or_share, "25%", 0.25),
        (units.count_or_share, "3", 3),
        (units.size, "4MB", 4_000_000),
        (units.size, "4MiB", 4_194_304),
        (units.size, "16G", 16 * 1024**3),
        (units.points, "1:64.9,18:995.9", [(1, 64.9), (18, 995.9)]),
        (units.points_of_csv, "n,tps\n1,64.9\n\n# late\n18;995.9\n", [(1, 64.9), (18, 995.9)]),
    ],
)
def test_read(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (units.duration, "5", "write 5ms or 5s"),
        (units.duration, "5 parsec", "unknown unit of time"),
        (units.duration, "-1s", "cannot be negative"),
        (units.duration, "soon", "is not a duration"),
        (units.duration, "", "is not a duration"),
        (units.rate, "1200", "with its unit of time"),
        (units.rate, "5/day", "with its unit of time"),
        (units.rate, "-5/s", "cannot be negative"),
        (units.share, "25", "write 25% if percent"),
        (units.share, "-5%", "cannot be negative"),
        (units.share, "25ms", "no percentage"),
        (units.count_or_share, "2.5", "neither a number of replicas"),
        (units.size, "2", "no unit of size"),
        (units.size, "-2MB", "cannot be negative"),
        (units.points, "1-64.9", "write connections:throughput"),
        (units.points_of_csv, "1,2\nx,y\n", "line 2"),
    ],
)
def test_refuse(read: Callable[[str], object], text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(text)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (units.show_seconds(0.00322), "3.22 ms"),
        (units.show_seconds(1.5), "1.5 s"),
        (units.show_seconds(0.000012), "12 µs"),
        (units.show_seconds(0), "0"),
        (units.show_seconds(float("inf")), "without end"),
        (units.show_bytes(1000 * 1024**2), "1,000 MiB"),
        (units.show_bytes(32 * 1024**3), "32 GiB"),
        (units.show_bytes(12), "12 B"),
        (units.show_share(0.25), "25 %"),
        (units.number(10_000), "10,000"),
        (units.number(2.849), "2.85"),
        (units.number(1234.5), "1,234"),
        (units.number(0.00002), "2.00e-05"),
    ],
)
def test_show(shown: str, text: str) -> None:
    assert shown == text


@pytest.mark.parametrize(
    "read", [units.duration, units.rate, units.share, units.count_or_share, units.size, units.points]
)
@given(text=st.text(max_size=12))
def test_any_text_is_read_or_refused_with_a_reason(read: Callable[[str], object], text: str) -> None:
    with suppress(ValueError):
        read(text)
