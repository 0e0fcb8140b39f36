"""Python: what the names of a file mean, as far as the file tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from poollint.readers.source.python_modules import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree
    from poollint.readers.source.python import PythonFile
    from poollint.readers.source.python_modules import Modules
    from poollint.readers.source.values import Call, Scope

FUNCTIONS = ("function_definition", "lambda")
SCOPES = (*FUNCTIONS, "module")
_CONFIG_NAME = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+|DATABASES")
_CONFIG_HOLDER = re.compile(r"(?:^|\.)(?:config|conf)$")
MAX_ALIASES = 8


class FileNames:
    """The imports, assignments and definitions of one file."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.wants: Callable[[str], Any] | None = None  # whether a callee is looked for; None: all are
        self.modules: Modules | None = None  # the project's other files, where they may be looked at
        self.names = Names(cast("PythonFile", self))
        self.looked_for: Container[str] = ()  # the last parts of the names that are looked for
        self.imports: dict[str, str] = {}
        self.assigned: dict[tuple[int, str], list[Node]] = {}
        self.defined: set[str] = set()
        self.call_nodes: list[Node] = []
        self._mutations: dict[tuple[int, str], list[Node]] = {}
        self.classes: dict[str, Node] = {}
        self._configs: dict[tuple[int, str], list[tuple[Node, Node]]] = {}
        self._config_calls: list[Node] = []
        self._fields: dict[tuple[int, str], list[tuple[Node, Node]]] = {}
        self._entry_changes: dict[str, list[tuple[list[Node], Node]]] = {}
        self._methods: dict[tuple[int, str], set[str]] = {}
        self._globals: set[str] = set()
        self._functions: dict[str, Node] = {}
        self._depends: frozenset[str] | None = None
        self._at_import: list[tuple[Node, Node, list[str]]] | None = None
        self._collect()

    def _collect(self) -> None:
        for node in self.tree.walk():
            kind = node.type
            if kind == "call":
                self.call_nodes.append(node)
                self._note_update(node)
            elif kind in ("import_statement", "import_from_statement"):
                self._import(node)
            elif kind in ("assignment", "augmented_assignment", "named_expression"):
                self._note_assignment(node)
            elif kind in ("function_definition", "class_definition"):
                self._note_definition(node, kind)
            elif kind == "global_statement":
                self._globals.update(self.tree.text(each) for each in node.named_children)
            elif kind in (
                "for_statement",
                "for_in_clause",
                "as_pattern_target",
                "delete_statement",
            ):
                for each in self.tree.walk(node.child_by_field_name("left") or node):
                    if each.type == "identifier":
                        self.assigned.setdefault((self._scope_id(node), self.tree.text(each)), []).append(node)
                    if kind == "for_statement" and each.type == "block":
                        break

    def _note_definition(self, node: Node, kind: str) -> None:
        name = self.tree.text(node.child_by_field_name("name"))
        self.defined.add(name)
        if kind == "class_definition":
            self.classes[name] = node
        elif self._scope(node) is self.tree.root or self._scope_id(node) == self.tree.root.id:
            self._functions[name] = node

    def _import(self, node: Node) -> None:
        text = self.tree.text
        if node.type == "import_statement":
            for child in node.named_children:
                if child.type == "aliased_import":
                    alias, name = text(child.child_by_field_name("alias")), text(child.child_by_field_name("name"))
                    self.imports[alias] = name
                    self.names.note(alias, name)
                else:
                    first = text(child).split(".")[0]
                    self.imports[first] = first
                    self.names.note(first, first)
            return
        module = text(node.child_by_field_name("module_name"))
        if any(child.type == "wildcard_import" for child in node.named_children):
            self.names.stars.append(module)
        for child in node.children_by_field_name("name"):
            if child.type == "aliased_import":
                name, alias = text(child.child_by_field_name("name")), text(child.child_by_field_name("alias"))
            else:
                name = alias = text(child)
            self.imports[alias] = f"{module}.{name}"
            self.names.note(alias, module, name)

    def _note_assignment(self, node: Node) -> None:
        left = node.child_by_field_name("left") or node.child_by_field_name("name")
        if left is None:
            return
        if left.type == "subscript":
            base = left.child_by_field_name("value")
            self._note_config(node, base, left.child_by_field_name("subscript"))
            self._note_entry(node, left)
            if base is not None and base.type == "identifier":
                self._mutations.setdefault((self._scope_id(node), self.tree.text(base)), []).append(node)
            return
        if left.type == "attribute" and node.type == "assignment":
            holder = self.tree.text(left.child_by_field_name("object"))
            attribute = left.child_by_field_name("attribute")
            if attribute is not None and holder not in ("self", "cls"):
                self._fields.setdefault((self._scope_id(node), holder), []).append((attribute, node))
        if left.type == "identifier":
            if self._is_stand_in(node):
                return
            if _CONFIG_NAME.fullmatch(self.tree.text(left)):
                self._configs.setdefault((self._scope_id(node), ""), []).append((left, node))
        for each in [left] if left.type == "identifier" else self.tree.walk(left):
            if each.type == "identifier" and left.type in ("identifier", "pattern_list", "tuple_pattern"):
                self.assigned.setdefault((self._scope_id(node), self.tree.text(each)), []).append(node)

    def _note_entry(self, node: Node, left: Node | None) -> None:
        """``DATABASES["default"]["CONN_MAX_AGE"] = 60``, also behind ``.update(…)``: a change of what is assigned above."""
        keys: list[Node] = []
        while left is not None and left.type == "subscript":
            key = left.child_by_field_name("subscript")
            keys += [key] if key is not None else []
            left = left.child_by_field_name("value")
        if left is not None and left.type == "identifier" and _CONFIG_NAME.fullmatch(self.tree.text(left)):
            self._entry_changes.setdefault(self.tree.text(left), []).append((keys[::-1], node))

    def _is_stand_in(self, node: Node) -> bool:
        """``except ImportError: redis = None`` takes nothing away from the import that did succeed."""
        right = node.child_by_field_name("right")
        if right is None or right.type not in ("none", "false"):
            return False
        parent = node.parent
        while parent is not None and parent.type not in (*SCOPES, "class_definition"):
            if parent.type == "except_clause":
                return True
            parent = parent.parent
        return False

    def _note_config(self, node: Node, base: Node | None, subscript: Node | None) -> None:
        """``app.config["SQLALCHEMY_ECHO"] = True``."""
        if base is None or subscript is None or subscript.type != "string" or node.type != "assignment":
            return
        holder = self.tree.text(base)
        if _CONFIG_HOLDER.search(holder):
            self._configs.setdefault((self._scope_id(node), holder), []).append((subscript, node))

    def _note_update(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        if function is None or function.type != "attribute":
            return
        base = function.child_by_field_name("object")
        method = self.tree.text(function.child_by_field_name("attribute"))
        if base is not None:
            self._methods.setdefault((self._scope_id(node), self.tree.text(base)), set()).add(method)
            if method in ("update", "from_mapping") and _CONFIG_HOLDER.search(self.tree.text(base)):
                self._config_calls.append(node)
        if base is not None and method in ("update", "pop", "setdefault", "clear"):
            self._note_entry(node, base)
        if base is not None and base.type == "identifier" and method in ("update", "pop", "setdefault", "clear"):
            self._mutations.setdefault((self._scope_id(node), self.tree.text(base)), []).append(node)

    def _scope_id(self, node: Node) -> int:
        scope = self._scope(node)
        return scope.id if scope is not None else self.tree.root.id

    @staticmethod
    def _scope(node: Node) -> Node | None:
        current = node.parent
        while current is not None and current.type not in (*SCOPES, "class_definition"):
            current = current.parent
        return current

    def resolve(self, node: Node | None, hops: int = 0) -> str:
        """The canonical dotted name of an expression; empty when it is nothing imported."""
        parts: list[str] = []
        while node is not None and node.type == "attribute":
            parts.append(self.tree.text(node.child_by_field_name("attribute")))
            node = node.child_by_field_name("object")
        if node is None or node.type != "identifier":
            return ""
        name = self.tree.text(node)
        if name in self.defined or self._shadowed(node, name):
            return ""
        base = self.imports.get(name, "") or self._alias(node, name, hops)
        return ".".join([base, *reversed(parts)]) if base else ""

    def _alias(self, node: Node, name: str, hops: int) -> str:
        """``Engine = sa.create_engine`` makes Engine that function."""
        value = self._sole_value(node, name) if hops < MAX_ALIASES else None
        if value is None or value.type not in ("identifier", "attribute") or self.tree.text(value) == name:
            return ""
        return self.resolve(value, hops + 1)

    def _shadowed(self, node: Node, name: str) -> bool:
        if name not in self.imports:
            return False
        scope = self._scope(node)
        while scope is not None:
            if (scope.id, name) in self.assigned or name in self._parameters(scope):
                return True
            scope = self._scope(scope)
        return False

    def _parameters(self, function: Node) -> tuple[str, ...]:
        parameters = function.child_by_field_name("parameters")
        if parameters is None:
            return ()
        names = []
        for child in parameters.named_children:
            target = child.child_by_field_name("name") or (child.named_children[0] if child.named_children else child)
            names.append(self.tree.text(target if child.type != "identifier" else child))
        return tuple(names)

    def _sole_value(self, node: Node, name: str) -> Node | None:
        """The right side of the only assignment to a name in the nearest scope that assigns it; None otherwise."""
        scope = self._scope(node)
        while scope is not None:
            if name in self._parameters(scope):
                return None
            if (scope.id, name) in self.assigned:
                return self._only_value(scope, name)
            scope = self._scope(scope)
        return None

    def _only_value(self, scope: Node, name: str) -> Node | None:
        """The right side of a name's one assignment in a scope, when no branch and no ``global`` makes it doubtful."""
        found = self.assigned.get((scope.id, name), [])
        only = found[0] if len(found) == 1 else None
        if only is None or only.type != "assignment" or self._conditional(only, scope):
            return None
        if name in self._globals and scope.id == self.tree.root.id:
            return None
        return self._part_of(only, name)

    def _part_of(self, assignment: Node, name: str) -> Node | None:
        """The right side of an assignment; of ``a, b = 1, 2`` the part that belongs to a name."""
        left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
        if left is None or right is None or left.type not in ("pattern_list", "tuple_pattern"):
            return right
        names, values = left.named_children, right.named_children
        if right.type not in ("expression_list", "tuple") or len(names) != len(values):
            return None
        if any(each.type != "identifier" for each in names) or any(
            each.type in ("list_splat", "comment") for each in values
        ):
            return None
        found = [value for each, value in zip(names, values, strict=True) if self.tree.text(each) == name]
        return found[0] if len(found) == 1 else None

    def sole_value(self, node: Node, name: str) -> Node | None:
        """What a name is given, once, in the nearest scope that gives it something."""
        return self._sole_value(node, name)

    def sole_at_root(self, name: str) -> Node | None:
        """What the module assigns to a name, once and for all."""
        return self._only_value(self.tree.root, name) if name not in self.defined else None

    def is_local_to_function(self, node: Node, name: str) -> bool:
        """Whether a name means something of a function's own at a node."""
        scope = self._scope(node)
        while scope is not None and scope.id != self.tree.root.id:
            if (scope.id, name) in self.assigned or name in self._parameters(scope):
                return True
            scope = self._scope(scope)
        return False

    def enclosing_function(self, node: Node) -> Node | None:
        """The innermost function around a node."""
        scope = self._scope(node)
        return scope if scope is not None and scope.type in FUNCTIONS else None

    def module_functions(self) -> Iterator[Node]:
        """The functions that the module itself defines."""
        yield from self._functions.values()

    def returned_by(self, name: str) -> Node | None:
        """What a function of the module returns, when that is all it does."""
        function = self._functions.get(name)
        body = function.child_by_field_name("body") if function is not None else None
        said = [each for each in body.named_children if each.type != "comment"] if body is not None else []
        said = [
            each
            for each in said
            if not (each.type == "expression_statement" and each.named_children[0].type == "string")
        ]
        if len(said) != 1 or said[0].type != "return_statement" or not said[0].named_children:
            return None
        return said[0].named_children[0]

    @staticmethod
    def _conditional(node: Node, scope: Node) -> bool:
        current = node.parent
        while current is not None and current.id != scope.id:
            if current.type in ("if_statement", "for_statement", "while_statement", "try_statement", "match_statement"):
                return True
            current = current.parent
        return False

    def scope(self, node: Node) -> Scope:
        """Where a node stands."""
        raise NotImplementedError

    def call(self, node: Node, depth: int = 0) -> Call:
        """A call with its arguments."""
        raise NotImplementedError
