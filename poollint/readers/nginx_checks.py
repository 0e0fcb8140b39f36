"""What nginx refuses only when it has seen several statements together: zones, sockets, upstreams, targets."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN
from poollint.readers.nginx_addresses import SOCKET_OPTIONS, address_trouble
from poollint.readers.nginx_grammar import has_hole, parse_int, parse_size
from poollint.readers.nginx_targets import split_port, split_target, target_of
from poollint.readers.nginx_zones import MIN_ZONE
from poollint.source import Place

if TYPE_CHECKING:
    from poollint.readers.nginx_levels import Level, Statement
    from poollint.readers.nginx_walk import Walk

BACKUPLESS = frozenset(("ip_hash", "hash", "random"))  # balancing methods that know no backup servers
PART_FOLDERS = frozenset(
    ("conf.d", "sites-available", "sites-enabled", "snippets", "default.d", "includes", "templates")
)
PORT_WANTED = frozenset(("fastcgi_pass", "grpc_pass", "uwsgi_pass", "scgi_pass", "memcached_pass"))


def check_levels(walk: Walk) -> None:
    """Report what the levels of one configuration make nginx refuse, on the levels concerned."""
    zones = _Zones(walk)
    sockets = _Sockets(walk)
    for level in walk.levels:
        kind = level.kind
        if kind == "location":
            _location(level)
        elif kind in ("upstream", "stream_upstream"):
            _upstream(level, walk)
            zones.upstream(level)
        elif kind in ("server", "stream_server"):
            sockets.server(level)
            _server(level)
        if level.lists or level.own:
            zones.level(level)
            _duplicates(level)
    _same_locations(walk)
    zones.finish()
    sockets.finish()
    _main(walk)


def _main(walk: Walk) -> None:
    root = walk.levels[0]
    if not walk.whole or root.open_ended or walk.tree.templated or "events" in root.lists:
        return
    if not walk.tree.nodes:
        if posixpath.basename(posixpath.dirname(walk.source.path)) in PART_FOLDERS:
            return
        place = Place(walk.source, 0, 0)
    elif root.lists.get("http") or root.lists.get("stream"):
        place = (root.lists.get("http") or root.lists["stream"])[0].place
    else:
        return
    if walk.context.named:
        root.problem("missing-statement", place, values={"what": 'the configuration has no "events" section'})


def _location(level: Level) -> None:
    for name in ("proxy_pass", *PORT_WANTED):
        setting = level.own.get(name)
        if setting is not None and setting.place is not None:
            _handler(level, name, setting.raw, setting.place)


def _same_locations(walk: Walk) -> None:
    """Two locations with the same argument on one level; regular expressions may repeat."""
    seen: dict[tuple[int, str], Level] = {}
    for level in walk.levels:
        if level.kind != "location" or level.pseudo or level.zone or level.tree.shaky or not level.words:
            continue
        text = " ".join(level.words)
        if text.startswith("~") or has_hole(text):
            continue
        before = seen.setdefault((id(level.parent), text.removeprefix("^~ ")), level)
        if before is not level:
            values = {"name": "location", "what": f'location "{text}"'}
            related = ((before.place(), "written before here"),)
            level.problem("duplicate-directive", level.place(), setting="location", values=values, related=related)


def _server(level: Level) -> None:
    setting = level.own.get("proxy_pass") if level.kind == "stream_server" else None
    if setting is not None and setting.place is not None:
        _handler(level, "proxy_pass", setting.raw, setting.place)
    if level.kind == "stream_server" and not level.lists.get("listen") and not level.open_ended:
        what = "the server has no listen statement"
        level.problem("missing-statement", level.place(), values={"what": what})


def _duplicates(level: Level) -> None:
    """limit_conn or limit_req twice for one zone on one level."""
    for name in ("limit_conn", "limit_req"):
        statements = level.lists.get(name)
        if statements is None or len(statements) < 2:
            continue
        seen: dict[str, Statement] = {}
        for statement in statements:
            zone = next((arg for arg in statement.args if name == "limit_conn" or arg.startswith("zone=")), "")
            if zone in seen and not level.zone and not level.tree.templated:
                values = {"name": name, "what": f'{name} of the zone "{zone.removeprefix("zone=")}"'}
                related = ((seen[zone].place, "written before here"),)
                level.problem("duplicate-directive", statement.place, setting=name, values=values, related=related)
            seen.setdefault(zone, statement)


def _handler(level: Level, name: str, text: str, place: Place) -> None:
    """What nginx refuses in a target once it knows the upstreams."""
    if has_hole(text) or "$" in text or not text:
        return
    stream = level.kind == "stream_server"
    holder = level.above("stream" if stream else "http")
    _, host_port, path = split_target(text)
    host, port = split_port(host_port)
    groups = (holder.upstreams if holder is not None else None) or {}
    if not host_port.startswith("unix:"):
        if port and host.lower() in groups:
            without = text.replace(f"{host}:{port}", host, 1)
            values = {"name": name, "raw": text, "upstream": host, "port": port, "without": without}
            level.problem("upstream-name-with-port", place, setting=name, values=values)
        elif host.lower().endswith(".invalid"):
            level.problem("host-not-found", place, setting=name, values={"host": host, "name": name})
        elif not port and (stream or name in PORT_WANTED):
            found = target_of(text, level, holder)
            if found.kind in ("address", "hostname") and not address_trouble(host_port):
                values = {"name": name, "raw": text, "what": "the port is missing, and no upstream has this name"}
                level.problem("invalid-value", place, setting=name, values=values)
    if path and name == "proxy_pass" and not stream and _no_path_here(level):
        what = "no path may follow the address in a regular expression's or named location, in if and in limit_except"
        level.problem("invalid-value", place, setting=name, values={"name": name, "raw": text, "what": what})


def _no_path_here(level: Level) -> bool:
    if level.pseudo:
        return True
    first = level.words[0] if level.words else ""
    return level.node is not None and first.startswith(("@", "~"))


def _upstream(level: Level, walk: Walk) -> None:
    servers = level.lists.get("server", ())
    if not level.open_ended and level.node is not None:
        name = level.words[0] if level.words else ""
        if not servers:
            what = f'no servers are inside upstream "{name}"'
            level.problem("missing-statement", level.place(), values={"what": what})
        elif all("backup" in each.args[1:] for each in servers):
            what = f'every server of upstream "{name}" is a backup'
            level.problem("missing-statement", level.place(), values={"what": what})
    balancers = level.lists.get("balancers", ())
    for statement in servers:
        before = [each for each in balancers if each.order < statement.order]
        if "backup" in statement.args[1:] and before and before[-1].args[0] in BACKUPLESS and not level.zone:
            what = f'balancing by {before[-1].args[0]} does not support "backup"'
            values = {"name": "server", "raw": "backup", "what": what}
            level.problem("invalid-value", statement.place, setting="server", values=values)
        host = split_port(statement.args[0])[0] if statement.args else ""
        if host.lower().endswith(".invalid") and "resolve" not in statement.args:
            level.problem("host-not-found", statement.place, setting="server", values={"host": host, "name": "server"})
        if "resolve" in statement.args[1:] and (walk.target is None or walk.target >= (1, 27, 3)):
            _resolve(level, statement)


def _resolve(level: Level, statement: Statement) -> None:
    """``server … resolve`` needs shared memory and a resolver."""
    if level.open_ended or level.node is None:
        return
    missing = []
    if "zone" not in level.own:
        missing.append("zone")
    outer = level.parent
    seen = outer is not None and outer.node is not None and not outer.open_ended
    if "resolver" not in level.own and seen and outer is not None and "resolver" not in outer.own:
        missing.append("resolver")
    if missing:
        values = {"missing": " and ".join(missing), "upstream": level.words[0] if level.words else ""}
        level.problem("resolve-needs", statement.place, setting="server", values=values)


class _Zone:
    __slots__ = ("name", "place", "size", "use")

    def __init__(self, name: str, size: int, use: str, place: Place) -> None:
        self.name = name
        self.size = size
        self.use = use
        self.place = place


class _Zones:
    """Shared memory zones of one configuration: one name, one use, one size; used ones must be declared."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.declared: dict[str, _Zone] = {}
        self.wanted: list[tuple[str, str, Level, Place]] = []
        self.keys: dict[tuple[str, str], Place] = {}

    def level(self, level: Level) -> None:
        family = "stream" if level.kind.startswith("stream") else "http"
        for directive, uses in (("limit_conn_zone", "limit_conn"), ("limit_req_zone", "limit_req")):
            for statement in level.lists.get(directive, ()):
                self._limit_zone(level, statement, directive, f"{family} {uses}")
        for statement in level.lists.get("limit_conn", ()):
            if len(statement.args) == 2 and not has_hole(statement.args[0]):
                self.wanted.append((statement.args[0], f"{family} limit_conn", level, statement.place))
        for statement in level.lists.get("limit_req", ()):
            for arg in statement.args:
                if arg.startswith("zone=") and not has_hole(arg):
                    self.wanted.append((arg[5:], f"{family} limit_req", level, statement.place))
        cache = level.own.get("ssl_session_cache")
        if cache is not None and cache.place is not None:
            for word in cache.raw.split():
                if word.startswith("shared:") and not has_hole(word):
                    name, _, size = word[7:].partition(":")
                    self.declare(level, name, parse_size(size) or 0, f"{family} ssl_session_cache", cache.place)

    def _limit_zone(self, level: Level, statement: Statement, directive: str, use: str) -> None:
        for arg in statement.args[1:]:
            if not arg.startswith("zone=") or has_hole(arg):
                continue
            name, _, size = arg[5:].partition(":")
            before = self.keys.get((use, name))
            if before is not None and not level.zone and statement.place != before:
                values = {"name": directive, "what": f'the zone "{name}" of {directive}'}
                related = ((before, "declared before here"),)
                level.problem("duplicate-directive", statement.place, setting=directive, values=values, related=related)
                continue
            self.keys[use, name] = statement.place
            self.declare(level, name, parse_size(size) or 0, use, statement.place)

    def upstream(self, level: Level) -> None:
        zone = level.own.get("zone")
        if zone is None or zone.place is None or zone.value is UNKNOWN:
            return
        family = "stream" if level.kind.startswith("stream") else "http"
        words = zone.raw.split()
        if len(words) > 1:
            if not has_hole(words[1]):
                self.declare(level, words[0], parse_size(words[1]) or 0, f"{family} upstream", zone.place)
        elif words:
            self.wanted.append((words[0], f"{family} upstream", level, zone.place))

    def declare(self, level: Level, name: str, size: int, use: str, place: Place) -> None:
        before = self.declared.get(name)
        if before is None:
            if size >= MIN_ZONE:
                self.declared[name] = _Zone(name, size, use, place)
            return
        if size < MIN_ZONE or level.zone:
            return
        what = ""
        if before.use != use:
            what = f'the shared memory zone "{name}" is already declared for a different use'
        elif before.size != size:
            what = (
                f'the shared memory zone "{name}" has {size} bytes here and {before.size} where it was declared before'
            )
        if what:
            level.problem(
                "zone-conflict", place, values={"what": what, "zone": name}, related=((before.place, "declared here"),)
            )

    def finish(self) -> None:
        """Zones that are used and declared nowhere in a configuration that is wholly in sight."""
        for name, use, level, place in self.wanted:
            holder = level.above("stream" if use.startswith("stream") else "http")
            if holder is None or holder.node is None or holder.open_ended or name in self.declared:
                continue
            if any(key == name for _, key in self.keys):
                continue
            values = {"zone": name, "use": use.partition(" ")[2]}
            setting = "zone" if use.endswith("upstream") else values["use"]
            level.problem("zone-undeclared", place, setting=setting, values=values)


