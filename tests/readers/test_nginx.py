"""The reading of nginx configurations: levels, inheritance, targets, includes, templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poollint.blocks import UNKNOWN, Block
from poollint.files import MemoryFiles
from poollint.knowledge.index import knowledge
from poollint.readers.base import ReadContext, Reading
from poollint.readers.nginx import read
from poollint.readers.nginx_addresses import address_trouble
from poollint.readers.nginx_directives import condition_trouble
from poollint.readers.nginx_grammar import parse_int, parse_size, parse_time, script_fault
from poollint.readers.nginx_names import Spelling, edit_distance
from poollint.source import Source
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping


def reading(text: str, *, path: str = "conf/nginx.conf", target: str = "", **others: str) -> Reading:
    """What the reader makes of a text; ``others`` are files beside it, ``__`` in a name is a slash, ``_`` a dot."""
    files = {f"conf/{name.replace('__', '/').replace('_', '.')}": content for name, content in others.items()}
    context = ReadContext(
        knowledge().catalogue("nginx"),
        MemoryFiles({path: text, **files}),
        target=parse_version(target) if target else None,
    )
    return read(Source(path, text), context)


def one(found: Reading, kind: str, name: str | None = None) -> Block:
    blocks = [block for block in found.blocks if block.kind == kind and (name is None or block.name == name)]
    assert len(blocks) == 1, found.blocks
    return blocks[0]


def kinds(found: Reading) -> set[str]:
    """Every problem, of the blocks and of the file."""
    return {problem.kind for block in found.blocks for problem in block.problems} | {
        problem.kind for problem in found.problems
    }


def in_location(body: str, *, server: str = "", http: str = "") -> str:
    return f"events {{ }}\nhttp {{\n{http}\nserver {{\nlisten 80;\n{server}\nlocation / {{\n{body}\n}}\n}}\n}}\n"


# Inheritance


def test_scalars_come_from_the_nearest_level() -> None:
    found = reading(in_location("proxy_pass http://1.1.1.1;", http="proxy_read_timeout 5s;", server="send_timeout 1m;"))
    location = one(found, "location")
    assert location.value("proxy_read_timeout") == 5
    setting = location.get("proxy_read_timeout")
    assert setting is not None
    assert setting.origin == "inherited"
    assert setting.place is not None
    assert setting.place.text == "5s"
    assert location.value("send_timeout") == 60
    assert location.value("proxy_connect_timeout") == 60
    assert one(found, "server").value("send_timeout") == 60


def test_what_stands_after_the_location_is_inherited_too() -> None:
    text = "events {} http { server { location / { proxy_pass http://1.1.1.1; } } proxy_read_timeout 7; }"
    assert one(reading(text), "location").value("proxy_read_timeout") == 7


def test_an_upstream_has_keep_alive_of_its_own() -> None:
    http = "keepalive_timeout 5s; keepalive_requests 3; resolver 10.0.0.2; upstream a { server 10.0.0.1; keepalive 8; }"
    upstream = one(reading(in_location("proxy_pass http://a;", http=http)), "upstream")
    assert upstream.value("keepalive_timeout") == 60
    assert upstream.value("keepalive_requests") == 1000
    assert upstream.value("resolver") == "10.0.0.2"  # but it asks the same name servers


def test_defaults_follow_the_version() -> None:
    text = in_location("proxy_pass http://1.1.1.1;")
    assert one(reading(text), "location").value("proxy_http_version") == "1.1"
    assert one(reading(text, target="1.28.3"), "location").value("proxy_http_version") == "1.0"
    assert one(reading(text), "location").facts["http_version"] is None


def test_an_inner_array_replaces_the_outer_one() -> None:
    found = reading(
        in_location(
            'proxy_pass http://1.1.1.1; proxy_set_header Host $host; proxy_set_header HOST "";',
            server='proxy_set_header Connection "";',
        )
    )
    location = one(found, "location")
    assert set(location.facts["headers"]) == {"host"}
    assert [each.name for each in location.facts["header_list"]] == ["Host", "HOST"]
    assert set(location.facts["lost_headers"]) == {"connection"}
    assert location.facts["connection"] is None
    assert location.facts["header_level"] is location


def test_an_array_of_an_outer_level_holds_inside() -> None:
    found = reading(in_location("proxy_pass http://1.1.1.1;", http="proxy_set_header Connection CLOSE;"))
    location = one(found, "location")
    assert location.facts["connection"] == "close"
    assert location.facts["header_level"] is one(found, "http")
    assert not location.facts.get("lost_headers")


def test_handlers_are_not_inherited_but_by_pseudo_locations() -> None:
    body = "proxy_pass http://1.1.1.1; location /a { proxy_read_timeout 3; } if ($x = a) { set $b c; }"
    found = reading(in_location(body))
    assert one(found, "location", "/a").facts["handler"] == ""
    pseudo = next(block for block in found.blocks if block.facts.get("pseudo") == "if")
    assert pseudo.facts["handler"] == "proxy_pass"
    assert pseudo.facts["target_host"] == "1.1.1.1"


def test_links_lead_from_the_location_to_everything_around_it() -> None:
    found = reading(
        in_location("proxy_pass http://app;", http="upstream APP { server 1.1.1.1:80; keepalive 4 local; }")
    )
    location, upstream = one(found, "location"), one(found, "upstream")
    assert location.links["upstream"] is upstream
    assert location.links["server"] is one(found, "server")
    assert location.links["http"] is one(found, "http")
    assert location.links["main"] is one(found, "main")
    assert upstream.facts["users"] == [location]
    assert upstream.facts["keepalive"] == 4
    assert upstream.facts["keepalive_local"] is True
    assert upstream.facts["pooled"] is True
    assert location.path == "http.server 80.location /"


def test_an_upstream_in_facts() -> None:
    text = """
    upstream app {
        least_conn;
        server 10.0.0.1:80 max_conns=3 backup;
        server unix:/tmp/x;
        server app.example:81 down;
        server ${HOST};
        keepalive 8;
        random;
        zone app 64k;
    }
    """
    upstream = one(reading(text), "upstream")
    facts = upstream.facts
    assert [(each.kind, each.host, each.port) for each in facts["servers"]] == [
        ("ip", "10.0.0.1", 80),
        ("unix", "unix:/tmp/x", None),
        ("hostname", "app.example", 81),
        ("unknown", "${HOST}", None),
    ]
    assert facts["servers"][0].params == {"max_conns": "3", "backup": ""}
    assert facts["peers"] == 2
    assert facts["balancer"] == "random"
    assert [each[0] for each in facts["balancer_statements"]] == ["least_conn", "random"]
    assert facts["balancer_statements"][0][2] < facts["keepalive_index"] < facts["balancer_statements"][1][2]
    assert facts["has_zone"] is True
    assert one(reading("upstream a { server b; }"), "upstream").facts["pooled"] == "new"


@pytest.mark.parametrize(
    ("statement", "kind", "host", "port", "scheme"),
    [
        ("proxy_pass http://app;", "upstream", "app", None, "http"),
        ("proxy_pass https://10.0.0.1:8443/x;", "address", "10.0.0.1", 8443, "https"),
        ("proxy_pass http://[::1]:80;", "address", "[::1]", 80, "http"),
        ("proxy_pass http://app.example;", "hostname", "app.example", None, "http"),
        ("proxy_pass http://unix:/run/a.sock:/x;", "unix", "unix:/run/a.sock", None, "http"),
        ("proxy_pass http://$other;", "variable", "$other", None, "http"),
        ("set $u app; proxy_pass http://$u;", "upstream", "$u", None, "http"),
        ("set $u 10.0.0.1; proxy_pass http://$u:80;", "address", "$u:80", 80, "http"),
        ("proxy_pass http://$mapped;", "upstream", "$mapped", None, "http"),
        ("proxy_pass http://${BACKEND};", "unknown", "", None, "http"),
        ("fastcgi_pass 127.0.0.1:9000;", "address", "127.0.0.1", 9000, ""),
        ("grpc_pass grpcs://app;", "upstream", "app", None, "grpcs"),
        ("uwsgi_pass app;", "upstream", "app", None, ""),
        ("uwsgi_pass unix:///run/app.sock;", "unix", "unix:///run/app.sock", None, ""),
        ("return 204;", "", "", None, ""),
    ],
)
def test_targets(statement: str, kind: str, host: str, port: int | None, scheme: str) -> None:
    http = "upstream app { server 1.1.1.1:80; } map $host $mapped { default app; a APP; }"
    found = reading(in_location(statement + " proxy_read_timeout 3;", http=http))
    facts = one(found, "location").facts
    if "${BACKEND}" in statement:
        assert facts["target_kind"] in ("unknown", "variable")
        return
    assert (facts["target_kind"], facts["target_host"], facts["target_port"]) == (kind, host, port)
    assert facts["scheme"] == scheme


def test_listens_maps_and_zones() -> None:
    text = """
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    limit_conn_zone $binary_remote_addr zone=addr:10m;
    server { listen 80; listen [::]:443 ssl http2; listen unix:/tmp/x; listen 8.8.8.8; server_name a b; limit_conn addr 5; }
    """
    found = reading(text)
    server = one(found, "server")
    assert [(each.address, each.port, each.params) for each in server.facts["listens"]] == [
        ("*", 80, ()),
        ("[::]", 443, ("ssl", "http2")),
        ("unix:/tmp/x", None, ()),
        ("8.8.8.8", 80, ()),
    ]
    assert server.facts["names"] == ("a", "b")
    assert [(each.zone, each.number) for each in server.facts["limit_conns"]] == [("addr", 5)]
    http = server.links["http"]
    table = http.facts["maps"]["$connection_upgrade"]
    assert (table.source, table.default, [entry[:2] for entry in table.entries]) == (
        "$http_upgrade",
        "upgrade",
        [("", "close")],
    )
    assert http.facts["limit_conn_zones"]["addr"].size == 10 * 1024 * 1024


def test_stream() -> None:
    text = """
    events { }
    stream {
        proxy_timeout 1h;
        upstream db { server 10.0.0.1:5432; }
        server { listen 5432; proxy_pass db; }
    }
    """
    found = reading(text)
    server = one(found, "stream_server")
    assert server.value("proxy_timeout") == 3600
    assert server.facts["target_kind"] == "upstream"
    assert server.links["upstream"] is one(found, "stream_upstream")
    assert one(found, "stream_upstream").facts["users"] == [server]
    assert one(found, "stream_upstream").facts["pooled"] is False


# What is not in sight


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("worker_processes 1;", "main"),
        ("server { listen 80; }", "server"),
        ("upstream a { server b; }", "upstream"),
        ("location / { proxy_pass http://a; }", "location"),
        ("proxy_set_header Host $host;", "location"),
        ("server 10.0.0.1:80; keepalive 3;", "upstream"),
        ("server { listen 5432; proxy_pass 10.0.0.1:5432; }", "stream_server"),
    ],
)
def test_snippets_are_understood_by_what_they_hold(text: str, kind: str) -> None:
    found = reading(text, path="conf/snippet.conf")
    assert kinds(found) == set()
    assert any(block.kind == kind for block in found.blocks)


def test_a_snippet_of_locations_knows_nothing_of_its_server() -> None:
    location = one(reading("location / { proxy_pass http://1.1.1.1; }", path="conf/a.conf"), "location")
    assert location.value("proxy_http_version") is UNKNOWN
    assert location.facts["connection"] is UNKNOWN
    assert location.facts["complete"] is False
    assert location.facts["http_version"] is UNKNOWN


def test_a_snippet_of_servers_counts_as_whole() -> None:
    location = one(reading("server { location / { proxy_pass http://1.1.1.1; } }", path="conf/a.conf"), "location")
    assert location.value("proxy_read_timeout") == 60
    assert location.facts["complete"] is True
    assert location.links["http"].facts["written"] is False


def test_an_unread_include_leaves_its_level_unknown() -> None:
    found = reading(in_location("proxy_pass http://1.1.1.1;", server="include /elsewhere/x.conf;"))
    location = one(found, "location")
    assert location.value("proxy_read_timeout") is UNKNOWN
    assert location.facts["connection"] is UNKNOWN
    assert one(found, "http").value("keepalive_timeout") == 75


def test_what_is_written_is_known_in_spite_of_it() -> None:
    found = reading(
        in_location("proxy_pass http://1.1.1.1; proxy_read_timeout 3;", server="include /elsewhere/x.conf;")
    )
    assert one(found, "location").value("proxy_read_timeout") == 3


def test_an_upstream_with_an_unread_include() -> None:
    upstream = one(reading("events {} http { upstream a { include /elsewhere/x; } }"), "upstream")
    assert upstream.facts["keepalive"] is UNKNOWN
    assert upstream.facts["complete"] is False


# Includes


def test_includes_are_spliced_and_count_from_the_main_folder() -> None:
    text = "events {} http { include sub/a.conf; upstream app { include sub/up.inc; } }"
    found = reading(
        text,
        sub__a_conf="include sub/b.conf;",
        sub__b_conf="proxy_read_timeout 9;",
        sub__up_inc="server a; keepalive 7;",
    )
    assert one(found, "http").value("proxy_read_timeout") == 9
    assert one(found, "upstream").value("keepalive") == 7
    assert set(found.included) == {"conf/sub/a.conf", "conf/sub/b.conf", "conf/sub/up.inc"}
    setting = one(found, "upstream").get("keepalive")
    assert setting is not None
    assert setting.place is not None
    assert setting.place.source.path == "conf/sub/up.inc"


@pytest.mark.parametrize(
    ("include", "kind"),
    [
        ("nothing.conf", "missing-include"),
        ("nothing-*.conf", ""),
        ("nothing[0-9].conf", ""),
        ("not/there/nothing.conf", ""),
        ("mime.types", ""),
        ("/etc/nginx/mime.types", ""),
        ("/etc/nginx/conf.d/*.conf", ""),
        ("${DIR}/x.conf", ""),
        ("nginx.conf", "include-cycle"),
        ("sub", "missing-include"),
    ],
)
def test_includes_that_bring_nothing(include: str, kind: str) -> None:
    found = reading(f"events {{}} http {{ include {include}; }}", sub__x_conf="")
    assert kinds(found) == ({kind} if kind else set())


def test_a_cycle_of_two() -> None:
    found = reading("events {} http { include a.conf; }", a_conf="include b.conf;", b_conf="include a.conf;")
    assert kinds(found) == {"include-cycle"}


def test_absolute_includes_are_looked_for_beside_a_copy() -> None:
    context = ReadContext(
        knowledge().catalogue("nginx"),
        MemoryFiles({"conf/conf.d/a.conf": "send_timeout 3;", "conf/nginx.conf": ""}),
    )
    text = "events {} http { include /etc/nginx/conf.d/*.conf; }"
    assert one(read(Source("conf/nginx.conf", text), context), "http").value("send_timeout") == 3


def test_parameter_files_of_the_distribution_are_known() -> None:
    found = reading(
        in_location("include proxy_params; proxy_pass http://1.1.1.1;", server='proxy_set_header Connection "";')
    )
    location = one(found, "location")
    assert set(location.facts["lost_headers"]) == {"connection"}
    assert location.facts["headers"]["host"].value == "$http_host"


def test_many_includes_are_bounded() -> None:
    others = {f"i{i}_conf": f"include i{i + 1}.conf; include i{i + 1}.conf;" for i in range(30)}
    others["i30_conf"] = "send_timeout 3;"
    assert "include-limit" in kinds(reading("events {} http { include i0.conf; }", **others))


# Templates


def test_conditional_statements_are_not_absent_and_not_duplicate() -> None:
    text = "upstream a {\nserver b;\n{% if pool %}\nkeepalive 8;\n{% else %}\nkeepalive 9;\n{% endif %}\n}"
    found = reading(text, path="conf/a.conf")
    assert kinds(found) == set()
    assert one(found, "upstream").facts["complete"] is False


def test_placeholders_are_unknown() -> None:
    upstream = one(reading("upstream a { server b; keepalive ${POOL}; keepalive_timeout {{ t }}; }"), "upstream")
    assert upstream.facts["keepalive"] is UNKNOWN
    assert upstream.value("keepalive_timeout") is UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "server {\n{% for a in b %}\nlocation {{ a }} { proxy_pass http://{{ b }}; }\n{% endfor %}\n}",
        '{{ define "x" }}\nlocation / { }\n{{ end }}\nserver { listen 80; }',
        "upstream a {\n<% @servers.each do |s| -%>\n  server <%= s %>;\n<% end -%>\n}",
        "server {\n{% if a %}\nlocation / {\n{% else %}\nlocation /b {\n{% endif %}\nreturn 204; }\n}",
        "server { listen %ip%:%port%; location / { proxy_pass http://%ip%:%port%; } }",
    ],
)
def test_no_problem_is_invented_in_a_template(text: str) -> None:
    assert kinds(reading(text, path="conf/a.conf")) == set()


# What nginx refuses


@pytest.mark.parametrize(
    ("text", "target", "kind"),
    [
        ("upstream a { server b; keepalive 0; }", "1.29.6", "newer-than-target"),
        ("upstream a { server b; keepalive 0; }", "1.29.7", ""),
        ("upstream a { server b; keepalive 0; }", "", ""),
        ("upstream a { server b; keepalive 3 local; }", "1.28.0", "newer-than-target"),
        ("upstream a { server b; keepalive 3 single; }", "", "invalid-value"),
        ("upstream a { server b; sticky cookie x; }", "1.28.0", "newer-than-target"),
        ("upstream a { server b; sticky cookie x; }", "1.29.6", ""),
        ("upstream a { server b; least_time header; }", "1.30.0", "newer-than-target"),
        ("upstream a { server b; ntlm; }", "", "commercial-directive"),
        ("upstream a { server b; max_conns 3; }", "", "unknown-directive"),
        ("upstream a { server b; resolver 1.1.1.1; }", "1.27.2", "newer-than-target"),
        ("upstream a { server b weight=0; }", "", "invalid-value"),
        ("upstream a { ip_hash; server b; server c backup; }", "", "invalid-value"),
        ("upstream a { server b; zone a 1k; }", "", "zone-too-small"),
        ("upstream a { }", "", "missing-statement"),
        ("upstream a { server b; } upstream A { server c; }", "", "duplicate-directive"),
        ("server { max_headers 3; }", "1.22.1", ""),
        ("server { max_headers 3; }", "1.28.0", "newer-than-target"),
        ("server { http2_max_requests 3; }", "1.19.6", ""),
        ("server { http2_max_requests 3; }", "1.19.7", "obsolete-directive"),
        ("server { proxy_http_version 2; }", "1.28.0", "newer-than-target"),
        ("server { proxy_http_version 3; }", "", "invalid-value"),
        ("server { proxy_read_timeout 1M; }", "", "invalid-value"),
        ("server { proxy_read_timeout; }", "", "wrong-argument-count"),
        ("server { proxy_read_timeout 3 { } }", "", "not-terminated"),
        ("server { location; }", "", "not-terminated"),
        ("server { keepalive 3; }", "", "misplaced-directive"),
        ("server { keepalives 3; }", "", "unknown-directive"),
        ("server { keepalive_time_out 3; }", "", "unknown-directive"),
        ("server { some_module_thing 3; }", "", ""),
        ("server { send_timeout 3; send_timeout 3; }", "", "duplicate-directive"),
        ("server { location / { } location / { } }", "", "duplicate-directive"),
        ("server { proxy_next_upstream error error; }", "", "repeated-word"),
        ("server { listen 80; listen *:80; }", "", "conflicting-listen"),
        ("server { location / { proxy_pass app; } }", "", "invalid-value"),
        ("server { location ~ a { proxy_pass http://b/c; } }", "", "invalid-value"),
        ("server { location / { fastcgi_pass 127.0.0.1; } }", "", "invalid-value"),
        ("server { location / { proxy_pass http://a.invalid; } }", "", "host-not-found"),
        ("upstream a { server b; } server { location / { proxy_pass http://a:80; } }", "", "upstream-name-with-port"),
        ("events {} http { limit_conn x 3; }", "", "zone-undeclared"),
        ("limit_conn_zone $host zone=x:1m; server { limit_conn y 3; }", "", ""),
        ("events {} http { resolver 1.1.1.1; upstream a { server b resolve; } }", "", "resolve-needs"),
        ("events { worker_connections 1; } http { server { } }", "", "too-few-connections"),
        ("http { }", "", "missing-statement"),
        ("limit_zone a $b 1m; map $a $b { }", "", "removed-directive"),
        ("\ufeffevents { }", "", "syntax-error"),
        ("map $a $b { x { } }", "", "syntax-error"),
        ("stream { server { proxy_pass 1.1.1.1:5; } } events { }", "", "missing-statement"),
    ],
)
def test_problems(text: str, target: str, kind: str) -> None:
    assert kinds(reading(text, target=target)) == ({kind} if kind else set())


def test_an_empty_file() -> None:
    assert kinds(reading("")) == {"missing-statement"}
    assert kinds(reading("", path="nginx/conf.d/empty.conf")) == set()
    assert kinds(reading("# nothing yet\n", path="conf/a.conf")) == set()


def test_blanks_that_are_none() -> None:
    assert kinds(reading("upstream a { server b; keepalive\u00a016; }")) == {"syntax-error"}
    assert kinds(reading("upstream a { server b; keepalive 16\u00a0; }")) == {"invalid-value"}


def test_a_default_server_with_tls_needs_a_certificate() -> None:
    server = "server { listen 443 ssl; server_name a; %s }"
    whole = "events {} http { %s }"
    assert kinds(reading(whole % (server % ""))) == {"missing-statement"}
    assert kinds(reading(whole % (server % "ssl_reject_handshake on;"))) == set()
    assert kinds(reading(whole % ("ssl_certificate x; " + server % ""))) == set()
    assert kinds(reading(server % "")) == set()


@pytest.mark.parametrize(("target", "kind"), [("1.22.1", "deprecated-directive"), ("1.25.1", "removed-directive")])
def test_the_ssl_directive(target: str, kind: str) -> None:
    assert kinds(reading("server { ssl off; }", target=target)) == {kind}


def test_a_template_may_stand_for_several_arguments() -> None:
    assert (
        kinds(reading("server { limit_conn {{ zone }} 3 {{ more }}; proxy_buffers {{ both }}; }", path="conf/a"))
        == set()
    )


def test_every_typo_is_reported() -> None:
    found = reading("server { keepalives 1; } server { keepalives 2; }")
    assert sum(len(block.problems) for block in found.blocks) == 2


# Values


@pytest.mark.parametrize(
    ("text", "milliseconds", "seconds"),
    [
        ("30", 30, 30),
        ("1h30m", 5400, 5400),
        ("1h 30m", 5400, 5400),
        ("10m5", 605, 605),
        ("m5", 5, 5),
        ("10 ", 10, 10),
        ("016", 16, 16),
        ("500ms", 0.5, None),
        ("1M", None, 2592000),
        ("1y", None, 31536000),
        ("30s1m", None, None),
        ("1m1m", None, None),
        ("1.5s", None, None),
        ("-1", None, None),
        ("s", None, None),
        ("", None, None),
        ("off", None, None),
        ("10 s", None, None),
        ("10S", None, None),
        ("99999999999999999999", None, None),
    ],
)
def test_times(text: str, milliseconds: float | None, seconds: float | None) -> None:
    assert parse_time(text) == milliseconds
    assert parse_time(text, seconds=True) == seconds


def test_sizes_and_numbers() -> None:
    assert [parse_size(text) for text in ("8k", "1M", "5", "1g", "64kb", "1.5m", "", "k", "-1")] == [
        8192,
        1048576,
        5,
        *[None] * 6,
    ]
    assert parse_size("1g", "kKmMgG") == 1 << 30
    assert [parse_int(text) for text in ("016", "+1", "-1", "1k", "", "\u0663", "9" * 30)] == [16, *[None] * 6]


def test_addresses() -> None:
    good = ("a", "a:80", "10.0.0.1:1", "[::1]:80", "[::1]", "unix:/x")
    bad = ("", ":80", "a:0", "a:99999", "a:x", "http://a", "a/b", "[::1", "unix:", "::1")
    assert [address_trouble(text) for text in good] == [""] * len(good)
    assert all(address_trouble(text) for text in bad)


def test_variables_and_conditions() -> None:
    assert [script_fault(text) for text in ("a$b", "${b}c", "$1")] == [""] * 3
    assert all(script_fault(text) for text in ("$", "${b", "${}", "a $ b"))
    good: tuple[list[str], ...] = (["($a)"], ["($a", "=", "b)"], ["(", "$a", "~", "b", ")"], ["(!-f", "x)"])
    bad: tuple[list[str], ...] = (["$a"], ["($a=b)"], ["($a", "==", "b)"], ["()"])
    assert [condition_trouble(words) for words in good] == [""] * len(good)
    assert all(condition_trouble(words) for words in bad)


def test_spelling() -> None:
    spelling = Spelling(["keepalive", "proxy_read_timeout"])
    assert spelling.meant("keepalve") == "keepalive"
    assert spelling.meant("proxy_raed_timeout") == "proxy_read_timeout"
    assert spelling.meant("Keepalive") == "keepalive"
    assert spelling.meant("upstream_keepalive") == "keepalive"
    assert spelling.meant("gzip") == spelling.meant("keepalive") == spelling.meant("proxy_send_lowat") == ""
    assert edit_distance("abcd", "abdc", 2) == 1
    assert edit_distance("abc", "xyz", 1) == 2


# Anything at all

WORDS = st.sampled_from(
    [
        *(
            "events",
            "http",
            "server",
            "location",
            "upstream",
            "if",
            "map",
            "include",
            "stream",
            "limit_except",
            "types",
        ),
        *("keepalive", "keepalive_timeout", "proxy_pass", "proxy_set_header", "listen", "zone", "limit_conn", "set"),
        *(
            "http://a",
            "$a",
            "${A}",
            "{{ a }}",
            "80",
            "1m",
            "/",
            "~",
            "off",
            "zone=a:1m",
            "a=b",
            '""',
            "'x y'",
            "resolve",
        ),
        *("{", "}", ";", "{", "}", ";", "\n", "{% if a %}", "{% endif %}", "#c\n", "limit_conn_zone", "proxy_timeout"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=60))
def test_never_raises_and_every_place_is_true(words: list[str]) -> None:
    text = " ".join(words)
    found = reading(text)
    size = len(text)
    for problem in [*found.problems, *(each for block in found.blocks for each in block.problems)]:
        assert 0 <= problem.place.start <= problem.place.end <= size + 40
    for block in found.blocks:
        assert_places(block.settings, size)
        for name in ("headers", "servers", "listens"):
            assert block.facts.get(name) is None or block.facts[name] is not UNKNOWN


def assert_places(written: Mapping[str, Any], size: int) -> None:
    for name, setting in written.items():
        assert setting.place is not None
        assert setting.key_place is not None
        assert 0 <= setting.key_place.start < setting.key_place.end <= setting.place.end <= size
        assert setting.key_place.text.strip("\"'") == name


@pytest.mark.parametrize(
    "text",
    [
        "events {} http { server { " + "location / {\n" * 20_000 + "}" * 20_002,
        "server { " + "".join(f"proxy_{i}x 3;" for i in range(3000)) + "}",
        "server { " + "listen 80;" * 5000 + "}",
        "".join(f"map $v{i} $v{i + 1} {{ default $v{i}; a $v{i}; }}\n" for i in range(300))
        + "server { location / { proxy_pass http://$v300; } }",
    ],
    ids=["nested", "names", "listens", "chained maps"],
)
def test_hostile_files_are_bounded(text: str) -> None:
    reading(text)
