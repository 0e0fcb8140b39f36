"""The connection that a JDBC URL asks for, with the properties that are handed to its driver beside it.

A driver is a folder of rules (``pgjdbc``, ``mysql-connector-j`` …): the names of its parameters, their units and defaults.
``[parameters.drivers]`` of HikariCP's folder tells which one a URL's scheme means. Passwords never become values.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, UNLIMITED, Block, Setting
from poollint.formats.jdbc_url import HOLE, parse
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from poollint.formats.jdbc_url import JdbcUrl
    from poollint.knowledge.catalogue import Catalogue, KindSpec, SettingSpec
    from poollint.versions import Version

_LOOPBACK = re.compile(r"(?i)(?:localhost|127(?:\.\d{1,3}){3}|::1|0\.0\.0\.0|host\.docker\.internal)?$")
_POOLER = re.compile(r"(?i)pgbouncer|(?:^|[.-])pooler[.-]|-pooler\.")
_PLACEHOLDER = re.compile(r"\$\{([^{}:]+)(?::([^{}]*))?\}")
_OPEN = re.compile(r"\{\{.*?\}\}|<%.*?%>|@[\w.-]+@|%\{[^}]*\}|#\{[^}]*\}|\$\([^)]*\)|\$\w+|\$\{[^}]*\}?")
_TEST_PATH = re.compile(r"(?i)(?:^|/)(?:src/test|src/it|tests?|testing|e2e|integration-?test)/")
_TEST_NAME = re.compile(r"(?i)[-_.](?:unit-?test|test|tests|it|e2e|ci|h2)(?:[-_.]|$)")
_DEVELOPMENT = re.compile(r"(?i)(?:^|[-_.\W])(?:dev|devel|development|local|docker|demo|sample|example)(?:[-_.\W]|$)")
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_PASSWORDS = frozenset("password pwd passwd sslpassword keystorepassword truststorepassword".split())
_FACTOR = {"ms": 0.001, "s": 1}


class Property(NamedTuple):
    """A property that is handed to the driver beside the URL: its name, text (None: not known), and places."""

    name: str
    text: str | None
    place: Place
    key_place: Place


class Spelled(NamedTuple):
    """A URL's text with holes, the offset in the source of each of its characters, and the names of the holes.

    ``overridden``: the whole URL is what a placeholder falls back on.
    """

    text: str
    offsets: list[int]
    names: tuple[str, ...]
    overridden: bool = False


class Drivers(NamedTuple):
    """The systems that URLs speak of."""

    schemes: Mapping[str, str]
    catalogue_of: Callable[[str], Catalogue]
    target_of: Callable[[str], Version | None]


def spelled(text: str | None, place: Place) -> Spelled | None:
    """A value as a URL may be read from it; None when nothing of it can be known.

    ``text`` is the value as the program gets it, None when placeholders keep it open.
    """
    raw = place.text
    start = place.start
    if len(raw) > 1 and raw[0] in "\"'" and raw[-1] == raw[0]:
        raw, start = raw[1:-1], start + 1
    if text is not None and raw == text:
        return Spelled(text, list(range(start, start + len(text))), ())
    if "\n" in raw or raw[:1] in ("|", ">", "*", "&"):
        return Spelled(text, [place.start] * len(text), ()) if text is not None else None
    made = _with_holes(raw, start)
    if text is not None and made.text != text and HOLE not in made.text:
        return Spelled(text, [place.start] * len(text), ())
    return made


def _with_holes(raw: str, start: int) -> Spelled:
    letters = [(letter, start + at) for at, letter in enumerate(raw)]
    letters = [
        pair for at, pair in enumerate(letters) if pair[0] != "\\" or raw[at + 1 : at + 2] not in (":", "=", "#", "!")
    ]
    names: list[str] = []
    overridden = False
    for _ in range(8):
        plain = "".join(letter for letter, _ in letters)
        match = _PLACEHOLDER.search(plain)
        if match is None:
            break
        inner = letters[match.start(2) : match.end(2)] if match[2] is not None else None
        overridden = overridden or (match.span() == (0, len(plain)) and inner is not None)
        if inner is None:
            names.append(match[1])
            inner = [(HOLE, letters[match.start()][1])]
        letters[match.start() : match.end()] = inner
    plain = "".join(letter for letter, _ in letters)
    for match in reversed(list(_OPEN.finditer(plain))):
        names.append(match[0].strip("{}@%#$<> ()"))
        letters[match.start() : match.end()] = [(HOLE, letters[match.start()][1])]
    return Spelled("".join(a for a, _ in letters), [b for _, b in letters], tuple(names), overridden)


def url_block(
    url: Spelled, place: Place, drivers: Drivers, properties: Iterable[Property] = (), *, path: str = ""
) -> Block | None:
    """The connection of a URL; None when it is no URL of a driver that is described."""
    found = parse(url.text, names=url.names)
    system = drivers.schemes.get(found.scheme, "") if found is not None else ""
    if found is None or not system or "tc" in found.wrappers:
        return None
    catalogue = drivers.catalogue_of(system)
    spec = catalogue.kinds["connection"]
    block = Block(system, "connection", path, place, spec=spec, path=path or "url", target=drivers.target_of(system))
    _Filler(block, spec, url, place).fill(found, properties)
    block.complete = not (found.hides or found.descriptor or url.overridden or "aws-wrapper" in found.wrappers)
    block.complete = block.complete and block.facts.pop("sure", True)
    block.facts.update(_facts(found, place))
    return block


def _facts(found: JdbcUrl, place: Place) -> dict[str, Any]:
    names = [host.name for host in found.hosts]
    known = [name for name in names if HOLE not in name]
    ports = {host.port for host in found.hosts}
    return {
        "host": known[0] if len(known) == len(names) == 1 else "",
        "port": found.hosts[0].port if len(found.hosts) == 1 else 0,
        "network": bool(names) and not any(_LOOPBACK.match(name) for name in known),
        "pooler": 6432 in ports or any(_POOLER.search(name) for name in known),
        **place_facts(place),
    }


def place_facts(place: Place) -> dict[str, bool]:
    """Whether a file serves tests, or the machines that people develop on."""
    path = _near(place.source.path)
    base = path.rpartition("/")[2]
    return {
        "in_test": bool(_TEST_PATH.search(path) or _TEST_NAME.search(base)),
        "in_development": bool(_DEVELOPMENT.search(base.rpartition(".")[0])),
    }


def _near(path: str) -> str:
    """The part of a path that may tell what a file is for: below the current folder, or its last folders."""
    if os.path.isabs(path):
        here = os.getcwd() + os.sep
        path = path[len(here) :] if path.startswith(here) else os.path.join(*path.split(os.sep)[-5:])
    return path.replace("\\", "/")


class _Filler:
    """Puts the parameters of a URL and the properties beside it into the connection's block."""

    def __init__(self, block: Block, spec: KindSpec, url: Spelled, place: Place) -> None:
        self.block = block
        self.spec = spec
        self.url = url
        self.place = place
        self.lower = {name.lower(): name for name in (*spec.settings, *spec.aliases)}

    def fill(self, found: JdbcUrl, properties: Iterable[Property]) -> None:
        for each in found.parameters:
            key_place = self._at(each.key_start, each.key_start + len(each.key))
            value = each.value if HOLE not in each.value else None
            self.put(each.key, value, self._at(each.start, each.end), key_place)
        for given in properties:
            self.put(given.name, given.text, given.place, given.key_place)
        if found.login is not None:
            self._secret("password in the address", self._at(*found.login), self.url.text[slice(*found.login)])

    def _at(self, start: int, end: int) -> Place:
        """A stretch of the URL where it stands in the file; the whole value where the text was put together."""
        offsets = self.url.offsets[start:end]
        if not offsets or offsets[-1] - offsets[0] != len(offsets) - 1 or len(set(offsets)) != len(offsets):
            return self.place
        return Place(self.place.source, offsets[0], offsets[-1] + 1)

    def _secret(self, name: str, place: Place, text: str | None) -> None:
        if text is not None and HOLE not in text and is_secret(text):
            self.block.facts.setdefault("secrets", []).append((name, place))

    def put(self, key: str, text: str | None, place: Place, key_place: Place) -> None:
        if key.lower() in _PASSWORDS:
            self._secret(key, place, text)
            return
        real = key if key in self.spec.settings or key in self.spec.aliases else self.lower.get(key.lower(), "")
        if real != key and real and self.spec.settings[self.spec.aliases.get(real, real)].get("parser") == "exact":
            self.block.facts["sure"] = False  # the driver does not know the name in this spelling
            return
        name = self.spec.aliases.get(real, real)
        spec = self.spec.settings.get(name)
        if spec is None:
            return
        raw = "" if text is None else text
        self.block.settings[name] = Setting(
            name, decode(spec, text), raw, place=place, key_place=key_place, key=key, spec=spec
        )


