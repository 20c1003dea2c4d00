"""Losses that ask for a margin: hinge_embedding, margin_ranking, multi_margin, multilabel_margin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, ShapeError
from ..functions.networks import relu
from ..primitives.integers import as_floats
from .loss_inputs import (
    alike,
    check_class_shapes,
    check_classes,
    check_integers,
    check_signs,
    class_weights,
    classes_last,
    operand,
)
from .loss_pieces import hinge
from .loss_reduction import reduced


@block("loss")
def hinge_embedding(input: Any, target: Any, margin: float = 1.0, reduction: str = "mean") -> Any:
    """input where target is 1, max(0, margin - input) where it is -1: Hadsell, Chopra and LeCun (2006).

    `input` is a distance; the shapes must be equal. `reduction` is "mean", "sum" or "none".

    Raises ShapeError if the shapes do not fit, ArgumentError for other targets or another reduction.

    >>> hinge_embedding(np.array([0.5, 0.25]), [1, -1], reduction="none")
    array([0.5 , 0.75])
    """
    input, target = alike("hinge_embedding", input=input, target=target)
    check_signs("hinge_embedding", target)
    return reduced("hinge_embedding", np.where(target == 1, input, hinge(float(margin) - input)), reduction)


@block("loss")
def margin_ranking(input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: str = "mean") -> Any:
    """max(0, margin - target (input1 - input2)): target 1 wants input1 the larger, -1 input2.

    The shapes must be equal. `reduction` is "mean", "sum" or "none".

    Raises ShapeError if the shapes do not fit, ArgumentError for other targets or another reduction.

    >>> margin_ranking(np.array([3.0, 3.0]), [1.0, 1.0], [1, -1], reduction="none")
    array([0., 2.])
    """
    input1, input2, target = alike("margin_ranking", input1=input1, input2=input2, target=target)
    check_signs("margin_ranking", target)
    return reduced("margin_ranking", hinge(float(margin) - target * (input1 - input2)), reduction)


@block("loss")
def multi_margin(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
    *,
    axis: int = -1,
) -> Any:
    """weight[y] · Σ max(0, margin - input[y] + input[i])^p / classes, over all i but the class y.

    `input` has a score for each class on `axis`, by default the last; `target` has integer classes, in the shape
    without that axis. `p` is 1 or 2, `weight` has a number for each class. `reduction` is "mean", "sum" or "none".
    Crammer and Singer (2001) take the largest of these terms, instead of all.

    Raises ShapeError if the shapes do not fit, DTypeError if the classes are not integers, ArgumentError if one is
    outside 0 ... number of classes - 1, and for other options.

    >>> round(multi_margin(np.array([[1.0, 3.0, 2.5]]), [1]).item(), 4)
    0.1667
    """
    if p not in (1, 2):
        raise ArgumentError(f"multi_margin takes p 1 or 2, but got {p!r}.")
    x, target = operand(input), operand(target)
    shape, x = x.shape, classes_last("multi_margin", x, axis)
    check_class_shapes("multi_margin", shape, target, axis)
    count = x.shape[-1]
    check_classes("multi_margin", target, count)
    (x,) = as_floats(x)
    right = np.take_along_axis(x, target[..., None], -1)
    is_right = target[..., None] == np.arange(count)
    # What is not counted is 0 already here: of an infinite score, the difference to itself is nan.
    gaps = relu(float(margin) - right + np.where(is_right, 0, x))
    losses = np.sum(np.where(is_right, 0, gaps if p == 1 else np.square(gaps)), axis=-1) / count
    if weight is not None:
        losses = losses * np.take(class_weights("multi_margin", weight, x), target)
    return reduced("multi_margin", losses, reduction)


@block("loss")
def multilabel_margin(input: Any, target: Any, reduction: str = "mean", *, axis: int = -1) -> Any:
    """Σ max(0, 1 - (input[j] - input[i])) / classes, over all j that are targets, and all i that are none.

    `input` has a score for each class on `axis`, by default the last. `target` has its shape, and integers: the target
    classes, up to the first that is negative. `reduction` "none" gives the shape without that axis; "mean" and "sum"
    are over it.

    Raises ShapeError if the shapes differ, DTypeError if the targets are not integers, ArgumentError if one is not
    below the number of classes, and for another reduction.

    >>> round(multilabel_margin(np.array([[0.1, 0.2, 0.4, 0.8]]), [[3, 0, -1, 1]]).item(), 4)
    0.85
    """
    x, target = operand(input), operand(target)
    if x.shape != target.shape:
        raise ShapeError(f"multilabel_margin takes equal shapes, but got input {x.shape} and target {target.shape}.")
    check_integers("multilabel_margin", target)
    x, target = classes_last("multilabel_margin", x, axis), classes_last("multilabel_margin", target, axis)
    (x,) = as_floats(x)
    classes = np.arange(x.shape[-1])
    valid = np.cumsum(target < 0, axis=-1) == 0
    target = np.where(valid, target, 0)
    check_classes("multilabel_margin", target, len(classes))
    is_target = np.any((target[..., None] == classes) & valid[..., None], axis=-2)
    # For each target a row of all classes.
    gaps = relu(1 - np.take_along_axis(x, target, -1)[..., None] + np.where(is_target, 0, x)[..., None, :])
    counted = valid[..., None] & ~is_target[..., None, :]
    return reduced("multilabel_margin", np.sum(np.where(counted, gaps, 0), axis=(-2, -1)) / len(classes), reduction)
