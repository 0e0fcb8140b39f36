"""No password reaches a report."""

from __future__ import annotations

import pytest

from poollint import api
from poollint.secrets import mask


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("app = host=db password=hunter2 port=1", "app = host=db password=******* port=1"),
        ("app = password='a b''c'", "app = password='******'"),
        ("url = postgres://app:s3cr3t@db/x", "url = postgres://app:******@db/x"),
        ("password: ${DB_PASSWORD}", "password: ${DB_PASSWORD}"),
        ('"password": "abc"', '"password": "***"'),
        ("server_idle_timeout = 10", "server_idle_timeout = 10"),
    ],
)
def test_mask(text: str, shown: str) -> None:
    assert mask(text) == shown
    assert len(mask(text)) == len(text)


def test_findings_hold_no_password() -> None:
    text = '[databases]\napp = host=db password="hunter2" pool_size=5min\n[pgbouncer]\nauth_type = any\n'
    found = api.check_text(text, "pgbouncer.ini")
    assert found
    assert "hunter2" not in repr(found)


SECRETS = {
    "cache.py": 'import redis\na = redis.from_url("redis://:hunter2@h/0")\n',
    "hikari.properties": "jdbcUrl=jdbc:postgresql://h/db?user=u&password=hunter2\nmaximumPoolSize=5\n",
    "db.js": (
        "const { Pool } = require('pg');\n"
        "const p = new Pool({ password: 'hunter2', ssl: { passphrase: 'x', password: 'hunter2' } });\n"
    ),
    "client.js": (
        "const { PrismaClient } = require('@prisma/client');\n"
        "const c = new PrismaClient({ datasources: { db: { url: 'postgresql://u:hunter2@h/db' } } });\n"
    ),
}


@pytest.mark.parametrize("name", SECRETS)
def test_show_holds_no_password(name: str) -> None:
    from poollint.reports.show import as_json, as_text

    readings = api.check_texts({name: SECRETS[name]}).files
    assert [block for each in readings for block in each.reading.blocks]
    assert "hunter2" not in "".join(as_text(readings, everything=True))
    assert "hunter2" not in repr(as_json(readings))
