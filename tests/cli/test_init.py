"""``poollint init``: what it says, and that what it writes holds."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from poollint import api
from poollint.config import load_config
from poollint.files import MemoryFiles

if TYPE_CHECKING:
    from pathlib import Path

BAD = "[databases]\napp = host=/tmp\n[pgbouncer]\nlisten_addr =\nauth_file = /etc/userlist.txt\nquery_timeout = 5min\n"


def init(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "poollint", "init", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "pgbouncer.ini").write_text(BAD)
    (tmp_path / "compose.yml").write_text(
        "services:\n  web:\n    image: nginx:1.25-alpine\n  db:\n    image: 'postgres:16.2'\n"
    )
    (tmp_path / "Dockerfile").write_text("FROM docker.io/library/postgres:16.2\n")
    return tmp_path


def test_it_says_and_writes_what_it_found(repository: Path) -> None:
    done = init(repository)
    assert done.returncode == 0, done.stderr
    assert "PgBouncer: 1 file, such as deploy/pgbouncer.ini" in done.stdout
    assert "nginx 1.25, by the image in compose.yml" in done.stdout
    assert "1 finding today" in done.stdout
    known = api.Session(api.Options(isolated=True), MemoryFiles({})).known()
    config = load_config(str(repository / "poollint.toml"), known=known)
    assert config.versions == {"nginx": (1, 25), "postgresql": (16, 2)}
    check = subprocess.run(
        [sys.executable, "-m", "poollint", "check"], cwd=repository, capture_output=True, check=False
    )
    assert check.returncode == 1


def test_its_comments_hold_too(repository: Path) -> None:
    text = init(repository, "--dry-run").stdout
    assert not (repository / "poollint.toml").exists()
    live = re.sub(r'(?m)^# (?=(?:[\w-]+|"[^"]+") = (?!"")|\[)', "", text)
    assert live.count("#") < text.count("#") - 5
    path = repository / "all.toml"
    path.write_text(live)
    known = api.Session(api.Options(isolated=True), MemoryFiles({})).known()
    config = load_config(str(path), known=known)
    assert config.require_reason
    assert config.overrides[0].paths == ("dev/**",)


def test_it_overwrites_nothing_unasked(repository: Path) -> None:
    (repository / "poollint.toml").write_text("ignore = []\n")
    done = init(repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--force" in done.stderr
    assert (repository / "poollint.toml").read_text() == "ignore = []\n"
    assert init(repository, "--force").returncode == 0
    assert "Found here" in (repository / "poollint.toml").read_text()


def test_another_configuration_is_not_shadowed(repository: Path) -> None:
    (repository / "pyproject.toml").write_text("[tool.poollint]\n")
    done = init(repository, "--force")
    assert done.returncode == 2
    assert "pyproject.toml holds a configuration already" in done.stderr


def test_an_empty_folder(tmp_path: Path) -> None:
    done = init(tmp_path)
    assert done.returncode == 0
    assert "no file here is of a system" in done.stdout
    assert (tmp_path / "poollint.toml").is_file()
