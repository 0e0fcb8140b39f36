"""The auth_file: lines of ``"user" "secret"``, read as far as the program reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import Edit, Fix
from poollint.source import Place

if TYPE_CHECKING:
    from poollint.blocks import Block
    from poollint.source import Source

_LINE = re.compile(
    r"[ \t\r\n\v\f]*"
    r"(?:(?P<end>\Z)|(?P<comment>;[^\n]*)"
    r'|"(?P<user>[^"]*(?:""[^"]*)*)"[^"]*"(?P<secret>[^"]*(?:""[^"]*)*)"[^\n]*'
    r"|(?P<bad>[^\n]*))"
)
_MD5 = re.compile(r"md5[0-9a-f]{32}")
MAX_DUPLICATES = 100


def fill(block: Block, source: Source) -> None:
    """Put the users of an auth_file into the block's facts, and what is wrong with the file among its problems."""
    text = source.text.partition("\0")[0]
    seen: dict[str, Place] = {}
    facts: dict[str, list[str]] = {"users": [], "md5": [], "scram": []}
    at = 0
    while at < len(text):
        match = _LINE.match(text, at)
        assert match is not None
        at = match.end()
        if match["bad"] is not None:
            _broken(block, source, match)
            break
        if match["user"] is None:
            continue
        user, secret = match["user"].replace('""', '"'), match["secret"]
        place = Place(source, match.start("user") - 1, match.end("user") + 1)
        if user in seen and len(block.problems) < MAX_DUPLICATES:
            related = ((place, "this line holds"),)
            block.problem("auth-file-duplicate", seen[user], values={"user": user}, related=related)
        seen[user] = place
        facts["users"].append(user)
        if secret.startswith("SCRAM-SHA-256$"):
            facts["scram"].append(user)
        elif _MD5.fullmatch(secret):
            facts["md5"].append(user)
    block.facts.update({name: tuple(names) for name, names in facts.items()})


def _broken(block: Block, source: Source, match: re.Match[str]) -> None:
    """The line at which the program gives up, unless a template engine or another tool fills it in."""
    start = match.start("bad")
    line = match["bad"].rstrip()
    if re.search(r"\{\{|\{%|\$\{|<%|\$[A-Z_]", line):
        return
    kind = "auth-file-hash" if line.startswith("#") else "auth-file-broken"
    comment = (Edit(Place(source, start, start + 1), ";"),)
    fix = Fix("begin the comment with ;", comment) if kind == "auth-file-hash" else None
    block.problem(kind, Place(source, start, start + len(line)), values={"text": line[:60]}, fix=fix)
