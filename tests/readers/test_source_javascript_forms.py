"""JavaScript and TypeScript as people write services in them: what is recognized, and what is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poollint import api
from poollint.files import MemoryFiles
from poollint.readers.source.targets import THREADS, Projects

if TYPE_CHECKING:
    from poollint.blocks import Block


def blocks(text: str, path: str = "app.ts", **others: str) -> list[Block]:
    files = api.check_texts({path: text, **others}, only=path, complete=True).files
    return [block for each in files for block in each.reading.blocks]


def only(text: str, kind: str, path: str = "app.ts") -> Block:
    (found,) = [block for block in blocks(text, path) if block.kind == kind]
    return found


def test_a_server_by_every_framework() -> None:
    text = (
        "import express from 'express';\nimport { NestFactory } from '@nestjs/core';\n"
        "import { serve } from '@hono/node-server';\nimport http from 'node:http';\n"
        "const a = express().listen(3000);\n"
        "async function f() { const app = await NestFactory.create(M); const b = await app.listen(3001); }\n"
        "const c = serve({ fetch: app.fetch });\nc.keepAliveTimeout = 70_000;\n"
        "const d = http.createServer(listener);\n"
    )
    found = [block for block in blocks(text) if block.kind == "server"]
    assert sorted(block.name for block in found) == ["a", "b", "c", "d"]
    by_name = {block.name: block for block in found}
    assert (by_name["a"].value("port"), by_name["b"].value("port")) == (3000, 3001)
    assert by_name["c"].value("keepAliveTimeout") == 70
    assert by_name["d"].complete


def test_a_listener_is_no_object_of_options() -> None:
    assert not only("import http from 'http'; http.createServer(options, listener);", "server").complete
    assert only("import http from 'http'; http.createServer({ requestTimeout: 9000 });", "server").value(
        "requestTimeout"
    ) == pytest.approx(9)


def test_generated_grpc_clients() -> None:
    text = (
        "import * as grpc from '@grpc/grpc-js';\nimport { UsersClient } from './gen';\n"
        "new UsersClient('users:50051', grpc.credentials.createInsecure(), { 'grpc.keepalive_time_ms': 60_000 });\n"
    )
    assert only(text, "channel").value("grpc.keepalive_time_ms") == 60
    assert blocks(text.replace("grpc.credentials", "other.credentials")) == []


def test_a_subclass_of_an_orm_client() -> None:
    text = (
        "import { PrismaClient } from '@prisma/client';\n"
        "export class Service extends PrismaClient { constructor() { super({ datasourceUrl: 'postgres://db/x' }); } }\n"
    )
    assert "datasourceUrl" in only(text, "client").settings
    text = "import { Pool } from 'pg';\nclass Mine extends Pool { constructor() { super({ size: 5 }); } }\n"
    assert blocks(text) == []


@pytest.mark.parametrize(
    ("decorator", "handler"), [("@Get('x')", "route"), ("@Post()", "route"), ("@Cron('* * * * *')", "")]
)
def test_methods_of_controllers_answer_requests(decorator: str, handler: str) -> None:
    text = (
        "import { Controller, Get, Post } from '@nestjs/common';\nimport { Cron } from '@nestjs/schedule';\n"
        f"import {{ Pool }} from 'pg';\n@Controller()\nclass C {{\n  {decorator}\n  list() {{ new Pool(); }}\n}}\n"
    )
    assert only(text, "pool").facts["handler"] == handler


def test_connect_gives_back_the_client_of_redis_and_mongo() -> None:
    text = "import { createClient } from 'redis';\nconst client = await createClient().connect();\nclient.get('x');\n"
    found = only(text, "client")
    assert (found.name, [use.method for use in found.facts["uses"]["methods"]][:1]) == ("client", ["get"])
    text = "import { Pool } from 'pg';\nconst client = await new Pool().connect();\nclient.on('error', f);\n"
    assert only(text, "pool").name == ""


def test_a_pool_that_is_kept_under_two_names() -> None:
    text = (
        "import { Pool } from 'pg';\n"
        "export const db = global.db ?? (global.db = new Pool());\ndb.on('error', console.error);\n"
    )
    assert [use.method for use in only(text, "pool").facts["uses"]["methods"]] == ["on"]


@pytest.mark.parametrize(
    ("expression", "unset"),
    [
        ("Number(process.env.N)", True),
        ("parseInt(process.env['N']!, 10)", True),
        ("+process.env.N * 2", True),
        ("Number(process.env.N ?? 5)", False),
        ("Number(process.env.N) || 5", False),
        ("process.env.N ? Number(process.env.N) : 5", False),
    ],
)
def test_a_variable_that_may_not_be_there(expression: str, unset: bool) -> None:
    found = only(f"import {{ Pool }} from 'pg'; new Pool({{ max: {expression} }});", "pool")
    assert ("max" in found.facts.get("unset_values", {})) is unset


def test_a_variable_that_was_checked_is_there() -> None:
    text = (
        "import { z } from 'zod';\nimport { Pool } from 'pg';\n"
        "const env = z.object({ N: z.string() }).parse(process.env);\nnew Pool({ max: Number(env.N) });\n"
    )
    assert "unset_values" not in only(text, "pool").facts


def test_the_parameters_of_a_mongodb_url() -> None:
    text = "import { MongoClient } from 'mongodb';\nnew MongoClient('mongodb://db/x?MAXPOOLSIZE=7&poolSize=3', %s);\n"
    found = only(text % "{}", "pool")
    assert (found.value("maxPoolSize"), found.settings["poolSize"].raw) == (7, "3")
    assert only(text % "{ maxPoolSize: 9 }", "pool").value("maxPoolSize") == 9


def test_more_files_that_export_a_pool() -> None:
    config = "module.exports = { production: { dialect: 'postgres', pool: { max: 7 } } };"
    (found,) = blocks(config, "config/config.js")
    assert (found.system, found.value("pool.max")) == ("sequelize", 7)
    (found,) = blocks("module.exports = { type: 'postgres', entities: [], poolSize: 7 };", "ormconfig.js")
    assert (found.system, found.value("poolSize")) == ("typeorm", 7)


def test_a_url_where_an_orm_has_its_connection() -> None:
    text = "import knex from 'knex'; knex({ client: 'pg', connection: %s });"
    found = only(text % "{ host: 'db', port: 6432, statement_timeout: 5000 }", "pool")
    assert (found.value("connection.port"), found.value("connection.statement_timeout")) == (6432, 5)
    url = only(text % "'postgres://db/x'", "pool").by_role("url")
    assert url is not None
    assert url.value == "postgres://db/x"


def test_what_the_files_of_a_project_tell() -> None:
    package = '{ "dependencies": { "oracledb": "^6.0.0" } }'
    files = MemoryFiles(
        {
            "a/package.json": package,
            "a/Dockerfile": "FROM --platform=linux/amd64 node:24.3-alpine AS build\nFROM node:24.3\n",
            "b/package.json": package.replace(
                '{ "dep', '{ "scripts": { "start": "UV_THREADPOOL_SIZE=16 node ." }, "dep'
            ),
            "b/Dockerfile": "FROM node:22\nFROM node:20\n",
            "c/package.json": package,
            "c/Dockerfile": "FROM node:lts\nENV UV_THREADPOOL_SIZE=20\n",
        }
    )
    projects = Projects(files)
    assert projects.of("a/x.js").packages["node"] == (24, 3)
    assert [THREADS in projects.of(f"{name}/x.js").packages for name in "abc"] == [False, True, True]
    assert "node" not in projects.of("b/x.js").packages
    assert "node" not in projects.of("c/x.js").packages


def test_the_lock_file_of_a_workspace() -> None:
    lock = (
        '{ "packages": { "node_modules/pg": { "version": "8.16.3" }, "node_modules/ioredis": { "version": "5.4.1" }, '
        '"apps/old/node_modules/pg": { "version": "8.11.0" } } }'
    )
    package = '{ "dependencies": { "pg": "^8.0.0" } }'
    files = MemoryFiles({"package-lock.json": lock, "apps/api/package.json": package, "apps/old/package.json": package})
    projects = Projects(files)
    assert projects.of("apps/api/src/x.js").packages == {"pg": (8, 16, 3)}
    assert projects.of("apps/old/src/x.js").packages == {"pg": (8, 11)}
