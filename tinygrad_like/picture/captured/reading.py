"""A recorded graph, read from its root: the values that it holds, and those that can be computed from them."""

from __future__ import annotations

import math
from itertools import cycle
from operator import attrgetter
from typing import Any

import numpy as np

from ...engine.node import Node
from ...engine.tensor import Tensor, values_of
from ...engine.writes import writes
from ..graphs.graph import Card, Graph
from ..progress import stage
from .cards import NO_GRADIENT, WRITTEN, Cards, add_gradients, constant_card, leaf_card
from .places import Places
from .thinning import cuts
from .wording import arrays_of, is_written

FREED = "freed by backward()"
NOT_KEPT = "not kept"
FREED_GRAPH = "the graph was freed by backward(), so only leaves have one: their .grad"
MOST_AGAIN = 100_000  # elements of a value that is worth computing again


def nodes_below(root: Node) -> list[Node]:
    """All nodes that lead to the root, in the order of their creation."""
    seen = {root}
    stack = [root]
    while stack:
        for parent in stack.pop().parents:
            if isinstance(parent, Node) and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=attrgetter("index"))


def held_values(nodes: list[Node], tensor: Tensor) -> dict[Node, Any]:
    """The values that are still there: kept for the rules, owned by a Tensor, or the root's own."""
    held: dict[Node, Any] = {}
    for node in nodes:
        owner = owner_of(node)
        if owner is not None:
            held[node] = owner._array
        if node.recipe is None or not node.saved:
            continue
        for value, position in zip(node.saved, node.recipe.saves):
            if isinstance(node.parents[position], Node):
                held.setdefault(node.parents[position], value)
        if node.recipe.saves_result:
            held[node] = node.saved[len(node.recipe.saves)]
    held[tensor._node] = tensor._array  # type: ignore[index]
    return held


def kept_constant(node: Node, position: int) -> Any:
    """An operand that was not recorded, if a rule kept it."""
    if node.saved and position in node.recipe.saves:
        return node.saved[node.recipe.saves.index(position)]
    return None


def owner_of(node: Node) -> Tensor | None:
    return None if node.owner is None else node.owner()


