"""The words of ``fix`` and ``no_fix`` in cards, tried on pages of somebody's own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from poollint import api
from poollint.files import DiskFiles, MemoryFiles
from poollint.fixes import Fixer

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """# house-rule

```toml
code = "HOUSE001"
effect = "risk"
topic = "size"
system = "{system}"
on = "{on}"
when = "{when}"
at = "{at}"
message = "{{setting}} is not as it should be"
{fix}
```

Why.

## Bad

```text {name}
{bad}
```

## Good

```text {name}
{good}
```
"""


def page(fix: str, bad: str, **more: str) -> str:
    words = {
        "system": "pgbouncer",
        "on": "main",
        "when": "written(max_client_conn) and max_client_conn > 100",
        "at": "max_client_conn",
        "name": "pgbouncer.ini",
        "good": "[pgbouncer]\nmax_client_conn = 50",
    }
    return PAGE.format(fix=fix, bad=bad, **{**words, **more})


def rules_test(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "poollint", "rules", "test", str(folder)], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


BAD = "[databases]\n[pgbouncer]\nauth_file = /u\nmax_client_conn = 500\ndefault_pool_size = 20"


@pytest.mark.parametrize(
    ("fix", "told"),
    [
        ('fix = { max_client_conn = "50" }', ""),
        ('fix = { here = "{default_pool_size * 2}", unsafe = true }', ""),
        ("fix = { here = false }", ""),
        ('no_fix = "figure"', ""),
        ('fix = { max_client_conn = "5000" }', "the fix of line 4 is no good: its finding would stay"),
        ('fix = { max_client_conns = "50" }', "no kind that the rule looks at has a setting 'max_client_conns'"),
        ('fix = { max_client_conn = "{" }', "fix: a lone brace"),
        ('no_fix = "lazy"', "no_fix = 'lazy': one of figure, choice, code, elsewhere, unclear"),
    ],
)
def test_words_of_a_card(tmp_path: Path, fix: str, told: str) -> None:
    (tmp_path / "house-rule.md").write_text(page(fix, BAD))
    out = rules_test(tmp_path)
    if told:
        assert told in out
    else:
        assert "0 failures" in out, out


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        ('{ here = "50" }', "max_client_conn = 50\ndefault_pool_size = 20\n"),
        ('{ max_client_conn = "50", default_pool_size = "10" }', "max_client_conn = 50\ndefault_pool_size = 10\n"),
        (
            '{ max_client_conn = "50", min_pool_size = "2" }',
            "max_client_conn = 50\ndefault_pool_size = 20\nmin_pool_size = 2\n",
        ),
        ("{ max_client_conn = false }", "default_pool_size = 20\n"),
        ('{ name = "max_db_connections" }', "max_db_connections = 500\ndefault_pool_size = 20\n"),
        ('{ here = "50", server_tls_sslmode = "{server_tls_sslmode.nothing}" }', ""),
        ('{ here = "{query_timeout}" }', ""),  # unlimited, which is a word of messages
        ('{ here = "{default_pool_size}" }', "max_client_conn = 20\ndefault_pool_size = 20\n"),
    ],
)
def test_what_they_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fix: str, expected: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "house-rule.md").write_text(page(f"fix = {fix}", BAD))
    head, tail = "[databases]\n[pgbouncer]\nauth_file = /u\n", "max_client_conn = 500\ndefault_pool_size = 20\n"
    (tmp_path / "pgbouncer.ini").write_text(head + tail)
    (tmp_path / "poollint.toml").write_text('rule-dirs = ["house"]\nselect = ["HOUSE001"]\n')
    session = api.Session(api.Options(), DiskFiles())
    outcome = Fixer(session, [("pgbouncer.ini", "pgbouncer", True)]).run()
    assert [each.after for each in outcome.changed] == ([head + expected] if expected else [])


def test_a_limit_that_is_not_there_is_written_nowhere() -> None:
    text = "import httpx\nc = httpx.Client(limits=httpx.Limits(max_keepalive_connections=20))\n"
    session = api.Session(api.Options(isolated=True), MemoryFiles({"a.py": text}, complete=True))
    outcome = Fixer(session, [("a.py", "python", True)], unsafe=True).run()
    assert [each.after.count("max_keepalive_connections=100, max_connections=100") for each in outcome.changed] == [1]
