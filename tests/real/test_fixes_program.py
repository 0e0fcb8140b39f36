"""Files that were fixed, given to the real programs: what was accepted before is accepted after."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from poollint import api
from poollint.engine.examples import CONFIG_FILE, fix_example, folders
from poollint.files import DiskFiles
from poollint.fixes import Changed, Fixer, encoded
from poollint.knowledge.build import pages
from poollint.knowledge.index import knowledge, rules_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from poollint.knowledge.pages import Example, Page

SBIN = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/bin"
NGINX_WRAPS = ("{}", "events {{}}\nhttp {{\n{}\n}}\n", "events {{}}\nhttp {{ server {{\n{}\n}} }}\n")
MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules")


def absent(name: str) -> None:
    reason = f"{name} is not installed"
    if os.environ.get("POOLLINT_REQUIRE_REAL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name, path=SBIN))), "")
    if not found:
        absent(names[0])
    return found


def nobody(folder: Path) -> dict[str, Any]:
    """How to run what refuses to be root; the folder becomes theirs."""
    if os.getuid() != 0:
        return {}
    who = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, who.pw_uid, who.pw_gid)
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def quiet(arguments: list[str], folder: Path, **more: Any) -> int:
    done = subprocess.run(arguments, cwd=folder, capture_output=True, timeout=60, check=False, **more)
    return done.returncode


def nginx(data: bytes, folder: Path) -> bool:
    """Whether nginx takes a file, whole or as a part of the place that it is written for."""
    for number, wrap in enumerate(NGINX_WRAPS):
        before, _, after = wrap.format("\0").encode().partition(b"\0")
        path = folder / f"{number}.conf"
        path.write_bytes(before + data + after)
        if quiet([program("nginx"), "-t", "-c", str(path), "-p", str(folder)], folder) == 0:
            return True
    return False


def apache(data: bytes, folder: Path) -> bool:
    modules = next((each for each in MODULES if os.path.isdir(each)), "")
    names = "mpm_event authz_core unixd proxy proxy_http rewrite reqtimeout ssl socache_shmcb alias dir mime".split()
    lines = [f"ServerRoot {folder}", f"PidFile {folder}/pid", f"DefaultRuntimeDir {folder}", f"ErrorLog {folder}/log"]
    lines += [f"LoadModule {n}_module {modules}/mod_{n}.so" for n in names if os.path.isfile(f"{modules}/mod_{n}.so")]
    path = folder / "httpd.conf"
    path.write_bytes("\n".join([*lines, "ServerName test", ""]).encode() + data)
    return quiet([program("apache2", "httpd"), "-t", "-d", str(folder), "-f", str(path)], folder) == 0


def postgresql(data: bytes, folder: Path) -> bool:
    (folder / "postgresql.conf").write_bytes(data)
    (folder / "PG_VERSION").write_text("0\n")
    folder.chmod(0o700)
    arguments = [program("postgres"), "-C", "max_connections", "-D", str(folder)]
    return quiet(arguments, folder, **nobody(folder)) == 0


def pgbouncer(data: bytes, folder: Path) -> bool:
    """Whether PgBouncer is still up after a moment."""
    path = folder / "pgbouncer.ini"
    path.write_bytes(data)
    (folder / "userlist.txt").write_text("")
    process = subprocess.Popen(
        [program("pgbouncer"), str(path)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **nobody(folder),
    )
    try:
        process.communicate(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


PROGRAMS: dict[str, Callable[[bytes, Path], bool]] = {
    "nginx": nginx,
    "apache": apache,
    "postgresql": postgresql,
    "pgbouncer": pgbouncer,
}


def fixed(folder: Path, system: str) -> list[Changed]:
    session = api.Session(api.Options(isolated=True), DiskFiles())
    found = api.discover_with(session, [str(folder)]).candidates
    candidates = [(each.path, each.system, each.named) for each in found if each.system == system]
    return Fixer(session, candidates, unsafe=True, within=[str(folder)]).run().changed


@pytest.mark.real
@pytest.mark.parametrize("system", PROGRAMS)
def test_what_was_accepted_is_accepted_after(shared: Path, tmp_path: Path, system: str) -> None:
    accepts = PROGRAMS[system]
    tmp_path.chmod(0o755)
    changed = fixed(shared / "corpus" / system, system)
    if (shared / "truth" / system).is_dir():
        changed += fixed(shared / "truth" / system, system)

    def judge(pair: tuple[int, Changed]) -> tuple[bool, bool, str]:
        number, each = pair
        answers = []
        for name, text in (("before", each.before), ("after", each.after)):
            folder = tmp_path / f"{number}-{name}"
            folder.mkdir()
            answers.append(accepts(encoded(text), folder))
        return answers[0], answers[1], each.path

    with ThreadPoolExecutor(1 if system == "pgbouncer" else None) as pool:
        answers = list(pool.map(judge, enumerate(changed)))
    assert [path for before, after, path in answers if before and not after] == []
    if system == "nginx":
        assert sum(before for before, _, _ in answers) > 5, "the programs could judge some files"


# The bad examples of the pages


def examples() -> Iterator[tuple[Page, Example]]:
    for folder in folders(rules_root()):
        name = os.path.basename(folder)
        system = next((s for s, shape in knowledge().systems.items() if shape["folder"] == name), "")
        for page in pages(folder, system):
            yield from ((page, example) for example in page.examples if example.section == "Bad")


def compiles(path: Path) -> bool:
    """Whether Python or Node.js can parse a file."""
    if path.suffix == ".py":
        try:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except SyntaxError:
            return False
        return True
    return quiet([program("node"), "--check", str(path)], path.parent) == 0


@pytest.mark.real
def test_fixed_sources_parse(tmp_path: Path) -> None:
    """Every example in Python and JavaScript whose original parses."""
    count = 0
    for page, example in examples():
        for each in fix_example(page, example).changed:
            name = os.path.basename(each.path)
            if not name.endswith((".py", ".js", ".mjs", ".cjs")):
                continue
            path = tmp_path / (name.replace(".js", ".mjs") if "export " in each.before else name)
            path.write_bytes(encoded(each.before))
            assert compiles(path), f"{page.path}: the example itself"
            path.write_bytes(encoded(each.after))
            assert compiles(path), f"{page.path}: {each.after}"
            count += 1
    assert count > 50


@pytest.mark.real
@pytest.mark.parametrize("system", PROGRAMS)
def test_fixed_examples_are_accepted(tmp_path: Path, system: str) -> None:
    """Every example of a page that its program takes is taken after the fix, too."""
    accepts = PROGRAMS[system]
    tmp_path.chmod(0o755)
    number = 0
    for page, example in examples():
        if page.system != system or len(example.files.keys() - {CONFIG_FILE}) > 1:
            continue
        for each in fix_example(page, example).changed:
            answers = []
            for text in (each.before, each.after):
                number += 1
                folder = tmp_path / str(number)
                folder.mkdir()
                answers.append(accepts(encoded(text), folder))
            assert answers != [True, False], f"{page.path}:{example.line}: {each.after}"
    assert number > 5
