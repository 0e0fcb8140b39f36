"""HikariCP's pools in XML: beans of Spring, resources of Tomcat, and Hibernate's own section of it.

Hibernate hands what stands behind ``hibernate.hikari.`` on as a file of HikariCP's own does; Tomcat drops names that
HikariCP does not know; Spring converts as it does everywhere, and refuses a bean with a name that has no setter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.blocks import Block
from poollint.formats.xml_tags import Attribute, Tag, tags
from poollint.readers.base import Reading
from poollint.readers.hikaricp_names import DATA_SOURCE, TEMPLATE, setting_of, unknown
from poollint.readers.hikaricp_validate import Checker, Raw
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poollint.readers.base import ReadContext
    from poollint.source import Source

HIBERNATE = "hibernate.hikari."
_CLASSES = ("com.zaxxer.hikari.HikariConfig", "com.zaxxer.hikari.HikariDataSource")
_OTHERS = frozenset(("dataSourceProperties", "loginTimeout", "logWriter"))
_FACTORY = "com.zaxxer.hikari.HikariJNDIFactory"
_REFERENCE = re.compile(r"\$\{[^{}:]+:([^{}]*)\}")


class Given(NamedTuple):
    """A property with its value (None: not known) and both places."""

    name: str
    text: str | None
    place: Place
    key_place: Place


def read_xml(source: Source, context: ReadContext) -> Reading:
    """The pools of an XML file."""
    reader = _Reader(source, context)
    for tag in tags(source.text):
        if tag.closes:
            reader.close(tag)
        else:
            reader.open(tag)
    if reader.sections:
        reader.blocks.append(of_hibernate(context, reader.sections))
    return Reading(reader.blocks)


class _Reader:
    """Follows the tags of a file; ``bean`` is the one of HikariCP's that is open."""

    def __init__(self, source: Source, context: ReadContext) -> None:
        self.source = source
        self.context = context
        self.blocks: list[Block] = []
        self.sections: list[Given] = []
        self.bean: Tag | None = None
        self.inside: list[Given] = []
        self.hides = False
        self._name: Attribute | None = None

    def close(self, tag: Tag) -> None:
        if self.bean is not None and tag.depth == self.bean.depth:
            self._finish(self.bean)

    def _finish(self, bean: Tag) -> None:
        self.blocks += _bean(self.source, self.context, bean, self.inside, open_=self.hides)
        self.bean = None

    def open(self, tag: Tag) -> None:
        local = tag.name.rpartition(":")[2]
        if local == "Resource" and _is(tag, "factory", (_FACTORY,)):
            self.blocks += _resource(self.source, self.context, tag)
        elif local == "bean" and _is(tag, "class", _CLASSES):
            self.bean, self.inside = tag, list(_prefixed(self.source, tag))
            self.hides = tag.get("parent") is not None or tag.get("abstract") is not None
            if tag.empty:
                self._finish(tag)
        elif local == "property":
            self._property(tag)
        elif self.bean is not None and local == "value" and tag.depth == self.bean.depth + 2:
            if self._name is not None and self.inside:
                self.inside[-1] = _body(self.source, tag, self._name)
        elif local == "constructor-arg":
            self.hides = True

    def _property(self, tag: Tag) -> None:
        self._name = tag.get("name")
        if self._name is None:
            return
        given = _given(self.source, tag, self._name)
        if given.name.startswith(HIBERNATE):
            self.sections.append(given._replace(name=given.name[len(HIBERNATE) :]))
        elif self.bean is not None and tag.depth == self.bean.depth + 1:
            self.inside.append(given)


def _is(tag: Tag, name: str, values: tuple[str, ...]) -> bool:
    found = tag.get(name)
    return found is not None and found.value in values


def _known(text: str) -> str | None:
    """A value with the defaults of its placeholders; None where it is filled in later."""
    text = _REFERENCE.sub(r"\1", text)
    return None if TEMPLATE.search(text) else text


def _given(source: Source, tag: Tag, name: Attribute) -> Given:
    value = tag.get("value")
    if value is None:
        return _body(source, tag, name)
    return Given(name.value, _known(value.value), Place(source, value.start, value.end), _place(source, name))


def _body(source: Source, tag: Tag, name: Attribute) -> Given:
    """A value that stands behind a tag."""
    text = tag.text.strip()
    at = source.text.find(text, tag.end)
    return Given(name.value, _known(text) if text else None, Place(source, at, at + len(text)), _place(source, name))


def _place(source: Source, name: Attribute) -> Place:
    return Place(source, name.start, name.end)


def _prefixed(source: Source, tag: Tag) -> Iterator[Given]:
    """``p:maximumPoolSize="10"`` on the bean itself."""
    for each in tag.attributes:
        if each.name.startswith("p:"):
            name = each.name[2:].removesuffix("-ref")
            text = None if each.name.endswith("-ref") else _known(each.value)
            key = Place(source, each.key_start, each.key_start + len(each.name))
            yield Given(name, text, Place(source, each.start, each.end), key)


def _bean(source: Source, context: ReadContext, tag: Tag, given: list[Given], *, open_: bool) -> Iterator[Block]:
    if not given:
        return
    label = tag.get("id") or tag.get("name")
    block = _block(source, context, label.value if label is not None else "", tag, "bean")
    block.complete = not open_
    yield from _with_connection(_filled(block, given, spring=True, refuses=True), given, context)


def _resource(source: Source, context: ReadContext, tag: Tag) -> Iterator[Block]:
    label = tag.get("name")
    block = _block(source, context, label.value if label is not None else "", tag, "Resource")
    given = [
        Given(
            each.name,
            _known(each.value),
            Place(source, each.start, each.end),
            Place(source, each.key_start, each.key_start + len(each.name)),
        )
        for each in tag.attributes
        if each.name not in ("name", "type", "factory", "auth", "scope", "singleton", "closeMethod", "description")
    ]
    yield from _with_connection(_filled(block, given, spring=False, refuses=False), given, context)


def _with_connection(block: Block, given: list[Given], context: ReadContext) -> Iterator[Block]:
    """A pool and what its URL asks of the driver, which may be told more beside it."""
    from poollint.readers.jdbc_pools import drivers_of, of_pool

    yield block
    drivers = drivers_of(context.catalogue, context.catalogue_of, context.target_of)
    told = any(each.name.startswith("dataSource") for each in given)
    connection = of_pool(block, drivers, sure=block.complete and not told)
    if connection is not None:
        yield connection


def of_hibernate(context: ReadContext, given: list[Given]) -> Block:
    """What stands behind ``hibernate.hikari.``; the URL and the login come from Hibernate's own settings."""
    block = Block(
        "hikaricp",
        "pool",
        "hibernate.hikari",
        given[0].key_place,
        spec=context.catalogue.kinds["pool"],
        path=f"{HIBERNATE}*",
        target=context.target,
    )
    block.facts.update(form="hibernate", prefix=HIBERNATE, profile="")
    return _filled(block, given, spring=False, refuses=True)


def _block(source: Source, context: ReadContext, name: str, tag: Tag, what: str) -> Block:
    place = Place(source, tag.start, min(tag.end, tag.start + len(tag.name) + 1))
    spec = context.catalogue.kinds["pool"]
    block = Block("hikaricp", "pool", name, place, spec=spec, path=f"{what} {name}".strip(), target=context.target)
    block.facts.update(form="xml", prefix="", profile="")
    return block


def _filled(block: Block, given: Iterable[Given], *, spring: bool, refuses: bool) -> Block:
    from poollint.readers.jdbc import place_facts

    assert block.spec is not None
    block.facts.update(place_facts(block.place))
    found = []
    for each in given:
        name = setting_of(each.name, block.spec, block.target)
        if name:
            found.append(Raw(name, each.text, each.place, each.key_place, each.name))
        elif refuses and not each.name.startswith(DATA_SOURCE) and each.name not in _OTHERS:
            unknown(block, each.name, each.key_place, "bean" if spring else "properties")
    checker = Checker(block, spring=spring)
    checker.fill([each for each in found if each.name not in ("dataSourceProperties", "healthCheckProperties")])
    checker.words()
    checker.two_sources()
    return block
