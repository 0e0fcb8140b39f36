"""A baseline knows a finding by rule, file and key path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from poollint.config import ConfigError
from poollint.engine.baseline import Entry, apply_baseline, prune_baseline, read_baseline, write_baseline
from poollint.findings import Finding, Suppression

if TYPE_CHECKING:
    from pathlib import Path


def finding(code: str = "PGB001", path: str = "a.ini", key: str = "databases.app.pool_size", line: int = 3) -> Finding:
    return Finding(
        code=code, name="x", severity="warning", effect="risk", topic="size", message="m", help="", path=path,
        line=line, column=1, end_line=line, end_column=2, system="pgbouncer", block="", setting="", key=key,
        help_url="",
        fingerprint="",
    )  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "conf").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("a.ini", "b.ini"):
        (tmp_path / name).write_text("")
    return tmp_path


def test_lines_may_move_and_folders_change(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert write_baseline("conf/base.json", [finding(), finding(line=9), finding("PGB002", "conf/c.ini")]) == 2
    entries = read_baseline("conf/base.json")
    assert entries == {
        Entry("../a.ini", "PGB001", "databases.app.pool_size"),
        Entry("c.ini", "PGB002", "databases.app.pool_size"),
    }
    monkeypatch.chdir(tree / "conf")
    marked, gone = apply_baseline([finding(path=str(tree / "a.ini"), line=70)], entries, "base.json")
    assert marked[0].suppressed == Suppression("baseline", "", 0)
    assert [str(each) for each in gone] == ["PGB002 c.ini databases.app.pool_size"]


def test_another_key_rule_or_file_is_new(tree: Path) -> None:
    write_baseline("base.json", [finding()])
    others = [finding("PGB002"), finding(path="b.ini"), finding(key="databases.other.pool_size")]
    marked, gone = apply_baseline(others, read_baseline("base.json"), "base.json")
    assert [each.suppressed for each in marked] == [None] * 3
    assert len(gone) == 1


def test_what_was_not_asked_is_not_gone(tree: Path) -> None:
    write_baseline("base.json", [finding(), finding(path="gone.ini"), finding("PGB002", "b.ini")])
    entries = read_baseline("base.json")
    _, gone = apply_baseline([], entries, "base.json", checked=["b.ini"])
    assert [each.path for each in gone] == ["b.ini", "gone.ini"]
    _, gone = apply_baseline([], entries, "base.json", ran={"PGB002"})
    assert [each.rule for each in gone] == ["PGB002"]
    assert prune_baseline("base.json", gone) == 2
    assert len(read_baseline("base.json")) == 2


def test_suppressed_findings_need_no_entry_but_known_ones_keep_theirs(tree: Path) -> None:
    inline = finding()._replace(suppressed=Suppression("inline", "why", 2))
    known = finding("PGB002")._replace(suppressed=Suppression("baseline", "", 0))
    assert write_baseline("base.json", [inline, known]) == 1
    marked, gone = apply_baseline([inline, known], {Entry("a.ini", "PGB001", inline.key)}, "base.json")
    assert marked[0].suppressed == inline.suppressed
    assert gone == []


def test_an_empty_one(tree: Path) -> None:
    assert write_baseline("base.json", []) == 0
    assert read_baseline("base.json") == set()
    assert json.loads((tree / "base.json").read_text()) == {"version": 1, "findings": []}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no baseline"),
        ("[]", "it has no findings"),
        ('{"version": 2, "findings": []}', "version 2, not 1"),
        ('{"version": 1, "findings": [{"path": "a"}]}', "an entry needs path, rule, key"),
    ],
)
def test_what_is_none(tree: Path, text: str, message: str) -> None:
    (tree / "base.json").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_baseline("base.json")


def test_absent_or_not_writable(tree: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.json: cannot be read"):
        read_baseline("absent.json")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_baseline("nowhere/base.json", [finding()])
    (tree / "folder").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_baseline("folder", [finding()])
    assert sorted(path.name for path in tree.iterdir()) == ["a.ini", "b.ini", "conf", "folder"]
