"""What Apache understands of its configuration: servers, processes, backends.

The directives are walked in the order of the text, includes in their place. What stands in a condition that cannot be
decided (IfDefine, IfModule of a module that nobody loads in sight, a template's ``if``) is decoded and judged for itself,
but leaves the value of its block unknown.
"""

from __future__ import annotations

import operator
import os.path
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, Block, Edit, Fix, Problem, Setting
from poollint.files import FileError
from poollint.formats.apache_conf import BOM, Directive, Tree, Word, parse
from poollint.readers.apache_scope import Env, Scope, Server, Worker
from poollint.readers.apache_values import Workers, address, decode, is_template
from poollint.readers.base import Reading
from poollint.source import Place
from poollint.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from poollint.knowledge.catalogue import KindSpec, SettingSpec
    from poollint.readers.apache_values import Address
    from poollint.readers.base import ReadContext
    from poollint.source import Source

SYSTEM = "apache"
MAX_DEPTH = 20
MAX_INCLUDES = 2000
MAIN_FILES = ("httpd.conf", "apache2.conf")
DIRECTORY_SECTIONS = frozenset(
    (
        "directory directorymatch files filesmatch location locationmatch if elseif else proxy proxymatch limit "
        "limitexcept"
    ).split()
)
NEIGHBOURS = ("protocol",)  # directives that are none of ours and read much like one
LOCATIONS = ("location", "locationmatch")
DIRECTORIES = ("location", "locationmatch", "directory", "directorymatch", "files", "filesmatch", "proxy", "proxymatch")
OUTERMOST = ("virtualhost", "location", "locationmatch", "directory", "directorymatch", "proxy", "proxymatch")
NEED_ARGUMENT = ("virtualhost", "location", "directory", "files", "ifmodule", "ifdefine")
CONDITIONS = frozenset("ifmodule ifdefine ifversion iffile ifdirective ifsection".split())
BUILT_IN = frozenset(("core", "http_core", "so", "log_config", "logio", "version", "unixd"))
THREADED = ("worker", "event")
_MPM = re.compile(r"(?:mod_)?(?:mpm_)?(prefork|worker|event)(?:\.c|_module)?", re.IGNORECASE)
_MPM_OTHER = re.compile(
    r"(?:mod_)?(?:mpm_)?(itk|winnt|netware|mpmt_os2|simple|peruser|motorz|perchild|beos)(?:\.c|_module)?", re.I
)
_MODULE = re.compile(r"(?:mod_)?(\w+?)(?:\.c|_module)?")
_VARIABLE = re.compile(r"\$\{([^{}]+)\}")
_POOLED_SCHEMES = ("http", "https", "ajp", "h2", "h2c")
_POOL_ENV = ("proxy-nokeepalive", "force-proxy-request-1.0", "proxy-initial-not-pooled")
OLDEST = (2, 4)
_COMPARE: dict[str, Any] = {
    "=": operator.eq,
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_BAD_PORT = re.compile(r":[a-z][^:\]]*$")
_FLAG_WORDS = ("nocanon", "interpolate", "noquery")

# ProFTPD has the same grammar and some of the same words.
_PROFTPD = re.compile(
    r"(?mi)^[ \t]*(?:ServerType[ \t]+(?:standalone|inetd)|MaxInstances[ \t]|DefaultRoot[ \t]|"
    r"<IfModule[ \t]+mod_(?:dso|ctrls|quotatab|sftp)\.c>)"
)

MPM_DEFAULTS: dict[str, dict[str, int]] = {
    "prefork": {
        "ServerLimit": 256,
        "MaxRequestWorkers": 256,
        "StartServers": 5,
        "MinSpareServers": 5,
        "MaxSpareServers": 10,
    },
    "worker": {
        "ServerLimit": 16,
        "ThreadsPerChild": 25,
        "ThreadLimit": 64,
        "MaxRequestWorkers": 400,
        "StartServers": 3,
        "MinSpareThreads": 75,
        "MaxSpareThreads": 250,
    },
}
MPM_DEFAULTS["event"] = MPM_DEFAULTS["worker"]


def read(source: Source, context: ReadContext) -> Reading:
    """The blocks of a configuration file and of what it includes; never raises."""
    if not context.named and _PROFTPD.search(source.text):
        return Reading()
    return _Reader(source, context).run()


class _Reader:
    def __init__(self, source: Source, context: ReadContext) -> None:
        self.source = source
        self.context = context
        self.catalogue = context.catalogue
        self.reading = Reading()
        self.defined: dict[str, str | None] = {}
        self.modules: set[str] = set()
        self.mpm = str(context.config.get("mpm") or "").lower()
        self.limits: list[tuple[str, str, Setting]] = []
        self.unread = False
        self.uncertain = False
        self.server_root: str | None = context.config.get("server_root") or None
        self.root_sure = self.server_root is not None
        self.root_told = ""
        self.stack: list[str] = [source.path]
        self.includes = 0
        self.main = Server(self.block("server", "", Place(source, 0, 0), path="server"), None)
        self.servers = [self.main]
        self.listens = False
        self.family = self._family()
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

    def _family(self) -> dict[str, tuple[str, str, SettingSpec]]:
        """Small name -> (kind of its block, name, what is known of it)."""
        family: dict[str, tuple[str, str, SettingSpec]] = {}
        for kind in ("server", "mpm"):
            spec = self.catalogue.kind(kind)
            for name, setting in spec.settings.items():
                family[name.lower()] = (kind, name, setting)
            for alias, name in spec.aliases.items():
                family[alias.lower()] = (kind, name, spec.settings[name])
        return family

    def block(self, kind: str, name: str, place: Place, *, path: str) -> Block:
        block = Block(SYSTEM, kind, name, place, spec=self.catalogue.kind(kind), path=path, target=self.context.target)
        self.reading.blocks.append(block)
        return block

    def run(self) -> Reading:
        tree = parse(self.source)
        self.walk(self.source, tree, Scope(self.main))
        self.finish()
        return self.reading

    # The walk

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
            self.reading.problems.append(Problem("byte-order-mark", Place(source, 0, 1)))
        if tree.control or tree.macros or any(each.template for each in tree.directives):
            return
        for fault in tree.faults:
            place = Place(source, fault.start, fault.end)
            values = {"name": fault.name[:60], "other": fault.other.name[:60] if fault.other else ""}
            related: tuple[tuple[Place, str], ...] = ()
            if fault.other is not None:
                related = ((Place(source, fault.other.start, fault.other.end), "the section that is open here"),)
            self.reading.problems.append(Problem(fault.kind, place, values=values, related=related))

    def directive(self, directive: Directive, scope: Scope, source: Source) -> None:
        name = directive.lower
        handler = self.handlers.get(name)
        if handler is not None:
            handler(directive, scope, source)
            return
        known = self.family.get(name)
        if known is not None:
            self.setting(directive, scope, source, *known)
        elif len(name) > 6 and name not in NEIGHBOURS:
            self.near_miss(directive, scope, source)

    def near_miss(self, directive: Directive, scope: Scope, source: Source) -> None:
        """A name that nobody knows and that is a slip of the pen away from one of ours."""
        name = directive.lower
        for known in (*self.family, "proxypass", "balancermember"):
            if (
                len(known) > 7
                and known[:2] == name[:2]
                and abs(len(known) - len(name)) < 3
                and _distance(known, name) < 3
            ):
                meant = (
                    self.family[known][1]
                    if known in self.family
                    else {"proxypass": "ProxyPass"}.get(known, "BalancerMember")
                )
                place = Place(
                    source, directive.start, directive.end if not directive.words else directive.words[0].start
                )
                place = Place(source, directive.start, directive.start + len(place.text.rstrip()))
                plain = place.text == directive.name
                scope.server.block.problem(
                    "unknown-directive",
                    place,
                    setting=directive.name,
                    values={"name": directive.name, "meant": meant},
                    fix=Fix(f"write {meant}", (Edit(place, meant),), safe=False) if plain else None,
                )
                return

    # Sections

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

    # Words, definitions, modules

    def words(self, directive: Directive) -> list[Word]:
        """The arguments, with what Define tells put in."""
        if not self.defined or not any("${" in word.value for word in directive.words):
            return directive.words
        return [word._replace(value=self.expand(word.value)) for word in directive.words]

    def expand(self, text: str) -> str:
        def put(match: re.Match[str]) -> str:
            value = self.defined.get(match[1].lower())
            return match[0] if value is None or re.search(r"[\s\"'$]", value) else value

        return _VARIABLE.sub(put, text)

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

    # Includes

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

    # Settings

    def setting(
        self, directive: Directive, scope: Scope, source: Source, kind: str, name: str, spec: SettingSpec
    ) -> None:
        block = scope.server.block
        if not self.allowed(directive, scope, source, kind, spec):
            return
        words = self.words(directive)
        raw = self.argument(directive, scope, source, spec, words)
        if raw is None:
            return
        decoded = decode(spec, raw)
        setting = Setting(
            name,
            decoded.value,
            raw,
            place=Place(source, directive.args_start, directive.args_end),
            key_place=Place(source, directive.start, directive.start + len(directive.name)),
            key=directive.name,
            spec=spec,
        )
        self.report(block, setting, decoded.fault, decoded.why)
        self.too_new(block, setting, spec)
        module = spec.get("source", "core").removeprefix("mod_")
        certain = not scope.maybe if kind == "mpm" else scope.certain_for(module)
        self.repeated(directive, scope, setting, certain=certain and scope.mpm != "other")
        if not certain:
            setting.value = UNKNOWN
        if kind == "mpm":
            self.limits.append((scope.mpm, name, setting))
        elif scope.mpm:
            setting.value = UNKNOWN
            block.settings[name] = setting
        else:
            block.settings[name] = setting

    def report(self, block: Block, setting: Setting, fault: str, why: str) -> None:
        if not fault:
            return
        assert setting.place is not None
        place = setting.place
        if setting.key_place is not None and setting.key_place.source is place.source:
            between = place.source.text[setting.key_place.start : place.end]
            place = place if "\n" in between else Place(place.source, setting.key_place.start, place.end)
        values = {"setting": setting.key, "raw": setting.raw, "why": why}
        block.problem(f"{fault}-value", place, setting=setting.name, values=values)

    def too_new(self, block: Block, setting: Setting, spec: SettingSpec) -> None:
        since, target = spec.since(), self.context.target
        if since is not None and target is not None and target < since and setting.key_place is not None:
            values = {"setting": setting.key, "since": spec.get("since")}
            block.problem("too-new", setting.key_place, setting=setting.name, values=values)

    def allowed(self, directive: Directive, scope: Scope, source: Source, kind: str, spec: SettingSpec) -> bool:
        """Whether the directive may stand here; a Problem where it may not."""
        place = Place(source, directive.start, directive.start + len(directive.name))
        block = scope.server.block
        if scope.section in DIRECTORY_SECTIONS:
            return self.misplaced(
                block, place, directive.name, f"<{scope.directive.name if scope.directive else scope.section}>"
            )
        if scope.section:
            return False
        if scope.server.kind == "vhost" and (kind == "mpm" or "vhost" not in spec.get("contexts", ("vhost",))):
            return self.misplaced(block, place, directive.name, "<VirtualHost>")
        runs = scope.mpm or self.mpm
        if kind == "mpm" and runs in MPM_DEFAULTS and runs not in spec.get("source", "").split():
            values = {
                "setting": directive.name,
                "mpm": runs,
                "where": "",
                "modules": spec.get("source", "").replace(" ", " and "),
            }
            block.problem("wrong-mpm", place, setting=directive.name, values=values)
            return False
        return runs != "other" or kind != "mpm"

    def misplaced(self, block: Block, place: Place, name: str, where: str) -> bool:
        block.problem("misplaced", place, setting=name, values={"setting": name, "where": where})
        return False

    def argument(
        self, directive: Directive, scope: Scope, source: Source, spec: SettingSpec, words: list[Word]
    ) -> str | None:
        """The value as written; None, with a Problem, when the number of words is wrong."""
        if any(is_template(word.value) for word in words):
            return " ".join(word.value for word in words)
        if spec.get("grammar") == "flag":
            return words[0].value if words else ""
        least, most = spec.get("args", (1, 1))
        count = 0 if len(words) == 1 and not words[0].value else len(words)
        if count < least or (most >= 0 and count > most):
            self.wrong_count(directive, scope, source, count, "one value" if most == 1 else "at least one value")
            return None
        return " ".join(word.value for word in words)

    def wrong_count(self, directive: Directive, scope: Scope, source: Source, count: int, wanted: str) -> None:
        comment = next((word for word in directive.words if word.value.startswith("#")), None)
        place = Place(source, directive.start, directive.end)
        values = {"setting": directive.name, "count": count, "wanted": wanted}
        kind = "trailing-comment" if comment is not None and comment is not directive.words[0] else "argument-count"
        scope.server.block.problem(kind, place, setting=directive.name, values=values)

    def repeated(self, directive: Directive, scope: Scope, setting: Setting, *, certain: bool) -> None:
        """Two of a name in one section: the first does nothing, unless they add up."""
        if (
            setting.spec is None
            or setting.spec.get("multiple")
            or not certain
            or self.uncertain
            or setting.value is UNKNOWN
        ):
            return
        key = (scope.mpm, setting.name)
        before = scope.server.seen.get(key)
        scope.server.seen[key] = (setting, directive)
        if before is None or before[1].parent is not directive.parent:
            return
        first = before[0]
        assert first.place is not None
        assert setting.place is not None
        assert first.key_place is not None
        if first.place.source is setting.place.source and first.value != setting.value:
            values = {"setting": first.key, "raw": first.raw, "later": setting.raw}
            where = Place(first.place.source, first.key_place.start, first.place.end)
            scope.server.block.problem(
                "repeated", where, setting=setting.name, values=values, related=((setting.place, "this one counts"),)
            )

    # Backends

    def proxy_pass(self, directive: Directive, scope: Scope, source: Source) -> None:
        words = self.words(directive)
        block = scope.server.block
        place = Place(source, directive.start, directive.end)
        if scope.section in DIRECTORY_SECTIONS and scope.section not in LOCATIONS:
            self.misplaced(
                block, place, directive.name, f"<{scope.directive.name if scope.directive else scope.section}>"
            )
            return
        regex = directive.lower == "proxypassmatch"
        in_location = scope.section in LOCATIONS
        if not in_location and words and words[0].value == "~":
            regex, words = True, words[1:]
        path = scope.argument if in_location else words[0].value if words else ""
        rest = words if in_location else words[1:]
        if not rest:
            self.wrong_count(
                directive, scope, source, len(words), "an address" if in_location else "a path and an address"
            )
            return
        target, parameters = rest[0], rest[1:]
        if target.value == "!":
            return
        uses = (path, scope)
        regex = regex or (in_location and (scope.regex or any(sign in path for sign in "*?[")))
        name = f"{directive.name} {path}"
        self.backend(directive, target, parameters, scope, source, name=name, uses=uses, match=regex)

    def backend(
        self,
        directive: Directive,
        target: Word,
        parameters: list[Word],
        scope: Scope,
        source: Source,
        *,
        name: str,
        uses: tuple[str, Scope] | None,
        match: bool,
        members: Workers | None = None,
    ) -> None:
        """The worker or balancer that an address and its parameters make, or the one that it shares."""
        server = scope.server
        place = Place(source, directive.start, directive.end)
        where = address(target.value)
        if where is None:
            if not is_template(target.value):
                self.bad_address(server.block, directive, target, source, place)
                return
        elif _BAD_PORT.search(where.host) and not is_template(where.host):
            self.bad_address(server.block, directive, target, source, place, why="the port is no number")
            return
        elif where.scheme == "balancer":
            block = self.balancer(server, where.url, place)
            self.parameters(block, parameters, source, place)
            return
        unknown = where is None or is_template(target.value)
        workers = members if members is not None else server.workers
        if not unknown:
            assert where is not None
            shared = workers.find(where)
            if shared is not None:
                self.shared(shared, parameters, source, place, directive, where)
                if uses is not None:
                    shared.uses.append(uses)
                return
        block = self.block("worker", name, place, path=f"{server.block.path} {name}".strip())
        worker = Worker(block, None if unknown else where, match=match)
        self.describe(worker, where, directive, scope, member=members is not None)
        if uses is not None:
            worker.uses.append(uses)
        if not unknown and where is not None:
            workers.add(where.url, worker)
        server.made.append(worker)
        self.parameters(block, parameters, source, place, worker=worker)

    def bad_address(
        self, block: Block, directive: Directive, target: Word, source: Source, place: Place, why: str = ""
    ) -> None:
        where = Place(source, target.start, target.end) if target.end else place
        values = {
            "setting": directive.name,
            "raw": target.value,
            "why": why or "an address starts with its scheme, as in http://host",
        }
        block.problem("invalid-value", where, setting=directive.name, values=values)

    def describe(
        self, worker: Worker, where: Address | None, directive: Directive, scope: Scope, *, member: bool
    ) -> None:
        known = worker.address
        facts = worker.block.facts
        facts.update(
            directive=directive.name,
            url=known.url if known else UNKNOWN,
            scheme=where.scheme if where else UNKNOWN,
            host=known.host if known else UNKNOWN,
            unix=where.unix if where else UNKNOWN,
            substituted=worker.match and known is not None and known.fixed != known.url,
            balancer=member,
            initial_not_pooled=False,
            pooled=UNKNOWN,
            no_pool_reason="",
        )
        worker.block.links["server"] = scope.server.block

    def shared(
        self, worker: Worker, parameters: list[Word], source: Source, place: Place, directive: Directive, where: Address
    ) -> None:
        """Parameters of an address that an earlier worker serves are not even looked at."""
        pairs = [word for word in parameters if "=" in word.value and not word.value.lower().startswith("mapping=")]
        different = [word for word in pairs if not self.same_parameter(worker, word.value)]
        if not different:
            return
        first = worker.block.facts.get("url")
        values = {
            "parameters": " ".join(word.value for word in different),
            "url": where.url,
            "first": first if first is not UNKNOWN else "",
            "setting": directive.name,
        }
        worker.block.problem(
            "shared-parameters",
            Place(source, different[0].start, different[-1].end) if len(different) == 1 else place,
            values=values,
            related=((worker.block.place, "the backend that serves this address too"),),
        )

    def same_parameter(self, worker: Worker, text: str) -> bool:
        key, _, value = text.partition("=")
        setting = worker.block.settings.get(key.lower())
        return setting is not None and setting.raw.lower() == value.lower()

    def balancer(self, server: Server, url: str, place: Place) -> Block:
        name = url.partition("://")[2].split("/")[0]
        block = server.balancers.get(name)
        if block is None:
            block = self.block("balancer", name, place, path=f"{server.block.path} balancer {name}")
            block.links["server"] = server.block
            server.balancers[name] = block
        return block

    def parameters(
        self, block: Block, words: list[Word], source: Source, place: Place, *, worker: Worker | None = None
    ) -> None:
        """The key=value words behind an address. Of a key that is written twice the last one counts."""
        spec = block.spec
        assert spec is not None
        last: dict[str, tuple[Word, str, str]] = {}
        for word in words:
            key, equals, value = word.value.partition("=")
            if not equals:
                if key.lower() not in _FLAG_WORDS and not is_template(key):
                    self.lone_word(block, word, source, place)
                    return
                continue
            last[key.lower()] = (word, key, value)
        for lower, (word, key, value) in last.items():
            if lower == "mapping" or is_template(key):
                continue
            known = spec.settings.get(lower)
            if known is None:
                self.unknown_parameter(block, spec, word, key, source)
                continue
            self.parameter(block, known, word, key, value, source, worker)

    def parameter(
        self, block: Block, spec: SettingSpec, word: Word, key: str, value: str, source: Source, worker: Worker | None
    ) -> None:
        decoded = decode(spec, value)
        quote = 1 if word.quoted else 0
        start = word.start + quote
        middle = min(start + len(key) + 1, word.end)
        setting = Setting(
            spec.name,
            decoded.value,
            value,
            place=Place(source, middle, max(word.end - quote, middle)),
            key_place=Place(source, start, start + len(key)),
            key=key,
            spec=spec,
        )
        self.report(block, setting, decoded.fault, decoded.why)
        block.settings[spec.name] = setting
        if worker is not None and spec.name in ("disablereuse", "enablereuse"):
            value_now: Any = decoded.value
            worker.reuse = value_now if value_now is UNKNOWN else value_now is (spec.name == "enablereuse")

    def lone_word(self, block: Block, word: Word, source: Source, place: Place) -> None:
        kind = "trailing-comment" if word.value.startswith("#") else "lone-parameter"
        where = Place(source, word.start, word.end) if word.end else place
        block.problem(
            kind,
            where,
            setting=word.value,
            values={"setting": word.value, "raw": word.value, "wanted": "key=value", "count": 0},
        )

    def unknown_parameter(self, block: Block, spec: KindSpec, word: Word, key: str, source: Source) -> None:
        import difflib

        close = difflib.get_close_matches(key.lower(), list(spec.settings), 1)
        other = "balancer" if block.kind == "worker" else "worker"
        values = {
            "setting": key,
            "name": key,
            "meant": close[0] if close else "",
            "what": "backend" if block.kind == "worker" else "balancer",
            "belongs": "balancer" if other == "balancer" else "backend (ProxyPass, BalancerMember)",
        }
        elsewhere = key.lower() in self.catalogue.kind(other).settings
        kind = "foreign-parameter" if elsewhere else "unknown-parameter" if close else "strange-parameter"
        block.problem(kind, Place(source, word.start, word.end), setting=key, values=values)

    def balancer_member(self, directive: Directive, scope: Scope, source: Source) -> None:
        words = self.words(directive)
        plain = [word for word in words if "=" not in word.value or "://" in word.value.partition("=")[0]]
        pairs = [word for word in words if word not in plain]
        name = scope.argument if scope.section else ""
        if not name:
            if not plain:
                self.wrong_count(directive, scope, source, len(words), "a balancer and the address of a backend")
                return
            name, plain = plain[0].value, plain[1:]
        if not plain:
            if not is_template(name):
                self.wrong_count(directive, scope, source, len(words), "the address of a backend")
            return
        if not name.lower().startswith("balancer:"):
            return
        members = scope.server.members.setdefault(name.lower(), Workers())
        target, extra = plain[0], plain[1:]
        self.backend(
            directive,
            target,
            [*pairs, *extra],
            scope,
            source,
            name=f"{name} {target.value}",
            uses=None,
            match=False,
            members=members,
        )

    def proxy_set(self, directive: Directive, scope: Scope, source: Source) -> None:
        words = self.words(directive)
        if scope.section in ("proxy", "proxymatch"):
            target, pairs = scope.argument, words
        elif words:
            target, pairs = words[0].value, words[1:]
        else:
            return
        self.configure(directive, target, pairs, scope, source, create=scope.section in ("proxy", "proxymatch"))

    def proxy_arguments(self, directive: Directive, words: list[Word], scope: Scope, source: Source) -> None:
        """``<Proxy URL key=value …>``."""
        if not scope.regex and any(sign in scope.argument for sign in "*?["):
            return
        pairs = words[2:] if words[0].value == "~" else words[1:]
        self.configure(directive, scope.argument, pairs, scope, source, create=True)

    def configure(
        self, directive: Directive, target: str, pairs: list[Word], scope: Scope, source: Source, *, create: bool
    ) -> None:
        """Give an existing worker or balancer parameters, or make it."""
        server = scope.server
        place = Place(source, directive.start, directive.end)
        where = address(target)
        if is_template(target):
            return
        if where is None:
            if directive.lower == "proxyset":
                word = Word(target, 0, 0, quoted=False)
                self.bad_address(server.block, directive, word, source, place)
            return
        if where.scheme == "balancer":
            self.parameters(self.balancer(server, where.url, place), pairs, source, place)
            return
        worker = server.workers.find(where)
        if worker is not None:
            self.parameters(worker.block, pairs, source, place, worker=worker)
        elif create:
            holder = scope.directive or directive
            word = Word(target, holder.start, holder.end, quoted=False)
            match = scope.section == "proxymatch"
            uses = ("", scope)
            self.backend(holder, word, pairs, scope, source, name=f"Proxy {target}", uses=uses, match=match)
        elif server.kind == "vhost" and not (self.unread or scope.maybe or scope.section):
            values = {"setting": directive.name, "raw": target, "why": "no backend of this address stands above it"}
            server.block.problem("invalid-value", place, setting=directive.name, values=values)

    # The environment and rewrite rules

    def set_env(self, directive: Directive, scope: Scope, source: Source) -> None:
        words = self.words(directive)
        if not words or words[0].value.lower() not in _POOL_ENV or not scope.certain_for("env") or scope.mpm:
            return
        place = Place(source, directive.start, directive.end)
        env = Env(words[0].value.lower(), place, scope.section, scope.argument, scope.directive)
        scope.server.envs.append(env)

    def unset_env(self, directive: Directive, scope: Scope, _source: Source) -> None:
        scope.server.unset.update(word.value.lower() for word in self.words(directive))

    def rewrite_engine(self, directive: Directive, scope: Scope, _source: Source) -> None:
        words = self.words(directive)
        if words and words[0].value.lower() == "on":
            scope.server.engine = True

    def ssl_engine(self, directive: Directive, scope: Scope, _source: Source) -> None:
        words = self.words(directive)
        scope.server.tls = bool(words) and words[0].value.lower() in ("on", "optional")

    def rewrite_rule(self, directive: Directive, scope: Scope, source: Source) -> None:
        words = self.words(directive)
        if len(words) < 3 or not re.fullmatch(r"\[.*\]", words[2].value):
            return
        flags = {flag.strip().lower() for flag in words[2].value[1:-1].split(",")}
        if not flags & {"p", "proxy"}:
            return
        where = address(words[1].value)
        if where is None or where.scheme not in _POOLED_SCHEMES or where.unix or is_template(words[1].value):
            return
        if len(where.fixed) < len(where.root):
            return
        place = Place(source, directive.start, directive.end)
        block = self.block(
            "rewrite", words[0].value, place, path=f"{scope.server.block.path} RewriteRule {words[0].value}"
        )
        block.links["server"] = scope.server.block
        block.facts.update(
            url=words[1].value, host=where.host, scheme=where.scheme, origin=where.root + "/", covered=UNKNOWN
        )
        if scope.certain_for("rewrite"):
            scope.server.rewrites.append((block, where))

    # The end: what only the whole tells

    def finish(self) -> None:
        base = os.path.basename(self.source.path)
        named = re.fullmatch(r"mpm_(prefork|worker|event)\.conf.*", base)
        if named is not None and not self.mpm:
            self.mpm = named[1]
        main = base in MAIN_FILES or self.listens
        complete = main and not self.unread and not self.uncertain
        self.finish_limits(complete=complete or (named is not None and not self.uncertain))
        for server in self.servers:
            self.finish_server(server, complete=complete)
        for server in self.servers:
            for worker in server.made:
                self.finish_worker(worker, server)
            for block, where in server.rewrites:
                block.facts["covered"] = self.covered(server, where)

    def finish_server(self, server: Server, *, complete: bool) -> None:
        block = server.block
        block.complete = complete
        unread = block.facts.pop("unread", False)
        mpm = self.mpm if self.mpm in MPM_DEFAULTS else ""
        tls = server.tls or (server.main is not None and server.main.tls)
        block.facts.update(complete=complete and not unread, mpm=mpm, tls=tls)
        block.links["server"] = self.main.block
        if server.main is not None:
            for name, setting in server.main.block.settings.items():
                if name not in block.settings:
                    block.settings[name] = _inherited(setting)
        running = next((each for each in self.reading.blocks if each.kind == "mpm" and each.facts["mpm"] == mpm), None)
        block.links["mpm_block"] = running if mpm else None
        for worker in server.made:
            worker.block.facts["mpm"] = mpm
            worker.block.links["mpm_block"] = block.links["mpm_block"]

    def finish_limits(self, *, complete: bool) -> None:
        """One block for each processing module that a section is for, with the bare limits around it; one for these
        alone when they stand alone or another module runs."""
        sections = list(dict.fromkeys(mpm for mpm, _, _ in self.limits if mpm and mpm != "other"))
        bare = any(not mpm for mpm, _, _ in self.limits)
        kinds = list(sections)
        if bare and (not sections or (self.mpm and self.mpm not in sections)):
            kinds.append(self.mpm if self.mpm in MPM_DEFAULTS else "")
        for kind in kinds:
            mine = [(name, setting) for mpm, name, setting in self.limits if mpm in ("", kind)]
            if mine:
                self.limits_block(kind, mine, complete=complete)

    def limits_block(self, mpm: str, mine: list[tuple[str, Setting]], *, complete: bool) -> None:
        names = {name for name, _ in mine}
        if not mpm:
            if names & {"MinSpareServers", "MaxSpareServers"}:
                mpm = "prefork"
            elif "AsyncRequestWorkerFactor" in names:
                mpm = "event"
            elif names & {"ThreadsPerChild", "ThreadLimit", "MinSpareThreads", "MaxSpareThreads"}:
                mpm = "worker"
        place = mine[0][1].key_place
        assert place is not None
        block = self.block("mpm", mpm, place, path=f"mpm {mpm}".strip())
        for name, setting in mine:
            block.settings.pop(name, None)
            block.settings[name] = setting
        block.complete = complete or len(names) > 2
        block.facts.update(mpm=mpm, complete=block.complete)
        spec = block.spec
        assert spec is not None
        for name, value in MPM_DEFAULTS.get(mpm, {}).items():
            if name not in block.settings:
                default: Any = value if block.complete else UNKNOWN
                block.settings[name] = Setting(name, default, str(value), origin="default", spec=spec.settings[name])

    def covered(self, server: Server, where: Address) -> Any:
        """Whether a worker that keeps its connections serves what a rule hands on; UNKNOWN when that depends."""
        if not server.engine and not (server.main is not None and server.main.engine):
            return UNKNOWN
        for each in (server, server.main):
            if each is None:
                continue
            if each.workers.covering(where) is not None:
                return True
            if where.fixed != where.url and each.workers.within(where):
                return UNKNOWN
            if each.block.facts.get("complete") is False and self.unread:
                return UNKNOWN
        return False

    def finish_worker(self, worker: Worker, server: Server) -> None:
        facts = worker.block.facts
        scheme = facts["scheme"]
        envs = [
            env
            for each in (server, server.main)
            if each is not None
            for env in each.envs
            if self.reaches(env, worker, server)
        ]
        names = {env.name: env for env in envs}
        facts["initial_not_pooled"] = "proxy-initial-not-pooled" in names
        if scheme is UNKNOWN or worker.reuse is UNKNOWN or worker.address is None:
            facts["pooled"] = UNKNOWN
            return
        if scheme == "fcgi":
            pooled = worker.reuse is True
            facts["pooled"] = pooled
            facts["no_pool_reason"] = "" if pooled else "fcgi" if worker.reuse is None else "fcgi-told"
            return
        if scheme not in _POOLED_SCHEMES:
            facts["pooled"] = UNKNOWN
            return
        reason = ""
        if worker.reuse is False:
            last = [name for name in worker.block.settings if name in ("disablereuse", "enablereuse")]
            reason = last[-1] if last else "disablereuse"
        elif "proxy-nokeepalive" in names:
            reason = "nokeepalive"
        elif "force-proxy-request-1.0" in names:
            reason = "http10"
        elif facts["substituted"]:
            reason = self.substituted(worker, server)
        facts["no_pool_reason"] = "" if reason == "?" else reason
        facts["pooled"] = UNKNOWN if reason == "?" else not reason
        if reason in ("nokeepalive", "http10"):
            name = "proxy-nokeepalive" if reason == "nokeepalive" else "force-proxy-request-1.0"
            worker.block.facts["env_place"] = names[name].place

    def substituted(self, worker: Worker, server: Server) -> str:
        """An address made from the request shares the pool of a plain one that covers it, whichever comes first."""
        assert worker.address is not None
        for each in (server, server.main):
            if each is None:
                continue
            others = each.plain()
            if others.covering(worker.address) is not None:
                return ""
            if others.within(worker.address):
                return "?"
        return "substituted"

    def reaches(self, env: Env, worker: Worker, server: Server) -> bool:
        """Whether a SetEnv holds for every request to one of the worker's paths."""
        if any(env.name in each.unset for each in (server, server.main) if each is not None):
            return False
        if not env.section:
            return True
        if env.section == "proxy":
            url = worker.block.facts["url"]
            pattern = env.argument.lower()
            return pattern == "*" or (
                url is not UNKNOWN and url.startswith(pattern.rstrip("*")) and "*" not in pattern[:-1]
            )
        holders, above = worker.reached_by()
        if env.holder is not None and id(env.holder) in holders:
            return True
        return env.section == "location" and not worker.match and env.argument in above


def _inherited(setting: Setting) -> Setting:
    return Setting(
        setting.name,
        setting.value,
        setting.raw,
        origin="inherited",
        place=setting.place,
        key_place=setting.key_place,
        key=setting.key,
        spec=setting.spec,
    )


def _module(name: str) -> str:
    """``mod_proxy.c`` and ``proxy_module`` -> proxy."""
    match = _MODULE.fullmatch(name)
    return match[1].lower() if match is not None else name.lower()


def _distance(one: str, other: str) -> int:
    """How many letters must be put in, taken out or changed to come from one word to another."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        previous, row[0] = row[0], index
        for column, sign in enumerate(other, 1):
            previous, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, previous + (letter != sign))
    return row[-1]
