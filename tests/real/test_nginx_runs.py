"""Recorded runs of nginx: a warning about reuse where, and only where, the backend saw a connection for each request."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.versions import parse_version

if TYPE_CHECKING:
    from pathlib import Path

    from poollint.findings import Finding

# The configuration is one that reuses connections; what the backend did, or how many asked at once, made the count.
NOT_THE_CONFIGURATION = {
    "r-response-close": "the backend answered with Connection: close",
    "r-response-no-length": "the backend ended each answer by closing",
    "r-silent-close": "the backend closed after each answer",
    "r-early-close-idle-1s": "the backend closed while the client paused",
    "r-xaccel-body": "the backend answered X-Accel-Redirect with a body",
    "b-gunicorn-sync": "the backend has no persistent connections",
    "r-keepalive-not-a-cap": "ten requests at a time",
}


def recorded(shared: Path) -> list[tuple[str, Path, str, dict[str, Any]]]:
    """(name, file, version, result) of every run whose file is there."""
    folder = shared / "truth" / "nginx"
    found = []
    for case in json.loads((folder / "cases.json").read_text())["cases"]:
        file = folder / str(case.get("file"))
        if case["kind"] == "run" and file.is_file():
            found += [(case["name"], file, version, result) for version, result in case["results"].items()]
    return found


def reused(name: str, result: dict[str, Any]) -> bool | None:
    """What the counts say; None where they say nothing (refused, failed requests, no backend)."""
    if name in NOT_THE_CONFIGURATION:
        return True
    counts = counts_of(result)
    if result["outcome"] != "ok" or counts is None or set(result.get("client_status", {"200": 1})) - {"200", "502"}:
        return None
    requests, connections = counts
    return connections < 0.9 * requests if requests else None


def counts_of(result: dict[str, Any]) -> tuple[int, int] | None:
    """(requests, connections) as counted, or as the observer wrote them down."""
    if result.get("requests") is not None and "tcp_connections" in result:
        return result["requests"], result["tcp_connections"]
    text = str(result.get("observed", ""))
    ports = re.match(r"(\d+) requests: (\d+) different client ports", text)
    if ports:
        return int(ports[1]), int(ports[2])
    moved = re.search(r"(\d+)/0 requests to old.*old-address connections (\d+)", text)
    return (int(moved[1]), int(moved[2])) if moved else None


def about_reuse(file: Path, version: str) -> list[Finding]:
    options = api.Options(isolated=True, as_system="nginx", targets={"nginx": parse_version(version)})
    found = api.check_paths([str(file)], options=options).findings
    return [finding for finding in found if finding.topic == "reuse" and finding.severity != "info"]


def test_reuse_is_judged_as_nginx_behaved(shared: Path) -> None:
    runs = recorded(shared)
    assert runs
    wrong, judged = [], 0
    for name, file, version, result in runs:
        expected = reused(name, result)
        if expected is None:
            continue
        judged += 1
        found = about_reuse(file, version)
        if bool(found) is expected:
            wrong.append((name, version, counts_of(result), [(each.code, each.message) for each in found]))
    assert not wrong
    assert judged > 150


def test_runs_about_other_things_carry_no_warning_that_newer_versions_contradict(shared: Path) -> None:
    for name, file, version, result in recorded(shared):
        if reused(name, result) is None and result["outcome"] == "ok" and parse_version(version) >= (1, 29, 7):
            assert [finding.code for finding in about_reuse(file, version)] in ([], ["NGX017"]), (name, version)


@pytest.mark.parametrize("name", sorted(NOT_THE_CONFIGURATION))
def test_the_exceptions_differ_in_nothing_that_decides(shared: Path, name: str) -> None:
    """Each of them has the same pool and the same headers as a run that reused its connections."""
    folder = shared / "truth" / "nginx" / "cases"
    assert decisive(folder / f"{name}.conf") == decisive(folder / "r-keepalive-full.conf")


def decisive(file: Path) -> list[str]:
    lines = [re.sub(r"keepalive \d+", "keepalive N", line.strip()) for line in file.read_text().splitlines()]
    wanted = ("server ", "keepalive N", "proxy_pass", "proxy_http_version", "proxy_set_header")
    return [line for line in lines if line.startswith(wanted) and line != "server {"]
