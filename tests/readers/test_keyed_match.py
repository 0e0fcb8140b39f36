"""Files of keys to blocks: what each word of a ``[[found]]`` table does, format by format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poollint import api
from poollint.blocks import UNKNOWN, UNLIMITED
from poollint.config import parse_config
from poollint.files import MemoryFiles
from poollint.knowledge.catalogue import Catalogue
from poollint.knowledge.index import knowledge
from poollint.knowledge.keyed import add_files
from poollint.readers.base import ReadContext
from poollint.readers.keyed_match import KeyedFound, read, seconds_of
from poollint.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from poollint.blocks import Block

SETTINGS = {
    "max-size": {"type": "int", "default": 10, "role": "size"},
    "wait": {"type": "duration", "unit": "ms", "default": 5, "zero": "forever", "role": "acquire_timeout"},
    "lease.time": {"type": "duration", "unit": "s", "default": 60},
    "enabled": {"type": "bool", "default": True},
    "kind": {"type": "string"},
}


def blocks(path: str, text: str, **table: Any) -> list[Block]:
    """The blocks of a text by one table."""
    named = [] if path in (".env", "compose.yml", "deploy.yaml") else ["*"]
    found = {"format": "yaml", "files": named or ["db.yml"], "prefix": "db", **table}
    data = {
        "system": {"name": "acme", "title": "Acme"},
        "found": [found],
        "kinds": {"pool": {"settings": SETTINGS, "role": "pool", "unknown": "ignored"}},
    }
    catalogue = Catalogue(data)
    context = ReadContext(
        catalogue, MemoryFiles({}), systems={"acme": {"found": [found]}}, catalogue_of=lambda _name: catalogue
    )
    return read(Source(path, text), context).blocks


def values(block: Block) -> dict[str, Any]:
    return {name: setting.value for name, setting in block.settings.items()}


@pytest.mark.parametrize(
    ("form", "path", "text"),
    [
        ("yaml", "db.yml", "db:\n  max-size: 20\n  wait: 3000\n  lease: {time: 5}\n  enabled: no\n"),
        (
            "json",
            "db.json",
            '{\n\t"db": {"max-size": 20, "wait":3000, "lease": {"time": 5}, "enabled": false}\n}',
        ),
        ("toml", "db.toml", "# ü\n[db]\nmax-size = 2_0\nwait = 3000\nlease.time = 5\nenabled = false\n"),
        ("properties", "db.properties", "db.max-size=20\ndb.wait : 3000\ndb.lease.time 5\ndb.enabled=false\n"),
        ("ini", "db.ini", "[app]\ndb.max-size = 20\ndb.wait = 3000\ndb.lease.time: 5\ndb.enabled = false\n"),
    ],
)
def test_the_formats_say_the_same(form: str, path: str, text: str) -> None:
    (block,) = blocks(path, text, format=form)
    assert values(block) == {"max-size": 20, "wait": 3, "lease.time": 5, "enabled": False}
    place = block.settings["wait"].place
    assert place is not None
    assert place.text == "3000"
    assert block.settings["lease.time"].key == "lease.time"


def test_a_named_block_is_called_by_the_part_that_the_star_stands_for() -> None:
    text = "shop:\n  db: {max-size: 1}\nstock:\n  db: {max-size: 2}\nother: {max-size: 3}\n"
    found = blocks("a.yml", text, prefix="*.db")
    assert [(block.name, block.value("max-size")) for block in found] == [("shop", 1), ("stock", 2)]


def test_names_that_are_no_blocks() -> None:
    found = blocks("a.yml", "default: &d {max-size: 1}\nshop: {<<: *d}\n", prefix="*", skip=["default"])
    assert [(block.name, block.value("max-size")) for block in found] == [("shop", 1)]


def test_the_same_names_below_two_prefixes_are_two_blocks() -> None:
    found = blocks("a.yml", "db: {max-size: 1}\nold: {max-size: 2}\n", prefix=["db", "old"])
    assert [block.value("max-size") for block in found] == [1, 2]


def test_sections_of_ini_files() -> None:
    text = "[app:shop]\ndb.max-size = 4\n[logging]\ndb.max-size = 5\n"
    (block,) = blocks("a.ini", text, format="ini", section="app:*")
    assert (block.name, block.value("max-size")) == ("app:shop", 4)


def test_options_of_ini_files_have_no_capitals() -> None:
    """configparser gives each option's name in small letters, however it is written."""
    found = blocks("db.ini", "[pool]\nMAX-SIZE = 7\n", format="ini", section="pool", prefix="")
    assert values(found[0])["max-size"] == 7


