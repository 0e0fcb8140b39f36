"""``[[found]]`` tables of files of keys: checked when a catalogue is loaded, and asked which of them a path concerns.

What their words mean stands at the top of poollint.readers.keyed_match.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEYS = "keys"  # the system whose reader goes by these tables
_STEMS = ("application", "bootstrap")
_SPRING = tuple(
    f"{stem}{more}.{end}" for stem in _STEMS for more in ("", "-*") for end in ("properties", "yml", "yaml")
)
# the files that may hold variables of the environment, told by the variables in them
VARIABLE_FILES = (
    ".env", ".env.*", "*.env", "*.yml", "*.yaml", "Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "*.service",
)  # fmt: skip
# format -> the files that such a table looks into when it names none
FORMATS: dict[str, tuple[str, ...]] = {
    "spring": _SPRING,
    "quarkus": tuple(name for name in _SPRING if name.startswith("application")),
    "properties": (),
    "yaml": (),
    "json": (),
    "toml": (),
    "hocon": ("application.conf", "application-*.conf", "application.*.conf", "*.application.conf"),
    "ini": (),
    "env": (),
}
# format -> the endings of the names of files that may be of it, for tables that go by the content
ENDINGS: dict[str, tuple[str, ...]] = {
    "yaml": (".yml", ".yaml"),
    "json": (".json",),
    "toml": (".toml",),
    "hocon": (".conf",),
}
TYPES: dict[str, tuple[type, ...]] = {
    "prefix": (str, list),
    "files": (list,),
    "section": (str,),
    "relaxed": (bool,),
    "rename": (dict,),
    "also": (dict,),
    "env": (str, dict),
    "require": (list, dict),
    "absent": (list,),
    "skip": (list,),
    "unless": (dict,),
    "open": (bool,),
    "any_key": (bool,),
    "content": (str,),
    "build": (list,),
    "unless_build": (list,),
    "partial": (bool,),
    "installed": (bool,),
    "facts": (dict,),
    "kind": (str,),
    "note": (str,),
    "format": (str,),
}


class Fault(NamedTuple):
    """What is wrong with a table: the word that it is about, and the reason."""

    word: str
    message: str


def faults(table: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[Fault]:
    """What keeps a ``[[found]]`` table of a keyed format from being used."""
    form = table["format"]
    if form not in FORMATS:
        yield Fault("format", f"format = {form!r}: no such format{closest(str(form), FORMATS)}")
        return
    for key, value in table.items():
        if key not in TYPES:
            yield Fault(key, f"{key!r} means nothing beside format = {form!r}{closest(key, TYPES)}")
        elif not isinstance(value, TYPES[key]):
            names = " or ".join(_NAMES[each] for each in TYPES[key])
            yield Fault(key, f"{key} must be {names}")
    if not FORMATS[form] and form != "env" and not (table.get("files") or "content" in table):
        yield Fault("format", f'format = {form!r} needs files, such as files = ["config/db.{form}"], or content')
    if "content" in table:
        yield from _expression(str(table["content"]), form)
    if form == "env":
        if "env" not in table:
            yield Fault(
                "format", 'format = "env" needs env: the beginning of the variables\' names, or a table of names'
            )
    elif "prefix" not in table:
        yield Fault("format", f'format = {form!r} needs prefix: the keys above the settings, "" for none')
    if "section" in table and form != "ini":
        yield Fault("section", f"section is for format = 'ini' alone, not for {form!r}")
    yield from _names(table, kinds)


def _expression(text: str, form: str) -> Iterator[Fault]:
    if form not in ENDINGS:
        yield Fault("content", f"content is for format = {' or '.join(map(repr, ENDINGS))}, not for {form!r}")
    try:
        re.compile(text)
    except re.error as error:
        yield Fault("content", f"content = {text!r} is not a regular expression: {error}")


_NAMES: dict[type, str] = {str: "a text", list: "a list", dict: "a table", bool: "true or false"}


def _names(table: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[Fault]:
    """Settings that a table speaks of and its kind does not have."""
    kind = table.get("kind") or next(iter(kinds))
    if kind not in kinds:
        yield Fault("kind", f"kind = {kind!r}: there is no such kind of block{closest(str(kind), kinds)}")
        return
    settings = kinds[kind].settings
    for key in ("rename", "also", "env"):
        given = table.get(key)
        for name in given.values() if isinstance(given, dict) else ():
            yield from _known(str(name), key, kind, settings)
    for key in ("require", "absent", "unless"):
        for name in table.get(key, ()):
            yield from _known(str(name), key, kind, settings)


def _known(name: str, key: str, kind: str, settings: Mapping[str, Any]) -> Iterator[Fault]:
    if name not in settings:
        yield Fault(name, f"{key}: [kinds.{kind}] has no setting {name!r}{closest(name, settings)}")


def closest(word: str, words: Any) -> str:
    """The known word that was meant, as the end of a sentence."""
    import difflib

    found = difflib.get_close_matches(word, list(words), 1)
    return f"; did you mean {found[0]!r}?" if found else f"; known are {', '.join(sorted(words))}" if words else ""


def globs_of(table: Mapping[str, Any]) -> tuple[str, ...]:
    """The files that a table looks into by their names."""
    return tuple(table.get("files") or FORMATS.get(table["format"], ()))


def canonical(name: str) -> str:
    """A name as Spring Boot compares it."""
    return re.sub(r"[-_]", "", name).lower()


def variables_of(table: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """(beginnings, whole names) of the variables that set the same as a table's keys."""
    env = table.get("env")
    if isinstance(env, dict):
        return [], list(env)
    if env:
        return [env], []
    prefix = table.get("prefix", "") if table["format"] == "spring" else ""
    prefixes = [prefix] if isinstance(prefix, str) else prefix
    parts = [[canonical(part) for part in each.split(".")] for each in prefixes if each and "*" not in each]
    return ["_".join(each).upper() + "_" for each in parts], []


