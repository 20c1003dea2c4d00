"""Identical siblings rolled up as ×N: side by side (the neurons of a layer) or in a row (the steps of a loop)."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .graph import LEAVES, Card, Cluster, Graph
from .merging import consumers_of, merged

LONGEST_PERIOD = 12
FEWEST = 3  # repeats in a row that are worth rolling up


class Names(dict[Any, int]):
    """A number for every different key."""

    def __missing__(self, key: Any) -> int:
        self[key] = len(self)
        return self[key]


def without_numbers(text: str) -> str:
    return re.sub(r"\d+", "", text)


def kinds_of_clusters(graph: Graph, names: Names) -> dict[int, int]:
    """A number for each cluster, the same for those of the same layers inside the same kind."""
    kinds: dict[int, int] = {0: -1}
    for card in graph.cards:
        for cluster in card.cluster.chain() if card.cluster and id(card.cluster) not in kinds else []:
            outer = kinds[id(cluster.outer) if cluster.outer else 0]
            kinds[id(cluster)] = names["cluster", cluster.label, without_numbers(cluster.title), outer]
    return kinds


# -- side by side ----------------------------------------------------------------------------------------


def siblings_rolled_up(graph: Graph) -> Graph:
    """Cards that compute the same from the same kinds of things become one, and so do the layers around them.

    The class of a card is the number of (what it is, the classes of its parents). Equal
    classes are equally far from the leaves, so no path leads from one to another.
    """
    names = Names()
    kinds = kinds_of_clusters(graph, names)
    classes: list[int] = []
    for card in graph.cards:
        kind = kinds[id(card.cluster) if card.cluster else 0]
        what = (card.role, without_numbers(card.symbol), card.name, card.shape, card.dtype, kind)
        size = card.parameters, card.nodes if card.role == "group" else 1, card.count if card.in_row else 1
        # x·x and x·y differ in which operands are the same.
        pattern = tuple(card.parents.index(p) for p in card.parents)
        classes.append(names[what, size, pattern, tuple(classes[p] for p in card.parents)])
    for number, users in enumerate(consumers_of(graph)):
        if graph.cards[number].role in LEAVES:
            classes[number] = names["leaf", classes[number], classes[users[0]] if users else -1]
    clusters, groups = merged_clusters(graph, classes, names)

    def make(inside: list[int]) -> Card:
        return several(graph, inside) if len(inside) > 1 else graph.cards[inside[0]]

    rolled = merged(graph, groups, make)
    for card in rolled.cards:
        card.cluster = clusters[id(card.cluster)] if card.cluster else None
    return rolled


def merged_clusters(graph: Graph, classes: list[int], names: Names) -> tuple[dict[int, Cluster], list[int]]:
    """One cluster for all that hold the same classes of cards; and the classes, told apart by cluster."""
    order: list[Cluster] = []
    held: dict[int, set[int]] = {}
    for number, card in enumerate(graph.cards):
        for cluster in card.cluster.chain() if card.cluster else []:
            if id(cluster) not in held:
                held[id(cluster)] = set()
                order.append(cluster)
        if card.cluster:
            held[id(card.cluster)].add(classes[number])
    signature: dict[int, int] = {}
    for cluster in reversed(order):
        signature[id(cluster)] = names["holds", frozenset(held[id(cluster)])]
        if cluster.outer:
            held[id(cluster.outer)].add(-2 - signature[id(cluster)])
    same: dict[int, list[Cluster]] = {}
    key: dict[int, int] = {0: -1}
    for cluster in order:
        key[id(cluster)] = names["in", signature[id(cluster)], key[id(cluster.outer) if cluster.outer else 0]]
        same.setdefault(key[id(cluster)], []).append(cluster)
    new: dict[int, Cluster] = {}
    for together in same.values():
        first = together[0]
        outer = new[id(first.outer)] if first.outer else None
        box = Cluster(first.path, common([c.title for c in together]), first.label, outer, first.call)
        box.count = sum(c.count for c in together)
        box.call = 0 if len(together) > 1 else first.call
        new.update((id(each), box) for each in together)
    groups = [names["card", c, key[id(card.cluster) if card.cluster else 0]] for c, card in zip(classes, graph.cards)]
    return new, groups


def common(texts: list[str]) -> str:
    """A text for several: where their numbers differ, a dot for all of them."""
    if len(set(texts)) == 1:
        return texts[0]
    split = [re.split(r"(\d+)", text) for text in texts]
    if len({without_numbers(text) for text in texts}) > 1:
        return "…"
    return "".join(parts[0] if len(set(parts)) == 1 else "…" for parts in zip(*split))


def several(graph: Graph, inside: list[int]) -> Card:
    """One card for identical ones, with the values of all of them."""
    members = [graph.cards[number] for number in inside]
    first = members[0]
    return Card(
        role=first.role,
        symbol=common([card.symbol for card in members]),
        name=first.name,
        label=common([card.label for card in members]),
        shape=first.shape,
        dtype=first.dtype,
        value=members[-1].value if first.in_row else stacked([card.value for card in members]),
        gradient=members[-1].gradient if first.in_row else stacked([card.gradient for card in members]),
        in_row=first.in_row,
        note=first.note,
        cluster=first.cluster,
        count=sum(card.count for card in members),
        parameters=sum(card.parameters for card in members),
    )


def stacked(arrays: list[Any]) -> Any:
    if any(array is None for array in arrays):
        return None
    return np.stack(arrays) if len({np.shape(array) for array in arrays}) == 1 else None


# -- in a row --------------------------------------------------------------------------------------------


def runs_rolled_up(graph: Graph) -> Graph:
    """Where the same few cards repeat, each time computed from the time before, one card for all repeats."""
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
        if graph.cards[number].role in ("parameter", "constant") and len(owners) == 1 and owners & of_run.keys():
            groups[number] = owners.pop()

    def make(inside: list[int]) -> Card:
        if groups[inside[0]] not in of_run:
            return graph.cards[inside[0]]
        steps = [number for number in inside if graph.cards[number].role not in LEAVES]
        return run_card(graph, inside, steps, *of_run[groups[inside[0]]])

    return merged(graph, groups, make)


Near = list[tuple[int, ...]]


def keys_in_row(graph: Graph, row: list[int]) -> tuple[list[int], Near]:
    """For every computed card a number, the same for those that do the same with what stands equally far before.

    And how far before it each of its near parents stands.
    """
    names = Names()
    place = {number: i for i, number in enumerate(row)}
    uses = [len(users) for users in consumers_of(graph)]
    keys: list[int] = []
    near: Near = []
    for i, number in enumerate(row):
        card = graph.cards[number]
        parents = tuple(parent_key(graph, p, i, place, uses) for p in card.parents)
        what = (card.role, without_numbers(card.symbol), card.name, card.shape, card.count, card.parameters, card.nodes)
        keys.append(names[what, parents])
        near.append(tuple(p for p in parents if type(p) is int))
    return keys, near


def parent_key(graph: Graph, parent: int, i: int, place: dict[int, int], uses: list[int]) -> Any:
    """How far before a parent stands; what is used all over counts as itself, wherever it stands."""
    if parent not in place:
        return graph.cards[parent].role, graph.cards[parent].shape
    return ("itself", parent) if uses[parent] > LONGEST_PERIOD else i - place[parent]


def longest_run(keys: list[int], near: Near, start: int) -> tuple[int, int]:
    """The period and the number of repeats that cover most from here, each repeat computed from the one before."""
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


def run_card(graph: Graph, inside: list[int], steps: list[int], period: int, repeats: int) -> Card:
    first, last = [graph.cards[n] for n in steps[:period]], graph.cards[steps[-1]]
    clusters = [graph.cards[number].cluster for number in steps]
    parameters = [graph.cards[n] for n in inside if graph.cards[n].role == "parameter"]
    own = sum(card.value.size for card in parameters if card.value is not None)
    words = ", ".join(card.name or card.symbol for card in first)
    ends = [graph.cards[number].cluster for number in (steps[0], steps[-1])]
    titles = [each.title for each in ends if each] if all(ends) else [graph.cards[steps[0]].symbol, last.symbol]
    where = " … ".join(dict.fromkeys(titles))
    return Card(
        role=last.role if period == 1 else "group",
        symbol=where if period > 1 or last.symbol != first[0].symbol else last.symbol,
        name=first[0].name if period == 1 else words,
        label="" if last.label.startswith("call ") else last.label,
        shape=last.shape,
        dtype=last.dtype,
        value=last.value,
        gradient=last.gradient,
        note=last.note,
        cluster=around_all(clusters),
        count=repeats * first[0].count if period == 1 else repeats,
        in_row=True,
        parameters=own + sum(graph.cards[n].parameters for n in steps),
    )


def around_all(clusters: list[Cluster | None]) -> Cluster | None:
    """The innermost cluster around all of these."""
    if any(cluster is None for cluster in clusters):
        return None
    different = {id(cluster): cluster for cluster in clusters}.values()
    chains = [cluster.chain() for cluster in different if cluster]
    shared = None
    for level in zip(*chains):
        if any(each is not level[0] for each in level):
            break
        shared = level[0]
    return shared
