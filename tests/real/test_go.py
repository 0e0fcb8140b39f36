"""The catalogues' defaults and claims against Go itself; skipped where no toolchain is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from poollint.blocks import UNLIMITED
from poollint.knowledge.index import knowledge

if TYPE_CHECKING:
    from pathlib import Path

GO = shutil.which("go") or next(
    (path for path in ("/usr/lib/go/bin/go", "/usr/lib/go-1.19/bin/go") if os.path.exists(path)), ""
)
pytestmark = [pytest.mark.real, pytest.mark.skipif(not GO, reason="no Go toolchain")]

HTTP = """package main

import (
	"encoding/json"
	"net/http"
	"os"
)

func fields(t *http.Transport) map[string]any {
	return map[string]any{
		"MaxIdleConns": t.MaxIdleConns, "MaxConnsPerHost": t.MaxConnsPerHost, "IdleConnTimeout": t.IdleConnTimeout,
		"TLSHandshakeTimeout": t.TLSHandshakeTimeout, "ExpectContinueTimeout": t.ExpectContinueTimeout,
		"ResponseHeaderTimeout": t.ResponseHeaderTimeout, "ForceAttemptHTTP2": t.ForceAttemptHTTP2,
		"DisableKeepAlives": t.DisableKeepAlives,
	}
}

func main() {
	s := http.Server{}
	found := map[string]any{
		"transport": fields(&http.Transport{}),
		"cloned":    fields(http.DefaultTransport.(*http.Transport).Clone()),
		"client":    map[string]any{"Timeout": (&http.Client{}).Timeout},
		"server":    map[string]any{"ReadTimeout": s.ReadTimeout, "WriteTimeout": s.WriteTimeout},
		"per_host":  http.DefaultMaxIdleConnsPerHost,
	}
	json.NewEncoder(os.Stdout).Encode(found)
}
"""

SQL = """package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"os"
	"sync"
	"time"
)

type maker struct{}
type conn struct{}

func (maker) Connect(context.Context) (driver.Conn, error) { return conn{}, nil }
func (maker) Driver() driver.Driver                        { return nil }
func (conn) Prepare(string) (driver.Stmt, error)           { return nil, driver.ErrSkip }
func (conn) Close() error                                  { return nil }
func (conn) Begin() (driver.Tx, error)                     { return nil, driver.ErrSkip }

// burst holds that many connections at once, lets them go, and tells how many stay idle
func burst(db *sql.DB, number int) int {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	var taken []*sql.Conn
	var lock sync.Mutex
	var all sync.WaitGroup
	for i := 0; i < number; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if one, err := db.Conn(ctx); err == nil {
				lock.Lock()
				taken = append(taken, one)
				lock.Unlock()
			}
		}()
	}
	all.Wait()
	for _, one := range taken {
		one.Close()
	}
	return len(taken)
}

func open(set func(*sql.DB)) map[string]int {
	db := sql.OpenDB(maker{})
	set(db)
	taken := burst(db, 10)
	return map[string]int{"taken": taken, "idle": db.Stats().Idle, "most": db.Stats().MaxOpenConnections}
}

func main() {
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"default":  open(func(db *sql.DB) {}),
		"negative": open(func(db *sql.DB) { db.SetMaxOpenConns(-1) }),
		"limited":  open(func(db *sql.DB) { db.SetMaxOpenConns(4) }),
		"none":     open(func(db *sql.DB) { db.SetMaxIdleConns(0) }),
		"below":    open(func(db *sql.DB) { db.SetMaxIdleConns(-1) }),
		"above":    open(func(db *sql.DB) { db.SetMaxIdleConns(50); db.SetMaxOpenConns(4) }),
		"short":    open(func(db *sql.DB) { db.SetMaxIdleConns(10); db.SetConnMaxLifetime(30) }),
		"long":     open(func(db *sql.DB) { db.SetMaxIdleConns(10); db.SetConnMaxLifetime(0) }),
	})
}
"""


PGX = """package main

import (
	"encoding/json"
	"os"

	"github.com/jackc/pgx/v4/pgxpool"
)

func main() {
	config, err := pgxpool.ParseConfig("host=db")
	if err != nil {
		panic(err)
	}
	_, bare := pgxpool.ParseConfig("host=db pool_max_conn_lifetime=300")
	_, none := pgxpool.ParseConfig("host=db pool_max_conns=0")
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"MinConns": config.MinConns, "MaxConnLifetime": config.MaxConnLifetime, "MaxConnIdleTime": config.MaxConnIdleTime,
		"HealthCheckPeriod": config.HealthCheckPeriod, "MaxConns": config.MaxConns,
		"bare": bare != nil, "none": none != nil,
	})
}
"""
SOURCES = "/usr/share/gocode"  # where Debian's packages of Go libraries put them


def run(program: str, folder: Path) -> Any:
    (folder / "main.go").write_text(program, encoding="utf-8")
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOFLAGS": "",
        "GOCACHE": str(folder / "cache"),
        "GOPATH": SOURCES,
    }
    done = subprocess.run(
        [GO, "run", str(folder / "main.go")], capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_defaults_of_net_http(tmp_path: Path) -> None:
    found = run(HTTP, tmp_path)
    kinds = knowledge().catalogue("go-http").kinds
    assert kinds["transport"].settings["MaxIdleConnsPerHost"].default == found.pop("per_host") == 2
    for kind, values in found.items():
        for name, value in values.items():
            spec = kinds[kind].settings[name]
            if isinstance(value, bool):
                assert spec.default is value, (kind, name)
            elif value == 0 and spec.get("zero"):
                assert spec.default == UNLIMITED, (kind, name)
            else:
                assert spec.default == (value / 1e9 if spec.type == "duration" else value), (kind, name)


def test_what_database_sql_makes_of_limits(tmp_path: Path) -> None:
    found = run(SQL, tmp_path)
    assert found["default"] == {"taken": 10, "idle": 2, "most": 0}  # no limit, two kept
    assert found["negative"]["taken"] == 10
    assert found["limited"] == {"taken": 4, "idle": 2, "most": 4}
    assert found["none"]["idle"] == found["below"]["idle"] == 0
    assert found["above"] == {"taken": 4, "idle": 4, "most": 4}  # the idle limit is lowered
    assert found["short"]["idle"] == 0  # 30 nanoseconds
    assert found["long"]["idle"] == 10


@pytest.mark.skipif(not os.path.isdir(f"{SOURCES}/src/github.com/jackc/pgx/v4/pgxpool"), reason="no sources of pgx")
def test_defaults_of_pgxpool(tmp_path: Path) -> None:
    found = run(PGX, tmp_path)
    settings = knowledge().catalogue("pgxpool").kinds["pool"].settings
    assert found.pop("bare"), "a duration without a unit is refused"
    assert found.pop("none"), "a pool of no connections is refused"
    assert found.pop("MaxConns") == max(4, len(os.sched_getaffinity(0)))
    for name, value in found.items():
        assert settings[name].default == (value / 1e9 if settings[name].type == "duration" else value), name
