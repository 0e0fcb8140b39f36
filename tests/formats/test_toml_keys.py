"""TOML as flat entries with places."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from poollint.formats.toml_keys import parse
from poollint.source import Source

TEXT = """\
# Größe
top = 1
[db.pool]
max-size = 1_000 # most
"a b" = "x"
inline = { a = 1, b.c = 'z' }
list = [1, 2]
when = 1979-05-27
long = \"\"\"text\"\"\"
escaped = "\\u00e9"
on = true
[[servers]]
size = 9
[db."a.b"]
wait = 1.5
"""


def test_entries_and_their_places() -> None:
    found = parse(Source("a.toml", TEXT))
    assert {each.path: each.text for each in found} == {
        ("top",): "1",
        ("db", "pool", "max-size"): "1000",
        ("db", "pool", "a b"): "x",
        ("db", "pool", "inline", "a"): "1",
        ("db", "pool", "inline", "b", "c"): "z",
        ("db", "pool", "list"): None,
        ("db", "pool", "when"): None,
        ("db", "pool", "long"): None,
        ("db", "pool", "escaped"): None,
        ("db", "pool", "on"): "true",
        ("db", "a.b", "wait"): "1.5",
    }
    entry = next(each for each in found if each.path[-1] == "max-size")
    assert (entry.key_place.text, entry.place.text) == ("max-size", "1_000")


def test_what_is_no_toml_has_no_entries() -> None:
    assert parse(Source("a.toml", "[db\nsize = 1\n")) == []
    assert parse(Source("a.toml", "size = {{ size }}\n")) == []


def test_depth_harms_nothing() -> None:
    assert len(parse(Source("a.toml", ".".join("a" * 5000) + " = 1\n"))[0].path) == 5000
    parse(Source("a.toml", "a = " + "{b = " * 300 + "1" + "}" * 300))


@given(st.text(alphabet="ab.=[]{}\"'#\n 1,\\é", max_size=120))
def test_no_text_makes_it_fail(text: str) -> None:
    for each in parse(Source("a.toml", text)):
        assert each.place.text in text
