"""Losses of the scores of classes: cross_entropy and nll."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError
from ..engine.tensor import Tensor
from ..functions.networks import log_softmax
from ..primitives import neural
from ..primitives.integers import as_floats
from .loss_inputs import are_classes, check_class_shapes, check_classes, class_weights, classes_last, operand
from .loss_pieces import times
from .loss_reduction import check_not_empty, check_reduction, reduced

ALL_COUNT = {"ignored": None}


@overload
def cross_entropy(
    input: Tensor,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    *,
    axis: int = -1,
) -> Tensor: ...
@overload
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    *,
    axis: int = -1,
) -> Any: ...
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    *,
    axis: int = -1,
) -> Any:
    """-weight[class] · log softmax(input)[class]: Bishop, Pattern Recognition and Machine Learning (2006), (4.108).

    `input` has a score for each class on `axis`, the last by default: logits (..., classes). PyTorch has them on
    axis 1: write axis=1 for that. `target` has integer classes (...), or floats in the shape of `input`, the
    probability of each class; then the loss is -Σ weight · probability · log softmax(input).

    `weight` has a number for each class. Targets `ignore_index` count nothing. `reduction` is "mean", "sum" or "none":
    the mean is the sum by that of the targets' weights, and 0 if these sum to 0 (if all are ignored: PyTorch has nan
    there); of probabilities, it is by the number of targets. `label_smoothing` ε takes (1 - ε) · probability
    + ε / classes instead: Szegedy et al., Rethinking the Inception Architecture (2016). A probability of 0 times a
    logarithm of -inf is 0.

    Raises ShapeError if the shapes do not fit, DTypeError if the classes are not integers, ArgumentError if one is
    outside 0 ... number of classes - 1, and for other options.

    >>> round(cross_entropy([[0.0, 0.0]], [1]).item(), 4)
    0.6931
    >>> cross_entropy(np.zeros((2, 3, 5)), np.ones((2, 5), int), reduction="none", axis=1).shape
    (2, 5)
    """
    logits, target = operand(input), operand(target)
    usual = weight is None and label_smoothing == 0 and reduction == "mean"
    if usual and axis == -1 and ignore_index < 0 and fit(logits, target):
        return neural.softmax_cross_entropy.apply((logits, target), ALL_COUNT)
    return with_options(logits, target, weight, ignore_index, reduction, label_smoothing, axis)


@block("loss", "cross entropy")
def with_options(
    logits: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    check_reduction("cross_entropy", reduction)
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(f"cross_entropy takes label_smoothing from 0 to 1, but got {label_smoothing!r}.")
    shape, logits = logits.shape, classes_last("cross_entropy", logits, axis)
    if reduction == "mean":
        check_not_empty("cross_entropy", shape)
    if target.shape == shape and target.dtype.kind == "f":
        target = classes_last("cross_entropy", target, axis)
        return of_probabilities(logits, target, weight, reduction, float(label_smoothing))
    check_class_shapes("cross_entropy", shape, target, axis)
    if weight is None and label_smoothing == 0 and reduction == "mean":
        check_classes("cross_entropy", target, shape[axis], ignore_index)
        if ignore_index < 0 and are_classes(target, shape[axis]):
            return neural.softmax_cross_entropy.apply((logits, target), ALL_COUNT)
        return neural.softmax_cross_entropy.apply((logits, target), {"ignored": ignore_index})
    log_p = log_softmax(logits)
    return of_classes("cross_entropy", log_p, target, weight, ignore_index, reduction, float(label_smoothing))


def fit(logits: Any, classes: Any) -> bool:
    """Whether these are surely logits (..., classes) and classes (...), at least one of them, and none ignored."""
    shape = logits.shape
    same = len(shape) > 0 and shape[:-1] == classes.shape and 0 not in shape
    return same and classes.dtype.kind in "iu" and are_classes(classes, shape[-1])


@block("loss")
def nll(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    *,
    axis: int = -1,
) -> Any:
    """-weight[class] · input[class], the negative log-likelihood, for log-probabilities such as of `log_softmax`.

    `input` has the log-probability of each class on `axis`, by default the last (PyTorch: 1); `target` has integer
    classes, in the shape without that axis. `weight`, `ignore_index`, `reduction` and errors as for `cross_entropy`.

    >>> round(nll(np.log([[0.25, 0.75]]), [1]).item(), 4)
    0.2877
    """
    log_p, target = operand(input), operand(target)
    shape, log_p = log_p.shape, classes_last("nll", log_p, axis)
    check_class_shapes("nll", shape, target, axis)
    return of_classes("nll", as_floats(log_p)[0], target, weight, ignore_index, reduction)


def of_classes(
    name: str, log_p: Any, classes: Any, weight: Any, ignored: int, reduction: str, smoothing: float = 0.0
) -> Any:
    """-weight · log_p at the classes, of which those that are ignored have the weight 0."""
    check_classes(name, classes, log_p.shape[-1], ignored)
    kept = classes != ignored
    classes = np.where(kept, classes, 0)
    weights = kept.astype(log_p.dtype)
    if weight is not None:
        weight = class_weights(name, weight, log_p)
        weights = weights * np.take(weight, classes)
    losses = np.where(kept, -times(weights, np.take_along_axis(log_p, classes[..., None], -1)[..., 0]), 0)
    if smoothing:
        others = np.sum(log_p if weight is None else times(weight, log_p), axis=-1)
        losses = times(1 - smoothing, losses) - smoothing / log_p.shape[-1] * np.where(kept, others, 0)
    return reduced(name, losses, reduction, weights)


def of_probabilities(logits: Any, target: Any, weight: Any, reduction: str, smoothing: float) -> Any:
    """-Σ weight · probability · log softmax, over the last axis."""
    (logits,) = as_floats(logits)
    if smoothing:
        target = (1 - smoothing) * target + smoothing / logits.shape[-1]
    if weight is not None:
        target = target * class_weights("cross_entropy", weight, logits)
    return reduced("cross_entropy", -np.sum(times(target, log_softmax(logits)), axis=-1), reduction)
