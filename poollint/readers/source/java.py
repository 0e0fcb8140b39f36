"""Java: imports, constant folding, constructions, and what setters put on their results later.

A canonical name is the class with its package: ``com.zaxxer.hikari.HikariConfig``. Only what one method shows is known: an
object that is handed on, returned or kept in a field may get more elsewhere. Kotlin has a grammar of its own and is not
read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.values import Call, Entry, Folded, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree

_METHODS = frozenset(("method_declaration", "constructor_declaration", "lambda_expression", "static_initializer"))
_CLASSES = frozenset(("class_declaration", "record_declaration", "enum_declaration", "interface_declaration"))
_LOOPS = frozenset(("for_statement", "enhanced_for_statement", "while_statement", "do_statement"))
_BRANCHES = frozenset(
    "if_statement switch_expression switch_block_statement_group catch_clause lambda_expression ternary_expression".split()
)
_UNITS = {
    "NANOSECONDS": 0.000001,
    "MICROSECONDS": 0.001,
    "MILLISECONDS": 1,
    "SECONDS": 1000,
    "MINUTES": 60_000,
    "HOURS": 3_600_000,
    "DAYS": 86_400_000,
}
_DURATIONS = {"ofMillis": 1, "ofSeconds": 1000, "ofMinutes": 60_000, "ofHours": 3_600_000, "ofDays": 86_400_000}
MAX_DEPTH = 40
MAX_CALLS = 1000


def open_file(tree: SourceTree) -> JavaFile | None:
    """A file of Java; None for one of Kotlin."""
    return JavaFile(tree) if tree.language == "java" else None


class JavaFile:
    """One file: what its names mean, and the constructions in it."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.packages: list[str] = []
        self.wants: Callable[[str], Any] = bool
        self._constants: dict[str, list[Node | None]] = {}
        self._made: list[Node] = []
        self._mentions: dict[str, list[Node]] = {}
        for node in tree.walk():
            self._note(node)

    def _note(self, node: Node) -> None:
        kind = node.type
        if kind == "import_declaration":
            name = self.tree.text(node).removeprefix("import").strip().rstrip(";").strip()
            if name.endswith(".*"):
                self.packages.append(name[:-2])
            elif not name.startswith("static "):
                self.imports[name.rpartition(".")[2]] = name
        elif kind == "object_creation_expression":
            self._made.append(node)
        elif kind == "identifier":
            self._mentions.setdefault(self.tree.text(node), []).append(node)
        elif kind == "variable_declarator":
            self._declare(node)
        elif kind in ("formal_parameter", "assignment_expression", "update_expression"):
            target = node.child_by_field_name("name") or node.child_by_field_name("left")
            if target is not None and target.type == "identifier":
                self._constants.setdefault(self.tree.text(target), []).append(None)

    def _declare(self, node: Node) -> None:
        holder = node.parent
        modifiers = next((child for child in holder.children if child.type == "modifiers"), None) if holder else None
        is_field = holder is not None and holder.type == "field_declaration"
        fixed = not is_field or (modifiers is not None and "final" in self.tree.text(modifiers).split())
        value = node.child_by_field_name("value") if fixed else None
        self._constants.setdefault(self.tree.text(node.child_by_field_name("name")), []).append(value)

    def resolve(self, name: str) -> list[str]:
        """The canonical names that a type's name may have."""
        if "." in name:
            return [name]
        if name in self.imports:
            return [self.imports[name]]
        return [f"{package}.{name}" for package in self.packages]

    # Calls

    def calls(self) -> Iterator[Call]:
        for node in self._made[:MAX_CALLS]:
            kind = node.child_by_field_name("type")
            for callee in self.resolve(self.tree.text(kind)):
                if self.wants(callee):
                    call = self._call(node, callee)
                    if call is not None:
                        yield call

    def _call(self, node: Node, callee: str) -> Call | None:
        arguments = _arguments(node)
        if arguments and callee.endswith("DataSource"):
            return None  # its settings are those of the object that it is given
        call = Call(callee, self.tree.place(node))
        call.broken = node.has_error
        call.scope = self._scope(node)
        call.complete = not arguments and all(child.type != "class_body" for child in node.named_children)
        holder = node.parent
        method = self._method(node)
        local = holder is not None and holder.type == "variable_declarator" and method is not None
        if holder is None or not local:
            call.touched = True
            return call
        call.name = self.tree.text(holder.child_by_field_name("name"))
        if len(self._declared_in(method, call.name)) != 1:
            call.touched = True
            return call
        self._later(call, node, method)
        return call

    def _declared_in(self, method: Node | None, name: str) -> list[Node]:
        """Where a method declares or assigns a name."""
        found = []
        for mention in self._mentions.get(name, ()):
            parent = mention.parent
            if parent is None or method is None or not _inside(mention, method):
                continue
            declares = parent.type in ("variable_declarator", "formal_parameter")
            field = "name" if declares else "left"
            if (declares or parent.type == "assignment_expression") and parent.child_by_field_name(field) == mention:
                found.append(mention)
        return found

    def _later(self, call: Call, node: Node, method: Node | None) -> None:
        """What is done with the object in its method: setters are read, anything else may set more."""
        for mention in self._mentions.get(call.name, ()):
            if method is None or not _inside(mention, method) or mention.start_byte <= node.start_byte:
                continue
            parent = mention.parent
            if parent is None:
                continue
            if parent.type == "method_invocation" and parent.child_by_field_name("object") == mention:
                self._setter(call, parent, node)
            elif parent.type == "argument_list" and self._wraps(parent):
                continue
            elif parent.type not in ("try_statement", "resource"):
                call.touched = True

    def _wraps(self, arguments: Node) -> bool:
        """``new HikariDataSource(config)``: it takes the object as it is."""
        made = arguments.parent
        if made is None or made.type != "object_creation_expression":
            return False
        return self.tree.text(made.child_by_field_name("type")).endswith("HikariDataSource")

    def _setter(self, call: Call, invocation: Node, made: Node) -> None:
        name_node = invocation.child_by_field_name("name")
        name = self.tree.text(name_node)
        arguments = _arguments(invocation)
        if not name.startswith("set") or len(arguments) != 1 or name_node is None:
            if name.startswith(("set", "apply", "copy", "validate")):
                call.touched = True
            return
        key = name[3:4].lower() + name[4:]
        folded = self.fold(arguments[0])
        if self._conditional(invocation, made):
            folded = Folded(UNKNOWN, folded.place)
        call.later[key] = Entry(self.tree.place(name_node), folded)

    def _conditional(self, node: Node, made: Node) -> bool:
        """Whether a statement may not run, or may run in an order of its own."""
        current = node.parent
        while current is not None and not _inside(made, current):
            if current.type in _BRANCHES or current.type in _LOOPS:
                return True
            current = current.parent
        return False

    def _method(self, node: Node) -> Node | None:
        current = node.parent
        while current is not None and current.type not in _METHODS:
            current = current.parent
        return current

    def _scope(self, node: Node) -> Scope:
        functions: list[str] = []
        classes: list[str] = []
        in_loop = False
        current = node.parent
        while current is not None:
            if current.type in _METHODS:
                functions.append(self.tree.text(current.child_by_field_name("name")) or "lambda")
            elif current.type in _CLASSES:
                classes.append(self.tree.text(current.child_by_field_name("name")))
            elif current.type in _LOOPS and not functions:
                in_loop = True
            current = current.parent
        returned = node.parent is not None and node.parent.type == "return_statement"
        return Scope(functions=tuple(functions), classes=tuple(classes), in_loop=in_loop, returned=returned)

    # Folding

    def fold(self, node: Node | None, depth: int = 0) -> Folded:
        """What an expression is at run time, as far as the file alone tells."""
        assert node is not None
        place = self.tree.place(node)
        method = getattr(self, f"_fold_{node.type}", None)
        if method is None or depth > MAX_DEPTH or node.has_error:
            return Folded(UNKNOWN, place)
        return Folded(method(node, depth + 1), place)

    def _fold_decimal_integer_literal(self, node: Node, _depth: int) -> Any:
        return int(self.tree.text(node).rstrip("lL").replace("_", ""))

    def _fold_hex_integer_literal(self, node: Node, _depth: int) -> Any:
        return int(self.tree.text(node).rstrip("lL").replace("_", ""), 16)

    def _fold_octal_integer_literal(self, node: Node, _depth: int) -> Any:
        return int(self.tree.text(node).rstrip("lL").replace("_", ""), 8)

    def _fold_true(self, _node: Node, _depth: int) -> Any:
        return True

    def _fold_false(self, _node: Node, _depth: int) -> Any:
        return False

    def _fold_string_literal(self, node: Node, _depth: int) -> Any:
        text = self.tree.text(node)
        if text.startswith('"""') or "\\" in text:
            return UNKNOWN
        return text[1:-1]

    def _fold_parenthesized_expression(self, node: Node, depth: int) -> Any:
        inner = [child for child in node.named_children if "comment" not in child.type]
        return self.fold(inner[0], depth).value if len(inner) == 1 else UNKNOWN

    def _fold_unary_expression(self, node: Node, depth: int) -> Any:
        value = self.fold(node.child_by_field_name("operand"), depth).value
        operator = self.tree.text(node.child_by_field_name("operator"))
        if isinstance(value, int) and not isinstance(value, bool) and operator in "+-":
            return -value if operator == "-" else value
        return UNKNOWN

    def _fold_binary_expression(self, node: Node, depth: int) -> Any:
        left = self.fold(node.child_by_field_name("left"), depth).value
        right = self.fold(node.child_by_field_name("right"), depth).value
        operator = self.tree.text(node.child_by_field_name("operator"))
        if isinstance(left, str) and isinstance(right, str) and operator == "+":
            return left + right if len(left) + len(right) < 4096 else UNKNOWN
        if type(left) is not int or type(right) is not int:
            return UNKNOWN
        value: int | None = {"+": left + right, "-": left - right, "*": left * right}.get(operator)
        # an int that overflows wraps around; whether these are ints is not known here
        return value if value is not None and abs(value) < 1 << 31 else UNKNOWN

    def _fold_identifier(self, node: Node, depth: int) -> Any:
        found = self._constants.get(self.tree.text(node), [])
        if len(found) != 1 or found[0] is None:
            return UNKNOWN
        return self.fold(found[0], depth).value

    def _fold_method_invocation(self, node: Node, depth: int) -> Any:
        """``TimeUnit.MINUTES.toMillis(30)`` and ``Duration.ofMinutes(30).toMillis()``."""
        if self.tree.text(node.child_by_field_name("name")) != "toMillis":
            return UNKNOWN
        base = node.child_by_field_name("object")
        arguments = _arguments(node)
        if base is None:
            return UNKNOWN
        if base.type == "method_invocation" and not arguments:
            factor: float | None = None
            if self.tree.text(base.child_by_field_name("object")).rpartition(".")[2] == "Duration":
                factor = _DURATIONS.get(self.tree.text(base.child_by_field_name("name")))
            arguments = _arguments(base)
        else:
            factor = _UNITS.get(self.tree.text(base).rpartition(".")[2])
        if factor is None or len(arguments) != 1:
            return UNKNOWN
        value = self.fold(arguments[0], depth).value
        return int(value * factor) if type(value) is int else UNKNOWN


def _arguments(node: Node) -> list[Node]:
    arguments = node.child_by_field_name("arguments")
    return [] if arguments is None else [each for each in arguments.named_children if "comment" not in each.type]


def _inside(node: Node, outer: Node) -> bool:
    return outer.start_byte <= node.start_byte and node.end_byte <= outer.end_byte
