"""The tables of poollint.toml: what is refused, and where."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from fleet_cases import config_of

from poollint import api
from poollint.config import ConfigError, load_config
from poollint.files import MemoryFiles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[database.main]\n[service.a]\ndatabase = "mian"',
            "poollint.toml:3: [service.a] database: there is no [database.mian]; did you mean 'main'?",
        ),
        ("[service.a]\ninstnaces = 3", "poollint.toml:2: unknown key 'instnaces' in [service.a]; did you mean 'instances'?"),
        ('[service.a]\ninstances = "3"', "poollint.toml:2: instances must be a whole number, not '3'"),
        ("[service.a]\ninstances = 0", "poollint.toml:2: instances = 0: the least is 1"),
        ('[service.a]\nsurge = "x%"', "poollint.toml:2: surge: 'x%' is not a number"),
        ("[service.a]\nsurge = true", "poollint.toml:2: surge must be a number or a text with its unit, not true"),
        ('[service.a]\nsurge = "1e999%"', "poollint.toml:2: surge is beyond all numbers"),
        ("[database.a]\ncores = nan", "poollint.toml:2: cores is beyond all numbers"),
        ("[service.a]\nhold = 8", "poollint.toml:2: hold: '8' has no unit"),
        ("[service.a]\nrate = 12", "poollint.toml:2: rate: '12' is no rate"),
        ('[balancer.a]\nprofile = "aws-albb"', "poollint.toml:2: profile: 'aws-albb' is neither"),
        ("[database.a]\nmax-connections = 5\nreserved = 5", "poollint.toml:3: 5 reserved of 5 connections leave none"),
        ('[database.a]\nheadroom = "100%"', "poollint.toml:2: a headroom of 100%"),
        ("[service.a]\ninstances = 5\nmax-instances = 3", "poollint.toml:3: max-instances = 3 is below instances = 5"),
        ("[service.a]\ninstances = 2\nterminating = 3", "poollint.toml:3: 3 terminating are more than the 2 instances"),
        ('[service.a]\ncalls = ["b"]', "poollint.toml:2: [service.a] calls: there is no [service.b]"),
        ('[service.a]\nbalancer = "x"', "poollint.toml:2: [service.a] balancer: there is no [balancer.x] or [proxy.x]"),
        (
            '[service.a]\nproxy = "p"\ndatabase = "b"\n[proxy.p]\ndatabase = "a"\n[database.a]\n[database.b]',
            "poollint.toml:3: [service.a] goes through [proxy.p], behind which is 'a', not 'b'",
        ),
        ("[databse.a]\ncores = 2", "poollint.toml:1: unknown key 'databse'; did you mean 'database'?"),
    ],
)  # fmt: skip
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        config_of(text)
    assert str(error.value).startswith(message)


def test_both_spellings_of_a_key() -> None:
    config = config_of("[database.a]\nmax_connections = 5\n[database.b]\nmax-connections = 6")
    assert [table.value("max_connections") for table in config.fleet.values()] == [5, 6]
    assert config.topology["database"]["b"] == {"max-connections": 6}


def test_quantities() -> None:
    config = config_of('[service.a]\nsurge = "25%"\nrate = "72k/min"\nhold = "8ms"\nrequest-timeout = "1min"')
    entries = config.fleet["service", "a"].entries
    assert {name: entry.value for name, entry in entries.items()} == {
        "surge": 0.25, "rate": 1200.0, "hold": 0.008, "request_timeout": 60.0,
    }  # fmt: skip


def test_a_configuration_with_tables_can_be_pickled() -> None:
    config = pickle.loads(pickle.dumps(config_of("[database.main]\ncores = 4")))
    assert config.fleet["database", "main"].value("cores") == 4


def test_places_in_pyproject() -> None:
    text = (
        '[tool.poollint.database.main]\nmax-connections = 5\n\n[tool.poollint.service.a]\ndatabase = "main"\npool = 9\n'
    )
    result = api.check_texts({}, config=config_of(text, "pyproject.toml"), complete=True)
    assert [(each.path, each.line, each.column, each.code) for each in result.findings] == [
        ("pyproject.toml", 2, 1, "FLT001")
    ]


def test_tables_written_in_one_line() -> None:
    text = 'database.main = { max-connections = 5 }\nservice = { a = { database = "main", pool = 9 } }\n'
    result = api.check_texts({}, config=config_of(text), complete=True)
    assert [each.line for each in result.findings] == [1]


def test_what_extends_names_what_it_extends(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text("[database.main]\nmax-connections = 5\n")
    (tmp_path / "poollint.toml").write_text('extends = "base.toml"\n[service.a]\ndatabase = "main"\n')
    session = api.Session(api.Options(isolated=True), MemoryFiles({}))
    config = load_config(str(tmp_path / "poollint.toml"), known=session.known())
    assert config.fleet["database", "main"].at.path.endswith("base.toml")
