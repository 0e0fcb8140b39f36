"""``python -m poollint`` and the ``poollint`` command."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line; never returns."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from poollint import __version__

        sys.stdout.write(f"poollint {__version__}\n")
        raise SystemExit(0)
    gc.disable()  # one short run, no cycles worth collecting: parsing is two to five times as fast
    from poollint.cli.main import run

    raise SystemExit(run())


if __name__ == "__main__":
    main()
