"""Settings and systems in words, from the catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.engine.messages import format_setting
from poollint.knowledge.catalogue import SettingSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poollint.knowledge.catalogue import Catalogue
    from poollint.knowledge.index import Knowledge
    from poollint.versions import Version


def describe_setting(catalogue: Catalogue, name: str, target: Version | None) -> list[str]:
    """What a setting is, once for all kinds of block where it is the same; empty when none has it."""
    told: dict[tuple[str, ...], list[str]] = {}
    for kind in catalogue.kinds.values():
        key = kind.aliases.get(name, name)
        spec = kind.settings.get(key)
        if spec is not None:
            told.setdefault((spec.name, *_setting(catalogue, spec, target)), []).append(kind.title)
    lines: list[str] = []
    for (shown, *facts), titles in told.items():
        lines += ["", f"{catalogue.title}: {shown} in {', '.join(titles)}", *facts]
    return lines[1:]


def setting_called(catalogue: Catalogue, name: str) -> str:
    """The setting that a name means, dashes, underscores and capitals aside; the name itself where it is none."""
    known = [each for kind in catalogue.kinds.values() for each in (*kind.settings, *kind.aliases)]
    if name in known:
        return name
    plain = _plain(name)
    return next((each for each in known if _plain(each) == plain), name)


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def _setting(catalogue: Catalogue, spec: SettingSpec, target: Version | None) -> list[str]:
    lines = [f"  {label:<10} {text}" for label, text in setting_facts(spec, target)]
    if spec.raw.get("note"):
        lines.append(f"  {spec.raw['note']}")
    see = spec.raw.get("doc") or catalogue.docs
    return [*lines, f"  see        {see}"] if see else lines


def setting_facts(spec: SettingSpec, target: Version | None = None) -> list[tuple[str, str]]:
    """What is known of a setting, each fact under its label; without its note."""
    raw = spec.raw
    facts = [("type", spec.type + (f" in {spec.unit}" if spec.unit else ""))]
    facts.append(("default", default_text(spec, target)))
    if raw.get("zero"):
        facts.append(("0 means", str(raw["zero"])))
    if raw.get("negative"):
        facts.append(("-1 means", str(raw["negative"])))
    if "min" in raw or "max" in raw:
        facts.append(("range", bounds_text(raw, spec.unit)))
    if raw.get("enum"):
        facts.append(("values", ", ".join(map(str, raw["enum"]))))
    for key, label in WORDS:
        if raw.get(key):
            facts.append((label, str(raw[key])))
    if raw.get("aliases"):
        facts.append(("also", ", ".join(raw["aliases"])))
    if spec.role:
        facts.append(("role", spec.role))
    if raw.get("restart"):
        facts.append(("change", "needs a restart"))
    return facts


FLEET = "fleet"  # its settings are keys of poollint.toml, which are written with dashes
WORDS = (("since", "since"), ("deprecated", "deprecated"), ("removed", "removed"), ("replacement", "now"))


def default_text(spec: SettingSpec, target: Version | None = None) -> str:
    """The default with its unit; the other versions' after it where no version is told."""
    texts = [format_setting(spec.default_setting(target))]
    for bounds, value in spec.raw.get("defaults", {}).items() if target is None else ():
        older = SettingSpec(spec.name, {**spec.raw, "default": value, "defaults": {}})
        texts.append(f"{format_setting(older.default_setting(None))} in {bounds}")
    return "; ".join(texts)


def bounds_text(raw: Mapping[str, Any], unit: str = "") -> str:
    """``1 to 65535``, ``at least 250 ms``, ``at most 100``: bounds stand in the unit that people write."""
    behind = f" {unit}" if unit and all(isinstance(raw.get(each, 0), int) for each in ("min", "max")) else ""
    if "min" in raw and "max" in raw:
        return f"{raw['min']} to {raw['max']}{behind}"
    return f"at least {raw['min']}{behind}" if "min" in raw else f"at most {raw['max']}{behind}"


# modules that stand for what a reader makes up: a connection taken, a name assigned, an answer left open
_MADE_UP = frozenset(("checkout", "stream", "use", "receiver", "process"))
_LANGUAGES = {"javascript": "JavaScript and TypeScript", "java": "Java and Kotlin", "python": "Python", "go": "Go"}


def places_of(catalogue: Catalogue) -> list[tuple[str, list[str]]]:
    """Where the settings of a system are found: (where, names) of files, of what code constructs, of keys, of programs."""
    found: dict[str, list[str]] = {}

    def add(where: str, names: Iterable[str]) -> None:
        held = found.setdefault(where, [])
        held += [name for name in names if name not in held]

    add("files", catalogue.system.get("files", ()))
    for table in catalogue.found:
        modules, makers = _listed(table.get("module")), _listed(table.get("construct"))
        if "assigned" in modules:
            add("names that Python assigns", [f"{name}*" if name.endswith("_") else name for name in makers])
        elif table.get("language") and not _MADE_UP & set(modules):
            names = [f"{module}.{name}" if module else name for module in modules or [""] for name in makers]
            add(f"in {_LANGUAGES.get(table['language'], table['language'])}", names)
        elif table.get("command"):
            add("command lines of", _listed(table["command"]))
        elif table.get("format"):
            files = table.get("files") or ()
            where = f" in {', '.join(files)}" if files else " in files that hold them" if table.get("content") else ""
            if "prefix" in table:
                add(
                    f"keys ({table['format']}){where}",
                    [f"{prefix}.*".lstrip(".") for prefix in _listed(table["prefix"])],
                )
            if table.get("env"):
                env = table["env"]
                add("variables", [f"{env}*"] if isinstance(env, str) else env)
    return [(where, names) for where, names in found.items() if names]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def describe_system(known: Knowledge, system: str) -> list[str]:
    """A system: where its settings stand, its kinds of block, its rules."""
    catalogue = known.catalogue(system)
    lines = [f"{catalogue.title}  {catalogue.docs}".rstrip()]
    places = places_of(catalogue)
    if places:
        lines += ["", "Found:", *(f"  {where}: {', '.join(names)}" for where, names in places)]
    for kind in catalogue.kinds.values():
        names = [name.replace("_", "-") for name in kind.settings] if system == FLEET else kind.settings
        lines += ["", f"{kind.title}: {', '.join(names)}"]
    if catalogue.options:
        lines += ["", f"In poollint.toml, under [{system}]:"]
        for name, table in catalogue.options.items():
            lines.append(f"  {name.replace('_', '-')} = {table.get('default')}  {table.get('help', '')}")
    rules = [rule for rule in known.rules.values() if rule["system"] == system]
    lines += ["", "Rules:", *(f"  {rule['code']} {rule['name']}" for rule in sorted(rules, key=lambda r: r["code"]))]
    return lines
