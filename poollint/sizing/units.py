"""Quantities as people write them (``45ms``, ``1200/s``, ``25%``, ``2GiB``), read and printed. ValueError says what
is wrong.
"""

from __future__ import annotations

import re

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}

BYTES = {
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "tb": 1000**4,
    "k": 1024,
    "m": 1024**2,
    "g": 1024**3,
    "t": 1024**4,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
    "tib": 1024**4,
}

_NUMBER = re.compile(r"\s*([+-]?(?:\d[\d_,]*)?(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(.*?)\s*\Z", re.DOTALL)
_PER = {"rps": "s", "tps": "s", "qps": "s", "rpm": "min", "tpm": "min", "qpm": "min"}
_MULTIPLE = {"": 1.0, "k": 1e3, "m": 1e6}


def duration(text: str) -> float:
    """Seconds. The unit must be written, for the tools disagree on what a bare number means; 0 needs none."""
    number, unit = _split(text, "a duration such as 45ms or 2s")
    if unit == "" and number == 0:
        return 0.0
    if unit == "":
        raise ValueError(f"{text!r} has no unit: write {text.strip()}ms or {text.strip()}s")
    if unit not in SECONDS:
        raise ValueError(f"{text!r} has an unknown unit of time; known are {', '.join(SECONDS)}")
    if number < 0:
        raise ValueError(f"a duration cannot be negative: {text!r}")
    return number * SECONDS[unit] if SECONDS[unit] >= 1 else number / round(1 / SECONDS[unit])


def rate(text: str) -> float:
    """Events per second, from ``1200/s``, ``72k/min`` or ``1200 tps``. The unit of time must be written."""
    number, unit = _split(text, "a rate such as 1200/s or 72k/min")
    scale, slash, per = unit.partition("/")
    scale = scale.strip().lower()
    if not slash:
        per = next((per for word, per in _PER.items() if scale.endswith(word)), "")
        scale = scale[:-3].strip() if per else scale
    if per.strip() not in SECONDS or scale not in _MULTIPLE:
        raise ValueError(f"{text!r} is no rate: write it with its unit of time, as 1200/s or 72k/min")
    if number < 0:
        raise ValueError(f"a rate cannot be negative: {text!r}")
    return number * _MULTIPLE[scale] / SECONDS[per.strip()]


def share(text: str) -> float:
    """A share between 0 and 1, from ``25%`` or ``0.25``."""
    number, unit = _split(text, "a percentage such as 25%")
    if unit == "%":
        number /= 100
    elif unit:
        raise ValueError(f"{text!r} is no percentage such as 25%")
    elif number > 1:
        raise ValueError(f"{text!r} is more than 1: write {text.strip()}% if percent are meant")
    if number < 0:
        raise ValueError(f"a percentage cannot be negative: {text!r}")
    return number


def count_or_share(text: str) -> int | float:
    """Replicas as Kubernetes writes them: ``3`` is a number (an int), ``25%`` a share (a float)."""
    number, unit = _split(text, "a number such as 3 or a percentage such as 25%")
    if unit == "%":
        return share(text)
    if unit or number != int(number) or number < 0:
        raise ValueError(f"{text!r} is neither a number of replicas such as 3 nor a percentage such as 25%")
    return int(number)


def size(text: str) -> int:
    """Bytes, from ``4MB`` (10⁶), ``4MiB`` or ``4M`` (2²⁰)."""
    number, unit = _split(text, "a size such as 4MiB or 10MB")
    if unit.lower() not in BYTES:
        raise ValueError(f"{text!r} has no unit of size: write it as 4MiB or 10MB")
    if number < 0:
        raise ValueError(f"a size cannot be negative: {text!r}")
    return round(number * BYTES[unit.lower()])


def points(text: str) -> list[tuple[int, float]]:
    """Measured points ``connections:throughput``, separated by commas or blanks."""
    found = []
    for word in text.replace(",", " ").split():
        left, _, right = word.partition(":")
        try:
            found.append((int(left), float(right)))
        except ValueError:
            raise ValueError(f"{word!r} is no measured point: write connections:throughput, as 8:5541") from None
    return found


def points_of_csv(text: str) -> list[tuple[int, float]]:
    """Measured points of a CSV file: connections in the first column, throughput in the second; a heading is
    skipped."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.replace(";", ",").replace("\t", ",").split(",")]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            found.append((int(cells[0]), float(cells[1])))
        except (ValueError, IndexError):
            if not found and number == 1:
                continue
            raise ValueError(f"line {number}: {line.strip()!r} is not connections,throughput") from None
    return found


def show_seconds(seconds: float) -> str:
    """A duration in the unit that suits it: 3.22 ms, 1.5 s."""
    if seconds == float("inf"):
        return "without end"
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            return f"{number(seconds * factor)} {unit}" if seconds else "0"
    return "0"


def show_bytes(value: float) -> str:
    """A size in binary units: 1000 MiB, 1.5 GiB."""
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if value >= factor and (unit != "GiB" or value >= 1.5 * factor):
            return f"{number(value / factor)} {unit}"
    return f"{number(value)} B"


def show_share(value: float) -> str:
    """A share in percent: 25 %."""
    return f"{number(value * 100)} %"


def number(value: float) -> str:
    """Three digits that matter, or all of a whole number, with commas for thousands: 2.85, 10,000."""
    if value == round(value) and abs(value) < 1e15:
        return f"{round(value):,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1e-4 else f"{value:.2e}"


def _split(text: str, wanted: str) -> tuple[float, str]:
    match = _NUMBER.match(text)
    digits = match[1].replace(",", "").replace("_", "") if match else ""
    try:
        return float(digits), match[2] if match else ""
    except ValueError:
        raise ValueError(f"{text!r} is not {wanted}") from None
