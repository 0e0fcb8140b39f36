"""Clients of a pooler: what its file in the same run settles, and what an address alone tells."""

from __future__ import annotations

import pytest

from poollint import api

INI = """[databases]
app = host=10.0.0.5{own}
other = host=10.0.0.6
[pgbouncer]
listen_addr = *
listen_port = {port}
auth_file = /etc/pgbouncer/userlist.txt
pool_mode = {mode}
max_prepared_statements = {most}
"""
ASYNC = "from sqlalchemy.ext.asyncio import create_async_engine\nengine = create_async_engine('{}')\n"
PSYCOPG = "import psycopg\nconnection = psycopg.connect('{}', prepare_threshold=0)\n"
DJANGO = "DATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql', 'NAME': 'app', {}}}}}\n"
RULES = {
    "asyncpg-transaction-pooler",
    "asyncpg-behind-transaction-pooler",
    "psycopg-prepare-behind-pooler",
    "psycopg-pool-prepares-behind-pooler",
    "django-server-cursors-pooler",
    "asyncpg-half-disabled-cache",
}


def ini(mode: str = "transaction", most: int = 0, port: int = 6432, own: str = "") -> str:
    return INI.format(mode=mode, most=most, port=port, own=own)


def severities(text: str, pooler: str = "", name: str = "db.py", target: str = "") -> list[str]:
    """How bad each finding of the rules on poolers is, for one file beside a pgbouncer.ini."""
    texts = {name: text, **({"pgbouncer.ini": pooler} if pooler else {})}
    found = api.check_texts(texts, targets={"pgbouncer": target} if target else {}, complete=True).findings
    return [str(each.severity) for each in found if each.name in RULES]


@pytest.mark.parametrize(
    ("url", "pooler", "wanted"),
    [
        ("postgresql+asyncpg://u@pgbouncer:6432/app", ini(), ["error"]),
        ("postgresql+asyncpg://u@localhost:6432/app", ini("statement"), ["error"]),
        ("postgresql+asyncpg://u@pgbouncer:6432/app", ini("session"), []),
        ("postgresql+asyncpg://u@pgbouncer:6432/app", ini(most=100), []),
        ("postgresql+asyncpg://u@pgbouncer:6432/app", ini(own=" pool_mode=session"), []),
        ("postgresql+asyncpg://u@pgbouncer:6432/other", ini(own=" pool_mode=session"), ["error"]),
        ("postgresql+asyncpg://u@pgbouncer:6432/third", ini(own=" pool_mode=session"), []),
        ("postgresql+asyncpg://u@db:5432/app", ini(port=5432), []),
        ("postgresql+asyncpg://u@pgbouncer:5432/app", ini(port=5432), ["error"]),
        ("postgresql+asyncpg://u@pgbouncer/app", ini(port=5432), ["error"]),
        ("postgresql+asyncpg://u@db:6433/app", ini(), []),
        ("postgresql+asyncpg://u@pgbouncer:6432/app", "", []),
        ("postgresql+asyncpg://u@db:6543/app", "", ["warning"]),
        ("postgresql+asyncpg://u@ep-a-pooler.eu.aws.neon.tech:6543/app", "", []),
        ("postgresql+asyncpg://u@a.pooler.supabase.com:5432/app", "", []),
    ],
)
def test_asyncpg_engines(url: str, pooler: str, wanted: list[str]) -> None:
    assert severities(ASYNC.format(url), pooler) == wanted


def test_a_pooler_too_old_to_follow() -> None:
    pooler = "\n".join(line for line in ini().splitlines() if "prepared" not in line)
    text = ASYNC.format("postgresql+asyncpg://u@pgbouncer:6432/app")
    assert severities(text, pooler) == []
    assert severities(text, pooler, target="1.20") == ["error"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("'postgresql://u@pgbouncer:6432/app'", ["error"]),
        ("host='pgbouncer', port=6432", ["error"]),
        ("host='pgbouncer', port='6432'", ["error"]),
        ("host='pgbouncer', port=6432, statement_cache_size=0", []),
        ("'postgresql://u@pgbouncer:6432/app?statement_cache_size=0'", []),
        ("host='pgbouncer'", []),
        ("host=where, port=6432", []),
        ("host='pgbouncer', port=6432, **more", []),
    ],
)
@pytest.mark.parametrize("function", ["create_pool", "connect"])
def test_asyncpg_itself(function: str, arguments: str, wanted: list[str]) -> None:
    text = f"import asyncpg\nasync def make(where, more):\n    return await asyncpg.{function}({arguments})\n"
    assert severities(text, ini()) == wanted


@pytest.mark.parametrize(
    ("url", "pooler", "wanted"),
    [
        ("postgresql://u@pgbouncer:6432/app", ini(), ["error"]),
        ("postgresql://u@pgbouncer:6432/app", "", ["warning"]),
        ("postgresql://u@db:6543/app", "", ["warning"]),
        ("postgresql://u@pgbouncer:6432/app", ini(most=100), []),
        ("postgresql://u@pgbouncer:6432/app", ini("session"), []),
        ("postgresql://u@db:5432/app", "", []),
        ("postgresql://u@ep-a-pooler.eu.aws.neon.tech/app", "", []),
    ],
)
def test_psycopg_prepares_at_once(url: str, pooler: str, wanted: list[str]) -> None:
    assert severities(PSYCOPG.format(url), pooler) == wanted


@pytest.mark.parametrize(
    ("keys", "pooler", "wanted"),
    [
        ("'HOST': 'db', 'PORT': '6432'", "", ["warning"]),
        ("'HOST': 'db', 'PORT': 6543", "", ["warning"]),
        ("'HOST': 'pgbouncer'", "", ["warning"]),
        ("'HOST': 'db', 'PORT': 5432", "", []),
        ("'HOST': 'a.pooler.supabase.com', 'PORT': 5432", "", []),
        ("'HOST': 'db', 'PORT': '6432', 'DISABLE_SERVER_SIDE_CURSORS': True", "", []),
        ("'HOST': 'db', 'PORT': '6432', 'ATOMIC_REQUESTS': True", "", []),
        ("'HOST': 'db', 'PORT': '6432'", ini(most=100), ["warning"]),
        ("'HOST': 'db', 'PORT': '6432'", ini("session"), []),
        ("'HOST': 'db', 'PORT': '6433'", ini(), []),
    ],
)
def test_cursors_of_django(keys: str, pooler: str, wanted: list[str]) -> None:
    assert severities(DJANGO.format(keys), pooler, "settings.py") == wanted
