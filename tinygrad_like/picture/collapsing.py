"""Layers shown as one card each, from some depth on."""

from __future__ import annotations

from .graph import LEAVES, Card, Cluster, Graph
from .merging import consumers_of, merged


def deepest(graph: Graph) -> int:
    """How many clusters stand inside each other at most."""
    known: dict[int, int] = {}
    return max((depth_of(card.cluster, known) for card in graph.cards if card.cluster), default=0)


def depth_of(cluster: Cluster, known: dict[int, int]) -> int:
    """How many clusters stand around a card of this one."""
    unknown: list[Cluster] = []
    at: Cluster | None = cluster
    while at is not None and id(at) not in known:
        unknown.append(at)
        at = at.outer
    for each in reversed(unknown):
        known[id(each)] = 1 + (known[id(each.outer)] if each.outer else 0)
    return known[id(cluster)]


def collapsed(graph: Graph, depth: int) -> Graph:
    """Every cluster at this depth as one card.

    What a call needs was computed before it, and what needs its results comes after it: no path leaves and comes back.
    """
    known: dict[int, int] = {}
    around = [ancestor(card.cluster, depth, known) for card in graph.cards]
    consumers, roots = consumers_of(graph), frozenset(graph.roots)
    groups = list(range(len(graph.cards)))
    first: dict[int, int] = {}
    for number, card in enumerate(graph.cards):
        cluster = around[number]
        if cluster is None or card.role == "input":
            continue
        if card.role in LEAVES and any(around[user] is not cluster for user in consumers[number]):
            continue
        groups[number] = first.setdefault(id(cluster), number)

    def make(inside: list[int]) -> Card:
        cluster = around[inside[0]]
        is_alone = first.get(id(cluster)) != groups[inside[0]]
        return (
            graph.cards[inside[0]]
            if cluster is None or is_alone
            else layer_card(graph, inside, cluster, consumers, roots)
        )

    result = merged(graph, groups, make)
    for card in result.cards:
        # A leaf that others use, too, steps out of the box that is gone.
        cluster = ancestor(card.cluster, depth, known)
        card.cluster = cluster.outer if cluster else card.cluster
    return result


def ancestor(cluster: Cluster | None, depth: int, known: dict[int, int]) -> Cluster | None:
    """The cluster at a depth that this one is, or is in."""
    while cluster is not None and depth_of(cluster, known) > depth:
        cluster = cluster.outer
    return cluster if cluster is not None and known[id(cluster)] == depth else None


def layer_card(
    graph: Graph, inside: list[int], cluster: Cluster, consumers: list[list[int]], roots: frozenset[int]
) -> Card:
    """A whole layer: with its parameters counted, and the value and gradient of its result."""
    members = set(inside)
    results = [n for n in inside if n in roots or any(user not in members for user in consumers[n])]
    last = graph.cards[results[-1] if results else inside[-1]]
    computed = [n for n in inside if graph.cards[n].role not in LEAVES]
    is_whole = last.role == "loss" or (last.role == "activation" and len(computed) == 1)
    parameters = [graph.cards[n] for n in inside if graph.cards[n].role == "parameter"]
    return Card(
        role=last.role if is_whole else "group",
        symbol=cluster.title,
        name=cluster.label,
        label=last.label or (f"call {cluster.call}" if cluster.call else ""),
        shape=last.shape,
        dtype=last.dtype,
        value=last.value,
        gradient=last.gradient,
        note=last.note,
        cluster=cluster.outer,
        parameters=sum(card.value.size for card in parameters if card.value is not None)
        + sum(graph.cards[n].parameters for n in inside),
    )
