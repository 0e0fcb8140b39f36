"""pgbouncer.ini beside the postgresql.conf of the server that it pools: sums and orders across both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, UNLIMITED, Block
from poollint.engine.detectors.pgbouncer_pools import finite
from poollint.engine.detectors.pgbouncer_start import text, whole, written
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.engine.hits import RuleContext

_PARAMETER = re.compile(r"(?:-c|--)?(?!(?:config|hba|ident)_file|data_directory)[a-z_]+(?:\.[a-z_]+)?=")


class Pairing(NamedTuple):
    """A server and the database entries that surely lead to it; ``assumed`` says how that was concluded, if it was."""

    server: Block
    databases: list[Block]
    assumed: str


def pairings(main: Block, ctx: RuleContext) -> list[Pairing]:
    """The servers of the run that this PgBouncer surely talks to."""
    key = ("pgbouncer-servers", id(main))
    if key not in ctx.memo:
        elsewhere = any(_sets(command) for command in ctx.of("postgresql", "command"))
        ctx.memo[key] = _pairings(
            main, ctx.of("postgresql", "server"), ctx.of("pgbouncer", "main"), elsewhere=elsewhere
        )
    found: list[Pairing] = ctx.memo[key]
    return found


def _sets(command: Block) -> bool:
    """Whether a command that starts PostgreSQL sets parameters itself, and so may start another than the file's."""
    return any(_PARAMETER.match(word) for word in command.facts.get("words", ()))


def _pairings(main: Block, servers: list[Block], mains: list[Block], *, elsewhere: bool) -> list[Pairing]:
    databases: list[Block] = main.links["databases"]
    if not servers or not databases or not main.facts["complete"]:
        return []
    if any(each.facts["local"] is UNKNOWN or each.value("port") is UNKNOWN for each in databases):
        return []
    if len(servers) == 1:
        everywhere = [each for other in mains for each in other.links["databases"]]
        hosts = {each.facts["hosts"] for each in everywhere}
        ports = {each.value("port") for each in everywhere}
        if len(hosts) == 1 and len(ports) == 1 and ports == {servers[0].value("port")} and _single(hosts.pop()):
            return [_only(servers[0], databases)] if databases[0].facts["local"] or not elsewhere else []
    found = []
    for server in servers:
        port = server.value("port")
        alike = [each for each in servers if each.value("port") == port]
        mine = [each for each in databases if each.facts["local"] and each.value("port") == port]
        if mine and len(alike) == 1 and port is not UNKNOWN:
            found.append(Pairing(server, mine, ""))
    return found


def _single(hosts: Any) -> bool:
    return hosts is not UNKNOWN and len(hosts) <= 1


def _only(server: Block, databases: list[Block]) -> Pairing:
    """The one server of the run, for databases that all lead to one place."""
    first = databases[0]
    port = server.value("port")
    if first.facts["local"]:
        return Pairing(server, databases, "")
    place = f"{first.facts['hosts'][0]}:{port}"
    return Pairing(server, databases, f" (taking the one postgresql.conf of this run for {place})")


