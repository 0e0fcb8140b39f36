"""The values of nginx directives: what each grammar accepts, what it makes of it, and what nginx says when it refuses.

``decode`` gives a value and faults. A fault is the kind of problem, what is wrong in a few words, and the argument that
it is about (-1: the statement).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN
from poollint.readers.nginx_addresses import ADDRESSES, passed_to
from poollint.readers.nginx_grammar import Fault, Value, has_hole, parse_time
from poollint.readers.nginx_scalars import TYPES, one_int, one_time, plain_text
from poollint.readers.nginx_zones import ZONES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from poollint.knowledge.catalogue import SettingSpec
    from poollint.versions import Version


class Decoded(NamedTuple):
    value: Any
    faults: tuple[Fault, ...] = ()


def decode(spec: SettingSpec, args: Sequence[str], target: Version | None) -> Decoded:
    """The typed value of a directive's arguments, and what nginx would refuse in them."""
    value = Value(spec, args, target)
    decoder = DECODERS.get(spec.get("parser", "")) or BY_NAME.get(spec.name) or DECODERS.get(spec.type, plain_text)
    result = decoder(value)
    return Decoded(result, tuple(fault for fault in value.faults if fault.arg < 0 or not has_hole(args[fault.arg])))


def _worker_processes(value: Value) -> Any:
    return "auto" if value.args[0] == "auto" else one_int(value, 0, "a whole number or auto is wanted")


def _keepalive(value: Value) -> Any:
    number = one_int(value, 0)
    if number is not UNKNOWN and number == 0:
        value.needs("1.29.7", "keepalive 0", 0)
    if len(value.args) > 1 and value.args[1] != "local" and not has_hole(value.args[1]):
        value.invalid('the only second word is "local"', 1)
    return number


def _keepalive_timeout(value: Value) -> Any:
    if len(value.args) > 1 and not has_hole(value.args[1]) and parse_time(value.args[1], seconds=True) is None:
        value.invalid("the second time, for the Keep-Alive header, counts whole seconds", 1)
    return one_time(value, 0)


def _hash(value: Value) -> Any:
    if len(value.args) > 1 and value.args[1] != "consistent" and not has_hole(value.args[1]):
        value.invalid('the only second word is "consistent"', 1)
    return plain_text(value)


def _random(value: Value) -> Any:
    if value.args and value.args[0] != "two" and not has_hole(value.args[0]):
        value.invalid('the only first word is "two"')
    elif len(value.args) > 1 and value.args[1] != "least_conn" and not has_hole(value.args[1]):
        if value.args[1].startswith("least_time="):
            value.needs("1.31.0", "random two least_time", 1)
        else:
            value.invalid('the second method is "least_conn" or "least_time=…"', 1)
    return value.args[0] if value.args else True


def _least_time(value: Value) -> Any:
    accepted = ("header", "last_byte", "connect", "first_byte")
    if value.args[0] not in accepted and not has_hole(value.args[0]):
        value.invalid(f"accepted are {', '.join(accepted)}")
    if len(value.args) > 1 and value.args[1] != "inflight" and not has_hole(value.args[1]):
        value.invalid('the only second word is "inflight"', 1)
    return value.args[0]


def _sticky(value: Value) -> Any:
    if value.args[0] not in ("cookie", "route", "learn") and not has_hole(value.args[0]):
        value.invalid("accepted are cookie, route and learn")
    return value.args[0]


def _push(value: Value) -> Any:
    return value.args[0]


DECODERS: dict[str, Callable[[Value], Any]] = {**TYPES, "pass": passed_to}

BY_NAME: dict[str, Callable[[Value], Any]] = {
    "worker_processes": _worker_processes,
    "keepalive": _keepalive,
    "keepalive_timeout": _keepalive_timeout,
    "hash": _hash,
    "random": _random,
    "least_time": _least_time,
    "sticky": _sticky,
    "http2_push": _push,
    **ZONES,
    **ADDRESSES,
}
