"""The names of a Go file: imports, declarations, what is set on what, and which function an expression stands in."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree

FUNCTIONS = frozenset(("function_declaration", "method_declaration", "func_literal"))
_BRANCHES = frozenset(
    "if_statement for_statement expression_switch_statement type_switch_statement select_statement".split()
)
_DECLARATIONS = frozenset(("short_var_declaration", "assignment_statement", "var_spec", "const_spec"))
_SUCCESS = re.compile(r"(?:err|\w+Err|e)\s*==\s*nil")
_VERSION = re.compile(r"v\d+")
MAX_MENTIONS = 200


class Setter(NamedTuple):
    """``receiver.SetX(value)`` or ``receiver.X = value``; without a value where the arguments are not one."""

    name: str
    key: Node
    value: Node | None
    node: Node
    by_method: bool


class Names:
    """What the names of one file stand for, and where they are spoken of."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self._declared: dict[tuple[int, str], list[tuple[Node, Node | None]]] = {}
        self._fields: dict[str, list[tuple[Node, Node | None]]] = {}
        self._calls: list[Node] = []
        self._sets: dict[str, list[Setter]] = {}
        self._mentions: dict[str, list[Node]] = {}
        self._handles: dict[str, list[tuple[int, str]]] = {}
        self._functions: list[Node] = []
        self._starts: list[int] = []
        self._outer: list[int] = []  # for each function the index of the one around it
        self.returns: dict[int, list[Node]] = {}
        self._collect()

    def _collect(self) -> None:
        for node in self.tree.walk():
            kind = node.type
            if kind in FUNCTIONS:
                self._note_function(node)
            elif kind == "return_statement":
                function = self.function(node)
                self.returns.setdefault(function.id if function is not None else 0, []).append(node)
            elif kind == "import_spec":
                self._import(node)
            elif kind in _DECLARATIONS:
                self._declare(node)
                if kind == "var_spec" and self._zero_of(node):
                    self._calls.append(node)
            elif kind in ("call_expression", "composite_literal"):
                self._calls.append(node)
                if kind == "call_expression":
                    self._note_setter(node)
            elif kind == "identifier":
                self._mentions.setdefault(self.tree.text(node), []).append(node)
            elif kind in ("parameter_declaration", "range_clause"):
                self._bind(node)

    def _import(self, node: Node) -> None:
        path = self.tree.text(node.child_by_field_name("path"))[1:-1]
        name = node.child_by_field_name("name")
        alias = self.tree.text(name) if name is not None else package_name(path)
        if alias in ("_", "."):
            alias = f"{alias} {path}"  # nothing is called by it, but the file does import it
        self.imports[alias] = path

    def _bind(self, node: Node) -> None:
        """Names that hold what nobody here can tell: parameters, loop variables."""
        names = node.children_by_field_name("name")
        left = node.child_by_field_name("left")
        if left is not None:
            names = [child for child in left.named_children if child.type == "identifier"]
        for name in names:
            self._declared.setdefault((self._scope_id(node, inside=True), self.tree.text(name)), []).append(
                (node, None)
            )

    def _declare(self, node: Node) -> None:
        if node.type in ("var_spec", "const_spec"):
            left = [child for child in node.children_by_field_name("name") if child.is_named]
        else:
            side = node.child_by_field_name("left")
            left = list(side.named_children) if side is not None else []
        right = node.child_by_field_name("right") or node.child_by_field_name("value")
        values = [child for child in right.named_children if child.type != "comment"] if right is not None else []
        plain = node.type != "assignment_statement" or self.tree.text(node.child_by_field_name("operator")) == "="
        for at, name in enumerate(left):
            value = values[at] if plain and len(values) == len(left) else None
            if name.type == "identifier":
                if node.type == "var_spec" and not values and not self._zero_of(node):
                    continue  # the zero value; the assignment that follows counts
                scope = self._holder(name) if node.type == "assignment_statement" else self._scope_id(node)
                self._declared.setdefault((scope, self.tree.text(name)), []).append((node, value))
            elif name.type == "selector_expression" and plain:
                self._note_field(node, name, value)
        self._note_handle(left, values)

    def _zero_of(self, node: Node) -> bool:
        """``var client http.Client``: a struct of that package as it is when nothing is set."""
        kind = node.child_by_field_name("type")
        if kind is None or kind.type != "qualified_type" or node.child_by_field_name("value") is not None:
            return False
        return self.imports.get(self.tree.text(kind.child_by_field_name("package"))) == "net/http"

    def _note_field(self, node: Node, name: Node, value: Node | None) -> None:
        base, field = name.child_by_field_name("operand"), name.child_by_field_name("field")
        if base is None or field is None:
            return
        self._fields.setdefault(self.tree.text(name), []).append((node, value))
        found = Setter(self.tree.text(field), field, value, node, by_method=False)
        self._sets.setdefault(self.tree.text(base), []).append(found)

    def _note_handle(self, left: list[Node], values: list[Node]) -> None:
        """``sqlDB, err := gormDB.DB()``: what is set on the one is set on the other's pool."""
        if not left or len(values) != 1 or values[0].type != "call_expression":
            return
        function = values[0].child_by_field_name("function")
        if function is None or function.type != "selector_expression" or self._arguments(values[0]):
            return
        if self.tree.text(function.child_by_field_name("field")) == "DB":
            base = self.tree.text(function.child_by_field_name("operand"))
            self._handles.setdefault(base, []).append((self._scope_id(values[0]), self.tree.text(left[0])))

    def _note_setter(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        if function is None or function.type != "selector_expression":
            return
        field, base = function.child_by_field_name("field"), function.child_by_field_name("operand")
        if field is None or base is None or not self.tree.text(field).startswith("Set"):
            return
        arguments = self._arguments(node)
        value = arguments[0] if len(arguments) == 1 else None
        found = Setter(self.tree.text(field), field, value, node, by_method=True)
        self._sets.setdefault(self.tree.text(base), []).append(found)

    def _arguments(self, node: Node) -> list[Node]:
        arguments = node.child_by_field_name("arguments")
        return [] if arguments is None else [child for child in arguments.named_children if child.type != "comment"]

    def is_damaged(self, node: Node) -> bool:
        """Whether a syntax error stands in a function around a node, or keeps that from being one."""
        if not self.tree.root.has_error:
            return False
        function = self.function(node)
        while function is not None and not function.has_error:
            outer = self.function(function)
            if outer is None:
                return False
            function = outer
        return True

    def function(self, node: Node) -> Node | None:
        """The innermost function around a node, by an index: to ask for parents is dear."""
        at = bisect_right(self._starts, node.start_byte) - 1
        while at >= 0:
            found = self._functions[at]
            if found.end_byte >= node.end_byte and found.id != node.id:
                return found
            at = self._outer[at]
        return None

    def _note_function(self, node: Node) -> None:
        at = len(self._functions) - 1
        while at >= 0 and self._functions[at].end_byte < node.end_byte:
            at = self._outer[at]
        self._functions.append(node)
        self._starts.append(node.start_byte)
        self._outer.append(at)

    def _scope_id(self, node: Node, *, inside: bool = False) -> int:
        function = self.function(node)
        if inside and function is None:
            return -1
        return function.id if function is not None else self.tree.root.id

    def _holder(self, node: Node) -> int:
        """The scope that declares the name of an assignment, as far as it was met before; else its own."""
        name = self.tree.text(node)
        function = self.function(node)
        own = function.id if function is not None else self.tree.root.id
        while function is not None:
            if (function.id, name) in self._declared:
                return function.id
            function = self.function(function)
        return self.tree.root.id if (self.tree.root.id, name) in self._declared else own

    def resolve(self, node: Node | None) -> str:
        """The canonical name of an expression or a type; empty when it is nothing imported."""
        if node is None:
            return ""
        if node.type == "qualified_type":
            package = self.imports.get(self.tree.text(node.child_by_field_name("package")))
            return f"{package}.{self.tree.text(node.child_by_field_name('name'))}" if package else ""
        if node.type == "selector_expression":
            base, field = node.child_by_field_name("operand"), self.tree.text(node.child_by_field_name("field"))
            if base is None:
                return ""
            if base.type == "identifier":
                name = self.tree.text(base)
                package = self.imports.get(name)
                return f"{package}.{field}" if package and not self._shadowed(base, name) else ""
            inner = self.resolve(base) if base.type == "selector_expression" else ""
            return f"{inner}.{field}" if inner else ""
        return ""

    def _shadowed(self, node: Node, name: str) -> bool:
        function = self.function(node)
        while function is not None:
            if (function.id, name) in self._declared:
                return True
            function = self.function(function)
        return False

    def _sole_value(self, node: Node, name: str) -> Node | None:
        """What a name holds, when only one assignment gives it that; None otherwise."""
        function = self.function(node)
        while function is not None:
            found = self._declared.get((function.id, name))
            if found:
                if len(found) > 1 or found[0][1] is None or found[0][0].start_byte > node.start_byte:
                    return None
                return None if self._branches(found[0][0], node) else found[0][1]
            function = self.function(function)
        found = self._declared.get((self.tree.root.id, name), [])
        if len(found) != 1 or found[0][1] is None:
            return None
        constant = found[0][0].type == "const_spec"
        return found[0][1] if constant or not name[:1].isupper() else None

    def _branches(self, node: Node, other: Node, *, errors: bool = True) -> bool:
        """Whether a node is in a branch or loop that does not hold the other one: it may not run.

        ``errors``: a branch that only an error keeps from running (``if err == nil``) is one, too.
        """
        current = node.parent
        while current is not None and current.type not in FUNCTIONS:
            if current.type in _BRANCHES and (errors or not self._succeeds(current, node)):
                inside = current.start_byte <= other.start_byte < current.end_byte
                initial = current.child_by_field_name("initializer")
                first = initial is not None and initial.start_byte <= node.start_byte < initial.end_byte
                if not inside and not first:
                    return True
            current = current.parent
        return False

    def _succeeds(self, branch: Node, node: Node) -> bool:
        """``if db, err := f(); err == nil { … }``: what runs where nothing failed."""
        body = branch.child_by_field_name("consequence")
        if body is None or not body.start_byte <= node.start_byte < body.end_byte:
            return False
        return _SUCCESS.fullmatch(self.tree.text(branch.child_by_field_name("condition"))) is not None

    def _target(self, node: Node) -> str:
        """The variable or field that a call's result is given to."""
        if node.type == "var_spec":
            names = node.children_by_field_name("name")
            return self.tree.text(names[0]) if len(names) == 1 else ""
        parent = node.parent
        while parent is not None and parent.type in ("unary_expression", "parenthesized_expression"):
            parent = parent.parent
        if parent is None:
            return ""
        if parent.type in ("keyed_element", "literal_element"):
            element = parent if parent.type == "keyed_element" else parent.parent
            return self.tree.text(element.child_by_field_name("key")) if element is not None else ""
        if parent.type != "expression_list" or parent.parent is None:
            return ""
        whole = parent.parent
        if whole.type in ("var_spec", "const_spec"):
            names = [child for child in whole.children_by_field_name("name") if child.is_named]
        elif whole.type in _DECLARATIONS:
            left = whole.child_by_field_name("left")
            names = list(left.named_children) if left is not None else []
        else:
            return ""
        values = [child for child in parent.named_children if child.type != "comment"]
        at = 0
        for index, value in enumerate(values):
            if value.start_byte <= node.start_byte < value.end_byte:
                at = index
        return self.tree.text(names[at]) if at < len(names) and self.tree.text(names[at]) != "_" else ""

    def _bound(self, node: Node) -> bool:
        """Whether a name (not a key of a literal) holds the result."""
        if node.type == "var_spec":
            return bool(self._target(node))
        parent = node.parent
        while parent is not None and parent.type in ("unary_expression", "parenthesized_expression"):
            parent = parent.parent
        return parent is not None and parent.type == "expression_list" and bool(self._target(node))

    def _sees(self, where: int, scope: int, name: str, *, within: Node | None = None) -> bool:
        """Whether a name in one function means the variable of another: the same or an inner one, or no local at all."""
        if where == scope or "." in name or scope == self.tree.root.id:
            return True
        if (self.tree.root.id, name) in self._declared and (scope, name) not in self._declared:
            return True
        function = self.function(within) if within is not None else None
        while function is not None:
            if function.id == scope:
                return True
            if (function.id, name) in self._declared:
                return False
            function = self.function(function)
        return False

    def takings(self) -> Iterator[tuple[str, int, Node]]:
        """(name, scope, call) of every ``name, err := receiver.Method(…)`` in a function, where the name is its only one."""
        for (scope, name), declared in self._declared.items():
            if scope == self.tree.root.id or len(declared) != 1 or declared[0][0].type != "short_var_declaration":
                continue
            left, right = (declared[0][0].child_by_field_name(side) for side in ("left", "right"))
            if left is None or right is None or left.named_child_count != 2 or right.named_child_count != 1:
                continue
            if right.named_children[0].type == "call_expression" and self.tree.text(left.named_children[0]) == name:
                yield name, scope, right.named_children[0]

    def mentions_of(self, name: str, scope: int, node: Node) -> list[Node]:
        """Where a variable is spoken of after a node."""
        found = self._mentions.get(name, ())[:MAX_MENTIONS]
        return [
            each
            for each in found
            if each.start_byte >= node.end_byte and self._sees(self._scope_id(each), scope, name, within=each)
        ]


def package_name(path: str) -> str:
    """The name that a package is known by when no other is given, as its path tells."""
    parts = path.split("/")
    if len(parts) > 1 and _VERSION.fullmatch(parts[-1]):
        parts.pop()
    name = re.sub(r"\.v\d+$", "", parts[-1])
    for start in ("go-", "go."):
        name = name.removeprefix(start)
    return name.removesuffix("-go").removesuffix(".go").replace("-", "_")
