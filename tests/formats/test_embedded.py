"""Files inside a manifest: their names, their texts at the offsets of the file that holds them, and their ends."""

from __future__ import annotations

from poollint.formats.embedded import files, only
from poollint.source import Source

TEXT = """\
kind: ConfigMap
data:
  application.yml: |
    a: 1
    ---
    b: 2

  "x.properties": |-  # two documents
    # application.yml: |
    c=3
    #---
    d=4
  other.txt: |
    e=5
kind2: x
"""


def test_each_file_stands_at_its_own_offsets() -> None:
    found = list(files(Source("cm.yaml", TEXT)))
    assert [name for name, _ in found] == ["application.yml", "x.properties"]
    for _, inner in found:
        assert inner.path == "cm.yaml"
        assert [len(line) for line in inner.text.split("\n")] == [
            len(line) for line in TEXT[: len(inner.text)].split("\n")
        ]
    one, other = (inner.text for _, inner in found)
    assert one.split() == ["a:", "1", "---", "b:", "2"]
    assert one.index("b: 2") == TEXT.index("b: 2")
    assert "\n---    \n" in one
    assert "\n#---    \n" in other
    assert other.index("d=4") == TEXT.index("d=4")
    assert "e=5" not in other


def test_what_stands_around_a_stretch_is_blank() -> None:
    assert only(Source("a", "xx\r\nab y"), 4, 6).text == "  \r\nab"


def test_folded_texts_and_empty_ones_are_none() -> None:
    assert not list(files(Source("a.yaml", "data:\n  application.yml: >\n    a: 1\n")))
    assert not list(files(Source("a.yaml", "  application.yml: |")))
