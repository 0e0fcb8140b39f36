"""nginx timeouts and retries towards the backends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import UNLIMITED, Block
from poollint.engine.detectors.nginx_clients import once, sees_outer_levels, write
from poollint.engine.hits import Hit, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Setting
    from poollint.engine.hits import RuleContext
    from poollint.versions import Version

FAMILIES = ("proxy", "fastcgi", "grpc", "uwsgi", "scgi", "memcached", "tunnel")
NEW_DEFAULTS: Version = (1, 29, 7)
ZERO_CASES: dict[str, str] = {
    **{f"{family}_connect_timeout": "answer" for family in FAMILIES},
    **{f"{family}_read_timeout": "answer" for family in FAMILIES},
    **{f"{family}_send_timeout": "send" for family in FAMILIES},
    "send_timeout": "client-send",
    "client_body_timeout": "client-body",
    "client_header_timeout": "client-header",
    "resolver_timeout": "resolver",
}
CONNECT = frozenset(f"{family}_connect_timeout" for family in FAMILIES)
WAITS = frozenset(f"{family}_{what}_timeout" for family in FAMILIES for what in ("connect", "read"))
NEXT = frozenset(f"{family}_next_upstream" for family in FAMILIES)
RETRIED = ("timeout", "http_500", "http_502", "http_503", "http_504")
STREAMING = 3600
DATABASES = {
    5432: "PostgreSQL",
    6432: "PgBouncer",
    3306: "MySQL",
    33060: "MySQL",
    1433: "SQL Server",
    1521: "Oracle",
    27017: "MongoDB",
    6379: "Redis",
}


def zero_timeout(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Timeouts of 0, which nginx takes for "at once" (for the resolver: for no limit)."""
    for name, setting in block.settings.items():
        case = ZERO_CASES.get(name)
        if case is None or setting.origin != "explicit" or setting.value != 0:
            continue
        if case == "answer" and setting.place not in _answering(ctx):
            case = "stream" if block.kind.startswith("stream") else "unused"
        yield Hit(setting, case=case)


def _answering(ctx: RuleContext) -> set[Any]:
    """The places of connect and read timeouts of 0 that hold for a location that hands requests on."""
    found: set[Any] | None = ctx.memo.get("nginx zero timeouts")
    if found is None:
        found = set()
        for location in ctx.of("nginx", "location"):
            for name in _names(location, "connect_timeout", "read_timeout"):
                setting = location.settings.get(name)
                if setting is not None and setting.value == 0:
                    found.add(setting.place)
        ctx.memo["nginx zero timeouts"] = found
    return found


def _names(location: Block, *ends: str) -> tuple[str, ...]:
    """``proxy_read_timeout`` for a location with proxy_pass, and so on; nothing without a handler."""
    handler: str = location.facts.get("handler") or ""
    family = handler[: -len("_pass")]
    return tuple(f"{family}_{end}" for end in ends) if family in FAMILIES else ()


