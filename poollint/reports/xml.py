"""What the XML reports share; the library's own modules cost more to import than a run takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.reports.base import utf8

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SIGNS = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_SPECIAL = re.compile(r'[&<>"\n\r\t]')
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def escaped(text: str) -> str:
    """A text for an attribute or between tags; what XML cannot hold becomes U+FFFD."""
    return _SPECIAL.sub(lambda match: _SIGNS[match[0]], _FORBIDDEN.sub("\ufffd", utf8(text)))


def tag(element: str, attributes: Mapping[str, object], *, close: bool = False) -> str:
    """An opening tag, or an empty element with ``close``."""
    told = "".join(f' {key}="{escaped(str(value))}"' for key, value in attributes.items())
    return f"<{element}{told}{'/' if close else ''}>"
