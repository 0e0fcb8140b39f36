"""Variables that a Dockerfile or a unit of systemd sets, for every table that names variables."""

from __future__ import annotations

import pytest

from poollint.api import check_texts


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Dockerfile", "FROM x\nENV SERVER_TOMCAT_THREADS_MAX=5 \\\n    SERVER_TOMCAT_ACCEPT_COUNT='20'\n"),
        ("Dockerfile.api", "FROM x\nENV SERVER_TOMCAT_THREADS_MAX 5\nENV SERVER_TOMCAT_ACCEPT_COUNT 20\n"),
        ("docker/api.Dockerfile", "ENV SERVER_TOMCAT_THREADS_MAX=5 SERVER_TOMCAT_ACCEPT_COUNT=20\n"),
        (
            "api.service",
            '[Service]\nEnvironment="SERVER_TOMCAT_THREADS_MAX=5" SERVER_TOMCAT_ACCEPT_COUNT=20\nExecStart=/bin/java\n',
        ),
        (".env", "SERVER_TOMCAT_THREADS_MAX=5\nSERVER_TOMCAT_ACCEPT_COUNT=20\n"),
    ],
)
def test_each_way_to_set_them(path: str, text: str) -> None:
    files = check_texts({path: text}).files
    (block,) = [each for file in files for each in file.reading.blocks if each.system == "spring-boot"]
    assert (block.value("threads.max"), block.value("accept-count")) == (5, 20)
    assert not block.complete


def test_a_program_reads_them() -> None:
    text = "FROM x\nENV QUARKUS_DATASOURCE_JDBC_MAX_SIZE=5 QUARKUS_DATASOURCE_JDBC_MIN_SIZE=10\n"
    assert [each.code for each in check_texts({"Dockerfile": text}).findings] == ["POL003"]
    assert not check_texts({"Dockerfile": text.replace("ENV", "ARG")}).findings
