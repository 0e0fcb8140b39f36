"""HikariCP's settings in Java and Kotlin against what releases of HikariCP did with the same values in a file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from poollint.api import check_texts
from poollint.blocks import UNLIMITED
from poollint.formats.properties import parse
from poollint.knowledge.index import knowledge
from poollint.readers.hikaricp_names import exists
from poollint.source import Source
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NUMBERS = (
    "connectionTimeout validationTimeout idleTimeout maxLifetime keepaliveTime leakDetectionThreshold maximumPoolSize "
    "minimumIdle"
).split()
SIZES = ("maximumPoolSize", "minimumIdle")


def literal(name: str, value: str) -> str | None:
    """A value as Java's setter takes it; None where it would not compile."""
    if name in (*NUMBERS, "initializationFailTimeout"):
        if not re.fullmatch(r"-?\d+", value):
            return None
        return value if name in SIZES else f"{value}L"
    return value if value in ("true", "false") else json.dumps(value)


def setters(entries: list[tuple[str, str]]) -> str:
    lines = [f"c.set{name[0].upper()}{name[1:]}({literal(name, value)});" for name, value in entries]
    return (
        "import com.zaxxer.hikari.*;\nclass Db {\n  DataSource make() {\n    HikariConfig c = new HikariConfig();\n    "
        + "\n    ".join(lines)
        + "\n    return new HikariDataSource(c);\n  }\n}\n"
    )


def fields(entries: list[tuple[str, str]]) -> str:
    lines = [f"this.c.set{name[0].upper()}{name[1:]}({literal(name, value)});" for name, value in entries]
    return (
        "import com.zaxxer.hikari.*;\nclass Db {\n  private final HikariConfig c = new HikariConfig();\n  Db() {\n    "
        + "\n    ".join(lines)
        + "\n  }\n  DataSource make() { return new HikariDataSource(c); }\n}\n"
    )


def braces(entries: list[tuple[str, str]]) -> str:
    lines = [f"set{name[0].upper()}{name[1:]}({literal(name, value)});" for name, value in entries]
    body = "\n    ".join(lines)
    return (
        "import com.zaxxer.hikari.HikariConfig;\nclass Db {\n"
        f"  DataSource ds = new com.zaxxer.hikari.HikariDataSource(new HikariConfig() {{{{\n    {body}\n  }}}});\n}}\n"
    )


def properties(entries: list[tuple[str, str]]) -> str:
    lines = [f"p.setProperty({json.dumps(name)}, {json.dumps(value)});" for name, value in entries]
    return (
        "import com.zaxxer.hikari.*;\nimport java.util.Properties;\nclass Db {\n  DataSource make() {\n"
        "    Properties p = new Properties();\n    "
        + "\n    ".join(lines)
        + "\n    return new HikariDataSource(new HikariConfig(p));\n  }\n}\n"
    )


def apply(entries: list[tuple[str, str]]) -> str:
    lines = [f"{name} = {literal(name, value)}" for name, value in entries]
    body = "\n        ".join(lines).replace("$", "\\$")
    return (
        "import com.zaxxer.hikari.*\n\nclass Db {\n    fun make(): DataSource {\n        val c = HikariConfig().apply {\n"
        f"        {body}\n        }}\n        return HikariDataSource(c)\n    }}\n}}\n"
    )


FORMS: dict[str, tuple[str, Callable[[list[tuple[str, str]]], str]]] = {
    "setters": ("Db.java", setters),
    "fields": ("Db.java", fields),
    "braces": ("Db.java", braces),
    "properties": ("Db.java", properties),
    "apply": ("Db.kt", apply),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_as_in_a_file(shared: Path, form: str) -> None:
    """Refusals of setters, and the values that the pool runs with."""
    path, write = FORMS[form]
    if path.endswith(".kt"):
        pytest.importorskip("tree_sitter_kotlin")
    folder = shared / "truth" / "hikaricp"
    recorded = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    spec = knowledge().catalogue("hikaricp").kinds["pool"]
    wrong: list[str] = []
    tried = 0
    for case in recorded["cases"]:
        text = (folder / case["file"]).read_bytes().decode("latin-1")
        entries = [(entry.key, entry.value) for entry in parse(Source("hikari.properties", text)).entries]
        compiles = form == "properties" or all(literal(name, value) is not None for name, value in entries)
        if not compiles or any(name not in spec.settings for name, _value in entries):
            continue
        for result in case["results"]:
            for version in result["versions"]:
                if not all(exists(spec, name, parse_version(version.partition("-")[0])) for name, _value in entries):
                    continue  # a setter that is not there does not compile
                tried += 1
                wrong += disagreements(recorded, case["id"], result, version, path, write(entries))
    assert not wrong
    assert tried > 100


def disagreements(recorded: Any, case: str, result: Any, version: str, path: str, text: str) -> list[str]:
    done = check_texts({path: text}, targets={"hikaricp": version.partition("-")[0]})
    (block,) = (each for each in done.files[0].reading.blocks if each.system == "hikaricp")
    refused = [found.message for found in done.findings if found.effect == "refused"]
    where = f"{case} {version}"
    if result["stage"] == "load":
        return [] if refused else [f"{where}: accepted"]
    if result["stage"] != "ok":
        return []  # nothing tells in code whether a source is set elsewhere
    if refused:
        return [f"{where}: {refused}"]
    expected = {**recorded["meta"]["defaults"][version], **result.get("changed", {})}
    wrong = []
    for name in NUMBERS:
        value = block.value(name)
        found = 0 if value == UNLIMITED else round(value * 1000) if name not in SIZES else value
        if name in expected and found != expected[name]:
            wrong.append(f"{where}: {name} is {found}, was {expected[name]}")
    return wrong
