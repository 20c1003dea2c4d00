"""The middle of very long loops left out, before a card is made of each node.

What repeats is shown once; `graphs/repeats.py` finds it among cards. A million cards take a minute. So of a loop
of very many steps, only the first and the last few become cards. One step of them counts those that are left out.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from ...engine.node import Node
from ..graphs.repeats import LONGEST_STEP, stretches

HUGE = 50_000  # nodes, from which on it is worth looking
KEPT = 4  # steps at either end
MOST_OPERANDS = 4


class Cut:
    """The nodes from `start` to `end` are left out; they repeat those of the `period` before them."""

    def __init__(self, start: int, end: int, period: int) -> None:
        self.start, self.end, self.period = start, end, period

    @property
    def steps(self) -> int:
        return (self.end - self.start) // self.period


def cuts(nodes: list[Node]) -> list[Cut]:
    """What can be left out of nodes in the order of their creation."""
    if len(nodes) < HUGE:
        return []
    kinds, operands = kinds_of(nodes), operands_of(nodes)
    taken = np.zeros(len(nodes), bool)
    found = []
    for start, end, period in stretches(kinds):
        if end - start < (2 * KEPT + 2) * LONGEST_STEP or taken[start:end].any():
            continue
        later, before = operands[start + period : end], operands[start : end - period]
        same = np.all((later == before) | (later - before == period), axis=1)
        low, high = longest_truth(same)
        first = start + low + KEPT * period
        last = start + period + high - KEPT * period
        steps = (last - first) // period
        if steps > 0:
            taken[start:end] = True
            found.append(Cut(first, first + steps * period, period))
    return sorted(found, key=lambda cut: cut.start)


def kinds_of(nodes: list[Node]) -> Any:
    """A number for each node, the same for those that do the same."""
    names: dict[Any, int] = {}
    keys = [(node.primitive, id(node.scope), node.shape, repr(node.options) if node.options else "") for node in nodes]
    return np.array([names.setdefault(key, len(names)) for key in keys])


def operands_of(nodes: list[Node]) -> Any:
    """The places of each node's operands, -1 for a number; of a node with many operands what is equal to no other."""
    place: dict[Any, int] = {node: i for i, node in enumerate(nodes)}
    counts = np.array([len(node.parents) for node in nodes])
    flat = [place[p] if isinstance(p, Node) else -1 for p in chain.from_iterable(node.parents for node in nodes)]
    found = np.full((len(nodes), MOST_OPERANDS), -1)
    row = np.repeat(np.arange(len(nodes)), counts)
    column = np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts, counts)
    few = (counts <= MOST_OPERANDS)[row]
    found[row[few], column[few]] = np.array(flat, np.int64)[few]
    many = np.flatnonzero(counts > MOST_OPERANDS)
    found[many, 0] = -2 - many
    return found


def longest_truth(values: Any) -> tuple[int, int]:
    """Where the longest stretch of truths starts and ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], values.view(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return 0, 0
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best])
