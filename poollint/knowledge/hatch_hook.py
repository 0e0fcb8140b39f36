"""What the build of the wheel adds: the rules as packs, so that no installed run has to parse pages; the JSON Schemas."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PackHook(BuildHookInterface):  # type: ignore[misc]
    """Puts ``poollint/rules/packs`` and ``poollint/schema`` into a wheel; an editable install reads the pages themselves."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        try:
            from poollint.knowledge.index import PACKS, Knowledge, write_packs
            from poollint.schemas import write_schemas
        finally:
            sys.path.remove(self.root)
        self._folder = tempfile.TemporaryDirectory()  # lives until the wheel is written
        rules = os.path.join(self.root, "rules")
        for name in write_packs(rules, self._folder.name):
            build_data["force_include"][os.path.join(self._folder.name, name)] = f"poollint/rules/{PACKS}/{name}"
        for name in write_schemas(Knowledge(rules), self._folder.name):
            build_data["force_include"][os.path.join(self._folder.name, name)] = f"poollint/schema/{name}"
