"""pgbouncer.ini as blocks: [pgbouncer] (main), the entries of [databases], [users] and [peers], and the auth_file.

Includes are followed as the program follows them: the text stands where the line stands, relative paths start at the
working directory of the process. What the program forgets (settings before a second [pgbouncer], entries that a later
line replaces) is not in the blocks.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, Block, Edit, Fix, Problem, Setting
from poollint.files import FileError
from poollint.formats.pgbouncer_ini import Entry, Error, Include, Section, Template, parse
from poollint.readers import pgbouncer_auth_file
from poollint.readers.base import ReadContext, Reading
from poollint.readers.pgbouncer_connstr import EntryReader, suggest
from poollint.readers.pgbouncer_settings import decode, is_newer, is_template, known_from
from poollint.readers.repairs import comment_above
from poollint.source import Place, Source, bytes_of

if TYPE_CHECKING:
    from poollint.blocks import Origin
    from poollint.formats.pgbouncer_ini import Node

MAX_INCLUDE_DEPTH = 10
MAX_INCLUDES = 200
MAX_PROBLEMS = 200
MAX_DATABASE_BYTES = 63
SECTIONS = {"databases": "database", "users": "user", "peers": "peer"}
SECTION_SINCE = {"peers": (1, 19)}
BELONGS_ELSEWHERE = {
    "pool_size": "in [pgbouncer] it is called default_pool_size; pool_size belongs to an entry of [databases]",
    "reserve_pool": "in [pgbouncer] it is called reserve_pool_size",
    "host": "it belongs to an entry of [databases]",
    "port": "the listening port is listen_port; port belongs to an entry of [databases]",
    "dbname": "it belongs to an entry of [databases]",
    "database": "databases stand in [databases]",
    "password": "secrets stand in auth_file",
    "connect_query": "it belongs to an entry of [databases]",
    "server_connect_query": "an entry of [databases] has connect_query",
    "load_balance_hosts": "it belongs to an entry of [databases]",
    "client_encoding": "it belongs to an entry of [databases]",
    "max_connections": "the limit of clients is max_client_conn",
    "max_client_connections": "did you mean max_client_conn?",
    "server_connection_timeout": "did you mean server_connect_timeout?",
    "sslmode": "the two sides have server_tls_sslmode and client_tls_sslmode",
    "service_name": "it exists on Windows only; elsewhere the setting is job_name",
}
#: faults of values with which the program runs: to correct them changes what it does
CHANGES_WHAT_RUNS = ("quoted-kept", "inline-comment-kept", "socket-mode-decimal")
_LITERAL = re.compile(r"""["'*?\[~]|^=|\s[;#]""")
_TRAILING_BLANKS = " \t\r\n\v\f"


def read(source: Source, context: ReadContext) -> Reading:
    """The blocks of one configuration; never raises."""
    return _Reader(source, context).read()


class _Reader:
    """One configuration being read: the open section, the blocks so far."""

    def __init__(self, source: Source, context: ReadContext) -> None:
        self.source = source
        self.context = context
        self.target = context.target
        self.reading = Reading()
        self.section: str | None = None
        self.section_place: Place | None = None
        self.main = self._block("main", "", Place(source, 0, 0), path="pgbouncer")
        self.main_headers: list[Place] = []
        self.resets: list[tuple[Place, Place, dict[str, Setting]]] = []
        self.homeless = self.headless = False
        self.entries: dict[str, dict[str, Block]] = {"database": {}, "user": {}, "peer": {}}
        self.complete = True
        self.templated = False
        self.control = False
        self.stopped = False
        self.includes = 0
        self.grammar_problems = 0
        self.leak: tuple[Place, str | None, str | None] | None = None
        self.base = str(context.config.get("include_base") or posixpath.dirname(source.path))
        self.lacks = tuple(str(word).lower() for word in context.config.get("lacks") or ())

    def _block(self, kind: str, name: str, place: Place, *, path: str | None = None) -> Block:
        spec = self.context.catalogue.kind(kind)
        return Block("pgbouncer", kind, name, place, spec=spec, path=path, target=self.target)

    def problem(self, kind: str, place: Place, **more: Any) -> None:
        """A problem that belongs to no block; a hostile file does not fill the memory with them."""
        if self.grammar_problems < MAX_PROBLEMS:
            self.grammar_problems += 1
            self.reading.problems.append(Problem(kind, place, **more))

    # The file and its includes

    def read(self) -> Reading:
        self._walk(self.source, 0)
        self._finish()
        return self.reading

    def _walk(self, source: Source, depth: int) -> None:
        tree = parse(source)
        if any(isinstance(node, Template) for node in tree.nodes):
            self.templated, self.complete = True, False
            self.control = self.control or any(isinstance(node, Template) and node.control for node in tree.nodes)
        if tree.nul >= 0:
            rest = source.text[tree.nul :].strip("\0" + _TRAILING_BLANKS)
            if rest:
                self.problem("line-nul", Place(source, tree.nul, tree.nul + 1))
        elif "\r" in source.text and "\n" not in source.text:
            self.problem("line-cr", Place(source, source.text.index("\r"), source.text.index("\r") + 1))
        previous: Node | None = None
        for node in tree.nodes:
            if self.stopped:
                return
            self._node(node, previous, source, depth)
            previous = node

    def _node(self, node: Node, previous: Node | None, source: Source, depth: int) -> None:
        if isinstance(node, Entry):
            self._entry(node, source)
        elif isinstance(node, Section):
            self._section(node, source)
        elif isinstance(node, Include):
            self._include(node, source, depth)
        elif isinstance(node, Error) and not self.templated:
            self._error(node, previous, source)

    def _error(self, node: Error, previous: Node | None, source: Source) -> None:
        place = Place(source, node.start, node.end)
        text = source.text[node.start : node.end]
        kind, fix = node.kind, None
        if kind in ("section", "bom"):
            self.headless = True
        if kind == "section":
            self.section = self.section_place = None
            self.homeless = True
        before = previous.value if isinstance(previous, Entry) else ""
        start = source.text.rfind("\n", 0, node.start) + 1
        if kind == "bom":
            fix = Fix("remove the byte order mark", (Edit(place, ""),))
        elif kind == "comment-marker":
            fix = Fix("make it a ; comment", (Edit(Place(source, node.start, node.start + 2), ";"),))
        elif kind == "colon":
            fix = self._colon_fix(node, source)
        elif kind in ("no-equals", "character") and (before[-1:] in ("\\", ",") or node.start > start) and before:
            kind = "continuation"
        self.problem(f"line-{kind}", place, values={"text": text.partition("=")[0].rstrip()[:60]}, fix=fix)

    def _colon_fix(self, node: Error, source: Source) -> Fix | None:
        key, _, value = source.text[node.start : node.end].partition(":")
        known = self.context.catalogue.kind("main").settings
        if self.section != "pgbouncer" or key.strip() not in known:
            return None
        colon = node.start + len(key)
        return Fix("write =", (Edit(Place(source, colon, colon + 1), " =" if value[:1] in " \t" else " = "),))

    def _include(self, node: Include, source: Source, depth: int) -> None:
        place = Place(source, node.path_start, node.end) if node.path else Place(source, node.start, node.end)
        self.includes += 1
        if is_template(node.path) or self.includes > MAX_INCLUDES:
            self.complete = False
        elif depth >= MAX_INCLUDE_DEPTH:
            self.problem("include-too-deep", place, values={"path": node.path})
            self.stopped, self.complete = True, False
        else:
            self._follow(node.path, place, depth)

    def _follow(self, path: str, place: Place, depth: int) -> None:
        """Read the included file where the program would find it, or tell why it would not."""
        for candidate in self._candidates(path):
            try:
                found = self.context.files.load(candidate)
            except FileError as error:
                if error.kind == "missing":
                    continue
                if error.kind == "directory":
                    self.problem("include-directory", place, values={"path": path})
                else:
                    self.complete = False
                return
            if not path.startswith("/") and not self.context.config.get("include_base"):
                self.problem("include-relative", place, values={"path": path})
            self.reading.included[candidate] = found
            before, header = self.section, self.section_place
            self._walk(found, depth + 1)
            if self.section != before and self.section_place is not header:
                self.leak = (place, before, self.section)
            return
        self._not_found(path, place)

    def _not_found(self, path: str, place: Place) -> None:
        self.complete = False
        if _LITERAL.search(path):
            fix = None
            if path[:1] in "'\"" and path[-1:] == path[:1] and len(path) > 2:
                fix = Fix("remove the quotes", (Edit(place, path[1:-1]),))
            self.problem("include-literal", place, values={"path": path}, fix=fix)
        elif self._surely_missing(path):
            self.problem("include-missing", place, values={"path": path, "base": self.base or "the working directory"})

    def _candidates(self, path: str) -> list[str]:
        if path.startswith("/") or not path:
            return [path] if path else []
        if self.context.config.get("include_base"):
            return [posixpath.join(self.base, path)]
        return list(dict.fromkeys((posixpath.join(self.base, path), path)))

    def _surely_missing(self, path: str) -> bool:
        """Whether a file that is not here is not there either: a relative path, or one beside the checked file."""
        if not path.startswith("/"):
            return True
        if path.startswith("/nonexistent/"):
            return True  # the name that Debian's policy reserves for what must not exist
        here = posixpath.dirname(self.source.path)
        return here.startswith("/") and posixpath.dirname(path) == here

    # Sections

    def _section(self, node: Section, source: Source) -> None:
        place = Place(source, node.start, node.end)
        self.leak = None
        self.section, self.section_place = node.name, place
        if node.name == "pgbouncer":
            self._main_header(place)
        elif node.name in SECTIONS:
            since = SECTION_SINCE.get(node.name)
            if is_newer(since, self.target):
                self.problem("newer-section", place, values={"section": node.name, "since": "1.19"})
        elif is_template(node.name) or self.templated:
            self.complete = False
        else:
            self._unknown_section(node, place)

    def _unknown_section(self, node: Section, place: Place) -> None:
        self.headless = True
        folded = node.name.strip().lower()
        meant = {"database": "databases", "user": "users", "peer": "peers"}.get(folded, folded)
        fix, hint = None, ""
        if meant in ("pgbouncer", *SECTIONS):
            fix = Fix(f"write [{meant}]", (Edit(place, f"[{meant}]"),))
            hint = f"; [{meant}] is meant?"
        self.problem("unknown-section", place, values={"name": node.name[:60], "hint": hint}, fix=fix)

    def _main_header(self, place: Place) -> None:
        if self.main_headers and not self.control:
            lost = {name: setting for name, setting in self.main.settings.items() if not _sticky(setting)}
            self.resets.append((place, self.main_headers[-1], lost))
            self.main.settings = {name: self.main.settings[name] for name in self.main.settings if name not in lost}
        if not self.main_headers:
            self.main.place = place
        self.main_headers.append(place)

    def _report_resets(self) -> None:
        """Further [pgbouncer] headers, where they lost a setting that is not written again with the same value."""
        for place, header, settings in self.resets:
            final = self.main.settings
            lost = [each.key for name, each in settings.items() if name not in final or final[name].raw != each.raw]
            if lost:
                more = f" and {len(lost) - 4} more" if len(lost) > 4 else ""
                related = ((header, "the settings of this section are forgotten"),)
                values = {"lost": ", ".join(lost[:4]) + more}
                self.problem("repeated-main-section", place, values=values, related=related)

    # Entries

    def _entry(self, node: Entry, source: Source) -> None:
        key_place = Place(source, node.key_start, node.key_end)
        if node.quoted and is_newer((1, 25), self.target):
            self.problem("newer-quoted-key", key_place, values={"key": node.key[:60]})
        if self.leak is not None and self.section is not None:
            self._leaked(node, key_place)
        if self.section is None:
            if not self.homeless and not self.templated and not self._is_fragment():
                self.homeless = True
                self.problem("value-before-section", key_place, values={"key": node.key[:60]})
        elif self.section == "pgbouncer":
            self._main_entry(node, key_place, source)
        elif self.section in SECTIONS:
            self._named_entry(node, key_place, source)

    def _leaked(self, node: Entry, place: Place) -> None:
        assert self.leak is not None
        include, before, now = self.leak
        self.leak = None
        if before is None or now is None or before == now:
            return
        related = ((include, f"the included file leaves [{now[:60]}] open"),)
        values = {"key": node.key[:60], "before": before, "now": now[:60]}
        self.problem("include-leak", place, values=values, related=related)

    def _main_entry(self, node: Entry, key_place: Place, source: Source) -> None:
        kind = self.context.catalogue.kind("main")
        place = Place(source, node.value_start, node.value_end)
        spec = kind.settings.get(node.key)
        if spec is None or node.key == "service_name":
            self._unknown_setting(node, key_place)
            return
        if is_newer(spec.since(), self.target):
            values = {"key": node.key, "known_from": known_from(spec)}
            self.main.problem("newer-setting", key_place, setting=spec.name, values=values)
        decoded = decode(spec, node.value, self.target, self.lacks)
        for fault in decoded.faults:
            safe = fault.kind not in CHANGES_WHAT_RUNS
            fix = Fix(f"write {fault.meant}", (Edit(place, fault.meant),), safe=safe) if fault.meant else None
            if fault.kind.startswith("inline-comment") and fault.meant:
                fix = comment_above(place, fault.meant, safe=safe) or fix
            values = {"key": node.key, "raw": node.value[:200] or "(nothing)", **fault.values}
            self.main.problem(fault.kind, _value_place(place, key_place), setting=spec.name, values=values, fix=fix)
        value = decoded.value
        previous = self.main.settings.pop(spec.name, None)
        if previous is not None and previous.key_place is not None and previous.raw != node.value:
            self._duplicate_setting(previous, key_place)
        if value is None and self.control:
            value = UNKNOWN
        setting = Setting(spec.name, value, node.value, place=place, key_place=key_place, key=node.key, spec=spec)
        self.main.settings[spec.name] = setting

    def _duplicate_setting(self, previous: Setting, key_place: Place) -> None:
        assert previous.key_place is not None
        if self.control or previous.key_place.source is not key_place.source:
            return
        values = {"key": previous.key, "raw": previous.raw[:200]}
        related = ((key_place, "this line holds"),)
        self.main.problem(
            "duplicate-setting", previous.key_place, setting=previous.name, values=values, related=related
        )

    def _unknown_setting(self, node: Entry, place: Place) -> None:
        kind = self.context.catalogue.kind("main")
        if len(self.main.problems) >= MAX_PROBLEMS:
            return
        folded = node.key.lower().replace("-", "_")
        fix = None
        hint = BELONGS_ELSEWHERE.get(folded, "")
        if folded != node.key and folded in kind.settings and folded != "service_name":
            fix = Fix(f"write {folded}", (Edit(place, folded),))
        hint = hint or suggest(node.key, kind, self.target)
        values = {"key": node.key[:60], "hint": f"; {hint}" if hint else ""}
        self.main.problem("unknown-setting", place, setting=node.key[:60], values=values, fix=fix)

    def _named_entry(self, node: Entry, key_place: Place, source: Source) -> None:
        assert self.section is not None
        kind = SECTIONS[self.section]
        block = self._block(kind, node.key, key_place, path=f"{self.section}.{node.key}")
        if is_template(node.key):
            self.complete = False
            return
        star = kind == "database" and node.key == "*"
        reader = EntryReader(source, self.context.catalogue.kind(kind), self.target)
        block.complete = complete = reader.fill(block, node, star=star)
        if kind == "database":
            block.facts.update(star=star, connstr_ok=complete)
            self._database_name(block, node, key_place)
        elif kind == "peer":
            self._peer(block, node, key_place, complete=complete)
        known = self.entries[kind]
        previous = known.pop(node.key, None)
        if previous is not None and not self.control:
            if previous.place.source is source and previous.place.start != key_place.start:
                values = {"name": node.key, "section": self.section}
                related = ((key_place, "this line holds"),)
                self.problem("duplicate-entry", previous.place, values=values, related=related)
            self.reading.problems.extend(previous.problems)
        known[node.key] = block

    def _database_name(self, block: Block, node: Entry, place: Place) -> None:
        name = node.key
        shown = {"name": name[:80]}
        if name == "pgbouncer":
            block.problem("database-reserved", place, values=shown)
        elif not name:
            equals = Place(place.source, node.key_end, node.value_start)
            block.problem("database-empty-name", equals, values=shown)
        elif len(bytes_of(name)) > MAX_DATABASE_BYTES:
            block.problem("database-too-long", place, values={**shown, "length": len(name)})
        elif "*" in name and name != "*":
            block.problem("database-star-in-name", place, values=shown)

    def _peer(self, block: Block, node: Entry, place: Place, *, complete: bool) -> None:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", node.key) or not 1 <= int(node.key) <= 0xFFFF:
            block.problem("peer-id", place, values={"name": node.key[:60]})
        elif complete and "host" not in block.settings:
            block.problem("peer-no-host", place, values={"name": node.key})

    # What follows from the whole

    def _is_fragment(self) -> bool:
        """Whether the file is only ever included: said by the user, or told by its name."""
        from fnmatch import fnmatch

        name = posixpath.basename(self.source.path)
        if any(fnmatch(name, str(pattern)) for pattern in self.context.config.get("fragments") or ()):
            return True
        own = self.context.catalogue.system.get("files", ())
        return name not in ("pgbouncer.ini", "pgbouncer.conf") and any(fnmatch(name, pattern) for pattern in own)

    def _finish(self) -> None:
        self._report_resets()
        main = self.main
        present = bool(self.main_headers)
        if not present:
            if self.complete and not self.headless and not self._is_fragment():
                self.problem("no-main-section", Place(self.source, 0, 0))
            self.complete = False
        main.complete = self.complete
        main.facts.update(complete=self.complete, present=present, templated=self.templated)
        databases, users, peers = (list(self.entries[kind].values()) for kind in ("database", "user", "peer"))
        for block in (*databases, *users, *peers):
            block.links["main"] = main
            self._inherit(block)
        for block in databases:
            _hosts(block)
            if "dbname" not in block.settings and block.spec is not None:
                value = UNKNOWN if block.facts["star"] else block.name
                spec = block.spec.settings["dbname"]
                block.settings["dbname"] = Setting("dbname", value, block.name, origin="default", spec=spec)
        main.links.update(databases=databases, users=users, peers=peers, auth_files=self._auth_files())
        _modes(main, databases, users)
        main.facts["remote_servers"] = any(each.facts["local"] is False for each in databases)
        main.facts["tcp_public"] = _tcp_public(main.value("listen_addr"))
        self.reading.blocks = [main, *databases, *users, *peers, *main.links["auth_files"]]

    def _inherit(self, block: Block) -> None:
        assert block.spec is not None
        for name, spec in block.spec.settings.items():
            source = spec.get("inherit")
            if not source:
                continue
            own = block.settings.get(name)
            above = self.main.get(source)
            assert above is not None
            if own is None and not block.complete:
                continue
            if own is None:
                origin: Origin = "default" if above.origin == "default" else "inherited"
                block.settings[name] = Setting(
                    name, above.value, above.raw, origin=origin, place=above.place, key_place=above.key_place,
                    key=above.key, spec=spec,
                )  # fmt: skip
            elif _falls_back(own, spec.get("zero")):
                own.value = above.value

    def _auth_files(self) -> list[Block]:
        setting = self.main.settings.get("auth_file")
        if setting is None or not isinstance(setting.value, str) or not setting.value or setting.key_place is None:
            return []
        path = setting.value
        if path.startswith("/"):
            here = posixpath.dirname(self.source.path)
            candidates = [path] if here.startswith("/") and posixpath.dirname(path) == here else []
        else:
            candidates = self._candidates(path)
        for candidate in candidates:
            try:
                source = self.context.files.load(candidate)
            except FileError:
                continue
            block = self._block("auth_file", path, Place(source, 0, 0), path="auth_file")
            pgbouncer_auth_file.fill(block, source)
            block.links["main"] = self.main
            self.reading.included[candidate] = source
            return [block]
        return []


