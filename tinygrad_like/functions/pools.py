"""Pooling over windows along the last axes: maxima, means, norms."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import as_array
from ..primitives import gathering, pooling
from ..primitives.integers import complex_numbers, floats, reals
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


def ordered(x: Any) -> Any:
    """x, of which there are maxima; DTypeError for complex numbers."""
    if x.dtype.kind == "c":
        raise complex_numbers(x.dtype)
    return x


def checked_settings(rank: int, kernel_size: Any, stride: Any, padding: Any = 0, dilation: Any = 1) -> Any:
    """The settings, each with one number for each axis."""
    size = each_axis(kernel_size, rank, "kernel_size")
    steps = size if stride is None else each_axis(stride, rank, "stride")
    margins, gaps = each_axis(padding, rank, "padding", 0), each_axis(dilation, rank, "dilation")
    if any(2 * margin > k for margin, k in zip(margins, size)):
        raise ArgumentError(
            f"padding must be at most half of kernel_size, but got {padding} for {kernel_size}.",
            "Some windows would have nothing but padding in them.",
        )
    return size, steps, margins, gaps


def windows_of(
    shape: Any, rank: int, name: str, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Windows:
    """The windows, and how many there are along each axis."""
    size, steps, margins, gaps = checked_settings(rank, kernel_size, stride, padding, dilation)
    positions, lengths = [], shape[len(shape) - rank :]
    for n, k, step, margin, gap in zip(lengths, size, steps, margins, gaps):
        spare = n + 2 * margin - gap * (k - 1) - 1
        count = (spare + (step - 1 if ceil_mode else 0)) // step + 1
        # The last window must begin inside the array or the margin before it.
        positions.append(count - 1 if ceil_mode and (count - 1) * step >= n + margin else count)
    if min(positions) < 1 or 0 in lengths:
        raise ShapeError(f"{name} has windows of {size}, which do not fit into an input of shape {tuple(shape)}.")
    return Windows(size, steps, margins, gaps, tuple(positions))


@block()
def max_pool(
    rank: int, x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, return_indices: bool
) -> Any:
    x = ordered(with_channels(x, rank, f"max_pool{rank}d"))
    windows = windows_of(x.shape, rank, f"max_pool{rank}d", kernel_size, stride, padding, dilation, ceil_mode)
    y = pooling.max_pool(x, windows=windows)
    return (y, indices_of(x, y, windows, x.shape)) if return_indices else y


def indices_of(x: Any, y: Any, windows: Windows, shape: Any, sources: Any = None) -> Any:
    """For each window the number of its maximum among the values along the pooled axes, row by row.

    `shape` is that of the array that was asked for; `sources` says along each axis which of its elements x has.
    """
    rank = len(windows.size)
    places, numbers = pooling.first_places(x, y, windows=windows), 0
    for i, n in enumerate(shape[len(shape) - rank :]):
        size, stride, padding, dilation, positions = windows.along(i)
        place = places // math.prod(windows.size[i + 1 :]) % size
        starts = np.arange(positions).reshape(-1, *(1,) * (rank - 1 - i)) * stride - padding
        position = starts + place * dilation
        numbers = numbers * n + (position if sources is None else gathering.take(sources[i], position, 0))
    return numbers


@block()
def avg_pool(
    rank: int,
    x: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None = None,
) -> Any:
    x = floats(with_channels(x, rank, f"avg_pool{rank}d"))
    windows = windows_of(x.shape, rank, f"avg_pool{rank}d", kernel_size, stride, padding, 1, ceil_mode)
    sums = pooling.sum_pool(x, windows=windows)
    if checked_divisor(divisor_override) is not None:
        return sums / divisor_override
    return over_counts(sums, [counts(x.shape[i - rank], windows, i, count_include_pad) for i in range(rank)])


def checked_divisor(divisor: Any) -> int | None:
    if divisor is not None and (not isinstance(divisor, (int, np.integer)) or divisor == 0):
        raise ArgumentError(f"divisor_override must be a whole number but not 0, got {divisor!r}.")
    return None if divisor is None else int(divisor)


def counts(n: int, windows: Windows, i: int, include_padding: bool) -> Any:
    """How many elements each window has along an axis; with the margins of the array, if they are included."""
    size, stride, padding, _, positions = windows.along(i)
    starts = np.arange(positions) * stride - padding
    stops = np.minimum(starts + size, n + padding)
    return stops - starts if include_padding else np.minimum(stops, n) - np.maximum(starts, 0)


def over_counts(sums: Any, of_axes: list[Any]) -> Any:
    """Sums divided by the number of elements in each window: the product of those along the axes."""
    if all((each == each[0]).all() for each in of_axes):
        return sums / math.prod(int(each[0]) for each in of_axes)
    divisor = functools.reduce(np.multiply.outer, of_axes)
    return sums / divisor.astype(sums.dtype)


def checked_norm_type(norm_type: Any, rank: int) -> float:
    if isinstance(norm_type, bool) or not isinstance(norm_type, (int, float)) or not 0 < norm_type < math.inf:
        raise ArgumentError(
            f"norm_type must be a positive number, but got {norm_type!r}.",
            f"Write max_pool{rank}d(np.abs(x), ...) for the largest absolute value.",
        )
    return norm_type


@block()
def lp_pool(rank: int, x: Any, norm_type: Any, kernel_size: Any, stride: Any, ceil_mode: bool) -> Any:
    norm_type = checked_norm_type(norm_type, rank)
    size = math.prod(each_axis(kernel_size, rank, "kernel_size"))
    x = reals(with_channels(x, rank, f"lp_pool{rank}d"))
    means = avg_pool(rank, x**norm_type, kernel_size, stride, 0, ceil_mode, True)
    return (means * size) ** (1 / norm_type)


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window along the last axis; `max_pool2d` says more.

    >>> max_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2)
    array([[3., 2.]])
    """
    return max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window over the last two axes, for inputs (N, C, H, W) or (C, H, W).

    The windows of `kernel_size` have steps of `stride`, by default the size of a window. So there are
    ⌊(H + 2 padding - dilation (kernel_size - 1) - 1) / stride⌋ + 1 of them along H; with `ceil_mode` ⌈ ⌉ in place of
    ⌊ ⌋, but none that begins behind the array. Around the array stand margins of -inf. The first of equal maxima, row
    by row, has the whole gradient (those of `np.max` share it). A window with a nan gives nan. With `return_indices`
    there is a second result: the number of each maximum in its flattened (H, W).

    Raises ShapeError if no window fits, or the axes are others; ArgumentError for more padding than half a kernel.

    >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 5.,  7.],
            [13., 15.]]])
    """
    return max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window over the last three axes; `max_pool2d` says more."""
    return max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window along the last axis; `avg_pool2d` says more.

    >>> avg_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2)
    array([[2., 1.]])
    """
    return avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window over the last two axes, for inputs (N, C, H, W) or (C, H, W); integers as float64.

    Windows are those of `max_pool2d`, without gaps, and the margins are zeros. The sum is divided by the number of
    elements in the window: with the margins that are in it if `count_include_pad`, but nothing that is behind these.
    `divisor_override` takes the place of that number.

    Raises ShapeError and ArgumentError as `max_pool2d`.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 2.5,  4.5],
            [10.5, 12.5]]])
    """
    return avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window over the last three axes; `avg_pool2d` says more."""
    return avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def lp_pool1d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """(Σ xᵖ)^(1/p) of each window along the last axis; `lp_pool2d` says more.

    >>> lp_pool1d(np.array([[3.0, 4.0, 6.0, 8.0]]), 2, 2)
    array([[ 5., 10.]])
    """
    return lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """(Σ xᵖ)^(1/p) of each window over the last two axes, with p = `norm_type`; for inputs (N, C, H, W) or (C, H, W).

    There are no absolute values in it: where p is odd, a negative sum gives nan. `lp_pool2d(np.abs(x), ...)` is the
    norm. A window of zeros has the gradient 0 if p > 1. A window that ends behind the array (`ceil_mode`) is taken as
    if it were full, with the same mean of xᵖ.

    Raises ArgumentError for a `norm_type` that is not positive or not finite; else as `max_pool2d`.

    >>> lp_pool2d(np.array([[[3.0, 4.0], [0.0, 0.0]]]), 2, 2)
    array([[[5.]]])
    """
    return lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    """(Σ xᵖ)^(1/p) of each window over the last three axes; `lp_pool2d` says more."""
    return lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)
