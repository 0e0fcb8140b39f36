"""MySQL's option files: groups, names with dashes or underscores, comments behind values."""

from __future__ import annotations

import pytest

from poollint import api
from poollint.files import MemoryFiles
from poollint.formats.option_file import parse
from poollint.source import Source


def options(text: str) -> list[tuple[str, str, str]]:
    return [(each.group, each.name, each.text) for each in parse(Source("my.cnf", text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[mysqld]\nwait_timeout = 600\n", [("mysqld", "wait_timeout", "600")]),
        ("[mysqld]\nwait-timeout=600 # night\n", [("mysqld", "wait_timeout", "600")]),
        ("[mysqld]\nskip-name-resolve\n", [("mysqld", "skip_name_resolve", "")]),
        ("[mysqld]\n# wait_timeout = 600\n; wait_timeout = 5\n", []),
        ("wait_timeout = 600\n", []),
        ("!includedir /etc/mysql/conf.d/\n[client]\nport = '3306'\n", [("client", "port", "3306")]),
        ("", []),
    ],
)
def test_options(text: str, found: list[tuple[str, str, str]]) -> None:
    assert options(text) == found


def test_only_what_the_server_reads_counts() -> None:
    text = (
        "[client]\nwait_timeout = 5\n[mysqld]\nwait_timeout = 600\nloose-wait-timeout = 700\n[mariadb-11.4]\nport = 1\n"
    )
    session = api.Session(
        api.Options(isolated=True), MemoryFiles({"my.cnf": text, "other.cnf": "[client]\nport = 1\n"})
    )
    (block,) = session.read(session.files.load("my.cnf"), "mysql-server").reading.blocks
    assert (block.value("wait_timeout"), block.value("max_connections")) == (700, 151)
    assert not session.read(session.files.load("other.cnf"), "mysql-server").reading.blocks
