"""SQLAlchemy engines: arguments that the pool class refuses, URLs that the driver refuses, values that hurt later."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED, Edit, Fix
from poollint.engine.detectors.python_common import (
    divides,
    finite,
    is_default_of_variable,
    is_number,
    is_throwaway,
    parse_url,
    pool_class,
    url_setting,
    written,
)
from poollint.engine.hits import Hit
from poollint.source import Place
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.engine.detectors.python_common import Url
    from poollint.engine.hits import RuleContext

OF_FLASK = ("config", "extension")  # kinds of Flask-SQLAlchemy, whose engine options stand one level deeper
QUEUE_ARGUMENTS = ("pool_size", "max_overflow", "pool_timeout", "pool_use_lifo")
REFUSED = {
    "NullPool": QUEUE_ARGUMENTS,
    "StaticPool": QUEUE_ARGUMENTS,
    "AssertionPool": QUEUE_ARGUMENTS,
    "SingletonThreadPool": QUEUE_ARGUMENTS[1:],
}
POOL_ARGUMENTS = (
    *QUEUE_ARGUMENTS,
    "pool_recycle",
    "pool_pre_ping",
    "pool_reset_on_return",
    "pool_logging_name",
    "echo_pool",
)
ASYNC_DRIVERS = frozenset("asyncpg aiomysql asyncmy aiosqlite aioodbc oracledb_async psycopg_async".split())
SYNC_DRIVERS = frozenset(
    "psycopg2 psycopg2cffi pg8000 pymysql mysqldb mysqlconnector pysqlite pyodbc cx_oracle".split()
)
SERVERS = frozenset("postgresql mysql mariadb mssql oracle cockroachdb".split())
MEANT = {
    "timeout": "pool_timeout",
    "recycle": "pool_recycle",
    "pre_ping": "pool_pre_ping",
    "use_lifo": "pool_use_lifo",
    "size": "pool_size",
    "overflow": "max_overflow",
    "pool_max_overflow": "max_overflow",
    "pool_overflow": "max_overflow",
    "pool_ping": "pool_pre_ping",
    "pool_max_size": "pool_size",
    "pool_maxsize": "pool_size",
    "max_size": "pool_size",
    "maxsize": "pool_size",
    "min_size": "pool_size",
    "minsize": "pool_size",
    "pool_class": "poolclass",
    "connect_timeout": 'connect_args={"connect_timeout": ...}',
    "statement_cache_size": 'connect_args={"statement_cache_size": ...}',
    "prepared_statement_cache_size": 'connect_args={"prepared_statement_cache_size": ...}',
    "command_timeout": 'connect_args={"command_timeout": ...}',
    "sslmode": 'connect_args={"sslmode": ...}',
    "check_same_thread": 'connect_args={"check_same_thread": ...}',
}


def has_default_class(block: Block) -> bool:
    """Whether the dialect surely chooses the pool class."""
    return all(block.value(name) is None for name in ("poolclass", "pool", "creator", "async_creator"))


def unsupported(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Arguments that the written pool class does not take; any at all beside ``pool=``."""
    prefix = "options." if block.kind in OF_FLASK else ""
    name = pool_class(block)
    refused = REFUSED.get(name, ())
    if not name and written(block, "pool") is not None and block.settings["pool"].raw != "None":
        refused, name = POOL_ARGUMENTS, "pool="
    found = [
        setting
        for each in refused
        if (setting := written(block, prefix + each)) is not None
        and (setting.value is not UNKNOWN or is_default_of_variable(block, prefix + each))
    ]
    if found:
        names = ", ".join(each.key for each in found)
        yield Hit(found[0], {"names": names, "poolname": name}, "object" if name == "pool=" else "")


