"""Functions, environments and proxies of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from poollint.api import check_texts
from poollint.blocks import UNKNOWN, UNLIMITED

if TYPE_CHECKING:
    from poollint.blocks import Block

TEMPLATE = """Resources:
  Db: {Type: "AWS::RDS::DBCluster"}
  Proxy: {Type: "AWS::RDS::DBProxy", Properties: {IdleClientTimeout: 600}}
  Targets:
    Type: AWS::RDS::DBProxyTargetGroup
    Properties:
      DBProxyName: {"Ref": "Proxy"}
      ConnectionPoolConfigurationInfo: {MaxConnectionsPercent: 50, ConnectionBorrowTimeout: 0}
  Fn:
    Type: AWS::Lambda::Function
    Properties:
      Timeout: 9
      Environment:
        Variables:
          A: VALUE
"""


def blocks(text: str, path: str = "template.yaml") -> list[Block]:
    return check_texts({path: text}).files[0].reading.blocks


def of(kind: str, found: list[Block]) -> Block:
    return next(block for block in found if block.kind == kind)


def test_a_proxy_and_its_pool() -> None:
    found = blocks(TEMPLATE.replace("VALUE", "!GetAtt Proxy.Endpoint"))
    assert of("proxy", found).value("IdleClientTimeout") == 600
    group = of("target_group", found)
    assert (group.value("MaxConnectionsPercent"), group.value("ConnectionBorrowTimeout")) == (50, UNLIMITED)
    function = of("function", found)
    assert function.facts["proxied"]
    assert function.links["proxy"] is group
    assert of("environment", found).facts["direct"] == ()


def test_the_address_of_a_database_in_every_form() -> None:
    for value in (
        "!GetAtt Db.Endpoint.Address",
        "!GetAtt [Db, Endpoint.Address]",
        '{"Fn::GetAtt": ["Db", "Endpoint.Address"]}',
        '{"Fn::GetAtt": "Db.ReadEndpoint.Address"}',
        '!Sub "postgres://app@${Db.Endpoint.Address}/app"',
        '{"Fn::Join": ["", ["postgres://", {"Fn::GetAtt": ["Db", "Endpoint.Address"]}, "/app"]]}',
        "app.cluster-c9akciq32abc.eu-west-1.rds.amazonaws.com",
        "app.c9akciq32abc.us-gov-west-1.rds.amazonaws.com",
    ):
        direct = of("environment", blocks(TEMPLATE.replace("VALUE", value))).facts["direct"]
        assert [each.name for each in direct] == ["A"], value


def test_addresses_that_are_no_database() -> None:
    for value in (
        "app.proxy-c9akciq32abc.eu-west-1.rds.amazonaws.com",
        "!Ref Db",
        '!ImportValue "db-host"',
        "${ssm:/db}",
        "localhost",
        "!GetAtt Db.Port",
    ):
        assert of("environment", blocks(TEMPLATE.replace("VALUE", value))).facts["direct"] == (), value


def test_concurrency() -> None:
    text = TEMPLATE.replace("VALUE", "x")
    assert of("environment", blocks(text)).facts["instances"] is None
    for written, expected in (("7", 7), ("!Ref Many", UNKNOWN)):
        limited = text.replace("      Timeout: 9", f"      Timeout: 9\n      ReservedConcurrentExecutions: {written}")
        assert of("environment", blocks(limited)).facts["instances"] == expected


def test_serverless_framework() -> None:
    text = """service: a
provider: {name: aws, timeout: 20, environment: {DB_POOL_MAX: 5}}
functions:
  one: {handler: a.b, timeout: 10}
  two: {handler: a.c, environment: {URL: "postgres://h/d?connection_limit=9"}}
resources:
  Resources:
    Db: {Type: "AWS::RDS::DBInstance"}
"""
    found = blocks(text, "serverless.yml")
    assert [block.value("timeout") for block in found if block.kind == "function"] == [10, 20]
    pools = [each.number for block in found if block.kind == "environment" for each in block.facts["pools"]]
    assert pools == [5, 9]


def test_other_providers_and_other_files_say_nothing() -> None:
    assert blocks("provider: {name: google}\nfunctions: {a: {handler: b}}\n", "serverless.yml") == []
    assert blocks("kind: Template\nobjects: []\n") == []
    assert blocks("- a\n- b\n") == []


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab:-?[]{},'\"|>&*! \n", max_size=40), st.integers(0, 400))
def test_any_text_is_read(text: str, at: int) -> None:
    check_texts({"template.yaml": TEMPLATE[:at] + text + TEMPLATE[at:]})
