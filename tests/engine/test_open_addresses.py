"""Addresses with parts that only the running program knows."""

from __future__ import annotations

import pytest

from poollint.api import check_texts


@pytest.mark.parametrize("port", ["{port}", "{PORT}5432", "64{x}", "", "99999999999", "٣"])
@pytest.mark.parametrize("driver", ["psycopg2", "asyncpg", "psycopg"])
def test_an_open_port_is_no_error(port: str, driver: str) -> None:
    make = "create_async_engine" if driver == "asyncpg" else "create_engine"
    module = "sqlalchemy.ext.asyncio" if driver == "asyncpg" else "sqlalchemy"
    text = f"from {module} import {make}\n\nengine = {make}(f'postgresql+{driver}://u@pgbouncer:{port}/app', pool_size=5)\n"
    done = check_texts(
        {"db.py": text, "pgbouncer.ini": "[databases]\n* = host=x\n[pgbouncer]\npool_mode = transaction\n"}
    )
    assert [each.message for each in done.unread if each.severity == "internal"] == []
