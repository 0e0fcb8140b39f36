"""What the tests of fleets share: files of a service, and the findings of the fleet's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poollint import api
from poollint.config import Config, parse_config
from poollint.files import MemoryFiles

if TYPE_CHECKING:
    from poollint.findings import Finding

PG = "const {{ Pool }} = require('pg');\nmodule.exports = new Pool({{ max: {size}, connectionTimeoutMillis: 5000 }});\n"
ENGINE = "from sqlalchemy import create_engine\nengine = create_engine('postgresql://db/app', {options})\n"
BOUNCER = """[databases]
app = host=10.0.0.5

[pgbouncer]
auth_file = /etc/pgbouncer/userlist.txt
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = {clients}
"""


def config_of(text: str, path: str = "poollint.toml") -> Config:
    session = api.Session(api.Options(isolated=True), MemoryFiles({}))
    return parse_config(text, known=session.known(), path=path)


def findings(config: str, files: dict[str, str] | None = None) -> list[Finding]:
    """The findings of the fleet's pages."""
    result = api.check_texts(files or {}, config=config_of(config), complete=True)
    return [each for each in result.findings if each.code.startswith("FLT")]


def only(found: list[Finding], code: str) -> Finding:
    mine = [each for each in found if each.code == code]
    assert len(mine) == 1, found
    return mine[0]


def fleet(service: str, database: str = "max-connections = 100", more: str = "") -> str:
    return f'[database.main]\n{database}\n\n[service.api]\nfiles = ["api/**"]\n{service}\n{more}'
