"""What a file does with what it makes: connections at import, threads, commands that block, options that come too late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.files import MemoryFiles

if TYPE_CHECKING:
    from poollint.blocks import Block


def uses(text: str, **others: str) -> dict[str, Any]:
    """What is said of the first block's use."""
    found: dict[str, Any] = read(text, **others)[0].facts.get("uses") or {}
    return found


def read(text: str, **others: str) -> list[Block]:
    files = {"proj/app.py": text, "proj/setup.py": "", **{f"proj/{name}.py": other for name, other in others.items()}}
    session = api.Session(api.Options(isolated=True), MemoryFiles(files))
    return session.read(session.files.load("proj/app.py"), "python").reading.blocks


ENGINE = "from sqlalchemy import create_engine, inspect, orm\nengine = create_engine('x')\n"


@pytest.mark.parametrize(
    ("after", "opened"),
    [
        ("engine.connect()", True),
        ("with engine.begin() as c:\n    c.execute(1)", True),
        ("Base.metadata.create_all(engine)", True),
        ("Base.metadata.create_all(bind=engine)", True),
        ("inspect(engine)", True),
        ("Base.metadata.create_all(other)", False),
        ("def f():\n    engine.connect()", False),
        ("if __name__ == '__main__':\n    engine.connect()", False),
        ("engine.connect().close()\nengine.dispose()", False),
        ("Session = sessionmaker(bind=engine)", False),
        ("with orm.Session(engine) as s:\n    s.execute(1)", True),
        ("with orm.Session(engine) as s:\n    pass", False),
    ],
)
def test_connections_at_import(after: str, opened: bool) -> None:
    assert ("opened_at_import" in uses(ENGINE + after + "\n")) is opened


REDIS = "import redis\nr = redis.Redis(socket_timeout=5)\n"


@pytest.mark.parametrize(
    ("after", "waits"),
    [
        ("r.blpop('q', timeout=30)", [30]),
        ("r.blpop('q', 30)", [30]),
        ("def f():\n    r.blpop('q')", [float("inf")]),
        ("r.xread({'s': 0}, block=2000)", [2]),
        ("r.xread({'s': 0})", []),
        ("r.blpop('q', timeout=n)", []),
        ("r.blpop('q', **kw)", []),
        ("def f(r):\n    r.blpop('q')", []),
        ("r = other()\nr.blpop('q')", []),
        ("r.get('q')", []),
    ],
)
def test_commands_that_block(after: str, waits: list[float]) -> None:
    assert [each.wait for each in uses(REDIS + after + "\n").get("blocking", ())] == waits


def test_a_client_of_an_object_that_blocks() -> None:
    text = (
        "import redis\nclass Q:\n    def __init__(self):\n        self.r = redis.Redis(socket_timeout=5)\n"
        "    def f(self):\n        self.r.brpop('q', 9)\n"
    )
    assert [each.command for each in uses(text)["blocking"]] == ["brpop"]


SESSION = "import requests\nfrom concurrent.futures import ThreadPoolExecutor\ns = requests.Session()\n"


@pytest.mark.parametrize(
    ("after", "number"),
    [
        ("def f(n):\n    s.get('u')\nThreadPoolExecutor(max_workers=40).map(f, x)", 40),
        ("def f(n):\n    s.get('u')\nwith ThreadPoolExecutor(40) as t:\n    t.submit(f, 1)", 40),
        ("def g(n):\n    s.get('u')\ndef f(n):\n    g(n)\nwith ThreadPoolExecutor(40) as t:\n    t.submit(f, 1)", 40),
        ("def f(n):\n    pass\nwith ThreadPoolExecutor(40) as t:\n    t.submit(f, 1)", None),
        ("def f(n):\n    s.get('u')\nwith ThreadPoolExecutor(many) as t:\n    t.submit(f, 1)", None),
    ],
)
def test_threads_that_share_a_session(after: str, number: int | None) -> None:
    threads = uses(SESSION + after + "\n").get("threads")
    assert (threads.number if threads else None) == number


ROUTES = (
    "from fastapi import FastAPI, Depends\nfrom sqlalchemy import create_engine\n"
    "app = FastAPI()\nengine = create_engine('x')\n"
)


@pytest.mark.parametrize(
    ("after", "function"),
    [
        ("@app.get('/')\ndef f():\n    engine.connect()", "f"),
        ("def db():\n    yield engine.connect()\n@app.get('/')\ndef f(c=Depends(db)):\n    pass", "f"),
        ("@app.get('/')\nasync def f():\n    engine.connect()", None),
        ("@app.get('/')\ndef f():\n    pass", None),
        ("@app.get('/')\ndef f():\n    'the engine of search'\n    # engine\n    return 'engine'", None),
        ("@app.get('/')\ndef f():\n    return f'{engine.name}'", "f"),
        ("def f():\n    engine.connect()", None),
    ],
)
def test_routes_that_threads_run(after: str, function: str | None) -> None:
    route = uses(ROUTES + after + "\n").get("sync_route")
    assert (route.function if route else None) == function


FLASK = "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\napp = Flask(__name__)\n"
LATE = 'app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {}\n'


@pytest.mark.parametrize(
    ("text", "late"),
    [
        (FLASK + "db = SQLAlchemy(app)\n" + LATE, True),
        (FLASK + "db = SQLAlchemy()\ndb.init_app(app)\n" + LATE, True),
        (FLASK + "from extensions import db\ndb.init_app(app)\n" + LATE, True),
        (FLASK + "from extensions import migrate\nmigrate.init_app(app)\n" + LATE, False),
        (FLASK + LATE + "db = SQLAlchemy(app)\n", False),
        (FLASK + "db = SQLAlchemy(other)\n" + LATE, False),
        (FLASK + "if x:\n    db = SQLAlchemy(app)\n" + LATE, False),
        (FLASK + "db = SQLAlchemy(app)\nif x:\n    " + LATE, False),
    ],
)
def test_options_after_the_extension_has_read_them(text: str, late: bool) -> None:
    made = "from flask_sqlalchemy import SQLAlchemy\nfrom flask_migrate import Migrate\n"
    made += "db = SQLAlchemy()\nmigrate = Migrate()\n"
    found = [block.facts.get("uses") or {} for block in read(text, extensions=made) if block.kind == "config"]
    assert any("read_before" in each for each in found) is late
