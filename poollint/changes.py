"""What a change introduced: the lines that differ from a revision of git, and the findings that stand on them."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from poollint.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poollint.findings import Finding

Ranges = list[tuple[int, int]]
WHOLE: Ranges = [(1, 1 << 60)]

_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(r"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
# what a repository may set up to run when a diff is made stays unused
_GIT = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false")


class Changes:
    """The lines, by real path, that differ between the work tree of ``top`` and where it left ``revision``."""

    def __init__(self, top: str, lines: dict[str, Ranges]) -> None:
        self.top = top
        self.lines = lines
        self._real: dict[str, str] = {}

    def real(self, path: str) -> str:
        found = self._real.get(path)
        if found is None:
            found = self._real[path] = os.path.realpath(path)
        return found

    def touches(self, path: str, first: int, last: int) -> bool:
        """Whether any of the lines was changed; all of a file outside of the repository was."""
        real = self.real(path)
        if not real.startswith(self.top.rstrip(os.sep) + os.sep):
            return True
        return any(start <= last and first <= end for start, end in self.lines.get(real, ()))

    def concerns(self, finding: Finding) -> bool:
        """Whether a finding stands on a changed line, or a place that it speaks of does.

        One on what is not written (a default, a missing statement) has no line of its own: any change of its file
        may have brought it.
        """
        if self.touches(finding.path, finding.line, finding.end_line):
            return True
        if not _is_written(finding) and self.lines.get(self.real(finding.path)):
            return True
        return any(each.line > 0 and self.touches(each.path, each.line, each.line) for each in finding.related)


def _is_written(finding: Finding) -> bool:
    """Whether the finding is on a setting that stands in its line."""
    return bool(finding.setting) and finding.setting.lower() in finding.source_line.lower()


def since(revision: str, paths: Sequence[str]) -> Changes:
    """The changes of the repository that the first path is in. ConfigError without git, a repository, the revision."""
    start = next((path for path in paths if path != "-"), ".")
    folder = start if os.path.isdir(start) else os.path.dirname(start) or "."
    top = os.path.realpath(_git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    base = _git(top, "merge-base", commit, "HEAD", fails=False).strip() or commit
    text = _git(
        top, "diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames",
        "--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules", base, "--",
    )  # fmt: skip
    lines = {os.path.realpath(os.path.join(top, name)): ranges for name, ranges in parse(text).items()}
    for name in _git(top, "ls-files", "--others", "--exclude-standard", "-z").split("\0"):
        if name:
            lines[os.path.realpath(os.path.join(top, name))] = WHOLE
    return Changes(top, lines)


def parse(text: str) -> dict[str, Ranges]:
    """Path -> the new lines of each hunk; where lines went, the two lines that now meet there."""
    found: dict[str, Ranges] = {}
    ranges: Ranges = []
    left = 0
    for line in text.split("\n"):
        if left and line[:1] == "+":
            left -= 1  # a line of the new text, whatever it looks like
        elif line.startswith("+++ "):
            ranges = []
            name = _name(line[4:])
            if name:
                found[name] = ranges
        elif (match := _HUNK.match(line)) is not None:
            start, count = int(match[1]), int(match[2] or 1)
            left = count
            ranges.append((start, start + count - 1) if count else (start, start + 1))
    return {name: ranges for name, ranges in found.items() if ranges}


def _name(text: str) -> str:
    """The path of a ``+++`` line; empty for /dev/null."""
    text = text.rstrip("\t")
    if text.startswith('"') and text.endswith('"'):
        inner = text[1:-1].encode("utf-8", "surrogateescape").decode("latin-1")
        text = _ESCAPE.sub(_unescaped, inner).encode("latin-1").decode("utf-8", "surrogateescape")
    return text[2:] if text.startswith("b/") else ""


def _unescaped(match: re.Match[str]) -> str:
    sign = match[1]
    return chr(int(sign, 8)) if len(sign) == 3 else chr(_LETTERS.get(sign, ord(sign)))


def _git(folder: str, *arguments: str, fails: bool = True) -> str:
    try:
        done = subprocess.run(["git", *_GIT, "-C", folder, *arguments], capture_output=True, check=False)  # noqa: S603, S607
    except OSError as error:
        raise ConfigError(f"--since needs git: {error.strerror or error}") from None
    if done.returncode and fails:
        said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        what = said.split("\n")[0] or f"git knows no revision {arguments[-1].removesuffix('^{commit}')!r}"
        raise ConfigError(f"--since: {what}")
    return "" if done.returncode else done.stdout.decode("utf-8", "surrogateescape")


def introduced(findings: Iterable[Finding], changes: Changes) -> list[Finding]:
    """The findings that the changes may have brought."""
    return [each for each in findings if changes.concerns(each)]
