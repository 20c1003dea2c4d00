"""`average_gradients`, between the backward pass and the optimizer's step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from ..engine.storage import FlatVector, move_in
from ..engine.tensor import Tensor
from ..engine.traces import seen, trace
from ..engine.traces import whole as whole_call
from ..engine.writes import store, writes
from ..nn.layer import Layer, model_of
from ..optim.optimizer import Optimizer
from .exchanging import Array, average, checked_weight
from .processes import ProcessError, size


def average_gradients(parameters: Any, weight: float = 1.0) -> None:
    """Make the gradients the same in all processes, their mean: between `loss.backward()` and `optimizer.step()`.

    `parameters` is an optimizer, a model or a list of parameters, the same in all processes. If losses are means over
    examples, give the number of examples as `weight`: then the gradients are those of the mean over all examples. A
    parameter that has no gradient in some processes counts as 0 there; one that has none anywhere stays without. The
    means are not recorded, and a gradient that was read before does not change.

    The flat vectors of one dtype are averaged by one all-reduce, in place where all lies in one stretch.

    Raises ArgumentError for what are no parameters, and whatever `average` raises.

    >>> p = Tensor([1.0, 1.0], requires_grad=True)
    >>> p.grad = [3.0, 4.0]
    >>> average_gradients([p], weight=32)
    >>> p.grad
    Tensor([3., 4.])
    """
    checked = [p for p in parameters_of(parameters) if p.requires_grad and p.size]
    checked_weight(weight)
    if size() == 1:
        return
    move_in(checked)
    by_dtype: dict[str, list[Tensor]] = {}
    for p in checked:
        by_dtype.setdefault(p.dtype.str, []).append(p)
    for together in by_dtype.values():
        for p in together:
            seen(p)
        present = np.array([p._grad is not None for p in together])
        stretches = gathered(together)
        whole = stretches[0] if len(stretches) == 1 else np.concatenate(stretches)
        found: Any = present
        try:
            if trace() is None:
                found = average(whole, weight, present)
            else:
                average_into(whole, weight, present)
                found = np.ones_like(present)
        finally:
            for p, has in zip(together, found):
                if not has:
                    p._grad = None
        if len(stretches) > 1:
            put_back(whole, stretches)


@whole_call
def average_into(array: Array, weight: float, present: Array) -> None:
    """`average`, as one call of a compiled step, after which all parameters have a gradient.

    The trace itself exchanges nothing: other processes may not trace at the same time.
    """
    if trace() is not None:
        return
    found = average(array, weight, present)
    if found is not None and not found.all():
        raise ProcessError(
            "A parameter has no gradient in any process, which a compiled step does not allow.",
            "Call average_gradients outside the compiled step, or leave such parameters out.",
        )


def gathered(parameters: list[Tensor]) -> list[Array]:
    """The stretches of flat vectors that hold all gradients of some parameters; 0 where there is none."""
    flat: dict[FlatVector, list[Tensor]] = {}
    for p in parameters:
        vector = p._flat
        if p._grad is None:
            p._grad = vector.part(vector.gradients, p._slot)
            store(p._grad, 0)
        elif isinstance(p._grad, Tensor):  # a user may keep it; what is in the vector is a copy
            p._grad = p._grad._array
        flat.setdefault(vector, []).append(p)
    return [
        vector.gradients[run]
        for vector, together in flat.items()
        for run in vector.gather(sorted(together, key=lambda p: p._slot))
    ]


def put_back(whole: Array, pieces: list[Array]) -> None:
    """Write a joined array back into the pieces that it was joined from."""
    start = 0
    for piece in pieces:
        piece[...] = whole[start : start + piece.size].reshape(piece.shape)
        writes.note(piece)
        start += piece.size


def parameters_of(given: Any) -> list[Tensor]:
    """The parameters that were given, each once."""
    model = model_of(given)
    if isinstance(model, Optimizer):
        return model.params
    listed = model.parameters() if isinstance(model, Layer) else model
    listed = [listed] if isinstance(listed, Tensor) or not isinstance(listed, Iterable) else list(listed)
    for p in listed:
        if not isinstance(p, Tensor):
            raise ArgumentError(
                f"Parameters are needed, but got a {type(p).__name__}.", "Give an optimizer, a model, or parameters."
            )
    return list({id(p): p for p in listed}.values())
