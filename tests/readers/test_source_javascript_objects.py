"""Objects of options in JavaScript: what is set on them later, and the classes and functions that they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.blocks import UNKNOWN

if TYPE_CHECKING:
    from poollint.blocks import Block

IMPORT = "import { Pool } from 'pg';\n"


def pool(text: str, **others: str) -> Block:
    files = api.check_texts({"app.ts": IMPORT + text, **others}, only="app.ts", complete=True).files
    (found,) = [block for each in files for block in each.reading.blocks if block.kind == "pool"]
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("const c = {};\nc.max = 11;\nnew Pool(c);", 11),
        ("const c: PoolConfig = { max: 5 };\nc['max'] = 11;\nnew Pool(c);", 11),
        ("const c = { max: 5 };\nc.max = 11;\nc.max = 12;\nnew Pool({ ...c });", 12),
        ("export const c = { max: 5 };\nc.max = 11;\nexport function make() { return new Pool(c); }", 11),
        ("function make() { const c = {}; c.max = 11; return new Pool(c); }", 11),
        ("const c = { max: 5 };\nObject.assign(c, { max: 11 });\nnew Pool(c);", 11),
        ("const c = { max: 11 };\ndelete c.max;\nnew Pool(c);", 10),
        # what may, or may not, have happened
        ("const c = { max: 5 };\nif (process.env.X) c.max = 11;\nnew Pool(c);", UNKNOWN),
        ("const c = { max: 5 };\nnew Pool(c);\nc.max = 11;", UNKNOWN),
        ("const c = { max: 5 };\nfunction f() { c.max = 11; }\nnew Pool(c);", UNKNOWN),
        ("const c = { max: 5 };\nc.max += 11;\nnew Pool(c);", UNKNOWN),
        ("const c = { max: 5 };\nc[key] = 11;\nnew Pool(c);", UNKNOWN),
        ("const c = { max: 5 };\nObject.assign(c, other);\nnew Pool(c);", UNKNOWN),
        ("const c = { max: 5 };\nif (x) delete c.max;\nnew Pool(c);", UNKNOWN),
        # another variable of the same name
        ("const c = { max: 5 };\nfunction f(c) { c.max = 11; }\nnew Pool(c);", 5),
    ],
)
def test_what_is_set_on_an_object_later(text: str, value: Any) -> None:
    found = pool(text)
    assert found.value("max") is value if value is UNKNOWN else found.value("max") == value


def test_an_object_that_hides_keys_has_none_missing() -> None:
    assert not pool("const c = {};\nc[key] = 11;\nnew Pool(c);").complete
    assert not pool("const c = {};\nObject.assign(c, other);\nnew Pool(c);").complete
    assert not pool("const c = { max: 5 };\nprepare(c);\nnew Pool(c);").complete
    assert not pool("import { prepare } from './p';\nconst c = {};\nprepare(c);\nnew Pool(c);").complete
    assert not pool("const c = {};\n_.merge(c, other);\nnew Pool(c);").complete
    assert not pool("const c = {};\nObject.defineProperty(c, 'max', {});\nnew Pool(c);").complete
    assert pool("const c = {};\nc.max = 11;\nnew Pool(c);").complete
    assert pool("const c = {};\nconsole.log(c);\nnew Pool(c);").complete


def test_a_value_leads_to_where_it_is_set() -> None:
    setting = pool("const c = {};\nc.max = 11;\nnew Pool(c);").settings["max"]
    assert setting.place is not None
    assert setting.place.text == "11"
    assert setting.key_place is not None
    assert setting.key_place.text == "c.max"


def test_objects_that_change_each_other() -> None:
    steps = "".join(f"c.k{at} = c.k{at - 1};\n" for at in range(1, 60))
    assert pool(f"const c = {{ k0: 11 }};\n{steps}c.max = c.k59;\nnew Pool(c);").name == ""


def test_an_object_that_changes_without_end() -> None:
    steps = "".join(f"c.k{at} = {at};\n" for at in range(3000))
    found = pool(f"const c = {{ max: 5 }};\n{steps}new Pool(c);" + "use(c);\n" * 500)
    assert found.value("max") is UNKNOWN
    assert not found.complete


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("class Db { static readonly MAX = 11; }\nnew Pool({ max: Db.MAX });", 11),
        ("class Db { static MAX = 11;\n  make() { return new Pool({ max: Db.MAX }); } }", 11),
        ("class Db { static MAX = 11; }\nDb.MAX = 5;\nnew Pool({ max: Db.MAX });", UNKNOWN),
        ("class Db { MAX = 11; }\nnew Pool({ max: Db.MAX });", UNKNOWN),
        ("const c = () => ({ max: 11 });\nnew Pool(c());", 11),
        ("function c() { return { max: 11 }; }\nnew Pool(c());", 11),
        ("function c(max) { return { max }; }\nnew Pool(c(5));", UNKNOWN),
        ("function c() { if (x) return { max: 5 }; return { max: 11 }; }\nnew Pool(c());", UNKNOWN),
        ("function c() { return { ...c(), max: 11 }; }\nnew Pool(c());", 11),
        ("new Pool(structuredClone({ max: 11 }));", 11),
        ("const env = process.env;\nnew Pool({ max: +env.MAX });", UNKNOWN),
    ],
)
def test_where_options_come_from(text: str, value: Any) -> None:
    found = pool(text)
    assert found.value("max") is value if value is UNKNOWN else found.value("max") == value


@pytest.mark.parametrize(
    "text",
    [
        "let max = 5;\n({ max } = load());",
        "let max = 5;\n({ size: max } = load());",
        "let max = 5;\n[max] = load();",
        "let max = 5;\nfor (max of sizes()) use(max);",
    ],
)
def test_variables_that_get_another_value(text: str) -> None:
    assert pool(f"{text}\nnew Pool({{ max }});").value("max") is UNKNOWN


def test_what_is_caught_is_no_constant() -> None:
    assert pool("const max = 5;\ntry { f(); } catch (max) { new Pool({ max }); }").value("max") is UNKNOWN


def test_classes_and_functions_of_other_files() -> None:
    other = "export class Db { static readonly MAX = 11; }\nexport function c() { return { max: Db.MAX }; }\n"
    found = pool("import { Db } from './db';\nnew Pool({ max: Db.MAX });", **{"db.ts": other})
    assert found.value("max") == 11
    found = pool("import { c } from './db';\nnew Pool(c());", **{"db.ts": other})
    assert found.value("max") == 11
    assert found.settings["max"].place is not None
    assert found.settings["max"].place.source.path == "app.ts"
    other = "export default function c() { return { max: 11 }; }\n"
    assert pool("import make from './db';\nnew Pool(make());", **{"db.ts": other}).value("max") == 11


def test_another_name_of_the_environment() -> None:
    for start in (
        "const env = process.env;",
        "import { env } from 'node:process';",
        "const { env } = require('process');",
    ):
        found = pool(f"{start}\nnew Pool({{ max: Number(env.DB_MAX) }});")
        assert found.facts["unset_values"] == {"max": "DB_MAX"}
