"""What becomes of connections that are taken out of pools, in Python, Java and Kotlin."""

from __future__ import annotations

import textwrap

import pytest

import poollint

PSYCOPG2 = """\
from psycopg2.pool import ThreadedConnectionPool
pool = ThreadedConnectionPool(1, 10, connect_timeout=5)
"""
ASYNCPG = "import asyncpg\n"


def found(text: str, path: str, code: str) -> list[str]:
    findings = poollint.check_text(textwrap.dedent(text), path=path)
    return [each.message for each in findings if each.code == code]


KEPT = {
    "never": """
        def f():
            conn = pool.getconn()
            with conn, conn.cursor() as cur:
                cur.execute("select 1")
                return cur.fetchone()
        """,
    "closed": """
        def f():
            conn = pool.getconn()
            conn.cursor().execute("select 1")
            conn.close()
        """,
    "keeps": """
        def f(key):
            conn = pool.getconn()
            try:
                cur = conn.cursor()
                cur.execute("select 1")
                pool.putconn(conn)
                return 1
            except Exception:
                log.error("failed")
                return None
        """,
    "raises": """
        def f(key):
            conn = pool.getconn()
            cur = conn.cursor()
            cur.execute("select 1")
            if cur.rowcount == 0:
                raise LookupError(key)
            pool.putconn(conn)
        """,
    "fails": """
        from contextlib import contextmanager

        @contextmanager
        def connection():
            conn = pool.getconn()
            yield conn
            pool.putconn(conn)
        """,
    "fails too": """
        def f():
            conn = None
            try:
                conn = pool.getconn()
                conn.cursor().execute("select 1")
                pool.putconn(conn)
            except Exception as error:
                print(error)
        """,
}
GIVEN = {
    "finally": """
        def f():
            conn = None
            try:
                conn = pool.getconn()
                with conn.cursor() as cur:
                    cur.execute("select 1")
                    return cur.fetchone()
            finally:
                if conn is not None:
                    pool.putconn(conn)
        """,
    "each way": """
        def f():
            conn = pool.getconn()
            if not conn:
                return None
            try:
                conn.cursor().execute("select 1")
            except Exception:
                conn.rollback()
                pool.putconn(conn)
                return None
            pool.putconn(conn)
            return 1
        """,
    "a handler that goes on": """
        def f():
            conn = pool.getconn()
            try:
                conn.cursor().execute("select 1")
            except Exception:
                conn.rollback()
            pool.putconn(conn)
        """,
    "errors of others": """
        def f(key):
            conn = pool.getconn()
            try:
                row = load(key)
            except KeyError:
                row = None
            finally:
                give(conn)
            return row
        """,
    "stored": """
        def f(self):
            conn = pool.getconn()
            self.conn = conn
        """,
    "passed": """
        def f():
            conn = pool.getconn()
            work(conn)
        """,
    "a cursor that is passed": """
        def f():
            conn = pool.getconn()
            return conn.cursor()
        """,
    "in a closure": """
        def f():
            conn = pool.getconn()
            def end():
                pool.putconn(conn)
            return end
        """,
    "by key": """
        def f(key):
            conn = pool.getconn(key)
            conn.cursor().execute("select 1")
        """,
    "all at the end": """
        def f():
            conn = pool.getconn()
            conn.cursor().execute("select 1")
            pool.closeall()
        """,
    "at the top": """
        conn = pool.getconn()
        conn.cursor().execute("select 1")
        """,
    "a program of its own": """
        def main():
            conn = pool.getconn()
            conn.cursor().execute("select 1")
            pool.putconn(conn)

        if __name__ == "__main__":
            main()
        """,
}


@pytest.mark.parametrize("name", KEPT)
def test_connections_that_python_keeps(name: str) -> None:
    assert len(found(PSYCOPG2 + textwrap.dedent(KEPT[name]), "store.py", "PYP052")) == 1


@pytest.mark.parametrize("name", GIVEN)
def test_connections_that_python_gives_back_or_on(name: str) -> None:
    assert found(PSYCOPG2 + textwrap.dedent(GIVEN[name]), "store.py", "PYP052") == []


def test_tests_may_keep_connections() -> None:
    assert found(PSYCOPG2 + textwrap.dedent(KEPT["never"]), "tests/test_store.py", "PYP052") == []


