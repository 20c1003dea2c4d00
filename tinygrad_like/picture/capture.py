"""A function or a model run again, watched: every operation with its result and its constants."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from ..autodiff import start_cotangent, sweep
from ..errors import TinygradError
from ..primitive import Primitive
from ..recording import enable_grad, observer, scope
from ..tensor import Tensor, wrap
from .graph import LEAVES, Card, Graph
from .places import Places


class Recorder:
    """Told of every operation, it makes a card of each result, and of each operand that nothing made."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.cards: list[Card] = []
        self.nodes: list[Any] = []
        self._by_id: dict[int, int] = {}  # cards keep their origins, so ids stay theirs

    def __call__(self, primitive: Any, args: tuple[Any, ...], options: dict[str, Any], result: Any) -> None:
        if not isinstance(primitive, Primitive):
            return
        cluster = self.places.cluster(scope.get())
        operands = [(i, self.operand(value)) for i, value in enumerate(args) if value is not None]
        parents = tuple(number for _, number in operands)
        names = primitive.args * len(args) if primitive.variadic else primitive.args
        shape = result.shape
        stretched = frozenset(
            number
            for i, number in operands
            if names[i] in primitive.stretched and self.cards[number].shape not in (shape, None)
        )
        card = operation_card(primitive, shape, result.dtype)
        card.parents, card.stretched = parents, stretched
        # What is recorded cannot be written to; the rest is copied before it is.
        card.value = result._array if result._node is not None else result._array.copy()
        card.cluster = cluster
        self.enter(card, result)

    def enter(self, card: Card, value: Any) -> int:
        """Add a card for a Tensor or an array, and know it again later."""
        number = len(self.cards)
        card.origin = value
        self.cards.append(card)
        self._by_id[id(value)] = number
        node = None
        if isinstance(value, Tensor):
            # An alias (of a transform, or detached) has the node or the array in common.
            node = value._node
            self._by_id[id(value._array)] = number
            if node is not None:
                self._by_id[id(node)] = number
        self.nodes.append(node)
        return number

    def known(self, value: Any) -> int | None:
        """The number of a value's card, if it has one and was not written to since."""
        found = self._by_id.get(id(value))
        if found is None and isinstance(value, Tensor):
            if value._node is not None:
                found = self._by_id.get(id(value._node))
            if found is None:
                found = self._by_id.get(id(value._array))
        if found is None or self.nodes[found] is not None:
            return found
        array = value._array if isinstance(value, Tensor) else value
        return found if same_values(self.cards[found].value, array) else None

    def operand(self, value: Any) -> int:
        """The card of an operand; a new one for what was not computed here."""
        found = self.known(value)
        if found is not None:
            return found
        if isinstance(value, Tensor):
            card = leaf_card(value, self.places)
            if value._node is None:
                card.value = value._array.copy()
            return self.enter(card, value)
        number = self.enter(constant_card(value, self.places.name(value)), value)
        if np.ndim(value) == 0:
            del self._by_id[id(value)]  # each 2 in the code is a 2 of its own
        return number


def same_values(a: Any, b: Any) -> bool:
    return a is b or (
        np.shape(a) == np.shape(b) and bool(np.array_equal(a, b, equal_nan=np.asarray(b).dtype.kind in "fc"))
    )


def operation_card(primitive: Primitive, shape: tuple[int, ...], dtype: Any) -> Card:
    symbol = primitive.symbol or primitive.name
    return Card(primitive.role, symbol, "" if symbol == primitive.name else primitive.name, "", shape, dtype)


def leaf_card(tensor: Tensor, places: Places) -> Card:
    """The card of a Tensor that no operation of the picture made."""
    name = places.name(tensor)
    role = "parameter" if places.is_parameter(tensor) else "input"
    if not name and tensor._node is None:
        role = "constant"
    return Card(role, name or "tensor", role, "", tensor.shape, tensor.dtype, value=tensor._array)


def constant_card(value: Any, name: str = "") -> Card:
    """The card of a plain array or number among the operands."""
    array = np.array(value)
    symbol = name or ("array" if array.ndim else number_text(array))
    return Card("constant", symbol, "constant", "", array.shape, array.dtype, value=array)


