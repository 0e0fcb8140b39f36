"""The single computations behind an answer, each with its formula, its numbers and its source."""

from __future__ import annotations

from typing import NamedTuple

from poollint.sizing import budget, capacity, demand
from poollint.sizing.deadlock import deadlock_floor
from poollint.sizing.units import number, show_bytes, show_seconds, show_share

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poollint.sizing.inputs import Inputs


BY_CORES = ("2-cores", "2-cores-plus-1", "4-cores")
PRACTICE = "practice, not measured"


class Step(NamedTuple):
    """One computation. ``question`` is capacity, demand, budget, floor, now or memory; ``chosen``: its value is the
    answer to it.
    """

    question: str
    name: str
    formula: str
    numbers: str
    value: float
    unit: str
    source: str
    chosen: bool = True


def capacity_steps(inputs: Inputs) -> list[Step]:
    """How many transactions the database can usefully run at once: by points, by wait and compute, by rules."""
    steps = []
    if inputs.points:
        from poollint.sizing import scalability

        few = len({point.connections for point in inputs.points}) < scalability.FEWEST_POINTS
        steps.append(_two_points_step(inputs) if few else _measured_step(inputs))
    if inputs.cores is not None and inputs.compute is not None and inputs.wait is not None:
        steps += _wait_steps(inputs, inputs.cores, inputs.compute, inputs.wait)
    thumbs = [] if inputs.cores is None else _core_steps(inputs, inputs.cores)
    if inputs.app is not None:
        found = _app_steps(inputs)
        # a rule for one process says nothing of what the database can do for many
        thumbs = found + thumbs if inputs.app in BY_CORES else thumbs + found
    steps += thumbs
    return [step._replace(chosen=index == 0) for index, step in enumerate(steps)]


def _measured_step(inputs: Inputs) -> Step:
    from poollint.sizing import scalability

    found = scalability.recommend(list(inputs.points), inputs.share)
    law = found.fit
    peak = "levels off" if law.peak is None else f"peak at {law.peak:.1f}"
    fitted = (
        f"σ {law.sigma:.4g}, κ {law.kappa:.3g}, γ {law.gamma:.4g}, R² {law.r_squared:.4f}, largest residual "
        f"{show_share(law.largest_residual)}, {peak}; measured plateau {found.plateau[0]} to {found.plateau[1]}"
    )
    formula = "X(n) = γn ÷ (1 + σ(n-1) + κn(n-1)), fitted to the measured points"
    source = "N. J. Gunther, Guerrilla Capacity Planning, 2007"
    name = f"smallest size with {show_share(inputs.share)} of the best throughput"
    return Step("capacity", name, formula, fitted, found.size, "connections", source)


def _two_points_step(inputs: Inputs) -> Step:
    """ValueError where CPU time and cores are missing, which stand in for the points that a fit would need."""
    if inputs.cores is None or inputs.compute is None:
        raise ValueError(
            "a fit needs four different sizes, better six or more; with fewer give --cores and --compute, the CPU time of "
            "a transaction under load"
        )
    point = min(inputs.points, key=lambda point: abs(point.connections - (inputs.cores or 1)))
    found = capacity.pool_from_two_points(inputs.cores, *point, inputs.compute, inputs.share)
    hold = point.connections / point.throughput
    model = capacity.pool_for_share(inputs.cores, inputs.compute, max(0.0, hold - inputs.compute), inputs.share)
    numbers = (
        f"hold {point.connections} ÷ {number(point.throughput)}/s = {show_seconds(hold)}, compute under load "
        f"{show_seconds(inputs.compute)}: {number(capacity.KNEE_MARGIN)} × {model}"
    )
    name = "closed model from a point at few connections and the CPU time under load"
    formula = f"{number(capacity.KNEE_MARGIN)} × smallest n with X(n) ≥ share × cores ÷ compute"
    source = "C. Palm 1947; the margin from our sweeps"
    return Step("capacity", name, formula, numbers, found, "connections", source)


def _wait_steps(inputs: Inputs, cores: float, compute: float, wait: float) -> list[Step]:
    size = capacity.pool_for_share(cores, compute, wait, inputs.share)
    reached = capacity.closed_throughput(size, cores, compute, wait)
    times = f"{number(cores)} cores, compute {show_seconds(compute)}, wait {show_seconds(wait)}"
    closed = Step(
        "capacity",
        f"closed model, {show_share(inputs.share)} of the ceiling",
        "smallest n with X(n) ≥ share × cores ÷ compute",
        f"{times}: X({size}) = {number(reached)}/s of {number(capacity.ceiling(cores, compute))}/s",
        size,
        "connections",
        "C. Palm 1947, machine repairman; exact for random times",
    )
    target = inputs.utilisation or 1.0
    goetz = capacity.utilisation_target(cores, wait, compute, target)
    bound = Step(
        "capacity",
        "utilisation target",
        "cores × U × (1 + wait ÷ compute)",
        f"{number(cores)} × {number(target)} × (1 + {show_seconds(wait)} ÷ {show_seconds(compute)})",
        goetz,
        "connections",
        "B. Goetz, Java Concurrency in Practice, 8.2",
    )
    return [closed, bound]


