"""The JSON Schemas accept what poollint accepts, and refuse what it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
import tomli
from conftest import ROOT

from poollint import api
from poollint.config import Config, ConfigError, parse_config
from poollint.engine.examples import folders
from poollint.files import MemoryFiles
from poollint.knowledge.build import pages
from poollint.knowledge.catalogue import SETTING_KEYS
from poollint.knowledge.index import knowledge, rules_root
from poollint.knowledge.pages import CARD_KEYS, CASE_KEYS
from poollint.schemas import card_schema, config_schema, write_schemas

CONFIG = config_schema(knowledge())
CARD = card_schema()
KINDS: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float),
}  # fmt: skip


def faults(value: Any, schema: Any, root: dict[str, Any], at: str = "$") -> list[str]:
    """What a value does against a schema, by the words of JSON Schema that ours use."""
    if schema is True:
        return []
    if "$ref" in schema:
        found: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return faults(value, found, root, at)
    known = {
        "$schema", "title", "description", "default", "definitions", "type", "properties", "additionalProperties",
        "required",
        "items", "enum", "pattern", "minimum", "maximum", "anyOf",
    }  # fmt: skip
    assert set(schema) <= known, f"the schema has a word that this check lacks: {set(schema) - known}"
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if kinds and not any(_is(value, kind) for kind in kinds):
        return [f"{at}: {value!r} is no {kinds}"]
    found_faults = []
    if "enum" in schema and value not in schema["enum"]:
        found_faults.append(f"{at}: {value!r} is not among the words")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        found_faults.append(f"{at}: {value!r} has another form")
    countable = isinstance(value, int | float) and not isinstance(value, bool)
    if countable and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found_faults.append(f"{at}: {value!r} is out of range")
    if "anyOf" in schema and all(faults(value, each, root, at) for each in schema["anyOf"]):
        found_faults.append(f"{at}: {value!r} is none of them")
    if isinstance(value, list) and "items" in schema:
        for number, each in enumerate(value):
            found_faults += faults(each, schema["items"], root, f"{at}[{number}]")
    if isinstance(value, dict):
        found_faults += [f"{at}: lacks {key}" for key in schema.get("required", ()) if key not in value]
        for key, each in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", True))
            found_faults += [f"{at}: unknown {key}"] if inner is False else faults(each, inner, root, f"{at}.{key}")
    return found_faults


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def accepted(text: str) -> bool:
    known = api.Session(api.Options(isolated=True), MemoryFiles({})).known()
    try:
        return isinstance(parse_config(text, known=known), Config)
    except ConfigError:
        return False


GUIDES = [
    (ROOT / "poollint" / "guides" / f"{name}.md").read_text(encoding="utf-8") for name in ("configuration", "topology")
]


def test_the_configurations_of_the_guides() -> None:
    blocks = [each for guide in GUIDES for each in re.findall(r"```toml\n(.*?)```", guide, re.S)]
    assert len(blocks) == 2
    for text in blocks:
        assert accepted(text)
        assert faults(tomli.loads(text), CONFIG, CONFIG) == []


def test_configurations_in_pages() -> None:
    checked = 0
    for folder in folders(rules_root()):
        for page in pages(folder, ""):
            for example in page.examples:
                text = example.files.get("poollint.toml")
                if text is not None:
                    checked += 1
                    assert faults(tomli.loads(text), CONFIG, CONFIG) == [], page.path
    assert checked > 10


@pytest.mark.parametrize(
    "text",
    [
        "ignroe = []",
        "ignore = 'A'",
        "select = ['no-such-rule']",
        "fail-on = 'fatal'",
        "preview = 1",
        "[versions]\nngnix = '1'",
        "[versions]\nnginx = 1.22",
        "[files]\n'a' = 'ngnix'",
        "[severity]\nPGB009 = 'fatal'",
        "[rules.no-such-rule]",
        "[rules.worker-connections-low-for-proxy]\nminimun = 1",
        "[rules.worker-connections-low-for-proxy]\nminimum = 'a'",
        "[[overrides]]\nignore = ['PGB']",
        "[nginx]\nfrontt = 'x'",
    ],
)
def test_what_is_refused(text: str) -> None:
    assert not accepted(text)
    assert faults(tomli.loads(text), CONFIG, CONFIG)


def test_every_card() -> None:
    number = 0
    for folder in folders(rules_root()):
        for page in pages(folder, ""):
            number += 1
            assert faults(page.card, CARD, CARD) == [], page.path
    assert number > 100
    assert set(CARD["properties"]) == CARD_KEYS
    assert set(CARD["definitions"]["case"]["properties"]) == CASE_KEYS
    assert faults({"code": "x", "efect": "risk"}, CARD, CARD)
    assert set(CARD["definitions"]["option"]["properties"]) >= SETTING_KEYS


def test_they_are_valid_schemas() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for schema in (CONFIG, CARD):
        jsonschema.Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("command", ["config", "rules"])
def test_the_commands_print_what_the_wheel_ships(command: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("schemas")
    names = write_schemas(knowledge(), str(folder))
    assert sorted(names) == sorted(os.listdir(folder))
    done = subprocess.run(
        [sys.executable, "-m", "poollint", command, "--schema"], cwd=folder, capture_output=True, check=True
    )
    assert json.loads(done.stdout) in [json.loads((folder / name).read_text()) for name in names]