def test_awaited_connections() -> None:
    taken = """
        async def f(db_pool):
            conn = await db_pool.acquire()
            return await conn.fetchval("select 1")
        """
    other = """
        async def f(key_pool):
            entry = await key_pool.acquire()
            return entry.label()
        """
    lasting = """
        async def f(db_pool, told):
            conn = await db_pool.acquire()
            await conn.add_listener("jobs", told)
            await conn.execute("select 1")
        """
    assert len(found(ASYNCPG + textwrap.dedent(taken), "store.py", "PYP052")) == 1
    assert found(ASYNCPG + textwrap.dedent(other), "store.py", "PYP052") == []
    assert found(ASYNCPG + textwrap.dedent(lasting), "store.py", "PYP052") == []
    assert found(textwrap.dedent(taken), "store.py", "PYP052") == []


STORE = """\
import java.sql.*;
import javax.sql.DataSource;
class Store {
    private DataSource dataSource;
    private Connection held;
    %s
}
"""
JAVA_KEPT = {
    "never": """
        int load() throws SQLException {
            Connection c = dataSource.getConnection();
            PreparedStatement s = c.prepareStatement("select 1");
            ResultSet r = s.executeQuery();
            return r.getInt(1);
        }
        """,
    "keeps": """
        int load() throws SQLException {
            Connection c = dataSource.getConnection();
            ResultSet r = c.createStatement().executeQuery("select 1");
            if (!r.next()) return 0;
            c.close();
            return 1;
        }
        """,
    "a handler that leaves": """
        int load() {
            try {
                Connection c = dataSource.getConnection();
                PreparedStatement s = c.prepareStatement("select 1");
                s.execute();
                c.close();
            } catch (SQLException error) {
                log.error("failed", error);
            }
            return 1;
        }
        """,
    "the statement alone is closed": """
        void load() throws SQLException {
            Connection c = dataSource.getConnection();
            try (PreparedStatement s = c.prepareStatement("select 1")) {
                s.execute();
            }
        }
        """,
}
JAVA_GIVEN = {
    "try": """
        void load() throws SQLException {
            try (Connection c = dataSource.getConnection()) {
                c.createStatement().execute("select 1");
            }
        }
        """,
    "try of a variable": """
        void load() throws SQLException {
            Connection c = dataSource.getConnection();
            try (c) {
                c.createStatement().execute("select 1");
            }
        }
        """,
    "finally": """
        void load() throws SQLException {
            Connection c = null;
            try {
                c = dataSource.getConnection();
                c.createStatement().execute("select 1");
            } finally {
                if (c != null) {
                    c.close();
                }
            }
        }
        """,
    "each way": """
        void load() throws SQLException {
            Connection c = dataSource.getConnection();
            try {
                c.createStatement().execute("select 1");
            } catch (SQLException error) {
                c.close();
                throw error;
            }
            c.close();
        }
        """,
    "helpers": """
        void load() throws SQLException {
            Connection c = dataSource.getConnection();
            try {
                c.createStatement().execute("select 1");
            } finally {
                JdbcUtils.closeConnection(c);
            }
        }
        """,
    "returned": """
        Connection load() throws SQLException {
            Connection c = dataSource.getConnection();
            c.setAutoCommit(false);
            return c;
        }
        """,
    "closed by Lombok": """
        void load() throws SQLException {
            @Cleanup Connection c = dataSource.getConnection();
            c.prepareStatement("select 1").execute();
        }
        """,
    "wrapped": """
        Session load() throws SQLException {
            Connection c = dataSource.getConnection();
            return new Session(c);
        }
        """,
    "stored": """
        void load() throws SQLException {
            Connection c = dataSource.getConnection();
            held = c;
        }
        """,
    "a statement that is returned": """
        PreparedStatement load() throws SQLException {
            Connection c = dataSource.getConnection();
            return c.prepareStatement("select 1");
        }
        """,
    "in a lambda": """
        Runnable load() throws SQLException {
            Connection c = dataSource.getConnection();
            return () -> c.close();
        }
        """,
    "another thing's connection": """
        void load() throws SQLException {
            Connection c = router.getConnection();
            c.createStatement().execute("select 1");
        }
        """,
}


@pytest.mark.parametrize("name", JAVA_KEPT)
def test_connections_that_java_keeps(name: str) -> None:
    assert len(found(STORE % textwrap.dedent(JAVA_KEPT[name]), "Store.java", "JDB008")) == 1


@pytest.mark.parametrize("name", JAVA_GIVEN)
def test_connections_that_java_gives_back_or_on(name: str) -> None:
    assert found(STORE % textwrap.dedent(JAVA_GIVEN[name]), "Store.java", "JDB008") == []


