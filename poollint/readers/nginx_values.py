"""The values of nginx directives: what each grammar accepts, what it makes of it, and what nginx says when it refuses.

``decode`` gives a value and faults. A fault is the kind of problem, what is wrong in a few words, and the argument that
it is about (-1: the statement).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from poollint.knowledge.catalogue import SettingSpec
    from poollint.versions import Version

INVALID = "invalid-value"
NEWER = "newer-than-target"
MAX_INT = 2**63 - 1
MIN_ZONE = 8 * 4096  # eight pages
NEW_POOL: Version = (1, 29, 7)

# A placeholder that something fills in before nginx sees the file: ${NAME}, $NAME, @NAME@, %name%, __NAME__, <NAME>.
_HOLE = re.compile(r"[\ue000]|\$\{[^}]*\}|\$[A-Z]|@\w+@|%\w+%|__\w+__|<[A-Za-z_ -]+>|\#\{|\[\[|%\(")
_VARIABLE = re.compile(r"\$(?:\{[^}]*\}|\w+)")
_TIME = re.compile(r"(\d*)(ms|[yMwdhms ]|$) *")
_SECONDS = {"y": 31536000, "M": 2592000, "w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, " ": 1, "": 1}
_STEP = {"y": 1, "M": 2, "w": 3, "d": 4, "h": 5, "m": 6, "s": 7, "ms": 8, " ": 9, "": 10}
_NAME = re.compile(r"[A-Za-z0-9_]+")


class Fault(NamedTuple):
    kind: str
    what: str
    arg: int
    since: str = ""


class Decoded(NamedTuple):
    value: Any
    faults: tuple[Fault, ...] = ()


class Value:
    """What a value decoder may ask: the catalogue's entry, the arguments and the target version."""

    __slots__ = ("args", "faults", "spec", "target")

    def __init__(self, spec: SettingSpec, args: Sequence[str], target: Version | None) -> None:
        self.spec = spec
        self.args = args
        self.target = target
        self.faults: list[Fault] = []

    def invalid(self, what: str, arg: int = 0) -> None:
        self.faults.append(Fault(INVALID, what, arg))

    def needs(self, since: str, what: str, arg: int = 0) -> bool:
        """Whether the target lacks what came with ``since``; it is a fault then."""
        if self.target is not None and self.target < parse_version(since):
            self.faults.append(Fault(NEWER, what, arg, since))
            return True
        return False


def has_hole(text: str) -> bool:
    """Whether something will be put into ``text`` before nginx reads it."""
    return _HOLE.search(text) is not None


def decode(spec: SettingSpec, args: Sequence[str], target: Version | None) -> Decoded:
    """The typed value of a directive's arguments, and what nginx would refuse in them."""
    value = Value(spec, args, target)
    decoder = DECODERS.get(spec.get("parser", "")) or BY_NAME.get(spec.name) or DECODERS.get(spec.type, _text)
    result = decoder(value)
    return Decoded(result, tuple(fault for fault in value.faults if fault.arg < 0 or not has_hole(args[fault.arg])))


# The grammars that many directives share


def parse_time(text: str, *, seconds: bool = False) -> float | None:
    """A time as nginx reads it, in seconds; None when nginx refuses it. ``seconds``: directives of whole seconds."""
    at, total, last = 0, 0, 0 if seconds else 2
    digits = False
    while at < len(text):
        match = _TIME.match(text, at)
        if match is None or (not match[1] and not match[2]):
            return None
        unit = match[2]
        step = _STEP[unit]
        if (seconds and unit == "ms") or step <= last:
            return None
        if unit == " " and last >= 7:
            return None
        digits = digits or bool(match[1])
        number = int(match[1] or "0")
        total += number if unit == "ms" else number * _SECONDS[unit] * (1 if seconds else 1000)
        last = step
        at = match.end()
    if not digits or total > MAX_INT:
        return None
    if seconds:
        return total
    return total // 1000 if total % 1000 == 0 else total / 1000


def parse_size(text: str, units: str = "kKmM") -> int | None:
    """A size in bytes; None when nginx refuses it."""
    factor = 1
    if text and text[-1] in units:
        factor = {"k": 1024, "m": 1024**2, "g": 1024**3}[text[-1].lower()]
        text = text[:-1]
    number = parse_int(text)
    return None if number is None or number * factor > MAX_INT else number * factor


