"""Python: dicts put together from others, the dict of engine_from_config, partial calls, fields that are set later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.blocks import UNKNOWN
from poollint.files import MemoryFiles

if TYPE_CHECKING:
    from poollint.blocks import Block

IMPORTS = (
    "import os\nimport functools\nfrom functools import partial\n"
    "from sqlalchemy import create_engine, engine_from_config\n"
)


def blocks(text: str, path: str = "app/db.py", **files: str) -> list[Block]:
    others = {name.replace("__", "/") + ".py": other for name, other in files.items()}
    session = api.Session(api.Options(isolated=True), MemoryFiles({path: text, **others}))
    return session.read(session.files.load(path), "python").reading.blocks


def engine(text: str) -> Block:
    (found,) = (each for each in blocks(IMPORTS + text) if each.kind == "engine")
    return found


BASE = "A = {'pool_size': 3, 'pool_timeout': 4}\n"


@pytest.mark.parametrize(
    ("options", "size", "complete"),
    [
        ("A | {'pool_size': 7}", 7, True),
        ("{'pool_size': 7} | A", 3, True),
        ("A | other", UNKNOWN, False),
        ("other | A", 3, False),
        ("{**A, 'pool_size': 7}", 7, True),
        ("dict(A)", 3, True),
        ("dict(A, pool_size=7)", 7, True),
        ("dict(pool_recycle=1, **A)", 3, True),
        ("dict(other, pool_size=7)", 7, False),
    ],
)
def test_dicts_put_together(options: str, size: Any, complete: bool) -> None:
    block = engine(f"{BASE}engine = create_engine('x', **({options}))\n")
    assert (block.value("pool_size"), block.complete) == (size, complete)


@pytest.mark.parametrize(
    ("expression", "before", "value"),
    [
        ("min(32, 13)", "", 13),
        ("max(N, 13)", "N = 20", 20),
        ("min(32, other)", "", UNKNOWN),
        ("min([3, 4])", "", UNKNOWN),
        ("min(3, 4)", "def min(*a): ...", UNKNOWN),
        ("C.N", "class C:\n    N = 8", 8),
        ("C.N", "class C:\n    N = 8\n    N = 9", UNKNOWN),
    ],
)
def test_numbers(expression: str, before: str, value: Any) -> None:
    assert engine(f"{before}\nengine = create_engine('x', pool_size={expression})\n").value("pool_size") == value


@pytest.mark.parametrize(
    ("body", "rest", "value"),
    [
        ("    def f(self):\n        return create_engine('x', pool_size=self.N)\n", "", 8),
        ("    @classmethod\n    def f(cls):\n        return create_engine('x', pool_size=cls.N)\n", "", 8),
        (
            "    def f(self):\n        return create_engine('x', pool_size=self.N)\n",
            "class D(C):\n    N = 9\n",
            UNKNOWN,
        ),
        ("    def f(self):\n        self.N = 4\n        return create_engine('x', pool_size=self.N)\n", "", UNKNOWN),
        ("    def f(self):\n        return create_engine('x', **self.O)\n", "", 5),
        ("    def f(self):\n        return create_engine('x', **self.O)\n", "c.O = {}\n", UNKNOWN),
        ("    def f(self):\n        return create_engine('x', pool_size=self.N)\n", "C.N = 9\n", UNKNOWN),
        ("    def f(self):\n        return create_engine('x', pool_size=self.N)\n", "setattr(C, n, 9)\n", UNKNOWN),
        (
            "    def f(self):\n        self.O['pool_size'] = 6\n        return create_engine('x', **self.O)\n",
            "",
            UNKNOWN,
        ),
    ],
)
def test_fields_of_the_class_around(body: str, rest: str, value: Any) -> None:
    found = engine(f"class C:\n    N = 8\n    O = {{'pool_size': 5}}\n{body}{rest}")
    assert (found.value("pool_size") if "pool_size" in found.settings else UNKNOWN) == value


@pytest.mark.parametrize(
    "head",
    ["@dataclass\nclass C", "class C(BaseModel)", "class C(NamedTuple)", "class BaseDatabase", "class PoolMixin"],
)
def test_fields_that_an_instance_or_another_class_may_have_otherwise(head: str) -> None:
    body = "    N: int = -8\n    def f(self):\n        return create_engine('x', pool_size=self.N)\n"
    assert engine(f"{head}:\n{body}").value("pool_size") is UNKNOWN


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("engine = partial(create_engine, pool_size=5)('x')", {"url": "x", "pool_size": 5}),
        ("engine = partial(create_engine, 'x', pool_size=5)(pool_size=6)", {"url": "x", "pool_size": 6}),
        ("make = functools.partial(create_engine, pool_size=5)\nengine = make('x')", {"url": "x", "pool_size": 5}),
    ],
)
def test_partial_calls(text: str, given: dict[str, Any]) -> None:
    block = engine(text + "\n")
    assert {name: setting.value for name, setting in block.settings.items() if setting.key} == given


@pytest.mark.parametrize(
    "text",
    [
        "make = partial(create_engine, pool_size=5)",
        "partial(other, 1)('x')",
        "def partial(f): ...\npartial(create_engine)('x')",
    ],
)
def test_no_partial_calls(text: str) -> None:
    assert blocks(IMPORTS + text + "\n") == []


CONFIG = "C = {'sqlalchemy.url': 'postgresql://db/a', 'sqlalchemy.pool_size': '7', 'db.pool_size': 9, 'other': 1}\n"


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ("C", 7),
        ("C, 'sqlalchemy.'", 7),
        ("C, prefix='db.'", 9),
        ("configuration=C", 7),
        ("C, pool_size=8", 8),
        ("{**C, 'sqlalchemy.pool_size': os.environ['SIZE']}", UNKNOWN),
        ("{**C, 'sqlalchemy.pool_size': '2.5'}", UNKNOWN),
    ],
)
def test_engine_from_config(arguments: str, size: Any) -> None:
    block = engine(f"{CONFIG}engine = engine_from_config({arguments})\n")
    assert (block.value("pool_size"), block.name) == (size, "engine")
    assert "text_values" not in block.facts


@pytest.mark.parametrize("arguments", ["settings", "C, prefix", "C, prefix=os.environ['P']", "settings, 'db.'"])
def test_engine_from_what_is_not_known(arguments: str) -> None:
    found = blocks(f"{IMPORTS}{CONFIG}engine = engine_from_config({arguments})\n")
    assert [each.kind for each in found] == ["from_config"]


def test_number_that_is_none() -> None:
    text = "from sqlalchemy import engine_from_config\nC = {'db.url': 'x', 'db.pool_size': '2.5', 'db.echo': 'no'}\n"
    found = api.check_text(text + "engine = engine_from_config(C, 'db.')\n", path="db.py")
    assert [(each.name, each.line, each.column) for each in found] == [("ini-not-a-number", 2, 37)]


HYPERCORN = "from hypercorn.config import Config\nconfig = Config()\n"


@pytest.mark.parametrize(
    ("after", "value"),
    [
        ("config.keep_alive_timeout = 75\n", 75),
        ("", 5),
        ("if x:\n    config.keep_alive_timeout = 75\n", UNKNOWN),
        ("config.keep_alive_timeout = 75\nconfig.keep_alive_timeout = 80\n", UNKNOWN),
        ("other.keep_alive_timeout = 75\n", 5),
        ("def f(config):\n    config.keep_alive_timeout = 75\n", 5),
    ],
)
def test_fields_set_later(after: str, value: Any) -> None:
    (block,) = (each for each in blocks(HYPERCORN + after) if each.system == "hypercorn")
    assert block.value("keep_alive_timeout") == value


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("class S(BaseSettings):\n    url: str = 'mysql+pymysql://db/a'", ["mysql+pymysql://db/a"]),
        ("class S(BaseSettings):\n    url: str = Field('mysql+pymysql://db/a', alias='X')", ["mysql+pymysql://db/a"]),
        ("class S(BaseSettings):\n    url: str = 'postgres://db/a'", []),
        ("class S:\n    url: str = 'mysql+pymysql://db/a'", []),
    ],
)
def test_urls_of_settings_classes(text: str, urls: list[str]) -> None:
    found = blocks(f"from pydantic_settings import BaseSettings\nfrom pydantic import Field\n{text}\n")
    assert [each.value("url") for each in found if each.kind == "variable"] == urls


@pytest.mark.parametrize(
    ("path", "engine_at", "expected"),
    [
        ("app/main.py", "app__db", ["FastAPI"]),
        ("app/web/main.py", "app__db", ["FastAPI"]),
        ("web/main.py", "app__db", []),
    ],
)
def test_applications_beside_their_engine(path: str, engine_at: str, expected: list[str]) -> None:
    other = "from sqlalchemy.ext.asyncio import create_async_engine\nengine = create_async_engine('x')\n"
    text = "from fastapi import FastAPI\nfrom app.db import engine\napp = FastAPI()\n"
    found = blocks(text, path, **{engine_at: other})
    uses = [each.facts["uses"]["application"].name for each in found if each.kind == "use"]
    assert uses == expected


def test_the_line_of_what_comes_too_late() -> None:
    text = (
        "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\napp = Flask(__name__)\n"
        "app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///a'\ndb = SQLAlchemy(app)\n"
        "app.config['SQLALCHEMY_DATABASE_URI'] = 'postgresql+psycopg2://db/a'\n"
    )
    found = api.check_text(text, path="app.py")
    assert [(each.name, each.line) for each in found] == [("flask-options-too-late", 6)]


@pytest.mark.parametrize(
    ("before", "value"),
    [
        ("A, N = 1, 7", 7),
        ("(A, N) = (1, 7)", 7),
        ("A, N = pair", UNKNOWN),
        ("A, N = *pair, 7", UNKNOWN),
        ("A, *N = 1, 7", UNKNOWN),
        ("N, N = 1, 7", UNKNOWN),
    ],
)
def test_names_assigned_at_once(before: str, value: Any) -> None:
    assert engine(f"{before}\nengine = create_engine('x', pool_size=N)\n").value("pool_size") == value


def test_threads_that_run_an_inner_function() -> None:
    text = (
        "import requests\nfrom concurrent.futures import ThreadPoolExecutor\ndef run(urls):\n    s = requests.Session()\n"
        "    def fetch(url):\n        return s.get(url, timeout=5)\n"
        "    with ThreadPoolExecutor(25) as pool:\n        return list(pool.map(fetch, urls))\n"
    )
    assert [(each.name, each.line) for each in api.check_text(text, path="c.py")] == [("http-pool-too-small", 4)]
