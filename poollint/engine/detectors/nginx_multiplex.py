"""nginx where one connection could serve many requests, or does and should not serve them all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import Block
from poollint.engine.detectors.nginx_clients import once, sees_outer_levels
from poollint.engine.hits import Hit, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.engine.hits import RuleContext

_GRPC = re.compile(r"(?<![a-z])grpc(?![a-z])", re.I)
GRPC_PORT = "50051"


def without_http2(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A server that speaks TLS and HTTP/1.1 alone, in a file that never speaks of HTTP/2."""
    listens = [each for each in block.facts.get("listens") or () if "ssl" in each.params]
    path = block.place.source.path
    if not listens or not sees_outer_levels(block) or not block.facts.get("complete") or _speaks_http2(ctx, path):
        return
    if not block.links.get("locations") or not once(ctx, "NGX068", path):
        return
    yield Hit(listens[0].place, {"listen": listens[0].port or listens[0].address})


def _speaks_http2(ctx: RuleContext, path: str) -> bool:
    """Whether a server of the file has HTTP/2, or may have it."""
    for server in ctx.of("nginx", "server"):
        if server.place.source.path != path:
            continue
        setting = server.get("http2")
        if setting is None or not known(setting.value) or setting.value or setting.origin != "default":
            return True
        if any("http2" in each.params or "quic" in each.params for each in server.facts.get("listens") or ()):
            return True
    return False


def stream_grpc(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Several gRPC servers behind a balancer of connections."""
    upstream = block.links.get("upstream")
    if not isinstance(upstream, Block) or any("udp" in each.params for each in block.facts.get("listens") or ()):
        return
    servers = [each for each in upstream.facts.get("servers") or () if not {"down", "backup"} & set(each.params)]
    if len(servers) < 2 or not upstream.facts.get("complete"):
        return
    named = _GRPC.search(upstream.name) or all(_GRPC.search(str(each.host)) for each in servers)
    if named or all(str(each.port) == GRPC_PORT for each in servers):
        yield Hit(block.facts.get("handler_place") or block, {"group": upstream.name, "peers": len(servers)})
