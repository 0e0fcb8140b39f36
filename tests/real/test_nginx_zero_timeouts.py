"""What nginx does with timeouts of 0: the claims of the page proxy-timeout-zero."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
TEMPORARY = "".join(f"{name}_temp_path {name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(NGINX is None, reason="no nginx on this machine"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(folder: Path, server: str) -> Iterator[int]:
    """nginx with one server of these statements; its port."""
    port = free_port()
    (folder / "nginx.conf").write_text(
        "daemon off; master_process off; pid nginx.pid; error_log error.log;\n"
        "events { worker_connections 64; }\n"
        f"http {{ access_log off; {TEMPORARY} server {{ listen 127.0.0.1:{port}; {server} }} }}\n"
    )
    assert NGINX is not None
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if process.poll() is not None:
            pytest.skip("nginx does not start on this machine")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.skip("nginx does not listen")


def ask(port: int, *parts: bytes) -> bytes:
    """The first bytes of the answer; empty when the connection is closed without one."""
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        try:
            for part in parts:
                time.sleep(0.2)
                client.sendall(part)
            return client.recv(200)
        except (ConnectionResetError, BrokenPipeError):
            return b""


@pytest.mark.parametrize("what", ["connect", "read"])
@pytest.mark.parametrize("family", ["proxy", "fastcgi", "grpc", "uwsgi", "scgi"])
def test_no_wait_for_a_backend_is_an_answer_of_504(tmp_path: Path, family: str, what: str) -> None:
    with socket.socket() as backend:
        backend.bind(("127.0.0.1", 0))
        backend.listen(10)
        address = f"127.0.0.1:{backend.getsockname()[1]}"
        target = f"http://{address}" if family == "proxy" else address
        with running(tmp_path, f"location / {{ {family}_pass {target}; {family}_{what}_timeout 0; }}") as port:
            started = time.monotonic()
            assert ask(port, REQUEST).startswith(b"HTTP/1.1 504 ")
            assert time.monotonic() - started < 3


def test_no_wait_for_the_header_of_a_request_is_a_closed_connection(tmp_path: Path) -> None:
    with running(tmp_path, "client_header_timeout 0; location / { return 200 ok; }") as port:
        assert ask(port, REQUEST) == b""


def test_no_wait_for_the_body_of_a_request_drops_it(tmp_path: Path) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
    server = "client_body_timeout 0; location / { proxy_pass http://127.0.0.1:1; }"
    with running(tmp_path, server) as port:
        assert ask(port, head, b"body") == b""
