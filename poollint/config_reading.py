"""poollint.toml and [tool.poollint] as a Config: every key, name and type checked, with its line."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from poollint.config import (
    PYPROJECT,
    Config,
    ConfigError,
    Known,
    Override,
    check_selectors,
    closest,
    is_selector,
    shown,
    unknown_selector,
)
from poollint.findings import SEVERITIES
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from poollint.findings import Severity
    from poollint.fleet.tables import At
    from poollint.versions import Version

TOPOLOGY = ("database", "service", "proxy", "balancer")
LISTS = ("select", "ignore", "extend-select", "exclude", "extend-exclude", "include", "rule-dirs", "never-suppress")
FLAGS = ("require-reason", "allow-inline", "preview")
TEXTS = ("fail-on", "min-severity", "max-file-size", "baseline", "docs-url", "extends")
TABLES = ("versions", "files", "severity", "rules", "overrides")
CHOICES = ("select", "ignore", "extend-select")
SELECTORS = (*CHOICES, "never-suppress")
OVERRIDE_KEYS = ("paths", "select", "ignore", "extend-select", "severity", "rules", "versions")
FAIL_ON = (*reversed(SEVERITIES), "never")
NO_SYSTEM = "none"
MOST = 1e15
QUANTITIES = {"share": "share", "count-or-share": "count_or_share", "rate": "rate", "time": "duration"}

_HEAD = re.compile(r"\s*(\[\[?)([^\]\n]+)\]\]?\s*(?:#.*)?$")
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_PARTS = re.compile(r"""[\w-]+|"([^"\n]*)"|'([^'\n]*)'""")
_AT_LINE = r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)"
_SIZE = r"(?i)(\d+(?:\.\d+)?)\s*([KMG]?)(i?)B?"
_DURATION = r"(\d+(?:\.\d+)?)\s*(us|ms|s|sec|m|min|h|d|days?|)"
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1, "sec": 1, "": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "day": 86400}

Path = tuple[str | int, ...]


def read_config(path: str, known: Known) -> Config:
    """The Config of a file, laid over what it extends."""
    config = Config(path)
    _apply_file(config, path, known, ())
    return _checked(config)


def read_text(text: str, path: str, root: str, known: Known) -> Config:
    """The Config of a text."""
    config = Config(path, root)
    _Reader(config, known, _File(path, root, text, ())).read()
    return _checked(config)


def _checked(config: Config) -> Config:
    """ConfigError for tables of the fleet that do not fit each other, whatever files they come from."""
    if config.fleet:
        from poollint.fleet.tables import check

        check(config.fleet)
    return config


def _apply_file(config: Config, path: str, known: Known, seen: tuple[str, ...]) -> None:
    try:
        with open(path, "rb") as handle:
            data = handle.read()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", path=path) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8, which TOML must be", path=path, line=line) from None
    base = os.path.dirname(os.path.abspath(path))
    _Reader(config, known, _File(path, base, text, (*seen, os.path.realpath(path)))).read()


class _File(NamedTuple):
    """A text to read: relative paths in it start at ``base``; ``seen`` are the files that led here, and itself."""

    path: str
    base: str
    text: str
    seen: tuple[str, ...]


def rule_dirs_in(path: str) -> tuple[str, ...]:
    """The directories of a configuration's own rules, before anything else in it can be checked."""
    none = Known({}, {})
    found: list[str] = []
    seen: list[str] = []
    while os.path.realpath(path) not in seen and os.path.isfile(path):
        seen.append(os.path.realpath(path))
        with open(path, "rb") as handle:
            text = handle.read().decode("utf-8-sig", "replace")
        reader = _Reader(Config(path), none, _File(path, os.path.dirname(os.path.abspath(path)), text, ()))
        data = reader.load()
        if not found and "rule-dirs" in data:
            reader.top("rule-dirs", data["rule-dirs"])
            found += reader.config.rule_dirs
        target = data.get("extends")
        if not isinstance(target, str):
            break
        path = os.path.join(reader.base, os.path.expanduser(target))
    return tuple(found)


