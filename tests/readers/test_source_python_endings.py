"""What the lifespan of a service opens and forgets among the things that it closes."""

from __future__ import annotations

import pytest

from poollint import api

HEAD = (
    "from contextlib import asynccontextmanager\nimport asyncpg\nimport httpx\nfrom fastapi import FastAPI\n"
    "@asynccontextmanager\nasync def lifespan(app):\n    client = httpx.AsyncClient()\n"
)
MAKE = "    pool = await asyncpg.create_pool('postgresql://db/a')\n"
FIELD = "    app.state.pool = await asyncpg.create_pool('postgresql://db/a')\n"
END = "    yield\n    await client.aclose()\n"
TAIL = "app = FastAPI(lifespan=lifespan)\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (FIELD + END, True),
        (MAKE + "    app.state.pool = pool\n" + END, True),
        (MAKE + END, True),
        (FIELD + END.replace("client.aclose", "other.state.client.aclose"), True),
        (FIELD + "    yield\n", False),
        (FIELD + END + "    await app.state.pool.close()\n", False),
        (MAKE + "    app.state.pool = pool\n" + END + "    await app.state.pool.close()\n", False),
        (MAKE + "    keep(pool)\n" + END, False),
        (MAKE + "    stack = AsyncExitStack()\n" + END, False),
        (FIELD + END + "    await shut(app.state.pool)\n", False),
        (FIELD + END + "@app.on_event('shutdown')\nasync def f():\n    await app.state.pool.close()\n", False),
        ("    global pool\n" + MAKE + END, False),
        ("    async with asyncpg.create_pool('x') as pool:\n        yield\n    await client.aclose()\n", False),
    ],
)  # fmt: skip
def test_pools_of_a_lifespan(body: str, told: bool) -> None:
    found = [each for each in api.check_text(HEAD + body + TAIL, path="main.py") if each.name == "pool-open-at-exit"]
    assert len(found) == told


def test_only_a_lifespan() -> None:
    text = HEAD.replace("@asynccontextmanager\n", "") + FIELD + END + TAIL
    assert not [each for each in api.check_text(text, path="main.py") if each.name == "pool-open-at-exit"]
