"""Rule pages: ``rules/SYSTEM/NAME.md`` as a card, prose and examples.

A page that says something the card has no word for is refused when it is loaded, with file, line and column.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.findings import EFFECTS, SEVERITIES, TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterator

CARD_KEYS = frozenset(
    "code system severity effect topic on when detect problem at message help fix no_fix since aliases preview versions "
    "options case title related".split()
)
CASE_KEYS = frozenset("name severity effect topic on when detect problem at message help fix no_fix versions".split())
WAYS = ("when", "detect", "problem")
# why a rule has no fix: what is missing is a figure that the user alone knows; a decision between several ways; another
# form of the code; a change elsewhere (another file, machine or version); a sign of what was meant
NO_FIX = ("figure", "choice", "code", "elsewhere", "unclear")
# words of ``fix`` that name no setting: what the finding points at, the name of its setting, whether behaviour changes
FIX_WORDS = frozenset(("here", "name", "unsafe"))
HEADINGS = ("Bad", "Good", "Not reported", "References")
CODE = r"[A-Z]{2,5}\d{3}"
RULE_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_FENCE = re.compile(r"^(?P<ticks>`{3,}|~{3,})(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=ticks)[ \t]*$", re.M | re.S)
_HEADING = re.compile(r"^(#{1,3}) +(.+?) *$", re.M)


class PageError(Exception):
    """A page that cannot be used; ``str()`` is ``path:line:column: message``."""

    def __init__(self, path: str, line: int, column: int, message: str) -> None:
        super().__init__(f"{path}:{line}:{column}: {message}")
        self.path = path
        self.line = line
        self.column = column
        self.message = message


class Example(NamedTuple):
    """One example: its files by name, and the line of the page where it begins."""

    section: str
    line: int
    files: dict[str, str]


class Page(NamedTuple):
    """A page in parts. ``card`` is the TOML table, ``card_line`` the line of its first line in the page."""

    path: str
    name: str
    system: str
    card: dict[str, Any]
    card_line: int
    prose: str
    references: str
    examples: list[Example]
    text: str
    sections: tuple[str, ...]


def parse_page(text: str, path: str, system: str) -> Page:
    """PageError when the page is not of the form that this module's docstring gives."""
    fences = list(_FENCE.finditer(text))
    outside = _without_fences(text, fences)
    headings = list(_HEADING.finditer(outside))
    if not headings or headings[0][1] != "#" or headings[0].start() != 0:
        raise PageError(path, 1, 1, "a page begins with '# rule-name'")
    name = headings[0][2]
    if not re.fullmatch(RULE_NAME, name):
        raise PageError(path, 1, 3, f"{name!r} is no rule name: small letters, digits and single dashes")
    if not fences or not fences[0]["info"].strip().startswith("toml"):
        raise PageError(path, 1, 1, "the card, a ```toml block, is missing")
    card_line = _line_of(text, fences[0].start("body"))
    card = _load_card(fences[0]["body"], path, card_line)
    check_card(card, path, card_line, fences[0]["body"])
    if card.get("system") and system and card["system"] != system:
        raise PageError(path, card_line, 1, f"system = {card['system']!r}, but the folder is that of {system}")
    sections = [heading for heading in headings[1:] if heading[1] == "##"]
    for heading in sections:
        if heading[2] not in HEADINGS:
            line = _line_of(text, heading.start())
            raise PageError(path, line, 4, f"unknown section {heading[2]!r}; sections are {', '.join(HEADINGS)}")
    prose_end = sections[0].start() if sections else len(text)
    references = ""
    for at, heading in enumerate(sections):
        if heading[2] == "References":
            end = sections[at + 1].start() if at + 1 < len(sections) else len(text)
            references = text[heading.end() : end].strip()
    return Page(
        path=path,
        name=name,
        system=system or str(card.get("system", "")),
        card=card,
        card_line=card_line,
        prose=text[fences[0].end() : prose_end].strip(),
        references=references,
        examples=_examples(text, fences[1:], headings),
        text=text,
        sections=tuple(heading[2] for heading in sections),
    )


