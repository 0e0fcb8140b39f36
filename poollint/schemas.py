"""JSON Schemas of poollint.toml and of the card of a rule's page, for editors: made from what poollint itself goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poollint.config_reading import FAIL_ON, FLAGS, LISTS, NO_SYSTEM, SELECTORS, TOPOLOGY
from poollint.findings import EFFECTS, SEVERITIES, TOPICS
from poollint.knowledge.catalogue import SETTING_KEYS
from poollint.knowledge.pages import CARD_KEYS, CASE_KEYS, CODE, NO_FIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poollint.knowledge.index import Knowledge

DIALECT = "http://json-schema.org/draft-07/schema#"
FILES = {"config": "poollint.toml.schema.json", "rules": "rule-card.schema.json"}
TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
DURATION = {"type": ["number", "string"], "minimum": 0, "description": 'seconds, or a text such as "30s", "5min"'}
SIZE = {"type": ["integer", "string"], "minimum": 0, "description": 'bytes, or a text such as "64MiB"'}
TYPES: dict[str, dict[str, Any]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "string": TEXT,
    "path": TEXT,
    "enum": TEXT,
    "name": TEXT,
    "duration": DURATION,
    "size": SIZE,
    "list": TEXTS,
    "names": {"type": ["string", "array"], "items": TEXT},
}
OPEN: dict[str, Any] = {"type": ["number", "string", "boolean", "array"]}
WORDS = {
    "select": "only these rules: codes, names, prefixes of codes, systems, topics, effects, ALL",
    "ignore": "not these rules",
    "extend-select": "these rules too",
    "exclude": "paths that are left out, instead of the usual ones (patterns as in .gitignore)",
    "extend-exclude": "paths that are left out beside the usual ones",
    "include": "only files that one of these patterns matches",
    "rule-dirs": "folders of rules and systems of your own",
    "require-reason": "a suppression must say why, behind --",
    "never-suppress": "rules that no comment may suppress",
    "allow-inline": "whether comments may suppress findings",
    "preview": "use rules that are not settled yet",
    "fail-on": "exit with 1 from this severity on",
    "min-severity": "show findings from this severity on",
    "max-file-size": "larger files are not read",
    "baseline": "findings recorded in this file do not count",
    "docs-url": "where the built documentation stands",
    "extends": "a configuration file that this one is laid over",
    "versions": "the version of each system that runs",
    "files": "what a file is, whatever its name says: pattern = system",
    "severity": "another severity for a rule",
    "rules": "thresholds of rules",
    "overrides": "what holds for some paths alone; the last that matches decides",
}


def config_schema(known: Knowledge) -> dict[str, Any]:
    """The schema of poollint.toml with the rules and systems of ``known``."""
    rules = {name: _options(options) for name, options in _rules(known)}
    severities = {"enum": [*reversed(SEVERITIES)]}
    properties: dict[str, dict[str, Any]] = {
        **dict.fromkeys(LISTS, TEXTS),
        **{name: {"type": "array", "items": {"$ref": "#/definitions/selector"}} for name in SELECTORS},
        **dict.fromkeys(FLAGS, TYPES["bool"]),
        "fail-on": {"enum": list(FAIL_ON)},
        "min-severity": severities,
        "max-file-size": SIZE,
        "baseline": TEXT,
        "docs-url": TEXT,
        "extends": TEXT,
        "versions": _closed(dict.fromkeys(known.systems, TEXT)),
        "files": {"type": "object", "additionalProperties": {"enum": [*known.systems, NO_SYSTEM]}},
        "severity": _closed(dict.fromkeys(rules, severities)),
        "rules": _closed(rules),
    }
    shared = ("select", "ignore", "extend-select", "severity", "rules", "versions")
    override = {"paths": TEXTS, **{name: {"$ref": f"#/properties/{name}"} for name in shared}}
    properties["overrides"] = {"type": "array", "items": {**_closed(override), "required": ["paths"]}}
    properties = {name: {**table, "description": WORDS[name]} for name, table in properties.items()}
    for kind in TOPOLOGY:
        properties[kind] = {"type": "object", "additionalProperties": _topology(known, kind)}
    for name, table in known.systems.items():
        properties.setdefault(name, {**_options(table["options"]), "description": table["title"]})
    selectors = sorted({"ALL", *rules, *known.systems, *TOPICS, *EFFECTS})
    return {
        "$schema": DIALECT,
        "title": "poollint.toml",
        **_closed(properties),
        "definitions": {"selector": {"anyOf": [{"enum": selectors}, {"type": "string", "pattern": "^[A-Za-z]+\\d*$"}]}},
    }


def _rules(known: Knowledge) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for brief in known.rules.values():
        for name in (brief["code"], brief["name"], *brief["aliases"]):
            yield name, brief["options"]


def _topology(known: Knowledge, kind: str) -> dict[str, Any]:
    if "fleet" not in known.systems:
        return {"type": "object"}
    return _options({name: spec.raw for name, spec in known.catalogue("fleet").kind(kind).settings.items()})


def _options(options: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A table of options, under their names with dashes and with underscores."""
    properties: dict[str, Any] = {}
    for name, table in options.items():
        for spelling in {name, name.replace("_", "-"), name.replace("-", "_")}:
            properties[spelling] = _value(table)
    return _closed(dict(sorted(properties.items())))


