"""A run over several processes: the results of one process, in its order, whatever happens to the others."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.config import ConfigError
from poollint.files import DiskFiles
from poollint.parallel import ahead
from poollint.parallel.carry import packed, unpacked

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = "from sqlalchemy import create_engine\nengine = create_engine('postgresql+psycopg2://h/d', pool_size=-5)\n"
AGENT = "const https = require('https');\nconst agent = new https.Agent({ keepAlive: true, maxSockets: 0 });\n"
BOUNCER = "[databases]\napp = host=/tmp\n[pgbouncer]\nserver_idle_timeout = 10min\n"
NGINX = "http {\n  upstream a { server b; keepalive 0; }\n  include conf.d/*.conf;\n}\n"
SITE = "server { location / { proxy_pass http://a; } }\n"
COMPOSE = (
    "services:\n  web:\n    command: gunicorn a:b -w x\n    environment: {SPRING_DATASOURCE_HIKARI_MAX_POOL_SIZE: 1}\n"
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {"nginx/nginx.conf": NGINX, "nginx/conf.d/a.conf": SITE, "nginx/conf.d/b.conf": SITE}
    for number in range(6):
        files |= {
            f"p{number}/pgbouncer.ini": BOUNCER,
            f"p{number}/app/db.py": ENGINE,
            f"p{number}/app/plain.py": "x = 1\n",
            f"p{number}/app/deep/er/agent.js": AGENT + "// poollint: ignore[NOD999]\n",
            f"p{number}/compose.yml": COMPOSE,
            f"p{number}/skipped/db.py": ENGINE,
            f"p{number}/.gitignore": "skipped/\n*.log.py\n",
            f"p{number}/app/a.log.py": ENGINE,
            f"p{number}/broken.prisma": "datasource db {",
        }
    files["p3/poollint.toml"] = '[severity]\nHIK008 = "error"\n'
    files["p4/poollint.toml"] = 'exclude = ["app"]\n'
    files["p5/huge.py"] = ENGINE + "#" * 3_000_000
    files["p5/nul.conf"] = "\0" * 100
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "p1/link.py").symlink_to(tmp_path / "p0/app/db.py")
    (tmp_path / "p1/gone.ini").symlink_to("nowhere")
    (tmp_path / "p2/pgbouncer-x.ini").mkdir()
    os.mkfifo(tmp_path / "p2/pgbouncer-fifo.ini")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(api, "ENOUGH", 1)
    monkeypatch.setattr(ahead, "AT_ONCE", 3)
    return tmp_path


def run(jobs: int, *paths: str) -> tuple[api.Session, api.Result]:
    session = api.Session(api.Options(), DiskFiles())
    return session, api.check_with(session, paths or (".",), jobs)


def plain(result: api.Result) -> list[Any]:
    """All that a user sees of a run."""
    findings = [tuple(each) for each in result.findings]
    files = [(each.path, each.system, len(each.reading.blocks)) for each in result.files]
    return [repr(findings), files, result.unread]


@pytest.mark.parametrize("jobs", [2, 5])
def test_the_results_are_those_of_one(tree: Path, jobs: int) -> None:
    _, alone = run(1)
    session, together = run(jobs)
    assert session.ahead is not None
    left = {path for path, _ in session.ahead.read}  # included by another, or another's other name
    assert left <= {"nginx/conf.d/a.conf", "nginx/conf.d/b.conf", "p1/link.py"}
    assert plain(together) == plain(alone)
    assert {each.code[:3] for each in alone.findings} >= {"SQA", "PGB", "NGX", "HIK"}
    assert alone.unread


def test_everything_found_can_be_sent(tree: Path) -> None:
    session = api.Session(api.Options(), DiskFiles())
    found = api.discover_with(session, ["."], 3)
    assert session.ahead is not None
    assert {(each.path, each.system) for each in found.candidates} - set(session.ahead.read) == set()


def test_several_paths_that_meet(tree: Path) -> None:
    paths = ("p1/app", "p0", ".", "p0/app/db.py", "nothing")
    assert plain(run(4, *paths)[1]) == plain(run(1, *paths)[1])


def test_where_processes_are_not_copies(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poollint.parallel.crew.can_fork", lambda: False)
    paths = (str(tree / "p0"), str(tree / "p1"), str(tree / "p3"))
    session, together = run(2, *paths)
    assert session.ahead is not None
    assert plain(together) == plain(run(1, *paths)[1])


def test_a_small_run_stays_alone(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "ENOUGH", 10_000)
    assert run(4)[0].ahead is None


def test_an_error_in_a_configuration_is_the_same(tree: Path) -> None:
    (tree / "p5/poollint.toml").write_text("nonsense = 1\n")
    with pytest.raises(ConfigError) as alone:
        run(1)
    with pytest.raises(ConfigError) as together:
        run(3)
    assert str(together.value) == str(alone.value)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signals")
def test_a_process_that_is_killed_loses_no_file_in_silence(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = api.Session.read

    def deadly(self: api.Session, source: Any, system: str, *, named: bool = True) -> Any:
        if source.path == "p2/app/db.py" and os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(self, source, system, named=named)

    parent = os.getpid()
    _, alone = run(1)
    monkeypatch.setattr(api.Session, "read", deadly)
    session, together = run(3)
    assert session.ahead is not None
    assert [(each.path, each.severity) for each in together.unread if each.severity == "internal"] == [
        ("p2/app/db.py", "internal")
    ]
    assert "signal 9" in next(each.message for each in together.unread if each.path == "p2/app/db.py")
    others = [each for each in plain(alone)[1] if each[0] != "p2/app/db.py"]
    assert plain(together)[1] == others


def test_a_process_that_never_starts_well(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: ahead.Worker, task: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(ahead.Worker, "__call__", refuse)
    session, together = run(3)
    assert session.ahead is None
    assert plain(together) == plain(run(1)[1])


def test_where_no_process_can_be_made(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any, *_: Any) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("poollint.parallel.crew._Worker.__init__", refuse)
    session, together = run(3)
    assert session.ahead is None
    assert plain(together) == plain(run(1)[1])


def test_a_file_that_changes_meanwhile_is_read_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = ahead.go_ahead

    def changed(*arguments: Any) -> Any:
        done = go(*arguments)
        (tree / "p0/app/db.py").write_text(ENGINE.replace("-5", "-500"))
        (tree / "p1/app/db.py").unlink()
        return done

    monkeypatch.setattr(ahead, "go_ahead", changed)
    _, together = run(3)
    assert any("-500" in each.message for each in together.findings if each.path == "p0/app/db.py")
    assert [each.path for each in together.unread if "No such file" in each.message] == ["p1/app/db.py"]


UNSEEN = (
    "http {\n  include /etc/unseen/*.conf;\n  server { location / { proxy_pass http://a; proxy_read_timeout 9; } }\n}\n"
)


def test_what_a_reader_made_of_a_catalogue_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "nginx.conf"
    path.write_text(UNSEEN)
    session = api.Session(api.Options(isolated=True), DiskFiles())
    reading = session.read(session.files.load(str(path)), "nginx")
    again = unpacked(session, packed(session, reading))
    kinds = session.knowledge.catalogue("nginx").kinds
    assert any(block.spec is not kinds[block.kind] for block in reading.reading.blocks)
    blocks = zip(reading.reading.blocks, again.reading.blocks, strict=True)
    for before, after in blocks:
        assert before.place.source is after.place.source
        assert [repr(each) for each in before.effective()] == [repr(each) for each in after.effective()]
    assert session.check([again]) == session.check([reading])
