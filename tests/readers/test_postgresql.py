"""What a server started with a postgresql.conf would have, or why it would not start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timing import within

from poollint.api import check_text
from poollint.blocks import UNKNOWN, UNLIMITED, Block, Setting
from poollint.files import MemoryFiles
from poollint.knowledge.index import knowledge
from poollint.readers.base import ReadContext, Reading
from poollint.readers.postgresql import edit_distance, nearest, read
from poollint.readers.postgresql_values import parse_bool, parse_int, parse_real
from poollint.versions import Version, parse_version

if TYPE_CHECKING:
    from pathlib import Path

HARMLESS = {
    "duplicate-parameter",
    "repeated-parameter",
    "overridden-parameter",
    "octal-number",
    "rounded",
    "rounded-to-off",
}


def reading(text: str, target: str = "15.18", **others: str) -> Reading:
    texts = {"etc/postgresql.conf": text, **{f"etc/{name.replace('__', '/')}": body for name, body in others.items()}}
    return read_files(texts, parse_version(target) if target else None)


def read_files(texts: dict[str, str], target: Version | None, main: str = "etc/postgresql.conf") -> Reading:
    files = MemoryFiles(texts)
    return read(files.load(main), ReadContext(knowledge().catalogue("postgresql"), files, target=target))


def block(text: str, target: str = "15.18", **others: str) -> Block:
    (found,) = reading(text, target, **others).blocks
    return found


def kinds(text: str, target: str = "15.18", **others: str) -> list[str]:
    return [problem.kind for problem in block(text, target, **others).problems]


def shown(setting: Setting) -> str:
    """The value as the server prints it: a number of base units."""
    spec, value = setting.spec, setting.value
    assert spec is not None
    if value == UNLIMITED:
        value = 0
    if isinstance(value, bool):
        return "on" if value else "off"
    if spec.type == "duration":
        value = round(value * 1000) if spec.unit == "ms" else value
    if spec.type == "size":
        value //= {"kB": 1024, "8kB": 8192}[spec.unit]
    return f"{value:g}" if isinstance(value, float) else str(value)


# The recorded cases by name, with the file that the name and the recorded outcome describe.
RECORDED = {
    "equals-comment": "max_connections = 50 # pool\n",
    "comment-glued": "max_connections = 50#pool\n",
    "semicolon": "max_connections = 50;\n",
    "hex": "max_connections = 0x40\n",
    "exponent": "max_connections = 1e2\n",
    "underscore": "max_connections = 1_000\n",
    "negative": "max_connections = -5\n",
    "empty-value": "max_connections =\n",
    "unknown-param": "max_conections = 50\n",
    "custom-param": "my.param = 50\n",
    "time-unit-s": "statement_timeout = 30s\n",
    "time-min": "statement_timeout = 5min\n",
    "time-upper": "statement_timeout = 30S\n",
    "time-us": "statement_timeout = 1500us\n",
    "time-fraction-unit": "statement_timeout = '1.5min'\n",
    "time-fraction-unquoted": "statement_timeout = 1.5min\n",
    "time-no-unit": "statement_timeout = 30\n",
    "time-ms-on-s-param": "tcp_keepalives_idle = 1500ms\n",
    "mem-M": "work_mem = 64M\n",
    "mem-space-quoted": "work_mem = '64 MB'\n",
    "mem-frac": "work_mem = '0.5GB'\n",
    "mem-below-min": "work_mem = 1kB\n",
    "bool-o": "log_connections = o\n",
    "bool-yes": "log_connections = YES\n",
    "string-unquoted-space": "cluster_name = my app\n",
    "string-unquoted-star": "listen_addresses = *\n",
    "string-unterminated": "listen_addresses = '*\n",
    "include-unquoted": "include extra.conf\n",
    "include-missing": "include 'nope.conf'\n",
    "include-wins-when-last": "max_connections = 50\ninclude 'extra.conf'\n",
    "include-empty": "include ''\n",
    "bom": "\ufeffmax_connections = 50\n",
    "colon": "max_connections: 50\n",
    "reserved-ge-max": "max_connections = 3\n",
}


def test_recorded_outcomes(shared: Path) -> None:
    """`postgres -C` and the reader agree on every recorded file: refused or not, and the values."""
    cases = json.loads((shared / "truth" / "postgresql" / "cases.json").read_text())
    wrong = []
    for case in cases:
        text = RECORDED[case["name"]]
        found = block(text, case["version"], **{"extra.conf": "max_connections = 60\n"})
        refused = [problem.kind for problem in found.problems if problem.kind not in HARMLESS]
        values = {name: shown(setting) for name in case["effective"] if (setting := found.get(name))}
        if bool(refused) != (case["outcome"] == "error") or (not refused and values != case["effective"]):
            wrong.append((case["name"], refused, values))
    assert wrong == []
    assert len(cases) >= 34


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("max_connections = 064", "max_connections", 52),
        ("max_connections = 50.6", "max_connections", 51),
        ("max_connections = '0.5e2'", "max_connections", 50),
        ("max_connections = ' 50 '", "max_connections", 50),
        ("statement_timeout = 0", "statement_timeout", UNLIMITED),
        ("statement_timeout = 250", "statement_timeout", 0.25),
        ("idle_session_timeout = '1.5 min'", "idle_session_timeout", 90),
        ("tcp_keepalives_idle = 2min", "tcp_keepalives_idle", 120),
        ("authentication_timeout = 600", "authentication_timeout", 600),
        ("work_mem = 4096", "work_mem", 4 * 1024**2),
        ("sort_mem = 8MB", "work_mem", 8 * 1024**2),
        ("shared_buffers = 16384", "shared_buffers", 128 * 1024**2),
        ("hash_mem_multiplier = 1.5", "hash_mem_multiplier", 1.5),
        ("unix_socket_permissions = 0770", "unix_socket_permissions", 0o770),
        ("ssl = tru", "ssl", True),
        ("SSL = OF", "ssl", False),
        ("wal_level = Hot_Standby", "wal_level", "replica"),
        ("archive_mode = yes", "archive_mode", "on"),
        ("password_encryption = MD5", "password_encryption", "md5"),
        ("listen_addresses = '*'", "listen_addresses", "*"),
        ("bgwriter_delay = 1s", "bgwriter_delay", 1),
        ("log_rotation_age = 1d", "log_rotation_age", 86400),
        ("default_transaction_isolation = 'read committed'", "default_transaction_isolation", "read committed"),
    ],
)
def test_values(line: str, name: str, value: Any) -> None:
    found = block(line)
    assert [problem.kind for problem in found.problems if problem.kind not in HARMLESS] == []
    assert found.settings[name].value == value
    assert type(found.settings[name].value) is type(value)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("max_connections = abc", "not-number"),
        ("max_connections = ''", "not-number"),
        ("max_connections = 08", "unwanted-unit"),
        ("max_connections = 50s", "unwanted-unit"),
        ("max_connections = 99999999999", "too-large"),
        ("max_connections = 0", "out-of-range"),
        ("hash_mem_multiplier = nan", "not-number"),
        ("hash_mem_multiplier = inf", "out-of-range"),
        ("work_mem = 1KB", "wrong-unit"),
        ("statement_timeout = 5sec", "wrong-unit"),
        ("statement_timeout = 5 # fine\nlock_timeout = 1MB", "wrong-unit"),
        ("ssl = 2", "not-boolean"),
        ("wal_level = full", "not-listed"),
        ("unix_socket_permissions = 777", "mode-range"),
        ("listen_addresses = 'a,'", "bad-list"),
        ("listen_addresses = 'a b'", "bad-list"),
        ("autovacuum = 2", "not-boolean"),
        ("bgwriter_delay = 5", "out-of-range"),
        ("block_size = 8192", "fixed-parameter"),
        ("transaction_timeout = 5s", "newer-parameter"),
        ("stats_temp_directory = '/x'", "removed-parameter"),
        ("wal_keep_segments = 5", "removed-parameter-replaced"),
        ("max_conections = 5", "misspelt-parameter"),
        ("pool_mode = session", "unknown-parameter"),
        ("max_connections = 010", "octal-number"),
        ("tcp_keepalives_idle = 1500ms", "rounded"),
        ("statement_timeout = 400us", "rounded-to-off"),
    ],
)
def test_problem(line: str, kind: str) -> None:
    assert kinds(line) == [kind]


def test_place_of_setting_and_problem() -> None:
    text = "# a\nwork_mem = 64M\n"
    found = block(text)
    setting = found.settings["work_mem"]
    assert setting.value is UNKNOWN
    assert setting.place is not None
    assert setting.place.source.position(setting.place.start) == (2, 12)
    assert found.problems[0].place.text == "64M"


@pytest.mark.parametrize(
    ("target", "line", "expected"),
    [
        ("11", "max_connections = 50.6", ["unwanted-unit"]),
        ("11", "statement_timeout = 10us", ["wrong-unit"]),
        ("9.3", "work_mem = 1TB", ["wrong-unit"]),
        ("13", "password_encryption = on", []),
        ("14", "password_encryption = on", ["not-listed"]),
        ("9.6", "password_encryption = off", []),
        ("15", "log_connections = all", ["not-boolean"]),
        ("18", "log_connections = all", []),
        ("", "log_connections = all", []),
        ("16", "reserved_connections = 3", []),
        ("15", "reserved_connections = 3", ["newer-parameter"]),
        ("", "stats_temp_directory = x", []),
        ("", "wal_keep_segments = 5", ["abandoned-parameter-replaced"]),
        ("12", "wal_keep_segments = 5", []),
        ("19", "some_new_parameter_of_this_release = 5", []),
        ("19", "max_conections = 5", ["misspelt-parameter"]),
        ("16", "force_parallel_mode = on", []),
        ("18", "ssl_ecdh_curve = prime256v1", []),
    ],
)
def test_releases_differ(target: str, line: str, expected: list[str]) -> None:
    assert kinds(line, target) == expected


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        ("9.6", "max_wal_senders", 0),
        ("15", "max_wal_senders", 10),
        ("9.6", "wal_level", "minimal"),
        ("9.2", "shared_buffers", 32 * 1024**2),
        ("9.3", "work_mem", 1024**2),
        ("13", "password_encryption", "md5"),
        ("14", "hash_mem_multiplier", 1.0),
        ("15", "hash_mem_multiplier", 2.0),
        ("15", "statement_timeout", UNLIMITED),
        ("15", "deadlock_timeout", 1),
        ("15", "unix_socket_permissions", 0o777),
        ("18", "max_locks_per_transaction", 64),
        ("19", "max_locks_per_transaction", 128),
    ],
)
def test_defaults_by_release(target: str, name: str, value: Any) -> None:
    setting = block("", target).get(name)
    assert setting is not None
    assert setting.origin == "default"
    assert setting.value == value


def test_roles() -> None:
    found = block("max_connections = 70\nidle_session_timeout = 5s")
    clients, idle = found.by_role("max_clients"), found.by_role("listen_idle_timeout")
    assert clients is not None
    assert idle is not None
    assert (clients.value, idle.value) == (70, 5)


class TestDuplicates:
    def test_last_wins_and_the_earlier_is_told(self) -> None:
        found = block("Max_Connections = 1\nport = 5\nmax_connections = 2")
        assert found.settings["max_connections"].value == 2
        (problem,) = found.problems
        assert (problem.kind, problem.place.text) == ("duplicate-parameter", "Max_Connections = 1")
        assert problem.values["line"] == 3

    def test_same_value(self) -> None:
        assert kinds("work_mem = 4MB\nwork_mem = 4096") == ["repeated-parameter"]

    def test_only_the_last_value_is_looked_at(self) -> None:
        assert kinds("max_connections = abc\nmax_connections = 5") == ["duplicate-parameter"]

    def test_not_between_files(self) -> None:
        found = block("max_connections = 1\ninclude 'a.conf'", **{"a.conf": "max_connections = 2"})
        assert found.settings["max_connections"].value == 2
        assert found.problems == []


class TestIncludes:
    def test_reading_order(self) -> None:
        others = {
            "conf.d/b.conf": "port = 2",
            "conf.d/B.conf": "port = 1",
            "conf.d/.z.conf": "port = 9",
            "conf.d/z": "x",
        }
        found = reading("include_dir = 'conf.d'", **others)
        assert found.blocks[0].settings["port"].value == 2
        assert list(found.included) == ["etc/conf.d/B.conf", "etc/conf.d/b.conf"]

    def test_relative_to_the_including_file(self) -> None:
        found = block("include 'sub/a.conf'", **{"sub/a.conf": "include 'b.conf'", "sub/b.conf": "port = 7"})
        assert found.settings["port"].value == 7

    def test_missing(self) -> None:
        assert kinds("include 'a.conf'") == ["missing-include"]
        assert kinds("include_if_exists 'a.conf'") == []
        assert kinds("include_dir 'd'") == ["missing-include-dir"]
        assert kinds("include ' '\ninclude_dir ''") == ["empty-include", "empty-include-dir"]

    def test_folder(self) -> None:
        assert kinds("include 'd'", **{"d/a.conf": ""}) == ["directory-include"]

    def test_depth(self) -> None:
        chain = {f"n{number}.cnf": f"include 'n{number + 1}.cnf'" for number in range(1, 11)}
        chain["n11.cnf"] = "port = 5"
        assert kinds("include 'n2.cnf'", **chain) == []
        assert kinds("include 'n1.cnf'", **chain) == ["deep-include"]

    def test_recursion(self) -> None:
        assert kinds("include 'postgresql.conf'") == ["recursive-include"]
        assert kinds("include 'a.conf'", **{"a.conf": "include '../etc/postgresql.conf'"}) == ["recursive-include"]

    def test_unseen_files_leave_defaults_open(self) -> None:
        for line in ("include '/srv/x.conf'", "include_dir '/srv/conf.d'", "include '{{ x }}'"):
            found = block(f"{line}\nport = 5")
            assert found.problems == []
            assert found.value("port") == 5
            assert found.value("max_connections") is UNKNOWN
            assert found.facts["complete"] is False

    def test_files_that_were_not_given_leave_defaults_open(self) -> None:
        files = MemoryFiles({"p.conf": "include 'a.conf'\ninclude_dir 'd'\nport = 5"}, complete=False)
        context = ReadContext(knowledge().catalogue("postgresql"), files)
        (found,) = read(files.load("p.conf"), context).blocks
        assert found.problems == []
        assert found.value("max_connections") is UNKNOWN

    def test_problem_stands_in_the_included_file(self) -> None:
        (problem,) = block("include 'a.conf'", **{"a.conf": "\nport = x"}).problems
        assert problem.place.source.path == "etc/a.conf"

    def test_a_bush_of_includes_ends(self) -> None:
        bush = {f"n{number}.cnf": f"include 'n{number + 1}.cnf'\n" * 50 + "port = 5\n" for number in range(10)}
        with within(20):
            found = block("include 'n0.cnf'", **bush)
        assert found.facts["complete"] is False


class TestAutoConf:
    def test_overrides(self) -> None:
        found = block("port = 5\ninclude 'a.conf'", **{"a.conf": "ssl = on", "postgresql.auto.conf": "port = '6'"})
        assert found.settings["port"].value == 6
        assert [problem.kind for problem in found.problems] == ["overridden-parameter"]

    def test_bad_value_that_it_repairs(self) -> None:
        assert kinds("port = x", **{"postgresql.auto.conf": "port = '6'"}) == ["overridden-parameter"]

    def test_not_beside_itself(self) -> None:
        found = read_files({"etc/postgresql.auto.conf": "port = 6"}, None, "etc/postgresql.auto.conf")
        assert found.included == {}


class TestTemplates:
    def test_unknown_value(self) -> None:
        found = block("max_connections = {{ n }}\nwork_mem = 4MB")
        assert found.settings["max_connections"].value is UNKNOWN
        assert found.problems == []
        assert found.facts["templated"]

    def test_branches_are_no_duplicates_and_leave_the_value_open(self) -> None:
        found = block("{% if a %}\nport = 1\n{% else %}\nport = 2\n{% endif %}\nwal_keep_segments = 5\n")
        assert found.problems == []
        assert found.settings["port"].value is UNKNOWN


def test_byte_order_mark() -> None:
    assert kinds("\ufeffport = 5") == ["byte-order-mark"]
    assert kinds("\ufeff# a\nport = 5") == ["byte-order-mark"]
    (problem,) = block("\ufeffport = 5").problems
    assert problem.fix is not None
    assert [(edit.place.start, edit.place.end, edit.text) for edit in problem.fix.edits] == [(0, 1, "")]


@pytest.mark.parametrize(
    ("line", "fixed"), [("port = 5;", True), ("port = 5 ; # x", True), ("port = 5; ssl = on", False)]
)
def test_semicolon_is_removed_where_nothing_follows(line: str, fixed: bool) -> None:
    (problem,) = block(line).problems
    assert problem.kind == "syntax-semicolon"
    assert (problem.fix is not None) is fixed


def test_file_of_another_program() -> None:
    found = reading("<Plugin postgresql>\n  Host x\n</Plugin>\n")
    assert [problem.kind for problem in found.problems] == ["foreign-file"]
    assert found.blocks == []


@pytest.mark.parametrize("text", ["[server]\n", "max_conections 5 5\n", "# only comments\n#port = 5", ""])
def test_not_taken_for_another_program(text: str) -> None:
    assert reading(text).problems == []


def test_edit_distance_and_nearest() -> None:
    assert edit_distance("max_conections", "max_connections", 3) == 1
    assert edit_distance("prot", "port", 3) == 1
    assert edit_distance("abcdef", "uvwxyz", 3) == 3
    assert nearest("statment_timeout", ["lock_timeout", "statement_timeout"]) == "statement_timeout"
    assert nearest("pool_size", ["port", "ssl"]) == ""


def test_booleans() -> None:
    assert [parse_bool(word) for word in ("on", "t", "YES", "1", "tr")] == [True] * 5
    assert [parse_bool(word) for word in ("off", "of", "f", "No", "0")] == [False] * 5
    assert [parse_bool(word) for word in ("o", "", "2", "truee", "on ", "ja")] == [None] * 6


@given(st.integers(-(2**31), 2**31 - 1))
def test_whole_numbers_stay(number: int) -> None:
    for text in (str(number), f" {number} ", f"{number}ms"):
        assert parse_int(text, "ms").value == number
    assert parse_int(f"{number}.0", "").value == number


@given(
    st.text(alphabet="0123456789+-.eExX abcdefkMGTBinfmush\t\n'", max_size=30),
    st.sampled_from(["", "ms", "s", "min", "kB", "8kB"]),
)
@settings(max_examples=600)
def test_numbers_never_raise(text: str, base: str) -> None:
    for version in (None, (11,), (9, 3)):
        number = parse_int(text, base, version)
        assert number.fault or -(2**31) <= number.value < 2**31
        parse_real(text, base, version)


@given(st.lists(st.tuples(st.sampled_from(sorted({*RECORDED.values()})), st.text(max_size=8)), max_size=8))
@settings(max_examples=200, deadline=None)
def test_reading_never_raises(parts: list[tuple[str, str]]) -> None:
    for target in ("", "9.2", "15", "18"):
        reading("".join(line + extra for line, extra in parts), target)


@given(
    st.lists(st.sampled_from([*RECORDED.values(), "include_dir 'x'\n", "wal_keep_segments = 1\n", "block_size = 1\n"])),
    st.sampled_from(["9.2", "13", "15", "18", "19"]),
)
@settings(max_examples=100, deadline=None)
def test_every_problem_is_worded(lines: list[str], target: str) -> None:
    for found in check_text("".join(lines), "postgresql.conf", system="postgresql", targets={"postgresql": target}):
        assert found.message
        assert "an unknown value" not in found.message
        assert "{" not in found.message


def test_many_unknown_names_take_no_time() -> None:
    with within(5):
        block("".join(f"max_conection{number}x = 5\n" for number in range(20_000)))


def test_long_numbers_take_no_time() -> None:
    with within(3):
        for text in ("9" * 1_000_000, "0" * 1_000_000, "0." + "1" * 1_000_000, "1e" + "9" * 100_000):
            block(f"max_connections = '{text}'\nhash_mem_multiplier = '{text}'")
