"""What the rules of nginx ask of upstreams and locations: who passes requests to whom, how, and with which headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.engine.detectors.nginx_edits import insert_after

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from poollint.blocks import Block, Edit, Setting
    from poollint.engine.hits import Hit, RuleContext
    from poollint.source import Place
    from poollint.versions import Version

NEW_DEFAULTS: Version = (1, 29, 7)  # the pool, HTTP/1.1 and no Connection header became the defaults
DEFAULT_POOL = 32
KEEPING_HANDLERS = frozenset({"proxy_pass", "grpc_pass", "memcached_pass"})
MORE_SHOWN = 8
_WEBSOCKET_PATH = re.compile(
    r"(?:^|[^a-z])(?:ws|wss|hmr|hub|hubs|cable|live|shell|term|vnc|tty)(?:[^a-z]|$)"
    r"|socket|chat|signalr|livereload|websockify|terminal|novnc",
    re.IGNORECASE,
)
CLEARED = 'proxy_set_header Connection "";'


def listed(block: Block, fact: str) -> Sequence[Any]:
    """A fact that is a list; empty where the reader has none."""
    found: Sequence[Any] | None = block.facts.get(fact)
    return found if found is not None else ()


def new_defaults(target: Version | None) -> bool:
    """Whether the user told a version that pools by itself."""
    return target is not None and target >= NEW_DEFAULTS


def explicit_pool(upstream: Block) -> int:
    """The number of a written ``keepalive N``; 0 when it is not written, not known or 0."""
    count = upstream.facts.get("keepalive")
    return count if isinstance(count, int) and count > 0 else 0


def pooled(upstream: Block, target: Version | None) -> bool:
    """Whether the upstream surely keeps idle connections: written, or the default of the version that was told."""
    if explicit_pool(upstream):
        return True
    return upstream.facts.get("pooled") == "new" and new_defaults(target)


def pool_size(upstream: Block, target: Version | None) -> int:
    return explicit_pool(upstream) or (DEFAULT_POOL if pooled(upstream, target) else 0)


def local_pool(upstream: Block, target: Version | None) -> bool:
    """Whether a kept connection serves only the location that opened it."""
    if explicit_pool(upstream):
        return bool(upstream.facts.get("keepalive_local"))
    return pooled(upstream, target)


def whole(block: Block) -> bool:
    return block.facts.get("complete") is True


def own_handler(location: Block) -> bool:
    """Whether the handler is written in this block: an ``if`` that inherits it is no further user of the upstream."""
    if not location.facts.get("pseudo"):
        return True
    outer = location.links.get("outer")
    return outer is None or outer.facts.get("handler_place") != location.facts.get("handler_place")


def users(upstream: Block, handlers: Iterable[str] = KEEPING_HANDLERS) -> list[Block]:
    """The locations in sight that hand requests to the upstream by one of these directives."""
    found = listed(upstream, "users")
    return [block for block in found if block.facts.get("handler") in handlers and own_handler(block)]


def handler_place(location: Block) -> Place:
    place: Place | None = location.facts.get("handler_place")
    return place if place is not None else location.place


def others(locations: list[Block], text: str) -> tuple[tuple[Place, str], ...]:
    """The places of all locations but the first, for a finding that speaks of all of them."""
    return tuple((handler_place(location), text) for location in locations[1 : 1 + MORE_SHOWN])


def written(block: Block, name: str) -> Setting | None:
    setting = block.settings.get(name)
    return setting if setting is not None and setting.origin == "explicit" else None


def http_version(location: Block) -> Any:
    return location.facts.get("http_version", UNKNOWN)


def connection(location: Block) -> Any:
    """The Connection header as it is written for the backend: None when nobody sets it, UNKNOWN when not in sight."""
    return location.facts.get("connection", UNKNOWN)


def closes(value: Any) -> bool:
    """Whether a literal Connection header asks the backend to close."""
    return isinstance(value, str) and "close" in [word.strip() for word in value.split(",")]


def keeps_connections(upstream: Block) -> bool:
    """Whether requests surely go to an upstream in a form that leaves its connections open."""
    new = new_defaults(upstream.target)
    for user in users(upstream, ("proxy_pass",)):
        version, value = http_version(user), connection(user)
        written_so = isinstance(value, str) and "$" not in value and not closes(value)
        if (version in ("1.1", "2") or (new and version is None)) and (written_so or (new and value is None)):
            return True
    return False


def uncleared(upstream: Block) -> list[Block]:
    """The locations that speak HTTP/1.1 to an upstream and leave the Connection header to nginx."""
    return [
        block
        for block in users(upstream, ("proxy_pass",))
        if whole(block)
        and http_version(block) == "1.1"
        and connection(block) is None
        and "connection" not in (block.facts.get("lost_headers") or {})
    ]


def clear(location: Block) -> Edit | None:
    """The line goes beside the header statements in force: on an inner level it would put them out of force."""
    place = clear_place(location)
    return insert_after(place, CLEARED) if place is not None else None


def clear_place(location: Block) -> Place | None:
    """What the line that clears the Connection header goes behind."""
    in_force = [each for each in listed(location, "header_list") if each.level_block is not None]
    if location.facts.get("headers") and not in_force:
        return None
    return in_force[-1].place if in_force else handler_place(location)


def websocket_path(location: Block) -> bool:
    """Whether a location's path names a WebSocket endpoint, whose connections never return to a pool."""
    return _WEBSOCKET_PATH.search(str(location.facts.get("match") or "")) is not None


def once(ctx: RuleContext, rule: str, place: Place | None, hit: Hit) -> Iterator[Hit]:
    """The hit, the first time that this rule comes to this place."""
    if place is None:
        return
    seen: set[tuple[str, str, int]] = ctx.memo.setdefault("nginx once", set())
    mark = (rule, place.source.path, place.start)
    if mark not in seen:
        seen.add(mark)
        yield hit
