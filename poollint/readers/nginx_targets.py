"""Where a handler such as proxy_pass hands requests on to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.readers.nginx_grammar import has_hole, parse_int
from poollint.readers.nginx_maps import values_of

if TYPE_CHECKING:
    from poollint.readers.nginx_levels import Level

_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_SCHEME = re.compile(r"([A-Za-z]+)://")
_SCHEME_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})://")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


class Target(NamedTuple):
    """``kind`` upstream, address, hostname, unix, variable or unknown; ``groups`` the upstream levels it may name.

    ``names`` are the host names that a variable may hold, when it surely holds one that is no upstream.
    """

    kind: str
    scheme: str
    host: str
    port: int | None
    path: str
    groups: tuple[Level, ...]
    names: tuple[str, ...] = ()


def split_target(text: str, default_scheme: str = "") -> tuple[str, str, str]:
    """Scheme, host with port, and the path behind it."""
    scheme = default_scheme
    match = _SCHEME.match(text)
    if match is not None and match[1] != "unix":
        scheme, text = match[1].lower(), text[match.end() :]
    if text.startswith("unix:"):
        path, colon, uri = text[5:].partition(":")
        return scheme, "unix:" + path, uri if colon else ""
    at = min((index for index in (text.find("/"), text.find("?")) if index >= 0), default=len(text))
    return scheme, text[:at], text[at:]


def split_port(text: str) -> tuple[str, str]:
    """Host and port of ``host:port``; the brackets of an IPv6 address stay with the host."""
    if text.startswith("["):
        host, closed, rest = text.partition("]")
        return host + closed, rest[1:] if rest.startswith(":") else ""
    host, _, port = text.partition(":")
    return host, port


def host_kind(host: str) -> str:
    if host.startswith("unix:"):
        return "unix"
    if host.startswith("[") or _IPV4.fullmatch(host):
        return "address"
    return "hostname"


def target_of(text: str, level: Level, http: Level | None) -> Target:
    """What ``text`` names, seen from the http or stream level that holds the upstreams."""
    match = _SCHEME_VARIABLE.match(text)
    scheme, place, path = split_target(text if match is None else text[match.end() :])
    groups = (http.upstreams if http is not None else None) or {}
    if "$" in place:
        return _variable(place, scheme, path, level, http)
    host, port = split_port(place) if not place.startswith("unix:") else (place, "")
    number = parse_int(port)
    if has_hole(place):
        return Target("unknown", scheme, host, number, path, ())
    # With a port it is refused, but no doubt meant; behind a scheme from a variable nobody refuses it, nor means it.
    group = groups.get(host.lower()) if match is None or not port else None
    if group is not None:
        return Target("upstream", scheme, host, number, path, (group,))
    kind = host_kind(host)
    if kind == "hostname" and not port and _unseen(http) and "." not in host:
        kind = "unknown"
    return Target(kind, scheme, host, number, path, ())


def _unseen(http: Level | None) -> bool:
    """Whether upstream blocks may stand where we cannot see them."""
    return http is None or http.open_ended or http.node is None


def _variable(place: str, scheme: str, path: str, level: Level, http: Level | None) -> Target:
    variable = Target("variable", scheme, place, None, path, ())
    host, port = split_port(place) if not place.startswith("${") else (place.partition("}")[0] + "}", "")
    match = _VARIABLE.fullmatch(host)
    values = values_of(level, http, "$" + match[1]) if match is not None else None
    if not values or has_hole(place.replace("${", "")):
        return variable
    known = (http.upstreams if http is not None else None) or {}
    found: list[Level] = []
    kinds = set()
    names = []
    for value in values:
        inner_scheme, inner, _ = split_target(value, scheme)
        scheme = inner_scheme or scheme
        group = known.get(inner.lower()) if not port else None
        if group is not None:
            found.append(group)
            kinds.add("upstream")
        else:
            name = split_port(inner)[0]
            kinds.add(host_kind(name))
            if not name or (not port and "." not in name and _unseen(http)):
                kinds.add("unknown")
            elif host_kind(name) == "hostname":
                names.append(name)
    if kinds == {"upstream"}:
        return Target("upstream", scheme, place, None, path, tuple(dict.fromkeys(found)))
    if kinds <= {"address", "unix"}:
        return Target("address", scheme, place, parse_int(port), path, ())
    return variable._replace(scheme=scheme, names=tuple(dict.fromkeys(names)) if kinds == {"hostname"} else ())
