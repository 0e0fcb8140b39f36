"""Which files are found beneath a path, and what they are taken for."""

from __future__ import annotations

import csv
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from poollint.config import Config, Known, parse_config
from poollint.discovery.disk import binary_kind
from poollint.discovery.globs import SystemShape
from poollint.discovery.recognition import Recogniser, is_plausible, recognise
from poollint.discovery.walk import Discovered, Step, Walk
from poollint.files import DiskFiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHAPES = [
    SystemShape("pgbouncer", ("pgbouncer.ini", "pgbouncer*.ini"), (r"(?m)^[ \t]*\[pgbouncer\]",), sections=True),
    SystemShape(
        "nginx",
        ("nginx.conf", "nginx*.conf", "sites-available/*"),
        (r"(?m)^\s*proxy_pass\s+\S+;", r"(?m)^\s*upstream\s+\S+\s*\{"),
    ),
    SystemShape(
        "apache", ("httpd.conf", "sites-available/*.conf"), (r"(?im)^\s*ProxyPass\s", r"(?im)^\s*<VirtualHost\s")
    ),
]
KNOWN = Known({}, {"pgbouncer": {}, "nginx": {}, "apache": {}})
PROXY = "location / {\n proxy_pass http://a;\n}\n"
VHOST = "<VirtualHost *:80>\nProxyPass / http://a/\n</VirtualHost>\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        put(root, name, text)


def put(root: Path, name: str, text: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def discover(paths: Sequence[str], *told: Any, **more: Any) -> Discovered:
    walk = Walk(*told, **more)
    walk.steps = [Step(path, named=True) for path in reversed(paths)]
    walk.run()
    return walk.discovered()


def found(*paths: str, config: str = "", **more: Any) -> Discovered:
    told = parse_config(config, known=KNOWN, root=os.getcwd())
    return discover(paths or (".",), lambda _: told, SHAPES, DiskFiles(), **{"as_system": None, **more})


def pairs(result: Discovered) -> list[tuple[str, str]]:
    return [(each.path, each.system) for each in result.candidates]


class TestRecognition:
    @pytest.mark.parametrize(
        ("path", "text", "expected"),
        [
            ("pgbouncer.ini", "", ("pgbouncer", True)),
            ("a/pgbouncer-prod.ini", "", ("pgbouncer", True)),
            ("nginx.conf.j2", "", ("nginx", True)),
            ("pgbouncer.ini.tmpl.erb", "", ("pgbouncer", True)),
            ("nginx.conf.sample", "", ("nginx", True)),
            ("a.ini", "[databases]\n[pgbouncer]\n", ("pgbouncer", False)),
            ("conf.d/site.conf", PROXY, ("nginx", False)),
            ("conf.d/site.conf", VHOST, ("apache", False)),
            ("sites-available/example.com", "server {\n}\n", ("nginx", True)),
            ("sites-available/example.com", VHOST, ("apache", False)),
            ("sites-available/x.conf", VHOST, ("apache", True)),
            ("sites-available/x.conf", PROXY, ("nginx", True)),
            ("sites-available/x.conf", "", None),
            ("sites-available/README.md", "", None),
            ("some.conf", "a = 1\n", None),
            ("some.conf", PROXY + "ProxyPass / x\n", None),
            ("some.conf", PROXY + VHOST, ("apache", False)),
        ],
    )
    def test_by_name_then_by_content(self, path: str, text: str, expected: tuple[str, bool] | None) -> None:
        assert recognise(path, text, SHAPES) == ([] if expected is None else [expected])

    @pytest.mark.parametrize(
        "text",
        [
            "[program:nginx]\ncommand=nginx\n",
            "[Definition]\nfailregex = ^<HOST>\n",
            "[[inputs.nginx]]\n  urls = ['http://localhost']\n",
            "<Plugin nginx>\n URL x\n</Plugin>\n",
            "<source>\n  @type tail\n</source>\n",
            "description 'nginx'\nstart on runlevel [2345]\n",
            "check process nginx with pidfile /run/nginx.pid\n",
            "d /run/nginx 0755 root root -\n",
            "/var/log/nginx/*.log {\n  daily\n}\n",
        ],
    )
    def test_a_file_named_after_a_server_may_be_another_program_s(self, text: str) -> None:
        assert recognise("supervisor/nginx.conf", text, SHAPES) == []
        assert recognise("nginx.conf", text + PROXY, SHAPES) == [("nginx", True)]

    def test_scripts_that_write_configurations(self) -> None:
        assert recognise("a.conf", "#!/bin/sh\ncat <<EOF\n" + PROXY, SHAPES) == []
        assert recognise("pgbouncer-dbs.ini", "[databases]\napp = host=x\n", SHAPES) == [("pgbouncer", True)]

    def test_the_configuration_knows_better(self) -> None:
        files = (("*.conf", "nginx"), ("redis/*", "none"))
        assert recognise("x.conf", VHOST, SHAPES, files) == [("nginx", True)]
        assert recognise("redis/nginx.conf", "", SHAPES, files) == []

    def test_catalogue_tables_serve_as_shapes(self) -> None:
        tables = {"nginx": {"files": ["nginx.conf"], "content": [], "title": "nginx"}}
        assert recognise("nginx.conf", "", tables) == [("nginx", True)]

    def test_globs(self) -> None:
        shapes = [SystemShape("a", ("[ab]x?.c[!d]", "m*.(x)", "conf/*/y*.conf"))]
        by_name = Recogniser(shapes).by_name
        for name in ("axy.cz", "d/bx1.ce", "m1.(x)", "conf/z/y1.conf", "q/conf/z/y.conf"):
            assert by_name(name).systems == ["a"], name
        for name in ("axy.cd", "cxy.ce", "m.x", "conf/z/z/y.conf", "conf/z/z.conf", "xconf/z/y.conf"):
            assert by_name(name).systems == [], name

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("a.conf", True),
            ("proxy_params", True),
            ("a.conf.j2", True),
            ("default.tpl", True),
            ("a.py", False),
            ("a.py.j2", False),
            ("Makefile", False),
            ("README.in", False),
            (".gitignore", False),
            ("LICENSE", False),
        ],
    )
    def test_plausible_names(self, name: str, expected: bool) -> None:
        assert is_plausible(name) is expected

    def test_binary(self) -> None:
        assert binary_kind(b"\x1f\x8b\x08rest") == "gzip"
        assert binary_kind(b"\xff\xfeu\0s\0") == "UTF-16 text"
        assert binary_kind(bytes(range(32)) * 8) == "binary"
        assert binary_kind(b"pool_size = 20\0\nmore = 1\n") == ""
        assert binary_kind(b"") == ""


