"""``--fix``, ``--diff``, ``--since``, ``--prune-baseline`` as a person runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from poollint.changes import parse
from poollint.engine.baseline import read_baseline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = (
    b"[databases]\r\napp = host=/tmp\r\n[pgbouncer]\r\nlisten_addr =\r\nauth_file = /etc/userlist.txt\r\n# caf\xe9\r\n"
)
BAD = HEAD + b"query_timeout = 5min\r\nserver_idle_timeout = 10min ; soon\r\n"
MENDED = HEAD + b"query_timeout = 300\r\nserver_idle_timeout = 10min ; soon\r\n"


def poollint(*arguments: str, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "poollint", "check", *arguments]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, check=False)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "pgbouncer.ini").write_bytes(BAD)
    return tmp_path


def test_fix_reports_what_remains(repo: Path) -> None:
    done = poollint("--fix", "-v", "--format", "concise", cwd=repo)
    assert (repo / "pgbouncer.ini").read_bytes() == MENDED
    assert done.returncode == 1
    assert done.stdout.startswith(b"pgbouncer.ini:8:")
    assert b"PGB009 (invalid-time): write 300" in done.stderr
    assert b"fixed 1 finding in 1 file" in done.stderr
    (repo / "pgbouncer.ini").write_bytes(BAD.replace(b" ; soon", b""))
    assert poollint("--fix", cwd=repo).returncode == 0
    assert b"fixed" not in poollint("--fix", cwd=repo).stderr
    assert [each.name for each in repo.iterdir()] == ["pgbouncer.ini"]


def test_diff_writes_nothing(repo: Path) -> None:
    done = poollint("--diff", cwd=repo)
    assert done.returncode == 1
    assert b"-query_timeout = 5min\r\n+query_timeout = 300\r\n" in done.stdout
    assert (repo / "pgbouncer.ini").read_bytes() == BAD
    if shutil.which("git"):
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(repo)}
        subprocess.run(["git", "apply", "-p0"], cwd=repo, input=done.stdout, check=True, env=environment)
        assert (repo / "pgbouncer.ini").read_bytes() == MENDED
    done = poollint("--diff", cwd=repo)
    assert (done.returncode, done.stdout) == (0, b"")


def test_standard_input_is_a_filter(tmp_path: Path) -> None:
    done = poollint("--fix", "-", "--stdin-filename", "pgbouncer.ini", cwd=tmp_path, stdin=BAD)
    assert done.stdout == MENDED
    assert b"inline-comment" in done.stderr
    assert done.returncode == 1
    (tmp_path / "more.ini").write_bytes(b"query_wait_timeout = 1h\n")
    text = HEAD + b"query_timeout = 5min\r\n%include more.ini\n"
    done = poollint("--fix", "-", "--stdin-filename", "pgbouncer.ini", cwd=tmp_path, stdin=text)
    assert done.stdout == text.replace(b"5min", b"300")
    assert (tmp_path / "more.ini").read_bytes() == b"query_wait_timeout = 1h\n"
    assert poollint("--fix", "-", cwd=tmp_path, stdin=b"hello\r\n\xff").stdout == b"hello\r\n\xff"


def test_what_a_baseline_holds_stays(repo: Path) -> None:
    poollint("--write-baseline", "base.json", cwd=repo)
    done = poollint("--fix", "--baseline", "base.json", cwd=repo)
    assert (repo / "pgbouncer.ini").read_bytes() == BAD
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--unsafe-fixes"], b"goes with --fix"),
        (["--prune-baseline"], b"needs a baseline"),
        (["--since", "HEAD", "--write-baseline", "x"], b"--since leaves some out"),
        (["--diff", "--write-baseline", "x"], b"--diff writes nothing"),
        (["--since", "HEAD"], b"--since"),
    ],
)
def test_wrong_usage(repo: Path, arguments: list[str], said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repo))
    done = poollint(*arguments, cwd=repo)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_tree_that_cannot_be_written(repo: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everything")
    repo.chmod(0o500)
    try:
        done = poollint("--fix", cwd=repo)
    finally:
        repo.chmod(0o700)
    assert done.returncode == 3
    assert b"cannot be written" in done.stderr
    assert (repo / "pgbouncer.ini").read_bytes() == BAD


# Baselines


def test_pruning(repo: Path) -> None:
    poollint("--write-baseline", "base.json", cwd=repo)
    before = read_baseline(str(repo / "base.json"))
    assert len(before) == 2
    (repo / "pgbouncer.ini").write_bytes(MENDED)
    done = poollint("--baseline", "base.json", cwd=repo)
    assert b"gone: PGB009" in done.stderr
    assert read_baseline(str(repo / "base.json")) == before
    done = poollint("--baseline", "base.json", "--prune-baseline", cwd=repo)
    assert b"dropped 1 entry, 1 left" in done.stderr
    assert done.returncode == 0
    assert [each.rule for each in read_baseline(str(repo / "base.json"))] == ["PGB005"]


def test_a_baseline_outlives_lines_above(shared: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for system in ("pgbouncer", "nginx", "postgresql", "apache"):
        shutil.copytree(shared / "corpus" / system, tree / system)
    assert poollint("--write-baseline", "base.json", cwd=tree).returncode == 0
    assert len(read_baseline(str(tree / "base.json"))) > 50
    found = json.loads(poollint("--format", "json", cwd=tree).stdout)["findings"]
    touched: dict[str, set[int]] = {}
    for each in found:
        touched.setdefault(each["path"], set()).add(each["line"])
    for name, numbers in touched.items():
        lines = (tree / name).read_bytes().split(b"\n")
        # a blank line above each finding, save where the line before goes on
        for number in sorted(numbers, reverse=True):
            if number == 1 or lines[number - 2].strip()[-1:] not in (b"\\", b"'", b'"'):
                lines.insert(number - 1, b"")
        (tree / name).write_bytes(b"\n".join(lines))
    done = poollint("--baseline", "base.json", "--format", "concise", "--min-severity", "info", cwd=tree)
    assert (done.stdout, done.returncode) == (b"", 0)


# Since


@pytest.fixture
def history(repo: Path) -> Callable[..., None]:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=repo, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    return git


def lines_of(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return [line.split(b": ")[0].decode() for line in done.stdout.splitlines()]


def test_since_shows_what_a_change_brought(repo: Path, history: Callable[..., None]) -> None:
    since = ("--since", "HEAD", "--format", "concise")
    done = poollint(*since, cwd=repo)
    assert (done.returncode, done.stdout) == (0, b"")
    (repo / "pgbouncer.ini").write_bytes(BAD.replace(b"# caf", b"#\r\n# caf") + b"query_wait_timeout = 1h\r\n")
    (repo / "new").mkdir()
    (repo / "new" / "pgbouncer.ini").write_bytes(BAD)
    assert lines_of(poollint(*since, cwd=repo)) == [
        "new/pgbouncer.ini:7:17",
        "new/pgbouncer.ini:8:23",
        "pgbouncer.ini:10:22",
    ]
    done = poollint("--since", "nope", cwd=repo)
    assert done.returncode == 2
    assert b"nope" in done.stderr
    poollint("--fix", *since, "pgbouncer.ini", cwd=repo)
    text = (repo / "pgbouncer.ini").read_bytes()
    assert b"query_timeout = 5min" in text
    assert b"query_wait_timeout = 3600" in text


def test_since_counts_from_where_a_branch_began(repo: Path, history: Callable[..., None]) -> None:
    history("branch", "topic")
    (repo / "pgbouncer.ini").write_bytes(HEAD)
    history("commit", "-q", "-am", "upstream mended it")
    history("checkout", "-q", "topic")
    assert poollint("--since", "main", "--format", "concise", cwd=repo).stdout == b""


def test_a_line_that_went_away_counts(repo: Path, history: Callable[..., None]) -> None:
    (repo / "pgbouncer.ini").unlink()
    text = "events {}\nhttp {\n  upstream b { server 10.0.0.1; keepalive 8; }\n  server {\n    location / {\n"
    tail = "      proxy_pass http://b;\n    }\n  }\n}\n"
    (repo / "nginx.conf").write_text(
        text + '      proxy_http_version 1.1;\n      proxy_set_header Connection "";\n' + tail
    )
    history("add", "-A")
    history("commit", "-q", "-m", "second")
    (repo / "nginx.conf").write_text(text + tail)
    done = poollint("--since", "HEAD", "--format", "concise", "--target", "nginx=1.22", cwd=repo)
    assert done.stdout.startswith(b"nginx.conf:"), done.stderr


def test_patches_are_read() -> None:
    text = (
        "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,0 +2 @@ x\n++++ b/no\n@@ -9,2 +11,0 @@\n-a\n-b\n"
        "diff --git a/c b/c\n--- a/c\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        '--- /dev/null\n+++ "b/t\\tq\\"\\303\\251"\n@@ -0,0 +1,2 @@\n+x\n+y\n'
    )
    assert parse(text) == {"a": [(2, 2), (11, 12)], 't\tq"é': [(1, 2)]}
