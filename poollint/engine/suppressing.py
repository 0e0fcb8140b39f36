"""The suppressions of a run: found in its files, judged by its configuration and its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint.engine.suppressions import UNKNOWN, SuppressionPolicy, apply_suppressions, find_suppressions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from poollint.api import Session
    from poollint.blocks import Problem
    from poollint.engine.judge import Judge
    from poollint.engine.suppressions import Directive
    from poollint.findings import Finding
    from poollint.source import Source


def suppress(
    session: Session, judge: Judge, findings: list[Finding], sources: Mapping[str, tuple[Source, str]]
) -> list[Finding]:
    """The findings of a run as the comments of its files leave them. ``sources``: path -> (text, system)."""
    directives: dict[str, list[Directive]] = {}
    for path, (source, system) in sources.items():
        comments, trailing = _comments(session, system)
        found = find_suppressions(source, comments, trailing)
        if found:
            directives[path] = found
    if not directives:
        return findings
    systems = {path: system for path, (_, system) in sources.items()}

    def word(problem: Problem) -> Finding | None:
        path = problem.place.source.path
        if problem.kind == UNKNOWN and "rule" in problem.values:
            from poollint.config import closest

            names = [name for brief in session.knowledge.rules.values() for name in (brief["code"], brief["name"])]
            error = problem.values["error"] + closest(problem.values["rule"], names)
            problem.values = {**problem.values, "error": error}
        before = len(judge.findings)
        judge.judge_problem(problem, systems[path], None, session.policy_for(path))
        return judge.findings.pop() if len(judge.findings) > before else None

    return apply_suppressions(
        findings,
        directives,
        _today(session.options.today),
        lambda selector: codes_of(session, selector),
        lambda path: _policy(session, judge, path, systems[path]),
        word=word,
    )


def _comments(session: Session, system: str) -> tuple[Sequence[str], bool]:
    """The leaders of a file's comments, and whether one may stand behind something else."""
    table = session.knowledge.systems.get(system)
    if table is not None:
        return table.get("comments", ()), bool(table.get("trailing_comments"))
    from poollint.formats.source_code import COMMENTS, FAMILIES

    return COMMENTS.get(FAMILIES.get(system, ""), ()), True


def _today(text: str) -> date:
    from datetime import date

    return date.fromisoformat(text) if text else date.today()  # noqa: DTZ011 - the user's calendar is meant


def _policy(session: Session, judge: Judge, path: str, system: str) -> SuppressionPolicy:
    config = session.config_for(path)
    policy = session.policy_for(path)
    ours = [*judge.rules.of(system), *judge.rules.of("")]
    active = {rule.code for rule in ours if policy.active(rule)}
    # rules of other systems can have no findings here, whether they run or not
    others = {brief["code"] for brief in session.knowledge.rules.values()} - {rule.code for rule in ours}
    complete = all(rule.code in active or rule.preview for rule in ours)
    return SuppressionPolicy(config.require_reason, config.allow_inline, active | others, complete)


def codes_of(session: Session, selector: str) -> Collection[str] | None:
    """The codes of the rules that a selector names; None for an unknown one."""
    from poollint.config import is_selector, names_rule

    if not is_selector(selector, session.known()):
        return None
    return {brief["code"] for brief in session.knowledge.rules.values() if names_rule(selector, brief)}
