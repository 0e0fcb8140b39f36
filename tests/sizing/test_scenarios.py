"""Whole runs of ``poollint size``: each file in scenarios/ holds a command line and the answer it must give.

POOLLINT_UPDATE=1 rewrites the answers.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from poollint.cli.main import cli

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    command, _, expected = path.read_text(encoding="utf-8").partition("\n")
    words = shlex.split(command.removeprefix("$ poollint "))
    output = CliRunner().invoke(cli, words).output
    if os.environ.get("POOLLINT_UPDATE"):
        path.write_text(f"{command}\n{output}", encoding="utf-8")
        return
    assert output == expected
