"""``rules/poolers/profiles.toml``: which addresses are those of a pooler or a proxy in front of a database."""

from __future__ import annotations

import os
import re
from typing import NamedTuple


class Profile(NamedTuple):
    """One pooler; ``port``, ``session`` and ``idle`` (seconds) are 0 where it has none of its own."""

    name: str
    title: str
    host: str = ""
    port: int = 0
    session: int = 0
    scheme: str = ""
    follows: bool = False
    pins: bool = False
    idle: float = 0


_PROFILES: dict[str, Profile] = {}


def profiles() -> dict[str, Profile]:
    """Every profile by its name."""
    if not _PROFILES:
        import tomli

        from poollint.knowledge.index import rules_root

        with open(os.path.join(rules_root(), "poolers", "profiles.toml"), "rb") as handle:
            _PROFILES.update((name, Profile(name, **table)) for name, table in tomli.load(handle).items())
    return _PROFILES


def at_host(host: str) -> Profile | None:
    """The pooler that the name of a host tells."""
    lower = host.lower()
    return next((each for each in profiles().values() if each.host and re.search(each.host, lower)), None)


def at_port(port: int) -> Profile | None:
    """The pooler that listens at a port of its own."""
    return next((each for each in profiles().values() if port and each.port == port), None)


def at_scheme(url: str) -> Profile | None:
    """The pooler that a URL leads to by its scheme."""
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    return next((each for each in profiles().values() if each.scheme and re.fullmatch(each.scheme, scheme)), None)


_ADDRESS = re.compile(r"(?:^|@|//|,|\bhost\s*=\s*'?)([\w.-]+)(?::(\d{1,5})\b)?(?=$|[/?:,;\s'\"])")
_PORT = re.compile(r"\bport\s*=\s*'?(\d{1,5})\b")


def in_text(text: str) -> Profile | None:
    """The pooler that a connection string (``postgres://u@pgbouncer/db``, ``host=x port=6432``) or a name tells."""
    named = _PORT.search(text)
    for match in _ADDRESS.finditer(text[:4096]):
        port = int(match[2]) if match[2] else int(named[1]) if named is not None else 0
        found = pooler_at(match[1], port)
        if found is not None:
            return found
    return at_scheme(text)


def pooler_at(host: str, port: int = 0) -> Profile | None:
    """The pooler at an address, by its name or by its port; None where neither tells one, or it shares by session there."""
    found = at_host(host) or at_port(port)
    return None if found is not None and found.session and port in (0, found.session) else found
