"""What is set on an object of Java or Kotlin where it is made: chains of calls, scope functions, Properties, lambdas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.blocks import UNKNOWN
from poollint.readers.source.java_syntax import PROPERTIES, Invocation, JvmSyntax
from poollint.readers.source.java_values import paired
from poollint.readers.source.values import Call, Entry, Folded, Table

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.source import Place

# methods that end a builder, and methods that set what cannot be seen
_ENDS = frozenset("build buildClient initializeDataSource".split())
_HIDES = re.compile(
    r"apply(?!To)|copy(?!StateTo)|load|from[A-Z]|from$|useSystemProperties|putAll|config(?:ure|From)|"
    r"set(?:Pool)?(?:Properties|Config)$"
)
CLOSES = frozenset("close shutdown shutdownNow destroy stop".split())


class JvmSetters(JvmSyntax):
    """Calls and assignments that set something, with the values that they are given."""

    def mention(self, call: Call, expression: Node, certain: bool, depth: int) -> bool:
        raise NotImplementedError

    def folded(self, arguments: list[Node]) -> list[Folded]:
        return paired([self.fold(each) for each in arguments])

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
                if name == "use":
                    self.closes(call, "close", current)
                self._scoped(call, scoped, certain)
                continue
            if name in _ENDS:
                return current, "built"
            if name in CLOSES:
                self.closes(call, name, current)
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
                self.mention(call, expression, certain and not self.conditional(expression, body), 0)

    def closes(self, call: Call, name: str, node: Node) -> None:
        """Note that an object is closed at a place."""
        scope = self.scope(node)
        call.used["closed"] = True
        call.used["methods"].append(Closing(name, (), self.tree.place(node), scope.handler, scope.functions))

    def record(self, call: Call, name_node: Node, arguments: list[Node], *, certain: bool) -> None:
        """One setter, with the value that it is given."""
        name = self.text(name_node)
        if call.callee == PROPERTIES:
            self.put(call, name, arguments, certain)
            return
        folded = self.folded(arguments)
        if name == "addDataSourceProperty" and len(folded) == 2:
            value = folded[1] if certain else Folded(UNKNOWN, folded[1].place)
            call.used.setdefault("driver", []).append((folded[0], value))
        if _HIDES.match(name) and not (folded and isinstance(folded[0].value, str)):
            call.touched = True
            if len(folded) != 1:
                return
        place = self.tree.place(name_node)
        key = setter_key(name)
        if arguments and name.startswith("is") and name[2:3].isupper():  # Kotlin's name of a property that isX() reads
            key = setter_key("set" + name[2:])
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

    def put(self, call: Call, name: str, arguments: list[Node], certain: bool) -> None:
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


class Closing(NamedTuple):
    """Where a pool is closed: as much as rules ask of a method's call."""

    method: str
    arguments: tuple[Folded, ...]
    place: Place
    handler: str
    functions: tuple[str, ...]


def setter_key(name: str) -> str:
    """The property that a setter sets: ``maxLifetime`` of ``setMaxLifetime``; a builder's method is its own."""
    return name[3:4].lower() + name[4:] if name.startswith("set") and name[3:4].isupper() else name
