"""How cards are made: those of operations and of leaves, and the gradients on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine.autodiff import start_cotangent, sweep
from ...engine.complex_numbers import conjugated
from ...engine.errors import TinygradError
from ...engine.node import Node
from ...engine.primitive import Primitive
from ...engine.recording import enable_grad
from ...engine.tensor import Tensor
from ..graphs.graph import Call, Card, Cluster, Graph
from ..written.numbers import number_text
from .places import Places

WRITTEN = "written to since"
NO_GRADIENT = "nothing requires a gradient"


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
    ) -> Card:
        """The card of an operation, without its value."""
        parents, stretched, operands = [], set(), tuple(operands)
        for place, number in operands:
            name = primitive.args[0 if primitive.variadic else place]
            parents.append(number)
            if name in primitive.stretched and self.cards[number].shape not in (result.shape, None):
                stretched.add(number)
        symbol, name = primitive.symbol or primitive.name, primitive.name.replace("_", " ")
        words = [] if name.endswith(symbol) else [primitive.name]
        if primitive.name == "getitem":
            words = [f"getitem {index_text(options['index'])}"]
        words += [f"axis {options['axis']}"] if options.get("axis") is not None else []
        shown = primitive.role, symbol, ", ".join(words), "", result.shape, result.dtype
        call = Call(primitive, options, operands)
        return Card(*shown, tuple(parents), frozenset(stretched), cluster=cluster, call=call)


def index_text(index: Any) -> str:
    """An index as one writes it, an array in it as "array": [:, -1]."""
    parts = index if isinstance(index, tuple) else (index,)
    texts = []
    for part in parts:
        if isinstance(part, slice):
            start, stop, step = ("" if each is None else str(each) for each in (part.start, part.stop, part.step))
            texts.append(f"{start}:{stop}" + (f":{step}" if step else ""))
        else:
            texts.append("…" if part is ... else "array" if np.ndim(part) else str(part))
    return f"[{', '.join(texts)}]"


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
