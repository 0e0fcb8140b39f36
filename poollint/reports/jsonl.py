"""JSON Lines: each finding an object on a line of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from poollint.reports.json import as_dict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.reports.base import Report


def render(report: Report) -> Iterator[str]:
    for finding in report.shown():
        yield json.dumps(as_dict(finding)) + "\n"
