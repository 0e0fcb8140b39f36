"""Backends and balancers: ProxyPass, BalancerMember, ProxySet, <Proxy>, RewriteRule [P]."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, Block, Setting
from poollint.formats.apache_conf import Directive, Word
from poollint.readers.apache_scope import Env, Scope, Server, Worker
from poollint.readers.apache_settings import Settings
from poollint.readers.apache_state import DIRECTORY_SECTIONS
from poollint.readers.apache_values import Workers, address, decode, is_template
from poollint.source import Place

if TYPE_CHECKING:
    from poollint.knowledge.catalogue import KindSpec, SettingSpec
    from poollint.readers.apache_values import Address
    from poollint.source import Source

LOCATIONS = ("location", "locationmatch")
POOLED_SCHEMES = ("http", "https", "ajp", "h2", "h2c")
_POOL_ENV = ("proxy-nokeepalive", "force-proxy-request-1.0", "proxy-initial-not-pooled")
_BAD_PORT = re.compile(r":[a-z][^:\]]*$")
_FLAG_WORDS = ("nocanon", "interpolate", "noquery")


class Backends(Settings):
    """Workers, and what the environment and rewrite rules do to them."""

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
        if where is None or where.scheme not in POOLED_SCHEMES or where.unix or is_template(words[1].value):
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
