"""Dropout under PyTorch's names: in training, values or whole channels are left out at random.

Each takes `generator`, a `tg.random.Generator`; without it the default one draws, which `tg.seed` sets. As in PyTorch,
`dropout` and `dropout1d` to `dropout3d` drop unless told `training=False`, and the alpha
kinds only if told `training=True`. All raise ArgumentError for p outside [0, 1].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import Tensor
from ..random import Generator, draws
from .nonlinearities import SELU_ALPHA, SELU_SCALE, given, of_the_plane

LOWEST = -SELU_ALPHA * SELU_SCALE  # what selu tends to below, and alpha dropout puts in place of a value


def check_probability(p: float, name: str) -> None:
    if not isinstance(p, (int, float, np.number)) or not 0 <= p <= 1:
        raise ArgumentError(f"{name} needs a probability p from 0 to 1, but got {p!r}.")


def kept(x: Any, shape: tuple[int, ...], p: float, generator: Generator | None) -> Any:
    """1 with probability 1 - p, else 0, in the dtype of x. Numbers of 24 bits decide, whatever that is."""
    return (draws(generator).random(shape, np.float32) >= p).astype(x.dtype)


def operand(mask: Any, x: Any) -> Any:
    """The mask as what x is: nobody else could write to it, so that a Tensor of it need not be copied."""
    return Tensor(mask) if isinstance(x, Tensor) else mask


def drop(x: Any, shape: tuple[int, ...], p: float, training: bool, generator: Generator | None) -> Any:
    """x with a mask of this shape."""
    if not training or p == 0:
        return x
    mask = kept(x, shape, p, generator)
    if p < 1:
        mask *= 1 / (1 - p)
    return x * operand(mask, x)


def drop_to_lowest(x: Any, shape: tuple[int, ...], p: float, training: bool, generator: Generator | None) -> Any:
    """x with the lowest value of selu where a mask of this shape drops, scaled and moved to mean 0 and variance 1."""
    if not training or p == 0:
        return x
    mask = kept(x, shape, p, generator)
    if p == 1:
        return x * operand(mask, x)
    scale = ((1 - p) * (1 + p * LOWEST**2)) ** -0.5
    shift = (1 - mask) * (scale * LOWEST) - scale * p * LOWEST
    mask *= scale
    return x * operand(mask, x) + shift


def channels(x: Any, axes: int, name: str) -> tuple[int, ...]:
    """The shape of a mask of whole channels, over inputs with or without a batch axis."""
    if x.ndim not in (axes + 1, axes + 2):
        raise ShapeError(f"{name} takes inputs of {axes + 2} axes, or {axes + 1} without a batch, but got {x.shape}.")
    return (*x.shape[: x.ndim - axes], *[1] * axes)


@block(formulas={"y": "x · mask", "x": "g · mask"})
def dropout(input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Any:
    """Each value with probability p 0, else divided by 1 - p, so that the mean stays: Srivastava et al. (2014).

    >>> sorted(set(dropout(np.ones(100), 0.75).tolist()))
    [0.0, 4.0]
    """
    check_probability(p, "dropout")
    x = of_the_plane(input)
    return drop(x, x.shape, p, training, generator)


@block()
def dropout1d(input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Any:
    """dropout of whole channels, of (N, C, L) or (C, L): Tompson et al. (2015). Raises ShapeError for other shapes."""
    check_probability(p, "dropout1d")
    x = of_the_plane(input)
    return drop(x, channels(x, 1, "dropout1d"), p, training, generator)


@block()
def dropout2d(input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Any:
    """dropout of whole channels, of (N, C, H, W).

    Raises ShapeError for other shapes. PyTorch takes three axes as (N, C, L), against its rule for all other layers.
    """
    check_probability(p, "dropout2d")
    x = of_the_plane(input)
    if x.ndim != 4:
        raise ShapeError(
            f"dropout2d takes inputs of shape (N, C, H, W), but got {x.shape}.",
            "Write x[None] for one (C, H, W), or dropout1d (Dropout1d) for (N, C, L).",
        )
    return drop(x, channels(x, 2, "dropout2d"), p, training, generator)


@block()
def dropout3d(input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Any:
    """dropout of whole channels, of (N, C, D, H, W) or (C, D, H, W). Raises ShapeError for other shapes."""
    check_probability(p, "dropout3d")
    x = of_the_plane(input)
    return drop(x, channels(x, 3, "dropout3d"), p, training, generator)


@block()
def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, *, generator: Generator | None = None) -> Any:
    """Dropout for selu, which keeps mean 0 and variance 1: Klambauer et al. (2017). p = 1 gives zeros."""
    check_probability(p, "alpha_dropout")
    x = given(input)
    return drop_to_lowest(x, x.shape, p, training, generator)


@block()
def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, *, generator: Generator | None = None
) -> Any:
    """alpha_dropout of whole channels, of (N, C, ...). Raises ShapeError for fewer than two axes."""
    check_probability(p, "feature_alpha_dropout")
    x = given(input)
    if x.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout takes inputs of shape (N, C, ...), but got {x.shape}.")
    return drop_to_lowest(x, (*x.shape[:2], *[1] * (x.ndim - 2)), p, training, generator)