def test_names_are_relaxed_only_where_the_table_says_so() -> None:
    text = "db:\n  maxSize: 20\n"
    (block,) = blocks("a.yml", text)
    assert list(block.facts["unknown_options"]) == ["maxSize"]
    (block,) = blocks("a.yml", text, relaxed=True)
    assert block.value("max-size") == 20


def test_other_names_and_keys_that_stand_elsewhere() -> None:
    text = "db:\n  pool: {most: 7}\nkind: shop\n"
    (block,) = blocks("a.yml", text, rename={"pool.most": "max-size"}, also={"kind": "kind"})
    assert values(block) == {"max-size": 7, "kind": "shop"}
    assert block.settings["max-size"].key == "pool.most"


def test_required_and_excluded() -> None:
    assert blocks("a.yml", "db: {max-size: 1}", require=["kind"]) == []
    assert len(blocks("a.yml", "db: {max-size: 1, kind: x}", require=["kind"])) == 1
    assert blocks("a.yml", "db: {max-size: 1, enabled: false}", unless={"enabled": False}) == []
    assert blocks("a.yml", "db: {max-size: 1, enabled: '${ON}'}", unless={"enabled": False}) == []
    assert len(blocks("a.yml", "db: {max-size: 1, enabled: true}", unless={"enabled": False})) == 1


def test_required_values_and_absence() -> None:
    assert blocks("a.yml", "db: {max-size: 1, kind: x}", require={"kind": "y"}) == []
    assert len(blocks("a.yml", "db: {max-size: 1, kind: y}", require={"kind": "y"})) == 1
    assert blocks("a.yml", "db: {max-size: 1, kind: y}", absent=["kind"]) == []
    assert len(blocks("a.yml", "db: {max-size: 1}", absent=["kind"])) == 1
    assert blocks("a.yml", "db: {max-size: 1}", absent=["kind"], partial=True) == []


def test_keys_that_nobody_knows() -> None:
    (block,) = blocks("a.yml", "db: {maxsize: 1, lease: {tyme: 2}}")
    assert list(block.facts["unknown_options"]) == ["maxsize"]
    assert blocks("a.yml", "db: {maxsize: 1}", open=True) == []


def test_what_a_partial_file_does_not_write_is_unknown() -> None:
    (block,) = blocks("a.yml", "db: {max-size: 1}", partial=True)
    assert block.value("wait") is UNKNOWN
    (block,) = blocks("a.yml", "db: {max-size: 1}")
    assert block.value("wait") == 5


@pytest.mark.parametrize("written", ["${SIZE}", "${SIZE:20}", "{{ size }}", "<%= size %>", "%(size)s"])
def test_templates_are_unknown(written: str) -> None:
    (block,) = blocks("a.ini", f"[a]\ndb.max-size = {written}\n", format="ini")
    assert block.value("max-size") is UNKNOWN


def test_a_value_of_another_type_stays_a_text() -> None:
    (block,) = blocks("a.yml", "db: {max-size: many, wait: 5s, enabled: maybe}")
    assert values(block) == {"max-size": "many", "wait": "5s", "enabled": "maybe"}
    (block,) = blocks("a.yml", "db: {max-size: ~, wait: 0}")
    assert values(block) == {"wait": UNLIMITED}


def test_variables_by_their_beginning() -> None:
    (block,) = blocks(".env", "DB_MAX_SIZE=20\nDB_LEASE_TIME=3\nOTHER=1\nDB_WAIT=\n", env="DB_")
    assert values(block) == {"max-size": 20, "lease.time": 3}
    assert block.value("wait") is UNKNOWN


