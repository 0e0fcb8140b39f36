"""Set-up cost: what opening a connection for every transaction costs, and what a pool saves.

Round trips are whole ones, counted until the first query can be sent, the TCP handshake included (its last half trip
carries the request). They were counted on the wire with libpq 15 and 18 against PostgreSQL 15, PyMySQL against
MariaDB 10.11 and redis-py 8.1 against Redis 7.0; those for sslnegotiation=direct and for a password that caching_sha2
does not have cached follow from the protocol's description.
"""

from __future__ import annotations

from typing import NamedTuple

from poollint.sizing.rounding import not_negative

TCP_TRIPS = 1

TLS_TRIPS = {"none": 0, "1.2": 2, "1.3": 1, "1.3-0rtt": 0}
"""Trips that TLS adds to TCP (RFC 5246, RFC 8446)."""

BORROW_SECONDS = 0.00001
"""What taking a connection out of a pool costs, roughly."""


class Protocol(NamedTuple):
    """``login``: trips after TCP and TLS before the first query; ``ask_tls``: trips to ask the server for TLS."""

    title: str
    login: int
    ask_tls: int = 0
    early_data: bool = False


PROTOCOLS = {
    "tcp": Protocol("TCP alone", 0),
    "http": Protocol("HTTP/1.1", 0, early_data=True),
    "grpc": Protocol("gRPC (HTTP/2)", 0),
    "postgresql-trust": Protocol("PostgreSQL, trust", 1, ask_tls=1),
    "postgresql-md5": Protocol("PostgreSQL, md5 or password", 2, ask_tls=1),
    "postgresql": Protocol("PostgreSQL, SCRAM", 3, ask_tls=1),
    "postgresql-direct-tls": Protocol("PostgreSQL 17+, SCRAM, sslnegotiation=direct", 3),
    "mysql": Protocol("MySQL or MariaDB", 2),
    "mysql-sha2-uncached": Protocol("MySQL, caching_sha2_password not cached", 3),
    "pymysql": Protocol("PyMySQL with its session set-up", 4),
    "redis": Protocol("Redis, AUTH", 1),
    "redis-py": Protocol("redis-py with its default HELLO and CLIENT SETINFO", 3),
}


def round_trips(protocol: str, tls: str = "none", *, hello_retry: bool = False) -> int:
    """Whole round trips from the first packet until a query can be sent.

    ``hello_retry``: the server asks the client for another key share, one more trip with TLS 1.3. PostgreSQL up to 17
    does so by default: its ssl_ecdh_curve is prime256v1, and clients offer X25519 first.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"unknown protocol {protocol!r}; known are {', '.join(PROTOCOLS)}")
    if tls not in TLS_TRIPS:
        raise ValueError(f"unknown TLS version {tls!r}; known are {', '.join(TLS_TRIPS)}")
    known = PROTOCOLS[protocol]
    if tls == "1.3-0rtt" and not (known.early_data or protocol == "tcp"):
        raise ValueError(f"{known.title} cannot send data before the TLS handshake is done")
    if hello_retry and tls != "1.3":
        raise ValueError("a second key share is asked for in a full TLS 1.3 handshake alone")
    asked = known.ask_tls if tls != "none" else 0
    return TCP_TRIPS + asked + TLS_TRIPS[tls] + int(hello_retry) + known.login


class SetupCost(NamedTuple):
    """The tax of a connection for every transaction, and of borrowing one from a pool instead."""

    trips: int
    seconds_each: float
    seconds_per_second: float
    server_cores: float
    pooled_seconds_each: float

    @property
    def saved_seconds_each(self) -> float:
        """Waiting that a pool spares each transaction."""
        return self.seconds_each - self.pooled_seconds_each


def setup_cost(
    trips: int, round_trip: float, rate: float, cpu_client: float = 0.0, cpu_server: float = 0.0
) -> SetupCost:
    """Trips × round trip + CPU on both sides; each second costs rate × that, and rate × cpu_server of the server's
    cores.

    Times in seconds, the rate in connections per second. Without a pool every transaction opens one.
    """
    each = not_negative(trips, "trips") * not_negative(round_trip, "the round trip time")
    each += not_negative(cpu_client, "the client's CPU time") + not_negative(cpu_server, "the server's CPU time")
    not_negative(rate, "rate")
    return SetupCost(trips, each, rate * each, rate * cpu_server, min(each, BORROW_SECONDS))
