"""Fleets as people have them, with the sums that a finding must show."""

from __future__ import annotations

import pytest
from fleet_cases import BOUNCER, ENGINE, PG, findings, fleet, only


def test_a_hundred_instances_of_twenty_against_five_hundred() -> None:
    text = fleet('database = "main"\ninstances = 100\npool = 20', "max-connections = 500")
    found = only(findings(text), "FLT001")
    assert "100 instances × 20 = 2,000 > 500 usable connections" in found.message
    assert "5 for each pool of api" in found.help
    assert (found.path, found.line) == ("poollint.toml", 2)


def test_through_a_proxy_it_is_a_hundred() -> None:
    more = '\n[proxy.bouncer]\nfiles = ["pgbouncer.ini"]\ndatabase = "main"\n'
    text = fleet('proxy = "bouncer"\ninstances = 100\npool = 20', "max-connections = 500", more)
    assert not findings(text, {"pgbouncer.ini": BOUNCER.format(pool=100, clients=2000)})


def test_ten_replicas_of_four_workers() -> None:
    text = fleet('database = "main"\ninstances = 10\nprocesses = 4', 'engine = "postgresql"\nmax-connections = 100')
    found = findings(text, {"api/db.js": PG.format(size=20)})
    total = only(found, "FLT001")
    assert "10 instances × 4 processes × 20 = 800 > 97 usable" in total.message
    assert {(each.path, each.line) for each in total.related} == {("api/db.js", 2), ("poollint.toml", 8)}
    share = only(found, "FLT002")
    assert (share.path, share.line, share.help) == ("api/db.js", 2, "max = 2")


def test_functions_need_a_proxy() -> None:
    found = only(findings(fleet('database = "main"\ninstances = 1000\npool = 10', "max-connections = 500")), "FLT001")
    assert "1000 instances × 10 = 10,000 > 500" in found.message
    assert "1,000 pools cannot share 500 connections: put a pooler" in found.help


def test_little_and_the_cores() -> None:
    text = fleet(
        'database = "main"\ninstances = 2\npool = 50\nrate = "10000/s"\nhold = "10ms"\ncompute = "10ms"',
        "cores = 20\nmax-connections = 500",
    )
    found = findings(text)
    assert "10,000/s × 10 ms keep 100 connections busy" in only(found, "FLT004").message
    assert "keep 100 cores busy, and main has 20" in only(found, "FLT005").message


def test_surge_autoscaling_and_workers_of_the_files() -> None:
    text = fleet('database = "main"\ninstances = 3\nmax-instances = 6\nsurge = "25%"', 'files = ["postgresql.conf"]')
    files = {
        "api/app.py": ENGINE.format(options="pool_size=5, max_overflow=10, pool_pre_ping=True"),
        "api/gunicorn.conf.py": "workers = 4\n",
        "postgresql.conf": "max_connections = 200\nreserved_connections = 7\n",
    }
    found = only(findings(text, files), "FLT001")
    assert "(6 + 2 surge) instances × 4 processes × (5 + 10) = 480 > 190 usable" in found.message
    assert "less 10 reserved" in found.message
    assert "postgresql.conf" in {each.path for each in found.related}


@pytest.mark.parametrize(
    "service", ['database = "main"', 'database = "main"\ninstances = 40\npools = 2', "instances = 4000\npool = 10"]
)
def test_silent_without_the_numbers(service: str) -> None:
    unknown = PG.format(size="Number(process.env.POOL)")
    assert not findings(fleet(service), {"api/db.js": unknown})


def test_unknown_size_still_counts_one() -> None:
    found = findings(fleet('database = "main"\ninstances = 400'), {"api/db.js": PG.format(size="config.max")})
    assert only(found, "FLT001").message.startswith("at least 400 instances × 1 = 400 > 100")


