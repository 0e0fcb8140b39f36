"""Pools of Go programs: database/sql with what is built on it, and pgxpool."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.engine.hits import Hit, RuleContext, known, says
from poollint.knowledge.poolers import in_text
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block, Setting

_NETWORK = re.compile(
    r"postgres|pgx|\bpq\b|mysql|mariadb|sqlserver|mssql|oracle|godror|oci8|cockroach|nrpostgres|nrmysql|azuresql"
)
_LOCAL = re.compile(r"sqlite|duckdb|ramsql|^ql2?$|sqlmock|mock|txdb|fake|memory|stub")
_POOL_PARAMETER = re.compile(r"(?<![A-Za-z0-9_])(pool_[a-z_]+)\s*=")
_PARAMETERS = (
    "pool_max_conns pool_min_conns pool_min_idle_conns pool_max_conn_lifetime pool_max_conn_lifetime_jitter "
    "pool_max_conn_idle_time pool_health_check_period pool_ping_timeout"
).split()
_TIME = ("SetConnMaxLifetime", "SetConnMaxIdleTime")
_EXEC_MODE = re.compile(
    r"QueryExecMode|default_query_exec_mode|statement_cache_mode|PreferSimpleProtocol|BuildStatementCache"
)
_FINE = re.compile(r"Nanosecond|Microsecond")


def aside(block: Block) -> bool:
    """Whether the file is a test or a script run by hand."""
    return bool(block.facts.get("in_test") or block.facts.get("in_script"))


def uses(block: Block, name: str) -> object:
    return (block.facts.get("uses") or {}).get(name)


def driver(block: Block) -> str:
    """What a pool talks to, as far as it is told: the driver's name, or the package of its dialect."""
    setting = block.settings.get("driver")
    if setting is not None:
        return setting.value.lower() if isinstance(setting.value, str) else ""
    made_of = (block.facts.get("uses") or {}).get("made_of") or ()
    made = str(made_of[0]).lower() if made_of else ""
    return made if made.endswith(".open") else ""  # what is made otherwise may stand on a handle that is set up already


def _over_network(block: Block) -> bool:
    name = driver(block)
    return bool(_NETWORK.search(name)) and not _LOCAL.search(name)


def _call(block: Block) -> str:
    """``sql.Open`` for ``database/sql.Open``."""
    return str(block.facts.get("callee", "")).rpartition("/")[2]


def _written(block: Block, name: str) -> Setting | None:
    return block.settings.get(name)


