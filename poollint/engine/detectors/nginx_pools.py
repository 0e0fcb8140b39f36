"""nginx upstream pools: whether idle connections to the backends are kept, and how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.engine.detectors.nginx_edits import insert_after, removal, reuse_fix
from poollint.engine.detectors.nginx_traffic import (
    CLEARED,
    MORE_SHOWN,
    clear,
    clear_place,
    closes,
    connection,
    explicit_pool,
    handler_place,
    http_version,
    listed,
    local_pool,
    new_defaults,
    once,
    others,
    own_handler,
    pool_size,
    pooled,
    uncleared,
    users,
    websocket_path,
    whole,
    written,
)
from poollint.engine.hits import Hit, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Edit, Fix, Setting
    from poollint.engine.hits import RuleContext
    from poollint.source import Place

NEVER_KEEPING_HANDLERS = frozenset({"uwsgi_pass", "scgi_pass"})
_POOL_SETTINGS = ("keepalive_timeout", "keepalive_requests", "keepalive_time")


def no_pool_statement(upstream: Block) -> bool:
    return whole(upstream) and "keepalive" in upstream.facts and upstream.facts["keepalive"] is None


def idle_settings(upstream: Block) -> list[Setting]:
    return [setting for name in _POOL_SETTINGS if (setting := written(upstream, name)) is not None]


def _last_statement(upstream: Block) -> Place | None:
    places = [server.place for server in listed(upstream, "servers")]
    places += [statement[1] for statement in listed(upstream, "balancer_statements")]
    places = [place for place in places if place.source is upstream.place.source]
    return max(places, key=lambda place: place.start, default=None)


def _add_pool(upstream: Block) -> Fix | None:
    last = _last_statement(upstream)
    if last is None:
        return None
    speaking = [edit for each in old_protocol(upstream) for edit in speak_new(each)]
    cleared = [clear(each) for each in uncleared(upstream)]
    return reuse_fix("add keepalive 32", [insert_after(last, "keepalive 32;"), *speaking, *cleared])


def no_keepalive(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX001: requests go to an upstream that keeps no connection."""
    if not no_pool_statement(upstream) or new_defaults(ctx.target) or idle_settings(upstream):
        return
    locations = [block for block in users(upstream) if not websocket_path(block)]
    if locations:
        more = tuple((handler_place(block), "requests go to it here") for block in locations[:MORE_SHOWN])
        yield Hit(at=upstream, values={"name": upstream.name}, related=more, fix=_add_pool(upstream))


