"""Fixes: edits by span, tried in memory, judged again, and only then written.

A fix counts as applied when its finding is gone from a fresh check of all the files together and no error or warning came
with it (what a program refused before may have hidden warnings: for such fixes only errors count), and when code that
could be parsed still can be; any other is left out and named. Fixes that touch the same characters are applied one after
the other, in passes.
Everything outside an edit stays byte for byte, whatever the file's encoding and line ends are.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.source import TEXT_ENCODING, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from poollint.api import Result, Session
    from poollint.files import Files
    from poollint.findings import EditText, Finding, FixText

MAX_PASSES = 10

Identity = tuple[str, str, str]


class FixError(Exception):
    """A file that cannot be written; ``str()`` says why in one line."""


class Refused(NamedTuple):
    """A fix that was tried and left out."""

    finding: Finding
    reason: str


class Changed(NamedTuple):
    """A file with its text before and after."""

    path: str
    before: str
    after: str


class Outcome(NamedTuple):
    """What is left after fixing, what was fixed, and the files as they would be."""

    result: Result
    fixed: list[Finding]
    refused: list[Refused]
    changed: list[Changed]


class Overlay:
    """Files with some of their texts changed in memory, known by their real paths so that a link shows its target."""

    def __init__(self, beneath: Files) -> None:
        self.beneath = beneath
        self.texts: dict[str, str] = {}

    def load(self, path: str) -> Source:
        text = self.texts.get(os.path.realpath(path)) if self.texts else None
        return self.beneath.load(path) if text is None else Source(path, text)

    def glob(self, pattern: str) -> list[str]:
        return self.beneath.glob(pattern)

    def kind(self, path: str) -> str:
        return self.beneath.kind(path)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


def apply_edits(text: str, edits: Iterable[EditText]) -> str:
    """The text with edits that do not overlap applied; line ends within them become those of the text around them."""
    parts: list[str] = []
    done = 0
    for start, end, new in sorted({(each.start, each.end, each.text) for each in edits}):
        parts += (text[done:start], _with_line_ends(text, start, new))
        done = end
    parts.append(text[done:])
    return "".join(parts)


def _with_line_ends(text: str, start: int, new: str) -> str:
    if "\n" not in new or "\r\n" in new:
        return new
    at = text.find("\n", start)
    at = text.rfind("\n") if at < 0 else at
    return new.replace("\n", "\r\n") if at > 0 and text[at - 1] == "\r" else new


def fits(fix: FixText, taken: Sequence[EditText], real: Callable[[str], str]) -> bool:
    """Whether a fix touches no character that ``taken`` edits touch; the very same edit may be shared."""
    for edit in fix.edits:
        for other in taken:
            if real(edit.path) != real(other.path) or edit[1:] == other[1:]:
                continue
            if edit.start < other.end and other.start < edit.end:
                return False
            if edit.start in (other.start, other.end) or edit.end == other.start:
                return False  # which of two edits that meet comes first is for the next pass to see
    return True


class Fixer:
    """One run of fixing: ``candidates`` as discovery found them, ``mark`` marks and filters the findings of a check.

    ``mark`` gives the findings that may be fixed (not suppressed, not in a baseline, shown).
    """

    def __init__(
        self,
        session: Session,
        candidates: Sequence[tuple[str, str, bool]],
        *,
        unsafe: bool = False,
        mark: Callable[[list[Finding]], list[Finding]] = lambda findings: findings,
        within: Sequence[str] = (),
    ) -> None:
        self.session = session
        self.candidates = candidates
        self.unsafe = unsafe
        self.mark = mark
        self.within = [os.path.realpath(each) for each in within]
        self.overlay = Overlay(session.files)
        self.fixed: list[Finding] = []
        self.refused: list[Refused] = []
        self._tried: set[tuple[Identity, str]] = set()
        self._before: dict[str, Changed] = {}
        self._states: list[frozenset[tuple[str, str]]] = [frozenset()]
        self._real: dict[str, str] = {}
        self._last: Result

    def run(self) -> Outcome:
        """Fix in memory until nothing is left to do."""
        self.session.files = self.overlay
        try:
            result = self.check()
            for _ in range(MAX_PASSES):
                after = self._pass(result)
                if after is None:
                    break
                result = after
        finally:
            self.session.files = self.overlay.beneath
        texts = self.overlay.texts
        changed = [
            Changed(path, before, texts[real])
            for real, (path, before, _) in sorted(self._before.items())
            if texts.get(real, before) != before
        ]
        return Outcome(result, self.fixed, self.refused, changed)

    def check(self) -> Result:
        """A check of everything with the texts that are in force."""
        from poollint.api import Result

        readings, unread = self.session.read_all(self.candidates)
        findings = self.session.check(readings)
        self._last = Result(findings, unread + self.session.failures, readings)
        return self._last

    def result(self, findings: list[Finding]) -> Result:
        """The last check with other findings in it."""
        return self._last._replace(findings=findings)

    def real(self, path: str) -> str:
        found = self._real.get(path)
        if found is None:
            found = self._real[path] = os.path.realpath(path)
        return found

    # One pass

    def _pass(self, result: Result) -> Result | None:
        """Apply what can be applied together; the check after it, None when there was nothing to do."""
        batch = self._batch(self.mark(result.findings))
        if not batch:
            return None
        accepted: list[Finding] = []
        after = self._grow(result, accepted, batch)
        if after is None:
            return result  # all of them were refused; others that met them may fit now
        self.fixed += accepted
        return after

    def _batch(self, findings: list[Finding]) -> list[Finding]:
        batch: list[Finding] = []
        taken: list[EditText] = []
        for finding in sorted(findings, key=lambda each: not _is_error(each)):
            if batch and _is_error(batch[0]) and not _is_error(finding):
                break  # what was refused may hide findings: those come to light in a pass of their own
            fix = finding.fix
            if fix is None or finding.suppressed is not None or not (fix.safe or self.unsafe):
                continue
            if not fix.edits or (self.identity(finding), fix.title) in self._tried:
                continue
            outside = next((edit.path for edit in fix.edits if not self._is_within(edit.path)), None)
            if outside is not None:
                self._refuse(finding, f"{outside} is outside of what was named")
            elif fits(fix, taken, self.real):
                batch.append(finding)
                taken += fix.edits
        return batch

    def _is_within(self, path: str) -> bool:
        if not self.within:
            return True
        real = self.real(path)
        return any(real == top or real.startswith(top.rstrip(os.sep) + os.sep) for top in self.within)

    def _grow(self, before: Result, accepted: list[Finding], batch: list[Finding]) -> Result | None:
        """Add to ``accepted`` what of the batch holds; halves of a batch that does not are tried on their own."""
        after, reason = self._try(before, [*accepted, *batch])
        if after is not None:
            accepted += batch
            return after
        if len(batch) == 1:
            self._refuse(batch[0], reason)
            return None
        half = len(batch) // 2
        first = self._grow(before, accepted, batch[:half])
        return self._grow(before, accepted, batch[half:]) or first

    def _refuse(self, finding: Finding, reason: str) -> None:
        assert finding.fix is not None
        self._tried.add((self.identity(finding), finding.fix.title))
        self.refused.append(Refused(finding, reason))

    def _try(self, before: Result, chosen: list[Finding]) -> tuple[Result | None, str]:
        """The check with the chosen fixes applied to the texts of ``before``, or why they cannot be."""
        kept = self.overlay.texts
        self._set(before, chosen)
        state = self._state()
        reason = "it undoes another fix" if state in self._states else ""
        if not reason:
            after = self.check()
            reason = self._fault(before, after, chosen)
            if not reason:
                self._states.append(state)
                return after, ""
        self.overlay.texts = kept
        return None, reason

    def _state(self) -> frozenset[tuple[str, str]]:
        """What differs from the files as they were."""
        texts = self.overlay.texts.items()
        return frozenset((real, text) for real, text in texts if text != self._before[real].before)

    def _set(self, before: Result, chosen: list[Finding]) -> None:
        """Put the texts of ``before`` with the chosen fixes into force."""
        sources = {
            self.real(path): (path, source)
            for each in before.files
            for path, source in ((each.path, each.source), *each.reading.included.items())
        }
        edits: dict[str, list[EditText]] = {}
        for finding in chosen:
            for edit in finding.fix.edits if finding.fix is not None else ():
                edits.setdefault(self.real(edit.path), []).append(edit)
        texts = dict(self.overlay.texts)
        for real, (_, source) in sources.items():
            if real in texts:
                texts[real] = source.text
        for real, listed in edits.items():
            path, source = sources.get(real) or (listed[0].path, self.overlay.load(listed[0].path))
            self._before.setdefault(real, Changed(path, source.text, ""))
            texts[real] = apply_edits(source.text, listed)
        self.overlay.texts = texts

    # Judgement

    def identity(self, finding: Finding) -> Identity:
        return finding.code, self.real(finding.path), finding.key

    def _fault(self, before: Result, after: Result, chosen: list[Finding]) -> str:
        """Why the fixes do not hold: a finding that stays, an error that is new, a file that is no longer read."""
        was = Counter(self.identity(each) for each in before.findings)
        now = Counter(self.identity(each) for each in after.findings)
        for identity, count in Counter(self.identity(each) for each in chosen).items():
            if now[identity] > was[identity] - count:
                return "its finding would stay"
        opening = any(_is_error(each) for each in chosen)
        for counts, what in ((_is_error, "error"), (_is_warning, "warning")):
            if what == "warning" and opening:
                continue
            left = Counter(self.identity(each) for each in before.findings if counts(each))
            for each in filter(counts, after.findings):
                identity = self.identity(each)
                left[identity] -= 1
                if left[identity] < 0:
                    return f"it would bring another {what}: {each.path}:{each.line}: {each.code} {each.message}"
        broken = self._broken(before, after)
        if broken:
            return f"{broken} could not be parsed with it"
        if len(after.files) < len(before.files) or len(after.unread) > len(before.unread):
            return "a file could not be read with it"
        return ""

    def _broken(self, before: Result, after: Result) -> str:
        """The path of a changed file of code that no longer parses; empty when there is none."""
        from poollint.formats.source_code import EXTENSIONS, parse

        was = {self.real(each.path): each.source for each in before.files}
        for each in after.files:
            language = EXTENSIONS.get(os.path.splitext(each.path)[1])
            old = was.get(self.real(each.path))
            if not language or language == "kotlin" or old is None or old.text == each.source.text:
                continue
            if parse(each.source, language).root.has_error and not parse(old, language).root.has_error:
                return each.path
        return ""


def _is_warning(finding: Finding) -> bool:
    return finding.severity != "info" and finding.suppressed is None


def _is_error(finding: Finding) -> bool:
    return finding.severity == "error" and finding.suppressed is None


# Writing


def write(changed: Changed) -> None:
    """Replace a file whole or not at all, its mode kept; a link stays a link. FixError when that cannot be."""
    import tempfile

    real = os.path.realpath(changed.path)
    folder, base = os.path.split(real)
    temporary = ""
    try:
        with open(real, "rb") as handle:
            if handle.read() != encoded(changed.before):
                raise FixError("has changed meanwhile; nothing was written")
        if not os.access(real, os.W_OK):
            raise FixError("is write-protected")
        status = os.stat(real)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{base[:100]}.", suffix=".tmp", dir=folder)
        with open(descriptor, "wb") as handle:
            handle.write(encoded(changed.after))
            handle.flush()
            os.fsync(handle.fileno())
        _keep_owner(temporary, status)
        os.replace(temporary, real)
        temporary = ""
    except OSError as error:
        raise FixError(f"cannot be written: {error.strerror or error}") from None
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def _keep_owner(path: str, status: os.stat_result) -> None:
    import contextlib
    import stat

    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, stat.S_IMODE(status.st_mode))


def encoded(text: str) -> bytes:
    """The bytes that a text was read from, or is to be written as."""
    return text.encode(TEXT_ENCODING, "surrogateescape")


# Showing


def diff(changed: Changed) -> Iterator[str]:
    """A unified diff, line by line, as ``patch -p0`` and ``git apply -p0`` take it."""
    from difflib import unified_diff

    for line in unified_diff(_lines(changed.before), _lines(changed.after), changed.path, changed.path):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Lines as patch counts them: they end at LF alone."""
    parts = text.split("\n")
    lines = [part + "\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines
