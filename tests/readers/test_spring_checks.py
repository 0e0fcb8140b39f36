"""Keys of Spring Boot around a pool: told where it is sure what becomes of them, and silent elsewhere."""

from __future__ import annotations

import pytest

from poollint.api import check_texts

URL = "spring.datasource.url: jdbc:postgresql://db/app?socketTimeout=60\n"


def codes(text: str, **files: str) -> set[str]:
    done = check_texts({"application.yml": text, **files}, only="application.yml")
    return {each.code for each in done.findings}


def boot(version: str) -> str:
    return (
        "<project><parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId>"
        f"<version>{version}</version></parent></project>"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (URL + "spring.datasource.maximum-pool-size: 50\n", True),
        ("spring.datasource.maximum-pool-size: 50\n", False),
        (
            URL + "spring.datasource.type: com.alibaba.druid.pool.DruidDataSource\nspring.datasource.max-active: 5\n",
            False,
        ),
        (URL + "spring.datasource.type: ${TYPE}\nspring.datasource.max-active: 5\n", False),
        ("spring.datasource.jdbc-url: jdbc:h2:mem:x\nspring.datasource.maximum-pool-size: 5\n", False),
    ],
)
def test_settings_one_level_too_high(text: str, *, expected: bool) -> None:
    assert ("HIK016" in codes(text)) is expected


@pytest.mark.parametrize(
    ("version", "effect"), [("2.3.12.RELEASE", ""), ("2.7.18", "risk"), ("3.2.0", "refused"), ("", "risk")]
)
def test_the_old_key_of_profiles(version: str, effect: str) -> None:
    text = f"{URL}---\nspring:\n  profiles: prod\n"
    files = {"pom.xml": boot(version)} if version else {}
    done = check_texts({"application.yml": text, **files}, only="application.yml")
    assert {each.effect for each in done.findings if each.code == "HIK030"} == ({effect} if effect else set())


@pytest.mark.parametrize(
    "text",
    [
        URL + "spring.datasource.hikari.jdbc-url: ${URL}\n",
        URL + "spring.datasource.type: ${TYPE}\nspring.datasource.hikari.maximum-pool-size: 5\n",
        URL + "spring.profiles.active: prod\n",
        URL + "spring.datasource.hikari.data-source-properties:\n  '[a_b]': 1\n",
        "spring.datasource.hikari.maximum-pool-size: 1\n",
        "spring.datasource.hikari.max-lifetime: 0\n",
    ],
)
def test_what_is_open_is_no_finding(text: str) -> None:
    assert not {code for code in codes(text) if code > "HIK016"}


def test_an_unknown_name_alone_is_told() -> None:
    assert "HIK008" in codes("spring.datasource.hikari.url: jdbc:h2:mem:x\n")


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("Dockerfile", 'CMD ["java", "-Dspring.datasource.hikari.connection-timeout=30", "-jar", "a.jar"]\n', "HIK001"),
        ("Procfile", "web: java -jar a.jar --spring.datasource.hikari.minimum-idle=-1\n", "HIK001"),
        (
            "compose.yml",
            "services:\n  a:\n    command: java --spring.datasource.hikari.max-lifetime=1800 A\n",
            "HIK002",
        ),
        ("database.properties", "jdbcUrl=jdbc:h2:mem:x\nmaximumPoolSize=0\nmy.own=1\n", "HIK001"),
        ("compose.yml", "services:\n  a:\n    command: java --spring.datasource.hikari.max-lifetime=$LIFE A\n", ""),
        ("Dockerfile", "# CMD java -Dspring.datasource.hikari.connection-timeout=30\n", ""),
        ("database.properties", "jdbcUrl=jdbc:h2:mem:x\nmaximumPoolSize=3\nmy.own=1\n", ""),
        ("database.properties", "jdbcUrl=jdbc:h2:mem:x\nmy.own=1\n", ""),
    ],
)
def test_pools_in_arguments_and_in_files_of_other_names(path: str, text: str, code: str) -> None:
    found = {each.code for each in check_texts({path: text}).findings if each.code.startswith("HIK")}
    assert found == ({code} if code else set())


def test_a_variable_with_dashes_binds() -> None:
    text = "services:\n  a:\n    environment:\n      - SPRING_DATASOURCE_HIKARI_CONNECTION-TIMEOUT=30\n"
    assert {each.code for each in check_texts({"compose.yml": text}).findings} == {"HIK001"}


@pytest.mark.parametrize(
    ("url", "name", "expected"),
    [
        ("jdbc:postgresql://db/app", "SOCKETTIMEOUT", True),
        ("jdbc:postgresql://db/app", "SOCKET_TIMEOUT", True),
        ("jdbc:postgresql://db/app", "SSL", False),
        ("jdbc:postgresql://db/app", "SOMETHINGELSE", False),
        ("jdbc:mysql://db/app", "SOCKETTIMEOUT", False),  # this driver does not tell capitals from small letters
        ("${URL}", "SOCKETTIMEOUT", False),
    ],
)
def test_properties_of_drivers_in_variables(url: str, name: str, *, expected: bool) -> None:
    text = f"SPRING_DATASOURCE_URL={url}\nSPRING_DATASOURCE_HIKARI_DATA_SOURCE_PROPERTIES_{name}=60\n"
    assert ("HIK031" in {each.code for each in check_texts({".env": text}).findings}) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("org.hibernate.hikaricp.internal.HikariCPConnectionProvider", True),
        ("com.zaxxer.hikari.hibernate.HikariConnectionProvider", True),
        ("org.hibernate.engine.jdbc.connections.internal.DatasourceConnectionProviderImpl", False),
        ("com.acme.TenantConnectionProvider", False),
        ("${PROVIDER}", False),
    ],
)
def test_a_provider_of_hibernates_own(name: str, *, expected: bool) -> None:
    text = f"{URL}spring.jpa.properties.hibernate.connection.provider_class: {name}\n"
    assert ("HIK032" in codes(text)) == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("hikari.properties", "driverClassName=org.postgresql.Driver ", True),
        ("hikari.properties", "driverClassName=org.postgresql.Driver", False),
        ("hikari.properties", "driverClassName=Driver", False),
        ("hikari.properties", "driverClassName=${DRIVER}", False),
        ("hikari.properties", "exceptionOverrideClassName=5", True),
        ("application.properties", "spring.datasource.hikari.driver-class-name=org.postgresql.Driver;", True),
        ("application.properties", "spring.datasource.hikari.driver-class-name=com.acme.Größe$Inner", False),
    ],
)
def test_names_that_no_class_has(path: str, text: str, *, expected: bool) -> None:
    found = check_texts({path: f"jdbcUrl=jdbc:h2:mem:x\n{text}\n" if path[0] == "h" else text + "\n"}).findings
    assert ("HIK001" in {each.code for each in found}) == expected