def test_pools_of_other_databases_are_not_counted() -> None:
    files = {"api/a.py": "from redis import ConnectionPool\npool = ConnectionPool(max_connections=500)\n"}
    assert not findings(
        fleet('database = "main"\ninstances = 10', 'engine = "postgresql"\nmax-connections = 100'), files
    )


def test_two_kinds_of_database_and_nobody_says_which() -> None:
    files = {
        "api/a.js": PG.format(size=90),
        "api/b.js": "const mysql = require('mysql2');\nexports.pool = mysql.createPool({ connectionLimit: 90 });\n",
    }
    assert not findings(fleet('database = "main"\ninstances = 10'), files)
    text = fleet('database = "main"\ninstances = 10', 'engine = "mysql"\nmax-connections = 100')
    assert "10 instances × 90 = 900" in only(findings(text, files), "FLT001").message


def test_tests_and_other_folders_are_not_counted() -> None:
    files = {"tools/db.js": PG.format(size=900), "api/test/db.test.js": PG.format(size=900)}
    assert not findings(fleet('database = "main"\ninstances = 10'), files)


def test_clients_of_a_pooler() -> None:
    more = '\n[proxy.bouncer]\nfiles = ["pgbouncer.ini"]\ndatabase = "main"\ninstances = 2\n'
    text = fleet('proxy = "bouncer"\ninstances = 10\nprocesses = 4', more=more)
    files = {"api/db.js": PG.format(size=20), "pgbouncer.ini": BOUNCER.format(pool=40, clients=300)}
    found = only(findings(text, files), "FLT003")
    assert "10 instances × 4 processes × 20 = 800 clients > 2 processes × 300" in found.message
    assert (found.path, found.line) == ("pgbouncer.ini", 8)
    assert "400 or more" in found.help


def test_a_pooler_may_ask_too_much() -> None:
    more = '\n[proxy.bouncer]\nfiles = ["pgbouncer.ini"]\ndatabase = "main"\ninstances = 3\n'
    text = fleet('proxy = "bouncer"\ninstances = 1\npool = 5', 'engine = "postgresql"\nmax-connections = 100', more)
    found = findings(text, {"pgbouncer.ini": BOUNCER.format(pool=40, clients=300)})
    assert "3 processes × 40 = 120 > 97" in only(found, "FLT001").message
    assert only(found, "FLT002").help == "pools of 32 would fit"


def test_rds_proxy_by_its_percentage() -> None:
    more = '\n[proxy.rds]\ndatabase = "main"\nmax-connections-percent = 95\n'
    more += '\n[service.cron]\ndatabase = "main"\npool = 60\ninstances = 1\n'
    text = fleet('proxy = "rds"\ninstances = 1', "max-connections = 1000", more)
    assert "rds 95 % of 1000 + cron 60 = 1,010 > 1,000" in only(findings(text), "FLT001").message


def test_weights_divide_the_budget() -> None:
    text = """
[database.main]
max-connections = 200
reserved = 10
[service.api]
database = "main"
instances = 20
pool = 12
weight = 8
[service.worker]
database = "main"
instances = 10
pool = 3
weight = 1.5
[service.cron]
database = "main"
instances = 2
pool = 1
weight = 0.1
"""
    found = findings(text)
    assert "7 for each pool of api, 1 for each pool of cron, 3 for each pool of worker" in only(found, "FLT001").help
    assert only(found, "FLT002").help == "pool = 7"


def test_a_suppression_in_the_configuration() -> None:
    text = fleet('database = "main"\ninstances = 100\npool = 20').replace(
        "max-connections = 100", "max-connections = 100  # poollint: ignore[FLT001] -- a new server comes on Monday"
    )
    found = only(findings(text), "FLT001")
    assert found.suppressed is not None


def test_the_overflow_of_a_pool_without_an_end() -> None:
    files = {"api/app.py": ENGINE.format(options="pool_size=20, max_overflow=-1, pool_pre_ping=True")}
    found = only(findings(fleet('database = "main"\ninstances = 10'), files), "FLT001")
    assert found.message.startswith("at least 10 instances × 20 = 200")


