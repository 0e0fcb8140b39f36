"""HTTP connections: nginx's cache of upstream connections, and the sockets of a Node http.Agent."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from poollint.sizing.demand import BETA_1_PERCENT, little, pool_for_wait, square_root_staffing
from poollint.sizing.rounding import positive, up


def nginx_keepalive(rate: float, hold: float, workers: int, beta: float = BETA_1_PERCENT) -> int:
    """``keepalive`` of an upstream block: busy connections of one worker, and β√ of them for the peaks.

    It caps the idle connections that each worker keeps, not how many it may open. On by default (32) since nginx
    1.29.7. Source: nginx, ngx_http_upstream_module.
    """
    return max(1, square_root_staffing(little(rate, hold) / positive(workers, "workers"), beta))


def nginx_idle_connections(workers: int, keepalive: int, instances: int = 1) -> int:
    """Idle connections that the upstream has to hold at most: workers × keepalive × nginx instances."""
    return workers * keepalive * instances


class AgentSockets(NamedTuple):
    """Options of a Node http.Agent for one origin, for one process."""

    max_sockets: int
    max_free_sockets: int


def node_agent(rate: float, hold: float, percentile: float, target: float) -> AgentSockets:
    """maxSockets for a wanted wait at this process's rate (Erlang C), maxFreeSockets for its mean number busy.

    The default maxSockets is Infinity: no queue, and the upstream takes every burst. Source: Node.js, http.Agent.
    """
    sockets = pool_for_wait(rate, hold, percentile, target)
    return AgentSockets(sockets, max(1, up(little(rate, hold))))


def max_total_sockets(origins: int, max_sockets: int) -> int:
    """maxTotalSockets that starves no origin."""
    return ceil(positive(origins, "origins")) * max_sockets
