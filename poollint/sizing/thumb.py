"""Rules of thumb, by name, each with what it is good for. They are for when nothing has been measured."""

from __future__ import annotations

from typing import NamedTuple

from poollint.sizing.rounding import down, positive, up


class Thumb(NamedTuple):
    """A rule: ``low`` to ``high`` × the basis + extra, for the whole database (``total``) or for each process.

    ``typical`` is the range in which its texts see the answer; ``basis`` is cores, workers or nothing.
    """

    title: str
    basis: str
    low: float
    high: float
    extra: int
    per: str
    typical: tuple[int, int] | None
    valid: str


RULES = {
    "2-cores": Thumb("2 × cores", "cores", 2, 2, 0, "total", None, "work bound by the CPU, data in memory"),
    "2-cores-plus-1": Thumb(
        "2 × cores + 1", "cores", 2, 2, 1, "total", None, "API servers in front of a database that does little waiting"
    ),
    "4-cores": Thumb(
        "4 × cores", "cores", 4, 4, 0, "total", None, "work that waits about as long for disks as it computes"
    ),
    "node-api": Thumb(
        "a Node API in one process", "cores", 2, 3, 0, "process", (10, 30), "one process has the database to itself"
    ),
    "node-cluster": Thumb(
        "a Node API in several processes",
        "cores",
        2,
        2,
        0,
        "total",
        (5, 10),
        "2 × cores in all, divided over processes",
    ),
    "workers": Thumb(
        "background workers",
        "workers",
        2,
        2,
        0,
        "process",
        (2, 4),
        "each worker runs one job at a time, in one transaction",
    ),
    "proxy": Thumb(
        "a pooler or proxy", "none", 0, 0, 0, "total", (50, 400), "by the database's capacity, which should be given"
    ),
    "microservice": Thumb(
        "a microservice that calls many others",
        "none",
        0,
        0,
        0,
        "process",
        (5, 10),
        "with a pooler between it and the database",
    ),
    "http-client": Thumb("an HTTP client", "none", 0, 0, 0, "host", (50, 200), "HTTP/1.1, for each host called"),
    "broker": Thumb("message broker connections", "none", 0, 0, 0, "process", (5, 20), "channels are shared over them"),
    "threads": Thumb(
        "a thread pool", "cores", 2, 4, 0, "process", None, "threads that wait about as long as they compute"
    ),
    "grpc": Thumb("gRPC channels", "none", 0, 0, 0, "endpoint", (1, 10), "each carries about 100 calls at once"),
}

APPLICATIONS = (
    "node-api",
    "node-cluster",
    "workers",
    "proxy",
    "microservice",
    "http-client",
    "broker",
    "threads",
    "grpc",
)


class Range(NamedTuple):
    """What a rule of thumb says: from low to high connections for each ``per``."""

    low: int
    high: int
    per: str


def thumb(name: str, *, cores: float | None = None, workers: int | None = None, processes: int = 1) -> Range:
    """The rule's answer: by its basis where that is known, else its typical range. ValueError for an unknown rule."""
    if name not in RULES:
        raise ValueError(f"unknown rule of thumb {name!r}; known are {', '.join(RULES)}")
    rule = RULES[name]
    basis = cores if rule.basis == "cores" else workers if rule.basis == "workers" else None
    if basis is None:
        if rule.typical is None:
            raise ValueError(f"{rule.title} needs the number of {rule.basis}")
        return Range(*rule.typical, "process" if name == "node-cluster" else rule.per)
    positive(basis, rule.basis)
    low, high = up(rule.low * basis + rule.extra), up(rule.high * basis + rule.extra)
    if name == "node-cluster":
        each = max(1, down(low / positive(processes, "processes")))
        return Range(each, each, "process")
    return Range(low, high, rule.per)
