"""The values of a configuration, each checked for its type, with the line of what is wrong."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from poollint.config import (
    PYPROJECT,
    Config,
    ConfigError,
    Known,
    check_selectors,
    closest,
    is_selector,
    shown,
    unknown_selector,
)
from poollint.config_lines import Lines, Path
from poollint.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from poollint.findings import Severity

MOST = 1e15
QUANTITIES = {"share": "share", "count-or-share": "count_or_share", "rate": "rate", "time": "duration"}
_SIZE = r"(?i)(\d+(?:\.\d+)?)\s*([KMG]?)(i?)B?"
_DURATION = r"(\d+(?:\.\d+)?)\s*(us|ms|s|sec|m|min|h|d|days?|)"
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1, "sec": 1, "": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "day": 86400}


class File(NamedTuple):
    """A text to read: relative paths in it start at ``base``; ``seen`` are the files that led here, and itself."""

    path: str
    base: str
    text: str
    seen: tuple[str, ...]


class Values:
    """Reads the values of one file, whose lines it knows."""

    def __init__(self, config: Config, known: Known, file: File) -> None:
        self.config = config
        self.known = known
        self.path = file.path
        self.base = file.base
        self.seen = file.seen
        self.raw = file.text
        inside = os.path.basename(file.path) == PYPROJECT
        self.lines = Lines(file.text, ("tool", "poollint") if inside else ())

    def fail(self, at: Path, message: str, item: str | None = None) -> NoReturn:
        line = self.lines.of(at) if item is None else self.lines.of_item(at, item)
        raise ConfigError(message, path=self.path, line=line)

    def origin(self, at: Path, item: str | None = None) -> str:
        line = self.lines.of(at) if item is None else self.lines.of_item(at, item)
        return shown(self.path) if line is None else f"{shown(self.path)}:{line}"

    def options(self, value: Any, specs: Mapping[str, Mapping[str, Any]], at: Path) -> dict[str, Any]:
        """Options by their names with underscores; each of the type that its table tells."""
        by_name = {name.replace("-", "_"): spec for name, spec in specs.items()}
        found = {}
        for key, given in self.table(value, at).items():
            name = key.replace("-", "_")
            if name not in by_name:
                self.unknown(key, [each.replace("_", "-") for each in by_name], (*at, key))
            found[name] = self.typed(given, by_name[name], (*at, key))
        return found

    def typed(self, value: Any, spec: Mapping[str, Any], at: Path) -> Any:
        kind = spec.get("type", "string")
        check: Callable[[Any, Path], Any] | None = {
            "int": self.whole,
            "float": self.number,
            "bool": self.flag,
            "string": self.text,
            "path": self.file_path,
            "duration": self.duration,
            "size": self.size,
            "list": self.texts,
            "balancer": self.balancer,
            "name": self.text,
            "names": self.names,
        }.get(kind)
        if kind in QUANTITIES:
            return self.quantity(value, QUANTITIES[kind], at)
        found = value if check is None else check(value, at)
        choices = spec.get("enum") or spec.get("choices")
        if choices and found not in choices:
            self.fail(at, f"{at[-1]} must be one of {', '.join(map(str, choices))}, not {value!r}")
        low, high = spec.get("min"), spec.get("max")
        if low is not None and found < low:
            self.fail(at, f"{at[-1]} = {value}: the least is {low}")
        if high is not None and found > high:
            self.fail(at, f"{at[-1]} = {value}: the most is {high}")
        return found

    # Values

    def wrong(self, value: Any, wanted: str, at: Path) -> NoReturn:
        name = next((part for part in reversed(at) if isinstance(part, str)), "this")
        self.fail(at, f"{name} must be {wanted}, not {_kind(value)}")

    def unknown(self, key: str, options: Iterable[str], at: Path) -> NoReturn:
        options = list(options)
        table = ".".join(part for part in at[:-1] if isinstance(part, str))
        known = closest(key, options) or (f"; known are {', '.join(sorted(options))}" if options else "; it has none")
        self.fail(at, f"unknown key {key!r} in [{table}]{known}")

    def only(self, table: Mapping[str, Any], keys: Iterable[str], at: Path) -> None:
        for key in table:
            if key not in keys:
                self.unknown(key, keys, (*at, key))

    def table(self, value: Any, at: Path) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.wrong(value, "a table", at)
        found: dict[str, Any] = value
        return found

    def text(self, value: Any, at: Path) -> str:
        if not isinstance(value, str):
            self.wrong(value, "text in quotes", at)
        return str(value)

    def texts(self, value: Any, at: Path) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.wrong(value, "a list of texts", at)
        return tuple(value)

    def url(self, value: Any, at: Path) -> str:
        text = self.text(value, at)
        if text and re.match(r"(?:https?|file)://\S+$", text) is None:
            self.fail(at, f"{at[-1]} must be an address such as https://example.org/poollint, not {value!r}")
        return text

    def selectors(self, value: Any, at: Path) -> tuple[str, ...]:
        """Those that name something. An unknown rule to leave out is a warning: another version may know it."""
        found = []
        for each in self.texts(value, at):
            line = self.lines.of_item(at, each)
            if at[-1] == "ignore" and not is_selector(each, self.known):
                said = ConfigError(unknown_selector(each, self.known, "ignore"), path=self.path, line=line)
                self.config.warnings.append(str(said))
                continue
            check_selectors((each,), self.known, str(at[-1]), path=self.path, line=line)
            found.append(each)
        return tuple(found)

    def flag(self, value: Any, at: Path) -> bool:
        if not isinstance(value, bool):
            self.wrong(value, "true or false", at)
        return bool(value)

    def whole(self, value: Any, at: Path) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong(value, "a whole number", at)
        return int(self.sane(value, at))

    def number(self, value: Any, at: Path) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.wrong(value, "a number", at)
        return float(self.sane(value, at))

    def duration(self, value: Any, at: Path) -> float:
        """Seconds, from a number of seconds or a text such as ``500ms``, ``30s``, ``5min``."""
        if isinstance(value, str):
            match = re.fullmatch(_DURATION, value.strip())
            if match is not None:
                return float(match[1]) * _SECONDS[match[2].removesuffix("s") if match[2] == "days" else match[2]]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(value, 'seconds, or a text such as "30s", "5min"', at)
        return float(value)

    def size(self, value: Any, at: Path) -> int:
        """Bytes, from a number of bytes or a text such as ``64MiB``."""
        if isinstance(value, str):
            match = re.fullmatch(_SIZE, value.strip())
            if match is not None:
                step = 1000 if match[2] and not match[3] and value.strip().lower().endswith("b") else 1024
                return int(float(match[1]) * step ** " KMG".index(match[2].upper() or " "))
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.wrong(value, 'a size such as "64MiB"', at)
        return int(value)

    def names(self, value: Any, at: Path) -> tuple[str, ...]:
        """One text, or a list of texts."""
        return (value,) if isinstance(value, str) else self.texts(value, at)

    def quantity(self, value: Any, reader: str, at: Path) -> int | float:
        """What ``poollint size`` reads likewise: a number, or a text with its unit."""
        from poollint.sizing import units

        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.wrong(value, "a number or a text with its unit", at)
        try:
            found: int | float = getattr(units, reader)(str(value))
        except ValueError as error:
            self.fail(at, f"{at[-1]}: {error}")
        return self.sane(found, at)

    def sane(self, value: float, at: Path) -> float:
        """The number, unless nobody could count so far."""
        if not abs(value) <= MOST:
            self.fail(at, f"{at[-1]} is beyond all numbers that make sense")
        return value

    def file_path(self, value: Any, at: Path) -> str:
        return self.resolve(self.text(value, at))

    def balancer(self, value: Any, at: Path) -> Any:
        """What stands in front of a server: a profile's name or its idle time."""
        from poollint.knowledge.balancers import FrontError, front

        try:
            front(value)
        except FrontError as error:
            self.fail(at, f"{at[-1]}: {error}")
        return value

    def resolve(self, value: str) -> str:
        """A path as the file means it: from the directory that the file stands in."""
        path = os.path.expanduser(value)
        return shown(os.path.normpath(os.path.join(self.base, path))) if self.base else path

    def one_of(self, value: Any, options: tuple[str, ...], at: Path) -> str:
        text = self.text(value, at)
        if text not in options:
            self.fail(at, f"{at[-1]} must be one of {', '.join(options)}, not {text!r}{closest(text, options)}")
        return text

    def severity_of(self, value: Any, at: Path) -> Severity:
        text = self.one_of(value, tuple(reversed(SEVERITIES)), at)
        return next(each for each in SEVERITIES if each == text)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else type(value).__name__
