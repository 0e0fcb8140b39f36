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
