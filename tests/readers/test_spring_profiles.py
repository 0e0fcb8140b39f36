"""Files of profiles beside application.yml: what they say is unknown to a look at the file for all of them."""

from __future__ import annotations

import pytest

from poollint.api import check_texts
from poollint.blocks import UNKNOWN

BOOT = "plugins { }\ndependencies { implementation 'org.springframework.boot:spring-boot-starter-web' }\n"
URL = "jdbc:postgresql://db/app?socketTimeout=60"
PROMISE = f"""\
spring:
  datasource:
    url: {URL}
  jpa:
    open-in-view: false
    properties:
      hibernate.connection.provider_disables_autocommit: true
"""
JPA = f"spring:\n  datasource:\n    url: {URL}\n  jpa:\n    show-sql: false\n"
POOL = f"spring:\n  datasource:\n    url: {URL}\n    hikari:\n      minimum-idle: 20\n"
NO_COMMIT = "spring:\n  datasource:\n    hikari:\n      auto-commit: false\n"


def codes(
    base: str, beside: str = "", build: str = BOOT, folder: str = "src/main/resources", name: str = ""
) -> set[str]:
    texts = {f"{folder}/application.yml": base, "build.gradle": build}
    if beside:
        texts[f"{folder}/{name or 'application-prod.yml'}"] = beside
    return {each.code for each in check_texts(texts).findings if each.path.endswith("application.yml")}


@pytest.mark.parametrize(
    ("base", "beside", "code"),
    [
        (PROMISE, NO_COMMIT, "HIK033"),
        (JPA, "spring:\n  jpa:\n    open-in-view: false\n", "SPB012"),
        (POOL, "spring:\n  datasource:\n    hikari:\n      maximum-pool-size: 30\n", "HIK015"),
    ],
)
def test_what_a_profile_says_is_not_missed(base: str, beside: str, code: str) -> None:
    assert code in codes(base)
    assert code in codes(base, "server:\n  port: 8081\n")
    assert code not in codes(base, beside)
    assert code in codes(base, beside, name="other-prod.yml")


def test_properties_beside_yaml() -> None:
    assert "HIK015" not in codes(
        POOL, "spring.datasource.hikari.maximumPoolSize=30\n", name="application-prod.properties"
    )


def test_the_value_is_unknown() -> None:
    texts = {
        "application.yml": POOL,
        "application-a.yml": "spring:\n  datasource:\n    hikari:\n      maximum-pool-size: 30\n",
    }
    done = check_texts(texts, only="application.yml")
    (pool,) = [block for block in done.files[0].reading.blocks if block.system == "hikaricp"]
    assert pool.value("maximumPoolSize") is UNKNOWN
    assert pool.value("connectionTimeout") == 30


@pytest.mark.parametrize("more", ["spring-boot-starter-jersey", ""])
def test_requests_to_jersey_hold_no_session(more: str) -> None:
    build = BOOT + (f"// implementation 'org.springframework.boot:{more}'\n" if more else "")
    assert ("SPB012" in codes(JPA, build=build)) is (not more)


@pytest.mark.parametrize(
    "folder", ["src/contractTest/resources", "src/integrationTest/resources", "src/test/resources"]
)
def test_folders_of_tests(folder: str) -> None:
    assert "SPB012" not in codes(JPA, folder=folder)
    assert "SPB012" in codes(JPA, folder="src/latest/resources")


def test_variables_of_quarkus_leave_the_rest_open() -> None:
    compose = f"services:\n  api:\n    environment:\n      QUARKUS_DATASOURCE_JDBC_URL: {URL}\n"
    assert not {each.code for each in check_texts({"compose.yml": compose}).findings} & {"QRK002"}
