"""A large graph made readable: repeats rolled up, layers collapsed, or a part shown; shared leaves referred to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from .graph import (
    LEAVES,
    LOSS,
    Call,
    Card,
    Cluster,
    Graph,
    altered,
    clusters_of,
    consumers_of,
    merged,
    operations_in,
    parameters_in,
    renumbered,
)
from .neighbourhood import neighbourhood
from .repeats import steps_rolled_up
from .rolling import siblings_rolled_up, stacked

HUGE = 50_000
MOST_DEPTHS = 12  # of boxes in boxes
MOST_ARROWS = 4  # for each of the most cards
MUCH_FEWER = 0.7
MOST_TOGETHER = 12  # arrows from a card that stands for several
MOST_USES = 4  # of a leaf, with an arrow to each

Fits = Callable[[Graph], bool]


def reduced(
    graph: Graph, depth: int | None, centres: list[int], radius: int, most: int, fits: Fits | None = None
) -> Graph:
    """A graph of at most about `most` cards: around the centres, if there are any; else as much as `fits`."""
    if centres:
        return neighbourhood(graph, centres, radius, most)
    smallest = graph
    for smaller in smaller_ones(graph, depth, most):
        if few(smaller, most) and (fits is None or fits(smaller)):
            return smaller
        smallest = min(smallest, smaller, key=lambda g: len(g.cards))
    if few(graph, most) and len(smallest.cards) > MUCH_FEWER * len(graph.cards):
        return graph  # it is large, but so is what it can be reduced to
    return smallest if few(smallest, most) else neighbourhood(smallest, smallest.roots, None, most)


def smaller_ones(graph: Graph, depth: int | None, most: int) -> Iterator[Graph]:
    """The graph, and what it can be reduced to, from the most detailed to the smallest."""
    depths = max(depths_of(graph).values())
    if depth is not None or depths > MOST_DEPTHS:
        graph = collapsed(graph, depth or MOST_DEPTHS)
    if not any(card.steps > 1 for card in graph.cards):
        yield graph
    if len(graph.cards) > HUGE or any(card.steps > 1 for card in graph.cards):
        # A loop of many steps is rolled up in a fraction of the time that comparing all siblings takes.
        graph = steps_rolled_up(graph)
        yield graph
    together = siblings_rolled_up(graph)
    if len(together.cards) <= MUCH_FEWER * len(graph.cards) and not is_tangled(together):
        yield together
    if depth is None:
        for level in levels(graph):
            yield collapsed(graph, level)
    stepped, both = steps_rolled_up(graph), steps_rolled_up(together)
    if len(both.cards) < MUCH_FEWER * len(stepped.cards):
        yield both
    deeper = levels(stepped) if depth is None else range(0)
    for part in chain([stepped], (collapsed(stepped, level) for level in deeper)):
        yield part
        yield steps_rolled_up(siblings_rolled_up(part))


def levels(graph: Graph) -> range:
    """The depths at which layers can be collapsed, the innermost first."""
    return range(min(max(depths_of(graph).values()), MOST_DEPTHS), 0, -1)


def few(graph: Graph, most: int) -> bool:
    """Whether so many cards, and a few times as many arrows, can be drawn and read."""
    return len(graph.cards) <= most and sum(len(card.parents) for card in graph.cards) <= MOST_ARROWS * most


def is_tangled(graph: Graph) -> bool:
    """Whether a card that stands for several has arrows to very many places."""
    return any(c.count > 1 and len(u) > MOST_TOGETHER for c, u in zip(graph.cards, consumers_of(graph)))


# -- layers as one card each -------------------------------------------------------------------------------


def depths_of(graph: Graph) -> dict[int, int]:
    """How deep each cluster stands, by its id: the outermost ones at 1. No cluster, None, is at 0."""
    depths = {id(None): 0}
    for cluster in clusters_of(graph):
        depths[id(cluster)] = 1 + depths[id(cluster.outer)]
    return depths


def collapsed(graph: Graph, depth: int) -> Graph:
    """Every cluster at this depth as one card.

    What a call needs was computed before it, and what needs its results comes after it: no path leaves and comes back.
    """
    depths = depths_of(graph)
    result = boxes_as_cards(graph, [cluster_at(depth, card.cluster, depths) for card in graph.cards])
    for card in result.cards:
        # A leaf that others use, too, steps out of the box that is gone.
        cluster = cluster_at(depth, card.cluster, depths)
        card.cluster = cluster.outer if cluster else card.cluster
    return result


def blocks_as_cards(graph: Graph) -> Graph:
    """Every named block as one card, with the constants that were made in it."""
    consumers = consumers_of(graph)
    around = [outermost_block(card.cluster) for card in graph.cards]
    for number, card in enumerate(graph.cards):
        users = {id(around[user]): around[user] for user in consumers[number]}
        if card.role == "constant" and not card.shown and len(users) == 1:
            (around[number],) = users.values()
    return boxes_as_cards(graph, around) if any(around) else graph


def outermost_block(cluster: Cluster | None) -> Cluster | None:
    return next((each for each in cluster.chain() if each.role), None) if cluster else None


def boxes_as_cards(graph: Graph, around: list[Cluster | None]) -> Graph:
    """A card for each cluster that is around a card; leaves that others use, too, stay."""
    consumers, roots = consumers_of(graph), frozenset(graph.roots)
    groups = list(range(len(graph.cards)))
    first: dict[int, int] = {}
    of_group: dict[int, Cluster] = {}
    for number, card in enumerate(graph.cards):
        cluster = around[number]
        if cluster is None or card.role == "input":
            continue
        if card.role in LEAVES and any(around[user] is not cluster for user in consumers[number]):
            continue
        groups[number] = first.setdefault(id(cluster), number)
        of_group[groups[number]] = cluster

    def make(group: int, inside: list[int]) -> Card:
        if group not in of_group:
            return graph.cards[group]
        return layer_card(graph, inside, of_group[group], consumers, roots)

    return merged(graph, groups, make)


def cluster_at(depth: int, cluster: Cluster | None, depths: dict[int, int]) -> Cluster | None:
    """The cluster at a depth that this one is, or is in."""
    while cluster is not None and depths[id(cluster)] > depth:
        cluster = cluster.outer
    return cluster if depths[id(cluster)] == depth else None


def layer_card(
    graph: Graph, inside: list[int], cluster: Cluster, consumers: list[list[int]], roots: frozenset[int]
) -> Card:
    """A whole layer: with its parameters counted, and the value and gradient of its result."""
    members, cards = set(inside), [graph.cards[number] for number in inside]
    results = [n for n in inside if n in roots or any(user not in members for user in consumers[n])]
    last = graph.cards[results[-1] if results else inside[-1]]
    computed = [card for card in cards if card.role not in LEAVES]
    if cluster.role and len(computed) == 1 and cluster.title in (last.name, last.symbol):
        # Its own symbol says more.
        return altered(last, role=cluster.role, options=last.options or cluster.label, cluster=cluster.outer)
    label = last.label or (f"call {cluster.call}" if cluster.call else "")
    label = "" if label.lower() == cluster.title.lower() else label
    is_named_loss = cluster.title == LOSS and re.search("[a-z]{2}", last.symbol)  # "mse", but not "−"
    is_whole = last.role == "loss" or (last.role == "activation" and len(computed) == 1)
    of_all = {"value": last.value, "gradient": last.gradient, "shape": last.shape}
    if len(results) > 1 and len({(graph.cards[n].shape, graph.cards[n].count) for n in results}) == 1:
        # A layer of single numbers gives a list of them.
        of_all = {part: stacked([getattr(graph.cards[n], part) for n in results]) for part in ("value", "gradient")}
        of_all["shape"] = (len(results), *(last.shape or ()))
    call = last.call if cluster.block and len(inside) == 1 else Call(cluster.block, {}) if cluster.block else None
    return altered(
        last,
        **of_all,
        role=cluster.role or (last.role if is_whole else "group"),
        symbol=cluster.title,
        name="" if cluster.role else cluster.label or (last.symbol if is_named_loss else ""),
        options=cluster.label if cluster.role else "",
        label=label,
        cluster=cluster.outer,
        **called_in_each_step(cluster, last, computed),
        parameters=parameters_in(cards),
        operations=operations_in(cards),
        results=len(results),
        call=call,
    )


def called_in_each_step(cluster: Cluster, last: Card, computed: list[Card]) -> dict[str, Any]:
    """How often a layer is called in the steps that it is in, of which the last is shown: in a box without a path."""
    is_inside = cluster.path and any(not box.path and not box.role and box.title != LOSS for box in cluster.chain())
    is_repeated = bool(is_inside) and last.in_row and {card.count for card in computed} == {last.count}
    return {"count": last.count if is_repeated else 1, "in_row": is_repeated}


# -- leaves that are used in many places -------------------------------------------------------------------


def with_references(graph: Graph) -> Graph:
    """A leaf with many uses is drawn at the first; at every other use, a small card refers to it."""
    uses = [0] * len(graph.cards)
    for card in graph.cards:
        for parent in dict.fromkeys(card.parents):
            uses[parent] += graph.cards[parent].role in LEAVES
    if max(uses, default=0) <= MOST_USES:
        return graph
    cards: list[Card] = []
    new: list[int] = []
    seen: set[int] = set()
    for card in graph.cards:
        place: dict[int, int] = {}
        for parent in dict.fromkeys(card.parents):
            place[parent] = new[parent]
            if uses[parent] > MOST_USES and parent in seen:
                place[parent] = len(cards)
                cards.append(reference(graph.cards[parent], new[parent], card))
            seen.add(parent)
        new.append(len(cards))
        cards.append(renumbered(card, place))
    return replace(graph, cards=cards, roots=[new[root] for root in graph.roots])


def reference(leaf: Card, number: int, consumer: Card) -> Card:
    cluster = consumer.cluster
    shown = leaf.role, leaf.symbol, "shared", leaf.label
    return Card(*shown, parents=[number], cluster=cluster, refers=True, path=leaf.path)