class TestWalk:
    def test_a_folder_before_those_beneath_it_and_no_leading_dot(self, tree: Path) -> None:
        write(tree, **{"b/nginx.conf": "", "a/pgbouncer.ini": "", "c.conf": PROXY, "a/x.py": "", "d.conf": "x"})
        result = found()
        assert pairs(result) == [("c.conf", "nginx"), ("a/pgbouncer.ini", "pgbouncer"), ("b/nginx.conf", "nginx")]
        assert result.skipped == {"unrecognised": 1, "excluded": 1}
        assert [each.reason for each in result.candidates] == ["content", "name pgbouncer.ini", "name nginx.conf"]
        assert pairs(found(str(tree / "a"))) == [(f"{tree}/a/pgbouncer.ini", "pgbouncer")]
        assert pairs(found("b/", "./a")) == [("b/nginx.conf", "nginx"), ("a/pgbouncer.ini", "pgbouncer")]

    def test_default_excludes(self, tree: Path) -> None:
        for folder in ("node_modules", "vendor", ".venv", "build", "target", ".tox", "dist", "__pycache__", "ok"):
            put(tree, f"{folder}/nginx.conf")
        assert pairs(found()) == [("ok/nginx.conf", "nginx")]
        assert pairs(found("vendor")) == [("vendor/nginx.conf", "nginx")]
        assert pairs(found("vendor/nginx.conf")) == [("vendor/nginx.conf", "nginx")]

    def test_ignore_files_at_every_level(self, tree: Path) -> None:
        put(tree, ".gitignore", "# c\n/a/\n*.ini\n!keep.ini\n")
        put(tree, "b/.gitignore", "nginx.conf\n!pgbouncer.ini\n")
        put(tree, "c/.poollintignore", "*\n")
        put(tree, ".git/info/exclude", "/d\n")
        for name in (
            "a/nginx.conf",
            "pgbouncer.ini",
            "b/nginx.conf",
            "b/pgbouncer.ini",
            "c/nginx.conf",
            "d/nginx.conf",
        ):
            put(tree, name)
        put(tree, "e/keep.ini", "[pgbouncer]\n")
        assert pairs(found()) == [("b/pgbouncer.ini", "pgbouncer"), ("e/keep.ini", "pgbouncer")]
        assert pairs(found("b")) == [("b/pgbouncer.ini", "pgbouncer")]
        assert pairs(found("a")) == [("a/nginx.conf", "nginx")]
        assert pairs(found("pgbouncer.ini")) == [("pgbouncer.ini", "pgbouncer")]

    def test_no_repository_no_rules_from_above(self, tmp_path: Path) -> None:
        put(tmp_path, ".gitignore", "*.conf\n")
        put(tmp_path, "a/nginx.conf")
        put(tmp_path, "a/.gitignore", "b/\n")
        put(tmp_path, "a/b/nginx.conf")
        assert pairs(found(str(tmp_path / "a"))) == [(f"{tmp_path}/a/nginx.conf", "nginx")]

    def test_a_bad_ignore_file_ignores_nothing(self, tree: Path) -> None:
        (tree / ".gitignore").write_bytes(b"!\n\xff\xfe\n")
        put(tree, "nginx.conf")
        assert len(found().candidates) == 1

    def test_excludes_and_includes_of_the_configuration(self, tree: Path) -> None:
        write(tree, **{"gen/nginx.conf": "", "a/b/nginx.conf": "", "a/nginx.conf": "", "vendor/nginx.conf": ""})
        assert pairs(found(config="extend-exclude = ['gen', '/a/b/*']")) == [("a/nginx.conf", "nginx")]
        assert [path for path, _ in pairs(found(config="exclude = ['a/']"))] == ["gen/nginx.conf", "vendor/nginx.conf"]
        assert pairs(found(config="include = ['a/**']")) == [("a/nginx.conf", "nginx"), ("a/b/nginx.conf", "nginx")]
        kept = found(config="extend-exclude = ['a/**', '!a/b/']")
        assert [path for path, _ in pairs(kept)] == ["gen/nginx.conf"]

    @pytest.mark.parametrize("pattern", ["gen", "gen/", "gen/*.conf", "/gen/**"])
    def test_excluded_files_stay_excluded_when_they_are_named(self, tree: Path, pattern: str) -> None:
        put(tree, "gen/nginx.conf")
        result = found("gen/nginx.conf", config=f"extend-exclude = ['{pattern}']")
        assert result.candidates == []
        [problem] = result.problems
        assert problem.severity == "note"
        assert problem.message == f"is excluded by {pattern!r} in poollint.toml"

    def test_files_of_the_configuration(self, tree: Path) -> None:
        write(tree, **{"x/a.txt": "", "x/nginx.conf": "", "nginx.conf": ""})
        result = found(config="[files]\n'x/*.txt' = 'pgbouncer'\n'/nginx.conf' = 'none'\n")
        assert pairs(result) == [("x/a.txt", "pgbouncer"), ("x/nginx.conf", "nginx")]
        assert result.candidates[0].reason == "files 'x/*.txt' in poollint.toml:2"

    def test_each_real_file_once(self, tree: Path) -> None:
        put(tree, "sites-available/a", PROXY)
        (tree / "sites-enabled").mkdir()
        (tree / "sites-enabled" / "a").symlink_to("../sites-available/a")
        result = found(".", "sites-available/a")
        assert pairs(result) == [("sites-available/a", "nginx")]
        assert result.skipped == {"excluded": 1, "repeated": 2}

    def test_links_to_folders_are_not_followed(self, tree: Path) -> None:
        put(tree, "a/nginx.conf")
        (tree / "a" / "loop").symlink_to(tree)
        (tree / "b").symlink_to("a")
        assert pairs(found()) == [("a/nginx.conf", "nginx")]
        assert pairs(found("b")) == [("b/nginx.conf", "nginx")]