def parse_int(text: str) -> int | None:
    """A whole number of ASCII digits; None when nginx refuses it."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > 400:
        return None
    number = int(text)
    return number if number <= MAX_INT else None


def script_fault(text: str) -> str:
    """What nginx refuses in a text with variables, or an empty text."""
    at = text.find("$")
    while at >= 0:
        if text.startswith("{", at + 1):
            match = _NAME.match(text, at + 2)
            end = match.end() if match is not None else at + 2
            if not text.startswith("}", end):
                name = text[at + 2 : end]
                return f'the closing bracket in "{name}" variable is missing'
            if end == at + 2:
                return "invalid variable name"
        else:
            match = _NAME.match(text, at + 1)
            if match is None:
                return "invalid variable name"
            end = match.end()
        at = text.find("$", end)
    return ""


def _time(value: Value) -> Any:
    return _one_time(value, 0, seconds=value.spec.get("parser") == "sec")


def _one_time(value: Value, arg: int, *, seconds: bool = False) -> Any:
    text = value.args[arg]
    if has_hole(text):
        return UNKNOWN
    parsed = parse_time(text, seconds=seconds)
    if parsed is None:
        value.invalid(_time_trouble(text, seconds=seconds), arg)
        return UNKNOWN
    if parsed == 0 and value.spec.get("zero") in ("unlimited", "forever"):
        return UNLIMITED
    return parsed


def _time_trouble(text: str, *, seconds: bool) -> str:
    if not text:
        return "an empty text is no time"
    if "." in text:
        return "times have no fractions; write 1500ms for one and a half seconds"
    if seconds and "ms" in text:
        return "this time counts whole seconds"
    if not seconds and re.search(r"\d[yM]", text):
        return "y and M (months) are not allowed here; the largest unit is w"
    if re.search(r"[SHD]", text):
        return "units are lower-case letters"
    if re.search(r"\d", text) and re.fullmatch(r"[\dwdhmsyM ]+", text):
        return "units go from large to small, each at most once"
    return "a time is a number with ms, s, m, h, d or w"


def _size(value: Value) -> Any:
    text = value.args[0]
    if has_hole(text) or "$" in text:
        return UNKNOWN
    parsed = parse_size(text, "kKmMgG" if value.spec.get("parser") == "offset" else "kKmM")
    if parsed is None:
        if text[-1:] in ("g", "G"):
            value.invalid("this size takes k and m, not g")
        else:
            value.invalid("a size is a whole number, alone or with k or m")
        return UNKNOWN
    if parsed == 0 and value.spec.get("zero") == "unlimited":
        return UNLIMITED
    return parsed


def _int(value: Value) -> Any:
    return _one_int(value, 0)


def _one_int(value: Value, arg: int, what: str = "a whole number of digits alone is wanted") -> Any:
    text = value.args[arg]
    if has_hole(text):
        return UNKNOWN
    parsed = parse_int(text)
    if parsed is None:
        value.invalid(what, arg)
        return UNKNOWN
    low, high = value.spec.get("min"), value.spec.get("max")
    if (low is not None and parsed < low) or (high is not None and parsed > high):
        value.invalid(f"the value must be from {low} to {high}", arg)
    if parsed == 0 and value.spec.get("zero") == "unlimited":
        return UNLIMITED
    return parsed


def _flag(value: Value) -> Any:
    text = value.args[0]
    if has_hole(text):
        return UNKNOWN
    lower = text.lower()
    if lower == "on":
        return True
    if lower == "off":
        return False
    if not ("$" in text and value.spec.get("parser") == "flag_or_variable"):
        value.invalid("only on or off is accepted")
    return UNKNOWN


def _enum(value: Value) -> Any:
    return _word(value, 0)


def _word(value: Value, arg: int) -> Any:
    text = value.args[arg]
    if has_hole(text):
        return UNKNOWN
    lower = text.lower()
    words: list[str] = value.spec.get("enum", [])
    if lower not in words:
        value.invalid(f"accepted are {', '.join(words)}", arg)
        return UNKNOWN
    since = WORDS_SINCE.get((value.spec.name, lower)) or WORDS_SINCE.get((value.spec.name.partition("_")[2], lower))
    if since is not None:
        value.needs(since, f'"{text}"', arg)
    return lower


def _words(value: Value) -> Any:
    found: list[str] = []
    unknown = False
    for index in range(len(value.args)):
        word = _word(value, index)
        if word is UNKNOWN:
            unknown = True
        elif word in found:
            value.faults.append(Fault("repeated-word", f'"{value.args[index]}" is written twice', index))
        else:
            found.append(word)
    return UNKNOWN if unknown else tuple(found)


def _text(value: Value) -> Any:
    if not value.args:
        return True
    text = value.args[0]
    for index, arg in enumerate(value.args):
        if "$" in arg and value.spec.name in SCRIPTS:
            fault = script_fault(arg)
            if fault:
                value.invalid(fault, index)
    return UNKNOWN if has_hole(text) and not _VARIABLE.search(text) else text


def _count_size(value: Value) -> Any:
    if len(value.args) < 2:  # one template that gives both
        return UNKNOWN
    count = _one_int(value, 0)
    size = parse_size(value.args[1])
    if not has_hole(value.args[1]) and not size:
        value.invalid("a size is a whole number, alone or with k or m, and not 0", 1)
    if count == 0 and count is not UNKNOWN:
        value.invalid("the number must not be 0")
    return value.args[0] + " " + value.args[1]


# Directives with a grammar of their own


def _worker_processes(value: Value) -> Any:
    return "auto" if value.args[0] == "auto" else _one_int(value, 0, "a whole number or auto is wanted")


def _keepalive(value: Value) -> Any:
    number = _one_int(value, 0)
    if number is not UNKNOWN and number == 0:
        value.needs("1.29.7", "keepalive 0", 0)
    if len(value.args) > 1 and value.args[1] != "local" and not has_hole(value.args[1]):
        value.invalid('the only second word is "local"', 1)
    return number


def _keepalive_timeout(value: Value) -> Any:
    if len(value.args) > 1 and not has_hole(value.args[1]) and parse_time(value.args[1], seconds=True) is None:
        value.invalid("the second time, for the Keep-Alive header, counts whole seconds", 1)
    return _one_time(value, 0)


def _hash(value: Value) -> Any:
    if len(value.args) > 1 and value.args[1] != "consistent" and not has_hole(value.args[1]):
        value.invalid('the only second word is "consistent"', 1)
    return _text(value)


def _random(value: Value) -> Any:
    if value.args and value.args[0] != "two" and not has_hole(value.args[0]):
        value.invalid('the only first word is "two"')
    elif len(value.args) > 1 and value.args[1] != "least_conn" and not has_hole(value.args[1]):
        if value.args[1].startswith("least_time="):
            value.needs("1.31.0", "random two least_time", 1)
        else:
            value.invalid('the second method is "least_conn" or "least_time=…"', 1)
    return value.args[0] if value.args else True


def _least_time(value: Value) -> Any:
    accepted = ("header", "last_byte", "connect", "first_byte")
    if value.args[0] not in accepted and not has_hole(value.args[0]):
        value.invalid(f"accepted are {', '.join(accepted)}")
    if len(value.args) > 1 and value.args[1] != "inflight" and not has_hole(value.args[1]):
        value.invalid('the only second word is "inflight"', 1)
    return value.args[0]


def _sticky(value: Value) -> Any:
    if value.args[0] not in ("cookie", "route", "learn") and not has_hole(value.args[0]):
        value.invalid("accepted are cookie, route and learn")
    return value.args[0]


def _zone(value: Value) -> Any:
    name = value.args[0]
    if not name:
        value.invalid("the zone has no name")
    if len(value.args) > 1 and not has_hole(value.args[1]):
        zone_size(value, name, value.args[1], 1)
    return UNKNOWN if has_hole(name) else name


def zone_size(value: Value, name: str, text: str, arg: int) -> int | None:
    """The size of a shared memory zone in bytes; a fault when nginx refuses it."""
    size = parse_size(text)
    if size is None:
        value.invalid(f'"{text}" is no size: a whole number, alone or with k or m', arg)
    elif size < MIN_ZONE:
        value.faults.append(Fault("zone-too-small", f'zone "{name}" has {size} bytes', arg))
    return size


def _named_zone(value: Value, arg: int) -> None:
    """zone=NAME:SIZE of the limit modules."""
    text = value.args[arg]
    if has_hole(text):
        return
    name, colon, size = text[5:].partition(":")
    if not name or not colon:
        value.invalid("the zone needs a name and a size: zone=NAME:10m", arg)
    else:
        zone_size(value, name, size, arg)


def _limit_conn(value: Value) -> Any:
    zone, number = value.args
    if not has_hole(number):
        parsed = parse_int(number)
        if not parsed:
            value.invalid("the number of connections is a whole number from 1 on", 1)
        elif parsed > 65535:
            value.invalid("the number of connections must be below 65536", 1)
    return UNKNOWN if has_hole(zone) else zone


def _limit_conn_zone(value: Value) -> Any:
    if value.args[1].startswith("zone="):
        _named_zone(value, 1)
    elif not has_hole(value.args[1]):
        value.invalid("zone=NAME:SIZE is wanted here", 1)
    fault = script_fault(value.args[0])
    if fault:
        value.invalid(fault)
    return value.args[0]


def _limit_req_zone(value: Value) -> Any:
    seen = False
    for index, arg in enumerate(value.args[1:], 1):
        if arg.startswith("zone="):
            seen = True
            _named_zone(value, index)
        elif arg.startswith("rate="):
            if not re.fullmatch(r"rate=0*[1-9]\d*(?:r/s|r/m)?", arg):
                value.invalid("a rate is a number with r/s or r/m", index)
        elif not has_hole(arg):
            value.invalid("known are zone= and rate=", index)
    if not seen and not any(map(has_hole, value.args)):
        value.invalid("zone=NAME:SIZE is missing", -1)
    return value.args[0]


def _limit_req(value: Value) -> Any:
    zone = ""
    for index, arg in enumerate(value.args):
        name, equals, text = arg.partition("=")
        if has_hole(arg):
            zone = zone or "?"
        elif name == "zone" and equals:
            zone = text
        elif name in ("burst", "delay") and equals:
            if not parse_int(text):
                value.invalid(f"{name} is a whole number from 1 on", index)
        elif arg != "nodelay":
            value.invalid("known are zone=, burst=, delay= and nodelay", index)
    if not zone:
        value.invalid("zone=NAME is missing", -1)
    return zone


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


def _ssl_session_cache(value: Value) -> Any:
    for index, arg in enumerate(value.args):
        if arg in ("off", "none", "builtin") or has_hole(arg):
            continue
        kind, _, rest = arg.partition(":")
        name, colon, size = rest.partition(":")
        if kind == "shared" and name and colon and parse_size(size) is not None:
            if (parse_size(size) or 0) < MIN_ZONE:
                value.faults.append(
                    Fault("zone-too-small", f'session cache "{name}" has {parse_size(size)} bytes', index)
                )
        elif not (kind == "builtin" and parse_int(rest) is not None):
            value.invalid("accepted are off, none, builtin, builtin:SIZE and shared:NAME:SIZE", index)
    return " ".join(value.args)


def _bind(value: Value) -> Any:
    text = value.args[0]
    if len(value.args) > 1 and value.args[1] != "transparent" and not has_hole(value.args[1]):
        value.invalid('the only second word is "transparent"', 1)
    if text != "off" and "$" not in text and not has_hole(text) and not _is_address(text):
        value.invalid("an IP address, variables or off are wanted")
    return _text(value)


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


SERVER_INTS = {"weight": 1, "max_conns": 0, "max_fails": 0}
SERVER_SINCE = {"resolve": "1.27.3", "service": "1.27.3", "route": "1.29.6", "drain": "1.29.6"}


def _server(value: Value) -> Any:
    """server of an upstream."""
    address = value.args[0]
    if not has_hole(address):
        trouble = address_trouble(address)
        if trouble:
            value.invalid(trouble)
    for index, arg in enumerate(value.args[1:], 1):
        if not has_hole(arg):
            _server_param(value, arg, index)
    return address


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
    address = value.args[0]
    if not has_hole(address):
        trouble = listen_trouble(address)
        if trouble:
            value.invalid(trouble)
    for index, arg in enumerate(value.args[1:], 1):
        if not has_hole(arg):
            _listen_param(value, arg, index)
    return address


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


def _pass(value: Value) -> Any:
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


def _push(value: Value) -> Any:
    return value.args[0]


WORDS_SINCE = {("proxy_http_version", "2"): "1.29.4", ("next_upstream", "denied"): "1.29.3"}

SCRIPTS = frozenset(
    (
        *("proxy_set_header", "grpc_set_header", "proxy_ssl_name", "hash", "proxy_bind", "fastcgi_bind", "grpc_bind"),
        *("uwsgi_bind", "scgi_bind", "memcached_bind", "fastcgi_param", "uwsgi_param", "scgi_param", "add_header"),
    )
)

DECODERS: dict[str, Callable[[Value], Any]] = {
    "sec": _time,
    "duration": _time,
    "size": _size,
    "offset": _size,
    "int": _int,
    "bool": _flag,
    "enum": _enum,
    "list": _words,
    "string": _text,
    "count_size": _count_size,
    "pass": _pass,
}

BY_NAME: dict[str, Callable[[Value], Any]] = {
    "worker_processes": _worker_processes,
    "keepalive": _keepalive,
    "keepalive_timeout": _keepalive_timeout,
    "hash": _hash,
    "random": _random,
    "least_time": _least_time,
    "sticky": _sticky,
    "zone": _zone,
    "limit_conn": _limit_conn,
    "limit_conn_zone": _limit_conn_zone,
    "limit_req": _limit_req,
    "limit_req_zone": _limit_req_zone,
    "resolver": _resolver,
    "ssl_session_cache": _ssl_session_cache,
    "server": _server,
    "listen": _listen,
    "proxy_pass": _proxy_pass,
    "http2_push": _push,
    **dict.fromkeys(("fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass", "grpc_pass", "tunnel_pass"), _pass),
    **dict.fromkeys(("proxy_bind", "fastcgi_bind", "grpc_bind", "uwsgi_bind", "scgi_bind", "memcached_bind"), _bind),
}
