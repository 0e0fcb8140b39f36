"""ProxySQL: variables and servers, from proxysql.cnf or from statements of the admin interface.

A statement changes tables in memory alone; ``LOAD … TO RUNTIME`` makes the proxy work by them, ``SAVE … TO DISK`` keeps
them over a restart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, UNLIMITED, Block, Setting
from poollint.formats.proxysql_cnf import Group, Statement, Token, groups, statements
from poollint.readers.base import ReadContext, Reading
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.knowledge.catalogue import SettingSpec
    from poollint.source import Source

_OPEN = re.compile(r"\$\{|\{\{|\{%|<%|@[A-Z_]+@|__[A-Z]\w*__|\$[A-Z_]|%\(")
_NUMBER = re.compile(r"[+-]?\d{1,18}")
_WORDS = {"true": True, "1": True, "false": False, "0": False}


def read(source: Source, context: ReadContext) -> Reading:
    """The variables and servers that a file sets."""
    reader = _Reader(source, context)
    is_statements = source.path.endswith(".sql") or not any(each.name.startswith("mysql_") for each in groups(source))
    return Reading(list(reader.by_statements() if is_statements else reader.by_groups()))


class _Reader:
    def __init__(self, source: Source, context: ReadContext) -> None:
        self.source = source
        self.context = context

    def _block(self, kind: str, name: str, start: int, end: int) -> Block:
        spec = self.context.catalogue.kind(kind)
        place = Place(self.source, start, end)
        block = Block("proxysql", kind, name, place, spec=spec, target=self.context.target)
        if kind == "variables":
            block.facts.update(statements=False, loaded=False, saved=False, restarted=False)
        return block

    def _set(self, block: Block, name: str, key: Token, value: Token) -> None:
        assert block.spec is not None
        lowered = {each.lower(): each for each in block.spec.settings}
        real = block.spec.aliases.get(name) or lowered.get(name.lower())
        place, key_place = Place(self.source, value.start, value.end), Place(self.source, key.start, key.end)
        if real is None:
            unknown = Setting(name, UNKNOWN, value.text, place=place, key_place=key_place)
            block.facts.setdefault("unknown", []).append(unknown)
            return
        spec = block.spec.settings[real]
        block.settings[real] = Setting(
            real, typed(spec, value.text), value.text, place=place, key_place=key_place, key=key.text, spec=spec
        )

    # proxysql.cnf

    def by_groups(self) -> Iterator[Block]:
        for group in groups(self.source):
            kind = {"mysql_variables": "variables", "mysql_servers": "server"}.get(group.name)
            if kind is not None and group.entries:
                yield self._group(kind, group)

    def _group(self, kind: str, group: Group) -> Block:
        first = group.entries[0]
        block = self._block(kind, _host(group) if kind == "server" else "", first.name_start, first.name_end)
        for each in group.entries:
            key = Token(each.name, each.name_start, each.name_end, quoted=False)
            self._set(block, each.name, key, Token(each.text, each.start, each.end, each.quoted))
        return block

    # Statements

    def by_statements(self) -> Iterator[Block]:
        variables: Block | None = None
        for each in statements(self.source):
            words = [token.text.upper() for token in each.tokens if not token.quoted]
            found = _assigned(each, words)
            if found is not None and found[0].text.startswith("mysql-"):
                if variables is None:
                    variables = self._block("variables", "", found[0].start, found[0].end)
                    variables.facts["statements"] = True
                variables.facts.update(loaded=False, saved=False)
                self._set(variables, found[0].text[len("mysql-") :], *found)
            elif variables is not None:
                _note(variables, words)
            yield from self._inserted(each, words)
        if variables is not None:
            yield variables

    def _inserted(self, statement: Statement, words: list[str]) -> Iterator[Block]:
        """``INSERT INTO mysql_servers (columns) VALUES (…), (…)``."""
        if words[:1] not in (["INSERT"], ["REPLACE"]) or "MYSQL_SERVERS" not in words[:5] or "VALUES" not in words:
            return
        lists = _lists(statement)
        if len(lists) < 2:
            return
        columns, *rows = lists
        for row in rows:
            if len(row) != len(columns) or not row:
                continue
            block = self._block("server", "", row[0].start, row[-1].end)
            for column, value in zip(columns, row, strict=True):
                self._set(block, column.text.lower(), column, value)
            host = block.settings.get("hostname")
            block.name = host.raw if host is not None else ""
            yield block


def typed(spec: SettingSpec, text: str) -> Any:
    """A value in the catalogue's type and unit; UNKNOWN for what a template or a program fills in."""
    if _OPEN.search(text):
        return UNKNOWN
    if spec.type == "bool":
        return _WORDS.get(text.lower(), UNKNOWN)
    if spec.type == "string":
        return text
    if not _NUMBER.fullmatch(text):
        return UNKNOWN
    number = int(text)
    if number == 0 and spec.get("zero") == "forever":
        return UNLIMITED
    return number / 1000 if spec.type == "duration" else number


def _host(group: Group) -> str:
    return next((each.text for each in group.entries if each.name in ("address", "hostname")), "")


def _assigned(statement: Statement, words: list[str]) -> tuple[Token, Token] | None:
    """``SET mysql-x = v`` and ``UPDATE global_variables SET variable_value = v WHERE variable_name = 'mysql-x'``."""
    tokens = statement.tokens
    texts = [token.text.lower() for token in tokens]
    if words[:1] == ["SET"] and len(tokens) == 4 and texts[2] == "=":
        return tokens[1], tokens[3]
    if texts[:4] != ["update", "global_variables", "set", "variable_value"] or len(tokens) != 10:
        return None
    if texts[4] != "=" or texts[6:9] != ["where", "variable_name", "="]:
        return None
    return tokens[9], tokens[5]


def _note(variables: Block, words: list[str]) -> None:
    """What a statement does to the variables that were set before it."""
    text = " ".join(words)
    if re.match(r"LOAD MYSQL VARIABLES (?:TO RUN|FROM MEM)", text):
        variables.facts["loaded"] = True
    elif re.match(r"SAVE MYSQL VARIABLES (?:TO DISK|FROM MEM)", text):
        variables.facts["saved"] = True
    elif text.startswith("PROXYSQL RESTART"):
        variables.facts["restarted"] = True


def _lists(statement: Statement) -> list[list[Token]]:
    """The lists in brackets of a statement, commas left out."""
    found: list[list[Token]] = []
    current: list[Token] | None = None
    for token in statement.tokens:
        if token.quoted or token.text not in ("(", ")", ","):
            if current is not None:
                current.append(token)
        elif token.text == "(":
            current = []
        elif token.text == ")" and current is not None:
            found.append(current)
            current = None
    return found
