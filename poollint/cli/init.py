"""``poollint init``: look at a repository, say what is there, write a commented poollint.toml."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import click

from poollint.cli.errors import EXIT_CLEAN, fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.api import Session

NAME = "poollint.toml"
MAX_IMAGES = 200
MAX_BYTES = 256 * 1024
# files that name images of containers, and the systems that the images' names mean
_IMAGE_FILES = re.compile(r"(?:^|/)(?:(?:docker-)?compose[\w.-]*\.ya?ml|(?:Docker|Container)file[\w.-]*)$")
_IMAGE = re.compile(r"""(?m)^\s*(?:-\s*)?(?:image:|FROM)\s+["']?([\w./-]+?):v?(\d+(?:\.\d+)*)[\w.-]*["']?""")
_SYSTEM_OF_IMAGE = {"nginx": "nginx", "postgres": "postgresql", "httpd": "apache", "pgbouncer": "pgbouncer"}
_SKIPPED = {".git", "node_modules", "vendor", ".venv", "venv", "__pycache__", "target", "dist", "build"}


@click.command(short_help="Write a commented poollint.toml from what is found.")
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(file_okay=False))
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.option("--dry-run", is_flag=True, help="Print what would be written.")
@click.option(
    "--system", "own", metavar="NAME", help="Describe a library of your own instead: write DIR/poollint-rules/NAME."
)
@click.option(
    "--language", type=click.Choice(["javascript", "python", "java", "go"]), help="With --system: what calls it."
)
@click.option("--module", metavar="MODULE", help="With --system: where it is imported from, such as @acme/db.")
@click.option("--construct", metavar="NAME", help="With --system: the function or class, such as createPool.")
@click.option("--file", metavar="PATH", help="With --system: the file that holds its settings, such as config/db.yml.")
@click.option("--prefix", metavar="KEYS", help="With --file: the keys above the settings, such as db.pool.")
def init(
    folder: str,
    force: bool,
    dry_run: bool,
    own: str | None,
    **told: str | None,
) -> int:
    """Look at DIR (default: this directory), say what poollint would check there, and write DIR/poollint.toml.

    The file says what was found, and names in comments what may be set. What runs can only be guessed where an image's
    tag tells; everything else keeps its default until a comment sign is taken away.

    With --system, write a folder instead that describes a library of your own, so that the rules for pools judge it:

    \b
    poollint init --system acme-db --language javascript --module @acme/db --construct createPool
    poollint init --system acme-db --file config/db.yml --prefix db.pool
    """
    from poollint import api
    from poollint.config import config_in, default_config
    from poollint.files import DiskFiles

    if not os.path.isdir(folder):
        fail(f"{folder}: is no folder")
    if own is not None:
        from poollint.cli.init_system import wrapper_of, write_system

        return write_system(folder, wrapper_of(own, **told), force=force, dry_run=dry_run)
    for option, given in told.items():
        if given is not None:
            fail(f"--{option} goes with --system NAME")
    path = os.path.normpath(os.path.join(folder, NAME))
    there = config_in(folder)
    if there is not None and not dry_run and not (force and os.path.basename(there) == NAME):
        more = "; --force overwrites it" if os.path.basename(there) == NAME else ""
        fail(f"{there} holds a configuration already{more}")
    session = api.Session(api.Options(config=default_config()), DiskFiles())
    result = api.check_with(session, [folder])
    systems = _systems(result)
    images = images_in(folder)
    text = "".join(line + "\n" for line in _lines(session, folder, result, systems, images))
    if dry_run:
        click.echo(text, nl=False)
        return EXIT_CLEAN
    for system, files in systems.items():
        click.echo(f"{_title(session, system)}: {_many(len(files), 'file')}, such as {_inside(files[0], folder)}")
    if not systems:
        click.echo("no file here is of a system that poollint knows")
    for system, (version, where) in images.items():
        click.echo(f"{_title(session, system)} {version}, by the image in {where}")
    _write(path, text)
    click.echo(f"wrote {path}")
    if result.findings:
        found = _many(len(result.findings), "finding")
        click.echo(
            f"{found} today: poollint check shows them; --write-baseline FILE records them, so that new ones count"
        )
    return EXIT_CLEAN


