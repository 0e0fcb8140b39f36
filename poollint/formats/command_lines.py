"""Command lines in the files that start services: Procfile, Dockerfile, systemd units, Compose files, manifests of
Kubernetes, shell scripts.

``parse`` gives each command as words with their places; what a shell would put in for ``$NAME`` stays as it is written.
"""

from __future__ import annotations

import json
import os
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poollint.source import Source


class Word(NamedTuple):
    """A word as the program gets it, with its place; ``quoted`` tells that a quote held it together."""

    text: str
    place: Place
    quoted: bool = False


class Line(NamedTuple):
    """One command: its words, the service that runs it, and what the file says of that service."""

    words: tuple[Word, ...]
    service: str = ""
    facts: Mapping[str, Any] = MappingProxyType({})


_WORD = re.compile(
    r"""(?P<blank>(?:[ \t\r\n]|\\\r?\n)+)|(?P<end>&&|\|\||[;|&<>()])|(?P<word>(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|\$\{[^}]*\}"""
    r"""|\$\([^)]*\)|\{\{.*?\}\}|[^\s'"\\;|&<>()])+)|(?P<other>.)""",
    re.S,
)
_QUOTE = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)", re.S)
_PROC = re.compile(r"(?m)^(?P<name>[\w-]+):[ \t]*(?P<command>\S.*)$")
_DOCKER = re.compile(r"(?im)^[ \t]*(?P<name>CMD|ENTRYPOINT)[ \t]+(?P<command>(?:[^\n\\]|\\.|\\\r?\n)+)")
_DOCKER_STAGE = re.compile(r"(?im)^[ \t]*FROM[ \t]")
_DOCKER_ENV = re.compile(r"(?im)^[ \t]*ENV[ \t]+(?P<words>(?:[^\n\\]|\\.|\\\r?\n)+)")
_OLD_ENV = re.compile(r"(?P<name>\w+)[ \t]+(?P<value>[^\s=][^\n]*)")
_UNIT_ENV = re.compile(r"(?m)^Environment=(?P<words>[^\n]+)")
_EXPORT = re.compile(r"(?m)^[ \t]*export[ \t]+(?P<words>[^\n;&|]+)")
_NAMED = re.compile(r"(?P<name>[A-Za-z_]\w*)=")
_UNIT = re.compile(r"(?m)^ExecStart=[-@:+!]*(?P<command>(?:[^\n\\]|\\.|\\\r?\n)+)")
_SUPERVISOR = re.compile(r"(?m)^command[ \t]*=[ \t]*(?P<command>[^\n]+)")
_SHELL = re.compile(r"(?m)^[ \t]*(?!#)(?P<command>(?:[^\n\\]|\\.|\\\r?\n)+)")
_JSON_WORD = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)
_COMMENT = re.compile(r"(?:^|\s)#[^\n]*")
_LIMIT = re.compile(r"(?:-c|--)?max_connections=(\d+)")
_SAYS = re.compile(
    r"(?m)#[^\n]*?\b(?:[Ss]tarted with|[Rr]un with|Procfile|CMD|[Cc]ommand)\s*:?[ \t]+(?:web: ?)?(?P<command>[^\n]+)"
)


def split(text: str, source: Source, start: int) -> Iterator[tuple[Word, ...]]:
    """The words of each command in a stretch of shell text that begins at ``start``."""
    words: list[Word] = []
    for match in _WORD.finditer(text):
        if match["word"] is not None:
            raw = match["word"]
            if raw.startswith("#") and not words:
                break
            if raw.startswith("#"):
                break
            place = Place(source, start + match.start(), start + match.end())
            words.append(Word(_QUOTE.sub(_unquote, raw), place, raw[:1] in "'\""))
        elif match["end"] is not None and words:
            yield tuple(words)
            words = []
    if words:
        yield tuple(words)


def _unquote(match: re.Match[str]) -> str:
    if match[1] is not None:
        return match[1]
    return re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3].strip("\n")


