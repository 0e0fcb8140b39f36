"""``poollint init --system NAME``: a folder that describes a library of the user's own, such as the house's ``createPool``.

The folder is valid as it stands: a commented settings.toml and one page whose examples pass ``poollint rules test``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import click

from poollint.cli.errors import EXIT_CLEAN, fail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RULES = "poollint-rules"
SETTINGS = "settings.toml"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_WORD = r"[A-Za-z_$][\w$]*"


class Language(NamedTuple):
    """How a language's wrapper is described and shown: what its options are, and a file that calls it.

    ``usual``: the module and the construct where the user names none.
    """

    usual: tuple[str, str]
    module: re.Pattern[str]
    modules: str
    options: str
    unit: str
    names: tuple[str, str, str]
    file: str
    example: str


LANGUAGES = {
    "javascript": Language(
        ("@acme/db", "createPool"),
        re.compile(r"[^\s\"'\\]+"),
        "a package or a path, such as @acme/db",
        "options = 0                    # which argument holds the options; several: [0, 1], the last one that is an object",
        "ms",
        ("max", "acquireTimeout", "idleTimeout"),
        "js db.js",
        "import {{ {construct} }} from '{module}';\n"
        "export const pool = {construct}({{ max: {size}, acquireTimeout: 5000 }});",
    ),
    "python": Language(
        ("acme.db", "create_pool"),
        re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"),
        "a module, such as acme.db",
        'options = "keywords"           # keyword arguments; or a number: the argument that is a dict of options',
        "s",
        ("max_size", "timeout", "idle_timeout"),
        "py db.py",
        "from {module} import {construct}\n\npool = {construct}(max_size={size}, timeout=5)",
    ),
    "java": Language(
        ("com.acme.db", "AcmePool"),
        re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"),
        "a package, such as com.acme.db",
        'options = "none"               # set by methods alone:\n'
        'setters = "set"                # setMaxSize(10) sets maxSize',
        "ms",
        ("maxSize", "acquireTimeout", "idleTimeout"),
        "java Db.java",
        "import {module}.{construct};\n\nclass Db {{\n"
        "    {construct} pool() {{\n"
        "        {construct} pool = new {construct}();\n"
        "        pool.setMaxSize({size});\n"
        "        pool.setAcquireTimeout(5000);\n"
        "        return pool;\n    }}\n}}",
    ),
    "go": Language(
        ("github.com/acme/db", "Open"),
        re.compile(r"[\w.~-]+(?:/[\w.~-]+)*"),
        "an import path, such as github.com/acme/db",
        "options = 0                    # which argument is the struct of options",
        "ns",
        ("MaxConns", "AcquireTimeout", "IdleTimeout"),
        "go db.go",
        'package main\n\nimport (\n\t"time"\n\n\t"{module}"\n)\n\n'
        "var pool = {package}.{construct}({package}.Options{{MaxConns: {size}, AcquireTimeout: 5 * time.Second}})",
    ),
}
# format of a settings file: how it writes two settings below the parts of a prefix
FORMATS: dict[str, Callable[[Sequence[str], Sequence[tuple[str, int]]], str]] = {
    "yaml": lambda parts, pairs: "\n".join(
        [*("  " * depth + f"{part}:" for depth, part in enumerate(parts))]
        + ["  " * len(parts) + f"{name}: {value}" for name, value in pairs]
    ),
    "json": lambda parts, pairs: (
        "".join(f'{{"{part}": ' for part in parts)
        + "{"
        + ", ".join(f'"{name}": {value}' for name, value in pairs)
        + "}" * (len(parts) + 1)
    ),
    "toml": lambda parts, pairs: "\n".join(
        [*([f"[{'.'.join(parts)}]"] if parts else []), *(f"{name} = {value}" for name, value in pairs)]
    ),
    "properties": lambda parts, pairs: "\n".join(f"{'.'.join([*parts, name])}={value}" for name, value in pairs),
    "ini": lambda parts, pairs: "\n".join([f"[{'.'.join(parts) or 'pool'}]", *(f"{n} = {v}" for n, v in pairs)]),
}
_FORMAT_OF = {"yml": "yaml", "cfg": "ini"}
FILE_NAMES = ("max", "acquireTimeout", "idleTimeout")

SETTINGS_TEXT = """\
# {title}: what poollint needs to know of it. Every rule for pools then judges it; the pages beside this file are rules of
# its own. `poollint rules test {folder}` runs their examples.

[system]
name = "{name}"
title = "{title}"
# docs = "https://wiki.example.org/{name}"
# newest = "1.0"                # the version that the defaults below are those of

# Where it is set up. Several tables may describe several ways.
[[found]]
{found}
kind = "pool"
# rename = {{ {rename} = "{size}" }}   # other spellings here than below

{elsewhere}
[kinds.pool]
title = "a pool of {title}"
role = "pool"                   # which rules judge it: pool, http_client, http_server
unknown = "open"                # what becomes of options that are not listed: "ignored", "refused"; "open" says nothing

