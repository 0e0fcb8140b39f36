"""nginx: the levels of a configuration as blocks, with inheritance and with what each location really does.

Scalars are inherited from the nearest level that sets them, statements that add up (proxy_set_header) from the nearest
level that has any, handlers (proxy_pass) not at all but for ``if`` and ``limit_except``. Where a level is not wholly in
sight, what it does not say is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, Block, Setting
from poollint.readers.base import Reading
from poollint.readers.nginx_checks import check_levels
from poollint.readers.nginx_facts import Balancer, Header, LimitConn, LimitZone, Listen, Server
from poollint.readers.nginx_grammar import has_hole, parse_int, parse_size
from poollint.readers.nginx_targets import host_kind, split_port, target_of
from poollint.readers.nginx_unseen import unseen_spec
from poollint.readers.nginx_walk import Walk
from poollint.source import Place

if TYPE_CHECKING:
    from poollint.knowledge.catalogue import KindSpec
    from poollint.readers.base import ReadContext
    from poollint.readers.nginx_levels import Level, Statement
    from poollint.source import Source

HANDLERS = ("proxy_pass", "fastcgi_pass", "grpc_pass", "uwsgi_pass", "scgi_pass", "memcached_pass")
PARAMS = (
    ("grpc_headers", "grpc_set_header"),
    ("fastcgi_params", "fastcgi_param"),
    ("uwsgi_params", "uwsgi_param"),
    ("scgi_params", "scgi_param"),
)
# Handlers whose connections can be kept for the next request.
NOTHING: dict[str, Any] = {}


def read(source: Source, context: ReadContext) -> Reading:
    """The blocks of one main file or snippet, its includes spliced in."""
    walk = Walk(source, context)
    walk.run()
    return _Blocks(walk).reading()


class Array:
    """The statements of one array directive that are in force on a level."""

    __slots__ = ("entries", "level", "lost", "statements", "uncertain")

    def __init__(self, level: Level | None, entries: dict[str, Header], lost: dict[str, Header]) -> None:
        self.level = level
        self.entries = entries
        self.lost = lost
        self.statements: list[Header] = []
        self.uncertain = False


class _Blocks:
    """Makes blocks of levels; parents come before their children."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.kinds = walk.context.catalogue.kinds
        self.target = walk.target
        self.blocks: list[Block] = []
        self.arrays: dict[tuple[int, str], Array] = {}
        self.main: Block | None = None
        self.silent: Block | None = None  # the http level of a snippet that writes nothing on it
        self.inheritable = {kind: _inheritable(spec) for kind, spec in self.kinds.items()}

    def reading(self) -> Reading:
        levels = self.walk.levels
        for level in levels:
            if level.kind in self.kinds and self._matters(level):
                self._make(level)
        for level in levels:
            if level.block is not None:
                self._fill(level, level.block)
        for level in levels:
            if level.block is not None and level.kind in ("location", "stream_server"):
                self._route(level, level.block)
        check_levels(self.walk)
        problems = self.walk.problems
        for level in levels:
            if level.problems:
                if level.block is None or level.block is self.silent:
                    problems += level.problems
                else:
                    level.block.problems += level.problems
        return Reading(self.blocks, problems, self.walk.included)

    def _matters(self, level: Level) -> bool:
        """Whether the level can be the subject of a rule; locations that say nothing of ours cannot."""
        if level.kind == "location":
            return bool(level.own or level.lists or level.pseudo or level.problems)
        return True

    def _make(self, level: Level) -> None:
        spec = self.kinds[level.kind]
        if level.open_ended:
            spec = unseen_spec(spec, outer_only=False)
        elif _outer_unseen(level):
            spec = unseen_spec(spec, outer_only=True)
        name = " ".join(level.words)
        if level.kind in ("server", "stream_server"):
            name = _server_name(level)
        block = Block("nginx", level.kind, name, level.place(), spec=spec, path=_path(level, name), target=self.target)
        level.block = block
        if level.node is None and level.kind in ("http", "stream") and not level.own and not level.lists:
            self.silent = block
        else:
            self.blocks.append(block)
        block.settings = self._settings(level)
        if level.kind == "main":
            self.main = block

    # Settings

    def _settings(self, level: Level) -> dict[str, Setting]:
        base = self._received(level)
        if not level.own:
            return base
        return {**base, **level.own} if base else level.own

    def _received(self, level: Level) -> dict[str, Setting]:
        """What the outer levels hand down; nothing when this level may say otherwise out of sight."""
        parent = level.parent
        if parent is None or level.open_ended:
            return NOTHING
        base = self._handed(parent)
        if level.kind in ("upstream", "stream_upstream"):
            return {name: base[name] for name in RESOLVING if name in base}
        if level.pseudo:
            handlers = {name: parent.own[name].inherited() for name in HANDLERS if name in parent.own}
            if handlers and not any(name in level.own for name in HANDLERS):
                base = {**base, **handlers}
        return base

    def _handed(self, level: Level) -> dict[str, Setting]:
        """What a level hands down to those within; made once, shared by all of them."""
        if level.handed is None:
            base = self._received(level) if level.kind in ("server", "location", "stream_server") else NOTHING
            child = {"http": "server", "stream": "stream_server"}.get(level.kind, "location")
            names = self.inheritable.get(child, frozenset()) if level.kind in _PARENTS else frozenset()
            if level.kind == "server":
                base = {name: setting for name, setting in base.items() if name in names}
            own = {name: setting.inherited() for name, setting in level.own.items() if name in names}
            level.handed = {**base, **own} if own else base
        return level.handed

    # Facts

    def _fill(self, level: Level, block: Block) -> None:
        kind = level.kind
        links = block.links
        if self.main is not None and kind not in ("main", "upstream", "stream_upstream"):
            links["main"] = self.main
        block.facts["complete"] = not level.open_ended and not _outer_unseen(level)
        if kind in ("main", "events"):
            self._fill_main(level, block)
        elif kind in ("http", "stream"):
            self._fill_http(level, block)
        elif kind in ("upstream", "stream_upstream"):
            self._fill_upstream(level, block)
        elif kind in ("server", "stream_server"):
            self._fill_server(level, block)
        elif kind == "location":
            self._fill_location(level, block)

    def _fill_main(self, level: Level, block: Block) -> None:
        if level.kind == "main":
            block.facts["levels"] = ("main",)
        elif level.parent is not None and level.parent.block is not None:
            level.parent.block.links["events"] = block

    def _fill_http(self, level: Level, block: Block) -> None:
        links = block.links
        facts = block.facts
        facts["written"] = level.node is not None
        facts["upstreams"] = {name: each.block for name, each in (level.upstreams or {}).items()}
        facts["maps"] = level.maps or {}
        facts["limit_conn_zones"] = {
            name: LimitZone(key, size, place) for key, name, size, place in limit_zones(level, "limit_conn_zone")
        }
        facts["limit_conns"] = _limit_conns(level)
        links["upstreams"] = [each.block for each in (level.upstreams or {}).values()]
        if level.kind == "http":
            links["servers"] = []
            facts["headers"] = self._array(level, "proxy_set_header").entries
        if self.main is not None:
            self.main.links.setdefault(level.kind, block)

    def _fill_server(self, level: Level, block: Block) -> None:
        parent = level.parent.block if level.parent is not None else None
        if parent is not None:
            block.links["outer"] = parent
            block.links["http" if level.kind == "server" else "stream"] = parent
            if level.kind == "server":
                parent.links["servers"].append(block)
        block.facts["listens"] = [_listen(each) for each in level.lists.get("listen", ())]
        block.facts["limit_conns"] = _limit_conns(level)
        if level.kind == "server":
            block.links["locations"] = []
            block.facts["names"] = tuple(_words_of(level, "server_name"))
            block.facts["headers"] = self._array(level, "proxy_set_header").entries

    def _fill_upstream(self, level: Level, block: Block) -> None:
        facts, lists = block.facts, level.lists
        in_stream = level.kind == "stream_upstream"
        if level.parent is not None and level.parent.block is not None:
            block.links["stream" if in_stream else "http"] = level.parent.block
        servers = [_server(each) for each in lists.get("server", ())]
        keepalive = level.own.get("keepalive")
        statement = lists["keepalive"][0] if keepalive is not None and not in_stream else None
        balancers = [Balancer(each.args[0], each.place, each.order) for each in lists.get("balancers", ())]
        number = None if keepalive is None or in_stream else keepalive.value
        if number is None and level.open_ended and not in_stream:
            number = UNKNOWN
        facts.update(
            servers=servers,
            peers=sum("down" not in each.params and "backup" not in each.params for each in servers),
            keepalive=number,
            keepalive_local=statement is not None and "local" in statement.args[1:],
            keepalive_index=statement.order if statement is not None else None,
            balancer=balancers[-1].name if balancers else "",
            balancer_statements=balancers,
            has_zone="zone" in level.own,
            pooled=_pooled(number, in_stream=in_stream),
            users=[],
            in_stream=in_stream,
        )

    def _fill_location(self, level: Level, block: Block) -> None:
        facts, links = block.facts, block.links
        server = level.above("server")
        http = level.above("http")
        outer = level.parent
        while outer is not None and outer.block is None:
            outer = outer.parent
        if outer is not None and outer.block is not None:
            links["outer"] = outer.block
        if http is not None and http.block is not None:
            links["http"] = http.block
        if server is not None and server.block is not None:
            links["server"] = server.block
            server.block.links["locations"].append(block)
        facts["match"] = "" if level.pseudo else " ".join(level.words)
        facts["pseudo"] = level.pseudo
        headers = self._array(level, "proxy_set_header")
        facts["headers"] = headers.entries
        facts["connection"] = _connection(headers)
        if headers.level is not None:
            facts["header_list"] = headers.statements
            facts["header_level"] = headers.level.block
            if headers.lost:
                facts["lost_headers"] = headers.lost
        for fact, directive in PARAMS:
            found = self._array(level, directive)
            if found.level is not None:
                facts[fact] = found.entries
        version = block.get("proxy_http_version")
        written = version is not None and version.origin != "default"
        facts["http_version"] = version.value if written and version is not None else None
        if "limit_conn" in level.lists:
            facts["limit_conns"] = _limit_conns(level)
            facts["lost_limit_conns"] = _lost_limit_conns(level)

    def _array(self, level: Level, name: str) -> Array:
        """The array that is in force on a level; made once per level that writes any."""
        holder: Level | None = level
        uncertain = False
        while holder is not None and name not in holder.lists:
            uncertain = uncertain or holder.open_ended
            holder = holder.parent if holder.kind in _INNER else None
        if holder is None:
            return _UNCERTAIN if uncertain or _outer_unseen(level) else _EMPTY
        if uncertain:
            return _UNCERTAIN
        found = self.arrays.get((id(holder), name))
        if found is None:
            found = self.arrays[id(holder), name] = self._array_of(holder, name)
        return found

    def _array_of(self, holder: Level, name: str) -> Array:
        entries: dict[str, Header] = {}
        statements: list[Header] = []
        for statement in holder.lists[name]:
            if len(statement.args) < 2:
                continue
            key, value = statement.args[0], statement.args[1]
            known: object = UNKNOWN if has_hole(value) and not _plain_variable(value) else value
            header = Header(key, known, statement.place, holder.block)
            entries[key.lower()] = header
            statements.append(header)
        lost: dict[str, Header] = {}
        if holder.parent is not None and holder.kind in _INNER:
            outer = self._array(holder.parent, name)
            lost = {key: header for key, header in {**outer.lost, **outer.entries}.items() if key not in entries}
        array = Array(holder, entries, lost)
        array.statements = statements
        array.uncertain = holder.open_ended
        return array

    # Targets

    def _route(self, level: Level, block: Block) -> None:
        """Who handles the requests of a location, and the upstream that they go to."""
        facts = block.facts
        setting = _handler(level, block)
        if setting is None:
            facts.update(handler="", handler_place=None, target="", target_kind="", target_host="", target_port=None)
            if level.kind == "location":
                facts["scheme"] = ""
            return
        source = setting.key_place.source if setting.key_place is not None else level.tree.source
        start = setting.key_place.start if setting.key_place is not None else 0
        facts["handler"] = setting.name
        facts["handler_place"] = Place(source, start, setting.place.end if setting.place is not None else start)
        text = setting.raw
        found = target_of(text, level, level.above("stream" if level.kind == "stream_server" else "http"))
        facts["target"] = text
        facts["target_kind"] = found.kind
        facts["target_host"] = found.host
        facts["target_port"] = found.port
        facts["target_names"] = found.names
        if level.kind == "location":
            facts["scheme"] = found.scheme
        for group in found.groups:
            if group.block is not None:
                block.links.setdefault("upstream", group.block)
                group.block.facts["users"].append(block)


