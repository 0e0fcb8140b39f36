"""Processes that do tasks: each gets one at a time, and one that dies gives its task back."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def cores() -> int:
    """How many processes can run at once here."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def can_fork() -> bool:
    """Whether a copy of this process may go on by itself: not beside other threads, nor on macOS, whose libraries forbid."""
    if not sys.platform.startswith("linux"):
        return False
    threading = sys.modules.get("threading")
    return threading is None or threading.active_count() == 1


class Done(NamedTuple):
    """A task and its result; ``died`` tells how its process ended instead, such as ``signal 9``."""

    task: Any
    result: Any
    died: str = ""


class Crew:
    """``count`` processes, each of which calls ``begin`` once and then what that gives with one task after the other.

    ``begin`` and the tasks must be picklable where processes cannot be forked.
    """

    def __init__(self, begin: Callable[[], Callable[[Any], Any]], count: int, *, fork: bool | None = None) -> None:
        import multiprocessing

        self.count = count
        self._begin = begin
        self._context: Any = multiprocessing.get_context("fork" if (can_fork() if fork is None else fork) else "spawn")
        self._idle: list[_Worker] = []
        self._busy: dict[Any, _Worker] = {}

    def free(self) -> bool:
        """Whether a task would begin at once."""
        return len(self._busy) < self.count

    def busy(self) -> bool:
        return bool(self._busy)

    def give(self, task: Any) -> None:
        """Begin a task; only where ``free``."""
        worker = self._idle.pop() if self._idle else _Worker(self._context, self._begin)
        worker.task = task
        with contextlib.suppress(OSError):  # one that died is told by ``done``
            worker.connection.send(task)
        self._busy[worker.connection] = worker

    def done(self) -> Iterator[Done]:
        """Wait until a task is done; those that are."""
        from multiprocessing.connection import wait

        for connection in wait(list(self._busy)):
            worker = self._busy.pop(connection)
            try:
                result = worker.connection.recv()
            except (EOFError, OSError):
                yield Done(worker.task, None, worker.died())
                continue
            self._idle.append(worker)
            yield Done(worker.task, result)

    def end(self) -> None:
        """End every process, whatever it does."""
        workers = [*self._idle, *self._busy.values()]
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.process.join(1)
        self._idle.clear()
        self._busy.clear()


class _Worker:
    """One process and the connection to it."""

    def __init__(self, context: Any, begin: Callable[[], Callable[[Any], Any]]) -> None:
        self.task: Any = None
        self.connection, other = context.Pipe()
        ours = self.connection if context.get_start_method() == "fork" else None
        self.process = context.Process(target=_work, args=(begin, other, ours), daemon=True)
        with _interrupts_held():
            self.process.start()
        other.close()

    def died(self) -> str:
        self.process.join(5)
        code = self.process.exitcode
        self.end()
        return f"signal {-code}" if code is not None and code < 0 else f"status {code}"

    def end(self) -> None:
        self.connection.close()
        with contextlib.suppress(OSError, ValueError):
            self.process.kill()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C is kept waiting while a process begins, which must never see it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(begin: Callable[[], Callable[[Any], Any]], connection: Any, other: Any) -> None:
    """What a process does: the tasks that come, until nobody is there to send one. Ctrl-C is for the one that sends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if other is not None:
        other.close()  # a copy of the other end, which would hide that nobody is there any more
    status = 1
    try:
        run = begin()
        while True:
            connection.send(run(connection.recv()))
    except (EOFError, OSError):
        status = 0
    finally:
        os._exit(status)  # what another process began is not this one's to finish
