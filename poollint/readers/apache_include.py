"""Includes, modules, definitions and conditions: what is part of an Apache configuration, and when."""

from __future__ import annotations

import operator
import os.path
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import Problem
from poollint.files import FileError
from poollint.formats.apache_conf import Directive, parse
from poollint.readers.apache_state import MPM_DEFAULTS, State
from poollint.readers.apache_values import is_template
from poollint.source import Place
from poollint.versions import parse_version

if TYPE_CHECKING:
    from poollint.readers.apache_scope import Scope
    from poollint.source import Source

MAX_DEPTH = 20
MAX_INCLUDES = 2000
BUILT_IN = frozenset(("core", "http_core", "so", "log_config", "logio", "version", "unixd"))
_MPM = re.compile(r"(?:mod_)?(?:mpm_)?(prefork|worker|event)(?:\.c|_module)?", re.IGNORECASE)
_MPM_OTHER = re.compile(
    r"(?:mod_)?(?:mpm_)?(itk|winnt|netware|mpmt_os2|simple|peruser|motorz|perchild|beos)(?:\.c|_module)?", re.I
)
_MODULE = re.compile(r"(?:mod_)?(\w+?)(?:\.c|_module)?")
OLDEST = (2, 4)
_COMPARE: dict[str, Any] = {
    "=": operator.eq,
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Includes(State):
    """What is read at all."""

    def define(self, directive: Directive, scope: Scope, source: Source) -> None:
        words = self.words(directive)
        if not 1 <= len(words) <= 2 and not any(is_template(word.value) for word in words):
            self.wrong_count(directive, scope, source, len(words), "a name and at most one value")
        elif words:
            value = words[1].value if len(words) > 1 else ""
            self.defined[words[0].value.lower()] = None if scope.maybe or scope.mpm or is_template(value) else value

    def undefine(self, directive: Directive, _scope: Scope, _source: Source) -> None:
        for word in self.words(directive)[:1]:
            self.defined[word.value.lower()] = None

    def load_module(self, directive: Directive, scope: Scope, _source: Source) -> None:
        words = self.words(directive)
        if not words or scope.maybe:
            return
        module = _module(words[0].value)
        self.modules.add(module)
        self.listens = True
        if module.startswith("mpm_") and not self.context.config.get("mpm"):
            self.mpm = module[4:] if module[4:] in MPM_DEFAULTS else "other"

    def listen(self, directive: Directive, scope: Scope, _source: Source) -> None:
        """Listen stands in main files and in their ports.conf alone."""

    def set_root(self, directive: Directive, _scope: Scope, _source: Source) -> None:
        words = self.words(directive)
        if not words or is_template(words[0].value):
            return
        self.listens = True
        self.root_told = words[0].value.rstrip("/")
        if self.server_root is None and self.context.files.kind(words[0].value) == "dir":
            self.server_root = words[0].value

    def include(self, directive: Directive, scope: Scope, source: Source) -> None:
        words = self.words(directive)
        optional = directive.lower == "includeoptional"
        place = Place(source, directive.start, directive.end)
        if len(words) != 1:
            if not any(is_template(word.value) for word in words):
                self.wrong_count(directive, scope, source, len(words), "one path")
            return
        pattern = words[0].value
        if is_template(pattern):
            self.miss(scope)
            return
        found, sure = self.matching(pattern)
        if not found:
            if sure and not optional:
                self.reading.problems.append(Problem("include-missing", place, values={"path": pattern}))
            elif not sure:
                self.miss(scope)
            return
        for path in found:
            self.follow(path, scope)

    def miss(self, scope: Scope) -> None:
        """A file that cannot be seen may say anything about its server."""
        self.unread = True
        scope.server.block.facts["unread"] = True

    def follow(self, path: str, scope: Scope) -> None:
        self.includes += 1
        if path in self.stack or len(self.stack) > MAX_DEPTH or self.includes > MAX_INCLUDES:
            self.miss(scope)
            return
        try:
            source = self.context.files.load(path)
        except FileError:
            self.miss(scope)
            return
        self.reading.included[path] = source
        self.stack.append(path)
        self.walk(source, parse(source), scope)
        self.stack.pop()

    def matching(self, pattern: str) -> tuple[list[str], bool]:
        """The files that a pattern names, and whether there can be no others."""
        roots = [self.server_root] if self.server_root else []
        folder = os.path.dirname(self.source.path)
        roots += [root for root in (folder, os.path.dirname(folder)) if root not in roots]
        told = self.root_told
        if os.path.isabs(pattern):
            candidates = [pattern]
            if told and pattern.startswith(told + "/"):
                candidates += [os.path.join(root, pattern[len(told) + 1 :]) for root in roots]
        else:
            candidates = [os.path.join(root, pattern) for root in roots]
            if self.root_sure:
                candidates = candidates[:1]
        for candidate in candidates:
            found = self.files_of(candidate)
            if found:
                return found, True
        inside = not os.path.isabs(pattern) or (bool(told) and pattern.startswith(told + "/"))
        return [], self.root_sure and inside

    def files_of(self, path: str) -> list[str]:
        files = self.context.files
        if any(sign in path for sign in "*?["):
            return [each for each in files.glob(path) if files.kind(each) == "file"]
        kind = files.kind(path)
        if kind == "dir":
            return [each for each in files.glob(os.path.join(path, "*")) if files.kind(each) == "file"]
        return [path] if kind == "file" else []

    def condition(self, name: str, directive: Directive, scope: Scope) -> None:
        """Open a condition: decided, or a doubt about everything inside."""
        words = self.words(directive)
        text = words[0].value if words else ""
        negated = text.startswith("!")
        bare = text.lstrip("!")
        answer: bool | None = None
        if name == "ifmodule":
            mpm = _MPM.fullmatch(bare)
            if mpm is not None and not negated:
                scope.mpm = mpm[1].lower()
                return
            module = _module(bare)
            if module in self.modules or module in BUILT_IN:
                answer = True
            elif not negated and _MPM_OTHER.fullmatch(bare):
                scope.mpm = "other"
            elif not negated and not is_template(bare):
                scope.maybe = True
                if scope.modules is not None:
                    scope.modules = (*scope.modules, module)
                return
        elif name == "ifdefine" and self.defined.get(bare.lower()) is not None:
            answer = True
        elif name == "ifversion":
            answer, negated = self.version_holds([word.value for word in words]), False
        if answer is None:
            scope.maybe, scope.modules = True, None
        elif answer is negated:
            scope.dead = True

    def version_holds(self, words: list[str]) -> bool | None:
        """Whether IfVersion holds for the version that the user named, or for every version of 2.4; else None."""
        if not words:
            return None
        sign, text = (words[0], words[1]) if len(words) > 1 else ("=", words[0])
        negated = sign.startswith("!")
        try:
            bound = parse_version(text)
        except ValueError:
            return None
        compare: Any = _COMPARE.get(sign.lstrip("!") or "=")
        if compare is None:
            return None
        target = self.context.target
        newest = self.catalogue.newest or OLDEST
        answers = {compare(version, bound) for version in ((OLDEST, newest) if target is None else (target,))}
        return (True in answers) is not negated if len(answers) == 1 else None


def _module(name: str) -> str:
    """``mod_proxy.c`` and ``proxy_module`` -> proxy."""
    match = _MODULE.fullmatch(name)
    return match[1].lower() if match is not None else name.lower()
