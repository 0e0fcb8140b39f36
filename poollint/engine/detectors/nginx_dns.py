"""Where nginx sends requests: addresses outside every pool, names that are looked up once, or not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, Block
from poollint.engine.detectors.nginx_pools import (
    KEEPING_HANDLERS,
    MORE_SHOWN,
    connection,
    handler_place,
    http_version,
    listed,
    own_handler,
    whole,
)
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.engine.hits import RuleContext

_DIRECT = frozenset({"address", "hostname", "unix"})
_CLOUD = re.compile(
    r"\.(?:elb\.(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?|cloudfront\.net|azurewebsites\.net|trafficmanager\.net"
    r"|cloudapp\.azure\.com|azurefd\.net|herokuapp\.com|run\.app|execute-api\.[a-z0-9-]+\.amazonaws\.com"
    r"|rds\.amazonaws\.com|cache\.amazonaws\.com)\.?$",
    re.IGNORECASE,
)


_STEADY = re.compile(
    r"(?:^|\.)(?:localhost|localdomain|svc|cluster\.local|docker\.internal|example\.(?:com|net|org)|test|invalid)\.?$",
    re.IGNORECASE,
)


def wants_reuse(location: Block) -> bool:
    """Whether the location is set up to keep connections, as far as it can: HTTP/1.1 and no Connection header, gRPC."""
    if location.facts.get("handler") == "grpc_pass":
        return True
    return bool(http_version(location) == "1.1" and connection(location) == "")


def _direct_target(location: Block) -> str:
    """``host:port`` of a location that passes requests by without an upstream block; empty when that is not sure."""
    kind = location.facts.get("target_kind")
    if kind not in _DIRECT or location.facts.get("handler") not in KEEPING_HANDLERS or not own_handler(location):
        return ""
    target = str(location.facts.get("target") or "")
    host, port = location.facts.get("target_host"), location.facts.get("target_port")
    if not host or kind == "unix":
        return re.sub(r"^\w+://", "", target)
    http = location.links.get("http")
    written = isinstance(http, Block) and http.facts.get("written") is True and whole(http)
    if kind == "hostname" and port is None and not written and "." not in str(host):
        return ""  # may name an upstream block of another file
    secure = location.facts.get("scheme") in ("https", "grpcs")
    return f"{host}:{port or (443 if secure else 80)}".lower()


def _direct_targets(ctx: RuleContext) -> dict[tuple[str, str], list[Block]]:
    """The locations without an upstream block by file and address."""
    table: dict[tuple[str, str], list[Block]] | None = ctx.memo.get("nginx direct targets")
    if table is None:
        table = ctx.memo["nginx direct targets"] = {}
        for location in ctx.of("nginx", "location"):
            target = _direct_target(location)
            if target:
                table.setdefault((location.place.source.path, target), []).append(location)
    return table


def without_upstream(location: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX002: an address instead of an upstream block is never pooled."""
    if location.facts.get("target_kind") not in _DIRECT:
        return
    target = _direct_target(location)
    if not target:
        return
    group = _direct_targets(ctx).get((location.place.source.path, target), [])
    if not group or group[0] is not location:
        return
    prepared = [block for block in group if wants_reuse(block)]
    ordered = prepared[:1] + [block for block in group if not prepared or block is not prepared[0]]
    more = tuple((handler_place(block), "the same address") for block in ordered[1 : 1 + MORE_SHOWN])
    values = {"directive": ordered[0].facts.get("handler"), "target": target, "count": len(group)}
    yield Hit(at=handler_place(ordered[0]), values=values, case="prepared" if prepared else "plain", related=more)


def static_dns(upstream: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """NGX036: a DNS name that nginx looks up at start and never again."""
    for server in listed(upstream, "servers"):
        if server.kind != "hostname" or "resolve" in server.params:
            continue
        case = _dns_case(server.host)
        if case:
            yield Hit(at=server.place, values={"host": server.host, "name": upstream.name}, case=case)


def _dns_case(host: Any) -> str:
    """``cloud`` for names whose addresses change by design, ``name`` for other DNS names, empty for the rest."""
    if not isinstance(host, str) or "." not in host or "$" in host or _STEADY.search(host):
        return ""
    return "cloud" if _CLOUD.search(host) else "name"


def static_dns_direct(location: Block, _ctx: RuleContext) -> str:
    return _dns_case(location.facts.get("target_host")) if location.facts.get("target_kind") == "hostname" else ""


def localhost_server(upstream: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """NGX037: localhost may be two addresses, hence two servers."""
    for server in listed(upstream, "servers"):
        if str(server.host).lower() == "localhost" and server.kind == "hostname":
            yield Hit(at=server.place, values={"address": server.address, "name": upstream.name})


def _resolver(location: Block) -> Any:
    """The value of resolver in force; None when none is, UNKNOWN when an outer level is not in sight."""
    setting = location.settings.get("resolver")
    if setting is not None:
        return setting.value
    return None if whole(location) else UNKNOWN