def parse(source: Source) -> list[Line]:
    """Every command of a file, by the kind of file that its name tells. Never raises."""
    base = os.path.basename(source.path)
    lower = base.lower()
    if lower.startswith("procfile"):
        return [
            Line(words, match["name"])
            for match in _PROC.finditer(source.text)
            for words in split(match["command"], source, match.start("command"))
        ]
    if lower.endswith((".yml", ".yaml")):
        return [*(_kubernetes(source) if "apiVersion" in source.text else ()), *_compose(source)]
    if lower.endswith(".service"):
        return list(_plain(_UNIT, source, {"environment": _variables(_UNIT_ENV, source)}))
    if lower.endswith((".sh", ".bash")):
        return list(_plain(_SHELL, source, {"environment": _variables(_EXPORT, source)}))
    if lower.endswith((".conf", ".ini")):
        return list(_plain(_SUPERVISOR, source))
    return list(_docker(source))


def said(source: Source, programs: Iterable[str]) -> list[Line]:
    """Commands of these programs that the comments of a source file name: ``# started with: gunicorn …``."""
    if not any(name in source.text for name in programs):
        return []
    return list(_plain(_SAYS, source))


def _plain(pattern: re.Pattern[str], source: Source, facts: Mapping[str, Any] | None = None) -> Iterator[Line]:
    for match in pattern.finditer(source.text):
        for words in split(match["command"], source, match.start("command")):
            yield Line(words, facts=facts or {})


def _docker(source: Source) -> Iterator[Line]:
    stages = [match.start() for match in _DOCKER_STAGE.finditer(source.text)]
    for match in _DOCKER.finditer(source.text):
        command, start = match["command"], match.start("command")
        first = max((at for at in stages if at < start), default=0)
        last = min((at for at in stages if at > start), default=len(source.text))
        facts = {"environment": _variables(_DOCKER_ENV, source, first, last)}
        if command.startswith("["):
            words = _json_words(command, source, start)
            if match["name"].upper() == "ENTRYPOINT":
                words += _arguments(source, first, last)
            elif _are_options(words):
                continue  # they belong to the entry point
            if words:
                yield Line(words, facts=facts)
            continue
        for words in split(command, source, start):
            yield Line(words, facts=facts)


def _are_options(words: tuple[Word, ...]) -> bool:
    """Whether a command names no program, so that its words are arguments of the entry point."""
    return bool(words) and words[0].text.startswith("-")


def _arguments(source: Source, first: int, last: int) -> tuple[Word, ...]:
    """The options that the last CMD of a stage has for its entry point; none where it names a program."""
    for match in reversed(list(_DOCKER.finditer(source.text, first, last))):
        if match["name"].upper() == "CMD":
            words = _json_words(match["command"], source, match.start("command"))
            return words if match["command"].startswith("[") and _are_options(words) else ()
    return ()


def _variables(pattern: re.Pattern[str], source: Source, start: int = 0, end: int | None = None) -> dict[str, Word]:
    """The variables that a file gives the commands in it, the last of a name."""
    found: dict[str, Word] = {}
    for match in pattern.finditer(source.text, start, len(source.text) if end is None else end):
        at = match.start("words")
        old = _OLD_ENV.fullmatch(match["words"].rstrip())
        if old is not None and pattern is _DOCKER_ENV:
            found[old["name"]] = Word(old["value"], Place(source, at + old.start("value"), at + old.end("value")))
            continue
        for words in split(match["words"], source, at):
            found.update(assigned(word) for word in words if _NAMED.match(word.text))
    return found


def is_assignment(word: Word) -> bool:
    """Whether a word is ``NAME=value``."""
    return _NAMED.match(word.text) is not None


def assigned(word: Word) -> tuple[str, Word]:
    """``NAME=value`` as a name and its value, with the value's place where that can be told."""
    name, _, value = word.text.partition("=")
    place = word.place
    offset = place.text.find(value) if value else -1
    if offset >= 0:
        place = Place(place.source, place.start + offset, place.start + offset + len(value))
    return name, Word(value, place, word.quoted)


def _json_words(text: str, source: Source, start: int) -> tuple[Word, ...]:
    words = []
    for match in _JSON_WORD.finditer(text):
        try:
            word = json.loads(re.sub(r"\\\r?\n", "", match[0]))
        except ValueError:
            return ()
        words.append(Word(word, Place(source, start + match.start(), start + match.end()), quoted=True))
    return tuple(words)


