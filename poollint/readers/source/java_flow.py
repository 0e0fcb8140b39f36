"""What becomes of an object in a file of Java or Kotlin: what is set on it, and where it leaves the file's sight."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.readers.source.java_setters import CLOSES, JvmSetters
from poollint.readers.source.java_syntax import PROPERTIES, Invocation, Variable, inside

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.readers.source.values import Call

MAX_HANDS = 4  # how far an object is followed from method to method
MAX_MENTIONS = 400
_LOGS = re.compile(r"(?:^|\.)_?(?:log|logger|out|err)$", re.IGNORECASE)
# what is declared as one of these has no setters to the eye of whoever gets it
_BARE = frozenset(
    "DataSource CloseableHttpClient HttpClient OkHttpClient Pool Object Any Closeable AutoCloseable Closable Call.Factory "
    "HttpClientConnectionManager ClientHttpRequestFactory JedisConnectionFactory Connection MongoClient".split()
)
_TAKERS = frozenset("setDataSource dataSource connect using bind rebind put putIfAbsent add register of close".split())
_BEANS = frozenset("Bean Produces Provides Singleton ApplicationScoped".split())
# methods that keep what they are given
_KEEPS = re.compile(r"(?:put|add|register|set|store|save|cache|keep|offer|push|compute|replace|getOrPut|of$|merge)")
_RESOURCES = frozenset(("resource",))


class JvmFlow(JvmSetters):
    """Follows a variable through its method, its class, and the methods of the file that it is handed to."""

    def follow(self, call: Call, variable: Variable, origin: Node, *, ended: bool, depth: int = 0) -> None:
        """All that is done with an object through a variable: setters are read, anything else may set more."""
        consumed: set[int] = set()  # the methods that have used the object: what they set later comes too late
        if len(self.mentions_in(variable.name, variable.scope)) > MAX_MENTIONS:
            call.touched = True
            return
        users = self._users(variable) if variable.kind == "field" else set()
        for expression in self.references(variable):
            if inside(expression, origin) or inside(origin, expression) or self._is_target(expression):
                continue
            if variable.kind == "local" and expression.start_byte < origin.end_byte:
                continue
            if ended and not call.callee.endswith("DataSource"):
                self._only_closes(call, expression)
                continue
            method = self.method(expression)
            home = method.id if method is not None else 0
            certain = self._certain(expression, origin, variable, users) and home not in consumed
            if self.mention(call, expression, certain, depth) and not self._deferred(expression, method):
                consumed.add(home)

    def _deferred(self, expression: Node, method: Node | None) -> bool:
        """Whether a lambda holds a place, which runs whenever somebody calls it."""
        inner = self.ancestor(expression, self.lambdas_of)
        return inner is not None and not self.runs_at_once(inner) and (method is None or inside(inner, method))

    def _only_closes(self, call: Call, expression: Node) -> None:
        used = self.called_on(self.outward(expression))
        if used is not None and self.text(used.name) in CLOSES:
            self.closes(call, self.text(used.name), used.node)
        self.kept(call, self.outward(expression))

    def kept(self, call: Call, outer: Node) -> None:
        """Note where a result is stored for later, or closed when its block ends."""
        given = self.given_to(outer)
        taker = self.invocation(given[0]) if given is not None else None
        holder = self.target(outer)
        if taker is not None and _KEEPS.match(self.text(taker.name)):
            call.used["stored"] = True
        if holder is not None and holder[0] == "assigned":
            variable = self.variable(self.text(holder[1]), outer)
            call.used["stored"] = call.used["stored"] or variable is None or variable.kind == "field"
        if outer.parent is not None and outer.parent.type in _RESOURCES:
            self.closes(call, "close", outer)

    def _is_target(self, expression: Node) -> bool:
        parent = expression.parent
        return parent is not None and parent.child_by_field_name("left") == expression

    def _users(self, variable: Variable) -> set[int]:
        """The methods that hand a field's object on, when it is just one: what they set before is set for sure."""
        found: set[int] = set()
        for expression in self.references(variable):
            method = self.method(expression)
            if method is not None and self.given_to(self.outward(expression)) is not None:
                found.add(method.id)
        return found if len(found) == 1 else set()

    def _certain(self, expression: Node, origin: Node, variable: Variable, users: set[int]) -> bool:
        """Whether a statement surely runs on the object before it is used."""
        if variable.kind != "field":
            return not self.conditional(expression, origin)
        method, home = self.method(expression), self.method(origin)
        if method is None or method == home:
            return not self.conditional(expression, origin)
        if home is None and self.runs_once(method):
            return not self.conditional(expression, method)
        return method.id in users and not self.conditional(expression, method)

    def mention(self, call: Call, expression: Node, certain: bool, depth: int) -> bool:
        """One mention of an object; whether it is used up by it, so that what is set later comes too late."""
        assigned = self.assignment_to(expression)
        if assigned is not None:
            self.record(call, assigned[0], [assigned[1]], certain=certain)
            return False
        held = self.indexed_by(expression) if call.callee == PROPERTIES else None
        if held is not None:
            self.put(call, "set", [*held], certain)
            return False
        if self.called_on(self.outward(expression)) is not None:
            outer, end = self.chain(call, expression, certain=certain)
            if not end and is_builder(call.callee) and self.target(self.outward(outer)) is None:
                return self.escape(call, outer, depth)
            return end in ("built", "used")
        return self.escape(call, expression, depth)

    def escape(self, call: Call, expression: Node, depth: int = 0) -> bool:
        """An object that is handed on where it stands; whether it is used."""
        outer = self.outward(expression)
        given = self.given_to(outer)
        if given is not None:
            return self._given(call, outer, given, depth)
        method = self.returned_by(outer)
        if method is not None:
            if not self._returns_plain(call, method):
                call.touched = True
            return True
        holder = self.target(outer)
        if holder is not None:
            name = self.text(holder[1]).rpartition(".")[2]
            variable = self.variable(name, expression) or self.own_field(name, expression)
            call.used["stored"] = call.used["stored"] or variable is None or variable.kind == "field"
            if variable is None or is_open(variable.type):
                call.touched = True
            return False
        if not self.is_statement(outer):
            call.touched = True
        return False

    def _returns_plain(self, call: Call, method: Node) -> bool:
        """Whether whoever gets the result cannot set more on it."""
        told = self.annotations(method)
        if "ConfigurationProperties" in told:
            return False
        if self.type_of(method).rpartition(".")[2] in _BARE:
            return True
        return call.callee.endswith("DataSource") and not _BEANS.isdisjoint(told)

    def _given(self, call: Call, outer: Node, given: tuple[Node, int], depth: int) -> bool:
        taker = self.invocation(given[0])
        if taker is None:
            call.touched = True
            return True
        name = self.text(taker.name)
        if taker.receiver is not None and _LOGS.search(self.text(taker.receiver)):
            return False
        if call.callee == PROPERTIES and name[:1].isupper():
            return True  # what is made of them reads them
        if self._takes_as_it_is(call, taker):
            self._product(call, taker)
            return True
        if _KEEPS.match(name):
            call.used["stored"] = True
        if call.callee.endswith("DataSource") and (
            name in _TAKERS or (name[:1].isupper() and name not in self.classes)
        ):
            return True
        inner = self.methods.get(name, [])
        if len(inner) == 1 and depth < MAX_HANDS and self._is_own(taker):
            parameters = self.parameters(inner[0])
            if given[1] < len(parameters):
                certain = not self.conditional(outer, given[0])
                self._in_method(call, parameters[given[1]], certain, depth + 1)
                return False
        call.touched = True
        return False

    def _is_own(self, call: Invocation) -> bool:
        receiver = self.text(call.receiver)
        return receiver in ("", "this") or receiver in self.classes

    def parameters(self, method: Node) -> list[Variable]:
        """The parameters of a method as variables, in order."""
        found = [each for several in self.variables.values() for each in several if each.kind == "parameter"]
        return sorted((each for each in found if each.scope == method), key=lambda each: each.node.start_byte)

    def _in_method(self, call: Call, parameter: Variable, certain: bool, depth: int) -> None:
        """What a method of the file does with an object that it is given."""
        if parameter.values != [None]:
            call.touched = True
            return
        for expression in self.references(parameter):
            sure = certain and not self.conditional(expression, parameter.node)
            self.mention(call, expression, sure, depth)

    def _takes_as_it_is(self, call: Call, taker: Invocation) -> bool:
        """A library's own method or constructor: it takes the object, and leaves its settings alone."""
        family = library(call.callee)
        names = self.names_of(taker)
        if any(name.startswith(family + ".") and (self.wants(name) or name in self.imports.values()) for name in names):
            return True
        root = taker
        while root.receiver is not None:
            inner = self.invocation(self.inward(root.receiver))
            if inner is None:
                break
            root = inner
        if root is not taker and any(name.startswith(family + ".") for name in self.names_of(root) if self.wants(name)):
            return True
        variable = self.variable(self.text(root.receiver), root.node) if root.receiver is not None else None
        return variable is not None and any(
            name.startswith(family + ".") for name in self.resolve(variable.type) if name in self._imported()
        )

    def _imported(self) -> set[str]:
        known = set(self.imports.values())
        for kind in list(self.variables.values()):
            for each in kind:
                known.update(name for name in self.resolve(each.type) if name.rpartition(".")[0] in self.packages)
        return known

    def _product(self, call: Call, taker: Invocation) -> None:
        """``ds = new HikariDataSource(config)``: what is set on it makes the configuration's values uncertain."""
        outer = self.outward(taker.node)
        holder = self.target(outer)
        name = self.text(holder[1]).rpartition(".")[2] if holder is not None else ""
        variable = self.variable(name, taker.node) if name else None
        self.kept(call, outer)
        if variable is None:
            if self._handed_out(outer) and not self.callee(taker):
                call.touched = True  # whoever gets it can set it up further
            return
        for expression in self.references(variable):
            on = self.called_on(self.outward(expression))
            method = self.text(on.name) if on is not None else ""
            if on is not None and method in CLOSES:
                self.closes(call, method, on.node)
            elif on is not None and method.startswith("set") and on.arguments:
                self.record(call, on.name, on.arguments, certain=False)
            self.kept(call, self.outward(expression))
            if on is None and self._handed_out(expression) and not self.callee(taker):
                call.touched = True
        if variable.kind == "field":
            call.used["stored"] = True

    def _handed_out(self, expression: Node) -> bool:
        """Whether a method gives an object back by its own class."""
        method = self.returned_by(self.outward(expression))
        return method is not None and is_open(self.type_of(method))


def is_open(declared: str) -> bool:
    """Whether what is declared as a type can be set on by whoever sees it."""
    return declared.rpartition(".")[2] not in _BARE


def library(callee: str) -> str:
    """What the names of a class's library begin with: ``com.zaxxer``, ``okhttp3``."""
    packages = [part for part in callee.split(".") if part[:1].islower()]
    return ".".join(packages[:2])


def is_builder(callee: str) -> bool:
    """Whether what a call makes is a builder, whose methods give it back."""
    last = callee.rpartition(".")[2]
    return last.endswith("Builder") or last[:1].islower()
