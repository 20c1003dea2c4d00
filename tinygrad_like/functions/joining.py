"""Arrays joined, split, repeated; values inserted and deleted."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..engine import blocks
from ..engine.complex_numbers import check_stays_complex, check_takes
from ..engine.errors import ArgumentError, ShapeError, UnsupportedError
from ..engine.registry import implements
from ..engine.shortcuts import fixed
from ..engine.tensor import as_array, values_of
from ..primitives import movement
from .creating import stacked, with_axes
from .shaping import along, at_least, axes_of

# -- joined -------------------------------------------------------------------------------------------------


def check_joined(parts: Any, dtype: Any) -> None:
    """Raise DTypeError if complex numbers would be joined in a dtype of real ones."""
    if dtype is not None and any(each.dtype.kind == "c" for each in parts if hasattr(each, "dtype")):
        check_stays_complex(np.dtype(dtype))


@implements(np.concatenate)
def concatenate(arrays: Any, axis: int | None = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """`np.concatenate`: the arrays joined along an axis they have."""
    parts = [stacked(each) for each in arrays]
    check_joined(parts, dtype)
    return movement.concatenate_(*parts, axis=axis, dtype=dtype, casting=casting)


@implements(np.stack)
def stack(arrays: Any, axis: int = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """`np.stack`: the arrays joined along a new axis."""
    parts = [stacked(each) for each in arrays]
    check_joined(parts, dtype)
    return movement.stack_(*parts, axis=axis, dtype=dtype, casting=casting)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """`np.hstack`: joined along the second axis; sequences along the first."""
    arrays = [with_axes(stacked(each), 1) for each in tup]
    return concatenate(arrays, 0 if arrays[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@implements(np.vstack)
@blocks.block()
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """`np.vstack`: joined along the first axis; sequences are rows."""
    return concatenate([with_axes(stacked(each), 2) for each in tup], dtype=dtype, casting=casting)


@implements(np.dstack)
@blocks.block()
def dstack(tup: Any) -> Any:
    """`np.dstack`: joined along the third axis."""
    return concatenate([np.atleast_3d(stacked(each)) for each in tup], 2)


@implements(np.column_stack)
@blocks.block()
def column_stack(tup: Any) -> Any:
    """`np.column_stack`: joined along the second axis; sequences are columns."""
    arrays = [stacked(each) for each in tup]
    return concatenate([each if each.ndim > 1 else np.reshape(each, (-1, 1)) for each in arrays], 1)


@implements(np.block)
def block(arrays: Any) -> Any:
    """`np.block`: a matrix of matrices; the innermost lists are joined along the last axis."""
    depth = depth_of(arrays)
    if depth == 0:
        return np.copy(arrays)
    ndim = max(depth, most_axes(arrays))
    return joined(arrays, depth, ndim)


def depth_of(arrays: Any) -> int:
    """How deep the lists are nested; the same everywhere."""
    if isinstance(arrays, tuple):
        raise UnsupportedError("np.block takes nested lists, but got a tuple.", "Write list(parts).")
    if not isinstance(arrays, list):
        return 0
    depths = {depth_of(each) for each in arrays}
    if len(depths) != 1:
        raise ArgumentError("np.block takes lists that are equally deep and not empty.", "Write [[a, b], [c, d]].")
    return depths.pop() + 1


def most_axes(arrays: Any) -> int:
    return max(map(most_axes, arrays)) if isinstance(arrays, list) else int(np.ndim(arrays))


def joined(arrays: Any, depth: int, ndim: int) -> Any:
    if depth == 0:
        return with_axes(as_array(arrays), ndim)
    return concatenate([joined(each, depth - 1, ndim) for each in arrays], -depth)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """`np.append`: values behind those of an array."""
    return concatenate((arr, values), axis)


# -- inserted and deleted -----------------------------------------------------------------------------------


def flat_or_along(x: Any, axis: int | None) -> tuple[Any, int]:
    """The values in a row, if there is no axis."""
    x = stacked(x)
    return (np.ravel(x), 0) if axis is None else (x, axes_of(axis, x.ndim)[0])


def places_of(obj: Any, size: int) -> Any:
    """A number, a sequence, a mask or a slice as the numbers of places."""
    if isinstance(obj, slice):
        return np.arange(size)[obj]
    places = np.array(fixed(obj, "np.insert", "Give the places as plain numbers, or write np.concatenate."))
    if places.ndim > 1:
        raise ShapeError(f"Places to insert at stand in one sequence, but got the shape {places.shape}.")
    return np.flatnonzero(places) if places.dtype == bool else places if places.size else places.astype(int)


@implements(np.insert)
@blocks.block()
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """`np.insert`: values in front of those that stand at these places."""
    arr, axis = flat_or_along(arr, axis)
    size = arr.shape[axis]
    values, places = stacked(values), places_of(obj, size)
    check_takes(arr.dtype, values)
    values = values.astype(arr.dtype)
    count = places.size
    if count == 1:
        values = with_axes(values, arr.ndim)
        values = np.moveaxis(values, 0, axis) if places.ndim == 0 else values
        count, places = values.shape[axis], places.item()
    values = np.broadcast_to(values, (*arr.shape[:axis], count, *arr.shape[axis + 1 :]))
    order = np.insert(np.arange(size), places, np.arange(size, size + count))
    return along(concatenate((arr, values), axis), axis, order)


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """`np.delete`: without those at these places."""
    arr, axis = flat_or_along(arr, axis)
    kept = np.zeros(arr.shape[axis], bool)
    if not isinstance(obj, slice):
        obj = fixed(obj, "np.delete", "Give the places as plain numbers, or write np.where.")
    kept[np.delete(np.arange(arr.shape[axis]), obj)] = True
    return along(arr, axis, kept)


# -- repeated -----------------------------------------------------------------------------------------------


@implements(np.repeat)
@blocks.block()
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """`np.repeat`: each value several times."""
    a, axis = flat_or_along(a, axis)
    repeats, size = fixed(repeats, "np.repeat", "Give the numbers of repeats as plain numbers."), a.shape[axis]
    if np.size(repeats) != 1:
        return along(a, axis, np.repeat(np.arange(size), repeats))
    count = int(np.reshape(repeats, ()))
    if count == 1:
        return np.copy(a)
    before, after = a.shape[: axis + 1], a.shape[axis + 1 :]
    many = np.broadcast_to(np.expand_dims(a, axis + 1), (*before, count, *after))
    return own_memory(np.reshape(many, (*before[:-1], size * count, *after)))


@implements(np.tile)
@blocks.block()
def tile(A: Any, reps: Any) -> Any:
    """`np.tile`: the array several times along each axis."""
    reps = tuple(reps) if np.iterable(reps) else (reps,)
    A = with_axes(as_array(A), len(reps))
    reps = (1,) * (A.ndim - len(reps)) + reps
    if all(count == 1 for count in reps):
        return np.copy(A)
    many = np.reshape(A, [n for size in A.shape for n in (1, size)])
    many = np.broadcast_to(many, [n for pair in zip(reps, A.shape) for n in pair])
    return own_memory(np.reshape(many, [count * size for count, size in zip(reps, A.shape)]))


def own_memory(repeated: Any) -> Any:
    """What NumPy repeats can be written to. Here the reshape was a copy, unless there was one value along an axis."""
    return repeated if values_of(repeated).flags.writeable else np.copy(repeated)


# -- split --------------------------------------------------------------------------------------------------


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`np.array_split`: parts along an axis, as equal as can be, or with these bounds."""
    (axis,) = axes_of(axis, ary.ndim)
    size, given = ary.shape[axis], values_of(indices_or_sections)
    if np.ndim(given):
        bounds = [0, *given, size]
    elif given <= 0:
        raise ArgumentError(f"An array cannot be split into {given} parts.", "Write 1 or more.")
    else:
        each, more = divmod(size, int(given))
        bounds = [i * each + min(i, more) for i in range(int(given) + 1)]
    return [along(ary, axis, slice(start, stop)) for start, stop in itertools.pairwise(bounds)]


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`np.split`: equal parts along an axis, or parts with these bounds."""
    sections, size = values_of(indices_or_sections), ary.shape[axis]
    if not np.ndim(sections) and size % sections:
        raise ShapeError(f"{size} values cannot be split into {sections} equal parts.", "Write np.array_split.")
    return array_split(ary, sections, axis)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`np.hsplit`: parts along the second axis; of a sequence along the first."""
    at_least(ary, 1)
    return split(ary, indices_or_sections, min(ary.ndim, 2) - 1)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`np.vsplit`: parts along the first axis."""
    at_least(ary, 2)
    return split(ary, indices_or_sections, 0)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`np.dsplit`: parts along the third axis."""
    at_least(ary, 3)
    return split(ary, indices_or_sections, 2)


@implements(*filter(None, [getattr(np, "unstack", None)]))  # new in NumPy 2.1
def unstack(x: Any, *, axis: int = 0) -> tuple[Any, ...]:
    """`np.unstack`: the slices along an axis."""
    at_least(x, 1)
    (axis,) = axes_of(axis, x.ndim)
    return tuple(along(x, axis, i) for i in range(x.shape[axis]))