def _compose(source: Source) -> Iterator[Line]:
    """The ``command`` and ``entrypoint`` of every service of a Compose file."""
    root = _yaml(source.text)
    services = _get(root, "services")
    if services is None or services.tag != "tag:yaml.org,2002:map":
        return
    every: dict[str, Any] = {}
    for key, service in services.value:
        name = str(getattr(key, "value", ""))
        if service.tag != "tag:yaml.org,2002:map":
            continue
        facts = {
            "replicas": _replicas(service),
            "image": _scalar(_get(service, "image")),
            "services": every,
            "environment": _environment(_get(service, "environment"), source),
            "build": _scalar(_get(_get(service, "build"), "context")) or _scalar(_get(service, "build")),
        }
        every[name] = facts
        started = [list(_words_of(_get(service, entry), source)) for entry in ("entrypoint", "command")]
        if len(started[0]) == len(started[1]) == 1 and _are_options(started[1][0]):
            started = [[started[0][0] + started[1][0]]]
        for words in (each for command in started for each in command):
            _note_limit(facts, words)
            yield Line(words, name, facts)


def _kubernetes(source: Source) -> Iterator[Line]:
    """The command of every container of a manifest."""
    from poollint.formats.kubernetes import containers

    every: dict[str, Any] = {}
    for each in containers(source):
        words = tuple(Word(word.text, Place(source, word.start, word.end), quoted=True) for word in each.command)
        facts: dict[str, Any] = {"replicas": each.replicas, "image": each.image, "services": every}
        every[each.name] = facts
        _note_limit(facts, words)
        if words:
            yield Line(words, each.name, facts)


def _environment(node: Any, source: Source, depth: int = 0) -> dict[str, Word]:
    """The variables of a service: a map, which may merge others, or a list of ``NAME=value``."""
    found: dict[str, Word] = {}
    merged = _get(node, "<<") if depth < 8 else None
    for each in merged.value if merged is not None and not _is_map(merged) else (merged,):
        found.update(_environment(each, source, depth + 1) if _is_map(each) else {})
    for each in node.value if node is not None and isinstance(node.value, list) else ():
        name, value = each if isinstance(each, tuple) else (None, each)
        if not isinstance(value.value, str):
            continue
        word = Word(value.value, Place(source, value.start_mark.index, value.end_mark.index))
        if name is not None and isinstance(name.value, str):
            found[name.value] = assigned(word._replace(text=f"{name.value}={value.value}"))[1]
        elif name is None and is_assignment(word):
            found.update((assigned(word),))
    return found


def _note_limit(facts: dict[str, Any], words: tuple[Word, ...]) -> None:
    for word in words:
        limit = _LIMIT.fullmatch(word.text)
        if limit is not None:
            facts["max_connections"] = int(limit[1])
            facts["max_connections_at"] = word.place


def _replicas(service: Any) -> int | None:
    found = _scalar(_get(_get(service, "deploy"), "replicas")) or _scalar(_get(service, "scale"))
    return int(found) if found and found.isdigit() else None


def _words_of(node: Any, source: Source) -> Iterator[tuple[Word, ...]]:
    if node is None:
        return
    if node.tag == "tag:yaml.org,2002:seq":
        words = tuple(
            Word(each.value, Place(source, each.start_mark.index, each.end_mark.index), quoted=True)
            for each in node.value
            if isinstance(each.value, str)
        )
        if words:
            yield words
    elif isinstance(node.value, str):
        start, end = node.start_mark.index, node.end_mark.index
        raw = source.text[start:end]
        if raw[:1] in ("'", '"'):
            start, raw = start + 1, raw[1:-1]
        elif raw[:1] in ("|", ">"):
            head = raw.find("\n") + 1
            start, raw = start + head, raw[head:]
        yield from split(raw, source, start)


def _get(node: Any, key: str) -> Any:
    if node is None or node.tag != "tag:yaml.org,2002:map":
        return None
    found = next((value for name, value in node.value if getattr(name, "value", None) == key), None)
    return found if found is not None or key == "<<" else _get_merged(node, key)


def _get_merged(node: Any, key: str, depth: int = 0) -> Any:
    """What ``<<`` brings for a key."""
    merged = _get(node, "<<")
    for each in merged.value if isinstance(getattr(merged, "value", None), list) and not _is_map(merged) else (merged,):
        if _is_map(each) and depth < 8:
            pairs = {getattr(name, "value", None): value for name, value in each.value}
            found = pairs[key] if key in pairs else _get_merged(each, key, depth + 1)
            if found is not None:
                return found
    return None


def _is_map(node: Any) -> bool:
    return node is not None and getattr(node, "tag", "") == "tag:yaml.org,2002:map"


def _scalar(node: Any) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.compose(text, Loader=yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
