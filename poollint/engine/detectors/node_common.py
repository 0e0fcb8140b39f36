"""Rules for every Node.js library: timers, listeners, connections taken and given back, pooler endpoints."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.detectors.role_pools import is_javascript, is_short_lived, is_throwaway
from poollint.engine.hits import Hit, RuleContext, known, says
from poollint.knowledge.poolers import at_scheme, pooler_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block
    from poollint.readers.source.javascript_uses import Use
    from poollint.readers.source.values import Entry, Made, Table
    from poollint.source import Place

MAX_TIMER = 2147483.647
ENDERS = frozenset("end close destroy disconnect $disconnect quit".split())
TRANSACTION = re.compile(
    r"\s*(?:begin|start\s+transaction|commit|rollback|savepoint\s|release\s+savepoint|set\s+local\s)\b", re.I
)
STARTUP_PARAMETERS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "options")
URL_SIZES = ("connection_limit", "pool_timeout", "pool_max", "max", "pgbouncer", "connectionTimeoutMillis")
SERVERLESS = re.compile(r"\bexports\.handler\s*=|\bexport\s+(?:const|async function|function)\s+handler\b")
NEXT = re.compile(r"next\.config|from ['\"]next(?:/[\w-]+)?['\"]|@remix-run/|from ['\"]nuxt|#imports")
SUBSCRIBERS = frozenset("subscribe psubscribe ssubscribe pSubscribe sSubscribe".split())
BLOCKERS = frozenset("blpop brpop brpoplpush blmove bzpopmin bzpopmax blPop brPop blMove bzPopMin bzPopMax".split())
NEUTRAL = frozenset(
    "on once off removeListener addListener connect quit disconnect duplicate end close unsubscribe punsubscribe destroy "
    "status isOpen isReady ping listenerCount setMaxListeners then catch pUnsubscribe sUnsubscribe".split()
)


def methods_of(block: Block) -> tuple[Use, ...]:
    found: tuple[Use, ...] = (block.facts.get("uses") or {}).get("methods", ())
    return found


def option(block: Block, name: str) -> Any:
    """The value of an option, whether a rule has a setting for it or not; None when it is not written or not known."""
    setting = block.settings.get(name)
    if setting is not None:
        return None if setting.value is UNKNOWN else setting.value
    entry = (block.facts.get("other_options") or {}).get(name)
    return None if entry is None or not entry.value.known else entry.value.value


def timer_overflow(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A delay beyond what a timer of Node can count."""
    if not is_javascript(block):
        return
    for setting in list(block.settings.values()):
        if setting.spec is None or setting.spec.type != "duration" or setting.origin == "default":
            continue
        value = setting.value
        if isinstance(value, (int, float)) and not isinstance(value, bool) and MAX_TIMER < value < UNLIMITED:
            yield Hit(setting, {"setting": setting.key, "raw": setting.raw})


