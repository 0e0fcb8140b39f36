"""An answer as text, as a table for JSON, and as CSV rows."""

from __future__ import annotations

from typing import Any

from poollint.sizing.units import number, show_bytes, show_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poollint.sizing.answer import Answer
    from poollint.sizing.sensitivity import Change
    from poollint.sizing.steps import Step

QUESTIONS = {
    "capacity": "Capacity: how many transactions the database can usefully run at once",
    "demand": "Demand: how many connections the load needs",
    "budget": "Budget: how many connections the limit leaves",
    "floor": "Floor: below it, threads can block each other for ever",
    "now": "As configured",
    "memory": "Memory of the server's connections",
}

IMPOSSIBLE = {
    "budget": "there are more pools than usable connections",
    "deadlock floor": "the deadlock floor of a pool is above what the limit leaves for it",
}


def headline(found: Answer) -> str:
    """The answer in one line."""
    verdict = found.verdict
    others = _others(found)
    rest = f" ({'; '.join(others)})" if others else ""
    if not verdict.possible:
        return f"not possible: {IMPOSSIBLE[verdict.binds]}{rest}"
    pools = verdict.total // verdict.per_process
    spread = f" → {number(verdict.per_process)} in each of {number(pools)} pools" if pools > 1 else ""
    return f"{number(verdict.total)} connections{spread}, bound by {verdict.binds}{rest}"


def _others(found: Answer) -> list[str]:
    told = []
    for name, size in (("capacity", found.capacity), ("demand", found.demand), ("budget", found.budget)):
        if size is not None and found.verdict.binds not in (name, "rule of thumb" if name == "capacity" else name):
            word = {"capacity": "capacity is", "demand": "demand needs", "budget": "budget allows"}[name]
            told.append(f"{word} {number(size)}")
    return told


def text(found: Answer, changes: list[Change], pasted: list[tuple[str, str]], more: str = "") -> str:
    """The whole explanation. ``pasted``: titles and lines of settings; ``more``: a plot."""
    parts = [headline(found)]
    if found.verdict.binds in ("budget", "number of processes") and found.inputs.fleet is not None:
        parts[0] += f"\nthrough one shared pooler: {number(found.shared)} connections"
    parts.append("\n".join(f"warning: {warning}" for warning in found.warnings))
    for question, title in QUESTIONS.items():
        steps = [step for step in found.steps if step.question == question]
        if steps:
            parts.append("\n".join([title, *(_step_text(step) for step in steps), *_wait_text(found, question)]))
    if found.assumptions:
        parts.append("\n".join(["Assumes", *(f"  - {sentence}" for sentence in found.assumptions)]))
    if changes:
        parts.append("\n".join(["What would change it most", *(_change_text(change) for change in changes)]))
    if more:
        parts.append(more)
    parts += [f"{title}\n{lines}" for title, lines in pasted]
    return "\n\n".join(part for part in parts if part)


def _step_text(step: Step) -> str:
    mark = "*" if step.chosen else "-"
    value = show_bytes(step.value) if step.unit == "bytes" else number(round(step.value, 3))
    title = f"  {mark} {step.name}: {value}" + ("" if step.unit == "bytes" else f" {step.unit}")
    result = "" if step.unit == "bytes" or step.numbers.replace(",", "") == value.replace(",", "") else f" → {value}"
    lines = [title, step.formula, f"{step.numbers}{result}   [{step.source}]"]
    return "\n      ".join(lines)


def _wait_text(found: Answer, question: str) -> list[str]:
    if question != "demand" or found.expected_wait is None:
        return []
    percent = number(found.inputs.percentile * 100)
    return [f"  - p{percent} wait with the recommended size: {show_seconds(found.expected_wait)}"]


def _change_text(change: Change) -> str:
    sides = [f"{sign}25 %: {'not possible' if total is None else number(total)}"
             for sign, total in (("-", change.lower), ("+", change.higher))]  # fmt: skip
    return f"  - {change.name} {', '.join(sides)}"


def table(found: Answer, changes: list[Change], pasted: list[tuple[str, str]]) -> dict[str, Any]:
    """The answer for JSON: durations in seconds, no number where none is known."""
    verdict = found.verdict
    inputs = {name: value for name, value in found.inputs._asdict().items() if value not in (None, ())}
    return {
        "version": 1,
        "possible": verdict.possible,
        "total": verdict.total,
        "per_process": verdict.per_process,
        "shared_pooler": found.shared,
        "binds": verdict.binds,
        "capacity": found.capacity,
        "demand": found.demand,
        "budget": found.budget,
        "expected_wait": "unlimited" if found.expected_wait == float("inf") else found.expected_wait,
        "steps": [step._asdict() for step in found.steps],
        "warnings": list(found.warnings),
        "assumptions": list(found.assumptions),
        "sensitivity": [change._asdict() for change in changes],
        "settings": [{"title": title, "lines": lines} for title, lines in pasted],
        "inputs": inputs,
    }


def rows(found: Answer) -> list[list[object]]:
    """The answer for CSV: a heading, the verdict, a row for each step."""
    verdict = found.verdict
    heading: list[object] = ["question", "name", "value", "unit", "chosen", "formula", "numbers", "source"]
    result: list[object] = ["answer", verdict.binds, verdict.total, "connections", verdict.possible, "", "", ""]
    each: list[object] = ["answer", "each pool", verdict.per_process, "connections", verdict.possible, "", "", ""]
    steps: list[list[object]] = [
        [s.question, s.name, f"{s.value:g}", s.unit, s.chosen, s.formula, s.numbers, s.source] for s in found.steps
    ]
    return [heading, result, each, *steps]
