"""A rule's page in parts, its examples' findings among them: one text for ``explain`` and for the site."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.engine.examples import run_example
from poollint.findings import EFFECT_WORDS, SEVERITY_OF_EFFECT
from poollint.knowledge.pages import FIX_WORDS, bodies, parse_page, split_fences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poollint.findings import Finding
    from poollint.knowledge.index import Knowledge
    from poollint.knowledge.pages import Page

TOPICS = {
    "reuse": "connections are opened once and used again",
    "wait": "waits have an end",
    "size": "pools, limits and machines fit each other",
    "order": "of two timeouts the right one comes first",
    "state": "nothing leaks from one client to the next",
    "syntax": "the file says what its author meant",
    "exposure": "who may connect, and what they see",
}


class Prose(NamedTuple):
    """Markdown as its author wrote it."""

    text: str


class Items(NamedTuple):
    """A list of plain texts; backticks mark code."""

    texts: tuple[str, ...]


class Fence(NamedTuple):
    info: str
    body: str


class Section(NamedTuple):
    heading: str
    parts: tuple[Prose | Items | Fence, ...]


class RuleDoc(NamedTuple):
    """What stands on a rule's page. ``settings`` are (system, setting) of those that it speaks of; ``roles``
    those of a rule of no system; ``forms`` the (severity, effect, topic) that it may have, the usual ones first."""

    code: str
    name: str
    system: str
    title: str
    severity: str
    effect: str
    topic: str
    since: str
    versions: str
    preview: bool
    aliases: tuple[str, ...]
    folder: str
    sections: tuple[Section, ...]
    settings: tuple[tuple[str, str], ...]
    roles: tuple[str, ...]
    forms: tuple[tuple[str, str, str], ...]


def rule_doc(known: Knowledge, rule: Mapping[str, Any]) -> RuleDoc:
    """The page of a rule (its brief from the index). OSError, PageError when the page cannot be read."""
    with open(known.page_path(dict(rule)), encoding="utf-8") as handle:
        page = parse_page(handle.read(), rule["name"], rule["system"])
    examples = reported(known, page)
    found = [finding for findings in examples for finding in findings]
    forms = tuple(dict.fromkeys(_forms(page.card)))
    severity, effect, topic = forms[0]
    return RuleDoc(
        code=rule["code"],
        name=rule["name"],
        system=rule["system"],
        title=known.systems.get(rule["system"], {}).get("title", "any system"),
        severity=severity,
        effect=effect,
        topic=topic,
        since=str(page.card.get("since", "")),
        versions=str(page.card.get("versions", "")),
        preview=bool(rule["preview"]),
        aliases=tuple(rule["aliases"]),
        folder=rule["folder"],
        sections=tuple(_sections(page, rule, examples)),
        settings=tuple(_settings(known, page, found)),
        roles=() if page.system else tuple(_roles(known, page)),
        forms=forms,
    )


def _forms(card: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The severity, effect and topic of the card as a whole, where it tells them, and of each of its cases."""
    cases = card.get("case", [])
    for table in ({**card, **case} for case in ([{}] if "effect" in card and "topic" in card else []) + cases):
        effect = table["effect"]
        yield table.get("severity") or SEVERITY_OF_EFFECT[effect], effect, table["topic"]


def reported(known: Knowledge, page: Page) -> list[list[Finding]]:
    """What the rule says of each of its bad examples, in the order of the page."""
    return [
        [finding for finding in run_example(page, example, known) if finding.code == page.card["code"]]
        for example in page.examples
        if example.section == "Bad"
    ]


def _sections(page: Page, rule: Mapping[str, Any], found: list[list[Finding]]) -> Iterator[Section]:
    texts = bodies(page.text)
    yield Section("Why", (Prose(page.prose),))
    reasons = dict.fromkeys(table["no_fix"] for table in (page.card, *page.card.get("case", [])) if "no_fix" in table)
    yield Section("Fix", tuple(_fix([finding for findings in found for finding in findings], reasons)))
    if rule["options"]:
        rows = tuple(
            f"`{name.replace('_', '-')} = {_toml(table.get('default'))}`: {table.get('help', '')}"
            for name, table in rule["options"].items()
        )
        head = Prose(f"Under `[rules.{rule['name']}]` in poollint.toml:")
        yield Section("Thresholds", (head, Items(rows)))
    for heading in ("Bad", "Good", "Not reported"):
        parts = list(_body(texts.get(heading, "")))
        if heading == "Bad":
            files = [len(example.files) for example in page.examples if example.section == "Bad"]
            parts = list(_with_findings(parts, files, found))
        if parts:
            yield Section(heading, tuple(parts))
    if texts.get("References"):
        yield Section("References", (Prose(texts["References"]),))