def _without_fences(text: str, fences: list[re.Match[str]]) -> str:
    """The same text with every fence blanked, so that a ``#`` comment in an example is no heading."""
    parts, done = [], 0
    for fence in fences:
        parts.append(text[done : fence.start()])
        parts.append(re.sub(r"[^\n]", " ", fence[0]))
        done = fence.end()
    parts.append(text[done:])
    return "".join(parts)


def bodies(text: str) -> dict[str, str]:
    """The text under each ``##`` heading of a page, as it stands there."""
    fences = list(_FENCE.finditer(text))
    heads = [mark for mark in _HEADING.finditer(_without_fences(text, fences)) if mark[1] == "##"]
    ends = [mark.start() for mark in heads[1:]] + [len(text)]
    return {mark[2]: text[mark.end() : end].strip() for mark, end in zip(heads, ends, strict=True)}


def split_fences(text: str) -> Iterator[tuple[str, str, str]]:
    """(text before, info, body) of each fence, and the text after the last one with no info and no body."""
    done = 0
    for fence in _FENCE.finditer(text):
        yield text[done : fence.start()].strip(), fence["info"].strip(), fence["body"]
        done = fence.end()
    yield text[done:].strip(), "", ""


def _line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _load_card(body: str, path: str, card_line: int) -> dict[str, Any]:
    import tomli

    try:
        return tomli.loads(body)
    except tomli.TOMLDecodeError as error:
        message = str(error)
        where = re.search(r"\(at line (\d+), column (\d+)\)", message)
        line, column = (card_line + int(where[1]) - 1, int(where[2])) if where else (card_line, 1)
        raise PageError(path, line, column, message.partition(" (at ")[0]) from None


def check_card(card: dict[str, Any], path: str, card_line: int, body: str) -> None:
    """PageError for an unknown key, a missing one, or a word outside the vocabulary."""

    def fail(key: str, message: str) -> PageError:
        match = re.search(rf"^\s*{re.escape(key)}\s*=", body, re.M)
        line = card_line + (_line_of(body, match.end()) - 1 if match else 0)
        return PageError(path, line, 1, message)

    cases: list[dict[str, Any]] = card.get("case", [])
    for table, known, where in ((card, CARD_KEYS, "the card"), *((case, CASE_KEYS, "a case") for case in cases)):
        for key in table:
            if key not in known:
                raise fail(key, f"unknown key {key!r} in {where}; known are {', '.join(sorted(known))}")
    if not re.fullmatch(CODE, str(card.get("code", ""))):
        raise fail("code", "the card needs a code such as PGB012")
    for key, words in (("effect", EFFECTS), ("topic", TOPICS), ("severity", SEVERITIES), ("no_fix", NO_FIX)):
        for table in (card, *cases):
            if key in table and table[key] not in words:
                raise fail(key, f"{key} = {table[key]!r}: one of {', '.join(words)}")
    for case in cases or [{}]:
        lacking = _lacks({**card, **case}, case)
        if lacking is not None:
            raise fail(*lacking)


def _lacks(merged: dict[str, Any], case: dict[str, Any]) -> tuple[str, str] | None:
    """(key, message) for what one form of a rule still needs."""
    for key in ("effect", "topic", "message"):
        if not merged.get(key):
            return key, f"the card needs {key!r}"
    table = case if any(case.get(way) for way in WAYS) else merged
    ways = [way for way in WAYS if table.get(way)]
    return None if len(ways) == 1 else ("when", "the card needs exactly one of when, detect, problem")


def _examples(text: str, fences: list[re.Match[str]], headings: list[re.Match[str]]) -> list[Example]:
    examples: list[Example] = []
    current: Example | None = None
    marks = [(heading.start(), heading[1], heading[2]) for heading in headings]
    section, group = "", -1
    for fence in fences:
        here = [mark for mark in marks if mark[0] < fence.start()]
        heads = [mark for mark in here if mark[1] == "##"]
        head = heads[-1][2] if heads else ""
        at = here[-1][0] if here else -1
        words = fence["info"].split()
        if head not in HEADINGS[:3] or len(words) < 2:
            continue
        name = words[1]
        if current is None or head != section or at != group or name in current.files:
            current = Example(head, _line_of(text, fence.start()), {})
            examples.append(current)
            section, group = head, at
        current.files[name] = fence["body"]
    return examples
