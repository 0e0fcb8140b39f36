"""What shells complete, and what happens to reports that cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from poollint.cli.errors import counted
from poollint.cli.main import cli

if TYPE_CHECKING:
    from pathlib import Path

BAD = "[databases]\n[pgbouncer]\nserver_idle_timeout = 10min\n"


def completed(*typed: str) -> list[str]:
    """The words that bash is offered for the last one typed."""
    environment = {
        "_POOLLINT_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["poollint", *typed]),
        "COMP_CWORD": str(len(typed)),
    }
    done = CliRunner().invoke(cli, prog_name="poollint", env=environment)
    return [line.partition(",")[2] for line in done.output.splitlines()]


def test_what_a_shell_completes() -> None:
    assert completed("expl") == ["explain"]
    assert completed("check", "--format", "sa") == ["sarif"]
    assert completed("check", "--as", "pgb") == ["pgbouncer"]
    assert completed("check", "--target", "ngin") == ["nginx="]
    codes = completed("check", "--select", "HIK001,PGB00")
    assert sorted(codes) == [f"HIK001,PGB00{number}" for number in range(1, 10)]
    assert completed("explain", "topo") == ["topology"]
    assert completed("check", "pgb") == ["pgb"]  # by the shell itself: the answer's type is "file"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "poollint", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--format", "json=no/such/folder.json"),
        ("check", "--output", "no/such/folder.txt"),
        ("check", "--write-baseline", "no/such/folder.json"),
        ("rules", "new", "a-rule", "--dir", "no/such"),
    ],
)
def test_a_file_that_cannot_be_written_is_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "pgbouncer.ini").write_text(BAD)
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "no/such" in done.stderr
    assert "cannot be written: No such file or directory" in done.stderr
    assert "Errno" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently")
def test_files_are_written_though_nobody_reads_the_rest(tmp_path: Path) -> None:
    (tmp_path / "pgbouncer.ini").write_text(BAD)
    command = [sys.executable, "-m", "poollint", "check", "--format", "text", "--format", "json=report.json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.close()
    assert '"PGB009"' in (tmp_path / "report.json").read_text()


def test_a_baseline_does_not_hide_what_was_not_read(tmp_path: Path) -> None:
    (tmp_path / "pgbouncer.ini").write_text(BAD)
    done = run("check", "--write-baseline", "base.json", "pgbouncer.ini", "gone.ini", cwd=tmp_path)
    assert done.returncode == 3
    assert "gone.ini: No such file" in done.stderr
    assert "recorded 1 finding in base.json" in done.stderr


def test_numbers_of_things() -> None:
    assert [counted(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert [counted(n, "entry") for n in (1, 2)] == ["1 entry", "2 entries"]


def test_a_group_of_rules_is_listed(tmp_path: Path) -> None:
    lines = run("explain", "PGB00", cwd=tmp_path).stdout.splitlines()
    assert "PGB009 invalid-time" in lines
    assert all(line.startswith("PGB00") for line in lines)
    assert "NGX001 upstream-no-keepalive" in run("explain", "waste", cwd=tmp_path).stdout
    assert run("explain", "PGB99", cwd=tmp_path).returncode == 2
