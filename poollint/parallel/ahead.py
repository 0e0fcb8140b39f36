"""Walking and reading ahead: what the processes of a large run do, and how their results come together in order.

A task is some steps of the walk, or some files to read. A process that walks reads what it finds, and gives back the steps
that it did not come to, so that the others have something to do.
"""

from __future__ import annotations

import contextlib
import pickle
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.discovery.walk import FileProblem, Step, Taken, Walk
from poollint.files import DiskFiles
from poollint.parallel.crew import Crew, cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from poollint.configured import Options
    from poollint.session import Session

AT_ONCE = 400  # entries that a process looks at before it gives back the rest
FILES_AT_ONCE = 8
AT_MOST = 0.1  # seconds that a process that walks reads, before it gives back the rest

File = tuple[str, str, bool]  # path, system, whether the name told it


class WalkTask(NamedTuple):
    """``reads``: whether what is found is read at once."""

    steps: list[Step]
    reads: bool = True


class ReadTask(NamedTuple):
    files: list[File]


class Walked(NamedTuple):
    """What a process found, the steps that are left, what it read, by path and system, and what it did not come to."""

    found: list[Taken | FileProblem]
    skipped: dict[str, int]
    looked: int
    left: list[Step]
    read: dict[tuple[str, str], bytes]
    unread: list[File]


class AheadError(Exception):
    """A process failed at what one that is alone may be able to do, or will word the error of."""


class Hole:
    """A place in the order of the walk: what was found there, and the places that come after it."""

    __slots__ = ("after", "found", "steps")

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self.steps = list(steps)
        self.found: list[Taken | FileProblem] = []
        self.after: list[Hole] = []

    def in_order(self) -> Iterator[Taken | FileProblem]:
        waiting = [self]
        while waiting:
            hole = waiting.pop()
            yield from hole.found
            waiting.extend(reversed(hole.after))


