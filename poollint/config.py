"""The configuration: where it stands, what it says, and which rules it selects for a path.

The TOML itself is read in ``poollint.config_reading``, which is imported only when there is a file to read.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.files import MAX_FILE_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from poollint.findings import Severity
    from poollint.fleet.tables import Table
    from poollint.patterns import Patterns
    from poollint.versions import Version

CONFIG_NAMES = ("poollint.toml", ".poollint.toml")
PYPROJECT = "pyproject.toml"
ALL = "all"
# fmt: off
DEFAULT_EXCLUDE = (
    ".git", ".hg", ".svn", ".bzr", ".direnv", ".eggs", ".idea", ".vscode", ".venv", "venv", ".env", ".nox", ".tox",
    ".mypy_cache", ".pytest_cache", ".ruff_cache", ".cache", "__pycache__", "__pypackages__", "site-packages",
    "node_modules", "bower_components", "vendor", "dist", "build", "_build", "buck-out", "target", ".terraform",
    ".gradle",
)
# fmt: on
_PYPROJECT_TABLE = rb"(?m)^[ \t]*(?:\[\[?[ \t]*)?tool[ \t]*\.[ \t]*[\"']?poollint\b"
_PREFIX = r"[a-z]+\d*"


class ConfigError(Exception):
    """The configuration, or a selector on the command line, says something that cannot be meant.

    ``str()`` has the file and, where it is known, the line.
    """

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None) -> None:
        where = "" if path is None else f"{shown(path)}: " if line is None else f"{shown(path)}:{line}: "
        super().__init__(where + message)
        self.path = path
        self.line = line


class Known(NamedTuple):
    """What a configuration may name.

    ``rules``: name, alias or code of a rule -> its options; ``systems``: system -> its options; both as tables of
    ``type``, ``default``, ``help``. ``groups``: topics, effects, prefixes of codes.
    """

    rules: Mapping[str, Mapping[str, Mapping[str, Any]]]
    systems: Mapping[str, Mapping[str, Mapping[str, Any]]]
    groups: Collection[str] = ()


class Override:
    """What ``[[overrides]]`` changes for the files that ``paths`` match; ``select`` is None when it is not written."""

    __slots__ = ("extend_select", "ignore", "origins", "paths", "rule_options", "select", "severity", "versions")

    def __init__(
        self,
        *,
        paths: tuple[str, ...],
        select: tuple[str, ...] | None = None,
        ignore: tuple[str, ...] = (),
        extend_select: tuple[str, ...] = (),
        severity: Mapping[str, Severity] | None = None,
        rule_options: Mapping[str, Mapping[str, Any]] | None = None,
        versions: Mapping[str, Version] | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        self.paths = paths
        self.select = select
        self.ignore = ignore
        self.extend_select = extend_select
        self.severity = severity or {}
        self.rule_options = rule_options or {}
        self.versions = versions or {}
        self.origins = origins or {}


class CliChoice(NamedTuple):
    """What the command line says on rules; ``select`` None: nothing."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    preview: bool | None = None


