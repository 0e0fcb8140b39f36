"""The ``fix`` of a rule's card as edits.

``NAME = "text"`` writes a setting (by its name or its role), beside the others where it is not written yet;
``NAME = false`` takes it away. ``here = "text"`` writes what the finding points at: the value of a setting, else the very
text; ``here = false`` takes it away. ``name = "text"`` gives the setting at hand another name. Texts are templates as
messages are: one that lacks a value gives no fix. A time (``"10s"``) is written in the unit of the setting where that
takes plain numbers. ``unsafe = true``: the program may do something else afterwards.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import Edit, Fix
from poollint.engine.detectors.nginx_edits import removal
from poollint.engine.edits import (
    adding,
    behind_word,
    below_header,
    into_call,
    into_literal,
    is_literal,
    item_at,
    item_of,
    language_of,
    lone_line,
    removing,
    replacing,
)
from poollint.engine.messages import Template
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poollint.blocks import Block, Setting
    from poollint.engine.conditions import Env
    from poollint.knowledge.catalogue import SettingSpec
    from poollint.knowledge.index import Knowledge

SECONDS = {"us": 1e-6, "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
_TIME = re.compile(r"(\d+(?:\.\d+)?) ?(us|ms|s|min|h|d)")
_UNKNOWN = "an unknown value"
_WORDS_OF_MESSAGES = ("unlimited", "not set", "on", "off")
_PLACEHOLDER = re.compile(r"\$\{|\{\{|\{%|<%|\$\(|%\(|#\{")
# systems whose files take times with their units as they are written in a card
AS_WRITTEN = frozenset(("nginx", "apache", "postgresql", "pgbouncer"))
GO_UNITS = (("h", "time.Hour"), ("min", "time.Minute"), ("s", "time.Second"), ("ms", "time.Millisecond"))


def card_fix(
    words: Mapping[str, Template | bool],
    block: Block | None,
    env: Env,
    setting: Setting | None,
    place: Place,
    knowledge: Knowledge,
    *,
    safe: bool,
) -> Fix | None:
    """The edits that a card's ``fix`` asks for, all of them or none."""
    edits: list[Edit] = []
    titles: list[str] = []
    for name, word in words.items():
        text = word if isinstance(word, bool) else word.render(env, setting)
        if isinstance(word, Template) and not _is_whole(word.text, str(text)):
            return None
        if setting is not None and setting.raw.endswith("...") and "..." in str(text):
            return None  # a long value of which only the beginning is kept
        made = _edit(name, text, block, setting, place, knowledge)
        if made is None:
            return None
        edits.append(made[0])
        titles.append(made[1])
    return Fix("; ".join(titles), tuple(edits), safe=safe) if edits else None


def _is_whole(template: str, text: str) -> bool:
    """Whether a text has all its values, and none that is only a word of messages (``unlimited``)."""
    if template and not text.strip():
        return False
    return "{" not in template or (_UNKNOWN not in text and text not in _WORDS_OF_MESSAGES)


def _edit(
    name: str, text: str | bool, block: Block | None, setting: Setting | None, place: Place, knowledge: Knowledge
) -> tuple[Edit, str] | None:
    """One edit and the words that say what it does."""
    if name == "here" and setting is None:
        return _rewritten(place, text, block) if isinstance(text, str) else _without(place, block)
    if name == "name":
        return _renamed(setting, text, block)
    if block is None:
        return None
    found = setting if name == "here" else block.get(name) or block.by_role(name)
    if found is None:
        return None
    if isinstance(text, bool):
        item = item_of(found, block.system)
        edit = removing(item) if item is not None else None
        return (edit, f"remove {found.key}") if edit is not None else None
    value = value_text(found.spec, text, block)
    if value is None:
        return None
    if found.origin != "default":
        return _written(found, value, block)
    is_command = block.facts.get("source_kind") == "command"
    edit = (None if is_command else adding(block, found.name, value)) or _first(block, found.name, value, knowledge)
    return (edit, f"add {found.name} = {value}") if edit is not None else None


def _renamed(setting: Setting | None, name: str | bool, block: Block | None) -> tuple[Edit, str] | None:
    """Another name for a setting, unless there is one of that name already."""
    if setting is None or setting.key_place is None or setting.origin != "explicit" or isinstance(name, bool):
        return None
    if block is not None and block.settings.get(name, setting) is not setting:
        return None
    return Edit(setting.key_place, _in_quotes(setting.key_place.text, name)), f"write {name}"


def _in_quotes(old: str, text: str) -> str:
    quote = old[:1] if old[:1] in ("'", '"') and old[-1:] == old[:1] else ""
    return quote + text + quote


def _option_at(place: Place, block: Block | None) -> tuple[str, Any] | None:
    """The option that the catalogue does not know, of which the name stands at a place."""
    for fact in ("unknown_options", "other_options"):
        for name, entry in (block.facts.get(fact) or {}).items() if block is not None else ():
            if entry.key_place == place:
                return name, entry
    return None


