"""``poollint size``: the calculator. Options in, an explained answer out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from poollint.sizing import units
from poollint.sizing.inputs import Inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from poollint.sizing.answer import Answer
    from poollint.sizing.paste import Pooler

APPLICATIONS = (
    "node-api",
    "node-cluster",
    "workers",
    "proxy",
    "microservice",
    "http-client",
    "broker",
    "threads",
    "grpc",
)
NAMED_RULES = ("2-cores", "2-cores-plus-1", "4-cores")
NOTHING_TO_DRAW = "nothing to plot: give --cores with --wait and --compute, --measured, or --rate and --hold"
FORMATS = click.Choice(["text", "json", "csv"])


if TYPE_CHECKING:
    Parameter = click.ParamType[Any]
else:
    Parameter = click.ParamType  # generic since click 8.5 only


class Quantity(Parameter):
    """A quantity with its unit, read by one of poollint.sizing.units."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self.read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _hold(text: str) -> tuple[float, float | None]:
    """A hold time, or its median and 95 % point: (mean or median, 95 % point)."""
    first, comma, second = text.partition(",")
    return units.duration(first), units.duration(second) if comma else None


def _rule(text: str) -> tuple[float, float] | str:
    """A rule of thumb by its name, or as k,m."""
    if text in NAMED_RULES:
        return text
    per_core, _, extra = text.partition(",")
    try:
        return float(per_core), float(extra or 0)
    except ValueError:
        known = ", ".join(NAMED_RULES)
        raise ValueError(f"{text!r} is no rule: write {known}, or k,m for k × cores + m, as 2,1") from None


DURATION = Quantity("duration", units.duration)
RATE = Quantity("rate", units.rate)
SHARE = Quantity("percentage", units.share)
BYTES = Quantity("size", units.size)
COUNT = click.IntRange(min=1)
NONE_OR_MORE = click.IntRange(min=0)


