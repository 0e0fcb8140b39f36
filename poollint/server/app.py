"""The server's side of the protocol, on pygls."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from poollint import __version__
from poollint.config import CONFIG_NAMES, PYPROJECT
from poollint.knowledge.index import knowledge
from poollint.reports.base import utf8
from poollint.server.checking import (
    Checked,
    Edits,
    check_buffer,
    fix_all,
    fixes_at,
    ignored_at,
    meaning_at,
    near,
    stretch_of,
    texts_of,
)
from poollint.server.positions import Lines

if TYPE_CHECKING:
    from poollint.findings import Finding, Related

NAME = "poollint"
PAUSE = 0.15  # seconds without typing after which a changed buffer is checked
FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.{NAME}"
LEVELS = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}


class Server(LanguageServer):
    """The open buffers and what was last found in each."""

    def __init__(self) -> None:
        super().__init__(NAME, __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.checked: dict[str, tuple[int | None, Checked]] = {}

    # Names

    def path_of(self, uri: str) -> str:
        """A buffer's path; one that was never saved has the name that the editor gives it."""
        path = uris.to_fs_path(uri)
        return near(path) if path else uri.partition(":")[2].lstrip("/") or uri

    def uri_of(self, path: str) -> str:
        """The address of a file, as the editor itself writes it where it is open."""
        for uri in self.workspace.text_documents:
            if self.path_of(uri) == path:
                return str(uri)
        return str(uris.from_fs_path(os.path.abspath(path)))

    def buffers(self) -> dict[str, str]:
        return {self.path_of(uri): document.source for uri, document in self.workspace.text_documents.items()}

    def lines(self, text: str) -> Lines:
        encoding = self.workspace.position_encoding
        return Lines(text, str(getattr(encoding, "value", encoding) or "utf-16"))

    # Checks

    def check(self, uri: str) -> Checked | None:
        """What is found in an open buffer as it stands now; None when it is not open."""
        document = self.workspace.text_documents.get(uri)
        if document is None:
            return None
        known = self.checked.get(uri)
        if known is not None and known[0] == document.version and known[1].source.text == document.source:
            return known[1]
        found = check_buffer(self.path_of(uri), self.buffers(), document.language_id or "")
        self.checked[uri] = (document.version, found)
        return found

    def publish(self, uri: str) -> None:
        """Check a buffer and tell the editor."""
        found = self.check(uri)
        if found is None:
            return
        lines = self.lines(found.source.text)
        diagnostics = [self.diagnostic(each, found, lines) for each in found.findings]
        if found.error:
            here = types.Range(types.Position(0, 0), types.Position(0, 1))
            level = types.DiagnosticSeverity.Error
            diagnostics.append(types.Diagnostic(here, utf8(found.error), severity=level, source=NAME))
        version = self.checked[uri][0]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, version))

    def publish_all(self) -> None:
        """Check every open buffer anew: a file that they include or their configuration may have changed."""
        self.checked.clear()
        for uri in list(self.workspace.text_documents):
            self.publish(uri)

    # Words of the protocol

    def diagnostic(self, finding: Finding, found: Checked, lines: Lines) -> types.Diagnostic:
        start, end = stretch_of(found.source, finding)
        text = "\n".join(part for part in (finding.message, finding.help) if part)
        page = page_uri(finding)
        related = [self.related(each) for each in finding.related if each.path and each.line > 0]
        return types.Diagnostic(
            range=range_of(lines, start, end),
            message=utf8(text),
            severity=LEVELS[finding.severity],
            code=finding.code,
            code_description=types.CodeDescription(page) if page else None,
            source=NAME,
            related_information=related or None,
        )

    def related(self, related: Related) -> types.DiagnosticRelatedInformation:
        texts = texts_of([related.path], self.buffers())
        spot = types.Position(related.line - 1, related.column - 1)
        if related.path in texts:
            lines = self.lines(texts[related.path])
            spot = position(lines, _line_offset(lines.text, related.line) + related.column - 1)
        location = types.Location(self.uri_of(related.path), types.Range(spot, spot))
        return types.DiagnosticRelatedInformation(location, utf8(related.message))

    def action(self, edits: Edits, found: Checked, kind: str, *, preferred: bool) -> types.CodeAction | None:
        """A fix as the editor applies it; None when a file that it edits cannot be read."""
        texts = texts_of((edit.path for edit in edits.edits), self.buffers())
        changes: dict[str, list[types.TextEdit]] = {}
        for edit in edits.edits:
            if edit.path not in texts:
                return None
            here = range_of(self.lines(texts[edit.path]), edit.start, edit.end)
            changes.setdefault(self.uri_of(edit.path), []).append(types.TextEdit(here, edit.text))
        lines = self.lines(found.source.text)
        return types.CodeAction(
            title=f"{NAME}: {edits.title}",
            kind=kind,
            diagnostics=[self.diagnostic(each, found, lines) for each in edits.findings],
            is_preferred=preferred or None,
            edit=types.WorkspaceEdit(changes=changes),
        )


