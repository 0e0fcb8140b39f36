"""Rules on Python's pools in the shapes that applications have: factories, tables, classes, servers beside them."""

from __future__ import annotations

import pytest

from poollint.api import check_texts

GUNICORN = {"gunicorn.conf.py": "workers = 2\nthreads = 16\n"}
DJ = "import dj_database_url\nDATABASES = {'default': dj_database_url.%s}\n"
ENVIRON = "import environ\nenv = environ.Env()\nDATABASES = {'default': env.db(%s)}\n"
ASYNC = """import asyncio
from asgiref.sync import async_to_sync
from celery import Celery
from flask import Flask
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

celery, app = Celery(), Flask(__name__)
engine = create_async_engine('postgresql+asyncpg://u@db/a')
Session = async_sessionmaker(engine)


async def work():
    async with Session() as session:
        await session.commit()


"""
ENGINE = "from sqlalchemy import create_engine\nengine = create_engine('postgresql+psycopg2://u@db/a'%s)\n"
DEPENDS = "from fastapi import Depends\nimport redis\n%s\ndef route(r=Depends(make)):\n    pass\n"
PROJECT = {
    "pyproject.toml": "[project]\nname = 'app'\n",
    "app/__init__.py": "",
    "app/db.py": ENGINE % ", pool_size=5, max_overflow=5",
    "app/deps.py": """from typing import Annotated
from fastapi import Depends
from sqlalchemy.orm import Session
from app.db import engine


def get_db():
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]
""",
}
MAIN = """from fastapi import FastAPI
from app.deps import SessionDep

app = FastAPI()


@app.get('/users')
%sdef users(session: SessionDep):
    return session.execute('select 1').scalar()
"""
CREATES = "from app.db import engine\nfrom app.models import Base\nBase.metadata.create_all(engine)\n"
PAGING = (
    "import requests\n%s\n        requests.get('https://api.example.com/items', params={'page': page}, timeout=5)\n%s"
)


def found(files: dict[str, str]) -> set[str]:
    """The names of the rules that speak of a project."""
    return {each.name for each in check_texts(files, complete=True).findings}


