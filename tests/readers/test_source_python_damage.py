"""Damaged Python, and Python that turns in circles: whatever the text, it is read to its end."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poollint import api
from poollint.files import MemoryFiles
from poollint.source import Source

WHOLE = b"""# -*- coding: utf-8 -*- \xc3\xbc
import asyncio, os
import httpx, redis, requests, urllib3
from concurrent.futures import ThreadPoolExecutor
from fastapi import FastAPI
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from .config import SIZE, settings, OPTIONS
from .more import *
app = FastAPI()
KW = {"pool_size": SIZE, **OPTIONS}
KW["max_overflow"] = 5 * 2
KW.update(pool_timeout=int(os.getenv("WAIT", "30")))
engine = create_engine(f"postgresql+psycopg2://{settings.user}@db:5432/app", **KW)
engine.connect()
queue = redis.Redis(host="cache", socket_timeout=5)
session = requests.Session()
db = SQLAlchemy(app)
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 20}
app.config.update({"SQLALCHEMY_ECHO": True})
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "OPTIONS": {"pool": {"max_size": 3}}}}
DATABASES["default"]["OPTIONS"]["pool"].update(min_size=2)
client = httpx.AsyncClient(limits=httpx.Limits(max_connections=10), timeout=httpx.Timeout(5, read=None))
@app.get("/")
def route():
    with engine.connect() as connection:
        queue.blpop("jobs", timeout=30)
        return connection.execute(text("select 1")).scalar()
def work(n):
    return session.get(f"https://example.com/{n}", timeout=5)
with ThreadPoolExecutor(max_workers=20) as threads:
    list(threads.map(work, range(9)))
"""
OTHERS = {
    "proj/pyproject.toml": "",
    "proj/app/config.py": (
        "class Settings(BaseSettings):\n    user: str = 'u'\nsettings = Settings()\nSIZE = 5\nOPTIONS = {'echo': True}\n"
    ),
    "proj/app/more.py": "from .config import *\n",
}
PIECES = st.sampled_from(
    [
        b"",
        b"\xff\x80",
        b"\x00",
        b"(((",
        b")",
        b'"""',
        b"\\\n",
        b"{",
        b"=",
        b"**",
        b":=",
        b"async ",
        b"\xf0\x9f",
        b"*",
        b"\r",
    ]
)


def read(data: bytes, path: str = "proj/app/db.py") -> None:
    source = Source.from_bytes(path, data)
    session = api.Session(api.Options(isolated=True), MemoryFiles({path: source.text, **OTHERS}))
    session.check([session.read(source, name) for name in ("python", "gunicorn")])
    assert session.failures == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 40), PIECES), max_size=6))
def test_damaged_text(edits: list[tuple[int, int, bytes]]) -> None:
    data = bytearray(WHOLE)
    for at, length, piece in edits:
        data[at : at + length] = piece
    read(bytes(data))


@pytest.mark.parametrize("share", range(0, 100, 7))
def test_truncated_text(share: int) -> None:
    read(WHOLE[: len(WHOLE) * share // 100])


@pytest.mark.parametrize(
    "text",
    [
        "class A(B):\n    pass\nclass B(A):\n    pass\ncreate_engine('x', pool_size=A.size)\n",
        "def get():\n    return get()\ncreate_engine('x', pool_size=get().size)\n",
        "one = two\ntwo = one\ncreate_engine('x', pool_size=one, max_overflow=one.size)\n",
        "settings = settings\ncreate_engine('x', pool_size=settings.size)\n",
        "from .db import *\ncreate_engine('x', pool_size=SIZE)\n",
        "from .db import SIZE\ncreate_engine('x', pool_size=SIZE)\n",
        "from . import db\ncreate_engine('x', pool_size=db.SIZE)\n",
        "from ........ import db\ncreate_engine('x', pool_size=db.SIZE)\n",
        "KW = {}\nKW['a'] = KW\nKW.update(KW)\ncreate_engine('x', **KW)\n",
        "D = {'a': {}}\nDATABASES = D\nDATABASES['a']['b']['c']['d'] = DATABASES\n",
        "create_engine('x', pool_size=" + "f(" * 400 + ")" * 400 + ")\n",
        "x = " + "a." * 3000 + "b\ncreate_engine(" + "x." * 3000 + "y)\n",
    ],
)
def test_circles_and_depths(text: str) -> None:
    read(b"from sqlalchemy import create_engine\n" + text.encode())
