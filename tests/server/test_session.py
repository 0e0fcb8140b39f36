"""A whole session of an editor, in plain JSON-RPC over standard input and output."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(find_spec("pygls") is None, reason="pygls, the extra lsp, is not installed")

PATIENCE = 30
BAD = """\
; Bestände – 😀
[databases]
app = host=/tmp application_name='😀' pool_size=abc
[pgbouncer]
auth_file = /etc/pgbouncer/userlist.txt
server_idle_timeout = 10min
"""


class Editor:
    """The client's side: sends, and keeps what comes back by kind."""

    def __init__(self, root: Path, encodings: list[str] | None = None, workspace: Any = None) -> None:
        command = [sys.executable, "-m", "poollint", "server", "--stdio"]
        self.process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.root = root
        self.count = 0
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self.notices: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        general = {"positionEncodings": encodings} if encodings else {}
        can = {"general": general, "workspace": workspace or {}}
        params = {"processId": None, "rootUri": root.as_uri(), "capabilities": can}
        self.told = self.ask("initialize", params)["result"]
        self.tell("initialized", {})

    def _listen(self) -> None:
        out = self.process.stdout
        assert out is not None
        while True:
            length = 0
            while (line := out.readline().strip()) != b"":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not length:
                return
            message = json.loads(out.read(length))
            (self.notices if "method" in message else self.answers).put(message)

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def ask(self, method: str, params: Any) -> dict[str, Any]:
        self.count += 1
        self._send({"id": self.count, "method": method, "params": params})
        answer = self.answers.get(timeout=PATIENCE)
        assert answer["id"] == self.count
        return answer

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def diagnostics(self, uri: str, version: int | None = None) -> list[dict[str, Any]]:
        """What the server says next of a file."""
        while True:
            notice = self.notices.get(timeout=PATIENCE)
            params = notice["params"]
            mine = notice["method"] == "textDocument/publishDiagnostics" and params["uri"] == uri
            if mine and (version is None or params.get("version") == version):
                found: list[dict[str, Any]] = params["diagnostics"]
                return found

    def open(self, name: str, text: str, language: str = "ini") -> str:
        uri = (self.root / name).as_uri() if "://" not in name and ":" not in name else name
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, text: str, version: int) -> None:
        named = {"uri": uri, "version": version}
        self.tell("textDocument/didChange", {"textDocument": named, "contentChanges": [{"text": text}]})

    def actions(self, uri: str, here: Any, **context: Any) -> list[dict[str, Any]]:
        params = {"textDocument": {"uri": uri}, "range": here, "context": {"diagnostics": [], **context}}
        found: list[dict[str, Any]] = self.ask("textDocument/codeAction", params)["result"] or []
        return found

    def hover(self, uri: str, line: int, character: int) -> Any:
        position = {"line": line, "character": character}
        return self.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})["result"]

    def answer(self, number: Any) -> None:
        self._send({"id": number, "result": None})

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def leave(self) -> int:
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(PATIENCE)


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    found = Editor(tmp_path)
    yield found
    found.end()


def applied(text: str, edits: list[dict[str, Any]], encoding: str = "utf-16-le") -> str:
    """The text with edits made, as an editor makes them."""
    width = {"utf-16-le": 2, "utf-8": 1, "utf-32-le": 4}[encoding]
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda each: -each["range"]["start"]["line"]):
        start, end = edit["range"]["start"], edit["range"]["end"]
        assert start["line"] == end["line"]
        line = lines[start["line"]].encode(encoding)
        line = line[: start["character"] * width] + edit["newText"].encode(encoding) + line[end["character"] * width :]
        lines[start["line"]] = line.decode(encoding)
    return "\n".join(lines)


def shown(text: str, here: Any) -> str:
    """What a range of one line covers, counted in UTF-16."""
    assert here["start"]["line"] == here["end"]["line"]
    line = text.split("\n")[here["start"]["line"]].encode("utf-16-le")
    found: bytes = line[here["start"]["character"] * 2 : here["end"]["character"] * 2]
    return found.decode("utf-16-le")


def by_code(diagnostics: list[dict[str, Any]], code: str) -> dict[str, Any]:
    return next(each for each in diagnostics if each["code"] == code)


