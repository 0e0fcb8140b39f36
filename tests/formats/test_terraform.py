"""Terraform: the plain attributes of resources, whatever stands around and inside of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poollint import api
from poollint.formats.terraform import parse
from poollint.source import Source

if TYPE_CHECKING:
    from pathlib import Path


def attributes(text: str) -> list[tuple[str, str, str, bool]]:
    found = parse(Source("main.tf", text), ("aws_lb",))
    return [(each.name, given.key, given.text, given.plain) for each in found for given in each.attributes]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('resource "aws_lb" "a" {\n  idle_timeout = 120\n}\n', [("a", "idle_timeout", "120", True)]),
        ('resource "aws_lb" "a" {\n  idle_timeout = 120 # two minutes\n}\n', [("a", "idle_timeout", "120", True)]),
        ('resource "aws_lb" "a" {\n  idle_timeout = var.idle\n}\n', [("a", "idle_timeout", "var.idle", False)]),
        ('resource "aws_lb" "a" {\n  idle_timeout = var.x ? 1 : 2\n}\n', []),
        ('resource "aws_lb" "a" {\n  # idle_timeout = 120\n}\n', []),
        ('resource "aws_lb" "a" {\n  /*\n  idle_timeout = 120\n  */\n}\n', []),
        ('resource "aws_lb" "a" {\n  tags = {\n    idle_timeout = 120\n  }\n}\n', []),
        ('resource "aws_lb" "a" {\n  logs {\n    idle_timeout = 9\n  }\n  name = "x"\n}\n', [("a", "name", "x", True)]),
        ('resource "aws_lb" "a" {\n  name = "x-${var.y}"\n}\n', []),
        ('resource "other" "a" {\n  idle_timeout = 120\n}\n', []),
        ('locals {\n  x = <<EOT\nresource "aws_lb" "a" {\n  idle_timeout = 120\n}\nEOT\n}\n', []),
        ('/* resource "aws_lb" "a" {\n  idle_timeout = 120\n}\n', []),
        ('x = <<EOT\nresource "aws_lb" "a" {\n  idle_timeout = 120\n}\n', []),
        ("", []),
    ],
)  # fmt: skip
def test_attributes(text: str, found: list[tuple[str, str, str, bool]]) -> None:
    assert attributes(text) == found


GUNICORN = "bind = '0.0.0.0:8000'\nworker_class = 'gthread'\nthreads = 4\nkeepalive = 30\n"
BALANCER = 'resource "aws_lb" "web" {\n  idle_timeout = 120\n}\n'


@pytest.mark.parametrize(
    ("server", "balancer", "number"),
    [
        (GUNICORN, BALANCER, 1),
        (GUNICORN.replace("30", "150"), BALANCER, 0),
        (GUNICORN, BALANCER.replace("120", "var.idle"), 0),
        (GUNICORN, BALANCER.replace("  idle", '  load_balancer_type = "network"\n  idle'), 0),
        (GUNICORN, BALANCER + BALANCER.replace("web", "other"), 0),
        (GUNICORN.replace("0.0.0.0", "127.0.0.1"), BALANCER, 0),
        (GUNICORN.replace("30", "55"), 'resource "aws_lb" "web" {\n}\n', 1),
    ],
)
def test_a_server_behind_the_one_balancer(
    server: str, balancer: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gunicorn.conf.py").write_text(server)
    (tmp_path / "alb.tf").write_text(balancer)
    found = api.check_paths(["."], options=api.Options(isolated=True)).findings
    assert [each.name for each in found] == ["keepalive-below-lb"] * number
