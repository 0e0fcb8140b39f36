"""The documentation as Markdown pages: one a rule, one a system, and indexes of both; links between them."""

from __future__ import annotations

import re
from posixpath import dirname, relpath
from typing import TYPE_CHECKING, Any

from poollint.docs.guides import guide, titles
from poollint.docs.rule import TOPICS, Fence, Items, Prose, names_of, rule_doc, summary_words
from poollint.findings import EFFECT_WORDS, SEVERITIES
from poollint.knowledge.describe import bounds_text, default_text, places_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poollint.docs.rule import RuleDoc
    from poollint.knowledge.catalogue import Catalogue, KindSpec, SettingSpec
    from poollint.knowledge.index import Knowledge

SEVERITY_WORDS = {
    "error": "the program refuses or misreads it, or it surely breaks",
    "warning": "a known way to harm",
    "info": "advice",
}
FOLDERS = {
    "pool": "Connection pools of any library",
    "http": "HTTP clients of any library",
    "node": "Node.js, whatever the library",
    "python": "Python, whatever the library",
    "poollint": "poollint's own comments",
    "fleet": "Services, proxies and databases together",
}
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_BARE = re.compile(r"(?<![<(\[`\"'\w])https?://[^\s<>)\]]+[^\s<>)\].,;]")
_SPECIAL = re.compile(r"([\\*\[\]<>])")
COLUMNS = ("setting", "type", "default", "0 means", "role", "since", "deprecated", "note", "rules")


