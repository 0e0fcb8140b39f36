"""What a long run shows to somebody who watches, and that it leaves nothing behind."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from poollint.cli import progress

if TYPE_CHECKING:
    from pathlib import Path

pty = pytest.importorskip("pty")
NOW = "import poollint.cli.progress as p; p.DELAY = p.PAUSE = 0; from poollint.__main__ import main; main()"


def test_nothing_in_the_first_second_then_now_and_then() -> None:
    now = [0.0]
    out = io.StringIO()
    shown = progress.Progress(out, lambda: now[0])
    shown(10, 0)
    shown.clear()
    assert out.getvalue() == ""
    now[0] = 1.01
    shown(1234, 0)
    shown(1235, 0)
    assert out.getvalue() == "\r\x1b[Klooked at 1234 files "
    now[0] = 2
    shown(3, 40)
    shown.clear()
    shown.clear()
    assert out.getvalue().endswith("\r\x1b[Kchecked 3 of 40 files \r\x1b[K")
    assert out.getvalue().count("\r") == 3


def test_a_terminal_that_goes_away_ends_nothing() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:  # noqa: ARG002
            raise OSError(5, "Input/output error")

    shown = progress.Progress(Gone(), lambda: 100.0)
    shown._next = 0
    shown(1, 2)
    shown(2, 2)
    shown.clear()


def on_terminal(tree: Path, *arguments: str, **environment: str) -> str:
    """What a run, which shows its progress at once, writes to the terminal that is its standard error."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "CI"} | {"TERM": "xterm"} | environment
    with subprocess.Popen(
        [sys.executable, "-c", NOW, "check", "--isolated", *arguments, str(tree)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=env,
    ) as process:
        os.close(theirs)
        text = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the terminal's way to say that nobody writes any more
                break
            if not part:
                break
            text += part
        process.communicate(timeout=60)
    os.close(ours)
    return text.decode()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "pgbouncer.ini").write_text("[databases]\n[pgbouncer]\nlisten_addr =\nserver_idle_timeout = 10min\n")
    for number in range(30):
        (tmp_path / f"d{number}").mkdir()
        for other in range(50):
            (tmp_path / f"d{number}" / f"f{other}.py").write_text("x = 1\n")
    return tmp_path


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_on_a_terminal(tree: Path, jobs: str) -> None:
    text = on_terminal(tree, "--jobs", jobs)
    assert "looked at " in text
    assert "checked 1 of 1 files" in text
    before, _, after = text.rpartition("\r\x1b[K")
    assert before  # what is told afterwards stands on a line of its own
    assert "files" not in after.partition("\n")[0] or after.startswith(("\r\n", "1 "))


def test_not_where_nobody_watches(tree: Path) -> None:
    assert "looked" not in on_terminal(tree, "--quiet")
    assert "looked" not in on_terminal(tree, CI="true")
    assert "looked" not in on_terminal(tree, TERM="dumb")
    done = subprocess.run(
        [sys.executable, "-c", NOW, "check", "--isolated", str(tree)], capture_output=True, text=True, check=False
    )
    assert "looked" not in done.stderr + done.stdout
