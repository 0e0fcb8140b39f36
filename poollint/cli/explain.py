"""``poollint explain``: a rule's page, what a setting is, or a guide."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from poollint.cli import words
from poollint.cli.errors import fail


@click.command(short_help="Explain a rule, a system or a setting, or print a guide.")
@click.argument("what", metavar="RULE|SYSTEM|SYSTEM.SETTING|GUIDE", shell_complete=words.one_of(words.subjects))
@click.option("--target", "targets", multiple=True, metavar="SYSTEM=VERSION", help="Speak of this version.")
@click.option(
    "--config", "config_path", metavar="FILE", shell_complete=words.files, help="Use this configuration file."
)
@click.option("--isolated", is_flag=True, help="Ignore every configuration file.")
def explain(what: str, targets: tuple[str, ...], config_path: str | None, isolated: bool) -> int:
    """Explain a rule (by code or name), a system or one of its settings (SYSTEM.SETTING), or print a guide.

    \b
    poollint explain PGB048
    poollint explain pgbouncer.query_wait_timeout
    poollint explain configuration

    A beginning of codes, a topic or an effect lists its rules.

    Guides: configuration, topology, calculator, pipeline, editor, own-rules, library, documentation, versioning.
    """
    from poollint.cli.common import knowledge_here, make_options

    options = make_options(None, targets, config_path, isolated=isolated)
    known = knowledge_here(options)
    rules = [rule for rule in known.rules.values() if what in (rule["code"], rule["name"], *rule["aliases"])]
    if not rules:
        rules = [rule for rule in known.rules.values() if rule["code"].lower() == what.lower()]
    if rules:
        for rule in rules:
            _rule(known, rule, options)
        return 0
    system, dot, setting = what.partition(".")
    if dot and system in known.systems:
        from poollint.knowledge.describe import describe_setting, setting_called

        catalogue = known.catalogue(system)
        lines = describe_setting(catalogue, setting_called(catalogue, setting), options.targets.get(system))
        if lines:
            click.echo("\n".join(lines))
            return 0
        from poollint.config import closest

        names = {name for kind in catalogue.kinds.values() for name in kind.settings}
        fail(f"{system} has no setting {setting!r}{closest(setting, names)}")
    from poollint.docs.guides import ORDER, guide

    if what in ORDER:
        click.echo(guide(what).rstrip("\n"))
        return 0
    if what in known.systems:
        _system(known, what)
        return 0
    from poollint.config import names_rule

    group = [rule for rule in known.rules.values() if names_rule(what, rule)]
    if group:
        for rule in sorted(group, key=lambda each: str(each["code"])):
            click.echo(f"{rule['code']} {rule['name']}")
        return 0
    return _nothing(known, what, system if dot else "")


def _nothing(known: Any, what: str, system: str) -> NoReturn:
    from poollint.config import closest

    if system:
        fail(f"no system {system!r}{closest(system, known.systems)}")
    names = [word for rule in known.rules.values() for word in (rule["code"], rule["name"])]
    from poollint.docs.guides import ORDER

    guess = closest(what, [*names, *known.systems, *ORDER])
    fail(f"no rule, system or guide {what!r}{guess}; poollint rules lists the rules")


def _rule(known: Any, rule: dict[str, Any], options: Any) -> None:
    from poollint.api import Session
    from poollint.docs.rule import for_terminal, rule_doc
    from poollint.files import DiskFiles

    session = Session(options, DiskFiles())
    policy: Any = session.policy_for("")
    active, why = policy.selection.active(rule["code"], rule["name"], rule["system"], rule["topic"], rule["preview"])
    status = f"active here ({why})" if active else f"not active here ({why})"
    click.echo(for_terminal(rule_doc(known, rule), status))


def _system(known: Any, system: str) -> None:
    from poollint.knowledge.describe import describe_system

    click.echo("\n".join(describe_system(known, system)))
