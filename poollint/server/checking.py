"""Checks of open buffers, without a word of the protocol: what an editor shows, before and after it is saved."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple

from poollint import api
from poollint.config import ConfigError, shown
from poollint.engine.messages import format_setting
from poollint.files import DiskFiles, FileError, MemoryFiles
from poollint.findings import SEVERITIES, EditText
from poollint.knowledge.describe import setting_facts
from poollint.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poollint.blocks import Block, Setting
    from poollint.findings import Finding

NO_SYSTEM = "none"


class Checked(NamedTuple):
    """What is known of one buffer: its findings, its blocks, and why it could not be checked, if so."""

    path: str
    source: Source
    findings: tuple[Finding, ...] = ()
    blocks: tuple[Block, ...] = ()
    error: str = ""
    comments: Ignoring | None = None


class Ignoring(NamedTuple):
    """How comments suppress findings in a buffer: what begins one, whether a reason is wanted, codes that none may."""

    leader: str
    reasons: bool
    locked: frozenset[str]


def near(path: str) -> str:
    """A path as the command line would name it: relative beneath the working directory."""
    inside = shown(os.path.abspath(path))
    return os.path.abspath(path) if inside.startswith("..") else inside


def overlay(buffers: Mapping[str, str]) -> MemoryFiles:
    """The open buffers over the disk, by either form of their paths, for files include each other by both."""
    texts: dict[str, str] = {}
    for path, text in buffers.items():
        texts[path] = texts[os.path.abspath(path).replace(os.sep, "/")] = text
    return MemoryFiles(texts, beneath=DiskFiles())


def check_buffer(path: str, buffers: Mapping[str, str], language: str = "") -> Checked:
    """Check the buffer ``path`` of the open ones. Nothing that stands in a text makes it raise."""
    source = Source(path, buffers[path])
    try:
        return _check(source, overlay(buffers), language)
    except ConfigError as error:
        return Checked(path, source, error=str(error))
    except Exception as error:  # an editor must not lose its server over one text
        return Checked(path, source, error=f"poollint failed: {type(error).__name__}: {error}")


def _check(source: Source, files: MemoryFiles, language: str) -> Checked:
    path = source.path
    session = api.Session(api.Options(), files)
    config = session.config_for(path)
    if len(source.text) > config.max_file_size or _excluded(session, path):
        return Checked(path, source)
    told = config.system_of(path)
    found = [(told[0], True)] if told is not None else api.recognise_all(session, path, source.text)
    if not found and language in session.knowledge.systems:
        found = [(language, True)]
    if not found or found[0][0] == NO_SYSTEM:
        return Checked(path, source)
    readings, unread = session.read_all([(path, *each) for each in found])
    findings = session.check(readings)
    if config.baseline:
        findings = _baselined(findings, config.baseline)
    least = SEVERITIES.index(config.min_severity)
    own = [
        each
        for each in findings
        if each.path == path and each.suppressed is None and SEVERITIES.index(each.severity) >= least
    ]
    blocks = [block for each in readings for block in each.reading.blocks]
    error = "; ".join(each.message for each in unread)
    return Checked(
        path, source, tuple(own), tuple(blocks), error, _ignoring(session, path, [name for name, _ in found])
    )


def _ignoring(session: api.Session, path: str, readers: list[str]) -> Ignoring | None:
    """How a comment may suppress findings there; None where none may."""
    from poollint.engine.suppressing import codes_of, comments_of

    config = session.config_for(path)
    leaders, _ = comments_of(session, readers)
    if not leaders or not config.allow_inline:
        return None
    locked = {code for selector in config.never_suppress for code in codes_of(session, selector) or ()}
    return Ignoring(leaders[0], config.require_reason, frozenset(locked))


def _excluded(session: api.Session, path: str) -> bool:
    from poollint.discovery.excludes import excluded_by

    return bool(excluded_by(session.config_for(path), path))


def _baselined(findings: list[Finding], path: str) -> list[Finding]:
    from poollint.engine.baseline import apply_baseline, read_baseline

    if not os.path.isfile(path):
        return findings
    return apply_baseline(findings, read_baseline(path), path, checked=())[0]


# Meaning


class Meaning(NamedTuple):
    """What a setting means, as Markdown, and the stretch that it stands on."""

    text: str
    start: int
    end: int


def meaning_at(checked: Checked, offset: int) -> Meaning | None:
    """What the setting at an offset means; None where none that the catalogue knows stands."""
    best: tuple[int, Block, Setting, int, int] | None = None
    for block in checked.blocks:
        for setting in block.settings.values():
            for start, end in _stretches(setting, checked.path):
                if start <= offset <= end and setting.spec is not None and (best is None or end - start < best[0]):
                    best = (end - start, block, setting, start, end)
    if best is None:
        return None
    _, block, setting, start, end = best
    return Meaning(_describe(block, setting), start, end)


def _stretches(setting: Setting, path: str) -> Iterator[tuple[int, int]]:
    """Name and value of a setting in one stretch where they stand on one line, else each."""
    places = [place for place in (setting.key_place, setting.place) if place is not None and place.source.path == path]
    if len(places) == 2:
        start, end = min(place.start for place in places), max(place.end for place in places)
        if "\n" not in places[0].source.text[start:end]:
            yield start, end
            return
    for place in places:
        yield place.start, place.end


def _describe(block: Block, setting: Setting) -> str:
    from poollint.knowledge.index import knowledge

    spec = setting.spec
    assert spec is not None
    shape = knowledge().systems.get(block.system, {})
    kind = block.spec.title if block.spec is not None else block.kind
    lines = [f"**{setting.name}** · {shape.get('title', block.system)}, {kind}", ""]
    if spec.raw.get("note"):
        lines += [str(spec.raw["note"]), ""]
    facts = setting_facts(spec, block.target)
    if not spec.raw.get("secret") and setting.value is not None:
        facts.insert(0, ("here", format_setting(setting)))
    lines += [f"- {label}: {_escaped(text)}" for label, text in facts]
    see = spec.raw.get("doc") or shape.get("docs")
    if see:
        lines += ["", f"<{see}>"]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>" else sign for sign in text)


# Fixes


class Edits(NamedTuple):
    """One fix as an editor offers it: ``findings`` are those that it removes, ``texts`` the files that it edits."""

    title: str
    safe: bool
    findings: tuple[Finding, ...]
    edits: tuple[EditText, ...]


def fixes_at(checked: Checked, start: int, end: int) -> list[Edits]:
    """The fixes of the findings that a stretch touches."""
    found = []
    for finding in checked.findings:
        first, last = stretch_of(checked.source, finding)
        if finding.fix is not None and first <= end and start <= last:
            title = finding.fix.title if finding.fix.safe else f"{finding.fix.title} (may change what it does)"
            found.append(Edits(title, finding.fix.safe, (finding,), finding.fix.edits))
    return found


def ignored_at(checked: Checked, start: int, end: int) -> list[Edits]:
    """A comment that suppresses a rule's finding, on a line above each finding that a stretch touches."""
    how = checked.comments
    found: dict[tuple[str, int], Edits] = {}
    for finding in checked.findings if how is not None else ():
        first, last = stretch_of(checked.source, finding)
        if how is None or finding.code in how.locked or not (first <= end and start <= last):
            continue
        text = checked.source.line_text(finding.line)
        if not text.strip() or finding.code.startswith("PL09"):
            continue  # a comment about a comment would be one too many
        at = checked.source.line_start(finding.line)
        indent = text[: len(text) - len(text.lstrip())]
        reason = " -- reason" if how.reasons else ""
        line_end = "\r\n" if checked.source.text[at + len(text) :].startswith("\r\n") else "\n"
        comment = f"{indent}{how.leader} poollint: ignore[{finding.code}]{reason}{line_end}"
        title = f"ignore {finding.code} ({finding.name}) here"
        edit = EditText(checked.path, at, at, comment)
        found.setdefault((finding.code, finding.line), Edits(title, False, (finding,), (edit,)))
    return list(found.values())


