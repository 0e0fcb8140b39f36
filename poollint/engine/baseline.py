"""A baseline: the findings of a day, so that only new ones count.

A finding is known by its rule, its file (seen from the baseline's folder) and its configuration key path, never by a
line or a count: lines may move, and a second mistake elsewhere in the file is not hidden by the first.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.config import ConfigError
from poollint.findings import Suppression

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from poollint.findings import Finding

VERSION = 1


class Entry(NamedTuple):
    """What a baseline knows of a finding; ``path`` is relative to the baseline's folder."""

    path: str
    rule: str
    key: str

    def __str__(self) -> str:
        return f"{self.rule} {self.path} {self.key}".rstrip()


def entry_of(finding: Finding, baseline: str) -> Entry:
    """How a finding stands in the baseline at a path."""
    folder = os.path.dirname(os.path.abspath(baseline))
    path = os.path.relpath(os.path.abspath(finding.path), folder).replace(os.sep, "/")
    return Entry(path, finding.code, finding.key)


def write_baseline(path: str, findings: Iterable[Finding]) -> int:
    """Record the findings that are not suppressed already, whole or not at all; how many entries there are."""
    entries = {entry_of(finding, path) for finding in findings if finding.suppressed is None or _ours(finding)}
    return write_entries(path, entries)


def _ours(finding: Finding) -> bool:
    return finding.suppressed is not None and finding.suppressed.kind == "baseline"


def write_entries(path: str, entries: Collection[Entry]) -> int:
    import json

    rows = [json.dumps(each._asdict(), ensure_ascii=False) for each in sorted(entries)]
    body = ",\n  ".join(rows)
    text = (
        f'{{"version": {VERSION}, "findings": [\n  {body}\n]}}\n'
        if rows
        else f'{{"version": {VERSION}, "findings": []}}\n'
    )
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as handle:
            handle.write(text)
        os.replace(temporary, path)
    except OSError as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise ConfigError(f"cannot be written: {error.strerror or error}", path=path) from None
    return len(rows)


def read_baseline(path: str) -> set[Entry]:
    """The entries of a baseline. ConfigError when it is none."""
    import json

    try:
        with open(path, "rb") as handle:
            data: Any = json.loads(handle.read().decode("utf-8", "surrogateescape"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror or error}", path=path) from None
    except ValueError as error:
        raise ConfigError(f"is no baseline: {error}", path=path) from None
    if not isinstance(data, dict) or not isinstance(data.get("findings"), list):
        raise ConfigError("is no baseline: it has no findings", path=path)
    if data.get("version") != VERSION:
        raise ConfigError(f"is a baseline of version {data.get('version')!r}, not {VERSION}", path=path)
    entries = set()
    for row in data["findings"]:
        if not isinstance(row, dict) or not all(isinstance(row.get(field), str) for field in Entry._fields):
            raise ConfigError(f"is no baseline: an entry needs {', '.join(Entry._fields)}", path=path)
        entries.add(Entry(row["path"], row["rule"], row["key"]))
    return entries


def apply_baseline(
    findings: Sequence[Finding],
    entries: Collection[Entry],
    path: str,
    *,
    checked: Collection[str] | None = None,
    ran: Collection[str] | None = None,
) -> tuple[list[Finding], list[Entry]]:
    """The findings with those of the baseline marked, and the entries that are gone.

    An entry is gone when its file was checked (``checked``; None: all were) or no longer exists, its rule was asked
    (``ran``; None: all were), and it is not found any more.
    """
    left = set(entries)
    marked = []
    for finding in findings:
        entry = entry_of(finding, path)
        if entry in entries:
            left.discard(entry)
            if finding.suppressed is None:
                finding = finding._replace(suppressed=Suppression("baseline", "", 0))  # noqa: PLW2901
        marked.append(finding)
    gone = sorted(left)
    folder = os.path.dirname(os.path.abspath(path))
    if ran is not None:
        gone = [each for each in gone if each.rule in ran]
    if checked is not None:
        real = {os.path.abspath(each) for each in checked}
        where = {each: os.path.normpath(os.path.join(folder, each.path)) for each in gone}
        gone = [each for each in gone if where[each] in real or not os.path.exists(where[each])]
    return marked, gone


def prune_baseline(path: str, gone: Collection[Entry]) -> int:
    """Drop the entries that are gone; how many are left."""
    return write_entries(path, read_baseline(path) - set(gone))
