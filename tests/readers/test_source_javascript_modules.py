"""JavaScript and TypeScript: values that come from other files, from checked environments, from classes and enumerations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.blocks import UNKNOWN, UNLIMITED, Block

if TYPE_CHECKING:
    from pathlib import Path


def blocks(text: str, path: str = "src/app.ts", **others: str) -> list[Block]:
    files = api.check_texts({path: text, **others}, only=path, complete=True).files
    return [block for each in files for block in each.reading.blocks]


def pool(text: str, others: dict[str, str] | None = None, path: str = "src/app.ts") -> Block:
    found = [block for block in blocks(text, path, **(others or {})) if block.kind == "pool"]
    assert len(found) == 1, found
    return found[0]


T3 = "import { createEnv } from '@t3-oss/env-core'; import { z } from 'zod';"
PG = "import { Pool } from 'pg';\n"


@pytest.mark.parametrize(
    ("importing", "value", "others"),
    [
        ("import { max } from './config';", "max", {"src/config.ts": "export const max = 4 * 5;"}),
        ("import { size as max } from './config';", "max", {"src/config.ts": "const size = 20; export { size };"}),
        ("import c from './config.js';", "c.db.max", {"src/config.ts": "export default { db: { max: 20 } };"}),
        (
            "import c from '../config';",
            "c?.max",
            {"config/index.ts": "const c = { max: 20 } as const; export default c;"},
        ),
        ("import * as c from './config';", "c.DB.max!", {"src/config.mjs": "export const DB = { max: 20 };"}),
        ("const c = require('./config');", "c.max", {"src/config.js": "module.exports = { max: 20 };"}),
        ("const { max } = require('./config');", "max", {"src/config.js": "exports.max = 20;"}),
        ("const { max } = require('./config').db;", "max", {"src/config.js": "module.exports = { db: { max: 20 } };"}),
        ("", "require('./config').max", {"src/config.js": "module.exports.max = 20;"}),
        (
            "import { max } from '.';",
            "max",
            {"src/index.ts": "export * from './c';", "src/c.ts": "export const max = 20;"},
        ),
        (
            "import { m } from './i';",
            "m",
            {"src/i.ts": "export { a as m } from './c';", "src/c.ts": "export let a = 20;"},
        ),
        ("import { Sizes } from './c';", "Sizes.POOL", {"src/c.ts": "export enum Sizes { POOL = 20, OTHER }"}),
        (
            "import { max } from '@/config';",
            "max",
            {
                "src/config.ts": "export const max = 20;",
                "tsconfig.json": '{ // aliases\n "compilerOptions": { "baseUrl": ".", "paths": { "@/*": ["src/*"], } } }',
            },
        ),
    ],
)
def test_a_constant_of_another_file(importing: str, value: str, others: dict[str, str]) -> None:
    assert pool(f"{PG}{importing}\nnew Pool({{ max: {value} }});", others).value("max") == 20


@pytest.mark.parametrize(
    ("importing", "value", "others"),
    [
        ("import { max } from './config';", "max", {"src/config.ts": "export let max = 20; max = 30;"}),
        ("import { max } from './config';", "max", {"src/config.ts": "export const max = await load();"}),
        ("import { max } from './config';", "max", {}),
        ("import config from 'config';", "config.max", {"src/config.ts": "export default { max: 20 };"}),
        ("import c from './config';\nc.max = 3;", "c.max", {"src/config.ts": "export default { max: 20 };"}),
        ("const c = require('./config');", "c.max", {"src/config.js": "module.exports = {}; module.exports = { max: 20 };"}),
        (
            "import { a } from './b';",
            "a",
            {
                "src/b.ts": "import { b } from './c'; export const a = b;",
                "src/c.ts": "import { a } from './b'; export const b = a;",
            },
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_told_stays_unknown(importing: str, value: str, others: dict[str, str]) -> None:
    assert pool(f"{PG}{importing}\nnew Pool({{ max: {value} }});", others).value("max") is UNKNOWN


def test_findings_about_imported_options_stand_where_they_are_used() -> None:
    texts = {
        "db.ts": f"{PG}import {{ options }} from './options';\nexport const pool = new Pool(options);\n",
        "options.ts": "\n\n\nexport const options = { max: 0, connectionTimeoutMillis: 5000, idelTimeoutMillis: 1 };\n",
    }
    findings = api.check_texts(texts, complete=True).findings
    assert {(each.path, each.line) for each in findings} == {("db.ts", 3)}
    assert {"pool-size-invalid", "pool-unknown-option"} <= {each.name for each in findings}
    assert not [each for each in findings if each.fix is not None and each.name == "pool-size-invalid"]


def test_an_imported_number_is_no_text() -> None:
    """The name of an import says nothing of its value, a pooler's name in it neither."""
    text = (
        "import env from '@server/env';\nimport { Sequelize } from 'sequelize';\n"
        "const min = env.POOL_MIN ?? 0;\n"
        "export const db = new Sequelize(env.URL, { host: env.pgbouncer.host, pool: { max: env.POOL_MAX, min } });\n"
    )
    found = pool(text)
    assert found.value("pool.max") is UNKNOWN
    assert found.value("pool.min") is UNKNOWN
    assert api.check_text(text, path="db.ts") == []


