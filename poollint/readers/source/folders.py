"""What stands in the folders above a source file: where the files that tell of its project are looked for."""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING

from poollint.files import DiskFiles, FileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poollint.files import Files

MAX_LEVELS = 8
BUILD_FILES = ("pom.xml", "build.gradle", "build.gradle.kts")


def folder_of(files: Files, path: str) -> str:
    """The folder of a file; an absolute one where there are folders above the working directory."""
    if isinstance(files, DiskFiles):
        path = os.path.abspath(path)
    return posixpath.dirname(path.replace("\\", "/"))


def folders_above(files: Files, path: str, levels: int = MAX_LEVELS, *, beyond: bool = False) -> Iterator[str]:
    """The folder of a file and those above it, up to the root of the repository, or ``beyond`` it."""
    folder = folder_of(files, path)
    for _level in range(levels):
        yield folder
        if folder in ("", "/"):
            return
        if not beyond and files.kind(posixpath.join(folder, ".git")) in ("dir", "file"):
            return
        folder = posixpath.dirname(folder)


def text_at(files: Files, path: str) -> str | None:
    """The text of a file that is there and can be read."""
    if files.kind(path) != "file":
        return None
    try:
        return files.load(path).text
    except FileError:
        return None


def build_names(files: Files, path: str, artifacts: Iterable[str]) -> bool | None:
    """Whether the nearest build file of a JVM project names one of these artifacts; None where there is none in sight.

    An alias of Gradle's version catalogue (``libs.spring.boot.starter.web``) counts as the artifact that it spells.
    """
    for folder in folders_above(files, path):
        texts = [text for name in BUILD_FILES if (text := text_at(files, posixpath.join(folder, name)))]
        if texts:
            words = {re.sub(r"[._]", "-", word) for text in texts for word in re.findall(r"[\w.-]+", text)}
            return any(word == name or word.endswith(f"-{name}") for name in artifacts for word in words)
    return None