def decode(spec: SettingSpec, text: str | None) -> Any:
    """A parameter's text as the setting's value."""
    if text is None:
        return UNKNOWN
    word = text.strip()
    if spec.type == "bool":
        return {"true": True, "false": False, "yes": True, "no": False}.get(word.lower(), UNKNOWN)
    if spec.type not in ("int", "duration"):
        return word
    if not _WHOLE.fullmatch(word):
        return UNKNOWN
    number = int(word)
    if number == 0 and spec.get("zero") in ("forever", "unlimited"):
        return UNLIMITED
    if number < 0:
        return UNLIMITED if spec.get("negative") else UNKNOWN
    factor = _FACTOR.get(spec.unit, 1)
    return round(number * factor, 6) if spec.type == "duration" and factor != 1 else number


_DUMMY = re.compile(
    r"(?i)(?:sa|root|test|tests|postgres|mysql|oracle|admin|user|secret|changeme|change[-_]?(?:me|it)|password|passwd|pass|"
    r"example|dummy|demo|x+|\*+|<.*>|\[.*\]|(?:your|my|the)[-_ ]?\w*|\w*placeholder\w*|123456?\d*|.)"
)


def is_secret(text: str) -> bool:
    """Whether a password is one that is worth to keep: not empty, not from elsewhere, not a word that stands for one."""
    word = text.strip()
    if not word or _OPEN.search(word) or re.match(r"ENC\(|\{(?:cipher|bcrypt|noop|vault)", word):
        return False
    return _DUMMY.fullmatch(word) is None
