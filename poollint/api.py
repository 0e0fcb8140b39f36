"""poollint as a library: texts and paths in, findings out.

``check_text`` and ``check_paths`` keep no state between calls, never print, and return picklable values, so that they can
be mapped over many files by several processes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.engine.hits import Run
from poollint.engine.judge import Judge, Policy, Rule, RuleSet
from poollint.files import DiskFiles, FileError, MemoryFiles
from poollint.knowledge.index import Knowledge, knowledge
from poollint.readers.base import ReadContext, Reading
from poollint.versions import Version, parse_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from poollint.blocks import Block
    from poollint.config import CliChoice, Config, Selection
    from poollint.discovery.walk import Discovered, Walk
    from poollint.files import Files
    from poollint.findings import Finding, Severity
    from poollint.parallel.ahead import Ahead
    from poollint.readers.source.match import Finder
    from poollint.readers.source.targets import Projects
    from poollint.readers.source.targets_go import GoModules
    from poollint.readers.source.targets_jvm import JvmProjects
    from poollint.readers.source.targets_python import PythonProjects
    from poollint.source import Source

if TYPE_CHECKING:
    Progress = Callable[[int, int], None]  # how many files are done, of how many (0: nobody knows yet)
ENOUGH = 300  # entries that one process looks at before others are asked for help
PYPI = "pypi:"  # marks the names of Python packages among those that tell a system's version
GO_MODULE = "go:"  # and the paths of Go modules
MAVEN = "maven:"  # and the coordinates of JVM libraries
Reader = "Callable[[Source, ReadContext], Reading]"


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


class Result(NamedTuple):
    """A whole run: findings in order of place, files that could not be read, and the readings for ``show``."""

    findings: list[Finding]
    unread: list[UnreadFile]
    files: list[FileReading]


class Options(NamedTuple):
    """What a caller may say beside the configuration: the command line's words."""

    config: Config | None = None
    config_path: str = ""
    isolated: bool = False
    targets: Mapping[str, Version] = {}
    as_system: str = ""
    cli: CliChoice | None = None
    today: str = ""
    policy: Policy | None = None
    extra_cards: tuple[Mapping[str, Any], ...] = ()
    suppressions: bool = True


