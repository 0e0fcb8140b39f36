"""Files of keys, whatever their format, as flat entries: the path of a key, its text, and the places of both.

A value that only the running program knows has no text (None). Documents of one file are numbered, since some programs
give them conditions.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.files import FileError
from poollint.formats import properties
from poollint.formats.yaml_tree import Mapping, Scalar, Sequence
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poollint.files import Files
    from poollint.formats.yaml_tree import Node, YamlError
    from poollint.source import Source

MAX_ENTRIES = 20_000
MAX_BESIDE = 24  # files of profiles beside a file for all of them
MAX_DEPTH = 40
_WHOLE_NAME = re.compile(r"(application|bootstrap)\.(?:properties|ya?ml)")
_OPEN = re.compile(r"\{\{|<%|@[\w.-]+@|%\{|#\{|\$\(|\$\[|^ENC\(|\$\w")
_REFERENCE = re.compile(r"\$\{([^{}:]+)(?::([^{}]*))?\}")
_PART = re.compile(r"\[[^\]]*\]?|[^.\[]+(?:\[\d*\])*")
_OCTAL = re.compile(r"([-+]?)0([0-7_]+)")
_SIXTY = re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+")
_GROUPED = re.compile(r"[-+]?[0-9][0-9_]*")
_RADIX = re.compile(r"[-+]?0(?:x[0-9a-fA-F_]+|b[01_]+)")

# what variables stand below: of containers, of the values of charts, of a generator of ConfigMaps
_VARIABLES = re.compile(r"\w*[eE]nv(?:ironment)?(?:_?[vV]ars?|Variables?)?|literals")
# where a resource of Kubernetes keeps the variables that containers take from it
_KEPT = {"ConfigMap": "data", "Secret": "stringData"}
_ENV = re.compile(r"(?im)^[ \t]*ENV[ \t]+(?P<rest>\S(?:[^\n\\]|\\\r?\n|\\.)*)")
_UNIT = re.compile(r"(?m)^Environment[ \t]*=(?P<rest>.*)$")
_UNIT_PAIR = re.compile(
    r"[\"'](?P<quoted>[A-Za-z_]\w*)=(?P<whole>[^\"'\n]*)[\"']"
    r"|(?P<name>[A-Za-z_]\w*)=(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<bare>[^\s\"']*))"
)
_PAIR = re.compile(
    r"(?P<name>[A-Za-z_]\w*)=(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<bare>[^\s\"'\\]*))(?=\s|\\|$)"
)


class KeyedEntry(NamedTuple):
    """``path`` holds the parts of the key as written; ``plain`` tells of YAML that the value stands without quotes."""

    path: tuple[str, ...]
    text: str | None
    place: Place
    key_place: Place
    document: int = 0
    plain: bool = False


class Keyed(NamedTuple):
    """``repeated``: keys that stand a second time in one mapping of YAML; ``broken``: why and where it is none."""

    entries: list[KeyedEntry]
    repeated: list[tuple[str, Place]]
    broken: YamlError | None = None


def resolved(text: str) -> str | None:
    """A text with its placeholders replaced by their defaults; None when one has no default."""
    for _ in range(8):
        match = _REFERENCE.search(text)
        if match is None:
            break
        if match[2] is None:
            return None
        text = text[: match.start()] + match[2] + text[match.end() :]
    return None if _OPEN.search(text) or "${" in text else text


def literal(text: str) -> str | None:
    """A text as it stands; None when a template fills it in."""
    return None if _OPEN.search(text) or "${" in text or "%(" in text else text


def of_properties(source: Source, *, spring: bool = True) -> Keyed:
    """The entries of a file of properties, with Spring's documents and placeholders; none when Java refuses the file."""
    found = properties.parse(source, documents=spring)
    text_of = resolved if spring else literal
    if found.errors:
        return Keyed([], [])
    return Keyed(
        [
            KeyedEntry(
                _parts(entry.key.lstrip("\ufeff")),
                text_of(entry.value),
                Place(source, entry.start, entry.end),
                Place(source, entry.key_start, entry.key_end),
                entry.document,
            )
            for entry in found.entries
        ],
        [],
    )


