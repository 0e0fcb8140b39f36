"""Which files to check, and what each of them is: told by the configuration, by name, then by content.

Only files whose name leaves it open are opened, and of them the first 64 KiB are read. Nothing here parses.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.config import DEFAULT_EXCLUDE, matches, shown
from poollint.formats.source_code import EXTENSIONS, FAMILIES, MAX_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from poollint.config import Config
    from poollint.files import Files

HEAD = 64 * 1024
NO_SYSTEM = "none"
IGNORE_FILES = (".gitignore", ".poollintignore")
PLAUSIBLE = frozenset((".conf", ".ini", ".cfg", ".cnf", ".inc", ".vhost"))
TEMPLATES = frozenset(
    (".j2", ".jinja", ".jinja2", ".erb", ".epp", ".tmpl", ".gotmpl", ".tpl", ".stpl", ".template", ".mustache", ".in")
)
COPIES = frozenset((".sample", ".example", ".dist", ".default"))
# Extensionless names that are never a server's configuration, so that they need not be opened.
_OTHERS = frozenset(
    "makefile gnumakefile dockerfile containerfile jenkinsfile vagrantfile procfile gemfile rakefile pipfile brewfile "
    "license licence copying notice authors contributors maintainers owners codeowners readme changes changelog news "
    "todo install version configure gradlew mvnw".split()
)
# What other programs write into a file that is named after a server: sections (supervisor, systemd, fail2ban,
# telegraf), and statements of collectd, fluentd, upstart, monit, tmpfiles, logrotate. Compiled when they are needed.
_SECTION = r"(?m)^[ \t]*\[\[?[\w .:@/\"'-]+\]\]?[ \t]*\r?$"
_FOREIGN = (
    r"(?m)^[ \t]*(?:<(?:Plugin|source|match)\b|(?:start|stop) on [(\w]|check (?:process|host|file|system) |"
    r"[dDfLrzZ][+!]? /\S+ +[0-7]{3,4} |(?:/\S+ +)*/\S+ *\{ *\r?$)"
)
_FOREIGN_SIGNS = ("<Plugin", "<source", "<match", "start on ", "stop on ", "check ", "\nd /", "\n/")
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x7fELF", "an ELF program"),
    (b"\x89PNG", "a PNG image"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)


class SystemShape(NamedTuple):
    """How a system's files are known: globs of names, regexes of content.

    A glob with a ``/`` is matched with the end of the path. ``content`` holds of the first 64 KiB of text; ``sections``
    tells that the files have ``[sections]``.
    """

    name: str
    files: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    sections: bool = False


class Candidate(NamedTuple):
    """A file to check. ``named``: its name, the configuration or the user told the system, not its content."""

    path: str
    system: str
    reason: str
    named: bool


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


def shapes_of(systems: Mapping[str, Mapping[str, Any]] | Sequence[SystemShape]) -> list[SystemShape]:
    """Shapes from the [system] tables of catalogues."""
    if not hasattr(systems, "items"):
        return list(systems)
    return [
        SystemShape(
            name,
            tuple(table.get("files", ())),
            tuple(table.get("content", ())),
            str(table.get("format")).endswith("_ini"),
        )
        for name, table in systems.items()
    ]


class _Glob:
    """A glob of a system; ``tier`` 2: a plain name, 1: a wild one, 0: an ending or a folder alone."""

    __slots__ = ("regex", "system", "text", "tier")

    def __init__(self, tier: int, system: str, text: str, regex: re.Pattern[str] | None) -> None:
        self.tier = tier
        self.system = system
        self.text = text
        self.regex = regex


class _Claim:
    """Systems that claim a name, the glob that did; ``sure`` when the content need not be asked."""

    __slots__ = ("glob", "sure", "systems")

    def __init__(self, systems: list[str], glob: str, *, sure: bool) -> None:
        self.systems = systems
        self.glob = glob
        self.sure = sure


_NOBODY = _Claim([], "", sure=False)


class Recogniser:
    """Tells whose configuration a file is."""

    __slots__ = ("_any", "_content", "_folders", "_globs", "_literal", "_prefixes", "_shapes", "_suffixes", "_tails")

    def __init__(self, systems: Mapping[str, Mapping[str, Any]] | Sequence[SystemShape]) -> None:
        self._shapes = shapes_of(systems)
        self._literal: dict[str, list[_Glob]] = {}
        self._globs: list[tuple[str, str]] = []
        self._tails: list[_Glob] | None = None
        self._any: re.Pattern[str] | None = None
        self._content: dict[str, list[re.Pattern[str]]] = {}
        for shape in self._shapes:
            for glob in shape.files:
                if _is_plain(glob) and "/" not in glob:
                    found = _Glob(2, shape.name, glob, None)
                    self._literal.setdefault(glob, []).append(found)
                else:
                    self._globs.append((shape.name, glob))
        self._prefixes, self._suffixes, self._folders = _ends([glob for _, glob in self._globs])

    def by_name(self, path: str) -> _Claim:
        """Who claims a name best: a plain name before a wild one, that before an ending or a folder."""
        for name in _names(path):
            found = self._matching(name)
            if found:
                top = max(each.tier for each in found)
                best = [each for each in found if each.tier == top]
                systems = sorted({each.system for each in best})
                return _Claim(systems, best[0].text, sure=top > 0 and len(systems) == 1)
        return _NOBODY

    def _matching(self, path: str) -> list[_Glob]:
        found = list(self._literal.get(path.rpartition("/")[2], ()))
        if found or not self._globs:
            return found  # no glob claims a name more surely than the name itself
        base = path.rpartition("/")[2]
        if not (
            base.startswith(self._prefixes)
            or base.endswith(self._suffixes)
            or any(folder in path for folder in self._folders)
        ):
            return found  # three cheap looks save the expression for nearly every file of a tree
        if self._any is None:
            self._tails = [_compile(system, glob) for system, glob in self._globs]
            parts = (each.regex.pattern for each in self._tails if each.regex is not None)
            self._any = re.compile("|".join(parts))
        if self._any.search(path) and self._tails is not None:
            found += [each for each in self._tails if each.regex is not None and each.regex.search(path)]
        return found

    def by_content(self, text: str, among: Iterable[str] = ()) -> str | None:
        """The system that most of its expressions speak for; None when none does, or two do alike."""
        if text.startswith("#!"):
            return None  # a script that writes configurations
        wanted = set(among)
        scores: list[tuple[int, str]] = []
        for shape in self._shapes:
            if wanted and shape.name not in wanted:
                continue
            score = sum(1 for regex in self._expressions(shape) if regex.search(text))
            if score:
                scores.append((score, shape.name))
        scores.sort(reverse=True)
        if not scores or (len(scores) > 1 and scores[0][0] == scores[1][0]):
            return None
        return scores[0][1]

    def _is_foreign(self, system: str, text: str) -> bool:
        """Whether a text is plainly another program's, for all that its name says."""
        shape = next(each for each in self._shapes if each.name == system)
        if shape.sections:
            return False
        odd = "[" in text and re.search(_SECTION, text) is not None
        if not odd and (text[:1] in ("/", "d") or any(sign in text for sign in _FOREIGN_SIGNS)):
            odd = re.search(_FOREIGN, text) is not None
        return odd and not any(each.search(text) for each in self._expressions(shape))

    def _expressions(self, shape: SystemShape) -> list[re.Pattern[str]]:
        found = self._content.get(shape.name)
        if found is None:
            found = self._content[shape.name] = [re.compile(text) for text in shape.content]
        return found

    def recognise(self, path: str, text: Callable[[], str], *, always: bool = False) -> Candidate | None:
        """Whose file this is; ``text`` is asked only where the name does not tell.

        ``always``: look at the content whatever the name's ending is.
        """
        claim = self.by_name(path)
        if claim.sure and not self._is_foreign(claim.systems[0], text()):
            return Candidate(path, claim.systems[0], f"name {claim.glob}", named=True)
        if not claim.systems and not always and not is_plausible(path.rpartition("/")[2]):
            return None
        system = self.by_content(text(), claim.systems if len(claim.systems) > 1 else ())
        if system is not None:
            return Candidate(path, system, "content", named=system in claim.systems)
        if len(claim.systems) == 1 and not claim.sure and not _is_other(path.rpartition("/")[2]):
            return Candidate(path, claim.systems[0], f"name {claim.glob}", named=True)
        return None


