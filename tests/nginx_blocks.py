"""nginx blocks made by hand, for tests of single detectors."""

from __future__ import annotations

from typing import Any, NamedTuple

from poollint.blocks import Block, Setting
from poollint.engine.hits import Hit, RuleContext, Run
from poollint.knowledge.index import knowledge
from poollint.source import Place, Source

SOURCE = Source("nginx.conf", "x" * 10_000)


class Listen(NamedTuple):
    address: str
    port: object
    params: tuple[str, ...]
    place: Place


class Server(NamedTuple):
    address: str
    port: int | None
    params: dict[str, str]
    place: Place


class Maker:
    """Blocks of one run; each place is a new one."""

    def __init__(self, target: tuple[int, ...] | None = None) -> None:
        self.target = target
        self.blocks: list[Block] = []
        self.at = 0

    def place(self) -> Place:
        self.at += 10
        return Place(SOURCE, self.at, self.at + 5)

    def setting(self, name: str, value: Any, origin: Any = "explicit") -> Setting:
        return Setting(name, value, str(value), origin=origin, place=self.place())

    def block(self, kind: str, settings: dict[str, Any] | None = None, **more: Any) -> Block:
        """``links`` and ``facts`` as tables; a setting's value may be a Setting."""
        spec = knowledge().catalogue("nginx").kind(kind)
        block = Block("nginx", kind, more.get("name", ""), self.place(), spec=spec, target=self.target)
        for name, value in (settings or {}).items():
            block.settings[name] = value if isinstance(value, Setting) else self.setting(name, value)
        block.facts.update(more.get("facts", {}))
        block.links.update(more.get("links", {}))
        self.blocks.append(block)
        return block

    def listen(self, *params: str) -> Listen:
        return Listen("*", 80, params, self.place())

    def server(self, port: int = 80, **params: str) -> Server:
        return Server(f"10.0.0.1:{port}", port, params, self.place())

    def context(self, options: dict[str, Any] | None = None, **config: Any) -> RuleContext:
        config = {"instances": 1, **config}
        return RuleContext(Run(self.blocks), options=options or {}, config=config, target=self.target)


def cases(hits: Any) -> list[str]:
    return [hit.case for hit in hits]


def values(hit: Hit) -> dict[str, Any]:
    return dict(hit.values or {})
