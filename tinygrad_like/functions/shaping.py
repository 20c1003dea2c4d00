"""The same values in another shape or order, and parts of them: diagonals, triangles, windows."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError, UnsupportedError
from ..engine.operators import Axis
from ..engine.registry import implements
from ..engine.shortcuts import refuse
from ..engine.tensor import as_array, values_of
from ..primitives import indexing, movement, shifting
from .creating import alike, stacked, with_axes


def axes_of(axis: Any, ndim: int, repeated: bool = False) -> tuple[int, ...]:
    """An axis, several or None (all of them), counted from the left."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(np.lib.array_utils.normalize_axis_tuple(axis, ndim, allow_duplicate=repeated))


def along(x: Any, axis: int, index: Any) -> Any:
    """`x[index]`, counted along an axis."""
    return x[(slice(None),) * (axis % x.ndim) + (index,)]


def at_least(x: Any, ndim: int) -> None:
    if x.ndim < ndim:
        raise ShapeError(f"This needs {ndim} axes at least, but the shape is {x.shape}.", "Write x[None] to add one.")


# -- shape --------------------------------------------------------------------------------------------------


@implements(np.reshape)
def reshape(a: Any, shape: Any, order: Any = "C", *, copy: bool | None = None) -> Any:
    """`np.reshape`: the same values in another shape."""
    if order == "A":
        order = "F" if values_of(a).flags.fnc else "C"
    if copy is False:
        np.reshape(values_of(a), shape, order, copy=False)  # an error, if the values would have to be copied
    result = movement.reshape(a, shape) if order == "C" else movement.reshape(a, shape, order)
    return np.copy(result) if copy else result


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """`np.ravel`: the values in one dimension."""
    if order == "K":
        if a.size and any(not stride and size > 1 for stride, size in zip(a.strides, a.shape)):
            raise UnsupportedError("What is broadcast has no order in memory.", "Write order='C'.")
        a, order = np.transpose(a, sorted(range(a.ndim), key=lambda axis: -abs(a.strides[axis]))), "C"
    return reshape(a, -1, order)


