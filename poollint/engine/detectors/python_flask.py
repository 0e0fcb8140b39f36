"""Flask-SQLAlchemy: what its SQLALCHEMY_ENGINE_OPTIONS hand on to an engine that refuses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN
from poollint.engine.detectors import python_engines_served, python_sqlalchemy
from poollint.engine.detectors.python_common import finite, parse_url, servers, url_setting, written
from poollint.engine.detectors.python_sqlalchemy import ASYNC_DRIVERS, QUEUE_ARGUMENTS
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block
    from poollint.engine.hits import RuleContext

URI = "SQLALCHEMY_DATABASE_URI"


def speaks_of_flask(block: Block, ctx: RuleContext) -> bool:
    """Whether the project has Flask-SQLAlchemy for certain: its release is told, or the file imports it."""
    return ctx.target is not None or "flask_sqlalchemy" in block.place.source.text


def values(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Numbers of the options that the engine takes and that hurt later."""
    yield from python_sqlalchemy.negative(block, ctx)
    for hit in python_sqlalchemy.none_value(block, ctx):
        yield hit._replace(case=f"none{hit.case and '-' + hit.case}")
    for hit in python_sqlalchemy.fraction(block, ctx):
        yield hit._replace(case=hit.case or "fraction")
    for hit in python_sqlalchemy.reset_changed(block, ctx):
        yield hit._replace(case=hit.case or "reset")


def refused(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Options with which no engine can be made."""
    yield from python_sqlalchemy.unsupported(block, ctx)
    for hit in python_sqlalchemy.no_class(block, ctx):
        yield hit._replace(case=hit.case or "text")
    found = url_setting(block, URI)
    if found is None or written(block, "options.poolclass") is not None or not found[1].whole:
        return
    _, url = found
    # the extension gives an in-memory database a StaticPool by itself
    if url.dialect == "sqlite" and not url.host and url.database.strip("/") in ("", ":memory:"):
        wrong = [
            setting
            for name in QUEUE_ARGUMENTS
            if (setting := written(block, "options." + name)) is not None and setting.value is not UNKNOWN
        ]
        if wrong:
            yield Hit(wrong[0], {"names": ", ".join(each.key for each in wrong)}, "memory")


def async_driver(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """An async driver for the extension, whose engines are synchronous."""
    found = url_setting(block, URI)
    if found is None or found[1].driver not in ASYNC_DRIVERS or not speaks_of_flask(block, ctx):
        return
    text = block.place.source.text
    if re.search(r"create_async_engine|async_sessionmaker|\bimport asyncio\b|_async\b", text):
        return  # the same URL serves code that is not the extension's
    yield Hit(found[0], {"driver": found[1].driver})


def null_pool(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A connection for each checkout of an application of Flask, straight to the server."""
    if speaks_of_flask(block, ctx) and python_engines_served.keeps_nothing(block):
        yield Hit("options.poolclass")


def wait_over_worker(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A wait for a connection that outlasts the worker's own limit."""
    wait = written(block, "options.pool_timeout")
    value = finite(wait)
    if wait is not None and value is not None and not block.facts.get("in_test"):
        yield from python_engines_served.over_worker(block, wait, value, ctx)


def threads_over_pool(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """More threads in a process than the engine lends connections."""
    explicit = written(block, "options.pool_size") or written(block, "options.max_overflow")
    if explicit is None or written(block, "options.poolclass") is not None or block.facts.get("in_test"):
        return
    size, overflow = block.get("options.pool_size"), block.get("options.max_overflow")
    uri = written(block, URI)
    url = parse_url(uri.value) if uri is not None and isinstance(uri.value, str) else None
    if url is not None and url.dialect == "sqlite":
        return
    yield from python_engines_served.more_threads(block, size, overflow, explicit, servers(block, ctx))
