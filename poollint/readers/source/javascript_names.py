"""What the names of a JavaScript file mean: imports and requires, declarations, scopes, assignments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.knowledge.triggers import module_name
from poollint.readers.source.javascript_changes import ASSIGN, DELETE, Change, handed
from poollint.readers.source.javascript_modules import DEFAULT, EVERYTHING, REQUIRED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree

FUNCTIONS = frozenset(
    "function_declaration function_expression arrow_function method_definition generator_function "
    "generator_function_declaration".split()
)
WRAPPERS = frozenset(
    "parenthesized_expression as_expression satisfies_expression non_null_expression await_expression type_assertion".split()
)
_GLOBALS = frozenset(("fetch", "WebSocket", "EventSource"))
# what compilers to older JavaScript wrap around require
_INTEROP = frozenset("__importDefault __importStar _interopRequireDefault _interopRequireWildcard __toESM".split())


class Names:
    """The names of one file."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.origins: dict[str, tuple[str, str]] = {}  # (module, what of it) by the name here
        self._declared: dict[tuple[int, str], list[Node]] = {}
        self._assigned: dict[str, int] = {}
        self._properties: dict[str, list[tuple[str, Node, Node]]] = {}  # by holder: (name, its node, value)
        self._changes: dict[str, list[Change]] = {}  # by holder, in the order of the text
        self._inner: dict[tuple[int, str], str] = {}  # what functions require for themselves, by scope and name
        self._changed_fields: set[str] = set()
        self._methods: dict[str, list[Node]] = {}
        self._calls: list[Node] = []
        self.wants: Callable[[str], Any] = bool  # which calls anybody asks for, by canonical name
        self._collect()

    # Names

    def _collect(self) -> None:
        for node in self.tree.walk():
            kind = node.type
            if kind == "import_statement":
                self._import(node)
            elif kind == "variable_declarator":
                self._declare(node)
            elif kind in ("call_expression", "new_expression"):
                self._calls.append(node)
                self._note_method(node)
            elif kind in ("assignment_expression", "augmented_assignment_expression", "update_expression"):
                self._note_assignment(node)
            elif kind == "for_in_statement" and node.child_by_field_name("kind") is None:
                self._note_assignment(node)  # for (name of names): of a variable that is declared elsewhere
            elif kind == "catch_clause":
                parameter = node.child_by_field_name("parameter")
                if parameter is not None and parameter.type == "identifier":
                    self._declared.setdefault((self._scope_id(node), self.tree.text(parameter)), []).append(node)
            elif kind == "unary_expression" and node.children[0].type == "delete":
                self._note_change(DELETE, node.child_by_field_name("argument"), None, node)
            elif kind in ("function_declaration", "class_declaration", "enum_declaration"):
                name = node.child_by_field_name("name")
                if name is not None:
                    self._declared.setdefault((self._scope_id(node), self.tree.text(name)), []).append(node)

    def _import(self, node: Node) -> None:
        text = self.tree.text
        if text(node).startswith("import type"):
            return
        source = node.child_by_field_name("source")
        clause = next((child for child in node.named_children if child.type == "import_clause"), None)
        for child in node.named_children:
            if child.type == "import_require_clause":
                source = child.child_by_field_name("source")
                self._bring(text(child.named_children[0]), self._module(source), REQUIRED)
                return
        if clause is None or source is None:
            return
        module = self._module(source)
        for child in clause.named_children:
            if child.type == "identifier":
                self._bring(text(child), module, DEFAULT)
            elif child.type == "namespace_import":
                self._bring(text(child.named_children[0]), module, EVERYTHING)
            elif child.type == "named_imports":
                for specifier in child.named_children:
                    if specifier.type == "import_specifier" and not text(specifier).startswith("type "):
                        name = text(specifier.child_by_field_name("name"))
                        alias = specifier.child_by_field_name("alias")
                        self._bring(text(alias) if alias is not None else name, module, name)

    def _bring(self, alias: str, module: str, name: str) -> None:
        self.origins[alias] = (module, name)
        self.imports[alias] = module if name in (EVERYTHING, REQUIRED) else _member(module, name)

    def _module(self, node: Node | None) -> str:
        return module_name(self.tree.text(node).strip("'\"`"))

    def _declare(self, node: Node) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        if name.type == "identifier":
            self._declared.setdefault((self._scope_id(node), self.tree.text(name)), []).append(node)
            module = self._required(value)
            if module and self._scope_id(node) == self.tree.root.id:
                self.imports[self.tree.text(name)] = module
                self.origins[self.tree.text(name)] = self._origin(value)
        elif name.type == "object_pattern":
            module = self._required(value) or self._bound(value)
            for child in name.named_children:
                key, alias, _default = self._pattern(child)
                if not key:
                    continue
                origin = self._origin(value)
                scope = self._scope_id(node)
                if module and scope != self.tree.root.id:
                    self._inner[scope, alias] = _member(module, key)
                elif module and (origin[1] in (REQUIRED, "") or not module.startswith(".")):
                    self.imports[alias] = _member(module, key)
                    if origin[1] == REQUIRED:
                        self.origins[alias] = (origin[0], key)
                else:
                    self._declared.setdefault((self._scope_id(node), alias), []).append(name)

    def _pattern(self, node: Node) -> tuple[str, str, Node | None]:
        """(key, name, default) of one part of an object pattern, ``a: b = 5``; empty for others."""
        text = self.tree.text
        if node.type == "shorthand_property_identifier_pattern":
            return text(node), text(node), None
        if node.type == "object_assignment_pattern":
            left = text(node.child_by_field_name("left"))
            return left, left, node.child_by_field_name("right")
        if node.type != "pair_pattern":
            return "", "", None
        key, value = text(node.child_by_field_name("key")), node.child_by_field_name("value")
        if value is not None and value.type == "assignment_pattern":
            return key, text(value.child_by_field_name("left")), value.child_by_field_name("right")
        return key, text(value), None

    def _required(self, node: Node | None) -> str:
        """The module of ``require("m")`` and ``await import("m")``, or the member of one: ``require("m").a``."""
        node = unwrap(node)
        if node is None:
            return ""
        if node.type == "member_expression":
            base = self._required(node.child_by_field_name("object"))
            return _member(base, self.tree.text(node.child_by_field_name("property"))) if base else ""
        if node.type != "call_expression":
            return ""
        function = self.tree.text(node.child_by_field_name("function"))
        arguments = self.arguments(node)
        if function in ("require", "import") and len(arguments) == 1 and arguments[0].type == "string":
            return self._module(arguments[0])
        if len(arguments) in (1, 2) and function.rpartition(".")[2] in _INTEROP:
            return self._required(arguments[0])
        return ""

    def _origin(self, node: Node | None) -> tuple[str, str]:
        """(module, what of it) of ``require("m")``, ``require("m").a`` and ``await import("m")``."""
        node = unwrap(node)
        if node is not None and node.type == "member_expression":
            module, name = self._origin(node.child_by_field_name("object"))
            return module, self.tree.text(node.child_by_field_name("property")) if name == REQUIRED else ""
        if node is not None and node.type == "call_expression":
            arguments = self.arguments(node)
            if len(arguments) == 1 and arguments[0].type == "string":
                return self._module(arguments[0]), REQUIRED
        return "", ""

    def _bound(self, node: Node | None) -> str:
        node = unwrap(node)
        if node is None or node.type not in ("identifier", "member_expression"):
            return ""
        return self.resolve(node)

    def _note_assignment(self, node: Node) -> None:
        left = node.child_by_field_name("left") or node.child_by_field_name("argument")
        if left is None:
            return
        plain = node.type == "assignment_expression"
        self._note_change(ASSIGN, left, node.child_by_field_name("right") if plain else None, node)
        if left.type == "identifier":
            self._count_assignment(left)
        elif left.type in ("object_pattern", "array_pattern"):
            for each in self.tree.walk(left):
                if each.type in ("identifier", "shorthand_property_identifier_pattern"):
                    self._count_assignment(each)
        elif left.type == "member_expression":
            holder = self.tree.text(left.child_by_field_name("object"))
            name_node = left.child_by_field_name("property")
            if holder == "this":
                self._changed_fields.add(self.tree.text(name_node))
            right = node.child_by_field_name("right")
            if name_node is not None and right is not None and node.type == "assignment_expression":
                self._properties.setdefault(holder, []).append((self.tree.text(name_node), name_node, right))

    def _count_assignment(self, node: Node) -> None:
        name = self.tree.text(node)
        self._assigned[name] = self._assigned.get(name, 0) + 1

    def _note_change(self, kind: str, target: Node | None, right: Node | None, node: Node) -> None:
        """``c.max = 5``, ``c["max"] = 5``, ``c[key] = 5``, ``delete c.max``."""
        if target is None or target.type not in ("member_expression", "subscript_expression"):
            return
        holder, index = target.child_by_field_name("object"), target.child_by_field_name("index")
        key = self.tree.text(target.child_by_field_name("property")) if index is None else ""
        if index is not None and index.type == "string":
            key = self.tree.text(index)[1:-1]
        if holder is not None and holder.type == "identifier":
            self._changes.setdefault(self.tree.text(holder), []).append(Change(kind, key, right, node))

    def _note_method(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        for name, change in handed(self, node):
            self._changes.setdefault(name, []).append(change)
        if function is not None and function.type == "member_expression":
            holder = self.tree.text(function.child_by_field_name("object"))
            self._methods.setdefault(holder, []).append(node)

    def _scope_id(self, node: Node) -> int:
        scope = self.scope_node(node)
        return scope.id if scope is not None else self.tree.root.id

    @staticmethod
    def scope_node(node: Node) -> Node | None:
        """The nearest enclosing function, or the program."""
        current = node.parent
        while current is not None and current.type not in FUNCTIONS and current.type != "program":
            current = current.parent
        return current

    def resolve(self, node: Node | None) -> str:
        """The canonical name of an expression; empty when it is nothing imported and no global that we know."""
        node = unwrap(node)
        if node is None:
            return ""
        if node.type == "identifier":
            return self._resolve_name(node)
        if node.type == "member_expression":
            member = self.tree.text(node.child_by_field_name("property"))
            if member in _GLOBALS and self.tree.text(node.child_by_field_name("object")) == "globalThis":
                return member
            base = self.resolve(node.child_by_field_name("object"))
            return _member(base, member) if base else ""
        return self._required(node)

    def _resolve_name(self, node: Node) -> str:
        name = self.tree.text(node)
        scope = self.scope_node(node)
        while scope is not None:
            if name in self.parameters(scope):
                return ""
            if (scope.id, name) in self._inner:
                return self._inner[scope.id, name]
            for declared in self._declared.get((scope.id, name), ()):
                if declared.type == "variable_declarator":
                    value = unwrap(declared.child_by_field_name("value"))
                    if self._required(value):
                        return self._required(value)
                    if (
                        value is not None
                        and value.type in ("identifier", "member_expression")
                        and name not in self._assigned
                    ):
                        return self.resolve(value) if self.tree.text(value) != name else ""
                return ""
            scope = self.scope_node(scope)
        found = self.imports.get(name, "")
        return found or (name if name in _GLOBALS else "")

    def parameters(self, function: Node) -> tuple[str, ...]:
        single = function.child_by_field_name("parameter")
        if single is not None:
            return (self.tree.text(single),)
        parameters = function.child_by_field_name("parameters")
        if parameters is None:
            return ()
        names = []
        for child in parameters.named_children:
            target = child.child_by_field_name("pattern") or child.child_by_field_name("left") or child
            if target.type in ("object_pattern", "array_pattern"):
                names += [
                    self.tree.text(each) for each in self.tree.walk(target) if each.type.endswith("identifier_pattern")
                ]
                names += [self.tree.text(each) for each in self.tree.walk(target) if each.type == "identifier"]
            else:
                names.append(self.tree.text(target))
        return tuple(names)

    def _constant(self, node: Node, name: str) -> Node | None:
        """The value of a ``const`` (or a ``let`` that is never assigned again) in the nearest scope that declares it."""
        scope = self.scope_node(node)
        while scope is not None:
            if name in self.parameters(scope):
                return None
            found = self._declared.get((scope.id, name))
            if found:
                only = found[0] if len(found) == 1 else None
                if only is None or only.type != "variable_declarator" or name in self._assigned:
                    return None
                return only.child_by_field_name("value")
            scope = self.scope_node(scope)
        return None

    def constant_of(self, node: Node | None) -> Node | None:
        """The expression itself, or that of the constant which it names."""
        node = unwrap(node)
        if node is not None and node.type == "identifier":
            return unwrap(self._constant(node, self.tree.text(node)))
        return node

    def declaring_scope(self, node: Node, name: str = "") -> Node | None:
        """The function, or the program, that declares a name as it is seen from a node; None for an unheard-of one."""
        name = name or self.tree.text(node)
        scope = self.scope_node(node)
        while scope is not None:
            if name in self.parameters(scope) or (scope.id, name) in self._declared:
                return scope
            if scope.type == "program" and name in self.imports:
                return scope
            scope = self.scope_node(scope)
        return None

    def changes(self, name: str) -> list[Change]:
        """What changes the object that a variable holds."""
        return self._changes.get(name, [])

    def declared(self, scope: Node, name: str) -> Node | None:
        """The one declaration of a name in a scope."""
        found = self._declared.get((scope.id, name), [])
        return found[0] if len(found) == 1 else None

    def assignments(self, name: str) -> int:
        """How often a variable is assigned after its declaration."""
        return self._assigned.get(name, 0)

    def method_calls(self, holder: str) -> list[Node]:
        """The calls ``holder.method()``, by the text of the holder."""
        return self._methods.get(holder, [])

    def call_nodes(self) -> list[Node]:
        return self._calls

    def arguments(self, node: Node) -> list[Node]:
        arguments = node.child_by_field_name("arguments")
        if arguments is None:
            return []
        return [child for child in arguments.named_children if child.type != "comment"]


def unwrap(node: Node | None) -> Node | None:
    """The expression inside parentheses, ``await``, ``as T``, ``!``."""
    while node is not None and node.type in WRAPPERS:
        named = [child for child in node.named_children if child.type != "comment"]
        if not named:
            return None
        node = named[-1] if node.type == "type_assertion" else named[0]
    return node


def _member(module: str, name: str) -> str:
    """``pg`` and ``Pool`` -> ``pg.Pool``; the default export is the module itself."""
    return module if name == "default" else f"{module}.{name}"


def callable_name(name: str) -> str:
    """``knex`` -> ``knex.default`` when the module itself is called; a name with a member stays."""
    if name in _GLOBALS:
        return name
    head, dot, tail = name.rpartition(".")
    if dot and tail.isidentifier() and head:
        return name
    return f"{name}.default"
