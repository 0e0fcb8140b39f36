"""How long connections live, said of roles: what fires, and what must not."""

from __future__ import annotations

import pytest

from poollint.api import check_texts

PG = "const { Pool } = require('pg');\nconst pool = new Pool({ connectionTimeoutMillis: 5000 });\npool.on('error', log);\n"
DIES = "process.on('SIGTERM', () => process.exit(0));\n"


def codes(path: str, text: str) -> list[str]:
    return [each.code for each in check_texts({path: text}).findings]


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        (PG + DIES, True),
        (PG + DIES.replace("process.exit(0)", "pool.end(process.exit)"), False),
        (PG + DIES.replace("process.exit(0)", "finish(pool)"), False),
        (PG + "module.exports = { pool };\n" + DIES, False),
        (PG, False),
        (PG.replace("const pool", "export const pool") + DIES, False),
    ],
)
def test_a_pool_that_is_open_when_the_process_ends(text: str, fires: bool) -> None:
    assert ("POL016" in codes("app.js", text)) is fires


@pytest.mark.parametrize(
    ("options", "fires"),
    [
        ("connectTimeoutMS=0", True),
        ("connectTimeoutMS=2000", False),
        ("connectTimeoutMS=limit()", False),
        ("maxPoolSize=10", False),
    ],
)
def test_a_limit_on_connecting_that_is_taken_away(options: str, fires: bool) -> None:
    text = (
        f'from pymongo import MongoClient\n\nclient = MongoClient("mongodb://db", waitQueueTimeoutMS=5000, {options})\n'
    )
    assert ("POL012" in codes("app.py", text)) is fires
    assert "POL012" not in codes("tests/test_app.py", text)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("minimumIdle=0\nidleTimeout=10000\n", {"POL015"}),
        ("minimumIdle=0\nidleTimeout=600000\n", set()),
        ("minimumIdle=0\n", set()),
        ("minimumIdle=2\nidleTimeout=10000\n", set()),
        ("leakDetectionThreshold=0\n", {"POL014"}),
        ("leakDetectionThreshold=60000\n", set()),
    ],
)
def test_what_hikaricp_is_told(lines: str, found: set[str]) -> None:
    text = f"jdbcUrl=jdbc:postgresql://db/app?socketTimeout=60\n{lines}"
    assert {code for code in codes("hikari.properties", text) if code in ("POL014", "POL015")} == found


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("import httpx\n\nclient = httpx.Client(timeout=30000)\n", True),
        ("import httpx\n\nclient = httpx.Client(timeout=30)\n", False),
        ("import httpx\n\nclient = httpx.Client(timeout=3600)\n", False),
        ("import httpx\n\nclient = httpx.Client(timeout=None)\n", False),
    ],
)
def test_a_time_in_the_wrong_unit(text: str, fires: bool) -> None:
    assert ("HTP004" in codes("client.py", text)) is fires


@pytest.mark.parametrize(
    ("host", "life", "fires"),
    [
        ("app.proxy-abc123.eu-west-1.rds.amazonaws.com", "", True),
        ("app.proxy-abc123.eu-west-1.rds.amazonaws.com", "\tdb.SetConnMaxLifetime(lifetime)\n", False),
        ("app.abc123.eu-west-1.rds.amazonaws.com", "", False),
    ],
)
def test_a_pool_that_outlives_a_proxy(host: str, life: str, fires: bool) -> None:
    text = (
        'package main\n\nimport "database/sql"\n\nfunc main() {\n'
        f'\tdb, _ := sql.Open("postgres", "postgres://app@{host}/app")\n\tdb.SetMaxOpenConns(10)\n{life}\tgo serve(db)\n}}\n'
    )
    assert ("POL013" in codes("main.go", text)) is fires
