"""The same small files before poollint and before an installed PostgreSQL: refused or not, and the values that result.

``postgres -C`` reads a configuration without a cluster; what only a start refuses is started on a cluster that initdb
makes once. PostgreSQL will not run as root, so root hands it to another user.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from poollint import api
from poollint.blocks import UNLIMITED, Setting
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.findings import Finding

pytestmark = pytest.mark.real


class Server(NamedTuple):
    """The programs of one installed release, and a folder that its user may write."""

    bin: Path
    version: str
    folder: Path
    user: str

    def run(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        more: dict[str, Any] = {}
        if self.user:
            more = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(self.bin / arguments[0]), *arguments[1:]],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=self.folder,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
            **more,
        )
        return done

    def give(self, path: Path) -> None:
        if self.user:
            shutil.chown(path, self.user)


def absent(reason: str) -> None:
    if os.environ.get("POOLLINT_REQUIRE_REAL") == "1":
        pytest.fail(f"{reason} (POOLLINT_REQUIRE_REAL=1)")
    pytest.skip(reason)


def programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: path.parts[-3])
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path))
    return found[0].parent if found else None


def unprivileged() -> str:
    """Empty when this process may run PostgreSQL itself; else the user to hand it to."""
    if os.geteuid() != 0:
        return ""
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    absent("running as root, and there is no user to run PostgreSQL as")
    raise AssertionError


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    bin_folder = programs()
    if bin_folder is None:
        absent("PostgreSQL is not installed")
    assert bin_folder is not None
    user = unprivileged()
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory(prefix="poollint-pg-") as name:
        folder = Path(name)
        made = Server(bin_folder, "", folder, user)
        folder.chmod(0o755)
        made.give(folder)
        said = made.run("postgres", "--version").stdout
        version = re.search(r"\d+(?:\.\d+)?", said)
        assert version is not None, said
        yield made._replace(version=version[0])


@pytest.fixture(scope="session")
def cluster(server: Server) -> Path:
    folder = server.folder / "cluster"
    made = server.run("initdb", "-D", str(folder), "-N", "-A", "trust", "-E", "UTF8", "--locale=C")
    if made.returncode != 0:
        absent(f"initdb fails: {made.stderr.strip()[:200]}")
    return folder


CASES: dict[str, str | dict[str, str]] = {
    "plain": "max_connections = 70",
    "no-equals": "max_connections 70",
    "no-blanks": "max_connections=70#note",
    "glued-quote": "max_connections'70'",
    "crlf": "max_connections = 70\r\nport = 5433\r\n",
    "upper-case-name": "MAX_CONNECTIONS = 70",
    "no-newline-at-end": "# x\nmax_connections = 70",
    "bom": "\ufeffmax_connections = 70",
    "no-break-space": "max_connections\u00a0= 70",
    "form-feed": "max_connections = 70\f",
    "colon": "max_connections: 70",
    "section": "[server]\nmax_connections = 70",
    "semicolon-comment": "; note\nmax_connections = 70",
    "semicolon-behind": "max_connections = 70;",
    "two-equals": "max_connections == 70",
    "two-words": "max_connections = 70 80",
    "two-lines-one-quote": "cluster_name = 'a\nb'",
    "dot-word": "cluster_name = a.b",
    "two-dots-word": "cluster_name = a.b.c",
    "address": "listen_addresses = 127.0.0.1",
    "path": "unix_socket_directories = /tmp",
    "word-with-path": "unix_socket_directories = tmp/x",
    "escapes": r"max_connections = '\067\060'",
    "doubled-quote": "cluster_name = 'it''s'",
    "last-wins": "max_connections = 70\nmax_connections = 80",
    "bad-value-overruled": "max_connections = x\nmax_connections = 80",
    "octal": "max_connections = 070",
    "bad-octal": "max_connections = 08",
    "hex": "max_connections = 0x46",
    "hex-with-unit": "work_mem = 0x400kB",
    "exponent": "max_connections = '7e1'",
    "fraction-down": "max_connections = 70.4",
    "half-to-even": "max_connections = '70.5'",
    "leading-point": "max_connections = '.7e2'",
    "leading-blank": "max_connections = ' 70'",
    "blank-and-point": "max_connections = ' .7e2'",
    "sign": "max_connections = +70",
    "thousands": "max_connections = 1_000",
    "too-large": "max_connections = 262144",
    "overflow": "max_connections = 99999999999999999999",
    "zero": "max_connections = 0",
    "backends": "max_connections = 262143",
    "backends-fit": "max_connections = 262100",
    "unit-on-plain": "max_connections = 70s",
    "ms": "statement_timeout = 250ms",
    "us-rounds": "statement_timeout = 2500us",
    "us-to-nothing": "statement_timeout = 400us",
    "day": "statement_timeout = 1d",
    "days-overflow": "statement_timeout = 25d",
    "minute-m": "statement_timeout = 5m",
    "unit-case": "statement_timeout = 5MIN",
    "fraction-unit": "idle_in_transaction_session_timeout = '1.5min'",
    "seconds-base": "tcp_keepalives_idle = 1500ms",
    "unit-twice": "statement_timeout = '5 s s'",
    "memory-blanks": "work_mem = '  4  MB  '",
    "memory-fraction": "work_mem = '30.1GB'",
    "memory-bytes": "work_mem = 1000000B",
    "blocks": "temp_buffers = 1000",
    "blocks-kB": "temp_buffers = 1001kB",
    "memory-small-m": "work_mem = 4mb",
    "memory-of-time": "work_mem = 4s",
    "real": "hash_mem_multiplier = 1.5",
    "real-hex": "hash_mem_multiplier = '0x1.8p1'",
    "real-nan": "hash_mem_multiplier = nan",
    "real-range": "hash_mem_multiplier = 0.5",
    "bool-prefix": "ssl = fal",
    "bool-of": "log_connections = of",
    "bool-o": "log_connections = o",
    "bool-2": "log_connections = 2",
    "bool-empty": "log_connections = ''",
    "enum-case": "password_encryption = MD5",
    "enum-old-words": "wal_level = hot_standby",
    "enum-bool": "archive_mode = yes",
    "enum-bad": "password_encryption = scram",
    "enum-with-blank": "default_transaction_isolation = 'repeatable read'",
    "enum-with-capitals": "ssl_min_protocol_version = tlsv1.2",
    "mode": "unix_socket_permissions = 0700",
    "mode-decimal": "unix_socket_permissions = 700",
    "custom": "my.setting = 'x'",
    "unknown": "pool_size = 5",
    "misspelt": "statment_timeout = 5s",
    "old-name": "sort_mem = 8MB",
    "read-only": "server_version = '15'",
    "hidden-name": "ssl_renegotiation_limit = 0",
    "other-parameter": "autovacuum_naptime = 0",
    "other-unit": "checkpoint_timeout = 5m",
    "other-enum": "synchronous_commit = local",
    "unset-number": "port = ''",
    "include": {"postgresql.conf": "include 'a.conf'\n", "a.conf": "max_connections = 71"},
    "include-before": {"postgresql.conf": "max_connections = 70\ninclude = 'a.conf'", "a.conf": "max_connections = 71"},
    "include-after": {"postgresql.conf": "include 'a.conf'\nmax_connections = 70", "a.conf": "max_connections = 71"},
    "include-unquoted": {"postgresql.conf": "include a.conf", "a.conf": ""},
    "include-upper": {"postgresql.conf": "INCLUDE 'a.conf'", "a.conf": "max_connections = 71"},
    "include-missing": "include 'a.conf'",
    "include-optional": "include_if_exists 'a.conf'\nmax_connections = 70",
    "include-folder": {"postgresql.conf": "include 'd'", "d/a.conf": ""},
    "include-itself": "include 'postgresql.conf'",
    "include-circle": {"postgresql.conf": "include 'a.conf'", "a.conf": "include 'postgresql.conf'"},
    "include-bad-file": {"postgresql.conf": "include 'a.conf'", "a.conf": "port: 5"},
    "include-dir": {
        "postgresql.conf": "include_dir 'd'",
        "d/b.conf": "max_connections = 72",
        "d/B.conf": "max_connections = 71",
        "d/.c.conf": "max_connections = 73",
        "d/d.txt": "max_connections = 74",
    },
    "include-dir-missing": "include_dir 'd'",
    "include-dir-nested": {
        "postgresql.conf": "include_dir 'd'",
        "d/a.conf": "include 'b.txt'",
        "d/b.txt": "port = 5433",
    },
    "include-ten": {
        "postgresql.conf": "include 'n1.cnf'",
        **{f"n{number}.cnf": f"include 'n{number + 1}.cnf'" for number in range(1, 10)},
        "n10.cnf": "max_connections = 75",
    },
    "include-eleven": {
        "postgresql.conf": "include 'n1.cnf'",
        **{f"n{number}.cnf": f"include 'n{number + 1}.cnf'" for number in range(1, 11)},
        "n11.cnf": "max_connections = 75",
    },
    "auto-conf": {"postgresql.conf": "max_connections = 70", "postgresql.auto.conf": "max_connections = '76'"},
    "auto-conf-repairs": {"postgresql.conf": "max_connections = x", "postgresql.auto.conf": "max_connections = '76'"},
    "auto-conf-bad": {"postgresql.conf": "max_connections = 70", "postgresql.auto.conf": "max_connections = 'x'"},
}
WATCHED = (
    "max_connections port work_mem temp_buffers statement_timeout idle_in_transaction_session_timeout "
    "tcp_keepalives_idle hash_mem_multiplier log_connections ssl password_encryption unix_socket_permissions"
).split()

STARTS = {
    "good": "max_connections = 20",
    "reserved-equals": "max_connections = 3",
    "reserved-above": "max_connections = 10\nsuperuser_reserved_connections = 10",
    "reserved-fits": "max_connections = 4",
    "senders-above": "max_connections = 5\nmax_wal_senders = 20",
    "minimal": "wal_level = minimal",
    "minimal-without-senders": "wal_level = minimal\nmax_wal_senders = 0",
    "minimal-archive": "wal_level = minimal\nmax_wal_senders = 0\narchive_mode = on",
    "addresses-comma": "listen_addresses = 'localhost,'",
    "addresses-blank": "listen_addresses = 'localhost ::1'",
    "directories-comma": "unix_socket_directories = ',/tmp'",
}


def files_of(case: str | dict[str, str]) -> dict[str, str]:
    return {"postgresql.conf": case} if isinstance(case, str) else case


def findings(files: dict[str, str], version: str) -> list[Finding]:
    result = api.check_texts(
        files, system="postgresql", targets={"postgresql": version}, only="postgresql.conf", complete=True
    )
    return result.findings


def shown(setting: Setting) -> str:
    """The value as the server prints it: a number of base units."""
    spec, value = setting.spec, setting.value
    assert spec is not None
    if value == UNLIMITED:
        value = 0
    if isinstance(value, bool):
        return "on" if value else "off"
    if spec.type == "duration":
        value = round(value * 1000) if spec.unit == "ms" else value
    if spec.type == "size":
        value //= {"kB": 1024, "8kB": 8192}[spec.unit]
    return f"{value:g}" if isinstance(value, float) else str(value)


def values(files: dict[str, str], version: str) -> dict[str, str]:
    from poollint.files import MemoryFiles
    from poollint.knowledge.index import knowledge
    from poollint.readers.base import ReadContext
    from poollint.readers.postgresql import read

    held = MemoryFiles(files)
    context = ReadContext(knowledge().catalogue("postgresql"), held, target=parse_version(version))
    (block,) = read(held.load("postgresql.conf"), context).blocks
    return {name: shown(setting) for name in WATCHED if (setting := block.get(name)) is not None}


def write(server: Server, name: str, files: dict[str, str]) -> Path:
    folder = server.folder / name
    for path in (folder, *(folder / file for file in files)):
        target = path if path == folder else path.parent
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(0o700)
        server.give(target)
    for file, text in {**files, "PG_VERSION": server.version.partition(".")[0] + "\n"}.items():
        (folder / file).write_bytes(text.encode())
        server.give(folder / file)
    return folder


def test_values_and_refusals_are_the_servers(server: Server) -> None:
    """Each file through `postgres -C`: refused exactly when a finding says so, and the same effective values."""

    def judge(item: tuple[str, str | dict[str, str]]) -> str:
        name, case = item
        files = files_of(case)
        folder = write(server, name, files)
        refused = [found.message for found in findings(files, server.version) if found.effect == "refused"]
        real = server.run("postgres", "-C", "max_connections", "-D", str(folder))
        if (real.returncode != 0) != bool(refused):
            return f"{name}: server {real.returncode} {real.stderr[-300:]!r}, poollint {refused}"
        if refused:
            return ""
        ours = values(files, server.version)
        theirs = {key: server.run("postgres", "-C", key, "-D", str(folder)).stdout.rstrip("\n") for key in WATCHED}
        return "" if ours == theirs else f"{name}: {sorted(set(ours.items()) ^ set(theirs.items()))}"

    with ThreadPoolExecutor(8) as pool:
        wrong = [line for line in pool.map(judge, CASES.items()) if line]
    assert wrong == []
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", STARTS)
def test_what_only_a_start_refuses(server: Server, cluster: Path, name: str) -> None:
    """A started server either creates its socket and waits, or ends at once."""
    text = STARTS[name]
    config = server.folder / f"{name}.conf"
    config.write_text(text)
    server.give(config)
    options = {
        "config_file": config,
        "data_directory": cluster,
        "hba_file": cluster / "pg_hba.conf",
        "ident_file": cluster / "pg_ident.conf",
        "port": "54329",
        **({} if "listen_addresses" in text else {"listen_addresses": ""}),
        **({} if "unix_socket_directories" in text else {"unix_socket_directories": server.folder}),
        "shared_buffers": "16MB",
    }
    arguments = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
    refused = [found for found in findings({"postgresql.conf": text}, server.version) if found.effect == "refused"]
    # pg_ctl waits until the server accepts connections or has ended.
    log = server.folder / f"{name}.log"
    start = server.run(
        "pg_ctl",
        "start",
        "-w",
        "-t",
        "50",
        "-D",
        str(cluster),
        "-l",
        str(log),
        "-o",
        " ".join(f"'{a}'" for a in arguments),
    )
    server.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(cluster))
    assert (start.returncode != 0) == bool(refused), (log.read_text(errors="replace")[-500:], refused)
