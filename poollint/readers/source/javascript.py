"""JavaScript and TypeScript: imports and requires, constant folding, constructions, calls and later assignments.

A canonical name is ``module.Export`` (``pg.Pool``, ``mysql2/promise.createPool``); the module itself, called or
constructed, is ``module.default`` (``knex.default``). The ``node:`` prefix is dropped. A global name (``fetch``) has no dot.
"""

from __future__ import annotations

import math
import os
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.javascript_env import checked_environment
from poollint.readers.source.javascript_modules import DEFAULT, EVERYTHING, MAX_HOPS, REQUIRED, Exports, brought
from poollint.readers.source.python import arithmetic
from poollint.readers.source.values import Call, Entry, Folded, Made, Ref, Scope, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree
    from poollint.readers.source.javascript_modules import Modules

_FUNCTIONS = frozenset(
    "function_declaration function_expression arrow_function method_definition generator_function "
    "generator_function_declaration".split()
)
_LOOPS = frozenset("for_statement for_in_statement while_statement do_statement".split())
_WRAPPERS = frozenset(
    "parenthesized_expression as_expression satisfies_expression non_null_expression await_expression type_assertion".split()
)
_BRANCHES = frozenset("if_statement switch_statement try_statement ternary_expression".split()) | _LOOPS
_ROUTES = frozenset("get post put patch delete all use route on createServer".split())
_HANDLER_NAMES = frozenset("handler GET POST PUT PATCH DELETE HEAD OPTIONS loader action getServerSideProps".split())
_NUMBER = re.compile(
    r"^(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9_]*\.?[0-9_]+(?:[eE][+-]?[0-9]+)?|[0-9_]+\.)n?$"
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "b": "\b", "f": "\f", "v": "\v"}
_GLOBALS = frozenset(("fetch", "WebSocket", "EventSource"))
_CHAINED = frozenset("listen on once setMaxListeners".split())
_RESULT_METHODS = frozenset(("listen", "getHttpServer", "consumer", "producer"))
# what compilers to older JavaScript wrap around require
_INTEROP = frozenset("__importDefault __importStar _interopRequireDefault _interopRequireWildcard __toESM".split())
_ENVIRONMENT = ("process.env", "import.meta.env", "Bun.env")
_ARRAY_CALLS = frozenset("map forEach filter reduce flatMap".split())
MAX_DEPTH = 40
# a text of some size whose lines are so long on average was written by a program
MIN_BUNDLE = 4096
LONG_LINES = 400


