"""HikariCP's own judgement of its settings, by version: conversion of texts, refusals of setters, and ``validate()``.

What it refuses, replaces or drops becomes a Problem of the block, and the block's settings get the values that the pool
then has. Times are milliseconds here, as HikariCP has them. A value that is None is not known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, UNLIMITED, Problem, Setting
from poollint.readers.repairs import plain_milliseconds
from poollint.versions import Version, in_range

if TYPE_CHECKING:
    from collections.abc import Callable

    from poollint.blocks import Block
    from poollint.knowledge.catalogue import SettingSpec
    from poollint.source import Place

INTS = ("maximumPoolSize", "minimumIdle")
_LONG = re.compile(r"[+-]?[0-9]+")
_BARE = re.compile(r"[0-9][0-9_]*[lL]?")
_OWN_TEST = re.compile(r"^package\s+com\.zaxxer\.hikari\b", re.MULTILINE)
_SUFFIXED = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_SUFFIX_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_CLASS = re.compile(r"[\w$]+(?:\.[\w$]+)+")
_CLASS_NAME = re.compile(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)*|\$[\w$.]*")
_HEX = re.compile(r"([+-]?)(?:0x|#)([0-9a-fA-F]+)", re.IGNORECASE)
_SPRING_TRUTHS = (frozenset("true on yes 1".split()), frozenset("false off no 0".split()))
# where a setter throws: (setting, lowest value that it takes, whether 0 is taken all the same)
_FLOORS = (
    ("maximumPoolSize", 1, False),
    ("minimumIdle", 0, False),
    ("connectionTimeout", 250, True),
    ("validationTimeout", 250, False),
    ("idleTimeout", 0, False),
)
ISOLATIONS = {
    "TRANSACTION_NONE": 0,
    "TRANSACTION_READ_UNCOMMITTED": 1,
    "TRANSACTION_READ_COMMITTED": 2,
    "TRANSACTION_CURSOR_STABILITY": 3,
    "TRANSACTION_REPEATABLE_READ": 4,
    "TRANSACTION_LAST_COMMITTED": 5,
    "TRANSACTION_SERIALIZABLE": 8,
    "TRANSACTION_SQL_SERVER_SNAPSHOT_ISOLATION_LEVEL": 4096,
}


class _UnsureError(Exception):
    """A step needs a value that is not known."""


class _Values:
    """The settings as HikariCP holds them while it validates."""

    def __init__(self) -> None:
        self.held: dict[str, int | None] = {}
        self.fixed = False  # minimumIdle follows maximumPoolSize, whatever that is

    def __getitem__(self, name: str) -> int:
        value = self.held[name]
        if value is None:
            raise _UnsureError
        return value

    def elastic(self) -> bool:
        return not self.fixed and self["minimumIdle"] < self["maximumPoolSize"]


class Step(NamedTuple):
    """One check of ``validate()``: what it looks for, and the value that it puts in place."""

    kind: str
    versions: str
    name: str
    holds: Callable[[_Values], bool]
    result: int | None
    others: tuple[str, ...] = ()
    group: str = ""


FLOORS = {"lifetime-floor": 30_000, "idle-floor": 10_000, "keepalive-floor": 30_000, "leak-floor": 2000}
STEPS = (
    Step("lifetime-floor", "", "maxLifetime", lambda v: v["maxLifetime"] != 0 and v["maxLifetime"] < 30000, 1800000),
    Step(
        "idle-cancelled",
        "<3.3.1",
        "idleTimeout",
        lambda v: v["maxLifetime"] > 0 and v["idleTimeout"] + 1000 > v["maxLifetime"],
        0,
        ("maxLifetime",),
    ),
    Step("idle-floor", "<3.3.1", "idleTimeout", lambda v: 0 != v["idleTimeout"] < 10000, 600000),
    Step("keepalive-floor", ">=4.0.0", "keepaliveTime", lambda v: 0 != v["keepaliveTime"] < 30000, 0),
    Step(
        "keepalive-lifetime",
        ">=4.0.0",
        "keepaliveTime",
        lambda v: v["keepaliveTime"] != 0 and v["maxLifetime"] != 0 and v["keepaliveTime"] >= v["maxLifetime"],
        0,
        ("maxLifetime",),
    ),
    Step("leak-floor", "", "leakDetectionThreshold", lambda v: 0 < v["leakDetectionThreshold"] < 2000, 0),
    Step(
        "leak-lifetime",
        "",
        "leakDetectionThreshold",
        lambda v: v["leakDetectionThreshold"] > 0 and 0 < v["maxLifetime"] < v["leakDetectionThreshold"],
        0,
        ("maxLifetime",),
    ),
    Step("", "", "minimumIdle", lambda v: v["minimumIdle"] < 0, None),
    Step(
        "idle-cancelled",
        ">=3.3.1",
        "idleTimeout",
        lambda v: v["maxLifetime"] > 0 and v["idleTimeout"] + 1000 > v["maxLifetime"] and v.elastic(),
        0,
        ("maxLifetime", "minimumIdle"),
        "idle",
    ),
    Step(
        "idle-floor",
        ">=3.3.1",
        "idleTimeout",
        lambda v: 0 != v["idleTimeout"] < 10000 and v.elastic(),
        600000,
        ("minimumIdle",),
        "idle",
    ),
    Step(
        "idle-inert",
        ">=3.1.0",
        "idleTimeout",
        lambda v: v["idleTimeout"] not in (0, 600000) and not v.elastic(),
        -1,
        (),
        "idle",
    ),
)


class Raw(NamedTuple):
    """One setting as it is written: its real name, its text (None: not known), where, and as which form it is read."""

    name: str
    text: str | None
    place: Place
    key_place: Place
    key: str
    number: int | None = None
    inherited: bool = False


class Checker:
    """Fills a block from what is written, as HikariCP of the block's target version would."""

    def __init__(self, block: Block, *, spring: bool) -> None:
        assert block.spec is not None
        self.block = block
        self.spec = block.spec
        self.spring = spring
        self.version: Version = block.target or self.spec.newest or ()
        self.written: dict[str, Raw] = {}
        self.truths = _SPRING_TRUTHS

    def fill(self, entries: list[Raw]) -> None:
        """Every entry becomes a setting, then the whole is validated."""
        for entry in entries:
            self.written[entry.name] = entry
        for entry in self.written.values():
            self._put(entry, self._value(entry))
        if "initializationFailFast" in self.written:
            self._legacy_fail_fast()
        self.validate()

    def _put(self, entry: Raw, value: Any) -> None:
        self.block.settings[entry.name] = Setting(
            entry.name,
            value,
            "" if entry.text is None else entry.text,
            place=entry.place,
            key_place=entry.key_place,
            key=entry.key,
            origin="inherited" if entry.inherited else "explicit",
            spec=self.spec.settings.get(entry.name),
        )

    def _problem(self, kind: str, entry: Raw, **values: Any) -> None:
        if not entry.inherited:
            shown = {"setting": entry.key, "raw": entry.text or "", **values}
            self.block.problems.append(Problem(kind, entry.place, setting=entry.name, values=shown))

    # Texts to values

    def _value(self, entry: Raw) -> Any:
        spec = self.spec.settings[entry.name]
        if entry.text is None:
            return UNKNOWN
        if spec.type == "bool":
            return self._flag(entry, entry.text)
        if spec.type not in ("int", "duration"):
            self._text(entry, entry.text, spec)
            return entry.text
        number = entry.number if entry.number is not None else self._number(entry, entry.text)
        if number is None or not self._fits(entry, number):
            return UNKNOWN
        for name, least, zero in _FLOORS:
            if name == entry.name and number < least and not (zero and number == 0):
                unit = " ms" if spec.type == "duration" else ""
                bare = _bare(entry)
                meant = _in_milliseconds(number, least) if bare and name != "maximumPoolSize" else ""
                what = _floor_words(name, number, bare=bare)
                self._problem("rejected", entry, least=f"{least}{unit}", what=what, meant=meant)
                return UNKNOWN
        return self.typed(entry.name, number)

    def _text(self, entry: Raw, text: str, spec: SettingSpec) -> None:
        """Texts that no setter takes: an object that is no class, a driver without a name, a name that no class can have."""
        if spec.get("grammar") == "class name" and text and not _CLASS_NAME.fullmatch(text):
            self._problem("no-class-name", entry)
        if self.spring:
            return
        if spec.get("grammar") == "class" and not _CLASS.fullmatch(text):
            self._problem("not-an-object", entry)
        elif entry.name == "driverClassName" and not text:
            self._problem("empty-driver", entry)

    def typed(self, name: str, number: int) -> Any:
        """A number of HikariCP's as the catalogue has it."""
        spec = self.spec.settings[name]
        if number == 0 and spec.get("zero"):
            return UNLIMITED
        return round(number / 1000, 6) if spec.type == "duration" else number

    def _flag(self, entry: Raw, text: str) -> Any:
        word = text.strip().lower() if self.spring else text.lower()
        if not self.spring:
            if word not in ("true", "false"):
                self._problem("not-boolean", entry, meant="true" if word in ("yes", "on", "1", "y", "t") else "false")
            return word == "true"
        if word in self.truths[0] or word in self.truths[1]:
            return word in self.truths[0]
        if word:
            self._problem("spring-not-boolean", entry)
        return UNKNOWN

    def _number(self, entry: Raw, text: str) -> int | None:
        plain = "".join(text.split()) if self.spring else text
        if self.spring and not plain:
            return None
        number = self._integer(entry.name, plain)
        if number is None:
            meant = (
                plain_milliseconds(text) if entry.name not in INTS or text.strip().replace("_", "").isdigit() else ""
            )
            self._problem("not-a-number", entry, what=self._number_words(entry.name, text), meant=meant)
        return number

    def _fits(self, entry: Raw, number: int) -> bool:
        bits = 31 if entry.name in INTS else 63
        most = 1 << bits
        if -most <= number < most or (number == most and entry.number is not None and bits == 63):
            return True  # Long.MAX_VALUE comes as a float from source code
        self._problem("not-a-number", entry, what=f"it does not fit into {bits + 1} bits", meant="")
        return False

    def _integer(self, name: str, text: str) -> int | None:
        if _LONG.fullmatch(text):
            return int(text) if len(text) < 100 else 1 << 70
        if self.spring:
            match = _HEX.fullmatch(text)
            return int(match[1] + match[2], 16) if match is not None and len(text) < 100 else None
        suffixed = _SUFFIXED.fullmatch(text) if name not in INTS and self._is(">=6.3.0") else None
        return int(suffixed[1][:30]) * _SUFFIX_MS[suffixed[2]] if suffixed is not None else None

    def _number_words(self, name: str, text: str) -> str:
        if not text.strip():
            return "nothing is no number"
        if text != text.strip() and not self.spring:
            return "the blank at its end belongs to the value"
        if "#" in text or "!" in text:
            return "a comment cannot stand behind a value"
        if re.fullmatch(r"[0-9]+(?:_[0-9]+)+", text):
            return "underscores are refused"
        if _SUFFIXED.fullmatch(text.strip().lower()) or text.strip().upper().startswith("P"):
            return "HikariCP takes plain milliseconds" if name not in INTS else "it must be a plain number"
        return "it must be a plain whole number"

    def _legacy_fail_fast(self) -> None:
        """Before 3.0 the old flag set initializationFailTimeout."""
        setting = self.block.settings["initializationFailFast"]
        if "initializationFailTimeout" in self.written:
            self.block.settings["initializationFailTimeout"].value = UNKNOWN  # the order of a hash table decides
        elif isinstance(setting.value, bool):
            self._default("initializationFailTimeout", 1 if setting.value else -1)

    # validate()

    def validate(self) -> None:
        """The steps of HikariCP's ``validate()`` in its order; the block's settings then have what the pool runs with."""
        values = _Values()
        for name, spec in self.spec.settings.items():
            if spec.type in ("int", "duration"):
                values.held[name] = self._held(name)
        if self._is("<4.0.0"):
            values.held["keepaliveTime"] = 0
        self._sizes(values)
        done: set[str] = set()
        for step in STEPS:
            if (step.versions and not self._is(step.versions)) or step.group in done:
                continue
            try:
                holds = step.holds(values)
            except _UnsureError:
                continue
            if holds and step.kind and not (step.name == "leakDetectionThreshold" and self._own_test()):
                if step.group:
                    done.add(step.group)
                self._apply(step, values)

    def _own_test(self) -> bool:
        """Whether this is a test of HikariCP itself: those switch the check of the leak detection off."""
        return _OWN_TEST.search(self.block.place.source.text) is not None

    def _held(self, name: str) -> int | None:
        setting = self.block.settings.get(name)
        if setting is None:
            if not self.block.complete:
                return None
            setting = self.spec.settings[name].default_setting(self.block.target)
        value = setting.value
        if value is UNKNOWN or value is None or isinstance(value, (str, bool)):
            return None
        if value == UNLIMITED:
            return 0
        return round(value * 1000) if self.spec.settings[name].type == "duration" else int(value)

    def _sizes(self, values: _Values) -> None:
        """How large the pool is: where one of the two sizes is not written, the other tells it."""
        written = self.written
        most, least = values.held["maximumPoolSize"], values.held["minimumIdle"]
        open_ = not self.block.complete
        if "maximumPoolSize" not in written and not open_ and self._is("<3.3.1") and "minimumIdle" in written:
            most = None if least is None else least if least > 0 else 10
            if most is not None:
                self._default("maximumPoolSize", most)
            else:
                self._default("maximumPoolSize", UNKNOWN)
        if "minimumIdle" not in written and not open_:
            least = most
            values.fixed = not self.spring
            self._default("minimumIdle", UNKNOWN if most is None else most)
        elif least is not None and most is not None and least > most:
            self._lower_floor(most)
            least = most
        values.held["maximumPoolSize"], values.held["minimumIdle"] = most, least

    def _lower_floor(self, most: int) -> None:
        """A minimumIdle above maximumPoolSize becomes as large as that."""
        entry = self.written["minimumIdle"]
        size = self.written.get("maximumPoolSize")
        anchor = size if entry.inherited and size is not None else entry
        name = size.key if size is not None else "maximumPoolSize"
        self._problem("floor-lowered", anchor, floor=entry.key, value=entry.text, size=name, most=most)
        self.block.settings["minimumIdle"].value = most

    def _default(self, name: str, value: Any) -> None:
        spec = self.spec.settings[name]
        typed = value if value is UNKNOWN else self.typed(name, value)
        self.block.settings[name] = Setting(name, typed, "", origin="default", spec=spec)

    def _apply(self, step: Step, values: _Values) -> None:
        before = values[step.name]
        entry = self.written.get(step.name)
        anchor = entry
        if entry is None or entry.inherited:
            anchor = next((self.written[each] for each in step.others if self._own(each)), entry)
        elastic = "minimumIdle" in self.written
        if anchor is not None:
            other = step.others[0] if step.others else ""
            kind = step.kind if entry is not None else f"{step.kind}-default"
            held = values.held.get(other)
            self._problem(
                kind,
                anchor,
                name=entry.key if entry is not None else step.name,
                value=before,
                other=self.written[other].key if other in self.written else other,
                other_value="" if held is None else held,
                seconds=_seconds_hint(before) if _bare(entry) else "",
                meant=_in_milliseconds(before, FLOORS.get(kind, 0)) if kind in FLOORS and _bare(entry) else "",
                elastic=elastic,
            )
        if step.result is None or step.result < 0:
            return
        values.held[step.name] = step.result
        if entry is None:
            self._default(step.name, step.result)
        else:
            self.block.settings[step.name].value = self.typed(step.name, step.result)

    def _own(self, name: str) -> bool:
        found = self.written.get(name)
        return found is not None and not found.inherited

    def _is(self, bounds: str) -> bool:
        return in_range(self.version, bounds)

    # The rest

    def two_sources(self) -> bool:
        """Whether both ways to a data source are written, which ``validate()`` refuses."""
        ds, driver = self.written.get("dataSourceClassName"), self.written.get("driverClassName")
        if ds is None or driver is None or "" in (ds.text, driver.text):
            return False
        self._problem("two-sources", driver)
        return True

    def sources(self) -> None:
        """Which data source the pool is for: the choices that ``validate()`` refuses or settles by itself."""
        given = {name: entry for name, entry in self.written.items() if entry.text != ""}
        ds, driver, url = (given.get(name) for name in ("dataSourceClassName", "driverClassName", "jdbcUrl"))
        if self.two_sources():
            return
        if ds is not None and url is not None:
            self._problem("url-dropped", url)
        elif driver is not None and url is None:
            self._problem("driver-without-url", driver)

    def no_source(self) -> bool:
        names = ("dataSourceClassName", "driverClassName", "jdbcUrl", "dataSourceJNDI")
        return not any(name in self.written and self.written[name].text != "" for name in names)

    def words(self) -> None:
        """Names that fail later: of the pool with JMX, of the transaction isolation."""
        name = self.written.get("poolName")
        jmx = self.block.settings.get("registerMbeans")
        if name is not None and name.text and ":" in name.text and jmx is not None and jmx.value is True:
            self._problem("pool-name-colon", name)
        level = self.written.get("transactionIsolation")
        if level is not None and level.text and not self._is_isolation(level.text):
            meant = "TRANSACTION_" + re.sub(r"[\s-]+", "_", level.text.strip()).upper()
            self._problem("isolation", level, meant=meant if meant in ISOLATIONS else "TRANSACTION_READ_COMMITTED")

    def _is_isolation(self, text: str) -> bool:
        if text.upper() in ISOLATIONS:
            return True
        return bool(_LONG.fullmatch(text)) and len(text) < 6 and int(text) in ISOLATIONS.values()


