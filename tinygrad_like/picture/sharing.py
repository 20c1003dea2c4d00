"""A leaf that is used in many places, drawn beside each of them instead of with arrows across the picture."""

from __future__ import annotations

from .graph import LEAVES, Card, Graph
from .merging import copied

MOST_USES = 4


def with_references(graph: Graph) -> Graph:
    """Leaves with many uses stand at the first; at every other one stands a small card that refers to it."""
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
        cards.append(copied(card, [place[p] for p in card.parents], [place[p] for p in card.stretched]))
    return Graph(cards, [new[r] for r in graph.roots], graph.total, graph.of, graph.reason, graph.result, graph.facts)


def reference(leaf: Card, number: int, consumer: Card) -> Card:
    return Card(
        leaf.role,
        leaf.symbol,
        "shared",
        leaf.label,
        parents=[number],
        cluster=consumer.cluster,
        refers=True,
    )
