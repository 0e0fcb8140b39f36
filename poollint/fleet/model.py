"""The fleet as a model: each table joined with the pools, servers and poolers that stand in its files.

A number that is not known makes whatever is counted with it a lower bound (``exact`` False).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from poollint.blocks import UNKNOWN, UNLIMITED, Block, Setting
from poollint.fleet.engines import NO_CONNECTION, engine_of, leads_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Matcher = Callable[[tuple[str, ...], str], bool]

POSTGRESQL_RESERVED = 3
T = TypeVar("T")


def once(compute: Callable[[Database], T]) -> Callable[[Database], T]:
    """Computed once for each database, for a model does not change when it is built."""

    def found(database: Database) -> T:
        if compute not in database.memo:
            database.memo[compute] = compute(database)
        value: T = database.memo[compute]
        return value

    return found


def count(value: Any) -> int | None:
    """A finite number of connections, processes, ... above zero; None for anything else."""
    if value is UNKNOWN or isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 < value < UNLIMITED and value == int(value) else None


def told(block: Block, name: str) -> Setting | None:
    """A key that the table writes."""
    return block.settings.get(name)


class Pool(NamedTuple):
    """One pool of a process: at least ``least`` connections. ``settings`` are those that say so."""

    block: Block
    least: int
    exact: bool
    text: str
    settings: tuple[Setting, ...]


class Copies(NamedTuple):
    """How often a service's pools exist: copies at the worst moment of a rollout, processes in each."""

    replicas: int
    surge: int
    terminating: int
    processes: int
    exact: bool
    workers: Setting | None = None

    @property
    def steady(self) -> int:
        return self.replicas * self.processes

    @property
    def most(self) -> int:
        return (self.replicas + self.surge + self.terminating) * self.processes

    @property
    def text(self) -> str:
        """``(10 + 3 surge) instances × 4 processes``; empty for one process alone."""
        parts = [str(self.replicas)]
        parts += [f"{self.surge} surge"] if self.surge else []
        parts += [f"{self.terminating} terminating"] if self.terminating else []
        many = f"({' + '.join(parts)})" if len(parts) > 1 else parts[0]
        factors = [f"{many} instances"] if self.replicas > 1 or len(parts) > 1 else []
        factors += [f"{self.processes} processes"] if self.processes > 1 else []
        return " × ".join(factors)


class Service:
    """One ``[service.NAME]``. ``pools`` are those of one process that lead to its database or pooler.

    A service with several databases has a part for each, told apart by what kinds of database they are; else it is its
    own only part.
    """

    __slots__ = ("block", "copies", "database", "fronts", "known", "members", "name", "parts", "pools", "proxy")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.name = block.name
        self.members: list[Block] = []
        self.pools: list[Pool] = []
        self.known = True  # whether every pool of a process is among them
        self.database: Database | None = None
        self.proxy: Proxy | None = None
        self.fronts: list[Front] = []
        self.copies = Copies(1, 0, 0, 1, exact=False)
        self.parts: list[Service] = [self]

    @property
    def pool_count(self) -> int:
        """Pools of one process: those found, or as told."""
        return max(1, count(self.block.value("pools")) or 1, len(self.pools))

    @property
    def told_pool(self) -> int | None:
        return count(self.block.value("pool"))

    @property
    def overflow(self) -> int:
        return int(self.block.value("overflow") or 0)


class Proxy:
    """One ``[proxy.NAME]``; ``mains`` are the PgBouncers among its files."""

    __slots__ = ("block", "clients", "database", "fronts", "instances", "mains", "members", "name", "services")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.name = block.name
        self.members: list[Block] = []
        self.mains: list[Block] = []
        self.database: Database | None = None
        self.clients: list[Service] = []  # services that reach the database through it
        self.services: list[Service] = []  # services behind it, for HTTP
        self.fronts: list[Front] = []
        self.instances: int = count(block.value("instances")) or 1


class Balancer:
    """One ``[balancer.NAME]``."""

    __slots__ = ("block", "name")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.name = block.name


