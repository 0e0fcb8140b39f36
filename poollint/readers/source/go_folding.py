"""Constant folding in Go: what an expression is, as far as its file tells, calls and struct literals among them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.folding import Folds
from poollint.readers.source.go_names import MAX_MENTIONS, Names
from poollint.readers.source.values import Call, Entry, Folded, Made, Table

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree

_TIME = {
    "Nanosecond": 1,
    "Microsecond": 1_000,
    "Millisecond": 1_000_000,
    "Second": 1_000_000_000,
    "Minute": 60_000_000_000,
    "Hour": 3_600_000_000_000,
}
_MATH = {"MaxInt": 2**63 - 1, "MaxInt64": 2**63 - 1, "MaxInt32": 2**31 - 1, "MaxInt16": 2**15 - 1}
_INTEGERS = frozenset("int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 time.Duration".split())
_VERB = re.compile(r"%(?:%|[-+# 0]*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?(?:\[\d+\])?[a-zA-Z])")
_ESCAPE = re.compile(r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_OPEN = "\0"
MAX_TEXT = 4096


class Folding(Folds, Names):
    """The values of one file's expressions."""

    def __init__(self, tree: SourceTree) -> None:
        super().__init__(tree)
        self._known: dict[int, Folded] = {}

    def _fold_int_literal(self, node: Node, _depth: int) -> Folded:
        text = self.tree.text(node).replace("_", "")
        try:
            octal = len(text) > 1 and text[0] == "0" and text.isdigit()
            return self._plain(node, int(text, 8) if octal else int(text, 0))
        except ValueError:
            return self._unknown(node)

    def _fold_float_literal(self, node: Node, _depth: int) -> Folded:
        try:
            return self._plain(node, float(self.tree.text(node).replace("_", "")))
        except ValueError:
            return self._unknown(node)

    def _fold_nil(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, None)

    def _fold_raw_string_literal(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, self.tree.text(node)[1:-1])

    def _fold_interpreted_string_literal(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, _ESCAPE.sub(_unescape, self.tree.text(node)[1:-1]))

    def _fold_parenthesized_expression(self, node: Node, depth: int) -> Folded:
        inner = [child for child in node.named_children if child.type != "comment"]
        return self.fold(inner[0], depth) if len(inner) == 1 else self._unknown(node)

    def _fold_unary_expression(self, node: Node, depth: int) -> Folded:
        operand = node.child_by_field_name("operand")
        if operand is None:
            return self._unknown(node)
        operator = self.tree.text(node.child_by_field_name("operator"))
        value = self.fold(operand, depth)
        if operator == "&":
            return value
        if isinstance(value.value, bool):
            return self._plain(node, not value.value) if operator == "!" else self._unknown(node)
        if isinstance(value.value, (int, float)) and operator in "+-":
            return self._plain(node, -value.value if operator == "-" else value.value)
        return self._unknown(node, plain=True)

    def _fold_binary_expression(self, node: Node, depth: int) -> Folded:
        left = self.fold(node.child_by_field_name("left"), depth)
        right = self.fold(node.child_by_field_name("right"), depth)
        operator = self.tree.text(node.child_by_field_name("operator"))
        if operator == "+" and (_is_text(left) or _is_text(right)):
            return self._partial(node, _shape(left) + _shape(right))
        return Folded(arithmetic(operator, left.value, right.value), self.tree.place(node), plain=True)

    def _partial(self, node: Node, text: str) -> Folded:
        """A text with open parts: UNKNOWN, but of a known shape; the text itself when nothing is open."""
        if len(text) > MAX_TEXT:
            return self._unknown(node, plain=True)
        if _OPEN not in text:
            return self._plain(node, text)
        return Folded(UNKNOWN, self.tree.place(node), plain=True, shape=text)

    def _fold_identifier(self, node: Node, depth: int) -> Folded:
        value = self._sole_value(node, self.tree.text(node))
        if value is None:
            return self._unknown(node)
        found = self._known.get(value.id)
        if found is None:
            found = self._known[value.id] = self.fold(value, depth)
        return found

    def _fold_selector_expression(self, node: Node, depth: int) -> Folded:
        name = self.resolve(node)
        if name:
            package, _, last = name.rpartition(".")
            constant = {"time": _TIME, "math": _MATH}.get(package, {}).get(last)
            return self._unknown(node) if constant is None else self._plain(node, constant)
        operand = node.child_by_field_name("operand")
        if operand is not None and operand.type == "parenthesized_expression":
            inner = self.fold(operand, depth)  # (&net.Dialer{...}).DialContext
            if isinstance(inner.value, Made):
                return inner
        return self._fold_field(node, operand, depth)

    def _fold_field(self, node: Node, operand: Node | None, depth: int) -> Folded:
        """``limits.open`` of a struct that is written in the file, and that nothing in it changes."""
        if operand is None or operand.type != "identifier":
            return self._unknown(node)
        name, field = self.tree.text(operand), self.tree.text(node.child_by_field_name("field"))
        value = self._sole_value(operand, name)
        if value is not None and value.type == "unary_expression":
            value = value.child_by_field_name("operand")
        kind = value.child_by_field_name("type") if value is not None else None
        if value is None or kind is None or value.type != "composite_literal":
            return self._unknown(node)
        mentions = self._mentions.get(name, ())
        if len(mentions) > MAX_MENTIONS or not all(self._only_read(mention, value) for mention in mentions):
            return self._unknown(node)
        if self.resolve(kind):  # a method of a library's, such as that of a net.Dialer
            return self.fold(value, depth) if field in ("Dial", "DialContext") else self._unknown(node)
        for element in self._elements(value):
            key, inner = element.child_by_field_name("key"), element.child_by_field_name("value")
            if key is not None and inner is not None and self.tree.text(key) == field:
                inner = inner.named_children[0] if inner.type == "literal_element" and inner.named_children else inner
                return self.fold(inner, depth)
        return self._unknown(node)

    def _elements(self, literal: Node) -> list[Node]:
        body = literal.child_by_field_name("body")
        return [] if body is None else [each for each in body.named_children if each.type == "keyed_element"]

    def _only_read(self, mention: Node, value: Node) -> bool:
        """Whether a mention of a struct takes one of its fields, and neither sets it nor calls a method."""
        access = mention.parent
        if access is None or access.type != "selector_expression":
            return mention.start_byte < value.start_byte and access is not None and access.type != "unary_expression"
        outer = access.parent
        if outer is None or (outer.type == "call_expression" and outer.child_by_field_name("function") == access):
            return False
        if outer.type == "unary_expression":
            return self.tree.text(outer.child_by_field_name("operator")) != "&"
        if outer.type in ("inc_statement", "dec_statement"):
            return False
        holder = outer.parent if outer.type == "expression_list" else None
        return holder is None or holder.child_by_field_name("left") != outer

    def _fold_composite_literal(self, node: Node, depth: int) -> Folded:
        if self.resolve(node.child_by_field_name("type")):
            return self._plain(node, Made(self.literal(node, depth)))
        return self._unknown(node)

    def _fold_call_expression(self, node: Node, depth: int) -> Folded:
        function = node.child_by_field_name("function")
        arguments = self._arguments(node)
        name = self.tree.text(function)
        if name in _INTEGERS or name in ("float64", "float32", "string"):
            return self._conversion(node, name, depth)
        callee = self.resolve(function)
        if callee == "os.Getenv":
            env = self.fold(arguments[0], depth).value if arguments else ""
            return Folded(UNKNOWN, self.tree.place(node), env=env if isinstance(env, str) else "", text=True)
        if callee == "cmp.Or" and len(arguments) == 2:
            first, second = self.fold(arguments[0], depth), self.fold(arguments[1], depth)
            return second._replace(env=first.env, text=True) if first.env and second.known else self._unknown(node)
        if callee == "fmt.Sprintf" and arguments:
            return self._formatted(node, arguments, depth)
        if callee:
            return self._plain(node, Made(self.call(node, depth)))
        return self._unknown(node)

    def _conversion(self, node: Node, name: str, depth: int) -> Folded:
        arguments = self._arguments(node)
        value = self.fold(arguments[0], depth) if len(arguments) == 1 else self._unknown(node)
        number = isinstance(value.value, (int, float)) and not isinstance(value.value, bool)
        if name == "string":
            return value if isinstance(value.value, str) else self._unknown(node, plain=True)
        if not number:
            return self._unknown(node, plain=True)
        return self._plain(node, int(value.value) if name in _INTEGERS else float(value.value))

    def _formatted(self, node: Node, arguments: list[Node], depth: int) -> Folded:
        """``fmt.Sprintf``: what the format leaves open is a mark; words and numbers that are known are put in."""
        text = self.fold(arguments[0], depth).value
        if not isinstance(text, str):
            return self._unknown(node, plain=True)
        values = iter(arguments[1:])

        def fill(match: re.Match[str]) -> str:
            if match[0] == "%%":
                return "%"
            given = next(values, None)
            if given is None or match[0] not in ("%s", "%d", "%v"):
                return _OPEN
            value = self.fold(given, depth).value
            plain = isinstance(value, (str, int)) and not isinstance(value, bool)
            return str(value) if plain else _OPEN

        return self._partial(node, _VERB.sub(fill, text))

    def literal(self, node: Node, depth: int = 0, *, kind: Node | None = None) -> Call:
        """A struct literal: its one argument is the table of its fields."""
        kind = kind or node.child_by_field_name("type")
        assert kind is not None
        made = Call(self.resolve(kind), self.tree.place(kind))
        table = Table()
        body = node.child_by_field_name("body")
        for element in body.named_children if body is not None else ():
            key, value = element.child_by_field_name("key"), element.child_by_field_name("value")
            if element.type == "comment":
                continue
            if element.type != "keyed_element" or key is None or value is None:
                table.complete = False
                continue
            inner = value.named_children[0] if value.type == "literal_element" and value.named_children else value
            table.entries[self.tree.text(key)] = Entry(self.tree.place(key), self.fold(inner, depth + 1))
        table.broken = made.broken = node.has_error
        made.positional.append(Folded(table, self.tree.place(node)))
        made.named = table.entries
        made.complete = table.complete
        return made

    def call(self, node: Node, depth: int = 0, *, name: str = "") -> Call:
        function = node.child_by_field_name("function")
        assert function is not None
        made = Call(name or self.resolve(function), self.tree.place(function))
        made.broken = node.has_error
        for argument in self._arguments(node):
            if argument.type == "variadic_argument":
                made.complete = False
                break
            made.positional.append(self.fold(argument, depth + 1))
        return made


def _unescape(match: re.Match[str]) -> str:
    simple, two, four, eight, octal = match.groups()
    if simple:
        return _ESCAPES.get(simple, simple)
    number = int(two or four or eight, 16) if not octal else int(octal, 8)
    return chr(number) if number < 0x110000 else ""


def _is_text(folded: Folded) -> bool:
    return isinstance(folded.value, str) or bool(folded.shape)


def _shape(folded: Folded) -> str:
    """A text with a mark for each part that is open."""
    if isinstance(folded.value, str) and not folded.env:
        return folded.value
    return folded.shape or _OPEN


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """A constant expression's value, integers as Go has them; UNKNOWN for anything but modest numbers."""
    if not _is_number(left) or not _is_number(right):
        return UNKNOWN
    whole = isinstance(left, int) and isinstance(right, int)
    if max(abs(left), abs(right)) > 1e30:
        return UNKNOWN
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if operator == "<<":
        return left << right if whole and 0 <= right < 64 else UNKNOWN
    if right == 0 or operator not in "/%":
        return UNKNOWN
    if not whole:
        return left / right if operator == "/" else UNKNOWN
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if operator == "/" else left - right * quotient


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
