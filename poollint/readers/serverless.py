"""serverless.yml, SAM and CloudFormation templates: functions, their environments, and the proxy of a database.

What matters is who connects to what: an environment variable holds the address of a database or of a proxy, by name
(``!GetAtt Database.Endpoint.Address``) or in full. Values that only the deployment knows are UNKNOWN.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.blocks import UNKNOWN, UNLIMITED, Block, Setting
from poollint.formats.yaml_tree import Mapping, Node, Scalar, Sequence, parse
from poollint.knowledge.poolers import in_text
from poollint.readers.base import ReadContext, Reading
from poollint.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.source import Source

DATABASES = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
MAX_PARTS = 200
# the end of an instance's or a cluster's own name; a proxy's has .proxy- in the same place
_HOST = re.compile(
    r"([\w-]+)\.(?!proxy-)(?:cluster-(?:ro-)?)?[a-z0-9]{8,16}\.[a-z]{2}(?:-[a-z]+)+-\d\.rds\.amazonaws\.com"
)
_HANDLER = re.compile(r"(?:[\w.@-]+/)*[\w@-]+(?:\.[\w-]+)+")
_ATTRIBUTE = re.compile(r"\$\{(\w+)\.(?:Read)?Endpoint(?:\.Address)?\}")
_POOL_NAME = re.compile(r"(?i)(?:^|_)(?:pool_?(?:max|size|limit)|max_?pool(?:_?size)?|connection_?limit)(?:_|$)")
_POOL_PARAMETER = re.compile(r"[?&](?:connection_limit|maxPoolSize|pool_size|pool_max_conns)=(\d+)")
_ONCE = re.compile(r"(?i)migrat|seed|schema|bootstrap|init")
_NUMBER = re.compile(r"[+-]?\d{1,9}")


class Variable(NamedTuple):
    """An environment variable that tells of a database: its name, the place of its value, and what it says."""

    name: str
    place: Place
    what: str
    number: int = 0


class _Resource(NamedTuple):
    name: str
    type: str
    key: Scalar
    properties: Mapping


def read(source: Source, context: ReadContext) -> Reading:
    """The functions, environments and proxies of a template; nothing for a file of another kind."""
    documents = [node for node in parse(source).documents if isinstance(node, Mapping)]
    if len(documents) != 1:
        return Reading()
    return Reading(_Template(source, context, documents[0]).blocks())


class _Template:
    def __init__(self, source: Source, context: ReadContext, root: Mapping) -> None:
        self.source = source
        self.context = context
        self.root = root
        self.resources = {each.name: each for each in self._resources()}

    def _resources(self) -> Iterator[_Resource]:
        holder = self.root.get("Resources") or _inner(self.root, "resources", "Resources")
        if not isinstance(holder, Mapping):
            return
        for key, node in holder.pairs():
            kind = node.get("Type") if isinstance(node, Mapping) else None
            properties = node.get("Properties") if isinstance(node, Mapping) else None
            if isinstance(kind, Scalar):
                held = properties if isinstance(properties, Mapping) else Mapping(key.end)
                yield _Resource(key.text, kind.text, key, held)

    def blocks(self) -> list[Block]:
        groups = list(self._groups())
        functions = [*self._framework_functions(), *self._resource_functions()]
        for block, environments in functions:
            self._link(block, environments, groups)
        return [*self._environments(functions), *(block for block, _ in functions), *self._proxies(), *groups]

    def _block(self, kind: str, name: str, at: Node) -> Block:
        spec = self.context.catalogue.kind(kind)
        place = Place(self.source, at.start, at.end)
        return Block("serverless", kind, name, place, spec=spec, target=self.context.target)

    def _set(self, block: Block, name: str, key: Scalar, value: Node) -> None:
        """One setting; what is no plain number or word is UNKNOWN."""
        spec = block.spec.settings.get(name) if block.spec is not None else None
        if spec is None:
            return
        place = Place(self.source, value.start, value.end)
        raw = " ".join(place.text.split())[:60]
        key_place = Place(self.source, key.start, key.end)
        typed = _typed(value, spec.type)
        if typed == 0 and typed is not False and spec.get("zero") == "forever":
            typed = UNLIMITED
        block.settings[name] = Setting(name, typed, raw, place=place, key_place=key_place, key=key.text, spec=spec)

    # Functions

    def _framework_functions(self) -> Iterator[tuple[Block, list[Mapping]]]:
        """Those of serverless.yml: ``functions`` under a ``provider`` that is AWS."""
        provider, functions = self.root.get("provider"), self.root.get("functions")
        if not isinstance(functions, Mapping) or not _is_aws(provider):
            return
        shared = provider if isinstance(provider, Mapping) else Mapping(0)
        for key, node in functions.pairs():
            if not isinstance(node, Mapping):
                continue
            block = self._block("function", key.text, key)
            for holder in (shared, node):
                for name in ("timeout", "memorySize", "reservedConcurrency"):
                    self._copy(block, holder, name, name)
            block.facts["handler"] = self._handler("", node.get("handler"))
            yield block, _maps(shared.get("environment"), node.get("environment"))

    def _resource_functions(self) -> Iterator[tuple[Block, list[Mapping]]]:
        shared = _inner(self.root, "Globals", "Function")
        for each in self.resources.values():
            if each.type not in FUNCTIONS:
                continue
            block = self._block("function", each.name, each.key)
            holders = [each.properties]
            environments = _maps(_inner(each.properties, "Environment", "Variables"))
            if each.type == FUNCTIONS[0] and isinstance(shared, Mapping):
                holders.insert(0, shared)
                environments = _maps(_inner(shared, "Environment", "Variables")) + environments
            code = each.properties.get("CodeUri")
            if isinstance(code, Scalar) and not code.tag:
                block.facts["handler"] = self._handler(code.text, each.properties.get("Handler"))
            for holder in holders:
                self._copy(block, holder, "Timeout", "timeout")
                self._copy(block, holder, "MemorySize", "memorySize")
                self._copy(block, holder, "ReservedConcurrentExecutions", "reservedConcurrency")
            yield block, environments

    def _handler(self, folder: str, handler: Node | None) -> str:
        """The path of the file that holds a function, without its ending; empty when the template does not tell."""
        if not isinstance(handler, Scalar) or handler.tag or not _HANDLER.fullmatch(handler.text):
            return ""
        module = handler.text.rpartition(".")[0]
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.source.path), folder, module))

    def _copy(self, block: Block, holder: Mapping, written: str, name: str) -> None:
        key, value = holder.key(written), holder.get(written)
        if key is not None and value is not None:
            self._set(block, name, key, value)

    # Environments

    def _environments(self, functions: list[tuple[Block, list[Mapping]]]) -> Iterator[Block]:
        """Each map of variables once, with the functions that have it."""
        users: dict[int, list[Block]] = {}
        maps: dict[int, Mapping] = {}
        for block, environments in functions:
            for each in environments:
                maps[each.start] = each
                users.setdefault(each.start, []).append(block)
        for start, each in maps.items():
            serving = [block for block in users[start] if not _ONCE.search(block.name)]
            if not serving:
                continue
            block = self._block("environment", serving[0].name, each.entries[0][0] if each.entries else each)
            limits = [function.value("reservedConcurrency") for function in serving]
            unsure = any(limit is UNKNOWN for limit in limits)
            block.facts["instances"] = UNKNOWN if unsure else None if UNLIMITED in limits else sum(limits)
            block.facts["functions"] = tuple(function.name for function in serving)
            block.facts["direct"] = tuple(self._direct(each))
            block.facts["pools"] = tuple(self._pools(each))
            yield block

    def _direct(self, environment: Mapping) -> Iterator[Variable]:
        for key, value in environment.pairs():
            for name in self._databases(value):
                yield Variable(key.text, Place(self.source, value.start, value.end), name)
                break

    def _databases(self, value: Node) -> Iterator[str]:
        """The databases whose own address a value holds."""
        for name, attribute in _references(value):
            found = self.resources.get(name)
            if found is not None and found.type in DATABASES and "Endpoint" in attribute:
                yield name
        for text in _texts(value):
            for match in _HOST.finditer(text):
                yield match[1]

    def _pools(self, environment: Mapping) -> Iterator[Variable]:
        for key, value in environment.pairs():
            if not isinstance(value, Scalar) or value.tag:
                continue
            place = Place(self.source, value.start, value.end)
            found = _POOL_PARAMETER.search(value.text)
            if found is not None:
                yield Variable(key.text, place, found[0][1:], int(found[1][:9]))
            elif _POOL_NAME.search(key.text) and _NUMBER.fullmatch(value.text):
                yield Variable(key.text, place, value.text, int(value.text))

    def _link(self, block: Block, environments: list[Mapping], groups: list[Block]) -> None:
        """Whether a function goes through a proxy of this template, and which pool that has."""
        proxies = set()
        for environment in environments:
            for _key, value in environment.entries:
                for name, _attribute in _references(value):
                    found = self.resources.get(name)
                    if found is not None and found.type == "AWS::RDS::DBProxy":
                        proxies.add(name)
        block.facts["proxied"] = bool(proxies)
        texts = [text for environment in environments for _, value in environment.entries for text in _texts(value)]
        block.facts["pooled"] = bool(proxies) or any(in_text(text) is not None for text in texts)
        linked = [group for group in groups if group.facts["proxy"] in proxies]
        if len(linked) == 1:
            block.links["proxy"] = linked[0]

    # Proxies

    def _proxies(self) -> Iterator[Block]:
        for each in self.resources.values():
            if each.type == "AWS::RDS::DBProxy":
                block = self._block("proxy", each.name, each.key)
                for key, value in each.properties.pairs():
                    self._set(block, key.text, key, value)
                yield block

    def _groups(self) -> Iterator[Block]:
        for each in self.resources.values():
            if each.type != "AWS::RDS::DBProxyTargetGroup":
                continue
            block = self._block("target_group", each.name, each.key)
            block.facts["proxy"] = next((name for name, _ in _references(each.properties.get("DBProxyName"))), "")
            pool = each.properties.get("ConnectionPoolConfigurationInfo")
            if isinstance(pool, Mapping) and not any(key.text.startswith("Fn::") for key, _ in pool.pairs()):
                for key, value in pool.pairs():
                    self._set(block, key.text, key, value)
            elif pool is not None:
                block.complete = False
            yield block


def _typed(value: Node, kind: str) -> Any:
    if not isinstance(value, Scalar) or value.tag or "${" in value.text or value.style == "*":
        return UNKNOWN
    if kind == "bool":
        return {"true": True, "false": False}.get(value.text.lower(), UNKNOWN)
    if kind == "string":
        return value.text
    return int(value.text) if _NUMBER.fullmatch(value.text) else UNKNOWN


def _is_aws(provider: Node | None) -> bool:
    name = provider.get("name") if isinstance(provider, Mapping) else provider
    return isinstance(name, Scalar) and name.text == "aws"


def _inner(holder: Mapping, *names: str) -> Node | None:
    node: Node | None = holder
    for name in names:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


def _maps(*nodes: Node | None) -> list[Mapping]:
    return [node for node in nodes if isinstance(node, Mapping)]


def _parts(value: Node | None) -> Iterator[tuple[str, Node]]:
    """A value and what is inside it, each with the key above it; no more parts than any real value has."""
    waiting: list[tuple[str, Node]] = [("", value)] if value is not None else []
    count = 0
    while waiting and count < MAX_PARTS:
        key, node = waiting.pop()
        count += 1
        yield key, node
        if isinstance(node, Mapping):
            waiting += [(each.text, inner) for each, inner in node.pairs()]
        elif isinstance(node, Sequence):
            waiting += [(key, inner) for inner in node.items[:MAX_PARTS]]


def _references(value: Node | None) -> Iterator[tuple[str, str]]:
    """(resource, attribute) of every reference in a value, in its short and long forms; the attribute of a Ref is empty."""
    for key, node in _parts(value):
        if (isinstance(node, Sequence) and key == "Fn::GetAtt") or (
            isinstance(node, Sequence) and node.tag == "!GetAtt"
        ):
            words = [each.text for each in node.items if isinstance(each, Scalar)]
            if len(words) == 2:
                yield words[0], words[1]
        elif not isinstance(node, Scalar):
            continue
        elif node.tag == "!GetAtt" or key == "Fn::GetAtt":
            name, _, attribute = node.text.partition(".")
            yield name, attribute
        elif node.tag == "!Ref" or key == "Ref":
            yield node.text, ""
        elif node.tag == "!Sub" or key == "Fn::Sub":
            for match in _ATTRIBUTE.finditer(node.text):
                yield match[1], "Endpoint"
            for name in re.findall(r"\$\{(\w+)\}", node.text):
                yield name, ""


def _texts(value: Node) -> Iterator[str]:
    for _key, node in _parts(value):
        if isinstance(node, Scalar):
            yield node.text
