"""Judgements on postgresql.conf that need more than a condition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNLIMITED
from poollint.engine.hits import Hit, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting
    from poollint.engine.hits import RuleContext

MAX_BACKENDS = 262_143
_PLAIN_NUMBER = re.compile(r"\s*\+?[0-9]+\s*")
_MILLISECONDS = re.compile(r"\bms\b|\d+ms\b|milli", re.IGNORECASE)

# Below how many milliseconds a number without a unit was hardly meant: a wait for a lock may well last 200 ms only, a
# session is not ended after 300 ms.
_DOUBTFUL = {
    "statement_timeout": 1000,
    "transaction_timeout": 1000,
    "idle_in_transaction_session_timeout": 1000,
    "idle_session_timeout": 1000,
    "wal_sender_timeout": 1000,
    "tcp_user_timeout": 1000,
    "lock_timeout": 100,
    "client_connection_check_interval": 100,
    "deadlock_timeout": 20,
}


def unit_trap(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A timeout so short that seconds were meant, written without a unit."""
    for name, doubtful in _DOUBTFUL.items():
        setting = block.settings.get(name)
        if setting is None or not known(setting.value) or setting.value == UNLIMITED:
            continue
        limit = min(doubtful, ctx.options["below_ms"])
        if 0 < setting.value * 1000 < limit and _PLAIN_NUMBER.fullmatch(setting.raw) and not _says_ms(setting):
            yield Hit(setting, values={"number": setting.raw.strip()}, case=_CASES.get(name, "ends"))


_CASES = {"deadlock_timeout": "checks", "client_connection_check_interval": "checks"}


def _says_ms(setting: Setting) -> bool:
    """Whether the comment behind the value shows that the writer knows the unit."""
    place = setting.place
    if place is None:
        return False
    text = place.source.text
    end = text.find("\n", place.end)
    rest = text[place.end : end if end >= 0 else len(text)]
    return _MILLISECONDS.search(rest) is not None


def process_total(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """More processes in all than the server can number."""
    names = ["max_connections", "max_worker_processes"]
    if ctx.target is None or ctx.target >= (12,):
        names.append("max_wal_senders")
    workers = "autovacuum_max_workers" if ctx.target is None or ctx.target < (18,) else "autovacuum_worker_slots"
    values = [block.value(name) for name in (*names, workers)]
    if not known(*values):
        return
    total = sum(values) + 1
    if total <= MAX_BACKENDS or not any(name in block.settings for name in (*names, workers)):
        return
    largest = max((*names, workers), key=lambda name: (name in block.settings, block.value(name)))
    parts = " + ".join(f"{value} ({name})" for name, value in zip((*names, workers), values, strict=True))
    yield Hit(largest, values={"sum": f"{parts} + 1 = {total}", "limit": MAX_BACKENDS})


def idle_session_end(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Idle sessions ended by the server; where PgBouncer is in the run, its own rule compares the two."""
    setting = block.settings.get("idle_session_timeout")
    if setting is None or not known(setting.value) or setting.value == UNLIMITED or _has_pooler(ctx):
        return
    yield Hit(setting)


def many_connections(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Room for so many processes that a pooler in front would serve better."""
    setting = block.settings.get("max_connections")
    if setting is None or not known(setting.value) or setting.value <= ctx.options["threshold"] or _has_pooler(ctx):
        return
    yield Hit(setting)


def _has_pooler(ctx: RuleContext) -> bool:
    return bool(ctx.of("pgbouncer", "main"))
