"""Cores and memory as a container sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poollint.sizing import machine

if TYPE_CHECKING:
    from pathlib import Path

CPUS = "".join(f"processor\t: {index}\nsiblings\t: 8\ncpu cores\t: 4\n\n" for index in range(8))


def host(root: Path, files: dict[str, str]) -> str:
    for name, text in {"proc/cpuinfo": CPUS, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return str(root)


def test_hyper_threads_are_halved(tmp_path: Path) -> None:
    found = machine.detect(host(tmp_path, {}))
    assert (found.cores, found.memory) == (4, None)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, 4),
        ({"sys/fs/cgroup/cpu.max": "900000 100000\n"}, 4),
        ({"sys/fs/cgroup/cpu.max": "rubbish\n"}, 4),
        (
            {
                "proc/self/cgroup": "0::/pod/web\n",
                "sys/fs/cgroup/pod/web/cpu.max": "max 100000\n",
                "sys/fs/cgroup/pod/cpu.max": "200000 100000\n",
            },
            2,
        ),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 4),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/docker/abc\n0::/\n",
                "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us": "100000\n",
            },
            3,
        ),
    ],
)
def test_quota(files: dict[str, str], cores: float, tmp_path: Path) -> None:
    assert machine.detect(host(tmp_path, files)).cores == cores


def test_memory(tmp_path: Path) -> None:
    root = host(
        tmp_path, {"sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824"}
    )
    assert machine.detect(root).memory == 1 << 30


def test_without_anything_to_read(tmp_path: Path) -> None:
    assert machine.detect(str(tmp_path)).cores == 1


def test_here() -> None:
    assert machine.detect().cores > 0
