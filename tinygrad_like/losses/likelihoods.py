"""Negative logarithms of likelihoods, and the divergence of distributions: gaussian_nll, poisson_nll, kl_div."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ShapeError
from ..engine.tensor import Tensor
from ..primitives.integers import as_floats
from .loss_inputs import alike, check_between, check_positive, operand
from .loss_pieces import times
from .loss_reduction import check_reduction, reduced

LOG_2PI = float(np.log(2 * np.pi))


@block("loss")
def gaussian_nll(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """(log var + (input - target)² / var) / 2, for a normal distribution of mean `input`: Nix and Weigend (1994).

    With `full`, log(2π) / 2 is added. The shapes of `input` and `target` must be equal; `var` has the same, or one
    variance for each row: without the last axis, or with 1 there. A variance below `eps` counts as `eps`, but gets the
    gradient that `eps` would have there, as in PyTorch, so that it can grow again. `reduction` is "mean", "sum" or
    "none".

    Raises ShapeError if the shapes do not fit, ArgumentError for a negative variance, `eps` not above 0, or another
    reduction.

    >>> gaussian_nll(np.array([1.0, 2.0]), [1.0, 4.0], np.ones(2)).item()
    1.0
    """
    name = "gaussian_nll"
    check_positive(name, eps=eps)
    input, target = alike(name, input=input, target=target)
    var = operand(var)
    if var.shape != input.shape and input.ndim:
        rows = input.shape[:-1]
        if var.shape not in (rows, (*rows, 1)):
            raise ShapeError(
                f"{name} takes var {input.shape}, {rows} or {(*rows, 1)} for input {input.shape}, but got {var.shape}."
            )
        var = var.reshape(*rows, 1)
    elif var.shape != input.shape:
        raise ShapeError(f"{name} takes var (), as the input, but got {var.shape}.")
    _, var = as_floats(input, var)
    check_between(name, "variances", var, 0, np.inf, "Write np.exp(x) or np.square(x) for what can be negative.")
    held = var.detach() if isinstance(var, Tensor) else var
    var = var + np.where(held < eps, float(eps) - held, 0)
    losses = 0.5 * (np.log(var) + np.square(input - target) / var)
    return reduced(name, losses + 0.5 * LOG_2PI if full else losses, reduction)


@block("loss")
def poisson_nll(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Any:
    """exp(input) - target · input, for a Poisson distribution of rate exp(input).

    Without `log_input`, `input` is the rate itself, and the loss is input - target · log(input + eps). With `full`,
    Stirling's approximation of log(target!), target · log(target) - target + log(2π target) / 2, is added to targets
    above 1. An infinite `input` gives the limit. The shapes must be equal. `reduction` is "mean", "sum" or "none".

    Raises ShapeError if the shapes do not fit, ArgumentError for a negative `eps` or another reduction.

    >>> poisson_nll(np.array([0.0, 1.0]), [2.0, 0.0], reduction="none").round(4)
    array([1.    , 2.7183])
    """
    check_positive("poisson_nll", zero=True, eps=eps)
    input, target = alike("poisson_nll", input=input, target=target)
    if log_input:
        losses = np.exp(input) - times(target, np.where(input == np.inf, 0, input))
    else:
        losses = input - times(target, np.log(np.where(input == np.inf, 1, input) + float(eps)))
    if full:
        large = np.where(target > 1, target, 1)
        stirling = large * np.log(large) - large + 0.5 * (LOG_2PI + np.log(large))
        losses = losses + np.where(target > 1, stirling, 0)
    return reduced("poisson_nll", losses, reduction)


@block("loss")
def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """target · (log target - input), the terms of the divergence KL(target ‖ exp(input)): Kullback and Leibler (1951).

    `input` has log-probabilities, `target` probabilities; with `log_target`, log-probabilities too. A probability of 0
    gives 0. The shapes must be equal. `reduction` is "mean", "sum", "none" or "batchmean": the mean is over all
    elements, as in PyTorch, and "batchmean", the sum by the length of the first axis, is the divergence itself.

    Raises ShapeError if the shapes do not fit, ArgumentError for another reduction.

    >>> round(kl_div(np.log([[0.5, 0.5]]), [[1.0, 0.0]], reduction="batchmean").item(), 4)
    0.6931
    """
    check_reduction("kl_div", reduction, "batchmean")
    input, target = alike("kl_div", input=input, target=target)
    if log_target:
        p = np.exp(target)
        zero = p == 0
        losses = p * (np.where(zero, 0, target) - np.where(zero, 0, input))
    else:
        losses = target * np.log(np.where(target == 0, 1, target)) - times(target, input)
    if reduction != "batchmean":
        return reduced("kl_div", losses, reduction)
    if not input.ndim or not len(input):
        raise ShapeError(f"kl_div with 'batchmean' needs a first axis that is not empty, but got shape {input.shape}.")
    return np.sum(losses) / len(input)
