"""Java and Kotlin: connections and answers that are taken in a method and do not surely come back.

Only what stays in its method is told of, and only what a pool of a known type gives: one that is returned, stored or given
to another method may be closed there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.readers.source.values import Call
from poollint.readers.source.ways_out import MAX_FUNCTION, MAX_TAKINGS, Grammar, Taking, Way, way_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.readers.source.java_calls import JvmFile
    from poollint.readers.source.java_syntax import Variable

_GRAMMAR = Grammar(
    functions=frozenset(
        "method_declaration constructor_declaration compact_constructor_declaration static_initializer lambda_expression "
        "class_body function_declaration secondary_constructor anonymous_initializer getter setter lambda_literal "
        "anonymous_function".split()
    ),
    blocks=frozenset("block constructor_body switch_block_statement_group lambda_literal".split()),
    tries=frozenset(("try_statement", "try_with_resources_statement", "try_expression")),
    catches=frozenset(("catch_clause", "catch_block")),
    finals=frozenset(("finally_clause", "finally_block")),
    branches=frozenset(("if_statement", "while_statement", "ternary_expression", "if_expression", "when_entry")),
    returns=frozenset(("return_statement", "return_expression")),
    throws=frozenset(("throw_statement", "throw_expression")),
    jumps=frozenset(("continue_statement", "break_statement", "continue_expression", "break_expression")),
)


class Kind(NamedTuple):
    """How something is taken: the call's name here, the types that give it, the method and property, the type it has."""

    call: str
    owners: frozenset[str]
    method: str
    field: str
    made: str


_SOURCES = (
    "javax.sql.DataSource com.zaxxer.hikari.HikariDataSource org.apache.commons.dbcp2.BasicDataSource "
    "com.mchange.v2.c3p0.ComboPooledDataSource org.apache.tomcat.jdbc.pool.DataSource com.alibaba.druid.pool.DruidDataSource"
)
_KINDS = (
    Kind("checkout.connection", frozenset(_SOURCES.split()), "getConnection", "connection", "Connection"),
    Kind(
        "checkout.jedis",
        frozenset(("redis.clients.jedis.JedisPool", "redis.clients.jedis.JedisSentinelPool")),
        "getResource",
        "resource",
        "Jedis",
    ),
)
_ANSWER = Kind("checkout.answer", frozenset(("okhttp3.Response",)), "execute", "", "Response")
_GIVES = re.compile(r"(?:close|release|return|free|evict|recycle)\w*$")
_LOGS = re.compile(r"(?:^|\.)_?(?:log|logger|out|err)$", re.IGNORECASE)
_BENIGN = frozenset(
    "createStatement isClosed isValid getAutoCommit setAutoCommit setReadOnly isReadOnly getMetaData setSchema getSchema "
    "setCatalog getCatalog setTransactionIsolation getTransactionIsolation toString hashCode unwrap".split()
)
_STATEMENTS = frozenset(("prepareStatement", "createStatement", "prepareCall"))
# what tells no more of the connection, and what runs a statement and has no result to read
_ENDS = frozenset(
    "getCatalog setCatalog getSchema setSchema isValid getAutoCommit setAutoCommit isReadOnly setReadOnly nativeSQL "
    "getTransactionIsolation setTransactionIsolation getHoldability getNetworkTimeout getClientInfo".split()
)
_RUNS = frozenset("execute executeUpdate executeLargeUpdate executeBatch".split())
_DECLARATIONS = frozenset(("local_variable_declaration", "property_declaration"))
_HEAD_ONLY = frozenset(
    "code isSuccessful isRedirect message header headers protocol request receivedResponseAtMillis "
    "sentRequestAtMillis toString".split()
)
_HEAD = re.compile(r"\.head\(|\"HEAD\"|\.executeAsync\(")
_BROAD = re.compile(r"\b(?:SQL\w*|Jedis\w*|Runtime|DataAccess|IO|Persistence)?Exception\b|\bThrowable\b")
_MAIN = re.compile(r"static\s+void\s+main\s*\(|^fun\s+main\s*\(", re.M)
_LASTING = re.compile(r"\bLISTEN\b|while\s*\(\s*(?:true|!)|\bfor\s*\(\s*;\s*;")


def checkouts(file: JvmFile) -> Iterator[Call]:
    """Each connection or answer that some way out of its method keeps, as a call that nobody wrote."""
    left = MAX_TAKINGS
    for node, pool, kind in _takings(file):
        left -= 1
        made = _checkout(file, node, pool, kind) if left >= 0 else None
        if made is not None:
            yield made


