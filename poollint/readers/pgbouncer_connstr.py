"""Entries of [databases], [users] and [peers]: their connection strings as blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, Block, Edit, Fix, Setting
from poollint.formats.connstr import ConnstrError, Pair, parse_connstr
from poollint.readers import pgbouncer_values as values
from poollint.readers.pgbouncer_settings import WORDS_MEANT, is_newer, is_template, known_from, with_zero
from poollint.source import Place

if TYPE_CHECKING:
    from poollint.formats.pgbouncer_ini import Entry
    from poollint.knowledge.catalogue import KindSpec, SettingSpec
    from poollint.source import Source
    from poollint.versions import Version

MASK = "\x01"
MAX_PROBLEMS = 50
MAX_TEMPLATE = 4000
_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}|<%(?!=).*?%>")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\$\{(?:[^{}]|\{[^{}]*\})*\}|<%=.*?%>|%\(\w+\)s")
_SEPARATED = re.compile(r"[,;]\s*[A-Za-z_]+=|[,;]$")
_URI = re.compile(r"['\"]?postgres(?:ql)?://", re.IGNORECASE)
HINTS: dict[str, dict[str, str]] = {
    "database": {
        "sslmode": "server_tls_sslmode in [pgbouncer] sets it for all databases",
        "sslrootcert": "server_tls_ca_file in [pgbouncer] sets it for all databases",
        "sslcert": "server_tls_cert_file in [pgbouncer] sets it for all databases",
        "sslkey": "server_tls_key_file in [pgbouncer] sets it for all databases",
        "connect_timeout": "server_connect_timeout in [pgbouncer] sets it for all databases",
        "server_tls_sslmode": "it belongs in [pgbouncer]",
        "username": "user is the key",
        "database": "dbname is the key",
        "hostname": "host is the key",
        "hostaddr": "host is the key",
        "max_connections": "max_db_connections is the key",
        "max_user_connections": "it belongs in [users] or [pgbouncer]",
        "max_client_conn": "it belongs in [pgbouncer]; max_db_client_connections limits one database (since 1.24)",
        "default_pool_size": "pool_size is the key",
        "idle_transaction_timeout": "it belongs in [pgbouncer] or [users]",
        "query_timeout": "it belongs in [pgbouncer] or [users]",
        "target_session_attrs": "PgBouncer has no such choice of server",
        "options": "connect_query can run a SET",
    },
    "user": {
        "password": "secrets stand in auth_file",
        "max_connections": "max_user_connections is the key",
        "max_db_connections": "it belongs in [databases] or [pgbouncer]",
        "default_pool_size": "pool_size is the key (since 1.23)",
        "reserve_pool": "reserve_pool_size is the key (since 1.24)",
    },
    "peer": {},
}
RENAMES = {
    "database": {"username": "user", "database": "dbname", "hostname": "host", "default_pool_size": "pool_size"},
    "user": {},
    "peer": {},
}
_PLAIN = frozenset(("host", "port", "user", "dbname"))


class EntryReader(NamedTuple):
    """What decoding an entry needs to know."""

    source: Source
    kind: KindSpec
    target: Version | None

    def fill(self, block: Block, entry: Entry, *, star: bool = False) -> bool:
        """Settings and problems of an entry's connection string; whether it could be read to its end."""
        text = entry.value
        masked = text
        conditional = False
        if is_template(text):
            if len(text) > MAX_TEMPLATE:
                return False
            plain = _STATEMENT.sub(_blank, text)
            conditional = plain != text
            masked = _EXPRESSION.sub(_mask, plain)
        pairs, error = parse_connstr(masked)
        for pair in pairs:
            if len(block.problems) >= MAX_PROBLEMS:
                break
            self._pair(block, entry, text, pair, star=star)
        if error is None:
            return not conditional
        if masked is text and not is_template(text):
            self._error(block, entry, error, pairs, star=star)
        return False

    def _place(self, entry: Entry, start: int, end: int) -> Place:
        return Place(self.source, entry.value_start + start, entry.value_start + end)

    def _error(self, block: Block, entry: Entry, error: ConnstrError, pairs: list[Pair], *, star: bool) -> None:
        place = self._place(entry, error.start, error.end)
        word = entry.value[error.start : error.end].partition("=")[0]
        if _URI.match(entry.value):
            kind = "connstr-uri"
        elif word[:1] in (";", "#"):
            kind, place = "inline-comment-connstr", self._place(entry, error.start, len(entry.value))
        elif entry.value[:1] in ("'", '"') and entry.value[-1:] == entry.value[:1]:
            kind = "connstr-quoted-whole"
        elif error.kind == "no-equals" and pairs and pairs[-1].key == "password":
            kind, word = "connstr-password-blank", "a part of the password"
        else:
            kind = f"connstr-{error.kind}"
        shown = {"connstr-unterminated": "a quote that never closes", "connstr-empty": f"{word} without a value"}
        self._refuse(block, kind, place, shown.get(kind, f"the stray text {word[:60]}"), star=star, word=word[:60])

    def _refuse(self, block: Block, kind: str, place: Place, reason: str, *, star: bool, **more: Any) -> None:
        """A problem that stops the start; in the * entry, one that only the clients of other databases meet."""
        setting, fix = more.pop("setting", ""), more.pop("fix", None)
        if star:
            block.problem("star-entry", place, setting=setting, values={"reason": reason})
        else:
            block.problem(kind, place, setting=setting, values={"section": _section(self.kind.name), **more}, fix=fix)

    def _pair(self, block: Block, entry: Entry, text: str, pair: Pair, *, star: bool) -> None:
        key_place = self._place(entry, pair.key_start, pair.key_end)
        if MASK in pair.key or is_template(pair.key):
            return
        name = self.kind.aliases.get(pair.key, pair.key)
        spec = self.kind.settings.get(name)
        if spec is None:
            self._unknown_key(block, pair, key_place, entry, star=star)
            return
        since = spec.since()
        if is_newer(since, self.target) and pair.key == name:
            more: dict[str, Any] = {"key": pair.key, "known_from": known_from(spec), "setting": name, "fix": None}
            if pair.key == "reserve_pool_size" and self.kind.name == "database":
                more["fix"] = Fix("write reserve_pool", (Edit(key_place, "reserve_pool"),))
            self._refuse(block, "newer-key", key_place, f"{pair.key}, known {known_from(spec)}", star=star, **more)
        raw = text[pair.value_start : pair.value_end] if MASK in pair.value else pair.value
        place = self._place(entry, pair.value_start, pair.value_end)
        previous = block.settings.pop(name, None)
        if previous is not None and previous.place is not None and MASK not in pair.value:
            related = ((place, "this one holds"),)
            block.problem(
                "duplicate-connstr-key", previous.place, setting=name, values={"key": pair.key}, related=related
            )
        value = self._value(block, spec, pair, place, star=star)
        block.settings[name] = Setting(name, value, raw, place=place, key_place=key_place, key=pair.key, spec=spec)

    def _unknown_key(self, block: Block, pair: Pair, place: Place, entry: Entry, *, star: bool) -> None:
        if _URI.match(entry.value):
            self._refuse(block, "connstr-uri", self._place(entry, 0, len(entry.value)), "a URI", star=star, word="")
            return
        hint = HINTS[self.kind.name].get(pair.key, "")
        fix = None
        rename = RENAMES[self.kind.name].get(pair.key)
        if rename and rename not in entry.value:
            fix = Fix(f"write {rename}", (Edit(place, rename),))
        if not hint:
            hint = suggest(pair.key, self.kind, self.target)
        hint = f"; {hint}" if hint else ""
        more = {"key": pair.key, "hint": hint, "fix": fix}
        self._refuse(block, "connstr-unknown-key", place, f"the unknown key {pair.key!r}", star=star, **more)

    def _value(self, block: Block, spec: SettingSpec, pair: Pair, place: Place, *, star: bool) -> Any:
        """The typed value, None where the program refuses it; what is wrong becomes a problem of the block."""
        if MASK in pair.value or is_template(pair.value):
            return UNKNOWN
        misread = self._misread(block, spec, pair, place)
        parser = spec.get("parser")
        if parser == "word":
            return self._word(block, spec, pair, place, star=star)
        if parser != "atoi":
            return pair.value
        number = values.parse_atoi(pair.value)
        if spec.name == "port" and number == 0:
            more = {"raw": pair.value, "setting": "port"}
            reason = f"port = {pair.value}, which reads as 0"
            self._refuse(block, "connstr-port-zero", place, reason, star=star, **more)
            return None
        if not misread:
            self._number_faults(block, spec, pair, place, number)
        return with_zero(spec, number, self.target)

    def _word(self, block: Block, spec: SettingSpec, pair: Pair, place: Place, *, star: bool) -> str | None:
        word = pair.value.lower()
        known = spec.get("enum", [])
        if word in known:
            return word
        meant = WORDS_MEANT.get(word, "")
        hint = f"; {meant} is meant?" if meant in known else ""
        more = {"raw": pair.value, "known": ", ".join(known), "hint": hint, "key": pair.key, "setting": spec.name}
        self._refuse(block, "connstr-word", place, f"{pair.key} = {pair.value}", star=star, **more)
        return None

    def _number_faults(self, block: Block, spec: SettingSpec, pair: Pair, place: Place, number: int) -> None:
        raw = pair.value
        shown: dict[str, Any] = {"raw": raw, "key": pair.key, "result": number}
        if not re.fullmatch(r"[+-]?[0-9]+", raw):
            block.problem("connstr-number-junk", place, setting=spec.name, values=shown)
        elif int(raw[:40]) != number:
            block.problem("connstr-number-overflow", place, setting=spec.name, values=shown)

    def _misread(self, block: Block, spec: SettingSpec, pair: Pair, place: Place) -> bool:
        """Text that runs into its neighbours; whether that was the case (then the value is judged no further)."""
        raw = pair.value
        shown = {"raw": raw, "key": pair.key}
        if not pair.quoted and "\t" in raw:
            block.problem("connstr-tab", place, setting=spec.name, values=shown, fix=self._tab_fix(place, raw))
            return True
        numeric = spec.get("parser") == "atoi"
        if not pair.quoted and pair.gap and self._swallows(raw):
            taken = raw.partition("=")[0] + "=…"
            block.problem("connstr-swallow", place, setting=spec.name, values={**shown, "raw": taken})
            return True
        if not pair.quoted and (numeric or spec.name in _PLAIN) and _SEPARATED.search(raw):
            result = values.parse_atoi(raw) if numeric else raw
            fix = None
            if raw[-1] in ",;" and not _SEPARATED.search(raw[:-1]):
                fix = Fix(f"drop the {raw[-1]}", (Edit(place, raw[:-1]),), safe=numeric)
            separator = raw[-1] if raw[-1] in ",;" else ("," if "," in raw else ";")
            values_shown = {**shown, "result": result, "separator": separator}
            kind = "connstr-separator-number" if numeric else "connstr-separator"
            block.problem(kind, place, setting=spec.name, values=values_shown, fix=fix)
            return True
        if (
            not pair.quoted
            and raw.startswith('"')
            and (spec.name != "password" or (len(raw) > 1 and raw.endswith('"')))
        ):
            block.problem(
                "connstr-double-quotes", place, setting=spec.name, values=shown, fix=_single_quotes(place, raw)
            )
            return True
        return False

    def _swallows(self, raw: str) -> bool:
        key = raw.partition("=")[0]
        return "=" in raw and (key in self.kind.settings or key in self.kind.aliases)

    def _tab_fix(self, place: Place, raw: str) -> Fix | None:
        return Fix("replace the tab by a space", (Edit(place, re.sub(r"\t+", " ", raw).rstrip(" ")),), safe=False)


def _mask(match: re.Match[str]) -> str:
    return MASK * len(match[0])


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _section(kind: str) -> str:
    return {"database": "databases", "user": "users", "peer": "peers"}[kind]


def _single_quotes(place: Place, raw: str) -> Fix | None:
    if len(raw) < 3 or not raw.endswith('"') or set(raw[1:-1]) & {'"', "'"}:
        return None
    first, last = Place(place.source, place.start, place.start + 1), Place(place.source, place.end - 1, place.end)
    return Fix("use single quotes", (Edit(first, "'"), Edit(last, "'")), safe=False)


def suggest(word: str, kind: KindSpec, target: Version | None) -> str:
    """``did you mean X?`` for a name close to a known one; empty when none is close."""
    from difflib import get_close_matches

    folded = word.lower().replace("-", "_")[:100]
    known = {name: name for name, spec in kind.settings.items() if not is_newer(spec.since(), target)}
    if folded in known:
        return f"did you mean {folded}?"
    near = get_close_matches(folded, known, n=1, cutoff=0.75)
    return f"did you mean {near[0]}?" if near else ""
