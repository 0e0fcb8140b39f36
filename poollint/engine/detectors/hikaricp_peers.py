"""HikariCP's idle connections against what the other end does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import UNLIMITED, Block, Setting
from poollint.engine.hits import Hit, RuleContext, known
from poollint.knowledge.poolers import at_host

if TYPE_CHECKING:
    from collections.abc import Iterator

MARGIN = 30  # seconds that the pool should be ahead
PGBOUNCER_PORT = 5432  # pgjdbc's own default, where the URL names none


def idle_beyond_peer(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A connection lies idle for longer than the peer keeps it: its next user finds it closed."""
    connection = block.links.get("connection")
    if connection is None or block.facts.get("in_test") or block.facts.get("in_development"):
        return
    longest = _longest_idle(block)
    peer = _peer(connection, ctx)
    if longest is None or peer is None:
        return
    name, seconds, place = peer
    if longest < seconds - MARGIN:
        return
    span = "for ever" if longest == UNLIMITED else f"{longest:g} s"
    values = {"idle": span, "peer": name, "limit": f"{seconds:g} s", "better": f"{_below(seconds):.0f}"}
    at = block.settings.get("keepaliveTime") or block.settings.get("maxLifetime") or connection
    yield Hit(at, values, related=((place, "closes idle sessions"),) if place is not None else ())


def _below(seconds: float) -> float:
    """A keepaliveTime in milliseconds that comes in time; HikariCP takes none below 30 seconds."""
    return max(30_000, min(seconds / 2, seconds - MARGIN) * 1000)


def _longest_idle(block: Block) -> float | None:
    """How long a connection may lie in the pool without a word; None where that is not known."""
    life, ping = block.value("maxLifetime"), block.value("keepaliveTime")
    if not known(life, ping):
        return None
    bounds = [life, ping or UNLIMITED]
    if block.value("minimumIdle") == 0 and known(block.value("idleTimeout")):
        bounds.append(block.value("idleTimeout"))
    return float(min(bounds))


def _peer(connection: Block, ctx: RuleContext) -> tuple[str, float, Setting | Block | None] | None:
    """What ends idle sessions at the other end: its words, its seconds, its place."""
    host = connection.facts.get("host") or ""
    if connection.system != "pgjdbc" or not host or not connection.facts.get("network"):
        return None
    profile = at_host(host)
    if profile is not None and profile.idle:
        return profile.title, profile.idle, None
    port = connection.facts.get("port") or PGBOUNCER_PORT
    if connection.facts.get("pooler"):
        mains = [main for main in ctx.of("pgbouncer", "main") if main.value("listen_port") == port]
        mode = mains[0].value("pool_mode") if len(mains) == 1 else None
        # a client of session mode keeps its server connection, and the limit does not reach it
        limit = mains[0].get("client_idle_timeout") if mode in ("transaction", "statement") else None
        return _limit("PgBouncer's client_idle_timeout", limit)
    servers = ctx.of("postgresql", "server")
    limit = servers[0].get("idle_session_timeout") if len(servers) == 1 else None
    return _limit("PostgreSQL's idle_session_timeout", limit)


def _limit(name: str, limit: Setting | None) -> tuple[str, float, Setting | Block | None] | None:
    if limit is None or limit.origin == "default" or not known(limit.value) or not 0 < limit.value < UNLIMITED:
        return None
    return name, limit.value, limit