def unlimited(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """A database handle that nothing in the checked files limits."""
    if aside(block) or _written(block, "SetMaxOpenConns") is not None or not _over_network(block):
        return
    escape = uses(block, "escape")
    if escape in ("passed", None) or uses(block, "passed") or _limited_somewhere(ctx):
        return
    if not escape and not uses(block, "concurrent"):
        return  # one goroutine takes one connection at a time
    yield Hit(block, {"call": _call(block)}, "away" if escape in ("returned", "stored") else "")


def _limited_somewhere(ctx: RuleContext) -> bool:
    """Whether some handle of the run is given a limit: it may be any that leaves its file."""
    found = ctx.memo.get("go-sql limited")
    if found is None:
        found = any("SetMaxOpenConns" in each.settings and not aside(each) for each in ctx.of("go-sql", "pool"))
        ctx.memo["go-sql limited"] = found
    return bool(found)


def idle_below_open(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Fewer idle connections are kept than a quiet moment leaves behind."""
    most, idle = _written(block, "SetMaxOpenConns"), block.get("SetMaxIdleConns")
    if (
        most is None
        or idle is None
        or aside(block)
        or _LOCAL.search(driver(block))
        or not known(most.value, idle.value)
    ):
        return
    if not _number(most.value) or not _number(idle.value) or not 2 < most.value < UNLIMITED:
        return
    if idle.origin == "default":
        yield Hit(most, {"most": most.value})
    elif 0 < idle.value < most.value / 2:
        case = "recycled" if _written(block, "SetConnMaxIdleTime") is not None else "written"
        if case == "written":
            yield Hit(idle, {"most": most.value, "idle": idle.value}, case)


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def no_unit(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A duration that is a bare number, and so one of nanoseconds."""
    for setting in block.settings.values():
        if setting.spec is None or setting.spec.type != "duration" or not known(setting.value):
            continue
        if not _number(setting.value) or not 0 < setting.value < 0.0001 or _FINE.search(setting.raw):
            continue
        number = round(setting.value * 1e9)
        case = "text" if setting.key.startswith("pool_") else ""
        unit = "time.Second" if number < 1000 else "time.Millisecond"
        timed = '"time"' in block.place.source.text and not case
        values = {"setting": setting.key, "raw": setting.raw, "number": number}
        yield Hit(setting, {**values, "meant": f"{number} * {unit}" if timed else ""}, case)


def for_ever(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pool whose size was thought of and whose connections nothing ever renews."""
    most = _written(block, "SetMaxOpenConns") or _written(block, "SetMaxIdleConns")
    idle = block.value("SetMaxIdleConns")
    if not known(idle) or (_number(idle) and idle <= 0) or block.facts.get("connector"):
        return
    if most is None or most.value == 1 or aside(block) or uses(block, "sqlite") or _LOCAL.search(driver(block)):
        return
    values = [block.value(name) for name in _TIME]
    if all(value is not UNKNOWN and value == UNLIMITED for value in values):
        written = _settings(block, _TIME)
        if written:
            yield Hit(written[0], {"setting": written[0].key, "raw": written[0].raw}, "zero")
        else:
            yield Hit(most)


def _settings(block: Block, names: tuple[str, ...]) -> list[Setting]:
    return [block.settings[name] for name in names if name in block.settings]


def pool_parameters(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Parameters of pgxpool in a connection string that database/sql is given."""
    dsn = _written(block, "dsn")
    if dsn is None or driver(block) not in ("pgx", "pgx/v4", "pgx/v5", "postgres", "cloudsqlpostgres"):
        return
    text = dsn.value if isinstance(dsn.value, str) else (block.facts.get("shapes") or {}).get("dsn", "")
    for match in _POOL_PARAMETER.finditer(text):
        yield Hit(dsn, {"parameter": match[1]})


def unknown_parameter(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A parameter that looks like one of the pool's, and that pgxpool does not take out of the connection string."""
    for name, entry in (block.facts.get("unknown_options") or {}).items():
        if not name.startswith("pool_"):
            continue
        meant = difflib.get_close_matches(name, _PARAMETERS, 1, 0.75)
        yield Hit(entry.key_place, {"parameter": name, "meant": "".join(meant)}, "meant" if meant else "")


def size_by_machine(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A pgxpool whose size nobody chose."""
    size = block.get("MaxConns")
    if size is None or size.value is UNKNOWN or size.origin != "default" or aside(block):
        return
    if not block.facts.get("direct") and uses(block, "escape") in ("returned", "stored", "passed"):
        return
    yield Hit(block, {"call": _call(block)})


def prepares_behind_pooler(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """Statements that pgx keeps by name, where another connection may answer the next time."""
    dsn = _written(block, "dsn")
    if dsn is None or aside(block) or ctx.of("pgbouncer", "main") or says(_EXEC_MODE, block.place.source.text):
        return
    text = dsn.value if isinstance(dsn.value, str) else (block.facts.get("shapes") or {}).get("dsn", "")
    pooler = in_text(text)
    if pooler is None or pooler.pins:
        return
    what = f"this is {pooler.title}"
    yield Hit(dsn, {"what": what}, "v4" if "/pgx/v4/" in str(block.facts.get("callee", "")) else "")


def config_literal(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A configuration of pgxpool that is put together by hand."""
    made_of: tuple[str, ...] = (block.facts.get("uses") or {}).get("made_of") or ()
    if not aside(block) and len(made_of) > 1 and made_of[1].endswith("/pgxpool.Config"):
        yield Hit(block.settings.get("config") or block, {"call": _call(block)})


def at_once(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A lifetime of nothing, where older versions take it at its word."""
    life = _written(block, "MaxConnLifetime")
    if life is not None and known(life.value) and _number(life.value) and life.value <= 0 and not aside(block):
        version = re.search(r"/pgx/(v\d+)/", str(block.facts.get("callee", "")))
        yield Hit(life, {"setting": life.key, "raw": life.raw}, "v4" if version and version[1] == "v4" else "")


def not_given_back(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """A connection or transaction that some way out of the function keeps."""
    given, out = uses(block, "given"), uses(block, "out")
    if aside(block) or given not in ("never", "some"):
        return
    values = {"name": block.name, "back": f"{block.name}.{uses(block, 'back')}()"}
    if given == "never":
        yield Hit(block, values)
    elif isinstance(out, Place):
        yield Hit(out, values, "some", related=((block, f"{block.name} is taken here"),))
