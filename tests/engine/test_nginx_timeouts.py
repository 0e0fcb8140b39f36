"""nginx timeouts and retries."""

from __future__ import annotations

from typing import Any

import pytest
from nginx_blocks import Maker, cases, values

from poollint.blocks import UNKNOWN, UNLIMITED, Block
from poollint.engine.detectors import nginx_timeouts as detectors


def proxied(make: Maker, settings: dict[str, Any] | None = None, **facts: Any) -> Block:
    """A location with proxy_pass to a pool that is used as it should be."""
    upstream = make.block("upstream", name="app", facts={"pooled": True, "peers": 4, "complete": True})
    more = {"handler": "proxy_pass", "headers": {}, "connection": "", "http_version": "1.1", **facts}
    http = make.block("http", facts={"written": True})
    return make.block("location", settings, facts=more, links={"upstream": upstream, "http": http})


def test_zero_breaks_what_hands_requests_on_and_is_a_risk_elsewhere() -> None:
    make = Maker()
    zero = make.setting("proxy_read_timeout", 0)
    server = make.block("server", {"proxy_read_timeout": zero, "fastcgi_read_timeout": 0})
    inherited = make.setting("proxy_read_timeout", 0, "inherited")
    inherited.place = zero.place
    location = proxied(make, {"proxy_read_timeout": inherited})
    context = make.context()
    assert cases(detectors.zero_timeout(server, context)) == ["answer", "unused"]
    assert not list(detectors.zero_timeout(location, context))


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("proxy_connect_timeout", 0, ["answer"]),
        ("proxy_send_timeout", 0, ["send"]),
        ("resolver_timeout", 0, ["resolver"]),
        ("send_timeout", 0, ["client-send"]),
        ("proxy_next_upstream_timeout", 0, []),
        ("proxy_buffering", False, []),
        ("proxy_read_timeout", UNKNOWN, []),
        ("proxy_read_timeout", 60, []),
    ],
)
def test_zero_timeout(name: str, value: Any, found: list[str]) -> None:
    make = Maker()
    location = proxied(make, {name: value})
    assert cases(detectors.zero_timeout(location, make.context())) == found


@pytest.mark.parametrize(("value", "found"), [(600, 1), (75, 0), (UNKNOWN, 0)])
def test_connect_excessive(value: Any, found: int) -> None:
    make = Maker()
    location = proxied(make, {"proxy_connect_timeout": value, "proxy_read_timeout": 600})
    assert len(list(detectors.connect_excessive(location, make.context({"threshold": 75})))) == found


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"proxy_connect_timeout": 30, "proxy_read_timeout": 10}, ["connect"]),
        ({"proxy_read_timeout": 10}, ["connect"]),
        ({"proxy_connect_timeout": 10, "proxy_read_timeout": 10}, []),
        ({"proxy_connect_timeout": UNKNOWN, "proxy_read_timeout": 10}, []),
        ({"proxy_connect_timeout": 30, "proxy_read_timeout": 0}, []),
    ],
)
def test_order(settings: dict[str, Any], found: list[str]) -> None:
    make = Maker()
    assert cases(detectors.order(proxied(make, settings), make.context())) == found


def test_order_against_a_default_that_an_outer_level_out_of_sight_may_change() -> None:
    make = Maker()
    location = proxied(make, {"proxy_read_timeout": 10})
    location.links["http"].facts["written"] = False
    assert not list(detectors.order(location, make.context()))


@pytest.mark.parametrize(
    ("value", "front", "headers", "found"),
    [
        (300, "aws-alb", {}, ["front"]),
        (60, "aws-alb", {}, []),
        (86400, "aws-alb", {}, []),
        (300, "aws-alb", {"upgrade": 1}, []),
        (300, "aws-alb", UNKNOWN, []),
        (300, "traefik", {}, []),
        (300, None, {}, []),
    ],
)
def test_longer_than_front(value: float, front: str | None, headers: Any, found: list[str]) -> None:
    make = Maker()
    location = proxied(make, {"proxy_read_timeout": value}, headers=headers)
    assert cases(detectors.order(location, make.context(front=front))) == found


def test_non_idempotent_where_only_reading_is_allowed() -> None:
    make = Maker()
    location = proxied(make, {"proxy_next_upstream": ("error", "non_idempotent")})
    assert len(list(detectors.non_idempotent(location, make.context()))) == 1
    make.block("location", facts={"pseudo": "limit_except", "match": "GET"}, links={"outer": location})
    assert not list(detectors.non_idempotent(location, make.context()))


