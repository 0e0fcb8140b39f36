"""Python: connections that are taken out of a pool and do not surely come back to it.

Only what stays in its function is told of: a connection that is returned, stored or given to another function may be
given back there. The pool's library must be named in the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.readers.source.python_modules import dotted
from poollint.readers.source.values import Call
from poollint.readers.source.ways_out import MAX_FUNCTION, MAX_TAKINGS, Grammar, Taking, walk_own, way_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.readers.source.python import PythonFile

GRAMMAR = Grammar(
    functions=frozenset(("function_definition", "lambda", "class_definition")),
    blocks=frozenset(("block",)),
    tries=frozenset(("try_statement",)),
    catches=frozenset(("except_clause", "except_group_clause")),
    finals=frozenset(("finally_clause",)),
    branches=frozenset(("if_statement", "elif_clause", "else_clause", "conditional_expression", "while_statement")),
    returns=frozenset(("return_statement",)),
    throws=frozenset(("raise_statement",)),
    jumps=frozenset(("continue_statement", "break_statement")),
)


class Library(NamedTuple):
    """How a library's pools give connections out: the method, what takes one back, what ends one for the pool too.

    ``shows``: methods of which a connection has one called, where the method's name does not tell enough.
    """

    takes: str
    awaited: bool | None
    back: str
    ends: frozenset[str]
    shows: frozenset[str] = frozenset()


_ENDS = frozenset(("close", "terminate"))
# what is done with a connection of a database, and with nothing else that is acquired from a pool
_ASYNCPG = frozenset("execute executemany fetch fetchrow fetchval fetchmany cursor transaction prepare".split())
_AIOMYSQL = frozenset("cursor begin commit rollback".split())
_SQLALCHEMY = frozenset("execute exec_driver_sql scalar scalars stream".split())
_REDIS = frozenset("send_command send_packed_command read_response on_connect".split())
LIBRARIES = {
    "psycopg2": Library("getconn", False, "putconn", frozenset()),
    "psycopg_pool": Library("getconn", None, "putconn", frozenset()),
    "asyncpg": Library("acquire", True, "release", _ENDS, _ASYNCPG),
    "aiomysql": Library("acquire", True, "release", frozenset(), _AIOMYSQL),
    "redis": Library("get_connection", False, "release", frozenset(), _REDIS),
    "sqlalchemy": Library("connect", None, "", frozenset(("close", "aclose", "detach", "invalidate")), _SQLALCHEMY),
}
_POOL = re.compile(r"(?:^|[._])\w*pool\w*(?:\(\))?$", re.IGNORECASE)
_ENGINE = re.compile(r"(?:^|[._])engine$", re.IGNORECASE)
# a connection of SQLAlchemy has no tie to itself where its transaction is over: it goes with its last name
_ENDED = frozenset(("commit", "rollback", "begin", "get_transaction", "execution_options"))
# functions that take a connection, and keep nothing of it
_LOOKERS = frozenset("print repr str id type len bool isinstance hasattr getattr callable".split())
_CONSUMERS = re.compile(
    r"(?:^|\.)(?:read_sql(?:_query|_table)?|execute_values|execute_batch|register_uuid|register_hstore|register_vector"
    r"|debug|info|warning|error|exception)$"
)
_BENIGN = frozenset("cursor close closed set_session set_isolation_level set_client_encoding get_backend_pid".split())
_LASTING = re.compile(
    r"\badd_listener\b|\blisten\b|\bLISTEN\b|\bwhile (?:True|1|not)\b|\bsuppress\(|\bclosing\(|\bExitStack\b"
)
_PASSING = re.compile(r"\b(?:closeall|close|terminate|disconnect|wait_closed|putconn|release)\(")
_BROAD = re.compile(
    r"^except(?:\*)?\s*:|\b(?:Base)?Exception\b|\b(?:\w*(?:Database|Operational|Interface|Programming|Postgres|MySQL|Redis|Data|Integrity|SQL)Error|Error)\b"
)


_MAIN = re.compile(r"(?m)^if __name__ ==(?![\s\S]*\brun(?:_app|_server|_until_complete|_forever)?\(\s*[\"'\w]*app)")


def checkouts(file: PythonFile) -> Iterator[Call]:
    """Each connection that is taken and not surely given back, as a call that nobody wrote."""
    libraries = _libraries(file)
    if not libraries:
        return
    left = MAX_TAKINGS
    for node in file.call_nodes:
        function = node.child_by_field_name("function")
        if function is None or function.type != "attribute":
            continue
        method = file.tree.text(function.child_by_field_name("attribute"))
        several = [name for name in libraries if LIBRARIES[name].takes == method]
        if not several or left <= 0:
            continue
        left -= 1
        made = _checkout(file, node, function, several)
        if made is not None:
            yield made


def _libraries(file: PythonFile) -> list[str]:
    named = {name.partition(".")[0] for name in file.imports.values()}
    return [name for name in LIBRARIES if name in named]


def _checkout(file: PythonFile, node: Node, function: Node, libraries: list[str]) -> Call | None:
    pool = function.child_by_field_name("object")
    held = holder_of(file, node)
    body = file.enclosing_function(node)
    if pool is None or held is None or body is None or body.type != "function_definition" or body.has_error:
        return None
    if body.end_byte - body.start_byte > MAX_FUNCTION:
        return None
    name, first, awaited = held
    words = file.tree.text(pool)
    library = _library(file, pool, words, libraries)
    if not library or LIBRARIES[library].awaited not in (None, awaited) or file.positional_of(node):
        return None
    if first.type == "with_statement" and LIBRARIES[library].takes != "getconn":
        return None  # that of psycopg ends a transaction, or closes, and gives nothing back; all others do
    taking = _taking(file, body, (name, first, node), LIBRARIES[library])
    if taking is None or (not taking.gives and _kept_on(file, body, words)):
        return None
    if not _is_one(file, taking, name, LIBRARIES[library].shows):
        return None
    way = way_of(GRAMMAR, taking)
    if way.given == "always" or (
        (way.given != "never" or library == "sqlalchemy") and _MAIN.search(file.tree.source.text)
    ):
        return None  # an error ends a program that runs once
    made = Call(f"checkout.{library}", file.tree.place(function))
    made.name, made.scope = name, file.scope(node)
    made.used = {
        "awaited": awaited,
        "given": way.given,
        "pool": words,
        "back": f"{words}.{LIBRARIES[library].back}({name})",
    }
    if way.out is not None:
        made.used["out"] = file.tree.place(way.out)
    if way.given == "never" and _closes(file, taking, name):
        made.used["closed"] = True
    return made


def holder_of(file: PythonFile, node: Node) -> tuple[str, Node, bool] | None:
    """(name, statement, whether it is awaited) of ``conn = pool.getconn()`` and ``with pool.getconn() as conn:``."""
    outer, awaited = node.parent, False
    while outer is not None and outer.type in ("await", "parenthesized_expression"):
        awaited = awaited or outer.type == "await"
        outer = outer.parent
    if outer is None:
        return None
    if outer.type == "assignment":
        left, first = outer.child_by_field_name("left"), outer.parent
    elif outer.type == "as_pattern" and not awaited:
        target = outer.child_by_field_name("alias")
        left = target.named_children[0] if target is not None and target.named_children else None
        first = outer.parent.parent if outer.parent is not None else None
        first = first.parent if first is not None and first.type == "with_clause" else first
        if first is None or first.type != "with_statement" or file.tree.text(first).startswith("async"):
            return None
    else:
        return None
    if left is None or first is None or left.type != "identifier":
        return None
    return file.tree.text(left), first, awaited


def _library(file: PythonFile, pool: Node, words: str, libraries: list[str]) -> str:
    """The library of a pool: the one that makes it in the file, or the only one of the file that has such a method."""
    names = dotted(file, pool)
    value = file.sole_value(pool, names[0]) if len(names) == 1 else None
    if value is not None and value.type == "await":
        value = value.named_children[0] if value.named_children else None
    if value is not None and value.type == "call":
        made = file.resolve(value.child_by_field_name("function"))
        if made:
            return made.partition(".")[0] if made.partition(".")[0] in libraries else ""
    if "sqlalchemy" in libraries:
        return "sqlalchemy" if _ENGINE.search(words) else ""
    if "PersistentConnectionPool" in file.tree.source.text or not _POOL.search(words):
        return ""
    return libraries[0] if len(libraries) == 1 else ""


def _kept_on(file: PythonFile, body: Node, pool: str) -> bool:
    """Whether a function may keep a connection on purpose, ends the pool itself, or gives back by another name."""
    text = file.code(body)
    made_here = re.search(rf"(?m)^\s*{re.escape(pool)}\s*(?::[^=\n]+)?=[^=]", text)
    return bool(made_here or _LASTING.search(file.tree.text(body)) or _gives_back(text, pool))


def _gives_back(text: str, pool: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(pool)}\s*\.\s*{_PASSING.pattern[2:]}", text) is not None


def _is_one(file: PythonFile, taking: Taking, name: str, shows: frozenset[str]) -> bool:
    """Whether what is taken is used as a connection of the library is."""
    called = re.findall(rf"\b{re.escape(name)}\.(\w+)\(", file.code(taking.function))
    if shows is _SQLALCHEMY and (taking.gives or not _ENDED.isdisjoint(called)):
        return False
    return not shows or not shows.isdisjoint(called)


def _closes(file: PythonFile, taking: Taking, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\.close\(", file.code(taking.function)) is not None


def _taking(file: PythonFile, body: Node, taken: tuple[str, Node, Node], library: Library) -> Taking | None:
    """The uses of a connection in its function; None when it leaves the function's sight."""
    name, first, node = taken
    text = file.tree.text(body)
    if re.search(rf"\b(?:global|nonlocal)\b[^\n]*\b{re.escape(name)}\b|\bsuppress\(", text):
        return None
    mentions = re.compile(rf"\b{re.escape(name)}\b")
    asks = re.compile(rf"\b{re.escape(name)}\b(?!\.(?!closed|is_closed))")
    found = Taking(body, first, [], [], lambda each: asks_for(file, each, asks), lambda each: _catches(file, each))
    derived: set[str] = set()
    yields: list[Node] = []
    for each in walk_own(GRAMMAR, body):
        if each.type in GRAMMAR.functions and mentions.search(file.tree.text(each)):
            return None
        if each.type != "identifier" or node.start_byte <= each.start_byte < node.end_byte:
            continue
        word = file.tree.text(each)
        if word in derived:
            if not _derived_use(file, each, found):
                return None
        elif word == name and not _mention(file, each, found, derived, yields, library):
            return None
    if yields and not found.gives:
        return None
    found.uses.extend(yields)
    found.uses.sort(key=lambda each: each.start_byte)
    return found


