"""Python: what a service opens when it starts, and forgets among the things that it closes when it ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.readers.source.python import PythonFile
    from poollint.readers.source.values import Call

_CLOSES = re.compile(
    r"(?<![\w.])([A-Za-z_][\w.]*)\.(?:close|aclose|disconnect|dispose|terminate|wait_closed|shutdown)\(", re.ASCII
)
# what closes things by itself, or may
_STACKS = re.compile(r"ExitStack|enter_async_context|push_async|callback\(|add_event_handler|atexit|on_shutdown")


class LeftOpen(NamedTuple):
    """The function of the service's life, and what it does close."""

    function: str
    other: str


def left_open(file: PythonFile, node: Node, made: Call) -> LeftOpen | None:
    """Whether a lifespan makes something before its ``yield``, and behind it closes others and not this one.

    Only what nobody else can close is told of: a name of the function, or a field that the file closes nowhere.
    """
    function = file.enclosing_function(node)
    if function is None or made.scope.as_context or not re.fullmatch(r"\w+|\w+\.state\.\w+", made.name):
        return None
    if not any(each.rpartition(".")[2] == "asynccontextmanager" for each in made.scope.decorators):
        return None
    yields = [each for each in file.tree.walk(function) if each.type == "yield"]
    if len(yields) != 1 or yields[0].start_byte < node.end_byte:
        return None
    code = file.code(function)
    before, _, after = code.partition("yield")
    names = _names(made.name, before)
    closed = [each for each in _CLOSES.findall(after) if each not in names]
    if not closed or _STACKS.search(file.tree.source.text) or re.search(r"\b(?:global|nonlocal)\b", code):
        return None
    given = re.search(rf"\([^()]*(?<![\w.]){re.escape(made.name)}(?![\w.])[^()]*\)", before)
    last = "|".join({re.escape(each.rpartition(".")[2]) for each in names})
    if given or re.search(rf"\b(?:{last})\b", after):
        return None
    if re.search(
        rf"\b(?:{last})\s*\.\s*(?:close|aclose|terminate)\(|\bfor\b[^\n]*\b(?:{last})\b", file.tree.source.text
    ):
        return None
    return LeftOpen(made.scope.functions[0], closed[0])


def _names(name: str, before: str) -> list[str]:
    """A name, and the fields that are given what it holds: ``app.state.pool = pool``."""
    return [name, *re.findall(rf"(?m)^\s*([\w.]+)\s*=\s*{re.escape(name)}\s*$", before)]
