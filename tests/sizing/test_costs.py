"""Set-up cost, memory, poolers, HTTP pools, serverless functions and rules of thumb: their worked examples."""

from __future__ import annotations

import pytest

from poollint.sizing import http, memory, poolers, serverless, setup_cost, thumb
from poollint.sizing.memory import MIB
from poollint.sizing.poolers import Bouncers
from poollint.sizing.setup_cost import round_trips


@pytest.mark.parametrize(
    ("protocol", "tls", "hello_retry", "trips"),
    [
        ("tcp", "none", False, 1),
        ("tcp", "1.2", False, 3),
        ("tcp", "1.3", False, 2),
        ("tcp", "1.3-0rtt", False, 1),
        ("http", "1.3", False, 2),
        ("grpc", "1.3", False, 2),
        ("postgresql-trust", "none", False, 2),
        ("postgresql-md5", "none", False, 3),
        ("postgresql", "none", False, 4),
        ("postgresql", "1.3", False, 6),
        ("postgresql", "1.3", True, 7),
        ("postgresql", "1.2", False, 7),
        ("postgresql-direct-tls", "1.3", False, 5),
        ("mysql", "none", False, 3),
        ("mysql", "1.3", False, 4),
        ("mysql", "1.2", False, 5),
        ("mysql-sha2-uncached", "1.3", False, 5),
        ("pymysql", "none", False, 5),
        ("pymysql", "1.3", False, 6),
        ("pymysql", "1.2", False, 7),
        ("redis", "none", False, 2),
        ("redis-py", "none", False, 4),
    ],
)
def test_round_trips(protocol: str, tls: str, hello_retry: bool, trips: int) -> None:
    assert round_trips(protocol, tls, hello_retry=hello_retry) == trips


def test_cost_of_set_up() -> None:
    cost = setup_cost.setup_cost(round_trips("postgresql", "1.3", hello_retry=True), 0.0005, 1000)
    assert cost.seconds_each == pytest.approx(0.0035)
    assert cost.seconds_per_second == pytest.approx(3.5)
    assert cost.saved_seconds_each == pytest.approx(0.00349)
    assert setup_cost.setup_cost(1, 0.010, 1000).seconds_per_second == pytest.approx(10)
    assert setup_cost.setup_cost(4, 0.001, 500, 0.001, 0.002).server_cores == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("protocol", "tls", "hello_retry", "reason"),
    [
        ("ipx", "none", False, "unknown protocol"),
        ("tcp", "1.1", False, "unknown TLS"),
        ("postgresql", "1.3-0rtt", False, "cannot send data"),
        ("postgresql", "1.2", True, "full TLS 1.3 handshake alone"),
    ],
)
def test_impossible_handshakes(protocol: str, tls: str, hello_retry: bool, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        round_trips(protocol, tls, hello_retry=hello_retry)


def test_memory() -> None:
    assert memory.idle_memory(500) == 1000 * MIB
    assert memory.idle_memory(500, memory.PER_CONNECTION["pessimistic"]) == 5_000_000_000
    assert memory.busy_memory(100, 4_000_000) == 1_600_000_000
    assert f"{memory.page_tables(10**9) / 1e6:.2f}" == "1.95"
    with pytest.raises(ValueError, match="connections"):
        memory.idle_memory(-1)


def test_pgbouncer() -> None:
    many = Bouncers(databases=4, users=3)
    assert poolers.file_descriptors(1000, 20, many) == 1240
    assert poolers.file_descriptors(1000, 20, many, forced_user=True) == 1080
    assert poolers.file_descriptors(100, 20, Bouncers()) == 120
    assert poolers.descriptor_limit(1240) == 1340
    assert poolers.server_connections(many, 20) == 240
    assert poolers.server_connections(many, 20, reserve=5) == 300
    assert poolers.server_connections(many, 20, reserve=5, max_db_connections=50) == 200
    assert poolers.default_pool_size(97, Bouncers(2)) == 48
    assert poolers.default_pool_size(97, Bouncers(2), reserve=5, direct=7) == 40
    assert poolers.default_pool_size(10, Bouncers(2, 10)) == 0


def test_rds_proxy() -> None:
    assert poolers.proxy_limit(1000, 95) == 950
    assert poolers.proxy_limit(1000, 95, pinned=200) == 750
    assert poolers.proxy_percent(500, 1000) == 65
    assert poolers.proxy_percent(900, 1000) == 100
    with pytest.raises(ValueError, match="1 to 100"):
        poolers.proxy_limit(1000, 0)


def test_nginx() -> None:
    assert http.nginx_keepalive(10_000, 0.020, 8) == 37
    assert http.nginx_idle_connections(8, 37) == 296


def test_node_agent() -> None:
    assert http.node_agent(200, 0.050, 0.99, 0.010) == (17, 10)
    assert http.max_total_sockets(3, 17) == 51


def test_serverless() -> None:
    alone = serverless.without_proxy(1000, 10, 500)
    assert (alone.connections, alone.fits, alone.largest_concurrency) == (10_000, False, 50)
    assert serverless.without_proxy(1000, 1, 500).connections == 1000
    assert serverless.behind_proxy(9, 97) == 9
    assert serverless.behind_proxy(200, 97) == 97


@pytest.mark.parametrize(
    ("name", "given", "answer"),
    [
        ("2-cores", {"cores": 4}, (8, 8, "total")),
        ("2-cores-plus-1", {"cores": 4}, (9, 9, "total")),
        ("4-cores", {"cores": 4}, (16, 16, "total")),
        ("node-api", {"cores": 4}, (8, 12, "process")),
        ("node-api", {}, (10, 30, "process")),
        ("node-cluster", {"cores": 16, "processes": 4}, (8, 8, "process")),
        ("node-cluster", {}, (5, 10, "process")),
        ("workers", {"workers": 2}, (4, 4, "process")),
        ("workers", {}, (2, 4, "process")),
        ("proxy", {}, (50, 400, "total")),
        ("microservice", {"cores": 8}, (5, 10, "process")),
        ("threads", {"cores": 4}, (8, 16, "process")),
    ],
)
def test_rules_of_thumb(name: str, given: dict[str, int], answer: tuple[int, int, str]) -> None:
    assert tuple(thumb.thumb(name, **given)) == answer


def test_every_rule_of_thumb_says_where_it_is_valid() -> None:
    assert all(rule.valid for rule in thumb.RULES.values())
    assert set(thumb.APPLICATIONS) <= set(thumb.RULES)
    with pytest.raises(ValueError, match="unknown rule"):
        thumb.thumb("3-cores")
    with pytest.raises(ValueError, match="needs the number of cores"):
        thumb.thumb("2-cores")