def test_open_fix_and_it_is_gone(editor: Editor) -> None:
    uri = editor.open("pgbouncer.ini", BAD)
    found = editor.diagnostics(uri)
    time = by_code(found, "PGB009")
    assert time["severity"] == 1
    assert time["source"] == "poollint"
    assert "server_idle_timeout = 10min" in time["message"]
    assert shown(BAD, time["range"]) == "10min"
    assert time["codeDescription"]["href"].startswith("file:///")
    assert time["codeDescription"]["href"].endswith("/rules/pgbouncer/invalid-time.md")
    number = next(each for each in found if each["range"]["start"]["line"] == 2)
    assert "abc" in shown(BAD, number["range"]), "the columns after an emoji count it twice"

    action = next(each for each in editor.actions(uri, time["range"]) if each["kind"] == "quickfix")
    assert action["isPreferred"] is True
    assert [each["code"] for each in action["diagnostics"]] == ["PGB009"]
    text = applied(BAD, action["edit"]["changes"][uri])
    assert text == BAD.replace("10min", "600")
    editor.change(uri, text, 2)
    assert "PGB009" not in [each["code"] for each in editor.diagnostics(uri, 2)]
    assert editor.leave() == 0


def test_what_stands_in_the_buffer_counts_not_the_disk(editor: Editor) -> None:
    (editor.root / "pgbouncer.ini").write_text(BAD)
    uri = editor.open("pgbouncer.ini", BAD.replace("10min", "600").replace("abc", "5"))
    assert "PGB009" not in [each["code"] for each in editor.diagnostics(uri)]
    editor.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert editor.diagnostics(uri) == []


def test_hover_tells_what_a_setting_means(editor: Editor) -> None:
    uri = editor.open("pgbouncer.ini", BAD)
    found = editor.hover(uri, 5, 3)
    text = found["contents"]["value"]
    for words in ("server_idle_timeout", "PgBouncer", "duration in s", "600 s", "role: ", "since: 1.0"):
        assert words in text.replace("\\_", "_")
    assert shown(BAD, found["range"]) == "server_idle_timeout = 10min"
    pool = editor.hover(uri, 2, BAD.split("\n")[2].index("pool_size") + 1 + 2)
    assert "pool_size" in pool["contents"]["value"]
    assert editor.hover(uri, 0, 3) is None
    assert editor.hover(uri, 400, 400) is None


def test_an_unsafe_fix_says_so(editor: Editor) -> None:
    text = (
        "upstream app {\n    server 10.0.0.1:8080;\n    keepalive 16;\n}\nserver {\n    listen 80;\n"
        '    proxy_http_version 1.1;\n    proxy_set_header Connection "";\n    location / {\n'
        "        proxy_pass http://app;\n        proxy_set_header X-Real-IP $remote_addr;\n    }\n}\n"
    )
    uri = editor.open("nginx/conf.d/app.conf", text, "nginx")
    lost = by_code(editor.diagnostics(uri), "NGX011")
    assert lost["relatedInformation"], "the line that is lost"
    assert {each["location"]["uri"] for each in lost["relatedInformation"]} == {uri}
    unsafe = [each for each in editor.actions(uri, lost["range"]) if each["kind"] == "quickfix"]
    assert unsafe
    assert "may change" in unsafe[0]["title"]
    assert not unsafe[0].get("isPreferred")


def test_a_comment_that_ignores_a_finding(editor: Editor) -> None:
    (editor.root / "poollint.toml").write_text('require-reason = true\nnever-suppress = ["PGB007"]\n')
    uri = editor.open("pgbouncer.ini", BAD)
    found = editor.diagnostics(uri)
    time = by_code(found, "PGB009")
    offers = [each for each in editor.actions(uri, time["range"]) if "ignore PGB009" in each["title"]]
    assert len(offers) == 1
    assert not offers[0].get("isPreferred")
    text = applied(BAD, offers[0]["edit"]["changes"][uri])
    assert text == BAD.replace("server_idle_timeout", "# poollint: ignore[PGB009] -- reason\nserver_idle_timeout", 1)
    editor.change(uri, text, 2)
    assert "PGB009" not in [each["code"] for each in editor.diagnostics(uri, 2)]


def test_all_safe_fixes_at_once(editor: Editor) -> None:
    text = BAD + "query_wait_timeout = 2min\n"
    uri = editor.open("pgbouncer.ini", text)
    editor.diagnostics(uri)
    everywhere = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    (action,) = editor.actions(uri, everywhere, only=["source.fixAll"])
    fixed = applied(text, action["edit"]["changes"][uri])
    assert "server_idle_timeout = 600\n" in fixed
    assert "query_wait_timeout = 120\n" in fixed


