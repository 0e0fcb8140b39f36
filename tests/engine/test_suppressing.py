"""Suppressions through the whole run: with the rules, systems and configuration that are really there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poollint import api
from poollint.config import CliChoice, parse_config
from poollint.files import DiskFiles, MemoryFiles

if TYPE_CHECKING:
    from pathlib import Path

    from poollint.findings import Finding

HEAD = "[databases]\napp = host=10.0.0.5\n[pgbouncer]\nauth_file = /etc/pgbouncer/userlist.txt\n"
LINE = "server_idle_timeout = 10m\n"


def check(comment: str, *, config: str = "", line: str = LINE) -> list[tuple[str, bool]]:
    """(code, whether suppressed) of each finding."""
    known = api.Session(api.Options(isolated=True), MemoryFiles({})).known()
    found = api.check_text(HEAD + comment + line, "pgbouncer.ini", config=parse_config(config, known=known))
    return [(each.code, each.suppressed is not None) for each in found if each.severity != "info"]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("", [("PGB009", False)]),
        ("# poollint: ignore[PGB009] -- old client\n", [("PGB009", True)]),
        ("; poollint: ignore[invalid-time]\n", [("PGB009", True)]),
        ("; poollint: ignore[pgbouncer]\n", [("PGB009", True)]),
        ("; poollint: ignore[PGB]\n", [("PGB009", True)]),
        ("; poollint: ignore[refused]\n", [("PGB009", True)]),
        ("; poollint: ignore\n", [("PGB009", True)]),
        ("# poollint: ignore-file[PGB009] -- all of it\n", [("PGB009", True)]),
        ("# poollint: ignore[NGX]\n", [("PL090", False), ("PGB009", False)]),
        ("# poollint: ignore[PGB9]\n", [("PL091", False), ("PGB009", False)]),
        ("# poollint: ignore[PGB009] until=2020-01-01\n", [("PL092", False), ("PGB009", False)]),
        ("# poollint: ignore[PGB009] until=2999-01-01\n", [("PGB009", True)]),
    ],
)
def test_forms(comment: str, expected: list[tuple[str, bool]]) -> None:
    assert check(comment) == expected


def test_policy() -> None:
    comment = "# poollint: ignore[PGB009]\n"
    assert check(comment, config="require-reason = true") == [("PL093", False), ("PGB009", True)]
    assert check(comment, config="allow-inline = false") == [("PL094", False), ("PGB009", False)]


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# poollint: ignore[PGB009] -- it starts\n", ["PL094"]),
        ("# poollint: ignore[invalid-time]\n", ["PL094"]),
        ("# poollint: ignore-file\n", ["PL090"]),
        ("# poollint: ignore[PGB]\n", ["PL090"]),
    ],
)
def test_what_no_comment_may_suppress(comment: str, said: list[str]) -> None:
    expected = [*((code, False) for code in said), ("PGB009", False)]
    assert check(comment, config="never-suppress = ['PGB009']") == expected


def test_the_rules_of_suppressions_can_be_turned_off_and_made_louder() -> None:
    assert check("# poollint: ignore\n", config="ignore = ['PL090']", line="") == []
    known = api.Session(api.Options(isolated=True), MemoryFiles({})).known()
    config = parse_config("[severity]\nPL090 = 'error'", known=known)
    [found] = api.check_text(HEAD + "# poollint: ignore\n", "pgbouncer.ini", config=config)
    assert (found.code, found.severity) == ("PL090", "error")


def test_a_comment_on_a_rule_that_was_not_asked_is_not_unused(tmp_path: Path) -> None:
    path = tmp_path / "pgbouncer.ini"
    path.write_text(HEAD + "# poollint: ignore[PGB001]\nlisten_port = 6432\n# poollint: ignore\nlisten_addr = *\n")

    def codes(choice: CliChoice | None) -> list[str]:
        session = api.Session(api.Options(isolated=True, cli=choice), DiskFiles())
        found: list[Finding] = api.check_with(session, [str(path)]).findings
        return [each.code for each in found if each.code.startswith("PL")]

    assert codes(None) == ["PL090", "PL090"]
    assert codes(CliChoice(select=("PGB009", "PL"))) == []
    assert codes(CliChoice(select=("PGB001", "PL"))) == ["PL090"]


def test_the_closest_rule_is_named() -> None:
    known = api.check_text(HEAD + "# poollint: ignore[invalid-tme]\n" + LINE, "pgbouncer.ini")
    [unknown] = [each for each in known if each.code == "PL091"]
    assert "did you mean 'invalid-time'?" in unknown.message
    assert unknown.fix is not None
    [edit] = unknown.fix.edits
    assert edit.text == ""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("db.py", 'from sqlalchemy import create_engine\ntext = """\n# poollint: ignore\n"""\n'),
        ("db.py", "import requests\nshown = 'a  # poollint: ignore[SQA012] -- b'\n"),
        ("db.js", "const { Pool } = require('pg');\nconst shown = `\n// poollint: ignore\n`;\n"),
    ],
)
def test_a_string_of_code_is_no_comment(path: str, text: str) -> None:
    assert [each.code for each in api.check_text(text, path)] == []


def test_a_comment_beside_a_string_is_one() -> None:
    text = "import requests\nshown = 'a'  # poollint: ignore[SQA012] -- b\n"
    assert [each.code for each in api.check_text(text, "db.py")] == ["PL090"]
