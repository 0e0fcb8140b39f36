"""JavaScript and TypeScript: names, folding, what happens to a pool later, projects beside a file."""

from __future__ import annotations

import math
from typing import Any

import pytest

from poollint import api
from poollint.blocks import UNKNOWN, Block
from poollint.files import MemoryFiles
from poollint.formats.prisma_schema import parse as parse_schema
from poollint.readers.source.targets import ANY, Projects, installed
from poollint.source import Source


def blocks(text: str, path: str = "app.js", **others: str) -> list[Block]:
    files = api.check_texts({path: text, **others}, only=path, complete=True).files
    return [block for each in files for block in each.reading.blocks]


def pool(text: str, path: str = "app.js") -> Block:
    found = [block for block in blocks(text, path) if block.kind == "pool"]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    "text",
    [
        "const { Pool } = require('pg'); new Pool({ max: 7 });",
        "const pg = require('pg'); new pg.Pool({ max: 7 });",
        "const P = require('pg').Pool; new P({ max: 7 });",
        "new (require('pg').Pool)({ max: 7 });",
        "import { Pool } from 'pg'; new Pool({ max: 7 });",
        "import { Pool as P } from 'pg'; new P({ max: 7 });",
        "import pg from 'pg'; const { Pool } = pg; new Pool({ max: 7 });",
        "import * as pg from 'pg'; new pg.Pool({ max: 7 });",
        "const { Pool: P } = await import('pg'); new P({ max: 7 });",
        "import Pool from 'pg-pool'; new Pool({ max: 7 });",
    ],
)
def test_names_resolve_through_imports(text: str) -> None:
    assert pool(text, "app.mjs").value("max") == 7


@pytest.mark.parametrize(
    "text",
    [
        "const { Pool } = require('./my-pool'); new Pool({ max: 7 }); // 'pg'",
        "class Pool {} new Pool({ max: 7 }); // 'pg'",
        "import type { Pool } from 'pg'; declare const Pool: any; new Pool({ max: 7 });",
        "const { Pool } = require('pg'); function f(Pool) { return new Pool({ max: 7 }); }",
    ],
)
def test_other_things_of_the_same_name(text: str) -> None:
    assert [block for block in blocks(text, "app.ts") if block.kind == "pool"] == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("60_000", 60),
        ("5 * 60 * 1000", 300),
        ("1e3", 1),
        ("Number(process.env.X ?? 2000)", 2),
        ("Number(process.env.X) || 2000", 2),
        ("parseInt(process.env.X || '2000', 10)", 2),
        ("+process.env.X || 2000", 2),
        ("Math.max(1000, 2000)", 2),
        ("(2000 as number)", 2),
        ("MINUTE", 60),
        ("cfg.db.idle", 4),
        ("env.int('X', 2000)", 2),
        ("process.env.CI ? 2000 : 2000", 2),
        ("process.env.CI ? 20 : 2000", UNKNOWN),
        ("process.env.X", UNKNOWN),
        ("moving", UNKNOWN),
        ("f()", UNKNOWN),
    ],
)
def test_folding(value: str, expected: Any) -> None:
    text = (
        "import { Pool } from 'pg';\nconst MINUTE = 60 * 1000;\nconst cfg = { db: { idle: 4000 } } as const;\n"
        f"let moving = 1; moving = 2;\nnew Pool({{ idleTimeoutMillis: {value} }});\n"
    )
    assert pool(text, "app.ts").value("idleTimeoutMillis") == expected


def test_a_conditional_keeps_its_choices() -> None:
    made = pool("const { Pool } = require('pg'); new Pool({ max: process.env.CI ? 1 : 20 });")
    assert made.facts["choices"] == {"max": (1, 20)}


def test_spreads() -> None:
    known = pool("const { Pool } = require('pg'); const base = { max: 7 };\nnew Pool({ ...base, min: 1 });")
    assert (known.value("max"), known.complete) == (7, True)
    setting = known.settings["max"]
    assert setting.origin == "inherited"
    assert setting.place is not None
    assert setting.place.text == "base"
    open_one = pool("const { Pool } = require('pg'); new Pool({ ...other(), min: 1 });")
    assert not open_one.complete
    assert open_one.value("max") is UNKNOWN
    perhaps = pool("const { Pool } = require('pg'); new Pool({ min: 1, ...(x && { max: 3 }) });")
    assert perhaps.complete
    assert perhaps.value("max") is UNKNOWN


def test_an_object_with_a_syntax_error_tells_nothing() -> None:
    made = pool("const { Pool } = require('pg'); new Pool({ max: 50 idleTimeoutMillis: 30000 });")
    assert made.settings == {}
    assert not made.complete


