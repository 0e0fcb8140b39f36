"""nginx towards its clients: keep-alive, HTTP/2, TLS resumption."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import Block, Edit, Fix
from poollint.engine.hits import Hit, known
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Setting
    from poollint.engine.hits import RuleContext

CLIENT_KEEPALIVE = ("keepalive_timeout", "keepalive_requests", "keepalive_time")
SHOWN = 5
_TWO_TIMES = re.compile(r"([0-9a-z]+)([ \t\r\n]+)([0-9a-z]+)[ \t\r\n]*;")
_TIME = re.compile(r"(?:\d+(?:ms|[wdhms]))*\d*")
_PART = re.compile(r"(\d+)(ms|[wdhms])?")
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001, "": 1}


def written(block: Block, name: str) -> Setting | None:
    """The setting, if this very block writes it."""
    setting = block.settings.get(name)
    return setting if setting is not None and setting.origin == "explicit" else None


def write(setting: Setting, text: str) -> Fix | None:
    """The fix that gives a written setting another value; it changes what nginx does, so it is not a safe one."""
    if setting.place is None:
        return None
    return Fix(f"write {setting.key} {text}", (Edit(setting.place, text),), safe=False)


def once(ctx: RuleContext, *key: Any) -> bool:
    """Whether this is the run's first time with ``key``."""
    if key in ctx.memo:
        return False
    ctx.memo[key] = True
    return True


def sees_outer_levels(block: Block) -> bool:
    """Whether the http or stream block itself is in sight: only then is a setting that nobody writes its default."""
    level = block if block.kind in ("http", "stream") else block.links.get("http") or block.links.get("stream")
    return isinstance(level, Block) and bool(level.facts.get("written"))


def below_balancer(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """keepalive_timeout no longer than the time that the balancer in front keeps its idle connections."""
    setting = block.get("keepalive_timeout")
    if setting is None or setting.origin == "inherited" or not known(setting.value) or not setting.value:
        return
    told = ctx.config.get("front")
    if told is None or told == "":
        if setting.origin == "explicit" and block.kind != "location" and setting.value < ctx.options["common"]:
            yield Hit(setting, case="short")
        return
    yield from _below(block, setting, told, ctx)


def _below(block: Block, setting: Setting, told: Any, ctx: RuleContext) -> Iterator[Hit]:
    from poollint.knowledge.balancers import front

    profile = front(told)
    if profile is None or profile.idle is None or setting.value > profile.idle:
        return
    if setting.origin == "default" and not _first_default(block, ctx):
        return
    values = {
        "title": profile.title,
        "idle": profile.idle,
        "wanted": profile.wanted,
        "answer": profile.answer,
        "usually": "" if profile.fixed else " by default",
    }
    case = "known" if profile.answer else "told"
    if setting.origin == "default":
        yield Hit(block, values, f"{case}-default")
    else:
        yield Hit(setting, values, case, fix=write(setting, f"{profile.wanted:g}s"))


def _first_default(block: Block, ctx: RuleContext) -> bool:
    """Whether this server is the first of its file for which surely the default holds."""
    return block.kind == "server" and sees_outer_levels(block) and once(ctx, "NGX040", block.place.source.path)


def split_time(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """``keepalive_timeout 1h 30m``: two arguments, of which the second is only a header."""
    setting = written(block, "keepalive_timeout")
    if setting is None or setting.place is None or not known(setting.value):
        return
    source, start, _ = setting.place
    match = _TWO_TIMES.match(source.text, start)
    if match is None:
        return
    first, second = _seconds(match[1]), _seconds(match[3])
    if first is None or second is None or not first:
        return
    place = Place(source, start, match.end(3))
    values = {"first": match[1], "second": match[3], "joined": match[1] + match[3], "promised": second, "kept": first}
    if second > first:
        yield Hit(place, values, "promise")
    elif _belong_together(match[1], match[3], second):
        fix = Fix(f"write keepalive_timeout {match[1]}{match[3]}", (Edit(place, match[1] + match[3]),), safe=False)
        yield Hit(place, values, "split", fix=fix)


def _belong_together(first: str, second: str, second_value: float) -> bool:
    """Whether both carry units and the second is smaller than one unit of the first: 1h 30m, not 2m 60s."""
    end = _PART.findall(first)[-1][1]
    return bool(end) and second[-1:].isalpha() and second_value < _UNITS[end]


def _seconds(text: str) -> float | None:
    if not text or _TIME.fullmatch(text) is None:
        return None
    return float(sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text)))


