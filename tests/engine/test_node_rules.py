"""Rules for Node.js on files in the forms that services have: each pair differs in what the rule is about."""

from __future__ import annotations

from typing import Any

import pytest

from poollint import api
from poollint.engine.judge import Policy
from poollint.knowledge.describe import describe_setting
from poollint.knowledge.index import knowledge


class _Everything(Policy):
    def active(self, rule: Any) -> bool:  # noqa: ARG002 - all rules alike
        return True


def names(files: dict[str, str]) -> set[str]:
    return {found.name for found in api.check_texts(files, complete=True, policy=_Everything()).findings}


PACKAGE = '{ "dependencies": { %s } }'
ROUTE = "import { Router } from 'express';\nconst router = Router();\nrouter.get('/', async (req, res) => { %s });\n"

# rule, file name, text, what is wrong in it, what is right, further files
PAIRS = [
    (
        "agent-session-cache-off",
        "import { Agent } from 'undici'; export const a = new Agent({ connections: 5, connect: { %s } });",
        "maxCachedSessions: 0",
        "timeout: 5000",
        {},
    ),
    (
        "agent-protocol-mismatch",
        (
            "import http from 'http'; import https from 'https'; import { S3Client } from '@aws-sdk/client-s3';\n"
            "export const s3 = new S3Client({ requestHandler: { httpsAgent: new %s.Agent({ keepAlive: true }) } });"
        ),
        "http",
        "https",
        {},
    ),
    (
        "aws-handler-misconfig",
        "import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'; export const c = new CloudWatchClient({ %s });",
        "httpOptions: { timeout: 5000 }",
        "region: 'eu-central-1'",
        {},
    ),
    (
        "tls-verification-disabled",
        "import { Pool } from 'pg'; export const p = new Pool({ ssl: process.env.PROD ? { %s } : false });",
        "rejectUnauthorized: false",
        "rejectUnauthorized: true",
        {},
    ),
    (
        "tls-verification-disabled",
        (
            "import { Sequelize } from 'sequelize';\n"
            "export const s = new Sequelize('postgres://db/x', { dialectOptions: { ssl: { require: true, %s } } });"
        ),
        "rejectUnauthorized: false",
        "ca",
        {},
    ),
    (
        "fetch-agent-ignored",
        (
            "import { Agent } from 'https';\nconst %s = new Agent({ keepAlive: true });\n"
            "export const f = (u: string) => globalThis.fetch(u, { agent });"
        ),
        "agent",
        "agent = undefined, other",
        {},
    ),
    (
        "fetch-body-unread",
        "export async function exists(u: string) { const { %s } = await fetch(u); return use(ok); }\nprocess.exit;",
        "ok",
        "ok, body",
        {},
    ),
    (
        "axios-no-timeout",
        (
            "import axios from 'axios'; import https from 'node:https';\nexport const api = axios.create({\n"
            "  baseURL: process.env.URL%s,\n  httpsAgent: new https.Agent({ keepAlive: true, timeout: 30_000 }),\n});"
        ),
        "",
        ", timeout: 5000",
        {},
    ),
    (
        "server-headers-above-request-timeout",
        (
            "import http from 'node:http'; import app from './app';\nconst server = http.createServer(app);\n"
            "server.headersTimeout = %s;\nserver.listen(3000);"
        ),
        "630 * 1000",
        "30 * 1000",
        {},
    ),
    (
        "server-timeout-seconds",
        "import fastify from 'fastify'; const app = fastify({ keepAliveTimeout: %s });",
        "72",
        "72_000",
        {},
    ),
    (
        "pool-size-env-nan",
        "import { Agent } from 'https';\nexport const a = new Agent({ keepAlive: true, maxSockets: +(%s) });",
        "process.env.MAX_SOCKETS",
        "process.env.MAX_SOCKETS ?? 50",
        {},
    ),
    (
        "pool-size-env-nan",
        "import { Pool } from 'pg';\n%s\nexport const p = new Pool({ max: Number(process.env.PG_MAX) });",
        "",
        "if (!process.env.PG_MAX) throw new Error('PG_MAX');",
        {},
    ),
    (
        "pool-size-env-nan",
        "import { Pool } from 'pg'; import { max } from './config%s'; export const p = new Pool({ max });",
        "",
        "-with-default",
        {
            "config.ts": "export const max = parseInt(process.env.PG_MAX!, 10);",
            "config-with-default.ts": "export const max = parseInt(process.env.PG_MAX ?? '10', 10);",
        },
    ),
    (
        "pool-per-request",
        "import { createClient } from 'redis';\n"
        + ROUTE % "const c = createClient(); await c.connect(); await c.%s; res.end();",
        "flushDb()",
        "subscribe('x', (m) => res.write(m))",
        {},
    ),
    (
        "pool-unknown-option",
        "import mariadb from 'mariadb'; export const p = mariadb.createPool({ host: 'db', %s: 10 });",
        "max",
        "someOptionOfANewRelease",
        {},
    ),
    (
        "pool-budget-exceeded",
        "import { Pool } from 'pg'; export const p = new Pool({ max: %s });",
        "20",
        "10",
        {
            "ecosystem.config.cjs": "module.exports = { apps: [{ script: 'a.js', instances: '8', exec_mode: 'cluster' }] };",
            "postgresql.conf": "max_connections = 100\n",
        },
    ),
    (
        "pg-client-not-released",
        (
            "import mysql from 'mysql2/promise'; const pool = mysql.createPool({ host: 'db' });\n"
            "export async function f() {\n  let conn;\n  try {\n    conn = await pool.getConnection();\n"
            "    await conn.query('select 1');\n    %s\n  }\n}"
        ),
        "conn.release();\n  } catch (e) { console.error(e);",
        "} finally { conn?.release();",
        {},
    ),
    (
        "pg-transaction-on-pool",
        "import { Pool } from 'pg'; const db = new Pool({ max: 5 });\nexport const f = () => db.query({ text: '%s' });",
        "BEGIN",
        "select 1",
        {},
    ),
    (
        "pool-nested-acquire",
        (
            "export const f = (sequelize) => sequelize.transaction(async (t) => {\n"
            "  await sequelize.query('x', { transaction: t });\n  await sequelize.query('y', { %s });\n});"
        ),
        "raw: true",
        "transaction: t",
        {},
    ),
    (
        "pg-no-error-handler",
        (
            "import { Pool } from 'pg';\nexport class Db {\n  #pool = new Pool({ max: 5 });\n"
            "  query(text: string) { return this.#pool.query(text); }\n  %s\n}"
        ),
        "close() { return this.#pool.end(); }",
        "get pool() { return this.#pool; }",
        {},
    ),
    (
        "tcp-keepalive-without-delay",
        "import Redis from 'ioredis'; export const r = new Redis({ host: 'cache.example.com', %s });",
        "db: 1",
        "keepAlive: 10_000",
        {"package.json": PACKAGE % '"ioredis": "^5.4.0"'},
    ),
    (
        "pgbouncer-startup-parameter",
        (
            "import knex from 'knex';\n"
            "export default knex({ client: 'pg', connection: { host: 'pgbouncer', port: 6432, %s: 9000 } });"
        ),
        "statement_timeout",
        "query_timeout",
        {},
    ),
    (
        "pg-url-pool-parameters",
        "import { Sequelize } from 'sequelize'; export const s = new Sequelize('postgres://db/x?%s=5');",
        "pool_max",
        "application_name",
        {},
    ),
    (
        "mysql2-ignored-option",
        "import mysql from 'mysql2/promise'; export const f = () => mysql.createConnection({ host: 'db', %s: 5 });",
        "reconnect",
        "connectionLimit",
        {},
    ),
    (
        "redis-connection-role-mix",
        (
            "import Redis from 'ioredis'; const r = new Redis('redis://cache');\n"
            "export async function f() { await r.xread(%s'STREAMS', 's', '$'); await r.incr('seen'); }"
        ),
        "'BLOCK', 5000, ",
        "'COUNT', 5, ",
        {},
    ),
    (
        "redis-no-command-timeout",
        "import Redis from 'ioredis'; const r = new Redis({ host: 'cache', maxRetriesPerRequest: %s });\n"
        + ROUTE % "res.json(await r.get('x'));",
        "null",
        "2",
        {},
    ),
    (
        "dataloader-unbounded",
        (
            "import DataLoader from 'dataloader';\nasync function batch(ids) {\n  return knex('users').%s;\n}\n"
            "export const make = () => new DataLoader(batch);"
        ),
        "whereIn('id', ids)",
        "select()",
        {},
    ),
    (
        "oracledb-threadpool",
        (
            "import oracledb from 'oracledb'; oracledb.initOracleClient();\n"
            "export const f = () => oracledb.createPool({ connectString: 'x', poolMax: %s });"
        ),
        "10",
        "4",
        {"package.json": PACKAGE % '"oracledb": "^6.0.0"'},
    ),
]