def _takings(file: JvmFile) -> Iterator[tuple[Node, Node, Kind]]:
    """(call, pool, kind) of ``pool.getConnection()``; in Kotlin of ``pool.connection`` too."""
    for node in file.sites:
        site = file.invocation(node)
        if site is None or site.receiver is None:
            continue
        name = file.text(site.name)
        if name == _ANSWER.method and not site.arguments and "okhttp3." in file.tree.source.text:
            yield node, site.receiver, _ANSWER
        for kind in _KINDS:
            if name == kind.method and _is_pool(file, site.receiver, kind):
                yield node, site.receiver, kind
    for kind in _KINDS if file.tree.language == "kotlin" else ():
        for mention in file.mentions.get(kind.field, ()):
            outer = mention.parent
            if outer is None or outer.type != "navigation_expression" or outer.named_children[-1] != mention:
                continue
            if _is_pool(file, outer.named_children[0], kind):
                yield outer, outer.named_children[0], kind


def _is_pool(file: JvmFile, receiver: Node, kind: Kind) -> bool:
    """Whether a receiver is a variable of a pool's type."""
    words = file.text(receiver)
    name = words.removeprefix("this.")
    if not name.isidentifier():
        return False
    variable = file.own_field(name, receiver) if words != name else file.variable(name, receiver)
    return variable is not None and not kind.owners.isdisjoint(_types(file, variable))


def _types(file: JvmFile, variable: Variable) -> list[str]:
    declared = re.sub(r"[?\s]|<.*", "", variable.type, flags=re.S)
    if declared and declared != "var":
        return file.resolve(declared)
    value = variable.values[0] if len(variable.values) == 1 else None
    made = file.invocation(file.inward(value)) if value is not None else None
    return file.names_of(made) if made is not None else []


def _checkout(file: JvmFile, node: Node, pool: Node, kind: Kind) -> Call | None:
    holder = file.target(file.outward(node))
    function = file.ancestor(node, file.methods_of | file.lambdas_of)
    if function is None or function.has_error or function.end_byte - function.start_byte > MAX_FUNCTION:
        return None
    if holder is None:
        dropped = _is_dropped(file, node, kind)
        return _made(file, node, pool, kind, file.text(node), Way("never")) if dropped else None
    variable = file.variable(file.text(holder[1]), node)
    first = _statement(node)
    if variable is None or variable.kind != "local" or len(variable.values) != 1 or first is None:
        return None
    if not _is_declared(variable, kind) or _in(variable.node, "resource") or not _around(variable.scope, function):
        return None
    text = file.text(function)
    cleaned = "Cleanup" in file.annotations(file.ancestor(variable.node, _DECLARATIONS))  # Lombok closes it
    if cleaned or (kind is _ANSWER and (_HEAD.search(text) or "okhttp3.Response" not in _types(file, variable))):
        return None
    taking = Taking(
        function, first, [], [], lambda each: _asks(file, each, variable.name), lambda each: _catches(file, each)
    )
    if not _mentions(file, variable, node, taking, kind):
        return None
    way = way_of(_GRAMMAR, taking)
    if way.given == "always" or (way.given == "never" and _LASTING.search(text)):
        return None
    if way.given != "never" and _MAIN.search(file.tree.source.text):
        return None  # an exception ends a program that runs once
    return _made(file, node, pool, kind, variable.name, way)


def _is_dropped(file: JvmFile, node: Node, kind: Kind) -> bool:
    """Whether nobody keeps what the pool gives: ``pool.getConnection().getCatalog()``, or nothing at all is done with it."""
    outer = file.outward(node)
    if kind.made != "Connection" or file.invocation(node) is None:
        return False
    if outer.parent is not None and outer.parent.type == "expression_statement":
        return True
    on = file.called_on(outer)
    name = file.text(on.name) if on is not None else ""
    if on is not None and name in _STATEMENTS:
        on = file.called_on(file.outward(on.node))
        return on is not None and file.text(on.name) in _RUNS
    return name in _ENDS


def _made(file: JvmFile, node: Node, pool: Node, kind: Kind, name: str, way: Way) -> Call:
    made = Call(kind.call, file.tree.place(node))
    made.name, made.scope = name, file.scope(node)
    made.used = {"given": way.given, "pool": file.text(pool)}
    if way.out is not None:
        made.used["out"] = file.tree.place(way.out)
    if file.in_test(node):
        made.used["in_test"] = True
    return made


