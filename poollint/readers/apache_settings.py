"""Single directives of Apache: their values, where they may stand, repetition, slips of the pen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, Block, Edit, Fix, Setting
from poollint.readers.apache_state import DIRECTORY_SECTIONS, MPM_DEFAULTS, State
from poollint.readers.apache_values import decode, is_template
from poollint.source import Place

if TYPE_CHECKING:
    from poollint.formats.apache_conf import Directive, Word
    from poollint.knowledge.catalogue import SettingSpec
    from poollint.readers.apache_scope import Scope
    from poollint.source import Source

NEIGHBOURS = ("protocol",)  # directives that are none of ours and read much like one


class Settings(State):
    """Directives that are a setting of a server or of its processes."""

    def setting(
        self, directive: Directive, scope: Scope, source: Source, kind: str, name: str, spec: SettingSpec
    ) -> None:
        block = scope.server.block
        if not self.allowed(directive, scope, source, kind, spec):
            return
        words = self.words(directive)
        raw = self.argument(directive, scope, source, spec, words)
        if raw is None:
            return
        decoded = decode(spec, raw)
        setting = Setting(
            name,
            decoded.value,
            raw,
            place=Place(source, directive.args_start, directive.args_end),
            key_place=Place(source, directive.start, directive.start + len(directive.name)),
            key=directive.name,
            spec=spec,
        )
        self.report(block, setting, decoded.fault, decoded.why)
        self.too_new(block, setting, spec)
        module = spec.get("source", "core").removeprefix("mod_")
        certain = not scope.maybe if kind == "mpm" else scope.certain_for(module)
        self.repeated(directive, scope, setting, certain=certain and scope.mpm != "other")
        if not certain:
            setting.value = UNKNOWN
        if kind == "mpm":
            self.limits.append((scope.mpm, name, setting))
        elif scope.mpm:
            setting.value = UNKNOWN
            block.settings[name] = setting
        else:
            block.settings[name] = setting

    def report(self, block: Block, setting: Setting, fault: str, why: str) -> None:
        if not fault:
            return
        assert setting.place is not None
        place = setting.place
        if setting.key_place is not None and setting.key_place.source is place.source:
            between = place.source.text[setting.key_place.start : place.end]
            place = place if "\n" in between else Place(place.source, setting.key_place.start, place.end)
        values = {"setting": setting.key, "raw": setting.raw, "why": why}
        block.problem(f"{fault}-value", place, setting=setting.name, values=values)

    def too_new(self, block: Block, setting: Setting, spec: SettingSpec) -> None:
        since, target = spec.since(), self.context.target
        if since is not None and target is not None and target < since and setting.key_place is not None:
            values = {"setting": setting.key, "since": spec.get("since")}
            block.problem("too-new", setting.key_place, setting=setting.name, values=values)

    def allowed(self, directive: Directive, scope: Scope, source: Source, kind: str, spec: SettingSpec) -> bool:
        """Whether the directive may stand here; a Problem where it may not."""
        place = Place(source, directive.start, directive.start + len(directive.name))
        block = scope.server.block
        if scope.section in DIRECTORY_SECTIONS:
            return self.misplaced(
                block, place, directive.name, f"<{scope.directive.name if scope.directive else scope.section}>"
            )
        if scope.section:
            return False
        if scope.server.kind == "vhost" and (kind == "mpm" or "vhost" not in spec.get("contexts", ("vhost",))):
            return self.misplaced(block, place, directive.name, "<VirtualHost>")
        runs = scope.mpm or self.mpm
        if kind == "mpm" and runs in MPM_DEFAULTS and runs not in spec.get("source", "").split():
            values = {
                "setting": directive.name,
                "mpm": runs,
                "where": "",
                "modules": spec.get("source", "").replace(" ", " and "),
            }
            block.problem("wrong-mpm", place, setting=directive.name, values=values)
            return False
        return runs != "other" or kind != "mpm"

    def argument(
        self, directive: Directive, scope: Scope, source: Source, spec: SettingSpec, words: list[Word]
    ) -> str | None:
        """The value as written; None, with a Problem, when the number of words is wrong."""
        if any(is_template(word.value) for word in words):
            return " ".join(word.value for word in words)
        if spec.get("grammar") == "flag":
            return words[0].value if words else ""
        least, most = spec.get("args", (1, 1))
        count = 0 if len(words) == 1 and not words[0].value else len(words)
        if count < least or (most >= 0 and count > most):
            self.wrong_count(directive, scope, source, count, "one value" if most == 1 else "at least one value")
            return None
        return " ".join(word.value for word in words)

    def repeated(self, directive: Directive, scope: Scope, setting: Setting, *, certain: bool) -> None:
        """Two of a name in one section: the first does nothing, unless they add up."""
        if (
            setting.spec is None
            or setting.spec.get("multiple")
            or not certain
            or self.uncertain
            or setting.value is UNKNOWN
        ):
            return
        key = (scope.mpm, setting.name)
        before = scope.server.seen.get(key)
        scope.server.seen[key] = (setting, directive)
        if before is None or before[1].parent is not directive.parent:
            return
        first = before[0]
        assert first.place is not None
        assert setting.place is not None
        assert first.key_place is not None
        if first.place.source is setting.place.source and first.value != setting.value:
            values = {"setting": first.key, "raw": first.raw, "later": setting.raw}
            where = Place(first.place.source, first.key_place.start, first.place.end)
            scope.server.block.problem(
                "repeated", where, setting=setting.name, values=values, related=((setting.place, "this one counts"),)
            )

    def near_miss(self, directive: Directive, scope: Scope, source: Source) -> None:
        """A name that nobody knows and that is a slip of the pen away from one of ours."""
        name = directive.lower
        if len(name) <= 6 or name in NEIGHBOURS:
            return
        for known in (*self.family, "proxypass", "balancermember"):
            if (
                len(known) > 7
                and known[:2] == name[:2]
                and abs(len(known) - len(name)) < 3
                and _distance(known, name) < 3
            ):
                meant = (
                    self.family[known][1]
                    if known in self.family
                    else {"proxypass": "ProxyPass"}.get(known, "BalancerMember")
                )
                place = Place(
                    source, directive.start, directive.end if not directive.words else directive.words[0].start
                )
                place = Place(source, directive.start, directive.start + len(place.text.rstrip()))
                plain = place.text == directive.name
                scope.server.block.problem(
                    "unknown-directive",
                    place,
                    setting=directive.name,
                    values={"name": directive.name, "meant": meant},
                    fix=Fix(f"write {meant}", (Edit(place, meant),), safe=False) if plain else None,
                )
                return


def _distance(one: str, other: str) -> int:
    """How many letters must be put in, taken out or changed to come from one word to another."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        previous, row[0] = row[0], index
        for column, sign in enumerate(other, 1):
            previous, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, previous + (letter != sign))
    return row[-1]