class _Lines:
    """On which line of a TOML text each key stands."""

    def __init__(self, text: str, prefix: Path) -> None:
        self.lines = text.split("\n")
        self.prefix = prefix
        self._found: dict[Path, int] | None = None

    def of(self, path: Path) -> int | None:
        """The line of a key, or of the nearest table around it; None when neither can be told."""
        found = self._found
        if found is None:
            found = self._found = self._scan()
        path = (*self.prefix, *path)
        while len(path) > len(self.prefix):
            if path in found:
                return found[path]
            path = path[:-1]
        return found.get(path)

    def of_item(self, path: Path, item: str) -> int | None:
        """The line of one text within the array of a key."""
        start = self.of(path)
        if start is None:
            return None
        quoted = (f'"{item}"', f"'{item}'")
        for number in range(start, min(start + 500, len(self.lines) + 1)):
            if any(text in self.lines[number - 1] for text in quoted):
                return number
        return start

    def _scan(self) -> dict[Path, int]:
        found: dict[Path, int] = {}
        counts: dict[Path, int] = {}
        table: Path = ()
        for number, line in enumerate(self.lines, 1):
            head = _HEAD.match(line)
            if head is not None:
                table = _indexed(_split(head[2]), counts)
                if head[1] == "[[":
                    count = counts[table] = counts.get(table, -1) + 1
                    table = (*table, count)
                for length in range(1, len(table) + 1):
                    found.setdefault(table[:length], number)
                continue
            key = _KEY.match(line)
            if key is not None:
                found.setdefault((*table, *_split(key[1])), number)
        return found


def _split(dotted: str) -> Path:
    return tuple(
        match[0] if match[1] is None and match[2] is None else match[1] if match[1] is not None else match[2]
        for match in _PARTS.finditer(dotted)
    )


def _indexed(path: Path, counts: Mapping[Path, int]) -> Path:
    """``overrides.severity`` behind the second ``[[overrides]]`` is ``overrides``, 1, ``severity``."""
    for length in range(len(path) - 1, 0, -1):
        if path[:length] in counts:
            return (*path[:length], counts[path[:length]], *path[length:])
    return path


