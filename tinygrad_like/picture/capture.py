"""A function or a model run again, watched: every operation with its result and its constants."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from ..engine.autodiff import start_cotangent, sweep
from ..engine.errors import TinygradError
from ..engine.node import Node
from ..engine.primitive import Primitive
from ..engine.recording import enable_grad, observer, scope
from ..engine.tensor import Tensor, values_of, wrap
from ..engine.writes import clock, writes
from ..tree import CONTAINERS, leaves, rebuilt
from .graph import LEAVES, Card, Graph
from .numbers import number_text
from .places import Places

DETACHED = "detach"
WRITTEN = "written to since"


class Recorder:
    """Told of every operation, it makes a card of each result, and of each operand that nothing made."""

    def __init__(self, places: Places, inputs: list[Tensor]) -> None:
        self.places = places
        self.cards: list[Card] = []
        self.nodes: list[Any] = []
        self._times: list[int] = []  # when each card was made, on the time line of writes
        self._by_id: dict[int, int] = {}  # cards keep their origins, so ids stay theirs
        self._by_array: dict[int, int] = {}
        self._inputs = {id(each._array): each for each in inputs}

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
        card = operation_card(primitive, shape, result.dtype, options)
        card.parents, card.stretched = parents, stretched
        # What is recorded can be written to through a detached alias only, which `mark_written` tells.
        card.value = result._array if result._node is not None else result._array.copy()
        card.cluster = cluster
        self.enter(card, result)

    def enter(self, card: Card, value: Any) -> int:
        """Add a card for a Tensor, an array or a number, and know it again later."""
        number = len(self.cards)
        card.origin = value
        self.cards.append(card)
        self._times.append(clock())
        self._by_id[id(value)] = number
        node = value._node if isinstance(value, Tensor) else None
        if node is not None:
            self._by_id[id(node)] = number
        if isinstance(value, Tensor) and card.symbol != DETACHED:
            self._by_array[id(value._array)] = number
        self.nodes.append(node)
        return number

    def operand(self, value: Any) -> int:
        """The card of an operand; a new one for what was not computed here, or was written to since."""
        if isinstance(value, Tensor) and value._node is not None:
            return self.recorded(value, value._node)
        array = values_of(value)
        found = self._by_id.get(id(value))
        if found is None:
            found = self.source(value, array)
            if found is not None and self.nodes[found] is not None:
                card = detached_card(self.cards[found], found)
                card.cluster = self.places.cluster(scope.get())
                return self.enter(card, value)
        if found is not None and self.is_as_shown(found, value):
            return found
        if isinstance(value, Tensor):
            return self.enter(leaf_card(value, self.places), value)
        number = self.enter(constant_card(value, self.places.name(value)), value)
        if np.ndim(value) == 0:
            del self._by_id[id(value)]  # each 2 in the code is a 2 of its own
        return number

    def recorded(self, tensor: Tensor, node: Node) -> int:
        """The card of a Tensor that is recorded."""
        found = self._by_id.get(id(tensor), self._by_id.get(id(node)))
        if found is None and node.primitive is None and node.owner is None:
            found = self._by_array.get(id(tensor._array))  # a transform's alias of its input
        if found is not None and self.is_as_shown(found, tensor):
            return found
        return self.enter(leaf_card(tensor, self.places), tensor)

    def mark_written(self) -> None:
        """Say of results that share their array with a Tensor what was written to them."""
        for card, time in zip(self.cards, self._times):
            if card.role not in LEAVES and isinstance(card.origin, Tensor) and card.value is card.origin._array:
                card.note = WRITTEN if writes.written_since(card.value, time) else ""

    def source(self, value: Any, array: Any) -> int | None:
        """The card of what has the same array: a result, an input or a parameter."""
        found = self._by_array.get(id(array))
        if found is None:
            tensor = self._inputs.get(id(array), self.places.by_array.get(id(array)))
            found = None if tensor is None or tensor is value else self.operand(tensor)
        return found

    def is_as_shown(self, number: int, value: Any) -> bool:
        """Whether nothing was written into a value since its card was made."""
        if isinstance(value, Tensor):
            return not writes.written_since(value._array, self._times[number])
        return same_values(self.cards[number].value, value)


def same_values(a: Any, b: Any) -> bool:
    return a is b or (
        np.shape(a) == np.shape(b) and bool(np.array_equal(a, b, equal_nan=np.asarray(b).dtype.kind in "fc"))
    )


def operation_card(primitive: Primitive, shape: tuple[int, ...], dtype: Any, options: dict[str, Any]) -> Card:
    symbol = primitive.symbol or primitive.name
    words = [primitive.name] if symbol != primitive.name else []
    words += [f"axis {options['axis']}"] if options.get("axis") is not None else []
    return Card(primitive.role, symbol, ", ".join(words), "", shape, dtype)


def detached_card(source: Card, number: int) -> Card:
    return Card("operation", DETACHED, "", "", source.shape, source.dtype, (number,), value=source.value)


def leaf_card(tensor: Tensor, places: Places) -> Card:
    """The card of a Tensor that no operation of the picture made."""
    name = places.name(tensor)
    role = "parameter" if places.is_parameter(tensor) else "input"
    if not name and tensor._node is None:
        role = "constant"
    return Card(role, name or "tensor", role, "", tensor.shape, tensor.dtype, value=tensor._array.copy())


def constant_card(value: Any, name: str = "") -> Card:
    """The card of a plain array or number among the operands."""
    array = np.array(value)
    symbol = name or ("array" if array.ndim else number_text(array))
    return Card("constant", symbol, "constant", "", array.shape, array.dtype, value=array)


def tensors_of(result: Any) -> list[Tensor]:
    """The Tensors in a result: itself, or those in tuples, lists and dicts."""
    return [each for each in leaves(result) if isinstance(each, Tensor)]


def watch(function: Any, inputs: list[Any], places: Places) -> tuple[Recorder, list[Tensor]]:
    """Run a function on its inputs and record every operation; the Tensors that it returned."""
    recorder = Recorder(places, tensors_of(inputs))
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
    recorder.mark_written()
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
    try:
        with enable_grad():
            total = single if single is not None and single.size == 1 else summed(recorded)
        assert total._node is not None
        found = sweep(total._node, start_cotangent(total, None), every=True)
    except TinygradError as error:
        graph.reason = error.what
        return
    graph.of = "sum of outputs" if single is None else "sum of output" if single.ndim else "output"
    last = {node: number for number, node in enumerate(nodes)}
    for number, (card, node) in enumerate(zip(graph.cards, nodes)):
        # A leaf that was written to between uses has several cards, and one gradient for all.
        if node in found and last[node] == number:
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
    """An example input with its arrays as Tensors that have names, also inside dicts, lists and tuples."""
    if isinstance(value, Tensor):
        if value.name:
            return value
        named = wrap(value._array, value._node)
        named.name = name
        return named
    if isinstance(value, CONTAINERS) and not is_numbers(value):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return rebuilt(value, [as_input(each, f"{name}[{key!r}]", differentiate) for key, each in pairs])
    if isinstance(value, bool) or not isinstance(value, (np.ndarray, np.generic, float, int, list)):
        return value
    array = np.array(value)
    if array.dtype.kind not in "fiubc":
        return value
    tensor = Tensor(array, name=name)
    tensor.requires_grad = differentiate and array.dtype.kind == "f"
    return tensor


def is_numbers(value: Any) -> bool:
    """Whether nested lists hold numbers only, in equal lengths, so that they mean an array."""
    if not isinstance(value, list):
        return False
    if all(isinstance(each, list) for each in value):
        return len(set(map(len, value))) <= 1 and all(map(is_numbers, value))
    return all(isinstance(each, (float, int, np.generic)) for each in value)
