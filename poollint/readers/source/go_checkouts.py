"""Go: what is taken out of a pool in a function, and whether every way out of the function gives it back.

Only what stays in the function is told of: a connection or transaction that is returned, stored, or given to another
function may be given back there.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from poollint.readers.source.values import Call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.readers.source.go import GoFile

# method: (how many arguments it has, what gives back, part of an import's path that must be there, name of the call)
_TAKES: dict[str, tuple[tuple[int, ...], tuple[str, ...], str, str]] = {
    "Acquire": ((1,), ("Release", "Hijack"), "/pgxpool", "checkout.acquire"),
    "Conn": ((1,), ("Close",), "database/sql", "checkout.conn"),
    "Begin": ((0, 1), ("Commit", "Rollback"), "", "checkout.begin"),
    "BeginTx": ((2,), ("Commit", "Rollback"), "", "checkout.begin"),
    "Beginx": ((0,), ("Commit", "Rollback"), "", "checkout.begin"),
    "BeginTxx": ((2,), ("Commit", "Rollback"), "", "checkout.begin"),
}
MAX_TAKINGS = 200
MAX_RETURNS = 200
_PLAIN = ("database/sql", "github.com/jmoiron/sqlx", "/pgx", "/pgxpool")


class Way(NamedTuple):
    """``given``: "never", "some" (a return comes before it) or "always"."""

    given: str
    out: Node | None = None


def checkouts(file: GoFile) -> Iterator[Call]:
    """Each connection or transaction that is taken and not surely given back, as a call that nobody wrote."""
    paths = tuple(file.imports.values())
    if not any(path.endswith(_PLAIN) for path in paths) or any("gorm" in path for path in paths):
        return
    for name, scope, node in islice(_takings(file, paths), MAX_TAKINGS):
        if file.is_damaged(node):
            continue
        function = _callee(node)
        assert function is not None
        taken = _TAKES[file.tree.text(function.child_by_field_name("field"))]
        mentions = file.mentions_of(name, scope, node)
        way = _way(file, mentions, node, taken[1])
        if way is not None and way.given != "always":
            made = Call(taken[3], file.tree.place(function))
            made.name = name
            made.scope = file.scope(node)
            made.used = {"given": way.given, "back": taken[1][-1] if taken[3] == "checkout.begin" else taken[1][0]}
            if way.out is not None:
                made.used["out"] = file.tree.place(way.out)
            yield made


def _takings(file: GoFile, paths: tuple[str, ...]) -> Iterator[tuple[str, int, Node]]:
    for name, scope, node in file.takings():
        function = _callee(node)
        arguments = node.child_by_field_name("arguments")
        if function is None or arguments is None:
            continue
        taken = _TAKES.get(file.tree.text(function.child_by_field_name("field")))
        count = sum(1 for child in arguments.named_children if child.type != "comment")
        if taken is not None and count in taken[0] and any(taken[2] in path for path in paths):
            yield name, scope, node


def _callee(node: Node) -> Node | None:
    function = node.child_by_field_name("function")
    return function if function is not None and function.type == "selector_expression" else None


def _way(file: GoFile, mentions: list[Node], node: Node, back: tuple[str, ...]) -> Way | None:
    """What becomes of a thing; None when it leaves the function's sight."""
    gives = []
    for mention in mentions:
        field = mention.parent
        if is_blank(mention):
            continue
        if field is None or field.type != "selector_expression":
            return None
        if file.tree.text(field.child_by_field_name("field")) in back:
            if field.parent is None or field.parent.type != "call_expression":
                return None  # the method itself is handed on
            gives.append(mention)
    if not gives:
        return Way("never")
    if any(deferred(each) for each in gives):
        return Way("always")
    function = file.function(node)
    first = statement_of(node)
    if function is None or first is None or any(file.function(each) != function for each in gives):
        return None
    after = checked(file, first)
    for out in file.returns.get(function.id, ())[:MAX_RETURNS]:
        if out.start_byte >= after and not gives_before(out, gives, first):
            return Way("some", out)
    return Way("always")


def checked(file: GoFile, first: Node) -> int:
    """Where the checks of the error end that stand right behind ``name, err := …``: until then there is nothing to give."""
    left = first.child_by_field_name("left")
    error = file.tree.text(left.named_children[-1]) if left is not None and left.named_children else "err"
    end = first.end_byte
    check = first.next_named_sibling
    while check is not None and check.type in ("comment", "if_statement"):
        if check.type == "if_statement":
            condition = file.tree.text(check.child_by_field_name("condition"))
            if end != first.end_byte and not re.search(rf"\b{re.escape(error)}\b", condition):
                break
            if check.child_by_field_name("initializer") is not None:
                break
            end = check.end_byte
        check = check.next_named_sibling
    return end


def statement_of(node: Node) -> Node | None:
    """The statement of a block that a node stands in."""
    current: Node | None = node
    while current is not None and (current.parent is None or current.parent.type not in ("statement_list", "block")):
        current = current.parent
    return current


def is_blank(node: Node) -> bool:
    """``_ = name``: the compiler is quiet, and nothing else happens."""
    listed = node.parent
    outer = listed.parent if listed is not None and listed.type == "expression_list" else listed
    if outer is None or outer.type != "assignment_statement" or (listed is not None and listed.named_child_count > 1):
        return False
    left = outer.child_by_field_name("left")
    return left is not None and left.text == b"_"


def deferred(node: Node) -> bool:
    current = node.parent
    while current is not None:
        if current.type == "defer_statement":
            return True
        current = current.parent
    return False


def gives_before(out: Node, gives: list[Node], first: Node) -> bool:
    """Whether something is given back in the return itself, or before it in a block around it."""
    holder: Node | None = out
    while holder is not None and holder.id != first.id:
        block = holder.parent
        if block is None:
            return False
        if block.type in ("statement_list", "block"):
            for each in gives:
                if block.start_byte <= each.start_byte < out.end_byte:
                    return True
            if block.start_byte <= first.start_byte:
                return not block.start_byte <= out.start_byte < block.end_byte
        holder = block
    return False
