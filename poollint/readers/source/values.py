"""What an expression of a source language folds to, the same for every language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN

if TYPE_CHECKING:
    from poollint.source import Place


class Folded(NamedTuple):
    """A folded expression.

    ``value``: int, float, str, bool, None, list, ``Table``, ``Ref``, ``Made``, ``Elapsed``, or UNKNOWN. ``env`` names the
    environment variable whose default the value is (or, with UNKNOWN, that holds it); ``text`` tells that the program
    will see a string there (an environment variable without a conversion). ``choices`` are the values that an UNKNOWN one
    may have, when they can be told (the branches of a conditional); ``plain`` tells of an UNKNOWN one that it is a text, a
    number or a function, in short no object with options; ``shape`` is a text with a NUL for each part that is not known;
    ``shared`` is the spread by which a value came from an object that is written elsewhere; ``unset`` tells that nothing
    stands in for an environment variable that is not set; ``divided`` that a true division made the number.
    """

    value: Any
    place: Place
    env: str = ""
    text: bool = False
    choices: tuple[Any, ...] = ()
    plain: bool = False
    shape: str = ""
    shared: Place | None = None
    unset: bool = False
    divided: bool = False

    @property
    def known(self) -> bool:
        return self.value is not UNKNOWN


class Ref(NamedTuple):
    """An imported name that is not called: ``sqlalchemy.pool.NullPool``."""

    name: str


class Elapsed(NamedTuple):
    """A time that has its unit with it: ``Duration.ofSeconds(30)``."""

    seconds: float


class Entry(NamedTuple):
    """A key and its value in a table, with the place of the key."""

    key_place: Place
    value: Folded


class Table:
    """A dict or object literal. ``complete`` is False when a spread or a computed key hides keys; ``broken`` tells that
    the parser met a syntax error inside: then no value of it can be trusted."""

    __slots__ = ("broken", "complete", "entries")

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.complete = True
        self.broken = False

    def merge(self, other: Table) -> None:
        self.entries.update(other.entries)
        self.complete = self.complete and other.complete
        self.broken = self.broken or other.broken

    def __repr__(self) -> str:
        return f"Table({', '.join(self.entries)})"

    def copy(self) -> Table:
        made = Table()
        made.merge(self)
        return made


class Scope(NamedTuple):
    """Where a construction stands, innermost function first."""

    functions: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    in_loop: bool = False
    guarded: bool = False
    returned: bool = False
    yielded: bool = False
    as_context: bool = False
    handler: str = ""


class Call:
    """A call or construction whose callee is an imported name.

    ``callee`` is canonical (``sqlalchemy.create_engine``, ``pg.Pool``, ``java.util.Properties``, ``database/sql.Open``).
    ``named`` are keyword arguments (Python), else empty; ``positional`` the others. ``name`` is the variable that holds
    the result; ``later`` the values assigned or set on that variable afterwards (``agent.maxSockets = 5``,
    ``config.setMaximumPoolSize(10)``), by property name; ``touched`` tells that more happens to it than can be seen.
    """

    __slots__ = (
        "broken",
        "callee",
        "complete",
        "later",
        "name",
        "named",
        "place",
        "positional",
        "scope",
        "touched",
        "used",
    )

    def __init__(self, callee: str, place: Place) -> None:
        self.callee = callee
        self.place = place
        self.positional: list[Folded] = []
        self.named: dict[str, Entry] = {}
        self.complete = True
        self.broken = False
        self.name = ""
        self.later: dict[str, Entry] = {}
        self.touched = False
        self.scope = Scope()
        self.used: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Call({self.callee})"


class Made(NamedTuple):
    """The result of a call, as a value: ``httpx.Limits(max_connections=10)``."""

    call: Call