def add_files(systems: dict[str, dict[str, Any]]) -> None:
    """Let the system of files of keys claim every file that a table of any system looks into."""
    if KEYS not in systems:
        return
    tables = [table for system in systems.values() for table in system.get("found", ()) if "format" in table]
    globs = {glob for table in tables for glob in globs_of(table)}
    begins = {re.escape(begin) for table in tables for begin in variables_of(table)[0]}
    names = {re.escape(name) + r"\b" for table in tables for name in variables_of(table)[1]}
    words = "|".join(sorted(begins | names))
    told = [table for table in tables if "content" in table]
    endings = {f"*{ending}" for table in told for ending in ENDINGS.get(table["format"], ())}
    systems[KEYS] = {
        **systems[KEYS],
        "files": sorted({*systems[KEYS].get("files", ()), *globs}),
        "content": [*([rf"\b(?:{words})"] if words else []), *sorted({table["content"] for table in told})],
        "content_files": sorted({*VARIABLE_FILES, *endings}),
    }


def matches(path: str, glob: str) -> bool:
    """Whether a glob of a base name, or of the end of a path when it holds a ``/``, speaks of a path."""
    import fnmatch

    if "/" not in glob:
        return fnmatch.fnmatchcase(path.rpartition("/")[2], glob)
    parts, wanted = path.split("/"), glob.split("/")
    return len(parts) >= len(wanted) and all(
        fnmatch.fnmatchcase(part, each) for part, each in zip(parts[-len(wanted) :], wanted, strict=True)
    )


def founds_at(
    systems: Mapping[str, Mapping[str, Any]], path: str, text: str = ""
) -> tuple[list[tuple[str, Mapping[str, Any]]], bool]:
    """(system, table) of each table that looks into a file, and whether it is the variables in it that they look for."""
    tables = [
        (name, table) for name, system in systems.items() for table in system.get("found", ()) if "format" in table
    ]
    found = [(name, table) for name, table in tables if _looks_into(table, path, text)]
    if found or not any(matches(path, glob) for glob in VARIABLE_FILES):
        return found, any(table["format"] == "env" for _, table in found)
    return [(name, table) for name, table in tables if any(variables_of(table)) and not _is_elsewhere(table)], True


def _looks_into(table: Mapping[str, Any], path: str, text: str) -> bool:
    if any(matches(path, glob) for glob in globs_of(table)):
        return True
    content = table.get("content", "")
    return bool(content) and path.endswith(ENDINGS[table["format"]]) and re.search(content, text) is not None


def _is_elsewhere(table: Mapping[str, Any]) -> bool:
    return table["format"] == "env" and bool(table.get("files"))
