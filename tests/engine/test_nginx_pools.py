"""The rules on nginx pools, headers, TLS names and DNS, from text to finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poollint import api
from poollint.config import Config, parse_config
from poollint.engine.detectors.nginx_edits import insert_after, removal, statement_end
from poollint.files import MemoryFiles
from poollint.source import Place, Source

if TYPE_CHECKING:
    from poollint.findings import Finding

TRIO = 'proxy_http_version 1.1; proxy_set_header Connection "";'
OLD, NEW = "1.28.3", "1.31.4"


def site(location: str, *, upstream: str = "keepalive 8;", server: str = "", http: str = "") -> str:
    """An http level with one upstream of one server and one location that passes to it."""
    return f"""
{http}
upstream app {{
    server 10.0.0.1:8080;
    {upstream}
}}
server {{
    listen 80;
    {server}
    location / {{
        {location}
    }}
}}
"""


def found(text: str, target: str = "", config: str = "") -> list[Finding]:
    targets = {"nginx": target} if target else None
    everything = api.check_text(text, "app.conf", system="nginx", targets=targets, config=configured(config))
    return [finding for finding in everything if finding.code <= "NGX037"]


def configured(text: str) -> Config | None:
    known = api.Session(api.Options(isolated=True), MemoryFiles({})).known()
    return parse_config(text, known=known) if text else None


def marks(text: str, target: str = "", config: str = "") -> list[str]:
    """``NGX003 error`` of every finding, info included."""
    return sorted(f"{finding.code} {finding.severity}" for finding in found(text, target, config))


PASS = "proxy_pass http://app;"


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (site(PASS + TRIO), [], []),
        (site(PASS + TRIO, upstream=""), ["NGX001 warning"], []),
        (site(PASS), ["NGX003 error"], []),
        (site(PASS + 'proxy_set_header Connection "";'), ["NGX003 error"], []),
        (site(PASS + "proxy_http_version 1.1;"), ["NGX005 error"], []),
        (site(PASS, server=TRIO), [], []),
        (site(PASS + "proxy_set_header X-A b;", server=TRIO), ["NGX011 error"], []),
        (site(PASS + "proxy_http_version 1.0;"), ["NGX004 error"], ["NGX004 error"]),
        (site(PASS + "proxy_http_version 1.0; proxy_set_header Connection Keep-Alive;"), [], []),
        (site(PASS + "proxy_http_version 1.1; proxy_set_header Connection Close;"), ["NGX006 error"], ["NGX006 error"]),
        (site(PASS + TRIO + "proxy_set_header connection close;"), ["NGX010 error"], ["NGX010 error"]),
        (site(PASS + TRIO, upstream="keepalive 8; least_conn;"), ["NGX012 error"], []),
        (site(PASS + TRIO, upstream="keepalive 8; zone app 64k;"), [], []),
        (site(PASS + TRIO, upstream="keepalive_timeout 30s;"), ["NGX015 warning"], []),
        (site(PASS + TRIO, upstream="keepalive 8; keepalive_timeout 0;"), ["NGX019 error"], ["NGX019 error"]),
        (site(PASS + TRIO, upstream="keepalive 8; keepalive_requests 0;"), ["NGX017 error"], ["NGX017 error"]),
        (site(PASS + TRIO, upstream="keepalive 8; keepalive_requests 1;"), ["NGX017 warning"], ["NGX017 warning"]),
        (site(PASS + TRIO, upstream="keepalive 8; keepalive_requests 5;"), ["NGX018 info"], ["NGX018 info"]),
        (site(PASS + TRIO, upstream="server 10.0.0.2; keepalive 1;"), ["NGX021 warning"], ["NGX021 warning"]),
        (site(PASS + TRIO, upstream="server 10.0.0.2; keepalive 2;"), [], []),
        (site("grpc_pass grpc://app;"), [], []),
        (site("grpc_pass grpc://app;", upstream=""), ["NGX001 warning"], []),
        (site("uwsgi_pass app;"), ["NGX031 warning"], ["NGX031 warning"]),
        (site("uwsgi_pass app;", upstream=""), [], []),
        (site("fastcgi_pass app;"), ["NGX028 warning"], ["NGX028 warning"]),
        (site("fastcgi_pass app; fastcgi_keep_conn on;"), [], []),
        (site("fastcgi_pass app; fastcgi_keep_conn on;", upstream=""), ["NGX029 warning"], []),
        (site("proxy_pass http://$http_host;", upstream=""), [], []),
        (site("set $u app; proxy_pass http://$u;" + TRIO), [], []),
        (site("proxy_pass http://APP;" + TRIO), [], []),
    ],
)
def test_reuse_before_and_after_the_new_defaults(text: str, old: list[str], new: list[str]) -> None:
    assert marks(text, OLD) == old
    assert marks(text, NEW) == new


def test_without_a_target_the_message_says_until_when() -> None:
    (finding,) = found(site(PASS + TRIO, upstream=""))
    assert finding.message.endswith("(before nginx 1.29.7)")


def test_a_pool_switched_off() -> None:
    assert "NGX016 warning" in marks(site(PASS, upstream="keepalive 0;"), NEW)
    assert "NGX016 warning" not in marks(site(PASS, upstream="keepalive 0;"), OLD)


MAP = "map $http_upgrade $cu {{ default upgrade; {} }}"
UPGRADE = PASS + "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $cu;"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("'' close;", ["NGX007 warning"]),
        ('"" "close";', ["NGX007 warning"]),
        ("'' '';", []),
        ('"" "";', []),
        ("", []),
    ],
)
def test_the_websocket_map(entry: str, expected: list[str]) -> None:
    assert marks(site(UPGRADE, http=MAP.format(entry)), NEW) == expected
    assert marks(site(UPGRADE, http=MAP.format(entry)), OLD) == expected
    assert marks(site(UPGRADE, http=MAP.format(entry), upstream=""), OLD) == ["NGX001 warning"]


def test_a_map_whose_default_closes() -> None:
    http = "map $http_upgrade $cu { websocket upgrade; default close; }"
    assert marks(site(UPGRADE, http=http), NEW) == ["NGX007 warning"]
    assert marks(site(UPGRADE, http="map $http_upgrade $cu { websocket upgrade; default ''; }"), NEW) == []


def test_the_fixes_end_the_findings() -> None:
    for text in (
        site(PASS + "proxy_http_version 1.1;"),
        site(PASS + "\n        proxy_http_version 1.1;\n        proxy_set_header Host $host;"),
        site(PASS + "proxy_set_header X-A b;", server=TRIO),
        site(PASS + TRIO, upstream=""),
        site(PASS + TRIO, upstream="keepalive_timeout 30s;"),
        site(PASS + TRIO, upstream="keepalive 8;\n    least_conn;"),
        site(PASS + TRIO, upstream="keepalive 8; keepalive_timeout 0;"),
        site(UPGRADE, http=MAP.format("'' close;")),
        site(UPGRADE, http=MAP.format('"" "close";')),
        site("uwsgi_pass app;"),
    ):
        (finding,) = found(text, OLD)
        assert finding.fix is not None, finding.message
        assert not finding.fix.safe
        assert marks(applied(text, finding), OLD) == [], finding.message


def applied(text: str, finding: Finding) -> str:
    assert finding.fix is not None
    for edit in sorted(finding.fix.edits, key=lambda edit: -edit.start):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def test_one_finding_for_many_locations_of_one_cause() -> None:
    locations = "".join(f"location /{number} {{ {PASS} proxy_http_version 1.1; }}" for number in range(30))
    text = site(PASS + "proxy_http_version 1.1;", server=locations)
    (finding,) = found(text, OLD)
    assert finding.code == "NGX005"
    assert 1 < len(finding.related) < 10
    assert finding.fix is not None
    assert marks(applied(text, finding), OLD) == []


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("proxy_pass http://10.0.0.9:80;" + TRIO, ["NGX002 warning"]),
        ("proxy_pass http://10.0.0.9:80;", ["NGX002 info"]),
        ("grpc_pass grpc://10.0.0.9:80;", ["NGX002 warning"]),
        ("proxy_pass http://backend;", []),
        ("proxy_pass http://backend:8080;", ["NGX002 info"]),
        ("fastcgi_pass 10.0.0.9:9000;", []),
        ("fastcgi_pass 10.0.0.9:9000; fastcgi_keep_conn on;", ["NGX029 warning"]),
        ("uwsgi_pass 10.0.0.9:9000;", []),
        ("proxy_pass http://unix:/run/app.sock;", ["NGX002 info"]),
    ],
)
def test_addresses_without_an_upstream(location: str, expected: list[str]) -> None:
    assert marks(f"server {{ listen 80; location / {{ {location} }} }}", NEW) == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("set $n app.acme.io; proxy_pass http://$n:80;" + TRIO, ["NGX034 warning"]),
        ("set $n app.acme.io; proxy_pass http://$n;", ["NGX034 info"]),
        ("set $s http; set $n box; set $p 80; proxy_pass $s://$n:$p;", ["NGX034 info"]),
        ("set $n box; proxy_pass http://$n;", []),
        ("set $n 10.0.0.1; proxy_pass http://$n:80;", ["NGX002 info"]),
        ("set $n $host; proxy_pass http://$n:80;", []),
        ("proxy_pass http://$elsewhere:80;", []),
    ],
)
def test_variables_that_hold_a_name(location: str, expected: list[str]) -> None:
    assert marks(f"server {{ listen 80; location / {{ {location} }} }}", NEW) == expected
    if expected and expected[0] > "NGX033":
        whole = "events {{ }} http {{ {} server {{ listen 80; location / {{ {} }} }} }}"
        assert marks(whole.format("", location), NEW) == ["NGX033 error"]
        assert marks(whole.format("resolver 10.0.0.2;", location), NEW) == expected


def test_a_variable_belongs_to_its_server() -> None:
    text = """server { listen 80; location / { set $n one.acme.io; proxy_pass http://$n; } }
server { listen 81; location / { set $n 10.0.0.1; proxy_pass http://$n; } }"""
    assert [(finding.code, finding.line) for finding in found(text, NEW)] == [("NGX034", 1), ("NGX002", 2)]


def test_an_address_is_reported_once_at_the_location_that_wants_reuse() -> None:
    text = f"""server {{
    location /a {{ proxy_pass http://10.0.0.9; }}
    location /b {{ proxy_pass http://10.0.0.9:80; {TRIO} }}
    location /c {{ proxy_pass http://10.0.0.9/x; }}
}}"""
    (finding,) = found(text, NEW)
    assert (finding.severity, finding.line, len(finding.related)) == ("warning", 3, 2)


def test_an_if_that_inherits_the_handler_is_no_second_location() -> None:
    text = site("if ($arg_x) { set $y 1; }" + PASS + "proxy_http_version 1.1;")
    (finding,) = found(text, OLD)
    assert finding.related == ()


TLS = "proxy_pass https://app; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_ssl_server_name on;"


def two(first: str, second: str, upstream: str = "keepalive 8;") -> str:
    return site(first, upstream=upstream, server=f"location /b {{ {second} }}")


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (two(TLS + "proxy_ssl_name a;", TLS + "proxy_ssl_name b;"), ["NGX023 error"], ["NGX023 error"]),
        (two(TLS + "proxy_ssl_name a;", TLS + "proxy_ssl_name a;"), [], []),
        (two(TLS + "proxy_ssl_name a;", TLS + "proxy_ssl_name b;", ""), ["NGX001 warning"], []),
        (site(TLS + "proxy_ssl_name $arg_n;"), ["NGX024 error"], ["NGX024 error"]),
        (site(TLS + "proxy_ssl_name $proxy_host;"), [], []),
        (site(TLS + "proxy_ssl_name $server_name;"), [], []),
        (two(PASS + TRIO + "proxy_bind 10.0.0.3;", PASS + TRIO), ["NGX025 warning"], ["NGX025 warning"]),
        (site(PASS + TRIO + "proxy_bind $remote_addr transparent;"), ["NGX025 error"], ["NGX025 error"]),
    ],
)
def test_identities_in_a_shared_pool(text: str, old: list[str], new: list[str]) -> None:
    assert marks(text, OLD) == old
    assert marks(text, NEW) == new


def test_a_local_pool_keeps_locations_apart_but_may_be_too_small() -> None:
    other = PASS.replace("app", "app/x")
    assert marks(two(PASS, other, "keepalive 8 local;"), NEW) == []
    assert marks(two(PASS, other, "keepalive 1 local;"), NEW) == ["NGX026 warning"]
    assert marks(two(PASS, other, "keepalive 3 local;"), NEW) == ["NGX026 info"]
    assert marks(two(TLS + "proxy_ssl_name a;", TLS + "proxy_ssl_name b;", "keepalive 8 local;"), NEW) == []


def test_backends_as_the_user_describes_them() -> None:
    config = "[nginx]\nbackend_idle = '5s'\n"
    assert marks(site(PASS + TRIO), OLD, config) == ["NGX020 warning"]
    assert marks(site(PASS + TRIO, upstream="keepalive 8; keepalive_timeout 4s;"), OLD, config) == []
    assert marks(site(PASS, upstream=""), NEW, config) == ["NGX020 warning"]
    main = "worker_processes 4; events {{ }} http {{ {} }}"
    config = "[nginx]\nbackend_capacity = 31\n"
    assert "NGX022 warning" in marks(main.format(site(PASS + TRIO)), OLD, config)
    assert "NGX022 warning" not in marks(main.format(site(PASS + TRIO, upstream="keepalive 7;")), OLD, config)


def test_answers_that_are_not_read() -> None:
    text = site("internal;" + PASS + TRIO, server="location /x { mirror /m; root /; }").replace(
        "location / {", "location = /m {"
    )
    assert marks(text, OLD) == ["NGX032 info"]
    assert marks(site(PASS + TRIO + "proxy_intercept_errors on;"), OLD) == ["NGX032 info"]


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("server x.eu-west-1.elb.amazonaws.com;", ["NGX036 warning"]),
        ("server api.acme.io;", ["NGX036 info"]),
        ("server app;", []),
        ("server a.b.svc.cluster.local;", []),
        ("server localhost;", ["NGX037 info"]),
        ("server 127.0.0.1;", []),
    ],
)
def test_names(server: str, expected: list[str]) -> None:
    assert marks(f"upstream u {{ {server} }}", NEW) == expected


