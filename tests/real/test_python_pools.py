"""The catalogues' defaults of Python libraries against the libraries themselves, where they are installed."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from poollint.blocks import UNLIMITED
from poollint.knowledge.index import knowledge

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.real


def library(name: str) -> Any:
    """The module, or a skip that says why."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"{name} is not installed: {error}")


def default(system: str, kind: str, setting: str) -> Any:
    return knowledge().catalogue(system).kinds[kind].settings[setting].default


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    return {name: each.default for name, each in inspect.signature(function).parameters.items()}


def agree(system: str, kind: str, found: dict[str, Any], names: dict[str, str]) -> None:
    """``names``: our setting -> the library's parameter; None and the like stand for no limit where we say so."""
    wrong = {}
    for ours, theirs in names.items():
        expected, actual = default(system, kind, ours), found[theirs]
        if expected == UNLIMITED and actual in (None, 0, -1):
            continue
        if expected is None and actual is None:
            continue
        if expected != actual:
            wrong[ours] = (expected, actual)
    assert not wrong


def test_sqlalchemy() -> None:
    pool = library("sqlalchemy.pool")
    found = {**parameters(pool.Pool.__init__), **parameters(pool.QueuePool.__init__)}
    agree(
        "sqlalchemy",
        "engine",
        found,
        {
            "pool_size": "pool_size",
            "max_overflow": "max_overflow",
            "pool_timeout": "timeout",
            "pool_recycle": "recycle",
            "pool_pre_ping": "pre_ping",
            "pool_use_lifo": "use_lifo",
        },
    )


def test_sqlalchemy_refuses_what_we_say() -> None:
    sqlalchemy = library("sqlalchemy")
    from poollint.engine.detectors.python_sqlalchemy import MEANT, POOL_ARGUMENTS, REFUSED

    values = {"pool_size": 5, "max_overflow": 0, "pool_timeout": 5, "pool_use_lifo": True, "pool_recycle": 60}
    for name, refused in REFUSED.items():
        for argument, value in values.items():
            made = {"poolclass": getattr(sqlalchemy.pool, name), argument: value}
            if argument in refused:
                with pytest.raises(TypeError):
                    sqlalchemy.create_engine("sqlite://", **made)
            else:
                sqlalchemy.create_engine("sqlite://", **made)
    assert set(values) <= set(POOL_ARGUMENTS)
    for name in MEANT:
        with pytest.raises(TypeError):
            sqlalchemy.create_engine("sqlite:///file.db", **{name: 1})


def test_sqlalchemy_takes_what_the_catalogue_accepts() -> None:
    """No accepted option is one that create_engine calls unknown (dialects' own are theirs to know)."""
    sqlalchemy = library("sqlalchemy")
    spec = knowledge().catalogue("sqlalchemy").kinds["engine"]
    for name in ("echo", "future", "hide_parameters", "query_cache_size", "isolation_level", "logging_name"):
        assert name in spec.settings or name in spec.accepts
    engine = sqlalchemy.create_engine("sqlite://", echo=False, future=True, hide_parameters=True, query_cache_size=5)
    assert engine.hide_parameters


def test_psycopg_pool() -> None:
    found = parameters(library("psycopg_pool").ConnectionPool.__init__)
    names = "min_size max_size timeout max_waiting max_lifetime max_idle reconnect_timeout num_workers".split()
    agree("psycopg-pool", "pool", found, {name: name for name in names})


def test_asyncpg() -> None:
    asyncpg = library("asyncpg")
    names = "min_size max_size max_queries max_inactive_connection_lifetime".split()
    agree("asyncpg", "pool", parameters(asyncpg.create_pool), {name: name for name in names})
    names = "timeout command_timeout statement_cache_size max_cached_statement_lifetime".split()
    agree("asyncpg", "pool", parameters(asyncpg.connect), {name: name for name in names})


def test_aiomysql() -> None:
    found = parameters(library("aiomysql").create_pool)
    agree("aiomysql", "pool", found, {name: name for name in ("minsize", "maxsize", "pool_recycle")})


