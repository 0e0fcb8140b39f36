"""Findings on Python's pools against what the real libraries did: pairs of files, and SQLAlchemy's argument matrices."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from poollint.api import check_paths, check_text

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = {"sa13": "1.3.24", "sa14": "1.4.54", "sa20": "2.0.58", "main": "2.1.9"}
# rules that one page on roles says for every system
SAID_ELSEWHERE = {"engine-per-request": "pool-per-request", "pool-waits-forever": "pool-acquire-timeout-missing"}
VALUES = {
    "pool_size": "5",
    "max_overflow": "5",
    "pool_timeout": "5",
    "pool_recycle": "60",
    "pool_pre_ping": "True",
    "pool_use_lifo": "True",
    "pool_reset_on_return": '"rollback"',
    "pool_logging_name": '"x"',
    "logging_name": '"x"',
    "echo_pool": "True",
    "echo": "True",
    "query_cache_size": "100",
    "isolation_level": '"AUTOCOMMIT"',
    "hide_parameters": "True",
    "skip_autocommit_rollback": "True",
    "pool_threadlocal": "True",
}


def matrix(shared: Path, version: str) -> dict[str, Any]:
    path = shared / "truth" / "python" / "cases" / "results" / f"sa_matrix.{version}.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def refused(text: str, version: str) -> list[str]:
    findings = check_text(text, "db.py", targets={"sqlalchemy": VERSIONS[version]})
    return [found.name for found in findings if found.effect == "refused"]


def test_pairs(shared: Path) -> None:
    """The bad file of each pair has its finding, the good one has not."""
    base = shared / "truth" / "python"
    cases = json.loads((base / "cases.json").read_text(encoding="utf-8"))["lint_fixtures"]
    assert len(cases) >= 32
    wrong = []
    for case in cases:
        name = SAID_ELSEWHERE.get(case["rule"], case["rule"])
        bad, good = (
            {found.name for found in check_paths([os.path.dirname(base / case[side])]).findings}
            for side in ("bad", "good")
        )
        if name not in bad or name in good:
            wrong.append((case["rule"], bad, good))
    assert wrong == []


@pytest.mark.parametrize("version", VERSIONS)
def test_arguments_of_each_pool_class(shared: Path, version: str) -> None:
    """An argument is refused exactly where that version's create_engine raised TypeError."""
    wrong = []
    judged = 0
    for pool, row in matrix(shared, version)["accepts"].items():
        for argument, result in row.items():
            if argument not in VALUES:
                continue
            asynchronous = "Async" in pool
            module, name = (
                ("sqlalchemy.ext.asyncio", "create_async_engine") if asynchronous else ("sqlalchemy", "create_engine")
            )
            driver = "asyncpg" if asynchronous else "psycopg2"
            text = (
                f"from {module} import {name}\nfrom sqlalchemy.pool import {pool}\n"
                f'engine = {name}("postgresql+{driver}://u@h/d", poolclass={pool}, {argument}={VALUES[argument]})\n'
            )
            if result.startswith("ArgumentError"):
                continue  # the class itself does not fit
            judged += 1
            if bool(refused(text, version)) != result.startswith("TypeError"):
                wrong.append((pool, argument, result[:60], refused(text, version)))
    assert judged > 60
    assert wrong == []


@pytest.mark.parametrize("version", ["sa14", "sa20", "main"])
def test_drivers_of_async_engines(shared: Path, version: str) -> None:
    """A URL is refused where that version found a synchronous driver behind it."""
    wrong = []
    for url, result in matrix(shared, version)["default_pool_class_async_engine"].items():
        text = f'from sqlalchemy.ext.asyncio import create_async_engine\nengine = create_async_engine("{url}")\n'
        if bool(refused(text, version)) != result.startswith("InvalidRequestError"):
            wrong.append((url, result))
    assert wrong == []