@pytest.mark.parametrize(("rule", "text", "wrong", "right", "others"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_pairs(rule: str, text: str, wrong: str, right: str, others: dict[str, str]) -> None:
    assert rule in names({"src/app.ts": text.replace("%s", wrong), **_beside(others)})
    assert rule not in names({"src/app.ts": text.replace("%s", right), **_beside(others)})


def _beside(others: dict[str, str]) -> dict[str, str]:
    return {f"src/{name}" if name.endswith(".ts") else name: text for name, text in others.items()}


def test_threads_that_another_file_sets() -> None:
    code = "import oracledb from 'oracledb'; oracledb.initOracleClient();\noracledb.createPool({ poolMax: 10 });"
    files = {"app.ts": code, "package.json": PACKAGE % '"oracledb": "6"'}
    assert "oracledb-threadpool" in names(files)
    assert "oracledb-threadpool" not in names({**files, "Dockerfile": "FROM node:20\nENV UV_THREADPOOL_SIZE=20\n"})


def test_a_listener_under_the_other_name_of_a_pool() -> None:
    text = "import { Pool } from 'pg';\nexport const db = global.db ?? (global.db = new Pool({ max: 5 }));\n"
    assert "pg-no-error-handler" in names({"db.ts": text})
    assert "pg-no-error-handler" not in names({"db.ts": text + "db.on('error', console.error);\n"})


def test_a_server_behind_nginx_whose_connections_others_may_set() -> None:
    nginx = (
        "events {}\nhttp {\n  upstream api { server api:3000; keepalive 8; }\n  server {\n    listen 80;\n    location / {\n"
        '      proxy_pass http://api;\n      proxy_http_version 1.1;\n      proxy_set_header Connection "";\n    }\n  }\n}\n'
    )
    text = "import express from 'express';\nconst server = express().listen(%s);\n%s"
    rule = "server-keepalive-below-lb"
    assert rule in names({"s.ts": text % ("process.env.PORT ?? 3000", ""), "nginx.conf": nginx})
    assert rule not in names({"s.ts": text % ("4000", ""), "nginx.conf": nginx})
    assert rule not in names({"s.ts": text % ("3000", "tune(server);"), "nginx.conf": nginx})
    assert rule not in names({"s.ts": text % ("3000", "server.keepAliveTimeout = 65_000;"), "nginx.conf": nginx})


def test_nuxt_evaluates_its_server_folder_again() -> None:
    text = "import mysql from 'mysql2/promise';\nexport const pool = mysql.createPool({ host: 'db', queueLimit: 5 });\n"
    package = PACKAGE % '"nuxt": "3.12.0"'
    assert "pool-hot-reload" in names({"server/utils/db.ts": text, "package.json": package})
    assert "pool-hot-reload" not in names({"server/utils/db.ts": text, "package.json": package.replace("nuxt", "next")})


def test_a_call_is_named_as_it_is_written() -> None:
    text = "import got from 'got'; import { Agent } from 'https';\n"
    text += "export const f = (u) => got(u, { agent: { https: new Agent({ keepAlive: true, timeout: 5000 }) } });\n"
    (found,) = [each for each in api.check_texts({"a.mjs": text}).findings if each.name == "agent-per-request"]
    assert "options of got:" in found.message
    text = "import axios from 'axios';\nexport const f = (u) => axios({ url: u });\n"
    package = PACKAGE % '"axios": "1.7.0", "express": "4.0.0"'
    (found,) = api.check_texts({"a.mjs": text, "package.json": package}).findings
    assert found.message.startswith("axios without a timeout")


def test_a_client_of_the_aws_sdk_for_every_request() -> None:
    text = """
        import express from 'express'; import { S3Client, GetObjectCommand } from '@aws-sdk/client-s3';
        import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
        express().get('/', async (req, res) => {
          const s3 = new S3Client({});
          %s
          res.send(await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'b', Key: 'k' })));
        });
    """
    assert names({"a.mjs": text % ""}) == set()
    assert names({"a.mjs": text % "await s3.send(new GetObjectCommand({}));"}) == {"agent-per-request"}


def test_transactions_that_come_to_every_query_by_themselves() -> None:
    text = "export const f = (sequelize) => sequelize.transaction(async (t) => { await sequelize.query('x'); });\n"
    assert "pool-nested-acquire" not in names({"a.ts": text})


def test_a_pooler_that_keeps_statements_apart() -> None:
    code = "import postgres from 'postgres'; export const sql = postgres({ host: 'pgbouncer', port: 6432 });\n"
    ini = "[databases]\napp = host=db\n[pgbouncer]\npool_mode = %s\nmax_prepared_statements = %d\n"
    rule = "pgbouncer-prepared-statements"
    assert rule in names({"a.ts": code})
    assert rule in names({"a.ts": code, "pgbouncer.ini": ini % ("transaction", 0)})
    assert rule not in names({"a.ts": code, "pgbouncer.ini": ini % ("transaction", 100)})
    assert rule not in names({"a.ts": code, "pgbouncer.ini": ini % ("session", 0)})


def test_the_third_protocol_of_redis_has_room_for_subscribers() -> None:
    text = "import { createClient } from 'redis'; const c = createClient({ %s });\nc.subscribe('x', f);\nc.get('y');\n"
    assert "redis-connection-role-mix" in names({"a.mjs": text % ""})
    assert "redis-connection-role-mix" not in names({"a.mjs": text % "RESP: 3"})


CALLBACK = (
    "const { Pool } = require('pg');\nconst pool = new Pool({ connectionTimeoutMillis: 5000 });\n"
    "exports.f = (cb) => pool.connect((err, client, done) => {\n  if (err) return cb(err);\n  %s\n});\n"
)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("client.query('x', (e, r) => cb(e, r));", True),
        ("client.query('x', (e, r) => { if (e) return cb(e); done(); cb(null, r); });", True),
        ("client.query('x', (e, r) => { if (e) { return cb(e); } client.release(); cb(null, r); });", True),
        ("client.query('x', (e, r) => { done(); cb(e, r); });", False),
        ("client.query('x', (e, r) => { if (e) { done(e); return cb(e); } done(); cb(null, r); });", False),
        ("client.query('x', (e, r) => { finish(done); cb(e, r); });", False),
        ("client.query('x').then(cb).finally(done);", False),
        ("cb(null, client, done);", False),
        ("this.client = client;", False),
    ],
)
def test_a_connection_that_a_callback_gets(body: str, kept: bool) -> None:
    assert ("pg-client-not-released" in names({"a.js": CALLBACK % body})) is kept


