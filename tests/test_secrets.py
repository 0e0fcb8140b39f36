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
