"""`summary`: a model run once, and the table of its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..engine.errors import ArgumentError
from ..engine.tensor import Tensor, wrap
from ..nn.layer import Layer, model_of

if TYPE_CHECKING:
    from .table import Summary


def summary(model: Any, *inputs: Any) -> Summary:
    """A table of a model's layers, run once on example inputs: output shapes, parameters, multiply-adds.

    It shows itself in the terminal and in notebooks. It has a row for each layer under the one that calls it, in the
    order of their first calls. Output shapes are those of the Tensors (or of the array) that a layer returned last.
    Layers that are "not called" are listed where the model keeps them; a call that fails before it computes anything
    is not seen.

    A multiply-add is one multiplication and one addition, so 2 floating-point operations. Those of products that sum
    are counted: of matrices (n · in · out for a Linear of n rows), of arrays in einsum, convolutions (elements of the
    result · kernel · channels / groups), and in the recurrences of RNN, GRU and LSTM. Nothing else is: no biases,
    activations, norms, means or solvers. They are those of all calls and the whole batch, each for the innermost layer
    around it.

    Parameters that require no gradient count, and are said to be frozen. Buffers, such as running statistics, are no
    parameters and are not counted.

    Nothing is recorded, and no `.grad` is touched. Arrays and Tensors among the inputs are copied, but not those inside
    containers. Buffers get their values back; what else forward() changes stays changed.

    Raises ArgumentError if `model` is neither a Layer nor a Network, or without inputs.

    >>> import numpy as np, tinygrad_like as tg
    >>> tg.summary(tg.Sequential(tg.Linear(2, 3), tg.Tanh()), np.zeros((4, 2))).parameters
    9
    """
    # Imported here, so that importing the package stays cheap.
    from ..picture.captured.capture import as_input
    from .layer_calls import calls_of
    from .table import Summary, rows_of

    model = model_of(model)
    if not isinstance(model, Layer):
        given = f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"
        raise ArgumentError(
            f"summary takes a model, a Layer, and example inputs, but got {given}.", "Write summary(model, x)."
        )
    if not inputs:
        raise ArgumentError(
            f"summary runs the model, but got no inputs for {type(model).__name__}.",
            "Write summary(model, x) with an example input, e.g. np.zeros((1, features)).",
        )
    # A forward() that works in place must change nothing outside.
    examples = tuple(
        wrap(each._array.copy()) if isinstance(each, Tensor) else as_input(each, "", differentiate=False)
        for each in inputs
    )
    shapes = tuple(str(each.shape) if isinstance(each, Tensor) else type(each).__name__ for each in examples)
    rows, parameters = rows_of(calls_of(model, examples)), model.parameters()
    frozen = sum(p.size for p in parameters if not p.requires_grad)
    size = sum(each.data.nbytes for each in parameters)
    multiply_adds = sum(row.multiply_adds for row in rows)
    return Summary(rows, sum(p.size for p in parameters), size, multiply_adds, shapes, frozen)
