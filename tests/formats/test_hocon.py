"""HOCON as flat entries with places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timing import assert_linear

from poollint.formats.hocon import parse
from poollint.source import Source

TEXT = """\
include "base"
# Größe
db.default { // here
  url = "jdbc:postgresql://db/app", hikaricp { wait : 30 seconds
    size = 10
    size = ${?POOL}
    dataSource."a.b" = ${X}"/y"
    list = [1, {a = 2},
      3] }
}
x : ${y} { z = 1 }
gone = 3
gone = null
more += 1
"q r".s = \"\"\"two
lines\"\"\"
last = 1
last = a b
"""


def test_entries_and_their_places() -> None:
    found = parse(Source("a.conf", TEXT))
    assert {each.path: each.text for each in found.entries} == {
        ("db", "default", "url"): "jdbc:postgresql://db/app",
        ("db", "default", "hikaricp", "wait"): "30 seconds",
        ("db", "default", "hikaricp", "size"): "10",
        ("db", "default", "hikaricp", "dataSource", "a.b"): None,
        ("x", "z"): "1",
        ("q r", "s"): "two\nlines",
        ("last",): "a b",
    }
    assert found.included
    for each in found.entries:
        assert each.key_place.text.strip('"').endswith(each.path[-1].strip('"')) or each.path[-1] == "s"
        if each.text is not None:
            assert each.place.text.strip('"') == each.text


@pytest.mark.parametrize(
    "text", ["a {", "a = 1 }", "{ a = 1", "{ a = 1 } b = 2", 'a = "', "a", "a =", "= 1", "a = ]", "a = ${"]
)
def test_what_does_not_match_has_no_entries(text: str) -> None:
    assert parse(Source("a.conf", text)).entries == []


@pytest.mark.parametrize(
    "text", ["{ a = 1 }", "\ufeffa = 1", "a=1", "a : 1 // x", "a\t=\n1", '"a" = "1"', "b {}\na = 1,"]
)
def test_ways_to_say_the_same(text: str) -> None:
    assert {each.path: each.text for each in parse(Source("a.conf", text)).entries} == {("a",): "1"}


@given(st.text(alphabet='ab.="{}[]$?#/\n +,:\\1\ufeff', max_size=80) | st.text(max_size=80))
def test_any_text_is_read_and_places_lie_in_it(text: str) -> None:
    for each in parse(Source("a.conf", text)).entries:
        assert 0 <= each.key_place.start < each.key_place.end <= each.place.start < each.place.end <= len(text)


@pytest.mark.parametrize("part", ["a{", "a=1\n", '"', "${", "a=[", "a b ", 'a="""\n', "a {b=1}\n"])
def test_time_grows_with_the_text_alone(part: str) -> None:
    assert_linear(lambda text: parse(Source("a.conf", text)), lambda count: part * count, 5_000)
