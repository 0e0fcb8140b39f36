"""Go: imports, constant folding, calls, struct literals, and what is set on their results later.

A canonical name is the import path and the name: ``database/sql.Open``, ``net/http.Transport`` (a literal of that type),
``net/http.DefaultClient.Get``. Durations fold to nanoseconds, as the program has them. Setters that stand on something
whose origin is not in the file are one call of ``receiver.SETTER``, so that a handle that came as a parameter or from
an object mapper is seen all the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.dsn import parameters_of
from poollint.readers.source.go_bodies import open_bodies
from poollint.readers.source.go_checkouts import checkouts
from poollint.readers.source.go_flow import POOL_SETTERS, Flow
from poollint.readers.source.go_kept import closed_by_callers, kept
from poollint.readers.source.go_names import FUNCTIONS, MAX_MENTIONS
from poollint.readers.source.values import Call, Entry, Folded, Made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree

# what stands with a connection string, and at which argument
_DSN_AT = {"pgxpool.New": 1, "pgxpool.Connect": 1, "pgxpool.ParseConfig": 0}
MAX_CALLS = 1000  # more of them stand in no file that a person wrote


class GoFile(Flow):
    """One file: what its names mean, and the calls in it."""

    def __init__(self, tree: SourceTree) -> None:
        super().__init__(tree)
        self.wants: Callable[[str], Any] = bool  # which calls anybody asks for, by canonical name

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
        while current is not None and current.type not in FUNCTIONS and not current.type.endswith("_statement"):
            if current.type in ("composite_literal", "call_expression"):
                field = "type" if current.type == "composite_literal" else "function"
                paths.append(self.resolve(current.child_by_field_name(field)))
            current = current.parent
        return " ".join(paths)

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
            if self.is_damaged(node):  # what is set on it, and whose function this is, may have got lost
                made.touched, made.scope = True, made.scope._replace(handler="", in_loop=False)
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
        here = any(name in POOL_SETTERS for name in made.later)
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


def _makers(positional: list[Folded]) -> tuple[str, ...]:
    """What the arguments are made by, as far as they are calls and literals themselves."""
    return tuple(each.value.call.callee if isinstance(each.value, Made) else "" for each in positional)


def open_file(tree: SourceTree) -> GoFile:
    return GoFile(tree)
