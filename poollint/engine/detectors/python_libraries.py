"""Pools and clients of other Python libraries: Django's DATABASES, drivers' pools, Redis, HTTP clients."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.detectors.python_common import (
    finite,
    is_default_of_variable,
    is_number,
    is_throwaway,
    pool_class,
    servers,
    url_setting,
    written,
)
from poollint.engine.detectors.python_engines_served import threads_of
from poollint.engine.hits import Hit, says

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poollint.blocks import Block
    from poollint.engine.hits import RuleContext

BUILT_IN = frozenset(
    f"django.db.backends.{name}" for name in ("postgresql", "mysql", "oracle", "sqlite3", "postgresql_psycopg2")
)
ASYNC_WORKERS = re.compile(r"(?i)uvicorn|gevent|eventlet|asgi")


def _engine(block: Block) -> str:
    engine = block.value("ENGINE")
    return engine if isinstance(engine, str) else ""


def _is_pooled(block: Block) -> bool | None:
    """Whether OPTIONS switches a pool on; None when that cannot be told."""
    if any(name.startswith("pool.") and setting.origin == "explicit" for name, setting in block.settings.items()):
        return True
    if any(name.startswith("pool.") for name in block.facts.get("unknown_options", {})):
        return True
    if not block.complete or block.value("pool.min_size") is UNKNOWN:
        return None
    pool = block.settings.get("options.pool")
    return bool(pool is not None and pool.value)


_ASGI = re.compile(r"(?m)^ASGI_APPLICATION\s*(?::[^=\n]+)?=")


def django_persistent_asgi(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Persistent connections where each request runs in a thread of its own."""
    if is_throwaway(block):
        return
    by_url = block.kind == "url"
    age = written(block, "conn_max_age" if by_url else "CONN_MAX_AGE")
    if age is None or not is_number(age.value) or age.value <= 0 or (not by_url and _is_pooled(block) is not False):
        return
    run_by = servers(block, ctx)
    if not run_by and says(_ASGI, block.place.source.text):
        yield Hit(age, None, "may")
    for server in run_by:
        if server.facts.get("in_development"):
            continue
        words = " ".join(server.facts.get("words", ()))
        runs_asgi = server.system in ("uvicorn", "hypercorn", "daphne") and "asgi" in words
        runs_asgi = runs_asgi or (server.system == "granian" and server.value("interface") in ("asgi", "asginl"))
        kind = server.value("worker_class") if server.system == "gunicorn" else None
        if runs_asgi or (isinstance(kind, str) and ASYNC_WORKERS.search(kind)):
            yield Hit(age, {"server": server.system}, related=((server, "the server that runs it"),))
            return


