"""The same values in other axes, in PyTorch's words: flatten, unflatten, shuffles, and windows in columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import as_array
from ..primitives import indexing
from ..primitives.pooling import Windows, places_of
from .margins import pad
from .pools import each_axis

Pair = tuple[int, int]


def axis_of(dim: Any, ndim: int, name: str) -> int:
    if not isinstance(dim, (int, np.integer)) or not -ndim <= dim < ndim:
        raise ArgumentError(f"{name} must be an axis of the {ndim} of the input, but got {dim!r}.")
    return int(dim) % ndim


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The axes from `start_dim` to `end_dim` as one, row by row; a number becomes a sequence of one.

    Raises ArgumentError for axes that the input does not have, or in the wrong order.

    >>> flatten(np.ones((2, 3, 4)), 1).shape
    (2, 12)
    """
    x = as_array(input)
    x = x if x.ndim else np.reshape(x, 1)
    start, end = axis_of(start_dim, x.ndim, "start_dim"), axis_of(end_dim, x.ndim, "end_dim")
    if start > end:
        raise ArgumentError(f"flatten got start_dim={start_dim} behind end_dim={end_dim} for {x.ndim} axes.")
    return np.reshape(x, (*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """The axis `dim` as several of these sizes, of which one may be -1.

    Raises ShapeError if the sizes do not make up the axis, ArgumentError for an axis that the input does not have.

    >>> unflatten(np.ones((2, 12)), 1, (3, -1)).shape
    (2, 3, 4)
    """
    x, sizes = as_array(input), tuple(sizes) if isinstance(sizes, (tuple, list)) else (sizes,)
    axis = axis_of(dim, x.ndim, "dim")
    n, known = x.shape[axis], math.prod(size for size in sizes if size != -1)
    if sizes.count(-1) == 1 and known and n % known == 0:
        sizes = tuple(n // known if size == -1 else size for size in sizes)
    if not sizes or min(sizes) < 0 or math.prod(sizes) != n:
        raise ShapeError(f"unflatten cannot make {sizes} of the axis {dim} of a shape {x.shape}.")
    return np.reshape(x, (*x.shape[:axis], *sizes, *x.shape[axis + 1 :]))


def factor_of(value: Any, name: str) -> int:
    return each_axis(value, 1, name)[0]


def image(x: Any, name: str) -> Any:
    """x, if it has the axes (..., C, H, W)."""
    x = as_array(x)
    if x.ndim < 3:
        raise ShapeError(f"{name} takes inputs (..., C, H, W), but got shape {x.shape}.")
    return x


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """(..., C r², H, W) as (..., C, H r, W r), with r = `upscale_factor`: r² channels make up r × r pixels.

    Shi et al., Real-Time Single Image and Video Super-Resolution, 2016.

    Raises ShapeError if r² does not divide the channels.

    >>> pixel_shuffle(np.array([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2)
    array([[[1., 2.],
            [3., 4.]]])
    """
    x, r = image(input, "pixel_shuffle"), factor_of(upscale_factor, "upscale_factor")
    *batch, c, h, w = x.shape
    if c % (r * r):
        raise ShapeError(f"pixel_shuffle by {r} needs a multiple of {r * r} channels, but got shape {x.shape}.")
    x = np.reshape(x, (*batch, c // (r * r), r, r, h, w))
    return np.reshape(np.moveaxis(x, (-4, -3), (-3, -1)), (*batch, c // (r * r), h * r, w * r))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """(..., C, H r, W r) as (..., C r², H, W), with r = `downscale_factor`: what `pixel_shuffle` undoes.

    Raises ShapeError if r does not divide H and W.

    >>> pixel_unshuffle(np.array([[[1.0, 2.0], [3.0, 4.0]]]), 2).ravel()
    array([1., 2., 3., 4.])
    """
    x, r = image(input, "pixel_unshuffle"), factor_of(downscale_factor, "downscale_factor")
    *batch, c, h, w = x.shape
    if h % r or w % r:
        raise ShapeError(f"pixel_unshuffle by {r} needs multiples of {r} as height and width, but got {x.shape}.")
    x = np.reshape(x, (*batch, c, h // r, r, w // r, r))
    return np.reshape(np.moveaxis(x, (-3, -1), (-4, -3)), (*batch, c * r * r, h // r, w // r))


def channel_shuffle(input: Any, groups: int) -> Any:
    """(N, C, ...) with the channels of `groups` groups in turn: the first of each group, then the second of each.

    Zhang et al., ShuffleNet, 2018.

    Raises ShapeError if `groups` does not divide the channels, or there are less than three axes.

    >>> channel_shuffle(np.arange(4.0).reshape(1, 4, 1), 2).ravel()
    array([0., 2., 1., 3.])
    """
    x, groups = as_array(input), factor_of(groups, "groups")
    if x.ndim < 3 or x.shape[1] % groups:
        raise ShapeError(f"channel_shuffle takes (N, C, ...) with a multiple of {groups} channels, got {x.shape}.")
    n, c, *inner = x.shape
    return np.reshape(np.swapaxes(np.reshape(x, (n, groups, c // groups, *inner)), 1, 2), x.shape)


def checked_windows(kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[tuple[int, ...], ...]:
    """The settings of windows over two axes, each with two numbers."""
    kernel, gaps = each_axis(kernel_size, 2, "kernel_size"), each_axis(dilation, 2, "dilation")
    return kernel, gaps, each_axis(padding, 2, "padding", 0), each_axis(stride, 2, "stride")


def windows_in(size: Pair, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[Pair, Windows]:
    """The margins, and the windows on an array (H, W) with these margins around it."""
    kernel, gaps, margins, steps = checked_windows(kernel_size, dilation, padding, stride)
    positions = tuple(
        (n + 2 * margin - gap * (k - 1) - 1) // step + 1
        for n, k, gap, margin, step in zip(size, kernel, gaps, margins, steps)
    )
    if min(positions) < 1:
        raise ShapeError(f"Windows of {kernel} do not fit into (H, W) = {size} with a padding of {padding}.")
    return (margins[0], margins[1]), Windows(kernel, steps, (0, 0), gaps, positions)


def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """(N, C, H, W) as (N, C kH kW, L): in a column stands what is in one of the L windows, a channel after the other.

    The batch may be missing.

    Raises ShapeError for other axes, or if no window fits.

    >>> unfold(np.arange(4.0).reshape(1, 1, 4), (1, 2))
    array([[0., 1., 2.],
           [1., 2., 3.]])
    """
    x = as_array(input)
    if x.ndim not in (3, 4):
        raise ShapeError(f"unfold takes inputs (N, C, H, W) or (C, H, W), but got shape {x.shape}.")
    *batch, c, h, w = x.shape
    (top, left), windows = windows_in((h, w), kernel_size, dilation, padding, stride)
    x = pad(x, (left, left, top, top))
    parts = np.stack([x[inner] for _, inner, _ in places_of(x.shape, windows)], axis=-3)
    return np.reshape(parts, (*batch, c * math.prod(windows.size), math.prod(windows.positions)))


def fold(input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """(N, C kH kW, L) as (N, C, *output_size): the columns of `unfold`, added up where their windows overlap.

    The batch may be missing.

    Raises ShapeError if the columns are not those of such windows.

    >>> fold(np.ones((2, 3)), (1, 4), (1, 2))
    array([[[1., 2., 2., 1.]]])
    """
    x = as_array(input)
    h, w = each_axis(output_size, 2, "output_size")
    (top, left), windows = windows_in((h, w), kernel_size, dilation, padding, stride)
    k = math.prod(windows.size)
    if x.ndim not in (2, 3) or x.shape[-2] % k or x.shape[-1] != math.prod(windows.positions):
        wanted = f"(N, C · {k}, {math.prod(windows.positions)})"
        raise ShapeError(f"fold into {(h, w)} takes inputs {wanted}, N optional, but got shape {x.shape}.")
    *batch, columns, _ = x.shape
    x = np.reshape(x, (*batch, columns // k, k, *windows.positions))
    shape = (*batch, columns // k, h + 2 * top, w + 2 * left)
    places = list(places_of(shape, windows))
    parts = [x[..., i, :, :] for i, _, _ in places]
    y = indexing.scatter_add(*parts, shape=shape, indexes=[inner for _, inner, _ in places])
    return pad(y, (-left, -left, -top, -top))
