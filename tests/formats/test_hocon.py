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
        ("x",): None,
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


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("n = 9\nm = ${n}\n", {"m": "9"}),
        ("m = ${n}\nn = ${k}\nk = 9\n", {"m": "9", "n": "9"}),
        ('n = h\nm = ${n}"/x"\n', {"m": "h/x"}),
        ("a = 3\na = ${a}4\n", {"a": None}),
        ("m = ${n}\n", {"m": None}),
        ("b {k = 3}\nx.l = 4\nx = ${b}\n", {"x.k": "3", "x.l": "4"}),
        ("b {k = 3}\nx.k = 4\nx = ${b}\n", {"x.k": "3"}),
        ("b {k = 3}\nx = ${b} {k = 7}\n", {"x.k": "7"}),
        ("x = ${y} {m = 1}\ny = ${z} {k = 2}\nz {q = 1}\n", {"x.m": "1", "x.k": "2", "x.q": "1"}),
        ("x = ${b} {k = 7}\n", {"x": None, "x.k": "7"}),
        ("x = ${?b} {k = 7}\n", {"x.k": "7"}),
        ("x { y = ${x} {k = 1} }\n", {"x.y": None, "x.y.k": "1"}),
        ("a = ${b}\nb = ${a}\n", {"a": None, "b": None}),
        ('include "more"\nn = 9\nm = ${n}\n', {"m": None}),
    ],
)
def test_substitutions(text: str, wanted: dict[str, str | None]) -> None:
    found = {".".join(each.path): each.text for each in parse(Source("a.conf", text)).entries}
    assert {key: found.get(key, "nothing") for key in wanted} == wanted
    assert not any(key.startswith("x") and key not in wanted for key in found)


def test_what_lacks_quotes() -> None:
    found = parse(Source("a.conf", 'url = jdbc:h2:mem:x\nname = a=b\nfine = "a:b"\n# x = a:b\n'))
    assert [place.text for place in found.bare] == [":", ":", ":", "="]


@pytest.mark.parametrize(
    "part", ["x{at} = ${{b}}\n", "x{at} = ${{x{before}}} {{ c{at} = 1 }}\n", "x{at} = ${{x}} {{ y }}\n"]
)
def test_many_substitutions_end(part: str) -> None:
    def many(count: int) -> str:
        return "b { k = 1 }\n" + "".join(part.format(at=at, before=at - 1) for at in range(count))

    assert_linear(lambda text: parse(Source("a.conf", text)), many, 1_000)
