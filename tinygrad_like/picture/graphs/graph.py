"""The graph that a picture shows: cards and the layers around them, each card after those that it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any, NamedTuple

# What a card can be; themes have colours for each.
ROLES = ("input", "constant", "parameter", "buffer", "operation", "activation", "loss", "group", "stub")
LOSS = "Loss"  # the title of the box around what comes after the last layer
LEAVES = frozenset({"input", "constant", "parameter", "buffer"})


class Cluster:
    """One call of a layer, or of a named block: the box around the cards of what it computed."""

    __slots__ = ("block", "call", "count", "label", "outer", "path", "role", "title")

    def __init__(self, path: str, title: str, label: str, outer: Cluster | None, call: int = 0, role: str = "") -> None:
        self.path, self.title, self.label, self.outer = path, title, label, outer
        self.call = call  # which call of the same layer, from 1, where there are several
        self.count = 1  # how many identical ones it stands for
        self.role = role  # of the card that stands for a named block; "" for a layer
        self.block: Any = None  # that block

    def chain(self) -> list[Cluster]:
        """The clusters around a card of this one, outermost first."""
        found: list[Cluster] = []
        at: Cluster | None = self
        while at is not None:
            found.append(at)
            at = at.outer
        return found[::-1]


@dataclass(slots=True)
class Other:
    """What another run has at the same place as a card, None where that is the same or not known.

    `words` are what the two runs are called, the other one first.
    """

    value: Any
    gradient: Any
    words: tuple[str, str]


class Call(NamedTuple):
    """What computed a card: a primitive or a named block; with the keys of its operands, each with its place."""

    what: Any
    options: Mapping[str, Any]
    operands: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True, eq=False)
class Card:
    """A tensor together with the operation that made it, or what stands for several of them.

    `parents` are the numbers of the cards that it was computed from; `stretched` are those of them that were
    broadcast. `value` and `gradient` are arrays, or None, and a `note` says why.
    """

    role: str
    symbol: str
    name: str = ""
    label: str = ""  # what the user calls it
    shape: tuple[int, ...] | None = None
    dtype: Any = None
    parents: Sequence[int] = ()
    stretched: frozenset[int] = frozenset()
    value: Any = None
    gradient: Any = None
    note: str = ""
    cluster: Cluster | None = None
    count: int = 1
    in_row: bool = False  # stands for `count` in a row, and shows the last of them
    nodes: int = 1  # how many of the whole graph it stands for
    steps: int = 1  # of a long loop, of which the others have no card
    differentiated: bool = False  # whether it had a gradient when it was drawn
    unseen: bool = False  # whether a part of its gradient comes from cards that are not shown, and have no stub here
    parameters: int = 0
    results: int = 1  # of a layer, that others use; its value and gradient are those of all, or of the last
    refers: bool = False  # a small card for its only parent, which is drawn elsewhere
    shown: bool = False  # a constant that has a name, or was given to a named block
    origin: Any = None  # the Tensor or the Node that it shows
    row: int = 0  # of a picture that is broken into rows,
    column: int = 0  # and the place in it
    scoped: bool = False  # computed directly in the outermost layer, which has no box
    options: str = ""  # what tells it from others of its name: "axis 0"
    operations: int = 1  # how many it stands for, if it can be opened
    place: str = ""  # the layer that computed it, where no box says so
    mark: str = ""  # what tells it from others that look the same, where a small card refers to it
    path: str = ""  # of a parameter or buffer in the outermost layer
    other: Other | None = None  # what it is compared with
    key: int = -1  # its number in the whole graph
    call: Call | None = None
    numbers: Any = None  # the first numbers of the value and of the gradient, kept when these are gone


@dataclass(slots=True)
class Graph:
    """Cards, each after its parents; `total` is how many tensors the whole graph has."""

    cards: list[Card]
    roots: list[int]
    total: int
    of: str = ""  # what the gradients are derivatives of
    reason: str = ""  # why there are no gradients
    result: str = "loss"  # what a scalar root is called in the legend
    facts: list[str] = field(default_factory=list)
    legend: list[str] = field(default_factory=list)  # what it explains: all that is in the picture
    note: str = ""  # what the legend says besides
    for_two: bool = False  # whether it was made so small that each card has space for two runs


def altered(card: Card, **changes: Any) -> Card:
    """A copy of a card with some things changed."""
    # copy.copy is six times slower, and a large graph has many cards.
    new = object.__new__(Card)
    for name in Card.__slots__:
        setattr(new, name, getattr(card, name))
    for name, value in changes.items():
        setattr(new, name, value)
    return new


def renumbered(card: Card, new: Mapping[int, int]) -> Card:
    """A copy of a card with new numbers for its parents; a parent without one is left out."""
    parents = tuple(new[p] for p in card.parents if p in new)
    return altered(card, parents=parents, stretched=frozenset(new[p] for p in card.stretched if p in new))


def parameters_in(cards: list[Card]) -> int:
    """How many parameters these cards are, or stand for."""
    own = [c for c in cards if c.role == "parameter" and c.value is not None and not c.parameters]
    return sum(card.value.size for card in own) + sum(card.parameters for card in cards)


def operations_in(cards: list[Card]) -> int:
    """How many operations these cards are, or stand for."""
    return sum(
        card.operations if card.role == "group" else card.operations * card.count
        for card in cards
        if card.role not in LEAVES
    )


def clusters_of(graph: Graph) -> list[Cluster]:
    """All clusters, each after the one around it."""
    found: dict[int, Cluster] = {}
    for card in graph.cards:
        if card.cluster and id(card.cluster) not in found:
            found.update((id(each), each) for each in card.cluster.chain())
    return list(found.values())


def consumers_of(graph: Graph) -> list[list[int]]:
    """For every card, the cards that use it."""
    found: list[list[int]] = [[] for _ in graph.cards]
    for number, card in enumerate(graph.cards):
        for parent in dict.fromkeys(card.parents):
            found[parent].append(number)
    return found


def ancestors(graph: Graph, numbers: Iterable[int]) -> set[int]:
    """These cards, and all that they depend on."""
    found = set(numbers)
    for number in range(len(graph.cards) - 1, -1, -1):
        if number in found:
            found.update(graph.cards[number].parents)
    return found


def merged(graph: Graph, groups: list[int], make: Callable[[int, list[int]], Card]) -> Graph:
    """A graph with one card for each group number, made by `make(group, members)` for all cards that have the number.

    No path may leave a group and come back to it.
    """
    members: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        members.setdefault(group, []).append(number)
    order = topological(graph, groups, members)
    new = {group: number for number, group in enumerate(order)}
    cards = []
    for group in order:
        inside = members[group]
        old = [graph.cards[number] for number in inside]
        parents = [new[groups[p]] for card in old for p in card.parents if groups[p] != group]
        parents = parents if len(old) == 1 else list(dict.fromkeys(parents))  # x·x has one parent twice
        stretched = frozenset(new[groups[p]] for card in old for p in card.stretched if groups[p] != group)
        nodes = sum(card.nodes for card in old)
        cards.append(altered(make(group, inside), parents=tuple(parents), stretched=stretched, nodes=nodes))
    roots = list(dict.fromkeys(new[groups[root]] for root in graph.roots))
    return replace(graph, cards=cards, roots=roots)


def topological(graph: Graph, groups: list[int], members: dict[int, list[int]]) -> list[int]:
    """The groups, each after those that it depends on, otherwise in the order of their first members."""
    before = {
        group: {groups[p] for number in inside for p in graph.cards[number].parents} - {group}
        for group, inside in members.items()
    }
    consumers: dict[int, list[int]] = {group: [] for group in members}
    for group, needed in before.items():
        for each in needed:
            consumers[each].append(group)
    waiting = {group: len(needed) for group, needed in before.items()}
    first = {group: inside[0] for group, inside in members.items()}
    ready = [(first[group], group) for group, count in waiting.items() if not count]
    order = []
    while ready:
        group = heappop(ready)[1]
        order.append(group)
        for each in consumers[group]:
            waiting[each] -= 1
            if not waiting[each]:
                heappush(ready, (first[each], each))
    assert len(order) == len(members), "a path leaves a group and comes back"
    return order
