"""What SQLAlchemy is given outside of code: the ``sqlalchemy.*`` keys of INI files, and URLs in files of the environment.

The keys stand in alembic.ini and in the INI files that Pyramid reads; a URL is surely SQLAlchemy's where it names a driver
behind a plus sign, as no other library does.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED, Block, Edit, Fix, Problem, Setting
from poollint.formats.python_ini import parse
from poollint.readers.base import Reading
from poollint.readers.repairs import comment_above
from poollint.source import Place
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.formats.python_ini import Option, Section
    from poollint.knowledge.catalogue import SettingSpec
    from poollint.readers.base import ReadContext
    from poollint.source import Source
    from poollint.versions import Version

PREFIX = "sqlalchemy."
_REFERENCE = re.compile(r"%\(([^)]*)\)s|%(%)|%")
_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{")
_NUMBER = re.compile(r"\s*[-+]?\d+\s*")
_VARIABLE = re.compile(
    r"""(?m)^[ \t]*(?:export[ \t]+)?(?P<name>\w+)[ \t]*=[ \t]*["']?"""
    r"""(?P<url>(?:postgresql|mysql|mariadb|sqlite|mssql|oracle)\+\w+://[^\s"'#]*)"""
)
_URL = re.compile(r"(?:postgresql|mysql|mariadb|sqlite|mssql|oracle)\+\w+://\S*\Z")
_NUMBERS = ("pool_size", "max_overflow", "pool_timeout", "pool_recycle")
_TRUE = frozenset("true yes on y t 1".split())
_FALSE = frozenset("false no off n f 0".split())


def read(source: Source, context: ReadContext) -> Reading:
    """One block for each section that holds such keys."""
    reading = Reading()
    base = os.path.basename(source.path)
    if base.endswith(".env") or base.startswith(".env"):
        reading.blocks += _urls(source, context)
        return reading
    if base.endswith((".yml", ".yaml")):
        reading.blocks += _container_urls(source, context)
        return reading
    if re.search(r"\{%|\{\{", source.text):
        return reading  # a template of an INI file: only its output can be read
    ini = parse(source)
    if ini.error_place is not None:
        if os.path.basename(source.path).startswith("alembic"):
            reading.problems.append(Problem("ini-unreadable", ini.error_place, values={"error": ini.error}))
        return reading
    defaults = next((section for section in ini.sections if section.name == "DEFAULT"), None)
    for section in ini.sections:
        options = [option for option in section.options if option.key.startswith(PREFIX)]
        if options and section.name != "DEFAULT":
            reading.blocks.append(_block(section, options, defaults, context))
    return reading


def _urls(source: Source, context: ReadContext) -> Iterator[Block]:
    for match in _VARIABLE.finditer(source.text):
        key_place = Place(source, match.start("name"), match.end("name"))
        place = Place(source, match.start("url"), match.end("url"))
        yield _variable(match["name"], match["url"], place, key_place, context)


def _container_urls(source: Source, context: ReadContext) -> Iterator[Block]:
    """The URLs in the environments of a Compose file or a manifest of Kubernetes."""
    from poollint.readers.keyed import environments

    for entries in environments(source):
        for entry in entries:
            if entry.text is not None and _URL.match(entry.text):
                yield _variable(entry.path[0], entry.text, entry.place, entry.key_place, context)


def _variable(name: str, url: str, place: Place, key_place: Place, context: ReadContext) -> Block:
    spec = context.catalogue.kinds["variable"]
    block = Block(context.catalogue.name, "variable", name, key_place, spec=spec, path=name, target=context.target)
    value = UNKNOWN if "$" in url else url
    block.settings["url"] = Setting(
        "url", value, url, place=place, key_place=key_place, key=name, spec=spec.settings["url"]
    )
    return block


def _block(section: Section, options: list[Option], defaults: Section | None, context: ReadContext) -> Block:
    spec = context.catalogue.kinds["ini"]
    block = Block(
        context.catalogue.name,
        "ini",
        section.name,
        section.place,
        spec=spec,
        path=f"[{section.name}]",
        target=context.target,
    )
    known = {option.key: option.value for option in (*(defaults.options if defaults else ()), *section.options)}
    is_alembic = section.name == "alembic" or "script_location" in known
    block.facts["alembic"] = is_alembic
    folder = posixpath.dirname(section.place.source.path.replace("\\", "/"))
    location = known.get("script_location", "").strip()
    script = posixpath.normpath(posixpath.join(folder, location.replace("%(here)s", ".")))
    block.facts["script_location"] = script
    block.facts["has_env"] = is_alembic and context.files.kind(posixpath.join(script, "env.py")) == "file"
    for option in options:
        name = option.key[len(PREFIX) :]
        text, error = _interpolated(option.value, known)
        if error and name == "url":
            lone = [match.start() for match in re.finditer(r"%%|%\(|%", option.place.text) if match[0] == "%"]
            starts = [option.place.start + at for at in lone]
            edits = tuple(Edit(Place(option.place.source, at, at), "%") for at in starts)
            fix = Fix("write %%", edits) if edits else None
            block.problem("ini-percent", option.place, setting=option.key, fix=fix)
        setting_spec = spec.settings.get(name)
        if setting_spec is None:
            block.facts.setdefault("unknown_options", {})[name] = option
            continue
        if text is not UNKNOWN and name in _NUMBERS and not _NUMBER.fullmatch(text):
            number = re.match(r"-?\d+(?=[ \t]+[#;])", option.place.text)
            fix = comment_above(option.place, number[0]) if number is not None else None
            values = {"raw": " ".join(text.split())}
            block.problem("ini-number", option.place, setting=option.key, values=values, fix=fix)
        block.settings[name] = Setting(
            name,
            _decode(setting_spec, name, text, context.target),
            option.value,
            place=option.place,
            key_place=option.key_place,
            key=option.key,
            spec=setting_spec,
        )
    return block


def _interpolated(text: str, known: dict[str, str], depth: int = 0) -> tuple[Any, bool]:
    """(the value after interpolation or UNKNOWN, whether a lone percent sign makes configparser refuse it)."""
    if _TEMPLATE.search(text):
        return UNKNOWN, False
    open_, error = False, False

    def put(match: re.Match[str]) -> str:
        nonlocal open_, error
        if match[2]:
            return "%"
        if match[1] is None:
            error = True
            return "%"
        found = known.get(match[1].lower())
        if found is None or depth > 8:
            open_ = True
            return ""
        inner, _ = _interpolated(found, known, depth + 1)
        if inner is UNKNOWN:
            open_ = True
            return ""
        return str(inner)

    done = _REFERENCE.sub(put, text)
    return (UNKNOWN if open_ else done), error


def _decode(spec: SettingSpec, name: str, text: Any, target: Version | None) -> Any:
    """As engine_from_config converts it: four numbers and the echo flags; everything else stays text."""
    if text is UNKNOWN:
        return UNKNOWN
    if name in _NUMBERS:
        if not _NUMBER.fullmatch(text):
            return UNKNOWN
        value = int(text)
        since = spec.get("zero_since")
        zero = spec.get("zero") and (since is None or target is None or target >= parse_version(since))
        if value == spec.get("unlimited") or (value == 0 and zero) or (value < 0 and spec.get("negative")):
            return UNLIMITED
        return value
    if spec.type == "bool":
        return bool(text)  # any text but an empty one is true
    if name in ("echo", "echo_pool"):
        word = text.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else text
    return text
