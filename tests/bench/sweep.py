"""Sizes of a connection pool against a real PostgreSQL: what each rule recommends, and what that size really gives.

It starts a PostgreSQL and a PgBouncer of its own in a temporary directory (Debian's packages postgresql, pgbouncer and
postgresql-client), loads them with pgbench, and removes everything at the end. Run it on a quiet machine:

    python tests/bench/sweep.py measure sweep.json      # about 25 minutes; --repeats, --seconds, --sizes shorten it
    python tests/bench/sweep.py waits waits.json        # about 4 minutes: PgBouncer's waits against Erlang C
    python tests/bench/sweep.py report sweep.json       # the tables; waits.json likewise; sweep.txt holds one such run

The points of one repeat are shuffled, so that a slow minute of the machine does not fall on one workload or one size.
Every share is of the best median among the measured sizes. Rules that look at the points themselves see the first
repeats alone and are judged by the others.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from poollint.sizing import capacity, demand, scalability

SIZES = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
FEW_SIZES = (1, 4, 8, 16, 32, 64, 128)
CLIENTS_BEHIND_POOLER = 160
PORT = 54329
POOLER_PORT = 54330
TICKS = os.sysconf("SC_CLK_TCK")
QUIET = 0.4
"""Cores that others may keep busy while a point is measured; else it is measured again."""
TRIES = 4

TPCB = """\\set aid random(1, 100000 * :scale)
\\set bid random(1, 1 * :scale)
\\set tid random(1, 10 * :scale)
\\set delta random(-5000, 5000)
BEGIN;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
{inside}UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
END;
{outside}"""


class Workload(NamedTuple):
    """A pgbench script, direct (D-) or through PgBouncer in transaction mode (P-); waits in microseconds."""

    name: str
    builtin: str = ""
    wait_inside: int = 0
    wait_outside: int = 0

    @property
    def pooled(self) -> bool:
        return self.name.startswith("P-")

    def script(self) -> str:
        inside = f"\\sleep {self.wait_inside} us\n" if self.wait_inside else ""
        outside = f"\\sleep {self.wait_outside} us\n" if self.wait_outside else ""
        return TPCB.format(inside=inside, outside=outside)


WORKLOADS = (
    Workload("D-select", "select-only"),
    Workload("D-tpcb", "tpcb-like"),
    Workload("D-wait1in", wait_inside=1500),
    Workload("D-wait4in", wait_inside=6000),
    Workload("D-wait9in", wait_inside=13500),
    Workload("P-select", "select-only"),
    Workload("P-tpcb", "tpcb-like"),
    Workload("P-wait4in", wait_inside=6000),
    Workload("P-wait4out", wait_outside=6000),
)

WAIT_SCRIPT = """\\set micros random_exponential(0, {longest}, 10)
SELECT pg_sleep(:micros / 1000000.0);
"""


class WaitCase(NamedTuple):
    """Open arrivals: a pool, the share of it that is busy on average, and the mean hold time in milliseconds."""

    pool: int
    busy: float
    hold_ms: int


WAIT_CASES = (
    WaitCase(5, 0.7, 20),
    WaitCase(5, 0.8, 20),
    WaitCase(10, 0.8, 20),
    WaitCase(10, 0.9, 20),
    WaitCase(20, 0.9, 20),
)


class Server:
    """A PostgreSQL and, by need, a PgBouncer in one temporary directory, run by an unprivileged user."""

    def __init__(self, scale: int) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="sweep-"))
        self.user = "postgres" if os.getuid() == 0 else None
        self.bin = newest_binaries()
        self.scale = scale
        self.pooler: subprocess.Popen[bytes] | None = None
        if self.user:
            shutil.chown(self.root, self.user)
        data = self.root / "data"
        self.run(self.bin / "initdb", "-D", data, "-U", "bench", "-A", "trust", "--no-sync")
        with (data / "postgresql.conf").open("a") as conf:
            conf.write(
                f"port = {PORT}\nlisten_addresses = ''\nunix_socket_directories = '{self.root}'\n"
                "max_connections = 200\nshared_buffers = 512MB\nmax_wal_size = 8GB\ncheckpoint_timeout = 30min\n"
                "autovacuum = off\n"
            )
        log = (self.root / "postgresql.log").open("wb")
        self.process = self.start(self.bin / "postgres", "-D", data, output=log)
        self.wait_ready(PORT)
        self.run(self.bin / "createdb", *self.address(PORT), "bench")
        if scale:
            self.run("pgbench", *self.address(PORT), "-i", "-q", "-s", scale, "bench")

    def address(self, port: int) -> list[str]:
        return ["-h", str(self.root), "-p", str(port), "-U", "bench"]

    def run(self, *command: object) -> str:
        words = [str(word) for word in command]
        done = subprocess.run(
            words, user=self.user, cwd=self.root, check=False, capture_output=True, text=True, env=clean_env()
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def start(self, *command: object, output: Any) -> subprocess.Popen[bytes]:
        words = [str(word) for word in command]
        return subprocess.Popen(words, user=self.user, cwd=self.root, stdout=output, stderr=output, env=clean_env())

    def wait_ready(self, port: int) -> None:
        path = str(self.root / f".s.PGSQL.{port}")
        for _ in range(300):
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(path) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError(f"nothing answers at {path}")

    def start_pooler(self, pool: int) -> None:
        config = self.root / "pgbouncer.ini"
        config.write_text(
            f"[databases]\nbench = host={self.root} port={PORT} user=bench\n[pgbouncer]\nlisten_port = {POOLER_PORT}\n"
            f"unix_socket_dir = {self.root}\nauth_type = any\nadmin_users = bench\npool_mode = transaction\n"
            f"max_client_conn = 1000\ndefault_pool_size = {pool}\nlog_connections = 0\nlog_disconnections = 0\n"
            "server_idle_timeout = 3600\nignore_startup_parameters = extra_float_digits\n"
        )
        self.pooler = self.start("pgbouncer", config, output=subprocess.DEVNULL)
        self.wait_ready(POOLER_PORT)

    def stop_pooler(self) -> None:
        if self.pooler:
            self.pooler.send_signal(signal.SIGINT)
            try:
                self.pooler.wait(5)
            except subprocess.TimeoutExpired:
                self.pooler.kill()
                self.pooler.wait()
            self.pooler = None

    def close(self) -> None:
        self.stop_pooler()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        shutil.rmtree(self.root)

    def server_cpu(self) -> float:
        """CPU seconds of the server's processes so far, those that have ended included."""
        return sum(cpu_of(pid) for pid in (self.process.pid, *children(self.process.pid)))


