"""What nginx reads out of one argument: times, sizes, numbers and texts with variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poollint.knowledge.catalogue import SettingSpec
    from poollint.versions import Version

INVALID = "invalid-value"
NEWER = "newer-than-target"
MAX_INT = 2**63 - 1
# A placeholder that something fills in before nginx sees the file: ${NAME}, $NAME, @NAME@, %name%, __NAME__, <NAME>.
_HOLE = re.compile(r"[\ue000]|\$\{[^}]*\}|\$[A-Z]|@\w+@|%\w+%|__\w+__|<[A-Za-z_ -]+>|\#\{|\[\[|%\(")
_TIME = re.compile(r"(\d*)(ms|[yMwdhms ]|$) *")
_SECONDS = {"y": 31536000, "M": 2592000, "w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, " ": 1, "": 1}
_STEP = {"y": 1, "M": 2, "w": 3, "d": 4, "h": 5, "m": 6, "s": 7, "ms": 8, " ": 9, "": 10}
_NAME = re.compile(r"[A-Za-z0-9_]+")


class Fault(NamedTuple):
    kind: str
    what: str
    arg: int
    since: str = ""


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
