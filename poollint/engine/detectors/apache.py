"""Apache httpd: pools towards backends, limits of processes and threads, keep-alive towards clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import Edit, Fix
from poollint.engine.hits import Hit, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.engine.hits import RuleContext

REASONS = ("disablereuse", "enablereuse", "nokeepalive", "http10")


def written(block: Block, name: str) -> Setting | None:
    """The setting, if this very block writes it."""
    setting = block.settings.get(name)
    return setting if setting is not None and setting.origin == "explicit" else None


def not_reused(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A backend whose connections are closed after each request, and what makes Apache do so."""
    reason = block.facts["no_pool_reason"]
    if reason in ("disablereuse", "enablereuse"):
        yield Hit(reason, case=reason)
    elif reason in ("nokeepalive", "http10"):
        place = block.facts["env_place"]
        yield Hit(place, case=reason, related=((block, "this backend is meant"),))
    elif block.facts["initial_not_pooled"] and block.facts["pooled"] is True:
        yield Hit(block, case="initial")


def _children(limits: Block) -> int | None:
    """How many processes the limits allow; None when that cannot be told."""
    mpm = limits.facts["mpm"]
    workers = limits.value("MaxRequestWorkers")
    servers = limits.value("ServerLimit")
    if mpm == "prefork":
        return min(workers, servers) if known(workers, servers) else None
    threads = limits.value("ThreadsPerChild")
    if mpm not in ("worker", "event") or not known(workers, servers, threads) or threads < 1:
        return None
    return int(max(1, min(servers, workers // threads)))


def pool_exceeds_backend(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Connections that all processes together may open to one backend, against what it can serve."""
    capacity = ctx.config.get("backend_capacity")
    limits = block.links.get("mpm_block")
    if capacity is None or not known(capacity) or limits is None or block.facts["pooled"] is not True:
        return
    children = _children(limits)
    threads = 1 if limits.facts["mpm"] == "prefork" else limits.value("ThreadsPerChild")
    if children is None or not known(threads):
        return
    most = block.settings.get("max")
    each = threads
    if most is not None and limits.facts["mpm"] != "prefork":
        if not known(most.value):
            return
        each = min(most.value, threads) if most.value else threads
    machines = ctx.config.get("instances") or 1
    total = children * each * machines
    if total > capacity:
        text = f"{children} processes × {each} connections" + (f" × {machines} machines" if machines > 1 else "")
        values = {"sum": f"{text} = {total}", "capacity": capacity, "fair": max(1, capacity // (children * machines))}
        yield Hit(
            most if most is not None else block, values=values, related=((limits, "the limits of the processes"),)
        )


def limits_disagree(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Limits that Apache lowers or raises at start because they do not fit each other."""
    workers = written(block, "MaxRequestWorkers")
    servers = block.get("ServerLimit")
    if block.facts["mpm"] == "prefork":
        if (
            workers is not None
            and servers is not None
            and known(workers.value, servers.value)
            and workers.value > servers.value > 0
        ):
            yield Hit(workers, case="prefork", values={"limit": servers.value})
        return
    threads = block.get("ThreadsPerChild")
    if block.facts["mpm"] not in ("worker", "event") or threads is None or servers is None:
        return
    each = threads.value
    limit = block.value("ThreadLimit")
    if threads.origin == "explicit" and known(each, limit) and 0 < limit < each:
        yield Hit(threads, case="threads", values={"limit": limit})
        return
    if workers is None or not known(workers.value, each) or each < 1:
        return
    yield from _workers(workers, each, servers)


def _workers(workers: Setting, each: int, servers: Setting) -> Iterator[Hit]:
    wanted = workers.value
    if wanted < each:
        yield Hit(workers, case="below", values={"threads": each})
        return
    fits = wanted // each
    if known(servers.value) and 0 < servers.value < fits:
        values = {"threads": each, "limit": servers.value, "real": servers.value * each, "needed": -(-wanted // each)}
        yield Hit(workers, case="servers", values=values)
    elif wanted % each:
        values = {"threads": each, "real": fits * each, "next": (fits + 1) * each}
        yield Hit(workers, case="multiple", values=values)


def pool_sizes_disagree(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """min, smax and max of a backend that Apache corrects without a word."""
    least, soft, most = (written(block, name) for name in ("min", "smax", "max"))
    limit: Any = most.value if most is not None and known(most.value) and most.value else None
    if block.facts["mpm"] == "prefork" and most is not None and known(most.value) and most.value > 1:
        yield Hit(most, case="prefork")
        return
    if soft is not None and limit is not None and known(soft.value) and soft.value > limit:
        yield Hit(soft, case="lowered", values={"name": "max", "limit": limit})
    ceilings: list[Any] = [value for value in (soft.value if soft is not None else None, limit) if known(value)]
    if least is not None and ceilings and known(least.value) and least.value > min(ceilings):
        name = "max" if limit is not None and min(ceilings) == limit else "smax"
        yield Hit(least, case="lowered", values={"name": name, "limit": min(ceilings)})


def below_balancer(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """KeepAliveTimeout no longer than the time that the balancer in front keeps its idle connections."""
    from poollint.knowledge.balancers import front

    profile = front(ctx.config.get("front"))
    setting = block.get("KeepAliveTimeout")
    keepalive = block.get("KeepAlive")
    if profile is None or profile.idle is None or setting is None or setting.origin == "inherited":
        return
    if not known(setting.value) or setting.value > profile.idle or (keepalive is not None and keepalive.value is False):
        return
    if setting.origin == "default" and block.kind == "vhost":
        return
    values = {
        "idle": f"{profile.idle:g}",
        "title": profile.title,
        "wanted": f"{profile.wanted:g}",
        "shown": setting.raw or f"{setting.value:g}",
    }
    yield Hit(
        setting if setting.origin == "explicit" else block,
        case="default" if setting.origin == "default" else "written",
        values=values,
    )


def max_without_acquire(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A bounded pool whose callers wait without bound."""
    most = written(block, "max")
    if most is None or block.settings.get("acquire") is not None or block.facts["pooled"] is not True:
        return
    if known(most.value) and most.value > 0 and block.facts["mpm"] != "prefork":
        yield Hit(most)


def old_names(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Names of Apache 2.2, with the new one as a fix."""
    for name in ("MaxRequestWorkers", "MaxConnectionsPerChild"):
        setting = written(block, name)
        if setting is not None and setting.key_place is not None and setting.key.lower() != name.lower():
            fix = Fix(f"write {name}", (Edit(setting.key_place, name),))
            yield Hit(setting, values={"name": name}, fix=fix)
