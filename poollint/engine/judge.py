"""Judgement: rules on blocks, problems to pages, findings out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from poollint.blocks import Block, Problem, Setting, UnknownValueError
from poollint.engine.conditions import Condition, Env
from poollint.engine.hits import Hit, RuleContext, Run
from poollint.engine.messages import Template
from poollint.findings import SEVERITY_OF_EFFECT, EditText, Finding, FixText, Related
from poollint.secrets import mask
from poollint.source import Place
from poollint.versions import in_range, parse_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from poollint.blocks import Fix
    from poollint.engine.hits import Detector
    from poollint.knowledge.index import Knowledge
    from poollint.versions import Version

PAGE = "rules/{folder}/{name}"


class Case:
    """One form of a rule, ready to run; conditions and detectors are made on first use."""

    __slots__ = (
        "_condition",
        "_detector",
        "at",
        "card",
        "effect",
        "fix",
        "fix_is_safe",
        "help",
        "message",
        "name",
        "rule",
        "severity",
        "topic",
    )

    def __init__(self, rule: Rule, card: dict[str, Any], name: str) -> None:
        self.rule = rule
        self.card = card
        self.name = name
        self.effect = card["effect"]
        self.severity = card.get("severity") or SEVERITY_OF_EFFECT[self.effect]
        self.topic = card["topic"]
        self.message = Template(card["message"])
        self.help = Template(card.get("help", ""))
        self.at: str = card.get("at", "")
        fix = card.get("fix", {})
        self.fix: dict[str, Template | bool] = {
            name: text if text is False else Template(str(text)) for name, text in fix.items() if name != "unsafe"
        }
        self.fix_is_safe = not fix.get("unsafe", False)
        self._condition: Condition | None = None
        self._detector: Detector | None = None

    @property
    def condition(self) -> Condition | None:
        if self._condition is None and self.card.get("when"):
            self._condition = Condition(self.card["when"])
        return self._condition

    @property
    def detector(self) -> Detector:
        if self._detector is None:
            self._detector = load_detector(self.card["detect"])
        return self._detector

    def versions_allow(self, target: Version | None) -> bool:
        bounds = self.card.get("versions")
        return not bounds or target is None or in_range(target, bounds)

    def version_note(self, target: Version | None, title: str) -> str:
        """What a message must add when it is true of older versions only and nobody said which one runs."""
        bounds = self.card.get("versions")
        if not bounds or target is not None:
            return ""
        upper = [bound for operator, bound in parse_range(bounds) if operator in ("<", "<=")]
        return f" (before {title} {upper[0]})" if upper else ""


class Rule:
    """A page's card with its forms."""

    __slots__ = (
        "aliases",
        "cases",
        "code",
        "detect",
        "effect",
        "folder",
        "name",
        "on",
        "options",
        "own",
        "preview",
        "system",
        "topic",
    )

    def __init__(self, card: dict[str, Any]) -> None:
        self.code: str = card["code"]
        self.name: str = card["name"]
        self.system: str = card["system"]
        self.folder: str = card["folder"]
        self.own: str = card.get("own", "")  # the folder of the user's own rules that the page is from
        self.preview = bool(card.get("preview"))
        self.detect: str = card.get("detect", "")
        self.options: dict[str, Any] = {key: table.get("default") for key, table in card.get("options", {}).items()}
        forms = card.get("case") or [{}]
        worded = all(card.get(key) for key in ("detect", "message", "effect", "topic"))
        if worded and all(form.get("name") for form in forms):
            forms = [{}, *forms]  # the card itself words a hit that names no case
        self.cases = [Case(self, {**card, **form}, form.get("name", "")) for form in forms]
        self.topic: str = self.cases[0].topic
        self.effect: str = self.cases[0].effect
        self.aliases: tuple[str, ...] = tuple(card.get("aliases", ()))
        self.on = {name for case in self.cases for name in _listed(case.card.get("on"))}

    def help_url(self, docs_url: str) -> str:
        """Where the page stands: on the built site that ``docs-url`` names, else its path in poollint's own tree."""
        if self.own:
            return f"{self.folder}/{self.name}.md"
        page = PAGE.format(folder=self.folder, name=self.name)
        return f"{docs_url.rstrip('/')}/{page}.html" if docs_url else f"{page}.md"


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def load_detector(name: str) -> Detector:
    """``nginx_pools.lost_headers`` -> that function of ``poollint.engine.detectors.nginx_pools``."""
    import importlib

    module, _, function = name.rpartition(".")
    found: Detector = getattr(importlib.import_module(f"poollint.engine.detectors.{module}"), function)
    return found


