"""What is understood of Apache's configuration."""

from __future__ import annotations

from typing import Any

import pytest

from poollint.blocks import UNKNOWN, UNLIMITED, Block
from poollint.files import MemoryFiles
from poollint.knowledge.index import knowledge
from poollint.readers.apache import read
from poollint.readers.apache_values import address, atoi, decode
from poollint.readers.base import ReadContext, Reading
from poollint.source import Source
from poollint.versions import parse_version

CATALOGUE = knowledge().catalogue("apache")


def reading(
    text: str, path: str = "httpd.conf", *, target: str = "", others: dict[str, str] | None = None, **config: Any
) -> Reading:
    defaults = {name: table.get("default") for name, table in CATALOGUE.options.items()}
    context = ReadContext(
        CATALOGUE,
        MemoryFiles({path: text, **(others or {})}),
        target=parse_version(target) if target else None,
        config={**defaults, **config},
    )
    return read(Source(path, text), context)


def blocks(text: str, kind: str, **more: Any) -> list[Block]:
    return [block for block in reading(text, **more).blocks if block.kind == kind]


def only(text: str, kind: str, **more: Any) -> Block:
    found = blocks(text, kind, **more)
    assert len(found) == 1, found
    return found[0]


def problems(text: str, **more: Any) -> list[tuple[str, str]]:
    found = reading(text, **more)
    every = [*found.problems, *(problem for block in found.blocks for problem in block.problems)]
    return [(problem.kind, problem.setting) for problem in every]


@pytest.mark.parametrize(
    ("name", "raw", "value", "fault"),
    [
        ("KeepAliveTimeout", "5", 5, ""),
        ("KeepAliveTimeout", "500ms", 0.5, ""),
        ("KeepAliveTimeout", "2min", 120, ""),
        ("KeepAliveTimeout", "2mi", 120, ""),
        ("KeepAliveTimeout", "1hour", 3600, ""),
        ("KeepAliveTimeout", "5sec", 5, ""),
        ("KeepAliveTimeout", "2m", UNKNOWN, "invalid"),
        ("KeepAliveTimeout", "1m30s", UNKNOWN, "invalid"),
        ("KeepAliveTimeout", "5S", UNKNOWN, "invalid"),
        ("KeepAliveTimeout", "-1", UNKNOWN, "invalid"),
        ("KeepAliveTimeout", "${T}", UNKNOWN, ""),
        ("Timeout", "60s", 60, ""),
        ("Timeout", "5m", 5, "misread"),
        ("Timeout", "500ms", 500, "misread"),
        ("Timeout", "1.5", 1, "misread"),
        ("Timeout", "abc", 0, "misread"),
        ("Timeout", "5;", 5, ""),
        ("Timeout", "99999999999", 1215752191, "misread"),
        ("ProxyTimeout", "0", UNKNOWN, "invalid"),
        ("ProxyTimeout", "abc", UNKNOWN, "invalid"),
        ("MaxKeepAliveRequests", "0", UNLIMITED, ""),
        ("MaxKeepAliveRequests", "10k", 10, "misread"),
        ("KeepAlive", "oFF", False, ""),
        ("KeepAlive", "yes", UNKNOWN, "invalid"),
        ("ProxyIOBufferSize", "100", UNKNOWN, "invalid"),
        ("H2MaxWorkerIdleSeconds", "5x", UNKNOWN, "invalid"),
        (
            "RequestReadTimeout",
            "header=20-40,MinRate=500 body=20,minrate=500",
            "header=20-40,MinRate=500 body=20,minrate=500",
            "",
        ),
        ("RequestReadTimeout", "header=20-40", UNKNOWN, "invalid"),
        ("RequestReadTimeout", "header=20s", UNKNOWN, "invalid"),
    ],
)
def test_values(name: str, raw: str, value: object, fault: str) -> None:
    decoded = decode(CATALOGUE.kind("server").settings[name], raw)
    assert decoded.value is value or decoded.value == value
    assert decoded.fault == fault


