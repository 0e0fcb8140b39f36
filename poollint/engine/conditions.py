"""The condition language of rule pages: a whitelisted subset of Python's expressions, compiled once to a code object.

Allowed: names, attributes of names, literals, tuples, comparisons, + - * / // %, and/or/not, ``x if c else y``, and calls
of the functions in ``FUNCTIONS``. Nothing else compiles: no builtin, no underscore name, no power, no comprehension, no
subscript. A name whose value is UNKNOWN raises UnknownValueError, which callers take for "does not fire".
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, Protocol

from poollint.blocks import UNKNOWN, UNLIMITED, Block, UnknownValueError
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from types import CodeType

    from poollint.versions import Version

MAX_LENGTH = 2000
CONSTANTS: dict[str, Any] = {
    "true": True,
    "false": False,
    "none": None,
    "unlimited": UNLIMITED,
    "forever": UNLIMITED,
}


class ConditionError(Exception):
    """An expression that the language does not know; ``column`` counts from 1 within the expression."""

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


def _number(value: Any) -> Any:
    if isinstance(value, (int, float)):
        return value
    raise TypeError("not a number")


def _mul(left: Any, right: Any) -> Any:
    return _number(left) * _number(right)


def _mod(left: Any, right: Any) -> Any:
    return _number(left) % _number(right)


def _ne(left: Any, right: Any) -> bool:
    return left is not None and right is not None and left != right


def _not_in(left: Any, right: Any) -> bool:
    return left is not None and left not in right


def _is_none(value: Any) -> bool:
    return value is None


def _attr(holder: Any, name: str) -> Any:
    """``link.setting``: a setting, role, fact or link of the linked block; a key of a table."""
    if holder is None:
        raise UnknownValueError
    if isinstance(holder, Block):
        value = lookup(holder, name)
    elif isinstance(holder, dict):
        value = holder.get(name)
    else:
        value = getattr(holder, name, UNKNOWN)
    if value is UNKNOWN:
        raise UnknownValueError
    return value


def lookup(block: Block, name: str) -> Any:
    """What a bare name means in a block: setting, role, fact, link; UNKNOWN when nobody has it."""
    setting = block.get(name)
    if setting is None:
        setting = block.by_role(name)
    if setting is not None:
        return setting.value
    if name in block.facts:
        return block.facts[name]
    if name in block.links:
        return block.links[name]
    spec = block.spec
    if spec is not None and (name in spec.facts or name in spec.links):
        return None
    return UNKNOWN


def _explicit(block: Any, name: str) -> bool:
    setting = _find(block, name)
    return setting is not None and setting.origin != "default"


def _absent(block: Any, name: str) -> bool:
    """``not explicit(name)``: where more may be set out of sight, what is not written here is not known to be absent."""
    if _explicit(block, name):
        return False
    if not block.complete:
        raise UnknownValueError(name)
    return True


def _written(block: Any, name: str) -> bool:
    setting = _find(block, name)
    return setting is not None and setting.origin == "explicit"


def _raw(block: Any, name: str) -> str:
    setting = _find(block, name)
    return setting.raw if setting is not None else ""


def _find(block: Any, name: str) -> Any:
    if not isinstance(block, Block):
        raise UnknownValueError
    return block.get(name) or block.by_role(name)


def _words(text: Any) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", text) if word)


def _lower(text: str) -> str:
    return text.lower()


def _startswith(text: str, start: str | tuple[str, ...]) -> bool:
    return text.startswith(start)


def _endswith(text: str, end: str | tuple[str, ...]) -> bool:
    return text.endswith(end)


def _matches(text: Any, pattern: str) -> bool:
    return isinstance(text, str) and re.search(pattern, text) is not None


def _before(target: Version | None, text: str) -> bool:
    return target is not None and target < parse_version(text)


def _since(target: Version | None, text: str) -> bool:
    return target is None or target >= parse_version(text)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "endswith": _endswith,
    "len": len,
    "lower": _lower,
    "matches": _matches,
    "max": max,
    "min": min,
    "round": round,
    "startswith": _startswith,
    "words": _words,
}
SETTING_FUNCTIONS: dict[str, Callable[..., Any]] = {"explicit": _explicit, "written": _written, "raw": _raw}
VERSION_FUNCTIONS: dict[str, Callable[..., Any]] = {"before": _before, "since": _since}
_GLOBALS: dict[str, Any] = {
    "__builtins__": {},
    "_attr": _attr,
    "_mul": _mul,
    "_mod": _mod,
    "_ne": _ne,
    "_not_in": _not_in,
    "_is_none": _is_none,
    "_absent": _absent,
    **{f"_f_{name}": function for name, function in FUNCTIONS.items()},
    **{f"_s_{name}": function for name, function in SETTING_FUNCTIONS.items()},
    **{f"_v_{name}": function for name, function in VERSION_FUNCTIONS.items()},
}

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)


class _Rewriter(ast.NodeTransformer):
    """Refuses what is not whitelisted and rewrites the rest into calls of the guarded functions."""

    def __init__(self, known: Collection[str] | None) -> None:
        self.known = known
        self.names: list[str] = []

    def refuse(self, node: ast.AST, message: str) -> ConditionError:
        return ConditionError(message, getattr(node, "col_offset", 0) + 1)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        raise self.refuse(node, f"{type(node).__name__} is not part of the condition language")

    def visit_Expression(self, node: ast.Expression) -> ast.AST:
        node.body = self.visit(node.body)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if node.value is None or isinstance(node.value, (bool, int, float, str)):
            return node
        raise self.refuse(node, f"{node.value!r} is no value of the condition language")

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        node.elts = [self.visit(element) for element in node.elts]
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        node.values = [self.visit(value) for value in node.values]
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        node.test, node.body, node.orelse = self.visit(node.test), self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if not isinstance(node.op, (ast.Not, ast.USub)):
            raise self.refuse(node, f"{type(node.op).__name__} is not part of the condition language")
        node.operand = self.visit(node.operand)
        asked = node.operand
        if isinstance(node.op, ast.Not) and isinstance(asked, ast.Call) and _called(asked) == "_s_explicit":
            return _call(node, "_absent", *asked.args)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if not isinstance(node.op, _OPERATORS):
            raise self.refuse(node, f"{type(node.op).__name__} is not part of the condition language")
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Mult):
            return _call(node, "_mul", left, right)
        if isinstance(node.op, ast.Mod):
            return _call(node, "_mod", left, right)
        node.left, node.right = left, right
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        for operator in node.ops:
            if not isinstance(operator, _COMPARISONS):
                raise self.refuse(node, "compare with == and !=, not with is")
        node.left = self.visit(node.left)
        node.comparators = [self.visit(each) for each in node.comparators]
        if not any(isinstance(operator, (ast.NotEq, ast.NotIn)) for operator in node.ops):
            return node
        if len(node.ops) > 1:
            raise self.refuse(node, "!= and not in cannot stand in a chain")
        right = node.comparators[0]
        if isinstance(right, ast.Constant) and right.value is None:
            return ast.copy_location(ast.UnaryOp(ast.Not(), _call(node, "_is_none", node.left)), node)
        return _call(node, "_ne" if isinstance(node.ops[0], ast.NotEq) else "_not_in", node.left, right)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = node.id
        if name in CONSTANTS and name not in ("unlimited", "forever"):
            return ast.copy_location(ast.Constant(CONSTANTS[name]), node)
        if name.startswith("_"):
            raise self.refuse(node, f"names that begin with an underscore are not reachable: {name}")
        if self.known is not None and name not in self.known and name not in CONSTANTS:
            raise self.refuse(node, _unknown_name(name, self.known))
        self.names.append(name)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node.attr.startswith("_"):
            raise self.refuse(node, f"names that begin with an underscore are not reachable: {node.attr}")
        if not isinstance(node.value, (ast.Name, ast.Attribute)):
            raise self.refuse(node, "an attribute belongs to a name")
        return _call(node, "_attr", self.visit(node.value), ast.Constant(node.attr))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self.refuse(node, "only the functions of the condition language can be called, by position")
        name = node.func.id
        if name in SETTING_FUNCTIONS:
            return self._setting_call(node, name)
        if name in VERSION_FUNCTIONS:
            return self._version_call(node, name)
        if name not in FUNCTIONS:
            table = sorted((*FUNCTIONS, *SETTING_FUNCTIONS, *VERSION_FUNCTIONS))
            raise self.refuse(node, f"no function {name}(); there are {', '.join(table)}")
        if name == "matches":
            self._check_pattern(node)
        return _call(node, f"_f_{name}", *[self.visit(argument) for argument in node.args])

    def _check_pattern(self, node: ast.Call) -> None:
        pattern = node.args[1] if len(node.args) == 2 else None
        if not (isinstance(pattern, ast.Constant) and isinstance(pattern.value, str)):
            raise self.refuse(node, 'matches() takes a text and a literal regular expression: matches(host, "^/")')
        try:
            re.compile(pattern.value)
        except re.error as error:
            raise self.refuse(pattern, f"not a regular expression: {error}") from None

    def _setting_call(self, node: ast.Call, name: str) -> ast.AST:
        argument = node.args[0] if len(node.args) == 1 else None
        if isinstance(argument, ast.Name):
            self.visit_Name(argument)
            return _call(node, f"_s_{name}", ast.Name("_block", ast.Load()), ast.Constant(argument.id))
        if isinstance(argument, ast.Attribute):
            holder = self.visit(argument.value)
            return _call(node, f"_s_{name}", holder, ast.Constant(argument.attr))
        raise self.refuse(node, f"{name}() takes the name of one setting")

    def _version_call(self, node: ast.Call, name: str) -> ast.AST:
        argument = node.args[0] if len(node.args) == 1 else None
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            raise self.refuse(node, f'{name}() takes one version in quotes: {name}("1.21")')
        try:
            parse_version(argument.value)
        except ValueError as error:
            raise self.refuse(argument, str(error)) from None
        return _call(node, f"_v_{name}", ast.Name("_target", ast.Load()), argument)


def _call(at: ast.AST, name: str, *arguments: ast.expr) -> ast.Call:
    call = ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
    return ast.copy_location(call, at)  # the places of its parts are filled in once, for the whole condition


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _unknown_name(name: str, known: Collection[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(known), 1)
    return f"unknown name {name}" + (f"; did you mean {close[0]}?" if close else "")


class Names(Protocol):
    """What a condition is evaluated in: names to values; KeyError for a name that is a function."""

    def __getitem__(self, name: str, /) -> Any: ...


class Condition:
    """A compiled expression."""

    __slots__ = ("code", "names", "text")

    def __init__(self, text: str, known: Collection[str] | None = None) -> None:
        """ConditionError for anything outside the language; ``known`` are the names that may stand in it (None: any)."""
        self.text = text
        if len(text) > MAX_LENGTH:
            raise ConditionError(f"longer than {MAX_LENGTH} characters")
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except SyntaxError as error:
            raise ConditionError(f"not an expression: {error.msg}", error.offset or 1) from None
        except (ValueError, RecursionError, MemoryError):
            raise ConditionError("not an expression") from None
        rewriter = _Rewriter(known)
        try:
            tree = ast.fix_missing_locations(rewriter.visit(tree))
        except RecursionError:
            raise ConditionError("nested too deeply") from None
        self.names = tuple(rewriter.names)
        self.code: CodeType = compile(tree, "<condition>", "eval")

    def evaluate(self, env: Names) -> Any:
        """The value; UnknownValueError when a name's value cannot be known, TypeError for values that do not compare."""
        return eval(self.code, _GLOBALS, env)  # type: ignore[arg-type] # noqa: S307 - compiled from the whitelist above

    def holds(self, env: Names) -> bool:
        """Whether the condition is surely true."""
        try:
            return bool(eval(self.code, _GLOBALS, env))  # type: ignore[arg-type] # noqa: S307 - compiled from the whitelist above
        except (UnknownValueError, TypeError, ZeroDivisionError, AttributeError):
            return False


class Env:
    """A block as the names of a condition; ``values`` (of a hit) come before the block's own."""

    __slots__ = ("block", "config", "options", "target", "values")

    def __init__(
        self,
        block: Block | None,
        *,
        config: Mapping[str, Any],
        options: Mapping[str, Any],
        target: Version | None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self.block = block
        self.config = config
        self.options = options
        self.target = target
        self.values = values

    def __getitem__(self, name: str) -> Any:
        if name[0] == "_":
            if name == "_block":
                return self.block
            if name == "_target":
                return self.target
            raise KeyError(name)
        if self.values is not None and name in self.values:
            value = self.values[name]
        elif name in CONSTANTS:
            return CONSTANTS[name]
        elif name == "config":
            return self.config
        elif name == "opt":
            return self.options
        elif name == "target_known":
            return self.target is not None
        else:
            value = lookup(self.block, name) if self.block is not None else UNKNOWN
        if value is UNKNOWN:
            raise UnknownValueError(name)
        return value
