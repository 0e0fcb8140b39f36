"""Inputs from ``[database.NAME]`` and ``[service.NAME]`` tables, written as the options of ``poollint size`` are."""

from __future__ import annotations

from typing import Any

from poollint.sizing import units
from poollint.sizing.deadlock import deadlock_floor
from poollint.sizing.inputs import Inputs
from poollint.sizing.tables import closest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from poollint.sizing.budget import Service


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None


# key in the table -> (field of Inputs, reader of a written value)
DATABASE: dict[str, tuple[str, Callable[[str], Any]]] = {
    "cores": ("cores", _number),
    "spindles": ("spindles", _whole),
    "memory": ("memory", units.size),
    "max-connections": ("max_connections", _whole),
    "reserved": ("reserved", _whole),
    "headroom": ("headroom", units.share),
}
SERVICE: dict[str, tuple[str, Callable[[str], Any]]] = {
    "instances": ("replicas", _whole),
    "processes": ("processes", _whole),
    "pools": ("pools", _whole),
    "surge": ("surge", units.count_or_share),
    "terminating": ("terminating", _whole),
    "rate": ("rate", units.rate),
    "hold": ("hold", units.duration),
    "wait": ("wait", units.duration),
    "compute": ("compute", units.duration),
    "pool": ("pool", _whole),
    "overflow": ("overflow", _whole),
    "threads": ("threads", _whole),
    "connections-per-thread": ("per_thread", _whole),
}
# keys of the same tables that size nothing here: who belongs to whom, and timeouts
ELSEWHERE = frozenset(
    {"files", "database", "databases", "proxy", "balancer", "uses", "db", "weight", "max-per-process"}
    | {"engine", "calls", "max-instances", "keep-alive", "request-timeout", "idle-timeout", "statement-timeout"}
)


def fields(table: dict[str, Any], known: dict[str, tuple[str, Callable[[str], Any]]], where: str) -> dict[str, Any]:
    """A table's keys as fields of Inputs. ValueError names the key that is wrong."""
    found = {}
    for written, value in table.items():
        key = written.replace("_", "-")
        if key in ELSEWHERE:
            continue
        if key not in known:
            raise ValueError(f"{where}: unknown key {written!r}{closest(key, list(known))}")
        field, read = known[key]
        try:
            found[field] = read(str(value))
        except ValueError as error:
            raise ValueError(f"{where}: {written}: {error}") from None
    return found


def services(tables: dict[str, Any]) -> dict[str, Inputs]:
    """The inputs of every ``[service.NAME]``; each needs its number of instances."""
    found = {}
    for name, table in tables.get("service", {}).items():
        inputs = Inputs(**fields(table, SERVICE, f"[service.{name}]"))
        most = table.get("max-instances", table.get("max_instances"))
        if most is not None:
            inputs = inputs._replace(replicas=int(most))  # the autoscaler's maximum is what has to fit
        if inputs.replicas is None:
            raise ValueError(f"[service.{name}]: instances is missing")
        found[name] = inputs
    return found


def database(tables: dict[str, Any]) -> dict[str, Any]:
    """The fields of the one ``[database.NAME]``; ValueError when there are several."""
    found = tables.get("database", {})
    if len(found) > 1:
        raise ValueError(f"several databases ({', '.join(found)}): size them one by one")
    return next((fields(table, DATABASE, f"[database.{name}]") for name, table in found.items()), {})


def service(name: str, inputs: Inputs, weight: float | None = None, cap: int | None = None) -> Service:
    """One service of a budget: its weight is what it keeps busy (rate × hold), or else its pools."""
    from poollint.sizing.budget import Service
    from poollint.sizing.inputs import completed

    full, _ = completed(inputs)
    fleet = full.fleet
    if fleet is None:
        raise ValueError(f"{name}: instances is missing")
    if weight is None:
        weight = full.rate * full.hold if full.rate is not None and full.hold is not None else float(fleet.steady)
    floor = deadlock_floor(full.threads, full.per_thread) if full.threads is not None else 1
    return Service(name, weight, fleet.holders, floor, cap)


def service_of_text(text: str) -> tuple[str, Inputs, float | None]:
    """``api:instances=12,processes=4,surge=25%,weight=3`` as a name, its inputs and its weight."""
    name, _, rest = text.partition(":")
    table: dict[str, Any] = {}
    for word in rest.split(","):
        key, equals, value = word.partition("=")
        if not equals or not name:
            raise ValueError(f"{text!r} is no service: write NAME:instances=12,processes=4,weight=3")
        table[key.strip()] = value.strip()
    inputs = Inputs(**fields(table, SERVICE, name))
    try:
        return name, inputs, None if "weight" not in table else _number(table["weight"])
    except ValueError as error:
        raise ValueError(f"{name}: weight: {error}") from None
