"""Cards that do the same side by side, such as the neurons of a layer, rolled up as ×N."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .graph import LEAVES, Card, Cluster, Graph, altered, clusters_of, consumers_of, merged, operations_in


class Names(dict[Any, int]):
    """A number for every different key."""

    def __missing__(self, key: Any) -> int:
        self[key] = len(self)
        return self[key]


def words_of(card: Card) -> tuple[str, ...]:
    """What a card says that it does; the same for all indices that have the same form."""
    return card.role, without_numbers(card.symbol), card.name, card.options


def without_numbers(text: str) -> str:
    return re.sub(r"\d+", "", text)


def kinds_of_clusters(graph: Graph, names: Names) -> dict[int, int]:
    """A number for each cluster, the same for those of the same layers inside the same kind."""
    kinds = {id(None): -1}
    for cluster in clusters_of(graph):
        what = "cluster", cluster.label, without_numbers(cluster.title)
        kinds[id(cluster)] = names[what, kinds[id(cluster.outer)]]
    return kinds


def siblings_rolled_up(graph: Graph) -> Graph:
    """Cards that compute the same from the same kinds of things become one, and so do the layers around them.

    The class of a card is a number for what it is and for the classes of its parents. Cards of the same class are
    equally far from the leaves, so no path leads from one to another.
    """
    names = Names()
    kinds = kinds_of_clusters(graph, names)
    classes: list[int] = []
    for card in graph.cards:
        what = *words_of(card), card.shape, card.dtype, kinds[id(card.cluster)]
        size = card.parameters, card.nodes if card.role == "group" else 1, card.count if card.in_row else 1
        # x·x and x·y differ in which operands are the same.
        pattern = tuple(card.parents.index(p) for p in card.parents)
        classes.append(names[what, size, pattern, tuple(classes[p] for p in card.parents)])
    for number, users in enumerate(consumers_of(graph)):
        if graph.cards[number].role in LEAVES:
            classes[number] = names["leaf", classes[number], classes[users[0]] if users else -1]
    clusters, groups = merged_clusters(graph, classes, names)

    rolled = merged(graph, groups, lambda _, inside: several([graph.cards[number] for number in inside]))
    for card in rolled.cards:
        card.cluster = clusters[id(card.cluster)]
    return rolled


def merged_clusters(graph: Graph, classes: list[int], names: Names) -> tuple[dict[int, Cluster | None], list[int]]:
    """One cluster for all clusters that hold the same classes of cards; and for every card its class in its cluster."""
    order = clusters_of(graph)
    held: dict[int, set[int]] = {id(cluster): set() for cluster in [None, *order]}
    for each, card in zip(classes, graph.cards):
        held[id(card.cluster)].add(each)
    signature: dict[int, int] = {}
    for cluster in reversed(order):
        signature[id(cluster)] = names["holds", frozenset(held[id(cluster)])]
        held[id(cluster.outer)].add(-2 - signature[id(cluster)])
    same: dict[int, list[Cluster]] = {}
    key = {id(None): -1}
    for cluster in order:
        key[id(cluster)] = names["in", signature[id(cluster)], key[id(cluster.outer)]]
        same.setdefault(key[id(cluster)], []).append(cluster)
    new: dict[int, Cluster | None] = {id(None): None}
    for together in same.values():
        first = together[0]
        title, call = common([each.title for each in together]), first.call if len(together) == 1 else 0
        box = Cluster(first.path, title, first.label, new[id(first.outer)], call)
        box.count = sum(each.count for each in together)
        new.update((id(each), box) for each in together)
    groups = [names["card", c, key[id(card.cluster)]] for c, card in zip(classes, graph.cards)]
    return new, groups


def common(texts: list[str]) -> str:
    """One text for several: … stands where their numbers differ."""
    if len(set(texts)) == 1:
        return texts[0]
    split = [re.split(r"(\d+)", text) for text in texts]
    if len({without_numbers(text) for text in texts}) > 1:
        return "…"
    return "".join(parts[0] if len(set(parts)) == 1 else "…" for parts in zip(*split))


def several(cards: list[Card]) -> Card:
    """One card for identical ones, with the values of all of them; of rows, with the last one's."""
    first, last = cards[0], cards[-1]
    if len(cards) == 1:
        return first
    return altered(
        first,
        symbol=common([card.symbol for card in cards]),
        name=common([card.name for card in cards]),
        label=common([card.label for card in cards]),
        path=common([card.path for card in cards]),
        value=last.value if first.in_row else stacked([card.value for card in cards]),
        gradient=last.gradient if first.in_row else stacked([card.gradient for card in cards]),
        count=sum(card.count for card in cards),
        parameters=sum(card.parameters for card in cards),
        operations=operations_in(cards) if first.role == "group" else first.operations,
    )


def stacked(arrays: list[Any]) -> Any:
    if any(array is None for array in arrays):
        return None
    return np.stack(arrays) if len({np.shape(array) for array in arrays}) == 1 else None