class Config:
    """The effective configuration of the files beneath ``root``.

    ``origins`` tells where each value comes from: ``poollint.toml:3``, ``command line``; a key that is not in it has
    its default (``origin`` says so).
    """

    __slots__ = (
        "_selections",
        "allow_inline",
        "baseline",
        "docs_url",
        "exclude",
        "extend_exclude",
        "extend_select",
        "fail_on",
        "files",
        "fleet",
        "ignore",
        "include",
        "max_file_size",
        "min_severity",
        "never_suppress",
        "origins",
        "overrides",
        "path",
        "preview",
        "require_reason",
        "root",
        "rule_dirs",
        "rule_options",
        "select",
        "severity",
        "system_options",
        "topology",
        "versions",
        "warnings",
    )

    def __init__(self, path: str | None = None, root: str | None = None) -> None:
        self.path = path
        self.root = root if root is not None else os.path.dirname(os.path.abspath(path)) if path else os.getcwd()
        self.select: tuple[str, ...] = ()
        self.ignore: tuple[str, ...] = ()
        self.extend_select: tuple[str, ...] = ()
        self.exclude: tuple[str, ...] = DEFAULT_EXCLUDE
        self.extend_exclude: tuple[str, ...] = ()
        self.include: tuple[str, ...] = ()
        self.files: tuple[tuple[str, str], ...] = ()
        self.versions: dict[str, Version] = {}
        self.fail_on = "warning"
        self.min_severity: Severity = "info"
        self.severity: dict[str, Severity] = {}
        self.rule_options: dict[str, dict[str, Any]] = {}
        self.overrides: list[Override] = []
        self.system_options: dict[str, dict[str, Any]] = {}
        self.rule_dirs: tuple[str, ...] = ()
        self.require_reason = False
        self.allow_inline = True
        self.never_suppress: tuple[str, ...] = ()
        self.max_file_size = MAX_FILE_SIZE
        self.preview = False
        self.baseline: str | None = None
        self.docs_url = ""
        self.topology: dict[str, dict[str, dict[str, Any]]] = {}
        self.fleet: dict[tuple[str, str], Table] = {}
        self.origins: dict[str, str] = {}
        self.warnings: list[str] = []
        self._selections: dict[Any, Selection] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "_selections"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._selections = {}

    def origin(self, key: str) -> str:
        """Where a dotted key (``rules.NAME.threshold``, ``select``) has its value from."""
        return self.origins.get(key, "default")

    def relative(self, path: str) -> str:
        """A path as the configuration's patterns see it: from ``root``, with ``/``."""
        if not self.root:
            return path
        full = os.path.abspath(path)
        start = self.root if self.root.endswith(os.sep) else self.root + os.sep
        inside = full[len(start) :] if full.startswith(start) else os.path.relpath(full, self.root)
        return inside.replace(os.sep, "/")

    def overrides_of(self, path: str) -> list[Override]:
        """The overrides whose patterns match a file, in the order of the configuration."""
        if not self.overrides:
            return []
        inside = self.relative(path)
        return [override for override in self.overrides if matches(override.paths, inside)]

    def system_of(self, path: str) -> tuple[str, str] | None:
        """What ``[files]`` says of a path: (system, the pattern); the last pattern that matches decides."""
        if not self.files:
            return None
        inside = self.relative(path)
        for pattern, system in reversed(self.files):
            if matches((pattern,), inside):
                return system, pattern
        return None


def default_config() -> Config:
    """What holds where no configuration file is found."""
    return Config()


def load_config(path: str | None, *, known: Known) -> Config:
    """The configuration that a file holds. ConfigError for anything that is not understood."""
    if path is None:
        return default_config()
    from poollint.config_reading import read_config

    return read_config(path, known)


def parse_config(text: str, *, known: Known, path: str = "poollint.toml", root: str = "") -> Config:
    """The configuration that a text holds: for examples and for callers without a file."""
    from poollint.config_reading import read_text

    return read_text(text, path, root, known)


def config_in(folder: str) -> str | None:
    """The configuration file that stands in a folder itself."""
    for name in CONFIG_NAMES:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    path = os.path.join(folder, PYPROJECT)
    return path if _names_us(path) else None


def _names_us(path: str) -> bool:
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as handle:
            data = handle.read()
    except OSError:
        return False
    return b"poollint" in data and re.search(_PYPROJECT_TABLE, data) is not None


class ConfigFinder:
    """The configuration of each path, every file read once: call it with a file or a directory."""

    __slots__ = ("_by_folder", "_by_path", "_default", "known", "prepare")

    def __init__(self, known: Known, prepare: Callable[[str], None] = lambda _: None) -> None:
        self.known = known
        self.prepare = prepare  # told of each file before it is read
        self._by_folder: dict[str, Config] = {}
        self._by_path: dict[str, Config] = {}
        self._default: Config | None = None

    def __call__(self, path: str) -> Config:
        folder = os.path.abspath(path)
        found = self._by_folder.get(folder)
        if found is not None:
            return found
        if not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        passed = []
        while found is None:
            found = self._by_folder.get(folder)
            if found is None:
                passed.append(folder)
                found = self._of_folder(folder)
                folder = os.path.dirname(folder)
        for each in passed:
            self._by_folder[each] = found
        return found

    def _of_folder(self, folder: str) -> Config | None:
        """What the search ends with in this folder; None: go on upwards."""
        path = config_in(folder)
        if path is not None:
            if path not in self._by_path:
                self.prepare(path)
                self._by_path[path] = load_config(path, known=self.known)
            return self._by_path[path]
        if os.path.dirname(folder) == folder or os.path.exists(os.path.join(folder, ".git")):
            if self._default is None:
                self._default = default_config()
            return self._default
        return None


