"""Files inside of ConfigMaps: read as what their keys name, with places of the manifest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint.api import check_texts
from poollint.formats.embedded import files
from poollint.source import Source

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata:\n"


def manifest(name: str, text: str, *, indent: str = "    ", mark: str = "|") -> str:
    return f"{HEAD}  {name}: {mark}\n" + "".join(f"{indent}{line}\n" for line in text.splitlines())


FILES = [
    ("pgbouncer.ini", "[pgbouncer]\nlisten_addr = *\npool_mode = transactio\n", "PGB011"),
    ("nginx.conf", "events {}\nhttp {\n  proxy_connect_timeout 0;\n  keepalive_tim 3;\n}\n", "NGX101"),
    ("application.yml", "spring:\n  datasource:\n    hikari:\n      connection-timeout: 100\n", "HIK001"),
    ("application.properties", "spring.datasource.hikari.connection-timeout=100\n", "HIK001"),
    ("hikari.properties", "jdbcUrl=jdbc:h2:mem:a\nmaximumPoolSize=0\n", "HIK001"),
    ("postgresql.conf", "max_connections = 0\n", "PSQ"),
    ("httpd.conf", "KeepAliveTimeout 5x\n", "APA"),
    ("application.conf", "db.default.hikaricp.connectionTimeout = 100\n", "HIK001"),
]


@pytest.mark.parametrize(("name", "text", "code"), FILES)
@pytest.mark.parametrize("mark", ["|", "|-", "|+", "|4"])
def test_a_file_in_a_manifest_has_the_findings_of_the_file_alone(name: str, text: str, code: str, mark: str) -> None:
    alone = {(each.code, each.line, each.column, each.message) for each in check_texts({name: text}).findings}
    inside = check_texts({"deploy/map.yaml": manifest(name, text, mark=mark)}).findings
    assert {(each.code, each.line - 5, each.column - 4, each.message) for each in inside} == alone
    assert any(each.code.startswith(code) for each in inside)
    assert {each.path for each in inside} == {"deploy/map.yaml"}


@pytest.mark.parametrize(
    "text",
    [
        manifest("pgbouncer.ini", FILES[0][1]).replace("ConfigMap", "Deployment"),
        manifest("pgbouncer.ini", FILES[0][1], mark=">"),
        manifest("PGBOUNCER", "[other]\nvalue = 1\n"),
        manifest("install.sh", "pool_mode = transactio\n"),
        HEAD + "  pgbouncer.ini: |\n",
    ],
)
def test_what_is_no_file_of_a_manifest(text: str) -> None:
    assert check_texts({"map.yaml": text}).findings == []


def test_templates_around_do_not_hide_a_file() -> None:
    text = manifest("pgbouncer.ini", FILES[0][1]).replace("{name: app}", '\n  name: {{ include "app" . }}')
    text = text.replace("listen_addr = *", "listen_addr = {{ .Values.address }}")
    assert "PGB011" in {each.code for each in check_texts({"templates/map.yaml": text}).findings}


def test_comments_in_the_file_suppress() -> None:
    text = manifest("pgbouncer.ini", FILES[0][1].replace("pool_mode", "; poollint: ignore[PGB011]\npool_mode"))
    (found,) = [each for each in check_texts({"map.yaml": text}).findings if each.code == "PGB011"]
    assert found.suppressed is not None


def test_several_documents_and_keys() -> None:
    text = "---\n".join(manifest(*FILES[at][:2]) for at in (0, 3, 0))
    found = [each.code for each in check_texts({"map.yaml": text}).findings]
    assert (found.count("PGB011"), found.count("HIK001")) == (2, 1)


@given(st.text(alphabet="ab.: |-\n{}'\"#\t", max_size=120))
def test_any_text_has_files_that_lie_where_they_stand(text: str) -> None:
    for _, inner in files(Source("map.yaml", text)):
        assert len(inner.text) <= len(text)
        for line, (one, other) in enumerate(zip(inner.text.split("\n"), text.split("\n"), strict=False)):
            assert not one.strip() or one.strip() == other.strip(), line


POOL = "spring:\n  datasource:\n    hikari:\n      maximum-pool-size: 0\n"


@pytest.mark.parametrize(
    ("path", "head", "found"),
    [
        (
            "k8s/all.yaml",
            "apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n  data:\n    application.yml: |\n",
            True,
        ),
        ("charts/api/values.yaml", "config:\n  files:\n    application-prod.yaml: |-\n", True),
        ("charts/api/values.yaml", "config:\n  files:\n    notes.md: |-\n", False),
    ],
)
def test_lists_of_resources_and_values_of_charts(path: str, head: str, *, found: bool) -> None:
    text = head + "".join(f"      {line}\n" for line in POOL.splitlines())
    done = [(each.code, each.line) for each in check_texts({path: text}).findings if each.code.startswith("HIK")]
    assert done == ([("HIK001", head.count("\n") + 4)] if found else [])
