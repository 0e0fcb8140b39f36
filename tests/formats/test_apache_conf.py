"""The grammar of Apache's configuration."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timing import assert_linear

from poollint.formats.apache_conf import Directive, Tree, parse
from poollint.source import Source

PIECES = st.sampled_from(
    [
        *"<>/\"'\\\n# \t{%}#@$\r\0\ufeff",
        "</",
        "<a>",
        "</a>",
        "<Macro x>\n",
        "</Macro>",
        "{% if %}",
        "{#",
        "#}",
        "\\\n",
        "KeepAlive",
        "On",
        "<%",
    ]
)


def tree(text: str) -> Tree:
    return parse(Source("httpd.conf", text))


def shape(text: str) -> list[tuple[str, list[str]]]:
    return [(each.name, [word.value for word in each.words]) for each in tree(text).directives]


def faults(text: str) -> list[tuple[str, str]]:
    return [(fault.kind, fault.name) for fault in tree(text).faults]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("KeepAlive On", [("KeepAlive", ["On"])]),
        ("  KeepAlive\tOn  \r\n", [("KeepAlive", ["On"])]),
        ("\"KeepAlive\" 'On'", [("KeepAlive", ["On"])]),
        ("Keep\\\nAlive On", [("KeepAlive", ["On"])]),
        ("Timeout \\\r\n 5\r\n", [("Timeout", ["5"])]),
        ("Timeout 5\\", [("Timeout", ["5\\"])]),
        ("Timeout 5\\ \nKeepAlive On", [("Timeout", ["5\\"]), ("KeepAlive", ["On"])]),
        ("# a remark \\\nKeepAlive 7\nTimeout 5", [("Timeout", ["5"])]),
        ("KeepAliveTimeout 5 # no remark", [("KeepAliveTimeout", ["5", "#", "no", "remark"])]),
        ('X "a b" c\\\\d "e\\"f" g"h', [("X", ["a b", "c\\d", 'e"f', 'g"h'])]),
        ('X "5"6', [("X", ["5", "6"])]),
        ('X "open end', [("X", ["open end"])]),
        ("X 'it\\'s'", [("X", ["it's"])]),
        ("<Location /a>\n</Location>", [("Location", ["/a"])]),
        ("<Location / >\n</Location>", [("Location", ["/"])]),
        ('<Location "/a b">\n</LOCATION>', [("Location", ["/a b"])]),
        ('<If "%{A} > 1">\n</If>', [("If", ["%{A} > 1"])]),
        ("", []),
        (" \\\n", []),
    ],
)
def test_lines(text: str, expected: list[tuple[str, list[str]]]) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<A>\n</a> further words", []),
        ("<A>\n", [("unclosed-section", "A")]),
        ("</A>", [("unmatched-close", "A")]),
        ("<A>\n</B>\n</A>", [("mismatched-close", "B")]),
        ("<A>\n<B>\n</A>", [("mismatched-close", "A")]),
        ("<A x\n</A>", [("missing-bracket", "A")]),
        ("<A>\n</A >", [("close-bracket", "A")]),
        ("<Macro m $x>\n</Location>\n<Location>\n</Macro>", []),
        ("<Macro a>\n<Macro b>\n</A>\n</Macro>\n</Macro>\nX y", []),
        ("<Perl>\n<x>\n</Perl>", []),
        ("<Macro a>\n", [("unclosed-section", "Macro")]),
    ],
)
def test_sections(text: str, expected: list[tuple[str, str]]) -> None:
    assert faults(text) == expected


def test_parents() -> None:
    found = tree("<A>\nB c\n<D>\nE f\n</D>\n</A>\nG h").directives
    parents = {each.name: each.parent.name if each.parent else "" for each in found}
    assert parents == {"A": "", "B": "A", "D": "A", "E": "D", "G": ""}
    assert [each.section for each in found] == [True, False, True, False, False]


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("{% if a %}\nKeepAlive On\n{% endif %}", True),
        ("<% if a -%>\nKeepAlive On\n<% end %>", True),
        ("{{- if .A }}\nKeepAlive On\n{{ end }}", True),
        ("{{ include }}\nKeepAlive On", False),
        ("%alias_string%\nKeepAlive On", False),
        ("@@Line@@\nKeepAlive On", False),
        ("${LINES}\nKeepAlive On", False),
        ("{# many\nBogus\n#}\nKeepAlive On", False),
    ],
)
def test_template_lines(text: str, control: bool) -> None:
    found = tree(text)
    assert found.control is control
    assert [each.name for each in found.directives if not each.template] == ["KeepAlive"]
    assert not found.faults


def test_spans_through_continuations() -> None:
    text = 'ProxyPass "/a" \\\n   http://h/ \\\n ttl=5\nX y'
    directive = tree(text).directives[0]
    assert [text[word.start : word.end] for word in directive.words] == ['"/a"', "http://h/", "ttl=5"]
    assert text[directive.start : directive.end] == text[: text.index("\nX")]


def check_spans(text: str) -> None:
    found = tree(text)
    size = len(text)
    before = -1
    seen: set[int] = set()
    for each in found.directives:
        assert 0 <= each.start <= each.end <= size
        assert each.start > before
        before = each.start
        assert each.parent is None or id(each.parent) in seen
        seen.add(id(each))
        check_words(each, text)
    for fault in found.faults:
        assert 0 <= fault.start <= fault.end <= size


def check_words(directive: Directive, text: str) -> None:
    for word in directive.words:
        raw = text[word.start : word.end]
        assert word.start < word.end
        if not word.quoted and "\\" not in raw:
            assert raw == word.value


@given(st.lists(PIECES, max_size=60).map("".join))
@settings(max_examples=400, deadline=None)
def test_never_raises_and_spans_are_right(text: str) -> None:
    check_spans(text)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text(text: str) -> None:
    check_spans(text)


@given(
    st.lists(
        st.text(st.characters(codec="ascii", exclude_characters="\n\r\0"), min_size=1, max_size=8),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=200, deadline=None)
def test_quoted_words_come_back(words: list[str]) -> None:
    """What is quoted as the program wants it is read back as it was."""
    quoted = ['"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words]
    directive = tree("Name " + " ".join(quoted)).directives[0]
    assert [word.value for word in directive.words] == words


@pytest.mark.parametrize(
    "piece",
    [
        "<a\n",
        "{#\n",
        "<Macro x>\n",
        '"',
        "\\\n",
        'a "\\',
        "<a>\n</b>\n",
        "<%\n",
        "{{ x\n",
        "a ",
        "\\",
        "<x>\n</y>\n",
        "</a>\n",
        "''",
    ],
)
def test_hostile_input_takes_linear_time(piece: str) -> None:
    assert_linear(tree, lambda count: piece * count, 4000)
