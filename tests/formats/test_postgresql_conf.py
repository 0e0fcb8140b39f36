"""postgresql.conf as PostgreSQL's lexer cuts it, and as a template leaves it open."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timing import assert_linear

from poollint.formats.postgresql_conf import Entry, SyntaxProblem, Tree, parse, unquote
from poollint.source import Source


def tree(text: str) -> Tree:
    return parse(Source("postgresql.conf", text))


def one(text: str) -> Entry:
    nodes = tree(text).nodes
    assert len(nodes) == 1
    assert isinstance(nodes[0], Entry)
    return nodes[0]


@pytest.mark.parametrize(
    ("line", "name", "raw"),
    [
        ("max_connections = 50", "max_connections", "50"),
        ("max_connections=50#x", "max_connections", "50"),
        ("max_connections 50", "max_connections", "50"),
        ("max_connections'50'", "max_connections", "50"),
        ("  work_mem\t=\t4MB \t# note", "work_mem", "4MB"),
        ("port = -5", "port", "-5"),
        ("port = 0x40", "port", "0x40"),
        ("cost = 1.5e-3", "cost", "1.5e-3"),
        ("cost = .", "cost", "."),
        ("a = ''", "a", ""),
        ("a = 'it''s'", "a", "it's"),
        (r"a = 'it\'s'", "a", "it's"),
        (r"a = '\101\n\q'", "a", "A\nq"),
        ("a = 'x # y'", "a", "x # y"),
        ("tz = Europe/Vienna", "tz", "Europe/Vienna"),
        ("a = b.c.d", "a", "b.c.d"),
        ("pg_stat.max = 5", "pg_stat.max", "5"),
        ("max_connections = 50\r", "max_connections", "50"),
        ("größe = 5", "größe", "5"),
        ("\ufeffport = 5", "\ufeffport", "5"),
    ],
)
def test_line(line: str, name: str, raw: str) -> None:
    entry = one(line)
    assert (entry.name, entry.raw) == (name, raw)


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("max_connections = 50;", ";"),
        ("max_connections: 50", "max_connections:"),
        ("[server]", "["),
        ("a = 1_000", "_000"),
        ("a = 1e2", "2"),
        ("a = 1.5min", "min"),
        ("a =", ""),
        ("a", ""),
        ("a = ", ""),
        ("a = = 5", "="),
        ("= 5", "="),
        ("a = b.c", "b.c"),
        ("a.b.c = 5", "a.b.c"),
        ("a = 10.0.0.1", ".0"),
        ("a = *", "*"),
        ("a = 'x", "'"),
        ('a = "x"', '"'),
        ("a = app two", "two"),
        ("a = 5 # c\nb = 'x\ny'", "'"),
        ("a-b = 5", "a-b"),
        ("a = 5 \f", "\f"),
        ("\0", "\0"),
    ],
)
def test_refused(line: str, near: str) -> None:
    errors = tree(line).errors
    assert errors
    assert errors[0].near == near


def test_comments_blank_lines_and_resumption_behind_an_error() -> None:
    text = "# head\n\n \t\na = 1\nb : 2 = 3 'x\nc = 4 # tail"
    nodes = tree(text).nodes
    assert [node.name if isinstance(node, Entry) else node.near for node in nodes] == ["a", ":", "c"]
    assert isinstance(nodes[2], Entry)
    assert nodes[2].comment == "# tail"


def test_spans_hold_name_and_value() -> None:
    text = "# x\n  work_mem = '64 MB' # y\n"
    entry = one(text)
    assert text[entry.start : entry.end] == "work_mem"
    assert text[entry.value_start : entry.value_end] == "'64 MB'"


@pytest.mark.parametrize(
    "line",
    [
        "port = {{ port }}",
        "port = ${PORT}",
        "port = $PORT",
        "port = @PORT@",
        "port = %PORT%",
        "port = __PORT__",
        "port = <%= port %>",
        "port = %(port)s",
        "port = '{{ port }}'  # note",
        "port = {% if a %}1{% else %}2{% endif %}",
        "port = {{ port\n  | default(5) }}",
    ],
)
def test_template_value_is_open(line: str) -> None:
    found = tree(line)
    assert not found.errors
    assert found.templated
    assert [(entry.name, entry.raw) for entry in found.entries] == [("port", None)]


def test_template_lines_are_no_errors() -> None:
    text = "{# a\n note #}\n{% if x %}\nport = 5\n{% endif %}\n<% y %>\n{{ rest }}\n"
    found = tree(text)
    assert found.conditional
    assert [(entry.name, entry.raw) for entry in found.entries] == [("port", "5")]
    assert not found.errors


def test_template_marks_in_comments_and_quotes_change_nothing() -> None:
    found = tree("# {{ managed }}\na = '%m [%p] %q%u@%d'\nsearch_path = '\"$user\", public'\nb = [")
    assert not found.templated
    assert [entry.raw for entry in found.entries] == ["%m [%p] %q%u@%d", '"$user", public']
    assert len(found.errors) == 1


WORDS = [
    "a",
    " ",
    "=",
    "'",
    "''",
    "\\",
    "#",
    "\n",
    "5",
    ".",
    "0x",
    "-",
    "{{",
    "}}",
    "{%",
    "%}",
    "${",
    "$x",
    "é",
    "\r",
    ";",
    "@",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map("".join)))
@settings(max_examples=400, deadline=None)
def test_never_raises_and_spans_are_inside_and_ordered(text: str) -> None:
    last = 0
    for node in tree(text).nodes:
        assert last <= node.start <= node.end <= len(text)
        last = node.start
        if isinstance(node, SyntaxProblem):
            assert text[node.start : node.end] == node.near
        else:
            assert text[node.start : node.end] == node.name
            assert node.end <= node.value_start <= node.value_end <= len(text)


@given(st.text(alphabet=st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
@settings(max_examples=200, deadline=None)
def test_quoting_round_trip(value: str) -> None:
    quoted = "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    assert unquote(quoted) == value
    entry = (
        one(f"a = {quoted}")
        if "{" not in value and "<" not in value and "%" not in value and "$" not in value
        else None
    )
    assert entry is None or entry.raw == value


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_every_line_that_is_no_comment_has_one_node(text: str) -> None:
    found = tree(text)
    if not found.templated:
        lines = [line for line in text.split("\n") if line.strip(" \t\r") and not line.lstrip(" \t\r").startswith("#")]
        assert len(found.nodes) == len(lines)


@pytest.mark.parametrize(
    "piece",
    [
        "{{ ",
        "a = {{\n",
        "'",
        "a = '''''",
        "a = 'x\n",
        "\\",
        "a = '\\\\",
        "[",
        "a=1\n",
        "#",
        "{% ",
        "${",
        "<%\n",
        "a" * 5,
        "1",
        " ",
        "=",
        "{#\n",
        "$a ",
    ],
)
def test_linear_time(piece: str) -> None:
    assert_linear(tree, lambda count: piece * count, 40_000 // len(piece))
