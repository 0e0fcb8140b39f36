"""The nginx directives about shared memory: zones, the limits that count in them, the cache of TLS sessions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.nginx_grammar import Fault, Value, has_hole, parse_int, parse_size, script_fault

if TYPE_CHECKING:
    from collections.abc import Callable


MIN_ZONE = 8 * 4096  # eight pages


def _zone(value: Value) -> Any:
    name = value.args[0]
    if not name:
        value.invalid("the zone has no name")
    if len(value.args) > 1 and not has_hole(value.args[1]):
        zone_size(value, name, value.args[1], 1)
    return UNKNOWN if has_hole(name) else name


def zone_size(value: Value, name: str, text: str, arg: int) -> int | None:
    """The size of a shared memory zone in bytes; a fault when nginx refuses it."""
    size = parse_size(text)
    if size is None:
        value.invalid(f'"{text}" is no size: a whole number, alone or with k or m', arg)
    elif size < MIN_ZONE:
        value.faults.append(Fault("zone-too-small", f'zone "{name}" has {size} bytes', arg))
    return size


def _named_zone(value: Value, arg: int) -> None:
    """zone=NAME:SIZE of the limit modules."""
    text = value.args[arg]
    if has_hole(text):
        return
    name, colon, size = text[5:].partition(":")
    if not name or not colon:
        value.invalid("the zone needs a name and a size: zone=NAME:10m", arg)
    else:
        zone_size(value, name, size, arg)


def _limit_conn(value: Value) -> Any:
    zone, number = value.args
    if not has_hole(number):
        parsed = parse_int(number)
        if not parsed:
            value.invalid("the number of connections is a whole number from 1 on", 1)
        elif parsed > 65535:
            value.invalid("the number of connections must be below 65536", 1)
    return UNKNOWN if has_hole(zone) else zone


def _limit_conn_zone(value: Value) -> Any:
    if value.args[1].startswith("zone="):
        _named_zone(value, 1)
    elif not has_hole(value.args[1]):
        value.invalid("zone=NAME:SIZE is wanted here", 1)
    fault = script_fault(value.args[0])
    if fault:
        value.invalid(fault)
    return value.args[0]


def _limit_req_zone(value: Value) -> Any:
    seen = False
    for index, arg in enumerate(value.args[1:], 1):
        if arg.startswith("zone="):
            seen = True
            _named_zone(value, index)
        elif arg.startswith("rate="):
            if not re.fullmatch(r"rate=0*[1-9]\d*(?:r/s|r/m)?", arg):
                value.invalid("a rate is a number with r/s or r/m", index)
        elif not has_hole(arg):
            value.invalid("known are zone= and rate=", index)
    if not seen and not any(map(has_hole, value.args)):
        value.invalid("zone=NAME:SIZE is missing", -1)
    return value.args[0]


def _limit_req(value: Value) -> Any:
    zone = ""
    for index, arg in enumerate(value.args):
        name, equals, text = arg.partition("=")
        if has_hole(arg):
            zone = zone or "?"
        elif name == "zone" and equals:
            zone = text
        elif name in ("burst", "delay") and equals:
            if not parse_int(text):
                value.invalid(f"{name} is a whole number from 1 on", index)
        elif arg != "nodelay":
            value.invalid("known are zone=, burst=, delay= and nodelay", index)
    if not zone:
        value.invalid("zone=NAME is missing", -1)
    return zone


def _ssl_session_cache(value: Value) -> Any:
    for index, arg in enumerate(value.args):
        if arg in ("off", "none", "builtin") or has_hole(arg):
            continue
        kind, _, rest = arg.partition(":")
        name, colon, size = rest.partition(":")
        if kind == "shared" and name and colon and parse_size(size) is not None:
            if (parse_size(size) or 0) < MIN_ZONE:
                value.faults.append(
                    Fault("zone-too-small", f'session cache "{name}" has {parse_size(size)} bytes', index)
                )
        elif not (kind == "builtin" and parse_int(rest) is not None):
            value.invalid("accepted are off, none, builtin, builtin:SIZE and shared:NAME:SIZE", index)
    return " ".join(value.args)


ZONES: dict[str, Callable[[Value], Any]] = {
    "zone": _zone,
    "limit_conn": _limit_conn,
    "limit_conn_zone": _limit_conn_zone,
    "limit_req": _limit_req,
    "limit_req_zone": _limit_req_zone,
    "ssl_session_cache": _ssl_session_cache,
}
