"""Go: answers of HTTP requests whose body some way out of the function neither reads nor closes.

Only what is surely an answer of net/http is told of: one of its own functions, or ``Do`` with a request that
``http.NewRequest`` made. An answer that is handed on as a whole may be closed elsewhere.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from poollint.readers.source.go_checkouts import (
    MAX_RETURNS,
    MAX_TAKINGS,
    Way,
    checked,
    deferred,
    gives_before,
    is_blank,
    statement_of,
)
from poollint.readers.source.values import Call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.readers.source.go import GoFile

_OWN = frozenset(f"net/http.{base}{name}" for base in ("", "DefaultClient.") for name in ("Get", "Post", "PostForm"))
_HEAD = re.compile(r"MethodHead|\"HEAD\"|\.Head\(")
_HEAD_FIELDS = frozenset(("StatusCode", "Status", "Header", "ContentLength", "Cookies", "Request", "TLS", "Proto"))


def open_bodies(file: GoFile) -> Iterator[Call]:
    """Each answer whose body stays open on some way, as a call that nobody wrote."""
    if "net/http" not in file.imports.values():
        return
    for name, scope, node in islice(file.takings(), MAX_TAKINGS):
        if not _answers(file, node):
            continue
        way = _way(file, file.mentions_of(name, scope, node), node)
        if way is None or way.given == "always":
            continue
        function = node.child_by_field_name("function")
        assert function is not None
        made = Call("net/http.Response.open", file.tree.place(function))
        made.name = name
        made.scope = file.scope(node)
        made.used = {"given": way.given, "back": "Body.Close"}
        if way.out is not None:
            made.used["out"] = file.tree.place(way.out)
        yield made


def _answers(file: GoFile, node: Node) -> bool:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    around = file.function(node)
    if function is None or arguments is None or around is None or _HEAD.search(file.tree.text(around)):
        return False
    if file.resolve(function) in _OWN:
        return True
    given = [child for child in arguments.named_children if child.type != "comment"]
    if function.type != "selector_expression" or file.tree.text(function.child_by_field_name("field")) != "Do":
        return False
    if len(given) != 1 or given[0].type != "identifier" or file.imports.get("http") != "net/http":
        return False
    word = re.escape(file.tree.text(given[0]))
    return re.search(rf"\b{word}\s*,\s*\w+\s*:?=\s*http\.NewRequest", file.tree.text(around)) is not None


def _way(file: GoFile, mentions: list[Node], node: Node) -> Way | None:
    """What becomes of the body; None when the answer leaves the function's sight."""
    bodies = []
    for mention in mentions:
        field = mention.parent
        if is_blank(mention):
            continue
        if field is None or field.type != "selector_expression":
            return None
        name = file.tree.text(field.child_by_field_name("field"))
        if name == "Body":
            bodies.append(mention)
        elif name not in _HEAD_FIELDS:
            return None
    if not mentions:
        return None
    if not bodies:
        return Way("never")
    if any(deferred(each) for each in bodies):
        return Way("always")
    function, first = file.function(node), statement_of(node)
    if function is None or first is None or any(file.function(each) != function for each in bodies):
        return None
    after = checked(file, first)
    for out in file.returns.get(function.id, ())[:MAX_RETURNS]:
        if out.start_byte >= after and not gives_before(out, bodies, first):
            return Way("some", out)
    return Way("always")