def _toml(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def _body(text: str) -> Iterator[Prose | Fence]:
    for before, info, body in split_fences(text):
        if before:
            yield Prose(before)
        if info or body:
            yield Fence(info, body)


def _with_findings(parts: list[Prose | Fence], files: list[int], found: list[list[Finding]]) -> Iterator[Prose | Fence]:
    """The bad examples, after each what is said of it; ``files`` are how many files each one has."""
    counts, said = iter(files), iter(found)
    left = next(counts, 0)
    for part in parts:
        yield part
        if isinstance(part, Fence) and len(part.info.split()) > 1:
            left -= 1
            if not left:
                yield Prose("poollint says:")
                yield Fence("text", "".join(map(_said, next(said, []))))
                left = next(counts, 0)


NO_FIX = {
    "figure": "the right figure is yours to know",
    "choice": "there are several ways out",
    "code": "the code has to be built differently",
    "elsewhere": "the change belongs elsewhere",
    "unclear": "nobody can tell what was meant",
}


def _fix(found: list[Finding], reasons: Iterable[str]) -> Iterator[Prose | Items]:
    helps = tuple(dict.fromkeys(each.help for each in found if each.help))
    if helps:
        yield Items(helps)
    fixes = {(each.fix.title, each.fix.safe): None for each in found if each.fix is not None}
    if fixes:
        yield Prose("poollint can do it:")
        option = {True: "--fix", False: "--fix --unsafe-fixes"}
        yield Items(tuple(f"{title} (`poollint check {option[safe]}`)" for title, safe in fixes))
    elif not helps:
        yield Prose("Write it as under Good.")
    if reasons:
        also = " in every case" if fixes else ""
        yield Prose(f"`--fix` cannot do it{also}: {', or '.join(NO_FIX[each] for each in reasons)}.")


def _said(finding: Finding) -> str:
    lines = [f"{finding.path}:{finding.line}:{finding.column}: {finding.severity}: {finding.message}"]
    if finding.help:
        lines.append(f"    help: {finding.help}")
    for each in finding.related:
        place = f"{each.path}:{each.line}:{each.column}: " if each.path else ""
        lines.append(f"    see: {place}{each.message}")
    return "\n".join(lines) + "\n"


_WORD = re.compile(r"[A-Za-z_][\w.-]*")
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def _settings(known: Knowledge, page: Page, found: list[Finding]) -> Iterator[tuple[str, str]]:
    """The settings that a rule speaks of: in its card, in its findings, as code in its prose; each once."""
    seen: dict[tuple[str, str], None] = {}
    for finding in found:
        if finding.setting in names_of(known, finding.system):
            seen[finding.system, finding.setting] = None
    if page.system:
        names = names_of(known, page.system)
        for word in (*_card_words(page.card), *(match[1].strip() for match in _SPAN.finditer(page.prose))):
            if word in names:
                seen[page.system, word] = None
    yield from seen


def _roles(known: Knowledge, page: Page) -> list[str]:
    names = {role for system in known.systems for kind in known.catalogue(system).kinds.values() for role in kind.roles}
    return [word for word in dict.fromkeys(_card_words(page.card)) if word in names]


def names_of(known: Knowledge, system: str) -> frozenset[str]:
    """The settings that a system's catalogue names."""
    if system not in known.systems:
        return frozenset()
    return frozenset(name for kind in known.catalogue(system).kinds.values() for name in kind.settings)


def _card_words(card: Mapping[str, Any]) -> Iterator[str]:
    for table in (card, *card.get("case", ())):
        yield from (name for name in table.get("fix", {}) if name not in FIX_WORDS)
        for key in ("at", "when"):
            yield from _WORD.findall(str(table.get(key, "")))


def summary_words(doc: RuleDoc) -> list[str]:
    """The line under a page's title, in parts."""
    words = [doc.severity, f"effect: {doc.effect} ({EFFECT_WORDS[doc.effect]})"]
    others = dict.fromkeys(effect for _, effect, _ in doc.forms if effect != doc.effect)
    if others:
        words.append(f"in some forms: {', '.join(others)}")
    words += [f"topic: {doc.topic}", doc.title]
    if doc.versions:
        words.append(f"versions {doc.versions}")
    if doc.since:
        words.append(f"since poollint {doc.since}")
    if doc.preview:
        words.append("preview")
    return words


def for_terminal(doc: RuleDoc, status: str) -> str:
    """The page as ``explain`` prints it; ``status`` tells whether the rule is active here."""
    lines = [f"{doc.code} {doc.name}", " · ".join([*summary_words(doc), status])]
    if doc.aliases:
        lines.append(f"also {', '.join(doc.aliases)}")
    for section in doc.sections:
        lines += ["", f"{section.heading}:"]
        for part in section.parts:
            lines += _terminal_part(part, lines[-1])
    if doc.settings or doc.roles:
        lines += ["", "Settings:", *(f"- {system}.{name}" for system, name in doc.settings)]
        lines += [f"- any with the role {role}" for role in doc.roles]
    return "\n".join(lines)


def _terminal_part(part: Prose | Items | Fence, before: str) -> Iterable[str]:
    if isinstance(part, Prose):
        return [*([""] if before.startswith("  ") else []), part.text]
    if isinstance(part, Items):
        return [f"- {text}" for text in part.texts]
    words = part.info.split()
    head = [f"  # {words[1]}"] if len(words) > 1 else []
    body = [f"  {line}".rstrip() for line in part.body.rstrip("\n").split("\n")]
    return [*([""] if before.startswith("  ") else []), *head, *body]