class Database:
    """One ``[database.NAME]`` with the services and poolers that connect to it; ``limit`` is None where not known."""

    __slots__ = (
        "block",
        "engine",
        "limit",
        "limit_at",
        "members",
        "memo",
        "name",
        "proxies",
        "reserved",
        "servers",
        "services",
    )

    def __init__(self, block: Block) -> None:
        self.block = block
        self.name = block.name
        self.members: list[Block] = []
        self.servers: list[Block] = []
        self.services: list[Service] = []  # those without a pooler between
        self.proxies: list[Proxy] = []
        self.engine = ""
        self.limit: int | None = None
        self.limit_at: Setting | Block = block
        self.reserved = 0
        self.memo: dict[Any, Any] = {}  # what several pages ask again

    @property
    def usable(self) -> int | None:
        """What services may have of the limit; None when nobody tells the limit."""
        from poollint.sizing.budget import usable_connections

        if self.limit is None or self.reserved >= self.limit:
            return None
        return usable_connections(self.limit, self.reserved, float(self.block.value("headroom") or 0.0))

    @property
    def kept(self) -> str:
        """How a message names the limit that ``usable`` is of."""
        free = float(self.block.value("headroom") or 0.0)
        parts = [f"{self.reserved} reserved"] if self.reserved else []
        parts += [f"{free * 100:g} % headroom"] if free else []
        return f"max_connections = {self.limit}" + (f" less {' and '.join(parts)}" if parts else "")


Front = Balancer | Proxy


class Fleet:
    """All tables of one configuration."""

    __slots__ = ("balancers", "databases", "proxies", "services")

    def __init__(self) -> None:
        self.databases: dict[str, Database] = {}
        self.services: dict[str, Service] = {}
        self.proxies: dict[str, Proxy] = {}
        self.balancers: dict[str, Balancer] = {}

    def front(self, name: str) -> Front | None:
        return self.balancers.get(name) or self.proxies.get(name)


def build(tables: Iterable[Block], blocks: Iterable[Block], matches: Matcher) -> Fleet:
    """The model of a configuration's tables over the blocks of the files that it holds for."""
    fleet = Fleet()
    kinds: dict[str, tuple[dict[str, Any], Any]] = {
        "database": (fleet.databases, Database),
        "service": (fleet.services, Service),
        "proxy": (fleet.proxies, Proxy),
        "balancer": (fleet.balancers, Balancer),
    }
    blocks = list(blocks)
    paths = {each.place.source.path for each in blocks}
    for table in tables:
        named, make = kinds[table.kind]
        node = named[table.name] = make(table)
        table.links["fleet"] = fleet
        patterns = tuple(table.value("files") or ()) if table.kind != "balancer" else ()
        if patterns:
            mine = {path for path in paths if matches(patterns, path)}
            node.members = [each for each in blocks if each.place.source.path in mine]
    for database in fleet.databases.values():
        _find_limit(database)
    for proxy in fleet.proxies.values():
        _join_proxy(proxy, fleet)
    for balancer in fleet.balancers.values():
        for name in names(balancer.block, "services"):
            _in_front(fleet.services[name], balancer)
    for service in fleet.services.values():
        _join_service(service, fleet)
    return fleet


def names(block: Block, key: str) -> tuple[str, ...]:
    value = block.value(key)
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def _in_front(node: Service | Proxy, front: Front | None) -> None:
    if front is not None and front not in node.fronts and front is not node:
        node.fronts.append(front)


def _find_limit(database: Database) -> None:
    database.servers = [each for each in database.members if each.system == "postgresql" and each.kind == "server"]
    database.engine = database.block.value("engine") or ("postgresql" if database.servers else "")
    server = database.servers[0] if len(database.servers) == 1 else None
    written = told(database.block, "max_connections")
    if written is not None:
        database.limit, database.limit_at = written.value, written
    elif server is not None:
        database.limit = count(server.value("max_connections"))
        database.limit_at = server.get("max_connections") or server
    reserved = told(database.block, "reserved")
    if reserved is not None:
        database.reserved = reserved.value
    elif server is not None:
        held = (server.value("superuser_reserved_connections"), server.value("reserved_connections"))
        database.reserved = sum(count(each) or 0 for each in held)
    elif database.engine == "postgresql":
        database.reserved = POSTGRESQL_RESERVED


def _join_proxy(proxy: Proxy, fleet: Fleet) -> None:
    proxy.mains = [each for each in proxy.members if each.system == "pgbouncer" and each.kind == "main"]
    for name in names(proxy.block, "database"):
        proxy.database = fleet.databases[name]
        proxy.database.proxies.append(proxy)
        if proxy.mains:
            proxy.database.engine = proxy.database.engine or "postgresql"
    for name in names(proxy.block, "services"):
        proxy.services.append(fleet.services[name])
        _in_front(fleet.services[name], proxy)
    for name in names(proxy.block, "balancer"):
        _in_front(proxy, fleet.front(name))


