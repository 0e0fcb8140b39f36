"""Files that stand inside another file, such as those that a ConfigMap of Kubernetes holds below their names.

What stands around an inner file is blanked out, so that every offset of it is the offset in the file that holds it. Blocks
are found by their indentation alone, for the templates of charts are no YAML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILES = 200
_HEAD = re.compile(
    r"(?m)^(?P<indent> *)(?P<quote>[\"']?)(?P<name>[\w-][\w.-]*\.[\w-]+)(?P=quote):[ \t]*\|[-+0-9]*[ \t]*(?:#[^\n]*)?\r?$"
)
_NOT_SETTINGS = (".sh", ".md", ".txt", ".sql", ".json")
_MARKER = re.compile(r"(?m)^( +)(---|[#!]---)(?=[ \t]*\r?$)")
_TEXT = re.compile(r"[^\r\n]")


def only(source: Source, start: int, end: int) -> Source:
    """The source with nothing but a stretch of it."""
    return Source(source.path, _TEXT.sub(" ", source.text[:start]) + source.text[start:end])


def files(source: Source) -> Iterator[tuple[str, Source]]:
    """The inner files that stand as literal blocks (``name: |``) below their names."""
    after = 0
    for count, match in enumerate(_HEAD.finditer(source.text)):
        if count >= MAX_FILES:
            return
        if match.start() < after or match["name"].endswith(_NOT_SETTINGS):
            continue
        start = match.end() + 1
        after = _block_end(source.text, start, len(match["indent"]))
        if source.text[start:after].strip():
            inner = only(source, start, after)
            # a marker of documents counts at the left edge alone
            yield match["name"], Source(source.path, _MARKER.sub(lambda each: each[2] + each[1], inner.text))


def _block_end(text: str, start: int, indent: int) -> int:
    """Where the lines end that stand deeper than their key."""
    end = start
    while end < len(text):
        line_end = text.find("\n", end)
        line_end = len(text) if line_end < 0 else line_end + 1
        line = text[end:line_end]
        if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
            break
        end = line_end
    return end
