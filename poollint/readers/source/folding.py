"""Folding in every language: a method for each kind of node, and no more depth than a program needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.values import Folded

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree

MAX_DEPTH = 40


class Folds:
    """Folds a node by the method that bears its kind: ``_fold_integer``; what has none is unknown."""

    tree: SourceTree

    def fold(self, node: Node | None, depth: int = 0) -> Folded:
        """What an expression is at run time, as far as the file alone tells."""
        assert node is not None
        place = self.tree.place(node)
        if depth > MAX_DEPTH or node.has_error:
            return Folded(UNKNOWN, place)
        method = getattr(self, f"_fold_{node.type}", None)
        if method is None:
            return Folded(UNKNOWN, place)
        folded: Folded = method(node, depth + 1)
        return folded._replace(place=place)

    def _unknown(self, node: Node, *, plain: bool = False) -> Folded:
        return Folded(UNKNOWN, self.tree.place(node), plain=plain)

    def _plain(self, node: Node, value: Any) -> Folded:
        return Folded(value, self.tree.place(node))

    def _fold_true(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, True)

    def _fold_false(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, False)
