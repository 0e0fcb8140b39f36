"""The catalogues' defaults against the libraries themselves: Node and the packages that are installed beside a folder.

``POOLLINT_NODE_PACKAGES`` names a folder with node_modules; each library that is absent there is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from poollint.blocks import UNLIMITED
from poollint.knowledge.index import knowledge

if TYPE_CHECKING:
    from poollint.knowledge.catalogue import SettingSpec

NODE = shutil.which("node")
FOLDER = os.environ.get("POOLLINT_NODE_PACKAGES", "")

# system, kind, package ("" for Node itself), program that prints the defaults as JSON, in the units of the library
PROGRAMS: list[tuple[str, str, str, str]] = [
    (
        "node-http",
        "agent",
        "",
        (
            "const a = new (require('http').Agent)(); const b = new (require('https').Agent)();"
            "out({ keepAlive: a.keepAlive, keepAliveMsecs: a.keepAliveMsecs, maxSockets: a.maxSockets,"
            " maxFreeSockets: a.maxFreeSockets, maxTotalSockets: a.maxTotalSockets, scheduling: a.scheduling,"
            " maxCachedSessions: b.maxCachedSessions })"
        ),
    ),
    (
        "node-http",
        "server",
        "",
        (
            "const s = require('http').createServer(); out({ keepAliveTimeout: s.keepAliveTimeout,"
            " headersTimeout: s.headersTimeout, requestTimeout: s.requestTimeout, timeout: s.timeout,"
            " maxRequestsPerSocket: s.maxRequestsPerSocket })"
        ),
    ),
    (
        "node-postgres",
        "pool",
        "pg",
        (
            "const o = new (require('pg').Pool)().options; out({ max: o.max, min: o.min || 0,"
            " idleTimeoutMillis: o.idleTimeoutMillis, connectionTimeoutMillis: o.connectionTimeoutMillis || 0,"
            " maxUses: o.maxUses, allowExitOnIdle: o.allowExitOnIdle, maxLifetimeSeconds: o.maxLifetimeSeconds })"
        ),
    ),
    (
        "mysql2",
        "pool",
        "mysql2",
        (
            "const c = require('mysql2').createPool({}).config; out({ connectionLimit: c.connectionLimit,"
            " queueLimit: c.queueLimit, waitForConnections: c.waitForConnections, idleTimeout: c.idleTimeout,"
            " enableKeepAlive: c.connectionConfig.enableKeepAlive, connectTimeout: c.connectionConfig.connectTimeout })"
        ),
    ),
    (
        "mysql",
        "pool",
        "mysql",
        (
            "const c = require('mysql').createPool({}).config; out({ connectionLimit: c.connectionLimit,"
            " queueLimit: c.queueLimit, waitForConnections: c.waitForConnections, acquireTimeout: c.acquireTimeout })"
        ),
    ),
    (
        "generic-pool",
        "pool",
        "generic-pool",
        (
            "const c = require('generic-pool').createPool({ create: () => 1, destroy: () => 1 })._config;"
            "out({ max: c.max, min: c.min, idleTimeoutMillis: c.idleTimeoutMillis, testOnBorrow: c.testOnBorrow,"
            " evictionRunIntervalMillis: c.evictionRunIntervalMillis, numTestsPerEvictionRun: c.numTestsPerEvictionRun })"
        ),
    ),
    (
        "ioredis",
        "client",
        "ioredis",
        (
            "const R = require('ioredis'); const o = new R({ lazyConnect: true }).options;"
            "out({ maxRetriesPerRequest: o.maxRetriesPerRequest, enableOfflineQueue: o.enableOfflineQueue,"
            " connectTimeout: o.connectTimeout, disconnectTimeout: o.disconnectTimeout, keepAlive: o.keepAlive })"
        ),
    ),
    (
        "knex",
        "pool",
        "knex",
        (
            "const k = require('knex')({ client: 'pg', connection: {} }); const p = k.client.pool;"
            "out({ 'pool.min': p.min, 'pool.max': p.max, 'pool.acquireTimeoutMillis': p.acquireTimeoutMillis,"
            " 'pool.idleTimeoutMillis': p.idleTimeoutMillis, 'pool.createTimeoutMillis': p.createTimeoutMillis,"
            " 'pool.destroyTimeoutMillis': p.destroyTimeoutMillis, 'pool.reapIntervalMillis': p.reapIntervalMillis })"
        ),
    ),
    (
        "sequelize",
        "pool",
        "sequelize",
        (
            "const { Sequelize } = require('sequelize'); const s = new Sequelize('postgres://a@b/c', { logging: false });"
            "const o = s.connectionManager.config.pool; out({ 'pool.max': o.max, 'pool.min': o.min,"
            " 'pool.acquire': o.acquire, 'pool.idle': o.idle })"
        ),
    ),
    (
        "mongodb",
        "pool",
        "mongodb",
        (
            "const o = new (require('mongodb').MongoClient)('mongodb://x').options; out({ maxPoolSize: o.maxPoolSize,"
            " minPoolSize: o.minPoolSize, maxIdleTimeMS: o.maxIdleTimeMS, waitQueueTimeoutMS: o.waitQueueTimeoutMS,"
            " connectTimeoutMS: o.connectTimeoutMS, serverSelectionTimeoutMS: o.serverSelectionTimeoutMS,"
            " socketTimeoutMS: o.socketTimeoutMS })"
        ),
    ),
    (
        "postgres-js",
        "pool",
        "postgres",
        (
            "const o = require('postgres')('postgres://a@b/c').options; out({ max: o.max,"
            " connect_timeout: o.connect_timeout, prepare: o.prepare })"
        ),
    ),
    (
        "agentkeepalive",
        "agent",
        "agentkeepalive",
        (
            "const o = new (require('agentkeepalive'))().options; out({ keepAlive: o.keepAlive, timeout: o.timeout,"
            " freeSocketTimeout: o.freeSocketTimeout, socketActiveTTL: o.socketActiveTTL })"
        ),
    ),
    (
        "clickhouse-js",
        "pool",
        "@clickhouse/client",
        (
            "const p = require('@clickhouse/client').createClient({}).connection.params; out({"
            " max_open_connections: p.max_open_connections, request_timeout: p.request_timeout,"
            " 'keep_alive.enabled': p.keep_alive.enabled, 'keep_alive.idle_socket_ttl': p.keep_alive.idle_socket_ttl })"
        ),
    ),
    (
        "ioredis",
        "cluster",
        "ioredis",
        (
            "const o = new (require('ioredis').Cluster)(['redis://127.0.0.1:1'], { lazyConnect: true }).options;"
            " out({ enableOfflineQueue: o.enableOfflineQueue, maxRedirections: o.maxRedirections,"
            " slotsRefreshTimeout: o.slotsRefreshTimeout, retryDelayOnFailover: o.retryDelayOnFailover })"
        ),
    ),
    (
        "bullmq",
        "worker",
        "bullmq",
        (
            "const { Worker } = require('bullmq'); const w = new Worker('q', async () => {}, { autorun: false,"
            " connection: { host: '127.0.0.1', port: 1, lazyConnect: true } }); w.on('error', () => {}); const o = w.opts;"
            " out({ concurrency: o.concurrency, lockDuration: o.lockDuration, stalledInterval: o.stalledInterval,"
            " drainDelay: o.drainDelay, maxStalledCount: o.maxStalledCount })"
        ),
    ),
    (
        "pg-promise",
        "pool",
        "pg-promise",
        (
            "const o = require('pg-promise')({ noWarnings: true })({ host: 'h' }).$pool.options; out({ max: o.max,"
            " min: o.min || 0, idleTimeoutMillis: o.idleTimeoutMillis, maxUses: o.maxUses,"
            " connectionTimeoutMillis: o.connectionTimeoutMillis || 0, allowExitOnIdle: o.allowExitOnIdle })"
        ),
    ),
    (
        "slonik",
        "pool",
        "slonik",
        (
            "const at = process.cwd() + '/node_modules/slonik/dist/factories/createClientConfiguration.js';"
            " const o = require(at).createClientConfiguration('postgres://h/x', {}); out({"
            " maximumPoolSize: o.maximumPoolSize, minimumPoolSize: o.minimumPoolSize, idleTimeout: o.idleTimeout,"
            " connectionTimeout: o.connectionTimeout, statementTimeout: o.statementTimeout,"
            " idleInTransactionSessionTimeout: o.idleInTransactionSessionTimeout,"
            " connectionRetryLimit: o.connectionRetryLimit, gracefulTerminationTimeout: o.gracefulTerminationTimeout })"
        ),
    ),
    (
        "cassandra-driver",
        "client",
        "cassandra-driver",
        (
            "const c = new (require('cassandra-driver').Client)({ contactPoints: ['h'], localDataCenter: 'a' });"
            " const s = c.options.socketOptions, p = c.options.pooling;"
            " out({ 'socketOptions.connectTimeout': s.connectTimeout,"
            " 'socketOptions.readTimeout': s.readTimeout, 'socketOptions.keepAlive': s.keepAlive,"
            " 'pooling.heartBeatInterval': p.heartBeatInterval, 'pooling.warmup': p.warmup })"
        ),
    ),
    (
        "needle",
        "request",
        "needle",
        (
            "const o = require('needle').defaults({}); out({ open_timeout: o.open_timeout,"
            " response_timeout: o.response_timeout, read_timeout: o.read_timeout })"
        ),
    ),
    ("axios", "instance", "axios", "out({ timeout: require('axios').default.create().defaults.timeout })"),
]


@pytest.mark.real
@pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
@pytest.mark.parametrize(("system", "kind", "package", "program"), PROGRAMS, ids=[f"{p[0]}.{p[1]}" for p in PROGRAMS])
def test_defaults(system: str, kind: str, package: str, program: str) -> None:
    if package and not os.path.isdir(os.path.join(FOLDER, "node_modules", package)):
        pytest.skip(f"{package} is not installed (POOLLINT_NODE_PACKAGES names a folder that has it)")
    text = f"const out = (o) => {{ console.log(JSON.stringify(o, num)); process.exit(0); }};{_NUMBERS}{program}"
    done = subprocess.run(
        [str(NODE), "-e", text], cwd=FOLDER or None, capture_output=True, text=True, timeout=60, check=True
    )
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    spec = knowledge().catalogue(system).kind(kind)
    wrong = {}
    for name, value in seen.items():
        setting = spec.settings[name]
        found = _in_our_unit(value, setting)
        if found != setting.default and (found or setting.default not in (0, None)):
            wrong[name] = (found, setting.default)
    assert not wrong


def _in_our_unit(value: Any, setting: SettingSpec) -> Any:
    if value == "Infinity" or (value == 0 and setting.get("zero") in ("unlimited", "forever")):
        return UNLIMITED
    if setting.type == "duration" and isinstance(value, (int, float)):
        return value * {"ms": 0.001, "s": 1}[setting.unit]
    return value


_NUMBERS = "const num = (k, v) => v === Infinity ? 'Infinity' : v === undefined ? null : v;"
