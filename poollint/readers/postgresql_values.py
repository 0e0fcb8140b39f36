"""How PostgreSQL turns the text of a parameter into a value: C's strtol and strtod, its units, its rounding.

Numbers are in the parameter's base unit (``ms``, ``s``, ``kB``, ``8kB``, ...), as ``SHOW`` without a unit would say.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SPACES = " \t\n\v\f\r"
_STRTOL = re.compile(r"[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))")
_STRTOD = re.compile(
    r"[ \t\n\v\f\r]*[+-]?(?:inf(?:inity)?|(?P<nan>nan(?:\(\w*\))?)"
    r"|(?P<hex>0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?)|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)",
    re.IGNORECASE,
)
_INT_MAX = 2**31 - 1
_LONG_MAX = 2**63 - 1
_MANY_DIGITS = 400
_UNIT_LENGTH = 3

# Bytes, or microseconds, of each unit; the order is PostgreSQL's, largest first.
MEMORY = {"TB": 1 << 40, "GB": 1 << 30, "MB": 1 << 20, "kB": 1 << 10, "B": 1}
TIME = {"d": 86_400_000_000, "h": 3_600_000_000, "min": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
BASE = {**TIME, **MEMORY, "8kB": 8192}

Version = tuple[int, ...]


class Number(NamedTuple):
    """A number as the server has it, and what was written before it was rounded.

    ``fault`` is empty, or ``number`` (no number at all), ``unit`` (not a unit of this parameter), ``unwanted`` (the
    parameter has no unit), ``overflow``. ``unit`` is the unit as written, ``octal`` tells of a leading zero.
    """

    value: float
    written: float
    unit: str = ""
    fault: str = ""
    octal: bool = False


def units_of(base: str, version: Version | None) -> list[str]:
    """The units that a parameter of this base unit takes, as far as the version has them; smallest first."""
    if not base:
        return []
    units = list(TIME if base in TIME else MEMORY)[::-1]
    if version is not None:
        late = {"us": (12,), "B": (11,), "TB": (9, 4)}
        units = [unit for unit in units if version >= late.get(unit, (0,))]
    return units


def parse_int(text: str, base: str, version: Version | None = None) -> Number:
    """An integer parameter. From 12 on fractions are accepted and rounded to the nearest, halves to even."""
    fractions = version is None or version >= (12,)
    match = _STRTOL.match(text)
    octal = False
    if match is None:
        found = _strtod(text) if fractions and text[:1] == "." else None
    else:
        exact, at = _integer(match), match.end()
        beyond = not -_LONG_MAX - 1 <= exact <= _LONG_MAX
        if fractions and (beyond or text[at : at + 1] in (".", "e", "E")):
            found = _strtod(text)
        elif beyond:
            return Number(0, 0, fault="overflow")
        else:
            found = exact, at
            octal = match[3] is not None and len(match[3]) > 1
    if found is None:
        return Number(0, 0, fault="number")
    return _rounded(_with_unit(found[0], text[found[1] :], base, version))._replace(octal=octal)


def _rounded(number: Number) -> Number:
    if number.fault:
        return number
    if abs(number.value) > _LONG_MAX or not -_INT_MAX - 1 <= round(number.value) <= _INT_MAX:
        return number._replace(fault="overflow")
    return number._replace(value=round(number.value))


def parse_real(text: str, base: str, version: Version | None = None) -> Number:
    """A floating-point parameter; it takes a unit from 12 on."""
    found = _strtod(text)
    if found is None:
        return Number(0, 0, fault="number")
    if version is not None and version < (12,):
        base = ""
    return _with_unit(found[0], text[found[1] :], base, version)


def parse_bool(text: str) -> bool | None:
    """on, off, true, false, yes, no, 1, 0 and their unambiguous beginnings, in any case; None for anything else."""
    word = text.lower() if text.isascii() else ""
    if not word:
        return None
    if "true".startswith(word) or "yes".startswith(word) or word in ("on", "1"):
        return True
    if "false".startswith(word) or "no".startswith(word) or word in ("of", "off", "0"):
        return False
    return None


def _integer(match: re.Match[str]) -> int:
    sign, hexadecimal, octal, decimal = match.groups()
    digits, base = (hexadecimal, 16) if hexadecimal else (octal, 8) if octal else (decimal, 10)
    # Digits beyond that overflow every type of C, and converting them takes quadratic time.
    value = 2**70 if len(digits.lstrip("0")) > _MANY_DIGITS else int(digits, base)
    return -value if sign == "-" else value


def _strtod(text: str) -> tuple[float, int] | None:
    """Value and end of the number that a text begins with; None for no number, NaN, or one too large for a double."""
    match = _STRTOD.match(text)
    if match is None or match["nan"]:
        return None
    number = match[0].strip(_SPACES)
    if len(number) > 2 * _MANY_DIGITS and not match["hex"]:
        value = float(number[: 2 * _MANY_DIGITS]) if "." in number[:_MANY_DIGITS] else float("inf")
    else:
        try:
            value = float.fromhex(number) if match["hex"] else float(number)
        except OverflowError:
            return None
    if value in (float("inf"), float("-inf")) and "inf" not in number.lower():
        return None
    return value, match.end()


def _with_unit(value: float, rest: str, base: str, version: Version | None) -> Number:
    """The number in the base unit, from what follows the digits."""
    rest = rest.lstrip(_SPACES)
    if not rest:
        return Number(value, value)
    unit = rest.rstrip(_SPACES)
    if not base:
        return Number(0, value, unit, "unwanted")
    if len(unit) > _UNIT_LENGTH or unit not in units_of(base, version):
        return Number(0, value, unit, "unit")
    table = TIME if base in TIME else MEMORY
    converted = value * (table[unit] / BASE[base])
    smaller = units_of(base, None)
    at = smaller.index(unit)
    if at and (version is None or version >= (12,)):
        # A fraction such as 30.1GB is rounded to whole units of the next smaller kind.
        step = table[smaller[at - 1]] / BASE[base]
        converted = round(converted / step) * step if abs(converted) < 1e300 else converted
    return Number(converted, value * (table[unit] / BASE[base]), unit)
