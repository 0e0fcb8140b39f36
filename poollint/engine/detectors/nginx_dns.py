"""Where nginx sends requests: addresses outside every pool, names that are looked up once, or not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import Block
from poollint.engine.detectors.nginx_traffic import (
    KEEPING_HANDLERS,
    MORE_SHOWN,
    connection,
    handler_place,
    http_version,
    listed,
    once,
    own_handler,
    whole,
)
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    if isinstance(http, Block) and str(host).lower() in (http.facts.get("upstreams") or {}):
        return ""  # an upstream may not have a port here: nginx refuses it
    written = isinstance(http, Block) and http.facts.get("written") is True and whole(http)
    if kind == "hostname" and port is None and not written and "." not in str(host):
        return ""  # may name an upstream block of another file
    scheme = location.facts.get("scheme")
    if port is None and scheme and "$" not in str(host):
        port = 443 if scheme in ("https", "grpcs") else 80
    return (f"{host}:{port}" if port is not None else str(host)).lower()


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
    yield _group_hit(group, {"target": target})


def variable_without_resolver(location: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX033: a variable holds a host name, and nothing here can look it up."""
    names = _variable_names(location)
    if names and _unresolvable(location):
        values = {"target": location.facts.get("target"), "host": names[0]}
        hit = Hit(at=handler_place(location), values=values)
        yield from once(ctx, "NGX033", handler_place(location), hit)


def variable_without_pool(location: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX034: a variable holds a host name: followed, but never pooled. Once a file for each target."""
    names = _variable_names(location)
    if not names or _unresolvable(location):
        return
    target = str(location.facts.get("target"))
    table: dict[tuple[str, str], list[Block]] | None = ctx.memo.get("nginx variable targets")
    if table is None:
        table = ctx.memo["nginx variable targets"] = {}
        for block in ctx.of("nginx", "location"):
            if _variable_names(block) and not _unresolvable(block):
                key = (block.place.source.path, str(block.facts.get("target")))
                table.setdefault(key, []).append(block)
    group = table[location.place.source.path, target]
    if group[0] is location:
        yield _group_hit(group, {"target": target, "names": ", ".join(names)})


def _variable_names(location: Block) -> Sequence[str]:
    if location.facts.get("target_kind") != "variable" or location.facts.get("handler") not in KEEPING_HANDLERS:
        return ()
    return listed(location, "target_names") if own_handler(location) else ()


def _group_hit(group: list[Block], values: dict[str, Any]) -> Hit:
    """One hit for locations of one target, at the first that is set up to keep connections."""
    prepared = [block for block in group if wants_reuse(block)]
    ordered = prepared[:1] + [block for block in group if not prepared or block is not prepared[0]]
    more = tuple((handler_place(block), "the same target") for block in ordered[1 : 1 + MORE_SHOWN])
    values = {"directive": ordered[0].facts.get("handler"), "count": len(group), **values}
    case = "prepared" if prepared else "plain"
    return Hit(at=handler_place(ordered[0]), values=values, case=case, related=more)


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


def localhost_server(upstream: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """NGX037: localhost may be two addresses, hence two servers."""
    servers = [each for each in listed(upstream, "servers") if str(each.host).lower() == "localhost"]
    if servers:
        more = tuple((each.place, "and here") for each in servers[1 : 1 + MORE_SHOWN])
        values = {"address": servers[0].address, "name": upstream.name}
        yield Hit(at=servers[0].place, values=values, related=more)


def _unresolvable(location: Block) -> bool:
    """Whether surely no resolver is in force: every level up to a written http block is in sight and sets none."""
    http = location.links.get("http")
    if not isinstance(http, Block) or http.facts.get("written") is not True:
        return False
    return whole(location) and "resolver" not in location.settings
