"""Which question binds, what is impossible, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.sizing.answer import answer
from poollint.sizing.curve import curve, in_terminal
from poollint.sizing.inputs import Inputs
from poollint.sizing.scalability import Point
from poollint.sizing.sensitivity import sensitivity


@pytest.mark.parametrize(
    ("known", "total", "each", "binds"),
    [
        ({"cores": 4, "spindles": 1}, 9, 9, "capacity"),
        ({"cores": 4, "wait": 0.045, "compute": 0.005}, 44, 44, "capacity"),
        ({"cores": 4, "wait": 0.045, "compute": 0.005, "utilisation": 0.9}, 40, 40, "capacity"),
        ({"cores": 8, "rule": (4, 2)}, 34, 34, "capacity"),
        ({"rate": 500, "hold": 0.02, "target": 0.005}, 17, 17, "demand"),
        ({"rate": 500, "hold": 0.02, "target": 0.005, "percentile": 0.95}, 15, 15, "demand"),
        ({"rate": 500, "hold": 0.02, "target": 0.005, "hold_scv": 4.0}, 18, 18, "demand"),
        ({"users": 1000, "think": 1.98, "hold": 0.02, "target": 0.005}, 17, 17, "demand"),
        ({"threads": 200, "holding": 0.2}, 50, 50, "demand"),
        ({"threads": 8, "per_thread": 3}, 17, 17, "deadlock floor"),
        ({"max_connections": 500, "reserved": 13, "replicas": 100, "surge": 0.25}, 300, 3, "budget"),
        ({"max_connections": 500, "reserved": 10, "replicas": 10, "surge": 0.25, "headroom": 0.1}, 330, 33, "budget"),
        ({"max_connections": 500, "cores": 4, "replicas": 4}, 8, 2, "capacity"),
        ({"max_connections": 12, "cores": 16, "replicas": 4}, 12, 3, "budget"),
        ({"cores": 4, "replicas": 100}, 100, 1, "number of processes"),
        ({"cores": 4, "threads": 4, "per_thread": 4}, 13, 13, "deadlock floor"),
        ({"rate": 200, "hold": 0.05, "target": 0.01, "replicas": 2}, 22, 11, "demand"),
        ({"app": "workers", "threads": 2}, 4, 4, "rule of thumb"),
        ({"app": "microservice", "replicas": 3}, 30, 10, "rule of thumb"),
        ({"app": "2-cores-plus-1", "cores": 4}, 9, 9, "rule of thumb"),
        ({"app": "node-api", "cores": 4, "replicas": 3}, 6, 2, "capacity"),
    ],
)
def test_what_binds(known: dict[str, Any], total: int, each: int, binds: str) -> None:
    verdict = answer(Inputs(**known)).verdict
    assert (verdict.total, verdict.per_process, verdict.binds, verdict.possible) == (total, each, binds, True)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"max_connections": 500, "replicas": 1000}, "1000 pools and 500 usable connections"),
        ({"max_connections": 100, "threads": 200, "per_thread": 2}, "each pool needs 201 connections against deadlock"),
    ],
)
def test_what_is_impossible(known: dict[str, Any], reason: str) -> None:
    found = answer(Inputs(**known))
    assert not found.verdict.possible
    assert any(reason in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("known", "warning"),
    [
        ({"cores": 4, "rate": 1000, "compute": 0.01}, "keeps 10 cores busy and there are 4"),
        ({"cores": 10, "rate": 10000, "hold": 0.01}, "only if a transaction took 2 ms"),
        ({"cores": 4, "rate": 500, "hold": 0.01, "target": 0.0001}, "the database runs 8 at once"),
        ({"replicas": 100, "pool": 20, "max_connections": 500}, "take 2,000 of 500 usable connections"),
        ({"threads": 200, "holding": 0.2, "pool": 10}, "keeps 50 of 200 threads at work"),
        ({"replicas": 1, "pool": 50, "cores": 4}, "the configured pool of 50 is larger than 8"),
        ({"cores": 4, "threads": 4, "per_thread": 4}, "the deadlock floor forces 13 connections where 8 are of use"),
        ({"cores": 4, "replicas": 100}, "let them share 8 through a pooler"),
    ],
)
def test_warnings(known: dict[str, Any], warning: str) -> None:
    assert any(warning in text for text in answer(Inputs(**known)).warnings)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({}, "nothing to compute"),
        ({"cores": 0}, "--cores must be above 0"),
        ({"hold": 0.005, "compute": 0.01, "cores": 4}, "longer than the 5 ms"),
        ({"hold": 0.005, "compute": 0.003, "wait": 0.003, "cores": 4}, "longer than the 5 ms"),
        ({"wait": 0.045, "cores": 4}, "says nothing without --compute"),
        ({"compute": 0.0, "cores": 4}, "--compute must be above 0"),
        ({"hold": 0.0, "rate": 5}, "--hold must be above 0"),
        ({"rate": 500}, "add --hold"),
        ({"rate": 500, "users": 10, "think": 1, "hold": 0.1}, "say the same thing"),
        ({"users": 10, "hold": 0.1}, "--users and --think go together"),
        ({"target": 0.005, "cores": 4}, "needs the load"),
        ({"percentile": 1.5, "cores": 4}, "percentile"),
        ({"surge": 0.25, "cores": 4}, "--surge needs --instances"),
        ({"terminating": 2, "cores": 4}, "--terminating needs --instances"),
        ({"replicas": 2, "terminating": 3, "cores": 4}, "more than the 2 instances"),
        ({"replicas": 0, "cores": 4}, "--instances must be at least 1"),
        ({"processes": 0, "cores": 4}, "must be at least 1"),
        ({"max_connections": 10, "reserved": 10}, "leave none"),
        ({"reserved": 3, "cores": 4}, "need --max-connections"),
        ({"pool": 0, "cores": 4}, "--pool must be at least 1"),
        ({"per_thread": 2, "cores": 4}, "need --threads"),
        ({"threads": 0, "cores": 4}, "must be at least 1"),
        ({"threads": 4, "holding": 1.5, "cores": 4}, "--holding"),
        ({"utilisation": 1.0, "cores": 4}, "the queue never ends"),
        ({"memory": 0, "cores": 4}, "--memory"),
        ({"points": (Point(1, 10.0), Point(2, 19.0)), "cores": 4}, "a fit needs four different sizes"),
    ],
)
def test_contradictions_are_refused(known: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        answer(Inputs(**known))


def test_what_follows_is_told() -> None:
    found = answer(Inputs(cores=4, hold=0.05, compute=0.005))
    assert found.verdict.total == 44
    assert any("wait = hold - compute = 45 ms" in text for text in found.assumptions)
    assert answer(Inputs(cores=4, hold=0.05, wait=0.045)).verdict.total == 44


def test_two_points_take_the_cpu_time_under_load() -> None:
    found = answer(Inputs(cores=4, compute=1.0, points=(Point(4, 0.8), Point(16, 3.0))))
    assert found.verdict.total == 46  # hold 5, wait 4: twice the model's 23


def test_one_pool_for_all_is_capacity_within_the_budget() -> None:
    assert answer(Inputs(cores=4, replicas=100, max_connections=500)).shared == 8
    assert answer(Inputs(cores=64, replicas=10, max_connections=50)).shared == 50
    assert answer(Inputs(replicas=1000, max_connections=500)).shared == 500


def test_memory_of_connections_and_of_their_queries() -> None:
    found = answer(Inputs(max_connections=100, memory=16 * 1024**3, work_mem=4_000_000))
    assert [step.value for step in found.steps if step.question == "memory"] == [200 << 20, 500 << 20, 1_600_000_000]


def test_sensitivity_names_what_moves_the_total_most_first() -> None:
    inputs = Inputs(cores=4, compute=0.005, wait=0.045, max_connections=500)
    changes = sensitivity(inputs, answer(inputs))
    assert [change.name for change in changes] == ["compute time", "cores", "wait time"]
    assert (changes[0].lower, changes[0].higher) == (56, 36)


def test_the_plot_marks_the_recommended_size() -> None:
    inputs = Inputs(cores=4, compute=0.005, wait=0.045, rate=600)
    points = curve(inputs, 44)
    text = in_terminal(points, 44, 0.99)
    assert [line.split()[1] for line in text.splitlines() if line.startswith("→")] == ["44"]
    assert "without end" in text
    assert curve(Inputs(cores=4), 8) == []
    assert curve(Inputs(rate=100, hold=0.1), 14)[0].throughput is None


some = {
    "cores": st.none() | st.integers(1, 128),
    "compute": st.none() | st.floats(1e-5, 1),
    "rate": st.none() | st.floats(0.1, 5000),
    "hold": st.none() | st.floats(1e-4, 2),
    "replicas": st.none() | st.integers(1, 300),
    "processes": st.integers(1, 8),
    "max_connections": st.none() | st.integers(1, 5000),
    "threads": st.none() | st.integers(1, 64),
    "per_thread": st.integers(1, 3),
    "surge": st.just(0) | st.floats(0.01, 1),
}


@given(st.fixed_dictionaries(some))
def test_an_answer_fits_its_limits_or_says_that_it_cannot(known: dict[str, Any]) -> None:
    inputs = Inputs(**known)
    try:
        found = answer(inputs)
    except ValueError:
        return
    verdict = found.verdict
    if not verdict.possible:
        assert found.warnings
        return
    assert verdict.per_process >= 1
    if inputs.max_connections is not None:
        fleet = found.inputs.fleet
        holders = fleet.holders if fleet else 1
        assert verdict.per_process * holders <= inputs.max_connections
