"""Gradients made smaller before a step: `clip_grad_norm` and `clip_grad_value`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine.assigning import assign
from ..engine.errors import ArgumentError, DTypeError
from ..engine.shortcuts import require
from ..engine.storage import FlatVector
from ..engine.tensor import Tensor, wrap
from ..engine.traces import lifted, seen
from ..nn.layer import Layer, model_of
from .scheduling import above_zero

Array = np.ndarray[Any, np.dtype[Any]]


def clip_grad_norm(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Multiply all gradients by min(1, max_norm / (norm + 1e-6)), and give the norm that they had together.

    `parameters` is a model, or a list of parameters; those without a gradient are left out. `norm_type` is the p of the
    p-norm, or inf for the largest value. Pascanu et al., "On the difficulty of training recurrent neural networks"
    (2013). The scaled gradients are not recorded, and one that was read before does not change.

    Raises ArgumentError for what are no parameters, for a negative max_norm and, with error_if_nonfinite, for a norm
    that is inf or nan; nothing is changed then.

    >>> p = Tensor([1.0, 1.0], requires_grad=True)
    >>> p.grad = [3.0, 4.0]
    >>> clip_grad_norm([p], max_norm=1.0)
    Tensor(5.)
    >>> p.grad.numpy().round(4)
    array([0.6, 0.8])
    """
    given = float(max_norm)
    if not given >= 0:
        raise ArgumentError(f"max_norm must be at least 0, but got {max_norm!r}.")
    power = np.inf if norm_type in (np.inf, "inf") else above_zero("norm_type", norm_type)
    pieces = gradients_of(parameters)
    with np.errstate(over="ignore"):
        norms = [np.linalg.norm(each.reshape(-1), power) for each in pieces]
        total = np.linalg.norm(np.stack(norms), power) if norms else np.zeros(())
    if error_if_nonfinite:
        advice = "Look for the layer with gradient_norms()."
        require(
            np.isfinite(total),
            lambda: ArgumentError(f"The norm of the gradients is {float(total)}.", advice),
            "The norm of the gradients is not finite.",
        )
    scale = np.minimum(1.0, given / (total + 1e-6))
    for each in pieces:
        assign(wrap(each), scale.astype(each.dtype), using=np.multiply)
    return Tensor(total)


def clip_grad_value(parameters: Any, clip_value: float) -> None:
    """Limit every value of the gradients to between −clip_value and clip_value.

    `parameters` is a model, or a list of parameters; those without a gradient are left out. Raises ArgumentError for
    what are no parameters, and for a negative limit; DTypeError for complex gradients, which have no order.

    >>> p = Tensor([1.0, 1.0], requires_grad=True)
    >>> p.grad = [3.0, -0.5]
    >>> clip_grad_value([p], 1.0)
    >>> p.grad
    Tensor([ 1. , -0.5])
    """
    limit = float(clip_value)
    if not limit >= 0:
        raise ArgumentError(f"clip_value must be at least 0, but got {clip_value!r}.")
    pieces = gradients_of(parameters)
    for each in pieces:
        if each.dtype.kind == "c":
            raise DTypeError(f"clip_grad_value is of real numbers, but got {each.dtype}.", "Write clip_grad_norm.")
    for each in pieces:
        assign(wrap(each), np.clip(each, -limit, limit))


clip_grad_norm_, clip_grad_value_ = clip_grad_norm, clip_grad_value  # their names in PyTorch


def gradients_of(parameters: Any) -> list[Array]:
    """Arrays that together are all gradients, and may be written to: stretches of flat vectors where there are some."""
    flat: dict[FlatVector, list[Tensor]] = {}
    pieces: list[Array] = []
    for p in checked(parameters):
        seen(p)
        if p._grad is None or not p.size:
            continue
        if isinstance(p._grad, Tensor):  # a user may keep it
            p._grad = p._grad._array.copy()
        if hasattr(p, "_flat"):
            flat.setdefault(p._flat, []).append(p)
        else:
            pieces.append(p._grad)
    for vector, together in flat.items():
        runs = vector.gather(sorted(together, key=lambda p: p._slot))
        pieces += [vector.gradients[run] for run in runs]
    return [lifted(each) for each in pieces]


def checked(parameters: Any) -> list[Tensor]:
    """The parameters that were given, each once."""
    given = model_of(parameters)
    if isinstance(given, Tensor):
        return [given]
    listed = given.parameters() if isinstance(given, Layer) else given
    if not isinstance(listed, Iterable):
        raise ArgumentError(
            f"Clipping takes parameters, but got a {type(given).__name__}.", "Write clip_grad_norm(model, 1.0)."
        )
    unique = list({id(p): p for p in listed}.values())
    for p in unique:
        if not isinstance(p, Tensor):
            raise ArgumentError(f"Clipping takes parameters, but one is a {type(p).__name__}.")
    return unique