def _value_place(place: Place, key_place: Place) -> Place:
    """The value, or the name where the value is empty."""
    return place if place.end > place.start else key_place


def _sticky(setting: Setting) -> bool:
    return setting.spec is not None and bool(setting.spec.get("sticky"))


def _falls_back(own: Setting, zero: str | None) -> bool:
    """Whether a written value means "as in [pgbouncer]": 0 for caps and timeouts, a negative size."""
    if not isinstance(own.value, (int, float)):
        return False
    return (zero == "inherit" and own.value <= 0) or (own.value < 0 and own.name != "query_wait_timeout")


def _hosts(block: Block) -> None:
    reserve = block.settings.get("reserve_pool_size")
    block.facts["reserve_key"] = reserve.key if reserve is not None and reserve.origin == "explicit" else ""
    host = block.value("host")
    if host is UNKNOWN or (host is None and not block.facts["connstr_ok"]):
        block.facts.update(hosts=UNKNOWN, local=UNKNOWN)
        return
    hosts = tuple(host.split(",")) if host else ()
    block.facts.update(hosts=hosts, local=all(is_local(each) for each in hosts))


def is_local(host: str) -> bool:
    """Whether an address is surely this machine: a unix socket or a loopback address."""
    return (
        not host
        or host.startswith(("/", "@", "127."))
        or host.lower() in ("localhost", "::1", "localhost.localdomain", "ip6-localhost")
    )


def _tcp_public(listen: Any) -> Any:
    if not isinstance(listen, str):
        return listen if listen is UNKNOWN else False
    items = [item.strip() for item in listen.split(",")]
    return any(item and not is_local(item) for item in items)


def _modes(main: Block, databases: list[Block], users: list[Block]) -> None:
    """Which pool modes surely occur; UNKNOWN when unread text decides."""
    written = [block.value("pool_mode") for block in (*databases, *users)]
    modes = [mode for mode in written if mode is not None]
    if not databases:
        modes.append(main.value("pool_mode"))
    known = {mode for mode in modes if mode is not UNKNOWN}
    unsure = UNKNOWN if len(known) < len(set(map(str, modes))) or not main.facts["complete"] else False
    main.facts["session_pools"] = True if "session" in known else unsure
    main.facts["shared_pools"] = True if known & {"transaction", "statement"} else unsure
