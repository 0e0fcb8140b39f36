"""The three questions answered together: each step with its formula and numbers, and which question binds.

The recommended total is the smaller of capacity and budget, never the larger. A demand above the capacity says that
the database is too small or transactions hold connections too long, not that the pool should grow. The deadlock floor
is a hard minimum for each pool: where it does not fit the budget, the answer is that this cannot be done.
"""

from __future__ import annotations

from typing import NamedTuple

from poollint.sizing import budget, capacity, demand
from poollint.sizing.deadlock import deadlock_floor
from poollint.sizing.inputs import Inputs, completed
from poollint.sizing.rounding import up
from poollint.sizing.steps import (
    PRACTICE,
    Step,
    budget_steps,
    capacity_steps,
    demand_steps,
    floor_steps,
    memory_steps,
    now_steps,
)
from poollint.sizing.units import number, show_seconds


class Verdict(NamedTuple):
    """How many connections, for all (``total``) and for each process, and which question set that."""

    total: int
    per_process: int
    binds: str
    possible: bool


class Answer(NamedTuple):
    """The verdict with everything behind it. ``shared``: the size of one pool that all processes would share."""

    inputs: Inputs
    verdict: Verdict
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...]
    capacity: int | None
    demand: int | None
    budget: int | None
    expected_wait: float | None
    shared: int


def answer(given: Inputs) -> Answer:
    """Answers each question that the inputs allow. ValueError when they contradict each other or allow none."""
    inputs, assumptions = completed(given)
    capacities = capacity_steps(inputs)
    demands = demand_steps(inputs)
    budgets = budget_steps(inputs)
    floors = floor_steps(inputs)
    if not (capacities or demands or budgets or floors):
        raise ValueError(
            "nothing to compute: give --cores (capacity), --rate and --hold (demand), --instances and "
            "--max-connections (budget), or --threads and --connections-per-thread (deadlock floor)"
        )
    able, wanted, allowed, floor = (_chosen(steps) for steps in (capacities, demands, budgets, floors))
    needed = int(demands[-1].value) if demands else None
    verdict = _verdict(inputs, able, needed, allowed, floor or 1)
    if verdict.binds == "capacity" and capacities[0].source == PRACTICE:
        verdict = verdict._replace(binds="rule of thumb")
    ours = (*capacities, *demands, *budgets, *floors)
    steps = (*ours, *now_steps(inputs), *memory_steps(inputs, verdict.total))
    told = (*assumptions, *_assumptions(inputs, capacities))
    wait = _expected_wait(inputs, verdict)
    warnings = (*_warnings(inputs, verdict, able, wanted, allowed), *_wait_warnings(inputs, verdict, wait))
    shared = _shared(inputs, able, wanted) or verdict.total
    return Answer(inputs, verdict, steps, warnings, told, able, wanted, allowed, wait, shared)


def _chosen(steps: list[Step]) -> int | None:
    return next((int(step.value) for step in steps if step.chosen), None)


def _verdict(inputs: Inputs, able: int | None, wanted: int | None, allowed: int | None, floor: int) -> Verdict:
    fleet = inputs.fleet or budget.Fleet(1, inputs.processes, inputs.pools)
    limits = {"capacity": able, "budget": allowed}
    known = {name: size for name, size in limits.items() if size is not None}
    if able is None and wanted is not None:
        known["demand"] = wanted
    if not known:
        return Verdict(floor * fleet.steady, floor, "deadlock floor", possible=True)
    binds = min(known, key=lambda name: known[name])
    each = up(known[binds] / fleet.steady) if binds == "demand" else known[binds] // fleet.steady
    most = None if allowed is None else allowed // fleet.steady
    if most == 0:
        return Verdict(0, 0, "budget", possible=False)
    if each < 1:
        each, binds = 1, "number of processes"
    if each < floor:
        if most is not None and most < floor:
            return Verdict(0, 0, "deadlock floor", possible=False)
        each, binds = floor, "deadlock floor"
    total = each * fleet.steady
    return Verdict(total, each, binds, possible=True)


def _shared(inputs: Inputs, able: int | None, wanted: int | None) -> int | None:
    """One pool for all: capacity within what is usable; without a capacity, the demand within it."""
    useful = able if able is not None else wanted
    if inputs.max_connections is None:
        return useful
    usable = budget.usable_connections(inputs.max_connections, inputs.reserved, inputs.headroom)
    return usable if useful is None else min(useful, usable)


def _expected_wait(inputs: Inputs, verdict: Verdict) -> float | None:
    """The wait at the recommended size, infinite when the pools cannot carry the load; None when the load is not
    known.
    """
    if inputs.rate is None or inputs.hold is None or verdict.per_process == 0:
        return None
    pools = verdict.total // verdict.per_process
    if verdict.per_process <= inputs.rate / pools * inputs.hold:
        return float("inf")
    return demand.wait_quantile(
        verdict.per_process, inputs.rate / pools, inputs.hold, inputs.percentile, inputs.variability
    )


