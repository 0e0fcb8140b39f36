"""What the rules on Python's pools share: database URLs, pool classes, written values."""

from __future__ import annotations

import ast
import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, UNLIMITED

if TYPE_CHECKING:
    from poollint.blocks import Block, Setting
    from poollint.engine.hits import RuleContext

OPEN = "\0"
_URL = re.compile(
    r"(?P<dialect>[a-z][a-z0-9_]*)(?:\+(?P<driver>[a-z0-9_]+))?://(?:[^@/?]*@)?(?P<host>\[[^\]]*\]|[^:/?,]*)"
    r"(?::(?P<port>[^/?,]*))?(?P<rest>[^?]*)(?:\?(?P<query>.*))?",
    re.S,
)


class Url(NamedTuple):
    """A database URL in parts; ``whole`` when no part of it is open. Open parts read NUL."""

    dialect: str
    driver: str
    host: str
    port: str
    database: str
    query: dict[str, str]
    whole: bool


def port_number(url: Url) -> int:
    """The port of a URL; 0 where none is written, or only the running program knows it."""
    return int(url.port) if url.port.isdecimal() else 0


def parse_url(text: str) -> Url | None:
    match = _URL.match(text)
    if match is None or OPEN in match["dialect"]:
        return None
    query = {}
    for part in (match["query"] or "").split("&"):
        key, _, value = part.partition("=")
        if key:
            query[key] = value
    return Url(
        match["dialect"],
        match["driver"] or "",
        match["host"] or "",
        match["port"] or "",
        (match["rest"] or "").removeprefix("/"),
        query,
        OPEN not in text,
    )


def url_setting(block: Block, *names: str) -> tuple[Setting, Url] | None:
    """The URL that a block surely uses: written here, not the default of a variable."""
    for name in names or ("url",):
        setting = block.settings.get(name)
        if setting is None or name in block.facts.get("from_environment", {}):
            continue
        text = setting.value if isinstance(setting.value, str) else block.facts.get("shapes", {}).get(name, "")
        url = parse_url(text)
        if url is not None:
            return setting, url
    return None


def written(block: Block, name: str) -> Setting | None:
    """A setting that somebody wrote, here or in a table of another module."""
    setting = block.settings.get(name)
    return setting if setting is not None and setting.origin != "default" else None


def class_name(setting: Setting | None, package: str) -> str:
    """``NullPool`` for an imported ``package….NullPool``; empty for anything else."""
    if setting is None or not isinstance(setting.value, str) or setting.raw[:1] in "'\"":
        return ""
    head, _, name = setting.value.rpartition(".")
    return name if head == package or head.startswith(package + ".") else ""


def pool_class(block: Block) -> str:
    """The written pool class; empty when there is none or it is not known."""
    return class_name(block.settings.get("poolclass") or block.settings.get("options.poolclass"), "sqlalchemy")


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_default_of_variable(block: Block, name: str) -> bool:
    return name in block.facts.get("from_environment", {})


def is_throwaway(block: Block) -> bool:
    """Whether the file is a test or a script run by hand."""
    return bool(block.facts.get("in_test") or block.facts.get("in_script"))


def divides(raw: str) -> bool:
    """Whether an expression's last step is a true division, so that it gives a float."""
    try:
        node = ast.parse(raw.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    while isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Div, ast.FloorDiv, ast.Mod)):
        if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Div):
            return True
        node = node.left
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)


def finite(setting: Setting | None) -> float | None:
    """A setting's value when it is a number that is known and has an end."""
    if setting is None or setting.value is UNKNOWN or not is_number(setting.value) or setting.value == UNLIMITED:
        return None
    return float(setting.value)


# folders for what deploys the code beside them
DEPLOYMENT = frozenset(
    "k8s kubernetes manifests deploy deployment deployments docker infra ops systemd base overlays".split()
)


def servers(block: Block, ctx: RuleContext) -> list[Block]:
    """The servers that run a source file, as far as the run tells: started in this project, or named in its comments."""
    started = ctx.memo.get("started servers")
    if started is None:
        started = [each for each in ctx.blocks if each.facts.get("source_kind") in ("command", "settings")]
        ctx.memo["started servers"] = started
    return [*block.links.get("said", ()), *(each for each in started if _runs(each, block))]


def _runs(server: Block, block: Block) -> bool:
    """Whether a server's file stands beside a source file or above it, and the module that it starts is on the way."""
    folder = posixpath.dirname(server.place.source.path)
    path = block.place.source.path
    while server.facts.get("source_kind") == "command" and posixpath.basename(folder) in DEPLOYMENT:
        folder = posixpath.dirname(folder)
    if folder and not path.startswith(folder + "/"):
        return False
    inside = path[len(folder) :].strip("/").split("/")
    if len(inside) == 1:
        return True
    if server.facts.get("source_kind") == "settings" and not server.facts.get("words"):
        return True  # the file in the working directory, which no application is named in
    heads = {
        word.partition(":")[0].split(".")[0] for word in server.facts.get("words", ()) if ":" in word or "." in word
    }
    return bool(heads & set(inside[:-1]))
