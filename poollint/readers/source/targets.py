"""Which versions a project has of its libraries: package.json, its lock file, and what names the release of Node."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from poollint.readers.source.folders import MAX_LEVELS, folder_of, text_at
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poollint.blocks import Block
    from poollint.files import Files
    from poollint.versions import Version

ANY = 9999  # stands for the newest of a line of releases: ^8.11.0 installs some 8.x
_EXACT = re.compile(r"[v=]?\s*(\d+\.\d+\.\d+)(?:[-+].*)?$")
_LINE = re.compile(r"([~^])\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+].*)?$|v?(\d+)(?:\.(\d+|[xX*]))?(?:\.[xX*])?$")
_FLOOR = re.compile(r"^\s*>?=?\s*v?(\d+(?:\.\d+)*)")
_PACKAGE_LOCK = "package-lock.json"
_LOCKS = (_PACKAGE_LOCK, "yarn.lock", "pnpm-lock.yaml")


class Project:
    """The packages of the nearest package.json: names with the version that is surely or most likely installed.

    ``None`` stands for a version that nobody can tell (``latest``, ``*``, a URL).
    """

    __slots__ = ("packages",)

    def __init__(self, packages: Mapping[str, Version | None]) -> None:
        self.packages = dict(packages)


NO_PROJECT = Project({})


class Projects:
    """The projects of a run, each file of them read once."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._projects: dict[str, Project] = {}
        self._locks: dict[str, dict[str, set[str]]] = {}

    def of(self, path: str) -> Project:
        """The project of a source file: package.json beside it or in a folder above."""
        folder = folder_of(self.files, path)
        visited = []
        found = NO_PROJECT
        for _level in range(MAX_LEVELS):
            if folder in self._projects:
                found = self._projects[folder]
                break
            visited.append(folder)
            text = self._text(folder, "package.json")
            if text is not None:
                found = self._read(folder, text)
                break
            if self.files.kind(posixpath.join(folder or ".", ".git")) != "missing" and folder not in ("", "."):
                break
            above = posixpath.dirname(folder)
            if above == folder:
                break
            folder = above
        for each in visited:
            self._projects[each] = found
        return found

    def _text(self, folder: str, name: str) -> str | None:
        return text_at(self.files, posixpath.join(folder, name))

    def _read(self, folder: str, text: str) -> Project:
        data = _json(text)
        wanted: dict[str, str] = {}
        for key in ("peerDependencies", "optionalDependencies", "devDependencies", "dependencies"):
            table = data.get(key)
            if isinstance(table, dict):
                wanted.update({name: value for name, value in table.items() if isinstance(value, str)})
        locked = self._locked(folder, {*wanted, *_BROUGHT})
        packages = {**locked, **{name: locked.get(name) or installed(spec) for name, spec in wanted.items()}}
        node = self._node(folder, data)
        if node is not None:
            packages["node"] = node
        if "oracledb" in wanted and self._says_threads(folder, text):
            packages[THREADS] = None
        return Project(packages)

    def _node(self, folder: str, data: dict[str, Any]) -> Version | None:
        """The release of Node: .nvmrc and .node-version say which, ``engines`` the lowest that is allowed."""
        for name in (".nvmrc", ".node-version"):
            match = _FLOOR.match((self._text(folder, name) or "").strip())
            if match:
                return parse_version(match[1])
        engines = data.get("engines")
        spec = engines.get("node") if isinstance(engines, dict) else None
        floors = [_FLOOR.match(part.strip().lstrip("^~")) for part in spec.split("||")] if isinstance(spec, str) else []
        found = min((parse_version(match[1]) for match in floors if match), default=None)
        return found or self._image(folder)

    def _image(self, folder: str) -> Version | None:
        """The release of the images that a Dockerfile builds on, if all of Node's are of one."""
        found = {parse_version(each) for each in _IMAGE.findall(self._text(folder, "Dockerfile") or "")}
        return found.pop() if len(found) == 1 else None

    def _says_threads(self, folder: str, text: str) -> bool:
        """Whether a file that starts the program says how many threads libuv has."""
        return THREADS in text or any(THREADS in (self._text(folder, name) or "") for name in _STARTERS)

    def _locked(self, folder: str, names: set[str]) -> dict[str, Version]:
        """Versions out of the lock file beside package.json, or of that of the workspace above it."""
        inner = ""
        for _level in range(MAX_LEVELS):
            for name in _LOCKS:
                text = self._text(folder, name)
                if text is None:
                    continue
                if name == _PACKAGE_LOCK:
                    return _package_lock(text, names, inner)
                path = posixpath.join(folder, name)
                if path not in self._locks:  # that of a workspace serves many packages
                    self._locks[path] = _other_lock(text)
                held = self._locks[path]
                return {each: parse_version(min(held[each])) for each in names if len(held.get(each, ())) == 1}
            if folder in ("", ".", "/") or self.files.kind(posixpath.join(folder, ".git")) != "missing":
                break
            inner = posixpath.join(posixpath.basename(folder), inner)
            folder = posixpath.dirname(folder)
        return {}