def _is_declared(variable: Variable, kind: Kind) -> bool:
    """Whether a variable is declared as what the pool gives, or without a type."""
    declared = re.sub(r"[?\s]|<.*", "", variable.type, flags=re.S).rpartition(".")[2]
    if kind is _ANSWER:
        return declared == kind.made
    return declared in ("", "var", kind.made)


def _statement(node: Node) -> Node | None:
    """The statement of a block that a node stands in."""
    current: Node | None = node
    while current is not None and (current.parent is None or current.parent.type not in _GRAMMAR.blocks):
        if current.type in _GRAMMAR.functions:
            return None
        current = current.parent
    return current


def _in(node: Node, kind: str) -> bool:
    return node.parent is not None and node.parent.type == kind


def _around(inner: Node, outer: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _asks(file: JvmFile, branch: Node, name: str) -> bool:
    condition = branch.child_by_field_name("condition") or (branch.named_children[0] if branch.named_children else None)
    return (
        condition is not None
        and re.search(rf"\b{re.escape(name)}\b(?!\??\.(?!isClosed))", file.text(condition)) is not None
    )


def _catches(file: JvmFile, handler: Node) -> bool:
    return _BROAD.search(file.text(handler).partition("{")[0]) is not None


def _mentions(file: JvmFile, variable: Variable, node: Node, taking: Taking, kind: Kind) -> bool:
    """Sort the mentions of what is taken; False when it leaves the method's sight."""
    for expression in file.references(variable):
        if _around(expression, node) or expression == variable.node or _is_left(expression):
            continue
        if file.ancestor(expression, file.methods_of | file.lambdas_of | {"class_body"}) != taking.function:
            return False
        if not _mention(file, expression, taking, kind):
            return False
    taking.uses.sort(key=lambda each: each.start_byte)
    return True


def _is_left(expression: Node) -> bool:
    parent = expression.parent
    return (
        parent is not None and parent.child_by_field_name("left") == expression and parent.type.startswith("assignment")
    )


def _mention(file: JvmFile, expression: Node, taking: Taking, kind: Kind) -> bool:
    outer = file.outward(expression)
    if _in(outer, "resource") or _in(outer, "resource_specification"):
        return False  # closed at the end of that block
    on = file.called_on(outer)
    if on is not None:
        name = file.text(on.name)
        if kind is _ANSWER:
            return _answer(name, expression, taking)
        if name == "close":
            taking.gives.append(expression)
            return True
        if file.handed_lambda(on) is not None:
            return False  # use { … } closes it, the others hand it on
        if name not in _BENIGN:
            taking.uses.append(expression)
        return _derived(file, on.node, taking, statement=name in _STATEMENTS)
    if kind is _ANSWER and outer.parent is not None and outer.parent.type == "navigation_expression":
        return _answer(file.text(outer.parent.named_children[-1]), expression, taking)
    given = file.given_to(outer)
    if given is not None:
        taker = file.invocation(given[0])
        name = file.text(taker.name) if taker is not None else ""
        if _GIVES.match(name):
            taking.gives.append(expression)
            return True
        return taker is not None and taker.receiver is not None and bool(_LOGS.search(file.text(taker.receiver)))
    return file.target(outer) is None and file.returned_by(outer) is None and file.is_statement(outer)


def _answer(name: str, expression: Node, taking: Taking) -> bool:
    """What is asked of an answer: its head alone, or its body, which whoever reads it closes."""
    if name in _HEAD_ONLY:
        return True
    taking.gives.append(expression)
    return name in ("close", "body")


def _derived(file: JvmFile, made: Node, taking: Taking, *, statement: bool) -> bool:
    """A statement or result of a connection: what is done with it fails as the connection does."""
    outer = file.outward(made)
    if statement and (file.given_to(outer) is not None or file.returned_by(outer) is not None):
        return False  # a statement has its connection with it
    holder = file.target(outer)
    variable = file.variable(file.text(holder[1]), made) if holder is not None else None
    if holder is not None and (variable is None or variable.kind != "local"):
        return False
    for expression in file.references(variable) if variable is not None else ():
        inner = file.outward(expression)
        on = file.called_on(inner)
        if on is not None:
            name = file.text(on.name)
            if name == "getConnection":
                return False
            if name != "close":
                taking.uses.append(expression)
        elif statement and (file.given_to(inner) is not None or file.returned_by(inner) is not None):
            return False
    return True
