"""What hangs on what in a program, in layers fit to be drawn."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from infra.resources import Place, Program, Resource

__all__ = ["Edge", "Graph", "Node", "graph"]


class Node(msgspec.Struct, frozen=True):
    """One resource.

    Attributes:
        urn: its identity.
        type: Pulumi's type token.
        name: its name in the program.
        layer: from 0; every edge leads to a layer further left.
        row: from 0, its place in its layer.
        parent: URN of the resource above it that is in the graph; "" if there is none.
        component: whether it only groups others.
        place: where the program asked for it.

    """

    urn: str
    type: str
    name: str
    layer: int
    row: int
    parent: str = ""
    component: bool = False
    place: Place | None = None


class Edge(msgspec.Struct, frozen=True):
    """One relation, from the resource that needs to the one that is needed.

    Attributes:
        source: URN.
        target: URN.
        kind: ``reference``: properties of `source` are made from outputs of `target`;
            ``dependency``: `target` only has to be there first; ``parent``: `target` groups it.
        properties: of `source`, sorted; empty unless it is a reference.

    """

    source: str
    target: str
    kind: Literal["reference", "dependency", "parent"]
    properties: tuple[str, ...] = ()


class Graph(msgspec.Struct, frozen=True):
    """A program's resources and their relations.

    Attributes:
        nodes: by layer, then row.
        edges: by the source's place in the program, then the target's, then kind.

    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def layers(self) -> tuple[tuple[Node, ...], ...]:
        """The nodes, one tuple for each layer."""
        made: list[list[Node]] = []
        for each in self.nodes:
            made += [[] for _ in range(each.layer + 1 - len(made))]
            made[each.layer].append(each)
        return tuple(tuple(each) for each in made)


def graph(program: Program) -> Graph:
    """Return the graph of a program; the same program gives the same graph.

    A relation to a resource that is not in the program (one that it only reads) is left out. What
    leads in a circle, as no engine would take it, loses the relation that closes it.
    """
    order = {each.urn: at for at, each in enumerate(program.resources)}
    edges = [edge for each in program.resources for edge in _edges(each, order)]
    edges = [each for each in edges if order[each.target] != order[each.source]]
    edges.sort(key=lambda each: (order[each.source], order[each.target], each.kind))
    layers = _layers(order, edges)
    rows = _rows(order, edges, layers)
    nodes = [
        Node(
            urn=each.urn,
            type=each.type,
            name=each.name,
            layer=layers[each.urn],
            row=rows[each.urn],
            parent=each.parent if each.parent in order else "",
            component=each.component,
            place=each.place,
        )
        for at, each in enumerate(program.resources)
        if order[each.urn] == at
    ]
    nodes.sort(key=lambda each: (each.layer, each.row))
    kept = [each for each in edges if layers[each.target] < layers[each.source]]
    return Graph(tuple(nodes), tuple(kept))


def _edges(resource: Resource, known: Mapping[str, int]) -> list[Edge]:
    properties: dict[str, list[str]] = {}
    for name, urns in sorted(resource.references.items()):
        for urn in urns:
            properties.setdefault(urn, []).append(name)
    made = [Edge(resource.urn, urn, "reference", tuple(names)) for urn, names in properties.items()]
    made += [
        Edge(resource.urn, urn, "dependency")
        for urn in dict.fromkeys(resource.depends_on)
        if urn not in properties
    ]
    if resource.parent:
        made.append(Edge(resource.urn, resource.parent, "parent"))
    return [each for each in made if each.target in known]


def _layers(order: Mapping[str, int], edges: Sequence[Edge]) -> dict[str, int]:
    """Return the length of the longest way from each resource to one that needs nothing."""
    needs: dict[str, list[str]] = {urn: [] for urn in order}
    for each in edges:
        needs[each.source].append(each.target)
    layers: dict[str, int] = {}
    open_: set[str] = set()
    for start in order:
        waiting = [start]
        while waiting:
            urn = waiting[-1]
            missing = [each for each in needs[urn] if each not in layers and each not in open_]
            if urn not in layers and missing:
                open_.add(urn)
                waiting.append(missing[0])
                continue
            waiting.pop()
            open_.discard(urn)
            if urn not in layers:
                found = [layers[each] for each in needs[urn] if each in layers]
                layers[urn] = 1 + max(found, default=-1)
    return layers


def _rows(
    order: Mapping[str, int], edges: Sequence[Edge], layers: Mapping[str, int]
) -> dict[str, int]:
    """Return places in the layers: near the middle of what a resource needs, then as programmed."""
    needs: dict[str, list[str]] = {urn: [] for urn in order}
    for each in edges:
        if layers[each.target] < layers[each.source]:
            needs[each.source].append(each.target)
    rows: dict[str, int] = {}
    found: list[list[str]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for urn in order:
        found[layers[urn]].append(urn)
    for members in found:
        members.sort(key=lambda urn: (_middle(needs[urn], rows), order[urn]))
        rows.update({urn: row for row, urn in enumerate(members)})
    return rows


def _middle(urns: Sequence[str], rows: Mapping[str, int]) -> float:
    return sum(rows[each] for each in urns) / len(urns) if urns else 0.0
