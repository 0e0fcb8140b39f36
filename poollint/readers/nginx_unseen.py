"""Kinds of block whose unwritten settings are unknown, for levels that are not wholly in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, Setting
from poollint.knowledge.catalogue import KindSpec, SettingSpec

if TYPE_CHECKING:
    from poollint.versions import Version

_made: dict[tuple[int, bool], tuple[KindSpec, KindSpec]] = {}


class UnseenSpec(SettingSpec):
    """A setting that may be set where we cannot look."""

    __slots__ = ("_unseen",)

    def __init__(self, spec: SettingSpec) -> None:
        super().__init__(spec.name, spec.raw)
        self._unseen = Setting(spec.name, UNKNOWN, "", origin="inherited", spec=spec)

    def default_setting(self, target: Version | None) -> Setting:  # noqa: ARG002 - no version tells
        return self._unseen


def unseen_spec(spec: KindSpec, *, outer_only: bool) -> KindSpec:
    """``spec`` with unknown instead of defaults; ``outer_only``: only for what outer levels may hand down."""
    found = _made.get((id(spec), outer_only))
    if found is not None and found[0] is spec:
        return found[1]
    made = KindSpec.__new__(KindSpec)
    for name in KindSpec.__slots__:
        setattr(made, name, getattr(spec, name))
    made.settings = {
        name: each if outer_only and each.get("inherit") == "none" else UnseenSpec(each)
        for name, each in spec.settings.items()
    }
    _made[id(spec), outer_only] = (spec, made)
    return made
