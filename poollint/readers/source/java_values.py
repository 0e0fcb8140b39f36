"""What the Java library makes of constants: times with their units, numbers that wrap, texts from the environment.

The same for Java and Kotlin, which both call these classes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN
from poollint.readers.source.values import Elapsed, Folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poollint.source import Place

OPEN = "\0"  # what stands for the open parts of a text
MAX_TEXT = 4096
UNITS = {
    "NANOSECONDS": 1e-9,
    "MICROSECONDS": 1e-6,
    "MILLISECONDS": 1e-3,
    "SECONDS": 1.0,
    "MINUTES": 60.0,
    "HOURS": 3600.0,
    "DAYS": 86400.0,
    "NANOS": 1e-9,
    "MICROS": 1e-6,
    "MILLIS": 1e-3,
}
_MAKERS = {
    "ofNanos": 1e-9,
    "ofNanoseconds": 1e-9,
    "ofMicroseconds": 1e-6,
    "ofMillis": 1e-3,
    "ofMilliseconds": 1e-3,
    "ofSeconds": 1.0,
    "ofMinutes": 60.0,
    "ofHours": 3600.0,
    "ofDays": 86400.0,
}
_READERS = {
    "toNanos": 1e-9,
    "toMicros": 1e-6,
    "toMillis": 1e-3,
    "toMilliseconds": 1e-3,
    "toMillisecondsIntBound": 1e-3,
    "toSeconds": 1.0,
    "getSeconds": 1.0,
    "toMinutes": 60.0,
    "toHours": 3600.0,
    "toDays": 86400.0,
}
_SPANS = frozenset("Duration Timeout TimeValue".split())
_PARSERS = {"parseInt": int, "valueOf": int, "parseLong": int, "toInt": int, "toLong": int, "toIntOrNull": int}
_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_ESCAPE = re.compile(r"\\(?:u+([0-9a-fA-F]{4})|([0-7]{1,3})|(.))", re.S)
_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "s": " ", "0": "\0"}


class Long(int):
    """A number of 64 bits, so that what is computed with it does not wrap at 32."""


class Unit(NamedTuple):
    """A ``TimeUnit``, as a value."""

    seconds: float


class Environment(NamedTuple):
    """What ``System.getenv()`` gives without a name."""


def number(value: int, *, long: bool) -> int:
    """An integer as Java keeps it: 32 bits wrap around unless it is a long."""
    bits = 64 if long else 32
    value &= (1 << bits) - 1
    if value >> (bits - 1):
        value -= 1 << bits
    return Long(value) if long else value


def is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """A constant expression of two numbers; UNKNOWN for what is none."""
    if isinstance(left, Elapsed) and isinstance(right, Elapsed) and operator in "+-":
        return Elapsed(left.seconds + right.seconds if operator == "+" else left.seconds - right.seconds)
    if isinstance(left, Elapsed) and is_int(right) and operator == "*":
        return Elapsed(left.seconds * right)
    if not is_int(left) or not is_int(right):
        return UNKNOWN
    long = isinstance(left, Long) or isinstance(right, Long)
    if operator in ("+", "-", "*"):
        value = left + right if operator == "+" else left - right if operator == "-" else left * right
        return number(value, long=long)
    if operator == "<<":
        return number(int(left) << (right & (63 if isinstance(left, Long) else 31)), long=isinstance(left, Long))
    if right == 0 or operator not in ("/", "%"):
        return UNKNOWN
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return number(quotient if operator == "/" else left - right * quotient, long=long)


def literal(text: str) -> Any:
    """An integer or decimal literal of either language."""
    plain = text.replace("_", "")
    long = plain[-1:] in "lL"
    plain = plain.rstrip("lL").rstrip("uU")
    try:
        if plain[:2].lower() in ("0x", "0b"):
            return number(int(plain, 0), long=long)
        if len(plain) > 1 and plain[0] == "0" and plain.isdigit():
            return number(int(plain, 8), long=long)
        if plain.isdigit():
            return number(int(plain), long=long)
        return float(plain.rstrip("fFdD"))
    except ValueError:
        return UNKNOWN


def unescape(text: str) -> str:
    """A string's content with its escapes resolved."""
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _unescaped(match: re.Match[str]) -> str:
    code, octal, plain = match.groups()
    if code:
        return chr(int(code, 16))
    return chr(int(octal, 8)) if octal else _PLAIN_ESCAPES.get(plain, plain)


