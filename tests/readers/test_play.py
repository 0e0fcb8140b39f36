"""HikariCP's pools in Play's application.conf: Play's names, times and defaults."""

from __future__ import annotations

from typing import Any

import pytest

from poollint.api import check_texts
from poollint.blocks import UNKNOWN, UNLIMITED

BASE = 'db.default.url = "jdbc:postgresql://db/app?socketTimeout=60"\n'


def pools(text: str, path: str = "conf/application.conf") -> list[Any]:
    done = check_texts({path: text})
    return [block for each in done.files for block in each.reading.blocks if block.system == "hikaricp"]


def codes(text: str) -> set[str]:
    return {each.code for each in check_texts({"conf/application.conf": text}).findings}


def test_times_have_units_and_defaults_are_plays() -> None:
    text = (
        "db.default.hikaricp { maxLifetime = 10 minutes, idleTimeout = 20000\nconnectionTimeout = 30 s\n"
        "connectionTimeout = ${?WAIT} }\n"
    )
    (pool,) = pools(BASE + text)
    assert (pool.value("maxLifetime"), pool.value("idleTimeout"), pool.value("connectionTimeout")) == (600, 20, 30)
    assert (pool.value("keepaliveTime"), pool.settings["keepaliveTime"].origin) == (0, "default")
    assert pool.value("initializationFailTimeout") < 0
    assert pool.value("jdbcUrl").startswith("jdbc:postgresql:")


@pytest.mark.parametrize(
    "text",
    [
        "db.default.hikaricp.maxLifetime = ${LIFE}\n",
        "db.default.hikaricp.maxLifetime = ${?LIFE}\n",
        "db.default.hikaricp.maxLifetime = 3 sec\n",
    ],
)
def test_what_is_open_is_unknown(text: str) -> None:
    (pool,) = pools(BASE + text)
    assert pool.value("maxLifetime") is UNKNOWN


def test_what_is_included_may_say_the_rest() -> None:
    (pool,) = pools('include "more"\n' + BASE + "db.default.hikaricp.maximumPoolSize = 5\n")
    assert pool.value("minimumIdle") is UNKNOWN


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("connectionTimeout = 100 ms", "HIK001"),
        ("maximumPoolSize = 0", "HIK001"),
        ("maxLifetime = 20 seconds", "HIK002"),
        ("maxPoolSize = 20", "HIK008"),
        ("connectionTimeout = 5 seconds", ""),
        ('dataSource { "tcpKeepAlive" = true }', ""),
    ],
)
def test_what_hikaricp_refuses_and_play_does_not_read(line: str, code: str) -> None:
    found = {each for each in codes(f"{BASE}db.default.hikaricp {{ {line} }}\n") if each.startswith("HIK")}
    assert found == ({code} if code else set())


def test_a_data_source_without_a_pool_of_its_own_and_other_sections() -> None:
    assert pools(BASE + "other.hikaricp.maximumPoolSize = 0\n") == []
    assert pools(BASE + "db.default.hikaricp = 3\nplay.db.prototype.hikaricp = x\n") == []
    (pool,) = pools("play.db.prototype.hikaricp.maximumPoolSize = 5\n")
    assert pool.value("minimumIdle") is UNKNOWN


def test_a_file_of_another_name_is_told_by_its_content() -> None:
    (pool,) = pools(BASE + "db.default.hikaricp.maximumPoolSize = 5\n", "conf/prod.conf")
    assert pool.value("maximumPoolSize") == 5


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b { numThreads = 10, url = x }\n", {"numThreads": 10, "url": "x"}),
        ("slick.dbs.default.db { connectionPool = HikariCP, maxLifetime = 5m }\n", {"maxLifetime": 300}),
        ("a { connectionPool = disabled, maxConnections = 3 }\n", None),
        ("a { connectionPool = disabled }\nb.numThreads = 4\n", {"numThreads": 4}),
    ],
)
def test_slick(text: str, values: dict[str, Any] | None) -> None:
    done = check_texts({"src/main/resources/application.conf": text})
    found = [block for each in done.files for block in each.reading.blocks if block.system == "slick"]
    assert len(found) == (values is not None)
    for name, value in (values or {}).items():
        assert found[0].value(name) == value


