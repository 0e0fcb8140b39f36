"""One run: files read once by the readers of their systems, and judged together."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.engine.hits import Run
from poollint.engine.judge import Judge, RuleSet
from poollint.files import FileError
from poollint.readers.base import ReadContext, Reading
from poollint.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from poollint.blocks import Block
    from poollint.configured import Options
    from poollint.discovery.walk import Walk
    from poollint.files import Files
    from poollint.findings import Finding
    from poollint.knowledge.index import Knowledge
    from poollint.parallel.ahead import Ahead
    from poollint.readers.source.match import Finder
    from poollint.source import Source


class UnreadFile(NamedTuple):
    """A file that was not checked, and why.

    ``severity``: ``error`` when it was named or recognised and could not be read, ``warning`` when it was named and is
    of no system that we know, ``internal`` when poollint itself failed on it, ``note`` for the rest. ``kind`` is
    ``excluded`` or ``foreign`` for a named file that the configuration excludes or that is of no known system,
    ``unsupported`` for one whose language comes with an extra that is not installed.
    """

    path: str
    message: str
    severity: str
    kind: str = ""

    @property
    def failed(self) -> bool:
        return self.severity in ("error", "internal")


class FileReading(NamedTuple):
    """What a reader understood of one file."""

    path: str
    system: str
    format: str
    source: Source
    reading: Reading

    def sources(self) -> list[Source]:
        """The file itself and those that it includes."""
        return [self.source, *self.reading.included.values()]


class Session(Targets):
    """One run: knowledge, configurations found on the way, files read once."""

    def __init__(self, options: Options, files: Files, *, known: Knowledge | None = None) -> None:
        super().__init__(options, files, known)
        self._finders: dict[str, Any] = {}
        self._modules: dict[str, Any] = {}
        self._inner: Any = None  # tells whose a text inside of another file is
        self.failures: list[UnreadFile] = []
        self.ahead: Ahead | None = None
        self.progress: Callable[[int, int], None] = _silent  # how many files are done, of how many (0: nobody knows)

    def walk(self, paths: Sequence[str]) -> Walk:
        """A search beneath ``paths`` that is still to be made."""
        from poollint.discovery.walk import Step, Walk

        for path in ("", *paths):
            self.config_for(path)  # what it names of the user's own systems takes part in the search
        self._walked = True
        walk = Walk(
            self.config_for,
            self.knowledge.systems,
            self.files,
            as_system=self.options.as_system or None,
            triggers=self.knowledge.triggers,
        )
        walk.steps = [Step(path, named=True) for path in reversed(paths)]
        return walk

    # Reading

    def read(self, source: Source, system: str, *, named: bool = True) -> FileReading:
        """What the reader of ``system`` (a language, for a source file) understands of a text."""
        if system not in self.knowledge.systems:
            return self._read_source(source, system)
        reading = self._read_as(source, system, self.files, named=named)
        form = self.knowledge.catalogue(system).system.get("format", system)
        return FileReading(source.path, system, form, source, reading)

    def _read_as(self, source: Source, system: str, files: Files, *, named: bool) -> Reading:
        catalogue = self.knowledge.catalogue(system)
        context = ReadContext(
            catalogue,
            files,
            target=self.target_for(system, source.path),
            config=self.system_config(system, source.path),
            named=named,
            systems=self.knowledge.systems,
            catalogue_of=self.knowledge.catalogue,
            target_of=lambda name: self.target_for(name, source.path),
            read_inside=self._read_inside,
        )
        return load_reader(catalogue.system.get("reader", system))(source, context)

    def _read_inside(self, source: Source, files: Files) -> list[tuple[str, Reading]]:
        """What stands inside of another file, by each system whose format bears to be moved in as a whole."""
        if self._inner is None:
            from poollint.discovery.recognition import Recogniser

            systems = self.knowledge.systems
            self._inner = Recogniser({name: table for name, table in systems.items() if table.get("embeds")})
        found = self._inner.recognise(source.path, source.text.strip, always=True)
        return [(each.system, self._read_as(source, each.system, files, named=each.named)) for each in found]

    def _read_source(self, source: Source, language: str) -> FileReading:
        from poollint.formats.source_code import FAMILIES
        from poollint.knowledge.triggers import Trigger

        family = FAMILIES[language]
        words = self.knowledge.triggers.get(family)
        if words is None or not Trigger(family, words).holds(source.text.encode("utf-8", "surrogatepass")):
            return FileReading(source.path, language, language, source, Reading())
        from poollint.readers.source.match import Finder
        from poollint.readers.source.read import founds_of, read_source

        finder = self._finders.get(family)
        if finder is None:
            finder = self._finders[family] = Finder(founds_of(self.knowledge.systems, family))
        reading = read_source(
            source,
            language,
            finder,
            self.knowledge.catalogue,
            lambda system: self.target_for(system, source.path),
            self._modules_of(family, finder),
        )
        if family == "javascript" and reading.blocks:
            from poollint.readers.source.targets import tell_packages

            tell_packages(reading.blocks, self.packages_for(source.path))
        if language == "python" and reading.blocks:
            self._note_commands(source, reading)
        return FileReading(source.path, language, language, source, reading)

    def _modules_of(self, family: str, finder: Finder) -> Any:
        """The other files of a language's projects, where names are looked up; None for languages that have no such."""
        if family not in self._modules:
            found: Any = None
            if family == "python":
                from poollint.readers.source import python_modules

                found = python_modules.Modules(self.files, finder.first_parts)
            elif family == "javascript":
                from poollint.readers.source import javascript_modules

                found = javascript_modules.Modules(self.files)
            self._modules[family] = found
        return self._modules[family]

    def _note_commands(self, source: Source, reading: Reading) -> None:
        """Link the blocks of a source file with the servers that its comments say it runs under."""
        from poollint.readers.commands import said_blocks

        said = said_blocks(
            source,
            self.knowledge.systems,
            self.knowledge.catalogue,
            lambda system: self.target_for(system, source.path),
        )
        for block in reading.blocks if said else ():
            block.links["said"] = said

    def read_all(self, candidates: Iterable[tuple[str, str, bool]]) -> tuple[list[FileReading], list[UnreadFile]]:
        """Read (path, system, named) each; a file that another one includes is judged as part of that one alone."""
        readings: list[FileReading] = []
        unread: list[UnreadFile] = []
        included: set[str] = set()
        ordered = sorted(candidates, key=_mains_first)
        for number, (path, system, named) in enumerate(ordered, 1):
            self.progress(number, len(ordered))
            if os.path.normpath(path) in included:
                continue
            done = self._read_ahead(path, system) or self._guarded_read(path, system, named, unread)
            if done is None:
                continue
            readings.append(done)
            included.update(os.path.normpath(name) for name in done.reading.included)
        readings = [
            each for each in readings if os.path.normpath(each.path) not in included or _only_self(each, readings)
        ]
        readings.sort(key=lambda each: (each.path, each.system))
        return readings, unread

    def _guarded_read(self, path: str, system: str, named: bool, unread: list[UnreadFile]) -> FileReading | None:
        """``read`` of a file, with a reader that fails noted: every other file is still checked."""
        if self.ahead is not None and (path, system) in self.ahead.lost:
            unread.append(UnreadFile(path, self.ahead.lost[path, system], "internal"))
            return None
        try:
            return self.read(self.files.load(path), system, named=named)
        except FileError as error:
            unread.append(UnreadFile(path, str(error), "error"))
        except ImportError as error:
            missing = error.name or str(error)
            kind = "unsupported" if missing.startswith("poollint[") else ""
            unread.append(UnreadFile(path, f"is not read: that needs pip install '{missing}'", "warning", kind))
        except Exception as error:
            if os.environ.get("POOLLINT_TRACEBACK") or type(error).__name__ == "ConfigError":
                raise
            unread.append(UnreadFile(path, f"could not be read: {type(error).__name__}: {error}", "internal"))
        return None

    def _read_ahead(self, path: str, system: str) -> FileReading | None:
        """What another process read; None where it is to be read here."""
        data = self.ahead.read.pop((path, system), None) if self.ahead is not None else None
        if data is None:
            return None
        from poollint.parallel.carry import StaleError, unpacked

        try:
            return unpacked(self, data)
        except (StaleError, FileError, LookupError):
            return None

    # Judgement

    def check(self, readings: Sequence[FileReading]) -> list[Finding]:
        """Every finding of the files together, sorted by path, line, column, code."""
        told = {each.path for each in readings}
        readings = [*readings, *(each for each in self.fleet_readings(readings) if each.path not in told)]
        blocks: list[Block] = [block for each in readings for block in each.reading.blocks]
        judge = Judge(
            RuleSet(self.knowledge, self._extra_cards()),
            Run(blocks),
            config_for=self.system_config,
            target_for=self.target_for,
            policy_for=self.policy_for,
            root=self.root(),
        )
        for each in readings:
            for problem in each.reading.problems:
                judge.judge_problem(
                    problem, problem.system or each.system, None, self.policy_for(problem.place.source.path)
                )
        judge.judge_blocks()
        self.failures = [UnreadFile(path, what, "internal") for (path, _), what in judge.failures.items()]
        findings = sorted(judge.findings, key=lambda found: (found.path, found.line, found.column, found.code))
        return self._suppress(judge, findings, readings) if self.options.suppressions else findings

    def fleet_readings(self, readings: Sequence[FileReading], paths: Sequence[str] = ()) -> list[FileReading]:
        """The configurations that hold for these files and paths, as far as they tell who talks to whom."""
        given = [self.options.config] if self.options.config is not None else []
        told = [*given, *map(self.config_for, (*paths, *(each.path for each in readings)))]
        configs = {id(config): config for config in told if config.fleet}
        if not configs:
            return []
        from poollint.fleet.reading import read_fleet

        blocks = [block for each in readings if each.system != "fleet" for block in each.reading.blocks]
        found = []
        for key, config in configs.items():
            mine = [block for block in blocks if id(self.config_for(block.place.source.path)) == key]
            for source, reading in read_fleet(config, self.knowledge.catalogue("fleet"), mine):
                found.append(FileReading(source.path, "fleet", "toml", source, reading))
        return found

    def _suppress(self, judge: Judge, findings: list[Finding], readings: Sequence[FileReading]) -> list[Finding]:
        if not any("poollint:" in source.text for each in readings for source in each.sources()):
            return findings
        from poollint.engine.suppressing import Commented, suppress

        sources: dict[str, Commented] = {}
        for each in readings:
            systems = {each.system, *(block.system for block in each.reading.blocks)}
            sources.setdefault(each.path, Commented(each.source)).add(each.system, systems)
        for each in readings:
            for name, source in each.reading.included.items():
                if name not in sources:
                    sources[name] = Commented(source)
                    sources[name].add(each.system, {each.system})

        return suppress(self, judge, findings, sources)


def load_reader(name: str) -> Callable[[Source, ReadContext], Reading]:
    import importlib

    reader: Callable[[Source, ReadContext], Reading] = importlib.import_module(f"poollint.readers.{name}").read
    return reader


def _silent(_done: int, _of: int) -> None:
    """The progress of a run that nobody watches."""


def _mains_first(candidate: tuple[str, str, bool]) -> tuple[int, int, str]:
    """Files that include others come before those that are included: short paths first, ``nginx.conf`` and kin at once."""
    path = candidate[0]
    base = os.path.basename(path)
    return (0 if base in MAIN_NAMES else 1, path.count("/"), path)


MAIN_NAMES = frozenset(("nginx.conf", "pgbouncer.ini", "postgresql.conf", "httpd.conf", "apache2.conf"))


def _only_self(reading: FileReading, readings: Sequence[FileReading]) -> bool:
    """Whether a file is 'included' by nothing but itself (a cycle), and so must stay."""
    path = os.path.normpath(reading.path)
    return not any(
        path in {os.path.normpath(name) for name in other.reading.included}
        for other in readings
        if other is not reading
    )
