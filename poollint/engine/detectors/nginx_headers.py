"""The request headers that nginx sends to a backend: Connection, which decides about reuse, and those that get lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, Block, Edit, Setting
from poollint.engine.detectors.nginx_edits import reuse_fix
from poollint.engine.detectors.nginx_traffic import (
    clear,
    closes,
    connection,
    explicit_pool,
    handler_place,
    http_version,
    listed,
    new_defaults,
    once,
    others,
    own_handler,
    pooled,
    uncleared,
    users,
    websocket_path,
    whole,
)
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.engine.hits import RuleContext
    from poollint.readers.nginx_facts import Header, MapVar

_FORWARDING = re.compile(r"host|x-real-ip|x-forwarded-\w+|forwarded", re.IGNORECASE)
_NEVER_EMPTY = frozenset(
    {"$host", "$proxy_host", "$remote_addr", "$proxy_add_x_forwarded_for", "$scheme", "$server_name"}
)


def header(location: Block, name: str) -> Header | None:
    found: Header | None = (location.facts.get("headers") or {}).get(name)
    return found


def repeated(location: Block, name: str) -> list[Header]:
    """The statements of one header name, when more than one is in force."""
    found = [each for each in listed(location, "header_list") if each.name.lower() == name]
    return found if len(found) > 1 else []


def loses_connection(location: Block) -> Header | None:
    """The outer ``Connection ""`` that the header statements of an inner level put out of force."""
    if connection(location) is not None:
        return None
    lost: Header | None = (location.facts.get("lost_headers") or {}).get("connection")
    return lost if lost is not None and lost.value == "" else None


def not_cleared(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX005: a pool and HTTP/1.1, but nginx still sends its own ``Connection: close``."""
    if not explicit_pool(upstream) or new_defaults(ctx.target):
        return
    found = uncleared(upstream)
    if found:
        values = {"name": upstream.name, "count": len(found)}
        fix = reuse_fix("clear the Connection header", [clear(block) for block in found])
        yield Hit(at=handler_place(found[0]), values=values, related=others(found, "the same here"), fix=fix)


