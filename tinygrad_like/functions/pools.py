"""Pooling over windows along the last axes: maxima, means, norms; of windows of a size, or of a number of windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import as_array
from ..primitives import pooling
from ..primitives.integers import floats
from ..primitives.pooling import Windows

AXES = ("L", "H, W", "D, H, W")


def each_axis(value: Any, rank: int, name: str, least: int = 1) -> tuple[int, ...]:
    """A setting for each axis, of one number or one for each."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    if len(values) == 1:
        values *= rank
    whole = all(isinstance(each, (int, np.integer)) and not isinstance(each, bool) for each in values)
    if not whole or len(values) != rank or min(values) < least:
        numbers = "one whole number" + (f", or {rank} of them" if rank > 1 else "")
        raise ArgumentError(f"{name} must be {numbers}, at least {least}, but got {value!r}.")
    return tuple(map(int, values))


def with_channels(x: Any, rank: int, name: str) -> Any:
    """x, if it has the axes (batch, channels, ...) or (channels, ...)."""
    x = as_array(x)
    if x.ndim not in (rank + 1, rank + 2):
        axes = AXES[rank - 1]
        raise ShapeError(f"{name} takes inputs (N, C, {axes}) or (C, {axes}), but got shape {x.shape}.")
    return x


def windows_of(
    shape: Any, rank: int, name: str, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Windows:
    """The windows, and how many there are along each axis."""
    size = each_axis(kernel_size, rank, "kernel_size")
    steps = size if stride is None else each_axis(stride, rank, "stride")
    margins, gaps = each_axis(padding, rank, "padding", 0), each_axis(dilation, rank, "dilation")
    if any(2 * margin > k for margin, k in zip(margins, size)):
        raise ArgumentError(
            f"padding must be at most half of kernel_size, but got {padding} for {kernel_size}.",
            "Some windows would have nothing but padding in them.",
        )
    count = []
    for n, k, step, margin, gap in zip(shape[len(shape) - rank :], size, steps, margins, gaps):
        spare = n + 2 * margin - gap * (k - 1) - 1
        positions = (spare + (step - 1 if ceil_mode else 0)) // step + 1
        # The last window must begin inside the array or the margin before it.
        count.append(positions - 1 if ceil_mode and (positions - 1) * step >= n + margin else positions)
    if min(count) < 1:
        raise ShapeError(f"{name} has windows of {size}, which do not fit into an input of shape {tuple(shape)}.")
    return Windows(size, steps, margins, gaps, tuple(count))


def max_pool(
    rank: int, x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, return_indices: bool
) -> Any:
    x = with_channels(x, rank, f"max_pool{rank}d")
    windows = windows_of(x.shape, rank, f"max_pool{rank}d", kernel_size, stride, padding, dilation, ceil_mode)
    y = pooling.max_pool(x, windows=windows)
    return (y, indices_of(x, y, windows)) if return_indices else y


def indices_of(x: Any, y: Any, windows: Windows) -> Any:
    """For each window the number of its maximum among the values along the pooled axes, row by row."""
    rank = len(windows.size)
    places = np.unravel_index(pooling.first_places(x, y, windows=windows), windows.size)
    numbers: Any = 0
    for i, place in enumerate(places):
        _, stride, padding, dilation, count = windows.along(i)
        starts = np.arange(count).reshape(-1, *(1,) * (rank - 1 - i)) * stride - padding
        numbers = numbers * x.shape[x.ndim - rank + i] + starts + place * dilation
    return numbers


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    return max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)
