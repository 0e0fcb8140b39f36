"""Rules and systems of the user's own: loaded with the configuration that names them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from poollint import api
from poollint.config import ConfigError
from poollint.files import DiskFiles
from poollint.knowledge.catalogue import CatalogueError
from poollint.knowledge.index import knowledge
from poollint.knowledge.own import OwnKnowledge
from poollint.knowledge.pages import PageError

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
# {name}

```toml
code = "{code}"
{system}effect = "risk"
topic = "size"
on = "{on}"
{way}
at = "{at}"
message = "{{setting}} = {{raw}}: too large for this house"
options = {{ limit = {{ default = 10, type = "int", help = "the most" }} }}
```

Our databases are small.

## Bad

```{fence}
```

## Good

```{good}
```

## References

- the runbook
"""
INI = """ini pgbouncer.ini
[databases]
app = host=/tmp
[pgbouncer]
auth_file = /etc/pgbouncer/userlist.txt
listen_addr =
default_pool_size = {size}
"""
CATALOGUE = """\
[system]
name = "acme-db"
title = "The house's pool"

[[found]]
language = "javascript"
module = "@acme/db"
construct = "createPool"
options = 0

[kinds.pool]
role = "pool"

[kinds.pool.settings.size]
type = "int"
default = 4
role = "size"
"""


def pgbouncer_page(
    code: str = "HSE001", name: str = "house-size", way: str = 'when = "default_pool_size > opt.limit"'
) -> str:
    return PAGE.format(
        name=name, code=code, system='system = "pgbouncer"\n', on="main", way=way, at="default_pool_size",
        fence=INI.format(size=20).rstrip(), good=INI.format(size=5).rstrip(),
    )  # fmt: skip


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "house-size.md").write_text(pgbouncer_page())
    (rules / "acme").mkdir()
    (rules / "acme" / "settings.toml").write_text(CATALOGUE)
    text = PAGE.format(
        name="acme-size", code="HSE002", system="", on="pool", way='when = "size > opt.limit"', at="size",
        fence="js a.js\nimport {createPool} from '@acme/db';\nexport const pool = createPool({size: 50});",
        good="js a.js\nimport {createPool} from '@acme/db';\nexport const pool = createPool({size: 5});",
    )  # fmt: skip
    (rules / "acme" / "acme-size.md").write_text(text)
    (tmp_path / "poollint.toml").write_text('rule-dirs = ["rules"]\n[rules.house-size]\nlimit = 15\n')
    (tmp_path / "pgbouncer.ini").write_text(INI.format(size=16).partition("\n")[2])
    (tmp_path / "db.js").write_text(
        "import {createPool} from '@acme/db';\nexport const pool = createPool({size: 50});\n"
    )
    return tmp_path


def codes(*paths: str) -> list[str]:
    return [each.code for each in api.check_paths(paths or (".",)).findings if each.code.startswith("HSE")]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "poollint", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("house")
def test_they_run_with_their_options_and_systems() -> None:
    assert codes() == ["HSE002", "HSE001"]


def test_they_hold_only_where_they_are_named(house: Path) -> None:
    (house / "sub").mkdir()
    (house / "sub" / "poollint.toml").write_text("")
    (house / "pgbouncer.ini").rename(house / "sub" / "pgbouncer.ini")
    assert codes() == ["HSE002"]
    assert codes("sub") == []
    assert "HSE001" not in {brief["code"] for brief in knowledge().rules.values()}


@pytest.mark.usefixtures("house")
def test_the_command_line_knows_them() -> None:
    done = run("check", "--select", "house-size", "--format", "concise")
    assert "HSE001" in done.stdout
    assert "HSE002" not in done.stdout
    assert "too large for this house" in run("check", "--target", "acme-db=1.0", "db.js").stdout
    assert "Our databases are small." in run("explain", "HSE001").stdout
    assert "house-size" in run("rules", "--system", "pgbouncer").stdout
    tested = run("rules", "test", "rules")
    assert (tested.returncode, tested.stderr) == (0, "2 pages, 0 failures\n"), tested.stdout
    assert "HSE001" in run("check", "--format", "sarif").stdout


def test_a_bad_example_of_theirs_is_told(house: Path) -> None:
    page = house / "rules" / "house-size.md"
    page.write_text(page.read_text().replace("default_pool_size = 20", "default_pool_size = 2"))
    done = run("rules", "test", "rules")
    assert done.returncode == 1
    assert "the bad example has no finding of this rule" in done.stdout


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (pgbouncer_page("PGB001"), "PGB001 is the name or code of"),
        (pgbouncer_page(way='detect = "os.system"'), "poollint has no such detector"),
        (pgbouncer_page(way='detect = "pgbouncer_pools._known"'), "poollint has no such detector"),
        (pgbouncer_page(way='when = "defualt_pool_size > 1"'), "did you mean default_pool_size"),
        (pgbouncer_page().replace('"pgbouncer"', '"pgbuncer"'), "there is no system 'pgbuncer'"),
    ],
)
def test_pages_that_cannot_be_used(house: Path, page: str, said: str) -> None:
    (house / "rules" / "house-size.md").write_text(page)
    with pytest.raises(PageError, match=said):
        codes()
    done = run("check")
    assert done.returncode == 2
    assert said in done.stderr


def test_folders_that_cannot_be_used(house: Path) -> None:
    (house / "poollint.toml").write_text('rule-dirs = ["rulez"]\n')
    with pytest.raises(CatalogueError, match="rulez: is no folder"):
        codes()
    (house / "poollint.toml").write_text('rule-dirs = ["rules"]\n[rules.house-sise]\n')
    with pytest.raises(ConfigError, match="did you mean 'house-size'"):
        codes()
    nested = house / "sub"
    nested.mkdir()
    (house / "poollint.toml").write_text("")
    (nested / "poollint.toml").write_text('rule-dirs = ["../rules"]\n')
    with pytest.raises(CatalogueError, match="a new system must be named by the configuration of the first path"):
        codes()


def test_the_shipped_knowledge_stays_as_it_is(house: Path) -> None:
    before = dict(knowledge().rules)
    own = OwnKnowledge(knowledge())
    own.add(str(house / "rules"))
    assert knowledge().rules == before
    assert "acme-db" not in knowledge().systems
    assert [card["code"] for card in own.cards("acme-db")] == ["HSE002"]
    session = api.Session(api.Options(isolated=True), DiskFiles())
    assert session.knowledge is knowledge()
