"""Pages and catalogues of the user's own, added to the shipped knowledge.

A folder of rules holds pages (their cards name a ``system``, or the folder is named after one), or folders of pages, of
which each may have a ``settings.toml`` that describes a system of its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from poollint.knowledge.build import brief_of, check_page, load_settings, pages, system_table
from poollint.knowledge.catalogue import Catalogue, CatalogueError
from poollint.knowledge.index import Knowledge
from poollint.knowledge.keyed import add_files
from poollint.knowledge.pages import PageError
from poollint.knowledge.triggers import triggers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.knowledge.pages import Page


class OwnKnowledge(Knowledge):
    """The knowledge ``base`` with folders of the user's added; ``base`` itself stays as it is."""

    def __init__(self, base: Knowledge) -> None:
        self.root = base.root
        self.base = base
        self.index = {**base.index, "systems": dict(base.systems), "rules": dict(base.rules)}
        self._own_cards: dict[str, list[dict[str, Any]]] = {}
        self._own_settings: dict[str, dict[str, Any]] = {}
        self._catalogues: dict[str, Catalogue] = {}
        self._codes = {brief["code"]: name for name, brief in base.rules.items()}
        self._added: set[str] = set()

    def add(self, root: str, *, systems: bool = True) -> None:
        """Add a folder. PageError, CatalogueError for what cannot be used; ``systems``: whether new ones may come."""
        if root in self._added:
            return
        self._added.add(root)
        if not os.path.isdir(root):
            raise CatalogueError(f"{root}: is no folder, but rule-dirs names it")
        found = list(own_folders(root))
        for folder in found:
            if os.path.isfile(os.path.join(folder, "settings.toml")):
                self._add_system(folder, allowed=systems)
        for folder in found:
            for page in pages(folder, self.system_of(folder)):
                self._add_page(page, folder, root)

    def system_of(self, folder: str) -> str:
        """The system of a folder of pages: by its settings.toml, else by its name; empty where neither tells."""
        name = os.path.basename(os.path.abspath(folder))
        mine = os.path.abspath(folder)
        for system, table in self.systems.items():
            if table["folder"] in (name, mine):
                return system
        return ""

    def _add_system(self, folder: str, *, allowed: bool) -> None:
        path = os.path.join(folder, "settings.toml")
        data = load_settings(path)
        catalogue = Catalogue(data, path)
        if catalogue.name in self.systems:
            raise CatalogueError(f"{path}: there is a system {catalogue.name!r} already")
        if not allowed:
            raise CatalogueError(
                f"{path}: a new system must be named by the configuration of the first path that is checked"
            )
        self._own_settings[catalogue.name] = data
        self.systems[catalogue.name] = system_table(catalogue, os.path.abspath(folder))
        self.index["triggers"] = triggers(self.systems)
        add_files(self.systems)

    def _add_page(self, page: Page, folder: str, root: str) -> None:
        card = {**page.card, "name": page.name, "system": page.system, "folder": folder, "own": root}
        wanted = [page.system] if page.system else list(self.systems)
        if page.system and page.system not in self.systems:
            raise PageError(page.path, page.card_line, 1, f"there is no system {page.system!r}")
        check_page(page, {system: self.catalogue(system) for system in wanted})
        _check_detectors(page)
        code = str(page.card["code"])
        for name, other in ((code, self._codes.get(code)), (page.name, self._name_taken(page.name))):
            if other:
                raise PageError(page.path, page.card_line, 1, f"{name} is the name or code of {other} already")
        self._codes[code] = page.name
        self._own_cards.setdefault(page.system, []).append(card)
        self.rules[page.name] = {**brief_of(card, folder), "own": root}

    def _name_taken(self, name: str) -> str:
        return f"{self.rules[name]['code']} ({name})" if name in self.rules else ""

    def catalogue(self, system: str) -> Catalogue:
        if system not in self._own_settings:
            return self.base.catalogue(system)
        found = self._catalogues.get(system)
        if found is None:
            where = os.path.join(self.systems[system]["folder"], "settings.toml")
            found = self._catalogues[system] = Catalogue(self._own_settings[system], where)
        return found

    def cards(self, system: str) -> list[dict[str, Any]]:
        shipped = [] if system in self._own_settings else self.base.cards(system)
        return [*shipped, *self._own_cards.get(system, ())]

    def pack(self, system: str) -> dict[str, Any]:
        if system in self._own_settings:
            return {"settings": self._own_settings[system], "cards": self.cards(system)}
        return {**self.base.pack(system), "cards": self.cards(system)}

    def page_path(self, rule: dict[str, Any]) -> str:
        if rule.get("own"):
            return os.path.join(str(rule["folder"]), f"{rule['name']}.md")
        return self.base.page_path(rule)


def own_folders(root: str) -> Iterator[str]:
    """A folder itself when it holds pages or a catalogue, and each folder in it that does."""
    for folder in (root, *sorted(entry.path for entry in os.scandir(root) if entry.is_dir())):
        names = os.listdir(folder)
        if any(name == "settings.toml" or (name.endswith(".md") and name != "README.md") for name in names):
            yield folder


def _check_detectors(page: Page) -> None:
    """PageError for a detector that poollint does not have: a page brings no code of its own."""
    from importlib import import_module

    for table in (page.card, *page.card.get("case", ())):
        name = table.get("detect")
        if not name:
            continue
        module, _, function = name.rpartition(".")
        try:
            found = hasattr(import_module(f"poollint.engine.detectors.{module}"), function)
        except ImportError:
            found = False
        if not found or function.startswith("_"):
            raise PageError(page.path, page.card_line, 1, f"detect = {name!r}: poollint has no such detector")
