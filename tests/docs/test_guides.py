"""The guides: every one is listed, its links lead somewhere, and what it shows is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

from poollint.docs.guides import FOLDER, ORDER, guide, titles
from poollint.reports import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_guide_is_listed() -> None:
    files = {path.stem for path in (ROOT / "poollint" / "guides").glob("*.md")}
    assert files == set(ORDER)
    assert all(titles().values())
    for name in ORDER:
        assert f"poollint/guides/{name}.md" in README
    assert set(os.listdir(FOLDER)) >= {f"{name}.md" for name in ORDER}


@pytest.mark.parametrize("name", ORDER)
def test_links_lead_to_guides(name: str) -> None:
    text = guide(name)
    assert "<!--" not in text
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert "://" in target or target.removesuffix(".md") in ORDER, target


def test_the_formats_are_those_there_are() -> None:
    text = guide("pipeline")
    assert all(f"| `{name}` |" in text for name in FORMATS)


def test_explain_prints_a_guide() -> None:
    command = [sys.executable, "-m", "poollint", "explain", "configuration"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("# Configuration\n")
    assert "| `never-suppress` |" in done.stdout


def test_the_rule_and_the_library_of_the_guide_work(tmp_path: Path) -> None:
    """What a reader would copy out of it, run as it stands."""
    text = guide("own-rules")
    [page] = re.findall(r"````markdown\n(.*?)````", text, re.S)
    [library] = [each for each in re.findall(r"```toml\n(.*?)```", text, re.S) if "[system]" in each]
    house = tmp_path / "house-rules"
    (house / "shop").mkdir(parents=True)
    (house / "shop" / "shop-pool-above-ten.md").write_text(page, encoding="utf-8")
    (house / "acme-db").mkdir()
    (house / "acme-db" / "settings.toml").write_text(library, encoding="utf-8")
    (tmp_path / "poollint.toml").write_text('rule-dirs = ["house-rules"]\n', encoding="utf-8")
    (tmp_path / "db.js").write_text(
        'const { createPool } = require("@acme/db");\nmodule.exports = createPool({ max: 20 });\n', encoding="utf-8"
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "poollint", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    tested = run("rules", "test", "house-rules")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    found = run("check", "--format", "concise", "db.js")
    assert "SHOP001" in found.stdout, found.stdout + found.stderr
    assert "acquireTimeout" in found.stdout
