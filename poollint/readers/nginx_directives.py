"""What one nginx directive means as it is spelled, and what the target's program refuses in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN
from poollint.formats.nginx_conf import HOLE
from poollint.readers.nginx_grammar import has_hole
from poollint.readers.nginx_levels import PSEUDO
from poollint.readers.nginx_values import decode
from poollint.versions import parse_version

if TYPE_CHECKING:
    from poollint.formats.nginx_conf import Node, Tree
    from poollint.knowledge.catalogue import SettingSpec
    from poollint.readers.base import ReadContext

# how other programs spell nginx's on and off
_FLAGS = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}


class Seen(NamedTuple):
    """What one spelling of a directive means; ``lead`` and ``tail`` cut the arguments out of the statement."""

    value: Any
    raw: str
    lead: int
    tail: int
    args: list[str]
    faults: tuple[tuple[str, dict[str, Any], int], ...]


class Directives:
    """The directives that a catalogue knows, decoded for one target version."""

    def __init__(self, context: ReadContext) -> None:
        self.context = context
        self.target = context.target
        self.specs = _specs(context)
        self.memo: dict[tuple[SettingSpec, str], Seen] = {}

    def _decode(self, tree: Tree, node: Node, spec: SettingSpec, raw: str) -> Seen:
        """A directive that was not met before in this spelling."""
        args = tree.args(node)
        faults: list[tuple[str, dict[str, Any], int]] = []
        value: Any = UNKNOWN
        trouble = self._unavailable(spec) or self._count_trouble(spec, args)
        if trouble is not None:
            faults.append(trouble)
        elif _fits(spec, args):
            decoded = decode(spec, args, self.target)
            value = decoded.value
            for fault in decoded.faults:
                text = args[fault.arg] if fault.arg >= 0 else ""
                meant = _FLAGS.get(text.lower(), "") if spec.type == "bool" and len(args) == 1 else ""
                values = {"name": spec.name, "raw": text, "what": fault.what, "since": fault.since, "meant": meant}
                faults.append((fault.kind, values, fault.arg))
        obsolete = self._obsolete(spec)
        if obsolete is not None:
            faults.append(obsolete)
        stripped = raw.rstrip(" \t\r\n")
        lead = len(stripped) - len(stripped.lstrip(" \t\r\n"))
        if "#" in raw and args:  # a comment may stand before the first argument
            words = tree.words(node)
            lead, stripped = words[0].start - node.stop, raw[: words[-1].end - node.stop]
        seen = self.memo[spec, raw] = Seen(value, " ".join(args), lead, len(stripped), args, tuple(faults))
        return seen

    def _unavailable(self, spec: SettingSpec) -> tuple[str, dict[str, Any], int] | None:
        """The directive is not in the target's program."""
        since, target = spec.get("since"), self.target
        values = {"name": spec.name, "since": since or "", "what": spec.name, "raw": ""}
        if spec.get("edition") == "commercial" and not since:
            return "commercial-directive", values, -1
        removed = spec.get("removed")
        if removed and (target is None or target >= parse_version(removed)):
            return (
                "removed-directive",
                {**values, "removed": spec.get("removed"), "new": spec.get("replacement", "")},
                -1,
            )
        if since and target is not None and target < parse_version(since):
            if any(parse_version(each) == target for each in spec.get("backports", ())):
                return None
            return "newer-than-target", values, -1
        return None

    def _obsolete(self, spec: SettingSpec) -> tuple[str, dict[str, Any], int] | None:
        """nginx warns of the directive and ignores it."""
        since, target = spec.get("deprecated"), self.target
        if not since or (target is not None and target < parse_version(since)):
            return None
        if spec.get("removed"):
            gone = target is None or target >= parse_version(spec.get("removed"))
            values = {"name": spec.name, "since": since, "removed": spec.get("removed"), "new": spec.get("replacement")}
            return None if gone else ("deprecated-directive", values, -1)
        values = {
            "name": spec.name,
            "since": since,
            "new": spec.get("replacement", "nothing, delete the line"),
            "raw": "",
        }
        return "obsolete-directive", values, -1

    def _count_trouble(self, spec: SettingSpec, args: list[str]) -> tuple[str, dict[str, Any], int] | None:
        bounds = spec.get("args")
        if not bounds:
            return None
        low, high = bounds
        if spec.name == "keepalive" and len(args) == 2 and self.target is not None and self.target < (1, 29, 7):
            values = {"name": spec.name, "since": "1.29.7", "what": f'the second word "{args[1]}"', "raw": args[1]}
            return "newer-than-target", values, 1
        if len(args) < low or (high >= 0 and len(args) > high):
            if any(HOLE in arg or has_hole(arg) for arg in args):
                return None
            wanted = f"{low}" if low == high else f"{low} or more" if high < 0 else f"{low} to {high}"
            return "wrong-argument-count", {"name": spec.name, "count": len(args), "wanted": wanted}, -1
        return None


def _specs(context: ReadContext) -> dict[str, dict[str, SettingSpec]]:
    """What each level may hold: the kinds of the catalogue, and the pseudo locations."""
    specs = {name: kind.settings for name, kind in context.catalogue.kinds.items()}
    for pseudo in PSEUDO:
        specs[pseudo] = {
            name: spec for name, spec in specs["location"].items() if pseudo in spec.raw.get("contexts", ())
        }
    specs["server_if"] = {}
    return specs


def _fits(spec: SettingSpec, args: list[str]) -> bool:
    low, high = spec.get("args", (0, -1))
    return bool(low <= len(args) and (high < 0 or len(args) <= high))


def condition_trouble(args: list[str]) -> str:
    """What nginx refuses in the condition of an if, given as it was cut into words."""
    if not args[0].startswith("(") or not args[-1].endswith(")"):
        return "the condition must stand in brackets: if ($name = value)"
    words = [args[0][1:], *args[1:]]
    words[-1] = words[-1][:-1]
    words = [word for index, word in enumerate(words) if word or 0 < index < len(words) - 1]
    if not words:
        return "the condition is empty"
    if not words[0].startswith("$"):
        return ""
    if len(words) == 1:
        name = words[0][1:]
        return (
            ""
            if name.replace("_", "a").isalnum()
            else f'unknown variable "{name}": the operator needs blanks around it'
        )
    if words[1] not in ("=", "!=", "~", "~*", "!~", "!~*"):
        return f'unexpected "{words[1]}" in the condition'
    return ""
