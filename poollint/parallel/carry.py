"""Readings as bytes between processes of one run.

What both have is named instead of sent: the texts of files on the disk, and the kinds and settings of the catalogues.
"""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

from poollint.blocks import Block
from poollint.knowledge.catalogue import KindSpec, SettingSpec
from poollint.source import Source

if TYPE_CHECKING:
    from poollint.session import FileReading, Session


class StaleError(Exception):
    """A file changed between two looks at it."""


def packed(session: Session, reading: FileReading) -> bytes:
    """A reading as bytes. Any error of pickle for what cannot be sent."""
    out = io.BytesIO()
    _Packer(session, out).dump(reading)
    return out.getvalue()


def unpacked(session: Session, data: bytes) -> FileReading:
    """The reading. StaleError, FileError, LookupError where the two processes do not see the same."""
    reading: FileReading = _Unpacker(session, io.BytesIO(data)).load()
    return reading


class _Packer(pickle.Pickler):
    def __init__(self, session: Session, out: io.BytesIO) -> None:
        super().__init__(out, pickle.HIGHEST_PROTOCOL)
        self._files: Any = session.files
        self._catalogue_of = session.knowledge.catalogue
        self._systems: set[str] = set()
        self._kinds: dict[int, tuple[str, str]] = {}
        self._settings: dict[int, tuple[str, str, str]] = {}

    def persistent_id(self, obj: Any) -> tuple[Any, ...] | None:
        kind = type(obj)
        if kind is Block:
            self._note(obj)
        elif kind is Source:
            return ("file", obj.path, len(obj.text)) if self._files.holds(obj) else None
        elif kind is SettingSpec:
            found = self._settings.get(id(obj))
            return ("setting", *found) if found is not None else None
        elif kind is KindSpec:
            known = self._kinds.get(id(obj))
            return ("kind", *known) if known is not None else None
        return None

    def _note(self, block: Block) -> None:
        """The specs of a block's catalogue, to which it may refer; one that a reader made itself is sent."""
        if block.spec is None or block.system in self._systems:
            return
        self._systems.add(block.system)
        for kind, spec in self._catalogue_of(block.system).kinds.items():
            self._kinds[id(spec)] = (block.system, kind)
            for name, setting in spec.settings.items():
                self._settings.setdefault(id(setting), (block.system, kind, name))


class _Unpacker(pickle.Unpickler):
    def __init__(self, session: Session, data: io.BytesIO) -> None:
        super().__init__(data)
        self._session = session

    def persistent_load(self, pid: Any) -> Any:
        if pid[0] == "file":
            source = self._session.files.load(pid[1])
            if len(source.text) != pid[2]:
                raise StaleError(pid[1])
            return source
        kind = self._session.knowledge.catalogue(pid[1]).kinds[pid[2]]
        return kind if pid[0] == "kind" else kind.settings[pid[3]]