class RuleSet:
    """The rules of one folder of knowledge, by what they speak of; ``extra`` are cards of the user's own pages."""

    def __init__(self, knowledge: Knowledge, extra: Iterable[dict[str, Any]] = ()) -> None:
        self.knowledge = knowledge
        self._extra = list(extra)
        self._rules: dict[str, list[Rule]] = {}
        self._by_kind: dict[tuple[str, str], list[tuple[Rule, list[Case]]]] = {}
        self._problems: dict[tuple[str, str], list[tuple[Rule, Case]]] = {}

    def of(self, system: str) -> list[Rule]:
        found = self._rules.get(system)
        if found is None:
            cards = [*self.knowledge.cards(system), *(card for card in self._extra if card["system"] == system)]
            found = self._rules[system] = [Rule(card) for card in cards]
        return found

    def on_kind(self, system: str, kind: str, role: str) -> list[tuple[Rule, list[Case]]]:
        """The rules that look at such blocks, with the forms that do."""
        found = self._by_kind.get((system, kind))
        if found is None:
            found = []
            for rules, word in ((self.of(system), kind), (self.of("") if role else [], role)):
                for rule in rules:
                    cases = [
                        case
                        for case in rule.cases
                        if word in _listed(case.card.get("on")) and not case.card.get("problem")
                    ]
                    if cases:
                        found.append((rule, cases))
            self._by_kind[system, kind] = found
        return found

    def for_problem(self, system: str, kind: str, block_kind: str) -> tuple[Rule, Case] | None:
        """The page that words a problem: the system's own, else the one of all systems."""
        for owner in (system, ""):
            key = (owner, kind)
            if key not in self._problems:
                self._problems[key] = [
                    (rule, case)
                    for rule in self.of(owner)
                    for case in rule.cases
                    if kind in _listed(case.card.get("problem"))
                ]
            candidates = self._problems[key]
            for rule, case in candidates:
                if not block_kind or not case.card.get("on") or block_kind in _listed(case.card.get("on")):
                    return rule, case
        return None


class Step:
    """One rule as it is asked of every block of a kind: its forms that hold for the version, and what they need."""

    __slots__ = ("cases", "config", "context", "detector", "options", "rule", "target")

    def __init__(
        self,
        rule: Rule,
        cases: list[Case],
        run: Run,
        options: Mapping[str, Any],
        config: Mapping[str, Any],
        target: Version | None,
    ) -> None:
        self.rule = rule
        self.options = options
        self.config = config
        self.target = target
        self.context = RuleContext(run, options=options, config=config, target=target)
        self.detector: Detector | None = None
        if rule.detect:
            self.cases = cases if cases[0].versions_allow(target) else []
            self.detector = cases[0].detector if self.cases else None
        else:
            self.cases = [case for case in cases if case.versions_allow(target)]

    def env(self, block: Block, values: Mapping[str, Any] | None = None) -> Env:
        return Env(block, config=self.config, options=self.options, target=self.target, values=values)


