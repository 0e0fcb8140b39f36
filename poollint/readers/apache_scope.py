"""Where a directive of Apache stands, and what its server holds while it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.readers.apache_values import Workers

if TYPE_CHECKING:
    from poollint.blocks import Block, Setting
    from poollint.formats.apache_conf import Directive
    from poollint.readers.apache_values import Address
    from poollint.source import Place

MAX_PATH_PARTS = 64


class Env(NamedTuple):
    """A SetEnv that changes how requests go to backends; ``section`` is the one that holds it."""

    name: str
    place: Place
    section: str
    argument: str
    holder: Directive | None


class Scope:
    """Where a directive stands: its server, the section around it, and which conditions are open."""

    __slots__ = ("argument", "dead", "directive", "maybe", "modules", "mpm", "regex", "section", "server")

    def __init__(self, server: Server) -> None:
        self.server = server
        self.section = ""
        self.argument = ""
        self.directive: Directive | None = None
        self.regex = False
        self.maybe = False
        self.dead = False
        self.modules: tuple[str, ...] | None = ()  # what the open conditions ask for; None when they ask for more
        self.mpm = ""

    def inner(self) -> Scope:
        scope = Scope(self.server)
        for name in self.__slots__:
            setattr(scope, name, getattr(self, name))
        return scope

    def certain_for(self, module: str) -> bool:
        """Whether a directive of ``module`` here is in force: no open condition, or ones that only ask for the module."""
        if not self.maybe:
            return True
        return bool(self.modules) and all(
            name == module or name.startswith(f"{module}_") for name in self.modules or ()
        )


class Server:
    """The main server or a virtual host while it is read."""

    __slots__ = (
        "_plain",
        "balancers",
        "block",
        "engine",
        "envs",
        "kind",
        "made",
        "main",
        "members",
        "rewrites",
        "seen",
        "tls",
        "unset",
        "workers",
    )

    def __init__(self, block: Block, main: Server | None) -> None:
        self.block = block
        self.kind = block.kind
        self.main = main
        self.workers = Workers()
        self.made: list[Worker] = []
        self.members: dict[str, Workers] = {}
        self.balancers: dict[str, Block] = {}
        self.rewrites: list[tuple[Block, Address]] = []
        self.envs: list[Env] = []
        self.unset: set[str] = set()
        self.seen: dict[tuple[str, str], tuple[Setting, Directive]] = {}
        self.engine = False
        self.tls = False
        self._plain: Workers | None = None

    def plain(self) -> Workers:
        """The backends whose address no request changes; computed once, when all are known."""
        if self._plain is None:
            self._plain = Workers()
            for worker in self.made:
                if not worker.match and not worker.block.facts["balancer"] and worker.address is not None:
                    self._plain.add(worker.address.url, worker)
        return self._plain


class Worker:
    """A backend while it is read; ``uses`` are the paths that lead to it."""

    __slots__ = ("_reached", "address", "block", "match", "reuse", "uses")

    def __init__(self, block: Block, where: Address | None, *, match: bool) -> None:
        self.block = block
        self.address = where
        self.match = match
        self.reuse: Any = None
        self.uses: list[tuple[str, Scope]] = []
        self._reached: tuple[set[int], set[str]] | None = None

    def reached_by(self) -> tuple[set[int], set[str]]:
        """The sections that hold its directives, and the paths that every request to one of its paths lies under."""
        if self._reached is None:
            holders = {id(scope.directive) for _, scope in self.uses if scope.directive is not None}
            above: set[str] = set()
            for path, _ in self.uses:
                above.update(_above(path))
            self._reached = (holders, above)
        return self._reached


def _above(path: str) -> list[str]:
    """``/a/b`` -> /, /a, /a/, /a/b: the arguments of <Location> that hold for all of it."""
    found: list[str] = []
    at = path.find("/")
    while at >= 0 and len(found) < MAX_PATH_PARTS:
        found += [path[:at], path[: at + 1]]
        at = path.find("/", at + 1)
    return [*found, path] if path.startswith("/") else []
