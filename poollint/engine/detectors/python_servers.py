"""gunicorn, uvicorn, hypercorn: settings that do nothing, that stop the start, that are another setting."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED, Edit, Fix
from poollint.engine.detectors.python_common import divides, finite, is_number, written
from poollint.engine.hits import Hit
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.engine.hits import RuleContext

ASYNC_CLASSES = ("gevent", "eventlet", "asgi", "uvicorn", "tornado")
WRITTEN_OTHERWISE = {
    "keep_alive": "keepalive",
    "keepalive_timeout": "keepalive",
    "keep_alive_timeout": "keepalive",
    "timeout_keep_alive": "keepalive",
    "worker": "workers",
    "num_workers": "workers",
    "thread": "threads",
    "num_threads": "threads",
    "workerclass": "worker_class",
    "worker_connection": "worker_connections",
    "max_request": "max_requests",
    "max_requests_jiter": "max_requests_jitter",
    "grace_timeout": "graceful_timeout",
    "gracefultimeout": "graceful_timeout",
    "preload": "preload_app",
}


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def sync_keepalive(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A keep-alive time for workers that always close."""
    keep = written(block, "keepalive")
    value = finite(keep)
    if keep is None or not value or block.value("worker_class") != "sync" or block.value("threads") != 1:
        return
    if block.facts.get("source_kind") == "command" or "worker_class" in block.facts.get("choices", {}):
        kind = written(block, "worker_class")
        if kind is None and not _alone(block, ctx):
            return  # a settings file may choose the class
    yield Hit(keep)


def _alone(block: Block, ctx: RuleContext) -> bool:
    """Whether a command line is all that a gunicorn is told: no settings file is named, and none lies about."""
    words = block.facts.get("words", ())
    if any(word in ("-c", "--config") or word.startswith(("--config=", "-c=", "-cfile", "-cpython")) for word in words):
        return False
    return block.complete and block.facts.get("settings_beside") is False and not _settings_files("gunicorn", ctx)


