"""The time that work takes of the processor, so that a busy machine fails no test."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMES = 8  # how much larger the large text is
SLACK = 3  # quadratic work takes TIMES as long once more
NOTHING = 0.15  # seconds that say nothing: the allocator alone takes a step as texts grow
TRIES = 4


def seconds_of(work: Callable[[], Any], most: int = 3) -> float:
    """The least time of several runs; one that takes long is run once."""
    best = float("inf")
    for _ in range(most):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
        if best > 1:
            break
    return best


def assert_linear(work: Callable[[str], Any], make: Callable[[int], str], count: int) -> None:
    """Fail when eight times as much of a text takes far more than eight times as long, every time it is tried."""
    small, large = make(count), make(count * TIMES)
    work(small)  # what is loaded once
    found = []
    for _ in range(TRIES):
        before, after = seconds_of(lambda: work(small)), seconds_of(lambda: work(large))
        if after < NOTHING or after < before * TIMES * SLACK:
            return
        found.append(f"{before:.3f} s, {after:.3f} s")
    raise AssertionError(f"{small[:40]!r}: {'; '.join(found)}")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when what is done takes more of the processor."""
    start = time.process_time()
    yield
    assert time.process_time() - start < seconds
