"""One file that several systems read: a Compose file, a manifest of Kubernetes, a file of variables."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.config import parse_config
from poollint.discovery.globs import SystemShape
from poollint.discovery.recognition import recognise
from poollint.files import MemoryFiles
from poollint.server.checking import check_buffer

if TYPE_CHECKING:
    from pathlib import Path

    from poollint.blocks import Block

URL = "postgresql+asyncpg://u:p@db/app?pool_size=20"
COMPOSE = f"""\
services:
  web:
    command: gunicorn app:app -w 4 --timeout -1
    environment:
      SPRING_DATASOURCE_HIKARI_MAX_POOL_SIZE: "20"
      DATABASE_URL: {URL}
"""
MANIFEST = f"""\
apiVersion: v1
kind: Service
metadata: {{name: web}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: web
          image: app
          command: [gunicorn]
          args: ["app:app", "-w", "4", "--threads=8"]
          env:
            - {{name: SPRING_DATASOURCE_HIKARI_MAX_POOL_SIZE, value: "20"}}
            - name: DATABASE_URL
              value: {URL}
        - name: side
          args: [uvicorn, "app:app", "--workers", "2"]
"""
SHARED = ["commands", "hikaricp", "sqlalchemy"]


def session_of(path: str, text: str) -> api.Session:
    return api.Session(api.Options(isolated=True), MemoryFiles({path: text}))


def systems(path: str, text: str) -> list[str]:
    found = api.recognise_all(session_of(path, text), path, text)
    return [system for system, _ in found if system != "keys"]  # which looks into every file of settings


def blocks(path: str, text: str) -> list[Block]:
    session = session_of(path, text)
    found = session.read_all([(path, *each) for each in api.recognise_all(session, path, text)])[0]
    return [block for each in found for block in each.reading.blocks]


class TestRecognition:
    SHAPES = (
        SystemShape("own", ("own.ini", "own*.yml")),
        SystemShape("words", ("compose.yml", "*.env"), ("WORD_",), shares=True, content_files=("*.yml", ".env")),
        SystemShape("other", ("*.env", "compose*.yml"), shares=True),
    )

    @pytest.mark.parametrize(
        ("path", "text", "expected"),
        [
            ("compose.yml", "", ["other", "words"]),
            ("compose.prod.yml", "", ["other"]),
            ("compose.prod.yml", "WORD_A: 1", ["other", "words"]),
            ("prod.env", "", ["other", "words"]),
            ("a.yml", "WORD_A: 1", ["words"]),
            ("a.yml.j2", "WORD_A: 1", ["words"]),
            ("a.yml", "nothing", []),
            ("a.md", "WORD_A: 1", []),
            ("a.yml", "#!/bin/sh\nWORD_A: 1", []),
            ("own.yml", "WORD_A: 1", ["own"]),
        ],
    )
    def test_each_system_that_shares_and_is_named_has_it(self, path: str, text: str, expected: list[str]) -> None:
        assert [system for system, _ in recognise(path, text, self.SHAPES)] == expected

    def test_the_configuration_forces_one(self) -> None:
        files = (("compose.yml", "other"),)
        assert recognise("compose.yml", "WORD_A: 1", self.SHAPES, files) == [("other", True)]

    @pytest.mark.parametrize(
        ("path", "text", "expected"),
        [
            ("compose.yml", COMPOSE, SHARED),
            ("deploy/web.yaml", MANIFEST, SHARED),
            (".env", f"DATABASE_URL={URL}\n", ["sqlalchemy"]),
            (".env.prod", "SPRING_DATASOURCE_HIKARI_IDLETIMEOUT=1\n", ["hikaricp", "sqlalchemy"]),
            ("service.yaml", "kind: Service\n", []),
            ("values.yaml", "replicas: 2\n", []),
            ("pgbouncer.ini", "[databases]\n", ["pgbouncer"]),
        ],
    )
    def test_with_the_catalogues(self, path: str, text: str, expected: list[str]) -> None:
        assert systems(path, text) == expected


def test_blocks_of_every_reader() -> None:
    found = {(block.system, block.name): block for block in blocks("web.yaml", MANIFEST)}
    assert list(found) == [
        ("gunicorn", "web"),
        ("uvicorn", "side"),
        ("hikaricp", "environment"),
        ("sqlalchemy", "DATABASE_URL"),
    ]
    web = found["gunicorn", "web"]
    assert (web.value("workers"), web.value("threads"), web.facts["replicas"]) == (4, 8, 3)
    assert found["sqlalchemy", "DATABASE_URL"].value("url") == URL


@pytest.mark.parametrize(
    "text",
    [
        "kind: Deployment\nspec: {replicas: {{ .Values.n }}}\n",
        "apiVersion: v1\nkind: Pod\nspec: [gunicorn]\n",
        "apiVersion: v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {containers: gunicorn}}}}}\n",
        "apiVersion: v1\nkind: Pod\nspec: {containers: [gunicorn, {args: {a: gunicorn}}, {command: [[gunicorn]]}]}\n",
    ],
)
def test_odd_manifests(text: str) -> None:
    assert blocks("a.yaml", text) == []


def test_a_list_and_a_cron_job() -> None:
    job = {
        "kind": "CronJob",
        "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"args": ["gunicorn", "-w", "3"]}]}}}}},
    }
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [job, {"kind": "Service"}]})
    (block,) = api.check_texts({"a.yaml": text}, system="commands").files[0].reading.blocks
    assert block.value("workers") == 3


def run(*arguments: str, stdin: str = "") -> str:
    """What the command writes to standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "poollint", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "compose.yml").write_text(COMPOSE)
    (tmp_path / ".env").write_text(f"DATABASE_URL={URL}\nSPRING_DATASOURCE_HIKARI_KEEP_ALIVE_TIME=1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def places(text: str) -> list[tuple[str, int, str]]:
    return [(each["path"], each["line"], each["rule"]) for each in json.loads(text)["findings"]]


def test_a_check_has_the_findings_of_all_in_order(here: Path) -> None:
    out = run("check", "--isolated", "--format", "json")
    found = places(out)
    assert found == sorted(found)
    assert {(path, rule[:3]) for path, _, rule in found} >= {
        (".env", "HIK"),
        (".env", "SQA"),
        ("compose.yml", "HIK"),
        ("compose.yml", "SQA"),
    }
    assert len(found) == len(set(found))
    assert json.loads(out)["summary"]["files"] == 2


def test_as_forces_one(here: Path) -> None:
    out = run("check", "--isolated", "--as", "hikaricp", "--format", "json", "compose.yml")
    assert {rule[:3] for _, _, rule in places(out)} == {"HIK"}
    (here / "poollint.toml").write_text('[files]\n"compose.yml" = "sqlalchemy"\n')
    out = run("check", "--format", "json", "compose.yml")
    assert {rule[:3] for _, _, rule in places(out)} == {"SQA"}


def test_show_prints_all(here: Path) -> None:
    out = run("show", "--isolated", "--format", "json", "compose.yml")
    shown: list[dict[str, Any]] = json.loads(out)["files"]
    assert [block["system"] for each in shown for block in each["blocks"]] == ["gunicorn", "hikaricp", "sqlalchemy"]


def test_show_files_names_each(here: Path) -> None:
    out = run("check", "--isolated", "--show-files", "compose.yml")
    assert {line.split(": ")[1].split()[0] for line in out.splitlines()} >= set(SHARED)


def test_standard_input_has_all() -> None:
    out = run("check", "--isolated", "--format", "json", "--stdin-filename", "compose.yml", "-", stdin=COMPOSE)
    assert {rule[:3] for _, _, rule in places(out)} >= {"HIK", "SQA"}


def test_suppressions_hold_for_every_reader_and_unused_ones_are_told_once() -> None:
    text = COMPOSE.replace("      SPRING", "      # poollint: ignore[HIK008]\n      SPRING").replace(
        "      DATABASE", "      # poollint: ignore[SQA007, HIK001]\n      DATABASE"
    )
    findings = api.check_text(text, "compose.yml", config=parse_config("", known=session_of("a", "").known()))
    assert {each.code for each in findings if each.suppressed is not None} == {"HIK008", "SQA007"}
    unused = [each for each in findings if each.name == "unused-suppression"]
    assert len(unused) == 1
    assert "HIK001" in unused[0].message


def test_an_editor_sees_the_findings_of_all(here: Path) -> None:
    checked = check_buffer("compose.yml", {"compose.yml": COMPOSE})
    assert {each.code[:3] for each in checked.findings} >= {"HIK", "SQA"}
    assert {block.system for block in checked.blocks} == {"gunicorn", "hikaricp", "sqlalchemy"}
