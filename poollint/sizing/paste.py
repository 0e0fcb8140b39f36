"""An answer as settings to paste: the values, and the lines of ``rules/sizing/targets.toml`` filled with them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from poollint.sizing import http, poolers
from poollint.sizing.budget import Fleet
from poollint.sizing.rounding import up
from poollint.sizing.tables import closest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poollint.sizing.answer import Answer

SHORTEST_ACQUIRE, USUAL_ACQUIRE, LONGEST_ACQUIRE = 1, 5, 30
WAITS_PER_ACQUIRE = 10
OWN_CONNECTIONS = 3
USUAL_CLIENTS = 100
"""PgBouncer's default of max_client_conn, below which nobody needs to go."""


class Pooler(NamedTuple):
    """The pooler in front of the database, if there is one."""

    bouncers: poolers.Bouncers = poolers.Bouncers()
    reserve: int = 0
    forced_user: bool = False


def values(found: Answer, pooler: Pooler) -> dict[str, int]:
    """Every value that the inputs let know, by the names that targets.toml explains."""
    inputs, verdict = found.inputs, found.verdict
    known: dict[str, int] = {"acquire_s": _acquire(inputs.target)}
    known["acquire_ms"] = known["acquire_s"] * 1000
    if verdict.possible:
        overflow = min(inputs.overflow, verdict.per_process - 1)
        known |= {"pool": verdict.per_process, "total": verdict.total, "overflow": overflow}
        known["base"] = verdict.per_process - overflow
    if inputs.fleet is not None:
        each = (inputs.pool or verdict.per_process or 1) + (inputs.overflow if inputs.pool else 0)
        known["clients"] = max(USUAL_CLIENTS, inputs.fleet.holders * each)
        if verdict.possible:
            known["limit"] = inputs.fleet.holders * verdict.per_process + max(inputs.reserved, OWN_CONNECTIONS)
    elif verdict.possible:
        known["limit"] = verdict.total + max(inputs.reserved, OWN_CONNECTIONS)
    return known | _pooler_values(found, pooler, known.get("clients")) | _http_values(found)


def _acquire(target: float | None) -> int:
    """Whole seconds to wait for a connection before giving up: ten times the wanted wait, 1 to 30 s; else 5 s."""
    if target is None:
        return USUAL_ACQUIRE
    return min(LONGEST_ACQUIRE, max(SHORTEST_ACQUIRE, up(target * WAITS_PER_ACQUIRE)))


def _pooler_values(found: Answer, pooler: Pooler, clients: int | None) -> dict[str, int]:
    bouncers = pooler.bouncers
    size = poolers.default_pool_size(found.shared, bouncers, pooler.reserve)
    known = {}
    if size >= 1:
        known["pooler_pool"] = size
        known["pooler_total"] = max(1, found.shared // (bouncers.processes * bouncers.databases))
        if clients is not None:
            count = poolers.file_descriptors(clients, size, bouncers, forced_user=pooler.forced_user)
            known["descriptors"] = poolers.descriptor_limit(count)
    if found.inputs.max_connections:
        known["proxy_percent"] = min(100, max(1, found.shared * 100 // found.inputs.max_connections))
    return known


def _http_values(found: Answer) -> dict[str, int]:
    inputs = found.inputs
    if inputs.rate is None or inputs.hold is None or inputs.target is None:
        return {}
    processes = (inputs.fleet or Fleet(1, inputs.processes)).steady
    agent = http.node_agent(inputs.rate / processes, inputs.hold, inputs.percentile, inputs.target)
    keepalive = http.nginx_keepalive(inputs.rate, inputs.hold, processes)
    return {"sockets": agent.max_sockets, "free_sockets": agent.max_free_sockets, "keepalive": keepalive}


def target(name: str, targets: dict[str, Any]) -> dict[str, Any]:
    """The table of a target system, by its name or another word for it. ValueError for an unknown one."""
    for key, table in targets.items():
        if name == key or name in table.get("words", ()):
            found: dict[str, Any] = table
            return found
    raise ValueError(f"no target {name!r}{closest(name, list(targets))}; known are {', '.join(targets)}")


def lines(table: dict[str, Any], known: dict[str, int]) -> str:
    """The target's lines with the values in their places; those with an unknown value are left out. May be empty."""
    kept = []
    filled = False
    for line in table["lines"].strip("\n").splitlines():
        names = re.findall(r"(?<!\{)\{(\w+)\}", line)
        if all(name in known for name in names):
            kept.append(line.format(**known))
            filled = filled or bool(names)
    return "\n".join(kept) if filled else ""