def options_of(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, in their order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


DATABASE = options_of(
    click.option("--cores", type=float, help="Cores of the database's machine, hyper-threads not counted."),
    click.option("--threads-per-core", type=COUNT, help="Divide --cores by it: 2 for a count of x86 vCPUs."),
    click.option("--spindles", type=NONE_OR_MORE, default=0, help="Disks that turn; 0 when the data is cached."),
    click.option("--memory", type=BYTES, help="Memory of the database's machine."),
    click.option("--work-mem", type=BYTES, help="work_mem, for the memory of queries at work."),
    click.option("--db", help="A managed database's class, as rds:db.r6g.xlarge, azure:D4s, heroku:standard-0."),
    click.option("--detect", is_flag=True, help="This machine's cores and memory, within the container's limits."),
    click.option("--compute", type=DURATION, help="CPU time of one transaction on the database's machine."),
    click.option("--wait", type=DURATION, help="Time in a transaction in which no core works for it."),
    click.option("--utilisation", "--utilization", type=SHARE, help="Wanted use of the cores.  [default: 95%]"),
    click.option(
        "--rule", type=Quantity("k,m", _rule), help="A rule of thumb: 2-cores, 2-cores-plus-1, 4-cores; or k,m."
    ),
    click.option(
        "--measured",
        help="Measured connections:throughput, …, or a CSV file; one point does with --cores and --compute under load.",
    ),
    click.option("--app", type=click.Choice(APPLICATIONS), help="Also the rule of thumb for a kind of application."),
)
LOAD = options_of(
    click.option("--rate", type=RATE, help="Transactions per unit of time, as 1200/s."),
    click.option("--users", type=float, help="Users who each wait for an answer, then --think."),
    click.option("--think", type=DURATION, help="Time between an answer and the user's next request."),
    click.option(
        "--hold", type=Quantity("duration", _hold), help="How long a transaction keeps its connection; or p50,p95."
    ),
    *(
        click.option(f"--p{percent}-wait", type=DURATION, help=f"Wanted: {percent} % wait no longer for a connection.")
        for percent in (50, 90, 95, 99)
    ),
    click.option("--hold-scv", type=float, help="Squared coefficient of variation of hold times.  [default: 1]"),
    click.option("--arrival-scv", type=float, default=1.0, help="The same of the gaps between requests."),
)
FLEET = options_of(
    click.option("--instances", type=COUNT, help="Instances of the application: pods, machines, containers."),
    click.option("--max-instances", type=COUNT, help="The autoscaler's maximum of them."),
    click.option("--functions", type=COUNT, help="Concurrent executions of a serverless function, each with a pool."),
    click.option("--processes", type=COUNT, default=1, help="Processes of an instance that own a pool each."),
    click.option("--pools", type=COUNT, default=1, help="Pools of a process on this database."),
    click.option(
        "--surge", type=Quantity("count or %", units.count_or_share), default="0", help="Extra instances in a rollout."
    ),
    click.option(
        "--terminating", type=NONE_OR_MORE, default=0, help="Old instances that still hold connections meanwhile."
    ),
    click.option("--max-connections", type=COUNT, help="The server's limit."),
    click.option("--reserved", type=NONE_OR_MORE, help="Connections not for the application.  [default: 0]"),
    click.option("--headroom", type=SHARE, default="0", help="Share of the usable connections to leave free."),
    click.option("--pool", type=COUNT, help="The pool size that is configured now, to judge it."),
    click.option("--overflow", type=NONE_OR_MORE, default=0, help="Connections above the pool size (SQLAlchemy)."),
    click.option("--threads", type=COUNT, help="Threads of a process that use the pool."),
    click.option(
        "--connections-per-thread", type=COUNT, default=1, help="Connections that one thread may hold at once."
    ),
    click.option("--holding", type=SHARE, help="Share of a thread's time in which it holds a connection."),
)
POOLER = options_of(
    click.option("--poolers", type=COUNT, default=1, help="PgBouncer processes in front of the database."),
    click.option("--databases", type=COUNT, default=1, help="Databases that they serve."),
    click.option("--users-per-database", type=COUNT, default=1, help="Users of each database, each with a pool."),
    click.option("--reserve-pool", type=NONE_OR_MORE, default=0, help="reserve_pool_size."),
    click.option("--forced-user", is_flag=True, help="The pooler logs in as one user, whoever its clients are."),
)
OUTPUT = options_of(
    click.option(
        "--for", "targets", multiple=True, metavar="NAME", help="Settings to paste: pgbouncer, hikaricp, pg, …"
    ),
    click.option("--format", "format_", type=FORMATS, default="text", show_default=True),
    click.option("--curve", is_flag=True, help="Throughput and wait against the pool size, as text."),
    click.option(
        "--plot", type=click.Path(dir_okay=False), metavar="FILE", help="The same as .svg, .png or .pdf (matplotlib)."
    ),
    click.option(
        "--from", "source", type=click.Path(exists=True, dir_okay=False), help="[database.X], [service.X] of a file."
    ),
)


@click.group(
    invoke_without_command=True,
    short_help="How many connections? Explained step by step.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@DATABASE
@LOAD
@FLEET
@POOLER
@OUTPUT
@click.pass_context
def size(ctx: click.Context, /, **given: Any) -> int | None:
    """How many connections? Capacity, demand and budget, explained step by step.

    \b
    poollint size --cores 8
    poollint size --cores 4 --wait 45ms --compute 5ms --rate 600/s --p99-wait 5ms
    poollint size --instances 12 --processes 4 --surge 25% --max-connections 200 --reserved 3
    poollint size --measured 1:64.9,18:995.9,36:1652.4,72:1853.2,108:1828.9 --curve
    poollint size --db rds:db.r6g.xlarge --instances 6 --for hikaricp --for pgbouncer

    Times carry units (45ms), rates too (1200/s). Exit status: 0 answered, 1 not possible, 2 wrong or contradictory input.
    """
    if ctx.invoked_subcommand is not None:
        return None
    if not any(_is_written(name) for name in given):
        click.echo(ctx.get_help(), err=True)
        return 2
    from poollint.sizing.answer import answer

    try:
        inputs, notes = _inputs(given)
        found = answer(inputs)
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from None
    found = found._replace(assumptions=(*notes, *found.assumptions))
    try:
        _write(found, inputs, given)
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from None
    return 0 if found.verdict.possible else 1


def _inputs(given: dict[str, Any]) -> tuple[Inputs, list[str]]:
    """The options as inputs, and where those came from that were not written."""
    notes: list[str] = []
    fields: dict[str, Any] = {}
    if given["source"]:
        fields |= _from_file(given["source"])
    if given["db"]:
        fields |= _from_class(given["db"], notes)
    if given["detect"]:
        fields |= _from_machine(notes)
    fields |= _from_options(given)
    return Inputs(**fields), notes


def _from_options(given: dict[str, Any]) -> dict[str, Any]:
    same = (
        "cores spindles memory work_mem compute wait utilisation rule app rate users think arrival_scv processes pools "
        "surge terminating max_connections reserved headroom pool overflow threads holding"
    ).split()
    written = {name for name in same if _is_written(name)}
    fields = {name: given[name] for name in written if given[name] is not None}
    if _is_written("connections_per_thread"):
        fields["per_thread"] = given["connections_per_thread"]
    if given["threads_per_core"]:
        if "cores" not in fields:
            raise ValueError("--threads-per-core divides --cores: give both")
        fields["cores"] /= given["threads_per_core"]
    if isinstance(fields.get("rule"), str):
        if "app" in fields:
            raise ValueError("--app and a named --rule are both rules of thumb: give one of them")
        fields["app"] = fields.pop("rule")
    if given["measured"]:
        fields["points"] = _points(given["measured"])
    return fields | _hold_fields(given) | _target_fields(given) | _replica_fields(given)


def _is_written(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is not None and source.name not in ("DEFAULT", "DEFAULT_MAP")


def _hold_fields(given: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if given["hold_scv"] is not None:
        fields["hold_scv"] = given["hold_scv"]
    if given["hold"] is not None:
        hold, p95 = given["hold"]
        if p95 is not None:
            from poollint.sizing.demand import scv_from_percentiles

            if given["hold_scv"] is not None:
                raise ValueError("--hold p50,p95 and --hold-scv say the same thing: give one of them")
            scv = scv_from_percentiles(hold, p95)
            fields["hold_scv"] = scv
            hold *= (1 + scv) ** 0.5
        fields["hold"] = hold
    return fields


def _target_fields(given: dict[str, Any]) -> dict[str, Any]:
    wanted = [
        (percent, given[f"p{percent}_wait"]) for percent in (50, 90, 95, 99) if given[f"p{percent}_wait"] is not None
    ]
    if len(wanted) > 1:
        raise ValueError("one wanted wait at a time: give --p95-wait or --p99-wait")
    return {"percentile": wanted[0][0] / 100, "target": wanted[0][1]} if wanted else {}


def _replica_fields(given: dict[str, Any]) -> dict[str, Any]:
    instances, most, functions = given["instances"], given["max_instances"], given["functions"]
    if functions is not None and (instances is not None or most is not None):
        raise ValueError("--functions and --instances are two kinds of fleet: size them one by one")
    if instances is not None and most is not None and most < instances:
        raise ValueError(f"the autoscaler's maximum of {most} is below the {instances} instances there are")
    replicas = most or instances or functions
    return {"replicas": replicas} if replicas else {}


def _points(text: str) -> tuple[Any, ...]:
    from poollint.sizing.scalability import Point

    if os.path.isfile(text):
        with open(text, encoding="utf-8-sig") as file:
            found = units.points_of_csv(file.read())
    else:
        found = units.points(text)
    return tuple(Point(*pair) for pair in found)


def _from_class(text: str, notes: list[str]) -> dict[str, Any]:
    from poollint.sizing import cloud, tables

    hosted = tables.load("hosted")
    aws = hosted["engines"].get(text.partition(":")[0], {}).get("table") == "aws"
    found = cloud.database(text, hosted, tables.load("aws") if aws else {})
    notes += [f"{found.title}: {note}" for note in found.notes]
    if found.reserved:
        notes.append(f"{found.title}: {found.reserved} connections are reserved")
    fields = {
        "cores": found.cores, "memory": found.memory, "max_connections": found.max_connections, "reserved": found.reserved
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def _from_machine(notes: list[str]) -> dict[str, Any]:
    from poollint.sizing.machine import detect

    machine = detect()
    notes += [f"this machine: {sentence}" for sentence in machine.told]
    notes.append("this machine is the database's: an application's own cores say nothing of its database")
    return {"cores": machine.cores} | ({"memory": machine.memory} if machine.memory else {})


def _tables(path: str) -> dict[str, Any]:
    import tomli

    with open(path, "rb") as file:
        try:
            found = tomli.load(file)
        except tomli.TOMLDecodeError as error:
            raise ValueError(f"{path}: {error}") from None
    tool: dict[str, Any] = found.get("tool", {}).get("poollint", found)
    return tool


def _from_file(path: str) -> dict[str, Any]:
    from poollint.sizing import topology

    tables = _tables(path)
    services = topology.services(tables)
    if len(services) > 1:
        raise ValueError(f"{path} has several services ({', '.join(services)}): poollint size budget --from {path}")
    fields = topology.database(tables)
    for inputs in services.values():
        fields |= {name: value for name, value in inputs._asdict().items() if value != Inputs._field_defaults[name]}
    if not fields:
        raise ValueError(f"{path} has neither [database.NAME] nor [service.NAME]")
    return fields


def _pooler(given: dict[str, Any]) -> Pooler:
    from poollint.sizing.paste import Pooler
    from poollint.sizing.poolers import Bouncers

    bouncers = Bouncers(given["poolers"], given["databases"], given["users_per_database"])
    return Pooler(bouncers, given["reserve_pool"], given["forced_user"])


def _write(found: Answer, inputs: Inputs, given: dict[str, Any]) -> None:
    from poollint.sizing import render
    from poollint.sizing.sensitivity import sensitivity

    pasted = _pasted(found, given)
    if given["plot"]:
        _draw(given["plot"], found, inputs)
    if given["format_"] == "csv":
        _write_csv(render.rows(found))
        return
    changes = sensitivity(inputs, found)
    if given["format_"] == "json":
        _write_json(render.table(found, changes, pasted))
        return
    more = ""
    if given["curve"]:
        from poollint.sizing.curve import curve, in_terminal

        points = curve(inputs, max(1, found.shared))
        if not points:
            raise ValueError(NOTHING_TO_DRAW)
        more = in_terminal(points, found.shared, found.inputs.percentile)
    click.echo(render.text(found, changes, pasted, more))


def _pasted(found: Answer, given: dict[str, Any]) -> list[tuple[str, str]]:
    if not given["targets"]:
        return []
    from poollint.sizing import paste, tables

    targets = tables.load("targets")
    known = paste.values(found, _pooler(given))
    pasted = []
    for name in given["targets"]:
        table = paste.target(name, targets)
        lines = paste.lines(table, known)
        pasted.append((table["title"], lines or "(not possible, or not enough is known for it)"))
    return pasted


def _draw(path: str, found: Answer, inputs: Inputs) -> None:
    from poollint.sizing.curve import curve

    points = curve(inputs, max(1, found.shared), growth=1.05)
    if not points:
        raise ValueError(NOTHING_TO_DRAW)
    if not path.lower().endswith((".svg", ".png", ".pdf")):
        raise ValueError(f"--plot writes .svg, .png or .pdf, not {path}")
    from poollint.sizing.figure import draw

    try:
        draw(path, points, found.shared, found.inputs)
    except ImportError:
        raise ValueError("--plot needs matplotlib: pip install 'poollint[plot]'; --curve needs nothing") from None


def _write_json(table: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(table, indent=2, ensure_ascii=False))


def _write_csv(rows: Iterable[Iterable[object]]) -> None:
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    click.echo(text.getvalue(), nl=False)


@size.command("cost", short_help="What connecting for every transaction costs.")
@click.option(
    "--protocol", default="postgresql", show_default=True, help="postgresql, mysql, redis, http, grpc, tcp, …"
)
@click.option("--tls", default="1.3", show_default=True, help="none, 1.2, 1.3 or 1.3-0rtt.")
@click.option("--hello-retry", is_flag=True, help="The server asks for another key share (PostgreSQL up to 17 does).")
@click.option("--rtt", type=DURATION, default="0.5ms", show_default=True, help="Round trip between client and server.")
@click.option("--rate", type=RATE, default="1000/s", show_default=True, help="Connections opened, one a transaction.")
@click.option("--cpu-client", type=DURATION, default="0", help="CPU time of the client for each.")
@click.option("--cpu-server", type=DURATION, default="0", help="CPU time of the server for each.")
@click.option("--format", "format_", type=FORMATS, default="text", show_default=True)
@click.pass_context
def cost(ctx: click.Context, /, protocol: str, tls: str, **given: Any) -> int:
    """What a new connection for every transaction costs, and what a pool saves."""
    from poollint.sizing.setup_cost import PROTOCOLS, round_trips, setup_cost

    try:
        trips = round_trips(protocol, tls, hello_retry=given["hello_retry"])
        found = setup_cost(trips, given["rtt"], given["rate"], given["cpu_client"], given["cpu_server"])
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from None
    table = found._asdict() | {"saved_seconds_each": found.saved_seconds_each}
    if given["format_"] == "json":
        _write_json({"version": 1, "protocol": protocol, "tls": tls} | table)
    elif given["format_"] == "csv":
        _write_csv([table.keys(), table.values()])
    else:
        secured = "" if tls == "none" else f" over TLS {tls}"
        click.echo(f"{PROTOCOLS[protocol].title}{secured}: {trips} round trips until the first query")
        cpu = given["cpu_client"] + given["cpu_server"]
        added = f" + {units.show_seconds(cpu)} of CPU" if cpu else ""
        trip, each = units.show_seconds(given["rtt"]), units.show_seconds(found.seconds_each)
        click.echo(f"  each transaction: {trips} × {trip}{added} = {each}; from a pool about 10 µs")
        waste = units.show_seconds(found.seconds_per_second)
        click.echo(f"  at {units.number(given['rate'])}/s: {waste} of set-up in every second")
        if found.server_cores:
            click.echo(f"  the server's cores kept busy by it: {units.number(found.server_cores)}")
    return 0


@size.command("budget", short_help="Divide a database's connections over services.")
@click.option("--max-connections", type=COUNT, help="The server's limit.")
@click.option("--db", help="A managed database's class, as rds:db.r6g.xlarge.")
@click.option("--reserved", type=NONE_OR_MORE, help="Connections not for these services.")
@click.option("--headroom", type=SHARE, help="Share of the usable connections to leave free.")
@click.option(
    "--service", "written", multiple=True, metavar="NAME:KEY=VALUE,…", help="As api:instances=12,processes=4,weight=3."
)
@click.option("--max-per-process", type=COUNT, help="No pool larger than this.")
@click.option(
    "--from", "source", type=click.Path(exists=True, dir_okay=False), help="[database.X], [service.X] of a file."
)
@click.option("--format", "format_", type=FORMATS, default="text", show_default=True)
@click.pass_context
def budget(ctx: click.Context, /, **given: Any) -> int:
    """Divide a database's connections over several services, by weight (rate × hold where both are given)."""
    try:
        return _budget(given)
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from None


def _budget(given: dict[str, Any]) -> int:
    from poollint.sizing.budget import share_by_weight, usable_connections
    from poollint.sizing.topology import database, service, service_of_text, services

    tables = _tables(given["source"]) if given["source"] else {}
    limits = database(tables) | (_from_class(given["db"], []) if given["db"] else {})
    limits |= {name: given[name] for name in ("max_connections", "reserved", "headroom") if given[name] is not None}
    fleet = [
        service(name, inputs, tables["service"][name].get("weight"), given["max_per_process"])
        for name, inputs in services(tables).items()
    ]
    for text in given["written"]:
        name, inputs, weight = service_of_text(text)
        fleet.append(service(name, inputs, weight, given["max_per_process"]))
    if "max_connections" not in limits:
        raise ValueError("a budget needs --max-connections, --db, or a [database.NAME] with max-connections")
    reserved, headroom = limits.get("reserved", 0), limits.get("headroom", 0.0)
    usable = usable_connections(limits["max_connections"], reserved, headroom)
    shares = share_by_weight(usable, fleet)
    taken = sum(share.connections for share in shares)
    if given["format_"] == "json":
        listed = [
            share._asdict() | {"weight": s.weight, "pools": s.holders} for share, s in zip(shares, fleet, strict=True)
        ]
        _write_json({"version": 1, "usable": usable, "taken": taken, "left": usable - taken, "services": listed})
        return 0
    heading = ["service", "weight", "pools", "each pool", "connections"]
    rows = [
        [share.name, units.number(s.weight), str(s.holders), str(share.pool), str(share.connections)]
        for share, s in zip(shares, fleet, strict=True)
    ]
    if given["format_"] == "csv":
        _write_csv([heading, *rows])
        return 0
    click.echo(
        f"{limits['max_connections']} - {reserved} reserved, {units.show_share(headroom)} headroom: {usable} usable\n"
    )
    widths = [max(len(row[index]) for row in [heading, *rows]) for index in range(len(heading))]
    for row in [heading, *rows]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        click.echo("  ".join(cells))
    click.echo(f"\n{' + '.join(row[4] for row in rows)} = {taken} of {usable}, {usable - taken} left")
    return 0
