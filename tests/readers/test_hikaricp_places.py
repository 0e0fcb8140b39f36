"""Where else pools of Spring's stand: manifests, variables in each of their forms, sections of other names, references."""

from __future__ import annotations

from typing import Any

import pytest

from poollint.api import check_texts
from poollint.blocks import UNKNOWN

STRONG = ("refused", "misread", "ignored")


def blocks(path: str, text: str) -> list[Any]:
    done = check_texts({path: text})
    return [block for each in done.files for block in each.reading.blocks if block.system == "hikaricp"]


def strong(path: str, text: str, **targets: str) -> list[str]:
    found = check_texts({path: text}, targets={name.replace("_", "-"): value for name, value in targets.items()})
    return sorted(f"{each.effect} {each.line}" for each in found.findings if each.effect in STRONG)


CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\ndata:\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  application.yml: |\n    spring:\n      datasource.hikari:\n        max-lifetime: 1000\n", ["misread 9"]),
        (
            (
                "  application-prod.properties: |-\n    spring.datasource.hikari.maximum-pool-size=4\n    #---\n"
                "    spring.config.activate.on-profile=eu\n    spring.datasource.hikari.minimum-idle=9\n"
            ),
            ["misread 10"],
        ),
        ("  hikari.properties: |\n    jdbcUrl=jdbc:h2:mem:x\n    maximumPoolSize=0\n", ["refused 8"]),
        ("  SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE: '0'\n", ["refused 6"]),
        # what the application's own file says is out of sight
        (
            "  application.yml: |\n    spring.datasource.hikari:\n      max-lifetime: 300000\n      minimum-idle: 2\n",
            [],
        ),
        ("  application.yml: |\n    spring.datasource.hikari.max-lifetime: {{ .Values.life }}\n", []),
    ],
)
def test_config_maps(text: str, expected: list[str]) -> None:
    assert strong("cm.yaml", CONFIG_MAP % "app" + text) == expected


def test_a_config_map_of_a_chart() -> None:
    text = (
        CONFIG_MAP % "{{ .Release.Name }}" + "  application.yml: |\n    spring.datasource.hikari.max-lifetime: 1000\n"
    )
    assert strong("templates/cm.yaml", text) == ["misread 7"]


def test_variables_that_are_merged() -> None:
    text = (
        "x-env: &env\n  SPRING_DATASOURCE_HIKARI_MAX_LIFETIME: '1000'\nservices:\n  a:\n    environment:\n"
        "      <<: *env\n  b:\n    environment:\n      <<: [*env]\n      A: 1\n  c:\n    environment:\n      <<: *env\n"
        "      SPRING_DATASOURCE_HIKARI_MAX_LIFETIME: '60000'\n"
    )
    assert strong("docker-compose.yml", text) == ["misread 2"]
    assert [block.value("maxLifetime") for block in blocks("docker-compose.yml", text)] == [1800, 1800, 60]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ENV SPRING_DATASOURCE_HIKARI_MAX_LIFETIME=1000", ["misread 2"]),
        ("ENV SPRING_DATASOURCE_HIKARI_MAX_LIFETIME 1000", ["misread 2"]),
        ("ENV A=1 \\\n    SPRING_DATASOURCE_HIKARI_MAX_LIFETIME='1000'", ["misread 3"]),
        ('ENV SPRING_DATASOURCE_HIKARI_MAX_LIFETIME="1000" B=2', ["misread 2"]),
        ("ENV SPRING_DATASOURCE_HIKARI_MAX_LIFETIME=${LIFE:-1000}", ["misread 2"]),
        ("ENV SPRING_DATASOURCE_HIKARI_MAX_LIFETIME=$LIFE", []),
        ("# ENV SPRING_DATASOURCE_HIKARI_MAX_LIFETIME=1000", []),
    ],
)
def test_dockerfiles(line: str, expected: list[str]) -> None:
    assert strong("Dockerfile", f"FROM java:21\n{line}\n") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Environment=SPRING_DATASOURCE_HIKARI_MAX_LIFETIME=1000", ["misread 2"]),
        ('Environment="SPRING_DATASOURCE_HIKARI_MAX_LIFETIME=1000" A=1', ["misread 2"]),
        ("Environment=A=1 SPRING_DATASOURCE_HIKARI_MAX_LIFETIME='1000'", ["misread 2"]),
        ("Environment=SPRING_DATASOURCE_HIKARI_MAX_LIFETIME=%i", []),
        ("#Environment=SPRING_DATASOURCE_HIKARI_MAX_LIFETIME=1000", []),
        ("ExecStart=java -Dspring.datasource.hikari.maximum-pool-size=0 -jar a.jar", ["refused 2"]),
    ],
)
def test_units_of_systemd(line: str, expected: list[str]) -> None:
    assert strong("app.service", f"[Service]\n{line}\n") == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            ".env",
            'SPRING_APPLICATION_JSON=\'{"spring":{"datasource":{"hikari":{"max-lifetime":1000}}}}\'\n',
            "misread 1",
        ),
        (
            "docker-compose.yml",
            (
                "services:\n  a:\n    environment:\n      SPRING_APPLICATION_JSON: >-\n        {}\n"
                "      B: 1\n  b:\n    environment:\n"
                '      - SPRING_APPLICATION_JSON={"spring.datasource.hikari.max-lifetime":"1m"}\n'
            ),
            "refused 9",
        ),
        ("docker-compose.yml", 'services:\n  a:\n    environment:\n      SPRING_APPLICATION_JSON: "{datasource"\n', ""),
    ],
)
def test_json_in_a_variable(path: str, text: str, expected: str) -> None:
    assert strong(path, text) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("datasources:\n  default:\n    url: jdbc:postgresql://db/app\n    maximum-pool-size: 7\n", 7),
        ("datasources:\n  default:\n    url: jdbc:postgresql://db/app\n    maximum-pool-size: ten\n", UNKNOWN),
        ("app.store.url: jdbc:h2:mem:x\napp.store.configuration.maximum-pool-size: 7\n", 7),
        ("db.size: 7\nspring.datasource.hikari.maximum-pool-size: ${db.size}\n", 7),
        ("db.size: 7\nspring.datasource.hikari.maximum-pool-size: ${db.other}\n", UNKNOWN),
        (
            (
                "db.size: 7\nspring.datasource.hikari.maximum-pool-size: ${db.size}\n---\n"
                "spring.config.activate.on-profile: prod\ndb.size: 9\n"
            ),
            UNKNOWN,
        ),
    ],
)
def test_application_files(text: str, size: Any) -> None:
    assert [block.value("maximumPoolSize") for block in blocks("application.yml", text)][:1] == [size]


