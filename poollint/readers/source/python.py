"""Python: calls, where they stand, and what becomes of what they make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.readers.source.python_assigned import Assigned
from poollint.readers.source.python_checkouts import checkouts
from poollint.readers.source.python_elsewhere import uses_elsewhere
from poollint.readers.source.python_folding import is_text, shape_of
from poollint.readers.source.python_modules import dotted
from poollint.readers.source.python_names import FUNCTIONS, SCOPES
from poollint.readers.source.python_streams import open_streams
from poollint.readers.source.python_uses import add_uses, mentions
from poollint.readers.source.values import Call, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree
    from poollint.source import Place

_LOOPS = ("for_statement", "while_statement")
_COMPREHENSIONS = ("list_comprehension", "set_comprehension", "dictionary_comprehension")
# classes whose methods serve requests: those of Flask, Django (REST framework too), Starlette, Tornado
_VIEW = re.compile(r"\b(?:MethodView|APIView|\w*ViewSet|HTTPEndpoint|RequestHandler|Resource|View)\b")
_VIEW_METHODS = frozenset("get post put patch delete list retrieve create update destroy".split())
_LOOP_STARTS = ("asyncio.run", "async_to_sync")
_HTTP_VERBS = frozenset("get post put patch delete head options route websocket api_view api_route".split())


class PythonFile(Assigned):
    """One file: what its names mean, and the calls in it."""

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

    def calls_at_import(self) -> list[tuple[Node, Node, list[str]]]:
        """The calls that the module itself makes while it is imported: each with its callee, and that by its parts."""
        if self._at_import is None:
            self._at_import = [
                (call, function, parts)
                for call in self.call_nodes
                if not _in_function(call)
                and (function := call.child_by_field_name("function")) is not None
                and (parts := dotted(self, function))
            ]
        return self._at_import

    def _made_partly(self, node: Node) -> Node | None:
        """The ``functools.partial(create_engine, pool_size=5)`` that a call calls, right there or by its one name."""
        function = node.child_by_field_name("function")
        if function is None:
            return None
        found = self._sole_value(function, self.tree.text(function)) if function.type == "identifier" else function
        if found is None or found.type != "call" or not self.positional_of(found):
            return None
        return found if self.resolve(found.child_by_field_name("function")) == "functools.partial" else None

    def _completed(self, node: Node, partly: Node) -> Call:
        """A call with the arguments that ``functools.partial`` has set before; its own go over them."""
        made, before = self.call(node), self.call(partly)
        made.positional[:0] = before.positional[1:]
        made.named = {**before.named, **made.named}
        made.complete = made.complete and before.complete
        made.broken = made.broken or before.broken
        return made

    def calls(self) -> Iterator[Call]:
        """Every call whose callee is an imported name, in the order of the text.

        Behind them stand the settings that are given by name alone, as calls that nobody wrote: each entry of a dict that
        a module assigns (``assigned.DATABASES``), and the names with one beginning that a module, a class or a ``config``
        is given (``assigned.SQLALCHEMY_``).
        """
        for node in self.call_nodes:
            name, partly = self._callee(node), None
            if not name and "partial" in self.tree.source.text:
                partly = self._made_partly(node)
                name = self.resolve(self.positional_of(partly)[0]) if partly is not None else ""
            if name and (self.wants is None or self.wants(name)):
                made = self.call(node) if partly is None else self._completed(node, partly)
                made.callee = name
                made.used = self._used(node, made)
                if made.name and self.wants is not None and any(each.setters == "=" for each in self.wants(name)):
                    self._set_fields(node, made)
                yield made
        yield from checkouts(self)
        yield from open_streams(self)
        yield from uses_elsewhere(self)
        yield from self._entries()
        yield from self._groups()
        yield from self._conf()
        yield from self._url_fields()

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
        if first is not None and is_text(first) and not first.env and shape_of(first).startswith("http"):
            used["first_text"] = re.sub(r"(://)[^@/]*@", r"\1@", shape_of(first)).partition("?")[0]
        if self._in_plain_loop(node):
            used["loops"] = True
        if scope.functions and self._is_stored(node, made) and not self._is_made_anew(node, made):
            used["stored"] = True
        if scope.handler and self._is_coroutine(node):
            used["in_coroutine"] = True
        if scope.as_context:
            used["closed"] = True
        if made.name:
            methods = self._methods.get((self._scope_id(node), made.name), set())
            if methods & {"close", "aclose", "dispose", "disconnect", "terminate"}:
                used["closed"] = True
            if methods:
                used["called"] = tuple(sorted(methods))
            if not scope.functions and made.name.isidentifier() and mentions(self.tree.source.text, *_LOOP_STARTS):
                loops = self._event_loops(made.name)
                if loops:
                    used["event_loops"] = loops
        add_uses(self, node, made, used)
        return used

    def _in_plain_loop(self, node: Node) -> bool:
        """Whether a loop of the same function runs it round after round; one that ends early may be a retry.

        It is none where each round asks for something else: its arguments name what the loop changes.
        """
        current = node.parent
        while current is not None and current.type not in (*SCOPES, "class_definition"):
            if current.type in _COMPREHENSIONS:
                body = current.child_by_field_name("body")
                if body is not None and body.start_byte <= node.start_byte < body.end_byte:
                    return True
            if current.type in _LOOPS:
                body = current.child_by_field_name("body")
                if body is None or not body.start_byte <= node.start_byte < body.end_byte:
                    return False
                if self._asks_anew(current, body, node):
                    return True
                return current.type == "for_statement" and not any(
                    each.type in ("break_statement", "return_statement") for each in self.tree.walk(body)
                )
            current = current.parent
        return False

    def _asks_anew(self, loop: Node, body: Node, node: Node) -> bool:
        """Whether what a call asks for names the loop's own variable, or one that its body counts on or sets anew."""
        left = loop.child_by_field_name("left")
        changed = (
            {self.tree.text(each) for each in self.tree.walk(left) if each.type == "identifier"} if left else set()
        )
        for each in self.tree.walk(body):
            counts = each.type == "augmented_assignment" or (
                each.type == "assignment" and each.start_byte > node.end_byte
            )
            target = each.child_by_field_name("left") if counts else None
            if target is not None and target.type == "identifier":
                changed.add(self.tree.text(target))
        for argument in self._arguments(node):
            named = argument.child_by_field_name("name") if argument.type == "keyword_argument" else None
            if named is not None and self.tree.text(named) not in ("url", "params", "data", "json", "content"):
                continue
            value = argument.child_by_field_name("value") if named is not None else argument
            if value is not None and any(
                each.type == "identifier" and self.tree.text(each) in changed for each in self.tree.walk(value)
            ):
                return True
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

    def _is_made_anew(self, node: Node, made: Call) -> bool:
        """Whether it is handed to the routes of FastAPI by a dependency that keeps nothing: each request has its own."""
        scope = made.scope
        function = self._scope(node)
        if function is None or scope.functions[0] not in self._dependencies() or scope.decorators or scope.guarded:
            return False
        if made.callee.partition(".")[0] in ("sqlalchemy", "sqlmodel"):
            return False  # an engine that is handed on may be a factory's, which others call once
        if made.name and not made.name.isidentifier():
            return False
        return re.search(r"\b(?:global|nonlocal)\b|\bstate\b|cache", self.code(function)) is None

    def _is_coroutine(self, node: Node) -> bool:
        function = self._scope(node)
        return function is not None and self.tree.text(function).startswith("async")

    def _event_loops(self, name: str) -> tuple[tuple[Place, str], ...]:
        """The places where a task or a handler starts an event loop of its own that reaches ``name``."""
        found = []
        names = "|".join(map(re.escape, (name, *self._session_makers(name))))
        for node in self.call_nodes:
            if self.resolve(node.child_by_field_name("function")) not in ("asyncio.run", "asgiref.sync.async_to_sync"):
                continue
            scope = self.scope(node)
            task = any(
                re.search(r"(?:^|\.)(?:shared_task|task|periodic_task)$", d.partition("(")[0]) for d in scope.decorators
            )
            if not (task or scope.handler == "route" or scope.in_loop) or not scope.functions:
                continue
            function = self._scope(node)
            reached = self.reached(self.tree.text(node) + (self.code(function) if function is not None else ""))
            if re.search(rf"\b(?:{names})\b", reached) and ".dispose(" not in reached:
                found.append((self.tree.place(node), scope.functions[0]))
        return tuple(found)

    def _session_makers(self, name: str) -> list[str]:
        """The module's names for what makes sessions of an engine."""
        made = r"(?m)^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*(?:async_)?sessionmaker\(([^)]*)\)"
        found = re.findall(made, self.tree.source.text)
        return [maker for maker, given in found if re.search(rf"\b{re.escape(name)}\b", given)]

    def code(self, node: Node) -> str:
        """The text of a node without what its comments and strings say."""
        parts, at = [], node.start_byte
        for each in self.tree.walk(node):
            if each.type in ("comment", "string_content") and each.start_byte >= at:
                parts.append(self.tree.slice(at, each.start_byte))
                at = each.end_byte
        parts.append(self.tree.slice(at, node.end_byte))
        return "".join(parts)

    def function_code(self, name: str) -> str:
        """The code of a function of the module; empty when there is none of that name."""
        function = self._functions.get(name)
        return self.code(function) if function is not None else ""

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
            if "Depends" in self.imports or "fastapi" in self.imports:
                found = set(re.findall(r"\bDepends\(\s*(\w+)\s*[,)]", self.tree.source.text))
            self._depends = frozenset(found & self._functions.keys())
        return self._depends

    def scope(self, node: Node) -> Scope:
        functions: list[str] = []
        decorators: list[str] = []
        classes: list[str] = []
        parameters: tuple[str, ...] = ()
        in_loop = guarded = returned = yielded = as_context = False
        called_on = self._is_called_on(node)
        bases = ""
        current = node.parent
        while current is not None:
            kind = current.type
            if kind in FUNCTIONS:
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
                bases = bases or self.tree.text(current.child_by_field_name("superclasses"))
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
        if not handler and functions and functions[0] in _VIEW_METHODS and _VIEW.search(bases):
            handler = "view"
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


def _in_function(node: Node) -> bool:
    current = node.parent
    while current is not None and current.type not in FUNCTIONS:
        current = current.parent
    return current is not None


def open_file(tree: SourceTree) -> PythonFile:
    return PythonFile(tree)
