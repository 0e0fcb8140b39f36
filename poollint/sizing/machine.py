"""This machine's cores and memory as a container sees them. It says something of a database only on the database's
host."""

from __future__ import annotations

import os
from typing import NamedTuple

UNLIMITED_V1 = 1 << 60


class Machine(NamedTuple):
    """``cores``: physical ones, within the CPU set and the quota; ``memory`` in bytes or None; ``told``: how it was
    found."""

    cores: float
    memory: int | None
    told: tuple[str, ...]


def detect(root: str = "/") -> Machine:
    """Cores from the affinity, the threads of a core and the cgroup's quota (versions 2 and 1)."""
    told = []
    threads = _affinity() if root == "/" else _cpu_count(root)
    per_core = _threads_per_core(root)
    cores: float = max(1, threads // per_core)
    told.append(f"{threads} hardware threads, {per_core} for each core: {cores:g} cores")
    quota = cpu_quota(root)
    if quota is not None and quota < cores:
        told.append(f"the cgroup's quota allows {quota:g} of them")
        cores = quota
    memory = memory_limit(root)
    return Machine(cores, memory, tuple(told))


def cpu_quota(root: str = "/") -> float | None:
    """CPUs that the cgroup's quota allows, the tightest on the way up; None without one."""
    found = [_quota(text) for text in _cgroup_texts(root, "", "cpu.max")]
    for folder, quota in _cgroup_files(root, "cpu", "cpu.cfs_quota_us"):
        period = _read(os.path.join(folder, "cpu.cfs_period_us"))
        found.append(_quota(f"{quota} {period or 100000}"))
    allowed = [quota for quota in found if quota is not None]
    return min(allowed) if allowed else None


def memory_limit(root: str = "/") -> int | None:
    """Bytes that the cgroup may use; None without a limit."""
    texts = [*_cgroup_texts(root, "", "memory.max"), *_cgroup_texts(root, "memory", "memory.limit_in_bytes")]
    limits = [int(text) for text in texts if text.isdigit()]
    limits = [limit for limit in limits if 0 < limit < UNLIMITED_V1]
    return min(limits) if limits else None


def _quota(text: str) -> float | None:
    quota, _, period = text.partition(" ")
    try:
        allowed = int(quota) / int(period or 100000)
    except (ValueError, ZeroDivisionError):
        return None
    return allowed if allowed > 0 else None


def _cgroup_texts(root: str, controller: str, name: str) -> list[str]:
    return [text for _, text in _cgroup_files(root, controller, name)]


def _cgroup_files(root: str, controller: str, name: str) -> list[tuple[str, str]]:
    """A cgroup file of this process and of every group above it, as (folder, text); controller "" is version 2."""
    base = os.path.join(root, "sys/fs/cgroup", controller)
    group = _group(root, controller)
    found = []
    while True:
        folder = os.path.join(base, group) if group else base
        text = _read(os.path.join(folder, name))
        if text:
            found.append((folder, text))
        if not group:
            return found
        group = os.path.dirname(group)


def _group(root: str, controller: str) -> str:
    """The path of this process's group, from /proc/self/cgroup (``hierarchy:controllers:path``)."""
    for line in (_read(os.path.join(root, "proc/self/cgroup")) or "").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controller in controllers.split(",") if controller else controllers == "":
            return path.strip("/")
    return ""


def _threads_per_core(root: str) -> int:
    """``siblings`` ÷ ``cpu cores`` of /proc/cpuinfo; 1 where it does not say (ARM, most virtual machines)."""
    values = {}
    for line in (_read(os.path.join(root, "proc/cpuinfo")) or "").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("siblings", "cpu cores") and value.strip().isdigit():
            values[key.strip()] = int(value)
    return max(1, values.get("siblings", 1) // max(1, values.get("cpu cores", 1)))


def _cpu_count(root: str) -> int:
    text = _read(os.path.join(root, "proc/cpuinfo")) or ""
    return max(1, sum(line.startswith("processor") for line in text.splitlines()))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return None
