"""Rules for agents, servers and HTTP clients of Node.js."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.detectors.node_common import made_by, made_of, methods_of, object_of, table_of
from poollint.engine.detectors.role_pools import environment_text, faults_of, is_throwaway
from poollint.engine.hits import Hit, RuleContext, known, says

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.readers.source.values import Made

UNDICI_THROWS = {
    "keepAlive": "pipelining",
    "idleTimeout": "keepAliveTimeout",
    "socketTimeout": "headersTimeout and bodyTimeout",
    "requestTimeout": "headersTimeout and bodyTimeout",
    "maxKeepAliveTimeout": "keepAliveMaxTimeout",
}
UNDICI_IGNORES = {
    "maxSockets": "connections",
    "maxFreeSockets": "connections",
    "maxConnections": "connections",
    "agent": "",
    "timeout": "headersTimeout and bodyTimeout",
}
NEVER_OPTIONS = ("timeout", "maxRequestsPerSocket", "maxConnections", "maxHeadersCount")
SERVER_TIMES = ("keepAliveTimeout", "headersTimeout", "requestTimeout", "timeout")
BROWSER = re.compile(
    r"from ['\"](?:react|vue|svelte|@angular|solid-js|preact|next/)|['\"]use client['\"]|import\.meta\.env\.VITE_"
    r"|\bREACT_APP_|\bwindow\.|\bdocument\."
)
NODE = re.compile(
    r"\brequire\(|\bmodule\.exports\b|from ['\"](?:node:|fs|path|https?|express|fastify|koa|@nestjs/)|\bprocess\."
)


def is_server_side(block: Block) -> bool:
    """Whether a file surely runs in Node and not in a browser."""
    path, text = block.place.source.path, block.place.source.text
    if path.endswith((".tsx", ".jsx", ".vue")) or BROWSER.search(text):
        return False
    return path.endswith((".mjs", ".cjs", ".mts", ".cts")) or bool(NODE.search(text))


def is_assigned(setting: Setting) -> bool:
    """Whether a setting was set by ``server.timeout = 5``, not as an option of the call."""
    place = setting.key_place
    return place is not None and place.source.text[place.start - 1 : place.start] == "."


def keepalive_missing(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """An agent that opens a connection for every request."""
    setting = block.get("keepAlive")
    if setting is None or setting.value is UNKNOWN or is_throwaway(block):
        return
    if setting.value not in (False, None, 0, ""):
        return
    enclosing = (block.facts.get("uses") or {}).get("inline_in", "")
    if re.search(r"aws-sdk|NodeHttpHandler|WebSocket|^ws\.|socket\.io", enclosing):
        return
    if setting.origin == "default":
        yield Hit(block, {"construct": block.facts.get("construct", "Agent")}, "absent")
    else:
        yield Hit(setting, {"raw": setting.raw})


def socket_limits(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Limits of an agent that no limit comes of."""
    yield from _faulty(block, ("maxSockets", "maxTotalSockets"))


SERVER_FILE = re.compile(r"['\"](?:express|fastify|koa|@nestjs/[\w-]+|@hapi/hapi|bullmq)['\"]|\bcreateServer\(")


