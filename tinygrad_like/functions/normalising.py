"""Normalisation under PyTorch's names: (x - mean) / √(variance + eps) · weight + bias, over axes that differ.

They take an array or a Tensor; integers count as float64. Where all values are equal, the result is the bias. `weight`
and `bias` have one value for each channel (axis 1), or for each normalised place, or are None. All raise ShapeError for
shapes that do not fit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.assigning import assign
from ..engine.blocks import block
from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.tensor import Tensor, as_array
from ..primitives.standardising import affine, centred, mean_of_product, mean_over, over_rms
from .nonlinearities import given


def shaped(x: Any, shape: tuple[int, ...]) -> Any:
    """x in a shape; nothing is recorded if it has that already."""
    return x if x.shape == shape else x.reshape(shape)


def scaled(x: Any, weight: Any, bias: Any, shape: tuple[int, ...], name: str) -> Any:
    """x · weight + bias, of those that are not None, with the channels (or places) of `shape`."""
    for each, what in ((weight, "weight"), (bias, "bias")):
        if each is not None and np.size(each) != math.prod(shape):
            raise ShapeError(f"{name} needs a {what} for {math.prod(shape)} values, but got shape {np.shape(each)}.")
    weight, bias = (each if each is None else shaped(as_array(each), shape) for each in (weight, bias))
    if weight is not None:
        return affine(x, weight) if bias is None else affine(x, weight, bias)
    return x if bias is None else x + bias


def by_channel(x: Any, name: str) -> Any:
    """(N, C, ...) as (N, C, L), or (N, C) as it is."""
    if x.ndim < 2:
        raise ShapeError(f"{name} takes inputs of shape (N, C, ...), but got {x.shape}.")
    return x if x.ndim == 2 else x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def detached(x: Any) -> Any:
    return x.detach() if isinstance(x, Tensor) else x


def track(running: Any, batch: Any, momentum: Any) -> None:
    """running ← (1 - momentum) · running + momentum · batch."""
    if not isinstance(running, Tensor):
        raise DTypeError(
            f"Running statistics are written to, but one is a {type(running).__name__}.", "Write Tensor(...) around it."
        )
    assign(running, running * (1 - momentum) + batch.reshape(running.shape) * momentum)


def standardised(
    x: Any, axis: tuple[int, ...], eps: float, running_mean: Any, running_var: Any, momentum: Any, name: str
) -> Any:
    """(x - mean) / √(variance + eps) over axes; the running statistics (if any) take their part of both.

    The running variance is the unbiased one; those of several instances are averaged. An empty batch stays as it is.
    """
    count = math.prod(x.shape[i] for i in axis)
    if count == 1:
        raise ShapeError(
            f"{name} needs more than one value per channel in training, but got shape {x.shape}.",
            "One value less its own mean is 0. Take a larger batch, or call eval().",
        )
    if not x.size:
        return x
    distance = centred(x, axis=axis)
    if running_mean is not None:
        track(running_mean, np.mean(mean_over(detached(x), axis), axis=0), momentum)
    if running_var is not None:
        values = detached(distance)
        biased = np.mean(mean_of_product(values, values, axis), axis=0)
        track(running_var, biased * (count / (count - 1)), momentum)
    return over_rms(distance, axis=axis, eps=eps)


def by_running(x: Any, mean: Any, var: Any, shape: tuple[int, ...], eps: float) -> Any:
    """(x - mean) / √(var + eps), with given statistics."""
    return (x - shaped(as_array(mean), shape)) * (1 / np.sqrt(shaped(as_array(var), shape) + eps))


@block(counted=False)
def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel of (N, C, ...) over the batch and all places: Ioffe and Szegedy (2015).

    In training by the batch's own statistics, of which the running ones (Tensors, or None) take the part `momentum`;
    else by the running ones. Raises ShapeError for one value per channel in training, DTypeError for running statistics
    that are no Tensors then.

    >>> batch_norm(np.array([[1.0], [3.0]]), None, None, training=True, eps=0.0).tolist()
    [[-1.0], [1.0]]
    """
    x = given(input)
    rows = by_channel(x, "batch_norm")
    shape = (x.shape[1],) if rows.ndim == 2 else (x.shape[1], 1)
    if training:
        axis = (0,) if rows.ndim == 2 else (0, -1)
        y = standardised(rows, axis, eps, running_mean, running_var, momentum, "batch_norm")
    else:
        check_running(running_mean, running_var, "batch_norm", "training=True")
        y = by_running(rows, running_mean, running_var, shape, eps)
    return shaped(scaled(y, weight, bias, shape, "batch_norm"), x.shape)


def check_running(mean: Any, var: Any, name: str, instead: str) -> None:
    if mean is None or var is None:
        raise ArgumentError(f"{name} needs running_mean and running_var here.", f"Give both, or write {instead}.")


