"""The one vocabulary between readers and rules: settings in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from poollint.knowledge.catalogue import KindSpec, SettingSpec
    from poollint.source import Place

Origin = Literal["explicit", "inherited", "default"]

UNLIMITED: Final = float("inf")


class _Unknown:
    """The value of a setting that only the running program will know."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise UnknownValueError


class UnknownValueError(Exception):
    """A condition met a value that cannot be known: it must not fire."""


UNKNOWN: Final = _Unknown()


class Setting:
    """One setting as its block has it.

    ``value`` is typed and in one unit (seconds, bytes, connections; ``UNLIMITED`` for no limit, ``UNKNOWN`` for what
    cannot be known, None for "not set and no default"); ``raw`` is the text as written, quotes removed where the
    format's quotes are syntax. ``place`` is the value's place, ``key_place`` the name's; both are None for a default.
    ``key`` is the name as the user wrote it (``max-client-conn`` for ``max_client_conn``).
    """

    __slots__ = ("key", "key_place", "name", "origin", "place", "raw", "spec", "value")

    def __init__(
        self,
        name: str,
        value: Any,
        raw: str = "",
        *,
        origin: Origin = "explicit",
        place: Place | None = None,
        key_place: Place | None = None,
        key: str | None = None,
        spec: SettingSpec | None = None,
    ) -> None:
        self.name = name
        self.value = value
        self.raw = raw
        self.origin = origin
        self.place = place
        self.key_place = key_place
        self.key = key or name
        self.spec = spec

    def inherited(self) -> Setting:
        """The same, as a block within its own has it."""
        return Setting(
            self.name,
            self.value,
            self.raw,
            origin="inherited",
            place=self.place,
            key_place=self.key_place,
            key=self.key,
            spec=self.spec,
        )

    def __repr__(self) -> str:
        return f"Setting({self.name}={self.value!r}, raw={self.raw!r}, {self.origin})"


class Edit:
    """Replace ``place`` by ``text``."""

    __slots__ = ("place", "text")

    def __init__(self, place: Place, text: str) -> None:
        self.place = place
        self.text = text


class Fix:
    """Edits that are applied together or not at all; ``safe`` when they cannot change what the program does otherwise."""

    __slots__ = ("edits", "safe", "title")

    def __init__(self, title: str, edits: tuple[Edit, ...], *, safe: bool = True) -> None:
        self.title = title
        self.edits = edits
        self.safe = safe


class Problem:
    """What grammar or catalogue found wrong at a place; the page that names ``kind`` under ``problem`` words it.

    ``values`` fill the page's message. ``setting`` names the setting concerned, when there is one. ``system`` is the one
    whose pages word it, where that is not the one that the file was read for.
    """

    __slots__ = ("fix", "kind", "place", "related", "setting", "system", "values")

    def __init__(
        self,
        kind: str,
        place: Place,
        *,
        setting: str = "",
        values: Mapping[str, Any] | None = None,
        related: tuple[tuple[Place, str], ...] = (),
        fix: Fix | None = None,
    ) -> None:
        self.kind = kind
        self.place = place
        self.setting = setting
        self.system = ""
        self.values: Mapping[str, Any] = values or {}
        self.related = related
        self.fix = fix

    def __repr__(self) -> str:
        return f"Problem({self.kind}, {self.setting}, {dict(self.values)!r})"


class Block:
    """One group of settings that one system reads in one place.

    ``path`` is the key path that names the block for a baseline (``databases.app``, ``http.upstream api``), ``place``
    the stretch that stands for the block in a finding (its head, not its whole body). ``settings`` holds what is
    written or inherited; ``get`` adds the default of the target version, from ``spec``. A block that is not ``complete``
    may have more settings than can be seen: what is not written there is UNKNOWN, never a default.
    """

    __slots__ = (
        "complete",
        "facts",
        "kind",
        "links",
        "name",
        "path",
        "place",
        "problems",
        "settings",
        "spec",
        "system",
        "target",
    )

    def __init__(
        self,
        system: str,
        kind: str,
        name: str,
        place: Place,
        *,
        spec: KindSpec | None = None,
        path: str | None = None,
        target: tuple[int, ...] | None = None,
    ) -> None:
        self.system = system
        self.kind = kind
        self.name = name
        self.place = place
        self.spec = spec
        self.path = path if path is not None else (f"{kind} {name}" if name else kind)
        self.target = target
        self.complete = True
        self.settings: dict[str, Setting] = {}
        self.links: dict[str, Any] = {}  # name -> Block or list[Block]
        self.facts: dict[str, Any] = {}
        self.problems: list[Problem] = []

    def get(self, name: str) -> Setting | None:
        """The setting as it stands: written, inherited, or the default of the target version; None if unheard of."""
        setting = self.settings.get(name)
        if setting is None and self.spec is not None:
            found = self.spec.settings.get(name)
            if found is not None:
                return found.default_setting(self.target) if self.complete else found.unknown_setting()
        return setting

    def value(self, name: str) -> Any:
        """The effective value; None when the setting is neither written nor has a default."""
        setting = self.get(name)
        return None if setting is None else setting.value

    def by_role(self, role: str) -> Setting | None:
        """The setting that plays a role (``acquire_timeout``): the written one first, else the default's."""
        if self.spec is None:
            return None
        names = self.spec.roles.get(role, ())
        for name in names:
            if name in self.settings:
                return self.settings[name]
        return self.get(names[0]) if names else None

    def effective(self) -> Iterator[Setting]:
        """Every setting of the block: the written ones in order, then the defaults."""
        yield from self.settings.values()
        if self.spec is not None:
            for name, spec in self.spec.settings.items():
                if name not in self.settings:
                    yield spec.default_setting(self.target) if self.complete else spec.unknown_setting()

    def problem(self, kind: str, place: Place, **more: Any) -> None:
        self.problems.append(Problem(kind, place, **more))

    def __repr__(self) -> str:
        return f"Block({self.system}.{self.kind} {self.name!r}, {len(self.settings)} settings)"
