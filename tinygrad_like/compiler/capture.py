"""A function run once under a trace: what it computed, as a `Program`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.errors import TraceError
from ..engine.tensor import Tensor, wrap
from ..tree import mapped
from .program import Binding, Program
from .traced import TracedArray
from .tracing import Trace


class Output:
    """Where among the results of a program something stands that a function returned, and as what it is given back:
    "tensor", "array" or "number". (No dataclass, which would count as a container.)"""

    def __init__(self, place: int, kind: str) -> None:
        self.place, self.kind = place, kind


@dataclass
class Captured:
    """A program, and what the function returned: its containers, with an Output in place of each array."""

    program: Program
    returned: Any
    trace: Trace


def capture(function: Callable[..., Any], call: Callable[[list[Any]], Any], arrays: Sequence[Any]) -> Captured:
    """Trace `call`, which calls the function with what stands for these arrays."""
    trace = Trace()
    try:
        with trace:
            # Each is copied, so that it has memory of its own: two may be views of one array.
            inputs = [trace.input(own(each), i) for i, each in enumerate(arrays)]
            result = call(inputs)
            outputs: list[Any] = []
            returned = mapped(lambda leaf: output_of(trace, leaf, outputs), result)
            bindings = bindings_of(trace)
    finally:
        trace.undo()
    program = Program(
        [each.value for each in inputs],
        trace.instructions,
        [each.value for each in outputs],
        bindings,
        trace.values,
        trace.references,
    )
    return Captured(program, returned, trace)


def own(value: Any) -> Any:
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def output_of(trace: Trace, leaf: Any, outputs: list[Any]) -> Any:
    """What a function returned, as an Output if it is an array."""
    array = leaf._array if isinstance(leaf, Tensor) else leaf
    if type(array) is not TracedArray:
        if not isinstance(array, np.ndarray):
            return leaf
        array = trace.lift(array)
    kind = "tensor" if isinstance(leaf, Tensor) else "number" if array.value.scalar else "array"
    outputs.append(array)
    return Output(len(outputs) - 1, kind)


def bindings_of(trace: Trace) -> list[Binding]:
    """What became of the Tensors of before: only their gradients may be others."""
    bindings = []
    for tensor, gradient, array, node in trace.seen.values():
        if tensor._array is not array or tensor._node is not node:
            raise TraceError(
                f"A Tensor of shape {tensor.shape} that was made outside gets other memory, or joins the graph, "
                "in the step.",
                "Write into it by tg.assign(t, values), or t.data = values.",
            )
        after = tensor._grad
        if after is None or after is gradient:
            if after is not gradient:
                bindings.append(Binding(tensor, None))
            continue
        held = after._array if isinstance(after, Tensor) else after
        value = held.value if type(held) is TracedArray else trace.lift(held).value
        bindings.append(Binding(tensor, value, isinstance(after, Tensor)))
    return bindings


def tensor_around(traced: Any) -> Tensor:
    return wrap(traced)
