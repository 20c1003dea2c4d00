"""A recorded graph read from its root: what it still holds, and what that gives again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.autodiff import start_cotangent, sweep
from ..engine.errors import TinygradError
from ..engine.node import Node
from ..engine.recording import enable_grad
from ..engine.tensor import Tensor, values_of
from ..engine.writes import writes
from .capture import WRITTEN, constant_card, operation_card
from .graph import Card, Graph
from .places import Places

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
    return sorted(seen, key=lambda node: node.index)


def held_values(nodes: list[Node], tensor: Tensor) -> dict[Node, Any]:
    """The values that are still there: kept for the rules, owned by a Tensor, or the root's own."""
    held: dict[Node, Any] = {}
    for node in nodes:
        owner = node.owner() if node.owner is not None else None
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


class Reader:
    """Makes the cards of a recorded graph."""

    def __init__(self, tensor: Tensor, places: Places) -> None:
        self.places = places
        self.nodes = nodes_below(tensor._node)  # type: ignore[arg-type]
        self.held = held_values(self.nodes, tensor) | {n: t._array for n, t in places.named.items()}
        self.cards: list[Card] = []
        self.card_nodes: list[Node | None] = []
        self.number: dict[Node, int] = {}
        self.used: dict[Node, int] = {}  # when each leaf was first used
        for node in self.nodes:
            for parent in node.parents:
                if isinstance(parent, Node):
                    self.used.setdefault(parent, node.index)
            if node.scope is not None:
                places.cluster(node.scope)

    def read(self) -> list[Card]:
        for node in self.nodes:
            card = self.leaf(node) if node.primitive is None else self.operation(node)
            card.origin = node
            self.number[node] = len(self.cards)
            self.cards.append(card)
            self.card_nodes.append(node)
        return self.cards

    def leaf(self, node: Node) -> Card:
        owner = node.owner() if node.owner is not None else None
        name = self.places.name(node) or ("" if owner is None else self.places.name(owner))
        role = "parameter" if owner is not None and self.places.is_parameter(owner) else "input"
        value = self.held.get(node)
        note = NOT_KEPT if value is None else WRITTEN if self.is_written(node, value) else ""
        return Card(role, name or "leaf", role, "", node.shape, node.dtype, value=value, note=note)

    def is_written(self, node: Node, value: Any) -> bool:
        """Whether a leaf has other values now than when it was used."""
        return writes.written_since(value, self.used.get(node, node.index))

    def operation(self, node: Node) -> Card:
        primitive = node.primitive
        names = primitive.args * len(node.parents) if primitive.variadic else primitive.args
        parents, operands, stretched = [], [], []
        for i, parent in enumerate(node.parents):
            if isinstance(parent, Node):
                number = self.number[parent]
            else:
                number = self.constant(kept_constant(node, i) if parent is None else parent, node)
            parents.append(number)
            operands.append(None if self.cards[number].note else self.cards[number].value)
            if names[i] in primitive.stretched and self.cards[number].shape not in (node.shape, None):
                stretched.append(number)
        card = operation_card(primitive, node.shape, node.dtype, node.options)
        card.parents, card.stretched = tuple(parents), frozenset(stretched)
        card.cluster = self.places.cluster(node.scope)
        owner = node.owner() if node.owner is not None else None
        card.label = self.places.name(node) or ("" if owner is None else owner.name or "")
        card.value = self.held.get(node)
        if card.value is not None and writes.written_since(card.value, node.index):
            card.note = WRITTEN
        if card.value is None:
            card.value = computed_again(node, operands)
        if card.value is None:
            card.note = FREED if node.freed else NOT_KEPT
        return card

    def constant(self, value: Any, consumer: Node) -> int:
        card = Card("constant", "constant", note=NOT_KEPT)
        if value is not None:
            card = constant_card(values_of(value), self.places.name_of_equal(value) if np.ndim(value) else "")
            if isinstance(value, np.ndarray) and writes.written_since(value, consumer.index):
                card.note = WRITTEN
        self.cards.append(card)
        self.card_nodes.append(None)
        return len(self.cards) - 1


def computed_again(node: Node, operands: list[Any]) -> Any:
    """The value of an operation whose operands are all there; not where backward() freed it."""
    size = math.prod(node.shape)
    if node.freed or size > MOST_AGAIN or not node.primitive.trusted or any(value is None for value in operands):
        return None
    return np.asarray(node.primitive.forward(*operands, **node.options))


def read(tensor: Tensor, places: Places, gradients: bool) -> Graph:
    """The graph of a Tensor; nothing of it changes."""
    if tensor._node is None:
        name = places.name(tensor)
        card = Card("constant", name or "tensor", "constant", "", tensor.shape, tensor.dtype, value=tensor._array)
        return Graph([card], [0], 1, reason="nothing requires a gradient")
    reader = Reader(tensor, places)
    with np.errstate(all="ignore"):
        graph = Graph(reader.read(), [], 0)
    graph.roots, graph.total = [reader.number[tensor._node]], len(reader.cards)
    root = graph.cards[graph.roots[0]]
    root.label = root.label or places.name(tensor)
    if gradients:
        add_gradients(graph, reader, tensor)
    return graph


def add_gradients(graph: Graph, reader: Reader, tensor: Tensor) -> None:
    """Sweep once more if the graph still can be; else the leaves show the `.grad` that they have."""
    root = tensor._node
    if any(node.freed and (node is root or node.recipe.saves_arrays) for node in reader.nodes):
        graph.reason = FREED_GRAPH
        for card, node in zip(graph.cards, reader.card_nodes):
            owner = node.owner() if node is not None and node.owner is not None else None
            grad = None if owner is None else owner.grad
            card.gradient = None if grad is None else grad._array.copy()
        return
    start = np.ones(tensor.shape, tensor.dtype) if tensor.size != 1 else start_cotangent(tensor, None)
    try:
        with enable_grad():
            found = sweep(tensor._node, start, every=True)  # type: ignore[arg-type]
    except TinygradError as error:
        graph.reason = error.what
        return
    name = tensor.name or "output"
    graph.of = name if tensor.size == 1 else f"sum of {name}"
    for card, node in zip(graph.cards, reader.card_nodes):
        if node in found:
            card.gradient = np.asarray(found[node][0])
