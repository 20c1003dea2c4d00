"""`Waiting`: what a reverse sweep has yet to do, and the cotangents that have arrived so far."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappush
from math import prod
from typing import Any

from numpy import ndarray

from . import operators
from .node import Node
from .scattered import Scattered
from .shortcuts import ordinary
from .traces import active, copy_of, lifted, real, zeros
from .writes import FEW

Claims = list[tuple[Any, int]]  # flat vectors, and the slots in them where a sweep writes gradients


class Waiting:
    """Nodes that wait for their turn, latest first, with the sum of the shares that have arrived.

    Leaves wait to the end, outside the heap. Nodes made before `floor` cannot lead to a target. `careful` says that
    exact zeros or poles have come up, so that from here on a product of both has to be looked for. Where nothing is
    `watched`, it is not: then who started the sweep looks at what it found.
    """

    __slots__ = (
        *("careful", "claims", "flat", "floor", "level", "order", "received", "recorded", "scattered", "shares"),
        "watched",
    )

    def __init__(self, floor: int, recorded: bool, level: int, claims: Claims | None, watched: bool) -> None:
        self.watched = watched
        self.floor, self.recorded, self.level, self.careful = floor, recorded, level, False
        self.shares: dict[int, list[Any]] = {}
        self.order: list[int] = []
        self.scattered: dict[int, list[Scattered]] = {}
        self.received: dict[int, set[int]] = {}  # of the vector of several results, where those begin that users used
        self.flat: list[Node] = []  # the nodes of step functions that were passed
        self.claims = claims  # of memory for gradients, if they are to be delivered

    def start(self, starts: Sequence[tuple[Node, Any]], given: bool) -> None:
        for node, cotangent in starts:
            self.add(node, cotangent, False)
            self.careful = self.careful or (given and not ordinary(cotangent))

    def add(self, node: Node, share: Any, owned: bool) -> None:
        key = -node.index
        entry = self.shares.get(key)
        if entry is None:
            if node.index >= self.floor:
                self.shares[key] = [node, share, owned]
                if node.primitive is not None:
                    heappush(self.order, key)
        elif entry[2] and not active:
            entry[1] += share
        elif entry[1] is None:
            entry[1], entry[2] = share, owned
        else:
            entry[1] = entry[1] + share
            entry[2] = not self.recorded

    def add_scattered(self, node: Node, part: Scattered) -> None:
        """Add some elements, in one buffer however often elements are taken from this node.

        In a recorded sweep nothing is written into; all are added up by one operation when the node's turn comes.
        """
        key = -node.index
        if key not in self.shares:
            self.add(node, None, False)
        entry = self.shares.get(key)
        if entry is None:
            return
        if self.recorded:
            self.scattered.setdefault(key, []).append(part)
            return
        if not entry[2] or real(entry[1]).__class__ is not ndarray:
            entry[1] = self.zeros(node) if entry[1] is None else copy_of(entry[1])
            entry[2] = True
        part.add_to(entry[1])

    def zeros(self, node: Node) -> Any:
        """Memory of a node's shape, filled with zeros: where its gradient is kept, if that is free."""
        place = self.place_of(node)
        if place is None:
            return zeros(node.shape, node.dtype)
        place.fill(0)
        return place

    def offered(self, node: Node) -> Any:
        """Memory in which a rule may leave the first share of a gradient, if that is large enough to be worth it."""
        return self.place_of(node) if prod(node.shape) > FEW and -node.index not in self.shares else None

    def place_of(self, node: Node) -> Any:
        """Where in a flat vector the gradient of a leaf is kept, if it has none yet, and no other sweep claims it."""
        leaf = node.owner() if self.claims is not None and node.primitive is None and node.owner is not None else None
        if leaf is None or leaf._grad is not None or leaf._node is not node or not hasattr(leaf, "_flat"):
            return None
        return lifted(leaf._flat.claimed(leaf._slot, self.claims))

    def settle(self, *keys: int) -> None:
        """Add up what was scattered in a recorded sweep: to these nodes, or to all."""
        for key in keys or tuple(self.scattered):
            parts = self.scattered.pop(key, None)
            if parts:
                entry = self.shares[key]
                indexes = [part.index for part in parts]
                values = [part.values for part in parts]
                dense = operators.indexing.scatter_add(*values, shape=entry[0].shape, indexes=indexes)
                entry[1] = dense if entry[1] is None else entry[1] + dense
