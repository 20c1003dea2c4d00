"""Where cards are drawn: which stand one below the other in a column, and which in one straight line."""

from __future__ import annotations

from .graph import LEAVES, Graph


def columns(graph: Graph) -> list[list[int]]:
    """Leaves that stand beside their first consumer: parameters, and what joins a computation under way."""
    found: dict[int, list[int]] = {}
    placed = set()
    for number, card in enumerate(graph.cards):
        if card.refers:
            continue
        parents = list(dict.fromkeys(card.parents))
        leaves = [p for p in parents if graph.cards[p].role in LEAVES or graph.cards[p].refers]
        if len(leaves) == len(parents):
            # Something has to stand before it: the data, or else the first.
            data = [p for p in leaves if graph.cards[p].role == "input"] or leaves[:1]
            leaves = [p for p in leaves if p not in data]
        beside = [p for p in leaves if p not in placed]
        if beside:
            found[number] = [*beside, number]
        placed.update(parents)
    return list(found.values())


def longest_way(graph: Graph) -> list[int | None]:
    """For every card the parent on the longest way to it."""
    heights: list[int] = []
    before: list[int | None] = []
    for card in graph.cards:
        before.append(max(card.parents, key=lambda p: heights[p], default=None))
        heights.append(1 + max((heights[p] for p in card.parents), default=0))
    return before


def trunk(graph: Graph) -> set[int]:
    """The cards on the longest way to a root, or, if none is shown, to any card: they are drawn in one line."""
    before = longest_way(graph)
    lengths: list[int] = []
    for parent in before:
        lengths.append(0 if parent is None else 1 + lengths[parent])
    found: set[int] = set()
    # Of equally long ways, that to the last.
    at = max(reversed(graph.roots or range(len(before))), key=lengths.__getitem__, default=None)
    while at is not None:
        found.add(at)
        at = before[at]
    return found


def ranks_of(graph: Graph) -> list[int]:
    """The column of each card: after all that it is computed from; leaves beside or before their first consumer."""
    beside = {leaf for *leaves, _ in columns(graph) for leaf in leaves}
    ranks = [0] * len(graph.cards)
    first: dict[int, int] = {}
    for number, card in enumerate(graph.cards):
        parents = [] if card.refers else card.parents
        ranks[number] = max((ranks[p] + 1 for p in parents if p not in beside), default=0)
        for parent in parents:
            first.setdefault(parent, number)
            if ranks[number] < ranks[first[parent]]:
                first[parent] = number
    for number in range(len(ranks) - 1, -1, -1):
        is_free = graph.cards[number].refers or not graph.cards[number].parents
        if is_free and number in first:
            ranks[number] = max(0, ranks[first[number]] - (number not in beside))
    return ranks