class _Reader:
    """Lays one file over a Config."""

    def __init__(self, config: Config, known: Known, file: _File) -> None:
        self.config = config
        self.known = known
        self.path = file.path
        self.base = file.base
        self.seen = file.seen
        self.raw = file.text
        inside = os.path.basename(file.path) == PYPROJECT
        self.lines = _Lines(file.text, ("tool", "poollint") if inside else ())

    def read(self) -> None:
        data = self.load()
        if "extends" in data:
            self.extend(data["extends"])
        self.apply(data)

    def load(self) -> dict[str, Any]:
        """The tables as TOML has them; in pyproject.toml those beneath [tool.poollint]."""
        import tomli

        try:
            data: Any = tomli.loads(self.raw)
        except tomli.TOMLDecodeError as error:
            message = str(error)
            at = re.search(_AT_LINE, message)
            line = int(at[1]) if at and at[1] else self.raw.count("\n") + 1
            raise ConfigError(f"is no TOML: {re.sub(_AT_LINE, '', message)}", path=self.path, line=line) from None
        for key in self.lines.prefix:
            data = data.get(key, {}) if isinstance(data, dict) else None
        return self.table(data, ("[tool.poollint]",))

    def fail(self, at: Path, message: str, item: str | None = None) -> NoReturn:
        line = self.lines.of(at) if item is None else self.lines.of_item(at, item)
        raise ConfigError(message, path=self.path, line=line)

    def origin(self, at: Path, item: str | None = None) -> str:
        line = self.lines.of(at) if item is None else self.lines.of_item(at, item)
        return shown(self.path) if line is None else f"{shown(self.path)}:{line}"

    def extend(self, value: Any) -> None:
        target = self.text(value, ("extends",))
        path = os.path.join(self.base, os.path.expanduser(target))
        if os.path.realpath(path) in self.seen:
            self.fail(("extends",), f"extends {target!r}, which extends this file again")
        if not os.path.isfile(path):
            self.fail(("extends",), f"extends {target!r}, which is no file")
        _apply_file(self.config, path, self.known, self.seen)
        self.config.origins["extends"] = self.origin(("extends",))

    def apply(self, data: Mapping[str, Any]) -> None:
        simple = (*LISTS, *FLAGS, *TEXTS)
        for key, value in data.items():
            if key in simple:
                self.top(key, value)
            elif key in TABLES:
                getattr(self, key)(value)
            elif key in TOPOLOGY:
                self.topology(key, value)
            elif key in self.known.systems:
                self.system(key, value)
            else:
                options = (*simple, *TABLES, *TOPOLOGY, *self.known.systems)
                self.fail((key,), f"unknown key {key!r}{closest(key, options)}")

    def top(self, key: str, value: Any) -> None:
        at = (key,)
        config = self.config
        config.origins[key] = self.origin(at)
        if key in FLAGS:
            setattr(config, key.replace("-", "_"), self.flag(value, at))
        elif key in SELECTORS:
            selectors = self.selectors(value, at)
            setattr(config, key.replace("-", "_"), selectors)
            config.origins.update({f"{key}.{each}": self.origin(at, each) for each in selectors})
        elif key in LISTS:
            texts = self.texts(value, at)
            if key == "rule-dirs":
                texts = tuple(self.resolve(text) for text in texts)
            setattr(config, key.replace("-", "_"), texts)
        elif key == "fail-on":
            config.fail_on = self.one_of(value, FAIL_ON, at)
        elif key == "min-severity":
            config.min_severity = self.severity_of(value, at)
        elif key == "max-file-size":
            config.max_file_size = self.size(value, at)
        elif key == "baseline":
            config.baseline = self.resolve(self.text(value, at))
        elif key == "docs-url":
            config.docs_url = self.url(value, at)

    def versions(self, value: Any) -> None:
        self.config.versions.update(self.version_table(value, ("versions",)))
        self.note("versions", value)

    def files(self, value: Any) -> None:
        added = []
        for pattern, system in self.table(value, ("files",)).items():
            at = ("files", pattern)
            name = self.text(system, at)
            if name != NO_SYSTEM and name not in self.known.systems:
                self.fail(at, f"{name!r} is no system{closest(name, (*self.known.systems, NO_SYSTEM))}")
            added.append((pattern, name))
        self.config.files = (*self.config.files, *added)
        self.note("files", value)

    def severity(self, value: Any) -> None:
        self.config.severity.update(self.severity_table(value, ("severity",)))
        self.note("severity", value)

    def rules(self, value: Any) -> None:
        for name, options in self.rule_table(value, ("rules",)).items():
            self.config.rule_options.setdefault(name, {}).update(options)
            self.note(f"rules.{name}", value[name])

    def overrides(self, value: Any) -> None:
        if not isinstance(value, list):
            self.fail(("overrides",), "overrides must be an array of tables: [[overrides]]")
        for index, table in enumerate(value):
            self.config.overrides.append(self.override(self.table(table, ("overrides", index)), ("overrides", index)))

    def override(self, table: Mapping[str, Any], at: Path) -> Override:
        self.only(table, OVERRIDE_KEYS, at)
        if "paths" not in table:
            self.fail(at, '[[overrides]] needs paths, such as paths = ["deploy/**"]')
        origins = {"": self.origin(at), "paths": self.origin((*at, "paths"))}
        chosen: dict[str, tuple[str, ...]] = {}
        for key in CHOICES:
            if key in table:
                chosen[key] = self.selectors(table[key], (*at, key))
                origins.update({f"{key}.{each}": self.origin((*at, key), each) for each in chosen[key]})
        return Override(
            paths=self.texts(table["paths"], (*at, "paths")),
            select=chosen.get("select"),
            ignore=chosen.get("ignore", ()),
            extend_select=chosen.get("extend-select", ()),
            severity=self.severity_table(table.get("severity", {}), (*at, "severity")),
            rule_options=self.rule_table(table.get("rules", {}), (*at, "rules")),
            versions=self.version_table(table.get("versions", {}), (*at, "versions")),
            origins=origins,
        )

    def topology(self, kind: str, value: Any) -> None:
        from poollint.fleet.tables import Entry, Table, specs_of

        specs = specs_of(kind)
        for name, table in self.table(value, (kind,)).items():
            at = (kind, name)
            raw = self.table(table, at)
            self.config.topology.setdefault(kind, {}).setdefault(name, {}).update(raw)
            found = self.config.fleet.setdefault((kind, name), Table(kind, name, self.at(at), {}))
            for option, typed in self.options(raw, specs, at).items():
                key = next(each for each in raw if each.replace("-", "_") == option)
                found.entries[option] = Entry(key, typed, self.at((*at, key)))
            self.note(f"{kind}.{name}", raw)

    def at(self, path: Path) -> At:
        from poollint.fleet.tables import At

        return At(shown(self.path), self.raw, self.lines.of(path))

    def system(self, system: str, value: Any) -> None:
        options = self.known.systems[system]
        found = self.options(value, options, (system,))
        self.config.system_options.setdefault(system, {}).update(found)
        self.note(system, value)

    def note(self, key: str, table: Mapping[str, Any]) -> None:
        """Keep where each key of a table stands."""
        at = tuple(key.split(".", 1))
        for name in table:
            self.config.origins[f"{key}.{name}"] = self.origin((*at, name))

    def version_table(self, value: Any, at: Path) -> dict[str, Version]:
        found = {}
        for system, version in self.table(value, at).items():
            here = (*at, system)
            if system not in self.known.systems:
                self.fail(here, f"{system!r} is no system{closest(system, self.known.systems)}")
            if not isinstance(version, str):
                self.fail(here, f'write the version as text: {system} = "{version}"')
            try:
                found[system] = parse_version(version)
            except ValueError as error:
                self.fail(here, str(error))
        return found

    def severity_table(self, value: Any, at: Path) -> dict[str, Severity]:
        found = {}
        for rule, severity in self.table(value, at).items():
            self.known_rule(rule, (*at, rule))
            found[rule] = self.severity_of(severity, (*at, rule))
        return found

    def rule_table(self, value: Any, at: Path) -> dict[str, dict[str, Any]]:
        found = {}
        for rule, table in self.table(value, at).items():
            self.known_rule(rule, (*at, rule))
            found[rule] = self.options(table, self.known.rules[rule], (*at, rule))
        return found

    def known_rule(self, rule: str, at: Path) -> None:
        if rule not in self.known.rules:
            self.fail(at, f"{rule!r} is no rule{closest(rule, self.known.rules)}")

    def options(self, value: Any, specs: Mapping[str, Mapping[str, Any]], at: Path) -> dict[str, Any]:
        """Options by their names with underscores; each of the type that its table tells."""
        by_name = {name.replace("-", "_"): spec for name, spec in specs.items()}
        found = {}
        for key, given in self.table(value, at).items():
            name = key.replace("-", "_")
            if name not in by_name:
                self.unknown(key, [each.replace("_", "-") for each in by_name], (*at, key))
            found[name] = self.typed(given, by_name[name], (*at, key))
        return found

    def typed(self, value: Any, spec: Mapping[str, Any], at: Path) -> Any:
        kind = spec.get("type", "string")
        check: Callable[[Any, Path], Any] | None = {
            "int": self.whole,
            "float": self.number,
            "bool": self.flag,
            "string": self.text,
            "path": self.file_path,
            "duration": self.duration,
            "size": self.size,
            "list": self.texts,
            "balancer": self.balancer,
            "name": self.text,
            "names": self.names,
        }.get(kind)
        if kind in QUANTITIES:
            return self.quantity(value, QUANTITIES[kind], at)
        found = value if check is None else check(value, at)
        choices = spec.get("enum") or spec.get("choices")
        if choices and found not in choices:
            self.fail(at, f"{at[-1]} must be one of {', '.join(map(str, choices))}, not {value!r}")
        low, high = spec.get("min"), spec.get("max")
        if low is not None and found < low:
            self.fail(at, f"{at[-1]} = {value}: the least is {low}")
        if high is not None and found > high:
            self.fail(at, f"{at[-1]} = {value}: the most is {high}")
        return found

    # Values

    def wrong(self, value: Any, wanted: str, at: Path) -> NoReturn:
        name = next((part for part in reversed(at) if isinstance(part, str)), "this")
        self.fail(at, f"{name} must be {wanted}, not {_kind(value)}")

    def unknown(self, key: str, options: Iterable[str], at: Path) -> NoReturn:
        options = list(options)
        table = ".".join(part for part in at[:-1] if isinstance(part, str))
        known = closest(key, options) or (f"; known are {', '.join(sorted(options))}" if options else "; it has none")
        self.fail(at, f"unknown key {key!r} in [{table}]{known}")

    def only(self, table: Mapping[str, Any], keys: Iterable[str], at: Path) -> None:
        for key in table:
            if key not in keys:
                self.unknown(key, keys, (*at, key))

    def table(self, value: Any, at: Path) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.wrong(value, "a table", at)
        found: dict[str, Any] = value
        return found

    def text(self, value: Any, at: Path) -> str:
        if not isinstance(value, str):
            self.wrong(value, "text in quotes", at)
        return str(value)

    def texts(self, value: Any, at: Path) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.wrong(value, "a list of texts", at)
        return tuple(value)

    def url(self, value: Any, at: Path) -> str:
        text = self.text(value, at)
        if text and re.match(r"(?:https?|file)://\S+$", text) is None:
            self.fail(at, f"{at[-1]} must be an address such as https://example.org/poollint, not {value!r}")
        return text

    def selectors(self, value: Any, at: Path) -> tuple[str, ...]:
        """Those that name something. An unknown rule to leave out is a warning: another version may know it."""
        found = []
        for each in self.texts(value, at):
            line = self.lines.of_item(at, each)
            if at[-1] == "ignore" and not is_selector(each, self.known):
                said = ConfigError(unknown_selector(each, self.known, "ignore"), path=self.path, line=line)
                self.config.warnings.append(str(said))
                continue
            check_selectors((each,), self.known, str(at[-1]), path=self.path, line=line)
            found.append(each)
        return tuple(found)

    def flag(self, value: Any, at: Path) -> bool:
        if not isinstance(value, bool):
            self.wrong(value, "true or false", at)
        return bool(value)

    def whole(self, value: Any, at: Path) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong(value, "a whole number", at)
        return int(self.sane(value, at))

    def number(self, value: Any, at: Path) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.wrong(value, "a number", at)
        return float(self.sane(value, at))

    def duration(self, value: Any, at: Path) -> float:
        """Seconds, from a number of seconds or a text such as ``500ms``, ``30s``, ``5min``."""
        if isinstance(value, str):
            match = re.fullmatch(_DURATION, value.strip())
            if match is not None:
                return float(match[1]) * _SECONDS[match[2].removesuffix("s") if match[2] == "days" else match[2]]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(value, 'seconds, or a text such as "30s", "5min"', at)
        return float(value)

    def size(self, value: Any, at: Path) -> int:
        """Bytes, from a number of bytes or a text such as ``64MiB``."""
        if isinstance(value, str):
            match = re.fullmatch(_SIZE, value.strip())
            if match is not None:
                step = 1000 if match[2] and not match[3] and value.strip().lower().endswith("b") else 1024
                return int(float(match[1]) * step ** " KMG".index(match[2].upper() or " "))
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.wrong(value, 'a size such as "64MiB"', at)
        return int(value)

    def names(self, value: Any, at: Path) -> tuple[str, ...]:
        """One text, or a list of texts."""
        return (value,) if isinstance(value, str) else self.texts(value, at)

    def quantity(self, value: Any, reader: str, at: Path) -> int | float:
        """What ``poollint size`` reads likewise: a number, or a text with its unit."""
        from poollint.sizing import units

        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.wrong(value, "a number or a text with its unit", at)
        try:
            found: int | float = getattr(units, reader)(str(value))
        except ValueError as error:
            self.fail(at, f"{at[-1]}: {error}")
        return self.sane(found, at)

    def sane(self, value: float, at: Path) -> float:
        """The number, unless nobody could count so far."""
        if not abs(value) <= MOST:
            self.fail(at, f"{at[-1]} is beyond all numbers that make sense")
        return value

    def file_path(self, value: Any, at: Path) -> str:
        return self.resolve(self.text(value, at))

    def balancer(self, value: Any, at: Path) -> Any:
        """What stands in front of a server: a profile's name or its idle time."""
        from poollint.knowledge.balancers import FrontError, front

        try:
            front(value)
        except FrontError as error:
            self.fail(at, f"{at[-1]}: {error}")
        return value

    def resolve(self, value: str) -> str:
        """A path as the file means it: from the directory that the file stands in."""
        path = os.path.expanduser(value)
        return shown(os.path.normpath(os.path.join(self.base, path))) if self.base else path

    def one_of(self, value: Any, options: tuple[str, ...], at: Path) -> str:
        text = self.text(value, at)
        if text not in options:
            self.fail(at, f"{at[-1]} must be one of {', '.join(options)}, not {text!r}{closest(text, options)}")
        return text

    def severity_of(self, value: Any, at: Path) -> Severity:
        text = self.one_of(value, tuple(reversed(SEVERITIES)), at)
        return next(each for each in SEVERITIES if each == text)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else type(value).__name__