def newest_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if not found or not shutil.which("pgbouncer") or not shutil.which("pgbench"):
        raise SystemExit("needs PostgreSQL's server programs, pgbench and pgbouncer (Debian: postgresql pgbouncer)")
    return found[-1]


def clean_env() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin", "LC_ALL": "C"}


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of the children that it has waited for."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    return sum(int(field) for field in text.rpartition(")")[2].split()[11:15]) / TICKS


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def client_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure_point(server: Server, workload: Workload, size: int, seconds: int) -> dict[str, float]:
    """Throughput of one workload at one size, and the CPU seconds that a transaction took on all sides."""
    clients = CLIENTS_BEHIND_POOLER if workload.pooled else size
    if workload.pooled:
        server.start_pooler(size)
    port = POOLER_PORT if workload.pooled else PORT
    words: list[object] = ["pgbench", *server.address(port), "-c", clients, "-j", min(4, clients), "-T", seconds]
    if workload.builtin:
        words += ["-b", workload.builtin, "-s", server.scale]
    else:
        script = server.root / f"{workload.name}.sql"
        script.write_text(workload.script())
        words += ["-f", script, "-s", server.scale]
    server_before, client_before = server.server_cpu(), client_cpu()
    busy_before, started = machine_cpu(), time.monotonic()
    text = server.run(*words, "bench")
    client_used = client_cpu() - client_before
    pooler_used = cpu_of(server.pooler.pid) if server.pooler else 0.0
    server.stop_pooler()
    time.sleep(0.2)
    server_used = server.server_cpu() - server_before
    busy, took = machine_cpu() - busy_before, time.monotonic() - started
    transactions = int(re.search(r"actually processed: (\d+)", text)[1])  # type: ignore[index]
    return {
        "tps": float(re.search(r"tps = ([\d.]+)", text)[1]),  # type: ignore[index]
        "server_cpu": server_used / transactions,
        "client_cpu": client_used / transactions,
        "pooler_cpu": pooler_used / transactions,
        "foreign": (busy - server_used - client_used - pooler_used) / took,
    }


def machine_cpu() -> float:
    """CPU seconds that all processes of the machine have used."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _, _, *interrupts = (int(field) for field in fields)
    return (user + nice + system + sum(interrupts)) / TICKS


def wait_for_quiet(patience: float = 10.0) -> None:
    """Until others leave the machine's cores alone for half a second, or patience ends."""
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        before = machine_cpu()
        time.sleep(0.5)
        if (machine_cpu() - before) / 0.5 < QUIET:
            return


def measure_quietly(server: Server, workload: Workload, size: int, seconds: int) -> dict[str, float]:
    """The first point that others did not disturb, or the least disturbed of a few."""
    tried = []
    for _ in range(TRIES):
        wait_for_quiet()
        tried.append(measure_point(server, workload, size, seconds))
        if tried[-1]["foreign"] <= QUIET:
            break
    return min(tried, key=lambda point: point["foreign"])


