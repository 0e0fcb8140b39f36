"""Versions of JVM libraries out of build files: what is written out counts, what is computed does not."""

from __future__ import annotations

import pytest

from poollint.api import check_texts
from poollint.readers.source.targets_jvm import HIKARI, SPRING_BOOT, bundled, of_catalogue, of_gradle, of_pom

PARENT = (
    "<parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId>%s</parent>"
)
CATALOGUE = '[versions]\nb = "3.3.0"\n[plugins]\nx = { id = "org.springframework.boot", version.ref = "b" }\n'
YAML = "spring.datasource.hikari:\n  keepalive-time: 60000\n"


def target(files: dict[str, str], path: str = "app/src/main/resources/application.yml") -> object:
    done = check_texts({path: YAML, **files}, only=path)
    return next(block.target for each in done.files for block in each.reading.blocks if block.system == "hikaricp")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"app/pom.xml": f"<project>{PARENT % '<version>2.3.4.RELEASE</version>'}</project>"}, (3, 4, 5)),
        ({"pom.xml": f"<project xmlns='x'>{PARENT % '<version>3.5.16</version>'}</project>"}, (6, 3, 3)),
        (
            {
                "pom.xml": f"<project>{PARENT % '<version>3.2.0</version>'}"
                "<properties><hikaricp.version>6.0.0</hikaricp.version></properties></project>"
            },
            (6,),
        ),
        (
            {
                "app/pom.xml": "<project><dependencies><dependency><groupId>com.zaxxer</groupId>"
                "<artifactId>HikariCP</artifactId><version>${h}</version></dependency></dependencies></project>",
                "pom.xml": "<project><properties><h>4.0.3</h></properties></project>",
            },
            (4, 0, 3),
        ),
        ({"pom.xml": f"<project>{PARENT % '<version>${unknown}</version>'}</project>"}, None),
        ({"pom.xml": f"<!DOCTYPE x [<!ENTITY a 'b'>]><project>{PARENT % '<version>3.2.0</version>'}</project>"}, None),
        ({"pom.xml": "<project>"}, None),
        ({"app/build.gradle": "plugins { id 'org.springframework.boot' version '3.4.1' }"}, (5, 1)),
        ({"app/build.gradle.kts": 'plugins { id("org.springframework.boot") version "2.7.18" }'}, (4, 0, 3)),
        ({"build.gradle": "dependencies { implementation 'com.zaxxer:HikariCP:5.1.0' }"}, (5, 1)),
        ({"build.gradle": "// implementation 'com.zaxxer:HikariCP:5.1.0'"}, None),
        ({"build.gradle": 'implementation "com.zaxxer:HikariCP:$hikari"'}, None),
        ({"app/gradle.lockfile": "com.zaxxer:HikariCP:5.0.1=runtimeClasspath\n"}, (5, 0, 1)),
        (
            {"gradle/libs.versions.toml": CATALOGUE},
            (5, 1),
        ),
    ],
)
def test_the_version_that_a_build_tells(files: dict[str, str], expected: object) -> None:
    assert target(files) == expected


def test_parts() -> None:
    assert of_pom("<project/>").versions == {}
    assert dict(of_gradle('set("x", "y"); ext["hikaricp.version"] = "5.0.1"')) == {HIKARI: "5.0.1"}
    line = '[libraries]\nh = { group = "com.zaxxer", name = "HikariCP", version = "6.2.1" }\n'
    assert dict(of_catalogue(line)) == {HIKARI: "6.2.1"}
    assert bundled((3, 9), {"3.5": "6.3.0"}) is None
    assert SPRING_BOOT.endswith(":spring-boot")


def test_old_versions_lack_a_setting() -> None:
    pom = f"<project>{PARENT % '<version>2.3.4.RELEASE</version>'}</project>"
    found = check_texts({"application.yml": YAML, "pom.xml": pom}, only="application.yml").findings
    assert "HIK008" in {each.code for each in found}