# Each setting: its type (int, float, bool, string, duration), its default, and its role: what it is to every pool.
# A default of a duration is in seconds, whatever the unit is in which people write it.
[kinds.pool.settings]
{size} = {{ type = "int", default = 10, role = "size" }}
{wait} = {{ type = "duration", unit = "{unit}", default = 0, zero = "forever", role = "acquire_timeout" }}
{idle} = {{ type = "duration", unit = "{unit}", default = 30, role = "idle_timeout" }}
# further roles: min_idle, max_lifetime, connect_timeout, read_timeout, queue_limit, validation, keepalive, url
"""

IN_SOURCE = """\
language = "{language}"
module = "{module}"
construct = ["{construct}"]
{options}"""
IN_FILE = """\
format = "{format}"
files = ["{file}"]
{prefix}
# env = "DB_POOL_"              # variables that set the same, as DB_POOL_MAX"""
ALSO_IN_FILES = """\
# Its settings may stand in files, too: format is properties, yaml, json, toml, ini, hocon, spring, quarkus or env.
# [[found]]
# format = "yaml"
# files = ["config/db.yml"]
# prefix = "db.pool"            # the keys above the settings
# env = "DB_POOL_"              # variables that set the same
# kind = "pool"
"""
ALSO_IN_SOURCE = """\
# It may be set up in source code, too: language is javascript, python, java or go.
# [[found]]
# language = "javascript"
# module = "@acme/db"
# construct = ["createPool"]
# options = 0                  # which argument holds the options
# kind = "pool"
"""
PAGE_TEXT = """\
# {rule}

```toml
code = "{code}"
effect = "risk"
topic = "size"
on = "pool"
when = "size > opt.limit"
at = "size"
message = "{{setting}} = {{raw}} is above the {{opt.limit}} connections that one process may have here"
help = "write {{opt.limit}} at most"
options = {{ limit = {{ default = 20, type = "int", help = "connections that one process may have" }} }}
```

Say here why: what went wrong, how large the database is, who to ask for more.

## Bad

```{file}
{bad}
```

## Good

```{file}
{good}
```

## References

- the runbook of your databases
"""


class Wrapper(NamedTuple):
    """What the user said of the library."""

    name: str
    language: str
    module: str
    construct: str
    file: str = ""
    prefix: str = ""

    @property
    def format(self) -> str:
        """The form of the file, by its ending."""
        ending = self.file.rpartition(".")[2].lower()
        return _FORMAT_OF.get(ending, ending)


def wrapper_of(
    name: str,
    language: str | None = None,
    module: str | None = None,
    construct: str | None = None,
    file: str | None = None,
    prefix: str | None = None,
) -> Wrapper:
    """What the user said, with the usual names where nothing was said."""
    if file is not None and (language or module or construct):
        fail("--file describes a file of settings; --language, --module and --construct a call: one at a time")
    if prefix is not None and file is None:
        fail("--prefix goes with --file PATH")
    chosen = language or "javascript"
    usual = LANGUAGES[chosen].usual
    return Wrapper(name, chosen, module or usual[0], construct or usual[1], file or "", prefix or "")


def write_system(folder: str, wrapper: Wrapper, *, force: bool, dry_run: bool) -> int:
    """Write FOLDER/poollint-rules/NAME, say what to do next. Exits with the reason for what cannot be."""
    _check(wrapper)
    inside = os.path.normpath(os.path.join(folder, RULES, wrapper.name))
    taken = taken_codes(os.path.join(folder, RULES), wrapper.name)
    files = texts(wrapper, f"{RULES}/{wrapper.name}", taken)
    if dry_run:
        for name, text in files.items():
            click.echo(f"# {inside}/{name}\n{text}")
        return EXIT_CLEAN
    there = [name for name in files if os.path.exists(os.path.join(inside, name))]
    if there and not force:
        fail(f"{os.path.join(inside, there[0])} exists already; --force overwrites it")
    _write_all(inside, files)
    click.echo(f"wrote {' and '.join(os.path.join(inside, name) for name in files)}")
    for line in _next_steps(folder, inside):
        click.echo(line)
    return EXIT_CLEAN


def _check(wrapper: Wrapper) -> None:
    if not _NAME.fullmatch(wrapper.name):
        fail(f"--system {wrapper.name!r}: small letters, digits and single dashes, such as acme-db")
    from poollint.knowledge.index import knowledge

    if wrapper.name in knowledge().systems:
        fail(
            f"--system {wrapper.name}: poollint knows a system of that name already; give yours another, such as our-db"
        )
    if wrapper.file:
        if wrapper.format not in FORMATS:
            fail(f"--file {wrapper.file!r}: a name that ends in .yml, .yaml, .json, .toml, .ini, .cfg or .properties")
        if not re.fullmatch(r"[\w./*-]+", wrapper.file) or not re.fullmatch(
            r"(?:[\w-]+(?:\.[\w-]+)*)?", wrapper.prefix
        ):
            fail("--file is a path in the repository, --prefix the keys above the settings, such as db.pool")
        return
    language = LANGUAGES[wrapper.language]
    if not language.module.fullmatch(wrapper.module):
        fail(f"--module {wrapper.module!r}: {language.modules}")
    if not re.fullmatch(rf"{_WORD}(?:\.{_WORD})*", wrapper.construct):
        fail(f"--construct {wrapper.construct!r}: the name of a function or a class, such as createPool")