def test_variables_are_named_after_the_key_or_the_setting() -> None:
    for name in ("DB_POOL_SIZE", "DB_POOL_MAX_SIZE"):
        table = {"format": "yaml", "prefix": "db.pool", "env": "DB_POOL_", "rename": {"size": "max-size"}}
        assert values(blocks(".env", f"{name}=7\n", **table)[0])["max-size"] == 7


def test_variables_by_name_are_all_there_is() -> None:
    text = "export POOL=20 # most\n"
    (block,) = blocks(".env", text, format="env", env={"POOL": "max-size"}, prefix="", files=[])
    assert (block.value("max-size"), block.value("wait")) == (20, 5)


def test_variables_of_a_compose_file() -> None:
    text = "services:\n  a:\n    environment:\n      DB_WAIT: 100\n  b:\n    environment: ['DB_WAIT=200']\n"
    found = blocks("compose.yml", text, env="DB_")
    assert [block.value("wait") for block in found] == [0.1, 0.2]
    place = found[1].settings["wait"].place
    assert place is not None
    assert place.text == "200"


SPRING = {"format": "spring", "files": ["application*"], "prefix": "db"}


def test_variables_of_a_manifest() -> None:
    text = "kind: Deployment\nspec:\n  env:\n  - name: DB_WAIT\n    value: '100'\n"
    (block,) = blocks("deploy.yaml", text, env="DB_")
    assert block.value("wait") == 0.1


def test_documents_of_spring_boot_inherit() -> None:
    text = "db.max-size: 20\ndb.wait: 100\n---\nspring.config.activate.on-profile: prod\ndb.maxSize: ${N:30}\n"
    base, prod = blocks("application.yml", text, **SPRING)
    assert (base.facts["profile"], base.value("max-size"), base.value("wait")) == ("", 20, 0.1)
    assert (prod.facts["profile"], prod.value("max-size"), prod.value("wait")) == ("prod", 30, 0.1)
    assert prod.settings["wait"].origin == "inherited"


def test_a_file_of_one_profile_adds_to_another() -> None:
    (block,) = blocks("application-prod.properties", "db.max_size=20\n", **SPRING)
    assert (block.value("max-size"), block.value("wait"), block.complete) == (20, UNKNOWN, False)
    (block,) = blocks("src/test/resources/application.properties", "db.max_size=20\n", **SPRING)
    assert block.facts["in_test"]


def test_two_spellings_in_one_document() -> None:
    (block,) = blocks("application.properties", "db.max-size=1\ndb.maxSize=2\n", **SPRING)
    assert block.value("max-size") is UNKNOWN


def test_variables_of_spring_boot() -> None:
    (block,) = blocks(".env", "DB_MAXSIZE=1\nDB_LEASE_TIME=2\n", **SPRING)
    assert values(block) == {"max-size": 1, "lease.time": 2}
    (block,) = blocks(".env", "DB_MAX_SIZE=1\n", **SPRING)
    assert values(block) == {"max-size": 1}


def test_profiles_of_quarkus() -> None:
    text = '%dev.db.max-size=1\ndb.max-size=2\ndb.wait=3000\n%prod.db."x".max-size=4\n'
    base, dev, named = blocks("application.properties", text, format="quarkus", prefix=["db", "db.*"])
    assert (base.value("max-size"), base.facts["in_test"]) == (2, False)
    assert (dev.value("max-size"), dev.value("wait"), dev.facts["in_test"]) == (1, 3, True)
    assert (named.name, named.facts["profile"], named.value("max-size")) == ("x", "prod", 4)


@pytest.mark.parametrize(
    ("parser", "text", "seconds"),
    [
        ("spring", "500ms", 0.5), ("spring", "10S", 10), ("spring", "-1ms", -0.001), ("spring", "5m", 300),
        ("spring", "PT1M30S", 90), ("spring", "P1D", 86400), ("spring", "10 s", None), ("spring", "ten", None),
        ("spring", "1.5s", None), ("spring", "P", None), ("quarkus", "5M", 300), ("quarkus", "1H30M", 5400),
        ("quarkus", "250ms", 0.25), ("quarkus", "PT0.5S", 0.5), ("quarkus", "10x", None), ("quarkus", "", None),
    ],
)  # fmt: skip
def test_durations(parser: str, text: str, seconds: float | None) -> None:
    assert seconds_of(text, parser) == (None if seconds is None else pytest.approx(seconds))


