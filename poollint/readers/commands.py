"""Command lines to blocks: ``[[found]]`` tables with ``command`` and ``flags`` tell which program's settings they hold.

A table::

    [[found]]
    command = ["gunicorn"]                    # the program's name
    flags = { "-w" = "workers", … }           # its options and the settings that they set
    env = ["GUNICORN_CMD_ARGS"]               # variables that may hold further options
    variables = { UVICORN_WORKERS = "workers" }  # variables that set one setting, where the command line does not
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, Block, Setting
from poollint.formats.command_lines import Word, assigned, is_assignment, parse, said, split
from poollint.readers.base import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from poollint.formats.command_lines import Line
    from poollint.knowledge.catalogue import Catalogue, SettingSpec
    from poollint.readers.base import ReadContext
    from poollint.source import Source
    from poollint.versions import Version

_NOT_STARTED = frozenset(
    "echo printf pip pip3 pipx install add apt apt-get apk pkill pgrep killall kill which grep egrep ps sed awk cat test "
    "[ [[ if curl wget systemctl service supervisorctl watch man type hash".split()
)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_DEFAULT = re.compile(r"\$\{(\w+):?-([^{}]*)\}")
_OPEN = re.compile(r"[$`]|\{\{|<%|%\(")
_DEVELOPMENT = re.compile(r"(?i)(?:^|[._/-])(?:dev|devel|development|local|test|tests|debug|override)(?:[._/-]|$)")


class Program:
    """One ``[[found]]`` table of a program's command line."""

    __slots__ = ("env", "flags", "kind", "names", "system", "variables")

    def __init__(self, system: str, table: Mapping[str, Any], kind: str) -> None:
        command = table["command"]
        self.system = system
        self.names: tuple[str, ...] = (command,) if isinstance(command, str) else tuple(command)
        self.flags: Mapping[str, str] = table.get("flags", {})
        self.env: tuple[str, ...] = tuple(table.get("env", ()))
        self.variables: Mapping[str, str] = table.get("variables", {})
        self.kind: str = table.get("kind", kind)


def programs_of(systems: Mapping[str, Mapping[str, Any]]) -> list[Program]:
    """The programs whose command lines the catalogues describe."""
    return [
        Program(name, table, next(iter(system["kinds"])))
        for name, system in systems.items()
        for table in system.get("found", ())
        if table.get("command")
    ]


def read(source: Source, context: ReadContext) -> Reading:
    """The servers that a file starts, and the databases whose command lines tell their limit."""
    known = any(name in source.text for program in programs_of(context.systems) for name in program.names)
    if not known and "max_connections=" not in source.text:
        return Reading()
    lines = parse(source)
    servers = list(server_blocks(source, lines, context.systems, context.catalogue_of, context.target_of))
    if any(block.system == "gunicorn" for block in servers):
        beside = _has_above(source.path, "gunicorn.conf.py", context)
        for block in servers:
            block.facts["settings_beside"] = beside
    return Reading([*servers, *_databases(lines, context)])


def _has_above(path: str, name: str, context: ReadContext) -> bool:
    """Whether a file of that name lies, or may lie, in the folder of another or in one of those above it."""
    folder = posixpath.dirname(path.replace("\\", "/"))
    for _ in range(6):
        if context.files.kind(posixpath.join(folder, name)) in ("file", "unknown"):
            return True
        if not folder or folder == posixpath.dirname(folder):
            break
        folder = posixpath.dirname(folder)
    return False


def _databases(lines: list[Line], context: ReadContext) -> Iterator[Block]:
    """The one PostgreSQL server among the services, where its command line says how many connections it takes."""
    spec = context.catalogue.kind("database")
    servers: dict[str, Line] = {}
    others = False
    for line in lines:
        if line.facts.get("max_connections_at") is not None and _is_postgres(line.facts):
            servers.setdefault(line.service, line)
    if servers:
        services = next(iter(servers.values())).facts.get("services", {})
        others = sum(_is_postgres(facts) for facts in services.values()) > 1
    for line in servers.values() if not others else ():
        place = line.facts["max_connections_at"]
        block = Block("commands", "database", line.service, place, spec=spec)
        block.settings["max_connections"] = Setting(
            "max_connections",
            line.facts["max_connections"],
            str(line.facts["max_connections"]),
            place=place,
            spec=spec.settings["max_connections"],
        )
        block.facts["services"] = tuple(
            Running(name, facts.get("replicas") or 1, tuple(sorted(word.place.start for word in words)), _texts(words))
            for name, facts in line.facts.get("services", {}).items()
            if (words := tuple(facts.get("environment", {}).values()))
        )
        block.facts["built"] = tuple(_built(place.source.path, line.facts.get("services", {})))
        yield block


