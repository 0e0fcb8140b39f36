"""Java: imports, declarations, constructions and calls, as the tree of the language has them.

A canonical name is the class with its package (``com.zaxxer.hikari.HikariConfig``), of a static method the class and the
method (``java.net.http.HttpClient.newBuilder``). What becomes of an object is told by ``java_flow``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.readers.source.java_fold import JavaFolding
from poollint.readers.source.java_syntax import MISSING, Invocation, Variable, between, inside
from poollint.readers.source.values import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree
    from poollint.readers.source.java_calls import JvmFile

_BODIES = frozenset(
    "method_declaration constructor_declaration compact_constructor_declaration static_initializer".split()
)
_LAMBDAS = frozenset(("lambda_expression",))
_CLASSES = frozenset("class_declaration record_declaration enum_declaration interface_declaration".split())
_LOOPS = frozenset(("for_statement", "enhanced_for_statement", "while_statement", "do_statement"))
_BRANCHES = frozenset(
    "if_statement switch_expression switch_block_statement_group switch_rule catch_clause ternary_expression".split()
)
_BLOCKS = frozenset(
    "block switch_block_statement_group for_statement enhanced_for_statement try_with_resources_statement constructor_body "
    "lambda_expression class_body program interface_body catch_clause".split()
)
# where a value is only looked at
_LOOKS = frozenset(
    "expression_statement binary_expression instanceof_expression resource resource_specification synchronized_statement "
    "parenthesized_expression field_access".split()
)
_WRAPPERS = frozenset(("parenthesized_expression", "cast_expression"))
_ROUTES = frozenset(
    "GetMapping PostMapping PutMapping DeleteMapping PatchMapping RequestMapping MessageMapping QueryMapping "
    "MutationMapping GET POST PUT DELETE PATCH Get Post Put Delete Patch".split()
)
_SERVLET = frozenset(
    "doGet doPost doPut doDelete doPatch doHead service doFilter doFilterInternal preHandle handle".split()
)
_REQUEST = re.compile(r"\b(?:HttpServletRequest|ServletRequest|HttpExchange|RoutingContext|ServerWebExchange)\b")


def open_file(tree: SourceTree) -> JvmFile:
    """A file of Java or Kotlin."""
    if tree.language == "kotlin":
        from poollint.readers.source.kotlin import KotlinFile

        return KotlinFile(tree)
    return JavaFile(tree)


def is_behind_damage(node: Node, method: Node) -> bool:
    """Whether something before a node of a method is no syntax: a lost brace can put the next method into this one."""
    current = node
    while method.has_error and current.id != method.id and current.parent is not None:
        for each in current.parent.children:
            if each.start_byte >= current.start_byte:
                break
            if each.has_error or each.is_missing:
                return True
        current = current.parent
    return False


def handler_kind(name: str, parameters: str, annotations: list[str], bases: str) -> str:
    """What calls a method for every request: "route", "lambda"; empty when nothing is known to."""
    if not _ROUTES.isdisjoint(annotations):
        return "route"
    if name in _SERVLET and _REQUEST.search(parameters):
        return "route"
    if name == "handleRequest" and ("Context" in parameters or "RequestHandler" in bases):
        return "lambda"
    return ""


class JavaFile(JavaFolding):
    """One file of Java."""

    methods_of = _BODIES
    lambdas_of = _LAMBDAS
    classes_of = _CLASSES
    loops_of = _LOOPS
    branches_of = _BRANCHES

    # Names

    def collect(self) -> None:
        notes: dict[str, Callable[[Node], None]] = {
            "identifier": lambda node: self.mentions.setdefault(self.text(node), []).append(node),
            "object_creation_expression": self.sites.append,
            "method_invocation": self.sites.append,
            "import_declaration": self._import,
            "package_declaration": self._package,
            "variable_declarator": self._declare,
            "resource": self._declare,
            "formal_parameter": self._parameter,
            "catch_formal_parameter": self._parameter,
            "spread_parameter": self._parameter,
            "enhanced_for_statement": self._parameter,
            "lambda_expression": self._lambda,
            "method_declaration": self._method,
            "constructor_declaration": self._method,
            **dict.fromkeys(_CLASSES, self._class),
        }
        assigned: list[Node] = []
        for node in self.tree.walk():
            note = notes.get(node.type)
            if note is not None:
                note(node)
            elif node.type in ("assignment_expression", "update_expression"):
                assigned.append(node)
        for node in assigned:
            self._assign(node, node.child_by_field_name("right"))

    def _package(self, node: Node) -> None:
        self.package = self.text(node).removeprefix("package").strip().rstrip(";").strip()

    def _method(self, node: Node) -> None:
        self.methods.setdefault(self.text(node.child_by_field_name("name")), []).append(node)

    def _import(self, node: Node) -> None:
        name = self.text(node).removeprefix("import").strip().rstrip(";").strip()
        static = name.startswith("static ")
        name = re.sub(r"\s+", "", name.removeprefix("static "))
        if name.endswith(".*"):
            if static:
                self.statics[name] = name[:-2]
            else:
                self.packages.append(name[:-2])
        elif static:
            self.statics[name.rpartition(".")[2]] = name
        else:
            self.imports[name.rpartition(".")[2]] = name

    def _class(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        self.classes[name] = node
        base = node.child_by_field_name("superclass")
        if base is not None and base.named_children:
            self.bases[name] = self._type(base.named_children[0])

    def _type(self, node: Node | None) -> str:
        return re.sub(r"<.*", "", self.text(node), flags=re.S).strip()

    def _declare(self, node: Node) -> None:
        holder = node if node.type == "resource" else node.parent
        name = node.child_by_field_name("name")
        if holder is None or name is None:
            return
        is_field = holder.type in ("field_declaration", "constant_declaration")
        scope = self.ancestor(holder, _BLOCKS)
        if scope is None:
            return
        variable = Variable(self.text(name), "field" if is_field else "local", name, scope)
        variable.type = self._type(holder.child_by_field_name("type"))
        words = self._words(holder)
        variable.final = not is_field or "final" in words or holder.type == "constant_declaration"
        variable.private = "private" in words
        variable.annotated = is_field and any(
            each not in ("Nullable", "SuppressWarnings") for each in self.annotations(holder)
        )
        if is_field:
            owner = self.ancestor(holder, _CLASSES)
            variable.owner = self.text(owner.child_by_field_name("name")) if owner is not None else ""
        value = node.child_by_field_name("value")
        self.declare(variable, None if value is None or value.type == "null_literal" else value)

    def _words(self, node: Node) -> list[str]:
        modifiers = next((child for child in node.children if child.type == "modifiers"), None)
        return [child.type for child in modifiers.children] if modifiers is not None else []

    def _parameter(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        loop = node.type == "enhanced_for_statement"
        scope = node if loop else self.ancestor(node, _BODIES | _LAMBDAS | {"catch_clause"})
        if name is None or scope is None:
            return
        variable = Variable(self.text(name), "local" if loop else "parameter", name, scope)
        variable.type = self._type(node.child_by_field_name("type"))
        variable.values.append(None)
        self.declare(variable, None)

    def _lambda(self, node: Node) -> None:
        parameters = node.child_by_field_name("parameters")
        if parameters is None or parameters.type == "formal_parameters":
            return
        for each in [parameters] if parameters.type == "identifier" else parameters.named_children:
            if each.type == "identifier":
                variable = Variable(self.text(each), "parameter", each, node)
                variable.values.append(None)
                self.declare(variable, None)

    def _assign(self, node: Node, value: Node | None) -> None:
        left = node.child_by_field_name("left") or (node.named_children[0] if node.named_children else None)
        if left is None:
            return
        name, own = self.text(left), False
        if left.type == "field_access":
            own = self.text(left.child_by_field_name("object")) in ("this", *self.classes)
            name = self.text(left.child_by_field_name("field"))
            if not own:
                return
        variable = self.own_field(name, left) if own else self.variable(name, left)
        if variable is None or (value is not None and value.type == "null_literal"):
            return
        if value is not None and self._itself(value, name):
            return  # b = b.timeout(3) is the same object still
        plain = node.type == "assignment_expression" and self.text(node.child_by_field_name("operator")) == "="
        variable.values.append(value if plain else None)

    def _itself(self, value: Node, name: str) -> bool:
        root: Node | None = value
        while root is not None and root.type == "method_invocation":
            root = root.child_by_field_name("object")
        return root is not None and root != value and self.text(root) == name

    # Syntax

    def invocation(self, node: Node | None) -> Invocation | None:
        if node is None:
            return None
        if node.type == "method_invocation":
            name = node.child_by_field_name("name")
            return Invocation(node, node.child_by_field_name("object"), name, _arguments(node)) if name else None
        if node.type == "object_creation_expression":
            name = node.child_by_field_name("type")
            if name is None:
                return None
            if name.type == "generic_type" and name.named_children:
                name = name.named_children[0]
            body = next((child for child in node.named_children if child.type == "class_body"), None)
            return Invocation(node, None, name, _arguments(node), body)
        return None

    def names_of(self, call: Invocation) -> list[str]:
        name = self.text(call.name)
        if call.node.type == "object_creation_expression":
            return self.resolve(re.sub(r"\s", "", name))
        if call.receiver is None:
            found = self.statics.get(name)
            return [found] if found else []
        if call.receiver.type not in ("identifier", "field_access", "scoped_identifier"):
            return []
        owner = self.text(call.receiver)
        if not owner.rpartition(".")[2][:1].isupper() or self.variable(owner, call.receiver) is not None:
            return []
        return [f"{each}.{name}" for each in self.resolve(owner)]

    def reference(self, node: Node) -> Node | None:
        parent = node.parent
        if parent is None:
            return None
        kind = parent.type
        if kind == "field_access":
            if parent.child_by_field_name("object") == node:
                return node
            owner = self.text(parent.child_by_field_name("object"))
            return parent if owner == "this" or owner in self.classes else None
        if kind == "method_invocation":
            return None if parent.child_by_field_name("name") == node else node
        if kind in ("variable_declarator", "resource", "formal_parameter", "enhanced_for_statement"):
            return None if parent.child_by_field_name("name") == node else node
        if kind in (
            "method_declaration",
            "constructor_declaration",
            "marker_annotation",
            "annotation",
            "scoped_identifier",
        ):
            return None
        if kind == "lambda_expression" and parent.child_by_field_name("parameters") == node:
            return None
        return None if kind in ("inferred_parameters", "element_value_pair", "labeled_statement", *_CLASSES) else node

    def outward(self, node: Node) -> Node:
        while node.parent is not None and node.parent.type in _WRAPPERS:
            node = node.parent
        return node

    def inward(self, node: Node) -> Node:
        while node.type in _WRAPPERS:
            inner = node.child_by_field_name("value") or (node.named_children[-1] if node.named_children else None)
            if inner is None:
                return node
            node = inner
        return node

    def cast_of(self, node: Node) -> str:
        parent = node.parent
        return (
            self._type(parent.child_by_field_name("type"))
            if parent is not None and parent.type == "cast_expression"
            else ""
        )

    def given_to(self, node: Node) -> tuple[Node, int] | None:
        parent = node.parent
        if parent is None or parent.type != "argument_list" or parent.parent is None:
            return None
        given = [each for each in parent.named_children if "comment" not in each.type]
        return parent.parent, next((at for at, each in enumerate(given) if each == node), 0)

    def target(self, node: Node) -> tuple[str, Node] | None:
        parent = node.parent
        if parent is None:
            return None
        if parent.type in ("variable_declarator", "resource") and parent.child_by_field_name("value") == node:
            name = parent.child_by_field_name("name")
            return ("declared", name) if name is not None else None
        if parent.type == "assignment_expression" and parent.child_by_field_name("right") == node:
            left = parent.child_by_field_name("left")
            return ("assigned", left) if left is not None else None
        return None

    def is_statement(self, node: Node) -> bool:
        parent = node.parent
        if parent is None or parent.type in _LOOKS:
            return parent is not None
        return parent.type == "assignment_expression" and parent.child_by_field_name("left") == node

    def returned_by(self, node: Node) -> Node | None:
        parent = node.parent
        if parent is not None and parent.type == "return_statement":
            return self.ancestor(node, _BODIES | _LAMBDAS)
        if parent is not None and parent.type == "lambda_expression":
            return parent
        return None

    def type_of(self, method: Node) -> str:
        if method.type in _LAMBDAS:
            holder = self.target(method)
            variable = self.variable(self.text(holder[1]), method) if holder is not None else None
            inner = (
                re.search(r"<(?:[^<>]*,)?\s*(\w+)>", self.text(variable.node.parent)) if variable is not None else None
            )
            return inner[1] if inner else ""
        return self._type(method.child_by_field_name("type"))

    def annotations(self, node: Node | None) -> list[str]:
        modifiers = (
            next((child for child in node.children if child.type == "modifiers"), None) if node is not None else None
        )
        if modifiers is None:
            return []
        return [
            self.text(each.child_by_field_name("name")).rpartition(".")[2]
            for each in modifiers.named_children
            if each.type in ("annotation", "marker_annotation")
        ]

    def within(self, body: Node) -> Iterator[tuple[Node, list[Node], Node]]:
        """The setters that a body calls on its own object: of a block, or of the blocks of an anonymous class."""
        for node in between(self.sites, body):
            if node.type != "method_invocation":
                continue
            receiver = node.child_by_field_name("object")
            name = node.child_by_field_name("name")
            if name is None or (receiver is not None and self.text(receiver) not in ("this", "super")):
                continue
            home = self.ancestor(node, frozenset(("class_body", "object_creation_expression", *_BODIES)))
            own = home in (body, body.parent) or home == self.ancestor(body, frozenset(("class_body",)))
            if own and self.text(name).startswith("set"):
                yield name, _arguments(node), node

    def initialisers(self, owner: str) -> tuple[list[Node], bool]:
        body = self.classes[owner].child_by_field_name("body")
        if body is None:
            return [], False
        makers = [child for child in body.named_children if child.type == "constructor_declaration"]
        blocks = [child for child in body.named_children if child.type == "block"]
        whole = len(makers) < 2 and not self.annotations(self.classes[owner])
        if len(makers) == 1:
            inner = makers[0].child_by_field_name("body")
            if inner is not None:
                blocks.append(inner)
                whole = whole and not any(
                    child.type == "explicit_constructor_invocation" and _arguments(child)
                    for child in inner.named_children
                )
        return blocks, whole

    def runs_once(self, method: Node) -> bool:
        if method.type == "static_initializer":
            return True
        if method.type != "constructor_declaration" or method.parent is None:
            return False
        return sum(child.type == method.type for child in method.parent.named_children) == 1

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
                functions.append("lambda")
                guarded = guarded or self._once(current)
            elif kind in _BODIES:
                name = self.text(current.child_by_field_name("name")) or "static"
                functions.append(name)
                told = told or tuple(self.annotations(current))
                parameters = parameters or self.text(current.child_by_field_name("parameters"))
                bases = self.text(self.ancestor(current, _CLASSES))[:400]
                if not is_behind_damage(node, current):
                    handler = handler or handler_kind(name, parameters, self.annotations(current), bases)
            elif kind in _CLASSES:
                classes.append(self.text(current.child_by_field_name("name")))
            elif kind in _LOOPS and not functions:
                in_loop = True
            elif kind == "if_statement" and not functions:
                guarded = guarded or bool(MISSING.search(self.text(current.child_by_field_name("condition"))))
            elif kind == "class_body" and not functions:
                functions.extend(
                    ("initialiser",) if current.parent is not None and self._in_block(node, current) else ()
                )
            current = current.parent
        returned = node.parent is not None and node.parent.type == "return_statement"
        return Scope(tuple(functions), told, (parameters,), tuple(classes), in_loop, guarded, returned, handler=handler)

    def _in_block(self, node: Node, body: Node) -> bool:
        return any(child.type == "block" and inside(node, child) for child in body.named_children)

    def _once(self, node: Node) -> bool:
        """``pools.computeIfAbsent(key, k -> new …)``."""
        given = self.given_to(node)
        call = self.invocation(given[0]) if given is not None else None
        return call is not None and self.text(call.name) in (
            "computeIfAbsent",
            "memoize",
            "lazily",
            "of",
            "updateAndGet",
        )


def _arguments(node: Node) -> list[Node]:
    arguments = node.child_by_field_name("arguments") or next(
        (child for child in node.named_children if child.type == "argument_list"), None
    )
    return [] if arguments is None else [each for each in arguments.named_children if "comment" not in each.type]
