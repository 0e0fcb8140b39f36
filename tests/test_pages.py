"""Every shipped page does what it says: its examples run through the whole pipeline."""

from __future__ import annotations

import os
import re

import pytest
from conftest import ROOT

from poollint.engine.examples import check_page_examples, folders
from poollint.knowledge.build import build, pages
from poollint.knowledge.catalogue import Catalogue, CatalogueError
from poollint.knowledge.index import knowledge, rules_root
from poollint.knowledge.pages import Page, PageError, parse_page


def shipped() -> list[Page]:
    found = []
    for folder in folders(rules_root()):
        name = os.path.basename(folder)
        system = next((s for s, shape in knowledge().systems.items() if shape["folder"] == name), "")
        found += list(pages(folder, system))
    return found


PAGES = shipped()


@pytest.mark.parametrize("page", PAGES, ids=[f"{page.card['code']}-{page.name}" for page in PAGES])
def test_examples(page: Page) -> None:
    assert [failure.message for failure in check_page_examples(page)] == []
    assert page.references, "a page says where its facts come from"


def test_every_problem_that_a_reader_finds_has_a_page() -> None:
    worded = {kind for rule in knowledge().rules.values() for kind in rule["problem"]}
    emitted = set()
    for path in (ROOT / "poollint" / "readers").glob("*.py"):
        emitted.update(re.findall(r"""(?:\.problem|Problem)\(\s*"([a-z0-9-]+)\"""", path.read_text(encoding="utf-8")))
    assert emitted, "readers report problems"
    assert emitted - worded == set()


CARD = """\
# {name}

```toml
{card}
```

Prose.

## Bad

```ini a.ini
x
```

## Good

```ini a.ini
y
```

## References

none
"""
WHOLE = 'code = "XX001"\neffect = "risk"\ntopic = "size"\non = "main"\nmessage = "m"\n'


@pytest.mark.parametrize(
    ("name", "card", "expected"),
    [
        ("ok-name", WHOLE + 'when = "1 < 2"\nwrong = 1', r"page.md:10:1: unknown key 'wrong'"),
        ("ok-name", WHOLE + "when = ", r"page.md:9:\d+: "),
        ("ok-name", WHOLE, "exactly one of when, detect, problem"),
        ("ok-name", WHOLE + 'when = "1"\ndetect = "a.b"\nproblem = "p"', "exactly one of"),
        ("Not A Name", WHOLE + 'when = "1"', "page.md:1:3: 'Not A Name' is no rule name"),
        ("ok-name", WHOLE.replace("risk", "riks") + 'when = "1"', "page.md:5:1: effect = 'riks'"),
        ("ok-name", 'code = "x"', "needs a code"),
    ],
)
def test_a_page_that_cannot_be_used_says_where(name: str, card: str, expected: str) -> None:
    with pytest.raises(PageError, match=expected):
        parse_page(CARD.format(name=name, card=card), "page.md", "pgbouncer")


def test_conditions_are_checked_when_pages_are_built(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("rules")
    (root / "demo").mkdir()
    (root / "demo" / "settings.toml").write_text(
        '[system]\nname = "demo"\ntitle = "Demo"\n[kinds.main.settings.pool_size]\ntype = "int"\n'
    )
    page = root / "demo" / "ok-name.md"
    page.write_text(CARD.format(name="ok-name", card=WHOLE + 'when = "pool_sise > 3"'))
    with pytest.raises(PageError, match=r"ok-name.md:9:\d+: when: unknown name pool_sise; did you mean pool_size"):
        build(str(root))
    page.write_text(CARD.format(name="ok-name", card=WHOLE + 'when = "pool_size > 3"'))
    index, packs = build(str(root))
    assert index["rules"]["ok-name"]["code"] == "XX001"
    assert [card["name"] for card in packs["demo"]["cards"]] == ["ok-name"]


def test_a_catalogue_with_an_unknown_word_is_refused() -> None:
    with pytest.raises(CatalogueError, match="unknown key 'tpye'"):
        Catalogue({"system": {"name": "x", "title": "X"}, "settings": {"a": {"tpye": "int"}}})