def _write(path: str, text: str) -> None:
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
        os.replace(temporary, path)
    except OSError as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        fail(f"{path}: cannot be written: {error.strerror or error}")


def _systems(result: Any) -> dict[str, list[str]]:
    """System -> the files that hold something of it."""
    found: dict[str, list[str]] = {}
    for each in result.files:
        for name in dict.fromkeys(block.system for block in each.reading.blocks):
            found.setdefault(name, []).append(each.path)
    return dict(sorted(found.items()))


def images_in(folder: str) -> dict[str, tuple[str, str]]:
    """System -> (version, the file that names its image), where all images of it agree."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in _image_files(folder):
        try:
            with open(path, encoding="utf-8", errors="replace") as handle:
                text = handle.read(MAX_BYTES)
        except OSError:
            continue
        for image, version in _IMAGE.findall(text):
            system = _SYSTEM_OF_IMAGE.get(image.rpartition("/")[2])
            if system:
                found.setdefault(system, set()).add((version, _inside(path, folder)))
    return {system: min(each) for system, each in sorted(found.items()) if len({version for version, _ in each}) == 1}


def _image_files(folder: str) -> Iterator[str]:
    left = MAX_IMAGES
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            path = os.path.join(top, name).replace(os.sep, "/")
            if _IMAGE_FILES.search(path) and os.path.isfile(path):
                yield path
                left -= 1
                if not left:
                    return


def _lines(
    session: Session, folder: str, result: Any, systems: dict[str, list[str]], images: dict[str, tuple[str, str]]
) -> Iterator[str]:
    yield "# What poollint goes by from this folder down. `poollint config` shows what holds and where it comes from;"
    yield "# `poollint config --schema` prints the JSON Schema of this file."
    yield "#"
    yield "# Found here:" if systems else "# Nothing was found here that poollint knows."
    for system, files in systems.items():
        shown = ", ".join(_comment(_inside(path, folder)) for path in files[:3])
        yield f"#   {_title(session, system)}: {shown}" + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    yield ""
    yield '# fail-on = "warning"          # exit with 1 from this severity on: error, warning, info, never'
    yield '# baseline = "poollint-baseline.json"   # findings recorded by --write-baseline do not count'
    yield "# require-reason = true        # a comment that suppresses a finding must say why, behind --"
    yield '# extend-exclude = ["examples/"]   # paths that are left out, as in .gitignore'
    codes = sorted({each.code for each in result.findings})
    if codes:
        yield f"# ignore = {json.dumps(codes[:1])}   # rules that are not asked"
    yield ""
    yield "# The versions that run: findings of other versions fall silent, defaults are those of these."
    yield "[versions]"
    for system in sorted({*systems, *images}):
        if system in images:
            version, where = images[system]
            yield f'{system} = "{version}"   # the image in {_comment(where)}'
        elif session.knowledge.systems[system].get("newest"):
            yield f'# {system} = "{session.knowledge.systems[system]["newest"]}"'
    yield ""
    yield '# What a file is, where its name does not tell; "none" keeps poollint off it.'
    yield "[files]"
    yield '# "deploy/*.tmpl" = "nginx"'
    for system in systems:
        yield from _options(session, system)
    yield ""
    yield "# What holds for some paths alone; the last table that matches decides."
    yield "# [[overrides]]"
    yield '# paths = ["dev/**"]'
    yield '# ignore = ["size"]'


def _options(session: Session, system: str) -> Iterator[str]:
    """What may be told of a system, in comments."""
    options = session.knowledge.systems[system]["options"]
    if not options:
        return
    yield ""
    yield f"# {_title(session, system)}"
    yield f"[{system}]"
    for name, table in options.items():
        default = table.get("default")
        value = json.dumps(default) if isinstance(default, bool | int | float | str | list) else '""'
        yield f"# {name.replace('_', '-')} = {value}   # {_comment(table.get('help', ''))}"


def _title(session: Session, system: str) -> str:
    return str(session.knowledge.systems.get(system, {}).get("title", system))


def _inside(path: str, folder: str) -> str:
    return os.path.relpath(path, folder).replace(os.sep, "/")


def _comment(text: str) -> str:
    """The text as one line that TOML takes in a comment."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain.encode("utf-8", "replace").decode("utf-8")


def _many(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
