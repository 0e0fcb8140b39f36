"""What the parts of the reader of Apache share: the blocks so far, modules, definitions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import Block, Setting
from poollint.readers.apache_scope import Scope, Server
from poollint.readers.base import Reading
from poollint.readers.repairs import comment_above
from poollint.source import Place

if TYPE_CHECKING:
    from poollint.formats.apache_conf import Directive, Tree, Word
    from poollint.knowledge.catalogue import SettingSpec
    from poollint.readers.base import ReadContext
    from poollint.source import Source

SYSTEM = "apache"
DIRECTORY_SECTIONS = frozenset(
    (
        "directory directorymatch files filesmatch location locationmatch if elseif else proxy proxymatch limit "
        "limitexcept"
    ).split()
)
_VARIABLE = re.compile(r"\$\{([^{}]+)\}")
MPM_DEFAULTS: dict[str, dict[str, int]] = {
    "prefork": {
        "ServerLimit": 256,
        "MaxRequestWorkers": 256,
        "StartServers": 5,
        "MinSpareServers": 5,
        "MaxSpareServers": 10,
    },
    "worker": {
        "ServerLimit": 16,
        "ThreadsPerChild": 25,
        "ThreadLimit": 64,
        "MaxRequestWorkers": 400,
        "StartServers": 3,
        "MinSpareThreads": 75,
        "MaxSpareThreads": 250,
    },
}
MPM_DEFAULTS["event"] = MPM_DEFAULTS["worker"]


class State:
    """What has been read so far; the parts of the reader lie on it, each with the directives of its own."""

    def __init__(self, source: Source, context: ReadContext) -> None:
        self.source = source
        self.context = context
        self.catalogue = context.catalogue
        self.reading = Reading()
        self.defined: dict[str, str | None] = {}
        self.modules: set[str] = set()
        self.mpm = str(context.config.get("mpm") or "").lower()
        self.limits: list[tuple[str, str, Setting]] = []
        self.unread = False
        self.uncertain = False
        self.server_root: str | None = context.config.get("server_root") or None
        self.root_sure = self.server_root is not None
        self.root_told = ""
        self.stack: list[str] = [source.path]
        self.includes = 0
        self.main = Server(self.block("server", "", Place(source, 0, 0), path="server"), None)
        self.servers = [self.main]
        self.listens = False
        self.family = self._family()

    def _family(self) -> dict[str, tuple[str, str, SettingSpec]]:
        """Small name -> (kind of its block, name, what is known of it)."""
        family: dict[str, tuple[str, str, SettingSpec]] = {}
        for kind in ("server", "mpm"):
            spec = self.catalogue.kind(kind)
            for name, setting in spec.settings.items():
                family[name.lower()] = (kind, name, setting)
            for alias, name in spec.aliases.items():
                family[alias.lower()] = (kind, name, spec.settings[name])
        return family

    def block(self, kind: str, name: str, place: Place, *, path: str) -> Block:
        block = Block(SYSTEM, kind, name, place, spec=self.catalogue.kind(kind), path=path, target=self.context.target)
        self.reading.blocks.append(block)
        return block

    def words(self, directive: Directive) -> list[Word]:
        """The arguments, with what Define tells put in."""
        if not self.defined or not any("${" in word.value for word in directive.words):
            return directive.words
        return [word._replace(value=self.expand(word.value)) for word in directive.words]

    def expand(self, text: str) -> str:
        def put(match: re.Match[str]) -> str:
            value = self.defined.get(match[1].lower())
            return match[0] if value is None or re.search(r"[\s\"'$]", value) else value

        return _VARIABLE.sub(put, text)

    def walk(self, source: Source, tree: Tree, outer: Scope) -> None:
        raise NotImplementedError

    def misplaced(self, block: Block, place: Place, name: str, where: str) -> bool:
        block.problem("misplaced", place, setting=name, values={"setting": name, "where": where})
        return False

    def wrong_count(self, directive: Directive, scope: Scope, source: Source, count: int, wanted: str) -> None:
        comment = next((word for word in directive.words if word.value.startswith("#")), None)
        place = Place(source, directive.start, directive.end)
        values = {"setting": directive.name, "count": count, "wanted": wanted}
        kind = "trailing-comment" if comment is not None and comment is not directive.words[0] else "argument-count"
        fix = None
        if kind == "trailing-comment" and comment is not None and not directive.section:
            end = place.start + len(place.text.partition("\n")[0].rstrip("\r"))
            before = source.text[place.start : comment.start].rstrip()
            fix = comment_above(Place(source, place.start, max(end, place.start)), before)
        scope.server.block.problem(kind, place, setting=directive.name, values=values, fix=fix)