# what an upstream takes over from the level around it; its other settings only share their names with that level's
RESOLVING = ("resolver", "resolver_timeout")
_PARENTS = frozenset(("http", "server", "location", "stream"))
_INNER = frozenset(("server", "location", "stream_server", "server_if"))
_EMPTY = Array(None, {}, {})
_UNCERTAIN = Array(None, {}, {})
_UNCERTAIN.uncertain = True


def _inheritable(spec: KindSpec) -> frozenset[str]:
    return frozenset(name for name, each in spec.settings.items() if each.raw.get("inherit") != "none")


def _outer_unseen(level: Level) -> bool:
    """Whether a level further out, which may set something for this one, is not wholly in sight."""
    if level.kind in ("main", "events", "http", "stream", "upstream", "stream_upstream"):
        return False
    outer = level.parent
    while outer is not None and outer.kind not in ("main", "other"):
        if outer.open_ended:
            return True
        if outer.parent is None and outer.kind not in ("http", "stream"):
            return True
        outer = outer.parent
    return level.parent is None


def _path(level: Level, name: str) -> str:
    """``http.server example.org.location /``: the key path of a level."""
    parts = [f"{level.pseudo or level.kind} {name}" if name else level.pseudo or level.kind]
    parent = level.parent
    while parent is not None and parent.kind != "main":
        if parent.block is not None:
            parts.append(parent.block.path)
            break
        parts.append(" ".join((parent.kind, *parent.words)))
        parent = parent.parent
    return ".".join(reversed(parts))


