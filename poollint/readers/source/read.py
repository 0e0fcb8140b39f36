"""Source files to blocks, whatever the language: the language's module finds the calls, the catalogues name the pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from poollint.formats.source_code import FAMILIES, MAX_SOURCE, parse
from poollint.readers.base import Reading
from poollint.readers.source.match import Finder, Found, block_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from poollint.knowledge.catalogue import Catalogue
    from poollint.readers.source.values import Call
    from poollint.source import Source
    from poollint.versions import Version


class CallFile(Protocol):
    """What a language module gives: a file with its calls."""

    def calls(self) -> Iterator[Call]: ...


def founds_of(systems: Mapping[str, Mapping[str, Any]], family: str) -> list[Found]:
    """The ``[[found]]`` tables of a language family, over all systems."""
    founds = []
    for name, system in systems.items():
        kinds = list(system["kinds"])
        for table in system.get("found", ()):
            if table.get("language") == family:
                founds.append(Found(name, table, kinds[0]))  # noqa: PERF401 - a nested comprehension reads worse
    return founds


def read_source(
    source: Source,
    language: str,
    finder: Finder,
    catalogue_of: Callable[[str], Catalogue],
    target_of: Callable[[str], Version | None],
    modules: Any = None,
) -> Reading:
    """The blocks of every pool that a source file constructs. Never raises on any text.

    ``modules``: the other files of the project (``Modules`` of the language), where names may be looked up.
    """
    reading = Reading()
    if len(source.text) > MAX_SOURCE:
        return reading
    file = _open(source, language)
    if file is None:
        return reading
    if hasattr(file, "wants"):
        file.wants = finder.of
    if modules is not None:
        file.modules, file.looked_for = modules, finder.last_parts
    for call in file.calls():
        for found in finder.of(call.callee):
            block = block_of(call, found, catalogue_of(found.system), target_of(found.system))
            if all(name in block.settings for name in found.require):
                reading.blocks.append(block)
                finish = catalogue_of(found.system).system.get("finish")
                if finish:
                    reading.blocks += _finisher(finish)(block, catalogue_of, target_of)
    return reading


def _finisher(name: str) -> Any:
    """What a reader of the system's own adds to a block: ``finish`` of the module that its catalogue names."""
    import importlib

    return importlib.import_module(f"poollint.readers.{name}").finish


def _open(source: Source, language: str) -> Any:
    import importlib

    module = importlib.import_module(f"poollint.readers.source.{FAMILIES[language]}")
    try:
        return module.open_file(parse(source, language))
    except RecursionError:
        return None
