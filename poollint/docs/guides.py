"""The guides: Markdown files of the package, with tables that are made from what poollint itself goes by."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "guides")
ORDER = (
    "configuration",
    "topology",
    "calculator",
    "pipeline",
    "editor",
    "own-rules",
    "library",
    "documentation",
    "versioning",
)


def guide(name: str) -> str:
    """The Markdown of a guide of ``ORDER``, its tables filled in."""
    with open(os.path.join(FOLDER, f"{name}.md"), encoding="utf-8") as handle:
        text = handle.read()
    for mark, table in TABLES.items():
        if f"<!-- {mark} -->" in text:
            text = text.replace(f"<!-- {mark} -->", table())
    return text.replace("<!-- sizes -->\n", "")


def titles() -> dict[str, str]:
    """Name -> title of every guide, in the order to read them."""
    found = {}
    for name in ORDER:
        with open(os.path.join(FOLDER, f"{name}.md"), encoding="utf-8") as handle:
            found[name] = handle.readline().removeprefix("# ").strip()
    return found


def _keys() -> str:
    from poollint.schemas import WORDS

    return _table("key", "", WORDS)


def _formats() -> str:
    from poollint.reports import FORMATS

    return _table("format", "", FORMATS)


def _table(first: str, second: str, rows: Mapping[str, str]) -> str:
    lines = [f"| {first} | {second} |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {words} |" for name, words in rows.items())])


TABLES: dict[str, Callable[[], str]] = {"keys": _keys, "formats": _formats}