def test_redis() -> None:
    redis = library("redis")
    if int(redis.__version__.partition(".")[0]) < 8:
        pytest.skip("the catalogue's defaults are those of redis-py 8")
    pool = redis.ConnectionPool()
    assert pool.max_connections == default("redis-py", "pool", "max_connections")
    connection = pool.make_connection()
    assert connection.socket_timeout == default("redis-py", "pool", "socket_timeout")
    assert connection.socket_connect_timeout == default("redis-py", "pool", "socket_connect_timeout")
    blocking = redis.BlockingConnectionPool()
    assert blocking.max_connections == default("redis-py", "blocking_pool", "max_connections")
    assert blocking.timeout == default("redis-py", "blocking_pool", "timeout")


def test_pymongo() -> None:
    options = library("pymongo.mongo_client").MongoClient(connect=False).options.pool_options
    assert options.max_pool_size == default("pymongo", "client", "maxPoolSize")
    assert options.min_pool_size == default("pymongo", "client", "minPoolSize")
    assert options.max_connecting == default("pymongo", "client", "maxConnecting")
    assert options.wait_queue_timeout is None
    assert default("pymongo", "client", "waitQueueTimeoutMS") == UNLIMITED
    assert options.connect_timeout == default("pymongo", "client", "connectTimeoutMS")
    assert options.max_idle_time_seconds is None


def test_httpx() -> None:
    httpx = library("httpx")
    config = importlib.import_module("httpx._config")
    assert config.DEFAULT_LIMITS.max_connections == default("httpx", "client", "limits.max_connections")
    keep = default("httpx", "client", "limits.max_keepalive_connections")
    assert config.DEFAULT_LIMITS.max_keepalive_connections == keep
    assert config.DEFAULT_TIMEOUT_CONFIG.read == default("httpx", "client", "timeout")
    by_hand = httpx.Limits(max_keepalive_connections=20)
    assert by_hand.max_connections is None
    assert default("httpx", "limits", "max_connections") == UNLIMITED
    assert by_hand.keepalive_expiry == default("httpx", "limits", "keepalive_expiry")


def test_requests() -> None:
    found = parameters(library("requests").adapters.HTTPAdapter.__init__)
    names = "pool_connections pool_maxsize max_retries pool_block".split()
    agree("requests", "adapter", found, {name: name for name in names})
    assert parameters(library("requests").Session.request)["timeout"] is None
    assert default("requests", "call", "timeout") == UNLIMITED


def test_aiohttp() -> None:
    aiohttp = library("aiohttp")
    found = parameters(aiohttp.TCPConnector.__init__)
    names = "limit limit_per_host force_close ttl_dns_cache".split()
    agree("aiohttp", "connector", found, {name: name for name in names})
    assert aiohttp.ClientTimeout(connect=5).total is None
    assert default("aiohttp", "timeout", "total") == UNLIMITED


def test_gunicorn() -> None:
    config = library("gunicorn.config").Config()
    spec = knowledge().catalogue("gunicorn").kinds["server"]
    wrong = {}
    for name, setting in spec.settings.items():
        if name == "bind":
            continue
        actual = config.settings[name].default
        if setting.default != actual and not (setting.default == UNLIMITED and actual == 0):
            wrong[name] = (setting.default, actual)
    # the worker class and the number of workers may come from the environment
    assert not {name: pair for name, pair in wrong.items() if name not in ("workers", "timeout")}
    assert set(config.settings) - set(spec.settings) - set(spec.accepts) == set()


def test_uvicorn() -> None:
    found = parameters(library("uvicorn").Config.__init__)
    names = "timeout_keep_alive limit_concurrency limit_max_requests backlog timeout_graceful_shutdown reload".split()
    agree("uvicorn", "server", found, {name: name for name in names})


def test_hypercorn() -> None:
    config = library("hypercorn.config").Config()
    names = "workers keep_alive_timeout keep_alive_max_requests graceful_timeout shutdown_timeout backlog".split()
    agree("hypercorn", "server", {name: getattr(config, name) for name in names}, {name: name for name in names})


