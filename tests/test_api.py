"""poollint as a library."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import pytest

import poollint
from poollint import api
from poollint.files import FileError, MemoryFiles

if TYPE_CHECKING:
    from pathlib import Path

BAD = "[databases]\napp = host=/tmp\n[pgbouncer]\nauth_type = trust\nserver_idle_timeout = 10min\n"


def test_check_text_finds_by_name_and_by_content() -> None:
    by_name = poollint.check_text(BAD, path="pgbouncer.ini")
    by_content = poollint.check_text(BAD, path="deploy/pooler.ini")
    assert [found.name for found in by_name] == [found.name for found in by_content]
    assert "invalid-time" in [found.name for found in by_name]
    assert poollint.check_text("hello: world\n", path="notes.txt") == []


def test_system_and_target_can_be_told() -> None:
    text = "[databases]\napp = host=/tmp\n[pgbouncer]\nauth_type = trust\nmax_prepared_statements = 10\n"
    old = poollint.check_text(text, path="x", system="pgbouncer", targets={"pgbouncer": "1.18"})
    new = poollint.check_text(text, path="x", system="pgbouncer", targets={"pgbouncer": "1.25"})
    assert "refused" in {found.effect for found in old}
    assert "refused" not in {found.effect for found in new}


def test_findings_survive_a_process_pool() -> None:
    findings = poollint.check_text(BAD, path="pgbouncer.ini")
    assert pickle.loads(pickle.dumps(findings)) == findings
    with ProcessPoolExecutor(2) as pool:
        assert list(pool.map(poollint.check_text, [BAD] * 3, ["pgbouncer.ini"] * 3)) == [findings] * 3


def test_two_calls_share_nothing() -> None:
    first = poollint.check_text(BAD, path="pgbouncer.ini")
    poollint.check_text(BAD.replace("10min", "20"), path="pgbouncer.ini")
    assert poollint.check_text(BAD, path="pgbouncer.ini") == first


def test_nothing_is_read_from_the_disk(tmp_path: Path) -> None:
    (tmp_path / "more.ini").write_text("nonsense\n")
    text = f"[databases]\n%include {tmp_path}/more.ini\n[pgbouncer]\nauth_type = trust\n"
    assert not [f for f in poollint.check_text(text, path=str(tmp_path / "pgbouncer.ini")) if f.effect == "refused"]


def test_check_paths(tmp_path: Path) -> None:
    (tmp_path / "pgbouncer.ini").write_text(BAD)
    (tmp_path / "notes.txt").write_text("nothing\n")
    result = poollint.check_paths([str(tmp_path)])
    assert [each.path for each in result.files] == [str(tmp_path / "pgbouncer.ini")]
    assert "invalid-time" in {found.name for found in result.findings}
    assert poollint.check_paths([str(tmp_path / "missing")]).unread[0].failed


def test_other_texts_are_included() -> None:
    others = {"http.conf": "upstream app { server 127.0.0.1:80; keepalive 0; }\n"}
    main = "events {}\nhttp {\n  include http.conf;\n}\n"
    found = poollint.check_text(main, path="nginx.conf", targets={"nginx": "1.22"}, others=others)
    assert {each.path for each in found if each.effect == "refused"} == {"http.conf"}


def test_memory_files_know_what_they_do_not_know() -> None:
    files = MemoryFiles({"a/b.conf": "x", "a/.hidden.conf": "y"}, complete=False)
    assert files.glob("a/*.conf") == ["a/b.conf"]
    assert (files.kind("a"), files.kind("a/b.conf"), files.kind("z")) == ("dir", "file", "unknown")
    with pytest.raises(FileError, match="not among the given texts") as caught:
        files.load("z")
    assert caught.value.kind == "unknown"


def test_targets_are_checked() -> None:
    with pytest.raises(ValueError, match="did you mean 'nginx'"):
        api.parse_targets(["ngnix=1.22"], {"nginx": {}})
    with pytest.raises(ValueError, match="SYSTEM=VERSION"):
        api.parse_targets(["nginx"], {"nginx": {}})
    with pytest.raises(ValueError, match="is not a version number"):
        api.parse_targets(["nginx=new"], {"nginx": {}})
