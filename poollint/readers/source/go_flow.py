"""Where the handles of a Go file go: what is set on them later, and whether they leave the sight of the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.readers.source.go_folding import Folding
from poollint.readers.source.go_names import FUNCTIONS, MAX_MENTIONS, Setter
from poollint.readers.source.values import Call, Entry, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from poollint.formats.source_code import SourceTree

_PARTS = frozenset("keyed_element literal_element literal_value composite_literal unary_expression".split())
_REQUEST = re.compile(r"http\.ResponseWriter|gin\.Context|echo\.Context|fiber\.Ctx|fasthttp\.RequestCtx")
_LAMBDA = re.compile(r"\bevents\.\w+(?:Request|Event)\b")
POOL_SETTERS = frozenset(("SetMaxOpenConns", "SetMaxIdleConns", "SetConnMaxLifetime", "SetConnMaxIdleTime"))
_CONCURRENT = re.compile(
    r"\bgo\s+(?:func\b|[\w.]+\()|(?i:serve\w*)\(|\b(?:gin|echo|fiber|chi|mux|grpc)\.New|gin\.Default\("
    r"|errgroup|http\.Handle|\.(?:Go|Run|Start|Listen)\("
)
_BOUNDED = re.compile(r"\b(?:WithContext|WithTimeout|WithDeadline|TimeoutHandler)\b|\.Timeout\s*=")
# an option of a library, such as Docker's, which sets up the transport of the client that it is given
_OPTION = re.compile(r"With\w*(?:Client|Transport)")
_LIMITER = re.compile(r"(?i)config|pool|tune|limit|setup|init|option|apply|conn|wrap|newdb|opendb|instrument")
_KEEPERS = frozenset(("pgxpool", "sqlx", "gorm", "postgres", "mysql", "bun"))
MAX_HANDS = 4


class Flow(Folding):
    """The ways of one file's handles."""

    def __init__(self, tree: SourceTree) -> None:
        super().__init__(tree)
        self._taken: set[int] = set()
        text = tree.source.text
        self.about = {
            "bounded": _BOUNDED.search(text) is not None,
            "plain_requests": "http.NewRequest(" in text,
            "header_wait": "ResponseHeaderTimeout" in text,
            "idle_closed": "CloseIdleConnections" in text,
            "sqlite": "sqlite" in text,
            "concurrent": _CONCURRENT.search(text) is not None,
        }

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
        if made.used["escape"] == "returned":
            made.used["passed"] = self._is_passed(made.name, node, scope)

    def _is_passed(self, name: str, node: Node, scope: int) -> bool:
        """Whether a handle also goes to what may configure it, before it is returned."""
        return any(
            mention.start_byte > node.end_byte
            and self._sees(self._scope_id(mention), scope, name, within=mention)
            and self._handed(mention, 1) == "passed"
            for mention in self._mentions.get(name, ())[:MAX_MENTIONS]
        )

    def _apply(self, made: Call, found: Setter, node: Node) -> None:
        self._taken.add(found.node.id)
        certain = found.value is not None and not self._branches(found.node, node, errors=False)
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
        while current is not None and current.type not in FUNCTIONS:
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
        function = call.child_by_field_name("function")
        name = self.tree.text(function).rpartition(".")[2]
        if function is not None and function.type == "identifier" and self._shadowed(function, name):
            return "passed"  # a function that came as a value: an option of the caller's, say
        if (_LIMITER.search(name) and not self._keeps(call)) or _OPTION.fullmatch(name):
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
                if not each.by_method or each.name not in POOL_SETTERS or each.node.id in self._taken:
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

    def _hands_on(self, found: Setter) -> bool:
        """A method that does no more than call the one of the same name: whoever calls it decides."""
        function = self.function(found.node)
        return function is not None and self.tree.text(function.child_by_field_name("name")) == found.name

    def scope(self, node: Node) -> Scope:
        functions: list[str] = []
        classes: list[str] = []
        parameters: tuple[str, ...] = ()
        in_loop = guarded = returned = False
        handler = ""
        current = node.parent
        while current is not None:
            kind = current.type
            if kind in FUNCTIONS:
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
