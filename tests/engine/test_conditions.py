"""The condition language: what it computes, what it refuses, and that it stays silent on the unknown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.blocks import UNKNOWN, UNLIMITED, Block, Setting
from poollint.engine.conditions import Condition, ConditionError, Env
from poollint.engine.messages import Template
from poollint.source import Place, Source

PLACE = Place(Source("x", "text"), 0, 4)


def block(**values: Any) -> Block:
    made = Block("test", "pool", "app", PLACE)
    for name, value in values.items():
        made.settings[name] = Setting(name, value, str(value), place=PLACE)
    return made


def env(made: Block, **more: Any) -> Env:
    return Env(
        made, config={"instances": 2}, options={"limit": 10}, target=more.pop("target", None), values=more or None
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pool_size > 10", True),
        ("pool_size * config.instances == 40", True),
        ("pool_size > opt.limit and mode == 'transaction'", True),
        ("mode in ('session', 'statement')", False),
        ("mode not in ('session', 'statement')", True),
        ("0 < pool_size <= 20", True),
        ("lifetime == forever", True),
        ("lifetime > 5 if pool_size else false", True),
        ("not explicit(absent)", True),
        ("absent == none", False),
        ("raw(pool_size) == '20'", True),
        ("max(pool_size, 3) // 7 == 2", True),
        ("matches(mode, '^trans')", True),
        ("len(words('a, b c')) == 3", True),
        ("before('1.21')", False),
        ("since('1.21')", True),
        ("pool_size % 3 == 2", True),
    ],
)
def test_what_holds(text: str, expected: bool) -> None:
    made = block(pool_size=20, mode="transaction", lifetime=UNLIMITED)
    assert Condition(text).holds(env(made)) is expected


def test_what_may_be_set_out_of_sight_is_not_known_to_be_absent() -> None:
    made = block(pool_size=20)
    made.complete = False
    assert Condition("explicit(pool_size) and (explicit(pool_size) or explicit(mode))").holds(env(made))
    assert not Condition("not explicit(mode)").holds(env(made))
    assert not Condition("explicit(mode)").holds(env(made))
    assert not Condition("not explicit(pool_size)").holds(env(made))


def test_versions_compare_part_by_part() -> None:
    made = block()
    assert Condition("before('1.21')").holds(env(made, target=(1, 9)))
    assert not Condition("since('1.21')").holds(env(made, target=(1, 9)))
    assert Condition("target_known").holds(env(made, target=(1, 9)))


@pytest.mark.parametrize(
    "text",
    [
        "size > 1",
        "not size > 1",
        "size == 1",
        "size != 1",
        "not (size == 1)",
        "size > 1 or size <= 1",
        "main.size > 1",
        "never_heard_of == 1",
        "mode < 3",
        "size / zero > 1",
    ],
)
def test_silent_on_what_cannot_be_known(text: str) -> None:
    made = block(size=UNKNOWN, mode="word", zero=0)
    made.links["main"] = block(size=UNKNOWN)
    assert not Condition(text).holds(env(made))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__",
        "open('/etc/passwd')",
        "pool.__init__",
        "_block",
        "pool_size.real.__class__",
        "lambda: 1",
        "[x for x in pool]",
        "{1: 2}",
        "pool[0]",
        "2 ** 99999",
        "1 << 99999",
        "~1",
        "f'{pool}'",
        "(x := 1)",
        "print(1)",
        "mode.lower()",
        "eval('1')",
        "min(key=1)",
        "matches(mode, mode)",
        "matches(mode, '(')",
        "before(mode)",
        "before('x')",
        "explicit('a')",
        "a is b",
        "a != b != c",
        "yield",
        "...",
        "",
        "a = 1",
        "a; b",
        "(" * 600 + "1" + ")" * 600,
        "-" * 1990 + "1",
        "x" * 2001,
        "\0",
    ],
)
def test_hostile_expressions_do_not_compile(text: str) -> None:
    with pytest.raises(ConditionError):
        Condition(text)


def test_repetition_cannot_fill_the_memory() -> None:
    for text in ("'x' * 99999999999", "('a', 'b') * 99999999999", "'%99999999999d' % 1"):
        assert not Condition(text).holds(env(block()))


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(ConditionError, match="did you mean pool_size") as caught:
        Condition("1 < pool_sise", {"pool_size"})
    assert caught.value.column == 5


@given(st.text(max_size=60))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    try:
        Condition(text).holds(env(block(a=1)))
    except ConditionError as error:
        if error.column < 0:
            raise


def test_messages_show_values_with_their_unit() -> None:
    made = block(pool_size=20)
    text = Template("{setting} = {raw}: {pool_size * 2} of {limit}, {{braces}}").render(
        env(made, limit=UNLIMITED), made.settings["pool_size"]
    )
    assert text == "pool_size = 20: 40 of unlimited, {braces}"
    with pytest.raises(ConditionError):
        Template("a lone { brace").parts()