@pytest.mark.parametrize(
    ("text", "number"), [("12x", 12), ("x", 0), ("+7", 7), (" -3", -3), ("2147483648", -(2**31)), ("9" * 40, -1)]
)
def test_atoi(text: str, number: int) -> None:
    assert atoi(text) == number


def test_addresses() -> None:
    found = address("HTTP://App:80/X")
    assert found is not None
    assert (found.url, found.host, found.root) == ("http://app/X", "app:80", "http://app")
    assert address("http:///x") is None
    assert address("/x") is None
    socket = address("unix:/s|fcgi://php/srv")
    assert socket is not None
    assert socket.unix
    assert socket.scheme == "fcgi"
    filled = address("http://h/a/$1")
    assert filled is not None
    assert filled.fixed == "http://h/a/"


def test_virtual_hosts_inherit() -> None:
    text = "KeepAliveTimeout 7\n<VirtualHost *:80>\nTimeout 9\n</VirtualHost>\nTimeout 30"
    vhost = only(text, "vhost")
    assert vhost.settings["KeepAliveTimeout"].origin == "inherited"
    assert (vhost.value("KeepAliveTimeout"), vhost.value("Timeout"), vhost.value("KeepAlive")) == (7, 9, True)


def test_defaults_of_a_fragment_are_unknown() -> None:
    assert only("Timeout 5", "server", path="site.conf").value("KeepAlive") is UNKNOWN
    assert only("Timeout 5", "server").value("KeepAlive") is True
    assert only("Timeout 5\nInclude other.conf", "server").value("KeepAlive") is UNKNOWN


def test_each_processing_module_by_itself() -> None:
    text = (
        "<IfModule mpm_prefork_module>\nServerLimit 9\n</IfModule>\n<IfModule event.c>\nThreadsPerChild 5\n</IfModule>"
    )
    found = {block.facts["mpm"]: block for block in blocks(text, "mpm")}
    assert set(found) == {"prefork", "event"}
    assert found["prefork"].value("MaxRequestWorkers") == 256
    assert found["event"].value("ServerLimit") == 16
    assert found["event"].value("ThreadsPerChild") == 5


def test_bare_limits_belong_to_the_module_that_is_loaded() -> None:
    text = "LoadModule mpm_worker_module modules/mod_mpm_worker.so\nThreadsPerChild 5\nProxyPass / http://h/"
    found = {block.kind: block for block in reading(text).blocks}
    assert found["mpm"].facts["mpm"] == "worker"
    assert found["worker"].links["mpm_block"] is found["mpm"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<IfModule mod_x.c>\nKeepAlive Off\n</IfModule>", UNKNOWN),
        ("<IfDefine X>\nKeepAlive Off\n</IfDefine>", UNKNOWN),
        ("Define X\n<IfDefine X>\nKeepAlive Off\n</IfDefine>", False),
        ("Define X\n<IfDefine !X>\nKeepAlive Off\n</IfDefine>", True),
        ("LoadModule x_module x.so\n<IfModule mod_x.c>\nKeepAlive Off\n</IfModule>", False),
        ("LoadModule x_module x.so\n<IfModule !mod_x.c>\nKeepAlive Off\n</IfModule>", True),
        ("<IfVersion >= 2.4>\nKeepAlive Off\n</IfVersion>", False),
        ("<IfVersion < 2.4>\nKeepAlive Off\n</IfVersion>", True),
        ("<IfVersion >= 2.4.60>\nKeepAlive Off\n</IfVersion>", UNKNOWN),
        ("<IfModule mpm_event_module>\nKeepAlive Off\n</IfModule>", UNKNOWN),
        ("{% if x %}\nKeepAlive Off\n{% endif %}", UNKNOWN),
        ("Define V Off\nKeepAlive ${V}", False),
        ("KeepAlive ${V}", UNKNOWN),
        ("<IfDefine A>\nDefine V Off\n</IfDefine>\nKeepAlive ${V}", UNKNOWN),
        ("<Macro M>\nKeepAlive Off\n</Macro>", UNKNOWN),
    ],
)
def test_conditions(text: str, value: object) -> None:
    assert only(text, "server").value("KeepAlive") is value


