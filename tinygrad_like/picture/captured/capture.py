"""A function or a model run again, watched: every operation with its result and its constants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...engine.blocks import Block
from ...engine.node import below
from ...engine.primitive import Primitive
from ...engine.recording import enable_grad, observer, scope
from ...engine.tensor import Tensor, values_of, wrap
from ...engine.writes import clock, writes
from ...primitives.indexing import plain_index
from ...tree import is_container, leaves, parts, rebuilt, steps
from ..graphs.graph import LEAVES, Card, Graph, ancestors, renumbered
from ..progress import stage
from .cards import WRITTEN, Cards, add_gradients, constant_card, leaf_card
from .places import Places
from .wording import arrays_of, is_written

DETACHED = "detach"
OFTEN = 20_000  # operations between two looks at the time


class Recorder(Cards):
    """Told of every operation, it makes a card of each result, and of each operand that nothing made."""

    def __init__(self, places: Places, inputs: list[Tensor]) -> None:
        super().__init__(places)
        self.times: list[int] = []  # when each card was made, on the time line of writes
        self._by_id: dict[int, int] = {}  # cards keep their origins, so ids stay theirs
        self._by_array: dict[int, int] = {}
        self._inputs = {id(each._array): each for each in inputs}
        self._indices: dict[int, tuple[Any, Any]] = {}  # copies of the arrays in indices, and what was copied

    def __call__(self, primitive: Any, args: tuple[Any, ...], options: dict[str, Any], result: Any) -> None:
        if primitive is plain_index:
            self._indices[id(result)] = result, args[0]
        if not isinstance(primitive, Primitive):
            return
        cluster = self.places.cluster(scope.get())  # first, since it makes the names of parameters known
        operands = [(place, self.operand(value)) for place, value in enumerate(args) if value is not None]
        card = self.operation(primitive, operands, options, result, cluster, self.indices(options))
        # What is recorded can be written to through a detached alias only; `captured` tells of that.
        card.value = result._array if result._node is not None else result._array.copy()
        self.enter(card, result)

    def indices(self, options: dict[str, Any]) -> dict[int, int]:
        """The cards of the arrays in an index; a few plain numbers are written in it instead."""
        found = {}
        for copy in arrays_of(tuple(options.values())):
            array, given = self._indices.get(id(copy), (copy, copy if isinstance(copy, Tensor) else None))
            if given is None or (not isinstance(given, Tensor) and is_written(array) and not self.places.name(given)):
                continue
            found[id(copy)] = self.operand(given if isinstance(given, (Tensor, np.ndarray)) else array)
        return found

    def enter(self, card: Card, value: Any) -> int:
        """Add a card for a Tensor, an array or a number, and know it again later."""
        node = value._node if isinstance(value, Tensor) else None
        number = self.add(card, below(node, 1))
        if not number % OFTEN:
            stage(f"{number:,} operations", 0)
        card.origin = value
        self.times.append(clock())
        self._by_id[id(value)] = number
        while node is not None:
            self._by_id[id(node)] = number
            node = node.under
        if isinstance(value, Tensor) and card.symbol != DETACHED:
            self._by_array[id(value._array)] = number
        return number

    def operand(self, value: Any) -> int:
        """The card of an operand; a new one for what was not computed here, or was written to since."""
        node = value._node if isinstance(value, Tensor) else None
        # By its place in the graph first: a Tensor that was written to is another result than it was.
        found = self._by_id.get(id(node)) if node is not None else None
        found = self._by_id.get(id(value)) if found is None else found
        if node is not None:
            if found is None and node.primitive is None:
                found = self.source(value)  # a transform's alias of its input
        elif found is None:
            found = self.source(value)
            if found is not None and self.nodes[found] is not None:
                return self.detached(found, value)
        if found is not None and self.is_as_shown(found, value):
            return found
        name = self.places.name(value)
        if isinstance(value, Tensor):
            role = "parameter" if self.places.is_parameter(value) else "input"
            role = "buffer" if self.places.is_buffer(value) else role if name or node is not None else "constant"
            card = leaf_card(role, name or "tensor", value, value._array.copy())
            card.path = self.places.whole_path(value)
        else:
            card = constant_card(value, name)
        card.shown = bool(name) or was_given(value)
        number = self.enter(card, value)
        if np.ndim(value) == 0 and not isinstance(value, Tensor):
            del self._by_id[id(value)]  # each 2 in the code is a 2 of its own
        return number

    def source(self, value: Any) -> int | None:
        """The card of what has the same array: a result, an input or a parameter."""
        array = id(values_of(value))
        found = self._by_array.get(array)
        if found is None:
            tensor = self._inputs.get(array, self.places.by_array.get(array))
            found = None if tensor is None or tensor is value else self.operand(tensor)
        return found

    def detached(self, number: int, value: Any) -> int:
        """The card of the array of a recorded Tensor."""
        source, cluster = self.cards[number], self.places.cluster(scope.get())
        shown = "operation", DETACHED, "", "", source.shape, source.dtype
        return self.enter(Card(*shown, (number,), value=source.value, cluster=cluster), value)

    def is_as_shown(self, number: int, value: Any) -> bool:
        """Whether nothing was written into a value since its card was made."""
        if isinstance(value, Tensor):
            return not writes.written_since(value._array, self.times[number])
        has_nan = np.asarray(value).dtype.kind in "fc"
        return bool(np.array_equal(self.cards[number].value, value, equal_nan=has_nan))


def was_given(value: Any) -> bool:
    """Whether this is an array that a named block around was called with."""
    at = scope.get()
    while at is not None:
        what, at = at[0](), at[1]
        if isinstance(what, Block) and np.ndim(value) and id(value) in what.arguments:
            return True
    return False


def captured(function: Any, inputs: list[Any], places: Places, gradients: bool) -> Graph | None:
    """The graph of a run, with all its values and gradients; None if no Tensor came out."""
    recorder = Recorder(places, tensors_of(inputs))
    token = observer.set(recorder)
    try:
        with enable_grad():
            outputs = tensors_of(function(*inputs))
    finally:
        observer.reset(token)
    if not outputs:
        return None
    graph = Graph(recorder.cards, [recorder.operand(each) for each in outputs], len(recorder.cards))
    for card, time in zip(graph.cards, recorder.times):
        if card.role in LEAVES:
            continue
        # A result may have got its name, or been written to, after it was computed.
        card.label = places.name(card.origin)
        is_shared = isinstance(card.origin, Tensor) and card.value is card.origin._array
        if is_shared and writes.written_since(card.value, time):
            card.note = WRITTEN
    stage(f"gradients of {graph.total:,} nodes", 3)
    if gradients:
        add_gradients(graph, recorder.nodes, outputs, "output")
    # What the results do not depend on is left out.
    new = {old: number for number, old in enumerate(sorted(ancestors(graph, graph.roots)))}
    cards = [renumbered(graph.cards[old], new) for old in new]
    return replace(graph, cards=cards, roots=[new[root] for root in graph.roots], total=len(cards))


def tensors_of(result: Any) -> list[Tensor]:
    """The Tensors in a result: itself, or those in tuples, lists and dicts."""
    return [each for each in leaves(result) if isinstance(each, Tensor)]


def as_input(value: Any, name: str, differentiate: bool) -> Any:
    """An example input with its arrays as Tensors that have names, also inside dicts, lists and tuples."""
    if isinstance(value, Tensor):
        if value.name:
            return value
        named = wrap(value._array, value._node)
        named.name = name
        return named
    if is_container(value) and not is_numbers(value):
        inside = zip(parts(value), steps(value))
        return rebuilt(value, [as_input(each, name + step, differentiate) for each, step in inside])
    if isinstance(value, bool) or not isinstance(value, (np.ndarray, np.generic, float, int, complex, list)):
        return value
    array = np.array(value)
    if array.dtype.kind not in "fiubc":
        return value
    tensor = Tensor(array, name=name)
    tensor.requires_grad = differentiate and array.dtype.kind in "fc"
    return tensor


def is_numbers(value: Any) -> bool:
    """Whether nested lists hold numbers only, in equal lengths, so that they mean an array."""
    if not isinstance(value, list):
        return False
    if all(isinstance(each, list) for each in value):
        return len(set(map(len, value))) <= 1 and all(map(is_numbers, value))
    return all(isinstance(each, (float, int, complex, np.generic)) for each in value)
