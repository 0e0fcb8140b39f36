"""Django's databases that a URL names: ``dj_database_url.config(…)`` and ``env.db()`` as the table that they make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN
from poollint.readers.source.values import Entry, Folded, Made, Table

if TYPE_CHECKING:
    from poollint.readers.source.values import Call

ENVIRON = "environ.Env.db"
_MAKERS = ("dj_database_url.config", "dj_database_url.parse", ENVIRON)
_KEYS = {
    "conn_max_age": "CONN_MAX_AGE",
    "conn_health_checks": "CONN_HEALTH_CHECKS",
    "disable_server_side_cursors": "DISABLE_SERVER_SIDE_CURSORS",
    "engine": "ENGINE",
}
_BACKENDS = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "pgsql": "postgresql",
    "mysql": "mysql",
    "oracle": "oracle",
    "sqlite": "sqlite3",
}
# what a URL's query may set, as django-environ reads it
_IN_QUERY = ("CONN_MAX_AGE", "CONN_HEALTH_CHECKS", "DISABLE_SERVER_SIDE_CURSORS", "ATOMIC_REQUESTS", "AUTOCOMMIT")
_URL = re.compile(r"([a-z][a-z0-9]*)://(?:[^@/?]*@)?([^:/?,]*)(?::(\d+))?(?:/([^?]*))?(\?.*)?", re.S)


def is_environ(name: str) -> bool:
    """Whether a call reads a database's URL as django-environ or environs do: ``env.db()``, ``env.dj_db_url("…")``."""
    return re.fullmatch(r"env\.(?:db|db_url|dj_db_url)", name) is not None


def entry_of(folded: Folded) -> Folded:
    """The entry of DATABASES that such a call makes; anything else as it is."""
    made = folded.value
    if not isinstance(made, Made) or (made.call.callee or "") not in _MAKERS:
        return folded
    return folded._replace(value=_table(made.call))


def _table(call: Call) -> Table:
    table = Table()
    table.complete, table.broken = call.complete, call.broken
    for name, key in _KEYS.items():
        if name in call.named:
            table.entries[key] = call.named[name]
    url = _url(call)
    parts = _URL.match(url.value) if url is not None and isinstance(url.value, str) else None
    variable = url.env if url is not None else "?"

    def put(key: str, value: Any) -> None:
        env = variable if value is not UNKNOWN else ""
        table.entries.setdefault(key, Entry(call.place, Folded(value, call.place, env)))

    backend = _BACKENDS.get(parts[1]) if parts is not None else None
    put("ENGINE", f"django.db.backends.{backend}" if backend else UNKNOWN)
    for key, group in (("HOST", 2), ("PORT", 3), ("NAME", 4)):
        put(key, (parts[group] or "") if parts is not None else UNKNOWN)
    if call.callee == ENVIRON and (parts is None or variable or parts[5]):
        for key in _IN_QUERY:
            put(key, UNKNOWN)
    if parts is not None and parts[5]:
        table.complete = False  # the query's keys are options
    return table


def _url(call: Call) -> Folded | None:
    """The text of the URL: given itself, or the default of the variable that holds it."""
    if call.callee == "dj_database_url.parse":
        entry = call.named.get("url")
        return call.positional[0] if call.positional else entry.value if entry is not None else None
    entry = call.named.get("default")
    if entry is None:
        return None
    return entry.value if entry.value.env else entry.value._replace(env="DATABASE_URL")
