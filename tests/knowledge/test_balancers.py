"""What may stand in front of a server."""

from __future__ import annotations

import pytest

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