class Running(NamedTuple):
    """A service beside a database: its copies, and where and what the variables that it gets are."""

    name: str
    copies: int
    starts: tuple[int, ...]
    texts: tuple[str, ...]


def _texts(words: tuple[Word, ...]) -> tuple[str, ...]:
    return tuple(word.text for word in words)


def _built(path: str, services: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    """(folder, copies) of each service that a Compose file builds itself."""
    above = posixpath.dirname(path.replace("\\", "/"))
    if any(_POOLER.search(facts.get("image") or "") for facts in services.values()):
        return  # what stands between has the connections
    for facts in services.values():
        folder = facts.get("build")
        if folder and not re.search(r"[$:]", folder):
            yield posixpath.normpath(posixpath.join(above, folder)), facts.get("replicas") or 1


_POOLER = re.compile(r"bouncer|pgcat|pgpool|odyssey|supavisor|pgdog", re.I)


def _is_postgres(facts: Mapping[str, Any]) -> bool:
    return "postgres" in facts.get("image", "").rpartition("/")[2]


def said_blocks(
    source: Source,
    systems: Mapping[str, Mapping[str, Any]],
    catalogue_of: Callable[[str], Catalogue],
    target_of: Callable[[str], Version | None],
) -> list[Block]:
    """The servers that the comments of a source file say it is started with."""
    names = [name for program in programs_of(systems) for name in program.names]
    blocks = list(server_blocks(source, said(source, names), systems, catalogue_of, target_of))
    for block in blocks:
        block.facts["source_kind"] = "comment"
    return blocks


def server_blocks(
    source: Source,
    lines: list[Line],
    systems: Mapping[str, Mapping[str, Any]],
    catalogue_of: Callable[[str], Catalogue],
    target_of: Callable[[str], Version | None],
) -> Iterator[Block]:
    programs = {name: program for program in programs_of(systems) for name in program.names}
    for line in lines:
        for program, at, words in _started(line.words, programs):
            block = _Command(program, catalogue_of(program.system), target_of(program.system), words[at]).block
            block.name = line.service
            block.path = " ".join(part for part in (program.names[0], line.service) if part)
            environment = dict(line.facts.get("environment", {}))
            environment.update(assigned(word) for word in words[:at] if is_assignment(word))
            _fill_from_environment(block, program, environment, source)
            by_shell = not source.path.endswith((".yml", ".yaml"))  # there the variables are those of another shell
            _fill(
                block, program, tuple(_substituted(word, environment) if by_shell else word for word in words[at + 1 :])
            )
            if not block.complete:
                _doubt_variables(block, program)
            block.facts.update(_facts(source, line, words))
            yield block


def _facts(source: Source, line: Line, words: tuple[Word, ...]) -> dict[str, Any]:
    return {
        "words": tuple(word.text for word in words),
        "source_kind": "command",
        "in_development": bool(_DEVELOPMENT.search(os.path.basename(source.path)) or _DEVELOPMENT.search(line.service)),
        "replicas": line.facts.get("replicas"),
    }


def _started(
    words: tuple[Word, ...], programs: Mapping[str, Program]
) -> Iterator[tuple[Program, int, tuple[Word, ...]]]:
    """The program of ours that a command runs, behind wrappers (``exec``, ``poetry run``, ``sh -c "…"``)."""
    for at, word in enumerate(words):
        name = word.text.rpartition("/")[2]
        if name in _NOT_STARTED:
            return
        if name in programs:
            yield programs[name], at, words
            return
        if " " in word.text and at and words[at - 1].text.startswith("-") and words[at - 1].text.endswith("c"):
            place = word.place
            offset = place.text.find(word.text)
            for inner in split(word.text, place.source, place.start + max(offset, 0)):
                # a text that was put together from several lines has no places of its own
                told = inner if offset >= 0 else tuple(each._replace(place=place) for each in inner)
                yield from _started(told, programs)
            return


class _Command:
    """A block for a program's command line."""

    def __init__(self, program: Program, catalogue: Catalogue, target: Version | None, word: Word) -> None:
        self.block = Block(
            catalogue.name, program.kind, "", word.place, spec=catalogue.kinds[program.kind], target=target
        )


_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def _substituted(word: Word, environment: Mapping[str, Word]) -> Word:
    """A word with the values that the file itself gives the variables in it."""
    if word.quoted or "$" not in word.text:
        return word

    def value(match: re.Match[str]) -> str:
        given = environment.get(match[1] or match[2])
        return given.text if given is not None else match[0]

    return word._replace(text=_VARIABLE.sub(value, word.text))


def _fill_from_environment(block: Block, program: Program, environment: Mapping[str, Word], source: Source) -> None:
    """What variables say; the command line, read afterwards, says it more surely."""
    for variable, name in program.variables.items():
        word, spec = environment.get(variable), block.spec.settings.get(name) if block.spec is not None else None
        if word is not None and spec is not None and word.text:
            block.settings[name] = Setting(
                name,
                decode(spec, word.text),
                word.text,
                place=word.place,
                key_place=word.place,
                key=variable,
                spec=spec,
            )
    for variable in program.env:
        word = environment.get(variable)
        if word is None or _OPEN.search(word.text):
            block.complete = block.complete and variable not in source.text
            continue
        for words in split(word.text, source, word.place.start):
            if word.place.text == word.text:
                _fill(block, program, words)
            else:
                _fill(block, program, tuple(each._replace(place=word.place) for each in words))


def _doubt_variables(block: Block, program: Program) -> None:
    """A settings file that is not followed may say what a variable says, and is surer."""
    for name in program.variables.values() if program.env else ():
        setting = block.settings.get(name)
        if setting is not None and setting.key in program.variables and not isinstance(setting.value, str):
            block.settings[name] = setting.spec.unknown_setting() if setting.spec is not None else setting


def _fill(block: Block, program: Program, words: tuple[Word, ...]) -> None:
    """Options as settings; those of other names as facts."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.text[:1] in _DASHES or (word.text[:1] == "-" and word.text[1:2] and word.text[1] in _DASHES):
            block.facts.setdefault("odd_dashes", []).append(word)
            continue
        if not word.text.startswith("-") or word.text in ("-", "--"):
            if _OPEN.search(word.text) and " " not in word.text.strip():
                block.complete = False  # it may stand for options
            continue
        name, value, inline = _option(word, program)
        setting = program.flags.get(name)
        if setting is None:
            block.facts.setdefault("unknown_flags", []).append(word)
            continue
        spec = block.spec.settings.get(setting) if block.spec is not None else None
        if spec is None:
            block.complete = False  # a configuration file that is not followed
            continue
        if spec.type == "bool":
            block.settings[setting] = Setting(
                setting, value=True, raw=word.text, place=word.place, key_place=word.place, key=name, spec=spec
            )
            continue
        given = word if inline else rest.pop(0) if rest else None
        if given is not None:
            text = value if inline else given.text
            block.settings[setting] = Setting(
                setting,
                decode(spec, text),
                text,
                place=given.place,
                key_place=word.place,
                key=name,
                spec=spec,
            )


def _option(word: Word, program: Program) -> tuple[str, str, bool]:
    """(flag, value, whether the value stands in the same word)."""
    text = word.text
    name, equals, value = text.partition("=")
    if equals and name.startswith("--"):
        return name, value, True
    if not text.startswith("--") and len(text) > 2 and text[:2] in program.flags:
        return text[:2], text[2:].removeprefix("="), True
    return text, "", False


def decode(spec: SettingSpec, text: str) -> Any:
    """A word as the setting's value: the default of ``${NAME:-4}``, UNKNOWN for what only a shell knows."""
    default = _DEFAULT.fullmatch(text)
    if default is not None:
        text = default[2]
    if _OPEN.search(text) or not text:
        return UNKNOWN
    if spec.type not in ("int", "duration"):
        return text
    try:
        value = float(text)
    except ValueError:
        return text
    if value == 0 and spec.get("zero") in ("unlimited", "forever"):
        return float("inf")
    if spec.type == "duration" and spec.unit == "ms":
        value /= 1000
    return int(value) if value == int(value) else value
