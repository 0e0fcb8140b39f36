"""Offsets and an editor's positions are two names of one place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.server.positions import Lines, Spot

TEXT = "a = 'ü'\r\nb😀c\n\rend"


def test_spots_count_utf_16() -> None:
    lines = Lines(TEXT)
    assert lines.spot(TEXT.index("c")) == Spot(1, 3)
    assert lines.spot(TEXT.index("end")) == Spot(3, 0)
    assert lines.spot(10**6) == Spot(3, 3)
    assert Lines(TEXT, "utf-8").spot(TEXT.index("c")) == Spot(1, 5)
    assert Lines(TEXT, "utf-32").spot(TEXT.index("c")) == Spot(1, 2)


def test_offsets_stay_in_their_line() -> None:
    lines = Lines(TEXT)
    assert lines.offset(1, 99) == TEXT.index("c") + 1
    assert lines.offset(1, 2) == TEXT.index("😀"), "the middle of a pair is its start"
    assert lines.offset(0, 99) == TEXT.index("\r")
    assert lines.offset(99, 0) == len(TEXT)
    assert lines.offset(-1, -1) == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@given(st.text(alphabet="a=é–😀\ud800 \r\n"), st.integers(0, 40))
def test_there_and_back(encoding: str, text: str, offset: int) -> None:
    lines = Lines(text, encoding)
    offset = min(offset, len(text))
    spot = lines.spot(offset)
    if text[offset - 1 : offset] == "\r" and text[offset : offset + 1] == "\n":
        return  # between the two signs of one line end
    assert lines.offset(*spot) == offset
