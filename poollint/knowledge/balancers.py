"""``rules/balancers/profiles.toml``: what may stand in front of a web server, and how long it keeps connections.

Imported only when the user tells what stands in front (option ``front``).
"""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

MARGIN = 15
_DURATION = re.compile(r"(\d+(?:\.\d+)?) *(ms|s|sec|m|min|h)?")
_FACTORS = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600}


class FrontError(ValueError):
    """``front`` names no profile that is known, and is no duration."""


class Front(NamedTuple):
    """What stands in front, all times in seconds.

    ``idle`` is None where nobody knows how long it keeps a connection to the server behind; ``flow`` is the idle time
    of one that forwards its clients' connections and opens none of its own; ``answer`` is what its clients are known to
    get when the server behind closes first.
    """

    name: str
    title: str
    idle: float | None = None
    request: float | None = None
    keepalive: float | None = None
    flow: float | None = None
    answer: str = ""
    setting: str = ""
    fixed: bool = False
    source: str = ""

    @property
    def wanted(self) -> float:
        """The keep-alive time that the server behind should have: longer than ``idle``."""
        return self.keepalive or (self.idle or 0) + MARGIN


def front(value: Any) -> Front | None:
    """The profile that ``value`` names, or one for the duration that it tells; None for none. Else FrontError."""
    if value is None or value == "":
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _told(float(value))
    text = str(value).strip().lower()
    match = _DURATION.fullmatch(text)
    if match is not None:
        return _told(float(match[1]) * _FACTORS[match[2] or "s"])
    profile = profiles().get(text)
    if profile is None:
        raise FrontError(_unknown(text))
    return profile


def _told(seconds: float) -> Front:
    return Front("", f"the balancer in front ({seconds:g} s)", idle=seconds)


def _unknown(text: str) -> str:
    import difflib

    names = sorted(profiles())
    close = difflib.get_close_matches(text, names, 1)
    meant = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(names)}"
    return f"{text!r} is neither a duration nor a balancer that is known{meant}"


_PROFILES: dict[str, Front] = {}


def profiles() -> dict[str, Front]:
    """Every profile by its name and by its aliases."""
    if not _PROFILES:
        import tomli

        from poollint.knowledge.index import rules_root

        with open(os.path.join(rules_root(), "balancers", "profiles.toml"), "rb") as handle:
            tables = tomli.load(handle)
        for name, table in tables.items():
            aliases = table.pop("aliases", [])
            profile = Front(name, **table)
            for each in (name, *aliases):
                _PROFILES[each] = profile
    return _PROFILES