class Session:
    """One run: knowledge, configurations found on the way, files read once."""

    def __init__(self, options: Options, files: Files, *, known: Knowledge | None = None) -> None:
        self.options = options
        self.files = files
        self.knowledge = known or knowledge()
        self._config_of: Callable[[str], Config] | None = None
        self._policies: dict[str, Policy] = {}
        self._finders: dict[str, Any] = {}
        self._system_config: dict[tuple[str, int], dict[str, Any]] = {}
        self._walked = False
        self._known = LazyKnown(self)
        self._projects: Projects | None = None
        self._python_projects: PythonProjects | None = None
        self._go_modules: GoModules | None = None
        self._jvm_projects: JvmProjects | None = None
        self._modules: dict[str, Any] = {}
        self.failures: list[UnreadFile] = []
        self._ahead: Ahead | None = None
        self.progress: Progress = _silent

    # Configuration

    def config_for(self, path: str) -> Config:
        """The configuration that holds for a path: given, or found upwards from its folder."""
        if self._config_of is None:
            self._config_of = self._finder()
        return self._config_of(path)

    def _finder(self) -> Callable[[str], Config]:
        from poollint import config as config_module

        given = self.options.config
        if given is None and self.options.isolated:
            given = config_module.default_config()
        if given is None and self.options.config_path:
            self._adopt(self.options.config_path)
            given = config_module.load_config(self.options.config_path, known=self.known())
        if given is not None:
            self._add_rules(given.rule_dirs)
            return lambda _path, fixed=given: fixed  # type: ignore[misc]
        return config_module.ConfigFinder(self._known, self._adopt)  # type: ignore[arg-type]

    def _adopt(self, config_path: str) -> None:
        """Add the user's own rules that a configuration names, before it is read: it may speak of them."""
        try:
            with open(config_path, "rb") as handle:
                data = handle.read()
        except OSError:
            return  # the reading that follows says why
        if b"rule-dirs" in data or b"extends" in data:
            from poollint.config_reading import rule_dirs_in

            self._add_rules(rule_dirs_in(config_path))

    def _add_rules(self, folders: Sequence[str]) -> None:
        for folder in folders:
            from poollint.knowledge.own import OwnKnowledge

            if not isinstance(self.knowledge, OwnKnowledge):
                self.knowledge = OwnKnowledge(self.knowledge)
            self.knowledge.add(folder, systems=not self._walked)
            self._known.forget()

    def known(self) -> Any:
        """The names that a configuration may use, from the knowledge."""
        from poollint.config import Known

        rules: dict[str, Mapping[str, Any]] = {}
        groups = {"ALL"}
        for brief in self.knowledge.rules.values():
            rules[brief["code"]] = rules[brief["name"]] = brief["options"]
            for alias in brief["aliases"]:
                rules[alias] = brief["options"]
            groups.update((brief["code"].rstrip("0123456789"), brief["topic"], brief["effect"]))
        systems = {name: shape["options"] for name, shape in self.knowledge.systems.items()}
        return Known(rules=rules, systems=systems, groups=frozenset(groups | set(systems)))

    def target_for(self, system: str, path: str) -> Version | None:
        if system in self.options.targets:
            return self.options.targets[system]
        from poollint.config import versions_for

        found = versions_for(self.config_for(path), path).get(system)
        packages = self.knowledge.systems.get(system, {}).get("packages") if found is None else None
        if not packages:
            return found
        if packages[0].startswith(PYPI):
            return self._python_target(packages, path)
        if packages[0].startswith(GO_MODULE):
            return self._go_target(packages, path)
        if packages[0].startswith(MAVEN):
            return self._jvm_target(system, packages, path)
        installed = self.packages_for(path)
        return next((version for name in packages if (version := installed.get(name)) is not None), None)

    def _python_target(self, packages: Sequence[str], path: str) -> Version | None:
        """The version of a Python package that the project of a file pins, if it does."""
        if self._python_projects is None:
            from poollint.readers.source.targets_python import PythonProjects

            self._python_projects = PythonProjects(self.files)
        installed = self._python_projects.of(path)
        return next((version for name in packages if (version := installed.get(name[len(PYPI) :])) is not None), None)

    def _go_target(self, packages: Sequence[str], path: str) -> Version | None:
        """The version of a Go module, or of Go itself, that the module of a file asks for."""
        if self._go_modules is None:
            from poollint.readers.source.targets_go import GoModules

            self._go_modules = GoModules(self.files)
        wanted = self._go_modules.of(path)
        return next((version for name in packages if (version := wanted.get(name[len(GO_MODULE) :])) is not None), None)

    def _jvm_target(self, system: str, packages: Sequence[str], path: str) -> Version | None:
        """The version of a JVM library that the build of a file names, or that its release of a framework brings."""
        from poollint.readers.source.targets_jvm import JvmProjects, bundled

        if self._jvm_projects is None:
            self._jvm_projects = JvmProjects(self.files)
        found = self._jvm_projects.of(path)
        for name in packages:
            if name[len(MAVEN) :] in found:
                return found[name[len(MAVEN) :]]
        for framework, table in self.knowledge.catalogue(system).parameters.get("bundled", {}).items():
            release = self.target_for(framework, path)
            if release is not None:
                return bundled(release, table)
        return None

    def packages_for(self, path: str) -> Mapping[str, Version | None]:
        """The packages of the project that a source file belongs to, by what stands beside it."""
        if self._projects is None:
            from poollint.readers.source.targets import Projects

            self._projects = Projects(self.files)
        return self._projects.of(path).packages

    def system_config(self, system: str, path: str = "") -> Mapping[str, Any]:
        """The options of a system: the configuration's, else the catalogue's defaults; dashes read as underscores."""
        config = self.config_for(path)
        key = (system, id(config))
        found = self._system_config.get(key)
        if found is None:
            options = self.knowledge.systems.get(system, {}).get("options", {})  # a language has none
            found = {name.replace("-", "_"): table.get("default") for name, table in options.items()}
            found.update({name.replace("-", "_"): v for name, v in config.system_options.get(system, {}).items()})
            self._system_config[key] = found
        return found

    def policy_for(self, path: str) -> Policy:
        if self.options.policy is not None:
            return self.options.policy
        found = self._policies.get(path)
        if found is None:
            from poollint.config import CliChoice, selection_for

            config = self.config_for(path)
            selection = selection_for(config, path, self.options.cli or CliChoice())
            found = self._policies[path] = ConfigPolicy(config, selection, path)
        return found

    # Reading

    def read(self, source: Source, system: str, *, named: bool = True) -> FileReading:
        """What the reader of ``system`` (a language, for a source file) understands of a text."""
        if system not in self.knowledge.systems:
            return self._read_source(source, system)
        catalogue = self.knowledge.catalogue(system)
        context = ReadContext(
            catalogue,
            self.files,
            target=self.target_for(system, source.path),
            config=self.system_config(system, source.path),
            named=named,
            systems=self.knowledge.systems,
            catalogue_of=self.knowledge.catalogue,
            target_of=lambda name: self.target_for(name, source.path),
        )
        reading = load_reader(catalogue.system.get("reader", system))(source, context)
        return FileReading(source.path, system, catalogue.system.get("format", system), source, reading)

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
        if self._ahead is not None and (path, system) in self._ahead.lost:
            unread.append(UnreadFile(path, self._ahead.lost[path, system], "internal"))
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
        data = self._ahead.read.pop((path, system), None) if self._ahead is not None else None
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
                judge.judge_problem(problem, each.system, None, self.policy_for(problem.place.source.path))
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

    def root(self) -> str:
        return os.path.abspath(self.options.config.root) if self.options.config is not None else os.getcwd()

    def _extra_cards(self) -> list[dict[str, Any]]:
        return [dict(card) for card in self.options.extra_cards]

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


