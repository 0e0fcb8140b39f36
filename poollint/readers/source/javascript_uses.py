"""What a JavaScript file does with a pool after it was made: methods, listeners, connections taken and given back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.readers.source.javascript_callbacks import callback_checkout
from poollint.readers.source.javascript_names import WRAPPERS, unwrap
from poollint.readers.source.values import Call, Folded, Made, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.readers.source.javascript import JavascriptFile
    from poollint.source import Place

_TAKERS = frozenset(("connect", "getConnection", "createQueryRunner"))
_GIVERS = frozenset("release end destroy close releaseConnection releaseClient".split())
_POOL_NAME = re.compile(r"(?:^|[._\]])(?:\w*[pP]ool)$|^(?:pg|db)Pool$")
_POOL_USES = frozenset("query execute connect getConnection unsafe".split())
# databases of TypeORM that have one connection and no pool
_SINGLE = re.compile(r"['\"](?:better-)?sqlite3?['\"]|['\"]sqljs['\"]")
_READERS = frozenset("json text arrayBuffer blob formData bytes body dump clone".split())
_FUNCTIONS = frozenset(
    "function_declaration function_expression arrow_function method_definition generator_function "
    "generator_function_declaration".split()
)


class Use(NamedTuple):
    """A method called on what a call made: ``pool.query("BEGIN")``."""

    method: str
    arguments: tuple[Folded, ...]
    place: Place
    handler: str
    functions: tuple[str, ...]


class Uses:
    """The uses of one file's pools."""

    def __init__(self, file: JavascriptFile) -> None:
        self.file = file
        self.tree = file.tree
        self._identifiers: dict[str, list[Node]] | None = None

    def of(self, node: Node, made: Call) -> dict[str, Any]:
        """What is done with the result of a call; empty when nothing is known."""
        found: dict[str, Any] = {}
        enclosing = self._inline_in(node)
        if enclosing:
            found["inline_in"] = enclosing
        if not made.name:
            return found
        if not self._is_local(node):
            found["stored"] = True
        if self.tree.root.has_error:
            found["damaged"] = True
        methods = tuple(self._methods(node, made.name))
        if not self._is_local(node) or "." in made.name:
            alias = self._alias(node)
            methods += tuple(self._methods(node, alias)) if alias else ()
        if methods:
            found["methods"] = methods
        if re.fullmatch(r"\w+", made.name):
            passed = self._passed(node, made.name)
            if passed:
                found["passed"] = passed
        if made.callee in _ANSWERED and (self._body_unread(node, made.name) or self._head_taken(node)):
            found["body_unread"] = True
        return found

    # The place of a construction

    def _inline_in(self, node: Node) -> str:
        """The call in whose options a construction is written inline: ``axios.get(url, { httpsAgent: new Agent() })``."""
        current, crossed = node.parent, False
        while current is not None and current.type not in _FUNCTIONS:
            if current.type in ("call_expression", "new_expression") and crossed:
                name = self.file.callee(current)
                function = current.child_by_field_name("function") or current.child_by_field_name("constructor")
                return name or self.tree.text(function)
            if current.type == "pair":
                crossed = True
            elif current.type not in ("object", "arguments", "parenthesized_expression", "as_expression"):
                return ""
            current = current.parent
        return ""

    def _is_local(self, node: Node) -> bool:
        """Whether the result is held by a variable that is declared right here, not by one that outlives the function."""
        current = node.parent
        while current is not None and current.type not in ("expression_statement", "statement_block", "program"):
            if current.type == "variable_declarator":
                return True
            if current.type in ("assignment_expression", "augmented_assignment_expression"):
                left = current.child_by_field_name("left")
                return left is not None and left.type == "identifier" and self._declared_inside(left)
            current = current.parent
        return True

    def _declared_inside(self, name: Node) -> bool:
        scope = self.file.declaring_scope(name)
        return (
            scope is not None
            and scope.type != "program"
            and scope.id == getattr(self.file.scope_node(name), "id", None)
        )

    # Methods and references

    def _alias(self, node: Node) -> str:
        """The variable that gets what is kept elsewhere, too: ``const db = global.db ?? (global.db = new Pool())``."""
        current = node.parent
        while current is not None and current.type not in ("expression_statement", "statement_block", "program"):
            if current.type == "variable_declarator":
                return self.tree.text(current.child_by_field_name("name"))
            current = current.parent
        return ""

    def _methods(self, node: Node, name: str) -> Iterator[Use]:
        home = self._home(node, name)
        for call in self.file.method_calls(name):
            function = call.child_by_field_name("function")
            if function is None or not self._same(function.child_by_field_name("object"), home):
                continue
            method = self.tree.text(function.child_by_field_name("property"))
            scope = self.file.scope(call)
            arguments = tuple(self.file.fold(each, 36) for each in self.file.arguments(call)[:2])
            yield Use(method, arguments, self.tree.place(call), scope.handler, scope.functions)
        outer = node.parent
        while outer is not None and outer.type in ("member_expression", "call_expression"):
            if outer.type == "call_expression":
                function = outer.child_by_field_name("function")
                method = self.tree.text(function.child_by_field_name("property")) if function is not None else ""
                arguments = tuple(self.file.fold(each, 36) for each in self.file.arguments(outer)[:2])
                yield Use(method, arguments, self.tree.place(outer), "", ())
            outer = outer.parent

    def _home(self, node: Node, name: str) -> int | None:
        """The scope that declares the variable which holds a result; None for a property (``this.pool``)."""
        if not re.fullmatch(r"\w+", name):
            return None
        scope = self.file.declaring_scope(node, name)
        return scope.id if scope is not None else -1

    def _same(self, reference: Node | None, home: int | None) -> bool:
        if reference is None:
            return False
        if home is None:
            return True
        scope = self.file.declaring_scope(reference, self.tree.text(reference))
        return (scope.id if scope is not None else -1) == home

    def references(self, name: str) -> list[Node]:
        if self._identifiers is None:
            self._identifiers = {}
            for node in self.tree.walk():
                if node.type in ("identifier", "shorthand_property_identifier"):
                    self._identifiers.setdefault(self.tree.text(node), []).append(node)
        return self._identifiers.get(name, [])

    def _passed(self, node: Node, name: str) -> tuple[str, ...]:
        """The calls that get the result as an argument (``attach(pool)``), by the text of the callee."""
        home = self._home(node, name)
        found = []
        for reference in self.references(name):
            holder = reference.parent
            if holder is None or holder.type != "arguments" or not self._same(reference, home):
                continue
            call = holder.parent
            function = (
                call.child_by_field_name("function") or call.child_by_field_name("constructor")
                if call is not None
                else None
            )
            found.append(self.tree.text(function))
        return tuple(found)

    # Bodies of responses

    def _body_unread(self, node: Node, name: str) -> bool:
        """Whether only the head of a response is looked at: status, ok, headers."""
        if not re.fullmatch(r"\w+", name):
            return False
        home = self._home(node, name)
        seen = False
        for reference in self.references(name):
            parent = reference.parent
            if parent is None or not self._same(reference, home):
                continue
            if parent.type == "variable_declarator" and reference == parent.child_by_field_name("name"):
                continue
            if parent.type != "member_expression" or reference != parent.child_by_field_name("object"):
                return False
            if self.tree.text(parent.child_by_field_name("property")) not in _HEAD_ONLY:
                return False
            seen = True
        return seen

    def _head_taken(self, node: Node) -> bool:
        """Whether a response is taken apart at once, and its body left: ``const { ok } = await fetch(url)``."""
        holder = node.parent
        while holder is not None and holder.type in WRAPPERS:
            holder = holder.parent
        pattern = holder.child_by_field_name("name") if holder and holder.type == "variable_declarator" else None
        if pattern is None or pattern.type != "object_pattern":
            return False
        keys = [
            each.child_by_field_name("key") if each.type == "pair_pattern" else each for each in pattern.named_children
        ]
        return bool(keys) and all(self.tree.text(key) in _HEAD_ONLY for key in keys)

    # Connections taken out of a pool

    def checkouts(self) -> Iterator[Call]:
        """``const c = await pool.connect()`` as a call ``checkout.connect``, with what becomes of the connection."""
        for node in self.file.call_nodes():
            function = node.child_by_field_name("function")
            if function is None or function.type != "member_expression":
                continue
            method = self.tree.text(function.child_by_field_name("property"))
            if method in _TAKERS:
                yield from self._checkout(node, function, method)
            elif method in ("transaction", "$transaction"):
                yield from self._transaction(node, function, method)
            elif method == "query":
                yield from self._statement(node, function)
            elif method in ("on", "once", "addListener"):
                yield from self._listener(node, function)
            elif method in _ENDS:
                yield from self._ended(node, function, method)

    def _listener(self, node: Node, function: Node) -> Iterator[Call]:
        """``pool.on("error", ...)`` on a pool that another file has made."""
        pool, arguments = function.child_by_field_name("object"), self.file.arguments(node)
        if pool is None or not arguments or self.file.receiver(pool) or self.file.fold(arguments[0]).value != "error":
            return
        made = Call("checkout.listener", self.tree.place(node))
        made.name = self.tree.text(pool)
        made.scope = self.file.scope(node)
        yield made

    def _ended(self, node: Node, function: Node, method: str) -> Iterator[Call]:
        """``pool.end()`` on a pool that another module of the project makes."""
        pool = unwrap(function.child_by_field_name("object"))
        scope = self.file.scope(node)
        if pool is None or pool.type != "identifier" or not scope.handler:
            return
        made = self.file.fold(pool).value
        if isinstance(made, Made) and made.call.callee in _SHARED and made.call.place.source is not self.tree.source:
            call = Call("checkout.ended", self.tree.place(function))
            call.name, call.scope = self.tree.text(pool), scope
            call.used = {"method": method}
            yield call

    def _statement(self, node: Node, function: Node) -> Iterator[Call]:
        """``pool.query("BEGIN")`` on a pool that another file has made."""
        pool, arguments = function.child_by_field_name("object"), self.file.arguments(node)
        if pool is None or not arguments or not self._takes(pool, "connect") or self.file.receiver(pool):
            return
        made = Call("checkout.statement", self.tree.place(node))
        made.name = self.tree.text(pool)
        made.scope = self.file.scope(node)
        made.used = {"statement": statement_of(self.file.fold(arguments[0], 30).value)}
        yield made

    def _checkout(self, node: Node, function: Node, method: str) -> Iterator[Call]:
        pool = function.child_by_field_name("object")
        given = callback_checkout(self, node, pool, method) if pool is not None else None
        if given is not None:
            yield given
        if pool is None or given is not None or not self._takes(pool, method):
            return
        holder = node.parent
        if method != "createQueryRunner":
            if holder is None or holder.type != "await_expression":
                return
            holder = holder.parent
        if holder is None or holder.type not in ("variable_declarator", "assignment_expression"):
            return
        name = holder.child_by_field_name("name") or holder.child_by_field_name("left")
        if holder.type == "assignment_expression" and not self._is_own(name):
            return
        body = self.file.scope_node(node)
        if name is None or name.type != "identifier" or body is None or body.type == "program":
            return
        declaration = holder.parent
        if declaration is not None and self.tree.text(declaration).startswith(("using", "await using")):
            return
        made = Call(f"checkout.{method}", self.tree.place(function))
        made.name = self.tree.text(name)
        made.scope = self.file.scope(node)
        made.used = {
            "pool": self.tree.text(pool),
            "released": self._released(node, made.name, body),
            "nested": tuple(self._nested(node, self.tree.text(pool), made.name, body)),
        }
        yield made

    def _is_own(self, name: Node | None) -> bool:
        """Whether a variable belongs to the function that assigns it, which does so once: ``let conn; try { conn = ...``."""
        if name is None or name.type != "identifier" or self.file.assignments(self.tree.text(name)) != 1:
            return False
        scope, here = self.file.declaring_scope(name), self.file.scope_node(name)
        return scope is not None and here is not None and scope.id == here.id and scope.type != "program"

    def _takes(self, pool: Node, method: str) -> bool:
        if method == "getConnection":
            return pool.type in ("identifier", "member_expression")
        if method == "createQueryRunner":
            given = self.file.scope_node(pool)  # whoever gives a data source to a function may end it too
            mine = given is None or self.tree.text(pool) not in self.file.parameters(given)
            return mine and not _SINGLE.search(self.tree.source.text)
        if "mssql" in self.file.imports.values():
            return False
        return self.file.receiver(pool) in _POSTGRES_POOLS or (
            pool.type in ("identifier", "member_expression")
            and bool(_POOL_NAME.search(self.tree.text(pool)))
            and not self.file.receiver(pool)
        )

    def _released(self, node: Node, name: str, body: Node) -> str:
        """always, path (not when something throws), never, or elsewhere (it leaves the function)."""
        gives: list[Node] = []
        escapes = False
        if self.pool_ends(node, body):
            return "elsewhere"
        for reference in self.references(name):
            if not body.start_byte <= reference.start_byte < body.end_byte:
                continue
            kind = self.reference_kind(reference)
            if kind == "give":
                gives.append(reference)
            elif kind == "mssql":
                return "elsewhere"
            escapes = escapes or kind == "escape"
        if not gives:
            return "elsewhere" if escapes else "never"
        if any(self._is_safe(give, body) for give in gives):
            return "always"
        first = min(give.start_byte for give in gives)
        return "path" if self._awaits_between(body, node.end_byte, first) else "always"

    def pool_ends(self, node: Node, body: Node) -> bool:
        """Whether the function ends the whole pool too, and every connection with it."""
        function = node.child_by_field_name("function")
        pool = self.tree.text(function.child_by_field_name("object")) if function is not None else ""
        for call in self.file.method_calls(pool):
            name = call.child_by_field_name("function")
            method = self.tree.text(name.child_by_field_name("property")) if name is not None else ""
            if method in ("end", "close", "destroy") and body.start_byte <= call.start_byte < body.end_byte:
                return True
        return False

    def reference_kind(self, reference: Node) -> str:
        parent = reference.parent
        if parent is None:
            return "escape"
        if parent.type == "variable_declarator" and reference == parent.child_by_field_name("name"):
            return "declaration"
        if parent.type == "assignment_expression" and reference == parent.child_by_field_name("left"):
            return "declaration"
        if parent.type == "member_expression" and reference == parent.child_by_field_name("object"):
            method = self.tree.text(parent.child_by_field_name("property"))
            if method == "request":
                return "mssql"
            return "give" if method in _GIVERS else "use"
        if parent.type == "subscript_expression":
            return "escape"
        if parent.type == "arguments":
            call = parent.parent
            function = call.child_by_field_name("function") if call is not None else None
            text = self.tree.text(function)
            return "give" if text.rpartition(".")[2] in _GIVERS else "escape"
        if parent.type in ("if_statement", "parenthesized_expression", "unary_expression", "binary_expression"):
            return "use"
        return "escape"

    def _is_safe(self, give: Node, body: Node) -> bool:
        """Whether a release runs, or may run, when something throws: in finally or catch, or in another function."""
        current = give.parent
        while current is not None and current.id != body.id:
            if current.type in ("finally_clause", "catch_clause") or current.type in _FUNCTIONS:
                return True
            current = current.parent
        return False

    def _awaits_between(self, body: Node, start: int, end: int) -> bool:
        return any(
            node.type == "await_expression" and start < node.start_byte and node.end_byte < end
            for node in self.tree.walk(body)
        )

    def _nested(self, node: Node, pool: str, name: str, body: Node) -> Iterator[Place]:
        """Calls that take a second connection of the same pool while the first is held."""
        end = self._held_until(name, body)
        for call in self.file.method_calls(pool):
            if not node.end_byte < call.start_byte < end:
                continue
            function = call.child_by_field_name("function")
            method = self.tree.text(function.child_by_field_name("property")) if function is not None else ""
            if method in _POOL_USES and getattr(self.file.scope_node(call), "id", None) == body.id:
                yield self.tree.place(call)

    def _held_until(self, name: str, body: Node) -> int:
        """The offset up to which a connection is surely held: its first release, or the end of the function."""
        end = body.end_byte
        for reference in self.references(name):
            if body.start_byte <= reference.start_byte < end and self.reference_kind(reference) == "give":
                end = reference.start_byte
        return end

    def _transaction(self, node: Node, function: Node, method: str) -> Iterator[Call]:
        """``prisma.$transaction(async (tx) => ...)`` and ``knex.transaction(...)`` with calls on the outer handle."""
        outer = function.child_by_field_name("object")
        callback = next((each for each in self.file.arguments(node) if each.type in _FUNCTIONS), None)
        if outer is None or callback is None:
            return
        parameters = self.file.parameters(callback)
        handle = self.tree.text(outer)
        if len(parameters) != 1 or not re.fullmatch(r"[\w.]+", handle) or parameters[0] == handle:
            return
        made_by = self.file.receiver(outer)
        known = method == "$transaction" or made_by == "knex.default()" or handle == "knex"
        if known:
            nested = tuple(self._outside(callback, handle, parameters[0], method))
        elif (handle == "sequelize" or made_by in _SEQUELIZES) and self._hands_on(callback, parameters[0]):
            nested = tuple(self._outside(callback, f"{handle}.query", parameters[0], method))
            nested += tuple(self._models_outside(callback, handle, parameters[0]))
        else:
            return
        if not nested:
            return
        made = Call("checkout.transaction", self.tree.place(function))
        made.name = parameters[0]
        made.scope = self.file.scope(node)
        made.used = {"pool": handle, "released": "always", "nested": nested}
        yield made

    def _hands_on(self, callback: Node, inner: str) -> bool:
        """Whether a transaction is handed to some call: where none gets it, it may come to all of them by itself (CLS)."""
        body = callback.child_by_field_name("body")
        return bool(re.search(rf"(?<!\.)\b{re.escape(inner)}\b", self.tree.text(body)))

    def _models_outside(self, callback: Node, handle: str, inner: str) -> Iterator[Place]:
        """``await Log.create({ ... })``: a query of a model whose options, as they can be seen, name no transaction."""
        queries = []
        homes = {
            self.file.origins.get(handle, ("", ""))[0]
        }  # where the models are from: surely that of one in its place
        for node in self.tree.walk(callback):
            call = node.named_children[0] if node.type == "await_expression" and node.named_child_count == 1 else None
            function = call.child_by_field_name("function") if call is not None else None
            if call is None or function is None or function.type != "member_expression":
                continue
            model = self.tree.text(function.child_by_field_name("object"))
            at = _MODEL_OPTIONS.get(self.tree.text(function.child_by_field_name("property")))
            if at is None or not re.fullmatch(r"(?:\w+\.)*[A-Z]\w*", model):
                continue
            home = self.file.origins.get(model.partition(".")[0], ("", ""))[0]
            if re.search(rf"\b{re.escape(inner)}\b", self.tree.text(call)):
                homes.add(home)
            else:
                queries.append((call, home, at))
        for call, home, at in queries:
            if home and home in homes and self._options_without(self.file.arguments(call), at):
                yield self.tree.place(call)

    def _options_without(self, arguments: list[Node], at: int) -> bool:
        """Whether the options of a query, at their place among its arguments, surely name no transaction."""
        if any(each.type == "spread_element" for each in arguments[: at + 1]):
            return False
        options = self.file.fold(arguments[at]).value if len(arguments) > at else Table()
        return isinstance(options, Table) and options.complete and "transaction" not in options.entries

    def _outside(self, callback: Node, handle: str, inner: str, method: str) -> Iterator[Place]:
        for node in self.tree.walk(callback):
            if node.type != "await_expression" or node.named_child_count != 1:
                continue
            text = self.tree.text(node.named_children[0])
            start = f"{handle}." if method == "$transaction" else handle
            follows = text[len(start) : len(start) + 1]
            if (
                text.startswith(start)
                and (method == "$transaction" or follows in ("(", "."))
                and not re.search(rf"\b{re.escape(inner)}\b", text)
            ):
                yield self.tree.place(node.named_children[0])


def statement_of(value: Any) -> Any:
    """The text of a statement: itself, or under ``text`` of an object that is given instead."""
    entry = value.entries.get("text") if isinstance(value, Table) and not value.broken else None
    return entry.value.value if entry is not None else value


_ENDS = frozenset(("end", "$disconnect"))
_SHARED = frozenset(
    "pg.Pool pg-pool.default mysql2.createPool mysql2/promise.createPool @prisma/client.PrismaClient".split()
)
_HEAD_ONLY = frozenset("ok status statusText statusCode headers url redirected type".split())
_ANSWERED = frozenset(("fetch", "undici.fetch", "undici.request", "node-fetch.default"))
# where a query of a model of Sequelize takes its options
_MODEL_OPTIONS = {
    **dict.fromkeys("create bulkCreate update upsert findByPk increment decrement".split(), 1),
    **dict.fromkeys("findOne findAll findAndCountAll findOrCreate count destroy".split(), 0),
}
_SEQUELIZES = frozenset(("sequelize.Sequelize()", "sequelize-typescript.Sequelize()"))
_POSTGRES_POOLS = frozenset(("pg.Pool()", "pg-pool.default()", "@neondatabase/serverless.Pool()"))
