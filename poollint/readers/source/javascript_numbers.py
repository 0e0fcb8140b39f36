"""Numbers as JavaScript reads them, in its sources and out of texts."""

from __future__ import annotations

import re
from typing import Any

from poollint.blocks import UNKNOWN

_NUMBER = re.compile(
    r"^(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9_]*\.?[0-9_]+(?:[eE][+-]?[0-9]+)?|[0-9_]+\.)n?$"
)


def number(text: str) -> Any:
    """A JavaScript number literal or numeric string; UNKNOWN when it is none."""
    if not text or not _NUMBER.match(text):
        return UNKNOWN
    plain = text.replace("_", "").rstrip("n") if not text.lower().startswith("0x") else text.replace("_", "")
    try:
        return int(plain, 0) if re.fullmatch(r"0[xXbBoO]\w+|[1-9][0-9]*|0", plain) else _whole(float(plain))
    except ValueError:
        return UNKNOWN


def _whole(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def leading(text: str) -> Any:
    match = re.match(r"\s*([+-]?\d+)", text)
    return int(match[1]) if match else UNKNOWN
