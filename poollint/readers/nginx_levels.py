"""The levels of an nginx configuration as written: what stands between two braces, or in a whole file.

Here nothing is inherited yet: ``nginx`` makes blocks of the levels afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import Problem, Setting
from poollint.readers.nginx_names import HTTP_BLOCKS, MAIN_NAMES, SERVER_NAMES
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block
    from poollint.formats.nginx_conf import Node, Tree

PSEUDO = frozenset(("if", "limit_except"))
# Statements of one level that add up; what nginx makes of them is computed from all of them together.
LISTED = frozenset(
    ("proxy_set_header", "grpc_set_header", "limit_conn", "limit_req", "listen", "server", "limit_conn_zone")
) | {"limit_req_zone", "fastcgi_param", "uwsgi_param", "scgi_param"}
# Statements outside the family that say something about those inside it.
KEPT = frozenset(("server_name", "ssl_certificate", "ssl_reject_handshake"))
# Scalars that nginx lets stand twice on one level.
REPEATABLE = frozenset(
    "zone least_conn ip_hash hash random least_time sticky ssl_session_cache keepalive_disable mirror".split()
)
BALANCERS = ("least_conn", "ip_hash", "hash", "random", "least_time")


class Statement(NamedTuple):
    """A statement of a kind that adds up: its arguments and where it is; ``order`` counts on its level."""

    args: list[str]
    place: Place
    order: int


class Level:
    """One level as written. ``kind`` is a kind of block; ``open_ended`` when not all of it is in sight."""

    __slots__ = (
        "block",
        "count",
        "depth",
        "handed",
        "kind",
        "lists",
        "maps",
        "node",
        "open_ended",
        "own",
        "parent",
        "problems",
        "pseudo",
        "sets",
        "tree",
        "upstreams",
        "words",
        "zone",
    )

    def __init__(self, kind: str, tree: Tree, node: Node | None, parent: Level | None) -> None:
        self.kind = kind
        self.tree = tree
        self.node = node
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent is not None else 0
        self.pseudo = ""
        self.words: list[str] = []
        self.own: dict[str, Setting] = {}
        self.lists: dict[str, list[Statement]] = {}
        self.count = 0
        self.open_ended = False
        self.zone = node.zone if node is not None else 0
        self.problems: list[Problem] | None = None
        self.block: Block | None = None
        self.handed: dict[str, Setting] | None = None
        self.upstreams: dict[str, Level] | None = None
        self.maps: dict[str, Any] | None = None
        self.sets: dict[str, list[str]] | None = None

    def problem(self, kind: str, place: Place, **more: Any) -> None:
        if self.problems is None:
            self.problems = []
        self.problems.append(Problem(kind, place, **more))

    def above(self, kind: str) -> Level | None:
        """The nearest level of a kind, itself included."""
        level: Level | None = self
        while level is not None and level.kind != kind:
            level = level.parent
        return level

    def place(self) -> Place:
        """The head of the block: its name and arguments."""
        if self.node is None:
            return Place(self.tree.source, 0, 0)
        return Place(self.tree.source, self.node.start, self.node.end)

    def __repr__(self) -> str:
        return f"Level({self.kind} {' '.join(self.words)})"


class Frame:
    """Statements still to be walked on a level."""

    __slots__ = ("level", "nodes", "path", "tree")

    def __init__(self, level: Level, tree: Tree, nodes: Iterator[Node], path: str) -> None:
        self.level = level
        self.tree = tree
        self.nodes = nodes
        self.path = path


TITLES = {
    "main": "the main level",
    "if": "an if inside location",
    "server_if": "an if inside server",
    "stream_server": "a server of stream",
    "stream_upstream": "an upstream of stream",
}


def listing(levels: frozenset[str]) -> str:
    order = ("main", "events", "http", "server", "location", "if", "limit_except", "upstream")
    rest = ("stream", "stream_server", "stream_upstream", "mail")
    names = [TITLES.get(each, each) for each in (*order, *rest) if each in levels and each not in ("mail", "if")]
    return ", ".join(names)


def root_kind(tree: Tree) -> str:
    """The level that a file's first level is: main, or what the statements of a snippet belong to."""
    names = {node.name for node in tree.nodes}
    blocks = {node.name for node in tree.nodes if node.children is not None}
    if names & MAIN_NAMES:
        return "main"
    if blocks & HTTP_BLOCKS:
        return "stream" if _is_stream(tree) else "http"
    if names & {"limit_conn_zone", "limit_req_zone", "log_format", "proxy_cache_path", "fastcgi_cache_path"}:
        return "http"
    if names & SERVER_NAMES:
        return "server"
    if "server" in names or names & {"keepalive", "least_conn", "ip_hash"}:
        return "upstream"
    if not names and not tree.templated:
        return "main" if not tree.source.text.strip() else "location"
    return "location"


def _is_stream(tree: Tree) -> bool:
    """Whether the servers of a snippet pass connections on, not requests."""
    verdict = False
    for node in tree.nodes:
        if node.name == "server" and node.children is not None:
            names = {child.name for child in node.children}
            if names & {"location", "server_name", "root", "return", "ssl_certificate", "include", "error_page"}:
                return False
            verdict = verdict or "proxy_pass" in names
    return verdict
