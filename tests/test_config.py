"""The configuration: found, read, refused, and asked which rules are active."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from poollint.config import (
    CliChoice,
    Config,
    ConfigError,
    ConfigFinder,
    Known,
    check_choice,
    default_config,
    load_config,
    options_for,
    parse_config,
    selection_for,
    versions_for,
)
from poollint.config_reading import rule_dirs_in

if TYPE_CHECKING:
    from pathlib import Path

THRESHOLD = {"threshold": {"type": "int", "default": 100, "min": 1}, "max_wait": {"type": "duration", "default": 30}}
KNOWN = Known(
    rules={
        "PGB001": THRESHOLD,
        "pool-too-large": THRESHOLD,
        "PGB012": {},
        "short-wait": {},
        "NGX001": {},
        "closed-upstream": {},
    },
    systems={
        "pgbouncer": {
            "instances": {"type": "int", "default": 1},
            "include_base": {"type": "path", "default": ""},
            "shared": {"type": "bool", "default": False},
            "hosts": {"type": "list", "default": []},
        },
        "nginx": {},
    },
    groups=("reuse", "wait", "size", "refused", "risk", "PGB", "NGX"),
)


def parse(text: str) -> Config:
    return parse_config(text, known=KNOWN)


class TestFind:
    def test_the_nearest_file_upwards(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / "poollint.toml").write_text("")
        deep = tmp_path / "a" / "b"
        deep.mkdir(parents=True)
        assert ConfigFinder(KNOWN)(str(deep)).path == str(tmp_path / "poollint.toml")
        (tmp_path / "a" / ".poollint.toml").write_text("")
        assert ConfigFinder(KNOWN)(str(deep / "nginx.conf")).path == str(tmp_path / "a" / ".poollint.toml")

    def test_stops_at_the_root_of_the_repository(self, tmp_path: Path) -> None:
        (tmp_path / "poollint.toml").write_text("")
        repository = tmp_path / "repo"
        (repository / ".git").mkdir(parents=True)
        assert not ConfigFinder(KNOWN)(str(repository)).path
        (repository / "poollint.toml").write_text("")
        assert ConfigFinder(KNOWN)(str(repository)).path == str(repository / "poollint.toml")

    @pytest.mark.parametrize(
        ("text", "ours"),
        [
            ("[tool.poollint]\nselect = ['ALL']\n", True),
            ("[tool.poollint.versions]\nnginx = '1.22'\n", True),
            ("[[tool.poollint.overrides]]\npaths = ['x']\n", True),
            ("[tool.other]\nx = 1  # not tool.poollint\n", False),
            ("[tool.poollinter]\nx = 1\n", False),
        ],
    )
    def test_a_pyproject_counts_when_it_names_us(self, tmp_path: Path, text: str, ours: bool) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / "pyproject.toml").write_text(text)
        assert bool(ConfigFinder(KNOWN)(str(tmp_path)).path) is ours

    def test_the_finder_reads_a_file_once_and_serves_all_beneath(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / "poollint.toml").write_text("preview = true\n")
        (tmp_path / "a" / "b").mkdir(parents=True)
        finder = ConfigFinder(KNOWN)
        found = finder(str(tmp_path / "a" / "b" / "nginx.conf"))
        assert found.preview
        assert finder(str(tmp_path / "a")) is found
        assert finder(str(tmp_path)) is found


class TestRead:
    def test_every_key(self) -> None:
        config = parse(
            """
select = ["PGB", "nginx"]
ignore = ["PGB012"]
extend-select = ["closed-upstream"]
exclude = ["generated/"]
extend-exclude = ["*.bak"]
include = ["deploy/**"]
fail-on = "error"
min-severity = "warning"
require-reason = true
allow-inline = false
max-file-size = "2MiB"
preview = true
baseline = "poollint-baseline.json"
rule-dirs = ["lint/rules"]

