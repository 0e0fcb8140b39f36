"""What is read of Go source: names, constants, setters, literals, and what leaves the file's sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poollint.api import check_texts
from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.formats.source_code import parse
from poollint.readers.source.dsn import number_of
from poollint.readers.source.go import GoFile
from poollint.readers.source.go_folding import arithmetic
from poollint.readers.source.go_names import package_name
from poollint.readers.source.targets_go import requirements
from poollint.source import Source

if TYPE_CHECKING:
    from poollint.blocks import Block

IMPORTS = """package main

import (
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	nethttp "net/http"

	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

"""


def blocks(body: str, path: str = "main.go") -> list[Block]:
    return check_texts({path: IMPORTS + body}).files[0].reading.blocks


def pool(body: str) -> Block:
    return next(block for block in blocks(body) if block.kind == "pool")


def value_of(expression: str, before: str = "") -> Any:
    """What SetConnMaxLifetime is given, in seconds."""
    body = f'{before}\nfunc main() {{\n\tdb, _ := sql.Open("pgx", dsn)\n\tdb.SetConnMaxLifetime({expression})\n}}\n'
    return pool(body).value("SetConnMaxLifetime")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("5 * time.Minute", 300),
        ("time.Hour", 3600),
        ("time.Duration(30) * time.Second", 30),
        ("time.Second * 90 / 2", 45),
        ("1_000 * time.Millisecond", 1),
        ("0x10 * time.Second", 16),
        ("(2 + 3) * time.Second", 5),
        ("300", 3e-7),
        ("0", UNLIMITED),
        ("-1", UNLIMITED),
        ("lifetime", UNKNOWN),
        ("time.Duration(cfg.Seconds) * time.Second", UNKNOWN),
        ("load()", UNKNOWN),
    ],
)
def test_durations(expression: str, expected: Any) -> None:
    assert value_of(expression) == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("const life = 2 * time.Minute", 120),
        ("const (\n\tunit = time.Second\n\tlife = 10 * unit\n)", 10),
        ("var life = time.Minute", 60),
        ("var life = time.Minute\n\nfunc init() { life = flags() }", UNKNOWN),
        ("var Life = time.Minute", UNKNOWN),  # another package may change it
    ],
)
def test_constants(before: str, expected: Any) -> None:
    name = "Life" if "Life" in before else "life"
    assert value_of(name, before) == expected


def test_setters_belong_to_their_variable() -> None:
    body = """func main() {
	a, _ := sql.Open("pgx", one)
	b, _ := sql.Open("pgx", two)
	a.SetMaxOpenConns(10)
	b.SetMaxOpenConns(20)
}
"""
    first, second = blocks(body)
    assert (first.name, first.value("SetMaxOpenConns")) == ("a", 10)
    assert (second.name, second.value("SetMaxOpenConns")) == ("b", 20)


def test_a_setter_in_a_branch_is_not_certain() -> None:
    body = """func main() {
	db, _ := sql.Open("pgx", dsn)
	if production {
		db.SetMaxOpenConns(50)
	}
}
"""
    assert pool(body).value("SetMaxOpenConns") is UNKNOWN


def test_setters_in_a_closure_and_on_a_field() -> None:
    body = """type store struct{ db *sql.DB }

func (s *store) open() (err error) {
	s.db, err = sql.Open("pgx", dsn)
	return err
}

func (s *store) limit() { s.db.SetMaxOpenConns(12) }
"""
    assert pool(body).value("SetMaxOpenConns") == 12


def test_an_object_mapper_and_its_handle() -> None:
    body = """func main() {
	orm, _ := gorm.Open(postgres.Open(dsn), &gorm.Config{})
	handle, _ := orm.DB()
	handle.SetMaxIdleConns(7)
}
"""
    found = pool(body)
    assert found.value("SetMaxIdleConns") == 7
    assert found.facts["uses"]["made_of"][0] == "gorm.io/driver/postgres.Open"


def test_setters_on_a_handle_from_elsewhere() -> None:
    found = pool("func limit(db *sql.DB) {\n\tdb.SetMaxOpenConns(25)\n}\n")
    assert (found.name, found.value("SetMaxOpenConns"), found.value("SetMaxIdleConns")) == ("db", 25, 2)


def test_a_handle_that_is_returned_may_be_set_up_elsewhere() -> None:
    found = pool('func open() (*sql.DB, error) {\n\treturn sql.Open("pgx", dsn)\n}\n')
    assert found.value("SetMaxOpenConns") is UNKNOWN
    assert found.facts["uses"]["escape"] == "returned"


def test_literals_and_later_fields() -> None:
    body = """func client() *http.Client {
	transport := &nethttp.Transport{
		MaxIdleConns: 100,
		DialContext:  (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
	}
	transport.MaxIdleConnsPerHost = 20
	return &http.Client{Transport: transport, Timeout: time.Minute}
}
"""
    transport, client = blocks(body)
    assert transport.value("MaxIdleConnsPerHost") == 20
    assert transport.value("Dialer.Timeout") == 5
    assert transport.value("IdleConnTimeout") == UNLIMITED
    assert client.value("Timeout") == 60


def test_a_literal_with_a_syntax_error_tells_nothing() -> None:
    found = blocks("var t = &http.Transport{MaxIdleConns: 100 IdleConnTimeout: time.Second}\n")
    assert all(not block.settings or block.complete is False for block in found)


def test_connection_strings() -> None:
    body = """func main() {
	url := fmt.Sprintf("postgres://%s:%s@db/app?pool_max_conns=12&pool_max_conn_idle_time=1h30m", user, password)
	config, _ := pgxpool.ParseConfig(url)
	config.MinConns = 3
	pool, _ := pgxpool.NewWithConfig(ctx, config)
}
"""
    found = pool(body)
    assert (found.value("MaxConns"), found.value("MinConns"), found.value("MaxConnIdleTime")) == (12, 3, 5400)
    setting = found.settings["MaxConns"]
    assert setting.place is not None
    assert setting.key == "pool_max_conns"


@pytest.mark.parametrize(
    "dsn", ['os.Getenv("DSN")', "dsn", '"postgres://app@db/app?" + options', '"host=db " + options']
)
def test_a_connection_string_out_of_sight_hides_the_size(dsn: str) -> None:
    assert pool(f"func main() {{\n\tpool, _ := pgxpool.New(ctx, {dsn})\n}}\n").value("MaxConns") is UNKNOWN


def test_the_field_wins_over_the_connection_string() -> None:
    body = """func main() {
	config, _ := pgxpool.ParseConfig("host=db pool_max_conns=5")
	config.MaxConns = 9
}
"""
    assert pool(body).value("MaxConns") == 9


@pytest.mark.parametrize(
    ("head", "handler"),
    [
        ("w http.ResponseWriter, r *http.Request", "route"),
        ("c *gin.Context", "route"),
        ("ctx context.Context, e events.SQSEvent", "lambda"),
        ("ctx context.Context", ""),
    ],
)
def test_handlers(head: str, handler: str) -> None:
    found = pool(f'func handle({head}) {{\n\tdb, _ := sql.Open("pgx", dsn)\n\tdb.Ping()\n}}\n')
    assert found.facts["handler"] == handler


def test_once_is_guarded() -> None:
    found = pool('func get() {\n\tonce.Do(func() {\n\t\tdb, _ = sql.Open("pgx", dsn)\n\t})\n}\n')
    assert found.facts["guarded"]


def test_a_retry_is_no_loop_of_pools() -> None:
    retry = (
        'func main() {\n\tfor {\n\t\tdb, err := sql.Open("pgx", dsn)\n\t\tif err == nil {\n\t\t\tbreak\n\t\t}\n\t}\n}\n'
    )
    again = 'func main() {\n\tfor i := 0; i < 9; i++ {\n\t\tdb, _ := sql.Open("pgx", dsn)\n\t\tdb.Ping()\n\t}\n}\n'
    assert not pool(retry).facts["in_loop"]
    assert pool(again).facts["in_loop"]


def test_shadowed_packages_are_not_packages() -> None:
    body = 'func main() {\n\tsql := other()\n\tdb, _ := sql.Open("pgx", dsn)\n}\n'
    assert blocks(body + "\nvar _ = http.Client{}\n")[0].kind == "client"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("net/http", "http"),
        ("github.com/jackc/pgx/v5/pgxpool", "pgxpool"),
        ("github.com/jackc/pgx/v5", "pgx"),
        ("gopkg.in/yaml.v3", "yaml"),
        ("github.com/mattn/go-sqlite3", "sqlite3"),
    ],
)
def test_package_names(path: str, name: str) -> None:
    assert package_name(path) == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12", 12), ("1h30m", 5.4e12), ("1.5s", 1.5e9), ("-2m", -1.2e11), ("30x", "30x"), ("", ""), ("1h 2m", "1h 2m")],
)
def test_numbers_of_connection_strings(text: str, expected: Any) -> None:
    assert number_of(text) == expected


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        (7, "/", 2, 3),
        (-7, "/", 2, -3),
        (-7, "%", 3, -1),
        (1, "/", 0, UNKNOWN),
        (1, "<<", 10, 1024),
        (1, "<<", 999, UNKNOWN),
    ],
)
def test_integers_are_those_of_go(left: Any, operator: str, right: Any, expected: Any) -> None:
    assert arithmetic(operator, left, right) == expected


FRAGMENTS = [
    "package main\n",
    'import "database/sql"\n',
    'import h "net/http"\n',
    "func main() {\n",
    "}\n",
    "(",
    ")",
    "{",
    "}",
    ",",
    'db, err := sql.Open("pgx", dsn)\n',
    "db.SetMaxOpenConns(10)\n",
    "db = db\n",
    "x := T{db: db}\n",
    "y := U{x: x}\n",
    "x = y\n",
    "&h.Transport{",
    "MaxIdleConns: 5",
    "const a = a + 1\n",
    "var b, c = c, b\n",
    "5 * time.Second",
    '"',
    "`",
    "for ",
    "if ",
    "\x00",
    "é",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
def test_any_text_is_read(text: str) -> None:
    list(GoFile(parse(Source("a.go", text), "go")).calls())


TAKE = "\ttx, err := db.Begin()\n\tif err != nil {\n\t\treturn err\n\t}\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (TAKE + "\treturn nil", ["never"]),
        (TAKE + "\treturn tx.Commit()", []),
        (TAKE + "\tdefer tx.Rollback()\n\tif bad {\n\t\treturn errBad\n\t}\n\treturn tx.Commit()", []),
        (TAKE + "\tdefer func() { _ = tx.Rollback() }()\n\treturn nil", []),
        (TAKE + "\tif bad {\n\t\treturn errBad\n\t}\n\treturn tx.Commit()", ["some"]),
        (TAKE + "\tif bad {\n\t\ttx.Rollback()\n\t\treturn errBad\n\t}\n\treturn tx.Commit()", []),
        (
            TAKE + "\tfor _, x := range xs {\n\t\tif bad {\n\t\t\treturn errBad\n\t\t}\n\t}\n\treturn tx.Commit()",
            ["some"],
        ),
        (TAKE + "\tif err := fill(tx); err != nil {\n\t\treturn err\n\t}\n\treturn tx.Commit()", []),
        (TAKE + "\tsave = tx\n\treturn nil", []),
        (TAKE + "\tgo func() { tx.Commit() }()\n\treturn nil", []),
        (TAKE + "\tt.Cleanup(tx.Rollback)\n\treturn nil", []),
        ("\tconn, err := pool.Acquire(ctx)\n\tcheck(err)\n\tconn.Exec(ctx, q)\n\treturn nil", ["never"]),
        ("\tconn, err := pool.Acquire(ctx)\n\tcheck(err)\n\tdefer conn.Release()\n\treturn nil", []),
        ("\terr := gate.Acquire(ctx)\n\treturn err", []),
    ],
)
def test_what_is_taken_and_kept(body: str, expected: list[str]) -> None:
    head = IMPORTS.replace(
        '\t"gorm.io/driver/postgres"\n\t"gorm.io/gorm"\n', ""
    )  # an object mapper has ways of its own
    text = f"{head}func work(ctx context.Context, db *sql.DB, pool *pgxpool.Pool) error {{\n{body}\n}}\n"
    found = check_texts({"main.go": text}).files[0].reading.blocks
    assert [block.facts["uses"]["given"] for block in found if block.kind == "checkout"] == expected


@pytest.mark.parametrize("made", ["&http.Client{}", "new(http.Client)", "http.Client{}"])
def test_a_client_by_any_spelling(made: str) -> None:
    (found,) = blocks(
        f"func main() {{\n\tclient := {made}\n\tclient.Timeout = 5 * time.Second\n\tclient.Get(url)\n}}\n"
    )
    assert (found.kind, found.value("Timeout")) == ("client", 5)


def test_a_declared_client_is_the_zero_one() -> None:
    (found,) = blocks("func main() {\n\tvar client http.Client\n\tclient.Get(url)\n}\n")
    assert (found.name, found.value("Timeout")) == ("client", UNLIMITED)


def test_a_copy_of_the_default_transport_has_its_limits() -> None:
    body = """func main() {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 40
	use(transport)
}
"""
    (found,) = blocks(body)
    assert (found.kind, found.value("IdleConnTimeout"), found.value("MaxIdleConns")) == ("cloned", 90, 100)
    assert found.value("MaxIdleConnsPerHost") == 40


def test_a_method_that_hands_a_setting_on_is_no_pool() -> None:
    assert blocks("func (w *wrap) SetMaxOpenConns(n int) { w.db.SetMaxOpenConns(n) }\n") == []


def found_in(body: str, **others: str) -> list[str]:
    files = {"main.go": IMPORTS + body, **{name.replace("_", "."): text for name, text in others.items()}}
    return [each.code for each in check_texts(files).findings]


CALL = "resp, err := client.Get(url)\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn resp.Body.Close()"


@pytest.mark.parametrize(
    ("before", "fires"),
    [
        ("client := &http.Client{Timeout: limit, Transport: &http.Transport{}}", True),
        ("tr := &http.Transport{}\n\tclient := &http.Client{Timeout: limit, Transport: tr}", True),
        ("client := &http.Client{Timeout: limit}", False),
        ("client := &http.Client{Timeout: limit, Transport: &http.Transport{}}\n\tkeep(client)", False),
        (
            "client := &http.Client{Timeout: limit, Transport: &http.Transport{}}\n\tdefer client.CloseIdleConnections()",
            False,
        ),
        ("tr := &http.Transport{}\n\tkeep(tr)\n\tclient := &http.Client{Timeout: limit, Transport: tr}", False),
    ],
)
def test_a_transport_for_one_call(before: str, fires: bool) -> None:
    body = f"func ask(url string) error {{\n\t{before}\n\t{CALL}\n}}\n"
    assert ("GOL028" in found_in(body)) is fires


def test_a_client_that_is_replaced_may_have_a_timeout() -> None:
    choice = "if c != nil {\n\t\tclient = c\n\t}"
    body = f"func ask(url string) error {{\n\tclient := &http.Client{{}}\n\t{choice}\n\t{CALL}\n}}\n"
    assert "GOL021" not in found_in(body)
    assert "GOL021" in found_in(body.replace("client = c", "log(c)"))


def test_a_lone_goroutine_needs_no_limit() -> None:
    body = 'func main() {\n\tdb, _ := sql.Open("pgx", dsn)\n\tdefer db.Close()\n\tdb.Exec(statement)\n%s}\n'
    assert "GOL001" not in found_in(body % "")
    assert "GOL001" in found_in(body % "\tgo listen(db)\n")


@pytest.mark.parametrize(
    ("module", "fires"),
    [("go 1.26\n", True), ("go 1.27\n", False), ("go 1.25\n\ntoolchain go1.27.1\n", False), ("", True)],
)
def test_the_release_of_go_that_a_module_asks_for(module: str, fires: bool) -> None:
    body = f"var client = &http.Client{{Timeout: time.Second}}\n\nfunc ask(url string) error {{\n\t{CALL}\n}}\n"
    assert ("GOL025" in found_in(body, go_mod=f"module example.com/a\n\n{module}")) is fires


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("require github.com/jackc/pgx/v5 v5.7.2\n", (5, 7, 2)),
        ("require (\n\tgithub.com/jackc/pgx/v5 v5.7.2 // indirect\n)\n", (5, 7, 2)),
        ("require github.com/jackc/pgx/v5 v5.7.2\n\nreplace github.com/jackc/pgx/v5 => ../pgx\n", None),
        ("require github.com/jackc/pgx/v4 v4.18.1\n", None),
    ],
)
def test_requirements_of_a_module(text: str, expected: tuple[int, ...] | None) -> None:
    assert requirements(f"module example.com/a\n\ngo 1.24\n\n{text}").get("github.com/jackc/pgx/v5") == expected


GOT = "\tresp, err := http.Get(url)\n"
LATE = "\tif errors.Is(err, late) {\n\t\treturn nil\n\t}\n\tif err != nil {\n\t\treturn err\n\t}\n"
ASKED = "\treq, err := http.NewRequest(method, url, nil)\n\tcheck(err)\n\tresp, err := client.Do(req)\n\tcheck(err)\n"


@pytest.mark.parametrize(
    ("body", "fires"),
    [
        (ASKED + "\treturn status(resp.StatusCode)", True),
        (ASKED + "\tdefer resp.Body.Close()\n\treturn nil", False),
        (ASKED + "\treturn decode(resp.Body)", False),
        (ASKED + "\treturn decode(resp)", False),
        (ASKED + "\tif resp.StatusCode != 200 {\n\t\treturn bad\n\t}\n\tresp.Body.Close()\n\treturn nil", True),
        (
            ASKED
            + "\tif resp.StatusCode != 200 {\n\t\tresp.Body.Close()\n\t\treturn bad\n\t}\n\treturn decode(resp.Body)",
            False,
        ),
        (ASKED.replace("method", "http.MethodHead") + "\treturn status(resp.StatusCode)", False),
        (
            "\tresp, err := client.Do(command)\n\tcheck(err)\n\treturn status(resp.StatusCode)",
            False,
        ),  # not surely net/http
        ("\tresp, err := http.Get(url)\n\tcheck(err)\n\treturn status(resp.StatusCode)", True),
        (GOT + LATE + "\tdecode(resp.Body)\n\treturn nil", False),
        ("\tresp, err := http.Get(url)\n\tcheck(err)\n\tgo func() { resp.Body.Close() }()\n\treturn nil", False),
    ],
)
def test_bodies_that_stay_open(body: str, fires: bool) -> None:
    assert ("GOL030" in found_in(f"func ask(url string) error {{\n{body}\n}}\n")) is fires


def test_a_handle_that_each_caller_closes_is_for_a_moment() -> None:
    opens = 'func open() (*sql.DB, error) { return sql.Open("pgx", dsn) }\n'
    use = "func drop() {\n\tdb, err := open()\n\tcheck(err)\n\tdefer db.Close()\n\tdb.Exec(q)\n\tgo tell()\n}\n"
    assert "GOL001" not in found_in(opens + use)
    assert "GOL001" in found_in(opens + use.replace("\tdefer db.Close()\n", ""))
    assert "GOL001" in found_in(opens.replace("open", "Open") + use.replace("open", "Open"))


@pytest.mark.parametrize(
    ("address", "fires"),
    [('":8080"', True), ('"localhost:6060"', False), ('"127.0.0.1:" + port', False), ("address", True)],
)
def test_a_server_for_this_machine_alone_may_wait(address: str, fires: bool) -> None:
    assert ("GOL026" in found_in(f"func main() {{ http.ListenAndServe({address}, nil) }}\n")) is fires
    assert ("GOL026" in found_in(f"func main() {{ start(&http.Server{{Addr: {address}}}) }}\n")) is fires


def test_a_syntax_error_hides_what_is_set_on_a_handle() -> None:
    text = (
        'package main\n\nimport (\n\t"database/sql"\n\t"time"\n)\n\nfunc f() {\n'
        '\tdb, _ := sql.Open("pgx", "")\n\tdb.SetMaxOpenConns(500)\n\tdb.SetConnMaxLifetime(30 * time.Second\n}\n'
    )
    names = {each.name for each in check_texts({"main.go": text}).findings}
    assert "pool-oversized" in names
    assert not names & {"connections-never-renewed", "idle-below-open"}
