"""Start-up: one small pgbouncer.ini from process start to exit, as a ratio to ``python -c pass`` in the same run.

Run with POOLLINT_BENCH=1, best from an environment where the wheel is installed (a checkout parses the pages each time that
its cache cannot be written).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not os.environ.get("POOLLINT_BENCH"), reason="POOLLINT_BENCH=1 runs the benchmarks")

SMALL = "[databases]\napp = host=/tmp\n\n[pgbouncer]\nlisten_port = 6432\nauth_file = /etc/pgbouncer/userlist.txt\n"
ROUNDS = 25
LIMITS = {"--version": 4.0, "check": 6.0, "size": 6.0}


def medians(commands: dict[str, list[str]], cwd: Path) -> dict[str, float]:
    """Median seconds of each command, the commands interleaved so that a busy machine slows all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in times.items()}


def test_start_up(tmp_path: Path) -> None:
    (tmp_path / "pgbouncer.ini").write_text(SMALL)
    run = [sys.executable, "-m", "poollint"]
    found = medians(
        {
            "pass": [sys.executable, "-c", "pass"],
            "--version": [*run, "--version"],
            "check": [*run, "check", "pgbouncer.ini"],
            "size": [*run, "size", "--cores", "8"],
        },
        tmp_path,
    )
    ratios = {name: seconds / found["pass"] for name, seconds in found.items()}
    for name, ratio in ratios.items():
        sys.stdout.write(f"{name}: {found[name] * 1000:.1f} ms, {ratio:.2f} x pass\n")
    assert {name: ratio for name, ratio in ratios.items() if ratio > LIMITS.get(name, ratio)} == {}
