"""The command as a person runs it: exit statuses, streams, files that cannot be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "[databases]\napp = host=/tmp\n[pgbouncer]\nlisten_addr =\nauth_file = /etc/pgbouncer/userlist.txt\n"
BAD = GOOD + "server_idle_timeout = 10min\n"


def poollint(
    *arguments: str, cwd: Path, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "poollint", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
        timeout=60,
    )


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "pgbouncer.ini").write_text(BAD)
    return tmp_path


def test_findings_exit_1_and_stand_on_stdout(repo: Path) -> None:
    done = poollint("check", cwd=repo)
    assert done.returncode == 1
    assert "pgbouncer.ini:6:" in done.stdout
    assert "invalid-time" in done.stdout
    assert "^" in done.stdout
    assert "1 error" in done.stderr


def test_clean_is_quiet_and_exits_0(repo: Path) -> None:
    (repo / "pgbouncer.ini").write_text(GOOD)
    done = poollint("check", "--min-severity", "warning", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["check", "--select", "PGB999"], 2, "PGB999"),
        (["check", "--select", "invalid-tim"], 2, "did you mean 'invalid-time'"),
        (["check", "--format", "jsno"], 2, "did you mean 'json'"),
        (["check", "--as", "pgbuncer", "pgbouncer.ini"], 2, "did you mean 'pgbouncer'"),
        (["check", "--target", "nginx"], 2, "SYSTEM=VERSION"),
        (["chek"], 2, "did you mean 'check'"),
        (["pgbouncer.ini"], 2, "poollint check pgbouncer.ini"),
        (["check", "missing.ini"], 3, "No such file"),
        (["check", "--config", "missing.toml"], 2, "missing.toml"),
        (["check", "--exit-zero"], 0, "1 error"),
        (["check", "--fail-on", "never"], 0, ""),
        (["check", "--ignore", "PGB"], 0, ""),
        (["explain", "PGB998"], 2, "no rule, system or guide 'PGB998'"),
        (["explain", "pgbouncer.query_wait_timeot"], 2, "did you mean 'query_wait_timeout'"),
        (["rules", "new", "Bad Name"], 2, "is no rule name"),
        (["rules", "--system", "ngin"], 2, "did you mean 'nginx'"),
    ],
)
def test_exit_status(repo: Path, arguments: list[str], status: int, said: str) -> None:
    done = poollint(*arguments, cwd=repo)
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_to_check_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    done = poollint("check", cwd=tmp_path)
    assert done.returncode == 3
    assert "nothing to check" in done.stderr


def test_a_bad_configuration_is_said_with_file_and_line(repo: Path) -> None:
    (repo / "poollint.toml").write_text('select = ["PGB"]\nignor = ["PGB009"]\n')
    done = poollint("check", cwd=repo)
    assert done.returncode == 2
    assert "poollint.toml:2" in done.stderr
    assert "ignore" in done.stderr


def test_strange_files_do_not_hide_the_others(repo: Path) -> None:
    (repo / "nginx.conf").mkdir()
    os.mkfifo(repo / "postgresql.conf")
    (repo / "pgbouncer-link.ini").symlink_to(repo / "gone.ini")
    (repo / "pgbouncer-bytes.ini").write_bytes(b"[databases]\n\xff\xfe = host=/tmp\n[pgbouncer]\nx\0y\n")
    (repo / "pgbouncer-utf16.ini").write_bytes("[pgbouncer]\n".encode("utf-16"))
    huge = repo / "pgbouncer-huge.ini"
    with huge.open("wb") as handle:
        handle.truncate(300 * 1024 * 1024)
    done = poollint("check", "-v", ".", cwd=repo)
    assert "pgbouncer.ini:6:" in done.stdout
    assert "Traceback" not in done.stderr
    for name in ("nginx.conf", "postgresql.conf", "pgbouncer-link.ini", "pgbouncer-huge.ini", "pgbouncer-utf16.ini"):
        assert name in done.stderr, name
    assert "pgbouncer-bytes.ini" in done.stdout
    for name in ("nginx.conf", "postgresql.conf", "pgbouncer-link.ini", "pgbouncer-huge.ini"):
        named = poollint("check", name, "pgbouncer.ini", cwd=repo)
        assert "Traceback" not in named.stderr
        assert "pgbouncer.ini:6:" in named.stdout, name
        if name != "nginx.conf":  # a folder is walked, whatever it is called
            assert named.returncode == 3, name
            assert name in named.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(repo: Path) -> None:
    (repo / "nginx.conf").write_text("events {}\n")
    (repo / "nginx.conf").chmod(0)
    done = poollint("check", "nginx.conf", "pgbouncer.ini", cwd=repo)
    assert done.returncode == 3
    assert "nginx.conf" in done.stderr
    assert "pgbouncer.ini:6:" in done.stdout


def test_json_has_the_promised_shape(repo: Path) -> None:
    report = json.loads(poollint("check", "--format", "json", cwd=repo).stdout)
    assert report["version"] == 1
    finding = next(each for each in report["findings"] if each["name"] == "invalid-time")
    assert set(finding) >= {
        "rule", "name", "severity", "effect", "topic", "message", "path", "line", "column", "end_line", "end_column",
        "system", "block", "setting", "help_url", "fix", "related", "fingerprint", "suppressed",
    }  # fmt: skip
    assert (finding["rule"], finding["effect"], finding["path"], finding["line"]) == (
        "PGB009",
        "refused",
        "pgbouncer.ini",
        6,
    )
    order = [(f["path"], f["line"], f["column"], f["rule"]) for f in report["findings"]]
    assert order == sorted(order)


def test_standard_input(repo: Path) -> None:
    done = poollint("check", "-", "--stdin-filename", "deploy/pgbouncer.ini", cwd=repo, stdin=BAD)
    assert done.returncode == 1
    assert "deploy/pgbouncer.ini:6:" in done.stdout
    assert poollint("check", "-", cwd=repo, stdin="hello").returncode == 3
    assert poollint("check", "-", "--as", "pgbouncer", cwd=repo, stdin=BAD).returncode == 1


def test_suppressions(repo: Path) -> None:
    line = "; poollint: ignore[PGB009] -- the template fills it in\n"
    (repo / "pgbouncer.ini").write_text(GOOD + line + "server_idle_timeout = 10min\n")
    assert poollint("check", "--min-severity", "warning", cwd=repo).returncode == 0
    shown = poollint("check", "--show-suppressed", "--min-severity", "warning", cwd=repo)
    assert "the template fills it in" in shown.stdout
    (repo / "pgbouncer.ini").write_text(line + GOOD)
    assert "unused-suppression" in poollint("check", cwd=repo).stdout


def test_colour_is_for_terminals(repo: Path) -> None:
    assert "\x1b[" not in poollint("check", cwd=repo).stdout
    assert "\x1b[" in poollint("check", "--color", "always", cwd=repo).stdout
    assert "\x1b[" not in poollint("check", cwd=repo, env={"NO_COLOR": "1", "FORCE_COLOR": ""}).stdout


def test_show_and_explain(repo: Path) -> None:
    shown = json.loads(
        poollint("show", "--format", "json", "--target", "pgbouncer=1.18", "pgbouncer.ini", cwd=repo).stdout
    )
    main = next(block for block in shown["files"][0]["blocks"] if block["kind"] == "main")
    assert main["settings"]["server_lifetime"]["value"] == 3600
    assert main["settings"]["server_lifetime"]["origin"] == "default"
    text = poollint("explain", "PGB009", cwd=repo).stdout
    assert "invalid-time" in text
    assert "Bad" in text
    assert "query_wait_timeout" in poollint("explain", "pgbouncer.query_wait_timeout", cwd=repo).stdout


def test_a_closed_pipe_and_a_missing_home(repo: Path) -> None:
    command = f"{sys.executable} -m poollint rules | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, cwd=repo)
    assert done.stderr == ""
    env = {"HOME": "/nonexistent", "LC_ALL": "C", "PYTHONUTF8": "0"}
    assert poollint("check", cwd=repo, env=env).returncode == 1


def test_help_teaches(repo: Path) -> None:
    assert "poollint check" in poollint("--help", cwd=repo).stdout
    assert "--stdin-filename" in poollint("check", "--help", cwd=repo).stdout
    assert "complete" in poollint("completion", "bash", cwd=repo).stdout


def test_config_shows_what_holds_for_some_paths_alone(repo: Path) -> None:
    (repo / "poollint.toml").write_text(
        "[service.api]\ninstances = 2\n[[overrides]]\npaths = ['dev/**']\nignore = ['PGB']\nversions.nginx = '1.22'\n"
    )
    for path, told in ((".", True), ("dev/pgbouncer.ini", True), ("pgbouncer.ini", False)):
        lines = poollint("config", path, cwd=repo).stdout.splitlines()
        assert ('overrides."dev/**".ignore = ["PGB"]  # poollint.toml:4' in lines) is told
        assert ('overrides."dev/**".versions.nginx = "1.22"  # poollint.toml:4' in lines) is told
        assert "service.api.instances = 2  # poollint.toml:2" in lines


def test_config_shows_where_values_come_from(repo: Path) -> None:
    (repo / "poollint.toml").write_text('fail-on = "error"\n[versions]\nnginx = "1.22"\n')
    text = poollint("config", cwd=repo).stdout
    assert 'fail-on = "error"  # poollint.toml:1' in text
    assert 'versions.nginx = "1.22"' in text


def test_rules_new_writes_a_page_that_passes(repo: Path) -> None:
    assert poollint("rules", "new", "pool-too-large", "--dir", "my", cwd=repo).returncode in (2, 4)
    (repo / "pgbouncer").mkdir()
    assert poollint("rules", "new", "pool-too-large", "--dir", "pgbouncer", cwd=repo).returncode == 0
    done = poollint("rules", "test", "pgbouncer", cwd=repo)
    assert "pool-too-large" in done.stdout + done.stderr or done.returncode == 0
