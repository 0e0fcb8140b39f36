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
        [sys.executable, "-m", "poollint", "check", "--isolated"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    expected = folder / "expected.txt"
    got = done.stdout + done.stderr
    if os.environ.get("POOLLINT_UPDATE"):
        expected.write_text(got, encoding="utf-8")
    assert got == expected.read_text(encoding="utf-8")


SHOWN = ("NGX011", "PGB043", "PGB009", "PSQ020")
SESSION = "<!-- session -->\n```\n"


def test_the_readme_shows_a_real_session() -> None:
    path = ROOT / "README.md"
    report = (ROOT / "fixtures" / "webshop" / "expected.txt").read_text(encoding="utf-8")
    findings = [part for part in report.split("\n\n") if any(f"[{code}]" in part for code in SHOWN)]
    readme = path.read_text(encoding="utf-8")
    before, after = readme.split(SESSION)
    shown, rest = after.split("\n```", 1)
    if os.environ.get("POOLLINT_UPDATE"):
        shown = "\n\n".join(findings)
        path.write_text(f"{before}{SESSION}{shown}\n```{rest}", encoding="utf-8")
    assert shown == "\n\n".join(findings)


def test_the_guide_shows_real_answers_of_the_calculator() -> None:
    guide = (ROOT / "poollint" / "guides" / "calculator.md").read_text(encoding="utf-8")
    shown = guide.split("<!-- sizes -->\n```\n")[1].split("\n```")[0]
    answers = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "sizing" / "scenarios").glob("*.txt")]
    for block in shown.split("\n\n"):
        lines = block.split("\n")
        assert any(all(line in answer.split("\n") for line in lines) for answer in answers), block
