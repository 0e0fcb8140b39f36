"""Where a finding's page stands: no report names an address that nobody serves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT

from poollint import check_text
from poollint.config import Config, ConfigError, Known, parse_config
from poollint.reports import render
from poollint.reports.base import Report

if TYPE_CHECKING:
    from poollint.findings import Finding

TEXT = "[databases]\napp = host=/tmp\n[pgbouncer]\nserver_idle_timeout = 10min\n"


def configured(text: str) -> Config:
    return parse_config(text, known=Known({}, {}))


def finding(config: Config | None) -> Finding:
    return next(each for each in check_text(TEXT, "pgbouncer.ini", config=config) if each.code == "PGB009")


def sarif_rule(found: Finding) -> Any:
    return json.loads("".join(render("sarif", Report([found]))))["runs"][0]["tool"]["driver"]["rules"][0]


def test_without_a_site_it_is_the_page_of_the_repository() -> None:
    found = finding(None)
    assert found.help_url == "rules/pgbouncer/invalid-time.md"
    assert (ROOT / found.help_url).is_file()
    assert "helpUri" not in sarif_rule(found), "SARIF wants an absolute address or none"
    for form in ("github", "gitlab", "junit"):
        assert found.help_url not in "".join(render(form, Report([found])))


def test_docs_url_names_the_site() -> None:
    found = finding(configured('docs-url = "https://example.org/pool/"'))
    assert found.help_url == "https://example.org/pool/rules/pgbouncer/invalid-time.html"
    assert sarif_rule(found)["helpUri"] == found.help_url
    assert found.help_url in "".join(render("github", Report([found])))


@pytest.mark.parametrize("value", ['"example.org"', "3", '"javascript:alert(1)"'])
def test_docs_url_is_an_address(value: str) -> None:
    with pytest.raises(ConfigError, match=r"poollint\.toml:1: docs-url must be"):
        configured(f"docs-url = {value}")