def _ends(globs: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(beginnings, endings, folders): a path that a glob matches has one of them."""
    prefixes, suffixes, folders = set(), set(), set()
    for glob in globs:
        folder, slash, base = glob.rpartition("/")
        first = re.split(r"[*?\[]", base)[0]
        last = re.split(r"[*?\]]", base)[-1]
        if first:
            prefixes.add(first)
        elif last:
            suffixes.add(last)
        else:
            folders.add(re.split(r"[*?\]]", folder)[-1] + slash)
    return tuple(prefixes), tuple(suffixes), tuple(folders)


def _is_plain(glob: str) -> bool:
    return not any(sign in glob for sign in "*?[")


def _compile(system: str, glob: str) -> _Glob:
    """``sites-enabled/*`` matches the end of a path; ``*`` matches no ``/``."""
    regex = re.compile(r"(?:^|/)" + re.sub(_GLOB_PART, _glob_part, glob) + r"\Z")
    last = glob.rpartition("/")[2]
    stem = last.rstrip("*")
    tier = 2 if _is_plain(last) else 1 if (stem.rpartition(".")[0] or stem).strip("*?") else 0
    return _Glob(tier, system, glob, regex)


_GLOB_PART = r"\*|\?|\[[^]]+\]|[^*?[]+|\["


def _glob_part(match: re.Match[str]) -> str:
    part = match[0]
    if part == "*":
        return "[^/]*"
    if part == "?":
        return "[^/]"
    return part.replace("[!", "[^") if part.endswith("]") and part.startswith("[") else re.escape(part)


def _names(path: str) -> Iterator[str]:
    """The path, then without the endings of a template or a sample: ``nginx.conf.j2`` is an ``nginx.conf``."""
    yield path
    while True:
        stem, ending = os.path.splitext(path)
        if ending not in TEMPLATES and ending not in COPIES:
            return
        path = stem
        yield path


def is_plausible(base: str) -> bool:
    """Whether the content of a file with this name is worth a look."""
    *_, base = _names(base)
    ending = os.path.splitext(base)[1]
    if ending:
        return ending in PLAUSIBLE
    return not base.startswith(".") and not _is_other(base)


def _is_other(base: str) -> bool:
    """Whether a name is a well known one of something else: ``README.md``, ``Makefile``."""
    stem, ending = os.path.splitext(base.lower())
    return stem in _OTHERS and ending in ("", ".md", ".txt", ".rst")


def recognise(
    path: str,
    text: str,
    systems: Mapping[str, Mapping[str, Any]] | Sequence[SystemShape],
    files: Sequence[tuple[str, str]] = (),
) -> tuple[str, bool] | None:
    """(system, whether its name or ``files`` told) of a text; None when it is nobody's."""
    for pattern, system in reversed(files):
        if matches((pattern,), path):
            return None if system == NO_SYSTEM else (system, True)
    found = Recogniser(systems).recognise(path, lambda: text[:HEAD], always=True)
    return None if found is None else (found.system, found.named)


def discover(
    paths: Sequence[str],
    config_for: Callable[[str], Config],
    systems: Mapping[str, Mapping[str, Any]] | Sequence[SystemShape],
    files: Files,
    *,
    as_system: str | None = None,
    triggers: Mapping[str, str] | None = None,
) -> Discovered:
    """The files to check beneath ``paths``, in a stable order, each real file once. ConfigError from ``config_for``.

    ``triggers``: language -> a regular expression of bytes; a source file that it finds nothing in is not for us.
    """
    walk = _Walk(config_for, Recogniser(systems), files, as_system, SourceFiles(triggers or {}))
    for path in paths:
        walk.start(path)
    return walk.result


class SourceFiles:
    """Tells which source files may construct a pool: by extension, then by a word that every construction needs."""

    __slots__ = ("_regexes", "_words", "triggers")

    def __init__(self, triggers: Mapping[str, str]) -> None:
        self.triggers = triggers
        self._words: dict[str, list[bytes] | None] = {}
        self._regexes: dict[str, re.Pattern[bytes]] = {}

    def language(self, path: str) -> str:
        """The language of a file by its extension, when there is anything to look for in it; else empty."""
        if not self.triggers:
            return ""
        language = EXTENSIONS.get(os.path.splitext(path)[1], "")
        return language if language and FAMILIES[language] in self.triggers else ""

    def wanted(self, path: str, language: str) -> bool:
        """Whether the file holds a trigger. OSError when it cannot be read."""
        family = FAMILIES[language]
        regex = self._regexes.get(family)
        if regex is None:
            regex = self._regexes[family] = re.compile(self.triggers[family].encode())
            self._words[family] = _plain_words(self.triggers[family])
        with open(path, "rb") as handle:
            data = handle.read(MAX_SOURCE)
        words = self._words[family]
        if words is not None and not any(word in data for word in words):
            return False  # looking for one word after the other is much faster than for any of them
        return regex.search(data) is not None


def _plain_words(pattern: str) -> list[bytes] | None:
    """The words of an alternation of plain words; None when a part of it is more than a word."""
    words = [re.sub(r"\\([^\w\s]| )", r"\1", part.replace(r"\b", "")) for part in pattern.split("|")]
    if any(re.escape(word) != part.replace(r"\b", "") for word, part in zip(words, pattern.split("|"), strict=True)):
        return None
    return [word.encode() for word in words]


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
        self._excluders: dict[int, _Excluder] = {}

    # Named paths

    def start(self, path: str) -> None:
        """A path that the user named: a file, or a directory to walk."""
        kind = self.files.kind(path)
        if kind == "dir":
            base = os.path.basename(os.path.normpath(path))
            self._note_directory(path, base)
            self._walk(path)
            return
        reason = _unfit(path)
        if reason is not None:
            self._problem(path, reason, "error")
            return
        config = self.config_for(path)
        pattern = self._excluder(config).of_named(path)
        if pattern:
            self._skip("excluded")
            self._problem(path, f"is excluded by {pattern}", "note", "excluded")
            return
        self._named_file(_slashes(path), config)

    def _named_file(self, path: str, config: Config) -> None:
        if self.as_system is not None:
            self._take(Candidate(path, self.as_system, "--as", named=True), config, "error")
            return
        found = self._told(path, config)
        language = self.sources.language(path)
        if found is None and language and not self.recogniser.by_name(path).systems:
            found = Candidate(path, language, f"{language} source", named=False)
        if found is None:
            try:
                found = self.recogniser.recognise(path, lambda: _text(path), always=True)
            except OSError as error:
                self._problem(path, error.strerror or str(error), "error")
                return
        if found is None or found.system == NO_SYSTEM:
            self._skip("unrecognised")
            self._problem(
                path, "is of no system that poollint knows; --as SYSTEM says what it is", "warning", "foreign"
            )
        else:
            self._take(found, config, "error")

    # Directories

    def _walk(self, top: str) -> None:
        top = _slashes(os.path.normpath(top))
        ignores = _Ignores.above(top)
        if ignores is not None and ignores.ignored(os.path.abspath(top), is_dir=True):
            ignores = None  # the user named an ignored directory, and means it
        stack: list[tuple[str, _Ignores | None]] = [(top, ignores)]
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
                    ignores = _Ignores.of(folder, name, ignores)
            below: list[tuple[str, _Ignores | None]] = []
            config = self.config_for(folder)
            for entry in entries:
                path = entry.name if folder == "." else f"{folder}/{entry.name}" if folder != "/" else f"/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if self._enters(entry.name, path, ignores, config):
                        below.append((path, ignores))
                else:
                    self._file(entry, path, ignores, config)
            stack.extend(reversed(below))

    def _enters(self, base: str, path: str, ignores: _Ignores | None, config: Config) -> bool:
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

    def _file(self, entry: os.DirEntry[str], path: str, ignores: _Ignores | None, config: Config) -> None:
        """A file that the walk met: taken when something claims it, and nothing keeps it out."""
        found = self._told(path, config)
        language = ""
        if found is None:
            systems = self.recogniser.by_name(path).systems
            language = "" if systems else self.sources.language(entry.name)
            if not systems and not language and not is_plausible(entry.name):
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
        by_name = found is not None or len(systems) == 1
        reason = _unfit(path)
        if reason is not None:
            if by_name:
                self._problem(path, reason, "warning")
            return
        if found is None:
            try:
                found = self.recogniser.recognise(path, lambda: _text(path))
            except OSError as error:
                if by_name:  # else nothing says that it is ours
                    self._problem(path, error.strerror or str(error), "warning")
                return
        if found is None or found.system == NO_SYSTEM:
            self._skip("unrecognised")
        else:
            self._take(found, config, "warning")

    # Both

    def _source(self, path: str, language: str, config: Config, severity: str) -> None:
        """A source file: taken when a trigger stands in it."""
        if severity != "error":  # a file that the user named is checked, if only to find nothing
            try:
                if _unfit(path) is not None or not self.sources.wanted(path, language):
                    self._skip("no pool in it")
                    return
            except OSError as error:
                self._problem(path, error.strerror or str(error), severity)
                return
        self._take(
            Candidate(path, language, f"{language} source with a pool's name in it", named=False), config, severity
        )

    def _told(self, path: str, config: Config) -> Candidate | None:
        told = config.system_of(path)
        if told is None:
            return None
        system, pattern = told
        return Candidate(path, system, f"files {pattern!r} in {config.origin('files.' + pattern)}", named=True)

    def _take(self, candidate: Candidate, config: Config, severity: str) -> None:
        """Keep a candidate unless it cannot be read or is there already under another name."""
        path = candidate.path
        try:
            status = os.stat(path)
            head = _head(path, 4096)
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
        self.result.candidates.append(candidate)

    def _excluder(self, config: Config) -> _Excluder:
        found = self._excluders.get(id(config))
        if found is None:
            found = self._excluders[id(config)] = _Excluder(config)
        return found

    def _problem(self, path: str, message: str, severity: str, kind: str = "") -> None:
        self.result.problems.append(FileProblem(_slashes(path), message, severity, kind))

    def _skip(self, why: str) -> None:
        self.result.skipped[why] = self.result.skipped.get(why, 0) + 1


class _Excluder:
    """``exclude`` and ``extend-exclude``; plain names are looked up at once."""

    __slots__ = ("config", "names", "own_names", "own_patterns", "patterns")

    def __init__(self, config: Config) -> None:
        self.config = config
        # what poollint excludes by itself does not keep out a file that the user names
        own = config.extend_exclude if config.exclude is DEFAULT_EXCLUDE else (*config.exclude, *config.extend_exclude)
        self.names, self.patterns = _split((*config.exclude, *config.extend_exclude))
        self.own_names, self.own_patterns = _split(own)

    def of(self, base: str, path: str) -> bool:
        """Whether an entry of a walked directory is excluded; a directory's path ends in ``/``."""
        if base in self.names:
            return True
        if not self.patterns:
            return False
        inside = self.config.relative(path) + ("/" if path.endswith("/") else "")
        return matches(self.patterns, inside)

    def of_named(self, path: str) -> str:
        """What of the user's own patterns excludes a named file, for a message; empty: nothing."""
        if not self.own_names and not self.own_patterns:
            return ""
        inside = self.config.relative(path)
        if inside.startswith("../"):
            return ""
        where = shown(self.config.path) if self.config.path else "the configuration"
        for part in inside.split("/"):
            if part in self.own_names:
                return f"{part!r} in {where}"
        if not self.own_patterns or not matches(self.own_patterns, inside):
            return ""
        for pattern in self.own_patterns:
            if not pattern.startswith("!") and matches((pattern,), inside):
                return f"{pattern!r} in {where}"
        return where


def excluded_by(config: Config, path: str) -> str:
    """What of the user's own patterns keeps a file out, for a message; empty: nothing."""
    return _Excluder(config).of_named(path)


def _split(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Plain names, and the patterns that need more; with a negation among them the order counts, so all do."""
    if any(pattern.startswith("!") for pattern in patterns):
        return frozenset(), patterns
    plain = frozenset(pattern for pattern in patterns if _is_plain(pattern) and not set(pattern) & set("/\\ "))
    return plain, tuple(pattern for pattern in patterns if pattern not in plain)


class _Ignores:
    """The rules of one ignore file, above those of the directories further up."""

    __slots__ = ("base", "further_up", "patterns")

    def __init__(self, base: str, lines: list[str], further_up: _Ignores | None) -> None:
        from poollint.patterns import Patterns

        self.base = base
        self.patterns = Patterns(lines)
        self.further_up = further_up

    @classmethod
    def of(cls, folder: str, name: str, above: _Ignores | None) -> _Ignores | None:
        """With the rules of a folder's ignore file added; one that cannot be read adds none."""
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="surrogateescape") as handle:
                lines = handle.read().split("\n")
        except OSError:
            return above
        found = cls(os.path.abspath(folder), lines, above)
        return found if found.patterns else above

    @classmethod
    def above(cls, top: str) -> _Ignores | None:
        """The rules that the folders above ``top`` have, from the root of its repository."""
        folders = []
        folder = os.path.abspath(top)
        while not os.path.exists(os.path.join(folder, ".git")):
            parent = os.path.dirname(folder)
            if parent == folder:
                return None  # no repository: only what stands beneath counts
            folder = parent
            folders.append(folder)
        found = None
        exclude = os.path.join(folder, ".git", "info", "exclude")
        if os.path.isfile(exclude):
            found = cls.of(folder, os.path.join(".git", "info", "exclude"), None)
        for each in reversed(folders):
            for name in IGNORE_FILES:
                if os.path.isfile(os.path.join(each, name)):
                    found = cls.of(each, name, found)
        return found

    def ignored(self, path: str, *, is_dir: bool = False) -> bool:
        """Whether an absolute path is ignored: the nearest file that speaks of it decides, in it the last line."""
        level: _Ignores | None = self
        while level is not None:
            start = len(level.base) + (not level.base.endswith(os.sep))
            inside = path[start:].replace(os.sep, "/") + ("/" if is_dir else "")
            verdict = level.patterns.verdict(inside)
            if verdict is not None:
                return verdict
            level = level.further_up
        return False


def _slashes(path: str) -> str:
    return path.replace(os.sep, "/") if os.sep != "/" else path


def _unfit(path: str) -> str | None:
    """Why a path is no file that could be read; never opens what might block."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if os.path.islink(path):
            return f"is a dangling link to {os.readlink(path)}"
        return error.strerror or str(error)
    except ValueError as error:  # a NUL in the path
        return str(error)
    if stat.S_ISREG(mode):
        return None
    for test, name in (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return f"is {name}, not a regular file"
    return "is not a regular file"


def _head(path: str, size: int = HEAD) -> bytes:
    """The first bytes of a file; a FIFO that took its place meanwhile does not block."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        return os.read(handle, size)
    finally:
        os.close(handle)


def _text(path: str) -> str:
    """The beginning of a file as text; empty for a binary file."""
    head = _head(path)
    return "" if binary_kind(head) else head.decode("utf-8", "surrogateescape")


def binary_kind(head: bytes) -> str:
    """What a file is whose beginning is no text, such as ``gzip``; empty for text (which may hold a stray NUL)."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if b"\0" not in head:
        return ""
    odd = sum(1 for byte in head if byte < 32 and byte not in (7, 8, 9, 10, 12, 13, 27))
    return "binary" if odd * 10 > len(head) else ""