def position(lines: Lines, offset: int) -> types.Position:
    spot = lines.spot(offset)
    return types.Position(spot.line, spot.character)


def range_of(lines: Lines, start: int, end: int) -> types.Range:
    return types.Range(position(lines, start), position(lines, end))


def _line_offset(text: str, line: int) -> int:
    from poollint.source import Source

    source = Source("", text)
    return source.line_start(line) if line <= source.line_count() else len(text)


def page_uri(finding: Finding) -> str:
    """The rule's page: on the site that is configured, else as it is installed here; empty when there is none."""
    if "://" in finding.help_url:
        return finding.help_url
    path = os.path.join(os.path.dirname(knowledge().root), finding.help_url)
    return str(uris.from_fs_path(path)) if finding.help_url and os.path.isfile(path) else ""


def make_server() -> Server:
    """A server with every feature; ``start_io`` of it serves one editor."""
    server = Server()
    kinds: list[types.CodeActionKind | str] = [types.CodeActionKind.QuickFix, FIX_ALL]
    server.feature(types.INITIALIZED)(initialized)
    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(opened)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(changed)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(saved)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(closed)
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(watched)
    server.feature(types.TEXT_DOCUMENT_HOVER)(hover)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))(actions)
    return server


async def initialized(ls: Server, _params: types.InitializedParams) -> None:
    root = ls.workspace.root_path
    if root and os.path.isdir(root):
        os.chdir(root)  # so that paths read as on a command line in the project
    workspace = ls.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    if watching is not None and watching.dynamic_registration:
        watchers = [types.FileSystemWatcher(f"**/{name}") for name in (*CONFIG_NAMES, PYPROJECT)]
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        asked = types.RegistrationParams([types.Registration("configuration", method, options)])
        await ls.client_register_capability_async(asked)


def opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    ls.publish(params.text_document.uri)


async def changed(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    uri, version = params.text_document.uri, params.text_document.version
    await asyncio.sleep(PAUSE)
    document = ls.workspace.text_documents.get(uri)
    if document is not None and document.version == version:
        ls.publish(uri)


def saved(ls: Server, _params: types.DidSaveTextDocumentParams) -> None:
    ls.publish_all()


def closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.checked.pop(uri, None)
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


def watched(ls: Server, _params: types.DidChangeWatchedFilesParams) -> None:
    ls.publish_all()


def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    found = ls.check(params.text_document.uri)
    if found is None:
        return None
    lines = ls.lines(found.source.text)
    meaning = meaning_at(found, lines.offset(params.position.line, params.position.character))
    if meaning is None:
        return None
    text = types.MarkupContent(types.MarkupKind.Markdown, utf8(meaning.text))
    return types.Hover(text, range_of(lines, meaning.start, meaning.end))


def actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    found = ls.check(params.text_document.uri)
    return [] if found is None else code_actions(ls, found, params)


def code_actions(server: Server, found: Checked, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The fixes of what stands in the range, the safe ones first, comments that ignore it, and all safe ones at once."""
    lines = server.lines(found.source.text)
    start = lines.offset(params.range.start.line, params.range.start.character)
    end = lines.offset(params.range.end.line, params.range.end.character)
    quick = types.CodeActionKind.QuickFix.value
    offers = fixes_at(found, start, end) if wanted(quick, params.context) else []
    made = [
        server.action(edits, found, quick, preferred=edits.safe)
        for edits in sorted(offers, key=lambda each: not each.safe)
    ]
    ignores = ignored_at(found, start, end) if wanted(quick, params.context) else []
    made += [server.action(edits, found, quick, preferred=False) for edits in ignores]
    everything = fix_all(found) if wanted(FIX_ALL, params.context) else None
    if everything is not None:
        made.append(server.action(everything, found, FIX_ALL, preferred=False))
    return [action for action in made if action is not None]


def wanted(kind: str, context: types.CodeActionContext) -> bool:
    """Whether the editor asks for actions of a kind: for all, or for this one or one above it."""
    if context.only is None:
        return True
    asked = [str(getattr(each, "value", each)) for each in context.only]
    return any(kind == each or kind.startswith(f"{each}.") or not each for each in asked)
