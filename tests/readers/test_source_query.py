"""Options in the query of a URL: read like the ones beside it, which go first unless the library has it the other way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poollint import api

if TYPE_CHECKING:
    from poollint.blocks import Block


def block(text: str, path: str) -> Block:
    return next(each for file in api.check_texts({path: text}).files for each in file.reading.blocks)


MONGO = "const {{ MongoClient }} = require('mongodb');\nconst c = new MongoClient({});\n"


@pytest.mark.parametrize(
    ("arguments", "size", "place"),
    [
        ("'mongodb://h/db?maxPoolSize=500'", 500, "500"),
        ("'mongodb://h/db?maxpoolsize=500'", 500, "500"),
        ("'mongodb://h/db?maxPoolSize=500', { maxPoolSize: 20 }", 20, "20"),
        ("`mongodb://${process.env.HOST}/db?maxPoolSize=50`, {}", 50, "50"),
        ("process.env.URL || 'mongodb://h/db?maxPoolSize=50'", 100, ""),
    ],
)
def test_mongodb(arguments: str, size: int, place: str) -> None:
    found = block(MONGO.format(arguments), "db.js").get("maxPoolSize")
    assert found is not None
    assert found.value == size
    assert (found.place.text if found.place else "") == place


def test_what_is_given_beside_a_url_goes_first_or_last() -> None:
    mongo = 'from pymongo import MongoClient\nc = MongoClient("mongodb://h/?maxPoolSize=5", maxPoolSize=7)\n'
    assert block(mongo, "a.py").value("maxPoolSize") == 7
    redis = 'import redis\nc = redis.Redis.from_url("redis://h/0?socket_timeout=2.5", socket_timeout=5)\n'
    assert block(redis, "a.py").value("socket_timeout") == 2.5


@pytest.mark.parametrize(
    ("package", "argument", "size"),
    [
        ("mysql2", "'mysql://u@h/db?connectionLimit=500'", 500),
        ("mysql2", "{ uri: 'mysql://u@h/db?connectionLimit=500' }", 500),
        ("mysql2", "{ uri: 'mysql://u@h/db?connectionLimit=500', connectionLimit: 20 }", 20),
        ("mysql", "'mysql://u@h/db?connectionLimit=500'", 500),
        ("mysql", "{ uri: 'mysql://u@h/db?connectionLimit=500' }", 10),  # it knows no such option
    ],
)
def test_a_url_in_place_of_options(package: str, argument: str, size: int) -> None:
    text = f"const mysql = require('{package}');\nconst p = mysql.createPool({argument});\n"
    assert block(text, "db.js").value("connectionLimit") == size


def test_a_url_that_is_open_may_hold_the_size() -> None:
    told = "from pymongo import MongoClient\nc = MongoClient({}, minPoolSize=600)\n"
    names = {
        url: [each.name for each in api.check_text(told.format(url), "a.py")]
        for url in ('"mongodb://h"', 'os.environ["URL"]', '"mongodb://h/?maxPoolSize=1000"')
    }
    assert "pool-min-above-max" in names['"mongodb://h"']
    assert "pool-min-above-max" not in names['os.environ["URL"]']
    assert "pool-min-above-max" not in names['"mongodb://h/?maxPoolSize=1000"']
