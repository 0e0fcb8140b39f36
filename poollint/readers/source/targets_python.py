"""Which versions a Python project has of its libraries: lock files, pinned requirements, the lines of pyproject.toml."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from poollint.readers.source.folders import folders_above, text_at
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poollint.files import Files
    from poollint.versions import Version

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_VERSION = r"(\d+(?:\.\d+)*)[^\s\"',;]*"
_LOCK = re.compile(rf'\[\[package\]\]\s*\nname = "({_NAME})"\s*\nversion = "{_VERSION}"')
_PIPFILE_LOCK = re.compile(rf'"({_NAME})": \{{[^{{}}]*?"version": "=={_VERSION}"', re.S)
_PIN = re.compile(rf"(?m)^\s*({_NAME})(?:\[[^\]]*\])?\s*(?:===?|~=)\s*{_VERSION}")
_LISTED = re.compile(rf"""["']({_NAME})(?:\[[^\]]*\])?\s*(?:===?|~=)\s*{_VERSION}""")
_POETRY = re.compile(rf"""(?m)^({_NAME})\s*=\s*(?:\{{[^}}\n]*?version\s*=\s*)?["'](?:[\^~]|==)?\s*{_VERSION}["']""")
# the first that says something of a package counts: what is installed before what is asked for
SOURCES = (
    ("uv.lock", (_LOCK,)),
    ("poetry.lock", (_LOCK,)),
    ("Pipfile.lock", (_PIPFILE_LOCK,)),
    ("requirements.txt", (_PIN,)),
    ("requirements/base.txt", (_PIN,)),
    ("requirements/production.txt", (_PIN,)),
    ("pyproject.toml", (_LISTED, _POETRY)),
    ("Pipfile", (_POETRY,)),
)


class PythonProjects:
    """The Python projects of a run, each folder looked at once."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._folders: dict[str, Mapping[str, Version]] = {}

    def of(self, path: str) -> Mapping[str, Version]:
        """The packages that the nearest folders above a source file pin, by their names on the index."""
        for folder in folders_above(self.files, path):
            found = self._folders.get(folder)
            if found is None:
                found = self._folders[folder] = self._read(folder)
            if found:
                return found
        return {}

    def _read(self, folder: str) -> Mapping[str, Version]:
        packages: dict[str, Version] = {}
        for name, patterns in SOURCES:
            text = text_at(self.files, posixpath.join(folder, name)) or ""
            for pattern in patterns:
                for match in pattern.finditer(text):
                    packages.setdefault(normal(match[1]), parse_version(match[2]))
        return packages


def normal(name: str) -> str:
    """A package's name as the index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()