def test_a_pool_that_only_its_class_sees() -> None:
    text = (
        "import { Pool } from 'pg';\nexport class Db {\n  %s pool = new Pool({ max: 5 });\n"
        "  rows() { return this.pool.query('x'); }\n  %s\n}\n"
    )
    rule = "pg-no-error-handler"
    assert rule in names({"a.ts": text % ("private readonly", "")})
    assert rule not in names({"a.ts": text % ("readonly", "")})
    assert rule not in names({"a.ts": text % ("private", "get() { return this.pool; }")})


def test_a_cluster_of_pools() -> None:
    for package, place in (("mysql2", "'a', "), ("mysql2/promise", ""), ("mysql", "'a', ")):
        text = f"const mysql = require('{package}');\nconst all = mysql.createPoolCluster();\n"
        wrong = f"all.add({place}{{ host: 'a', connectionLimit: 0 }});\n"
        assert "pool-size-invalid" in names({"a.js": text + wrong})
        assert "pool-size-invalid" not in names({"a.js": text + wrong.replace("0", "5")})


@pytest.mark.parametrize(
    "options",
    [
        "datasourceUrl: 'postgresql://db/app?%s'",
        "datasourceUrl: `${process.env.DATABASE_URL}?%s`",
        "datasources: { db: { url: 'postgresql://db/app?%s' } }",
        "datasources: { db: { url: `${process.env.DATABASE_URL}&%s` } }",
    ],
)
def test_the_url_that_a_client_of_prisma_is_given(options: str) -> None:
    text = (
        f"import {{ PrismaClient }} from '@prisma/client';\nexport const prisma = new PrismaClient({{ {options} }});\n"
    )
    package = PACKAGE % '"@prisma/client": "5.1.0"'
    found = names({"a.ts": text % "connection_limit=1000&pool_timeout=0", "package.json": package})
    assert {"prisma-pool-timeout-zero", "prisma-connection-limit-large"} <= found
    found = names({"a.ts": text % "connection_limit=10&pool_timeout=5", "package.json": package})
    assert not {"prisma-pool-timeout-zero", "prisma-connection-limit-large"} & found


