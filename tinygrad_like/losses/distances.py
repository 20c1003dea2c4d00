"""Losses of the difference between prediction and target: mse, l1, smooth_l1, huber."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from ..engine.blocks import block
from ..engine.tensor import Tensor, as_array
from ..primitives import neural
from .loss_inputs import alike, check_positive, weights_for
from .loss_reduction import check_reduction, reduced


@overload
def mse(input: Tensor, target: Any, reduction: str = "mean", weight: Any = None) -> Tensor: ...
@overload
def mse(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Any: ...
def mse(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Any:
    """(input - target)², by default the mean over all elements; the shapes must be equal.

    With a `weight`, which broadcasts to that shape, the mean is Σ weight · loss / Σ weight. `reduction` is "mean",
    "sum" or "none".

    Raises ShapeError for other shapes ((4, 1) against (4,) would silently compare all with all), and for the mean of
    nothing; ArgumentError for another reduction.

    >>> mse(np.array([1.0, 2.0]), [1.0, 4.0]).item()
    2.0
    """
    if weight is None and reduction == "mean":
        input, target = as_array(input), as_array(target)
        if input.shape == target.shape and 0 not in input.shape:
            return neural.mse.apply((input, target))
    return mse_with_options(input, target, reduction, weight)


@block("loss", "mse")
def mse_with_options(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Any:
    input, target = alike("mse", input=input, target=target)
    return weighted("mse", np.square(input - target), reduction, weight)


@block("loss")
def l1(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Any:
    """|input - target|, also of complex numbers; the shapes must be equal. Where both are equal, the gradient is 0.

    `reduction`, `weight` and errors as for `mse`.

    >>> l1(np.array([1.0, 2.0]), [1.0, 4.0]).item()
    1.0
    """
    input, target = alike("l1", plane=True, input=input, target=target)
    return weighted("l1", np.abs(input - target), reduction, weight)


@block("loss")
def smooth_l1(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """d² / (2 beta) where |d| < beta, else |d| - beta / 2, for d = input - target: Girshick, Fast R-CNN (2015).

    The shapes must be equal; `beta` = 0 gives l1. `reduction` is "mean", "sum" or "none".

    Raises ShapeError as `mse` does, ArgumentError for another reduction or a negative `beta`.

    >>> smooth_l1(np.array([0.0, 0.0]), [1.0, 4.0], reduction="none")
    array([0.5, 3.5])
    """
    check_positive("smooth_l1", zero=True, beta=beta)
    if beta == 0:
        return l1(input, target, reduction)
    input, target = alike("smooth_l1", input=input, target=target)
    return reduced("smooth_l1", parabola_then_lines(input - target, float(beta)) / float(beta), reduction)


@block("loss")
def huber(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """d² / 2 where |d| < delta, else delta (|d| - delta / 2), for d = input - target: Huber (1964).

    The shapes must be equal. With a `weight`, which broadcasts to that shape, the mean is that of weight · loss, by the
    number of elements. `reduction` is "mean", "sum" or "none".

    Raises ShapeError as `mse` does, ArgumentError for another reduction, or a `delta` that is not above 0.

    >>> huber(np.array([0.0, 0.0]), [1.0, 4.0], reduction="none", delta=2.0)
    array([0.5, 6. ])
    """
    check_positive("huber", delta=delta)
    input, target = alike("huber", input=input, target=target)
    losses = parabola_then_lines(input - target, float(delta))
    if weight is not None:
        losses = weights_for("huber", weight, input) * losses
    return reduced("huber", losses, reduction)


def parabola_then_lines(difference: Any, limit: float) -> Any:
    """d² / 2 up to the limit, and beyond it the lines that go on from there."""
    size = np.abs(difference)
    return np.where(size < limit, 0.5 * np.square(difference), limit * (size - 0.5 * limit))


def weighted(name: str, losses: Any, reduction: str, weight: Any) -> Any:
    """The losses, reduced; of weighted ones, the mean is by the sum of the weights."""
    check_reduction(name, reduction)
    if weight is None:
        return reduced(name, losses, reduction)
    weight = np.broadcast_to(weights_for(name, weight, losses), losses.shape)
    return reduced(name, weight * losses, reduction, weight)
