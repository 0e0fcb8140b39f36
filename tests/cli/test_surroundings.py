"""A bad place to run in: no room, no reader, no home, no UTF-8, an interrupt. Each ends in a sentence and a status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BAD = "[databases]\napp = host=10.0.0.5\n[pgbouncer]\nlisten_addr = *\nauth_file = users.txt\nquery_timeout = 5min\n"
FULL = Path("/dev/full")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "pgbouncer.ini").write_text(BAD)
    return tmp_path


def shell(command: str, repo: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    told = {**os.environ, "PYTHON": sys.executable, **environment}
    return subprocess.run(["sh", "-c", command], cwd=repo, env=told, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "command", ["check > /dev/full", "check --format json=/dev/full", "rules > /dev/full", "size --cores 4 > /dev/full"]
)
def test_a_full_disk(repo: Path, command: str) -> None:
    done = shell(f"$PYTHON -m poollint {command}", repo)
    assert done.returncode == 4
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&- >&-"])
@pytest.mark.parametrize(("command", "status"), [("check", 1), ("--version", 0), ("rules", 0)])
def test_closed_streams(repo: Path, streams: str, command: str, status: int) -> None:
    done = shell(f"$PYTHON -m poollint {command} {streams}", repo)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["check --format concise", "rules", "explain PGB009", "show pgbouncer.ini"])
def test_a_reader_that_goes_away(repo: Path, command: str) -> None:
    done = shell(f"$PYTHON -m poollint {command} | true", repo)
    assert (done.returncode, done.stderr.replace("1 error in 1 file\n", "")) == (0, "")


def test_a_locale_without_utf8(repo: Path) -> None:
    (repo / "pgbouncer.ini").write_text(BAD.replace("5min", "5 \u00b5s"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "poollint", "check", "--format", "concise"],
        cwd=repo,
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"PGB009" in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt(tmp_path: Path) -> None:
    """Ctrl-C while standard input is still open."""
    command = [sys.executable, "-m", "poollint", "check", "-", "--stdin-filename", "pgbouncer.ini"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        time.sleep(1.0)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said == "poollint: interrupted\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")
def test_a_tree_that_cannot_be_written(repo: Path) -> None:
    repo.chmod(0o555)
    try:
        done = shell("$PYTHON -m poollint check --fix --unsafe-fixes", repo)
    finally:
        repo.chmod(0o755)
    assert done.returncode in (1, 4)
    assert "Traceback" not in done.stderr
    assert (repo / "pgbouncer.ini").read_text() == BAD