@pytest.mark.parametrize(
    ("words", "facts", "target", "found"),
    [
        (("off",), {}, None, ["off"]),
        (("http_503",), {}, None, ["without-error"]),
        (("error",), {}, None, []),
        (UNKNOWN, {}, None, []),
        (("off",), {"http_version": None}, None, []),
        (("off",), {"connection": "close"}, None, []),
        (("off",), {"http_version": None, "connection": None}, (1, 29, 7), ["off"]),
    ],
)
def test_next_off(words: Any, facts: dict[str, Any], target: Any, found: list[str]) -> None:
    make = Maker(target)
    location = proxied(make, {"proxy_next_upstream": words}, **facts)
    assert cases(detectors.next_off(location, make.context())) == found


def test_the_pool_that_new_versions_have_by_default() -> None:
    for target, found in ((None, False), ((1, 28), False), ((1, 30), True)):
        make = Maker(target)
        location = proxied(make, http_version=None, connection=None)
        location.links["upstream"].facts["pooled"] = "new"
        assert detectors.reuses(location, target) is found


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"proxy_next_upstream": ("error", "timeout")}, 1),
        ({"proxy_next_upstream": ("error",)}, 0),
        ({}, 0),
        ({"proxy_next_upstream": ("timeout",), "proxy_next_upstream_tries": 2}, 0),
        ({"proxy_next_upstream": ("timeout",), "proxy_next_upstream_timeout": 5}, 0),
        ({"proxy_next_upstream": ("timeout",), "proxy_next_upstream_tries": UNLIMITED}, 1),
        ({"proxy_next_upstream": ("timeout",), "proxy_next_upstream_tries": UNKNOWN}, 0),
    ],
)
def test_unbounded(settings: dict[str, Any], found: int) -> None:
    make = Maker()
    hits = list(detectors.unbounded(proxied(make, settings), make.context({"servers": 3})))
    assert len(hits) == found
    if hits:
        assert values(hits[0])["worst"] == 240


@pytest.mark.parametrize(
    ("settings", "port", "params", "found"),
    [
        ({"proxy_timeout": 60}, 5432, (), ["short"]),
        ({"proxy_timeout": 3600}, 5432, (), []),
        ({}, 5432, (), ["default"]),
        ({"proxy_timeout": UNKNOWN}, 5432, (), []),
        ({"proxy_timeout": 2}, 18101, (), []),
        ({"proxy_timeout": 2}, 5432, ("udp",), []),
        ({"proxy_timeout": 2}, None, (), []),
    ],
)
def test_stream_database(settings: dict[str, Any], port: Any, params: tuple[str, ...], found: list[str]) -> None:
    make = Maker()
    facts = {"handler": "proxy_pass", "target_port": port, "listens": [make.listen(*params)]}
    stream = make.block("stream", facts={"written": True})
    server = make.block("stream_server", settings, facts=facts, links={"stream": stream})
    assert cases(detectors.stream_database(server, make.context({"idle": 600}))) == found


def test_stream_database_by_the_ports_of_its_group() -> None:
    make = Maker()
    upstream = make.block("stream_upstream", facts={"servers": [make.server(5432), make.server(5432)]})
    facts = {"handler": "proxy_pass"}
    server = make.block("stream_server", {"proxy_timeout": 60}, facts=facts, links={"upstream": upstream})
    (hit,) = detectors.stream_database(server, make.context({"idle": 600}))
    assert values(hit)["database"] == "PostgreSQL"


@pytest.mark.parametrize(
    ("kind", "headers", "found"),
    [("address", {}, ["backend"]), ("variable", {}, []), ("address", {"upgrade": 1}, [])],
)
def test_tcp_keepalive(kind: str, headers: dict[str, Any], found: list[str]) -> None:
    make = Maker()
    facts = {"handler": "proxy_pass", "target_kind": kind, "headers": headers}
    location = make.block("location", {"proxy_socket_keepalive": True}, facts=facts)
    assert cases(detectors.tcp_keepalive(location, make.context())) == found


def test_probes_on_connections_that_are_not_kept() -> None:
    make = Maker()
    facts = {"listens": [make.listen("so_keepalive=on")]}
    assert cases(detectors.tcp_keepalive(make.block("server", {"keepalive_timeout": 0}, facts=facts), make.context()))
    assert not list(detectors.tcp_keepalive(make.block("server", facts=facts), make.context()))