@given(st.text(alphabet="db:.-max size=\n{}[]\"'#${}0123%\\\t", max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    for form, path in (("yaml", "a.yml"), ("json", "a.json"), ("toml", "a.toml"), ("properties", "a.properties"),
                       ("ini", "a.ini"), ("spring", "application.yml"), ("quarkus", "application.properties")):  # fmt: skip
        blocks(path, text, format=form)
    blocks(".env", text, env="DB_")


# The systems that are shipped


def codes(path: str, text: str, **more: Any) -> list[tuple[str, int]]:
    return [(each.code, each.line) for each in api.check_text(text, path, **more)]


def test_pools_of_spring_boot_are_judged_by_role() -> None:
    text = "spring.data.redis.jedis.pool.max-active=500 # many\nspring.data.redis.lettuce.pool.max-active=500\n"
    assert codes("application.properties", text) == [("POL001", 1), ("POL005", 1)]
    text = "spring.datasource.{0}.max-wait=-1\nspring.datasource.type={1}\n"
    dbcp, tomcat = "org.apache.commons.dbcp2.BasicDataSource", "org.apache.tomcat.jdbc.pool.DataSource"
    assert codes("application.properties", text.format("dbcp2", dbcp)) == [("POL001", 1)]
    assert codes("application.properties", text.format("tomcat", tomcat)) == [("POL001", 1)]
    assert codes("application.properties", text.format("tomcat", dbcp)) == []
    assert codes("application.properties", "spring.datasource.tomcat.max-wait=-1\n") == [("TJD002", 1)]


def test_the_version_of_a_project_decides(tmp_path: Path) -> None:
    def found(boot: str, druid: str) -> list[str]:
        (tmp_path / "pom.xml").write_text(
            "<project><parent><groupId>org.springframework.boot</groupId>"
            f"<artifactId>spring-boot-starter-parent</artifactId><version>{boot}</version></parent><dependencies>"
            "<dependency><groupId>com.alibaba</groupId><artifactId>druid-spring-boot-starter</artifactId>"
            f"<version>{druid}</version></dependency></dependencies></project>"
        )
        return [each.code for each in api.check_paths([str(tmp_path)]).findings]

    (tmp_path / "application.properties").write_text(
        "server.tomcat.max-threads=50\nspring.redis.jedis.pool.max-wait=2s\nspring.datasource.druid.max-wait=5000\n"
        "spring.datasource.druid.keep-alive=true\n"
        "spring.datasource.druid.time-between-eviction-runs-millis=300000\n"
    )
    assert found("3.3.4", "1.2.20") == ["SPB006", "SPB011", "DRU001"]
    assert found("2.4.13", "1.2.5") == []


def test_sequelize_reads_config_json() -> None:
    text = '{"production": {"dialect": "mysql", "pool": {"max": 0, "maxConnections": 5}}}'
    assert [code for code, _ in codes("config/config.json", text)] == ["POL004", "POL006"]
    assert codes("config/config.json", text.replace("dialect", "dialekt")) == []


def test_rails_reads_database_yml() -> None:
    text = (
        "default: &default\n  adapter: postgresql\n  pool: <%= ENV.fetch('RAILS_MAX_THREADS') { 5 } %>\n"
        "  checkout_timeout: 5000\nproduction:\n  primary:\n    pool: 0\n    <<: *default\n"
        "test:\n  <<: *default\n  checkout_timeout: 5\n"
    )
    assert codes("config/database.yml", text) == [("POL007", 4), ("POL004", 7)]
    assert codes("group_vars/database.yml", text) == []
    text = "production: {adapter: mysql2, idle_timeout: 60, reaping_frequency: 0}\n"
    assert codes("config/database.yml", text) == [("POL010", 1)]


def test_a_time_with_its_unit_is_no_mistake_of_units() -> None:
    text = "spring.r2dbc.pool.max-acquire-time={}\n"
    assert codes("application.properties", text.format("50")) == [("POL007", 1)]
    assert codes("application.properties", text.format("50ms")) == []


def test_the_files_of_all_tables_are_looked_for() -> None:
    table = {"format": "yaml", "files": ["b/db.yml"], "prefix": "", "env": "DB_"}
    systems: dict[str, dict[str, Any]] = {"keys": {"files": ["x"]}, "acme": {"found": [table]}}
    add_files(systems)
    assert systems["keys"]["files"] == ["b/db.yml", "x"]
    assert systems["keys"]["content"] == [r"\b(?:DB_)"]
    assert "config/config.json" in knowledge().systems["keys"]["files"]


def test_variables_are_found_by_what_stands_in_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    (tmp_path / "app.env").write_text("SPRING_R2DBC_POOL_MAX_SIZE=0\n")
    manifest = "spec:\n  env:\n  - name: QUARKUS_DATASOURCE_JDBC_ACQUISITION_TIMEOUT\n    value: '0'\n"
    (tmp_path / "deployment.yaml").write_text(manifest)
    result = api.check_paths([str(tmp_path)])
    assert sorted((each.path.rpartition("/")[2], each.code) for each in result.findings) == [
        ("app.env", "POL004"),
        ("deployment.yaml", "POL001"),
    ]
    assert {each.path.rpartition("/")[2] for each in result.files if each.system == "keys"} == {
        "app.env",
        "deployment.yaml",
    }


def test_the_names_of_shipped_tables_do_not_clash() -> None:
    for name, system in knowledge().systems.items():
        for table in system["found"]:
            if "format" in table:
                found = KeyedFound(name, table, knowledge().catalogue(name))
                assert set(found.names.values()) <= set(found.spec.settings)
                assert len(set(found.variables().values())) <= len(found.spec.settings)


def test_the_sums_of_a_fleet_count_no_profile_and_no_cache() -> None:
    config = parse_config(
        '[database.main]\nmax-connections = 100\n[service.api]\nfiles = ["api/**"]\ndatabase = "main"\ninstances = 10\n',
        known=api.Session(api.Options(isolated=True), MemoryFiles({})).known(),
    )
    text = "spring.r2dbc.pool.max-size={}\nspring.r2dbc.pool.max-acquire-time=2s\nspring.r2dbc.pool.initial-size=1\n"
    more = "spring.data.redis.jedis.pool.max-active=50\nspring.data.redis.jedis.pool.max-wait=2s\n"
    profile = "#---\nspring.config.activate.on-profile=prod\nspring.r2dbc.pool.max-size=8\n"

    def sums(size: int) -> list[str]:
        texts = {"api/application.properties": text.format(size) + more + profile}
        found = api.check_texts(texts, config=config, complete=True).findings
        return [each.message for each in found if each.code == "FLT001"]

    assert sums(9) == []
    assert len(sums(20)) == 1


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        ({}, True),
        ({"pom.xml": "<artifactId>acme-web</artifactId>"}, True),
        ({"build.gradle.kts": "implementation(libs.acme.web)"}, True),
        ({"build.gradle": "implementation 'org.acme:acme-web:1.0'"}, True),
        ({"pom.xml": "<artifactId>acme-webflux</artifactId>"}, False),
        ({"build.gradle": "dependencies { }"}, False),
        ({"app/build.gradle": "acme-web", "build.gradle": "none"}, True),
    ],
)
def test_only_in_projects_whose_build_file_names_an_artifact(build: dict[str, str], *, expected: bool) -> None:
    path, text = "app/src/application.yml", "spring:\n  jpa:\n    show-sql: true\n"
    webs = {name: text.replace("acme-web", "spring-boot-starter-web") for name, text in build.items()}
    webs = {name: text.replace("libs.acme.web", "libs.spring.boot.starter.web") for name, text in webs.items()}
    done = api.check_texts({path: text, **webs}, only=path)
    assert ("SPB012" in {each.code for each in done.findings}) == expected