def memory_arguments(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """In-memory SQLite has a pool class that takes no queue arguments."""
    found = url_setting(block)
    if found is None or not found[1].whole or found[1].dialect != "sqlite" or not has_default_class(block):
        return
    _, url = found
    database = url.database
    memory = (not database and not url.host) or ":memory:" in database or url.query.get("mode") == "memory"
    refused: tuple[str, ...] = ()
    name = ""
    if memory:
        name = "StaticPool" if url.driver == "aiosqlite" else "SingletonThreadPool"
        refused = REFUSED[name]
    elif ctx.target is not None and ctx.target < (2,):
        name, refused = "NullPool", QUEUE_ARGUMENTS
    wrong = [setting for each in refused if (setting := written(block, each)) and setting.value is not UNKNOWN]
    if wrong:
        names = ", ".join(each.key for each in wrong)
        yield Hit(
            wrong[0], {"names": names, "poolname": name, "what": "in-memory SQLite" if memory else "a SQLite file"}
        )


def unknown_argument(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Names that create_engine does not know, as far as they are plainly meant for it."""
    within = block.kind in ("config", "extension")
    for name, entry in block.facts.get("unknown_options", {}).items():
        prefix, _, last = name.rpartition(".")
        if prefix not in ("", "options"):
            continue
        meant = MEANT.get(last) or _nearest(last)
        if meant and (not within or prefix == "options"):
            yield Hit(entry.key_place, {"name": last, "meant": meant, "renamed": meant if meant.isidentifier() else ""})


def _nearest(name: str) -> str:
    import difflib

    small = name.lower()
    if small in POOL_ARGUMENTS and small != name:
        return small
    if name.lower() != name or len(name) < 6:
        return ""
    close = difflib.get_close_matches(name, POOL_ARGUMENTS, 1, 0.88)
    return close[0] if close else ""


def wrong_kind_of_pool(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool of threads under an async engine, or the reverse."""
    name = pool_class(block)
    if block.facts.get("asynchronous"):
        if name in ("QueuePool", "SingletonThreadPool"):
            yield Hit("poolclass", {"poolname": name})
    elif name == "AsyncAdaptedQueuePool":
        found = url_setting(block)
        if found is not None and found[1].driver in SYNC_DRIVERS:
            yield Hit("poolclass", {"poolname": name}, "sync")


_POOL_CALL = re.compile(r"(?:\w+\.)*(?:Null|Queue|Static|Assertion|SingletonThread|AsyncAdaptedQueue)Pool\s*\(", re.S)


def no_class(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """``poolclass`` given a text or a pool instead of a class."""
    setting = written(block, "options.poolclass" if block.kind == "config" else "poolclass")
    if setting is None:
        return
    if block.kind == "ini":
        yield Hit(setting, None, "ini")
    elif setting.raw[:1] in "'\"" and isinstance(setting.value, str):
        yield Hit(setting, {"poolname": setting.value.rpartition(".")[2]})
    elif setting.value is UNKNOWN and _POOL_CALL.match(setting.raw):
        yield Hit(setting, {"poolname": setting.raw.partition("(")[0].strip()}, "instance")


def _scheme_fix(setting: Setting) -> Fix | None:
    """``postgresql://`` in the place of ``postgres://``, where that is written once."""
    place = setting.place
    at = place.text.find("postgres://") if place is not None and place.text.count("postgres://") == 1 else -1
    if place is None or at < 0:
        return None
    start = place.start + at
    return Fix("write postgresql://", (Edit(Place(place.source, start, start + len("postgres")), "postgresql"),))


def driver(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """An async driver under a sync engine, a sync one under an async engine, a scheme that is gone."""
    found = url_setting(block)
    if found is not None:
        case, values = _mismatch(block, found[1], ctx)
        fix = _scheme_fix(found[0]) if case == "scheme" else None
        if values:
            yield Hit(found[0], values, case, fix=fix)
        return
    setting = block.settings.get("url")
    variable = block.facts.get("from_environment", {}).get("url")
    url = parse_url(setting.value) if variable and setting is not None and isinstance(setting.value, str) else None
    if url is None or setting is None or is_throwaway(block):
        return
    case, values = _mismatch(block, url, ctx)
    if values:
        more = {**values, "variable": variable if variable != "?" else "the variable"}
        yield Hit(setting, more, f"{case or 'sync'}-default")


def _mismatch(block: Block, url: Url, ctx: RuleContext) -> tuple[str, dict[str, str]]:
    """The case, and the values for its words; no values where URL and engine agree."""
    if url.dialect == "postgres" and not url.driver.startswith("\0"):
        return "scheme", {"scheme": "postgres"}
    if block.kind == "engine" and not block.facts.get("asynchronous"):
        if url.driver in ASYNC_DRIVERS and block.value("pool") is None and block.value("creator") is None:
            return "", {"driver": url.driver}
    elif block.kind == "engine" and block.value("async_creator") is None:
        if url.driver in SYNC_DRIVERS:
            return "async", {"driver": url.driver}
        if not url.driver and url.dialect in ("mysql", "mariadb", "sqlite"):
            default = "pysqlite" if url.dialect == "sqlite" else "mysqldb"
            return "async", {"driver": f"{default} (the default of {url.dialect}://)"}
        if not url.driver and url.dialect == "postgresql" and (ctx.target is None or ctx.target < (2, 1)):
            return "before", {"driver": "psycopg2"}
    return "", {}


URL_POOL_KEYS = frozenset(
    "pool_size max_overflow pool_timeout pool_recycle pool_pre_ping pool_use_lifo poolclass".split()
)
ASYNCPG_NUMBERS = frozenset(
    "statement_cache_size timeout max_cached_statement_lifetime max_cacheable_statement_size".split()
)


def url_pool_key(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Pool arguments in the URL's query, where the driver gets them."""
    found = url_setting(block, "url", "SQLALCHEMY_DATABASE_URI")
    if found is None:
        return
    setting, url = found
    keys = [key for key in url.query if key in URL_POOL_KEYS]
    if keys and url.dialect in (*SERVERS, "sqlite"):
        yield Hit(setting, {"names": ", ".join(keys)}, "sqlite" if url.dialect == "sqlite" else "")


def asyncpg_number(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Numbers for asyncpg in the URL, which reach it as text."""
    found = url_setting(block, "url", "SQLALCHEMY_DATABASE_URI")
    if found is None:
        return
    setting, url = found
    keys = [key for key in url.query if key in ASYNCPG_NUMBERS]
    if keys and url.driver == "asyncpg":
        yield Hit(setting, {"names": ", ".join(keys)})


def negative(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Numbers below what has a meaning."""
    prefix = "options." if block.kind in OF_FLASK else ""
    for name, least, case in (("pool_size", 0, ""), ("max_overflow", -1, "overflow"), ("pool_timeout", 0, "timeout")):
        setting = written(block, prefix + name)
        value = finite(setting)
        if setting is not None and value is not None and value < least:
            yield Hit(setting, None, case)


def fraction(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A size that is no whole number."""
    prefix = "options." if block.kind in OF_FLASK else ""
    for name in ("pool_size", "max_overflow"):
        setting = written(block, prefix + name)
        if setting is None:
            continue
        value = setting.value
        if isinstance(value, float) and value != UNLIMITED and value == value and value != int(value):  # noqa: PLR0124
            yield Hit(setting)
        elif (divides(setting.raw) or setting.name in block.facts.get("divided", ())) and (
            value is UNKNOWN or is_default_of_variable(block, setting.name)
        ):
            yield Hit(setting, None, "division")


def none_value(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """None where a number is needed."""
    prefix = "options." if block.kind in OF_FLASK else ""
    for name, when in (("pool_size", ""), ("max_overflow", "checkout"), ("pool_recycle", "checkout")):
        setting = written(block, prefix + name)
        if setting is not None and setting.value is None:
            yield Hit(setting, None, when)


def static_on_server(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """One connection for every thread, to a server."""
    name = pool_class(block)
    if name not in ("StaticPool", "SingletonThreadPool") or block.facts.get("in_test") or block.facts.get("in_script"):
        return
    found = url_setting(block, "url", "SQLALCHEMY_DATABASE_URI")
    if found is not None and found[1].dialect in SERVERS:
        at = "options.poolclass" if block.kind in OF_FLASK else "poolclass"
        yield Hit(at, {"poolname": name}, "thread" if name == "SingletonThreadPool" else "")


def null_pool_conflict(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Queue arguments in alembic.ini, whose env.py has no queue."""
    if not block.facts.get("alembic"):
        return
    found = [setting for name in QUEUE_ARGUMENTS if (setting := written(block, name)) is not None]
    if not found:
        return
    classes = [_env_class(each) for each in ctx.of("sqlalchemy", "from_config") if _is_env(block, each)]
    names = ", ".join(each.key for each in found)
    if not classes and not block.facts.get("has_env"):
        yield Hit(found[0], {"names": names}, "likely")
    elif any(each == "NullPool" for each in classes):
        yield Hit(found[0], {"names": names})


def _is_env(block: Block, other: Block) -> bool:
    script = block.facts.get("script_location", "")
    return os.path.normpath(other.place.source.path) == os.path.normpath(os.path.join(script, "env.py"))


def _env_class(block: Block) -> str:
    return pool_class(block)


FALSE_WORDS = frozenset(("false", "no", "off", "n", "f", "0"))


def ini_flag(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A flag that engine_from_config leaves as text, so that ``false`` is true."""
    for name in ("pool_pre_ping", "pool_use_lifo", "hide_parameters"):
        setting = written(block, name)
        if setting is not None and setting.raw.strip().lower() in FALSE_WORDS:
            yield Hit(setting)


def reset_changed(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """What is left open in a connection is kept for, or published by, its next user."""
    prefix = "options." if block.kind in OF_FLASK else ""
    setting = written(block, prefix + "pool_reset_on_return")
    if setting is None or setting.value is UNKNOWN:
        return
    if setting.value == "commit":
        yield Hit(setting, None, "commit")
    elif setting.value in (None, False, "none"):
        level = block.value(prefix + "isolation_level")
        if level is None:
            yield Hit(setting)


def is_valid_reset(setting: Setting) -> bool:
    return setting.value in (None, True, False, "rollback", "commit", "none") or is_number(setting.value)


def reset_refused(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A word that pool_reset_on_return does not know."""
    prefix = "options." if block.kind in OF_FLASK else ""
    setting = written(block, prefix + "pool_reset_on_return")
    if (
        setting is not None
        and isinstance(setting.value, str)
        and setting.raw[:1] in "'\""
        and not is_valid_reset(setting)
    ):
        lower = setting.value.lower()
        quote = setting.raw[:1]
        yield Hit(setting, {"meant": f"{quote}{lower}{quote}" if lower in ("rollback", "commit") else ""})


def other_version(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Arguments that the version does not know yet, or no more."""
    for setting in block.settings.values():
        spec = setting.spec
        if spec is None or setting.origin != "explicit" or "." in setting.name:
            continue
        since, removed = spec.get("since"), spec.get("removed")
        if removed and (ctx.target is None or ctx.target >= parse_version(removed)):
            yield Hit(setting, {"version": removed}, "removed")
        elif since and ctx.target is not None and ctx.target < parse_version(since):
            yield Hit(setting, {"version": since})
