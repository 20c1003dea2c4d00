"""`interpolate`: images and sequences in another size, along one axis after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError, UnsupportedError
from ..engine.shortcuts import all_finite
from ..engine.tensor import as_array
from ..primitives import pooling
from ..primitives.integers import floats
from ..primitives.pooling import Windows
from .adaptive_pools import adaptive_avg_pool
from .pools import each_axis

# How many axes are resized in each mode.
RANKS = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
NEAREST = ("nearest", "nearest-exact")
LONG = 256  # elements along an axis from which on most weights are zeros
SHARPNESS = -0.75  # a in Keys' kernel


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """(N, C, ...) with one to three more axes, which get another `size`, or ⌊n · `scale_factor`⌋ of n elements.

    `mode` is "nearest", "nearest-exact", "linear" (one axis), "bilinear" or "bicubic" (two), "trilinear" (three) or
    "area", the mean of what a new element covers. Position i of the result is (i + ½) / scale - ½ in the input; with
    `align_corners`, the first and the last elements stay where they are; with "nearest" it is ⌊i / scale⌋. The scale
    is `scale_factor`, or with `recompute_scale_factor` the ratio of the sizes. "bicubic" is the convolution of Keys,
    Cubic Convolution Interpolation for Digital Image Processing, 1981, with a = -0.75. Integers become float64, but in
    the nearest modes.

    Raises ShapeError for axes that the mode does not have; ArgumentError for an unknown mode, both or none of `size`
    and `scale_factor`, and an option that the mode does not have; UnsupportedError for `antialias`.

    >>> interpolate(np.array([[[0.0, 4.0]]]), scale_factor=2, mode="linear")
    array([[[0., 1., 3., 4.]]])
    """
    x = as_array(input)
    check_options(size, scale_factor, mode, align_corners, recompute_scale_factor)
    if antialias:
        raise UnsupportedError("interpolate has no antialias.", "mode='area' takes means where an image gets smaller.")
    check_shape(x.shape, mode)
    sizes, scales = sizes_of(x.shape[2:], size, scale_factor, recompute_scale_factor)
    if mode == "area":
        return adaptive_avg_pool(x.ndim - 2, x, sizes)
    x = x if mode in NEAREST else floats(x)
    for axis, (count, scale) in enumerate(zip(sizes, scales), 2):
        if mode in NEAREST:
            x = nearest(x, axis, count, scale, mode == "nearest-exact")
        else:
            x = mixed(x, axis, count, scale, bool(align_corners), mode == "bicubic")
    return x


def check_options(size: Any, scale_factor: Any, mode: Any, align_corners: Any, recompute_scale_factor: Any) -> None:
    if mode not in RANKS:
        raise ArgumentError(f"interpolate does not have mode={mode!r}.", f"Write one of {', '.join(RANKS)}.")
    if align_corners is not None and (mode in NEAREST or mode == "area"):
        raise ArgumentError(f"align_corners has no meaning with mode={mode!r}.", "Leave it out.")
    if (size is None) == (scale_factor is None):
        raise ArgumentError("interpolate takes either size or scale_factor.")
    if size is not None and recompute_scale_factor:
        raise ArgumentError("recompute_scale_factor has no meaning with size.", "Leave it out.")


def check_shape(shape: Any, mode: str) -> None:
    if len(shape) - 2 not in RANKS[mode]:
        axes = " or ".join(f"(N, C, {('L', 'H, W', 'D, H, W')[rank - 1]})" for rank in RANKS[mode])
        raise ShapeError(f"interpolate with mode={mode!r} takes {axes}, but got shape {tuple(shape)}.")
    if 0 in shape[2:]:
        raise ShapeError(f"interpolate needs at least one element along each resized axis, but got {tuple(shape)}.")


def sizes_of(old: Any, size: Any, scale_factor: Any, recompute: Any) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """The new sizes, and the scales along the axes: None for the ratio of the sizes."""
    rank = len(old)
    if size is not None:
        return each_axis(size, rank, "size"), (None,) * rank
    factors = tuple(scale_factor) if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * rank
    if len(factors) != rank or not all(0 < factor < math.inf for factor in factors):
        raise ArgumentError(f"scale_factor must be a positive number, or {rank}, but got {scale_factor!r}.")
    sizes = tuple(math.floor(n * factor) for n, factor in zip(old, factors))
    if min(sizes) < 1:
        raise ShapeError(f"Nothing would be left of {tuple(old)} with scale_factor={scale_factor!r}.")
    return sizes, (None,) * rank if recompute else factors


def nearest(x: Any, axis: int, count: int, scale: Any, exact: bool) -> Any:
    n = x.shape[axis]
    # Images of the same or twice the size are repeated whatever the scale, as in PyTorch.
    if count % n == 0 and (scale in (None, count // n) or (x.ndim == 4 and count <= 2 * n and not exact)):
        return repeated(x, axis, count // n)
    # In single precision, as PyTorch for images: next to whole numbers, rounding decides.
    step = np.float32(1 / scale if scale else n / count)
    places = np.floor((np.arange(count, dtype=np.float32) + np.float32(0.5 * exact)) * step)
    return np.take(x, np.minimum(places.astype(np.intp), n - 1), axis=axis)


def repeated(x: Any, axis: int, factor: int) -> Any:
    """Each element `factor` times: the transpose of sums over windows that stand side by side."""
    later = x.ndim - axis - 1
    size, zeros = (factor, *(1,) * later), (0,) * (later + 1)
    windows = Windows(size, size, zeros, (1,) * (later + 1), x.shape[axis:])
    return pooling.add_windows(
        x, shape=(*x.shape[:axis], x.shape[axis] * factor, *x.shape[axis + 1 :]), windows=windows
    )


def mixed(x: Any, axis: int, count: int, scale: Any, align_corners: bool, cubic: bool) -> Any:
    """Each new element is a sum of its neighbours along the axis, times weights that depend on its place.

    Of short axes this is faster as a matrix product, where no infinity meets a weight of 0.
    """
    n, total = x.shape[axis], None
    if count == n and not cubic:
        return x  # whatever the scale, as PyTorch
    i = np.arange(count)
    if align_corners:
        position = i * ((n - 1) / (count - 1)) if count > 1 else np.zeros(count)
    else:
        position = (i + 0.5) * (1 / scale if scale else n / count) - 0.5
    parts = list(neighbours(position, n, cubic))
    if n <= LONG and all_finite(x):
        matrix = np.zeros((count, n), x.dtype)
        for places, weights in parts:
            matrix[i, places] += weights
        return np.swapaxes(np.swapaxes(x, axis, -1) @ matrix.T, axis, -1)
    for places, weights in parts:
        column = weights.astype(x.dtype).reshape(-1, *(1,) * (x.ndim - axis - 1))
        part = np.take(x, places, axis=axis) * column
        total = part if total is None else total + part
    return total


def neighbours(position: Any, n: int, cubic: bool) -> Iterator[tuple[Any, Any]]:
    """(indices, weights) of the two or four elements next to each position; beyond the border stands the last."""
    if not cubic:
        position = np.maximum(position, 0)
    first = np.floor(position).astype(np.intp)
    for shift in (-1, 0, 1, 2) if cubic else (0, 1):
        distance = np.abs(position - (first + shift))
        yield np.clip(first + shift, 0, n - 1), keys(distance) if cubic else 1 - distance


def keys(d: Any) -> Any:
    """The weight of an element at a distance d, at most 2."""
    a = SHARPNESS
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = a * (((d - 5) * d + 8) * d - 4)
    return np.where(d <= 1, near, far)