def test_an_object_that_nobody_sees_may_replace_what_stands_before_it() -> None:
    found = pool(f"{PG}export const make = (options) => new Pool({{ max: 500, ...options, min: 2 }});")
    assert found.value("max") is UNKNOWN
    assert found.value("min") == 2


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        ("import { z } from 'zod'; const env = z.object({ M: z.coerce.number().int().default(20) }).parse(process.env);",
         "env.M", 20),
        ("import * as z from 'zod'; const s = z.object({ M: z.number().default(20) }); const { M } = s.parse(process.env);",
         "M", 20),
        ("import { z } from 'zod'; const env = z.object({ M: z.string().default('2').transform(to) }).parse(process.env);",
         "env.M", UNKNOWN),
        ("import { z } from 'zod'; const env = z.object({ M: z.coerce.number() }).parse(process.env);", "env.M", UNKNOWN),
        ("import { cleanEnv, num } from 'envalid'; const env = cleanEnv(process.env, { M: num({ default: 20 }) });",
         "env.M", 20),
        (f"{T3} const env = createEnv({{ server: {{ M: z.coerce.number().default(20) }} }});", "env.M", 20),
        ("import env from 'env-var';", "env.get('M').default('20').asIntPositive()", 20),
        ("const { M = '20' } = process.env;", "Number(M)", 20),
        ("", "process.env.M ? parseInt(process.env.M, 10) : 20", 20),
        ("", "+process.env.M || 20", 20),
        ("", "Number(process.env.M ?? 20)", 20),
    ],
)  # fmt: skip
def test_numbers_of_the_environment(declared: str, value: str, expected: Any) -> None:
    found = pool(f"{PG}{declared}\nnew Pool({{ max: {value} }});")
    assert found.value("max") == expected
    assert found.facts["from_environment"]["max"] == "M"
    assert not found.facts.get("text_values")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("enum Sizes { SMALL = 5, NEXT }\nnew Pool({ max: Sizes.NEXT });", 6),
        ("class Db { private readonly size = 20; pool = new Pool({ max: this.size }); }", 20),
        ("class Db { size = 20; grow() { this.size = 40; } pool = new Pool({ max: this.size }); }", UNKNOWN),
        ("const { max = 20 } = { min: 2 };\nnew Pool({ max });", 20),
        ("const { max = 20 } = load();\nnew Pool({ max });", UNKNOWN),
        ("const { db: { max } } = load();\nnew Pool({ max });", UNKNOWN),
        ("new Pool(<any>{ max: 20 } as PoolConfig);", 20),
    ],
)
def test_typescript_forms(text: str, expected: Any) -> None:
    assert pool(PG + text).value("max") == expected