def number_text(array: Any) -> str:
    return f"{array.item():.4g}" if array.dtype.kind == "f" else str(array.item())


def tensors_of(result: Any) -> list[Tensor]:
    """The Tensors in a result: itself, or those in tuples, lists and dicts."""
    found, stack = [], [result]
    while stack:
        each = stack.pop()
        if isinstance(each, Tensor):
            found.append(each)
        elif isinstance(each, dict):
            stack.extend(reversed(list(each.values())))
        elif isinstance(each, (list, tuple)):
            stack.extend(reversed(each))
    return found


def watch(function: Any, inputs: list[Any], places: Places) -> tuple[Recorder, list[Tensor]]:
    """Run a function on its inputs and record every operation; the Tensors that it returned."""
    recorder = Recorder(places)
    token = observer.set(recorder)
    try:
        with enable_grad():
            outputs = tensors_of(function(*inputs))
    finally:
        observer.reset(token)
    return recorder, outputs


def captured(function: Any, inputs: list[Any], places: Places, gradients: bool) -> Graph | None:
    """The graph of a run, with all its values and gradients; None if no Tensor came out."""
    recorder, outputs = watch(function, inputs, places)
    if not outputs:
        return None
    roots = [recorder.operand(each) for each in outputs]
    for card in recorder.cards:
        # A result may have got its name after it was computed.
        if card.role not in LEAVES:
            card.label = places.name(card.origin)
    graph = Graph(recorder.cards, roots, len(recorder.cards))
    if gradients:
        add_gradients(graph, recorder.nodes, outputs)
    return ancestors_only(graph)


def add_gradients(graph: Graph, nodes: list[Any], outputs: list[Tensor]) -> None:
    """The gradient of the (sum of the) outputs for every card; where that fails, the reason."""
    recorded = [each for each in outputs if each._node is not None]
    if not recorded:
        graph.reason = "nothing requires a gradient"
        return
    single = recorded[0] if len(recorded) == 1 else None
    graph.of = "sum of outputs" if single is None else "sum of output" if single.ndim else "output"
    try:
        with enable_grad():
            total = single if single is not None and single.size == 1 else summed(recorded)
        assert total._node is not None
        found = sweep(total._node, start_cotangent(total, None), every=True)
    except TinygradError as error:
        graph.reason = error.what
        return
    for card, node in zip(graph.cards, nodes):
        if node in found:
            card.gradient = np.asarray(found[node][0])


def summed(tensors: list[Tensor]) -> Tensor:
    total: Any = 0
    with np.errstate(all="ignore"):  # only its gradient is of interest
        for each in tensors:
            total = total + np.sum(each)
    return cast(Tensor, total)


def ancestors_only(graph: Graph) -> Graph:
    """Without the cards that the roots do not depend on."""
    wanted = [False] * len(graph.cards)
    for root in graph.roots:
        wanted[root] = True
    for number in range(len(wanted) - 1, -1, -1):
        if wanted[number]:
            for parent in graph.cards[number].parents:
                wanted[parent] = True
    if all(wanted):
        return graph
    return subset(graph, [i for i, keep in enumerate(wanted) if keep])


def subset(graph: Graph, kept: list[int]) -> Graph:
    """The cards with these numbers, numbered anew."""
    new = {old: number for number, old in enumerate(kept)}
    cards = [graph.cards[old] for old in kept]
    for card in cards:
        card.parents = tuple(new[p] for p in card.parents)
        card.stretched = frozenset(new[p] for p in card.stretched)
    graph.cards, graph.roots, graph.total = cards, [new[r] for r in graph.roots], len(cards)
    return graph


def as_input(value: Any, name: str, differentiate: bool) -> Any:
    """An example input as a Tensor with a name; what is not numeric as it is."""
    if isinstance(value, Tensor):
        if value.name:
            return value
        named = wrap(value._array, value._node)
        named.name = name
        return named
    if isinstance(value, bool) or not isinstance(value, (np.ndarray, np.generic, float, int, list)):
        return value
    try:
        tensor = Tensor(np.array(value), name=name)
    except (TinygradError, ValueError):  # a list of Tensors, or of different lengths
        return value
    tensor.requires_grad = differentiate and tensor.dtype.kind == "f"
    return tensor
