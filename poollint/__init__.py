"""poollint: checks connection pools, keep-alive and timeouts where they are configured.

As a library: ``check_text(text, path=...)`` and ``check_paths(paths)``; see ``poollint.api``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not typing's: importing that takes a fifth of the time of --version

__version__ = "0.1.0"
__all__ = ["__version__", "check_paths", "check_text"]

if TYPE_CHECKING:
    from typing import Any

    from poollint.api import check_paths, check_text


def __getattr__(name: str) -> Any:
    """The library is imported when it is used: the command line must start without it."""
    if name in ("check_paths", "check_text"):
        from poollint import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
