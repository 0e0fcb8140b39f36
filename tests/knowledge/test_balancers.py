"""What may stand in front of a server."""

from __future__ import annotations

import pytest

from poollint import api
from poollint.config import ConfigError, parse_config
from poollint.files import MemoryFiles
from poollint.knowledge.balancers import FrontError, front, profiles


def test_profiles() -> None:
    assert profiles()["gcp"] is profiles()["gcp-alb"]
    for profile in profiles().values():
        assert profile.title
        assert profile.source.startswith("https://")
        assert not (profile.idle and profile.flow), "either it reuses connections or it forwards them"
        if profile.idle:
            assert profile.wanted > profile.idle


@pytest.mark.parametrize(
    ("told", "idle"),
    [("aws-alb", 60), ("AWS-ALB", 60), ("350s", 350), ("350", 350), (350, 350), ("10m", 600), ("1.5 h", 5400)],
)
def test_front(told: object, idle: float) -> None:
    found = front(told)
    assert found is not None
    assert found.idle == idle


def test_nothing_told() -> None:
    assert front(None) is None
    assert front("") is None


def test_what_is_neither_a_profile_nor_a_time_is_refused_with_the_closest_name() -> None:
    with pytest.raises(FrontError, match="did you mean 'aws-alb'"):
        front("aws-abl")
    with pytest.raises(FrontError, match="known are"):
        front("zzz")
    with pytest.raises(FrontError):
        front(True)


def test_the_configuration_refuses_a_name_that_is_not_known() -> None:
    session = api.Session(api.Options(isolated=True), MemoryFiles({}))
    with pytest.raises(ConfigError, match="did you mean 'aws-alb'"):
        parse_config('[nginx]\nfront = "aws-abl"\n', known=session.known())
    assert parse_config("[nginx]\nfront = 600\n", known=session.known()).system_options["nginx"]["front"] == 600
