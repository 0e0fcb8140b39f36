"""Which database a pool leads to, as far as its own settings tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from poollint.blocks import Block

NO_CONNECTION = "none"
SQL = frozenset(("", "postgresql", "mysql", "mssql", "oracle"))
TELLING = ("client", "type", "dialect", "driver", "ENGINE", "adapter", "url", "connectionString", "dsn", "provider")
_WORDS = (
    ("sqlite", "sqlite|better-sqlite"),
    ("postgresql", r"postgres|psycopg|asyncpg|pgx|\bpg\b|cockroach"),
    ("mysql", r"mysql|mariadb"),
    ("mssql", r"mssql|sqlserver|pyodbc|tedious"),
    ("oracle", r"oracle|godror|cx_"),
    ("mongodb", r"mongodb"),
)


def engine_of(block: Block) -> str:
    """``postgresql``, ``mysql``, ``sqlite``, …; empty where nothing tells."""
    found = block.facts.get("engine") or (block.spec.engine if block.spec is not None else "")
    if isinstance(found, str) and found:
        return found
    for name in TELLING:
        setting = block.settings.get(name)
        if setting is not None and isinstance(setting.value, str):
            head = setting.value.partition("://")[0].lower()[:60]
            for engine, words in _WORDS:
                if re.search(words, head):
                    return engine
    first = (block.facts.get("uses") or {}).get("first_text")
    if isinstance(first, str) and "://" in first:
        head = first.partition("://")[0].lower()
        return next((engine for engine, words in _WORDS if re.search(words, head)), "")
    return ""


def leads_to(pool: str, database: str) -> bool:
    """Whether a pool of one engine may lead to a database of another; an empty one is not known."""
    if database == "mariadb":
        database = "mysql"
    if not database:
        return pool in SQL
    return pool == database or (not pool and database in SQL)
