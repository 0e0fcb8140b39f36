"""``[[found]]`` tables that cannot be used are refused with their line and what was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poollint.knowledge.build import load_settings
from poollint.knowledge.catalogue import Catalogue, CatalogueError
from poollint.knowledge.keyed import matches

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = '[system]\nname = "acme"\ntitle = "Acme"\n\n[[found]]\n'
AFTER = '\n[kinds.pool]\nrole = "pool"\n[kinds.pool.settings]\nmaxSize = { type = "int" }\n'


def error_of(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(CatalogueError) as caught:
        Catalogue(load_settings(str(path)), str(path))
    return str(caught.value).replace(str(path), "settings.toml")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('format = "yml"\nfiles = ["a.yml"]\nprefix = ""', "settings.toml:6: [[found]]: format = 'yml': no such format"),
        ('format = "ymal"\nprefix = ""', "did you mean 'yaml'?"),
        ('format = "yaml"\nprefix = "db"', "settings.toml:6: [[found]]: format = 'yaml' needs files"),
        ('format = "spring"', "needs prefix"),
        ('format = "env"', "needs env"),
        ('format = "spring"\nprefix = "db"\nrelxed = true', ":8: [[found]]: unknown key 'relxed'; did you mean 'relaxed'?"),
        ('format = "spring"\nprefix = "db"\nconstruct = ["x"]', "settings.toml:8: [[found]]: 'construct' means nothing"),
        ('format = "spring"\nprefix = 5', "settings.toml:7: [[found]]: prefix must be a text or a list"),
        ('format = "spring"\nprefix = ""\nsection = "a"', "section is for format = 'ini' alone"),
        ('format = "spring"\nprefix = ""\nkind = "pol"', "there is no such kind of block; did you mean 'pool'?"),
        (
            'format = "spring"\nprefix = ""\nrename = { max = "maxsize" }',
            "settings.toml:8: [[found]]: rename: [kinds.pool] has no setting 'maxsize'; did you mean 'maxSize'?",
        ),
        ('format = "spring"\nprefix = ""\nrequire = ["size"]', "require: [kinds.pool] has no setting 'size'"),
        ('format = "spring"\nlanguage = "python"\nprefix = ""', "has language and format: one of"),
        ('kind = "pool"', "settings.toml:5: [[found]] says no place"),
        ('language = "python"\nmodule = "a"', "needs construct beside language"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_used(tmp_path: Path, table: str, said: str) -> None:
    assert said in error_of(tmp_path / "settings.toml", BEFORE + table + "\n" + AFTER)


def test_other_tables_have_their_line_too(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    assert "settings.toml:1: [system] needs title" in error_of(path, '[system]\nname = "acme"\n')
    assert "[system] needs name" in error_of(path, 'title = "x"\n')
    text = BEFORE + 'format = "spring"\nprefix = ""\n' + AFTER
    assert (
        "settings.toml:12: [kinds.pool.settings.maxSize]: unknown key 'defualt'; did you mean 'default'?"
        in error_of(path, text.replace('type = "int"', 'type = "int", defualt = 5'))
    )


def test_a_table_that_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(BEFORE + 'format = "toml"\nfiles = ["a.toml"]\nprefix = "db"\nenv = { MAX = "maxSize" }\n' + AFTER)
    assert Catalogue(load_settings(str(path)), str(path)).found[0]["format"] == "toml"


@pytest.mark.parametrize(
    ("path", "glob", "said"),
    [
        ("a/b/application-x.yml", "application-*.yml", True),
        ("config/config.json", "config/config.json", True),
        ("app/config/config.json", "config/config.json", True),
        ("config/x/config.json", "config/config.json", False),
        ("config.json", "config/config.json", False),
        ("a/.env.local", ".env.*", True),
    ],
)
def test_globs(path: str, glob: str, said: bool) -> None:
    assert matches(path, glob) is said
