"""``poollint config``: the effective configuration, with the origin of each value."""

from __future__ import annotations

import os
from typing import Any

import click

from poollint.cli import words
from poollint.cli.errors import EXIT_CLEAN, fail


@click.command(short_help="Show the effective configuration.")
@click.argument("path", default=".", metavar="[PATH]", shell_complete=words.files)
@click.option(
    "--config", "config_path", metavar="FILE", shell_complete=words.files, help="Use this configuration file."
)
@click.option("--isolated", is_flag=True, help="Ignore every configuration file.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of poollint.toml instead.")
def config(path: str, config_path: str | None, isolated: bool, form: str, schema: bool) -> int:
    """Show the configuration that holds for PATH (default: this directory), and where each value comes from."""
    from poollint import api
    from poollint.cli.common import make_options
    from poollint.config import ConfigError
    from poollint.files import DiskFiles

    session = api.Session(make_options(None, (), config_path, isolated=isolated), DiskFiles())
    try:
        found = session.config_for(path)
    except ConfigError as error:
        fail(str(error))
    if schema:
        return _schema(session)
    rows = [*_rows(found), *_topology(found), *_overrides(found, path)]
    if form == "json":
        import json

        shown = {key: {"value": value, "origin": origin} for key, value, origin in rows}
        click.echo(json.dumps({"version": 1, "path": found.path, "root": found.root, "values": shown}, indent=2))
        return EXIT_CLEAN
    click.echo(f"# {found.path or 'no configuration file: the defaults'}")
    for key, value, origin in rows:
        click.echo(f"{key} = {_toml(value)}  # {origin}")
    return EXIT_CLEAN


def _schema(session: Any) -> int:
    import json

    from poollint.schemas import config_schema

    click.echo(json.dumps(config_schema(session.knowledge), indent=1))
    return EXIT_CLEAN


def _rows(found: Any) -> Any:
    for key in (
        "select", "ignore", "extend_select", "exclude", "extend_exclude", "include", "fail_on", "min_severity",
        "require_reason", "allow_inline", "never_suppress", "max_file_size", "preview", "baseline", "rule_dirs", "docs_url",
    ):  # fmt: skip
        value = getattr(found, key)
        dashed = key.replace("_", "-")
        yield dashed, list(value) if isinstance(value, tuple) else value, found.origin(dashed)
    for pattern, system in found.files:
        yield f'files."{pattern}"', system, found.origin(f"files.{pattern}")
    for system, version in found.versions.items():
        yield f"versions.{system}", ".".join(map(str, version)), found.origin(f"versions.{system}")
    for table, values in (("severity", found.severity), ("rules", found.rule_options), ("", found.system_options)):
        for name, value in values.items():
            prefix = f"{table}." if table else ""
            if isinstance(value, dict):
                for key, each in value.items():
                    dashed = key.replace("_", "-")
                    yield f"{prefix}{name}.{dashed}", each, found.origin(f"{prefix}{name}.{dashed}")
            else:
                yield f"{prefix}{name}", value, found.origin(f"{prefix}{name}")


def _topology(found: Any) -> Any:
    for kind, tables in found.topology.items():
        for name, table in tables.items():
            for key, value in table.items():
                yield f"{kind}.{name}.{key}", value, found.origin(f"{kind}.{name}.{key}")


def _overrides(found: Any, path: str) -> Any:
    """What holds for some files alone: those tables that match a file, every one for a folder."""
    for each in found.overrides if os.path.isdir(path) else found.overrides_of(path):
        chosen = {"select": each.select, "ignore": each.ignore, "extend-select": each.extend_select}
        values: dict[str, Any] = {key: list(listed) for key, listed in chosen.items() if listed}
        values.update({f"severity.{rule}": level for rule, level in each.severity.items()})
        values.update({f"versions.{system}": ".".join(map(str, told)) for system, told in each.versions.items()})
        for rule, options in each.rule_options.items():
            values.update({f"rules.{rule}.{name.replace('_', '-')}": value for name, value in options.items()})
        patterns = ", ".join(each.paths)
        for key, value in values.items():
            yield f'overrides."{patterns}".{key}', value, each.origins.get("paths", "")


def _toml(value: Any) -> str:
    import json

    if value is None:
        return '""'
    return json.dumps(value, ensure_ascii=False)
