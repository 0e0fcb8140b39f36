"""What a run is told: its options, the configuration that holds for each path, and which rules count there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.engine.judge import Policy, Rule
from poollint.knowledge.index import Knowledge, knowledge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from poollint.config import CliChoice, Config, Selection
    from poollint.findings import Severity
    from poollint.versions import Version


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


class Configured:
    """The knowledge of a run, and the configurations found on its way."""

    def __init__(self, options: Options, known: Knowledge | None = None) -> None:
        self.options = options
        self.knowledge = known or knowledge()
        self._config_of: Callable[[str], Config] | None = None
        self._policies: dict[str, Policy] = {}
        self._system_config: dict[tuple[str, int], dict[str, Any]] = {}
        self._walked = False
        self._known = LazyKnown(self)

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

    def root(self) -> str:
        return os.path.abspath(self.options.config.root) if self.options.config is not None else os.getcwd()

    def _extra_cards(self) -> list[dict[str, Any]]:
        return [dict(card) for card in self.options.extra_cards]


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

    def __init__(self, run: Configured) -> None:
        self._run = run

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._run.known(), name)
        setattr(self, name, value)
        return value

    def forget(self) -> None:
        """Gather the names again: there are more rules now."""
        run = self._run
        vars(self).clear()
        self._run = run
