"""Carets stand beneath what they mark, whatever the line holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.reports.excerpt import clean, excerpt


@pytest.mark.parametrize(
    ("line", "column", "end", "shown", "marks"),
    [
        ("pool_size = 20", 13, 15, "pool_size = 20", "            ^^"),
        ("pool_size = 20", 1, 1, "pool_size = 20", "^"),
        ("pool_size = 20", 15, 16, "pool_size = 20", "              ^"),
        ("\ta = 1", 2, 3, "    a = 1", "    ^"),
        ("ab\tc", 4, 5, "ab  c", "    ^"),
        ("名前 = 1", 6, 7, "名前 = 1", "       ^"),
        ("名前 = 1", 1, 3, "名前 = 1", "^^^^"),
        ("e\u0301 = 1", 6, 7, "e\u0301 = 1", "    ^"),
        ("\ufeffa = 1", 2, 3, "\\ufeffa = 1", "      ^"),
        ("a\x00 = \x1b", 6, 7, "a\\x00 = \\x1b", "        ^^^^"),
        ("a = \udcff", 5, 6, "a = \\xff", "    ^^^^"),
        ("a = 1   ", 5, 6, "a = 1", "    ^"),
        ("", 1, 2, "", "^"),
    ],
)
def test_marks(line: str, column: int, end: int, shown: str, marks: str) -> None:
    assert excerpt(line, column, end) == (shown, marks)


def test_long_lines_are_cut_around_the_mark() -> None:
    line = "a" * 300 + "MARK" + "b" * 300
    shown, marks = excerpt(line, 301, 305, 60)
    assert len(shown) == 60
    assert shown[len(marks) - 4 : len(marks)] == "MARK"
    assert shown.startswith("...")
    assert shown.endswith("...")
    shown, marks = excerpt("MARK" + "b" * 300, 1, 5, 60)
    assert (shown[:4], marks) == ("MARK", "^^^^")
    shown, marks = excerpt("é" * 300 + "MARK" + "名" * 300, 301, 305, 60)
    assert shown[len(marks) - 4 : len(marks)] == "MARK"
    assert len(excerpt("x" * 500, 1, 501, 60)[1]) == 60


@given(st.text(max_size=40), st.integers(1, 50), st.integers(1, 50), st.integers(40, 80))
def test_never_raises_and_leaves_nothing_that_steers(line: str, column: int, end: int, width: int) -> None:
    shown, marks = excerpt(line.replace("\n", ""), column, max(column, end), width)
    assert marks.strip("^").strip() == ""
    assert "^" in marks
    assert not any(sign < " " or "\x7f" <= sign <= "\x9f" for sign in shown)
    assert not any(sign < " " for sign in clean(line))
