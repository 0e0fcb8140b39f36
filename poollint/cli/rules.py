"""``poollint rules``: list them, run their examples, begin a new one."""

from __future__ import annotations

import os
from typing import Any

import click

from poollint.cli import words
from poollint.cli.errors import EXIT_CLEAN, EXIT_FINDINGS, counted, fail, say, unwritable


@click.group(invoke_without_command=True, short_help="List the rules; build the documentation; test pages; begin one.")
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option(
    "--system",
    metavar="SYSTEM",
    shell_complete=words.one_of(words.systems),
    help="Only the rules of this system.",
)
@click.option(
    "--output",
    metavar="DIR",
    help="Where --format markdown writes the documentation; --output - lists. [default: site]",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the card of a page instead.")
@click.pass_context
def rules(ctx: click.Context, form: str, system: str | None, output: str | None, schema: bool) -> int:
    """List every rule with its code, severity, effect and system.

    With --format markdown, build the documentation in the folder `site` (or --output DIR): a page of each rule, a page
    of each system with its settings, indexes by topic, effect, severity and role; beside each Markdown page its HTML
    page, for any web server or none (this needs markdown-it-py: pip install 'poollint[docs]').

    \b
    poollint rules --system pgbouncer
    poollint rules --format markdown    build the documentation in site/
    poollint rules test                 run the examples of the shipped pages
    poollint rules test my-rules/       ... of your own
    poollint rules new pool-too-large   write the scaffold of a page
    """
    if ctx.invoked_subcommand is not None:
        return EXIT_CLEAN
    if schema:
        import json

        from poollint.schemas import card_schema

        click.echo(json.dumps(card_schema(), indent=1))
        return EXIT_CLEAN
    from poollint.api import Options
    from poollint.cli.common import knowledge_here
    from poollint.config import closest

    known = knowledge_here(Options())
    if system and system not in known.systems:
        fail(f"--system {system}: no such system{closest(system, known.systems)}")
    if output and form != "markdown":
        fail("--output DIR goes with --format markdown")
    if form == "markdown" and output != "-":
        return build_site(known, system, output or "site")
    wanted = [rule for rule in known.rules.values() if not system or rule["system"] == system]
    wanted.sort(key=lambda rule: (rule["system"], rule["code"]))
    _print(wanted, form)
    return EXIT_CLEAN


def build_site(known: Any, system: str | None, folder: str) -> int:
    from poollint.docs.markdown import Docs
    from poollint.docs.site import SiteError, can_make_html, html_pages, write_site

    pages = Docs(known, [system] if system else None).pages()
    files = dict(pages)
    html = can_make_html()
    if html:
        files.update(html_pages(pages))
    try:
        write_site(folder, files)
    except SiteError as error:
        fail(str(error))
    except OSError as error:
        unwritable(error, folder)
    kinds = "Markdown and HTML" if html else "Markdown only; pip install 'poollint[docs]' adds the HTML"
    say(f"wrote {len(pages)} pages ({kinds}) to {folder}")
    return EXIT_CLEAN


def _print(wanted: list[dict[str, Any]], form: str) -> None:
    from poollint.findings import SEVERITY_OF_EFFECT

    rows = [
        {
            "code": rule["code"],
            "name": rule["name"],
            "severity": rule.get("severity") or SEVERITY_OF_EFFECT[rule["effect"]],
            "effect": rule["effect"],
            "topic": rule["topic"],
            "system": rule["system"] or "any",
            "options": {name: table.get("default") for name, table in rule["options"].items()},
            "preview": rule["preview"],
        }
        for rule in wanted
    ]
    if form == "json":
        import json

        click.echo(json.dumps({"version": 1, "rules": rows}, indent=2))
        return
    if form == "markdown":
        click.echo("| code | name | severity | effect | topic | system |\n|---|---|---|---|---|---|")
        for row in rows:
            click.echo("| {code} | {name} | {severity} | {effect} | {topic} | {system} |".format(**row))
        return
    for row in rows:
        click.echo("{code:<8} {severity:<8} {effect:<8} {topic:<9} {system:<11} {name}".format(**row))


@rules.command("test", short_help="Run the examples of rule pages.")
@click.argument("folders", nargs=-1, metavar="[DIR]...", shell_complete=words.folders)
@click.option("-v", "--verbose", is_flag=True, help="Name every page.")
def test_pages(folders: tuple[str, ...], verbose: bool) -> int:
    """Run the Bad, Good and Not-reported examples of the pages in DIR (default: those shipped) through the pipeline.

    A bad example must have a finding of its rule and no warning or error of another; the rest must have none of it.
    """
    from poollint.engine import examples
    from poollint.knowledge.index import knowledge
    from poollint.knowledge.own import OwnKnowledge, own_folders
    from poollint.knowledge.pages import PageError

    pages = failures = 0
    for root in folders or (knowledge().root,):
        if not os.path.isdir(root):
            fail(f"{root}: is no folder")
        known = knowledge()
        if not os.path.abspath(root).startswith(os.path.abspath(known.root)):
            known = OwnKnowledge(known)
            try:
                known.add(root)
            except PageError as error:
                failures += 1
                click.echo(str(error))
                continue
        for folder in own_folders(root) if isinstance(known, OwnKnowledge) else examples.folders(root):
            try:
                for page, wrong in examples.check_pages(folder, system_of(known, folder), known):
                    pages += 1
                    failures += len(wrong)
                    if verbose:
                        click.echo(f"{page.card['code']} {page.name}: {'FAILED' if wrong else 'ok'}")
                    for each in wrong:
                        click.echo(f"{each.page}:{each.line}: {each.message}")
            except PageError as error:  # noqa: PERF203 - one bad folder must not hide the others
                failures += 1
                click.echo(str(error))
    click.echo(f"{counted(pages, 'page')}, {counted(failures, 'failure')}", err=True)
    if not pages and not failures:
        fail("no page found")
    return EXIT_FINDINGS if failures else EXIT_CLEAN


def system_of(known: Any, folder: str) -> str:
    """The system of a folder of pages: by its settings.toml, else by its name."""
    name = os.path.basename(os.path.abspath(folder))
    for system, shape in known.systems.items():
        if shape["folder"] in (name, os.path.abspath(folder)):
            return str(system)
    return ""


SCAFFOLD = """\
# {name}

```toml
code = "XX001"
system = "pgbouncer"
effect = "risk"
topic = "size"
on = "main"
when = "default_pool_size > opt.limit"
at = "default_pool_size"
message = "{{setting}} = {{raw}}: say what the program does with it"
help = "say the better value"
since = "{version}"
options = {{ limit = {{ default = 50, type = "int", help = "the largest size that is not reported" }} }}
```

What goes wrong, for whom, in which versions; how to choose the value.

## Bad

```ini pgbouncer.ini
[databases]
app = host=/var/run/postgresql

[pgbouncer]
auth_file = /etc/pgbouncer/userlist.txt
default_pool_size = 80
```

## Good

```ini pgbouncer.ini
[databases]
app = host=/var/run/postgresql

[pgbouncer]
auth_file = /etc/pgbouncer/userlist.txt
default_pool_size = 20
```

## Not reported

Say which look-alike must stay silent, and why.

## References

- https://www.pgbouncer.org/config.html
"""


@rules.command("new", short_help="Write the scaffold of a page.")
@click.argument("name")
@click.option("--dir", "folder", default=".", show_default=True, metavar="DIR", help="Where the page is written.")
def new_page(name: str, folder: str) -> int:
    """Write NAME.md, a page with every part a rule needs, ready to fill in. NAME reads after "allow"."""
    import re

    from poollint import __version__

    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name):
        fail(f"{name!r} is no rule name: small letters, digits and single dashes, such as unbounded-acquire")
    path = os.path.join(folder, f"{name}.md")
    if os.path.exists(path):
        fail(f"{path} exists already")
    try:
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(SCAFFOLD.format(name=name, version=__version__))
    except OSError as error:
        unwritable(error, path)
    click.echo(f"wrote {path}; run it with: poollint rules test {folder}")
    return EXIT_CLEAN
