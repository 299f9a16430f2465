"""What depends on what among governed entries: found in the entries themselves, never kept by hand (R-5.3).

An entry refers to another one by a field that is named like the other's type (`offering`, `bundle`, `categories`), so a
further kind of artifact is in the graph as soon as it exists.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.artifact import EVERYWHERE, Content
from domain.model import Model

MEANS = {"bundle": "offering", "parent": "category"}
"""Fields that do not say the type of what they name."""
PLURALS = {"categories": "category", "attributes": "attribute", "offerings": "offering", "clauses": "clause"}


class Node(Model):
    """An entry of an artifact; changed: whether the change moves it.

    distance: 0 for what the change touches, from 1 on the steps to what depends on it, -1 for what it needs itself.
    """

    id: str
    type: str
    title: str
    artifact: str
    distance: int
    changed: bool


class Edge(Model):
    """One entry refers to another one, by which field."""

    source: str
    target: str
    by: str


class Graph(Model):
    """The part of the graph around a change: nodes by distance, and the references between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class References:
    """All references between entries of the given contents, by artifact."""

    def __init__(self, contents: Mapping[str, Content]) -> None:
        self.entries = {
            f"{artifact}:{key}": (artifact, entry)
            for artifact, content in contents.items()
            for key, entry in content.items()
        }
        self._named: dict[tuple[str, str], str] = {}
        for name, (_, entry) in self.entries.items():
            if "id" in entry:
                self._named[entry["type"], entry["id"]] = name
        self.to: dict[str, list[Edge]] = {}
        self.of: dict[str, list[Edge]] = {}
        for name, (_, entry) in self.entries.items():
            for by, target in self._targets(entry):
                edge = Edge(source=name, target=target, by=by)
                self.of.setdefault(name, []).append(edge)
                self.to.setdefault(target, []).append(edge)

    def named(self, kind: str, name: str) -> str | None:
        """The entry of a type with an id."""
        return self._named.get((kind, name))

    def _targets(self, entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        for field, value in entry.items():
            kind = MEANS.get(field) or PLURALS.get(field, field)
            for name in _texts(value):
                target = self._named.get((kind, name))
                if target is not None and name != EVERYWHERE and field not in ("id", "type"):
                    yield field, target


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, str))


def around(references: References, changed: Iterable[str], touched: Iterable[str], depth: int) -> Graph:
    """What the changed and touched entries refer to, and what refers to them, up to so many steps away."""
    moved = set(changed)
    distances = dict.fromkeys(sorted({*moved, *touched}), 0)
    ahead, edges = sorted(distances), {}
    for step in range(1, depth + 1):
        following = []
        for name in ahead:
            for edge in references.to.get(name, ()):
                edges[edge.source, edge.target, edge.by] = edge
                if edge.source not in distances:
                    distances[edge.source] = step
                    following.append(edge.source)
        ahead = following
    for name in [name for name, distance in distances.items() if distance == 0]:
        for edge in references.of.get(name, ()):
            edges[edge.source, edge.target, edge.by] = edge
            distances.setdefault(edge.target, -1)
    nodes = [_node(references, name, distance, name in moved) for name, distance in distances.items()]
    return Graph(
        nodes=tuple(sorted(nodes, key=lambda node: (node.distance, node.type, node.title, node.id))),
        edges=tuple(edges[key] for key in sorted(edges)),
    )


def _node(references: References, name: str, distance: int, changed: bool) -> Node:
    artifact, entry = references.entries.get(name, (name.partition(":")[0], {}))
    title = entry.get("name") or entry.get("title") or entry.get("code") or name.partition("/")[2].partition("/")[2]
    return Node(
        id=name,
        type=str(entry.get("type", "entry")),
        title=str(title or entry.get("id") or name),
        artifact=artifact,
        distance=distance,
        changed=changed,
    )
