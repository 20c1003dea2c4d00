"""Losses of yes or no: of a probability or a logit for each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from ..functions.networks import sigmoid
from .loss_inputs import alike, check_between, check_positive, check_signs, classes_last, weights_for
from .loss_pieces import softplus, times
from .loss_reduction import reduced

LEAST = -100.0  # of a logarithm, in binary_cross_entropy


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """-weight (target · log input + (1 - target) · log(1 - input)), for probabilities 0 to 1.

    The logarithms are at least -100, as in PyTorch, so that the loss is finite; where they are cut off, their gradient
    is 0 (PyTorch's there is up to 10¹²). Of logits, `binary_cross_entropy_with_logits` needs no cut. The shapes must be
    equal; `weight` broadcasts to that shape. `reduction` is "mean", "sum" or "none".

    Raises ShapeError if the shapes do not fit, ArgumentError for an input outside 0 to 1 and for another reduction.

    >>> binary_cross_entropy(np.array([0.5, 1.0]), [1, 0], reduction="none").round(4)
    array([  0.6931, 100.    ])
    """
    input, target = alike("binary_cross_entropy", input=input, target=target)
    hint = "Write binary_cross_entropy_with_logits for logits."
    check_between("binary_cross_entropy", "probabilities", input, 0, 1, hint)
    losses = -(target * cut_log(input) + (1 - target) * cut_log(1 - input))
    if weight is not None:
        losses = weights_for("binary_cross_entropy", weight, input) * losses
    return reduced("binary_cross_entropy", losses, reduction)


def cut_log(x: Any) -> Any:
    """log x, but at least -100, also for 0."""
    zero = x == 0
    return np.where(zero, LEAST, np.maximum(np.log(np.where(zero, 1, x)), LEAST))


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """-weight (pos_weight · target · log σ(input) + (1 - target) · log(1 - σ(input))), with σ the sigmoid.

    The logarithms are computed from the logits, so nothing overflows or is cut off; 0 times an infinite one is 0. The
    shapes must be equal; `weight` and `pos_weight` broadcast to that shape. `reduction` is "mean", "sum" or "none".

    Raises ShapeError if the shapes do not fit, ArgumentError for another reduction.

    >>> binary_cross_entropy_with_logits(np.array([0.0, 1e4]), [1, 0], reduction="none").round(4)
    array([6.931e-01, 1.000e+04])
    """
    name = "binary_cross_entropy_with_logits"
    input, target = alike(name, input=input, target=target)
    yes = target if pos_weight is None else target * weights_for(name, pos_weight, input, "pos_weight")
    losses = times(yes, softplus(-input)) + times(1 - target, softplus(input))
    if weight is not None:
        losses = weights_for(name, weight, input) * losses
    return reduced(name, losses, reduction)


def focal(input: Any, target: Any, alpha: float = 0.25, gamma: float = 2.0, reduction: str = "none") -> Any:
    """α (1 - p)^gamma · (-log p), where p is the probability of the target: Lin et al., Focal Loss (2017), (5).

    That is σ(input) where `target` is 1, and 1 - σ(input) where it is 0; α is `alpha` or 1 - `alpha`, and a negative
    `alpha` means none. Between 0 and 1, targets mix both. The shapes must be equal. `reduction` is "none" by default,
    as in torchvision's sigmoid_focal_loss, "mean" or "sum".

    Raises ShapeError if the shapes do not fit, ArgumentError for a negative `gamma`, an `alpha` above 1, or another
    reduction.

    >>> focal(np.array([0.0, 9.0]), [1, 1]).round(4)
    array([0.0433, 0.    ])
    """
    check_positive("focal", zero=True, gamma=gamma)
    if not alpha <= 1:
        raise ArgumentError(f"focal takes alpha up to 1, but got {alpha!r}.", "A negative alpha means none.")
    input, target = alike("focal", input=input, target=target)
    entropy = times(target, softplus(-input)) + times(1 - target, softplus(input))
    missed = target * sigmoid(-input) + (1 - target) * sigmoid(input)
    losses = times(missed ** float(gamma), entropy)
    if alpha >= 0:
        losses = (alpha * target + (1 - alpha) * (1 - target)) * losses
    return reduced("focal", losses, reduction)


def soft_margin(input: Any, target: Any, reduction: str = "mean") -> Any:
    """log(1 + exp(-target · input)), for targets 1 and -1.

    The shapes must be equal. `reduction` is "mean", "sum" or "none".

    Raises ShapeError if the shapes do not fit, ArgumentError for other targets or another reduction.

    >>> soft_margin(np.array([0.0, 1e4]), [1, -1], reduction="none").round(4)
    array([6.931e-01, 1.000e+04])
    """
    input, target = alike("soft_margin", input=input, target=target)
    check_signs("soft_margin", target)
    return reduced("soft_margin", softplus(-target * input), reduction)


def multilabel_soft_margin(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean", *, axis: int = -1
) -> Any:
    """The mean over the classes of `binary_cross_entropy_with_logits`, for targets 0 and 1.

    `input` and `target` have a number for each class on `axis`, the last by default; `weight` broadcasts to them with
    the classes last. The result with `reduction` "none" is without that axis; "mean" and "sum" are over it.

    Raises ShapeError if the shapes do not fit, ArgumentError for another reduction.

    >>> multilabel_soft_margin(np.zeros((2, 3)), np.eye(2, 3), reduction="none").round(4)
    array([0.6931, 0.6931])
    """
    name = "multilabel_soft_margin"
    input, target = (classes_last(name, each, axis) for each in alike(name, input=input, target=target))
    return reduced(name, np.mean(binary_cross_entropy_with_logits(input, target, weight, "none"), axis=-1), reduction)