class Reader(Cards):
    """The cards of a recorded graph."""

    def __init__(self, tensor: Tensor, places: Places) -> None:
        super().__init__(places)
        below = nodes_below(tensor._node)  # type: ignore[arg-type]
        self.left_out: dict[Node, Node] = {}  # of a long loop, and what stands for it
        self.steps: dict[Node, int] = {}  # how many steps that stands for
        stage(f"{len(below):,} nodes found")
        kept = self.thinned(below)
        stage(f"values of {len(kept):,} nodes")
        self.held = held_values(kept, tensor) | {n: t._array for n, t in places.named.items()}
        self.number: dict[Node, int] = {}
        self.used: dict[Node, int] = {}  # when each leaf was first used
        for node in kept:
            for parent in node.parents:
                if isinstance(parent, Node):
                    self.used.setdefault(parent, node.index)
            places.cluster(node.scope)  # it makes the names of parameters known
        for node in kept:
            card = self.leaf(node) if node.primitive is None else self.result(node)
            card.origin = node
            card.nodes = card.steps = self.steps.get(node, 1)
            self.number[node] = self.add(card, node)
        self.is_freed = any(is_freed(node, tensor) for node in below)

    def thinned(self, nodes: list[Node]) -> list[Node]:
        """The nodes without those in the middle of long loops."""
        kept, at = [], 0
        for cut in cuts(nodes):
            kept += nodes[at : cut.start]
            at = cut.end
            shown = nodes[cut.start - cut.period : cut.start]
            self.left_out |= zip(nodes[cut.start : cut.end], cycle(shown))
            self.steps |= dict.fromkeys(shown, 1 + cut.steps)
        return kept + nodes[at:]

    def name(self, node: Node) -> str:
        return self.places.name(node) or self.places.name(owner_of(node))

    def leaf(self, node: Node) -> Card:
        role = "parameter" if self.places.is_parameter(owner_of(node)) else "input"
        value, used = self.held.get(node), self.used.get(node, node.index)
        note = NOT_KEPT if value is None else WRITTEN if writes.written_since(value, used) else ""
        card = leaf_card(role, self.name(node) or "leaf", node, value, note)
        card.path = self.places.whole_path(owner_of(node))
        return card

    def result(self, node: Node) -> Card:
        operands = [
            self.number[self.left_out.get(parent, parent)]
            if isinstance(parent, Node)
            else self.constant(parent, node, i)
            for i, parent in enumerate(node.parents)
        ]
        cluster = self.places.cluster(node.scope)
        indices = {id(each): self.index(each) for each in arrays_of(node.options.get("index")) if self.is_shown(each)}
        card = self.operation(node.primitive, enumerate(operands), node.options, node, cluster, indices)
        card.label = self.name(node)
        card.value = self.held.get(node)
        if card.value is None:
            card.value = computed_again(node, [self.value(*each) for each in zip(node.parents, operands)])
            card.note = "" if card.value is not None else FREED if node.freed else NOT_KEPT
        elif writes.written_since(card.value, node.index):
            card.note = WRITTEN
        return card

    def value(self, parent: Any, number: int) -> Any:
        """The value of an operand, if it is there and was not written to."""
        if isinstance(parent, Node) and parent in self.left_out:
            return self.held.get(parent)
        return None if self.cards[number].note else self.cards[number].value

    def is_shown(self, index: Any) -> bool:
        return not is_written(index) or bool(self.places.name_of_equal(index))

    def index(self, array: Any) -> int:
        """The card of an array in an index, of which the graph has a copy."""
        return self.add(constant_card(values_of(array), self.places.name_of_equal(values_of(array))))

    def constant(self, number: Any, consumer: Node, position: int) -> int:
        """The card of an operand that was not recorded: a plain number, or what a rule kept of it."""
        value = kept_constant(consumer, position) if number is None else number
        if value is None:
            return self.add(Card("constant", "constant", note=NOT_KEPT))
        buffer = self.places.by_array.get(id(values_of(value)))
        if self.places.is_buffer(buffer):
            card = leaf_card("buffer", self.places.name(buffer), buffer, value)
            card.path = self.places.whole_path(buffer)
            return self.add(card)
        card = constant_card(values_of(value), self.places.name_of_equal(value) if np.ndim(value) else "")
        # Integers in a named block are classes or row numbers that it was given.
        card.shown = card.shown or (np.ndim(value) > 0 and card.dtype.kind in "iu")
        if isinstance(value, np.ndarray) and writes.written_since(value, consumer.index):
            card.note = WRITTEN
        return self.add(card)


def computed_again(node: Node, operands: list[Any]) -> Any:
    """The value of an operation whose operands are all there; not where backward() freed it."""
    size = math.prod(node.shape)
    if node.freed or size > MOST_AGAIN or not node.primitive.trusted or any(value is None for value in operands):
        return None
    return np.asarray(node.primitive.forward(*operands, **node.options))


def read(tensor: Tensor, places: Places, gradients: bool) -> Graph:
    """The graph of a Tensor; nothing of it changes."""
    if tensor._node is None:
        card = leaf_card("constant", places.name(tensor) or "tensor", tensor, tensor._array)
        return Graph([card], [0], 1, reason=NO_GRADIENT)
    with np.errstate(all="ignore"):
        reader = Reader(tensor, places)
    total = sum(card.nodes for card in reader.cards)
    graph = Graph(reader.cards, [reader.number[tensor._node]], total)
    root = graph.cards[graph.roots[0]]
    root.label = root.label or places.name(tensor)
    if gradients and reader.is_freed:
        graph.reason = FREED_GRAPH
        for node, number in reader.number.items():
            owner = owner_of(node)
            if owner is not None and owner.grad is not None:
                graph.cards[number].gradient = owner.grad._array.copy()
    elif gradients:
        stage(f"gradients of {graph.total:,} nodes")
        add_gradients(graph, reader.nodes, [tensor], tensor.name or "output")
    return graph


def is_freed(node: Node, root: Tensor) -> bool:
    """Whether a sweep would miss something that `backward()` freed."""
    return node.primitive is not None and node.freed and (node is root._node or node.recipe.saves_arrays)
