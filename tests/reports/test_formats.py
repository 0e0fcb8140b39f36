"""Every format, fed by the same findings."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from poollint.findings import EditText, Finding, FixText, Related, Suppression
from poollint.reports import FORMATS, render, write_all
from poollint.reports.base import Look, Report, RuleText, Unread, fixable, summary, wants_colour

if TYPE_CHECKING:
    from pathlib import Path

TIME = Finding(
    code="PGB009",
    name="invalid-time",
    severity="error",
    effect="refused",
    topic="syntax",
    message='server_idle_timeout = 10m: "m" is no number',
    help="Write 600.",
    path="deploy/pgbouncer.ini",
    line=12,
    column=1,
    end_line=12,
    end_column=26,
    system="pgbouncer",
    block="main",
    setting="server_idle_timeout",
    key="main.server_idle_timeout",
    help_url="https://example.org/PGB009",
    fingerprint="aaaa",
    related=(Related("deploy/other.ini", 3, 1, "the pool that waits"),),
    fix=FixText("write 600", True, (EditText("deploy/pgbouncer.ini", 200, 203, "600"),)),
    source_line="server_idle_timeout = 10m",
)
BLOCK = TIME._replace(
    code="NGX020",
    name="upstream-no-keepalive",
    severity="warning",
    effect="risk",
    topic="reuse",
    message='100% <new> & "old"',
    help="",
    path="a b.conf",
    line=3,
    column=3,
    end_line=5,
    end_column=2,
    system="nginx",
    related=(),
    fix=None,
    source_line="\tupstream api {",
    fingerprint="bbbb",
)
HIDDEN = BLOCK._replace(line=9, end_line=9, suppressed=Suppression("inline", "the old host", 8))
REPORT = Report([TIME, BLOCK, HIDDEN], files=["a b.conf", "clean.conf", "deploy/pgbouncer.ini"], version="0.1.0")


def out(name: str, report: Report = REPORT, **look: Any) -> str:
    return "".join(render(name, report._replace(look=Look(**look))))


def test_text() -> None:
    assert out("text") == (
        "a b.conf:3:3: warning[NGX020] upstream-no-keepalive\n"
        "  |\n"
        "3 |     upstream api {\n"
        "  |      ^^^^^^^^^^^^^ ... to line 5\n"
        '  = 100% <new> & "old"\n'
        "  = effect: risk, a known way to an outage, lost work or exposure\n"
        "\n"
        "deploy/pgbouncer.ini:12:1: error[PGB009] invalid-time\n"
        "   |\n"
        "12 | server_idle_timeout = 10m\n"
        "   | ^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        '   = server_idle_timeout = 10m: "m" is no number\n'
        "   = help: Write 600.\n"
        "   = see: deploy/other.ini:3:1: the pool that waits\n"
        "   = effect: refused, the program refuses this configuration\n"
    )


def test_text_shows_suppressed_findings_when_asked() -> None:
    assert "suppressed by the comment in line 8: the old host" in out("text", show_suppressed=True)
    known = REPORT._replace(findings=[BLOCK._replace(suppressed=Suppression("baseline", "", 0))])
    assert "suppressed by the baseline\n" in out("text", known, show_suppressed=True)
    assert out("text", known) == ""


def test_text_in_colour_says_the_same() -> None:
    colourful = out("text", colour=True, links=True)
    assert "\x1b[1;31m" in colourful
    assert "\x1b]8;;https://example.org/PGB009\x1b\\" in colourful
    plain = re.sub(r"\x1b\[[\d;]*m|\x1b\]8;;[^\x1b]*\x1b\\", "", colourful)
    assert plain == out("text")


def test_text_never_steers_the_terminal() -> None:
    evil = TIME._replace(message="a\x1b[2J\nb\u202e", path="x\x07.ini", source_line="\x1b]0;t\x07 = 10m", help="\udcff")
    text = out("text", REPORT._replace(findings=[evil]))
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800-\udfff]", text)
    assert "a\\x1b[2J b\\u202e" in text


def test_text_without_a_line_to_show() -> None:
    text = out("text", REPORT._replace(findings=[TIME._replace(source_line="")]))
    assert "|" not in text
    far = TIME._replace(source_line="x" * 500, column=9000, end_column=9010)
    assert "xxx" not in out("text", REPORT._replace(findings=[far]))


def test_concise_and_grouped() -> None:
    assert out("concise") == (
        'a b.conf:3:3: warning[NGX020] upstream-no-keepalive: 100% <new> & "old"\n'
        'deploy/pgbouncer.ini:12:1: error[PGB009] invalid-time: server_idle_timeout = 10m: "m" is no number\n'
    )
    assert out("grouped", show_suppressed=True) == (
        "a b.conf\n"
        '  3:3   warning[NGX020] upstream-no-keepalive: 100% <new> & "old"\n'
        '  9:3   warning[NGX020] upstream-no-keepalive: 100% <new> & "old" (suppressed by the comment in line 8: '
        "the old host)\n"
        "\n"
        "deploy/pgbouncer.ini\n"
        '  12:1  error[PGB009] invalid-time: server_idle_timeout = 10m: "m" is no number\n'
    )


def test_statistics() -> None:
    report = REPORT._replace(findings=[BLOCK, BLOCK, TIME])
    expected = "2  warning  NGX020  upstream-no-keepalive\n1  error    PGB009  invalid-time\n"
    assert out("concise", report, statistics=True).endswith("\n\n" + expected)
    assert json.loads(out("json", report, statistics=True))["summary"]["rules"] == {"NGX020": 2, "PGB009": 1}


def test_summary() -> None:
    assert summary(REPORT) == "1 error, 1 warning in 2 files (1 suppressed)"
    assert summary(Report([BLOCK, BLOCK])) == "2 warnings in 1 file"
    assert summary(Report([BLOCK._replace(severity="info")] * 2)) == "2 info in 1 file"
    assert summary(Report([HIDDEN])) == ""


def test_what_can_be_fixed() -> None:
    safe = FixText("write 5", True, ())
    unsafe = safe._replace(safe=False)
    assert fixable(Report([BLOCK._replace(fix=None)])) == ""
    assert fixable(Report([BLOCK._replace(fix=safe)] * 2 + [HIDDEN._replace(fix=safe)])) == "2 fixable with --fix"
    assert fixable(Report([BLOCK._replace(fix=unsafe)])) == "1 fixable with --fix --unsafe-fixes"
    both = [BLOCK._replace(fix=safe), BLOCK._replace(fix=unsafe)]
    assert fixable(Report(both)) == "1 fixable with --fix, 1 more with --unsafe-fixes"


def test_json() -> None:
    data = json.loads(out("json", REPORT._replace(unread=[Unread("x", "is a FIFO", True), Unread("y", "z", False)])))
    assert data["version"] == 1
    assert data["summary"] == {
        "files": 3,
        "errors": 1,
        "warnings": 1,
        "info": 0,
        "suppressed": 1,
        "unread": [{"path": "x", "message": "is a FIFO"}],
    }
    assert [each["rule"] for each in data["findings"]] == ["NGX020", "PGB009"]
    found = data["findings"][1]
    assert list(found) == (
        "rule name severity effect topic message help path line column end_line end_column system block setting "
        "help_url fix related fingerprint suppressed".split()
    )
    assert found["fix"] == {
        "title": "write 600",
        "safe": True,
        "edits": [{"path": "deploy/pgbouncer.ini", "start": 200, "end": 203, "text": "600"}],
    }
    assert found["related"] == [{"path": "deploy/other.ini", "line": 3, "column": 1, "message": "the pool that waits"}]
    assert found["suppressed"] is None
    shown = json.loads(out("json", show_suppressed=True))["findings"]
    assert [each["suppressed"] for each in shown] == [
        None,
        {"kind": "inline", "reason": "the old host", "line": 8},
        None,
    ]
    assert json.loads(out("json", Report([])))["findings"] == []


def test_json_lines() -> None:
    rows = [json.loads(line) for line in out("jsonl").splitlines()]
    assert rows == json.loads(out("json"))["findings"]


def test_github() -> None:
    assert out("github").splitlines() == [
        (
            '::warning file=a b.conf,line=3,endLine=5,title=NGX020 upstream-no-keepalive::100%25 <new> & "old"'
            "%0Ahttps://example.org/PGB009"
        ),
        (
            "::error file=deploy/pgbouncer.ini,line=12,endLine=12,col=1,endColumn=26,title=PGB009 invalid-time"
            '::server_idle_timeout = 10m: "m" is no number%0AWrite 600.%0Ahttps://example.org/PGB009'
        ),
    ]
    odd = TIME._replace(path="a:b,c.ini", severity="info")
    assert out("github", Report([odd])).startswith("::notice file=a%3Ab%2Cc.ini,")


def test_gitlab() -> None:
    issues = json.loads(out("gitlab", REPORT._replace(findings=[TIME, TIME._replace(line=20, end_line=20), HIDDEN])))
    assert [issue["fingerprint"] for issue in issues] == ["aaaa", "aaaa-2"]
    assert issues[0]["location"] == {"path": "deploy/pgbouncer.ini", "lines": {"begin": 12, "end": 12}}
    assert {issue["severity"] for issue in issues} == {"critical"}
    assert all(issue["description"] and issue["check_name"] == "PGB009" for issue in issues)
    assert json.loads(out("gitlab", Report([]))) == []


def test_junit() -> None:
    root = ET.fromstring(out("junit", REPORT._replace(unread=[Unread("x", "is a FIFO", True)]), show_suppressed=True))
    assert root.attrib == {"name": "poollint", "tests": "5", "failures": "2", "errors": "1"}
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {"a b.conf", "clean.conf", "deploy/pgbouncer.ini", "x"}
    assert len(suites["clean.conf"].findall("testcase")) == 1
    assert suites["a b.conf"].attrib["skipped"] == "1"
    failure = suites["a b.conf"].find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == '100% <new> & "old"'
    assert suites["x"].find("testcase/error") is not None


def test_checkstyle() -> None:
    root = ET.fromstring(out("checkstyle"))
    assert [(each.get("name"), len(each)) for each in root] == [("a b.conf", 1), ("deploy/pgbouncer.ini", 1)]
    error = root[1][0]
    assert (error.get("line"), error.get("column"), error.get("severity")) == ("12", "1", "error")
    assert error.get("source") == "poollint.pgbouncer.PGB009"
    assert len(ET.fromstring(out("checkstyle", Report([])))) == 0


def test_xml_holds_what_it_cannot_hold() -> None:
    odd = TIME._replace(message="\x00\x1b\udcff<&\n")
    for name in ("junit", "checkstyle"):
        ET.fromstring(out(name, Report([odd])))


def test_sarif(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = RuleText("PGB009", "invalid-time", "error", ("pgbouncer",), "# invalid-time\n\nWhy.", "")
    outside = BLOCK._replace(path="/elsewhere/a.conf", suppressed=Suppression("baseline", "", 0))
    report = Report(
        [TIME, HIDDEN, outside],
        unread=[Unread("x", "is a FIFO", True)],
        rule=lambda code: page if code == "PGB009" else None,
        version="0.1.0",
    )
    data = json.loads(out("sarif", report))
    assert data["version"] == "2.1.0"
    [run] = data["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["NGX020", "PGB009"]
    assert rules[1]["help"]["markdown"].startswith("# invalid-time")
    assert rules[1]["defaultConfiguration"] == {"level": "error"}
    results = {(each["ruleId"], index): each for index, each in enumerate(run["results"])}
    time = results["PGB009", 2]
    assert rules[time["ruleIndex"]]["id"] == "PGB009"
    location = time["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "deploy/pgbouncer.ini", "uriBaseId": "%SRCROOT%"}
    assert location["region"] == {
        "startLine": 12,
        "startColumn": 1,
        "endLine": 12,
        "endColumn": 26,
        "snippet": {"text": "server_idle_timeout = 10m"},
    }
    assert time["partialFingerprints"] == {"poollint/v1": "aaaa"}
    assert time["fixes"][0]["artifactChanges"][0]["replacements"] == [
        {"deletedRegion": {"charOffset": 200, "charLength": 3}, "insertedContent": {"text": "600"}}
    ]
    assert time["relatedLocations"][0]["message"] == {"text": "the pool that waits"}
    assert "suppressions" not in time
    assert results["NGX020", 0]["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "file:///elsewhere/a.conf"
    }
    assert results["NGX020", 0]["suppressions"] == [{"kind": "external"}]
    assert results["NGX020", 1]["suppressions"] == [{"kind": "inSource", "justification": "the old host"}]
    assert results["NGX020", 1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.conf"
    assert run["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_tells_rule_file_and_line(name: str) -> None:
    text = out(name, Report([TIME]))
    for word in ("PGB009", "pgbouncer.ini", "12"):
        assert word in text


@pytest.mark.parametrize("name", FORMATS)
def test_undecodable_bytes_break_no_format(name: str) -> None:
    odd = TIME._replace(path="a\udcff.ini", message="\udcff", source_line="\udcff = 1", related=(), fix=None)
    out(name, Report([odd], files=["a\udcff.ini"], unread=[Unread("\udcfe", "\udcff", True)])).encode("utf-8")


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "expected"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour(choice: str, environ: dict[str, str], terminal: bool, expected: bool) -> None:
    assert wants_colour(choice, environ, terminal=terminal) is expected


class TestWriting:
    def write(self, findings: list[Finding], reports: list[tuple[str, str]], **options: Any) -> None:
        result = SimpleNamespace(files=[SimpleNamespace(path="deploy/pgbouncer.ini")], unread=[])
        session = SimpleNamespace(knowledge=SimpleNamespace(rules={}))
        write_all(session, result, findings, reports, options)

    def test_results_and_summary_go_different_ways(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.write([TIME], [("text", "")])
        captured = capsys.readouterr()
        assert captured.out == out("text", Report([TIME]))
        assert captured.err == "\n1 error in 1 file\n1 fixable with --fix\n"

    def test_quiet(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.write([TIME], [("concise", "")], quiet=True)
        assert capsys.readouterr().err == ""
        self.write([], [("text", "")])
        assert capsys.readouterr() == ("", "")

    def test_several_at_once(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        target = tmp_path / "out.json"
        self.write([TIME], [("json", str(target)), ("sarif", str(tmp_path / "out.sarif")), ("concise", "")])
        assert json.loads(target.read_text())["findings"][0]["rule"] == "PGB009"
        assert capsys.readouterr().out.startswith("deploy/pgbouncer.ini:12:1")


def test_rdjson_counts_columns_in_bytes() -> None:
    wide = TIME._replace(source_line="ä = 10m # é", column=5, end_column=8)
    [first, hidden_free] = json.loads(out("rdjson", Report([wide, BLOCK, HIDDEN])))["diagnostics"]
    assert first["location"] == {
        "path": "a b.conf",
        "range": {"start": {"line": 3, "column": 3}, "end": {"line": 5}},
    }
    assert first["severity"] == "WARNING"
    assert hidden_free["location"]["range"] == {"start": {"line": 12, "column": 6}, "end": {"line": 12, "column": 9}}
    assert hidden_free["code"] == {"value": "PGB009", "url": "https://example.org/PGB009"}
    assert hidden_free["relatedLocations"][0]["location"] == {
        "path": "deploy/other.ini",
        "range": {"start": {"line": 3}},
    }


def test_markdown() -> None:
    assert out("markdown", Report([TIME, BLOCK], unread=[Unread("x.ini", "no such file", True)])) == (
        "### poollint: 1 error, 1 warning in 2 files\n"
        "\n**a b.conf**\n\n| line | rule | what the program does |\n|--:|---|---|\n"
        '| 3 | warning [NGX020 upstream-no-keepalive](https://example.org/PGB009) | 100% \\<new\\> & "old" |\n'
        "\n**deploy/pgbouncer.ini**\n\n| line | rule | what the program does |\n|--:|---|---|\n"
        "| 12 | error [PGB009 invalid-time](https://example.org/PGB009) | "
        'server\\_idle\\_timeout = 10m: "m" is no number<br>Write 600. |\n'
        "\nNot read:\n\n- x.ini: no such file\n"
    )
    assert out("markdown", Report([])) == "### poollint: no findings\n"