def env_nan(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A number out of an environment variable that may not be there."""
    if not is_javascript(block) or block.facts.get("in_test"):
        return
    texts = block.facts.get("text_values") or {}
    for name, variable in (block.facts.get("unset_values") or {}).items():
        setting = block.settings[name]
        if setting.value is not UNKNOWN or name in texts or variable in ("", "?") or not _is_count(setting):
            continue
        if not re.search(_ASKED.format(re.escape(variable)), block.place.source.text):
            yield Hit(setting, {"setting": setting.key, "raw": setting.raw, "variable": variable})


# a file asks whether a variable is there: !process.env.X, process.env.X ??=, requireEnv("X")
_ASKED = r"!\s*process\.env\.{0}\b|process\.env\.{0}\s*(?:\?\?|\|\|)?=[^=]|(?<!\[)['\"]{0}['\"]"


def _is_count(setting: Any) -> bool:
    return setting.spec is not None and setting.spec.type == "int" and bool(setting.spec.role)


def end_per_request(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A handler closes the pool that all requests share."""
    if block.facts.get("scope") != "module" or block.facts.get("in_test"):
        return
    for use in methods_of(block):
        if use.method in ENDERS and use.handler in ("route", "lambda", "export"):
            yield Hit(use.place, {"name": block.name, "method": use.method})


def ended_elsewhere(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A handler closes the pool of another module."""
    if block.facts.get("handler") in ("route", "lambda", "export") and not block.facts.get("in_test"):
        yield Hit(block, {"name": block.name, "method": (block.facts.get("uses") or {}).get("method", "end")})


def transaction_on_pool(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """BEGIN, COMMIT or SET LOCAL through the pool itself."""
    if block.kind == "statement":
        text = (block.facts.get("uses") or {}).get("statement")
        if (
            isinstance(text, str)
            and TRANSACTION.match(text)
            and text.count(";") <= 1
            and not block.facts.get("in_test")
        ):
            yield Hit(block, {"name": block.name, "statement": text.split()[0].upper(), "method": "query"})
        return
    if block.value("max") == 1 or block.value("connectionLimit") == 1:
        return
    for use in methods_of(block):
        if use.method not in ("query", "execute", "unsafe") or not use.arguments:
            continue
        table = table_of(use.arguments[0].value)
        entry = table.entries.get("text") if table is not None and not table.broken else None
        text = use.arguments[0].value if entry is None else entry.value.value
        if isinstance(text, str) and TRANSACTION.match(text) and text.count(";") <= 1:
            yield Hit(use.place, {"name": block.name, "statement": text.split()[0].upper(), "method": use.method})


# what one connection remembers for those who have it next, or keeps for whoever asked: not so what ends with its statement
SESSION_STATE = re.compile(
    r"\s*(?:(?P<set>set\s+(?!local\b|(?:session\s+)?transaction\b|global\b|persist|@@global|constraints\b|password\b|default\s+role\b))"
    r"|(?P<listen>listen\s)"
    r"|(?P<lock>select\s+(?:pg_(?:try_)?advisory_lock(?:_shared)?|get_lock)\s*\()"
    r"|(?P<temporary>create\s+temp(?:orary)?\s))",
    re.I,
)


def session_state(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A statement through the pool itself that means the connection it happens to meet."""
    if is_throwaway(block) or block.value("max") == 1 or block.value("connectionLimit") == 1:
        return
    texts: list[tuple[Block | Place, Any, str]] = []
    if block.kind == "statement":
        texts = [(block, (block.facts.get("uses") or {}).get("statement"), "query")]
    else:
        for use in methods_of(block):
            if use.method in ("query", "execute", "unsafe") and use.arguments:
                texts.append((use.place, use.arguments[0].value, use.method))
    for place, text, method in texts:
        found = SESSION_STATE.match(text) if isinstance(text, str) else None
        if found is not None and not re.search(r";\s*\S", text):
            words = " ".join(text.split())
            shown = words if len(words) <= 40 else words[:37] + "..."
            yield Hit(place, {"name": block.name, "method": method, "statement": shown}, found.lastgroup or "")


def not_released(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A connection that does not surely come back to its pool."""
    uses = block.facts.get("uses") or {}
    if uses.get("released") in ("never", "path", "early") and not is_throwaway(block):
        values = {"name": block.name, "pool": uses["pool"], "method": block.facts.get("construct", "")}
        yield Hit(block, values, uses["released"])


def nested_acquire(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A second connection is asked for while the first is held."""
    uses = block.facts.get("uses") or {}
    if block.facts.get("in_test"):
        return
    case = "transaction" if block.facts.get("construct") == "transaction" else ""
    for place in uses.get("nested", ()):
        call = " ".join(place.text.split("(")[0].split())
        yield Hit(place, {"name": block.name, "pool": uses["pool"], "call": call}, case)


def no_error_handler(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A pg pool on which nobody listens for errors."""
    facts = block.facts
    uses = facts.get("uses") or {}
    if not block.name or is_throwaway(block) or is_short_lived(block) or facts.get("handler") or facts.get("returned"):
        return
    if uses.get("damaged"):
        return  # a listener may be among what a syntax error hides
    if [name for name in uses.get("passed", ()) if name not in ("drizzle", "console.log")]:
        return
    if block.name.startswith("this.") and facts.get("scope") == "class" and not _is_private(block):
        return
    for use in methods_of(block):
        if (
            use.method in ("on", "once", "addListener", "prependListener")
            and use.arguments
            and use.arguments[0].value in ("error", UNKNOWN)
        ):
            return
    if block.name in _returned(block.place.source.text):
        return
    name = block.name.rpartition(".")[2]  # another file may have it under the same name
    if any(each.name.rpartition(".")[2] == name for each in ctx.of("node-postgres", "listener")):
        return
    yield Hit(block, {"name": block.name})


def _is_private(block: Block) -> bool:
    """Whether a pool is a private field that the class only calls and never hands on: ``this.#pool.query(...)``."""
    name = re.escape(block.name)
    text = block.place.source.text
    own = "#" in block.name or re.search(
        rf"\bprivate\s+(?:readonly\s+)?{re.escape(block.name.partition('.')[2])}\b", text
    )
    return bool(own) and not re.search(rf"{name}(?![\w$?]*\.|\?\.|\s*(?:\?\?)?=[^=])", block.place.source.text)


def hot_reload(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool of a module that development servers evaluate again and again."""
    facts = block.facts
    if facts.get("scope") != "module" or facts.get("guarded") or is_throwaway(block):
        return
    uses = facts.get("uses") or {}
    name = block.name
    if not name or uses.get("stored") or not _in_hot_project(block):
        return
    if says(r"\b(?:globalThis|global)\b", block.place.source.text):
        return
    yield Hit(block, {"name": name, "construct": facts.get("construct", "")})


def _in_hot_project(block: Block) -> bool:
    packages = block.facts.get("packages") or ()
    if "nuxt" in packages and "server/" in block.place.source.path:
        return True  # whose development server evaluates that folder again, too
    if {"next", "nuxt", "@remix-run/node", "@remix-run/dev"} & set(packages):
        return not re.search(r"(?:^|/)(?:worker|server|jobs?|cron|queue|integration)s?[./]", block.place.source.path)
    return says(NEXT, block.place.source.text)


def serverless_size(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A pool that every function instance has for itself, larger than one instance can use."""
    if block.facts.get("scope") != "module" or block.facts.get("in_test") or endpoint(block) == "pooler":
        return
    function = _function_of(block, ctx)
    serverless = says(SERVERLESS, block.place.source.text) or "netlify/functions/" in block.place.source.path
    if function is None and not serverless:
        return
    if function is not None and function.facts.get("pooled") is not False:
        return
    size = block.by_role("size")
    if size is None or not known(size.value) or not isinstance(size.value, (int, float)):
        return
    if not ctx.options["most"] < size.value < UNLIMITED:
        return
    case = "absent" if size.origin == "default" else ""
    values = {"setting": size.key, "size": size.value}
    limit = None if function is None else function.value("reservedConcurrency")
    if function is not None and isinstance(limit, int) and limit > 1:
        values |= {"instances": limit, "total": limit * size.value, "function": function.name}
        related = ((function.get("reservedConcurrency") or function, "so many instances may run"),)
        yield Hit(block if case else size, values, f"{case}-counted".lstrip("-"), related=related)
    else:
        yield Hit(block if case else size, values, case)


def _function_of(block: Block, ctx: RuleContext) -> Block | None:
    """The function of a serverless template whose handler stands in the file of a pool."""
    handlers = ctx.memo.get("serverless handlers")
    if handlers is None:
        functions = [each for each in ctx.of("serverless", "function") if each.facts.get("handler")]
        handlers = ctx.memo["serverless handlers"] = {each.facts["handler"]: each for each in functions}
    found: Block | None = handlers.get(posixpath.splitext(block.place.source.path)[0])
    return found


@lru_cache(maxsize=8)
def _returned(text: str) -> frozenset[str]:
    """The names that a file returns somewhere."""
    return frozenset(re.findall(r"\breturn\s+([\w$.]+)", text))


def endpoint(block: Block) -> str:
    """pooler where port, host or URL tell that a pooler stands in front of the database; else empty."""
    text = url_text(block)
    host = option(block, "host") or option(block, "connection.host")
    port = option(block, "port") or option(block, "connection.port")
    if pooler_at(host if isinstance(host, str) else "", port if isinstance(port, int) else 0) is not None:
        return "pooler"
    return text_endpoint(text) if text else ""


def text_endpoint(text: str) -> str:
    """The same of a URL alone."""
    netloc = re.sub(r"^\w+://(?:[^@/]*@)?", "", text).split("/")[0].split("?")[0]
    name, _, port = netloc.partition(":")
    if pooler_at(name, int(port) if port.isdecimal() else 0) is not None or at_scheme(text) is not None:
        return "pooler"
    return "pooler" if re.search(r"[?&]pgbouncer=true", text) else ""


def url_text(block: Block) -> str:
    """The URL of a database, with a NUL for each part that nobody can see; empty when nothing of it can be seen."""
    url = block.by_role("url")
    if url is None:
        return ""
    shape: str = (block.facts.get("shapes") or {}).get(url.name, "")
    return url.value if isinstance(url.value, str) else shape


def startup_parameter(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A startup parameter that PgBouncer does not let through."""
    if endpoint(block) != "pooler":
        return
    passed = [each.value("ignore_startup_parameters") for each in ctx.of("pgbouncer", "main")]
    for prefix in ("", "extra.", "connection.", "dialectOptions."):
        for name in STARTUP_PARAMETERS:
            setting = block.settings.get(prefix + name)
            if setting is None or setting.origin == "default" or setting.value in (None, False, UNLIMITED):
                continue
            if not any(names is UNKNOWN or name in (names or ()) for names in passed):
                yield Hit(setting, {"setting": setting.key})


def _pooler_prepares(ctx: RuleContext) -> bool:
    """Whether a PgBouncer of the run keeps named statements apart, or gives each client a connection of its own."""
    for main in ctx.of("pgbouncer", "main"):
        kept, mode = main.value("max_prepared_statements"), main.value("pool_mode")
        if kept is UNKNOWN or mode is UNKNOWN or mode == "session" or (isinstance(kept, int) and kept > 0):
            return True
    return False


def prepared_statements(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Named prepared statements through a pooler."""
    setting = block.by_role("prepared_statements")
    if endpoint(block) != "pooler" or _pooler_prepares(ctx):
        return
    for use in methods_of(block):
        query = table_of(use.arguments[0].value) if use.method == "query" and use.arguments else None
        if query is not None and not query.broken and "name" in query.entries:
            yield Hit(use.place, {"setting": "name"}, "named")
    if setting is not None and setting.value is True:
        yield Hit(setting if setting.origin != "default" else block, {"setting": setting.key})


def url_parameters(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Pool settings in a URL whose reader has no such parameters."""
    url = block.by_role("url")
    text = url_text(block)
    if url is None or "?" not in text or block.system == "prisma":
        return
    names = re.findall(r"[?&]([\w]+)=", text)
    known_here = ("max", "idle_timeout") if block.system == "postgres-js" else ()
    for name in names:
        if name in URL_SIZES and name not in known_here:
            case = {"postgres-js": "server", "mongodb": "refused", "mongoose": "refused"}.get(block.system, "")
            yield Hit(url, {"parameter": name}, case)
            return


def environment_parameters(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Pool settings in the URL of a project that has pg and nothing that reads them."""
    url = block.by_role("url")
    if url is None or not isinstance(url.value, str) or not url.value.startswith("postgres"):
        return
    if any(ctx.of("prisma", kind) for kind in ("environment", "datasource", "client")) or ctx.of("postgres-js", "pool"):
        return
    found = next((name for name in re.findall(r"[?&](\w+)=", url.value) if name in URL_SIZES), "")
    if found and ctx.of("node-postgres", "pool"):
        yield Hit(url, {"parameter": found})


def keepalive_without_delay(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """TCP keep-alive whose first probe the kernel sends after two hours."""
    host = option(block, "host")
    text = f"{host or ''} {url_text(block)}"
    if not text.strip() or re.search(r"localhost|127\.0\.0\.1|::1|^\s*/|\.sock", text) or block.facts.get("in_test"):
        return
    if block.system == "ioredis":
        delay = block.get("keepAlive")
        if block.target is not None and block.target < (6,) and delay is not None and delay.value == 0:
            yield Hit(delay if delay.origin != "default" else block, {"setting": "keepAlive"}, "ioredis")
        return
    switch = block.settings.get("keepAlive") or block.settings.get("enableKeepAlive")
    delay = block.by_role("keepalive")
    if switch is None or switch.value is not True or delay is None or delay.value is UNKNOWN:
        return
    if delay.value is None or delay.value == 0:
        yield Hit(switch, {"setting": switch.key, "delay": delay.key})


def subsecond_delay(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A delay of TCP probes below one second."""
    for name in ("keepAliveMsecs", "keepAliveInitialDelayMillis", "keepAliveInitialDelay"):
        setting = block.settings.get(name)
        if setting is not None and isinstance(setting.value, float) and 0 < setting.value < 1:
            yield Hit(setting, {"setting": setting.key, "raw": setting.raw})


def tls_unverified(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Certificates are not checked."""
    if block.facts.get("in_test"):
        return
    for name in ("rejectUnauthorized", "connect.rejectUnauthorized"):
        setting = block.settings.get(name)
        if setting is not None and setting.value is False:
            yield Hit(setting, {"setting": setting.key})
    options = {**(block.facts.get("unknown_options") or {}), **(block.facts.get("other_options") or {})}
    for name, entry in options.items():
        if name.rpartition(".")[2] in _TLS_OPTIONS:
            yield from _unverified(name, entry, 0)


_TLS_OPTIONS = frozenset("ssl tls dialectOptions connection rejectUnauthorized".split())


def _unverified(name: str, entry: Entry, depth: int, case: str = "") -> Iterator[Hit]:
    """``rejectUnauthorized: false`` at an option or inside it, in any branch of a conditional."""
    if name.endswith("rejectUnauthorized"):
        if entry.value.value is False:
            yield Hit(entry.key_place, {"setting": name}, case)
        return
    case = "branch" if entry.value.choices else case
    for each in entry.value.choices or (entry.value,):
        table = table_of(each.value)
        if table is None or table.broken or depth > 2:
            continue
        for key, inner in table.entries.items():
            if key in _TLS_OPTIONS:
                yield from _unverified(f"{name}.{key}", inner, depth + 1, case)


# files of variables for trials, whose certificates nobody signs
_TRIAL = re.compile(r"(?:^|[/._-])(?:tests?|testing|e2e|ci|dev|development|local|examples?|sample)(?:[/._-]|$)")


def tls_environment(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Certificates are not checked anywhere in the process."""
    setting = block.settings.get("NODE_TLS_REJECT_UNAUTHORIZED")
    if block.facts.get("in_test") or _TRIAL.search(block.place.source.path):
        return
    if setting is not None and str(setting.value) == "0":
        yield Hit(setting, {})


def _is_blocking(use: Use) -> bool:
    """Whether a command keeps its connection busy until something comes: BLPOP, or XREAD with BLOCK."""
    if use.method.lower() in ("xread", "xreadgroup"):
        return bool(re.search(r"['\"]BLOCK['\"]|\bBLOCK\s*:", use.place.text, re.I))
    return use.method in BLOCKERS


def role_mix(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """One Redis connection for things that need one each."""
    if block.facts.get("in_test"):
        return
    if block.kind == "worker":
        yield from _worker_connection(block, ctx)
        return
    names = [use.method for use in methods_of(block)]
    special = next((name for name in names if name in SUBSCRIBERS), "")
    blocking = next((use.method for use in methods_of(block) if _is_blocking(use)), "")
    plain = next(
        (
            use.method
            for use in methods_of(block)
            if use.method not in SUBSCRIBERS and use.method not in NEUTRAL and not _is_blocking(use)
        ),
        "",
    )
    resp = (block.facts.get("unknown_options") or {}).get("RESP")
    if special and resp is not None and resp.value.value != 2:
        special = ""  # the third version of the protocol has room for both
    if special and plain:
        yield Hit(block, {"name": block.name, "special": special, "plain": plain}, "subscriber")
    elif blocking and plain:
        yield Hit(block, {"name": block.name, "special": blocking, "plain": plain}, "blocking")


def _worker_connection(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A BullMQ worker that is given a connection whose commands give up."""
    made, setting = made_of(object_of(block, "connection")), block.settings.get("connection")
    if setting is None or made is None:
        return
    for client in ctx.of("ioredis", "client"):
        retries = client.get("maxRetriesPerRequest")
        if not _same_place(client.place, made.call.place) or retries is None or retries.value is UNKNOWN:
            continue
        if retries.value != UNLIMITED:
            yield Hit(setting, {"name": client.name or "the connection"}, "bullmq")


def _same_place(one: Place, other: Place) -> bool:
    return (one.source.path, one.start) == (other.source.path, other.start)


def command_timeout(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """An ioredis connection whose commands wait without a bound."""
    if is_throwaway(block) or not block.complete:
        return
    timeout, retries = block.get("commandTimeout"), block.get("maxRetriesPerRequest")
    if timeout is None or timeout.value is not None or retries is None or retries.value is UNKNOWN:
        return
    if retries.origin != "default" and retries.value != UNLIMITED:
        return  # somebody has thought of how long a command may take
    if says(r"bullmq|['\"]bull['\"]|bee-queue", block.place.source.text):
        return
    names = {use.method for use in methods_of(block)}
    if names & (SUBSCRIBERS | BLOCKERS):
        return
    if any(use.handler in ("route", "lambda", "export") for use in methods_of(block)):
        yield Hit(block, {"name": block.name})


def offline_queue(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A node-redis connection that keeps commands back for as long as the server is away."""
    queue = block.get("disableOfflineQueue")
    if is_throwaway(block) or not block.complete or queue is None or queue.value is not False:
        return
    if block.facts.get("scope") == "function":
        return  # whoever makes it for a moment has other worries
    if block.target is not None and block.target < (4,):
        return
    if {"commandOptions", "commandsQueueMaxLength"} & {*block.settings, *(block.facts.get("unknown_options") or {})}:
        return
    methods = methods_of(block)
    if any(use.method in SUBSCRIBERS or _is_blocking(use) for use in methods):
        return
    if any(use.handler in ("route", "lambda", "export") and use.method not in NEUTRAL for use in methods):
        yield Hit(block, {"name": block.name})


def object_of(block: Block, name: str) -> Any:
    """The object, call or imported name that an option has for its value."""
    return (block.facts.get("objects") or {}).get(name)


def made_by(value: Any) -> str:
    """The canonical name of what constructs a value; ``https.Agent``."""
    made = made_of(value)
    return made.call.callee if made is not None else str(getattr(value, "name", ""))


def table_of(value: Any) -> Table | None:
    """The value as an object literal; None when it is none."""
    found: Table | None = value if hasattr(value, "entries") else None
    return found


def made_of(value: Any) -> Made | None:
    """The value as the result of a call; None when it is none."""
    found: Made | None = value if hasattr(value, "call") else None
    return found