def _value(table: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(TYPES.get(table.get("type", "string"), OPEN))
    told = table.get("help") or table.get("note") or found.get("description")
    choices = table.get("enum") or table.get("choices")
    if choices:
        found["enum"] = list(choices)
    for key, word in (("min", "minimum"), ("max", "maximum"), ("default", "default")):
        if isinstance(table.get(key), int | float | str | list):
            found[word] = table[key]
    return {**found, "description": told} if told else found


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def card_schema() -> dict[str, Any]:
    """The schema of the TOML table at the head of a rule's page."""
    words: dict[str, Any] = {
        "code": {"type": "string", "pattern": f"^{CODE}$"},
        "effect": {"enum": list(EFFECTS), "description": "what the program does"},
        "topic": {"enum": list(TOPICS)},
        "severity": {"enum": [*reversed(SEVERITIES)], "description": "default: by effect"},
        "on": _either("the kinds of block that it looks at"),
        "problem": _either("the problems of a reader that it words"),
        "when": {**TEXT, "description": "a condition on the block's settings, roles, facts and links"},
        "detect": {**TEXT, "pattern": r"^\w+\.\w+$", "description": "a detector of poollint"},
        "at": {**TEXT, "description": "the setting whose place a finding has"},
        "message": {
            **TEXT,
            "description": "what the program does; {setting}, {raw}, {value} and expressions stand in braces",
        },
        "help": {**TEXT, "description": "the way out"},
        "fix": {
            "type": "object",
            "description": "settings to write, or to remove (false); here: what the finding points at; unsafe",
            "additionalProperties": {"type": ["string", "integer", "number", "boolean"]},
        },
        "no_fix": {"enum": list(NO_FIX), "description": "why findings have no fix"},
        "versions": {**TEXT, "description": "the versions that it is true of, such as <1.29.7"},
        "preview": {"type": "boolean"},
        "aliases": TEXTS,
        "since": TEXT,
        "system": {**TEXT, "description": "the system, where the folder does not tell"},
        "options": {"type": "object", "additionalProperties": {"$ref": "#/definitions/option"}},
        "name": {**TEXT, "description": "what a detector or a reader calls this form"},
        "title": TEXT,
        "related": TEXTS,
        "case": {"type": "array", "items": {"$ref": "#/definitions/case"}},
    }
    option: dict[str, Any] = dict.fromkeys(sorted({*SETTING_KEYS, "help"}), True)
    option |= {"type": {"enum": sorted({*TYPES, "balancer"})}, "help": TEXT}
    return {
        "$schema": DIALECT,
        "title": "the card of a poollint rule",
        **_closed(_chosen(words, CARD_KEYS)),
        "required": ["code"],
        "definitions": {
            "case": {**_closed(_chosen(words, CASE_KEYS)), "description": "one form of the rule"},
            "option": _closed(option),
        },
    }


def _either(told: str) -> dict[str, Any]:
    return {"type": ["string", "array"], "items": TEXT, "description": told}


def _chosen(words: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: words[key] for key in sorted(keys)}


def write_schemas(known: Knowledge, folder: str) -> list[str]:
    """Write both schemas as the wheel ships them; the names of the files."""
    import json
    import os

    for kind, schema in (("config", config_schema(known)), ("rules", card_schema())):
        with open(os.path.join(folder, FILES[kind]), "w", encoding="utf-8") as handle:
            json.dump(schema, handle, indent=1)
            handle.write("\n")
    return list(FILES.values())