[versions]
nginx = "1.22"
[files]
"deploy/*.conf" = "nginx"
"redis/*" = "none"
[severity]
PGB001 = "info"
[rules.pool-too-large]
threshold = 50
max-wait = "5min"
[pgbouncer]
instances = 3
include-base = "/etc/pgbouncer"
[database.main]
max_connections = 100
[[overrides]]
paths = ["dev/**"]
ignore = ["size"]
severity = { PGB001 = "error" }
[overrides.versions]
nginx = "1.25"
"""
        )
        assert config.select == ("PGB", "nginx")
        assert config.exclude == ("generated/",)
        assert config.max_file_size == 2 * 1024 * 1024
        assert config.versions == {"nginx": (1, 22)}
        assert config.files == (("deploy/*.conf", "nginx"), ("redis/*", "none"))
        assert config.rule_options == {"pool-too-large": {"threshold": 50, "max_wait": 300.0}}
        assert config.system_options == {"pgbouncer": {"instances": 3, "include_base": "/etc/pgbouncer"}}
        assert config.topology == {"database": {"main": {"max_connections": 100}}}
        assert config.overrides[0].versions == {"nginx": (1, 25)}
        assert (config.fail_on, config.min_severity, config.require_reason) == ("error", "warning", True)
        assert (config.allow_inline, config.preview, config.baseline) == (False, True, "poollint-baseline.json")
        assert config.origin("fail-on") == "poollint.toml:8"
        assert config.origin("ignore.PGB012") == "poollint.toml:3"
        assert config.origin("pgbouncer.instances") == "poollint.toml:28"
        assert config.origin("rules.pool-too-large.threshold") == "poollint.toml:25"
        assert Config().origin("fail-on") == "default"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("selct = []", "poollint.toml:1: unknown key 'selct'; did you mean 'select'?"),
            ("\n[pgbouncr]\n", "poollint.toml:2: unknown key 'pgbouncr'; did you mean 'pgbouncer'?"),
            ("select = ['PGB1000']", "'PGB1000' is no rule, system or group; did you mean 'PGB001'?"),
            ("extend-select = [\n 'PGB001',\n 'short-wat']", "poollint.toml:3: extend-select: 'short-wat' is no rule"),
            ("fail-on = 'errors'", "fail-on must be one of error, warning, info, never, not 'errors'"),
            ("preview = 'yes'", "preview must be true or false, not 'yes'"),
            ("select = 'ALL'", "select must be a list of texts, not 'ALL'"),
            ("[versions]\nngins = '1.2'", "poollint.toml:2: 'ngins' is no system; did you mean 'nginx'?"),
            ("[versions]\nnginx = 1.20", 'write the version as text: nginx = "1.2"'),
            ("[versions]\nnginx = 'new'", "'new' is not a version number"),
            ("[files]\n'*.conf' = 'ngnix'", "poollint.toml:2: 'ngnix' is no system; did you mean 'nginx'?"),
            ("[severity]\nPGB001 = 'fatal'", "must be one of error, warning, info, not 'fatal'"),
            ("[severity]\nPGB9 = 'info'", "poollint.toml:2: 'PGB9' is no rule"),
            ("[rules.short-wait]\nmax = 3", "poollint.toml:2: unknown key 'max' in [rules.short-wait]; it has none"),
            ("[rules.PGB001]\nthreshhold = 3", "did you mean 'threshold'?"),
            ("[rules.PGB001]\nthreshold = 0", "threshold = 0: the least is 1"),
            ("[rules.PGB001]\nthreshold = true", "threshold must be a whole number, not true"),
            ("[pgbouncer]\ninstances = '3'", "poollint.toml:2: instances must be a whole number, not '3'"),
            ("[pgbouncer]\nhosts = 'a'", "hosts must be a list of texts, not 'a'"),
            ("max-file-size = 'big'", "max-file-size must be a size such as"),
            ("[[overrides]]\nignore = []", "poollint.toml:1: [[overrides]] needs paths"),
            ("[[overrides]]\npaths = ['x']\nignores = []", "poollint.toml:3: unknown key 'ignores' in [overrides]"),
            ("overrides = 3", "overrides must be an array of tables"),
            ("[overrides]\npaths = []", "overrides must be an array of tables"),
            ("a = ", "poollint.toml:1: is no TOML"),
            ("extends = 'nowhere.toml'", "extends 'nowhere.toml', which is no file"),
        ],
    )
    def test_what_is_not_understood_is_an_error_with_its_line(self, text: str, message: str) -> None:
        with pytest.raises(ConfigError) as caught:
            parse(text)
        assert message in str(caught.value)
        assert caught.value.path == "poollint.toml"
        assert caught.value.line is not None

    def test_a_file_that_is_no_utf8(self, tmp_path: Path) -> None:
        path = tmp_path / "poollint.toml"
        path.write_bytes(b"# a\nselect = ['\xff']\n")
        with pytest.raises(ConfigError, match=r"poollint\.toml:2: is not UTF-8"):
            load_config(str(path), known=KNOWN)

    def test_a_pyproject(self, tmp_path: Path) -> None:
        path = tmp_path / "pyproject.toml"
        path.write_text("[project]\nname = 'x'\n[tool.poollint]\nignore = ['PGB']\n")
        config = load_config(str(path), known=KNOWN)
        assert config.ignore == ("PGB",)
        assert config.origin("ignore").endswith("pyproject.toml:4")
        path.write_text("[tool.poollint]\nignores = ['PGB']\n")
        with pytest.raises(ConfigError, match=r"pyproject\.toml:2: unknown key"):
            load_config(str(path), known=KNOWN)

    def test_extends_lays_the_base_underneath(self, tmp_path: Path) -> None:
        (tmp_path / "base").mkdir()
        (tmp_path / "base" / "shared.toml").write_text(
            "ignore = ['PGB']\nfail-on = 'error'\nrule-dirs = ['rules']\n"
            "[versions]\nnginx = '1.20'\npgbouncer = '1.18'\n"
        )
        path = tmp_path / "poollint.toml"
        path.write_text("extends = 'base/shared.toml'\nignore = ['NGX']\n[versions]\nnginx = '1.25'\n")
        config = load_config(str(path), known=KNOWN)
        assert config.ignore == ("NGX",)
        assert config.fail_on == "error"
        assert config.versions == {"nginx": (1, 25), "pgbouncer": (1, 18)}
        assert config.rule_dirs[0].endswith(os.path.join("base", "rules"))
        assert rule_dirs_in(str(path)) == config.rule_dirs
        assert config.origin("fail-on").endswith("shared.toml:2")
        assert config.root == str(tmp_path)

    def test_lists_that_extend_add_to_those_beneath(self, tmp_path: Path) -> None:
        (tmp_path / "shared.toml").write_text("extend-select = ['PGB']\nextend-exclude = ['old/']\nexclude = ['x/']\n")
        path = tmp_path / "poollint.toml"
        path.write_text(
            "extends = 'shared.toml'\nextend-select = ['NGX']\nextend-exclude = ['*.bak']\nexclude = ['y/']\n"
        )
        config = load_config(str(path), known=KNOWN)
        assert config.extend_select == ("PGB", "NGX")
        assert config.extend_exclude == ("old/", "*.bak")
        assert config.exclude == ("y/",)
        assert config.origin("extend-select.PGB").endswith("shared.toml:1")

    def test_extends_in_a_circle_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.toml").write_text("extends = 'b.toml'\n")
        (tmp_path / "b.toml").write_text("extends = 'a.toml'\n")
        with pytest.raises(ConfigError, match="extends this file again"):
            load_config(str(tmp_path / "a.toml"), known=KNOWN)
        assert rule_dirs_in(str(tmp_path / "a.toml")) == ()

    def test_no_file_is_the_default(self) -> None:
        config = load_config(None, known=KNOWN)
        assert config.select == ()
        assert config.root == os.getcwd()

    def test_it_pickles(self) -> None:
        config = parse("ignore = ['PGB']")
        selection_for(config, "x", CliChoice())
        copy = pickle.loads(pickle.dumps(config))
        assert copy.ignore == ("PGB",)


def active(config: Config, cli: CliChoice | None = None, path: str = "a.ini", **more: Any) -> tuple[bool, str]:
    selection = selection_for(config, path, cli or CliChoice())
    return selection.active("PGB001", "pool-too-large", "pgbouncer", "size", **more)


class TestSelection:
    @pytest.mark.parametrize(
        ("text", "cli", "expected"),
        [
            ("", CliChoice(), (True, "selected by default")),
            ("ignore = ['PGB001']", CliChoice(), (False, "ignored by poollint.toml:1")),
            ("\nignore = [\n'NGX001',\n'size']", CliChoice(), (False, "ignored by poollint.toml:4")),
            ("select = ['NGX']", CliChoice(), (False, "not selected by poollint.toml:1")),
            ("select = []", CliChoice(), (False, "not selected by poollint.toml:1")),
            ("select = ['NGX']\nextend-select = ['PGB']", CliChoice(), (True, "selected by poollint.toml:2")),
            ("select = ['PGB001']\nignore = ['PGB']", CliChoice(), (True, "selected by poollint.toml:1")),
            ("select = ['pgbouncer']\nignore = ['pool-too-large']", CliChoice(), (False, "ignored by poollint.toml:2")),
            ("select = ['PGB00']\nignore = ['PGB']", CliChoice(), (True, "selected by poollint.toml:1")),
            ("select = ['pool-too-large']\nignore = ['PGB001']", CliChoice(), (False, "ignored by poollint.toml:2")),
            ("select = ['size']\nignore = ['ALL']", CliChoice(), (True, "selected by poollint.toml:1")),
            ("ignore = ['PGB001']", CliChoice(select=("PGB",)), (True, "selected by the command line")),
            ("", CliChoice(select=("NGX",)), (False, "not selected by the command line")),
            ("select = ['PGB']", CliChoice(ignore=("pgb001",)), (False, "ignored by the command line")),
            ("select = ['NGX']", CliChoice(extend_select=("size",)), (True, "selected by the command line")),
        ],
    )
    def test_the_closest_selector_of_the_last_layer_decides(
        self, text: str, cli: CliChoice, expected: tuple[bool, str]
    ) -> None:
        assert active(parse(text), cli) == expected

    def test_overrides_hold_for_their_paths_alone(self) -> None:
        config = parse("[[overrides]]\npaths = ['dev/**', '*.bak']\nignore = ['PGB']\n")
        assert active(config, path="dev/x/a.ini") == (False, "ignored by poollint.toml:3")
        assert active(config, path="prod/a.ini.bak")[0] is False
        assert active(config, path="prod/a.ini")[0] is True

    def test_preview_rules_wait_to_be_asked(self) -> None:
        assert active(Config(), preview=True)[0] is False
        assert active(parse("preview = true"), preview=True)[0] is True
        assert active(Config(), CliChoice(preview=True), preview=True)[0] is True
        assert active(parse("select = ['PGB']"), preview=True)[0] is False
        assert active(parse("select = ['PGB001']"), preview=True)[0] is True

    def test_effects_and_aliases_select_too(self) -> None:
        assert active(parse("ignore = ['risk']"), effect="risk")[0] is False
        assert active(parse("ignore = ['short-wait']"), aliases=("short-wait",))[0] is False

    def test_files_with_the_same_overrides_share_a_selection(self) -> None:
        config = parse("[[overrides]]\npaths = ['dev/**']\nignore = ['PGB']\n")
        assert selection_for(config, "a", CliChoice()) is selection_for(config, "b", CliChoice())
        assert selection_for(config, "a", CliChoice()) is not selection_for(config, "dev/b", CliChoice())

    def test_unknown_selectors_of_the_command_line(self) -> None:
        with pytest.raises(ConfigError, match=r"--select: 'ngnix' is no rule, system or group; did you mean 'nginx'\?"):
            check_choice(CliChoice(select=("ngnix",)), KNOWN)
        [said] = check_choice(CliChoice(ignore=("PGB9", "PGB001")), KNOWN)
        assert said.startswith("--ignore: 'PGB9' is no rule")
        choice = CliChoice(select=("all", "pgb0", "NGINX", "Reuse"), extend_select=("short-wait",))
        assert check_choice(choice, KNOWN) == []

    def test_an_unknown_rule_to_leave_out_is_a_warning(self) -> None:
        """Another version may know it: a hook and a pipeline seldom run the same one."""
        config = parse_config("ignore = [\n 'PGB001',\n 'short-wat']", known=KNOWN)
        assert config.ignore == ("PGB001",)
        [said] = config.warnings
        assert said.startswith("poollint.toml:3: ignore: 'short-wat' is no rule")


class TestPerPath:
    CONFIG = """
