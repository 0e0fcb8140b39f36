"""Rounding that floating-point dust cannot tip: 40.000000001 rounds up to 40, 6.999999999 down to 7."""

from __future__ import annotations

from math import ceil, floor, isfinite

DUST = 1e-9


def up(value: float) -> int:
    """The smallest whole number that is not below the value."""
    return ceil(value - DUST * max(1.0, abs(value)))


def down(value: float) -> int:
    """The largest whole number that is not above the value."""
    return floor(value + DUST * max(1.0, abs(value)))


def positive(value: float, name: str) -> float:
    """The value, or ValueError: it has to be a finite number above zero."""
    if not (isfinite(value) and value > 0):
        raise ValueError(f"{name} must be above 0, not {value:g}")
    return value


def not_negative(value: float, name: str) -> float:
    """The value, or ValueError: it has to be a finite number, zero or more."""
    if not (isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be 0 or more, not {value:g}")
    return value


def share(value: float, name: str) -> float:
    """The value, or ValueError: it has to be a share above 0 and not above 1."""
    if not 0 < value <= 1:
        raise ValueError(f"{name} must be above 0 % and at most 100 %, not {value * 100:g} %")
    return value
