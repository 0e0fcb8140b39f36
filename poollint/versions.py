"""Version numbers, compared part by part."""

from __future__ import annotations

import re

Version = tuple[int, ...]

UNRELEASED: Version = (999999,)
_SHAPE = re.compile(r"v?(\d+(?:\.\d+)*)")
_RANGE = re.compile(r"(<=|>=|<|>)\s*([\w.]+)\s*")


def parse_version(text: str) -> Version:
    """``1.25.2`` -> (1, 25, 2); ``unreleased``, or a build of a later state (``1.25.2+git1a2b3c``), is newer than all.

    ValueError when it is no version.
    """
    if text == "unreleased" or "+git" in text:
        return UNRELEASED
    match = _SHAPE.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a version number")
    return _trim(tuple(int(part) for part in match[1].split(".")))


def _trim(parts: Version) -> Version:
    """1.24.0 and 1.24 are the same version."""
    while len(parts) > 1 and parts[-1] == 0:
        parts = parts[:-1]
    return parts


def in_range(version: Version, spec: str) -> bool:
    """Whether ``version`` satisfies every bound of ``spec``, such as ``>=1.21, <1.24``."""
    for operator, text in parse_range(spec):
        bound = parse_version(text)
        if not (
            (operator == "<" and version < bound)
            or (operator == "<=" and version <= bound)
            or (operator == ">" and version > bound)
            or (operator == ">=" and version >= bound)
        ):
            return False
    return True


def parse_range(spec: str) -> list[tuple[str, str]]:
    """``>=1.21, <1.24`` -> [(">=", "1.21"), ("<", "1.24")]. ValueError when it is no range."""
    bounds = []
    for part in spec.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{spec!r} is not a version range such as '>=1.21, <1.24'")
        parse_version(match[2])
        bounds.append((match[1], match[2]))
    return bounds
