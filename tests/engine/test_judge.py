"""What fails in one rule or one file hides nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from poollint import api, session
from poollint.blocks import UNKNOWN
from poollint.engine import judge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poollint.blocks import Block

BAD = "[databases]\napp = host=/tmp\n[pgbouncer]\nauth_type = trust\nserver_idle_timeout = 10min\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("POOLLINT_TRACEBACK", raising=False)
    (tmp_path / "pgbouncer.ini").write_text(BAD)
    return str(tmp_path / "pgbouncer.ini")


def test_a_detector_that_fails_is_told_and_the_rest_is_judged(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(block: Block, context: Any) -> Iterator[Any]:
        raise ZeroDivisionError("oh")
        yield

    monkeypatch.setattr(judge, "load_detector", lambda _name: broken)
    result = api.check_paths([file], options=api.Options(isolated=True))
    assert "invalid-time" in {found.name for found in result.findings}
    assert {each.severity for each in result.unread} == {"internal"}
    assert "ZeroDivisionError: oh" in result.unread[0].message


def test_a_detector_that_meets_the_unknown_is_silent(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsure(block: Block, context: Any) -> Iterator[Any]:
        if UNKNOWN:
            yield

    monkeypatch.setattr(judge, "load_detector", lambda _name: unsure)
    result = api.check_paths([file], options=api.Options(isolated=True))
    assert result.unread == []


def test_a_reader_that_fails_is_told_and_the_rest_is_read(
    file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nginx.conf").write_text("events {}\nhttp { keepalive_timeout 1x; }\n")
    real = session.load_reader

    def reader(name: str) -> Any:
        def fail(*_: Any) -> None:
            raise KeyError("oh")

        return fail if name == "pgbouncer" else real(name)

    monkeypatch.setattr(session, "load_reader", reader)
    result = api.check_paths([str(tmp_path)], options=api.Options(isolated=True))
    assert [each.path for each in result.files] == [str(tmp_path / "nginx.conf")]
    assert result.findings
    assert [(each.path, each.severity) for each in result.unread] == [(file, "internal")]
