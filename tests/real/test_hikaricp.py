"""hikari.properties against what releases of HikariCP did: refusals, replaced and dropped values, effective values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from poollint.api import check_texts
from poollint.blocks import UNLIMITED

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = ("2.7.9", "3.4.5", "4.0.3", "5.1.0", "6.0.0", "7.0-recon")
REPLACED = "setting to default"
DROPPED = ("disabling it", "no effect")
NUMBERS = (
    "connectionTimeout validationTimeout idleTimeout maxLifetime keepaliveTime leakDetectionThreshold maximumPoolSize "
    "minimumIdle initializationFailTimeout"
).split()
DURATIONS = frozenset(each for each in NUMBERS if each not in ("maximumPoolSize", "minimumIdle"))


@pytest.fixture(scope="module")
def recorded(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "truth" / "hikaricp" / "cases.json").read_text(encoding="utf-8"))
    return found


def outcomes(recorded: dict[str, Any]) -> list[tuple[dict[str, Any], str, dict[str, Any]]]:
    return [
        (case, version, result)
        for case in recorded["cases"]
        for result in case["results"]
        for version in result["versions"]
    ]


def run(folder: Path, case: dict[str, Any], version: str) -> Any:
    text = (folder / case["file"]).read_bytes().decode("utf-8", "surrogateescape")
    path = "hikari.properties"
    return check_texts({path: text}, system="hikaricp", only=path, targets={"hikaricp": version.partition("-")[0]})


def differences(recorded: dict[str, Any], folder: Path) -> list[str]:
    wrong = []
    for case, version, result in outcomes(recorded):
        done = run(folder, case, version)
        effects = {found.effect for found in done.findings}
        where = f"{case['id']} {version}"
        if (result["stage"] != "ok") != ("refused" in effects):
            wrong.append(f"{where}: {result['stage']} but {sorted(effects)}")
        if result["stage"] != "ok":
            continue
        warnings = " ".join(result.get("warnings", ()))
        if (REPLACED in warnings) and "misread" not in effects:
            wrong.append(f"{where}: replaced a value but {sorted(effects)}")
        if any(each in warnings for each in DROPPED) and "ignored" not in effects:
            wrong.append(f"{where}: dropped a value but {sorted(effects)}")
        if "misread" in effects and not (REPLACED in warnings or lowered(case) or "raw UTF-8" in case["about"]):
            wrong.append(f"{where}: nothing was replaced but {sorted(effects)}")
        if "ignored" in effects and not any(each in warnings for each in DROPPED) and "last one" not in case["about"]:
            wrong.append(f"{where}: nothing was dropped but {sorted(effects)}")
        wrong += [f"{where}: {each}" for each in values_wrong(recorded, version, result, done)]
    return wrong


def lowered(case: dict[str, Any]) -> bool:
    return bool(case["id"] == "v30-minidle-only")


def values_wrong(recorded: dict[str, Any], version: str, result: dict[str, Any], done: Any) -> list[str]:
    defaults = recorded["meta"]["defaults"][version]
    expected = {**defaults, **result.get("changed", {})}
    block = done.files[0].reading.blocks[0]
    wrong = []
    for name in NUMBERS:
        if name not in expected:
            continue
        value = block.value(name)
        value = 0 if value == UNLIMITED else round(value * 1000) if name in DURATIONS else value
        if value != expected[name]:
            wrong.append(f"{name} is {value}, was {expected[name]}")
    flags = ("autoCommit", "readOnly", "registerMbeans", "allowPoolSuspension", "isolateInternalQueries")
    wrong += [f"{name} is {block.value(name)}" for name in flags if block.value(name) != expected[name]]
    for name, value in result.get("changed", {}).items():
        if isinstance(value, str) and block.value(name) != value:
            wrong.append(f"{name} is {block.value(name)!r}, was {value!r}")
    return wrong


def test_every_outcome_is_told(recorded: dict[str, Any], shared: Path) -> None:
    assert {version for _, version, _ in outcomes(recorded)} == set(VERSIONS)
    assert not differences(recorded, shared / "truth" / "hikaricp")


@pytest.mark.parametrize(
    ("text", "versions", "effects"),
    [
        ("minimumIdle=-1", VERSIONS, {"refused"}),
        ("maxLifetime=0\nleakDetectionThreshold=3600000", VERSIONS, set()),
        ("leakDetectionThreshold=1999", VERSIONS, {"ignored"}),
        ("autoCommit=yes", VERSIONS, {"misread"}),
        ("keepAliveTime=60000", VERSIONS, {"refused"}),
        ("dataSourceJndi=jdbc/x", VERSIONS, {"refused"}),
        ("dataSourceJNDI=jdbc/x", VERSIONS, set()),
        ("MaximumPoolSize=5", VERSIONS, set()),
        ("maximumPoolSize=5s", VERSIONS, {"refused"}),
        ("maxLifetime=\\u0033\\u0030000", VERSIONS[1:5], set()),
        ("maxLifetime=30\\\n   000", VERSIONS[1:5], set()),
        ("threadFactory=5", VERSIONS, {"refused"}),
        ("threadFactory=com.example.Threads", VERSIONS, set()),
        ("dataSourceProperties=cachePrepStmts=true", VERSIONS, {"refused"}),
        ("driverClassName=", VERSIONS, {"refused"}),
    ],
)
def test_rules_of_the_source(text: str, versions: tuple[str, ...], effects: set[str]) -> None:
    """Further forms that follow from the source of these releases."""
    for version in versions:
        content = f"jdbcUrl=jdbc:h2:mem:x\n{text}\n"
        done = check_texts(
            {"hikari.properties": content}, targets={"hikaricp": version.partition("-")[0]}, system="hikaricp"
        )
        strong = {found.effect for found in done.findings if found.effect in ("refused", "misread", "ignored")}
        assert strong == effects, (version, [found.message for found in done.findings])
