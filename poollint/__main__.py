"""``python -m poollint`` and the ``poollint`` command."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line; never returns."""
    _open_closed()
    if sys.argv[1:] in (["--version"], ["-V"]):
        from poollint import __version__

        sys.stdout.write(f"poollint {__version__}\n")
        raise SystemExit(0)
    gc.disable()  # one short run, no cycles worth collecting: parsing is two to five times as fast
    if sys.argv[1:2] == ["check"] and "_POOLLINT_COMPLETE" not in os.environ:
        from poollint.cli import fast

        parsed = fast.parse(sys.argv[2:])
        if parsed is not None:
            from poollint.cli.checking import run_check
            from poollint.cli.running import guarded

            leave(guarded(lambda: run_check(parsed[0] or (".",), parsed[1])))
    from poollint.cli.main import run

    raise SystemExit(run())


def _open_closed() -> None:
    """A caller may have closed the standard streams (``>&-``): what is written there goes nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open as long as the process


def leave(status: int) -> None:
    """End the process without taking apart what it built: a tenth of the time of a check of many blocks."""
    import atexit

    try:
        atexit._run_exitfuncs()  # noqa: SLF001 - os._exit leaves them out
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        raise SystemExit(status) from None
    os._exit(status)


if __name__ == "__main__":
    main()
