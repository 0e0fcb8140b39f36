"""The command with --jobs: interrupted, its reader gone, run in every usual way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = "from sqlalchemy import create_engine\nengine = create_engine('postgresql+psycopg2://h/d', pool_size=-5)\n"
CHECK = [sys.executable, "-m", "poollint", "check", "--isolated"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for number in range(40):
        (tmp_path / f"d{number}").mkdir()
        for other in range(60):
            text = ENGINE if other == 0 else "x = 1\n"
            (tmp_path / f"d{number}" / f"f{other}.py").write_text(text)
    return tmp_path


def test_every_number_of_jobs_prints_the_same(tree: Path) -> None:
    runs = [
        subprocess.run([*CHECK, *jobs, "--format", "json", "."], cwd=tree, capture_output=True, text=True, check=False)
        for jobs in (["--jobs", "1"], ["--jobs", "2"], ["--jobs=7"], [])
    ]
    assert {each.returncode for each in runs} == {1}
    assert len({(each.stdout, each.stderr) for each in runs}) == 1
    assert json.loads(runs[0].stdout)["summary"]["files"] == 40


@pytest.mark.parametrize("jobs", ["0", "-1", "many", ""])
def test_bad_numbers_are_usage(tree: Path, jobs: str) -> None:
    done = subprocess.run([*CHECK, f"--jobs={jobs}", "."], cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--jobs" in done.stderr


def ended(group: int) -> bool:
    """Whether the last process of a group ends within ten seconds."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


SLOW = """\
import time
from poollint import api
read = api.Session.read
def slow(self, *args, **options):
    time.sleep(0.2)
    return read(self, *args, **options)
api.Session.read = slow
from poollint.__main__ import main
main()
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups")
def test_an_interrupt_ends_all_without_a_word_from_the_others(tree: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, "check", "--isolated", "--jobs", "3", "."],
        cwd=tree,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        time.sleep(1.2)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert err == "poollint: interrupted\n"
    assert ended(process.pid)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups")
def test_others_end_when_the_one_that_asked_is_killed(tree: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, "check", "--isolated", "--jobs", "3", "."],
        cwd=tree,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        time.sleep(1.2)
        process.kill()
        process.wait()
    assert ended(process.pid)


def test_a_reader_that_leaves(tree: Path) -> None:
    script = f"'{sys.executable}' -m poollint check --isolated --jobs 3 . | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], cwd=tree, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] in ("0", "1")
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_a_small_run_loads_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "db.py").write_text(ENGINE)
    code = (
        "import sys\nfrom poollint.cli import fast\nfrom poollint.cli.checking import run_check\n"
        "run_check(*fast.parse(['--isolated', '.']))\n"
        "sys.exit(any(name in sys.modules for name in ('poollint.parallel', 'multiprocessing', 'pickle')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
