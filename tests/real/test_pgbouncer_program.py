"""What poollint says of a configuration and what PgBouncer did with it: recorded runs, and the installed program."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from poollint import api
from poollint.blocks import UNLIMITED, Block
from poollint.config import default_config
from poollint.versions import parse_version

if TYPE_CHECKING:
    from pathlib import Path

# Features that the recorded builds lack; poollint must be told, since packages differ.
WITHOUT = {"1.18.0": ["ldap"], "1.25.2": ["pam", "ldap"]}
CONSOLE_NAMES = {
    "database": "dbname",
    "force_user": "user",
    "reserve_pool": "reserve_pool_size",
    "max_connections": "max_db_connections",
}


def recorded(shared: Path) -> list[tuple[str, Path, str, str, dict[str, str | None]]]:
    """(name, file, version, outcome, effective settings) of every recorded start."""
    folder = shared / "truth" / "pgbouncer"
    found = []
    for case in json.loads((folder / "cases.json").read_text()):
        shown = {case["version"]: case["effective"], case["newest"]["version"]: case["newest"]["effective"]}
        for version, outcome in case["outcome_by_version"].items():
            found.append((case["name"], folder / case["file"], version, outcome, shown.get(version, {})))
    return found


def check(file: Path, version: str, *, lacks: list[str] | None = None) -> api.Result:
    """The whole pipeline on one file. A build from later sources knows what no release has yet."""
    config = default_config()
    config.system_options["pgbouncer"] = {"lacks": lacks or []}
    target = parse_version("unreleased" if "+" in version else version)
    options = api.Options(config=config, as_system="pgbouncer", targets={"pgbouncer": target}, suppressions=False)
    return api.check_paths([str(file)], options=options)


def refusals(result: api.Result) -> list[str]:
    return [f"{each.name}: {each.message}" for each in result.findings if each.effect == "refused"]


def as_console(value: Any) -> str:
    """A value as SHOW CONFIG and SHOW DATABASES print it: no limit is 0, nothing is empty."""
    if value is None or value == UNLIMITED:
        return "0" if value == UNLIMITED else ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_refused_exactly_where_it_did_not_start(shared: Path) -> None:
    wrong = []
    count = 0
    for name, file, version, outcome, _ in recorded(shared):
        count += 1
        found = refusals(check(file, version, lacks=WITHOUT.get(version.partition("+")[0])))
        if bool(found) != (outcome == "error"):
            wrong.append((name, version, outcome, found))
    assert not wrong
    assert count > 600


def test_values_are_those_of_the_console(shared: Path) -> None:
    wrong = []
    for name, file, version, _, shown in recorded(shared):
        if not shown:
            continue
        blocks = {block.path: block for block in check(file, version).files[0].reading.blocks}
        wrong += [(name, version, *each) for each in _differences(blocks, shown)]
    assert not wrong


def _differences(blocks: dict[str, Block], shown: dict[str, str | None]) -> list[tuple[str, str | None, str]]:
    found = []
    for key, wanted in shown.items():
        if key.startswith("databases."):
            database, _, column = key.removeprefix("databases.").rpartition(".")
            if wanted is None:
                assert key not in blocks
                continue
            value = as_console(blocks[f"databases.{database}"].value(CONSOLE_NAMES.get(column, column)))
        else:
            value = as_console(blocks["pgbouncer"].value(key))
        if value != wanted:
            found.append((key, wanted, value))
    return found


def test_findings_of_recorded_runs_are_worded(shared: Path) -> None:
    for name, file, version, _, _ in recorded(shared):
        for finding in check(file, version).findings:
            assert "unknown value" not in finding.message, (name, finding.message)


# The installed program


class Program(NamedTuple):
    path: str
    version: str


@pytest.fixture(scope="module")
def program() -> Program:
    path = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        if os.environ.get("POOLLINT_REQUIRE_REAL") == "1":
            pytest.fail("pgbouncer is not installed (POOLLINT_REQUIRE_REAL=1)")
        pytest.skip("pgbouncer is not installed")
    shown = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"PgBouncer (\d+(?:\.\d+)+)", shown)
    assert match is not None
    return Program(path, match[1])


def starts(program: Program, folder: Path) -> bool:
    """Whether PgBouncer is still up after a moment; it refuses to run as root, so root lends it to nobody."""
    more: dict[str, Any] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, *folder.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        more = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    process = subprocess.Popen(
        [program.path, "pgbouncer.ini"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more
    )
    try:
        process.communicate(timeout=1.2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


DATABASE = "[databases]\napp = host=127.0.0.1 port=15499\n"
MAIN = "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
FIXTURES: dict[str, str | dict[str, str]] = {
    "plain": "max_client_conn = 5\n",
    "listen-second-bad": "listen_addr = 127.0.0.1,no-such.invalid\n",
    "listen-port": "listen_addr = 127.0.0.1:6432\n",
    "listen-brackets": "listen_addr = [::1]\n",
    "listen-not-ipv4": "listen_addr = 256.1.1.1\n",
    "listen-short-ipv4": "listen_addr = 127.1\n",
    "listen-semicolon": "listen_addr = 127.0.0.1;127.0.0.2\n",
    "listen-trailing-comma": "listen_addr = 127.0.0.1,\n",
    "listen-nowhere": "listen_addr =\n",
    "port-negative": "listen_port = -1\n",
    "user-quoted": 'user = "nobody"\n',
    "user-comment": "user = nobody ; unprivileged\n",
    "logfile-quoted": 'logfile = "/tmp/x.log"\n',
    "logfile-quoted-bare": 'logfile = "x.log"\n',
    "logfile-nowhere": "logfile = /nonexistent/x.log\n",
    "pidfile-quoted": 'pidfile = "/tmp/x.pid"\n',
    "socket-dir-quoted": 'unix_socket_dir = "/tmp"\n',
    "socket-group-quoted": 'unix_socket_dir = .\nunix_socket_group = "nogroup"\n',
    "hba-missing": "auth_type = hba\nauth_hba_file = /nonexistent/hba\n",
    "cert": "auth_type = cert\n",
    "verify-full-no-ca": "client_tls_sslmode = verify-full\nclient_tls_key_file = k\nclient_tls_cert_file = c\n",
    "protocol-off": "client_tls_protocols = foo\n",
    "protocol-blank-before-comma": "server_tls_sslmode = require\nserver_tls_protocols = tlsv1.2 ,tlsv1.3\n",
    "protocol-blank-after-comma": "server_tls_sslmode = require\nserver_tls_protocols = tlsv1.2, tlsv1.3\n",
    "protocol-empty-item": "server_tls_sslmode = require\nserver_tls_protocols = tlsv1.2,\n",
    "protocol-capitals": "server_tls_sslmode = REQUIRE\nserver_tls_protocols = TLSv1.2:!tlsv1.1\n",
    "protocol-quoted": 'server_tls_sslmode = require\nserver_tls_protocols = "secure"\n',
    "ciphers-quoted": 'server_tls_sslmode = require\nserver_tls_ciphers = "HIGH"\n',
    "server-ca-missing": "server_tls_sslmode = verify-full\nserver_tls_ca_file = /nonexistent/ca\n",
    "int-plus": "max_client_conn = +5\n",
    "int-nine-octal": "max_client_conn = 09\n",
    "int-hex-capitals": "max_client_conn = 0XfF\n",
    "int-minus-hex": "max_client_conn = -0x1\n",
    "int-empty-hex": "max_client_conn = 0x\n",
    "time-dot": "query_timeout = .5\n",
    "time-exponent": "query_timeout = 1e2\n",
    "time-hex-float": "query_timeout = 0x1p4\n",
    "time-infinity": "query_timeout = Infinity\n",
    "time-erange": "query_timeout = 1e400\n",
    "time-minus-zero": "query_timeout = -0\n",
    "time-blank-unit": "query_timeout = 5 s\n",
    "uint-negative": "max_packet_size = -1\n",
    "keepcnt": "tcp_keepcnt = 128\n",
    "keepcnt-negative": "tcp_keepcnt = -1\n",
    "keepidle-negative": "tcp_keepidle = -4\n",
    "keepintvl-negative": "tcp_keepintvl = -1\n",
    "keepidle": "tcp_keepidle = 32767\n",
    "keepintvl": "tcp_keepintvl = 40000\n",
    "keepalive-off": "tcp_keepalive = 0\ntcp_keepintvl = 40000\n",
    "user-timeout": "tcp_user_timeout = -1\n",
    "word-blank": "pool_mode = session transaction\n",
    "section-closed-late": "[pgbouncer\n]\n",
    "section-twice-on-a-line": "[users][databases]web = host=127.0.0.1\n",
    "percent": "%\n",
    "include-without-path": "%include \n",
    "include-deep-directory": "%include .\n",
    "key-with-dollar": "a$b = 1\n",
    "vertical-tab-before-key": "\v\fmax_client_conn = 5\n",
    "form-feed-around-equals": "max_client_conn \f= 5\n",
    "comment-indented": "   \t# max_client_conn\n",
    "nul": "max_client_conn = 5\n\0garbage",
    "connstr-trailing-equals": "[databases]\nweb = host=127.0.0.1 =\n",
    "connstr-empty-key": "[databases]\nweb = =127.0.0.1\n",
    "connstr-blank-value": "[databases]\nweb = host=127.0.0.1 password= user=x\n",
    "connstr-doubled-quotes": "[databases]\nweb = password=''''\n",
    "connstr-quote-swallow": "[databases]\nweb = host='a'=b\n",
    "connstr-port-words": "[databases]\nweb = port=abc\n",
    "connstr-port-space": "[databases]\nweb = port=' 5432'\n",
    "connstr-port-huge": "[databases]\nweb = port=4294967296\n",
    "connstr-mode": "[databases]\nweb = pool_mode=SESSION\n",
    "connstr-mode-bad": "[databases]\nweb = pool_mode=sess\n",
    "user-mode-bad": "[users]\nbob = pool_mode=x\n",
    "user-empty-value": "[users]\nbob = max_user_connections=\n",
    "star-bad": "[databases]\n* = nonsense\n",
    "database-63": "[databases]\n" + "d" * 63 + " = host=127.0.0.1\n",
    "database-64": "[databases]\n" + "d" * 64 + " = host=127.0.0.1\n",
    "database-in-any-case": "[databases]\nPgBouncer = host=127.0.0.1\n",
    "includes": {"pgbouncer.ini": "%include a.ini\nmax_client_conn = 7\n", "a.ini": "pool_mode = session\n"},
    "include-leak": {"pgbouncer.ini": "%include a.ini\nmax_client_conn = 7\n", "a.ini": "[users]\nbob =\n"},
    "include-nested-base": {"pgbouncer.ini": "%include sub/a.ini\n", "sub/a.ini": "%include b.ini\n", "b.ini": ""},
    "include-nested-missing": {
        "pgbouncer.ini": "%include sub/a.ini\n",
        "sub/a.ini": "%include b.ini\n",
        "sub/b.ini": "",
    },
    "include-bom": {"pgbouncer.ini": "%include a.ini\n", "a.ini": "\ufeff[users]\n"},
    "auth-file-missing": "auth_file = nowhere.txt\n",
}


@pytest.fixture(scope="module")
def outcomes(program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bool, list[str]]]:
    """For each of our files: whether the program started, and what poollint says would stop it."""
    base = tmp_path_factory.mktemp("pgbouncer")
    for parent in (base, *base.parents):
        if parent.stat().st_uid == os.getuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)

    def run(name: str) -> tuple[bool, list[str]]:
        folder = base / name
        write(folder, FIXTURES[name], port=20000 + os.getpid() % 9000 + list(FIXTURES).index(name))
        found = refusals(check(folder / "pgbouncer.ini", program.version))
        return starts(program, folder), found

    with ThreadPoolExecutor(8) as pool:
        return dict(zip(FIXTURES, pool.map(run, FIXTURES), strict=True))


def write(folder: Path, given: str | dict[str, str], port: int) -> None:
    files = {"pgbouncer.ini": given} if isinstance(given, str) else dict(given)
    files["pgbouncer.ini"] = DATABASE + MAIN.format(port=port) + files["pgbouncer.ini"]
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")


@pytest.mark.real
@pytest.mark.parametrize("name", FIXTURES)
def test_agrees_with_the_installed_program(outcomes: dict[str, tuple[bool, list[str]]], name: str) -> None:
    started, found = outcomes[name]
    assert bool(found) != started, found
