"""YAML as a tree: places, tags, aliases, errors."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from poollint.formats.yaml_tree import Mapping, Node, Scalar, Sequence, Tree, parse
from poollint.source import Source


def tree(text: str) -> Tree:
    return parse(Source("a.yml", text))


def first(text: str) -> Mapping:
    node = tree(text).documents[0]
    assert isinstance(node, Mapping)
    return node


def test_places_count_characters() -> None:
    text = '\ufeffschlüssel: "wért"\nb: [1, zwei]\n'
    root = first(text)
    key, value = next(root.pairs())
    assert text[key.start : key.end] == "schlüssel"
    assert text[value.start : value.end] == '"wért"'
    assert isinstance(value, Scalar)
    assert (value.text, value.style, value.plain) == ("wért", '"', False)
    items = root.get("b")
    assert isinstance(items, Sequence)
    assert [text[item.start : item.end] for item in items.items] == ["1", "zwei"]


def test_values_stay_texts() -> None:
    root = first("a: 0x1F\nb: yes\nc: 012\nd: 1:30\ne:\n")
    assert [node.text for _key, node in root.pairs() if isinstance(node, Scalar)] == ["0x1F", "yes", "012", "1:30", ""]


def test_repeated_keys_and_tags() -> None:
    root = first("a: 1\na: !Ref Name\n")
    assert len(root.entries) == 2
    last = root.get("a")
    assert isinstance(last, Scalar)
    assert (last.text, last.tag) == ("Name", "!Ref")


def test_aliases_share_and_never_turn_in_circles() -> None:
    root = first("a: &one {b: 1}\nc: *one\nd: &two [*two]\ne: *nowhere\n")
    assert root.get("a") is root.get("c")
    two = root.get("d")
    assert isinstance(two, Sequence)
    assert isinstance(two.items[0], Scalar)


def test_documents_and_json() -> None:
    assert len(tree("a: 1\n---\nb: 2\n").documents) == 2
    assert first('{"a": {"b": [1, null]}}').get("a") is not None


def test_what_stands_before_an_error_is_kept() -> None:
    found = tree("a: 1\nb: [1, 2\nc: }\n")
    assert found.errors
    root = found.documents[0]
    assert isinstance(root, Mapping)
    assert isinstance(root.get("a"), Scalar)


def test_deep_nesting_ends() -> None:
    assert tree("[" * 5000).errors


def walk(node: Node) -> list[Node]:
    found: list[Node] = [node]
    if isinstance(node, Mapping):
        for key, value in node.entries:
            found += walk(key) + walk(value)
    elif isinstance(node, Sequence):
        for item in node.items:
            found += walk(item)
    return found


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:-?[]{},'\"|>&*!#%@ \n\t\0\ud800é", max_size=60))
def test_any_text_is_read(text: str) -> None:
    for document in tree(text).documents:
        for node in walk(document):
            assert 0 <= node.start <= node.end <= len(text)
