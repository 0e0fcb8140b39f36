"""What the reader makes of pgbouncer.ini: values, inheritance, resets, includes, problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timing import within

from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.files import MemoryFiles
from poollint.knowledge.index import knowledge
from poollint.readers import pgbouncer
from poollint.readers import pgbouncer_values as values
from poollint.readers.base import ReadContext, Reading
from poollint.source import Source
from poollint.versions import parse_version

if TYPE_CHECKING:
    from poollint.blocks import Block


def read(text: str, target: str = "", *, path: str = "conf/pgbouncer.ini", **more: Any) -> Reading:
    catalogue = knowledge().catalogue("pgbouncer")
    config = {name: option.get("default") for name, option in catalogue.options.items()}
    config.update(more.pop("config", {}))
    files = MemoryFiles({path: text, **more.pop("others", {})}, complete=more.pop("complete", True))
    context = ReadContext(catalogue, files, target=parse_version(target) if target else None, config=config)
    return pgbouncer.read(Source(path, text), context)


def blocks(reading: Reading) -> dict[str, Block]:
    return {block.path: block for block in reading.blocks}


def kinds(reading: Reading) -> list[str]:
    found = [problem.kind for problem in reading.problems]
    return found + [problem.kind for block in reading.blocks for problem in block.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("+5", 5),
        ("\f5", 5),
        ("0x10", 16),
        ("0100", 64),
        ("0", 0),
        ("-1", -1),
        ("4294967297", 1),
        ("99999999999999999999", -1),
        ("-99999999999999999999", 0),
        ("2147483648", -2147483648),
        ("089", None),
        ("", None),
        ("1e3", None),
        ("5 ", None),
        ("0x", None),
        ("9" * 10_000, -1),
    ],
)
def test_integers_are_read_as_strtol_reads_them(text: str, value: int | None) -> None:
    assert values.parse_int(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("-1", 4294967295), ("4294967296", 0), ("99999999999999999999", 4294967295), ("x", None)],
)
def test_unsigned_integers(text: str, value: int | None) -> None:
    assert values.parse_uint(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("600", 600),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5),
        ("1e2", 100),
        ("010", 10),
        ("0x10", 16),
        ("0x1p4", 16),
        ("inf", 0),
        ("1e30", 0),
        ("nan", 2**63 / 1_000_000),
        ("1e400", None),
        ("-1", None),
        ("-0", 0),
        ("30s", None),
        ("1,5", None),
        ("", None),
        ("5 ", None),
    ],
)
def test_times_are_read_as_strtod_reads_them(text: str, value: float | None) -> None:
    assert values.parse_time(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20", 20),
        ("20;", 20),
        ("abc", 0),
        ("2.9", 2),
        ("0x10", 0),
        ("010", 10),
        ("-3", -3),
        (" 7", 7),
        ("4294967296", 0),
    ],
)
def test_connection_string_numbers_are_read_as_atoi_reads_them(text: str, value: int) -> None:
    assert values.parse_atoi(text) == value


def test_databases_inherit_from_the_main_section() -> None:
    found = blocks(
        read("[databases]\na = host=x\nb = host=x pool_size=3 reserve_pool=-1\n[pgbouncer]\ndefault_pool_size = 7\n")
    )
    first, second = found["databases.a"], found["databases.b"]
    assert first.value("pool_size") == 7
    assert first.settings["pool_size"].origin == "inherited"
    assert second.value("pool_size") == 3
    assert second.value("reserve_pool_size") == 0
    assert second.settings["reserve_pool_size"].key == "reserve_pool"
    assert first.value("server_lifetime") == 3600
    assert first.settings["server_lifetime"].origin == "default"
    assert first.value("dbname") == "a"
    assert first.links["main"] is found["pgbouncer"]
    assert found["pgbouncer"].links["databases"] == [first, second]


def test_a_zero_cap_of_a_database_is_the_global_cap() -> None:
    found = blocks(read("[databases]\na = max_db_connections=0\n[pgbouncer]\nmax_db_connections = 20\n"))
    assert found["databases.a"].value("max_db_connections") == 20


@pytest.mark.parametrize(("target", "value"), [("1.18", 0), ("1.24", UNLIMITED), ("", UNLIMITED)])
def test_a_pool_size_of_zero_depends_on_the_version(target: str, value: float) -> None:
    assert blocks(read("[pgbouncer]\ndefault_pool_size = 0\n", target))["pgbouncer"].value("default_pool_size") == value


def test_a_second_main_section_forgets_all_but_what_has_no_default() -> None:
    reading = read("[pgbouncer]\nmax_client_conn = 5\nauth_file = u\n[pgbouncer]\nlisten_port = 7000\n")
    main = blocks(reading)["pgbouncer"]
    assert main.value("max_client_conn") == 100
    assert main.value("auth_file") == "u"
    assert main.value("listen_port") == 7000
    assert kinds(reading) == ["repeated-main-section"]


def test_the_last_line_of_a_name_replaces_the_others() -> None:
    reading = read("[users]\nbob = pool_mode=session\nbob = max_user_connections=5\n[pgbouncer]\n")
    bob = blocks(reading)["users.bob"]
    assert bob.value("pool_mode") is None
    assert bob.value("max_user_connections") == 5
    assert kinds(reading) == ["duplicate-entry"]


def test_includes_are_read_where_they_stand() -> None:
    reading = read(
        "[databases]\n%include dbs.ini\n[pgbouncer]\n",
        others={"conf/dbs.ini": "app = host=a\n%include more.ini\n", "conf/more.ini": "web = host=b\n"},
    )
    assert [block.name for block in reading.blocks if block.kind == "database"] == ["app", "web"]
    assert sorted(reading.included) == ["conf/dbs.ini", "conf/more.ini"]
    assert set(kinds(reading)) == {"include-relative"}
    assert blocks(reading)["databases.web"].place.source.path == "conf/more.ini"


def test_include_base_is_the_working_directory() -> None:
    others = {"run/x.ini": "max_client_conn = 5\n", "conf/x.ini": "max_client_conn = 6\n"}
    reading = read("[pgbouncer]\n%include x.ini\n", others=others, config={"include_base": "run"})
    assert blocks(reading)["pgbouncer"].value("max_client_conn") == 5
    assert kinds(reading) == []


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("nope.ini", ["include-missing"]),
        ("/etc/nope.ini", []),
        ("/nonexistent/nope.ini", ["include-missing"]),
        ("/etc/*.ini", ["include-literal"]),
        ('"/etc/nope.ini"', ["include-literal"]),
        ("= nope.ini", ["include-literal"]),
        ("/etc/nope.ini ; note", ["include-literal"]),
        ("{{ path }}", []),
    ],
)
def test_a_missing_include_counts_only_where_that_is_certain(path: str, kind: list[str]) -> None:
    reading = read(f"[pgbouncer]\n%include {path}\n")
    assert kinds(reading) == kind
    main = blocks(reading)["pgbouncer"]
    assert main.facts["complete"] is False
    assert main.value("max_client_conn") is UNKNOWN


def test_what_is_not_among_the_given_texts_is_not_missing() -> None:
    assert kinds(read("[pgbouncer]\n%include nope.ini\n", complete=False)) == []


def test_an_include_of_itself_ends() -> None:
    reading = read("[pgbouncer]\n%include pgbouncer.ini\n%include pgbouncer.ini\n")
    assert kinds(reading).count("include-too-deep") == 1


def test_many_includes_end() -> None:
    others = {f"conf/{n}.ini": f"%include {n + 1}.ini\n" * 50 for n in range(9)} | {"conf/9.ini": ""}
    with within(5):
        read("[pgbouncer]\n%include 0.ini\n", others=others)


def test_templates_leave_unknown_what_they_fill_in() -> None:
    reading = read(
        "[databases]\n{% for db in dbs %}\n{{ db.name }} = host={{ db.host }}\n{% endfor %}\n"
        "web = host={{ host }} port=${PORT:-5432} pool_size=$SIZE {% if x %}user=a{% endif %}\n"
        "[pgbouncer]\nmax_client_conn = {{ clients }}\nlisten_port = 6432\n{% if a %}\npool_mode = session\n"
        "{% else %}\npool_mode = transaction\n{% endif %}\n"
    )
    assert kinds(reading) == []
    found = blocks(reading)
    assert found["pgbouncer"].value("max_client_conn") is UNKNOWN
    assert found["pgbouncer"].value("listen_port") == 6432
    assert found["pgbouncer"].value("auth_file") is UNKNOWN
    web = found["databases.web"]
    assert [web.value(name) for name in ("host", "port", "pool_size")] == [UNKNOWN] * 3
    assert web.value("min_pool_size") is UNKNOWN


def test_the_star_entry_refuses_nothing() -> None:
    reading = read("[databases]\n* = host=x pool_siz=3 oops\n[pgbouncer]\n")
    assert set(kinds(reading)) == {"star-entry"}


def test_the_auth_file_is_read_as_far_as_the_program_reads_it() -> None:
    text = '; note\n"a" "md581ad3d00fcdf98fbc5f8f9a859590b46" x\n"b" "SCRAM-SHA-256$4096:x$y:z"\n\nc d\n"e" "f"\n'
    reading = read("[pgbouncer]\nauth_file = u.txt\n", others={"conf/u.txt": text})
    users = blocks(reading)["auth_file"]
    assert users.facts == {"users": ("a", "b"), "md5": ("a",), "scram": ("b",)}
    assert kinds(reading) == ["auth-file-broken"]


def test_an_auth_file_elsewhere_is_not_opened() -> None:
    reading = read("[pgbouncer]\nauth_file = /etc/u.txt\n", others={"/etc/u.txt": "broken"})
    assert kinds(reading) == []


def test_newer_settings_need_a_target_unless_no_release_has_them() -> None:
    assert kinds(read("[pgbouncer]\ntransaction_timeout = 5\n", "1.18")) == ["newer-setting"]
    assert kinds(read("[pgbouncer]\ntransaction_timeout = 5\n", "1.25")) == []
    assert kinds(read("[pgbouncer]\ntransaction_timeout = 5\n")) == []
    assert kinds(read("[pgbouncer]\npool_idle_timeout = 5\n")) == ["newer-setting"]
    assert kinds(read("[pgbouncer]\npool_idle_timeout = 5\n", "unreleased")) == []


def test_a_fragment_needs_no_main_section() -> None:
    assert kinds(read("[databases]\na = host=x\n")) == ["no-main-section"]
    assert kinds(read("[databases]\na = host=x\n", path="conf/other.ini")) == ["no-main-section"]
    assert kinds(read("[databases]\na = host=x\n", path="conf/pgbouncer-dbs.ini")) == []
    fragments = {"fragments": ["oth*.ini"]}
    assert kinds(read("[databases]\na = host=x\n", path="conf/other.ini", config=fragments)) == []


WORDS = st.sampled_from(
    [
        "[pgbouncer]",
        "[databases]",
        "[users]",
        "[peers]",
        "\n",
        " ",
        "=",
        "host=",
        "port=",
        "'",
        '"',
        ";",
        "{{ a }}",
        "${B}",
        "pool_size",
        "max_client_conn",
        "*",
        "app",
        "5",
        "0",
        "%include x",
        "auth_file = pgbouncer.ini\n",
        "\t",
        "\0",
        "é",
    ]
)


@given(st.lists(WORDS, max_size=40).map("".join), st.sampled_from(["", "1.5", "1.18", "1.25"]))
def test_never_raises_and_places_stay_inside(text: str, target: str) -> None:
    reading = read(text, target)
    problems = [*reading.problems, *(problem for block in reading.blocks for problem in block.problems)]
    for problem in problems:
        assert 0 <= problem.place.start <= problem.place.end <= len(problem.place.source.text)
    for block in reading.blocks:
        for setting in block.effective():
            if setting.place is not None and setting.origin == "explicit" and setting.value is not UNKNOWN:
                assert setting.raw in setting.place.text.replace("''", "'")


@pytest.mark.parametrize(
    "text",
    [
        "[databases]\na = " + "host=x " * 200_000 + "\n[pgbouncer]\n",
        "[databases]\na = " + "{{" * 500_000 + "\n[pgbouncer]\n",
        "[pgbouncer]\n" + "x\n" * 300_000,
        "[pgbouncer]\nx = " + " " * 1_000_000 + "y\nmax_client_conn = " + "1 " * 500_000 + "\n",
        "[pgbouncer]\n" + "q" * 3_000_000 + " = 1\n",
        "[pgbouncer]\n" + "unknown_setting = 1\n" * 50_000,
    ],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    with within(8):
        read(text)
