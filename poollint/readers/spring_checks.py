"""What Spring Boot does with keys around a pool: sections that nobody reads, values that another one hides, names that are
changed on their way to the driver."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from poollint.blocks import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.readers.keyed import KeyedEntry
    from poollint.versions import Version

DATASOURCE = ("spring", "datasource")
HIKARI = (*DATASOURCE, "hikari")
_PAIRS = {"url": "jdbcurl", "username": "username", "password": "password", "driverclassname": "driverclassname"}

PROMISE_ABOVE = ("spring", "jpa", "properties")
PROVIDER = ("hibernate", "connection", "providerclass")
# the providers of Hibernate and of HikariCP that open connections of their own
_OWN_POOL = re.compile(r"(?:Hikari(?:CP)?|C3P0|Agroal|Proxool|ViburDBCP|DriverManager)ConnectionProvider(?:Impl)?$")
_SIZES = frozenset(("maximumpoolsize", "minimumidle"))
PROMISE = ("hibernate", "connection", "providerdisablesautocommit")
PROMISE_NAME = "hibernate.connection.provider_disables_autocommit"

# what fills a text in before anything parses it: Helm, Jinja, ERB, Maven, and marks of a merge that is not done
_TEMPLATE = re.compile(r"\{\{|\{%|<%|%\{|#\{|@[\w.-]+@|__\w+__|\(\(|\[\[|(?m:^(?:<{7}|>{7}) )")
MAX_BROKEN = 1 << 20

Shaped = list[tuple[tuple[str, ...], "KeyedEntry"]]


def broken_promise(entries: list[KeyedEntry], own: int) -> Iterator[Problem]:
    """Hibernate was told that the pool switches automatic commits off, and nothing of the whole file does so; the first
    ``own`` entries are the file's, the rest of files of profiles beside it."""
    shaped = shape(entries)
    commits = [entry for parts, entry in shaped if parts[-1] == "autocommit"]
    if any(entry.text is None or entry.text.lower() not in ("true", "on", "yes", "1") for entry in commits):
        return
    for parts, entry in shaped[:own]:
        if parts[-3:] == PROMISE and parts[:3] == PROMISE_ABOVE and (entry.text or "").lower() == "true":
            yield Problem("promise-broken", entry.key_place, values={"setting": PROMISE_NAME})


def is_no_yaml(text: str) -> bool:
    """Whether SnakeYAML surely refuses a text that libyaml refuses: its twin in Python does, and nothing is filled in."""
    import yaml

    if len(text) > MAX_BROKEN or _TEMPLATE.search(text):
        return False
    try:
        deque(yaml.parse(text.removeprefix("\ufeff"), Loader=yaml.SafeLoader), 0)
    except yaml.MarkedYAMLError:
        return True
    except (yaml.YAMLError, RecursionError, UnicodeError):
        return False
    return False


def shape(entries: list[KeyedEntry]) -> Shaped:
    """Each entry with its path as Spring compares names."""
    return [(tuple(re.sub(r"[-_]", "", part).lower() for part in entry.path), entry) for entry in entries]


def check(entries: list[KeyedEntry], boot: Version | None) -> Iterator[Problem]:
    """The problems of one document."""
    shaped = shape(entries)
    yield from _shadowed(shaped)
    yield from _sections(shaped)
    yield from _configuration(shaped)
    yield from _class_name(shaped, boot)
    yield from _legacy_profiles(entries, boot)
    yield from _mangled(shaped)
    yield from _hibernate(shaped)


def binds_by_boot(shaped: Shaped) -> bool:
    """Whether Spring Boot itself surely makes the pool, of HikariCP's kind, from spring.datasource."""
    below = {parts[2]: entry for parts, entry in shaped if parts[:2] == DATASOURCE and len(parts) > 2}
    kind = below.get("type")
    is_hikari = kind is None or (kind.text is not None and "hikari" in kind.text.lower())
    others = {"druid", "tomcat", "dbcp2", "dynamic", "jdbcurl", "jndiname", "oracleucp", "configuration"}
    return "url" in below and is_hikari and not others & set(below)