@block(counted=False)
def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel of each example of (N, C, ...) over its places: Ulyanov et al. (2016).

    The running statistics, where given, take the part `momentum` of the mean of the examples' ones; they are used with
    use_input_stats=False. Raises ShapeError for a single place, DTypeError as `batch_norm` does.
    """
    x = given(input)
    if x.ndim < 3:
        raise ShapeError(f"instance_norm takes inputs of shape (N, C, L, ...), but got {x.shape}.")
    rows, shape = by_channel(x, "instance_norm"), (x.shape[1], 1)
    if use_input_stats:
        y = standardised(rows, (-1,), eps, running_mean, running_var, momentum, "instance_norm")
    else:
        check_running(running_mean, running_var, "instance_norm", "use_input_stats=True")
        y = by_running(rows, running_mean, running_var, shape, eps)
    return shaped(scaled(y, weight, bias, shape, "instance_norm"), x.shape)


@block(counted=False)
def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Groups of channels of each example of (N, C, ...), with all their places: Wu and He (2018).

    >>> group_norm(np.array([[1.0, 3.0, 2.0, 2.0]]), 2, eps=0.5).round(3).tolist()
    [[-0.816, 0.816, 0.0, 0.0]]
    """
    x = given(input)
    rows = by_channel(x, "group_norm")
    if num_groups < 1 or x.shape[1] % num_groups:
        raise ShapeError(f"group_norm cannot make {num_groups} groups of the channels of {x.shape}.")
    places = math.prod(x.shape[1:]) // num_groups
    groups = rows.reshape(x.shape[0], num_groups, places)
    y = shaped(over_rms(centred(groups), eps=eps) if x.size else groups, rows.shape)
    shape = (x.shape[1],) if rows.ndim == 2 else (x.shape[1], 1)
    return shaped(scaled(y, weight, bias, shape, "group_norm"), x.shape)


@block(counted=False, formulas={"y": "(x − mean(x)) / √(var(x) + ε) · weight + bias"})
def layer_norm(
    input: Any, normalized_shape: int | tuple[int, ...], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """The last axes, whose shape is `normalized_shape`: Ba et al. (2016).

    >>> layer_norm(np.array([1.0, 3.0]), 2, eps=0.0).tolist()
    [-1.0, 1.0]
    """
    x = given(input)
    rows = last_joined(x, normalized_shape, "layer_norm")
    return shaped(scaled(over_rms(centred(rows), eps=eps), weight, bias, rows.shape[-1:], "layer_norm"), x.shape)


@block(counted=False)
def rms_norm(input: Any, normalized_shape: int | tuple[int, ...], weight: Any = None, eps: float | None = None) -> Any:
    """x / √(mean(x²) + eps) · weight over the last axes: Zhang and Sennrich (2019).

    Without `eps`, it is the gap between 1 and the next number of the dtype.
    """
    x = given(input)
    rows = last_joined(x, normalized_shape, "rms_norm")
    least = float(np.finfo(x.dtype).eps) if eps is None else eps
    return shaped(scaled(over_rms(rows, eps=least), weight, None, rows.shape[-1:], "rms_norm"), x.shape)


def last_joined(x: Any, normalized_shape: int | tuple[int, ...], name: str) -> Any:
    """x with the normalised axes joined into one."""
    wanted = (normalized_shape,) if isinstance(normalized_shape, (int, np.integer)) else tuple(normalized_shape)
    lead = x.ndim - len(wanted)
    if not wanted or lead < 0 or x.shape[lead:] != wanted:
        raise ShapeError(f"{name} takes inputs whose last axes are {wanted}, but got shape {x.shape}.")
    return x if len(wanted) == 1 else x.reshape(*x.shape[:lead], math.prod(wanted))


@block(counted=False)
def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """x / (k + alpha · mean of x² over `size` neighbouring channels)ᵝ: Krizhevsky et al. (2012).

    Takes (N, C, ...). Channels outside count as 0. Raises ArgumentError for a size below 1.
    """
    x = given(input)
    if x.ndim < 3:
        raise ShapeError(f"local_response_norm takes inputs of shape (N, C, L, ...), but got {x.shape}.")
    if size < 1:
        raise ArgumentError(f"local_response_norm needs a size of at least 1, but got {size!r}.")
    if not x.shape[1]:
        return x
    squares = np.pad(x * x, ((0, 0), (size // 2, (size - 1) // 2), *[(0, 0)] * (x.ndim - 2)))
    windows = np.lib.stride_tricks.sliding_window_view(squares, size, axis=1)
    return x / (k + alpha * np.mean(windows, axis=-1)) ** beta
