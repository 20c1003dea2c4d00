"""What stands around some cards: their neighbours, and stubs that count the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .graph import LEAVES, Card, Graph
from .merging import consumers_of, copied

Links = Callable[[int], list[int]]


def neighbourhood(graph: Graph, centres: list[int], radius: int | None, most: int) -> Graph:
    """The cards at most `radius` edges from the centres, the nearest `most` of them; None: as many as that.

    What is left out stands in stubs: before the cards that it leads to, or after those that lead to it.
    """
    consumers = consumers_of(graph)
    shown = nearest(graph, consumers, centres, radius, most)
    if len(shown) == len(graph.cards):
        return graph
    leads = leading_to(graph, shown)
    before = hidden_groups(graph, consumers, {n for n in leads if n not in shown}, shown, lambda n: consumers[n])
    rest = {n for n in range(len(graph.cards)) if n not in shown and n not in leads}
    after = hidden_groups(graph, consumers, rest, shown, lambda n: list(graph.cards[n].parents))
    return assembled(graph, sorted(shown), before, after)


def nearest(graph: Graph, consumers: list[list[int]], centres: list[int], radius: int | None, most: int) -> set[int]:
    """Breadth first in both directions, and the leaves beside what was found."""
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


def leading_to(graph: Graph, shown: set[int]) -> set[int]:
    """The cards that some shown card depends on."""
    found: set[int] = set()
    for number in range(len(graph.cards) - 1, -1, -1):
        if number in shown or number in found:
            found.update(graph.cards[number].parents)
    return found


def hidden_groups(
    graph: Graph, consumers: list[list[int]], hidden: set[int], shown: set[int], towards: Links
) -> dict[tuple[int, ...], int]:
    """How many hidden cards hang together behind which shown ones (reached by `towards`)."""
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
    graph: Graph, kept: list[int], before: dict[tuple[int, ...], int], after: dict[tuple[int, ...], int]
) -> Graph:
    """The stubs before, the kept cards, the stubs after; numbered anew."""
    new = {old: number + len(before) for number, old in enumerate(kept)}
    into: dict[int, list[int]] = {}
    for i, users in enumerate(before):
        for user in users:
            into.setdefault(user, []).append(i)
    cards = [stub(count, []) for count in before.values()]
    for old in kept:
        card = graph.cards[old]
        parents = [new[p] for p in card.parents if p in new]
        stretched = {new[p] for p in card.stretched if p in new}
        cards.append(copied(card, [*into.get(old, []), *parents], stretched))
    cards += [stub(count, [new[source] for source in sources]) for sources, count in after.items()]
    roots = [new[root] for root in graph.roots if root in new]
    return Graph(cards, roots, graph.total, graph.of, graph.reason, graph.result, graph.facts)


def stub(count: int, parents: list[int]) -> Card:
    return Card("stub", f"… {count:,} more", parents=parents)
