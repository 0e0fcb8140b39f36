"""How PgBouncer turns text into numbers: C's strtol, strtoul, atoi and strtod, with their cuts and overflows.

Each function gives the value that the program ends up with, or None where it refuses the text.
"""

from __future__ import annotations

import re

_SPACE = r"[ \t\n\v\f\r]*"
_STRTOL = re.compile(_SPACE + r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))")
_ATOI = re.compile(_SPACE + r"([+-]?)([0-9]+)")
_STRTOD = re.compile(
    _SPACE + r"([+-]?)(?:(inf(?:inity)?)|(nan(?:\(\w*\))?)"
    r"|(0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?)|((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?))",
    re.IGNORECASE,
)
_LONG_MAX = 2**63 - 1
_MANY_DIGITS = 400
MICROSECONDS = 1_000_000


def _digits(text: str, base: int) -> int:
    """The number, without the cost of digits that overflow every C type anyway."""
    text = text.lstrip("0") or "0"
    return 2**64 if len(text) > _MANY_DIGITS else int(text, base)


def _strtol(text: str) -> int | None:
    """The mathematical value of a text that strtol with base 0 reads whole."""
    match = _STRTOL.fullmatch(text)
    if match is None:
        return None
    sign, hexadecimal, octal, decimal = match.groups()
    if hexadecimal is not None:
        value = _digits(hexadecimal, 16)
    elif octal is not None:
        value = _digits(octal, 8)
    else:
        value = _digits(decimal, 10)
    return -value if sign == "-" else value


def _to_int32(value: int) -> int:
    """A C long cut to an int: saturated at 64 bits first, then the low 32 bits."""
    value = max(-_LONG_MAX - 1, min(_LONG_MAX, value)) & 0xFFFFFFFF
    return value - 2**32 if value >= 2**31 else value


def parse_int(text: str) -> int | None:
    """A [pgbouncer] number: decimal, 0octal or 0xhex, whole, then cut to 32 bits."""
    value = _strtol(text)
    return None if value is None else _to_int32(value)


def parse_uint(text: str) -> int | None:
    """The same without a sign bit: -1 becomes 4294967295."""
    value = _strtol(text)
    if value is None:
        return None
    if abs(value) >= 2**64:
        value = 2**64 - 1
    return value & 0xFFFFFFFF


def exact_int(text: str) -> int | None:
    """What the text says, before any cut."""
    return _strtol(text)


def parse_atoi(text: str) -> int:
    """A connection-string number: leading decimal digits, the rest ignored, 0 for none."""
    match = _ATOI.match(text)
    if match is None:
        return 0
    value = _digits(match[2], 10)
    return _to_int32(-value if match[1] == "-" else value)


def parse_time(text: str) -> float | None:
    """Seconds: a C float, not negative, kept in 64-bit microseconds (infinity and what does not fit become 0)."""
    match = _STRTOD.fullmatch(text)
    if match is None:
        return None
    sign, infinite, nan, hexadecimal, decimal = match.groups()
    if nan is not None:
        return 2**63 / MICROSECONDS
    if infinite is not None:
        return None if sign == "-" else 0.0
    value = _finite(hexadecimal, decimal)
    if value is None or (sign == "-" and value != 0):
        return None
    micro = value * MICROSECONDS
    return 0.0 if micro >= 2**64 else int(micro) / MICROSECONDS


def _finite(hexadecimal: str | None, decimal: str) -> float | None:
    """The number, or None where it overflows: C's ERANGE, which the program takes for an error."""
    try:
        value = float.fromhex(hexadecimal) if hexadecimal is not None else float(decimal)
    except OverflowError:
        return None
    return None if value == float("inf") else value


def tidy(seconds: float) -> float | int:
    """Whole seconds as an int, so that messages read ``600`` and not ``600.0``."""
    return int(seconds) if seconds == int(seconds) else seconds
