"""A tree of 20,000 mixed source files of which one in a hundred holds a pool, against ``rg -l`` for the same words.

Run with POOLLINT_BENCH=1. Half of the files are this Python's own library, so far as it goes and then again under other
names; the other half is made up in JavaScript, TypeScript, Go and Java. Both commands run once before they are timed,
then by turns, so that a busy machine slows both.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poollint.knowledge.index import knowledge
from poollint.knowledge.triggers import QUOTED, Trigger

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not os.environ.get("POOLLINT_BENCH"), reason="POOLLINT_BENCH=1 runs the benchmarks")

FILES = 20_000
POOLS = FILES // 100
A_FOLDER = 20
ROUNDS = 7
LIMIT = 6.0
EXAMPLES = {
    "py": "import os\nfrom sqlalchemy import create_engine\n\nengine = create_engine(os.environ['URL'], pool_size=5)\n",
    "js": "const { Pool } = require('pg');\n\nmodule.exports = new Pool({ max: 10, idleTimeoutMillis: 30000 });\n",
    "ts": "import https from 'https';\n\nexport const agent = new https.Agent({ keepAlive: true, maxSockets: 50 });\n",
    "go": 'package db\n\nimport "database/sql"\n\nfunc Open() (*sql.DB, error) { return sql.Open("pgx", dsn) }\n',
    "java": "import com.zaxxer.hikari.HikariConfig;\n\nclass A { HikariConfig c = new HikariConfig(); }\n",
}
WORDS = (
    "value index name result item entry node state buffer count offset size list table record handler event source "
    "target reader writer parser token line column start finish update remove insert select filter reduce format render"
).split()
FORMS = {
    "js": "function {a}{n}({b}, {c}) {{\n  const {d} = {b}.{e}('{f}');\n  return {d} ? {d}.{g}({c}) : null;\n}}\n",
    "ts": "export const {a}{n} = ({b}: string, {c}: number): number => {{\n  return {b}.length + {c} * {n};\n}};\n",
    "go": "func {a}{n}({b} string, {c} int) error {{\n\tif {c} > {n} {{\n\t\treturn {d}({b})\n\t}}\n\treturn nil\n}}\n",
    "java": "  int {a}{n}(String {b}, int {c}) {{\n    if ({c} > {n}) {{ return {b}.{d}(); }}\n    return {c};\n  }}\n",
}


def library() -> Iterator[bytes]:
    """The texts of this Python's library that hold no word of ours, of any language."""
    every = [Trigger(family, table) for family, table in knowledge().triggers.items()]
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        data = path.read_bytes()
        if not any(trigger.holds(data) for trigger in every):
            yield data


def made_up(ending: str, random: random.Random) -> bytes:
    parts = []
    for number in range(int(random.lognormvariate(3, 1)) + 1):
        words = {letter: random.choice(WORDS) for letter in "abcdefg"}
        parts.append(FORMS[ending].format(n=number, **words))
    return "\n".join(parts).encode()


def write_tree(top: Path) -> None:
    numbers = random.Random(7)
    real = list(library())
    assert real
    endings = sorted(EXAMPLES)
    for number in range(FILES):
        folder = top / f"part{number // 1000}" / f"folder{number // A_FOLDER}"
        if number % A_FOLDER == 0:
            folder.mkdir(parents=True)
        if number % (FILES // POOLS) == 0:
            ending = endings[number // 100 % len(endings)]
            data = EXAMPLES[ending].encode()
        elif number % 2:
            ending, data = "py", real[number // 2 % len(real)]
        else:
            ending = numbers.choice(sorted(FORMS))
            data = made_up(ending, numbers)
        (folder / f"file{number}.{ending}").write_bytes(data)


def write_words(path: Path) -> None:
    """What poollint looks for, one a line, for ``rg --fixed-strings``."""
    words = set()
    for family, table in knowledge().triggers.items():
        words |= {word.strip("\n") for word in table["words"]}
        words |= {f"{q}{before}{name}{q}" for name in table["modules"] for before in QUOTED[family] for q in "\"'"}
    path.write_text("".join(f"{word}\n" for word in sorted(words)))


@pytest.mark.skipif(shutil.which("rg") is None, reason="needs ripgrep")
def test_a_big_tree(tmp_path: Path) -> None:
    write_tree(tmp_path / "tree")
    write_words(tmp_path / "words")
    commands = {
        "rg": ["rg", "-l", "-F", "-f", "words", "tree"],
        "poollint": [sys.executable, "-m", "poollint", "check", "--isolated", "--exit-zero", "tree"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(ROUNDS + 1):
        for name, command in commands.items():
            begin = time.perf_counter()
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=env, check=False)
            times[name].append(time.perf_counter() - begin)
            assert done.returncode == 0, done.stderr
            assert name != "rg" or len(done.stdout.splitlines()) == POOLS
    found = {name: statistics.median(values[1:]) for name, values in times.items()}
    ratio = found["poollint"] / found["rg"]
    sys.stdout.write(f"rg {found['rg']:.3f} s, poollint {found['poollint']:.3f} s: {ratio:.2f} x\n")
    assert ratio <= LIMIT
