"""net/http: waits without end, transports that keep too little or keep it for ever, answers that are not read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.hits import Hit, RuleContext, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block


_COPIED = 100
_DRAINS = (1, 27)  # closing a body then reads what is left of it, up to 256 KiB
_TOOL = re.compile(r"(?:^|/)(?:cmd|cli)(?:/|$)")
_LOCAL = re.compile(r"(?:127\.|localhost|\[::1\])")


def aside(block: Block) -> bool:
    """Whether the file is a test or a script run by hand."""
    return bool(block.facts.get("in_test") or block.facts.get("in_script"))


def _uses(block: Block, name: str) -> object:
    return (block.facts.get("uses") or {}).get(name)


def endless_request(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A client or a request that nothing in its file bounds in time."""
    if aside(block) or _uses(block, "bounded"):
        return
    if block.kind == "request":
        yield Hit(block, {"call": f"http.{_call(block)}"}, "default")
        return
    timeout, transport = block.get("Timeout"), block.settings.get("Transport")
    if timeout is None or timeout.value is UNKNOWN or timeout.value != UNLIMITED:
        return
    made_of = _uses(block, "fields_made_of") or {}
    assert isinstance(made_of, dict)
    if transport is not None and (made_of.get("Transport") != "net/http.Transport" or _uses(block, "header_wait")):
        return  # a transport that is not in sight may bound the wait for an answer
    if _uses(block, "escape") in ("returned", "passed") or not _uses(block, "asks"):
        return
    yield Hit(timeout if timeout.origin != "default" else block, {}, "zero" if timeout.origin != "default" else "")


def _call(block: Block) -> str:
    return str(block.facts.get("callee", "")).partition("net/http.")[2]


def few_idle(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A transport that is told of many connections, of which two to a host stay."""
    kept, off = block.get("MaxIdleConnsPerHost"), block.get("DisableKeepAlives")
    if kept is None or off is None or not known(kept.value, off.value) or off.value or aside(block):
        return
    if kept.origin != "default" and kept.value != 0:
        return
    for name in ("MaxConnsPerHost", "MaxIdleConns"):
        most = block.settings.get(name)
        if most is None or not known(most.value) or not isinstance(most.value, int) or most.value <= 2:
            continue
        total = name == "MaxIdleConns"
        # 100 is what the default transport has: copied, not chosen; with HTTP/2 one connection serves many requests
        if not total or (most.value != _COPIED and block.value("ForceAttemptHTTP2") is False):
            yield Hit(most, {"setting": name, "raw": most.raw}, "total" if total else "")
            return


def idle_for_ever(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A transport of one's own, without the time that the default one has."""
    idle, off = block.get("IdleConnTimeout"), block.get("DisableKeepAlives")
    if idle is None or off is None or not known(idle.value, off.value) or off.value or aside(block):
        return
    if idle.value != UNLIMITED or _uses(block, "idle_closed") or _uses(block, "escape") == "passed":
        return
    if _uses(block, "kept") is False or _uses(block, "websocket") or _uses(block, "unix"):
        return  # another rule's; what is upgraded never becomes idle, and nothing cuts a socket of this machine
    if idle.origin == "default":
        yield Hit(block, {})
    else:
        yield Hit(idle, {"raw": idle.raw}, "zero")


def made_per_call(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A transport, and so a pool, that only one call of its function ever uses."""
    off = block.get("DisableKeepAlives")
    if off is None or not known(off.value) or off.value or aside(block) or _uses(block, "kept") is not False:
        return
    tool = _TOOL.search(block.place.source.path.replace("\\", "/").rpartition("/")[0])
    if not tool and not _uses(block, "idle_closed") and not block.facts.get("in_handler"):
        yield Hit(block, {"function": block.facts.get("function", "")})


def unread_answer(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """An answer whose body is closed and never read."""
    if block.target is not None and block.target >= _DRAINS:
        return
    if not aside(block):
        yield Hit(block, {"name": block.name})


def server_waits(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A server that waits without end for a client's headers."""
    if aside(block):
        return
    address = block.settings.get("Addr")
    shape = (block.facts.get("shapes") or {}).get("Addr", "")
    if address is not None and _LOCAL.match(address.value if isinstance(address.value, str) else shape):
        return
    if block.kind == "serve":
        yield Hit(block, {"call": f"http.{block.facts.get('construct', '')}"}, "plain")
        return
    values = [block.value("ReadTimeout"), block.value("ReadHeaderTimeout")]
    if any(value is UNKNOWN for value in values):
        return
    if values[0] == UNLIMITED and not values[1]:
        yield Hit(block, {})


def short_idle(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Idle connections close after the time that was meant for reading a request."""
    read, idle = block.settings.get("ReadTimeout"), block.get("IdleTimeout")
    if read is None or idle is None or aside(block) or not known(read.value) or idle.value is UNKNOWN or idle.value:
        return
    if isinstance(read.value, (int, float)) and 0 < read.value <= 60:
        yield Hit(read, {"seconds": read.value})
