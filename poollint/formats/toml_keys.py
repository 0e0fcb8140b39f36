"""TOML as flat entries that keep the place of every key and value; the grammar is tree-sitter's.

Tables in arrays are left out: which of them holds is the program's to choose. Never raises; a text that is no TOML has no
entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from poollint.formats import source_code
from poollint.formats.source_code import MAX_SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree
    from poollint.source import Place, Source

MAX_DEPTH = 40
_SIMPLE = frozenset(("string", "integer", "float", "boolean"))
_KEYS = ("bare_key", "quoted_key", "dotted_key")


class Entry(NamedTuple):
    """``text``: the value as a text, without quotes; None for a list, a date or anything else that is no single value."""

    path: tuple[str, ...]
    text: str | None
    quoted: bool
    key_place: Place
    place: Place


def parse(source: Source) -> list[Entry]:
    """The keys of a text by their full paths."""
    if len(source.text) > MAX_SOURCE:
        return []
    tree = source_code.parse(source, "toml")
    return [] if tree.root.has_error else list(_document(tree))


def _document(tree: SourceTree) -> Iterator[Entry]:
    for node in tree.root.named_children:
        if node.type == "pair":
            yield from _pair(tree, node, ())
        elif node.type == "table":
            head = next((child for child in node.named_children if child.type in _KEYS), None)
            path = _key(tree, head) if head is not None else ()
            for child in node.named_children:
                if child.type == "pair":
                    yield from _pair(tree, child, path)


def _pair(tree: SourceTree, node: Node, above: tuple[str, ...], depth: int = 0) -> Iterator[Entry]:
    if len(node.named_children) < 2 or depth > MAX_DEPTH:
        return
    key, value = node.named_children[0], node.named_children[1]
    path = (*above, *_key(tree, key))
    if value.type == "inline_table":
        for child in value.named_children:
            if child.type == "pair":
                yield from _pair(tree, child, path, depth + 1)
        return
    yield Entry(path, _text(tree, value), value.type == "string", tree.place(key), tree.place(value))


def _key(tree: SourceTree, node: Node) -> tuple[str, ...]:
    """The parts of a key, quotes removed."""
    leaves = [each for each in tree.walk(node) if each.type in ("bare_key", "quoted_key")]
    return tuple(tree.text(each)[1:-1] if each.type == "quoted_key" else tree.text(each) for each in leaves)


def _text(tree: SourceTree, node: Node) -> str | None:
    raw = tree.text(node)
    if node.type not in _SIMPLE:
        return None
    if node.type != "string":
        return raw.replace("_", "")
    if raw[:3] in ('"""', "'''") or (raw[0] == '"' and "\\" in raw):
        return None
    return raw[1:-1]
