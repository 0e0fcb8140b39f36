"""The quick reader of options reads as click does, or leaves it to click."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.cli import fast
from poollint.cli.check import check


def by_click(arguments: list[str]) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    try:
        context = check.make_context("check", list(arguments))
    except click.ClickException:
        return None
    options = dict(context.params)
    return options.pop("paths"), options


def test_it_knows_every_option() -> None:
    options = {name: parameter for parameter in check.params for name in parameter.opts if name.startswith("-")}
    known = {*fast.FLAGS, *fast.VALUES, *fast.NUMBERS, *fast.LISTS, *fast.CHOICES}
    assert known == set(options)
    for name, (dest, choices, default) in fast.CHOICES.items():
        kind = options[name].type
        assert isinstance(kind, click.Choice)
        assert (options[name].name, tuple(kind.choices)) == (dest, choices)
        assert by_click([]) is not None
        assert by_click([])[1][dest] == default  # type: ignore[index]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a", "b", "-q"],
        ["--select", "A,B", "--select=C", "x"],
        ["--format=json", "--format", "sarif=x.sarif", "-"],
        ["--fail-on", "never", "--color=always"],
        ["--as", "nginx", "--target", "nginx=1.22", "--baseline", "b.json"],
    ],
)
def test_plain_words_are_read_alike(arguments: list[str]) -> None:
    assert fast.parse(arguments) == by_click(arguments)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--colour"], ["--fail-on", "x"], ["--as"], ["-qv"], ["--", "-x"], ["--sel=A"]]
)
def test_the_rest_is_left_to_click(arguments: list[str]) -> None:
    assert fast.parse(arguments) is None


WORDS = st.sampled_from(
    [
        *fast.FLAGS,
        *fast.VALUES,
        *fast.LISTS,
        *fast.CHOICES,
        "a",
        "b=c",
        "-",
        "never",
        "--x",
        "-z",
        "--as=x",
        "--color=auto",
        "--",
        "",
    ]
)


@given(st.lists(WORDS, max_size=6))
def test_never_otherwise_than_click(arguments: list[str]) -> None:
    read = fast.parse(arguments)
    if read is not None:
        assert read == by_click(arguments)
