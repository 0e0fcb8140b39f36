"""The checks of open buffers, without the protocol."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timing import within

from poollint.findings import EditText, FixText
from poollint.server.checking import check_buffer, fix_all, fixes_at, meaning_at, near, stretch_of

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "[databases]\napp = host=/tmp\n[pgbouncer]\nserver_idle_timeout = 10min\n"


def test_a_buffer_is_checked_over_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more.ini").write_text("server_idle_timeout = 10min\n")
    main = "[databases]\napp = host=/tmp\n[pgbouncer]\n%include more.ini\nmax_client_conn = x\n"
    alone = check_buffer("pgbouncer.ini", {"pgbouncer.ini": main})
    assert {each.path for each in alone.findings} == {"pgbouncer.ini"}, "each file shows its own"
    other = "max_client_conn = x\n"
    both = check_buffer("pgbouncer.ini", {"pgbouncer.ini": main, "more.ini": other})
    assert both.blocks[0].settings.keys() >= {"max_client_conn"}
    assert "server_idle_timeout" not in both.blocks[0].settings, "the open buffer of the included file counts"


def test_paths_are_those_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert near(str(tmp_path / "a" / "b.ini")) == "a/b.ini"
    assert near(os.path.dirname(tmp_path)) == os.path.dirname(tmp_path)


def test_files_and_baseline_of_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "poollint.toml").write_text('[files]\n"deploy/*.x" = "pgbouncer"\n"pgbouncer.ini" = "none"\n')
    path = str(tmp_path / "deploy" / "a.x")
    assert check_buffer(path, {path: TEXT}).findings
    assert not check_buffer("pgbouncer.ini", {"pgbouncer.ini": TEXT}).findings


def test_a_secret_is_not_shown() -> None:
    text = "[databases]\napp = host=/tmp password=geheim\n"
    found = meaning_at(check_buffer("pgbouncer.ini", {"pgbouncer.ini": text}), text.index("geheim"))
    assert found is not None
    assert "geheim" not in found.text


def test_fixes_that_clash_are_left_for_the_next_time() -> None:
    checked = check_buffer("pgbouncer.ini", {"pgbouncer.ini": TEXT})
    finding = next(each for each in checked.findings if each.code == "PGB009")
    assert finding.fix is not None
    (edit,) = finding.fix.edits
    rival = finding._replace(fix=FixText("other", True, (EditText(edit.path, edit.start, edit.end, "1"),)))
    found = fix_all(checked._replace(findings=(finding, rival)))
    assert found is not None
    assert found.edits == (edit,)
    start, end = stretch_of(checked.source, finding)
    assert [each.safe for each in fixes_at(checked, start, end)] == [True]
    assert fixes_at(checked, 0, 3) == []


def test_it_is_quick() -> None:
    text = "[databases]\n" + "".join(f"db{n} = host=10.0.0.{n % 250} pool_size={n}\n" for n in range(1000)) + TEXT[11:]
    check_buffer("pgbouncer.ini", {"pgbouncer.ini": text})
    with within(2):
        check_buffer("pgbouncer.ini", {"pgbouncer.ini": text})


@pytest.mark.parametrize("name", ["pgbouncer.ini", "nginx.conf", "postgresql.conf", "app.py", "app.ts"])
@settings(deadline=None, max_examples=30)
@given(text=st.text(alphabet=st.sampled_from("[]{}=;#'\"\\\n\r\t $%(),.ab0\0é😀\ud800\u2028"), max_size=60))
def test_no_text_makes_it_raise(name: str, text: str) -> None:
    checked = check_buffer(name, {name: text})
    assert not checked.error
    for offset in range(0, len(text), 7):
        meaning_at(checked, offset)


@pytest.mark.parametrize("half", [0xD800, 0xDCE9])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pgbouncer.ini", "[databases]\n" + "?" * 70 + " = host=/tmp\n[pgbouncer]\n%include ?.ini\n"),
        ("nginx.conf", 'http { include ?.conf; proxy_set_header X "' + "?" * 5000 + '"; }'),
        ("postgresql.conf", "include '?'\ninclude_dir '?'\nmax_connections = '?'\n"),
        ("hikari.properties", "poolName=?\njdbcUrl=jdbc:postgresql://h/d?ApplicationName=%41?\n"),
        ("httpd.conf", "Include ?.conf\nProxyPass /? http://b?/ max=5?\n"),
        ("app.py", 'from sqlalchemy import create_engine\ncreate_engine("postgresql://?/d", pool_size="?")\n'),
    ],
)
def test_half_a_character_is_read_anywhere(name: str, text: str, half: int) -> None:
    checked = check_buffer(name, {name: text.replace("?", chr(half))})
    assert not checked.error
    for offset in range(0, 200, 3):
        meaning_at(checked, offset)
