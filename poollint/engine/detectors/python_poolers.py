"""Python clients of a connection pooler: what they keep in a server connection that the next transaction may not get."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.blocks import UNKNOWN
from poollint.engine.detectors.python_common import (
    OPEN,
    Url,
    is_number,
    is_throwaway,
    parse_url,
    pool_class,
    port_number,
    url_setting,
    written,
)
from poollint.engine.detectors.python_sqlalchemy import has_default_class
from poollint.engine.hits import Hit
from poollint.knowledge.poolers import at_host, pooler_at, profiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.engine.hits import RuleContext

POSTGRESQL = ("postgresql", "postgres")
_DSN = re.compile(r"\b(host|port|dbname)\s*=\s*([^\s'\"\\\0]+)")
SHARING = ("transaction", "statement")
SERVERS_PORT = "5432"
HOSTED_PORT = str(profiles()["supabase"].port)  # where poolers of hosts listen


class Pooler(NamedTuple):
    """The PgBouncer of the same run that an address leads to.

    ``mode``: the pool_mode by which it hands out another server connection for each transaction, None where it does not;
    ``follows``: whether it prepares a client's statements again on the connection that it hands out.
    """

    block: Block
    mode: Setting | None
    follows: bool


def pooler_of(url: Url, ctx: RuleContext) -> Pooler | None:
    """The pooler behind an address; None when none of the run listens there, or several do that differ."""
    port = url.port or SERVERS_PORT
    if port == SERVERS_PORT and not _is_named(url.host):
        return None
    mains = [main for main in ctx.of("pgbouncer", "main") if str(main.value("listen_port")) == port]
    found = [_pooler(main, url.database) for main in mains]
    alike = {(each.mode is None, each.follows) if each is not None else None for each in found}
    return found[0] if len(alike) == 1 else None


def _pooler(main: Block, database: str) -> Pooler | None:
    """What a PgBouncer does for one database; None when that cannot be told."""
    if any(_has_own_mode(user) for user in main.links.get("users", ())):
        return None
    entries = {each.name: each for each in main.links.get("databases", ())}
    entry = entries.get(database) or entries.get("*")
    mode = (entry or main).get("pool_mode")
    most = main.value("max_prepared_statements")
    if mode is None or mode.value is UNKNOWN or most is UNKNOWN:
        return None
    if entry is None and any(_has_own_mode(each) for each in entries.values()):
        return None
    return Pooler(main, mode if mode.value in SHARING else None, bool(most))


def _has_own_mode(entry: Block) -> bool:
    mode = entry.settings.get("pool_mode")
    return mode is not None and mode.origin == "explicit"


def looks_pooled(url: Url, ctx: RuleContext) -> bool:
    """Whether an address looks like that of a pooler by transaction, in a run that has no pooler's file to ask."""
    if OPEN in url.host or ctx.of("pgbouncer", "main"):
        return False
    found = pooler_at(url.host, port_number(url))
    return found is not None and not found.pins


def may_lose(url: Url, ctx: RuleContext) -> bool:
    """Whether what looks like a pooler may lose prepared statements."""
    found = at_host(url.host)
    return looks_pooled(url, ctx) and not (found is not None and found.follows)


def _is_named(host: str) -> bool:
    found = at_host(host)
    return found is not None and not found.pins


def _loses(pooler: Pooler) -> bool:
    return pooler.mode is not None and not pooler.follows


def _mode_places(pooler: Pooler) -> tuple[tuple[Setting | Block, str], ...]:
    mode = pooler.mode
    at = mode if mode is not None and mode.place is not None else pooler.block
    return ((at, "the pooler's mode"),)


