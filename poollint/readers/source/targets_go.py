"""Which versions a Go module has of Go and of its requirements, as the nearest go.mod tells."""

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

MAX_LEVELS = 12
_GO = re.compile(r"(?m)^(?:toolchain[ \t]+go|go[ \t]+)(\d+\.\d+(?:\.\d+)?)")
_REQUIRE = re.compile(
    r"(?m)^[ \t]*(?:require[ \t]+)?([\w.~-]+(?:/[\w.~-]+)+)[ \t]+v(\d+\.\d+\.\d+)[^\s/]*[ \t]*(?://.*)?$"
)
_REPLACED = re.compile(r"(?m)^[ \t]*(?:replace[ \t]+)?([\w.~/-]+)(?:[ \t]+v[^\s]+)?[ \t]+=>")


class GoModules:
    """The Go modules of a run, each folder looked at once."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._folders: dict[str, Mapping[str, Version] | None] = {}

    def of(self, path: str) -> Mapping[str, Version]:
        """What the module of a source file requires, by path; ``go`` is the release that it needs at least."""
        for folder in folders_above(self.files, path, MAX_LEVELS, beyond=True):
            if folder not in self._folders:
                self._folders[folder] = self._read(folder)
            found = self._folders[folder]
            if found is not None:
                return found
        return {}

    def _read(self, folder: str) -> Mapping[str, Version] | None:
        text = text_at(self.files, posixpath.join(folder, "go.mod"))
        return None if text is None else requirements(text)


def requirements(text: str) -> Mapping[str, Version]:
    """The versions in a go.mod; a module that is replaced by another one is of no known version."""
    found = {match[1]: parse_version(match[2]) for match in _REQUIRE.finditer(text)}
    for match in _REPLACED.finditer(text):
        found.pop(match[1], None)
    releases = [parse_version(match[1]) for match in _GO.finditer(text)]
    if releases:
        found["go"] = max(releases)
    return found
