"""The connections of pools: what HikariCP's files, Spring Boot's files, variables and Java hand to a JDBC driver."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, Problem
from poollint.knowledge.keyed import canonical
from poollint.readers.hikaricp_names import DRIVER_PREFIXES
from poollint.readers.jdbc import Drivers, Property, Spelled, is_secret, place_facts, spelled, url_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from poollint.blocks import Block
    from poollint.knowledge.catalogue import Catalogue
    from poollint.readers.keyed import KeyedEntry
    from poollint.source import Place
    from poollint.versions import Version

MICRONAUT = "datasources"  # its data sources stand below, and take url as jdbc-url
SPRING_URL = ("spring", "datasource", "url")
OTHER_POOLS = frozenset("druid tomcat dbcp2 dynamic oracleucp c3p0 shardingsphere".split())
_DEVELOPMENT = re.compile(r"(?i)(?<![!\w])(?:dev|devel|development|local|docker|demo)\b")
_TEST = re.compile(r"(?i)(?<![!\w])(?:test|tests|it|ci|e2e)\b")
_PROPERTIES_CALL = re.compile(
    r"\b(?:addDataSourceProperty|setDataSourceProperties|dataSourceProperties|setDataSource)\b"
)


def drivers_of(
    catalogue: Catalogue, catalogue_of: Callable[[str], Catalogue], target_of: Callable[[str], Version | None]
) -> Drivers:
    """The drivers that the folder of HikariCP names."""
    return Drivers(catalogue.parameters.get("drivers", {}), catalogue_of, target_of)


def join(pool: Block | None, connection: Block | None, *, pooled: str = "hikaricp", profile: str = "") -> None:
    """Let a pool and its connection know of each other."""
    if connection is None:
        return
    facts = connection.facts
    facts.update(pooled=pooled, profile=profile)
    _tell_purpose(connection, profile)
    for name, place in facts.pop("secrets", ()):
        note_password(connection, name, place)
    if pool is not None:
        connection.links["pool"] = pool
        pool.links["connection"] = connection


def _tell_purpose(block: Block, profile: str) -> None:
    """Whether a block serves tests or development, by its file and its profile."""
    told = place_facts(block.place)
    block.facts["in_development"] = told["in_development"] or bool(_DEVELOPMENT.search(profile))
    block.facts["in_test"] = told["in_test"] or bool(_TEST.search(profile))


def note_password(block: Block, name: str, place: Place) -> None:
    """A password in clear, told by its place alone; tests and development have none that matter."""
    if not (block.facts.get("in_test") or block.facts.get("in_development")):
        block.problem("password-in-clear", place, values={"setting": name})


def scheme_of(text: str) -> str:
    """The kind of database that a URL names; empty for what cannot be told."""
    match = re.match(r"jdbc:(?:(?:p6spy|otel|log4jdbc|datadog|tracing|opentracing|tc|aws-wrapper):)*([a-z0-9]+):", text)
    return match[1] if match is not None else ""


def of_pool(pool: Block, drivers: Drivers, properties: Iterable[Property] = (), *, sure: bool = True) -> Block | None:
    """The connection of a pool's own jdbcUrl, when it is written in the pool's block."""
    pool.facts.update(place_facts(pool.place) if "in_test" not in pool.facts else {})
    password = pool.settings.get("password")
    given = password.value if password is not None and isinstance(password.value, str) else ""
    if password is not None and password.place is not None and is_secret(given):
        note_password(pool, password.key, password.place)
    setting = pool.settings.get("jdbcUrl")
    if setting is None or setting.place is None or setting.origin != "explicit":
        return None
    url = spelled(setting.value if isinstance(setting.value, str) else None, setting.place)
    if url is None:
        return None
    pool.facts["database"] = scheme_of(url.text)
    connection = url_block(url, setting.place, drivers, properties, path=f"{pool.path} {setting.key}")
    if connection is not None:
        connection.complete = connection.complete and sure
        join(pool, connection, profile=pool.facts.get("profile", ""))
    return connection


def of_source(pool: Block, drivers: Drivers) -> Block | None:
    """The connection of a pool that Java configures; other properties of the driver may be out of sight."""
    setting = pool.settings.get("jdbcUrl")
    if setting is None or setting.value is UNKNOWN or setting.place is None:
        return None
    sure = _PROPERTIES_CALL.search(setting.place.source.text) is None
    return of_pool(pool, drivers, sure=sure and pool.complete)


class SpringConnections:
    """The connections of an application file, document by document."""

    def __init__(self, drivers: Drivers, *, complete: bool) -> None:
        self.drivers = drivers
        self.complete = complete
        self._properties: dict[tuple[str, ...], dict[str, Property]] = {}
        self._pools: dict[str, Block] = {}
        self._other = False

    def of_document(self, entries: list[KeyedEntry], profile: str, pools: list[Block]) -> Iterator[Block]:
        shaped = [(tuple(re.sub(r"[-_]", "", part).lower() for part in entry.path), entry) for entry in entries]
        self._other = self._other or any(_is_other(parts, entry) for parts, entry in shaped)
        for each in pools:
            _tell_purpose(each, profile)
        named = {each.name: each for each in pools}
        if not profile:
            self._pools.update(named)
        mine = {**self._pools, **named}
        properties = self._collect(shaped, profile)
        for parts, entry in shaped:
            holder = _pool_of(parts, mine)
            if holder is None:
                continue
            url = spelled(entry.text, entry.place)
            if url is None:
                continue
            pool = mine.get(".".join(holder))
            if pool is not None and pool in pools:
                pool.facts.setdefault("database", scheme_of(url.text))
            for made in self._connection(url, entry, pool, holder, properties, profile):
                for path, other in shaped:
                    if path == (*parts[:-1], "password") and other.text is not None and is_secret(other.text):
                        note_password(made, ".".join(other.path), other.place)
                yield made

    def _connection(
        self,
        url: Spelled,
        entry: KeyedEntry,
        pool: Block | None,
        holder: tuple[str, ...],
        properties: dict[tuple[str, ...], dict[str, Property]],
        profile: str,
    ) -> Iterator[Block]:
        path = ".".join(entry.path) + (f" ({profile})" if profile else "")
        given = properties.get(holder, {}).values()
        connection = url_block(url, entry.place, self.drivers, given, path=path)
        if connection is None:
            return
        connection.complete = connection.complete and self.complete
        sure = not self._other or holder[-1] != "hikari"
        join(pool, connection, pooled="hikaricp" if sure else "", profile=profile)
        yield connection

    def _collect(
        self, shaped: list[tuple[tuple[str, ...], KeyedEntry]], profile: str
    ) -> dict[tuple[str, ...], dict[str, Property]]:
        """The driver's properties by the prefix of their pool; documents of a profile add to the others."""
        found = {prefix: dict(held) for prefix, held in self._properties.items()}
        for parts, entry in shaped:
            for at, part in enumerate(parts[:-1]):
                if part == "datasourceproperties":
                    name = ".".join(each.strip("[]") for each in entry.path[at + 1 :])
                    given = Property(name, entry.text, entry.place, entry.key_place)
                    found.setdefault(parts[:at], {})[name] = given
                    break
        if not profile:
            self._properties = found
        return found


