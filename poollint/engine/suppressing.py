"""The suppressions of a run: found in its files, judged by its configuration and its rules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from poollint.engine.suppressions import UNKNOWN, SuppressionPolicy, apply_suppressions, find_suppressions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from poollint.blocks import Problem
    from poollint.configured import Configured
    from poollint.engine.judge import Judge
    from poollint.engine.suppressions import Directive
    from poollint.findings import Finding
    from poollint.source import Source


class Commented:
    """A text, the systems (or the language) that it was read as, and all systems whose settings stand in it."""

    __slots__ = ("readers", "source", "systems")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.readers: list[str] = []
        self.systems: set[str] = set()

    def add(self, reader: str, systems: set[str]) -> None:
        self.readers.append(reader)
        self.systems |= systems


def suppress(
    session: Configured, judge: Judge, findings: list[Finding], sources: Mapping[str, Commented]
) -> list[Finding]:
    """The findings of a run as the comments of its files (by path) leave them."""
    directives: dict[str, list[Directive]] = {}
    for path, each in sources.items():
        comments, trailing = comments_of(session, each.readers)
        found = _in_comments(path, find_suppressions(each.source, comments, trailing))
        if found:
            directives[path] = found
    if not directives:
        return findings

    def word(problem: Problem) -> Finding | None:
        path = problem.place.source.path
        if problem.kind == UNKNOWN and "rule" in problem.values:
            from poollint.config import closest

            names = [name for brief in session.knowledge.rules.values() for name in (brief["code"], brief["name"])]
            error = problem.values["error"] + closest(problem.values["rule"], names)
            problem.values = {**problem.values, "error": error}
        before = len(judge.findings)
        judge.judge_problem(problem, sources[path].readers[0], None, session.policy_for(path))
        return judge.findings.pop() if len(judge.findings) > before else None

    return apply_suppressions(
        findings,
        directives,
        _today(session.options.today),
        lambda selector: codes_of(session, selector),
        lambda path: _policy(session, judge, path, sources[path].systems),
        word=word,
    )


def comments_of(session: Configured, readers: Sequence[str]) -> tuple[Sequence[str], bool]:
    """The leaders of a file's comments, and whether one may stand behind something else: of all its systems."""
    from poollint.formats.source_code import COMMENTS, FAMILIES

    leaders: dict[str, None] = {}
    trailing = False
    for system in readers:
        table = session.knowledge.systems.get(system)
        if table is None:
            leaders.update(dict.fromkeys(COMMENTS.get(FAMILIES.get(system, ""), ())))
            trailing = True
        else:
            leaders.update(dict.fromkeys(table.get("comments", ())))
            trailing = trailing or bool(table.get("trailing_comments"))
    return tuple(leaders), trailing


def _in_comments(path: str, directives: list[Directive]) -> list[Directive]:
    """Those of source code that do not stand in a string, which only looks like a comment."""
    from poollint.formats.source_code import EXTENSIONS, in_string, parse

    language = EXTENSIONS.get(os.path.splitext(path)[1])
    if not directives or language is None:
        return directives
    try:
        tree = parse(directives[0].source, language)
    except ImportError:  # the grammar is not installed
        return directives
    return [each for each in directives if not in_string(tree, each.place.start)]


def _today(text: str) -> date:
    from datetime import date

    return date.fromisoformat(text) if text else date.today()  # noqa: DTZ011 - the user's calendar is meant


def _policy(session: Configured, judge: Judge, path: str, systems: set[str]) -> SuppressionPolicy:
    config = session.config_for(path)
    policy = session.policy_for(path)
    ours = [rule for system in (*sorted(systems), "") for rule in judge.rules.of(system)]
    active = {rule.code for rule in ours if policy.active(rule)}
    # rules of other systems can have no findings here, whether they run or not
    others = {brief["code"] for brief in session.knowledge.rules.values()} - {rule.code for rule in ours}
    complete = all(rule.code in active or rule.preview for rule in ours)
    locked: set[str] = set()
    for selector in config.never_suppress:
        locked.update(codes_of(session, selector) or ())
    return SuppressionPolicy(config.require_reason, config.allow_inline, active | others, complete, locked)


def codes_of(session: Configured, selector: str) -> Collection[str] | None:
    """The codes of the rules that a selector names; None for an unknown one."""
    from poollint.config import is_selector, names_rule

    if not is_selector(selector, session.known()):
        return None
    return {brief["code"] for brief in session.knowledge.rules.values() if names_rule(selector, brief)}
