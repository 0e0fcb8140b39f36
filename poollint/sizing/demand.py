"""Demand: how many connections does the load need, for a wanted waiting time?

Rates are per second and times in seconds (any other pair that agrees will do). ``hold`` is how long one transaction
keeps its connection, measured at the load in question. ``load`` is rate × hold, in erlangs: the mean number busy.
The formulas hold while so many connections do not slow each other down; whether they do is the question of capacity.
"""

from __future__ import annotations

from math import erf, exp, log, pi, sqrt

from poollint.sizing.rounding import down, not_negative, positive, up

Z95 = 1.645
"""The 95 % point of the normal distribution."""

BETA_1_PERCENT = 2.375
"""The square-root staffing margin at which one request in a hundred waits."""

_LARGEST_POOL = 10_000_000


def little(rate: float, hold: float) -> float:
    """Mean number of connections busy: rate × hold. A pool of just this size has an endless queue.

    Source: J. D. C. Little, Operations Research 9(3), 1961.
    """
    return not_negative(rate, "rate") * not_negative(hold, "hold")


def rate_of_users(users: float, think: float, hold: float) -> float:
    """Transactions per second of users who each wait for the answer, then think: users ÷ (think + hold).

    Source: the response time law of interactive systems (Lazowska 1984).
    """
    return not_negative(users, "users") / positive(
        not_negative(think, "think") + positive(hold, "hold"), "think + hold"
    )


