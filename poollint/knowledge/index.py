"""Finds rules/ and loads from it what a run needs, through a cache that a change of any file there renews.

Parsing every page and catalogue takes longer than a whole check of a small file, so their tables are kept as JSON: in the
wheel, made when it is built (``rules/packs``); in a checkout beside the compiled modules (``poollint/__pycache__``), as
Python keeps its own. Where that folder cannot be written the pages are parsed each time.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from poollint.knowledge.catalogue import Catalogue, CatalogueError

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.dirname(HERE)
FORMAT = "7"
PACKS = "packs"


def rules_root() -> str:
    """The folder of pages: inside the installed package, or beside it in a checkout."""
    inside = os.path.join(PACKAGE, "rules")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(PACKAGE), "rules")


class Knowledge:
    """What stands in one folder of rules: ``shapes`` of the systems for discovery, ``rules`` of every page in brief,
    catalogues and cards by system on demand."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._catalogues: dict[str, Catalogue] = {}
        self._packs: dict[str, dict[str, Any]] = {}
        packed = os.path.join(root, PACKS)
        self._shipped = os.path.isdir(packed)
        self._cache_dir = packed if self._shipped else os.path.join(PACKAGE, "__pycache__")
        self._stamp = FORMAT if self._shipped else _stamp(root)
        index = self._cached("index")
        if index is None:
            index = self._build_all()
        self.index: dict[str, Any] = index

    @property
    def systems(self) -> dict[str, dict[str, Any]]:
        """System name -> its [system] table, with ``options`` and ``kinds`` (names to roles) added."""
        systems: dict[str, dict[str, Any]] = self.index["systems"]
        return systems

    @property
    def rules(self) -> dict[str, dict[str, Any]]:
        """Rule name (``system/name`` where two systems share one) -> code, name, system, topic, options, ..."""
        rules: dict[str, dict[str, Any]] = self.index["rules"]
        return rules

    @property
    def triggers(self) -> dict[str, dict[str, Any]]:
        """Family of source languages -> the words and the modules of which a file must hold one to be parsed."""
        found: dict[str, dict[str, Any]] = self.index["triggers"]
        return found

    def catalogue(self, system: str) -> Catalogue:
        found = self._catalogues.get(system)
        if found is None:
            found = self._catalogues[system] = Catalogue(self.pack(system)["settings"], f"rules/{system}/settings.toml")
        return found

    def cards(self, system: str) -> list[dict[str, Any]]:
        """The cards of a system's pages (``""``: those of folders that belong to no system), each with its name."""
        cards: list[dict[str, Any]] = self.pack(system)["cards"] if system in self.index["packs"] else []
        return cards

    def pack(self, system: str) -> dict[str, Any]:
        found = self._packs.get(system)
        if found is None:
            found = self._cached(_pack_name(system))
            if found is None:
                self.index = self._build_all()
                found = self._packs[system]
            self._packs[system] = found
        return found

    def page_path(self, rule: dict[str, Any]) -> str:
        return os.path.join(self.root, rule["folder"], rule["name"] + ".md")

    def _build_all(self) -> dict[str, Any]:
        """Every page and catalogue parsed. PageError, CatalogueError for what cannot be used."""
        from poollint.knowledge.build import build

        index, packs = build(self.root)
        self._packs = packs
        self._store("index", index)
        for system, pack in packs.items():
            self._store(_pack_name(system), pack)
        return index

    def _cache_path(self, name: str) -> str:
        return os.path.join(self._cache_dir, f"rules-{name}.json")

    def _cached(self, name: str) -> dict[str, Any] | None:
        import json

        try:
            with open(self._cache_path(name), "rb") as handle:
                data = json.loads(handle.read())
        except (OSError, ValueError):
            return None
        if not isinstance(data, dict) or data.get("stamp") != self._stamp:
            return None
        content: dict[str, Any] = data["content"]
        return content

    def _store(self, name: str, content: dict[str, Any]) -> None:
        """Written whole or not at all; a folder that cannot be written costs only time."""
        import json

        if sys.dont_write_bytecode or self._shipped:
            return
        path = self._cache_path(name)
        temporary = f"{path}.{os.getpid()}"
        try:
            os.makedirs(self._cache_dir, exist_ok=True)
            with open(temporary, "w", encoding="utf-8") as handle:
                json.dump({"stamp": self._stamp, "content": content}, handle)
            os.replace(temporary, path)
        except OSError:
            return


def write_packs(root: str, folder: str) -> list[str]:
    """Write the packs of a folder of rules as a wheel ships them; the names of the files."""
    import json

    from poollint.knowledge.build import build

    index, packs = build(root)
    names = []
    for name, content in [("index", index), *((_pack_name(system), pack) for system, pack in packs.items())]:
        names.append(f"rules-{name}.json")
        with open(os.path.join(folder, names[-1]), "w", encoding="utf-8") as handle:
            json.dump({"stamp": FORMAT, "content": content}, handle)
    return names


def _pack_name(system: str) -> str:
    return f"pack-{system or 'any'}"


def _stamp(root: str) -> str:
    """Changes whenever a file under ``root`` does: names, sizes and times of all of them."""
    import hashlib

    digest = hashlib.sha1(f"{FORMAT} {root}".encode(), usedforsecurity=False)
    try:
        folders = sorted(entry.path for entry in os.scandir(root) if entry.is_dir())
    except OSError as error:
        raise CatalogueError(f"{root}: the rules are missing: {error.strerror}") from None
    for folder in folders:
        for entry in sorted(os.scandir(folder), key=lambda item: item.name):
            if entry.name.endswith((".md", ".toml")):
                status = entry.stat()
                digest.update(f"{entry.path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


_KNOWLEDGE: dict[str, Knowledge] = {}


def knowledge() -> Knowledge:
    """The shipped knowledge, loaded once a process (it never changes while the process lives)."""
    root = rules_root()
    found = _KNOWLEDGE.get(root)
    if found is None:
        found = _KNOWLEDGE[root] = Knowledge(root)
    return found