def misspelt(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A name of the settings file that nobody reads."""
    for name, entry in block.facts.get("unknown_options", {}).items():
        meant = WRITTEN_OTHERWISE.get(name) or _resembled(name, block)
        if meant in block.facts.get("other_options", {}):
            continue  # it is written too
        if meant and meant not in block.settings and _is_plain(entry):
            yield Hit(entry.key_place, {"name": name, "meant": meant})


def _resembled(name: str, block: Block) -> str:
    """The setting that a name is, but for its underscores or one letter; empty when it is like none, or like several."""
    if block.spec is None or len(name) < 6 or name.startswith("_"):
        return ""
    known = (*block.spec.settings, *block.spec.accepts)
    bare = name.replace("_", "")
    same = [each for each in known if each.replace("_", "") == bare]
    near = same or [each for each in known if len(each) > 7 and _one_apart(name, each)]
    return near[0] if len(near) == 1 and near[0] != name else ""


def _one_apart(one: str, other: str) -> bool:
    """Whether a letter that is left out, added or changed, or two that changed places, make one name of the other."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, rest_of_other = one[at:], other[at:]
    swapped = rest[:2] == rest_of_other[:2][::-1] and rest[2:] == rest_of_other[2:]
    return swapped or rest_of_other == rest[1:] or rest == rest_of_other[1:] or rest[1:] == rest_of_other[1:]


def _is_plain(entry: object) -> bool:
    """Whether a value is one that such a setting could have, and the name is not used for anything else."""
    value = getattr(entry, "value", None)
    place = getattr(entry, "key_place", None)
    if value is None or place is None:
        return False
    import re

    uses = re.findall(rf"\b{re.escape(place.text)}\b", re.sub(r"#.*", "", place.source.text))
    return len(uses) == 1


def wrong_flag(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """The other server's spelling of an option."""
    confused = {
        "gunicorn": {"--keepalive": "--keep-alive", "--timeout-keep-alive": "--keep-alive"},
        "uvicorn": {"--keep-alive": "--timeout-keep-alive", "--keepalive": "--timeout-keep-alive"},
    }.get(block.system, {})
    for word in block.facts.get("unknown_flags", ()):
        name = word.text.partition("=")[0]
        if name in confused:
            yield Hit(word.place, {"name": name, "meant": confused[name]})


def no_slots(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """As many threads as connections: none may idle."""
    threads, most = block.get("threads"), block.get("worker_connections")
    one, all_of_them = finite(threads), finite(most)
    if one is None or all_of_them is None or one < 2 or one < all_of_them or most is None or most.origin == "default":
        return
    keep = block.value("keepalive")
    if is_number(keep) and keep > 0 and _word(block.value("worker_class")) in ("sync", "gthread"):
        yield Hit(most, {"threads": f"{one:g}"})


def cannot_serve(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """No worker at all; a worker class that is gone; counts that are no whole numbers."""
    workers = written(block, "workers")
    if workers is not None and workers.value == 0 and is_number(workers.value):
        yield Hit(workers)
    kind = written(block, "worker_class")
    if kind is not None and kind.value == "eventlet" and (ctx.target is None or ctx.target >= (26,)):
        yield Hit(kind, None, "eventlet" if ctx.target is not None else "eventlet-likely")
    for name in ("workers", "threads"):
        setting = written(block, name)
        if setting is None:
            continue
        in_file = block.facts.get("source_kind") == "settings"
        is_float = isinstance(setting.value, float) and setting.value != UNLIMITED
        if is_float or (setting.value is UNKNOWN and in_file and divides(setting.raw)):
            yield Hit(setting, None, "fraction", fix=_whole_division(setting))
        elif isinstance(setting.value, str) and block.facts.get("source_kind") == "command":
            yield Hit(setting, None, "text")


def _whole_division(setting: Setting) -> Fix | None:
    """``//`` for the only ``/`` of an expression."""
    place = setting.place
    if place is None or place.text.count("/") != 1:
        return None
    at = place.start + place.text.index("/")
    return Fix("divide with //", (Edit(Place(place.source, at, at + 1), "//"),))


def threads_unused(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Threads for a worker class that has none."""
    threads = written(block, "threads")
    value = finite(threads)
    kind = _word(block.value("worker_class"))
    if threads is not None and value is not None and value > 1 and any(name in kind for name in ASYNC_CLASSES):
        yield Hit(threads, {"kind": kind})


def reload_workers(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """--workers beside --reload."""
    workers, again = written(block, "workers"), written(block, "reload")
    value = finite(workers)
    if workers is None or again is None or again.value is not True or value is None or value < 2:
        return
    yield Hit(workers, None, "development" if block.facts.get("in_development") else "")


def odd_dash(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Dashes of a word processor."""
    for word in block.facts.get("odd_dashes", ()):
        sign = next(each for each in word.text if ord(each) > 127)
        name = word.text.lstrip("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
        plain = ("-" if len(name) == 1 else "--") + name
        yield Hit(word.place, {"word": word.text, "sign": f"U+{ord(sign):04X}", "plain": plain})


def budget(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """More requests at once than the database of the same file has connections."""
    replicas = block.facts.get("replicas")
    databases = [each for each in ctx.of("commands", "database") if each.place.source is block.place.source]
    limit = databases[0].value("max_connections") if databases else None
    workers, threads = finite(written(block, "workers")), finite(written(block, "threads"))
    if limit is None or workers is None or threads is None:
        return
    count = replicas or 1
    total, usable = count * workers * threads, limit - databases[0].value("superuser_reserved_connections")
    if total > usable:
        values = {
            "sum": f"{count} × {workers:g} × {threads:g} = {total:g}",
            "usable": f"{usable:g}",
            "limit": f"{limit:g}",
        }
        yield Hit(written(block, "threads"), values)


def limit_counts_idle(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A limit on connections that idle ones use up."""
    limit, keep = written(block, "limit_concurrency"), written(block, "timeout_keep_alive")
    value, time = finite(limit), finite(keep)
    if limit is not None and value is not None and time is not None and 0 < value < 100 and time > 5:
        yield Hit(limit, {"keep": f"{time:g}"})


KEEPALIVE = {"gunicorn": "keepalive", "uvicorn": "timeout_keep_alive", "hypercorn": "keep_alive_timeout"}
DEFAULT_PORT = {"gunicorn": "8000", "uvicorn": "8000", "hypercorn": "8000"}


def _settings_files(system: str, ctx: RuleContext) -> list[Block]:
    """The settings files of a server that the run has seen."""
    found = ctx.memo.get(("settings files", system))
    if found is None:
        found = [each for each in ctx.of(system, "server") if each.facts.get("source_kind") == "settings"]
        ctx.memo["settings files", system] = found
    return list(found)


def below_balancer(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Idle connections closed before what stands in front gives them up."""
    setting = block.get(KEEPALIVE[block.system])
    value = finite(setting)
    if setting is None or value is None or value <= 0 or not _keeps_connections(block):
        return
    if setting.origin == "default" and any(other is not block for other in _settings_files(block.system, ctx)):
        return  # one of them may write it
    from poollint.knowledge.balancers import front

    profile = front(ctx.config.get("front"))
    idle, title, related = None, "", None
    if profile is not None and profile.idle is not None:
        idle, title, wanted = profile.idle, profile.title, profile.wanted
    else:
        upstream = _upstream(block, ctx)
        limit = finite(upstream.get("keepalive_timeout")) if upstream is not None else None
        if upstream is not None and limit is not None:
            idle, title, wanted, related = limit, f"nginx (upstream {upstream.name})", limit + 15, upstream
        balancer = _balancer(block, ctx) if upstream is None else None
        limit = finite(balancer.get("idle_timeout")) if balancer is not None else None
        if balancer is not None and limit is not None:
            idle, title, wanted, related = limit, f"the load balancer {balancer.name}", limit + 15, balancer
    if idle is None or value > idle:
        return
    values = {"idle": f"{idle:g}", "title": title, "wanted": f"{wanted:g}", "shown": f"{value:g}"}
    case = "written" if setting.origin == "explicit" else "default"
    places = ((related, "keeps idle connections"),) if related is not None else ()
    yield Hit(setting if setting.origin == "explicit" else block, values, case, related=places)


def _balancer(block: Block, ctx: RuleContext) -> Block | None:
    """The one application load balancer of the run, where no nginx stands between it and a server that it can reach."""
    found = ctx.of("terraform", "balancer")
    if len(found) != 1 or found[0].value("load_balancer_type") != "application":
        return None
    if any(each.system in ("nginx", "apache") for each in ctx.blocks) or not _is_open(block):
        return None
    folder = posixpath.dirname(block.place.source.path)
    return found[0] if not folder or found[0].place.source.path.startswith(folder.partition("/")[0] + "/") else None


def _is_open(block: Block) -> bool:
    """Whether a server surely listens to more than its own machine."""
    bind = block.value("bind") if block.system != "uvicorn" else block.value("host")
    bind = bind[0] if isinstance(bind, (tuple, list)) and len(bind) == 1 else bind
    return isinstance(bind, str) and bind.startswith(("0.0.0.0", "[::]", "::", ":"))  # noqa: S104 - it is read, not bound


def _keeps_connections(block: Block) -> bool:
    if block.system != "gunicorn":
        return block.value("reload") is False
    kind, threads = block.value("worker_class"), block.value("threads")
    if kind is UNKNOWN or threads is UNKNOWN or not isinstance(kind, str):
        return False
    return kind != "sync" or (is_number(threads) and threads > 1)


def _reaches(server: object, block: Block, port: str) -> bool:
    """Whether an upstream's server statement names the port, and, where it is known, the service."""
    if str(getattr(server, "port", "")) != port:
        return False
    host = str(getattr(server, "host", ""))
    return not block.place.source.path.endswith((".yml", ".yaml")) or host in (block.name, "localhost", "127.0.0.1")


def _upstream(block: Block, ctx: RuleContext) -> Block | None:
    """The nginx upstream with a pool whose one server has the port that the server binds."""
    from poollint.engine.detectors.nginx_traffic import keeps_connections

    bind = block.value("bind") if block.system != "uvicorn" else f":{block.value('port')}"
    if bind is UNKNOWN or "UNKNOWN" in str(bind):
        return None
    if isinstance(bind, (tuple, list)):
        bind = bind[0] if len(bind) == 1 else UNKNOWN
        if not isinstance(bind, str):
            return None
    port = str(bind).rpartition(":")[2] if bind else DEFAULT_PORT[block.system]
    if not port.isdigit():
        return None
    folder = posixpath.dirname(block.place.source.path)
    found = [
        upstream
        for upstream in ctx.of("nginx", "upstream")
        if upstream.facts.get("pooled") is True
        and keeps_connections(upstream)
        and (not folder or upstream.place.source.path.startswith(folder + "/"))
        and any(_reaches(server, block, port) for server in upstream.facts.get("servers", ()))
    ]
    return found[0] if len(found) == 1 else None