class TestSpecialFiles:
    def messages(self, result: Discovered) -> dict[str, tuple[str, str]]:
        return {each.path: (each.message, each.severity) for each in result.problems}

    def test_each_has_its_message_and_the_rest_goes_on(self, tree: Path) -> None:
        os.mkfifo(tree / "nginx.conf")
        (tree / "pgbouncer.ini").symlink_to("nowhere.ini")
        put(tree, "dir/nginx.conf/nginx.conf")
        (tree / "zip").mkdir()
        (tree / "zip" / "nginx.conf").write_bytes(b"\x1f\x8b\x08\0\0")
        with open(tree / "nginx-big.conf", "wb") as handle:
            handle.truncate(70 * 1024 * 1024)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind("httpd.conf")
        listener.close()
        expected = {
            "nginx.conf": "is a FIFO, not a regular file",
            "pgbouncer.ini": "is a dangling link to nowhere.ini",
            "httpd.conf": "is a socket, not a regular file",
            "nginx-big.conf": "is 70 MiB; files over 64 MiB are not read (max-file-size)",
            "zip/nginx.conf": "is gzip, not text",
        }
        walked = found()
        assert pairs(walked) == [("dir/nginx.conf/nginx.conf", "nginx")]
        assert self.messages(walked) == {
            **{path: (message, "warning") for path, message in expected.items()},
            "dir/nginx.conf": ("is a directory, though its name is that of a configuration file", "warning"),
        }
        named = found(*expected, "absent.ini", "dir/nginx.conf")
        assert self.messages(named) == {
            **{path: (message, "error") for path, message in expected.items()},
            "absent.ini": ("No such file or directory", "error"),
            "dir/nginx.conf": ("is a directory, though its name is that of a configuration file", "warning"),
        }
        assert len(named.candidates) == 1

    def test_what_is_not_ours_but_was_named(self, tree: Path) -> None:
        put(tree, "redis.conf", "maxclients 100\n")
        result = found("redis.conf")
        assert result.candidates == []
        assert self.messages(result) == {
            "redis.conf": ("is of no system that poollint knows; --as SYSTEM says what it is", "warning")
        }
        assert pairs(found("redis.conf", as_system="nginx")) == [("redis.conf", "nginx")]

    def test_unreadable(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put(tree, "nginx.conf")
        put(tree, "a/b.conf")

        def refuse(path: str, flags: int) -> int:
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr(os, "open", refuse)
        assert self.messages(found()) == {"nginx.conf": ("Permission denied", "warning")}
        assert self.messages(found("nginx.conf", "a/b.conf")) == {
            "nginx.conf": ("Permission denied", "error"),
            "a/b.conf": ("Permission denied", "error"),
        }

    def test_source_files(self, tree: Path) -> None:
        os.mkfifo(tree / "fifo.py")
        write(
            tree, **{"a.py": "from sqlalchemy import create_engine\n", "b.py": "print()\n", "c.rs": "create_engine\n"}
        )
        triggers = {"python": {"words": ["create_engine"], "modules": []}}
        walked = found(triggers=triggers)
        assert pairs(walked) == [("a.py", "python")]
        assert self.messages(walked) == {}
        assert pairs(found("b.py", triggers=triggers)) == [("b.py", "python")]
        assert self.messages(found("fifo.py", triggers=triggers)) == {
            "fifo.py": ("is a FIFO, not a regular file", "error")
        }

    def test_a_folder_that_cannot_be_listed(self, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put(tree, "a/nginx.conf")
        real = os.scandir

        def refuse(path: str) -> Any:
            if path == "a":
                raise PermissionError(13, "Permission denied", path)
            return real(path)

        monkeypatch.setattr(os, "scandir", refuse)
        assert self.messages(found()) == {"a": ("cannot be listed: Permission denied", "warning")}


def test_real_files_are_told_apart(shared: Path, tmp_path: Path) -> None:
    """Real files under their own names: no decoy is claimed, hardly any of ours missed."""
    systems = catalogue_tables()
    truth: dict[str, str] = {}
    with open(shared / "corpus" / "manifest.tsv", encoding="utf-8") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            source = shared / "corpus" / row["local_file"]
            if source.is_file():
                target = tmp_path / row["kind"] / source.name[:3] / row["path"]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
                truth[str(target)] = row["kind"]
    config = Config(root=str(tmp_path))
    config.exclude = ()
    result = discover([str(tmp_path)], lambda _: config, systems, DiskFiles(), as_system=None)
    claimed = {each.path: each.system for each in result.candidates}
    wrong = {
        path: system for path, system in claimed.items() if truth[path] in (*systems, "decoy") and truth[path] != system
    }
    assert wrong == {}
    ours = [path for path, kind in truth.items() if kind in systems]
    missed = [path for path in ours if path not in claimed]
    assert len(missed) <= 0.08 * len(ours), missed


def catalogue_tables() -> dict[str, dict[str, Any]]:
    """The [system] tables of the catalogues of servers and proxies."""
    from poollint.knowledge.index import knowledge

    known = knowledge().systems
    return {name: known[name] for name in ("pgbouncer", "postgresql", "nginx", "apache") if name in known}