class Ahead:
    """The part of a run that is done ahead. ``read`` and ``lost`` are for the session to take."""

    def __init__(self, session: Session, walk: Walk, jobs: int, *, fork: bool | None = None) -> None:
        self.session = session
        self.walk = walk
        self.read: dict[tuple[str, str], bytes] = {}
        self.lost: dict[tuple[str, str], str] = {}
        self._crew = Crew(Begin(session, walk), jobs, fork=fork)
        self._holes: list[Hole] = []
        self._files: list[ReadTask] = []
        self._at: dict[int, Hole] = {}

    def run(self) -> None:
        """Finish the walk, and read what it finds. AheadError when it cannot be done here."""
        first = Hole()
        first.found, self.walk.found = self.walk.found, []
        first.after = [Hole([step]) for step in reversed(self.walk.steps)]
        self.walk.steps = []
        self._holes = first.after[::-1]
        self._to_read(list(files_of(first.found)))
        try:
            while self._holes or self._files or self._crew.busy():
                while self._crew.free() and (self._holes or self._files):
                    self._give()
                for done in self._crew.done():
                    self._take(done.task, done.result, done.died)
                self.session.progress(self.walk.looked, 0)
        finally:
            self._crew.end()
        self.walk.found = list(first.in_order())

    def _give(self) -> None:
        if not self._holes:
            self._crew.give(self._files.pop())
            return
        share = max(1, min(16, len(self._holes) // (2 * self._crew.count)))
        holes = [self._holes.pop() for _ in range(share)]
        # holes that follow each other are one task; what comes of it stands at the first
        task = WalkTask([step for hole in holes for step in hole.steps])
        self._at[id(task)] = holes[0]
        self._crew.give(task)

    def _take(self, task: WalkTask | ReadTask, result: Any, died: str) -> None:
        if isinstance(task, ReadTask):
            if died:
                self._bury(task, died)
            else:
                self.read.update(result)
            return
        hole = self._at.pop(id(task))
        if result is None and not (died and task.reads):
            raise AheadError
        if died:
            again = WalkTask(task.steps, reads=False)  # whatever killed it stands in one of the files
            self._at[id(again)] = hole
            self._crew.give(again)
            return
        walked: Walked = result
        hole.found = walked.found
        hole.after = [Hole([step]) for step in walked.left]
        self._holes.extend(reversed(hole.after))
        self.read.update(walked.read)
        self.walk.looked += walked.looked
        for why, count in walked.skipped.items():
            self.walk.skipped[why] = self.walk.skipped.get(why, 0) + count
        self._to_read(walked.unread, FILES_AT_ONCE if task.reads else 1)

    def _to_read(self, files: list[File], at_once: int = FILES_AT_ONCE) -> None:
        self._files += [ReadTask(files[at : at + at_once]) for at in range(0, len(files), at_once)]

    def _bury(self, task: ReadTask, died: str) -> None:
        """Try the files of a task that killed its process one by one; one that kills alone is lost."""
        if len(task.files) > 1:
            self._files += [ReadTask([each]) for each in task.files]
            return
        path, system, _ = task.files[0]
        self.lost[path, system] = f"could not be read: the process that read it ended with {died}"


class Begin:
    """Makes a process ready: with the session and the walk themselves where it is a copy, else with the like of them."""

    def __init__(self, session: Session, walk: Walk) -> None:
        self.session: Session | None = session
        self.walk: Walk | None = walk
        self.options: Options = session.options
        self.max_size: int = session.files.max_size  # type: ignore[attr-defined]
        self.paths = walk.tops

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "session": None, "walk": None}

    def __call__(self) -> Callable[[WalkTask | ReadTask], Any]:
        from poollint.session import Session

        if self.session is None or self.walk is None:
            self.session = Session(self.options, DiskFiles(self.max_size))
            self.walk = self.session.walk(self.paths)
            for top in self.paths:
                self.walk.begin(top)
        return Worker(self.session, self.walk)


class Worker:
    """Does tasks in a process of its own."""

    def __init__(self, session: Session, walk: Walk) -> None:
        self.session = session
        self.walk = walk

    def __call__(self, task: WalkTask | ReadTask) -> Any:
        return self._read(task.files) if isinstance(task, ReadTask) else self._walk(task)

    def _walk(self, task: WalkTask) -> Walked | None:
        walk = self.walk
        walk.steps = task.steps[::-1]
        walk.found, walk.skipped, walk.looked = [], {}, 0
        try:
            walk.run(AT_ONCE)
        except Exception:
            return None  # a configuration with an error in it, say
        left = walk.steps[::-1]
        files = list(files_of(walk.found))
        end = time.monotonic() + AT_MOST
        read: dict[tuple[str, str], bytes] = {}
        while task.reads and files and time.monotonic() < end:
            read.update(self._read(files[:1]))
            del files[:1]
        return Walked(walk.found, walk.skipped, walk.looked, left, read, files)

    def _read(self, files: list[File]) -> dict[tuple[str, str], bytes]:
        """The readings of files; those that cannot be read here are left to the one that asked, which says why."""
        from poollint.parallel.carry import packed

        read = {}
        for path, system, named in files:
            with contextlib.suppress(Exception):  # then it is read again, and said why it cannot be
                reading = self.session.read(self.session.files.load(path), system, named=named)
                read[path, system] = packed(self.session, reading)
        return read


def files_of(found: Sequence[Taken | FileProblem]) -> Iterator[File]:
    for each in found:
        if isinstance(each, Taken):
            for candidate in each.candidates:
                yield candidate.path, candidate.system, candidate.named


def go_ahead(session: Session, walk: Walk, jobs: int | None, steps: list[Step]) -> Ahead | None:
    """Finish a walk, which began with ``steps``, and read ahead over several processes; None: nothing was done."""
    count = jobs or cores()
    if count == 1 or not isinstance(session.files, DiskFiles):
        return None
    ahead = Ahead(session, walk, count)
    try:
        ahead.run()
    except (AheadError, OSError, TypeError, AttributeError, pickle.PicklingError):
        walk.again(steps)  # no process could be made, or none that knows what this one knows
        return None
    return ahead