@cache
def _compiled(patterns: tuple[str, ...]) -> Patterns:
    from poollint.patterns import Patterns

    return Patterns(patterns)


def matches(patterns: Sequence[str], path: str) -> bool:
    """Whether gitignore-style patterns match a path (with a ``/`` at its end for a directory)."""
    return _compiled(tuple(patterns)).holds(path)


def shown(path: str) -> str:
    """A path as messages name it: relative to the working directory where that is shorter."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return (relative if len(relative) < len(path) else path).replace(os.sep, "/")


def closest(word: str, options: Iterable[str]) -> str:
    """``; did you mean 'x'?`` with the option most like a word; empty when none is."""
    from difflib import get_close_matches

    by_fold = {option.lower().replace("_", "-"): option for option in options}
    found = get_close_matches(word.lower().replace("_", "-"), by_fold, n=1, cutoff=0.6)
    return f"; did you mean {by_fold[found[0]]!r}?" if found else ""


def check_selectors(
    selectors: Iterable[str], known: Known, where: str, *, path: str | None = None, line: int | None = None
) -> None:
    """ConfigError, with the closest match, for a selector that names no rule, system or group."""
    for selector in selectors:
        if not is_selector(selector, known):
            raise ConfigError(unknown_selector(selector, known, where), path=path, line=line)


def unknown_selector(selector: str, known: Known, where: str) -> str:
    options = {*known.rules, *known.systems, *known.groups, "ALL"}
    return f"{where}: {selector!r} is no rule, system or group{closest(selector, options)}"


def is_selector(selector: str, known: Known) -> bool:
    """Whether a word names a rule (code, name, alias), the prefix of codes, a system, a group, or ALL."""
    folded = selector.lower()
    if folded == ALL or selector in known.rules or selector in known.systems or selector in known.groups:
        return True
    named = {name.lower() for name in (*known.rules, *known.systems, *known.groups)}
    if folded in named:
        return True
    if re.fullmatch(_PREFIX, folded) is None:
        return False
    return any(name.isupper() and name.lower().startswith(folded) for name in known.rules)


def check_choice(choice: CliChoice, known: Known) -> list[str]:
    """ConfigError for an unknown selector of the command line; a warning where it would only leave out."""
    check_selectors(choice.select or (), known, "--select")
    check_selectors(choice.extend_select, known, "--extend-select")
    return [unknown_selector(each, known, "--ignore") for each in choice.ignore if not is_selector(each, known)]


class _Layer:
    """Selections of one origin: selector in lower case -> where it stands. ``only`` None: no ``select`` here."""

    __slots__ = ("ignore", "more", "only", "origin")

    def __init__(self, only: dict[str, str] | None, more: dict[str, str], ignore: dict[str, str], origin: str) -> None:
        self.only = only
        self.more = more
        self.ignore = ignore
        self.origin = origin


class _Rule:
    """What selectors name a rule by, in lower case."""

    __slots__ = ("code", "groups", "names", "system")

    def __init__(self, code: str, names: tuple[str, ...], system: str, groups: tuple[str, ...]) -> None:
        self.code = code
        self.names = names
        self.system = system
        self.groups = groups


class Selection:
    """Which rules are active for a file: the last layer that speaks of a rule decides, in it the closest selector."""

    __slots__ = ("_known", "_layers", "preview", "severities")

    def __init__(self, layers: Sequence[_Layer], *, preview: bool, severities: dict[str, Severity]) -> None:
        self._layers = tuple(reversed(layers))
        self._known: dict[str, tuple[bool, str]] = {}
        self.preview = preview
        self.severities = severities

    def active(
        self,
        code: str,
        name: str,
        system: str,
        topic: str,
        preview: bool = False,
        *,
        effect: str = "",
        aliases: Sequence[str] = (),
    ) -> tuple[bool, str]:
        """Whether a rule runs, and why: ``selected by default``, ``ignored by poollint.toml:4``."""
        found = self._known.get(code)
        if found is None:
            names = (name.lower(), *(alias.lower() for alias in aliases))
            rule = _Rule(code.lower(), names, system.lower(), (topic.lower(), effect.lower()))
            found = self._known[code] = self._decide(rule, preview)
        return found

    def _decide(self, rule: _Rule, preview: bool) -> tuple[bool, str]:
        for layer in self._layers:
            chosen, where = _best({**(layer.only or {}), **layer.more}, rule)
            ignored, ignored_where = _best(layer.ignore, rule)
            if ignored is not None and (chosen is None or ignored >= chosen):
                return False, f"ignored by {ignored_where}"
            if chosen is not None:
                if preview and not self.preview and chosen < _NAME:
                    return False, "a preview rule: select it by its code, or turn on preview"
                return True, f"selected by {where}"
            if layer.only is not None:
                return False, f"not selected by {layer.origin}"
        if preview and not self.preview:
            return False, "a preview rule: select it by its code, or turn on preview"
        return True, "selected by default"

    def severity(self, code: str, name: str, aliases: Sequence[str] = ()) -> Severity | None:
        """The severity that the configuration gives a rule, if it does."""
        for key in (code, name, *aliases):
            found = self.severities.get(key)
            if found is not None:
                return found
        return None


_CODE, _NAME = (5, 0), (4, 0)


def _best(selectors: Mapping[str, str], rule: _Rule) -> tuple[tuple[int, int] | None, str]:
    """How closely the best of the selectors names a rule, and where that selector stands."""
    best: tuple[int, int] | None = None
    where = ""
    for selector, origin in selectors.items():
        rank = _rank(selector, rule)
        if rank is not None and (best is None or rank > best):
            best, where = rank, origin
    return best, where


def _rank(selector: str, rule: _Rule) -> tuple[int, int] | None:
    if selector == rule.code:
        return _CODE
    if selector in rule.names:
        return _NAME
    if selector == rule.system:
        return (3, 0)
    if re.fullmatch(_PREFIX, selector) and rule.code.startswith(selector):
        return (3, len(selector))
    if selector in rule.groups:
        return (2, 0)
    return (1, 0) if selector == ALL else None


def names_rule(selector: str, brief: Mapping[str, Any]) -> bool:
    """Whether a selector names a rule: ``brief`` has its code, name, system, topic, effect and aliases."""
    names = (brief["name"].lower(), *(alias.lower() for alias in brief.get("aliases", ())))
    groups = (brief.get("topic", ""), brief.get("effect", ""))
    return _rank(selector.lower(), _Rule(brief["code"].lower(), names, brief.get("system", ""), groups)) is not None


def selection_for(config: Config, path: str, cli: CliChoice) -> Selection:
    """The selection for one file; files with the same overrides share it."""
    overrides = config.overrides_of(path)
    key = (cli, tuple(map(id, overrides)))
    found = config._selections.get(key)  # noqa: SLF001
    if found is None:
        found = config._selections[key] = _build(config, overrides, cli)  # noqa: SLF001
    return found


def _build(config: Config, overrides: Sequence[Override], cli: CliChoice) -> Selection:
    only = config.select if config.select or "select" in config.origins else None
    base = _layer(only, config.extend_select, config.ignore, config.origins, "select")
    layers = [base]
    severities = dict(config.severity)
    for override in overrides:
        layers.append(_layer(override.select, override.extend_select, override.ignore, override.origins, "paths"))
        severities.update(override.severity)
    said = {"": "the command line"}
    layers.append(_layer(cli.select, cli.extend_select, cli.ignore, said, ""))
    preview = config.preview if cli.preview is None else cli.preview
    return Selection(layers, preview=preview, severities=severities)


def _layer(
    select: Sequence[str] | None, more: Sequence[str], ignore: Sequence[str], origins: Mapping[str, str], key: str
) -> _Layer:
    origin = origins.get(key) or origins.get("", "the configuration")

    def placed(key: str, selectors: Sequence[str]) -> dict[str, str]:
        return {each.lower(): origins.get(f"{key}.{each}") or origin for each in selectors}

    only = None if select is None else placed("select", select)
    return _Layer(only, placed("extend-select", more), placed("ignore", ignore), origin)


def options_for(config: Config, path: str, code: str, name: str, aliases: Sequence[str] = ()) -> dict[str, Any]:
    """The options that the configuration sets for a rule in a file, without the defaults."""
    found: dict[str, Any] = {}
    for table in (config.rule_options, *(override.rule_options for override in config.overrides_of(path))):
        for key in (*aliases, name, code):
            found.update(table.get(key, {}))
    return found


def versions_for(config: Config, path: str) -> dict[str, Version]:
    """The versions that the configuration tells for a file: system -> version."""
    found = dict(config.versions)
    for override in config.overrides_of(path):
        found.update(override.versions)
    return found
