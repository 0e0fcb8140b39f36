"""Files that are too large are never opened for long, never read in part, and always named."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from timing import within

from poollint import api
from poollint.discovery.walk import SMALL
from poollint.files import DiskFiles
from poollint.formats.limits import limit_of

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024
OWN = [  # name, beginning, MiB
    ("db.py", "from sqlalchemy import create_engine\n", 2),
    ("db.js", "require('pg')\n", 2),
    ("db.ts", "import 'pg'\n", 2),
    ("db.tsx", "import 'pg'\n", 2),
    ("db.go", 'import "database/sql"\n', 2),
    ("Db.java", "import com.zaxxer.hikari.HikariConfig;\n", 2),
    ("gunicorn.conf.py", "workers = 2\n", 2),
    ("compose.yml", "services: {}\n", 2),
    ("application.yaml", "spring: {}\n", 2),
    ("serverless.json", "{}\n", 2),
    ("proxysql.cnf", "mysql_variables=\n{\n}\n", 4),
]
OTHERS = [
    "nginx.conf", "pgbouncer.ini", "postgresql.conf", "httpd.conf", "hikari.properties", "schema.prisma", "alembic.ini",
    ".env", "Procfile", "Dockerfile", "app.service", "start.sh",
]  # fmt: skip


def grown(path: Path, text: str, size: int) -> Path:
    """A file with holes: of that size for everybody who asks, and no room on the disk."""
    path.write_text(text)
    os.truncate(path, size)
    return path


@pytest.mark.parametrize(("name", "text", "most"), OWN)
def test_forms_with_a_limit_of_their_own(tmp_path: Path, name: str, text: str, most: int) -> None:
    path = grown(tmp_path / name, text, most * MIB + 100_000)
    for named, severity in ((str(tmp_path), "warning"), (str(path), "error")):
        result = api.check_paths([named], options=api.Options(isolated=True))
        (problem,) = result.unread
        assert problem.message.startswith(f"is {most + 0.1:.3g} MiB; ")
        assert problem.message.endswith(f"over {most} MiB are not read")
        assert (problem.severity, result.files, result.findings) == (severity, [], [])


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_form(tmp_path: Path, name: str) -> None:
    grown(tmp_path / name, "# text\n", 70 * MIB)
    with within(5):
        result = api.check_paths([str(tmp_path)], options=api.Options(isolated=True))
    assert [each.message for each in result.unread] == ["is 70 MiB; files over 64 MiB are not read (max-file-size)"]
    assert result.files == []


def test_the_configured_limit_holds_where_it_is_smaller(tmp_path: Path) -> None:
    (tmp_path / "poollint.toml").write_text('max-file-size = "1MiB"\n')
    grown(tmp_path / "compose.yml", "services: {}\n", MIB + 50_000)
    (problem,) = api.check_paths([str(tmp_path)]).unread
    assert problem.message == "is 1.05 MiB; files over 1 MiB are not read (max-file-size)"


def test_a_large_file_that_another_includes(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("http {\n  include big.conf;\n}\n")
    grown(tmp_path / "big.conf", "proxy_pass http://a;\n", 70 * MIB)
    with within(5):
        session = api.Session(api.Options(isolated=True), DiskFiles())
        result = api.check_with(session, [str(tmp_path / "nginx.conf")])
    assert len(result.files) == 1


def test_standard_input(tmp_path: Path) -> None:
    (tmp_path / "poollint.toml").write_text('max-file-size = "1MiB"\n')
    done = subprocess.run(
        [sys.executable, "-m", "poollint", "check", "-", "--stdin-filename", "pgbouncer.ini"],
        cwd=tmp_path,
        input="[pgbouncer]\n" + ";" * 2 * MIB,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "is longer than 1 MiB" in done.stderr


def test_what_has_a_limit() -> None:
    assert limit_of("a.py", "python") is not None
    assert limit_of("nginx.conf", "nginx") is None
    for name, _, _ in OWN:
        limit = limit_of(name, "proxysql" if "proxysql" in name else "any")
        assert limit is not None
        assert limit.most >= SMALL
