"""How a system's files are known: by globs of their names and by expressions of their content.

A glob of a plain name speaks more surely than a wild one, and that than an ending or a folder alone. A name is tried as it
stands, then without the endings of templates and samples: ``nginx.conf.j2`` is an ``nginx.conf``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TEMPLATES = frozenset(
    (".j2", ".jinja", ".jinja2", ".erb", ".epp", ".tmpl", ".gotmpl", ".tpl", ".stpl", ".template", ".mustache", ".in")
)
COPIES = frozenset((".sample", ".example", ".dist", ".default"))

_GLOB_PART = r"\*|\?|\[[^]]+\]|[^*?[]+|\["


class SystemShape(NamedTuple):
    """How a system's files are known: globs of names, regexes of content.

    A glob with a ``/`` is matched with the end of the path. ``content`` holds of the first 64 KiB of text; ``sections``
    tells that the files have ``[sections]``. ``shares``: other systems may have settings in the same file; such a system may
    name the files (``content_files``, globs of base names) whose content is asked.
    """

    name: str
    files: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    sections: bool = False
    shares: bool = False
    content_files: tuple[str, ...] = ()


def shapes_of(systems: Mapping[str, Mapping[str, Any]] | Sequence[SystemShape]) -> list[SystemShape]:
    """Shapes from the [system] tables of catalogues."""
    if not hasattr(systems, "items"):
        return list(systems)
    return [
        SystemShape(
            name,
            tuple(table.get("files", ())),
            tuple(table.get("content", ())),
            str(table.get("format")).endswith("_ini"),
            bool(table.get("shares")),
            tuple(table.get("content_files", ())),
        )
        for name, table in systems.items()
    ]


class Glob:
    """A glob of a system; ``tier`` 2: a plain name, 1: a wild one, 0: an ending or a folder alone."""

    __slots__ = ("regex", "system", "text", "tier")

    def __init__(self, tier: int, system: str, text: str, regex: re.Pattern[str] | None) -> None:
        self.tier = tier
        self.system = system
        self.text = text
        self.regex = regex


def ends_of(globs: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(beginnings, endings, folders): a path that a glob matches has one of them."""
    prefixes, suffixes, folders = set(), set(), set()
    for glob in globs:
        folder, slash, base = glob.rpartition("/")
        first = re.split(r"[*?\[]", base)[0]
        last = re.split(r"[*?\]]", base)[-1]
        if first:
            prefixes.add(first)
        elif last:
            suffixes.add(last)
        else:
            folders.add(re.split(r"[*?\]]", folder)[-1] + slash)
    return tuple(prefixes), tuple(suffixes), tuple(folders)


def is_plain(glob: str) -> bool:
    return not any(sign in glob for sign in "*?[")


def compile_glob(system: str, glob: str) -> Glob:
    """``sites-enabled/*`` matches the end of a path; ``*`` matches no ``/``."""
    regex = re.compile(r"(?:^|/)" + re.sub(_GLOB_PART, _glob_part, glob) + r"\Z")
    last = glob.rpartition("/")[2]
    stem = last.rstrip("*")
    tier = 2 if is_plain(last) else 1 if (stem.rpartition(".")[0] or stem).strip("*?") else 0
    return Glob(tier, system, glob, regex)


def _glob_part(match: re.Match[str]) -> str:
    part = match[0]
    if part == "*":
        return "[^/]*"
    if part == "?":
        return "[^/]"
    return part.replace("[!", "[^") if part.endswith("]") and part.startswith("[") else re.escape(part)


def names_of(path: str) -> Iterator[str]:
    """The path, then without the endings of a template or a sample: ``nginx.conf.j2`` is an ``nginx.conf``."""
    yield path
    while True:
        stem, ending = os.path.splitext(path)
        if ending not in TEMPLATES and ending not in COPIES:
            return
        path = stem
        yield path
