"""Manifests of Kubernetes: the containers of every workload, with the command that each one runs.

A text that is no YAML (the template of a chart, say) has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from poollint.formats.yaml_tree import Mapping, Scalar, Sequence, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poollint.formats.yaml_tree import Node
    from poollint.source import Source

# where the pod stands in a workload of each kind
_POD = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
MAX_CONTAINERS = 2000


class Container(NamedTuple):
    """``command`` holds the words of ``command`` and ``args`` together; ``replicas`` is None where nobody says."""

    name: str
    image: str
    command: tuple[Scalar, ...]
    replicas: int | None


def containers(source: Source) -> Iterator[Container]:
    """The containers of a text, in its order."""
    tree = parse(source)
    left = MAX_CONTAINERS
    for document in [] if tree.errors else tree.documents:
        for workload in _workloads(document):
            kind = _text(workload, "kind")
            replicas = _text(_at(workload, ("spec",)), "replicas")
            pod = _at(workload, (*_POD[kind], "spec"))
            for node in _items(pod, "containers"):
                left -= 1
                if left < 0:
                    return
                words = (*_words(node, "command"), *_words(node, "args"))
                number = int(replicas) if replicas.isdecimal() else None
                yield Container(_text(node, "name"), _text(node, "image"), words, number)


def _workloads(document: Node) -> Iterator[Mapping]:
    """The workloads of a document: itself, or the items of a list."""
    if not isinstance(document, Mapping):
        return
    for each in (document, *_items(document, "items")):
        if isinstance(each, Mapping) and _text(each, "kind") in _POD:
            yield each


def _at(node: Node | None, path: tuple[str, ...]) -> Node | None:
    for name in path:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


def _items(node: Node | None, name: str) -> list[Node]:
    found = node.get(name) if isinstance(node, Mapping) else None
    return found.items if isinstance(found, Sequence) else []


def _text(node: Node | None, name: str) -> str:
    found = node.get(name) if isinstance(node, Mapping) else None
    return found.text if isinstance(found, Scalar) else ""


def _words(node: Any, name: str) -> list[Scalar]:
    return [each for each in _items(node, name) if isinstance(each, Scalar)]
