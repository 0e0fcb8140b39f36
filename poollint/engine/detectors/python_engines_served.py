"""SQLAlchemy: engines in the processes, threads and event loops of the servers that use them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.engine.detectors.python_common import (
    finite,
    is_throwaway,
    pool_class,
    servers,
    url_setting,
    written,
)
from poollint.engine.detectors.python_recycling import is_middle
from poollint.engine.detectors.python_sqlalchemy import SERVERS, has_default_class
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poollint.blocks import Block, Setting
    from poollint.engine.hits import RuleContext


def wait_over_worker(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A wait for a connection that outlasts the worker's own limit."""
    if is_throwaway(block):
        return
    wait = block.get("pool_timeout")
    value = finite(wait)
    if wait is None or value is None or not has_default_class(block):
        return
    if wait.origin == "default" and (not block.complete or url_setting(block) is None):
        return
    yield from over_worker(block, wait, value, ctx)


def over_worker(block: Block, wait: Setting, value: float, ctx: RuleContext) -> Iterator[Hit]:
    """The first worker of a source file that does not live as long as a wait."""
    for server in servers(block, ctx):
        if server.system != "gunicorn":
            continue
        limit = finite(server.settings.get("timeout"))
        if limit is None or not 0 < limit < value or not _is_sync(server):
            continue
        timeout = server.settings["timeout"]
        at, case = (block, "default") if wait.origin == "default" else (wait, "")
        values = {"limit": f"{limit:g}", "shown": f"{value:g}"}
        yield Hit(at, values, case, related=((timeout, f"the worker is killed after {limit:g} s"),))
        return


def _is_sync(server: Block) -> bool:
    kind = server.value("worker_class")
    threads = server.value("threads")
    return kind == "sync" and threads is not UNKNOWN and threads in (1, None)


