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
    from collections.abc import Callable, Mapping, Sequence

    from poollint.config import Config
    from poollint.discovery.globs import SystemShape
    from poollint.files import Files


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


class Discovered(NamedTuple):
    """What was found beneath the paths; ``skipped`` counts the rest: ignored, excluded, unrecognised, repeated."""

    candidates: list[Candidate]
    problems: list[FileProblem]
    skipped: dict[str, int]


def discover(
    paths: Sequence[str],
    config_for: Callable[[str], Config],
    systems: Mapping[str, Mapping[str, Any]] | Sequence[SystemShape],
    files: Files,
    *,
    as_system: str | None = None,
    triggers: Mapping[str, Mapping[str, list[str]]] | None = None,
) -> Discovered:
    """The files to check beneath ``paths``, in a stable order, each real file once. ConfigError from ``config_for``.

    ``triggers``: see ``poollint.knowledge.triggers``; a source file that holds none is not for us.
    """
    walk = _Walk(config_for, Recogniser(systems), files, as_system, SourceFiles(triggers or {}))
    for path in paths:
        walk.start(path)
    return walk.result


class _Walk:
    """One search: what was found so far."""

    def __init__(
        self,
        config_for: Callable[[str], Config],
        recogniser: Recogniser,
        files: Files,
        as_system: str | None,
        sources: SourceFiles,
    ) -> None:
        self.sources = sources
        self.config_for = config_for
        self.recogniser = recogniser
        self.files = files
        self.as_system = as_system
        self.result = Discovered([], [], {})
        self._seen: set[tuple[int, int]] = set()
        self._excluders: dict[int, Excluder] = {}

    # Named paths

    def start(self, path: str) -> None:
        """A path that the user named: a file, or a directory to walk."""
        kind = self.files.kind(path)
        if kind == "dir":
            base = os.path.basename(os.path.normpath(path))
            self._note_directory(path, base)
            self._walk(path)
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

    def _walk(self, top: str) -> None:
        top = slashes(os.path.normpath(top))
        ignores = Ignores.above(top)
        if ignores is not None and ignores.ignored(os.path.abspath(top), is_dir=True):
            ignores = None  # the user named an ignored directory, and means it
        stack: list[tuple[str, Ignores | None]] = [(top, ignores)]
        while stack:
            folder, ignores = stack.pop()
            try:
                with os.scandir(folder) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError as error:
                self._problem(folder, f"cannot be listed: {error.strerror or error}", "warning")
                continue
            names = {entry.name for entry in entries}
            for name in IGNORE_FILES:
                if name in names:
                    ignores = Ignores.of(folder, name, ignores)
            below: list[tuple[str, Ignores | None]] = []
            config = self.config_for(folder)
            for entry in entries:
                path = entry.name if folder == "." else f"{folder}/{entry.name}" if folder != "/" else f"/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if self._enters(entry.name, path, ignores, config):
                        below.append((path, ignores))
                else:
                    self._file(entry, path, ignores, config)
            stack.extend(reversed(below))

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
        """Keep the candidates of one file unless it cannot be read or is there already under another name."""
        path = candidates[0].path
        try:
            status = os.stat(path)
            head = head_of(path, 4096)
        except OSError as error:
            self._problem(path, error.strerror or str(error), severity)
            return
        limit = config.max_file_size
        if status.st_size > limit:
            size, most = status.st_size / 1048576, limit / 1048576
            message = f"is {size:.0f} MiB; files over {most:.3g} MiB are not read (max-file-size)"
            self._problem(path, message, severity)
            return
        binary = binary_kind(head)
        if binary:
            self._problem(path, f"is {binary}, not text", severity)
            return
        real = (status.st_dev, status.st_ino)
        if real in self._seen:
            self._skip("repeated")
            return
        self._seen.add(real)
        self.result.candidates.extend(candidates)

    def _excluder(self, config: Config) -> Excluder:
        found = self._excluders.get(id(config))
        if found is None:
            found = self._excluders[id(config)] = Excluder(config)
        return found

    def _problem(self, path: str, message: str, severity: str, kind: str = "") -> None:
        self.result.problems.append(FileProblem(slashes(path), message, severity, kind))

    def _skip(self, why: str) -> None:
        self.result.skipped[why] = self.result.skipped.get(why, 0) + 1
