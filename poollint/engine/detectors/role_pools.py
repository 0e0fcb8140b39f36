"""What is true of any pool, client or server, said of roles: waits, sizes, units, options that do nothing."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.hits import Hit, RuleContext, known
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting

ANSWER_ROLES = ("read_timeout", "statement_timeout")
TIME_ROLES = ("acquire_timeout", "connect_timeout", "idle_timeout", "max_lifetime", *ANSWER_ROLES)
SHORTEST_ANSWER = 0.03  # seconds: no answer over a network is surely there by then
LONGEST_ANSWER = 5000  # seconds: a round number of milliseconds, in truth
UNIT_WORDS = {"ms": "milliseconds", "s": "seconds"}
SECONDS_PER = {"ms": 0.001, "s": 1.0}
TEXT_CLASSES = frozenset(("text",))
NUMBER_CLASSES = frozenset(("zero", "negative", "nan", "fraction"))
JAVASCRIPT = frozenset((".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx"))


def is_throwaway(block: Block) -> bool:
    """Whether the file is a test or a script run by hand, where a missing bound harms nobody."""
    return bool(block.facts.get("in_test") or block.facts.get("in_script"))


def is_short_lived(block: Block) -> bool:
    """Whether the function that makes a pool also ends it: a task of its own, not what a service lives on."""
    uses = block.facts.get("uses") or {}
    function = block.facts.get("function")
    return block.facts.get("scope") == "function" and any(
        use.method in ("end", "close", "destroy") and use.functions[:1] in ((function,), ("function",))
        for use in uses.get("methods", ())
    )


def is_javascript(block: Block) -> bool:
    return os.path.splitext(block.place.source.path)[1] in JAVASCRIPT


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def unbounded_acquire(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Nothing bounds the wait for a connection."""
    setting = block.by_role("acquire_timeout")
    if setting is None or setting.value is UNKNOWN or setting.value != UNLIMITED or is_throwaway(block):
        return
    since = setting.spec.get("since") if setting.spec is not None else ""
    if since and block.target is not None and block.target < parse_version(since):
        return  # nobody has told how that release waits
    url = block.by_role("url")
    in_url = url is not None and isinstance(url.value, str) and f"{setting.name}=".lower() in url.value.lower()
    if is_short_lived(block) or in_url:
        return
    if setting.origin == "default":
        yield Hit(block, {"setting": setting.key}, "absent")
    else:
        yield Hit(setting, {"setting": setting.key, "raw": setting.raw})


