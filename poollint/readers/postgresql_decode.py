"""A parameter's text as a typed value, with what is wrong or surprising about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.readers.postgresql_values import MEMORY, TIME, Number, parse_bool, parse_int, parse_real, units_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poollint.knowledge.catalogue import SettingSpec
    from poollint.versions import Version

Fault = tuple[str, dict[str, Any]]

_OCTAL_MEANT = frozenset({"unix_socket_permissions", "log_file_mode"})
_SHARE = 0.01
_MODE_HINT = {"unix_socket_permissions", "log_file_mode"}

# What the server splits at commas when it starts: no part may be empty.
_QUOTED = r'"(?:[^"]|"")*"'
_LISTS = {
    "listen_addresses": re.compile(rf'\s*(?:(?:{_QUOTED}|[^\s,"][^\s,]*)\s*(?:,\s*(?:{_QUOTED}|[^\s,"][^\s,]*)\s*)*)?'),
    "unix_socket_directories": re.compile(
        rf'\s*(?:(?:{_QUOTED}\s*|[^\s,"][^,]*)(?:,\s*(?:{_QUOTED}\s*|[^\s,"][^,]*))*)?'
    ),
}


def decode(spec: SettingSpec, raw: str, target: Version | None) -> tuple[Any, list[Fault]]:
    """(value, faults): UNKNOWN where PostgreSQL refuses the text."""
    kind = spec.type
    if kind == "bool":
        return _bool(spec, raw, target)
    if kind == "enum":
        return _enum(spec, raw, target)
    if kind == "string":
        shape = _LISTS.get(spec.name)
        return raw, [] if shape is None or shape.fullmatch(raw) else [("bad-list", {})]
    return _number(spec, raw, target)


def _bool(spec: SettingSpec, raw: str, target: Version | None) -> tuple[Any, list[Fault]]:
    value = parse_bool(raw)
    if value is None:
        if spec.name == "log_connections" and (target is None or target >= (18,)):
            return UNKNOWN, []  # a list of aspects from 18 on
        return UNKNOWN, [("not-boolean", {})]
    return value, []


def _enum(spec: SettingSpec, raw: str, target: Version | None) -> tuple[Any, list[Fault]]:
    words = list(spec.get("enum", ()))
    if spec.name == "password_encryption" and (target is None or target < (14,)):
        return _password_encryption(raw, target, words)
    if target is not None and target >= (19,) and spec.get("min") is None and spec.name.startswith("log_min_"):
        return raw, []
    for word in words:
        if word.lower() == raw.lower():
            return _plain_word(spec.name, word), []
    return UNKNOWN, [("not-listed", {"words": ", ".join(word or "''" for word in words)})]


def _password_encryption(raw: str, target: Version | None, words: list[str]) -> tuple[Any, list[Fault]]:
    """A switch before 10; a choice with the switch's words for md5 until 13."""
    word = raw.lower()
    if word in words and (target is None or target >= (10,)):
        return word, []
    switch = parse_bool(word)
    if target is not None and target < (10,):
        return (UNKNOWN, [("not-boolean", {})]) if switch is None else ("md5" if switch else "plain", [])
    if target is not None and word in ("on", "true", "yes", "1"):
        return "md5", []
    return UNKNOWN, [("not-listed", {"words": ", ".join(words)})]


def _plain_word(name: str, word: str) -> str:
    """Old and boolean spellings as the word of today."""
    if name == "wal_level" and word in ("archive", "hot_standby"):
        return "replica"
    if name == "archive_mode":
        return {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}.get(word, word)
    return word


def _number(spec: SettingSpec, raw: str, target: Version | None) -> tuple[Any, list[Fault]]:
    real = spec.type == "float"
    number = (parse_real if real else parse_int)(raw, spec.unit, target)
    if number.fault:
        return UNKNOWN, [_number_fault(spec, number, target, raw)]
    low, high = spec.get("min"), spec.get("max")
    if low is not None and high is not None and not low <= number.value <= high:
        return UNKNOWN, [_out_of_range(spec, number, low, high)]
    return typed(spec, number.value), [] if real else _surprises(spec, number, raw)


_UNITS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "mins": "min", "minute": "min", "minutes": "min", "m": "min",
    "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "day": "d", "days": "d", "msec": "ms", "k": "kB",
}  # fmt: skip


def _in_unit(raw: str, unit: str, units: Sequence[str]) -> dict[str, str]:
    """``written``: the value in the unit that was plainly meant: other cases of letters, a long name; else empty."""
    lower = unit.lower()
    same = [each for each in units if each.lower() == lower]
    right = same[0] if len(same) == 1 else _UNITS.get(lower, "")
    number = raw.strip().removesuffix(unit).rstrip()
    return {"written": f"{number}{right}" if right in units and re.fullmatch(r"\d+(?:\.\d+)?", number) else ""}


def _number_fault(spec: SettingSpec, number: Number, target: Version | None, raw: str) -> Fault:
    if number.fault == "unit":
        units = units_of(spec.unit, target)
        return "wrong-unit", {"unit": number.unit, "units": ", ".join(units[::-1]), **_in_unit(raw, number.unit, units)}
    if number.fault == "unwanted":
        return "unwanted-unit", {"unit": number.unit}
    if number.fault == "overflow":
        return "too-large", {}
    return "not-number", {"unit_note": f", in {spec.unit} or with a unit" if spec.unit in (*TIME, *MEMORY) else ""}


def _out_of_range(spec: SettingSpec, number: Number, low: float, high: float) -> Fault:
    if spec.name in _MODE_HINT:
        return "mode-range", {"shown": f"0{int(number.value):o}" if number.value >= 0 else f"{number.value}"}
    return "out-of-range", {
        "shown": shown(spec, number.value),
        "low": shown(spec, low),
        "high": shown(spec, high),
    }


def typed(spec: SettingSpec, value: float) -> Any:
    """A number of base units in the unit of blocks: seconds, bytes, pieces."""
    if value == 0 and spec.get("zero") == "unlimited":
        return UNLIMITED
    if spec.type == "duration":
        if value < 0:
            return value
        seconds = value / 1000 if spec.unit == "ms" else value * 60 if spec.unit == "min" else value
        return int(seconds) if seconds == int(seconds) else seconds
    if spec.type == "size":
        factor = 8192 if spec.unit == "8kB" else MEMORY.get(spec.unit, 1)
        return int(value) * factor if value >= 0 else int(value)
    return float(value) if spec.type == "float" else int(value)


def _surprises(spec: SettingSpec, number: Number, raw: str) -> list[Fault]:
    """What the server takes for another number than the one a reader sees."""
    value, written = number.value, number.written
    if number.octal and spec.name not in _OCTAL_MEANT and spec.type != "mode" and value >= 8:
        return [("octal-number", {"shown": shown(spec, value), "decimal": raw.lstrip("+0 ") or "0"})]
    if value == written:
        return []
    if value == 0 and spec.get("zero") == "unlimited":
        return [("rounded-to-off", {"shown": shown(spec, value)})]
    if not number.unit or abs(value - written) > _SHARE * abs(written):
        return [("rounded", {"shown": shown(spec, value)})]
    return []


def shown(spec: SettingSpec, value: float) -> str:
    """A number of base units as a message writes it."""
    number = str(int(value)) if abs(value) < 1e15 and value == int(value) else f"{value:g}"
    if spec.unit == "8kB":
        return f"{number} blocks of 8 kB"
    return f"{number} {spec.unit}".rstrip()