def join(parts: Sequence[Folded], place: Place) -> Folded:
    """Texts and numbers one after the other; UNKNOWN of a known shape where a part is open."""
    text = "".join(shape(part) for part in parts)
    if len(text) > MAX_TEXT:
        return Folded(UNKNOWN, place, plain=True)
    env = next((part.env for part in parts if part.env), "")
    if OPEN in text:
        return Folded(UNKNOWN, place, env, plain=True, shape=text)
    return Folded(text, place, env)


def shape(folded: Folded) -> str:
    """A value as a text, with a mark for each part that is open."""
    value = folded.value
    if folded.env and not isinstance(value, (str, int)):
        return folded.shape or OPEN
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value)
    return folded.shape or OPEN


def is_text(folded: Folded) -> bool:
    return isinstance(folded.value, str) or bool(folded.shape)


def paired(folded: list[Folded]) -> list[Folded]:
    """Arguments with a number and the unit behind it made one: ``5, TimeUnit.MINUTES``."""
    found: list[Folded] = []
    for each in folded:
        if isinstance(each.value, Unit) and found:
            last = found.pop()
            span = elapsed(last.value, each.value.seconds)
            found.append(last._replace(value=span))
        else:
            found.append(each)
    return found


def elapsed(value: Any, factor: float) -> Any:
    if not is_int(value) and not isinstance(value, float):
        return UNKNOWN
    return Elapsed(round(float(value) * factor, 9))


def static_call(owner: str, method: str, given: list[Folded], place: Place) -> Folded | None:
    """A static method of the Java library on constants; None for one that is not known here."""
    value = given[0] if given else None
    if owner in _SPANS:
        return _span(method, given, place)
    if owner == "System" and method in ("getenv", "getProperty"):
        return _variable(given, place)
    if owner in ("Integer", "Long", "Short") and value is not None:
        return _boxed(owner, method, given, place)
    if owner == "Boolean" and method in ("parseBoolean", "valueOf") and value is not None:
        if isinstance(value.value, str):
            return Folded(value.value.lower() == "true", place, value.env)
        return Folded(value.value if isinstance(value.value, bool) else UNKNOWN, place, value.env, plain=True)
    if owner == "Math" and method in ("min", "max") and len(given) == 2 and all(is_int(each.value) for each in given):
        choose = min if method == "min" else max
        return Folded(choose(each.value for each in given), place, given[0].env or given[1].env)
    if owner == "Objects" and method == "requireNonNull" and value is not None:
        return value._replace(place=place)
    if owner == "String" and method == "format" and value is not None and isinstance(value.value, str):
        text = re.sub(r"%(?:\d+\$)?[-\d.]*[sdnb]", OPEN, value.value)
        return join([Folded(UNKNOWN, place, shape=text)], place)
    return Folded(UNKNOWN, place, plain=True) if owner in ("String", "Math") else None


def _span(method: str, given: list[Folded], place: Place) -> Folded:
    factor = _MAKERS.get(method)
    if factor is not None and len(given) == 1:
        return Folded(elapsed(given[0].value, factor), place, given[0].env, plain=True)
    if method == "of" and len(given) == 1 and isinstance(given[0].value, Elapsed):
        return given[0]._replace(place=place)
    if method == "parse" and len(given) == 1 and isinstance(given[0].value, str):
        return Folded(iso(given[0].value), place, given[0].env)
    return Folded(UNKNOWN, place, plain=True)


def iso(text: str) -> Any:
    """``PT30S`` as a time."""
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return UNKNOWN
    days, hours, minutes, seconds = (float(each or 0) for each in match.groups())
    return Elapsed(days * 86400 + hours * 3600 + minutes * 60 + seconds)


def _variable(given: list[Folded], place: Place) -> Folded:
    """A variable of the environment or a property of the machine, with its default when one is given."""
    if not given:
        return Folded(Environment(), place)
    name = given[0].value if isinstance(given[0].value, str) else ""
    value = given[1].value if len(given) > 1 else UNKNOWN
    return Folded(value if isinstance(value, str) else UNKNOWN, place, name, text=True, plain=True)


