"""The cutting of nginx.conf into statements."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poollint.formats.nginx_conf import HOLE, MAX_ERRORS, Node, Tree, parse
from poollint.source import Source


def tree_of(text: str) -> Tree:
    return parse(Source("nginx.conf", text))


def shape(tree: Tree, nodes: list[Node] | None = None) -> list[object]:
    """Nested lists of [name, arguments…, [children]]."""
    found: list[object] = []
    for node in tree.nodes if nodes is None else nodes:
        one: list[object] = [node.name, *tree.args(node)]
        if node.children is not None:
            one.append(shape(tree, node.children))
        found.append(one)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# only a comment", []),
        ("a;", [["a"]]),
        ("a b  c;d\te;", [["a", "b", "c"], ["d", "e"]]),
        ("a { b c; }", [["a", [["b", "c"]]]]),
        ("a{b c;}d;", [["a", [["b", "c"]]], ["d"]]),
        ("a b}c;", [["a", "b}c"]]),
        ("a b#c;", [["a", "b#c"]]),
        ("a b # c;\n d;", [["a", "b", "d"]]),
        ("a # { } ; \" '\n;", [["a"]]),
        ("a \"b c\" 'd;e' '';", [["a", "b c", "d;e", ""]]),
        ("\"a\" 'b';", [["a", "b"]]),
        ("a b\"c'd;", [["a", "b\"c'd"]]),
        ('if ($x = "a"){ b; }', [["if", "($x", "=", "a", ")", [["b"]]]]),
        ('a "b")c;', [["a", "b", ")c"]]),
        ("a ${b} c$d{ e; }", [["a", "${b}", "c$d", [["e"]]]]),
        ("a $ { b; }", [["a", "$", [["b"]]]]),
        ("a b\\;c\\ d;", [["a", "b\\;c\\ d"]]),
        ('a "b\\"c\\\\d" e\\tf \\.g;', [["a", 'b"c\\d', "e\tf", "\\.g"]]),
        ('a "b\nc";', [["a", "b\nc"]]),
        ("a\r\nb;\r\n", [["a", "b"]]),
        ("a; # c\rb;", [["a"]]),
        ("a\u00a0b c;", [["a\u00a0b", "c"]]),
        ("a\x0cb\x00;", [["a\x0cb\x00"]]),
        ("a 1 2 3 " + "x " * 300 + ";", [["a", "1", "2", "3", *["x"] * 300]]),
    ],
)
def test_statements(text: str, expected: list[object]) -> None:
    tree = tree_of(text)
    assert tree.errors == []
    assert shape(tree) == expected


def test_a_dollar_hides_the_brace_behind_it() -> None:
    assert shape(tree_of("a b${c}d $x${{e;")) == [["a", "b${c}d", "$x${{e"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a", "end of file"),
        ("a b", "end of file"),
        ("a {", "closing"),
        ("a { b; ", "closing"),
        ("}", 'unexpected "}"'),
        ("a; }", 'unexpected "}"'),
        (";", 'unexpected ";"'),
        ("a;;", 'unexpected ";"'),
        ("{ }", 'unexpected "{"'),
        ("a { b }", 'lacks its ";"'),
        ('a "b"c;', "after a closing quote"),
        ('a "b""c";', "after a closing quote"),
        ('a "b"# c;\n;', "after a closing quote"),
        ('a "b;', "not closed"),
        ("a 'b;", "not closed"),
        ("a '" + "x" * 5000, "too long"),
        ("a " + "x" * 4096 + ";", "too long"),
        ('a "' + "x" * 4096 + '";', "too long"),
        ("#" + "x" * 4096 + "\na;", "too long"),
        ("a " + "é" * 2048 + ";", "too long"),
        ("\\", "end of file"),
    ],
)
def test_faults(text: str, words: str) -> None:
    tree = tree_of(text)
    assert any(words in fault.what for fault in tree.errors), tree.errors


@pytest.mark.parametrize("text", ["a " + "x" * 4095 + ";", "#" + "x" * 4094 + "\n", 'a "' + "x" * 4094 + '";'])
def test_what_fits_the_buffer(text: str) -> None:
    assert tree_of(text).errors == []


def test_the_rest_parses_after_a_fault() -> None:
    tree = tree_of('a "b"c;\nd { e }\nf g;')
    assert [node.name for node in tree.nodes] == ["a", "d", "f"]


def test_places_point_at_what_they_name() -> None:
    text = 'up { s  "a b" c\\;d # x\n e; }'
    tree = tree_of(text)
    node = tree.nodes[0].children[0]  # type: ignore[index]
    assert text[node.start : node.stop] == "s"
    assert text[node.end] == ";"
    assert [text[word.start : word.end] for word in tree.words(node)] == ['"a b"', "c\\;d", "e"]


def test_lua_is_opaque() -> None:
    text = 'content_by_lua_block { local a = "}" -- }\n x = [[ } ]] if a then { } end }\nb c;'
    tree = tree_of(f"a {{ {text} }}")
    assert tree.errors == []
    children = tree.nodes[0].children
    assert children is not None
    assert [node.name for node in children] == ["content_by_lua_block", "b"]


@pytest.mark.parametrize(
    ("text", "names", "holes"),
    [
        ("a {{ b }};\nc;", ["a", "c"], 0),
        ("{% if x %}\na b;\n{% endif %}\nc;", ["a", "c"], 0),
        ("a <%= @b %>;\n<% if c -%>\nd;\n<% end -%>", ["a", "d"], 0),
        ("{{ .Extra }}\na;", ["a"], 1),
        ("${EXTRA}\na;", ["a"], 1),
        ("{# a { #}\nb {{ c }};", ["b"], 0),
        ("{{- range .A }}\na;\n{{- end }}", ["a"], 0),
        ("{{{{ {{ a;", [""], 0),
    ],
)
def test_templates(text: str, names: list[str], holes: int) -> None:
    tree = tree_of(text)
    assert [node.name for node in tree.nodes][: len(names)] == names
    assert len(tree.holes) == holes
    assert len(tree.text) == len(text)


def test_a_template_expression_is_a_hole_in_its_word() -> None:
    tree = tree_of("a b-{{ c }}-d;")
    assert tree.args(tree.nodes[0]) == ["b-" + HOLE * 7 + "-d"]


def test_conditional_parts_have_numbers() -> None:
    tree = tree_of("a;\n{% if x %}\nb;\n{% else %}\nc;\n{% endif %}\nd;")
    zones = [node.zone for node in tree.nodes]
    assert zones[0] == zones[3] == 0
    assert len(set(zones)) == 3


@given(st.text(alphabet="ab \t\r\n;{}\"'\\$#()%<>=\ufeffé", max_size=200))
@example('""}')
def test_never_raises_and_places_are_true(text: str) -> None:
    tree = tree_of(text)
    assert len(tree.errors) <= MAX_ERRORS
    pending = [tree.nodes]
    last = -1
    while pending:
        for node in pending.pop():
            assert 0 <= node.start <= node.stop <= node.end <= len(text)
            last = max(last, node.end)
            words = tree.words(node)
            assert [word.value for word in words] == tree.args(node)
            assert all(node.stop <= word.start <= word.end <= node.end for word in words)
            if node.children:
                pending.append(node.children)
    for fault in tree.errors:
        assert 0 <= fault.start <= len(text)


@given(st.lists(st.text(alphabet="abc.:/0123456789_-$é", min_size=1, max_size=12), min_size=1, max_size=8))
def test_plain_words_survive(words: list[str]) -> None:
    assert shape(tree_of("x " + " ".join(words) + ";")) == [["x", *words]]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_quoted_words_survive(words: list[str]) -> None:
    quoted = ['"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words]
    tree = parse(Source("x", "x\t" + " ".join(quoted) + ";"))
    if not tree.templated:
        assert shape(tree) == [["x", *words]]


@pytest.mark.parametrize(
    "text",
    [
        "{" * 300_000,
        "a {" * 50_000,
        "x " * 500_000,
        'a "b' * 100_000,
        "{{ a " * 100_000,
        "}" * 300_000,
        "a $" * 200_000,
    ],
    ids=["braces", "nested", "one line", "quotes", "openings", "closings", "dollars"],
)
def test_hostile_text_is_bounded(text: str) -> None:
    assert len(tree_of(text).errors) <= MAX_ERRORS
