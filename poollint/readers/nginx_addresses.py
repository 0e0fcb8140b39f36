"""The nginx directives that name addresses: servers and their parameters, listen, where requests are passed, resolvers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.nginx_grammar import Fault, Value, has_hole, parse_int, parse_size, parse_time, script_fault
from poollint.readers.nginx_scalars import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable


def _resolver(value: Value) -> Any:
    servers = 0
    for index, arg in enumerate(value.args):
        name, equals, text = arg.partition("=")
        if has_hole(arg):
            servers += 1
        elif name == "valid" and equals:
            if parse_time(text, seconds=True) is None:
                value.invalid("valid= counts whole seconds", index)
        elif name in ("ipv4", "ipv6") and equals:
            if name == "ipv4" and value.needs("1.23.1", "resolver ipv4=", index):
                continue
            if text not in ("on", "off"):
                value.invalid(f"{name}= is on or off", index)
        elif name == "status_zone" and equals:
            value.faults.append(Fault("commercial-directive", "status_zone=", index))
        else:
            servers += 1
            trouble = address_trouble(arg)
            if trouble:
                value.invalid(trouble, index)
    if not servers:
        value.invalid("no name server is given", -1)
    return UNKNOWN if has_hole(value.args[0]) else value.args[0]


def _bind(value: Value) -> Any:
    text = value.args[0]
    if len(value.args) > 1 and value.args[1] != "transparent" and not has_hole(value.args[1]):
        value.invalid('the only second word is "transparent"', 1)
    if text != "off" and "$" not in text and not has_hole(text) and not _is_address(text):
        value.invalid("an IP address, variables or off are wanted")
    return plain_text(value)


def _is_address(text: str) -> bool:
    if text.startswith("["):
        return "]:" in text
    if ":" in text:
        return text.startswith("unix:") or text.count(":") >= 2 or _is_ipv4(text.partition(":")[0])
    return _is_ipv4(text)


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part[:4]) < 256 for part in parts)


def address_trouble(text: str) -> str:
    """What nginx refuses in ``host[:port]`` before it looks anything up; an empty text when nothing."""
    if text.startswith("unix:"):
        return "" if text[5:].partition(":")[0] else "the path of the unix socket is missing"
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or not host or (rest and rest[0] not in ":/"):
            return "the address in brackets is not complete"
        return _port_trouble(rest[1:]) if rest.startswith(":") else ""
    host, colon, port = text.partition(":")
    if "/" in host or (colon and port.startswith("//")):
        return "a scheme or path does not belong here; write host:port"
    if not host:
        return "the host is missing"
    return _port_trouble(port) if colon else ""


def _port_trouble(text: str) -> str:
    number = parse_int(text)
    if number is None and "-" in text:
        return ""  # port ranges of newer versions
    return "" if number is not None and 1 <= number <= 65535 else f'"{text}" is no port: 1 to 65535'


def _address_first(value: Value, trouble_of: Callable[[str], str], check: Callable[[Value, str, int], None]) -> str:
    """An address, and the parameters behind it."""
    address = value.args[0]
    if not has_hole(address):
        trouble = trouble_of(address)
        if trouble:
            value.invalid(trouble)
    for index, arg in enumerate(value.args[1:], 1):
        if not has_hole(arg):
            check(value, arg, index)
    return address


SERVER_INTS = {"weight": 1, "max_conns": 0, "max_fails": 0}
SERVER_SINCE = {"resolve": "1.27.3", "service": "1.27.3", "route": "1.29.6", "drain": "1.29.6"}


def _server(value: Value) -> Any:
    """server of an upstream."""
    return _address_first(value, address_trouble, _server_param)


def _server_param(value: Value, arg: str, index: int) -> None:
    name, equals, text = arg.partition("=")
    if name in SERVER_INTS and equals:
        number = parse_int(text)
        if number is None or number < SERVER_INTS[name]:
            value.invalid(f"{name}= is a whole number from {SERVER_INTS[name]} on", index)
    elif name == "fail_timeout" and equals:
        if parse_time(text, seconds=True) is None:
            value.invalid("fail_timeout= counts whole seconds", index)
    elif arg in ("backup", "down"):
        pass
    elif (name in ("service", "route") and equals) or arg in ("resolve", "drain"):
        value.needs(SERVER_SINCE[name], f"the parameter {name}", index)
    elif name == "slow_start" and equals:
        value.faults.append(Fault("commercial-directive", "slow_start=", index))
    else:
        value.invalid("no such parameter of server", index)


LISTEN_WORDS = frozenset(("default_server", "default", "ssl", "proxy_protocol", "deferred", "bind", "reuseport"))
LISTEN_SINCE = {"quic": "1.25.0", "multipath": "1.29.7"}
SOCKET_OPTIONS = frozenset(
    ("bind", "backlog", "rcvbuf", "sndbuf", "fastopen", "setfib", "accept_filter", "deferred", "ipv6only", "reuseport")
) | {"so_keepalive", "multipath"}


def _listen(value: Value) -> Any:
    return _address_first(value, listen_trouble, _listen_param)


def listen_trouble(text: str) -> str:
    """What nginx refuses in the address of a listen statement."""
    if text.isdigit():
        return _port_trouble(text)
    return address_trouble(text.replace("*", "0.0.0.0", 1) if text.startswith("*") else text)  # noqa: S104 - a name


def _listen_param(value: Value, arg: str, index: int) -> None:
    name, equals, text = arg.partition("=")
    stream = value.spec.get("contexts") is None
    if arg in LISTEN_WORDS or (arg == "udp" if stream else arg == "http2"):
        return
    if arg in LISTEN_SINCE and not (stream and arg == "quic"):
        value.needs(LISTEN_SINCE[arg], f"the parameter {arg}", index)
        return
    check = LISTEN_VALUES.get(name) if equals else None
    if check is None:
        value.invalid("no such parameter of listen", index)
    elif not check[0](text):
        value.invalid(f"{name}= is {check[1]}", index)


def _so_keepalive(text: str) -> bool:
    if text in ("on", "off"):
        return True
    idle, _, rest = text.partition(":")
    interval, _, count = rest.partition(":")
    parts = (
        not idle or parse_time(idle, seconds=True) is not None,
        not interval or parse_time(interval, seconds=True) is not None,
        not count or parse_int(count) is not None,
    )
    return all(parts) and bool(idle or interval or count)


LISTEN_VALUES: dict[str, tuple[Callable[[str], Any], str]] = {
    "rcvbuf": (lambda text: parse_size(text) is not None, "a size: a whole number, alone or with k or m"),
    "sndbuf": (lambda text: parse_size(text) is not None, "a size: a whole number, alone or with k or m"),
    "backlog": (parse_int, "a whole number from 1 on"),
    "fastopen": (lambda text: parse_int(text) is not None, "a whole number"),
    "ipv6only": (lambda text: text in ("on", "off"), "on or off"),
    "so_keepalive": (_so_keepalive, "on, off or IDLE:INTERVAL:COUNT"),
    "setfib": (str, "a number"),  # of FreeBSD, as the next
    "accept_filter": (str, "a name"),
}


def _proxy_pass(value: Value) -> Any:
    text = value.args[0]
    if has_hole(text):
        fault = "" if not text.startswith("http") or "\ue000" in text else script_fault(text)
        if fault:
            value.invalid(fault)
        return text
    if "$" in text:
        fault = script_fault(text)
        if fault:
            value.invalid(fault)
        return text
    lower = text.lower()
    if not lower.startswith(("http://", "https://")):
        value.invalid("the address must start with http:// or https://")
        return text
    return _pass_address(value, text, text.partition("://")[2])


SCHEMES = {"uwsgi_pass": ("uwsgi", "suwsgi"), "grpc_pass": ("grpc", "grpcs")}


def passed_to(value: Value) -> Any:
    """fastcgi_pass and its like: an address, perhaps with a scheme."""
    text = value.args[0] if value.args else ""
    if not text or has_hole(text):
        return text or True
    if "$" in text:
        fault = script_fault(text)
        if fault:
            value.invalid(fault)
        return text
    scheme, mark, rest = text.partition("://")
    if not mark or scheme.lower() not in SCHEMES.get(value.spec.name, ()):
        rest = text
        if mark and not text.startswith("unix:"):
            value.invalid("a scheme does not belong here; write host:port")
            return text
    return _pass_address(value, text, rest)


def _pass_address(value: Value, text: str, rest: str) -> str:
    address = rest if rest.startswith("unix:") else rest.partition("/")[0].partition("?")[0]
    trouble = address_trouble(address)
    if trouble:
        value.invalid(trouble)
    return text


ADDRESSES: dict[str, Callable[[Value], Any]] = {
    "resolver": _resolver,
    "server": _server,
    "listen": _listen,
    "proxy_pass": _proxy_pass,
    **dict.fromkeys(
        ("fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass", "grpc_pass", "tunnel_pass"), passed_to
    ),
    **dict.fromkeys(("proxy_bind", "fastcgi_bind", "grpc_bind", "uwsgi_bind", "scgi_bind", "memcached_bind"), _bind),
}
