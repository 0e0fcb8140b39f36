"""Ignore patterns mean what git means by them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poollint.patterns import Patterns

if TYPE_CHECKING:
    from pathlib import Path


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
        ("a/**", ["a/b", "a/b/c"], ["a", "a/", "b/a/c"]),
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


NAMES = st.sampled_from(["a", "b", "ab", "a.c", ".a", "b.c"])
LINES = st.lists(
    st.builds(
        "".join,
        st.lists(st.sampled_from(["a", "b", "*", "**", "?", "/", "/", "[ab]", "[!a]", ".c", ".", "\\a"]), max_size=5),
    )
    # git reads "a**" as "a" and a "**" of its own, against its manual
    .filter(lambda body: re.search(r"[^/]\*\*|\*\*[^/]", body) is None)
    .flatmap(lambda body: st.sampled_from([body, body, "!" + body])),
    max_size=4,
)


@pytest.mark.real
@settings(deadline=None, max_examples=60)
@given(lines=LINES, paths=st.lists(st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=6))
def test_agrees_with_git(lines: list[str], paths: list[list[str]], repository: Path) -> None:
    """``git check-ignore`` on files that need not exist."""
    (repository / ".gitignore").write_text("".join(line + "\n" for line in lines))
    patterns = Patterns(lines)
    names = ["/".join(parts) for parts in paths]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=repository,
        input="\n".join(names),
        capture_output=True,
        text=True,
        check=False,
    )
    told = set(done.stdout.split("\n"))
    for name in names:
        assert patterns.holds(name) == (name in told), (lines, name)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    try:
        subprocess.run(["git", "init", "-q", str(folder)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("git is not installed")
    return folder