class ConfigPolicy(Policy):
    """Which rules count at a path, and how, by its configuration and the command line."""

    def __init__(self, config: Config, selection: Selection, path: str) -> None:
        self.config = config
        self.selection = selection
        self.path = path
        self._active: dict[str, bool] = {}
        self._options: dict[str, Mapping[str, Any]] = {}

    def active(self, rule: Rule) -> bool:
        found = self._active.get(rule.code)
        if found is None:
            found = self.selection.active(
                rule.code,
                rule.name,
                rule.system,
                rule.topic,
                rule.preview,
                effect=rule.effect,
                aliases=rule.aliases,
            )[0]
            found = found and (not rule.own or rule.own in self.config.rule_dirs)
            self._active[rule.code] = found
        return found

    def severity(self, rule: Rule) -> Severity | None:
        return self.selection.severity(rule.code, rule.name, rule.aliases)

    def options(self, rule: Rule) -> Mapping[str, Any]:
        found = self._options.get(rule.code)
        if found is None:
            from poollint.config import options_for

            found = {name.replace("-", "_"): value for name, value in rule.options.items()}
            told = options_for(self.config, self.path, rule.code, rule.name, rule.aliases)
            found.update({name.replace("-", "_"): value for name, value in told.items()})
            self._options[rule.code] = found
        return found


class LazyKnown:
    """The names that a configuration may use, gathered only when there is a configuration to check."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._session.known(), name)
        setattr(self, name, value)
        return value

    def forget(self) -> None:
        """Gather the names again: there are more rules now."""
        session = self._session
        vars(self).clear()
        self._session = session


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


def parse_targets(texts: Iterable[str], systems: Mapping[str, Any]) -> dict[str, Version]:
    """``["nginx=1.22"]`` -> {"nginx": (1, 22)}. ValueError with the reason for anything else."""
    targets = {}
    for text in texts:
        system, equals, version = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r}: a target is SYSTEM=VERSION, such as nginx=1.22")
        if system not in systems:
            raise ValueError(f"{text!r}: no system {system!r}{did_you_mean(system, systems)}")
        targets[system] = parse_version(version)
    return targets


def did_you_mean(word: str, words: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word, list(words), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def recognise_all(session: Session, path: str, text: str) -> list[tuple[str, bool]]:
    """(system, whether by name) of a text, by configuration, name, then content; several where they share the file."""
    from poollint.discovery.recognition import recognise

    found = recognise(path, text, session.knowledge.systems, session.config_for(path).files)
    if not found and session.knowledge.triggers:
        from poollint.formats.source_code import EXTENSIONS, FAMILIES

        language = EXTENSIONS.get(os.path.splitext(path)[1], "")
        if language and FAMILIES[language] in session.knowledge.triggers:
            return [(language, False)]
    return found


def recognise_text(session: Session, path: str, text: str) -> tuple[str, bool] | None:
    """The first of ``recognise_all``; None when the text is nobody's."""
    found = recognise_all(session, path, text)
    return found[0] if found else None