def closes_connection(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX006: ``Connection: close`` written out for a pooled upstream."""
    if not pooled(upstream, ctx.target):
        return
    for location in users(upstream, ("proxy_pass",)):
        found = header(location, "connection")
        if found is None or not closes(connection(location)) or repeated(location, "connection"):
            continue
        if http_version(location) != "2":
            more = ((handler_place(location), f"requests to {upstream.name}"),)
            yield from once(
                ctx, "NGX006", found.place, Hit(at=found.place, values={"name": upstream.name}, related=more)
            )


def map_closes(upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX007: the map of $http_upgrade makes every ordinary request close its connection."""
    http = upstream.links.get("http")
    if not isinstance(http, Block) or not pooled(upstream, ctx.target):
        return
    maps: dict[str, MapVar] = http.facts.get("maps") or {}
    for location in users(upstream, ("proxy_pass",)):
        value, found = connection(location), header(location, "connection")
        if found is None or not isinstance(value, str) or not value.startswith("$") or http_version(location) == "2":
            continue
        if websocket_path(location) or repeated(location, "connection"):
            continue
        table = maps.get(str(found.value).replace("{", "").replace("}", "")) or maps.get(value)
        yield from _map_hit(table, location, upstream, ctx)


def _map_hit(table: MapVar | None, location: Block, upstream: Block, ctx: RuleContext) -> Iterator[Hit]:
    if table is None or table.source.replace("{", "").replace("}", "").lower() != "$http_upgrade":
        return
    more = ((handler_place(location), f"requests to {upstream.name}"),)
    values = {"name": upstream.name, "source": table.source}
    for key, value, place in table.entries:
        if key == "":
            if closes(str(value).lower()):
                edit = _empty_value(place, str(value))
                fix = reuse_fix("send no Connection header with ordinary requests", [edit]) if edit else None
                yield from once(ctx, "NGX007", place, Hit(at=place, values=values, related=more, case="entry", fix=fix))
            return
    if table.default is not None and closes(table.default.lower()):
        yield from once(ctx, "NGX007", table.place, Hit(at=table.place, values=values, related=more, case="default"))


def _empty_value(place: Any, value: str) -> Edit | None:
    """``'' close;`` -> ``'' '';``, wherever the word stands in the entry."""
    from poollint.source import Place

    text = place.source.text
    end = text.find(";", place.start)
    at = text.rfind(value, place.start, end if end >= 0 else place.end)
    if at < 0:
        return None
    stop = at + len(value)
    if at > 0 and text[at - 1] in "\"'" and text[stop : stop + 1] == text[at - 1]:
        at, stop = at - 1, stop + 1
    return Edit(Place(place.source, at, stop), "''")


def upgrade_always(location: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX008: ``Connection: upgrade`` with every request, WebSocket or not."""
    if location.facts.get("handler") != "proxy_pass" or connection(location) != "upgrade":
        return
    found = header(location, "connection")
    if found is None or websocket_path(location) or not own_handler(location) or http_version(location) == "2":
        return
    yield from once(
        ctx, "NGX008", found.place, Hit(at=found.place, values={"match": location.facts.get("match") or "/"})
    )


def passed_through(location: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX009: the client's own Connection header goes to the backend."""
    if location.facts.get("handler") != "proxy_pass" or connection(location) not in (
        "$http_connection",
        "${http_connection}",
    ):
        return
    found = header(location, "connection")
    if found is not None:
        yield from once(ctx, "NGX009", found.place, Hit(at=found.place, values={"raw": found.value}))


def repeated_header(location: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX010: one header name twice in force; nginx sends both lines."""
    statements = listed(location, "header_list")
    if location.facts.get("handler") != "proxy_pass" or len(statements) < 2:
        return
    first: dict[str, Header] = {}
    for statement in statements:
        name = statement.name.lower()
        before = first.setdefault(name, statement)
        if before is statement:
            continue
        case = _repeated_case(name, before.value, statement.value)
        if case:
            values = {"name": statement.name, "one": before.value or '""', "two": statement.value or '""'}
            hit = Hit(at=statement.place, values=values, case=case, related=((before.place, "the first of the two"),))
            yield from once(ctx, "NGX010", statement.place, hit)


def _repeated_case(name: str, one: Any, two: Any) -> str:
    """Which form of the rule two values of one header make; empty when one may be meant to be empty."""
    if one is UNKNOWN or two is UNKNOWN:
        return ""
    if name == "connection" and (closes(str(one).lower()) or closes(str(two).lower())):
        return "close"
    return "both" if _surely_sent(str(one)) and _surely_sent(str(two)) else ""


def _surely_sent(value: str) -> bool:
    return bool(value) and ("$" not in value or value in _NEVER_EMPTY)


def lost_headers(location: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX011: the header statements of this level put those of the outer levels out of force."""
    lost: dict[str, Header] = location.facts.get("lost_headers") or {}
    if not lost or location.facts.get("handler") != "proxy_pass" or not own_handler(location) or not whole(location):
        return
    statements = listed(location, "header_list")
    if not statements:
        return
    at = statements[0].place
    sent = [each for each in lost.values() if each.value != ""]
    hit = _lost_connection(location, sent, ctx)
    if hit is not None:
        yield from once(ctx, "NGX011 connection", at, hit)
        return
    if not sent:
        return
    case = "forwarding" if any(_weighs(each) for each in sent) else "other"
    values = {"names": ", ".join(each.name for each in sent), "first": statements[0].name}
    more = tuple((each.place, f"{each.name} is set here") for each in sent[:8])
    yield from once(ctx, "NGX011", at, Hit(at=at, values=values, case=case, related=more))


def _weighs(lost: Header) -> bool:
    return _FORWARDING.fullmatch(lost.name) is not None or lost.name.lower() in ("connection", "upgrade")


def _lost_connection(location: Block, sent: list[Header], ctx: RuleContext) -> Hit | None:
    """The hit where the loss costs a pool its connections; ``sent`` are the other headers that are lost with it."""
    cleared, upstream = loses_connection(location), location.links.get("upstream")
    if cleared is None or not isinstance(upstream, Block) or not explicit_pool(upstream):
        return None
    if new_defaults(ctx.target) or http_version(location) in ("2", UNKNOWN):
        return None
    statements = listed(location, "header_list")
    at = statements[0].place
    fix = reuse_fix("clear the Connection header here too", [clear(location)])
    also = f" and the outer {', '.join(each.name for each in sent)}" if sent else ""
    values = {"name": upstream.name, "first": statements[0].name, "also": also}
    request = handler_place(location)
    more = ((cleared.place, "cleared here, out of force below"), (request, f"requests to {upstream.name}"))
    return Hit(at=at, values=values, case="connection", related=more, fix=fix)


def unread_answer(location: Block, ctx: RuleContext) -> Iterator[Hit]:
    """NGX032: a pooled backend whose answers nginx does not read to the end."""
    upstream = location.links.get("upstream")
    if not isinstance(upstream, Block) or not pooled(upstream, ctx.target) or not own_handler(location):
        return
    setting = location.get("proxy_intercept_errors")
    if setting is not None and setting.value is True and location.facts.get("handler") == "proxy_pass":
        yield from once(ctx, "NGX032", setting.place, Hit(at=setting, values={"name": upstream.name}, case="errors"))
    found = _subrequests(location, ctx).get(str(location.facts.get("match") or "").removeprefix("=").strip())
    if found is not None:
        values = {"name": upstream.name, "directive": found.key}
        more = ((found, "the subrequest comes from here"),)
        yield Hit(at=handler_place(location), values=values, case="subrequest", related=more)


def _subrequests(location: Block, ctx: RuleContext) -> dict[str, Setting]:
    """The locations of a server that auth_request or mirror ask, by path."""
    server = location.links.get("server")
    table: dict[int, dict[str, Setting]] = ctx.memo.setdefault("nginx subrequests", {})
    if not isinstance(server, Block):
        return {}
    found = table.get(id(server))
    if found is None:
        found = table[id(server)] = {}
        for block in (server, *(server.links.get("locations") or ())):
            for name in ("auth_request", "mirror"):
                setting = block.settings.get(name)
                if setting is not None and isinstance(setting.value, str) and setting.value.startswith("/"):
                    found.setdefault(setting.value, setting)
    return found