def _core_steps(inputs: Inputs, cores: float) -> list[Step]:
    steps = []
    if inputs.rule is not None:
        per_core, extra = inputs.rule
        size = capacity.linear_rule(cores, per_core, extra)
        numbers = f"{number(per_core)} × {number(cores)} + {number(extra)}"
        steps.append(Step("capacity", "your rule", "k × cores + m", numbers, size, "connections", "--rule"))
    size = capacity.cores_and_spindles(cores, inputs.spindles)
    numbers = f"2 × {number(cores)} + {inputs.spindles}"
    source = "PostgreSQL wiki, Number Of Database Connections (about 2010)"
    name = "rule of thumb"
    steps.append(Step("capacity", name, "2 × cores + spindles", numbers, size, "connections", source))
    return steps


def _app_steps(inputs: Inputs) -> list[Step]:
    from poollint.sizing import thumb

    name = inputs.app or ""
    rule = thumb.RULES[name]
    found = thumb.thumb(name, cores=inputs.cores, workers=inputs.threads, processes=inputs.processes)
    if rule.basis == "none" and inputs.cores is not None:
        return []
    holders = inputs.fleet.steady if inputs.fleet and found.per == "process" else 1
    spread = f"{found.low}" if found.low == found.high else f"{found.low} to {found.high}"
    numbers = f"{spread} for each {found.per}" if found.per != "total" else f"{spread} in all"
    title = f"rule of thumb for {rule.title}"
    return [Step("capacity", title, rule.valid, numbers, found.high * holders, "connections", PRACTICE)]


def demand_steps(inputs: Inputs) -> list[Step]:
    """How many connections the load needs for the wanted wait."""
    if inputs.threads is not None and inputs.holding is not None and inputs.rate is None:
        return [_thread_step(inputs.threads, inputs.holding)]
    if inputs.rate is None or inputs.hold is None or inputs.target is None:
        return []
    rate, hold, target = inputs.rate, inputs.hold, inputs.target
    load = demand.little(rate, hold)
    busy = Step(
        "demand",
        "mean number busy",
        "rate × hold",
        f"{number(rate)}/s × {show_seconds(hold)}",
        load,
        "connections",
        "J. D. C. Little 1961",
        chosen=False,
    )
    size = demand.pool_for_wait(rate, hold, inputs.percentile, target, inputs.variability)
    reached = demand.wait_quantile(size, rate, hold, inputs.percentile, inputs.variability)
    percent = f"p{number(inputs.percentile * 100)}"
    factor = "" if inputs.variability == 1 else f" × {number(inputs.variability)} for (Ca² + Cs²) ÷ 2"
    queue = Step(
        "demand",
        f"{percent} wait ≤ {show_seconds(target)}",
        "smallest c > load with hold ÷ (c - load) × ln(P(wait) ÷ (1 - p)) ≤ wanted wait" + factor,
        f"c = {size}: {percent} wait {show_seconds(reached)}, {show_share(round(load / size, 3))} busy",
        size,
        "connections",
        "A. K. Erlang 1917" if inputs.variability == 1 else "Erlang C with Allen-Cunneen",
    )
    steps = [busy, queue]
    fleet = inputs.fleet
    if fleet is not None and fleet.steady > 1:
        each = demand.pool_for_wait(rate / fleet.steady, hold, inputs.percentile, target, inputs.variability)
        name, formula = "the same wait with the load split over the pools", "c(rate ÷ pools) × pools"
        numbers = f"{number(rate / fleet.steady)}/s each: {each} × {fleet.steady} pools"
        split = queue._replace(name=name, formula=formula, numbers=numbers, value=each * fleet.steady)
        steps = [busy, queue, split._replace(chosen=False)]
    return steps


def _thread_step(threads: int, holding: float) -> Step:
    size = demand.pool_for_threads(threads, holding)
    mean = threads * holding
    numbers = (
        f"{threads} × {show_share(holding)} = {number(mean)} busy, and 1.645 × √{number(mean * (1 - holding))} more"
    )
    return Step("demand", "all threads at work", "T·f + β√(T·f(1-f))", numbers, size, "connections", "binomial, 95 %")


