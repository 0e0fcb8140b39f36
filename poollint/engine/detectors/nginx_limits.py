"""nginx limits: connections of a worker, open files, max_conns, limit_conn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import Block, Fix
from poollint.engine.detectors.nginx_clients import sees_outer_levels, write
from poollint.engine.detectors.nginx_edits import insert_after
from poollint.engine.detectors.nginx_timeouts import reuses
from poollint.engine.detectors.nginx_traffic import keeps_connections
from poollint.engine.hits import Hit, known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poollint.blocks import Setting
    from poollint.engine.hits import RuleContext

ADDRESS_KEYS = ("$binary_remote_addr", "$remote_addr")
REAL_ADDRESS_WORDS = ("set_real_ip_from", "real_ip_header", "proxy_protocol")
_PLAIN = re.compile(r"[\w.-]+")


def workers(main: Any, ctx: RuleContext) -> int | None:
    """How many workers run; None when that cannot be known (``auto`` without the option cpus, main not in sight)."""
    value = main.value("worker_processes") if isinstance(main, Block) else None
    if isinstance(value, int):
        return value
    return ctx.config.get("cpus") if value == "auto" else None


def proxies(main: Block, ctx: RuleContext) -> bool:
    """Whether some location of this configuration hands requests to a backend."""
    found: set[int] | None = ctx.memo.get("nginx proxies")
    if found is None:
        locations = ctx.of("nginx", "location")
        found = {id(each.links.get("main")) for each in locations if each.facts.get("handler")}
        ctx.memo["nginx proxies"] = found
    return id(main) in found


def open_files(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """The limit of open files of a worker against worker_connections."""
    main = block.links.get("main")
    connections = block.get("worker_connections")
    if not isinstance(main, Block) or connections is None or not isinstance(connections.value, int):
        return
    written = main.get("worker_rlimit_nofile")
    limit = written.value if written is not None else None
    told = limit is None
    if told:
        limit = ctx.config.get("nofile")
    if not isinstance(limit, int):
        return
    values = {"limit": limit, "connections": connections.value, "wanted": 2 * connections.value}
    name = "-told" if told else ""
    at = connections if told or written is None else written
    if limit < connections.value:
        fix = write(written, str(values["wanted"])) if written is not None and not told else None
        yield Hit(at, values, f"below{name}", _beside(connections, at), fix)
    elif limit < 2 * connections.value and proxies(main, ctx):
        yield Hit(at, values, f"half{name}", _beside(connections, at))


def _beside(connections: Setting, at: Setting) -> tuple[tuple[Setting, str], ...]:
    return ((connections, "the connections of a worker"),) if connections is not at and connections.place else ()


def connections_low(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Few worker_connections for a proxy, or fewer than the idle pools alone may hold."""
    main = block.links.get("main")
    setting = block.get("worker_connections")
    if not isinstance(main, Block) or setting is None or not isinstance(setting.value, int) or not proxies(main, ctx):
        return
    number = setting.value
    if setting.origin == "explicit" and number < ctx.options["minimum"]:
        alone = workers(main, ctx) == 1 and 4 * number >= ctx.options["minimum"]
        yield Hit(setting, {"requests": number // 2}, "one" if alone else "low")
        return
    pools = _pools(main, number // 2)
    idle = sum(size for _, size in pools)
    if idle >= number:
        terms = " + ".join(str(size) for _, size in pools)
        shown = f"{terms} = {idle}" if 1 < len(pools) <= 6 else str(idle)
        related = tuple((upstream, f"keepalive {upstream.facts['keepalive']}") for upstream, _ in pools[:5])
        yield Hit(setting if setting.place else block, {"sum": shown, "connections": number}, "pools", related)


def _pools(main: Block, at_once: int) -> list[tuple[Block, int]]:
    """The upstream groups in use, with the idle connections that a worker may have kept to each.

    A connection that is idle is used before another one to the same server is opened: no server can have more than a
    worker can have requests at a time. A group whose requests may all close their connections counts for nothing.
    """
    http = main.links.get("http")
    found = []
    upstreams: Iterable[Block] = (http.links.get("upstreams") or ()) if isinstance(http, Block) else ()
    for upstream in upstreams:
        size, peers = upstream.facts.get("keepalive"), upstream.facts.get("peers")
        if isinstance(size, int) and size > 0 and isinstance(peers, int) and _kept(upstream):
            found.append((upstream, min(size, peers * at_once)))
    return found


def _kept(upstream: Block) -> bool:
    return keeps_connections(upstream) or any(
        reuses(each, upstream.target) for each in upstream.facts.get("users") or ()
    )


def max_conns(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """max_conns in a group without a zone: every worker counts by itself."""
    if block.facts.get("has_zone") or block.facts.get("complete") is False:
        return
    limited = [(server, number) for server in block.facts.get("servers") or () if (number := _max_conns(server))]
    if not limited:
        return
    level = block.links.get("http") or block.links.get("stream")
    main = level.links.get("main") if isinstance(level, Block) else None
    count = workers(main, ctx)
    if count == 1:
        return
    server, number = limited[0]
    related = tuple((other.place, f"max_conns={size}") for other, size in limited[1:6])
    values = {"number": number, "total": number * (count or 0), "workers": count}
    auto = isinstance(main, Block) and main.value("worker_processes") == "auto"
    case = "counted" if count else "auto" if auto else "unknown"
    yield Hit(server.place, values, case, related, _add_zone(block, server))


def _add_zone(block: Block, server: Any) -> Fix | None:
    edit = insert_after(server.place, f"zone {block.name} 64k;") if _PLAIN.fullmatch(block.name) else None
    return Fix(f"add zone {block.name} 64k", (edit,), safe=False) if edit is not None else None


def _max_conns(server: Any) -> int:
    text = str(server.params.get("max_conns", ""))
    return int(text) if text.isdecimal() else 0


def limit_conn_lost(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """limit_conn on this level, which drops the outer level's limit_conn of other zones."""
    own = block.facts.get("limit_conns")
    if not own:
        return
    lost = block.facts.get("lost_limit_conns") if block.kind == "location" else _outer_limits(block)
    if not known(lost):
        return
    here = {zone for zone, _, _ in own}
    gone = [each for each in lost or () if each[0] not in here]
    if gone:
        zones = ", ".join(dict.fromkeys(zone for zone, _, _ in gone))
        related = tuple((place, f"limit_conn {zone} {number} holds only outside") for zone, number, place in gone[:5])
        yield Hit(own[0][2], {"zones": zones, "kept": own[0][0]}, "", related)


def _outer_limits(block: Block) -> Any:
    outer = block.links.get("outer")
    return outer.facts.get("limit_conns") if isinstance(outer, Block) else None


def limit_conn_address(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """limit_conn_zone by client address behind a balancer, with nothing that restores the client's address."""
    told = ctx.config.get("front")
    zones = block.facts.get("limit_conn_zones")
    if told is None or told == "" or not zones or block.facts.get("complete") is not True:
        return
    if not sees_outer_levels(block):
        return
    from poollint.knowledge.balancers import front

    profile = front(told)
    if profile is None or profile.flow is not None or _restores_address(ctx):
        return
    used = _used_zones(ctx)
    for name, (key, _, place) in zones.items():
        if key in ADDRESS_KEYS and name in used:
            yield Hit(place, {"zone": name, "key": key, "title": profile.title})


def _restores_address(ctx: RuleContext) -> bool:
    """Whether any file of the run speaks of the client's real address; even in a comment, for it may be included."""
    found = ctx.memo.get("nginx real address")
    if found is None:
        sources = {id(block.place.source): block.place.source for block in ctx.blocks if block.system == "nginx"}
        found = any(word in source.text for source in sources.values() for word in REAL_ADDRESS_WORDS)
        ctx.memo["nginx real address"] = found
    return bool(found)


def _used_zones(ctx: RuleContext) -> set[str]:
    found: set[str] | None = ctx.memo.get("nginx limit_conn zones")
    if found is None:
        blocks = (block for kind in ("http", "server", "location") for block in ctx.of("nginx", kind))
        found = {each[0] for block in blocks for each in block.facts.get("limit_conns") or ()}
        ctx.memo["nginx limit_conn zones"] = found
    return found
