"""Spring Boot's application files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.readers.base import Reading

if TYPE_CHECKING:
    from poollint.readers.base import ReadContext
    from poollint.source import Source


def read_spring(_source: Source, _context: ReadContext) -> Reading:
    return Reading()