def taken_codes(folder: str, mine: str) -> set[str]:
    """The codes of the shipped rules and of the pages in a folder of rules, those of one system aside."""
    from poollint.knowledge.index import knowledge

    codes = {brief["code"] for brief in knowledge().rules.values()}
    for top, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".md") and os.path.basename(top) != mine:
                with open(os.path.join(top, name), encoding="utf-8", errors="replace") as handle:
                    codes.update(re.findall(r'(?m)^code\s*=\s*"([A-Z]+\d+)"', handle.read()))
    return codes


def texts(wrapper: Wrapper, folder: str, taken: set[str]) -> Mapping[str, str]:
    """File -> its text, by what the user said."""
    language = LANGUAGES[wrapper.language]
    size, wait, idle = FILE_NAMES if wrapper.file else language.names
    rule = f"{wrapper.name}-too-large"
    settings = SETTINGS_TEXT.format(
        name=wrapper.name,
        title=_title(wrapper),
        folder=folder,
        found=_found(wrapper, language),
        elsewhere=ALSO_IN_SOURCE if wrapper.file else ALSO_IN_FILES,
        rename="poolSize" if size == "max" else "pool_size",
        size=size,
        wait=wait,
        idle=idle,
        unit="ms" if wrapper.file else language.unit,
    )
    info, bad, good = _examples(wrapper, language)
    page = PAGE_TEXT.format(rule=rule, code=code_for(wrapper.name, taken), file=info, bad=bad, good=good)
    return {SETTINGS: settings, f"{rule}.md": page}


def _title(wrapper: Wrapper) -> str:
    if wrapper.file:
        return wrapper.name
    return wrapper.module if wrapper.language == "javascript" else f"{wrapper.module}.{wrapper.construct}"


def _found(wrapper: Wrapper, language: Language) -> str:
    if not wrapper.file:
        return IN_SOURCE.format(
            language=wrapper.language, module=wrapper.module, construct=wrapper.construct, options=language.options
        )
    parts = wrapper.prefix.split(".") if wrapper.prefix else []
    section = f'section = "{".".join(parts) or "pool"}"           # or a glob of sections\nprefix = ""'
    prefix = f'prefix = "{wrapper.prefix}"            # the keys above the settings'
    return IN_FILE.format(
        format=wrapper.format, file=wrapper.file, prefix=section if wrapper.format == "ini" else prefix
    )


def _examples(wrapper: Wrapper, language: Language) -> tuple[str, str, str]:
    """(what the page's fences say, an example of 50 connections, one of 20)."""
    if wrapper.file:
        parts = wrapper.prefix.split(".") if wrapper.prefix else []
        write = FORMATS[wrapper.format]
        bad, good = (write(parts, [("max", size), ("acquireTimeout", 5000)]) for size in (50, 20))
        return f"{wrapper.format} {wrapper.file.replace('*', 'x')}", bad, good
    names = {"construct": wrapper.construct, "module": wrapper.module, "package": wrapper.module.rpartition("/")[2]}
    return language.file, language.example.format(size=50, **names), language.example.format(size=20, **names)


def code_for(name: str, taken: set[str]) -> str:
    """A code that begins with the name's letters and is free."""
    letters = re.sub(r"[^a-z]", "", name).upper()[:5].ljust(2, "X")
    return next(code for number in range(1, 1000) if (code := f"{letters}{number:03}") not in taken)


def _write_all(folder: str, files: Mapping[str, str]) -> None:
    path = folder
    try:
        os.makedirs(folder, exist_ok=True)
        for name, text in files.items():
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8", newline="\n") as handle:
                handle.write(text)
    except OSError as error:
        _cannot(path, error)


def _cannot(path: str, error: OSError) -> NoReturn:
    fail(f"{path}: cannot be written: {error.strerror or error}")


def _next_steps(folder: str, inside: str) -> list[str]:
    """What is left to the user: the options that the library has, and the line that makes poollint look there."""
    from poollint.config import config_in

    there = config_in(folder)
    steps = ["now: put the library's own settings and defaults into settings.toml"]
    held = ""
    if there is not None:
        with open(there, encoding="utf-8", errors="replace") as handle:
            held = handle.read()
    if RULES not in held:
        where = there or os.path.normpath(os.path.join(folder, "poollint.toml"))
        table = " below [tool.poollint]" if where.endswith("pyproject.toml") else ", above the first [table]"
        steps.append(f'     write rule-dirs = ["{RULES}"] into {where}{table if there else ""}')
    steps.append(f"     poollint rules test {inside}")
    return steps
