"""nginx towards its clients."""

from __future__ import annotations

import pytest
from nginx_blocks import Maker, cases, values

from poollint.blocks import UNKNOWN, Setting
from poollint.engine.detectors import nginx_clients as detectors
from poollint.source import Place, Source

COMMON = {"common": 60}


@pytest.mark.parametrize(
    ("value", "front", "found"),
    [
        (65, "gcp", ["known"]),
        (600, "gcp", ["known"]),
        (620, "gcp", []),
        (60, "aws-alb", ["known"]),
        (61, "aws-alb", []),
        (75, "cloudflare", ["told"]),
        (75, "600s", ["told"]),
        (75, "aws-nlb", []),
        (75, "haproxy", []),
        (0, "aws-alb", []),
        (UNKNOWN, "aws-alb", []),
        (30, None, ["short"]),
        (60, None, []),
        (0, None, []),
    ],
)
def test_below_balancer(value: object, front: str | None, found: list[str]) -> None:
    make = Maker()
    http = make.block("http", {"keepalive_timeout": value})
    assert cases(detectors.below_balancer(http, make.context(COMMON, front=front))) == found


def test_the_default_is_judged_once_a_file_and_only_when_the_balancer_is_told() -> None:
    make = Maker()
    http = make.block("http", facts={"written": True})
    servers = [make.block("server", links={"http": http}), make.block("server", links={"http": http})]
    context = make.context(COMMON, front="heroku")
    hits = [hit for server in servers for hit in detectors.below_balancer(server, context)]
    assert [(hit.case, hit.at, values(hit)["wanted"]) for hit in hits] == [("told-default", servers[0], 95)]
    assert not list(detectors.below_balancer(servers[0], make.context(COMMON)))
    http.facts["written"] = False
    assert not list(detectors.below_balancer(servers[0], make.context(COMMON, front="heroku")))


def test_an_inherited_time_is_reported_where_it_is_written() -> None:
    make = Maker()
    inherited = make.setting("keepalive_timeout", 30, "inherited")
    server = make.block("server", {"keepalive_timeout": inherited})
    assert not list(detectors.below_balancer(server, make.context(COMMON, front="aws-alb")))


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("1h 30m;", 3600, ["split"]),
        ("1m 30s ;", 60, ["split"]),
        ("1m\n 30s;", 60, ["split"]),
        ("2m 60s;", 120, []),
        ("75s 60s;", 75, []),
        ("65 60;", 65, []),
        ("65 65;", 65, []),
        ("65 120;", 65, ["promise"]),
        ("1h 2h;", 3600, ["promise"]),
        ("0 60;", 0, []),
        ("65;", 65, []),
        ("1h30m;", 5400, []),
        ("1h ${X};", 3600, []),
    ],
)
def test_split_time(text: str, value: float, found: list[str]) -> None:
    make = Maker()
    source = Source("nginx.conf", "keepalive_timeout " + text)
    setting = Setting("keepalive_timeout", value, place=Place(source, 18, 18 + len(text.split(maxsplit=1)[0])))
    http = make.block("http", {"keepalive_timeout": setting})
    hits = list(detectors.split_time(http, make.context()))
    assert cases(hits) == found
    for hit in hits:
        assert (hit.fix is not None and not hit.fix.safe) == (hit.case == "split")


def test_client_settings_beside_a_pass() -> None:
    make = Maker()
    upstream = make.block("upstream", name="app")
    facts = {"handler": "proxy_pass", "connection": None}
    plain = make.block("location", {"keepalive_timeout": 30}, facts=facts, links={"upstream": upstream})
    meant = make.block(
        "location",
        {"keepalive_timeout": 30, "proxy_http_version": "1.1"},
        facts=facts,
        links={"upstream": upstream},
    )
    static = make.block("location", {"keepalive_timeout": 30}, facts={"handler": ""})
    found = [cases(detectors.next_to_pass(block, make.context())) for block in (plain, meant, static)]
    assert found == [["plain"], ["meant"], []]
    upstream.settings["keepalive_timeout"] = make.setting("keepalive_timeout", 60)
    assert not list(detectors.next_to_pass(meant, make.context()))


def test_listen_http2_is_told_once_a_file_or_once_a_server() -> None:
    for target, found in ((None, ["untold"]), ((1, 28), ["told", "told"])):
        make = Maker(target)
        first = make.block("server", facts={"listens": [make.listen("ssl", "http2"), make.listen("http2")]})
        second = make.block("server", facts={"listens": [make.listen("http2")]})
        third = make.block("server", facts={"listens": [make.listen("ssl")]})
        context = make.context()
        hits = [hit for server in (first, second, third) for hit in detectors.listen_http2(server, context)]
        assert cases(hits) == found
        assert len(hits[0].related) == (2 if target is None else 1)


@pytest.mark.parametrize(
    ("settings", "params", "instances", "found"),
    [
        ({"ssl_session_tickets": False}, ("ssl",), 1, ["none"]),
        ({"ssl_session_tickets": False, "ssl_session_cache": "off"}, ("ssl",), 1, ["none"]),
        ({"ssl_session_tickets": False, "ssl_session_cache": "shared:SSL:10m"}, ("ssl",), 1, []),
        ({"ssl_session_tickets": False, "ssl_session_cache": UNKNOWN}, ("ssl",), 1, []),
        ({"ssl_session_tickets": False}, (), 1, []),
        ({"ssl_session_cache": "off"}, ("ssl",), 1, []),
        ({}, ("ssl",), 1, []),
        ({}, ("ssl",), 2, ["hosts"]),
        ({"ssl_session_ticket_key": "k"}, ("ssl",), 2, []),
        ({"ssl_session_ticket_key": UNKNOWN}, ("ssl",), 2, []),
        ({"proxy_ssl_session_reuse": False}, (), 1, ["backend"]),
    ],
)
def test_tls_resumption(settings: dict[str, object], params: tuple[str, ...], instances: int, found: list[str]) -> None:
    make = Maker()
    http = make.block("http", facts={"written": True})
    server = make.block("server", settings, facts={"listens": [make.listen(*params)]}, links={"http": http})
    assert cases(detectors.tls_resumption(server, make.context(instances=instances))) == found