def _server_name(level: Level) -> str:
    names = _words_of(level, "server_name")
    if names:
        return names[0]
    listens = level.lists.get("listen", ())
    return listens[0].args[0] if listens and listens[0].args else ""


def _words_of(level: Level, name: str) -> list[str]:
    return [word for statement in level.lists.get(name, ()) for word in statement.args]


def _listen(statement: Statement) -> Listen:
    args = statement.args
    text = args[0] if args else ""
    if has_hole(text):
        return Listen(text, UNKNOWN, tuple(args[1:]), statement.place)
    if text.startswith("unix:"):
        return Listen(text, None, tuple(args[1:]), statement.place)
    if text.isdigit():
        return Listen("*", int(text[:9]), tuple(args[1:]), statement.place)
    host, port = split_port(text)
    return Listen(host, parse_int(port) if port else 80, tuple(args[1:]), statement.place)


def _server(statement: Statement) -> Server:
    args = statement.args
    address = args[0] if args else ""
    params = {}
    for arg in args[1:]:
        name, _, text = arg.partition("=")
        params[name] = text
    if has_hole(address) or "$" in address:
        return Server(address, address, None, params, statement.place, "unknown")
    if address.startswith("unix:"):
        return Server(address, address, None, params, statement.place, "unix")
    host, port = split_port(address)
    kind = "ip" if host_kind(host) == "address" else "hostname"
    return Server(address, host, parse_int(port), params, statement.place, kind)


