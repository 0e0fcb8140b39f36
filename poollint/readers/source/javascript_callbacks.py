"""Connections that a pool hands to a callback: ``pool.connect((err, client, release) => { ... })``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.readers.source.javascript_names import FUNCTIONS
from poollint.readers.source.values import Call, Made

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.readers.source.javascript_uses import Uses

_POOLS = {
    "connect": frozenset(("pg.Pool", "pg-pool.default", "@neondatabase/serverless.Pool")),
    "getConnection": frozenset(("mysql.createPool", "mysql2.createPool")),
}


def callback_checkout(uses: Uses, node: Node, pool: Node, method: str) -> Call | None:
    """The connection as a call ``checkout.connect``, where a callback gets it; None for other calls."""
    file = uses.file
    arguments = file.arguments(node)
    if len(arguments) != 1 or arguments[0].type not in ("arrow_function", "function_expression"):
        return None
    callback = arguments[0]
    parameters = file.parameters(callback)
    if len(parameters) < 2 or not all(name.isidentifier() for name in parameters) or not _is_pool(uses, pool, method):
        return None
    made = Call(f"checkout.{method}", file.tree.place(node.child_by_field_name("function") or node))
    made.name = parameters[1]
    made.scope = file.scope(node)
    made.used = {
        "pool": file.tree.text(pool),
        "released": _released(uses, node, callback, parameters),
        "nested": (),
    }
    return made


def _is_pool(uses: Uses, pool: Node, method: str) -> bool:
    made_by = uses.file.receiver(pool).removesuffix("()")
    if not made_by and pool.type == "identifier":
        value = uses.file.fold(pool).value
        made_by = value.call.callee if isinstance(value, Made) else ""
    return made_by in _POOLS.get(method, ())


def _released(uses: Uses, node: Node, callback: Node, parameters: tuple[str, ...]) -> str:
    """never; early (a way out of a callback stands before the release); elsewhere, where it leaves; always."""
    gives = list(_mentions(uses, callback, parameters[2])) if len(parameters) > 2 else []
    escapes = False
    for reference in _mentions(uses, callback, parameters[1]):
        kind = uses.reference_kind(reference)
        if kind == "give":
            gives.append(reference)
        escapes = escapes or kind == "escape"
    if escapes or uses.pool_ends(node, callback):
        return "elsewhere"
    if not gives:
        return "never"
    return "early" if len(gives) == 1 and _leaves_before(uses, gives[0], callback) else "always"


def _mentions(uses: Uses, callback: Node, name: str) -> list[Node]:
    body = callback.child_by_field_name("body")
    if body is None:
        return []
    return [each for each in uses.references(name) if body.start_byte <= each.start_byte < body.end_byte]


def _leaves_before(uses: Uses, give: Node, callback: Node) -> bool:
    """Whether an inner callback returns on an error before its only release: ``if (err) return cb(err); release();``."""
    function = uses.file.scope_node(give)
    body = function.child_by_field_name("body") if function is not None else None
    if function is None or body is None or function.id == callback.id or function.type not in FUNCTIONS:
        return False
    first = (uses.file.parameters(function) or ("",))[0]
    for statement in body.named_children:
        if statement.start_byte >= give.start_byte or statement.type != "if_statement":
            continue
        condition = uses.tree.text(statement.child_by_field_name("condition")).strip("() ")
        consequence = statement.child_by_field_name("consequence")
        if (
            condition != first
            or consequence is None
            or consequence.start_byte <= give.start_byte < consequence.end_byte
        ):
            continue
        last = consequence.named_children[-1] if consequence.type == "statement_block" else consequence
        if last is not None and last.type == "return_statement":
            return True
    return False
