"""What is taken out of a pool in a function, and whether every way out of the function gives it back.

The same for languages with exceptions: each tells by a ``Grammar`` how its statements look. Doubt counts as given back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

MAX_TAKINGS = 60  # in a file, and the bytes of a function: each taking is followed through the whole of its function
MAX_FUNCTION = 40_000
MAX_OUTS = 50  # ways out, and uses, that are looked at
MAX_GIVES = 50


class Grammar(NamedTuple):
    """The kinds of a language's nodes: ``returns`` and ``throws`` leave a function, ``jumps`` a loop."""

    functions: frozenset[str]
    blocks: frozenset[str]
    tries: frozenset[str]
    catches: frozenset[str]
    finals: frozenset[str]
    branches: frozenset[str]
    returns: frozenset[str]
    throws: frozenset[str]
    jumps: frozenset[str]


class Way(NamedTuple):
    """``given``: "never"; "some" (a return or throw comes before it); "throw" (an exception does); "always"."""

    given: str
    out: Node | None = None


class Taking(NamedTuple):
    """Something that is taken: the function, the statement that takes, the calls that use it, what gives it back.

    ``looks`` tells of a condition whether it asks for the thing itself, ``catches`` of a handler whether it may be for
    what the uses throw.
    """

    function: Node
    first: Node
    uses: list[Node]
    gives: list[Node]
    looks: Callable[[Node], bool]
    catches: Callable[[Node], bool]


def way_of(grammar: Grammar, taking: Taking) -> Way:
    """What becomes of something that stays in its function."""
    gives = taking.gives
    if not gives:
        return Way("never")
    if len(gives) > MAX_GIVES or any(_within(each, taking.function, grammar.finals) for each in gives):
        return Way("always")
    for out in _outs(grammar, taking):
        if not _given_before(grammar, taking, out):
            return Way("some", out)
    before = min(each.start_byte for each in gives)
    for use in taking.uses[:MAX_OUTS]:
        late = taking.first.end_byte <= use.start_byte < before and _beside(taking, use)
        aside = _within(use, taking.function, grammar.catches)
        if late and not aside and not _caught(grammar, taking, use):
            return Way("throw", use)
    return Way("always")


def _within(node: Node, outer: Node, kinds: frozenset[str]) -> Node | None:
    """The innermost node of some kinds between a node and an outer one."""
    current = node.parent
    while current is not None and current.id != outer.id:
        if current.type in kinds:
            return current
        current = current.parent
    return None


def walk_own(grammar: Grammar, function: Node) -> Iterator[Node]:
    """The nodes of a function without those of the functions in it, in the order of the text."""
    waiting = list(reversed(function.named_children))
    while waiting:
        node = waiting.pop()
        yield node
        if node.type not in grammar.functions:
            waiting += reversed(node.named_children)


def _outs(grammar: Grammar, taking: Taking) -> Iterator[Node]:
    """The returns and throws behind the taking that surely stand on a way from it."""
    seen = 0
    for node in walk_own(grammar, taking.function):
        leaves = node.type in grammar.returns or node.type in grammar.throws
        if not leaves or node.start_byte < taking.first.end_byte or not _beside(taking, node):
            continue
        seen += 1
        if seen > MAX_OUTS:
            return
        if _asks(grammar, taking, node):
            continue
        if node.type in grammar.throws and _caught(grammar, taking, node):
            continue
        yield node


def _beside(taking: Taking, node: Node) -> bool:
    """Whether a node stands behind the taking in the block of the taking, or deeper."""
    block = taking.first.parent
    return block is not None and block.start_byte <= node.start_byte < block.end_byte


def _asks(grammar: Grammar, taking: Taking, node: Node) -> bool:
    """Whether a condition around a node asks for the thing: then it may be missing there."""
    current = node.parent
    while current is not None and current.id != taking.function.id:
        if current.type in grammar.branches and taking.looks(current):
            return True
        current = current.parent
    return False


def _given_before(grammar: Grammar, taking: Taking, out: Node) -> bool:
    """Whether something is given back in the return itself, or before it in a block around it."""
    holder: Node | None = out
    while holder is not None and holder.id != taking.function.id:
        block = holder.parent
        if block is None:
            return False
        if block.type in grammar.blocks or block.type in grammar.tries or holder.id == out.id:
            start = max(block.start_byte, taking.first.end_byte)
            gives = [each for each in taking.gives if start <= each.start_byte < out.end_byte]
            if any(not _parted(grammar, taking, each, out) for each in gives):
                return True
        if block.id == getattr(taking.first.parent, "id", None):
            return False
        holder = block
    return False


def _parted(grammar: Grammar, taking: Taking, give: Node, out: Node) -> bool:
    """Whether a give stands in the body of a ``try`` behind what may throw, and the way out in the handler of it."""
    catch = out.parent
    while catch is not None and catch.id != taking.function.id:
        attempt = catch.parent
        handles = catch.type in grammar.catches and attempt is not None and taking.catches(catch)
        if attempt is not None and handles and attempt.start_byte <= give.start_byte < catch.start_byte:
            return any(attempt.start_byte <= use.start_byte < give.start_byte for use in taking.uses)
        catch = attempt
    return False


def _caught(grammar: Grammar, taking: Taking, use: Node) -> bool:
    """Whether an exception at a place surely or perhaps leads to where the thing is given back."""
    inner, attempt = use, use.parent
    while attempt is not None and attempt.id != taking.function.id:
        if attempt.type in grammar.tries and inner.type not in (*grammar.catches, *grammar.finals):
            for handler in attempt.children:
                if handler.type in grammar.catches and taking.catches(handler):
                    found = _handled(grammar, taking, handler, attempt)
                    if found is not None:
                        return found
        inner, attempt = attempt, attempt.parent
    return False


def _handled(grammar: Grammar, taking: Taking, handler: Node, attempt: Node) -> bool | None:
    """What a handler does about the thing; None when it passes the exception on."""
    if any(_holds(handler, each) for each in taking.gives):
        return True
    leaves = [each.type for each in walk_own(grammar, handler) if each.type in grammar.returns | grammar.jumps]
    if leaves:
        return not grammar.returns.issuperset(leaves)
    if any(each.type in grammar.throws for each in walk_own(grammar, handler)):
        return None
    return any(each.start_byte >= attempt.end_byte for each in taking.gives)


def _holds(outer: Node, node: Node) -> bool:
    return outer.start_byte <= node.start_byte < outer.end_byte
