"""ProxySQL's two forms: proxysql.cnf and statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poollint.api import check_texts
from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.formats.proxysql_cnf import groups, statements
from poollint.source import Source

if TYPE_CHECKING:
    from poollint.blocks import Block

CNF = """# main file
datadir="/var/lib/proxysql"
admin_variables = { admin_credentials="admin:admin"; mysql_ifaces="0.0.0.0:6032" }
mysql_variables:
{
	threads=4 // workers
	max_connections=2048;
	wait_timeout=28800000, multiplexing=true
	/* default_query_timeout=1 */
	connection_max_age_ms=0
	interfaces="0.0.0.0:6033;/tmp/proxysql.sock"
	monitor_password="a # b"
	made_up=3
}
mysql_servers =
(
	{ address="10.0.0.1" , port=3306 , hostgroup=0 , max_connections=200 },
	{ address="10.0.0.2" , port=3306 , hostgroup=1 , max_connections=${LIMIT} }
)
"""


def blocks(text: str, path: str = "proxysql.cnf") -> list[Block]:
    return check_texts({path: text}).files[0].reading.blocks


def test_the_file() -> None:
    variables, first, second = blocks(CNF)
    assert variables.value("threads") == 4
    assert variables.value("wait_timeout") == 28800
    assert variables.value("multiplexing") is True
    assert variables.value("connection_max_age_ms") == UNLIMITED
    assert variables.value("interfaces") == "0.0.0.0:6033;/tmp/proxysql.sock"
    assert "default_query_timeout" not in variables.settings
    assert [each.name for each in variables.facts["unknown"]] == ["made_up"]
    assert (first.name, first.value("max_connections")) == ("10.0.0.1", 200)
    assert (second.name, second.value("max_connections"), second.value("hostgroup_id")) == ("10.0.0.2", UNKNOWN, 1)


def test_places() -> None:
    setting = blocks(CNF)[0].settings["max_connections"]
    assert setting.place is not None
    assert setting.key_place is not None
    assert (setting.place.text, setting.key_place.text) == ("2048", "max_connections")


@pytest.mark.parametrize(
    ("ending", "loaded", "saved"),
    [
        ("", False, False),
        ("LOAD MYSQL VARIABLES TO RUNTIME;", True, False),
        ("load mysql variables to run; save mysql variables to disk", True, True),
        ("LOAD MYSQL SERVERS TO RUNTIME; SAVE MYSQL SERVERS TO DISK;", False, False),
    ],
)
def test_statements(ending: str, loaded: bool, saved: bool) -> None:
    text = f"""-- set up
UPDATE global_variables SET variable_value='2000' WHERE variable_name='mysql-connect_timeout_server';
SET mysql-max_connections=4000;
SET admin-refresh_interval=2000;
{ending}
"""
    (variables,) = blocks(text, "proxysql-setup.sql")
    assert variables.value("connect_timeout_server") == 2
    assert variables.value("max_connections") == 4000
    assert (variables.facts["loaded"], variables.facts["saved"]) == (loaded, saved)


def test_what_is_set_after_loading_is_not_loaded() -> None:
    text = "SET mysql-threads=8; LOAD MYSQL VARIABLES TO RUNTIME; SET mysql-max_connections=9;"
    assert blocks(text, "proxysql.sql")[0].facts["loaded"] is False


def test_servers_by_statement() -> None:
    text = "INSERT INTO mysql_servers(hostgroup_id,hostname,max_connections) VALUES (1,'a',5),(2,'b',0); SELECT 1;"
    found = blocks(text, "proxysql.sql")
    assert [(each.name, each.value("hostgroup_id"), each.value("max_connections")) for each in found] == [
        ("a", 1, 5),
        ("b", 2, 0),
    ]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="a=:{}()[],;\"'#/*-\\ \n", max_size=60))
def test_any_text_is_read(text: str) -> None:
    source = Source("proxysql.cnf", text)
    for group in groups(source):
        for entry in group.entries:
            assert 0 <= entry.start <= entry.end <= len(text)
    for statement in statements(source):
        assert 0 <= statement.start <= statement.end <= len(text)
    check_texts({"proxysql.cnf": text})
    check_texts({"proxysql.sql": text})
