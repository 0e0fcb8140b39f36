"""What is read of Java: names, constants, setters wherever they stand, and what leaves the file's sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from poollint.api import check_texts
from poollint.blocks import UNKNOWN, UNLIMITED

if TYPE_CHECKING:
    from poollint.blocks import Block

IMPORTS = """package com.example;

import static java.util.concurrent.TimeUnit.SECONDS;
import com.mongodb.MongoClientSettings;
import com.zaxxer.hikari.*;
import java.net.http.HttpClient;
import java.util.Properties;
import okhttp3.OkHttpClient;
import org.apache.commons.dbcp2.BasicDataSource;
import org.springframework.boot.jdbc.DataSourceBuilder;
import redis.clients.jedis.*;

"""


def blocks(body: str, path: str = "Db.java", head: str = IMPORTS) -> list[Block]:
    return check_texts({path: head + body}).files[0].reading.blocks


def block(body: str) -> Block:
    (found,) = blocks(body)
    return found


def codes(body: str) -> set[str]:
    return {found.code for found in check_texts({"Db.java": IMPORTS + body}).findings}


def method(body: str, before: str = "") -> str:
    return f"class Db {{\n {before}\n DataSource make(String url) {{\n  {body}\n }}\n}}\n"


def config(body: str, before: str = "") -> Block:
    return block(method(f"HikariConfig c = new HikariConfig(); {body} return new HikariDataSource(c);", before))


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("30_000L", 30),
        ("30 * 1000", 30),
        ("0x7530", 30),
        ("TimeUnit.MINUTES.toMillis(5)", 300),
        ("SECONDS.toMillis(45)", 45),
        ("java.util.concurrent.TimeUnit.HOURS.toMillis(1)", 3600),
        ("TimeUnit.MILLISECONDS.convert(2, TimeUnit.MINUTES)", 120),
        ("Duration.ofMinutes(5).toMillis()", 300),
        ('Duration.parse("PT45S").toMillis()', 45),
        ("Duration.of(2, ChronoUnit.MINUTES).toMillis()", 120),
        ("(long) (40 * 1000)", 40),
        ("Math.max(35_000, 1)", 35),
        ('Integer.parseInt(System.getenv().getOrDefault("LIFE", "40000"))', 40),
        ('Long.getLong("life", 50000L)', 50),
        ('Integer.valueOf(System.getProperty("life", "60000"))', 60),
        ("LIFE", 90),
        ("Db.LIFE", 90),
        ("this.LIFE", 90),
        ('Long.parseLong(System.getenv("LIFE"))', UNKNOWN),
        ('Optional.ofNullable(System.getenv("LIFE")).map(Long::parseLong).orElse(30000L)', UNKNOWN),
        ("life", UNKNOWN),
        ("settings.getLife()", UNKNOWN),
        ("prod ? 60000 : 70000", UNKNOWN),
        ("prod ? 60000 : 60000", 60),
        ("mutable", UNKNOWN),
    ],
)
def test_times(expression: str, seconds: Any) -> None:
    before = "static final long LIFE = 90 * 1000L; private long mutable = 5;"
    assert config(f"c.setMaxLifetime({expression});", before).value("maxLifetime") == seconds


def test_an_int_that_overflows_wraps_as_java_has_it() -> None:
    found = config("c.setInitializationFailTimeout(60 * 60 * 24 * 1000 * 1000);")
    assert found.value("initializationFailTimeout") == 500654.08
    found = config("c.setInitializationFailTimeout(60 * 60 * 24 * 1000 * 1000L);")
    assert found.value("initializationFailTimeout") == 86.4e6


def test_the_variable_of_a_default() -> None:
    found = config('c.setMaximumPoolSize(Integer.parseInt(System.getenv().getOrDefault("SIZE", "20")));')
    assert (found.value("maximumPoolSize"), found.facts["from_environment"]) == (20, {"maximumPoolSize": "SIZE"})


@pytest.mark.parametrize(
    ("body", "size", "idle"),
    [
        # (size written, an idle time that nobody writes: known only where nothing can have set it)
        ("HikariConfig c; c = new HikariConfig(); c.setMaximumPoolSize(3); return new HikariDataSource(c);", 3, 600),
        ("try (var d = new HikariDataSource()) { d.setMaximumPoolSize(3); return run(d.getConnection()); }", 3, 600),
        ("HikariConfig c = new HikariConfig(); c.setMaximumPoolSize(3); return new HikariDataSource((c));", 3, 600),
        ("HikariConfig c = new HikariConfig(); if (x) { c.setMaximumPoolSize(3); } use(c);", UNKNOWN, UNKNOWN),
        ("HikariConfig c = new HikariConfig(); for (;;) c.setMaximumPoolSize(3);", UNKNOWN, 600),
        ("HikariConfig c = new HikariConfig(); Runnable r = () -> c.setMaximumPoolSize(3);", UNKNOWN, 600),
        ("HikariConfig c = new HikariConfig(); try { c.setMaximumPoolSize(3); } catch (E e) { throw e; }", 3, 600),
        ("HikariConfig c = new HikariConfig(); log.info(c); c.setMaximumPoolSize(3);", 3, 600),
        ("HikariConfig c = new HikariConfig(); other = c; c.setMaximumPoolSize(3);", 3, UNKNOWN),
        ("HikariConfig c = x ? a : new HikariConfig(); c.setMaximumPoolSize(3);", UNKNOWN, UNKNOWN),
        ('HikariConfig c = new HikariConfig("/hikari.properties"); c.setMaximumPoolSize(3);', 3, UNKNOWN),
        ("HikariConfig c = new HikariConfig() {{ setMaximumPoolSize(3); }}; new HikariDataSource(c);", 3, 600),
        ("HikariConfig c = new HikariConfig() { public int getX() { return 1; } };", 10, 600),
        ("HikariConfig c = new HikariConfig(); tune(c); return new HikariDataSource(c);", 7, 600),
        (
            "HikariConfig c = new HikariConfig(); var d = new HikariDataSource(c); c.setMaximumPoolSize(3);",
            UNKNOWN,
            600,
        ),
        ("HikariConfig c = new HikariConfig(); var d = new HikariDataSource(c); d.setIdleTimeout(1);", 10, UNKNOWN),
        ("HikariDataSource d = new HikariDataSource(elsewhere); d.setMaximumPoolSize(3);", UNKNOWN, UNKNOWN),
        ("HikariConfig c = new Mine(); c.setIdleTimeout(20000); return new HikariDataSource(c);", 4, 20),
        (
            "HikariConfig c = new HikariConfig(); c.setMaximumPoolSize(3; return new HikariDataSource(c);",
            UNKNOWN,
            UNKNOWN,
        ),
    ],
)
def test_what_happens_to_a_configuration(body: str, size: Any, idle: Any) -> None:
    own = "static void tune(HikariConfig h) { h.setMaximumPoolSize(7); }"
    text = method(body, own) + "class Mine extends HikariConfig { Mine() { setMaximumPoolSize(4); } }\n"
    found = next(each for each in blocks(text) if each.facts["function"] == "make")
    assert (found.value("maximumPoolSize"), found.value("idleTimeout")) == (size, idle)


@pytest.mark.parametrize(
    ("body", "size", "idle"),
    [
        ("private static HikariConfig c = new HikariConfig(); static { c.setMaximumPoolSize(3); }", 3, 600),
        ("private final HikariConfig c = new HikariConfig(); { this.c.setMaximumPoolSize(3); }", 3, 600),
        ("private final HikariConfig c; Db() { this.c = new HikariConfig(); c.setMaximumPoolSize(3); }", 3, 600),
        ("private HikariConfig c = new HikariConfig(); Db() { c.setMaximumPoolSize(3); } Db(int n) {}", UNKNOWN, 600),
        ("private HikariConfig c = new HikariConfig(); void set(int n) { c.setMaximumPoolSize(n); }", UNKNOWN, 600),
        (
            "private HikariConfig c = new HikariConfig(); P d() { c.setMaximumPoolSize(3); use(new HikariDataSource(c)); }",
            3,
            600,
        ),
        ("private HikariConfig c = new HikariConfig(); HikariConfig get() { return c; }", UNKNOWN, UNKNOWN),
        ("protected HikariConfig c = new HikariConfig(); { c.setMaximumPoolSize(3); }", 3, UNKNOWN),
        ("@Autowired private HikariConfig c = new HikariConfig(); { c.setMaximumPoolSize(3); }", 3, 600),
    ],
)
def test_fields(body: str, size: Any, idle: Any) -> None:
    found = block(f"class Db {{ {body} }}")
    assert (found.value("maximumPoolSize"), found.value("idleTimeout")) == (size, idle)


@pytest.mark.parametrize(
    ("body", "complete"),
    [
        ("@Bean DataSource a() { return DataSourceBuilder.create().type(HikariDataSource.class).build(); }", True),
        ("@Bean HikariDataSource a() { return (HikariDataSource) DataSourceBuilder.create().build(); }", True),
        (
            "@Bean DataSource a(P p) { return p.initializeDataSourceBuilder().type(HikariDataSource.class).build(); }",
            True,
        ),
        ('@Bean @ConfigurationProperties("x") DataSource a() { return new HikariDataSource(); }', False),
        ("@Bean HikariConfig a() { return new HikariConfig(); }", False),
        ("HikariDataSource a() { return new HikariDataSource(); }", False),
        ("DataSource a() { return new HikariDataSource(); }", True),
    ],
)
def test_spring(body: str, complete: bool) -> None:
    assert block(f"class Db {{ {body} }}").complete is complete


def test_a_builder_of_no_named_class_is_nobodys() -> None:
    assert not blocks("class Db { @Bean DataSource a() { return DataSourceBuilder.create().build(); } }")


def test_a_configuration_that_comes_from_elsewhere() -> None:
    body = (
        "class Db { @Bean DataSource a(HikariConfig c) { c.setMaximumPoolSize(3); return new HikariDataSource(c); } }"
    )
    found = block(body)
    assert (found.value("maximumPoolSize"), found.value("idleTimeout")) == (3, UNKNOWN)


def test_properties() -> None:
    put = 'Properties p = new Properties(); p.setProperty("maximumPoolSize", "5"); p.put("minimumIdle", 2);'
    found = block(method(f"{put} return new HikariDataSource(new HikariConfig(p));"))
    assert (found.value("maximumPoolSize"), found.value("minimumIdle"), found.value("idleTimeout")) == (5, 2, 600)
    found = block(method(f"{put} p.load(in); return new HikariDataSource(new HikariConfig(p));"))
    assert found.value("idleTimeout") is UNKNOWN


@pytest.mark.parametrize(
    ("head", "count"),
    [
        ("import com.zaxxer.hikari.HikariConfig;", 1),
        ("import com.zaxxer.hikari.*;", 1),
        ("package com.zaxxer.hikari;", 1),
        ("import com.other.HikariConfig;", 0),
        ("import com.other.*; /* com.zaxxer.hikari */", 0),
        ("import com.zaxxer.hikari.*; class HikariConfig {}", 0),
    ],
)
def test_names(head: str, count: int) -> None:
    assert len(blocks("class A { Object o = new HikariConfig(); }", head=head + "\n")) == count


def test_a_name_with_its_package() -> None:
    assert len(blocks("class A { Object o = new com.zaxxer.hikari.HikariConfig(); }", head="")) == 1


def test_builders() -> None:
    found = block(
        "class A { private OkHttpClient http = new OkHttpClient.Builder()\n  .connectTimeout(5, SECONDS)\n"
        "  .readTimeout(Duration.ZERO)\n  .callTimeout(seconds, SECONDS).build(); }"
    )
    assert (found.value("connectTimeout"), found.value("readTimeout")) == (5, UNLIMITED)
    assert (found.value("callTimeout"), found.value("writeTimeout")) == (UNKNOWN, 10)


def test_a_builder_in_a_variable() -> None:
    body = "OkHttpClient.Builder b = new OkHttpClient.Builder(); b.connectTimeout(1, SECONDS);"
    body += "b = b.readTimeout(2, SECONDS);"
    found = block(method(f"{body} if (x) b.writeTimeout(3, SECONDS); http = b.build();"))
    assert [found.value(name) for name in ("connectTimeout", "readTimeout", "writeTimeout")] == [1, 2, UNKNOWN]
    found = block(f"class Db {{ OkHttpClient.Builder make() {{ {body} return b; }} }}")
    assert (found.value("readTimeout"), found.value("writeTimeout")) == (2, UNKNOWN)


def test_lambdas_that_configure() -> None:
    found = block(
        method(
            "var s = MongoClientSettings.builder().applyToConnectionPoolSettings(b -> b.maxSize(50)"
            ".maxWaitTime(2, SECONDS)).applyToSocketSettings(other).build();"
        )
    )
    assert (found.value("pool.maxSize"), found.value("pool.maxWaitTime"), found.value("pool.minSize")) == (50, 2, 0)
    assert found.value("socket.readTimeout") is UNKNOWN


def test_a_time_with_its_unit_is_not_taken_for_another() -> None:
    body = "@Bean DataSource a() {{ BasicDataSource d = new BasicDataSource(); d.{}; return d; }}"
    assert "POL007" in codes("class A { " + body.format("setMaxWaitMillis(30)") + " }")
    assert "POL007" not in codes("class A { " + body.format("setMaxWait(Duration.ofMillis(30))") + " }")


def test_a_pool_is_told_of_once() -> None:
    body = "JedisPoolConfig c = new JedisPoolConfig(); c.setMaxTotal(5); this.pool = new JedisPool(c, url, 6379);"
    assert block(method(body)).facts["construct"] == "JedisPoolConfig"
    found = block(method("JedisPool pool = new JedisPool(url, 6379); run(pool.getResource());"))
    assert found.value("maxWaitMillis") == UNLIMITED
    assert block(method("this.pool = new JedisPool(url, 6379);")).value("maxWaitMillis") is UNKNOWN


@pytest.mark.parametrize(
    ("body", "handler"),
    [
        ('@GetMapping("/x") String x() { return run(new OkHttpClient()); }', "route"),
        ('@GET @Path("/x") String x() { return run(new OkHttpClient()); }', "route"),
        ("void doGet(HttpServletRequest q, HttpServletResponse r) { run(new OkHttpClient()); }", "route"),
        ("public String handleRequest(Event e, Context c) { return run(new OkHttpClient()); }", "lambda"),
        ("void doGet(String q) { run(new OkHttpClient()); }", ""),
        ("String x() { return run(new OkHttpClient()); }", ""),
    ],
)
def test_handlers(body: str, handler: str) -> None:
    assert block(f"class A {{ {body} }}").facts["handler"] == handler


@pytest.mark.parametrize(
    "body",
    [
        '@GetMapping("/x") String x() { if (http == null) { http = new OkHttpClient(); } return run(http); }',
        '@GetMapping("/x") String x() { this.http = new OkHttpClient(); return run(http); }',
        '@GetMapping("/x") String x() { return run(all.computeIfAbsent(k, each -> new OkHttpClient())); }',
        '@GetMapping("/x") String x() { return run(new OkHttpClient.Builder().connectionPool(shared).build()); }',
        "@Test void x() { }\n void doGet(Object o) { run(new OkHttpClient()); }",
    ],
)
def test_what_is_kept_is_not_made_for_each_request(body: str) -> None:
    assert "HTP001" not in codes(f"class A {{ private OkHttpClient http; {body} }}")


@pytest.mark.parametrize(
    ("use", "told"),
    [
        ("HikariDataSource d = new HikariDataSource(c); return run(d.getConnection());", True),
        ("HikariDataSource d = new HikariDataSource(c); all.put(name, d); return run(d);", False),
        ("HikariDataSource d = new HikariDataSource(c); this.source = d; return run(d);", False),
        ("all.put(name, new HikariDataSource(c)); return run(all);", False),
        ("source = new HikariDataSource(c); return run(source);", False),
        ("try (HikariDataSource d = new HikariDataSource(c)) { return run(d.getConnection()); }", False),
        ("HikariDataSource d = new HikariDataSource(c); d.close(); return null;", False),
    ],
)
def test_pools_of_requests(use: str, told: bool) -> None:
    text = f'@GetMapping("/x") String x() {{ HikariConfig c = new HikariConfig(); {use} }}'
    assert ("POL002" in codes(f"class A {{ private HikariDataSource source; {text} }}")) is told


def test_what_each_request_makes() -> None:
    assert "HTP001" in codes('class A { @GetMapping("/x") String x() { var h = new OkHttpClient(); return h.go(); } }')
    assert "HTP001" in codes('class A { @GetMapping("/x") String x() { return HttpClient.newHttpClient().send(); } }')


@settings(max_examples=60)
@example(502, 12, "")  # a list for a number
@given(st.integers(0, 900), st.integers(0, 40), st.text(alphabet="{}()[];.,=+-\"'@ \nab1", max_size=12))
def test_broken_text_is_read_as_far_as_it_goes(at: int, cut: int, junk: str) -> None:
    text = IMPORTS + method(
        "HikariConfig c = new HikariConfig(); c.setMaximumPoolSize(3); c.setMaxLifetime(SECONDS.toMillis(40));"
        "var b = new OkHttpClient.Builder().readTimeout(1, SECONDS).build(); return new HikariDataSource(c);"
    )
    done = check_texts({"Db.java": text[:at] + junk + text[at + cut :]})
    assert not done.unread
