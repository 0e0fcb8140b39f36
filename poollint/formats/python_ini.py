"""INI files as Python's configparser reads them, with places: no comments behind values, continuation by indentation.

ConfigUpdater reads them (it keeps every character, so that places follow from the lengths of its parts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.source import Place

if TYPE_CHECKING:
    from poollint.source import Source


class Option(NamedTuple):
    """``key`` in small letters; ``value`` as configparser gives it before interpolation."""

    key: str
    value: str
    key_place: Place
    place: Place


class Section(NamedTuple):
    name: str
    place: Place
    options: list[Option]


class Ini(NamedTuple):
    """The sections of a file; ``error`` and ``error_place`` when configparser refuses it."""

    sections: list[Section]
    error: str = ""
    error_place: Place | None = None


def parse(source: Source) -> Ini:
    """Never raises. A file that configparser refuses has no sections."""
    import configparser

    from configupdater import ConfigUpdater

    updater = ConfigUpdater()
    try:
        updater.read_string(source.text)
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or (getattr(error, "errors", None) or [(1, "")])[0][0]
        line = min(max(line, 1), source.line_count())
        start = source.line_start(line)
        return Ini([], _said(error), Place(source, start, start + len(source.line_text(line))))
    sections = []
    at = 0
    for block in updater.iter_blocks():
        text = str(block)
        if hasattr(block, "iter_blocks"):
            sections.append(_section(source, block, at))
        at += len(text)
    return Ini(sections)


def _said(error: Exception) -> str:
    names = {
        "DuplicateOptionError": "option {option!r} stands twice in [{section}]",
        "DuplicateSectionError": "section [{section}] stands twice",
        "MissingSectionHeaderError": "text stands before the first [section]",
    }
    return names.get(type(error).__name__, "a line is neither key nor comment").format(**vars(error))


def _section(source: Source, section: Any, start: int) -> Section:
    head = source.text.find("]", start) + 1
    options = []
    at = start + len(str(section)) - sum(len(str(each)) for each in section.iter_blocks())
    for each in section.iter_blocks():
        text = str(each)
        if hasattr(each, "key") and hasattr(each, "value"):
            options.append(_option(source, each, at, text))
        at += len(text)
    return Section(section.name, Place(source, source.text.find("[", start), head), options)


def _option(source: Source, option: Any, start: int, text: str) -> Option:
    begin = start + len(text) - len(text.lstrip())
    key_end = begin + len(option.raw_key)
    value = option.value or ""
    rest = source.text[key_end : start + len(text)]
    offset = key_end + (len(rest) - len(rest.lstrip(" \t=:")))
    end = start + len(text.rstrip())
    return Option(option.key, value, Place(source, begin, key_end), Place(source, min(offset, end), end))
