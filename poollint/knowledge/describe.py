"""Rules, settings and systems in words, from the pages and catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.engine.messages import format_setting
from poollint.findings import SEVERITY_OF_EFFECT
from poollint.knowledge.pages import parse_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poollint.knowledge.catalogue import Catalogue, KindSpec, SettingSpec
    from poollint.knowledge.index import Knowledge
    from poollint.versions import Version


def describe_rule(text: str, rule: Mapping[str, Any], systems: Mapping[str, Any], *, active: bool, why: str) -> str:
    """A page for the terminal: head, prose, thresholds, examples, references; ``why`` tells whether it is active here."""
    page = parse_page(text, rule["name"], rule["system"])
    effect = rule.get("effect", "")
    severity = rule.get("severity") or SEVERITY_OF_EFFECT.get(effect, "")
    system = systems.get(rule["system"], {}).get("title", "any system")
    lines = [
        f"{rule['code']} {rule['name']}",
        f"{severity} · effect: {effect} · topic: {rule.get('topic', '')} · {system} · "
        + (f"active here ({why})" if active else f"not active here ({why})"),
        "",
        page.prose,
    ]
    if rule["options"]:
        lines += ["", f"Thresholds (under [rules.{rule['name']}] in poollint.toml):"]
        lines += [
            f"  {name} = {table.get('default')}  {table.get('help', '')}" for name, table in rule["options"].items()
        ]
    for section in ("Bad", "Good", "Not reported"):
        for example in page.examples:
            if example.section == section:
                lines += ["", f"{section}:"]
                for name, body in example.files.items():
                    lines += [f"  # {name}", *(f"  {line}" for line in body.rstrip("\n").split("\n"))]
    if page.references:
        lines += ["", "References:", page.references]
    return "\n".join(lines)


def describe_setting(catalogue: Catalogue, name: str, target: Version | None) -> list[str]:
    """What a setting is, for each kind of block that has it; empty when none has."""
    lines: list[str] = []
    for kind in catalogue.kinds.values():
        key = kind.aliases.get(name, name)
        spec = kind.settings.get(key)
        if spec is not None:
            if lines:
                lines.append("")
            lines += _setting(catalogue, kind, spec, target)
    return lines


def _setting(catalogue: Catalogue, kind: KindSpec, spec: SettingSpec, target: Version | None) -> list[str]:
    raw = spec.raw
    lines = [f"{catalogue.title}: {spec.name} in {kind.title}"]
    unit = f" in {spec.unit}" if spec.unit else ""
    lines.append(f"  type      {spec.type}{unit}")
    default = spec.default_setting(target)
    lines.append(f"  default   {format_setting(default)}")
    for bounds, value in raw.get("defaults", {}).items():
        lines.append(f"            {value} in {bounds}")
    if raw.get("zero"):
        lines.append(f"  0 means   {raw['zero']}")
    if "min" in raw or "max" in raw:
        lines.append(f"  range     {raw.get('min', '')} to {raw.get('max', '')}")
    if raw.get("enum"):
        lines.append(f"  values    {', '.join(map(str, raw['enum']))}")
    for key, title in (
        ("since", "since"),
        ("deprecated", "deprecated"),
        ("removed", "removed"),
        ("replacement", "now"),
    ):
        if raw.get(key):
            lines.append(f"  {title:<9} {raw[key]}")
    if spec.role:
        lines.append(f"  role      {spec.role}")
    if raw.get("restart"):
        lines.append("  a change needs a restart")
    if raw.get("note"):
        lines.append(f"  {raw['note']}")
    if raw.get("doc") or catalogue.docs:
        lines.append(f"  see       {raw.get('doc') or catalogue.docs}")
    return lines


def describe_system(known: Knowledge, system: str) -> list[str]:
    """A system: where its settings stand, its kinds of block, its rules."""
    catalogue = known.catalogue(system)
    lines = [f"{catalogue.title}  {catalogue.docs}", "", f"Files: {', '.join(catalogue.system.get('files', []))}"]
    for kind in catalogue.kinds.values():
        lines += ["", f"{kind.title}: {', '.join(kind.settings)}"]
    if catalogue.options:
        lines += ["", f"In poollint.toml, under [{system}]:"]
        for name, table in catalogue.options.items():
            lines.append(f"  {name.replace('_', '-')} = {table.get('default')}  {table.get('help', '')}")
    rules = [rule for rule in known.rules.values() if rule["system"] == system]
    lines += ["", "Rules:", *(f"  {rule['code']} {rule['name']}" for rule in sorted(rules, key=lambda r: r["code"]))]
    return lines
