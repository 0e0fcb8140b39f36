"""What is taken from a pool and never kept at all; methods that a lost brace puts into the one before."""

from __future__ import annotations

import pytest

import poollint

JAVA = (
    "import com.zaxxer.hikari.*;\nimport java.sql.*;\nclass A {{\n"
    "  private final HikariDataSource ds = make();\n  {method} throws SQLException {{ {body} }}\n}}\n"
)
KOTLIN = (
    "import com.zaxxer.hikari.HikariDataSource\n"
    "class A(private val ds: HikariDataSource) {{\n  fun a() {{ {body} }}\n}}\n"
)


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        ("String x = ds.getConnection().getCatalog();", True),
        ("ds.getConnection().setAutoCommit(false);", True),
        ('boolean b = ds.getConnection().prepareStatement("x").execute();', True),
        ('ds.getConnection().createStatement().executeUpdate("x");', True),
        ("ds.getConnection();", True),
        ("ds.getConnection().close();", False),
        ("Connection c = ds.getConnection().unwrap(Connection.class); c.close();", False),
        ('try (Statement s = ds.getConnection().createStatement()) { s.execute("x"); }', False),
        ('ResultSet r = ds.getConnection().createStatement().executeQuery("x");', False),
        ("keep(ds.getConnection());", False),
        ("DatabaseMetaData d = ds.getConnection().getMetaData();", False),
        ("boolean open = ds.getConnection() != null;", False),
    ],
)
def test_java(body: str, *, lost: bool) -> None:
    text = JAVA.format(method="void a()", body=body)
    found = [each.message for each in poollint.check_text(text, path="A.java") if each.code == "JDB008"]
    assert found == (["ds.getConnection() is never closed: its connection is lost to ds for good"] if lost else [])


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        ("val x = ds.getConnection().getCatalog()", True),
        ('ds.getConnection().createStatement().execute("x")', True),
        ("ds.getConnection().use { it.commit() }", False),
        ('ds.connection.use { c -> c.createStatement().execute("x") }', False),
        ("val c = ds.getConnection().apply { autoCommit = false }\nc.close()", False),
    ],
)
def test_kotlin(body: str, *, lost: bool) -> None:
    found = poollint.check_text(KOTLIN.format(body=body), path="A.kt")
    assert any(each.code == "JDB008" for each in found) is lost


def test_a_lost_brace_makes_no_handler() -> None:
    text = """\
import com.zaxxer.hikari.*;
import org.springframework.web.bind.annotation.*;
@RestController
class A {
  @GetMapping("/a")
  public String a() {
    if (true) {
      return "x";
    }

  public HikariDataSource setup() {
    HikariConfig c = new HikariConfig();
    c.setMaximumPoolSize(5);
    return new HikariDataSource(c);
  }
}
"""
    assert not any(each.code == "POL002" for each in poollint.check_text(text, path="A.java"))
    whole = text.replace("    }\n\n  public", "    }\n    return new HikariDataSource(c).toString();\n  }\n  public")
    made = whole.replace("    if (true)", "    HikariConfig c = new HikariConfig();\n    if (true)")
    assert any(each.code == "POL002" for each in poollint.check_text(made, path="A.java"))


def test_go_the_blank_name_closes_nothing() -> None:
    text = (
        'package a\n\nimport "net/http"\n\nfunc A() error {\n\tresp, err := http.Get("http://x")\n'
        "\tif err != nil {\n\t\treturn err\n\t}\n\t_ = resp\n\treturn nil\n}\n"
    )
    assert any(each.code == "GOL030" for each in poollint.check_text(text, path="a.go"))
    kept = text.replace("_ = resp", "last = resp")
    assert not any(each.code == "GOL030" for each in poollint.check_text(kept, path="a.go"))