def connect_excessive(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    for name, setting in block.settings.items():
        if name not in CONNECT or setting.origin != "explicit" or not known(setting.value):
            continue
        if setting.value > ctx.options["threshold"] and _serves(block, name.split("_", 1)[0], ctx):
            yield Hit(setting, fix=write(setting, "5s"))


def _serves(block: Block, family: str, ctx: RuleContext) -> bool:
    """Whether requests may go by this family's protocol: surely not where all locations are in sight and none does."""
    if block.kind not in ("http", "server") or block.facts.get("complete") is not True:
        return True
    found: dict[int, set[str]] | None = ctx.memo.get("nginx protocols")
    if found is None:
        found = ctx.memo["nginx protocols"] = {}
        for each in ctx.of("nginx", "location"):
            handler = each.facts.get("handler") or "none"
            handlers = found.setdefault(id(each.links.get("main")), set())
            handlers.add(handler if each.facts.get("complete") is True else "unseen")
    used = found.get(id(block.links.get("main")), set())
    return "unseen" in used or f"{family}_pass" in used


def order(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A longer wait for the connection than for the answer; a longer wait than the balancer in front has."""
    done = set()
    for name, setting in block.settings.items():
        if name not in WAITS or setting.origin != "explicit":
            continue
        family = name.split("_", 1)[0]
        if family not in done:
            done.add(family)
            if _serves(block, family, ctx):
                yield from _connect_before_read(block, family)
    if block.kind == "location" and block.facts.get("handler") and ctx.config.get("front"):
        yield from _longer_than_front(block, ctx)


def _connect_before_read(block: Block, family: str) -> Iterator[Hit]:
    connect, read = block.get(f"{family}_connect_timeout"), block.get(f"{family}_read_timeout")
    if connect is None or read is None or not known(connect.value, read.value):
        return
    if "default" in (connect.origin, read.origin) and not sees_outer_levels(block):
        return
    if connect.value > read.value > 0:
        at = connect if connect.origin == "explicit" else read
        other = read if at is connect else connect
        related = ((other, f"{other.key} {other.raw}"),) if other.place is not None else ()
        yield Hit(at, {"family": family, "connect": connect.value, "read": read.value}, "connect", related)


def _longer_than_front(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    names = _names(block, "read_timeout")
    setting = block.settings.get(names[0]) if names else None
    if setting is None or not known(setting.value) or setting.value > STREAMING or _upgrades(block):
        return
    from poollint.knowledge.balancers import front

    profile = front(ctx.config["front"])
    if profile is None or profile.request is None or setting.value <= profile.request:
        return
    if once(ctx, "NGX056", setting.place):
        yield Hit(setting, {"title": profile.title, "request": profile.request}, "front")


def _upgrades(location: Block) -> bool:
    """Whether WebSocket connections may pass: they are meant to stay open."""
    headers = location.facts.get("headers")
    return headers is None or not known(headers) or "upgrade" in headers


def non_idempotent(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    for name, setting in block.settings.items():
        if name not in NEXT or setting.origin != "explicit" or not _has(setting, "non_idempotent"):
            continue
        if block.kind != "location" or id(block) not in _read_only(ctx):
            kept = " ".join(word for word in setting.value if word != "non_idempotent") or "off"
            yield Hit(setting, {"without": kept})


def _has(setting: Setting, *words: str) -> bool:
    value = setting.value
    return isinstance(value, (list, tuple)) and any(word in value for word in words)


def _read_only(ctx: RuleContext) -> set[int]:
    """The locations in which limit_except names no method that changes anything."""
    found: set[int] | None = ctx.memo.get("nginx limit_except")
    if found is None:
        found = set()
        for location in ctx.of("nginx", "location"):
            if location.facts.get("pseudo") == "limit_except":
                methods = str(location.facts.get("match") or location.name).upper()
                if not any(word in methods for word in ("POST", "PATCH", "LOCK")):
                    found.add(id(location.links.get("outer")))
        ctx.memo["nginx limit_except"] = found
    return found


def next_off(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Retries switched off for a location whose backend connections are reused."""
    names = _names(block, "next_upstream")
    setting = block.settings.get(names[0]) if names else None
    if setting is None or not isinstance(setting.value, (list, tuple)) or not reuses(block, ctx.target):
        return
    case = "off" if _has(setting, "off") else "" if _has(setting, "error") else "without-error"
    if case and once(ctx, "NGX058", setting.place):
        upstream = block.links["upstream"]
        yield Hit(setting, {"upstream": upstream.name}, case, ((upstream, f"the pool of {upstream.name}"),))


def reuses(location: Block, target: Version | None) -> bool:
    """Whether connections to the backend of this location are surely kept and used again."""
    upstream = location.links.get("upstream")
    if not isinstance(upstream, Block):
        return False
    new = target is not None and target >= NEW_DEFAULTS
    pooled = upstream.facts.get("pooled")
    if not (pooled is True or (pooled == "new" and new)):
        return False
    handler = location.facts.get("handler")
    if handler == "fastcgi_pass":
        return location.value("fastcgi_keep_conn") is True
    if handler != "proxy_pass":
        return handler in ("grpc_pass", "memcached_pass")
    version, connection = location.facts.get("http_version"), location.facts.get("connection")
    return (version in ("1.1", "2") or (version is None and new)) and (connection == "" or (connection is None and new))


def unbounded(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Retries on every server of a group, with neither a number nor a time to end them."""
    names = _names(block, "next_upstream", "next_upstream_tries", "next_upstream_timeout", "read_timeout")
    setting = block.settings.get(names[0]) if names else None
    if setting is None or not _has(setting, *RETRIED) or _has(setting, "off") or not sees_outer_levels(block):
        return
    upstream = block.links.get("upstream")
    if not isinstance(upstream, Block) or upstream.facts.get("complete") is False:
        return
    peers = upstream.facts.get("peers")
    tries, limit, read = (block.value(name) for name in names[1:])
    if not isinstance(peers, int) or peers < ctx.options["servers"] or not known(tries, limit, read):
        return
    if tries in (0, UNLIMITED) and limit in (0, UNLIMITED) and once(ctx, "NGX059", setting.place):
        values = {"servers": peers, "upstream": upstream.name, "read": read, "worst": peers * read, "tries": names[1]}
        yield Hit(setting, values, "", ((upstream, f"{peers} servers"),))


def stream_database(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """proxy_timeout of a stream server that hands on database connections."""
    if not block.facts.get("handler"):
        return
    database = _database(block)
    setting = block.get("proxy_timeout")
    if not database or setting is None or not known(setting.value) or not setting.value:
        return
    if any("udp" in listen.params for listen in block.facts.get("listens") or ()):
        return
    if setting.origin == "default":
        if sees_outer_levels(block):
            yield Hit(block, {"database": database}, "default")
    elif setting.value < ctx.options["idle"] and once(ctx, "NGX060", setting.place):
        yield Hit(setting, {"database": database}, "short")


def _database(block: Block) -> str:
    """The database that usually listens on the port of the backend; empty when there is none."""
    upstream = block.links.get("upstream")
    if isinstance(upstream, Block):
        ports = {_port(server.port) for server in upstream.facts.get("servers") or ()}
        return DATABASES.get(ports.pop(), "") if len(ports) == 1 else ""
    return DATABASES.get(_port(block.facts.get("target_port")), "")


def _port(value: Any) -> int:
    text = str(value)
    return int(text) if text.isdecimal() else 0


def tcp_keepalive(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """TCP keepalive probes where HTTP connections are not kept."""
    if block.kind == "server":
        yield from _listen_keepalive(block)
        return
    names = _names(block, "socket_keepalive")
    setting = block.settings.get(names[0]) if names else None
    if setting is None or setting.value is not True or not _one_request_each(block, ctx.target) or _upgrades(block):
        return
    if once(ctx, "NGX061", setting.place):
        yield Hit(setting, {"target": block.facts.get("target") or "the backend"}, "backend")


def _one_request_each(location: Block, target: Version | None) -> bool:
    """Whether surely every request opens its own connection to the backend."""
    upstream = location.links.get("upstream")
    if isinstance(upstream, Block):
        pooled = upstream.facts.get("pooled")
        return pooled is False or (pooled == "new" and target is not None and target < NEW_DEFAULTS)
    return location.facts.get("target_kind") in ("address", "hostname", "unix")


def _listen_keepalive(server: Block) -> Iterator[Hit]:
    timeout = server.get("keepalive_timeout")
    if timeout is None or timeout.value != 0:
        return
    for listen in server.facts.get("listens") or ():
        if any(word.startswith("so_keepalive=") and not word.endswith("=off") for word in listen.params):
            related = ((timeout, "keep-alive is switched off here"),) if timeout.place is not None else ()
            yield Hit(listen.place, None, "client", related)
            return
