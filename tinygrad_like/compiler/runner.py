"""`Runner`: a program that is ready to be run, with what happens around it."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.node import Node
from ..engine.tensor import values_of, wrap
from ..engine.writes import base_of, writes
from ..tree import leaves, mapped
from .backends import build
from .tracing.capture import Captured, Output
from .tracing.program import INPUT, REFERENCE, Memory, Value
from .tracing.unrecorded import NOT_RECORDED, RECIPE

MISS = object()  # given where a fast way does not lead to a program


def number(loss: Any) -> float:
    """What a step returned as its loss; nan if that is None."""
    if loss is None:
        return float("nan")
    if isinstance(loss, (tuple, list, dict, str)):
        raise ArgumentError(
            f"A step in a loop returns its loss, but returned a {type(loss).__name__}.", "Return the loss."
        )
    array = values_of(loss)
    if np.size(array) != 1:
        raise not_one_number(np.shape(array))
    return float(np.asarray(array).item())


def not_one_number(shape: tuple[int, ...]) -> ShapeError:
    what = f"A step in a loop returns its loss, one number, but returned shape {shape}."
    return ShapeError(what, "Return its mean or sum.")


def places_of_tensors(returned: Any) -> frozenset[int]:
    """Which outputs become Tensors."""
    outputs = [each for each in leaves(returned) if isinstance(each, Output)]
    return frozenset(each.place for each in outputs if each.kind in ("tensor", "recorded"))


def array_of(value: Value, arrays: dict[Value, Any]) -> Any:
    """The array of before that a value is; None for what a run computes."""
    memory: Memory = value.memory
    if memory.kind != REFERENCE:
        return None
    known = arrays.get(value)
    if known is None:
        known = np.ndarray(value.shape, value.dtype, memory.array, value.offset, value.strides)
    return known


class Runner:
    """One program of a compiled function. Called with the arrays among the arguments, it gives what the function would.

    Arrays of before that are returned or bound are themselves, not copies. The writes into memory that a graph may have
    saved are noted, so that a backward sweep outside sees them.
    """

    def __init__(self, captured: Captured, backend: str | None, sharding: Any = None) -> None:
        trace, self.program = captured.trace, captured.program
        self.returned, self.layout = captured.returned, [(v.shape, v.dtype) for v in self.program.inputs]
        arrays = {each.value: each.traced_value for each in trace.held.values()}
        self.fixed = [array_of(each, arrays) for each in self.program.outputs]
        for each in self.program.bindings:
            each.array = None if each.value is None else array_of(each.value, arrays)
        bindings = self.program.bindings
        self.changing = [each for each in bindings if each.value is not None and each.array is None]
        self.lasting = [
            (each.tensor, wrap(each.array) if each.as_tensor else each.array)
            for each in bindings
            if each not in self.changing
        ]
        self.guards = trace.guards(self.program.stored)
        noted = [(array, index) for array, index in trace.noted if trace.memory_kind(array) == REFERENCE]
        entries = [writes.entry(array, index) for array, index in noted]
        self.entries = [each for each in entries if each is not None]  # of writes of all memory
        self.notes = [each for each, entry in zip(noted, entries) if entry is None]
        self.program.as_arrays = places_of_tensors(self.returned)
        start = perf_counter()
        self.run = build(self.program, backend, sharding)
        self.building = perf_counter() - start  # seconds
        stored = self.program.stored
        # An array of before was an argument, too: the program would not know which of the two to read.
        self.mixes_memory = any(each.memory.kind == INPUT for each in self.program.references)
        self.writes_inputs = any(each.kind == INPUT for each in stored)
        # What no argument may share memory with: where the program writes; if that is in an argument, all it refers to.
        watched = {each.memory for each in self.program.references} if self.writes_inputs else stored
        self.watched = [each.array for each in watched if each.kind == REFERENCE]
        self.owners = set(map(id, self.watched))
        only = self.returned if type(self.returned) is Output else None
        self.is_tensor = only is not None and only.kind == "tensor" and self.fixed[only.place] is None
        self.calls = 0
        # For reports:
        self.tracing = 0.0  # seconds
        self.seen: list[Any] = []  # references to the first arguments
        self.shown: Any = None

    def has_gradients(self) -> bool:
        """Whether there are gradients where there were some when this was traced."""
        return all(each.fits() for each in self.guards)

    def takes(self, arrays: list[Any]) -> bool:
        """Whether no argument shares memory with what the program writes to."""
        if self.mixes_memory:
            return False
        if not self.owners and not self.writes_inputs:
            return True
        owners = [id(base_of(each)) for each in arrays if isinstance(each, np.ndarray)]
        if not self.owners.isdisjoint(owners):
            return False
        return not self.writes_inputs or len(set(owners)) == len(owners)

    def __call__(self, arrays: list[Any]) -> Any:
        for guard in self.guards:
            guard.bring()
        outputs, bound = self.run(arrays)
        self.finish(bound)
        self.calls += 1
        return self.result(outputs)

    def again(self, arrays: list[Any]) -> Any:
        """What a call gives whose arguments have an unusual layout."""
        return self(arrays) if self.takes(arrays) else MISS

    def result(self, outputs: list[Any]) -> Any:
        """What the function returned, in its containers."""
        if self.is_tensor:
            value = outputs[0]
            return wrap(value if value.__class__ is np.ndarray else np.asarray(value))
        return mapped(lambda leaf: self.given(leaf, outputs), self.returned)

    def finish(self, bound: list[Any]) -> None:
        """What a run leaves in the objects of before: gradients, and notes of what was written."""
        for entry in self.entries:
            entry.all = writes.now()
        for array, index in self.notes:
            writes.note(array, index)
        for tensor, gradient in self.lasting:
            tensor._grad = gradient
        if self.changing:
            for binding, value in zip(self.program.bindings, bound):
                if binding in self.changing:
                    binding.tensor._grad = wrap(np.asarray(value)) if binding.as_tensor else value

    def run_many(self, data: list[Any], rows: int | None, first: int, items: int, losses: Any) -> None:
        """Run the program for items of some arrays, from the `first` on, round and round, one for each of `losses`.

        An item is an element, or as many `rows`.
        """
        if isinstance(self.returned, Output) and self.program.outputs[self.returned.place].size != 1:
            raise not_one_number(self.program.outputs[self.returned.place].shape)
        if self.runs_many(data):
            bound = None
            try:
                bound = self.run.many(data, rows, first, items, losses, self.returned.place)
            finally:
                self.finish(bound or [])
            if bound is not None:
                self.calls += len(losses)
                return
        bound = []
        try:
            for i in range(len(losses)):
                k = (first + i) % items
                outputs, bound = self.run([x[k] if rows is None else x[k * rows : (k + 1) * rows] for x in data])
                losses[i] = number(self.result(outputs))
                self.calls += 1
        finally:
            self.finish(bound)

    def runs_many(self, data: list[Any]) -> bool:
        """Whether the backend itself may loop over the items of these arrays."""
        if not hasattr(self.run, "many") or not isinstance(self.returned, Output):
            return False
        if self.writes_inputs and not all(each.flags.writeable for each in data):
            return False
        loss = self.program.outputs[self.returned.place]
        in_rows = all(each.contiguous for each in self.program.inputs)
        return in_rows and loss.dtype.kind in "fiub" and self.fixed[self.returned.place] is None

    def given(self, leaf: Any, outputs: list[Any]) -> Any:
        """What the function returned in one place."""
        if not isinstance(leaf, Output):
            return leaf
        fixed = self.fixed[leaf.place]
        value = outputs[leaf.place] if fixed is None else fixed
        if leaf.kind == "array":
            return value
        if leaf.kind == "number":
            weak = self.program.outputs[leaf.place].weak
            return float(value) if weak else np.asarray(value)[()]
        tensor = wrap(np.asarray(value))
        if leaf.kind == "recorded":
            tensor._node = Node(NOT_RECORDED, RECIPE, (), (), {}, tensor._array, None)
            tensor._node.freed = True
        return tensor
