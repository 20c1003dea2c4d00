"""How cards are made: those of operations and of leaves, and the gradients on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...engine.autodiff import start_cotangent, sweep
from ...engine.complex_numbers import conjugated
from ...engine.errors import TinygradError
from ...engine.node import Node
from ...engine.primitive import Primitive
from ...engine.recording import enable_grad
from ...engine.tensor import Tensor
from ..graphs.graph import LEAVES, Call, Card, Cluster, Graph
from ..written.numbers import number_text
from .places import Places
from .wording import index_text, options_text

WRITTEN = "written to since"
NO_GRADIENT = "nothing requires a gradient"
LONGEST_NAME = 16  # in an index


class Cards:
    """The cards of a graph in the making, each after its parents; and for each card the node that it shows, if any."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.cards: list[Card] = []
        self.nodes: list[Node | None] = []

    def add(self, card: Card, node: Node | None = None) -> int:
        """Append a card; its number."""
        card.key = len(self.cards)
        self.cards.append(card)
        self.nodes.append(node)
        return len(self.cards) - 1

    def operation(
        self,
        primitive: Primitive,
        operands: Iterable[tuple[int, int]],  # (place among the arguments, number of the card)
        options: dict[str, Any],
        result: Any,  # a Tensor or a node: what has a shape and a dtype
        cluster: Cluster | None,
        indices: Mapping[int, int],  # the numbers of the cards of arrays in the options, by the arrays' ids
    ) -> Card:
        """The card of an operation, without its value."""
        parents, stretched, operands = [], set(), tuple(operands)
        for place, number in operands:
            name = primitive.args[0 if primitive.variadic else place]
            parents.append(number)
            if name in primitive.stretched and self.cards[number].shape not in (result.shape, None):
                stretched.add(number)
        symbol, name = primitive.symbol or primitive.name, primitive.name.replace("_", " ")
        given = options
        if "index" in options:
            words = {each: index_word(self.cards[number]) for each, number in indices.items()}
            symbol = name = symbol.replace("[ ]", "x" + index_text(options["index"], words))
        if parents and options.get("dtype") == self.cards[parents[0]].dtype:
            options = options | {"dtype": None}
        name = "" if name.endswith(symbol) else primitive.name
        shown = primitive.role, symbol, name, "", result.shape, result.dtype
        card = Card(*shown, (*parents, *indices.values()), frozenset(stretched), cluster=cluster)
        card.call = Call(primitive, given, operands)
        card.options = options_text(options, primitive.defaults, result.shape)
        return card


def index_word(card: Card) -> str:
    """How an array is called in an index."""
    kind = "mask" if card.dtype == bool else "index"
    name = card.label or (card.symbol if card.role in LEAVES - {"constant"} or card.shown else kind)
    return name if len(name) <= LONGEST_NAME else kind


def leaf_card(role: str, symbol: str, leaf: Any, value: Any, note: str = "") -> Card:
    """The card of a Tensor, a node or an array that no operation of the picture made."""
    return Card(role, symbol, role, "", leaf.shape, leaf.dtype, value=value, note=note)


def constant_card(value: Any, name: str) -> Card:
    """The card of a plain array or number among the operands."""
    array = np.array(value)
    card = leaf_card("constant", name or ("array" if array.ndim else number_text(array)), array, array)
    card.shown = bool(name)
    return card


def add_gradients(graph: Graph, nodes: list[Node | None], outputs: list[Tensor], name: str) -> None:
    """The gradient of the (sum of the) outputs for every card; where that fails, the reason."""
    recorded = [each for each in outputs if each._node is not None]
    if not recorded:
        graph.reason = NO_GRADIENT
        return
    try:
        with enable_grad(), np.errstate(all="ignore"):
            total: Any = recorded[0] if len(recorded) == 1 else sum(map(np.sum, recorded))
            start = start_cotangent(total, None) if total.size == 1 else np.ones(total.shape, total.dtype)
            found = sweep([(total._node, start)], every=True)
    except TinygradError as error:
        graph.reason = error.what
        return
    graph.of = "sum of outputs" if len(recorded) > 1 else name if total.size == 1 else f"sum of {name}"
    last = {node: number for number, node in enumerate(nodes)}
    for number, (card, node) in enumerate(zip(graph.cards, nodes)):
        # A leaf that was written to between uses has several cards, and one gradient for all.
        if node in found and last[node] == number:
            card.gradient = conjugated(np.asarray(found[node][0]))
