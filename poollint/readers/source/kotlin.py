"""Kotlin: imports, declarations, constructions and calls, as the tree of the language has them.

The names are Java's: ``com.zaxxer.hikari.HikariConfig``. A property that is assigned (``maximumPoolSize = 10``) is the
setter that Java would call, and ``apply { … }`` sets on the object that it is called on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.readers.source.java import handler_kind, is_behind_damage
from poollint.readers.source.java_syntax import MISSING, Invocation, Variable, inside
from poollint.readers.source.kotlin_fold import KotlinFolding
from poollint.readers.source.values import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

_BODIES = frozenset(("function_declaration", "secondary_constructor", "anonymous_initializer", "getter", "setter"))
_LAMBDAS = frozenset(("lambda_literal", "anonymous_function"))
_CLASSES = frozenset(("class_declaration", "object_declaration", "companion_object", "object_literal"))
_LOOPS = frozenset(("for_statement", "while_statement", "do_while_statement"))
_BRANCHES = frozenset(("if_expression", "when_entry", "catch_block"))
_BLOCKS = frozenset(
    ("block", "lambda_literal", "class_body", "source_file", "function_body", "for_statement", "enum_class_body")
)
_SCOPED = {"apply": "", "run": "", "with": "", "also": "it", "let": "it", "use": "it"}
_STATEMENTS = frozenset(("block", "lambda_literal", "source_file", "class_body"))


class KotlinFile(KotlinFolding):
    """One file of Kotlin."""

    methods_of = _BODIES
    lambdas_of = _LAMBDAS
    classes_of = _CLASSES
    loops_of = _LOOPS
    branches_of = _BRANCHES

    # Names

    def collect(self) -> None:
        notes: dict[str, Callable[[Node], None]] = {
            "identifier": lambda node: self.mentions.setdefault(self.text(node), []).append(node),
            "call_expression": self.sites.append,
            "import": self._import,
            "package_header": self._package,
            "property_declaration": self._declare,
            "parameter": self._parameter,
            "class_parameter": self._parameter,
            "lambda_parameters": self._lambda,
            "class_declaration": self._class,
            "object_declaration": self._class,
            "function_declaration": self._method,
            "for_statement": self._loop,
        }
        assigned: list[Node] = []
        for node in self.tree.walk():
            note = notes.get(node.type)
            if note is not None:
                note(node)
            elif node.type == "assignment":
                assigned.append(node)
        for node in assigned:
            self._assign(node)

    def _package(self, node: Node) -> None:
        self.package = self.text(node).removeprefix("package").strip()

    def _method(self, node: Node) -> None:
        self.methods.setdefault(self.text(node.child_by_field_name("name")), []).append(node)

    def _import(self, node: Node) -> None:
        text = re.sub(r"/\*.*?\*/|//.*", "", self.text(node)).removeprefix("import").strip().rstrip(";")
        name, _, alias = text.partition(" as ")
        name = re.sub(r"\s", "", name)
        if name.endswith(".*"):
            self.packages.append(name[:-2])
            self.statics[name] = name[:-2]
            return
        label = alias.strip() or name.rpartition(".")[2]
        if label[:1].isupper() and not label.isupper():
            self.imports[label] = name
        else:
            self.statics[label] = name
            if label.isupper():
                self.imports.setdefault(label, name)

    def _class(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        self.classes[name] = node
        for child in node.named_children:
            if child.type == "delegation_specifiers":
                made = re.match(r"\s*([\w.]+)\s*(?:<[^(]*>)?\s*\(", self.text(child))
                if made is not None:
                    self.bases[name] = made[1]

    def _declare(self, node: Node) -> None:
        holder = next((child for child in node.named_children if child.type == "variable_declaration"), None)
        scope = self.ancestor(node, _BLOCKS)
        if scope is not None and scope.parent is not None and scope.parent.type == "companion_object":
            scope = self.ancestor(scope.parent, _BLOCKS)  # its names hold in the whole class
        if holder is None or scope is None or not holder.named_children:
            return
        name = next((child for child in holder.named_children if child.type == "identifier"), holder.named_children[0])
        if scope.parent is not None and scope.parent.type == "companion_object":
            scope = self.ancestor(scope.parent, _BLOCKS) or scope  # its names are the class's
        is_field = scope.type in ("class_body", "source_file", "enum_class_body")
        variable = Variable(self.text(name), "field" if is_field else "local", name, scope)
        kind = next((child for child in holder.named_children if child.type.endswith("type")), None)
        variable.type = self._type(kind)
        variable.final = any(child.type == "val" for child in node.children)
        words = self.text(next((child for child in node.children if child.type == "modifiers"), None))
        variable.private = "private" in words.split()
        variable.annotated = is_field and bool(self.annotations(node))
        owner = self.ancestor(node, _CLASSES) if is_field else None
        variable.owner = self._owner(owner)
        value = self.value_of(node)
        if value is None and any(child.type in ("property_delegate", "getter") for child in node.named_children):
            variable.values.append(None)
        self.declare(variable, None if value is None or self.text(value) == "null" else value)

    def _owner(self, node: Node | None) -> str:
        """The class that a field is named by; that of a companion is the outer one."""
        if node is not None and node.type == "companion_object":
            node = self.ancestor(node, _CLASSES)
        return self.text(node.child_by_field_name("name")) if node is not None else ""

    def value_of(self, node: Node) -> Node | None:
        """The right side of a declaration."""
        at = next((at for at, child in enumerate(node.children) if child.type == "="), -1)
        return next((child for child in node.children[at + 1 :] if child.is_named), None) if at >= 0 else None

    def _type(self, node: Node | None) -> str:
        return re.sub(r"<.*", "", self.text(node), flags=re.S).strip().rstrip("?")

    def _parameter(self, node: Node) -> None:
        name = next((child for child in node.named_children if child.type == "identifier"), None)
        scope = self.ancestor(node, _BODIES if node.type == "parameter" else _CLASSES)
        if name is None or scope is None:
            return
        variable = Variable(self.text(name), "parameter", name, scope)
        variable.type = self._type(next((child for child in node.named_children if child.type.endswith("type")), None))
        variable.values.append(None)
        self.declare(variable, None)

    def _lambda(self, node: Node) -> None:
        scope = self.ancestor(node, _LAMBDAS)
        for each in node.named_children:
            name = next((child for child in each.named_children if child.type == "identifier"), None)
            if name is not None and scope is not None:
                variable = Variable(self.text(name), "parameter", name, scope)
                variable.values.append(None)
                self.declare(variable, None)

    def _loop(self, node: Node) -> None:
        for each in node.named_children:
            if each.type == "variable_declaration" and each.named_children:
                variable = Variable(self.text(each.named_children[0]), "local", each.named_children[0], node)
                variable.values.append(None)
                self.declare(variable, None)

    def _assign(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None or self.text(right) == "null":
            return
        if left.type == "navigation_expression":
            if self.text(left.named_children[0]) != "this":
                return
            variable = self.own_field(self.text(left.named_children[-1]), left)
        else:
            variable = self.variable(self.text(left), left)
        if variable is not None:
            plain = any(child.type == "=" for child in node.children)
            variable.values.append(right if plain else None)

    # Syntax

    def invocation(self, node: Node | None) -> Invocation | None:
        if node is None or node.type != "call_expression" or not node.named_children:
            return None
        function = node.named_children[0]
        arguments: list[Node] = []
        body: Node | None = None
        for child in node.named_children[1:]:
            if child.type == "value_arguments":
                arguments.extend(_value(each) for each in child.named_children if each.type == "value_argument")
            elif child.type == "annotated_lambda":
                body = next((each for each in child.named_children if each.type == "lambda_literal"), None)
        if function.type == "call_expression":  # with(config) { … }
            inner = self.invocation(function)
            if inner is None or inner.body is not None:
                return None
            return Invocation(node, inner.receiver, inner.name, inner.arguments, body)
        if body is not None:
            arguments.append(body)
        if function.type == "identifier":
            return Invocation(node, None, function, arguments, body)
        if function.type != "navigation_expression" or len(function.named_children) < 2:
            return None
        return Invocation(node, function.named_children[0], function.named_children[-1], arguments, body)

    def names_of(self, call: Invocation) -> list[str]:
        name = self.text(call.name)
        if call.receiver is None:
            if not name[:1].isupper():
                found = self.statics.get(name)
                return [found] if found else []
            return self.resolve(name)
        owner = self.text(call.receiver)
        if call.receiver.type not in ("identifier", "navigation_expression") or not re.fullmatch(r"[\w.]+", owner):
            return []
        if self.variable(owner.partition(".")[0], call.receiver) is not None:
            return []
        if name[:1].isupper():
            return self.resolve(f"{owner}.{name}")
        if not owner.rpartition(".")[2][:1].isupper():
            return []
        return [f"{each}.{name}" for each in self.resolve(owner)]

    def reference(self, node: Node) -> Node | None:
        parent = node.parent
        if parent is None:
            return None
        kind = parent.type
        if kind == "navigation_expression":
            if parent.named_children[0] == node:
                return node
            own = self.text(parent.named_children[0])
            return parent if own == "this" or own in self.classes else None
        if kind == "value_argument":
            return node if parent.named_children[-1] == node else None
        if kind in (
            "variable_declaration",
            "parameter",
            "class_parameter",
            "user_type",
            "qualified_identifier",
            "import",
        ):
            return None
        if kind == "call_expression" and parent.named_children[0] == node:
            return None
        return None if kind in _BODIES or kind in _CLASSES else node

    def outward(self, node: Node) -> Node:
        while node.parent is not None and node.parent.type in (
            "parenthesized_expression",
            "as_expression",
            "unary_expression",
        ):
            if node.parent.type == "unary_expression" and not self.text(node.parent).endswith("!!"):
                break
            node = node.parent
        return node

    def inward(self, node: Node) -> Node:
        while node.type in ("parenthesized_expression", "as_expression") and node.named_children:
            node = node.named_children[0]
        return node

    def cast_of(self, node: Node) -> str:
        parent = node.parent
        if parent is None or parent.type != "as_expression":
            return ""
        return self._type(parent.named_children[-1])

    def called_on(self, node: Node) -> Invocation | None:
        parent = node.parent
        if parent is not None and parent.type == "value_argument":  # with(config) { … }
            given = self.given_to(node)
            call = self.invocation(given[0].parent) if given is not None else None
            inner = self.invocation(given[0]) if given is not None else None
            if inner is not None and call is not None and self.text(inner.name) == "with" and call.body is not None:
                return call
            return None
        if parent is None or parent.type != "navigation_expression" or parent.named_children[0] != node:
            return None
        found = self.invocation(parent.parent)
        return found if found is not None and found.node.named_children[0] == parent else None

    def given_to(self, node: Node) -> tuple[Node, int] | None:
        parent = node.parent
        if parent is None or parent.type != "value_argument" or parent.parent is None or parent.parent.parent is None:
            return None
        given = parent.parent.named_children
        return parent.parent.parent, next((at for at, each in enumerate(given) if each == parent), 0)

    def target(self, node: Node) -> tuple[str, Node] | None:
        parent = node.parent
        if parent is None:
            return None
        if parent.type == "property_declaration":
            holder = next((child for child in parent.named_children if child.type == "variable_declaration"), None)
            if holder is not None and holder.named_children and self.value_of(parent) == node:
                return "declared", next(child for child in holder.named_children if child.type == "identifier")
        if parent.type == "assignment" and parent.child_by_field_name("right") == node:
            left = parent.child_by_field_name("left")
            return ("assigned", left) if left is not None else None
        return None

    def is_statement(self, node: Node) -> bool:
        parent = node.parent
        if parent is None:
            return False
        if parent.type in ("navigation_expression", "binary_expression", "is_expression", "equality_expression"):
            return True
        if parent.type == "assignment":
            return parent.child_by_field_name("left") == node
        return parent.type in _STATEMENTS and self.returned_by(node) is None

    def returned_by(self, node: Node) -> Node | None:
        parent = node.parent
        if parent is not None and parent.type == "return_expression":
            return self.ancestor(node, _BODIES)
        if parent is not None and parent.type == "function_body":
            return self.ancestor(node, _BODIES)
        if parent is not None and parent.type == "lambda_literal" and parent.named_children[-1] == node:
            return None if self.runs_at_once(parent) else parent
        return None

    def type_of(self, method: Node) -> str:
        if method.type in _LAMBDAS:
            delegate = self.ancestor(method, frozenset(("property_declaration",)))
            call = self._call_of(method)
            if delegate is None or call is None or self.text(call.name) != "lazy":
                return ""
            holder = next((child for child in delegate.named_children if child.type == "variable_declaration"), None)
            kind = (
                [child for child in holder.named_children if child.type.endswith("type")] if holder is not None else []
            )
            return self._type(kind[0]) if kind else ""
        kind = [child for child in method.named_children if child.type.endswith("type")]
        return self._type(kind[0]) if kind else ""

    def annotations(self, node: Node | None) -> list[str]:
        modifiers = (
            next((child for child in node.children if child.type == "modifiers"), None) if node is not None else None
        )
        if modifiers is None:
            return []
        found = (
            re.match(r"@(?:\w+:)?([\w.]+)", self.text(each))
            for each in modifiers.named_children
            if each.type == "annotation"
        )
        return [match[1].rpartition(".")[2] for match in found if match is not None]

    def within(self, body: Node) -> Iterator[tuple[Node, list[Node], Node]]:
        """What a body sets on the object that it belongs to: assignments and setters without a receiver, or on ``this``."""
        for node in self.tree.walk(body):
            self.step()
            if node.type == "assignment":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                if left is None or right is None:
                    continue
                name = self._own_name(left)
                if name is not None and self._home(node) == body and not self._is_local(name, body):
                    yield name, [right if self._sets(node) else node], node
            elif node.type == "call_expression":
                call = self.invocation(node)
                if call is None or self._home(node) != body:
                    continue
                own = call.receiver is None or self.text(call.receiver) == "this"
                if (
                    own
                    and call.arguments
                    and self.text(call.name)[:1].islower()
                    and self.text(call.name) not in self.methods
                ):
                    yield call.name, call.arguments, node

    def _own_name(self, left: Node) -> Node | None:
        if left.type == "identifier":
            return left
        if left.type == "navigation_expression" and re.match(r"this(?:@\w+)?$", self.text(left.named_children[0])):
            return left.named_children[-1]
        return None

    def _is_local(self, name: Node, body: Node) -> bool:
        variable = self.variable(self.text(name), name)
        return variable is not None and variable.kind == "local" and inside(variable.scope, body)

    def _home(self, node: Node) -> Node | None:
        """The body whose object a call without a receiver is made on."""
        current = node.parent
        while current is not None:
            self.step()
            if current.type in ("class_body", "anonymous_initializer"):
                return current
            if current.type in _LAMBDAS:
                call = self._call_of(current)
                name = self.text(call.name) if call is not None else ""
                if name not in ("also", "let", "use", "forEach", "repeat", "takeIf", "takeUnless"):
                    return current
            current = current.parent
        return None

    def _call_of(self, node: Node) -> Invocation | None:
        """The call that a lambda stands behind or is given to."""
        call = node.parent
        while call is not None and call.type in ("annotated_lambda", "value_argument", "value_arguments"):
            call = call.parent
        return self.invocation(call)

    def assignment_to(self, expression: Node) -> tuple[Node, Node] | None:
        access = self.outward(expression).parent
        if (
            access is None
            or access.type != "navigation_expression"
            or access.named_children[0] != self.outward(expression)
        ):
            return None
        statement = access.parent
        if statement is None or statement.type != "assignment" or statement.child_by_field_name("left") != access:
            return None
        right = statement.child_by_field_name("right")
        if right is None:
            return None
        return access.named_children[-1], right if self._sets(statement) else statement

    def indexed_by(self, expression: Node) -> tuple[Node, Node] | None:
        held = expression.parent
        if held is None or held.type != "index_expression" or len(held.named_children) != 2:
            return None
        statement = held.parent
        if statement is None or statement.type != "assignment" or statement.child_by_field_name("left") != held:
            return None
        right = statement.child_by_field_name("right")
        return (held.named_children[1], right) if right is not None and self._sets(statement) else None

    def _sets(self, assignment: Node) -> bool:
        """``=``, not ``+=``, whose result is not known here."""
        return any(child.type == "=" for child in assignment.children)

    def handed_lambda(self, call: Invocation) -> tuple[str, Node] | None:
        name = _SCOPED.get(self.text(call.name))
        if name is None or call.body is None:
            return None
        if name:
            told = next((child for child in call.body.named_children if child.type == "lambda_parameters"), None)
            name = re.split(r"[:,\s]", self.text(told))[0] if told is not None else name
        return name, call.body

    def initialisers(self, owner: str) -> tuple[list[Node], bool]:
        body = next((child for child in self.classes[owner].named_children if child.type == "class_body"), None)
        whole = not self.annotations(self.classes[owner])
        if body is None:
            return [], whole
        others = any(child.type == "secondary_constructor" for child in body.named_children)
        return [child for child in body.named_children if child.type == "anonymous_initializer"], whole and not others

    def runs_once(self, method: Node) -> bool:
        return method.type == "anonymous_initializer"

    def runs_at_once(self, node: Node) -> bool:
        call = self._call_of(node)
        return call is not None and self.text(call.name) in _SCOPED

    # Where it stands

    def scope(self, node: Node) -> Scope:
        functions: list[str] = []
        classes: list[str] = []
        told: tuple[str, ...] = ()
        parameters = ""
        in_loop = guarded = False
        handler = ""
        current: Node | None = node.parent
        while current is not None:
            kind = current.type
            if kind in _LAMBDAS:
                call = self._call_of(current)
                name = self.text(call.name) if call is not None else ""
                if name not in _SCOPED:
                    functions.append("lambda")
                    guarded = guarded or name in ("lazy", "computeIfAbsent", "getOrPut", "synchronized")
                    handler = handler or self._route(call)
            elif kind in _BODIES:
                label = self.text(current.child_by_field_name("name")) or "init"
                functions.append(label)
                told = told or tuple(self.annotations(current))
                holder = next(
                    (child for child in current.named_children if child.type == "function_value_parameters"), None
                )
                parameters = parameters or self.text(holder)
                bases = self.text(self.ancestor(current, _CLASSES))[:400]
                if not is_behind_damage(node, current):
                    handler = handler or handler_kind(label, parameters, self.annotations(current), bases)
            elif kind in _CLASSES:
                classes.append(self.text(current.child_by_field_name("name")))
            elif kind in _LOOPS and not functions:
                in_loop = True
            elif kind == "if_expression" and not functions:
                guarded = guarded or bool(MISSING.search(self.text(current.child_by_field_name("condition"))))
            elif kind == "binary_expression" and not functions:
                guarded = guarded or any(child.type == "?:" for child in current.children)
            current = current.parent
        returned = node.parent is not None and node.parent.type == "return_expression"
        return Scope(tuple(functions), told, (parameters,), tuple(classes), in_loop, guarded, returned, handler=handler)

    def _route(self, call: Invocation | None) -> str:
        """Ktor: ``get("/x") { … }`` inside of ``routing``."""
        if (
            call is None
            or call.receiver is not None
            or self.text(call.name) not in ("get", "post", "put", "delete", "patch")
        ):
            return ""
        server = any(name.startswith("io.ktor.server") for name in (*self.statics.values(), *self.imports.values()))
        return "route" if server and call.arguments and call.arguments[0].type == "string_literal" else ""


def _value(argument: Node) -> Node:
    """An argument without its name."""
    return argument.named_children[-1] if argument.named_children else argument