@implements(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """`np.resize`: the values in a row, as often as they fit into the shape; of no values, 0."""
    a = np.ravel(stacked(a))
    places = np.resize(np.arange(a.size), new_shape)
    return a[places] if a.size else np.zeros_like(a, shape=places.shape)


@implements(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    """`np.atleast_1d`: numbers as sequences of one."""
    return each_of(arys, lambda x: with_axes(x, 1))


@implements(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    """`np.atleast_2d`: sequences as rows."""
    return each_of(arys, lambda x: with_axes(x, 2))


@implements(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    """`np.atleast_3d`: sequences along the second axis, matrices along the first two."""
    return each_of(arys, lambda x: with_axes(x, 2)[..., None] if x.ndim < 3 else x)


def each_of(arrays: Any, function: Any) -> Any:
    results = alike(function(stacked(each)) for each in arrays)
    return results[0] if len(results) == 1 else results


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """`np.broadcast_arrays`: all of them in the shape that they broadcast to together."""
    shape = np.broadcast_shapes(*map(np.shape, args))
    return alike(x if x.shape == shape else np.broadcast_to(x, shape) for x in map(as_array, args))


# -- order of axes and of values ----------------------------------------------------------------------------


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """`np.rollaxis`: an axis in front of the one that is `start`."""
    (axis,) = axes_of(axis, a.ndim)
    before = start + a.ndim if start < 0 else start
    if not 0 <= before <= a.ndim:
        raise np.exceptions.AxisError(f"rollaxis got start={start} for {a.ndim} axes")
    return np.moveaxis(a, axis, before - 1 if axis < before else before)


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """`np.matrix_transpose`: the last two axes exchanged."""
    at_least(x, 2)
    return np.swapaxes(x, -1, -2)


@implements(np.flip)
def flip(m: Any, axis: Axis = None) -> Any:
    """`np.flip`: the values in the opposite order along axes, all by default."""
    axes = axes_of(axis, m.ndim)
    return m[tuple(slice(None, None, -1 if i in axes else None) for i in range(m.ndim))]


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    """`np.fliplr`: the columns in the opposite order."""
    at_least(m, 2)
    return m[:, ::-1]


@implements(np.flipud)
def flipud(m: Any) -> Any:
    """`np.flipud`: the rows in the opposite order."""
    at_least(m, 1)
    return m[::-1]


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """`np.rot90`: k quarter turns, from the first towards the second axis."""
    first, second = axes_of(tuple(axes), m.ndim)
    if k % 4 in (0, 2):
        return m[:] if k % 4 == 0 else np.flip(m, (first, second))
    turned = np.swapaxes(m, first, second)
    return np.flip(turned, first if k % 4 == 1 else second)


# -- parts --------------------------------------------------------------------------------------------------


@implements(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Axis = None, *, subok: Any = False, writeable: Any = False
) -> Any:
    """`np.lib.stride_tricks.sliding_window_view`: the windows of a shape, at every place; their axes stand last."""
    if writeable:
        raise UnsupportedError("Windows of a recorded Tensor cannot be written to.", "Leave writeable=False.")
    window = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    return shifting.sliding_windows(x, window, axes_of(axis, x.ndim, repeated=True))


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """`np.diagonal`: the values at i, i + offset of two axes, along a new last one."""
    at_least(a, 2)
    a = np.moveaxis(a, (axis1, axis2), (-2, -1))
    return indexing.diagonal(a, offset=operator.index(offset))


@implements(np.linalg.diagonal)
def diagonal_of_matrices(x: Any, *, offset: int = 0) -> Any:
    """`np.linalg.diagonal`: the diagonals of the last two axes."""
    return diagonal(x, offset, -2, -1)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """`np.diag`: a matrix with these values at i, i + k and 0 elsewhere; of a matrix, its values there."""
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ShapeError(f"diag takes 1 or 2 axes, but got the shape {v.shape}.", "Write np.diagonal or np.diagflat.")
    size = v.shape[0] + abs(k)
    row = np.pad(v, (max(k, 0), max(-k, 0)))
    return np.where(np.eye(size, k=k, dtype=bool), row, np.zeros((), v.dtype))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """`np.diagflat`: a matrix with all values, in a row, on its diagonal."""
    return diag(np.ravel(v), k)


def lower_triangle(m: Any, k: int) -> Any:
    """The truths that are true at and below a diagonal."""
    return np.tri(m.shape[-2:][0], m.shape[-1], k, bool)


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """`np.tril`: 0 above the diagonal."""
    at_least(m, 1)
    return np.where(lower_triangle(m, k), m, np.zeros((), m.dtype))


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """`np.triu`: 0 below the diagonal."""
    at_least(m, 1)
    return np.where(lower_triangle(m, k - 1), np.zeros((), m.dtype), m)


@implements(np.tril_indices_from)
def tril_indices_from(arr: Any, k: int = 0) -> Any:
    """`np.tril_indices_from`: the rows and columns at and below a diagonal."""
    return np.tril_indices(arr.shape[-2], k, arr.shape[-1])


@implements(np.triu_indices_from)
def triu_indices_from(arr: Any, k: int = 0) -> Any:
    """`np.triu_indices_from`: the rows and columns at and above a diagonal."""
    return np.triu_indices(arr.shape[-2], k, arr.shape[-1])


@implements(np.diag_indices_from)
def diag_indices_from(arr: Any) -> Any:
    """`np.diag_indices_from`: the places on the main diagonal; all axes are equally long."""
    at_least(arr, 2)
    if len(set(arr.shape)) != 1:
        raise ShapeError(f"The diagonal of all axes needs equal lengths, but the shape is {arr.shape}.")
    return np.diag_indices(arr.shape[0], arr.ndim)


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Axis = None) -> Any:
    """`np.trim_zeros`: without the zeros at the front and at the back; the values decide which these are."""
    refuse("np.trim_zeros", "Write slices.")
    sides = trim.lower()
    if sides not in ("f", "b", "fb", "bf"):
        raise ArgumentError(f"trim_zeros got trim={trim!r}.", "Write 'f', 'b' or 'fb'.")
    axes, places = axes_of(axis, filt.ndim), np.argwhere(filt)
    index = [slice(None)] * filt.ndim
    for i in axes:
        first, last = (places[:, i].min(), places[:, i].max()) if len(places) else (0, -1)
        front, back = "f" in sides or not len(places), "b" in sides or not len(places)
        index[i] = slice(int(first) if front else None, int(last) + 1 if back else None)
    return filt[tuple(index)]