def test_repeated_names_that_may_be_empty_are_meant() -> None:
    both = "proxy_set_header X-T {}; proxy_set_header x-t {};"
    assert marks(site(PASS + TRIO + both.format("$cookie_t", "$http_t")), NEW) == []
    assert marks(site(PASS + TRIO + both.format("a", "b")), NEW) == ["NGX010 warning"]


def test_what_is_not_in_sight_is_not_judged() -> None:
    assert marks(site(PASS + "include snippets/proxy.conf;"), OLD) == []
    assert marks(site(PASS + "proxy_http_version 1.1; include snippets/proxy.conf;"), OLD) == []
    assert marks(site(PASS + TRIO, upstream="include snippets/pool.conf;"), OLD) == []
    assert marks("location / { proxy_pass http://app; }", OLD) == []
    assert marks("proxy_set_header Host $host;\nproxy_pass http://app;\n", OLD) == []


def place_of(text: str, word: str) -> Place:
    at = text.index(word)
    return Place(Source("a", text), at, at + len(word))


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("a b;\nc d;\n", "b", "a b;\nx;\nc d;\n"),
        ("\ta b; # why\n", "b", "\ta b;\n\tx; # why\n"),
        ("l { a b; c; }", "b", "l { a b; x; c; }"),
        ('  a b "c;d"\n ;\n', "b", '  a b "c;d"\n ;\n  x;\n'),
        ("a b # ;\n;\n", "b", "a b # ;\n;\nx;\n"),
    ],
)
def test_a_statement_behind_another(text: str, word: str, expected: str) -> None:
    edit = insert_after(place_of(text, word), "x;")
    assert edit is not None
    assert text[: edit.place.start] + edit.text + text[edit.place.end :] == expected


def test_edits_that_cannot_be_made() -> None:
    assert statement_end(place_of("a b", "b")) is None
    assert statement_end(place_of("a b {{ c }};", "b")) is None
    assert insert_after(place_of("a b", "b"), "x;") is None
    assert removal(place_of("a b", "a"), place_of("a b", "b")) is None
