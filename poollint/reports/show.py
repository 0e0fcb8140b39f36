"""The views of ``poollint show``: blocks and effective settings as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED, Block
from poollint.secrets import is_secret_name, mask
from poollint.versions import UNRELEASED, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poollint.blocks import Setting
    from poollint.knowledge.catalogue import SettingSpec
    from poollint.versions import Version


def as_json(readings: Sequence[Any]) -> dict[str, Any]:
    """The JSON shape: infinity is ``"unlimited"``, an unknown value ``"unknown"``, durations are seconds."""
    return {"version": 1, "files": [_file(each) for each in readings]}


def _file(each: Any) -> dict[str, Any]:
    problems = [*each.reading.problems, *(p for block in each.reading.blocks for p in block.problems)]
    return {
        "path": each.path,
        "format": each.format,
        "blocks": [_block(block) for block in each.reading.blocks],
        "errors": [_problem(problem) for problem in problems],
    }


def _block(block: Block) -> dict[str, Any]:
    line, column = block.place.source.position(block.place.start)
    return {
        "system": block.system,
        "kind": block.kind,
        "name": block.name,
        "path": block.place.source.path,
        "line": line,
        "column": column,
        "settings": {setting.name: _setting(setting) for setting in _effective(block)},
        "facts": {name: _masked(plain(value)) for name, value in block.facts.items()},
        "links": {name: _link(value) for name, value in block.links.items()},
    }


def _effective(block: Block) -> Iterator[Setting]:
    """What is written, and the defaults of those settings that the target version has."""
    for setting in block.effective():
        if setting.origin != "default" or setting.spec is None or _exists(setting.spec, block.target):
            yield setting


def _exists(spec: SettingSpec, target: Version | None) -> bool:
    """Whether a version (None: the newest release) knows a setting."""
    since = spec.since()
    if since is not None and not spec.get("backports") and (since == UNRELEASED if target is None else since > target):
        return False
    removed = spec.get("removed")
    return not removed or (target is not None and target < parse_version(removed))


HIDDEN = "********"


def _secret(setting: Setting) -> bool:
    return setting.spec is not None and bool(setting.spec.get("secret")) and bool(setting.raw)


def _masked(value: Any, name: str = "") -> Any:
    """A value as JSON has it, without the passwords in it: in URLs, in assignments, and under names that say so."""
    if isinstance(value, dict):
        return {key: _masked(each, key if is_secret_name(key) else name) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, name) for each in value]
    return value if not isinstance(value, str) else HIDDEN if name and value else mask(value)


def _setting(setting: Setting) -> dict[str, Any]:
    secret = _secret(setting)
    shown: dict[str, Any] = {
        "value": HIDDEN if secret else _masked(plain(setting.value)),
        "raw": HIDDEN if secret else mask(setting.raw),
        "unit": _unit(setting),
        "origin": setting.origin,
        "line": None,
        "column": None,
    }
    place = setting.place or setting.key_place
    if place is not None:
        shown["line"], shown["column"] = place.source.position(place.start)
    return shown


def _unit(setting: Setting) -> str:
    """The unit of the shown value, which may be another than the file's own."""
    if setting.spec is None:
        return ""
    return {"duration": "s", "size": "bytes"}.get(setting.spec.type, setting.spec.unit)


def _problem(problem: Any) -> dict[str, Any]:
    line, column = problem.place.source.position(problem.place.start)
    return {
        "kind": problem.kind,
        "path": problem.place.source.path,
        "line": line,
        "column": column,
        "setting": problem.setting,
        "values": {name: mask(str(plain(value))) for name, value in problem.values.items()},
    }


def _link(value: Any) -> Any:
    if isinstance(value, Block):
        return value.path
    if isinstance(value, (list, tuple)):
        return [_link(each) for each in value]
    return plain(value)


def plain(value: Any) -> Any:
    """A value as JSON has it; what is no plain value is shown by its name."""
    if value is UNKNOWN:
        return "unknown"
    if isinstance(value, float) and value == UNLIMITED:
        return "unlimited"
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - the test for NaN
        return "NaN"
    if value is None or isinstance(value, (bool, int, float, str)):
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if hasattr(value, "_asdict"):
        return {name: plain(each) for name, each in value._asdict().items() if not name.endswith("place")}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    if isinstance(value, Block):
        return value.path
    return str(value)


def as_text(readings: Sequence[Any], *, everything: bool = False) -> Iterator[str]:
    """Lines for a reader: each block with its settings, the origin of each value, and its facts."""
    told = {each.path for each in readings if each.reading.blocks or each.reading.problems}
    for each in readings:
        if not each.reading.blocks and not each.reading.problems:
            if each.path not in told:  # else it is one of several readers, and none of its business
                told.add(each.path)
                yield f"{each.path}: no connections are configured here"
                yield ""
            continue
        yield f"{each.path} ({each.system})"
        for block in each.reading.blocks:
            line, _ = block.place.source.position(block.place.start)
            where = f"{block.place.source.path}:{line}"
            yield f"  {block.kind}{' ' + block.name if block.name else ''}  [{where}]"
            for setting in _effective(block):
                place = setting.place or setting.key_place
                unwritten = setting.origin == "default" or (setting.value is UNKNOWN and place is None)
                if unwritten and (not everything or setting.value is None):
                    continue
                origin: str = setting.origin
                if place is not None:
                    number = place.source.position(place.start)[0]
                    there = f"line {number}" if place.source is block.place.source else f"{place.source.path}:{number}"
                    origin = f"{origin}, {there}"
                if _secret(setting):
                    yield f"    {setting.name} = {HIDDEN}  [{origin}]"
                    continue
                yield f"    {setting.name} = {mask(_said(setting))}  [{origin}]"
        for problem in [*each.reading.problems, *(p for block in each.reading.blocks for p in block.problems)]:
            line, column = problem.place.source.position(problem.place.start)
            yield f"  ! {problem.place.source.path}:{line}:{column} {problem.kind} {problem.setting}".rstrip()
        yield ""


def _said(setting: Setting) -> str:
    """The value as the program takes it, and as it is written where that looks different."""
    from poollint.engine.messages import format_setting

    if setting.origin == "default":
        return format_setting(setting) or '""'
    if setting.value is None and setting.raw:
        return f"no value (written {setting.raw})"
    value = format_setting(setting)
    return f"{value} (written {setting.raw})" if setting.raw and setting.raw != value else value or '""'
