"""A line of a file with marks beneath it, as a terminal can show it: tabs, wide and unprintable characters."""

from __future__ import annotations

TAB = 4
MORE = "..."
# They turn the direction of the text that follows, and so can make a line read as what it is not.
_BIDI = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)))


def excerpt(line: str, column: int, end: int, width: int = 200) -> tuple[str, str]:
    """The line, and carets beneath its characters ``column`` to ``end`` (from 1, exclusive), cut to ``width``."""
    if line.isascii() and line.isprintable():
        start, stop = min(column - 1, len(line)), min(end - 1, len(line))
        shown, cells = line, None
    else:
        cells = _cells(line)
        shown = "".join(text for text, _ in cells)
        start, stop = (sum(size for _, size in cells[: max(at - 1, 0)]) for at in (column, end))
    marks = max(stop - start, 1)
    if cells is None and len(shown) > width:
        shown, start = _cut(shown, start, width)
    elif cells is not None and sum(size for _, size in cells) > width:
        shown, start = _cut_cells(cells, start, width)
    marks = min(marks, max(width - start, 1))
    return shown.rstrip(), " " * start + "^" * marks


def _cut(line: str, start: int, width: int) -> tuple[str, int]:
    """A window of a long line around ``start``."""
    first = max(0, start - width // 3)
    if first == 0:
        return line[: width - len(MORE)] + MORE, start
    text = line[first : first + width - 2 * len(MORE)]
    more = MORE if first + len(text) < len(line) else ""
    return MORE + text + more, start - first + len(MORE)


def _cut_cells(cells: list[tuple[str, int]], start: int, width: int) -> tuple[str, int]:
    """The same where characters have different widths."""
    first, left = 0, 0
    while start - left > width // 3:
        left += cells[first][1]
        first += 1
    text, used = "", 0
    for cell, size in cells[first:]:
        if used + size > width - 2 * len(MORE):
            text += MORE
            break
        text += cell
        used += size
    lead = MORE if first else ""
    return lead + text, start - left + len(lead)


def _cells(line: str) -> list[tuple[str, int]]:
    """Each character as it is shown, with the columns that it takes."""
    from unicodedata import category, east_asian_width

    cells: list[tuple[str, int]] = []
    at = 0
    for sign in line:
        if sign == "\t":
            size = TAB - at % TAB
            cell = (" " * size, size)
        elif sign.isascii() and sign.isprintable():
            cell = (sign, 1)
        elif _hidden(sign):
            text = escaped(sign)
            cell = (text, len(text))
        elif category(sign) in ("Mn", "Me", "Cf"):
            cell = (sign, 0)
        else:
            cell = (sign, 2 if east_asian_width(sign) in ("W", "F") else 1)
        cells.append(cell)
        at += cell[1]
    return cells


def _hidden(sign: str) -> bool:
    """Whether a character must not reach a terminal as it is."""
    return sign < " " or "\x7f" <= sign <= "\x9f" or "\ud800" <= sign <= "\udfff" or sign in _BIDI or sign == "\ufeff"


def escaped(sign: str) -> str:
    """``\\x1b`` for a control character, the byte for one that was no UTF-8, ``\\u202e`` for others."""
    number = ord(sign)
    if 0xDC80 <= number <= 0xDCFF:
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def clean(text: str) -> str:
    """A text on one line without anything that could steer a terminal."""
    if text.isprintable():
        return text if text.isascii() else "".join(escaped(sign) if _hidden(sign) else sign for sign in text)
    return "".join(" " if sign in "\n\t" else escaped(sign) if _hidden(sign) else sign for sign in text)