def budget_steps(inputs: Inputs) -> list[Step]:
    """How many connections the limit leaves, for all and for each pool of the fleet; the chosen value is for all."""
    if inputs.max_connections is None:
        return []
    usable = budget.usable_connections(inputs.max_connections, inputs.reserved, inputs.headroom)
    numbers = f"{inputs.max_connections} - {inputs.reserved}"
    if inputs.headroom:
        numbers = f"({numbers}) × (1 - {show_share(inputs.headroom)})"
    source = "PostgreSQL manual, Connections and Authentication"
    name, formula = "usable connections", "max_connections - reserved, less headroom"
    steps = [Step("budget", name, formula, numbers, usable, "connections", source, chosen=True)]
    fleet = inputs.fleet
    if fleet is None:
        return steps
    each = budget.pool_per_holder(usable, fleet)
    holders = _holders_text(inputs, fleet)
    source = "Kubernetes API, RollingUpdateDeployment (maxSurge rounds up)" if fleet.surge else "arithmetic"
    counted = Step("budget", "pools at the worst moment", *holders, fleet.holders, "pools", source, chosen=False)
    share = f"{usable} ÷ {fleet.holders}"
    own = Step(
        "budget", "for each pool", "usable ÷ pools, down", share, each, "connections each", "division", chosen=False
    )
    name, numbers = "for all pools between rollouts", f"{each} × {fleet.steady}"
    total = Step("budget", name, "each × pools", numbers, each * fleet.steady, "connections", "division")
    return [steps[0]._replace(chosen=False), counted, own, total]


def _holders_text(inputs: Inputs, fleet: budget.Fleet) -> tuple[str, str]:
    terms, values = ["instances"], [str(fleet.replicas)]
    if fleet.surge:
        terms.append("surge")
        asked = f" ({show_share(inputs.surge)} rounded up)" if isinstance(inputs.surge, float) else ""
        values.append(f"{fleet.surge}{asked}")
    if fleet.terminating:
        terms.append("terminating")
        values.append(str(fleet.terminating))
    formula, numbers = " + ".join(terms), " + ".join(values)
    if len(terms) > 1:
        formula, numbers = f"({formula})", f"({numbers})"
    for name, count in (("processes", fleet.processes), ("pools", fleet.pools)):
        if count > 1:
            formula, numbers = f"{formula} × {name}", f"{numbers} × {count}"
    return formula, numbers


def floor_steps(inputs: Inputs) -> list[Step]:
    """The pool below which threads can block each other for ever."""
    if inputs.threads is None or (inputs.per_thread == 1 and (inputs.holding is not None or inputs.app is not None)):
        return []
    size = deadlock_floor(inputs.threads, inputs.per_thread)
    numbers = f"{inputs.threads} × ({inputs.per_thread} - 1) + 1"
    formula = "threads × (connections per thread - 1) + 1, a minimum for each pool"
    source = "HikariCP wiki, About Pool Sizing"
    return [Step("floor", "deadlock floor", formula, numbers, size, "connections each", source)]


def now_steps(inputs: Inputs) -> list[Step]:
    """What the pools that are configured now would take when all are full."""
    if inputs.pool is None:
        return []
    fleet = inputs.fleet or budget.Fleet(1, inputs.processes, inputs.pools)
    taken = budget.connections_needed(fleet, inputs.pool, inputs.overflow)
    each = f"({inputs.pool} + {inputs.overflow})" if inputs.overflow else f"{inputs.pool}"
    return [
        Step("now", "all pools full, as configured", "pools × (pool + overflow)", f"{fleet.holders} × {each}", taken,
             "connections", "arithmetic")
    ]  # fmt: skip


def memory_steps(inputs: Inputs, connections: int) -> list[Step]:
    """What so many connections take of the server's memory, when that is known, and what their queries may take."""
    if not connections or (inputs.memory is None and inputs.work_mem is None):
        return []
    from poollint.sizing import memory

    steps = []
    for kind, name in (("idle", "connections that are idle"), ("warm", "connections that have seen many relations")):
        each = memory.PER_CONNECTION[kind]
        taken = memory.idle_memory(connections, each)
        numbers = f"{number(connections)} × {show_bytes(each)} = {show_bytes(taken)}{_of_memory(inputs, taken)}"
        steps.append(_memory_step(name, "connections × memory of each", numbers, taken))
    if inputs.work_mem is not None:
        worst = memory.busy_memory(connections, inputs.work_mem)
        numbers = f"{number(connections)} × 2 × {show_bytes(inputs.work_mem)} × 2 = {show_bytes(worst)}"
        formula = "active × sort and hash nodes × work_mem × hash_mem_multiplier"
        name = "queries at work, at worst, on top"
        steps.append(_memory_step(name, formula, numbers + _of_memory(inputs, worst), worst))
    return steps


def _of_memory(inputs: Inputs, taken: float) -> str:
    if inputs.memory is None:
        return ""
    return f", {show_share(round(taken / inputs.memory, 3))} of {show_bytes(inputs.memory)}"


def _memory_step(name: str, formula: str, numbers: str, taken: float) -> Step:
    return Step("memory", name, formula, numbers, taken, "bytes", "measured, PostgreSQL 15", chosen=False)
