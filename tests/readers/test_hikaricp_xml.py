"""HikariCP in XML and in Hibernate's properties: beans, resources of Tomcat, sections."""

from __future__ import annotations

from typing import Any

import pytest

from poollint.api import check_texts

STRONG = ("refused", "misread", "ignored")


def strong(path: str, text: str) -> list[str]:
    found = check_texts({path: text}).findings
    return sorted(f"{each.effect} {each.line}" for each in found if each.effect in STRONG)


def blocks(path: str, text: str, system: str = "hikaricp") -> list[Any]:
    done = check_texts({path: text})
    return [block for each in done.files for block in each.reading.blocks if block.system == system]


BEAN = '<beans>\n<bean id="pool" class="com.zaxxer.hikari.HikariConfig"%s>\n%s\n</bean>\n</beans>\n'


@pytest.mark.parametrize(
    ("more", "body", "expected"),
    [
        ("", '<property name="maximumPoolSize" value="0"/>', ["refused 3"]),
        ("", '<property name="maxLifetime"><value>1000</value></property>', ["misread 3"]),
        ("", '<property name="maxLifetime" value="${db.life:1000}"/>', ["misread 3"]),
        ("", '<property name="maxLifetime" value="${db.life}"/>', []),
        ("", '<property name="maxLifetime" value="#{life * 1000}"/>', []),
        ("", '<property name="autoCommit" value="yes"/>', []),
        ("", '<property name="maxPoolSize" value="5"/>', ["refused 3"]),
        ("", '<property name="dataSourceProperties"><props><prop key="a">b</prop></props></property>', []),
        ("", '<property name="dataSource" ref="other"/>', []),
        ("", '<!-- <property name="maximumPoolSize" value="0"/> -->', []),
        (' p:maximumPoolSize="0"', "", ["refused 2"]),
        (' p:dataSource-ref="x" p:idleTimeout="60000"', "", ["ignored 2"]),
        (' parent="base" p:idleTimeout="60000"', "", []),
    ],
)
def test_beans(more: str, body: str, expected: list[str]) -> None:
    assert strong("data-context.xml", BEAN % (more, body)) == expected


def test_a_bean_has_a_connection() -> None:
    url = '<property name="jdbcUrl" value="jdbc:postgresql://db/a?socketTimeout=30"/>'
    (block,) = blocks("data-context.xml", BEAN % ("", url), "pgjdbc")
    assert block.value("socketTimeout") == 30
    assert not blocks("data-context.xml", "<beans><bean class='org.x.HikariConfig'/></beans>")
    assert not blocks("logback.xml", "<configuration><logger name='com.zaxxer.hikari' level='info'/></configuration>")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('maximumPoolSize="0"', ["refused 3"]),
        ('maxLifetime="1000"\n autoCommit="yes"', ["misread 3", "misread 4"]),
        ('maxActive="5" description="x"', []),
    ],
)
def test_resources_of_tomcat(attributes: str, expected: list[str]) -> None:
    text = (
        '<Context>\n<Resource name="jdbc/a" auth="Container" factory="com.zaxxer.hikari.HikariJNDIFactory"\n '
        f"{attributes}/>\n</Context>\n"
    )
    assert strong("META-INF/context.xml", text) == expected


@pytest.mark.parametrize(
    ("path", "line", "expected"),
    [
        ("hibernate.properties", "hibernate.hikari.maximumPoolSize=0", ["refused 2"]),
        ("hibernate.properties", "hibernate.hikari.maximum-pool-size=5", ["refused 2"]),
        ("hibernate.properties", "hibernate.hikari.dataSource.user=x", []),
        ("hibernate.properties", "hibernate.hikari.idleTimeout=60000", ["ignored 2"]),
        ("persistence.xml", '<property name="hibernate.hikari.maxLifetime" value="1000"/>', ["misread 2"]),
        ("hibernate.cfg.xml", '<property name="hibernate.hikari.maxLifetime">1000</property>', ["misread 2"]),
        ("persistence.xml", '<property name="hibernate.hikari.maxLifetime" value="600000"/>', []),
    ],
)
def test_hibernate(path: str, line: str, expected: list[str]) -> None:
    first = "hibernate.dialect=x" if path.endswith(".properties") else "<persistence>"
    assert strong(path, f"{first}\n{line}\n") == expected


def test_files_of_other_names() -> None:
    yaml = "spring:\n  datasource:\n    hikari:\n      max-lifetime: 1000\n      minimum-idle: 2\n"
    assert strong("config/orders.yml", yaml) == ["misread 4"]
    assert strong("config.properties", "spring.datasource.hikari.max-lifetime=1000\n") == ["misread 1"]
    assert strong("chart/values.yaml", yaml) == []
    # the application's own file may say more
    assert strong("config/orders.yml", yaml.replace("1000", "300000")) == []
    assert strong("application.yml", yaml.replace("1000", "300000")) == ["ignored 4"]


@pytest.mark.parametrize(
    ("path", "head"),
    [("values.yaml", "extraEnvVars:\n"), ("values.yaml", "api:\n  envVars:\n"), ("compose.yaml", "env:\n")],
)
def test_variables_below_other_names(path: str, head: str) -> None:
    entry = "    - name: SPRING_DATASOURCE_HIKARI_MAXLIFETIME\n      value: '1000'\n"
    assert strong(path, head + entry) == [f"misread {head.count(chr(10)) + 2}"]


def test_a_placeholder_without_a_value_is_there_to_be_filled() -> None:
    text = "spring.datasource.hikari:\n  minimum-idle: ${MIN:}\n  idle-timeout: 60000\n"
    assert strong("application.yml", text) == []
