"""The files to check beneath the paths that a user names, and what is said of those that are passed over.

A named file is checked or told why not; a folder is walked in a stable order, past what is ignored and excluded, and each
real file is taken once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.config import matches
from poollint.discovery.disk import binary_kind, head_of, once, slashes, text_of, unfit
from poollint.discovery.excludes import Excluder
from poollint.discovery.ignores import IGNORE_FILES, Ignores
from poollint.discovery.recognition import NO_SYSTEM, Candidate, Recogniser
from poollint.discovery.triggers import SourceFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from poollint.config import Config
    from poollint.discovery.globs import SystemShape
    from poollint.files import Files


MIB = 1024 * 1024
SMALL = 2 * MIB  # no form has a lower limit


class FileProblem(NamedTuple):
    """A file that is passed over.

    ``error``: it was named and cannot be read. ``warning``: it was named and is not for us, or it was met, seems to be for
    us, and cannot be read. ``note``: it was named and is excluded, or nothing says that it is for us. ``kind`` is
    ``excluded`` or ``foreign`` for a named file that the configuration excludes or that is of no known system.
    """

    path: str
    message: str
    severity: str
    kind: str = ""


class Taken(NamedTuple):
    """The candidates of one file; ``real`` is the file itself, whatever its name."""

    candidates: list[Candidate]
    real: tuple[int, int]


class Discovered(NamedTuple):
    """What was found beneath the paths; ``skipped`` counts the rest: ignored, excluded, unrecognised, repeated."""

    candidates: list[Candidate]
    problems: list[FileProblem]
    skipped: dict[str, int]


class Step(NamedTuple):
    """A path to look at: one that the user ``named``, or a folder that was met."""

    path: str
    named: bool = False


class Walk:
    """One search: ``steps`` are still to be made, the last one first; ``found`` is what was found so far, in order.

    A search may be cut after any step and go on in another process, with the steps that are left.
    """

    def __init__(
        self,
        config_for: Callable[[str], Config],
        systems: Mapping[str, Mapping[str, Any]] | Sequence[SystemShape],
        files: Files,
        *,
        as_system: str | None = None,
        triggers: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.sources = SourceFiles(triggers or {})
        self.config_for = config_for
        self.recogniser = Recogniser(systems)
        self.files = files
        self.as_system = as_system
        self.steps: list[Step] = []
        self.found: list[Taken | FileProblem] = []
        self.skipped: dict[str, int] = {}
        self.looked = 0
        self._tops: dict[str, Ignores | None] = {}
        self._within: dict[str, Ignores | None] = {}
        self._excluders: dict[int, Excluder] = {}

    def run(self, limit: int = 0) -> None:
        """Make the steps until none is left, or until ``limit`` entries of folders were looked at."""
        end = self.looked + limit
        while self.steps and (not limit or self.looked < end):
            step = self.steps.pop()
            if step.named:
                self._start(step.path)
            else:
                self._folder(step.path)

    def finish(self, progress: Callable[[int, int], None]) -> None:
        """Make every step that is left, and tell now and then how many entries were looked at."""
        while self.steps:
            self.run(500)
            progress(self.looked, 0)

    def again(self, steps: list[Step]) -> None:
        """Begin anew with these steps."""
        self.steps, self.found, self.skipped, self.looked = steps, [], {}, 0

    def discovered(self) -> Discovered:
        """What was found, each real file once."""
        result = Discovered([], [], dict(self.skipped))
        seen: set[tuple[int, int]] = set()
        for each in self.found:
            if isinstance(each, FileProblem):
                result.problems.append(each)
            elif each.real in seen:
                result.skipped["repeated"] = result.skipped.get("repeated", 0) + 1
            else:
                seen.add(each.real)
                result.candidates.extend(each.candidates)
        return result

    # Named paths

    def _start(self, path: str) -> None:
        """A path that the user named: a file, or a directory to walk."""
        kind = self.files.kind(path)
        if kind == "dir":
            base = os.path.basename(os.path.normpath(path))
            self._note_directory(path, base)
            top = slashes(os.path.normpath(path))
            self.begin(top)
            self.steps.append(Step(top))
            return
        reason = unfit(path)
        if reason is not None:
            self._problem(path, reason, "error")
            return
        config = self.config_for(path)
        pattern = self._excluder(config).of_named(path)
        if pattern:
            self._skip("excluded")
            self._problem(path, f"is excluded by {pattern}", "note", "excluded")
            return
        self._named_file(slashes(path), config)

    @property
    def tops(self) -> list[str]:
        """The folders that the walk began with."""
        return list(self._tops)

    def begin(self, top: str) -> None:
        """Note what the folders above a named one ignore."""
        ignores = Ignores.above(top)
        if ignores is not None and ignores.ignored(os.path.abspath(top), is_dir=True):
            ignores = None  # the user named an ignored directory, and means it
        self._tops[top] = ignores

    def _named_file(self, path: str, config: Config) -> None:
        if self.as_system is not None:
            self._take([Candidate(path, self.as_system, "--as", named=True)], config, "error")
            return
        told = self._told(path, config)
        found = [] if told is None else [told]
        language = self.sources.language(path)
        if not found and language and not self._claimed(path):
            found = [Candidate(path, language, f"{language} source", named=False)]
        if not found:
            try:
                found = self.recogniser.recognise(path, once(text_of, path), always=True)
            except OSError as error:
                self._problem(path, error.strerror or str(error), "error")
                return
        if not found or found[0].system == NO_SYSTEM:
            self._skip("unrecognised")
            self._problem(
                path, "is of no system that poollint knows; --as SYSTEM says what it is", "warning", "foreign"
            )
        else:
            self._take(found, config, "error")

    # Directories

    def _folder(self, folder: str) -> None:
        """The files of a folder; those beneath it are steps to make next."""
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=_name)
        except OSError as error:
            self._problem(folder, f"cannot be listed: {error.strerror or error}", "warning")
            return
        self.looked += len(entries)
        ignores = self._ignores(folder, {entry.name for entry in entries})
        config = self.config_for(folder)
        before = "" if folder == "." else folder if folder == "/" else folder + "/"
        below: list[Step] = []
        for entry in entries:
            path = before + entry.name
            if entry.is_dir(follow_symlinks=False):
                if self._enters(entry.name, path, ignores, config):
                    below.append(Step(path))
            else:
                self._file(entry, path, ignores, config)
        self.steps.extend(reversed(below))

    def _ignores(self, folder: str, names: Container[str] = IGNORE_FILES) -> Ignores | None:
        """The rules for what stands in a folder, whose ``names`` may tell that it has none of its own."""
        if folder in self._within:
            return self._within[folder]
        found = self._tops[folder] if folder in self._tops else self._ignores(os.path.dirname(folder) or ".")
        for name in IGNORE_FILES:
            if name in names:
                found = Ignores.of(folder, name, found)
        self._within[folder] = found
        return found

    def _enters(self, base: str, path: str, ignores: Ignores | None, config: Config) -> bool:
        if self._excluder(config).of(base, path + "/"):
            self._skip("excluded")
            return False
        if ignores is not None and ignores.ignored(os.path.abspath(path), is_dir=True):
            self._skip("ignored")
            return False
        self._note_directory(path, base)
        return True

    def _note_directory(self, path: str, base: str) -> None:
        if self.recogniser.by_name(base).sure:
            self._problem(path, "is a directory, though its name is that of a configuration file", "warning")

    def _file(self, entry: os.DirEntry[str], path: str, ignores: Ignores | None, config: Config) -> None:
        """A file that the walk met: taken when something claims it, and nothing keeps it out."""
        told = self._told(path, config)
        found = [] if told is None else [told]
        language = ""
        by_name = True
        if not found:
            claim = self.recogniser.by_name(path)
            claimed = bool(claim.systems or claim.sharing)
            by_name = bool(claim.sharing) or len(claim.systems) == 1
            language = "" if claimed else self.sources.language(entry.name)
            if not claimed and not language and not self.recogniser.asks(entry.name):
                return
        if self._excluder(config).of(entry.name, path) or (
            config.include and not matches(config.include, config.relative(path))
        ):
            self._skip("excluded")
            return
        if ignores is not None and ignores.ignored(os.path.abspath(path)):
            self._skip("ignored")
            return
        if language:
            self._source(path, language, config, "note")
            return
        reason = unfit(path)
        if reason is not None:
            if by_name:
                self._problem(path, reason, "warning")
            return
        if not found:
            try:
                found = self.recogniser.recognise(path, once(text_of, path))
            except OSError as error:
                if by_name:  # else nothing says that it is ours
                    self._problem(path, error.strerror or str(error), "warning")
                return
        if not found or found[0].system == NO_SYSTEM:
            self._skip("unrecognised")
        else:
            self._take(found, config, "warning")

    # Both

    def _source(self, path: str, language: str, config: Config, severity: str) -> None:
        """A source file: taken when a trigger stands in it."""
        if severity != "error":  # a file that the user named is checked, if only to find nothing
            try:
                if not self.sources.wanted(path, language):
                    self._skip("no pool in it")
                    return
            except OSError as error:
                self._problem(path, error.strerror or str(error), severity)
                return
        reason = f"{language} source with a pool's name in it"
        self._take([Candidate(path, language, reason, named=False)], config, severity)

    def _told(self, path: str, config: Config) -> Candidate | None:
        told = config.system_of(path)
        if told is None:
            return None
        system, pattern = told
        return Candidate(path, system, f"files {pattern!r} in {config.origin('files.' + pattern)}", named=True)

    def _claimed(self, path: str) -> bool:
        claim = self.recogniser.by_name(path)
        return bool(claim.systems or claim.sharing)

    def _take(self, candidates: list[Candidate], config: Config, severity: str) -> None:
        """Keep the candidates of one file unless it cannot be read."""
        path = candidates[0].path
        try:
            status = os.stat(path)
            head = head_of(path, 4096)
        except OSError as error:
            self._problem(path, error.strerror or str(error), severity)
            return
        too_large = _too_large(status.st_size, candidates[0], config)
        if too_large:
            self._problem(path, too_large, "warning" if severity == "note" else severity)
            return
        binary = binary_kind(head)
        if binary:
            self._problem(path, f"is {binary}, not text", severity)
            return
        self.found.append(Taken(candidates, (status.st_dev, status.st_ino)))

    def _excluder(self, config: Config) -> Excluder:
        found = self._excluders.get(id(config))
        if found is None:
            found = self._excluders[id(config)] = Excluder(config)
        return found

    def _problem(self, path: str, message: str, severity: str, kind: str = "") -> None:
        self.found.append(FileProblem(slashes(path), message, severity, kind))

    def _skip(self, why: str) -> None:
        self.skipped[why] = self.skipped.get(why, 0) + 1


def _too_large(size: int, candidate: Candidate, config: Config) -> str:
    """Why a file of so many bytes is not read, if so."""
    if size <= min(SMALL, config.max_file_size):
        return ""
    from poollint.formats.limits import limit_of

    limit = limit_of(candidate.path, candidate.system)
    own = limit is not None and limit.most < config.max_file_size
    most = limit.most if own and limit is not None else config.max_file_size
    if size <= most:
        return ""
    what = f"{limit.what} over {most / MIB:.3g} MiB are not read" if own and limit is not None else ""
    return f"is {size / MIB:.3g} MiB; " + (what or f"files over {most / MIB:.3g} MiB are not read (max-file-size)")


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name
