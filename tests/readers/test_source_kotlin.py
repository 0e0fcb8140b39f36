"""What is read of Kotlin: properties, scope functions, times, and a grammar that is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poollint.api import check_texts
from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.formats import source_code

if TYPE_CHECKING:
    from poollint.blocks import Block

IMPORTS = """package com.example

import com.mongodb.MongoClientSettings
import com.zaxxer.hikari.*
import com.zaxxer.hikari.HikariDataSource as Pool
import java.util.Properties
import okhttp3.OkHttpClient
import java.util.concurrent.TimeUnit.SECONDS

"""


@pytest.fixture(autouse=True)
def _grammar(request: pytest.FixtureRequest) -> None:
    if "without" not in request.node.name:
        pytest.importorskip("tree_sitter_kotlin")


def blocks(body: str) -> list[Block]:
    return check_texts({"Db.kt": IMPORTS + body}).files[0].reading.blocks


def block(body: str) -> Block:
    (found,) = blocks(body)
    return found


def method(body: str, before: str = "") -> str:
    return f"{before}\nclass Db {{\n  fun make(url: String): DataSource {{\n    {body}\n  }}\n}}\n"


def config(line: str, before: str = "") -> Block:
    return block(method(f"val c = HikariConfig()\n    {line}\n    return HikariDataSource(c)", before))


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("30_000L", 30),
        ("40 * 1000L", 40),
        ("TimeUnit.MINUTES.toMillis(5)", 300),
        ("Duration.ofMinutes(5).toMillis()", 300),
        ("5.minutes.inWholeMilliseconds", 300),
        ("1.5.minutes.inWholeMilliseconds", 90),
        ("45.toDuration(DurationUnit.SECONDS).inWholeMilliseconds", 45),
        ('System.getenv("LIFE")?.toLong() ?: 60_000', 60),
        ('(System.getenv("LIFE") ?: "70000").toLong()', 70),
        ("LIFE", 90),
        ('System.getenv("LIFE").toLong()', UNKNOWN),
        ("if (prod) 60_000 else 70_000", UNKNOWN),
        ("settings.life", UNKNOWN),
    ],
)
def test_times(expression: str, seconds: Any) -> None:
    assert config(f"c.maxLifetime = {expression}", "const val LIFE = 90_000L").value("maxLifetime") == seconds


@pytest.mark.parametrize(
    ("body", "size", "idle"),
    [
        ("return HikariDataSource(HikariConfig().apply { maximumPoolSize = 3 })", 3, 600),
        ("return Pool(HikariConfig().apply { this.maximumPoolSize = 3; setIdleTimeout(20_000) })", 3, 20),
        ("return HikariDataSource(HikariConfig().also { it.maximumPoolSize = 3 })", 3, 600),
        ("return HikariDataSource(HikariConfig().also { c -> c.maximumPoolSize = 3 })", 3, 600),
        ("val c = HikariConfig(); with(c) { maximumPoolSize = 3 }; return HikariDataSource(c)", 3, 600),
        ("val c = HikariConfig(); c.setMaximumPoolSize(3); return HikariDataSource(c)", 3, 600),
        ("val c = HikariConfig(); c.maximumPoolSize += 3; return HikariDataSource(c)", UNKNOWN, 600),
        ("val c = HikariConfig().apply { if (big) maximumPoolSize = 3 }; return HikariDataSource(c)", UNKNOWN, 600),
        ("val c = HikariConfig().apply { list.forEach { maximumPoolSize = 3 } }; return Pool(c)", UNKNOWN, 600),
        ("val c = HikariConfig(properties).apply { maximumPoolSize = 3 }; return Pool(c)", 3, UNKNOWN),
        ('val c = HikariConfig(Properties().apply { put("maximumPoolSize", 3) }); return Pool(c)', 3, 600),
        ("val c = HikariConfig().apply { maximumPoolSize = 3 }; return tune(c)", 3, UNKNOWN),
        ("return HikariDataSource().apply { maximumPoolSize = 3 }", 3, 600),
    ],
)
def test_what_happens_to_a_configuration(body: str, size: Any, idle: Any) -> None:
    found = block(method(body))
    assert (found.value("maximumPoolSize"), found.value("idleTimeout")) == (size, idle)


@pytest.mark.parametrize(
    "line", ["c.isAutoCommit = false", "c.apply { isAutoCommit = false }", "c.setAutoCommit(false)"]
)
def test_properties_that_ask(line: str) -> None:
    assert config(line).value("autoCommit") is False
    assert config("println(c.isAutoCommit)").value("autoCommit") is True


def test_fields() -> None:
    found = block(
        "class A { private val c = HikariConfig()\n init { c.maximumPoolSize = 3 }\n val d by lazy { Pool(c) }\n}"
    )
    assert (found.value("maximumPoolSize"), found.value("idleTimeout")) == (3, 600)
    found = block("val c = HikariConfig().apply { maximumPoolSize = 3 }\n")
    assert (found.value("maximumPoolSize"), found.value("idleTimeout")) == (3, UNKNOWN)


def test_builders_and_lambdas() -> None:
    found = block(
        "private val http = OkHttpClient.Builder().readTimeout(0, SECONDS).connectTimeout(2, SECONDS).build()\n"
    )
    assert (found.value("readTimeout"), found.value("connectTimeout")) == (UNLIMITED, 2)
    found = block("val s = MongoClientSettings.builder().applyToConnectionPoolSettings { it.maxSize(5) }.build()\n")
    assert (found.value("pool.maxSize"), found.value("pool.minSize")) == (5, 0)


def test_a_pool_that_a_request_ends() -> None:
    head = "private val pool = HikariDataSource().apply { maximumPoolSize = 3 }\n"
    text = head + 'class A {\n @GetMapping("/x") fun x(): String { pool.close(); return "" }\n}\n'
    assert "NPG003" in {found.code for found in check_texts({"A.kt": IMPORTS + text}).findings}
    text = head + "class A {\n @PreDestroy fun x() { pool.close() }\n}\n"
    done = check_texts({"A.kt": IMPORTS + text})
    assert not done.unread
    assert "NPG003" not in {found.code for found in done.findings}


def test_a_client_for_each_request() -> None:
    text = 'class A {\n @GetMapping("/x") fun x(): String { val http = OkHttpClient(); return run(http) }\n}\n'
    assert "HTP001" in {found.code for found in check_texts({"A.kt": IMPORTS + text}).findings}
    text = "class A {\n private val http by lazy { OkHttpClient() }\n}\n"
    assert not check_texts({"A.kt": IMPORTS + text}).findings


def test_a_text_with_open_parts() -> None:
    line = 'c.jdbcUrl = "jdbc:postgresql://$host/${name()}?a=b"'
    found, connection = blocks(method(f"val c = HikariConfig()\n    {line}\n    return HikariDataSource(c)"))
    assert connection.system == "pgjdbc"
    assert found.facts["shapes"]["jdbcUrl"] == "jdbc:postgresql://\0/\0?a=b"


def test_without_the_grammar_the_file_is_said_to_be_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    source_code.grammar.cache_clear()
    monkeypatch.setitem(source_code.GRAMMARS, "kotlin", ("tree_sitter_that_is_not_there", "language"))
    done = check_texts({"Db.kt": IMPORTS + "val c = HikariConfig()\n", "Db.java": "class A {}\n"})
    source_code.grammar.cache_clear()
    assert [(each.path, each.message, each.kind) for each in done.unread] == [
        ("Db.kt", "is not read: that needs pip install 'poollint[kotlin]'", "unsupported")
    ]


@settings(max_examples=60)
@given(st.integers(0, 600), st.integers(0, 40), st.text(alphabet="{}()[];.,=+-\"'@$ \nab1", max_size=12))
def test_broken_text_is_read_as_far_as_it_goes(at: int, cut: int, junk: str) -> None:
    text = IMPORTS + method(
        "val c = HikariConfig().apply { maximumPoolSize = 3; maxLifetime = 40.seconds.inWholeMilliseconds }\n"
        "val b = OkHttpClient.Builder().readTimeout(1, SECONDS).build()\n return HikariDataSource(c)"
    )
    assert not check_texts({"Db.kt": text[:at] + junk + text[at + cut :]}).unread


def test_constants_of_a_companion_are_known_by_their_bare_names() -> None:
    pool = block(
        "class Db {\n  companion object {\n    private const val SIZE = 7\n  }\n"
        "  val pool = HikariConfig().apply { maximumPoolSize = SIZE }\n}\n"
    )
    assert pool.value("maximumPoolSize") == 7
