"""Node.js libraries as they were seen to behave: recorded pairs of files, and measured option values."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.engine.judge import Policy
from poollint.files import DiskFiles

if TYPE_CHECKING:
    from pathlib import Path

# a comment in the recorded file has a syntax that is not ours
OTHER_SYNTAX = {"recognition/comment-suppression"}


class _Everything(Policy):
    def active(self, rule: Any) -> bool:  # noqa: ARG002 - all rules alike
        return True


def _cases(shared: Path) -> list[dict[str, Any]]:
    path = shared / "truth" / "node" / "cases.json"
    if not path.is_file():
        pytest.skip("no recorded behaviour of Node libraries")
    cases: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return cases


def _findings(path: Path) -> list[tuple[str, int]]:
    session = api.Session(api.Options(isolated=True, policy=_Everything()), DiskFiles())
    return [(found.name, found.line) for found in api.check_with(session, [str(path)]).findings]


def test_pairs_are_told_apart(shared: Path) -> None:
    """The bad file has its finding on the line that is told, the good one has none of the rule."""
    wrong = []
    for case in _cases(shared):
        if case["kind"] != "rule":
            continue
        found = [each for each in _findings(shared / "truth" / "node" / case["file"]) if each[0] == case["rule"]]
        expected = [(each["rule"], each["line"]) for each in case["expect"]]
        if sorted(set(found)) != sorted(expected):
            wrong.append((case["id"], expected, found))
    assert not wrong


def test_recognition(shared: Path) -> None:
    """Pools are found through imports, constants and spreads, and not where a name only looks like one."""
    wrong = []
    for case in _cases(shared):
        if case["kind"] != "recognition" or case["id"] in OTHER_SYNTAX:
            continue
        found = _findings(shared / "truth" / "node" / case["file"])
        expected = [(each["rule"], each["line"]) for each in case["expect"]]
        missing = [each for each in expected if each not in found]
        loud = not expected and [name for name, _line in found if "timeout-unit" in name or "missing" in name]
        if missing or loud:
            wrong.append((case["id"], expected, found))
    assert not wrong


def test_projects(shared: Path) -> None:
    """Whole projects: the finding that is told, where the folders were recorded."""
    wrong = []
    for case in _cases(shared):
        folder = shared / "truth" / "node" / case.get("dir", "-")
        if case["kind"] != "project" or not folder.is_dir():
            continue
        session = api.Session(api.Options(isolated=True, policy=_Everything()), DiskFiles())
        findings = api.check_with(session, [str(folder)]).findings
        found = [(each.name, each.line) for each in findings]
        wrong += [(case["id"], each) for each in case["expect"] if (each["rule"], each["line"]) not in found]
    assert not wrong


# library, option, value as written -> name of a finding ("" for none), and the value that the catalogue gives
MEASURED: list[tuple[str, str, str, str]] = [
    ("http.Agent", "maxSockets", "0", "agent-maxsockets-invalid"),
    ("http.Agent", "maxSockets", "-1", "agent-maxsockets-invalid"),
    ("http.Agent", "maxSockets", "'abc'", "agent-maxsockets-invalid"),
    ("http.Agent", "maxSockets", "'10'", ""),
    ("http.Agent", "maxSockets", "NaN", "agent-maxsockets-invalid"),
    ("http.Agent", "maxFreeSockets", "0", "agent-maxfreesockets-zero"),
    ("http.Agent", "maxTotalSockets", "0", "agent-maxsockets-invalid"),
    ("http.Agent", "maxTotalSockets", "'10'", "agent-maxsockets-invalid"),
    ("http.Agent", "scheduling", "'random'", "agent-scheduling-invalid"),
    ("http.Agent", "maxSocket", "5", "agent-unknown-option"),
    ("http.Agent", "keepAliveMsecs", "999", "agent-keepalivemsecs-subsecond"),
    ("http.Agent", "keepAliveMsecs", "1999", ""),
    ("http.Server", "keepAliveTimeout", "65", "server-timeout-seconds"),
    ("http.Server", "maxRequestsPerSocket", "7", "server-option-ignored"),
    ("http.Server", "requestTimeout", "0", "server-request-timeout-zero"),
    ("fetch", "agent", "new (require('http').Agent)()", "fetch-agent-ignored"),
    ("fetch", "timeout", "100", "fetch-timeout-ignored"),
    ("undici.Agent", "connections", "0", "undici-connections-unbounded"),
    ("undici.Agent", "connections", "'5'", "undici-connections-unbounded"),
    ("undici.Agent", "maxSockets", "5", "undici-wrong-option"),
    ("pg.Pool", "max", "0", "pool-size-invalid"),
    ("pg.Pool", "max", "-1", "pool-size-invalid"),
    ("pg.Pool", "max", "NaN", "pool-size-invalid"),
    ("pg.Pool", "max", "'1'", ""),
    ("pg.Pool", "validationQuery", "1", "pool-unknown-option"),
    ("pg.Pool", "acquireTimeoutMillis", "1", "pool-unknown-option"),
    ("pg.Pool", "acquireTimeout", "1", "pool-unknown-option"),
    ("pg.Pool", "maxConnections", "1", "pool-unknown-option"),
    ("pg.Pool", "connectionLimit", "1", "pool-unknown-option"),
    ("pg.Pool", "idleTimeout", "1", "pool-unknown-option"),
    ("pg.Pool", "connect_timeout", "1", "pool-unknown-option"),
    ("mysql2", "acquireTimeoutMillis", "1", "mysql2-ignored-option"),
    ("mysql2", "poolSize", "1", "mysql2-ignored-option"),
    ("mysql2", "reconnect", "1", "mysql2-ignored-option"),
    ("mysql2", "connectionLimit", "0", "pool-size-invalid"),
    ("mongodb", "maxPoolSize", "0", "pool-size-invalid"),
    ("mongodb", "maxPoolSize", "5", ""),
    ("mongodb", "pool", "1", "pool-unknown-option"),
    ("mongodb", "keepAlive", "1", "mongo-removed-option"),
    ("mongodb", "useUnifiedTopology", "1", "mongo-removed-option"),
    ("mongodb", "waitQueueMultiple", "1", "pool-unknown-option"),
    ("mongodb", "serverSelectionTimeout", "1", "pool-unknown-option"),
    ("ioredis", "poolSize", "1", "redis-option-misplaced"),
    ("ioredis", "maxConnections", "1", "redis-option-misplaced"),
    ("ioredis", "max_attempts", "1", "redis-option-misplaced"),
    ("knex.pool", "bogus", "5", "pool-unknown-option"),
    ("knex.pool", "idleTimeout", "5", "pool-unknown-option"),
    ("knex.pool", "acquireTimeout", "5", "pool-unknown-option"),
    ("knex.pool", "max", "'10'", "pool-size-env-string"),
    ("knex.pool", "max", "0", "pool-size-invalid"),
    ("knex.pool", "max", "1", "knex-max-below-default-min"),
    ("sequelize.pool", "maxConnections", "3", "pool-unknown-option"),
    ("sequelize.pool", "acquireTimeout", "3", "pool-unknown-option"),
    ("sequelize.pool", "max", "'7'", "pool-size-env-string"),
    ("sequelize.pool", "max", "0", "pool-size-invalid"),
    ("typeorm", "max", "2", "typeorm-pool-misplaced"),
    ("typeorm", "pool", "2", "typeorm-pool-misplaced"),
    ("typeorm", "connectionTimeout", "2", "typeorm-pool-misplaced"),
    ("typeorm", "extras", "2", "typeorm-pool-misplaced"),
    ("typeorm", "extra", "{ pool: 2 }", "typeorm-pool-misplaced"),
    ("typeorm", "extra", "{ validateConnection: 2 }", "typeorm-pool-misplaced"),
    ("postgres", "max", "0", "pool-size-invalid"),
    ("oracledb", "poolMax", "'5'", "pool-size-env-string"),
    ("oracledb", "poolMax", "0", "pool-size-invalid"),
    ("dataloader", "maxBatchSize", "0", "dataloader-size-invalid"),
    ("dataloader", "maxBatchSize", "-1", "dataloader-size-invalid"),
    ("dataloader", "maxBatchSize", "'10'", "dataloader-size-invalid"),
]
FORMS = {
    "http.Agent": "new (require('http').Agent)({ %s })",
    "http.Server": "require('http').createServer({ %s }, () => {})",
    "fetch": "fetch('http://x', { %s })",
    "undici.Agent": "new (require('undici').Agent)({ %s })",
    "pg.Pool": "new (require('pg').Pool)({ %s })",
    "mysql2": "require('mysql2').createPool({ %s })",
    "mongodb": "new (require('mongodb').MongoClient)(url, { %s })",
    "ioredis": "new (require('ioredis'))({ %s })",
    "knex.pool": "require('knex')({ pool: { %s } })",
    "sequelize.pool": "new (require('sequelize').Sequelize)(url, { pool: { %s } })",
    "typeorm": "new (require('typeorm').DataSource)({ type: 'postgres', %s })",
    "postgres": "require('postgres')(url, { %s })",
    "oracledb": "require('oracledb').createPool({ %s })",
    "dataloader": "new (require('dataloader'))(load, { %s })",
}


@pytest.mark.parametrize(("library", "option", "value", "rule"), MEASURED)
def test_measured_values(library: str, option: str, value: str, rule: str) -> None:
    """What a library did with a value, and the finding that says so."""
    text = f"exports.made = {FORMS[library] % f'{option}: {value}'};\n"
    names = {found.name for found in api.check_text(text, "app.js")}
    about = {name for name in names if name not in NOISE}
    assert (about == set()) if rule == "" else (rule in names)


# findings about what is not written
NOISE = frozenset(
    "agent-keepalive-missing agent-keepalive-no-timeout pool-acquire-timeout-missing mysql2-unbounded-queue "
    "undici-connections-unbounded mongo-idle-forever pg-no-error-handler knex-min-nonzero".split()
)

DEFAULTS: list[tuple[str, str, Any]] = [
    ("http.Agent", "keepAlive", False),
    ("http.Agent", "maxSockets", math.inf),
    ("http.Agent", "maxFreeSockets", 256),
    ("http.Server", "keepAliveTimeout", 5),
    ("http.Server", "headersTimeout", 60),
    ("pg.Pool", "max", 10),
    ("pg.Pool", "idleTimeoutMillis", 10),
    ("pg.Pool", "connectionTimeoutMillis", math.inf),
    ("mysql2", "connectionLimit", 10),
    ("mysql2", "idleTimeout", 60),
    ("mongodb", "maxPoolSize", 100),
    ("mongodb", "waitQueueTimeoutMS", math.inf),
    ("ioredis", "maxRetriesPerRequest", 20),
    ("knex.pool", "pool.min", 2),
    ("knex.pool", "pool.acquireTimeoutMillis", 60),
    ("sequelize.pool", "pool.max", 5),
    ("sequelize.pool", "pool.acquire", 60),
    ("postgres", "max", 10),
    ("oracledb", "poolMax", 4),
    ("dataloader", "maxBatchSize", math.inf),
]


@pytest.mark.parametrize(("library", "option", "value"), DEFAULTS)
def test_measured_defaults(library: str, option: str, value: Any) -> None:
    text = f"exports.made = {FORMS[library] % ''};\n"
    files = api.check_texts({"app.js": text}).files
    assert [block.value(option) for each in files for block in each.reading.blocks][-1] == value
