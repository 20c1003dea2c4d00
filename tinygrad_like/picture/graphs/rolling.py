"""Identical siblings rolled up as ×N: side by side (the neurons of a layer) or in a row (the steps of a loop)."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .graph import (
    LEAVES,
    Card,
    Cluster,
    Graph,
    altered,
    clusters_of,
    consumers_of,
    merged,
    operations_in,
    parameters_in,
)

LONGEST_PERIOD = 12
FEWEST = 3  # repeats in a row that are worth rolling up


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


# -- side by side ----------------------------------------------------------------------------------------


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


# -- in a row --------------------------------------------------------------------------------------------


def runs_rolled_up(graph: Graph) -> Graph:
    """Where the same few cards repeat, each time computed from the time before, one card stands for all of them."""
    row = [number for number, card in enumerate(graph.cards) if card.role not in LEAVES]
    keys, near = keys_in_row(graph, row)
    groups = list(range(len(graph.cards)))
    of_run: dict[int, tuple[int, int]] = {}
    at = 0
    while at < len(row):
        period, repeats = longest_run(keys, near, at)
        if repeats >= FEWEST:
            for number in row[at : at + period * repeats]:
                groups[number] = row[at]
            of_run[row[at]] = period, repeats
        at += max(period * repeats, 1)
    if not of_run:
        return graph
    for number, users in enumerate(consumers_of(graph)):
        owners = {groups[user] for user in users}
        is_own = graph.cards[number].role in LEAVES - {"input"}
        if is_own and len(owners) == 1 and owners & of_run.keys():
            groups[number] = owners.pop()

    def make(group: int, inside: list[int]) -> Card:
        cards = [graph.cards[number] for number in inside]
        return run_card(cards, *of_run[group]) if group in of_run else cards[0]

    return merged(graph, groups, make)


Near = list[tuple[int, ...]]


def keys_in_row(graph: Graph, row: list[int]) -> tuple[list[int], Near]:
    """A number for every computed card; two with the same number do the same with what stands equally far before them.

    And for every computed card, how far before it its near parents stand.
    """
    names = Names()
    place = {number: i for i, number in enumerate(row)}
    uses = [len(users) for users in consumers_of(graph)]
    keys: list[int] = []
    near: Near = []
    for i, number in enumerate(row):
        card = graph.cards[number]
        parents = tuple(parent_key(graph, p, i, place, uses) for p in card.parents)
        what = *words_of(card), card.shape, card.count, card.parameters, card.nodes
        keys.append(names[what, parents])
        near.append(tuple(p for p in parents if type(p) is int))
    return keys, near


def parent_key(graph: Graph, parent: int, i: int, place: dict[int, int], uses: list[int]) -> Any:
    """How far before card `i` a parent stands. A leaf counts as its kind, what is used all over as itself."""
    if parent not in place:
        return graph.cards[parent].role, graph.cards[parent].shape
    return ("itself", parent) if uses[parent] > LONGEST_PERIOD else i - place[parent]


def longest_run(keys: list[int], near: Near, start: int) -> tuple[int, int]:
    """The period and the repeats that cover most from here on; each repeat is computed from the one before."""
    best = 1, 1
    for period in range(1, min(LONGEST_PERIOD, (len(keys) - start) // FEWEST) + 1):
        once_more = keys[start : start + period] == keys[start + period : start + 2 * period]
        if not once_more or not is_chained(near, start, period):
            continue
        end = start + period
        while end < len(keys) and keys[end] == keys[end - period]:
            end += 1
        repeats = (end - start) // period
        if repeats >= FEWEST and period * repeats > best[0] * best[1]:
            best = period, repeats
    return best


def is_chained(near: Near, start: int, period: int) -> bool:
    """Whether something in the third repeat depends on the first, through what stands between."""
    reached = set(range(start, start + period))
    for i in range(start + period, start + FEWEST * period):
        if any(i - distance in reached for distance in near[i]):
            reached.add(i)
    return any(i in reached for i in range(start + (FEWEST - 1) * period, start + FEWEST * period))


def run_card(cards: list[Card], period: int, repeats: int) -> Card:
    """The card of a run: of several cards again and again, or of one."""
    steps = [card for card in cards if card.role not in LEAVES]
    first, last = steps[0], steps[-1]
    ends = (first.cluster.title, last.cluster.title) if first.cluster and last.cluster else (first.symbol, last.symbol)
    names = [common([card.name or card.symbol for card in steps[i::period]]) for i in range(period)]
    where = " … ".join(dict.fromkeys(ends))
    return altered(
        last,
        role=last.role if period == 1 else "group",
        symbol=where if period > 1 or last.symbol != first.symbol else last.symbol,
        name=", ".join(names) if period > 1 else common([card.name for card in steps]),
        options=last.options if period == 1 else "",
        label="" if last.label.startswith("call ") else last.label,
        cluster=around_all([card.cluster for card in steps]),
        count=repeats * first.count if period == 1 else repeats,
        in_row=True,
        parameters=parameters_in(cards),
        operations=operations_in(cards) if period > 1 else last.operations,
    )


def around_all(clusters: list[Cluster | None]) -> Cluster | None:
    """The innermost cluster around all of these."""
    different = {id(cluster): cluster for cluster in clusters}.values()
    shared = None
    for level in zip(*(cluster.chain() if cluster else [] for cluster in different)):
        if any(each is not level[0] for each in level):
            break
        shared = level[0]
    return shared
