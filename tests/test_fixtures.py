"""Whole configurations, each with the report that it must have beside it (POOLLINT_UPDATE=1 writes it anew)."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FIXTURES = sorted(path for path in (ROOT / "fixtures").iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", FIXTURES, ids=lambda path: path.name)
def test_report(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "poollint", "check", "--isolated"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    expected = folder / "expected.txt"
    got = done.stdout + done.stderr
    if os.environ.get("POOLLINT_UPDATE"):
        expected.write_text(got, encoding="utf-8")
    assert got == expected.read_text(encoding="utf-8")


def test_the_readme_shows_a_real_session() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    report = (ROOT / "fixtures" / "webshop" / "expected.txt").read_text(encoding="utf-8")
    shown = readme.split("<!-- session -->\n```\n")[1].split("\n```")[0]
    for finding in shown.split("\n\n"):
        assert finding.strip("\n") in report