def sockets_unbounded(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """No limit of sockets in a process that serves."""
    setting, keep = block.get("maxSockets"), block.get("keepAlive")
    if setting is None or keep is None or keep.value is not True or not known(setting.value) or is_throwaway(block):
        return
    value = setting.value
    if not isinstance(value, (int, float)) or value <= ctx.options["threshold"] or any(faults_of(setting)):
        return
    if setting.origin != "default":
        yield Hit(setting, {"setting": setting.key, "raw": setting.raw})
    elif says(SERVER_FILE, block.place.source.text):
        yield Hit(block, {}, "absent")


def free_sockets_zero(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    yield from _faulty(block, ("maxFreeSockets",))


def _faulty(block: Block, names: tuple[str, ...]) -> Iterator[Hit]:
    for name in names:
        setting = block.settings.get(name)
        if setting is None or (isinstance(setting.value, str) and setting.value.isdigit() and name == "maxSockets"):
            continue
        for _kind, effect, words in faults_of(setting):
            yield Hit(setting, {"setting": setting.key, "raw": setting.raw, "what": words}, effect)


def agent_mismatch(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """The idle limit of an agent beside its limit of sockets."""
    free, most = block.settings.get("maxFreeSockets"), block.settings.get("maxSockets")
    if free is None or most is None or not known(free.value, most.value):
        return
    if not isinstance(free.value, int) or not isinstance(most.value, int) or free.value <= 0 or most.value <= 0:
        return
    values = {"free": free.value, "most": most.value}
    if free.value > most.value:
        yield Hit(free, values, "above")
    elif most.value >= 16 and free.value < most.value / 4:
        yield Hit(free, values, "below")


def total_stall(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A limit over all hosts that idle sockets of one host can fill."""
    total = block.settings.get("maxTotalSockets")
    most, idle, keep = block.get("maxSockets"), block.get("timeout"), block.get("keepAlive")
    if total is None or not known(total.value) or not isinstance(total.value, int) or total.value <= 0:
        return
    if most is not None and known(most.value) and isinstance(most.value, int) and total.value < most.value:
        yield Hit(total, {"total": total.raw, "most": most.raw}, "below")
    elif keep is not None and keep.value is True and idle is not None and idle.value in (None, UNLIMITED):
        yield Hit(total, {"total": total.raw})


def connection_close(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A request that forbids its connection to be used again."""
    if is_throwaway(block) or not is_server_side(block):
        return
    agent = block.settings.get("agent")
    if agent is not None and agent.value is False and block.system == "node-http" and block.kind == "request":
        yield Hit(agent, {"raw": agent.raw})
    headers = table_of(object_of(block, "headers"))
    if headers is not None and not headers.broken:
        for name, entry in headers.entries.items():
            value = entry.value.value
            if name.lower() == "connection" and isinstance(value, str) and value.lower() == "close":
                yield Hit(entry.key_place, {"raw": value}, "header")


def session_cache(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """TLS sessions that are forgotten at once."""
    for name in ("maxCachedSessions", "connect.maxCachedSessions"):
        setting = block.settings.get(name)
        if setting is not None and setting.origin != "default" and setting.value == 0:
            yield Hit(setting, {"setting": setting.key})


def protocol_mismatch(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """An agent of the one protocol for requests of the other."""
    for name, wrong, right in (("httpsAgent", "http.Agent", "https.Agent"), ("httpAgent", "https.Agent", "http.Agent")):
        for prefix in ("", "requestHandler."):
            setting = block.settings.get(prefix + name)
            if setting is not None and made_by(object_of(block, prefix + name)) == wrong:
                yield Hit(setting, {"setting": setting.key, "made": wrong, "right": right})
    agent = block.settings.get("agent")
    if agent is None:
        return
    made = made_by(object_of(block, "agent"))
    agents = table_of(object_of(block, "agent"))
    if agents is not None and block.system == "got":
        for key, wrong in (("https", "http.Agent"), ("http", "https.Agent")):
            entry = agents.entries.get(key)
            if entry is not None and made_by(entry.value.value) == wrong:
                values = {"setting": f"agent.{key}", "made": wrong, "right": f"{key}.Agent"}
                yield Hit(entry.key_place, values)
    callee = str(block.facts.get("callee", ""))
    if (
        made == "http.Agent"
        and (callee.startswith("https.") or _url_is(block, "https:"))
        and block.kind == "request"
        and block.system in ("node-http", "node-fetch")
    ):
        yield Hit(agent, {"setting": "agent", "made": made, "right": "https.Agent"})


def _url_is(block: Block, protocol: str) -> bool:
    after = block.place.source.text[block.place.end : block.place.end + 12]
    return bool(re.match(r"\(\s*['\"`]" + protocol, after))


def fetch_agent(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Built-in fetch is given an agent, which it does not know."""
    agent = block.settings.get("agent")
    if agent is not None and agent.value is not None and not _is_replaced(block):
        yield Hit(agent, {})


def fetch_timeout(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """fetch is given a timeout, which it does not know."""
    timeout = block.settings.get("timeout")
    if timeout is not None and timeout.value not in (None, False) and not _is_replaced(block):
        yield Hit(timeout, {"raw": timeout.raw})


def _is_replaced(block: Block) -> bool:
    """Whether the file, or a library that it imports, puts another fetch in place of the built-in one."""
    return block.facts.get("callee") == "fetch" and says(
        r"(?:globalThis|global|window)\.fetch\s*=|(?:node|isomorphic|cross|whatwg)-fetch|\bBun\.",
        block.place.source.text,
    )


def fetch_dispatcher(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A dispatcher of undici's package for the fetch of another release of undici."""
    dispatcher = block.settings.get("dispatcher")
    if dispatcher is None or block.facts.get("callee") != "fetch" or dispatcher.value is None:
        return
    packages = block.facts.get("packages") or {}
    node, undici = packages.get("node"), packages.get("undici")
    if not node or not undici or not made_by(object_of(block, "dispatcher")).startswith("undici."):
        return
    if (undici[0] >= 8 and node[0] < 26) or (undici[0] <= 6 and node[0] >= 26):
        yield Hit(dispatcher, {"undici": undici[0], "node": node[0]})


def global_dispatcher(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A dispatcher for all requests that the built-in fetch of a newer Node never sees."""
    packages = block.facts.get("packages") or {}
    node, undici = packages.get("node"), packages.get("undici")
    if block.facts.get("construct") != "setGlobalDispatcher" or not node or not undici:
        return
    uses = ctx.of("node-http", "fetch")  # in whatever file: the dispatcher is one for all
    if node[0] >= 26 and undici[0] <= 6 and any(each.facts.get("callee") == "fetch" for each in uses):
        yield Hit(block, {"undici": undici[0], "node": node[0]})


def body_unread(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A response of which only the head is looked at."""
    if not (block.facts.get("uses") or {}).get("body_unread") or is_throwaway(block):
        return
    method = block.get("method")
    if not is_server_side_or_bare(block) or method is None or method.value is UNKNOWN:
        return
    if method.value is None or str(method.value).upper() == "GET":
        yield Hit(block, {"name": block.name if block.name.isidentifier() else "response"})


def in_browser_project(block: Block) -> bool:
    """Whether the packages of the project are those of a page and of no server."""
    packages = set(block.facts.get("packages") or ())
    return bool(packages & _PAGES) and not packages & _SERVERS


_PAGES = frozenset(("react-dom", "vue", "@angular/core", "svelte", "preact"))
_SERVERS = frozenset("next nuxt @remix-run/node express fastify koa @nestjs/core hono".split())


def is_server_side_or_bare(block: Block) -> bool:
    path, text = block.place.source.path, block.place.source.text
    return not path.endswith((".tsx", ".jsx", ".vue")) and not says(BROWSER, text) and not in_browser_project(block)


def undici_options(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Words of http.Agent among the options of undici."""
    for name, entry in (block.facts.get("unknown_options") or {}).items():
        if name in UNDICI_THROWS:
            yield Hit(entry.key_place, {"option": name, "meant": UNDICI_THROWS[name]}, "refused")
        elif name in UNDICI_IGNORES:
            meant = UNDICI_IGNORES[name]
            yield Hit(entry.key_place, {"option": name, "meant": meant or "nothing"}, "" if meant else "none")
    yield from _faulty(block, ("keepAliveTimeout",))


def undici_connections(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """undici without a limit of connections, or with one that throws."""
    setting = block.get("connections")
    if setting is None or setting.value is UNKNOWN or block.facts.get("construct") == "Client":
        return
    faults = list(faults_of(setting))
    if faults:
        for _kind, effect, words in faults:
            yield Hit(setting, {"raw": setting.raw, "what": words}, effect)
    elif setting.value == UNLIMITED and not is_throwaway(block):
        if setting.origin == "default":
            yield Hit(block, {}, "absent")
        else:
            yield Hit(setting, {"raw": setting.raw})


def axios_timeout(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """axios waits for ever where nobody says otherwise."""
    text = block.place.source.text
    if is_throwaway(block) or not block.complete or says(r"\.defaults\.timeout\b|interceptors\.request", text):
        return
    if any("timeout" in each.settings for each in ctx.of("axios", "defaults")):
        return
    timeout, signal = block.get("timeout"), block.settings.get("signal")
    if timeout is None or timeout.value is UNKNOWN or signal is not None:
        return
    if timeout.value not in (None, UNLIMITED) or _has_other_agent(block):
        return
    if block.kind == "instance":
        if not block.name or not is_server_side_or_bare(block) or _bounds_requests(block, text):
            return
        if timeout.origin == "default":
            yield Hit(block, {"call": "axios.create"}, "absent")
        else:
            yield Hit(timeout, {"raw": timeout.raw})
    elif is_server_side(block) and (timeout.origin == "default" or timeout.value == UNLIMITED):
        construct = block.facts.get("construct", "")
        call = "axios" if construct in ("default", "axios") else f"axios.{construct}"
        yield Hit(block, {"call": call}, "absent")


_AGENT = re.compile(r"\bnew [\w.]*Agent\((?:[^()]|\([^()]*\))*\)")


def _bounds_requests(block: Block, text: str) -> bool:
    """Whether other words of the file speak of a bound, which its requests may bring along."""
    written = block.settings.get("timeout")
    rest = text if written is None or written.key_place is None else text.replace(written.key_place.text, "", 1)
    rest = _AGENT.sub("", rest)
    return bool(re.search(r"\b(?:timeout|signal|cancelToken)\b\s*[:,}=]", rest))


def _has_other_agent(block: Block) -> bool:
    """Whether an agent that may end silent requests by itself is in use."""
    names = [name for name in ("httpAgent", "httpsAgent") if name in block.settings]
    return any(made_by(object_of(block, name)) not in ("http.Agent", "https.Agent") for name in names)


def axios_agent(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Agents that axios does not look at."""
    agent = block.settings.get("agent")
    if agent is not None and agent.value is not None:
        yield Hit(agent, {})
    adapter = block.settings.get("adapter")
    if adapter is not None and adapter.value == "fetch":
        for name in ("httpAgent", "httpsAgent"):
            setting = block.settings.get(name)
            if setting is not None:
                yield Hit(setting, {"setting": name}, "adapter")


def got_options(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Options of got in a shape that it refuses."""
    agent = block.settings.get("agent")
    if agent is not None and made_by(object_of(block, "agent")) in ("http.Agent", "https.Agent"):
        yield Hit(agent, {}, "agent")
    timeout = block.settings.get("timeout")
    if (
        timeout is not None
        and isinstance(timeout.value, (int, float))
        and not isinstance(timeout.value, bool)
        and (block.target is None or block.target >= (12,))
    ):
        yield Hit(timeout, {"raw": timeout.raw}, "timeout")


_FOR_CLIENT = re.compile(r"\baxios\b|\bhttps?Agent\b")


def agentkeepalive_timeout(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """agentkeepalive 4 ends requests that are silent for eight seconds."""
    if (block.target is not None and block.target < (4,)) or in_browser_project(block):
        return
    timeout, free = block.get("timeout"), block.settings.get("freeSocketTimeout")
    old = block.settings.get("freeSocketKeepAliveTimeout")
    idle = free or old
    if idle is not None and not (isinstance(idle.value, (int, float)) and idle.value <= 4):
        timeout = None  # the default is twice that, or cannot be told
    if block.target is not None and block.target < (4, 2):
        timeout = None  # it was thirty seconds
    if _FOR_CLIENT.search(block.place.source.text):
        timeout = None  # a client such as axios sets the time of each request itself, none included
    if timeout is not None and timeout.value is not UNKNOWN and timeout.origin == "default" and not is_throwaway(block):
        yield Hit(block, {})
    elif free is not None and isinstance(free.value, (int, float)) and free.value >= 5 and free.value != UNLIMITED:
        yield Hit(free, {"raw": free.raw}, "free")
    if old is not None:
        yield Hit(old, {}, "renamed")


def aws_request_timeout(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A request timeout of the AWS SDK that only writes a warning."""
    if str(block.facts.get("callee", "")).startswith("@aws-sdk/node-http-handler."):
        return  # the package of that name ended before its successor stopped to enforce the time
    for prefix in ("", "requestHandler."):
        request = block.settings.get(prefix + "requestTimeout")
        if request is None or request.value in (UNLIMITED, None) or not block.complete:
            continue
        throw, socket = block.get(prefix + "throwOnRequestTimeout"), block.get(prefix + "socketTimeout")
        if throw is not None and throw.value is False and socket is not None and socket.value is None:
            yield Hit(request, {"raw": request.raw})


def aws_handler(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Options of version 2, and an agent that replaces the built-in one."""
    for name in ("httpOptions", "maxSockets"):
        setting = block.settings.get(name)
        if setting is not None and block.kind == "client":
            yield Hit(setting, {"setting": name}, "version-2")
    for name in ("httpsAgent", "requestHandler.httpsAgent"):
        made = made_of(object_of(block, name))
        if made is not None and made.call.callee == "https.Agent" and _no_keepalive(made):
            yield Hit(block.settings[name], {"setting": name})


def _no_keepalive(made: Made) -> bool:
    call = made.call
    if call.later or call.broken or not call.complete:
        return False
    if not call.positional:
        return True
    table = table_of(call.positional[0].value)
    if table is None or table.broken or not table.complete:
        return False
    entry = table.entries.get("keepAlive")
    return entry is None or entry.value.value is False


def grpc_options(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Channel options that gRPC has no such name for, and pings that servers refuse."""
    for name, entry in (block.facts.get("unknown_options") or {}).items():
        meant = block.spec.confused.get(name, "") if block.spec is not None else ""
        if meant or not name.startswith(("grpc.", "grpc-node.")):
            yield Hit(entry.key_place, {"option": name, "meant": meant}, "hint" if meant else "")
    ping = block.settings.get("grpc.keepalive_time_ms")
    rare = ping is None or not isinstance(ping.value, (int, float)) or not 0 < ping.value < 10
    if ping is not None and block.kind == "channel" and not rare:
        yield Hit(ping, {"raw": ping.raw}, "pings")


# Servers


def below_balancer(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """The server closes idle connections before the balancer in front does."""
    setting = block.get("keepAliveTimeout")
    limit = ctx.config["lb_idle_timeout"]
    if setting is None or is_throwaway(block):
        return
    value = setting.value
    if setting.origin == "default":
        yield from _below_nginx(block, ctx, value)
        return
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= limit:
        yield Hit(setting, {"raw": setting.raw, "limit": limit, "better": (limit + 5) * 1000})


def _below_nginx(block: Block, ctx: RuleContext, value: Any) -> Iterator[Hit]:
    """The same of the default, where nginx of the project keeps connections to the port of the server."""
    port = block.value("port")
    if not isinstance(port, int):
        ports = [use.arguments[0].value for use in methods_of(block) if use.method == "listen" and use.arguments]
        port = ports[0] if len(ports) == 1 else None
    if (
        not isinstance(port, int)
        or not isinstance(value, (int, float))
        or (block.facts.get("uses") or {}).get("passed")
    ):
        return  # or another function may set it
    from poollint.engine.detectors.nginx_traffic import keeps_connections

    found = [
        upstream
        for upstream in ctx.of("nginx", "upstream")
        if upstream.facts.get("pooled") is True
        and keeps_connections(upstream)
        and any(str(getattr(server, "port", "")) == str(port) for server in upstream.facts.get("servers", ()))
    ]
    idle = found[0].value("keepalive_timeout") if len(found) == 1 else None
    if isinstance(idle, (int, float)) and 1 <= value <= idle < UNLIMITED:
        values = {"raw": f"{value:g} s", "limit": f"{idle:g}", "better": (int(idle) + 5) * 1000}
        yield Hit(block, values, "default", related=((found[0], "keeps idle connections"),))


def server_seconds(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Seconds where the server counts milliseconds."""
    if block.facts.get("in_test"):
        return
    for name in ("keepAliveTimeout", "headersTimeout", "requestTimeout"):
        setting = block.settings.get(name)
        if setting is None or setting.origin == "default":
            continue
        value = setting.value
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1:
            number = round(value * 1000)
            yield Hit(setting, {"setting": name, "number": number, "better": number * 1000})


def server_text(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A timeout that is a text, out of the environment."""
    for name in SERVER_TIMES:
        setting = block.settings.get(name)
        if setting is None or setting.origin == "default" or not environment_text(block, setting):
            continue
        yield Hit(setting, {"setting": name, "raw": setting.raw}, "" if is_assigned(setting) else "option")


def headers_above_request(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """More time for the head of a request than for the whole."""
    if block.target is not None and block.target < (18,):
        return
    head, whole = block.get("headersTimeout"), block.get("requestTimeout")
    if head is None or whole is None or head.origin == "default" or not known(head.value, whole.value):
        return
    if not all(isinstance(each.value, (int, float)) and each.value != UNLIMITED for each in (head, whole)):
        return
    if head.value > whole.value > 0:
        written = f"{whole.raw}" if whole.origin != "default" else "300000, the default"
        values = {"head": head.raw, "whole": written}
        assigned = is_assigned(head) or (whole.origin != "default" and is_assigned(whole))
        yield Hit(head, values, "" if assigned else "option")


def headers_below_keepalive(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Releases that measured the time for the head across the idle time before it."""
    target = block.target
    if target is None or not _measures_across_idle(target):
        return
    head, keep = block.get("headersTimeout"), block.get("keepAliveTimeout")
    if head is None or keep is None or (keep.origin == "default" and head.origin == "default"):
        return
    if all(isinstance(each.value, (int, float)) for each in (head, keep)) and head.value <= keep.value:
        endless = keep.value == UNLIMITED
        values = {"head": f"{head.value:g} s", "keep": "0, which is no limit" if endless else f"{keep.value:g} s"}
        yield Hit(keep if keep.origin != "default" else head, values)


def _measures_across_idle(target: tuple[int, ...]) -> bool:
    return (8, 16) <= target < (8, 18) or (10, 15) <= target < (12, 19) or (13,) <= target < (13, 13)


def no_request_limits(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Neither the head nor the body of a request has to arrive in any time."""
    if block.target is not None and block.target < (18,):
        return
    whole, head = block.settings.get("requestTimeout"), block.get("headersTimeout")
    if whole is None or whole.value is UNKNOWN or whole.value != UNLIMITED or head is None or not block.complete:
        return
    if head.origin == "default" and not is_assigned(whole):
        yield Hit(whole, {"raw": whole.raw})
    elif head.origin != "default" and head.value is not UNKNOWN and head.value == UNLIMITED:
        yield Hit(whole, {"raw": whole.raw}, "both")


def server_options(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Options of createServer that createServer does not read."""
    for name in NEVER_OPTIONS:
        setting = block.settings.get(name)
        if setting is not None and setting.origin != "default" and not is_assigned(setting):
            yield Hit(setting, {"setting": name, "raw": setting.raw})
    if block.target is not None and block.target < (18,):
        for name in ("keepAliveTimeout", "headersTimeout", "requestTimeout"):
            setting = block.settings.get(name)
            if setting is not None and setting.origin != "default" and not is_assigned(setting):
                yield Hit(setting, {"setting": name, "raw": setting.raw}, "before-18")
    for name, entry in (block.facts.get("unknown_options") or {}).items():
        if name not in _EVENTS and not _assigned_entry(entry):
            yield Hit(entry.key_place, {"setting": name, "raw": name}, "unknown")


_EVENTS = frozenset(("SNICallback", "http1", "allowHTTP1"))


def _assigned_entry(entry: Any) -> bool:
    place = entry.key_place
    return bool(place.source.text[place.start - 1 : place.start] == ".")


def granularity(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A limit that is shorter than the pause between two checks of it."""
    if block.target is not None and block.target < (18,):
        return
    interval = block.get("connectionsCheckingInterval")
    if interval is None or not known(interval.value) or block.facts.get("in_test"):
        return
    for name in ("headersTimeout", "requestTimeout"):
        setting = block.settings.get(name)
        if setting is None or setting.origin == "default" or not isinstance(setting.value, (int, float)):
            continue
        if 1 <= setting.value < interval.value:
            yield Hit(setting, {"setting": name, "raw": setting.raw, "interval": interval.value})