def of_profiles(source: Source, files: Files) -> list[KeyedEntry]:
    """What the files of profiles beside application.yml or .properties say: one of them is loaded with it, as a rule."""
    folder, name = posixpath.split(source.path.replace("\\", "/"))
    match = _WHOLE_NAME.fullmatch(name)
    found: list[KeyedEntry] = []
    if match is None:
        return found
    for path in files.glob(posixpath.join(_escaped(folder), f"{match[1]}-*.*"))[:MAX_BESIDE]:
        if path.endswith((".properties", ".yml", ".yaml")):
            try:
                beside = files.load(path)
            except FileError:
                continue
            found += (of_properties(beside) if path.endswith(".properties") else of_yaml(beside)).entries
    return found


def _escaped(folder: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", folder)


def _parts(key: str) -> tuple[str, ...]:
    """The parts of a key; dots in brackets belong to the name that stands there: ``properties[oracle.net.x]``."""
    if "[" not in key:
        return tuple(key.split("."))
    return tuple(_PART.findall(key))


def of_yaml(source: Source, *, spring: bool = True) -> Keyed:
    """The scalars of a YAML text (or JSON) by the path of their keys; none of a broken text.

    ``spring``: keys with dots are several parts, and placeholders may have defaults.
    """
    from poollint.formats.yaml_tree import parse

    tree = parse(source)
    keyed = Keyed([], [])
    if tree.errors:
        return keyed._replace(broken=tree.errors[0])
    for number, node in enumerate(tree.documents):
        _walk(source, node, (), number, keyed, spring=spring)
    return keyed


def _walk(source: Source, node: Node, path: tuple[str, ...], number: int, keyed: Keyed, *, spring: bool) -> None:
    if not isinstance(node, Mapping) or len(path) > MAX_DEPTH:
        return
    seen: set[str] = set()
    for key, value in sorted(node.pairs(), key=lambda pair: pair[0].text != "<<"):  # what is merged gives way
        if len(keyed.entries) > MAX_ENTRIES:
            return
        key_place = Place(source, key.start, key.end)
        if key.text in seen and key.text != "<<":
            keyed.repeated.append((key.text, key_place))
        seen.add(key.text)
        whole = not spring or key.text.startswith("[")
        inner = (*path, *([key.text] if whole else key.text.split(".")))
        if key.text == "<<":
            _walk(source, value, path, number, keyed, spring=spring)
        elif isinstance(value, Mapping):
            _walk(source, value, inner, number, keyed, spring=spring)
        elif isinstance(value, Scalar):
            open_ = value.tag or value.style == "*"
            text = None if open_ else resolved(value.text) if spring else literal(value.text)
            place = Place(source, value.start, value.end)
            keyed.entries.append(KeyedEntry(inner, text, place, key_place, number, value.plain))
        elif isinstance(value, Sequence):
            place = Place(source, value.start, value.end)
            keyed.entries.append(KeyedEntry(inner, None, place, key_place, number))


def of_toml(source: Source) -> list[KeyedEntry]:
    """The single values of a TOML text; none of a broken text."""
    from poollint.formats.toml_keys import parse

    return [
        KeyedEntry(each.path, None if each.text is None else literal(each.text), each.place, each.key_place)
        for each in parse(source)
    ]


def of_hocon(source: Source) -> list[KeyedEntry]:
    """The single values of a text in HOCON; none of a broken text."""
    return hocon(source)[0]


def hocon(source: Source) -> tuple[list[KeyedEntry], list[Place]]:
    """The same, and the places where a value wants quotes, for which the text is refused."""
    from poollint.formats.hocon import parse

    found = parse(source)
    return [KeyedEntry(each.path, each.text, each.place, each.key_place) for each in found.entries], found.bare


def open_paths(entries: Iterable[KeyedEntry]) -> set[tuple[str, ...]]:
    """The paths where something unknown is filled in, of which more may stand below than is written."""
    return {entry.path for entry in entries if entry.text is None}


def is_open(path: tuple[str, ...], unknown: set[tuple[str, ...]]) -> bool:
    """Whether something unknown is filled in at a path or above it."""
    return any(path[:size] in unknown for size in range(1, len(path) + 1))


def of_ini(source: Source) -> list[KeyedEntry]:
    """The options of an INI file, the section before the parts of each key; none of a text that configparser refuses."""
    from poollint.formats.python_ini import parse

    return [
        KeyedEntry((section.name, *option.key.split(".")), literal(option.value), option.place, option.key_place)
        for section in parse(source).sections
        for option in section.options
    ]


def condition(entries: Iterable[KeyedEntry]) -> str:
    """The profiles under which a document of Spring Boot's holds; empty when it always does."""
    return " & ".join(
        entry.text or "?"
        for entry in entries
        if ".".join(entry.path).startswith(("spring.config.activate.", "spring.profiles"))
        and entry.path[-1] not in ("active", "include", "default", "group")
        and "group" not in entry.path
    )


def yaml_number(text: str) -> tuple[int | None, str]:
    """What YAML 1.1 makes of a plain scalar, and words for a number that is not the one that is read; (None, "") for no
    whole number."""
    octal = _OCTAL.fullmatch(text)
    if octal is not None and len(text) < 60:
        number = int(octal[2].replace("_", "") or "0", 8) * (-1 if octal[1] == "-" else 1)
        return number, "" if number == int(text.replace("_", "")) else "a leading zero means octal"
    if _SIXTY.fullmatch(text) and len(text) < 60:
        total = 0
        for part in text.lstrip("+-").replace("_", "").split(":"):
            total = total * 60 + int(part)
        return -total if text.startswith("-") else total, "a colon means base 60"
    if len(text) < 60 and (_GROUPED.fullmatch(text) or _RADIX.fullmatch(text)):
        return int(text.replace("_", ""), 10 if _GROUPED.fullmatch(text) else 0), ""
    return None, ""


def variables(source: Source) -> Iterator[KeyedEntry]:
    """The variables of a file of the environment: ``NAME=value``, with or without quotes and ``export``."""
    for match in re.finditer(
        r"(?m)^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*"
        r"(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<bare>[^\s#]*(?:[ \t]+[^\s#]+)*))",
        source.text,
    ):
        group = next(name for name in ("double", "single", "bare") if match[name] is not None)
        place = Place(source, match.start(group), match.end(group))
        yield KeyedEntry(
            (match["name"],), resolved(match[group]), place, Place(source, match.start("name"), match.end("name"))
        )


def variables_of(source: Source) -> Iterator[KeyedEntry]:
    """The variables that a Dockerfile, a unit of systemd or a file of the environment sets."""
    base = posixpath.basename(source.path.replace("\\", "/")).lower()
    if "dockerfile" in base:
        return docker_variables(source)
    return unit_variables(source) if base.endswith(".service") else variables(source)


def environments(source: Source) -> Iterator[list[KeyedEntry]]:
    """The variables of each container of a compose file or a Kubernetes manifest: a map, a list of ``NAME=value``, or a
    list of ``name`` and ``value``; and those that a ConfigMap keeps for containers. None of a broken text."""
    from poollint.formats.yaml_tree import parse

    tree = parse(source)
    waiting: list[tuple[Node, int]] = [] if tree.errors else [(node, 0) for node in reversed(tree.documents)]
    count = 0
    while waiting and count < MAX_ENTRIES:
        node, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH:
            continue
        if isinstance(node, Sequence):
            waiting += [(each, depth + 1) for each in reversed(node.items)]
        elif isinstance(node, Mapping):
            held = _KEPT.get(_kind(node), "")
            for key, value in node.pairs():
                if _VARIABLES.fullmatch(key.text) or (key.text == held and isinstance(value, Mapping)):
                    yield list(_environment(source, value))
            waiting += [(value, depth + 1) for _, value in reversed(list(node.pairs()))]


def _environment(source: Source, node: Node) -> Iterator[KeyedEntry]:
    def entry(name: str, value: Scalar, key: Place, place: Place | None = None, text: str | None = None) -> KeyedEntry:
        said = value.text if text is None else text
        open_ = bool(value.tag) or value.style == "*"
        return KeyedEntry(
            (name,), None if open_ else substituted(said), place or Place(source, value.start, value.end), key
        )

    if isinstance(node, Mapping):
        for key, value in _merged(node).values():
            if isinstance(value, Scalar):
                yield entry(key.text, value, Place(source, key.start, key.end))
    for item in node.items if isinstance(node, Sequence) else ():
        if isinstance(item, Scalar) and "=" in item.text:
            whole = Place(source, item.start, item.end)
            name, _, text = item.text.partition("=")
            at = source.text.find("=", item.start, item.end) + 1
            if source.text.startswith(text, at) and at > item.start:
                yield entry(
                    name.strip(), item, Place(source, item.start, at - 1), Place(source, at, at + len(text)), text
                )
            else:
                yield entry(name.strip(), item, whole, whole, text)
        elif isinstance(item, Mapping):
            named, held = item.get("name"), item.get("value")
            if isinstance(named, Scalar) and isinstance(held, Scalar):
                yield entry(named.text, held, Place(source, named.start, named.end))


def _merged(node: Mapping, depth: int = 0) -> dict[str, tuple[Scalar, Node]]:
    """The entries of a mapping with those that ``<<`` merges into it, which give way to its own."""
    found: dict[str, tuple[Scalar, Node]] = {}
    for key, value in node.pairs() if depth < 8 else ():
        if key.text != "<<":
            found[key.text] = (key, value)
    for key, value in node.pairs() if depth < 8 else ():
        for each in (value.items if isinstance(value, Sequence) else [value]) if key.text == "<<" else ():
            if isinstance(each, Mapping):
                found = {**_merged(each, depth + 1), **found}
    return found


def _kind(node: Mapping) -> str:
    kind = node.get("kind")
    return kind.text if isinstance(kind, Scalar) else ""


def docker_variables(source: Source) -> Iterator[KeyedEntry]:
    """The variables that ``ENV`` of a Dockerfile sets: ``NAME=value`` once or more often, or ``NAME value``."""
    for line in _ENV.finditer(source.text):
        rest = line["rest"]
        at = line.start("rest")
        if "=" not in rest.split(None, 1)[0]:
            single = re.match(r"(?P<name>\w+)[ \t]+(?P<bare>[^\n]*\S)", rest)
            pairs = [single] if single is not None else []
        else:
            pairs = list(_PAIR.finditer(rest))
        for pair in pairs:
            group = next(name for name in ("bare", "double", "single") if pair.groupdict().get(name) is not None)
            place = Place(source, at + pair.start(group), at + pair.end(group))
            key = Place(source, at + pair.start("name"), at + pair.end("name"))
            yield KeyedEntry((pair["name"],), substituted(pair[group]), place, key)


def unit_variables(source: Source) -> Iterator[KeyedEntry]:
    """The variables that ``Environment=`` of a systemd unit sets; quotes stand around a value, or around it all."""
    for line in _UNIT.finditer(source.text):
        for pair in _UNIT_PAIR.finditer(line["rest"]):
            group = next(name for name in ("whole", "double", "single", "bare") if pair[name] is not None)
            at = line.start("rest")
            name = pair["quoted"] or pair["name"]
            key = at + pair.start("quoted" if pair["quoted"] else "name")
            place = Place(source, at + pair.start(group), at + pair.end(group))
            text = None if "%" in pair[group] else pair[group]
            yield KeyedEntry((name,), text, place, Place(source, key, key + len(name)))


def substituted(text: str) -> str | None:
    """A value as compose hands it on: ``${X:-20}`` is 20 where X is not set; other substitutions are not known."""
    return resolved(re.sub(r"\$\{(\w+):?-([^{}]*)\}", r"${\1:\2}", text))
