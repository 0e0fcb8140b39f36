"""The tables ``[database.X]``, ``[service.X]``, ``[proxy.X]``, ``[balancer.X]``, keys with their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.config import ConfigError, closest

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("database", "service", "proxy", "balancer")

#: what a key that holds names may name, by (kind of table, key)
NAMES: dict[tuple[str, str], tuple[str, ...]] = {
    ("service", "database"): ("database",),
    ("service", "proxy"): ("proxy",),
    ("service", "balancer"): ("balancer", "proxy"),
    ("service", "calls"): ("service",),
    ("proxy", "database"): ("database",),
    ("proxy", "services"): ("service",),
    ("proxy", "balancer"): ("balancer", "proxy"),
    ("balancer", "services"): ("service",),
}


class At(NamedTuple):
    """A line of a configuration: ``path`` as messages show it, the whole ``text``, the number (None: not known)."""

    path: str
    text: str
    line: int | None


class Entry(NamedTuple):
    """One key as written: its name there, its typed value, where it stands."""

    key: str
    value: Any
    at: At


class Table(NamedTuple):
    """One table: its entries by name with underscores."""

    kind: str
    name: str
    at: At
    entries: dict[str, Entry]

    def value(self, name: str) -> Any:
        found = self.entries.get(name)
        return None if found is None else found.value

    def names(self, key: str) -> tuple[str, ...]:
        """The names that a key holds: none, one or several."""
        found = self.value(key)
        return () if found is None else (found,) if isinstance(found, str) else tuple(found)


def specs_of(kind: str) -> Mapping[str, Mapping[str, Any]]:
    """What a kind of table may hold: name -> type, bounds, choices."""
    from poollint.knowledge.index import knowledge

    return {name: spec.raw for name, spec in knowledge().catalogue("fleet").kind(kind).settings.items()}


def check(tables: Mapping[tuple[str, str], Table]) -> None:
    """ConfigError for a name that points nowhere, and for numbers that cannot be true together."""
    for table in tables.values():
        for key, entry in table.entries.items():
            kinds = NAMES.get((table.kind, key), ())
            for name in table.names(key) if kinds else ():
                if not any((kind, name) in tables for kind in kinds):
                    _fail(entry, _nowhere(table, entry, name, kinds, tables))
        _check_numbers(table)
        _check_way(table, tables)


def _nowhere(
    table: Table, entry: Entry, name: str, kinds: tuple[str, ...], tables: Mapping[tuple[str, str], Table]
) -> str:
    known = [each for kind, each in tables if kind in kinds]
    wanted = " or ".join(f"[{kind}.{name}]" for kind in kinds)
    return f"[{table.kind}.{table.name}] {entry.key}: there is no {wanted}{closest(name, known)}"


def _check_numbers(table: Table) -> None:
    limit, reserved = table.value("max_connections"), table.value("reserved")
    if limit is not None and reserved is not None and reserved >= limit:
        _fail(table.entries["reserved"], f"{reserved} reserved of {limit} connections leave none for the services")
    headroom = table.value("headroom")
    if headroom is not None and headroom >= 1:
        _fail(table.entries["headroom"], "a headroom of 100% leaves no connection for the services")
    instances, most = table.value("instances"), table.value("max_instances")
    if instances is not None and most is not None and most < instances:
        _fail(table.entries["max_instances"], f"max-instances = {most} is below instances = {instances}")
    old = table.value("terminating")
    if old is not None and old > (most or instances or old):
        _fail(table.entries["terminating"], f"{old} terminating are more than the {most or instances} instances")


def _check_way(table: Table, tables: Mapping[tuple[str, str], Table]) -> None:
    """A service that names both its proxy and a database names the one behind that proxy."""
    proxy = tables.get(("proxy", str(table.value("proxy")))) if table.kind == "service" else None
    behind = proxy.value("database") if proxy is not None else None
    for name in table.names("database"):
        if behind is not None and name != behind:
            _fail(
                table.entries["database"],
                f"[service.{table.name}] goes through [proxy.{table.value('proxy')}], behind which is {behind!r}, "
                f"not {name!r}",
            )


def _fail(entry: Entry, message: str) -> None:
    raise ConfigError(message, path=entry.at.path, line=entry.at.line)