def test_texts_with_holes() -> None:
    known = pool(f"{PG}const host = 'db';\nnew Pool({{ connectionString: `postgres://${{host}}:${{5430 + 2}}/app` }});")
    assert known.value("connectionString") == "postgres://db:5432/app"
    shaped = pool(f"{PG}new Pool({{ connectionString: `postgres://${{user}}:${{word}}@${{host}}:6432/app` }});")
    assert shaped.value("connectionString") is UNKNOWN
    assert shaped.facts["shapes"]["connectionString"] == "postgres://@\0:6432/app"


@pytest.mark.parametrize("factory", ["useFactory: async (c) => ({ %s })", "async useFactory(c) { return { %s }; }"])
def test_factories_of_nest_modules(factory: str) -> None:
    text = "import { TypeOrmModule } from '@nestjs/typeorm';\nTypeOrmModule.forRootAsync({ %s });"
    options = "type: 'postgres', host: c.get('HOST'), poolSize: 30, extra: { connectionTimeoutMillis: 4000 }"
    found = pool(text % (factory % options))
    assert found.value("poolSize") == 30
    assert found.value("extra.connectionTimeoutMillis") == 4
    assert found.value("host") is UNKNOWN


def test_results_that_are_called_or_asked_for() -> None:
    assert pool("const pgp = require('pg-promise')({ capSQL: true });\nconst db = pgp({ max: 30 });").value("max") == 30
    nest = (
        "import { NestFactory } from '@nestjs/core';\nconst app = await NestFactory.create(Module);\n"
        "const server = app.getHttpServer();\nserver.keepAliveTimeout = 65_000;\n"
    )
    assert [block.value("keepAliveTimeout") for block in blocks(nest) if block.kind == "server"] == [65]


def test_chains_of_constants_take_no_more_time_than_they_are_long() -> None:
    lines = "".join(f"const a{at} = a{at - 1} + a{at - 1};\n" for at in range(1, 40))
    assert pool(f"{PG}const a0 = 1;\n{lines}new Pool({{ max: a15 }});").value("max") == 2**15
    pool(f"{PG}const a0 = 1;\n{lines}new Pool({{ max: a39 }});")


@pytest.mark.parametrize(
    "broken", ["{ max: 50 idleTimeoutMillis: 1000 }", "{ max: 50, idleTimeoutMillis: ", "{ max: = 4 }"]
)
def test_broken_options_tell_nothing(broken: str) -> None:
    for block in blocks(f"{PG}export const p = new Pool({broken}"):
        assert {setting.value for setting in block.settings.values()} <= {UNKNOWN, UNLIMITED}, block.settings


def test_broken_files_raise_nothing() -> None:
    text = (
        f"{PG}import c from './c';\nenum E {{ A = 1 }}\n"
        "class D { n = 3; p = new Pool({ max: this.n, min: E.A, ...c }); }\n"
        "const { X = '5' } = process.env;\nexport const q = new Pool({ connectionString: `a${X}`, max: X ? +X : 2 });\n"
    )
    for end in range(len(text)):
        blocks(text[:end], **{"src/c.ts": text[: len(text) - end]})
    for at in range(0, len(text), 3):
        blocks(text[:at] + "\udc80\0}" + text[at:])


MONGO = "const { MongoClient } = require('mongodb');\nconst { Worker } = require('bullmq');\n"