def test_a_version_decides() -> None:
    text = "<IfVersion >= 2.4.60>\nKeepAlive Off\n</IfVersion>"
    assert only(text, "server", target="2.4.58").value("KeepAlive") is True
    assert only(text, "server", target="2.4.62").value("KeepAlive") is False


def test_a_module_may_be_taken_for_loaded_by_its_own_directives() -> None:
    assert only("<IfModule http2_module>\nH2MaxWorkers 50\n</IfModule>", "server").value("H2MaxWorkers") == 50


def test_includes_are_read_in_their_place() -> None:
    text = "KeepAlive Off\nInclude conf.d/*.conf\nTimeout 5"
    found = reading(text, path="etc/httpd.conf", others={"etc/conf.d/a.conf": "KeepAlive On\nTimeout 9"})
    server = found.blocks[0]
    assert (server.value("KeepAlive"), server.value("Timeout")) == (True, 5)
    assert list(found.included) == ["etc/conf.d/a.conf"]
    assert server.facts["complete"]


def test_an_include_that_includes_itself_ends() -> None:
    found = reading(
        "Include httpd.conf\nInclude b.conf", others={"b.conf": "Include b.conf\nInclude b.conf\nKeepAlive Off"}
    )
    assert found.blocks[0].value("KeepAlive") is False


def test_server_root_makes_missing_files_known() -> None:
    assert problems("Include no.conf", server_root="/srv") == [("include-missing", "")]
    assert problems("IncludeOptional no/*.conf", server_root="/srv") == []
    assert problems("Include no.conf") == []


def test_workers_are_shared_by_prefix() -> None:
    text = "ProxyPass /a http://h:80/ ttl=5\nProxyPass /b http://H/b ttl=6\nProxyPass /c http://h:8080/ ttl=7"
    assert [block.value("ttl") for block in blocks(text, "worker")] == [5, 7]
    assert problems(text) == [("shared-parameters", "")]


def test_parameters_come_from_sections_too() -> None:
    text = "ProxyPass /a http://h/\n<Proxy http://h/ min=1>\nProxySet ttl=5 max=9\n</Proxy>"
    worker = only(text, "worker")
    assert (worker.value("ttl"), worker.value("max"), worker.value("min")) == (5, 9, 1)


def test_members_of_a_balancer() -> None:
    members = "BalancerMember http://h1 ttl=5\nBalancerMember http://h2 ttl=6\nProxySet lbmethod=x"
    text = f"<Proxy balancer://b>\n{members}\n</Proxy>\nProxyPass / balancer://b/"
    assert [block.value("ttl") for block in blocks(text, "worker")] == [5, 6]
    assert only(text, "balancer").value("lbmethod") == "x"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ProxyPass / http://h/", ""),
        ("ProxyPass / http://h/ disablereuse=on", "disablereuse"),
        ("ProxyPass / http://h/ disablereuse=on enablereuse=on", ""),
        ("ProxyPass / http://h/ enablereuse=on disablereuse=on", "disablereuse"),
        ("ProxyPass / http://h/ enablereuse=off", "enablereuse"),
        ("ProxyPass / fcgi://h/", "fcgi"),
        ("ProxyPass / fcgi://h/ enablereuse=on", ""),
        ("ProxyPassMatch ^/(.*) http://h/$1", "substituted"),
        ("ProxyPass ~ ^/(.*) http://h/$1", "substituted"),
        ("<LocationMatch ^/(.*)>\nProxyPassMatch http://h/$1\n</LocationMatch>", "substituted"),
        ("ProxyPassMatch ^/(.*) http://h/$1\nProxyPass /x http://h/", ""),
        ("ProxyPass / http://h/$1", ""),
        ("SetEnv proxy-nokeepalive 0\nProxyPass / http://h/", "nokeepalive"),
        ("<VirtualHost *>\nProxyPass / http://h/\n</VirtualHost>\nSetEnv force-proxy-request-1.0", "http10"),
        ("<Location /a>\nSetEnv proxy-nokeepalive 1\n</Location>\nProxyPass /a/b http://h/", "nokeepalive"),
        ("<Location /a>\nSetEnv proxy-nokeepalive 1\n</Location>\nProxyPass /ab http://h/", ""),
        ("<Directory />\nSetEnv proxy-nokeepalive 1\n</Directory>\nProxyPass / http://h/", ""),
        ("<Proxy *>\nSetEnv proxy-nokeepalive 1\n</Proxy>\nProxyPass / http://h/", "nokeepalive"),
        ("SetEnv proxy-nokeepalive 1\n<Location /a>\nUnsetEnv proxy-nokeepalive\nProxyPass http://h/\n</Location>", ""),
    ],
)
def test_why_there_is_no_pool(text: str, reason: str) -> None:
    assert blocks(text, "worker")[0].facts["no_pool_reason"] == reason


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("RewriteRule ^ http://h/ [P]", False),
        ("RewriteRule ^ http://h/ [P]\nProxyPass /q http://h/", True),
        ("<Proxy http://h/>\nProxySet ttl=5\n</Proxy>\nRewriteRule ^/(.*) http://h/$1 [P,L]", True),
        ("<Proxy http://h/>\n</Proxy>\nRewriteRule ^/(.*) http://h/$1 [P,L]", False),
        ("RewriteRule ^/(.*) http://h/$1 [proxy]\nProxyPass /q http://h/q", UNKNOWN),
        ("RewriteRule ^ http://localhost/ [P]\nProxyPass /q http://127.0.0.1/", False),
    ],
)
def test_rewrite_rules(text: str, covered: object) -> None:
    assert only("RewriteEngine on\n" + text, "rewrite").facts["covered"] is covered


