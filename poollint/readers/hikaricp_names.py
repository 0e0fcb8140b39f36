"""The names of HikariCP's settings: how they may be spelled, in which versions they exist, what a foreign one means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.knowledge.keyed import canonical

if TYPE_CHECKING:
    from poollint.blocks import Block
    from poollint.knowledge.catalogue import KindSpec
    from poollint.source import Place
    from poollint.versions import Version

DATA_SOURCE = "dataSource."
# what is filled in before HikariCP sees it
TEMPLATE = re.compile(r"\$\{|\{\{|<%|@[\w.-]+@|%\{|#\{")
_OBJECTS = frozenset(
    "dataSource metricRegistry healthCheckRegistry credentials credentialsProvider exceptionOverride".split()
)
ENV_PREFIX = "SPRING_DATASOURCE_HIKARI_"
DRIVER_PREFIXES = (f"{ENV_PREFIX}DATASOURCEPROPERTIES_", f"{ENV_PREFIX}DATA_SOURCE_PROPERTIES_")


def exists(spec: KindSpec, name: str, target: Version | None) -> bool:
    """Whether a version of HikariCP has a setting."""
    from poollint.versions import parse_version

    found = spec.settings[name]
    version = target or spec.newest or ()
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


def setting_of(key: str, spec: KindSpec, target: Version | None) -> str:
    """The setting that HikariCP finds for a key in the target version; empty for none."""
    if not key:
        return ""
    names = {each[0].upper() + each[1:]: each for each in spec.settings}
    name = names.get(key[0].upper() + key[1:]) or names.get(key.upper(), "")
    return name if name and exists(spec, name, target) else ""


def unknown(block: Block, key: str, place: Place, where: str) -> None:
    """A key that HikariCP has no setter for: it refuses the file, or the object of properties, that holds it."""
    if key in _OBJECTS or block.spec is None:
        return
    values = {"setting": key, "meant": meant_name(key, block.spec, block.target), "where": where}
    spec = block.spec.settings.get(key)
    if spec is not None:
        since, removed = spec.get("since", ""), spec.get("removed", "")
        kind = "name-too-new" if since and not removed else "name-removed"
        other = spec.get("replacement", "")
        values.update(since=since, removed=removed, other=f"; write {other}" if other else "")
    else:
        kind = "unknown-url" if key == "url" else "unknown-name" if values["meant"] else "foreign-name"
    block.problem(kind, place, setting=key, values=values)