def asks_for(file: PythonFile, branch: Node, asks: re.Pattern[str]) -> bool:
    condition = branch.child_by_field_name("condition")
    if branch.type == "else_clause" and branch.parent is not None:
        condition = branch.parent.child_by_field_name("condition")
    return condition is not None and asks.search(file.tree.text(condition)) is not None


def _catches(file: PythonFile, handler: Node) -> bool:
    """Whether a handler is for what a driver raises, as far as names tell."""
    return _BROAD.search(file.tree.text(handler).partition("\n")[0]) is not None


def _derived_use(file: PythonFile, mention: Node, found: Taking) -> bool:
    """``cur.execute(…)`` of a cursor of the connection; whether the cursor, which has its connection with it, stays."""
    holder = mention.parent
    if holder is not None and holder.type == "attribute" and holder.child_by_field_name("object") == mention:
        called = holder.parent is not None and holder.parent.type == "call"
        if called and file.tree.text(holder.child_by_field_name("attribute")) not in _BENIGN:
            found.uses.append(mention)
        return True
    while holder is not None and holder.type in ("tuple", "expression_list", "await", "parenthesized_expression"):
        holder = holder.parent
    return holder is None or holder.type != "return_statement"


def _mention(
    file: PythonFile, mention: Node, found: Taking, derived: set[str], yields: list[Node], library: Library
) -> bool:
    """One mention of a connection; whether it stays in sight."""
    text, holder = file.tree.text, mention.parent
    if holder is None:
        return False
    kind = holder.type
    if kind == "keyword_argument":
        holder = holder.parent
        kind = holder.type if holder is not None and holder.child_by_field_name("name") != mention else ""
    if holder is None:
        return False
    if kind == "attribute" and holder.child_by_field_name("object") == mention:
        return _member(file, mention, holder, found, derived, library)
    if kind == "argument_list" and holder.parent is not None:
        return _argument(file, mention, holder.parent, found)
    if kind == "assignment":
        right = holder.child_by_field_name("right")
        is_first = right is not None and holder.parent is not None and holder.parent.id == found.first.id
        emptied = right is not None and right.type == "none"
        return holder.child_by_field_name("left") == mention and (is_first or emptied)
    if kind == "as_pattern_target":
        return (
            holder.start_byte < found.first.end_byte
            and found.first.type == "with_statement"
            and (found.first.start_byte <= holder.start_byte)
        )
    if kind == "yield":
        yields.append(mention)
        return True
    if kind == "with_item":
        return library.takes == "getconn" and not text(holder).startswith("closing")
    return kind in (
        "if_statement",
        "elif_clause",
        "not_operator",
        "comparison_operator",
        "boolean_operator",
        "delete_statement",
        "assert_statement",
        "expression_statement",
        "interpolation",
    )


