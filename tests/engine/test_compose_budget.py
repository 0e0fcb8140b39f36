"""Pools of a Compose file against the limit of its database."""

from __future__ import annotations

import pytest

from poollint.api import check_texts

DATABASE = "  db:\n    image: postgres:16\n    command: postgres -c max_connections=100\n"
URL = "SPRING_DATASOURCE_URL=jdbc:postgresql://db/app?socketTimeout=60"
SIZE = "SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE"


def sums(services: str, head: str = "", database: str = DATABASE) -> list[tuple[int, str]]:
    done = check_texts({"docker-compose.yml": f"{head}services:\n{services}{database}"})
    return [(each.line, each.message.split(" connections")[0][-30:]) for each in done.findings if each.code == "CMD001"]


def test_services_that_merge_another_count_too() -> None:
    text = f"  a: &a\n    environment:\n      - {URL}\n      - {SIZE}=60\n  b:\n    <<: *a\n"
    ((line, found),) = sums(text)
    assert (line, found.split("take ")[1]) == (5, "60 + 60 = 120")


def test_variables_that_are_merged() -> None:
    head = f"x-env: &env\n  {SIZE}: 120\n"
    text = f"  a:\n    environment:\n      <<: *env\n      {URL.replace('=', ': ', 1)}\n"
    assert [line for line, _ in sums(text, head)] == [2]


@pytest.mark.parametrize(
    ("services", "database"),
    [
        (f"  a:\n    environment: ['{URL}', '{SIZE}=90']\n", DATABASE),
        (f"  a:\n    environment: ['{URL}', '{SIZE}=${{SIZE}}']\n", DATABASE),
        (f"  a:\n    environment: ['{URL.replace('//db', '//other')}', '{SIZE}=900']\n", DATABASE),
        (f"  a:\n    environment: ['{URL}', '{SIZE}=900']\n", DATABASE.replace(" -c max_connections=100", "")),
        (f"  a:\n    environment: ['{URL}', '{SIZE}=900']\n", DATABASE + DATABASE.replace("  db", "  other")),
    ],
)
def test_what_fits_or_cannot_be_told(services: str, database: str) -> None:
    assert sums(services, database=database) == []
