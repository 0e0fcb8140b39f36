"""The messages of rule pages: text with ``{expression}`` in the condition language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED, Block, Setting, UnknownValueError
from poollint.engine.conditions import Condition, ConditionError

if TYPE_CHECKING:
    from collections.abc import Collection

    from poollint.engine.conditions import Env

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SIMPLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)?")
MESSAGE_NAMES = ("setting", "raw", "value", "block", "default")


class Template:
    """A message, compiled on first use."""

    __slots__ = ("_parts", "known", "text")

    def __init__(self, text: str, known: Collection[str] | None = None) -> None:
        self.text = text
        self.known = known
        self._parts: list[str | Condition] | None = None

    def parts(self) -> list[str | Condition]:
        """Literal texts and compiled expressions in turn. ConditionError for a bad placeholder."""
        if self._parts is None:
            parts: list[str | Condition] = []
            done = 0
            for match in _PART.finditer(self.text):
                parts.append(self.text[done : match.start()])
                done = match.end()
                token = match[0]
                if token in ("{{", "}}"):
                    parts.append(token[0])
                elif match[1] is None:
                    raise ConditionError("a lone brace; write {{ or }}", match.start() + 1)
                else:
                    try:
                        parts.append(Condition(match[1], self.known))
                    except ConditionError as error:
                        raise ConditionError(error.message, match.start() + 1 + error.column) from None
            parts.append(self.text[done:])
            self._parts = parts
        return self._parts

    def render(self, env: Env, setting: Setting | None = None) -> str:
        """The message; a placeholder whose value is not known reads ``an unknown value``."""
        if "{" not in self.text and "}" not in self.text:
            return self.text
        return "".join(part if isinstance(part, str) else _render(part, env, setting) for part in self.parts())


def _render(part: Condition, env: Env, setting: Setting | None) -> str:
    text = part.text.strip()
    values = env.values
    if values is None or text not in values:
        if setting is not None:
            if text == "setting":
                return setting.key
            if text == "raw":
                return setting.raw if setting.raw or setting.origin == "explicit" else format_setting(setting)
            if text == "value":
                return format_setting(setting)
        if text == "block" and env.block is not None:
            return env.block.name
        found = _setting_of(env.block, text) if _SIMPLE.fullmatch(text) else None
        if found is not None:
            return format_setting(found)
    try:
        return format_value(part.evaluate(env))
    except (UnknownValueError, TypeError, ZeroDivisionError, AttributeError):
        return "an unknown value"


def _setting_of(block: Block | None, text: str) -> Setting | None:
    """The setting that ``name`` or ``link.name`` names, so that its value is shown with its unit."""
    if block is None:
        return None
    holder, _, name = text.rpartition(".")
    if holder:
        linked = block.links.get(holder)
        if not isinstance(linked, Block):
            return None
        block = linked
    return block.get(name) or block.by_role(name)


def format_setting(setting: Setting) -> str:
    """A setting's value with its unit, as a message shows it."""
    value, spec = setting.value, setting.spec
    if value is UNKNOWN:
        return "an unknown value"
    if value is None:
        return "not set"
    if spec is not None and isinstance(value, (int, float)) and not isinstance(value, bool) and value != UNLIMITED:
        if spec.type == "duration":
            return format_duration(value)
        if spec.type == "size":
            return format_size(value)
        if spec.type == "mode":
            return f"0{int(value):o}"
    return format_value(value)


def format_value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        if value == UNLIMITED:
            return "unlimited"
        return f"{value:g}" if abs(value) < 1e15 else repr(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(format_value(each) for each in value)
    if isinstance(value, Block):
        return value.name
    return str(value)


def format_duration(seconds: float) -> str:
    """``600 s``, ``500 ms``: the number as the field writes it."""
    if 0 < abs(seconds) < 1:
        return f"{seconds * 1000:g} ms"
    return f"{seconds:g} s" if abs(seconds) < 1e6 else f"{int(seconds)} s"


def format_size(size: float) -> str:
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if size >= factor and size % factor == 0:
            return f"{size / factor:g} {unit}"
    return f"{size:g} bytes"