def test_clients_and_servers_of_grpc() -> None:
    text = (
        "const grpc = require('@grpc/grpc-js');\nconst creds = grpc.credentials.createInsecure();\n"
        "const api = grpc.loadPackageDefinition(definition).shop;\n"
    )
    client = "exports.c = new api.Orders('orders:1', creds, { '%s': 30000 });\n"
    server = "exports.s = new grpc.Server({ '%s': 5000 });\n"
    for code in (client, server):
        assert "grpc-channel-options" in names({"a.js": text + code % "grpc.keepalive_time"})
        assert "grpc-channel-options" not in names({"a.js": text + code % "grpc.keepalive_time_ms"})


@pytest.mark.parametrize(
    ("query", "outside"),
    [
        ("Log.create({ a: 1 })", True),
        ("Log.create(values)", True),
        ("Log.update({ a: 1 }, { where: { b: 2 } })", True),
        ("Log.findOne({ where: { b: 2 } })", True),
        ("Log.create(values, { transaction: t })", False),
        ("Log.create(values, options)", False),
        ("Log.findAll({ ...options })", False),
        ("Log.create(...values)", False),
        ("Mailer.create()", False),
    ],
)
def test_queries_of_models_beside_their_transaction(query: str, outside: bool) -> None:
    text = (
        "import { sequelize, Order, Log } from './models'; import { Mailer } from './mail';\n"
        "export const f = (data) => sequelize.transaction(async (t) => {\n"
        f"  await Order.create(data, {{ transaction: t }});\n  await {query};\n}});\n"
    )
    assert ("pool-nested-acquire" in names({"a.ts": text})) is outside


