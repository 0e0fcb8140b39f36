"""What a check reports: plain, picklable values that know no file and no rule engine."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "info"]
Effect = Literal["refused", "misread", "ignored", "risk", "waste", "advice"]
Topic = Literal["reuse", "wait", "size", "order", "state", "syntax", "exposure"]

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")
EFFECTS: tuple[Effect, ...] = ("refused", "misread", "ignored", "risk", "waste", "advice")
TOPICS: tuple[Topic, ...] = ("reuse", "wait", "size", "order", "state", "syntax", "exposure")

EFFECT_WORDS: dict[str, str] = {
    "refused": "the program refuses this configuration",
    "misread": "the program runs with another value than the one written",
    "ignored": "this does nothing",
    "risk": "a known way to an outage, lost work or exposure",
    "waste": "costs time, connections or memory for nothing",
    "advice": "worth knowing; nothing breaks",
}

SEVERITY_OF_EFFECT: dict[Effect, Severity] = {
    "refused": "error",
    "misread": "error",
    "ignored": "warning",
    "risk": "warning",
    "waste": "warning",
    "advice": "info",
}


class Related(NamedTuple):
    """Another place that a finding speaks of."""

    path: str
    line: int
    column: int
    message: str


class EditText(NamedTuple):
    """Replace characters ``start`` to ``end`` (offsets into the decoded text of ``path``) by ``text``."""

    path: str
    start: int
    end: int
    text: str


class FixText(NamedTuple):
    title: str
    safe: bool
    edits: tuple[EditText, ...]


class Suppression(NamedTuple):
    """Why a finding does not count: ``kind`` is inline, file or baseline."""

    kind: str
    reason: str
    line: int


class Finding(NamedTuple):
    """One true thing about a configuration. Lines and columns count from 1; ``end_column`` is exclusive.

    ``message`` says what the program does; ``help`` is the way out (may be empty). ``source_line`` is the text of the
    line that ``line`` names. ``key`` is the configuration key path (``databases.app.pool_size``).
    """

    code: str
    name: str
    severity: Severity
    effect: Effect
    topic: Topic
    message: str
    help: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    system: str
    block: str
    setting: str
    key: str
    help_url: str
    fingerprint: str
    related: tuple[Related, ...] = ()
    fix: FixText | None = None
    suppressed: Suppression | None = None
    source_line: str = ""
