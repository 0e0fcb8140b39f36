"""Single entries of [databases], [users] and [peers] whose values say something else than they seem to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN
from poollint.engine.detectors.pgbouncer_start import whole
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block
    from poollint.engine.hits import RuleContext

MOST_HOSTS = 50


def zero_inherits(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A written 0 that falls back to a global value which is not 0."""
    main = block.links["main"]
    for setting in block.settings.values():
        spec = setting.spec
        if spec is None or setting.origin != "explicit" or spec.get("zero") != "inherit" or setting.raw.strip("0"):
            continue
        above = main.get(spec.get("inherit") or "")
        if above is not None and above.origin == "explicit" and whole(above.value) and above.value > 0:
            yield Hit(setting, {"above": f"{above.value:g}"}, related=((above, "the value that holds"),))


def host_form(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A host that no lookup can find: with a port, in brackets, as a URL."""
    setting = block.settings.get("host")
    if setting is None or setting.value is UNKNOWN or not isinstance(setting.value, str):
        return
    if any(sign in setting.value for sign in "\t ;'\""):
        return
    for item in dict.fromkeys(setting.value.split(",", MOST_HOSTS)):
        if "=" in item or item[:1] in "/@":
            continue
        case = ""
        if "://" in item:
            case = "url"
        elif item.startswith("["):
            case = "brackets"
        elif item.count(":") == 1:
            case = "port"
        if case:
            yield Hit(setting, {"item": item[:100]}, case=case)
