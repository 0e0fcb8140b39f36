"""HikariCP's idle connections against what ends them at the other end."""

from __future__ import annotations

import pytest

from poollint.api import check_texts

PROXY = "p.proxy-abc123.eu-central-1.rds.amazonaws.com"


def found(host: str, *pool: str, hikaricp: str = "", **files: str) -> bool:
    text = f"jdbcUrl=jdbc:postgresql://{host}/app?socketTimeout=60&tcpKeepAlive=true\n" + "\n".join(pool) + "\n"
    texts = {"hikari.properties": text, **{name.replace("_", ".", 1): each for name, each in files.items()}}
    targets = {"hikaricp": hikaricp} if hikaricp else None
    return "HIK036" in {each.code for each in check_texts(texts, targets=targets).findings}


@pytest.mark.parametrize(
    ("host", "pool", "hikaricp", "expected"),
    [
        (PROXY, ("keepaliveTime=0", "maxLifetime=7200000"), "", True),
        (PROXY, ("keepaliveTime=0",), "", True),  # half an hour is no second ahead
        (PROXY, ("keepaliveTime=0", "maxLifetime=1700000"), "", False),
        (PROXY, ("maxLifetime=7200000",), "", False),  # pings every two minutes
        (PROXY, ("maxLifetime=7200000",), "5.1.0", True),
        (PROXY, ("keepaliveTime=0", "maxLifetime=0", "minimumIdle=0", "idleTimeout=60000"), "", False),
        (PROXY, ("keepaliveTime=0", "maxLifetime=${LIFE}"), "", False),
        ("db", ("keepaliveTime=0", "maxLifetime=0"), "", False),
    ],
)
def test_the_proxy_of_rds(host: str, pool: tuple[str, ...], hikaricp: str, *, expected: bool) -> None:
    assert found(host, *pool, hikaricp=hikaricp) == expected


@pytest.mark.parametrize(("limit", "expected"), [("1min", True), ("2h", False), ("0", False)])
def test_the_limit_of_the_server(limit: str, *, expected: bool) -> None:
    assert found("db", "keepaliveTime=0", postgresql_conf=f"idle_session_timeout = {limit}\n") == expected
