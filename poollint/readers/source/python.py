"""Python: imports, constant folding, calls and where they stand."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.values import Call, Entry, Folded, Made, Ref, Scope, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree

_FUNCTIONS = ("function_definition", "lambda")
_SCOPES = (*_FUNCTIONS, "module")
_LOOPS = ("for_statement", "while_statement")
_CASTS = {"int": int, "float": float, "str": str, "bool": bool}
_ENV_READS = ("os.environ.get", "os.getenv", "environ.get", "os.environ.setdefault")
_STRING = re.compile(r"^[rRbBuU]*(?:\"\"\"|'''|\"|')(.*?)(?:\"\"\"|'''|\"|')$", re.S)
_ESCAPE = re.compile(r"\\(['\"\\nrt])")
_HTTP_VERBS = frozenset("get post put patch delete head options route websocket api_view".split())
MAX_DEPTH = 40


class PythonFile:
    """One file: what its names mean, and the calls in it."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self._assigned: dict[tuple[int, str], list[Node]] = {}
        self._defined: set[str] = set()
        self._calls: list[Node] = []
        self._mutations: dict[tuple[int, str], list[Node]] = {}
        self._collect()

    # Names

    def _collect(self) -> None:
        for node in self.tree.walk():
            kind = node.type
            if kind == "call":
                self._calls.append(node)
                self._note_update(node)
            elif kind in ("import_statement", "import_from_statement"):
                self._import(node)
            elif kind in ("assignment", "augmented_assignment", "named_expression"):
                self._note_assignment(node)
            elif kind in ("function_definition", "class_definition"):
                self._defined.add(self.tree.text(node.child_by_field_name("name")))
            elif kind in (
                "for_statement",
                "for_in_clause",
                "as_pattern_target",
                "global_statement",
                "delete_statement",
            ):
                for each in self.tree.walk(node.child_by_field_name("left") or node):
                    if each.type == "identifier" and kind != "global_statement":
                        self._assigned.setdefault((self._scope_id(node), self.tree.text(each)), []).append(node)
                    if kind == "for_statement" and each.type == "block":
                        break

    def _import(self, node: Node) -> None:
        text = self.tree.text
        if node.type == "import_statement":
            for child in node.named_children:
                if child.type == "aliased_import":
                    self.imports[text(child.child_by_field_name("alias"))] = text(child.child_by_field_name("name"))
                else:
                    first = text(child).split(".")[0]
                    self.imports[first] = first
            return
        module = text(node.child_by_field_name("module_name"))
        for child in node.children_by_field_name("name"):
            if child.type == "aliased_import":
                name, alias = text(child.child_by_field_name("name")), text(child.child_by_field_name("alias"))
            else:
                name = alias = text(child)
            self.imports[alias] = f"{module}.{name}"

    def _note_assignment(self, node: Node) -> None:
        left = node.child_by_field_name("left") or node.child_by_field_name("name")
        if left is None:
            return
        if left.type == "subscript":
            base = left.child_by_field_name("value")
            if base is not None and base.type == "identifier":
                self._mutations.setdefault((self._scope_id(node), self.tree.text(base)), []).append(node)
            return
        for each in [left] if left.type == "identifier" else self.tree.walk(left):
            if each.type == "identifier" and left.type in ("identifier", "pattern_list", "tuple_pattern"):
                self._assigned.setdefault((self._scope_id(node), self.tree.text(each)), []).append(node)

    def _note_update(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        if function is None or function.type != "attribute":
            return
        base = function.child_by_field_name("object")
        if (
            base is not None
            and base.type == "identifier"
            and self.tree.text(function.child_by_field_name("attribute")) in ("update", "pop", "setdefault", "clear")
        ):
            self._mutations.setdefault((self._scope_id(node), self.tree.text(base)), []).append(node)

    def _scope_id(self, node: Node) -> int:
        scope = self._scope(node)
        return scope.id if scope is not None else self.tree.root.id

    @staticmethod
    def _scope(node: Node) -> Node | None:
        current = node.parent
        while current is not None and current.type not in (*_SCOPES, "class_definition"):
            current = current.parent
        return current

    def resolve(self, node: Node | None) -> str:
        """The canonical dotted name of an expression; empty when it is nothing imported."""
        if node is None:
            return ""
        if node.type == "identifier":
            name = self.tree.text(node)
            found = self.imports.get(name, "")
            if name in self._defined or self._shadowed(node, name):
                return ""
            return found or self._alias(node, name)
        if node.type == "attribute":
            base = self.resolve(node.child_by_field_name("object"))
            return f"{base}.{self.tree.text(node.child_by_field_name('attribute'))}" if base else ""
        return ""

    def _alias(self, node: Node, name: str) -> str:
        """``Engine = sa.create_engine`` makes Engine that function."""
        value = self._sole_value(node, name)
        if value is None or value.type not in ("identifier", "attribute") or self.tree.text(value) == name:
            return ""
        return self.resolve(value)

    def _shadowed(self, node: Node, name: str) -> bool:
        if name not in self.imports:
            return False
        scope = self._scope(node)
        while scope is not None:
            if (scope.id, name) in self._assigned or name in self._parameters(scope):
                return True
            scope = self._scope(scope)
        return False

    def _parameters(self, function: Node) -> tuple[str, ...]:
        parameters = function.child_by_field_name("parameters")
        if parameters is None:
            return ()
        names = []
        for child in parameters.named_children:
            target = child.child_by_field_name("name") or (child.named_children[0] if child.named_children else child)
            names.append(self.tree.text(target if child.type != "identifier" else child))
        return tuple(names)

    def _sole_value(self, node: Node, name: str) -> Node | None:
        """The right side of the only assignment to a name in the nearest scope that assigns it; None otherwise."""
        scope = self._scope(node)
        while scope is not None:
            if name in self._parameters(scope):
                return None
            found = self._assigned.get((scope.id, name))
            if found:
                only = found[0] if len(found) == 1 else None
                if only is None or only.type != "assignment" or self._conditional(only, scope):
                    return None
                return only.child_by_field_name("right")
            scope = self._scope(scope)
        return None

    @staticmethod
    def _conditional(node: Node, scope: Node) -> bool:
        current = node.parent
        while current is not None and current.id != scope.id:
            if current.type in ("if_statement", "for_statement", "while_statement", "try_statement", "match_statement"):
                return True
            current = current.parent
        return False

    # Folding

    def fold(self, node: Node | None, depth: int = 0) -> Folded:
        """What an expression is at run time, as far as the file alone tells."""
        assert node is not None
        place = self.tree.place(node)
        if depth > MAX_DEPTH or node.has_error:
            return Folded(UNKNOWN, place)
        method = getattr(self, f"_fold_{node.type}", None)
        if method is None:
            return Folded(UNKNOWN, place)
        folded: Folded = method(node, depth + 1)
        return folded._replace(place=place)

    def _unknown(self, node: Node) -> Folded:
        return Folded(UNKNOWN, self.tree.place(node))

    def _plain(self, node: Node, value: Any) -> Folded:
        return Folded(value, self.tree.place(node))

    def _fold_integer(self, node: Node, _depth: int) -> Folded:
        try:
            return self._plain(node, int(self.tree.text(node).rstrip("lL"), 0))
        except ValueError:
            return self._unknown(node)

    def _fold_float(self, node: Node, _depth: int) -> Folded:
        try:
            return self._plain(node, float(self.tree.text(node)))
        except ValueError:
            return self._unknown(node)

    def _fold_true(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, True)

    def _fold_false(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, False)

    def _fold_none(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, None)

    def _fold_string(self, node: Node, _depth: int) -> Folded:
        if any(child.type == "interpolation" for child in node.named_children):
            return self._unknown(node)
        match = _STRING.match(self.tree.text(node))
        if match is None:
            return self._unknown(node)
        return self._plain(node, _ESCAPE.sub(lambda m: {"n": "\n", "r": "\r", "t": "\t"}.get(m[1], m[1]), match[1]))

    def _fold_concatenated_string(self, node: Node, depth: int) -> Folded:
        parts = [self.fold(child, depth).value for child in node.named_children if child.type != "comment"]
        if all(isinstance(part, str) for part in parts):
            return self._plain(node, "".join(parts))
        return self._unknown(node)

    def _fold_parenthesized_expression(self, node: Node, depth: int) -> Folded:
        inner = [child for child in node.named_children if child.type != "comment"]
        return self.fold(inner[0], depth) if len(inner) == 1 else self._unknown(node)

    def _fold_unary_operator(self, node: Node, depth: int) -> Folded:
        value = self.fold(node.child_by_field_name("argument"), depth).value
        operator = self.tree.text(node.child_by_field_name("operator"))
        if isinstance(value, (int, float)) and operator in "+-":
            return self._plain(node, -value if operator == "-" else value)
        return self._unknown(node)

    def _fold_not_operator(self, node: Node, depth: int) -> Folded:
        value = self.fold(node.child_by_field_name("argument"), depth).value
        return self._plain(node, not value) if isinstance(value, (bool, int, str)) else self._unknown(node)

    def _fold_binary_operator(self, node: Node, depth: int) -> Folded:
        left = self.fold(node.child_by_field_name("left"), depth)
        right = self.fold(node.child_by_field_name("right"), depth)
        value = arithmetic(self.tree.text(node.child_by_field_name("operator")), left.value, right.value)
        return Folded(value, self.tree.place(node), left.env or right.env)

    def _fold_boolean_operator(self, node: Node, depth: int) -> Folded:
        """``os.getenv("X") or 5``: 5 is the default of X."""
        left = self.fold(node.child_by_field_name("left"), depth)
        right = self.fold(node.child_by_field_name("right"), depth)
        if self.tree.text(node.child_by_field_name("operator")) == "or":
            if left.env and not left.known:
                return right._replace(env=left.env)
            if left.known:
                return left if left.value else right
        return self._unknown(node)

    def _fold_list(self, node: Node, depth: int) -> Folded:
        return self._plain(node, [self.fold(child, depth) for child in node.named_children if child.type != "comment"])

    _fold_tuple = _fold_list

    def _fold_dictionary(self, node: Node, depth: int) -> Folded:
        table = Table()
        table.broken = node.has_error
        for child in node.named_children:
            if child.type == "pair":
                key = self.fold(child.child_by_field_name("key"), depth)
                value = self.fold(child.child_by_field_name("value"), depth)
                if isinstance(key.value, str):
                    table.entries[key.value] = Entry(key.place, value)
                else:
                    table.complete = False
            elif child.type == "dictionary_splat":
                self._spread(table, child.named_children[0], depth)
        return self._plain(node, table)

    def _spread(self, table: Table, node: Node, depth: int) -> None:
        value = self.fold(node, depth).value
        if isinstance(value, Table):
            table.merge(value)
        else:
            table.complete = False

    def _fold_identifier(self, node: Node, depth: int) -> Folded:
        name = self.tree.text(node)
        resolved = self.resolve(node)
        if resolved:
            return self._plain(node, math.inf if resolved == "math.inf" else Ref(resolved))
        value = self._sole_value(node, name)
        if value is None:
            return self._unknown(node)
        folded = self.fold(value, depth)
        if isinstance(folded.value, Table):
            folded = folded._replace(value=self._mutated(node, name, folded.value, depth))
        return folded

    def _mutated(self, node: Node, name: str, table: Table, depth: int) -> Table:
        """The dict after the item assignments and updates that stand before ``node``."""
        scope = self._scope(node)
        changed = table.copy()
        while scope is not None:
            for mutation in self._mutations.get((scope.id, name), ()):
                if mutation.start_byte < node.start_byte:
                    self._mutate(changed, mutation, certain=not self._conditional(mutation, scope), depth=depth)
                else:
                    changed.complete = False
            if (scope.id, name) in self._assigned:
                break
            scope = self._scope(scope)
        return changed

    def _mutate(self, table: Table, node: Node, *, certain: bool, depth: int) -> None:
        if node.type == "call":
            arguments = node.child_by_field_name("arguments")
            given = arguments.named_children if arguments is not None else []
            value = self.fold(given[0], depth).value if len(given) == 1 else None
            function = node.child_by_field_name("function")
            name = self.tree.text(function.child_by_field_name("attribute")) if function is not None else ""
            if certain and name == "update" and isinstance(value, Table):
                table.merge(value)
            else:
                table.complete = False
            return
        left = node.child_by_field_name("left")
        assert left is not None
        subscript = left.child_by_field_name("subscript")
        key = self.fold(subscript, depth) if subscript is not None else self._unknown(node)
        if not isinstance(key.value, str):
            table.complete = False
            return
        right = node.child_by_field_name("right")
        value = self.fold(right, depth) if certain and node.type == "assignment" else self._unknown(node)
        table.entries[key.value] = Entry(key.place, value)

    def _fold_attribute(self, node: Node, _depth: int) -> Folded:
        resolved = self.resolve(node)
        if resolved == "math.inf":
            return self._plain(node, math.inf)
        return self._plain(node, Ref(resolved)) if resolved else self._unknown(node)

    def _fold_subscript(self, node: Node, depth: int) -> Folded:
        base = node.child_by_field_name("value")
        subscript = node.child_by_field_name("subscript")
        if self.resolve(base) == "os.environ" and subscript is not None:
            key = self.fold(subscript, depth).value
            return Folded(UNKNOWN, self.tree.place(node), key if isinstance(key, str) else "", text=True)
        table = self.fold(base, depth).value
        key = self.fold(subscript, depth).value if subscript is not None else None
        if isinstance(table, Table) and isinstance(key, str) and key in table.entries:
            return table.entries[key].value
        return self._unknown(node)

    def _fold_await(self, node: Node, depth: int) -> Folded:
        return self.fold(node.named_children[0], depth) if node.named_children else self._unknown(node)

    def _fold_call(self, node: Node, depth: int) -> Folded:
        function = node.child_by_field_name("function")
        name = self.tree.text(function)
        arguments = self._arguments(node)
        if name in _CASTS and name not in self._defined and len(arguments) == 1:
            return self._cast(node, name, self.fold(arguments[0], depth))
        if name == "dict":
            return self._plain(node, self._keywords(node, depth))
        resolved = self.resolve(function) or name
        if resolved in _ENV_READS or _is_env_helper(resolved):
            return self._env(node, resolved, depth)
        if resolved in ("datetime.timedelta", "timedelta"):
            return self._timedelta(node, depth)
        if self.resolve(function):
            return self._plain(node, Made(self.call(node, depth)))
        return self._unknown(node)

    def _arguments(self, node: Node) -> list[Node]:
        arguments = node.child_by_field_name("arguments")
        if arguments is None or arguments.type != "argument_list":
            return []
        return [child for child in arguments.named_children if child.type != "comment"]

    def _cast(self, node: Node, name: str, inner: Folded) -> Folded:
        value: Any = UNKNOWN
        if inner.known and isinstance(inner.value, (str, int, float)):
            try:
                value = _CASTS[name](inner.value)
            except ValueError:
                value = UNKNOWN
        return Folded(value, self.tree.place(node), inner.env, text=name == "str")

    def _env(self, node: Node, name: str, depth: int) -> Folded:
        """A read of the environment: its literal default, or UNKNOWN under the variable's name."""
        keywords = self._keywords(node, depth)
        positional = [
            child for child in self._arguments(node) if child.type not in ("keyword_argument", "dictionary_splat")
        ]
        key = self.fold(positional[0], depth).value if positional else None
        default: Folded | None = self.fold(positional[1], depth) if len(positional) > 1 else None
        if "default" in keywords.entries:
            default = keywords.entries["default"].value
        env = key if isinstance(key, str) else "?"
        cast = keywords.entries.get("cast")
        text = name in _ENV_READS or (cast is None and name in ("config", "decouple.config"))
        if default is None or not default.known or default.value is None:
            return Folded(UNKNOWN, self.tree.place(node), env, text=text)
        value = default.value
        caster = name.rpartition(".")[2]
        if caster in _CASTS and isinstance(value, str):
            return self._cast(node, caster, default)._replace(env=env)
        return Folded(value, self.tree.place(node), env, text=text and isinstance(value, str))

    def _timedelta(self, node: Node, depth: int) -> Folded:
        units = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1, "milliseconds": 0.001, "weeks": 604800}
        total: float = 0
        for name, entry in self._keywords(node, depth).entries.items():
            if name not in units or not isinstance(entry.value.value, (int, float)):
                return self._unknown(node)
            total += entry.value.value * units[name]
        return self._plain(node, total)

    def _keywords(self, node: Node, depth: int) -> Table:
        table = Table()
        for child in self._arguments(node):
            if child.type == "keyword_argument":
                name = child.child_by_field_name("name")
                assert name is not None
                value = self.fold(child.child_by_field_name("value"), depth)
                table.entries[self.tree.text(name)] = Entry(self.tree.place(name), value)
            elif child.type == "dictionary_splat":
                self._spread(table, child.named_children[0], depth)
        return table

    # Calls

    def call(self, node: Node, depth: int = 0) -> Call:
        """A call expression with its arguments folded and its surroundings described."""
        function = node.child_by_field_name("function")
        assert function is not None
        made = Call(self.resolve(function), self.tree.place(function))
        arguments = node.child_by_field_name("arguments")
        made.broken = arguments is not None and arguments.has_error
        keywords = self._keywords(node, depth + 1)
        made.named, made.complete = keywords.entries, keywords.complete
        made.broken = made.broken or keywords.broken
        for child in self._arguments(node):
            if child.type == "list_splat":
                made.complete = False
                break
            if child.type not in ("keyword_argument", "dictionary_splat"):
                made.positional.append(self.fold(child, depth + 1))
        made.name = self._target(node)
        made.scope = self.scope(node)
        return made

    def calls(self) -> Iterator[Call]:
        """Every call whose callee is an imported name, in the order of the text."""
        for node in self._calls:
            if self.resolve(node.child_by_field_name("function")):
                yield self.call(node)

    def _target(self, node: Node) -> str:
        parent = node.parent
        while parent is not None and parent.type in ("await", "parenthesized_expression"):
            parent = parent.parent
        if parent is not None and parent.type == "assignment":
            return self.tree.text(parent.child_by_field_name("left"))
        return ""

    def scope(self, node: Node) -> Scope:
        functions: list[str] = []
        decorators: list[str] = []
        classes: list[str] = []
        parameters: tuple[str, ...] = ()
        in_loop = guarded = returned = yielded = as_context = False
        current = node.parent
        while current is not None:
            kind = current.type
            if kind in _FUNCTIONS:
                if not functions:
                    parameters = self._parameters(current)
                functions.append(self.tree.text(current.child_by_field_name("name")) or "lambda")
                parent = current.parent
                if parent is not None and parent.type == "decorated_definition":
                    decorators += [
                        self.tree.text(c)[1:].strip() for c in parent.named_children if c.type == "decorator"
                    ]
            elif kind == "class_definition":
                classes.append(self.tree.text(current.child_by_field_name("name")))
            elif not functions:
                in_loop = in_loop or kind in _LOOPS
                guarded = guarded or (
                    kind == "if_statement" and _is_guard(self.tree.text(current.child_by_field_name("condition")))
                )
                returned = returned or kind == "return_statement"
                yielded = yielded or kind == "yield"
                as_context = as_context or kind == "with_item"
            current = current.parent
        handler = _handler(functions, decorators, parameters)
        return Scope(
            tuple(functions),
            tuple(decorators),
            parameters,
            tuple(classes),
            in_loop,
            guarded,
            returned,
            yielded,
            as_context,
            handler,
        )