def _rewritten(place: Place, text: str, block: Block | None) -> tuple[Edit, str] | None:
    """Another text at a place; quotes stay, as does what ``--flag=`` gives, and an option is named as on its level."""
    old = place.text
    if _PLACEHOLDER.search(old):
        return None
    option = _option_at(place, block)
    if option is not None:
        above = option[0][: len(option[0]) - len(old.strip("\"'"))]
        if "." not in text:
            above = ""
        elif not text.startswith(above):
            return None
        text = text[len(above) :]
        if block is not None and above + text in block.settings:
            return None  # it is written already
        if (
            language_of(place.source) == "javascript"
            and not re.fullmatch(r"[A-Za-z_$][\w$]*", text)
            and old[:1] not in "\"'"
        ):
            text = f"'{text}'"
    if not text:
        return Edit(_with_blank(place), ""), f"remove {old}"
    flag, equals, value = old.partition("=")
    if flag.startswith("--") and equals and "=" not in text:
        text += equals + value
    return Edit(place, _in_quotes(old, text)), f"write {text}"


def _with_blank(place: Place) -> Place:
    """A word and the blanks before it, where something stands behind both."""
    text = place.source.text
    start = place.start
    while start and text[start - 1] in " \t":
        start -= 1
    follows = text[place.end : place.end + 1] in (" ", "\t", ";", "\n", "\r", "")
    return Place(place.source, start, place.end) if follows and text[start - 1 : start] != "\n" else place


def _without(place: Place, block: Block | None) -> tuple[Edit, str] | None:
    """Away with an option that the catalogue does not know, or with the line that begins at a place."""
    option = _option_at(place, block)
    if option is not None:
        item = item_at(place, option[1].value.place)
        edit = removing(item) if item is not None else None
    elif block is not None and block.system == "nginx":
        edit = removal(place, place)
    else:
        line = lone_line(place)
        edit = Edit(line, "") if line is not None else None
    return (edit, f"remove {place.text.splitlines()[0][:40]}") if edit is not None and place.text else None


def _written(found: Setting, value: str, block: Block) -> tuple[Edit, str] | None:
    """Another value for a setting that is written here."""
    if found.place is None or found.origin != "explicit":
        return None
    title = f"write {found.key} = {value}"
    if found.place == found.key_place:  # --threads=8
        flag = re.fullmatch(r"(--[\w-]+=|-\w=?)[^\s\"']+", found.place.text)
        return (Edit(found.place, flag[1] + value), title) if flag is not None else None
    if _PLACEHOLDER.search(found.place.text) and found.place.text not in value:
        return None
    literal = is_literal(found.place.text) or found.place.text in value
    if language_of(found.place.source) and (not literal or item_of(found, block.system) is None):
        return None
    return replacing(found.place, value), title


def value_text(spec: SettingSpec | None, text: str, block: Block) -> str | None:
    """A card's text as the file at hand writes such a value; None when it cannot."""
    time = _TIME.fullmatch(text)
    if spec is None or spec.type != "duration" or time is None or block.system in AS_WRITTEN:
        return text
    language = language_of(block.place.source)
    if language == "go" and spec.unit == "ns":
        unit = dict(GO_UNITS).get(time[2])
        return f"{time[1]} * {unit}" if unit and '"time"' in block.place.source.text else None
    factor = SECONDS.get(spec.unit)
    return f"{float(time[1]) * SECONDS[time[2]] / factor:.9g}" if factor else None


def _first(block: Block, name: str, value: str, knowledge: Knowledge) -> Edit | None:
    """A setting in a block that has none written which could be a model."""
    if "." in name:
        return None
    if re.match(r"\[", block.place.text):
        return below_header(block.place, name, value)
    table = _found_table(block, knowledge)
    if table is None:
        return None
    if table.get("command"):
        flags = [flag for flag, meant in table.get("flags", {}).items() if meant == name]
        flag = max(flags, key=len, default="")
        last = max(
            (each.place for each in block.settings.values() if each.place), key=lambda place: place.end, default=None
        )
        return behind_word(last or block.place, flag, value) if flag else None
    options = table.get("options", "keywords")
    renamed = {meant: spelt for spelt, meant in table.get("rename", {}).items()}
    if options == "keywords" and language_of(block.place.source) == "python":
        return into_call(block.place, None, renamed.get(name, name), value)
    language = language_of(block.place.source)
    if language == "go":
        return into_literal(block.place, f"{name}: {value}")
    if language != "javascript":
        return None
    at = options if isinstance(options, int) else max(options) if isinstance(options, list) else None
    return into_call(block.place, at, renamed.get(name, name), value) if at is not None else None


def _found_table(block: Block, knowledge: Knowledge) -> Mapping[str, Any] | None:
    """The ``[[found]]`` table that a block of code or of a command line came from."""
    callee = str(block.facts.get("callee", ""))
    module, _, construct = callee.rpartition(".")
    for table in knowledge.systems.get(block.system, {}).get("found", ()):
        if block.facts.get("source_kind") == "command":
            if table.get("command"):
                return dict(table)
            continue
        modules, constructs = table.get("module", ""), table.get("construct", ())
        if callee and construct in constructs and (module == modules or module in modules or table.get("local")):
            return dict(table)
    return None