def erlang_b(servers: int, load: float) -> float:
    """Chance that a request finds every server busy when none may wait.

    Source: A. K. Erlang, 1917, by the usual recursion, which needs no factorials.
    """
    if servers < 0:
        raise ValueError(f"servers must be 0 or more, not {servers}")
    positive(load, "load")
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Chance that a request has to wait for a server (M/M/c). ValueError unless servers > load.

    Source: A. K. Erlang, 1917.
    """
    _refuse_overload(servers, load)
    return _waits(servers, load, erlang_b(servers, load))


def mean_wait(pool: int, rate: float, hold: float, variability: float = 1.0) -> float:
    """Mean time a request waits for a connection; ``variability`` as in allen_cunneen_factor."""
    load = little(rate, hold)
    if load == 0:
        return 0.0
    return variability * erlang_c(pool, load) * hold / (pool - load)


def chance_to_wait_longer(time: float, pool: int, rate: float, hold: float) -> float:
    """Chance that a request waits longer than ``time`` for a connection (M/M/c)."""
    load = little(rate, hold)
    if load == 0:
        return 0.0
    return erlang_c(pool, load) * exp(-(pool - load) * not_negative(time, "time") / hold)


def wait_quantile(pool: int, rate: float, hold: float, percentile: float, variability: float = 1.0) -> float:
    """The waiting time that this share of the requests does not exceed: 0 when fewer than the rest wait at all.

    Exact for M/M/c; with another ``variability`` (see allen_cunneen_factor) the tail is stretched by that factor.
    """
    load = little(rate, hold)
    if load == 0:
        return 0.0
    _refuse_overload(pool, load)
    return _quantile(
        _waits(pool, load, erlang_b(pool, load)), hold / (pool - load), _percentile(percentile), variability
    )


def pool_for_wait(rate: float, hold: float, percentile: float, target: float, variability: float = 1.0) -> int:
    """The smallest pool in which this share of the requests waits no longer than ``target``.

    Open arrivals (Poisson), served in order. Sources: Erlang C for M/M/c, Allen-Cunneen for other variability.
    """
    load = little(rate, hold)
    not_negative(target, "the wanted wait")
    _percentile(percentile)
    if load == 0:
        return 1
    if load > _LARGEST_POOL:
        raise ValueError(f"{load:g} connections busy on average is no pool: check the rate and the hold time")
    lowest = down(load) + 1
    blocked = erlang_b(lowest - 1, load)
    pool = lowest
    while True:
        blocked = load * blocked / (pool + load * blocked)
        waits = _waits(pool, load, blocked)
        if _quantile(waits, hold / (pool - load), percentile, variability) <= target:
            return pool
        pool += 1


def allen_cunneen_factor(arrival_scv: float, hold_scv: float) -> float:
    """By how much waits differ from M/M/c: (Ca² + Cs²) ÷ 2, the squared coefficients of variation of gaps and holds.

    Good in heavy traffic (above some 70 % busy). Source: A. O. Allen, Probability, Statistics and Queueing Theory,
    1990.
    """
    return (not_negative(arrival_scv, "Ca²") + not_negative(hold_scv, "Cs²")) / 2


def scv_from_percentiles(median: float, p95: float) -> float:
    """Squared coefficient of variation of hold times whose median and 95 % point are known, taken as log-normal."""
    positive(median, "the median hold time")
    if p95 < median:
        raise ValueError(f"the 95 % point of the hold time ({p95:g}) is below its median ({median:g})")
    sigma = log(p95 / median) / Z95
    return exp(sigma * sigma) - 1


def sakasegawa_wait(pool: int, rate: float, hold: float, variability: float = 1.0) -> float:
    """Mean wait without Erlang C, for G/G/c. Source: H. Sakasegawa, Ann. Inst. Stat. Math. 29, 1977."""
    load = little(rate, hold)
    _refuse_overload(pool, load)
    busy = load / pool
    return float(variability * busy ** (sqrt(2 * (pool + 1)) - 1) / (pool * (1 - busy)) * hold)


def kingman_wait(rate: float, hold: float, variability: float = 1.0) -> float:
    """Mean wait for one server (G/G/1). Source: J. F. C. Kingman, Proc. Cambridge Phil. Soc. 57, 1961."""
    busy = little(rate, hold)
    _refuse_overload(1, busy)
    return busy / (1 - busy) * variability * hold


def square_root_staffing(load: float, beta: float) -> int:
    """load + β√load, rounded up: why a large pool needs less slack, in proportion, than a small one.

    Good from about 10 erlangs. Source: S. Halfin, W. Whitt, Operations Research 29(3), 1981.
    """
    return up(not_negative(load, "load") + not_negative(beta, "beta") * sqrt(load))


def halfin_whitt_chance(beta: float) -> float:
    """Chance to wait under square-root staffing with margin β (Halfin and Whitt 1981)."""
    positive(beta, "beta")
    below = (1 + erf(beta / sqrt(2))) / 2
    density = exp(-beta * beta / 2) / sqrt(2 * pi)
    return 1 / (1 + beta * below / density)


def beta_for_chance(chance: float) -> float:
    """The margin β at which this share of the requests waits (the inverse of halfin_whitt_chance)."""
    if not 0 < chance < 1:
        raise ValueError(f"the chance to wait must be between 0 and 1, not {chance:g}")
    low, high = 1e-12, 40.0
    for _ in range(100):
        middle = (low + high) / 2
        if halfin_whitt_chance(middle) > chance:
            low = middle
        else:
            high = middle
    return high


def pool_for_threads(threads: int, share_holding: float, beta: float = Z95) -> int:
    """Connections that are busy when all threads are: T·f + β√(T·f(1-f)), rounded up.

    ``share_holding`` is the part of a request's time during which it holds a connection. Each thread holds one at most.
    """
    if not 0 <= share_holding <= 1:
        raise ValueError(
            f"the share of time that holds a connection must be 0 % to 100 %, not {share_holding * 100:g} %"
        )
    mean = positive(threads, "threads") * share_holding
    return min(threads, up(mean + not_negative(beta, "beta") * sqrt(mean * (1 - share_holding))))


def useful_threads(pool: int, share_holding: float) -> float:
    """Threads that such a pool can keep at work: pool ÷ share of time that holds a connection."""
    return positive(pool, "pool") / positive(share_holding, "the share of time that holds a connection")


def _refuse_overload(pool: int, load: float) -> None:
    if pool <= positive(load, "load"):
        raise ValueError(f"{pool} connections cannot carry a mean of {load:g} busy ones: the queue grows without end")


def _percentile(percentile: float) -> float:
    if not 0 < percentile < 1:
        raise ValueError(f"the percentile must be between 0 and 1, not {percentile:g}")
    return percentile


def _waits(pool: int, load: float, blocked: float) -> float:
    return blocked / (1 - load / pool * (1 - blocked))


def _quantile(waits: float, scale: float, percentile: float, variability: float) -> float:
    rest = 1 - percentile
    return 0.0 if waits <= rest else variability * scale * log(waits / rest)