def measure(options: argparse.Namespace) -> None:
    """Every workload at every size, repeated; the points of a repeat in random order. Saved after each repeat."""
    cores = len(os.sched_getaffinity(0))
    server = Server(options.scale)
    points: dict[str, dict[str, list[dict[str, float]]]] = {
        workload.name: {str(size): [] for size in options.sizes} for workload in WORKLOADS
    }
    generator = random.Random(20261121)
    try:
        for repeat in range(options.repeats):
            order = [(workload, size) for workload in WORKLOADS for size in options.sizes]
            generator.shuffle(order)
            for workload, size in order:
                points[workload.name][str(size)].append(measure_quietly(server, workload, size, options.seconds))
            saved = {"cores": cores, "seconds": options.seconds, "scale": options.scale, "points": points}
            Path(options.file).write_text(json.dumps(saved))
            print(f"repeat {repeat + 1} of {options.repeats} done", file=sys.stderr, flush=True)
    finally:
        server.close()


def pooler_stats(server: Server) -> dict[str, float]:
    text = server.run("psql", *server.address(POOLER_PORT), "-A", "-F,", "-c", "SHOW STATS", "pgbouncer")
    lines = [line.split(",") for line in text.splitlines()]
    row = next(line for line in lines[1:] if line[0] == "bench")
    return {key: float(value) for key, value in zip(lines[0][1:], row[1:], strict=True)}


def measure_wait(server: Server, case: WaitCase, seconds: int) -> dict[str, float]:
    """PgBouncer's own account of waiting and holding under Poisson arrivals with exponential hold times."""
    script = server.root / "wait.sql"
    script.write_text(WAIT_SCRIPT.format(longest=case.hold_ms * 10_000))
    rate = case.busy * case.pool / (case.hold_ms / 1000)
    server.start_pooler(case.pool)
    words = ["pgbench", *server.address(POOLER_PORT), "-n", "-c", 200, "-j", 2, "-R", f"{rate:.3f}", "-f", script]
    server.run(*words, "-T", 2, "bench")
    before = pooler_stats(server)
    text = server.run(*words, "-T", seconds, "bench")
    after = pooler_stats(server)
    server.stop_pooler()
    count = after["total_xact_count"] - before["total_xact_count"]
    waited = (after["total_wait_time"] - before["total_wait_time"]) / count / 1e6
    # PgBouncer's transaction time starts when the client asks, so it holds the wait too.
    held = (after["total_xact_time"] - before["total_xact_time"]) / count / 1e6 - waited
    served = float(re.search(r"tps = ([\d.]+)", text)[1])  # type: ignore[index]
    return {"pool": case.pool, "busy": case.busy, "rate": served, "hold": held, "wait": waited}


def measure_waits(options: argparse.Namespace) -> None:
    server = Server(0)
    results = []
    try:
        for _ in range(options.repeats):
            results += [measure_wait(server, case, options.seconds) for case in WAIT_CASES]
            Path(options.file).write_text(json.dumps({"waits": results}))
    finally:
        server.close()


Runs = dict[str, list[dict[str, float]]]


def median_of(runs: Runs, size: int, repeats: range, key: str = "tps") -> float:
    """The median of one figure of one size over some of the repeats."""
    return median(total_cpu(run) if key == "cpu" else run[key] for run in (runs[str(size)][index] for index in repeats))


def total_cpu(run: dict[str, float]) -> float:
    return run["server_cpu"] + run["client_cpu"] + run["pooler_cpu"]


def rules(cores: int, runs: Runs, learnt: range) -> dict[str, int | None]:
    """Each rule's size from what it may know: the cores, one or two points, or all of the first repeats."""
    hold = 1 / median_of(runs, 1, learnt)
    compute = median_of(runs, 1, learnt, "cpu")
    loaded = median_of(runs, 4 * cores, learnt, "cpu")
    wait = max(0.0, hold - compute)
    return {
        "10 (HikariCP)": 10,
        "2·cores": capacity.cores_and_spindles(cores),
        "2·cores+1": capacity.linear_rule(cores, 2, 1),
        "4·cores": capacity.linear_rule(cores, 4),
        "Goetz": capacity.utilisation_target(cores, wait, compute),
        "model 95 %": capacity.pool_for_share(cores, compute, wait),
        "two points": capacity.pool_from_two_points(cores, cores, median_of(runs, cores, learnt), loaded),
        "7 sizes": measured_size(runs, [size for size in FEW_SIZES if str(size) in runs], learnt),
        "all sizes": measured_size(runs, [int(size) for size in runs], learnt),
    }


