"""HikariCP in Spring Boot's files, in environments and in Java: what is read, and what is left unknown."""

from __future__ import annotations

from typing import Any

import pytest

import poollint
from poollint.api import check_texts
from poollint.blocks import UNKNOWN
from poollint.formats.properties import parse
from poollint.source import Source


def blocks(path: str, text: str) -> list[Any]:
    done = check_texts({path: text})
    return [block for each in done.files for block in each.reading.blocks if block.system == "hikaricp"]


def codes(path: str, text: str) -> set[str]:
    return {found.code for found in check_texts({path: text}).findings}


def test_profiles_inherit_from_the_documents_before() -> None:
    text = (
        "spring.datasource.hikari:\n  maximum-pool-size: ${SIZE:20}\n  connection-timeout: ${WAIT}\n---\n"
        "spring.config.activate.on-profile: prod\nspring.datasource.hikari.maximumPoolSize: 50\n"
    )
    base, prod = blocks("application.yml", text)
    assert (base.value("maximumPoolSize"), base.value("connectionTimeout")) == (20, UNKNOWN)
    assert (prod.value("maximumPoolSize"), prod.facts["profile"]) == (50, "prod")
    assert prod.settings["connectionTimeout"].origin == "inherited"


def test_several_data_sources() -> None:
    text = (
        "app.orders.jdbc-url=jdbc:postgresql://db/o\napp.orders.maximum-pool-size=5\n"
        "app.other.datasource.hikari.minimum-idle=2\nspring.datasource.dynamic.hikari.max-pool-size=3\n"
        "some.maximum-pool-size=5\n"
    )
    assert {block.name for block in blocks("application.properties", text)} == {
        "app.orders",
        "app.other.datasource.hikari",
    }


def test_a_file_of_one_profile_knows_no_defaults() -> None:
    (block,) = blocks("application-prod.yml", "spring.datasource.hikari.max-lifetime: 300000\n")
    assert block.value("idleTimeout") is UNKNOWN
    assert block.value("minimumIdle") is UNKNOWN


@pytest.mark.parametrize(
    ("base", "is_", "bar"), [("application.yml", ": ", "---"), ("application.properties", "=", "#---")]
)
def test_a_file_of_one_profile_is_judged_with_the_file_of_all_beside_it(base: str, is_: str, bar: str) -> None:
    pool = "spring.datasource.hikari"
    text = f"{pool}.idle-timeout{is_}600000\n{pool}.minimum-idle{is_}2\n{bar}\n"
    text += f"spring.config.activate.on-profile{is_}prod\n{pool}.maximum-pool-size{is_}30\n"
    texts = {
        f"src/{base}": text,
        "src/application-prod.yml": "spring.datasource.hikari.max-lifetime: 300000\n",
        "other/application-prod.yml": "spring.datasource.hikari.max-lifetime: 300000\n",
    }
    found = [(each.path, each.line, each.code) for each in check_texts(texts).findings]
    assert ("src/application-prod.yml", 1, "HIK006") in found
    assert {path for path, _, _ in found} == {"src/application-prod.yml"}
    (block,) = [
        block
        for each in check_texts(texts).files
        if each.path == "src/application-prod.yml"
        for block in each.reading.blocks
        if block.system == "hikaricp"
    ]
    assert (block.value("minimumIdle"), block.value("maximumPoolSize")) == (2, 10)  # not what its own profile says


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("application.yml", "spring:\n  datasource: {{ .Values.x }}\n  hikari: [\n"),
        ("application.yml", "spring.datasource.hikari.maximum-pool-size: @size@\n"),
        ("application.properties", "spring.datasource.hikari.maximum-pool-size=@size@\n"),
        ("application.properties", "spring.datasource.hikari.auto-commit=\n"),
        ("application.yml", "spring.datasource.hikari.maximum-pool-size:\n"),
        ("application.yml", "a: &a {b: 1}\nspring.datasource.hikari: *a\n"),
    ],
)
def test_what_is_open_is_no_finding(path: str, text: str) -> None:
    assert not codes(path, text) - {"HIK008"}


def test_environments() -> None:
    text = (
        "kind: Deployment\nservices:\n  a:\n    env:\n"
        '    - {name: SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE, value: "20"}\n'
        "    - {name: SPRING_DATASOURCE_HIKARI_IDLETIMEOUT, valueFrom: {}}\n"
    )
    (block,) = blocks("docker-compose.yml", text)
    assert block.value("maximumPoolSize") == 20
    assert block.value("maxLifetime") is UNKNOWN
    (block,) = blocks(".env", "export SPRING_DATASOURCE_HIKARI_MINIMUMIDLE='3' # few\n")
    assert block.value("minimumIdle") == 3
    assert "HIK008" in codes(".env", "SPRING_DATASOURCE_HIKARI_KEEP_ALIVE_TIME=60000\n")