def test_what_is_set_later_counts() -> None:
    (agent,) = blocks(
        "const http = require('http'); const a = new http.Agent({}); a.keepAlive = true; a.maxSockets = 5;"
    )
    assert (agent.value("keepAlive"), agent.value("maxSockets")) == (True, 5)
    found = blocks(
        "const e = require('express'); const app = e();\nconst s = app.listen(3000);\ns.keepAliveTimeout = 65000;"
    )
    assert [block.value("keepAliveTimeout") for block in found if block.kind == "server"] == [65]
    chained = blocks("const h = require('http'); const s = h.createServer(f).listen(1); s.requestTimeout = 9000;")
    assert [block.value("requestTimeout") for block in chained] == [9]


def test_either_side_of_a_condition_is_what_the_name_holds() -> None:
    text = (
        "const { Pool } = require('pg');\n"
        "async function migrate(url) {\n"
        "  const pool = url ? new Pool({ connectionString: url, max: 1 }) : new Pool({ max: 1 });\n"
        "  await pool.query('select 1');\n  await pool.end();\n}\n"
    )
    found = [block for block in blocks(text) if block.kind == "pool"]
    assert [block.name for block in found] == ["pool", "pool"]
    assert all([use.method for use in block.facts["uses"]["methods"]] == ["query", "end"] for block in found)


@pytest.mark.parametrize(
    ("text", "handler"),
    [
        ("app.get('/x', async (req, res) => { new Pool({}); });", "route"),
        ("http.createServer((req, res) => { new Pool({}); });", "route"),
        ("exports.handler = async (event) => { new Pool({}); };", "lambda"),
        ("export async function GET(request) { new Pool({}); }", "export"),
        ("app.get('/x', async (c) => { new Pool({}); });", "route"),
        ("cache.get('x', async (c) => { new Pool({}); });", ""),
        ("function make() { return new Pool({}); }", ""),
    ],
)
def test_handlers(text: str, handler: str) -> None:
    assert pool(f"import {{ Pool }} from 'pg';\n{text}", "app.mjs").facts["handler"] == handler


@pytest.mark.parametrize(
    ("body", "released"),
    [
        ("const c = await pool.connect(); await c.query('x'); c.release();", "path"),
        ("const c = await pool.connect(); try { await c.query('x'); } finally { c.release(); }", "always"),
        ("const c = await pool.connect(); await c.query('x');", "never"),
        ("const c = await pool.connect(); return c;", "elsewhere"),
        ("const c = await pool.connect(); await use(c);", "elsewhere"),
        ("const c = await pool.connect(); c.release();", "always"),
        (
            "const c = await pool.getConnection(); try { await c.query('x'); } finally { pool.releaseConnection(c); }",
            "always",
        ),
    ],
)
def test_connections_come_back(body: str, released: str) -> None:
    found = [block for block in blocks(f"async function f(pool) {{ {body} }}") if block.kind == "checkout"]
    assert [block.facts["uses"]["released"] for block in found] == [released]


def test_connect_of_other_things_is_no_checkout() -> None:
    text = (
        "const sql = require('mssql'); async function f(pool) { const p = await pool.connect(); await p.query('x'); }"
    )
    assert [block for block in blocks(text) if block.kind == "checkout"] == []


def test_exported_configuration() -> None:
    found = blocks("module.exports = { development: { client: 'pg', pool: { max: 1 } } };", "knexfile.js")
    assert [(block.system, block.value("pool.max")) for block in found] == [("knex", 1)]


@pytest.mark.parametrize(
    "text", ["", "new Pool({", "import {", "'pg'" * 1000, "const {" * 50 + "require('pg')", "\x00'pg'"]
)
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(blocks(text), list)


def test_deep_code_can_be_read() -> None:
    text = "const { Pool } = require('pg');\nx" + ".a()" * 3000 + ";\nnew Pool({ max: 5 });\n"
    assert isinstance(blocks(text), list)


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        ("8.11.3", (8, 11, 3)),
        ("^8.11.3", (8, ANY)),
        ("~8.11.3", (8, 11, ANY)),
        ("^0.3.20", (0, 3, ANY)),
        ("8", (8, ANY)),
        ("8.x", (8, ANY)),
        (">=8", None),
        ("*", None),
        ("latest", None),
        ("github:a/b", None),
    ],
)
def test_ranges(spec: str, version: Any) -> None:
    assert installed(spec) == version


