"""Kotlin: what an expression is at run time, as far as the file alone tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN
from poollint.readers.source.java_fold import PLAIN_TYPES, JvmFolding
from poollint.readers.source.java_values import OPEN, Long, constant, elapsed, is_int, join, literal, unescape
from poollint.readers.source.values import Elapsed, Folded, Ref

if TYPE_CHECKING:
    from tree_sitter import Node

_SPANS = {
    "nanoseconds": 1e-9,
    "microseconds": 1e-6,
    "milliseconds": 1e-3,
    "seconds": 1.0,
    "minutes": 60.0,
    "hours": 3600.0,
    "days": 86400.0,
}


class KotlinFolding(JvmFolding):
    """The expressions of Kotlin."""

    def _fold_number_literal(self, node: Node, _depth: int) -> Folded:
        return self.plain(node, literal(self.text(node)))

    _fold_long_literal = _fold_hex_literal = _fold_bin_literal = _fold_unsigned_literal = _fold_number_literal
    _fold_float_literal = _fold_number_literal

    def _fold_identifier(self, node: Node, depth: int) -> Folded:
        name = self.text(node)
        if name in ("true", "false", "null"):
            return self.plain(node, {"true": True, "false": False, "null": None}[name])
        return self.fold_name(node, name, depth)

    def _fold_string_literal(self, node: Node, depth: int) -> Folded:
        parts: list[Folded] = []
        text = self.text(node)
        if text.startswith('"""'):
            return self.unknown(node, plain=True)
        open_part = False
        for child in node.named_children:
            content = self.text(child)
            if child.type == "string_content" and content == "$":
                open_part = True
            elif child.type == "string_content" and open_part:
                rest = content.lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
                parts.append(Folded(UNKNOWN, self.tree.place(child), shape=OPEN + unescape(rest)))
                open_part = False
            elif child.type in ("string_content", "escape_sequence"):
                parts.append(self.plain(child, unescape(content)))
            elif child.type == "interpolation":
                parts.append(self._interpolated(child, depth))
        return join(parts, self.tree.place(node))

    def _interpolated(self, node: Node, depth: int) -> Folded:
        if len(node.named_children) != 1:
            return self.unknown(node)
        folded = self.fold(node.named_children[0], depth)
        return folded if isinstance(folded.value, (str, int)) else self.unknown(node)

    def _fold_parenthesized_expression(self, node: Node, depth: int) -> Folded:
        return self.fold(node.named_children[0], depth) if len(node.named_children) == 1 else self.unknown(node)

    _fold_as_expression = _fold_annotated_expression = _fold_parenthesized_expression

    def _fold_unary_expression(self, node: Node, depth: int) -> Folded:
        operand = node.child_by_field_name("argument") or (node.named_children[0] if node.named_children else None)
        if operand is None:
            return self.unknown(node)
        if self.text(node).endswith("!!"):
            return self.fold(operand, depth)
        return self.negated(node, self.fold(operand, depth), self.text(node)[:1])

    def _fold_binary_expression(self, node: Node, depth: int) -> Folded:
        left = self.fold(node.child_by_field_name("left"), depth)
        right = self.fold(node.child_by_field_name("right"), depth)
        operator = next((self.text(child) for child in node.children if not child.is_named), "")
        if operator == "?:":
            return self._elvis(node, left, right)
        return self.combined(node, left, right, operator)

    def _elvis(self, node: Node, left: Folded, right: Folded) -> Folded:
        """``System.getenv("X")?.toInt() ?: 20``: 20 is the default of X."""
        if left.known:
            return left if left.value is not None else right
        if left.env and right.known:
            return right._replace(env=left.env, text=left.text and isinstance(right.value, str))
        return self.unknown(node, plain=left.plain and right.plain)

    def _fold_if_expression(self, node: Node, depth: int) -> Folded:
        branches = [child for child in node.named_children if child != node.child_by_field_name("condition")]
        if len(branches) != 2:
            return self.unknown(node)
        return self.chosen(node, self.fold(branches[0], depth), self.fold(branches[1], depth))

    def _fold_block(self, node: Node, depth: int) -> Folded:
        return self.fold(node.named_children[0], depth) if len(node.named_children) == 1 else self.unknown(node)

    def _fold_lambda_literal(self, node: Node, _depth: int) -> Folded:
        """``{ it.maxSize(50) }``: what it sets on its parameter, as a table."""
        told = next((child for child in node.named_children if child.type == "lambda_parameters"), None)
        name = self.text(told).partition(":")[0].strip() if told is not None else "it"
        return self.plain(node, self.lambda_table(name, node))

    def _fold_navigation_expression(self, node: Node, depth: int) -> Folded:
        """``TimeUnit.SECONDS``, ``30.minutes``, ``30.seconds.inWholeMilliseconds``, ``Limits.SIZE``."""
        base, name = node.named_children[0], self.text(node.named_children[-1])
        owner = self.text(base)
        if owner == "this" or owner in self.classes:
            variable = self.own_field(name, node) if owner == "this" else self.field(owner, name)
            return self.fold_variable(node, variable, depth) if variable is not None else self.unknown(node)
        last = owner.rpartition(".")[2]
        if base.type in ("identifier", "navigation_expression") and last[:1].isupper() and last.isidentifier():
            value = constant(last, name)
            return self.plain(node, value)
        return self._span(node, self.fold(base, depth), name)

    def _span(self, node: Node, base: Folded, name: str) -> Folded:
        if name in _SPANS and (is_int(base.value) or isinstance(base.value, float)):
            return Folded(elapsed(base.value, _SPANS[name]), self.tree.place(node), base.env)
        whole = name.removeprefix("inWhole").lower()
        if isinstance(base.value, Elapsed) and name.startswith("inWhole") and whole in _SPANS:
            return self.plain(node, Long(int(round(base.value.seconds / _SPANS[whole], 6))))
        return self.unknown(node, plain=base.plain)

    def _fold_callable_reference(self, node: Node, _depth: int) -> Folded:
        return self.plain(node, Ref(self.text(node)))

    def _fold_call_expression(self, node: Node, depth: int) -> Folded:
        made = self.fold_construction(node)
        if made is not None:
            return made
        site = self.invocation(node)
        if site is None:
            return self.unknown(node)
        name = self.text(site.name)
        arguments = [self.fold(each, depth) for each in site.arguments]
        if site.receiver is None:
            return self.unknown(node, plain=name in PLAIN_TYPES)
        owner = self.text(site.receiver).rpartition(".")[2]
        static = (
            site.receiver.type in ("identifier", "navigation_expression")
            and owner[:1].isupper()
            and owner.isidentifier()
        )
        base = self.fold(site.receiver, depth)
        if static and not base.known:
            return self.fold_call(node, owner, name, None, arguments)
        if name == "toDuration" and len(arguments) == 1:
            factor = getattr(arguments[0].value, "seconds", None)
            return self.plain(node, elapsed(base.value, factor)) if factor is not None else self.unknown(node)
        return self.fold_call(node, owner, name, base, arguments)
