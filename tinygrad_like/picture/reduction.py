"""A large graph made readable: rolled up, its layers collapsed, or a neighbourhood of it."""

from __future__ import annotations

from .collapsing import collapsed, deepest
from .graph import Graph
from .neighbourhood import neighbourhood
from .rolling import runs_rolled_up, siblings_rolled_up

HUGE = 50_000
MOST_DEPTHS = 12  # of boxes in boxes
MOST_ARROWS = 4  # for each of the most cards


def reduced(graph: Graph, depth: int | None, centres: list[int], radius: int, most: int) -> Graph:
    """At most about `most` cards: around the centres if there are any, else of the whole as much as is readable."""
    if depth is not None and not centres:
        graph = collapsed(graph, depth)
    if centres:
        return neighbourhood(graph, centres, radius, most)
    depths = deepest(graph)
    if depths > MOST_DEPTHS and depth is None:
        graph, depths = collapsed(graph, MOST_DEPTHS), MOST_DEPTHS
    if fits(graph, most):
        return graph
    if len(graph.cards) > HUGE:
        # A loop of many steps is rolled up in a fraction of the time that comparing all siblings takes.
        graph = runs_rolled_up(graph)
        if fits(graph, most):
            return graph
    levels = [None, *range(depths, 0, -1)] if depth is None else [None]
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
