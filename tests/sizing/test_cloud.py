"""Classes of managed databases against the researched table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from poollint.sizing import tables
from poollint.sizing.cloud import Database, database
from poollint.sizing.memory import GIB

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def hosted() -> dict[str, Any]:
    return tables.load("hosted")


@pytest.fixture(scope="module")
def aws() -> dict[str, Any]:
    return tables.load("aws")


@pytest.fixture(scope="module")
def researched(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((shared / "knowledge/sizing/cloud.yaml").read_text(encoding="utf-8"))
    return found


def test_every_class_of_aws_is_as_researched(
    researched: dict[str, Any], hosted: dict[str, Any], aws: dict[str, Any]
) -> None:
    classes = researched["aws"]["classes"]
    assert set(classes) == set(aws["classes"])
    for name, row in classes.items():
        found = database(f"rds:{name}", hosted, aws)
        assert found.cores == row["vcpu"] / row["threads_per_core"]
        assert found.memory == row["mem_gib"] * GIB
        assert found.max_connections is not None
        assert found.max_connections <= row["rds_pg_upper"] == _nominal(row, 9531392, 5000)
        # the table of upper bounds leaves out that max_connections of MySQL cannot be set above 100,000
        assert min(row["rds_mysql_upper"], 100000) == _nominal(row, 12582880, 100000)
        assert row["rds_mariadb_upper"] == _nominal(row, 25165760, 12000)
        if "aurora_pg" in row:
            assert database(f"aurora:{name}", hosted, aws).max_connections == row["aurora_pg"]
        if "aurora_mysql" in row:
            assert database(f"aurora-mysql:{name}", hosted, aws).max_connections == row["aurora_mysql"]


def _nominal(row: dict[str, Any], divisor: int, highest: int) -> int:
    return min(int(row["mem_gib"] * GIB // divisor), highest)


def test_defaults_come_close_to_what_was_observed(
    researched: dict[str, Any], hosted: dict[str, Any], aws: dict[str, Any]
) -> None:
    for name, row in researched["formulas"]["rds_postgresql"]["observed"].items():
        planned = database(f"rds:{name}", hosted, aws).max_connections or 0
        assert abs(planned - row["observed"]) / row["observed"] < 0.03


def test_other_makers_are_as_researched(researched: dict[str, Any], hosted: dict[str, Any]) -> None:
    for name, (vcpu, gib, limit, user) in researched["azure"]["postgresql_flexible"].items():
        found = database(f"azure:{name.removesuffix('_and_larger')}", hosted, {})
        if name != "azure" and isinstance(limit, int):
            assert (found.cores, found.memory, found.max_connections) == (vcpu, gib * GIB, limit)
            assert limit - found.reserved == user
        if name == "E8s_and_larger":
            break
    for name, row in researched["supabase"].items():
        if isinstance(row, list):
            assert database(f"supabase:{name}", hosted, {}).max_connections == row[2]


@pytest.mark.parametrize(
    ("text", "cores", "limit", "reserved"),
    [
        ("rds:db.r6g.xlarge", 4, 3442, 5),
        ("rds:db.r6i.xlarge", 2, 3442, 5),
        ("rds:db.r8g.xlarge", 4, 3442, 5),
        ("aurora:db.r6g.xlarge", 4, 3479, 3),
        ("aurora-serverless:16", None, 3360, 3),
        ("azure:D4s", 4, 1718, 15),
        ("cloudsql:db-f1-micro", None, 25, 0),
        ("cloudsql:26", None, 500, 0),
        ("cloudsql:8GiB", None, 400, 0),
        ("heroku:standard-0", None, 120, 0),
        ("supabase:large", 2, 160, 0),
        ("neon:0.25", None, 104, 7),
        ("ionos:4", None, 384, 11),
        ("digitalocean:4", None, 97, 0),
        ("postgresql", None, 100, 3),
        ("mysql", None, 151, 0),
    ],
)
def test_lookup(
    text: str, cores: float | None, limit: int, reserved: int, hosted: dict[str, Any], aws: dict[str, Any]
) -> None:
    found: Database = database(text, hosted, aws)
    assert (found.cores, found.max_connections, found.reserved) == (cores, limit, reserved)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rd:db.r6g.xlarge", "did you mean rds"),
        ("rds:db.r6g.xlage", "did you mean db.r6g.xlarge"),
        ("rds", "needs a class"),
        ("cloudsql:tiny", "give a tier or its memory"),
        ("cloudsql:0.1", "no class with 0.1 GiB"),
        ("neon:77", "no class"),
    ],
)
def test_unknown_names_are_refused(text: str, reason: str, hosted: dict[str, Any], aws: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=reason):
        database(text, hosted, aws)