@pytest.mark.parametrize(
    ("files", "name", "expected"),
    [
        # databases that a URL names
        ({"settings.py": DJ % "config(conn_max_age=600)"}, "django-stale-connections", False),
        (
            {"settings.py": DJ % "config(default='postgres://u@db/a', conn_max_age=600)"},
            "django-stale-connections",
            True,
        ),
        (
            {"settings.py": DJ % "parse('postgres://u@db/a', conn_max_age=600, conn_health_checks=True)"},
            "django-stale-connections",
            False,
        ),
        ({"settings.py": DJ % "parse('postgres://u@pgbouncer:6432/a')"}, "django-server-cursors-pooler", True),
        ({"settings.py": DJ % "parse('sqlite:///x.db')"}, "django-server-cursors-pooler", False),
        (
            {"settings.py": ENVIRON % "" + "DATABASES['default']['CONN_MAX_AGE'] = 600\n"},
            "django-stale-connections",
            False,
        ),
        (
            {
                "settings.py": ENVIRON % "" + "DATABASES['default']['CONN_MAX_AGE'] = 60\n",
                "Procfile": "web: daphne a.asgi:b",
            },
            "django-persistent-asgi",
            True,
        ),
        (
            {
                "proj/settings.py": ENVIRON % "" + "DATABASES['default']['CONN_MAX_AGE'] = 60\n",
                "k8s/web.sh": "",
                "docker/Dockerfile": 'FROM x\nCMD ["uvicorn", "proj.asgi:application"]\n',
            },
            "django-persistent-asgi",
            True,
        ),
        # event loops
        ({"a.py": ASYNC + "@celery.task\ndef job():\n    asyncio.run(work())\n"}, "async-engine-many-loops", True),
        ({"a.py": ASYNC + "@app.get('/')\ndef job():\n    async_to_sync(work)()\n"}, "async-engine-many-loops", True),
        (
            {"a.py": ASYNC + "def job():\n    while True:\n        asyncio.run(work())\n"},
            "async-engine-many-loops",
            True,
        ),
        ({"a.py": ASYNC + "def job():\n    asyncio.run(work())\n"}, "async-engine-many-loops", False),
        # forks
        (
            {"a.py": "from celery import Celery\napp = Celery()\n" + ENGINE % "" + "engine.connect()\n"},
            "engine-connected-before-fork",
            True,
        ),
        (
            {
                "a.py": "from celery import Celery\napp = Celery(worker_pool='solo')\n"
                + ENGINE % ""
                + "engine.connect()\n"
            },
            "engine-connected-before-fork",
            False,
        ),
        # threads of what runs the file
        ({"app/db.py": ENGINE % ", pool_size=5, max_overflow=0", **GUNICORN}, "threads-exceed-pool", True),
        ({"app/db.py": ENGINE % ", pool_size=16, max_overflow=0", **GUNICORN}, "threads-exceed-pool", False),
        (
            {
                "db.py": ENGINE % ", pool_size=5, max_overflow=0",
                "Procfile": "worker: celery -A db worker --pool threads -c 20\n",
            },
            "threads-exceed-pool",
            True,
        ),
        (
            {"db.py": ENGINE % ", pool_size=5, max_overflow=0", "Procfile": "worker: celery -A db worker -c 20\n"},
            "threads-exceed-pool",
            False,
        ),
        ({"Procfile": "web: gunicorn a:b --keep-alive 65\n"}, "sync-worker-keepalive", True),
        (
            {"Procfile": "web: gunicorn a:b --keep-alive 65\n", "gunicorn.conf.py": "threads = 4\n"},
            "sync-worker-keepalive",
            False,
        ),
        ({"Procfile": "web: gunicorn -c conf/g.py a:b --keep-alive 65\n"}, "sync-worker-keepalive", False),
        # what another file does with the engine
        ({**PROJECT, "app/main.py": MAIN % ""}, "threads-exceed-pool", True),
        ({**PROJECT, "app/main.py": MAIN % "async "}, "threads-exceed-pool", False),
        ({**PROJECT, "app/main.py": (MAIN % "").replace("SessionDep", "int")}, "threads-exceed-pool", False),
        (
            {**PROJECT, "app/main.py": CREATES, "Procfile": "web: gunicorn app.main:app --preload\n"},
            "engine-connected-before-fork",
            True,
        ),
        (
            {**PROJECT, "app/main.py": CREATES, "Procfile": "web: gunicorn app.main:app\n"},
            "engine-connected-before-fork",
            False,
        ),
        # tasks, views, dependencies
        (
            {"t.py": "import redis\n@app.task\ndef f():\n    redis.Redis(max_connections=9).ping()\n"},
            "pool-made-in-task",
            True,
        ),
        (
            {"v.py": "import redis\nclass A(MethodView):\n    def get(self):\n        redis.Redis().ping()\n"},
            "pool-per-request",
            True,
        ),
        (
            {
                "v.py": "import redis\nclass A(Store):\n    def get(self):\n        r = redis.Redis()\n        r.ping()\n"
            },
            "pool-per-request",
            False,
        ),
        ({"d.py": DEPENDS % "def make():\n    return redis.Redis()\n"}, "pool-per-request", True),
        ({"d.py": DEPENDS % "@lru_cache\ndef make():\n    return redis.Redis()\n"}, "pool-per-request", False),
        (
            {"d.py": DEPENDS % "def make():\n    global r\n    r = redis.Redis()\n    return r\n"},
            "pool-per-request",
            False,
        ),
        # loops that ask for the next page
        (
            {"j.py": PAGING % ("def f():\n    page = 1\n    while page:", "        page += 1\n")},
            "requests-in-loop",
            True,
        ),
        (
            {"j.py": PAGING % ("def f():\n    for page in range(9):", "        if page > 3:\n            break\n")},
            "requests-in-loop",
            True,
        ),
        ({"j.py": PAGING % ("def f(page):\n    while True:", "        break\n")}, "requests-in-loop", False),
        # an env.py that is there
        (
            {
                "alembic.ini": "[alembic]\nscript_location = %(here)s/m\nsqlalchemy.url = x\nsqlalchemy.pool_size = 5\n",
                "m/env.py": "from app.db import engine\n",
            },
            "ini-nullpool-conflict",
            False,
        ),
    ],
)
def test_shapes(files: dict[str, str], name: str, expected: bool) -> None:
    assert (name in found(files)) is expected
