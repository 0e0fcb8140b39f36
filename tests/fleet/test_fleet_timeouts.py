"""Timeouts along the way from balancer to database."""

from __future__ import annotations

import pytest
from fleet_cases import BOUNCER, ENGINE, PG, config_of, findings, only

from poollint import api

NGINX = """events {}
http {
    upstream api {
        server 10.0.0.1:3000;
        keepalive 16;
        keepalive_timeout UPSTREAM;
    }
    server {
        listen 80;
        keepalive_timeout CLIENTS;
        location / {
            proxy_pass http://api;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
}
"""
NODE = "const http = require('http');\nconst server = http.createServer((q, r) => r.end());\n"
WAY = """
[balancer.edge]
profile = "aws-alb"
[proxy.nginx]
files = ["nginx.conf"]
balancer = "edge"
services = ["api"]
[service.api]
files = ["api/**"]
"""


def nginx(clients: str, upstream: str) -> str:
    return NGINX.replace("CLIENTS", clients).replace("UPSTREAM", upstream)


def test_every_step_of_the_way() -> None:
    found = findings(WAY, {"nginx.conf": nginx("30s", "60s"), "api/a.js": NODE})
    assert [(each.path, each.code) for each in found] == [("api/a.js", "FLT007"), ("nginx.conf", "FLT007")]
    assert (
        "keepAliveTimeout of 5 s: api closes idle connections, and nginx takes them for open up to 60 s"
        in found[0].message
    )
    assert (
        "keepalive_timeout of 30 s: nginx closes idle connections, and edge takes them for open up to 60 s"
        in found[1].message
    )
    assert "get 502" in found[1].message


def test_times_that_nest() -> None:
    server = NODE + "server.keepAliveTimeout = 65000;\nserver.headersTimeout = 70000;\n"
    assert not findings(WAY, {"nginx.conf": nginx("75s", "60s"), "api/a.js": server})


@pytest.mark.parametrize(
    ("settings", "reported"),
    [
        ("worker_class = 'gthread'", True),
        ("", False),
        ("worker_class = choose()", False),
        ("keepalive = 90\nworker_class = 'gthread'", False),
    ],
)
def test_only_workers_that_keep_connections(settings: str, reported: bool) -> None:
    text = '[balancer.edge]\nidle-timeout = "60s"\n[service.api]\nfiles = ["api/**"]\nbalancer = "edge"\n'
    found = findings(text, {"api/gunicorn.conf.py": f"workers = 2\n{settings}\n"})
    assert [each.code for each in found] == (["FLT007"] if reported else [])


def test_callers_and_callees() -> None:
    text = """
[database.main]
statement-timeout = "60s"
[balancer.edge]
request-timeout = "20s"
[service.api]
balancer = "edge"
database = "main"
calls = "billing"
request-timeout = "30s"
[service.billing]
request-timeout = "40s"
"""
    found = findings(text)
    assert [(each.line, each.severity) for each in found if each.code == "FLT008"] == [
        (3, "info"), (10, "warning"), (12, "warning"),
    ]  # fmt: skip


def test_a_wait_for_a_connection_beyond_the_request() -> None:
    text = '[service.api]\nfiles = ["api/**"]\nrequest-timeout = "5s"\n'
    assert "a request may wait 5 s" in only(findings(text, {"api/db.js": PG.format(size=5)}), "FLT008").message
    assert not findings(text.replace("5s", "6s"), {"api/db.js": PG.format(size=5)})


def test_a_queue_in_the_pooler() -> None:
    text = '[proxy.b]\nfiles = ["pgbouncer.ini"]\n[service.api]\nproxy = "b"\nrequest-timeout = "30s"\n'
    found = only(findings(text, {"pgbouncer.ini": BOUNCER.format(pool=5, clients=500)}), "FLT008")
    assert "b lets a query wait up to 120 s" in found.message


@pytest.mark.parametrize(
    ("options", "reported"),
    [
        ("pool_recycle=3600", True),
        ("pool_size=5", True),
        ("pool_recycle=300", False),
        ("pool_recycle=seconds", False),
        ("pool_size=5, pool_pre_ping=True", False),
        ("pool_size=5, pool_pre_ping=flag", False),
    ],
)
def test_idle_sessions(options: str, reported: bool) -> None:
    text = '[database.main]\nidle-timeout = "10min"\n[service.api]\nfiles = ["api/**"]\ndatabase = "main"\n'
    found = findings(text, {"api/db.py": ENGINE.format(options=options)})
    assert [each.code for each in found] == (["FLT009"] if reported else [])


def go(settings: str) -> str:
    return (
        'package main\n\nimport (\n\t"net/http"\n\t"time"\n)\n\nfunc main() {\n'
        f'\tserver := &http.Server{{Addr: ":8080", {settings}}}\n\t_ = server.ListenAndServe()\n}}\n'
    )


@pytest.mark.parametrize(
    ("path", "text", "reported"),
    [
        ("api/main.go", go("IdleTimeout: 30 * time.Second"), True),
        ("api/main.go", go("IdleTimeout: 75 * time.Second, ReadTimeout: 5 * time.Second"), False),
        ("api/main.go", go("ReadTimeout: 5 * time.Second"), True),
        ("api/main.go", go("ReadHeaderTimeout: 5 * time.Second"), False),
        ("api/application.yml", "server:\n  tomcat:\n    keep-alive-timeout: 5s\n", True),
        ("api/application.yml", "server:\n  tomcat:\n    keep-alive-timeout: 75s\n    connection-timeout: 5s\n", False),
        ("api/application.yml", "server:\n  tomcat:\n    connection-timeout: 5s\n", True),
        ("api/application.yml", "server:\n  tomcat:\n    accept-count: 5\n", False),
        ("api/application.yml", "server:\n  tomcat:\n    keep-alive-timeout: ${KEEP}\n", False),
        ("api/application.yml", "server:\n  undertow:\n    no-request-timeout: 20s\n", True),
        ("api/application.yml", "server:\n  jetty:\n    connection-idle-timeout: 20s\n", True),
    ],
)
def test_servers_of_every_kind(path: str, text: str, *, reported: bool) -> None:
    def codes(config: str) -> set[str]:
        done = api.check_texts({path: text}, config=config_of(config), complete=True)
        return {each.code for each in done.findings} & {"FLT007", "HTP050"}

    way = '[balancer.edge]\nprofile = "aws-alb"\nservices = ["api"]\n[service.api]\nfiles = ["api/**"]\n'
    front = '[go-http]\nfront = "aws-alb"\n[spring-boot]\nfront = "60s"\n'
    assert codes(way) == ({"FLT007"} if reported else set())
    assert codes(front) == ({"HTP050"} if reported else set())
    assert not codes(front.replace("aws-alb", "aws-nlb").replace("60s", "2s"))
    assert not codes("")