@pytest.mark.parametrize("version", ["sa20", "main"])
def test_pool_classes_of_async_engines(shared: Path, version: str) -> None:
    wrong = []
    for pool, result in matrix(shared, version)["create_async_engine_poolclass"].items():
        text = (
            f"from sqlalchemy.ext.asyncio import create_async_engine\nfrom sqlalchemy.pool import {pool}\n"
            f'engine = create_async_engine("postgresql+asyncpg://u@h/d", poolclass={pool})\n'
        )
        if bool(refused(text, version)) != result.startswith("ArgumentError"):
            wrong.append((pool, result))
    assert wrong == []


@pytest.mark.parametrize("version", VERSIONS)
def test_texts_that_engine_from_config_is_given(shared: Path, version: str) -> None:
    """A number in an INI file is refused where int() refused it."""
    wrong = []
    for pair, result in matrix(shared, version)["engine_from_config"].items():
        name, _, value = pair.partition("=")
        if name not in ("pool_size", "max_overflow", "pool_timeout", "pool_recycle") or "," in pair or not value:
            continue
        text = f"[app:main]\nsqlalchemy.url = postgresql+psycopg2://u@h/d\nsqlalchemy.{name} = {value}\n"
        found = check_text(text, "production.ini", targets={"sqlalchemy": VERSIONS[version]})
        names = [each.name for each in found if each.name == "ini-not-a-number"]
        if bool(names) != result.startswith("ValueError"):
            wrong.append((pair, result))
    assert wrong == []


@pytest.mark.parametrize("version", VERSIONS)
def test_queue_arguments_for_sqlite(shared: Path, version: str) -> None:
    """Queue arguments are refused where the dialect's own pool is no queue."""
    wrong = []
    for url, result in matrix(shared, version)["default_pool_class"].items():
        if not url.startswith("sqlite") or "Pool" not in result:
            continue
        if "pysqlcipher" in url or "aiosqlite" in url:
            continue
        text = f'from sqlalchemy import create_engine\nengine = create_engine("{url}", max_overflow=5)\n'
        if bool(refused(text, version)) != ("QueuePool" not in result):
            wrong.append((url, result))
    assert wrong == []


@pytest.mark.parametrize(("version", "expected"), [("1.4", False), ("2.0", True)])
def test_a_pool_size_of_zero_lifts_the_limit_since_2(version: str, expected: bool) -> None:
    text = 'from sqlalchemy import create_engine\nengine = create_engine("postgresql://h/d", pool_size=0)\n'
    found = check_text(text, "db.py", targets={"sqlalchemy": version})
    assert ("unlimited-pool" in {each.name for each in found}) is expected
    ini = "[app:main]\nsqlalchemy.url = postgresql://h/d\nsqlalchemy.pool_size = 0\n"
    found = check_text(ini, "production.ini", targets={"sqlalchemy": version})
    assert ("unlimited-pool" in {each.name for each in found}) is expected


def test_versions_come_from_lock_files() -> None:
    text = 'class Config:\n    SQLALCHEMY_DATABASE_URI = "x://h"\n    SQLALCHEMY_POOL_SIZE = 20\n'
    for name, lock, expected in (
        ("requirements.txt", "Flask-SQLAlchemy==2.5.1\n", False),
        ("requirements.txt", "flask_sqlalchemy==3.1.1  # pinned\n", True),
        ("poetry.lock", '[[package]]\nname = "flask-sqlalchemy"\nversion = "2.5.1"\n', False),
        ("Pipfile.lock", '{"default": {"flask-sqlalchemy": {"hashes": [], "version": "==2.5.1"}}}', False),
        ("pyproject.toml", '[tool.poetry.dependencies]\nflask-sqlalchemy = "^2.5"\n', False),
        ("pyproject.toml", '[project]\ndependencies = ["flask-sqlalchemy>=2.5"]\n', True),
    ):
        found = check_text(text, "app/config.py", others={name: lock})
        assert ("flask-removed-setting" in {each.name for each in found}) is expected, (name, lock)
