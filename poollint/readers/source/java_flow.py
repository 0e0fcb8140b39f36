"""What becomes of an object in a file of Java or Kotlin: what is set on it, and where it leaves the file's sight.

The two languages say how their calls, names and declarations look (``Syntax``); what those mean is the same here.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN
from poollint.readers.source.java_values import paired
from poollint.readers.source.values import Call, Entry, Folded, Made, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree
    from poollint.readers.source.values import Scope

MAX_HANDS = 4  # how far an object is followed from method to method
MAX_MENTIONS = 400
MAX_CALLS = 1000
MAX_STEPS = 300_000  # looks at a node on the way up or down, over a whole file
PROPERTIES = "java.util.Properties"
SPRING_BUILDERS = (
    "org.springframework.boot.jdbc.DataSourceBuilder.create",
    "org.springframework.boot.autoconfigure.jdbc.DataSourceBuilder.create",
)
# methods that end a builder, and methods that set what cannot be seen
_ENDS = frozenset("build buildClient initializeDataSource".split())
# static methods that make a client as it will be
_READY = frozenset("createDefault newHttpClient".split())
_HIDES = re.compile(
    r"apply(?!To)|copy(?!StateTo)|load|from[A-Z]|from$|useSystemProperties|putAll|configure|"
    r"set(?:Pool)?(?:Properties|Config)$"
)
_CLOSES = frozenset("close shutdown shutdownNow destroy stop".split())
_LOGS = re.compile(r"(?:^|\.)_?(?:log|logger|out|err)$", re.IGNORECASE)
# what is declared as one of these has no setters to the eye of whoever gets it
_BARE = frozenset(
    "DataSource CloseableHttpClient HttpClient OkHttpClient Pool Object Any Closeable AutoCloseable Closable Call.Factory "
    "HttpClientConnectionManager ClientHttpRequestFactory JedisConnectionFactory Connection MongoClient".split()
)
_TAKERS = frozenset("setDataSource dataSource connect using bind rebind put putIfAbsent add register of close".split())
_BEANS = frozenset("Bean Produces Provides Singleton ApplicationScoped".split())
_KEEPERS = frozenset("put putIfAbsent computeIfAbsent getOrPut add set".split())


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


class JvmFile:
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
        return ""

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

    # Calls

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
        if self._in_test(site.node):
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
                self._mention(call, expression, sure, 0)

    def _plain(self, call: Call) -> bool:
        """Whether the arguments hold no settings that cannot be seen."""
        found = self.wants(call.callee)
        room = len(found[0].positional) if found else 0
        options = found[0].options if found else ""
        for at, each in enumerate(call.positional):
            if at >= room and at != options and each.value is UNKNOWN and not each.plain:
                return False
        return True

    def _in_test(self, node: Node) -> bool:
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

    def folded(self, arguments: list[Node]) -> list[Folded]:
        return paired([self.fold(each) for each in arguments])

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
        self._follow(call, variable, node, ended=ended)

    def _annotated(self, call: Call, node: Node) -> None:
        """``@ConfigurationProperties`` on the method fills in more from the configuration."""
        if "ConfigurationProperties" in self.annotations(self.method(node)):
            call.touched = True

    def _kept_by_caller(self, call: Call, outer: Node) -> None:
        self._annotated(call, outer)
        given = self.given_to(self.outward(outer))
        inner = self.invocation(given[0]) if given is not None else None
        if inner is not None and self.text(inner.name) in _KEEPERS:
            call.used["stored"] = True

    def chain(self, call: Call, node: Node, *, certain: bool) -> tuple[Node, str]:
        """Record the calls that stand on a result; the outermost, and what it is.

        "built": it makes the product; "used": it makes the object work; "read": it gives another thing; else empty.
        """
        current = node
        while True:
            call_on = self.called_on(self.outward(current))
            if call_on is None:
                return current, ""
            name = self.text(call_on.name)
            current = call_on.node
            scoped = self.handed_lambda(call_on)
            if scoped is not None:
                self._scoped(call, scoped, certain)
                continue
            if name in _ENDS:
                return current, "built"
            if name in _CLOSES:
                closes(call, name)
                return current, "read"
            if name.startswith("get") and not call_on.arguments:
                return current, "used" if name in ("getConnection", "getResource") else "read"
            self.record(call, call_on.name, call_on.arguments, certain=certain and not call_on.node.has_error)

    def called_on(self, node: Node) -> Invocation | None:
        """The method that is called on an expression."""
        parent = node.parent
        for _step in range(2):
            found = self.invocation(parent)
            if found is not None:
                return found if found.receiver is not None and found.receiver == node else None
            parent = parent.parent if parent is not None else None
        return None

    def _scoped(self, call: Call, scoped: tuple[str, Node], certain: bool) -> None:
        """``apply { … }`` sets on the object itself; ``also { it.… }`` by a name."""
        name, body = scoped
        if not name:
            for label, arguments, node in self.within(body):
                self.record(call, label, arguments, certain=certain and not self.conditional(node, body))
            return
        for mention in self.mentions_in(name, body):
            expression = self.reference(mention)
            if expression is not None:
                self._mention(call, expression, certain and not self.conditional(expression, body), 0)

    def record(self, call: Call, name_node: Node, arguments: list[Node], *, certain: bool) -> None:
        """One setter, with the value that it is given."""
        name = self.text(name_node)
        if call.callee == PROPERTIES:
            self._property(call, name, arguments, certain)
            return
        folded = self.folded(arguments)
        if _HIDES.match(name) and not (folded and isinstance(folded[0].value, str)):
            call.touched = True
            if len(folded) != 1:
                return
        place = self.tree.place(name_node)
        key = setter_key(name)
        if not arguments:
            value = Folded(True, place)
        elif len(folded) == 1:
            value = folded[0]
        else:
            if name.startswith("set") and len(arguments) > 1:
                call.touched = call.touched or not name.endswith("Property")
            value = Folded(UNKNOWN, place)
        if not certain or call.used.get("runs"):
            value = Folded(UNKNOWN, value.place)
        call.later[key] = Entry(place, value)

    def _property(self, call: Call, name: str, arguments: list[Node], certain: bool) -> None:
        """``props.setProperty("maximumPoolSize", "10")``."""
        if name not in ("setProperty", "put", "set") or len(arguments) != 2:
            call.touched = call.touched or not name.startswith(("get", "contains", "is", "keys", "forEach"))
            return
        key, value = self.fold(arguments[0]), self.fold(arguments[1])
        if not isinstance(key.value, str):
            call.touched = True
            return
        if isinstance(value.value, (bool, int)):
            value = value._replace(value=str(value.value).lower())
        call.later[key.value] = Entry(key.place, value if certain else Folded(UNKNOWN, value.place))

    def property_table(self, call: Call) -> Table:
        """What a Properties object holds."""
        table = Table()
        table.entries.update(call.later)
        table.complete = not call.touched and not call.positional and not call.broken
        return table

    def lambda_table(self, name: str, body: Node) -> Table:
        """What a lambda sets on its parameter: ``b -> b.maxSize(50).minSize(2)``."""
        call = Call("lambda.Builder", self.tree.place(body))
        call.used = {"closed": False, "stored": False, "methods": []}
        for mention in self.mentions_in(name, body):
            expression = self.reference(mention)
            if expression is not None:
                assigned = self.assignment_to(expression)
                sure = not self.conditional(expression, body)
                if assigned is not None:
                    self.record(call, assigned[0], [assigned[1]], certain=sure)
                elif self.called_on(self.outward(expression)) is not None:
                    self.chain(call, expression, certain=sure)
                elif not self.is_statement(self.outward(expression)):
                    call.touched = True
        table = Table()
        table.entries.update(call.later)
        table.complete = not call.touched
        return table

    # What happens to a variable

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

    def _follow(self, call: Call, variable: Variable, origin: Node, *, ended: bool, depth: int = 0) -> None:
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
            if self._mention(call, expression, certain, depth) and not self._deferred(expression, method):
                consumed.add(home)

    def _deferred(self, expression: Node, method: Node | None) -> bool:
        """Whether a lambda holds a place, which runs whenever somebody calls it."""
        inner = self.ancestor(expression, self.lambdas_of)
        return inner is not None and not self.runs_at_once(inner) and (method is None or inside(inner, method))

    def _only_closes(self, call: Call, expression: Node) -> None:
        used = self.called_on(self.outward(expression))
        if used is not None and self.text(used.name) in _CLOSES:
            closes(call, self.text(used.name))
        holder = self.target(self.outward(expression))
        if holder is not None and holder[0] == "assigned":
            call.used["stored"] = True

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

    def _mention(self, call: Call, expression: Node, certain: bool, depth: int) -> bool:
        """One mention of an object; whether it is used up by it, so that what is set later comes too late."""
        assigned = self.assignment_to(expression)
        if assigned is not None:
            self.record(call, assigned[0], [assigned[1]], certain=certain)
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
        if name in _KEEPERS:
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
            self._mention(call, expression, sure, depth)

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

    def inward(self, node: Node) -> Node:
        return node

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
        if variable is None:
            if self._handed_out(outer) and not self.callee(taker):
                call.touched = True  # whoever gets it can set it up further
            return
        for expression in self.references(variable):
            on = self.called_on(self.outward(expression))
            method = self.text(on.name) if on is not None else ""
            if on is not None and method in _CLOSES:
                closes(call, method)
            elif on is not None and method.startswith("set") and on.arguments:
                self.record(call, on.name, on.arguments, certain=False)
            elif on is None and self._handed_out(expression) and not self.callee(taker):
                call.touched = True
        if variable.kind == "field":
            call.used["stored"] = True

    def _handed_out(self, expression: Node) -> bool:
        """Whether a method gives an object back by its own class."""
        method = self.returned_by(self.outward(expression))
        return method is not None and is_open(self.type_of(method))

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
        for name_node, arguments in named:
            self.record(call, name_node, arguments, certain=True)
        if not call.broken:
            self._finish(call, built)
        return call

    def cast_of(self, node: Node) -> str:
        """The type that an expression is cast to."""
        raise NotImplementedError


class Closing(NamedTuple):
    """A pool that is closed by the function that made it."""

    method: str
    functions: tuple[str, ...]


def closes(call: Call, name: str) -> None:
    call.used["closed"] = True
    call.used["methods"].append(Closing(name, call.scope.functions[:1]))


def is_open(declared: str) -> bool:
    """Whether what is declared as a type can be set on by whoever sees it."""
    return declared.rpartition(".")[2] not in _BARE


def class_literal(text: str) -> str:
    return re.sub(r"(?:\.class|::class(?:\.java)?)$", "", text)


def setter_key(name: str) -> str:
    """The property that a setter sets: ``maxLifetime`` of ``setMaxLifetime``; a builder's method is its own."""
    return name[3:4].lower() + name[4:] if name.startswith("set") and name[3:4].isupper() else name


def library(callee: str) -> str:
    """What the names of a class's library begin with: ``com.zaxxer``, ``okhttp3``."""
    packages = [part for part in callee.split(".") if part[:1].islower()]
    return ".".join(packages[:2])


def is_builder(callee: str) -> bool:
    """Whether what a call makes is a builder, whose methods give it back."""
    last = callee.rpartition(".")[2]
    return last.endswith("Builder") or last[:1].islower()


def between(nodes: list[Node], outer: Node) -> list[Node]:
    """Those of some nodes, which are in the order of the text, that stand in another."""
    first = bisect_left(nodes, outer.start_byte, key=lambda node: node.start_byte)
    return nodes[first : bisect_left(nodes, outer.end_byte, key=lambda node: node.start_byte)]


def inside(node: Node, outer: Node) -> bool:
    return outer.start_byte <= node.start_byte and node.end_byte <= outer.end_byte
