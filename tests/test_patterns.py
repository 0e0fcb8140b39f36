"""Ignore patterns mean what git means by them."""

from __future__ import annotations

import pytest

from poollint.patterns import Patterns


@pytest.mark.parametrize(
    ("line", "yes", "no"),
    [
        ("build", ["build", "build/", "a/build", "build/x", "a/build/x"], ["builds", "abuild", "a/b"]),
        ("build/", ["build/", "a/build/", "build/x"], ["build", "a/build"]),
        ("/build", ["build", "build/x"], ["a/build"]),
        ("a/b", ["a/b", "a/b/c"], ["x/a/b", "a/bc"]),
        ("a/b/", ["a/b/", "a/b/c"], ["a/b"]),
        ("*.log", ["x.log", "a/x.log", ".log", "x.log/y"], ["x.logs", "log"]),
        ("*", ["a", "a/b", ".x"], []),
        ("a*b", ["ab", "axb", "d/axb"], ["a/b"]),
        ("a/*.c", ["a/x.c"], ["a/b/x.c", "x.c", "d/a/x.c"]),
        ("**/foo", ["foo", "a/foo", "a/b/foo", "foo/x"], ["afoo"]),
        ("**/foo/bar", ["foo/bar", "a/foo/bar"], ["foo/x/bar"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a/c"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "x/a/b"]),
        ("foo**bar", ["foobar", "fooxbar", "d/fooxbar"], ["foo/bar"]),
        ("?.c", ["a.c", "d/a.c"], [".c", "ab.c"]),
        ("[a-c].x", ["a.x", "d/b.x"], ["d.x", "-.x"]),
        ("[!a-c].x", ["d.x"], ["a.x"]),
        ("[^a].x", ["b.x"], ["a.x"]),
        ("[]].x", ["].x"], ["a.x"]),
        (r"\#a", ["#a"], ["a"]),
        (r"\!a", ["!a"], ["a"]),
        (r"a\*", ["a*"], ["ab"]),
        ("a b  ", ["a b"], ["a b  "]),
        ("a\\ ", ["a "], ["a"]),
        ("# a", [], ["# a", "a"]),
        ("", [], ["a"]),
        ("/", [], ["a"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_lines(line: str, yes: list[str], no: list[str]) -> None:
    patterns = Patterns([line])
    assert [path for path in yes if not patterns.holds(path)] == []
    assert [path for path in no if patterns.holds(path)] == []


def test_the_last_line_decides() -> None:
    patterns = Patterns(["*.conf", "!nginx.conf", "/deep/nginx.conf"])
    assert patterns.verdict("a.conf") is True
    assert patterns.verdict("a/nginx.conf") is False
    assert patterns.verdict("deep/nginx.conf") is True
    assert patterns.verdict("x.ini") is None
    assert Patterns(["a/**", "!a/b/"]).holds("a/b/c")
    assert not Patterns(["a//"]).holds("a/b")
    assert not Patterns(["# nothing", "", "[z-a]"])
