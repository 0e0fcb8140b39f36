"""Java: what an expression is at run time, as far as the file alone tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.java_calls import JvmFile
from poollint.readers.source.java_syntax import PROPERTIES
from poollint.readers.source.java_values import (
    UNITS,
    Environment,
    Long,
    arithmetic,
    constant,
    is_int,
    is_text,
    join,
    literal,
    number,
    paired,
    parsed,
    static_call,
    unescape,
    value_call,
)
from poollint.readers.source.values import Elapsed, Folded, Made, Ref, Table

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.readers.source.java_syntax import Variable

MAX_DEPTH = 40
# what is declared as one of these is no object with settings
PLAIN_TYPES = frozenset(
    "String int long short byte char boolean float double Integer Long Short Boolean Double Float Number BigDecimal "
    "Duration TimeUnit Int CharSequence URI URL List Set Map InputStream Path File SSLContext Proxy HttpHost "
    "Socket SSLSocketFactory HostnameVerifier HostAndPort PrintWriter Logger".split()
)


class JvmFolding(JvmFile):
    """What folding has in common for Java and Kotlin."""

    def unknown(self, node: Node, *, plain: bool = False) -> Folded:
        return Folded(UNKNOWN, self.tree.place(node), plain=plain)

    def plain(self, node: Node, value: Any) -> Folded:
        return Folded(value, self.tree.place(node))

    def fold(self, node: Node | None, depth: int = 0) -> Folded:
        assert node is not None
        if depth > MAX_DEPTH or node.has_error:
            return self.unknown(node)
        method = getattr(self, f"_fold_{node.type}", None)
        if method is None:
            return self.unknown(node)
        folded: Folded = method(node, depth + 1)
        return folded._replace(place=self.tree.place(node))

    def _fold_true(self, node: Node, _depth: int) -> Folded:
        return self.plain(node, True)

    def _fold_false(self, node: Node, _depth: int) -> Folded:
        return self.plain(node, False)

    def _fold_null_literal(self, node: Node, _depth: int) -> Folded:
        return self.plain(node, None)

    def negated(self, node: Node, operand: Folded, operator: str) -> Folded:
        value = operand.value
        if isinstance(value, Elapsed) and operator == "-":
            return Folded(Elapsed(-value.seconds), operand.place, operand.env)
        if isinstance(value, float) and operator in "+-":
            return operand._replace(value=-value if operator == "-" else value)
        if is_int(value) and operator in "+-":
            long = isinstance(value, Long)
            return operand._replace(value=number(-value, long=long) if operator == "-" else value)
        if isinstance(value, bool) and operator == "!":
            return operand._replace(value=not value)
        return self.unknown(node, plain=True)

    def combined(self, node: Node, left: Folded, right: Folded, operator: str) -> Folded:
        if operator == "+" and (is_text(left) or is_text(right)):
            return join([left, right], self.tree.place(node))
        value = arithmetic(operator, left.value, right.value)
        return Folded(value, self.tree.place(node), left.env or right.env, plain=True)

    def chosen(self, node: Node, first: Folded, second: Folded) -> Folded:
        """One of two values, by a condition."""
        if first.known and second.known and not isinstance(first.value, (Table, Made)):
            if first.value == second.value and type(first.value) is type(second.value):
                return self.plain(node, first.value)
            if not isinstance(second.value, (Table, Made)):
                return Folded(UNKNOWN, self.tree.place(node), choices=(first, second), plain=True)
        return self.unknown(node, plain=first.plain and second.plain)

    def fold_name(self, node: Node, name: str, depth: int) -> Folded:
        """A variable's only value, or a constant that is imported."""
        variable = self.variable(name, node)
        if variable is not None:
            return self.fold_variable(node, variable, depth)
        imported = self.statics.get(name, "")
        owner = imported.rpartition(".")[0].rpartition(".")[2]
        value = constant(owner, name) if imported else UNKNOWN
        if not imported and name in UNITS and any(each.endswith("Unit") for each in self.statics.values()):
            value = constant("", name)
        return self.plain(node, value)

    def fold_variable(self, node: Node, variable: Variable, depth: int) -> Folded:
        plain = variable.type.rpartition(".")[2] in PLAIN_TYPES
        value = variable.values[0] if len(variable.values) == 1 else None
        if value is None or variable.annotated or (variable.kind == "field" and not variable.final):
            made = self._object(value, depth) if value is not None and not variable.annotated else None
            return made or self.unknown(node, plain=plain)
        if variable.kind == "local" and self.conditional(value, node):
            return self.unknown(node, plain=plain)
        made = self._object(value, depth)
        if made is not None:
            return made
        folded = self.fold(value, depth)
        if is_int(folded.value) and variable.type in ("long", "Long"):
            folded = folded._replace(value=Long(folded.value))
        return folded if folded.known else folded._replace(plain=folded.plain or plain)

    def _object(self, value: Node, depth: int) -> Folded | None:
        """A construction that is kept in a variable, with what is set on it there."""
        if depth > MAX_DEPTH // 2:
            return None
        return self.fold_construction(value)

    def fold_construction(self, node: Node) -> Folded | None:
        """A chain of calls that begins with a construction which somebody looks for."""
        site = self.invocation(self.inward(node))
        while site is not None and site.receiver is not None and not self.callee(site):
            site = self.invocation(self.inward(site.receiver))
        callee = self.callee(site) if site is not None else ""
        if site is None or not callee:
            return None
        call = self.build(site, callee)
        if call is None:
            return None
        if callee == PROPERTIES:
            return self.plain(node, self.property_table(call))
        call.named = call.later
        return Folded(Made(call), self.tree.place(node))

    def fold_call(self, node: Node, owner: str, name: str, base: Folded | None, arguments: list[Folded]) -> Folded:
        """A method call: of the Java library, static or on a known value."""
        place = self.tree.place(node)
        arguments = paired(arguments)
        if base is None:
            return static_call(owner, name, arguments, place) or self.unknown(node)
        if name in ("parseInt", "parseLong") and arguments:
            return parsed(arguments[0], place, long=name == "parseLong")
        found = value_call(base, name, arguments, place)
        if found is not None:
            return found
        spanning = isinstance(base.value, (Elapsed, Environment)) or base.plain
        return self.unknown(node, plain=spanning or isinstance(base.value, (str, int)))


