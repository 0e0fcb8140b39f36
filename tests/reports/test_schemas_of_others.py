"""Reports of a real run have the form that their readers demand: SARIF, GitLab Code Quality, JUnit, Checkstyle."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
from conftest import ROOT

WEBSHOP = ROOT / "fixtures" / "webshop"
BAD = "[databases]\napp = host=/tmp\n[pgbouncer]\nlisten_addr =\nauth_file = /etc/userlist.txt\n"
LEVELS = {"none", "note", "warning", "error"}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every format of one run with fixes, suppressions, related places, odd names and a file that cannot be read."""
    folder = tmp_path_factory.mktemp("reports")
    for path in WEBSHOP.rglob("*"):
        if path.is_file() and path.name != "expected.txt":
            target = folder / path.relative_to(WEBSHOP)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    odd = folder / "a b & <c>\u00e9"
    odd.mkdir()
    (odd / "pgbouncer.ini").write_bytes(BAD.encode() + b"query_timeout = 5min\n# \xff\nserver_lifetime = 1h\xfe\n")
    (folder / "hushed.ini").write_text(
        BAD + '; poollint: ignore[invalid-time] -- "because" <of> it\nquery_timeout = 5min\n'
    )
    names = ("sarif", "gitlab", "junit", "checkstyle")
    formats = [part for name in names for part in ("--format", f"{name}=out.{name}")]
    command = [
        sys.executable,
        "-m",
        "poollint",
        "check",
        "--show-suppressed",
        *formats,
        ".",
        "hushed.ini",
        "missing.ini",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    return {name: (folder / f"out.{name}").read_text(encoding="utf-8") for name in names}


def only(table: dict[str, Any], required: str, optional: str = "") -> None:
    """An object has the required properties, and none that its schema does not know."""
    assert set(required.split()) <= set(table), table
    assert set(table) <= {*required.split(), *optional.split()}, table


def check_message(message: dict[str, Any]) -> None:
    only(message, "text", "markdown")
    assert isinstance(message["text"], str)
    assert message["text"]


def check_artifact(place: dict[str, Any]) -> None:
    only(place, "uri", "uriBaseId")
    assert re.fullmatch(r"[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", place["uri"]), "a URI is escaped"
    assert not place["uri"].startswith("/")
    assert ("uriBaseId" in place) == ("://" not in place["uri"])


def check_region(region: dict[str, Any]) -> None:
    only(region, "", "startLine startColumn endLine endColumn charOffset charLength snippet")
    assert all(value >= 1 for key, value in region.items() if key.endswith(("Line", "Column")))
    assert all(value >= 0 for key, value in region.items() if key.startswith("char"))
    if "endLine" in region:
        assert (region["endLine"], region["endColumn"]) > (region["startLine"], region["startColumn"])


def check_location(location: dict[str, Any]) -> None:
    only(location, "physicalLocation", "message logicalLocations")
    only(location["physicalLocation"], "artifactLocation", "region")
    check_artifact(location["physicalLocation"]["artifactLocation"])
    if "region" in location["physicalLocation"]:
        check_region(location["physicalLocation"]["region"])
    for each in location.get("logicalLocations", ()):
        only(each, "fullyQualifiedName kind")


def test_sarif(reports: dict[str, str]) -> None:
    log = json.loads(reports["sarif"])
    only(log, "$schema version runs")
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    only(run, "tool results", "columnKind originalUriBaseIds invocations")
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    driver = run["tool"]["driver"]
    only(driver, "name version rules", "informationUri semanticVersion")
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        only(rule, "id name shortDescription defaultConfiguration help properties", "helpUri fullDescription")
        check_message(rule["shortDescription"])
        check_message(rule["help"])
        assert rule["defaultConfiguration"]["level"] in LEVELS
        tags = rule["properties"]["tags"]
        assert len(tags) == len(set(tags))
        assert "://" in rule.get("helpUri", "://")
    for result in run["results"]:
        only(
            result,
            "ruleId ruleIndex level message locations partialFingerprints",
            "relatedLocations suppressions fixes",
        )
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in LEVELS
        check_message(result["message"])
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            check_location(location)
        for fix in result.get("fixes", ()):
            only(fix, "artifactChanges", "description")
            for change in fix["artifactChanges"]:
                only(change, "artifactLocation replacements")
                check_artifact(change["artifactLocation"])
                assert change["replacements"]
                for replacement in change["replacements"]:
                    only(replacement, "deletedRegion", "insertedContent")
                    check_region(replacement["deletedRegion"])
        for each in result.get("suppressions", ()):
            only(each, "kind", "justification")
            assert each["kind"] in ("inSource", "external")
    assert any("fixes" in result for result in run["results"])
    assert any("suppressions" in result for result in run["results"])
    assert any("relatedLocations" in result for result in run["results"])
    [invocation] = run["invocations"]
    only(invocation, "executionSuccessful", "toolExecutionNotifications")
    assert invocation["executionSuccessful"] is False


def test_sarif_against_the_official_schema(reports: dict[str, str]) -> None:
    """The schema stands in the source archive of sarif-pydantic, which the project's own check fetches."""
    schema = json.loads(schema_named("POOLLINT_SARIF_SCHEMA").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    log = json.loads(reports["sarif"])
    assert [f"{list(each.path)}: {each.message[:200]}" for each in validator.iter_errors(log)] == []
    log["runs"][0]["results"][0]["level"] = "dire"
    assert list(validator.iter_errors(log))


def test_sarif_before_the_validator_of_its_makers(reports: dict[str, str], tmp_path: Path) -> None:
    """SARIF Multitool knows rules that a schema cannot say; the log with a wrong index shows that it looks."""
    program = os.environ.get("POOLLINT_SARIF_MULTITOOL", "")
    if not program:
        pytest.skip("POOLLINT_SARIF_MULTITOOL names no Sarif.Multitool")

    def told(text: str) -> list[str]:
        log = tmp_path / "out.sarif"
        log.write_text(text, encoding="utf-8")
        done = subprocess.run([program, "validate", str(log)], capture_output=True, text=True, check=False)
        assert "Analysis completed" in done.stdout, done.stdout + done.stderr
        return re.findall(r"(?:warning|error) (?:JSON|SARIF|GH)\d+: .*", done.stdout)

    # the address of the tool is said once there is one (docs-url)
    assert [each for each in told(reports["sarif"]) if "informationUri" not in each] == []
    wrong = json.loads(reports["sarif"])
    wrong["runs"][0]["results"][0]["ruleIndex"] = 100_000
    assert len(told(json.dumps(wrong))) > 1


def schema_named(variable: str) -> Path:
    """The schema that an environment variable names; without it the test is skipped."""
    path = os.environ.get(variable, "")
    if not path:
        pytest.skip(f"{variable} names no schema")
    return Path(path)


def test_gitlab(reports: dict[str, str]) -> None:
    issues = json.loads(reports["gitlab"])
    assert issues
    prints = [issue["fingerprint"] for issue in issues]
    assert len(prints) == len(set(prints))
    for issue in issues:
        assert isinstance(issue["description"], str)
        assert isinstance(issue["check_name"], str)
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        path = issue["location"]["path"]
        assert not path.startswith(("/", "./", "../"))
        lines = issue["location"]["lines"]
        assert 1 <= lines["begin"] <= lines["end"]


def test_junit(reports: dict[str, str]) -> None:
    """What the schema cannot say: counts that add up, names that say which."""
    root = ET.fromstring(reports["junit"])
    assert root.tag == "testsuites"
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    for suite in root:
        assert suite.tag == "testsuite"
        assert suite.get("name")
        cases = list(suite)
        counts = {
            "tests": len(cases),
            "failures": sum(case.find("failure") is not None for case in cases),
            "errors": sum(case.find("error") is not None for case in cases),
            "skipped": sum(case.find("skipped") is not None for case in cases),
        }
        assert {key: suite.get(key) for key in counts} == {key: str(value) for key, value in counts.items()}
        for key in totals:
            totals[key] += counts[key]
        for case in cases:
            assert case.tag == "testcase"
            assert case.get("name")
            assert case.get("classname")
            assert set(case.attrib) <= {"name", "classname"}
            assert [each.tag for each in case] in ([], ["failure"], ["error"], ["skipped"])
    assert {key: root.get(key) for key in totals} == {key: str(value) for key, value in totals.items()}
    assert totals["errors"] == 1


def test_junit_against_the_schema_of_jenkins(reports: dict[str, str]) -> None:
    """The schema stands in the source archive of pytest, which the project's own check fetches."""
    schema = xmlschema.XMLSchema(schema_named("POOLLINT_JUNIT_SCHEMA"))
    assert [f"{each.path}: {each.reason}" for each in schema.iter_errors(reports["junit"])] == []
    wrong = reports["junit"].replace("<testcase ", '<testcase line="1" ', 1)
    assert list(schema.iter_errors(wrong))


def test_checkstyle(reports: dict[str, str]) -> None:
    root = ET.fromstring(reports["checkstyle"])
    assert (root.tag, set(root.attrib)) == ("checkstyle", {"version"})
    names = [each.get("name") for each in root]
    assert len(names) == len(set(names))
    for file in root:
        assert (file.tag, set(file.attrib)) == ("file", {"name"})
        for error in file:
            assert (error.tag, set(error.attrib)) == ("error", {"line", "column", "severity", "message", "source"})
            assert error.get("severity") in ("error", "warning", "info", "ignore")
            assert int(error.get("line", 0)) >= 1
            assert int(error.get("column", 0)) >= 1