# packages that others bring along, so that the lock file alone tells of them
_BROUGHT = ("@smithy/node-http-handler",)
# what a file that starts the program may set for it; told as if it were a package
THREADS = "UV_THREADPOOL_SIZE"
_STARTERS = (
    *("Dockerfile", "Procfile", ".env", ".env.production", "ecosystem.config.js", "ecosystem.config.cjs"),
    *("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"),
)
_IMAGE = re.compile(r"(?mi)^\s*FROM\s+(?:--platform=\S+\s+)?(?:[\w.:-]+/)*node:v?(\d+(?:\.\d+)*)")
# packages whose presence or version a rule asks for beside that of its own system
TOLD = (
    *("node", "undici", THREADS, "prisma", "@prisma/client", "pg", "next", "nuxt", "@remix-run/node", "@remix-run/dev"),
    *("react-dom", "vue", "@angular/core", "svelte", "preact", "express", "fastify", "koa", "@nestjs/core", "hono"),
)


def tell_packages(blocks: list[Block], packages: Mapping[str, Version | None]) -> None:
    """The fact ``packages`` of each block: those of the project that rules ask for."""
    told = {name: packages[name] for name in TOLD if name in packages}
    for block in blocks:
        if told:
            block.facts["packages"] = told


def _json(text: str) -> dict[str, Any]:
    import json

    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _package_lock(text: str, names: set[str], inner: str = "") -> dict[str, Version]:
    """``inner`` is the folder of a workspace below the lock file, which may have a release of its own."""
    data = _json(text)
    found = {}
    packages, old = data.get("packages"), data.get("dependencies")
    for name in names:
        whole = packages if isinstance(packages, dict) else {}
        entry = whole.get(f"{inner}node_modules/{name}") or whole.get(f"node_modules/{name}")
        if entry is None and isinstance(old, dict):
            entry = old.get(name)
        version = entry.get("version") if isinstance(entry, dict) else None
        match = _EXACT.match(version) if isinstance(version, str) else None
        if match:
            found[name] = parse_version(match[1])
    return found


# an entry of yarn.lock with its release, and one of pnpm-lock.yaml
_YARN = re.compile(r'(?m)^"?(@?[^@\s"]+)@[^\n]*:\n\s+version:? "?(\d+\.\d+\.\d+)')
_PNPM = re.compile(r"(?m)^[ \t]+['\"]?/?((?:@[^@/\s'\"]+/)?[^@/\s'\"]+)[@/](\d+\.\d+\.\d+)[^\n]*:$")


def _other_lock(text: str) -> dict[str, set[str]]:
    """The versions of every package in yarn.lock or pnpm-lock.yaml."""
    found: dict[str, set[str]] = {}
    for pattern in (_YARN, _PNPM):
        for name, version in pattern.findall(text):
            found.setdefault(name, set()).add(version)
    return found


def installed(spec: str) -> Version | None:
    """The version that a range of package.json installs: the newest of a line; None where that may be any."""
    spec = spec.strip().removeprefix("npm:").removeprefix("workspace:")
    exact = _EXACT.match(spec)
    if exact:
        return parse_version(exact[1])
    match = _LINE.match(spec)
    if match is None:
        return None
    if match[1] is None:
        minor = match[6]
        return (int(match[5]), int(minor), ANY) if minor and minor.isdigit() else (int(match[5]), ANY)
    major, minor, patch = int(match[2]), match[3], match[4]
    if minor is None:
        return (major, ANY)
    if match[1] == "~":
        return (major, int(minor), ANY)
    if major > 0:
        return (major, ANY)
    return (0, int(minor), ANY) if int(minor) or patch is None else (0, 0, int(patch))
