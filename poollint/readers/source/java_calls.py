"""The constructions in a file of Java or Kotlin that somebody looks for, each with all that is set on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN
from poollint.readers.source.java_checkouts import checkouts
from poollint.readers.source.java_flow import JvmFlow, is_open
from poollint.readers.source.java_syntax import BOUND, PROPERTIES, SPRING_BUILDERS, Invocation, TooMuchError, Variable
from poollint.readers.source.values import Call, Entry, Folded, Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

MAX_CALLS = 1000
# static methods that make a client as it will be
_READY = frozenset("createDefault newHttpClient".split())


class JvmFile(JvmFlow):
    """One file: what its names mean, and the constructions in it."""

    def calls(self) -> Iterator[Call]:
        """Every construction that somebody looks for, and every class that is one and is not made in the file."""
        try:
            yield from self._calls()
        except TooMuchError:
            return

    def _calls(self) -> Iterator[Call]:
        made: set[str] = set()
        for node in self.sites:
            site = self.invocation(node)
            callee = self.callee(site) if site is not None else ""
            if site is None or not callee or callee == PROPERTIES or len(self._built) > MAX_CALLS:
                continue
            made.add(self.text(site.name))
            call = self.build(site, callee)
            if call is not None and self.wants(call.callee) and not self._holds_another(call):
                yield call
        yield from self._subclasses(made)
        yield from self._handed()
        yield from checkouts(self)

    def _holds_another(self, call: Call) -> bool:
        """Whether its settings are those of an object that it is given, and that is told of by itself."""
        found = self.wants(call.callee)
        given = found[0].given if found else ()
        values = [*call.positional, *(entry.value for entry in call.later.values())]
        return any(isinstance(each.value, Made) and each.value.call.callee in given for each in values)

    def _subclasses(self, made: set[str]) -> Iterator[Call]:
        for name, node in self.classes.items():
            callee = next((each for each in self.resolve(name) if self.wants(each)), "")
            label = node.child_by_field_name("name") or node
            if not callee or name in made:
                continue
            call = Call(callee, self.tree.place(label))
            call.name = name
            call.scope = self.scope(node)
            call.touched = True
            self._initialised(call, name)
            if call.later:
                yield call

    def _handed(self) -> Iterator[Call]:
        """What a method sets on an object that it is given from out of sight."""
        known = {self.text(site.name) for site in map(self.invocation, self.sites) if site is not None}
        parameters = [each for several in self.variables.values() for each in several if each.kind == "parameter"]
        for variable in sorted(parameters, key=lambda each: each.node.start_byte):
            callee = (
                next((each for each in self.resolve(variable.type) if self.wants(each)), "") if variable.type else ""
            )
            if not callee or not self.wants(callee)[0].handed or len(variable.values) != 1:
                continue
            if self.text(variable.scope.child_by_field_name("name")) in known or self._is_given_on(variable):
                continue  # told of where the object is made, or where the pool is
            call = Call(callee, self.tree.place(variable.node))
            call.name = variable.name
            call.scope = self.scope(variable.node)
            call.touched = True
            call.used = {"closed": False, "stored": False, "methods": []}
            for expression in self.references(variable):
                self.mention(call, expression, not self.conditional(expression, variable.node), MAX_CALLS)
            if call.later:
                yield call

    def _is_given_on(self, variable: Variable) -> bool:
        """Whether something that somebody looks for is made of a parameter."""
        given = (self.given_to(self.outward(expression)) for expression in self.references(variable))
        takers = (self.invocation(each[0]) for each in given if each is not None)
        return any(taker is not None and self.callee(taker) for taker in takers)

    def build(self, site: Invocation, callee: str) -> Call | None:
        """The call that a construction is, with all that is set on its result."""
        found = self._built.get(site.node.id)
        if found is not None:
            return found
        if callee in SPRING_BUILDERS:
            return self._spring(site)
        call = self._built[site.node.id] = Call(callee, self.tree.place(site.node))
        self._start(call, site)
        if not call.broken:
            self._finish(call, site.node)
        return call

    def _start(self, call: Call, site: Invocation) -> None:
        call.scope = self.scope(site.node)
        call.broken = site.node.has_error
        outer = self.method(site.node) or self.ancestor(site.node, self.classes_of)
        call.touched = outer is not None and outer.has_error
        call.used = {"closed": False, "stored": False, "methods": []}
        if self.in_test(site.node):
            call.used["in_test"] = True
        if call.broken:
            return
        call.positional = self.folded(site.arguments)
        call.complete = self._plain(call)
        self._told_elsewhere(call, site)
        name = self.text(site.name)
        if name in self.classes:
            self._initialised(call, name)
        if site.body is not None:
            self._body(call, site.body)
        found = self.wants(call.callee)
        if found and found[0].given and call.positional:
            call.used["runs"] = True  # it works already: what is set on it now is not checked as a configuration is

    def _told_elsewhere(self, call: Call, site: Invocation) -> None:
        """``new HikariDataSource(config)`` of a configuration that comes from elsewhere: what is set on it here."""
        found = self.wants(call.callee)
        given = found[0].given if found else ()
        if not given or not site.arguments or call.positional[0].value is not UNKNOWN:
            return
        name = self.text(site.arguments[0]).removeprefix("this.")
        variable = self.variable(name, site.node)
        if variable is None or not set(self.resolve(variable.type)) & set(given) or len(variable.values) > 1:
            return
        method, value = self.method(site.node), variable.values[0] if variable.values else None
        if method is None or (value is not None and self.method(value) != method):
            return
        origin = value or variable.node
        for expression in self.references(variable):
            late = expression.start_byte > site.node.start_byte
            if self.method(expression) == method and not late and not self._is_target(expression):
                sure = not self.conditional(expression, origin if variable.kind != "field" else method)
                self.mention(call, expression, sure, 0)

    def _plain(self, call: Call) -> bool:
        """Whether the arguments hold no settings that cannot be seen."""
        found = self.wants(call.callee)
        room = len(found[0].positional) if found else 0
        options = found[0].options if found else ""
        for at, each in enumerate(call.positional):
            if at >= room and at != options and each.value is UNKNOWN and not each.plain:
                return False
        return True

    def in_test(self, node: Node) -> bool:
        """Whether a method that a test framework calls holds a node."""
        current: Node | None = node
        while current is not None:
            if current.type in self.methods_of and any(
                each in ("Test", "BeforeEach", "Before", "BeforeAll", "BeforeClass", "AfterEach", "ParameterizedTest")
                for each in self.annotations(current)
            ):
                return True
            current = current.parent
        return False

    def _initialised(self, call: Call, owner: str) -> None:
        """What a class of the file sets on itself."""
        bodies, whole = self.initialisers(owner)
        call.touched = call.touched or not whole
        for body in bodies:
            self._body(call, body)

    def _body(self, call: Call, body: Node) -> None:
        for name, arguments, node in self.within(body):
            if node.has_error:
                call.touched = True
            self.record(call, name, arguments, certain=not self.conditional(node, body))

    def _finish(self, call: Call, node: Node) -> None:
        """Follow the chain of calls on a result, then what holds it."""
        outer, end = self.chain(call, node, certain=True)
        ended = end == "built" or call.callee.rpartition(".")[2] in _READY
        if outer.has_error:
            call.broken = True
            return
        if end in ("used", "read"):
            return
        holder = self.target(self.outward(outer))
        if holder is None:
            if not ended or call.callee.endswith("DataSource"):
                self.escape(call, outer)
            self._kept_by_caller(call, outer)
            return
        how, name = holder
        self.kept(call, self.outward(outer))
        self._held(call, node, how, name, ended)

    def _held(self, call: Call, node: Node, how: str, name: Node, ended: bool) -> None:
        label = self.text(name)
        call.name = label.rpartition(".")[2]
        variable = self.variable(call.name, node) if "." not in label else self.own_field(call.name, node)
        if variable is None:
            call.touched = call.touched or not ended
            call.used["stored"] = how == "assigned"
            return
        if variable.kind == "field" and how == "assigned":
            call.used["stored"] = True
        self._annotated(call, node)
        if len(variable.values) != 1 or variable.kind == "parameter":
            call.touched = call.touched or not ended
            return
        if variable.kind == "field" and not variable.private and not ended and is_open(variable.type):
            call.touched = True
        if ended and variable.annotated:
            call.touched = True
        self.follow(call, variable, node, ended=ended)

    def _annotated(self, call: Call, node: Node) -> None:
        """``@ConfigurationProperties`` on the method fills in more from the configuration."""
        if "ConfigurationProperties" in self.annotations(self.method(node)):
            call.touched = True

    def _kept_by_caller(self, call: Call, outer: Node) -> None:
        self._annotated(call, outer)
        self.kept(call, self.outward(outer))

    # Spring

    def _spring(self, site: Invocation) -> Call | None:
        """``DataSourceBuilder.create().type(HikariDataSource.class)…build()``: the class that it names."""
        built: Node = site.node
        kind = ""
        named: list[tuple[Node, list[Node]]] = []
        while True:
            on = self.called_on(self.outward(built))
            if on is None:
                break
            name = self.text(on.name)
            built = on.node
            if name == "type" and len(on.arguments) == 1:
                kind = class_literal(self.text(on.arguments[0]))
            elif name == "build":
                break
            elif on.arguments:
                named.append((on.name, on.arguments))
        kind = kind or self.cast_of(built)
        product = next((name for name in self.resolve(kind) if self.wants(name)), "") if kind else ""
        if not product:
            return None
        call = self._built[site.node.id] = Call(product, self.tree.place(site.node))
        self._start(call, site)
        if self.text(site.name) == BOUND:
            place = self.tree.place(site.name)
            for name in ("url", "username", "password", "driverClassName"):
                call.later[name] = Entry(place, Folded(UNKNOWN, place))
        for name_node, arguments in named:
            self.record(call, name_node, arguments, certain=True)
        if not call.broken:
            self._finish(call, built)
        return call


def class_literal(text: str) -> str:
    return re.sub(r"(?:\.class|::class(?:\.java)?)$", "", text)
