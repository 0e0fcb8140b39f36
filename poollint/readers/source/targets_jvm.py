"""Which versions a JVM project has of its libraries, by what its build files say outright: pom.xml, Gradle's scripts,
version catalogue and lock file. What is computed there is not known."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from poollint.readers.source.folders import folders_above, text_at
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

    from poollint.files import Files
    from poollint.versions import Version

MAX_SIZE = 1 << 20
BOOT = "org.springframework.boot"
SPRING_BOOT = f"{BOOT}:spring-boot"
HIKARI = "com.zaxxer:HikariCP"
_VERSION = r"(\d+(?:\.\d+)+)(?:[.-](?:RELEASE|SNAPSHOT|GA|Final|M\d+|RC\d+|jre\d*))*"
_LITERAL = re.compile(_VERSION)
_REFERENCE = re.compile(r"\$\{([^{}]+)\}")
_PLUGIN = re.compile(rf"""\bid\s*\(?\s*["']{re.escape(BOOT)}["']\s*\)?\s*version\s*\(?\s*["']{_VERSION}["']""")
_DEPENDENCY = re.compile(rf"""["']([\w.-]+:[\w.-]+):{_VERSION}(?:@\w+)?["']""")
_EXTRA = re.compile(rf"""["']hikaricp\.version["']\s*\]?\s*[=,]\s*["']{_VERSION}["']""")
_LOCKED = re.compile(rf"(?m)^([\w.-]+:[\w.-]+):{_VERSION}=")
_CATALOGUE_VERSION = re.compile(rf"""(?m)^[ \t]*["']?([\w.-]+)["']?[ \t]*=[ \t]*["']{_VERSION}["'][ \t]*(?:#.*)?$""")
_CATALOGUE_ENTRY = re.compile(r"(?m)^[ \t]*[\w.\"'-]+[ \t]*=[ \t]*\{([^{}\n]*(?:\{[^{}\n]*\}[^{}\n]*)?)\}")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


class Build(NamedTuple):
    """What the build files of one folder say: texts of versions by coordinate, and properties they may speak of."""

    versions: Mapping[str, str]
    properties: Mapping[str, str]


_NOTHING = Build({}, {})


class JvmProjects:
    """The JVM projects of a run, each folder looked at once."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._builds: dict[str, Build] = {}

    def of(self, path: str) -> Mapping[str, Version]:
        """The libraries of a file's project by ``group:artifact``: its module's build file before those above it."""
        builds = []
        for folder in folders_above(self.files, path):
            build = self._builds.get(folder)
            if build is None:
                build = self._builds[folder] = self._read(folder)
            builds.append(build)
        return _merged(builds)

    def _text(self, folder: str, name: str) -> str:
        return (text_at(self.files, posixpath.join(folder, name)) or "")[:MAX_SIZE]

    def _read(self, folder: str) -> Build:
        pom = self._text(folder, "pom.xml")
        if pom:
            return of_pom(pom)
        versions: dict[str, str] = {}
        for name in ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"):
            for coordinate, version in of_gradle(self._text(folder, name)):
                versions.setdefault(coordinate, version)
        for coordinate, version in of_catalogue(self._text(folder, "gradle/libs.versions.toml")):
            versions.setdefault(coordinate, version)
        versions.update((match[1], match[2]) for match in _LOCKED.finditer(self._text(folder, "gradle.lockfile")))
        return Build(versions, {})


def _merged(builds: list[Build]) -> Mapping[str, Version]:
    properties: dict[str, str] = {}
    texts: dict[str, str] = {}
    for build in reversed(builds):
        properties.update(build.properties)
        texts.update(build.versions)
    found = {}
    for coordinate, text in texts.items():
        version = _resolved(text, properties)
        if version is not None:
            found[coordinate] = version
    return found


def _resolved(text: str, properties: Mapping[str, str]) -> Version | None:
    for _ in range(4):
        match = _REFERENCE.fullmatch(text.strip())
        if match is None:
            break
        text = properties.get(match[1], "")
    literal = _LITERAL.fullmatch(text.strip())
    return parse_version(literal[1]) if literal is not None else None


def of_pom(text: str) -> Build:
    """A pom.xml; nothing of one that is no XML, or that declares entities."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return _NOTHING
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - of bounded size, and without entities
    except (ElementTree.ParseError, ValueError):
        return _NOTHING
    properties = {_tag(each): (each.text or "").strip() for holder in _all(root, "properties") for each in holder}
    versions: dict[str, str] = {}
    for dependency in (*_all(root, "dependencies", "dependency"), *_managed(root)):
        _note(versions, dependency)
    for parent in _all(root, "parent"):
        _note(versions, parent)
        if _field(parent, "artifactId") == "spring-boot-starter-parent" and "hikaricp.version" in properties:
            versions.setdefault(HIKARI, properties["hikaricp.version"])
    return Build(versions, properties)


def _managed(root: Element) -> Iterator[Element]:
    yield from _all(root, "dependencyManagement", "dependencies", "dependency")


def _note(versions: dict[str, str], element: Element) -> None:
    group, artifact, version = (_field(element, name) for name in ("groupId", "artifactId", "version"))
    if group and artifact and version:
        if group == BOOT and artifact.startswith("spring-boot"):
            artifact = "spring-boot"  # all of them are of one release
        versions.setdefault(f"{group}:{artifact}", version)


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(root: Element, *names: str) -> list[Element]:
    found = [root]
    for name in names:
        found = [child for each in found for child in each if _tag(child) == name]
    return found


def _field(element: Element, name: str) -> str:
    return next(((child.text or "").strip() for child in element if _tag(child) == name), "")


def of_gradle(text: str) -> Iterator[tuple[str, str]]:
    """The versions that a script of Gradle writes out."""
    if not text:
        return
    text = _COMMENT.sub("", text)
    for match in _PLUGIN.finditer(text):
        yield SPRING_BOOT, match[1]
    for match in _EXTRA.finditer(text):
        yield HIKARI, match[1]
    for match in _DEPENDENCY.finditer(text):
        yield (SPRING_BOOT if match[1].startswith(f"{BOOT}:spring-boot") else match[1]), match[2]


def of_catalogue(text: str) -> Iterator[tuple[str, str]]:
    """The libraries and plugins of Gradle's version catalogue."""
    if not text:
        return
    versions = {match[1]: match[2] for match in _CATALOGUE_VERSION.finditer(text)}
    for match in _CATALOGUE_ENTRY.finditer(text):
        fields = dict(re.findall(r"""([\w.]+)\s*=\s*["']([^"']*)["']""", match[1]))
        name = fields.get("module") or f"{fields.get('group', '')}:{fields.get('name', '')}"
        if fields.get("id") == BOOT or name.startswith(f"{BOOT}:spring-boot"):
            name = SPRING_BOOT
        version = fields.get("version") or versions.get(fields.get("version.ref", ""), "")
        if version and ":" in name:
            yield name, version


def bundled(release: Version, table: Mapping[str, str]) -> Version | None:
    """The version that a release brings: that of the last release of its line in the table."""
    best: tuple[Version, str] | None = None
    for text, version in table.items():
        known = parse_version(text)
        padded = (*known, 0, 0)[:2]
        if padded == (*release, 0, 0)[:2] and known <= release and (best is None or known > best[0]):
            best = (known, version)
    return parse_version(best[1]) if best is not None else None
