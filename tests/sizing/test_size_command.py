"""The options of ``poollint size`` and its commands, their forms of output and their refusals."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from poollint.cli import size as size_module
from poollint.cli.main import cli
from poollint.sizing import tables, thumb

if TYPE_CHECKING:
    from pathlib import Path

SDM91 = "1:64.9,18:995.9,36:1652.4,72:1853.2,108:1828.9,144:1775,216:1702.2"

TOPOLOGY = """
[database.main]
cores = 8
spindles = 1
max_connections = 200
reserved = 10

[service.api]
database = "main"
instances = 20
weight = 3
"""


def size(*words: str) -> Result:
    return CliRunner().invoke(cli, ["size", *words], standalone_mode=False)


def answer(*words: str) -> dict[str, Any]:
    result = size(*words, "--format", "json")
    assert result.exception is None, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


@pytest.mark.parametrize(
    ("words", "total"),
    [
        ("--cores 8 --spindles 1", 17),
        ("--cores 8 --threads-per-core 2", 8),
        ("--cores 4 --wait 45ms --compute 5ms", 44),
        ("--cores 4 --wait 45ms --compute 5ms --utilisation 99%", 50),
        ("--cores 4 --rule 4,2", 18),
        ("--cores 4 --rule 2-cores-plus-1", 9),
        ("--cores 4 --rule 4-cores", 16),
        ("--rate 500/s --hold 20ms --p95-wait 5ms", 15),
        ("--rate 500/s --hold 20ms --p99-wait 5ms", 17),
        ("--rate 500/s --hold 20ms --p99-wait 5ms --hold-scv 4", 18),
        ("--rate 30k/min --hold 20ms --p99-wait 10ms", 15),
        ("--users 1000 --think 1.98s --hold 20ms --p99-wait 5ms", 17),
        ("--db rds:db.r6g.xlarge", 8),
        ("--db rds:db.r6g.xlarge --cores 2", 4),
        ("--instances 10 --max-instances 100 --surge 25% --max-connections 500 --reserved 13", 300),
        ("--instances 10 --surge 1 --terminating 10 --max-connections 210", 100),
        ("--functions 100 --max-connections 500", 500),
        ("--threads 200 --holding 20%", 50),
        (f"--measured {SDM91}", 72),
    ],
)
def test_answers(words: str, total: int) -> None:
    assert answer(*words.split())["total"] == total


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--cores 4 --wait 45", "write 45ms or 45s"),
        ("--rate 1200 --hold 8ms", "with its unit of time"),
        ("--cores 4 --p95-wait 5ms --p99-wait 5ms --rate 5/s --hold 1ms", "one wanted wait at a time"),
        ("--cores 4 --hold 5ms --compute 10ms", "longer than the 5 ms"),
        ("--hold 8ms,40ms --hold-scv 2 --rate 5/s", "say the same thing"),
        ("--hold 40ms,8ms --rate 5/s", "below its median"),
        ("--functions 10 --instances 10 --max-connections 50", "two kinds of fleet"),
        ("--instances 10 --max-instances 5 --max-connections 50", "below the 10 instances"),
        ("--threads-per-core 2 --instances 2", "divides --cores"),
        ("--cores 4 --rule x", "is no rule"),
        ("--cores 4 --rule 2-cores --app grpc", "give one of them"),
        ("--measured 1:10,2:20", "a fit needs four different sizes"),
        ("--measured 1:10,2:20,4:40,8:80", "measure"),
        ("--db rds:db.r6g.xlage", "did you mean"),
        ("--cores 4 --for hikarycp", "did you mean hikaricp"),
        ("--cores 4 --plot x.svg", "nothing to plot"),
        ("--cores 4 --wait 1ms --compute 1ms --plot x.gif", "writes .svg, .png or .pdf"),
        ("cost --tls 1.1", "unknown TLS version"),
        ("cost --protocol ipx", "unknown protocol"),
        ("budget --service api:instances=5", "a budget needs --max-connections"),
        ("budget --max-connections 10", "no service"),
        ("budget --max-connections 10 --service api", "is no service"),
        ("budget --max-connections 10 --service api:instnces=5", "did you mean instances"),
        ("budget --max-connections 10 --service api:processes=5", "instances is missing"),
        ("budget --max-connections 10 --service api:instances=20", "the floors alone take"),
    ],
)
def test_refusals(words: str, reason: str) -> None:
    result = CliRunner().invoke(cli, ["size", *words.split()])
    assert result.exit_code == 2
    assert reason in " ".join(result.output.split())


def test_not_possible_is_an_exit_status() -> None:
    result = size("--instances", "1000", "--max-connections", "500")
    assert result.return_value == 1
    assert result.output.startswith("not possible: there are more pools than usable connections")


def test_without_options_it_explains_itself() -> None:
    result = size()
    assert result.return_value == 2
    assert "poollint size --cores 8" in result.output


def test_percentiles_of_the_hold_time() -> None:
    found = answer("--rate", "500/s", "--hold", "8ms,40ms", "--p99-wait", "10ms")
    assert found["inputs"]["hold_scv"] == pytest.approx(1.6048, abs=1e-3)
    assert found["inputs"]["hold"] == pytest.approx(0.0129, abs=1e-4)


def test_csv_is_a_table() -> None:
    rows = list(csv.DictReader(io.StringIO(size("--cores", "4", "--spindles", "1", "--format", "csv").output)))
    assert [(row["question"], row["value"]) for row in rows] == [("answer", "9"), ("answer", "9"), ("capacity", "9")]


def test_measured_points_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("connections,tps\n" + SDM91.replace(",", "\n").replace(":", ","), encoding="utf-8")
    assert answer("--measured", str(path))["total"] == 72


def test_this_machine() -> None:
    found = answer("--detect")
    assert found["total"] >= 1
    assert any("this machine" in sentence for sentence in found["assumptions"])


def test_a_file_of_tables(tmp_path: Path) -> None:
    path = tmp_path / "poollint.toml"
    path.write_text(TOPOLOGY, encoding="utf-8")
    found = answer("--from", str(path))
    assert (found["capacity"], found["budget"]) == (17, 180)
    assert answer("--from", str(path), "--cores", "4")["capacity"] == 9
    path.write_text(TOPOLOGY + "[service.worker]\ninstances = 10\nweight = 1\n", encoding="utf-8")
    assert "poollint size budget" in CliRunner().invoke(cli, ["size", "--from", str(path)]).output
    shares = json.loads(size("budget", "--from", str(path), "--format", "json").output)
    assert [(share["name"], share["pool"]) for share in shares["services"]] == [("api", 7), ("worker", 5)]
    path.write_text("[database.main]\ncoers = 8\n", encoding="utf-8")
    assert "did you mean cores" in CliRunner().invoke(cli, ["size", "--from", str(path)]).output
    path.write_text("[database", encoding="utf-8")
    assert CliRunner().invoke(cli, ["size", "--from", str(path)]).exit_code == 2


def test_budget_as_csv() -> None:
    output = size("budget", "--max-connections", "100", "--service", "api:instances=5", "--format", "csv").output
    assert output == "service,weight,pools,each pool,connections\napi,5,5,20,100\n"


def test_cost() -> None:
    found = json.loads(size("cost", "--hello-retry", "--format", "json").output)
    assert (found["trips"], found["seconds_each"]) == (7, 0.0035)
    assert size("cost", "--format", "csv").output.startswith("trips,")
    assert "kept busy by it: 2" in size("cost", "--cpu-server", "2ms").output


@pytest.mark.parametrize("name", list(tables.load("targets")))
def test_every_target_gets_its_lines(name: str) -> None:
    words = "--cores 8 --instances 2 --max-connections 100 --rate 200/s --hold 20ms --p99-wait 50ms".split()
    settings = answer(*words, "--for", name)["settings"]
    assert settings[0]["title"]
    assert "not enough" not in settings[0]["lines"]
    assert "{" not in settings[0]["lines"].replace("({", "").replace(": {", "").replace("= {", "")


def test_base_and_overflow_stay_within_the_pool() -> None:
    words = "--max-connections 100 --instances 10 --overflow 10".split()
    lines = answer(*words, "--for", "sqlalchemy")["settings"][0]["lines"]
    assert "pool_size=1," in lines
    assert "max_overflow=9," in lines


def test_a_target_without_what_it_needs_says_so() -> None:
    assert "not enough is known" in answer("--cores", "4", "--for", "nginx")["settings"][0]["lines"]


def test_applications_are_those_that_have_a_rule() -> None:
    assert size_module.APPLICATIONS == thumb.APPLICATIONS


def test_the_plot_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    words = ["--cores", "4", "--wait", "45ms", "--compute", "5ms", "--rate", "600/s", "--plot", str(path)]
    try:
        import matplotlib as mpl
    except ImportError:
        assert "pip install 'poollint[plot]'" in CliRunner().invoke(cli, ["size", *words]).output
        return
    assert mpl.__version__
    assert size(*words).exception is None
    assert "<svg" in path.read_text(encoding="utf-8")


HEAVY = "json tomli yaml csv difflib dataclasses matplotlib numpy logging asyncio importlib.metadata decimal".split()


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys; sys.argv = ['poollint', 'size', '--cores', '4', '--wait', '45ms', '--compute', '5ms'];"
        "from poollint.cli.main import run; run();"
        f"print('imported:', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    assert done.stdout.splitlines()[-1] == "imported:"
