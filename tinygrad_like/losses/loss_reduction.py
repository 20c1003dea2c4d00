"""From the losses of all elements to what a loss function returns: the mean, the sum, or all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(name: str, reduction: Any, *more: str) -> None:
    """An error for any reduction but the usual three, and those that this loss has besides."""
    if reduction not in REDUCTIONS + more:
        known = ", ".join(map(repr, REDUCTIONS + more))
        raise ArgumentError(f"{name} takes one of reduction={known}, but got {reduction!r}.")


def reduced(name: str, losses: Any, reduction: str, weights: Any = None) -> Any:
    """The mean of the losses, their sum, or the losses themselves.

    With `weights`, which the losses have been multiplied by, the mean is the sum of the losses by that of the weights;
    it is 0 if these sum to 0.

    Raises ArgumentError for another reduction, ShapeError for the mean of nothing.
    """
    check_reduction(name, reduction)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return np.sum(losses)
    check_not_empty(name, np.shape(losses))
    if weights is None:
        return np.mean(losses)
    total = np.sum(weights)
    return np.sum(losses) / np.where(total == 0, 1, total)


def check_not_empty(name: str, shape: tuple[int, ...]) -> None:
    if 0 in shape:
        raise ShapeError(
            f"{name} needs at least one element for a mean, but got shape {shape}.", "reduction='sum' of nothing is 0."
        )
