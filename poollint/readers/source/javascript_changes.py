"""What becomes of an object of options between its literal and its use: ``const c = {}; c.max = 11; new Pool(c)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from poollint.blocks import UNKNOWN
from poollint.readers.source.values import Entry, Folded, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.readers.source.javascript_folding import Folding
    from poollint.readers.source.javascript_names import Names

MAX_CHANGES = 100  # of objects of one name; where there are more, nobody follows them
ASSIGN, DELETE, MERGE, HANDED = "assign", "delete", "merge", "handed"
# functions that write into what they get first, and those that only look at it
_WRITERS = frozenset("assign merge mergeWith defaults defaultsDeep extend defineProperty defineProperties set".split())
_LOOKERS = frozenset("log debug info warn error trace dir print inspect freeze seal".split())


class Change(NamedTuple):
    """One statement that changes an object: which key (empty: any), by what, and the node that does it."""

    kind: str
    key: str
    right: Node | None  # None where the new value cannot be told (``c.max += 1``)
    node: Node


def handed(file: Names, node: Node) -> Iterator[tuple[str, Change]]:
    """What a call changes in the object that it gets first, by the object's name, where its result is not asked for."""
    function, arguments = node.child_by_field_name("function"), file.arguments(node)
    holder = node.parent if node.parent is None or node.parent.type != "await_expression" else node.parent.parent
    if function is None or not arguments or arguments[0].type != "identifier":
        return
    name, callee = file.tree.text(arguments[0]), file.tree.text(function)
    method = callee.rpartition(".")[2]
    if callee == "Object.assign":
        for source in arguments[1:]:
            yield name, Change(MERGE, "", None if source.type == "spread_element" else source, node)
    elif holder is None or holder.type != "expression_statement" or method in _LOOKERS:
        return
    elif method in _WRITERS:
        yield name, Change(MERGE, "", None, node)
    elif function.type == "identifier" and file.imports.get(callee, ".").startswith((".", "@/", "~/")):
        yield name, Change(HANDED, "", None, node)


def changed(file: Folding, use: Node, name: str, table: Table) -> Table:
    """The object behind a name as it is where it is used. What may or may not have happened leaves a key unknown."""
    all_changes = file.changes(name)
    if not all_changes:
        return table
    made = table.copy()
    if len(all_changes) > MAX_CHANGES:
        _apply(file, made, all_changes[0]._replace(kind=ASSIGN, key=""), sure=False)
        return made
    home = file.declaring_scope(use, name)
    around = _block_of_declaration(file, home, name)
    for each in all_changes:
        inside = each.node.start_byte <= use.start_byte < each.node.end_byte
        if not inside and _same(file, each.node, name, home):
            _apply(file, made, each, sure=around is not None and _surely_before(each.node, use, around))
    return made


def _same(file: Folding, node: Node, name: str, home: Node | None) -> bool:
    scope = file.declaring_scope(node, name)
    return (scope.id if scope is not None else -1) == (home.id if home is not None else -1)


def _block_of_declaration(file: Folding, home: Node | None, name: str) -> Node | None:
    declared = file.declared(home, name) if home is not None else None
    statement = declared.parent if declared is not None else None
    while statement is not None and statement.type in (
        "lexical_declaration",
        "variable_declaration",
        "export_statement",
    ):
        statement = statement.parent
    return statement


def _surely_before(node: Node, use: Node, around: Node) -> bool:
    """Whether a change is a statement of the block that declares the object, and stands before the use."""
    statement = node.parent
    if statement is None or statement.type != "expression_statement" or statement.end_byte > use.start_byte:
        return False
    return statement.parent is not None and statement.parent.id == around.id


def _apply(file: Folding, table: Table, change: Change, *, sure: bool) -> None:
    place = file.tree.place(change.node)
    unknown = Folded(UNKNOWN, place)
    if change.kind == MERGE:
        source = file.fold_once(change.right).value if sure and change.right is not None else UNKNOWN
        if isinstance(source, Table):
            if not source.complete:
                file.perhaps_replaced(table)
            table.merge(source)
            return
        table.complete = False
        file.perhaps_replaced(table)
    elif change.kind == HANDED:
        table.complete = False  # a function of the project may add to it
    elif not change.key:
        table.complete = False
        file.perhaps_replaced(table)
    elif change.kind == DELETE and sure:
        table.entries.pop(change.key, None)
    else:
        value = file.fold_once(change.right) if sure and change.right is not None else unknown
        left = change.node.child_by_field_name("left")
        table.entries[change.key] = Entry(file.tree.place(left) if left is not None else place, value)
