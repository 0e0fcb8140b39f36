"""Python: imports, constant folding, calls and where they stand."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.python_checkouts import checkouts
from poollint.readers.source.python_modules import Names, dotted, field, shared
from poollint.readers.source.python_streams import open_streams
from poollint.readers.source.python_uses import add_uses, mentions, read_before
from poollint.readers.source.values import Call, Entry, Folded, Made, Ref, Scope, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree
    from poollint.readers.source.python_modules import Modules
    from poollint.source import Place

_FUNCTIONS = ("function_definition", "lambda")
_SCOPES = (*_FUNCTIONS, "module")
_LOOPS = ("for_statement", "while_statement")
_COMPREHENSIONS = ("list_comprehension", "set_comprehension", "dictionary_comprehension")
_CASTS = {"int": int, "float": float, "str": str, "bool": bool}
_ENV_READS = ("os.environ.get", "os.getenv", "environ.get", "os.environ.setdefault")
_STRING = re.compile(r"^[rRbBuU]*(?:\"\"\"|'''|\"|')(.*?)(?:\"\"\"|'''|\"|')$", re.S)
_ESCAPE = re.compile(r"\\(['\"\\nrt])")
_HTTP_VERBS = frozenset("get post put patch delete head options route websocket api_view api_route".split())
_URL_MAKERS = ("URL.create", "sqlalchemy.engine.url.URL", "sqlalchemy.engine.URL")
_CONFIG_NAME = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+|DATABASES")
_CONFIG_HOLDER = re.compile(r"(?:^|\.)(?:config|conf)$")
_OPEN = "\0"  # what stands for the open parts of a text
MAX_DEPTH = 40
MAX_ALIASES = 8


class PythonFile:
    """One file: what its names mean, and the calls in it."""

    def __init__(self, tree: SourceTree) -> None:
        self.tree = tree
        self.wants: Callable[[str], Any] | None = None  # whether a callee is looked for; None: all are
        self.modules: Modules | None = None  # the project's other files, where they may be looked at
        self.names = Names(self)
        self.looked_for: Container[str] = ()  # the last parts of the names that are looked for
        self.imports: dict[str, str] = {}
        self.assigned: dict[tuple[int, str], list[Node]] = {}
        self.defined: set[str] = set()
        self.call_nodes: list[Node] = []
        self._mutations: dict[tuple[int, str], list[Node]] = {}
        self.classes: dict[str, Node] = {}
        self._configs: dict[tuple[int, str], list[tuple[Node, Node]]] = {}
        self._config_calls: list[Node] = []
        self._conf_fields: dict[tuple[int, str], list[tuple[Node, Node]]] = {}
        self._entry_changes: dict[str, list[tuple[list[Node], Node]]] = {}
        self._methods: dict[tuple[int, str], set[str]] = {}
        self._globals: set[str] = set()
        self._functions: dict[str, Node] = {}
        self._depends: frozenset[str] | None = None
        self._collect()

    # Names

    def _collect(self) -> None:
        for node in self.tree.walk():
            kind = node.type
            if kind == "call":
                self.call_nodes.append(node)
                self._note_update(node)
            elif kind in ("import_statement", "import_from_statement"):
                self._import(node)
            elif kind in ("assignment", "augmented_assignment", "named_expression"):
                self._note_assignment(node)
            elif kind in ("function_definition", "class_definition"):
                self._note_definition(node, kind)
            elif kind == "global_statement":
                self._globals.update(self.tree.text(each) for each in node.named_children)
            elif kind in (
                "for_statement",
                "for_in_clause",
                "as_pattern_target",
                "delete_statement",
            ):
                for each in self.tree.walk(node.child_by_field_name("left") or node):
                    if each.type == "identifier":
                        self.assigned.setdefault((self._scope_id(node), self.tree.text(each)), []).append(node)
                    if kind == "for_statement" and each.type == "block":
                        break

    def _note_definition(self, node: Node, kind: str) -> None:
        name = self.tree.text(node.child_by_field_name("name"))
        self.defined.add(name)
        if kind == "class_definition":
            self.classes[name] = node
        elif self._scope(node) is self.tree.root or self._scope_id(node) == self.tree.root.id:
            self._functions[name] = node

    def _import(self, node: Node) -> None:
        text = self.tree.text
        if node.type == "import_statement":
            for child in node.named_children:
                if child.type == "aliased_import":
                    alias, name = text(child.child_by_field_name("alias")), text(child.child_by_field_name("name"))
                    self.imports[alias] = name
                    self.names.note(alias, name)
                else:
                    first = text(child).split(".")[0]
                    self.imports[first] = first
                    self.names.note(first, first)
            return
        module = text(node.child_by_field_name("module_name"))
        if any(child.type == "wildcard_import" for child in node.named_children):
            self.names.stars.append(module)
        for child in node.children_by_field_name("name"):
            if child.type == "aliased_import":
                name, alias = text(child.child_by_field_name("name")), text(child.child_by_field_name("alias"))
            else:
                name = alias = text(child)
            self.imports[alias] = f"{module}.{name}"
            self.names.note(alias, module, name)

    def _note_assignment(self, node: Node) -> None:
        left = node.child_by_field_name("left") or node.child_by_field_name("name")
        if left is None:
            return
        if left.type == "subscript":
            base = left.child_by_field_name("value")
            self._note_config(node, base, left.child_by_field_name("subscript"))
            self._note_entry(node, left)
            if base is not None and base.type == "identifier":
                self._mutations.setdefault((self._scope_id(node), self.tree.text(base)), []).append(node)
            return
        if left.type == "attribute" and node.type == "assignment":
            holder = self.tree.text(left.child_by_field_name("object"))
            attribute = left.child_by_field_name("attribute")
            if holder.endswith(".conf") and attribute is not None:
                self._conf_fields.setdefault((self._scope_id(node), holder), []).append((attribute, node))
        if left.type == "identifier":
            if self._is_stand_in(node):
                return
            if _CONFIG_NAME.fullmatch(self.tree.text(left)):
                self._configs.setdefault((self._scope_id(node), ""), []).append((left, node))
        for each in [left] if left.type == "identifier" else self.tree.walk(left):
            if each.type == "identifier" and left.type in ("identifier", "pattern_list", "tuple_pattern"):
                self.assigned.setdefault((self._scope_id(node), self.tree.text(each)), []).append(node)

    def _note_entry(self, node: Node, left: Node | None) -> None:
        """``DATABASES["default"]["CONN_MAX_AGE"] = 60``, also behind ``.update(…)``: a change of what is assigned above."""
        keys: list[Node] = []
        while left is not None and left.type == "subscript":
            key = left.child_by_field_name("subscript")
            keys += [key] if key is not None else []
            left = left.child_by_field_name("value")
        if left is not None and left.type == "identifier" and _CONFIG_NAME.fullmatch(self.tree.text(left)):
            self._entry_changes.setdefault(self.tree.text(left), []).append((keys[::-1], node))

    def _is_stand_in(self, node: Node) -> bool:
        """``except ImportError: redis = None`` takes nothing away from the import that did succeed."""
        right = node.child_by_field_name("right")
        if right is None or right.type not in ("none", "false"):
            return False
        parent = node.parent
        while parent is not None and parent.type not in (*_SCOPES, "class_definition"):
            if parent.type == "except_clause":
                return True
            parent = parent.parent
        return False

    def _note_config(self, node: Node, base: Node | None, subscript: Node | None) -> None:
        """``app.config["SQLALCHEMY_ECHO"] = True``."""
        if base is None or subscript is None or subscript.type != "string" or node.type != "assignment":
            return
        holder = self.tree.text(base)
        if _CONFIG_HOLDER.search(holder):
            self._configs.setdefault((self._scope_id(node), holder), []).append((subscript, node))

    def _note_update(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        if function is None or function.type != "attribute":
            return
        base = function.child_by_field_name("object")
        method = self.tree.text(function.child_by_field_name("attribute"))
        if base is not None:
            self._methods.setdefault((self._scope_id(node), self.tree.text(base)), set()).add(method)
            if method in ("update", "from_mapping") and _CONFIG_HOLDER.search(self.tree.text(base)):
                self._config_calls.append(node)
        if base is not None and method in ("update", "pop", "setdefault", "clear"):
            self._note_entry(node, base)
        if base is not None and base.type == "identifier" and method in ("update", "pop", "setdefault", "clear"):
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

    def resolve(self, node: Node | None, hops: int = 0) -> str:
        """The canonical dotted name of an expression; empty when it is nothing imported."""
        parts: list[str] = []
        while node is not None and node.type == "attribute":
            parts.append(self.tree.text(node.child_by_field_name("attribute")))
            node = node.child_by_field_name("object")
        if node is None or node.type != "identifier":
            return ""
        name = self.tree.text(node)
        if name in self.defined or self._shadowed(node, name):
            return ""
        base = self.imports.get(name, "") or self._alias(node, name, hops)
        return ".".join([base, *reversed(parts)]) if base else ""

    def _alias(self, node: Node, name: str, hops: int) -> str:
        """``Engine = sa.create_engine`` makes Engine that function."""
        value = self._sole_value(node, name) if hops < MAX_ALIASES else None
        if value is None or value.type not in ("identifier", "attribute") or self.tree.text(value) == name:
            return ""
        return self.resolve(value, hops + 1)

    def _shadowed(self, node: Node, name: str) -> bool:
        if name not in self.imports:
            return False
        scope = self._scope(node)
        while scope is not None:
            if (scope.id, name) in self.assigned or name in self._parameters(scope):
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
            if (scope.id, name) in self.assigned:
                return self._only_value(scope, name)
            scope = self._scope(scope)
        return None

    def _only_value(self, scope: Node, name: str) -> Node | None:
        """The right side of a name's one assignment in a scope, when no branch and no ``global`` makes it doubtful."""
        found = self.assigned.get((scope.id, name), [])
        only = found[0] if len(found) == 1 else None
        if only is None or only.type != "assignment" or self._conditional(only, scope):
            return None
        if name in self._globals and scope.id == self.tree.root.id:
            return None
        return only.child_by_field_name("right")

    def sole_value(self, node: Node, name: str) -> Node | None:
        """What a name is given, once, in the nearest scope that gives it something."""
        return self._sole_value(node, name)

    def sole_at_root(self, name: str) -> Node | None:
        """What the module assigns to a name, once and for all."""
        return self._only_value(self.tree.root, name) if name not in self.defined else None

    def is_local_to_function(self, node: Node, name: str) -> bool:
        """Whether a name means something of a function's own at a node."""
        scope = self._scope(node)
        while scope is not None and scope.id != self.tree.root.id:
            if (scope.id, name) in self.assigned or name in self._parameters(scope):
                return True
            scope = self._scope(scope)
        return False

    def enclosing_function(self, node: Node) -> Node | None:
        """The innermost function around a node."""
        scope = self._scope(node)
        return scope if scope is not None and scope.type in _FUNCTIONS else None

    def module_functions(self) -> Iterator[Node]:
        """The functions that the module itself defines."""
        yield from self._functions.values()

    def returned_by(self, name: str) -> Node | None:
        """What a function of the module returns, when that is all it does."""
        function = self._functions.get(name)
        body = function.child_by_field_name("body") if function is not None else None
        said = [each for each in body.named_children if each.type != "comment"] if body is not None else []
        said = [
            each
            for each in said
            if not (each.type == "expression_statement" and each.named_children[0].type == "string")
        ]
        if len(said) != 1 or said[0].type != "return_statement" or not said[0].named_children:
            return None
        return said[0].named_children[0]

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

    def _fold_string(self, node: Node, depth: int) -> Folded:
        if any(child.type == "interpolation" for child in node.named_children):
            return self._partial(node, "".join(self._pieces(node, depth)))
        text = self.tree.text(node)
        match = _STRING.match(text)
        if match is None or "b" in match[0][:2].lower().partition("'")[0].partition('"')[0]:
            return self._unknown(node)
        return self._plain(node, _ESCAPE.sub(lambda m: {"n": "\n", "r": "\r", "t": "\t"}.get(m[1], m[1]), match[1]))

    def _pieces(self, node: Node, depth: int) -> Iterator[str]:
        """The parts of an f-string; what is open in it is one mark each."""
        for child in node.named_children:
            if child.type == "string_content":
                yield self.tree.text(child).replace("{{", "{").replace("}}", "}")
            elif child.type == "interpolation":
                expression = child.child_by_field_name("expression")
                folded = self.fold(expression, depth) if expression is not None else self._unknown(child)
                plain = isinstance(folded.value, (str, int)) and not folded.env
                simple = not any(each.type in ("format_specifier", "type_conversion") for each in child.named_children)
                yield str(folded.value) if plain and simple else _OPEN

    def _partial(self, node: Node, text: str) -> Folded:
        """A text with open parts: UNKNOWN, but of a known shape; the text itself when nothing is open."""
        if _OPEN not in text:
            return self._plain(node, text)
        return Folded(UNKNOWN, self.tree.place(node), plain=True, shape=text)

    def _fold_concatenated_string(self, node: Node, depth: int) -> Folded:
        parts = [self.fold(child, depth) for child in node.named_children if child.type != "comment"]
        return self._partial(node, "".join(_shape(part) for part in parts))

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
        operator = self.tree.text(node.child_by_field_name("operator"))
        if operator == "+" and (_is_text(left) or _is_text(right)) and not (left.known and right.known):
            return self._partial(node, _shape(left) + _shape(right))
        if operator == "%" and isinstance(left.value, str):
            return self._partial(node, re.sub(r"%(?:\(\w+\))?[sdr]", _OPEN, left.value) or _OPEN)
        value = arithmetic(operator, left.value, right.value)
        return Folded(value, self.tree.place(node), left.env or right.env)

    def _fold_conditional_expression(self, node: Node, depth: int) -> Folded:
        """``a if test else b``: unknown, with the values that it may have."""
        inner = [child for child in node.named_children if child.type != "comment"]
        if len(inner) != 3:
            return self._unknown(node)
        first, second = self.fold(inner[0], depth), self.fold(inner[2], depth)
        if first.known and second.known and not isinstance(first.value, (Table, list, Made)):
            if first.value == second.value and type(first.value) is type(second.value):
                return self._plain(node, first.value)
            return Folded(UNKNOWN, self.tree.place(node), choices=(first, second))
        return self._unknown(node)

    def _fold_boolean_operator(self, node: Node, depth: int) -> Folded:
        """``os.getenv("X") or 5``: 5 is the default of X."""
        left = self.fold(node.child_by_field_name("left"), depth)
        right = self.fold(node.child_by_field_name("right"), depth)
        if self.tree.text(node.child_by_field_name("operator")) == "or":
            if left.env and not left.known:
                return right._replace(env=left.env, text=left.text)
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
            return self._elsewhere(node, depth) or self._plain(
                node, math.inf if resolved == "math.inf" else Ref(resolved)
            )
        value = self._sole_value(node, name)
        if value is None:
            return (self._starred(node, name, depth) if self.names.stars else None) or self._unknown(node)
        folded = self.fold(value, depth)
        if isinstance(folded.value, Table):
            folded = folded._replace(value=self._mutated(node, name, folded.value, depth))
        return folded

    def _mutate_by_method(self, table: Table, node: Node, *, certain: bool, depth: int) -> None:
        """``update`` adds keys, ``pop`` and ``setdefault`` leave one open; anything else leaves all open."""
        function = node.child_by_field_name("function")
        name = self.tree.text(function.child_by_field_name("attribute")) if function is not None else ""
        given = self.positional_of(node)
        if name in ("pop", "setdefault") and given and isinstance(key := self.fold(given[0], depth).value, str):
            old = table.entries.get(key)
            if name == "pop" or old is None:
                table.entries[key] = Entry(self.tree.place(node), self._unknown(node))
            return
        added = self._keywords(node, depth)
        for argument in given:
            value = self.fold(argument, depth).value
            if isinstance(value, Table):
                added.merge(value)
            else:
                added.complete = False
        if name != "update" or not added.complete:
            _forget(table)
            return
        for key, entry in added.entries.items():
            table.entries[key] = entry if certain else entry._replace(value=self._unknown(node))

    def _elsewhere(self, node: Node, depth: int) -> Folded | None:
        """What another file of the project says that an imported name is."""
        if self.modules is None:
            return None
        names = dotted(self, node)
        folded = self.names.value(names, depth) if names else None
        return self._here(folded, node)

    def _here(self, folded: Folded | None, node: Node) -> Folded | None:
        if folded is not None and isinstance(folded.value, Table):
            return folded._replace(value=shared(folded.value, self, node))
        if folded is not None and isinstance(folded.value, (list, Made)):
            return None
        return folded

    def _starred(self, node: Node, name: str, depth: int) -> Folded | None:
        if self.modules is None or name in self.defined or self.is_local_to_function(node, name):
            return None
        if (self.tree.root.id, name) in self.assigned:
            return None
        return self._here(self.names.starred([name], depth), node)

    def mutated_everywhere(self, name: str, table: Table, depth: int) -> Table:
        """A module's dict after what the module itself does to it; what functions do to it leaves it open."""
        changed = table.copy()
        for (scope, changes), nodes in self._mutations.items():
            if changes != name:
                continue
            for node in nodes:
                if scope != self.tree.root.id:
                    changed.complete = False
                else:
                    self._mutate(changed, node, certain=not self._conditional(node, self.tree.root), depth=depth)
        return changed

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
            if (scope.id, name) in self.assigned:
                break
            scope = self._scope(scope)
        return changed

    def _mutate(self, table: Table, node: Node, *, certain: bool, depth: int) -> None:
        if node.type == "call":
            self._mutate_by_method(table, node, certain=certain, depth=depth)
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

    def _fold_attribute(self, node: Node, depth: int) -> Folded:
        resolved = self.resolve(node)
        if resolved == "math.inf":
            return self._plain(node, math.inf)
        if resolved:
            return self._elsewhere(node, depth) or self._plain(node, Ref(resolved))
        return self._settings_field(node, depth) or self._unknown(node)

    def _settings_field(self, node: Node, depth: int) -> Folded | None:
        """``settings.pool_size`` where the project says ``settings = Settings()`` and the class gives the field a value."""
        base = node.child_by_field_name("object")
        owner = self.names.owner(base) if base is not None else None
        if owner is None:
            return None
        return field(owner, self.tree.text(node.child_by_field_name("attribute")), depth)

    def keywords_of(self, node: Node, depth: int) -> Table:
        """The keyword arguments of a call."""
        return self._keywords(node, depth)

    def positional_of(self, node: Node) -> list[Node]:
        """The positional arguments of a call."""
        return [each for each in self._arguments(node) if each.type not in ("keyword_argument", "dictionary_splat")]

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
        if name in _CASTS and name not in self.defined and len(arguments) == 1:
            return self._cast(node, name, self.fold(arguments[0], depth))
        if name == "dict":
            return self._plain(node, self._keywords(node, depth))
        resolved = self.resolve(function) or name
        if resolved.endswith(_URL_MAKERS):
            return self._url(node, depth)
        if name.endswith(".format") and function is not None and function.type == "attribute":
            text = self.fold(function.child_by_field_name("object"), depth).value
            if isinstance(text, str):
                return self._partial(node, re.sub(r"\{[^{}]*\}", _OPEN, text))
        if resolved in _ENV_READS or (_is_env_helper(resolved) and name not in self.defined):
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
        # bool() of a text says only whether there is one
        return Folded(value, self.tree.place(node), inner.env, text=name == "str" or (name == "bool" and inner.text))

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
        return Folded(value, self.tree.place(node), env, text=text)

    def _url(self, node: Node, depth: int) -> Folded:
        """``URL.create("mysql+pymysql", host=…)``: the scheme, and the rest open."""
        keywords = self._keywords(node, depth).entries
        positional = [child for child in self._arguments(node) if child.type != "keyword_argument"]
        driver = self.fold(positional[0], depth) if positional else None
        if driver is None and "drivername" in keywords:
            driver = keywords["drivername"].value
        if driver is None or not isinstance(driver.value, str) or driver.env:
            return self._unknown(node)
        host, port = (keywords[key].value.value if key in keywords else _OPEN for key in ("host", "port"))
        where = host if isinstance(host, str) else _OPEN
        if isinstance(port, int):
            where += f":{port}"
        return self._partial(node, f"{driver.value}://{_OPEN}@{where}/{_OPEN}")

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
        """Every call whose callee is an imported name, in the order of the text.

        Behind them stand the settings that are given by name alone, as calls that nobody wrote: each entry of a dict that
        a module assigns (``assigned.DATABASES``), and the names with one beginning that a module, a class or a ``config``
        is given (``assigned.SQLALCHEMY_``).
        """
        for node in self.call_nodes:
            name = self._callee(node)
            if name and (self.wants is None or self.wants(name)):
                made = self.call(node)
                made.callee = name
                made.used = self._used(node, made)
                yield made
        yield from checkouts(self)
        yield from open_streams(self)
        yield from self._entries()
        yield from self._groups()
        yield from self._conf()

    def _callee(self, node: Node) -> str:
        """The canonical name of what a call calls, also when a module of the project hands it on."""
        function = node.child_by_field_name("function")
        name = self.resolve(function)
        if not name or self.modules is None or self.wants is None or function is None or self.wants(name):
            return name
        if name.rpartition(".")[2] not in self.looked_for:
            return name
        found = self.names.construct(dotted(self, function))
        return found if found and self.wants(found) else name

    def _used(self, node: Node, made: Call) -> dict[str, Any]:
        """What becomes of the result.

        ``closed``: whether the same function closes it. ``called``: the methods that it calls on it. ``stored``: whether
        the result outlives the function. ``event_loops``: where a module's own name is used in one event loop after
        another. ``loops``: whether a ``for`` runs the call round after round. ``first_text``: its first argument, as far
        as that is a text that is known.
        """
        used: dict[str, Any] = {}
        scope = made.scope
        first = made.positional[0] if made.positional else None
        if first is not None and _is_text(first) and not first.env and _shape(first).startswith("http"):
            used["first_text"] = re.sub(r"(://)[^@/]*@", r"\1@", _shape(first)).partition("?")[0]
        if self._in_plain_loop(node):
            used["loops"] = True
        if scope.functions and self._is_stored(node, made):
            used["stored"] = True
        if scope.as_context:
            used["closed"] = True
        if made.name:
            methods = self._methods.get((self._scope_id(node), made.name), set())
            if methods & {"close", "aclose", "dispose", "disconnect", "terminate"}:
                used["closed"] = True
            if methods:
                used["called"] = tuple(sorted(methods))
            if not scope.functions and made.name.isidentifier() and mentions(self.tree.source.text, "asyncio.run"):
                loops = self._event_loops(made.name)
                if loops:
                    used["event_loops"] = loops
        add_uses(self, node, made, used)
        return used

    def _in_plain_loop(self, node: Node) -> bool:
        """Whether a ``for`` of the same function runs it round after round; a loop that ends early may be a retry."""
        current = node.parent
        while current is not None and current.type not in (*_SCOPES, "class_definition"):
            if current.type in _COMPREHENSIONS:
                body = current.child_by_field_name("body")
                if body is not None and body.start_byte <= node.start_byte < body.end_byte:
                    return True
            if current.type == "for_statement":
                body = current.child_by_field_name("body")
                inside = body is not None and body.start_byte <= node.start_byte < body.end_byte
                return inside and not any(
                    each.type in ("break_statement", "return_statement") for each in self.tree.walk(body)
                )
            current = current.parent
        return False

    def _is_stored(self, node: Node, made: Call) -> bool:
        """Whether a function hands on what it made: returned, yielded, kept in an object, a table or a global."""
        scope = made.scope
        if scope.returned or scope.yielded or any("cache" in each for each in scope.decorators):
            return True
        if not made.name:
            return False
        if not made.name.isidentifier():
            return True
        function = self._scope(node)
        if function is None:
            return False
        name = re.escape(made.name)
        text = self.tree.text(function)
        kept = (
            rf"\b(?:global|nonlocal)\b[^\n]*\b{name}\b|\b(?:return|yield)\b[^\n]*\b{name}\b(?!\s*\.)"
            rf"|[\w\])]\s*=\s*{name}\s*$"
        )
        return re.search(kept, text, re.M) is not None

    def _event_loops(self, name: str) -> tuple[tuple[Place, str], ...]:
        """The places where a task or a handler starts an event loop of its own that reaches ``name``."""
        found = []
        for node in self.call_nodes:
            if self.resolve(node.child_by_field_name("function")) not in ("asyncio.run", "asgiref.sync.async_to_sync"):
                continue
            scope = self.scope(node)
            task = any(
                re.search(r"(?:^|\.)(?:shared_task|task|periodic_task)$", d.partition("(")[0]) for d in scope.decorators
            )
            if not (task or scope.handler == "route") or not scope.functions:
                continue
            function = self._scope(node)
            reached = self.reached(self.tree.text(node) + (self.code(function) if function is not None else ""))
            if re.search(rf"\b{re.escape(name)}\b", reached) and ".dispose(" not in reached:
                found.append((self.tree.place(node), scope.functions[0]))
        return tuple(found)

    def code(self, node: Node) -> str:
        """The text of a node without what its comments and strings say."""
        parts, at = [], node.start_byte
        for each in self.tree.walk(node):
            if each.type in ("comment", "string_content") and each.start_byte >= at:
                parts.append(self.tree.slice(at, each.start_byte))
                at = each.end_byte
        parts.append(self.tree.slice(at, node.end_byte))
        return "".join(parts)

    def reached(self, text: str) -> str:
        """A text with the bodies of the file's functions that it names, and those that they name."""
        functions = self._functions
        todo = [text]
        seen: set[str] = set()
        gathered = []
        while todo and len(seen) < 50:
            part = todo.pop()
            gathered.append(part)
            for word in set(re.findall(r"\w+", part)) & functions.keys() - seen:
                seen.add(word)
                todo.append(self.code(functions[word]))
        return "\n".join(gathered)

    def _entries(self) -> Iterator[Call]:
        """The inner tables of an upper-case name of the module; of several assignments those that may be in force."""
        seen = set()
        for left, node in self._configs.get((self.tree.root.id, ""), ()):
            name = self.tree.text(left)
            right = node.child_by_field_name("right")
            if right is None or right.type not in ("dictionary", "call") or node.type != "assignment":
                continue
            seen.add(name)
            in_force = self._in_force(name)
            if all(each.id != node.id for each in in_force):
                continue
            folded = self.fold(right)
            if isinstance(folded.value, Table):
                entries = self._changed_entries(name, folded.value, certain=len(in_force) == 1)
                yield from self._entry_calls(name, entries, set(entries))
        for name in self._entry_changes.keys() - seen:
            changed = {self.fold(keys[0]).value for keys, _ in self._entry_changes[name] if keys}
            node = self._entry_changes[name][0][1]
            folded_star = self._starred(node, name, 0) if self.names.stars else None
            if folded_star is not None and isinstance(folded_star.value, Table):
                yield from self._entry_calls(name, self._changed_entries(name, folded_star.value), changed)

    @staticmethod
    def _entry_calls(name: str, entries: dict[str, Entry], wanted: set[Any]) -> Iterator[Call]:
        for alias, entry in entries.items():
            if isinstance(entry.value.value, Table) and alias in wanted:
                made = Call(f"assigned.{name}", entry.key_place)
                made.name = alias
                made.positional.append(entry.value)
                made.broken = entry.value.value.broken
                yield made

    def _in_force(self, name: str) -> list[Node]:
        """The assignments of a module's name from the last that no branch hides on; none where something else sets it."""
        found = self.assigned.get((self.tree.root.id, name), [])
        if any(node.type != "assignment" for node in found) or name in self._globals:
            return []
        plain = [at for at, node in enumerate(found) if not self._conditional(node, self.tree.root)]
        return found[plain[-1] :] if plain else found

    def _changed_entries(self, name: str, table: Table, *, certain: bool = True) -> dict[str, Entry]:
        """The inner tables after what the file does to them below their assignment.

        A change in a branch or a function makes a key unknown; one that is not understood makes every key so.
        """
        entries = {
            alias: entry._replace(value=entry.value._replace(value=entry.value.value.copy()))
            if isinstance(entry.value.value, Table)
            else entry
            for alias, entry in table.entries.items()
        }
        changes = self._entry_changes.get(name, [])
        seen = re.findall(rf"(?m)^\s*{re.escape(name)}(?:\[|\.(?:update|setdefault|pop|clear))", self.tree.source.text)
        doubtful = len(seen) > len(changes)
        for keys, node in changes:
            path = [self.fold(key).value for key in keys]
            doubtful = not self._change_entry(entries, path, node, certain=certain) or doubtful
        if doubtful:
            for entry in entries.values():
                if isinstance(entry.value.value, Table):
                    _forget(entry.value.value)
        return entries

    def _change_entry(self, entries: dict[str, Entry], path: list[Any], node: Node, *, certain: bool) -> bool:
        """Apply one change; False when it cannot be told what it changes."""
        if not all(isinstance(key, str) for key in path):
            return False
        at_root = self._scope_id(node) == self.tree.root.id
        certain = certain and at_root and not self._conditional(node, self.tree.root)
        call = node.type == "call"
        if not path or (len(path) == 1 and not call):
            right = self.fold(node.child_by_field_name("right")).value if path and certain else None
            if not path or path[0] in entries:
                return False
            if isinstance(right, Table):
                entries[path[0]] = Entry(self.tree.place(node), Folded(right, self.tree.place(node)))
            return True
        entry = entries.get(path[0])
        if entry is None or not isinstance(entry.value.value, Table):
            return True
        table: Table = entry.value.value
        for key in path[1:] if call else path[1:-1]:
            inner = table.entries.get(key)
            if inner is None or not isinstance(inner.value.value, Table):
                table.entries[key] = Entry(self.tree.place(node), self._unknown(node))
                return True
            copied = inner.value.value.copy()
            table.entries[key] = inner._replace(value=inner.value._replace(value=copied))
            table = copied
        if call:
            self._mutate(table, node, certain=certain, depth=0)
            if not table.complete:
                _forget(table)
            return True
        right_node = node.child_by_field_name("right")
        plain = certain and node.type == "assignment" and right_node is not None
        value = self.fold(right_node) if plain else self._unknown(node)
        left = node.child_by_field_name("left")
        place = self.tree.place(left.child_by_field_name("subscript") or left) if left is not None else entry.key_place
        table.entries[path[-1]] = Entry(place, value)
        return True

    def _groups(self) -> Iterator[Call]:
        for (_scope, holder), pairs in self._configs.items():
            groups: dict[str, Call] = {}
            for key, node in pairs:
                name = self.tree.text(key) if not holder else self.fold(key).value
                if isinstance(name, str) and "_" in name:
                    self._put(groups, name, key, node, holder)
            yield from groups.values()
        for node in self._config_calls:
            groups = {}
            keywords = self._keywords(node, 0)
            for argument in self.positional_of(node)[:1]:
                given = self.fold(argument).value
                if isinstance(given, Table):
                    keywords.merge(given)
            function = node.child_by_field_name("function")
            assert function is not None
            holder = self.tree.text(function.child_by_field_name("object"))
            if holder.endswith(".conf") and keywords.entries and self._has_import("celery"):
                made = groups["conf"] = Call("assigned.conf", self.tree.place(function))
                made.name, made.scope, made.complete = holder, self.scope(node), False
                made.named.update(keywords.entries)
            for name, entry in keywords.entries.items():
                prefix = name.partition("_")[0]
                if prefix.isupper() and "_" in name:
                    made = groups.setdefault(prefix, Call(f"assigned.{prefix}_", self.tree.place(function)))
                    made.named[name] = entry
                    made.complete = False
                    made.scope = self.scope(node)
            yield from groups.values()

    def _conf(self) -> Iterator[Call]:
        """``app.conf.broker_pool_limit = 10`` of Celery."""
        for (_scope, holder), pairs in self._conf_fields.items() if self._has_import("celery") else ():
            made = Call("assigned.conf", self.tree.place(pairs[0][0]))
            made.name, made.scope, made.complete = holder, self.scope(pairs[0][1]), False
            for attribute, node in pairs:
                name, right = self.tree.text(attribute), node.child_by_field_name("right")
                if right is not None:
                    certain = name not in made.named and not self._in_branch(node)
                    value = self.fold(right) if certain else self._unknown(node)
                    made.named[name] = Entry(self.tree.place(attribute), value)
            yield made

    def _has_import(self, package: str) -> bool:
        return any(name.partition(".")[0] == package for name in self.imports.values())

    def _put(self, groups: dict[str, Call], name: str, key: Node, node: Node, holder: str) -> None:
        prefix = name.partition("_")[0]
        made = groups.get(prefix)
        if made is None:
            made = groups[prefix] = Call(f"assigned.{prefix}_", self.tree.place(key))
            made.scope = self.scope(node)
            made.name = holder or (made.scope.classes[0] if made.scope.classes else "")
            made.complete = False  # a class inherits, a module is imported: more may be set elsewhere
        right = node.child_by_field_name("right")
        if right is not None:
            certain = name not in made.named and node.type == "assignment" and not self._in_branch(node)
            value = self.fold(right) if certain else self._unknown(node)
            made.named[name] = Entry(self.tree.place(key), value)
            before = read_before(self, node, holder) if holder else None
            if before is not None:
                made.used.setdefault("read_before", {})[name] = before

    @staticmethod
    def _in_branch(node: Node) -> bool:
        current = node.parent
        while current is not None and current.type not in (*_SCOPES, "class_definition"):
            if current.type in ("if_statement", "for_statement", "while_statement", "try_statement", "match_statement"):
                return True
            current = current.parent
        return False

    def assignments(self) -> Call:
        """The module's own small-letter names as one call's keywords: what a settings file in Python says.

        A name whose value depends on a branch is unknown; the last of several straight assignments holds.
        """
        made = Call("module", self._module_place())
        for node in self.tree.walk():
            if node.type == "import_from_statement" and any(c.type == "wildcard_import" for c in node.named_children):
                made.complete = False
            if node.type != "assignment" or self._scope_id(node) != self.tree.root.id:
                continue
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is None or right is None or left.type != "identifier":
                continue
            name = self.tree.text(left)
            value = self._unknown(right) if self._in_branch(node) else self.fold(right)
            made.named[name] = Entry(self.tree.place(left), value)
        made.broken = False
        return made

    def _module_place(self) -> Place:
        """The first line that says something."""
        first = next((n for n in self.tree.root.named_children if n.type != "comment"), None)
        return self.tree.place(first) if first is not None else self.tree.place(self.tree.root)

    def _target(self, node: Node) -> str:
        parent = node.parent
        while parent is not None and parent.type in ("await", "parenthesized_expression"):
            parent = parent.parent
        if parent is not None and parent.type == "assignment":
            return self.tree.text(parent.child_by_field_name("left"))
        return ""

    def _repeats(self, loop: Node, node: Node) -> bool:
        """Whether a loop makes the same thing again and again: not one a name of its own, not a retry that ends."""
        body = loop.child_by_field_name("body")
        if body is None or not body.start_byte <= node.start_byte < body.end_byte:
            return False
        parent = node.parent
        while parent is not None and parent.type in ("await", "parenthesized_expression"):
            parent = parent.parent
        if parent is not None and parent.type == "assignment":
            left = parent.child_by_field_name("left")
            if left is not None and left.type != "identifier":
                return False
        elif parent is not None and parent.type not in ("expression_statement", "attribute", "with_item", "as_pattern"):
            return False
        left = loop.child_by_field_name("left")
        targets = (
            {self.tree.text(each) for each in self.tree.walk(left) if each.type == "identifier"} if left else set()
        )
        for each in self.tree.walk(body):
            if each.type in ("break_statement", "return_statement"):
                return False
        return not any(
            each.type == "identifier" and self.tree.text(each) in targets
            for argument in self._arguments(node)
            for each in self.tree.walk(argument)
            if argument.type != "string"
        )

    @staticmethod
    def _is_called_on(node: Node) -> bool:
        """``redis.Redis().get("x")``: what is handed on is the answer, not the client."""
        parent = node.parent
        while parent is not None and parent.type in ("await", "parenthesized_expression"):
            parent = parent.parent
        return (
            parent is not None
            and parent.type == "attribute"
            and parent.parent is not None
            and parent.parent.type == "call"
        )

    def _dependencies(self) -> frozenset[str]:
        """The functions that FastAPI runs for each request: ``Depends(get_db)``."""
        if self._depends is None:
            found = set()
            if "Depends" in self.imports:
                found = set(re.findall(r"\bDepends\(\s*(\w+)\s*\)", self.tree.source.text))
            self._depends = frozenset(found & self._functions.keys())
        return self._depends

    def scope(self, node: Node) -> Scope:
        functions: list[str] = []
        decorators: list[str] = []
        classes: list[str] = []
        parameters: tuple[str, ...] = ()
        in_loop = guarded = returned = yielded = as_context = False
        called_on = self._is_called_on(node)
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
                in_loop = in_loop or (kind in _LOOPS and self._repeats(current, node))
                guarded = guarded or (
                    kind == "if_statement" and _is_guard(self.tree.text(current.child_by_field_name("condition")))
                )
                returned = returned or (kind == "return_statement" and not called_on)
                yielded = yielded or (kind == "yield" and not called_on)
                as_context = as_context or kind == "with_item"
            current = current.parent
        handler = _handler(functions, decorators, parameters)
        if not handler and functions and functions[0] in self._dependencies():
            handler = "route"
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


def _forget(table: Table) -> None:
    """Leave nothing of a table known: something out of sight may have changed any of it."""
    table.complete = False
    for name, entry in table.entries.items():
        table.entries[name] = entry._replace(value=Folded(UNKNOWN, entry.value.place))


def _is_text(folded: Folded) -> bool:
    return isinstance(folded.value, str) or bool(folded.shape)


def _shape(folded: Folded) -> str:
    """A text with a mark for each part that is open."""
    if isinstance(folded.value, str) and not folded.env:
        return folded.value
    return folded.shape or _OPEN


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
    if not functions or any("fixture" in decorator for decorator in decorators):
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
