"""Edits of one setting: nothing else changes, whatever the format and however the author lays it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poollint import api
from poollint.engine.edits import adding, into_call, is_literal, item_of, removing, replacing
from poollint.files import MemoryFiles
from poollint.findings import EditText
from poollint.fixes import apply_edits
from poollint.source import Place, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from poollint.blocks import Block, Edit

Values = dict[str, Any]


def blocks(path: str, text: str, system: str = "") -> list[Block]:
    session = api.Session(api.Options(isolated=True), MemoryFiles({path: text}, complete=True))
    names = [system] if session.known().systems.get(system, {}).get("reader") else []
    readings = [
        session.read(Source(path, text), each)
        for each in names or [each for each, _ in api.recognise_all(session, path, text)]
    ]
    return [block for each in readings for block in each.reading.blocks]


def block_of(path: str, text: str, system: str, kind: str) -> Block:
    [found] = [each for each in blocks(path, text, system) if each.kind == kind]
    return found


def written(block: Block) -> Values:
    return {name: each.raw for name, each in block.settings.items() if each.origin == "explicit"}


def apply(text: str, edit: Edit | None) -> str:
    assert edit is not None
    return apply_edits(text, [EditText("", edit.place.start, edit.place.end, edit.text)])


class Form:
    """A way to write settings: the file, where to look, how one is written, how all of them are put together."""

    def __init__(
        self, path: str, system: str, kind: str, names: str, one: str, whole: Callable[[list[str], str], str]
    ) -> None:
        self.path = path
        self.system = system
        self.kind = kind
        self.names = names.split()
        self.one = one
        self.whole = whole


def commas(before: str, after: str, comment: str) -> Callable[[list[str], str], str]:
    """Items with commas between them: on one line, or on lines of their own, with or without a last comma."""

    def whole(items: list[str], layout: str) -> str:
        if layout == "inline":
            return before + ", ".join(items) + after
        tail = {"lines": "", "trailing": ",", "comments": f",  {comment} last"}[layout]
        glue = f",  {comment} c\n    " if layout == "comments" else ",\n    "
        return before + "\n    " + glue.join(items) + tail + "\n" + after

    return whole


def lines(before: str, after: str, comment: str = "#") -> Callable[[list[str], str], str]:
    def whole(items: list[str], layout: str) -> str:
        between = {"inline": "\n", "lines": "\n\n", "trailing": "\r\n", "comments": f"\n{comment} c\n"}[layout]
        start = before.replace("\n", "\r\n") if layout == "trailing" else before
        indent = before[len(before.rstrip(" ")) :] if before.endswith(" ") else ""
        return start + (between + indent).join(items) + between + after

    return whole


def words(before: str, after: str) -> Callable[[list[str], str], str]:
    return lambda items, layout: before + ("  " if layout == "comments" else " ").join(items) + after


FORMS = {
    "javascript": Form(
        "a.js", "node-postgres", "pool", "max min idleTimeoutMillis connectionTimeoutMillis", "{name}: {value}",
        commas("const { Pool } = require('pg');\nconst p = new Pool({ ", " });\n", "//"),
    ),
    "quoted keys": Form(
        "a.ts", "node-postgres", "pool", "max min idleTimeoutMillis connectionTimeoutMillis", "'{name}': {value}",
        commas("import { Pool } from 'pg';\nconst p = new Pool({", "});\n", "//"),
    ),
    "python": Form(
        "a.py", "sqlalchemy", "engine", "pool_size max_overflow pool_timeout pool_recycle", "{name}={value}",
        commas("from sqlalchemy import create_engine\ne = create_engine(\"postgresql://a@b/c\", ", ")\n", "#"),
    ),
    "dict": Form(
        "a.py", "sqlalchemy", "engine", "pool_size max_overflow pool_timeout pool_recycle", '"{name}": {value}',
        commas("from sqlalchemy import create_engine\ne = create_engine('postgresql://a@b/c', **{", "})\n", "#"),
    ),
    "go": Form(
        "a.go", "go-http", "transport", "MaxIdleConns MaxIdleConnsPerHost MaxConnsPerHost", "{name}: {value}",
        lambda items, layout: commas(
            'package a\n\nimport "net/http"\n\nvar t = &http.Transport{', "}\n", "//"
        )(items, "trailing" if layout == "lines" else layout),
    ),
    "setters": Form(
        "A.java", "hikaricp", "pool", "MaximumPoolSize MinimumIdle", "config.set{name}({value});",
        lines(
            "import com.zaxxer.hikari.HikariConfig;\nclass A { void f() {\n"
            "    HikariConfig config = new HikariConfig();\n    ",
            "}}\n", "//",
        ),
    ),
    "properties": Form(
        "hikari.properties", "hikaricp", "pool", "maximumPoolSize minimumIdle", "{name} = {value}",
        lines("jdbcUrl=jdbc:postgresql://db/app\n", ""),
    ),
    "yaml": Form(
        "application.yml", "", "pool", "maximum-pool-size minimum-idle", "{name}: {value}",
        lines("spring:\n  datasource:\n    hikari:\n      ", ""),
    ),
    "ini": Form(
        "pgbouncer.ini", "pgbouncer", "main", "max_client_conn default_pool_size min_pool_size", "{name} = {value}",
        lines("[databases]\n[pgbouncer]\n", "", ";"),
    ),
    "connection string": Form(
        "pgbouncer.ini", "pgbouncer", "database", "pool_size min_pool_size max_db_connections", "{name}={value}",
        words("[databases]\napp = host=db ", "\n[pgbouncer]\n"),
    ),
    "postgresql": Form(
        "postgresql.conf", "postgresql", "server", "max_connections work_mem max_wal_senders", "{name} = {value}",
        lines("", ""),
    ),
    "nginx": Form(
        "nginx.conf", "nginx", "upstream", "keepalive keepalive_requests", "{name} {value};",
        lines("events {}\nhttp { upstream a {\n    server b:80;\n    ", "}}\n"),
    ),
    "apache": Form(
        "httpd.conf", "apache", "worker", "ttl max timeout", "{name}={value}",
        words("ProxyPass / http://b:80/ ", "\n"),
    ),
    "command line": Form(
        "Procfile", "", "server", "workers threads backlog", "--{name} {value}", words("web: gunicorn a:app ", "\n"),
    ),
    "compose": Form(
        "compose.yaml", "", "server", "workers threads backlog", "--{name} {value}",
        words("services:\n  web:\n    command: gunicorn a:app ", "\n"),
    ),
}  # fmt: skip


@st.composite
def cases(draw: st.DrawFn, least: int = 1) -> tuple[Form, dict[str, int], str, str]:
    form = FORMS[draw(st.sampled_from(sorted(FORMS)))]
    names = draw(st.permutations(form.names))[: draw(st.integers(least, len(form.names)))]
    values = {name: draw(st.integers(300, 900)) for name in names}
    return (
        form,
        values,
        draw(st.sampled_from(names)),
        draw(st.sampled_from(["inline", "lines", "trailing", "comments"])),
    )


def text_of(form: Form, values: dict[str, int], layout: str) -> str:
    return form.whole([form.one.format(name=name, value=value) for name, value in values.items()], layout)


def settings_of(form: Form, text: str) -> tuple[Block, Values]:
    block = block_of(form.path, text, form.system, form.kind)
    return block, written(block)


def named(block: Block, name: str) -> Any:
    plain = name.replace("-", "").lower()
    return next(
        each
        for each in block.settings.values()
        if each.name.replace("_", "").lower() in (plain, plain.replace("_", ""))
    )


@given(cases())
@settings(max_examples=150, deadline=None)
def test_a_removed_setting_is_gone_and_the_others_stay(case: tuple[Form, dict[str, int], str, str]) -> None:
    form, values, name, layout = case
    text = text_of(form, values, layout)
    block, before = settings_of(form, text)
    setting = named(block, name)
    item = item_of(setting, block.system)
    assert item is not None, text
    edit = removing(item)
    if edit is None:
        return
    after = apply(text, edit)
    if len(before) == 1 and form.system != "postgresql":
        return  # a block of which nothing is left need not be one any more
    _, left = settings_of(form, after)
    assert left == {each: value for each, value in before.items() if each != setting.name}, after
    assert after.count("// c") + after.count("# c") + after.count("; c") >= text.count(" c\n") - 1


@given(cases(), st.integers(300, 900))
@settings(max_examples=150, deadline=None)
def test_another_value_changes_nothing_else(case: tuple[Form, dict[str, int], str, str], number: int) -> None:
    form, values, name, layout = case
    text = text_of(form, values, layout)
    block, before = settings_of(form, text)
    setting = named(block, name)
    place = setting.place
    assert place is not None
    after = apply(text, replacing(place, str(number)))
    assert after == text[: place.start] + str(number) + text[place.end :]
    again, now = settings_of(form, after)
    assert named(again, name).raw == str(number)
    assert {each: value for each, value in now.items() if each != setting.name} == {
        each: value for each, value in before.items() if each != setting.name
    }


@given(cases())
@settings(max_examples=150, deadline=None)
def test_a_new_setting_stands_beside_the_others(case: tuple[Form, dict[str, int], str, str]) -> None:
    form, values, name, layout = case
    if len(values) == 1:
        return
    text = text_of(form, {each: value for each, value in values.items() if each != name}, layout)
    full, _ = settings_of(form, text_of(form, values, layout))
    wanted = named(full, name)
    block, before = settings_of(form, text)
    edit = adding(block, wanted.name, str(values[name]))
    after = apply(text, edit)
    _, now = settings_of(form, after)
    assert now == {**before, wanted.name: wanted.raw}, after
    assert len(after.replace("\r", "").split("\n")) >= len(text.replace("\r", "").split("\n"))


@given(cases())
@settings(max_examples=80, deadline=None)
def test_what_is_added_can_be_removed_again(case: tuple[Form, dict[str, int], str, str]) -> None:
    form, values, name, layout = case
    if len(values) == 1 or layout == "comments":
        return
    text = text_of(form, {each: value for each, value in values.items() if each != name}, layout)
    wanted = named(settings_of(form, text_of(form, values, layout))[0], name)
    block, before = settings_of(form, text)
    after = apply(text, adding(block, wanted.name, "333"))
    item = item_of(named(settings_of(form, after)[0], name), block.system)
    assert item is not None
    _, now = settings_of(form, apply(after, removing(item)))
    assert now == before


@pytest.mark.parametrize(
    ("call", "argument", "expected"),
    [
        ("make()", None, "make(key=1)"),
        ("make('a, b')", None, "make('a, b', key=1)"),
        ("make(f(1, 2),\n     g)", None, "make(f(1, 2),\n     g,\n     key=1)"),
        ("make()", 0, "make({ key: 1 })"),
        ("make(url)", 1, "make(url, { key: 1 })"),
        ("make(`http://${a}`)", 1, "make(`http://${a}`, { key: 1 })"),
        ("make({})", 0, "make({ key: 1 })"),
        ("make({ a: 1 })", 0, "make({ a: 1, key: 1 })"),
        ("make({\n  a: 1,\n})", 0, "make({\n  a: 1,\n  key: 1\n})"),
        ("make(url, options)", 1, None),
        ("make()", 1, None),
        ("make(a // no\n)", None, None),
        ("make(", None, None),
    ],
)
def test_a_first_option_of_a_call(call: str, argument: int | None, expected: str | None) -> None:
    source = Source("a.js", f"x = {call}; y(1)")
    edit = into_call(Place(source, 4, 8), argument, "key", "1")
    if expected is None:
        assert edit is None
    else:
        assert apply(source.text, edit) == f"x = {expected}; y(1)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", True), ("30_000L", True), ("15 * 1000", True), ("None", True), ("'text'", True), ("-1", True),
        ("10 * time.Second", True), ("Infinity", True),
        ("MAX", False), ("os.environ.get('X', 30)", False), ("process.env.X || 10", False), ("f(3)", False),
    ],
)  # fmt: skip
def test_only_what_is_written_out_is_replaced(text: str, expected: bool) -> None:
    assert is_literal(text) is expected


def test_a_variable_that_is_used_is_not_removed() -> None:
    for text, gone in (("threads = 8\nbind = ':80'\n", True), ("threads = 8\nworkers = threads\n", False)):
        block = block_of("gunicorn.conf.py", text, "", "server")
        item = item_of(block.settings["threads"], block.system)
        assert item is not None
        assert (removing(item) is not None) is gone
