"""JDBC URLs: the driver's scheme, hosts, database, and parameters with their places in the text.

``HOLE`` stands for a part that only the running program knows. Three styles: a query behind ``?`` (PostgreSQL, MySQL,
MariaDB, Oracle), parameters behind ``;`` (SQL Server, jTDS, H2), and none. Never raises; linear time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLE = "\0"
MAX_LENGTH = 4096
# drivers that hand on to another one, whose URL follows
WRAPPERS = frozenset("p6spy otel log4jdbc datadog tracing opentracing tc aws-wrapper".split())
_BY_SEMICOLON = frozenset("sqlserver jtds h2 hsqldb derby".split())
_SCHEME = re.compile(r"[A-Za-z][\w+.-]*")
_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>\d{1,5}))?$")
_ORACLE = re.compile(r"thin:[^@]*@(?P<host>[\w.\0-]+:[\d\0]+)[:/][\w.$#/\0-]+$")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")


class Parameter(NamedTuple):
    """A parameter with the offsets of its name and value."""

    key: str
    value: str
    key_start: int
    start: int
    end: int


class Host(NamedTuple):
    """``port`` is 0 where none is written, ``name`` holds a HOLE where it is not known."""

    name: str
    port: int


class JdbcUrl(NamedTuple):
    """``scheme``: ``postgresql``, ``mysql``, ``oracle`` …; ``variant``: what follows it (``thin``, ``loadbalance``).

    ``login``: the offsets of the password in front of the hosts, if there is one. ``hides``: parts of the text may bring
    parameters that cannot be seen. ``descriptor``: the address is a description of its own, as Oracle and MySQL have.
    """

    scheme: str
    variant: str
    wrappers: tuple[str, ...]
    hosts: tuple[Host, ...]
    database: str
    parameters: tuple[Parameter, ...]
    login: tuple[int, int] | None
    hides: bool
    descriptor: bool


def parse(text: str, *, names: tuple[str, ...] = ()) -> JdbcUrl | None:
    """A JDBC URL in parts; None for any other text. ``names`` are those of the holes, as far as they have any."""
    if not text.startswith("jdbc:") or len(text) > MAX_LENGTH:
        return None
    at = len("jdbc:")
    wrappers = []
    while True:
        found = _SCHEME.match(text, at)
        if found is None or text[found.end() : found.end() + 1] != ":":
            return None
        at = found.end() + 1
        scheme = found[0].lower()
        if scheme not in WRAPPERS:
            break
        wrappers.append(scheme)
    return _Reader(text, names).read(scheme, tuple(wrappers), at)


class _Reader:
    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        self.text = text
        self.names = names
        self.parameters: list[Parameter] = []
        self.hides = False

    def read(self, scheme: str, wrappers: tuple[str, ...], at: int) -> JdbcUrl:
        text = self.text
        sign = ";" if scheme in _BY_SEMICOLON else "?"
        end = text.find(sign, at)
        end = len(text) if end < 0 else end
        address = text[at:end]
        self._read_parameters(end + 1, ";" if sign == ";" else "&")
        variant, slashes, rest = address.partition("//")
        start = at + len(variant) + 2
        variant = variant.rstrip(":@").lower()
        if not slashes:  # jdbc:postgresql:db, jdbc:h2:mem:x, jdbc:oracle:thin:@host:1521:sid
            variant, rest, start = variant.partition(":")[0], address, at
        login = self._login(scheme, address, at, rest, start)
        authority, slash, database = rest.partition("/")
        hosts = self._hosts(authority.rpartition("@")[2]) if slashes else ()
        plain = _ORACLE.match(address) if scheme == "oracle" and not slashes else None
        if plain is not None:
            hosts = self._hosts(plain["host"])
        if not slash and HOLE in authority and end == len(text) and not slashes:
            self.hides = True
        if database.endswith(HOLE) or (slashes and not slash and authority.endswith(HOLE)):
            self.hides = self.hides or (end == len(text) and not self._names_a_part())
        descriptor = "(" in authority or (scheme == "oracle" and "(" in address)
        return JdbcUrl(
            scheme,
            variant,
            wrappers,
            hosts,
            database,
            tuple(self.parameters),
            login,
            self.hides,
            descriptor,
        )

    def _names_a_part(self) -> bool:
        """Whether the last hole's name says that it is a database or a host, which brings no parameters."""
        last = self.names[-1] if self.names else ""
        return re.search(r"(?i)(?:name|database|db|schema|catalog|host|port|server)$", last) is not None

    def _login(self, scheme: str, address: str, at: int, rest: str, start: int) -> tuple[int, int] | None:
        """The place of a password before the hosts: ``user:password@host``, and Oracle's ``user/password@``."""
        if scheme == "oracle":
            found = re.search(r":[^:/@]+/(?P<password>[^@/]+)@", address)
            return (at + found.start("password"), at + found.end("password")) if found is not None else None
        found = re.match(r"[^:/@?]*:(?P<password>[^/@?]+)@", rest)
        return (start + found.start("password"), start + found.end("password")) if found is not None else None

    def _hosts(self, authority: str) -> tuple[Host, ...]:
        if "(" in authority:
            return ()
        hosts = []
        for part in authority.split(","):
            found = _PORT.match(part)
            if found is None:
                hosts.append(Host(part.partition(":")[0], 0))
            else:
                name = found["host"].strip("[]").partition("\\")[0]
                hosts.append(Host(name, int(found["port"]) if found["port"] else 0))
        return tuple(hosts)

    def _read_parameters(self, at: int, sign: str) -> None:
        for start, part in _parts(self.text, at, sign):
            key, equals, value = part.partition("=")
            if not equals:
                self.hides = self.hides or HOLE in part
                continue
            if HOLE in key:
                self.hides = True
                continue
            # "useSSL=false" + more: what follows a whole value may be further parameters
            self.hides = self.hides or (value.endswith(HOLE) and value != HOLE)
            value_start = start + len(key) + 1
            self.parameters.append(
                Parameter(key.strip(), _decoded(value), start, value_start, value_start + len(value))
            )


def _parts(text: str, at: int, sign: str) -> Iterator[tuple[int, str]]:
    """The stretches between separators; a value in braces may hold them (SQL Server)."""
    while at <= len(text):
        end = text.find(sign, at)
        brace = text.find("={", at)
        if sign == ";" and 0 <= brace < (end if end >= 0 else len(text)):
            close = text.find("}", brace)
            end = text.find(sign, close) if close >= 0 else end
        stop = end if end >= 0 else len(text)
        if stop > at:
            yield at, text[at:stop]
        at = stop + 1


def _decoded(value: str) -> str:
    if not _PERCENT.search(value):
        return value
    raw = re.sub(rb"%([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), value.encode("utf-8", "replace"))
    return raw.decode("utf-8", "replace")
