"""One [pgbouncer] value: what the program makes of the text, and what is wrong with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.formats.pgbouncer_ini import TEMPLATE
from poollint.readers import pgbouncer_values as values
from poollint.versions import UNRELEASED, parse_version

if TYPE_CHECKING:
    from poollint.knowledge.catalogue import SettingSpec
    from poollint.versions import Version

AUTH_TYPES = {"cert": "1.7", "hba": "1.7", "pam": "1.8", "scram-sha-256": "1.11", "ldap": "1.25"}
BUILD_WORDS = ("pam", "ldap")
BOOLEANS = {"yes": "1", "true": "1", "on": "1", "enable": "1", "enabled": "1", "no": "0", "false": "0", "off": "0"}
TIME_UNITS = {
    "us": 0.000001,
    "ms": 0.001,
    "s": 1,
    "sec": 1,
    "secs": 1,
    "second": 1,
    "seconds": 1,
    "m": 60,
    "min": 60,
    "mins": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hour": 3600,
    "hours": 3600,
    "d": 86400,
    "day": 86400,
    "days": 86400,
}
WORDS_MEANT = {
    "disabled": "disable",
    "off": "disable",
    "no": "disable",
    "false": "disable",
    "0": "disable",
    "on": "require",
    "yes": "require",
    "true": "require",
    "1": "require",
    "required": "require",
    "preferred": "prefer",
    "scram": "scram-sha-256",
    "scram-sha256": "scram-sha-256",
    "scram_sha_256": "scram-sha-256",
    "sha256": "scram-sha-256",
    "password": "plain",
    "none": "trust",
    "txn": "transaction",
    "trans": "transaction",
    "transactional": "transaction",
    "transactions": "transaction",
}
_COMMENT = re.compile(r"[;#]|\s(?:--|//)")
_SPACED_COMMENT = re.compile(r"\s[;#](?=\s|$)|\s[;#](?=[A-Za-z])")
_TIME_WITH_UNIT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")
_NUMBER_WITH_SCALE = re.compile(r"(\d+(?:\.\d+)?)([kKmM])[bB]?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[_,.' ]\d{3})+")
_SQL_AFTER = re.compile(
    r"(?i)(?:select|set|reset|discard|begin|rollback|commit|abort|close|deallocate|unlisten|listen|with|insert|update|"
    r"delete|do|call)\b"
)
SQL_SETTINGS = frozenset(("auth_query", "server_check_query", "server_reset_query"))
FREE_TEXT = frozenset(("job_name", "syslog_ident", "login_notify_message", "auth_ldap_options"))
#: settings whose text a detector judges as a whole, together with what surrounds them
JUDGED_ELSEWHERE = frozenset(
    f"{side}_tls_{what}" for side in ("client", "server") for what in ("protocols", "ciphers", "dheparams", "ecdhcurve")
) | {"listen_addr"}


class Fault(NamedTuple):
    """What is wrong with a value: a kind of problem, words for its message, and the text that was surely meant."""

    kind: str
    values: dict[str, Any]
    meant: str = ""


class Decoded(NamedTuple):
    """The typed value (None: refused) and the faults of its text."""

    value: Any
    faults: tuple[Fault, ...] = ()


def is_template(raw: str) -> bool:
    return TEMPLATE.search(raw) is not None


def is_newer(since: Version | None, target: Version | None) -> bool:
    """Whether the target (None: the newest release) does not have yet what came with ``since``."""
    if since is None:
        return False
    return since == UNRELEASED if target is None else since > target


def known_from(spec: SettingSpec) -> str:
    """Which versions know a setting, in words."""
    text = str(spec.get("since"))
    return "to no release yet" if text == "unreleased" else f"from PgBouncer {text}"


def with_zero(spec: SettingSpec, value: Any, target: Version | None) -> Any:
    """0 read as the catalogue says: UNLIMITED where it means "no limit" in the target version."""
    if value != 0 or spec.get("zero") not in ("unlimited", "forever"):
        return value
    if spec.name in ("default_pool_size", "pool_size") and target is not None and target < (1, 24):
        return value
    return UNLIMITED


def decode(spec: SettingSpec, raw: str, target: Version | None, lacks: tuple[str, ...] = ()) -> Decoded:
    """What PgBouncer makes of ``raw`` as the value of ``spec``."""
    if is_template(raw):
        return Decoded(UNKNOWN)
    parser = spec.get("parser")
    if parser in ("int", "uint"):
        return _decode_int(spec, raw, target)
    if parser == "time":
        return _decode_time(spec, raw, target)
    if parser == "word":
        return _decode_word(spec, raw, target, lacks)
    if parser == "authdb" and raw == "pgbouncer":
        return Decoded(None, (Fault("reserved-auth-dbname", {}),))
    return Decoded(raw, _text_faults(spec.name, raw, target))


def _decode_int(spec: SettingSpec, raw: str, target: Version | None) -> Decoded:
    value = values.parse_uint(raw) if spec.get("parser") == "uint" else values.parse_int(raw)
    if value is None:
        return Decoded(None, (_refused_int(spec, raw),))
    faults = []
    exact = values.exact_int(raw)
    assert exact is not None
    if exact != value and not (spec.get("parser") == "uint" and exact < 0):
        faults.append(Fault("integer-overflow", {"result": value}))
    elif spec.type == "mode":
        if _looks_octal(raw):
            faults.append(Fault("socket-mode-decimal", {"result": f"0{value:o}"}, "0" + raw))
    elif raw.lstrip("+-").startswith("0") and raw.isdigit() and int(raw) != value:
        faults.append(Fault("octal-integer", {"result": value, "decimal": raw.lstrip("0")}, str(value)))
    return Decoded(with_zero(spec, value, target), tuple(faults))


def _looks_octal(raw: str) -> bool:
    """Whether a mode in decimal digits was surely meant in octal: as a decimal it would lock the owner out."""
    if not raw.isdigit() or raw.startswith("0") or set(raw) - set("01234567") or len(raw) not in (3, 4):
        return False
    return int(raw) > 0o777 or int(raw) & 0o600 != 0o600


def _refused_int(spec: SettingSpec, raw: str) -> Fault:
    lowered = raw.lower()
    if spec.type == "bool" and lowered in BOOLEANS:
        return Fault("boolean-word", {}, BOOLEANS[lowered])
    if _is_quoted(raw):
        return Fault("quoted-refused", {}, raw[1:-1].strip())
    bare = _before_comment(raw)
    if bare:
        return Fault("inline-comment-refused", {"bare": bare}, bare if values.exact_int(bare) is not None else "")
    if spec.type == "mode" and re.fullmatch(r"0[oO][0-7]+", raw):
        return Fault("socket-mode-0o", {}, "0" + raw[2:])
    return Fault("invalid-integer", {"unit": spec.unit, "hint": _int_hint(raw)}, _int_meant(raw))


def _int_hint(raw: str) -> str:
    if not raw:
        return "the value is empty"
    if re.fullmatch(r"0[0-9]+", raw):
        return "a leading 0 means octal, and 8 and 9 are no octal digits"
    return "a whole number is needed, without unit, point or quotes"


def _int_meant(raw: str) -> str:
    if _GROUPED.fullmatch(raw):
        return re.sub(r"[^\d+-]", "", raw)
    scaled = _NUMBER_WITH_SCALE.fullmatch(raw)
    if scaled:
        number = float(scaled[1]) * (1000 if scaled[2] in "kK" else 1000000)
        return str(int(number)) if number == int(number) else ""
    return ""


def _decode_time(spec: SettingSpec, raw: str, target: Version | None) -> Decoded:
    seconds = values.parse_time(raw)
    if seconds is None:
        return Decoded(None, (_refused_time(raw),))
    faults: tuple[Fault, ...] = ()
    if seconds >= 2**62 / values.MICROSECONDS or (seconds == 0 and _says_more_than_zero(raw)):
        result = "0" if seconds == 0 else f"{seconds:.6g}"
        faults = (Fault("time-overflow", {"result": result}),)
    return Decoded(with_zero(spec, values.tidy(seconds), target), faults)


def _says_more_than_zero(raw: str) -> bool:
    mantissa = re.split(r"[eEpP]", raw.lower().replace("0x", ""), maxsplit=1)[0]
    return any(char not in "+-.0 \t\f\v" for char in mantissa)


def _refused_time(raw: str) -> Fault:
    if _is_quoted(raw):
        return Fault("quoted-refused", {}, raw[1:-1].strip())
    bare = _before_comment(raw)
    if bare:
        return Fault("inline-comment-refused", {"bare": bare}, bare if values.parse_time(bare) is not None else "")
    unit = _TIME_WITH_UNIT.fullmatch(raw)
    if unit and unit[2].lower() in TIME_UNITS:
        meant = f"{float(unit[1]) * TIME_UNITS[unit[2].lower()]:g}"
        return Fault("invalid-time", {"hint": f"seconds without a unit are needed: {meant}"}, meant)
    if re.fullmatch(r"\d+,\d+", raw):
        return Fault("invalid-time", {"hint": "the decimal sign is a point"})
    if raw.startswith("-"):
        return Fault("invalid-time", {"hint": "it may not be negative"})
    return Fault("invalid-time", {"hint": "a number of seconds is needed" if raw else "the value is empty"})


def word_version(name: str, word: str) -> Version | None:
    """The release that brought a word of an enumeration."""
    return parse_version(AUTH_TYPES[word]) if name == "auth_type" and word in AUTH_TYPES else None


def _decode_word(spec: SettingSpec, raw: str, target: Version | None, lacks: tuple[str, ...]) -> Decoded:
    word = raw.lower()
    known = spec.get("enum", [])
    if word in known:
        since = word_version(spec.name, word)
        if is_newer(since, target):
            return Decoded(None, (Fault("newer-word", {"since": AUTH_TYPES[word]}),))
        if word in BUILD_WORDS and word in lacks:
            return Decoded(None, (Fault("build-lacks", {"feature": word.upper()}),))
        return Decoded(word)
    if _is_quoted(raw):
        return Decoded(None, (Fault("quoted-refused", {}, raw[1:-1].strip() if raw[1:-1].lower() in known else ""),))
    bare = _before_comment(raw)
    if bare:
        return Decoded(None, (Fault("inline-comment-refused", {"bare": bare}, bare if bare.lower() in known else ""),))
    meant = WORDS_MEANT.get(word, "")
    return Decoded(None, (Fault("invalid-word", {"known": ", ".join(known), "hint": _meant_of(meant, known)}),))


def _meant_of(meant: str, known: list[str]) -> str:
    return f"; {meant} is meant?" if meant in known else ""


def _is_quoted(raw: str) -> bool:
    return len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "'\""


def _before_comment(raw: str) -> str:
    """The text before what looks like a comment behind a value; empty when nothing does."""
    match = _COMMENT.search(raw)
    return raw[: match.start()].strip() if match and match.start() > 0 else ""


def _text_faults(name: str, raw: str, target: Version | None) -> tuple[Fault, ...]:
    """Quotes and comments that a text setting keeps."""
    if name in FREE_TEXT or name in JUDGED_ELSEWHERE:
        return ()
    if _is_quoted(raw):
        inner = raw[1:-1]
        kind = "quoted-refused" if _stops_start(name, inner, target) else "quoted-kept"
        return (Fault(kind, {"inner": inner}, inner.strip()),)
    match = _SPACED_COMMENT.search(raw)
    if match is None or match.start() == 0:
        return ()
    rest = raw[match.end() :].strip()
    if name in SQL_SETTINGS and (not rest or (raw[match.start() + 1] == ";" and _SQL_AFTER.match(rest))):
        return ()
    bare = raw[: match.start()].strip()
    refused = _stops_start(name, rest, target)
    return (Fault("inline-comment-refused" if refused else "inline-comment-kept", {"bare": bare, "rest": rest}, bare),)


def _stops_start(name: str, extra: str, target: Version | None) -> bool:
    """Whether text that is no part of the name surely makes the lookup or the opening of it fail."""
    if name in ("user", "unix_socket_group"):
        return True
    if name == "unix_socket_dir":
        return target is None or target >= (1, 19)
    return name in ("logfile", "pidfile") and "/" in extra
