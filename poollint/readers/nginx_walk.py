"""The walk over an nginx configuration: what is written on each level, includes spliced in, what nginx refuses on sight.

The walk keeps its own stack, so that depth costs no recursion.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from poollint.blocks import Edit, Fix, Problem, Setting
from poollint.formats.nginx_conf import HOLE, parse
from poollint.readers.nginx_directives import Directives, condition_trouble
from poollint.readers.nginx_grammar import has_hole, script_fault
from poollint.readers.nginx_include import Includes
from poollint.readers.nginx_levels import (
    BALANCERS,
    KEPT,
    LISTED,
    PSEUDO,
    REPEATABLE,
    TITLES,
    Frame,
    Level,
    Statement,
    listing,
    root_kind,
)
from poollint.readers.nginx_names import (
    BLOCKS,
    DATA,
    SERVER_PARAMS,
    Spelling,
    allowed_levels,
)
from poollint.source import Place

if TYPE_CHECKING:
    from poollint.formats.nginx_conf import Node, Tree
    from poollint.knowledge.catalogue import SettingSpec
    from poollint.readers.base import ReadContext
    from poollint.source import Source

_BLANK = re.compile("[\x0b\x0c\u0085\u00a0\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]")
MAX_INCLUDES = 2000  # more are not a configuration but a trap
MAX_DEPTH = 100  # braces within braces


# who writes one of these has NGINX Plus: nobody takes them for the open source program's
_COMMERCIAL = re.compile(
    r"(?m)^[ \t]*(?:auth_jwt\w*|auth_oidc|status_zone|keyval(?:_zone)?|zone_sync|session_log)[ \t;]"
)


class Walk(Directives):
    """One main file or snippet, walked to its levels."""

    def __init__(self, source: Source, context: ReadContext) -> None:
        super().__init__(context)
        self.source = source
        self.levels: list[Level] = []
        self.problems: list[Problem] = []
        self.included: dict[str, Source] = {}
        self.trees: dict[str, Tree] = {}
        self.includes_left = MAX_INCLUDES
        self.allowed = allowed_levels(self.specs)
        self.spelling = Spelling((*self.allowed, "include", "return", "rewrite", "server_name"))
        self.quiet: dict[str, set[str]] = {kind: set() for kind in (*self.specs, "data", "other")}
        self.stack: list[Frame] = []
        self.tree = self.tree_of(source)
        self.root_kind = root_kind(self.tree)
        self.whole = self.root_kind == "main"
        self.includes = Includes(
            context.files, source.path, context.config.get("prefix"), whole=self.whole or context.named
        )
        self.includes.whole = self.whole

    def run(self) -> None:
        """Walk every statement once."""
        root = Level(self.root_kind, self.tree, None, None)
        root.open_ended = self.root_kind not in ("main", "http", "stream") or self._partial(self.tree)
        if self.root_kind in ("http", "stream"):
            root.upstreams, root.maps, root.sets = {}, {}, {}
            root.open_ended = root.open_ended or not any(node.children is not None for node in self.tree.nodes)
        self.levels.append(root)
        self.stack.append(Frame(root, self.tree, iter(self.tree.nodes), posixpath.normpath(self.source.path)))
        while self.stack:
            self._frame(self.stack[-1])
        self.memo.clear()

    # Statements

    def _frame(self, frame: Frame) -> None:
        """Walk on until a block opens or an include comes, or the statements end."""
        level, tree, nodes = frame.level, frame.tree, frame.nodes
        specs = self.specs.get(level.kind if not level.pseudo else level.pseudo, {})
        quiet = self.quiet[level.kind]
        setting = self._setting
        for node in nodes:
            name = node.name
            if name in quiet:
                continue
            spec = specs.get(name)
            if node.zone != level.zone:
                level.open_ended = True
            if spec is not None and (node.children is None or name not in BLOCKS):
                setting(level, tree, node, spec)
            elif self._other(frame, node):
                return
        self.stack.pop()
        if tree is self.tree and level.node is not None:
            level.node.children = []  # walked once for all: a large file need not be held as a tree any longer

    def _setting(self, level: Level, tree: Tree, node: Node, spec: SettingSpec) -> None:
        raw = tree.text[node.stop : node.end]
        seen = self.memo.get((spec, raw))
        if seen is None:
            seen = self._decode(tree, node, spec, raw)
        name = node.name
        source = tree.source
        if node.children is not None:
            level.problem(
                "not-terminated",
                Place(source, node.start, node.end + 1),
                setting=name,
                values={"what": f'the directive "{name}" is not terminated by ";"'},
            )
        for kind, values, arg in seen.faults:
            if kind == "commercial-directive" and _COMMERCIAL.search(tree.text):
                continue
            where = self._fault_place(tree, node, arg) if arg >= 0 else Place(source, node.start, node.end)
            level.problem(kind, where, setting=name, values=values)
        level.count += 1
        if name in LISTED:
            statement = Statement(seen.args, Place(source, node.start, node.end), level.count)
            found = level.lists.get(name)
            if found is None:
                level.lists[name] = [statement]
            else:
                found.append(statement)
            return
        place = Place(source, node.stop + seen.lead, node.stop + seen.tail)
        if not seen.args:
            place = Place(source, node.start, node.stop)
        if name in level.own:
            self._again(level, tree, node, spec)
        if name in BALANCERS:
            level.lists.setdefault("balancers", []).append(
                Statement([name], Place(source, node.start, node.end), level.count)
            )
        elif name == "keepalive":
            level.lists["keepalive"] = [Statement(seen.args, place, level.count)]
        level.own[name] = Setting(
            name, seen.value, seen.raw, place=place, key_place=Place(source, node.start, node.stop), spec=spec
        )

    def _again(self, level: Level, tree: Tree, node: Node, spec: SettingSpec) -> None:
        """A scalar for the second time on one level."""
        if spec.name in REPEATABLE or spec.type == "list" or node.zone != 0 or spec.get("deprecated") or tree.shaky:
            return
        before = level.own[spec.name]
        assert before.key_place is not None
        level.problem(
            "duplicate-directive",
            Place(tree.source, node.start, node.end),
            setting=spec.name,
            values={"name": spec.name, "what": f'"{spec.name}"'},
            related=((before.key_place, "written before here"),),
        )

    def _fault_place(self, tree: Tree, node: Node, arg: int) -> Place:
        words = tree.words(node)
        if arg < len(words):
            return Place(tree.source, words[arg].start, words[arg].end)
        return Place(tree.source, node.start, node.end)

    # Blocks and the rest

    def _other(self, frame: Frame, node: Node) -> bool:
        """A statement that is no setting of this level. True when the walk must go on with another frame."""
        level, tree = frame.level, frame.tree
        name = node.name
        if name == "include":
            return self._include(frame, node)
        level.count += 1
        if name in BLOCKS:
            return self._block(frame, node)
        if name in LISTED and node.children is None and name.endswith("_param") and level.kind != "main":
            level.lists.setdefault(name, []).append(
                Statement(tree.args(node), Place(tree.source, node.start, node.end), level.count)
            )
            return False
        if name in self.allowed:
            self._misplaced(level, tree, node)
            return False
        if name in ("set", "return", "rewrite", "root", "add_header"):
            self._script(level, tree, node)
            return False
        if name in KEPT:
            level.lists.setdefault(name, []).append(
                Statement(tree.args(node), Place(tree.source, node.start, node.end), level.count)
            )
            return False
        if not self._unknown(level, tree, node) and node.children is None:
            self.quiet[level.kind].add(name)
        return False

    def _unknown(self, level: Level, tree: Tree, node: Node) -> bool:
        """A name that we do not know: a finding only where it is nearly one of ours. True when there is one."""
        name = node.name
        place = Place(tree.source, node.start, node.stop)
        if name.startswith("\ufeff"):
            if not tree.templated:
                what = "the file starts with a byte order mark, which becomes part of the first directive's name"
                level.problem("syntax-error", Place(tree.source, node.start, node.start + 1), values={"what": what})
            return False
        blank = _BLANK.search(name)
        if blank is not None and (blank.start() == 0 or name[: blank.start()] in self.allowed):
            what = f'"{name}" holds a character that looks like a blank and is none (U+{ord(blank[0]):04X})'
            level.problem("syntax-error", place, setting=name[: blank.start()], values={"what": what})
            return True
        if HOLE in name or has_hole(name) or level.kind in ("other", "data"):
            level.open_ended = True
            return True
        meant = self.spelling.meant(name)
        if name in SERVER_PARAMS and level.kind in ("upstream", "stream_upstream"):
            meant = f"server ADDRESS {name}=…"
        if meant:
            values = {"name": name, "meant": meant}
            plain = place.text == name and " " not in meant
            fix = Fix(f"write {meant}", (Edit(place, meant),), safe=False) if plain else None  # a guess, if a good one
            level.problem("unknown-directive", place, setting=name, values=values, fix=fix)
            level.open_ended = True  # what was meant is not known to be absent
        return bool(meant)

    def _misplaced(self, level: Level, tree: Tree, node: Node) -> None:
        """A directive of ours on a level that may not hold it."""
        kind = level.pseudo or level.kind
        name = node.name
        if kind == "other" or tree.shaky:
            return
        if level.parent is None and (tree.templated or (not self.whole and self.root_kind != "http")):
            return
        levels = self.allowed[name]
        spec = next((self.specs[each][name] for each in sorted(levels) if name in self.specs.get(each, {})), None)
        if spec is not None and (trouble := self._unavailable(spec)) is not None:
            level.problem(trouble[0], Place(tree.source, node.start, node.stop), setting=name, values=trouble[1])
            return
        values = {"name": name, "here": TITLES.get(kind, kind), "where": listing(levels)}
        level.problem("misplaced-directive", Place(tree.source, node.start, node.stop), setting=name, values=values)

    def _script(self, level: Level, tree: Tree, node: Node) -> None:
        """Statements outside the family that matter for variables."""
        args = tree.args(node)
        if node.name == "set" and len(args) == 2:
            holder = level.above("server") or level.above("http") or level.above("stream")
            if holder is not None:
                if holder.sets is None:
                    holder.sets = {}
                holder.sets.setdefault(args[0], []).append(args[1])
        for index, arg in enumerate(args):
            if "$" in arg and node.name != "rewrite" and not tree.templated:
                fault = script_fault(arg)
                if fault:
                    values = {"name": node.name, "raw": arg, "what": fault}
                    level.problem(
                        "invalid-value", self._fault_place(tree, node, index), setting=node.name, values=values
                    )

    def _block(self, frame: Frame, node: Node) -> bool:
        level, tree = frame.level, frame.tree
        name = node.name
        levels, low, high = BLOCKS[name]
        kind = level.pseudo or level.kind
        place = Place(tree.source, node.start, node.end)
        if kind == "other":
            return False
        if kind not in levels and not (name == "limit_except" and kind == "if"):
            self._misplaced(level, tree, node)
            return False
        if node.children is None:
            what = f'the directive "{name}" has no opening "{{"'
            level.problem("not-terminated", place, setting=name, values={"what": what})
            return False
        args = tree.args(node)
        if len(args) < low or (high >= 0 and len(args) > high):
            if not any(has_hole(arg) for arg in args):
                wanted = f"{low}" if low == high else f"{low} or more" if high < 0 else f"{low} to {high}"
                values = {"name": name, "count": len(args), "wanted": wanted}
                level.problem("wrong-argument-count", place, setting=name, values=values)
            elif not args:
                args = [HOLE]
        if name in DATA:
            self._data(level, tree, node, args)
            return False
        return self._enter(frame, node, args)

    def _enter(self, frame: Frame, node: Node, args: list[str]) -> bool:
        """Open a level for a block."""
        parent = frame.level
        name = node.name
        kind = name
        if name in PSEUDO:
            kind = "location" if parent.kind == "location" else "server_if"
        elif name in ("server", "upstream") and parent.kind == "stream":
            kind = "stream_" + name
        elif name == "mail" or parent.kind == "other":
            kind = "other"
        level = Level(kind, frame.tree, node, parent)
        level.words = args
        if level.depth > MAX_DEPTH:
            parent.open_ended = True
            parent.problem("nested-too-deep", level.place(), values={"depth": MAX_DEPTH})
            return False
        if name in PSEUDO and kind == "location":
            level.pseudo = name
        if name == "if":
            self._condition(level, frame.tree, node, args)
        if kind in ("http", "stream"):
            level.upstreams, level.maps, level.sets = {}, {}, {}
        if kind in ("http", "stream", "events") and parent.kind == "main":
            self._once(parent, level)
        elif name == "upstream" and args:
            self._upstream(parent, level, args[0])
        self.levels.append(level)
        assert node.children is not None
        self.stack.append(Frame(level, frame.tree, iter(node.children), frame.path))
        return True

    def _once(self, parent: Level, level: Level) -> None:
        if level.kind in parent.lists and not level.zone:
            place = level.place()
            values = {"name": level.kind, "what": f'"{level.kind}"'}
            related = ((parent.lists[level.kind][0].place, "written before here"),)
            parent.problem("duplicate-directive", place, setting=level.kind, values=values, related=related)
        parent.lists.setdefault(level.kind, []).append(Statement([], level.place(), parent.count))

    def _upstream(self, parent: Level, level: Level, name: str) -> None:
        known = parent.upstreams if parent.upstreams is not None else {}
        if has_hole(name):
            parent.open_ended = True
            return
        before = known.get(name.lower())
        if before is None:
            known[name.lower()] = level
        elif not level.zone and not before.zone:
            values = {"name": "upstream", "what": f'upstream "{name}"'}
            related = ((before.place(), "written before here"),)
            parent.problem("duplicate-directive", level.place(), setting="upstream", values=values, related=related)

    def _condition(self, level: Level, tree: Tree, node: Node, args: list[str]) -> None:
        """The condition of an if, as far as its brackets and variables tell."""
        text = " ".join(args)
        if tree.templated or has_hole(text) or not args:
            return
        trouble = condition_trouble(args)
        if trouble:
            values = {"name": "if", "raw": text, "what": trouble}
            level.problem("invalid-value", Place(tree.source, node.start, node.end), setting="if", values=values)

    def _data(self, level: Level, tree: Tree, node: Node, args: list[str]) -> None:
        """map, geo and their like: their statements are data."""
        assert node.children is not None
        for child in node.children:
            if child.children is not None and not tree.templated:
                what = 'unexpected "{"; a pattern with a brace must stand in quotes'
                level.problem("syntax-error", Place(tree.source, child.start, child.end + 1), values={"what": what})
        if node.name != "map" or len(args) != 2:
            return
        if not args[1].startswith("$") and not has_hole(args[1]):
            values = {"name": "map", "raw": args[1], "what": f'"{args[1]}" is no variable name'}
            level.problem("invalid-value", self._fault_place(tree, node, 1), setting="map", values=values)
        from poollint.readers.nginx_maps import map_of

        if level.maps is not None:
            level.maps[args[1]] = map_of(self, level, tree, node, args)

    # Includes

    def _include(self, frame: Frame, node: Node) -> bool:
        level, tree = frame.level, frame.tree
        args = tree.args(node)
        place = Place(tree.source, node.start, node.end)
        if len(args) != 1 or node.children is not None:
            if not any(map(has_hole, args)):
                values = {"name": "include", "count": len(args), "wanted": "1"}
                level.problem("wrong-argument-count", place, setting="include", values=values)
            return False
        frames = []
        for source in self.sources_of(level, args[0], place, args[0]):
            path = posixpath.normpath(source.path)
            if any(each.path == path for each in self.stack) or path == self.stack[0].path:
                level.problem("include-cycle", place, setting="include", values={"path": args[0]})
                level.open_ended = True
                continue
            included = self.tree_of(source)
            self.included[source.path] = source
            if self._partial(included):
                level.open_ended = True
            frames.append(Frame(level, included, iter(included.nodes), path))
        self.stack += reversed(frames)
        return bool(frames)

    def sources_of(self, level: Level, pattern: str, place: Place, shown: str) -> list[Source]:
        """The files that an include brings; what cannot be had is reported on the level."""
        found = self.includes.resolve(pattern)
        if found.state == "params":
            self._known_params(level, found.why, place)
        elif found.state in ("missing", "unreadable"):
            level.problem("missing-include", place, setting="include", values={"path": shown, "why": found.why})
            level.open_ended = True
        elif found.state == "unknown":
            level.open_ended = True
        if self.includes_left < len(found.sources):
            level.problem("include-limit", place, setting="include", values={"path": shown, "limit": MAX_INCLUDES})
            level.open_ended = True
            return []
        self.includes_left -= len(found.sources)
        return list(found.sources)

    def _known_params(self, level: Level, name: str, place: Place) -> None:
        """A parameter file of the distribution that is not here: its names are known all the same."""
        from poollint.readers.nginx_include import KNOWN_PARAMS, PROXY_PARAMS

        directive, names = KNOWN_PARAMS[name]
        found = level.lists.setdefault(directive, [])
        found += [Statement([each, PROXY_PARAMS.get(each, "$" + each.lower())], place, level.count) for each in names]

    def tree_of(self, source: Source) -> Tree:
        tree = self.trees.get(source.path)
        if tree is None:
            tree = self.trees[source.path] = parse(source)
            for fault in tree.errors:
                place = Place(source, fault.start, min(fault.end, len(source.text)))
                self.problems.append(Problem("syntax-error", place, values={"what": fault.what}))
        return tree

    @staticmethod
    def _partial(tree: Tree) -> bool:
        """Whether a template may put further statements into the file, somewhere."""
        return bool(tree.holes) or tree.shaky