def address(block: Block) -> tuple[Setting, Url] | None:
    """Where a driver connects to: its URL, or its host and port."""
    for name in ("url", "dsn", "conninfo"):
        found = url_setting(block, name)
        if found is not None:
            return found
        given = written(block, name)
        if given is not None:
            words = dict(_DSN.findall(given.value)) if isinstance(given.value, str) else {}
            if name == "url" or not words.get("host") or name in _variables(block):
                return None
            parsed = parse_url(f"postgresql://{words['host']}:{words.get('port', '')}/{words.get('dbname', '')}")
            return (given, parsed) if parsed is not None else None
    host, port = written(block, "host"), written(block, "port")
    if host is None or not isinstance(host.value, str) or not host.value or "host" in _variables(block):
        return None
    known_port = port.value if port is not None and "port" not in _variables(block) else None
    number = str(known_port) if isinstance(known_port, (int, str)) else ""
    parsed = parse_url(f"postgresql://{host.value}:{number}/")
    return (host, parsed) if parsed is not None else None


def _variables(block: Block) -> dict[str, str]:
    found: dict[str, str] = block.facts.get("from_environment", {})
    return found


# asyncpg


def asyncpg_engine(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """An engine over asyncpg behind a pooler that loses prepared statements."""
    found = url_setting(block)
    if (
        found is None
        or found[1].driver != "asyncpg"
        or is_throwaway(block)
        or _switched_off(block, found[1], outer=True)
    ):
        return
    cache = block.value("connect_args.statement_cache_size")
    if cache is UNKNOWN or cache == 0 or written(block, "connect_args.prepared_statement_name_func") is not None:
        return
    yield from _prepares(found, ctx)


def asyncpg_pool(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """asyncpg's own pool or connection behind a pooler that loses prepared statements."""
    found = address(block)
    cache = block.value("statement_cache_size")
    if found is None or cache is UNKNOWN or cache == 0 or is_throwaway(block) or not block.complete:
        return
    if found[1].query.get("statement_cache_size") != "0":
        yield from _prepares(found, ctx)


def _prepares(found: tuple[Setting, Url], ctx: RuleContext) -> Iterator[Hit]:
    setting, url = found
    pooler = pooler_of(url, ctx)
    if pooler is not None:
        if _loses(pooler):
            yield Hit(setting, None, "told", related=_mode_places(pooler))
    elif url.port == HOSTED_PORT and may_lose(url, ctx):
        yield Hit(setting)


def _switched_off(block: Block, url: Url, *, outer: bool) -> bool:
    """Whether SQLAlchemy's own cache of statements (``outer``), or asyncpg's below it, is switched off."""
    if outer and url.query.get("prepared_statement_cache_size") == "0":
        return True
    name = "prepared_statement_cache_size" if outer else "statement_cache_size"
    value = block.value(f"connect_args.{name}")
    return value is not UNKNOWN and value == 0


def half_disabled(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """asyncpg has two statement caches under SQLAlchemy; one alone was switched off."""
    found = url_setting(block)
    if found is None or found[1].driver != "asyncpg":
        return
    named = written(block, "connect_args.prepared_statement_name_func")
    level = block.value("isolation_level")
    if named is not None and isinstance(level, str) and level.upper() == "AUTOCOMMIT":
        pooler = pooler_of(found[1], ctx)
        if pooler.mode is not None if pooler is not None else looks_pooled(found[1], ctx):
            yield Hit(named, {"level": level}, "autocommit")
        return
    if not _switched_off(block, found[1], outer=True):
        return
    if block.value("connect_args.statement_cache_size") is UNKNOWN or _switched_off(block, found[1], outer=False):
        return
    pooler = pooler_of(found[1], ctx)
    at = written(block, "connect_args.prepared_statement_cache_size") or found[0]
    if pooler is not None and _loses(pooler):
        yield Hit(at, None, "told", related=_mode_places(pooler))
    else:
        yield Hit(at)


# psycopg 3


def psycopg_prepares(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """psycopg 3 prepares statements on its own, and a pooler by transaction hands out another connection each time."""
    name = "connect_args.prepare_threshold" if block.system == "sqlalchemy" else "kwargs.prepare_threshold"
    if block.kind == "connection":
        name = "prepare_threshold"
    found, threshold = address(block), block.get(name)
    if found is None or threshold is None or threshold.value is UNKNOWN or is_throwaway(block):
        return
    setting, url = found
    if url.dialect not in POSTGRESQL or (block.system == "sqlalchemy" and url.driver != "psycopg"):
        return
    if threshold.value is None and threshold.origin != "default":
        return
    at = threshold if threshold.origin != "default" else setting
    at_once = threshold.value == 0
    pooler = pooler_of(url, ctx)
    if pooler is not None:
        if _loses(pooler):
            yield Hit(at, {"host": url.host}, "once" if at_once else "told", related=_mode_places(pooler))
    elif may_lose(url, ctx):
        if at_once:
            yield Hit(at, {"host": url.host}, "once-likely")
        elif url.port == HOSTED_PORT:
            yield Hit(at, {"host": url.host}, "likely")


# Django


def django_cursors(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Server-side cursors through a pooler that shares connections by transaction."""
    engine = block.value("ENGINE")
    if not isinstance(engine, str) or not engine.startswith("django.db.backends.postgresql") or is_throwaway(block):
        return
    if block.value("DISABLE_SERVER_SIDE_CURSORS") is not False or block.value("ATOMIC_REQUESTS") is not False:
        return
    host, port, name = written(block, "HOST"), written(block, "PORT"), block.value("NAME")
    variables = _variables(block)
    if host is None or not isinstance(host.value, str) or "HOST" in variables or "PORT" in variables:
        return
    number = "" if port is None else str(port.value)
    if not re.fullmatch(r"\d*", number):
        return
    url = parse_url(f"postgresql://{host.value}:{number}/{name if isinstance(name, str) else ''}")
    if url is None:
        return
    where = f"{url.host}:{number}" if number else url.host
    pooler = pooler_of(url, ctx)
    if pooler is not None:
        if pooler.mode is not None:
            yield Hit(host, {"where": where}, "told", related=_mode_places(pooler))
    elif looks_pooled(url, ctx):
        yield Hit(host, {"where": where})


# Poolers by session


def _prepared_for_sharing(block: Block, url: Url) -> bool:
    """Whether the call takes care of prepared statements, which only a pooler by transaction asks for."""
    threshold = written(block, "connect_args.prepare_threshold")
    if threshold is not None and threshold.value is None:
        return True
    named = written(block, "connect_args.prepared_statement_name_func") is not None
    return named or any(_switched_off(block, url, outer=outer) for outer in (False, True))


def behind_session_pooler(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Idle pooled connections hold the server connections of a pooler that shares them by session."""
    found = url_setting(block)
    if found is None or found[1].dialect not in POSTGRESQL or is_throwaway(block):
        return
    if not has_default_class(block) and pool_class(block) not in ("QueuePool", "AsyncAdaptedQueuePool"):
        return
    setting, url = found
    size = block.by_role("size")
    named = at_host(url.host)
    if named is None or named.name != "pgbouncer" or size is None or size.value is UNKNOWN:
        return
    poolers = ctx.of("pgbouncer", "main")
    if not poolers:
        if not _prepared_for_sharing(block, url):
            yield Hit(setting, {"host": url.host, "size": f"{size.value:g}"})
        return
    if any((mode := pooler.get("pool_mode")) is None or mode.value != "session" for pooler in poolers):
        return
    for pooler in poolers:
        mode, most = pooler.get("pool_mode"), pooler.get("default_pool_size")
        if mode is None or most is None or most.value is UNKNOWN:
            continue
        values = {"host": url.host, "size": f"{size.value:g}", "most": f"{most.value:g}"}
        case = "told" if size.value > most.value else "fits"
        yield Hit(setting, values, case, related=((pooler, "the pooler"),))
        return


def pool_behind_session(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """The connections that a driver's pool keeps open hold the server connections of a pooler by session."""
    found, least = address(block), block.by_role("min_idle")
    if found is None or least is None or not is_number(least.value) or least.value <= 0 or is_throwaway(block):
        return
    setting, url = found
    pooler = pooler_of(url, ctx)
    if pooler is None or pooler.mode is not None:
        return
    most = pooler.block.get("default_pool_size")
    if most is None or not is_number(most.value):
        return
    values = {"host": url.host, "least": f"{least.value:g}", "most": f"{most.value:g}"}
    case = "" if least.value > most.value else "fits"
    yield Hit(setting, values, case, related=((pooler.block, "the pooler"),))