def _member(file: PythonFile, mention: Node, member: Node, found: Taking, derived: set[str], library: Library) -> bool:
    """``conn.execute(…)``: a use; ``conn.close()`` gives back where the library takes it so."""
    method, call = file.tree.text(member.child_by_field_name("attribute")), member.parent
    if call is None or call.type != "call":
        # a method that is handed on may run anywhere; a plain field may be looked at, or set
        return method in (
            "closed",
            "autocommit",
            "isolation_level",
            "info",
            "status",
            "row_factory",
            "notices",
            "encoding",
        )
    if method in library.ends:
        found.gives.append(mention)
        return True
    if method in ("detach", "get_native_connection", "add_termination_listener", "add_listener"):
        return False
    outer: Node | None = call.parent
    if method not in _BENIGN or (outer is not None and outer.type == "attribute"):
        found.uses.append(mention)
    while outer is not None and outer.type in ("await", "parenthesized_expression"):
        outer = outer.parent
    if outer is not None and outer.type == "assignment" and outer.child_by_field_name("right") is not None:
        left = outer.child_by_field_name("left")
        if left is not None and left.type == "identifier":
            derived.add(file.tree.text(left))
    elif outer is not None and outer.type == "as_pattern":
        alias = outer.child_by_field_name("alias")
        derived.add(file.tree.text(alias))
    elif method == "cursor" and outer is not None and outer.type in ("return_statement", "argument_list", "yield"):
        return False  # a cursor has its connection with it
    return True


def _argument(file: PythonFile, mention: Node, call: Node, found: Taking) -> bool:
    """A connection that is given to a function: the pool's own, or one that is known to keep nothing."""
    function = call.child_by_field_name("function")
    words = file.tree.text(function)
    if words.rpartition(".")[2] in ("putconn", "release", "release_connection"):
        found.gives.append(mention)
        return True
    if words in _LOOKERS:
        return True
    if function is not None and _CONSUMERS.search(words):
        found.uses.append(mention)
        return True
    return False
