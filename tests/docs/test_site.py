"""The documentation: every rule and setting has its page, every link leads somewhere, nothing comes from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

import pytest

from poollint.docs.markdown import Docs, cell, escaped
from poollint.docs.rule import for_terminal, rule_doc
from poollint.docs.site import STYLE, SiteError, can_make_html, html_pages, write_site
from poollint.knowledge.index import knowledge

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return Docs(knowledge()).pages()


@pytest.fixture(scope="module")
def html(pages: dict[str, str]) -> dict[str, str]:
    if not can_make_html():
        pytest.skip("markdown-it-py, the extra docs, is not installed")
    return dict(html_pages(pages))


class Links(HTMLParser):
    """The links and anchors of a page, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.append(value or "")
            elif name == "id":
                self.anchors.add(value or "")
            elif name in ("src", "srcset", "href", "data"):
                self.loaded.append(value or "")


def test_every_rule_has_a_page_with_all_its_parts(pages: dict[str, str]) -> None:
    for rule in knowledge().rules.values():
        text = pages[f"rules/{rule['folder']}/{rule['name']}.md"]
        for heading in ("Why", "Fix", "Bad", "Good", "References"):
            assert f"\n## {heading}\n" in text, f"{rule['code']} has no {heading}"
        assert bool(rule["options"]) == ("\n## Thresholds\n" in text)
        assert "poollint says:" in text


def test_every_setting_stands_in_a_table(pages: dict[str, str]) -> None:
    for system, shape in knowledge().systems.items():
        text = pages[f"rules/{shape['folder']}/index.md"]
        for kind in knowledge().catalogue(system).kinds.values():
            for name in kind.settings:
                assert f"`{name}` |" in text, f"{system} {name}"


def test_a_row_tells_what_the_catalogue_knows(pages: dict[str, str]) -> None:
    text = pages["rules/pgbouncer/index.md"]
    row = next(line for line in text.split("\n") if '"main.max_prepared_statements"' in line)
    assert "200; 0 in \\<1.24" in row
    assert "1.21.0" in row
    assert "(prepared-statements-off.md)" in row


def test_indexes_name_every_rule(pages: dict[str, str]) -> None:
    for index in ("rules.md", "topics.md", "effects.md", "severities.md"):
        for rule in knowledge().rules.values():
            assert f"(rules/{rule['folder']}/{rule['name']}.md)" in pages[index], f"{rule['code']} in {index}"


def test_rules_and_settings_link_each_other(pages: dict[str, str]) -> None:
    rule = pages["rules/pgbouncer/invalid-time.md"]
    assert "[`server_lifetime`](index.md#main.server_lifetime)" in rule
    assert "[PGB009](invalid-time.md)" in pages["rules/pgbouncer/index.md"]


def test_every_link_leads_somewhere(html: dict[str, str]) -> None:
    found = {path: Links(text) for path, text in html.items() if path.endswith(".html")}
    for path, page in found.items():
        for link in page.links:
            if re.match(r"https?://", link):
                continue
            target, _, fragment = link.partition("#")
            where = normpath(join(dirname(path), target)) if target else path
            assert where in found, f"{path}: {link}"
            assert not fragment or fragment in found[where].anchors, f"{path}: {link}"


def test_nothing_is_loaded_from_elsewhere(html: dict[str, str]) -> None:
    for path, text in html.items():
        if path.endswith(".html"):
            assert [normpath(join(dirname(path), each)) for each in Links(text).loaded] == ["style.css"]
            assert "<script" not in text
    assert "url(" not in STYLE


def test_html_shows_examples_as_they_are(html: dict[str, str]) -> None:
    page = html["rules/apache/misplaced-directive.html"]
    assert "&lt;" in page
    assert "<Location" not in page
    assert "&lt;a id=" not in page


def test_explain_shows_the_text_of_the_page(pages: dict[str, str]) -> None:
    rule = knowledge().rules["invalid-time"]
    text = for_terminal(rule_doc(knowledge(), rule), "active here")
    for words in ("they may not be negative", "end the start", "server_idle_timeout = 10min is no time", "write 600"):
        assert words.lower() in text.lower()
        assert words.lower() in pages["rules/pgbouncer/invalid-time.md"].lower()


def test_plain_text_stays_plain() -> None:
    assert escaped("a *b* <c> `d*e` [f]") == "a \\*b\\* \\<c\\> `d*e` \\[f\\]"
    assert cell("a | b\nc") == "a \\| b c"


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(SiteError, match="name another folder"):
        write_site(str(tmp_path), {"index.md": "x"})
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_what_is_gone_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write_site(str(folder), {"index.md": "x", "rules/a/b.md": "y"})
    (folder / "CNAME").write_text("example.org")
    write_site(str(folder), {"index.md": "z"})
    assert not (folder / "rules" / "a" / "b.md").exists()
    assert (folder / "index.md").read_text() == "z"
    assert (folder / "CNAME").exists()


def build(cwd: Path, *arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "poollint", "rules", *arguments]
    env = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=env, timeout=120)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_command_builds_the_same_site_each_time(tmp_path: Path) -> None:
    done = build(tmp_path, "--format", "markdown", "--system", "pgbouncer")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    first = tree(tmp_path / "site")
    assert "rules/pgbouncer/invalid-time.md" in first
    assert build(tmp_path, "--format", "markdown", "--system", "pgbouncer", "--output", "b", seed="7").returncode == 0
    assert tree(tmp_path / "b") == first


def test_output_is_for_the_documentation(tmp_path: Path) -> None:
    done = build(tmp_path, "--output", "x")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--format markdown" in done.stderr
