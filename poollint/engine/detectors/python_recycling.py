"""SQLAlchemy: how old and how long idle its connections get, against what ends them at the other end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNLIMITED
from poollint.engine.detectors.python_common import (
    finite,
    is_throwaway,
    parse_url,
    pool_class,
    port_number,
    url_setting,
    written,
)
from poollint.engine.detectors.python_sqlalchemy import SERVERS, has_default_class
from poollint.engine.hits import Hit
from poollint.knowledge.poolers import at_host, at_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.engine.detectors.python_common import Url
    from poollint.engine.hits import RuleContext


def mysql_stale(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool to MySQL that neither pings nor recycles its connections."""
    found = url_setting(block)
    setting, variable = block.settings.get("url"), block.facts.get("from_environment", {}).get("url")
    url = found[1] if found is not None else None
    if url is None and variable and setting is not None and isinstance(setting.value, str):
        url = parse_url(setting.value)
    if url is None or url.dialect not in ("mysql", "mariadb") or is_throwaway(block) or block.facts.get("alembic"):
        return
    if pool_class(block) or not has_default_class(block):
        return
    disposed = "dispose" in (block.facts.get("uses") or {}).get("called", ())
    if block.value("pool_pre_ping") is False and block.value("pool_recycle") == UNLIMITED and not disposed:
        at = found[0] if found is not None and block.kind == "ini" else block
        words = {"variable": variable if variable != "?" else "the variable"}
        yield Hit(at, words, "" if found is not None else "default")


_WAIT_TIMEOUT = re.compile(r"(?i)\bwait_timeout\s*=\s*(\d+)")


_IDLE_TIMEOUT = re.compile(r"\bidle_session_timeout=(\d+)(ms|s|min)?\b")


def recycle_over_server(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """An age limit that the server's own idle limit, set by the same call, comes before."""
    recycle = written(block, "pool_recycle")
    value = finite(recycle)
    if recycle is None or value is None or value <= 0 or block.value("pool_pre_ping") is not False:
        return
    command = block.value("connect_args.init_command")
    if isinstance(command, str):
        match = _WAIT_TIMEOUT.search(command)
        if match is not None and value >= int(match[1]):
            yield Hit(recycle, {"limit": f"wait_timeout = {match[1]} s"})
    options = block.value("connect_args.options")
    if isinstance(options, str):
        match = _IDLE_TIMEOUT.search(options)
        if match is not None:
            limit = int(match[1]) * {"ms": 0.001, None: 0.001, "s": 1, "min": 60}[match[2]]
            if 0 < limit <= value:
                yield Hit(recycle, {"limit": f"idle_session_timeout = {limit:g} s"})


def recycle_over_session_limit(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """An age limit that the pooler or the server of the same run comes before, which closes idle sessions."""
    from poollint.engine.detectors.python_poolers import POSTGRESQL, looks_pooled, pooler_of

    recycle, found = written(block, "pool_recycle"), url_setting(block)
    value = finite(recycle)
    if recycle is None or value is None or value <= 0 or block.value("pool_pre_ping") is not False:
        return
    if found is None or is_throwaway(block):
        return
    if found[1].dialect in ("mysql", "mariadb"):
        yield from _over_wait_timeout(recycle, value, ctx)
        return
    if found[1].dialect not in POSTGRESQL:
        return
    pooler = pooler_of(found[1], ctx)
    if pooler is not None:
        limit, case, name = pooler.block.get("client_idle_timeout"), "", "client_idle_timeout"
    else:
        servers_told = ctx.of("postgresql", "server")
        if len(servers_told) != 1 or looks_pooled(found[1], ctx):
            return
        limit, case, name = servers_told[0].get("idle_session_timeout"), "server", "idle_session_timeout"
    seconds = finite(limit)
    if limit is not None and seconds is not None and 0 < seconds <= value:
        yield Hit(recycle, {"limit": f"{name} = {seconds:g} s"}, case, related=((limit, "closes idle sessions"),))


def _over_wait_timeout(recycle: Setting, value: float, ctx: RuleContext) -> Iterator[Hit]:
    """The same of MySQL, where the one option file of the run says how long a session may be idle."""
    told = ctx.of("mysql-server", "server")
    limit = written(told[0], "wait_timeout") if len(told) == 1 else None
    seconds = finite(limit)
    if limit is not None and seconds is not None and 0 < seconds <= value:
        values = {"limit": f"wait_timeout = {seconds:g} s"}
        yield Hit(recycle, values, "server", related=((limit, "closes idle sessions"),))


_FORWARDS = re.compile(r"(?i)haproxy|proxysql")


def is_middle(url: Url) -> bool:
    """Whether an address is that of a pooler or of a proxy, which drop connections that are idle."""
    return (
        _FORWARDS.search(url.host) is not None or at_host(url.host) is not None or at_port(port_number(url)) is not None
    )


def middle_box(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool behind something that drops idle connections, without a test of what it hands out."""
    found = url_setting(block)
    if found is None or found[1].dialect not in SERVERS or is_throwaway(block) or not has_default_class(block):
        return
    url = found[1]
    if not is_middle(url):
        return
    if block.value("pool_pre_ping") is False and block.value("pool_recycle") == UNLIMITED:
        yield Hit(found[0], {"host": f"{url.host}:{url.port}" if url.port else url.host})