def _shadowed(shaped: Shaped) -> Iterator[Problem]:
    outer = {parts[2]: entry for parts, entry in shaped if len(parts) == 3 and parts[:2] == DATASOURCE}
    inner = {parts[3]: entry for parts, entry in shaped if len(parts) == 4 and parts[:3] == HIKARI}
    for name, own in _PAIRS.items():
        one, other = outer.get(name), inner.get(own)
        if one is None or other is None or None in (one.text, other.text) or one.text == other.text:
            continue
        values = {"setting": ".".join(one.path), "other": ".".join(other.path)}
        yield Problem("spring-shadowed", one.key_place, values=values)


def _sections(shaped: Shaped) -> Iterator[Problem]:
    below = [(parts, entry) for parts, entry in shaped if parts[:2] == DATASOURCE and len(parts) > 2]
    kind = next((entry.text for parts, entry in below if parts[2:] == ("type",)), None)
    if not kind:
        return
    mine = "hikari" if "hikari" in kind.lower() else ""
    wrong = ("tomcat", "dbcp2") if mine else ("hikari",) if "." in kind else ()
    for section in wrong:
        found = next((entry for parts, entry in below if parts[2] == section and len(parts) > 3), None)
        if found is not None:
            values = {"section": f"spring.datasource.{section}", "type": kind}
            yield Problem("spring-section", found.key_place, values=values)


def _configuration(shaped: Shaped) -> Iterator[Problem]:
    """The section that manuals bind to a bean of the user's own."""
    for parts, entry in shaped:
        if parts[:3] == (*DATASOURCE, "configuration") and parts[3:] and parts[3] in _SIZES:
            yield Problem("spring-configuration", entry.key_place, values={"section": ".".join(entry.path[:3])})
            return


def _class_name(shaped: Shaped, boot: Version | None) -> Iterator[Problem]:
    """Before 3.5 Spring Boot always names a driver, which goes with no class of a data source."""
    if boot is None or boot >= (3, 5) or not binds_by_boot(shaped):
        return
    for parts, entry in shaped:
        if parts == (*HIKARI, "datasourceclassname") and entry.text:
            yield Problem("spring-class-name", entry.key_place, values={"setting": ".".join(entry.path)})


def _legacy_profiles(entries: list[KeyedEntry], boot: Version | None) -> Iterator[Problem]:
    if boot is not None and boot < (2, 4):
        return
    for entry in entries:
        if entry.path == ("spring", "profiles"):
            kind = "spring-profiles" if boot is not None and boot >= (3,) else "spring-profiles-old"
            yield Problem(kind, entry.key_place, values={"setting": "spring.profiles"})


def _mangled(shaped: Shaped) -> Iterator[Problem]:
    for parts, entry in shaped:
        at = next(
            (at for at, part in enumerate(parts) if part == "datasourceproperties" and "hikari" in parts[:at]), -1
        )
        if at < 0 or at + 1 >= len(parts):
            continue
        name = ".".join(entry.path[at + 1 :])
        result = re.sub(r"[^A-Za-z0-9.-]", "", name)
        if "[" not in name and result != name:
            values = {"setting": name, "result": result}
            yield Problem("spring-mangled", entry.key_place, values=values)


def _hibernate(shaped: Shaped) -> Iterator[Problem]:
    for parts, entry in shaped:
        if parts[:4] == ("spring", "jpa", "properties", "hibernate") and parts[4:5] == ("hikari",) and len(parts) > 5:
            yield Problem("hibernate-pool", entry.key_place, values={"setting": ".".join(entry.path)})
        elif parts[-3:] == PROVIDER and parts[:3] == PROMISE_ABOVE and _OWN_POOL.search(entry.text or ""):
            values = {"setting": ".".join(entry.path), "provider": (entry.text or "").rpartition(".")[2]}
            yield Problem("hibernate-provider", entry.place, values=values)