def _assumptions(inputs: Inputs, capacities: list[Step]) -> list[str]:
    told = []
    if capacities and capacities[0].name == "rule of thumb":
        told.append("transactions do not wait while they hold a connection: measure --wait and --compute")
    if capacities and capacities[0].name.startswith("closed model,"):
        told.append(
            "compute is the CPU time under load: at one connection it comes out up to twice as high, and the size too small"
        )
    if capacities and inputs.cores is not None and not inputs.points:
        told.append("cores are the database's own, hyper-threads not counted, and nothing else runs on them")
    if inputs.rate is not None and inputs.hold is not None:
        told.append("arrivals are random (Poisson), served in order; a burst waits longer")
        if inputs.hold_scv == 1:
            told.append("hold times vary as exponential ones do; give --hold p50,p95 if they do not")
    if inputs.max_connections is not None and inputs.fleet is not None and not inputs.surge:
        told.append("no extra instances during a rollout: Kubernetes' default is --surge 25%")
    if inputs.max_connections is not None and inputs.reserved == 0:
        told.append("no connection is reserved: PostgreSQL keeps 3 for superusers (--reserved 3)")
    return told


def _warnings(inputs: Inputs, verdict: Verdict, able: int | None, wanted: int | None, allowed: int | None) -> list[str]:
    found = []
    if inputs.rate and inputs.compute and inputs.cores:
        needed = capacity.cores_needed(inputs.rate, inputs.compute)
        if needed > inputs.cores:
            found.append(
                f"impossible rate: {number(inputs.rate)}/s × {show_seconds(inputs.compute)} of CPU keeps "
                f"{number(needed)} cores busy and there are {number(inputs.cores)}; no pool size helps"
            )
    if inputs.rate and inputs.hold and able is not None:
        found += _capacity_warning(inputs.rate, inputs.hold, able, wanted)
    if not verdict.possible:
        found.append(_impossible(inputs, verdict, allowed))
    elif verdict.binds == "number of processes":
        found.append(
            f"{verdict.total} processes with one connection each are already more than the {able} that are of use: "
            f"let them share {able} through a pooler in transaction mode"
        )
    elif verdict.binds == "deadlock floor" and able is not None and verdict.total > able:
        found.append(
            f"the deadlock floor forces {verdict.total} connections where {able} are of use: take the nested "
            "connection out of the code, or bound the wait with an acquire timeout"
        )
    found += _now_warning(inputs, verdict)
    return found


def _capacity_warning(rate: float, hold: float, able: int, wanted: int | None) -> list[str]:
    load = demand.little(rate, hold)
    if load >= able:
        text = (
            f"the load keeps {number(load)} connections busy on average and the database runs {able} at once, which is "
            f"{number(able / hold)}/s at {show_seconds(hold)} each. {number(rate)}/s would be possible only if a "
            f"transaction took {show_seconds(able / rate)}: what is above that is queueing, and more connections do "
            "not shorten it"
        )
        return [text]
    if wanted is not None and wanted > able:
        text = (
            f"the wanted wait needs {wanted} connections and the database runs {able} at once: shorten transactions "
            "or give it more cores; a larger pool moves the queue into the database"
        )
        return [text]
    return []


def _wait_warnings(inputs: Inputs, verdict: Verdict, wait: float | None) -> list[str]:
    if wait is None or inputs.target is None or wait <= inputs.target * (1 + 1e-9) or not verdict.possible:
        return []
    if wait == float("inf"):
        return [f"{verdict.total} connections cannot carry this load: the queue grows without end"]
    percent = number(inputs.percentile * 100)
    wanted = show_seconds(inputs.target)
    found = f"with {verdict.per_process} in each pool the p{percent} wait is {show_seconds(wait)}, above {wanted}"
    if verdict.total > verdict.per_process:
        found += "; one shared pool (a pooler) needs fewer connections for the same wait"
    return [found]


def _impossible(inputs: Inputs, verdict: Verdict, allowed: int | None) -> str:
    if verdict.binds == "budget" and inputs.fleet is not None and inputs.max_connections is not None:
        usable = budget.usable_connections(inputs.max_connections, inputs.reserved, inputs.headroom)
        return (
            f"not possible: {inputs.fleet.holders} pools and {usable} usable connections; put a pooler between them, "
            "or run fewer processes"
        )
    return (
        f"not possible: each pool needs {deadlock_floor(inputs.threads or 1, inputs.per_thread)} connections against "
        f"deadlock, and the limit leaves {(allowed or 0) // (inputs.fleet.steady if inputs.fleet else 1)} for each"
    )


def _now_warning(inputs: Inputs, verdict: Verdict) -> list[str]:
    if inputs.pool is None:
        return []
    if inputs.threads is not None and inputs.holding is not None:
        useful = demand.useful_threads(inputs.pool + inputs.overflow, inputs.holding)
        if useful < inputs.threads:
            return [
                f"the configured pool keeps {number(useful)} of {inputs.threads} threads at work; the rest wait for it"
            ]
    taken = int(now_steps(inputs)[0].value)
    if inputs.max_connections is not None:
        usable = budget.usable_connections(inputs.max_connections, inputs.reserved, inputs.headroom)
        if taken > usable:
            text = f"the configured pools take {taken:,} of {usable:,} usable connections"
            return [f'connection explosion: {text} ("too many connections")']
    if verdict.possible and inputs.pool + inputs.overflow > verdict.per_process:
        return [f"the configured pool of {inputs.pool + inputs.overflow} is larger than {verdict.per_process}"]
    return []
