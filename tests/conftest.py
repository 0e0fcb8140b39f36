"""What the tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# a busy machine must not fail an example for its slowness; in CI the examples are the same each time
settings.register_profile("poollint", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("poollint")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of researched facts and recorded behaviour, beside the checkout; skips where it is absent."""
    folder = Path(os.environ.get("POOLLINT_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the folder of recorded behaviour is not beside this checkout (POOLLINT_SHARED names another)")
    return folder