[severity]
PGB001 = "info"
[versions]
nginx = "1.20"
[rules.PGB001]
threshold = 10
[[overrides]]
paths = ["prod/"]
severity = { pool-too-large = "error", PGB001 = "error" }
versions = { nginx = "1.25" }
rules = { pool-too-large = { threshold = 5 } }
"""

    def test_severity(self) -> None:
        config = parse(self.CONFIG)
        assert selection_for(config, "a.ini", CliChoice()).severity("PGB001", "pool-too-large", ()) == "info"
        assert selection_for(config, "prod/a.ini", CliChoice()).severity("PGB001", "pool-too-large", ()) == "error"
        assert selection_for(config, "prod/a.ini", CliChoice()).severity("NGX001", "closed-upstream", ()) is None

    def test_versions(self) -> None:
        config = parse(self.CONFIG)
        assert versions_for(config, "a") == {"nginx": (1, 20)}
        assert versions_for(config, "prod/a") == {"nginx": (1, 25)}

    def test_options(self) -> None:
        config = parse(self.CONFIG)
        assert options_for(config, "a", "PGB001", "pool-too-large") == {"threshold": 10}
        assert options_for(config, "prod/a", "PGB001", "pool-too-large") == {"threshold": 5}

    def test_files(self) -> None:
        config = parse('[files]\n"conf/*" = "nginx"\n"conf/bouncer*" = "pgbouncer"\n')
        assert config.system_of("conf/x") == ("nginx", "conf/*")
        assert config.system_of("conf/bouncer.x") == ("pgbouncer", "conf/bouncer*")
        assert config.system_of("other/x") is None

    def test_paths_are_seen_from_the_configuration(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "deploy").mkdir()
        (tmp_path / "poollint.toml").write_text('[files]\n"/deploy/*.x" = "nginx"\n')
        monkeypatch.chdir(tmp_path / "deploy")
        config = ConfigFinder(KNOWN)("a.x")
        assert config.system_of("a.x") == ("nginx", "/deploy/*.x")
        assert default_config().relative("../b") == "../b"
