"""Where the grammars of source languages come from."""

from __future__ import annotations

import subprocess
import sys

import pytest

from poollint.formats import source_code

SMALL = "from poollint.formats import source_code; source_code.grammar('python'); import sys; print(*sys.modules)"


def test_a_grammar_brings_no_more_than_its_compiled_part() -> None:
    done = subprocess.run([sys.executable, "-c", SMALL], capture_output=True, text=True, check=True)
    assert not {"tree_sitter_python", "importlib.resources", "tempfile"} & set(done.stdout.split())


def test_a_package_that_is_built_otherwise_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.machinery.EXTENSION_SUFFIXES", [])
    assert source_code._compiled("tree_sitter_python").language


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match="tree_sitter_nothing"):
        source_code._compiled("tree_sitter_nothing")
