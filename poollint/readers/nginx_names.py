"""Names of nginx directives: those that open blocks, those that look like ours but are others', and near misses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Directives that open a block: the levels they may stand on, and the fewest and most arguments.
BLOCKS: dict[str, tuple[frozenset[str], int, int]] = {
    "events": (frozenset(("main",)), 0, 0),
    "http": (frozenset(("main",)), 0, 0),
    "stream": (frozenset(("main",)), 0, 0),
    "mail": (frozenset(("main",)), 0, 0),
    "location": (frozenset(("server", "location")), 1, 2),
    "upstream": (frozenset(("http", "stream")), 1, 1),
    "limit_except": (frozenset(("location",)), 1, -1),
    "if": (frozenset(("server", "location")), 1, -1),
    "map": (frozenset(("http", "stream")), 2, 2),
    "geo": (frozenset(("http", "stream")), 1, 2),
    "split_clients": (frozenset(("http", "stream")), 2, 2),
    "types": (frozenset(("http", "server", "location")), 0, 0),
    "charset_map": (frozenset(("http",)), 2, 2),
    "server": (frozenset(("http", "stream", "mail")), 0, 0),
}
DATA = frozenset(("map", "geo", "split_clients", "types", "charset_map"))
MAIN_NAMES = frozenset(
    ("events", "http", "stream", "mail", "worker_processes", "user", "pid", "daemon", "load_module", "master_process")
) | {"worker_rlimit_nofile", "worker_shutdown_timeout", "worker_cpu_affinity", "env", "pcre_jit", "thread_pool"}
HTTP_BLOCKS = frozenset(("server", "upstream", "map", "geo", "split_clients", "charset_map"))
SERVER_NAMES = frozenset(("location", "listen", "server_name"))

# Real directives of nginx and of widely used modules that are spelled almost like one of ours.
OTHERS = frozenset(
    (
        *("fastcgi_param", "uwsgi_param", "scgi_param", "user", "map", "set", "aio", "geo", "env", "deny", "pid"),
        *("proxy_limit_rate", "limit_rate", "listen_https", "proxy_hide_header", "proxy_set_body", "proxy_pass_header"),
        *("server_name", "sticky_cookie_insert", "mirror", "hash", "timeout", "use_temp_path", "keepalived"),
        *("state_file", "queue_size", "resolver_log", "preread_buffer_size", "upstreams", "servers", "listeners"),
        *(
            "proxy_buffer",
            "https",
            "server_names",
            "proxy_upstream_tries",
            "http3_push",
            "http2_push",
            "http3_max_table_capacity",
            "http_v2",
            "random_index",
        ),
    )
)
SERVER_PARAMS = frozenset(
    ("weight", "max_conns", "max_fails", "fail_timeout", "backup", "down", "slow_start", "resolve")
)
_WORD = re.compile(r"[A-Za-z0-9_-]+")
PREFIXES = ("proxy_", "upstream_", "fastcgi_", "client_")


class Spelling:
    """Near misses of known names, found once per name."""

    def __init__(self, family: Iterable[str], others: Iterable[str] = OTHERS) -> None:
        self.family = frozenset(family)
        self.others = frozenset(others) - self.family
        self._found: dict[str, str] = {}
        self._letters = [(candidate, _letters(candidate)) for candidate in sorted(self.family)]

    def meant(self, name: str) -> str:
        """The directive that an unknown name most likely stands for; an empty text when it is like none of ours."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._search(name)
        return found

    def _search(self, name: str) -> str:
        if name in self.others or len(name) < 4 or len(name) > 60 or not _WORD.fullmatch(name):
            return ""
        lower = name.lower().replace("-", "_")
        if lower in self.family:
            return "" if name in self.family else lower
        for prefix in PREFIXES:
            rest = name[len(prefix) :]
            if name.startswith(prefix) and rest in self.family and rest.startswith("keepalive"):
                return rest
        limit = 2 if len(name) > 8 else 1
        best, best_distance = "", limit + 1
        letters = _letters(lower)
        for candidate, its_letters in self._letters:
            far = abs(len(candidate) - len(name)) >= best_distance
            if far or (letters ^ its_letters).bit_count() > 2 * limit:
                continue
            distance = edit_distance(lower, candidate, best_distance - 1)
            if distance < best_distance:
                best, best_distance = candidate, distance
        return best


def _letters(word: str) -> int:
    """The set of a word's letters as bits: words that differ in more than two of them for each edit are far apart."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 63)
    return bits


def edit_distance(one: str, other: str, limit: int) -> int:
    """Insertions, deletions, changes and swaps of neighbours that turn one word into another; ``limit + 1`` if more."""
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        current = [i]
        for j, right in enumerate(other, 1):
            cost = min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return previous[-1]


def allowed_levels(kinds: Mapping[str, Mapping[str, object]]) -> dict[str, frozenset[str]]:
    """Directive name -> the levels that may hold it, from the settings of each level."""
    found: dict[str, set[str]] = {}
    for kind, names in kinds.items():
        for name in names:
            found.setdefault(name, set()).add(kind)
    for name, (levels, _, _) in BLOCKS.items():
        found.setdefault(name, set()).update(levels)
    return {name: frozenset(levels) for name, levels in found.items()}