def test_a_section_that_nothing_reads_is_no_pool() -> None:
    assert not blocks(
        "application.yml", "spring.datasource:\n  url: jdbc:h2:mem:x\n  configuration.maximum-pool-size: 7\n"
    )
    assert not blocks("application.yml", "datasources:\n  a:\n    name: x\n    maximum-pool-size: 7\n")


def test_brackets_keep_the_dots_of_a_name() -> None:
    text = (
        "spring.datasource.url=jdbc:oracle:thin:@db:1521:x\nspring.datasource.hikari.maximum-pool-size=5\n"
        "spring.datasource.hikari.data-source-properties[%s]=60000\n"
    )

    def codes(name: str) -> set[str]:
        return {each.code for each in check_texts({"application.properties": text % name}).findings}

    assert codes("oracle.jdbc.ReadTimeout") == set()
    assert codes("oracle.net.READ_TIMEOUT") == set()
    assert codes("oracle.net.keepAlive") == {"JDB001"}


JAVA = (
    "import com.zaxxer.hikari.*;\nimport java.util.*;\nclass Db {\n  %s\n    HikariConfig c = new HikariConfig();\n%s\n"
    "    return new HikariDataSource(c);\n  }\n}\n"
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("    c.setMaximumPoolSize(cores * 2);\n    c.setIdleTimeout(300_000);", ["ignored 7"]),
        ("    c.setMinimumIdle(n);\n    c.setIdleTimeout(300_000);", []),
        ('    c.setDriverClassName("a.B");\n    c.setDataSourceClassName("c.D");', ["refused 6"]),
        ('    c.setDriverClassName("a.B");\n    c.setDataSourceClassName(name);', []),
    ],
)
def test_settings_together_in_java(body: str, expected: list[str]) -> None:
    assert strong("Db.java", JAVA % ("DataSource a(int cores, int n, String name) {", body)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('p.setProperty("max-lifetime", "1800000");', ["refused 6"]),
        ('p.setProperty("dataSource.cachePrepStmts", "true");', []),
        ('p.setProperty("MaxLifetime", "1800000");', []),
        ('p.setProperty("maxActive", size);', []),
        ('p.setProperty("app.name", "x"); p.remove("app.name");', []),
    ],
)
def test_names_of_properties(lines: str, expected: list[str]) -> None:
    text = (
        "import com.zaxxer.hikari.*;\nimport java.util.*;\nclass Db {\n  DataSource a(String size) {\n"
        f"    Properties p = new Properties();\n    {lines}\n"
        "    return new HikariDataSource(new HikariConfig(p));\n  }\n}\n"
    )
    assert strong("Db.java", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("void tune(HikariConfig c) { c.setMaxLifetime(1000); }", ["misread 2"]),
        ("Customizer a() { return (HikariConfig c) -> c.setMaxLifetime(1000); }", ["misread 2"]),
        ("void tune(HikariConfig c) { if (x) c.setMaxLifetime(1000); }", []),
        ("void tune(HikariConfig c) { c.setIdleTimeout(300000); }", []),
        ("void tune(HikariDataSource c) { c.setMaxLifetime(1000); }", []),
        (
            (
                "void tune(HikariConfig c) { c.setMaxLifetime(1000); }\nDataSource a() { "
                "HikariConfig c = new HikariConfig(); tune(c); return new HikariDataSource(c); }"
            ),
            ["misread 2"],
        ),
    ],
)
def test_a_configuration_that_is_handed_in(text: str, expected: list[str]) -> None:
    assert strong("Db.java", f"import com.zaxxer.hikari.*; class Db {{\n{text}\n}}\n") == expected


KOTLIN = "import com.zaxxer.hikari.*\nimport java.util.Properties\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "class A {\ncompanion object { const val L = 1000L }\nval c = HikariConfig().apply {\nmaxLifetime = L }\n}",
            ["misread 6"],
        ),
        ('fun a() {\nval p = Properties()\np["maxLifetime"] = "1000"\nHikariConfig(p)\n}', ["misread 5"]),
        ('fun a() {\nval p = Properties()\np["max-lifetime"] = "60000"\nHikariConfig(p)\n}', ["refused 5"]),
        ('fun a() {\nval p = Properties()\np["maxLifetime"] += "1000"\nHikariConfig(p)\n}', []),
    ],
)
def test_kotlin(text: str, expected: list[str]) -> None:
    pytest.importorskip("tree_sitter_kotlin")
    assert strong("Db.kt", KOTLIN + text + "\n") == expected
