"""Apache itself is asked: what it refuses, what it corrects, and when it keeps connections to backends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from poollint.api import Options, check_paths, check_text
from poollint.discovery.recognition import recognise
from poollint.knowledge.index import knowledge

if TYPE_CHECKING:
    from pathlib import Path

    from poollint.findings import Finding

pytestmark = pytest.mark.real

APACHE = shutil.which("apache2") or shutil.which("httpd") or "/usr/sbin/apache2"
MODULE_FOLDERS = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/local/apache2/modules")
MODULES = (
    "proxy proxy_http proxy_fcgi proxy_balancer slotmem_shm lbmethod_byrequests rewrite env reqtimeout http2 ssl "
    "socache_shmcb authz_core macro"
).split()
MUST_RUN = os.environ.get("POOLLINT_REQUIRE_REAL") == "1"


def absent(reason: str) -> None:
    if MUST_RUN:
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def modules() -> str:
    return next((folder for folder in MODULE_FOLDERS if os.path.isfile(f"{folder}/mod_proxy.so")), "")


def head(folder: Path, mpm: str) -> str:
    lines = [
        f"ServerRoot {folder}",
        "ServerName test",
        f"PidFile {folder}/pid",
        f"DefaultRuntimeDir {folder}",
        f"ErrorLog {folder}/log",
    ]
    lines += [f"LoadModule {name}_module {modules()}/mod_{name}.so" for name in (f"mpm_{mpm}", *MODULES)]
    return "\n".join([*lines, "Listen 127.0.0.1:18999", ""])


def ask(folder: Path, text: str, mpm: str) -> tuple[bool, str]:
    """Whether Apache takes a configuration, and what it says."""
    if not os.path.isfile(APACHE) or not modules():
        absent("apache2 or its modules are not installed")
    path = folder / "httpd.conf"
    path.write_bytes((head(folder, mpm) + text).encode("utf-8", "surrogateescape"))
    done = subprocess.run(
        [APACHE, "-t", "-d", str(folder), "-f", str(path)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    return done.returncode == 0, done.stderr


def findings(text: str, mpm: str = "event") -> list[Finding]:
    before = f"LoadModule mpm_{mpm}_module modules/mod_mpm_{mpm}.so\n"
    return check_text(before + text, "etc/httpd.conf", system="apache")


WORKER = "ProxyPass / http://127.0.0.1:1/ "
VALUES = [
    "KeepAliveTimeout 500ms",
    "KeepAliveTimeout 2min",
    "KeepAliveTimeout 2m",
    "KeepAliveTimeout 1m30s",
    "KeepAliveTimeout 5sec",
    "KeepAliveTimeout 5S",
    "KeepAliveTimeout 1d",
    "KeepAliveTimeout -1",
    "KeepAliveTimeout 0",
    "KeepAliveTimeout ''",
    "KeepAliveTimeout 5 s",
    "KeepAliveTimeout 5 # seconds",
    "KeepAlive On # remark",
    "KeepAlive 15",
    'KEEPALIVE "off"',
    "Timeout 0",
    "Timeout 5m",
    "Timeout abc",
    "ProxyTimeout 0",
    "ProxyTimeout 500ms",
    "H2StreamTimeout 2m",
    "H2MaxSessionStreams 0",
    "ListenBacklog 0",
    "AsyncRequestWorkerFactor 1.5",
    "AsyncRequestWorkerFactor 0",
    "SSLSessionCacheTimeout -1",
    "ProxyIOBufferSize 100",
    "MaxKeepAliveRequests -1",
    "RequestReadTimeout header=20-40,MinRate=500 body=20,MinRate=500",
    "RequestReadTimeout header=20-40",
    "RequestReadTimeout header=20s",
    "RequestReadTimeout head=20",
    "MinSpareServers 5",
    WORKER + "ttl=0",
    WORKER + "ttl=0 ttl=5",
    WORKER + "ttl=2m",
    WORKER + "acquire=0",
    WORKER + "acquire=2m",
    WORKER + "connectiontimeout=500ms",
    WORKER + "retry=0",
    WORKER + "retry=-1",
    WORKER + "max=0",
    WORKER + "max=-1",
    WORKER + "lbset=100",
    WORKER + "keepalive=1",
    WORKER + "flushpackets=auto",
    WORKER + "tll=5",
    WORKER + "ttl = 5",
    WORKER + "TTL=5 nocanon",
    WORKER + "responsefieldsize=-1",
    "ProxyPass / /a",
    "ProxyPass /",
    "ProxyPass / http://h:abc/",
    "ProxyPass / balancer://b/ ttl=5",
    "ProxyPass / balancer://b/ stickysession=x timeout=5",
    "ProxyPass / http://h/ ttl=5\nProxyPass /b http://h/b nonsense=5",
    "<Proxy http://h/>\nProxySet ttl=0\n</Proxy>",
    "<Proxy http://h/ ttl=5>\n</Proxy>",
    "<Proxy *>\nProxySet ttl=5\n</Proxy>",
    "<Proxy balancer://b>\nBalancerMember http://h nonsense=1\n</Proxy>",
    "<Proxy balancer://b>\nBalancerMember http://h ttl=5\nProxySet ttl=5\n</Proxy>",
    "<VirtualHost *:1>\nMaxRequestWorkers 50\n</VirtualHost>",
    "<VirtualHost *:1>\nKeepAliveTimeout 9\n</VirtualHost>",
    "<Location /a>\nKeepAlive On\n</Location>",
    "<Location /a>\nProxyPass http://h/ ttl=5\n</Location>",
    "<Directory /tmp>\nProxyPass /a http://h/\n</Directory>",
    "<VirtualHost *:1>\n<VirtualHost *:2>\n</VirtualHost>\n</VirtualHost>",
    "<Location /a>\n<Location /b>\n</Location>\n</Location>",
    "<VirtualHost *:1>",
    "</VirtualHost>",
    "<VirtualHost *:1>\n</virtualhost> words",
    "<VirtualHost *:1>\n</VirtualHost >",
    "<VirtualHost *:1\n</VirtualHost>",
    "<VirtualHost *:1>\n<Location /a>\n</VirtualHost>\n</Location>",
    "# a remark \\\nKeepAlive 7",
    "Keep\\\nAlive On",
    "Timeout \\\r\n5\r\n",
    "Define T 7x\nKeepAliveTimeout ${T}",
    "Define T 7\nKeepAliveTimeout ${t}",
    "Define A\n<IfDefine A>\nKeepAlive 7\n</IfDefine>",
    "<IfVersion < 2.4>\nKeepAlive 7\n</IfVersion>",
    "<IfVersion >= 2.4>\nKeepAlive 7\n</IfVersion>",
    "<Macro M>\n</Location>\n</Macro>",
    "<IfModule mpm_event_module>\nKeepAlive 7\n</IfModule>",
    "MaxKeepAliveRequest 5",
]


@pytest.mark.parametrize("text", VALUES)
def test_refused_exactly_when_apache_refuses(text: str, tmp_path: Path) -> None:
    taken, said = ask(tmp_path, text, "event")
    refused = [finding.message for finding in findings(text) if finding.effect == "refused"]
    assert bool(refused) is not taken, (said, refused)


def test_a_byte_order_mark(tmp_path: Path) -> None:
    """The marked file is included: at the very beginning of the main file stands this test's own head."""
    (tmp_path / "marked.conf").write_text("\ufeffTimeout 5\n", encoding="utf-8")
    taken, _ = ask(tmp_path, "Include marked.conf\n", "event")
    assert not taken
    assert [finding.effect for finding in check_text("\ufeffTimeout 5\n", "httpd.conf", system="apache")] == ["refused"]


