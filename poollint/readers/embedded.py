"""Files inside of a manifest: the literal blocks of a ConfigMap, each read as the file that its key names.

What stands around a block is blanked out and the block is left where it is, so that every place is one of the manifest.
Only systems whose format bears a text that is moved in as a whole take part (``embeds`` in their catalogues).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.files import MemoryFiles
from poollint.readers.base import Reading
from poollint.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.readers.base import ReadContext

MAX_FILES = 200
MAX_SIZE = 4 << 20  # Kubernetes takes 1 MiB for one object
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
    folder = posixpath.dirname(source.path.replace("\\", "/"))
    if len(source.text) > MAX_SIZE:
        return reading
    found = [each for each in texts_of(source.text) if _is_named(each.name)]
    texts = {posixpath.join(folder, each.name): source.text[each.start : each.end] for each in found}
    files = MemoryFiles(texts, complete=False)
    for each in found:
        inner = Source(posixpath.join(folder, each.name), _alone(source.text, each))
        for system, part in context.read_inside(inner, files):
            reading.blocks += part.blocks
            for problem in part.problems:
                problem.system = system
                reading.problems.append(problem)
        inner.path, inner.text = source.path, source.text  # the places stay as they are
    return reading


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