def next_to_pass(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Client keep-alive settings in a location that hands its requests to a backend."""
    handler = block.facts.get("handler")
    if not handler or block.facts.get("pseudo"):
        return
    settings = [setting for name in CLIENT_KEEPALIVE if (setting := written(block, name)) is not None]
    found = [setting for setting in settings if known(setting.value) and setting.value]
    if not found:
        return
    upstream = block.links.get("upstream")
    if isinstance(upstream, Block) and any(setting.name in upstream.settings for setting in found):
        return
    names = ", ".join(setting.key for setting in found)
    meant = isinstance(upstream, Block) and _speaks_of_reuse(block)
    name = upstream.name if isinstance(upstream, Block) else ""
    related = ((upstream, f"the pool of {name}"),) if isinstance(upstream, Block) else ()
    yield Hit(
        found[0],
        {"names": names, "govern": "govern" if len(found) > 1 else "governs", "handler": handler, "upstream": name},
        "meant" if meant else "plain",
        related,
    )


def _speaks_of_reuse(block: Block) -> bool:
    """Whether the location itself sets what reuse towards a backend needs."""
    if written(block, "proxy_http_version") is not None:
        return True
    return block.facts.get("connection") == "" and block.facts.get("header_level") is block


def listen_http2(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """``listen … http2``: of each server when the version is told, else once a file."""
    places = _http2_places(block)
    if not places:
        return
    path = block.place.source.path
    if ctx.target is not None:
        yield _http2_hit(places, "told")
    elif once(ctx, "NGX045", path):
        yield _http2_hit(_http2_by_file(ctx).get(path) or places, "untold")


def _http2_by_file(ctx: RuleContext) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] | None = ctx.memo.get("nginx listen http2")
    if found is None:
        found = ctx.memo["nginx listen http2"] = {}
        for server in ctx.of("nginx", "server"):
            for place in _http2_places(server):
                found.setdefault(place.source.path, []).append(place)
    return found


def _http2_hit(places: list[Place], case: str) -> Hit:
    more = "" if len(places) == 1 else f" (and {len(places) - 1} more)"
    related = tuple((place, "here too") for place in places[1 : 1 + SHOWN])
    return Hit(places[0], {"more": more}, case, related)


def _http2_places(server: Block) -> list[Place]:
    listens = server.facts.get("listens") or ()
    return [listen.place for listen in listens if "http2" in listen.params]


def tls_resumption(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """TLS sessions that cannot be resumed: cache and tickets off, or reuse towards the backend switched off."""
    for name in ("proxy_ssl_session_reuse", "grpc_ssl_session_reuse", "uwsgi_ssl_session_reuse"):
        backend = written(block, name)
        if backend is not None and backend.value is False:
            yield Hit(backend, case="backend")
    if block.kind == "server" and _speaks_tls(block) and sees_outer_levels(block):
        yield from _client_resumption(block, ctx)


def _client_resumption(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    tickets, cache = block.get("ssl_session_tickets"), block.get("ssl_session_cache")
    if tickets is None or cache is None or not known(tickets.value, cache.value):
        return
    if tickets.value is False:
        if str(cache.value).lower().startswith(("off", "none")) and once(ctx, "NGX062", tickets.place):
            yield Hit(tickets, {"cache": cache.raw or cache.value}, "none")
    elif (ctx.config.get("instances") or 1) > 1 and _no_key(block) and once(ctx, "NGX062", block.place.source.path):
        yield Hit(block, {"instances": ctx.config["instances"]}, "hosts")


def _no_key(block: Block) -> bool:
    return block.value("ssl_session_ticket_key") is None


def _speaks_tls(server: Block) -> bool:
    return any("ssl" in listen.params or "quic" in listen.params for listen in server.facts.get("listens") or ())