def test_hibernates_own_file() -> None:
    url = "hibernate.connection.url=jdbc:postgresql://db/app?socketTimeout=60\n"
    done = check_texts({"hibernate.properties": url + "hibernate.hikari.maximumPoolSize=0\nhibernate.show_sql=1\n"})
    assert {each.code for each in done.findings} == {"HIK001"}
    assert check_texts({"hibernate.properties": url + "hibernate.show_sql=1\n"}).findings == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("datasources.default: {url: 'jdbc:h2:mem:a', maximum-pool-size: 0}\n", "HIK001"),
        ("datasources.default: {url: 'jdbc:h2:mem:a', maximum-pool-size: 3}\n", ""),
        ("datasources.default: {url: 'jdbc:h2:mem:a', max-active: 0}\n", ""),
        ("other.default: {url: 'jdbc:h2:mem:a', maximum-pool-size: 0}\n", ""),
    ],
)
def test_micronaut(text: str, code: str) -> None:
    found = {each.code for each in check_texts({"application.yml": text}).findings if each.code.startswith("HIK")}
    assert found == ({code} if code else set())


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "config/app.yml",
            "database:\n  driverClass: org.postgresql.Driver\n  url: x\n  maxWaitForConnection: 500ms\n",
            0.5,
        ),
        (
            "a.yaml",
            "db:\n  main:\n    driverClass: org.h2.Driver\n    url: x\n    maxWaitForConnection: 2 minutes\n",
            120,
        ),
        ("app.yml", "database:\n  url: x\n  maxWaitForConnection: 500ms\n", None),
        ("app.conf", "database {\n  driverClass: org.postgresql.Driver\n}\n", None),
    ],
)
def test_dropwizard_is_told_by_its_content(path: str, text: str, expected: float | None) -> None:
    done = check_texts({path: text})
    found = [block for each in done.files for block in each.reading.blocks if block.system == "dropwizard"]
    assert [block.value("maxWaitForConnection") for block in found] == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("maxLifetime = 30 min", "HIK009"),
        ("connectionTimeout = 30 sec", "HIK009"),
        ("initializationFailTimeout = 1 second", "HIK009"),
        ("maximumPoolSize = 3000000000", "HIK009"),
        ("autoCommit = 1", "HIK010"),
        ("autoCommit = on", ""),
        ("connectionTimeout = 0.5 minutes", ""),
        ("maximumPoolSize = 7.5", ""),
    ],
)
def test_what_the_library_of_play_refuses(line: str, refused: str) -> None:
    found = codes(f"{BASE}db.default.hikaricp {{ {line} }}\n") & {"HIK001", "HIK009", "HIK010"}
    assert found == ({refused} if refused else set())


def test_numbers_and_times_as_play_has_them() -> None:
    (pool,) = pools(BASE + "db.default.hikaricp { maxLifetime = infinite, maximumPoolSize = 7.5, idleTimeout = 1e5 }\n")
    assert (pool.value("maxLifetime"), pool.value("maximumPoolSize"), pool.value("idleTimeout")) == (UNLIMITED, 7, 100)


@pytest.mark.parametrize(
    "text",
    [
        "play.db.prototype.hikaricp.maximumPoolSize = 30\ndb.default.hikaricp.minimumIdle = 20\n",
        "more { maximumPoolSize = 30 }\ndb.default.hikaricp = ${more} { minimumIdle = 20 }\n",
        "more { hikaricp { maximumPoolSize = 30 } }\ndb.default = ${more} { hikaricp.minimumIdle = 20 }\n",
        "db.default.hikaricp = ${elsewhere} { minimumIdle = 20 }\n",
        "db.default = ${elsewhere} { hikaricp.minimumIdle = 20 }\n",
    ],
)
def test_what_a_pool_takes_from_elsewhere(text: str) -> None:
    assert "HIK015" not in codes(BASE + text)
    lower = text.replace("30", "10")
    assert ("HIK015" in codes(BASE + lower)) is ("30" in text)


def test_a_substitution_is_what_the_file_says() -> None:
    (pool,) = pools(BASE + "threads = 9\ndb.default.hikaricp.maximumPoolSize = ${threads}\n")
    assert (pool.value("maximumPoolSize"), pool.value("minimumIdle")) == (9, 9)
