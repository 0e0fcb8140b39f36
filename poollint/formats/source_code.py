"""Source languages as trees: tree-sitter's, with places in the text.

Broken code still gives a tree; what lies in an error node is for the reader to distrust.
"""

from __future__ import annotations

import gc
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from poollint.source import Place, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Language, Node

# language of a file by its extension: (our name of the language, module of the grammar, function of the module)
GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "java": ("tree_sitter_java", "language"),
    "kotlin": ("tree_sitter_kotlin", "language"),
    "go": ("tree_sitter_go", "language"),
    "toml": ("tree_sitter_toml", "language"),
}
# grammars that the user installs with an extra of ours
EXTRAS = {"kotlin": "kotlin"}
EXTENSIONS = {
    ".py": "python",
    ".js": "javascript",
    ".cjs": "javascript",
    ".mjs": "javascript",
    ".jsx": "tsx",
    ".ts": "typescript",
    ".cts": "typescript",
    ".mts": "typescript",
    ".tsx": "tsx",
    ".java": "java",
    ".kt": "kotlin",
    ".kts": "kotlin",
    ".go": "go",
}

# one syntax module serves several grammars; the family is what a [[found]] table names
FAMILIES = {
    "python": "python",
    "javascript": "javascript",
    "typescript": "javascript",
    "tsx": "javascript",
    "java": "java",
    "kotlin": "java",
    "go": "go",
}
# leaders of comments, which may stand behind code
COMMENTS = {"python": ("#",), "javascript": ("//", "/*"), "java": ("//", "/*"), "go": ("//", "/*")}
STRIDE = 1024
MAX_SOURCE = 2 * 1024 * 1024
TIDY_AFTER = 2 * 1024 * 1024


@cache
def grammar(language: str) -> Language:
    """The grammar, imported on first use. ImportError when its distribution is not installed."""
    import importlib.util

    from tree_sitter import Language

    module, function = GRAMMARS[language]
    if language in EXTRAS and importlib.util.find_spec(module) is None:
        raise ImportError(name=f"poollint[{EXTRAS[language]}]")
    return Language(getattr(_compiled(module), function)())


def _compiled(module: str) -> Any:
    """The compiled part of a grammar's package; its Python imports more than a small check needs."""
    import importlib.util
    from importlib.machinery import EXTENSION_SUFFIXES

    package = importlib.util.find_spec(module)
    for folder in package.submodule_search_locations or () if package is not None else ():
        for suffix in EXTENSION_SUFFIXES:
            path = os.path.join(folder, f"_binding{suffix}")
            spec = importlib.util.spec_from_file_location(f"{module}._binding", path) if os.path.isfile(path) else None
            if spec is not None and spec.loader is not None:
                binding = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(binding)
                return binding
    return importlib.import_module(module)


class SourceTree:
    """A parsed file; ``place`` turns a node into a stretch of its source."""

    __slots__ = ("_ascii", "_data", "_marks", "language", "root", "source")

    def __init__(self, source: Source, language: str) -> None:
        from tree_sitter import Parser

        self.source = source
        self.language = language
        # an editor may send half a pair of surrogates, which no file holds
        self._data = source.text.encode("utf-8", "surrogatepass")
        self._ascii = len(self._data) == len(source.text)
        self._marks: list[int] = []
        self.root: Node = Parser(grammar(language)).parse(self._data).root_node

    def offset(self, at: int) -> int:
        """A byte offset as an offset of the text."""
        if self._ascii:
            return at
        from bisect import bisect_right

        if not self._marks:
            self._marks = self._count()
        step = bisect_right(self._marks, at) - 1
        return step * STRIDE + len(self._data[self._marks[step] : at].decode("utf-8", "surrogatepass"))

    def _count(self) -> list[int]:
        """The byte offsets of every STRIDE-th character, so that no place costs more than a stride."""
        text, marks, at = self.source.text, [0], 0
        for start in range(0, len(text), STRIDE):
            at += len(text[start : start + STRIDE].encode("utf-8", "surrogatepass"))
            marks.append(at)
        return marks

    def place(self, node: Node) -> Place:
        return Place(self.source, self.offset(node.start_byte), self.offset(node.end_byte))

    def text(self, node: Node | None) -> str:
        if node is None:
            return ""
        return self._data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def slice(self, start: int, end: int) -> str:
        """The text between two byte offsets."""
        return self._data[start:end].decode("utf-8", "replace")

    def walk(self, node: Node | None = None) -> Iterator[Node]:
        """Every named node below one (itself first), in the order of the text; no recursion, so depth cannot hurt."""
        cursor = (node or self.root).walk()
        depth = 0
        while True:
            current: Any = cursor.node
            if current.is_named:
                yield current
            if cursor.goto_first_child():
                depth += 1
                continue
            while not cursor.goto_next_sibling():
                if depth == 0 or not cursor.goto_parent():
                    return
                depth -= 1
            if depth == 0:
                return


class _Parsed:
    """How many characters have been parsed since trees that nobody needs any more were last taken away."""

    characters = 0


def parse(source: Source, language: str) -> SourceTree:
    """The tree of a source file. Readers tie trees into cycles, and a tree takes far more memory than its text."""
    _Parsed.characters += len(source.text)
    if _Parsed.characters > TIDY_AFTER:
        _Parsed.characters = 0
        gc.collect(0)  # only what is new: what earlier files left is not gone through again
    return SourceTree(source, language)


def in_string(tree: SourceTree, offset: int) -> bool:
    """Whether an offset lies in a string of the code, and in no comment."""
    at = len(tree.source.text[:offset].encode("utf-8", "surrogatepass"))
    node = tree.root.descendant_for_byte_range(at, at)
    if node is None or "comment" in node.type:
        return False
    while node is not None and "string" not in node.type:
        node = node.parent
    return node is not None
