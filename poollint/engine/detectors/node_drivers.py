"""Rules for the database, cache and ORM libraries of Node.js."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.detectors.node_common import methods_of, object_of, table_of, text_endpoint, url_text
from poollint.engine.detectors.role_pools import is_short_lived, is_throwaway
from poollint.engine.hits import Hit, RuleContext, known
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.readers.source.values import Table
    from poollint.source import Place

NODE_REDIS_TOP = frozenset("host port connect_timeout retry_strategy no_ready_check family path".split())
TYPEORM_TOP = frozenset(("max", "pool", "acquireTimeout", "connectionTimeout", "extras", "connectionLimit"))
TYPEORM_EXTRA_POSTGRES = frozenset(
    "connectionLimit pool validateConnection validationQuery acquireTimeoutMillis acquireTimeout "
    "evictionRunIntervalMillis".split()
)
TYPEORM_EXTRA_MYSQL = frozenset(
    "max min acquireTimeout acquireTimeoutMillis idleTimeoutMillis poolSize reconnect".split()
)
PRISMA_URL = ("connection_limit", "pool_timeout", "pgbouncer")
DRIZZLE_POOL = ("max", "min", "idleTimeoutMillis", "connectionTimeoutMillis", "maxLifetimeSeconds")
QUERY_IN = re.compile(r"\bany\s*\(|\bin\s*\(|findMany|whereIn|\$in\b|\bIn\(|findAll", re.I)


def min_below_version(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A floor that pg does not keep."""
    setting = block.settings.get("min") or block.settings.get("extra.min")
    if setting is None or setting.origin == "default" or not known(setting.value) or setting.value == 0:
        return
    target = block.target
    if block.system in ("typeorm", "prisma"):  # it is the release of pg that counts
        target = (block.facts.get("packages") or {}).get("pg")
    if block.system == "typeorm" and (target is None or block.value("type") != "postgres"):
        return
    if block.facts.get("construct") == "PrismaNeon":
        return  # which brings a pool of its own
    if target is not None and target < (8, 16):
        yield Hit(setting, {"setting": setting.key, "raw": setting.raw}, "ignored")
    elif target is not None and target < (8, 17):
        yield Hit(setting, {"setting": setting.key, "raw": setting.raw}, "drains")
    else:
        yield Hit(setting, {"setting": setting.key, "raw": setting.raw})


