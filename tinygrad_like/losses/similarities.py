"""Losses of how near vectors are to each other: triplet_margin, cosine_embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ShapeError
from ..functions.norms import norm
from .loss_inputs import alike, check_positive, check_signs, operand
from .loss_pieces import hinge
from .loss_reduction import reduced

LEAST_SQUARE = 1e-12  # is added to squared lengths, so that vectors of zeros have a cosine


@block("loss")
def triplet_margin(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin): Balntas et al. (2016).

    d is the p-norm over the last axis of the difference + `eps`. With `swap`, d(positive, negative) takes the place
    of d(anchor, negative) where it is smaller. The shapes must be equal, (..., features). `reduction` is "mean",
    "sum" or "none", which gives (...).

    Raises ShapeError if the shapes do not fit, ArgumentError for `margin` or `p` not above 0, or another reduction.

    >>> round(triplet_margin(np.zeros((1, 2)), np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])).item(), 4)
    4.0
    """
    name = "triplet_margin"
    check_positive(name, margin=margin, p=p)
    anchor, positive, negative = alike(name, anchor=anchor, positive=positive, negative=negative)
    check_features(name, anchor)
    near, far = (distance(anchor, each, p, eps) for each in (positive, negative))
    if swap:
        far = np.minimum(far, distance(positive, negative, p, eps))
    return reduced(name, hinge(near - far + float(margin)), reduction)


def distance(a: Any, b: Any, p: float, eps: float) -> Any:
    return norm(a - b + float(eps), float(p), -1)


@block("loss")
def cosine_embedding(input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: str = "mean") -> Any:
    """1 - cos(input1, input2) where target is 1, max(0, cos(input1, input2) - margin) where it is -1.

    The cosine is over the last axis: Σ a b / √((Σ a² + 10⁻¹²)(Σ b² + 10⁻¹²)). The inputs are (..., features), the
    target (...). `reduction` is "mean", "sum" or "none".

    Raises ShapeError if the shapes do not fit, ArgumentError for other targets or another reduction.

    >>> round(cosine_embedding(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]]), [1]).item(), 4)
    1.0
    """
    name = "cosine_embedding"
    input1, input2 = alike(name, input1=input1, input2=input2)
    check_features(name, input1)
    target = operand(target)
    if target.shape != input1.shape[:-1]:
        raise ShapeError(f"{name} takes targets {input1.shape[:-1]} for inputs {input1.shape}, but got {target.shape}.")
    check_signs(name, target)
    lengths = (np.sqrt(np.sum(np.square(each), axis=-1) + LEAST_SQUARE) for each in (input1, input2))
    cosine = np.sum(input1 * input2, axis=-1) / np.multiply(*lengths)
    return reduced(name, np.where(target == 1, 1 - cosine, hinge(cosine - float(margin))), reduction)


def check_features(name: str, x: Any) -> None:
    if not x.ndim:
        raise ShapeError(f"{name} takes vectors (..., features), but got numbers, of shape ().")