def check_text(
    text: str,
    path: str = "<text>",
    *,
    config: Config | None = None,
    system: str = "",
    targets: Mapping[str, str] | None = None,
    others: Mapping[str, str] | None = None,
) -> list[Finding]:
    """The findings of one text, as if it stood at ``path``.

    ``system`` names what it is (else name and content tell; a text that is nobody's has no findings); ``others`` holds
    further files by path that it may include. Nothing is read from the disk. ConfigError, ValueError for bad arguments.
    """
    return check_texts(
        {path: text, **(others or {})}, config=config, system=system, targets=targets, only=path
    ).findings


def check_texts(
    texts: Mapping[str, str],
    *,
    config: Config | None = None,
    system: str = "",
    targets: Mapping[str, str] | None = None,
    only: str = "",
    complete: bool = False,
    policy: Policy | None = None,
    known: Knowledge | None = None,
    extra_cards: tuple[Mapping[str, Any], ...] = (),
) -> Result:
    """``check_text`` for several files that belong together; ``complete`` when no other file exists."""
    session = Session(
        Options(
            config=config,
            isolated=config is None,
            as_system=system,
            targets={name: parse_version(version) for name, version in (targets or {}).items()},
            policy=policy,
            extra_cards=extra_cards,
        ),
        MemoryFiles(dict(texts), complete=complete),
        known=known,
    )
    candidates = []
    for path, text in texts.items():
        if only and path != only:
            continue
        if only and system:
            found = [(system, True)]
        else:
            found = recognise_all(session, path, text)
            if not found and system and _reads_files(session, system):
                found = [(system, False)]
        candidates += [(path, *each) for each in found]
    readings, unread = session.read_all(candidates)
    findings = session.check(readings)
    return Result(findings, unread + session.failures, readings)


def _reads_files(session: Session, system: str) -> bool:
    """Whether a system has files of its own; a client library stands in source code alone."""
    return "format" in session.knowledge.systems.get(system, {})


def check_paths(paths: Sequence[str], *, options: Options | None = None, jobs: int | None = 1) -> Result:
    """Check files and folders as the command does. ConfigError for a bad configuration; nothing is printed.

    ``jobs``: how many processes a large tree may take (None: one a core).
    """
    return check_with(Session(options or Options(), DiskFiles()), paths, jobs)


def walk_with(session: Session, paths: Sequence[str]) -> Walk:
    """A search beneath ``paths`` that is still to be made."""
    from poollint.discovery.walk import Step, Walk

    for path in ("", *paths):
        session.config_for(path)  # what it names of the user's own systems takes part in the search
    session._walked = True  # noqa: SLF001
    walk = Walk(
        session.config_for,
        session.knowledge.systems,
        session.files,
        as_system=session.options.as_system or None,
        triggers=session.knowledge.triggers,
    )
    walk.steps = [Step(path, named=True) for path in reversed(paths)]
    return walk


def discover_with(session: Session, paths: Sequence[str], jobs: int | None = 1) -> Discovered:
    """The files to check beneath ``paths``; those of a large run are read ahead by ``jobs`` processes (None: all cores)."""
    walk = walk_with(session, paths)
    if jobs != 1:
        steps = list(walk.steps)
        walk.run(ENOUGH)
        if walk.steps:
            from poollint.parallel.ahead import go_ahead

            session._ahead = go_ahead(session, walk, jobs, steps)  # noqa: SLF001
    walk.finish(session.progress)
    return walk.discovered()


def check_with(session: Session, paths: Sequence[str], jobs: int | None = 1) -> Result:
    """``check_paths`` within a session that is already set up."""
    found = discover_with(session, paths, jobs)
    readings, unread = session.read_all((each.path, each.system, each.named) for each in found.candidates)
    unread = [UnreadFile(*problem) for problem in found.problems] + unread
    readings += session.fleet_readings(readings, paths)
    findings = session.check(readings)
    return Result(findings, unread + session.failures, readings)
