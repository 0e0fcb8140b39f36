"""JDBC URLs wherever pools have them: parameters, placeholders, places, and what stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from poollint.api import check_texts
from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.formats.jdbc_url import HOLE, parse


def findings(path: str, text: str, **more: Any) -> list[Any]:
    return check_texts({path: text}, **more).findings


def codes(path: str, text: str) -> set[str]:
    return {each.code for each in findings(path, text) if each.code.startswith("JDB")}


def connection(path: str, text: str) -> Any:
    done = check_texts({path: text})
    (found,) = [block for each in done.files for block in each.reading.blocks if block.kind == "connection"]
    return found


@pytest.mark.parametrize(
    ("text", "scheme", "hosts", "parameters"),
    [
        ("jdbc:postgresql://a:5432,b/app?x=1&y=2", "postgresql", [("a", 5432), ("b", 0)], {"x": "1", "y": "2"}),
        ("jdbc:postgresql:app", "postgresql", [], {}),
        ("jdbc:p6spy:mysql://u:p@h/db?x=%20", "mysql", [("h", 0)], {"x": " "}),
        ("jdbc:sqlserver://h\\i:1433;a=1;password={x;y}", "sqlserver", [("h", 1433)], {"a": "1", "password": "{x;y}"}),
        ("jdbc:oracle:thin:@//h:1521/s", "oracle", [("h", 1521)], {}),
        ("jdbc:h2:mem:x;MODE=MySQL", "h2", [], {"MODE": "MySQL"}),
    ],
)
def test_parts(text: str, scheme: str, hosts: list[tuple[str, int]], parameters: dict[str, str]) -> None:
    found = parse(text)
    assert found is not None
    assert (found.scheme, [tuple(each) for each in found.hosts]) == (scheme, hosts)
    assert {each.key: each.value for each in found.parameters} == parameters
    for each in found.parameters:
        assert text[each.key_start : each.key_start + len(each.key)] == each.key


@pytest.mark.parametrize(
    ("text", "names", "hides"),
    [
        (f"jdbc:mysql://h/{HOLE}", ("DB_NAME",), False),
        (f"jdbc:mysql://h/{HOLE}", ("DB_SUFFIX",), True),
        (f"jdbc:mysql://h/db?{HOLE}", (), True),
        (f"jdbc:mysql://{HOLE}:3306/db", (), False),
        (f"jdbc:mysql://h/db?a={HOLE}", (), False),
    ],
)
def test_what_a_hole_may_hide(text: str, names: tuple[str, ...], hides: bool) -> None:
    found = parse(text, names=names)
    assert found is not None
    assert found.hides is hides


@pytest.mark.parametrize("text", ["", "jdbc:", "jdbc:mysql", "mysql://h/db", f"jdbc:{HOLE}", "jdbc:a:" * 900])
def test_other_texts_are_nobodys(text: str) -> None:
    assert parse(text) is None


def test_units_are_those_of_the_driver() -> None:
    pg = connection("hikari.properties", "jdbcUrl=jdbc:postgresql://db/app?socketTimeout=30\n")
    mysql = connection("hikari.properties", "jdbcUrl=jdbc:mysql://db/app?socketTimeout=30000\n")
    assert (pg.value("socketTimeout"), mysql.value("socketTimeout")) == (30, 30)
    assert (pg.value("connectTimeout"), mysql.value("connectTimeout")) == (10, UNLIMITED)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("hikari.properties", "jdbcUrl=jdbc\\:mysql\\://db/app?socketTimeout\\=30\n"),
        ("application.yml", "spring.datasource.url: 'jdbc:mysql://${DB_HOST}/app?socketTimeout=${WAIT:30}'\n"),
        ("application.yml", "spring.datasource:\n  url: ${URL:jdbc:mysql://db/app?socketTimeout=30}\n"),
        (".env", "SPRING_DATASOURCE_URL=jdbc:mysql://db/app?socketTimeout=30\n"),
        (
            "compose.yml",
            "services:\n  a:\n    environment:\n      - SPRING_DATASOURCE_URL=jdbc:mysql://db/a?socketTimeout=30\n",
        ),
        (
            "application.yml",
            (
                "app.orders:\n  jdbc-url: jdbc:mysql://db/a\n  maximum-pool-size: 3\n"
                "  data-source-properties: {socketTimeout: 30}\n"
            ),
        ),
        (
            "Db.java",
            (
                "import com.zaxxer.hikari.*;\nclass Db { void x() { HikariConfig c = new HikariConfig();\n"
                'c.setJdbcUrl("jdbc:mysql://db/app?socketTimeout=30"); } }\n'
            ),
        ),
    ],
)
def test_wherever_a_url_stands(path: str, text: str) -> None:
    assert "JDB002" in codes(path, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("hikari.properties", "jdbcUrl=${URL}\n"),
        ("hikari.properties", "jdbcUrl=jdbc:postgresql://127.0.0.1/app\n"),
        ("hikari.properties", "jdbcUrl=jdbc:h2:mem:x\n"),
        ("src/test/resources/application.yml", "spring.datasource.url: jdbc:postgresql://db/app\n"),
        ("application-dev.yml", "spring.datasource.url: jdbc:postgresql://db/app\n"),
        ("application-prod.yml", "spring.datasource.url: jdbc:postgresql://db/app\n"),
        ("application.yml", "spring.datasource.url: ${URL:jdbc:postgresql://db/app}\n"),
        ("application.yml", "spring.datasource:\n  url: jdbc:mysql://db/app\n  druid: {max-active: 5}\n"),
        ("application.yml", "spring.datasource:\n  url: jdbc:tc:postgresql:15:///app\n"),
        ("application.yml", "spring.datasource:\n  url: jdbc:postgresql://db/app?SocketTimeout=30\n"),
        (
            "Db.java",
            (
                "import com.zaxxer.hikari.*;\nclass Db { void x() { HikariConfig c = new HikariConfig();\n"
                'c.setJdbcUrl("jdbc:postgresql://db/app"); c.addDataSourceProperty("socketTimeout", 30); } }\n'
            ),
        ),
    ],
)
def test_what_is_open_is_no_finding(path: str, text: str) -> None:
    assert not codes(path, text)


def test_a_parameter_has_a_place_of_its_own() -> None:
    text = "spring:\n  datasource:\n    url: jdbc:postgresql://db/app?loginTimeout=10&socketTimeout=30000\n"
    (found,) = findings("application.yml", text)
    line = text.split("\n")[found.line - 1]
    assert line[found.column - 1 : found.end_column - 1] == "socketTimeout=30000"


def test_passwords_are_never_shown() -> None:
    text = "jdbcUrl=jdbc:mysql://app:hunter2x@db/app?connectTimeout=3000&socketTimeout=60000&password=qwert77\npassword=zxcvb88\n"
    done = check_texts({"hikari.properties": text})
    assert [each.code for each in done.findings].count("JDB007") == 3
    said = repr([(each.message, each.help, each.source_line) for each in done.findings])
    assert not [word for word in ("hunter2x", "qwert77", "zxcvb88") if word in said]
    settings = [s for each in done.files for b in each.reading.blocks if b.kind == "connection" for s in b.effective()]
    assert "qwert77" not in repr(settings)


@pytest.mark.parametrize("text", ["", "${DB_PASSWORD}", "ENC(abcdef)", "changeme", "postgres", "your_password"])
def test_words_that_are_no_secret(text: str) -> None:
    assert not codes("hikari.properties", f"jdbcUrl=jdbc:postgresql://db/app?socketTimeout=60\npassword={text}\n")


def test_a_profile_adds_to_the_properties_before() -> None:
    text = (
        "spring.datasource.hikari.data-source-properties.socketTimeout: 60\n---\n"
        "spring.config.activate.on-profile: prod\nspring.datasource.url: jdbc:postgresql://db/app\n"
    )
    assert connection("application.yml", text).value("socketTimeout") == 60
    assert connection("application-prod.yml", text.partition("---\n")[2]).value("socketTimeout") is UNKNOWN


JAVA = (
    "import com.zaxxer.hikari.*;\nimport java.util.*;\nclass Db {\n  DataSource a(String x) {\n"
    "    HikariConfig c = new HikariConfig();\n    c.setJdbcUrl(%s);\n%s\n    return new HikariDataSource(c);\n  }\n}\n"
)


@pytest.mark.parametrize(
    ("url", "more", "expected"),
    [
        ('"jdbc:mysql://" + x + "/a?socketTimeout=30&connectTimeout=3000"', "", {"JDB002"}),
        ('"jdbc:mysql://" + x + "/a?connectTimeout=3000"', "", {"JDB001"}),
        ('"jdbc:mysql://h/" + x', "", set()),
        ('"jdbc:mysql://h/a?" + x', "", set()),
        ('"jdbc:mysql://h/a?useSSL=false" + x', "", set()),
        ('"jdbc:mysql://h/a?connectTimeout=3000&useSSL=" + x', "", {"JDB001"}),
        ('"jdbc:mysql://localhost:" + x + "/a"', "", set()),
        (
            '"jdbc:mysql://h/a"',
            'c.addDataSourceProperty("socketTimeout", "30"); c.addDataSourceProperty("connectTimeout", 3000);',
            {"JDB002"},
        ),
        (
            '"jdbc:mysql://h/a?connectTimeout=3000"',
            'c.addDataSourceProperty("cachePrepStmts", true);',
            {"JDB001"},
        ),
        ('"jdbc:mysql://h/a?connectTimeout=3000"', 'c.addDataSourceProperty("socketTimeout", x);', set()),
        ('"jdbc:mysql://h/a?connectTimeout=3000"', "c.addDataSourceProperty(x, 60000);", set()),
        (
            '"jdbc:mysql://h/a?connectTimeout=3000"',
            'if (x != null) c.addDataSourceProperty("socketTimeout", 1);',
            set(),
        ),
        ('"jdbc:mysql://h/a?connectTimeout=3000"', "c.setDataSourceProperties(more());", set()),
    ],
)
def test_urls_and_properties_in_java(url: str, more: str, expected: set[str]) -> None:
    found = check_texts({"Db.java": JAVA % (url, more)}).findings
    assert {each.code for each in found if each.code.startswith("JDB")} == expected


def test_properties_of_the_driver_in_a_properties_object() -> None:
    text = (
        "import com.zaxxer.hikari.*;\nimport java.util.*;\nclass Db {\n  DataSource a() {\n"
        "    Properties p = new Properties();\n"
        '    p.setProperty("jdbcUrl", "jdbc:mysql://h/a?connectTimeout=3000");\n'
        '    p.setProperty("dataSource.socketTimeout", "30");\n'
        "    return new HikariDataSource(new HikariConfig(p));\n  }\n}\n"
    )
    found = check_texts({"Db.java": text}).findings
    assert [(each.code, each.line) for each in found if each.code.startswith("JDB")] == [("JDB002", 7)]
