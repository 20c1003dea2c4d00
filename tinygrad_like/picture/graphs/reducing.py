"""A large graph made readable: repeats rolled up, layers collapsed, or a part shown; shared leaves referred to."""

from __future__ import annotations

from dataclasses import replace

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
    parameters_in,
    renumbered,
)
from .neighbourhood import neighbourhood
from .rolling import runs_rolled_up, siblings_rolled_up

HUGE = 50_000
MOST_DEPTHS = 12  # of boxes in boxes
MOST_ARROWS = 4  # for each of the most cards
MOST_USES = 4  # of a leaf, with an arrow to each


def reduced(graph: Graph, depth: int | None, centres: list[int], radius: int, most: int) -> Graph:
    """About `most` cards at most: around the centres, if there are any; else of the whole, as much as can be read."""
    if centres:
        return neighbourhood(graph, centres, radius, most)
    depths = max(depths_of(graph).values())
    if depth is not None or depths > MOST_DEPTHS:
        graph = collapsed(graph, depth or MOST_DEPTHS)
    if fits(graph, most):
        return graph
    if len(graph.cards) > HUGE:
        # A loop of many steps is rolled up in a fraction of the time that comparing all siblings takes.
        graph = runs_rolled_up(graph)
        if fits(graph, most):
            return graph
    levels = [None, *range(min(depths, MOST_DEPTHS), 0, -1)] if depth is None else [None]
    smallest = graph
    for level in levels:
        smaller = runs_rolled_up(siblings_rolled_up(graph if level is None else collapsed(graph, level)))
        if fits(smaller, most):
            return smaller
        smallest = min(smallest, smaller, key=lambda g: len(g.cards))
    return neighbourhood(smallest, smallest.roots, None, most)


def fits(graph: Graph, most: int) -> bool:
    """Whether so many cards, and a few times as many arrows, can be drawn and read."""
    return len(graph.cards) <= most and sum(len(card.parents) for card in graph.cards) <= MOST_ARROWS * most


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
    is_whole = last.role == "loss" or (last.role == "activation" and len(computed) == 1)
    call = last.call if cluster.block and len(inside) == 1 else Call(cluster.block, {}) if cluster.block else None
    return altered(
        last,
        role=cluster.role or (last.role if is_whole else "group"),
        symbol=cluster.title,
        name=cluster.label or (last.symbol if cluster.title == LOSS else ""),
        label=last.label or (f"call {cluster.call}" if cluster.call else ""),
        cluster=cluster.outer,
        count=1,
        in_row=False,
        parameters=parameters_in(cards),
        call=call,
    )


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
    return Card(leaf.role, leaf.symbol, "shared", leaf.label, parents=[number], cluster=cluster, refers=True)