def mysql2_options(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Options that mysql2 only warns of, and the wait that acquireTimeout does not bound."""
    for name, entry in (block.facts.get("unknown_options") or {}).items():
        yield Hit(entry.key_place, {"option": name})


def mysql_acquire(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    setting = block.settings.get("acquireTimeout")
    if setting is not None and setting.origin != "default":
        yield Hit(setting, {"raw": setting.raw})


def unbounded_queue(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A queue for connections without an end, in a library that knows no acquire timeout."""
    queue, waits, size = block.get("queueLimit"), block.get("waitForConnections"), block.by_role("size")
    if queue is None or waits is None or size is None or is_throwaway(block) or not known(queue.value, waits.value):
        return
    if queue.value == UNLIMITED and waits.value is True and size.value is not UNKNOWN and size.value != UNLIMITED:
        yield Hit(queue if queue.origin != "default" else block, {}, "absent" if queue.origin == "default" else "")


def knex_max_below_min(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """pool.max below the floor that Knex sets by itself."""
    least, most = block.get("pool.min"), block.settings.get("pool.max")
    if least is None or most is None or least.origin != "default" or not known(least.value, most.value):
        return
    if isinstance(most.value, int) and not isinstance(most.value, bool) and 0 < most.value < least.value:
        yield Hit(most, {"raw": most.raw, "least": least.value})


def knex_min(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Connections that an idle process never gives back."""
    if any(use.method == "destroy" and not use.handler for use in methods_of(block)):
        return  # a program of its own, which ends the pool
    least, client = block.get("pool.min"), block.value("client")
    if least is None or not known(least.value) or not isinstance(least.value, int) or least.value <= 0:
        return
    if is_throwaway(block) or (isinstance(client, str) and "sqlite" in client):
        return
    if least.origin == "default":
        most = block.get("pool.max")
        if most is not None and isinstance(most.value, int) and most.value < least.value:
            return
        yield Hit(block, {"least": least.value}, "absent")
    else:
        yield Hit(least, {"raw": least.raw})


def mongo_removed(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Options that the driver has dropped."""
    for setting in list(block.settings.values()):
        removed = setting.spec.get("removed") if setting.spec is not None else None
        if not removed or setting.origin == "default":
            continue
        release = parse_version(removed)
        meant = setting.spec.get("replacement", "") if setting.spec is not None else ""
        values = {"option": setting.key, "release": removed, "meant": meant}
        if block.target is None:
            case = "newest" if release > (6,) else "hint" if meant else ""
            yield Hit(setting, values, case)
        elif block.target >= release:
            yield Hit(setting, values, "hint" if meant else "")


def mongo_idle(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool that grows with a burst and never shrinks."""
    first = (6,) if block.system == "mongoose" else (4,)
    if block.target is not None and block.target < first:
        return  # its driver has other pools
    if block.facts.get("scope") == "function" and not (block.facts.get("uses") or {}).get("stored"):
        return  # whoever gets it may close it
    idle, size = block.get("maxIdleTimeMS"), block.by_role("size")
    url = block.value("url")
    if (
        idle is None
        or size is None
        or is_throwaway(block)
        or is_short_lived(block)
        or not known(idle.value, size.value)
    ):
        return
    if isinstance(url, str) and re.search(r"[?&]max(?:IdleTimeMS|PoolSize)=", url, re.I):
        return
    if idle.value == UNLIMITED and size.value >= 50:
        yield Hit(block, {"size": size.value, "setting": idle.key}, "unlimited" if size.value == UNLIMITED else "")


def redis_options(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Options at a place where the Redis library does not look."""
    unknown = block.facts.get("unknown_options") or {}
    if block.system == "node-redis":
        if block.target is not None and block.target < (4,):
            return
        for name, entry in unknown.items():
            if name in NODE_REDIS_TOP:
                yield Hit(entry.key_place, {"option": name}, "node-redis")
        return
    for name, entry in unknown.items():
        meant = block.spec.confused.get(name, "") if block.spec is not None else ""
        case = "url" if name == "url" else "hint" if meant else ""
        yield Hit(entry.key_place, {"option": name, "meant": meant}, case)


def typeorm_misplaced(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Pool options at a place where TypeORM does not pass them on."""
    kind = block.value("type")
    if not isinstance(kind, str):
        return
    unknown = block.facts.get("unknown_options") or {}
    if kind in ("postgres", "mysql", "mariadb"):
        for name, entry in unknown.items():
            if name in TYPEORM_TOP and not (kind != "postgres" and name in ("acquireTimeout", "connectionLimit")):
                yield Hit(entry.key_place, {"option": name})
    wrong = TYPEORM_EXTRA_POSTGRES if kind == "postgres" else TYPEORM_EXTRA_MYSQL if kind == "mysql" else ()
    for name in wrong:
        found = unknown.get(f"extra.{name}")
        setting = block.settings.get(f"extra.{name}")
        place = found.key_place if found is not None else setting.key_place if setting is not None else None
        if place is not None:
            yield Hit(place, {"option": f"extra.{name}", "type": kind}, "extra")
    size, extra = block.settings.get("poolSize"), block.settings.get("extra.max")
    if kind == "postgres" and size is not None and extra is not None and size.raw != extra.raw:
        yield Hit(size, {"raw": size.raw, "extra": extra.raw}, "both")


def typeorm_query_time(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A time that is only logged."""
    setting = block.settings.get("maxQueryExecutionTime")
    if setting is None or not block.complete or block.value("type") != "postgres":
        return
    if "extra.statement_timeout" not in block.settings and "extra.query_timeout" not in block.settings:
        yield Hit(setting, {"raw": setting.raw})


def prisma_url(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Parameters of Prisma's own engine in the URL of a driver adapter."""
    url, text = block.by_role("url"), url_text(block)
    if url is None or not text:
        return
    environment = block.kind == "environment"
    if environment and not (_is_prisma(block, text) and block.target is not None and block.target >= (7,)):
        return
    for name in PRISMA_URL:
        if re.search(rf"[?&]{name}=", text):
            yield Hit(url, {"parameter": name}, "environment" if environment else name)
            return


def _is_prisma(block: Block, url: str) -> bool:
    """Whether the project of a file of variables has Prisma, and the variable holds a URL of Prisma's."""
    return block.target is not None and bool(re.match(r"(?:postgres(?:ql)?|mysql|sqlserver)://", url))


def prisma_timeout(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A wait for a connection that never ends."""
    for url, text in _engine_urls(block):
        if re.search(r"[?&]pool_timeout=0(?:&|$)", text):
            yield Hit(url, {})


def prisma_seconds(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Milliseconds in a URL whose reader counts in seconds."""
    for url, text in _engine_urls(block):
        for name, number in re.findall(r"[?&](pool_timeout|connect_timeout|socket_timeout)=(\d+)(?=&|$)", text):
            if int(number) >= 1000 and int(number) % 500 == 0:
                yield Hit(url, {"parameter": name, "number": number, "better": f"{int(number) / 1000:g}"})
                break


def prisma_size(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A pool of Prisma's engine that is larger than any one process has a use for."""
    for url, text in _engine_urls(block):
        found = re.search(r"[?&]connection_limit=(\d{1,9})(?:&|$)", text)
        if found is not None and int(found[1]) > ctx.options["threshold"]:
            yield Hit(url, {"size": int(found[1])})


def _engine_urls(block: Block) -> Iterator[tuple[Setting | Place, str]]:
    """The URLs whose parameters Prisma's own engine reads, which it does before 7, with a NUL for what is open in them."""
    if block.target is not None and block.target >= (7,):
        return
    if block.kind == "client":
        yield from _client_urls(block)
        return
    url = block.by_role("url")
    if url is None or not isinstance(url.value, str):
        return
    if block.kind != "environment" or _is_prisma(block, url.value):
        yield url, url.value


def _client_urls(block: Block) -> Iterator[tuple[Setting | Place, str]]:
    """``datasourceUrl``, and the URLs under ``datasources``, of a client's options."""
    own = block.settings.get("datasourceUrl")
    if own is not None:
        text = own.value if isinstance(own.value, str) else (block.facts.get("shapes") or {}).get(own.name, "")
        if text:
            yield own, text
    for source in _tables_in(table_of(object_of(block, "datasources"))):
        url = source.entries.get("url")
        if url is None or source.broken:
            continue
        text = url.value.value if isinstance(url.value.value, str) else url.value.shape
        if text:
            yield url.value.shared or url.key_place, text


def _tables_in(table: Table | None) -> list[Table]:
    entries = table.entries.values() if table is not None and not table.broken else ()
    found = (table_of(entry.value.value) for entry in entries)
    return [each for each in found if each is not None]


def prisma_legacy(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """What Prisma 7 refuses."""
    target = block.target
    if block.kind == "datasource":
        if target is None or target < (7,):
            return
        for name in ("url", "directUrl", "shadowDatabaseUrl"):
            setting = block.settings.get(name)
            if setting is not None and block.value("provider") != "mongodb":
                yield Hit(setting, {"setting": name}, "schema")
        return
    if target is not None and target < (7,):
        return
    local = str(block.facts.get("callee", "")).startswith((".", "@/", "~/"))
    for name in ("datasourceUrl", "datasources"):
        setting = block.settings.get(name)
        if setting is not None and (target is not None or local):
            yield Hit(setting, {"setting": name}, "" if target is not None else "likely")
    if (
        target is not None
        and block.complete
        and not {"adapter", "accelerateUrl"} & set(block.settings)
        and "datasourceUrl" not in block.settings
        and "datasources" not in block.settings
    ):
        yield Hit(block, {}, "no-adapter")


def prisma_pgbouncer(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pooler behind Prisma 6, and the URL does not say so."""
    for url, text in _engine_urls(block):
        if text.startswith("postgres") and "pgbouncer=true" not in text and text_endpoint(text) == "pooler":
            yield Hit(url, {})


def drizzle_misplaced(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Pool options beside the connection instead of inside it."""
    if "connection" not in block.settings and not any(name.startswith("connection.") for name in block.settings):
        return
    for name in DRIZZLE_POOL:
        setting = block.settings.get(name)
        if setting is not None:
            yield Hit(setting, {"setting": name})


def drizzle_url(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """drizzle(url) makes a pool whose callers wait for ever."""
    if is_throwaway(block) or "client" in block.settings or "url" in (block.facts.get("objects") or {}):
        return
    url = block.settings.get("url")
    text = url.place.text if url is not None and url.place is not None else ""
    if isinstance(block.value("url"), str) or re.match(r"process\.env\b", text):
        yield Hit(block, {})


def loader(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Batches without a limit, and a cache that lives as long as the process."""
    if block.facts.get("in_test"):
        return
    size, cache, batch = block.get("maxBatchSize"), block.get("cache"), block.get("batch")
    if block.facts.get("scope") == "module" and cache is not None and cache.value is True and block.name:
        yield Hit(block, {}, "module")
    elif (
        size is not None
        and size.value is not UNKNOWN
        and size.value == UNLIMITED
        and batch is not None
        and batch.place is not None
        and QUERY_IN.search(_body_of(batch.place))
    ):
        yield Hit(block, {})


def _body_of(place: Place) -> str:
    """The text of a function, or of the one in the same file whose name is given."""
    text = place.text
    if not text.isidentifier():
        return text
    declared = re.search(
        rf"(?m)^(?:export\s+)?(?:async\s+)?(?:function|const)\s+{re.escape(text)}\b.*?^}}", place.source.text, re.S
    )
    return declared[0] if declared else ""


def oracle_threads(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """More connections in thick mode than libuv has threads."""
    source = block.place.source
    if not any(each.place.source is source for each in ctx.of("oracledb", "thick")):
        return
    size = block.get("poolMax")
    if size is None or not isinstance(size.value, int) or "UV_THREADPOOL_SIZE" in source.text:
        return
    if "UV_THREADPOOL_SIZE" in (block.facts.get("packages") or {}):
        return  # a file that starts the program sets it
    if size.value > 4:
        yield Hit(size, {"raw": size.raw})
