"""What a file of Java or Kotlin names: its calls, variables and classes, in words that the two languages share.

The languages say how these look in their trees; ``java_setters``, ``java_flow`` and ``java_calls`` tell what they mean.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree
    from poollint.readers.source.values import Call, Folded, Scope

# a condition that asks whether something was made before
MISSING = re.compile(
    r"== null|null ==|contains|isEmpty|isPresent|isClosed|isInitialized|!\s*\w*(?:[iI]nit|[rR]eady|[sS]tarted)"
)
MAX_STEPS = 300_000  # looks at a node on the way up or down, over a whole file
PROPERTIES = "java.util.Properties"
SPRING_BUILDERS = (
    "org.springframework.boot.jdbc.DataSourceBuilder.create",
    "org.springframework.boot.autoconfigure.jdbc.DataSourceBuilder.create",
)
# of Spring's DataSourceProperties: a builder that has the URL and the login of the configuration
BOUND = "initializeDataSourceBuilder"


class TooMuchError(Exception):
    """A file is nested too deep, or repeats itself too often."""


class Invocation(NamedTuple):
    """A call: of a method or of a constructor. ``body`` is what stands in braces behind it."""

    node: Node
    receiver: Node | None
    name: Node
    arguments: list[Node]
    body: Node | None = None


class Variable:
    """A local, a parameter or a field: where it can be seen, and every value that it is given (None: not to be told)."""

    __slots__ = ("annotated", "final", "kind", "name", "node", "owner", "private", "scope", "type", "values")

    def __init__(self, name: str, kind: str, node: Node, scope: Node) -> None:
        self.name = name
        self.kind = kind
        self.node = node
        self.scope = scope
        self.type = ""
        self.owner = ""
        self.final = False
        self.private = False
        self.annotated = False
        self.values: list[Node | None] = []


class JvmSyntax:
    """One file: what its names mean, and the constructions in it."""

    methods_of: frozenset[str] = frozenset()
    lambdas_of: frozenset[str] = frozenset()
    classes_of: frozenset[str] = frozenset()
    loops_of: frozenset[str] = frozenset()
    branches_of: frozenset[str] = frozenset()

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.wants: Callable[[str], Any] = bool
        self.imports: dict[str, str] = {}
        self.packages: list[str] = []
        self.package = ""
        self.statics: dict[str, str] = {}
        self.classes: dict[str, Node] = {}
        self.bases: dict[str, str] = {}
        self.methods: dict[str, list[Node]] = {}
        self.variables: dict[str, list[Variable]] = {}
        self.mentions: dict[str, list[Node]] = {}
        self.sites: list[Node] = []
        self._built: dict[int, Call] = {}
        self._steps = 0
        try:
            self.collect()
        except TooMuchError:
            self.sites = []
        self._steps = 0

    # What a language tells

    def collect(self) -> None:
        raise NotImplementedError

    def invocation(self, node: Node | None) -> Invocation | None:
        """A call as its parts; None for any other node."""
        raise NotImplementedError

    def reference(self, node: Node) -> Node | None:
        """The expression by which an identifier speaks of a variable (``x``, ``this.x``); None when it does not."""
        raise NotImplementedError

    def outward(self, node: Node) -> Node:
        """The expression in its parentheses and casts."""
        raise NotImplementedError

    def given_to(self, node: Node) -> tuple[Node, int] | None:
        """The call that an expression is an argument of, and which."""
        raise NotImplementedError

    def target(self, node: Node) -> tuple[str, Node] | None:
        """The variable that an expression is the value of, as ("declared" or "assigned", its name)."""
        raise NotImplementedError

    def is_statement(self, node: Node) -> bool:
        """Whether nobody takes an expression's value, or only to look at it."""
        raise NotImplementedError

    def returned_by(self, node: Node) -> Node | None:
        """The method that gives an expression back, or the lambda whose value it is."""
        raise NotImplementedError

    def type_of(self, method: Node) -> str:
        raise NotImplementedError

    def annotations(self, node: Node | None) -> list[str]:
        raise NotImplementedError

    def within(self, body: Node) -> Iterator[tuple[Node, list[Node], Node]]:
        """(name, arguments, place) of what a body sets on the object that it belongs to."""
        raise NotImplementedError

    def assignment_to(self, _expression: Node) -> tuple[Node, Node] | None:
        """(name, value) of ``expression.name = value``."""
        return None

    def indexed_by(self, _expression: Node) -> tuple[Node, Node] | None:
        """(key, value) of ``expression[key] = value``."""
        return None

    def handed_lambda(self, _call: Invocation) -> tuple[str, Node] | None:
        """(name of its parameter, lambda) of a scope function such as ``also``."""
        return None

    def initialisers(self, owner: str) -> tuple[list[Node], bool]:
        """The bodies that run when a class of the file is made; whether that is all of it."""
        raise NotImplementedError

    def scope(self, node: Node) -> Scope:
        raise NotImplementedError

    def fold(self, node: Node | None, depth: int = 0) -> Folded:
        raise NotImplementedError

    def text(self, node: Node | None) -> str:
        return self.tree.text(node)

    # Names

    def resolve(self, name: str) -> list[str]:
        """The canonical names that a type's name may have."""
        first, dot, rest = name.partition(".")
        if not first:
            return []
        if first in self.imports:
            return [self.imports[first] + dot + rest]
        if first in self.classes:
            return self.resolve(self.bases[first]) if not rest and self.bases.get(first, first) != first else []
        if dot and first[0].islower():
            return [name]
        own = [f"{self.package}.{name}"] if self.package else []
        return [*own, *(f"{package}.{name}" for package in self.packages)]

    def callee(self, call: Invocation) -> str:
        """The canonical name of what is called, when somebody looks for it."""
        for name in self.names_of(call):
            if self.wants(name) or name == PROPERTIES or name in SPRING_BUILDERS:
                return name
        return SPRING_BUILDERS[0] if self.text(call.name) == BOUND else ""

    def names_of(self, call: Invocation) -> list[str]:
        raise NotImplementedError

    def variable(self, name: str, at: Node) -> Variable | None:
        """The variable that a name means at a place: the innermost whose scope holds it."""
        best = None
        for each in self.variables.get(name, ()):
            if not inside(at, each.scope):
                continue
            if each.kind == "local" and at.start_byte < each.node.start_byte:
                continue
            if best is None or inside(each.scope, best.scope):
                best = each
        return best

    def own_field(self, name: str, at: Node) -> Variable | None:
        """The field that ``this.name`` is."""
        found = [each for each in self.variables.get(name, ()) if each.kind == "field" and inside(at, each.scope)]
        return min(found, key=lambda each: each.scope.end_byte - each.scope.start_byte) if found else None

    def field(self, owner: str, name: str) -> Variable | None:
        found = [each for each in self.variables.get(name, ()) if each.kind == "field" and owner in ("", each.owner)]
        return found[0] if len(found) == 1 else None

    def declare(self, variable: Variable, value: Node | None) -> None:
        if value is not None:
            variable.values.append(value)
        self.variables.setdefault(variable.name, []).append(variable)

    def ancestor(self, node: Node, kinds: frozenset[str]) -> Node | None:
        current = node.parent
        while current is not None and current.type not in kinds:
            current = current.parent
            self.step()
        return current

    def step(self) -> None:
        """Count what is looked at, so that a file made to be slow is left alone. TooMuchError then."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TooMuchError

    def method(self, node: Node) -> Node | None:
        """The method that a node stands in, lambdas not counted."""
        return self.ancestor(node, self.methods_of)

    # Where things stand

    def runs_once(self, method: Node) -> bool:
        """Whether a method is an initialiser, or a class's only constructor."""
        raise NotImplementedError

    def conditional(self, node: Node, origin: Node) -> bool:
        """Whether a statement may not run where another does, or may run in an order of its own."""
        current = node.parent
        while current is not None and not inside(origin, current):
            self.step()
            if current.type in self.branches_of or current.type in self.loops_of:
                return True
            if current.type in self.lambdas_of and not self.runs_at_once(current):
                return True
            current = current.parent
        return False

    def runs_at_once(self, _lambda: Node) -> bool:
        return False

    def inward(self, node: Node) -> Node:
        return node

    def cast_of(self, node: Node) -> str:
        """The type that an expression is cast to."""
        raise NotImplementedError

    def mentions_in(self, name: str, scope: Node) -> list[Node]:
        """Where a name stands in a part of the file."""
        return between(self.mentions.get(name, []), scope)

    def references(self, variable: Variable) -> Iterator[Node]:
        """The expressions that speak of a variable, in the order of the text."""
        for mention in self.mentions_in(variable.name, variable.scope):
            expression = self.reference(mention)
            if expression is None:
                continue
            own = expression.type == mention.type
            found = self.variable(variable.name, mention) if own else variable if variable.kind == "field" else None
            if found is variable:
                yield expression


def between(nodes: list[Node], outer: Node) -> list[Node]:
    """Those of some nodes, which are in the order of the text, that stand in another."""
    first = bisect_left(nodes, outer.start_byte, key=lambda node: node.start_byte)
    return nodes[first : bisect_left(nodes, outer.end_byte, key=lambda node: node.start_byte)]


def inside(node: Node, outer: Node) -> bool:
    return outer.start_byte <= node.start_byte and node.end_byte <= outer.end_byte
