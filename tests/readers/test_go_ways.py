"""What Go programs do with a handle: branches that only an error skips, options of callers, limits in a struct."""

from __future__ import annotations

from typing import Any

import pytest

from poollint.api import check_texts
from poollint.blocks import UNKNOWN

HEAD = (
    'package db\n\nimport (\n\t"database/sql"\n\t"time"\n\n'
    '\t"gorm.io/driver/postgres"\n\t"gorm.io/gorm"\n\t_ "github.com/lib/pq"\n)\n\n'
)
OPEN = 'func Open(dsn string, more int) *sql.DB {\n\tdb, err := sql.Open("postgres", dsn)\n%s\treturn db\n}\n'


def pool(text: str) -> Any:
    done = check_texts({"db.go": HEAD + text})
    return next(block for each in done.files for block in each.reading.blocks if block.system == "go-sql")


def codes(text: str) -> set[str]:
    return {found.code for found in check_texts({"db.go": HEAD + text}).findings}


@pytest.mark.parametrize(
    ("branch", "size"),
    [
        ("\tif err == nil {\n\t\tdb.SetMaxOpenConns(7)\n\t}\n", 7),
        ("\tif err != nil {\n\t\tdb.SetMaxOpenConns(7)\n\t}\n", UNKNOWN),
        ("\tif err == nil {\n\t} else {\n\t\tdb.SetMaxOpenConns(7)\n\t}\n", UNKNOWN),
        ("\tif err == nil && more > 0 {\n\t\tdb.SetMaxOpenConns(7)\n\t}\n", UNKNOWN),
        ("\tif err == nil {\n\t\tif more > 0 {\n\t\t\tdb.SetMaxOpenConns(7)\n\t\t}\n\t}\n", UNKNOWN),
        ("\tif more == 0 {\n\t\tdb.SetMaxOpenConns(7)\n\t}\n", UNKNOWN),
    ],
)
def test_only_an_error_skips_it(branch: str, size: Any) -> None:
    assert pool(OPEN % branch).value("SetMaxOpenConns") == size


def test_the_handle_below_gorm() -> None:
    text = (
        "func Open(dsn string) *gorm.DB {\n\tdb, _ := gorm.Open(postgres.Open(dsn), &gorm.Config{})\n"
        "\tif sqlDB, err := db.DB(); err == nil {\n\t\tsqlDB.SetMaxOpenConns(5)\n\t\tsqlDB.SetMaxIdleConns(9)\n\t}\n"
        "\treturn db\n}\n"
    )
    assert "GOL004" in codes(text)


@pytest.mark.parametrize(
    ("struct", "size"),
    [
        ("var limits = Limits{Open: 7, Idle: 3}\n", 7),
        ("var limits = &Limits{Open: 7}\n", 7),
        ("var limits = Limits{Idle: 3}\n", UNKNOWN),
        ("var limits = Limits{7, 3}\n", UNKNOWN),
        ("var limits = Limits{Open: 7}\nfunc init() { limits.Open = 9 }\n", UNKNOWN),
        ("var limits = Limits{Open: 7}\nfunc init() { limits.Open++ }\n", UNKNOWN),
        ("var limits = Limits{Open: 7}\nfunc init() { limits.Read() }\n", UNKNOWN),
        ("var limits = Limits{Open: 7}\nfunc init() { read(&limits) }\n", UNKNOWN),
        ("var limits = Limits{Open: 7}\nfunc init() { flag.IntVar(&limits.Open, 9) }\n", UNKNOWN),
        ("var limits = read()\n", UNKNOWN),
    ],
)
def test_limits_of_a_struct(struct: str, size: Any) -> None:
    assert pool(struct + OPEN % "\tdb.SetMaxOpenConns(limits.Open)\n").value("SetMaxOpenConns") == size


def test_times_of_a_struct_have_no_unit() -> None:
    struct = "var limits = Limits{Life: 300, Idle: 5 * time.Minute}\n"
    assert "GOL005" in codes(struct + OPEN % "\tdb.SetConnMaxLifetime(limits.Life)\n")
    assert "GOL005" not in codes(struct + OPEN % "\tdb.SetConnMaxLifetime(limits.Idle)\n")


def test_an_option_of_the_caller_may_set_the_limit() -> None:
    text = (
        'func Open(dsn string, options ...func(*sql.DB)) *sql.DB {\n\tdb, _ := sql.Open("postgres", dsn)\n'
        "\tfor _, option := range options {\n\t\t%s\n\t}\n\treturn db\n}\n"
    )
    assert "GOL001" not in codes(text % "option(db)")
    assert "GOL001" in codes(text % "_ = option")


def test_the_dialer_of_a_transport() -> None:
    text = (
        'package a\n\nimport (\n\t"net"\n\t"net/http"\n\t"time"\n)\n\nfunc client() *http.Client {\n'
        "\td := &net.Dialer{Timeout: 5%s}\n%s\treturn &http.Client{Timeout: 3 * time.Second, "
        "Transport: &http.Transport{DialContext: d.DialContext, IdleConnTimeout: time.Minute}}\n}\n"
    )

    def told(unit: str, more: str = "") -> set[str]:
        return {found.code for found in check_texts({"a.go": text % (unit, more)}).findings}

    assert "GOL024" in told("")
    assert "GOL024" not in told(" * time.Second")
    assert "GOL024" not in told("", "\td.Timeout = time.Second\n")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("pool_max_connections=5", True),
        ("pool_size=5", True),
        ("pool_max_conns=5&pool_min_idle_conns=2&pool_ping_timeout=1s", False),
        ("application_name=pool_x&statement_timeout=5", False),
    ],
)
def test_parameters_that_pgxpool_does_not_know(parameters: str, expected: bool) -> None:
    text = (
        'package a\n\nimport (\n\t"context"\n\n\t"github.com/jackc/pgx/v5/pgxpool"\n)\n\n'
        f'func open(ctx context.Context) {{\n\tpgxpool.New(ctx, "postgres://u@db/a?{parameters}")\n}}\n'
    )
    assert ("GOL017" in {found.code for found in check_texts({"a.go": text}).findings}) is expected
