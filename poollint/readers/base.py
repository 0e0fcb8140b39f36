"""What a reader is given and what it gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from poollint.blocks import Block, Problem
    from poollint.files import Files
    from poollint.knowledge.catalogue import Catalogue
    from poollint.source import Source
    from poollint.versions import Version


class ReadContext:
    """The world as a reader sees it.

    ``target`` is the version that the user named, None when nobody said (then the newest's defaults hold).
    ``config`` holds the system's options (``[options.NAME]`` of its catalogue), defaults filled in.
    ``named`` tells that the user said which system this is (``--as``, ``files``) or that its name did.
    ``systems``, ``catalogue_of`` and ``target_of`` speak of all systems, for files that hold settings of several.
    ``read_inside`` reads a text that stands inside of another file as the file that its path names, by system.
    """

    __slots__ = (
        "catalogue",
        "catalogue_of",
        "config",
        "files",
        "named",
        "read_inside",
        "systems",
        "target",
        "target_of",
    )

    def __init__(
        self,
        catalogue: Catalogue,
        files: Files,
        *,
        target: Version | None = None,
        config: Mapping[str, Any] | None = None,
        named: bool = True,
        systems: Mapping[str, Mapping[str, Any]] | None = None,
        catalogue_of: Callable[[str], Catalogue] | None = None,
        target_of: Callable[[str], Version | None] | None = None,
        read_inside: Callable[[Source, Files], list[tuple[str, Reading]]] | None = None,
    ) -> None:
        self.systems = systems or {}
        self.catalogue_of = catalogue_of or (lambda _name: catalogue)
        self.target_of = target_of or (lambda _name: target)
        self.read_inside = read_inside or (lambda _source, _files: [])
        self.catalogue = catalogue
        self.files = files
        self.target = target
        self.config: Mapping[str, Any] = config or {
            name: option.get("default") for name, option in catalogue.options.items()
        }
        self.named = named


class Reading:
    """Blocks in the order of the text, problems that belong to no block, and the files that were included.

    ``included`` maps each included path, as it was opened, to its source: those files are judged as part of this one
    and not again by themselves.
    """

    __slots__ = ("blocks", "included", "problems")

    def __init__(
        self,
        blocks: list[Block] | None = None,
        problems: list[Problem] | None = None,
        included: dict[str, Source] | None = None,
    ) -> None:
        self.blocks: list[Block] = blocks if blocks is not None else []
        self.problems: list[Problem] = problems if problems is not None else []
        self.included: dict[str, Source] = included if included is not None else {}
