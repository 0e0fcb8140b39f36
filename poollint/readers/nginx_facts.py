"""What the facts of nginx blocks are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from poollint.blocks import Block
    from poollint.source import Place


class Header(NamedTuple):
    """One statement of an array directive with a name and a value, such as proxy_set_header or fastcgi_param.

    ``name`` is as written, ``value`` unquoted (UNKNOWN when a template makes it), ``level_block`` the block that holds
    the statement; it is absent for a file of the distribution whose contents are known but not in sight.
    """

    name: str
    value: object
    place: Place
    level_block: Block | None


class Listen(NamedTuple):
    """One listen statement. ``port`` is none for a unix socket and UNKNOWN when a template makes it."""

    address: str
    port: object
    params: tuple[str, ...]
    place: Place


class Server(NamedTuple):
    """One server statement of an upstream.

    ``address`` is the first argument, ``kind`` ip, hostname, unix or unknown; ``params`` maps a parameter's name to the
    text after ``=`` (an empty text for a word alone, such as backup).
    """

    address: str
    host: str
    port: int | None
    params: dict[str, str]
    place: Place
    kind: str


class MapVar(NamedTuple):
    """A map: its source expression, its entries (key, value, place) without the default, and the default's value."""

    source: str
    entries: tuple[tuple[str, str, Place], ...]
    default: str | None
    place: Place


class Balancer(NamedTuple):
    """A balancing method as written; ``order`` is its position among the statements of the upstream."""

    name: str
    place: Place
    order: int


class LimitConn(NamedTuple):
    """One limit_conn statement; ``number`` is UNKNOWN when it cannot be told."""

    zone: str
    number: object
    place: Place


class LimitZone(NamedTuple):
    """One limit_conn_zone statement; ``size`` in bytes, UNKNOWN when it cannot be told."""

    key: str
    size: object
    place: Place
