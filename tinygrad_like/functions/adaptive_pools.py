"""Pooling into a given number of windows, which cover each axis evenly."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ShapeError
from ..primitives import pooling
from ..primitives.integers import floats
from ..primitives.pooling import Windows
from .pools import each_axis, indices_of, ordered, over_counts, with_channels
from .shaping import along


def bounds(n: int, count: int) -> tuple[Any, Any]:
    """Where each of `count` windows on n elements starts and stops: ⌊i n / count⌋ and ⌈(i + 1) n / count⌉."""
    i = np.arange(count)
    return i * n // count, -(-(i + 1) * n // count)


def equal_windows(x: Any, axis: int, count: int) -> Any:
    """What stands in each window along an axis, one window after the other, all as long as the longest.

    Those that are shorter, by one, end with their last element once more.
    """
    starts, stops = bounds(x.shape[axis], count)
    longest, parts = (stops - starts).max(), []
    for start, stop in zip(starts.tolist(), stops.tolist()):
        parts.append(along(x, axis, slice(start, stop)))
        if stop - start < longest:
            parts.append(along(x, axis, slice(stop - 1, stop)))
    return np.concatenate(parts, axis=axis)


def sources(n: int, count: int) -> Any:
    """The numbers of the elements that `equal_windows` puts one after the other."""
    starts, stops = bounds(n, count)
    places = starts[:, None] + np.arange((stops - starts).max())
    return np.minimum(places, stops[:, None] - 1).ravel()


def checked_size(output_size: Any, rank: int) -> Any:
    """The output size as it was given, if it makes sense."""
    sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size,)
    each_axis(tuple(1 if size is None else size for size in sizes), rank, "output_size")
    return output_size


def counts_of(shape: Any, output_size: Any, rank: int, name: str) -> tuple[int, ...]:
    """How many windows along each axis; None stands for as many as there are elements."""
    inner = shape[len(shape) - rank :]
    if 0 in inner:
        raise ShapeError(f"{name} needs at least one element along each pooled axis, but got shape {tuple(shape)}.")
    sizes = checked_size(output_size, rank)
    sizes = tuple(sizes) if isinstance(sizes, (tuple, list)) else (sizes,)
    return tuple(n if size is None else int(size) for n, size in zip(inner, sizes * (rank // len(sizes))))


def side_by_side(shape: Any, count: tuple[int, ...]) -> Windows:
    """Windows that cover the array once."""
    size = tuple(n // m for n, m in zip(shape[len(shape) - len(count) :], count))
    zeros, ones = (0,) * len(count), (1,) * len(count)
    return Windows(size, size, zeros, ones, count)


@block()
def adaptive_avg_pool(rank: int, x: Any, output_size: Any) -> Any:
    name = f"adaptive_avg_pool{rank}d"
    x = floats(with_channels(x, rank, name))
    count, lengths = counts_of(x.shape, output_size, rank, name), []
    for axis, m in enumerate(count, x.ndim - rank):
        n = x.shape[axis]
        starts, stops = bounds(n, m)
        lengths.append(stops - starts)
        if m == 1:
            x = x.sum(axis=axis, keepdims=True)
        elif n % m:
            sums = [along(x, axis, slice(*each)).sum(axis=axis) for each in zip(starts.tolist(), stops.tolist())]
            x = np.stack(sums, axis=axis)
    return over_counts(pooling.sum_pool(x, windows=side_by_side(x.shape, count)), lengths)


@block()
def adaptive_max_pool(rank: int, x: Any, output_size: Any, return_indices: bool) -> Any:
    name = f"adaptive_max_pool{rank}d"
    x = ordered(with_channels(x, rank, name))
    shape, count = x.shape, counts_of(x.shape, output_size, rank, name)
    for axis, m in enumerate(count, x.ndim - rank):
        if shape[axis] % m:
            x = equal_windows(x, axis, m)
    windows = side_by_side(x.shape, count)
    y = pooling.max_pool(x, windows=windows)
    if not return_indices:
        return y
    numbers = [sources(n, m) for n, m in zip(shape[len(shape) - rank :], count)]
    return y, indices_of(x, y, windows, shape, numbers)


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The means of `output_size` windows along the last axis; `adaptive_avg_pool2d` says more.

    >>> adaptive_avg_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2)
    array([[2., 1.]])
    """
    return adaptive_avg_pool(1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """The means of as many windows as `output_size` says, over the last two axes; inputs (N, C, H, W) or (C, H, W).

    Window i of m on n elements has those from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉ - 1. `output_size` is one number or one for
    each axis; None for an axis that stays as it is.

    Raises ShapeError for other axes, or none to pool; ArgumentError for sizes below 1.

    >>> adaptive_avg_pool2d(np.arange(12.0).reshape(1, 3, 4), (1, 2))
    array([[[4.5, 6.5]]])
    """
    return adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """The means of as many windows as `output_size` says, over the last three axes; see `adaptive_avg_pool2d`."""
    return adaptive_avg_pool(3, input, output_size)


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of `output_size` windows along the last axis; `adaptive_max_pool2d` says more."""
    return adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of as many windows as `output_size` says; the windows are those of `adaptive_avg_pool2d`.

    Equal maxima, nan and `return_indices` are as in `max_pool2d`.

    >>> adaptive_max_pool2d(np.arange(12.0).reshape(1, 3, 4), (1, None))
    array([[[ 8.,  9., 10., 11.]]])
    """
    return adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of as many windows as `output_size` says, over the last three axes; see `adaptive_max_pool2d`."""
    return adaptive_max_pool(3, input, output_size, return_indices)