def test_nullpool_and_sqlite_are_no_pools() -> None:
    files = {
        "api/a.py": ENGINE.format(options="poolclass=NullPool").replace(
            "from sqlalchemy ", "from sqlalchemy.pool import NullPool\nfrom sqlalchemy "
        ),
        "api/b.py": "from sqlalchemy import create_engine\nengine = create_engine('sqlite:///x.db')\n",
    }
    assert not findings(fleet('database = "main"\ninstances = 60'), files)


def test_cores_are_named_beside_the_budget() -> None:
    text = fleet('database = "main"\ninstances = 10\npool = 40', "max-connections = 200\ncores = 8")
    assert only(findings(text), "FLT002").help.startswith("pool = 20, or 1 if all are busy at once: 8 cores")


def test_rules_count_where_the_finding_stands() -> None:
    text = fleet('database = "main"\ninstances = 10') + '\n[[overrides]]\npaths = ["api/**"]\nignore = ["FLT002"]\n'
    found = findings(text, {"api/db.js": PG.format(size=20)})
    assert [each.code for each in found] == ["FLT001"]


def test_copies_and_workers_of_a_compose_file() -> None:
    compose = "services:\n  web:\n    deploy: {replicas: 4}\n    command: gunicorn app:app -w 3 -k gthread\n"
    text = '[database.main]\nmax-connections = 100\n[service.web]\nfiles = ["web/"]\ndatabase = "main"\n'
    files = {
        "web/compose.yaml": compose,
        "web/db.py": ENGINE.format(options="pool_size=9, max_overflow=0, pool_pre_ping=True"),
    }
    assert "4 instances × 3 processes × 9 = 108 > 100" in only(findings(text, files), "FLT001").message


POOLS = {
    "a.js": "const knex = require('knex')({ client: 'pg', pool: { max: 50 } });\n",
    "b.ts": "import { DataSource } from 'typeorm';\nexport const d = new DataSource({ type: 'postgres', poolSize: 50 });\n",
    "c.js": "const { Sequelize } = require('sequelize');\n"
    "const s = new Sequelize('app', 'u', 'p', { dialect: 'postgres', pool: { max: 50 } });\n",
    "d.go": 'package main\nimport "database/sql"\nfunc f() {\n'
    '\tdb, _ := sql.Open("pgx", dsn)\n\tdb.SetMaxOpenConns(50)\n}\n',
    "settings.py": "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql',\n"
    "    'OPTIONS': {'pool': {'max_size': 50}}}}\n",
    "e.py": "from psycopg_pool import ConnectionPool\npool = ConnectionPool('', min_size=1, max_size=50)\n",
}


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_pools_of_many_libraries(name: str, engine: str) -> None:
    text = fleet('database = "main"\ninstances = 3', f'engine = "{engine}"\nmax-connections = 100\nreserved = 0')
    found = findings(text, {f"api/{name}": POOLS[name]})
    if engine == "mysql":
        assert not found
    else:
        assert "3 instances × 50 = 150 > 100" in only(found, "FLT001").message


def test_a_service_with_two_databases() -> None:
    text = """
[database.main]
engine = "postgresql"
max-connections = 100
[database.log]
engine = "mysql"
max-connections = 50
[service.api]
files = ["api/**"]
database = ["main", "log"]
instances = 3
"""
    mysql = "const mysql = require('mysql2');\nexports.pool = mysql.createPool({ connectionLimit: 15 });\n"
    found = findings(text, {"api/a.js": PG.format(size=90), "api/b.js": mysql})
    assert "3 instances × 90 = 270 > 97 usable connections of main" in only(found, "FLT001").message
    assert only(found, "FLT002").path == "api/a.js"
    assert not findings(text.replace('engine = "mysql"', ""), {"api/a.js": PG.format(size=90)})