def oversubscribed(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Pools that together may open more connections than the server has for them."""
    for pairing in pairings(block, ctx):
        parts = _demand(block, pairing.databases, ctx)
        usable, most = _usable(pairing.server)
        if parts is None or usable is None:
            continue
        instances = max(1, int(ctx.config.get("instances") or 1))
        total = sum(count for _, count in parts) * instances
        if total > usable:
            values = {
                "sum": _sum(parts, instances),
                "total": total,
                "usable": usable,
                "most": most,
                "assumed": pairing.assumed,
                "fit": max(1, usable // (instances * len(parts))),
            }
            related = ((pairing.server.settings.get("max_connections") or pairing.server, "the server's limit"),)
            yield Hit(_size_place(block, pairing.databases), values, related=related)


def _size_place(main: Block, databases: list[Block]) -> Any:
    """Where the size that counts is written."""
    for database in databases:
        if written(database, "pool_size"):
            return written(database, "pool_size")
    return written(main, "default_pool_size") or main


def _usable(server: Block) -> tuple[int | None, int]:
    """Slots that ordinary roles may take, and max_connections."""
    most = server.value("max_connections")
    reserved = [server.value(name) for name in ("superuser_reserved_connections", "reserved_connections")]
    if not whole(most) or not all(whole(each) or each is None for each in reserved):
        return None, 0
    return most - sum(each or 0 for each in reserved), most


def _demand(main: Block, databases: list[Block], ctx: RuleContext) -> list[tuple[str, int]] | None:
    """Each database's share as (text, number), one pool per known user; None when it cannot be told."""
    users = max(1, int(ctx.config.get("users") or 0))
    parts = []
    for database in databases:
        size, extra = finite(database, "pool_size"), database.value("reserve_pool_size")
        if size is None or not whole(extra):
            return None
        pool = size + max(0, extra)
        shown = f"({size} + {extra})" if extra > 0 else str(size)
        pools = 1 if database.value("user") is not None else users
        count = pool * pools
        if pools > 1:
            shown = f"{pools} users × {shown}"
        cap = database.value("max_db_connections")
        if cap is UNKNOWN:
            return None
        if whole(cap) and 0 < cap < count:
            count, shown = cap, f"{cap}"
        parts.append((shown, count))
    return None if _user_cap(main, databases) else parts


def _user_cap(main: Block, databases: list[Block]) -> bool:
    """Whether a cap per user may hold the sum down in a way that this sum does not count."""
    if len(databases) < 2:
        caps = [main.value("max_user_connections")]
        sizes = [finite(each, "pool_size") or 0 for each in databases]
        return any(cap is UNKNOWN or (whole(cap) and 0 < cap < max(sizes)) for cap in caps)
    holders = [main, *main.links["users"]]
    return any(each.value("max_user_connections") not in (None, UNLIMITED, 0) for each in holders)


def _sum(parts: list[tuple[str, int]], instances: int) -> str:
    shown = {text for text, _ in parts}
    many = f"{len(parts)} databases × " if len(parts) > 1 else ""
    body = f"{many}{parts[0][0]}" if len(shown) == 1 else "(" + " + ".join(text for text, _ in parts[:12]) + ")"
    if len(shown) > 1 and len(parts) > 12:
        body = f"the pools of {len(parts)} databases, {sum(count for _, count in parts)}"
    return body + (f" × {instances} instances" if instances > 1 else "")


def _off(value: Any) -> bool:
    return bool(value in (0, UNLIMITED))


def query_orphans(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A query_timeout that leaves the statement running in PostgreSQL."""
    limit = block.value("query_timeout")
    if not whole(limit) or limit <= 0:
        return
    for pairing in pairings(block, ctx):
        statement = pairing.server.value("statement_timeout")
        check = pairing.server.value("client_connection_check_interval")
        if statement is UNKNOWN or check is UNKNOWN or statement is None or (check and not _off(check)):
            continue
        related = ((pairing.server.settings.get("statement_timeout") or pairing.server, "the server"),)
        if _off(statement):
            yield Hit("query_timeout", {"limit": limit, "assumed": pairing.assumed}, related=related)
        elif statement >= limit:
            values = {"limit": limit, "statement": statement, "assumed": pairing.assumed}
            yield Hit("query_timeout", values, case="later", related=related)


def idle_session(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A PostgreSQL idle_session_timeout that kills pooled connections."""
    for pairing in pairings(block, ctx):
        limit = pairing.server.value("idle_session_timeout")
        if limit is None or limit is UNKNOWN or _off(limit):
            continue
        place = pairing.server.settings.get("idle_session_timeout") or pairing.server
        values = {"limit": limit, "assumed": pairing.assumed}
        keeps = block.value("server_idle_timeout")
        if any(each.value("pool_mode") == "session" for each in pairing.databases):
            yield Hit(block, values, case="session", related=((place, "the server"),))
        elif keeps is not UNKNOWN and keeps is not None and limit < keeps:
            at = "server_idle_timeout" if written(block, "server_idle_timeout") else block
            yield Hit(at, {**values, "keeps": keeps}, related=((place, "the server"),))


def idle_transaction(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Shared pools where nothing ends a forgotten transaction."""
    if block.facts.get("shared_pools") is not True:
        return
    if any(block.value(name) != UNLIMITED for name in ("idle_transaction_timeout", "transaction_timeout")):
        return
    for pairing in pairings(block, ctx):
        names = ("idle_in_transaction_session_timeout", "transaction_timeout")
        limits = [pairing.server.value(name) for name in names]
        if all(limit is None or (limit is not UNKNOWN and _off(limit)) for limit in limits):
            yield Hit(block, {"assumed": pairing.assumed}, related=((pairing.server, "the server"),))


def server_without_tls(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """TLS demanded of a server that has none."""
    mode = text(block, "server_tls_sslmode")
    if mode not in ("require", "verify-ca", "verify-full"):
        return
    for pairing in pairings(block, ctx):
        ssl = pairing.server.settings.get("ssl")
        sockets = all(not each.facts["hosts"] or each.facts["hosts"][0][:1] in "/@" for each in pairing.databases)
        if ssl is not None and ssl.value in (0, False) and not sockets:
            yield Hit("server_tls_sslmode", {"assumed": pairing.assumed}, related=((ssl, "the server"),))
