"""The examples of rule pages, run through the whole pipeline: the pages are their own tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.engine.judge import Policy
from poollint.knowledge.build import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding
    from poollint.fixes import Outcome
    from poollint.knowledge.index import Knowledge
    from poollint.knowledge.pages import Example, Page

CONFIG_FILE = "poollint.toml"
NEEDED = ("Bad", "Good")


class Failure(NamedTuple):
    """An example that does not do what its heading says, or a page that lacks one."""

    page: str
    line: int
    message: str


class _Everything(Policy):
    """Every rule, previews too: an example shows its rule whatever a user's choice is."""

    def active(self, rule: Any) -> bool:  # noqa: ARG002 - all rules alike
        return True


def check_pages(folder: str, system: str, known: Knowledge | None = None) -> Iterator[tuple[Page, list[Failure]]]:
    """Each page of a folder of rules with what is wrong with its examples. PageError for a page that cannot be read."""
    for page in pages(folder, system):
        yield page, list(check_page_examples(page, known))


def check_page_examples(page: Page, known: Knowledge | None = None) -> Iterator[Failure]:
    for heading in NEEDED:
        if not any(example.section == heading for example in page.examples):
            yield Failure(page.path, 1, f"the section '## {heading}' with an example is missing")
    order = [heading for heading in ("Bad", "Good", "Not reported", "References") if heading in page.sections]
    if list(page.sections) != order:
        yield Failure(page.path, 1, f"the sections stand in the order {', '.join(order)}")
    if not page.prose:
        yield Failure(page.path, 1, "the prose, what goes wrong and the way out, is missing")
    for example in page.examples:
        yield from check_example(page, example, known)


def check_example(page: Page, example: Example, known: Knowledge | None = None) -> Iterator[Failure]:
    findings = [finding for finding in run_example(page, example, known) if finding.suppressed is None]
    mine = [finding for finding in findings if finding.name == page.name and finding.code == page.card["code"]]
    others = [finding for finding in findings if finding not in mine and finding.severity != "info"]
    if example.section == "Bad":
        if not mine:
            got = f"; it has {_list(findings)}" if findings else ""
            yield Failure(page.path, example.line, f"the bad example has no finding of this rule{got}")
        elif others:
            yield Failure(page.path, example.line, f"the bad example has findings of other rules: {_list(others)}")
        for finding in mine:
            if "an unknown value" in finding.message or "an unknown value" in finding.help:
                yield Failure(page.path, example.line, f"the message has an unknown value: {finding.message}")
        if any(finding.fix is not None for finding in mine):
            for refused, reason in fix_example(page, example, known).refused:
                if refused.code == page.card["code"]:
                    yield Failure(page.path, example.line, f"the fix of line {refused.line} is no good: {reason}")
    elif mine:
        yield Failure(page.path, example.line, f"the example under '{example.section}' has {_list(mine)}")


def _list(findings: list[Finding]) -> str:
    return "; ".join(f"{found.code} {found.name} line {found.line}: {found.message}" for found in findings)


def run_example(page: Page, example: Example, known: Knowledge | None = None) -> list[Finding]:
    """The findings of an example's files, its own poollint.toml in force."""
    from poollint import api

    texts, config = _contents(example, known)
    return api.check_texts(
        texts, config=config, system=page.system, complete=True, policy=ExamplePolicy(config), known=known
    ).findings


def _contents(example: Example, known: Knowledge | None) -> tuple[dict[str, str], Any]:
    """The files of an example, and the configuration that it has, if any."""
    from poollint import api
    from poollint.config import parse_config
    from poollint.files import MemoryFiles

    texts = {name: text for name, text in example.files.items() if name != CONFIG_FILE}
    if CONFIG_FILE not in example.files:
        return texts, None
    session = api.Session(api.Options(isolated=True), MemoryFiles({}), known=known)
    return texts, parse_config(example.files[CONFIG_FILE], known=session.known())


def fix_example(page: Page, example: Example, known: Knowledge | None = None, *, unsafe: bool = True) -> Outcome:
    """What fixing an example comes to, in memory."""
    from poollint import api
    from poollint.files import MemoryFiles
    from poollint.fixes import Fixer

    texts, config = _contents(example, known)
    options = api.Options(config=config, isolated=config is None, as_system=page.system, policy=ExamplePolicy(config))
    session = api.Session(options, MemoryFiles(texts, complete=True), known=known)
    candidates = []
    for path, text in texts.items():
        found = api.recognise_all(session, path, text)
        if not found and "format" in session.knowledge.systems.get(page.system, {}):
            found = [(page.system, False)]
        candidates += [(path, *each) for each in found]
    return Fixer(session, candidates, unsafe=unsafe).run()


class ExamplePolicy(_Everything):
    """All rules, with the thresholds of the example's configuration."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def options(self, rule: Any) -> dict[str, Any]:
        options = {name.replace("-", "_"): value for name, value in rule.options.items()}
        if self.config is not None:
            for name in (rule.code, rule.name):
                found = self.config.rule_options.get(name, {})
                options.update({key.replace("-", "_"): value for key, value in found.items()})
        return options


def folders(root: str) -> Iterator[str]:
    """The folders of pages under a folder: itself when it holds pages, else each one in it."""
    if any(name.endswith(".md") for name in os.listdir(root)):
        yield root
        return
    for entry in sorted(os.scandir(root), key=lambda item: item.name):
        if entry.is_dir() and not entry.name.startswith("."):
            yield entry.path
