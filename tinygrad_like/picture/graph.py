"""The graph that a picture shows: cards, the layers around them, in an order that edges follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

# What a card can be; themes have colours for each.
ROLES = ("input", "constant", "parameter", "operation", "activation", "loss", "group", "stub")
LEAVES = frozenset({"input", "constant", "parameter"})


class Cluster:
    """One call of a layer: the box around the cards of what it computed."""

    __slots__ = ("call", "label", "outer", "path", "title", "count")

    def __init__(self, path: str, title: str, label: str, outer: Cluster | None, call: int = 0) -> None:
        self.path, self.title, self.label, self.outer = path, title, label, outer
        self.call = call  # which call of the same layer, from 1, where there are several
        self.count = 1  # how many identical ones it stands for

    def chain(self) -> list[Cluster]:
        """The clusters around a card of this one, outermost first."""
        found: list[Cluster] = []
        at: Cluster | None = self
        while at is not None:
            found.append(at)
            at = at.outer
        return found[::-1]


@dataclass(slots=True, eq=False)
class Card:
    """A tensor together with the operation that made it, or what stands for several of them.

    `parents` are the numbers of the cards that it was computed from, `stretched` those of them that
    were broadcast. `value` and `gradient` are arrays, or None with a `note` that says why.
    """

    role: str
    symbol: str
    name: str = ""
    label: str = ""
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
    nodes: int = 1  # of the whole graph, that it stands for
    differentiated: bool = False  # whether it had a gradient when it was drawn
    parameters: int = 0
    refers: bool = False  # a small card for its only parent, which is drawn elsewhere
    origin: Any = None  # the Tensor or the Node that it shows
    scoped: bool = False  # computed directly in the outermost layer, which has no box


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
