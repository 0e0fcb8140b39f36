"""Constant folding in Python: what an expression is, as far as its file and the project tell."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, cast

from poollint.blocks import UNKNOWN
from poollint.readers.source.folding import Folds
from poollint.readers.source.python_django import ENVIRON, is_environ
from poollint.readers.source.python_modules import dotted, field, shared
from poollint.readers.source.python_names import FileNames
from poollint.readers.source.values import Entry, Folded, Made, Ref, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.readers.source.python import PythonFile

_CASTS = {"int": int, "float": float, "str": str, "bool": bool}
_ENV_READS = ("os.environ.get", "os.getenv", "environ.get", "os.environ.setdefault")
_STRING = re.compile(r"^[rRbBuU]*(?:\"\"\"|'''|\"|')(.*?)(?:\"\"\"|'''|\"|')$", re.S)
_ESCAPE = re.compile(r"\\(['\"\\nrt])")
_URL_MAKERS = ("URL.create", "sqlalchemy.engine.url.URL", "sqlalchemy.engine.URL")
_OPEN = "\0"  # what stands for the open parts of a text


class Folding(Folds, FileNames):
    """The values of one file's expressions."""

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
        return self._partial(node, "".join(shape_of(part) for part in parts))

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
        if operator == "+" and (is_text(left) or is_text(right)) and not (left.known and right.known):
            return self._partial(node, shape_of(left) + shape_of(right))
        if operator == "%" and isinstance(left.value, str):
            return self._partial(node, re.sub(r"%(?:\(\w+\))?[sdr]", _OPEN, left.value) or _OPEN)
        if operator == "|" and (isinstance(left.value, Table) or isinstance(right.value, Table)):
            return self._plain(node, union(left, right))
        value = arithmetic(operator, left.value, right.value)
        divided = operator == "/" or (operator in ("+", "-", "*") and (left.divided or right.divided))
        return Folded(value, self.tree.place(node), left.env or right.env, divided=divided)

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
            forget(table)
            return
        for key, entry in added.entries.items():
            table.entries[key] = entry if certain else entry._replace(value=self._unknown(node))

    def _elsewhere(self, node: Node, depth: int) -> Folded | None:
        """What another file of the project says that an imported name is."""
        if self.modules is None:
            return None
        names = dotted(cast("PythonFile", self), node)
        folded = self.names.value(names, depth) if names else None
        return self._here(folded, node)

    def _here(self, folded: Folded | None, node: Node) -> Folded | None:
        if folded is not None and isinstance(folded.value, Table):
            return folded._replace(value=shared(folded.value, cast("PythonFile", self), node))
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
        if base is None:
            return None
        name = self.tree.text(node.child_by_field_name("attribute"))
        own = self.names.own_class(base) if not self.names.sets_field(name) else None
        owner = own or self.names.owner(base)
        if owner is None:
            return None
        folded = field(owner, name, depth)
        return self._here(folded, node) if folded is not None and owner.file is not self else folded

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
        if name in ("dict", "min", "max") and name not in self.defined:
            return self._plain(node, self._dict(node, depth)) if name == "dict" else self._extreme(node, name, depth)
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
        if is_environ(name):
            made = self.call(node, depth)
            made.callee = ENVIRON
            return self._plain(node, Made(made))
        return self._unknown(node)

    def _dict(self, node: Node, depth: int) -> Table:
        """``dict(base, size=5)``: the keys of the base, and those that are named."""
        table, given = Table(), self.positional_of(node)
        if given:
            self._spread(table, given[0], depth)
        table.merge(self._keywords(node, depth))
        table.complete = table.complete and len(given) < 2
        return table

    def _extreme(self, node: Node, name: str, depth: int) -> Folded:
        """The least or the greatest of some numbers, where all are known."""
        given = [self.fold(each, depth) for each in self._arguments(node)]
        numbers = [each.value for each in given if isinstance(each.value, (int, float))]
        if len(given) < 2 or len(numbers) != len(given):
            return self._unknown(node)
        env = next((each.env for each in given if each.env), "")
        return Folded(min(numbers) if name == "min" else max(numbers), self.tree.place(node), env)

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
        given = {name: entry.value for name, entry in self._keywords(node, depth).entries.items()}
        names = ("drivername", "username", "password", "host", "port", "database", "query")
        for name, argument in zip(names, self.positional_of(node), strict=False):
            given[name] = self.fold(argument, depth)
        driver = given.get("drivername")
        if driver is None or not isinstance(driver.value, str) or driver.env:
            return self._unknown(node)
        host, port = (given[key].value if key in given and not given[key].env else _OPEN for key in ("host", "port"))
        where = host if isinstance(host, str) else _OPEN
        if isinstance(port, int):
            where += f":{port}"
        query = given["query"].value if "query" in given else None
        asked = "&".join(f"{key}={_OPEN}" for key in query.entries) if isinstance(query, Table) else ""
        return self._partial(node, f"{driver.value}://{_OPEN}@{where}/{_OPEN}{asked and '?' + asked}")

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


def union(left: Folded, right: Folded) -> Table:
    """``base | {"size": 5}``: the keys of both, the later ones over the earlier; open where one of them is."""
    table = Table()
    for side in (left, right):
        if isinstance(side.value, Table):
            table.merge(side.value)
        else:
            forget(table)
    return table


def forget(table: Table) -> None:
    """Leave nothing of a table known: something out of sight may have changed any of it."""
    table.complete = False
    for name, entry in table.entries.items():
        table.entries[name] = entry._replace(value=Folded(UNKNOWN, entry.value.place))


def is_text(folded: Folded) -> bool:
    return isinstance(folded.value, str) or bool(folded.shape)


def shape_of(folded: Folded) -> str:
    """A text with a mark for each part that is open."""
    if isinstance(folded.value, str) and not folded.env:
        return folded.value
    return folded.shape or _OPEN


def _is_env_helper(name: str) -> bool:
    """environs, django-environ, decouple: the literal default stands in the call."""
    head, _, tail = name.rpartition(".")
    if head in ("env", "environ.Env", "environs.Env"):
        return tail in ("int", "str", "float", "bool", "get", "list", "url")
    return name in ("decouple.config", "config", "env")


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