class Docs:
    """Every page of the documentation, as path -> Markdown."""

    def __init__(self, known: Knowledge, systems: Iterable[str] | None = None) -> None:
        self.known = known
        self.systems = sorted(known.systems if systems is None else systems)
        wanted = {*self.systems} if systems is not None else {*self.systems, ""}
        rules = [rule for rule in known.rules.values() if rule["system"] in wanted]
        self.rules = [rule_doc(known, rule) for rule in sorted(rules, key=lambda rule: rule["code"])]
        self.anchors = {system: anchors_of(known.catalogue(system)) for system in self.systems}
        self.mentions: dict[tuple[str, str], list[RuleDoc]] = {}
        for doc in self.rules:
            for setting in doc.settings:
                self.mentions.setdefault(setting, []).append(doc)

    def pages(self) -> dict[str, str]:
        pages = {"index.md": self.index(), "rules.md": self.all_rules(), "roles.md": self.roles()}
        pages["topics.md"] = self.grouped("Rules by topic", TOPICS, 2)
        pages["effects.md"] = self.grouped("Rules by effect", EFFECT_WORDS, 1)
        severities: dict[str, str] = {name: SEVERITY_WORDS[name] for name in reversed(SEVERITIES)}
        pages["severities.md"] = self.grouped("Rules by severity", severities, 0)
        for folder, system in self.folders().items():
            path = f"rules/{folder}/index.md"
            pages[path] = self.system(system, path) if system else self.folder(folder, path)
        for doc in self.rules:
            pages[page_of(doc)] = self.rule(doc)
        for name in titles():
            pages[f"guides/{name}.md"] = guide(name)
        return dict(sorted(pages.items()))

    def folders(self) -> dict[str, str]:
        """Folder of rules -> its system, or an empty word."""
        found = {self.known.systems[system]["folder"]: system for system in self.systems}
        for doc in self.rules:
            found.setdefault(doc.folder, doc.system)
        return dict(sorted(found.items()))

    # Indexes

    def index(self) -> str:
        lines = ["# poollint", "", "What poollint knows of connection pools, keep-alive and timeouts.", ""]
        for page, text in (
            ("rules.md", "every rule"),
            ("topics.md", "rules by topic"),
            ("effects.md", "rules by effect"),
            ("severities.md", "rules by severity"),
            ("roles.md", "settings by role, over all systems"),
        ):
            lines.append(f"- [{text}]({page})")
        lines += ["", "Guides:", "", *(f"- [{title}](guides/{name}.md)" for name, title in titles().items())]
        lines += ["", "| system | rules | settings |", "|---|---|---|"]
        for folder, system in self.folders().items():
            title = self.known.systems[system]["title"] if system else FOLDERS.get(folder, folder)
            rules = sum(1 for doc in self.rules if doc.folder == folder)
            settings = len(specs_of(self.known.catalogue(system))) if system else ""
            lines.append(f"| [{cell(title)}](rules/{folder}/index.md) | {rules} | {settings} |")
        return _page(lines)

    def all_rules(self) -> str:
        return _page(["# Every rule", "", *self.table(self.rules, "rules.md")])

    def grouped(self, title: str, groups: Mapping[str, str], at: int) -> str:
        """The rules under each word that a form of theirs has; ``at`` tells which word of a form is meant."""
        lines = [f"# {title}"]
        for name, words in groups.items():
            found = [doc for doc in self.rules if name in {form[at] for form in doc.forms}]
            if found:
                lines += ["", anchor(name), "", f"## {name}", "", f"{words[:1].upper()}{words[1:]}.", ""]
                lines += self.table(found, "topics.md")
        return _page(lines)

    def roles(self) -> str:
        by_role: dict[str, list[str]] = {}
        for system in self.systems:
            catalogue = self.known.catalogue(system)
            for spec, _ in specs_of(catalogue):
                if spec.role:
                    link = f"[{code(spec.name)}]({self.setting_link(system, spec.name, 'roles.md')})"
                    by_role.setdefault(spec.role, []).append(f"- {escaped(catalogue.title)}: {link}")
        lines = [
            "# Settings by role",
            "",
            "A role is what a setting does, whatever its name: rules for any pool speak of roles.",
        ]
        for role in sorted(by_role):
            lines += ["", anchor(role), "", f"## {role}", "", *by_role[role]]
        return _page(lines)

    def table(self, docs: Iterable[RuleDoc], page: str) -> list[str]:
        lines = ["| code | rule | severity | effect | topic | system |", "|---|---|---|---|---|---|"]
        for doc in docs:
            link = relpath(page_of(doc), dirname(page) or ".")
            system = relpath(f"rules/{doc.folder}/index.md", dirname(page) or ".")
            lines.append(
                f"| {doc.code} | [{doc.name}]({link}) | {doc.severity} | {doc.effect} | {doc.topic} "
                f"| [{cell(doc.title)}]({system}) |"
            )
        return lines

    # Systems

    def folder(self, folder: str, path: str) -> str:
        docs = [doc for doc in self.rules if doc.folder == folder]
        return _page([f"# {FOLDERS.get(folder, folder)}", "", *self.table(docs, path)])

    def system(self, system: str, path: str) -> str:
        catalogue = self.known.catalogue(system)
        lines = [f"# {escaped(catalogue.title)}", ""]
        lines += [f"- {fact}" for fact in _system_facts(catalogue)]
        docs = [doc for doc in self.rules if doc.folder == catalogue_folder(self.known, system)]
        if docs:
            lines += ["", "## Rules", "", *self.table(docs, path)]
        if catalogue.options:
            lines += ["", "## What you may tell", "", f"Under `[{system}]` in poollint.toml:", ""]
            lines += ["| option | type | default | |", "|---|---|---|---|"]
            for name, table in catalogue.options.items():
                default = code(_plain(table["default"])) if table.get("default") not in (None, "") else ""
                row = (code(name.replace("_", "-")), table.get("type", ""), default, cell(table.get("help", "")))
                lines.append(f"| {' | '.join(row)} |")
        for title, rows in self.setting_tables(system, catalogue):
            shown = [column for column in ("in", *COLUMNS) if any(row.get(column) for row in rows)]
            lines += ["", f"## {escaped(title)}", "", f"| {' | '.join(shown)} |", f"|{'---|' * len(shown)}"]
            lines += [f"| {' | '.join(row.get(column, '') for column in shown)} |" for row in rows]
        return _page(lines)

    def setting_tables(self, system: str, catalogue: Catalogue) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """(title, rows) of the settings that several kinds of block share, then of each kind's own."""
        specs = specs_of(catalogue)
        shared = [(spec, kinds) for spec, kinds in specs if len(kinds) > 1]
        if shared:
            rows = [
                {"in": cell(", ".join(kind.title for kind in kinds)), **self.row(system, spec, kinds[0])}
                for spec, kinds in shared
            ]
            yield "Settings of several kinds of block", rows
        for kind in catalogue.kinds.values():
            rows = [self.row(system, spec, kind) for spec, kinds in specs if kinds == [kind]]
            if rows:
                yield f"Settings of {kind.title}", rows

    def row(self, system: str, spec: SettingSpec, kind: KindSpec) -> dict[str, str]:
        raw = spec.raw
        words = [spec.type + (f" in {spec.unit}" if spec.unit else "")]
        if "min" in raw or "max" in raw:
            words.append(bounds_text(raw, spec.unit))
        if raw.get("enum"):
            words.append(", ".join(map(str, raw["enum"])))
        gone = [f"{label} {raw[key]}" for key, label in _GONE if raw.get(key)]
        notes = [str(raw["note"])] if raw.get("note") else []
        notes += ["a change needs a restart"] if raw.get("restart") else []
        notes += [f"also {', '.join(raw['aliases'])}"] if raw.get("aliases") else []
        mentions = self.mentions.get((system, spec.name), [])
        path = f"rules/{catalogue_folder(self.known, system)}/index.md"
        links = [f"[{doc.code}]({relpath(page_of(doc), dirname(path))})" for doc in mentions]
        role = f"[{spec.role}](../../roles.md#{spec.role})" if spec.role else ""
        meanings = [str(raw["zero"])] if raw.get("zero") else []
        meanings += [f"-1: {raw['negative']}"] if raw.get("negative") else []
        return {
            "setting": f"{anchor(f'{kind.name}.{spec.name}')}{code(spec.name)}",
            "type": cell("; ".join(words)),
            "default": cell(default_text(spec)),
            "0 means": cell("; ".join(meanings)),
            "role": role,
            "since": cell(str(raw.get("since", ""))),
            "deprecated": cell("; ".join(gone)),
            "note": cell("; ".join(notes)),
            "rules": ", ".join(links),
        }

    def setting_link(self, system: str, name: str, page: str) -> str:
        path = f"rules/{catalogue_folder(self.known, system)}/index.md"
        here = relpath(path, dirname(page) or ".")
        return f"{here}#{self.anchors[system][name]}"

    # Rules

    def rule(self, doc: RuleDoc) -> str:
        page = page_of(doc)
        lines = [f"# {doc.code} {doc.name}", "", escaped(" · ".join(summary_words(doc)))]
        if doc.aliases:
            lines += ["", f"Also {', '.join(map(code, doc.aliases))}."]
        for section in doc.sections:
            lines += ["", f"## {section.heading}"]
            for part in section.parts:
                lines += ["", *self.part(doc, page, section.heading, part)]
        if doc.settings or doc.roles:
            lines += ["", "## Settings", ""]
            lines += [f"- any with the role [{role}](../../roles.md#{role})" for role in doc.roles]
            for system, name in doc.settings:
                if system in self.anchors:
                    title = self.known.systems[system]["title"]
                    lines.append(f"- {escaped(title)}: [{code(name)}]({self.setting_link(system, name, page)})")
        lines += ["", "## See also", "", "- [rules of " + escaped(doc.title) + "](index.md)"]
        lines += [f"- [{name}](../../{page}.md#{name})" for page, name in _groups(doc)]
        return _page(lines)

    def part(self, doc: RuleDoc, page: str, heading: str, part: Prose | Items | Fence) -> list[str]:
        if isinstance(part, Fence):
            ticks = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", part.body) or [""]))
            return [f"{ticks}{part.info}", part.body.rstrip("\n"), ticks]
        if isinstance(part, Items):
            return [f"- {escaped(text)}" for text in part.texts]
        if heading == "References":
            return [_BARE.sub(lambda match: f"<{match[0]}>", part.text)]
        return [self.linked(doc, page, part.text)]

    def linked(self, doc: RuleDoc, page: str, text: str) -> str:
        """Prose whose code spans link to the settings that they name."""
        names = names_of(self.known, doc.system) if doc.system in self.anchors else frozenset()

        def link(match: re.Match[str]) -> str:
            before = text[: match.start()]
            if match[1] not in names or before.endswith("[") or before.count("[") > before.count("]"):
                return match[0]
            return f"[{match[0]}]({self.setting_link(doc.system, match[1], page)})"

        return _SPAN.sub(link, text)


