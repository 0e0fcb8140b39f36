"""Constant folding in JavaScript: what an expression is, as far as its file, and those it imports from, tell."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.javascript_changes import changed
from poollint.readers.source.javascript_env import ENVIRONMENT, checked_environment
from poollint.readers.source.javascript_modules import MAX_HOPS, Exports, brought
from poollint.readers.source.javascript_names import Names, unwrap
from poollint.readers.source.javascript_numbers import leading, number
from poollint.readers.source.python_folding import arithmetic
from poollint.readers.source.values import Entry, Folded, Made, Ref, Table

if TYPE_CHECKING:
    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree
    from poollint.readers.source.javascript_modules import Modules
    from poollint.readers.source.values import Call

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "b": "\b", "f": "\f", "v": "\v"}
MAX_DEPTH = 40


class Folding(Names):
    """The values of one file's expressions."""

    def __init__(self, tree: SourceTree) -> None:
        super().__init__(tree)
        self.modules: Modules | None = None  # the project's other files, where they may be asked
        self._exports: Exports | None = None
        self._memo: dict[int, Folded] = {}  # the values of constants, by the node of the value

    def call(self, node: Node, depth: int = 0) -> Call:
        """A call with its arguments folded."""
        raise NotImplementedError

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

    def fold_once(self, node: Node, depth: int = 0) -> Folded:
        """The value of what a name stands for, which is looked at as often as the name is used."""
        folded = self._memo.get(node.id)
        if folded is None:
            self._memo[node.id] = self._unknown(node)  # what leads back to itself has no value
            folded = self._memo[node.id] = self.fold(node, depth)
        return folded

    def fold(self, node: Node | None, depth: int = 0) -> Folded:
        assert node is not None
        place = self.tree.place(node)
        inner = unwrap(node)
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
        given = self.fold(body, depth) if body is not None and unwrap(body) is not None else None
        choices = (given,) if given is not None and isinstance(given.value, Table) else ()
        return self._unknown(node)._replace(plain=True, choices=choices)

    _fold_function_expression = _fold_function_declaration = _fold_arrow_function

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
        condition = unwrap(node.child_by_field_name("condition"))
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
        unset = (left.unset or right.unset) and not text
        return Folded(value, self.tree.place(node), left.env or right.env, plain=text, unset=unset)

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
        inner = unwrap(node)
        if inner is not None and self.tree.text(inner.child_by_field_name("operator")) == "&&":
            folded = self.fold(inner.child_by_field_name("right"), depth)
            folded = folded._replace(choices=(folded,))
        tables = [each.value for each in folded.choices if isinstance(each.value, Table)]
        both = inner is not None and inner.type == "ternary_expression" and len(tables) == len(folded.choices) == 2
        if not tables or (inner is not None and inner.type == "ternary_expression" and not both):
            table.complete = False
            self.perhaps_replaced(table)
        for each in tables:
            self._merge_perhaps(table, each)

    @staticmethod
    def perhaps_replaced(table: Table) -> None:
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

    _fold_type_identifier = _fold_identifier  # what the name of a class is in TypeScript

    def _fold_name(self, node: Node, name: str, depth: int) -> Folded:
        if name == "Infinity":
            return self._plain(node, math.inf)
        if name == "NaN":
            return self._plain(node, math.nan)
        if name == "undefined":
            return self._plain(node, None)
        value = self._constant(node, name)
        if value is not None and not self._required(value):
            folded = self.fold_once(value, depth)
            if isinstance(folded.value, Table):
                folded = folded._replace(value=changed(self, node, name, folded.value))
            return folded
        resolved = self._resolve_name(node) if node.type == "identifier" else self.imports.get(name, "")
        if not resolved:
            return self._fold_declared(node, name, depth)
        brought_in = self._elsewhere(*self.origins.get(name, ("", "")), node)
        if brought_in is None:
            return self._plain(node, Ref(resolved))
        if isinstance(brought_in.value, Table):
            brought_in = brought_in._replace(value=changed(self, node, name, brought_in.value))
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
        if declared[0].type == "class_declaration":
            return self._fold_class(node, declared[0], name, depth)
        if declared[0].type == "function_declaration":
            return self.fold_once(declared[0], depth)
        return self._unknown(node)

    def _fold_class(self, node: Node, declared: Node, name: str, depth: int) -> Folded:
        """A class as the object that holds its static fields; its methods, and what it inherits, are not told."""
        body = declared.child_by_field_name("body")
        table = Table()
        table.complete = False
        for child in body.named_children if body is not None else ():
            key = child.child_by_field_name("name") or child.child_by_field_name("property")
            value = child.child_by_field_name("value")
            fixed = child.type in ("public_field_definition", "field_definition") and value is not None
            if fixed and key is not None and any(each.type == "static" for each in child.children):
                place = self.tree.place(key)
                changes = any(each.key in ("", self.tree.text(key)) for each in self.changes(name))
                folded = self._unknown(key) if changes or value is None else self.fold(value, depth)
                table.entries[self.tree.text(key)] = Entry(place, folded)
        return self._plain(node, table) if table.entries else self._unknown(node)

    def _fold_part(self, node: Node, pattern: Node, name: str, depth: int) -> Folded:
        """``const { max = 20 } = config``: the entry of an object that can be seen, else its default by the environment."""
        whole = pattern.parent.child_by_field_name("value") if pattern.parent is not None else None
        parts = [each for each in map(self._pattern, pattern.named_children) if each[1] == name]
        if whole is None or len(parts) != 1:
            return self._unknown(node)
        key, _name, default = parts[0]
        if self.is_environment(whole):
            text = Folded(UNKNOWN, self.tree.place(node), key, text=True, unset=True)
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

    def _fold_member_expression(self, node: Node, depth: int) -> Folded:
        text = self.tree.text(node)
        base, name = node.child_by_field_name("object"), self.tree.text(node.child_by_field_name("property"))
        if self.is_environment(base):
            return Folded(UNKNOWN, self.tree.place(node), name, text=True, unset=True)
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
        return self._plain(node, Ref(resolved)) if resolved else self._unknown(node)

    def is_environment(self, node: Node | None) -> bool:
        """``process.env`` itself, or a constant that stands for it: ``const env = process.env``, ``import { env } ...``."""
        if node is None:
            return False
        if self.tree.text(node) in ENVIRONMENT:
            return True
        constant = self.constant_of(node) if node.type == "identifier" else None
        return self.tree.text(constant) in ENVIRONMENT if constant is not None else self.resolve(node) == "process.env"

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
        if self.is_environment(node.child_by_field_name("object")):
            variable = key if isinstance(key, str) else "?"
            return Folded(UNKNOWN, self.tree.place(node), variable, text=True, unset=True)
        table = self.fold(node.child_by_field_name("object"), depth).value
        if isinstance(table, Table) and isinstance(key, str) and key in table.entries:
            return table.entries[key].value
        return self._unknown(node)

    def _number_of(self, node: Node, inner: Folded, *, whole: bool = False) -> Folded:
        value = inner.value
        if isinstance(value, str):
            value = leading(value) if whole else number(value.strip())
        elif not isinstance(value, (int, float)):
            value = UNKNOWN
        elif whole and not isinstance(value, bool) and math.isfinite(value):
            value = int(value)
        return Folded(value, self.tree.place(node), inner.env, unset=inner.unset)

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
        if name in ("Object.freeze", "Object.seal", "structuredClone") and len(arguments) == 1:
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
        function = node.child_by_field_name("function")
        given = self.fold(function, depth) if function is not None and function.type == "identifier" else None
        if given is not None and given.plain and len(given.choices) == 1:
            found: Folded = given.choices[0]
            return found if found.place.source is self.tree.source else brought(found, self.tree.place(node))
        return self._plain(node, Made(self.call(node, depth))) if self.resolve(function) else self._unknown(node)

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
