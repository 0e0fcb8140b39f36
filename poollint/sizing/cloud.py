"""What a managed database's class means: cores, memory, the default of max_connections and what is reserved of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from poollint.sizing.memory import GIB
from poollint.sizing.rounding import down
from poollint.sizing.tables import closest
from poollint.sizing.units import number


class Database(NamedTuple):
    """A class of a database: ``cores`` are physical; None for what its maker does not say."""

    title: str
    cores: float | None
    memory: int | None
    max_connections: int | None
    reserved: int
    notes: tuple[str, ...]


def database(text: str, hosted: dict[str, Any], aws: dict[str, Any]) -> Database:
    """The class behind ``ENGINE:CLASS``, as ``rds:db.r6g.xlarge``. ValueError for names that are not known."""
    name, _, wanted = text.partition(":")
    engines = hosted["engines"]
    if name not in engines:
        raise ValueError(f"unknown database {name!r}{closest(name, list(engines))}; known are {', '.join(engines)}")
    engine = engines[name]
    table = aws["classes"] if engine["table"] == "aws" else hosted[engine["table"]]
    wanted = wanted or ("default" if "default" in table else "")
    row = _row(name, wanted, engine, table, aws)
    notes = [engine["note"]] if "note" in engine else []
    cores = None
    if "vcpu" in row:
        cores = row["vcpu"] / row.get("threads", 1)
        notes.append(_cores_note(row, cores))
    if wanted.startswith(("db.t2", "db.t3", "db.t4g")):
        notes.append("T classes fall back to a fraction of their cores when their CPU credits run out")
    limit, told = _limit(engine, row, hosted["memory_left"])
    memory = round(row["gib"] * GIB) if "gib" in row else None
    return Database(f"{engine['title']} {wanted}", cores, memory, limit, engine.get("reserved", 0), (*notes, *told))


def _row(name: str, wanted: str, engine: dict[str, Any], table: dict[str, Any], aws: dict[str, Any]) -> dict[str, Any]:
    if not wanted:
        raise ValueError(f"{name} needs a class, as {name}:{next(iter(table))}")
    if wanted in table:
        row: dict[str, Any] = table[wanted]
        return row
    if engine["table"] == "aws":
        family, _, size = wanted.removeprefix("db.").partition(".")
        like = f"db.{aws['same_shape'].get(family, family)}.{size}"
        if like in table:
            return {key: value for key, value in table[like].items() if not key.startswith("aurora")}
    if engine.get("by_memory"):
        return _by_memory(name, wanted, table)
    raise ValueError(f"{name} has no class {wanted!r}{closest(wanted, list(table))}")


def _by_memory(name: str, wanted: str, table: dict[str, Any]) -> dict[str, Any]:
    """The row of the largest memory that is not above the wanted one."""
    try:
        memory = float(wanted.lower().removesuffix("gib").removesuffix("gb"))
    except ValueError:
        raise ValueError(f"{name} has no class {wanted!r}: give a tier or its memory in GiB, as {name}:15") from None
    rows = [row for row in table.values() if row["gib"] <= memory]
    if not rows:
        raise ValueError(f"{name} has no class with {number(memory)} GiB")
    return {"gib": memory, "limit": max(rows, key=lambda row: float(row["gib"]))["limit"]}


def _cores_note(row: dict[str, Any], cores: float) -> str:
    if row.get("threads", 1) > 1:
        return f"{row['vcpu']} vCPUs are {row['vcpu']} hardware threads of {number(cores)} cores"
    if "threads" in row:
        return f"{row['vcpu']} vCPUs are {number(cores)} cores"
    return f"{row['vcpu']} vCPUs, counted as cores; where two are threads of one core give --cores {number(cores / 2)}"


def _limit(engine: dict[str, Any], row: dict[str, Any], left: dict[str, float]) -> tuple[int | None, list[str]]:
    column = engine.get("column", "limit")
    if column in row:
        return row[column], [f"max_connections = {row[column]} by default"]
    if "divisor" not in engine:
        return None, []
    gib = row["gib"]
    part = left["below_8_gib"] if gib < 8 else left["from_16_gib"] if gib >= 16 else left["at_8_gib"]
    nominal = min(down(gib * GIB / engine["divisor"]), engine["highest"])
    planned = min(down(gib * GIB * part / engine["divisor"]), engine["highest"])
    told = (
        f"max_connections = {planned} by default: {number(gib)} GiB less what the system keeps, ÷ {engine['divisor']} "
        f"({nominal} from the nominal memory)"
    )
    return planned, [told]