LIMITS = [
    ("event", "MaxRequestWorkers 400"),
    ("event", "MaxRequestWorkers 1000"),
    ("event", "MaxRequestWorkers 1000\nServerLimit 40"),
    ("event", "MaxRequestWorkers 410\nServerLimit 40"),
    ("event", "MaxRequestWorkers 10"),
    ("event", "ThreadsPerChild 100\nMaxRequestWorkers 400"),
    ("event", "ThreadsPerChild 100\nThreadLimit 100\nMaxRequestWorkers 400"),
    ("worker", "ThreadsPerChild 4\nMaxRequestWorkers 10\nServerLimit 1"),
    ("worker", "ThreadsPerChild 4\nMaxRequestWorkers 12\nServerLimit 3"),
    ("prefork", "MaxRequestWorkers 256"),
    ("prefork", "MaxRequestWorkers 300"),
    ("prefork", "MaxClients 300\nServerLimit 300"),
]


@pytest.mark.parametrize(("mpm", "text"), LIMITS)
def test_limits_that_apache_corrects(mpm: str, text: str, tmp_path: Path) -> None:
    taken, said = ask(tmp_path, text, mpm)
    assert taken, said
    found = [finding.message for finding in findings(text, mpm) if finding.name == "process-limits-disagree"]
    assert bool(found) is ("WARNING" in said), (said, found)