def test_versions_of_a_project() -> None:
    files = MemoryFiles(
        {
            "web/package.json": '{ "engines": { "node": ">=18.2" }, '
            '"dependencies": { "pg": "^8.0.0", "undici": "^6.1.0" } }',
            "web/package-lock.json": '{ "packages": { "node_modules/pg": { "version": "8.16.3" } } }',
            "web/src/db.js": "",
            "old/package.json": '{ "dependencies": { "pg": "^8.0.0", "mongodb": "4.1.0" } }',
            "old/yarn.lock": '"pg@^8.0.0":\n  version "8.11.0"\n',
            "old/.nvmrc": "v12.18.0\n",
        }
    )
    projects = Projects(files)
    assert projects.of("web/src/db.js").packages == {"pg": (8, 16, 3), "undici": (6, ANY), "node": (18, 2)}
    assert projects.of("old/x.js").packages == {"pg": (8, 11), "mongodb": (4, 1), "node": (12, 18)}
    assert projects.of("other/x.js").packages == {}


def test_targets_decide_defaults() -> None:
    text = "const Redis = require('ioredis'); new Redis({});"
    (old,) = blocks(text, **{"package.json": '{ "dependencies": { "ioredis": "^5.0.0" } }'})
    (new,) = blocks(text)
    assert (old.value("keepAlive"), new.value("keepAlive")) == (0, 30)


def test_prisma_schema() -> None:
    source = Source(
        "schema.prisma",
        'datasource db {\n  provider = "postgresql" // the kind\n  url = env("DATABASE_URL")\n}\n'
        "model A {\n  id Int @id\n}\n",
    )
    (block,) = parse_schema(source)
    assert (block.kind, block.name) == ("datasource", "db")
    assert [(pair.key, pair.text, pair.env) for pair in block.pairs] == [
        ("provider", "postgresql", ""),
        ("url", 'env("DATABASE_URL")', "DATABASE_URL"),
    ]


def test_infinity_is_no_limit() -> None:
    (agent,) = blocks("const http = require('http'); new http.Agent({ maxSockets: Infinity });")
    assert agent.value("maxSockets") == math.inf


def test_what_compilers_leave() -> None:
    text = (
        'const tslib_1 = require("tslib");\nconst http_1 = tslib_1.__importDefault(require("node:http"));\n'
        'var _pg = _interopRequireDefault(require("pg"));\n'
        "new http_1.default.Agent({ keepAlive: true });\nnew _pg.default.Pool({ max: 3 });\n"
    )
    assert [(block.system, block.kind) for block in blocks(text)] == [("node-http", "agent"), ("node-postgres", "pool")]


@pytest.mark.parametrize("name", ["package.json", "tsconfig.json"])
def test_a_hostile_project_file_costs_its_versions_only(name: str) -> None:
    found = blocks("import { Pool } from 'pg'; new Pool({ max: 7 });", "app.ts", **{name: "[" * 100_000})
    assert [block.value("max") for block in found] == [7]


def test_a_cluster_of_node_redis() -> None:
    text = (
        "const { createCluster } = require('redis');\n"
        "const c = createCluster({ rootNodes: [], defaults: { socket: { connectTimeout: 5 } } });\n"
    )
    (cluster,) = blocks(text)
    assert (cluster.kind, cluster.value("socket.connectTimeout")) == ("cluster", 0.005)


@pytest.mark.parametrize(
    "pool",
    [
        "new Pool({ max: 0 min: 3 })",
        "new Pool{ max: 0, min: 3 })",
        "new Pool('x)",
        "new Pool({ max 0, min: 3 })",
    ],
)
def test_nothing_is_told_of_options_that_hold_a_syntax_error(pool: str) -> None:
    text = f"const {{ Pool }} = require('pg');\nconst pool = {pool};\npool.query('select 1');\n"
    assert not api.check_text(text, "app.js")


def test_a_syntax_error_leaves_the_other_pools_alone() -> None:
    text = "const { Pool } = require('pg');\nconst a = new Pool({ max: 0 });\nconst b = new Pool({ max: 5 min: 3 });\n"
    names = [each.name for each in api.check_text(text, "app.js")]
    assert "pool-size-invalid" in names
    assert "pg-no-error-handler" not in names  # the listener may be what the error hides


def test_an_exported_configuration_with_a_syntax_error_says_nothing() -> None:
    text = (
        "module.exports = {\n  development: { client: 'pg', pool: { min: 2, max: 10 },\n"
        "  production: { client: 'pg', pool: { min: 20, max: 10 }, acquireConnectionTimeout: 10 },\n};\n"
    )
    assert not api.check_text(text, "knexfile.js")