def _is_other(parts: tuple[str, ...], entry: KeyedEntry) -> bool:
    """Whether a key says that another pool takes the connections."""
    if parts[:2] != SPRING_URL[:2] or len(parts) < 3:
        return False
    if parts[2] == "type":
        return entry.text is None or "hikari" not in entry.text.lower()
    return parts[2] in OTHER_POOLS or parts[2] in ("jndiname", "xa")


def _pool_of(parts: tuple[str, ...], pools: dict[str, Block]) -> tuple[str, ...] | None:
    """The prefix of the pool whose URL a key is; None for other keys."""
    if parts[-1] not in ("url", "jdbcurl") or len(parts) < 2:
        return None
    outer = parts[:-1]
    if parts == SPRING_URL:
        return (*outer, "hikari")
    if (parts[-1] == "jdbcurl" or parts[0] == MICRONAUT) and ".".join(outer) in pools:
        return outer
    return (*outer, "hikari") if ".".join((*outer, "hikari")) in pools else None


def lowered_properties(
    entries: Iterable[KeyedEntry], connection: Block | None, exact: Iterable[str]
) -> Iterator[Problem]:
    """Properties of a driver that Spring takes from variables: it writes their names small, and _ as a dot.

    ``exact``: the drivers that know their properties as they are written alone.
    """
    if connection is None or connection.system not in exact or connection.spec is None:
        return
    names = {canonical(name): name for name in connection.spec.settings}
    for entry in entries:
        prefix = next((each for each in DRIVER_PREFIXES if entry.path[0].startswith(each)), None)
        if prefix is None:
            continue
        result = entry.path[0][len(prefix) :].lower().replace("_", ".")
        name = names.get(canonical(result.replace(".", "")))
        if name is not None and name != result:
            values = {"setting": entry.path[0], "result": result, "name": name}
            yield Problem("variable-mangled", entry.key_place, values=values)


def of_variables(entries: Iterable[KeyedEntry], pool: Block | None, drivers: Drivers) -> Block | None:
    """The connection of SPRING_DATASOURCE_URL; what application.yml adds to it is out of sight."""
    for entry in entries:
        if entry.path[0] in (
            "SPRING_DATASOURCE_URL",
            "SPRING_DATASOURCE_HIKARI_JDBCURL",
            "SPRING_DATASOURCE_HIKARI_JDBC_URL",
        ):
            text = entry.text
            url = spelled(text, entry.place)
            if url is None:
                continue
            if "=" in entry.place.text and not url.text.startswith("jdbc:") and text is not None:
                url = Spelled(text, [entry.place.start] * len(text), ())  # NAME=value in one scalar
            connection = url_block(url, entry.place, drivers, path=entry.path[0])
            if connection is not None:
                connection.complete = False
                join(pool, connection)
                return connection
    return None