def test_rewrite_rules_that_are_none_of_ours() -> None:
    rules = ("^ ws://h/ [P]", "^(.*) http://$1/ [P]", "^ http://h/ [R]", "^ /x [P]")
    text = "RewriteEngine on\n" + "\n".join(f"RewriteRule {rule}" for rule in rules)
    assert blocks(text, "rewrite") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MaxKeepAliveRequest 5", [("unknown-directive", "MaxKeepAliveRequest")]),
        ("Protocol http/1.1", []),
        ("PolicyKeepalive ignore", []),
        ("<VirtualHost *>\nServerLimit 5\n</VirtualHost>", [("misplaced", "ServerLimit")]),
        ("<Location /a>\nKeepAlive On\n</Location>", [("misplaced", "KeepAlive")]),
        ("<IfModule mpm_prefork_module>\nThreadsPerChild 5\n</IfModule>", [("wrong-mpm", "ThreadsPerChild")]),
        ("KeepAliveTimeout 5 # s", [("trailing-comment", "KeepAliveTimeout")]),
        ("KeepAlive On # s", []),
        ("KeepAliveTimeout 500 ms", [("argument-count", "KeepAliveTimeout")]),
        ("ProxyPass / http://h/ ttl=0 ttl=5", []),
        ("ProxyPass / http://h/ tll=5", [("unknown-parameter", "tll")]),
        ("ProxyPass / balancer://b ttl=5", [("foreign-parameter", "ttl")]),
        ("Timeout 5\nTimeout 6", [("repeated", "Timeout")]),
        ("RequestReadTimeout header=5\nRequestReadTimeout body=5", []),
        ("Timeout 5\n<IfDefine X>\nTimeout 6\n</IfDefine>", []),
        ("\ufeffTimeout 5", [("byte-order-mark", "")]),
        ("%home% x\n<VirtualHost %ip%:80>\n", []),
        ("KeepAliveTimeout {{ t }}\nProxyPass / {{ url }} max={{ m }}", []),
        ("ProxyPass / http://${HOST}:${PORT}/ ttl=${TTL} timeout=@T@", []),
    ],
)
def test_problems(text: str, expected: list[tuple[str, str]]) -> None:
    assert problems(text) == expected


def test_places_are_those_of_the_values() -> None:
    text = 'ProxyPass "/a" "http://h/" "ttl=5" max=7'
    worker = only(text, "worker")
    for name, raw in (("ttl", "5"), ("max", "7")):
        setting = worker.settings[name]
        assert setting.place is not None
        assert setting.key_place is not None
        assert (setting.key_place.text, setting.place.text) == (name, raw)
