"""Libraries that check the environment once for a whole program: their schemas give names, types and defaults.

``z.object({ MAX: z.coerce.number().default(20) }).parse(process.env)``,
``cleanEnv(process.env, { MAX: num({ default: 20 }) })``, ``createEnv({ server: { ... } })``,
``env.get("MAX").default("20").asInt()``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN
from poollint.readers.source.javascript_numbers import number
from poollint.readers.source.values import Entry, Folded, Table

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.readers.source.javascript_folding import Folding

_ZOD = re.compile(r"zod(?:/v4|/v3|/mini)?(?:\.z)?\.(?:object|strictObject|looseObject)")
_T3 = re.compile(r"@t3-oss/env-(?:core|nextjs|nuxt)\.createEnv")
_ENVALID = re.compile(r"envalid\.(\w+)")
ENVIRONMENT = ("process.env", "import.meta.env", "Bun.env")
# what may stand in a chain of zod without changing the default; anything else may turn it into another value
_PLAIN = frozenset(
    "z coerce number string int positive nonnegative min max gte lte gt lt finite safe optional nullable default describe "
    "trim nonempty url".split()
)
_PARSERS = frozenset(("parse", "safeParse", "parseAsync"))
_NUMBERS = frozenset("asInt asIntPositive asPortNumber asFloat asFloatPositive".split())
MAX_CHAIN = 24


def checked_environment(file: Folding, node: Node, depth: int) -> Folded | None:
    """The object, or the value, that a call to such a library gives; None for any other call."""
    function = node.child_by_field_name("function")
    if function is None:
        return None
    name = file.resolve(function)
    arguments = file.arguments(node)
    if name == "envalid.cleanEnv" and len(arguments) >= 2 and file.tree.text(arguments[0]) in ENVIRONMENT:
        return _table(file, arguments[1], depth, _envalid)
    if name and _T3.fullmatch(name) and arguments:
        return _created(file, arguments[0], depth)
    if function.type != "member_expression":
        return None
    method = file.tree.text(function.child_by_field_name("property"))
    base = function.child_by_field_name("object")
    if method in _PARSERS and len(arguments) == 1 and file.tree.text(arguments[0]) in ENVIRONMENT:
        return _parsed(file, base, depth, safe=method == "safeParse")
    return _env_var(file, node, depth) if method in _NUMBERS else None


def _parsed(file: Folding, schema: Node | None, depth: int, *, safe: bool) -> Folded | None:
    """``schema.parse(process.env)``; ``safeParse`` gives the object under ``data``."""
    call = file.constant_of(schema)
    if call is None or call.type != "call_expression":
        return None
    function = call.child_by_field_name("function")
    arguments = file.arguments(call)
    if not _ZOD.fullmatch(file.resolve(function)) or len(arguments) != 1:
        return None
    found = _table(file, arguments[0], depth, _zod)
    if found is None or not safe:
        return found
    table = Table()
    table.complete = False
    table.entries["data"] = Entry(found.place, found)
    return Folded(table, found.place)


def _created(file: Folding, options: Node, depth: int) -> Folded | None:
    """``createEnv({ server: { ... }, client: { ... } })``."""
    table = Table()
    for key, value in _pairs(file, options):
        if key in ("server", "client", "shared"):
            found = _table(file, value, depth, _zod)
            if found is not None:
                table.merge(found.value)
    table.complete = False
    return Folded(table, file.tree.place(options)) if table.entries else None


def _pairs(file: Folding, node: Node) -> list[tuple[str, Node]]:
    found = file.constant_of(node)
    pairs = []
    for child in found.named_children if found is not None and found.type == "object" and not found.has_error else ():
        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        if child.type == "pair" and key is not None and value is not None:
            pairs.append((file.tree.text(key).strip("'\""), value))
    return pairs


def _table(file: Folding, node: Node, depth: int, read: object) -> Folded | None:
    assert callable(read)
    table = Table()
    for key, value in _pairs(file, node):
        place = file.tree.place(value)
        default, text = read(file, value, depth)
        table.entries[key] = Entry(place, Folded(default, place, key, text=text))
    table.complete = False
    return Folded(table, file.tree.place(node)) if table.entries else None


def _zod(file: Folding, node: Node, depth: int) -> tuple[object, bool]:
    """The default of a variable, and whether the program sees a text: a chain of calls on z."""
    names: list[str] = []
    default: object = UNKNOWN
    current: Node | None = node
    for _ in range(MAX_CHAIN):
        if current is None or current.type == "identifier":
            break
        if current.type == "call_expression":
            function = current.child_by_field_name("function")
            arguments = file.arguments(current)
            if function is None or function.type != "member_expression":
                return UNKNOWN, False
            if file.tree.text(function.child_by_field_name("property")) == "default" and len(arguments) == 1:
                default = file.fold(arguments[0], depth).value
            current = function
        if current.type != "member_expression":
            return UNKNOWN, False
        names.append(file.tree.text(current.child_by_field_name("property")))
        current = current.child_by_field_name("object")
    if not set(names) <= _PLAIN:
        return UNKNOWN, False
    if "number" in names:
        return (default if isinstance(default, (int, float)) else UNKNOWN), False
    return (default if isinstance(default, str) else UNKNOWN), "string" in names


def _envalid(file: Folding, node: Node, depth: int) -> tuple[object, bool]:
    call = file.constant_of(node)
    match = _ENVALID.fullmatch(file.resolve(call.child_by_field_name("function"))) if call is not None else None
    if call is None or match is None:
        return UNKNOWN, False
    arguments = file.arguments(call)
    options = file.fold(arguments[0], depth).value if arguments else None
    entry = options.entries.get("default") if isinstance(options, Table) else None
    text = match[1] in ("str", "host", "url", "email")
    return (entry.value.value if entry is not None else UNKNOWN), text


def _env_var(file: Folding, node: Node, depth: int) -> Folded | None:
    """``env.get("MAX").default("20").asInt()`` of env-var."""
    variable, default = "", UNKNOWN
    current = file.constant_of(node)
    for _ in range(MAX_CHAIN):
        if current is None or current.type != "call_expression":
            break
        function = current.child_by_field_name("function")
        arguments = file.arguments(current)
        if function is None or function.type != "member_expression":
            return None
        method = file.tree.text(function.child_by_field_name("property"))
        if method == "default" and arguments:
            default = file.fold(arguments[0], depth).value
        if method == "get" and arguments and file.resolve(function) == "env-var.get":
            found = file.fold(arguments[0], depth).value
            variable = found if isinstance(found, str) else ""
            break
        current = function.child_by_field_name("object")
    if not variable:
        return None
    value = number(default.strip()) if isinstance(default, str) else default
    return Folded(value if isinstance(value, (int, float)) else UNKNOWN, file.tree.place(node), variable)
