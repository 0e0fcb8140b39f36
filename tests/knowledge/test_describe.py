"""What ``explain`` says of settings, and ``show`` of files."""

from __future__ import annotations

from poollint import api
from poollint.knowledge.describe import bounds_text, describe_setting, describe_system, places_of, setting_called
from poollint.knowledge.index import knowledge
from poollint.reports.show import as_text


def test_what_several_kinds_share_is_said_once() -> None:
    told = describe_setting(knowledge().catalogue("sqlalchemy"), "pool_timeout", None)
    assert sum(line.startswith("SQLAlchemy: pool_timeout in ") for line in told) == 1
    told = describe_setting(knowledge().catalogue("pgbouncer"), "query_wait_timeout", None)
    assert [line for line in told if line.startswith("PgBouncer")] == [
        "PgBouncer: query_wait_timeout in [pgbouncer]",
        "PgBouncer: query_wait_timeout in [databases]",
        "PgBouncer: query_wait_timeout in [users]",
    ]


def test_a_setting_is_known_by_the_spelling_of_any_file() -> None:
    catalogue = knowledge().catalogue("hikaricp")
    for name in ("connectionTimeout", "connection-timeout", "CONNECTION_TIMEOUT"):
        assert setting_called(catalogue, name) == "connectionTimeout"
    assert setting_called(catalogue, "nothing") == "nothing"


def test_bounds_have_the_unit_of_the_file() -> None:
    assert bounds_text({"min": 250}, "ms") == "at least 250 ms"
    assert bounds_text({"min": 1, "max": 65535}) == "1 to 65535"
    assert "  range      at least 250 ms" in describe_setting(
        knowledge().catalogue("hikaricp"), "connectionTimeout", None
    )


def test_keys_of_the_topology_are_spelt_as_they_are_written() -> None:
    told = "\n".join(describe_system(knowledge(), "fleet"))
    assert "max-connections" in told
    assert "max_connections" not in told
    assert "Files:" not in told


def test_the_view_of_a_file() -> None:
    text = "[databases]\n[pgbouncer]\nserver_idle_timeout = 10min\nquery_wait_timeout = 0\n"
    told = list(as_text(api.check_texts({"pgbouncer.ini": text}).files, everything=True))
    assert "    server_idle_timeout = no value (written 10min)  [explicit, line 3]" in told
    assert "    query_wait_timeout = unlimited (written 0)  [explicit, line 4]" in told
    assert "    server_connect_timeout = 15 s  [default]" in told
    assert '    admin_users = ""  [default]' in told
    told = list(as_text(api.check_texts({"a.py": "print(1)\n"}).files))
    assert told == ["a.py: no connections are configured here", ""]
    told = list(as_text(api.check_texts({".env": "DATABASE_URL=x\n"}).files))
    assert told == [".env: no connections are configured here", ""]


def test_defaults_are_those_of_settings_that_the_version_has() -> None:
    files = {"pgbouncer.ini": "[databases]\n[pgbouncer]\nauth_file = u\n", "hikari.properties": "poolName=a\n"}
    targets = {"pgbouncer": "1.18", "hikaricp": "3.4.5"}
    old = "\n".join(as_text(api.check_texts(files, targets=targets).files, everything=True))
    new = "\n".join(as_text(api.check_texts(files).files, everything=True))
    for name in ("max_db_client_connections", "keepaliveTime"):
        assert f"    {name} = " in new
        assert f"    {name} = " not in old
    assert "    server_lifetime = 3600 s  [default]" in old
    assert "jdbc4ConnectionTest" not in new + old


def test_where_a_system_is_found() -> None:
    known = knowledge()
    found = {
        system: dict(places_of(known.catalogue(system))) for system in ("hikaricp", "django", "quarkus", "psycopg2")
    }
    assert "com.zaxxer.hikari.HikariConfig" in found["hikaricp"]["in Java and Kotlin"]
    assert "application.yml" in found["hikaricp"]["files"]
    assert "DATABASES" in found["django"]["names that Python assigns"]
    assert found["quarkus"]["variables"] == ["QUARKUS_DATASOURCE_JDBC_*"]
    assert list(found["psycopg2"]) == ["in Python"]  # a connection taken is no place of settings
    for system in known.systems:
        for where, names in places_of(known.catalogue(system)):
            assert where, system
            assert names, system
            assert all(names), system
