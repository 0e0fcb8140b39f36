"""The names of HikariCP's settings: how they may be spelled, in which versions they exist, what a foreign one means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.knowledge.keyed import canonical

if TYPE_CHECKING:
    from poollint.knowledge.catalogue import KindSpec
    from poollint.versions import Version

ENV_PREFIX = "SPRING_DATASOURCE_HIKARI_"
DRIVER_PREFIXES = (f"{ENV_PREFIX}DATASOURCEPROPERTIES_", f"{ENV_PREFIX}DATA_SOURCE_PROPERTIES_")


def exists(spec: KindSpec, name: str, target: Version | None) -> bool:
    """Whether a version of HikariCP has a setting."""
    from poollint.readers.hikaricp_validate import NEWEST
    from poollint.versions import parse_version

    found = spec.settings[name]
    version = target or NEWEST
    since, removed = found.get("since"), found.get("removed")
    return not (since and version < parse_version(since)) and not (removed and version >= parse_version(removed))


def meant_name(key: str, spec: KindSpec, target: Version | None = None) -> str:
    """The setting that somebody meant who wrote a name that HikariCP does not have; empty when nobody can tell."""
    import difflib

    leaf = canonical(key.rpartition(".")[2])
    names = {name.lower(): name for name in spec.settings if exists(spec, name, target)}
    found = names.get(leaf) or spec.confused.get(leaf, "")
    if not found:
        close = difflib.get_close_matches(leaf, list(names), 1, 0.87)
        found = names[close[0]] if close else ""
    return found
