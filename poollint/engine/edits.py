"""Edits of one setting, whatever its format: another value, the whole of it gone, a new one beside it.

What stands around a setting tells how it is set apart: by lines (``key = value``, a statement of code), by commas (an
object, keyword arguments, JSON), by blanks (``ttl=4 max=8``), or by nginx's semicolons. A new setting is a copy of one
that stands there, with another name and value, so that it looks as its author writes. None wherever the text leaves
a doubt.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.blocks import Edit, Setting
from poollint.engine.detectors.nginx_edits import insert_after, removal
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from poollint.blocks import Block
    from poollint.source import Source

    Shape = Literal["line", "list", "words", "statement"]

# the language of a file of code, by its extension: what can stand in it and how comments begin
CODE = {
    ".py": "python", ".js": "javascript", ".cjs": "javascript", ".mjs": "javascript", ".jsx": "javascript",
    ".ts": "javascript", ".cts": "javascript", ".mts": "javascript", ".tsx": "javascript", ".java": "java", ".go": "go",
}  # fmt: skip
COMMENTS = {"python": r"#[^\n]*", "javascript": r"//[^\n]*|/\*.*?\*/", "java": r"//[^\n]*|/\*.*?\*/"}
_LITERALS = frozenset("True False None true false null undefined nil Infinity NaN Number.POSITIVE_INFINITY".split())
_GLUE = re.compile(r"""["'`\]]?\)?\s*(?:=>|:=|[=:(])?\s*["'`]?""")
_STRING = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"
_SIGN = re.compile(_STRING + r"|(?P<open>[(\[{])|(?P<close>[)\]}])|.", re.S)
_BEFORE_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?")
_BEFORE_CODE = re.compile(r"[ \t]*(?:[\w$]+(?:\.[\w$]+)*\.)?")
_AFTER_LINE = re.compile(r"[ \t]*\r?(?:[ \t]#.*)?")
_BLANK = re.compile(r"[ \t]*")


class Item(NamedTuple):
    """The stretch of one setting with all that belongs to it, and how it is set apart from its neighbours."""

    source: Source
    start: int
    end: int
    key: Place
    value: Place
    shape: Shape


def language_of(source: Source) -> str:
    """The language of a file of code; empty for a file of settings."""
    return CODE.get(os.path.splitext(source.path)[1].lower(), "")


def item_of(setting: Setting, system: str = "") -> Item | None:
    """Where a written setting stands as a whole; None when that cannot be told from the text around it."""
    key, value = setting.key_place, setting.place
    if key is None or value is None or setting.origin != "explicit" or key.source is not value.source:
        return None
    return item_at(key, value, system)


def item_at(key: Place, value: Place, system: str = "") -> Item | None:
    """The same of a key and its value."""
    source = key.source
    text = source.text
    if system == "nginx":
        return Item(source, key.start, value.end, key, value, "statement")
    if key.end > value.start or not _GLUE.fullmatch(text[key.end : value.start]):
        return None
    if not _balanced(text[key.start : value.end].replace("(", "", 1) if _is_call(key) else text[key.start : value.end]):
        return None
    start, end = _with_quotes(text, key, value)
    language = language_of(source)
    shape = _code_shape(text, start, end, language) if language else _shape(text, start, end)
    if shape == "line" and language:
        end = _statement(text, end, called=_is_call(key))
    return Item(source, start, end, key, value, shape) if shape is not None else None


def _is_call(key: Place) -> bool:
    """Whether the name is that of a method that sets: ``setIdleTimeout(5)``."""
    return key.source.text[key.end : key.end + 1] == "("


def _balanced(text: str) -> bool:
    depth = 0
    for match in _SIGN.finditer(text):
        depth += (match["open"] is not None) - (match["close"] is not None)
        if depth < 0:
            return False
    return depth == 0


def _with_quotes(text: str, key: Place, value: Place) -> tuple[int, int]:
    """Quotes around the key and around the value belong to the item."""
    start, end = key.start, value.end
    if start and text[start - 1] in "\"'" and text[key.end : key.end + 1] == text[start - 1]:
        start -= 1
    if value.start and text[value.start - 1] in "\"'" and text[end : end + 1] == text[value.start - 1]:
        end += 1
    return start, end


def _line(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the lines of a stretch begin and end, the line end left out."""
    last = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, len(text) if last < 0 else last


def _indent(text: str, first: int) -> str:
    match = _BLANK.match(text, first)
    return match[0] if match is not None else ""


def _back(text: str, at: int) -> int:
    """The offset behind the last sign before ``at`` that is no blank."""
    while at and text[at - 1].isspace():
        at -= 1
    return at


def _sign_before(text: str, at: int) -> str:
    at = _back(text, at)
    return text[at - 1 : at] if at else ""


def _sign_after(text: str, at: int) -> str:
    while at < len(text) and text[at].isspace():
        at += 1
    return text[at : at + 1]


def _code_shape(text: str, start: int, end: int, language: str) -> Shape | None:
    following, before = _next(text, end, language), _sign_before(text, start)
    if following in (",", ")", "}") and (before in (",", "(", "{") or _behind_comment(text, start, language)):
        return "list"
    first, last = _line(text, start, end)
    comment = COMMENTS.get(language, COMMENTS["java"])
    if _BEFORE_CODE.fullmatch(text[first:start]) and re.fullmatch(
        rf"\)?[ \t]*;?[ \t\r]*(?:{comment})?", text[end:last]
    ):
        return "line"
    return None


def _behind_comment(text: str, start: int, language: str) -> bool:
    """Whether a line of comment stands before, on the line above, behind a comma or at the beginning of the list."""
    last = _back(text, start)
    above = text[text.rfind("\n", 0, last) + 1 : last]
    sign = "#" if language == "python" else "//"
    code, found, _ = above.partition(sign)
    return (
        bool(found)
        and code.rstrip()[-1:] in ("", ",", "(", "{")
        and not text[_line(text, start, start)[0] : start].strip()
    )


def _next(text: str, end: int, language: str) -> str:
    match = re.compile(rf"(?:\s|{COMMENTS.get(language, COMMENTS['java'])})*", re.S).match(text, end)
    at = match.end() if match is not None else end
    return text[at : at + 1]


def _statement(text: str, end: int, *, called: bool) -> int:
    match = re.compile(r"\)?[ \t]*;?" if called else r"[ \t]*;?").match(text, end)
    return match.end() if match is not None and match[0].strip() else end


def _shape(text: str, start: int, end: int) -> Shape | None:
    first, last = _line(text, start, end)
    if _BEFORE_LINE.fullmatch(text[first:start]) and _AFTER_LINE.fullmatch(text[end:last]):
        return "line"
    before, after = _sign_before(text, start), _sign_after(text, end)
    if before in (",", "{", "[") and after in (",", "}", "]"):
        return "list"
    if text[start - 1 : start] in (" ", "\t") and (end == len(text) or text[end] in " \t\r\n"):
        return "words"
    return None


def is_literal(text: str) -> bool:
    """Whether a value of code is written out, so that another one may stand for it."""
    names = re.findall(r"(?<![\w.])[A-Za-z_$][\w$.]*", text)
    return text[:1] in "\"'" or all(name in _LITERALS or name.startswith("time.") for name in names)


def lone_line(place: Place) -> Place | None:
    """The line that begins at a place, where it is a whole setting: nothing joins the next line to it."""
    text = place.source.text
    first, last = _line(text, place.start, place.start)
    following = text[last + 1 : _line(text, last + 1, last + 1)[1]]
    before = text[first : place.start]
    deeper = len(following) - len(following.lstrip(" \t-")) > len(before) and following.strip()
    if language_of(place.source) or before.strip() or text[first:last].rstrip("\r").endswith("\\"):
        return None
    yaml = place.source.path.endswith((".yml", ".yaml"))
    if yaml and (deeper or re.search(r":\s*(?:[|>][+-]?\d?\s*)?(?:#.*)?$", text[place.start : last].rstrip())):
        return None
    return Place(place.source, first, min(last + 1, len(text)))


# Another value, no setting at all


def replacing(place: Place, text: str) -> Edit:
    """Another text; where quotes of a file of settings stand around the old one, they stay."""
    old = place.text
    if not old and place.source.text[place.start - 1 : place.start] == "=":
        return Edit(place, " " + text)
    if (
        not language_of(place.source)
        and len(old) > 1
        and old[0] == old[-1]
        and old[0] in "\"'"
        and text[:1] not in "\"'"
    ):
        text = old[0] + text + old[0]
    return Edit(place, text)


def removing(item: Item) -> Edit | None:
    """The edit that takes a setting away, with its line where it has one, and with the comma that set it apart."""
    text = item.source.text
    first, last = _line(text, item.start, item.end)
    if item.shape == "statement":
        return removal(item.key, item.value)
    if item.shape == "line":
        if language_of(item.source) and not text[first : item.key.start].strip() and _is_used(item.key):
            return None
        return Edit(Place(item.source, first, min(last + 1, len(text))), "")
    if item.shape == "words":
        start = item.start
        while start and text[start - 1] in " \t":
            start -= 1
        return Edit(Place(item.source, start, item.end), "")
    return _from_list(item, first, last)


def _is_used(key: Place) -> bool:
    """Whether a variable of a file of code stands there a second time."""
    return len(re.findall(rf"\b{re.escape(key.text)}\b", key.source.text)) > 1


def _from_list(item: Item, first: int, last: int) -> Edit | None:
    text, start, end = item.source.text, item.start, item.end
    alone = not text[first:start].strip()
    comma = re.compile(r"[ \t]*,").match(text, end)
    if comma is not None:
        end = comma.end()
        if alone and not text[end:last].strip():
            return Edit(Place(item.source, first, min(last + 1, len(text))), "")
        blank = _BLANK.match(text, end)
        return Edit(Place(item.source, start, blank.end() if blank is not None else end), "")
    if _sign_after(text, end) not in (")", "}", "]"):
        return None  # a comment stands between it and its comma
    left = _back(text, start)
    if text[left - 1 : left] == ",":
        return Edit(Place(item.source, left - 1, end), "")
    if alone and not text[end:last].strip():
        return Edit(Place(item.source, first, min(last + 1, len(text))), "")
    return Edit(Place(item.source, start, end), "") if text[left - 1 : left] in ("(", "{", "[") else None


# A new setting


def models(block: Block) -> Iterator[Setting]:
    """The settings that are written in a block, and the options that the catalogue has no rule for."""
    yield from block.settings.values()
    for fact in ("other_options", "unknown_options"):
        for name, entry in (block.facts.get(fact) or {}).items():
            yield Setting(name, None, place=entry.value.place, key_place=entry.key_place)


def adding(block: Block, name: str, text: str) -> Edit | None:
    """The edit that writes a setting beside the last one that its block has; None when none there can be copied."""
    prefix = name.rpartition(".")[0]
    best: tuple[int, Setting, Item] | None = None
    for setting in models(block):
        if setting.name.rpartition(".")[0] != prefix:
            continue
        item = item_of(setting, block.system)
        if item is not None and (best is None or item.start > best[0]) and _renamed(setting, name) is not None:
            best = item.start, setting, item
    if best is None:
        return None
    _, model, item = best
    key = _renamed(model, name)
    assert key is not None
    return beside(item, key, text)


def beside(item: Item, key: str, text: str) -> Edit | None:
    """A copy of an item with another key and value, right behind it."""
    source = item.source
    whole = source.text
    old = item.value.text
    if not language_of(source) and len(old) > 1 and old[0] == old[-1] and old[0] in "\"'" and text[:1] not in "\"'":
        text = old[0] + text + old[0]
    copy = (
        whole[item.start : item.key.start] + key + whole[item.key.end : item.value.start] + text
        + whole[item.value.end : item.end]
    )  # fmt: skip
    first, last = _line(whole, item.start, item.end)
    if item.shape == "statement":
        return insert_after(item.value, f"{key} {text};")
    if item.shape == "words":
        return Edit(Place(source, item.end, item.end), " " + copy)
    if item.shape == "line":
        at = last - 1 if whole.endswith("\r", 0, last) else last
        return Edit(Place(source, at, at), "\n" + whole[first : item.start] + copy)
    alone = not whole[first : item.start].strip()
    glue = "\n" + whole[first : item.start] if alone else " "
    comma = re.compile(r"[ \t]*,").match(whole, item.end)
    if comma is None:
        return Edit(Place(source, item.end, item.end), "," + glue + copy)
    if not alone:
        return Edit(Place(source, comma.end(), comma.end()), glue + copy + ",")
    rest = whole[comma.end() : last].strip()
    at = last - 1 if whole.endswith("\r", 0, last) else last
    if rest and not rest.startswith(("//", "#")):
        at = comma.end()
    return Edit(Place(source, at, at), glue + copy + ",")


def _renamed(model: Setting, name: str) -> str | None:
    """The key of a new setting, spelt as the model's key is; None when that has a spelling of its own."""
    assert model.key_place is not None
    text, known, new = model.key_place.text, model.name.rpartition(".")[2], name.rpartition(".")[2]
    quote = text[-1:] if text[-1:] in ("'", '"') else ""
    body = text[: -len(quote)] if quote else text
    for style in (str, _dashed, _snake, _flat, _capital):
        spelt = style(known)
        if (
            body == spelt
            or (body.endswith(spelt) and not body[: -len(spelt)][-1:].isalnum())
            or (style is _capital and body == "set" + spelt)
        ):
            return body[: len(body) - len(spelt)] + style(new) + quote
    return None


def _dashed(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _snake(name: str) -> str:
    return _dashed(name).replace("-", "_")


def _flat(name: str) -> str:
    return name.replace("_", "").upper()


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


# A new setting where none stands yet


def into_call(place: Place, argument: int | None, key: str, text: str) -> Edit | None:
    """A new option in the call whose callee is at ``place``: a keyword argument (Python), or, where ``argument`` tells
    which one holds the options, an object with it, if the call ends before that argument."""
    source = place.source
    whole = source.text
    opening = re.compile(r"\s*\(").match(whole, place.end)
    if opening is None:
        return None
    arguments = list(_arguments(whole, opening.end()))
    if not arguments:
        return None
    close = arguments.pop()[1]
    given = [each for each in arguments if whole[each[0] : each[1]].strip()]
    if any(re.search(r"//|#|/\*", re.sub(_STRING, "", whole[start:end])) for start, end in given):
        return None
    if argument is None:
        option = f"{key}={text}"
    elif argument < len(given):
        return into_object(source, *given[argument], f"{key}: {text}")
    elif argument != len(given):
        return None
    else:
        option = f"{{ {key}: {text} }}"
    if not given:
        return Edit(Place(source, opening.end(), close), option)
    end = _back(whole, given[-1][1])
    last = given[-1][0] + len(whole[given[-1][0] : end]) - len(whole[given[-1][0] : end].lstrip())
    first = _line(whole, last, last)[0]
    alone = not whole[first:last].strip()
    return Edit(Place(source, end, end), "," + ("\n" + whole[first:last] if alone else " ") + option)


def into_object(source: Source, start: int, end: int, option: str) -> Edit | None:
    """A new option at the end of an object that is written out between ``start`` and ``end``."""
    whole = source.text
    inside = whole[start:end].strip()
    if not (inside.startswith("{") and inside.endswith("}")) or "`" in inside:
        return None
    opening = whole.index("{", start)
    close = whole.rindex("}", start, end)
    last = _back(whole, close)
    if last == opening + 1:
        return Edit(Place(source, opening + 1, close), f" {option} ")
    first = _line(whole, last, last)[0]
    alone = "\n" in whole[last:close]
    indent = _indent(whole, first) if alone else ""
    comma = "" if whole[last - 1] == "," else ","
    return Edit(Place(source, last, last), comma + ("\n" + indent if alone else " ") + option)


def into_literal(place: Place, option: str) -> Edit | None:
    """A new field at the beginning of a literal of Go whose type stands at ``place``."""
    source, text = place.source, place.source.text
    opening = re.compile(r"[ \t]*\{").match(text, place.end)
    if opening is None:
        return None
    line = re.compile(r"[ \t]*(?://[^\n]*)?\n([ \t]*)").match(text, opening.end())
    if line is not None and not text.startswith("}", line.end()):
        return Edit(Place(source, line.end(), line.end()), f"{option},\n{line[1]}")
    following = _sign_after(text, opening.end())
    if line is not None:
        return None
    return Edit(Place(source, opening.end(), opening.end()), option + ("" if following == "}" else ", "))


def _arguments(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The stretches between the commas of a call, and at last where it closes; nothing when it does not close."""
    found: list[tuple[int, int]] = []
    depth, begin = 0, start
    for match in _SIGN.finditer(text, start):
        if match["open"] is not None:
            depth += 1
        elif match["close"] is not None:
            if depth == 0:
                found += [(begin, match.start()), (match.start(), match.start())]
                yield from found
                return
            depth -= 1
        elif match[0] == "," and depth == 0:
            found.append((begin, match.start()))
            begin = match.end()


def behind_word(place: Place, flag: str, text: str) -> Edit | None:
    """Another option behind a word of a command line, in the quotes of a JSON list where it stands in one."""
    source, end = place.source, place.end
    if place.text[:1] == '"' and place.text[-1:] == '"':
        return Edit(Place(source, end, end), f', "{flag}", "{text}"')
    if source.text[end : end + 1] not in ("", " ", "\t", "\n", "\r"):
        return None
    return Edit(Place(source, end, end), f" {flag} {text}")


def below_header(place: Place, key: str, text: str) -> Edit | None:
    """A new line of an INI section under its header."""
    source = place.source
    _, last = _line(source.text, place.start, place.end)
    if not re.fullmatch(r"\[[^\]\n]+\]", place.text) or source.text[place.end : last].strip():
        return None
    at = last - 1 if source.text[:last].endswith("\r") else last
    return Edit(Place(source, at, at), f"\n{key} = {text}")