JAVA = "import com.zaxxer.hikari.*;\nclass Db {\n static final int N = 3 * 2;\n HikariDataSource x() {\n%s\n }\n}\n"


@pytest.mark.parametrize(
    ("body", "size", "lifetime"),
    [
        ("var c = new HikariConfig(); c.setMaximumPoolSize(N); return new HikariDataSource(c);", 6, 1800),
        ("HikariConfig c = new HikariConfig(); c.setMaxLifetime(TimeUnit.MINUTES.toMillis(5));", 10, 300),
        ("HikariConfig c = new HikariConfig(); c.setMaxLifetime(Duration.ofHours(1).toMillis());", 10, 3600),
        ("HikariConfig c = new HikariConfig(); if (a) c.setMaximumPoolSize(3);", UNKNOWN, 1800),
        ("HikariConfig c = new HikariConfig(); tune(c); c.setMaximumPoolSize(3);", 3, UNKNOWN),
        ("HikariConfig c = new HikariConfig(props); c.setMaximumPoolSize(3);", 3, UNKNOWN),
        ("HikariDataSource c = new HikariDataSource(); c.setMaximumPoolSize(3); return c;", 3, UNKNOWN),
    ],
)
def test_java(body: str, size: Any, lifetime: Any) -> None:
    (block,) = blocks("Db.java", JAVA % body)
    assert (block.value("maximumPoolSize"), block.value("maxLifetime")) == (size, lifetime)


def test_java_of_others_is_left_alone() -> None:
    assert not blocks("Db.java", "import com.other.HikariConfig;\nclass A { Object o = new HikariConfig(); }\n")


@pytest.mark.parametrize(
    "text",
    [
        *[
            "a=1",
            "a:1",
            "a 1",
            "a\t=\t1",
            "   a=1",
            "a  =  = 1",
            "a = 1 ",
            "# c\n! d\na=1 # c",
            "a=1,\\\n   2",
            "a=1\\\n# x",
        ],
        *[
            "a=1\\\\\nb=2",
            "a\\=b=1",
            "a\\ c=2",
            "a\\:d=3",
            "a=\\u00e9\\t",
            "a=C:\\temp\\new",
            "a",
            "a=",
            "=1",
            "a=1\rb=2",
        ],
        *["a=1\\", "a\\\n  b=1", "a=1\r\n\r\nb=2\\\r\n 3", "a\\", "\f a \f = \f b"],
    ],
)
def test_properties_as_java_has_them(text: str) -> None:
    javaproperties = pytest.importorskip("javaproperties")
    expected = list(javaproperties.loads(text, object_pairs_hook=list))
    assert [(each.key, each.value) for each in parse(Source("a.properties", text)).entries] == expected


@pytest.mark.parametrize(("written", "hint"), [("500", True), ("500L", True), ("TimeUnit.SECONDS.toMillis(1)", False)])
def test_a_conversion_is_not_told_of_its_unit(written: str, hint: bool) -> None:
    text = (
        "import com.zaxxer.hikari.*;\nimport java.util.concurrent.TimeUnit;\nclass A { void a() {\n"
        f"HikariConfig c = new HikariConfig();\nc.setLeakDetectionThreshold({written});\n"
        "new HikariDataSource(c); } }\n"
    )
    (found,) = [each for each in check_texts({"A.java": text}).findings if each.code == "HIK004"]
    assert ("the unit is milliseconds" in found.message) is hint
    assert (found.fix is not None) is hint


def test_the_longest_time_of_java_fits() -> None:
    text = (
        "import com.zaxxer.hikari.*;\nclass A {\n  void a() {\n    HikariConfig c = new HikariConfig();\n"
        "    c.setInitializationFailTimeout(Long.MAX_VALUE);\n  }\n}\n"
    )
    assert not any(each.code == "HIK009" for each in poollint.check_text(text, path="A.java"))


def test_yaml_numbers_beyond_an_int() -> None:
    text = "spring:\n  datasource:\n    hikari:\n      maximum-pool-size: 2147483648\n      max-lifetime: 2147483648\n"
    found = [each for each in poollint.check_text(text, path="application.yml") if each.code == "HIK009"]
    assert [each.line for each in found] == [4]
