"""map blocks, and what variables can hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.readers.nginx_facts import MapVar
from poollint.readers.nginx_grammar import has_hole
from poollint.source import Place

if TYPE_CHECKING:
    from poollint.formats.nginx_conf import Node, Tree
    from poollint.readers.nginx_levels import Level
    from poollint.readers.nginx_walk import Walk

OPTIONS = frozenset(("hostnames", "volatile"))
_WHOLE = re.compile(r"\$\{?(\w+)\}?")
MAX_VALUES = 50


def map_of(walk: Walk, level: Level, tree: Tree, node: Node, args: list[str]) -> MapVar:
    """A map as facts; faults of its statements are reported on the level."""
    entries: list[tuple[str, str, Place]] = []
    default: str | None = None
    seen: set[str] = set()
    pending = [(tree, child) for child in reversed(node.children or [])]
    while pending:
        holder, child = pending.pop()
        words = holder.args(child)
        place = Place(holder.source, child.start, child.end)
        if child.name in OPTIONS and not words:
            continue
        if child.name == "include" and len(words) == 1:
            for source in walk.sources_of(level, words[0], place, words[0]):
                walk.included[source.path] = source
                if len(pending) < 1_000_000:
                    inner = walk.tree_of(source)
                    pending += [(inner, each) for each in reversed(inner.nodes)]
            continue
        if len(words) != 1:
            if not holder.templated and child.children is None:
                values = {"name": "map", "count": len(words) + 1, "wanted": "2"}
                level.problem("wrong-argument-count", place, setting="map", values=values)
            continue
        if child.name == "default":
            if default is not None and not child.zone:
                level.problem(
                    "duplicate-directive", place, setting="map", values={"name": "map", "what": "the default of a map"}
                )
            default = words[0]
        else:
            key = child.name.removeprefix("\\")
            lower = key if key.startswith("~") else key.lower()
            if lower in seen and not lower.startswith("~") and not child.zone and not has_hole(key):
                values = {"name": "map", "what": f'the key "{key}" of a map'}
                level.problem("duplicate-directive", place, setting="map", values=values)
            seen.add(lower)
            entries.append((key, words[0], place))
    return MapVar(args[0], tuple(entries), default, Place(tree.source, node.start, node.end))


def values_of(level: Level, http: Level | None, name: str, depth: int = 3) -> list[str] | None:
    """Every literal text that a variable may hold at a level, by the sets of its server and the maps of http.

    None when that cannot be told.
    """
    if http is None or http.open_ended:
        return None
    found: list[str] = []
    server = level.above("server")
    assigned = [] if server is None else (server.sets or {}).get(name, [])
    assigned = assigned + (http.sets or {}).get(name, [])
    mapped = (http.maps or {}).get(name)
    if not assigned and mapped is None:
        return None
    texts = list(assigned)
    if mapped is not None:
        texts += [value for _, value, _ in mapped.entries]
        texts.append(mapped.default or "")
    for text in texts[: MAX_VALUES + 1]:
        if "$" not in text and not has_hole(text):
            found.append(text)
            continue
        whole = _WHOLE.fullmatch(text)
        inner = values_of(level, http, "$" + whole[1], depth - 1) if whole is not None and depth else None
        if inner is None:
            return None
        found += inner
    return found if len(found) <= MAX_VALUES else None
