"""Several cards made one: the step behind collapsing layers and rolling up siblings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .graph import Card, Graph


def merged(graph: Graph, groups: list[int], make: Callable[[list[int]], Card]) -> Graph:
    """A graph in which all cards with the same group number are one, made by `make(members)`.

    Groups must be such that no path leaves one and comes back to it.
    """
    members: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        members.setdefault(group, []).append(number)
    order = topological(graph, groups, members)
    new = {group: number for number, group in enumerate(order)}
    cards = []
    for group in order:
        inside = members[group]
        card = make(inside)
        outside = [(old, p) for old in inside for p in graph.cards[old].parents if groups[p] != group]
        stretched = {new[groups[p]] for old, p in outside if p in graph.cards[old].stretched}
        card = copied(card, tuple(dict.fromkeys(new[groups[p]] for _, p in outside)), stretched)
        card.nodes = sum(graph.cards[number].nodes for number in inside)
        cards.append(card)
    roots = list(dict.fromkeys(new[groups[root]] for root in graph.roots))
    return Graph(cards, roots, graph.total, graph.of, graph.reason, graph.result, graph.facts)


def copied(card: Card, parents: Sequence[int], stretched: Iterable[int]) -> Card:
    # copy.copy is six times slower, and a large graph has many cards.
    new = object.__new__(Card)
    for name in Card.__slots__:
        setattr(new, name, getattr(card, name))
    new.parents, new.stretched = tuple(parents), frozenset(stretched)
    return new


def topological(graph: Graph, groups: list[int], members: dict[int, list[int]]) -> list[int]:
    """The groups, each after those that it depends on."""
    before = {
        group: {groups[p] for number in inside for p in graph.cards[number].parents} - {group}
        for group, inside in members.items()
    }
    consumers: dict[int, list[int]] = {group: [] for group in members}
    for group, needed in before.items():
        for each in needed:
            consumers[each].append(group)
    waiting = {group: len(needed) for group, needed in before.items()}
    ready = [group for group, count in waiting.items() if not count][::-1]
    order = []
    while ready:
        group = ready.pop()
        order.append(group)
        for each in reversed(consumers[group]):
            waiting[each] -= 1
            if not waiting[each]:
                ready.append(each)
    assert len(order) == len(members), "a path leaves a group and comes back"
    return order


def consumers_of(graph: Graph) -> list[list[int]]:
    """For every card the cards that use it."""
    found: list[list[int]] = [[] for _ in graph.cards]
    for number, card in enumerate(graph.cards):
        for parent in dict.fromkeys(card.parents):
            found[parent].append(number)
    return found
