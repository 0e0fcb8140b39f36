"""What the house rests on: layers, what a run imports, what the wheel holds."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "poollint"

# who must not know whom: a folder or module, and the first parts it may not import
RUN = ("api", "session", "targets", "configured")
FORBIDDEN = {
    "formats": ("readers", "engine", "reports", "cli", *RUN, "config", "discovery", "knowledge", "sizing", "fleet"),
    "readers": ("engine", "reports", "cli", *RUN, "config", "discovery"),
    "engine": ("cli", "reports"),
    "engine/detectors": ("formats", "readers", "reports", "cli", *RUN, "discovery"),
    "reports": ("cli", "readers", "formats", "discovery"),
    "sizing": (
        "readers", "engine", "reports", "cli", *RUN, "config", "discovery", "knowledge", "fleet", "formats", "blocks",
    ),
    "docs": ("readers", "formats", "cli", "server", "discovery"),
    "fleet": ("formats", "reports", "cli", *RUN, "discovery", "server", "docs"),
    "server": ("readers", "formats", "cli"),
    "knowledge": ("readers", "formats", "reports", "cli", *RUN, "config", "discovery"),
}  # fmt: skip


def imports_of(path: Path) -> set[str]:
    """The poollint modules that a file imports at run time, as dotted names."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name for name in found if name.startswith("poollint.")}


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_layers(layer: str) -> None:
    folder = PACKAGE / layer
    files = sorted(folder.rglob("*.py")) if layer != "engine" else sorted(folder.glob("*.py"))
    assert files
    for path in files:
        for name in imports_of(path):
            first = name.split(".")[1]
            if name.startswith("poollint.readers.source.values"):
                continue  # the vocabulary of folded expressions, which the facts of a block may hold
            if (layer, path.name) == ("engine", "examples.py") and first == "api":
                continue  # the examples of pages run through the whole pipeline
            assert first not in FORBIDDEN[layer], f"{path.relative_to(ROOT)} imports {name}"


HEAVY = (
    "yaml tree_sitter rich pydantic attrs jsonschema importlib.metadata logging dataclasses difflib multiprocessing "
    "concurrent.futures asyncio pathspec tomli tomllib urllib xml subprocess matplotlib"
).split()


def modules_of(*arguments: str, cwd: Path) -> set[str]:
    """The modules that a run of the command has imported when it ends."""
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print('\\n'.join(sorted(sys.modules)), file=sys.stderr))\n"
        "from poollint.__main__ import main\n"
        f"sys.argv = ['poollint', *{list(arguments)!r}]\n"
        "main()\n"
    )
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # the cache of the pages lives beside the compiled modules
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False, env=env)
    assert done.returncode in (0, 1), done.stderr
    return set(done.stderr.split())


def test_a_small_check_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "pgbouncer.ini").write_text("[databases]\napp = host=/tmp\n[pgbouncer]\nlisten_port = 6432\n")
    modules_of("check", "pgbouncer.ini", cwd=tmp_path)  # renews the cache of the pages
    loaded = modules_of("check", "pgbouncer.ini", cwd=tmp_path)
    assert not loaded & set(HEAVY)
    assert "poollint.readers.pgbouncer" in loaded
    assert not {name for name in loaded if name.startswith(("poollint.readers.nginx", "poollint.sizing"))}


def test_version_needs_no_click(tmp_path: Path) -> None:
    assert "click" not in modules_of("--version", cwd=tmp_path)