@pytest.mark.parametrize(
    ("text", "package", "expected"),
    [
        # the driver does not tell capitals apart, and asks for known names since release 4 alone
        (MONGO + "exports.c = new MongoClient(u, { appname: 'a', MAXPOOLSIZE: 9, waitQueueTimeoutMS: 9 });", "6.3.0", set()),
        (MONGO + "exports.c = new MongoClient(u, { maxpool: 20, maxPoolSize: 9, waitQueueTimeoutMS: 500 });", "6.3.0",
         {"pool-unknown-option"}),
        (MONGO + "exports.c = new MongoClient(u, { maxpool: 20 });", "3.6.5", set()),
        # who makes a client for a moment closes it
        (MONGO + "async function f() { const c = new MongoClient(u, { waitQueueTimeoutMS: 9000 });"
         " await c.db().x(); await c.close(); }", "6.3.0", set()),
        # what ends the whole pool gives back all connections
        (("async function f() { const ds = await this.source(); const r = ds.createQueryRunner();"
         " try { await r.query('x'); await r.release(); } finally { await ds.destroy(); } }"), "6.3.0", set()),
        ("async function f(s) { const r = s.createQueryRunner(); await r.query('x'); await r.release(); }", "6.3.0", set()),
        ("async function f() { const r = this.s.createQueryRunner(); await r.query('x'); await r.release(); }", "6.3.0",
         {"pg-client-not-released"}),
    ],
)  # fmt: skip
def test_found_in_real_projects(text: str, package: str, expected: set[str]) -> None:
    others = {"package.json": f'{{ "dependencies": {{ "mongodb": "{package}" }} }}'}
    findings = api.check_texts({"db.js": text, **others}, only="db.js", complete=True).findings
    assert {each.name for each in findings} - {"mongo-idle-forever", "pool-timeout-unit"} == expected


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ({"axios": "1", "react-dom": "18"}, []),
        ({"axios": "1", "react-dom": "18", "express": "4"}, ["axios-no-timeout"]),
    ],
)
def test_code_of_pages_is_left_alone(packages: dict[str, str], expected: list[str]) -> None:
    import json

    text = "import axios from 'axios';\nexport const api = axios.create({ baseURL: '/api' });\n"
    texts = {"api.js": text, "package.json": json.dumps({"dependencies": packages})}
    assert [each.name for each in api.check_texts(texts, complete=True).findings] == expected


@pytest.mark.parametrize(
    ("options", "package", "expected"),
    [
        ("maxSockets: 9", "4.6.0", ["absent"]),
        ("maxSockets: 9", "4.1.4", []),
        ("freeSocketTimeout: 30000", "4.6.0", ["free"]),
        ("freeSocketTimeout: 3000", "4.6.0", ["absent"]),
        ("freeSocketTimeout: process.env.IDLE", "4.6.0", []),
    ],
)
def test_the_default_timeout_of_agentkeepalive(options: str, package: str, expected: list[str]) -> None:
    text = f"const A = require('agentkeepalive');\nexports.agent = new A({{ {options} }});\n"
    texts = {"a.js": text, "package.json": f'{{ "dependencies": {{ "agentkeepalive": "{package}" }} }}'}
    found = [each for each in api.check_texts(texts, complete=True).findings if "keepalive" in each.name]
    assert ["free" if "freeSocketTimeout =" in each.message else "absent" for each in found] == expected


def test_names_that_are_used_twice() -> None:
    """What one function requires, or sets on its own variable, is nothing to another."""
    text = (
        "function a() { const o = require('https'); const agent = new o.Agent({ maxSockets: 5 }); return agent; }\n"
        "function b(agent) { agent.maxSocket = 7; agent.type = 'x'; const { Agent } = require('http'); return Agent; }\n"
        "function c() { return [new o.Agent({}), new Agent({})]; }\n"
    )
    found = [block for block in blocks(text, "a.js") if block.kind == "agent"]
    assert [block.value("maxSockets") for block in found] == [5]
    assert "unknown_options" not in found[0].facts


def test_minified_code_is_not_read() -> None:
    text = "const{Pool}=require('pg');new Pool({max:0});" + "f(1);" * 2000
    assert blocks(text, "bundle.js") == []
    assert blocks(text.replace(";", ";\n"), "bundle.js") != []


