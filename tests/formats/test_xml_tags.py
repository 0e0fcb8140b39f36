"""Tags of XML: attributes with their places, nesting, and what hides tags."""

from __future__ import annotations

from poollint.formats.xml_tags import tags, unescaped

TEXT = """<?xml version="1.0"?>
<!DOCTYPE beans>
<!-- <bean id="hidden"/> -->
<beans xmlns:p='http://x'>
  <bean id = "a>b"
        p:size='1&amp;2'><![CDATA[<bean id="no"/>]]>
    <property name="x"> 5
    </property><empty/></bean>
</beans>
"""


def test_names_and_depths() -> None:
    assert [(each.name, each.closes, each.empty, each.depth) for each in tags(TEXT)] == [
        ("beans", False, False, 0),
        ("bean", False, False, 1),
        ("property", False, False, 2),
        ("property", True, False, 2),
        ("empty", False, True, 2),
        ("bean", True, False, 1),
        ("beans", True, False, 0),
    ]


def test_attributes_stand_at_their_places() -> None:
    bean = next(each for each in tags(TEXT) if each.name == "bean")
    assert [(each.name, each.value, TEXT[each.start : each.end]) for each in bean.attributes] == [
        ("id", "a>b", "a>b"),
        ("p:size", "1&2", "1&amp;2"),
    ]
    assert TEXT[bean.attributes[1].key_start :].startswith("p:size")
    assert bean.get("none") is None


def test_text_behind_a_tag() -> None:
    assert next(each.text for each in tags(TEXT) if each.name == "property").strip() == "5"


def test_entities() -> None:
    assert unescaped("&lt;&#65;&#x42;&other;&#9999999;") == "<AB&other;&#9999999;"


def test_broken_texts_end() -> None:
    for text in ("<", "<a", '<a b="', "<!-- <a/>", "</a></a><b/>", "<a <b/>"):
        assert len(list(tags(text))) < 4


def test_long_broken_texts_take_no_longer_than_they_are() -> None:
    for unit in ("<!DOCTYPE ", '<a "', "<a b='", "<!--", "<![CDATA[", '<a b="x'):
        assert len(list(tags(unit * 20_000))) < 2