def _boxed(owner: str, method: str, given: list[Folded], place: Place) -> Folded:
    """``Integer.parseInt(…)``, ``Long.valueOf(…)``, ``Integer.getInteger("x", 5)``."""
    long = owner == "Long"
    if method in ("getInteger", "getLong"):
        name = given[0].value if isinstance(given[0].value, str) else ""
        value = given[1].value if len(given) > 1 and is_int(given[1].value) else UNKNOWN
        return Folded(value, place, name, plain=True)
    if method not in _PARSERS or len(given) != 1:
        return Folded(UNKNOWN, place, plain=True)
    return parsed(given[0], place, long=long)


def parsed(value: Folded, place: Place, *, long: bool) -> Folded:
    """A text as a number."""
    if is_int(value.value):
        return value._replace(place=place)
    if isinstance(value.value, str) and _WHOLE.fullmatch(value.value):
        return Folded(number(int(value.value), long=long), place, value.env)
    return Folded(UNKNOWN, place, value.env, plain=True)


def value_call(base: Folded, method: str, given: list[Folded], place: Place) -> Folded | None:
    """A method of a known value: ``Duration.ofSeconds(30).toMillis()``, ``System.getenv().getOrDefault("X", "5")``."""
    value = base.value
    if isinstance(value, Elapsed) and not given:
        factor = _READERS.get(method)
        if factor is not None:
            return Folded(Long(round(value.seconds / factor)), place, base.env)
        return base._replace(place=place) if method in ("toJavaDuration", "toKotlinDuration", "toDuration") else None
    if isinstance(value, Unit) and len(given) == 1:
        return _converted(value, method, given[0], place)
    if isinstance(value, Environment) and method in ("get", "getOrDefault"):
        return _variable(given, place)
    if is_int(value) and method in ("intValue", "longValue", "toInt", "toLong") and not given:
        return base._replace(value=Long(value) if method in ("longValue", "toLong") else int(value), place=place)
    if method in ("toInt", "toIntOrNull", "toLong", "toLongOrNull") and not given and (base.text or is_text(base)):
        return parsed(base, place, long="Long" in method)
    if isinstance(value, str) and method in ("trim", "strip") and not given:
        return base._replace(value=value.strip(), place=place)
    if isinstance(value, str) and method in ("toBoolean", "toBooleanStrict") and not given:
        return base._replace(value=value.lower() == "true", place=place, text=False)
    return None


def _converted(unit: Unit, method: str, given: Folded, place: Place) -> Folded | None:
    """``TimeUnit.MINUTES.toMillis(30)``; ``TimeUnit.MILLISECONDS.convert(30, SECONDS)``."""
    factor = _READERS.get(method)
    if factor is not None:
        span = elapsed(given.value, unit.seconds)
    elif method == "convert" and isinstance(given.value, Elapsed):
        span, factor = given.value, unit.seconds
    else:
        return None
    if span is UNKNOWN:
        return Folded(UNKNOWN, place, given.env, plain=True)
    return Folded(Long(int(round(span.seconds / factor, 6))), place, given.env)


def constant(owner: str, name: str) -> Any:
    """A constant of the Java library: a unit, the largest number, a time of zero."""
    if owner in ("TimeUnit", "ChronoUnit", "DurationUnit", "") and name in UNITS:
        return Unit(UNITS[name])
    if name in ("MAX_VALUE", "MIN_VALUE") and owner in ("Integer", "Int"):
        return (1 << 31) - 1 if name == "MAX_VALUE" else -(1 << 31)
    if name in ("MAX_VALUE", "MIN_VALUE") and owner == "Long":
        return Long((1 << 63) - 1 if name == "MAX_VALUE" else -(1 << 63))
    if (owner, name) in (("Duration", "ZERO"), ("TimeValue", "ZERO_MILLISECONDS"), ("Timeout", "ZERO_MILLISECONDS")):
        return Elapsed(0.0)
    if owner == "Timeout" and name in ("DISABLED", "INFINITE"):
        return Elapsed(0.0)
    if (owner, name) in (("TimeValue", "NEG_ONE_MILLISECOND"), ("TimeValue", "NEG_ONE_SECOND")):
        return Elapsed(-1.0 if name.endswith("SECOND") and "MILLI" not in name else -0.001)
    return UNKNOWN
