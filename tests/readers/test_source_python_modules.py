"""Names that another file of a Python project gives a meaning: constants, settings objects, functions handed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.blocks import UNKNOWN
from poollint.files import DiskFiles, MemoryFiles

if TYPE_CHECKING:
    from pathlib import Path

    from poollint.blocks import Block


def blocks(text: str, path: str = "proj/app/db.py", **others: str) -> list[Block]:
    """``others``: texts by path, with ``__`` for a slash and without their ending."""
    files = {name.replace("__", "/") + ".py": other for name, other in others.items()}
    session = api.Session(api.Options(isolated=True), MemoryFiles({path: text, "proj/pyproject.toml": "", **files}))
    return session.read(session.files.load(path), "python").reading.blocks


def engine(arguments: str, before: str, **others: str) -> Block:
    text = f"from sqlalchemy import create_engine\n{before}\nengine = create_engine({arguments})\n"
    (block,) = (each for each in blocks(text, **others) if each.system == "sqlalchemy")
    return block


SETTINGS = (
    "from pydantic_settings import BaseSettings\nfrom pydantic import Field\n"
    "class Settings(BaseSettings):\n    size: int = 20\n    more: int = Field(default=7, alias='DB_MORE')\n"
    "settings = Settings()\ndef get_settings():\n    return Settings()\n"
)
VALIDATED = (
    "class S(BaseSettings):\n    size: int = 4\n    @field_validator('size')\n    def f(cls, v):\n        return 9\n"
    "settings = S()"
)


@pytest.mark.parametrize(
    ("expression", "before", "config", "value"),
    [
        ("SIZE", "from .config import SIZE", "SIZE = 7", 7),
        ("SIZE", "from app.config import SIZE", "SIZE = 7", 7),
        ("N", "from app.config import SIZE as N", "SIZE = 7", 7),
        ("config.SIZE", "from app import config", "SIZE = 7", 7),
        ("config.SIZE", "from . import config", "SIZE = 7", 7),
        ("app.config.SIZE", "import app.config", "SIZE = 7", 7),
        ("c.SIZE", "import app.config as c", "SIZE = 7", 7),
        ("SIZE", "from app.config import *", "SIZE = 7", 7),
        ("SIZE", "from app.config import *\nfrom nowhere import *", "SIZE = 7", UNKNOWN),
        ("SIZE", "from app.config import *\nSIZE = 3", "SIZE = 7", 3),
        ("SIZE", "from .config import SIZE", "SIZE = 7\nSIZE = 8", UNKNOWN),
        ("SIZE", "from .config import SIZE", "if x:\n    SIZE = 7", UNKNOWN),
        ("SIZE", "from .config import SIZE", "SIZE = 7\ndef f():\n    global SIZE\n    SIZE = 8", UNKNOWN),
        (
            "SIZE",
            "try:\n    from .config import SIZE\nexcept ImportError:\n    from .other import SIZE",
            "SIZE = 7",
            UNKNOWN,
        ),
        ("SIZE", "from .elsewhere import SIZE", "SIZE = 7", UNKNOWN),
        ("int(SIZE)", "from .config import SIZE", "import os\nSIZE = os.getenv('DB_SIZE', '9')", 9),
        ("Config.SIZE", "from .config import Config", "class Config:\n    SIZE = 7", 7),
        ("Config.SIZE", "from .config import Config", "class Base:\n    SIZE = 7\nclass Config(Base):\n    pass", 7),
        ("settings.size", "from .config import settings", SETTINGS, 20),
        ("get_settings().size", "from .config import get_settings", SETTINGS, 20),
        ("s.size", "from .config import get_settings\ns = get_settings()", SETTINGS, 20),
        ("Settings().more", "from .config import Settings", SETTINGS, 7),
        ("Settings(size=3).size", "from .config import Settings", SETTINGS, 3),
        ("Settings(**given).size", "from .config import Settings", SETTINGS, UNKNOWN),
        ("settings.other", "from .config import settings", SETTINGS, UNKNOWN),
        (
            "settings.db.size",
            "from .config import settings",
            "class Db(BaseSettings):\n    size: int = 4\nclass All(BaseSettings):\n    db: Db = Db()\nsettings = All()",
            4,
        ),
        (
            "settings.size",
            "from .config import settings",
            VALIDATED,
            UNKNOWN,
        ),
    ],
)
def test_values(expression: str, before: str, config: str, value: Any) -> None:
    block = engine(f"'sqlite://', pool_size={expression}", before, proj__app____init__="", proj__app__config=config)
    assert block.value("pool_size") == value


def test_what_the_environment_may_set_is_told() -> None:
    block = engine(
        "'x', pool_size=settings.size, max_overflow=settings.more",
        "from .config import settings",
        proj__app__config=SETTINGS,
    )
    assert block.facts["from_environment"] == {"pool_size": "SIZE", "max_overflow": "DB_MORE"}
    assert "text_values" not in block.facts


def test_tables_are_told_where_they_are_used() -> None:
    block = engine(
        "'x', **OPTIONS",
        "from .config import OPTIONS",
        proj__app__config="OPTIONS = {'pool_size': 3}\nOPTIONS['max_overflow'] = 4\n",
    )
    assert (block.value("pool_size"), block.value("max_overflow"), block.complete) == (3, 4, True)
    place = block.settings["pool_size"].place
    assert place is not None
    assert (place.source.path, place.text) == ("proj/app/db.py", "OPTIONS")


def test_two_modules_of_a_name_are_unknown() -> None:
    block = engine(
        "'x', pool_size=SIZE",
        "from config import SIZE",
        proj__app__config="SIZE = 3",
        proj__config="SIZE = 4",
    )
    assert block.value("pool_size") is UNKNOWN


def test_modules_that_import_each_other() -> None:
    block = engine(
        "'x', pool_size=SIZE",
        "from .one import SIZE",
        proj__app__one="from .two import SIZE",
        proj__app__two="from .one import SIZE",
    )
    assert block.value("pool_size") is UNKNOWN


@pytest.mark.parametrize(
    ("wrapper", "found"),
    [
        ("from sqlalchemy import create_engine", 1),
        ("from .more import create_engine", 1),
        ("def create_engine(url):\n    return 1\n", 0),
    ],
)
def test_functions_that_a_module_hands_on(wrapper: str, found: int) -> None:
    text = "from .wrapper import create_engine\nengine = create_engine('sqlite://')\n"
    more = "from sqlalchemy import create_engine"
    assert len(blocks(text, proj__app__wrapper=wrapper, proj__app__more=more)) == found


def test_files_outside_the_project_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.py").write_text("SIZE = 3\n")
    inner = tmp_path / "proj" / "app"
    inner.mkdir(parents=True)
    (tmp_path / "proj" / "pyproject.toml").write_text("")
    (tmp_path / "proj" / ".git").mkdir()
    text = "from config import SIZE\nfrom sqlalchemy import create_engine\ncreate_engine('x', pool_size=SIZE)\n"
    (inner / "db.py").write_text(text)
    monkeypatch.chdir(tmp_path / "proj")
    session = api.Session(api.Options(isolated=True), DiskFiles())
    (block,) = session.read(session.files.load("app/db.py"), "python").reading.blocks
    assert block.value("pool_size") is UNKNOWN
    (tmp_path / "proj" / "config.py").write_text("SIZE = 4\n")
    session = api.Session(api.Options(isolated=True), DiskFiles())
    (block,) = session.read(session.files.load("app/db.py"), "python").reading.blocks
    assert block.value("pool_size") == 4