def measured_size(runs: Runs, sizes: list[int], learnt: range) -> int | None:
    """The size that --measured recommends; None where it refuses because the points end too early."""
    points = [scalability.Point(size, runs[str(size)][index]["tps"]) for size in sizes for index in learnt]
    try:
        return scalability.recommend(points).size
    except scalability.NotPastKneeError:
        return None


def nearest(sizes: list[int], wanted: int) -> int:
    """The measured size nearest in proportion."""
    return min(sizes, key=lambda size: max(size / wanted, wanted / size))


def report(options: argparse.Namespace) -> None:
    saved = json.loads(Path(options.file).read_text())
    if "waits" in saved:
        report_waits(saved["waits"])
    else:
        report_sweep(saved["points"], saved["cores"])


def report_sweep(points: dict[str, Runs], cores: int) -> None:
    """Medians and spread by size, then every rule's size and its share of the best median of the judging repeats."""
    repeats = len(next(iter(points.values()))["1"])
    learnt = range(max(1, repeats // 2))
    judged = range(len(learnt), repeats) if repeats > 1 else range(1)
    print(f"{cores} cores, {repeats} repeats; rules learn from the first {len(learnt)}, the rest judges")
    print_medians(points, range(repeats))
    everything = [run for runs in points.values() for same in runs.values() for run in same]
    disturbed = sum(run["foreign"] > QUIET for run in everything)
    print(f"others kept more than {QUIET} cores busy during {disturbed} of {len(everything)} points")
    names = list(rules(cores, next(iter(points.values())), learnt))
    print("\n| workload | best | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 2) + "|")
    reached: dict[str, list[float]] = {name: [] for name in names}
    for workload, runs in points.items():
        medians = {int(size): median_of(runs, int(size), judged) for size in runs}
        best = max(medians.values())
        cells = []
        for name, size in rules(cores, runs, learnt).items():
            # a refusal says "measure larger sizes"; the largest measured one is what its user has until then
            share = medians[nearest(list(medians), size or max(medians))] / best
            reached[name].append(share)
            cells.append(f"{'>' if size is None else size} {share:.2f}")
        print(f"| {workload} | {best:.0f}/s at {max(medians, key=medians.__getitem__)} | " + " | ".join(cells) + " |")
    for title, level in (("≥ 0.90", 0.9), ("≥ 0.95", 0.95)):
        counts = " | ".join(str(sum(share >= level for share in reached[name])) for name in names)
        print(f"| workloads {title} | | {counts} |")
    print("| mean share | | " + " | ".join(f"{sum(reached[name]) / len(reached[name]):.2f}" for name in names) + " |")


def print_medians(points: dict[str, Runs], repeats: range) -> None:
    sizes = [int(size) for size in next(iter(points.values()))]
    print("medians of transactions per second, and half the spread of the repeats in percent")
    print(f"{'':10}" + "".join(f"{size:>11}" for size in sizes))
    for workload, runs in points.items():
        row = f"{workload:10}"
        for size in sizes:
            rates = [runs[str(size)][index]["tps"] for index in repeats]
            spread = (max(rates) - min(rates)) / 2 / median(rates) * 100
            row += f"{median(rates):7.0f} ±{spread:2.0f}"
        print(row)


def report_waits(waits: list[dict[str, float]]) -> None:
    """PgBouncer's mean wait against Erlang C, with the rate and the hold time that were measured."""
    print("pool  busy   rate/s  hold ms  wait ms  Erlang C ms  ratio")
    for case in sorted(waits, key=lambda case: (case["pool"], case["busy"])):
        try:
            expected = demand.mean_wait(int(case["pool"]), case["rate"], case["hold"])
        except ValueError:
            expected = float("inf")
        print(
            f"{case['pool']:>4}  {case['busy']:.2f}  {case['rate']:7.1f}  {case['hold'] * 1e3:7.2f}  "
            f"{case['wait'] * 1e3:7.2f}  {expected * 1e3:11.2f}  {expected / case['wait']:5.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, action, seconds in (("measure", measure, 3), ("waits", measure_waits, 30), ("report", report, 0)):
        command = commands.add_parser(name)
        command.set_defaults(action=action)
        command.add_argument("file")
        if seconds:
            command.add_argument("--seconds", type=int, default=seconds)
            command.add_argument("--repeats", type=int, default=3)
            command.add_argument("--scale", type=int, default=50)
            command.add_argument("--sizes", type=lambda text: [int(word) for word in text.split(",")], default=SIZES)
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started this in the background
        signal.signal(number, lambda *_: sys.exit(130))
    options.action(options)


if __name__ == "__main__":
    main()