class JavascriptFile:
    """One file: what its names mean, and the calls in it."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self.origins: dict[str, tuple[str, str]] = {}  # (module, what of it) by the name here
        self.modules: Modules | None = None  # the project's other files, where they may be asked
        self._exports: Exports | None = None
        self._declared: dict[tuple[int, str], list[Node]] = {}
        self._assigned: dict[str, int] = {}
        self._properties: dict[str, list[tuple[str, Node, Node]]] = {}  # by holder: (name, its node, value)
        self._inner: dict[tuple[int, str], str] = {}  # what functions require for themselves, by scope and name
        self._memo: dict[int, Folded] = {}  # the values of constants, by the node of the value
        self._changed_fields: set[str] = set()
        self._methods: dict[str, list[Node]] = {}
        self._calls: list[Node] = []
        self.wants: Callable[[str], Any] = bool  # which calls anybody asks for, by canonical name
        self._collect()

    # Names

    def _collect(self) -> None:
        for node in self.tree.walk():
            kind = node.type
            if kind == "import_statement":
                self._import(node)
            elif kind == "variable_declarator":
                self._declare(node)
            elif kind in ("call_expression", "new_expression"):
                self._calls.append(node)
                self._note_method(node)
            elif kind in ("assignment_expression", "augmented_assignment_expression", "update_expression"):
                self._note_assignment(node)
            elif kind in ("function_declaration", "class_declaration", "enum_declaration"):
                name = node.child_by_field_name("name")
                if name is not None:
                    self._declared.setdefault((self._scope_id(node), self.tree.text(name)), []).append(node)

    def _import(self, node: Node) -> None:
        text = self.tree.text
        if text(node).startswith("import type"):
            return
        source = node.child_by_field_name("source")
        clause = next((child for child in node.named_children if child.type == "import_clause"), None)
        for child in node.named_children:
            if child.type == "import_require_clause":
                source = child.child_by_field_name("source")
                self._bring(text(child.named_children[0]), self._module(source), REQUIRED)
                return
        if clause is None or source is None:
            return
        module = self._module(source)
        for child in clause.named_children:
            if child.type == "identifier":
                self._bring(text(child), module, DEFAULT)
            elif child.type == "namespace_import":
                self._bring(text(child.named_children[0]), module, EVERYTHING)
            elif child.type == "named_imports":
                for specifier in child.named_children:
                    if specifier.type == "import_specifier" and not text(specifier).startswith("type "):
                        name = text(specifier.child_by_field_name("name"))
                        alias = specifier.child_by_field_name("alias")
                        self._bring(text(alias) if alias is not None else name, module, name)

    def _bring(self, alias: str, module: str, name: str) -> None:
        self.origins[alias] = (module, name)
        self.imports[alias] = module if name in (EVERYTHING, REQUIRED) else _member(module, name)

    def _module(self, node: Node | None) -> str:
        name = self.tree.text(node).strip("'\"`")
        return name.removeprefix("node:")

    def _declare(self, node: Node) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        if name.type == "identifier":
            self._declared.setdefault((self._scope_id(node), self.tree.text(name)), []).append(node)
            module = self._required(value)
            if module and self._scope_id(node) == self.tree.root.id:
                self.imports[self.tree.text(name)] = module
                self.origins[self.tree.text(name)] = self._origin(value)
        elif name.type == "object_pattern":
            module = self._required(value) or self._bound(value)
            for child in name.named_children:
                key, alias, _default = self._pattern(child)
                if not key:
                    continue
                origin = self._origin(value)
                scope = self._scope_id(node)
                if module and scope != self.tree.root.id:
                    self._inner[scope, alias] = _member(module, key)
                elif module and (origin[1] in (REQUIRED, "") or not module.startswith(".")):
                    self.imports[alias] = _member(module, key)
                    if origin[1] == REQUIRED:
                        self.origins[alias] = (origin[0], key)
                else:
                    self._declared.setdefault((self._scope_id(node), alias), []).append(name)

    def _pattern(self, node: Node) -> tuple[str, str, Node | None]:
        """(key, name, default) of one part of an object pattern, ``a: b = 5``; empty for others."""
        text = self.tree.text
        if node.type == "shorthand_property_identifier_pattern":
            return text(node), text(node), None
        if node.type == "object_assignment_pattern":
            left = text(node.child_by_field_name("left"))
            return left, left, node.child_by_field_name("right")
        if node.type != "pair_pattern":
            return "", "", None
        key, value = text(node.child_by_field_name("key")), node.child_by_field_name("value")
        if value is not None and value.type == "assignment_pattern":
            return key, text(value.child_by_field_name("left")), value.child_by_field_name("right")
        return key, text(value), None

    def _required(self, node: Node | None) -> str:
        """The module of ``require("m")`` and ``await import("m")``, or the member of one: ``require("m").a``."""
        node = _unwrap(node)
        if node is None:
            return ""
        if node.type == "member_expression":
            base = self._required(node.child_by_field_name("object"))
            return _member(base, self.tree.text(node.child_by_field_name("property"))) if base else ""
        if node.type != "call_expression":
            return ""
        function = self.tree.text(node.child_by_field_name("function"))
        arguments = self.arguments(node)
        if function in ("require", "import") and len(arguments) == 1 and arguments[0].type == "string":
            return self._module(arguments[0])
        if len(arguments) in (1, 2) and function.rpartition(".")[2] in _INTEROP:
            return self._required(arguments[0])
        return ""

    def _origin(self, node: Node | None) -> tuple[str, str]:
        """(module, what of it) of ``require("m")``, ``require("m").a`` and ``await import("m")``."""
        node = _unwrap(node)
        if node is not None and node.type == "member_expression":
            module, name = self._origin(node.child_by_field_name("object"))
            return module, self.tree.text(node.child_by_field_name("property")) if name == REQUIRED else ""
        if node is not None and node.type == "call_expression":
            arguments = self.arguments(node)
            if len(arguments) == 1 and arguments[0].type == "string":
                return self._module(arguments[0]), REQUIRED
        return "", ""

    def _bound(self, node: Node | None) -> str:
        node = _unwrap(node)
        if node is None or node.type not in ("identifier", "member_expression"):
            return ""
        return self.resolve(node)

    def _note_assignment(self, node: Node) -> None:
        left = node.child_by_field_name("left") or node.child_by_field_name("argument")
        if left is None:
            return
        if left.type == "identifier":
            name = self.tree.text(left)
            self._assigned[name] = self._assigned.get(name, 0) + 1
        elif left.type == "member_expression":
            holder = self.tree.text(left.child_by_field_name("object"))
            name_node = left.child_by_field_name("property")
            if holder == "this":
                self._changed_fields.add(self.tree.text(name_node))
            right = node.child_by_field_name("right")
            if name_node is not None and right is not None and node.type == "assignment_expression":
                self._properties.setdefault(holder, []).append((self.tree.text(name_node), name_node, right))

    def _note_method(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        if function is not None and function.type == "member_expression":
            holder = self.tree.text(function.child_by_field_name("object"))
            self._methods.setdefault(holder, []).append(node)

    def _scope_id(self, node: Node) -> int:
        scope = self.scope_node(node)
        return scope.id if scope is not None else self.tree.root.id

    @staticmethod
    def scope_node(node: Node) -> Node | None:
        """The nearest enclosing function, or the program."""
        current = node.parent
        while current is not None and current.type not in _FUNCTIONS and current.type != "program":
            current = current.parent
        return current

    def resolve(self, node: Node | None) -> str:
        """The canonical name of an expression; empty when it is nothing imported and no global that we know."""
        node = _unwrap(node)
        if node is None:
            return ""
        if node.type == "identifier":
            return self._resolve_name(node)
        if node.type == "member_expression":
            base = self.resolve(node.child_by_field_name("object"))
            return _member(base, self.tree.text(node.child_by_field_name("property"))) if base else ""
        return self._required(node)

    def _resolve_name(self, node: Node) -> str:
        name = self.tree.text(node)
        scope = self.scope_node(node)
        while scope is not None:
            if name in self.parameters(scope):
                return ""
            if (scope.id, name) in self._inner:
                return self._inner[scope.id, name]
            for declared in self._declared.get((scope.id, name), ()):
                if declared.type == "variable_declarator":
                    value = _unwrap(declared.child_by_field_name("value"))
                    if self._required(value):
                        return self._required(value)
                    if (
                        value is not None
                        and value.type in ("identifier", "member_expression")
                        and name not in self._assigned
                    ):
                        return self.resolve(value) if self.tree.text(value) != name else ""
                return ""
            scope = self.scope_node(scope)
        found = self.imports.get(name, "")
        return found or (name if name in _GLOBALS else "")

    def parameters(self, function: Node) -> tuple[str, ...]:
        single = function.child_by_field_name("parameter")
        if single is not None:
            return (self.tree.text(single),)
        parameters = function.child_by_field_name("parameters")
        if parameters is None:
            return ()
        names = []
        for child in parameters.named_children:
            target = child.child_by_field_name("pattern") or child.child_by_field_name("left") or child
            if target.type in ("object_pattern", "array_pattern"):
                names += [
                    self.tree.text(each) for each in self.tree.walk(target) if each.type.endswith("identifier_pattern")
                ]
                names += [self.tree.text(each) for each in self.tree.walk(target) if each.type == "identifier"]
            else:
                names.append(self.tree.text(target))
        return tuple(names)

    def _constant(self, node: Node, name: str) -> Node | None:
        """The value of a ``const`` (or a ``let`` that is never assigned again) in the nearest scope that declares it."""
        scope = self.scope_node(node)
        while scope is not None:
            if name in self.parameters(scope):
                return None
            found = self._declared.get((scope.id, name))
            if found:
                only = found[0] if len(found) == 1 else None
                if only is None or only.type != "variable_declarator" or name in self._assigned:
                    return None
                return only.child_by_field_name("value")
            scope = self.scope_node(scope)
        return None

    def constant_of(self, node: Node | None) -> Node | None:
        """The expression itself, or that of the constant which it names."""
        node = _unwrap(node)
        if node is not None and node.type == "identifier":
            return _unwrap(self._constant(node, self.tree.text(node)))
        return node

    def declaring_scope(self, node: Node, name: str = "") -> Node | None:
        """The function, or the program, that declares a name as it is seen from a node; None for an unheard-of one."""
        name = name or self.tree.text(node)
        scope = self.scope_node(node)
        while scope is not None:
            if name in self.parameters(scope) or (scope.id, name) in self._declared:
                return scope
            if scope.type == "program" and name in self.imports:
                return scope
            scope = self.scope_node(scope)
        return None

    def method_calls(self, holder: str) -> list[Node]:
        """The calls ``holder.method()``, by the text of the holder."""
        return self._methods.get(holder, [])

    def call_nodes(self) -> list[Node]:
        return self._calls

    # Other files

    def exports(self) -> Exports:
        """What this file hands on to those that import it."""
        if self._exports is None:
            self._exports = Exports(self)
        return self._exports

    def fold_global(self, name: str) -> Folded:
        """The value of a name of the module itself."""
        declared = self._declared.get((self.tree.root.id, name), [])
        name_node = declared[0].child_by_field_name("name") if len(declared) == 1 else None
        return self.fold(name_node) if name_node is not None else self._unknown(self.tree.root)

    def _elsewhere(self, module: str, name: str, node: Node) -> Folded | None:
        """What another file of the project exports under a name, as it stands at a node; None when nobody can tell."""
        if self.modules is None or not module or self.modules.hops >= MAX_HOPS:
            return None
        other = self.modules.open(self.tree.source.path, module)
        self.modules.hops += 1
        try:
            found = other.exports().value(name) if other is not None else None
        finally:
            self.modules.hops -= 1
        return brought(found, self.tree.place(node)) if found is not None else None

    # Folding

    def fold(self, node: Node | None, depth: int = 0) -> Folded:
        assert node is not None
        place = self.tree.place(node)
        inner = _unwrap(node)
        if inner is None or depth > MAX_DEPTH:
            return Folded(UNKNOWN, place)
        if inner.has_error and inner.type not in ("object", "call_expression", "new_expression"):
            return Folded(UNKNOWN, place)
        method = getattr(self, f"_fold_{inner.type}", None)
        if method is None:
            return Folded(UNKNOWN, place)
        folded: Folded = method(inner, depth + 1)
        return folded._replace(place=place)

    def _plain(self, node: Node, value: Any) -> Folded:
        return Folded(value, self.tree.place(node))

    def _unknown(self, node: Node) -> Folded:
        return Folded(UNKNOWN, self.tree.place(node))

    def _fold_number(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, number(self.tree.text(node)))

    def _fold_true(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, True)

    def _fold_false(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, False)

    def _fold_null(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, None)

    def _fold_undefined(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, None)

    def _fold_string(self, node: Node, _depth: int) -> Folded:
        text = self.tree.text(node)[1:-1]
        return self._plain(node, re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text, flags=re.S))

    def _fold_template_string(self, node: Node, depth: int) -> Folded:
        """A text with holes: known when what fills them is; else its shape, with a NUL for each hole that stays open."""
        parts: list[str] = []
        start = node.start_byte + 1
        for child in node.named_children:
            if child.type == "template_substitution":
                parts.append(self.tree.slice(start, child.start_byte))
                value = self.fold(child.named_children[0], depth).value if child.named_children else UNKNOWN
                plain = isinstance(value, (str, int)) and not isinstance(value, bool)
                parts.append(str(value) if plain else "\0")
                start = child.end_byte
        text = "".join((*parts, self.tree.slice(start, node.end_byte - 1)))
        if "\0" in text:
            return self._unknown(node)._replace(plain=True, shape=text)
        return self._plain(node, text)

    def _fold_arrow_function(self, node: Node, depth: int) -> Folded:
        """A function: no value, but what it does nothing else than give back is told as its only choice."""
        body = node.child_by_field_name("body")
        if body is not None and body.type == "statement_block":
            statements = [child for child in body.named_children if child.type != "comment"]
            last = statements[-1] if statements else None
            plain = all(child.type in ("lexical_declaration", "variable_declaration") for child in statements[:-1])
            body = (
                last.named_children[0]
                if last and plain and last.type == "return_statement" and last.named_children
                else None
            )
        given = self.fold(body, depth) if body is not None and _unwrap(body) is not None else None
        choices = (given,) if given is not None and isinstance(given.value, Table) else ()
        return self._unknown(node)._replace(plain=True, choices=choices)

    _fold_function_expression = _fold_arrow_function

    def _fold_ternary_expression(self, node: Node, depth: int) -> Folded:
        """One of two values: unknown, unless both are the same, with the choices told."""
        condition = self.fold(node.child_by_field_name("condition"), depth).value
        branches = [self.fold(node.child_by_field_name(name), depth) for name in ("consequence", "alternative")]
        if isinstance(condition, bool):
            return branches[0 if condition else 1]
        if branches[0].env and not branches[0].known and self._asks_for(node, branches[0].env):
            return branches[1]._replace(env=branches[0].env, text=False)
        values = [branch.value for branch in branches]
        if values[0] is not UNKNOWN and type(values[0]) is type(values[1]) and values[0] == values[1]:
            return self._plain(node, values[0])
        choices = tuple(each for branch in branches for each in (branch.choices or (branch,)) if each.known)
        plain = all(branch.plain or isinstance(branch.value, str) for branch in branches)
        return Folded(UNKNOWN, self.tree.place(node), choices=choices, plain=plain)

    def _asks_for(self, node: Node, variable: str) -> bool:
        """Whether a conditional only asks whether a variable is set: ``process.env.X ? +process.env.X : 20``."""
        condition = _unwrap(node.child_by_field_name("condition"))
        return condition is not None and self.fold(condition).env == variable

    def _fold_unary_expression(self, node: Node, depth: int) -> Folded:
        inner = self.fold(node.child_by_field_name("argument"), depth)
        operator = self.tree.text(node.child_by_field_name("operator"))
        if operator == "+":
            return self._number_of(node, inner)
        if operator == "-" and isinstance(inner.value, (int, float)):
            return self._plain(node, -inner.value)
        if operator == "!" and inner.known and not isinstance(inner.value, (Table, Made, Ref)):
            return self._plain(node, not inner.value)
        if operator == "void":
            return self._plain(node, None)
        return self._unknown(node)

    def _fold_binary_expression(self, node: Node, depth: int) -> Folded:
        left = self.fold(node.child_by_field_name("left"), depth)
        right = self.fold(node.child_by_field_name("right"), depth)
        operator = self.tree.text(node.child_by_field_name("operator"))
        if operator in ("||", "??"):
            return self._fallback(node, operator, left, right)
        value = arithmetic(operator, left.value, right.value)
        text = operator == "+" and any(isinstance(side.value, str) or side.plain for side in (left, right))
        return Folded(value, self.tree.place(node), left.env or right.env, plain=text)

    def _fallback(self, node: Node, operator: str, left: Folded, right: Folded) -> Folded:
        """``process.env.X ?? 20``: 20 is the default of X, and a string would come from the environment."""
        if left.env and not left.known:
            return right._replace(env=left.env, text=left.text and isinstance(right.value, str))
        if left.known:
            missing = left.value is None if operator == "??" else not left.value
            return right if missing else left
        return self._unknown(node)

    def _fold_object(self, node: Node, depth: int) -> Folded:
        table = Table()
        table.broken = node.has_error
        for child in node.named_children:
            if child.type == "pair":
                self._pair(table, child, depth)
            elif child.type == "shorthand_property_identifier":
                value = self._fold_name(child, self.tree.text(child), depth)._replace(place=self.tree.place(child))
                table.entries[self.tree.text(child)] = Entry(self.tree.place(child), value)
            elif child.type == "spread_element":
                self._spread(table, child.named_children[0], depth)
            elif child.type == "method_definition":
                name = child.child_by_field_name("name")
                table.entries[self.tree.text(name)] = Entry(
                    self.tree.place(child), self._fold_arrow_function(child, depth)
                )
        return self._plain(node, table)

    def _pair(self, table: Table, node: Node, depth: int) -> None:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if key is None or value is None:
            table.broken = True
            return
        if key.type == "computed_property_name":
            folded = self.fold(key.named_children[0], depth).value if key.named_children else UNKNOWN
            if not isinstance(folded, str):
                table.complete = False
                return
            name = folded
        else:
            name = self.tree.text(key).strip("'\"")
        table.entries[name] = Entry(self.tree.place(key), self.fold(value, depth))

    def _spread(self, table: Table, node: Node, depth: int) -> None:
        folded = self.fold(node, depth)
        if isinstance(folded.value, Table):
            table.merge(self._from_elsewhere(folded.value, node))
            return
        inner = _unwrap(node)
        if inner is not None and self.tree.text(inner.child_by_field_name("operator")) == "&&":
            folded = self.fold(inner.child_by_field_name("right"), depth)
            folded = folded._replace(choices=(folded,))
        tables = [each.value for each in folded.choices if isinstance(each.value, Table)]
        both = inner is not None and inner.type == "ternary_expression" and len(tables) == len(folded.choices) == 2
        if not tables or (inner is not None and inner.type == "ternary_expression" and not both):
            table.complete = False
            self._perhaps_replaced(table)
        for each in tables:
            self._merge_perhaps(table, each)

    @staticmethod
    def _perhaps_replaced(table: Table) -> None:
        """What stands before an object that nobody can see may be replaced by it."""
        for key, entry in table.entries.items():
            table.entries[key] = Entry(entry.key_place, entry.value._replace(value=UNKNOWN, env="", text=False))

    def _from_elsewhere(self, table: Table, node: Node) -> Table:
        """A table as it is spread at a node: what stands outside of that node is found there."""
        here = self.tree.place(node)
        made = Table()
        made.complete, made.broken = table.complete, table.broken
        for key, entry in table.entries.items():
            place = entry.value.place
            inside = place.source is here.source and here.start <= place.start < here.end
            value = entry.value if inside else entry.value._replace(shared=entry.value.shared or here)
            made.entries[key] = Entry(entry.key_place, value)
        return made

    @staticmethod
    def _merge_perhaps(table: Table, other: Table) -> None:
        """What may be spread into a table: its keys are there or not, so that their values are unknown."""
        table.complete = table.complete and other.complete
        table.broken = table.broken or other.broken
        for key, entry in other.entries.items():
            table.entries[key] = Entry(entry.key_place, entry.value._replace(value=UNKNOWN))

    def _fold_array(self, node: Node, depth: int) -> Folded:
        return self._plain(node, [self.fold(child, depth) for child in node.named_children if child.type != "comment"])

    def _fold_identifier(self, node: Node, depth: int) -> Folded:
        return self._fold_name(node, self.tree.text(node), depth)

    def _fold_name(self, node: Node, name: str, depth: int) -> Folded:
        if name == "Infinity":
            return self._plain(node, math.inf)
        if name == "NaN":
            return self._plain(node, math.nan)
        if name == "undefined":
            return self._plain(node, None)
        value = self._constant(node, name)
        if value is not None and not self._required(value):
            folded = self._memo.get(value.id)
            if folded is None:
                folded = self._memo[value.id] = self.fold(value, depth)
            if isinstance(folded.value, Table):
                folded = folded._replace(value=self._mutated(name, folded.value))
            return folded
        resolved = self._resolve_name(node) if node.type == "identifier" else self.imports.get(name, "")
        if not resolved:
            return self._fold_declared(node, name, depth)
        brought_in = self._elsewhere(*self.origins.get(name, ("", "")), node)
        if brought_in is None:
            return self._plain(node, Ref(resolved, opaque=True))
        if isinstance(brought_in.value, Table):
            brought_in = brought_in._replace(value=self._mutated(name, brought_in.value))
        return brought_in

    def _fold_declared(self, node: Node, name: str, depth: int) -> Folded:
        """A name that is declared otherwise than by ``const name = value``: an enumeration, a part of an object."""
        scope = self.declaring_scope(node, name)
        declared = self._declared.get((scope.id, name), []) if scope is not None else []
        if len(declared) != 1 or name in self._assigned:
            return self._unknown(node)
        if declared[0].type == "enum_declaration":
            return self._fold_enum(node, declared[0])
        if declared[0].type == "object_pattern":
            return self._fold_part(node, declared[0], name, depth)
        return self._unknown(node)

    def _fold_part(self, node: Node, pattern: Node, name: str, depth: int) -> Folded:
        """``const { max = 20 } = config``: the entry of an object that can be seen, else its default by the environment."""
        whole = pattern.parent.child_by_field_name("value") if pattern.parent is not None else None
        parts = [each for each in map(self._pattern, pattern.named_children) if each[1] == name]
        if whole is None or len(parts) != 1:
            return self._unknown(node)
        key, _name, default = parts[0]
        if self.tree.text(whole) in _ENVIRONMENT:
            text = Folded(UNKNOWN, self.tree.place(node), key, text=True)
            return text if default is None else self._fallback(node, "??", text, self.fold(default, depth))
        folded = self.fold(whole, depth)
        if not isinstance(folded.value, Table):
            return self._unknown(node)
        entry = folded.value.entries.get(key)
        if entry is not None:
            return entry.value._replace(shared=None)
        return self.fold(default, depth) if default is not None and folded.value.complete else self._unknown(node)

    def _fold_enum(self, node: Node, declared: Node) -> Folded:
        """An enumeration as the object that it is; its members count up where they have no value."""
        table, following = Table(), 0
        body = declared.child_by_field_name("body")
        for child in body.named_children if body is not None else ():
            value: Any = following
            key = child
            if child.type == "enum_assignment":
                key = child.child_by_field_name("name") or child
                value = self.fold(child.child_by_field_name("value")).value
            place = self.tree.place(key)
            table.entries[self.tree.text(key).strip("'\"")] = Entry(place, Folded(value, place))
            following = value + 1 if isinstance(value, int) else 0
        return self._plain(node, table)

    def _mutated(self, name: str, table: Table) -> Table:
        assignments = self._properties.get(name)
        if not assignments:
            return table
        changed = table.copy()
        for key, key_node, _right in assignments:
            changed.entries[key] = Entry(self.tree.place(key_node), self._unknown(key_node))
        return changed

    def _fold_member_expression(self, node: Node, depth: int) -> Folded:
        text = self.tree.text(node)
        base, name = node.child_by_field_name("object"), self.tree.text(node.child_by_field_name("property"))
        if self.tree.text(base) in _ENVIRONMENT:
            return Folded(UNKNOWN, self.tree.place(node), name, text=True)
        if text == "Number.MAX_SAFE_INTEGER":
            return self._plain(node, 2**53 - 1)
        if text in ("Number.POSITIVE_INFINITY", "Number.Infinity"):
            return self._plain(node, math.inf)
        resolved = self.resolve(node)
        folded = self.fold(base, depth) if not resolved or self.modules is not None else None
        if folded is not None and isinstance(folded.value, Table) and name in folded.value.entries:
            return folded.value.entries[name].value._replace(shared=None)
        if self.tree.text(base) == "this":
            return self._fold_field(node, name, depth)
        return self._plain(node, Ref(resolved, opaque=True)) if resolved else self._unknown(node)

    def _fold_field(self, node: Node, name: str, depth: int) -> Folded:
        """``this.size`` of a class whose field has a value that nothing changes."""
        current = node.parent
        while current is not None and current.type not in ("class_body", "program"):
            current = current.parent
        fields = []
        for child in current.named_children if current is not None and current.type == "class_body" else ():
            key = child.child_by_field_name("name") or child.child_by_field_name("property")
            if child.type in ("public_field_definition", "field_definition") and self.tree.text(key) == name:
                fields.append(child.child_by_field_name("value"))
        changed = name in self._changed_fields
        return self.fold(fields[0], depth) if len(fields) == 1 and fields[0] and not changed else self._unknown(node)

    def _fold_subscript_expression(self, node: Node, depth: int) -> Folded:
        key = self.fold(node.child_by_field_name("index"), depth).value
        if self.tree.text(node.child_by_field_name("object")) == "process.env":
            return Folded(UNKNOWN, self.tree.place(node), key if isinstance(key, str) else "?", text=True)
        table = self.fold(node.child_by_field_name("object"), depth).value
        if isinstance(table, Table) and isinstance(key, str) and key in table.entries:
            return table.entries[key].value
        return self._unknown(node)

    def _number_of(self, node: Node, inner: Folded, *, whole: bool = False) -> Folded:
        value = inner.value
        if isinstance(value, str):
            value = _leading(value) if whole else number(value.strip())
        elif not isinstance(value, (int, float)):
            value = UNKNOWN
        elif whole and not isinstance(value, bool) and math.isfinite(value):
            value = int(value)
        return Folded(value, self.tree.place(node), inner.env)

    def _fold_call_expression(self, node: Node, depth: int) -> Folded:
        function = node.child_by_field_name("function")
        name = self.tree.text(function)
        arguments = self.arguments(node)
        if name in ("Number", "parseFloat") and len(arguments) == 1:
            return self._number_of(node, self.fold(arguments[0], depth))
        if name in ("parseInt", "Number.parseInt") and arguments:
            return self._number_of(node, self.fold(arguments[0], depth), whole=True)
        if name == "Boolean" and len(arguments) == 1:
            inner = self.fold(arguments[0], depth)
            return self._plain(node, bool(inner.value)) if inner.known else self._unknown(node)
        if name in ("Math.max", "Math.min") and arguments:
            return self._extreme(node, name, [self.fold(each, depth).value for each in arguments])
        if name == "Object.freeze" and len(arguments) == 1:
            return self.fold(arguments[0], depth)
        if name == "Object.assign":
            return self._assign(node, arguments, depth)
        if re.fullmatch(
            r"(?:[eE]nv|config(?:Service)?|this\.config(?:Service)?)\.(?:int|number|str|string|bool|get)", name
        ):
            return self._env_helper(node, arguments, depth)
        return self._fold_other_call(node, depth)

    def _fold_other_call(self, node: Node, depth: int) -> Folded:
        module, member = self._origin(node) if self._required(node) else ("", "")
        brought_in = self._elsewhere(module, member, node) if module else checked_environment(self, node, depth)
        if brought_in is not None:
            return brought_in
        if self.resolve(node.child_by_field_name("function")):
            return self._plain(node, Made(self.call(node, depth)))
        return self._unknown(node)

    def _fold_new_expression(self, node: Node, depth: int) -> Folded:
        if self.resolve(node.child_by_field_name("constructor")):
            return self._plain(node, Made(self.call(node, depth)))
        return self._unknown(node)

    def _extreme(self, node: Node, name: str, values: list[Any]) -> Folded:
        if all(isinstance(value, (int, float)) for value in values):
            return self._plain(node, max(values) if name.endswith("max") else min(values))
        return self._unknown(node)

    def _assign(self, node: Node, arguments: list[Node], depth: int) -> Folded:
        table = Table()
        for argument in arguments:
            self._spread(table, argument, depth)
        return self._plain(node, table)

    def _env_helper(self, node: Node, arguments: list[Node], depth: int) -> Folded:
        key = self.fold(arguments[0], depth).value if arguments else None
        env = key if isinstance(key, str) else "?"
        if len(arguments) < 2:
            return Folded(UNKNOWN, self.tree.place(node), env)
        default = self.fold(arguments[1], depth)
        return Folded(default.value, self.tree.place(node), env)

    # Calls

    def arguments(self, node: Node) -> list[Node]:
        arguments = node.child_by_field_name("arguments")
        if arguments is None:
            return []
        return [child for child in arguments.named_children if child.type != "comment"]

    def call(self, node: Node, depth: int = 0) -> Call:
        """A call or construction with its arguments folded, what is set on its result later, and its surroundings."""
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        assert function is not None
        made = Call(self.callee(node), self.tree.place(function))
        for child in self.arguments(node):
            if child.type == "spread_element":
                made.complete = False
                break
            made.positional.append(self.fold(child, depth + 1))
        arguments = node.child_by_field_name("arguments")
        made.broken = arguments is not None and any(child.type == "ERROR" for child in arguments.children)
        made.name = self._target(node)
        if made.name:
            for name, name_node, right in self._set_on(made.name, node):
                made.later[name] = Entry(self.tree.place(name_node), self.fold(right, depth + 1))
        made.scope = self.scope(node)
        return made

    def _set_on(self, holder: str, node: Node) -> Iterator[tuple[str, Node, Node]]:
        """The assignments to properties of what a call's result is held by: of that variable, not of its namesakes."""
        local = holder.isidentifier()
        home = self._home(node, holder) if local else -1
        for name, name_node, right in self._properties.get(holder, ()):
            if not local or self._home(name_node, holder) == home:
                yield name, name_node, right

    def _home(self, node: Node, name: str) -> int:
        scope = self.declaring_scope(node, name)
        return scope.id if scope is not None else -1

    def receiver(self, node: Node | None) -> str:
        """What an expression is the result of: ``pg.Pool()`` for a name that holds ``new Pool()``; else empty."""
        inner = _unwrap(node)
        if inner is not None and inner.type == "identifier":
            inner = _unwrap(self._constant(inner, self.tree.text(inner)))
        if inner is None or inner.type not in ("call_expression", "new_expression"):
            return ""
        name = self.resolve(inner.child_by_field_name("function") or inner.child_by_field_name("constructor"))
        return f"{callable_name(name)}()" if name else ""

    def callee(self, node: Node) -> str:
        """The canonical name of what a call calls; ``express.default().listen`` for a method of a result that we know."""
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        name = self.resolve(function)
        if not name and function is not None and function.type in ("identifier", "call_expression"):
            return self.receiver(function)
        if name or function is None or function.type != "member_expression":
            return callable_name(name) if name else ""
        method = self.tree.text(function.child_by_field_name("property"))
        if method not in _RESULT_METHODS:
            return ""
        base = self.receiver(function.child_by_field_name("object"))
        return f"{base}.{method}" if base else ""

    def calls(self) -> Iterator[Call]:
        """Every call or construction of an imported name or a known global, in the order of the text.

        Beside them stand two that nobody wrote as a call: a connection taken out of a pool (``checkout.connect``) and an
        object that the file exports as its configuration (``exports.knexfile`` of knexfile.js).
        """
        from poollint.readers.source.javascript_uses import Uses

        uses = Uses(self)
        for node in self._calls:
            name = self.callee(node)
            if name and self.wants(name) and not self._required(node):
                made = self.call(node)
                made.used = uses.of(node, made)
                yield made
        yield from uses.checkouts()
        yield from self._exported()

    def _exported(self) -> Iterator[Call]:
        """The objects that a configuration file exports: itself, and, by environment, those inside it."""
        stem = os.path.basename(self.tree.source.path).partition(".")[0]
        for node in self.tree.root.named_children:
            value = self._export_value(node)
            if value is None:
                continue
            folded = self.fold(value)
            if not isinstance(folded.value, Table):
                continue
            inner = [entry.value for entry in folded.value.entries.values() if isinstance(entry.value.value, Table)]
            for each in (folded, *inner):
                yield self._exported_call(stem, each)
            for key, entry in folded.value.entries.items():
                for each in entry.value.value if isinstance(entry.value.value, list) else ():
                    if isinstance(each.value, Table):
                        yield self._exported_call(f"{stem}.{key}", each)

    @staticmethod
    def _exported_call(name: str, options: Folded) -> Call:
        made = Call(f"exports.{name}", options.place)
        made.positional.append(options)
        return made

    def _export_value(self, node: Node) -> Node | None:
        if node.type == "export_statement":
            return node.child_by_field_name("value")
        first = node.named_children[0] if node.type == "expression_statement" and node.named_children else None
        if first is not None and first.type == "assignment_expression":
            left = self.tree.text(first.child_by_field_name("left"))
            return first.child_by_field_name("right") if left in ("module.exports", "exports.default") else None
        return None

    def _target(self, node: Node) -> str:
        parent = node.parent
        while parent is not None and (parent.type in (*_WRAPPERS, "binary_expression") or self._is_chain(parent, node)):
            node, parent = parent, parent.parent
        if parent is None:
            return ""
        if parent.type in ("public_field_definition", "field_definition"):
            name = parent.child_by_field_name("name") or parent.child_by_field_name("property")
            return f"this.{self.tree.text(name)}"
        if parent.type == "variable_declarator":
            return self.tree.text(parent.child_by_field_name("name"))
        if parent.type in ("assignment_expression", "augmented_assignment_expression"):
            return self.tree.text(parent.child_by_field_name("left"))
        return ""

    def _is_chain(self, parent: Node, node: Node) -> bool:
        """``createServer(app).listen(3000)``: methods that give back what they are called on."""
        if parent.type == "member_expression":
            name = self.tree.text(parent.child_by_field_name("property"))
            call = parent.parent
            return name in _CHAINED and call is not None and call.type == "call_expression"
        return parent.type == "call_expression" and node.type == "member_expression"

    def scope(self, node: Node) -> Scope:
        functions: list[str] = []
        parameters: tuple[str, ...] = ()
        classes: list[str] = []
        in_loop = guarded = returned = False
        handler = ""
        previous, current = node, node.parent
        while current is not None:
            kind = current.type
            if kind in _FUNCTIONS:
                here = self.parameters(current)
                if not functions:
                    parameters = here
                    in_loop = in_loop or self._is_array_callback(current)
                handler = handler or self._handler(current, here)
                functions.append(self._function_name(current))
            elif kind in ("class_declaration", "class"):
                classes.append(self.tree.text(current.child_by_field_name("name")))
            elif not functions:
                in_loop = in_loop or kind in _LOOPS
                guarded = guarded or self._is_guard(current, previous)
                returned = returned or kind == "return_statement"
            previous, current = current, current.parent
        return Scope(tuple(functions), (), parameters, tuple(classes), in_loop, guarded, returned, handler=handler)

    def _is_guard(self, node: Node, child: Node) -> bool:
        """``if (!pool) pool = new Pool()``, ``pool ??= new Pool()``, ``global.pool || new Pool()``: made once."""
        if node.type == "if_statement":
            condition = self.tree.text(node.child_by_field_name("condition"))
            return bool(re.search(r"![\w.(]|===? *(?:null|undefined)|NODE_ENV", condition))
        if node.type == "augmented_assignment_expression":
            return self.tree.text(node.child_by_field_name("operator")) in ("??=", "||=")
        if node.type == "binary_expression":
            right = node.child_by_field_name("right")
            operator = self.tree.text(node.child_by_field_name("operator"))
            return operator in ("??", "||") and right is not None and right.id == child.id
        return False

    def _is_array_callback(self, function: Node) -> bool:
        call = self._call_around(function)
        if call is None:
            return False
        callee = call.child_by_field_name("function")
        return (
            callee is not None
            and callee.type == "member_expression"
            and self.tree.text(callee.child_by_field_name("property")) in _ARRAY_CALLS
        )

    @staticmethod
    def _call_around(function: Node) -> Node | None:
        arguments = function.parent
        if arguments is None or arguments.type != "arguments":
            return None
        return arguments.parent

    def _function_name(self, function: Node) -> str:
        name = function.child_by_field_name("name")
        if name is not None:
            return self.tree.text(name)
        parent = function.parent
        if parent is not None and parent.type == "variable_declarator":
            return self.tree.text(parent.child_by_field_name("name"))
        if parent is not None and parent.type == "assignment_expression":
            return self.tree.text(parent.child_by_field_name("left")).rpartition(".")[2]
        if parent is not None and parent.type == "pair":
            return self.tree.text(parent.child_by_field_name("key"))
        return "function"

    def _handler(self, function: Node, parameters: tuple[str, ...]) -> str:
        """What kind of request handler a function is, if any."""
        name = self._function_name(function)
        if parameters[:2] in (("req", "res"), ("request", "reply"), ("request", "response")):
            return "route"
        if parameters[:2] == ("event", "context") or (name == "handler" and parameters[:1] == ("event",)):
            return "lambda"
        call = self._call_around(function)
        callee = call.child_by_field_name("function") if call is not None else None
        if callee is not None and callee.type == "member_expression" and parameters:
            method = self.tree.text(callee.child_by_field_name("property"))
            if method in _ROUTES and parameters[0] in ("req", "request", "ctx", "_req"):
                return "route"
            if method in _ROUTES and parameters[0] in ("c", "context") and self._is_path(call):
                return "route"
        return "export" if name in _HANDLER_NAMES and self._is_exported(function) else ""

    def _is_path(self, call: Node | None) -> bool:
        """Whether the first argument of a call is a literal path: ``app.get("/users", c => ...)``."""
        arguments = self.arguments(call) if call is not None else []
        return bool(arguments) and self.tree.text(arguments[0])[1:2] == "/"

    @staticmethod
    def _is_exported(function: Node) -> bool:
        current: Node | None = function
        while current is not None and current.type not in ("statement_block", "program"):
            if current.type == "export_statement":
                return True
            current = current.parent
        return False


