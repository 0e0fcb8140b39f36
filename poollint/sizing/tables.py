"""Reads the calculator's tables of facts (``rules/sizing/*.toml``): only when an option asks for one."""

from __future__ import annotations

import os
from typing import Any

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def load(name: str) -> dict[str, Any]:
    """The table of that name: inside the installed package, or beside it in a checkout."""
    import tomli

    inside = os.path.join(PACKAGE, "rules", "sizing")
    folder = inside if os.path.isdir(inside) else os.path.join(os.path.dirname(PACKAGE), "rules", "sizing")
    with open(os.path.join(folder, f"{name}.toml"), "rb") as file:
        return tomli.load(file)


def closest(word: str, known: list[str]) -> str:
    """``; did you mean …?`` for a mistyped name, or nothing."""
    from difflib import get_close_matches

    found = get_close_matches(word, known, 1)
    return f"; did you mean {found[0]}?" if found else ""
