"""Files inside of a manifest: the literal blocks of a ConfigMap, each read as the file that its key names.

What stands around a block is blanked out and the block is left where it is, so that every place is one of the manifest.
Only systems whose format bears a text that is moved in as a whole take part (``embeds`` in their catalogues).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.discovery.disk import HEAD
from poollint.discovery.recognition import Recogniser
from poollint.files import MemoryFiles
from poollint.readers.base import ReadContext, Reading
from poollint.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILES = 200
_KEY = re.compile(r"(?P<indent>[ ]*)(?:- )?(?P<quote>[\"']?)(?P<key>[\w.-]+)(?P=quote):[ ]*\|[-+\d]*[ \t]*(?:#.*)?")
_LETTERS = re.compile(r"[^\n]")


class Text(NamedTuple):
    """A file by the name that its key gives it, and where its text stands."""

    name: str
    start: int
    end: int


def read(source: Source, context: ReadContext) -> Reading:
    """The blocks of every file in the manifest whose system is known."""
    reading = Reading()
    able = {name: system for name, system in context.systems.items() if system.get("embeds")}
    recogniser = Recogniser(able)
    folder = posixpath.dirname(source.path.replace("\\", "/"))
    found = [each for each in texts_of(source.text) if _is_named(each.name)]
    beside = {posixpath.join(folder, each.name): source.text[each.start : each.end] for each in found}
    files = MemoryFiles(beside, complete=False)
    for each in found:
        path = posixpath.join(folder, each.name)
        for candidate in recogniser.recognise(path, lambda path=path: beside[path][:HEAD], always=True):  # type: ignore[misc]
            inner = Source(path, _alone(source.text, each))
            part = _read(inner, candidate.system, context, files, named=candidate.named)
            inner.path, inner.text = source.path, source.text  # the places stay as they are
            reading.blocks += part.blocks
            for problem in part.problems:
                problem.system = candidate.system
                reading.problems.append(problem)
    return reading


def _read(source: Source, system: str, context: ReadContext, files: MemoryFiles, *, named: bool) -> Reading:
    from poollint.session import load_reader

    catalogue = context.catalogue_of(system)
    inner = ReadContext(
        catalogue,
        files,
        target=context.target_of(system),
        named=named,
        systems=context.systems,
        catalogue_of=context.catalogue_of,
        target_of=context.target_of,
    )
    return load_reader(catalogue.system.get("reader", system))(source, inner)


def _is_named(name: str) -> bool:
    """Whether a key is the name of a file, not of a script or a value."""
    return "." in name.strip(".") and not name.endswith((".sh", ".md", ".txt", ".sql", ".json"))


def _alone(text: str, each: Text) -> str:
    """The text with blanks for all that is not the file's."""
    return _LETTERS.sub(" ", text[: each.start]) + text[each.start : each.end] + _LETTERS.sub(" ", text[each.end :])


def texts_of(text: str) -> Iterator[Text]:
    """The literal blocks (``key: |``) of a text in YAML, by indentation alone: the templates of charts are no YAML."""
    at, count = 0, 0
    lines = text.split("\n")
    number = 0
    while number < len(lines) and count < MAX_FILES:
        line = lines[number]
        at += len(line) + 1
        number += 1
        match = _KEY.fullmatch(line.rstrip("\r"))
        if match is None:
            continue
        start, deeper = at, len(match["indent"])
        while number < len(lines) and _belongs(lines[number], deeper):
            at += len(lines[number]) + 1
            number += 1
        if text[start:at].strip():
            count += 1
            yield Text(match["key"], start, min(at, len(text)))


def _belongs(line: str, deeper: int) -> bool:
    blank = line.strip()
    return not blank or len(line) - len(line.lstrip(" ")) > deeper