def fix_all(checked: Checked) -> Edits | None:
    """Every safe fix whose edits leave those before it alone; None when there is none."""
    taken: dict[EditText, None] = {}
    fixed = []
    for finding in checked.findings:
        fix = finding.fix
        if fix is None or not fix.safe or any(_clash(edit, other) for edit in fix.edits for other in taken):
            continue
        taken.update(dict.fromkeys(fix.edits))
        fixed.append(finding)
    return Edits("fix all that poollint can fix safely", True, tuple(fixed), tuple(taken)) if fixed else None


def _clash(edit: EditText, other: EditText) -> bool:
    return edit != other and edit.path == other.path and edit.start <= other.end and other.start <= edit.end


def stretch_of(source: Source, finding: Finding) -> tuple[int, int]:
    """The offsets that a finding's lines and columns name, kept within the text."""
    start = _offset(source, finding.line, finding.column)
    return start, max(start, _offset(source, finding.end_line, finding.end_column))


def _offset(source: Source, line: int, column: int) -> int:
    if line < 1:
        return 0
    if line > source.line_count():
        return len(source.text)
    return min(source.line_start(line) + column - 1, len(source.text))


def texts_of(paths: Iterable[str], buffers: Mapping[str, str]) -> dict[str, str]:
    """The texts of files that edits name, open ones as they stand in the editor; what cannot be read is left out."""
    files = overlay(buffers)
    found = {}
    for path in set(paths):
        with contextlib.suppress(FileError):
            found[path] = files.load(path).text
    return found
