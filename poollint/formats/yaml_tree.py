"""YAML (and so JSON) as a tree that keeps the place of every key and value.

Built from PyYAML's events: no value is turned into a number or a date, since the programs that read these files disagree
on how. Aliases share the node of their anchor, so walk a tree with a bound: a short text can name one node very often.
Where the text is no YAML, the tree holds what came before the error, and the error. Never raises; a text that is a template
of another engine is an error like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.source import Source

MAX_TEXT = 2 * 1024 * 1024
MAX_DEPTH = 200
# what YAML does not let stand in a text, apart from the line ends and the tab
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127, *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "?")


class Scalar:
    """``text`` as YAML reads it (quotes and folds resolved); ``style`` is the quote or block sign, empty for plain."""

    __slots__ = ("end", "start", "style", "tag", "text")

    def __init__(self, text: str, start: int, end: int, style: str = "", tag: str = "") -> None:
        self.text = text
        self.start = start
        self.end = end
        self.style = style
        self.tag = tag

    @property
    def plain(self) -> bool:
        """Whether it stands without quotes, so that it may be a number, a truth value or nothing at all."""
        return not self.style and not self.tag

    def __repr__(self) -> str:
        return f"Scalar({self.text!r})"


class Mapping:
    """``entries`` in the order of the text, repeated keys included."""

    __slots__ = ("end", "entries", "start", "tag")

    def __init__(self, start: int, tag: str = "") -> None:
        self.entries: list[tuple[Node, Node]] = []
        self.start = start
        self.end = start
        self.tag = tag

    def pairs(self) -> Iterator[tuple[Scalar, Node]]:
        """The entries whose keys are scalars."""
        for key, value in self.entries:
            if isinstance(key, Scalar):
                yield key, value

    def get(self, name: str) -> Node | None:
        """The value of a key; the last one where it is repeated."""
        found = None
        for key, value in self.pairs():
            if key.text == name:
                found = value
        return found

    def key(self, name: str) -> Scalar | None:
        found = None
        for key, _value in self.pairs():
            if key.text == name:
                found = key
        return found

    def __repr__(self) -> str:
        return f"Mapping({self.entries!r})"


class Sequence:
    __slots__ = ("end", "items", "start", "tag")

    def __init__(self, start: int, tag: str = "") -> None:
        self.items: list[Node] = []
        self.start = start
        self.end = start
        self.tag = tag

    def __repr__(self) -> str:
        return f"Sequence({self.items!r})"


Node = Scalar | Mapping | Sequence


class YamlError(NamedTuple):
    message: str
    start: int


class Tree(NamedTuple):
    """One node for each document that is not empty, and what ended the reading."""

    documents: list[Node]
    errors: list[YamlError]


class _Builder:
    """Puts events together; what an error leaves open is closed as it stands."""

    def __init__(self, shift: int) -> None:
        self.shift = shift
        self.documents: list[Node] = []
        self.anchors: dict[str, Node] = {}
        self._open: list[Mapping | Sequence] = []
        self._names: list[str] = []
        self._keys: list[Node | None] = []

    def depth(self) -> int:
        return len(self._open)

    def put(self, node: Node) -> None:
        if not self._open:
            self.documents.append(node)
            return
        holder = self._open[-1]
        if isinstance(holder, Sequence):
            holder.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = node
        else:
            holder.entries.append((key, node))
            self._keys[-1] = None

    def begin(self, node: Mapping | Sequence, anchor: str) -> None:
        self._open.append(node)
        self._names.append(anchor)
        self._keys.append(None)

    def finish(self, end: int) -> None:
        node, name = self._open.pop(), self._names.pop()
        self._keys.pop()
        node.end = end
        self.put(node)
        if name:
            self.anchors[name] = node

    def close(self, end: int) -> None:
        while self._open:
            key = self._keys[-1]
            if key is not None:
                self.put(Scalar("", key.end, key.end))
            self.finish(end)


def parse(source: Source) -> Tree:
    """The documents of a text; never raises."""
    import yaml

    text = source.text
    shift = 1 if text.startswith("\ufeff") else 0
    if len(text) > MAX_TEXT:
        return Tree([], [YamlError("the text is too large", 0)])
    clean = text[shift:].translate(_CONTROLS)
    builder = _Builder(shift)
    errors: list[YamlError] = []
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    last = shift
    try:
        events: Any = yaml.parse(clean, Loader=loader)
        for event in events:
            last = event.end_mark.index + shift
            if not _take(builder, event, yaml):
                errors.append(YamlError("nested too deep", last))
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        errors.append(YamlError(error.problem or str(error), mark.index + shift if mark is not None else last))
    except (yaml.YAMLError, RecursionError, UnicodeError) as error:
        errors.append(YamlError(str(error) or "no YAML", last))
    builder.close(last)
    return Tree(builder.documents, errors)


def _take(builder: _Builder, event: Any, yaml: Any) -> bool:
    """Add an event to the tree; False when it goes too deep."""
    start, end = event.start_mark.index + builder.shift, event.end_mark.index + builder.shift
    if isinstance(event, yaml.ScalarEvent):
        node = Scalar(event.value, start, end, _style(event), _tag(event))
        builder.put(node)
        if event.anchor:
            builder.anchors[event.anchor] = node
    elif isinstance(event, yaml.MappingStartEvent):
        builder.begin(Mapping(start, _tag(event)), event.anchor or "")
    elif isinstance(event, yaml.SequenceStartEvent):
        builder.begin(Sequence(start, _tag(event)), event.anchor or "")
    elif isinstance(event, yaml.CollectionEndEvent):
        builder.finish(end)
    elif isinstance(event, yaml.AliasEvent):
        builder.put(builder.anchors.get(event.anchor) or Scalar(f"*{event.anchor}", start, end, "*"))
    elif isinstance(event, yaml.DocumentStartEvent):
        builder.anchors = {}
    return builder.depth() <= MAX_DEPTH


def _style(event: Any) -> str:
    style = event.style or ""
    return "" if style == "plain" else style


def _tag(event: Any) -> str:
    """A tag that the text writes; the ones that YAML gives by itself say nothing."""
    tag = event.tag
    return "" if tag in (None, "!") else tag
