"""Go: imports, constant folding, calls, struct literals, and what is set on their results later.

A canonical name is the import path and the name: ``database/sql.Open``, ``net/http.Transport`` (a literal of that type),
``net/http.DefaultClient.Get``. Durations fold to nanoseconds, as the program has them. Setters that stand on something
whose origin is not in the file are one call of ``receiver.SETTER``, so that a handle that came as a parameter or from
an object mapper is seen all the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN
from poollint.readers.source.go_bodies import open_bodies
from poollint.readers.source.go_checkouts import checkouts
from poollint.readers.source.go_dsn import parameters_of
from poollint.readers.source.go_kept import closed_by_callers, kept
from poollint.readers.source.values import Call, Entry, Folded, Made, Scope, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree

_FUNCTIONS = frozenset(("function_declaration", "method_declaration", "func_literal"))
_BRANCHES = frozenset(
    "if_statement for_statement expression_switch_statement type_switch_statement select_statement".split()
)
_DECLARATIONS = frozenset(("short_var_declaration", "assignment_statement", "var_spec", "const_spec"))
_PARTS = frozenset("keyed_element literal_element literal_value composite_literal unary_expression".split())
_TIME = {
    "Nanosecond": 1,
    "Microsecond": 1_000,
    "Millisecond": 1_000_000,
    "Second": 1_000_000_000,
    "Minute": 60_000_000_000,
    "Hour": 3_600_000_000_000,
}
_MATH = {"MaxInt": 2**63 - 1, "MaxInt64": 2**63 - 1, "MaxInt32": 2**31 - 1, "MaxInt16": 2**15 - 1}
_INTEGERS = frozenset("int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 time.Duration".split())
_REQUEST = re.compile(r"http\.ResponseWriter|gin\.Context|echo\.Context|fiber\.Ctx|fasthttp\.RequestCtx")
_LAMBDA = re.compile(r"\bevents\.\w+(?:Request|Event)\b")
_VERB = re.compile(r"%(?:%|[-+# 0]*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?(?:\[\d+\])?[a-zA-Z])")
_VERSION = re.compile(r"v\d+")
_ESCAPE = re.compile(r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_POOL_SETTERS = frozenset(("SetMaxOpenConns", "SetMaxIdleConns", "SetConnMaxLifetime", "SetConnMaxIdleTime"))
_CONCURRENT = re.compile(
    r"\bgo\s+(?:func\b|[\w.]+\()|(?i:serve\w*)\(|\b(?:gin|echo|fiber|chi|mux|grpc)\.New|gin\.Default\("
    r"|errgroup|http\.Handle|\.(?:Go|Run|Start|Listen)\("
)
_BOUNDED = re.compile(r"\b(?:WithContext|WithTimeout|WithDeadline|TimeoutHandler)\b|\.Timeout\s*=")
_LIMITER = re.compile(r"(?i)config|pool|tune|limit|setup|init|option|apply|conn|wrap|newdb|opendb|instrument")
# what stands with a connection string, and at which argument
_DSN_AT = {"pgxpool.New": 1, "pgxpool.Connect": 1, "pgxpool.ParseConfig": 0}
_KEEPERS = frozenset(("pgxpool", "sqlx", "gorm", "postgres", "mysql", "bun"))
_OPEN = "\0"
MAX_DEPTH = 40
MAX_HANDS = 4
MAX_MENTIONS = 200
MAX_CALLS = 1000  # more of them stand in no file that a person wrote
MAX_TEXT = 4096


class _Set(NamedTuple):
    """``receiver.SetX(value)`` or ``receiver.X = value``; without a value where the arguments are not one."""

    name: str
    key: Node
    value: Node | None
    node: Node
    by_method: bool


class GoFile:
    """One file: what its names mean, and the calls in it."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.imports: dict[str, str] = {}
        self._declared: dict[tuple[int, str], list[tuple[Node, Node | None]]] = {}
        self._fields: dict[str, list[tuple[Node, Node | None]]] = {}
        self._calls: list[Node] = []
        self._sets: dict[str, list[_Set]] = {}
        self._mentions: dict[str, list[Node]] = {}
        self._handles: dict[str, list[tuple[int, str]]] = {}
        self._taken: set[int] = set()
        self._functions: list[Node] = []
        self._starts: list[int] = []
        self._outer: list[int] = []  # for each function the index of the one around it
        self._known: dict[int, Folded] = {}
        self.returns: dict[int, list[Node]] = {}
        self.wants: Callable[[str], Any] = bool  # which calls anybody asks for, by canonical name
        self._collect()
        text = tree.source.text
        self.about = {
            "bounded": _BOUNDED.search(text) is not None,
            "plain_requests": "http.NewRequest(" in text,
            "header_wait": "ResponseHeaderTimeout" in text,
            "idle_closed": "CloseIdleConnections" in text,
            "sqlite": "sqlite" in text,
            "concurrent": _CONCURRENT.search(text) is not None,
        }

    # Names

    def _collect(self) -> None:
        for node in self.tree.walk():
            kind = node.type
            if kind in _FUNCTIONS:
                self._note_function(node)
            elif kind == "return_statement":
                function = self.function(node)
                self.returns.setdefault(function.id if function is not None else 0, []).append(node)
            elif kind == "import_spec":
                self._import(node)
            elif kind in _DECLARATIONS:
                self._declare(node)
                if kind == "var_spec" and self._zero_of(node):
                    self._calls.append(node)
            elif kind in ("call_expression", "composite_literal"):
                self._calls.append(node)
                if kind == "call_expression":
                    self._note_setter(node)
            elif kind == "identifier":
                self._mentions.setdefault(self.tree.text(node), []).append(node)
            elif kind in ("parameter_declaration", "range_clause"):
                self._bind(node)

    def _import(self, node: Node) -> None:
        path = self.tree.text(node.child_by_field_name("path"))[1:-1]
        name = node.child_by_field_name("name")
        alias = self.tree.text(name) if name is not None else package_name(path)
        if alias in ("_", "."):
            alias = f"{alias} {path}"  # nothing is called by it, but the file does import it
        self.imports[alias] = path

    def _bind(self, node: Node) -> None:
        """Names that hold what nobody here can tell: parameters, loop variables."""
        names = node.children_by_field_name("name")
        left = node.child_by_field_name("left")
        if left is not None:
            names = [child for child in left.named_children if child.type == "identifier"]
        for name in names:
            self._declared.setdefault((self._scope_id(node, inside=True), self.tree.text(name)), []).append(
                (node, None)
            )

    def _declare(self, node: Node) -> None:
        if node.type in ("var_spec", "const_spec"):
            left = [child for child in node.children_by_field_name("name") if child.is_named]
        else:
            side = node.child_by_field_name("left")
            left = list(side.named_children) if side is not None else []
        right = node.child_by_field_name("right") or node.child_by_field_name("value")
        values = [child for child in right.named_children if child.type != "comment"] if right is not None else []
        plain = node.type != "assignment_statement" or self.tree.text(node.child_by_field_name("operator")) == "="
        for at, name in enumerate(left):
            value = values[at] if plain and len(values) == len(left) else None
            if name.type == "identifier":
                if node.type == "var_spec" and not values and not self._zero_of(node):
                    continue  # the zero value; the assignment that follows counts
                scope = self._holder(name) if node.type == "assignment_statement" else self._scope_id(node)
                self._declared.setdefault((scope, self.tree.text(name)), []).append((node, value))
            elif name.type == "selector_expression" and plain:
                self._note_field(node, name, value)
        self._note_handle(left, values)

    def _zero_of(self, node: Node) -> bool:
        """``var client http.Client``: a struct of that package as it is when nothing is set."""
        kind = node.child_by_field_name("type")
        if kind is None or kind.type != "qualified_type" or node.child_by_field_name("value") is not None:
            return False
        return self.imports.get(self.tree.text(kind.child_by_field_name("package"))) == "net/http"

    def _note_field(self, node: Node, name: Node, value: Node | None) -> None:
        base, field = name.child_by_field_name("operand"), name.child_by_field_name("field")
        if base is None or field is None:
            return
        self._fields.setdefault(self.tree.text(name), []).append((node, value))
        found = _Set(self.tree.text(field), field, value, node, by_method=False)
        self._sets.setdefault(self.tree.text(base), []).append(found)

    def _note_handle(self, left: list[Node], values: list[Node]) -> None:
        """``sqlDB, err := gormDB.DB()``: what is set on the one is set on the other's pool."""
        if not left or len(values) != 1 or values[0].type != "call_expression":
            return
        function = values[0].child_by_field_name("function")
        if function is None or function.type != "selector_expression" or self._arguments(values[0]):
            return
        if self.tree.text(function.child_by_field_name("field")) == "DB":
            base = self.tree.text(function.child_by_field_name("operand"))
            self._handles.setdefault(base, []).append((self._scope_id(values[0]), self.tree.text(left[0])))

    def _note_setter(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        if function is None or function.type != "selector_expression":
            return
        field, base = function.child_by_field_name("field"), function.child_by_field_name("operand")
        if field is None or base is None or not self.tree.text(field).startswith("Set"):
            return
        arguments = self._arguments(node)
        value = arguments[0] if len(arguments) == 1 else None
        found = _Set(self.tree.text(field), field, value, node, by_method=True)
        self._sets.setdefault(self.tree.text(base), []).append(found)

    def _arguments(self, node: Node) -> list[Node]:
        arguments = node.child_by_field_name("arguments")
        return [] if arguments is None else [child for child in arguments.named_children if child.type != "comment"]

    def function(self, node: Node) -> Node | None:
        """The innermost function around a node, by an index: to ask for parents is dear."""
        at = bisect_right(self._starts, node.start_byte) - 1
        while at >= 0:
            found = self._functions[at]
            if found.end_byte >= node.end_byte and found.id != node.id:
                return found
            at = self._outer[at]
        return None

    def _note_function(self, node: Node) -> None:
        at = len(self._functions) - 1
        while at >= 0 and self._functions[at].end_byte < node.end_byte:
            at = self._outer[at]
        self._functions.append(node)
        self._starts.append(node.start_byte)
        self._outer.append(at)

    def _scope_id(self, node: Node, *, inside: bool = False) -> int:
        function = self.function(node)
        if inside and function is None:
            return -1
        return function.id if function is not None else self.tree.root.id

    def _holder(self, node: Node) -> int:
        """The scope that declares the name of an assignment, as far as it was met before; else its own."""
        name = self.tree.text(node)
        function = self.function(node)
        own = function.id if function is not None else self.tree.root.id
        while function is not None:
            if (function.id, name) in self._declared:
                return function.id
            function = self.function(function)
        return self.tree.root.id if (self.tree.root.id, name) in self._declared else own

    def resolve(self, node: Node | None) -> str:
        """The canonical name of an expression or a type; empty when it is nothing imported."""
        if node is None:
            return ""
        if node.type == "qualified_type":
            package = self.imports.get(self.tree.text(node.child_by_field_name("package")))
            return f"{package}.{self.tree.text(node.child_by_field_name('name'))}" if package else ""
        if node.type == "selector_expression":
            base, field = node.child_by_field_name("operand"), self.tree.text(node.child_by_field_name("field"))
            if base is None:
                return ""
            if base.type == "identifier":
                name = self.tree.text(base)
                package = self.imports.get(name)
                return f"{package}.{field}" if package and not self._shadowed(base, name) else ""
            inner = self.resolve(base) if base.type == "selector_expression" else ""
            return f"{inner}.{field}" if inner else ""
        return ""

    def _shadowed(self, node: Node, name: str) -> bool:
        function = self.function(node)
        while function is not None:
            if (function.id, name) in self._declared:
                return True
            function = self.function(function)
        return False

    def _sole_value(self, node: Node, name: str) -> Node | None:
        """What a name holds, when only one assignment gives it that; None otherwise."""
        function = self.function(node)
        while function is not None:
            found = self._declared.get((function.id, name))
            if found:
                if len(found) > 1 or found[0][1] is None or found[0][0].start_byte > node.start_byte:
                    return None
                return None if self._branches(found[0][0], node) else found[0][1]
            function = self.function(function)
        found = self._declared.get((self.tree.root.id, name), [])
        if len(found) != 1 or found[0][1] is None:
            return None
        constant = found[0][0].type == "const_spec"
        return found[0][1] if constant or not name[:1].isupper() else None

    def _branches(self, node: Node, other: Node) -> bool:
        """Whether a node is in a branch or loop that does not hold the other one: it may not run."""
        current = node.parent
        while current is not None and current.type not in _FUNCTIONS:
            if current.type in _BRANCHES:
                inside = current.start_byte <= other.start_byte < current.end_byte
                initial = current.child_by_field_name("initializer")
                first = initial is not None and initial.start_byte <= node.start_byte < initial.end_byte
                if not inside and not first:
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

    def _unknown(self, node: Node, *, plain: bool = False) -> Folded:
        return Folded(UNKNOWN, self.tree.place(node), plain=plain)

    def _plain(self, node: Node, value: Any) -> Folded:
        return Folded(value, self.tree.place(node))

    def _fold_int_literal(self, node: Node, _depth: int) -> Folded:
        text = self.tree.text(node).replace("_", "")
        try:
            octal = len(text) > 1 and text[0] == "0" and text.isdigit()
            return self._plain(node, int(text, 8) if octal else int(text, 0))
        except ValueError:
            return self._unknown(node)

    def _fold_float_literal(self, node: Node, _depth: int) -> Folded:
        try:
            return self._plain(node, float(self.tree.text(node).replace("_", "")))
        except ValueError:
            return self._unknown(node)

    def _fold_true(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, True)

    def _fold_false(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, False)

    def _fold_nil(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, None)

    def _fold_raw_string_literal(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, self.tree.text(node)[1:-1])

    def _fold_interpreted_string_literal(self, node: Node, _depth: int) -> Folded:
        return self._plain(node, _ESCAPE.sub(_unescape, self.tree.text(node)[1:-1]))

    def _fold_parenthesized_expression(self, node: Node, depth: int) -> Folded:
        inner = [child for child in node.named_children if child.type != "comment"]
        return self.fold(inner[0], depth) if len(inner) == 1 else self._unknown(node)

    def _fold_unary_expression(self, node: Node, depth: int) -> Folded:
        operand = node.child_by_field_name("operand")
        if operand is None:
            return self._unknown(node)
        operator = self.tree.text(node.child_by_field_name("operator"))
        value = self.fold(operand, depth)
        if operator == "&":
            return value
        if isinstance(value.value, bool):
            return self._plain(node, not value.value) if operator == "!" else self._unknown(node)
        if isinstance(value.value, (int, float)) and operator in "+-":
            return self._plain(node, -value.value if operator == "-" else value.value)
        return self._unknown(node, plain=True)

    def _fold_binary_expression(self, node: Node, depth: int) -> Folded:
        left = self.fold(node.child_by_field_name("left"), depth)
        right = self.fold(node.child_by_field_name("right"), depth)
        operator = self.tree.text(node.child_by_field_name("operator"))
        if operator == "+" and (_is_text(left) or _is_text(right)):
            return self._partial(node, _shape(left) + _shape(right))
        return Folded(arithmetic(operator, left.value, right.value), self.tree.place(node), plain=True)

    def _partial(self, node: Node, text: str) -> Folded:
        """A text with open parts: UNKNOWN, but of a known shape; the text itself when nothing is open."""
        if len(text) > MAX_TEXT:
            return self._unknown(node, plain=True)
        if _OPEN not in text:
            return self._plain(node, text)
        return Folded(UNKNOWN, self.tree.place(node), plain=True, shape=text)

    def _fold_identifier(self, node: Node, depth: int) -> Folded:
        value = self._sole_value(node, self.tree.text(node))
        if value is None:
            return self._unknown(node)
        found = self._known.get(value.id)
        if found is None:
            found = self._known[value.id] = self.fold(value, depth)
        return found

    def _fold_selector_expression(self, node: Node, depth: int) -> Folded:
        name = self.resolve(node)
        if name:
            package, _, last = name.rpartition(".")
            constant = {"time": _TIME, "math": _MATH}.get(package, {}).get(last)
            return self._unknown(node) if constant is None else self._plain(node, constant)
        operand = node.child_by_field_name("operand")
        if operand is not None and operand.type == "parenthesized_expression":
            inner = self.fold(operand, depth)  # (&net.Dialer{...}).DialContext
            if isinstance(inner.value, Made):
                return inner
        return self._unknown(node)

    def _fold_composite_literal(self, node: Node, depth: int) -> Folded:
        if self.resolve(node.child_by_field_name("type")):
            return self._plain(node, Made(self.literal(node, depth)))
        return self._unknown(node)

    def _fold_call_expression(self, node: Node, depth: int) -> Folded:
        function = node.child_by_field_name("function")
        arguments = self._arguments(node)
        name = self.tree.text(function)
        if name in _INTEGERS or name in ("float64", "float32", "string"):
            return self._conversion(node, name, depth)
        callee = self.resolve(function)
        if callee == "os.Getenv":
            env = self.fold(arguments[0], depth).value if arguments else ""
            return Folded(UNKNOWN, self.tree.place(node), env=env if isinstance(env, str) else "", text=True)
        if callee == "cmp.Or" and len(arguments) == 2:
            first, second = self.fold(arguments[0], depth), self.fold(arguments[1], depth)
            return second._replace(env=first.env, text=True) if first.env and second.known else self._unknown(node)
        if callee == "fmt.Sprintf" and arguments:
            return self._formatted(node, arguments, depth)
        if callee:
            return self._plain(node, Made(self.call(node, depth)))
        return self._unknown(node)

    def _conversion(self, node: Node, name: str, depth: int) -> Folded:
        arguments = self._arguments(node)
        value = self.fold(arguments[0], depth) if len(arguments) == 1 else self._unknown(node)
        number = isinstance(value.value, (int, float)) and not isinstance(value.value, bool)
        if name == "string":
            return value if isinstance(value.value, str) else self._unknown(node, plain=True)
        if not number:
            return self._unknown(node, plain=True)
        return self._plain(node, int(value.value) if name in _INTEGERS else float(value.value))

    def _formatted(self, node: Node, arguments: list[Node], depth: int) -> Folded:
        """``fmt.Sprintf``: what the format leaves open is a mark; words and numbers that are known are put in."""
        text = self.fold(arguments[0], depth).value
        if not isinstance(text, str):
            return self._unknown(node, plain=True)
        values = iter(arguments[1:])

        def fill(match: re.Match[str]) -> str:
            if match[0] == "%%":
                return "%"
            given = next(values, None)
            if given is None or match[0] not in ("%s", "%d", "%v"):
                return _OPEN
            value = self.fold(given, depth).value
            plain = isinstance(value, (str, int)) and not isinstance(value, bool)
            return str(value) if plain else _OPEN

        return self._partial(node, _VERB.sub(fill, text))

    # Calls

    def _type_made(self, node: Node) -> Node | None:
        """The type of a struct that an expression makes: a literal, ``new(T)``, or a declaration without a value."""
        if node.type in ("composite_literal", "var_spec"):
            return node.child_by_field_name("type")
        function, arguments = node.child_by_field_name("function"), self._arguments(node)
        made = function is not None and function.type == "identifier" and self.tree.text(function) == "new"
        return arguments[0] if made and len(arguments) == 1 and arguments[0].type == "qualified_type" else None

    def _cloned(self, node: Node) -> str:
        """``http.DefaultTransport.(*http.Transport).Clone()`` by a name of its own."""
        function = node.child_by_field_name("function")
        if function is None or function.type != "selector_expression":
            return ""
        base = function.child_by_field_name("operand")
        if base is None or base.type != "type_assertion_expression":
            return ""
        name = self.resolve(base.child_by_field_name("operand"))
        return f"{name}.{self.tree.text(function.child_by_field_name('field'))}" if name else ""

    def _around(self, node: Node) -> str:
        """The import paths of the literals and calls that an expression stands in."""
        paths = []
        current = node.parent
        while current is not None and current.type not in _FUNCTIONS and not current.type.endswith("_statement"):
            if current.type in ("composite_literal", "call_expression"):
                field = "type" if current.type == "composite_literal" else "function"
                paths.append(self.resolve(current.child_by_field_name(field)))
            current = current.parent
        return " ".join(paths)

    def literal(self, node: Node, depth: int = 0, *, kind: Node | None = None) -> Call:
        """A struct literal: its one argument is the table of its fields."""
        kind = kind or node.child_by_field_name("type")
        assert kind is not None
        made = Call(self.resolve(kind), self.tree.place(kind))
        table = Table()
        body = node.child_by_field_name("body")
        for element in body.named_children if body is not None else ():
            key, value = element.child_by_field_name("key"), element.child_by_field_name("value")
            if element.type == "comment":
                continue
            if element.type != "keyed_element" or key is None or value is None:
                table.complete = False
                continue
            inner = value.named_children[0] if value.type == "literal_element" and value.named_children else value
            table.entries[self.tree.text(key)] = Entry(self.tree.place(key), self.fold(inner, depth + 1))
        table.broken = made.broken = node.has_error
        made.positional.append(Folded(table, self.tree.place(node)))
        made.named = table.entries
        made.complete = table.complete
        return made

    def call(self, node: Node, depth: int = 0, *, name: str = "") -> Call:
        function = node.child_by_field_name("function")
        assert function is not None
        made = Call(name or self.resolve(function), self.tree.place(function))
        made.broken = node.has_error
        for argument in self._arguments(node):
            if argument.type == "variadic_argument":
                made.complete = False
                break
            made.positional.append(self.fold(argument, depth + 1))
        return made

    def calls(self) -> Iterator[Call]:
        """Every call and struct literal whose name is imported; then the groups of setters that no such call explains."""
        found: list[Call] = []
        for node in self._calls:
            kind = self._type_made(node)
            is_literal = kind is not None
            name = self.resolve(kind if kind is not None else node.child_by_field_name("function")) or self._cloned(
                node
            )
            if not name or not self.wants(name) or len(found) >= MAX_CALLS:
                continue
            made = self.call(node, name=name) if kind is None else self.literal(node, kind=kind)
            made.name = self._target(node)
            made.scope = self.scope(node)
            made.used = {**self.about, "made_of": _makers(made.positional)}
            if is_literal:
                made.used["fields_made_of"] = {name: _makers([entry.value])[0] for name, entry in made.named.items()}
                made.used["kept"] = kept(self, node)
                made.used["unix"] = '"unix"' in self.tree.text(node)
                made.used["websocket"] = "websocket" in self._around(node)
            self._follow(made, node)
            if made.used["escape"] == "returned" and closed_by_callers(self, node, self._calls):
                made.used["escape"] = ""
                made.used["concurrent"] = False
            made.used["stored"] = made.used["escape"] in ("stored", "returned")
            made.used["asks"] = self._asks(made.name, self._scope_id(node))
            self._connection_string(made)
            found.append(made)
        strays = list(self._strays())
        elsewhere: dict[str, Entry] = {}
        for stray in strays:
            for name, entry in stray.later.items():
                elsewhere.setdefault(name, Entry(entry.key_place, Folded(UNKNOWN, entry.value.place)))
        for made in found:
            self._doubt(made, elsewhere)
        for stray in strays if len(strays) > 1 else ():
            stray.later = {**elsewhere, **stray.later}
        yield from found
        yield from strays
        yield from self._unread()
        if self.wants("net/http.Response.open"):
            yield from open_bodies(self)
        if self.wants("checkout.begin") or self.wants("checkout.acquire"):
            yield from checkouts(self)

    @staticmethod
    def _doubt(made: Call, elsewhere: dict[str, Entry]) -> None:
        """A handle that goes elsewhere before anything is set on it may be set up there."""
        here = any(name in _POOL_SETTERS for name in made.later)
        if not here and made.used.get("escape") and "fields_made_of" not in made.used:
            made.touched = True
        for name, entry in elsewhere.items():
            made.later.setdefault(name, entry)

    def _connection_string(self, made: Call) -> None:
        """The parameters of a connection string that the pool reads for itself, as if they were set first of all."""
        package, _, name = made.callee.rpartition(".")
        at = _DSN_AT.get(f"{package.rpartition('/')[2]}.{name}")
        if at is None or at >= len(made.positional):
            return
        parameters = parameters_of(made.positional[at])
        if parameters is None:
            made.touched = True
        else:
            made.later = {**parameters, **made.later}

    def _target(self, node: Node) -> str:
        """The variable or field that a call's result is given to."""
        if node.type == "var_spec":
            names = node.children_by_field_name("name")
            return self.tree.text(names[0]) if len(names) == 1 else ""
        parent = node.parent
        while parent is not None and parent.type in ("unary_expression", "parenthesized_expression"):
            parent = parent.parent
        if parent is None:
            return ""
        if parent.type in ("keyed_element", "literal_element"):
            element = parent if parent.type == "keyed_element" else parent.parent
            return self.tree.text(element.child_by_field_name("key")) if element is not None else ""
        if parent.type != "expression_list" or parent.parent is None:
            return ""
        whole = parent.parent
        if whole.type in ("var_spec", "const_spec"):
            names = [child for child in whole.children_by_field_name("name") if child.is_named]
        elif whole.type in _DECLARATIONS:
            left = whole.child_by_field_name("left")
            names = list(left.named_children) if left is not None else []
        else:
            return ""
        values = [child for child in parent.named_children if child.type != "comment"]
        at = 0
        for index, value in enumerate(values):
            if value.start_byte <= node.start_byte < value.end_byte:
                at = index
        return self.tree.text(names[at]) if at < len(names) and self.tree.text(names[at]) != "_" else ""

    def _follow(self, made: Call, node: Node) -> None:
        """What is set on the result later, and whether the result leaves the sight of this file."""
        bound = self._bound(node)
        if not bound:
            made.used["escape"] = self._handed(node)
            return
        names = {made.name}
        scope = self._scope_id(node)
        for at, handle in self._handles.get(made.name, ())[:MAX_MENTIONS]:
            if self._sees(at, scope, made.name):
                names.add(handle)
        for name in sorted(names):
            # a method's result (db.DB()) stands for what it was called on
            for text in (name, f"{name}.DB()"):
                for found in self._sets.get(text, ())[:MAX_MENTIONS]:
                    if self._sees(self._scope_id(found.node), scope, name, within=found.node):
                        self._apply(made, found, node)
        made.used["escape"] = self._escape(made.name, node, scope)

    def _bound(self, node: Node) -> bool:
        """Whether a name (not a key of a literal) holds the result."""
        if node.type == "var_spec":
            return bool(self._target(node))
        parent = node.parent
        while parent is not None and parent.type in ("unary_expression", "parenthesized_expression"):
            parent = parent.parent
        return parent is not None and parent.type == "expression_list" and bool(self._target(node))

    def _sees(self, where: int, scope: int, name: str, *, within: Node | None = None) -> bool:
        """Whether a name in one function means the variable of another: the same or an inner one, or no local at all."""
        if where == scope or "." in name or scope == self.tree.root.id:
            return True
        if (self.tree.root.id, name) in self._declared and (scope, name) not in self._declared:
            return True
        function = self.function(within) if within is not None else None
        while function is not None:
            if function.id == scope:
                return True
            if (function.id, name) in self._declared:
                return False
            function = self.function(function)
        return False

    def _apply(self, made: Call, found: _Set, node: Node) -> None:
        self._taken.add(found.node.id)
        certain = found.value is not None and not self._branches(found.node, node)
        certain = certain and found.name not in made.later
        value = self.fold(found.value) if certain else self._unknown(found.value or found.key)
        made.later[found.name] = Entry(self.tree.place(found.key), value)

    def _escape(self, name: str, node: Node, scope: int, depth: int = 0) -> str:
        """Where else a handle goes: "returned", "stored", "passed" to what may configure it, "" when it stays."""
        if "." in name or scope == self.tree.root.id or (scope, name) not in self._declared:
            return "stored"
        mentions = self._mentions.get(name, ())
        if depth > MAX_HANDS or len(mentions) > MAX_MENTIONS:
            return "passed"
        reached = ""
        for mention in mentions:
            if mention.start_byte <= node.end_byte or not self._sees(
                self._scope_id(mention), scope, name, within=mention
            ):
                continue
            way = self._handed(mention, depth + 1)
            if way == "returned":
                return way
            reached = way or reached
        return reached

    def _handed(self, node: Node, depth: int = 0) -> str:
        """How a value is handed on where it stands."""
        current = node.parent
        while current is not None and current.type not in _FUNCTIONS:
            kind = current.type
            if kind in ("selector_expression", "binary_expression", "index_expression"):
                return ""
            if kind == "argument_list":
                return self._given(current.parent, depth)
            if kind == "return_statement":
                return "returned"
            if kind in ("keyed_element", "literal_value"):
                return self._kept(current, depth)
            if kind in ("assignment_statement", "short_var_declaration"):
                right = current.child_by_field_name("right")
                on_right = right is not None and right.start_byte <= node.start_byte
                return "stored" if on_right and kind == "assignment_statement" else ""
            if kind in ("send_statement", "go_statement"):
                return "passed"
            current = current.parent
        return ""

    def _given(self, call: Node | None, depth: int) -> str:
        """A value that is an argument: it may be set up by what it is given to, or be handed on within a result."""
        if call is None or call.type != "call_expression":
            return ""
        name = self.tree.text(call.child_by_field_name("function")).rpartition(".")[2]
        if _LIMITER.search(name) and not self._keeps(call):
            return "passed"
        if depth > MAX_HANDS or not name.startswith(("New", "new")):
            return ""
        return self._handed(call, depth + 1)

    def _kept(self, node: Node, depth: int) -> str:
        """A part of a literal goes where that goes."""
        outer = node
        current: Node | None = node
        while current is not None and current.type in _PARTS:
            outer, current = current, current.parent
        if not self._bound(outer):
            return self._handed(outer, depth + 1) if depth <= MAX_HANDS else "passed"
        return self._escape(self._target(outer), outer, self._scope_id(outer), depth + 1)

    def _asks(self, name: str, scope: int) -> bool:
        """Whether the file sends requests without a context by a client of this name."""
        field = name.rpartition(".")[2]
        last = re.escape(field)
        if not last or sum(len(found) for each, found in self._fields.items() if each.endswith(f".{field}")) > 1:
            return False  # what is given to a field later may have a timeout
        if len(self._declared.get((scope, name), ())) > 1:
            return False
        verbs = "Get|Post|Head|PostForm" + ("|Do" if self.about["plain_requests"] else "")
        return re.search(rf"\b{last}\.(?:{verbs})\(", self.tree.source.text) is not None

    def _keeps(self, call: Node | None) -> bool:
        """Whether a call is a library's that takes a handle or a configuration as it is."""
        name = self.resolve(call.child_by_field_name("function")) if call is not None else ""
        return name.rpartition(".")[0].rpartition("/")[2] in _KEEPERS

    def _strays(self) -> Iterator[Call]:
        """Pool setters on a receiver whose origin is out of sight, one call for each receiver in each function."""
        groups: dict[tuple[int, str], Call] = {}
        for receiver, found in self._sets.items():
            for each in found:
                if not each.by_method or each.name not in _POOL_SETTERS or each.node.id in self._taken:
                    continue
                if self._hands_on(each):
                    continue
                key = (self._scope_id(each.node), receiver)
                made = groups.get(key)
                if made is None:
                    made = groups[key] = Call("receiver.SetMaxOpenConns", self.tree.place(each.node))
                    made.name = receiver
                    made.scope = self.scope(each.node)
                    made.used = {**self.about, "escape": "stored"}
                    first = each.node
                self._apply(made, each, first)
        yield from groups.values()

    def _hands_on(self, found: _Set) -> bool:
        """A method that does no more than call the one of the same name: whoever calls it decides."""
        function = self.function(found.node)
        return function is not None and self.tree.text(function.child_by_field_name("name")) == found.name

    def _unread(self) -> Iterator[Call]:
        """Answers of HTTP requests whose body is closed and not read, each as a call that nobody wrote."""
        if "net/http" not in self.imports.values():
            return
        for (scope, name), declared in self._declared.items():
            if scope == self.tree.root.id or len(declared) != 1 or declared[0][0].type != "short_var_declaration":
                continue
            call = self._requested(declared[0][0])
            if call is not None and self._only_closed(name, scope, declared[0][0]):
                made = Call("net/http.Response.unread", self.tree.place(call))
                made.name = name
                made.scope = self.scope(call)
                yield made

    def takings(self) -> Iterator[tuple[str, int, Node]]:
        """(name, scope, call) of every ``name, err := receiver.Method(…)`` in a function, where the name is its only one."""
        for (scope, name), declared in self._declared.items():
            if scope == self.tree.root.id or len(declared) != 1 or declared[0][0].type != "short_var_declaration":
                continue
            left, right = (declared[0][0].child_by_field_name(side) for side in ("left", "right"))
            if left is None or right is None or left.named_child_count != 2 or right.named_child_count != 1:
                continue
            if right.named_children[0].type == "call_expression" and self.tree.text(left.named_children[0]) == name:
                yield name, scope, right.named_children[0]

    def mentions_of(self, name: str, scope: int, node: Node) -> list[Node]:
        """Where a variable is spoken of after a node."""
        found = self._mentions.get(name, ())[:MAX_MENTIONS]
        return [
            each
            for each in found
            if each.start_byte >= node.end_byte and self._sees(self._scope_id(each), scope, name, within=each)
        ]

    def _requested(self, node: Node) -> Node | None:
        """``resp, err := client.Get(url)``: the call."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None or left.named_child_count != 2 or right.named_child_count != 1:
            return None
        call = right.named_children[0]
        function = call.child_by_field_name("function")
        if call.type != "call_expression" or function is None or function.type != "selector_expression":
            return None
        method = self.tree.text(function.child_by_field_name("field"))
        return function if method in ("Get", "Post", "PostForm", "Do") else None

    def _only_closed(self, name: str, scope: int, node: Node) -> bool:
        """Whether an answer is closed and, but for its head, not looked at; a method of HEAD has no body."""
        function = self.function(node)
        if function is None or re.search(r"MethodHead|\"HEAD\"", self.tree.text(function)):
            return False
        closed = False
        for mention in self._mentions.get(name, ())[:MAX_MENTIONS]:
            if mention.start_byte < node.end_byte or not self._sees(
                self._scope_id(mention), scope, name, within=mention
            ):
                continue
            field = mention.parent
            if field is None or field.type != "selector_expression":
                return False
            what = self.tree.text(field.child_by_field_name("field"))
            if what == "Body" and field.parent is not None and self.tree.text(field.parent).endswith(".Body.Close"):
                closed = True
            elif what not in ("StatusCode", "Status", "Header"):
                return False
        return closed

    def scope(self, node: Node) -> Scope:
        functions: list[str] = []
        classes: list[str] = []
        parameters: tuple[str, ...] = ()
        in_loop = guarded = returned = False
        handler = ""
        current = node.parent
        while current is not None:
            kind = current.type
            if kind in _FUNCTIONS:
                head = self.tree.text(current.child_by_field_name("parameters"))
                if not functions:
                    parameters = (head,)
                guarded = guarded or self._once(current)
                functions.append(self.tree.text(current.child_by_field_name("name")) or "func")
                handler = handler or ("route" if _REQUEST.search(head) else "lambda" if _LAMBDA.search(head) else "")
                receiver = current.child_by_field_name("receiver")
                if receiver is not None:
                    classes.append(self.tree.text(receiver).strip("()").rpartition(" ")[2].lstrip("*"))
            elif not functions:
                in_loop = in_loop or (kind == "for_statement" and self._repeats(current, node))
                guarded = guarded or (
                    kind == "if_statement" and "== nil" in self.tree.text(current.child_by_field_name("condition"))
                )
                returned = returned or kind == "return_statement"
            current = current.parent
        return Scope(tuple(functions), (), parameters, tuple(classes), in_loop, guarded, returned, handler=handler)

    def _once(self, function: Node) -> bool:
        """``once.Do(func() { … })``: made once, whatever calls it."""
        call = function.parent.parent if function.parent is not None else None
        if function.type != "func_literal" or call is None or call.type != "call_expression":
            return False
        name = self.tree.text(call.child_by_field_name("function"))
        return name.endswith(".Do") or "OnceValue" in name or "OnceFunc" in name

    def _repeats(self, loop: Node, node: Node) -> bool:
        """Whether a loop makes the same thing again and again: not a retry that ends, not one for each of many."""
        body = loop.child_by_field_name("body")
        if body is None or not body.start_byte <= node.start_byte < body.end_byte:
            return False
        targets: set[str] = set()
        for child in loop.named_children:
            if child.type in ("range_clause", "for_clause"):
                for each in self.tree.walk(child.child_by_field_name("left") or child):
                    if each.type == "identifier":
                        targets.add(self.tree.text(each))
        for each in self.tree.walk(body):
            if each.type in ("break_statement", "return_statement"):
                return False
        target = self._target(node)
        if "." in target or "[" in target:
            return False
        return not any(each.type == "identifier" and self.tree.text(each) in targets for each in self.tree.walk(node))


def package_name(path: str) -> str:
    """The name that a package is known by when no other is given, as its path tells."""
    parts = path.split("/")
    if len(parts) > 1 and _VERSION.fullmatch(parts[-1]):
        parts.pop()
    name = re.sub(r"\.v\d+$", "", parts[-1])
    for start in ("go-", "go."):
        name = name.removeprefix(start)
    return name.removesuffix("-go").removesuffix(".go").replace("-", "_")


def _makers(positional: list[Folded]) -> tuple[str, ...]:
    """What the arguments are made by, as far as they are calls and literals themselves."""
    return tuple(each.value.call.callee if isinstance(each.value, Made) else "" for each in positional)


def _unescape(match: re.Match[str]) -> str:
    simple, two, four, eight, octal = match.groups()
    if simple:
        return _ESCAPES.get(simple, simple)
    number = int(two or four or eight, 16) if not octal else int(octal, 8)
    return chr(number) if number < 0x110000 else ""


def _is_text(folded: Folded) -> bool:
    return isinstance(folded.value, str) or bool(folded.shape)


def _shape(folded: Folded) -> str:
    """A text with a mark for each part that is open."""
    if isinstance(folded.value, str) and not folded.env:
        return folded.value
    return folded.shape or _OPEN


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """A constant expression's value, integers as Go has them; UNKNOWN for anything but modest numbers."""
    if not _is_number(left) or not _is_number(right):
        return UNKNOWN
    whole = isinstance(left, int) and isinstance(right, int)
    if max(abs(left), abs(right)) > 1e30:
        return UNKNOWN
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if operator == "<<":
        return left << right if whole and 0 <= right < 64 else UNKNOWN
    if right == 0 or operator not in "/%":
        return UNKNOWN
    if not whole:
        return left / right if operator == "/" else UNKNOWN
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if operator == "/" else left - right * quotient


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def open_file(tree: SourceTree) -> GoFile:
    return GoFile(tree)