SHARED = [
    "ProxyPass /a http://h/ ttl=5\nProxyPass /b http://h/ ttl=6",
    "ProxyPass /a http://h/ ttl=5\nProxyPass /b http://H:80/b ttl=6",
    "ProxyPass /a http://h:80/ ttl=5\nProxyPass /b http://h/b ttl=6",
    "ProxyPass /a http://h:80/ ttl=5\nProxyPass /b http://h:80/b ttl=6",
    "ProxyPass /a unix:/s|http://h/ ttl=5\nProxyPass /b unix:/t|http://h/ ttl=6",
    "ProxyPass /a http://h/b ttl=5\nProxyPass /b http://h/ ttl=6",
    "ProxyPass /a http://h ttl=5\nProxyPass /b http://h:8080/ ttl=6",
    "ProxyPass /a http://h/app ttl=5\nProxyPass /b http://h/application ttl=6",
    "<Proxy http://h/>\nProxySet ttl=5\n</Proxy>\nProxyPass /a http://h/ ttl=6",
    "<Proxy http://h/>\n</Proxy>\nProxyPass /a http://h/ ttl=6",
    "ProxyPass /a http://h/ ttl=5\n<Proxy http://h/>\nProxySet ttl=6\n</Proxy>",
    "<Proxy balancer://b>\nBalancerMember http://h ttl=5\nBalancerMember http://h ttl=6\n</Proxy>",
    "ProxyPass /a http://h/ ttl=5\n<VirtualHost *:1>\nProxyPass /b http://h/ ttl=6\n</VirtualHost>",
]


@pytest.mark.parametrize("text", SHARED)
def test_parameters_that_apache_ignores(text: str, tmp_path: Path) -> None:
    taken, said = ask(tmp_path, text, "event")
    assert taken, said
    found = [finding.message for finding in findings(text) if finding.name == "worker-parameters-ignored"]
    assert bool(found) is ("because of worker sharing" in said), (said, found)


def recorded(shared: Path, kind: str) -> list[tuple[str, str, dict[str, Any]]]:
    folder = shared / "truth" / "nginx"
    data = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    return [
        (case["name"], (folder / case["file"]).read_text(encoding="utf-8"), result)
        for case in data["cases"]
        if case["kind"] == kind
        for result in case["results"].values()
    ]


def test_recorded_refusals(shared: Path) -> None:
    cases = recorded(shared, "apache -t")
    assert cases
    for name, text, result in cases:
        refused = [
            finding for finding in check_text(text, f"{name}.conf", system="apache") if finding.effect == "refused"
        ]
        assert bool(refused) == (result["outcome"] == "error"), name


def test_recorded_reuse(shared: Path) -> None:
    """A finding about reuse exactly where the backend counted a connection for each request."""
    cases = recorded(shared, "apache run")
    assert cases
    for name, text, result in cases:
        found = check_text(text, f"{name}.conf", system="apache")
        reuse = [finding for finding in found if finding.topic == "reuse" and finding.severity != "info"]
        lost = bool(result["requests"]) and result["tcp_connections"] >= result["requests"]
        assert bool(reuse) is lost, (name, reuse)
        clients = result.get("observed", {}).get("client_connections")
        if clients is not None:
            assert any(finding.name == "client-keepalive-off" for finding in found) is (clients > 1), name
        if "502" in result.get("client_status", {}):
            assert any(finding.topic == "order" for finding in found), name


TRUE_FINDINGS = {
    ("013__apache__httpd__test08.conf", "apache-syntax", 3),
    ("034__fedora-infra__bodhi__httpd.conf", "old-directive-name", 28),
    ("048__hestiacp__hestiacp__apache2.conf", "client-keepalive-off", 16),
    *(("048__hestiacp__hestiacp__apache2.conf", "old-directive-name", line) for line in (25, 26, 35, 36, 45, 46)),
    ("064__netbox-community__netbox__apache.conf", "backend-connections-never-expire", 33),
}


def test_files_in_use_have_no_findings_but_the_true_ones(shared: Path) -> None:
    found = set()
    files = sorted((shared / "corpus" / "apache").iterdir())
    assert files
    for path in files:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        found |= {(path.name, finding.name, finding.line) for finding in check_text(text, path.name, system="apache")}
    assert found == TRUE_FINDINGS


@pytest.mark.parametrize("folder", ["nginx", "decoy", "pgbouncer", "postgresql", "compose-k8s", "spring", "gunicorn"])
def test_other_files_are_not_taken_for_apache(shared: Path, folder: str) -> None:
    systems = knowledge().systems
    for path in sorted((shared / "corpus" / folder).iterdir()):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        found = recognise(path.name.rpartition("__")[2], text, systems)
        assert all(system != "apache" for system, _ in found), path.name


DEBIAN = "/etc/apache2/apache2.conf"


def test_the_configuration_that_debian_installs() -> None:
    """No finding in a whole tree of includes that nobody has touched."""
    if not os.path.isfile(DEBIAN):
        absent("no configuration of the distribution's apache2")
    done = subprocess.run(["dpkg", "--verify", "apache2", "apache2-bin"], capture_output=True, text=True, check=False)
    if done.returncode != 0 or "/etc/apache2" in done.stdout:
        pytest.skip("the configuration has been changed since it was installed")
    result = check_paths([DEBIAN], options=Options(isolated=True))
    assert [finding.message for finding in result.findings] == []
    assert result.files[0].reading.blocks[0].facts["complete"]
