"""pre-commit and prek themselves, with the hooks of this tree (POOLLINT_HOOK_TOOLS names a folder that has them)."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "[databases]\napp = host=/tmp\n[pgbouncer]\nlisten_addr =\nauth_file = /etc/pgbouncer/userlist.txt\n"
BAD = GOOD + "query_timeout = 5min\n"


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds this tree as it stands."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in ("poollint", "rules"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "hooks")
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.real
@pytest.mark.parametrize("tool", ["pre-commit", "prek"])
def test_try_repo(tool: str, hooks: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folders = os.environ.get("POOLLINT_HOOK_TOOLS", "") + os.pathsep + os.environ.get("PATH", "")
    program = shutil.which(tool, path=folders)
    if program is None:
        pytest.skip(f"{tool} is not installed (POOLLINT_HOOK_TOOLS names a folder that has it)")
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    work = tmp_path_factory.mktemp("work")
    cache = tmp_path_factory.mktemp("cache")
    git(work, "init", "-q")
    environment = {
        **os.environ, "PRE_COMMIT_HOME": str(cache), "PREK_HOME": str(cache),
        "PIP_ONLY_BINARY": ":all:",  # wheels only: no compiler
        "NO_COLOR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }  # fmt: skip

    def attempt(hook: str, **files: str) -> subprocess.CompletedProcess[str]:
        for name, text in files.items():
            (work / name.replace("__", ".")).write_text(text)
        git(work, "add", "-A")
        command = [program, "try-repo", str(hooks), hook, "--all-files", "--verbose"]
        return subprocess.run(
            command, cwd=work, env=environment, capture_output=True, text=True, check=False, timeout=540
        )

    first = attempt("poollint", pgbouncer__ini=GOOD, setup__cfg="[metadata]\n", README__md="# hello\n")
    if first.returncode and any(
        word in first.stdout + first.stderr for word in ("ConnectionError", "No matching distribution")
    ):
        pytest.skip("the package index cannot be reached")
    assert first.returncode == 0, first.stdout + first.stderr
    bad = attempt("poollint", pgbouncer__ini=BAD)
    assert bad.returncode == 1
    assert "invalid-time" in bad.stdout
    mended = attempt("poollint-fix")
    assert mended.returncode == 1, "a hook that changes files fails once"
    assert (work / "pgbouncer.ini").read_text() == BAD.replace("5min", "300")
    assert attempt("poollint-fix").returncode == 0