def _pooled(number: Any, *, in_stream: bool) -> Any:
    """Whether the group keeps idle connections: by a directive, or only by the defaults of 1.29.7."""
    if in_stream:
        return False
    if number is UNKNOWN:
        return UNKNOWN
    if number is None:
        return "new"
    return bool(number > 0)


def _limit_conns(level: Level) -> tuple[LimitConn, ...]:
    found = level.lists.get("limit_conn")
    if not found:
        return ()
    return tuple(LimitConn(each.args[0], _count(each.args[1]), each.place) for each in found if len(each.args) == 2)


def _count(text: str) -> object:
    number = parse_int(text)
    return UNKNOWN if number is None else number


def _lost_limit_conns(level: Level) -> tuple[LimitConn, ...]:
    """The limits of the nearest outer level that has any, as far as their zones are not counted here."""
    outer = level.parent
    while outer is not None and not outer.lists.get("limit_conn"):
        outer = outer.parent
    if outer is None:
        return ()
    here = {each.zone for each in _limit_conns(level)}
    return tuple(each for each in _limit_conns(outer) if each.zone not in here)


def limit_zones(level: Level, directive: str) -> list[tuple[str, str, object, Place]]:
    """(key, name, size, place) of the zones that limit_conn_zone or limit_req_zone statements declare."""
    found: list[tuple[str, str, object, Place]] = []
    for statement in level.lists.get(directive, ()):
        for arg in statement.args[1:]:
            if arg.startswith("zone="):
                name, _, size = arg[5:].partition(":")
                parsed = parse_size(size)
                found.append((statement.args[0], name, UNKNOWN if parsed is None else parsed, statement.place))
    return found


def _plain_variable(value: str) -> bool:
    """``${name}`` of nginx itself, in lower case, is a variable and no placeholder."""
    return (
        "\ue000" not in value
        and not any(mark in value for mark in ("@", "%", "#{", "[[", "__"))
        and value == value.lower()
    )


def _connection(headers: Array) -> object:
    header = headers.entries.get("connection")
    if header is not None:
        return header.value.lower() if isinstance(header.value, str) else header.value
    return UNKNOWN if headers.uncertain else None


def _handler(level: Level, block: Block) -> Setting | None:
    names = HANDLERS if level.kind == "location" else ("proxy_pass",)
    for name in names:
        setting = level.own.get(name) or (block.settings.get(name) if level.pseudo else None)
        if setting is not None:
            return setting
    return None
