"""Python sources: names through imports, constants, where a construction stands, settings that are assigned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.blocks import UNKNOWN
from poollint.files import MemoryFiles

if TYPE_CHECKING:
    from poollint.blocks import Block


def blocks(text: str, path: str = "app/db.py", **files: str) -> list[Block]:
    session = api.Session(api.Options(isolated=True), MemoryFiles({path: text, **files}))
    system, _ = api.recognise_all(session, path, text)[0]
    return session.read(session.files.load(path), system).reading.blocks


def engine(arguments: str, before: str = "") -> Block:
    text = f"import os\nfrom sqlalchemy import create_engine\n{before}\nengine = create_engine({arguments})\n"
    return blocks(text)[0]


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from sqlalchemy import create_engine", "create_engine"),
        ("from sqlalchemy import create_engine as ce", "ce"),
        ("import sqlalchemy as sa", "sa.create_engine"),
        ("import sqlalchemy", "sqlalchemy.create_engine"),
        ("from sqlalchemy.engine import create_engine", "create_engine"),
        ("from sqlmodel import create_engine", "create_engine"),
        ("import sqlalchemy\nmake = sqlalchemy.create_engine", "make"),
        (
            "try:\n    from sqlalchemy import create_engine\nexcept ImportError:\n    create_engine = None",
            "create_engine",
        ),
    ],
)
def test_names_through_imports(imports: str, call: str) -> None:
    found = blocks(f"{imports}\nengine = {call}('sqlite://')  # create_engine\n")
    assert [(block.system, block.kind, block.name) for block in found] == [("sqlalchemy", "engine", "engine")]


@pytest.mark.parametrize(
    "text",
    [
        "from app.db import create_engine\nengine = create_engine('x')\n",
        "def create_engine(url): ...\nengine = create_engine('x')\n",
        "from sqlalchemy import create_engine\ndef f(create_engine):\n    return create_engine('x')\n",
        "from sqlalchemy import create_engine\n# engine = create_engine('x')\ns = 'create_engine()'\n",
    ],
)
def test_other_things_of_that_name(text: str) -> None:
    assert blocks(text) == []


@pytest.mark.parametrize(
    ("expression", "before", "value"),
    [
        ("5 * 4", "", 20),
        ("60_000", "", 60000),
        ("SIZE", "SIZE = 7", 7),
        ("SIZE", "SIZE = 7\nSIZE = 8", UNKNOWN),
        ("SIZE", "if x:\n    SIZE = 7", UNKNOWN),
        ("int(os.environ.get('X', '20'))", "", 20),
        ("int(os.getenv('X') or 20)", "", 20),
        ("os.getenv('X')", "", UNKNOWN),
        ("settings.size", "class Settings(BaseSettings):\n    size: int = 9\nsettings = Settings()", 9),
        ("4 if x else 4", "", 4),
        ("4 if x else 5", "", UNKNOWN),
        ("compute()", "", UNKNOWN),
        ("timedelta(minutes=1).total_seconds()", "from datetime import timedelta", UNKNOWN),
    ],
)
def test_constants(expression: str, before: str, value: Any) -> None:
    assert engine(f"'sqlite://', pool_size={expression}", before).value("pool_size") == value


def test_environment_is_told() -> None:
    block = engine("'sqlite://', pool_size=os.environ.get('SIZE', 5), max_overflow=int(os.environ.get('MORE', 5))")
    assert block.facts["from_environment"] == {"pool_size": "SIZE", "max_overflow": "MORE"}
    assert block.facts["text_values"] == {"pool_size": "SIZE"}


@pytest.mark.parametrize(
    ("arguments", "before", "size", "complete"),
    [
        ("'x', **{'pool_size': 3}", "", 3, True),
        ("'x', **kw", "kw = {'pool_size': 3}", 3, True),
        ("'x', **kw", "kw = dict(pool_size=3)", 3, True),
        ("'x', **kw", "kw = {}\nkw['pool_size'] = 3", 3, True),
        ("'x', **kw", "kw = {}\nkw.update({'pool_size': 3})", 3, True),
        ("'x', **kw", "kw = {}\nif y:\n    kw['pool_size'] = 3", UNKNOWN, True),
        ("'x', **kw", "from app import kw", UNKNOWN, False),
    ],
)
def test_spread_arguments(arguments: str, before: str, size: Any, complete: bool) -> None:
    block = engine(arguments, before)
    assert (block.value("pool_size"), block.complete) == (size, complete)


def test_hidden_driver_arguments_hide_nothing_else() -> None:
    block = engine("'x', connect_args=elsewhere(), pool_size=3")
    assert block.complete
    assert block.value("connect_args.statement_cache_size") is UNKNOWN
    assert block.value("max_overflow") == 10


@pytest.mark.parametrize(
    ("expression", "shape"),
    [
        ('f"mysql+pymysql://{user}@db/app"', "mysql+pymysql://@db/app"),
        ('"mysql+pymysql://" + name', "mysql+pymysql://\0"),
        ('"mysql+pymysql://%s@db/app" % user', "mysql+pymysql://@db/app"),
        ('"mysql+pymysql://{}@db/app".format(user)', "mysql+pymysql://@db/app"),
        ('URL.create("mysql+pymysql", host="db", port=3306)', "mysql+pymysql://@db:3306/\0"),
    ],
)
def test_texts_with_open_parts(expression: str, shape: str) -> None:
    block = engine(expression, "from sqlalchemy.engine import URL")
    assert block.value("url") is UNKNOWN
    assert block.facts["shapes"] == {"url": shape}


def test_broken_arguments_yield_nothing() -> None:
    block = engine("'x', pool_size=3 max_overflow=4")
    assert block.value("pool_size") is UNKNOWN


DEPENDS = "from fastapi import Depends\ndef route(c=Depends(f)):\n    pass\n"
ROUTE = "from fastapi import FastAPI\nfrom sqlalchemy import create_engine\napp = FastAPI()\n"


@pytest.mark.parametrize(
    ("text", "handler", "stored"),
    [
        ("@app.get('/')\ndef f():\n    e = create_engine('x')\n", "route", None),
        ("@app.get('/')\ndef f():\n    global e\n    e = create_engine('x')\n", "route", True),
        ("def f(request):\n    e = create_engine('x')\n", "view", None),
        ("@pytest.fixture\ndef f(request):\n    e = create_engine('x')\n", "", None),
        ("def lambda_handler(event, context):\n    e = create_engine('x')\n", "lambda", None),
        ("def f():\n    return create_engine('x')\n", "", True),
        (DEPENDS + "def f():\n    e = create_engine('x')\n    yield e.connect()\n", "route", None),
        (DEPENDS + "def f():\n    e = create_engine('x')\n    yield e\n", "route", True),
        ("def f():\n    e = create_engine('x')\n    return e\n", "", True),
        ("def f():\n    e = create_engine('x')\n    return e.connect()\n", "", None),
        ("class A:\n    def f(self):\n        self.e = create_engine('x')\n", "", True),
        ("@lru_cache\ndef f():\n    e = create_engine('x')\n", "", True),
    ],
)
def test_where_it_stands(text: str, handler: str, stored: bool | None) -> None:
    facts = blocks(ROUTE + text)[0].facts
    assert facts["handler"] == handler
    assert (facts.get("uses") or {}).get("stored") is stored


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ("for i in range(9):\n    e = create_engine('x')\n", True),
        ("for url in urls:\n    e = create_engine(url)\n", False),
        ("for i in range(9):\n    engines[i] = create_engine('x')\n", False),
        (
            "while True:\n    try:\n        e = create_engine('x')\n        break\n    except OSError:\n        pass\n",
            False,
        ),
        ("for i in range(9):\n    pass\ne = create_engine('x')\n", False),
    ],
)
def test_loops(loop: str, expected: bool) -> None:
    assert blocks("from sqlalchemy import create_engine\n" + loop)[0].facts["in_loop"] is expected


def test_django_databases() -> None:
    text = (
        'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None,'
        ' "OPTIONS": {"pool": {"max_size": 8}}}, "other": {"ENGINE": "django.db.backends.sqlite3"}}\n'
    )
    first, second = blocks(text, "settings.py")
    assert (first.name, first.value("CONN_MAX_AGE"), first.value("pool.max_size")) == ("default", float("inf"), 8)
    assert (second.name, second.value("CONN_MAX_AGE")) == ("other", 0)


def test_django_databases_that_change_later() -> None:
    text = 'DATABASES = {"default": {"ENGINE": "x"}}\nDATABASES["default"]["CONN_MAX_AGE"] = 60\n'
    assert blocks(text, "settings.py")[0].value("CONN_MAX_AGE") == 60


@pytest.mark.parametrize(
    "text",
    [
        'class Config:\n    SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 20}\n',
        'SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 20}\n',
        'app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 20}\n',
        'app.config.update(SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 20})\n',
        'app.config.from_mapping(SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 20})\n',
    ],
)
def test_flask_configuration(text: str) -> None:
    (block,) = blocks(text, "config.py")
    assert (block.system, block.value("options.pool_size")) == ("flask-sqlalchemy", 20)


def test_settings_file() -> None:
    text = "import multiprocessing\nworkers = multiprocessing.cpu_count() * 2 + 1\nthreads = 2\nthreads = 4\nmine = 1\n"
    (block,) = blocks(text, "gunicorn.conf.py")
    assert block.value("threads") == 4
    assert block.value("workers") is UNKNOWN
    assert list(block.facts["unknown_options"]) == ["mine"]


def test_deep_nesting_and_odd_bytes() -> None:
    blocks("from sqlalchemy import create_engine\ncreate_engine(" + "(" * 3000 + ")" * 3000 + ")\n")
    blocks("from sqlalchemy import create_engine\ncreate_engine('\udcff', pool_size=\x00)\n")
    blocks("# ü€𐍈\nfrom sqlalchemy import create_engine\nengine = create_engine('x', pool_size=-3)\n")


def test_places_count_characters() -> None:
    (block,) = blocks("# ü€𐍈\nfrom sqlalchemy import create_engine\nengine = create_engine('ü', pool_size=3)\n")
    place = block.settings["pool_size"].place
    assert place is not None
    assert place.text == "3"


def test_comments_suppress() -> None:
    text = (
        "from sqlalchemy import create_engine\n"
        "one = create_engine('x://h', pool_recycle=0)  # poollint: ignore[recycle-zero] -- a test\n"
        "two = create_engine('x://h', pool_recycle=0)\n"
    )
    found = [(each.line, each.suppressed is not None) for each in api.check_text(text, "app/db.py")]
    assert found == [(2, True), (3, False)]


def test_places_in_a_long_file_of_odd_characters() -> None:
    text = "from sqlalchemy import create_engine\n" + "".join(
        f"e{number} = create_engine('ü€𐍈\udc80', pool_size={number})\n" for number in range(400)
    )
    for number, block in enumerate(blocks(text)):
        place = block.settings["pool_size"].place
        assert place is not None
        assert place.text == str(number)


def test_no_password_is_kept() -> None:
    text = (
        "import requests\nfrom sqlalchemy import create_engine\n"
        "one = create_engine(f'mysql://me:hunter2@{host}/d')\n"
        "requests.get('https://me:hunter2@example.com/x?token=hunter2')\n"
    )
    for block in blocks(text):
        assert "hunter2" not in repr({name: fact for name, fact in block.facts.items() if name != "other_options"})


@pytest.mark.parametrize(
    ("change", "age", "size"),
    [
        ('DATABASES["default"]["CONN_MAX_AGE"] = 60', 60, 3),
        ('DATABASES["default"].update({"CONN_MAX_AGE": 60})', 60, 3),
        ('DATABASES["default"].update(CONN_MAX_AGE=60)', 60, 3),
        ('DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = 9', 5, 9),
        ('DATABASES["default"].update(more)', UNKNOWN, UNKNOWN),
        ('DATABASES["other"]["CONN_MAX_AGE"] = 60', 5, 3),
        ('if DEBUG:\n    DATABASES["default"]["CONN_MAX_AGE"] = 60', UNKNOWN, 3),
        ('for name in DATABASES:\n    DATABASES[name]["CONN_MAX_AGE"] = 60', UNKNOWN, UNKNOWN),
        ("DATABASES = other(DATABASES)", None, None),
        ('DATABASES["default"] = given', UNKNOWN, UNKNOWN),
    ],
)
def test_changes_of_django_databases(change: str, age: Any, size: Any) -> None:
    text = f'DATABASES = {{"default": {{"CONN_MAX_AGE": 5, "OPTIONS": {{"pool": {{"max_size": 3}}}}}}}}\n{change}\n'
    found = blocks(text, "settings.py")
    got = [(block.value("CONN_MAX_AGE"), block.value("pool.max_size")) for block in found]
    assert got == ([(age, size)] if age is not None else [])


def test_flask_configuration_by_a_dict() -> None:
    text = 'app.config.update({"SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 20}, "SECRET_KEY": "x"})\n'
    (block,) = blocks(text, "config.py")
    assert block.value("options.pool_size") == 20


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ('DATABASES = {"a": {"CONN_MAX_AGE": 1}}\nif x:\n    DATABASES = {"a": {"CONN_MAX_AGE": 2}}\n', [1, 2]),
        (
            'if x:\n    DATABASES = {"a": {"CONN_MAX_AGE": 1}}\nelse:\n    DATABASES = {"a": {"CONN_MAX_AGE": 2}}\n',
            [1, 2],
        ),
        ('DATABASES = {"a": {"CONN_MAX_AGE": 1}}\nDATABASES = {"a": {"CONN_MAX_AGE": 2}}\n', [2]),
        (
            'DATABASES = {"a": {}}\nif x:\n    DATABASES = {"a": {}}\nDATABASES["a"]["CONN_MAX_AGE"] = 3\n',
            [UNKNOWN, UNKNOWN],
        ),
    ],
)
def test_django_databases_of_several_branches(text: str, ages: list[Any]) -> None:
    assert [block.value("CONN_MAX_AGE") for block in blocks(text, "settings.py")] == ages


def test_django_settings_that_build_on_others() -> None:
    base = 'DATABASES = {"default": {"CONN_MAX_AGE": 5, "CONN_HEALTH_CHECKS": True}, "other": {}}\n'
    text = 'from .base import *\nDATABASES["default"]["CONN_MAX_AGE"] = 900\n'
    (block,) = blocks(text, "proj/settings/prod.py", **{"proj/settings/base.py": base})
    assert (block.name, block.value("CONN_MAX_AGE"), block.value("CONN_HEALTH_CHECKS")) == ("default", 900, True)
    place = block.settings["CONN_MAX_AGE"].place
    assert place is not None
    assert place.text == "900"


def test_a_function_of_the_file_that_is_called_like_a_helper() -> None:
    text = "def config(name, default):\n    return 9\n"
    assert engine("'x', pool_size=config('SIZE', default=5)", text).value("pool_size") is UNKNOWN


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("app = Celery('x')\napp.conf.broker_pool_limit = 3\n", 3),
        ("app = Celery('x')\napp.conf.update(broker_pool_limit=3)\n", 3),
        ("app = Celery('x')\napp.conf.update({'broker_pool_limit': 3})\n", 3),
        ("app = Celery('x')\napp.conf.broker_pool_limit = 3\nif y:\n    app.conf.broker_pool_limit = 4\n", UNKNOWN),
        ("CELERY_BROKER_POOL_LIMIT = 3\n", 3),
    ],
)
def test_celery_configuration(text: str, limit: Any) -> None:
    (block,) = blocks("from celery import Celery\n" + text)
    assert (block.system, block.value("broker_pool_limit")) == ("celery", limit)
