"""The pre-commit hooks and the GitHub Action: what starts them, and what they do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from conftest import ROOT

from poollint.formats.source_code import EXTENSIONS, FAMILIES
from poollint.knowledge.index import knowledge

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "[databases]\napp = host=/tmp\n[pgbouncer]\nlisten_addr =\nauth_file = /etc/pgbouncer/userlist.txt\n"
BAD = GOOD + "query_timeout = 5min\n"
HOOKS = {each["id"]: each for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


def test_hooks() -> None:
    assert list(HOOKS) == ["poollint", "poollint-fix"]
    for hook in HOOKS.values():
        assert hook["language"] == "python"
        assert hook["require_serial"] is True
        assert hook["entry"].startswith("poollint check")
    assert "--fix" in HOOKS["poollint-fix"]["entry"]


def names_of(glob: str) -> str:
    """A path that a glob of a catalogue matches."""
    return re.sub(r"\[(.)[^]]*\]", r"\1", glob).replace("*", "x").replace("?", "x")


def test_every_candidate_starts_the_hook() -> None:
    regex = re.compile(HOOKS["poollint"]["files"])
    globs = [glob for table in knowledge().systems.values() for glob in table.get("files", ())]
    missed = [glob for glob in globs if not regex.search(f"deploy/{names_of(glob)}")]
    assert missed == []
    endings = [ending for ending, language in EXTENSIONS.items() if FAMILIES[language] in knowledge().triggers]
    assert [ending for ending in endings if not regex.search(f"src/a{ending}")] == []
    for name in ("deploy/nginx.conf.j2", "etc/nginx/sites-available/shop", "pgbouncer.ini.tmpl", ".env.production"):
        assert regex.search(name), name


@pytest.mark.parametrize(
    "name", ["README.md", "a.png", "LICENSE", "src/a.rs", "Makefile", "a.css", "data.csv", "x.lock"]
)
def test_what_is_none_of_its_business_does_not_start_it(name: str) -> None:
    assert not re.search(HOOKS["poollint"]["files"], name)


def run(entry: str, *paths: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", *entry.split(), *paths]
    return subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)


def test_what_the_hook_is_given(tmp_path: Path) -> None:
    entry = HOOKS["poollint"]["entry"]
    (tmp_path / "poollint.toml").write_text('extend-exclude = ["old/"]\n')
    (tmp_path / "old").mkdir()
    for name, text in {
        "old/pgbouncer.ini": BAD, "pgbouncer.ini": GOOD, "setup.cfg": "[metadata]\n", "a.py": "print(1)\n", "empty.conf": "",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    for paths in (
        ["old/pgbouncer.ini"],
        ["a.py"],
        ["setup.cfg", "old/pgbouncer.ini"],
        ["setup.cfg", "a.py"],
        ["empty.conf"],
    ):
        done = run(entry, *paths, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), paths
    said = run(f"{entry} -v", "old/pgbouncer.ini", "setup.cfg", "a.py", cwd=tmp_path).stderr
    for words in (
        "is excluded by 'old/' in poollint.toml",
        "setup.cfg: is of no system",
        "checked a.py as python: no pool",
    ):
        assert words in said
    # without the flag a foreign file is named, and nothing checked is no success
    done = run("poollint check", "setup.cfg", "old/pgbouncer.ini", cwd=tmp_path)
    assert done.returncode == 3
    assert "setup.cfg: is of no system" in done.stderr
    assert run("poollint check", "old/pgbouncer.ini", cwd=tmp_path).returncode == 0


def test_the_action() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for step in ACTION["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "inputs reach the shell as variables, never as text"
    assert {name for name, table in ACTION["inputs"].items() if "default" not in table} == set()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(("text", "status"), [(GOOD, 0), (BAD, 1)])
def test_the_action_runs(tmp_path: Path, text: str, status: int) -> None:
    (tmp_path / "pgbouncer.ini").write_text(text)
    binary = tmp_path / "bin" / "poollint"
    binary.parent.mkdir()
    binary.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m poollint "$@"\n')
    binary.chmod(0o755)
    [step] = [each for each in ACTION["runs"]["steps"] if each.get("id") == "check"]
    environment = {
        **os.environ, "POOLLINT_BIN": str(binary), "GITHUB_OUTPUT": str(tmp_path / "output"),
        "PATHS": "pgbouncer.ini", "ARGS": "--fail-on error --min-severity error", "SARIF": "out.sarif",
        "SUMMARY": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert done.stdout.startswith("::error file=pgbouncer.ini,line=6") is bool(status)
    assert (tmp_path / "output").read_text() == f"status={status}\n"
    assert '"2.1.0"' in (tmp_path / "out.sarif").read_text()
    assert (tmp_path / "summary.md").read_text().startswith("### poollint: " + ("1 error" if status else "no findings"))


def test_a_hook_passes_where_only_the_grammar_is_missing(tmp_path: Path) -> None:
    (tmp_path / "Db.kt").write_text("import com.zaxxer.hikari.HikariConfig\nval c = HikariConfig()\n")
    without = (
        "import sys; from poollint.formats import source_code; from poollint.__main__ import main; "
        "source_code.GRAMMARS['kotlin'] = ('tree_sitter_that_is_not_there', 'language'); main()"
    )
    for options, status in ((["--skip-foreign"], 0), ([], 3)):
        arguments = [sys.executable, "-c", without, "check", *options, "Db.kt"]
        done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (status, "")
        assert "Db.kt: is not read: that needs pip install 'poollint[kotlin]'" in done.stderr
        assert "of a system that poollint knows" not in done.stderr
