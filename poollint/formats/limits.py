"""How large a file may be to be read, by its form: the grammars of some take long, or much memory, for a text.

A file that is larger is not read in part, and not in silence: it is named, with the limit.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from poollint.formats.proxysql_cnf import MAX_TEXT as MAX_PROXYSQL
from poollint.formats.source_code import EXTENSIONS, MAX_SOURCE
from poollint.formats.yaml_tree import MAX_TEXT as MAX_TREE

TREES = {".yml": "YAML files", ".yaml": "YAML files", ".json": "JSON files", ".toml": "TOML files"}


class Limit(NamedTuple):
    """Bytes, and the files that they hold for, in words."""

    most: int
    what: str


def limit_of(path: str, system: str) -> Limit | None:
    """The limit of a file's own form; None where only ``max-file-size`` holds."""
    ending = os.path.splitext(path)[1]
    if system in EXTENSIONS.values() or ending in EXTENSIONS:
        return Limit(MAX_SOURCE, "source files")
    if ending in TREES:
        return Limit(min(MAX_TREE, MAX_SOURCE), TREES[ending])
    return Limit(MAX_PROXYSQL, "files of ProxySQL") if system == "proxysql" else None
