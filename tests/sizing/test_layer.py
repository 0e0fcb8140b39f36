"""The calculator stands alone: nothing in it knows the linter."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

MODULES = sorted((Path(__file__).parents[2] / "poollint" / "sizing").glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_of_the_package_stay_inside(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("poollint") or (node.module or "").startswith("poollint.sizing")
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("poollint") for alias in node.names)