def test_the_configuration_holds(editor: Editor) -> None:
    (editor.root / "poollint.toml").write_text('ignore = ["PGB009"]\nextend-exclude = ["old/**"]\n')
    uri = editor.open("pgbouncer.ini", BAD)
    assert "PGB009" not in [each["code"] for each in editor.diagnostics(uri)]
    old = editor.open("old/pgbouncer.ini", BAD)
    assert editor.diagnostics(old) == []
    (editor.root / "poollint.toml").write_text('ignor = ["PGB009"]\n')
    editor.tell("textDocument/didSave", {"textDocument": {"uri": uri}})
    (told,) = editor.diagnostics(uri)
    assert "poollint.toml:1" in told["message"]
    (editor.root / "poollint.toml").write_text('docs-url = "https://example.org"\n')
    editor.tell("textDocument/didSave", {"textDocument": {"uri": uri}})
    time = by_code(editor.diagnostics(uri), "PGB009")
    assert time["codeDescription"]["href"] == "https://example.org/rules/pgbouncer/invalid-time.html"


def test_a_buffer_without_a_file(editor: Editor) -> None:
    uri = editor.open("untitled:Untitled-1", BAD)
    assert by_code(editor.diagnostics(uri), "PGB009")
    other = editor.open("untitled:Untitled-2", "hello\n", "plaintext")
    assert editor.diagnostics(other) == []


def test_fast_typing_is_checked_once(editor: Editor) -> None:
    uri = editor.open("pgbouncer.ini", BAD)
    editor.diagnostics(uri)
    for version in range(2, 40):
        editor.change(uri, BAD + "#" * version, version)
    assert by_code(editor.diagnostics(uri), "PGB009")
    assert editor.hover(uri, 5, 3) is not None
    assert editor.notices.empty()


def test_strange_texts_do_not_stop_it(editor: Editor) -> None:
    uri = editor.open("pgbouncer.ini", "")
    editor.diagnostics(uri)
    for version, text in enumerate(("[", "\0\x0b\u2028=\r\r\n[", "\ud800 = \udfff", "a=" * 5000, BAD), start=2):
        editor.change(uri, text, version)
        found = editor.diagnostics(uri, version)
        assert not [each for each in found if "failed" in each["message"]]
        editor.hover(uri, 0, 1)
    assert editor.leave() == 0


@pytest.fixture
def editors(tmp_path: Path) -> Iterator[Callable[..., Editor]]:
    """Editors that can more, or less, than the usual one."""
    opened: list[Editor] = []

    def make(*arguments: Any) -> Editor:
        opened.append(Editor(tmp_path, *arguments))
        return opened[-1]

    yield make
    for each in opened:
        each.end()


def test_a_configuration_changed_elsewhere_counts_at_once(editors: Callable[..., Editor]) -> None:
    editor = editors(None, {"didChangeWatchedFiles": {"dynamicRegistration": True}})
    asked = editor.notices.get(timeout=PATIENCE)
    assert asked["method"] == "client/registerCapability"
    patterns = [each["globPattern"] for each in asked["params"]["registrations"][0]["registerOptions"]["watchers"]]
    assert "**/poollint.toml" in patterns
    editor.answer(asked["id"])
    uri = editor.open("pgbouncer.ini", BAD)
    assert by_code(editor.diagnostics(uri), "PGB009")
    config = editor.root / "poollint.toml"
    config.write_text('ignore = ["PGB009"]\n')
    editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": config.as_uri(), "type": 1}]})
    assert "PGB009" not in [each["code"] for each in editor.diagnostics(uri)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-32"])
def test_other_ways_to_count(editors: Callable[..., Editor], encoding: str) -> None:
    editor = editors([encoding])
    assert editor.told["capabilities"]["positionEncoding"] == encoding
    uri = editor.open("pgbouncer.ini", BAD)
    number = next(each for each in editor.diagnostics(uri) if each["range"]["start"]["line"] == 2)
    line = BAD.split("\n")[2]
    at = line.index("abc") if encoding == "utf-32" else line.encode().index(b"abc")
    assert number["range"]["end"]["character"] == at + 3
    assert editor.leave() == 0
