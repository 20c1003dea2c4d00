"""A function run once under a trace: what it computed, as a `Program`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...engine.errors import TraceError
from ...engine.node import is_users_leaf
from ...engine.tensor import Tensor, wrap
from ...tree import mapped
from .gradients import Gradients
from .program import Binding, Program
from .traced import TracedArray
from .tracing import Trace


class Output:
    """What a function returned in one place: which result of the program, and as what it is given back.

    `kind` is "tensor", "recorded" (a Tensor whose graph was alive), "array" or "number". (No dataclass, which would
    count as a container.)
    """

    def __init__(self, place: int, kind: str) -> None:
        self.place, self.kind = place, kind


class Captured:
    """A program; what the function returned, with an Output in place of each array; and the trace."""

    def __init__(self, program: Program, returned: Any, trace: Trace) -> None:
        self.program, self.returned, self.trace = program, returned, trace


def capture(
    call: Callable[[list[Any]], Any],
    arrays: Sequence[Any],
    gradients: Gradients | None = None,
    like: Trace | None = None,
) -> Captured:
    """Trace `call`, which is given what stands for these arrays. All that it wrote is undone.

    If it was traced before, with right arguments, that trace is the one it is `like`.
    """
    trace = Trace(gradients or Gradients(), like)
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
    values = [each.value for each in inputs], [each.value for each in outputs]
    program = Program(values[0], trace.instructions, values[1], bindings, trace.values, trace.references)
    return Captured(program, returned, trace)


def own(value: Any) -> Any:
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def output_of(trace: Trace, leaf: Any, outputs: list[Any]) -> Any:
    """What a function returned, as an Output if it is an array; a Tensor of before as it is."""
    array = leaf._array if isinstance(leaf, Tensor) else leaf
    if type(array) is not TracedArray:
        if not isinstance(array, np.ndarray) or (isinstance(leaf, Tensor) and id(leaf) in trace.seen):
            return leaf
        array = trace.lift(array)
    kind = "number" if array.value.scalar else "array"
    if isinstance(leaf, Tensor):
        node = leaf._node
        kind = "tensor" if node is None or node.freed or is_users_leaf(node) else "recorded"
    outputs.append(array)
    return Output(len(outputs) - 1, kind)


def bindings_of(trace: Trace) -> list[Binding]:
    """What became of the Tensors of before: only their gradients may be others."""
    bindings = []
    for tensor, gradient, array, node in trace.seen.values():
        if tensor._array is not array or tensor._node is not node:
            if id(tensor) in trace.made:
                continue
            raise TraceError(
                f"A Tensor of shape {tensor.shape} that the step did not compute gets other memory in it, or another "
                "place in a graph.",
                "Write into one of before by tg.assign(t, values), or t.data = values. Make one that is to be filled "
                "by np.zeros_like of another.",
            )
        after, before = tensor._grad, trace.brought.get(id(tensor), gradient)
        # Of a gradient that was only cleared, it does not matter whether there was one when this was traced.
        if after is before and (id(tensor) in trace.brought or id(tensor) not in trace.cleared):
            continue
        held = after._array if isinstance(after, Tensor) else after
        value = None if after is None else held.value if type(held) is TracedArray else trace.lift(held).value
        bindings.append(Binding(tensor, value, isinstance(after, Tensor)))
    return bindings


def tensor_around(traced: Any) -> Tensor:
    return wrap(traced)
