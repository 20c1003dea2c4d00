"""What stands around some cards: their neighbours, and stubs that count the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from .graph import LEAVES, Card, Graph, ancestors, consumers_of, renumbered

Links = Callable[[int], Sequence[int]]


def neighbourhood(graph: Graph, centres: list[int], radius: int | None, most: int) -> Graph:
    """The nearest `most` cards around the centres; with a `radius`, only those at most so many edges away.

    Stubs stand for what is left out: before the cards that it leads to, or after those that lead to it.
    """
    consumers = consumers_of(graph)
    shown = nearest(graph, consumers, centres, radius, most)
    if len(shown) == len(graph.cards):
        return graph
    leading = ancestors(graph, shown)
    rest = set(range(len(graph.cards))) - leading
    before = hidden_groups(graph, consumers, leading - shown, shown, lambda n: consumers[n])
    after = hidden_groups(graph, consumers, rest, shown, lambda n: graph.cards[n].parents)
    hidden = {n for n in leading - shown if graph.cards[n].gradient is not None}
    unseen = {n for n in shown if not hidden.isdisjoint(consumers[n])}
    return assembled(graph, sorted(shown), before, after, unseen)


def nearest(graph: Graph, consumers: list[list[int]], centres: list[int], radius: int | None, most: int) -> set[int]:
    """What is found breadth first in both directions, and the leaves beside it."""
    distance = dict.fromkeys(centres[:most], 0)
    queue = deque(distance)
    while queue:
        number = queue.popleft()
        if radius is not None and distance[number] >= radius:
            continue
        for each in [*graph.cards[number].parents, *consumers[number]]:
            if each not in distance and len(distance) < most:
                distance[each] = distance[number] + 1
                queue.append(each)
    shown = set(distance)
    for number in distance:
        leaves = [p for p in graph.cards[number].parents if graph.cards[p].role in LEAVES and p not in shown]
        if len(shown) + len(leaves) <= most:
            shown.update(leaves)
    return shown


def hidden_groups(
    graph: Graph, consumers: list[list[int]], hidden: set[int], shown: set[int], towards: Links
) -> dict[tuple[int, ...], int]:
    """How many hidden cards hang together behind which shown ones; `towards` leads from the hidden to the shown."""
    groups: dict[tuple[int, ...], int] = {}
    seen: set[int] = set()
    for start in sorted(hidden):
        if start in seen:
            continue
        seen.add(start)
        stack, count = [start], 0
        beside: set[int] = set()
        while stack:
            number = stack.pop()
            count += graph.cards[number].nodes
            beside.update(each for each in towards(number) if each in shown)
            for each in [*graph.cards[number].parents, *consumers[number]]:
                if each in hidden and each not in seen:
                    seen.add(each)
                    stack.append(each)
        key = tuple(sorted(beside))
        groups[key] = groups.get(key, 0) + count
    return groups


def assembled(
    graph: Graph,
    kept: list[int],
    before: dict[tuple[int, ...], int],
    after: dict[tuple[int, ...], int],
    unseen: set[int],
) -> Graph:
    """The stubs before, the kept cards, the stubs after; numbered anew. Of `unseen`, a stub before hides a use."""
    new = {old: number + len(before) for number, old in enumerate(kept)}
    into: dict[int, list[int]] = {}
    for i, users in enumerate(before):
        for user in users:
            into.setdefault(user, []).append(i)
    cards = [stub(count, []) for count in before.values()]
    for old in kept:
        card = renumbered(graph.cards[old], new)
        card.parents = (*into.get(old, ()), *card.parents)
        card.unseen = old in unseen
        cards.append(card)
    cards += [stub(count, [new[source] for source in sources]) for sources, count in after.items()]
    roots = [new[root] for root in graph.roots if root in new]
    return replace(graph, cards=cards, roots=roots)


def stub(count: int, parents: list[int]) -> Card:
    return Card("stub", f"… {count:,} more", parents=parents)