class JavaFolding(JvmFolding):
    """The expressions of Java."""

    def _number(self, node: Node, _depth: int) -> Folded:
        return self.plain(node, literal(self.text(node)))

    _fold_decimal_integer_literal = _fold_hex_integer_literal = _number
    _fold_octal_integer_literal = _fold_binary_integer_literal = _fold_decimal_floating_point_literal = _number

    def _fold_string_literal(self, node: Node, _depth: int) -> Folded:
        text = self.text(node)
        if text.startswith('"""'):
            return self.unknown(node, plain=True)
        return self.plain(node, unescape(text[1:-1]))

    def _fold_parenthesized_expression(self, node: Node, depth: int) -> Folded:
        inner = [child for child in node.named_children if "comment" not in child.type]
        return self.fold(inner[0], depth) if len(inner) == 1 else self.unknown(node)

    def _fold_cast_expression(self, node: Node, depth: int) -> Folded:
        value = self.fold(node.child_by_field_name("value"), depth)
        kind = self.text(node.child_by_field_name("type"))
        if is_int(value.value) and kind in ("int", "long", "Integer", "Long"):
            return value._replace(value=number(value.value, long=kind.lower() == "long"))
        return value

    def _fold_unary_expression(self, node: Node, depth: int) -> Folded:
        operand = self.fold(node.child_by_field_name("operand"), depth)
        return self.negated(node, operand, self.text(node.child_by_field_name("operator")))

    def _fold_binary_expression(self, node: Node, depth: int) -> Folded:
        left = self.fold(node.child_by_field_name("left"), depth)
        right = self.fold(node.child_by_field_name("right"), depth)
        return self.combined(node, left, right, self.text(node.child_by_field_name("operator")))

    def _fold_ternary_expression(self, node: Node, depth: int) -> Folded:
        first = self.fold(node.child_by_field_name("consequence"), depth)
        return self.chosen(node, first, self.fold(node.child_by_field_name("alternative"), depth))

    def _fold_identifier(self, node: Node, depth: int) -> Folded:
        return self.fold_name(node, self.text(node), depth)

    def _fold_field_access(self, node: Node, depth: int) -> Folded:
        """``TimeUnit.SECONDS``, ``this.SIZE``, ``Limits.SIZE``."""
        base, name = node.child_by_field_name("object"), self.text(node.child_by_field_name("field"))
        owner = self.text(base)
        if owner == "this" or owner in self.classes:
            variable = self.own_field(name, node) if owner == "this" else self.field(owner, name)
            return self.fold_variable(node, variable, depth) if variable is not None else self.unknown(node)
        return self.plain(node, constant(owner.rpartition(".")[2], name))

    def _fold_class_literal(self, node: Node, _depth: int) -> Folded:
        return self.plain(node, Ref(self.text(node)))

    def _fold_lambda_expression(self, node: Node, _depth: int) -> Folded:
        """``b -> b.maxSize(50)``: what it sets on its parameter, as a table."""
        parameters = node.child_by_field_name("parameters")
        names = self.text(parameters).strip("()").split()
        body = node.child_by_field_name("body")
        if len(names) not in (1, 2) or body is None or "," in self.text(parameters):
            return self.unknown(node, plain=True)
        return self.plain(node, self.lambda_table(names[-1], body))

    def _fold_object_creation_expression(self, node: Node, depth: int) -> Folded:
        return (
            self.fold_construction(node)
            or self._fold_boxed(node, depth)
            or self.unknown(node, plain=self._plain_new(node))
        )

    def _fold_boxed(self, node: Node, depth: int) -> Folded | None:
        """``new Integer(5)``."""
        site = self.invocation(node)
        kind = self.text(node.child_by_field_name("type"))
        if site is None or kind not in ("Integer", "Long", "String") or len(site.arguments) != 1:
            return None
        return self.fold(site.arguments[0], depth)

    def _plain_new(self, node: Node) -> bool:
        return self.text(node.child_by_field_name("type")).rpartition(".")[2] in PLAIN_TYPES

    def _fold_method_invocation(self, node: Node, depth: int) -> Folded:
        made = self.fold_construction(node)
        if made is not None:
            return made
        receiver = node.child_by_field_name("object")
        name = self.text(node.child_by_field_name("name"))
        site = self.invocation(node)
        arguments = [self.fold(each, depth) for each in site.arguments] if site is not None else []
        if receiver is None:
            owner = self.statics.get(name, "").rpartition(".")[0].rpartition(".")[2]
            return self.fold_call(node, owner, name, None, arguments)
        owner = self.text(receiver).rpartition(".")[2]
        if receiver.type in ("identifier", "field_access") and owner[:1].isupper():
            value = self.fold(receiver, depth)
            if not value.known:
                return self.fold_call(node, owner, name, None, arguments)
            return self.fold_call(node, owner, name, value, arguments)
        return self.fold_call(node, "", name, self.fold(receiver, depth), arguments)
