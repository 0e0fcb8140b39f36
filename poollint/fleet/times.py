"""Timeouts along the way from balancer to database, as the tables and the files tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, UNLIMITED, Block, Setting
from poollint.fleet.model import Balancer, Proxy, Service, told

if TYPE_CHECKING:
    from poollint.fleet.model import Database, Front
    from poollint.knowledge.balancers import Front as Profile

# the setting that tells how long a server keeps idle connections where the one for it is not written
FALLS_BACK = {("spring-boot", "tomcat"): "connection-timeout", ("go-http", "server"): "ReadTimeout"}
WORKERS_THAT_KEEP = ("gthread", "gevent", "eventlet", "uvicorn", "tornado", "asgi")


class Time(NamedTuple):
    """A time in seconds, the name that it goes by where it is written, and its place."""

    seconds: float
    name: str
    at: Setting | Block

    @property
    def text(self) -> str:
        return f"{self.seconds:g} s" if self.seconds >= 1 else f"{self.seconds * 1000:g} ms"


def finite(value: Any) -> float | None:
    """A time above zero that ends; None for anything else."""
    if value is UNKNOWN or isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 < value < UNLIMITED else None


def time_of(setting: Setting | None, block: Block) -> Time | None:
    """A setting as a time; its default's place is the block's."""
    seconds = None if setting is None else finite(setting.value)
    if setting is None or seconds is None:
        return None
    return Time(seconds, setting.key, setting if setting.place is not None else block)


def profile_of(balancer: Balancer) -> Profile | None:
    from poollint.knowledge.balancers import front

    return front(balancer.block.value("profile"))


def idle_of(front: Front) -> Time | None:
    """How long what stands in front keeps an idle connection to the server behind it."""
    written = told(front.block, "idle_timeout")
    if written is not None:
        return time_of(written, front.block)
    if isinstance(front, Balancer):
        profile = profile_of(front)
        place = told(front.block, "profile")
        if profile is None or profile.idle is None or place is None:
            return None
        return Time(profile.idle, profile.title, place)
    found = []
    for block in front.members:
        if block.system == "nginx" and block.kind == "upstream" and block.facts.get("pooled") is True:
            time = time_of(block.get("keepalive_timeout"), block)
            if time is None:
                return None
            found.append(time)
    return min(found, key=lambda time: time.seconds, default=None)


def request_of(node: Service | Front) -> Time | None:
    """After how long a caller gives up on an answer, or a service on its request."""
    written = told(node.block, "request_timeout")
    if written is not None:
        return time_of(written, node.block)
    profile = profile_of(node) if isinstance(node, Balancer) else None
    place = told(node.block, "profile")
    if profile is None or profile.request is None or place is None:
        return None
    return Time(profile.request, profile.title, place)


def keep_alives(node: Service | Proxy) -> list[Time]:
    """How long the servers of a service, or of an HTTP proxy, keep an idle connection of their callers."""
    written = told(node.block, "keep_alive")
    if written is not None:
        time = time_of(written, node.block)
        return [] if time is None else [time]
    if isinstance(node, Proxy):
        servers = [each for each in node.members if each.system == "nginx" and each.kind == "server"]
        times = [time_of(each.get("keepalive_timeout"), each) for each in servers]
        known = [time for time in times if time is not None]
        return [max(known, key=lambda time: time.seconds)] if known and len(known) == len(times) else []
    return [time for each in node.members if (time := keep_alive(each)) is not None]


def keep_alive(block: Block) -> Time | None:
    """How long a server keeps an idle connection of its callers; None where that is not known, or it keeps none."""
    return time_of(_keep_alive(block), block) if keeps(block) else None


def _keep_alive(block: Block) -> Setting | None:
    setting = block.by_role("listen_idle_timeout")
    instead = block.settings.get(FALLS_BACK.get((block.system, block.kind), ""))
    if instead is not None and block.complete and (setting is None or setting.origin == "default"):
        return instead
    return setting


def keeps(block: Block) -> bool:
    """Whether a block is a server that surely keeps connections, and tells how long."""
    facts = block.facts
    if block.spec is None or block.spec.role != "http_server":
        return False
    if facts.get("in_test") or facts.get("in_script") or facts.get("in_development"):
        return False
    if block.system == "go-http":
        setting = _keep_alive(block)
        return setting is not None and setting.origin != "default"
    if block.system == "gunicorn":
        kind = block.value("worker_class")
        return isinstance(kind, str) and any(word in kind.lower() for word in WORKERS_THAT_KEEP)
    return True


def database_idle(database: Database) -> Time | None:
    """How long a database, or what stands before it, lets a session be idle."""
    written = told(database.block, "idle_timeout")
    if written is not None:
        return time_of(written, database.block)
    return _of_server(database, "idle_session_timeout")


def statement_of(database: Database) -> Time | None:
    written = told(database.block, "statement_timeout")
    if written is not None:
        return time_of(written, database.block)
    return _of_server(database, "statement_timeout")


def _of_server(database: Database, name: str) -> Time | None:
    if len(database.servers) != 1:
        return None
    server = database.servers[0]
    return time_of(server.get(name), server)


def pooler_idle(proxy: Proxy) -> Time | None:
    """How long a pooler lets a client be idle."""
    written = told(proxy.block, "idle_timeout")
    if written is not None:
        return time_of(written, proxy.block)
    return time_of(proxy.mains[0].get("client_idle_timeout"), proxy.mains[0]) if len(proxy.mains) == 1 else None


def pooler_wait(proxy: Proxy) -> Time | None:
    """How long a pooler lets a client wait for a connection to the database."""
    written = told(proxy.block, "request_timeout")
    if written is not None:
        return time_of(written, proxy.block)
    return time_of(proxy.mains[0].get("query_wait_timeout"), proxy.mains[0]) if len(proxy.mains) == 1 else None
