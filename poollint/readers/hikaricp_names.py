"""The names of HikariCP's settings: how they may be spelled, in which versions they exist, what a foreign one means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from poollint.knowledge.catalogue import KindSpec
    from poollint.versions import Version

ENV_PREFIX = "SPRING_DATASOURCE_HIKARI_"


def exists(spec: KindSpec, name: str, target: Version | None) -> bool:
    """Whether a version of HikariCP has a setting."""
    from poollint.readers.hikaricp_validate import NEWEST
    from poollint.versions import parse_version

    found = spec.settings[name]
    version = target or NEWEST
    since, removed = found.get("since"), found.get("removed")
    return not (since and version < parse_version(since)) and not (removed and version >= parse_version(removed))


_OTHERS = {
    "url": "jdbcUrl",
    "user": "username",
    "driver": "driverClassName",
    "poolsize": "maximumPoolSize",
    "maxpoolsize": "maximumPoolSize",
    "maxsize": "maximumPoolSize",
    "maximumpool": "maximumPoolSize",
    "maxactive": "maximumPoolSize",
    "maxtotal": "maximumPoolSize",
    "minidle": "minimumIdle",
    "minpoolsize": "minimumIdle",
    "minimumpoolsize": "minimumIdle",
    "minimumidlesize": "minimumIdle",
    "initialsize": "minimumIdle",
    "maxwait": "connectionTimeout",
    "maxwaitmillis": "connectionTimeout",
    "connecttimeout": "connectionTimeout",
    "connectiontimeoutms": "connectionTimeout",
    "maxidletime": "idleTimeout",
    "idletimeoutms": "idleTimeout",
    "minevictableidletimemillis": "idleTimeout",
    "maxage": "maxLifetime",
    "maxlifetimems": "maxLifetime",
    "maxconnlifetimemillis": "maxLifetime",
    "keepalive": "keepaliveTime",
    "validationquery": "connectionTestQuery",
}


def canonical(name: str) -> str:
    """A name as Spring compares it."""
    return re.sub(r"[-_]", "", name).lower()


def meant_name(key: str, spec: KindSpec, target: Version | None = None) -> str:
    """The setting that somebody meant who wrote a name that HikariCP does not have; empty when nobody can tell."""
    import difflib

    leaf = canonical(key.rpartition(".")[2])
    names = {name.lower(): name for name in spec.settings if exists(spec, name, target)}
    found = names.get(leaf) or _OTHERS.get(leaf, "")
    if not found:
        close = difflib.get_close_matches(leaf, list(names), 1, 0.87)
        found = names[close[0]] if close else ""
    return found
