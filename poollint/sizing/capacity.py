"""Capacity: how many transactions can the database usefully run at once?

``cores`` are those of the machine that does the work: for a database pool, the database's, hyper-threads not counted.
They may be fractional (a container with a quota of 1.5). Times of one call share one unit; a throughput is per that
unit. Every figure here is for the whole database, over all its clients.
"""

from __future__ import annotations

from poollint.sizing.rounding import down, not_negative, positive, share, up

GOOD_SHARE = 0.95
"""The share of the ceiling that a recommended pool reaches: beyond it, connections buy little."""

KNEE_MARGIN = 2.0
"""How much later than the closed model's the knee of a real database comes, by sweeps with tests/bench/sweep.py.

1.75 to 2.5 did about equally well there; too few connections cost throughput in proportion, too many little.
"""

_OVERFLOW = 1e250
_NO_WAIT = 1e-9
_NEGLIGIBLE = 1e-16


def cores_and_spindles(cores: float, spindles: int = 0) -> int:
    """2 × cores + effective spindles.

    For one OLTP database with short transactions that do not wait for their client. Spindles: 0 when the active data
    is cached, else the disks that really turn; an SSD counts 0 to 1. It bounds the active connections of all clients
    together.

    Source: PostgreSQL wiki, Number Of Database Connections; HikariCP wiki, About Pool Sizing.
    """
    return linear_rule(cores, 2, spindles)


def linear_rule(cores: float, per_core: float, extra: float = 0) -> int:
    """``per_core × cores + extra``: the shape of nearly every published rule of thumb."""
    return up(not_negative(per_core, "per_core") * positive(cores, "cores") + not_negative(extra, "extra"))


def physical_cores(vcpus: float, threads_per_core: int) -> float:
    """Cores behind so many vCPUs: on x86 clouds a vCPU is usually one hardware thread of two."""
    return positive(vcpus, "vcpus") / positive(threads_per_core, "threads per core")


def utilisation_target(cores: float, wait: float, compute: float, utilisation: float = 1.0) -> int:
    """Connections that keep the cores at a target utilisation: cores × U × (1 + wait ÷ compute), rounded up.

    ``wait`` counts only while the connection is held; behind a transaction-mode pooler, only inside the transaction.
    The bound assumes that waits and computations never collide: with random times it reaches about 90 % of the ceiling.

    Source: B. Goetz and others, Java Concurrency in Practice, 2006, section 8.2; the bound itself: Lazowska and others,
    Quantitative System Performance, 1984, chapter 5.
    """
    ratio = not_negative(wait, "wait") / positive(compute, "compute")
    return up(positive(cores, "cores") * share(utilisation, "utilisation") * (1 + ratio))


def ceiling(cores: float, compute: float) -> float:
    """Transactions per unit of time that the cores can finish at all: cores ÷ compute."""
    return positive(cores, "cores") / positive(compute, "compute")


def closed_throughput(pool: int, cores: float, compute: float, wait: float) -> float:
    """Transactions per unit of time that a pool of this size finishes when there is always work: the closed model.

    The machine-repairman queue, exact for exponential times: each connection computes, waits, computes again; the cores
    are shared by those that compute. It holds while the CPU is the bottleneck and waits do not grow with the load.
    Regular times have a sharper knee, so the model recommends a little too much rather than too little.

    Source: C. Palm, 1947; Gross and Harris, Fundamentals of Queueing Theory (finite source).
    """
    limit = ceiling(cores, compute)
    if pool < 1:
        raise ValueError(f"a pool needs at least 1 connection, not {pool}")
    if not_negative(wait, "wait") < compute * _NO_WAIT:
        return min(pool, cores) / cores * limit
    ratio = compute / wait
    weight = total = 1.0
    busy = 0.0
    for computing in range(1, pool + 1):
        running = min(computing, cores)
        growth = (pool - computing + 1) * ratio / running
        weight *= growth
        total += weight
        busy += weight * running
        if total > _OVERFLOW:
            weight, total, busy = weight / _OVERFLOW, total / _OVERFLOW, busy / _OVERFLOW
        if growth < 1 and weight < total * _NEGLIGIBLE * (1 - growth):
            break
    return busy / total / compute


def pool_for_share(cores: float, compute: float, wait: float, target: float = GOOD_SHARE) -> int:
    """The smallest pool that reaches this share of the ceiling in the closed model (see closed_throughput)."""
    if not 0 < target < 1:
        raise ValueError(
            f"the share of the ceiling must be between 0 % and 100 %, both excluded, not {target * 100:g} %"
        )
    if not_negative(wait, "wait") < compute * _NO_WAIT:
        return max(1, up(positive(cores, "cores")))
    wanted = target * ceiling(cores, compute) * (1 - 1e-12)
    # n connections never finish more than n ÷ (compute + wait)
    high = max(1, down(wanted * (compute + wait)))
    low = high - 1
    while closed_throughput(high, cores, compute, wait) < wanted:
        low, high = high, up(high * 1.1) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if closed_throughput(middle, cores, compute, wait) < wanted:
            low = middle
        else:
            high = middle
    return high


def pool_from_two_points(
    cores: float, connections: int, throughput: float, compute: float, target: float = GOOD_SHARE
) -> int:
    """A pool from two short measurements instead of a sweep: the closed model, times KNEE_MARGIN, rounded up.
     The first has about as many connections as cores: connections ÷ throughput is the hold time of a database that is
    awake and not yet crowded. ``compute`` is the CPU time of one transaction in the second, with about four times as
    many: at one connection a transaction takes up to twice that, for wake-ups and cold caches. The margin stands for what
    the model leaves out, waits that grow with the load (locks, the log, a pooler of one thread).
    """
    if connections < 1:
        raise ValueError(f"a measurement needs at least 1 connection, not {connections}")
    hold = connections / positive(throughput, "throughput")
    return up(KNEE_MARGIN * pool_for_share(cores, compute, max(0.0, hold - compute), target))


def cores_needed(rate: float, compute: float) -> float:
    """Cores that a rate of transactions keeps busy; above the cores that exist, no pool size can serve the rate.

    Source: the utilisation law (Lazowska 1984).
    """
    return not_negative(rate, "rate") * not_negative(compute, "compute")


def highest_rate(parallel: float, hold: float) -> float:
    """Transactions per unit of time when ``parallel`` run at once and each is held for ``hold``."""
    return positive(parallel, "parallel") / positive(hold, "hold")


def whole_share(total: float, processes: int) -> int:
    """A database-wide number divided over processes, rounded down; 0 when there are more processes than connections."""
    return down(not_negative(total, "total") / positive(processes, "processes"))
