"""Files with thousands of pools: time grows with their number, not with its square."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from timing import assert_linear

from poollint.api import check_text

if TYPE_CHECKING:
    from collections.abc import Callable


def javascript(count: int) -> str:
    lines = (f"const p{i} = new Pool({{ max: {i % 50 + 1}, connectionTimeoutMillis: 5000 }});\n" for i in range(count))
    return "const { Pool } = require('pg');\n" + "".join(lines)


def python(count: int) -> str:
    lines = (f"e{i} = create_engine('postgresql://h{i}/x', pool_size={i % 50 + 1})\n" for i in range(count))
    return "from sqlalchemy import create_engine\n" + "".join(lines)


def java(count: int) -> str:
    lines = (
        f"void m{i}() {{ HikariConfig c = new HikariConfig(); c.setMaximumPoolSize({i % 50 + 1}); }}\n"
        for i in range(count)
    )
    return "import com.zaxxer.hikari.*;\nclass A {\n" + "".join(lines) + "}\n"


def yaml(count: int) -> str:
    return "app:\n" + "".join(f"  d{i}:\n    hikari:\n      max-lifetime: 1000\n" for i in range(count))


def compose(count: int) -> str:
    return "services:\n" + "".join(
        f"  s{i}:\n    image: x\n    command: gunicorn -w 4 --threads 4 app:app\n" for i in range(count)
    )


@pytest.mark.parametrize(
    ("path", "make"),
    [("db.js", javascript), ("db.py", python), ("A.java", java), ("application.yml", yaml), ("compose.yml", compose)],
)
def test_many_pools_take_linear_time(path: str, make: Callable[[int], str]) -> None:
    assert_linear(lambda text: check_text(text, path), make, 200)
