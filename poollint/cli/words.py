"""What a shell completes behind an option: files, formats, systems, rules. Looked up only while a shell asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def files(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The shell's own completion of paths."""
    return [CompletionItem(begun, type="file")]


def folders(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    return [CompletionItem(begun, type="dir")]


def one_of(words: Callable[[], Iterable[str]], *, behind: str = "", many: bool = False) -> Completer:
    """The words that begin so; ``behind`` is added to each, and with ``many`` commas stand between several."""

    def complete(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        before, comma, last = begun.rpartition(",") if many else ("", "", begun)
        return [CompletionItem(f"{before}{comma}{word}{behind}") for word in words() if word.startswith(last)]

    return complete


def formats() -> Iterable[str]:
    from poollint.reports import FORMATS

    return FORMATS


def systems() -> Iterable[str]:
    from poollint.knowledge.index import knowledge

    return knowledge().systems


def rules() -> Iterable[str]:
    """Codes and names of the rules that are shipped."""
    from poollint.knowledge.index import knowledge

    briefs = knowledge().rules.values()
    return [*(brief["code"] for brief in briefs), *(brief["name"] for brief in briefs)]


def subjects() -> Iterable[str]:
    """What can be explained."""
    from poollint.docs.guides import ORDER

    return [*ORDER, *systems(), *rules()]