def test_parameters_of_a_url_whose_start_is_open() -> None:
    text = (
        "import { PrismaPg } from '@prisma/adapter-pg';\n"
        "export const a = new PrismaPg({ connectionString: `${process.env.DATABASE_URL}?%s` });\n"
    )
    assert "prisma-url-params-v7" in names({"a.ts": text % "connection_limit=5"})
    assert "prisma-url-params-v7" not in names({"a.ts": text % "schema=app"})


def test_a_dispatcher_for_requests_of_another_file() -> None:
    net = "import { Agent, setGlobalDispatcher } from 'undici';\nsetGlobalDispatcher(new Agent({ connections: 16 }));\n"
    load = "export const load = async (u) => (await fetch(u)).json();\n"
    package = '{ "engines": { "node": ">=26" }, "dependencies": { "undici": "%s" } }'
    files = {"net.mjs": net, "load.mjs": load, "package.json": package}
    assert "fetch-dispatcher-version" in names({**files, "package.json": package % "6.21.0"})
    assert "fetch-dispatcher-version" not in names({**files, "package.json": package % "8.1.0"})
    assert "fetch-dispatcher-version" not in names({"net.mjs": net, "package.json": package % "6.21.0"})


def test_copies_of_a_service_that_a_compose_file_builds() -> None:
    code = "const { Pool } = require('pg');\nexports.pool = new Pool({ host: 'db', max: 20 });\n"
    compose = (
        "services:\n  api:\n    build: {build}\n    deploy: {{ replicas: {many} }}\n{more}"
        "  db:\n    image: postgres:16\n    command: postgres -c max_connections=100\n"
    )
    rule = "pool-budget-exceeded"

    def found(build: str = ".", many: str = "8", more: str = "") -> bool:
        text = compose.format(build=build, many=many, more=more)
        return rule in names({"services/api/db.js": code, "compose.yaml": text})

    assert found()
    assert found("./services/api")
    assert found("{ context: services/api }")
    assert not found("./services/web")
    assert not found(many="4")
    assert not found(many="${COPIES}")
    assert not found(more="  worker:\n    build: .\n")
    assert not found(more="  pooler:\n    image: edoburu/pgbouncer\n")


def test_what_is_told_of_settings() -> None:
    prisma, pg = knowledge().catalogue("prisma"), knowledge().catalogue("node-postgres")
    assert "URL of a Prisma datasource" in describe_setting(prisma, "connection_limit", None)[0]
    since = {name: spec.since() for name, spec in pg.kinds["pool"].settings.items() if spec.since()}
    assert since == {"maxUses": (8, 1), "allowExitOnIdle": (8, 7), "maxLifetimeSeconds": (8, 8), "min": (8, 16)}
