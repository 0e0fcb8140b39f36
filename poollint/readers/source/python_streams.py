"""Python: answers that are asked for as a stream, and that some way out of the function neither reads nor closes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.readers.source.python_checkouts import GRAMMAR, asks_for, holder_of
from poollint.readers.source.values import Call
from poollint.readers.source.ways_out import MAX_FUNCTION, MAX_TAKINGS, Taking, walk_own, way_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.readers.source.python import PythonFile

_VERBS = frozenset("get post put patch delete options request".split())
_HEAD_ONLY = frozenset(
    "status_code headers ok url reason reason_phrase elapsed is_success is_error is_client_error is_server_error "
    "is_redirect has_redirect_location history cookies encoding charset_encoding http_version request "
    "raise_for_status num_bytes_downloaded".split()
)
_CAUGHT = re.compile(r"^except(?:\*)?\s*:|\b(?:Base)?Exception\b|HTTP|Error\b")
_SESSIONS = ("requests.Session", "requests.session", "requests.sessions.Session")
_CLIENT = re.compile(r"(?:^|[._])\w*(?:client|http|httpx)\w*(?:\(\))?$", re.IGNORECASE)


def open_streams(file: PythonFile) -> Iterator[Call]:
    """Each answer that stays open on some way, as a call that nobody wrote."""
    named = {name.partition(".")[0] for name in file.imports.values()} & {"httpx", "requests"}
    left = MAX_TAKINGS if named and "stream" in file.tree.source.text else 0
    for node in file.call_nodes if left else ():
        function = node.child_by_field_name("function")
        library = _library(file, node, function, named) if function is not None else ""
        if function is None or not library or left <= 0:
            continue
        left -= 1
        made = _answer(file, node, function, library)
        if made is not None:
            yield made


def _library(file: PythonFile, node: Node, function: Node, named: set[str]) -> str:
    """The library that a call asks for a stream, when it does."""
    if function.type != "attribute" or "stream" not in file.tree.text(node.child_by_field_name("arguments")):
        return ""
    method, owner = file.tree.text(function.child_by_field_name("attribute")), function.child_by_field_name("object")
    if method != "send" and method not in _VERBS:
        return ""
    given = file.keywords_of(node, 0).entries.get("stream")
    if given is None or given.value.value is not True or owner is None:
        return ""
    if method == "send" and named == {"httpx"} and _CLIENT.search(file.tree.text(owner)):
        return "httpx"
    return "requests" if method in _VERBS and "requests" in named and _is_session(file, owner) else ""


def _is_session(file: PythonFile, owner: Node) -> bool:
    """Whether an expression is a session that the file makes: one that outlives the call."""
    words = file.tree.text(owner)
    if words.startswith("self."):
        made = re.findall(rf"(?m)^\s*{re.escape(words)}\s*(?::[^=\n]+)?=\s*([\w.]+)\(", file.tree.source.text)
        return bool(made) and all(each in ("requests.Session", "requests.session", "Session") for each in made)
    value = (
        file.sole_at_root(words) if owner.type == "identifier" and not file.is_local_to_function(owner, words) else None
    )
    return (
        value is not None and value.type == "call" and file.resolve(value.child_by_field_name("function")) in _SESSIONS
    )


def _answer(file: PythonFile, node: Node, function: Node, library: str) -> Call | None:
    held, body = holder_of(file, node), file.enclosing_function(node)
    if held is None or body is None or body.type != "function_definition" or body.has_error:
        return None
    name, first, _awaited = held
    if first.type == "with_statement" or body.end_byte - body.start_byte > MAX_FUNCTION:
        return None
    taking = _taking(file, body, name, first, node)
    way = way_of(GRAMMAR, taking) if taking is not None else None
    if way is None or way.given == "always" or (library == "requests" and way.given != "never"):
        return None
    made = Call(f"checkout.{library}_answer", file.tree.place(function))
    made.name, made.scope = name, file.scope(node)
    made.used = {"given": way.given, "pool": file.tree.text(function.child_by_field_name("object")), "library": library}
    if way.out is not None:
        made.used["out"] = file.tree.place(way.out)
    return made


def _taking(file: PythonFile, body: Node, name: str, first: Node, node: Node) -> Taking | None:
    """What is done with an answer; None when it leaves the function's sight."""
    text = file.tree.text(body)
    mentions = re.compile(rf"\b{re.escape(name)}\b")
    if re.search(rf"\b(?:global|nonlocal)\b[^\n]*\b{re.escape(name)}\b|\bsuppress\(", text):
        return None
    asks = re.compile(rf"\b{re.escape(name)}\b(?!\.(?!is_closed))")
    found = Taking(body, first, [], [], lambda each: asks_for(file, each, asks), lambda each: _catches(file, each))
    for each in walk_own(GRAMMAR, body):
        if each.type in GRAMMAR.functions and mentions.search(file.tree.text(each)):
            return None
        if each.type != "identifier" or file.tree.text(each) != name:
            continue
        if node.start_byte <= each.start_byte < node.end_byte or (
            each.parent is not None
            and each.parent.type == "keyword_argument"
            and each.parent.child_by_field_name("name") == each
        ):
            continue
        if not _mention(file, each, found):
            return None
    return found


def _mention(file: PythonFile, mention: Node, found: Taking) -> bool:
    holder = mention.parent
    if holder is None:
        return False
    if holder.type == "attribute" and holder.child_by_field_name("object") == mention:
        member = file.tree.text(holder.child_by_field_name("attribute"))
        if member == "raise_for_status":
            found.uses.append(mention)
        elif member not in _HEAD_ONLY:
            found.gives.append(mention)
        return True
    if holder.type == "assignment":
        right = holder.child_by_field_name("right")
        is_first = holder.parent is not None and holder.parent.id == found.first.id
        emptied = right is not None and right.type == "none"
        return holder.child_by_field_name("left") == mention and (is_first or emptied)
    return holder.type in ("if_statement", "elif_clause", "not_operator", "comparison_operator", "boolean_operator")


def _catches(file: PythonFile, handler: Node) -> bool:
    return _CAUGHT.search(file.tree.text(handler).partition("\n")[0]) is not None
