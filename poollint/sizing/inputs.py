"""What somebody knows about a database, its load and its fleet, and whether it can be true together."""

from __future__ import annotations

from typing import NamedTuple

from poollint.sizing.budget import Fleet, surge_replicas
from poollint.sizing.capacity import GOOD_SHARE
from poollint.sizing.demand import allen_cunneen_factor, rate_of_users
from poollint.sizing.units import number, show_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poollint.sizing.scalability import Point

SLACK = 1e-6


class Inputs(NamedTuple):
    """Times in seconds, rates per second, shares from 0 to 1; None for what is not known."""

    cores: float | None = None
    spindles: int = 0
    compute: float | None = None
    wait: float | None = None
    utilisation: float | None = None
    rule: tuple[float, float] | None = None
    points: tuple[Point, ...] = ()
    app: str | None = None
    rate: float | None = None
    users: float | None = None
    think: float | None = None
    hold: float | None = None
    percentile: float = 0.99
    target: float | None = None
    arrival_scv: float = 1.0
    hold_scv: float = 1.0
    replicas: int | None = None
    processes: int = 1
    pools: int = 1
    surge: int | float = 0
    terminating: int = 0
    max_connections: int | None = None
    reserved: int = 0
    headroom: float = 0.0
    pool: int | None = None
    overflow: int = 0
    threads: int | None = None
    per_thread: int = 1
    holding: float | None = None
    memory: int | None = None
    work_mem: int | None = None

    @property
    def fleet(self) -> Fleet | None:
        """The fleet with its surge counted out; None when no number of instances is known."""
        if self.replicas is None:
            return None
        surge = surge_replicas(self.replicas, self.surge) if self.surge else 0
        return Fleet(self.replicas, self.processes, self.pools, surge, self.terminating)

    @property
    def share(self) -> float:
        """The share of the cores' ceiling that is wanted."""
        return GOOD_SHARE if self.utilisation is None else self.utilisation

    @property
    def variability(self) -> float:
        """The factor on waits for other than random arrivals and hold times."""
        return allen_cunneen_factor(self.arrival_scv, self.hold_scv)


def completed(given: Inputs) -> tuple[Inputs, tuple[str, ...]]:
    """The inputs with what follows from them filled in, and a sentence for each step. ValueError for contradictions."""
    check(given)
    timed, told = _with_times(given)
    if timed.hold is None:
        return timed, tuple(told)
    hold, rate, target = timed.hold, timed.rate, timed.target
    if timed.users is not None and timed.think is not None:
        rate = rate_of_users(timed.users, timed.think, hold)
        pace = f"(think {show_seconds(timed.think)} + hold {show_seconds(hold)})"
        told.append(f"{number(timed.users)} users ÷ {pace} = {number(rate)}/s, one transaction for each request")
    if rate is not None and target is None:
        target = hold
        percent = number(timed.percentile * 100)
        told.append(f"{percent} % of the requests may wait as long as a transaction takes, {show_seconds(hold)}")
    return timed._replace(rate=rate, target=target), tuple(told)


def _with_times(given: Inputs) -> tuple[Inputs, list[str]]:
    """Hold, wait and compute: the third from the other two."""
    hold, wait, compute = given.hold, given.wait, given.compute
    if hold is None and wait is not None and compute is not None:
        told = f"a connection is held for wait + compute = {show_seconds(wait + compute)}, without any queueing"
        return given._replace(hold=wait + compute), [told]
    if hold is not None and compute is not None and wait is None:
        wait = max(0.0, hold - compute)
        told = f"wait = hold - compute = {show_seconds(wait)}: hold was measured without queueing"
        return given._replace(wait=wait), [told]
    if hold is not None and wait is not None and compute is None and hold > wait:
        return given._replace(compute=hold - wait), [f"compute = hold - wait = {show_seconds(hold - wait)}"]
    return given, []


def check(given: Inputs) -> None:
    """ValueError with the reason when the inputs contradict each other or miss a partner."""
    _check_times(given)
    _check_load(given)
    _check_fleet(given)
    _check_threads(given)
    if given.memory is not None and given.memory <= 0:
        raise ValueError("--memory must be above 0")
    if given.cores is not None and given.cores <= 0:
        raise ValueError(f"--cores must be above 0, not {number(given.cores)}")
    if given.utilisation is not None and not 0 < given.utilisation < 1:
        raise ValueError("--utilisation must be above 0 % and below 100 %: at 100 % the queue never ends")


def _check_times(given: Inputs) -> None:
    hold, wait, compute = given.hold, given.wait, given.compute
    if compute is not None and compute <= 0:
        raise ValueError("--compute must be above 0: a transaction that needs no CPU needs no database")
    if hold is not None and hold <= 0:
        raise ValueError("--hold must be above 0")
    if wait is not None and compute is None and hold is None:
        raise ValueError("--wait says nothing without --compute (or --hold, which is the two together)")
    if hold is not None and (wait or 0) + (compute or 0) > hold * (1 + SLACK):
        parts = f"wait {show_seconds(wait or 0)} + compute {show_seconds(compute or 0)}"
        raise ValueError(f"{parts} is longer than the {show_seconds(hold)} that a connection is held")


def _check_load(given: Inputs) -> None:
    if given.rate is not None and given.users is not None:
        raise ValueError("--rate and --users with --think say the same thing: give one of them")
    if (given.users is None) != (given.think is None):
        raise ValueError("--users and --think go together: users ÷ (think + hold) is the rate")
    loaded = given.rate is not None or given.users is not None
    held = given.hold is not None or (given.wait is not None and given.compute is not None)
    if given.target is not None and not (loaded and held):
        raise ValueError("a wanted wait needs the load: --rate (or --users with --think) and --hold")
    if loaded and not held and given.compute is None:
        raise ValueError("a rate alone says nothing of connections: add --hold, how long a transaction keeps one")
    if not 0 < given.percentile < 1:
        raise ValueError(f"the percentile must be between 0 and 100, not {number(given.percentile * 100)}")


def _check_fleet(given: Inputs) -> None:
    if given.replicas is None:
        alone = [name for name, value in (("--surge", given.surge), ("--terminating", given.terminating)) if value]
        if alone:
            raise ValueError(f"{alone[0]} needs --instances")
    elif given.replicas < 1:
        raise ValueError(f"--instances must be at least 1, not {given.replicas}")
    elif given.terminating > given.replicas:
        raise ValueError(f"{given.terminating} terminating are more than the {given.replicas} instances")
    if min(given.processes, given.pools) < 1:
        raise ValueError("--processes and --pools must be at least 1")
    if given.max_connections is None:
        if given.reserved or given.headroom:
            raise ValueError("--reserved and --headroom need --max-connections")
    elif given.reserved >= given.max_connections:
        raise ValueError(
            f"{given.reserved} reserved of {given.max_connections} connections leave none for the application"
        )
    if given.pool is not None and given.pool < 1:
        raise ValueError(f"--pool must be at least 1, not {given.pool}")


def _check_threads(given: Inputs) -> None:
    if given.threads is None:
        if given.per_thread != 1 or given.holding is not None:
            raise ValueError("--connections-per-thread and --holding need --threads")
        return
    if given.threads < 1 or given.per_thread < 1:
        raise ValueError("--threads and --connections-per-thread must be at least 1")
    if given.holding is not None and not 0 < given.holding <= 1:
        raise ValueError("--holding must be above 0 % and at most 100 %")