def django_pool_with_age(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    age = written(block, "CONN_MAX_AGE")
    if age is not None and is_number(age.value) and age.value != 0 and _is_pooled(block):
        yield Hit(age)


def django_pool_sizes(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool of psycopg that may hold fewer connections than it is to keep, by its default at least."""
    most, least = written(block, "pool.max_size"), block.get("pool.min_size")
    size, floor = finite(most), finite(least)
    if most is not None and size is not None and floor is not None and 0 < size < floor:
        yield Hit(most, {"least": f"{floor:g}"})


NO_POOL = frozenset(("django.db.backends.mysql", "django.db.backends.sqlite3"))
MISPLACED = {
    "CONN_MAX_AGE": "beside OPTIONS",
    "CONN_HEALTH_CHECKS": "beside OPTIONS",
    "DISABLE_SERVER_SIDE_CURSORS": "beside OPTIONS",
    "ATOMIC_REQUESTS": "beside OPTIONS",
    "AUTOCOMMIT": "beside OPTIONS",
}
IN_POOL = ("min_size", "max_size", "pool_size", "max_lifetime", "max_idle", "max_waiting")
AT_TOP = {"POOL": "pool", "POOL_SIZE": "pool", "MAX_CONNS": "pool", "pool": "pool", "POOL_OPTIONS": "pool"}


def django_misplaced(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Names that stand where Django, or the driver, does not look for them."""
    if _engine(block) not in BUILT_IN:
        return
    for name, entry in block.facts.get("unknown_options", {}).items():
        head, _, last = name.rpartition(".")
        if head == "options" and last in MISPLACED:
            yield Hit(entry.key_place, {"name": last})
        elif head == "options" and last in IN_POOL and _engine(block) != "django.db.backends.sqlite3":
            yield Hit(entry.key_place, {"name": last}, "option")
        elif not head and last in AT_TOP:
            yield Hit(entry.key_place, {"name": last}, "top")
        elif head == "pool" and _engine(block).startswith("django.db.backends.postgresql"):
            yield Hit(entry.key_place, {"name": last}, "pool")
    empty = block.facts.get("empty_options", {}).get("options.pool")
    if empty is not None and _engine(block).startswith("django.db.backends.postgresql"):
        yield Hit(empty.value.place, {"name": "pool"}, "empty")
    if _engine(block) in NO_POOL:
        pool = written(block, "options.pool")
        given = [pool] if pool is not None and pool.value is True else []
        given += [
            each for each in block.settings.values() if each.name.startswith("pool.") and each.origin != "default"
        ]
        if given:
            yield Hit(given[0], {"name": "pool"}, "engine")


def django_stale(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Connections that are kept for long and never tested."""
    age = written(block, "CONN_MAX_AGE")
    if age is None or not is_number(age.value) or age.value <= 300 or is_throwaway(block):
        return
    engine = _engine(block)
    if not engine.startswith(("django.db.backends.mysql", "django.db.backends.postgresql")):
        return
    if ctx.target is not None and ctx.target < (4, 1):
        return
    if block.value("CONN_HEALTH_CHECKS") is False and _is_pooled(block) is False:
        yield Hit(age)


def stalls_on_check(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A check at checkout that tries one dead connection after the other, each with a longer pause."""
    prefix = "pool." if block.system == "django" else ""
    if ctx.target is not None and block.system == "psycopg-pool" and ctx.target < (3, 2, 1):
        return
    if prefix:
        if not _is_pooled(block) or block.value("CONN_HEALTH_CHECKS") is not True:
            return
    elif written(block, "check") is None or block.value("check") is None:
        return
    least, wait = block.get(prefix + "min_size"), block.get(prefix + "timeout")
    size, limit = finite(least), finite(wait)
    if size is None or limit is None or size != int(size) or not 2 <= size <= 64:
        return
    pause = 2 ** (int(size) - 1) - 1
    if pause >= limit:
        yield Hit(least, {"size": f"{size:g}", "limit": f"{limit:g}"})


def never_waits(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A small limit on a pool that refuses at once instead of waiting."""
    name = "maxconn" if block.system == "psycopg2" else "max_connections"
    setting = written(block, name)
    value = finite(setting)
    if setting is None or value is None or not 0 < value < 40 or is_throwaway(block):
        return
    if block.system == "peewee" and (block.value("timeout") is not None):
        return  # it is told to wait
    if block.system == "psycopg2" and (block.facts.get("construct") != "ThreadedConnectionPool" or value < 2):
        return
    if block.system == "psycopg2" and _on_one_thread(block.place.source.text):
        return
    threads = [number for each in servers(block, ctx) if (number := finite(threads_of(each))) is not None]
    if threads and max(threads) <= value:
        return  # each thread of a process may have one
    yield Hit(setting)


_THREADS = re.compile(r"\b(?:run_in_threadpool|to_thread|run_in_executor|ThreadPoolExecutor|threading|Thread)\b")
_PLAIN_ROUTE = re.compile(r"(?m)^[ \t]*@\w+\.(?:get|post|put|delete|patch|route)\(.*\n(?:[ \t]*@.*\n)*[ \t]*def ")
_COROUTINE_ROUTE = re.compile(
    r"(?m)^[ \t]*@\w+\.(?:get|post|put|delete|patch|route)\(.*\n(?:[ \t]*@.*\n)*[ \t]*async def "
)


def _on_one_thread(text: str) -> bool:
    """Whether a file's routes are coroutines that block their one thread: no two of them hold connections at once."""
    return bool(_COROUTINE_ROUTE.search(text)) and not _PLAIN_ROUTE.search(text) and not _THREADS.search(text)


def ignored_beside_pool(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Options of a Redis client that its ready-made pool makes void."""
    pool = written(block, "connection_pool")
    if pool is None or pool.raw == "None":
        return
    for name in ("max_connections", "socket_timeout", "socket_connect_timeout", "health_check_interval"):
        setting = written(block, name)
        if setting is not None and setting.value is not None:
            yield Hit(setting)


def no_timeout(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A call without any limit on the wait for its answer."""
    setting = block.get("timeout")
    if setting is None or setting.value is UNKNOWN or is_throwaway(block):
        return
    if block.kind == "urlopen" and "setdefaulttimeout" in block.place.source.text:
        return  # which holds for what is opened without a time of its own, though not for requests
    if _is_in_job(block, ctx):
        return
    values = {"what": block.facts.get("callee", "")}
    ended = _has_time_limit(block.facts.get("decorators", ()), block.place.source.text)
    if setting.value == UNLIMITED:
        explicit = setting.origin == "explicit"
        yield Hit(setting if explicit else block, values, "task" if ended else "none" if explicit else "")
    elif isinstance(setting.value, tuple) and len(setting.value) == 2 and setting.value[1] is None and not ended:
        yield Hit(setting, values, "read")


_CLASS = re.compile(r"(?m)^class[ \t]+\w+[ \t]*(?:\(([^()]*)\))?[ \t]*:|^(?:async[ \t]+)?def[ \t]")
_JOB = re.compile(r"(?:Job|JobRunner|Task)\s*(?:,|$)")


def _is_in_job(block: Block, ctx: RuleContext) -> bool:
    """Whether a call stands in a class of jobs, whose runner may end them after a time that is out of sight."""
    source = block.place.source
    key = ("classes of jobs", source.path)
    if key not in ctx.memo:
        found = [(each.start(), each[1] or "") for each in _CLASS.finditer(source.text)]
        ctx.memo[key] = ([start for start, _ in found], [_JOB.search(bases.strip()) is not None for _, bases in found])
    starts, jobs = ctx.memo[key]
    at = bisect_right(starts, block.place.start)
    return at > 0 and jobs[at - 1]


_RQ = re.compile(r"(?m)^[ \t]*(?:from|import)[ \t]+(?:rq|django_rq|flask_rq2?)\b")
_ENDED = re.compile(r"\b(?:soft_)?time_limit\s*=(?!\s*None\b)")


def _has_time_limit(decorators: Iterable[str], text: str) -> bool:
    """Whether what is decorated is a task that its worker ends after a time, even where it waits for an answer.

    RQ does so after 180 seconds unless it is told otherwise, Celery when it is told to.
    """
    for each in decorators:
        name, _, given = each.partition("(")
        last = name.rpartition(".")[2]
        if last == "job" and _RQ.search(text):
            return re.search(r"\btimeout\s*=\s*['\"]?-", given) is None
        if last in ("shared_task", "task", "periodic_task") and _ENDED.search(given):
            return True
    return False


_HOST = re.compile(r"[a-z]+://[^/\0]+(?:/|\Z|\?)")


def in_loop(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """One new connection for each round of a loop, to the same host."""
    uses = block.facts.get("uses") or {}
    url = uses.get("first_text", "")
    if uses.get("loops") and _HOST.match(url) and not block.facts.get("in_test"):
        yield Hit(block, {"what": block.facts.get("callee", "")})


def call_in_route(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A request by a function of the module, and so by a client of its own, for each request of a service."""
    facts = block.facts
    if facts.get("handler") not in ("route", "view", "lambda") or is_throwaway(block):
        return
    values = {"what": facts.get("callee", ""), "function": facts.get("function", "")}
    yield Hit(block, values, "blocks" if (facts.get("uses") or {}).get("in_coroutine") else "")


def limits_unbounded(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """httpx.Limits written by hand without max_connections."""
    if not block.complete:
        return
    setting = block.get("max_connections")
    if setting is not None and setting.value == UNLIMITED and not is_throwaway(block):
        explicit = setting.origin == "explicit"
        yield Hit(setting if explicit else block, None, "none" if explicit else "")


def keepalive_cliff(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Fewer connections kept than allowed: past that number each idle one is closed at once."""
    keep, most = written(block, "max_keepalive_connections"), block.get("max_connections")
    value = finite(keep)
    if keep is None or value is None or most is None or not is_number(most.value) or is_throwaway(block):
        return
    if block.facts.get("as_context") and block.facts.get("scope") == "function":
        return  # a client for the length of a block serves few requests at a time
    if 0 < value < most.value:
        yield Hit(keep, {"keep": f"{value:g}"})


_SERVICE = re.compile(r"(?m)^\w+\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(?:FastAPI|Starlette|Litestar|Quart|Sanic)\(")


def default_cliff(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """The client of a service, with httpx's own limits: 100 connections, of which it keeps 20."""
    if block.facts.get("construct") != "AsyncClient" or block.facts.get("scope") != "module" or is_throwaway(block):
        return
    given = block.facts.get("other_options", {})
    if not block.complete or any(name in given for name in ("limits", "transport", "mounts", "app")):
        return
    if any(name.startswith("limits.") and setting.origin != "default" for name, setting in block.settings.items()):
        return
    if says(_SERVICE, block.place.source.text):
        yield Hit(block)


def total_dropped(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """aiohttp.ClientTimeout written by hand, which has no total of its own."""
    if not block.complete or is_throwaway(block):
        return
    names = ("total", "sock_read")
    if all((setting := block.get(name)) is not None and setting.value == UNLIMITED for name in names):
        total = written(block, "total")
        yield Hit(total or block, None, "none" if total is not None else "")


def flask_removed(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Names that Flask-SQLAlchemy 3 reads no more, or never read."""
    for setting in block.settings.values():
        spec = setting.spec
        removed = spec.get("removed") if spec is not None else None
        if removed is None or setting.origin != "explicit" or spec is None:
            continue
        if removed == "0":
            meant = spec.get("replacement") or "SQLALCHEMY_ENGINE_OPTIONS"
            yield Hit(setting, {"meant": meant}, "never" if spec.get("replacement") else "misspelt")
        elif (ctx.target is None or ctx.target >= (3,)) and (ctx.target is not None or _speaks_of_flask(block)):
            yield Hit(setting, {"meant": spec.get("replacement")})


def _speaks_of_flask(block: Block) -> bool:
    """Whether the names are Flask-SQLAlchemy's: its own URI stands beside them, or the file imports it."""
    if "SQLALCHEMY_DATABASE_URI" in block.settings or "SQLALCHEMY_TRACK_MODIFICATIONS" in block.settings:
        return True
    return "flask_sqlalchemy" in block.place.source.text


NUMBERS = ("int", "duration")


def env_number(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A number that the environment gives as a text."""
    if not block.place.source.path.endswith(".py") or block.spec is None:
        return
    for name, variable in block.facts.get("text_values", {}).items():
        setting = block.settings.get(name)
        if setting is None or setting.spec is None or setting.spec.type not in NUMBERS:
            continue
        if name.startswith(("connect_args.", "kwargs.", "options.connect")) or name in ("port", "PORT", "db"):
            continue  # a driver's C library takes texts
        if block.system in ("gunicorn", "uvicorn", "hypercorn") or setting.raw.startswith(("'", '"')):
            continue
        yield Hit(setting, {"variable": variable or "the variable"})


def flag_text(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A flag that is given a text, which is true whatever it says."""
    if not block.place.source.path.endswith(".py") or block.spec is None or block.system in ("gunicorn", "uvicorn"):
        return
    texts = block.facts.get("text_values", {})
    for name, setting in block.settings.items():
        if setting.spec is None or setting.spec.type != "bool" or setting.origin != "explicit":
            continue
        if isinstance(setting.value, str) and setting.raw[:1] in "'\"":
            if setting.value.strip().lower() in ("false", "0", "no", "off"):
                yield Hit(setting)
        elif name in texts:
            yield Hit(setting, {"variable": texts[name] or "the variable"}, "variable")


def flask_recycle_zero(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """An age limit that every connection exceeds."""
    setting = written(block, "options.pool_recycle")
    if setting is not None and is_number(setting.value) and setting.value == 0:
        yield Hit(setting)


def made_in_loop(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool or client made again in each round of a loop, and handed to nobody."""
    uses = block.facts.get("uses") or {}
    if not block.place.source.path.endswith(".py") or not block.facts.get("in_loop"):
        return
    if uses.get("stored") or block.facts.get("guarded") or is_throwaway(block):
        return
    is_client = block.spec is not None and block.spec.role == "http_client"
    if uses.get("closed") and not (is_client and block.facts.get("as_context")):
        return
    if block.value("connection_pool") is None:
        yield Hit(block, {"construct": block.facts.get("construct", "")}, "closed" if uses.get("closed") else "")


def flask_too_late(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A setting that is assigned after the extension has read it."""
    if ctx.target is not None and ctx.target < (3,):
        return
    for name, (place, at) in (block.facts.get("uses") or {}).get("read_before", {}).items():
        if name in ("SQLALCHEMY_ENGINE_OPTIONS", "SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_BINDS"):
            yield Hit(at, {"name": name}, related=((place, "reads the configuration"),))


def redis_reads_too_short(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A command that waits in the server for longer than the client waits for an answer."""
    uses = block.facts.get("uses") or {}
    limit = block.get("socket_timeout")
    value = finite(limit)
    if limit is None or value is None or value <= 0 or uses.get("expects_timeouts") or is_throwaway(block):
        return
    if written(block, "connection_pool") is not None:
        return
    if limit.origin == "default" and (ctx.target is None or ctx.target < (8,)):
        return
    for call in uses.get("blocking", ()):
        if call.wait < value:
            continue
        wait = "without end" if call.wait == UNLIMITED else f"for {call.wait:g} s"
        case = "" if limit.origin != "default" else "default"
        values = {"command": call.command, "wait": wait, "limit": f"{value:g}"}
        yield Hit(call.place, values, case, related=((limit if case == "" else block, "the client"),))


def threads_over_http_pool(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """More threads than connections that an HTTP client keeps for a host."""
    uses = block.facts.get("uses") or {}
    threads = uses.get("threads")
    keeps = finite(block.get("maxsize")) if block.kind == "manager" else 10
    if keeps is None or is_throwaway(block) or "mount" in uses.get("called", ()):
        return
    if ".mount(" in block.place.source.text:
        return
    if threads is None and block.facts.get("scope") == "module" and block.name:
        for server in servers(block, ctx):
            given = threads_of(server)
            number = finite(given)
            if given is not None and number is not None and number > max(keeps, 10) and _takes_threads(server):
                yield Hit(block, {"threads": f"{number:g}", "keeps": f"{keeps:g}"}, related=((given, "the threads"),))
                return
    if threads is None or threads.number <= max(keeps, 10):
        return
    yield Hit(
        block, {"threads": f"{threads.number:g}", "keeps": f"{keeps:g}"}, related=((threads.place, "the threads"),)
    )


def _takes_threads(server: Block) -> bool:
    return server.system != "gunicorn" or server.value("worker_class") in ("sync", "gthread")


ASYNCPG_LEAST = 10  # connections that its pool opens unless told otherwise


def databases_below_min(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A size below the least number of connections that asyncpg has by itself."""
    found = url_setting(block)
    if found is None or found[1].dialect not in ("postgresql", "postgres") or found[1].driver not in ("", "asyncpg"):
        return
    setting, url = found
    if block.value("min_size") is not None or "min_size" in url.query or not block.complete:
        return
    written_size = written(block, "max_size")
    text = url.query.get("max_size", "")
    most = finite(written_size) if written_size is not None else int(text) if text.isdecimal() else None
    if most is not None and most < ASYNCPG_LEAST:
        yield Hit(written_size or setting, {"most": f"{most:g}"})


_TASK = re.compile(r"(?:^|\.)(?:shared_task|task|periodic_task|actor)$")


def made_in_task(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool or client that a background task makes in each of its runs, and hands to nobody."""
    uses = block.facts.get("uses") or {}
    if not block.place.source.path.endswith(".py") or block.facts.get("in_test") or block.facts.get("guarded"):
        return
    if not any(_TASK.search(each.partition("(")[0]) for each in block.facts.get("decorators", ())):
        return
    if uses.get("stored") or block.facts.get("in_loop") or pool_class(block) == "NullPool":
        return
    if uses.get("closed") and not (block.facts.get("as_context") and block.spec is not None and _has_size(block)):
        return
    if block.spec is not None and any(name in block.settings for name in block.spec.roles.get("outer_pool", ())):
        return
    callee = str(block.facts.get("callee", "")).lower()
    if "async" in callee or "aio" in callee:
        return  # such a pool belongs to the event loop, of which each run may have its own
    values = {"construct": block.facts.get("construct", ""), "function": block.facts.get("function", "")}
    yield Hit(block, values, "closed" if uses.get("closed") else "")


def _has_size(block: Block) -> bool:
    """Whether it is made as a pool, to serve many: one that a task closes again served one."""
    size = block.by_role("size")
    return size is not None and size.origin == "explicit" and is_number(size.value) and size.value > 1


def celery_pool_off(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """No pool of connections to the broker."""
    limit = written(block, "broker_pool_limit")
    if limit is None or limit.value is UNKNOWN or is_throwaway(block) or is_default_of_variable(block, limit.name):
        return
    if limit.value is None or (is_number(limit.value) and limit.value == 0):
        yield Hit(limit)


def session_no_timeout(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Requests that a session sends without any limit on the wait for their answers."""
    if is_throwaway(block):
        return
    for call in (block.facts.get("uses") or {}).get("untimed", ()):
        ended = _has_time_limit(call.decorators, call.place.source.text)
        yield Hit(call.place, {"what": call.what}, "task" if ended else "")
