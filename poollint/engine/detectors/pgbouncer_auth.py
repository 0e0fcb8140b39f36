"""Who may log in, and with what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import UNKNOWN
from poollint.engine.detectors.pgbouncer_start import since, text, written
from poollint.engine.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.blocks import Block
    from poollint.engine.hits import RuleContext

_WORD = re.compile(r"[,\s]+")
MOST_NAMES = 200
_FROM = re.compile(r"(?i)\bfrom\s+(\"[^\"]+\"|[\w$]+)(\s*\.)?")


def no_auth_source(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """An authentication that has nowhere to look a user up."""
    auth = text(block, "auth_type")
    if auth is None or not block.facts["complete"]:
        return
    if auth == "hba":
        if text(block, "auth_hba_file") == "":
            yield Hit("auth_type", {}, case="hba")
        return
    for name in ("auth_hba_file", "auth_ident_file"):
        setting = written(block, name)
        if setting is not None and setting.value:
            yield Hit(setting, {"auth": auth}, case="unused")
    databases = block.links["databases"]
    if auth in ("any", "pam", "ldap") or not databases:
        return
    sources = [block.value("auth_file"), block.value("auth_user")]
    sources += [database.value("auth_user") for database in databases]
    if all(source is None or source == "" for source in sources if source is not UNKNOWN) and UNKNOWN not in sources:
        at = "auth_type" if written(block, "auth_type") else block
        yield Hit(at, {"auth": auth})
    elif str(block.value("auth_file")).startswith("/nonexistent/"):
        yield Hit("auth_file", {}, case="missing")


def md5_secrets(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Secrets in the auth_file that do not go with auth_type or with the databases' forced users."""
    main = block.links["main"]
    auth = text(main, "auth_type")
    md5, scram = block.facts.get("md5", ()), block.facts.get("scram", ())
    if auth == "scram-sha-256" and md5:
        yield Hit(block, {"users": ", ".join(md5[:3]), "count": len(md5)}, case="md5-scram")
    for database in main.links["databases"]:
        user = database.value("user")
        if isinstance(user, str) and user in scram and database.complete and database.value("password") is None:
            yield Hit(written(database, "user") or database, {"user": user}, case="scram-forced")


def weak(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Passwords in clear text; MD5 hashes in the auth_file."""
    auth = text(block, "auth_type")
    if auth == "plain" and written(block, "auth_type"):
        public = block.facts["tcp_public"] is True and text(block, "client_tls_sslmode") == "disable"
        yield Hit("auth_type", {}, case="plain-network" if public else "plain")
    for users in block.links["auth_files"]:
        if auth == "md5" and users.facts.get("md5"):
            yield Hit(
                "auth_type" if written(block, "auth_type") else block, {"count": len(users.facts["md5"])}, case="md5"
            )


def admin_words(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Words in admin_users and stats_users that name nobody."""
    for name in ("admin_users", "stats_users"):
        setting = written(block, name)
        if setting is None or not isinstance(setting.value, str) or re.search(r"\s[;#]", setting.value):
            continue
        names = setting.value
        if len(names) > 1 and names[0] == names[-1] and names[0] in "'\"":
            continue
        for word in dict.fromkeys(_WORD.split(names, MOST_NAMES)):
            if word == "*":
                yield Hit(setting, {}, case="star")
            elif word and (word[0] in "'\"" or ";" in word):
                yield Hit(setting, {"word": word[:60]}, case="quote" if word[0] in "'\"" else "semicolon")


def search_path(block: Block, ctx: RuleContext) -> Iterator[Hit]:
    """search_path tracked while an unqualified auth_query runs (CVE-2025-12819)."""
    tracked = written(block, "track_extra_parameters")
    if since(ctx.target, 1, 25, 1) or tracked is None or not isinstance(tracked.value, str):
        return
    if "search_path" not in [word.strip().lower() for word in tracked.value.split(",")]:
        return
    holders = [block, *block.links["databases"]]
    if not any(isinstance(holder.value("auth_user"), str) for holder in holders):
        return
    for holder in holders:
        query = holder.value("auth_query")
        if isinstance(query, str) and any(not match[2] for match in _FROM.finditer(query)):
            yield Hit(tracked, {})
            return


def startup_parameters(block: Block, _ctx: RuleContext) -> Iterator[Hit]:
    """Names in ignore_startup_parameters that match nothing, or hide what clients ask for."""
    setting = written(block, "ignore_startup_parameters")
    if setting is None or not isinstance(setting.value, str):
        return
    known = ("extra_float_digits", "options", "search_path", "application_name", "statement_timeout", "geqo")
    for word in dict.fromkeys(_WORD.split(setting.value, MOST_NAMES)):
        if word not in known and word.lower() in known:
            yield Hit(setting, {"word": word, "meant": word.lower()}, case="letters")
        elif word in ("options", "search_path"):
            yield Hit(setting, {"word": word}, case="hides")