class _Sockets:
    """Listening sockets of one configuration."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.options: dict[tuple[str, str, bool], Statement] = {}
        self.defaults: dict[tuple[str, str, bool], Statement] = {}
        self.addresses: set[tuple[str, str, bool]] = set()
        self.bound: set[tuple[str, str, bool]] = set()
        self.certain = True
        self.servers: dict[tuple[str, str, bool], list[tuple[Level, Statement]]] = {}

    def server(self, level: Level) -> None:
        here: dict[tuple[str, str, bool], Statement] = {}
        statements = level.lists.get("listen", ())
        if level.open_ended:
            self.certain = False
        if not statements and level.kind == "server":
            self.addresses.add(("*", "80", False))
        for statement in statements:
            key = socket_key(statement, level)
            if key is None:
                self.certain = False
                continue
            self.addresses.add(key)
            self.servers.setdefault(key, []).append((level, statement))
            if level.zone:
                continue
            if key in here:
                what = f"a duplicate listen {key[0]}:{key[1]} in one server"
                self._conflict(level, statement, here[key], what)
                continue
            here[key] = statement
            self._options(level, statement, key)

    def _options(self, level: Level, statement: Statement, key: tuple[str, str, bool]) -> None:
        words = [arg.partition("=")[0] for arg in statement.args[1:]]
        if any(word in SOCKET_OPTIONS for word in words):
            self.bound.add(key)
            before = self.options.get(key)
            if before is not None and level.kind == "server":
                what = f"duplicate listen options for {key[0]}:{key[1]}"
                self._conflict(level, statement, before, what)
            self.options.setdefault(key, statement)
        if "default_server" in words or "default" in words:
            before = self.defaults.get(key)
            if before is not None and level.kind == "server":
                self._conflict(level, statement, before, f"a duplicate default server for {key[0]}:{key[1]}")
            self.defaults.setdefault(key, statement)

    @staticmethod
    def _conflict(level: Level, statement: Statement, before: Statement, what: str) -> None:
        related = ((before.place, "the first one"),)
        level.problem("conflicting-listen", statement.place, setting="listen", values={"what": what}, related=related)

    def finish(self) -> None:
        self._connections()
        for servers in self.servers.values():
            if any("ssl" in statement.args[1:] for _, statement in servers):
                self._certificate(servers)

    @staticmethod
    def _certificate(servers: list[tuple[Level, Statement]]) -> None:
        """The default server of an address and port that speaks TLS needs a certificate."""
        default, statement = next(
            ((level, each) for level, each in servers if "default_server" in each.args or "default" in each.args),
            servers[0],
        )
        http = default.parent
        if default.kind != "server" or http is None or http.node is None or http.open_ended:
            return
        hidden = any(level.open_ended or level.zone for level, _ in servers)
        given = any(
            name in level.lists for level in (default, http) for name in ("ssl_certificate", "ssl_reject_handshake")
        )
        if not hidden and not given:
            what = f"the default server of {statement.args[0]} has no ssl_certificate, but listens with ssl"
            default.problem("missing-statement", statement.place, setting="listen", values={"what": what})

    def _connections(self) -> None:
        """worker_connections must exceed the number of listening sockets."""
        events = next((level for level in self.walk.levels if level.kind == "events"), None)
        setting = events.own.get("worker_connections") if events is not None else None
        if events is None or setting is None or setting.place is None or not isinstance(setting.value, int):
            return
        wild = {(port, udp) for host, port, udp in self.addresses if host in ("*", "0.0.0.0")}  # noqa: S104
        sockets = {
            key
            for key in self.addresses
            if key in self.bound or key[0] in ("*", "0.0.0.0") or (key[1], key[2]) not in wild  # noqa: S104
        }
        if setting.value < len(sockets) + 1:
            values = {"count": len(sockets), "number": setting.value, "needed": len(sockets) + 1}
            events.problem("too-few-connections", setting.place, setting="worker_connections", values=values)


def socket_key(statement: Statement, level: Level) -> tuple[str, str, bool] | None:
    """Address, port and whether it is UDP; None when a template or a host name hides it."""
    text = statement.args[0] if statement.args else ""
    if not text or has_hole(text):
        return None
    udp = "udp" in statement.args or "quic" in statement.args
    if text.startswith("unix:"):
        return text, "", udp
    if text.isdigit():
        return "*", str(int(text[:9])), udp
    host, port = split_port(text)
    if port and parse_int(port) is None:
        return None
    host = "*" if host == "0.0.0.0" else host.lower()  # noqa: S104
    return host, port or "80", udp and level.kind != "http"