def _is_guard(condition: str) -> bool:
    """``if _engine is None``, ``if not pool``: made once, whatever calls it."""
    return bool(re.search(r"\bis None\b|^not\s+\w|\bnot in\b|== None", condition)) and "__name__" not in condition


def _is_env_helper(name: str) -> bool:
    """environs, django-environ, decouple: the literal default stands in the call."""
    head, _, tail = name.rpartition(".")
    if head in ("env", "environ.Env", "environs.Env"):
        return tail in ("int", "str", "float", "bool", "get", "list", "url")
    return name in ("decouple.config", "config", "env")


def _handler(functions: list[str], decorators: list[str], parameters: tuple[str, ...]) -> str:
    """What kind of request handler the innermost function is, if any."""
    if not functions:
        return ""
    for decorator in decorators:
        if decorator.partition("(")[0].rpartition(".")[2] in _HTTP_VERBS:
            return "route"
    if parameters[:2] == ("event", "context"):
        return "lambda"
    if parameters[:1] == ("request",) or parameters[:2] == ("self", "request"):
        return "view"
    return ""


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """A constant expression's value; UNKNOWN for anything but modest numbers and joined strings."""
    if isinstance(left, str) and isinstance(right, str) and operator == "+":
        return left + right
    if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
        return UNKNOWN
    try:
        if operator == "**":
            return left**right if abs(right) <= 64 and abs(left) <= 1e6 else UNKNOWN
        return {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "/": lambda: left / right,
            "//": lambda: left // right,
            "%": lambda: left % right,
        }.get(operator, lambda: UNKNOWN)()
    except (ArithmeticError, TypeError, ValueError):
        return UNKNOWN


def open_file(tree: SourceTree) -> PythonFile:
    return PythonFile(tree)