def many_loops(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A module's async engine that is used in one event loop after another."""
    if block.facts.get("scope") != "module" or not block.facts.get("asynchronous") or not has_default_class(block):
        return
    for place, function in (block.facts.get("uses") or {}).get("event_loops", ())[:1]:
        yield Hit(block, {"function": function}, related=((place, "each call is a new event loop"),))


def connected_before_fork(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A module that opens connections while the master imports it, so that all its workers share them."""
    uses = block.facts.get("uses") or {}
    place = uses.get("opened_at_import") or _used_elsewhere(block, ctx, "opened_at_import")
    if place is None or uses.get("fork_hook") or is_throwaway(block):
        return
    if pool_class(block) not in ("", "QueuePool") or (not pool_class(block) and not has_default_class(block)):
        return
    found = url_setting(block)
    if found is not None and found[1].dialect == "sqlite":
        return
    if uses.get("in_celery"):
        yield Hit(block, None, "celery", related=((place, "opens a connection at import"),))
        return
    for server in servers(block, ctx):
        if server.system != "gunicorn" or server.value("preload_app") is not True:
            continue
        if any("def post_fork" in each.place.source.text for each in ctx.of("gunicorn", "server")):
            return
        related = (
            (place, "opens a connection at import"),
            (server.settings["preload_app"], "imports it before the fork"),
        )
        yield Hit(block, None, related=related)
        return


def _used_elsewhere(block: Block, ctx: RuleContext, what: str) -> Any:
    """What another file of the run does with a module's engine; None when none is seen to do it."""
    if block.facts.get("scope") != "module" or not block.name:
        return None
    path = os.path.abspath(block.place.source.path)
    for use in ctx.of("sqlalchemy", "use"):
        uses = use.facts.get("uses") or {}
        if use.name == block.name and uses.get("engine_at") == path and what in uses and not is_throwaway(use):
            return uses[what]
    return None


def threads_over_pool(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """More threads in a process than its pool lends connections."""
    size, overflow = finite(block.get("pool_size")), finite(block.get("max_overflow"))
    if size is None or overflow is None or size <= 0 or is_throwaway(block) or block.facts.get("asynchronous"):
        return
    if pool_class(block) not in ("", "QueuePool") or (not pool_class(block) and not has_default_class(block)):
        return
    if str(block.value("url")).startswith("sqlite"):
        return
    most = size + overflow
    explicit = written(block, "pool_size") or written(block, "max_overflow")
    values = {"most": f"{most:g}", "sum": f"{size:g} + {overflow:g}"}
    sizes = block.get("pool_size"), block.get("max_overflow")
    hit = next(more_threads(block, *sizes, explicit, servers(block, ctx)), None)
    if hit is not None:
        yield hit
        return
    route = (block.facts.get("uses") or {}).get("sync_route") or _used_elsewhere(block, ctx, "sync_route")
    if route is not None and most < FRAMEWORK_THREADS and "total_tokens" not in block.place.source.text:
        related = ((route.place, "runs in one of these threads"),)
        yield Hit(explicit or block, {**values, "function": route.function}, "routes", related=related)


def threads_of(server: Block) -> Setting | None:
    """The setting by which a process of a server, or of a worker of Celery, has several threads."""
    if server.system == "celery":
        return written(server, "concurrency") if server.value("pool") == "threads" else None
    return written(server, "threads") if server.system in ("gunicorn", "waitress") else None


def more_threads(
    block: Block, size: Setting | None, overflow: Setting | None, explicit: Setting | None, run_by: Iterable[Block]
) -> Iterator[Hit]:
    """The first server that runs a pool's file with more threads than the pool has connections."""
    kept, above = finite(size), finite(overflow)
    if kept is None or above is None or kept <= 0:
        return
    most = kept + above
    for server in run_by:
        threads = threads_of(server)
        number = finite(threads)
        if threads is None or number is None or number <= most:
            continue
        if server.system == "gunicorn" and server.value("worker_class") not in ("sync", "gthread"):
            continue
        values = {"most": f"{most:g}", "sum": f"{kept:g} + {above:g}", "threads": f"{number:g}"}
        case = "" if explicit is not None else "default"
        yield Hit(explicit or block, values, case, related=((threads, f"{number:g} threads"),))
        return


FRAMEWORK_THREADS = 40  # what anyio lends to routes that are no coroutines, and so Starlette and FastAPI


_APPLICATION = re.compile(
    r"(?m)^\w+\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(FastAPI|Flask|Starlette|Litestar|Quart|Sanic|Blacksheep)\("
)


def keeps_nothing(block: Block) -> bool:
    """Whether an engine without a pool goes straight to a server, and its file names no reason for that."""
    if pool_class(block) != "NullPool" or is_throwaway(block):
        return False
    found = url_setting(block, "url", "SQLALCHEMY_DATABASE_URI")
    if found is None or found[1].dialect not in SERVERS or "\0" in found[1].host or not found[1].host:
        return False
    url = found[1]
    if is_middle(url) or url.port not in ("", "5432", "3306", "1433", "1521", "26257"):
        return False
    reasons = r"(?i)celery|lambda|alembic|asyncio\.run|async_to_sync|bouncer|pooler|proxy"
    return re.search(reasons, block.place.source.text) is None


def null_pool_in_web_app(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A connection for each checkout in a service, straight to the server."""
    if block.facts.get("scope") != "module" or not keeps_nothing(block):
        return
    text = block.place.source.text
    for server in servers(block, ctx):
        if server.system in ("gunicorn", "uvicorn", "hypercorn"):
            yield Hit("poolclass", {"server": server.system}, related=((server, "the service"),))
            return
    application = _APPLICATION.search(text)
    if application is not None:
        yield Hit("poolclass", {"server": application[1]})
        return
    served = _used_elsewhere(block, ctx, "application")
    if served is not None and not any(each.system == "celery" for each in ctx.blocks):
        yield Hit("poolclass", {"server": served.name}, related=((served.place, "the service"),))
