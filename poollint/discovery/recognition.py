"""Whose configuration a file is: told by the configuration, by its name, then by its content.

The content is asked where the name leaves it open, and where a file that is named after a server may still plainly be
another program's. Nothing here parses: a system is told by the expressions of its catalogue.

A file is one system's, or it is shared: by the systems that say in their catalogues that they share (``.env``, a Compose
file, a manifest of Kubernetes), each of which its name or its content names.
"""

from __future__ import annotations

import os
import re
from fnmatch import translate
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.config import matches
from poollint.discovery.disk import HEAD
from poollint.discovery.globs import Glob, compile_glob, ends_of, is_plain, names_of, shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from poollint.discovery.globs import SystemShape

NO_SYSTEM = "none"
PLAUSIBLE = frozenset((".conf", ".ini", ".cfg", ".cnf", ".inc", ".vhost"))

# Languages of their own, whatever their text holds: no server reads its configuration from them.
_DATA = (".yml", ".yaml", ".json", ".toml", ".xml", ".md", ".html")

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


class Candidate(NamedTuple):
    """A file to check. ``named``: its name, the configuration or the user told the system, not its content."""

    path: str
    system: str
    reason: str
    named: bool


class _Claim:
    """Systems that claim a name, the glob that did; ``sure`` when the content need not be asked.

    ``sharing``: the systems among those that claim it, however weakly, that read it beside others, with their globs.
    """

    __slots__ = ("glob", "sharing", "sure", "systems")

    def __init__(
        self, systems: list[str], glob: str, *, sure: bool, sharing: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.systems = systems
        self.glob = glob
        self.sure = sure
        self.sharing = sharing


_NOBODY = _Claim([], "", sure=False)


class _ContentFiles:
    """The names of the files whose content is asked for the systems that share files."""

    __slots__ = ("_globs", "_prefixes", "_regexes", "_suffixes")

    def __init__(self, shapes: Iterable[SystemShape]) -> None:
        self._globs = {shape.name: shape.content_files for shape in shapes if shape.content_files}
        every = [glob for globs in self._globs.values() for glob in globs]
        self._prefixes, self._suffixes, _ = ends_of(every)
        self._regexes: dict[str, re.Pattern[str]] = {}

    def of(self, base: str, system: str = "") -> bool:
        """Whether one of the globs (of all systems, or of one) matches a base name, a template's ending aside."""
        for name in names_of(base):
            if name.startswith(self._prefixes) or name.endswith(self._suffixes):
                regex = self._regexes.get(system)
                if regex is None:
                    regex = self._regexes[system] = self._compiled(system)
                if regex.match(name):
                    return True
        return False

    def _compiled(self, system: str) -> re.Pattern[str]:
        systems = [system] if system else list(self._globs)
        return re.compile("|".join(translate(glob) for each in systems for glob in self._globs[each]))


class Recogniser:
    """Tells whose configuration a file is."""

    __slots__ = (
        "_any",
        "_content",
        "_folders",
        "_globs",
        "_literal",
        "_prefixes",
        "_shapes",
        "_sharing",
        "_suffixes",
        "_tails",
        "_told_by_content",
    )

    def __init__(self, systems: Mapping[str, Mapping[str, Any]] | Sequence[SystemShape]) -> None:
        shapes = shapes_of(systems)
        self._shapes = [shape for shape in shapes if not shape.shares]
        self._sharing = {shape.name: shape for shape in shapes if shape.shares}
        self._told_by_content = _ContentFiles(self._sharing.values()).of
        self._literal: dict[str, list[Glob]] = {}
        self._globs: list[tuple[str, str]] = []
        self._tails: list[Glob] | None = None
        self._any: re.Pattern[str] | None = None
        self._content: dict[str, list[re.Pattern[str]]] = {}
        for shape in shapes:
            for glob in shape.files:
                if is_plain(glob) and "/" not in glob:
                    found = Glob(2, shape.name, glob, None)
                    self._literal.setdefault(glob, []).append(found)
                else:
                    self._globs.append((shape.name, glob))
        self._prefixes, self._suffixes, self._folders = ends_of([glob for _, glob in self._globs])

    def by_name(self, path: str) -> _Claim:
        """Who claims a name best: a plain name before a wild one, that before an ending or a folder."""
        for name in names_of(path):
            found = self._matching(name)
            if found:
                top = max(each.tier for each in found)
                best = [each for each in found if each.tier == top and each.system not in self._sharing]
                systems = sorted({each.system for each in best})
                sharing = {each.system: each.text for each in found if each.system in self._sharing}
                sure = top > 0 and len(systems) == 1
                return _Claim(systems, best[0].text if best else "", sure=sure, sharing=sharing)
        return _NOBODY

    def asks(self, base: str) -> bool:
        """Whether the content of a file with this name, which no glob claims, is worth a look."""
        return self._told_by_content(base) or is_plausible(base)

    def _matching(self, path: str) -> list[Glob]:
        base = path.rpartition("/")[2]
        found = list(self._literal.get(base, ()))
        if not self._globs or (found and not all(each.system in self._sharing for each in found)):
            return found  # no glob claims a name more surely than the name itself
        if not (
            base.startswith(self._prefixes)
            or base.endswith(self._suffixes)
            or any(folder in path for folder in self._folders)
        ):
            return found  # three cheap looks save the expression for nearly every file of a tree
        if self._any is None:
            self._tails = [compile_glob(system, glob) for system, glob in self._globs]
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

    def recognise(self, path: str, text: Callable[[], str], *, always: bool = False) -> list[Candidate]:
        """Whose file this is: nobody's, one system's, or that of several which share it.

        ``text`` is asked only where the name does not tell. ``always``: look at the content whatever the name's ending is.
        """
        claim = self.by_name(path)
        if claim.systems or not claim.sharing:
            owner = self._owner(path, claim, text, always=always)
            if owner is not None and owner.named:
                return [owner]  # a format of its own is nobody else's
        else:
            owner = None
        found = {} if owner is None else {owner.system: owner}
        for system, glob in claim.sharing.items():
            found[system] = Candidate(path, system, f"name {glob}", named=True)
        for system in self._by_content_too(path, text, found, always=always):
            found[system] = Candidate(path, system, "content", named=False)
        return [found[system] for system in sorted(found)]

    def _by_content_too(
        self, path: str, text: Callable[[], str], found: Collection[str], *, always: bool
    ) -> Iterator[str]:
        """The systems that share files and know this one by its content."""
        base = path.rpartition("/")[2]
        for name, shape in self._sharing.items():
            if name in found or not shape.content:
                continue
            asked = self._told_by_content(base, name) if shape.content_files else always or is_plausible(base)
            if asked and not text().startswith("#!") and any(each.search(text()) for each in self._expressions(shape)):
                yield name

    def _owner(self, path: str, claim: _Claim, text: Callable[[], str], *, always: bool) -> Candidate | None:
        """The one system whose file this is, of those that share none."""
        if claim.sure and not self._is_foreign(claim.systems[0], text()):
            return Candidate(path, claim.systems[0], f"name {claim.glob}", named=True)
        base = path.rpartition("/")[2]
        if not claim.systems and (base.endswith(_DATA) if always else not is_plausible(base)):
            return None
        system = self.by_content(text(), claim.systems if len(claim.systems) > 1 else ())
        if system is not None:
            return Candidate(path, system, "content", named=system in claim.systems)
        if len(claim.systems) == 1 and not claim.sure and not _is_other(path.rpartition("/")[2]):
            return Candidate(path, claim.systems[0], f"name {claim.glob}", named=True)
        return None


def is_plausible(base: str) -> bool:
    """Whether the content of a file with this name is worth a look."""
    *_, base = names_of(base)
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
) -> list[tuple[str, bool]]:
    """(system, whether its name or ``files`` told) of a text, for each system that reads it; empty when it is nobody's."""
    for pattern, system in reversed(files):
        if matches((pattern,), path):
            return [] if system == NO_SYSTEM else [(system, True)]
    found = Recogniser(systems).recognise(path, lambda: text[:HEAD], always=True)
    return [(each.system, each.named) for each in found]
