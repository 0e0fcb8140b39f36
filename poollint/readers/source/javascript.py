"""JavaScript and TypeScript: imports and requires, constant folding, constructions, calls and later assignments.

A canonical name is ``module.Export`` (``pg.Pool``, ``mysql2/promise.createPool``); the module itself, called or
constructed, is ``module.default`` (``knex.default``). The ``node:`` prefix is dropped. A global name (``fetch``) has no dot.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from poollint.readers.source.javascript_folding import Folding
from poollint.readers.source.javascript_names import FUNCTIONS, WRAPPERS, callable_name, unwrap
from poollint.readers.source.values import Call, Entry, Folded, Scope, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree

_LOOPS = frozenset("for_statement for_in_statement while_statement do_statement".split())
_ROUTES = frozenset("get post put patch delete all use route on createServer".split())
_HANDLER_NAMES = frozenset("handler GET POST PUT PATCH DELETE HEAD OPTIONS loader action getServerSideProps".split())
_ROUTE_DECORATORS = frozenset(f"@nestjs/common.{name}" for name in "Get Post Put Patch Delete Head Options All".split())
_CHAINED = frozenset("listen on once setMaxListeners".split())
# connect() of these gives back the client itself; that of a pool gives a connection
_CONNECTS = frozenset(("redis.createClient", "@redis/client.createClient", "mongodb.MongoClient"))
_RESULT_METHODS = frozenset(("listen", "getHttpServer", "consumer", "producer", "add"))
_SUBCLASSED = frozenset(("PrismaClient",))  # whose subclasses hand on the options as they are
_ARRAY_CALLS = frozenset("map forEach filter reduce flatMap".split())
# a text of some size whose lines are so long on average was written by a program
MIN_BUNDLE = 4096
LONG_LINES = 400


class JavascriptFile(Folding):
    """One file: what its names mean, and the calls in it."""

    def call(self, node: Node, depth: int = 0) -> Call:
        """A call or construction with its arguments folded, what is set on its result later, and its surroundings."""
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        assert function is not None
        made = Call(self.callee(node), self.tree.place(function))
        for child in self.arguments(node):
            if child.type == "spread_element":
                made.complete = False
                break
            made.positional.append(self.fold(child, depth + 1))
        arguments = node.child_by_field_name("arguments")
        made.broken = self._is_damaged(node, arguments)
        made.name = self._target(node)
        if made.name:
            for name, name_node, right in self._set_on(made.name, node):
                made.later[name] = Entry(self.tree.place(name_node), self.fold(right, depth + 1))
        made.scope = self.scope(node)
        return made

    def _is_damaged(self, node: Node, arguments: Node | None) -> bool:
        """Whether a syntax error stands in the arguments, or where they should begin: ``new Pool{})``."""
        if not self.tree.root.has_error:
            return False
        if arguments is not None:
            return any(child.type == "ERROR" for child in arguments.children)
        text = self.tree.source.text
        after = self.tree.place(node).end
        return text[after : after + 20].lstrip(" \t")[:1] in ("(", "{", "'", '"', "`", "[")

    def _set_on(self, holder: str, node: Node) -> Iterator[tuple[str, Node, Node]]:
        """The assignments to properties of what a call's result is held by: of that variable, not of its namesakes."""
        root = holder.partition(".")[0]
        local = root.isidentifier() and root != "this"
        home = self._home(node, root) if local else -1
        for name, name_node, right in self._properties.get(holder, ()):
            if not local or self._home(name_node, root) == home:
                yield name, name_node, right

    def _home(self, node: Node, name: str) -> int:
        scope = self.declaring_scope(node, name)
        return scope.id if scope is not None else -1

    def receiver(self, node: Node | None) -> str:
        """What an expression is the result of: ``pg.Pool()`` for a name that holds ``new Pool()``; else empty."""
        inner = unwrap(node)
        if inner is not None and inner.type == "identifier":
            inner = unwrap(self._constant(inner, self.tree.text(inner)))
        if inner is None or inner.type not in ("call_expression", "new_expression"):
            return ""
        name = self.resolve(inner.child_by_field_name("function") or inner.child_by_field_name("constructor"))
        return f"{callable_name(name)}()" if name else ""

    def callee(self, node: Node) -> str:
        """The canonical name of what a call calls; ``express.default().listen`` for a method of a result that we know."""
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        name = self.resolve(function)
        if not name and function is not None and function.type == "super":
            return self._super(function)
        if (not name or name.startswith((".", "@/", "~/"))) and self._is_grpc_client(node):
            return "@grpc/grpc-js.Client"
        if not name and function is not None and function.type in ("identifier", "call_expression"):
            return self.receiver(function)
        if name or function is None or function.type != "member_expression":
            return callable_name(name) if name else ""
        method = self.tree.text(function.child_by_field_name("property"))
        if method not in _RESULT_METHODS:
            return ""
        base = self.receiver(function.child_by_field_name("object"))
        return f"{base}.{method}" if base else ""

    def _super(self, node: Node) -> str:
        """What ``super(...)`` calls: the class that an ORM's client is a subclass of."""
        current = node.parent
        while current is not None and current.type not in ("class_declaration", "class"):
            current = current.parent
        heritage = [child for child in current.named_children if child.type == "class_heritage"] if current else []
        base = heritage[0].named_children[0] if heritage and heritage[0].named_children else None
        if base is not None and base.type == "extends_clause":
            base = base.child_by_field_name("value")
        name = self.resolve(base)
        return name if name.rpartition(".")[2] in _SUBCLASSED else ""

    def _is_grpc_client(self, node: Node) -> bool:
        """``new UsersClient(address, grpc.credentials.createSsl(), {...})``: a client that was generated from a schema."""
        arguments = self.arguments(node) if node.type == "new_expression" else []
        credentials = self.constant_of(arguments[1]) if len(arguments) >= 3 else None
        if credentials is None or credentials.type != "call_expression":
            return False
        made_by = self.resolve(credentials.child_by_field_name("function"))
        return made_by.startswith(("@grpc/grpc-js.credentials.", "@grpc/grpc-js.ChannelCredentials."))

    def calls(self) -> Iterator[Call]:
        """Every call or construction of an imported name or a known global, in the order of the text.

        Beside them stand two that nobody wrote as a call: a connection taken out of a pool (``checkout.connect``) and an
        object that the file exports as its configuration (``exports.knexfile`` of knexfile.js).
        """
        from poollint.readers.source.javascript_uses import Uses

        uses = Uses(self)
        for node in self._calls:
            name = self.callee(node)
            if name and self.wants(name) and not self._required(node):
                made = self.call(node)
                made.used = uses.of(node, made)
                yield made
        yield from uses.checkouts()
        yield from self._defaults()
        yield from self._exported()

    def _defaults(self) -> Iterator[Call]:
        """What a file sets on an imported object for all who use it: ``axios.defaults.timeout = 5000``."""
        for holder, assigned in self._properties.items():
            name_node = assigned[0][1]
            whole = name_node.parent.child_by_field_name("object") if "." in holder and name_node.parent else None
            name = holder if holder == "process.env" else self.resolve(whole)
            if name and self.wants(name):
                made = Call(name, self.tree.place(name_node))
                made.later = {key: Entry(self.tree.place(each), self.fold(right)) for key, each, right in assigned}
                yield made

    def _exported(self) -> Iterator[Call]:
        """The objects that a configuration file exports: itself, and, by environment, those inside it."""
        stem = os.path.basename(self.tree.source.path).partition(".")[0]
        for node in self.tree.root.named_children:
            value = self._export_value(node)
            if value is None:
                continue
            folded = self.fold(value)
            if not isinstance(folded.value, Table) or folded.value.broken:
                continue
            inner = [entry.value for entry in folded.value.entries.values() if isinstance(entry.value.value, Table)]
            for each in (folded, *inner):
                yield self._exported_call(stem, each)
            for key, entry in folded.value.entries.items():
                for each in entry.value.value if isinstance(entry.value.value, list) else ():
                    if isinstance(each.value, Table):
                        yield self._exported_call(f"{stem}.{key}", each)

    @staticmethod
    def _exported_call(name: str, options: Folded) -> Call:
        made = Call(f"exports.{name}", options.place)
        made.positional.append(options)
        return made

    def _export_value(self, node: Node) -> Node | None:
        if node.type == "export_statement":
            return node.child_by_field_name("value")
        first = node.named_children[0] if node.type == "expression_statement" and node.named_children else None
        if first is not None and first.type == "assignment_expression":
            left = self.tree.text(first.child_by_field_name("left"))
            return first.child_by_field_name("right") if left in ("module.exports", "exports.default") else None
        return None

    def _target(self, node: Node) -> str:
        parent = node.parent
        while parent is not None and (
            parent.type in (*WRAPPERS, "binary_expression")
            or self._is_chain(parent, node)
            or (parent.type == "ternary_expression" and node != parent.child_by_field_name("condition"))
        ):
            node, parent = parent, parent.parent
        if parent is None:
            return ""
        if parent.type in ("public_field_definition", "field_definition"):
            name = parent.child_by_field_name("name") or parent.child_by_field_name("property")
            return f"this.{self.tree.text(name)}"
        if parent.type == "variable_declarator":
            return self.tree.text(parent.child_by_field_name("name"))
        if parent.type in ("assignment_expression", "augmented_assignment_expression"):
            return self.tree.text(parent.child_by_field_name("left"))
        return ""

    def _is_chain(self, parent: Node, node: Node) -> bool:
        """``createServer(app).listen(3000)``: methods that give back what they are called on."""
        if parent.type == "member_expression":
            name = self.tree.text(parent.child_by_field_name("property"))
            call = parent.parent
            chained = name in _CHAINED or (name == "connect" and self._made_by(node) in _CONNECTS)
            return chained and call is not None and call.type == "call_expression"
        return parent.type == "call_expression" and node.type == "member_expression"

    def _made_by(self, node: Node) -> str:
        """The canonical name of the call that an expression is; empty for others."""
        inner = unwrap(node)
        return self.callee(inner) if inner is not None and inner.type in ("call_expression", "new_expression") else ""

    def scope(self, node: Node) -> Scope:
        functions: list[str] = []
        parameters: tuple[str, ...] = ()
        classes: list[str] = []
        in_loop = guarded = returned = False
        handler = ""
        previous, current = node, node.parent
        while current is not None:
            kind = current.type
            if kind in FUNCTIONS:
                here = self.parameters(current)
                if not functions:
                    parameters = here
                    in_loop = in_loop or self._is_array_callback(current)
                handler = handler or self._handler(current, here)
                functions.append(self._function_name(current))
            elif kind in ("class_declaration", "class"):
                classes.append(self.tree.text(current.child_by_field_name("name")))
            elif not functions:
                in_loop = in_loop or kind in _LOOPS
                guarded = guarded or self._is_guard(current, previous)
                returned = returned or kind == "return_statement"
            previous, current = current, current.parent
        return Scope(tuple(functions), (), parameters, tuple(classes), in_loop, guarded, returned, handler=handler)

    def _is_guard(self, node: Node, child: Node) -> bool:
        """``if (!pool) pool = new Pool()``, ``pool ??= new Pool()``, ``global.pool || new Pool()``: made once."""
        if node.type == "if_statement":
            condition = self.tree.text(node.child_by_field_name("condition"))
            return bool(re.search(r"![\w.(]|===? *(?:null|undefined)|NODE_ENV", condition))
        if node.type == "augmented_assignment_expression":
            return self.tree.text(node.child_by_field_name("operator")) in ("??=", "||=")
        if node.type == "binary_expression":
            right = node.child_by_field_name("right")
            operator = self.tree.text(node.child_by_field_name("operator"))
            return operator in ("??", "||") and right is not None and right.id == child.id
        return False

    def _is_array_callback(self, function: Node) -> bool:
        call = self._call_around(function)
        if call is None:
            return False
        callee = call.child_by_field_name("function")
        return (
            callee is not None
            and callee.type == "member_expression"
            and self.tree.text(callee.child_by_field_name("property")) in _ARRAY_CALLS
        )

    @staticmethod
    def _call_around(function: Node) -> Node | None:
        arguments = function.parent
        if arguments is None or arguments.type != "arguments":
            return None
        return arguments.parent

    def _function_name(self, function: Node) -> str:
        name = function.child_by_field_name("name")
        if name is not None:
            return self.tree.text(name)
        parent = function.parent
        if parent is not None and parent.type == "variable_declarator":
            return self.tree.text(parent.child_by_field_name("name"))
        if parent is not None and parent.type == "assignment_expression":
            return self.tree.text(parent.child_by_field_name("left")).rpartition(".")[2]
        if parent is not None and parent.type == "pair":
            return self.tree.text(parent.child_by_field_name("key"))
        return "function"

    def _handler(self, function: Node, parameters: tuple[str, ...]) -> str:
        """What kind of request handler a function is, if any."""
        name = self._function_name(function)
        if self._is_decorated(function):
            return "route"
        if parameters[:2] in (("req", "res"), ("request", "reply"), ("request", "response")):
            return "route"
        if parameters[:2] == ("event", "context") or (name == "handler" and parameters[:1] == ("event",)):
            return "lambda"
        call = self._call_around(function)
        callee = call.child_by_field_name("function") if call is not None else None
        if callee is not None and callee.type == "member_expression" and parameters:
            method = self.tree.text(callee.child_by_field_name("property"))
            if method in _ROUTES and parameters[0] in ("req", "request", "ctx", "_req"):
                return "route"
            if method in _ROUTES and parameters[0] in ("c", "context") and self._is_path(call):
                return "route"
        return "export" if name in _HANDLER_NAMES and self._is_exported(function) else ""

    def _is_decorated(self, function: Node) -> bool:
        """Whether a method of a controller of NestJS answers requests: ``@Get("users")``."""
        before = function.prev_named_sibling if function.type == "method_definition" else None
        while before is not None and before.type in ("decorator", "comment"):
            call = before.named_children[0] if before.named_children else None
            called = call.child_by_field_name("function") if call is not None else None
            if before.type == "decorator" and self.resolve(called) in _ROUTE_DECORATORS:
                return True
            before = before.prev_named_sibling
        return False

    def _is_path(self, call: Node | None) -> bool:
        """Whether the first argument of a call is a literal path: ``app.get("/users", c => ...)``."""
        arguments = self.arguments(call) if call is not None else []
        return bool(arguments) and self.tree.text(arguments[0])[1:2] == "/"

    @staticmethod
    def _is_exported(function: Node) -> bool:
        current: Node | None = function
        while current is not None and current.type not in ("statement_block", "program"):
            if current.type == "export_statement":
                return True
            current = current.parent
        return False


def open_file(tree: SourceTree) -> JavascriptFile | None:
    """None for what a bundler has written: nobody would change it there."""
    return None if is_bundled(tree.source.text) else JavascriptFile(tree)


def is_bundled(text: str) -> bool:
    """Whether a text has the endless lines of minified code."""
    return len(text) > MIN_BUNDLE and len(text) > LONG_LINES * (text.count("\n") + 1)
