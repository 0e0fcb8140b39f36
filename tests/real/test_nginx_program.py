"""What poollint says of a configuration and what nginx -t said of it: recorded answers, and the installed program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest

from poollint import api
from poollint.config import default_config
from poollint.versions import parse_version

if TYPE_CHECKING:
    from pathlib import Path

    from poollint.findings import Finding

# What depends on more than the file and the version: how the program was built, and every variable of every module.
BEYOND_THE_FILE = {
    ("k-stream-without-module", "1.22.1"): "that build has stream as a module that nothing loads",
}
OUTSIDE_THE_FAMILY = {"g-unknown-variable": "an unknown variable in a return statement"}


class Recorded(NamedTuple):
    name: str
    file: Path
    version: str
    outcome: str
    messages: list[str]


def recorded(shared: Path) -> list[Recorded]:
    """Every recorded nginx -t."""
    folder = shared / "truth" / "nginx"
    return [
        Recorded(case["name"], folder / case["file"], version, result["outcome"], result["messages"])
        for case in json.loads((folder / "cases.json").read_text())["cases"]
        if case["kind"] == "nginx -t"
        for version, result in case["results"].items()
    ]


def check(file: Path, version: str) -> list[Finding]:
    """The whole pipeline on one file."""
    options = api.Options(
        config=default_config(), as_system="nginx", targets={"nginx": parse_version(version)}, suppressions=False
    )
    return api.check_paths([str(file)], options=options).findings


def refusals(findings: list[Finding]) -> list[str]:
    return [f"{each.name}: {each.message}" for each in findings if each.effect == "refused"]


def test_recorded_refusals(shared: Path) -> None:
    wrong = []
    for case in recorded(shared):
        if (case.name, case.version) in BEYOND_THE_FILE or case.name in OUTSIDE_THE_FAMILY:
            continue
        found = refusals(check(case.file, case.version))
        if bool(found) != (case.outcome == "error"):
            wrong.append(f"{case.name} {case.version}: nginx said {case.outcome} {case.messages}, poollint {found}")
    assert wrong == []


def test_recorded_warnings(shared: Path) -> None:
    wrong = [
        f"{case.name} {case.version}: {case.messages}"
        for case in recorded(shared)
        if case.outcome == "warn" and all(each.severity == "info" for each in check(case.file, case.version))
    ]
    assert wrong == []


def test_refusals_point_at_the_line_that_nginx_names(shared: Path) -> None:
    """nginx names the line where a statement ends; a finding starts at most a few lines before it."""
    wrong = []
    for case in recorded(shared):
        line = re.search(r"\.conf:(\d+)$", case.messages[0]) if case.messages else None
        findings = [each for each in check(case.file, case.version) if each.effect == "refused"]
        if line is None or not findings or case.outcome != "error":
            continue
        if not any(each.line - 1 <= int(line[1]) <= each.end_line + 6 for each in findings):
            wrong.append(
                f"{case.name} {case.version}: nginx line {line[1]}, poollint {[each.line for each in findings]}"
            )
    assert wrong == []


# The installed program

LOCATION = (
    "grpc_pass 127.0.0.1;",
    "grpc_pass foo:99999;",
    "grpc_pass grpc://localhost;",
    "fastcgi_pass 127.0.0.1;",
    "uwsgi_pass 127.0.0.1;",
    "memcached_pass localhost;",
    "proxy_pass http://;",
    "proxy_pass http://127.0.0.1:;",
    "proxy_pass http://127.0.0.1:0;",
    "proxy_pass http://127.0.0.1:99999;",
    "proxy_pass http://127.0.0.1:80a;",
    "proxy_pass HTTP://127.0.0.1;",
    'proxy_pass "";',
    "proxy_pass http://:80;",
    "proxy_pass http://$;",
    "proxy_pass http://unix:/a;",
    "proxy_pass http://unix:/a:/x;",
    "proxy_pass http://[::1;",
    "proxy_pass http://[::1];",
    "proxy_pass http://unix:;",
    "proxy_pass https://127.0.0.1:443/x?a=b;",
    "proxy_pass http://127.0.0.1:8080?x=1;",
    "proxy_pass http://127.0.0.1:8080$uri;",
    "proxy_pass localhost:80;",
    "proxy_pass http:/127.0.0.1;",
    "proxy_bind foo;",
    "proxy_bind 127.0.0.1 x;",
    "proxy_bind off;",
    "proxy_bind 127.0.0.1:80;",
    "proxy_bind $remote_addr transparent;",
    "proxy_bind ::1;",
    "proxy_next_upstream off error;",
    "limit_req zone=x;",
    "resolver 1.1.1.1 valid=500ms;",
    "resolver 1.1.1.1 ipv4=off;",
    "resolver 1.1.1.1 ipv6=maybe;",
    "resolver valid=3s;",
    "resolver ;",
    "resolver 1.1.1.1:99999;",
    "resolver 1.1.1.1 status_zone=x;",
    "keepalive_timeout 10 10ms;",
    "keepalive_timeout 10 10;",
    "keepalive_timeout 10 0 0;",
    "proxy_http_version 1.1 2;",
    "proxy_pass http://127.0.0.1/a b;",
    "proxy_set_header X $1;",
    'proxy_set_header X "a $ b";',
    "proxy_set_header X ${host};",
    'proxy_set_header X "${host";',
    "proxy_set_header X;",
    "proxy_set_header X a b;",
    "proxy_set_header X a; proxy_set_header X b;",
    "keepalive 3;",
    "location /a { location /a/b { } }",
    "limit_except GET { proxy_pass http://127.0.0.1; }",
    "limit_except GET { proxy_set_header a b; }",
    "if ($host) { proxy_pass http://127.0.0.1; }",
    "if ($host) { proxy_pass http://127.0.0.1/; }",
    "if ($host) { fastcgi_pass 127.0.0.1:9; }",
    "if ($host) { keepalive_timeout 3; }",
    "if ($host) { proxy_connect_timeout 3; }",
    "if ($host) { if ($uri) { } }",
    "proxy_pass http://127.0.0.1; proxy_pass http://127.0.0.1;",
    "proxy_pass http://127.0.0.1; fastcgi_pass 127.0.0.1:1;",
    "proxy_read_timeout 3; proxy_read_timeout 3;",
    "proxy_next_upstream error; proxy_next_upstream timeout;",
    "mirror /a; mirror /b;",
    "auth_request /a; auth_request /b;",
    "auth_request off;",
    "listen 80;",
    "client_header_timeout 3;",
    "http2 on;",
    "keepalive_min_timeout 3;",
    "max_headers 3;",
    "proxy_half_close on;",
    "proxy_timeout 3s;",
    "worker_connections 3;",
    "server { }",
    "upstream x { server 127.0.0.1; }",
    "map $host $x { }",
    "proxy_socket_sndbuf 3k;",
    "tunnel_pass;",
    "proxy_redirect off;",
    "keepalives 3;",
    "keep_alive_timeout 3;",
    "proxy_keepalive 3;",
    "proxypass http://127.0.0.1;",
    "proxy-pass http://127.0.0.1;",
    "Proxy_Pass http://127.0.0.1;",
    "proxy_set_headers a b;",
    "uwsgi_pass unix:///tmp/x.sock;",
    "uwsgi_pass uwsgi://127.0.0.1:3031;",
    "uwsgi_pass suwsgi://127.0.0.1:3031;",
    "fastcgi_pass unix:/tmp/x.sock;",
    "fastcgi_pass unix:/tmp/x.sock:;",
    "grpc_pass grpcs://127.0.0.1:443;",
    "scgi_pass scgi://127.0.0.1:3031;",
    "fastcgi_pass http://127.0.0.1:9000;",
    "grpc_pass http://127.0.0.1:9000;",
    "proxy_pass http://unix:///tmp/x.sock;",
    "location ^~ /a { } location /a { }",
    "location = /a { } location /a { }",
)

UPSTREAM = (
    "server 127.0.0.1:80 weight=0;",
    "server 127.0.0.1:80 weight=1 weight=2;",
    "server 127.0.0.1 max_conns=0;",
    "server 127.0.0.1 fail_timeout=500ms;",
    "server 127.0.0.1 fail_timeout=0;",
    "server 127.0.0.1 fail_timeout=1M;",
    "server 127.0.0.1 foo;",
    "server 127.0.0.1 BACKUP;",
    "server http://127.0.0.1;",
    "server 127.0.0.1/x;",
    "server unix:/tmp/x;",
    "server unix:;",
    "server 127.0.0.1:0;",
    "server :80;",
    "server 127.0.0.1 backup;",
    "hash $uri; server 127.0.0.1 backup;",
    "server 127.0.0.1; server 127.0.0.2 backup; hash $uri;",
    "random; server 127.0.0.1; server 127.0.0.2 backup;",
    "least_conn; server 127.0.0.1; server 127.0.0.2 backup;",
    "ip_hash; server 127.0.0.1; server 127.0.0.2 down;",
    "server 127.0.0.1 down=1;",
    'zone "" 64k; server 127.0.0.1;',
    "zone a 64k; zone a 64k; server 127.0.0.1;",
    "zone a 64k; zone b 64k; server 127.0.0.1;",
    "server 127.0.0.1; ip_hash; ip_hash;",
    "server 127.0.0.1; keepalive 3; hash a;",
    "server 127.0.0.1; keepalive 3; keepalive 4;",
    "server 127.0.0.1 max_fails=-1;",
    "keepalive_timeout 10 20; server 127.0.0.1;",
    "server 127.0.0.1 { };",
    "server 1.2.3.4:80 resolve;",
    "server 127.0.0.1 service=http;",
    "server 127.0.0.1 slow_start=3s;",
    "server 127.0.0.1 route=a;",
    "server 127.0.0.1 drain;",
    "server [::1]:80 ;",
    "server ::1;",
    'server "";',
    "server a_b.invalid;",
    "keepalive 3;",
    "least_time header; server 127.0.0.1;",
    "sticky cookie x; server 127.0.0.1;",
    "queue 3; server 127.0.0.1;",
    "ntlm; server 127.0.0.1;",
    "state /x; server 127.0.0.1;",
    "resolver 127.0.0.1; server 127.0.0.1;",
    "keepalive_requests 3; keepalive_requests 3; server 127.0.0.1;",
    "proxy_read_timeout 3; server 127.0.0.1;",
    "location / { } server 127.0.0.1;",
    "health_check; server 127.0.0.1;",
    "max_conns 3; server 127.0.0.1;",
    "least_con; server 127.0.0.1;",
)

HTTP = (
    "upstream u { server 127.0.0.1; } upstream U { server 127.0.0.1; }",
    "upstream { server 127.0.0.1; }",
    "upstream a b { server 127.0.0.1; }",
    "upstream u { server 127.0.0.1; } server { location / { proxy_pass http://u; } location /b { proxy_pass http://u:8; } }",
    "upstream u { server 127.0.0.1; } server { location / { proxy_pass http://U:80; } }",
    "upstream u { server 127.0.0.1; } server { location / { fastcgi_pass u:90; } }",
    "upstream u { server 127.0.0.1; } server { location / { fastcgi_pass u; } }",
    "server { location ~ a { proxy_pass http://127.0.0.1/; } }",
    "server { location ~ a { proxy_pass http://127.0.0.1; } }",
    "server { location @a { proxy_pass http://127.0.0.1/x; } }",
    "server { location / { } location / { } }",
    "server { location ~ a { } location ~ a { } }",
    "limit_conn_zone $host zone=x:1k;",
    "limit_conn_zone $host zone=x;",
    "limit_conn_zone $host foo=x:1m;",
    "limit_conn_zone $host zone=x:1m; limit_conn_zone $uri zone=x:1m;",
    "limit_conn_zone $host zone=x:1m; limit_conn x 1; limit_conn x 2;",
    "limit_conn_zone $host zone=x:1m; limit_conn x 70000;",
    "limit_conn_zone $host zone=x:1m; limit_conn x 10;",
    "limit_conn_zone $host zone=x:1m; limit_conn x a;",
    "limit_conn_zone $host zone=x:1m; limit_conn x;",
    "limit_conn_zone $host zone=x:1m; server { limit_conn y 3; }",
    "limit_conn x 1;",
    "limit_conn_zone $host zone=x:1m; server { limit_conn x 1; location / { limit_conn x 2; } }",
    "limit_req_zone $host zone=x:1m rate=10r/h;",
    "limit_req_zone $host zone=x:1m rate=10r/s; limit_req zone=x burst=0;",
    "limit_req_zone $host zone=x:1m rate=10r/s; limit_req zone=x burst=5 nodelay; limit_req zone=x;",
    "limit_req zone=q;",
    "limit_req burst=5;",
    "limit_req_zone $host zone=x:1m;",
    "limit_req_zone $host zone=x:1m rate=10r/s foo;",
    "limit_req_zone $host zone=x:1m rate=0r/s;",
    "limit_req_zone $host zone=x:1m rate=10;",
    "limit_req_zone $host zone=x:1k rate=10r/s;",
    "ssl_session_cache shared:SSL;",
    "ssl_session_cache foo;",
    "ssl_session_cache builtin:a;",
    "ssl_session_cache shared::1m;",
    "ssl_session_cache shared:a:1g;",
    "ssl_session_cache off builtin;",
    "ssl_session_cache shared:a:1m; server { ssl_session_cache shared:a:1m; }",
    "ssl_session_cache shared:a:1m; server { ssl_session_cache shared:a:2m; }",
    "limit_conn_zone $host zone=x:1m; ssl_session_cache shared:x:1m;",
    "upstream u { zone x 1m; server 127.0.0.1; } limit_conn_zone $host zone=x:1m;",
    "upstream u { zone x 1m; server 127.0.0.1; } upstream v { zone x 2m; server 127.0.0.1; }",
    "keepalive 3;",
    "server { proxy_pass http://127.0.0.1; }",
    "location / { }",
    "server { upstream x { } }",
    "keepalive_disable msie6 msie6;",
    "resolver 127.0.0.1; resolver 127.0.0.2;",
    "map $host $a { default 1; default 2; }",
    "map $host $a { x { } }",
    "map $host $a { x 1; x 2; }",
    "map $host $a { x 1 2; }",
    "map $host a { x 1; }",
    "map $host $a { x 1; } server { location / { proxy_pass http://$a; } }",
    "server { listen 80; listen 80; }",
    "server { listen 80 default_server; } server { listen 80 default_server; }",
    "server { listen 80 backlog=5; listen 80 rcvbuf=1k; }",
    "server { listen 80 backlog=5; } server { listen 80 backlog=5; server_name x; }",
    "server { listen 80 foo=1; }",
    "server { listen 99999; }",
    "server { listen 0; }",
    "server { listen unix:/tmp/a; }",
    "server { listen [::]:80 ipv6only=on; listen 80; }",
    "server { listen localhost:80; }",
    "server { listen 80 so_keepalive=x; }",
    "server { listen 80 so_keepalive=::; }",
    "server { listen 80 so_keepalive=30s:5:3; }",
    "server { listen 80 rcvbuf=1x; }",
    "server { listen 80 fastopen=-1; }",
    "server { listen 80 fastopen=10; }",
    "server { listen 80 reuseport bind deferred; }",
    "server { listen 80 quic; }",
    "server { listen 80 multipath; }",
    "server { listen 80 spdy; }",
    "server { listen 80 default; }",
    "server { listen 80 udp; }",
    "server { listen 80 proxy_protocol; }",
    "server { listen; }",
    "listen 80;",
    "server { listen 80 http2; http2_push off; http2_max_requests 10; }",
    "http2_recv_timeout 3s;",
    "http2_idle_timeout 3s;",
    "http2_max_concurrent_pushes 10;",
    "if ($host) { }",
    "server { if ($host=a) { } }",
    "server { if ($host == a) { } }",
    "server { if () { } }",
    "server { if $host { } }",
    "server { if ( $host = a ) { } }",
    'server { if ($host = "a"){ } }',
    "server { if (-f $request_filename) { } }",
    "server { if (!-f $request_filename) { } }",
    "server { if ($host) { proxy_set_header a b; } }",
    "include a b;",
    "include;",
    "include nope.conf;",
    "include sub*/x.conf;",
    "include a.conf;",
    "events { }",
    "http { }",
    "stream { }",
    "worker_processes 1;",
    "server { server { } }",
    "server { location; }",
    "server { location / ; }",
    "server { location { } }",
    "server { location ~ / a { } }",
    "server { location = / { } }",
    "server;",
    "server x { }",
    "proxy_read_timeout 3 { }",
    'proxy_set_header "a b" c;',
    'server { return 200 "${host"; }',
    'server { return 200 "$"; }',
    "server { set $a $; }",
    "proxy_buffers 8 8k;",
    "proxy_buffers 8;",
    "proxy_buffers 8 1g;",
    "server { location / { health_check; } }",
    "proxy_connect_timeout;",
    "keepalive_timeout;",
    "proxy_read_timeout 1h 30m;",
    "limit_zone a $host 1m;",
    "server { listen 8080 backlog=0; }",
    "server { listen 127.0.0.1:8080 backlog=-1; }",
    "server_tokens off; sendfile on; gzip on;",
    "upstream a { server 127.0.0.1 }",
    "upstream a { server 127.0.0.1; ",
    "upstream a { server 127.0.0.1; }}",
    "upstream a { server 127.0.0.1; };",
    'upstream a { server "127.0.0.1; }',
    "upstream a { server '127.0.0.1'; }",
    'upstream a { "server" 127.0.0.1; "keepalive" "3"; }',
    'upstream "a" { server 127.0.0.1; keepalive 3} ',
    'server { server_name "a"b; }',
    'server { server_name "a" b; }',
    "server { server_name a#b; }",
    "server { server_name a;# comment",
    "server { server_name a\\;b; }",
    "server { server_name a\\{b; }",
    "server { add_header X ${host}; }",
    "server { add_header X $ {host}; }",
    "server { location ~ ^/x{2}$ { } }",
    'server { location ~ "^/x{2}$" { } }',
    "{ }",
    ";",
    "server { ; }",
    "server { } ;",
    "server { listen 127.0.0.1:8443 ssl; }",
    "server { listen 127.0.0.1:8443 ssl; ssl_reject_handshake on; }",
    "server { listen 127.0.0.1:8443; } server { listen 127.0.0.1:8443 ssl; }",
    "ssl off;",
    "upstream u { server 127.0.0.1; keepalive 3; }",
    "upstream u { server 127.0.0.1; keepalive 3; }",
)

MAIN = (
    "events { worker_connections 2; } http { server { listen 127.0.0.1:18081; listen 127.0.0.1:18082; } }",
    "events { worker_connections 3; } http { server { listen 127.0.0.1:18081; listen 127.0.0.1:18082; } }",
    "worker_processes 4; events { worker_connections 2; } http { server { listen 127.0.0.1:18081 reuseport; } }",
    "events { worker_connections 2; } http { server { listen 18081; } server { listen 127.0.0.1:18081; } }",
    "events { worker_connections 0; }",
    "events { worker_connections 1; } http { server { } }",
    "events { worker_connections 1; } http { }",
    "events{} events{}",
    "events{} http{} http{}",
    "http{}",
    "events x {}",
    "events;",
    "events{} http;",
    "events{} keepalive_timeout 3;",
    "worker_connections 10; events{}",
    "events{ worker_processes 1; }",
    "events{} server { listen 80; }",
    "events{} location / { }",
    "events{} upstream x { server a; }",
    "worker_processes x; events{}",
    "worker_processes -1; events{}",
    "worker_processes auto auto; events{}",
    "worker_processes 1; worker_processes 2; events{}",
    "worker_shutdown_timeout 1M; events{}",
    "worker_shutdown_timeout 10s; events{}",
    "worker_rlimit_nofile 1k; events{}",
    "events { use foo; }",
    "events { use epoll; multi_accept true; accept_mutex_delay 1y; }",
    "events { multi_accept on; multi_accept on; }",
    "worker_cpu_affinity auto 1; worker_cpu_affinity auto; events{}",
    "events { worker_aio_requests a; }",
    "events { worker_connections 10k; }",
    "events { worker_connections auto; }",
    "events { worker_connection 10; }",
    "worker_process 3; events{}",
    "events",
    "events {",
    "events { } }",
    "pid /tmp/x.pid; error_log stderr; events{}",
)

TIMES = (
    "30",
    "30s",
    "1m30s",
    "1.5",
    "1h 30m",
    '"1h 30m"',
    "30S",
    "500ms",
    "1M",
    "1y",
    "",
    '""',
    "-1",
    "m5",
    "10m5",
    "0",
    *("off", "1d12h", "1w", "99999999999999999999", "5s5s", '"5s "', "1 h", "$x", "5sec", "1min", "1s5", "500ms1"),
)
SIZES = ("8k", "8K", "1m", "1g", "64kb", "1.5m", '""', "-1", "8 k", "auto", "off")
NUMBERS = ("0", "1", "016", "16k", "+1", "-1", "auto", "1.0", '""', "a", "1_000", "99999999999999999999")
FLAGS = ("on", "off", "ON", "Off", "true", "1", "yes", '""', "no")
VALUES = {
    **dict.fromkeys(("proxy_read_timeout", "keepalive_timeout", "send_timeout", "fastcgi_connect_timeout"), TIMES),
    **dict.fromkeys(
        ("resolver_timeout", "ssl_session_timeout", "proxy_next_upstream_timeout", "lingering_time"), TIMES
    ),
    **dict.fromkeys(("keepalive_requests", "proxy_next_upstream_tries", "http2_max_concurrent_streams"), NUMBERS),
    **dict.fromkeys(("limit_conn_status", "limit_req_status"), (*NUMBERS, "399", "400", "599", "600")),
    **dict.fromkeys(("tcp_nodelay", "proxy_buffering", "fastcgi_keep_conn", "proxy_socket_keepalive"), FLAGS),
    **dict.fromkeys(("client_max_body_size", "proxy_limit_rate", "client_body_buffer_size", "ssl_buffer_size"), SIZES),
    "large_client_header_buffers": ("4 8k", "4", "a 8k", "4 8g", "0 8k"),
    "lingering_close": ("on", "off", "always", "ON", "x"),
    "proxy_http_version": ("1.0", "1.1", "2", "1", '"1.1"', "http1.1"),
    "keepalive_disable": ("none", "msie6", "safari", "msie6 safari", "x", "none msie6 safari"),
    "proxy_next_upstream": (
        "error",
        "off",
        "http_500 http_502",
        "http_400",
        "updating",
        "ERROR",
        "error error",
        "denied",
    ),
}
IN_UPSTREAM = {
    "keepalive": (*NUMBERS, "16 local", "16 single"),
    "keepalive_timeout": TIMES,
    "keepalive_requests": NUMBERS,
    "keepalive_time": TIMES,
    "zone": ("a", "a 64k", "a 1k", "a 1g", "a 64kb", "a 0"),
    "hash": ("$uri", "$uri consistent", "$uri x", "a", ""),
    "random": ("", "two", "two least_conn", "x", "two x"),
    "least_conn": ("", "x"),
    "ip_hash": ("", "x"),
}


def configurations() -> list[str]:
    texts = [f"events{{}} http {{ server {{ listen 127.0.0.1:18080; location / {{ {each} }} }} }}" for each in LOCATION]
    texts += [f"events{{}} http {{ upstream u {{ {each} }} }}" for each in UPSTREAM]
    texts += [f"events{{}} http {{ {each} }}" for each in HTTP]
    texts += MAIN
    texts += [
        f"events{{}} http {{ {name} {value}; server {{ }} }}" for name, values in VALUES.items() for value in values
    ]
    texts += [
        f"events{{}} http {{ upstream u {{ {name} {value}; server 127.0.0.1; }} }}"
        for name, values in IN_UPSTREAM.items()
        for value in values
    ]
    return texts


def installed_nginx() -> tuple[str, str]:
    """Path and version of the program; skips where there is none, unless it is demanded."""
    path = shutil.which("nginx") or "/usr/sbin/nginx"
    if not os.access(path, os.X_OK):
        if os.environ.get("POOLLINT_REQUIRE_REAL") == "1":
            pytest.fail("nginx is not installed, and POOLLINT_REQUIRE_REAL=1 demands it")
        pytest.skip("nginx is not installed")
    shown = subprocess.run([path, "-v"], capture_output=True, text=True, check=True).stderr
    match = re.search(r"nginx/([\d.]+)", shown)
    assert match is not None
    return path, match[1]


def answer(nginx: str, folder: Path, index: int, text: str) -> tuple[Path, bool | None, str]:
    """The file, whether nginx refused it (None: for what the machine lacks), and what it said."""
    place = folder / str(index)
    place.mkdir()
    file = place / "a.conf"
    file.write_text(text)
    done = subprocess.run([nginx, "-t", "-c", str(file), "-p", str(place)], capture_output=True, text=True, check=False)
    said = "; ".join(line for line in done.stderr.splitlines() if "[emerg]" in line or "[crit]" in line)
    if re.search(r"bind\(\)|mkdir\(\)|Permission denied|host not found|getpwnam|open\(\) \"/(?:var|run)", said):
        return file, None, said
    return file, done.returncode != 0, said


@pytest.mark.real
def test_the_installed_nginx_agrees(tmp_path: Path) -> None:
    nginx, version = installed_nginx()
    texts = configurations()
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda pair: answer(nginx, tmp_path, *pair), enumerate(texts)))
    judged = [each for each in answers if each[1] is not None]
    if len(judged) < 0.8 * len(texts):
        pytest.skip(f"nginx cannot test configurations here: {answers[0][2]}")
    wrong = []
    for file, refused, said in judged:
        found = refusals(check(file, version))
        if bool(found) != refused:
            wrong.append(f"{file.read_text()!r}: nginx {said or 'takes it'}, poollint {found}")
    assert wrong == []