def settings_without_pool(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX015: keepalive_timeout, _requests or _time of a pool that is not there."""
    if not no_pool_statement(upstream) or new_defaults(ctx.target):
        return
    settings = idle_settings(upstream)
    if settings:
        names = " and ".join(setting.key for setting in settings)
        more = tuple((setting, "has no effect either") for setting in settings[1:])
        yield Hit(at=settings[0], values={"names": names, "name": upstream.name}, related=more, fix=_add_pool(upstream))


def http10_default(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX003: a written pool, but the locations speak HTTP/1.0 to it because nobody said otherwise."""
    if not explicit_pool(upstream) or new_defaults(ctx.target):
        return
    found = old_protocol(upstream)
    if found:
        uncleared = any(connection(location) is None for location in found)
        yield Hit(
            at=handler_place(found[0]),
            values={"name": upstream.name, "count": len(found)},
            case="both" if uncleared else "version",
            related=others(found, "the same here"),
            fix=reuse_fix("speak HTTP/1.1 to it", [edit for each in found for edit in speak_new(each)]),
        )


def old_protocol(upstream: Block) -> list[Block]:
    """The locations that speak HTTP/1.0 to an upstream because nobody said otherwise."""
    found = []
    for location in users(upstream, ("proxy_pass",)):
        value = connection(location)
        if not whole(location) or value is UNKNOWN or http_version(location) is not None:
            continue
        if value != "keep-alive" and not closes(value):
            found.append(location)
    return found


def speak_new(location: Block) -> Iterator[Edit | None]:
    """The lines for HTTP/1.1 with a Connection header that keeps: None where they cannot be written."""
    version, place = "proxy_http_version 1.1;", handler_place(location)
    if connection(location) is not None:
        yield insert_after(place, version)
        return
    beside = clear_place(location)
    if beside is None:
        yield None
    elif beside == place:
        yield insert_after(place, version, CLEARED)
    else:
        yield insert_after(place, version)
        yield insert_after(beside, CLEARED)


def http10_written(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX004: proxy_http_version 1.0 stands in the way of a pool."""
    if not pooled(upstream, ctx.target):
        return
    for location in users(upstream, ("proxy_pass",)):
        value = connection(location)
        setting = location.get("proxy_http_version")
        if setting is None or http_version(location) != "1.0" or value is UNKNOWN:
            continue
        if value != "keep-alive" and not closes(value):
            yield from once(ctx, "NGX004", setting.place, Hit(at=setting, values={"name": upstream.name}))


def keepalive_before_balancer(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX012: the balancing method that follows keepalive throws the pool away."""
    index = upstream.facts.get("keepalive_index")
    if not explicit_pool(upstream) or not isinstance(index, int) or new_defaults(ctx.target):
        return
    later = [statement for statement in listed(upstream, "balancer_statements") if statement[2] > index]
    if later:
        name, place, _ = later[-1]
        setting = written(upstream, "keepalive")
        values = {"balancer": name, "name": upstream.name}
        more = ((place, f"{name} takes over here"),)
        yield Hit(at=setting or upstream, values=values, related=more, fix=_move_behind(setting, place))


def _move_behind(setting: Setting | None, place: Place) -> Fix | None:
    if setting is None or setting.key_place is None or setting.place is None:
        return None
    end = removal(setting.key_place, setting.place)
    local = " local" if end is not None and " local" in end.place.text else ""
    return reuse_fix("move keepalive behind it", [end, insert_after(place, f"keepalive {setting.raw}{local};")])


def balancer_redefined(upstream: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """NGX013: two balancing methods; nginx warns and takes the last."""
    statements = listed(upstream, "balancer_statements")
    if len(statements) > 1:
        first, last = statements[0], statements[-1]
        values = {"first": first[0], "last": last[0], "name": upstream.name}
        yield Hit(at=first[1], values=values, related=((last[1], f"{last[0]} replaces it"),))


def balancer_after_servers(upstream: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """NGX014: ip_hash, hash or random behind a backup server, which the other order would have refused."""
    for name, place, _ in listed(upstream, "balancer_statements"):
        if name not in ("ip_hash", "hash", "random"):
            continue
        for server in listed(upstream, "servers"):
            if "backup" not in server.params or server.place.source is not place.source:
                continue
            if server.place.start < place.start:
                more = ((server.place, "the backup server"),)
                yield Hit(at=place, values={"balancer": name, "address": server.address}, related=more)
                return


def zero_timeout(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX019: keepalive_timeout 0 in an upstream that has a pool."""
    setting = written(upstream, "keepalive_timeout")
    if setting is not None and setting.value == 0 and pooled(upstream, ctx.target):
        yield Hit(at=setting, fix=without(setting))


def without(setting: Setting) -> Fix | None:
    if setting.key_place is None or setting.place is None:
        return None
    return reuse_fix(f"delete {setting.key}", [removal(setting.key_place, setting.place)])


def _pool_at(upstream: Block) -> Setting | Block:
    return written(upstream, "keepalive") or upstream


def outlives_backend(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX020: idle connections are kept longer than the backend keeps them."""
    limit: Any = ctx.config.get("backend_idle")
    setting = upstream.get("keepalive_timeout")
    if not known(limit) or setting is None or not pooled(upstream, ctx.target):
        return
    if not isinstance(setting.value, (int, float)) or not whole(upstream) or setting.value == 0:
        return
    if setting.value >= limit and users(upstream):
        better = max(limit - 1, limit / 2)
        at = setting if setting.origin == "explicit" else _pool_at(upstream)
        case = "written" if setting.origin == "explicit" else "default"
        values = {"seconds": setting.value, "limit": limit, "better": better, "name": upstream.name}
        yield Hit(at=at, values=values, case=case)


def peers(upstream: Block) -> list[Any]:
    """The servers that take requests in turn: neither backup nor down."""
    servers = listed(upstream, "servers")
    return [server for server in servers if "backup" not in server.params and "down" not in server.params]


def smaller_than_peers(upstream: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """NGX021: fewer slots than servers; taken in turn, none is ever found again."""
    size, count = explicit_pool(upstream), len(peers(upstream))
    if 0 < size < count:
        values = {"size": size, "count": count, "better": 2 * count, "name": upstream.name}
        yield Hit(at=_pool_at(upstream), values=values)


def workers(ctx: RuleContext) -> int | None:
    """worker_processes of the one main file of the run; ``auto`` is what the option ``cpus`` says. None: not known."""
    mains = ctx.of("nginx", "main")
    if len(mains) != 1:
        return None
    value = mains[0].value("worker_processes")
    if value == "auto":
        value = ctx.config.get("cpus")
    return value if isinstance(value, int) and value > 0 else None


def exceeds_capacity(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX022: all workers' idle connections together fill the backend."""
    capacity: Any = ctx.config.get("backend_capacity")
    size = pool_size(upstream, ctx.target)
    processes = workers(ctx)
    if not known(capacity) or not size or processes is None or not whole(upstream) or not users(upstream):
        return
    instances = ctx.config.get("instances") or 1
    total = size * processes * instances
    if total > capacity:
        better = max(1, capacity // (2 * processes * instances))
        values = {"size": size, "workers": processes, "instances": instances, "total": total, "capacity": capacity}
        yield Hit(at=_pool_at(upstream), values={**values, "better": better, "name": upstream.name})


def local_pool_split(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX026: one set of slots shared by more locations than it can serve, none of which may use another's."""
    if not pooled(upstream, ctx.target) or not local_pool(upstream, ctx.target):
        return
    if not explicit_pool(upstream) and not no_pool_statement(upstream):
        return
    count, servers, size = len(users(upstream)), len(peers(upstream)), pool_size(upstream, ctx.target)
    needed = count * servers
    if count < 2 or not servers or size >= 2 * needed:
        return
    case = "thrash" if explicit_pool(upstream) and size < needed else "few"
    values = {"size": size, "locations": count, "servers": servers, "needed": needed, "name": upstream.name}
    yield Hit(at=_pool_at(upstream), values=values, case=case)


def duplicate_pools(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX027: a second upstream with the same servers and settings has a pool of its own."""
    shape = _shape(upstream)
    if shape is None or not pooled(upstream, ctx.target):
        return
    key = ("nginx upstream shapes", id(upstream.links.get("http")), upstream.place.source.path)
    first = ctx.memo.setdefault(key, {}).setdefault(shape, upstream)
    if first is not upstream and first.name.lower() != upstream.name.lower():
        more = ((first, "the same servers"),)
        yield Hit(at=upstream, values={"name": upstream.name, "first": first.name}, related=more)


def _shape(upstream: Block) -> tuple[Any, ...] | None:
    servers = listed(upstream, "servers")
    if not servers or not whole(upstream):
        return None
    try:
        written_here = sorted((name, setting.raw) for name, setting in upstream.settings.items() if name != "zone")
        lines = sorted((server.address.lower(), sorted(server.params.items())) for server in servers)
    except (TypeError, AttributeError):
        return None
    return str(lines), str(written_here), upstream.facts.get("balancer"), upstream.facts.get("keepalive_local")


def fastcgi_not_kept(upstream: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """NGX028: a written pool that FastCGI locations never fill, as fastcgi_keep_conn is off."""
    if not explicit_pool(upstream):
        return
    found = [block for block in users(upstream, ("fastcgi_pass",)) if whole(block)]
    found = [block for block in found if block.value("fastcgi_keep_conn") in (False, None)]
    if found:
        values = {"name": upstream.name, "count": len(found)}
        yield Hit(at=handler_place(found[0]), values=values, related=others(found, "the same here"))


def _keeps_fastcgi(location: Block) -> bool:
    return location.facts.get("handler") == "fastcgi_pass" and location.value("fastcgi_keep_conn") is True


def fastcgi_without_pool(location: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX029: fastcgi_keep_conn on, and nothing that keeps the connection."""
    if not _keeps_fastcgi(location) or not own_handler(location):
        return
    setting = location.get("fastcgi_keep_conn")
    if setting is None:
        return
    upstream = location.links.get("upstream")
    if upstream is None:
        if location.facts.get("target_kind") in ("address", "unix"):
            values = {"target": location.facts.get("target", "")}
            more = ((handler_place(location), "no upstream block stands behind this"),)
            yield from once(ctx, "NGX029", setting.place, Hit(at=setting, values=values, case="direct", related=more))
        return
    if not no_pool_statement(upstream) or new_defaults(ctx.target) or idle_settings(upstream):
        return
    if next(no_keepalive(upstream, ctx), None) is None:
        hit = Hit(at=setting, values={"name": upstream.name}, case="upstream", related=((upstream, "no keepalive"),))
        yield from once(ctx, "NGX029", upstream.place, hit)


def fastcgi_starves(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX030: kept FastCGI connections occupy every PHP child."""
    capacity: Any = ctx.config.get("backend_capacity")
    processes = workers(ctx)
    size = pool_size(upstream, ctx.target)
    if not known(capacity) or processes is None or not size:
        return
    found = [block for block in users(upstream, ("fastcgi_pass",)) if _keeps_fastcgi(block)]
    instances = ctx.config.get("instances") or 1
    total = size * processes * instances
    if found and total >= capacity:
        values = {"size": size, "workers": processes, "instances": instances, "total": total, "capacity": capacity}
        better = max(1, capacity // (2 * processes * instances))
        more = tuple((handler_place(block), "each of them holds a child") for block in found[:MORE_SHOWN])
        yield Hit(at=_pool_at(upstream), values={**values, "better": better, "name": upstream.name}, related=more)


def useless_protocol(upstream: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """NGX031: keepalive in an upstream that only uwsgi or SCGI locations use."""
    setting = written(upstream, "keepalive")
    if setting is None or not explicit_pool(upstream) or not whole(upstream):
        return
    found = [block.facts.get("handler") for block in listed(upstream, "users")]
    if found and NEVER_KEEPING_HANDLERS.issuperset(found):
        words = " and ".join(sorted(set(found)))
        yield Hit(at=setting, values={"handlers": words, "name": upstream.name}, fix=without(setting))
