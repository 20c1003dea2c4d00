"""Composites that slide or map over arrays: convolve, correlate, apply_along_axis, apply_over_axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.complex_numbers import conjugated
from ..engine.errors import ArgumentError, ShapeError, UnsupportedError
from ..engine.registry import NUMPY, implements
from ..engine.tensor import Tensor, as_array
from ..primitives import contraction

MODES = {0: "valid", 1: "same", 2: "full"}  # NumPy takes these numbers, too


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    """`np.convolve` of two vectors: the sums of a[i] v[k - i]."""
    a, v = (np.reshape(x, 1) if x.ndim == 0 else x for x in (as_array(a), as_array(v)))
    return slid(a, v, mode, (min(a.size, v.size) - 1) // 2)


@implements(np.correlate)
@block()
def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    """`np.correlate` of two vectors: the sums of a[k + i] conj(v[i]), a convolution with v reversed."""
    a, v = as_array(a), as_array(v)
    if v.ndim != 1:
        raise UnsupportedError("correlate is differentiable for vectors.")
    return slid(a, conjugated(v[::-1]), mode, a.size // 2 if a.size < v.size else (v.size - 1) // 2)


def slid(a: Any, v: Any, mode: Any, start: int) -> Any:
    """The convolution; in the mode "same", as long as the longer vector, from `start` on."""
    dtype = np.result_type(a.dtype, v.dtype)
    if dtype.kind == "c":
        a, v = (each.astype(dtype, copy=False) for each in (a, v))
    name = MODES.get(mode, mode)
    if name not in MODES.values():
        raise ArgumentError(f"mode must be one of 'valid', 'same', or 'full', but got {mode!r}.")
    if name == "same":
        return contraction.convolve(a, v, mode="full")[start : start + max(a.size, v.size)]
    return contraction.convolve(a, v, mode=name)


def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """`np.apply_along_axis`: a function of vectors, called with each vector along an axis."""
    lines = np.moveaxis(as_array(arr), axis, -1)
    outside = lines.shape[:-1]
    if 0 in outside:
        raise ShapeError(f"apply_along_axis of shape {np.shape(arr)} has no vector along axis {axis}.")
    results = [func1d(lines[i], *args, **kwargs) for i in np.ndindex(outside)]
    inside = np.shape(results[0])
    stacked: Any = np.stack(results)
    if not isinstance(stacked, Tensor):  # the function gave plain numbers
        stacked = Tensor(stacked)
    whole = np.reshape(stacked, outside + inside)
    # The axes of what the function gave stand where the vector was.
    places = range(axis % lines.ndim, axis % lines.ndim + len(inside))
    return np.moveaxis(whole, tuple(range(len(outside), whole.ndim)), tuple(places))


NUMPY[np.apply_along_axis] = apply_along_axis  # not by `implements`: it takes any keyword


@implements(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """`np.apply_over_axes`: func(a, axis) for one axis after the other; a reduced axis stays, of length 1."""
    result = as_array(a)
    for axis in axes if np.iterable(axes) else (axes,):
        axis, ndim = axis % result.ndim, result.ndim
        result = func(result, axis)
        if np.ndim(result) == ndim - 1:
            result = np.expand_dims(result, axis)
        if np.ndim(result) != ndim:
            raise ShapeError("apply_over_axes takes a function that keeps all axes, or drops the one that it is given.")
    return result