def _join_service(service: Service, fleet: Fleet) -> None:
    block = service.block
    for name in names(block, "balancer"):
        front = fleet.front(name)
        _in_front(service, front)
        if isinstance(front, Proxy) and service not in front.services:
            front.services.append(service)
    service.copies = _copies(service)
    wanted = [fleet.databases[name] for name in names(block, "database")]
    for name in names(block, "proxy"):
        service.proxy = fleet.proxies[name]
        service.proxy.clients.append(service)
        wanted = [service.proxy.database] if service.proxy.database is not None else []
    if len(wanted) > 1:
        service.known = False
        service.parts = [_part(service, each) for each in wanted] if _distinct(wanted) else []
        return
    _find_pools(service, wanted[0] if wanted else None)
    if wanted:
        service.database = wanted[0]
        if service.proxy is None:
            wanted[0].services.append(service)


def _distinct(databases: list[Database]) -> bool:
    """Whether each is of another kind, and all of them say which."""
    return all(each.engine for each in databases) and len({each.engine for each in databases}) == len(databases)


def _part(service: Service, database: Database) -> Service:
    part = Service(service.block)
    part.members, part.copies, part.fronts = service.members, service.copies, service.fronts
    part.known = service.told_pool is None  # a pool in the table would be of nobody knows which
    part.database = database
    _find_pools(part, database)
    part.pools = [pool for pool in part.pools if engine_of(pool.block)]
    database.services.append(part)
    return part


def _copies(service: Service) -> Copies:
    from poollint.sizing.budget import surge_replicas

    block = service.block
    replicas = count(block.value("max_instances")) or count(block.value("instances"))
    surge = block.value("surge") or 0
    servers = [each for each in service.members if each.spec is not None and each.spec.role == "http_server"]
    servers = [each for each in servers if not each.facts.get("in_development")]
    if replicas is None:
        replicas = _one([each.facts.get("replicas") for each in servers])
    processes, exact, workers = count(block.value("processes")) or 1, replicas is not None, None
    if told(block, "processes") is None:
        found = [setting for each in servers if (setting := each.by_role("workers")) is not None]
        found = [setting for setting in found if setting.origin != "default"]
        number = _one([setting.value for setting in found])
        if number is not None:
            workers, processes = found[0], number
        elif found:
            exact = False
    extra = surge_replicas(replicas or 1, surge) if surge else 0
    return Copies(replicas or 1, extra, int(block.value("terminating") or 0), processes, exact, workers)


def _one(values: list[Any]) -> int | None:
    """The number that all of them are; None when they differ, or one is not known."""
    numbers = {count(value) for value in values}
    return numbers.pop() if len(numbers) == 1 else None


def _find_pools(service: Service, database: Database | None) -> None:
    """The pools of the service's files that lead to its one database (or pooler)."""
    found = [(each, engine_of(each)) for each in service.members if is_pool(each)]
    found = [(each, engine) for each, engine in found if engine != "sqlite"]
    wanted = database.engine if database is not None else ""
    mine = [(each, engine) for each, engine in found if leads_to(engine, wanted)]
    if not wanted and len({engine for _, engine in mine if engine}) > 1:
        service.known = False  # two kinds of database, and nobody says which one this is
        return
    service.pools = [pool_of(each, service) for each, _ in mine]


def is_pool(block: Block) -> bool:
    """Whether a block is a pool of connections that a running service keeps."""
    if block.spec is None or block.spec.role != "pool" or block.spec.engine == NO_CONNECTION:
        return False
    facts = block.facts
    if facts.get("in_test") or facts.get("in_script") or facts.get("alembic") or facts.get("profile"):
        return False  # a profile changes the pool that the document without one describes
    return not (block.system == "drizzle" and "client" in block.settings)


def pool_of(block: Block, service: Service) -> Pool:
    """What one pool may open, overflow included; the table's pool counts where the file does not tell."""
    size = block.by_role("size") or block.settings.get("pool.max_size")
    least = count(size.value) if size is not None else None
    other = block.settings.get("poolclass")
    if other is not None and not str(other.value).endswith("QueuePool"):
        return Pool(block, 1, False, "1", ())
    if size is None or least is None:
        if service.told_pool is None:
            return Pool(block, 1, False, "1", (size,) if size is not None and size.place else ())
        text = f"({service.told_pool} + {service.overflow})" if service.overflow else str(service.told_pool)
        written = service.block.settings["pool"]
        return Pool(block, service.told_pool + service.overflow, True, text, (written,))
    overflow = block.by_role("overflow")
    exact = not block.facts.get("in_handler")
    if overflow is None or overflow.value in (0, None):
        return Pool(block, least, exact, str(least), (size,))
    extra = count(overflow.value)
    if extra is None:
        return Pool(block, least, False, str(least), (size,))
    return Pool(block, least + extra, exact, f"({least} + {extra})", (size, overflow))
