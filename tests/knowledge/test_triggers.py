"""The words that decide whether a source file is parsed: no file with a pool may be passed over."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example as also
from hypothesis import given
from hypothesis import strategies as st

from poollint.formats.source_code import EXTENSIONS, FAMILIES
from poollint.knowledge.index import knowledge, rules_root
from poollint.knowledge.pages import parse_page
from poollint.knowledge.triggers import Trigger, module_name, triggers

KNOWN = knowledge()
TRIGGERS = {family: Trigger(family, table) for family, table in KNOWN.triggers.items()}
TABLES = [
    pytest.param(table, id=f"{name}-{table.get('kind', '')}-{table['construct'][0]}")
    for name, system in KNOWN.systems.items()
    for table in system["found"]
    if table.get("language")
]


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def imports(family: str, module: str, name: str) -> list[str]:
    """How a program takes a construct from a module."""
    name = name.partition("(")[0].partition(".")[0]
    if family == "javascript":
        forms = [
            f'import x from "{module}";\n',
            f"import {{ {name} }} from '{module}'\n",
            f"const x = require('{module}');",
            f'x=require("node:{module}")' if module in ("http", "https") else f'x=require("{module}")',
            f"const {{ {name}: x }} = await import(`{module}`);\n",
            f'import x = require("{module}");',
        ]
        return [f"{form}\nnew x.{name}(1)\n" for form in forms]
    if family == "go":
        return [f'package x\n\nimport "{module}"\n', f'import (\n\tx "{module}"\n)\n', f"import `{module}`\n"]
    if family == "python":
        return [f"from {module} import {name}\nx = {name}(1)\n", f"import {module}\nx = {module}.{name}(1)\n"]
    return [f"import {module}.{name};\nclass A {{ Object x = new {name}(); }}\n"]


@pytest.mark.parametrize("table", TABLES)
def test_every_construction_is_seen(table: dict[str, Any]) -> None:
    trigger = TRIGGERS[table["language"]]
    for word in listed(table.get("trigger", [])):
        assert trigger.holds(f"x\n {word} y".encode()), word
    if table.get("trigger"):
        return  # what it says, it means
    for module in listed(table.get("module", "")):
        for name in listed(table["construct"]):
            for text in imports(table["language"], module, name):
                assert trigger.holds(text.encode()), text


def examples() -> list[Any]:
    """The source files of every bad example that has any."""
    found = []
    for page in sorted(Path(rules_root()).glob("*/*.md")):
        parsed = parse_page(page.read_text(encoding="utf-8"), str(page), page.parent.name)
        for example in parsed.examples:
            files = {name: text for name, text in example.files.items() if os.path.splitext(name)[1] in EXTENSIONS}
            if example.section == "Bad" and len(files) == len(example.files):
                found.append(pytest.param(files, id=f"{page.parent.name}-{page.stem}-{example.line}"))
    return found


@pytest.mark.parametrize("files", examples())
def test_every_bad_example_is_parsed(files: dict[str, str]) -> None:
    assert any(
        TRIGGERS[FAMILIES[EXTENSIONS[os.path.splitext(name)[1]]]].holds(text.encode()) for name, text in files.items()
    ) or all(name == "gunicorn.conf.py" for name in files)


WORDS = st.lists(st.text("ab ", min_size=1, max_size=8), max_size=6)


@given(WORDS, st.text("ab ", max_size=60))
@also(["a b", "a a  "], "a a  ")
def test_words_are_found_however_they_are_arranged(words: list[str], text: str) -> None:
    table = {"language": "python", "trigger": words, "construct": ["x"]}
    if not words:
        return
    trigger = Trigger("python", triggers({"s": {"found": [table]}})["python"])
    assert trigger.holds(text.encode()) == any(word in text for word in words)


def test_modules_stand_in_quotes_as_a_whole() -> None:
    trigger = Trigger("javascript", {"words": [], "modules": ["pg"]})
    assert trigger.holds(b"require('pg')")
    assert trigger.holds(b'import "node:pg"')
    assert not trigger.holds(b"require('pg-pool') // pg")
    assert not trigger.holds(b"pg")
    assert trigger.holds(b'import { Pool } from "npm:pg@8.11"')
    assert not trigger.holds(b'import { Pool } from "npm:pg-pool@8.11"')
    assert not Trigger("go", {"words": [], "modules": ["pg"]}).holds(b'"node:pg"')


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("pg", "pg"),
        ("@prisma/client", "@prisma/client"),
        ("node:http", "http"),
        ("npm:pg", "pg"),
        ("npm:/pg@^8", "pg"),
        ("npm:mysql2@3.9/promise", "mysql2/promise"),
        ("npm:@prisma/client@5.0.0", "@prisma/client"),
        ("npm:@prisma/client@5/edge", "@prisma/client/edge"),
    ],
)
def test_names_of_modules(written: str, name: str) -> None:
    assert module_name(written) == name
