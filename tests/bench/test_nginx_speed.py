"""A large nginx.conf, from the start of the process to its end, against `crossplane parse` alone.

Skipped unless POOLLINT_BENCH=1: figures of a busy machine say nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BLOCKS = 2000
SERVER = """\
    upstream app{n} {{
        server 10.0.{a}.{b}:8080 max_fails=3 fail_timeout=10s;
        server 10.1.{a}.{b}:8080 max_fails=3 fail_timeout=10s;
        keepalive 32;
    }}
    # site number {n}
    server {{
        listen 80;
        server_name site{n}.example.com www.site{n}.example.com;
        access_log /var/log/nginx/site{n}.access.log combined;
        client_max_body_size 10m;
        location / {{
            proxy_pass http://app{n};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_read_timeout 30s;
            proxy_connect_timeout 5s;
        }}
        location /static/ {{
            root /srv/site{n};
            expires 7d;
        }}
        location = /health {{ return 204; }}
    }}

"""


def write_configuration(path: Path, blocks: int) -> int:
    """A main file of so many server blocks; its size in bytes."""
    servers = "".join(SERVER.format(n=n, a=n // 250 % 256, b=n % 250) for n in range(blocks))
    path.write_text(f"events {{ worker_connections 4096; }}\nhttp {{\n    keepalive_timeout 65s;\n{servers}}}\n")
    return path.stat().st_size


# A small process starts the command: a child begins with the peak of memory of its parent.
MEASURE = """
import os, sys
null = os.open(os.devnull, os.O_WRONLY)
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
_, status, usage = os.wait4(child, 0)
assert os.WEXITSTATUS(status) in (0, 1), status
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def cost(command: list[str], times: int = 3) -> tuple[float, int]:
    """Least processor seconds of a command, and its peak of memory in bytes."""
    figures = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-S", "-c", MEASURE, *command], capture_output=True, text=True, check=True
        )
        seconds, peak = done.stdout.split()
        figures.append((float(seconds), int(peak)))
    return min(figures)[0], max(peak for _, peak in figures)


@pytest.fixture(scope="module")
def _bench() -> None:
    if os.environ.get("POOLLINT_BENCH") != "1":
        pytest.skip("POOLLINT_BENCH=1 runs the benchmarks")


@pytest.mark.usefixtures("_bench")
def test_no_slower_than_parsing_alone(tmp_path: Path) -> None:
    crossplane = shutil.which("crossplane", path=str(Path(sys.executable).parent)) or shutil.which("crossplane")
    if crossplane is None:
        pytest.skip("crossplane is not installed")
    small, large = tmp_path / "nginx.conf", tmp_path / "large.conf"
    size = write_configuration(small, BLOCKS)
    write_configuration(large, 10 * BLOCKS)
    check = [sys.executable, "-m", "poollint", "check", "--isolated", "--as", "nginx"]
    ours, peak = cost([*check, str(small)])
    theirs, _ = cost([crossplane, "parse", str(small)])
    tenfold, _ = cost([*check, str(large)], times=1)
    _, bare = cost([sys.executable, "-c", "pass"])
    memory = (peak - bare) / size
    figures = f"{ours:.2f} s, crossplane {theirs:.2f} s; ten times the file {tenfold:.2f} s; {memory:.0f} × its size"
    assert ours <= theirs, figures
    assert tenfold <= 11 * ours, figures
    assert peak - bare <= 30 * size, figures
    print(figures)
