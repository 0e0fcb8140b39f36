"""The grammar of pgbouncer.ini and of its connection strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timing import within

from poollint.formats.connstr import parse_connstr
from poollint.formats.pgbouncer_ini import Entry, Error, Include, Section, Template, parse
from poollint.source import Source

PIECES = st.lists(
    st.sampled_from(
        [
            "[",
            "]",
            "[pgbouncer]",
            "'",
            '"',
            "=",
            " ",
            "\t",
            "\n",
            "\r",
            "\0",
            ";",
            "#",
            "%include ",
            "a",
            "b.c",
            "*",
            "é",
            "{{ x }}",
            "{% if %}",
            "${A}",
            "\ufeff",
            "\udc80",
            "\v",
            "\f",
        ]
    ),
    max_size=40,
).map("".join)


def nodes(text: str) -> list[object]:
    return list(parse(Source("pgbouncer.ini", text)).nodes)


@given(st.one_of(PIECES, st.text()))
def test_spans_point_at_the_text_they_name(text: str) -> None:
    tree = parse(Source("x.ini", text))
    last = 0
    for node in tree.nodes:
        if isinstance(node, Entry):
            assert text[node.key_start : node.key_end] == node.key
            assert text[node.value_start : node.value_end] == node.value
            start, end = node.key_start, node.value_end
        elif isinstance(node, Include):
            assert text[node.start :].startswith("%include")
            assert text[node.path_start : node.end] == node.path
            start, end = node.start, node.end
        else:
            start, end = node.start, node.end
            assert isinstance(node, (Section, Template, Error))
            if isinstance(node, Section):
                assert text[start:end] == f"[{node.name}]"
        assert last <= start <= end <= len(text)
        last = end
    assert tree.nul == text.find("\0")


@given(st.one_of(PIECES, st.text(alphabet=" =',;ab\t\"")))
def test_pairs_point_at_the_text_they_name(text: str) -> None:
    pairs, error = parse_connstr(text)
    last = 0
    for pair in pairs:
        assert text[pair.key_start : pair.key_end] == pair.key != ""
        written = text[pair.value_start : pair.value_end]
        assert written == ("'" + pair.value.replace("'", "''") + "'" if pair.quoted else pair.value)
        assert pair.value
        assert last <= pair.key_start < pair.key_end <= pair.value_start
        last = pair.value_end
    if error is not None:
        assert 0 <= error.start <= error.end <= len(text)


def test_sections_end_at_their_bracket() -> None:
    found = nodes("[users]a = 1\n  [databases] ; comment\n")
    assert [type(node).__name__ for node in found] == ["Section", "Entry", "Section"]


def test_a_value_is_the_rest_of_its_line() -> None:
    (entry,) = nodes("key =\t a ; b = 'c' \\ \r\n")
    assert isinstance(entry, Entry)
    assert (entry.key, entry.value) == ("key", "a ; b = 'c' \\")


def test_a_quoted_name_needs_its_quotes_and_an_equals_sign() -> None:
    first, second, third = nodes("'my db' = host=a\n'' = x\n'y\n")
    assert isinstance(first, Entry)
    assert (first.key, first.quoted) == ("my db", True)
    assert isinstance(second, Error)
    assert isinstance(third, Error)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("max_client_conn: 5", "colon"),
        ("max_client_conn", "no-equals"),
        ("// note", "comment-marker"),
        ("-- note", "comment-marker"),
        ("[users", "section"),
        ("%INCLUDE x", "include"),
        ("%includex", "include"),
        ('"db" = host=a', "double-quoted-key"),
        ("'db = host=a", "quoted-key"),
        ("a b = c", "character"),
        ("é = c", "character"),
    ],
)
def test_bad_lines_say_what_is_wrong_and_the_rest_still_parses(line: str, kind: str) -> None:
    bad, good = nodes(f"{line}\nnext = 1\n")
    assert isinstance(bad, Error)
    assert bad.kind == kind
    assert isinstance(good, Entry)


def test_lines_of_templates_are_no_errors() -> None:
    found = nodes("{% for db in dbs %}\n{{ db.name }} = host={{ db.host }}\n$NAME = host=$HOST\n")
    assert [node.control for node in found if isinstance(node, Template)] == [True, False, False]


def test_the_text_ends_at_a_nul() -> None:
    tree = parse(Source("x.ini", "a = 1\n\0b = 2\n"))
    assert len(tree.nodes) == 1
    assert tree.nul == 6


def test_a_byte_order_mark_hides_nothing() -> None:
    error, section = nodes("\ufeff[pgbouncer]\n")
    assert isinstance(error, Error)
    assert error.kind == "bom"
    assert isinstance(section, Section)


@pytest.mark.parametrize(
    ("text", "pairs", "error"),
    [
        ("host=a port=1", [("host", "a"), ("port", "1")], ""),
        ("  host  =  a  ", [("host", "a")], ""),
        ("password='it''s a'", [("password", "it's a")], ""),
        ("host='a'port=1", [("host", "a"), ("ort", "1")], ""),
        ("host='a',port=1", [("host", "a"), ("port", "1")], ""),
        ("password= user=x", [("password", "user=x")], ""),
        ("password=it's", [("password", "it's")], ""),
        ("host=a\tport=1", [("host", "a\tport=1")], ""),
        ("host=a readonly", [("host", "a")], "no-equals"),
        ("=a", [], "no-key"),
        ("password=", [], "empty"),
        ("password=''", [], "empty"),
        ("password='abc", [], "unterminated"),
        ("password='abc''", [], "unterminated"),
        ("", [], ""),
        ("   ", [], ""),
    ],
)
def test_connection_strings(text: str, pairs: list[tuple[str, str]], error: str) -> None:
    found, bad = parse_connstr(text)
    assert [(pair.key, pair.value) for pair in found] == pairs
    assert (bad.kind if bad else "") == error


HOSTILE = {
    "brackets": "[" * 1_000_000,
    "closed brackets": "[]" * 500_000,
    "quotes": "'" * 1_000_000,
    "quoted lines": "'a\n" * 300_000,
    "one long line": "a = " + "x" * 5_000_000,
    "blanks": " \t" * 1_000_000,
    "blanks before a colon": "a" * 100_000 + " " * 1_000_000 + ":",
    "blank values": ("a =" + " " * 1000 + "\n") * 1000,
    "braces": "{{" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_linear_on_hostile_text(name: str) -> None:
    with within(5):
        parse(Source("x.ini", HOSTILE[name]))


@pytest.mark.parametrize(
    "text", ["a=b " * 300_000, "a='" + "''" * 500_000, "a" * 1_000_000, " " * 1_000_000, "a=" * 500_000]
)
def test_linear_on_hostile_connection_strings(text: str) -> None:
    with within(5):
        parse_connstr(text)