def per_request(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool or client that a request handler makes for itself alone."""
    facts = block.facts
    uses = facts.get("uses") or {}
    if facts.get("in_test") or facts.get("guarded") or uses.get("stored") or _has_its_reason(block, uses):
        return
    if uses.get("closed") and block.spec is not None and block.spec.role == "pool":
        return  # one connection for a moment, which a status page may want
    if block.spec is not None and any(name in block.settings for name in block.spec.roles.get("outer_pool", ())):
        return  # its connections live elsewhere, and longer
    if facts.get("handler") in ("route", "lambda", "export", "view"):
        name = facts.get("function") or "function"
        yield Hit(
            block,
            {"construct": facts.get("construct", ""), "function": "a handler" if name == "function" else name},
        )
        return
    enclosing = uses.get("inline_in", "")
    if (
        enclosing
        and facts.get("scope") == "function"
        and block.spec
        and block.spec.role == "http_client"
        and _REQUEST.search(enclosing)
    ):
        values = {"construct": facts.get("construct", ""), "call": enclosing.removesuffix(".default")}
        yield Hit(block, values, "inline")


# what a connection is asked for that nobody else can have meanwhile, or that ends it
_OWN = frozenset(
    "subscribe psubscribe ssubscribe monitor duplicate watch blpop brpop blmpop blmove brpoplpush bzpopmin bzpopmax xread "
    "xreadgroup quit disconnect close destroy end $disconnect".split()
)
_SETTING_UP = frozenset(("connect", "on", "once", "$connect"))
# what signs an address with a client's credentials sends nothing
_SIGNERS = frozenset(("getSignedUrl", "createPresignedPost"))


def _has_its_reason(block: Block, uses: dict[str, Any]) -> bool:
    """Whether a connection (Redis) or an ORM's client is made for what only one of its own can do, or goes elsewhere; or a
    client for what needs no connection."""
    part = block.spec.role if block.spec is not None else ""
    if part == "http_client" and not uses.get("methods"):
        passed = {name.rpartition(".")[2] for name in uses.get("passed", ())}
        return bool(passed) and passed <= _SIGNERS
    if part not in ("redis_client", "orm_client"):
        return False
    methods = {use.method.lower() for use in uses.get("methods", ())}
    if methods & _OWN or uses.get("passed") or block.facts.get("returned"):
        return True
    return part == "redis_client" and not methods - _SETTING_UP


_REQUEST = re.compile(
    r"^(?:fetch|https?\.(?:request|get)|axios\.(?:default|get|post|put|patch|delete|head|options|request)|"
    r"got\.(?:default|get|post|put|patch|delete|head)|node-fetch\.default|undici\.(?:fetch|request)|"
    r"[\w.]*(?:axios|client|http)\.(?:get|post|put|patch|delete|head|request))$"
)


def min_above_max(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """The floor of a pool is above its size."""
    least, most = block.by_role("min_idle") or block.by_role("idle_floor"), block.by_role("size")
    if least is None or most is None or least.origin == "default" or not known(least.value, most.value):
        return
    if not (_number(least.value) and _number(most.value)) or not 0 < most.value < least.value:
        return
    if most.origin == "default" and block.facts.get("open_query"):
        return  # a URL that is not here may set it
    values = {"least": least.key, "least_value": least.value, "most": most.key, "most_value": most.value}
    fault = (least.spec.get("faults") or {}).get("above") if least.spec else None
    yield Hit(least, {**values, "what": fault[1] if fault else ""}, "refused" if fault else "")


def faults_of(setting: Setting) -> Iterator[tuple[str, str, str]]:
    """(class, effect, words) of what is wrong with a written value, by the catalogue's ``faults``."""
    table = setting.spec.get("faults") if setting.spec is not None else None
    if not table or setting.origin == "default":
        return
    value = setting.value
    if value == UNLIMITED and value is not UNKNOWN and re.fullmatch(r"-?\s*\d[\d_.]*", setting.raw):
        value = -1 if setting.raw.startswith("-") else 0
    kind = _class_of(value)
    if kind in table:
        yield kind, table[kind][0], table[kind][1]


def _class_of(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if not _number(value):
        return ""
    if value != value:  # noqa: PLR0124 - the test for NaN
        return "nan"
    if value == 0:
        return "zero"
    if value < 0:
        return "negative"
    return "fraction" if value != UNLIMITED and value != int(value) else ""


def invalid_values(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A number that the library takes for something else, or refuses."""
    for setting in list(block.settings.values()):
        for kind, effect, words in faults_of(setting):
            if kind in NUMBER_CLASSES:
                yield Hit(setting, {"setting": setting.key, "raw": setting.raw, "what": words}, effect)


def text_values(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A text where the library takes numbers only."""
    for setting in list(block.settings.values()):
        table = setting.spec.get("faults") if setting.spec is not None else None
        if not table or "text" not in table or setting.origin == "default":
            continue
        variable = environment_text(block, setting)
        if variable or isinstance(setting.value, str):
            values = {"setting": setting.key, "raw": setting.raw, "what": table["text"][1], "variable": variable}
            yield Hit(setting, values, "environment" if variable else table["text"][0])


def environment_text(block: Block, setting: Setting) -> str:
    """The environment variable that a setting is as it comes, a text; empty when it is none, or is converted."""
    variable = (block.facts.get("text_values") or {}).get(setting.name, "")
    if not variable and re.match(r"\(?\s*process\.env\b", setting.raw):
        variable = (block.facts.get("from_environment") or {}).get(setting.name, "")
    return str(variable)


def unknown_option(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """An option that the library has no such name for."""
    spec = block.spec
    if spec is None:
        return
    if spec.unknown_from and block.target is not None and block.target < parse_version(spec.unknown_from):
        return
    for name, entry in (block.facts.get("unknown_options") or {}).items():
        prefix = max((each for each in spec.unknown if name.startswith(each)), key=len, default="")
        does = spec.unknown.get(prefix, "open")
        if does == "confused":
            does = "ignored" if name in spec.confused else "open"
        if does == "open" or entry.value.value is None:
            continue
        meant = spec.confused.get(name) or _closest(name, [*spec.settings, *spec.accepts])
        values = {"option": name, "title": spec.title, "meant": meant}
        yield Hit(entry.key_place, values, does + ("-hint" if meant else ""))


def _closest(name: str, names: list[str]) -> str:
    import difflib

    lowered = {each.lower(): each for each in names}
    if name.lower() in lowered:
        return lowered[name.lower()]
    found = difflib.get_close_matches(name, names, 1, 0.85)
    return found[0] if found else ""


def timeout_unit(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A time that only makes sense in another unit."""
    if block.facts.get("in_test"):
        return
    choices = block.facts.get("choices") or {}
    for role in TIME_ROLES:
        for name in block.spec.roles.get(role, ()) if block.spec is not None else ():
            setting = block.settings.get(name)
            if setting is None or setting.origin == "default" or setting.spec is None:
                continue
            if setting.spec.get("parser") and re.search("[A-Za-z]", setting.raw):
                continue  # it has its unit with it: 50ms
            if name in (block.facts.get("timed") or ()):
                continue  # so has this: Duration.ofMillis(50)
            unit = setting.spec.unit
            candidates = choices.get(name, ()) if setting.value is UNKNOWN else (setting.value,)
            for value in candidates:
                if _number(value) and _implausible(value, unit, role):
                    yield Hit(setting, _unit_values(setting, value, unit), "choice" if len(candidates) > 1 else "")
                    break


def _implausible(seconds: float, unit: str, role: str) -> bool:
    if seconds == UNLIMITED or seconds <= 0:
        return False
    if role in ANSWER_ROLES:
        return (
            seconds <= SHORTEST_ANSWER
            if unit == "ms"
            else unit == "s" and seconds >= LONGEST_ANSWER and seconds % 1000 == 0
        )
    if unit == "ms":
        return seconds <= 0.1
    if unit != "s" or seconds % 1000:
        return False
    if role in ("acquire_timeout", "connect_timeout"):
        return seconds >= 1000
    return seconds >= 10000 and (seconds % 3600 != 0 or seconds >= 1e6)


def _unit_values(setting: Setting, seconds: float, unit: str) -> dict[str, Any]:
    number = round(seconds / SECONDS_PER[unit], 6)
    other = "s" if unit == "ms" else "ms"
    better = number * 1000 if unit == "ms" else number / 1000
    return {
        "setting": setting.key,
        "number": f"{number:g}",
        "unit": UNIT_WORDS[unit],
        "other": UNIT_WORDS[other],
        "better": f"{better:.0f}" if better == int(better) else f"{better:g}",
        "span": _span(seconds),
    }


def _span(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:g} ms"
    hours = seconds / 3600
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.0f} days"


def oversized(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """More connections than any one process has a use for; those to Redis are cheap, and objects are none."""
    size = block.by_role("size")
    if size is None or size.origin == "default" or not known(size.value) or not _number(size.value):
        return
    from poollint.fleet.engines import NO_CONNECTION, engine_of

    if engine_of(block) in ("redis", NO_CONNECTION):
        return
    if ctx.options["threshold"] < size.value < UNLIMITED:
        yield Hit(size, {"setting": size.key, "size": size.value})


def unlimited(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool that was told to have no limit."""
    size = block.by_role("size")
    if size is None or size.origin == "default" or not known(size.value) or size.value != UNLIMITED:
        return
    if not any(faults_of(size)):
        yield Hit(size, {"setting": size.key, "raw": size.raw})


def idle_inert(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """An idle time that never closes anything."""
    idle = block.by_role("idle_timeout")
    if idle is None or idle.origin == "default" or not known(idle.value) or idle.value == UNLIMITED:
        return
    interval = block.by_role("eviction_interval")
    if interval is not None and interval.value is not UNKNOWN and interval.value == UNLIMITED:
        yield Hit(idle, {"setting": idle.key, "other": interval.key}, "no-evictor")
    floor = block.by_role("idle_floor")
    size = block.by_role("size")
    if floor is None or floor.value is UNKNOWN or size is None or not known(size.value):
        return
    if floor.value is None or (_number(floor.value) and _number(size.value) and floor.value >= size.value):
        written = f"{floor.key} = {floor.raw}" if floor.origin != "default" else f"{floor.key} is not set"
        yield Hit(idle, {"setting": idle.key, "floor": floor.key, "written": written, "size": size.key})


def idle_above_lifetime(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Connections are retired before they can be idle for so long."""
    idle, life = block.by_role("idle_timeout"), block.by_role("max_lifetime")
    if idle is None or life is None or "default" in (idle.origin, life.origin) or not known(idle.value, life.value):
        return
    if _number(idle.value) and _number(life.value) and 0 < life.value <= idle.value < UNLIMITED:
        yield Hit(idle, {"idle": idle.key, "raw": idle.raw, "life": life.key, "life_raw": life.raw})


def invalid_or_text(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A value that the library refuses, whatever its type."""
    for setting in list(block.settings.values()):
        for _kind, _effect, words in faults_of(setting):
            yield Hit(setting, {"setting": setting.key, "raw": setting.raw, "what": words})