KOTLIN = """\
import com.zaxxer.hikari.HikariDataSource

class Store(private val ds: HikariDataSource) {
    %s
}
"""


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ('fun f() { val c = ds.connection; c.prepareStatement("x").execute() }', 1),
        ('fun f() { val c = ds.getConnection()\n c.prepareStatement("x").execute()\n c.close() }', 1),
        ('fun f() { ds.connection.use { c -> c.prepareStatement("x").execute() } }', 0),
        ('fun f() { val c = ds.connection\n c.use { it.prepareStatement("x").execute() } }', 0),
        ('fun f() { val c = ds.connection\n try { c.prepareStatement("x").execute() } finally { c.close() } }', 0),
        ("fun f(): Connection { val c = ds.connection\n return c }", 0),
        ("fun f() = ds.connection", 0),
    ],
)
def test_connections_in_kotlin(body: str, count: int) -> None:
    assert len(found(KOTLIN % body, "Store.kt", "JDB008")) == count


CLIENT = """\
import okhttp3.*;
class Client {
    private final OkHttpClient http = new OkHttpClient();
    String load(Request request) throws IOException {
        Response response = http.newCall(request).execute();
        %s
    }
}
"""


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ('return "" + response.code();', 1),
        ("if (response.code() == 404) return null; return response.body().string();", 1),
        ("try { return response.header(name); } finally { response.close(); }", 0),
        ("return read(response);", 0),
        ("return response.body().string();", 0),
        ("try (response) { return response.message(); }", 0),
    ],
)
def test_answers_of_okhttp(body: str, count: int) -> None:
    assert len(found(CLIENT % body, "Client.java", "OKH002")) == count


ENGINE = """\
from sqlalchemy import create_engine, text
engine = create_engine("postgresql+psycopg://app@db/app", pool_recycle=1800)
"""


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ('conn = engine.connect()\n    return conn.execute(text("select 1")).scalar()', 1),
        ('with engine.connect() as conn:\n        return conn.execute(text("select 1")).scalar()', 0),
        ('conn = engine.connect()\n    conn.execute(text("select 1"))\n    conn.close()', 0),
        ('conn = engine.connect()\n    conn.execute(text("select 1"))\n    conn.rollback()', 0),
        ('conn = engine.connect()\n    with conn.begin():\n        conn.execute(text("select 1"))', 0),
        ("conn = engine.connect()\n    return conn.execution_options(stream_results=True)", 0),
        ('conn = engine.connect()\n    result = conn.execute(text("select 1"))\n    return result', 0),
        ('conn = other.connect()\n    conn.execute(text("select 1"))', 0),
    ],
)
def test_connections_that_sqlalchemy_waits_for(body: str, count: int) -> None:
    assert len(found(f"{ENGINE}\ndef f():\n    {body}\n", "store.py", "SQA044")) == count


STREAMS = """\
import httpx
client = httpx.Client(timeout=10)
"""


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("r = client.send(request, stream=True)\n    return r.status_code", 1),
        ("r = client.send(request, stream=True)\n    if r.is_error:\n        return None\n    return r.read()", 1),
        ("r = client.send(request, stream=True)\n    r.raise_for_status()\n    return r.read()", 1),
        ("r = client.send(request, stream=True)\n    return r.read()", 0),
        ("r = client.send(request)\n    r.raise_for_status()\n    return r.status_code", 0),
        ("r = client.send(request, stream=streamed)\n    return r.status_code", 0),
        ("r = client.send(request, stream=True)\n    return Answer(r)", 0),
        (
            "r = client.send(request, stream=True)\n    try:\n        return r.status_code\n    finally:\n        r.close()",
            0,
        ),
        ("r = client.send(request, stream=True)\n    with closing(r):\n        return r.status_code", 0),
        ("with client.stream('GET', '/') as r:\n        return r.status_code", 0),
    ],
)
def test_answers_of_httpx(body: str, count: int) -> None:
    assert len(found(f"{STREAMS}\ndef f(request):\n    {body}\n", "client.py", "PYP053")) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (
            "import requests\ns = requests.Session()\ndef f(u):\n    r = s.get(u, stream=True, timeout=5)\n    return r.ok",
            1,
        ),
        ("import requests\ndef f(u):\n    r = requests.get(u, stream=True, timeout=5)\n    return r.ok", 0),
        ("import requests\ndef f(s, u):\n    r = s.get(u, stream=True, timeout=5)\n    return r.ok", 0),
        (
            "import requests\ns = requests.Session()\ndef f(u):\n    r = s.get(u, stream=True)\n    return r.iter_content()",
            0,
        ),
        (
            "import requests\ns = requests.Session()\ndef f(u):\n    with s.get(u, stream=True) as r:\n        return r.ok",
            0,
        ),
    ],
)
def test_answers_of_requests(text: str, count: int) -> None:
    assert len(found(text, "client.py", "PYP053")) == count