class Judge:
    """One run's judgement. ``active`` tells whether a rule counts at a path, ``options_for`` its thresholds there."""

    def __init__(
        self,
        rules: RuleSet,
        run: Run,
        *,
        config_for: Callable[[str], Mapping[str, Any]],
        target_for: Callable[[str, str], Version | None],
        policy_for: Callable[[str], Policy],
        root: str = "",
    ) -> None:
        self.rules = rules
        self.run = run
        self.config_for = config_for
        self.target_for = target_for
        self.policy_for = policy_for
        self.root = root
        self.findings: list[Finding] = []
        self.failures: dict[tuple[str, str], str] = {}
        self._seen: set[tuple[str, str, int, int, str]] = set()
        self._plans: dict[tuple[Any, ...], list[Step]] = {}

    def judge_blocks(self) -> None:
        for block in self.run.blocks:
            self.judge_block(block)

    def judge_block(self, block: Block) -> None:
        policy = self.policy_for(block.place.source.path)
        for problem in block.problems:
            self.judge_problem(problem, block.system, block, policy)
        if block.facts.get("broken"):
            return  # a syntax error stands in it: what it says, and where it stands, is a guess
        for step in self._plan(block, policy):
            if step.detector is not None:
                self._detect(step, step.detector, block, policy)
                continue
            env = step.env(block)
            for case in step.cases:
                condition = case.condition
                if condition is not None and condition.holds(env):
                    self.report(step.rule, case, block, env, Hit(), policy)

    def _detect(self, step: Step, detector: Detector, block: Block, policy: Policy) -> None:
        """Report what a detector yields; one that fails is noted, and hides no other rule's findings."""
        try:
            for hit in detector(block, step.context):
                case = _case_named(step.rule, hit.case) or step.cases[0]
                if case.versions_allow(block.target):
                    self.report(step.rule, case, block, step.env(block, hit.values or {}), hit, policy)
        except UnknownValueError:
            return  # what cannot be known does not fire
        except Exception as error:
            if os.environ.get("POOLLINT_TRACEBACK"):
                raise
            what = f"{step.rule.name} failed: {type(error).__name__}: {error}"
            self.failures.setdefault((block.place.source.path, step.rule.name), what)

    def _plan(self, block: Block, policy: Policy) -> list[Step]:
        """What is to be done with blocks of this kind; made once, for there may be very many of them."""
        role = block.spec.role if block.spec is not None else ""
        key = (block.system, block.kind, role, block.target, policy)
        found = self._plans.get(key)
        if found is None:
            config = self.config_for(block.system)
            found = self._plans[key] = [
                step
                for rule, cases in self.rules.on_kind(block.system, block.kind, role)
                if policy.active(rule)
                and (step := Step(rule, cases, self.run, policy.options(rule), config, block.target)).cases
            ]
        return found

    def judge_problem(self, problem: Problem, system: str, block: Block | None, policy: Policy) -> None:
        found = self.rules.for_problem(system, problem.kind, block.kind if block is not None else "")
        if found is None:
            what = f"no page words the problem {problem.kind!r} of {system}"
            self.failures.setdefault((problem.place.source.path, problem.kind), what)
            return
        rule, case = found
        if not policy.active(rule):
            return
        target = block.target if block is not None else self.target_for(system, problem.place.source.path)
        if not case.versions_allow(target):
            return
        values = {"setting": problem.setting, **problem.values}
        env = Env(block, config=self.config_for(system), options=policy.options(rule), target=target, values=values)
        hit = Hit(at=problem.place, values=values, related=problem.related, fix=problem.fix)
        self.report(rule, case, block, env, hit, policy, setting_name=problem.setting, system=system)

    def report(
        self,
        rule: Rule,
        case: Case,
        block: Block | None,
        env: Env,
        hit: Hit,
        policy: Policy,
        *,
        setting_name: str = "",
        system: str = "",
    ) -> None:
        setting, place = _where(hit.at if hit.at is not None else case.at, block)
        if setting is not None:
            setting_name = setting.name
        system = system or (block.system if block is not None else "")
        source = place.source
        line, column = source.position(place.start)
        end_line, end_column = source.position(max(place.end, place.start))
        if (line, column) == (end_line, end_column):
            end_column += 1
        message = mask(case.message.render(env, setting))
        title = self.rules.knowledge.systems.get(system, {}).get("title", system)
        target = block.target if block is not None else self.target_for(system, source.path)
        note = case.version_note(target, title)
        message += note
        # what older versions only do is no sure breakage as long as nobody said which version runs
        severity = "warning" if note and case.severity == "error" else case.severity
        if block is not None and source is not block.place.source:
            policy = self.policy_for(source.path)  # what holds where the finding stands, not where its block does
            if not policy.active(rule):
                return
        mark = (rule.code, source.path, place.start, place.end, message)
        if mark in self._seen:
            return
        self._seen.add(mark)
        key = ".".join(part for part in (block.path if block is not None else "", setting_name) if part)
        self.findings.append(
            Finding(
                code=rule.code,
                name=rule.name,
                severity=policy.severity(rule) or severity,
                effect=case.effect,
                topic=case.topic,
                message=message,
                help=mask(case.help.render(env, setting)),
                path=source.path,
                line=line,
                column=column,
                end_line=end_line,
                end_column=end_column,
                system=system,
                block=block.path if block is not None else "",
                setting=setting_name,
                key=key,
                help_url=rule.help_url(policy.config.docs_url if policy.config is not None else ""),
                fingerprint=fingerprint(rule.code, source.path, key, self.root),
                related=tuple(_related(what, text) for what, text in hit.related),
                fix=_fix_text(hit.fix or self._card_fix(case, block, env, setting, place, setting_name)),
                source_line=mask(source.line_text(line)[:500]),
            )
        )

    def _card_fix(
        self, case: Case, block: Block | None, env: Env, setting: Setting | None, place: Place, name: str
    ) -> Fix | None:
        """The edits of the card's ``fix``, where it has one and they can be made."""
        if not case.fix:
            return None
        from poollint.engine.card_fixes import card_fix

        if setting is None and block is not None:  # a problem tells of its setting by name
            named = block.settings.get(name)
            setting = named if named is not None and place in (named.place, named.key_place) else None
        return card_fix(case.fix, block, env, setting, place, self.rules.knowledge, safe=case.fix_is_safe)


