"""Addresses of poolers: told by names, ports and schemes, and by nothing that only looks like one."""

from __future__ import annotations

import re

import pytest

from poollint.knowledge.poolers import at_scheme, pooler_at, profiles


@pytest.mark.parametrize(
    ("host", "port", "name"),
    [
        ("pgbouncer", 5432, "pgbouncer"),
        ("my-pgbouncer.internal", 0, "pgbouncer"),
        ("PgBouncer2", 0, "pgbouncer"),
        ("pgb.internal", 0, "pgbouncer"),
        ("db", 6432, "pgbouncer"),
        ("bouncer", 0, "pgbouncer"),
        ("db-pooler", 0, "named"),
        ("pooler.internal", 0, "named"),
        ("pgpooler", 0, "named"),
        ("aws-0-eu-central-1.pooler.supabase.com", 6543, "supabase"),
        ("db.abc.supabase.co", 6543, "supabase"),
        ("ep-x-pooler.eu-central-1.aws.neon.tech", 5432, "neon"),
        ("p.proxy-abc1.eu-central-1.rds.amazonaws.com", 5432, "rds-proxy"),
        ("ep-x.eu-central-1.aws.neon.tech", 5432, ""),
        ("print-spooler", 5432, ""),
        ("db.pgbase.com", 5432, ""),
        ("db", 5432, ""),
        ("", 0, ""),
    ],
)
def test_addresses(host: str, port: int, name: str) -> None:
    found = pooler_at(host, port)
    assert (found.name if found is not None else "") == name


def test_supabase_shares_by_session_at_the_servers_port() -> None:
    assert pooler_at("aws-0-eu.pooler.supabase.com", 5432) is None


@pytest.mark.parametrize(
    ("url", "name"),
    [("prisma://x", "prisma"), ("prisma+postgres://x", "prisma"), ("postgres://x", ""), ("prisma", "")],
)
def test_schemes(url: str, name: str) -> None:
    found = at_scheme(url)
    assert (found.name if found is not None else "") == name


def test_every_profile_can_tell() -> None:
    for profile in profiles().values():
        assert profile.title
        assert profile.host or profile.scheme
        re.compile(profile.host)
