"""Which files an include of nginx.conf names, as far as they can be seen from here."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.files import FileError
from poollint.readers.nginx_grammar import has_hole

if TYPE_CHECKING:
    from poollint.files import Files
    from poollint.source import Source

# Where distributions and images keep nginx.conf: an absolute include below one of them is looked for beside the checked
# main file, which may be a copy.
HOMES = (
    "/etc/nginx",
    "/usr/local/nginx/conf",
    "/usr/local/etc/nginx",
    "/opt/nginx/conf",
    "/usr/local/openresty/nginx/conf",
)
# Files of the distribution that change nothing here, whatever folder they are included from.
HARMLESS = frozenset(("mime.types", "koi-utf", "koi-win", "win-utf"))
# ... and those that only set parameters of one kind: the directive and the names that they pass.
_CGI = (
    "QUERY_STRING REQUEST_METHOD CONTENT_TYPE CONTENT_LENGTH REQUEST_URI DOCUMENT_URI DOCUMENT_ROOT SERVER_PROTOCOL "
    "REQUEST_SCHEME HTTPS REMOTE_ADDR REMOTE_PORT SERVER_PORT SERVER_NAME"
)
KNOWN_PARAMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "proxy_params": ("proxy_set_header", ("Host", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto")),
    "fastcgi_params": ("fastcgi_param", tuple(_CGI.split())),
    "fastcgi.conf": ("fastcgi_param", ("SCRIPT_FILENAME", *_CGI.split())),
    "uwsgi_params": ("uwsgi_param", tuple(_CGI.split())),
    "scgi_params": ("scgi_param", tuple(_CGI.split())),
}
PROXY_PARAMS = {
    "Host": "$http_host",
    "X-Real-IP": "$remote_addr",
    "X-Forwarded-For": "$proxy_add_x_forwarded_for",
    "X-Forwarded-Proto": "$scheme",
}
# A template or a sample is not what nginx reads: what stands beside it when nginx starts is put there by somebody else.
_PATTERN = re.compile(r"\.(?:j2|jinja2?|erb|epp|(?:go)?tmpl|s?tpl|template|mustache|in|sample|example|dist|default)$")
UPWARDS = 4  # folders above a snippet in which its relative includes are looked for


class Included(NamedTuple):
    """What an include brings: sources, or why not.

    ``state``: ``found``, ``nothing`` (a pattern that matches no file), ``harmless``, ``params`` (a known file of the
    distribution), ``missing``, ``unreadable`` (``why`` says how) or ``unknown`` (not in sight).
    """

    state: str
    sources: tuple[Source, ...] = ()
    why: str = ""


class Includes:
    """The includes of one main file. ``whole``: it is a main file, so that nginx resolves from its folder alone."""

    def __init__(self, files: Files, main_path: str, prefix: object, *, whole: bool) -> None:
        self.files = files
        self.folder = posixpath.dirname(main_path)
        self.homes = (*((prefix.rstrip("/"),) if isinstance(prefix, str) and prefix else ()), *HOMES)
        self.whole = whole
        self.copied = _PATTERN.search(main_path) is not None
        self._bases: list[str] | None = None

    def resolve(self, pattern: str) -> Included:
        name = posixpath.basename(pattern)
        if has_hole(pattern):
            return Included("unknown")
        found = self._absolute(pattern) if pattern.startswith("/") else self._relative(pattern)
        if found.state in ("unknown", "missing"):
            if name in HARMLESS or "modules-enabled/" in pattern or pattern.startswith("/usr/share/nginx/modules/"):
                return Included("harmless")
            if name in KNOWN_PARAMS:
                return Included("params", why=name)
        return found

    def bases(self) -> list[str]:
        """The folders from which relative includes may count: the main file's, or those above a snippet."""
        if self._bases is None:
            self._bases = [self.folder]
            folder = self.folder
            for _ in range(0 if self.whole else UPWARDS):
                if not folder or folder == "/":
                    break
                folder = posixpath.dirname(folder)
                self._bases.append(folder)
        return self._bases

    def _relative(self, pattern: str) -> Included:
        for base in self.bases():
            found = self._at(posixpath.join(base, pattern))
            if found.state in ("found", "unreadable"):
                return found
        if _is_glob(pattern):
            kind = self.files.kind(posixpath.join(self.folder, posixpath.dirname(pattern)) or ".")
            return Included("nothing" if self.whole and kind != "unknown" else "unknown")
        if not self.whole or self.copied or self.files.kind(posixpath.join(self.folder, pattern)) == "unknown":
            return Included("unknown")
        holder = posixpath.dirname(posixpath.join(self.folder, pattern))
        if posixpath.dirname(pattern) and self.files.kind(holder) != "dir":
            return Included("unknown")
        return Included("missing", why="no such file")

    def _absolute(self, pattern: str) -> Included:
        for home in self.homes:
            if not pattern.startswith(home + "/"):
                continue
            rest = pattern[len(home) + 1 :]
            for base in self.bases():
                found = self._at(posixpath.join(base, rest))
                if found.state in ("found", "unreadable"):
                    return found
                holder = posixpath.dirname(posixpath.join(base, rest))
                if _is_glob(pattern) and posixpath.dirname(rest) and self.files.kind(holder) == "dir":
                    return Included("nothing")
        if self.folder.startswith("/") and posixpath.normpath(pattern).startswith(
            posixpath.normpath(self.folder) + "/"
        ):
            found = self._at(pattern)
            missing = found.state == "unknown" and not self.copied
            return Included("missing", why="no such file") if missing else found
        return Included("unknown")

    def _at(self, path: str) -> Included:
        """The files at a path or pattern; ``unknown`` when there is none."""
        if _is_glob(path):
            names = self.files.glob(path)
            if not names:
                return Included("unknown")
        elif self.files.kind(path) in ("missing", "unknown"):
            return Included("unknown")
        else:
            names = [path]
        sources: list[Source] = []
        try:
            sources.extend(self.files.load(posixpath.normpath(name)) for name in names)
        except FileError as error:
            return Included("unreadable", tuple(sources), str(error))
        return Included("found", tuple(sources))


def _is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern or "[" in pattern