def test_flask_sqlalchemy() -> None:
    extension = library("flask_sqlalchemy.extension")
    source = inspect.getsource(extension)
    spec = knowledge().catalogue("flask-sqlalchemy").kinds["config"]
    for name, setting in spec.settings.items():
        if setting.get("removed"):
            assert f'"{name}"' not in source


def test_django() -> None:
    base = library("django.db.utils")
    source = inspect.getsource(base.ConnectionHandler.configure_settings)
    for name in ("CONN_MAX_AGE", "CONN_HEALTH_CHECKS", "AUTOCOMMIT", "ATOMIC_REQUESTS"):
        value = default("django", "database", name)
        assert f'setdefault("{name}", {value!r})' in source


def test_peewee() -> None:
    found = parameters(library("playhouse.pool").PooledDatabase.__init__)
    agree("peewee", "pool", found, {name: name for name in ("max_connections", "stale_timeout", "timeout")})


def test_waitress() -> None:
    adjustments = library("waitress.adjustments").Adjustments
    names = "threads connection_limit channel_timeout cleanup_interval backlog host port".split()
    agree("waitress", "server", {name: getattr(adjustments, name) for name in names}, {name: name for name in names})


def test_granian() -> None:
    found = parameters(library("granian").Granian.__init__)
    names = "workers blocking_threads backlog backpressure address port".split()
    agree("granian", "server", found, {name: name for name in names})
    assert found["interface"].value == default("granian", "server", "interface")


def test_databases_hands_its_options_to_asyncpg() -> None:
    backend = library("databases.backends.postgres").PostgresBackend
    given = backend("postgresql://u@h/d?max_size=5", max_queries=7)._get_connection_kwargs()
    assert given == {"max_size": 5, "max_queries": 7}
    assert parameters(library("asyncpg").create_pool)["min_size"] == default("asyncpg", "pool", "min_size")


def test_httpx_timeouts() -> None:
    timeout = library("httpx").Timeout
    with pytest.raises(ValueError, match="default"):
        timeout(connect=5)
    assert timeout(None, connect=5).read is None
    assert timeout(10, connect=5).read == 10


def test_urllib3() -> None:
    found = parameters(library("urllib3.connectionpool").HTTPConnectionPool.__init__)
    agree("requests", "manager", found, {"maxsize": "maxsize", "block": "block"})
    assert parameters(library("urllib3").PoolManager.__init__)["num_pools"] == default(
        "requests", "manager", "num_pools"
    )


def test_psycopg_prepares() -> None:
    found = parameters(library("psycopg").Connection.connect)
    assert found["prepare_threshold"] == default("psycopg-pool", "connection", "prepare_threshold")


def test_python_oracledb() -> None:
    found = library("oracledb").PoolParams()
    names = "min max increment timeout max_lifetime_session ping_interval tcp_connect_timeout stmtcachesize".split()
    agree("python-oracledb", "pool", {name: getattr(found, name) for name in names}, {name: name for name in names})
    assert found.ping_timeout == 1000 * default("python-oracledb", "pool", "ping_timeout")


def test_redis_cluster() -> None:
    found = parameters(library("redis.asyncio").RedisCluster.__init__)
    if int(library("redis").__version__.partition(".")[0]) < 8:
        pytest.skip("the catalogue's defaults are those of redis-py 8")
    names = "port socket_timeout socket_connect_timeout health_check_interval".split()
    agree("redis-py", "cluster", found, {name: name for name in names})


def test_celery() -> None:
    found = library("celery.app.defaults").DEFAULTS
    spec = knowledge().catalogue("celery").kinds["configuration"]
    agree("celery", "configuration", found, {name: name for name in spec.settings})


def test_celery_without_a_limit_keeps_no_connection() -> None:
    connection = library("kombu").Connection
    for limit, kept in ((10, 1), (0, 4), (None, 4)):
        pool = connection("memory://").Pool(limit=limit)
        seen = []
        for _ in range(4):
            taken = pool.acquire()
            taken.connect()
            seen.append(taken.connection)
            taken.release()
        assert len({id(each) for each in seen}) == kept
