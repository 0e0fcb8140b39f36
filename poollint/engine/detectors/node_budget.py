"""Node's pools times the processes that PM2 or a Compose file starts, against the connections of the project's database."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from poollint.blocks import UNKNOWN
from poollint.engine.detectors.node_common import endpoint
from poollint.engine.detectors.role_pools import is_short_lived, is_throwaway
from poollint.engine.hits import Hit
from poollint.fleet.engines import engine_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.engine.hits import RuleContext


class Limit(NamedTuple):
    """How many connections a database takes, how many of them are kept back, and where that is written."""

    most: int
    kept: int
    setting: Setting


def above_limit(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A pool in each process of a cluster takes more connections than the database has."""
    size = block.by_role("size")
    if size is None or not _whole(size.value) or is_throwaway(block) or is_short_lived(block):
        return
    if engine_of(block) != "postgresql" or ctx.of("pgbouncer", "main") or endpoint(block) == "pooler":
        return
    app, limit = _app(block, ctx), _limit(ctx)
    instances = app.get("instances") if app is not None else None
    count = _count(instances.value) if instances is not None else _copies(block, ctx)
    if limit is None or count < 2:
        return
    total, usable = count * size.value, limit.most - limit.kept
    if total > usable:
        values = {
            "sum": f"{count} processes × {size.value} = {total:,}",
            "usable": f"{usable:,}",
            "limit": f"{limit.most:,}",
            "fits": max(usable // count, 1),
            "setting": size.key,
        }
        related: tuple[tuple[Setting, str], ...] = ((limit.setting, "the server's limit"),)
        if instances is not None:
            related = ((instances, "so many processes"), *related)
        yield Hit(block if size.origin == "default" else size, values, related=related)


def _app(block: Block, ctx: RuleContext) -> Block | None:
    """The one application that PM2 starts beside a file or above it."""
    path = block.place.source.path
    near = []
    for app in ctx.of("pm2", "app"):
        folder = posixpath.dirname(app.place.source.path)
        if not folder or path.startswith(folder + "/"):
            near.append(app)
    return near[0] if len(near) == 1 else None


def _copies(block: Block, ctx: RuleContext) -> int:
    """How often the one service that is built from a file's folder runs, by the Compose file of its database."""
    path = block.place.source.path
    databases = ctx.of("commands", "database")
    built = databases[0].facts.get("built", ()) if len(databases) == 1 else ()
    counts = [count for folder, count in built if folder == "." or path.startswith(f"{folder}/")]
    return counts[0] if len(counts) == 1 and not ctx.of("pm2", "app") else 0


def _limit(ctx: RuleContext) -> Limit | None:
    """The limit of the one PostgreSQL server that the run has seen, in its own file or on its command line."""
    found = []
    for block in (*ctx.of("postgresql", "server"), *ctx.of("commands", "database")):
        most = block.get("max_connections")
        if most is not None and most.origin != "default" and _whole(most.value):
            kept = block.value("superuser_reserved_connections")
            found.append(Limit(most.value, kept if isinstance(kept, int) else 0, most))
    return found[0] if len(found) == 1 else None


def _count(value: object) -> int:
    """The number of processes, which may be written as a text; 0 where it cannot be told."""
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and _whole(value) else 0


def _whole(value: object) -> bool:
    return value is not UNKNOWN and isinstance(value, int) and not isinstance(value, bool) and value > 0
