"""Kept connections that carry the TLS name, certificate or source address of one location into requests of another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, Block
from poollint.engine.detectors.nginx_traffic import (
    closes,
    connection,
    explicit_pool,
    handler_place,
    http_version,
    local_pool,
    new_defaults,
    once,
    pooled,
    users,
    whole,
)
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Setting
    from poollint.engine.hits import RuleContext
    from poollint.source import Place

_PREFIX = {"proxy_pass": "proxy", "grpc_pass": "grpc"}
_SECURE = ("https", "grpcs")
_PER_REQUEST = re.compile(r"\$\{?(?:http_\w+|arg_\w+|cookie_\w+|host|ssl_server_name|request_uri|uri|args)\b")


def returns_connections(location: Block, ctx: RuleContext) -> bool:
    """Whether requests of a location surely leave their connection in the pool."""
    if location.facts.get("handler") == "grpc_pass":
        return whole(location)
    version, value = http_version(location), connection(location)
    if not whole(location) or version is UNKNOWN or value is UNKNOWN or closes(value):
        return False
    if version == "2":
        return True
    if new_defaults(ctx.target):
        return version in (None, "1.1")
    return version == "1.1" and value is not None


def _secure_users(upstream: Block) -> list[Block]:
    return [block for block in users(upstream, _PREFIX) if block.facts.get("scheme") in _SECURE]


def _tls_setting(location: Block, word: str) -> Setting | None:
    return location.get(f"{_PREFIX[str(location.facts['handler'])]}_ssl_{word}")


def _tls_value(location: Block, word: str) -> Any:
    setting = _tls_setting(location, word)
    return None if setting is None else setting.value


def _identity(location: Block) -> tuple[Any, ...]:
    """What the backend and nginx tell each other in the handshake: name sent, certificate shown, certificate wanted."""
    sends, verifies = _tls_value(location, "server_name") is True, _tls_value(location, "verify") is True
    name = _tls_value(location, "name") if sends or verifies else None
    trusted = _tls_value(location, "trusted_certificate") if verifies else None
    return name, sends, verifies, trusted, _tls_value(location, "certificate")


def mixed_tls(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX023: locations with different TLS identities take each other's connections from a shared pool."""
    if not explicit_pool(upstream) or local_pool(upstream, ctx.target):
        return
    locations = [block for block in _secure_users(upstream) if whole(block)]
    if len(locations) < 2 or not any(returns_connections(block, ctx) for block in locations):
        return
    first = _identity(locations[0])
    for other in locations[1:]:
        identity = _identity(other)
        if identity != first and UNKNOWN not in first and UNKNOWN not in identity:
            more = ((handler_place(locations[0]), "one identity"), (handler_place(other), "another"))
            yield Hit(at=upstream.settings.get("keepalive") or upstream, values={"name": upstream.name}, related=more)
            return


def variable_tls_name(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX024: the TLS name changes with the request, the kept connection does not."""
    if not pooled(upstream, ctx.target):
        return
    for location in _secure_users(upstream):
        setting = _tls_setting(location, "name")
        if setting is None or not isinstance(setting.value, str) or not _PER_REQUEST.search(setting.value):
            continue
        used = _tls_value(location, "server_name") is True or _tls_value(location, "verify") is True
        if used and returns_connections(location, ctx):
            more = ((handler_place(location), f"requests to {upstream.name}"),)
            hit = Hit(at=setting, values={"name": upstream.name}, related=more)
            yield from once(ctx, "NGX024", setting.place, hit)


def mixed_bind(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX025: locations that bind different source addresses share one pool."""
    locations = [block for block in users(upstream, _PREFIX) if whole(block)]
    if not pooled(upstream, ctx.target) or not any(returns_connections(block, ctx) for block in locations):
        return
    bound = [(block, block.get(f"{_PREFIX[block.facts['handler']]}_bind")) for block in locations]
    more: tuple[tuple[Place, str], ...]
    for block, setting in bound:
        if setting is not None and isinstance(setting.value, str) and "$" in setting.value:
            if re.search(r"\$\{?(?:remote_addr|proxy_protocol_addr|http_\w+)\b", setting.value):
                more = ((handler_place(block), f"requests to {upstream.name}"),)
                hit = Hit(at=setting, values={"name": upstream.name}, case="client", related=more)
                yield from once(ctx, "NGX025", setting.place, hit)
            return
    if not explicit_pool(upstream) or local_pool(upstream, ctx.target):
        return
    values = [None if setting is None else setting.value for _, setting in bound]
    if UNKNOWN in values or len({str(value) for value in values}) < 2:
        return
    other = next(index for index, value in enumerate(values) if value != values[0])
    more = tuple((handler_place(bound[index][0]), f"binds {values[index] or 'nothing'}") for index in (0, other))
    at = bound[other][1] or bound[0][1]
    yield Hit(at=at, values={"name": upstream.name}, case="mixed", related=more)
