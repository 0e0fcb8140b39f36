"""What Apache understands of its configuration: servers, processes, backends.

The directives are walked in the order of the text, includes in their place. What stands in a condition that cannot be
decided (IfDefine, IfModule of a module that nobody loads in sight, a template's ``if``) is decoded and judged for itself,
but leaves the value of its block unknown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poollint.blocks import Edit, Fix, Problem
from poollint.formats.apache_conf import BOM, Directive, Tree, parse
from poollint.readers.apache_backends import Backends
from poollint.readers.apache_finish import Finish
from poollint.readers.apache_include import Includes
from poollint.readers.apache_scope import Scope, Server
from poollint.readers.apache_state import DIRECTORY_SECTIONS
from poollint.readers.base import Reading
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from poollint.readers.base import ReadContext
    from poollint.source import Source

DIRECTORIES = ("location", "locationmatch", "directory", "directorymatch", "files", "filesmatch", "proxy", "proxymatch")
OUTERMOST = ("virtualhost", "location", "locationmatch", "directory", "directorymatch", "proxy", "proxymatch")
NEED_ARGUMENT = ("virtualhost", "location", "directory", "files", "ifmodule", "ifdefine")
CONDITIONS = frozenset("ifmodule ifdefine ifversion iffile ifdirective ifsection".split())

# ProFTPD has the same grammar and some of the same words.
_PROFTPD = re.compile(
    r"(?mi)^[ \t]*(?:ServerType[ \t]+(?:standalone|inetd)|MaxInstances[ \t]|DefaultRoot[ \t]|"
    r"<IfModule[ \t]+mod_(?:dso|ctrls|quotatab|sftp)\.c>)"
)


def read(source: Source, context: ReadContext) -> Reading:
    """The blocks of a configuration file and of what it includes; never raises."""
    if not context.named and _PROFTPD.search(source.text):
        return Reading()
    return _Reader(source, context).run()


class _Reader(Includes, Backends, Finish):
    def __init__(self, source: Source, context: ReadContext) -> None:
        super().__init__(source, context)
        self.handlers: dict[str, Callable[[Directive, Scope, Source], None]] = {
            "include": self.include,
            "includeoptional": self.include,
            "define": self.define,
            "undefine": self.undefine,
            "loadmodule": self.load_module,
            "serverroot": self.set_root,
            "proxypass": self.proxy_pass,
            "proxypassmatch": self.proxy_pass,
            "balancermember": self.balancer_member,
            "proxyset": self.proxy_set,
            "setenv": self.set_env,
            "unsetenv": self.unset_env,
            "rewriterule": self.rewrite_rule,
            "rewriteengine": self.rewrite_engine,
            "sslengine": self.ssl_engine,
            "listen": self.listen,
        }

    def run(self) -> Reading:
        tree = parse(self.source)
        self.walk(self.source, tree, Scope(self.main))
        self.finish()
        return self.reading

    def walk(self, source: Source, tree: Tree, outer: Scope) -> None:
        """Every directive of a file in turn, with the scope of the section that holds it."""
        self.faults(source, tree)
        base = outer
        if tree.control or tree.macros:
            self.uncertain = True
            base = outer.inner()
            base.maybe, base.modules = True, None
        scopes: dict[int, Scope] = {}
        for directive in tree.directives:
            scope = scopes.get(id(directive.parent), base) if directive.parent is not None else base
            if directive.template:
                continue
            if directive.section:
                scopes[id(directive)] = self.section(directive, scope, source)
                continue
            if not scope.dead:
                self.directive(directive, scope, source)

    def faults(self, source: Source, tree: Tree) -> None:
        """What the program refuses for its form; nothing where a template or a macro may still put it right."""
        if source.text.startswith(BOM):
            removal = Fix("remove the byte order mark", (Edit(Place(source, 0, 1), ""),))
            self.reading.problems.append(Problem("byte-order-mark", Place(source, 0, 1), fix=removal))
        if tree.control or tree.macros or any(each.template for each in tree.directives):
            return
        for fault in tree.faults:
            place = Place(source, fault.start, fault.end)
            values = {"name": fault.name[:60], "other": fault.other.name[:60] if fault.other else ""}
            related: tuple[tuple[Place, str], ...] = ()
            if fault.other is not None:
                related = ((Place(source, fault.other.start, fault.other.end), "the section that is open here"),)
            fix = None
            if fault.kind in ("missing-bracket", "close-bracket"):
                end = fault.start + len(source.text[fault.start : fault.end].rstrip(" \t\r\\"))
                fix = Fix("write >", (Edit(Place(source, end, end), ">"),))
            self.reading.problems.append(Problem(fault.kind, place, values=values, related=related, fix=fix))

    def directive(self, directive: Directive, scope: Scope, source: Source) -> None:
        name = directive.lower
        handler = self.handlers.get(name)
        if handler is not None:
            handler(directive, scope, source)
            return
        known = self.family.get(name)
        if known is not None:
            self.setting(directive, scope, source, *known)
        else:
            self.near_miss(directive, scope, source)

    def section(self, directive: Directive, outer: Scope, source: Source) -> Scope:
        scope = outer.inner()
        if outer.dead:
            return scope
        name = directive.lower
        if name in NEED_ARGUMENT and not directive.words:
            self.wrong_count(directive, outer, source, 0, "an argument")
        if name in OUTERMOST and (
            outer.section in DIRECTORIES or (name == "virtualhost" and outer.server.kind == "vhost")
        ):
            where = f"<{outer.directive.name}>" if outer.directive is not None and outer.section else "<VirtualHost>"
            place = Place(source, directive.start, directive.end)
            self.misplaced(outer.server.block, place, f"<{directive.name}>", where)
        if name in CONDITIONS:
            self.condition(name, directive, scope)
        elif name == "virtualhost":
            if not scope.section and scope.server.kind == "server":
                scope.server = self.virtual_host(directive, source)
        elif name in DIRECTORY_SECTIONS:
            words = self.words(directive)
            scope.section = name
            scope.directive = directive
            scope.regex = name.endswith("match") or bool(words and words[0].value == "~")
            argument = words[1:2] if words and words[0].value == "~" else words[:1]
            scope.argument = argument[0].value if argument else ""
            if name in ("proxy", "proxymatch") and len(words) > 1:
                self.proxy_arguments(directive, words, scope, source)
        elif name not in ("macro", "perl", "lua"):
            scope.section = scope.section or name
        return scope

    def virtual_host(self, directive: Directive, source: Source) -> Server:
        name = " ".join(word.value for word in directive.words)
        block = self.block("vhost", name, Place(source, directive.start, directive.end), path=f"vhost {name}")
        server = Server(block, self.main)
        self.servers.append(server)
        return server
