"""The values of Apache's directives and worker parameters, as the program decodes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.formats.apache_conf import TEMPLATE

if TYPE_CHECKING:
    from poollint.knowledge.catalogue import SettingSpec

_NUMBER = re.compile(r"[ \t\r\n\v\f]*([+-]?[0-9]+)")
_INTERVAL = re.compile(r"[ \t\r\n\v\f]*\+?([0-9]*)(ms|mi|h|s)?.*", re.DOTALL)
_INTERVAL_SHAPE = re.compile(r"[ \t\r\n\v\f]*(?:\+?[0-9]+|\+?[0-9]*(?:ms|mi|h|s).*)", re.DOTALL)
_INTERVAL_FACTORS = {"ms": 0.001, "mi": 60, "h": 3600, "s": 1}
_SECONDS = re.compile(r"s(?:ec(?:ond)?s?)?", re.IGNORECASE)
_STRICT = re.compile(r"\+?[0-9]+")
_FACTOR = re.compile(r"\+?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_READ_TIMEOUT = re.compile(r"(handshake|header|body)=([0-9]+)(-[0-9]+)?(?:,minrate=([0-9]+))?", re.IGNORECASE)
_SMALLEST_BUFFER = 512


class Decoded(NamedTuple):
    """A value, and what is wrong with it: ``invalid`` (refused) or ``misread``, with the reason in words."""

    value: Any
    fault: str = ""
    why: str = ""


def is_template(text: str) -> bool:
    """Whether the text is only known when the file is put to use."""
    return TEMPLATE.search(text) is not None


def decode(spec: SettingSpec, raw: str) -> Decoded:
    """The value that Apache takes from ``raw``."""
    if is_template(raw):
        return Decoded(UNKNOWN)
    grammar = spec.get("grammar", "words")
    decoder = _DECODERS.get(grammar)
    return Decoded(raw) if decoder is None else decoder(spec, raw)


def atoi(text: str) -> int:
    """The number at the beginning of a text as a 32-bit integer; 0 when there is none."""
    match = _NUMBER.match(text)
    if match is None:
        return 0
    number = max(-(2**63), min(int(match[1][:30]), 2**63 - 1))
    return (number + 2**31) % 2**32 - 2**31


def _number(spec: SettingSpec, raw: str) -> Decoded:
    match = _NUMBER.match(raw)
    number = atoi(raw)
    if spec.type == "size" and match is not None and number != int(match[1][:30]):
        return Decoded(UNKNOWN)
    low, high = spec.get("min"), spec.get("max")
    if low is not None and number < low:
        if match is None:
            return Decoded(UNKNOWN, "invalid", "it is no number")
        return Decoded(UNKNOWN, "invalid", f"it must be at least {low}")
    if high is not None and number > high:
        return Decoded(UNKNOWN, "invalid", f"it must be at most {high}")
    value = UNLIMITED if number == 0 and spec.get("zero") in ("unlimited", "forever") else number
    if match is None:
        return Decoded(value, "misread", f"{raw} is no number and reads as 0") if raw else Decoded(value)
    rest = raw[match.end() :].strip(" \t\r\n\v\f;")
    if rest and not (spec.unit == "s" and _SECONDS.fullmatch(rest)):
        unit = " seconds" if spec.unit == "s" else ""
        return Decoded(value, "misread", f"only the digits at the beginning count: {number}{unit}")
    if number != int(match[1][:30]):
        return Decoded(value, "misread", f"the number is too large and becomes {number}")
    return Decoded(value)


def _buffer(spec: SettingSpec, raw: str) -> Decoded:
    match = _NUMBER.match(raw)
    number = int(match[1][:30]) if match is not None else 0
    if number < _SMALLEST_BUFFER and number != 0:
        return Decoded(UNKNOWN, "invalid", f"it must be 0 or at least {_SMALLEST_BUFFER} bytes")
    return _number(spec, raw)


def _interval(spec: SettingSpec, raw: str) -> Decoded:
    if _INTERVAL_SHAPE.fullmatch(raw) is None:
        hint = ""
        if re.fullmatch(r"[0-9]+[mM][iI]?[nN]?", raw):
            hint = "; minutes are written min"
        elif re.fullmatch(r"[0-9]+(?:[SHD]|d|MS|Ms)", raw):
            hint = "; the units are ms, s, min and h in small letters"
        return Decoded(UNKNOWN, "invalid", f"it is no time interval{hint}")
    match = _INTERVAL.match(raw)
    assert match is not None
    factor = _INTERVAL_FACTORS.get(match[2] or spec.unit or "s", 1)
    value = int(match[1][:30] or 0) * factor
    low = spec.get("min")
    if low is not None and value < low:
        return Decoded(UNKNOWN, "invalid", "it must be at least one millisecond")
    return Decoded(value)


def _flag(_spec: SettingSpec, raw: str) -> Decoded:
    word = raw.lower()
    if word in ("on", "off"):
        return Decoded(word == "on")
    return Decoded(UNKNOWN, "invalid", "it must be On or Off")


def _enum(spec: SettingSpec, raw: str) -> Decoded:
    words = spec.get("enum", [])
    if raw.lower() in words:
        return Decoded(raw.lower())
    return Decoded(UNKNOWN, "invalid", f"it must be {', '.join(words[:-1])} or {words[-1]}")


def _factor(_spec: SettingSpec, raw: str) -> Decoded:
    if _FACTOR.fullmatch(raw) and float(raw) > 0:
        return Decoded(float(raw))
    return Decoded(UNKNOWN, "invalid", "it must be a positive number")


def _strict(_spec: SettingSpec, raw: str) -> Decoded:
    if _STRICT.fullmatch(raw):
        return Decoded(int(raw[:30]))
    return Decoded(UNKNOWN, "invalid", "it must be a whole number of seconds")


def _request_read(_spec: SettingSpec, raw: str) -> Decoded:
    for word in raw.split():
        match = _READ_TIMEOUT.fullmatch(word)
        if match is None:
            return Decoded(
                UNKNOWN, "invalid", "the form is header=SECONDS[-MAXIMUM][,MinRate=BYTES], also handshake= and body="
            )
        if match[3] and not match[4]:
            return Decoded(UNKNOWN, "invalid", "a range needs MinRate")
        if match[4] and int(match[4]) == 0:
            return Decoded(UNKNOWN, "invalid", "MinRate must be above 0")
    return Decoded(raw)


_DECODERS = {
    "number": _number,
    "buffer": _buffer,
    "interval": _interval,
    "flag": _flag,
    "enum": _enum,
    "factor": _factor,
    "strict": _strict,
    "request-read": _request_read,
}


# Addresses of backends

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]+)(?P<rest>.*)", re.DOTALL)
_PORTS = {
    "http": "80",
    "https": "443",
    "ajp": "8009",
    "fcgi": "8000",
    "scgi": "4000",
    "h2": "443",
    "h2c": "80",
    "ws": "80",
    "wss": "443",
}
_VARIABLE = re.compile(r"\$[0-9]|\$\{|%[0-9]|%\{")


class Address(NamedTuple):
    """A backend's address as Apache keeps it: scheme and host in small letters, the usual port left out.

    ``host`` has the port as written; ``root`` is scheme and host alone, ``fixed`` the part before the first piece that
    a request fills in. ``asked`` is what Apache looks for among the backends it has already: there the port stays. The
    path of a unix socket is no part of any of them.
    """

    url: str
    scheme: str
    host: str
    root: str
    unix: bool
    fixed: str
    asked: str


def address(text: str) -> Address | None:
    """The address in ``text``; None when Apache would not call it one."""
    unix = text[:5].lower() == "unix:" and "|" in text
    if unix:
        text = text.partition("|")[2]
        if text.endswith(("://", ":")):
            text = text.rstrip(":/") + "://localhost"
    match = _URL.fullmatch(text)
    if match is None:
        return None
    scheme, host, rest = match["scheme"].lower(), match["authority"].lower(), match["rest"]
    short = host
    if host.endswith(":" + _PORTS.get(scheme, "-")):
        short = host[: host.rindex(":")]
    root = f"{scheme}://{short}"
    url = root + rest
    variable = _VARIABLE.search(url)
    fixed = url[: variable.start()] if variable else url
    return Address(url, scheme, host, root, unix, fixed, f"{scheme}://{host}{rest}")


class Workers:
    """The workers of one server by their addresses: the longest that is a prefix of an address serves it."""

    def __init__(self) -> None:
        self._by_url: dict[str, Any] = {}
        self._lengths: set[int] = set()

    def add(self, url: str, worker: Any) -> None:
        self._by_url[url] = worker
        self._lengths.add(len(url))

    def find(self, where: Address) -> Any:
        """The worker that an address shares, or None."""
        return self._find(where.asked, len(where.scheme) + 3 + len(where.host))

    def covering(self, where: Address) -> Any:
        """The worker that serves whatever the request puts behind the fixed part of an address, or None."""
        return self._find(where.fixed, len(where.root))

    def within(self, where: Address) -> bool:
        """Whether a worker serves a part of what the address may become."""
        return any(url.startswith(where.fixed) for url in self._by_url)

    def _find(self, url: str, least: int) -> Any:
        for length in sorted(self._lengths, reverse=True):
            if least <= length <= len(url):
                found = self._by_url.get(url[:length])
                if found is not None:
                    return found
        return None