def _unwrap(node: Node | None) -> Node | None:
    """The expression inside parentheses, ``await``, ``as T``, ``!``."""
    while node is not None and node.type in _WRAPPERS:
        named = [child for child in node.named_children if child.type != "comment"]
        if not named:
            return None
        node = named[-1] if node.type == "type_assertion" else named[0]
    return node


def _member(module: str, name: str) -> str:
    """``pg`` and ``Pool`` -> ``pg.Pool``; the default export is the module itself."""
    return module if name == "default" else f"{module}.{name}"


def callable_name(name: str) -> str:
    """``knex`` -> ``knex.default`` when the module itself is called; a name with a member stays."""
    if name in _GLOBALS:
        return name
    head, dot, tail = name.rpartition(".")
    if dot and tail.isidentifier() and head:
        return name
    return f"{name}.default"


def number(text: str) -> Any:
    """A JavaScript number literal or numeric string; UNKNOWN when it is none."""
    if not text or not _NUMBER.match(text):
        return UNKNOWN
    plain = text.replace("_", "").rstrip("n") if not text.lower().startswith("0x") else text.replace("_", "")
    try:
        return int(plain, 0) if re.fullmatch(r"0[xXbBoO]\w+|[1-9][0-9]*|0", plain) else _whole(float(plain))
    except ValueError:
        return UNKNOWN


def _whole(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _leading(text: str) -> Any:
    match = re.match(r"\s*([+-]?\d+)", text)
    return int(match[1]) if match else UNKNOWN


def open_file(tree: SourceTree) -> JavascriptFile | None:
    """None for what a bundler has written: nobody would change it there."""
    return None if is_bundled(tree.source.text) else JavascriptFile(tree)


def is_bundled(text: str) -> bool:
    """Whether a text has the endless lines of minified code."""
    return len(text) > MIN_BUNDLE and len(text) > LONG_LINES * (text.count("\n") + 1)