def _floor_words(name: str, number: int, *, bare: bool) -> str:
    if name == "maximumPoolSize":
        return "a pool holds one connection at least"
    if number < 0:
        return "a negative number is refused" if name != "connectionTimeout" else "only 0 means to wait for ever"
    if number and not bare:
        return f"these are {number} ms"
    return f"the unit is milliseconds; {number} seconds are {number * 1000}" if number else "0 is refused too"


def _bare(entry: Raw | None) -> bool:
    """Whether a number stands alone, so that seconds may have been meant: ``SECONDS.toMillis(1)`` knows its unit."""
    return entry is not None and entry.text is not None and _BARE.fullmatch(entry.text.strip()) is not None


def _in_milliseconds(number: int, least: int) -> str:
    """A number of seconds in milliseconds, where that is one that is taken; else empty."""
    return str(number * 1000) if 0 < number < 10000 and number * 1000 >= least else ""


def _seconds_hint(number: int) -> str:
    """What a small number would be if seconds were meant."""
    return f"; the unit is milliseconds, and {number} seconds are {number * 1000}" if 0 < number < 10000 else ""


def check_source(block: Block) -> None:
    """Validate a block that the reader of Java made from setters."""
    entries = []
    for setting in block.settings.values():
        if setting.place is None or setting.key_place is None or setting.spec is None:
            continue
        value, number = setting.value, None
        text: str | None = setting.raw
        if value is UNKNOWN:
            text = None
        elif setting.spec.type in ("int", "duration"):
            if isinstance(value, str):  # of a Properties object
                text = value
            elif isinstance(value, bool) or not isinstance(value, (int, float)):
                text = None
            else:
                scale = 1000 if setting.spec.type == "duration" else 1
                number = 0 if value == UNLIMITED else round(value * scale)
        elif isinstance(value, bool):
            text = str(value).lower()
        elif isinstance(value, str):
            text = value
        else:
            text = None
        entries.append(Raw(setting.name, text, setting.place, setting.key_place, setting.key, number))
    checker = Checker(block, spring=False)
    checker.fill(entries)
    checker.words()
    if not any(entry.text is None for entry in entries if entry.name in ("dataSourceClassName", "driverClassName")):
        checker.two_sources()
