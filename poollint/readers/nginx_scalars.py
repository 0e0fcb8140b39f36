"""The values of nginx directives by their type: times, sizes, numbers, on and off, words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.readers.nginx_grammar import Fault, Value, has_hole, parse_int, parse_size, parse_time, script_fault

if TYPE_CHECKING:
    from collections.abc import Callable


_VARIABLE = re.compile(r"\$(?:\{[^}]*\}|\w+)")


def _time(value: Value) -> Any:
    return one_time(value, 0, seconds=value.spec.get("parser") == "sec")


def one_time(value: Value, arg: int, *, seconds: bool = False) -> Any:
    text = value.args[arg]
    if has_hole(text):
        return UNKNOWN
    parsed = parse_time(text, seconds=seconds)
    if parsed is None:
        value.invalid(_time_trouble(text, seconds=seconds), arg)
        return UNKNOWN
    if parsed == 0 and value.spec.get("zero") in ("unlimited", "forever"):
        return UNLIMITED
    return parsed


def _time_trouble(text: str, *, seconds: bool) -> str:
    if not text:
        return "an empty text is no time"
    if "." in text:
        return "times have no fractions; write 1500ms for one and a half seconds"
    if seconds and "ms" in text:
        return "this time counts whole seconds"
    if not seconds and re.search(r"\d[yM]", text):
        return "y and M (months) are not allowed here; the largest unit is w"
    if re.search(r"[SHD]", text):
        return "units are lower-case letters"
    if re.search(r"\d", text) and re.fullmatch(r"[\dwdhmsyM ]+", text):
        return "units go from large to small, each at most once"
    return "a time is a number with ms, s, m, h, d or w"


def _size(value: Value) -> Any:
    text = value.args[0]
    if has_hole(text) or "$" in text:
        return UNKNOWN
    parsed = parse_size(text, "kKmMgG" if value.spec.get("parser") == "offset" else "kKmM")
    if parsed is None:
        if text[-1:] in ("g", "G"):
            value.invalid("this size takes k and m, not g")
        else:
            value.invalid("a size is a whole number, alone or with k or m")
        return UNKNOWN
    if parsed == 0 and value.spec.get("zero") == "unlimited":
        return UNLIMITED
    return parsed


def _int(value: Value) -> Any:
    return one_int(value, 0)


def one_int(value: Value, arg: int, what: str = "a whole number of digits alone is wanted") -> Any:
    text = value.args[arg]
    if has_hole(text):
        return UNKNOWN
    parsed = parse_int(text)
    if parsed is None:
        value.invalid(what, arg)
        return UNKNOWN
    low, high = value.spec.get("min"), value.spec.get("max")
    if (low is not None and parsed < low) or (high is not None and parsed > high):
        value.invalid(f"the value must be from {low} to {high}", arg)
    if parsed == 0 and value.spec.get("zero") == "unlimited":
        return UNLIMITED
    return parsed


def _flag(value: Value) -> Any:
    text = value.args[0]
    if has_hole(text):
        return UNKNOWN
    lower = text.lower()
    if lower == "on":
        return True
    if lower == "off":
        return False
    if not ("$" in text and value.spec.get("parser") == "flag_or_variable"):
        value.invalid("only on or off is accepted")
    return UNKNOWN


def _enum(value: Value) -> Any:
    return _word(value, 0)


def _word(value: Value, arg: int) -> Any:
    text = value.args[arg]
    if has_hole(text):
        return UNKNOWN
    lower = text.lower()
    words: list[str] = value.spec.get("enum", [])
    if lower not in words:
        value.invalid(f"accepted are {', '.join(words)}", arg)
        return UNKNOWN
    since = WORDS_SINCE.get((value.spec.name, lower)) or WORDS_SINCE.get((value.spec.name.partition("_")[2], lower))
    if since is not None:
        value.needs(since, f'"{text}"', arg)
    return lower


def _words(value: Value) -> Any:
    found: list[str] = []
    unknown = False
    for index in range(len(value.args)):
        word = _word(value, index)
        if word is UNKNOWN:
            unknown = True
        elif word in found:
            value.faults.append(Fault("repeated-word", f'"{value.args[index]}" is written twice', index))
        else:
            found.append(word)
    return UNKNOWN if unknown else tuple(found)


def plain_text(value: Value) -> Any:
    if not value.args:
        return True
    text = value.args[0]
    for index, arg in enumerate(value.args):
        if "$" in arg and value.spec.name in SCRIPTS:
            fault = script_fault(arg)
            if fault:
                value.invalid(fault, index)
    return UNKNOWN if has_hole(text) and not _VARIABLE.search(text) else text


def _count_size(value: Value) -> Any:
    if len(value.args) < 2:  # one template that gives both
        return UNKNOWN
    count = one_int(value, 0)
    size = parse_size(value.args[1])
    if not has_hole(value.args[1]) and not size:
        value.invalid("a size is a whole number, alone or with k or m, and not 0", 1)
    if count == 0 and count is not UNKNOWN:
        value.invalid("the number must not be 0")
    return value.args[0] + " " + value.args[1]


WORDS_SINCE = {("proxy_http_version", "2"): "1.29.4", ("next_upstream", "denied"): "1.29.3"}
SCRIPTS = frozenset(
    (
        *("proxy_set_header", "grpc_set_header", "proxy_ssl_name", "hash", "proxy_bind", "fastcgi_bind", "grpc_bind"),
        *("uwsgi_bind", "scgi_bind", "memcached_bind", "fastcgi_param", "uwsgi_param", "scgi_param", "add_header"),
    )
)
TYPES: dict[str, Callable[[Value], Any]] = {
    "sec": _time,
    "duration": _time,
    "size": _size,
    "offset": _size,
    "int": _int,
    "bool": _flag,
    "enum": _enum,
    "list": _words,
    "string": plain_text,
    "count_size": _count_size,
}
