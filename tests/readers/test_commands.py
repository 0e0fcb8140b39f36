"""Command lines in Procfile, Dockerfile, units, Compose files and scripts; the INI keys of SQLAlchemy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.blocks import UNKNOWN
from poollint.files import MemoryFiles

if TYPE_CHECKING:
    from poollint.blocks import Block


def blocks(path: str, text: str) -> list[Block]:
    session = api.Session(api.Options(isolated=True), MemoryFiles({path: text}))
    found = api.recognise_all(session, path, text)
    assert found
    source = session.files.load(path)
    return [block for system, _ in found for block in session.read(source, system).reading.blocks]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Procfile", "web: gunicorn app:app -w 4 --threads=8\n"),
        ("Procfile", "web: FOO=1 exec poetry run gunicorn app:app -w4 --threads 8 # more\n"),
        ("Dockerfile", 'FROM python\nCMD ["gunicorn", "app:app", "-w", "4", "--threads", "8"]\n'),
        ("Dockerfile", "FROM python\nCMD exec ddtrace-run gunicorn app:app \\\n  -w 4 \\\n  --threads 8\n"),
        ("Dockerfile", 'FROM python\nCMD ["sh", "-c", "migrate && gunicorn app:app -w 4 --threads 8"]\n'),
        ("app.service", "[Service]\nExecStart=/opt/venv/bin/gunicorn app:app -w 4 --threads 8\n"),
        ("compose.yaml", "services:\n  web:\n    command: gunicorn app:app -w 4 --threads 8\n"),
        ("compose.yaml", "services:\n  web:\n    command: [gunicorn, app:app, -w, '4', --threads, '8']\n"),
        ("compose.yaml", "services:\n  web:\n    command: >\n      gunicorn app:app\n      -w 4 --threads 8\n"),
        ("compose.yaml", 'services:\n  web:\n    entrypoint: bash -c "gunicorn app:app -w 4 --threads 8"\n'),
        ("start.sh", "#!/bin/sh\nset -e\nexec gunicorn app:app -w 4 \\\n  --threads 8\n"),
    ],
)
def test_places_of_commands(path: str, text: str) -> None:
    (block,) = blocks(path, text)
    assert (block.system, block.value("workers"), block.value("threads")) == ("gunicorn", 4, 8)
    place = block.settings["threads"].place
    assert place is not None
    assert "8" in place.text


@pytest.mark.parametrize(
    "text",
    [
        "web: echo gunicorn app:app -w 4\n",
        "web: pip install gunicorn\n",
        "web: python app.py # gunicorn app:app\n",
        "# web: gunicorn app:app\n",
        "web: pkill gunicorn\n",
    ],
)
def test_commands_that_start_nothing(text: str) -> None:
    assert blocks("Procfile", text) == []


@pytest.mark.parametrize(
    ("word", "value"), [("4", 4), ("${WORKERS:-4}", 4), ("$WORKERS", UNKNOWN), ("{{ n }}", UNKNOWN), ("auto", "auto")]
)
def test_values(word: str, value: Any) -> None:
    (block,) = blocks("Procfile", f"web: gunicorn app:app -w {word}\n")
    assert block.value("workers") == value


COMPOSE = "services:\n  web:\n    command: gunicorn a\n    environment:\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Procfile", "web: GUNICORN_CMD_ARGS='--threads 8 --keep-alive=75' WEB_CONCURRENCY=4 gunicorn app:app\n"),
        (
            "Dockerfile",
            'FROM python\nENV GUNICORN_CMD_ARGS="--threads 8 --keep-alive=75" WEB_CONCURRENCY=4\nCMD gunicorn a\n',
        ),
        (
            "Dockerfile",
            "FROM python\nENV GUNICORN_CMD_ARGS --threads 8 --keep-alive=75\nENV WEB_CONCURRENCY 4\nCMD gunicorn a\n",
        ),
        (
            "compose.yaml",
            COMPOSE + "      WEB_CONCURRENCY: 4\n      GUNICORN_CMD_ARGS: --threads 8 --keep-alive=75\n",
        ),
        (
            "compose.yaml",
            COMPOSE + "      - WEB_CONCURRENCY=4\n      - GUNICORN_CMD_ARGS=--threads 8 --keep-alive=75\n",
        ),
        (
            "app.service",
            '[Service]\nEnvironment=WEB_CONCURRENCY=4 "GUNICORN_CMD_ARGS=--threads 8 --keep-alive=75"\nExecStart=gunicorn\n',
        ),
        ("start.sh", "export WEB_CONCURRENCY=4 GUNICORN_CMD_ARGS='--threads 8 --keep-alive=75'\nexec gunicorn a\n"),
    ],
)
def test_options_in_variables(path: str, text: str) -> None:
    (block,) = blocks(path, text)
    assert [block.value(name) for name in ("workers", "threads", "keepalive")] == [4, 8, 75]
    place = block.settings["keepalive"].place
    assert place is not None
    assert "75" in place.text


def test_the_command_line_is_surer_than_a_variable() -> None:
    (block,) = blocks("Procfile", "web: WEB_CONCURRENCY=4 GUNICORN_CMD_ARGS=--threads=8 gunicorn -w 2 --threads 3 a\n")
    assert (block.value("workers"), block.value("threads")) == (2, 3)


def test_variables_of_another_stage_or_another_service() -> None:
    (block,) = blocks("Dockerfile", "FROM a\nENV WEB_CONCURRENCY=4\nFROM b\nCMD gunicorn a\n")
    assert block.value("workers") == 1
    text = "services:\n  a: {environment: {WEB_CONCURRENCY: 4}}\n  web: {command: gunicorn a}\n"
    (block,) = blocks("compose.yaml", text)
    assert block.value("workers") == 1


@pytest.mark.parametrize(
    ("path", "text", "workers"),
    [
        ("Dockerfile", "FROM a\nENV N=4\nCMD gunicorn a -w ${N}\n", 4),
        ("Dockerfile", 'FROM a\nENV N=4\nCMD ["sh", "-c", "gunicorn a -w $N"]\n', 4),
        ("Dockerfile", 'FROM a\nENV N=4\nCMD ["sh", "-c", "\\\n  exec gunicorn a \\\n    -w $N"]\n', 4),
        ("Dockerfile", 'FROM a\nENV N=4\nCMD ["gunicorn", "a", "-w", "$N"]\n', UNKNOWN),
        ("Dockerfile", "FROM a\nCMD gunicorn a -w ${N}\n", UNKNOWN),
        ("compose.yaml", "services:\n  web:\n    command: gunicorn a -w $N\n    environment: {N: 4}\n", UNKNOWN),
    ],
)
def test_variables_in_words(path: str, text: str, workers: Any) -> None:
    (block,) = blocks(path, text)
    assert block.value("workers") == workers


def test_options_that_a_variable_leaves_open() -> None:
    (block,) = blocks("Dockerfile", "FROM a\nENV GUNICORN_CMD_ARGS=$MORE\nCMD gunicorn a\n")
    assert block.value("threads") is UNKNOWN
    (block,) = blocks("Dockerfile", "FROM a\nENV WEB_CONCURRENCY=$MORE\nCMD gunicorn a\n")
    assert block.value("workers") is UNKNOWN


def test_a_settings_file_hides_the_rest() -> None:
    (block,) = blocks("Procfile", "web: gunicorn -c conf.py app:app\n")
    assert block.value("workers") is UNKNOWN


def test_no_yaml() -> None:
    assert blocks("compose.yaml", "services: [\n  web: {command: gunicorn") == []


def test_ini_keys() -> None:
    text = (
        "[DEFAULT]\nsize = 7\n\n[app:main]\n; sqlalchemy.pool_size = 1\nSQLAlchemy.Pool_Size = %(size)s\n"
        "sqlalchemy.url = postgresql://u@h:5432/d\nsqlalchemy.max_overflow: -1\nsqlalchemy.pool_pre_ping = false\n"
        "sqlalchemy.pool_timeout = %(unset)s\nother = 1\n\n[server:main]\nuse = x\n"
    )
    (block,) = blocks("production.ini", text)
    assert block.path == "[app:main]"
    assert block.value("pool_size") == 7
    assert block.value("max_overflow") == float("inf")
    assert block.value("pool_pre_ping") is True
    assert block.value("pool_timeout") is UNKNOWN
    place = block.settings["url"].place
    assert place is not None
    assert place.text == "postgresql://u@h:5432/d"


def test_ini_of_an_odd_form() -> None:
    for text in ("x\n", "[a]\nx = 1\nx = 2\n", "[a\n", "[a]\n  indented\n", "\ufeff[alembic]\n", "[a]\n\x00\n"):
        blocks("alembic.ini", text)


def test_variables() -> None:
    first, second = blocks("app.env", "A=1\nURL=postgresql+asyncpg://u@h/d?x=1\nexport B='mysql+pymysql://$U@h/d'\n")
    assert (first.name, first.value("url")) == ("URL", "postgresql+asyncpg://u@h/d?x=1")
    assert second.value("url") is UNKNOWN