_GONE = (("deprecated", "deprecated in"), ("removed", "removed in"), ("replacement", "now"))


def _groups(doc: RuleDoc) -> list[tuple[str, str]]:
    return [("topics", doc.topic), ("effects", doc.effect), ("severities", doc.severity)]


def _system_facts(catalogue: Catalogue) -> Iterator[str]:
    if catalogue.docs:
        yield f"<{catalogue.docs}>"
    if catalogue.system.get("newest"):
        yield f"known up to version {catalogue.system['newest']}"
    for where, names in places_of(catalogue):
        yield f"{where}: {', '.join(map(code, names))}"


def specs_of(catalogue: Catalogue) -> list[tuple[SettingSpec, list[KindSpec]]]:
    """Each setting of a system once, with the kinds of block that have it."""
    found: dict[int, tuple[SettingSpec, list[KindSpec]]] = {}
    for kind in catalogue.kinds.values():
        for spec in kind.settings.values():
            found.setdefault(id(spec), (spec, []))[1].append(kind)
    return list(found.values())


def anchors_of(catalogue: Catalogue) -> dict[str, str]:
    """Setting -> the anchor of its row (of the first kind of block that has it)."""
    found: dict[str, str] = {}
    for spec, kinds in specs_of(catalogue):
        found.setdefault(spec.name, _anchor_name(f"{kinds[0].name}.{spec.name}"))
    return found


def catalogue_folder(known: Knowledge, system: str) -> str:
    folder: str = known.systems[system]["folder"]
    return folder


def page_of(doc: RuleDoc) -> str:
    return f"rules/{doc.folder}/{doc.name}.md"


def _anchor_name(name: str) -> str:
    return re.sub(r"[^\w.-]", "-", name)


def anchor(name: str) -> str:
    return f'<a id="{_anchor_name(name)}"></a>'


def code(text: str) -> str:
    """A code span, in a table too."""
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}".replace("|", "\\|")


def escaped(text: str) -> str:
    """Plain text as Markdown; what stands between backticks stays as it is."""
    parts = _SPAN.split(text)
    return "".join(f"`{part}`" if at % 2 else _SPECIAL.sub(r"\\\1", part) for at, part in enumerate(parts))


def cell(text: str) -> str:
    """Plain text as the cell of a table."""
    return escaped(" ".join(text.split())).replace("|", "\\|")


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _page(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