@pytest.mark.parametrize(
    ("rest", "expected"),
    [("", 1), ("exports.get = (u) => api.get(u, { timeout: 5000 });", 0), ("const timeout = 5;\nset({ timeout });", 0)],
)
def test_bounds_that_requests_bring_along(rest: str, expected: int) -> None:
    text = f"const axios = require('axios');\nconst api = axios.create({{ baseURL: 'https://a' }});\n{rest}\n"
    found = [each.name for each in api.check_text(text, path="api.js") if each.name == "axios-no-timeout"]
    assert len(found) == expected


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        ("4", ["fleet-above-limit", "pool-above-share"]),
        ("'max'", []),
        ("1", []),
        ("process.env.N || 4", ["fleet-above-limit", "pool-above-share"]),
    ],
)
def test_processes_of_pm2(tmp_path: Path, instances: str, expected: list[str]) -> None:
    """PM2 starts as many processes, each with pools of its own."""
    (tmp_path / "poollint.toml").write_text(
        '[database.main]\nengine = "postgresql"\nmax-connections = 100\n'
        '[service.api]\nfiles = ["**"]\ndatabase = "main"\ninstances = 2\n'
    )
    (tmp_path / "ecosystem.config.js").write_text(
        f"module.exports = {{ apps: [{{ script: 'a.js', instances: {instances}, exec_mode: 'cluster' }}] }};\n"
    )
    (tmp_path / "db.js").write_text(
        "const { Pool } = require('pg');\nconst pool = new Pool({ max: 20, connectionTimeoutMillis: 5000 });\n"
        "pool.on('error', console.error);\nmodule.exports = pool;\n"
    )
    found = sorted(each.name for each in api.check_paths([str(tmp_path)]).findings)
    assert found == expected


def test_a_listener_for_errors_in_another_file() -> None:
    texts = {
        "db.js": "const { Pool } = require('pg');\nexports.pool = new Pool({ connectionTimeoutMillis: 5000 });\n",
        "db2.js": "const { Pool } = require('pg');\nconst pool = new Pool({ connectionTimeoutMillis: 5000 });\n"
        "module.exports = { pool };\n",
    }
    listening = {"app.js": "const { pool } = require('./db2');\npool.on('error', console.error);\n"}
    assert [each.path for each in api.check_texts(texts, complete=True).findings] == ["db.js", "db2.js"]
    assert api.check_texts({**texts, **listening}, complete=True).findings == []


def test_defaults_that_another_file_sets() -> None:
    texts = {"a.js": "const axios = require('axios');\nexports.f = (u) => axios.get(u);\n"}
    setting = {"main.js": "const axios = require('axios');\naxios.defaults.timeout = 5000;\n"}
    assert [each.name for each in api.check_texts(texts, complete=True).findings] == ["axios-no-timeout"]
    assert api.check_texts({**texts, **setting}, complete=True).findings == []


def test_sessions_are_those_of_https_alone() -> None:
    text = (
        "const h = require('%s');\nexports.a = new h.Agent({ keepAlive: true, timeout: 9000, maxCachedSessions: 0 });\n"
    )
    assert [each.name for each in api.check_text(text % "https", path="a.js")] == ["agent-session-cache-off"]
    assert api.check_text(text % "http", path="a.js") == []


def test_connections_and_agents_of_other_files() -> None:
    """A worker whose connection another file makes, and an agent of the wrong protocol."""
    texts = {
        "redis.ts": "import Redis from 'ioredis';\nexport const connection = new Redis(url, { commandTimeout: 5000 });\n",
        "worker.ts": "import { Worker } from 'bullmq';\nimport { connection } from './redis';\n"
        "export const w = new Worker('q', work, { connection });\n",
        "agents.ts": "import http from 'node:http';\nexport const a = new http.Agent({ keepAlive: true, timeout: 5000 });\n",
        "api.ts": "import axios from 'axios';\nimport { a } from './agents';\n"
        "export const api = axios.create({ timeout: 5000, httpsAgent: a });\n",
    }
    found = {(each.path, each.line, each.name) for each in api.check_texts(texts, complete=True).findings}
    assert found == {("worker.ts", 3, "redis-connection-role-mix"), ("api.ts", 3, "agent-protocol-mismatch")}


def test_modules_as_deno_names_them() -> None:
    text = "import pg from 'npm:pg@8.11';\nexport const p = new pg.Pool({ max: 7 });\n"
    assert pool(text).value("max") == 7
    (client,) = blocks(
        "import { default as Redis } from 'npm:ioredis@5.10.1';\nexport const r = new Redis('redis://r');\n"
    )
    assert client.system == "ioredis"
