"""Go: whether an HTTP client or transport outlives the function that makes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.readers.source.go import GoFile

_ASKING = frozenset(("Do", "Get", "Head", "Post", "PostForm"))
_FIELDS = frozenset(("Transport", "Timeout", "CheckRedirect", "Jar"))
_ONCE = frozenset(("main", "init"))


def kept(file: GoFile, node: Node) -> bool:
    """Whether what a literal makes may serve more than one call of its function; only a plain, local use rules that out.

    ``client := &http.Client{Transport: &http.Transport{…}}; client.Do(request)`` and no more is for one call alone.
    """
    function = file.function(node)
    if function is None or function.type == "func_literal" or _name(file, function) in _ONCE:
        return True
    holder = _holder(file, node)
    if holder is None or holder[0].type != "short_var_declaration":
        return True
    statement, name = holder
    asked = False
    for mention in file.mentions_of(name, function.id, statement):
        way = _way(file, mention)
        if not way:
            return True
        asked = asked or way in _ASKING
    return not asked


def closed_by_callers(file: GoFile, node: Node, calls: list[Node]) -> bool:
    """Whether what a function returns serves its callers for a moment: each of them in the file closes it at its end."""
    function = file.function(node)
    name = _name(file, function) if function is not None else ""
    if not name or name[0].isupper():
        return False
    users = [each for each in calls if _calls(file, each, name)]
    return bool(users) and all(_closes(file, each) for each in users)


def _calls(file: GoFile, call: Node, name: str) -> bool:
    function = call.child_by_field_name("function")
    return function is not None and file.tree.text(function).rpartition(".")[2] == name


def _closes(file: GoFile, call: Node) -> bool:
    around = file.function(call)
    statement = call.parent.parent if call.parent is not None else None
    left = statement.child_by_field_name("left") if statement is not None else None
    if around is None or left is None or not left.named_children:
        return False
    word = re.escape(file.tree.text(left.named_children[0]))
    return re.search(rf"\bdefer\s+(?:{word}\.Close\(|[\w.]*Close\w*\({word}\))", file.tree.text(around)) is not None


def _name(file: GoFile, function: Node) -> str:
    return file.tree.text(function.child_by_field_name("name"))


def _holder(file: GoFile, node: Node) -> tuple[Node, str] | None:
    """The statement that gives a client its only name, and the name: the literal itself, or the client around it."""
    current = node.parent
    while current is not None and current.type in (
        "unary_expression",
        "literal_element",
        "keyed_element",
        "literal_value",
        "composite_literal",
    ):
        if (
            current.type == "composite_literal"
            and file.resolve(current.child_by_field_name("type")) != "net/http.Client"
        ):
            return None
        current = current.parent
    if current is None or current.type != "expression_list" or current.named_child_count != 1 or current.parent is None:
        return None
    statement = current.parent
    left = statement.child_by_field_name("left")
    if left is None or left.named_child_count != 1 or left.named_children[0].type != "identifier":
        return None
    name = file.tree.text(left.named_children[0])
    if file.resolve(node.child_by_field_name("type")) == "net/http.Transport":
        return _through_client(file, statement, name, direct=current.named_children[0])
    return statement, name


def _through_client(file: GoFile, statement: Node, name: str, *, direct: Node) -> tuple[Node, str] | None:
    """The name of a client that holds a transport; a transport under a name of its own must go into one such client."""
    inner = direct.child_by_field_name("operand") if direct.type == "unary_expression" else direct
    if inner is not None and file.resolve(inner.child_by_field_name("type")) == "net/http.Client":
        return statement, name
    function = file.function(statement)
    mentions = file.mentions_of(name, function.id, statement) if function is not None else []
    holder = None
    for mention in mentions:
        field = mention.parent
        if field is not None and field.type == "selector_expression":
            continue  # transport.TLSClientConfig = …
        if holder is not None or field is None or field.type != "literal_element":
            return None
        client = field.parent.parent.parent if field.parent is not None and field.parent.parent is not None else None
        if client is None or client.type != "composite_literal":
            return None
        holder = _holder(file, client)
        if holder is None or file.resolve(client.child_by_field_name("type")) != "net/http.Client":
            return None
    return holder


def _way(file: GoFile, mention: Node) -> str:
    """The method or field by which a client is used; empty when the client itself goes elsewhere."""
    field = mention.parent
    if field is None or field.type != "selector_expression":
        return ""
    name = file.tree.text(field.child_by_field_name("field"))
    called = field.parent is not None and field.parent.type == "call_expression"
    return name if (name in _ASKING and called) or (name in _FIELDS and not called) else ""
