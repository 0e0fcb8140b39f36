"""poollint.toml and [tool.poollint] as a Config: every key, name and type checked, with its line."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from poollint.config import Config, ConfigError, Known, Override, closest, shown
from poollint.config_values import File, Values
from poollint.findings import SEVERITIES
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poollint.config_lines import Path
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
_AT_LINE = r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)"


def read_config(path: str, known: Known) -> Config:
    """The Config of a file, laid over what it extends."""
    config = Config(path)
    _apply_file(config, path, known, ())
    return _checked(config)


def read_text(text: str, path: str, root: str, known: Known) -> Config:
    """The Config of a text."""
    config = Config(path, root)
    _Reader(config, known, File(path, root, text, ())).read()
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
    _Reader(config, known, File(path, base, text, (*seen, os.path.realpath(path)))).read()


def rule_dirs_in(path: str) -> tuple[str, ...]:
    """The directories of a configuration's own rules, before anything else in it can be checked."""
    none = Known({}, {})
    found: list[str] = []
    seen: list[str] = []
    while os.path.realpath(path) not in seen and os.path.isfile(path):
        seen.append(os.path.realpath(path))
        with open(path, "rb") as handle:
            text = handle.read().decode("utf-8-sig", "replace")
        reader = _Reader(Config(path), none, File(path, os.path.dirname(os.path.abspath(path)), text, ()))
        data = reader.load()
        if not found and "rule-dirs" in data:
            reader.top("rule-dirs", data["rule-dirs"])
            found += reader.config.rule_dirs
        target = data.get("extends")
        if not isinstance(target, str):
            break
        path = os.path.join(reader.base, os.path.expanduser(target))
    return tuple(found)


class _Reader(Values):
    """Lays one file over a Config."""

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
            setattr(config, key.replace("-", "_"), self.added(key, selectors))
            config.origins.update({f"{key}.{each}": self.origin(at, each) for each in selectors})
        elif key in LISTS:
            texts = self.texts(value, at)
            if key == "rule-dirs":
                texts = tuple(self.resolve(text) for text in texts)
            setattr(config, key.replace("-", "_"), self.added(key, texts))
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

    def added(self, key: str, texts: tuple[str, ...]) -> tuple[str, ...]:
        """A list as it stands over that of the file beneath: ``extend-…`` adds to it, any other replaces it."""
        beneath: tuple[str, ...] = getattr(self.config, key.replace("-", "_")) or ()
        return tuple(dict.fromkeys((*beneath, *texts))) if key.startswith("extend-") else texts

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
