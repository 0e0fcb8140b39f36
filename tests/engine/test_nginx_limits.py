"""nginx limits: connections, open files, max_conns, limit_conn."""

from __future__ import annotations

from typing import Any

import pytest
from nginx_blocks import SOURCE, Maker, cases, values

from poollint.blocks import UNKNOWN, Block
from poollint.engine.detectors import nginx_limits as detectors
from poollint.source import Source


def whole(make: Maker, settings: dict[str, Any], connections: Any = None) -> Block:
    """A main level with events and one location that hands requests on; the events block."""
    main = make.block("main", settings)
    make.block("location", facts={"handler": "proxy_pass"}, links={"main": main})
    return make.block("events", {"worker_connections": connections} if connections else {}, links={"main": main})


@pytest.mark.parametrize(
    ("settings", "connections", "nofile", "found"),
    [
        ({"worker_rlimit_nofile": 1024}, 4096, None, ["below"]),
        ({"worker_rlimit_nofile": 4096}, 4096, None, ["half"]),
        ({"worker_rlimit_nofile": 8192}, 4096, None, []),
        ({"worker_rlimit_nofile": 256}, None, None, ["below"]),
        ({"worker_rlimit_nofile": UNKNOWN}, 4096, None, []),
        ({"worker_rlimit_nofile": 1024}, UNKNOWN, None, []),
        ({}, 4096, None, []),
        ({}, 4096, 1024, ["below-told"]),
        ({}, 4096, 5000, ["half-told"]),
        ({"worker_rlimit_nofile": 65535}, 4096, 1024, []),
    ],
)
def test_open_files(settings: dict[str, Any], connections: Any, nofile: int | None, found: list[str]) -> None:
    make = Maker()
    main = make.block("main", settings)
    make.block("location", facts={"handler": "proxy_pass"}, links={"main": main})
    written = {} if connections is None else {"worker_connections": connections}
    events = make.block("events", written, links={"main": main})
    assert cases(detectors.open_files(events, make.context(nofile=nofile))) == found


@pytest.mark.parametrize(
    ("processes", "connections", "found"),
    [
        (1, 64, ["one"]),
        (1, 63, ["low"]),
        ("auto", 64, ["low"]),
        (UNKNOWN, 64, ["low"]),
        (1, 256, []),
        (1, UNKNOWN, []),
        (1, None, []),
    ],
)
def test_connections_low(processes: Any, connections: Any, found: list[str]) -> None:
    make = Maker()
    main = make.block("main", {"worker_processes": processes})
    written = {} if connections is None else {"worker_connections": connections}
    events = make.block("events", written, links={"main": main})
    assert not list(detectors.connections_low(events, make.context({"minimum": 256})))
    make.block("location", facts={"handler": "proxy_pass"}, links={"main": main})
    assert cases(detectors.connections_low(events, make.context({"minimum": 256}))) == found


def test_pools_as_large_as_the_worker() -> None:
    make = Maker()
    events = whole(make, {}, 512)
    pools = [make.block("upstream", facts={"keepalive": size, "pooled": True, "peers": 1}) for size in (256, 300)]
    for pool in pools:
        kept = {"handler": "proxy_pass", "http_version": "1.1", "connection": ""}
        pool.facts["users"] = [make.block("location", facts=kept, links={"upstream": pool})]
    unused = make.block("upstream", facts={"keepalive": 900, "users": [], "peers": 9})
    http = make.block("http", links={"upstreams": [*pools, unused]})
    events.links["main"].links["http"] = http
    (hit,) = detectors.connections_low(events, make.context({"minimum": 256}))
    assert (hit.case, values(hit)["sum"]) == ("pools", "256 + 256 = 512")
    http.links["upstreams"] = pools[:1]
    assert not list(detectors.connections_low(events, make.context({"minimum": 256})))
    http.links["upstreams"] = pools
    pools[0].facts["users"][0].facts["http_version"] = (
        None  # 1.0 before nginx 1.29.7: each request closes its connection
    )
    assert not list(detectors.connections_low(events, make.context({"minimum": 256})))


@pytest.mark.parametrize(
    ("processes", "more", "found"),
    [
        (4, {}, ["counted"]),
        ("auto", {}, ["auto"]),
        (UNKNOWN, {}, ["unknown"]),
        (1, {}, []),
        (4, {"has_zone": True}, []),
        (4, {"complete": False}, []),
    ],
)
def test_max_conns(processes: Any, more: dict[str, Any], found: list[str]) -> None:
    make = Maker()
    main = make.block("main", {"worker_processes": processes})
    http = make.block("http", links={"main": main})
    facts = {"servers": [make.server(), make.server(max_conns="20")], "has_zone": False, "complete": True, **more}
    upstream = make.block("upstream", facts=facts, links={"http": http})
    hits = list(detectors.max_conns(upstream, make.context()))
    assert cases(hits) == found
    if found == ["counted"]:
        assert values(hits[0])["total"] == 80


def test_max_conns_of_zero_is_no_limit() -> None:
    make = Maker()
    facts = {"servers": [make.server(max_conns="0"), make.server(max_conns="${N}")], "has_zone": False}
    assert not list(detectors.max_conns(make.block("upstream", facts=facts), make.context()))


def test_limit_conn_lost() -> None:
    make = Maker()
    outer = [("client", 20, make.place()), ("site", 100, make.place())]
    own = [("site", 5, make.place())]
    location = make.block("location", facts={"limit_conns": own, "lost_limit_conns": outer})
    (hit,) = detectors.limit_conn_lost(location, make.context())
    assert (hit.at, values(hit)["zones"]) == (own[0][2], "client")
    http = make.block("http", facts={"limit_conns": outer})
    server = make.block("server", facts={"limit_conns": own}, links={"outer": http})
    assert len(list(detectors.limit_conn_lost(server, make.context()))) == 1
    server.facts["limit_conns"] = []
    assert not list(detectors.limit_conn_lost(server, make.context()))


@pytest.mark.parametrize(
    ("key", "front", "text", "found"),
    [
        ("$binary_remote_addr", "aws-alb", "", 1),
        ("$remote_addr", "60s", "", 1),
        ("$server_name", "aws-alb", "", 0),
        ("$binary_remote_addr", "aws-nlb", "", 0),
        ("$binary_remote_addr", None, "", 0),
        ("$binary_remote_addr", "aws-alb", "set_real_ip_from 10.0.0.0/8;", 0),
    ],
)
def test_limit_conn_by_the_address_of_a_balancer(key: str, front: str | None, text: str, found: int) -> None:
    make = Maker()
    zones = {"client": (key, 1 << 20, make.place()), "unused": (key, 1 << 20, make.place())}
    http = make.block("http", facts={"limit_conn_zones": zones, "complete": True, "written": True})
    server = make.block("server", facts={"limit_conns": [("client", 10, make.place())]})
    server.place = server.place._replace(source=Source("site.conf", text)) if text else server.place
    assert SOURCE.path == "nginx.conf"
    assert len(list(detectors.limit_conn_address(http, make.context(front=front)))) == found