class Policy:
    """What the configuration says of rules at one path; this one: all active, as documented."""

    config: Any = None  # the Config that it goes by, if any

    def active(self, rule: Rule) -> bool:
        return not rule.preview

    def severity(self, rule: Rule) -> Any:  # noqa: ARG002 - others decide by rule
        return None

    def options(self, rule: Rule) -> Mapping[str, Any]:
        return rule.options


def _case_named(rule: Rule, name: str) -> Case | None:
    if not name:
        return None
    for case in rule.cases:
        if case.name == name:
            return case
    raise LookupError(f"{rule.name}: no case named {name!r}")


def _where(at: Any, block: Block | None) -> tuple[Setting | None, Place]:
    """The setting that a finding is about, and the place that it has."""
    if isinstance(at, str) and block is not None:
        setting = (block.get(at) or block.by_role(at)) if at and at != "name" else None
        if setting is not None:
            return setting, _setting_place(setting) or block.place
        return None, block.place
    if isinstance(at, Setting):
        place = _setting_place(at) or (block.place if block is not None else None)
        assert place is not None
        return at, place
    if isinstance(at, Block):
        return None, at.place
    assert isinstance(at, Place)
    return None, at


def _setting_place(setting: Setting) -> Place | None:
    """Name and value together where both stand on one line; else the value, or the name."""
    place, key = setting.place, setting.key_place
    if place is None or key is None or place.source is not key.source or key.start > place.end:
        return place or key
    between = place.source.text[key.start : place.end]
    return place if "\n" in between else Place(place.source, key.start, place.end)


def _related(what: Setting | Block | Place, text: str) -> Related:
    place = what if isinstance(what, Place) else what.place if isinstance(what, Block) else _setting_place(what)
    if place is None:
        return Related("", 0, 0, text)
    line, column = place.source.position(place.start)
    return Related(place.source.path, line, column, text)


def _fix_text(fix: Fix | None) -> FixText | None:
    if fix is None:
        return None
    edits = tuple(EditText(edit.place.source.path, edit.place.start, edit.place.end, edit.text) for edit in fix.edits)
    return FixText(fix.title, fix.safe, edits)


def fingerprint(code: str, path: str, key: str, root: str) -> str:
    """Stable as long as rule, file and configuration key are: no line, no count, no message. 16 hexadecimal digits."""
    from zlib import crc32

    relative = os.path.relpath(path, root) if root and os.path.isabs(path) else path
    text = f"{code}:{relative.replace(os.sep, '/')}:{key}".encode("utf-8", "surrogatepass")
    return f"{crc32(text):08x}{crc32(text[::-1]):08x}"
