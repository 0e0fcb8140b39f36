"""The roles that rules ask for: every pool, client and server has them, or says what stands in their place."""

from __future__ import annotations

import pytest

from poollint.knowledge.index import knowledge

ASKED = {
    "pool": ("size", "acquire_timeout", "idle_timeout", "max_lifetime"),
    "http_client": ("read_timeout", "idle_timeout"),
    "http_server": ("listen_idle_timeout",),
}
KINDS = [
    (system, kind)
    for system in sorted(knowledge().systems)
    for kind, spec in knowledge().catalogue(system).kinds.items()
    if spec.role in ASKED
]


@pytest.mark.parametrize(("system", "kind"), KINDS, ids=[f"{system}-{kind}" for system, kind in KINDS])
def test_no_kind_goes_unjudged_in_silence(system: str, kind: str) -> None:
    """A role that is missing is either forgotten, or declared: ``lacks = { max_lifetime = "…" }`` under the kind's role."""
    spec = knowledge().catalogue(system).kinds[kind]
    missing = {role for role in ASKED[spec.role] if role not in spec.roles}
    assert missing == set(spec.lacks)
    assert all(spec.lacks.values())
